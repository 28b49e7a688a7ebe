//! What there is to tell, in words.

use std::collections::HashMap;

use sqlx::FromRow;

use super::index::{Index, Loaded};
use super::rule::{Bound, Of, Per, When, percent};
use super::{Alert, Lines};
use crate::Error;
use crate::alerts::engine::seen::Event;
use crate::database::{Database, Query};

/// The longest title of an issue in a message, in characters.
const MAX_TITLE_CHARS: usize = 300;
/// The longest place behind it.
const MAX_PLACE_CHARS: usize = 120;

/// What a message says of an issue.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Issue {
    pub(super) id: i64,
    pub(super) project_id: i64,
    number: i64,
    project: String,
    title: String,
    culprit: String,
    signature: Option<String>,
    level: String,
    platform: String,
    release: Option<String>,
    pub(super) first_release: Option<String>,
    event_count: i64,
    pub(super) user_count: i64,
}

impl Issue {
    /// Where it happens, as far as that is known.
    fn place(&self) -> Option<&str> {
        let places = self.signature.as_deref().into_iter().chain([self.culprit.as_str()]);
        places.into_iter().find(|place| !place.is_empty())
    }

    /// What it is called in a sentence: its title, and where it happens unless the title says that.
    fn name(&self) -> String {
        let title = cut(&self.title);
        let is_said = |place: &str| !place.is_empty() && self.title.contains(place);
        match self.place() {
            Some(place) if !is_said(place) && !is_said(&self.culprit) => {
                let place: String = cut(place).chars().take(MAX_PLACE_CHARS).collect();
                format!("{title} in {place}")
            }
            _ => title,
        }
    }
}

/// Reads these issues; those that are gone are left out.
pub(super) async fn issues(
    database: &Database,
    ids: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, Issue>, Error> {
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut issues = HashMap::new();
    for ids in ids.chunks(1000) {
        let mut query = Query::new(
            "SELECT issues.id, project_id, number, slug AS project, title, culprit, signature, level, issues.platform,
                release, first_release, event_count, user_count
             FROM issues JOIN projects ON projects.id = project_id WHERE ",
        );
        query.bind_in("issues.id", ids.iter().copied());
        let found: Vec<Issue> = query.fetch_all(&database.read, "read issues for rules").await?;
        issues.extend(found.into_iter().map(|issue| (issue.id, issue)));
    }
    Ok(issues)
}

/// Makes what is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Teller<'a> {
    pub(super) index: &'a Index,
    /// Where the collector is reached.
    pub(super) url: &'a str,
    pub(super) now: i64,
}

impl Teller<'_> {
    /// Without anything that happened.
    pub(super) fn blank(&self, rule: &Loaded) -> Alert {
        Alert {
            rule: rule.name.clone(),
            rule_id: rule.id,
            kind: rule.rule.when.kind(),
            headline: String::new(),
            reasons: Vec::new(),
            organization: self.index.organization(rule.organization_id).to_owned(),
            project: self.index.project(rule.project_id).to_owned(),
            at: self.now,
            url: format!("{}/alerts/{}/", self.url, rule.id),
            issue_id: None,
            short_id: None,
            title: None,
            place: None,
            event_id: None,
            facts: Lines::new(),
            others: Lines::new(),
            is_test: false,
        }
    }

    /// Of an issue that is new or came back.
    pub(super) fn issue(&self, rule: &Loaded, issue: &Issue, event: Option<&Event>) -> Alert {
        let mut alert = self.about(rule, issue, event);
        let name = issue.name();
        let project = &alert.project;
        let (headline, reason) = match rule.rule.when {
            When::Regression => (
                format!("An issue came back in {project}: {name}"),
                "It was resolved, and happened again.".to_owned(),
            ),
            _ => (
                format!("A new issue in {project}: {name}"),
                "It was never seen before.".to_owned(),
            ),
        };
        alert.headline = headline;
        alert.reasons.push(reason);
        alert
    }

    /// Of more events or users than there may be. `count`: as far as was counted.
    pub(super) fn bound(
        &self,
        rule: &Loaded,
        bound: Bound,
        count: i64,
        issue: Option<&Issue>,
        event: Option<&Event>,
    ) -> Alert {
        let what = match rule.rule.when {
            When::Users(_) => "users",
            _ => "events",
        };
        let window = span(bound.window_s);
        let many = format!("More than {} {what} in {window}", bound.more_than);
        let mut alert = match (bound.per, issue) {
            (Per::Issue, Some(issue)) => {
                let mut alert = self.about(rule, issue, event);
                alert.headline = format!("{many} in {}: {}", alert.project, issue.name());
                alert
            }
            _ => {
                let mut alert = self.blank(rule);
                alert.headline = format!("{many} in {}", or(&alert.project, &alert.organization));
                alert.event_id = event.map(|event| event.event_id.clone());
                alert.facts = of_event(event, None);
                alert
            }
        };
        alert.reasons.push(format!(
            "At least {count} {what} in {window}; the rule allows {}.",
            bound.more_than
        ));
        alert
    }

    /// Of sessions or users that crashed. `free_milli`: thousandths of a percent.
    pub(super) fn crash_free(&self, rule: &Loaded, all: i64, crashed: i64) -> Option<Alert> {
        let When::CrashFree {
            of,
            below_milli,
            window_s,
            ..
        } = rule.rule.when
        else {
            return None;
        };
        let what = match of {
            Of::Sessions => "sessions",
            Of::Users => "users",
        };
        let mut alert = self.blank(rule);
        let free = rate(all, crashed);
        alert.headline = format!(
            "Crash-free {what} of {} are down to {free} %",
            or(&alert.project, &alert.organization)
        );
        alert.reasons.push(format!(
            "{crashed} of {all} {what} in {} crashed; the rule wants {} % free of crashes.",
            span(window_s),
            percent(below_milli)
        ));
        alert.facts = vec![
            ("Crash-free".to_owned(), format!("{free} %")),
            (capital(what), all.to_string()),
            ("Crashed".to_owned(), crashed.to_string()),
        ];
        Some(alert)
    }

    /// Of a transaction that takes long.
    pub(super) fn duration(
        &self,
        rule: &Loaded,
        project_id: i64,
        name: &str,
        p95_us: f64,
        count: i64,
    ) -> Option<Alert> {
        let When::Duration {
            p95_above_ms, window_s, ..
        } = rule.rule.when
        else {
            return None;
        };
        let mut alert = self.blank(rule);
        self.index.project(project_id).clone_into(&mut alert.project);
        let name = cut(name);
        let p95_ms = p95_us / 1000.0;
        alert.headline = format!("{name} takes long in {}: {p95_ms:.0} ms", alert.project);
        alert.reasons.push(format!(
            "5 % of {count} took longer than {p95_ms:.0} ms in {}; the rule allows {p95_above_ms} ms.",
            span(window_s)
        ));
        alert.facts = vec![
            ("Transaction".to_owned(), name),
            ("95th percentile".to_owned(), format!("{p95_ms:.0} ms")),
            ("Transactions".to_owned(), count.to_string()),
        ];
        Some(alert)
    }

    /// Of envelopes that were set aside; `error` of the latest.
    pub(super) fn poison(&self, rule: &Loaded, project_id: i64, count: usize, error: Option<String>) -> Alert {
        let mut alert = self.blank(rule);
        self.index.project(project_id).clone_into(&mut alert.project);
        alert.headline = match count {
            1 => format!("An envelope for {} could not be digested", alert.project),
            count => format!("{count} envelopes for {} could not be digested", alert.project),
        };
        alert
            .reasons
            .push("What could not be digested is set aside with its bytes; it can be tried again.".to_owned());
        if let Some(error) = error {
            alert.facts.push(("Error".to_owned(), cut(&error)));
        }
        alert
    }

    /// Of what waits to be digested.
    pub(super) fn queue(&self, rule: &Loaded, waiting: i64, oldest_s: i64) -> Option<Alert> {
        let When::Queue {
            older_than_s,
            more_than,
        } = rule.rule.when
        else {
            return None;
        };
        let mut alert = self.blank(rule);
        alert.headline = "The queue of what waits to be digested grows".to_owned();
        if let Some(bound) = more_than.filter(|bound| waiting > *bound) {
            alert
                .reasons
                .push(format!("At least {waiting} envelopes wait; the rule allows {bound}."));
        }
        if let Some(bound) = older_than_s.filter(|bound| oldest_s > *bound) {
            alert.reasons.push(format!(
                "The oldest has waited for {}; the rule allows {}.",
                span(oldest_s),
                span(bound)
            ));
        }
        Some(alert)
    }

    /// What the test button sends.
    pub(super) fn test(&self, rule: &Loaded) -> Alert {
        let mut alert = self.blank(rule);
        alert.is_test = true;
        alert.headline = format!("A test of the rule {}", rule.name);
        alert
            .reasons
            .push("Somebody pressed the test button. Nothing happened.".to_owned());
        alert
    }

    fn about(&self, rule: &Loaded, issue: &Issue, event: Option<&Event>) -> Alert {
        let mut alert = self.blank(rule);
        self.index.project(issue.project_id).clone_into(&mut alert.project);
        alert.url = format!("{}/issues/{}/", self.url, issue.id);
        alert.issue_id = Some(issue.id);
        alert.short_id = Some(format!("{}-{}", issue.project.to_uppercase(), issue.number));
        alert.title = Some(cut(&issue.title));
        alert.place = issue.place().map(cut);
        alert.event_id = event.map(|event| event.event_id.clone());
        alert.facts = of_event(event, Some(issue));
        alert
    }
}

/// Release, environment, level, platform, events, users: as far as they are known.
fn of_event(event: Option<&Event>, issue: Option<&Issue>) -> Lines {
    let release = event.map_or_else(
        || issue.and_then(|issue| issue.release.clone()),
        |event| event.release.clone(),
    );
    let level = event.map(|event| &event.level).or(issue.map(|issue| &issue.level));
    let platform = event
        .map(|event| &event.platform)
        .or(issue.map(|issue| &issue.platform));
    let lines = [
        ("Release", release),
        ("Environment", event.and_then(|event| event.environment.clone())),
        ("Level", level.cloned()),
        ("Platform", platform.cloned()),
        ("Events", issue.map(|issue| issue.event_count.to_string())),
        ("Users", issue.map(|issue| issue.user_count.to_string())),
    ];
    let lines = lines.into_iter().filter_map(|(name, value)| Some((name, value?)));
    lines
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), cut(&value)))
        .collect()
}

/// A share in percent, never rounded up to 100.
pub(super) fn rate(all: i64, crashed: i64) -> String {
    let milli = (all - crashed).saturating_mul(100_000) / all.max(1);
    format!("{}.{:02}", milli / 1000, milli % 1000 / 10)
}

/// A time in words: `1 hour`, `90 minutes`, `2 days`.
pub(crate) fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => (s / 86_400, "day"),
        s if s >= 3600 && s % 3600 == 0 => (s / 3600, "hour"),
        s if s >= 600 || s >= 60 && s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

fn cut(text: &str) -> String {
    text.chars()
        .filter(|char| !char.is_control())
        .take(MAX_TITLE_CHARS)
        .collect()
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_named_with_their_place() {
        let named = |title: &str, culprit: &str, signature: Option<&str>| {
            let issue = Issue {
                id: 1,
                project_id: 1,
                number: 1,
                project: String::new(),
                title: title.to_owned(),
                culprit: culprit.to_owned(),
                signature: signature.map(str::to_owned),
                level: String::new(),
                platform: String::new(),
                release: None,
                first_release: None,
                event_count: 1,
                user_count: 1,
            };
            issue.name()
        };
        for (title, culprit, signature, name) in [
            ("SIGSEGV", "palette::load", None, "SIGSEGV in palette::load"),
            (
                "SIGSEGV",
                "load",
                Some("palette::load | main"),
                "SIGSEGV in palette::load | main",
            ),
            ("SIGSEGV", "", Some("palette::load"), "SIGSEGV in palette::load"),
            ("SIGSEGV", "palette::load", Some(""), "SIGSEGV in palette::load"),
            (
                "SIGSEGV in palette::load",
                "palette::load",
                Some("palette::load | main"),
                "SIGSEGV in palette::load",
            ),
            ("KeyError: colour", "pick", None, "KeyError: colour in pick"),
            ("Disk is full", "", None, "Disk is full"),
        ] {
            assert_eq!(named(title, culprit, signature), name);
        }
        let long = named(&"t".repeat(400), &"p".repeat(400), None);
        assert_eq!(long.chars().count(), MAX_TITLE_CHARS + " in ".len() + MAX_PLACE_CHARS);
    }

    #[test]
    fn times_and_shares_in_words() {
        let spans = [
            (1, "1 second"),
            (60, "1 minute"),
            (90, "90 seconds"),
            (3600, "1 hour"),
            (5400, "90 minutes"),
            (172_800, "2 days"),
        ];
        for (seconds, words) in spans {
            assert_eq!(span(seconds), words);
        }
        assert_eq!(rate(1000, 1), "99.90");
        assert_eq!(rate(100_000, 1), "99.99");
        assert_eq!(rate(1_000_000, 1), "99.99", "not 100.00");
        assert_eq!(rate(3, 3), "0.00");
    }
}
