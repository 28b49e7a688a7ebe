//! Issues in short, for the pages of releases.

use crate::api::short_id;
use crate::pages::words::{When, count, level_class};
use crate::queries::Issue;

/// An issue in a short list.
pub(super) struct IssueLine {
    pub(super) url: String,
    pub(super) short_id: String,
    pub(super) title: String,
    pub(super) place: String,
    pub(super) level: String,
    pub(super) level_class: &'static str,
    pub(super) events: String,
    pub(super) users: String,
    pub(super) last_seen: When,
    /// `resolved` or `ignored`, if it is.
    pub(super) state: Option<String>,
}

impl IssueLine {
    pub(super) fn of(issue: &Issue, now: i64) -> Self {
        Self {
            url: format!("/issues/{}/", issue.id),
            short_id: short_id(issue),
            title: issue.title.clone(),
            place: issue.signature.clone().unwrap_or_else(|| issue.culprit.clone()),
            level: issue.level.clone(),
            level_class: level_class(&issue.level),
            events: count(issue.event_count, "event"),
            users: if issue.user_count > 0 {
                count(issue.user_count, "user")
            } else {
                String::new()
            },
            last_seen: When::of(issue.last_seen, now),
            state: (issue.status != "unresolved").then(|| issue.status.clone()),
        }
    }

    pub(super) fn all(issues: &[Issue], now: i64) -> Vec<Self> {
        issues.iter().map(|issue| Self::of(issue, now)).collect()
    }
}
