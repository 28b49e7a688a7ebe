//! A long queue over one connection.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use afterword_store::{AppId, ConsentPolicy, EnvelopeClass, Store};
use afterword_upload::{NoProgress, Options, Outcome, Uploader};
use uuid::Uuid;

use crate::server::{Keeping, Reply};
use crate::{Fixture, uploader};

/// How long the queue is, for whoever measures: ten thousand by `AFTERWORD_QUEUE_LENGTH=10000`.
fn length() -> usize {
    let said = std::env::var("AFTERWORD_QUEUE_LENGTH").ok();
    said.and_then(|length| length.parse().ok()).unwrap_or(200)
}

#[test]
fn a_pass_over_the_queue_takes_one_connection_and_sends_each_once() {
    let fixture = Fixture::new([]);
    let server = Keeping::start(|_| Reply::Echo);
    let dsn = server.dsn();
    let mut queued = BTreeSet::new();
    for _ in 0..length() {
        let id = Uuid::new_v4();
        queued.insert(id);
        let event = format!("{{\"event_id\":\"{id}\",\"message\":\"the brush fell\",\"level\":\"error\"}}");
        let bytes = format!("{{\"dsn\":\"{dsn}\",\"event_id\":\"{id}\"}}\n{{\"type\":\"event\"}}\n{event}\n");
        fixture
            .store
            .put_envelope(ConsentPolicy::Always, EnvelopeClass::Transaction, bytes.as_bytes())
            .unwrap();
    }
    let begin = std::time::Instant::now();
    let outcome = uploader().send_queued(&fixture.store).unwrap();
    assert_eq!((outcome.sent, outcome.left, outcome.later), (length(), 0, None));
    // For whoever measures; shown by `--no-capture`.
    log_line(&format!("{} envelopes in {:?}", length(), begin.elapsed()));
    assert_eq!(server.connections(), 1);
    let received = server.received();
    assert_eq!(received.len(), length(), "none twice");
    let got: BTreeSet<Uuid> = received
        .iter()
        .map(|request| request.envelope().header.event_id.unwrap())
        .collect();
    assert_eq!(got, queued);
}

#[expect(clippy::print_stderr, reason = "a figure for whoever measures")]
fn log_line(line: &str) {
    eprintln!("{line}");
}

#[test]
fn a_report_that_a_person_waits_for_goes_in_between() {
    // Three turns at the least, on a server that takes its time.
    let envelopes = 150;
    let server = Keeping::start(|_| {
        std::thread::sleep(Duration::from_millis(20));
        Reply::Echo
    });
    let fixture = Fixture::new([Reply::ok()]);
    let bytes = format!("{{\"dsn\":\"{}\"}}\n{{\"type\":\"session\"}}\n{{}}\n", server.dsn());
    for _ in 0..envelopes {
        fixture
            .store
            .put_envelope(ConsentPolicy::Always, EnvelopeClass::Session, bytes.as_bytes())
            .unwrap();
    }
    let id = fixture.report(None);
    let patient = Uploader::new(Options::new("afterword-test/1.0"));
    std::thread::scope(|scope| {
        let pass = scope.spawn(|| uploader().send_queued(&fixture.store).unwrap());
        while server.received().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let sent = patient.send_report(&fixture.store, id, &NoProgress).unwrap();
        assert!(matches!(sent, Outcome::Sent(_)), "{sent:?}");
        let left = fixture.store.queued_envelopes().unwrap().len();
        assert!(left > 0, "the queue was sent before the report");
        let outcome = pass.join().unwrap();
        // The queue is left to its sender where a report is under way.
        assert_eq!(outcome.sent + outcome.left, envelopes, "{outcome:?}");
    });
}

/// The folder of a store whose queue this process is to send: it is the child of the next test.
const SENDER: &str = "AFTERWORD_TEST_SENDER";

#[test]
fn a_child_of_the_next_one() {
    if let Some(root) = std::env::var_os(SENDER) {
        let store = Store::open(Path::new(&root), &AppId::new("demo").unwrap()).unwrap();
        uploader().send_queued(&store).unwrap();
    }
}

#[test]
fn a_sender_that_is_killed_again_and_again_loses_none_and_repeats_what_had_no_answer_at_most() {
    let fixture = Fixture::new([]);
    let server = Keeping::start(|_| Reply::Echo);
    let mut queued = BTreeSet::new();
    for _ in 0..300 {
        let id = Uuid::new_v4();
        queued.insert(id);
        let bytes = format!(
            "{{\"dsn\":\"{}\",\"event_id\":\"{id}\"}}\n{{\"type\":\"event\"}}\n{{}}\n",
            server.dsn()
        );
        fixture
            .store
            .put_envelope(ConsentPolicy::Always, EnvelopeClass::Transaction, bytes.as_bytes())
            .unwrap();
    }
    let kills = [1, 40, 41, 150, 290];
    for killed_at in kills {
        let mut sender = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "long_queue::a_child_of_the_next_one"])
            .env(SENDER, fixture.root.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while server.received().len() < killed_at {
            assert!(sender.try_wait().unwrap().is_none(), "it ended too early");
            std::thread::sleep(Duration::from_millis(1));
        }
        sender.kill().unwrap();
        sender.wait().unwrap();
    }
    let left = fixture.store.queued_envelopes().unwrap().len();
    assert_eq!(uploader().send_queued(&fixture.store).unwrap().sent, left);
    let received = server.received();
    let got: BTreeSet<Uuid> = received
        .iter()
        .map(|request| request.envelope().header.event_id.unwrap())
        .collect();
    assert_eq!(got, queued);
    assert!(received.len() <= queued.len() + kills.len(), "{}", received.len());
}
