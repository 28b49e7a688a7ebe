//! Runs that end without a crash: which of them are abnormal, and that those are found.

use std::os::unix::process::ExitStatusExt;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

use crate::process::{Scene, journals, wait_for};

impl Scene {
    /// Starts a crasher that waits, and waits until its reporter is up.
    fn start_waiting(&self) -> Child {
        self.expect_reporter();
        let child = self.crasher("wait").spawn().unwrap();
        self.wait_until_watched();
        child
    }
}

fn kill(child: &mut Child, signal: Signal) -> Option<i32> {
    kill_process(Pid::from_child(child), signal).unwrap();
    child.wait().unwrap().signal()
}

#[test]
fn a_killed_app_is_an_abnormal_end() {
    let scene = Scene::new();
    let mut app = scene.start_waiting();
    assert_eq!(kill(&mut app, Signal::KILL), Some(libc::SIGKILL));
    scene.wait_for_reporter();
    let ends = scene.store().abnormal_ends().unwrap();
    assert_eq!(ends.len(), 1, "{:?}", journals(&scene.store()));
    assert_eq!(ends[0].release.as_deref(), Some("crasher@1.2.3"));
    assert!(ends[0].started_at.is_some() && !ends[0].crashing && !ends[0].before_boot);
    assert!(scene.store().reports().unwrap().is_empty());
    assert!(scene.store().runs().unwrap().is_empty());
}

#[test]
fn an_app_killed_with_its_reporter_is_found_at_the_next_start() {
    let scene = Scene::new();
    let mut app = scene.start_waiting();
    let reporter = scene.reporter_of(app.id());
    kill_process(reporter, Signal::KILL).unwrap();
    assert_eq!(kill(&mut app, Signal::KILL), Some(libc::SIGKILL));
    assert_eq!(scene.store().runs().unwrap().len(), 1);
    assert!(scene.store().abnormal_ends().unwrap().is_empty());
    assert!(scene.crasher("clean-exit").status().unwrap().success());
    let ends = wait_for("the abnormal end", || {
        Some(scene.store().abnormal_ends().unwrap()).filter(|ends| !ends.is_empty())
    });
    assert_eq!(ends.len(), 1);
    wait_for("its removal", || scene.store().runs().unwrap().is_empty().then_some(()));
}

#[test]
fn an_app_that_is_told_to_end_ends_so_and_not_abnormally() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let scene = Scene::new();
        let mut app = scene.start_waiting();
        assert_eq!(kill(&mut app, signal), Some(signal.as_raw()));
        scene.wait_for_reporter();
        assert!(scene.store().abnormal_ends().unwrap().is_empty(), "{signal:?}");
        assert!(scene.store().reports().unwrap().is_empty());
    }
}

#[test]
fn a_handler_of_the_app_stays_the_master_of_its_signal() {
    let scene = Scene::new();
    let ended = scene.run(&mut scene.guest("terminated-with-handler"));
    assert_eq!(
        ended.status.code(),
        Some(3),
        "it lives on, and ends by itself: {ended:?}"
    );
    assert!(scene.store().abnormal_ends().unwrap().is_empty());
}

#[test]
fn an_app_that_becomes_another_program_has_not_ended_abnormally() {
    let scene = Scene::new();
    let ended = scene.run(&mut scene.guest("become-another"));
    assert!(ended.status.success(), "{ended:?}");
    assert!(
        scene.store().abnormal_ends().unwrap().is_empty(),
        "{:?}",
        journals(&scene.store())
    );
    assert!(scene.store().runs().unwrap().is_empty());
}

#[test]
fn ends_that_are_none_leave_nothing() {
    for kind in ["clean-exit", "exit"] {
        let scene = Scene::new();
        scene.crash(kind);
        assert!(scene.store().abnormal_ends().unwrap().is_empty(), "{kind}");
        assert!(scene.store().runs().unwrap().is_empty(), "{kind}");
    }
}
