//! What the pages are put together from.

use egui::accesskit::{Live, Role};
use egui::{
    Align, Button, Color32, Frame, Label, Layout, Margin, PointerButton, Response, RichText, Spinner, Stroke,
    StrokeKind, TextStyle, Ui, Vec2, pos2, vec2,
};

use crate::guard::Guard;
use crate::theme::{self, Needs, Palette};
use crate::words::Words;

/// The least size of a button that copies, in points.
const COPY_SIZE: Vec2 = vec2(84.0, 34.0);

/// The size of a button that copies, whichever of its labels it has, so that it stays when it changes.
pub(super) fn copy_size(ui: &Ui, words: Words) -> Vec2 {
    let width = label_width(ui, &words.copy()).max(label_width(ui, &words.copied()));
    vec2(width.max(COPY_SIZE.x), COPY_SIZE.y)
}

/// The width of a button that shows its label whole, in points.
fn label_width(ui: &Ui, label: &str) -> f32 {
    let font = TextStyle::Button.resolve(ui.style());
    let text = ui
        .ctx()
        .fonts_mut(|fonts| fonts.layout_no_wrap(label.to_owned(), font, Color32::PLACEHOLDER));
    (text.size().x + 2.0 * ui.spacing().button_padding.x).ceil()
}

/// The page's one heading, announced as such.
pub(super) fn heading(ui: &mut Ui, text: &str) -> Response {
    let styled = RichText::new(text)
        .text_style(TextStyle::Heading)
        .line_height(Some(30.0));
    let response = ui.add(Label::new(styled).wrap());
    as_heading(&response, text);
    // What the page says changes with what happens; a screen reader says so.
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_live(Live::Polite));
    response
}

/// The name of a part of the details.
pub(super) fn subheading(ui: &mut Ui, text: &str) {
    let response = plain(ui, text);
    as_heading(&response, text);
    ui.add_space(2.0);
}

fn as_heading(response: &Response, text: &str) {
    response.ctx.accesskit_node_builder(response.id, |node| {
        node.set_role(Role::Heading);
        node.clear_value();
        node.set_label(text);
    });
}

/// A paragraph.
pub(super) fn plain(ui: &mut Ui, text: &str) -> Response {
    paragraph(ui, RichText::new(text).color(Palette::of(ui).ink))
}

/// A paragraph in the softer ink.
pub(super) fn soft(ui: &mut Ui, text: &str) -> Response {
    paragraph(ui, RichText::new(text).color(Palette::of(ui).ink_soft))
}

fn paragraph(ui: &mut Ui, text: RichText) -> Response {
    ui.add(Label::new(text.line_height(Some(21.0))).wrap())
}

/// Small print.
pub(super) fn small(ui: &mut Ui, text: &str) -> Response {
    let ink = Palette::of(ui).ink_soft;
    ui.add(Label::new(RichText::new(text).small().color(ink).line_height(Some(18.0))).wrap())
}

/// What is being done, said aloud when it changes.
pub(super) fn status(ui: &mut Ui, text: &str) {
    let response = soft(ui, text);
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_live(Live::Polite));
}

/// A line that says what went wrong, said aloud at once.
pub(super) fn alarm(ui: &mut Ui, text: &str) {
    let response = paragraph(ui, RichText::new(text).color(Palette::of(ui).bad));
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_live(Live::Assertive));
}

/// Something is under way: it turns, or for whom nothing may move, it stands still. The words beside it say what it is.
pub(super) fn working(ui: &mut Ui, size: f32) {
    let ink = Palette::of(ui).ink_soft;
    if Needs::of(ui).less_motion {
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(size), egui::Sense::hover());
        for dot in [-0.32, 0.0, 0.32] {
            let center = rect.center() + vec2(dot * size, 0.0);
            ui.painter().circle_filled(center, size * 0.09, ink);
        }
    } else {
        ui.add(Spinner::new().size(size).color(ink));
    }
}

/// A frame for what is quoted or copied, over the whole width.
pub(super) fn card(ui: &mut Ui, margin: Margin, contents: impl FnOnce(&mut Ui)) {
    let palette = Palette::of(ui);
    Frame::new()
        .fill(palette.surface)
        .stroke(Stroke::new(1.0, palette.hairline))
        .corner_radius(8.0)
        .inner_margin(margin)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            contents(ui);
        });
}

/// Two things side by side, the right one `right` points large and at the right edge. With a height, the left one stands
/// at its middle; without, both stand at the top.
pub(super) fn row(ui: &mut Ui, right: Vec2, at_left: impl FnOnce(&mut Ui), at_right: impl FnOnce(&mut Ui)) {
    const GAP: f32 = 12.0;
    let left_width = (ui.available_width() - right.x - GAP).max(24.0);
    let whole = vec2(ui.available_width(), right.y);
    let align = if right.y > 0.0 { Align::Center } else { Align::Min };
    ui.allocate_ui_with_layout(whole, Layout::left_to_right(align), |ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        let side = if right.y > 0.0 {
            Layout::left_to_right(Align::Center)
        } else {
            Layout::top_down(Align::Min)
        };
        ui.allocate_ui_with_layout(vec2(left_width, right.y), side, |ui| {
            ui.set_width(left_width);
            at_left(ui);
        });
        ui.allocate_ui_with_layout(right, Layout::top_down(Align::Max), |ui| {
            ui.set_width(right.x);
            at_right(ui);
        });
    });
}

/// What the keyboard comes to is scrolled into view.
pub(super) fn follow_focus(response: &Response) {
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
}

/// A ring around what the keyboard is at, for what does not draw one itself.
pub(super) fn focus_ring(ui: &Ui, response: &Response) {
    follow_focus(response);
    if response.has_focus() {
        let ring = Stroke::new(2.0, Palette::of(ui).accent);
        ui.painter()
            .rect_stroke(response.rect.expand2(vec2(4.0, 0.0)), 6.0, ring, StrokeKind::Inside);
    }
}

/// Buttons of exactly one size and style over the whole width, side by side, or below each other where a label would be cut;
/// returns which was pressed.
pub(super) fn equal_buttons<const N: usize>(ui: &mut Ui, labels: [&str; N], guard: Guard) -> Option<usize> {
    const GAP: f32 = 12.0;
    let side_by_side = (ui.available_width() - GAP * (N - 1) as f32) / N as f32;
    let fits = labels.iter().all(|label| label_width(ui, label) <= side_by_side);
    let (width, layout) = if fits {
        (side_by_side, Layout::left_to_right(Align::Center))
    } else {
        (ui.available_width(), Layout::top_down(Align::Min))
    };
    let whole = vec2(ui.available_width(), theme::BUTTON_HEIGHT);
    ui.allocate_ui_with_layout(whole, layout, |ui| {
        ui.spacing_mut().item_spacing = vec2(GAP, 8.0);
        let mut pressed = None;
        for (index, label) in labels.into_iter().enumerate() {
            let size = vec2(width, theme::BUTTON_HEIGHT);
            if pressed_in_time(&ui.add_sized(size, Button::new(label).truncate()), guard) {
                pressed = Some(index);
            }
        }
        pressed
    })
    .inner
}

/// Whether a button was pressed by somebody who could have read what is beside it. Assistive technology presses as keys
/// do.
fn pressed_in_time(button: &Response, guard: Guard) -> bool {
    let by_pointer = button.clicked_by(PointerButton::Primary);
    button.clicked()
        && if by_pointer {
            guard.takes_pointer()
        } else {
            guard.takes_keys()
        }
}

/// One button at the right edge, with small print to its left.
pub(super) fn note_and_button(ui: &mut Ui, note: &str, label: &str, enabled: bool, guard: Guard) -> bool {
    const LEAST_WIDTH: f32 = 132.0;
    let width = label_width(ui, label).max(LEAST_WIDTH);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        let note_width = (ui.available_width() - width - 16.0).max(40.0);
        ui.allocate_ui_with_layout(
            vec2(note_width, theme::BUTTON_HEIGHT),
            egui::Layout::left_to_right(egui::Align::Center).with_main_wrap(false),
            |ui| {
                ui.set_width(note_width);
                if !note.is_empty() {
                    small(ui, note);
                }
            },
        );
        ui.add_enabled_ui(enabled, |ui| {
            let button = ui.add_sized(vec2(width, theme::BUTTON_HEIGHT), Button::new(label));
            pressed_in_time(&button, guard)
        })
        .inner
    })
    .inner
}

/// The small drawing before a result's heading; decoration, the heading says it in words.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    Done,
    Clock,
    Warning,
    Stopped,
}

impl Mark {
    fn ink(self, palette: &Palette) -> Color32 {
        match self {
            Mark::Done => palette.good,
            Mark::Warning => palette.bad,
            Mark::Clock | Mark::Stopped => palette.ink_soft,
        }
    }

    /// Draws it, as tall as a line of the heading.
    pub(super) fn show(self, ui: &mut Ui) {
        let size = 30.0;
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(size), egui::Sense::hover());
        let (c, r) = (rect.center(), size / 2.0 - 2.0);
        let stroke = Stroke::new(2.0, self.ink(&Palette::of(ui)));
        let painter = ui.painter();
        painter.circle_stroke(c, r, stroke);
        let at = |x: f32, y: f32| pos2(c.x + x * r, c.y + y * r);
        match self {
            Mark::Done => {
                painter.line(vec![at(-0.42, 0.04), at(-0.1, 0.36), at(0.46, -0.32)], stroke);
            }
            Mark::Clock => {
                painter.line(vec![at(0.0, -0.55), at(0.0, 0.05), at(0.38, 0.28)], stroke);
            }
            Mark::Warning => {
                painter.line_segment([at(0.0, -0.52), at(0.0, 0.16)], stroke);
                painter.circle_filled(at(0.0, 0.48), 1.6, stroke.color);
            }
            Mark::Stopped => {
                painter.line_segment([at(-0.42, 0.0), at(0.42, 0.0)], stroke);
            }
        }
    }
}
