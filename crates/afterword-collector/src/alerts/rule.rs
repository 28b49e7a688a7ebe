//! A rule: *when*, *if*, *then* and *how often*. Pure.
//!
//! Kept, shown and given as JSON of one form:
//!
//! ```json
//! {
//!   "when": { "kind": "events", "moreThan": 100, "windowSeconds": 3600, "per": "issue" },
//!   "if": [ { "of": "environment", "how": "is", "value": "production" } ],
//!   "then": [ { "kind": "slack", "url": "https://hooks.slack.com/services/…" } ],
//!   "howOften": { "cooldownSeconds": 1800, "summarySeconds": 0 }
//! }
//! ```
//!
//! What it means: a rule fires for a *subject* (an issue, a transaction, or all that it looks at). Bounds are strict: *more
//! than 100* is 101, *below 99 %* is not 99 %. A rule with a bound fires when the bound is passed, and again for the same
//! subject only when it was kept in the meantime, or when the cooldown is over and it is still passed. Within the cooldown
//! nothing is sent for the subject, whatever happens; with no cooldown it is sent each time the bound is passed anew.
//!
//! Events are counted whatever their conditions are, and all of the window; of users those of the newest 100,000 events that
//! the conditions take. What a muted rule finds is noted; what still holds when it is muted no longer is told then. A rule
//! sends sixty messages in an hour; what it finds besides is told in one more at the end of that hour.

mod condition;
mod mask;
mod read;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::{Action, Kind};

pub(crate) use condition::{Condition, Glob, How, Key};
pub(crate) use mask::masked;
pub(crate) use read::Wrong;

/// The most rules of an organisation.
pub(crate) const MAX_RULES: i64 = 2000;
/// The most conditions of a rule, and the most actions.
pub(crate) const MAX_CONDITIONS: usize = 20;
pub(crate) const MAX_ACTIONS: usize = 20;
/// The most addresses of an action.
pub(crate) const MAX_ADDRESSES: usize = 20;
/// The longest value of a condition, name of a transaction, in characters: no longer one is indexed.
pub(crate) const MAX_VALUE_CHARS: usize = 200;
/// The shortest and the longest window, cooldown and summary.
pub(crate) const MIN_WINDOW_S: i64 = 60;
pub(crate) const MAX_WINDOW_S: i64 = 30 * 86_400;
pub(crate) const MAX_SUMMARY_S: i64 = 86_400;
/// The largest number of events that can be a bound, and of users: only the newest 100,000 events are looked at for them, of
/// which somebody may have caused several.
pub(crate) const MAX_COUNT: i64 = 100_000;
pub(crate) const MAX_USERS: i64 = 50_000;

/// A rule that can be followed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) when: When,
    /// All of them.
    pub(crate) conditions: Vec<Condition>,
    pub(crate) actions: Vec<Action>,
    /// After it was told of a subject, it is not told of it again for so long; 0: at once.
    pub(crate) cooldown_s: i64,
    /// So long is collected into one message; 0: each by itself.
    pub(crate) summary_s: i64,
}

/// What makes a rule fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    /// An issue is seen for the first time; the conditions are of its first event.
    NewIssue,
    /// A resolved issue came back; the conditions are of an event that brought it back.
    Regression,
    /// More events than this came in the window.
    Events(Bound),
    /// More users than this were affected in the window.
    Users(Bound),
    /// Too many sessions crashed.
    CrashFree {
        of: Of,
        /// Thousandths of a percent: 99 % are 99,000.
        below_milli: i64,
        /// Fewer sessions (or users) say nothing.
        at_least: i64,
        window_s: i64,
    },
    /// A transaction takes long: the 95th percentile of its durations. The window is of whole hours, and those that it touches
    /// are in it.
    Duration {
        /// `None`: any, each by itself.
        transaction: Option<Glob>,
        p95_above_ms: i64,
        /// Fewer transactions say nothing.
        at_least: i64,
        window_s: i64,
    },
    /// An envelope was set aside.
    Poison,
    /// What waits to be digested, of all projects; one of the two is there.
    Queue {
        /// The oldest waits for longer.
        older_than_s: Option<i64>,
        /// More wait.
        more_than: Option<i64>,
    },
}

/// More than so many in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) more_than: i64,
    pub(crate) window_s: i64,
    pub(crate) per: Per,
}

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Per {
    /// The events of an issue.
    Issue,
    /// All that the rule looks at.
    All,
}

/// What is free of crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Sessions,
    Users,
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// What is wrong, where, and what would be right.
    pub(crate) fn read(value: &Value) -> Result<Self, Wrong> {
        read::rule(value)
    }

    /// The same as JSON, with all secrets.
    pub(crate) fn to_json(&self) -> Value {
        let conditions: Vec<Value> = self.conditions.iter().map(Condition::to_json).collect();
        json!({
            "when": self.when.to_json(),
            "if": conditions,
            "then": self.actions,
            "howOften": { "cooldownSeconds": self.cooldown_s, "summarySeconds": self.summary_s },
        })
    }

    /// Whether it is only told of issues that the latest release brought, or looks only at that release.
    pub(crate) fn of_latest_release(&self) -> bool {
        self.conditions.contains(&Condition::LatestRelease)
    }
}

impl When {
    /// What kind it is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::NewIssue => Kind::NewIssue,
            Self::Regression => Kind::Regression,
            Self::Events(_) => Kind::Events,
            Self::Users(_) => Kind::Users,
            Self::CrashFree { .. } => Kind::CrashFree,
            Self::Duration { .. } => Kind::Duration,
            Self::Poison => Kind::Poison,
            Self::Queue { .. } => Kind::Queue,
        }
    }

    /// The bound on events or users, if that is what it is about.
    pub(crate) fn bound(&self) -> Option<Bound> {
        match self {
            Self::Events(bound) | Self::Users(bound) => Some(*bound),
            _ => None,
        }
    }

    /// Whether events make it fire, rather than time.
    pub(crate) fn is_of_events(&self) -> bool {
        matches!(
            self,
            Self::NewIssue | Self::Regression | Self::Events(_) | Self::Users(_)
        )
    }

    /// As JSON.
    pub(crate) fn to_json(&self) -> Value {
        let kind = self.kind();
        match self {
            Self::NewIssue | Self::Regression | Self::Poison => json!({ "kind": kind }),
            Self::Events(bound) | Self::Users(bound) => json!({
                "kind": kind,
                "moreThan": bound.more_than,
                "windowSeconds": bound.window_s,
                "per": match bound.per { Per::Issue => "issue", Per::All => "all" },
            }),
            Self::CrashFree {
                of,
                below_milli,
                at_least,
                window_s,
            } => json!({
                "kind": kind,
                "of": match of { Of::Sessions => "sessions", Of::Users => "users" },
                "belowPercent": percent(*below_milli),
                "atLeast": at_least,
                "windowSeconds": window_s,
            }),
            Self::Duration {
                transaction,
                p95_above_ms,
                at_least,
                window_s,
            } => json!({
                "kind": kind,
                "transaction": transaction.as_ref().map(Glob::text),
                "p95AboveMs": p95_above_ms,
                "atLeast": at_least,
                "windowSeconds": window_s,
            }),
            Self::Queue {
                older_than_s,
                more_than,
            } => json!({ "kind": kind, "olderThanSeconds": older_than_s, "moreThan": more_than }),
        }
    }
}

/// Thousandths of a percent as percent.
#[expect(clippy::cast_precision_loss, reason = "at most 100,000")]
pub(crate) fn percent(milli: i64) -> f64 {
    milli as f64 / 1000.0
}
