//! The rules, one by one.

use std::path::Path;

use afterword_channel::{CrashRules, DropRule};
use afterword_store::{AppId, Category, LossReason, ReportFile, ReportId, Store};
use afterword_symbols::{Frame, ProcessedCrash, Thread};

use super::{drop_report, drops_crash};
use crate::assemble::info_for_tests;

fn crash() -> ProcessedCrash {
    let thread = |modules: &[&str]| Thread {
        frames: modules
            .iter()
            .map(|module| Frame {
                module: Some((*module).to_owned()),
                ..Frame::default()
            })
            .collect(),
        ..Thread::default()
    };
    ProcessedCrash {
        signature: "paint::fill | paint::stroke".to_owned(),
        crashing_thread: Some(1),
        threads: vec![thread(&["libidle.so"]), thread(&["libGL.so.1", "paint"])],
        ..ProcessedCrash::default()
    }
}

fn drops(signature: Option<&str>, module: Option<&str>) -> bool {
    let rules = CrashRules {
        drop: vec![
            DropRule {
                signature: Some("never::seen".to_owned()),
                module: None,
            },
            DropRule {
                signature: signature.map(str::to_owned),
                module: module.map(str::to_owned),
            },
        ],
        redact: Vec::new(),
    };
    drops_crash(&rules, &crash())
}

#[test]
fn a_rule_holds_when_all_that_it_says_does() {
    assert!(drops(Some("paint::fill*"), None));
    assert!(drops(None, Some("libgl*")), "of any frame of the crashed thread");
    assert!(drops(None, Some("PAINT")));
    assert!(drops(Some("*stroke"), Some("libGL.so.*")));
    assert!(!drops(Some("*stroke"), Some("libidle.so")), "another thread's");
    assert!(!drops(Some("*erase*"), Some("paint")));
    assert!(!drops(Some("paint::fill"), None), "the whole signature");
    assert!(!drops(None, None), "nothing said");
    assert!(!drops(Some(""), Some("")));
    assert!(!drops(Some(""), Some("paint")), "an empty pattern holds for nothing");
    assert!(!drops(Some(&"*".repeat(4097)), None));
}

fn everything() -> CrashRules {
    CrashRules {
        drop: vec![DropRule {
            signature: Some("*".to_owned()),
            module: None,
        }],
        redact: Vec::new(),
    }
}

/// A report in a store; with a stack, if it was worked out before.
fn stored(root: &Path, stack: Option<&ProcessedCrash>) -> (Store, ReportId) {
    let store = Store::open(root, &AppId::new("demo").unwrap()).unwrap();
    let info = info_for_tests();
    let new = store.begin_report(info.report_id).unwrap();
    new.write(ReportFile::Minidump, b"MDMP, and nothing that is one")
        .unwrap();
    let report = new.commit(&info).unwrap();
    if let Some(stack) = stack {
        report.put(ReportFile::Event, b"{}").unwrap();
        report
            .put(ReportFile::Stack, &serde_json::to_vec(stack).unwrap())
            .unwrap();
    }
    (store, info.report_id)
}

#[test]
fn a_report_whose_stack_cannot_be_worked_out_is_not_dropped() {
    let root = tempfile::tempdir().unwrap();
    let (store, id) = stored(root.path(), None);
    assert!(!drop_report(&store, id, &everything()));
    assert!(store.report(id).is_ok());
    assert_eq!(store.losses().unwrap(), []);
}

#[test]
fn a_dropped_report_is_deleted_and_counted_once() {
    let root = tempfile::tempdir().unwrap();
    let (store, id) = stored(root.path(), Some(&crash()));
    assert!(!drop_report(&store, id, &CrashRules::default()), "without rules");
    assert!(drop_report(&store, id, &everything()));
    assert!(store.report(id).is_err());
    assert!(!drop_report(&store, id, &everything()), "another process was quicker");
    let counted = store.losses().unwrap();
    assert_eq!(counted.len(), 1);
    assert_eq!(
        (counted[0].reason, counted[0].category, counted[0].quantity),
        (LossReason::BeforeSend, Category::Error, 1)
    );
}
