//! What a crash of the crasher must leave, and the look at whether it did.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use afterword_store::{Report, ReportFile, ReportKind, State};
use afterword_symbols::{ProcessedCrash, Thread};
use serde_json::Value;

use crate::process::{Scene, built, program, quiet};

/// Which crasher.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    Debug,
    Release,
    /// Optimised, with panics that abort.
    Abort,
}

impl Build {
    fn crasher(self) -> PathBuf {
        match self {
            Build::Debug => program("crasher"),
            Build::Release => built("release", "crasher"),
            Build::Abort => built("abort", "crasher"),
        }
    }
}

/// What the report says of the address that was touched.
#[derive(Clone, Copy)]
pub(crate) enum Address {
    /// The kind of crash has none.
    None,
    Is(u64),
    /// Where the processor was.
    OfInstruction,
    NearStackPointer,
}

/// On which thread it happened.
#[derive(Clone, Copy)]
enum On {
    Main,
    /// One with this name.
    Named(&'static str),
    /// Any but the main one.
    Any,
}

/// What one kind of crash must leave.
#[derive(Clone)]
pub(crate) struct Expected {
    kind: String,
    report: Option<ReportKind>,
    signal: Option<&'static str>,
    address: Address,
    top: &'static str,
    callers: Vec<&'static str>,
    on: On,
    threads: usize,
    reaches_main: bool,
    has_scope: bool,
    is_a_copy: bool,
    groups_by_top: bool,
    printed: &'static str,
}

/// A crash by this signal, with this function of the app's on top, on the main thread.
pub(crate) fn crash(signal: &'static str, top: &'static str) -> Expected {
    Expected {
        signal: Some(signal),
        top,
        ..Expected::of(Some(ReportKind::Crash))
    }
}

impl Expected {
    fn of(report: Option<ReportKind>) -> Expected {
        Expected {
            kind: String::new(),
            report,
            signal: None,
            address: Address::None,
            top: "",
            callers: Vec::new(),
            on: On::Main,
            threads: 0,
            reaches_main: true,
            has_scope: true,
            is_a_copy: false,
            groups_by_top: true,
            printed: "",
        }
    }

    /// A panic that ends the app.
    pub(crate) fn panic(top: &'static str) -> Expected {
        Expected {
            top,
            ..Expected::of(Some(ReportKind::Panic))
        }
    }

    /// An error that the app survives.
    pub(crate) fn error(top: &'static str) -> Expected {
        Expected {
            top,
            ..Expected::of(Some(ReportKind::Error))
        }
    }

    /// No report at all.
    pub(crate) fn nothing() -> Expected {
        Expected::of(None)
    }

    pub(crate) fn of_kind(self, kind: &str) -> Expected {
        Expected {
            kind: kind.to_owned(),
            ..self
        }
    }

    pub(crate) fn address(self, address: Address) -> Expected {
        Expected { address, ..self }
    }

    /// Another function that is on the stack: further out than those named before.
    pub(crate) fn called_by(mut self, function: &'static str) -> Expected {
        self.callers.push(function);
        self
    }

    pub(crate) fn on_thread(self, name: &'static str) -> Expected {
        Expected {
            on: On::Named(name),
            reaches_main: false,
            ..self
        }
    }

    pub(crate) fn on_any_thread(self) -> Expected {
        Expected {
            on: On::Any,
            reaches_main: false,
            ..self
        }
    }

    /// At least so many threads are in the report.
    pub(crate) fn among_threads(self, threads: usize) -> Expected {
        Expected { threads, ..self }
    }

    /// The stack is too long for `main` to be on it, or `main` has returned.
    pub(crate) fn without_main(self) -> Expected {
        Expected {
            reaches_main: false,
            ..self
        }
    }

    /// It crashes before it has set a tag or left a breadcrumb.
    pub(crate) fn without_scope(self) -> Expected {
        Expected {
            has_scope: false,
            ..self
        }
    }

    /// It comes from outside, wherever the app just is: so the report's signature may be a function of the system.
    pub(crate) fn at_any_time(self) -> Expected {
        Expected {
            groups_by_top: false,
            ..self
        }
    }

    /// The crasher replaces its executable, so it gets one of its own.
    pub(crate) fn copied(self) -> Expected {
        Expected {
            is_a_copy: true,
            ..self
        }
    }

    /// What the app itself prints when it crashes.
    pub(crate) fn printed(self, words: &'static str) -> Expected {
        Expected { printed: words, ..self }
    }

    /// Crashes that build with and without Afterword, and looks at both.
    pub(crate) fn check(&self, build: Build) {
        let scene = Scene::new();
        let mut crasher = scene.crasher_at(&self.executable(&scene, build), &self.kind);
        if build != Build::Debug {
            crasher.arg("--reporter").arg(program("afterword-reporter"));
        }
        let with = scene.run(&mut crasher);
        let mut without = Command::new(self.executable(&scene, build));
        let without = quiet(without.arg(&self.kind).arg("--without")).output().unwrap();
        self.assert_ends_alike(&with, &without);
        if self.report.is_none() {
            assert!(scene.store().reports().unwrap().is_empty(), "{with:?}");
        } else {
            self.assert_says(&scene.report_in(State::Waiting));
        }
        assert!(scene.store().runs().unwrap().is_empty(), "the run is cleaned up");
    }

    fn executable(&self, scene: &Scene, build: Build) -> PathBuf {
        let built = build.crasher();
        if !self.is_a_copy {
            return built;
        }
        let copy = scene.folder.path().join("crasher");
        std::fs::copy(&built, &copy).unwrap();
        copy
    }

    fn assert_ends_alike(&self, with: &Output, without: &Output) {
        assert_eq!(with.status, without.status, "{with:?}");
        assert_eq!(with.status.core_dumped(), without.status.core_dumped());
        assert_eq!(plain(&with.stderr), plain(&without.stderr));
        assert_eq!(plain(&with.stdout), plain(&without.stdout));
        assert_eq!(String::from_utf8_lossy(&with.stdout), self.printed);
        let signal = with.status.signal();
        assert_eq!(
            self.report == Some(ReportKind::Crash),
            signal.is_some_and(|signal| signal != libc::SIGTERM),
            "{with:?}"
        );
    }

    pub(crate) fn assert_says(&self, report: &Report) {
        let info = report.info().unwrap();
        assert_eq!(Some(info.kind), self.report);
        assert_eq!(info.signal.as_deref(), self.signal);
        assert_eq!(info.release.as_deref(), Some("crasher@1.2.3"));
        assert_eq!(info.environment.as_deref(), Some("test"));
        let event = json(report, ReportFile::Event);
        assert_eq!(event["release"], "crasher@1.2.3");
        let breadcrumb = event["breadcrumbs"]["values"].as_array().and_then(|all| all.last());
        let breadcrumb = breadcrumb.map(|breadcrumb| &breadcrumb["message"]);
        let scope = (event["tags"]["paint"].as_str(), breadcrumb.and_then(Value::as_str));
        if self.has_scope {
            assert_eq!(scope, (Some("wet"), Some("pressed the button")));
        } else {
            assert_eq!(scope, (None, None));
        }
        if info.kind == ReportKind::Error {
            self.assert_is_error(report, &event);
        } else {
            let crash: ProcessedCrash = serde_json::from_value(json(report, ReportFile::Stack)).unwrap();
            let thread = self.assert_stack(&crash);
            self.assert_address(&crash, thread, info.address);
            assert_eq!(event["exception"]["values"][0]["thread_id"], thread.id);
        }
    }

    /// An error has its stack from the SDK, and no dump.
    fn assert_is_error(&self, report: &Report, event: &Value) {
        assert_eq!(report.read(ReportFile::Minidump).unwrap(), None);
        let frames = event["exception"]["values"][0]["stacktrace"]["frames"].as_array();
        let innermost = frames.unwrap().iter().rfind(|frame| frame["in_app"] == true).unwrap();
        // In release the line tables have the name without its path.
        assert!(
            self.top.ends_with(innermost["function"].as_str().unwrap()),
            "{innermost}"
        );
        assert_eq!(event["tags"]["thread.name"], "worker");
    }

    fn assert_stack<'c>(&self, crash: &'c ProcessedCrash) -> &'c Thread {
        let thread = crash.crashed_thread().unwrap();
        let functions: Vec<&str> = thread
            .frames
            .iter()
            .filter_map(|frame| frame.function.as_deref())
            .collect();
        let top = crash.top_app_frame().unwrap();
        assert_eq!(top.function.as_deref(), Some(self.top), "{functions:#?}");
        let place = top.file.as_deref().unwrap();
        let folder = ["tests/src/bin/crasher/", "native/"];
        assert!(folder.iter().any(|folder| place.contains(folder)), "{top:?}");
        assert!(top.line.is_some_and(|line| line > 1), "{top:?}");
        let name = self.top.split('(').next().unwrap_or_default();
        assert!(
            !self.groups_by_top || crash.signature.ends_with(name),
            "{}",
            crash.signature
        );

        let mut outwards = functions.iter();
        let main = self.reaches_main.then_some("crasher::main");
        for function in std::iter::once(self.top)
            .chain(self.callers.iter().copied())
            .chain(main)
        {
            assert!(
                outwards.any(|on_stack| *on_stack == function),
                "{function} is missing in {functions:#?}"
            );
        }
        // The system lists it first, and the dump has them in that order.
        let main_thread = crash.threads[0].id;
        match self.on {
            On::Main => assert_eq!(thread.id, main_thread),
            On::Named(name) => assert_eq!(thread.name.as_deref(), Some(name)),
            On::Any => assert_ne!(thread.id, main_thread),
        }
        assert!(crash.threads.len() >= self.threads, "{} threads", crash.threads.len());
        assert_eq!(crash.reason.signal.as_deref(), self.signal);
        thread
    }

    /// As the report has it, and as the dump has it for any other reader.
    fn assert_address(&self, crash: &ProcessedCrash, thread: &Thread, address: Option<u64>) {
        let expected = match self.address {
            Address::None => None,
            Address::Is(address) => Some(address),
            Address::OfInstruction => Some(thread.frames[0].instruction.0),
            Address::NearStackPointer => {
                let stack_pointer = thread.registers["rsp"].0;
                assert!(address.is_some_and(|address| address.abs_diff(stack_pointer) < 4096));
                address
            }
        };
        assert_eq!(address, expected);
        assert_eq!(crash.reason.address.map(|address| address.0), expected, "in the dump");
    }
}

pub(crate) fn json(report: &Report, file: ReportFile) -> Value {
    serde_json::from_slice(&report.read(file).unwrap().unwrap()).unwrap()
}

/// What was printed, without what differs from run to run: the numbers of threads, and the backtraces that the standard
/// library prints of panics that must not unwind, which have addresses and the panic hook in them.
fn plain(printed: &[u8]) -> String {
    let text = String::from_utf8_lossy(printed);
    let is_backtrace = |line: &str| {
        let start = line.trim_start();
        let number = start.split(':').next().unwrap_or_default();
        start.starts_with("at ") || (line.starts_with(' ') && number.parse::<u32>().is_ok())
    };
    let lines = text.lines().filter(|line| !is_backtrace(line));
    lines.map(without_thread_number).collect::<Vec<_>>().join("\n")
}

/// `thread 'main' (4711) panicked` → `thread 'main' panicked`
fn without_thread_number(line: &str) -> String {
    match line
        .split_once("' (")
        .and_then(|(before, rest)| Some((before, rest.split_once(')')?)))
    {
        Some((before, (number, after))) if number.parse::<u32>().is_ok() => format!("{before}'{after}"),
        _ => line.to_owned(),
    }
}

#[test]
fn a_build_that_is_missing_is_a_failure_with_a_remedy() {
    let missing = std::panic::catch_unwind(|| built("release", "no-such-program"));
    let words = *missing.unwrap_err().downcast::<String>().unwrap();
    assert!(words.contains("run the tests with `cargo xtask test`"), "{words}");
    assert!(
        words.contains(Path::new("release").join("no-such-program").to_str().unwrap()),
        "{words}"
    );
}
