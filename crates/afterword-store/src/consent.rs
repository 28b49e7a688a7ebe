//! Who decides, and what it means for each kind of item: one table.
//!
//! | item          | `ask`   | `always` | `never` |
//! | ------------- | ------- | -------- | ------- |
//! | crash         | waiting | queued   | dropped |
//! | panic         | waiting | queued   | dropped |
//! | error         | waiting | queued   | dropped |
//! | hang          | waiting | queued   | dropped |
//! | transaction   | held    | queued   | dropped |
//! | session       | held    | queued   | dropped |
//! | feedback      | held    | queued   | dropped |
//! | client report | held    | queued   | dropped |
//!
//! *Waiting*: a report of its own, about which the person is asked. *Held*: kept on this machine until a consent covers it.
//! *Queued*: may be sent while the policy stays `always` ([`Store::queued_envelopes_under`](crate::Store::queued_envelopes_under)
//! asks again). *Dropped*: not written at all.
//!
//! A comment that a person writes into the dialog is no item of this table: it goes with the report, under its answer.

use serde::{Deserialize, Serialize};

use crate::ReportKind;

/// Who decides whether something is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsentPolicy {
    /// The person, each time.
    #[default]
    Ask,
    /// It was decided: send.
    Always,
    /// It was decided: do not even keep.
    Never,
}

/// A kind of item, as the table knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// A signal or exception ended the app.
    Crash,
    /// A panic ended the app.
    Panic,
    /// An error; the app went on.
    Error,
    /// The app did not respond, and went on.
    Hang,
    /// A transaction with its spans.
    Transaction,
    /// Release health.
    Session,
    /// What a person wrote, outside the dialog.
    Feedback,
    /// Counts of what was not sent.
    ClientReport,
}

/// What is done with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placement {
    /// A report that asks.
    Waiting,
    /// Kept, not sent.
    Held,
    /// To be sent.
    Queued,
    /// Not written.
    Dropped,
}

/// The table of this module's page.
#[must_use]
pub fn placement(item: ItemKind, policy: ConsentPolicy) -> Placement {
    match (policy, item) {
        (ConsentPolicy::Never, _) => Placement::Dropped,
        (ConsentPolicy::Always, _) => Placement::Queued,
        (ConsentPolicy::Ask, ItemKind::Crash | ItemKind::Panic | ItemKind::Error | ItemKind::Hang) => {
            Placement::Waiting
        }
        (
            ConsentPolicy::Ask,
            ItemKind::Transaction | ItemKind::Session | ItemKind::Feedback | ItemKind::ClientReport,
        ) => Placement::Held,
    }
}

impl From<ReportKind> for ItemKind {
    fn from(kind: ReportKind) -> ItemKind {
        match kind {
            ReportKind::Crash => ItemKind::Crash,
            ReportKind::Panic => ItemKind::Panic,
            ReportKind::Error => ItemKind::Error,
            ReportKind::Hang => ItemKind::Hang,
        }
    }
}

/// An envelope that is no report of its own. Events are made reports by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnvelopeClass {
    /// A transaction with its spans.
    Transaction,
    /// Release health.
    Session,
    /// Counts of what was not sent.
    ClientReport,
    /// What a person wrote, outside the dialog.
    Feedback,
}

impl From<EnvelopeClass> for ItemKind {
    fn from(class: EnvelopeClass) -> ItemKind {
        match class {
            EnvelopeClass::Transaction => ItemKind::Transaction,
            EnvelopeClass::Session => ItemKind::Session,
            EnvelopeClass::ClientReport => ItemKind::ClientReport,
            EnvelopeClass::Feedback => ItemKind::Feedback,
        }
    }
}

/// What became of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placed {
    /// In the store, to be sent.
    Queued,
    /// In the store, not to be sent before a consent covers it.
    Held,
    /// Not written.
    Dropped,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table in the documentation and the function say the same.
    #[test]
    fn the_table_holds() {
        let documented: Vec<Vec<&str>> = include_str!("consent.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "))
            .skip(2)
            .map(|line| line.trim_end_matches('|').split('|').map(str::trim).collect())
            .collect();
        let items = [
            ("crash", ItemKind::Crash),
            ("panic", ItemKind::Panic),
            ("error", ItemKind::Error),
            ("hang", ItemKind::Hang),
            ("transaction", ItemKind::Transaction),
            ("session", ItemKind::Session),
            ("feedback", ItemKind::Feedback),
            ("client report", ItemKind::ClientReport),
        ];
        assert_eq!(documented.len(), items.len());
        for (row, (name, item)) in documented.iter().zip(items) {
            let policies = [ConsentPolicy::Ask, ConsentPolicy::Always, ConsentPolicy::Never];
            let words: Vec<String> = policies
                .iter()
                .map(|policy| format!("{:?}", placement(item, *policy)).to_lowercase())
                .collect();
            assert_eq!(row[0], name);
            assert_eq!(row[1..], words, "{name}");
        }
    }

    #[test]
    fn a_policy_is_lowercase_in_settings_and_asks_unless_said() {
        assert_eq!(
            serde_json::from_str::<ConsentPolicy>("\"always\"").unwrap(),
            ConsentPolicy::Always
        );
        assert_eq!(ConsentPolicy::default(), ConsentPolicy::Ask);
    }
}
