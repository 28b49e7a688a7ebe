//! A drainer that is killed at each of its steps, beside others that send and delete what it puts into the store.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{AppId, ConsentPolicy, EnvelopeClass, Error, ItemKind, ReportFile, State, Store};

thread_local! {
    /// How many steps a drainer has left before it is killed.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Stands for the one of the drainer.
pub(super) fn step() -> Result<(), Error> {
    match LEFT.get() {
        Some(0) => Err(Error::Busy { path: "killed".into() }),
        Some(left) => {
            LEFT.set(Some(left - 1));
            Ok(())
        }
        None => Ok(()),
    }
}

struct Scene {
    _folder: TempDir,
    store: Store,
    run: Uuid,
    writer: OutboxWriter,
    policy: ConsentPolicy,
    /// How often each was sent, by what is in it.
    sent: BTreeMap<String, u32>,
}

impl Scene {
    fn new(policy: ConsentPolicy) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &AppId::new("demo").unwrap()).unwrap();
        let run = Uuid::new_v4();
        let writer = OutboxWriter::new(&store.create_run(run).unwrap());
        Scene {
            _folder: folder,
            store,
            run,
            writer,
            policy,
            sent: BTreeMap::new(),
        }
    }

    fn append(&self, class: EnvelopeClass, name: &str) {
        self.append_padded(class, name, 0);
    }

    fn append_padded(&self, class: EnvelopeClass, name: &str, padding: usize) {
        let item = match class {
            EnvelopeClass::Error => "event",
            _ => "transaction",
        };
        let payload = format!(r#"{{"event_id":"{}","message":"{name}"}}"#, Uuid::new_v4().simple());
        let envelope = format!(
            "{{\"dsn\":\"http://k@h/1\"}}\n{{\"type\":\"{item}\",\"length\":{}}}\n{payload}\n{}",
            payload.len(),
            "\n".repeat(padding)
        );
        let mut record = vec![0; HEAD_BYTES];
        record.extend_from_slice(envelope.as_bytes());
        self.writer.append(class, &mut record).unwrap();
    }

    fn drain(&self, over: bool) -> Result<Drained, Error> {
        let drain = Drain {
            policy: self.policy,
            app_name: "Demo",
            over,
            clean: Clean::NOT,
        };
        self.store.drain_outbox(self.run, &drain)
    }

    fn drain_killed_after(&self, steps: u32) -> bool {
        LEFT.set(Some(steps));
        let killed = self.drain(false).is_err();
        LEFT.set(None);
        killed
    }

    /// What another process does meanwhile: sends what may be sent, answers what is asked, and deletes it.
    fn send(&mut self) {
        for envelope in self.store.queued_envelopes().unwrap() {
            let bytes = envelope.read().unwrap().unwrap();
            *self.sent.entry(message(&bytes)).or_default() += 1;
            envelope.remove_sent().unwrap();
        }
        for report in self.store.reports().unwrap() {
            assert_eq!(report.state(), State::Waiting);
            assert_eq!(report.info().unwrap().app_name, "Demo");
            let bytes = report.read(ReportFile::Envelope).unwrap().unwrap();
            *self.sent.entry(message(&bytes)).or_default() += 1;
            self.store.delete(report.id()).unwrap();
        }
    }

    fn segments(&self) -> Vec<u32> {
        let entries = fs::read_dir(self.store.run_folder(self.run)).unwrap();
        let mut numbers: Vec<u32> = entries
            .filter_map(|entry| segment_number(&entry.unwrap().file_name().to_string_lossy()))
            .collect();
        numbers.sort_unstable();
        numbers
    }

    fn segment(&self, number: u32) -> std::path::PathBuf {
        segment_path(&self.store.run_folder(self.run), number)
    }

    fn arriving(&self) -> usize {
        fs::read_dir(self.store.run_folder(self.run).join("arriving")).map_or(0, Iterator::count)
    }
}

fn message(envelope: &[u8]) -> String {
    let text = String::from_utf8_lossy(envelope);
    let payload = text.lines().nth(2).unwrap();
    let event: serde_json::Value = serde_json::from_str(payload).unwrap();
    event["message"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_appended_arrives_in_its_order_and_once() {
    let mut scene = Scene::new(ConsentPolicy::Always);
    for number in 0..600 {
        scene.append(EnvelopeClass::Error, &format!("{number:04}"));
    }
    let drained = scene.drain(false).unwrap();
    assert_eq!((drained.queued, drained.held, drained.dropped), (600, 0, 0));
    let order: Vec<String> = scene
        .store
        .queued_envelopes()
        .unwrap()
        .iter()
        .map(|envelope| message(&envelope.read().unwrap().unwrap()))
        .collect();
    assert!(order.is_sorted(), "{order:?}");
    scene.append(EnvelopeClass::Transaction, "later");
    assert_eq!(scene.drain(false).unwrap().queued, 1);
    assert_eq!(scene.drain(true).unwrap().queued, 0);
    scene.send();
    assert_eq!(scene.sent.len(), 601);
    assert!(scene.sent.values().all(|times| *times == 1));
    assert_eq!(scene.segments(), [0; 0], "the run is over");
}

#[test]
fn a_drainer_killed_at_any_step_loses_nothing_and_sends_nothing_twice() {
    for policy in [ConsentPolicy::Always, ConsentPolicy::Ask] {
        let mut steps = 0;
        loop {
            let mut scene = Scene::new(policy);
            for number in 0..3 {
                scene.append(EnvelopeClass::Error, &format!("first {number}"));
            }
            // Another segment, and so a deletion.
            scene.append_padded(EnvelopeClass::Error, "large", SEGMENT_MAX_BYTES as usize);
            scene.append(EnvelopeClass::Error, "last");
            let killed = scene.drain_killed_after(steps);
            scene.send();
            // Its successor is killed as well, somewhere else.
            scene.drain_killed_after(steps / 2);
            scene.send();
            scene.append(EnvelopeClass::Error, "meanwhile");
            scene.drain(true).unwrap();
            scene.send();
            assert_eq!(
                scene.sent.len(),
                6,
                "{policy:?}, killed after {steps} steps: {:?}",
                scene.sent
            );
            assert!(
                scene.sent.values().all(|times| *times == 1),
                "{policy:?}, killed after {steps} steps: {:?}",
                scene.sent
            );
            assert_eq!((scene.arriving(), scene.segments().len()), (0, 0));
            if !killed {
                break;
            }
            steps += 1;
        }
        assert!(steps > 10, "{steps}: it was killed at each of its steps");
    }
}

#[test]
fn a_part_of_a_file_that_was_being_taken_is_taken_again() {
    let mut scene = Scene::new(ConsentPolicy::Always);
    scene.append(EnvelopeClass::Error, "one");
    // Killed right after the file was made: cut it short, as a kill in the middle of the write would have left it.
    assert!(scene.drain_killed_after(0));
    let arriving = scene.store.run_folder(scene.run).join("arriving");
    for file in fs::read_dir(&arriving).unwrap() {
        fs::write(file.unwrap().path(), b"{").unwrap();
    }
    fs::write(arriving.join("something else"), b"").unwrap();
    scene.drain(false).unwrap();
    scene.send();
    assert_eq!(scene.sent, BTreeMap::from([("one".to_owned(), 1)]));
    assert_eq!(scene.arriving(), 0);
}

#[test]
fn a_part_of_a_record_waits_for_its_rest_while_the_app_lives() {
    let mut scene = Scene::new(ConsentPolicy::Always);
    scene.append(EnvelopeClass::Error, "one");
    scene.append(EnvelopeClass::Error, "two");
    let path = scene.segment(1);
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let drained = scene.drain(false).unwrap();
        assert_eq!(drained.given_up_bytes, 0, "{length}");
    }
    fs::write(&path, &whole).unwrap();
    scene.drain(false).unwrap();
    scene.send();
    assert_eq!(scene.sent.len(), 2);
    assert!(scene.sent.values().all(|times| *times == 1));
}

#[test]
fn a_torn_end_is_given_up_once_the_app_is_gone() {
    let scene = Scene::new(ConsentPolicy::Always);
    scene.append(EnvelopeClass::Error, "one");
    scene.append(EnvelopeClass::Error, "two");
    let path = scene.segment(1);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let drained = scene.drain(true).unwrap();
    assert_eq!(drained.queued, 1);
    assert!(drained.given_up_bytes > 0);
    assert_eq!(scene.segments(), [0; 0]);
}

#[test]
fn garbage_ends_its_segment_and_no_other() {
    let garbage: [&[u8]; 4] = [&[0; 100], &[0xff; 40], b"AWob\xff\xff\xff\xff", &[7; 5000]];
    for bytes in garbage {
        let scene = Scene::new(ConsentPolicy::Always);
        scene.append(EnvelopeClass::Error, "before");
        let mut first = fs::read(scene.segment(1)).unwrap();
        first.extend_from_slice(bytes);
        fs::write(scene.segment(1), &first).unwrap();
        fs::write(scene.segment(2), bytes).unwrap();
        fs::copy(scene.segment(1), scene.segment(4)).unwrap();
        let drained = scene.drain(false).unwrap();
        assert_eq!(
            (drained.queued, scene.segments()),
            (2, vec![4]),
            "{} bytes",
            bytes.len()
        );
        assert_eq!(drained.given_up_bytes, 2 * bytes.len() as u64);
    }
}

#[test]
fn a_record_that_is_not_what_was_written_is_not_taken() {
    let scene = Scene::new(ConsentPolicy::Always);
    scene.append(EnvelopeClass::Error, "one");
    let path = scene.segment(1);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(scene.drain(true).unwrap().queued, 0);
}

#[test]
fn under_ask_errors_wait_up_to_a_bound_and_the_rest_is_held_or_counted() {
    let scene = Scene::new(ConsentPolicy::Ask);
    for number in 0..25 {
        scene.append(EnvelopeClass::Error, &number.to_string());
        // Drained by one reporter after the other: the bound is the run's.
        scene.drain(false).unwrap();
    }
    scene.append(EnvelopeClass::Transaction, "painting");
    let drained = scene.drain(true).unwrap();
    assert_eq!(drained.held, 1);
    assert_eq!(scene.store.reports().unwrap().len(), 20);
    let held = scene.store.held_back(scene.run).unwrap();
    assert_eq!(
        held.iter().collect::<Vec<_>>(),
        [ItemKind::Error, ItemKind::Transaction]
    );
    let lost = scene.store.losses().unwrap();
    assert_eq!(lost.len(), 1);
    assert_eq!(
        (lost[0].category, lost[0].quantity),
        (afterword_protocol::Category::Error, 5)
    );
    scene.drain(true).unwrap();
    assert_eq!(scene.store.losses().unwrap(), lost, "counted once");
    for report in scene.store.reports().unwrap() {
        scene.store.delete(report.id()).unwrap();
    }
    let held = scene.store.held_back(scene.run).unwrap();
    assert_eq!(
        held.iter().collect::<Vec<_>>(),
        [ItemKind::Transaction],
        "they were answered"
    );
}

#[test]
fn under_never_nothing_is_taken() {
    let mut scene = Scene::new(ConsentPolicy::Never);
    scene.append(EnvelopeClass::Error, "one");
    let drained = scene.drain(false).unwrap();
    assert_eq!((drained.dropped, drained.queued), (1, 0));
    scene.policy = ConsentPolicy::Always;
    assert_eq!(scene.drain(false).unwrap().queued, 0, "it is gone");
}

#[test]
fn an_outbox_that_nobody_empties_is_bounded() {
    let scene = Scene::new(ConsentPolicy::Always);
    let mut record = vec![0; SEGMENT_MAX_BYTES as usize / 2];
    let mut appended = 0;
    let full = loop {
        match scene.writer.append(EnvelopeClass::Error, &mut record) {
            Ok(()) => appended += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, Error::OutboxFull { .. }), "{full}");
    assert_eq!(appended, 32);
    assert!(scene.segments().len() > 10);
    scene.drain(false).unwrap();
    scene.writer.append(EnvelopeClass::Error, &mut record).unwrap();
    let mut too_large = vec![0; HEAD_BYTES + ENVELOPE_MAX_BYTES + 1];
    let refused = scene.writer.append(EnvelopeClass::Error, &mut too_large);
    assert!(matches!(refused, Err(Error::TooLarge { .. })));
}

#[test]
fn one_drains_at_a_time() {
    let scene = Scene::new(ConsentPolicy::Always);
    scene.append(EnvelopeClass::Error, "one");
    let path = scene.store.run_folder(scene.run).join("outbox.lock");
    let held = fs::File::create(path).unwrap();
    held.lock().unwrap();
    assert!(matches!(scene.drain(false), Err(Error::Busy { .. })));
    drop(held);
    assert_eq!(scene.drain(false).unwrap().queued, 1);
}

#[test]
fn eight_threads_append_whole_records() {
    let mut scene = Scene::new(ConsentPolicy::Always);
    std::thread::scope(|threads| {
        for thread in 0..8 {
            let scene = &scene;
            threads.spawn(move || {
                for number in 0..200 {
                    scene.append_padded(EnvelopeClass::Error, &format!("{thread} {number}"), number * 2);
                }
            });
        }
    });
    let drained = scene.drain(true).unwrap();
    assert_eq!((drained.queued, drained.given_up_bytes), (1600, 0));
    scene.send();
    assert_eq!(scene.sent.len(), 1600);
}

#[test]
fn a_store_deleted_under_a_running_app_is_made_again() {
    let mut scene = Scene::new(ConsentPolicy::Always);
    scene.append(EnvelopeClass::Error, "gone");
    fs::remove_dir_all(scene.store.run_folder(scene.run)).unwrap();
    assert!(!scene.writer.is_there());
    scene.append(EnvelopeClass::Error, "kept");
    assert!(scene.writer.is_there());
    scene.drain(true).unwrap();
    scene.send();
    assert_eq!(scene.sent, BTreeMap::from([("kept".to_owned(), 1)]));
}

#[test]
#[cfg(unix)]
fn a_segment_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new(ConsentPolicy::Always);
    scene.append(EnvelopeClass::Error, "one");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&scene.segment(1)), 0o600);
}

#[test]
fn what_is_left_of_a_settled_run_is_its_outbox() {
    let scene = Scene::new(ConsentPolicy::Always);
    scene.append(EnvelopeClass::Error, "one");
    let run = scene.store.run_folder(scene.run);
    fs::write(run.join("run"), b"").unwrap();
    scene.store.reduce_run_to_outbox(scene.run).unwrap();
    assert!(!run.join("run").exists());
    assert_eq!(scene.drain(true).unwrap().queued, 1);
}
