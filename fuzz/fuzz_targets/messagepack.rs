//! What a crashed program left beside its dump, as the collector reads it: one value, or several.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/afterword-collector/src/ingest/minidump/messagepack.rs"]
mod messagepack;

fuzz_target!(|bytes: &[u8]| {
    let several = messagepack::several(bytes);
    if let Some(one) = messagepack::one(bytes) {
        assert_eq!(several, [one]);
    }
    for value in several {
        let written = value.to_string();
        let _: serde_json::Value = serde_json::from_str(&written).expect("what is read is JSON");
    }
});
