//! What a request wants of issues, read out of its body.

use serde_json::Value;

use crate::event::parse_time;
use crate::issues::state::Detail;

/// The longest assignee and release, in characters.
const MAX_CHARS: usize = 250;
/// The longest time and window, in minutes: ten years.
const MAX_MINUTES: i64 = 10 * 366 * 1440;
const MAX_COUNT: i64 = 1_000_000_000;

/// What is to change; the rest stays.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) status: Option<Wanted>,
    /// `Some(None)`: to nobody.
    pub(crate) assigned_to: Option<Option<String>>,
    /// The issues become one.
    pub(crate) merge: bool,
}

/// A status that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    Unresolved,
    Resolved,
    InRelease(String),
    InLatestRelease,
    InNextRelease,
    Ignored {
        conditions: Detail,
        /// For so many minutes.
        minutes: Option<i64>,
    },
}

impl Change {
    /// Reads a body of Sentry's API: `status`, `statusDetails`, `assignedTo`, `merge`. Other fields are passed over: scripts
    /// send more than there is here.
    ///
    /// # Errors
    /// In words, what of it is wrong.
    pub(crate) fn parse(body: &Value) -> Result<Self, String> {
        if !body.is_object() {
            return Err("The body must be an object with status, assignedTo or merge".to_owned());
        }
        let details = body.get("statusDetails").unwrap_or(&Value::Null);
        let status = match body.get("status") {
            None | Some(Value::Null) if details.as_object().is_some_and(|details| !details.is_empty()) => {
                return Err("statusDetails need a status".to_owned());
            }
            None | Some(Value::Null) => None,
            Some(status) => Some(Wanted::parse(status, details)?),
        };
        let assigned_to = match body.get("assignedTo") {
            None => None,
            Some(Value::Null) => Some(None),
            Some(Value::String(name)) if name.trim().is_empty() => Some(None),
            Some(name) => Some(Some(text("assignedTo", name)?)),
        };
        let merge = match body.get("merge") {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(number) => match number.as_i64() {
                Some(0) => false,
                Some(1) => true,
                _ => return Err("merge must be 1".to_owned()),
            },
        };
        let change = Self {
            status,
            assigned_to,
            merge,
        };
        if change == Self::default() {
            return Err("Nothing to change: there is neither status, assignedTo nor merge".to_owned());
        }
        Ok(change)
    }
}

impl Wanted {
    fn parse(status: &Value, details: &Value) -> Result<Self, String> {
        if !details.is_null() && !details.is_object() {
            return Err("statusDetails must be an object".to_owned());
        }
        match status.as_str() {
            Some("unresolved") => Ok(Self::Unresolved),
            Some("resolvedInNextRelease") => Ok(Self::InNextRelease),
            Some("resolved") => Self::resolved(details),
            Some("ignored") => Self::ignored(details),
            _ => Err("status must be one of resolved, resolvedInNextRelease, unresolved, ignored".to_owned()),
        }
    }

    fn resolved(details: &Value) -> Result<Self, String> {
        let next = match details.get("inNextRelease") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(truth)) => *truth,
            Some(_) => return Err("inNextRelease must be true or false".to_owned()),
        };
        match details.get("inRelease").filter(|release| !release.is_null()) {
            Some(_) if next => Err("An issue is resolved inRelease or inNextRelease, not both".to_owned()),
            Some(release) => match text("inRelease", release)?.as_str() {
                "latest" => Ok(Self::InLatestRelease),
                version => Ok(Self::InRelease(version.to_owned())),
            },
            None if next => Ok(Self::InNextRelease),
            None => Ok(Self::Resolved),
        }
    }

    fn ignored(details: &Value) -> Result<Self, String> {
        let number = |name: &str, most: i64| match details.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(number) => match number.as_i64() {
                Some(number) if (1..=most).contains(&number) => Ok(Some(number)),
                _ => Err(format!("{name} must be a number from 1 to {most}")),
            },
        };
        let until = match details.get("ignoreUntil").filter(|until| !until.is_null()) {
            None => None,
            Some(until) => Some(parse_time(until).ok_or("ignoreUntil must be a moment as 2026-01-31T12:00:00Z")?),
        };
        let conditions = Detail {
            until,
            count: number("ignoreCount", MAX_COUNT)?,
            window: number("ignoreWindow", MAX_MINUTES)?,
            user_count: number("ignoreUserCount", MAX_COUNT)?,
            user_window: number("ignoreUserWindow", MAX_MINUTES)?,
            ..Detail::default()
        };
        let minutes = number("ignoreDuration", MAX_MINUTES)?;
        if conditions.window.is_some() && conditions.count.is_none() {
            return Err("ignoreWindow needs ignoreCount".to_owned());
        }
        if conditions.user_window.is_some() && conditions.user_count.is_none() {
            return Err("ignoreUserWindow needs ignoreUserCount".to_owned());
        }
        if until.is_some() && minutes.is_some() {
            return Err("An issue is ignored for ignoreDuration or until ignoreUntil, not both".to_owned());
        }
        Ok(Self::Ignored { conditions, minutes })
    }
}

fn text(name: &str, value: &Value) -> Result<String, String> {
    let text = value.as_str().map(str::trim).unwrap_or_default();
    if text.is_empty() || text.chars().count() > MAX_CHARS || text.chars().any(char::is_control) {
        return Err(format!("{name} must be a text of 1 to {MAX_CHARS} characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wanted_is_read() {
        let status = |body: Value| Change::parse(&body).unwrap().status.unwrap();
        assert_eq!(status(json!({"status": "unresolved"})), Wanted::Unresolved);
        assert_eq!(
            status(json!({"status": "resolved", "statusDetails": {}})),
            Wanted::Resolved
        );
        assert_eq!(
            status(json!({"status": "resolved", "statusDetails": {"inRelease": "app@1.0"}})),
            Wanted::InRelease("app@1.0".to_owned())
        );
        assert_eq!(
            status(json!({"status": "resolved", "statusDetails": {"inRelease": "latest", "inNextRelease": false}})),
            Wanted::InLatestRelease
        );
        for body in [
            json!({"status": "resolved", "statusDetails": {"inNextRelease": true}}),
            json!({"status": "resolvedInNextRelease"}),
        ] {
            assert_eq!(status(body), Wanted::InNextRelease);
        }
        let details = json!({"ignoreDuration": 30, "ignoreCount": 5, "ignoreWindow": 60, "ignoreUserCount": 2});
        let conditions = Detail {
            count: Some(5),
            window: Some(60),
            user_count: Some(2),
            ..Detail::default()
        };
        assert_eq!(
            status(json!({"status": "ignored", "statusDetails": details})),
            Wanted::Ignored {
                conditions,
                minutes: Some(30)
            }
        );
        let assigned = |to: Value| Change::parse(&json!({"assignedTo": to})).unwrap().assigned_to.unwrap();
        assert_eq!(assigned(json!("user:7")).as_deref(), Some("user:7"));
        assert_eq!(assigned(json!("")), None);
        assert_eq!(assigned(Value::Null), None);
        assert!(Change::parse(&json!({"merge": 1, "hasSeen": true})).unwrap().merge);
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_words() {
        let table = [
            (json!([]), "object"),
            (json!({}), "Nothing to change"),
            (json!({"hasSeen": true}), "Nothing to change"),
            (json!({"status": "gone"}), "must be one of"),
            (json!({"status": 5}), "must be one of"),
            (json!({"statusDetails": {"inRelease": "a"}}), "need a status"),
            (json!({"status": "resolved", "statusDetails": "x"}), "must be an object"),
            (
                json!({"status": "resolved", "statusDetails": {"inRelease": 5}}),
                "inRelease",
            ),
            (
                json!({"status": "resolved", "statusDetails": {"inRelease": "x".repeat(251)}}),
                "inRelease",
            ),
            (
                json!({"status": "resolved", "statusDetails": {"inRelease": "a", "inNextRelease": true}}),
                "not both",
            ),
            (
                json!({"status": "resolved", "statusDetails": {"inNextRelease": "yes"}}),
                "true or false",
            ),
            (
                json!({"status": "ignored", "statusDetails": {"ignoreCount": 0}}),
                "ignoreCount",
            ),
            (
                json!({"status": "ignored", "statusDetails": {"ignoreCount": "5"}}),
                "ignoreCount",
            ),
            (
                json!({"status": "ignored", "statusDetails": {"ignoreDuration": i64::MAX}}),
                "ignoreDuration",
            ),
            (
                json!({"status": "ignored", "statusDetails": {"ignoreWindow": 5}}),
                "needs ignoreCount",
            ),
            (
                json!({"status": "ignored", "statusDetails": {"ignoreUserWindow": 5}}),
                "needs ignoreUserCount",
            ),
            (
                json!({"status": "ignored", "statusDetails": {"ignoreUntil": "soon"}}),
                "a moment",
            ),
            (
                json!({"status": "ignored", "statusDetails": {"ignoreUntil": 5, "ignoreDuration": 5}}),
                "not both",
            ),
            (json!({"assignedTo": ["a"]}), "assignedTo"),
            (json!({"merge": 2}), "merge"),
        ];
        for (body, words) in table {
            let error = Change::parse(&body).unwrap_err();
            assert!(error.contains(words), "{body}: {error}");
        }
    }
}
