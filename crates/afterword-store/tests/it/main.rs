//! The store against a real file system: every move, every kill, every hand that meddles.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod ends;
mod gate;
mod given;
mod leftovers;
mod losses;
mod moves;
mod outbox_kills;
mod retention;
mod together;
mod withdraw;

use std::fs;
use std::path::{Path, PathBuf};

use afterword_store::{
    Answer, AppId, ConsentPolicy, Decision, Delivery, Report, ReportFile, ReportId, ReportInfo, ReportKind, Store,
};
use serde_json::json;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

/// When everything in these tests happens.
const NOON: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);

/// A store in a folder that goes away with it.
struct Fixture {
    root: TempDir,
    store: Store,
}

impl Fixture {
    fn new() -> Fixture {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), &AppId::new("demo").unwrap()).unwrap();
        Fixture { root, store }
    }

    fn root(&self) -> &Path {
        self.root.path()
    }

    /// `reports/<state>/<id>`, spelled out here so that the layout is held by the tests.
    fn folder(&self, state: &str, id: ReportId) -> PathBuf {
        self.root().join("demo/reports").join(state).join(id.to_string())
    }

    /// A committed crash with a dump, an event and a stack.
    fn report(&self) -> Report {
        self.report_with(ConsentPolicy::Ask, NOON)
    }

    fn report_with(&self, policy: ConsentPolicy, captured_at: OffsetDateTime) -> Report {
        let id = ReportId::random();
        let new = self.store.begin_report(id).unwrap();
        new.write(ReportFile::Minidump, b"MDMP\0\0").unwrap();
        let report = new.commit(&info(id, policy, captured_at)).unwrap();
        report.put(ReportFile::Event, br#"{"level":"fatal"}"#).unwrap();
        report.put(ReportFile::Stack, br#"{"threads":[]}"#).unwrap();
        report
    }

    /// The names in a report's folder.
    fn files(&self, state: &str, id: ReportId) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder(state, id))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn info(id: ReportId, policy: ConsentPolicy, captured_at: OffsetDateTime) -> ReportInfo {
    ReportInfo {
        version: ReportInfo::VERSION,
        report_id: id,
        event_id: Uuid::from_u128(0x1234),
        kind: ReportKind::Crash,
        dsn: "http://key@127.0.0.1:9/1".into(),
        app_name: "Demo".into(),
        release: Some("demo@1.0".into()),
        environment: None,
        captured_at,
        reason: "SIGSEGV".into(),
        signal: Some("SIGSEGV".into()),
        address: Some(0),
        message: None,
        thread_name: Some("main".into()),
        event: json!({"tags": {"brush": "round"}}),
        removed: vec!["environment".into()],
        soft_errors: vec![],
        policy,
    }
}

fn answer(decision: Decision) -> Answer {
    Answer {
        comment: Some("I drew a circle".into()),
        ..Answer::new(decision, NOON, 1, "en")
    }
}

fn accepted() -> Delivery {
    Delivery {
        attempts: 1,
        report_accepted_at: Some(NOON),
        bytes_sent: 100,
        status: Some(200),
        ..Delivery::default()
    }
}
