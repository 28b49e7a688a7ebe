//! *What would be sent*: folded away; in short, in the order a person would ask, and then the whole event as text.

use afterword_store::ReportKind;
use egui::{
    Align, Button, CollapsingHeader, Color32, Frame, Label, Layout, Margin, Response, RichText, ScrollArea, Sense,
    Stroke, TextStyle, Ui, Vec2, vec2,
};

use super::parts;
use crate::message::{BreadcrumbLine, Details, FileLine, FrameLine};
use crate::state::{MAX_LISTED, State};
use crate::theme::Palette;
use crate::words::Words;

/// Widest column of keys, in points.
const KEY_WIDTH: f32 = 120.0;
/// Column of sizes, in points; as high as its text.
const SIZE_COLUMN: Vec2 = vec2(84.0, 0.0);
/// Height of the report's text before it scrolls, in points.
const RAW_HEIGHT: f32 = 260.0;

pub(super) fn show(ui: &mut Ui, state: &mut State) {
    ui.spacing_mut().indent = ui.spacing().icon_width + ui.spacing().icon_spacing;
    let header = CollapsingHeader::new(state.words.details())
        .id_salt("details")
        .icon(chevron)
        .open(Some(state.details_open))
        .show_unindented(ui, |ui| {
            ui.add_space(4.0);
            parts::card(ui, Margin::symmetric(16, 14), |ui| {
                ui.spacing_mut().item_spacing.y = 3.0;
                sections(ui, state);
            });
        })
        .header_response;
    parts::focus_ring(ui, &header);
    if header.clicked() {
        state.details_open = !state.details_open;
    }
}

/// Points right when folded and down when unfolded, under the middle of the checkbox above it.
fn chevron(ui: &mut Ui, openness: f32, response: &Response) {
    let spacing = ui.spacing();
    let center = response.rect.center() - vec2(spacing.indent / 2.0 - spacing.icon_width / 2.0, 0.0);
    let turn = egui::emath::Rot2::from_angle(openness * std::f32::consts::FRAC_PI_2);
    let points = [vec2(-2.5, -5.0), vec2(2.5, 0.0), vec2(-2.5, 5.0)].map(|point| center + turn * point);
    ui.painter()
        .line(points.to_vec(), Stroke::new(1.6, Palette::of(ui).ink));
}

fn sections(ui: &mut Ui, state: &mut State) {
    let (words, details) = (state.words, &state.asked.details);
    summary(ui, state);
    stack(ui, words, details);
    if !details.tags.is_empty() {
        section(ui, &words.tags());
        listed(ui, words, &details.tags, |ui, (key, value)| pair(ui, key, value));
    }
    if !details.breadcrumbs.is_empty() {
        section(ui, &words.breadcrumbs());
        listed(ui, words, &details.breadcrumbs, breadcrumb);
    }
    if !details.files.is_empty() {
        let total = details
            .files
            .iter()
            .map(|file| file.size_bytes)
            .fold(0, u64::saturating_add);
        section(ui, &words.files_total(details.files.len(), &words.size(total)));
        listed(ui, words, &details.files, |ui, line| file(ui, words, line));
        if state.asked.kind != ReportKind::Error {
            ui.add_space(6.0);
            parts::small(ui, &words.files_more());
        }
    }
    if !details.removed.is_empty() {
        section(ui, &words.removed());
        listed(ui, words, &details.removed, |ui, what| {
            parts::plain(ui, &words.removed_words(what));
        });
    }
    if !state.raw_rows.is_empty() {
        raw(ui, state);
    }
}

/// The event as it would be sent, folded away; only the rows in view are laid out, since there may be thousands.
fn raw(ui: &mut Ui, state: &mut State) {
    ruled(ui);
    let header = CollapsingHeader::new(state.words.raw())
        .id_salt("raw")
        .icon(chevron)
        .open(Some(state.raw_open))
        .show_unindented(ui, |ui| {
            parts::card(ui, Margin::symmetric(10, 8), |ui| raw_text(ui, &state.raw_rows));
            ui.add_space(4.0);
            let copy = ui.add_sized(parts::copy_size(ui, state.words), Button::new(state.words.copy()));
            parts::follow_focus(&copy);
            if copy.clicked() {
                ui.ctx().copy_text(state.raw_rows.join("\n"));
            }
        })
        .header_response;
    parts::focus_ring(ui, &header);
    if header.clicked() {
        state.raw_open = !state.raw_open;
    }
}

fn raw_text(ui: &mut Ui, rows: &[String]) {
    let ink = Palette::of(ui).ink;
    let (row_height, char_width) = ui.ctx().fonts_mut(|fonts| {
        let font = TextStyle::Monospace.resolve(ui.style());
        (fonts.row_height(&font), fonts.glyph_width(&font, '0'))
    });
    let longest = rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
    ui.spacing_mut().item_spacing.y = 2.0;
    ScrollArea::both()
        .id_salt("raw text")
        .max_height(RAW_HEIGHT)
        .min_scrolled_height(RAW_HEIGHT)
        .auto_shrink([false, true])
        .show_rows(ui, row_height, rows.len(), |ui, visible| {
            ui.set_min_width(longest as f32 * char_width);
            for row in &rows[visible] {
                ui.add(Label::new(RichText::new(row).monospace().color(ink)).extend());
            }
        });
}

fn summary(ui: &mut Ui, state: &State) {
    let (words, asked) = (state.words, &state.asked);
    parts::subheading(ui, &words.summary());
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

fn file(ui: &mut Ui, words: Words, file: &FileLine) {
    let ink = Palette::of(ui).ink_soft;
    let left = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        parts::plain(ui, &file.name);
        if let Some(what) = words.file(&file.name) {
            parts::small(ui, &what);
        }
    };
    parts::row(ui, SIZE_COLUMN, left, |ui| {
        let size = RichText::new(words.size(file.size_bytes))
            .color(ink)
            .line_height(Some(21.0));
        ui.label(size);
    });
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
fn ruled(ui: &mut Ui) {
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
fn listed<T>(ui: &mut Ui, words: Words, entries: &[T], mut show: impl FnMut(&mut Ui, &T)) {
    for entry in entries.iter().take(MAX_LISTED) {
        show(ui, entry);
    }
    if entries.len() > MAX_LISTED {
        parts::small(ui, &words.more(entries.len() - MAX_LISTED));
    }
}
