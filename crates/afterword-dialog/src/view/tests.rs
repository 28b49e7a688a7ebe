//! Each page and each action by role and label, as a person with a screen reader would find them.

mod asking;
mod details;
mod everybody;
mod outcome;
mod preview;

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::view;
use crate::message::Asked;
use crate::state::{Action, State};
use crate::words::english as words;
use crate::{Language, sample, theme};

struct Seen {
    state: State,
    actions: Vec<Action>,
}

fn open(state: State) -> Harness<'static, Seen> {
    open_sized(state, 536.0, 600.0)
}

/// A page that has been there for long enough to be answered.
fn open_sized(state: State, width: f32, height: f32) -> Harness<'static, Seen> {
    let mut harness = just_opened(state, width, height);
    harness.run_steps((1.0 / STEP_SECONDS) as usize);
    harness
}

/// Time from one frame to the next.
const STEP_SECONDS: f32 = 0.05;

fn just_opened(state: State, width: f32, height: f32) -> Harness<'static, Seen> {
    let ui = |ui: &mut egui::Ui, seen: &mut Seen| {
        match view(ui, &mut seen.state) {
            Action::None => {}
            action => seen.actions.push(action),
        }
        // As a conversation does.
        crate::preview::serve(&mut seen.state);
    };
    let seen = Seen {
        state,
        actions: Vec::new(),
    };
    Harness::builder()
        .with_size([width, height])
        .with_step_dt(STEP_SECONDS)
        .with_context_setup(theme::install)
        .build_ui_state(ui, seen)
}

fn asking() -> Harness<'static, Seen> {
    open(State::new(sample::asked(), Language::English))
}

fn with_stack() -> Asked {
    let mut asked = sample::asked();
    asked.details.stack = Some(sample::stack());
    asked
}

fn click(harness: &mut Harness<'_, Seen>, role: Role, label: &str) {
    harness.get_by_role_and_label(role, label).click();
    // A page with a spinner never rests.
    harness.run_steps(3);
}

/// The labels of all that is shown, in the order it is read.
fn labels(harness: &Harness<'_, Seen>) -> Vec<String> {
    let nodes = harness.root().children_recursive();
    nodes
        .filter_map(|node| node.accesskit_node().label().or_else(|| node.accesskit_node().value()))
        .collect()
}

fn shows(harness: &Harness<'_, Seen>, text: &str) -> bool {
    labels(harness).iter().any(|label| label.contains(text))
}
