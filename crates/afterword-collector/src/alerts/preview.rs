//! What a rule would have sent in the last two weeks: the same decisions, made of what is stored. Bounded in rows and time;
//! where that makes a difference, or what is stored tells less than what came, the answer says so.

mod counted;
mod timed;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::engine::seen::{self, Event, Tags};
use super::engine::{Latest, latest};
use super::firing::{self, Decision, Mark, Standing};
use super::index::{Index, Loaded};
use super::rule::{Condition, When};
use super::telling::{self, Issue, Teller};
use super::{Alert, rule::Rule};
use crate::database::{Database, Query};
use crate::error::OrFailed as _;
use crate::{App, Error, now_ms};

/// How far back it looks.
pub(crate) const DAYS: i64 = 14;
const DAY_MS: i64 = 86_400_000;

/// How long it takes at most, about.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most issues, changes of issues or envelopes that are looked at.
const MOST: i64 = 500;
/// The most messages that are shown, the latest.
const MAX_SHOWN: usize = 50;
/// The most projects that it looks at.
const MAX_PROJECTS: usize = 100;

/// What would have been sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Preview {
    /// Since when; milliseconds since 1970.
    pub(crate) since: i64,
    /// How many messages, to each place.
    pub(crate) messages: usize,
    /// How often the rule would have fired.
    pub(crate) firings: usize,
    /// The latest messages, the latest first.
    pub(crate) shown: Vec<Message>,
    /// Why it is not exact, each a sentence.
    pub(crate) notes: Vec<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Message {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) headline: String,
    pub(crate) url: String,
    /// How many others it would have told, too.
    pub(crate) others: usize,
}

/// Something that would have made the rule fire, or might have.
#[derive(Debug)]
struct Moment {
    at: i64,
    subject: String,
    mark: Mark,
    alert: Alert,
}

/// What is looked at.
struct Looking<'a> {
    database: &'a Database,
    index: &'a Index,
    url: &'a str,
    rule: Arc<Loaded>,
    latest: Latest,
    tags: Tags,
    since: i64,
    now: i64,
    begun: Instant,
    moments: Vec<Moment>,
    notes: Vec<String>,
}

/// Looks what a rule for these projects would have sent.
pub(crate) async fn preview(
    app: &App,
    organization_id: i64,
    project_id: i64,
    name: &str,
    rule: Rule,
) -> Result<Preview, Error> {
    let index = app.alerts.refresh(&app.database).await?;
    let mut projects = if project_id == 0 {
        let known = crate::projects::of_organization(&app.database, organization_id).await?;
        known.into_iter().map(|(id, _)| id).collect()
    } else {
        vec![project_id]
    };
    let mut notes = Vec::new();
    if projects.len() > MAX_PROJECTS {
        projects.truncate(MAX_PROJECTS);
        notes.push(format!("Only the first {MAX_PROJECTS} projects were looked at."));
    }
    let latest = if rule.of_latest_release() {
        notes.push("The latest release is the one of now, not that of then.".to_owned());
        latest(&app.database, projects.iter().copied()).await?
    } else {
        Latest::new()
    };
    let now = now_ms();
    let mut looking = Looking {
        database: &app.database,
        index: &index,
        url: &app.url,
        rule: Arc::new(Loaded::new(organization_id, project_id, name, rule, projects)),
        latest,
        tags: Tags::default(),
        since: now - DAYS * DAY_MS,
        now,
        begun: Instant::now(),
        moments: Vec::new(),
        notes,
    };
    match &looking.rule.rule.when {
        When::NewIssue => looking.new_issues().await?,
        When::Regression => looking.regressions().await?,
        When::Events(_) | When::Users(_) => looking.counted().await?,
        When::CrashFree { .. } | When::Duration { .. } => looking.timed().await?,
        When::Poison => looking.poison().await?,
        When::Queue { .. } => looking
            .notes
            .push("How long the queue was is not kept, so that nothing can be said of the past.".to_owned()),
    }
    Ok(looking.told())
}

impl Looking<'_> {
    fn teller(&self, at: i64) -> Teller<'_> {
        Teller {
            index: self.index,
            url: self.url,
            now: at,
        }
    }

    fn is_over(&self) -> bool {
        self.begun.elapsed() > PATIENCE
    }

    fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// Whether conditions have to be tried on an event.
    fn has_conditions(&self) -> bool {
        self.rule
            .rule
            .conditions
            .iter()
            .any(|condition| *condition != Condition::LatestRelease)
    }

    fn is_of_latest(&self, issue: &Issue) -> bool {
        !self.rule.rule.of_latest_release()
            || issue.first_release.is_some() && issue.first_release.as_ref() == self.latest.get(&issue.project_id)
    }

    async fn new_issues(&mut self) -> Result<(), Error> {
        let mut found: Vec<(i64, i64)> = Vec::new();
        for project in self.rule.projects.clone() {
            for status in ["unresolved", "resolved", "ignored"] {
                let rows: Vec<(i64, i64)> = sqlx::query_as(
                    "SELECT id, first_seen FROM issues WHERE project_id = $1 AND status = $2 AND first_seen >= $3
                     ORDER BY first_seen DESC, id DESC LIMIT $4",
                )
                .bind(project)
                .bind(status)
                .bind(self.since)
                .bind(MOST)
                .fetch_all(&self.database.read)
                .await
                .or_failed("look for new issues")?;
                found.extend(rows);
            }
        }
        let text = "SELECT id FROM events WHERE issue_id = $1 AND occurred_at >= $2 ORDER BY occurred_at, id LIMIT 1";
        self.of_issues(found, text, "new").await
    }

    async fn regressions(&mut self) -> Result<(), Error> {
        let mut query = Query::new(
            "SELECT issue_id, at FROM issue_activity JOIN issues ON issues.id = issue_id
             WHERE kind = 'set_regression' AND ",
        );
        query.bind_in("project_id", self.rule.projects.iter().copied());
        query.push(" AND at >= ").bind(self.since);
        query.push(" ORDER BY at DESC LIMIT ").bind(MOST + 1);
        let found: Vec<(i64, i64)> = query.fetch_all(&self.database.read, "look for regressions").await?;
        let text = "SELECT id FROM events WHERE issue_id = $1 AND received_at <= $2 ORDER BY received_at DESC LIMIT 1";
        self.of_issues(found, text, "regression").await
    }

    /// Issues and when something became of them; `event`: the query for the event that did it.
    async fn of_issues(&mut self, mut found: Vec<(i64, i64)>, event: &'static str, mark: &str) -> Result<(), Error> {
        found.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        let most = usize::try_from(MOST).unwrap_or_default();
        if found.len() > most {
            found.truncate(most);
            self.note(format!("Only the latest {MOST} were looked at."));
        }
        let issues = telling::issues(self.database, found.iter().map(|(id, _)| *id)).await?;
        let mut lacks = false;
        for (id, at) in found {
            let Some(issue) = issues.get(&id).filter(|issue| self.is_of_latest(issue)) else {
                continue;
            };
            let mut seen: Option<Event> = None;
            if self.has_conditions() {
                if self.is_over() {
                    self.note("It took too long: only the latest were looked at.");
                    break;
                }
                let row: Option<i64> = sqlx::query_scalar(event)
                    .bind(id)
                    .bind(at)
                    .fetch_optional(&self.database.read)
                    .await
                    .or_failed("look for the event of an issue")?;
                let mut events = seen::read(self.database, row.as_slice()).await?;
                self.tags.look_up(self.database, &mut events).await?;
                seen = events.pop();
                let Some(event) = &seen else {
                    lacks = true;
                    continue;
                };
                if !event.is_taken(&self.rule.rule.conditions) {
                    continue;
                }
            }
            let alert = self.teller(at).issue(&self.rule, issue, seen.as_ref());
            self.moments.push(Moment {
                at,
                subject: format!("issue:{id}"),
                mark: Mark::Once(format!("{mark} {at}")),
                alert,
            });
        }
        if lacks {
            self.note("Of some issues the event is gone that the conditions would have looked at.");
        }
        Ok(())
    }

    async fn poison(&mut self) -> Result<(), Error> {
        let mut query = Query::new("SELECT project_id, set_aside_at, error FROM set_aside WHERE ");
        query.bind_in("project_id", self.rule.projects.iter().copied());
        query.push(" AND set_aside_at >= ").bind(self.since);
        query.push(" ORDER BY id DESC LIMIT ").bind(MOST);
        let found: Vec<(i64, i64, String)> = query.fetch_all(&self.database.read, "look what was set aside").await?;
        self.note("What was tried again since is not counted.");
        for (project, at, error) in found {
            let alert = self.teller(at).poison(&self.rule, project, 1, Some(error));
            self.moments.push(Moment {
                at,
                subject: format!("project:{project}"),
                mark: Mark::Once(at.to_string()),
                alert,
            });
        }
        Ok(())
    }

    /// Decides what would have been told, in the order of time.
    fn told(mut self) -> Preview {
        let rule = &self.rule.rule;
        self.moments.sort_by_key(|moment| moment.at);
        let mut standings: HashMap<String, Standing> = HashMap::new();
        let mut firings = 0;
        let mut messages: Vec<Message> = Vec::new();
        let mut collecting_until = i64::MIN;
        // Since when messages are counted, and how many there were.
        let mut rate = (i64::MIN, 0);
        for moment in self.moments {
            if moment.at < self.since {
                continue;
            }
            let standing = standings.entry(moment.subject).or_default();
            match firing::decide(*standing, &moment.mark, rule.cooldown_s, false, moment.at) {
                Decision::Nothing => continue,
                Decision::Cooling => {
                    firings += 1;
                    standing.standing = 1;
                    continue;
                }
                Decision::Tell => firings += 1,
            }
            standing.told_at = Some(moment.at);
            standing.standing = i64::from(matches!(moment.mark, Mark::Passed { .. }));
            match messages.last_mut() {
                Some(message) if moment.at < collecting_until => message.others += 1,
                _ => {
                    collecting_until = moment.at.saturating_add(rule.summary_s * 1000);
                    if rule.summary_s == 0 {
                        let hour_begins = moment.at.saturating_sub(rate.0) >= firing::RATE_MS;
                        rate = if hour_begins {
                            (moment.at, 1)
                        } else {
                            (rate.0, rate.1 + 1)
                        };
                        if rate.1 > firing::MOST_MESSAGES {
                            collecting_until = rate.0 + firing::RATE_MS;
                        }
                    }
                    messages.push(Message {
                        at: moment.at,
                        headline: moment.alert.headline,
                        url: moment.alert.url,
                        others: 0,
                    });
                }
            }
        }
        Preview {
            since: self.since,
            messages: messages.len(),
            firings,
            shown: messages.into_iter().rev().take(MAX_SHOWN).collect(),
            notes: self.notes,
        }
    }
}
