use afterword_store::{Decision, KnownCrash};
use egui::accesskit::Role;
use egui::{Key, OutputCommand};

use super::*;
use crate::message::ToDialog;
use crate::state::Phase;

const ID: &str = "9f1c2ab47d0e4b6f8a35c1d2e07f6b90";

fn sending() -> State {
    let mut state = State::new(sample::asked(), Language::English);
    state.answered(Decision::Send);
    state
}

fn after(message: ToDialog) -> Harness<'static, Seen> {
    let mut state = sending();
    state.apply(message);
    open(state)
}

fn sent() -> ToDialog {
    ToDialog::Sent {
        event_id: ID.to_owned(),
        url: Some("https://crashes.example.org/issues/1/".to_owned()),
        known: None,
    }
}

#[test]
fn before_the_first_byte_it_prepares() {
    let harness = open(sending());
    harness.get_by_role_and_label(Role::Heading, words::sending());
    assert!(shows(&harness, words::preparing()));
    assert!(shows(&harness, "To crashes.example.org"));
}

#[test]
fn progress_is_told_in_bytes() {
    let harness = after(ToDialog::Progress {
        sent_bytes: 312_480,
        total_bytes: 1_249_920,
    });
    let bar = harness.get_by_role_and_label(Role::ProgressIndicator, "312 KB of 1.2 MB");
    assert_eq!(bar.accesskit_node().numeric_value(), Some(25.0));
    assert!(!shows(&harness, words::preparing()));
}

#[test]
fn more_bytes_than_there_are_is_all_of_them() {
    let harness = after(ToDialog::Progress {
        sent_bytes: u64::MAX,
        total_bytes: 2_000,
    });
    let bar = harness.get_by_role_and_label(Role::ProgressIndicator, "2 KB of 2 KB");
    assert_eq!(bar.accesskit_node().numeric_value(), Some(100.0));
}

#[test]
fn cancel_is_asked_for_once_and_then_awaited() {
    let mut harness = after(ToDialog::Progress {
        sent_bytes: 1,
        total_bytes: 2,
    });
    click(&mut harness, Role::Button, words::cancel());
    assert_eq!(harness.state().actions, [Action::Cancel]);
    assert!(shows(&harness, words::cancelling()));
    assert!(
        harness
            .get_by_role_and_label(Role::Button, words::cancel())
            .accesskit_node()
            .is_disabled()
    );
    click(&mut harness, Role::Button, words::cancel());
    assert_eq!(harness.state().actions, [Action::Cancel]);

    harness.state_mut().state.apply(ToDialog::Progress {
        sent_bytes: 2,
        total_bytes: 2,
    });
    harness.run_steps(2);
    assert!(
        shows(&harness, words::cancelling()),
        "late progress does not take it back"
    );

    harness.state_mut().state.apply(ToDialog::Cancelled);
    harness.run();
    harness.get_by_role_and_label(Role::Heading, words::cancelled());
    assert!(shows(
        &harness,
        "The report is kept on this computer; you will be asked again at the next start."
    ));
}

#[test]
fn what_was_sent_before_cancel_took_effect_was_sent() {
    let mut harness = after(ToDialog::Progress {
        sent_bytes: 1,
        total_bytes: 2,
    });
    click(&mut harness, Role::Button, words::cancel());
    harness.state_mut().state.apply(sent());
    harness.run();
    harness.get_by_role_and_label(Role::Heading, words::sent());
}

#[test]
fn sent_shows_the_id_which_can_be_copied() {
    let mut harness = after(sent());
    harness.get_by_role_and_label(Role::Heading, words::sent());
    assert!(shows(&harness, ID));
    harness.get_by_role_and_label(Role::Link, words::open_page());
    harness.get_by_role_and_label(Role::Button, words::copy()).click();
    harness.step();
    let copied = OutputCommand::CopyText(ID.to_owned());
    assert!(harness.output().platform_output.commands.contains(&copied));
    harness.run();
    harness.get_by_role_and_label(Role::Button, words::copied());
    click(&mut harness, Role::Button, words::close());
    assert_eq!(harness.state().actions, [Action::Close]);
}

#[test]
fn only_a_web_page_is_linked() {
    for url in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "calculator://",
        "https://x/\u{1b}",
    ] {
        let harness = after(ToDialog::Sent {
            event_id: ID.to_owned(),
            url: Some(url.to_owned()),
            known: None,
        });
        assert!(harness.query_by_role(Role::Link).is_none(), "{url}");
    }
}

#[test]
fn waiting_says_why_and_that_it_is_kept() {
    let mut harness = after(ToDialog::Waiting {
        why: "crashes.example.org could not be reached.".to_owned(),
    });
    harness.get_by_role_and_label(Role::Heading, words::waiting());
    assert!(shows(&harness, "crashes.example.org could not be reached."));
    assert!(shows(&harness, words::waiting_next()));
    click(&mut harness, Role::Button, words::close());
    assert_eq!(harness.state().actions, [Action::Close]);
}

#[test]
fn refused_gives_the_servers_words() {
    let harness = after(ToDialog::Refused {
        why: "quota\u{1b}[2J exceeded\nask again in May".to_owned(),
    });
    harness.get_by_role_and_label(Role::Heading, words::refused());
    assert!(shows(&harness, "quota[2J exceeded\nask again in May"));
    assert!(shows(&harness, words::refused_next()));
    assert!(shows(
        &after(ToDialog::Refused { why: " ".to_owned() }),
        words::refused_silent()
    ));
}

/// The second click of a double click on *Send report* falls on *Cancel*.
#[test]
fn a_double_click_does_not_cancel_what_it_has_just_sent() {
    let mut harness = asking();
    click(&mut harness, Role::Button, words::send());
    harness.state_mut().actions.clear();
    harness.state_mut().state.answered(Decision::Send);
    harness.step();
    click(&mut harness, Role::Button, words::cancel());
    assert_eq!(harness.state().actions, []);
    assert!(!shows(&harness, words::cancelling()));
}

#[test]
fn escape_closes_every_page() {
    let messages = [
        ToDialog::Progress {
            sent_bytes: 1,
            total_bytes: 2,
        },
        sent(),
        ToDialog::Waiting { why: String::new() },
        ToDialog::Refused { why: String::new() },
        ToDialog::Cancelled,
    ];
    for message in messages {
        let mut harness = after(message.clone());
        harness.key_press(Key::Escape);
        harness.run();
        assert_eq!(harness.state().actions, [Action::Close], "{message:?}");
    }
}

#[test]
fn dont_send_closes_by_itself() {
    let mut state = State::new(sample::asked(), Language::English);
    state.answered(Decision::DontSend);
    let harness = open(state);
    let actions = &harness.state().actions;
    assert!(
        !actions.is_empty() && actions.iter().all(|action| *action == Action::Close),
        "{actions:?}"
    );
}

#[test]
fn no_message_can_answer() {
    let mut state = State::new(sample::asked(), Language::English);
    for message in [
        ToDialog::Show(Box::new(with_stack())),
        ToDialog::Progress {
            sent_bytes: 1,
            total_bytes: 2,
        },
        sent(),
        ToDialog::Waiting { why: String::new() },
        ToDialog::Refused { why: String::new() },
        ToDialog::Cancelled,
    ] {
        state.apply(message);
        assert_eq!(state.phase(), &Phase::Asking);
    }
    assert_eq!(state.asked().details.stack, None);
}

#[test]
fn an_outcome_is_final() {
    let mut state = sending();
    state.apply(sent());
    state.apply(ToDialog::Refused { why: "no".to_owned() });
    state.reporter_gone();
    assert!(matches!(state.phase(), Phase::Sent { .. }));
}

#[test]
fn what_the_server_knows_is_shown_where_it_says_so() {
    let sentence = "This crash is known and fixed in 1.4.2.";
    let harness = after(ToDialog::Sent {
        event_id: ID.to_owned(),
        url: None,
        known: Some(KnownCrash {
            fixed_in: Some("editor@1.4.2\u{1b}".to_owned()),
            ..KnownCrash::default()
        }),
    });
    assert!(harness.query_by_label(sentence).is_some());
    assert!(after(sent()).query_by_label(sentence).is_none());
}

#[test]
fn an_update_is_linked_where_it_helps_and_the_app_has_a_page() {
    let link = |fixed: bool, url: Option<&str>| {
        let asked = crate::shown::shown(Asked {
            update_url: url.map(str::to_owned),
            ..sample::asked()
        });
        let mut state = State::new(asked, Language::English);
        state.answered(Decision::Send);
        state.apply(ToDialog::Sent {
            event_id: ID.to_owned(),
            url: None,
            known: Some(KnownCrash {
                is_fixed: fixed,
                ..KnownCrash::default()
            }),
        });
        open(state)
            .query_by_role_and_label(Role::Link, words::get_update())
            .is_some()
    };
    let page = Some("https://inkwell.example/download");
    assert!(link(true, page));
    assert!(!link(false, page), "it is known, and no version helps");
    assert!(!link(true, None));
    assert!(!link(true, Some("javascript:alert(1)")));
}
