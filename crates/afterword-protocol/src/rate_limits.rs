//! When to keep quiet: what a server's answers say of it, kept until it is over.
//!
//! `X-Sentry-Rate-Limits: 60:error;transaction:organization:reason:namespaces, 2700::organization` may come with any
//! status. Its entries name categories, separated by `;`; none means all. An entry that names only categories we do
//! not know is passed over. Without that header, a 429 counts: for as long as `Retry-After` says, else for a minute,
//! for all categories. The longest limit wins, and none lasts longer than a day.
//!
//! The other end writes that header from a list of [`Limit`].
//!
//! Source: <https://develop.sentry.dev/sdk/expected-features/rate-limiting/>.

#[cfg(test)]
mod tests;
mod writing;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::envelope::kind;

pub use writing::{Limit, header};

/// No limit lasts longer: a server that says more is taken to mean this.
pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a 429 counts that says nothing else.
pub const WITHOUT_WORDS: Duration = Duration::from_secs(60);

/// More entries than this in one header are not read.
const MAX_ENTRIES: usize = 100;

/// What a limit is about; what an item counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Category {
    /// Events that are not errors.
    Default,
    /// Errors and crashes.
    Error,
    /// Transactions.
    Transaction,
    /// Spans sent apart from a transaction.
    Span,
    /// Release health.
    Session,
    /// Files.
    Attachment,
    /// What people wrote.
    Feedback,
    /// What browsers report of a page's own rules.
    Security,
}

impl Category {
    /// The category that a header names, `None` for one we never send.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "default" => Self::Default,
            "error" => Self::Error,
            "transaction" => Self::Transaction,
            "span" => Self::Span,
            "session" => Self::Session,
            "attachment" => Self::Attachment,
            "feedback" | "user_report_v2" => Self::Feedback,
            "security" => Self::Security,
            _ => return None,
        })
    }

    /// The name that headers and figures have for it; [`Category::from_name`] reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Error => "error",
            Self::Transaction => "transaction",
            Self::Span => "span",
            Self::Session => "session",
            Self::Attachment => "attachment",
            Self::Feedback => "feedback",
            Self::Security => "security",
        }
    }

    /// What an item of this kind counts as; `None` for what is never limited (client reports) or never sent by us.
    pub fn of_item(kind: &str) -> Option<Self> {
        Some(match kind {
            kind::EVENT => Self::Error,
            kind::TRANSACTION => Self::Transaction,
            kind::SESSION | kind::SESSIONS => Self::Session,
            kind::ATTACHMENT => Self::Attachment,
            kind::FEEDBACK | kind::USER_REPORT => Self::Feedback,
            kind::SPAN => Self::Span,
            kind::SECURITY => Self::Security,
            _ => return None,
        })
    }
}

/// Until when which category must not be sent. Small, and `serde` so that it outlives the process.
///
/// Moments are kept in whole seconds since 1970, rounded up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimits {
    /// For every category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<u64>,
    /// For one category.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    only: BTreeMap<Category, u64>,
}

impl RateLimits {
    /// Takes in what an answer says. What cannot be read is passed over; a limit is only ever made longer.
    pub fn update(
        &mut self,
        status: u16,
        rate_limits_header: Option<&str>,
        retry_after: Option<&str>,
        now: SystemTime,
    ) {
        let entries: Vec<Entry> = rate_limits_header.map(entries).unwrap_or_default();
        if entries.is_empty() {
            if status == 429 {
                let lasts = retry_after.and_then(|value| wait(value, now)).unwrap_or(WITHOUT_WORDS);
                keep_longest(&mut self.all, deadline(now, lasts));
            }
            return;
        }
        for entry in entries {
            let until = deadline(now, entry.lasts);
            match entry.categories {
                None => keep_longest(&mut self.all, until),
                Some(categories) => {
                    for category in categories {
                        let known = self.only.entry(category).or_insert(until);
                        *known = until.max(*known);
                    }
                }
            }
        }
    }

    /// Until when this category must not be sent, `None` if it may be sent now.
    ///
    /// A moment farther away than [`LONGEST`] cannot have come from an answer: the clock was set back since, and the
    /// limit no longer counts.
    pub fn limited_until(&self, category: Category, now: SystemTime) -> Option<SystemTime> {
        let until = self.all.max(self.only.get(&category).copied())?;
        let until = UNIX_EPOCH.checked_add(Duration::from_secs(until))?;
        let left = until.duration_since(now).ok().filter(|left| !left.is_zero())?;
        // The second is for the rounding up.
        (left <= LONGEST + Duration::from_secs(1)).then_some(until)
    }
}

/// One limit of the header.
struct Entry {
    lasts: Duration,
    /// `None`: all categories. Empty: only such as we do not know.
    categories: Option<Vec<Category>>,
}

fn entries(header: &str) -> Vec<Entry> {
    header
        .split(',')
        .take(MAX_ENTRIES)
        .filter_map(|entry| parse_entry(entry.trim()))
        .collect()
}

fn parse_entry(entry: &str) -> Option<Entry> {
    let mut fields = entry.split(':');
    let lasts = seconds(fields.next()?)?;
    let categories = match fields.next().map(str::trim) {
        None | Some("") => None,
        Some(names) => Some(
            names
                .split(';')
                .filter_map(|name| Category::from_name(name.trim()))
                .collect(),
        ),
    };
    Some(Entry { lasts, categories })
}

/// The time that `Retry-After` states: seconds, or a date.
fn wait(value: &str, now: SystemTime) -> Option<Duration> {
    seconds(value).or_else(|| {
        let at = OffsetDateTime::parse(value.trim(), &Rfc2822).ok()?;
        Some(SystemTime::from(at).duration_since(now).unwrap_or_default())
    })
}

/// Whole or decimal seconds, not negative, at most [`LONGEST`].
fn seconds(value: &str) -> Option<Duration> {
    let seconds: f64 = value.trim().parse().ok().filter(|seconds: &f64| *seconds >= 0.0)?;
    Some(Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64())))
}

/// The moment a limit ends, in seconds since 1970, rounded up.
fn deadline(now: SystemTime, lasts: Duration) -> u64 {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let until = now.saturating_add(lasts.min(LONGEST));
    until.as_secs().saturating_add(u64::from(until.subsec_nanos() > 0))
}

fn keep_longest(known: &mut Option<u64>, until: u64) {
    *known = (*known).max(Some(until));
}
