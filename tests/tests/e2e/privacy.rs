//! What lies on the disk after a crash says nothing of what the program held, nor whose it is.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use afterword_store::{Report, ReportFile, State};
use afterword_symbols::{Frame, ProcessedCrash};
use minidump::{Minidump, MinidumpModuleList, Module as _};

use crate::process::{Scene, all_files, program, quiet, wait_for};

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
fn found(bytes: &[u8], words: &[&str]) -> Vec<String> {
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
fn assert_nowhere(folder: &Path, words: &[&str]) {
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
    let report = scene.report_in(State::Waiting);
    let stack = stack_of(&report);
    assert!(
        stack
            .threads
            .iter()
            .any(|thread| thread.frames.iter().any(is("crasher::canaries::wait_with")))
    );
    assert!(
        stack
            .crashed_thread()
            .unwrap()
            .frames
            .iter()
            .any(is("crasher::canaries::crash"))
    );
    assert_nowhere(&scene.store_root(), &[CANARY, WORD]);
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

/// A crasher that waits for its standard input to be closed, and its reporter.
struct Waiting {
    app: Child,
    reporter: i32,
}

impl Waiting {
    fn start(scene: &Scene, deadline_ms: u32) -> Waiting {
        let mut crasher = with_canaries(scene, "canaries-when-told");
        crasher
            .arg("--deadline-ms")
            .arg(deadline_ms.to_string())
            .stdin(Stdio::piped());
        let app = crasher.spawn().unwrap();
        let log = scene.store().log_folder();
        // It keeps its journal open from the beginning to the end.
        let reporter = wait_for("the reporter", || holder_of(&log, app.id()));
        Waiting { app, reporter }
    }

    fn signal_reporter(&self, signal: i32) {
        let told = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(self.reporter.to_string())
            .status();
        assert!(told.unwrap().success());
    }

    /// Closes its standard input: it crashes now.
    fn crash(&mut self) {
        drop(self.app.stdin.take());
    }
}

/// A process other than this one that holds a file below a folder open.
fn holder_of(folder: &Path, other_than: u32) -> Option<i32> {
    let holds = |process: &Path| {
        let files = std::fs::read_dir(process.join("fd")).ok()?;
        let mut targets = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
        targets.any(|target| target.starts_with(folder)).then_some(())
    };
    std::fs::read_dir("/proc").unwrap().flatten().find_map(|process| {
        let pid: i32 = process.file_name().to_str()?.parse().ok()?;
        (pid.unsigned_abs() != other_than && holds(&process.path()).is_some()).then_some(pid)
    })
}

/// The only run file that is left.
fn run_file(scene: &Scene) -> PathBuf {
    let runs: Vec<PathBuf> = all_files(&scene.store_root())
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| path.ends_with("run"))
        .collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0].clone()
}

#[test]
fn a_run_file_left_by_a_run_that_was_killed_holds_no_canary() {
    let scene = Scene::new();
    let mut waiting = Waiting::start(&scene, 10_000);
    waiting.signal_reporter(libc::SIGKILL);
    waiting.app.kill().unwrap();
    waiting.app.wait().unwrap();
    run_file(&scene);
    assert_nowhere(&scene.store_root(), &[CANARY, WORD]);
}

#[test]
fn a_run_file_left_by_a_crash_that_nobody_dumped_holds_no_canary() {
    for kill_first in [false, true] {
        let scene = Scene::new();
        let mut waiting = Waiting::start(&scene, 300);
        // Stopped, it does not answer; killed, it hangs up.
        waiting.signal_reporter(if kill_first { libc::SIGKILL } else { libc::SIGSTOP });
        waiting.crash();
        assert_eq!(waiting.app.wait().unwrap().signal(), Some(libc::SIGILL));
        if !kill_first {
            waiting.signal_reporter(libc::SIGKILL);
        }
        assert_nowhere(&scene.store_root(), &[CANARY, WORD]);
    }
}

#[test]
fn a_run_file_of_a_crash_that_was_cut_off_holds_no_canary() {
    let scene = Scene::new();
    let mut waiting = Waiting::start(&scene, 60_000);
    waiting.signal_reporter(libc::SIGSTOP);
    let run = run_file(&scene);
    let before = std::fs::read(&run).unwrap();
    waiting.crash();
    // The handler has written what it writes, and sleeps until it is answered.
    let stat = format!("/proc/{}/stat", waiting.app.id());
    wait_for("the handler", || (std::fs::read(&run).unwrap() != before).then_some(()));
    wait_for("the handler", || {
        let stat = std::fs::read_to_string(&stat).unwrap();
        stat.contains(") S ").then_some(())
    });
    waiting.app.kill().unwrap();
    waiting.app.wait().unwrap();
    waiting.signal_reporter(libc::SIGKILL);
    assert_nowhere(&scene.store_root(), &[CANARY, WORD]);
}

/// Starts the crasher from a folder in the home of a user of this name, with its store there too.
fn crash_of_user(scene: &Scene, name: &str) -> PathBuf {
    let home = scene.folder.path().join("home").join(name);
    let app = home.join("apps").join("crasher");
    std::fs::create_dir_all(app.parent().unwrap()).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_crasher"), &app).unwrap();
    let mut crasher = Command::new(&app);
    crasher
        .arg("null-write")
        .arg("--store")
        .arg(scene.store_root())
        .env("HOME", &home);
    scene.run(quiet(&mut crasher));
    home
}

fn modules(report: &Report) -> Vec<String> {
    let dump = Minidump::read(report.read(ReportFile::Minidump).unwrap().unwrap()).unwrap();
    let modules: MinidumpModuleList = dump.get_stream().unwrap();
    modules.iter().map(|module| module.code_file().into_owned()).collect()
}

#[test]
fn the_users_name_is_nowhere_and_the_stack_is_worked_out_all_the_same() {
    for name in ["zoe-0f3b9", "zoë-0f3b9"] {
        let scene = Scene::new();
        let home = crash_of_user(&scene, name);
        assert_nowhere(&scene.store_root(), &[name, "0f3b9"]);
        let report = scene.report_in(State::Waiting);
        let masked = home.with_file_name("*".repeat(name.encode_utf16().count()));
        let app = masked.join("apps").join("crasher");
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
        assert_eq!(crash.modules[0].path, app.display().to_string());
        let top = crash.top_app_frame().unwrap();
        assert_eq!(top.function.as_deref(), Some("crasher::memory::fill_pixel"));
        assert!(
            top.file
                .as_deref()
                .is_some_and(|file| file.ends_with("crasher/memory.rs")),
            "{top:?}"
        );
        assert!(top.line.is_some(), "{top:?}");
    }
}

#[test]
fn users_with_the_names_of_other_things_ruin_nothing() {
    for name in ["a", "main", "crasher"] {
        let scene = Scene::new();
        let home = crash_of_user(&scene, name);
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
    let scene = Scene::new();
    let home = crash_of_user(&scene, "zoe-0f3b9");
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
