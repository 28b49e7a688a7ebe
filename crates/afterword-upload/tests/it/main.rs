//! The uploader against a real HTTP server on loopback, made by the test, that answers as it is told.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod accepted;
mod failing;
mod kills;
mod long_queue;
mod losses;
mod preview;
mod queue;
mod server;
mod transport;
mod wire;

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use afterword_store::{
    Answer, AppId, ConsentPolicy, Decision, Delivery, ReportFile, ReportId, ReportInfo, ReportKind, State, Store,
};
use afterword_upload::{NoProgress, Options, Outcome, Progress, Uploader};
use serde_json::json;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use server::Server;

const NOON: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);
const EVENT_ID: Uuid = Uuid::from_u128(0x9ec7_9c33_ec99_42ab_8353_589f_cb2e_04dc);
const DUMP: &[u8] = b"MDMP\x00\xff\n\r\n{}\n";
const EVENT: &[u8] = br#"{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","level":"fatal"}"#;
const STACK: &[u8] = br#"{"threads":[]}"#;

/// A store with a report that was answered with *Send*, and a server.
struct Fixture {
    root: TempDir,
    store: Store,
    server: Server,
}

impl Fixture {
    fn new(replies: impl IntoIterator<Item = server::Reply>) -> Fixture {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), &AppId::new("demo").unwrap()).unwrap();
        Fixture {
            root,
            store,
            server: Server::start(replies),
        }
    }

    /// A crash with a dump, event and stack, and consent.
    fn report(&self, comment: Option<&str>) -> ReportId {
        self.report_of(
            ReportKind::Crash,
            comment,
            &[
                (ReportFile::Minidump, DUMP),
                (ReportFile::Event, EVENT),
                (ReportFile::Stack, STACK),
            ],
        )
    }

    fn report_of(&self, kind: ReportKind, comment: Option<&str>, files: &[(ReportFile, &[u8])]) -> ReportId {
        let id = ReportId::random();
        let new = self.store.begin_report(id).unwrap();
        for (file, bytes) in files {
            new.write(*file, bytes).unwrap();
        }
        new.commit(&self.info(id, kind)).unwrap();
        let answer = Answer {
            comment: comment.map(str::to_owned),
            email: comment.map(|_| "painter@example.org".to_owned()),
            ..Answer::new(Decision::Send, NOON, 1, "en")
        };
        self.store.put_answer(id, &answer).unwrap();
        self.store.settle(id).unwrap();
        id
    }

    /// Where its `delivery.json` is while it is in `sending`.
    fn delivery_json(&self, id: ReportId) -> PathBuf {
        self.root
            .path()
            .join("demo/reports/sending")
            .join(id.to_string())
            .join("delivery.json")
    }

    fn info(&self, id: ReportId, kind: ReportKind) -> ReportInfo {
        ReportInfo {
            version: ReportInfo::VERSION,
            report_id: id,
            event_id: EVENT_ID,
            kind,
            dsn: self.server.dsn(),
            app_name: "Demo".into(),
            release: Some("demo@1.0".into()),
            environment: Some("test".into()),
            captured_at: NOON,
            reason: "SIGSEGV".into(),
            signal: Some("SIGSEGV".into()),
            address: Some(0),
            message: None,
            thread_name: None,
            event: json!({"tags": {"brush": "round"}}),
            removed: vec![],
            soft_errors: vec![],
            policy: ConsentPolicy::Ask,
        }
    }

    fn send(&self, id: ReportId) -> Outcome {
        uploader().send_report(&self.store, id, &NoProgress).unwrap()
    }

    fn state(&self, id: ReportId) -> State {
        self.store.report(id).unwrap().state()
    }

    fn delivery(&self, id: ReportId) -> Delivery {
        self.store.report(id).unwrap().delivery().unwrap()
    }

    fn has_dump(&self, id: ReportId) -> bool {
        self.store
            .report(id)
            .unwrap()
            .read(ReportFile::Minidump)
            .unwrap()
            .is_some()
    }

    /// That it stays, whole, to be sent later; and why.
    fn assert_later(&self, id: ReportId, outcome: Outcome) -> (String, OffsetDateTime) {
        let Outcome::Later { why, retry_at } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(self.state(id), State::Sending);
        assert!(self.has_dump(id));
        let delivery = self.delivery(id);
        assert_eq!(delivery.last_error.as_deref(), Some(why.as_str()));
        assert_eq!(delivery.next_attempt_at, Some(retry_at));
        assert_eq!(delivery.report_accepted_at, None);
        assert!(retry_at > OffsetDateTime::now_utc());
        (why, retry_at)
    }
}

/// For servers that answer. No test waits for these times, however slow the machine is.
fn uploader() -> Uploader {
    Uploader::new(Options {
        connect_timeout: Duration::from_secs(30),
        stall_timeout: Duration::from_secs(30),
        total_timeout: Duration::from_secs(60),
        lock_timeout: Duration::from_millis(200),
        retries: 0,
        ..Options::new("afterword-test/1.0")
    })
}

/// Keeps what it was told, and cancels once enough has been sent.
#[derive(Default)]
struct Watcher {
    sent_bytes: Cell<u64>,
    total_bytes: Cell<u64>,
    calls: Cell<u32>,
    cancel_after: Option<u64>,
}

impl Progress for Watcher {
    fn sent(&self, sent_bytes: u64, total_bytes: u64) {
        assert!(
            sent_bytes >= self.sent_bytes.get() && sent_bytes <= total_bytes,
            "progress goes forward"
        );
        self.sent_bytes.set(sent_bytes);
        self.total_bytes.set(total_bytes);
        self.calls.set(self.calls.get() + 1);
    }

    fn cancelled(&self) -> bool {
        self.cancel_after.is_some_and(|bytes| self.sent_bytes.get() >= bytes)
    }
}

/// Does something once, when the first bytes are under way.
struct Once<F: Fn()>(F, Cell<bool>);

impl<F: Fn()> Once<F> {
    fn new(act: F) -> Once<F> {
        Once(act, Cell::new(false))
    }
}

impl<F: Fn()> Progress for Once<F> {
    fn sent(&self, _sent_bytes: u64, _total_bytes: u64) {
        if !self.1.replace(true) {
            (self.0)();
        }
    }

    fn cancelled(&self) -> bool {
        false
    }
}

/// Bytes that gzip cannot make smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
