use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use afterword_store::{ConsentPolicy, Decision, Settled};

use super::*;
use crate::Given;
use crate::language::Language;
use crate::sample;
use crate::state::Phase;

fn conversation(asked: Asked) -> Conversation<Vec<u8>> {
    let (sender, incoming) = sync_channel(8);
    // The reporter stays for the length of the test.
    std::mem::forget(sender);
    Conversation::new(State::new(asked, Language::German), incoming, Vec::new())
}

fn said<W: AsRef<[u8]>>(output: W) -> Vec<FromDialog> {
    let mut input = Cursor::new(output);
    std::iter::from_fn(|| read_message(&mut input).unwrap()).collect()
}

fn answer(decision: Decision) -> Action {
    Action::Answer(Given {
        comment: Some("I pressed undo".to_owned()),
        restart: true,
        ..Given::new(decision)
    })
}

#[test]
fn an_answer_is_in_the_store_before_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = sample::stored(folder.path());
    let report_id = asked.report_id;
    let mut conversation = conversation(asked);

    assert_eq!(conversation.carry_out(answer(Decision::Send)), Step::Stay);

    assert_eq!(said(&conversation.output), [FromDialog::Answered]);
    assert!(matches!(conversation.state.phase(), Phase::Sending { .. }));
    let Settled::Sending(answer) = store.settle(report_id).unwrap() else {
        panic!("the answer was to send");
    };
    assert_eq!(answer.comment.as_deref(), Some("I pressed undo"));
    assert!(answer.restart);
    assert_eq!(
        (answer.text_version, answer.locale.as_str()),
        (crate::TEXT_VERSION, "de"),
        "what was read"
    );
}

#[test]
fn dont_send_ends_the_dialog_and_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = sample::stored(folder.path());
    let report_id = asked.report_id;
    let mut conversation = conversation(asked);

    let _ = conversation.carry_out(answer(Decision::DontSend));

    assert_eq!(conversation.state.phase(), &Phase::Done);
    assert!(matches!(store.settle(report_id).unwrap(), Settled::Deleted(_)));
}

fn always(decision: Decision) -> Action {
    Action::Answer(Given {
        always: true,
        left_out: vec!["minidump.dmp".to_owned()],
        ..Given::new(decision)
    })
}

#[test]
fn always_is_kept_as_the_choice_for_the_app_with_what_was_read_and_what_goes() {
    for (decision, policy) in [
        (Decision::Send, ConsentPolicy::Always),
        (Decision::DontSend, ConsentPolicy::Never),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (store, asked) = sample::stored(folder.path());
        let report_id = asked.report_id;
        let mut conversation = conversation(asked);
        let _ = conversation.carry_out(always(decision));
        let given = store.consent().unwrap().unwrap();
        assert_eq!(given.policy, policy);
        assert_eq!(
            (given.text_version, given.locale.as_deref()),
            (Some(crate::TEXT_VERSION), Some("de"))
        );
        let answer = store.report(report_id).unwrap().answer().unwrap().unwrap();
        assert!(answer.always);
        assert_eq!(answer.left_out, ["minidump.dmp"]);
        let goes: &[&str] = match decision {
            Decision::Send => &["envelope header", "event"],
            Decision::DontSend => &[],
        };
        assert_eq!(answer.items, goes);
    }
}

#[test]
fn this_once_is_no_choice_for_the_app() {
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = sample::stored(folder.path());
    let _ = conversation(asked).carry_out(answer(Decision::Send));
    assert_eq!(store.consent().unwrap(), None);
}

#[test]
fn a_choice_whose_answer_cannot_be_kept_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = sample::stored(folder.path());
    store.delete(asked.report_id).unwrap();
    let mut conversation = conversation(asked);
    let _ = conversation.carry_out(always(Decision::Send));
    assert_eq!(store.consent().unwrap(), None);
    assert!(conversation.state.not_saved.is_some());
}

#[test]
fn an_answer_that_cannot_be_saved_is_none_and_can_be_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let asked = Asked {
        store_root: root.clone(),
        ..sample::asked()
    };
    std::fs::write(&root, "no folder").unwrap();
    let mut conversation = conversation(asked);

    assert_eq!(conversation.carry_out(answer(Decision::Send)), Step::Stay);

    assert_eq!(conversation.state.phase(), &Phase::Asking);
    let why = conversation.state.not_saved.clone().unwrap();
    assert!(!why.is_empty(), "{why}");
    assert_eq!(said(&conversation.output), []);

    std::fs::remove_file(&root).unwrap();
    let (store, asked) = sample::stored(&root);
    let _ = conversation.carry_out(answer(Decision::Send));

    assert_eq!(said(&conversation.output), [FromDialog::Answered]);
    assert_eq!(conversation.state.not_saved, None);
    assert!(matches!(store.settle(asked.report_id).unwrap(), Settled::Sending(_)));
}

#[test]
fn closing_writes_nothing_into_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = sample::stored(folder.path());
    let report_id = asked.report_id;
    let mut conversation = conversation(asked);

    conversation.shown();
    conversation.shown();
    assert_eq!(conversation.carry_out(Action::Close), Step::Close);
    conversation.closed();
    conversation.closed();

    assert_eq!(said(&conversation.output), [FromDialog::Shown, FromDialog::Closed]);
    assert!(matches!(store.settle(report_id).unwrap(), Settled::Unanswered));
}

/// A pipe whose other end is gone.
struct Broken;

impl std::io::Write for Broken {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn without_a_reporter_the_answer_is_still_saved_and_the_person_told() {
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = sample::stored(folder.path());
    let report_id = asked.report_id;
    let (_sender, incoming) = sync_channel(8);
    let mut conversation = Conversation::new(State::new(asked, Language::English), incoming, Broken);

    let _ = conversation.carry_out(answer(Decision::Send));

    assert_eq!(conversation.state.phase(), &Phase::Alone);
    assert!(matches!(store.settle(report_id).unwrap(), Settled::Sending(_)));
}

#[test]
fn messages_arrive_in_order_and_nonsense_between_them_is_passed_over() {
    let lines = concat!(
        "{\"progress\":{\"sent_bytes\":1,\"total_bytes\":2}}\n",
        "{\"from_a_newer_reporter\":{}}\n",
        "not json\n",
        "{\"sent\":{\"event_id\":\"abc\",\"url\":null}}\n",
    );
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    let incoming = listen(Cursor::new(lines), move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let all: Vec<ToDialog> = incoming.iter().collect();
    assert_eq!(
        all[0],
        ToDialog::Progress {
            sent_bytes: 1,
            total_bytes: 2
        }
    );
    assert_eq!(
        all[1],
        ToDialog::Sent {
            event_id: "abc".to_owned(),
            url: None,
            known: None,
        }
    );
    assert_eq!(all.len(), 2);
}

#[test]
fn the_end_of_the_pipe_while_sending_is_told() {
    let (sender, incoming) = sync_channel(8);
    let mut conversation = Conversation::new(State::new(sample::asked(), Language::English), incoming, Vec::new());
    conversation.state.answered(Decision::Send);
    sender
        .send(ToDialog::Progress {
            sent_bytes: 1,
            total_bytes: 2,
        })
        .unwrap();
    drop(sender);

    conversation.receive();

    assert_eq!(conversation.state.phase(), &Phase::Alone);
}

#[test]
fn anything_but_the_question_first_is_an_error() {
    let mut nothing = Cursor::new("");
    assert!(matches!(question(&mut nothing), Err(Error::NothingAsked)));
    let mut cancelled = Cursor::new("\"cancelled\"\n");
    assert!(matches!(question(&mut cancelled), Err(Error::NothingAsked)));
    let mut garbage = Cursor::new("{}\n");
    assert!(matches!(question(&mut garbage), Err(Error::Message(_))));
}

#[test]
fn a_line_without_end_is_not_read_without_end() {
    let endless = std::io::BufReader::new(std::io::repeat(b' '));
    assert!(matches!(
        read_message::<ToDialog>(&mut { endless }),
        Err(Error::LineTooLong)
    ));
}

/// What travels between two versions of the program during an update.
#[test]
fn the_lines_on_the_wire() {
    let asked = Asked {
        details: crate::Details {
            stack: Some(sample::stack()),
            ..sample::asked().details
        },
        ..sample::asked()
    };
    let messages = [
        ToDialog::Show(Box::new(asked.clone())),
        ToDialog::Details(Box::new(asked.details)),
        ToDialog::Progress {
            sent_bytes: 1_000,
            total_bytes: 4_000,
        },
        ToDialog::Sent {
            event_id: "9f1c2ab4".to_owned(),
            url: Some("https://example.org/".to_owned()),
            known: None,
        },
        ToDialog::Waiting {
            why: "The server is away.".to_owned(),
        },
        ToDialog::Refused {
            why: "quota".to_owned(),
        },
        ToDialog::Cancelled,
    ];
    let mut lines = Vec::new();
    for message in &messages {
        write_message(&mut lines, message).unwrap();
    }
    for answer in [
        FromDialog::Shown,
        FromDialog::Answered,
        FromDialog::Cancel,
        FromDialog::Closed,
    ] {
        write_message(&mut lines, &answer).unwrap();
    }
    insta::assert_snapshot!(String::from_utf8(lines.clone()).unwrap());
    let mut input = Cursor::new(lines);
    for message in messages {
        assert_eq!(read_message(&mut input).unwrap(), Some(message));
    }
}
