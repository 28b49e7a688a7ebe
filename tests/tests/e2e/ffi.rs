//! The examples in C and C++, compiled by the system's compilers, linked in both ways, and crashed.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use afterword_reporter::{Assembled, assemble};
use afterword_store::{AppId, Report, ReportKind, State, Store};
use tempfile::TempDir;

use crate::collector::Server;
use crate::process::{journals, program, quiet, wait_for};

/// How the library gets into the program.
#[derive(Clone, Copy, PartialEq)]
enum Linking {
    Static,
    Shared,
}

/// What Rust's standard library needs of the system, behind a static library.
const SYSTEM: [&str; 7] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];

/// A folder with an example in it.
struct Example {
    folder: TempDir,
    program: PathBuf,
}

impl Example {
    /// With the system's `cc`, or `c++` for C++, each in the oldest language that the example needs.
    fn compile(source: &str, linking: Linking) -> Example {
        let (compiler, language) = match source.ends_with(".c") {
            true => ("cc", "-std=c99"),
            false => ("c++", "-std=c++17"),
        };
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/afterword-ffi");
        // Beside the test program, since it is what this package depends on.
        let libraries = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("paintbox");
        let mut compile = Command::new(compiler);
        compile.args([language, "-pedantic", "-g", "-O0", "-Wall", "-Wextra", "-Werror", "-I"]);
        compile.arg(package.join("include")).arg(package.join(source));
        compile.arg("-o").arg(&program);
        match linking {
            Linking::Static => compile.arg(libraries.join("libafterword_ffi.a")).args(SYSTEM),
            Linking::Shared => compile
                .arg("-L")
                .arg(&libraries)
                .arg(format!("-Wl,-rpath,{}", libraries.display()))
                .arg("-lafterword_ffi"),
        };
        let output = compile.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Example { folder, program }
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("store"), &AppId::from_name("Paintbox")).unwrap()
    }

    /// Runs it to its end, and until its reporter has ended. All it is told is in its environment.
    fn crash(&self, dsn: &str, consent: &str, file: &[u8]) -> Output {
        let mut command = Command::new(&self.program);
        quiet(&mut command)
            .arg(OsStr::from_bytes(file))
            .env("SENTRY_DSN", dsn)
            .env("AFTERWORD_STORE", self.folder.path().join("store"))
            .env("AFTERWORD_REPORTER", program("afterword-reporter"))
            .env("AFTERWORD_CONSENT", consent);
        let output = command.output().unwrap();
        wait_for("the reporter's end", || {
            let journals = journals(&self.store());
            journals
                .iter()
                .any(|journal| journal.trim_end().ends_with("done"))
                .then_some(())
        });
        output
    }

    /// The only report, and what it comes to.
    fn assembled(&self) -> (Report, Assembled) {
        let mut reports = self.store().reports().unwrap();
        assert_eq!(reports.len(), 1, "{:?}", journals(&self.store()));
        let report = reports.remove(0);
        let assembled = assemble(&self.store(), report.id()).unwrap();
        (report, assembled)
    }

    /// The report of the crash; there may be others.
    fn crash_report(&self) -> Report {
        let mut reports = self.store().reports().unwrap();
        reports.retain(|report| report.info().is_ok_and(|info| info.kind == ReportKind::Crash));
        assert_eq!(reports.len(), 1, "{:?}", journals(&self.store()));
        reports.remove(0)
    }
}

const NOWHERE: &str = "http://key@127.0.0.1:9/1";

fn check_c(linking: Linking) {
    let example = Example::compile("examples/c/crash.c", linking);
    let output = example.crash(NOWHERE, "ask", b"brush.paint");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    check(
        &example,
        "SIGSEGV",
        "blend_pixel",
        "crash.c",
        "chose Effects, Drop shadow",
    );
}

fn check_cpp(linking: Linking) {
    let example = Example::compile("examples/cpp/crash.cpp", linking);
    let output = example.crash(NOWHERE, "ask", b"brush.paint");
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("std::out_of_range"),
        "{output:?}"
    );
    check(
        &example,
        "SIGABRT",
        "paintbox::Palette::pick",
        "crash.cpp",
        "chose Effects, Recolour",
    );
}

/// The report of an example that crashed in this function of this file.
fn check(example: &Example, signal: &str, function: &str, file: &str, last_breadcrumb: &str) {
    let report = example.crash_report();
    assert_eq!(report.state(), State::Waiting);
    let info = report.info().unwrap();
    assert_eq!(info.signal.as_deref(), Some(signal));
    assert_eq!(info.release.as_deref(), Some("paintbox@1.4.0"));
    let assembled = assemble(&example.store(), report.id()).unwrap();
    let crash = assembled.crash.unwrap();
    let frames = &crash.crashed_thread().unwrap().frames;
    let ours = frames
        .iter()
        .find(|frame| frame.in_app)
        .unwrap_or_else(|| panic!("{frames:#?}"));
    assert!(ours.function.as_deref().unwrap().starts_with(function), "{ours:?}");
    assert!(
        ours.file.as_deref().unwrap().ends_with(file) && ours.line.is_some(),
        "{ours:?}"
    );
    let main = frames.iter().find(|frame| frame.function.as_deref() == Some("main"));
    assert!(main.is_some(), "{frames:#?}");
    let event = &assembled.event;
    assert_eq!(event["tags"]["file"], "brush.paint");
    let breadcrumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    assert_eq!(breadcrumbs[0]["message"], "opened a file");
    assert_eq!(breadcrumbs.last().unwrap()["message"], last_breadcrumb);
}

#[test]
fn c_with_the_static_library_is_reported() {
    check_c(Linking::Static);
}

#[test]
fn c_with_the_shared_library_is_reported() {
    check_c(Linking::Shared);
}

#[test]
fn cpp_with_the_static_library_is_reported() {
    check_cpp(Linking::Static);
}

#[test]
fn cpp_with_the_shared_library_is_reported() {
    check_cpp(Linking::Shared);
}

/// A file's name may be any bytes, and of any length.
#[test]
fn what_is_no_text_is_replaced_and_cut_and_the_report_still_goes() {
    let server = Server::start();
    let example = Example::compile("examples/c/crash.c", Linking::Static);
    let mut file = b"br\xffush".to_vec();
    file.resize(100_000, b'x');
    example.crash(&server.access.dsn, "always", &file);
    let report = example.crash_report();
    assert_eq!(report.state(), State::Sent, "{:?}", journals(&example.store()));
    let event_id = report.info().unwrap().event_id.simple().to_string();
    let event = wait_for("the crash at the collector", || {
        server.get(&format!("projects/studio/paint/events/{event_id}/"))
    });
    let tags = event["tags"].as_array().unwrap();
    let tag = tags.iter().find(|tag| tag["key"] == "file");
    let value = tag.unwrap()["value"].as_str().unwrap();
    assert!(
        value.starts_with("br\u{fffd}ushxxx") && value.ends_with("x…"),
        "{value}"
    );
    wait_for("both issues", || {
        let issues = server.issues();
        let has = |words: &str| {
            issues
                .iter()
                .any(|issue| issue["title"].as_str().unwrap().contains(words))
        };
        (has("SIGSEGV") && has("the file is of an older version")).then_some(())
    });
}

/// The library brings its own `pthread_create`, for this.
#[test]
fn an_overflow_on_a_thread_of_c_is_reported() {
    for linking in [Linking::Static, Linking::Shared] {
        let example = Example::compile("../../tests/native/embedding.c", linking);
        let output = example.crash(NOWHERE, "ask", b"overflow");
        assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
        let (report, assembled) = example.assembled();
        assert_eq!(report.info().unwrap().kind, ReportKind::Crash);
        let crash = assembled.crash.unwrap();
        let top = &crash.crashed_thread().unwrap().frames[0];
        assert_eq!(top.function.as_deref(), Some("spread"));
    }
}

#[test]
fn a_hang_of_a_main_thread_of_c_is_reported() {
    let example = Example::compile("../../tests/native/embedding.c", Linking::Shared);
    let output = example.crash(NOWHERE, "ask", b"hang");
    assert!(output.status.success(), "{output:?}");
    let (report, assembled) = example.assembled();
    assert_eq!(report.info().unwrap().kind, ReportKind::Hang);
    let crash = assembled.crash.unwrap();
    let frames = &crash.crashed_thread().unwrap().frames;
    let ours = frames.iter().find(|frame| frame.in_app).unwrap();
    assert_eq!(ours.function.as_deref(), Some("wait_for_printer"));
}

#[test]
fn a_flush_tells_c_what_was_sent_and_what_is_held_back() {
    let server = Server::start();
    for (consent, said) in [("always", "0 0 0\n"), ("ask", "0 0 1\n")] {
        let example = Example::compile("../../tests/native/embedding.c", Linking::Shared);
        let output = example.crash(&server.access.dsn, consent, b"flush");
        assert_eq!(String::from_utf8_lossy(&output.stdout), said, "{consent}: {output:?}");
    }
    assert_eq!(
        wait_for("the issue", || Some(server.issues())
            .filter(|issues| !issues.is_empty()))
        .len(),
        1
    );
}

#[test]
fn a_consent_that_c_gives_releases_what_was_held_back() {
    let server = Server::start();
    let example = Example::compile("../../tests/native/embedding.c", Linking::Shared);
    let output = example.crash(&server.access.dsn, "ask", b"agree");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1 0 0 1\n", "{output:?}");
    wait_for("both issues", || {
        let issues = server.issues();
        let has = |title: &str| issues.iter().any(|issue| issue["title"] == title);
        (has("from C, before") && has("from C, after")).then_some(())
    });
}

/// Without a DSN it is a program as any other.
#[test]
fn without_a_dsn_there_are_words_and_no_report() {
    let example = Example::compile("examples/c/crash.c", Linking::Shared);
    let mut command = Command::new(&example.program);
    let output = quiet(command.env_remove("SENTRY_DSN")).output().unwrap();
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "there will be no crash reports: Afterword is off\n"
    );
}
