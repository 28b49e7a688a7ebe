//! One issue in the list.

use crate::api::short_id;
use crate::issues::state::Detail;
use crate::pages::chart::{Picture, spark};
use crate::pages::room::fitting;
use crate::pages::words::{When, count, grouped, level_class};
use crate::queries::Issue;
use crate::queries::trend::Trend;

/// How far a text of a line is shown, in bytes of the page.
const TEXT_BYTES: usize = 600;

/// What a line shows.
pub(super) struct Line {
    pub(super) id: i64,
    pub(super) url: String,
    pub(super) short_id: String,
    /// Where several are listed.
    pub(super) project: Option<String>,
    pub(super) title: String,
    /// What its events have in common, unless the title says it.
    pub(super) signature: Option<String>,
    /// Where it happened, unless that is said already.
    pub(super) place: Option<String>,
    pub(super) level: String,
    pub(super) level_class: &'static str,
    pub(super) state: Option<State>,
    pub(super) first_release: Option<String>,
    /// The newest, if it is another.
    pub(super) last_release: Option<String>,
    pub(super) assigned_to: Option<String>,
    pub(super) notes: Option<String>,
    pub(super) events: String,
    pub(super) events_unit: &'static str,
    pub(super) users: String,
    pub(super) users_unit: &'static str,
    pub(super) first_seen: When,
    pub(super) last_seen: When,
    pub(super) trend: Picture,
    /// May be changed by who looks.
    pub(super) may_change: bool,
    pub(super) chosen: bool,
}

/// A state that is worth a word.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) class: &'static str,
    pub(super) words: String,
}

/// What is known beside the issue.
pub(super) struct Beside<'a> {
    pub(super) project: Option<String>,
    pub(super) trend: &'a Trend,
    /// `24 hours`.
    pub(super) period: &'static str,
    pub(super) notes: i64,
    pub(super) may_change: bool,
    pub(super) chosen: bool,
    pub(super) now: i64,
}

impl Line {
    pub(super) fn of(issue: &Issue, beside: Beside<'_>) -> Self {
        let is_new = |text: &&str| !text.is_empty() && !issue.title.contains(*text);
        let signature = issue.signature.as_deref().filter(is_new);
        let file = issue.filename.as_deref();
        let place = Some(issue.culprit.as_str()).filter(is_new).or(file.filter(is_new));
        let place = place.filter(|place| !signature.is_some_and(|signature| signature.contains(place)));
        let unit = |number: i64, one: &'static str, several: &'static str| if number == 1 { one } else { several };
        let release = |release: &Option<String>| release.clone().filter(|release| !release.is_empty());
        let (first, last) = (release(&issue.first_release), release(&issue.release));
        Self {
            id: issue.id,
            url: format!("/issues/{}/", issue.id),
            short_id: short_id(issue),
            project: beside.project,
            title: fitting(&issue.title, TEXT_BYTES),
            signature: signature.map(|signature| fitting(signature, TEXT_BYTES)),
            place: place.map(|place| fitting(place, TEXT_BYTES)),
            level: issue.level.clone(),
            level_class: level_class(&issue.level),
            state: state(issue, beside.now),
            last_release: last.clone().filter(|_| first.is_some() && first != last),
            first_release: first.or(last),
            assigned_to: issue.assigned_to.clone(),
            notes: (beside.notes > 0).then(|| count(beside.notes, "note")),
            events: grouped(issue.event_count),
            events_unit: unit(issue.event_count, "event", "events"),
            users: grouped(issue.user_count),
            users_unit: unit(issue.user_count, "user", "users"),
            first_seen: When::of(issue.first_seen, beside.now),
            last_seen: When::of(issue.last_seen, beside.now),
            trend: trend(beside.trend, beside.period),
            may_change: beside.may_change,
            chosen: beside.chosen,
        }
    }
}

fn trend(trend: &Trend, period: &str) -> Picture {
    let values: Vec<i64> = trend.iter().map(|(_, events)| *events).collect();
    let all = values.iter().fold(0, |sum: i64, events| sum.saturating_add(*events));
    let most = values.iter().copied().max().unwrap_or_default();
    let step = if period == "24 hours" { "hour" } else { "day" };
    let label = match all {
        0 => format!("No events in {period}"),
        _ => format!(
            "{} in {period}, at most {} in one {step}",
            count(all, "event"),
            grouped(most)
        ),
    };
    spark(&values, &label)
}

fn state(issue: &Issue, now: i64) -> Option<State> {
    let detail = Detail::read(issue.status_detail.as_deref());
    let (class, words) = match (issue.status.as_str(), issue.substatus.as_str()) {
        ("resolved", _) => ("done", resolved(&detail)),
        ("ignored", _) => ("done", ignored(&detail, now)),
        (_, "new") => ("fresh", "New".to_owned()),
        (_, "regressed") => ("back", "Regressed".to_owned()),
        (_, "escalating") => ("back", "Escalating".to_owned()),
        _ => return None,
    };
    Some(State { class, words })
}

fn resolved(detail: &Detail) -> String {
    match (&detail.in_release, &detail.in_next_release) {
        (Some(version), _) => format!("Resolved in {version}"),
        (None, Some(_)) => "Resolved in the next release".to_owned(),
        (None, None) => "Resolved".to_owned(),
    }
}

fn ignored(detail: &Detail, now: i64) -> String {
    let within = |window: Option<i64>| window.map(|minutes| format!(" in {}", minutes_in_words(minutes)));
    let until = [
        detail.until.map(|until| When::of(until, now).absolute),
        detail
            .count
            .map(|number| count(number, "more event") + &within(detail.window).unwrap_or_default()),
        detail
            .user_count
            .map(|number| count(number, "more user") + &within(detail.user_window).unwrap_or_default()),
    ];
    let until: Vec<String> = until.into_iter().flatten().collect();
    match until.is_empty() {
        true => "Ignored".to_owned(),
        false => format!("Ignored until {}", until.join(" or ")),
    }
}

fn minutes_in_words(minutes: i64) -> String {
    match minutes {
        minutes if minutes % 1440 == 0 => count(minutes / 1440, "day"),
        minutes if minutes % 60 == 0 => count(minutes / 60, "hour"),
        minutes => count(minutes, "minute"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issues::state::After;

    #[test]
    fn states_are_said_in_words() {
        let resolved = |detail: Detail| super::resolved(&detail);
        assert_eq!(resolved(Detail::default()), "Resolved");
        let in_release = Detail {
            in_release: Some("2.0".to_owned()),
            ..Detail::default()
        };
        assert_eq!(resolved(in_release), "Resolved in 2.0");
        let next = Detail {
            in_next_release: Some(After::default()),
            ..Detail::default()
        };
        assert_eq!(resolved(next), "Resolved in the next release");
        let ignored = |detail: Detail| super::ignored(&detail, 0);
        assert_eq!(ignored(Detail::default()), "Ignored");
        let until = Detail {
            until: Some(1_767_323_045_678),
            ..Detail::default()
        };
        assert_eq!(ignored(until), "Ignored until 2 Jan 2026, 03:04:05 UTC");
        let count = Detail {
            count: Some(100),
            window: Some(120),
            user_count: Some(1),
            ..Detail::default()
        };
        assert_eq!(
            ignored(count),
            "Ignored until 100 more events in 2 hours or 1 more user"
        );
    }

    #[test]
    fn a_trend_is_said_in_words() {
        let said = |values: &[i64]| {
            let steps: Trend = (0..).zip(values.iter().copied()).collect();
            trend(&steps, "24 hours").to_string()
        };
        assert!(said(&[0, 0]).contains("<title>No events in 24 hours</title>"));
        assert!(said(&[1, 2000]).contains("<title>2,001 events in 24 hours, at most 2,000 in one hour</title>"));
    }
}
