//! The window as a function over [`State`]: draws it, changes only what the person edits in place, and says what they did.
//!
//! A page is a scrolling body and a strip with the buttons below it. The strip is laid out after the body, so that the
//! keyboard meets the controls in reading order, and its height is known one pass later.

mod asking;
mod details;
mod outcome;
mod parts;

use egui::{Frame, Key, Rect, ScrollArea, Ui, UiBuilder};

use crate::state::{Action, Phase, State};
use crate::theme::{self, Palette};

/// Heights in which the strip stays at the bottom edge: below it there must be this much of the body, in points.
const MIN_BODY_HEIGHT: f32 = 180.0;

/// Draws the page for where the conversation is, over all of `ui`, and returns what the person did.
///
/// Expects [`crate::install_theme`] to have been called on the context.
pub fn view(ui: &mut Ui, state: &mut State) -> Action {
    let (now, focused, pressed) = ui.input(|input| (input.time, input.focused, input.pointer.any_pressed()));
    state.guard.look(now, focused, pressed);
    let action = match state.phase {
        Phase::Asking => page(ui, state, asking::body, asking::footer),
        Phase::Sending { .. } => page(ui, state, outcome::sending, outcome::sending_footer),
        Phase::Done => Action::Close,
        _ => page(ui, state, outcome::result, outcome::result_footer),
    };
    match action {
        Action::None if closed_by_key(ui) => Action::Close,
        action => action,
    }
}

type Part = fn(&mut Ui, &mut State) -> Action;

fn page(ui: &mut Ui, state: &mut State, body: Part, footer: Part) -> Action {
    let palette = Palette::of(ui);
    let full = ui.max_rect();
    ui.painter().rect_filled(full, 0.0, palette.ground);

    let footer_height = state.footer_height.unwrap_or(0.0);
    let pinned = full.height() >= footer_height + MIN_BODY_HEIGHT;
    let (top, bottom) = full.split_top_bottom_at_y(if pinned {
        full.bottom() - footer_height
    } else {
        full.bottom()
    });

    let mut action = Action::None;
    let spacing = ui.spacing().item_spacing;
    let body_height = scrolling(ui, top, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        Frame::new()
            .inner_margin(theme::page_margin(full.width()))
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing = spacing;
                action = body(ui, state);
            });
        if !pinned {
            ui.spacing_mut().item_spacing = spacing;
            let strip = Rect::from_min_size(ui.cursor().min, egui::vec2(ui.available_width(), footer_height));
            let (pressed, height) = strip_of_buttons(ui, strip, &palette, state, footer);
            ui.advance_cursor_after_rect(strip);
            merge(&mut action, pressed);
            settle_footer(ui, state, height);
        }
    });
    if pinned {
        let (pressed, height) = strip_of_buttons(ui, bottom, &palette, state, footer);
        merge(&mut action, pressed);
        settle_footer(ui, state, height);
    }
    state.wanted_height = if pinned {
        body_height + state.footer_height.unwrap_or(0.0)
    } else {
        body_height
    };
    action
}

/// Shows `contents` in `rect`, scrolling when it is higher; returns its whole height.
fn scrolling(ui: &mut Ui, rect: Rect, contents: impl FnOnce(&mut Ui)) -> f32 {
    let mut child = ui.new_child(UiBuilder::new().id_salt("body").max_rect(rect));
    child.shrink_clip_rect(rect);
    let output = ScrollArea::vertical().auto_shrink(false).show(&mut child, |ui| {
        contents(ui);
        let pages =
            ui.input(|input| i32::from(input.key_pressed(Key::PageUp)) - i32::from(input.key_pressed(Key::PageDown)));
        if pages != 0 {
            ui.scroll_with_delta(egui::vec2(0.0, pages as f32 * rect.height() * 0.8));
        }
    });
    output.content_size.y
}

fn strip_of_buttons(ui: &mut Ui, rect: Rect, palette: &Palette, state: &mut State, footer: Part) -> (Action, f32) {
    ui.painter().rect_filled(rect, 0.0, palette.footer);
    ui.painter()
        .hline(rect.x_range(), rect.top(), egui::Stroke::new(1.0, palette.hairline));
    let mut child = ui.new_child(UiBuilder::new().id_salt("footer").max_rect(rect));
    let shown = Frame::new()
        .inner_margin(theme::footer_margin(rect.width()))
        .show(&mut child, |ui| {
            ui.set_width(ui.available_width());
            footer(ui, state)
        });
    (shown.inner, shown.response.rect.height())
}

/// Remembers the strip's height, and lays the page out again at once when it was another.
fn settle_footer(ui: &Ui, state: &mut State, height: f32) {
    let settled = state.footer_height.is_some_and(|known| (known - height).abs() < 0.5);
    if !settled {
        state.footer_height = Some(height);
        ui.ctx()
            .request_discard("the height of the buttons' strip is known only now");
    }
}

fn merge(action: &mut Action, later: Action) {
    if later != Action::None {
        *action = later;
    }
}

/// Escape closes; while a comment is being typed, it first leaves the text box, so that a slip does not lose it.
fn closed_by_key(ui: &Ui) -> bool {
    let was_typing = ui.memory(|memory| memory.had_focus_last_frame(asking::comment_id()));
    !was_typing && ui.input(|input| input.key_pressed(Key::Escape))
}

#[cfg(test)]
mod tests;
