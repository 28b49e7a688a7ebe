//! The bytes themselves: of each part and of each stream of the minidump, as hexadecimal numbers or as letters; and the event
//! as text. Only the rows in view are laid out, and bytes are read a page at a time.

use afterword_store::PartKind;
use egui::{Button, ComboBox, Label, RichText, ScrollArea, TextStyle, Ui, vec2};

use crate::look::{PAGE_BYTES, Subject};
use crate::message::StreamLine;
use crate::state::{MAX_LISTED, State};
use crate::theme::Palette;
use crate::view::parts;
use crate::words::Words;

/// Bytes in a row of numbers.
const HEX_ROW: usize = 16;
/// The same where the window is narrow.
const HEX_ROW_NARROW: usize = 8;
/// Bytes in a row of letters.
const TEXT_ROW: usize = 64;
/// Height of the rows before they scroll, in points.
const ROWS_HEIGHT: f32 = 260.0;

pub(super) fn show(ui: &mut Ui, state: &mut State) {
    let words = state.words;
    if let Some(why) = &state.look.unread {
        parts::plain(ui, &words.files_unread(why));
        return;
    }
    choose_subject(ui, state);
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 14.0;
        for (is_text, label) in [(false, words.bytes_hex()), (true, words.bytes_letters())] {
            let radio = ui.radio_value(&mut state.look.as_text, is_text, label);
            parts::follow_focus(&radio);
        }
    });
    ui.add_space(4.0);
    rows_of_bytes(ui, state);
    pages(ui, state);
}

/// A list of the parts, each minidump followed by its streams.
fn choose_subject(ui: &mut Ui, state: &mut State) {
    let words = state.words;
    let streams = &state.asked.details.streams;
    let mut subjects = Vec::new();
    for part in state.look.parts() {
        let name = match part.kind() {
            PartKind::Header | PartKind::Comment => words.part(part.kind()).into_owned(),
            _ => crate::text::line(part.name(), 60),
        };
        let whole = Subject {
            part: part.name().to_owned(),
            range: None,
        };
        subjects.push((whole, format!("{name} ({})", words.size(part.payload_bytes()))));
        if part.kind() == PartKind::Minidump || part.name() == "minidump.dmp" {
            for stream in streams.iter().take(MAX_LISTED) {
                let subject = Subject {
                    part: part.name().to_owned(),
                    range: Some(stream.offset..stream.offset.saturating_add(stream.size_bytes)),
                };
                subjects.push((subject, format!("    {}", stream_name(words, stream))));
            }
        }
    }
    let chosen = subjects.iter().find(|(subject, _)| *subject == state.look.subject);
    let label = ui.label(words.bytes_of());
    let list = ComboBox::from_id_salt("whose bytes")
        .selected_text(chosen.map_or("", |(_, name)| name.trim()))
        .width(ui.available_width())
        .truncate()
        .show_ui(ui, |ui| {
            for (subject, name) in &subjects {
                let is_chosen = *subject == state.look.subject;
                if ui.selectable_label(is_chosen, name).clicked() {
                    state.look.look_at(subject.clone());
                }
            }
        });
    parts::follow_focus(&list.response.labelled_by(label.id));
}

fn stream_name(words: Words, stream: &StreamLine) -> String {
    let name = match &stream.name {
        Some(name) => name.trim_end_matches("Stream").to_owned(),
        None => words.stream_unknown(&format!("{:#x}", stream.number)).into_owned(),
    };
    words
        .stream_line(&name, &words.size(stream.size_bytes), &format!("{:#x}", stream.offset))
        .into_owned()
}

fn rows_of_bytes(ui: &mut Ui, state: &mut State) {
    let words = state.words;
    let (as_text, first) = (state.look.as_text, state.look.range().start);
    let at_page = state.look.page * PAGE_BYTES;
    let Some(page) = state.look.page_in_view() else {
        // There in the next frame.
        ui.ctx().request_repaint();
        ui.allocate_space(vec2(ui.available_width(), ROWS_HEIGHT));
        return;
    };
    let bytes = match &page.bytes {
        Ok(bytes) => bytes,
        Err(why) => return parts::alarm(ui, &words.files_unread(why)),
    };
    if bytes.is_empty() {
        parts::soft(ui, &words.nothing_of_this());
        return;
    }
    let (_, char_width) = metrics(ui);
    let row_bytes = if as_text {
        TEXT_ROW
    } else if ui.available_width() >= char_width * 78.0 {
        HEX_ROW
    } else {
        HEX_ROW_NARROW
    };
    let count = bytes.len().div_ceil(row_bytes);
    let chars = if as_text { row_bytes + 10 } else { row_bytes * 4 + 12 };
    virtual_rows(ui, "bytes", count, chars, |index| {
        let from = index * row_bytes;
        let row = &bytes[from..bytes.len().min(from + row_bytes)];
        let offset = first + at_page + from as u64;
        if as_text {
            text_row(offset, row)
        } else {
            hex_row(offset, row, row_bytes)
        }
    });
}

/// `00000040  4d 44 4d 50 …  MDMP…`
fn hex_row(offset: u64, row: &[u8], row_bytes: usize) -> String {
    use std::fmt::Write;
    let mut line = format!("{offset:08x}  ");
    for index in 0..row_bytes {
        // Writing into a string does not fail.
        let _ = match row.get(index) {
            Some(byte) => write!(line, "{byte:02x} "),
            None => write!(line, "   "),
        };
    }
    line.push(' ');
    line.extend(row.iter().map(|byte| letter(*byte)));
    line
}

fn text_row(offset: u64, row: &[u8]) -> String {
    let letters: String = row.iter().map(|byte| letter(*byte)).collect();
    format!("{offset:08x}  {letters}")
}

/// A byte as a letter where it is one, a dot where it is not.
fn letter(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' {
        char::from(byte)
    } else {
        '.'
    }
}

/// Where in the bytes the page is, and the ways to its neighbours.
fn pages(ui: &mut Ui, state: &mut State) {
    let words = state.words;
    let range = state.look.range();
    let total = range.end - range.start;
    if total <= PAGE_BYTES {
        return;
    }
    let last = (total - 1) / PAGE_BYTES;
    let from = state.look.page.min(last) * PAGE_BYTES;
    let to = total.min(from + PAGE_BYTES);
    ui.add_space(4.0);
    parts::small(
        ui,
        &words.bytes_page(&words.size(from), &words.size(to), &words.size(total)),
    );
    ui.horizontal_wrapped(|ui| {
        for (label, to, is_there) in [
            (
                words.page_before(),
                state.look.page.saturating_sub(1),
                state.look.page > 0,
            ),
            (words.page_after(), state.look.page + 1, state.look.page < last),
        ] {
            let button = ui.add_enabled(is_there, Button::new(label));
            parts::follow_focus(&button);
            if button.clicked() {
                state.look.page = to;
            }
        }
    });
}

/// The event as it would be sent, as text with line breaks.
pub(super) fn event(ui: &mut Ui, state: &mut State) {
    let words = state.words;
    if let Some(why) = &state.look.unread {
        parts::plain(ui, &words.files_unread(why));
        return;
    }
    let Some(rows) = &state.look.rows else {
        state.look.rows_wanted = true;
        ui.ctx().request_repaint();
        ui.allocate_space(vec2(ui.available_width(), ROWS_HEIGHT));
        return;
    };
    let longest = rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
    virtual_rows(ui, "event", rows.len(), longest, |index| rows[index].clone());
    ui.add_space(4.0);
    let copy = ui.add_sized(parts::copy_size(ui, words), Button::new(words.copy()));
    parts::follow_focus(&copy);
    if copy.clicked() {
        ui.ctx().copy_text(rows.join("\n"));
    }
}

/// Rows of one height, of which there may be thousands.
fn virtual_rows(ui: &mut Ui, salt: &str, count: usize, chars: usize, row: impl Fn(usize) -> String) {
    let ink = Palette::of(ui).ink;
    let (row_height, char_width) = metrics(ui);
    ui.spacing_mut().item_spacing.y = 2.0;
    ScrollArea::both()
        .id_salt(salt)
        .max_height(ROWS_HEIGHT)
        .min_scrolled_height(ROWS_HEIGHT)
        .auto_shrink([false, true])
        .show_rows(ui, row_height, count, |ui, visible| {
            ui.set_min_width(chars as f32 * char_width);
            for index in visible {
                ui.add(Label::new(RichText::new(row(index)).monospace().color(ink)).extend());
            }
        });
}

/// Height of a row and width of a letter, in points.
fn metrics(ui: &Ui) -> (f32, f32) {
    ui.ctx().fonts_mut(|fonts| {
        let font = TextStyle::Monospace.resolve(ui.style());
        (fonts.row_height(&font), fonts.glyph_width(&font, '0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_say_where_they_are_and_what_can_be_read() {
        assert_eq!(
            hex_row(0x40, b"MDMP\x00\xff\n", 8),
            "00000040  4d 44 4d 50 00 ff 0a     MDMP..."
        );
        assert_eq!(text_row(0, "a b\u{e4}\u{1b}".as_bytes()), "00000000  a b...");
    }
}
