//! What there is to tell.

use serde::{Deserialize, Serialize};

/// What a rule found out: all that a message says, so that it can be made again for each try and shown in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alert {
    /// The rule's name.
    pub(crate) rule: String,
    pub(crate) rule_id: i64,
    pub(crate) kind: Kind,
    /// One sentence that says what happened: `A new issue in editor: SIGSEGV in draw_line`.
    pub(crate) headline: String,
    /// More sentences: the window, the count, the bound.
    pub(crate) reasons: Vec<String>,
    pub(crate) organization: String,
    /// The project's name; empty if it is about all.
    pub(crate) project: String,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    /// Where it is seen: an absolute address of a page.
    pub(crate) url: String,
    pub(crate) issue_id: Option<i64>,
    pub(crate) short_id: Option<String>,
    /// Of the issue: its title, and where it happens (signature or culprit).
    pub(crate) title: Option<String>,
    pub(crate) place: Option<String>,
    /// The event that made the rule fire.
    pub(crate) event_id: Option<String>,
    /// Release, environment, level, platform, events, users…: names and values in the order in which they are shown.
    pub(crate) facts: Lines,
    /// Others of the same rule that this message tells, too: headline and address of each. Empty if it tells one.
    pub(crate) others: Lines,
    /// Made by the test button: nothing happened.
    pub(crate) is_test: bool,
}

/// Pairs of texts in their order.
pub(crate) type Lines = Vec<(String, String)>;

/// What kind of *when* it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// An issue was seen for the first time.
    NewIssue,
    /// A resolved one came back.
    Regression,
    /// More than N events in a window, of an issue or in all.
    Events,
    /// More than N users affected in a window.
    Users,
    /// Crash-free sessions or users below a bound.
    CrashFree,
    /// A transaction's duration above a bound.
    Duration,
    /// An envelope that cannot be digested.
    Poison,
    /// A queue that grows.
    Queue,
}
