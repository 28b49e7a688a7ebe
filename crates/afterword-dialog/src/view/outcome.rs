//! After the answer: the transfer, and how it ended.

use egui::{Button, Label, Margin, ProgressBar, RichText, Ui};

use super::parts::{self, Mark};
use crate::state::{Action, Phase, State};
use crate::theme::Palette;
use crate::words::Words;

pub(super) fn sending(ui: &mut Ui, state: &mut State) -> Action {
    let Phase::Sending {
        sent_bytes,
        total_bytes,
        cancelling,
    } = state.phase
    else {
        return Action::None;
    };
    let words = state.words;
    parts::heading(ui, &words.sending());
    ui.add_space(2.0);
    parts::soft(ui, &words.sending_to_server(&state.asked));
    ui.add_space(18.0);
    if total_bytes == 0 || cancelling {
        ui.horizontal(|ui| {
            parts::working(ui, 16.0);
            let doing = if cancelling {
                words.cancelling()
            } else {
                words.preparing()
            };
            parts::status(ui, &doing);
        });
    } else {
        progress(ui, words, sent_bytes.min(total_bytes), total_bytes);
    }
    Action::None
}

fn progress(ui: &mut Ui, words: Words, sent_bytes: u64, total_bytes: u64) {
    let palette = Palette::of(ui);
    let said = words.progress(&words.size(sent_bytes), &words.size(total_bytes));
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
    let words = state.words;
    let Phase::Sending { cancelling, .. } = &mut state.phase else {
        return Action::None;
    };
    if parts::note_and_button(ui, &words.sending_goes_on(), &words.cancel(), !*cancelling, state.guard) {
        *cancelling = true;
        return Action::Cancel;
    }
    Action::None
}

pub(super) fn result(ui: &mut Ui, state: &mut State) -> Action {
    let words = state.words;
    match state.phase.clone() {
        Phase::Sent { event_id, url, known } => {
            verdict(ui, Mark::Done, &words.sent());
            if let Some(said) = known.as_ref().and_then(|known| words.known_crash(known)) {
                ui.add_space(8.0);
                parts::plain(ui, &said);
            }
            if let Some(url) = state.asked.update_for(known.as_ref()) {
                let link = ui.hyperlink_to(words.get_update(), url);
                parts::focus_ring(ui, &link);
            }
            ui.add_space(14.0);
            event(ui, state, &event_id, url.as_deref());
        }
        Phase::Waiting { why } => {
            verdict(ui, Mark::Clock, &words.waiting());
            ui.add_space(8.0);
            if !why.is_empty() {
                parts::soft(ui, &why);
            }
            parts::plain(ui, &words.waiting_next());
        }
        Phase::Alone => {
            verdict(ui, Mark::Clock, &words.waiting());
            ui.add_space(8.0);
            parts::soft(ui, &words.reporter_gone());
            parts::plain(ui, &words.waiting_next());
        }
        Phase::Refused { why } => {
            verdict(ui, Mark::Warning, &words.refused());
            ui.add_space(8.0);
            if why.is_empty() {
                parts::soft(ui, &words.refused_silent());
            } else {
                quoted(ui, &why);
            }
            ui.add_space(4.0);
            parts::plain(ui, &words.refused_next());
        }
        Phase::Cancelled => {
            verdict(ui, Mark::Stopped, &words.cancelled());
            ui.add_space(8.0);
            parts::plain(ui, &words.cancelled_next());
        }
        Phase::Asking | Phase::Sending { .. } | Phase::Done => {}
    }
    Action::None
}

pub(super) fn result_footer(ui: &mut Ui, state: &mut State) -> Action {
    if parts::note_and_button(ui, "", &state.words.close(), true, state.guard) {
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
    let words = state.words;
    let copy_size = parts::copy_size(ui, words);
    parts::small(ui, &words.event_id());
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
            parts::row(ui, copy_size, left, |ui| {
                let label = if state.copied { words.copied() } else { words.copy() };
                if ui.add_sized(copy_size, Button::new(label)).clicked() {
                    ui.ctx().copy_text(event_id.to_owned());
                    state.copied = true;
                }
            });
        },
    );
    parts::small(ui, &words.event_id_use());
    if let Some(url) = url {
        ui.add_space(8.0);
        let link = ui.hyperlink_to(words.open_page(), url);
        parts::focus_ring(ui, &link);
    }
}

/// Somebody else's words, marked as such.
fn quoted(ui: &mut Ui, said: &str) {
    parts::card(ui, Margin::symmetric(14, 10), |ui| {
        parts::plain(ui, said);
    });
}
