//! Run files that a start finds: torn, of a newer version, of another machine, of before the last boot.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use uuid::Uuid;

use crate::process::{Scene, journals, wait_for};

/// Where things are in a run file: `afterword-channel/src/layout.rs`.
const VERSION: u64 = 8;
const BOOT_ID: u64 = 32;
const HOST: u64 = 72;
const STARTED_MS: u64 = 136;
const STATE: u64 = 256;

impl Scene {
    /// The run file of an app that was killed with its reporter.
    fn left_run(&self) -> PathBuf {
        self.expect_reporter();
        let mut app = self.crasher("wait").spawn().unwrap();
        self.wait_until_watched();
        let reporter = self.reporter_of(app.id());
        let run = wait_for("the run file", || {
            let runs = self.store_root().join("Crasher/runs");
            let folder = std::fs::read_dir(runs).ok()?.flatten().next()?.path();
            let state = read(&folder.join("run"), STATE)?;
            (state == 1).then_some(folder.join("run"))
        });
        kill_process(reporter, Signal::KILL).unwrap();
        kill_process(Pid::from_child(&app), Signal::KILL).unwrap();
        app.wait().unwrap();
        // Neither says that it is done.
        self.forget_reporter();
        run
    }

    /// Starts and ends another instance, while one goes on, and waits until it has looked at what it found.
    fn start_other(&self) {
        self.expect_reporter();
        assert!(self.crasher("clean-exit").status().unwrap().success());
        wait_for("the other reporter's end", || {
            let journals = journals(&self.store());
            journals
                .iter()
                .any(|journal| journal.trim_end().ends_with("done"))
                .then_some(())
        });
    }

    /// Starts and ends the app once more, and waits until that has looked at what it found.
    fn start_again(&self) {
        self.crash("clean-exit");
    }
}

fn read(file: &Path, at: u64) -> Option<u32> {
    let mut bytes = [0; 4];
    File::open(file).ok()?.read_exact_at(&mut bytes, at).ok()?;
    Some(u32::from_le_bytes(bytes))
}

fn write(file: &Path, at: u64, bytes: &[u8]) {
    let file = File::options().write(true).open(file).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

#[test]
fn a_run_of_this_machine_is_settled() {
    let scene = Scene::new();
    scene.left_run();
    scene.start_again();
    let ends = scene.store().abnormal_ends().unwrap();
    assert_eq!(ends.len(), 1, "{:?}", journals(&scene.store()));
    assert!(!ends[0].before_boot);
    assert!(scene.store().runs().unwrap().is_empty());
}

#[test]
fn a_run_of_before_the_last_boot_is_settled_and_says_so() {
    let scene = Scene::new();
    let run = scene.left_run();
    write(&run, BOOT_ID, Uuid::from_u128(1).hyphenated().to_string().as_bytes());
    scene.start_again();
    let ends = scene.store().abnormal_ends().unwrap();
    assert!(ends.len() == 1 && ends[0].before_boot, "{ends:?}");
}

#[test]
fn runs_that_cannot_be_judged_are_left_alone() {
    let cases: [(&str, u64, &[u8]); 3] = [
        ("of another machine", HOST, b"elsewhere\0"),
        ("of a newer version", VERSION, &9_u32.to_le_bytes()),
        ("that has no beginning", 0, &[0; 8]),
    ];
    for (name, at, bytes) in cases {
        let scene = Scene::new();
        let run = scene.left_run();
        write(&run, at, bytes);
        scene.start_again();
        assert!(run.exists(), "a run {name}");
        assert!(scene.store().abnormal_ends().unwrap().is_empty(), "a run {name}");
    }
}

#[test]
fn torn_and_garbled_runs_do_no_harm_and_are_removed_when_they_are_old() {
    let scene = Scene::new();
    let runs = scene.left_run().parent().unwrap().parent().unwrap().to_owned();
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(25 * 3600);
    let mut folders = Vec::new();
    for bytes in [&b""[..], b"AFTRWORD", &[0xff; 400_000], b"AFTRWORD\x02\0\0\0"] {
        let folder = runs.join(Uuid::new_v4().to_string());
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("run"), bytes).unwrap();
        folders.push(folder);
    }
    scene.start_again();
    assert!(folders.iter().all(|folder| folder.exists()), "it may be in the making");
    for folder in &folders {
        File::open(folder).unwrap().set_modified(yesterday).unwrap();
    }
    scene.start_again();
    assert!(!folders.iter().any(|folder| folder.exists()));
}

#[test]
fn a_run_whose_app_lives_without_its_lock_is_left_alone() {
    let scene = Scene::new();
    // Any close of the file in its process gives up the lock.
    let mut app = scene
        .guest("close-run-file")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    scene.expect_reporter();
    scene.wait_until_watched();
    let folder = scene.store_root().join("Crasher/runs");
    let run = std::fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path()
        .join("run");
    wait_for("the lock to be given up", || {
        let lock = rustix::fs::fcntl_lock(
            File::options().write(true).open(&run).unwrap(),
            rustix::fs::FlockOperation::NonBlockingLockExclusive,
        );
        lock.ok()
    });
    scene.start_other();
    assert!(run.exists());
    assert!(scene.store().abnormal_ends().unwrap().is_empty());
    drop(app.stdin.take());
    app.wait().unwrap();
    scene.wait_for_reporter();
    assert_eq!(scene.only_report().info().unwrap().soft_errors, [""; 0]);
}

#[test]
fn clocks_that_jump_lose_no_run() {
    for started_ms in [0, u64::MAX, 4_102_444_800_000] {
        let scene = Scene::new();
        let run = scene.left_run();
        write(&run, STARTED_MS, &started_ms.to_le_bytes());
        scene.start_again();
        let ends = scene.store().abnormal_ends().unwrap();
        assert_eq!(ends.len(), 1, "{started_ms}");
        assert!(scene.store().runs().unwrap().is_empty());
    }
}
