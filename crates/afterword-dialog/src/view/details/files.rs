//! Each part of what would be sent, with its size; what may stay here is unticked to leave it out.

use afterword_store::{Part, PartKind};
use egui::{Checkbox, Label, RichText, Ui, Vec2, vec2};

use crate::state::State;
use crate::theme::Palette;
use crate::view::parts;
use crate::words::Words;

/// Column of sizes, in points; as high as its text.
const SIZE_COLUMN: Vec2 = vec2(84.0, 0.0);

pub(super) fn show(ui: &mut Ui, state: &mut State) {
    let words = state.words;
    if let Some(why) = &state.look.unread {
        parts::plain(ui, &words.files_unread(why));
        return;
    }
    parts::soft(ui, &words.files_choose());
    ui.add_space(4.0);
    let Some(outgoing) = &state.look.outgoing else { return };
    let left_out = &mut state.look.left_out;
    for part in outgoing.parts() {
        one(ui, words, part, left_out);
    }
    ui.add_space(6.0);
    parts::small(ui, &words.event_stays());
    if outgoing.parts().any(|part| part.kind() == PartKind::Minidump) {
        parts::small(ui, &words.minidump_costs());
    }
}

fn one(ui: &mut Ui, words: Words, part: &Part, left_out: &mut Vec<String>) {
    let ink = Palette::of(ui).ink_soft;
    let name = crate::text::line(part.name(), 200);
    let shown_name = if part.kind() == PartKind::Header {
        String::new()
    } else {
        name
    };
    let what = words.part(part.kind());
    let left = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if part.can_be_left_out() {
            let mut goes = part.goes();
            let tick = ui.add(Checkbox::new(&mut goes, &shown_name));
            parts::follow_focus(&tick);
            if tick.changed() {
                left_out.retain(|left| left != part.name());
                if !goes {
                    left_out.push(part.name().to_owned());
                }
            }
            indented(ui, |ui| parts::small(ui, &what));
        } else {
            indented(ui, |ui| {
                if !shown_name.is_empty() {
                    parts::plain(ui, &shown_name);
                }
                parts::small(ui, &what)
            });
        }
    };
    parts::row(ui, SIZE_COLUMN, left, |ui| {
        let size = RichText::new(words.size(part.size_bytes())).color(ink);
        let size = if part.goes() { size } else { size.strikethrough() };
        ui.add(Label::new(size.line_height(Some(21.0))));
    });
    ui.add_space(3.0);
}

/// Under the text of a checkbox.
fn indented(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> egui::Response) {
    ui.horizontal_top(|ui| {
        let indent = ui.spacing().icon_width + ui.spacing().icon_spacing;
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.add_space(indent);
        ui.vertical(|ui| {
            ui.set_width(ui.available_width());
            contents(ui)
        });
    });
}
