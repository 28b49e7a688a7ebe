//! What all of it comes to, and a copy of it to keep.

use egui::accesskit::Live;
use egui::{Button, TextEdit, Ui, vec2};

use crate::state::{Action, State};
use crate::view::parts;

/// Longest path that can be typed, in characters.
const MAX_PATH_CHARS: usize = 1_000;

pub(super) fn show(ui: &mut Ui, state: &mut State) -> Action {
    let words = state.words;
    let Some(outgoing) = &state.look.outgoing else {
        return Action::None;
    };
    let total = parts::plain(ui, &words.total(&words.size(outgoing.size_bytes())));
    ui.ctx()
        .accesskit_node_builder(total.id, |node| node.set_live(Live::Polite));
    ui.add_space(4.0);
    if !state.look.copying.open {
        let open = ui.add(Button::new(words.save_copy()));
        parts::follow_focus(&open);
        if open.clicked() {
            state.look.copying.open = true;
            state.look.copying.result = None;
        }
        return Action::None;
    }
    asking_where(ui, state)
}

/// A plain field for the path: it is there on every desktop and in every sandbox, and takes no library along.
fn asking_where(ui: &mut Ui, state: &mut State) -> Action {
    let words = state.words;
    let label = ui.label(words.copy_path());
    let path = ui.add(
        TextEdit::singleline(&mut state.look.copying.path)
            .char_limit(MAX_PATH_CHARS)
            .desired_width(f32::INFINITY)
            .margin(vec2(12.0, 8.0)),
    );
    let path = path.labelled_by(label.id);
    parts::follow_focus(&path);
    if path.changed() {
        state.look.copying.result = None;
    }
    ui.add_space(4.0);
    let save = ui.add(Button::new(words.save()));
    parts::follow_focus(&save);
    match &state.look.copying.result {
        Some(Ok(saved)) => {
            let said = words.copy_saved(&saved.path.to_string_lossy(), &words.size(saved.size_bytes));
            let said = parts::soft(ui, &said);
            ui.ctx()
                .accesskit_node_builder(said.id, |node| node.set_live(Live::Polite));
        }
        Some(Err(failure)) => parts::alarm(ui, &words.copy_failure(failure)),
        None => {}
    }
    if save.clicked() && !state.look.copying.path.trim().is_empty() {
        return Action::SaveCopy(state.look.copy_path().to_owned());
    }
    Action::None
}
