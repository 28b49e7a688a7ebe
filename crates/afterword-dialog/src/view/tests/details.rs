use egui::accesskit::Role;

use super::*;
use crate::message::{Details, FrameLine, ToDialog};
use crate::state::MAX_LISTED;

fn opened(asked: Asked) -> Harness<'static, Seen> {
    let mut state = State::new(asked, Language::English);
    state.open_details(true);
    let mut harness = open_sized(state, 536.0, 1_400.0);
    harness.run_steps(3);
    harness
}

#[test]
fn the_details_are_folded_until_asked_for() {
    let mut harness = asking();
    assert!(!shows(&harness, words::summary()));
    click(&mut harness, Role::DisclosureTriangle, words::details());
    assert!(harness.state().state.details_open());
    assert!(shows(&harness, words::summary()));
    click(&mut harness, Role::DisclosureTriangle, words::details());
    assert!(!shows(&harness, words::summary()));
}

#[test]
fn what_the_report_says_is_listed_tab_by_tab() {
    let mut harness = opened(with_stack());
    let tabs: [(&str, &[&str]); 4] = [
        (
            words::summary(),
            &["Inkwell", "inkwell@2.3.0", "Crash", "environment variables"],
        ),
        (
            words::tab_context(),
            &["renderer", "glow", "os.name", "Debian GNU/Linux"],
        ),
        (
            words::breadcrumbs(),
            &["14:03:19", "Tile cache is full", "render · warning"],
        ),
        (
            words::tab_modules(),
            &[
                "/usr/bin/inkwell",
                "at 0x558100000000, 4.1 MB",
                "8A3F51D2-0000-4000-8000-5F1B00C0FFEE",
            ],
        ),
    ];
    for (tab, said) in tabs {
        click(&mut harness, Role::Tab, tab);
        for said in said {
            assert!(shows(&harness, said), "{said}: {:#?}", labels(&harness));
        }
    }
    assert!(!shows(&harness, "renderer"), "one tab at a time");
}

#[test]
fn what_there_is_none_of_is_said() {
    let mut asked = with_stack();
    asked.details = Details::default();
    let mut harness = opened(asked);
    for tab in [words::tab_context(), words::breadcrumbs(), words::tab_modules()] {
        click(&mut harness, Role::Tab, tab);
        assert!(shows(&harness, words::nothing_of_this()), "{tab}");
    }
}

#[test]
fn a_report_that_cannot_be_read_is_said_and_can_be_answered_all_the_same() {
    let mut state = State::new(with_stack(), Language::English);
    state.open_details(true);
    crate::preview::lay_out(&mut state);
    let mut harness = open_sized(state, 536.0, 1_400.0);
    for tab in [words::tab_files(), words::tab_bytes(), words::tab_text()] {
        click(&mut harness, Role::Tab, tab);
        assert!(shows(&harness, "What would be sent cannot be read: "), "{tab}");
    }
    click(&mut harness, Role::Button, words::dont_send());
    assert_eq!(harness.state().actions.len(), 1);
}

#[test]
fn the_stack_arrives_later() {
    let mut harness = opened(sample::asked());
    assert!(shows(&harness, words::stack_pending()));
    assert!(!shows(&harness, "inkwell::canvas::undo"));

    let details = Details {
        stack: Some(sample::stack()),
        ..sample::asked().details
    };
    harness.state_mut().state.apply(ToDialog::Details(Box::new(details)));
    harness.run();

    assert!(!shows(&harness, words::stack_pending()));
    for shown in [
        "inkwell::tiles::pixels_mut · inlined",
        "src/canvas.rs:212",
        "inkwell::canvas::undo",
        "src/canvas.rs:488",
        "__libc_start_main",
        "unknown function in libc.so.6",
    ] {
        assert!(shows(&harness, shown), "{shown}: {:#?}", labels(&harness));
    }
    assert!(!shows(&harness, "inkwell::canvas::undo · inlined"));
}

#[test]
fn the_apps_own_frames_are_larger() {
    let harness = opened(with_stack());
    let own = harness.get_by_label("inkwell::canvas::undo").rect();
    let other = harness.get_by_label("__libc_start_main").rect();
    assert!(own.height() > other.height(), "{own:?} {other:?}");
}

#[test]
fn a_stack_that_could_not_be_worked_out_is_said() {
    let mut asked = sample::asked();
    asked.details.stack = Some(vec![]);
    assert!(shows(&opened(asked), words::stack_empty()));
}

#[test]
fn an_endless_stack_is_counted_not_listed() {
    let mut asked = sample::asked();
    asked.details.stack = Some(vec![
        FrameLine {
            in_app: true,
            ..FrameLine::default()
        };
        MAX_LISTED + 37
    ]);
    let harness = opened(asked);
    assert!(shows(&harness, "and 37 more"));
    let nodes = harness.root().children_recursive();
    let listed = nodes.filter(|node| {
        let node = node.accesskit_node();
        node.role() == Role::Label && node.value().as_deref() == Some(words::unknown_function())
    });
    assert_eq!(listed.count(), MAX_LISTED);
}

#[test]
fn the_comment_is_part_of_what_would_be_sent() {
    let mut harness = opened(with_stack());
    assert!(shows(&harness, words::no_comment()));
    harness.state_mut().state.comment = "I pressed undo".to_owned();
    harness.run();
    assert!(
        labels(&harness).iter().any(|label| label == "I pressed undo"),
        "{:#?}",
        labels(&harness)
    );
}
