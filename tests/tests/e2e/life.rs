//! The life of the two processes beside one another, and beside others.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

use afterword_store::{AppId, ReportFile, Store};
use afterword_symbols::ProcessedCrash;
use rustix::process::{Pid, Signal, getsid, kill_process, kill_process_group};
use serde_json::Value;

use crate::process::{Scene, quiet, wait_for};

/// A guest that crashes once its standard input is closed, and its reporter.
struct Couple {
    app: Child,
    reporter: Pid,
}

impl Scene {
    fn couple(&self, command: &mut Command) -> Couple {
        self.expect_reporter();
        let app = command.stdin(Stdio::piped()).spawn().unwrap();
        self.wait_until_watched();
        let reporter = self.reporter_of(app.id());
        Couple { app, reporter }
    }
}

fn status(pid: Pid, field: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line[field.len()..].trim().to_owned()
}

#[test]
fn the_reporter_holds_none_of_the_apps_files_and_not_its_terminal_or_folder() {
    let scene = Scene::new();
    let folder = scene.folder.path().join("documents");
    std::fs::create_dir(&folder).unwrap();
    let mut guest = scene.guest("crash-when-told");
    guest.current_dir(&folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    // As C libraries do: a file that stays open across exec.
    let document = std::fs::File::create(folder.join("letter.odt")).unwrap();
    rustix::io::fcntl_setfd(&document, rustix::io::FdFlags::empty()).unwrap();
    let couple = scene.couple(&mut guest);
    let pid = couple.reporter.as_raw_pid();
    let mut held: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .map(|entry| {
            std::fs::read_link(entry.unwrap().path())
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    held.retain(|file| {
        let own = [
            "/dev/null",
            "socket:",
            "anon_inode:[pidfd]",
            "pidfd:",
            "/memfd:afterword-private",
            "anon_inode:[eventfd]",
        ];
        !own.iter().any(|own| file.starts_with(own)) && !file.starts_with(&*scene.store_root().to_string_lossy())
    });
    assert_eq!(held, [""; 0]);
    assert_eq!(
        std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap().to_str(),
        Some("/")
    );
    assert_eq!(
        getsid(Some(couple.reporter)).unwrap(),
        couple.reporter,
        "a session of its own"
    );
    let Couple { mut app, .. } = couple;
    drop(app.stdin.take());
    assert_eq!(app.wait().unwrap().signal(), Some(libc::SIGSEGV));
    scene.wait_for_reporter();
}

#[test]
fn the_reporter_survives_ctrl_c_and_the_terminals_end() {
    let scene = Scene::new();
    let mut guest = scene.guest("crash-when-told");
    // A job of its own, as a shell makes it.
    let mut couple = scene.couple(guest.process_group(0));
    // The app ignores both from now on.
    wait_for("the app to ignore them", || {
        let ignored = u64::from_str_radix(&status(Pid::from_child(&couple.app), "SigIgn:"), 16).unwrap();
        (ignored & 0b11 == 0b11).then_some(())
    });
    for signal in [Signal::INT, Signal::HUP] {
        kill_process_group(Pid::from_child(&couple.app), signal).unwrap();
    }
    // It may be at work for a moment; neither dead nor stopped.
    wait_for("the reporter at rest", || {
        status(couple.reporter, "State:").starts_with('S').then_some(())
    });
    drop(couple.app.stdin.take());
    assert_eq!(couple.app.wait().unwrap().signal(), Some(libc::SIGSEGV));
    scene.wait_for_reporter();
    assert_eq!(
        scene.only_report().info().unwrap().soft_errors,
        [""; 0],
        "the first reporter captured it"
    );
}

#[test]
fn the_reporter_is_not_left_behind() {
    for (kind, signal) in [("wait", Some(Signal::KILL)), ("clean-exit", None)] {
        let scene = Scene::new();
        scene.expect_reporter();
        let mut app = scene.crasher(kind).spawn().unwrap();
        if let Some(signal) = signal {
            scene.wait_until_watched();
            kill_process(Pid::from_child(&app), signal).unwrap();
        }
        app.wait().unwrap();
        scene.wait_for_reporter();
        wait_for("the reporter's end", || scene.holders().is_empty().then_some(()));
    }
}

#[test]
fn an_app_that_waits_for_any_child_meets_its_own_alone() {
    for way in ["wait-for-any-child", "ignore-children"] {
        let scene = Scene::new();
        let ended = scene.run(&mut scene.guest(way));
        assert!(ended.status.success(), "{way}: {ended:?}");
    }
}

#[test]
fn a_second_init_is_refused_and_the_first_goes_on() {
    for way in ["init-twice", "init-in-child"] {
        let scene = Scene::new();
        let ended = scene.run(&mut scene.guest(way));
        assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{way}: {ended:?}");
        scene.only_report();
    }
}

#[test]
fn after_exec_the_new_program_is_watched_as_any_other() {
    let scene = Scene::new();
    // Two programs in turn, a reporter each.
    scene.expect_reporter();
    let ended = scene.run(&mut scene.guest("init-after-exec"));
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{ended:?}");
    scene.only_report();
    assert!(scene.store().abnormal_ends().unwrap().is_empty());
    assert!(scene.store().runs().unwrap().is_empty());
}

#[test]
fn an_app_that_closes_everything_is_rescued() {
    let scene = Scene::new();
    let ended = scene.guest("close-everything").output().unwrap();
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{ended:?}");
    // Neither the reporter nor a rescuer can be reached without a descriptor; what was saved is in the mapped run file.
    scene.expect_reporter();
    scene.wait_for_reporter();
    assert!(scene.only_report().info().unwrap().soft_errors[0].contains("saved, by its own crash handler"));
}

#[test]
fn an_app_that_lost_its_stack_is_reported_with_its_registers() {
    let scene = Scene::new();
    let ended = scene.run(&mut scene.guest("lose-stack"));
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{ended:?}");
    let report = scene.only_report();
    let stack = report.read(ReportFile::Stack).unwrap().unwrap();
    let stack: ProcessedCrash = serde_json::from_slice(&stack).unwrap();
    let innermost = &stack.crashed_thread().unwrap().frames[0];
    assert_eq!(innermost.function.as_deref(), Some("guest::lose_stack"));
    assert!(scene.store().runs().unwrap().is_empty());
}

#[test]
fn a_crash_while_main_ends_is_the_end() {
    let scene = Scene::new();
    let ended = scene.run(&mut scene.guest("end-while-crashing"));
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{ended:?}");
    assert_eq!(scene.only_report().info().unwrap().soft_errors, [""; 0]);
}

#[test]
fn an_app_that_took_the_descriptors_numbers_finds_nothing_of_ours_in_its_files() {
    let scene = Scene::new();
    let ended = scene.guest("reuse-numbers").output().unwrap();
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{ended:?}");
    scene.expect_reporter();
    scene.wait_for_reporter();
    scene.only_report();
    for number in 0..16 {
        let document = scene.store_root().join(format!("document-{number}"));
        assert_eq!(std::fs::read(&document).unwrap(), b"", "{}", document.display());
    }
}

#[test]
fn a_megabyte_as_a_breadcrumb_is_cut_and_marked() {
    let scene = Scene::new();
    scene.run(&mut scene.guest("huge-breadcrumb"));
    let event = scene.only_report().read(ReportFile::Event).unwrap().unwrap();
    let event: Value = serde_json::from_slice(&event).unwrap();
    let breadcrumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    let last = breadcrumbs.last().unwrap()["message"].as_str().unwrap();
    assert!(
        last.starts_with("xxx") && last.ends_with("(cut)") && last.len() < 1024,
        "{last}"
    );
    assert_eq!(breadcrumbs[breadcrumbs.len() - 2]["message"], "pressed the button");
}

#[test]
fn instances_of_one_app_and_of_others_do_not_disturb_one_another() {
    let scene = Scene::new();
    let apps = ["Crasher", "Painter", "Crasher", "Painter", "Crasher", "Painter"];
    let mut running: Vec<Child> = apps
        .iter()
        .map(|app| {
            let mut guest = scene.guest("crash-when-told");
            guest.args(["--app", app]).stdin(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for app in &mut running {
        drop(app.stdin.take());
    }
    for app in &mut running {
        assert_eq!(app.wait().unwrap().signal(), Some(libc::SIGSEGV));
    }
    for app in ["Crasher", "Painter"] {
        let store = Store::open(&scene.store_root(), &AppId::from_name(app)).unwrap();
        wait_for("three reports, all worked out", || {
            let reports = store.reports().unwrap();
            let stacks = reports
                .iter()
                .filter(|report| report.read(ReportFile::Event).is_ok_and(|event| event.is_some()));
            (reports.len() == 3 && stacks.count() == 3 && store.runs().unwrap().is_empty()).then_some(())
        });
    }
    wait_for("the reporters' ends", || scene.holders().is_empty().then_some(()));
}

/// As root the two are other users; else both are this one, with a home each.
#[test]
fn two_users_do_not_disturb_one_another() {
    let shared = tempfile::tempdir().unwrap();
    // Where both may go, and what both may run: the build's own folder need not be such a place.
    std::fs::set_permissions(shared.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let program = shared.path().join("crasher");
    std::fs::copy(env!("CARGO_BIN_EXE_crasher"), &program).unwrap();
    let root = rustix::process::geteuid().is_root();
    let homes: Vec<_> = [23_001, 23_002]
        .into_iter()
        .map(|user| {
            let home = shared.path().join(user.to_string());
            std::fs::create_dir(&home).unwrap();
            let mut command = Command::new(&program);
            quiet(&mut command)
                .arg("null-write")
                .env("HOME", &home)
                .env_remove("XDG_DATA_HOME");
            if root {
                std::os::unix::fs::chown(&home, Some(user), Some(user)).unwrap();
                command.uid(user).gid(user);
            }
            (user, home, command.current_dir("/").spawn().unwrap())
        })
        .collect();
    for (user, home, mut app) in homes {
        assert_eq!(app.wait().unwrap().signal(), Some(libc::SIGSEGV));
        let folder = home.join(".local/share/afterword");
        let reports = wait_for("the report", || {
            let waiting = folder.join("Crasher/reports/waiting");
            let reports: Vec<_> = std::fs::read_dir(&waiting).ok()?.flatten().collect();
            let done = reports.iter().any(|report| report.path().join("event.json").is_file());
            done.then_some(reports)
        });
        assert_eq!(reports.len(), 1);
        let metadata = std::fs::metadata(folder.join("Crasher")).unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o700);
        if root {
            assert_eq!(metadata.uid(), user, "each has his own");
        }
    }
}
