//! How releases fare: health figures of several at once.

use std::collections::HashMap;

use crate::Error;
use crate::database::Database;
use crate::pages::chart::{Picture, Unit, spark};
use crate::pages::period::Period;
use crate::pages::words::{count, grouped};
use crate::performance::{DAY_MS, HOUR_MS};
use crate::queries::health::people::{self, Crashed};
use crate::queries::health::{self, By, Figures, Filter, Group};
use crate::releases::Release;
use crate::releases::summary::{Summary, percent};

/// Sums over the projects of a release that are seen. A user of two projects counts in each.
#[derive(Debug, Clone, Default)]
pub(super) struct Fares {
    pub(super) sessions: Figures,
    pub(super) users: Crashed,
    /// Of the last 24 hours: its own sessions, and those of all releases.
    sessions_24h: i64,
    all_24h: i64,
    /// Sessions by interval of the period.
    trend: Vec<i64>,
}

const BY: By = By {
    project: true,
    release: true,
    environment: false,
};

/// Reads how these releases fare, by their ids.
pub(super) async fn of(
    database: &Database,
    releases: &[(Release, Summary)],
    environments: &[String],
    period: &Period,
) -> Result<HashMap<i64, Fares>, Error> {
    if releases.is_empty() {
        return Ok(HashMap::new());
    }
    let mut projects: Vec<i64> = releases
        .iter()
        .flat_map(|(_, summary)| summary.projects.iter().map(|project| project.id))
        .collect();
    projects.sort_unstable();
    projects.dedup();
    let versions: Vec<String> = releases.iter().map(|(release, _)| release.version.clone()).collect();
    let whole = period.filter(&projects, environments, &versions);
    // Whole hours, which are summed up.
    let now = crate::now_ms();
    let behind = now - now.rem_euclid(HOUR_MS) + HOUR_MS;
    let day = Filter {
        start: behind - DAY_MS,
        end: behind - 1,
        ..whole.clone()
    };
    let day_of_all = Filter {
        releases: Vec::new(),
        ..day.clone()
    };
    let in_projects: Vec<(i64, &str)> = releases
        .iter()
        .flat_map(|(release, summary)| {
            let projects = summary.projects.iter();
            projects.map(|project| (project.id, release.version.as_str()))
        })
        .collect();
    let mut users = people::of_releases(database, &whole, &in_projects).await?.into_iter();
    let own_24h: HashMap<Group, Figures> = health::sessions(database, &day, BY).await?.into_iter().collect();
    let by_project = By { release: false, ..BY };
    let all_24h: HashMap<Group, Figures> = health::sessions(database, &day_of_all, by_project)
        .await?
        .into_iter()
        .collect();
    let series = health::sessions_by_interval(database, &whole, BY, period.step_ms).await?;
    let mut trends: HashMap<Group, HashMap<i64, i64>> = HashMap::new();
    // A period is of whole intervals: together they are what is counted over it.
    let mut sessions: HashMap<Group, Figures> = HashMap::new();
    for ((group, slot), figures) in series {
        add(sessions.entry(group.clone()).or_default(), figures);
        trends.entry(group).or_default().insert(slot, figures.all);
    }
    let slots = whole.slots(period.step_ms);
    let fares = releases.iter().map(|(release, summary)| {
        let mut fares = Fares {
            trend: (0..slots).map(|_| 0).collect(),
            ..Fares::default()
        };
        for project in &summary.projects {
            let group = |version: &str| Group {
                project_id: project.id,
                release: version.to_owned(),
                environment: String::new(),
            };
            let (own, all) = (group(&release.version), group(""));
            let of = |figures: &HashMap<Group, Figures>, group| figures.get(group).copied().unwrap_or_default();
            add(&mut fares.sessions, of(&sessions, &own));
            let users = users.next().unwrap_or_default();
            fares.users.all += users.all;
            fares.users.crashed += users.crashed;
            fares.sessions_24h += of(&own_24h, &own).all;
            fares.all_24h += of(&all_24h, &all).all;
            let trend = trends.get(&own);
            for (slot, sum) in (0..).zip(&mut fares.trend) {
                *sum += trend.and_then(|trend| trend.get(&slot)).copied().unwrap_or_default();
            }
        }
        (release.id, fares)
    });
    Ok(fares.collect())
}

fn add(to: &mut Figures, figures: Figures) {
    to.all += figures.all;
    to.crashed += figures.crashed;
    to.abnormal += figures.abnormal;
    to.errored += figures.errored;
}

impl Fares {
    /// The share of the sessions of the last 24 hours that were of this release.
    pub(super) fn adoption(&self) -> Option<f64> {
        percent(self.sessions_24h, self.all_24h)
    }

    pub(super) fn crash_free_sessions(&self) -> Option<f64> {
        percent(self.sessions.all - self.sessions.crashed, self.sessions.all)
    }

    pub(super) fn crash_free_users(&self) -> Option<f64> {
        percent(self.users.all - self.users.crashed, self.users.all)
    }

    /// Its sessions over the period, small.
    pub(super) fn spark(&self, period: &Period) -> Picture {
        let each = if period.step_ms == DAY_MS { "a day" } else { "an hour" };
        let (low, high) = (self.trend.iter().min(), self.trend.iter().max());
        let (low, high) = (low.copied().unwrap_or_default(), high.copied().unwrap_or_default());
        let label = format!(
            "Sessions {each}, of {}: {} to {}",
            period.words,
            grouped(low),
            grouped(high)
        );
        spark(&self.trend, &label)
    }

    /// `of 1,234 sessions`
    pub(super) fn of_sessions(&self) -> String {
        format!("of {}", count(self.sessions.all, "session"))
    }

    pub(super) fn of_users(&self) -> String {
        format!("of {}", count(self.users.all, "user"))
    }
}

/// A share as people read it; nothing of nothing.
pub(super) fn share(percent: Option<f64>) -> String {
    percent.map_or_else(|| "–".to_owned(), |percent| Unit::Percent.say(percent))
}
