//! The run file written and read back, broken in every way we thought of; messages there and back.

use std::fs::File;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::time::Duration;

use uuid::Uuid;

use crate::layout::*;
use crate::*;

fn run() -> (tempfile::TempDir, RunFile) {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity {
        release: Some("app@1".to_owned()),
        ..Identity::default()
    };
    let run = RunFile::create(folder.path(), Uuid::from_u128(7), 1_700_000_000_123, &identity).unwrap();
    (folder, run)
}

/// A view through a copy of the file, so that the lock of this process is left alone.
fn view(folder: &tempfile::TempDir) -> Result<RunView, Error> {
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("run"), copy.path().join("run")).unwrap();
    RunView::open(copy.path())
}

fn break_at(folder: &tempfile::TempDir, at: usize, bytes: &[u8]) {
    // Closing this would drop the lock; no test that breaks a file asks for it.
    let file = File::options().write(true).open(folder.path().join("run")).unwrap();
    file.write_all_at(bytes, at as u64).unwrap();
}

#[test]
fn what_the_app_writes_the_reporter_reads() {
    let (folder, run) = run();
    run.set_state(RunState::Running);
    run.set_reporter_pid(42);
    assert!(run.write_scope(br#"{"tags":{"a":"1"}}"#));
    assert!(run.write_scope(br#"{"tags":{"a":"2"}}"#));
    for n in 0..200 {
        assert!(run.write_breadcrumb(format!(r#"{{"message":"{n}"}}"#).as_bytes()));
    }
    run.write_panic(9, "worker", "src/main.rs:1:2", "index out of bounds\nof two lines");

    let view = view(&folder).unwrap();
    assert_eq!(view.run_id().unwrap(), Uuid::from_u128(7));
    assert_eq!(view.app_pid().unwrap(), std::process::id());
    assert_eq!(view.started_ms().unwrap(), 1_700_000_000_123);
    assert_eq!(view.state().unwrap(), RunState::Running);
    assert_eq!(view.scope().unwrap().unwrap(), br#"{"tags":{"a":"2"}}"#);
    let crumbs = view.breadcrumbs().unwrap();
    assert_eq!(crumbs.len(), BREADCRUMB_SLOTS);
    assert_eq!(crumbs.first().unwrap(), br#"{"message":"88"}"#);
    assert_eq!(crumbs.last().unwrap(), br#"{"message":"199"}"#);
    let panic = view.panic_note().unwrap().unwrap();
    assert_eq!(
        (
            panic.tid,
            panic.thread_name.as_str(),
            panic.place.as_str(),
            panic.message.as_str()
        ),
        (9, "worker", "src/main.rs:1:2", "index out of bounds\nof two lines")
    );
    assert!(view.salvage().unwrap().is_none());
    assert_eq!(view.identity().unwrap().unwrap().release.as_deref(), Some("app@1"));
    assert_eq!(view.origin().unwrap(), Origin::ThisBoot);
    assert!(panic.age_s.is_some_and(|age| age < 60));
    run.clear_panic();
    assert_eq!(self::view(&folder).unwrap().panic_note().unwrap(), None);
}

#[test]
fn the_file_is_private_whole_and_allocated() {
    use std::os::unix::fs::MetadataExt;
    let (folder, _run) = run();
    let metadata = std::fs::metadata(folder.path().join("run")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(metadata.len(), FILE_BYTES as u64);
    assert!(
        metadata.blocks() * 512 >= FILE_BYTES as u64,
        "a sparse mapping is a SIGBUS on a full disk"
    );
}

#[test]
fn a_torn_scope_leaves_the_one_before_it() {
    let (folder, run) = run();
    run.write_scope(br#"{"n":1}"#);
    run.write_scope(br#"{"n":2}"#);
    // Sequence 2 is in copy A.
    break_at(&folder, AT_SCOPE[0] + 2, b"X");
    assert_eq!(view(&folder).unwrap().scope().unwrap().unwrap(), br#"{"n":1}"#);
    break_at(&folder, AT_SCOPE_HEADER[1] + 8, &u32::MAX.to_le_bytes());
    assert_eq!(view(&folder).unwrap().scope().unwrap(), None);
}

#[test]
fn what_does_not_fit_is_refused_and_the_last_stays() {
    let (folder, run) = run();
    assert!(run.write_scope(b"{}"));
    assert!(!run.write_scope(&vec![b' '; SCOPE_BYTES + 1]));
    assert!(!run.write_breadcrumb(&vec![b' '; BREADCRUMB_BYTES + 1]));
    assert_eq!(view(&folder).unwrap().scope().unwrap().unwrap(), b"{}");
    run.write_panic(1, "t", "p", &"é".repeat(4000));
    let note = view(&folder).unwrap().panic_note().unwrap().unwrap();
    assert!(note.message.starts_with("éé") && note.message.len() < PANIC_TEXT_BYTES);
}

#[test]
fn files_that_are_none_are_named() {
    let cases: [(&str, usize, &[u8], &str); 2] = [
        ("magic", 0, b"X", "does not begin as one"),
        ("version", 8, &3u32.to_le_bytes(), "says version 3"),
    ];
    for (name, at, bytes, words) in cases {
        let (folder, _run) = run();
        break_at(&folder, at, bytes);
        let error = view(&folder).unwrap_err().to_string();
        assert!(error.contains(words), "{name}: {error}");
    }
    let (folder, _run) = run();
    File::options()
        .write(true)
        .open(folder.path().join("run"))
        .unwrap()
        .set_len(100)
        .unwrap();
    assert!(view(&folder).unwrap_err().to_string().contains("100 bytes long"));
}

#[test]
fn random_bytes_are_read_without_a_panic() {
    let (folder, _run) = run();
    let mut state = 1u64;
    for _ in 0..50 {
        let noise: Vec<u8> = (0..4096)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) as u8
            })
            .collect();
        let at = 256 + (state as usize % (FILE_BYTES - 256 - 4096));
        break_at(&folder, at, &noise);
        let view = view(&folder).unwrap();
        view.scope().unwrap();
        view.breadcrumbs().unwrap();
        view.panic_note().unwrap();
        view.salvage().unwrap();
        view.identity().unwrap();
        view.origin().unwrap();
        view.state().unwrap();
    }
}

#[test]
fn every_message_comes_back_as_it_was() {
    let (app, reporter) = pair().unwrap();
    for message in [
        Message::Crash { request: 3 },
        Message::Panic { request: 4 },
        Message::PanicIsCrash { request: 5 },
        Message::PanicIsNone,
        Message::Stored,
        Message::Ending,
    ] {
        app.send(&message).unwrap();
        assert_eq!(reporter.receive().unwrap(), Received::Message(message));
    }
    assert_eq!(reporter.receive().unwrap(), Received::Nothing);
    drop(app);
    assert_eq!(reporter.receive().unwrap(), Received::Closed);
}

/// The reporter's view of a run, in this process: it is not asked for liveness, which would give up the lock.
fn reporters_view(run: &RunFile) -> RunView {
    RunView::new(run.file().try_clone().unwrap()).unwrap()
}

#[test]
fn the_answer_that_counts_is_the_one_to_the_request() {
    let (_folder, run) = run();
    let (app, reporter) = pair().unwrap();
    let wait = |request, deadline| app.wait_captured(&run, Occasion::Crash, request, deadline);
    reporter.send(&Message::Ready { pid: 1 }).unwrap();
    reporter
        .send(&Message::Captured {
            request: 1,
            status: CaptureStatus::Failed,
        })
        .unwrap();
    reporter
        .send(&Message::Captured {
            request: 2,
            status: CaptureStatus::Kept,
        })
        .unwrap();
    assert_eq!(wait(2, Duration::from_secs(5)), Some(CaptureStatus::Kept));
    assert_eq!(wait(3, Duration::from_millis(20)), None);
    drop(reporter);
    // A hang-up is seen at once: the deadline of an hour is not waited for.
    assert_eq!(wait(4, Duration::from_secs(3600)), None);
}

#[test]
fn a_panic_and_a_crash_at_once_each_get_their_own_answer() {
    let (_folder, run) = run();
    let (app, reporter) = pair().unwrap();
    let view = reporters_view(&run);
    // The crash takes the panic's packet off the channel and throws it away.
    reporter
        .send(&Message::Captured {
            request: 1,
            status: CaptureStatus::Kept,
        })
        .unwrap();
    view.set_answer(Occasion::Panic, 1, CaptureStatus::Kept).unwrap();
    reporter
        .send(&Message::Captured {
            request: 2,
            status: CaptureStatus::Failed,
        })
        .unwrap();
    let crash = app.wait_captured(&run, Occasion::Crash, 2, Duration::from_secs(5));
    assert_eq!(crash, Some(CaptureStatus::Failed));
    let panic = app.wait_captured(&run, Occasion::Panic, 1, Duration::from_secs(5));
    assert_eq!(panic, Some(CaptureStatus::Kept));
    assert_eq!(run.answer(Occasion::Panic, 2), None);
}

#[test]
fn errors_are_counted_for_the_reporter() {
    let (_folder, run) = run();
    let view = reporters_view(&run);
    assert_eq!(view.errors().unwrap(), 0);
    run.count_error();
    run.count_error();
    assert_eq!(view.errors().unwrap(), 2);
}

#[test]
fn what_the_app_said_last_is_heard_although_it_did_not_listen() {
    let (app, reporter) = pair().unwrap();
    reporter.send(&Message::Ready { pid: 1 }).unwrap();
    app.send(&Message::Ending).unwrap();
    // It is gone with our packet unread, which resets the connection.
    drop(app);
    assert_eq!(reporter.receive().unwrap(), Received::Message(Message::Ending));
    assert_eq!(reporter.receive().unwrap(), Received::Closed);
}

#[test]
fn a_reporter_that_is_gone_is_seen_and_another_takes_its_place() {
    let (app, reporter) = pair().unwrap();
    assert!(!app.is_closed());
    reporter.send(&Message::Ready { pid: 1 }).unwrap();
    drop(reporter);
    assert!(app.is_closed());
    let (end, reporter) = pair().unwrap();
    app.replace(end).unwrap();
    assert!(!app.is_closed());
    app.send(&Message::Stored).unwrap();
    assert_eq!(reporter.receive().unwrap(), Received::Message(Message::Stored));
}

#[test]
fn a_packet_of_any_length_is_skipped_and_the_next_is_read() {
    let (app, reporter) = pair().unwrap();
    let raw = std::os::unix::net::UnixDatagram::from(std::os::fd::OwnedFd::from(reporter));
    raw.send(&[7; 60_000]).unwrap();
    let reporter = ReporterChannel::from_inherited(raw.into());
    reporter
        .send(&Message::Captured {
            request: 1,
            status: CaptureStatus::Kept,
        })
        .unwrap();
    let (_folder, run) = run();
    let answer = app.wait_captured(&run, Occasion::Crash, 1, Duration::from_secs(5));
    assert_eq!(answer, Some(CaptureStatus::Kept));
}

#[test]
fn a_full_channel_is_an_error_and_not_a_wait() {
    let (app, _reporter) = pair().unwrap();
    let full = (0..100_000).find_map(|_| app.send(&Message::Stored).err());
    assert!(matches!(full, Some(Error::Send(e)) if e.kind() == std::io::ErrorKind::WouldBlock));
}

#[test]
fn packets_that_are_no_messages_are_errors() {
    use MessageError::*;
    let header = |kind: u16, version: u16, length: u32| {
        [&kind.to_le_bytes()[..], &version.to_le_bytes(), &length.to_le_bytes()].concat()
    };
    for packet in [
        &[][..],
        &[1, 0, 1],
        &header(2, 2, 4),
        &header(2, 2, 0),
        &header(2, 2, u32::MAX),
    ] {
        assert!(matches!(Message::from_packet(packet), Err(Short { .. })), "{packet:?}");
    }
    assert_eq!(
        Message::from_packet(&header(99, 2, 0)),
        Err(Unknown { kind: 99, version: 2 })
    );
    assert_eq!(
        Message::from_packet(&header(2, 9, 0)),
        Err(Unknown { kind: 2, version: 9 })
    );
}

#[test]
fn a_flush_is_answered_in_the_run_file_too_and_by_a_later_answer() {
    let (folder, run) = run();
    let view = RunView::new(
        File::options()
            .read(true)
            .write(true)
            .open(folder.path().join("run"))
            .unwrap(),
    )
    .unwrap();
    let state = FlushState {
        done: true,
        refused: true,
        held: 0x8001,
    };
    assert_eq!(FlushState::from_word(state.word()), state);
    assert_eq!(run.flushed(1), None);
    view.set_flushed(2, state).unwrap();
    assert_eq!(
        (run.flushed(1), run.flushed(2), run.flushed(3)),
        (Some(state), Some(state), None)
    );
    view.set_flushed(1, FlushState::default()).unwrap();
    assert_eq!(
        run.flushed(2),
        Some(state),
        "a reporter that was too slow does not cover it"
    );
    // The count begins anew: what was asked before is answered.
    assert_eq!(run.flushed(u32::MAX), Some(state));
}

#[test]
fn the_reporter_is_told_of_the_outbox_once_until_it_looks() {
    let (folder, run) = run();
    let view = RunView::new(
        File::options()
            .read(true)
            .write(true)
            .open(folder.path().join("run"))
            .unwrap(),
    )
    .unwrap();
    assert!(run.ask_to_drain());
    assert!(!run.ask_to_drain() && !run.ask_to_drain());
    view.begin_drain().unwrap();
    assert!(run.ask_to_drain());
    run.was_not_told_to_drain();
    assert!(run.ask_to_drain());
}

#[test]
fn threads_that_flush_at_once_are_all_answered() {
    let (folder, run) = run();
    let view = RunView::new(
        File::options()
            .read(true)
            .write(true)
            .open(folder.path().join("run"))
            .unwrap(),
    )
    .unwrap();
    let (app, reporter) = pair().unwrap();
    let state = FlushState {
        done: true,
        ..FlushState::default()
    };
    std::thread::scope(|threads| {
        for request in 1..=8 {
            let (app, run) = (&app, &run);
            threads.spawn(move || assert_eq!(app.wait_flushed(run, request, Duration::from_secs(60)), Some(state)));
        }
        view.set_flushed(8, state).unwrap();
        reporter.send(&Message::Flushed { request: 8, state }).unwrap();
    });
}
