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
fn all_that_would_be_sent_and_what_was_removed_is_listed() {
    let harness = opened(with_stack());
    for shown in [
        "Inkwell",
        "inkwell@2.3.0",
        "Crash",
        "renderer",
        "glow",
        "14:03:19",
        "Tile cache is full",
        "render · warning",
        "Files (1 file, 846 KB)",
        "minidump.dmp",
        "registers, stacks and modules at the moment of the crash",
        "846 KB",
        "environment variables",
    ] {
        assert!(shows(&harness, shown), "{shown}: {:#?}", labels(&harness));
    }
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

fn with_text(raw: &str) -> Asked {
    let mut asked = with_stack();
    asked.details.raw_event = Some(raw.to_owned());
    asked
}

#[test]
fn the_whole_report_can_be_read_as_text() {
    let event = br#"{"contexts":{"os":{"name":"Debian"}},"user":{"id":"a1b2"}}"#;
    let mut harness = opened(with_text(&crate::text::whole_report(event).0));
    assert!(!shows(&harness, "Debian"), "folded until asked for");
    click(&mut harness, Role::DisclosureTriangle, words::raw());
    for shown in [
        "  \"contexts\": {",
        "      \"name\": \"Debian\"",
        "    \"id\": \"a1b2\"",
    ] {
        assert!(
            labels(&harness).iter().any(|label| label == shown),
            "{shown}: {:#?}",
            labels(&harness)
        );
    }
    let copy = harness
        .get_all_by_role_and_label(Role::Button, words::copy())
        .next()
        .unwrap();
    copy.click_accesskit();
    harness.step();
    let commands = &harness.output().platform_output.commands;
    let copied = commands.iter().any(|command| match command {
        egui::OutputCommand::CopyText(text) => text.contains("\"id\": \"a1b2\""),
        _ => false,
    });
    assert!(copied, "{commands:?}");
}

#[test]
fn without_its_text_there_is_no_section_for_it() {
    let harness = opened(with_stack());
    assert!(!shows(&harness, words::raw()));
    assert!(
        shows(&harness, words::files_more()),
        "what is listed is not said to be all"
    );
}

#[test]
fn a_text_of_many_lines_is_laid_out_where_it_is_seen() {
    let lines: Vec<String> = (0..20_000).map(|line| format!("line {line}")).collect();
    let mut harness = opened(with_text(&lines.join("\n")));
    click(&mut harness, Role::DisclosureTriangle, words::raw());
    let shown = labels(&harness)
        .iter()
        .filter(|label| label.starts_with("line "))
        .count();
    assert!((5..60).contains(&shown), "{shown} rows");
    assert!(shows(&harness, "line 0"));
}
