//! What an event does to an issue that was resolved or ignored. Pure: what has to be asked of the database is asked before.

use super::state::{Detail, Status};
use crate::releases::order::{self, Dated};

/// An issue with its new events counted in.
#[derive(Debug)]
pub(crate) struct Now<'a> {
    pub(crate) status: Status,
    /// When it became that; milliseconds since 1970.
    pub(crate) status_at: i64,
    pub(crate) detail: &'a Detail,
    pub(crate) events: i64,
    pub(crate) users: i64,
    /// Events and users within the windows of `detail`; 0 where it has none.
    pub(crate) events_in_window: i64,
    pub(crate) users_in_window: i64,
    /// When the newest of the new events happened.
    pub(crate) newest_at: i64,
    /// The releases of the new events.
    pub(crate) releases: Vec<Dated<'a>>,
    /// The release it was resolved in, with its date; one that was never seen is as new as can be.
    pub(crate) resolved_in: Option<Dated<'a>>,
    pub(crate) now: i64,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is back, in this release if that is why.
    Regressed { release: Option<String> },
    /// Ignoring it is over, because of: `time`, `events`, `users`.
    Escalated { because: &'static str },
}

/// What the new events do to an issue, if anything.
pub(crate) fn turn(issue: &Now<'_>) -> Option<Turn> {
    match issue.status {
        Status::Unresolved => None,
        Status::Resolved => regressed(issue),
        Status::Ignored => escalated(issue),
    }
}

fn regressed(issue: &Now<'_>) -> Option<Turn> {
    if issue.detail.in_next_release.is_some() {
        // There was none since.
        return None;
    }
    if let Some(resolved_in) = issue.resolved_in {
        let newer = issue
            .releases
            .iter()
            .find(|release| order::is_newer(**release, resolved_in))?;
        return Some(Turn::Regressed {
            release: Some(newer.version.to_owned()),
        });
    }
    (issue.newest_at >= issue.status_at).then(|| Turn::Regressed {
        release: issue.releases.last().map(|release| release.version.to_owned()),
    })
}

fn escalated(issue: &Now<'_>) -> Option<Turn> {
    let detail = issue.detail;
    let reached = |wanted: Option<i64>, window: Option<i64>, since: i64, in_window: i64| {
        let have = if window.is_some() { in_window } else { since };
        wanted.is_some_and(|wanted| have >= wanted)
    };
    let events = issue.events - detail.base_events;
    let users = issue.users - detail.base_users;
    let because = if detail.until.is_some_and(|until| issue.now >= until) {
        "time"
    } else if reached(detail.count, detail.window, events, issue.events_in_window) {
        "events"
    } else if reached(detail.user_count, detail.user_window, users, issue.users_in_window) {
        "users"
    } else {
        return None;
    };
    Some(Turn::Escalated { because })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issues::state::After;

    fn now(status: Status, detail: &Detail) -> Now<'_> {
        Now {
            status,
            status_at: 1000,
            detail,
            events: 10,
            users: 5,
            events_in_window: 0,
            users_in_window: 0,
            newest_at: 900,
            releases: Vec::new(),
            resolved_in: None,
            now: 2000,
        }
    }

    fn at(version: &str, at: i64) -> Dated<'_> {
        Dated { version, at }
    }

    #[test]
    fn without_a_release_what_happened_later_is_a_regression() {
        let detail = Detail::default();
        let mut issue = now(Status::Resolved, &detail);
        assert_eq!(turn(&issue), None, "it happened before the resolution and came late");
        issue.newest_at = 1000;
        assert_eq!(turn(&issue), Some(Turn::Regressed { release: None }));
        issue.status = Status::Unresolved;
        assert_eq!(turn(&issue), None);
    }

    #[test]
    fn with_a_release_only_newer_ones_are() {
        let detail = Detail::default();
        let mut issue = now(Status::Resolved, &detail);
        issue.newest_at = 5000;
        issue.resolved_in = Some(at("app@1.2.0", 50));
        for version in ["app@1.0.0", "app@1.2.0", "app@1.2.0-rc.1"] {
            issue.releases = vec![at(version, 90)];
            assert_eq!(turn(&issue), None, "{version}");
        }
        issue.releases = Vec::new();
        assert_eq!(turn(&issue), None, "an event that does not say its release");
        issue.releases = vec![at("app@1.0.0", 90), at("app@1.10.0", 10)];
        let release = Some("app@1.10.0".to_owned());
        assert_eq!(turn(&issue), Some(Turn::Regressed { release }));
        // By date where versions do not compare.
        issue.resolved_in = Some(at("9f3c1e2", 50));
        issue.releases = vec![at("01ab77d", 49)];
        assert_eq!(turn(&issue), None);
        issue.releases = vec![at("01ab77d", 51)];
        assert!(turn(&issue).is_some());
        issue.resolved_in = Some(at("not-yet", i64::MAX));
        assert_eq!(turn(&issue), None);
    }

    #[test]
    fn nothing_comes_back_before_the_next_release() {
        let detail = Detail {
            in_next_release: Some(After::default()),
            ..Detail::default()
        };
        let mut issue = now(Status::Resolved, &detail);
        issue.newest_at = 5000;
        assert_eq!(turn(&issue), None);
    }

    #[test]
    fn ignoring_ends_when_it_was_said_to() {
        let check = |detail: Detail, change: fn(&mut Now<'_>)| {
            let mut issue = now(Status::Ignored, &detail);
            change(&mut issue);
            turn(&issue)
        };
        let because = |because| Some(Turn::Escalated { because });
        let detail = Detail {
            base_events: 8,
            base_users: 4,
            ..Detail::default()
        };
        assert_eq!(check(detail.clone(), |issue| issue.newest_at = 9999), None, "for ever");
        let until = |until| Detail {
            until: Some(until),
            ..detail.clone()
        };
        assert_eq!(check(until(2001), |_| {}), None);
        assert_eq!(check(until(2000), |_| {}), because("time"));
        let count = |count, window| Detail {
            count: Some(count),
            window,
            ..detail.clone()
        };
        assert_eq!(check(count(3, None), |_| {}), None);
        assert_eq!(check(count(2, None), |_| {}), because("events"));
        assert_eq!(check(count(2, Some(5)), |issue| issue.events_in_window = 1), None);
        assert_eq!(
            check(count(2, Some(5)), |issue| issue.events_in_window = 2),
            because("events")
        );
        let users = |users, window| Detail {
            user_count: Some(users),
            user_window: window,
            ..detail.clone()
        };
        assert_eq!(check(users(2, None), |_| {}), None);
        assert_eq!(check(users(1, None), |_| {}), because("users"));
        assert_eq!(check(users(1, Some(5)), |_| {}), None);
        assert_eq!(
            check(users(1, Some(5)), |issue| issue.users_in_window = 1),
            because("users")
        );
    }
}
