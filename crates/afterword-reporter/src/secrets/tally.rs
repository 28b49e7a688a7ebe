//! What was taken out, and how often, for the person who is asked.

use std::collections::BTreeMap;

use afterword_channel::Secret;

/// Names of the app's own rules that are told, at the most.
const MAX_NAMES: usize = 20;

/// What is said where all texts were taken out.
pub(super) const NOT_LOOKED_THROUGH: &str = "all texts, which took too long to look through";

/// One of a kind, as the mark says it, and several.
pub(super) fn words(kind: Secret) -> (&'static str, &'static str) {
    match kind {
        Secret::Password => ("password", "passwords"),
        Secret::Email => ("e-mail address", "e-mail addresses"),
        Secret::CloudKey => ("cloud key", "cloud keys"),
        Secret::AccessToken => ("access token", "access tokens"),
        Secret::WebToken => ("web token", "web tokens"),
        Secret::PrivateKey => ("private key", "private keys"),
        Secret::Authorization => ("authorization", "authorizations"),
    }
}

/// How often what was replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    kinds: [usize; Secret::ALL.len()],
    /// By the name of the app's rule; empty for those without.
    rules: BTreeMap<String, usize>,
    /// What was done besides, in words.
    notes: Vec<String>,
}

impl Tally {
    pub(super) fn count(&mut self, kind: Secret) {
        self.kinds[kind as usize] += 1;
    }

    pub(super) fn count_rule(&mut self, name: &str, times: usize) {
        let is_full = self.rules.len() >= MAX_NAMES && !self.rules.contains_key(name);
        let name = if is_full { "" } else { name };
        *self.rules.entry(name.to_owned()).or_default() += times;
    }

    pub(super) fn note(&mut self, words: impl Into<String>) {
        self.notes.push(words.into());
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Tally::default()
    }

    /// A line for each kind: `e-mail addresses in texts (2)`.
    pub(super) fn lines(&self) -> Vec<String> {
        let kinds = Secret::ALL.into_iter().filter_map(|kind| {
            let count = self.kinds[kind as usize];
            (count > 0).then(|| format!("{} in texts ({count})", words(kind).1))
        });
        let rules = self.rules.iter().map(|(name, count)| {
            if name.is_empty() {
                format!("what this program wants taken out of texts ({count})")
            } else {
                format!("{name} in texts ({count})")
            }
        });
        kinds.chain(rules).chain(self.notes.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line has a text of its own, and is not taken for the name of an app's rule.
    #[test]
    fn the_dialog_says_each_kind_in_each_language() {
        let mut tally = Tally::default();
        Secret::ALL.into_iter().for_each(|kind| tally.count(kind));
        tally.count_rule("", 2);
        tally.note(NOT_LOOKED_THROUGH);
        for line in tally.lines() {
            assert!(afterword_dialog::knows_removed(&line), "{line}");
        }
        assert!(!afterword_dialog::knows_removed("customer numbers in texts (2)"));
    }
}
