//! A minidump of a stranger: scrubbed, and worked out without any symbols.
#![no_main]

use std::time::{Duration, Instant};

use afterword_symbols::{Limits, Sources, process};
use libfuzzer_sys::fuzz_target;

/// The reporter's scrubber alone: the whole reporter would bring a window into the fuzzer.
#[path = "../../crates/afterword-reporter/src/scrub/mod.rs"]
#[expect(dead_code, reason = "what it says in words is for people")]
mod scrub;

/// What the scrubber knows of the reporter: whose name to mask.
mod masked {
    use afterword_channel::Homes;

    pub(crate) fn homes() -> Homes {
        Homes::from_paths(["/home/user".into(), "/root".into()])
    }
}

/// And how to fail.
#[derive(Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "that it fails is enough here")]
enum Error {
    Scrub { why: String },
}

fuzz_target!(|dump: &[u8]| {
    let mut limits = Limits::default();
    limits.time = Duration::from_secs(2);
    let start = Instant::now();
    drop(process(dump, &Sources::default(), &limits));
    for full_stacks in [false, true] {
        if let Ok(scrubbed) = scrub::scrub(dump.to_vec(), full_stacks) {
            assert_eq!(scrubbed.bytes.len(), dump.len());
            drop(process(&scrubbed.bytes, &Sources::default(), &limits));
        }
    }
    // Three walks of two seconds at the most; what else there is must be small beside them.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
});
