//! A long queue over one connection.

use std::collections::BTreeSet;

use afterword_store::{ConsentPolicy, EnvelopeClass};
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
