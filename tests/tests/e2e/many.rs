//! Thousands of captures from eight threads, also with a reporter that is killed again and again.

use std::collections::BTreeSet;

use rustix::process::{Signal, kill_process};

use crate::manners::{Manner, Stub};
use crate::process::Scene;

const THREADS: usize = 8;
/// For a flush of thousands, on a machine that has other things to do.
const VERY_LONG_MS: u64 = 5 * 60 * 1000;

fn expected(each: usize) -> BTreeSet<String> {
    (0..THREADS)
        .flat_map(|thread| (0..each).map(move |number| format!("{thread}-{number}")))
        .collect()
}

#[test]
fn ten_thousand_captures_arrive_once_each() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell(&format!("many 1250 {THREADS}"));
    assert!(app.flush(VERY_LONG_MS).done);
    let events = stub.events();
    assert_eq!(events.keys().cloned().collect::<BTreeSet<_>>(), expected(1250));
    assert!(events.values().all(|times| *times == 1));
    app.end();
}

#[test]
fn a_reporter_killed_again_and_again_loses_nothing_and_sends_nothing_again() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    scene.wait_until_watched();
    let each = 300;
    app.tell_only(&format!("many {each} {THREADS}"));
    let mut kills = 0;
    for share in 1..=4 {
        stub.wait_for_events(share * THREADS * each / 6);
        let reporter = scene.reporter_of(app.id());
        kill_process(reporter, Signal::KILL).unwrap();
        scene.wait_for_end_of(reporter);
        kills += 1;
    }
    assert_eq!(app.answer(), format!("captured {}", THREADS * each));
    assert!(app.flush(VERY_LONG_MS).done);
    let events = stub.events();
    assert_eq!(events.keys().cloned().collect::<BTreeSet<_>>(), expected(each));
    let again: usize = events.values().map(|times| *times as usize - 1).sum();
    // The one whose answer a killed reporter could not note.
    assert!(again <= kills, "{again} came again");
    app.end();
}
