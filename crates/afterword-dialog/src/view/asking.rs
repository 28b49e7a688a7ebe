//! The question.

use afterword_store::Decision;
use egui::{Checkbox, Id, TextEdit, Ui};

use super::{details, parts};
use crate::state::{Action, MAX_COMMENT_CHARS, State};

pub(super) fn comment_id() -> Id {
    Id::unique("afterword comment")
}

pub(super) fn body(ui: &mut Ui, state: &mut State) -> Action {
    let words = state.words;
    parts::heading(ui, &words.headline(&state.asked));
    ui.add_space(2.0);
    parts::soft(ui, &words.what_happened(&state.asked));
    ui.add_space(16.0);

    let label = ui.label(words.comment_label());
    let comment = ui.add(
        TextEdit::multiline(&mut state.comment)
            .id(comment_id())
            .hint_text(words.comment_hint())
            .char_limit(MAX_COMMENT_CHARS)
            .desired_rows(3)
            .desired_width(f32::INFINITY)
            .margin(egui::vec2(12.0, 10.0)),
    );
    parts::follow_focus(&comment.labelled_by(label.id));

    if state.asked.can_restart {
        ui.add_space(8.0);
        let restart = Checkbox::new(&mut state.restart, words.restart_app(&state.asked.app_name));
        parts::follow_focus(&ui.add(restart));
        if let Some(reopens) = words.documents_of(&state.asked) {
            parts::small(ui, &reopens);
        }
    }
    always(ui, state);
    ui.add_space(4.0);
    details::show(ui, state)
}

/// Apart from the buttons, so that neither is pressed for it; it says what it means before it is ticked.
fn always(ui: &mut Ui, state: &mut State) {
    let words = state.words;
    ui.add_space(if state.asked.can_restart { 0.0 } else { 8.0 });
    let always = ui.add(Checkbox::new(&mut state.always, words.always()));
    parts::follow_focus(&always);
    let indent = ui.spacing().icon_width + ui.spacing().icon_spacing;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.add_space(indent);
        ui.vertical(|ui| {
            let means = parts::small(ui, &words.always_means_for(&state.asked.app_name));
            ui.ctx()
                .accesskit_node_builder(always.id, |node| node.push_described_by(means.id.accesskit_id()));
        });
    });
}

pub(super) fn footer(ui: &mut Ui, state: &mut State) -> Action {
    let words = state.words;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        if let Some(why) = &state.not_saved {
            parts::alarm(ui, &words.not_saved(why));
            ui.add_space(6.0);
        }
        parts::plain(ui, &words.consent());
        parts::soft(ui, &words.destination_of(&state.asked));
        if let Some(url) = &state.asked.privacy_url {
            let link = ui.hyperlink_to(words.privacy_policy(), url);
            parts::focus_ring(ui, &link);
        }
    });
    ui.add_space(6.0);
    let pressed = parts::equal_buttons(ui, [&words.dont_send(), &words.send()], state.guard);
    ui.add_space(4.0);
    parts::small(ui, &words.later());
    match pressed {
        Some(0) => state.answer(Decision::DontSend),
        Some(_) => state.answer(Decision::Send),
        None => Action::None,
    }
}
