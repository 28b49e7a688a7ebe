//! What the report says in lists: which app, the stack, tags and contexts, what led up to it, modules.

use egui::{Align, Color32, Frame, Label, Layout, Margin, RichText, Sense, Stroke, TextStyle, Ui, vec2};

use crate::message::{BreadcrumbLine, Details, FrameLine, ModuleLine};
use crate::state::{MAX_LISTED, State};
use crate::theme::Palette;
use crate::view::parts;
use crate::words::Words;

/// Widest column of keys, in points.
const KEY_WIDTH: f32 = 120.0;

/// Which app it is about and where it goes, the stack, and what was removed.
pub(super) fn summary(ui: &mut Ui, state: &State) {
    let (words, details) = (state.words, &state.asked.details);
    about(ui, state);
    stack(ui, words, details);
    if !details.removed.is_empty() {
        section(ui, &words.removed());
        listed(ui, words, &details.removed, |ui, what| {
            parts::plain(ui, &words.removed_words(what));
        });
    }
}

/// Tags and contexts.
pub(super) fn context(ui: &mut Ui, words: Words, details: &Details) {
    for (index, (name, pairs)) in [(words.tags(), &details.tags), (words.contexts(), &details.contexts)]
        .into_iter()
        .filter(|(_, pairs)| !pairs.is_empty())
        .enumerate()
    {
        if index > 0 {
            ruled(ui);
        }
        parts::subheading(ui, &name);
        listed(ui, words, pairs, |ui, (key, value)| pair(ui, key, value));
    }
    if details.tags.is_empty() && details.contexts.is_empty() {
        parts::soft(ui, &words.nothing_of_this());
    }
}

/// What led up to it.
pub(super) fn breadcrumbs(ui: &mut Ui, words: Words, details: &Details) {
    if details.breadcrumbs.is_empty() {
        parts::soft(ui, &words.nothing_of_this());
    }
    listed(ui, words, &details.breadcrumbs, breadcrumb);
}

/// The app's program and libraries.
pub(super) fn modules(ui: &mut Ui, words: Words, details: &Details) {
    if details.modules.is_empty() {
        parts::soft(ui, &words.nothing_of_this());
    }
    listed(ui, words, &details.modules, |ui, line| module(ui, words, line));
}

fn module(ui: &mut Ui, words: Words, module: &ModuleLine) {
    ui.spacing_mut().item_spacing.y = 0.0;
    parts::plain(ui, &module.path);
    if let (Some(address), Some(size_bytes)) = (module.address, module.size_bytes) {
        parts::small(ui, &words.module_at(&format!("{address:#x}"), &words.size(size_bytes)));
    }
    if let Some(id) = &module.debug_id {
        let ink = Palette::of(ui).ink_soft;
        ui.add(Label::new(RichText::new(id).monospace().color(ink)).wrap());
    }
    ui.add_space(6.0);
}

fn about(ui: &mut Ui, state: &State) {
    let (words, asked) = (state.words, &state.asked);
    pair(ui, &words.key_app(), &asked.app_name);
    if let Some(release) = &asked.release {
        pair(ui, &words.key_release(), release);
    }
    pair(ui, &words.key_what(), &words.kind(asked.kind));
    pair(ui, &words.key_server(), &words.server(asked));
    match state.comment.trim() {
        "" => pair(ui, &words.key_comment(), &words.no_comment()),
        comment => pair(ui, &words.key_comment(), comment),
    }
}

fn stack(ui: &mut Ui, words: Words, details: &Details) {
    section(ui, &words.stack());
    match details.stack.as_deref() {
        None => {
            ui.horizontal(|ui| {
                parts::working(ui, 14.0);
                parts::soft(ui, &words.stack_pending());
            });
        }
        Some([]) => {
            parts::soft(ui, &words.stack_empty());
        }
        Some(frames) => listed(ui, words, frames, |ui, line| frame(ui, words, line)),
    }
}

/// The app's own frames in full ink with a bar at their side, the others small and soft.
fn frame(ui: &mut Ui, words: Words, frame: &FrameLine) {
    let palette = Palette::of(ui);
    let function = words.function(frame);
    let inlined = frame.inline.then(|| words.inlined());
    let left = ui.cursor().min;
    let shown = Frame::new()
        .inner_margin(Margin {
            left: 12,
            right: 0,
            top: 0,
            bottom: 0,
        })
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 0.0;
            let (style, ink) = if frame.in_app {
                (TextStyle::Body, palette.ink)
            } else {
                (TextStyle::Small, palette.ink_soft)
            };
            ui.add(
                Label::new(frame_text(
                    ui,
                    &function,
                    inlined.as_deref(),
                    style,
                    ink,
                    palette.ink_soft,
                ))
                .wrap(),
            );
            if frame.in_app {
                let place = frame.place();
                if !place.is_empty() {
                    ui.add(Label::new(RichText::new(place).monospace().color(palette.ink_soft)).wrap());
                }
            }
        });
    let bar = if frame.in_app { palette.accent } else { palette.hairline };
    ui.painter().line_segment(
        [
            left + vec2(2.0, 1.0),
            egui::pos2(left.x + 2.0, shown.response.rect.bottom() - 1.0),
        ],
        Stroke::new(if frame.in_app { 3.0 } else { 1.0 }, bar),
    );
    if frame.in_app {
        ui.add_space(2.0);
    }
}

/// The function's name, and whether it was inlined, as one text, so that it is read and copied as one.
fn frame_text(
    ui: &Ui,
    function: &str,
    inlined: Option<&str>,
    style: TextStyle,
    ink: Color32,
    soft: Color32,
) -> egui::text::LayoutJob {
    let format = |style: TextStyle, color| egui::TextFormat::simple(style.resolve(ui.style()), color);
    let mut job = egui::text::LayoutJob::default();
    job.append(function, 0.0, format(style, ink));
    if let Some(inlined) = inlined {
        job.append(&format!(" · {inlined}"), 0.0, format(TextStyle::Small, soft));
    }
    job
}

fn breadcrumb(ui: &mut Ui, crumb: &BreadcrumbLine) {
    let palette = Palette::of(ui);
    let alarming = matches!(crumb.level.as_str(), "error" | "fatal" | "warning");
    let what = if alarming {
        format!("{} · {}", crumb.category, crumb.level)
    } else {
        crumb.category.clone()
    };
    columns(
        ui,
        |ui| {
            let time = RichText::new(&crumb.time)
                .monospace()
                .color(palette.ink_soft)
                .line_height(Some(21.0));
            ui.add(Label::new(time).wrap());
        },
        |ui| {
            let ink = if alarming { palette.bad } else { palette.ink_soft };
            if !crumb.message.is_empty() {
                parts::plain(ui, &crumb.message);
            }
            if !what.is_empty() {
                ui.add(Label::new(RichText::new(what).small().color(ink)).wrap());
            }
        },
    );
}

fn pair(ui: &mut Ui, key: &str, value: &str) {
    columns(
        ui,
        |ui| {
            parts::soft(ui, key);
        },
        |ui| {
            parts::plain(ui, value);
        },
    );
}

/// A narrow column and the rest of the width beside it.
fn columns(ui: &mut Ui, key: impl FnOnce(&mut Ui), value: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing = vec2(12.0, 0.0);
        let width = KEY_WIDTH.min(ui.available_width() * 0.34);
        ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
            ui.set_width(width);
            key(ui);
        });
        ui.vertical(value);
    });
}

fn section(ui: &mut Ui, name: &str) {
    ruled(ui);
    parts::subheading(ui, name);
}

/// A line between two sections.
pub(super) fn ruled(ui: &mut Ui) {
    ui.add_space(10.0);
    let width = ui.available_width();
    let (rect, _) = ui.allocate_exact_size(vec2(width, 1.0), Sense::hover());
    ui.painter().hline(
        rect.x_range(),
        rect.center().y,
        Stroke::new(1.0, Palette::of(ui).hairline),
    );
    ui.add_space(8.0);
}

/// The first entries, and how many more there are.
pub(super) fn listed<T>(ui: &mut Ui, words: Words, entries: &[T], mut show: impl FnMut(&mut Ui, &T)) {
    for entry in entries.iter().take(MAX_LISTED) {
        show(ui, entry);
    }
    if entries.len() > MAX_LISTED {
        parts::small(ui, &words.more(entries.len() - MAX_LISTED));
    }
}
