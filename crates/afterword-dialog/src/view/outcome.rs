//! After the answer: the transfer, and how it ended.

use egui::{Button, Label, Margin, ProgressBar, RichText, Spinner, Ui};

use super::parts::{self, Mark};
use crate::state::{Action, Phase, State};
use crate::theme::Palette;
use crate::{text, words};

pub(super) fn sending(ui: &mut Ui, state: &mut State) -> Action {
    let Phase::Sending {
        sent_bytes,
        total_bytes,
        cancelling,
    } = state.phase
    else {
        return Action::None;
    };
    parts::heading(ui, words::SENDING);
    ui.add_space(2.0);
    parts::soft(ui, &words::sending_to(&state.asked.server));
    ui.add_space(18.0);
    if total_bytes == 0 || cancelling {
        ui.horizontal(|ui| {
            let ink = Palette::of(ui).ink_soft;
            ui.add(Spinner::new().size(16.0).color(ink));
            parts::soft(
                ui,
                if cancelling {
                    words::CANCELLING
                } else {
                    words::PREPARING
                },
            );
        });
    } else {
        progress(ui, sent_bytes.min(total_bytes), total_bytes);
    }
    Action::None
}

fn progress(ui: &mut Ui, sent_bytes: u64, total_bytes: u64) {
    let palette = Palette::of(ui);
    let said = words::progress(&text::size(sent_bytes), &text::size(total_bytes));
    let bar = ui
        .scope(|ui| {
            ui.visuals_mut().extreme_bg_color = palette.hairline;
            let share = (sent_bytes as f64 / total_bytes as f64) as f32;
            ui.add(
                ProgressBar::new(share)
                    .desired_height(8.0)
                    .corner_radius(4.0)
                    .fill(palette.accent),
            )
        })
        .inner;
    ui.add_space(4.0);
    let label = parts::soft(ui, &said);
    ui.ctx()
        .accesskit_node_builder(bar.id, |node| node.push_labelled_by(label.id.accesskit_id()));
}

pub(super) fn sending_footer(ui: &mut Ui, state: &mut State) -> Action {
    let Phase::Sending { cancelling, .. } = &mut state.phase else {
        return Action::None;
    };
    if parts::note_and_button(ui, words::SENDING_GOES_ON, words::CANCEL, !*cancelling, state.guard) {
        *cancelling = true;
        return Action::Cancel;
    }
    Action::None
}

pub(super) fn result(ui: &mut Ui, state: &mut State) -> Action {
    match state.phase.clone() {
        Phase::Sent { event_id, url, known } => {
            verdict(ui, Mark::Done, words::SENT);
            if let Some(known) = known {
                ui.add_space(8.0);
                parts::plain(ui, &known);
            }
            ui.add_space(14.0);
            event(ui, state, &event_id, url.as_deref());
        }
        Phase::Waiting { why } => {
            verdict(ui, Mark::Clock, words::WAITING);
            ui.add_space(8.0);
            if !why.is_empty() {
                parts::soft(ui, &why);
            }
            parts::plain(ui, words::WAITING_NEXT);
        }
        Phase::Refused { why } => {
            verdict(ui, Mark::Warning, words::REFUSED);
            ui.add_space(8.0);
            if why.is_empty() {
                parts::soft(ui, words::REFUSED_SILENT);
            } else {
                quoted(ui, &why);
            }
            ui.add_space(4.0);
            parts::plain(ui, words::REFUSED_NEXT);
        }
        Phase::Cancelled => {
            verdict(ui, Mark::Stopped, words::CANCELLED);
            ui.add_space(8.0);
            parts::plain(ui, words::CANCELLED_NEXT);
        }
        Phase::Asking | Phase::Sending { .. } | Phase::Done => {}
    }
    Action::None
}

pub(super) fn result_footer(ui: &mut Ui, state: &mut State) -> Action {
    if parts::note_and_button(ui, "", words::CLOSE, true, state.guard) {
        Action::Close
    } else {
        Action::None
    }
}

fn verdict(ui: &mut Ui, mark: Mark, said: &str) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        mark.show(ui);
        ui.vertical(|ui| parts::heading(ui, said));
    });
}

/// The id to name, large enough to read out, with a button that copies it.
fn event(ui: &mut Ui, state: &mut State, event_id: &str, url: Option<&str>) {
    parts::small(ui, words::EVENT_ID);
    parts::card(
        ui,
        Margin {
            left: 14,
            right: 8,
            top: 8,
            bottom: 8,
        },
        |ui| {
            let left = |ui: &mut Ui| {
                ui.add(Label::new(RichText::new(event_id).monospace()).wrap());
            };
            parts::row(ui, parts::COPY_SIZE, left, |ui| {
                let label = if state.copied { words::COPIED } else { words::COPY };
                if ui.add_sized(parts::COPY_SIZE, Button::new(label)).clicked() {
                    ui.ctx().copy_text(event_id.to_owned());
                    state.copied = true;
                }
            });
        },
    );
    parts::small(ui, words::EVENT_ID_USE);
    if let Some(url) = url {
        ui.add_space(8.0);
        let link = ui.hyperlink_to(words::OPEN_PAGE, url);
        parts::focus_ring(ui, &link);
    }
}

/// Somebody else's words, marked as such.
fn quoted(ui: &mut Ui, words: &str) {
    parts::card(ui, Margin::symmetric(14, 10), |ui| {
        parts::plain(ui, words);
    });
}
