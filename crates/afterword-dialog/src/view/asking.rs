//! The question.

use afterword_store::Decision;
use egui::{Checkbox, Id, TextEdit, Ui};

use super::{details, parts};
use crate::state::{Action, MAX_COMMENT_CHARS, State};
use crate::words;

pub(super) fn comment_id() -> Id {
    Id::unique("afterword comment")
}

pub(super) fn body(ui: &mut Ui, state: &mut State) -> Action {
    parts::heading(ui, &state.asked.headline);
    ui.add_space(2.0);
    parts::soft(ui, &state.asked.what_happened);
    ui.add_space(16.0);

    let label = ui.label(words::COMMENT_LABEL);
    let comment = ui.add(
        TextEdit::multiline(&mut state.comment)
            .id(comment_id())
            .hint_text(words::COMMENT_HINT)
            .char_limit(MAX_COMMENT_CHARS)
            .desired_rows(3)
            .desired_width(f32::INFINITY)
            .margin(egui::vec2(12.0, 10.0)),
    );
    parts::follow_focus(&comment.labelled_by(label.id));

    if state.asked.can_restart {
        ui.add_space(8.0);
        let restart = Checkbox::new(&mut state.restart, words::restart(&state.asked.app_name));
        parts::follow_focus(&ui.add(restart));
    }
    ui.add_space(4.0);
    details::show(ui, state);
    Action::None
}

pub(super) fn footer(ui: &mut Ui, state: &mut State) -> Action {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        if let Some(why) = &state.not_saved {
            parts::alarm(ui, &words::not_saved(why));
            ui.add_space(6.0);
        }
        parts::plain(ui, words::CONSENT);
        parts::soft(ui, &words::destination(&state.asked.server));
    });
    ui.add_space(6.0);
    let pressed = parts::equal_buttons(ui, [words::DONT_SEND, words::SEND], state.guard);
    ui.add_space(4.0);
    parts::small(ui, words::LATER);
    match pressed {
        Some(0) => state.answer(Decision::DontSend),
        Some(_) => state.answer(Decision::Send),
        None => Action::None,
    }
}
