//! What is taken out and what stays, rule by rule; then where, and how much of it.

mod captured;
pub(super) mod examples;
mod hostile;
mod reports;

use afterword_channel::{RedactRule, Secret, Secrets};

use super::tally::Tally;
use super::text::{Kinds, replace};
use super::{Redactor, TAKEN_OUT};

fn all() -> Kinds {
    Secret::ALL.into_iter().fold(Kinds::NONE, Kinds::with)
}

/// A text without what is found in it, and how much that was, in words.
fn cleaned(text: &str, kinds: Kinds) -> (String, String) {
    let mut text = text.to_owned();
    let mut tally = Tally::default();
    replace(&mut text, kinds, &mut tally);
    (text, tally.lines().join(", "))
}

fn rule(pattern: &str, with: &str) -> RedactRule {
    RedactRule {
        name: None,
        pattern: pattern.to_owned(),
        with: Some(with.to_owned()),
    }
}

/// With rules of the app, and none of ours.
fn own(rules: &[(&str, &str)]) -> Redactor {
    let rules: Vec<RedactRule> = rules.iter().map(|(pattern, with)| rule(pattern, with)).collect();
    let secrets = Secrets {
        off: true,
        keep: Vec::new(),
    };
    Redactor::new(&rules, &secrets)
}

/// With all of ours, and none of the app.
fn ours() -> Redactor {
    Redactor::new(&[], &Secrets::default())
}
