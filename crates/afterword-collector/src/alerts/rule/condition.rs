//! What else has to be true of what happened.

use serde_json::{Value, json};

/// One of the *if*s of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Condition {
    /// What an event says under this name.
    Says {
        key: Key,
        how: How,
        /// As it is written: upper and lower case are different.
        value: String,
    },
    /// Of an issue: the latest release of its project brought it. Of sessions and transactions: they are of that release.
    LatestRelease,
}

/// What of an event is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// The kind of exception or signal: `SIGSEGV`, `TypeError`.
    Exception,
    Signature,
    /// The name of the server or service.
    Server,
    Release,
    Environment,
    Level,
    Platform,
    /// A tag.
    Tag(String),
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum How {
    Is,
    /// Also what says nothing.
    IsNot,
    Contains,
    StartsWith,
    /// `*` stands for anything.
    Matches,
}

impl Key {
    /// All but tags, by the names that rules give them.
    pub(super) const NAMES: [(&'static str, Self); 7] = [
        ("exception", Self::Exception),
        ("signature", Self::Signature),
        ("server", Self::Server),
        ("release", Self::Release),
        ("environment", Self::Environment),
        ("level", Self::Level),
        ("platform", Self::Platform),
    ];

    /// By what name events are found by it; see `digest/index.rs`.
    pub(crate) fn indexed(&self) -> &str {
        match self {
            Self::Exception => "error.type",
            Self::Signature => "signature",
            Self::Server => "server_name",
            Self::Release => "release",
            Self::Environment => "environment",
            Self::Level => "level",
            Self::Platform => "platform",
            Self::Tag(key) => key,
        }
    }

    /// The column of `events` that has it, if there is one.
    pub(crate) fn column(&self) -> Option<&'static str> {
        match self {
            Self::Release => Some("release"),
            Self::Environment => Some("environment"),
            Self::Level => Some("level"),
            Self::Platform => Some("platform"),
            _ => None,
        }
    }

    /// As rules name it.
    pub(crate) fn name(&self) -> &str {
        let known = Self::NAMES.iter().find(|(_, key)| key == self);
        known.map_or("tag", |(name, _)| name)
    }
}

impl How {
    /// All, by the names that rules give them.
    pub(super) const NAMES: [(&'static str, Self); 5] = [
        ("is", Self::Is),
        ("is-not", Self::IsNot),
        ("contains", Self::Contains),
        ("starts-with", Self::StartsWith),
        ("matches", Self::Matches),
    ];

    /// As rules name it.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, how)| *how == self)
            .map_or("", |(name, _)| name)
    }

    /// Whether a text compares like this with what a condition names.
    pub(crate) fn holds(self, said: Option<&str>, value: &str) -> bool {
        let Some(said) = said else {
            return self == Self::IsNot;
        };
        match self {
            Self::Is => said == value,
            Self::IsNot => said != value,
            Self::Contains => said.contains(value),
            Self::StartsWith => said.starts_with(value),
            Self::Matches => is_like(value, said),
        }
    }
}

impl Condition {
    /// As JSON.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Says {
                key: Key::Tag(key),
                how,
                value,
            } => json!({ "of": "tag", "key": key, "how": how.name(), "value": value }),
            Self::Says { key, how, value } => json!({ "of": key.name(), "how": how.name(), "value": value }),
            Self::LatestRelease => json!({ "of": "latest-release" }),
        }
    }

    /// Whether it can be looked up rather than only tried.
    pub(crate) fn exact(&self) -> Option<(&Key, &str)> {
        match self {
            Self::Says {
                key,
                how: How::Is,
                value,
            } => Some((key, value)),
            _ => None,
        }
    }
}

/// A text in which `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Glob(String);

impl Glob {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        is_like(&self.0, text)
    }
}

/// Whether a text is like a pattern as a whole. Each piece is taken where it comes first, so that this takes no longer than
/// both are long, multiplied.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some((_, after)) = rest.split_once(piece) else {
            return false;
        };
        rest = after;
    }
    true
}
