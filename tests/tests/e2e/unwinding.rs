//! Scrubbing costs no frame: for every kind of crash, the scrubbed dump unwinds as the whole one does.

use std::process::Command;

use afterword_store::{ReportFile, ReportKind};
use afterword_symbols::ProcessedCrash;

use crate::process::{Scene, quiet};

/// Kinds that leave no report of their own, or none whose stack is the same twice.
const NOT_COMPARED: &[(&str, &str)] = &[
    ("message", "an error has no minidump"),
    ("clean-exit", "no crash"),
    ("exit", "no crash"),
    ("wait", "no crash"),
    ("hang", "no crash"),
    ("terminated", "no crash"),
    ("forked-child", "no crash"),
    ("forked-child-then-null-write", "null-write, behind a child"),
    ("null-write-once", "null-write"),
    ("foreign-scope", "null-write, after a while"),
    ("panic-thread", "survived"),
    ("panic-caught", "survived"),
    ("panic-caught-then-null-write", "two reports"),
    ("hang-again-and-again", "several reports"),
    ("hang-and-crash", "two reports"),
    ("watched", "does what it is told"),
    ("panic-and-crash", "where the main thread is by then is chance"),
    ("canaries-when-told", "canaries"),
    ("signal-from-outside", "where it is by then is chance"),
    ("updated", "its symbols are gone"),
    ("low-memory", "where memory ends is chance"),
];

/// What the crasher can do, as it says itself: what is added there is compared here.
fn kinds() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_crasher")).arg("-h").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let values = help
        .split("[possible values: ")
        .nth(1)
        .unwrap()
        .split(']')
        .next()
        .unwrap();
    values
        .split(',')
        .map(|kind| kind.trim().to_owned())
        .filter(|kind| !NOT_COMPARED.iter().any(|(not, _)| not == kind))
        .collect()
}

/// The frames of the thread that crashed: function or place in the module, module, and how it was found.
fn frames(kind: &str, full_stacks: bool) -> Vec<String> {
    let scene = Scene::new();
    let mut crasher = scene.crasher(kind);
    crasher.env("CRASHER_CANARY", "q7Zx");
    if full_stacks {
        crasher.arg("--full-stacks");
    }
    scene.run(quiet(&mut crasher));
    // A panic on the way is an error, which has no minidump.
    let mut reports = scene.store().reports().unwrap();
    reports.retain(|report| report.info().unwrap().kind != ReportKind::Error);
    assert_eq!(reports.len(), 1, "{kind}");
    let report = reports.remove(0);
    let whole = report
        .info()
        .unwrap()
        .removed
        .iter()
        .any(|words| words.contains("keeps them whole"));
    assert_eq!(whole, full_stacks, "{kind}");
    let stack: ProcessedCrash = serde_json::from_slice(&report.read(ReportFile::Stack).unwrap().unwrap()).unwrap();
    stack
        .crashed_thread()
        .unwrap()
        .frames
        .iter()
        .map(|frame| {
            let offset = frame.module_offset.map(|offset| format!("+{:#x}", offset.0));
            let function = frame.function.clone().or(offset).unwrap_or_default();
            format!(
                "{function} in {} by {}",
                frame.module.as_deref().unwrap_or_default(),
                frame.trust
            )
        })
        .collect()
}

/// Which of the two functions of the recursion meets the end of the stack is chance, the stack's beginning being
/// random: the frames from the recursion on, each found from the one before it.
fn overflowed(frames: Vec<String>) -> Vec<String> {
    let calls = frames
        .iter()
        .position(|frame| frame.starts_with("crasher::memory::dig"));
    let calls = calls.unwrap_or_else(|| panic!("no recursion in {frames:?}"));
    assert!(calls <= 1, "{frames:?}");
    // The innermost is found by the context, the others by its rules.
    let innermost = |frame: String| frame.replace(" by context", " by cfi");
    frames.into_iter().skip(calls).map(innermost).collect()
}

/// One test for all would take longer than a test may.
const SHARES: usize = 8;

fn compare_share(share: usize) {
    let kinds = kinds();
    assert!(kinds.len() > SHARES, "{kinds:?}");
    for kind in kinds.iter().skip(share).step_by(SHARES) {
        // Both at once: most of the time goes into working out the stacks.
        let (scrubbed, whole) = std::thread::scope(|scope| {
            let whole = scope.spawn(|| frames(kind, true));
            (frames(kind, false), whole.join().unwrap())
        });
        assert!(!scrubbed.is_empty(), "{kind}");
        if kind.starts_with("stack-overflow") {
            let (scrubbed, whole) = (overflowed(scrubbed), overflowed(whole));
            assert!(scrubbed.len().abs_diff(whole.len()) <= 1, "{kind}");
            let both = scrubbed.len().min(whole.len());
            assert!(both > 1, "{kind}: {scrubbed:?}");
            assert_eq!(scrubbed[..both], whole[..both], "{kind}");
        } else {
            assert_eq!(scrubbed, whole, "{kind}");
        }
    }
}

/// A test for each share of the kinds.
macro_rules! shares {
    ($($name:ident: $share:literal),*) => {
        $(
            #[test]
            fn $name() {
                compare_share($share);
            }
        )*

        #[test]
        fn each_share_is_compared() {
            assert_eq!([$($share),*], std::array::from_fn::<usize, SHARES, _>(|share| share));
        }
    };
}

mod every_kind_of_crash_unwinds_to_the_same_frames_as_without_scrubbing {
    use super::*;

    shares!(
        share_1: 0, share_2: 1, share_3: 2, share_4: 3, share_5: 4, share_6: 5, share_7: 6, share_8: 7
    );
}
