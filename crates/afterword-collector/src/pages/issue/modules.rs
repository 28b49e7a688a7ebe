//! The modules of an event, with what is known of their symbols.

use crate::event::Module;
use crate::pages::room::{Room, short, weight};

/// A module to show.
#[derive(Debug)]
pub(super) struct ModuleView {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) address: String,
    pub(super) debug_id: String,
    pub(super) code_id: String,
    pub(super) state: State,
}

/// What there is of its symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Missing,
    Unreadable,
    Found,
    NotNeeded,
    /// Nobody looked: a client sent the list.
    Unknown,
}

impl State {
    fn of(said: Option<&str>) -> Self {
        match said {
            Some("missing" | "other") => Self::Missing,
            Some("malformed" | "fetching_failed" | "timeout") => Self::Unreadable,
            Some("found") => Self::Found,
            Some("unused") => Self::NotNeeded,
            _ => Self::Unknown,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Missing => "symbols missing",
            Self::Unreadable => "symbols cannot be read",
            Self::Found => "symbols found",
            Self::NotNeeded => "symbols not needed",
            Self::Unknown => "",
        }
    }

    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Missing | Self::Unreadable => "bad",
            Self::Found => "good",
            Self::NotNeeded | Self::Unknown => "none",
        }
    }
}

impl ModuleView {
    fn of(module: &Module) -> Self {
        let text = |text: &Option<String>| text.as_deref().map_or(String::new(), |text| short(text, 48));
        Self {
            name: short(&module.name, 120),
            path: short(&module.path, 240),
            address: text(&module.address),
            debug_id: text(&module.debug_id),
            code_id: text(&module.code_id),
            state: State::of(module.symbols.as_deref()),
        }
    }

    pub(super) fn weight(&self) -> usize {
        let texts = [&self.name, &self.path, &self.address, &self.debug_id, &self.code_id];
        280 + texts.iter().map(|text| weight(text)).sum::<usize>()
    }
}

/// All of them, those that lack symbols first.
pub(super) fn all(modules: &[Module]) -> Vec<ModuleView> {
    let mut views: Vec<ModuleView> = modules.iter().map(ModuleView::of).collect();
    views.sort_by_key(|view| view.state);
    views
}

/// Some of them and how many there are besides.
pub(super) fn some(modules: &[Module], mut room: Room) -> (Vec<ModuleView>, usize) {
    room.fit(all(modules), ModuleView::weight)
}

/// `1 without symbols, 3 with symbols, 40 not needed`
pub(super) fn summary(modules: &[Module]) -> String {
    let count = |states: &[State]| {
        let of = modules.iter().map(|module| State::of(module.symbols.as_deref()));
        of.filter(|state| states.contains(state)).count()
    };
    let parts = [
        (count(&[State::Missing]), "without symbols"),
        (count(&[State::Unreadable]), "with symbols that cannot be read"),
        (count(&[State::Found]), "with symbols"),
        (count(&[State::NotNeeded]), "not needed"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    parts
        .map(|(count, words)| format!("{count} {words}"))
        .collect::<Vec<_>>()
        .join(", ")
}
