//! What the window consists of: each a function that draws it and says what the person did.

use egui::containers::menu::MenuConfig;
use egui::text::LayoutJob;
use egui::{
    Align, Button, Color32, FontId, Frame, Layout, Margin, MenuBar, Rect, Response, RichText, Role, Sense, Shape,
    TextFormat, Ui, WidgetInfo, vec2,
};

use super::theme::{self, Palette};
use super::{Action, Tool};
use crate::canvas::{Drawing, INKS, Ink, Stroke, WIDTHS};
use crate::crash::CrashKind;

/// The menus, along the top.
pub(super) fn menu_bar(ui: &mut Ui, drawing: &Drawing) -> Option<Action> {
    let mut action = None;
    // The theme's buttons are plain already; egui's menu style would take their padding away.
    let as_it_is = |_: &mut egui::Style| {};
    let menus = MenuBar::new().style(as_it_is).config(MenuConfig::new().style(as_it_is));
    menus.ui(ui, |ui| {
        ui.menu_button("Edit", |ui| {
            ui.set_min_width(180.0);
            let undo = Button::new("Undo").shortcut_text("Ctrl+Z");
            if ui.add_enabled(drawing.can_undo(), undo).clicked() {
                action = Some(Action::Undo);
            }
            if ui.add_enabled(!drawing.is_empty(), Button::new("Clear")).clicked() {
                action = Some(Action::Clear);
            }
        });
        ui.menu_button("Crash", |ui| {
            for kind in CrashKind::ALL {
                if kind == CrashKind::CleanExit {
                    ui.separator();
                }
                if ui
                    .add(Button::new(two_lines(ui, kind)).min_size(vec2(400.0, 0.0)))
                    .clicked()
                {
                    action = Some(Action::Crash(kind));
                }
            }
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(6.0);
            let count = match drawing.strokes().count() {
                0 => "A drawing program with bugs".to_owned(),
                1 => "1 stroke".to_owned(),
                count => format!("{count} strokes"),
            };
            ui.label(RichText::new(count).small().weak());
        });
    });
    action
}

fn two_lines(ui: &Ui, kind: CrashKind) -> LayoutJob {
    let palette = Palette::of(ui);
    let mut job = LayoutJob::default();
    let format = |size, color| TextFormat {
        line_height: Some(19.0),
        ..TextFormat::simple(FontId::proportional(size), color)
    };
    job.append(kind.title(), 0.0, format(14.5, palette.ink));
    job.append("\n", 0.0, format(12.5, palette.soft));
    job.append(kind.describe(), 0.0, format(12.5, palette.soft));
    job
}

/// The paper, and what is on it. Returns the response to the pointer on it.
pub(super) fn paper(ui: &mut Ui, drawing: &Drawing, being_drawn: Option<&Stroke>) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    let response = response.on_hover_cursor(egui::CursorIcon::Crosshair);
    ui.painter().add(theme::shadow().as_shape(rect, 10));
    ui.painter().rect(
        rect,
        10,
        palette.paper,
        egui::Stroke::new(1.0, palette.hairline),
        egui::StrokeKind::Inside,
    );
    let painter = ui.painter_at(rect.shrink(1.0));
    for stroke in drawing.strokes().chain(being_drawn) {
        painter.add(shape(stroke, palette, rect));
    }
    if drawing.is_empty() && being_drawn.is_none() {
        invite(ui, rect);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Paper"));
    response
}

/// A smooth line with round joints and ends.
fn shape(stroke: &Stroke, palette: &Palette, paper: Rect) -> Shape {
    let color = palette.ink(stroke.ink);
    let line: Vec<egui::Pos2> = stroke
        .smooth()
        .into_iter()
        .map(|point| paper.min + point.to_vec2())
        .collect();
    let dots = line
        .iter()
        .map(|point| Shape::circle_filled(*point, stroke.width / 2.0, color));
    let mut shapes: Vec<Shape> = dots.collect();
    if line.len() > 1 {
        shapes.push(Shape::line(line, egui::Stroke::new(stroke.width, color)));
    }
    Shape::Vec(shapes)
}

fn invite(ui: &Ui, paper: Rect) {
    let palette = Palette::of(ui);
    let middle = paper.center() - vec2(0.0, 24.0);
    let text = |offset: f32, words: &str, size: f32, color: Color32| {
        let at = middle + vec2(0.0, offset);
        ui.painter().text(
            at,
            egui::Align2::CENTER_CENTER,
            words,
            FontId::proportional(size),
            color,
        );
    };
    text(-14.0, "Draw something", 22.0, palette.ink);
    text(
        14.0,
        "and then choose how it ends, in the Crash menu.",
        14.5,
        palette.soft,
    );
}

/// The floating strip of tools: colours, widths, undo and clear.
pub(super) fn toolbar(ui: &mut Ui, tool: &mut Tool, drawing: &Drawing) -> Option<Action> {
    let mut action = None;
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.surface)
        .stroke(egui::Stroke::new(1.0, palette.hairline))
        .corner_radius(14)
        .shadow(theme::shadow())
        .inner_margin(Margin::symmetric(14, 8));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            for ink in (0..INKS.len()).map(Ink) {
                if swatch(ui, ink, tool.ink == ink).clicked() {
                    action = Some(Action::Choose(Tool { ink, ..*tool }));
                }
            }
            divider(ui);
            for width in WIDTHS {
                if brush(ui, width, tool.width == width).clicked() {
                    action = Some(Action::Choose(Tool { width, ..*tool }));
                }
            }
            divider(ui);
            if ui.add_enabled(drawing.can_undo(), Button::new("Undo")).clicked() {
                action = Some(Action::Undo);
            }
            if ui.add_enabled(!drawing.is_empty(), Button::new("Clear")).clicked() {
                action = Some(Action::Clear);
            }
        });
    });
    action
}

fn divider(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(13.0, 30.0), Sense::hover());
    let line = egui::Stroke::new(1.0, Palette::of(ui).hairline);
    ui.painter().vline(rect.center().x, rect.y_range().shrink(4.0), line);
}

fn swatch(ui: &mut Ui, ink: Ink, chosen: bool) -> Response {
    let palette = Palette::of(ui);
    let response = choice(ui, INKS[ink.0], chosen);
    let radius = if response.hovered() && !chosen { 11.0 } else { 10.0 };
    ui.painter()
        .circle_filled(response.rect.center(), radius, palette.ink(ink));
    response
}

fn brush(ui: &mut Ui, width: f32, chosen: bool) -> Response {
    let palette = Palette::of(ui);
    let response = choice(ui, &format!("{width} points wide"), chosen);
    let color = if chosen || response.hovered() {
        palette.ink
    } else {
        palette.soft
    };
    // Larger and smaller ones nearer to each other than they are, so that all can be seen and none fills the strip.
    ui.painter()
        .circle_filled(response.rect.center(), 1.5 + width * 0.28, color);
    response
}

/// One of several: a place to click, with a ring around what is chosen and a box around what has the keyboard.
fn choice(ui: &mut Ui, name: &str, chosen: bool) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(30.0, 30.0), Sense::click());
    if chosen {
        ui.painter()
            .circle_stroke(rect.center(), 14.0, egui::Stroke::new(2.0, palette.accent));
    }
    if response.has_focus() {
        let ring = egui::Stroke::new(2.0, palette.accent);
        ui.painter().rect_stroke(rect, 6, ring, egui::StrokeKind::Outside);
    }
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, name));
    response.on_hover_text(name)
}

/// A note above the toolbar, for a crash that the program survived.
pub(super) fn note(ui: &mut Ui, words: &str) -> bool {
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.ink)
        .corner_radius(10)
        .inner_margin(Margin::symmetric(16, 8));
    let shown = frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new(words).color(palette.paper));
            ui.add_space(8.0);
            let close = RichText::new("OK").color(palette.paper).strong();
            ui.add(Button::new(close).frame(false)).clicked()
        })
        .inner
    });
    shown.inner
}
