//! The watch over the main thread: what it takes for a hang, and what not.
#![expect(unsafe_code, reason = "tracing a process, as a debugger does, is C")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

use afterword_reporter::assemble;
use afterword_store::{ReportKind, State};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::{Scene, journals, wait_for};

/// Long enough that a busy machine does not make a hang of what is none.
const BOUND: Duration = Duration::from_millis(1000);

/// The crasher, its main thread watched, in the hands of the test.
struct Watched {
    app: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Watched {
    fn start(scene: &Scene) -> Watched {
        scene.expect_reporter();
        let mut command = scene.crasher("watched");
        command.env("RUST_LOG", "info").stdin(Stdio::piped());
        let mut app = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let orders = app.stdin.take().unwrap();
        let answers = BufReader::new(app.stdout.take().unwrap());
        let mut watched = Watched { app, orders, answers };
        watched.order(&format!("watch {}", BOUND.as_millis()));
        watched
    }

    fn tell(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    fn wait_until_done(&mut self) {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n");
    }

    fn order(&mut self, order: &str) {
        self.tell(order);
        self.wait_until_done();
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.app)
    }

    /// How often the thread that watches has slept.
    fn sleeps(&self) -> u64 {
        let is_watcher = |status: &String| status.starts_with("Name:\tafterword-hang\n");
        // A thread gives itself its name.
        let status = wait_for("the thread that watches", || {
            std::fs::read_dir(format!("/proc/{}/task", self.app.id()))
                .unwrap()
                .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).ok())
                .find(is_watcher)
        });
        let sleeps = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        sleeps.unwrap().trim().parse().unwrap()
    }

    /// Ends it, and its reporter. What it logged.
    fn end(mut self, scene: &Scene) -> String {
        drop(self.orders);
        assert_eq!(self.app.wait().unwrap().code(), Some(0));
        scene.wait_for_reporter();
        let mut log = String::new();
        self.app.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

fn wait_for_report(scene: &Scene) {
    wait_for("a report", || {
        scene
            .store()
            .reports()
            .unwrap()
            .iter()
            .any(|r| r.info().is_ok())
            .then_some(())
    });
}

#[test]
fn a_hang_of_a_watched_main_thread_is_one_report_with_its_stack() {
    let scene = Scene::new();
    let mut app = Watched::start(&scene);
    app.order("busy");
    wait_for_report(&scene);
    // It hangs on, and on.
    std::thread::sleep(BOUND * 3);
    app.order("idle");
    let log = app.end(&scene);
    assert!(log.contains("the main thread responds again after "), "{log}");

    let report = scene.report_in(State::Waiting);
    assert_eq!(report.info().unwrap().kind, ReportKind::Hang);
    let assembled = assemble(&scene.store(), report.id()).unwrap();
    let crash = assembled.crash.unwrap();
    let top = crash.crashed_thread().unwrap().frames.iter().find(|frame| frame.in_app);
    let function = top.unwrap().function.as_deref().unwrap();
    assert!(function.ends_with("watched::wait_for_order"), "{function}");
    let exception = &assembled.event["exception"]["values"][0];
    assert_eq!(exception["type"], "ApplicationNotResponding");
    assert_eq!(exception["value"], "App hanging for at least 1000 ms");
}

#[test]
fn a_main_thread_that_waits_for_events_does_not_hang_and_nothing_wakes_up() {
    let scene = Scene::new();
    let mut app = Watched::start(&scene);
    app.order("busy");
    app.order("idle");
    // The last look, in which there is nothing to be seen, is within a quarter of the bound.
    wait_for("the watcher's rest", || {
        let before = app.sleeps();
        std::thread::sleep(BOUND);
        (app.sleeps() == before).then_some(())
    });
    let before = app.sleeps();
    std::thread::sleep(BOUND * 3);
    assert_eq!(app.sleeps(), before);
    // It still watches.
    app.order("busy");
    wait_for("the watcher", || (app.sleeps() > before).then_some(()));
    app.order("idle");
    app.end(&scene);
    assert!(scene.store().reports().unwrap().is_empty());
}

#[test]
fn many_short_events_are_no_hang() {
    let scene = Scene::new();
    let mut app = Watched::start(&scene);
    for _ in 0..20 {
        app.order("busy");
        app.order("work 100");
        app.order("idle");
    }
    app.end(&scene);
    assert!(scene.store().reports().unwrap().is_empty());
}

#[test]
fn a_program_that_was_stopped_does_not_hang() {
    let scene = Scene::new();
    let mut app = Watched::start(&scene);
    app.order("busy");
    kill_process(app.pid(), Signal::STOP).unwrap();
    let stat = format!("/proc/{}/stat", app.app.id());
    wait_for("the stop", || {
        let stat = std::fs::read_to_string(&stat).unwrap();
        stat.rsplit_once(')').unwrap().1.starts_with(" T ").then_some(())
    });
    std::thread::sleep(BOUND * 2);
    // It is not idle the moment it goes on.
    app.tell("work 250");
    kill_process(app.pid(), Signal::CONT).unwrap();
    app.wait_until_done();
    app.order("idle");
    assert!(scene.store().reports().unwrap().is_empty());
    // A hang is one as before.
    app.order("busy");
    wait_for_report(&scene);
    app.end(&scene);
    scene.only_report();
}

#[test]
fn a_program_in_a_debugger_does_not_hang() {
    let scene = Scene::new();
    let mut app = Watched::start(&scene);
    let pid = app.pid().as_raw_pid();
    let none = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: plain numbers and null pointers. This thread traces, and lets go.
    assert_eq!(unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, none, none) }, 0);
    app.order("busy");
    let mut log = BufReader::new(app.app.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("a debugger is attached") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended");
        assert!(!line.contains("does not respond"), "{line}");
    }
    let journals = journals(&scene.store());
    assert!(!journals.iter().any(|journal| journal.contains("hang")), "{journals:?}");
    // To let go, it has to stand still.
    // SAFETY: as above; the status is this function's own.
    unsafe {
        assert_eq!(libc::ptrace(libc::PTRACE_INTERRUPT, pid, none, none), 0);
        assert_eq!(libc::waitpid(pid, std::ptr::null_mut(), libc::__WALL), pid);
        assert_eq!(libc::ptrace(libc::PTRACE_DETACH, pid, none, none), 0);
    }
    // Then time counts anew.
    wait_for_report(&scene);
    app.app.stderr = Some(log.into_inner());
    app.end(&scene);
    scene.only_report();
}
