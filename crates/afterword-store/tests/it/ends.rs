//! The end of a run: its last words and its removal are one step.

use std::fs;
use std::thread;

use afterword_store::ConsentPolicy;
use uuid::Uuid;

use crate::Fixture;

const LAST: &[u8] = b"{}\n{\"type\":\"session\"}\n{}\n";

impl Fixture {
    fn envelopes(&self, folder: &str) -> Vec<Vec<u8>> {
        let folder = self.root().join("demo/envelopes").join(folder);
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
    }
}

#[test]
fn a_run_ends_once_however_many_end_it() {
    let fixture = Fixture::new();
    let run = Uuid::new_v4();
    fixture.store.create_run(run).unwrap();
    let ended: Vec<bool> = thread::scope(|scope| {
        let end = || fixture.store.end_run(run, ConsentPolicy::Always, Some(LAST)).unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(end)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ended.iter().filter(|ended| **ended).count(), 1, "{ended:?}");
    assert_eq!(fixture.envelopes("queued"), [LAST]);
    assert!(!fixture.store.has_run(run));
}

#[test]
fn last_words_go_where_the_table_says() {
    for (policy, queued, held) in [
        (ConsentPolicy::Always, 1, 0),
        (ConsentPolicy::Ask, 0, 1),
        (ConsentPolicy::Never, 0, 0),
    ] {
        let fixture = Fixture::new();
        let run = Uuid::new_v4();
        fixture.store.create_run(run).unwrap();
        assert!(fixture.store.end_run(run, policy, Some(LAST)).unwrap());
        let put = (fixture.envelopes("queued").len(), fixture.envelopes("held").len());
        assert_eq!(put, (queued, held), "{policy:?}");
        assert!(!fixture.store.has_run(run));
    }
}

#[test]
fn a_run_whose_last_words_cannot_be_kept_stays() {
    let fixture = Fixture::new();
    let run = Uuid::new_v4();
    fixture.store.create_run(run).unwrap();
    // A file in the place of the folder.
    let held = fixture.root().join("demo/envelopes/held");
    fs::remove_dir(&held).unwrap();
    fs::write(&held, "").unwrap();
    assert!(fixture.store.end_run(run, ConsentPolicy::Ask, Some(LAST)).is_err());
    assert!(fixture.store.has_run(run));
    assert!(fixture.store.end_run(run, ConsentPolicy::Ask, None).unwrap());
    assert!(!fixture.store.has_run(run));
}
