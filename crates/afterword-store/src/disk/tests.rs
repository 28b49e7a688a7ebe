//! Syncs are watched and made to fail here; no test can pull the plug.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::time::Duration;

use super::*;

thread_local! {
    static SYNCED: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
    static FAILS: Cell<bool> = const { Cell::new(false) };
}

/// Stands for the system's in unit tests.
pub(super) fn sync_names(folder: &Path) -> io::Result<()> {
    SYNCED.with_borrow_mut(|synced| synced.push(folder.to_owned()));
    if FAILS.get() {
        return Err(io::Error::other("the disk is on fire"));
    }
    system::sync_folder(folder)
}

fn synced() -> Vec<PathBuf> {
    let mut synced = SYNCED.take();
    synced.sort();
    synced
}

#[test]
fn each_folder_that_is_made_is_made_last_and_no_other() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/b/c");
    make_folder(&path).unwrap();
    assert_eq!(
        synced(),
        [root.path().to_owned(), root.path().join("a"), root.path().join("a/b")]
    );
    make_folder(&path).unwrap();
    assert!(synced().is_empty());
}

#[test]
fn a_store_that_is_opened_is_made_last() {
    let root = tempfile::tempdir().unwrap();
    let app = crate::AppId::new("demo").unwrap();
    crate::Store::open(&root.path().join("afterword"), &app).unwrap();
    let synced = synced();
    for folder in [
        "",
        "afterword",
        "afterword/demo",
        "afterword/demo/reports",
        "afterword/demo/envelopes",
    ] {
        assert!(synced.contains(&root.path().join(folder)), "{folder}");
    }
}

#[test]
fn what_was_written_or_moved_is_not_told_as_failed_by_a_sync() {
    let root = tempfile::tempdir().unwrap();
    let (one, other) = (root.path().join("one"), root.path().join("other"));
    FAILS.set(true);
    write_atomic(&one, b"kept").unwrap();
    move_synced(&one, &other).unwrap();
    assert!(sync_folder(root.path()).is_err(), "what rests on a sync is told");
    FAILS.set(false);
    assert_eq!(fs::read(&other).unwrap(), b"kept");
    assert_eq!(list(root.path()).unwrap().len(), 1);
}

#[test]
fn an_answer_is_kept_although_its_folder_cannot_be_synced() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("answer.json");
    FAILS.set(true);
    write_json(&path, &"send", 100).unwrap();
    FAILS.set(false);
    assert_eq!(read_json::<String>(&path, 100).unwrap().as_deref(), Some("send"));
}

#[test]
fn a_time_that_no_calendar_has_is_none() {
    let year_10000 = Duration::from_secs(253_402_300_800);
    assert!(moment(UNIX_EPOCH + year_10000 - Duration::from_secs(1)).is_some());
    assert_eq!(moment(UNIX_EPOCH + year_10000), None);
    assert_eq!(moment(UNIX_EPOCH), Some(OffsetDateTime::UNIX_EPOCH));
    let day = Duration::from_secs(86_400);
    assert_eq!(moment(UNIX_EPOCH - day), Some(OffsetDateTime::UNIX_EPOCH - day));
    assert_eq!(moment(UNIX_EPOCH - year_10000 * 2), None);
}
