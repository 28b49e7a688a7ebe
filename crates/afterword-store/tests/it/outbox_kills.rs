//! A process that drains an outbox is killed at random moments, while another appends and a third sends and deletes: each
//! record arrives once.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use afterword_store::outbox::HEAD_BYTES;
use afterword_store::{AppId, Clean, ConsentPolicy, Drain, EnvelopeClass, Error, OutboxWriter, Store};
use uuid::Uuid;

use crate::Fixture;

const RUN: Uuid = Uuid::from_u128(7);
const RECORDS: u32 = 3000;
const KILLS: u32 = 60;

fn drain(policy: ConsentPolicy, over: bool) -> Drain<'static> {
    Drain {
        policy,
        app_name: "Demo",
        over,
        clean: Clean::NOT,
    }
}

/// Takes what may be sent, as a sender does, and counts it by what is in it.
fn send(store: &Store, sent: &mut BTreeMap<String, u32>) {
    for envelope in store.queued_envelopes().unwrap() {
        let Some(bytes) = envelope.read().unwrap() else {
            continue;
        };
        *sent.entry(String::from_utf8(bytes).unwrap()).or_default() += 1;
        envelope.remove_sent().unwrap();
    }
}

#[test]
fn each_record_arrives_once_whenever_its_drainer_is_killed() {
    let fixture = Fixture::new();
    let writer = OutboxWriter::new(&fixture.store.create_run(RUN).unwrap());
    let done = AtomicBool::new(false);
    let mut sent = BTreeMap::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..RECORDS {
                let mut record = vec![0; HEAD_BYTES];
                // Of all lengths, so that there are several segments.
                record.extend_from_slice(format!("{number} {}", "x".repeat(number as usize * 2)).as_bytes());
                writer.append(EnvelopeClass::Error, &mut record).unwrap();
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut kills = 0;
        while kills < KILLS || !done.load(Ordering::SeqCst) {
            let mut drainer = drainer(&fixture);
            // The moment is the point: any will do.
            thread::sleep(Duration::from_micros(u64::from(Uuid::new_v4().as_fields().0 % 40_000)));
            drainer.kill().unwrap();
            drainer.wait().unwrap();
            kills += 1;
            send(&fixture.store, &mut sent);
        }
    });
    fixture
        .store
        .drain_outbox(RUN, &drain(ConsentPolicy::Always, true))
        .unwrap();
    send(&fixture.store, &mut sent);
    assert_eq!(sent.len(), RECORDS as usize);
    let again: Vec<_> = sent.iter().filter(|(_, times)| **times != 1).collect();
    assert!(again.is_empty(), "{again:?}");
}

fn drainer(fixture: &Fixture) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["outbox_kills::other_process_drains", "--exact", "--ignored"])
        .env("AFTERWORD_TEST_ROOT", fixture.root())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "started by another test, and killed by it"]
fn other_process_drains() {
    let Some(root) = std::env::var_os("AFTERWORD_TEST_ROOT") else {
        return;
    };
    let store = Store::open(Path::new(&root), &AppId::new("demo").unwrap()).unwrap();
    loop {
        match store.drain_outbox(RUN, &drain(ConsentPolicy::Always, false)) {
            Ok(_) => thread::yield_now(),
            // The one before was killed and is not all gone.
            Err(Error::Busy { .. }) => thread::sleep(Duration::from_millis(1)),
            Err(error) => panic!("{error}"),
        }
    }
}
