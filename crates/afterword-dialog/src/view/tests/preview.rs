//! What would be sent, of a report that really lies in a store: left out, looked at byte for byte, and saved.

use afterword_store::{Decision, Store};
use egui::Key;
use egui::accesskit::{Role, Toggled};
use tempfile::TempDir;

use super::*;
use crate::Tab;

/// The details of a stored report, at a tab.
fn at(tab: Tab) -> (Harness<'static, Seen>, Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = sample::stored(folder.path());
    let mut state = State::new(asked, Language::English);
    state.open_details(true);
    state.open_tab(tab);
    crate::preview::lay_out(&mut state);
    let mut harness = open_sized(state, 760.0, 1_400.0);
    harness.run_steps(3);
    (harness, store, folder)
}

fn total(harness: &Harness<'_, Seen>) -> String {
    let said = labels(harness).into_iter().find(|label| label.starts_with("In all "));
    said.unwrap_or_else(|| panic!("{:#?}", labels(harness)))
}

fn left_out(harness: &mut Harness<'_, Seen>) -> Vec<String> {
    click(harness, Role::Button, words::send());
    match harness.state().actions.last() {
        Some(Action::Answer(given)) => {
            assert_eq!(given.decision, Decision::Send);
            given.left_out.clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn attachments_are_ticked_and_what_is_unticked_is_left_out() {
    let (mut harness, _store, _folder) = at(Tab::Files);
    let ticks: Vec<_> = harness.query_all_by_role(Role::CheckBox).collect();
    // Restart and always stand above.
    assert_eq!(ticks.len(), 3, "the event has none");
    let dump = harness.get_by_role_and_label(Role::CheckBox, "minidump.dmp");
    assert_eq!(dump.accesskit_node().toggled(), Some(Toggled::True));
    for said in [words::event_stays(), words::minidump_costs(), words::part_header()] {
        assert!(shows(&harness, said), "{said}");
    }
    assert_eq!(total(&harness), "In all 100 KB, before it is compressed.");
    click(&mut harness, Role::CheckBox, "minidump.dmp");
    assert_eq!(total(&harness), "In all 170 bytes, before it is compressed.");
    assert_eq!(left_out(&mut harness), ["minidump.dmp"]);
}

#[test]
fn what_is_ticked_again_goes() {
    let (mut harness, _store, _folder) = at(Tab::Files);
    for _ in 0..2 {
        click(&mut harness, Role::CheckBox, "minidump.dmp");
    }
    assert_eq!(total(&harness), "In all 100 KB, before it is compressed.");
    assert_eq!(left_out(&mut harness), [""; 0]);
}

#[test]
fn the_size_follows_the_comment() {
    let (mut harness, store, _folder) = at(Tab::Files);
    click(&mut harness, Role::CheckBox, "minidump.dmp");
    let before = total(&harness);
    harness.state_mut().state.comment = "I pressed undo".to_owned();
    harness.run_steps(3);
    assert_ne!(total(&harness), before);
    assert!(shows(&harness, "comment"));
    let state = &harness.state().state;
    let outgoing = state.look.outgoing.as_ref().unwrap();
    let mut own = store.report(state.asked.report_id).unwrap().outgoing().unwrap();
    own.choose(&afterword_store::Choices {
        left_out: vec!["minidump.dmp".to_owned()],
        comment: Some("I pressed undo".to_owned()),
        email: None,
        commented_at: Some(state.asked.asked_at),
    });
    assert_eq!(outgoing.size_bytes(), own.size_bytes());
}

#[test]
fn the_tabs_are_one_stop_of_the_keyboard_and_the_arrows_choose() {
    let (mut harness, _store, _folder) = at(Tab::Summary);
    assert!(harness.query_by_role(Role::TabList).is_some());
    assert!(
        harness
            .query_by_role_and_label(Role::TabPanel, words::summary())
            .is_some()
    );
    harness.get_by_role_and_label(Role::Tab, words::summary()).focus();
    harness.run_steps(2);
    for (key, tab) in [
        (Key::ArrowRight, words::tab_context()),
        (Key::ArrowRight, words::breadcrumbs()),
        (Key::ArrowLeft, words::tab_context()),
        (Key::End, words::tab_text()),
        (Key::ArrowRight, words::summary()),
        (Key::ArrowLeft, words::tab_text()),
        (Key::Home, words::summary()),
    ] {
        harness.key_press(key);
        harness.run_steps(3);
        let node = harness.get_by_role_and_label(Role::Tab, tab);
        assert!(node.is_focused(), "{tab}");
        assert_eq!(node.accesskit_node().is_selected(), Some(true), "{tab}");
        let selected = harness
            .query_all_by_role(Role::Tab)
            .filter(|node| node.accesskit_node().is_selected() == Some(true));
        assert_eq!(selected.count(), 1);
    }
    harness.key_press(Key::Tab);
    harness.run_steps(2);
    let tabs = harness.query_all_by_role(Role::Tab);
    assert_eq!(
        tabs.filter(|tab| tab.is_focused()).count(),
        0,
        "the next stop is behind them"
    );
}

#[test]
fn the_bytes_of_the_minidump_are_shown_a_page_at_a_time() {
    let (mut harness, _store, _folder) = at(Tab::Bytes);
    let first = "00000000  4d 44 4d 50 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f  MDMP............";
    assert!(shows(&harness, first), "{:#?}", labels(&harness));
    assert!(shows(&harness, "0 bytes to 65.5 KB of 100 KB"));
    let rows = labels(&harness)
        .iter()
        .filter(|label| label.starts_with("0000"))
        .count();
    assert!((5..60).contains(&rows), "{rows} rows are laid out");
    let back = harness.get_by_role_and_label(Role::Button, words::page_before());
    assert!(back.accesskit_node().is_disabled());

    click(&mut harness, Role::Button, words::page_after());
    harness.run_steps(3);
    assert!(shows(&harness, "00010000  19 "), "{:#?}", labels(&harness));
    assert!(shows(&harness, "65.5 KB to 100 KB of 100 KB"));

    click(&mut harness, Role::RadioButton, words::bytes_letters());
    harness.run_steps(3);
    assert!(
        shows(&harness, "00010000  ....... !\"#$%&'()*+,-./0123"),
        "{:#?}",
        labels(&harness)
    );
}

#[test]
fn a_stream_is_looked_at_by_its_name() {
    let (mut harness, _store, _folder) = at(Tab::Bytes);
    harness.get_by_role(Role::ComboBox).click();
    harness.run_steps(4);
    let (known, unknown) = (
        "    ThreadList (64 bytes, from 0x20 on)",
        "    unknown stream 0x47670001 (16 bytes, from 0x60 on)",
    );
    assert!(shows(&harness, unknown), "{:#?}", labels(&harness));
    harness.get_by_label(known).click();
    harness.run_steps(4);
    assert!(shows(&harness, "00000020  20 21 22 "), "{:#?}", labels(&harness));
    // The node of a row and that of its run of letters say the same.
    let mut rows = labels(&harness);
    rows.retain(|label| label.starts_with("000000"));
    rows.dedup();
    assert_eq!(rows.len(), 4, "64 bytes, and no pages");
    assert!(!shows(&harness, words::page_after()));
}

#[test]
fn the_event_is_shown_as_text_and_can_be_copied() {
    let (mut harness, _store, _folder) = at(Tab::Text);
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
    harness
        .get_by_role_and_label(Role::Button, words::copy())
        .click_accesskit();
    harness.step();
    let commands = &harness.output().platform_output.commands;
    let copied = commands.iter().any(|command| match command {
        egui::OutputCommand::CopyText(text) => text.contains("\"id\": \"a1b2\""),
        _ => false,
    });
    assert!(copied, "{commands:?}");
}

#[test]
fn a_copy_is_asked_for_with_a_path_and_its_end_is_said() {
    let (mut harness, _store, folder) = at(Tab::Summary);
    click(&mut harness, Role::Button, words::save_copy());
    let path = folder.path().join("copy.envelope");
    harness.state_mut().state.look.copying.path = path.to_str().unwrap().to_owned();
    harness.run_steps(2);
    let field = harness.get_by_role_and_label(Role::TextInput, words::copy_path());
    assert_eq!(field.accesskit_node().value().as_deref(), path.to_str());
    click(&mut harness, Role::Button, words::save());
    assert_eq!(harness.state().actions, [Action::SaveCopy(path.clone())]);

    let state = &mut harness.state_mut().state;
    let outgoing = state.look.outgoing.clone().unwrap();
    state.look.copying.result = Some(crate::preview::save_copy(&outgoing, &path));
    harness.run_steps(2);
    assert!(shows(&harness, "Saved as "), "{:#?}", labels(&harness));
    let state = &mut harness.state_mut().state;
    state.look.copying.result = Some(crate::preview::save_copy(&outgoing, &path));
    harness.run_steps(2);
    assert!(
        shows(&harness, "already; it was left as it is"),
        "{:#?}",
        labels(&harness)
    );
}

#[test]
fn always_is_unticked_apart_and_says_what_it_means() {
    let mut harness = asking();
    let always = harness.get_by_role_and_label(Role::CheckBox, words::always());
    assert_eq!(always.accesskit_node().toggled(), Some(Toggled::False));
    assert!(shows(&harness, words::always_means("Inkwell")));
    click(&mut harness, Role::CheckBox, words::always());
    click(&mut harness, Role::Button, words::dont_send());
    match &harness.state().actions[..] {
        [Action::Answer(given)] => assert!(given.always && given.decision == Decision::DontSend),
        other => panic!("{other:?}"),
    }
}
