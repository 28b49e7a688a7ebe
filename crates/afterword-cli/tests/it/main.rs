//! The command itself, as a person or a script runs it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod consent;
mod dump;
mod help;
mod reports;
mod sending;
mod server;
mod symbols;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use afterword_store::{AppId, ConsentPolicy, ReportFile, ReportId, ReportInfo, ReportKind, Store};
use serde_json::json;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

/// Nothing here takes long: a command that hangs is broken. Generous for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const NOON: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);

/// How a run of the command ended.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// Standard output of a run that must have succeeded.
    fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "{}", self.stderr);
        &self.stdout
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }

    /// Standard error of a run that must have failed so.
    fn failed(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        &self.stderr
    }
}

/// Runs the command, without a terminal and without this machine's own reports.
fn afterword(arguments: &[&str]) -> Ran {
    run(Command::new(env!("CARGO_BIN_EXE_afterword"))
        .args(arguments)
        .env("AFTERWORD_STORE", "/nonexistent"))
}

fn run(command: &mut Command) -> Ran {
    let start = Instant::now();
    let Output { status, stdout, stderr } = command
        .stdin(Stdio::null())
        .env_remove("COLUMNS")
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .unwrap();
    assert!(start.elapsed() < PATIENCE, "{command:?} took {:?}", start.elapsed());
    Ran {
        code: status.code().unwrap_or_else(|| panic!("{command:?} ended by {status}")),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// A file of the shared fixtures; `None` where they have not been checked out beside the workspace.
fn fixture(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/fixtures")
        .join(name);
    if !path.exists() {
        eprintln!("skipped: there are no fixtures beside the workspace");
        return None;
    }
    path.canonicalize().ok()
}

/// A store in a folder that goes away with it.
struct Reports {
    root: TempDir,
}

impl Reports {
    fn new() -> Reports {
        let root = tempfile::tempdir().unwrap();
        Reports { root }
    }

    fn root(&self) -> &str {
        self.root.path().to_str().unwrap()
    }

    fn store(&self, app: &str) -> Store {
        Store::open(self.root.path(), &AppId::new(app).unwrap()).unwrap()
    }

    /// Keeps a crash of `demo`, as the reporter does.
    fn add(&self, info: ReportInfo) -> ReportId {
        self.add_of("demo", info)
    }

    fn add_of(&self, app: &str, info: ReportInfo) -> ReportId {
        let new = self.store(app).begin_report(info.report_id).unwrap();
        let dump = fixture("minidumps/windows-x86-test-app.dmp").map(|path| std::fs::read(path).unwrap());
        new.write(ReportFile::Minidump, &dump.unwrap_or_else(|| b"MDMP".to_vec()))
            .unwrap();
        new.commit(&info).unwrap().id()
    }

    /// Runs `afterword reports --store … …`.
    fn command(&self, arguments: &[&str]) -> Ran {
        afterword(&[&["reports", "--store", self.root()], arguments].concat())
    }

    /// The states that `reports list` knows, by id.
    fn state(&self, id: ReportId) -> Option<String> {
        let list = self.command(&["list", "--json"]).json();
        let entry = list
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["id"] == id.to_string())?;
        Some(entry["state"].as_str().unwrap().to_owned())
    }
}

/// A crash whose id is `digit` all over.
fn info(digit: u128) -> ReportInfo {
    ReportInfo {
        version: ReportInfo::VERSION,
        report_id: Uuid::from_u128(0x1111_1111_1111_1111_1111_1111_1111_1111 * digit).into(),
        event_id: Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        kind: ReportKind::Crash,
        dsn: "http://key@127.0.0.1:9/1".into(),
        app_name: "Demo".into(),
        release: Some("demo@1.0".into()),
        environment: Some("test".into()),
        captured_at: NOON + Duration::from_secs(digit as u64 * 60),
        reason: "SIGSEGV".into(),
        signal: Some("SIGSEGV".into()),
        address: Some(0x45),
        message: None,
        thread_name: Some("main".into()),
        event: json!({
            "tags": { "tool.colour": "blue", "strokes": "3" },
            "breadcrumbs": [{ "category": "draw", "message": "drew a stroke" }],
        }),
        removed: vec!["environment variables".into()],
        soft_errors: vec![],
        policy: ConsentPolicy::Ask,
    }
}
