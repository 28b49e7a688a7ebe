//! Several threads and processes at once. Locks are by open file, so that threads exclude one another as processes do;
//! one test starts this very program again to be sure.

use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use afterword_store::{AppId, Decision, Error, Settled, State, Store};

use crate::{Fixture, answer};

#[test]
fn of_many_that_settle_at_once_all_agree() {
    let fixture = Fixture::new();
    for decision in [Decision::Send, Decision::DontSend] {
        let id = fixture.report().id();
        fixture.store.put_answer(id, &answer(decision)).unwrap();
        let start = Barrier::new(8);
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        fixture.store.settle(id)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        match decision {
            Decision::Send => {
                assert!(
                    results.iter().all(|result| matches!(result, Ok(Settled::Sending(_)))),
                    "{results:?}"
                );
                assert_eq!(fixture.store.report(id).unwrap().state(), State::Sending);
            }
            Decision::DontSend => {
                let deleted = results
                    .iter()
                    .filter(|result| matches!(result, Ok(Settled::Deleted(_))))
                    .count();
                let gone = results
                    .iter()
                    .filter(|result| matches!(result, Err(Error::NoSuchReport { .. })))
                    .count();
                assert_eq!((deleted, gone), (1, 7), "{results:?}");
            }
        }
    }
}

#[test]
fn one_sends_at_a_time() {
    let fixture = Fixture::new();
    let lock = fixture.store.try_lock_sender().unwrap().unwrap();
    assert!(fixture.store.try_lock_sender().unwrap().is_none());
    assert!(!in_another_process(&fixture, "other_process_takes_the_senders_lock"));
    drop(lock);
    assert!(fixture.store.try_lock_sender().unwrap().is_some());
    assert!(in_another_process(&fixture, "other_process_takes_the_senders_lock"));
}

#[test]
fn a_process_that_was_stopped_holding_the_lock_keeps_nobody_for_ever() {
    let fixture = Fixture::new();
    let report = fixture.report();
    let file = std::fs::File::options()
        .write(true)
        .open(fixture.root().join("demo/lock"))
        .unwrap();
    file.lock().unwrap();
    assert!(matches!(fixture.store.settle(report.id()), Err(Error::Busy { .. })));
    // A crash is captured all the same.
    let id = afterword_store::ReportId::random();
    let new = fixture.store.begin_report(id).unwrap();
    new.commit(&crate::info(id, afterword_store::ConsentPolicy::Ask, crate::NOON))
        .unwrap();
    drop(file);
    assert_eq!(fixture.store.settle(report.id()).unwrap(), Settled::Unanswered);
}

#[test]
fn two_processes_settle_the_same_reports() {
    let fixture = Fixture::new();
    let ids: Vec<_> = (0..20).map(|_| fixture.report().id()).collect();
    for id in &ids {
        fixture.store.put_answer(*id, &answer(Decision::Send)).unwrap();
    }
    let mut others: Vec<_> = (0..2).map(|_| start(&fixture, "other_process_settles_all")).collect();
    for other in &mut others {
        assert!(other.wait().unwrap().success());
    }
    for id in ids {
        assert_eq!(fixture.store.report(id).unwrap().state(), State::Sending);
    }
}

#[test]
fn a_report_that_moves_to_and_fro_is_never_gone() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    let done = AtomicBool::new(false);
    let mut missed = None;
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..300 {
                fixture.store.put_answer(id, &answer(Decision::Send)).unwrap();
                fixture.store.settle(id).unwrap();
                fixture.store.withdraw(id).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        while !done.load(Ordering::Relaxed) && missed.is_none() {
            missed = fixture.store.report(id).err();
        }
    });
    assert!(missed.is_none(), "{missed:?}");
}

/// Names the store to the other process, and makes the tests below do something.
const OTHER_PROCESS: &str = "AFTERWORD_TEST_OTHER_PROCESS";

fn start(fixture: &Fixture, test: &str) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("together::{test}")])
        .env(OTHER_PROCESS, fixture.root())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn in_another_process(fixture: &Fixture, test: &str) -> bool {
    start(fixture, test).wait().unwrap().success()
}

fn store_of_the_first_process() -> Option<Store> {
    let root = std::env::var_os(OTHER_PROCESS)?;
    Some(Store::open(root.as_ref(), &AppId::new("demo").unwrap()).unwrap())
}

#[test]
fn other_process_takes_the_senders_lock() {
    let Some(store) = store_of_the_first_process() else {
        return;
    };
    assert!(store.try_lock_sender().unwrap().is_some());
}

#[test]
fn other_process_settles_all() {
    let Some(store) = store_of_the_first_process() else {
        return;
    };
    for report in store.reports().unwrap() {
        assert!(matches!(store.settle(report.id()).unwrap(), Settled::Sending(_)));
    }
}
