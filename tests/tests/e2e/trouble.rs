//! Bad input: no reporter, no place to store, no server. The app runs, and no report is lost.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Output;

use afterword_store::State;

use crate::process::{Scene, quiet};

fn said(output: &Output, words: &str) -> usize {
    String::from_utf8_lossy(&output.stderr).matches(words).count()
}

#[test]
fn without_its_reporter_the_app_runs_and_says_so_once() {
    let scene = Scene::new();
    let not_a_program = scene.folder.path().join("not-a-program");
    std::fs::write(&not_a_program, "text").unwrap();
    std::fs::set_permissions(&not_a_program, std::fs::Permissions::from_mode(0o644)).unwrap();
    for reporter in ["/nowhere/afterword-reporter", not_a_program.to_str().unwrap()] {
        let mut crasher = scene.crasher("clean-exit");
        let ended = crasher
            .args(["--reporter", reporter])
            .env("RUST_LOG", "warn")
            .output()
            .unwrap();
        assert!(ended.status.success(), "{ended:?}");
        assert_eq!(said(&ended, "the reporter does not start"), 1, "{ended:?}");
        let mut crasher = scene.crasher("null-write");
        let ended = crasher.args(["--reporter", reporter]).output().unwrap();
        assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "it dies as it would have");
    }
}

#[test]
fn with_a_reporter_that_dies_at_once_the_app_ends_as_it_would_have() {
    let scene = Scene::new();
    // The system runs it as a script of the shell, which finds nothing to do in it.
    let program = scene.folder.path().join("dies");
    std::fs::write(&program, "exit 3\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    for (kind, signal) in [("clean-exit", None), ("null-write", Some(libc::SIGSEGV))] {
        let ended = scene.crasher(kind).arg("--reporter").arg(&program).output().unwrap();
        assert_eq!(ended.status.signal(), signal, "{ended:?}");
    }
}

#[test]
fn without_a_place_to_store_the_app_runs_and_says_so_once() {
    let scene = Scene::new();
    std::fs::write(scene.store_root(), "a file where the folder should be").unwrap();
    let ended = scene.crasher("clean-exit").env("RUST_LOG", "warn").output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(said(&ended, "its store cannot be opened"), 1, "{ended:?}");
    assert!(
        said(&ended, scene.store_root().to_str().unwrap()) > 0,
        "it names the folder: {ended:?}"
    );
    let ended = scene.crash_without_reporter("null-write");
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
}

#[test]
fn an_empty_dsn_turns_everything_off() {
    let mut scene = Scene::new();
    scene.dsn = Some(String::new());
    let ended = scene.crash_without_reporter("null-write");
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
    assert!(!scene.store_root().exists());
}

#[test]
fn an_unreachable_server_leaves_the_report() {
    let mut scene = Scene::new();
    // A reserved port: nobody listens there.
    scene.dsn = Some("http://key@127.0.0.1:1/1".to_owned());
    scene.run(scene.crasher("null-write").env("CRASHER_ANSWER", "send"));
    let report = scene.report_in(State::Sending);
    let delivery = report.delivery().unwrap();
    assert_eq!(delivery.attempts, 1);
    assert!(delivery.last_error.is_some() && delivery.next_attempt_at.is_some());
}

#[test]
fn a_server_that_answers_garbage_leaves_the_report() {
    let mut scene = Scene::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    scene.dsn = Some(format!("http://key@{}/1", listener.local_addr().unwrap()));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 65536];
            let read = stream.read(&mut request).unwrap();
            assert!(read > 0);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n<html>hotel wifi<br>")
                .unwrap();
        }
    });
    scene.run(scene.crasher("null-write").env("CRASHER_ANSWER", "send"));
    let report = scene.report_in(State::Sending);
    assert!(report.delivery().unwrap().report_accepted_at.is_none());
}

impl Scene {
    fn crash_without_reporter(&self, kind: &str) -> Output {
        quiet(&mut self.crasher(kind)).output().unwrap()
    }
}
