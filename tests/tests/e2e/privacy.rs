//! What lies on the disk after a crash says nothing of what the program held, nor whose it is.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use afterword_store::{Report, ReportFile, State};
use afterword_symbols::{Frame, ProcessedCrash};
use minidump::{Minidump, MinidumpModuleList, Module as _};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::{Scene, all_files, journals, program, quiet, wait_for};

/// Put by the crasher into memory and registers, in each place with other letters behind it.
const CANARY: &str = "q7Zx";
/// In the command line, in the environment and in the names of open and of mapped files.
const WORD: &str = "canary-8d1f7c";

/// The crasher, with canaries wherever a program has text.
fn with_canaries(scene: &Scene, kind: &str) -> Command {
    let mut crasher = scene.crasher(kind);
    crasher
        .args(["--odd", WORD, "--open"])
        .arg(scene.folder.path().join(format!("{WORD}.odt")))
        .env("CRASHER_CANARY", CANARY)
        .env("SECRET_TOKEN", WORD);
    crasher
}

/// Which of these stand in the bytes, in UTF-8 or UTF-16.
pub(crate) fn found(bytes: &[u8], words: &[&str]) -> Vec<String> {
    let is_in = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    words
        .iter()
        .flat_map(|word| {
            let utf16: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
            [
                is_in(word.as_bytes()).then(|| format!("{word} in UTF-8")),
                is_in(&utf16).then(|| format!("{word} in UTF-16")),
            ]
        })
        .flatten()
        .collect()
}

/// No file below the folder holds one of these, in its bytes or its name.
pub(crate) fn assert_nowhere(folder: &Path, words: &[&str]) {
    let files = all_files(folder);
    assert!(!files.is_empty(), "there is nothing to look at");
    for (path, bytes) in files {
        let found = found(&bytes, words);
        assert!(found.is_empty(), "{} holds {found:?}", path.display());
        let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        assert!(!words.iter().any(|word| name.contains(word)), "{name}");
    }
}

fn stack_of(report: &Report) -> ProcessedCrash {
    serde_json::from_slice(&report.read(ReportFile::Stack).unwrap().unwrap()).unwrap()
}

#[test]
fn no_text_of_the_program_is_in_its_report() {
    let scene = Scene::new();
    let ended = scene.run(&mut with_canaries(&scene, "canaries"));
    assert_eq!(ended.status.signal(), Some(libc::SIGILL), "{ended:?}");
    assert_nowhere(&scene.store_root(), &[CANARY, WORD]);
    let threads = stack_of(&scene.report_in(State::Waiting)).threads;
    let has = |function: &str| threads.iter().any(|thread| thread.frames.iter().any(is(function)));
    assert!(has("crasher::canaries::crash") && has("crasher::canaries::wait_with"));
}

/// The same canaries are found where the program asked for it: the test above can fail.
#[test]
fn full_stacks_hold_what_was_on_them() {
    let scene = Scene::new();
    scene.run(with_canaries(&scene, "canaries").arg("--full-stacks"));
    let dump = scene
        .report_in(State::Waiting)
        .read(ReportFile::Minidump)
        .unwrap()
        .unwrap();
    for place in ["Stck", "OStk", "Regs", "Vect", "ORgs", "OVec"] {
        let whole = format!("{CANARY}{place}");
        assert!(!found(&dump, &[&whole]).is_empty(), "{place}");
    }
    assert!(found(&dump, &[&format!("{CANARY}Stck")]).len() == 2, "in UTF-16 too");
    // What is not on a stack is dropped all the same.
    assert!(found(&dump, &[&format!("{CANARY}Heap")]).is_empty());
}

fn is(function: &str) -> impl Fn(&Frame) -> bool {
    move |frame| frame.function.as_deref() == Some(function)
}

/// Each net, forced: faults of the app, what is wrong with its reporter, and whether the next start makes the report.
const NETS: [(&[&str], &str, bool); 6] = [
    (&[], "", false),
    (&[], "no-ptrace", false),
    (&[], "no-memory", false),
    (&[], "no-space", true),
    (&["kill-reporter"], "", false),
    (&["kill-reporter", "deny-exec"], "", true),
];

/// Crashes, so that the next start makes the report. A reporter that lives tries it in vain.
fn leave(scene: &Scene, crasher: &mut Command, (faults, ..): (&[&str], &str, bool)) {
    let ended = if faults.is_empty() {
        scene.run(crasher)
    } else {
        crasher.output().unwrap()
    };
    assert!(ended.status.signal().is_some(), "{ended:?}");
}

fn caught(mut crasher: Command, (faults, reporter, _): (&[&str], &str, bool)) -> Command {
    for fault in faults {
        crasher.args(["--fault", fault]);
    }
    crasher.env("CRASHER_REPORTER", reporter);
    crasher
}

#[test]
fn no_text_of_the_program_is_left_by_any_net() {
    for net in NETS {
        let scene = Scene::new();
        let mut crasher = caught(with_canaries(&scene, "canaries"), net);
        if net.2 {
            leave(&scene, &mut crasher, net);
            let run = run_file(&scene);
            assert!(
                !found(&std::fs::read(run).unwrap(), &["libc.so"]).is_empty(),
                "it was salvaged"
            );
            assert_nowhere(&scene.store_root(), &[CANARY, WORD]);
            scene.crash("clean-exit");
        } else {
            scene.run(&mut crasher);
        }
        assert_nowhere(&scene.store_root(), &[CANARY, WORD]);
        let report = scene.report_in(State::Waiting);
        scene.wait_for_stack(&report);
        let frames = stack_of(&report).crashed_thread().unwrap().frames.clone();
        assert!(frames.iter().any(is("crasher::canaries::crash")), "{net:?}: {frames:?}");
    }
}

/// A crasher that waits for its standard input to be closed, and its reporter.
fn waiting(scene: &Scene) -> (Child, Pid) {
    let mut crasher = with_canaries(scene, "canaries-when-told");
    let app = crasher
        .args(["--deadline-ms", "60000"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // Its journal has its number: until then, who has the run file open may only be about to become the reporter.
    let reporter = wait_for("the reporter", || {
        let journal = journals(&scene.store()).concat();
        let number = journal.split(", process ").nth(1)?.split_once('\n')?.0.parse().ok()?;
        Pid::from_raw(number)
    });
    (app, reporter)
}

fn run_file(scene: &Scene) -> PathBuf {
    let runs = scene.store().runs().unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0].1.join("run")
}

#[test]
fn a_run_file_is_private_and_whole_from_the_beginning() {
    let scene = Scene::new();
    let (mut app, reporter) = waiting(&scene);
    let run = run_file(&scene);
    let (file, folder) = (run.metadata().unwrap(), run.parent().unwrap().metadata().unwrap());
    assert_eq!((file.mode() & 0o777, folder.mode() & 0o777), (0o600, 0o700));
    assert!(file.blocks() * 512 >= file.len(), "all of it is allocated");
    app.kill().unwrap();
    app.wait().unwrap();
    scene.wait_for_end_of(reporter);
}

#[test]
fn a_run_that_was_killed_with_its_reporter_leaves_no_canary() {
    let scene = Scene::new();
    let (mut app, reporter) = waiting(&scene);
    // Stopped first: it would be started again.
    kill_process(Pid::from_child(&app), Signal::STOP).unwrap();
    kill_process(reporter, Signal::KILL).unwrap();
    app.kill().unwrap();
    app.wait().unwrap();
    scene.wait_for_end_of(reporter);
    assert!(run_file(&scene).is_file());
    assert_nowhere(&scene.store_root(), &[CANARY, WORD]);
}

#[test]
fn a_crash_that_is_cut_off_in_the_handler_leaves_no_canary() {
    let scene = Scene::new();
    let (mut app, reporter) = waiting(&scene);
    kill_process(reporter, Signal::STOP).unwrap();
    let run = run_file(&scene);
    let before = std::fs::read(&run).unwrap();
    drop(app.stdin.take());
    // The handler has written what it writes, and sleeps until it is answered.
    let stat = format!("/proc/{}/stat", app.id());
    wait_for("the handler", || (std::fs::read(&run).unwrap() != before).then_some(()));
    wait_for("the handler", || {
        let stat = std::fs::read_to_string(&stat).unwrap();
        stat.contains(") S ").then_some(())
    });
    app.kill().unwrap();
    app.wait().unwrap();
    kill_process(reporter, Signal::KILL).unwrap();
    scene.wait_for_end_of(reporter);
    assert_nowhere(&scene.store_root(), &[CANARY, WORD]);
}

/// Crashes in a folder below a user's home.
fn crash_of_user(scene: &Scene, home: &Path, net: (&[&str], &str, bool)) {
    let program = home.join("apps").join("crasher");
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_crasher"), &program).unwrap();
    let start = |kind: &str| {
        let mut crasher = Command::new(&program);
        crasher
            .arg(kind)
            .arg("--store")
            .arg(scene.store_root())
            .env("HOME", home);
        quiet(&mut crasher);
        crasher
    };
    let mut crasher = caught(start("null-write"), net);
    if net.2 {
        leave(scene, &mut crasher, net);
        let name = home.file_name().unwrap().to_str().unwrap();
        assert!(run_file(scene).is_file());
        assert_nowhere(&scene.store_root(), &[name]);
        scene.run(&mut start("clean-exit"));
    } else {
        scene.run(&mut crasher);
    }
}

/// A user whose name begins so, with the store in their home.
fn home_of(name: &str) -> (Scene, PathBuf) {
    let mut scene = Scene::new();
    scene.folder = tempfile::Builder::new().prefix(name).tempdir().unwrap();
    let home = scene.folder.path().to_owned();
    (scene, home)
}

fn modules(report: &Report) -> Vec<String> {
    let dump = Minidump::read(report.read(ReportFile::Minidump).unwrap().unwrap()).unwrap();
    let modules: MinidumpModuleList = dump.get_stream().unwrap();
    modules.iter().map(|module| module.code_file().into_owned()).collect()
}

#[test]
fn the_users_name_is_nowhere_and_the_stack_is_worked_out_all_the_same() {
    for net in NETS {
        for name in ["zoe-wkqjv", "zoë-wkqjv"] {
            let (scene, home) = home_of(name);
            crash_of_user(&scene, &home, net);
            let name = home.file_name().unwrap().to_str().unwrap();
            let report = scene.report_in(State::Waiting);
            scene.wait_for_stack(&report);
            assert_nowhere(&scene.store_root(), &[name, "wkqjv"]);
            let app = home
                .with_file_name("*".repeat(name.encode_utf16().count()))
                .join("apps/crasher");
            assert!(
                modules(&report).contains(&app.display().to_string()),
                "{:?}",
                modules(&report)
            );
            let removed = &report.info().unwrap().removed;
            assert!(
                removed
                    .iter()
                    .any(|words| words == "the name of your home folder in paths"),
                "{removed:?}"
            );
            let crash = stack_of(&report);
            assert!(
                crash
                    .modules
                    .iter()
                    .any(|module| module.path == app.display().to_string())
            );
            let top = crash.top_app_frame().unwrap();
            assert_eq!(top.function.as_deref(), Some("crasher::memory::fill_pixel"), "{net:?}");
            assert!(
                top.file
                    .as_deref()
                    .is_some_and(|file| file.ends_with("crasher/memory.rs")),
                "{top:?}"
            );
            assert!(top.line.is_some(), "{top:?}");
        }
    }
}

#[test]
fn users_with_the_names_of_other_things_ruin_nothing() {
    for name in ["a", "main", "crasher"] {
        let scene = Scene::new();
        let home = scene.folder.path().join("home").join(name);
        crash_of_user(&scene, &home, NETS[0]);
        let home = home.to_str().unwrap();
        assert_nowhere(&scene.store_root(), &[&format!("{home}/")]);
        let report = scene.report_in(State::Waiting);
        let masked = home.strip_suffix(name).unwrap().to_owned() + &"*".repeat(name.len());
        let modules = modules(&report);
        assert_eq!(modules[0], format!("{masked}/apps/crasher"));
        assert!(modules[1..].iter().all(|module| !module.contains('*')), "{modules:?}");
        let frames = stack_of(&report).crashed_thread().unwrap().frames.clone();
        for function in [
            "crasher::memory::fill_pixel",
            "crasher::kind::Kind::end",
            "crasher::main",
            "main",
        ] {
            assert!(frames.iter().any(is(function)), "{name}: {function}: {frames:?}");
        }
        let json = String::from_utf8(report.read(ReportFile::Event).unwrap().unwrap()).unwrap();
        let json = json.replace("*mut ", "").replace("*const ", "");
        assert_eq!(
            json.matches('*').count(),
            json.matches(&masked).count() * name.len(),
            "{json}"
        );
    }
}

/// The sources of a program that its user has built lie in their home: of a crash, and of an error that the SDK captured.
#[test]
fn paths_of_sources_in_the_home_are_masked_too() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = sources.file_name().unwrap().to_str().unwrap();
    let masked = sources.with_file_name("*".repeat(name.len())).join("src/bin/crasher");
    for (kind, file) in [("null-write", "memory.rs"), ("panic-thread", "panics.rs")] {
        let scene = Scene::new();
        scene.run(scene.crasher(kind).env("HOME", sources));
        let event = scene
            .report_in(State::Waiting)
            .read(ReportFile::Event)
            .unwrap()
            .unwrap();
        let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
        let frames = event["exception"]["values"][0]["stacktrace"]["frames"]
            .as_array()
            .unwrap();
        let has = |path: &Path| frames.iter().any(|frame| frame["abs_path"].as_str() == path.to_str());
        assert!(has(&masked.join(file)), "{kind}: {frames:#?}");
        assert_nowhere(&scene.store_root(), &[&format!("{}/src", sources.display())]);
    }
}

#[test]
fn the_command_line_finds_the_users_files_by_masked_paths() {
    let (scene, home) = home_of("zoe-wkqjv");
    crash_of_user(&scene, &home, NETS[0]);
    let dump = scene
        .report_in(State::Waiting)
        .folder()
        .join(ReportFile::Minidump.name());
    let show = |home: &Path| {
        let mut afterword = Command::new(program("afterword"));
        let shown = quiet(afterword.args(["dump", "show"]).arg(&dump).env("HOME", home))
            .output()
            .unwrap();
        assert!(shown.status.success(), "{shown:?}");
        String::from_utf8(shown.stdout).unwrap()
    };
    let (here, elsewhere) = (show(&home), show(Path::new("/home/somebody")));
    let top = "crasher::memory::fill_pixel";
    assert!(here.contains(top) && here.contains("crasher/memory.rs:"), "{here}");
    assert!(!elsewhere.contains(top), "{elsewhere}");
}
