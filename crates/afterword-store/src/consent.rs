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
//! | other         | held    | queued   | dropped |
//!
//! *Waiting*: a report of its own, about which the person is asked. *Held*: kept on this machine until a consent covers it.
//! *Queued*: may be sent while the policy stays `always` ([`Store::queued_envelopes_under`](crate::Store::queued_envelopes_under)
//! asks again). *Dropped*: not written at all. *Other* is what else an SDK may send: logs, metrics, check-ins.
//!
//! The policy may change while there is something in the store ([`Store::apply_consent`](crate::Store::apply_consent)):
//!
//! | what there is              | to `ask` | to `always` | to `never` |
//! | -------------------------- | -------- | ----------- | ---------- |
//! | held envelope              | held     | queued      | deleted    |
//! | queued envelope            | held     | queued      | deleted    |
//! | refused envelope           | stays    | stays       | deleted    |
//! | waiting report, unanswered | held     | queued      | deleted    |
//! | sending report, unanswered | held     | queued      | deleted    |
//!
//! A report that is *held* waits for an answer; one that is *queued* is sent without any: a consent to everything covers what
//! there is already, crashes as well. A report that the person has answered is as it was answered, whatever the policy; and what
//! a server has stays recorded.
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
    /// What else there may be: logs, metrics, check-ins.
    Other,
}

impl ItemKind {
    /// All of them, in the order of the table.
    pub const ALL: [ItemKind; 9] = [
        ItemKind::Crash,
        ItemKind::Panic,
        ItemKind::Error,
        ItemKind::Hang,
        ItemKind::Transaction,
        ItemKind::Session,
        ItemKind::Feedback,
        ItemKind::ClientReport,
        ItemKind::Other,
    ];

    /// What the table calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ItemKind::Crash => "crash",
            ItemKind::Panic => "panic",
            ItemKind::Error => "error",
            ItemKind::Hang => "hang",
            ItemKind::Transaction => "transaction",
            ItemKind::Session => "session",
            ItemKind::Feedback => "feedback",
            ItemKind::ClientReport => "client report",
            ItemKind::Other => "other",
        }
    }
}

/// A set of kinds, which fits into a word that two processes look at: bit *n* is the *n*-th kind of [`ItemKind::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemKinds(u16);

impl ItemKinds {
    /// None of them.
    pub const NONE: ItemKinds = ItemKinds(0);

    /// The set that [`ItemKinds::bits`] tells; what is no kind is left out.
    #[must_use]
    pub fn from_bits(bits: u16) -> ItemKinds {
        ItemKinds(bits & ((1 << ItemKind::ALL.len()) - 1))
    }

    /// As a number.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Adds a kind.
    pub fn insert(&mut self, kind: ItemKind) {
        self.0 |= 1 << kind as u16;
    }

    /// Whether a kind is in it.
    #[must_use]
    pub fn contains(self, kind: ItemKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// Whether there is none in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are in it, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = ItemKind> {
        ItemKind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
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
            ItemKind::Transaction | ItemKind::Session | ItemKind::Feedback | ItemKind::ClientReport | ItemKind::Other,
        ) => Placement::Held,
    }
}

/// What there may be in the store when the policy changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// In `envelopes/held`.
    HeldEnvelope,
    /// In `envelopes/queued`.
    QueuedEnvelope,
    /// In `envelopes/refused`.
    RefusedEnvelope,
    /// In `reports/waiting`, without an answer.
    WaitingReport,
    /// In `reports/sending`, without an answer.
    SendingReport,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It is where it was.
    Stays,
    /// It is kept and not sent; a report waits for an answer.
    Held,
    /// It is to be sent.
    Queued,
    /// It is gone.
    Deleted,
}

/// The second table of this module's page.
#[must_use]
pub fn fate(kept: Kept, policy: ConsentPolicy) -> Fate {
    match (policy, kept) {
        (ConsentPolicy::Never, _) => Fate::Deleted,
        (_, Kept::RefusedEnvelope) => Fate::Stays,
        (ConsentPolicy::Ask, _) => Fate::Held,
        (ConsentPolicy::Always, _) => Fate::Queued,
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

/// What an envelope is about: each is about one thing, whatever else goes along with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnvelopeClass {
    /// An error or a message, with its attachments.
    Error,
    /// A transaction with its spans.
    Transaction,
    /// Release health.
    Session,
    /// What a person wrote, outside the dialog.
    Feedback,
    /// Counts of what was not sent.
    ClientReport,
    /// What else there may be.
    Other,
}

impl EnvelopeClass {
    /// All of them; their places are their numbers on the disk, counted from 1.
    const ALL: [EnvelopeClass; 6] = [
        EnvelopeClass::Error,
        EnvelopeClass::Transaction,
        EnvelopeClass::Session,
        EnvelopeClass::Feedback,
        EnvelopeClass::ClientReport,
        EnvelopeClass::Other,
    ];

    /// Its number on the disk.
    pub(crate) fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The class of a number; a number of a newer program is of some other thing.
    pub(crate) fn from_number(number: u8) -> EnvelopeClass {
        let index = usize::from(number).wrapping_sub(1);
        EnvelopeClass::ALL.get(index).copied().unwrap_or(EnvelopeClass::Other)
    }
}

impl From<EnvelopeClass> for ItemKind {
    fn from(class: EnvelopeClass) -> ItemKind {
        match class {
            EnvelopeClass::Error => ItemKind::Error,
            EnvelopeClass::Transaction => ItemKind::Transaction,
            EnvelopeClass::Session => ItemKind::Session,
            EnvelopeClass::Feedback => ItemKind::Feedback,
            EnvelopeClass::ClientReport => ItemKind::ClientReport,
            EnvelopeClass::Other => ItemKind::Other,
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

    /// The rows of the table in the documentation whose first column has this head.
    fn table(head: &str) -> Vec<Vec<&'static str>> {
        include_str!("consent.rs")
            .lines()
            .map(|line| line.strip_prefix("//! | "))
            .skip_while(|line| !line.is_some_and(|line| line.starts_with(head)))
            .map_while(|line| line)
            .skip(2)
            .map(|line| line.trim_end_matches('|').split('|').map(str::trim).collect())
            .collect()
    }

    #[test]
    fn the_table_of_changes_holds() {
        let kept = [
            ("held envelope", Kept::HeldEnvelope),
            ("queued envelope", Kept::QueuedEnvelope),
            ("refused envelope", Kept::RefusedEnvelope),
            ("waiting report, unanswered", Kept::WaitingReport),
            ("sending report, unanswered", Kept::SendingReport),
        ];
        let documented = table("what there is ");
        assert_eq!(documented.len(), kept.len());
        for (row, (name, kept)) in documented.iter().zip(kept) {
            let policies = [ConsentPolicy::Ask, ConsentPolicy::Always, ConsentPolicy::Never];
            let words: Vec<String> = policies
                .iter()
                .map(|policy| format!("{:?}", fate(kept, *policy)).to_lowercase())
                .collect();
            assert_eq!(row[0], name);
            assert_eq!(row[1..], words, "{name}");
        }
    }

    /// The table in the documentation and the function say the same.
    #[test]
    fn the_table_holds() {
        let documented = table("item ");
        assert_eq!(documented.len(), ItemKind::ALL.len());
        for (row, item) in documented.iter().zip(ItemKind::ALL) {
            let policies = [ConsentPolicy::Ask, ConsentPolicy::Always, ConsentPolicy::Never];
            let words: Vec<String> = policies
                .iter()
                .map(|policy| format!("{:?}", placement(item, *policy)).to_lowercase())
                .collect();
            assert_eq!(row[0], item.name());
            assert_eq!(row[1..], words, "{item:?}");
        }
    }

    #[test]
    fn a_set_of_kinds_is_a_number_and_back() {
        let mut kinds = ItemKinds::NONE;
        assert!(kinds.is_empty());
        kinds.insert(ItemKind::Other);
        kinds.insert(ItemKind::Error);
        assert_eq!(
            ItemKinds::from_bits(kinds.bits()).iter().collect::<Vec<_>>(),
            [ItemKind::Error, ItemKind::Other]
        );
        assert_eq!(ItemKinds::from_bits(u16::MAX).iter().count(), ItemKind::ALL.len());
    }

    #[test]
    fn a_class_is_a_number_on_the_disk_and_back() {
        for class in EnvelopeClass::ALL {
            assert_eq!(EnvelopeClass::from_number(class.number()), class);
        }
        assert_eq!(EnvelopeClass::from_number(0), EnvelopeClass::Other);
        assert_eq!(EnvelopeClass::from_number(200), EnvelopeClass::Other);
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
