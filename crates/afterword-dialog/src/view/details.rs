//! *What would be sent*: folded away; then part by part, made of the very bytes, with what all of it comes to and a copy of it
//! to keep.

mod bytes;
mod copying;
mod files;
mod lists;
mod tabs;

use egui::{CollapsingHeader, Margin, Response, Stroke, Ui, vec2};

use super::parts;
use crate::look::Tab;
use crate::state::{Action, State};
use crate::theme::Palette;

/// Least height of what a tab shows, in points: the page does not jump between short ones.
const LEAST_HEIGHT: f32 = 200.0;

pub(super) fn show(ui: &mut Ui, state: &mut State) -> Action {
    let mut action = Action::None;
    ui.spacing_mut().indent = ui.spacing().icon_width + ui.spacing().icon_spacing;
    let header = CollapsingHeader::new(state.words.details())
        .id_salt("details")
        .icon(chevron)
        .open(Some(state.details_open))
        .show_unindented(ui, |ui| {
            ui.add_space(4.0);
            parts::card(ui, Margin::symmetric(16, 12), |ui| {
                ui.spacing_mut().item_spacing.y = 3.0;
                action = contents(ui, state);
            });
        })
        .header_response;
    parts::focus_ring(ui, &header);
    if header.clicked() {
        state.details_open = !state.details_open;
    }
    action
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

fn contents(ui: &mut Ui, state: &mut State) -> Action {
    state.look.choose(&state.comment, state.asked.asked_at);
    tabs::bar(ui, state.words, &mut state.look.tab);
    ui.add_space(8.0);
    let name = tabs::name(state.words, state.look.tab);
    let panel = egui::UiBuilder::new()
        .accessibility_role(egui::accesskit::Role::TabPanel)
        .accessibility_label(name.into_owned());
    ui.scope_builder(panel, |ui| {
        ui.set_min_height(LEAST_HEIGHT);
        ui.set_width(ui.available_width());
        let (words, details) = (state.words, &state.asked.details);
        match state.look.tab {
            Tab::Summary => lists::summary(ui, state),
            Tab::Context => lists::context(ui, words, details),
            Tab::Breadcrumbs => lists::breadcrumbs(ui, words, details),
            Tab::Modules => lists::modules(ui, words, details),
            Tab::Files => files::show(ui, state),
            Tab::Bytes => bytes::show(ui, state),
            Tab::Text => bytes::event(ui, state),
        }
    });
    lists::ruled(ui);
    copying::show(ui, state)
}
