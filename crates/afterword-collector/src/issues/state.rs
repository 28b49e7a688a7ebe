//! What an issue is: its status and until when it is that.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::MINUTE_MS;

/// What people see of an issue's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Unresolved,
    Resolved,
    Ignored,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Resolved => "resolved",
            Self::Ignored => "ignored",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Unresolved, Self::Resolved, Self::Ignored]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// Until when an issue is resolved or ignored; the column `status_detail`. Empty: for ever, or until any later event.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Detail {
    /// Resolved in this release: events of newer ones are a regression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) in_release: Option<String>,
    /// Resolved in the first release that is newer than this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) in_next_release: Option<After>,
    /// Ignored until then; milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<i64>,
    /// Ignored until there are so many events more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<i64>,
    /// … within so many minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) window: Option<i64>,
    /// Ignored until so many users more are affected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_count: Option<i64>,
    /// … within so many minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_window: Option<i64>,
    /// Events and users of the issue when it was ignored.
    pub(crate) base_events: i64,
    pub(crate) base_users: i64,
}

/// The newest release when an issue was resolved in the next one; without a version there was none.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct After {
    pub(crate) version: Option<String>,
    /// Its date; milliseconds since 1970.
    pub(crate) at: i64,
}

impl Detail {
    /// As it was stored. What cannot be read says nothing.
    pub(crate) fn read(stored: Option<&str>) -> Self {
        stored
            .and_then(|stored| serde_json::from_str(stored).ok())
            .unwrap_or_default()
    }

    /// As it is stored; `None` if there is nothing to say.
    pub(crate) fn stored(&self) -> Option<String> {
        (*self != Self::default()).then(|| json!(self).to_string())
    }

    /// `statusDetails` of the API.
    pub(crate) fn shown(&self) -> Value {
        let mut shown = serde_json::Map::new();
        let mut add = |name: &str, value: Value| {
            if !value.is_null() {
                shown.insert(name.to_owned(), value);
            }
        };
        add("inRelease", json!(self.in_release));
        if self.in_next_release.is_some() {
            add("inNextRelease", json!(true));
        }
        add("ignoreUntil", json!(self.until.and_then(crate::api::time)));
        add("ignoreCount", json!(self.count));
        add("ignoreWindow", json!(self.window));
        add("ignoreUserCount", json!(self.user_count));
        add("ignoreUserWindow", json!(self.user_window));
        Value::Object(shown)
    }

    /// Whether ignoring ends by itself.
    pub(crate) fn is_conditional(&self) -> bool {
        self.until.is_some() || self.count.is_some() || self.user_count.is_some()
    }

    /// From when on events count for `window`, which are those after the issue was ignored.
    pub(crate) fn window_start(minutes: i64, ignored_at: i64, now: i64) -> i64 {
        now.saturating_sub(minutes.saturating_mul(MINUTE_MS)).max(ignored_at)
    }
}

/// What people are shown beside the status: Sentry's words.
pub(crate) fn substatus_shown(status: &str, substatus: &str, detail: &Detail) -> Option<String> {
    match status {
        "resolved" => None,
        "ignored" if detail.is_conditional() => Some("archived_until_condition_met".to_owned()),
        "ignored" => Some("archived_forever".to_owned()),
        _ => Some(substatus.to_owned()),
    }
}
