use sentry_core::ClientOptions;
use sentry_core::protocol::EnvelopeItem;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

struct Channel(Mutex<Sender<SessionAggregates<'static>>>);

impl sentry_core::Transport for Channel {
    fn send_envelope(&self, envelope: Envelope) {
        for item in envelope.items() {
            if let EnvelopeItem::SessionAggregates(sessions) = item {
                let sender = self.0.lock().unwrap();
                sender.send(sessions.clone()).unwrap();
            }
        }
    }
}

fn client(release: &'static str) -> (Arc<Client>, Receiver<SessionAggregates<'static>>) {
    let (sender, receiver) = channel();
    let client = Client::from(
        ClientOptions::new()
            .dsn("https://public@sentry.invalid/1")
            .release(release)
            .transport(Arc::new(Channel(Mutex::new(sender)))),
    );
    (Arc::new(client), receiver)
}

fn minute(n: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(60 * n + 59)
}

#[test]
fn a_bucket_for_each_minute_of_start() {
    let (client, sent) = client("shop@1");
    let sessions = Sessions::default();
    sessions.record(&client, minute(1), Outcome::Exited);
    sessions.record(&client, minute(2), Outcome::Errored);
    sessions.record(&client, minute(1), Outcome::Crashed);
    sessions.flush();
    let items = sent.recv().unwrap().aggregates;
    let counts: Vec<_> = items
        .iter()
        .map(|item| (item.started, item.exited, item.errored, item.crashed))
        .collect();
    let start = |n: u64| UNIX_EPOCH + Duration::from_secs(60 * n);
    assert_eq!(counts, [(start(1), 1, 0, 1), (start(2), 0, 1, 0)]);
    drop(sessions);
    drop(client);
    assert!(sent.recv().is_err(), "nothing is sent twice");
}

#[test]
fn they_are_sent_when_the_period_is_over_and_again() {
    let (client, sent) = client("shop@1");
    let sessions = Sessions::with_period(Duration::from_millis(1));
    for n in 1..=3 {
        sessions.record(&client, minute(n), Outcome::Exited);
        assert_eq!(sent.recv().unwrap().aggregates.len(), 1);
    }
}

#[test]
fn no_more_minutes_are_kept_than_the_bound_and_none_are_lost() {
    let (client, sent) = client("shop@1");
    let sessions = Sessions::default();
    for n in 0..200 {
        sessions.record(&client, minute(n), Outcome::Exited);
        assert!(sessions.pending.lock().buckets.len() <= BUCKETS);
    }
    drop(sessions);
    drop(client);
    assert_eq!(sent.iter().map(|item| item.aggregates.len()).sum::<usize>(), 200);
}

#[test]
fn each_client_gets_its_own() {
    let (first, first_sent) = client("shop@1");
    let (second, second_sent) = client("bank@1");
    let sessions = Sessions::default();
    sessions.record(&first, minute(1), Outcome::Exited);
    sessions.record(&second, minute(1), Outcome::Exited);
    sessions.record(&first, minute(1), Outcome::Exited);
    drop(sessions);
    let item = first_sent.recv().unwrap();
    assert_eq!((&*item.attributes.release, item.aggregates[0].exited), ("shop@1", 2));
    let item = second_sent.recv().unwrap();
    assert_eq!((&*item.attributes.release, item.aggregates[0].exited), ("bank@1", 1));
}
