use afterword_store::{Decision, ReportKind};
use egui::accesskit::{Live, Role, Toggled};
use egui::{Key, OutputCommand};

use super::*;
use crate::Given;
use crate::state::{MAX_COMMENT_CHARS, Phase};
use crate::words::Words;

const COMMENT: Role = Role::MultilineTextInput;

fn answer(decision: Decision, comment: Option<&str>, restart: bool) -> Action {
    Action::Answer(Given {
        comment: comment.map(str::to_owned),
        restart,
        ..Given::new(decision)
    })
}

#[test]
fn it_says_what_happened_to_whom_it_goes_and_that_nothing_goes_unasked() {
    let harness = asking();
    let heading = harness.get_by_role_and_label(Role::Heading, "Inkwell stopped unexpectedly");
    assert_eq!(heading.accesskit_node().live(), Live::Polite);
    for said in [
        "It tried to use memory that does not belong to it.",
        "Nothing is sent unless you agree.",
        "Reports go to crashes.example.org.",
        "Close this window to be asked again at the next start.",
    ] {
        assert!(shows(&harness, said), "{said}: {:?}", labels(&harness));
    }
    assert_eq!(harness.state().actions, []);
}

#[test]
fn send_and_dont_send_weigh_the_same() {
    let harness = asking();
    let send = harness.get_by_role_and_label(Role::Button, words::send());
    let dont = harness.get_by_role_and_label(Role::Button, words::dont_send());
    assert_eq!(send.rect().size(), dont.rect().size());
    assert_eq!(send.rect().top(), dont.rect().top());
    assert!(!send.is_focused() && !dont.is_focused());
}

#[test]
fn the_buttons_answer() {
    for (label, decision) in [
        (words::send(), Decision::Send),
        (words::dont_send(), Decision::DontSend),
    ] {
        let mut harness = asking();
        click(&mut harness, Role::Button, label);
        assert_eq!(harness.state().actions, [answer(decision, None, false)]);
    }
}

#[test]
fn restart_is_unticked_and_goes_through_when_ticked() {
    let mut harness = asking();
    let restart = harness.get_by_role_and_label(Role::CheckBox, "Restart Inkwell");
    assert_eq!(restart.accesskit_node().toggled(), Some(Toggled::False));
    click(&mut harness, Role::CheckBox, "Restart Inkwell");
    click(&mut harness, Role::Button, words::dont_send());
    assert_eq!(harness.state().actions, [answer(Decision::DontSend, None, true)]);
}

#[test]
fn restart_is_not_offered_when_it_cannot_be_done() {
    let harness = open(State::new(
        Asked {
            can_restart: false,
            ..sample::asked()
        },
        Language::English,
    ));
    let ticks: Vec<_> = harness.query_all_by_role(Role::CheckBox).collect();
    assert_eq!(ticks.len(), 1, "only whether to do it always");
}

#[test]
fn the_comment_goes_through_trimmed() {
    let mut harness = asking();
    let comment = harness.get_by_role(COMMENT);
    assert_eq!(
        comment.accesskit_node().label().as_deref(),
        Some(words::comment_label())
    );
    comment.focus();
    harness.run();
    harness.get_by_role(COMMENT).type_text("  I pressed undo twice ");
    harness.run();
    click(&mut harness, Role::Button, words::send());
    assert_eq!(
        harness.state().actions,
        [answer(Decision::Send, Some("I pressed undo twice"), false)]
    );
}

#[test]
fn a_comment_of_spaces_is_none_and_an_endless_one_is_cut() {
    let mut state = State::new(sample::asked(), Language::English);
    state.comment = " \n ".to_owned();
    assert_eq!(state.answer(Decision::Send), answer(Decision::Send, None, false));

    let mut harness = asking();
    harness.get_by_role(COMMENT).focus();
    harness.run();
    harness
        .get_by_role(COMMENT)
        .type_text(&"x".repeat(MAX_COMMENT_CHARS + 500));
    harness.run();
    assert_eq!(harness.state().state.comment.len(), MAX_COMMENT_CHARS);
}

#[test]
fn escape_is_later() {
    let mut harness = asking();
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().actions, [Action::Close]);
    assert_eq!(harness.state().state.phase(), &Phase::Asking);
}

#[test]
fn escape_while_typing_leaves_the_box_before_it_closes() {
    let mut harness = asking();
    harness.get_by_role(COMMENT).focus();
    harness.run();
    harness.get_by_role(COMMENT).type_text("I was");
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().actions, []);
    assert_eq!(harness.state().state.comment, "I was");
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(harness.state().actions, [Action::Close]);
}

#[test]
fn the_keyboard_meets_the_controls_in_reading_order() {
    let mut harness = asking();
    let order = [
        (COMMENT, words::comment_label()),
        (Role::CheckBox, "Restart Inkwell"),
        (Role::CheckBox, words::always()),
        (Role::DisclosureTriangle, words::details()),
        (Role::Button, words::dont_send()),
        (Role::Button, words::send()),
    ];
    for (role, label) in order {
        harness.key_press(Key::Tab);
        harness.run();
        let node = harness.get_by_role_and_label(role, label);
        assert!(node.is_focused(), "{label} should have the focus");
    }
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().actions, [answer(Decision::Send, None, false)]);
}

#[test]
fn a_key_pressed_before_anything_is_focused_answers_nothing() {
    let mut harness = asking();
    for key in [Key::Enter, Key::Space, Key::Y, Key::S] {
        harness.key_press(key);
        harness.run();
    }
    assert_eq!(harness.state().actions, []);
}

#[test]
fn a_small_window_and_endless_words_lose_no_control() {
    let mut asked = with_stack();
    asked.app_name = "Donaudampfschiff".repeat(20);
    asked.kind = ReportKind::Panic;
    asked.message = Some("unbreakable".repeat(100));
    asked.server = Some("crashes-".repeat(40));
    asked.details.tags = vec![("k".repeat(400), "v".repeat(4_000))];
    let sizes = [(320.0, 240.0), (320.0, 900.0), (536.0, 496.0), (1400.0, 900.0)];
    let cases = sizes
        .into_iter()
        .flat_map(|size| [(size, Words::ENGLISH), (size, Words::LONGER)]);
    for ((width, height), spoken) in cases {
        let mut state = State::new(asked.clone(), Language::English);
        state.words = spoken;
        state.open_details(true);
        let mut harness = open_sized(state, width, height);
        harness.run();
        for node in harness.root().children_recursive() {
            if matches!(
                node.accesskit_node().role(),
                Role::Button | Role::Label | Role::CheckBox | Role::Heading
            ) {
                let rect = node.rect();
                assert!(
                    rect.left() >= 0.0 && rect.right() <= width + 0.5,
                    "{width}×{height}: {:?} {rect:?}",
                    node.accesskit_node().label()
                );
            }
        }
        harness
            .get_by_role_and_label(Role::Button, &spoken.send())
            .click_accesskit();
        harness.run();
        assert_eq!(
            harness.state().actions,
            [answer(Decision::Send, None, false)],
            "{width}×{height}"
        );
    }
}

#[test]
fn what_is_shown_is_plain_text() {
    let mut asked = sample::asked();
    asked.app_name = "Ink\u{202e}well\u{1b}[31m\n".to_owned();
    asked.server = Some("a\u{200b}b".to_owned());
    let state = State::new(asked, Language::English);
    assert_eq!(state.headline(), "Inkwell[31m stopped unexpectedly");
    assert_eq!(state.asked().server.as_deref(), Some("ab"));
}

#[test]
fn the_same_page_wants_the_same_height_whatever_the_window() {
    let wanted = [(536.0, 300.0), (536.0, 900.0)].map(|(width, height)| {
        let mut harness = open_sized(State::new(sample::asked(), Language::English), width, height);
        harness.run();
        harness.state().state.wanted_height()
    });
    assert!((wanted[0] - wanted[1]).abs() < 1.0, "{wanted:?}");
    assert!((380.0..620.0).contains(&wanted[0]), "{wanted:?}");
}

/// The page, some seconds after its first frame.
fn seconds_after(seconds: f32) -> Harness<'static, Seen> {
    let mut harness = just_opened(State::new(sample::asked(), Language::English), 536.0, 496.0);
    // Building it drew the first frames.
    harness.state_mut().state.guard.restart();
    harness.step();
    harness.run_steps((seconds / STEP_SECONDS) as usize);
    harness
}

#[test]
fn a_click_that_was_under_way_when_the_window_came_is_no_answer() {
    for label in [words::send(), words::dont_send()] {
        for seconds in [0.0, 0.2, 0.3] {
            let mut harness = seconds_after(seconds);
            click(&mut harness, Role::Button, label);
            assert_eq!(harness.state().actions, [], "{label} after {seconds} s");
            // It works as soon as it could be read.
            harness.run_steps((0.5 / STEP_SECONDS) as usize);
            click(&mut harness, Role::Button, label);
            assert_eq!(harness.state().actions.len(), 1, "{label}");
        }
    }
}

#[test]
fn a_press_from_the_first_moment_is_no_answer_when_it_is_let_go_later() {
    let mut harness = seconds_after(0.3);
    let pos = harness
        .get_by_role_and_label(Role::Button, words::send())
        .rect()
        .center();
    let button = |pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    };
    harness.event(egui::Event::PointerMoved(pos));
    harness.event(button(true));
    harness.run_steps((0.4 / STEP_SECONDS) as usize);
    harness.event(button(false));
    harness.run_steps(2);
    assert_eq!(harness.state().actions, []);
}

#[test]
fn a_window_that_comes_to_the_front_begins_anew() {
    let mut harness = seconds_after(5.0);
    harness.input_mut().focused = false;
    harness.run_steps(3);
    harness.input_mut().focused = true;
    harness.run_steps(3);
    click(&mut harness, Role::Button, words::send());
    assert_eq!(harness.state().actions, []);
    harness.run_steps((0.5 / STEP_SECONDS) as usize);
    click(&mut harness, Role::Button, words::send());
    assert_eq!(harness.state().actions, [answer(Decision::Send, None, false)]);
}

#[test]
fn a_key_that_was_under_way_when_the_window_came_is_no_answer() {
    for (seconds, answers) in [(0.0, 0), (0.2, 0), (0.35, 1)] {
        let mut harness = seconds_after(0.0);
        harness.get_by_role_and_label(Role::Button, words::send()).focus();
        harness.step();
        harness.state_mut().state.guard.restart();
        harness.step();
        harness.run_steps((seconds / STEP_SECONDS) as usize);
        harness.key_press(Key::Enter);
        harness.run_steps(3);
        assert_eq!(harness.state().actions.len(), answers, "after {seconds} s");
    }
}

#[test]
fn the_first_moment_looks_like_every_other() {
    let mut harness = seconds_after(0.0);
    let send = |harness: &Harness<'_, Seen>| {
        let node = harness.get_by_role_and_label(Role::Button, words::send());
        (node.rect(), node.accesskit_node().is_disabled())
    };
    let early = (send(&harness), harness.output().shapes.clone());
    harness.run_steps((2.0 / STEP_SECONDS) as usize);
    assert_eq!(early.0, send(&harness));
    assert!(early.1 == harness.output().shapes, "something is drawn differently");
    assert!(!early.0.1);
}

/// It once ended the dialog, and the comment with it.
#[test]
fn an_answer_that_was_not_saved_is_asked_for_again_with_what_was_written() {
    let mut state = State::new(sample::asked(), Language::English);
    state.comment = "I pressed undo".to_owned();
    state.not_saved("No space left on device\u{1b}");
    let mut harness = open(state);
    let line = "Your answer could not be saved, and nothing was sent: No space left on device. Please try again.";
    let said = harness.get_by_label(line);
    assert_eq!(said.accesskit_node().live(), Live::Assertive);
    click(&mut harness, Role::Button, words::send());
    assert_eq!(
        harness.state().actions,
        [answer(Decision::Send, Some("I pressed undo"), false)]
    );
    harness.state_mut().state.answered(Decision::Send);
    harness.run_steps(2);
    assert!(!shows(&harness, line));
}

#[test]
fn the_apps_privacy_policy_is_linked_beside_the_question() {
    let harness = asking();
    assert!(
        harness
            .query_by_role_and_label(Role::Link, words::privacy_policy())
            .is_none()
    );
    let asked = Asked {
        privacy_url: Some("https://inkwell.example/privacy".to_owned()),
        ..sample::asked()
    };
    let mut harness = open(State::new(asked, Language::English));
    harness
        .get_by_role_and_label(Role::Link, words::privacy_policy())
        .click();
    harness.step();
    let opened = harness.output().platform_output.commands.iter().any(
        |command| matches!(command, OutputCommand::OpenUrl(open) if open.url == "https://inkwell.example/privacy"),
    );
    assert!(opened);
}

#[test]
fn the_documents_that_open_again_are_named_beside_restart() {
    let named = |can_restart| {
        let asked = crate::shown::shown(Asked {
            can_restart,
            documents: vec![
                "Letters.ink".to_owned(),
                "Map\u{202e}.ink".to_owned(),
                "\u{7}".to_owned(),
            ],
            ..sample::asked()
        });
        let harness = open(State::new(asked, Language::English));
        shows(&harness, "Inkwell will open again with: Letters.ink, Map.ink")
    };
    assert!(named(true));
    assert!(!named(false));
    assert!(!shows(&asking(), words::reopens("Inkwell", "")));
}
