//! What became of an issue, in words: the banner over its page, its activity, and how often it came back.

use serde_json::Value;

use crate::issues::activity::Activity;
use crate::issues::state::Detail;
use crate::pages::room::{Room, short, weight};
use crate::pages::words::{When, count};
use crate::queries::Issue;

/// Notes are longer on the page of all activity.
const MAX_NOTE: usize = 1200;

/// What an issue is now.
#[derive(Debug)]
pub(super) struct Banner {
    pub(super) class: &'static str,
    pub(super) words: String,
    /// More of it.
    pub(super) detail: Option<String>,
}

/// Something that became of an issue.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) words: String,
    /// Who, if it was somebody.
    pub(super) actor: Option<String>,
    pub(super) when: When,
    /// What somebody wrote.
    pub(super) note: Option<String>,
    /// Another issue that it is about.
    pub(super) issue: Option<String>,
    /// It was resolved, or came back.
    pub(super) turns: bool,
}

/// What is said over the page of an event of this release; `None` of an issue that is just open.
pub(super) fn banner(issue: &Issue, activity: &[Activity], release: Option<&str>, now: i64) -> Option<Banner> {
    let detail = Detail::read(issue.status_detail.as_deref());
    let newest = |kind: &str| activity.iter().find(|step| step.kind == kind);
    let said = |kind: &str, field: &str| {
        let detail: Value = serde_json::from_str(newest(kind)?.detail.as_deref()?).ok()?;
        detail.get(field)?.as_str().map(|text| short(text, 120))
    };
    let (class, words, more) = match (issue.status.as_str(), issue.substatus.as_str()) {
        ("resolved", _) => match (&detail.in_release, &detail.in_next_release) {
            (Some(fixed), _) => {
                let fixed = short(fixed, 120);
                match release.filter(|release| *release != fixed) {
                    Some(release) => (
                        "resolved",
                        format!("Known and fixed in {fixed}"),
                        Some(format!("This event is of {}.", short(release, 120))),
                    ),
                    None => ("resolved", format!("Resolved in {fixed}"), None),
                }
            }
            (None, Some(after)) => (
                "resolved",
                match &after.version {
                    Some(version) => format!("Resolved in the next release after {}", short(version, 120)),
                    None => "Resolved in the next release".to_owned(),
                },
                None,
            ),
            (None, None) => (
                "resolved",
                "Resolved".to_owned(),
                Some("An event after that opens it again.".to_owned()),
            ),
        },
        ("ignored", _) => ("ignored", ignored(&detail, now), None),
        (_, "regressed") => (
            "open",
            match said("set_regression", "version") {
                Some(version) => format!("Regressed in {version}"),
                None => "Regressed".to_owned(),
            },
            said("set_regression", "resolvedInVersion").map(|version| format!("It had been resolved in {version}.")),
        ),
        (_, "escalating") => (
            "open",
            "Escalating".to_owned(),
            Some("There is more of it than it was ignored for.".to_owned()),
        ),
        _ => return None,
    };
    Some(Banner {
        class,
        words,
        detail: more,
    })
}

/// `Ignored until 2 Jan 2026, 03:04:05 UTC, or until there are 5 events more within 60 minutes`
fn ignored(detail: &Detail, now: i64) -> String {
    let within = |window: Option<i64>| {
        window.map_or(String::new(), |minutes| {
            format!(" within {}", minutes_in_words(minutes))
        })
    };
    let ends = [
        detail.until.map(|until| When::of(until, now).absolute),
        detail
            .count
            .map(|events| format!("there are {} more{}", count(events, "event"), within(detail.window))),
        detail.user_count.map(|users| {
            format!(
                "{} more are affected{}",
                count(users, "user"),
                within(detail.user_window)
            )
        }),
    ];
    let ends: Vec<String> = ends.into_iter().flatten().collect();
    if ends.is_empty() {
        "Ignored".to_owned()
    } else {
        format!("Ignored until {}", ends.join(", or until "))
    }
}

fn minutes_in_words(minutes: i64) -> String {
    match minutes {
        1440.. if minutes % 1440 == 0 => count(minutes / 1440, "day"),
        60.. if minutes % 60 == 0 => count(minutes / 60, "hour"),
        _ => count(minutes, "minute"),
    }
}

impl Step {
    /// With notes of at most so many characters.
    pub(super) fn of(activity: &Activity, max_note: usize, now: i64) -> Self {
        let detail: Value = activity
            .detail
            .as_deref()
            .and_then(|detail| serde_json::from_str(detail).ok())
            .unwrap_or(Value::Null);
        let text = |name: &str| detail[name].as_str().map(|text| short(text, 200));
        let words = match activity.kind.as_str() {
            "first_seen" => match text("version") {
                Some(version) => format!("seen for the first time, in {version}"),
                None => "seen for the first time".to_owned(),
            },
            "set_resolved" => "resolved".to_owned(),
            "set_resolved_in_release" => match text("version") {
                Some(version) => format!("resolved in {version}"),
                None => "resolved in the next release".to_owned(),
            },
            "set_regression" => match text("version") {
                Some(version) => format!("came back in {version}"),
                None => "came back".to_owned(),
            },
            "set_unresolved" if text("because").as_deref() == Some("time") => {
                "opened: the time it was ignored for is over".to_owned()
            }
            "set_unresolved" => "opened again".to_owned(),
            "set_ignored" => ignored_words(&detail),
            "set_escalating" => "opened: there is more of it than it was ignored for".to_owned(),
            "assigned" => format!("assigned to {}", text("assignee").unwrap_or_default()),
            "unassigned" => "assigned to nobody".to_owned(),
            "note" => "wrote".to_owned(),
            "merge" => match detail["issues"].as_array().map_or(0, Vec::len) {
                1 => "merged another issue into this one".to_owned(),
                others => format!("merged {others} other issues into this one"),
            },
            "unmerge_source" => "made another issue of some of its groups".to_owned(),
            "unmerge_destination" => "made of some groups of another issue".to_owned(),
            kind => short(&kind.replace('_', " "), 60),
        };
        let is = |kinds: &[&str]| kinds.contains(&activity.kind.as_str());
        Self {
            words,
            actor: activity.actor.as_deref().map(|actor| short(actor, 120)),
            when: When::of(activity.at, now),
            note: is(&["note"])
                .then(|| detail["text"].as_str().map(|text| short(text, max_note)))
                .flatten(),
            issue: detail["issue"]["id"]
                .as_str()
                .map(str::to_owned)
                .filter(|id| id.parse::<i64>().is_ok()),
            turns: is(&["set_resolved", "set_resolved_in_release", "set_regression"]),
        }
    }

    pub(super) fn weight(&self) -> usize {
        let texts = [Some(&self.words), self.actor.as_ref(), self.note.as_ref()];
        330 + texts.into_iter().flatten().map(|text| weight(text)).sum::<usize>()
    }
}

fn ignored_words(detail: &Value) -> String {
    let number = |name: &str| detail[name].as_i64();
    let ends = [
        detail["ignoreUntil"].as_str().map(|until| short(until, 40)),
        number("ignoreCount").map(|events| format!("{} more", count(events, "event"))),
        number("ignoreUserCount").map(|users| format!("{} more", count(users, "user"))),
    ];
    let ends: Vec<String> = ends.into_iter().flatten().collect();
    if ends.is_empty() {
        "ignored".to_owned()
    } else {
        format!("ignored until {}", ends.join(" or "))
    }
}

/// The latest that fit, and how many there are besides.
pub(super) fn some(activity: &[Activity], mut room: Room, now: i64) -> (Vec<Step>, usize) {
    room.fit(activity.iter().map(|step| Step::of(step, MAX_NOTE, now)), Step::weight)
}

/// When it was resolved and when it came back, the earliest first; nothing of an issue that never came back.
pub(super) fn turns(activity: &[Activity], now: i64) -> Vec<Step> {
    if !activity.iter().any(|step| step.kind == "set_regression") {
        return Vec::new();
    }
    let steps = activity.iter().map(|step| Step::of(step, 0, now));
    let mut turns: Vec<Step> = steps.filter(|step| step.turns).take(12).collect();
    turns.reverse();
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_ignored_for_is_told() {
        let detail = Detail {
            until: Some(1_767_323_045_678),
            count: Some(5),
            window: Some(60),
            user_count: Some(1),
            ..Detail::default()
        };
        assert_eq!(
            ignored(&detail, 0),
            "Ignored until 2 Jan 2026, 03:04:05 UTC, or until there are 5 events more within 1 hour, or until 1 user \
             more are affected"
        );
        assert_eq!(ignored(&Detail::default(), 0), "Ignored");
        assert_eq!(
            [45, 120, 2880, 90].map(minutes_in_words),
            ["45 minutes", "2 hours", "2 days", "90 minutes"]
        );
    }
}
