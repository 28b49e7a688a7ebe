use super::*;
use crate::{Language, sample};

fn laid_out(folder: &Path) -> (Store, State) {
    let (store, asked) = sample::stored(folder);
    let mut state = State::new(asked, Language::English);
    lay_out(&mut state);
    (store, state)
}

#[test]
fn a_copy_is_what_is_sent_without_what_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut state) = laid_out(folder.path());
    state.look.left_out = vec!["minidump.dmp".to_owned()];
    state.look.choose("I pressed undo", state.asked.asked_at);
    let outgoing = state.look.outgoing.as_ref().unwrap();
    let path = folder.path().join("copy");
    let saved = save_copy(outgoing, &path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(saved.size_bytes, bytes.len() as u64);
    assert_eq!(outgoing.size_bytes(), saved.size_bytes);
    let sent = [
        outgoing.report_body().unwrap(),
        outgoing.comment_body().unwrap().unwrap(),
    ]
    .concat();
    assert!(bytes == sent);
}

#[test]
fn why_there_is_no_copy_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (_, state) = laid_out(&folder.path().join("store"));
    let outgoing = state.look.outgoing.as_ref().unwrap();
    let nowhere = folder.path().join("nowhere");
    assert_eq!(
        save_copy(outgoing, &nowhere.join("copy")),
        Err(CopyFailure::NoFolder(nowhere))
    );
    let there = folder.path().join("there");
    std::fs::write(&there, "mine").unwrap();
    assert_eq!(save_copy(outgoing, &there), Err(CopyFailure::Exists(there.clone())));
    assert_eq!(std::fs::read(&there).unwrap(), b"mine", "left as it is");
}

/// `/dev/full` can be opened and has room for nothing.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (_, state) = laid_out(folder.path());
    let outgoing = state.look.outgoing.as_ref().unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let failed = outgoing.write_to(&full, Path::new("/dev/full")).unwrap_err();
    let StoreError::Write { source, .. } = failed else {
        panic!("{failed}");
    };
    assert_eq!(source.kind(), io::ErrorKind::StorageFull);
    assert_eq!(of_path(source, Path::new("/x/y")), CopyFailure::Full);
    let denied = io::Error::from(io::ErrorKind::PermissionDenied);
    assert_eq!(of_path(denied, Path::new("/x/y")), CopyFailure::Denied("/x".into()));
}

#[test]
fn a_report_that_is_gone_is_unread_and_nothing_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut state) = laid_out(folder.path());
    store.delete(state.asked.report_id).unwrap();
    lay_out(&mut state);
    assert!(state.look.outgoing.is_none());
    assert!(state.look.unread.is_some());
}

#[test]
fn what_is_written_anew_is_laid_out_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut state) = laid_out(folder.path());
    state.look.rows_wanted = true;
    assert!(serve(&mut state));
    assert!(
        state
            .look
            .rows
            .as_ref()
            .unwrap()
            .iter()
            .any(|row| row.contains("Debian"))
    );
    let report = store.report(state.asked.report_id).unwrap();
    report
        .put(afterword_store::ReportFile::Event, b"{\"a\":\"anew\"}")
        .unwrap();
    lay_out(&mut state);
    assert!(state.look.rows.is_none(), "what was read before is not it any more");
    state.look.rows_wanted = true;
    serve(&mut state);
    assert!(state.look.rows.as_ref().unwrap().iter().any(|row| row.contains("anew")));
}

#[test]
fn a_copy_goes_by_itself_into_a_folder_that_is_there() {
    let path = default_copy(&sample::asked());
    assert!(path.parent().unwrap().is_dir(), "{}", path.display());
    assert_eq!(path.file_name().unwrap(), "inkwell-report-6f0e2b1c.envelope");
}
