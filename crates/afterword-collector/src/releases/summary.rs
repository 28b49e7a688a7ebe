//! What lists tell of releases: where they were seen, what went into them, what they brought, how they fare.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sqlx::FromRow;

use super::Release;
use super::changes::{Commit, Deploy};
use crate::Error;
use crate::database::{Database, Query};
use crate::performance::{DAY_MS, HOUR_MS};
use crate::queries::health::{self, By, Figures, Filter, Group};

/// The most regressions that are looked through.
pub(super) const MAX_REGRESSIONS: i64 = 10_000;
/// Tags are cut at this length.
const MAX_TAG_CHARS: usize = 200;

/// What is known of a release beside itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Summary {
    pub(crate) projects: Vec<InProject>,
    pub(crate) commits: i64,
    pub(crate) deploys: i64,
    pub(crate) last_commit: Option<Commit>,
    pub(crate) last_deploy: Option<Deploy>,
    /// Name and e-mail address of who wrote its commits; a few.
    pub(crate) authors: Vec<(Option<String>, Option<String>)>,
}

/// A release in a project.
#[derive(Debug, Clone, Default)]
pub(crate) struct InProject {
    pub(crate) id: i64,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) platform: Option<String>,
    /// Milliseconds since 1970, as the next.
    pub(crate) first_seen: Option<i64>,
    pub(crate) last_seen: Option<i64>,
    /// Issues whose first event came from it.
    pub(crate) new_issues: i64,
    /// Issues that came back with it.
    pub(crate) regressions: i64,
    pub(crate) events: i64,
    pub(crate) health: Option<Health>,
}

/// How a release fares in a project.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health {
    /// Over the period that was asked for.
    pub(crate) sessions: Figures,
    pub(crate) users: Figures,
    /// Of the last 24 hours, of it and of all releases of the project.
    pub(crate) sessions_24h: i64,
    pub(crate) users_24h: i64,
    pub(crate) project_sessions_24h: i64,
    pub(crate) project_users_24h: i64,
    /// Sessions by interval: the interval's begin in milliseconds since 1970, and how many.
    pub(crate) series: Vec<(i64, i64)>,
}

impl InProject {
    /// The share of the project's sessions, and of its users, of the last 24 hours that were of this release, in percent.
    pub(crate) fn adoption(&self) -> (Option<f64>, Option<f64>) {
        let health = self.health.clone().unwrap_or_default();
        (
            percent(health.sessions_24h, health.project_sessions_24h),
            percent(health.users_24h, health.project_users_24h),
        )
    }
}

/// A share in percent; of nothing there is none.
#[expect(clippy::cast_precision_loss, reason = "a share of up to 2^53")]
pub(crate) fn percent(part: i64, all: i64) -> Option<f64> {
    (all > 0).then(|| part as f64 * 100.0 / all as f64)
}

#[derive(FromRow)]
struct ProjectRow {
    release_id: i64,
    id: i64,
    slug: String,
    name: String,
    platform: Option<String>,
    first_seen: Option<i64>,
    last_seen: Option<i64>,
}

#[derive(FromRow)]
struct CommitRow {
    release_id: i64,
    #[sqlx(flatten)]
    commit: Commit,
}

/// What is known of these releases, by their ids, in these projects.
pub(crate) async fn of(
    database: &Database,
    releases: &[Release],
    projects: &[i64],
) -> Result<HashMap<i64, Summary>, Error> {
    let mut summaries: HashMap<i64, Summary> = releases
        .iter()
        .map(|release| (release.id, Summary::default()))
        .collect();
    if releases.is_empty() {
        return Ok(summaries);
    }
    let ids = || releases.iter().map(|release| release.id);
    let counts = counts(database, releases, projects).await?;
    let mut query = Query::new(
        "SELECT release_id, projects.id AS id, slug, name, platform, first_seen, last_seen FROM release_projects
         JOIN projects ON projects.id = project_id WHERE ",
    );
    query
        .bind_in("release_id", ids())
        .push(" AND ")
        .bind_in("project_id", projects.iter().copied());
    query.push(" ORDER BY projects.id");
    let rows: Vec<ProjectRow> = query.fetch_all(&database.read, "read where releases were seen").await?;
    let versions: HashMap<i64, &str> = releases
        .iter()
        .map(|release| (release.id, release.version.as_str()))
        .collect();
    for row in rows {
        let Some(summary) = summaries.get_mut(&row.release_id) else {
            continue;
        };
        let version = versions.get(&row.release_id).copied().unwrap_or_default();
        let count = |kind| {
            counts
                .get(&(kind, row.id, version.to_owned()))
                .copied()
                .unwrap_or_default()
        };
        summary.projects.push(InProject {
            new_issues: count(Counted::New),
            regressions: count(Counted::Regressed),
            events: count(Counted::Events),
            name: if row.name.is_empty() {
                row.slug.clone()
            } else {
                row.name
            },
            id: row.id,
            slug: row.slug,
            platform: row.platform,
            first_seen: row.first_seen,
            last_seen: row.last_seen,
            health: None,
        });
    }
    commits_and_deploys(database, releases, &mut summaries).await?;
    Ok(summaries)
}

async fn commits_and_deploys(
    database: &Database,
    releases: &[Release],
    summaries: &mut HashMap<i64, Summary>,
) -> Result<(), Error> {
    let ids = || releases.iter().map(|release| release.id);
    let mut counts = Query::new("SELECT release_id, COUNT(*) FROM release_commits WHERE ");
    counts.bind_in("release_id", ids()).push(" GROUP BY release_id");
    let rows: Vec<(i64, i64)> = counts.fetch_all(&database.read, "count commits").await?;
    for (release_id, count) in rows {
        summaries.entry(release_id).or_default().commits = count;
    }
    let mut last = Query::new(
        "SELECT release_id, commit_id, repository, author_name, author_email, message, files, at FROM release_commits
         WHERE position = 0 AND ",
    );
    last.bind_in("release_id", ids());
    let rows: Vec<CommitRow> = last.fetch_all(&database.read, "read the last commits").await?;
    for row in rows {
        summaries.entry(row.release_id).or_default().last_commit = Some(row.commit);
    }
    let mut authors = Query::new("SELECT DISTINCT release_id, author_name, author_email FROM release_commits WHERE ");
    authors
        .bind_in("release_id", ids())
        .push(" ORDER BY 1, 2, 3 LIMIT 2000");
    let rows: Vec<(i64, Option<String>, Option<String>)> =
        authors.fetch_all(&database.read, "read who wrote commits").await?;
    for (release_id, name, email) in rows {
        if name.is_some() || email.is_some() {
            summaries.entry(release_id).or_default().authors.push((name, email));
        }
    }
    let mut counts = Query::new("SELECT release_id, COUNT(*) FROM deploys WHERE ");
    counts.bind_in("release_id", ids()).push(" GROUP BY release_id");
    let rows: Vec<(i64, i64)> = counts.fetch_all(&database.read, "count deploys").await?;
    for (release_id, count) in rows {
        summaries.entry(release_id).or_default().deploys = count;
    }
    let mut last = Query::new(
        "SELECT id, release_id, environment, name, url, started_at, finished_at FROM deploys
         WHERE id IN (SELECT MAX(id) FROM deploys WHERE ",
    );
    last.bind_in("release_id", ids()).push(" GROUP BY release_id)");
    let rows: Vec<Deploy> = last.fetch_all(&database.read, "read the last deploys").await?;
    for deploy in rows {
        if let Some(summary) = summaries.get_mut(&deploy.release_id) {
            summary.last_deploy = Some(deploy);
        }
    }
    Ok(())
}

/// What is counted of a release in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    New,
    Regressed,
    Events,
}

async fn counts(
    database: &Database,
    releases: &[Release],
    projects: &[i64],
) -> Result<HashMap<(Counted, i64, String), i64>, Error> {
    let versions = || releases.iter().map(|release| release.version.as_str());
    let mut counts = HashMap::new();
    let mut query = Query::new("SELECT project_id, first_release, COUNT(*) FROM issues WHERE ");
    query
        .bind_in("project_id", projects.iter().copied())
        .push(" AND ")
        .bind_in("first_release", versions());
    query.push(" GROUP BY project_id, first_release");
    let rows: Vec<(i64, String, i64)> = query.fetch_all(&database.read, "count new issues").await?;
    for (project_id, version, count) in rows {
        counts.insert((Counted::New, project_id, version), count);
    }
    let mut query = Query::new(
        "SELECT project_id, detail FROM issue_activity JOIN issues ON issues.id = issue_id
         WHERE kind = 'set_regression' AND detail IS NOT NULL AND ",
    );
    query.bind_in("project_id", projects.iter().copied());
    query.push(" ORDER BY at DESC LIMIT ").bind(MAX_REGRESSIONS);
    let rows: Vec<(i64, String)> = query.fetch_all(&database.read, "count regressions").await?;
    for (project_id, detail) in rows {
        let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
        if let Some(version) = detail.get("version").and_then(Value::as_str) {
            *counts
                .entry((Counted::Regressed, project_id, version.to_owned()))
                .or_default() += 1;
        }
    }
    let by_tag: HashMap<String, &str> = versions().map(|version| (cut(version), version)).collect();
    let mut query = Query::new(
        "SELECT project_id, value, CAST(SUM(events) AS BIGINT) FROM tags JOIN tag_hours ON tag_id = tags.id
         WHERE key = 'release' AND ",
    );
    query
        .bind_in("project_id", projects.iter().copied())
        .push(" AND ")
        .bind_in("value", by_tag.keys().cloned());
    query.push(" GROUP BY project_id, value");
    let rows: Vec<(i64, String, i64)> = query.fetch_all(&database.read, "count events of releases").await?;
    for (project_id, value, count) in rows {
        if let Some(version) = by_tag.get(&value) {
            counts.insert((Counted::Events, project_id, (*version).to_owned()), count);
        }
    }
    Ok(counts)
}

pub(super) fn cut(version: &str) -> String {
    version.chars().take(MAX_TAG_CHARS).collect()
}

/// Over which time release health is told.
#[derive(Debug, Clone)]
pub(crate) struct Period {
    /// Milliseconds since 1970, both included.
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) environments: Vec<String>,
}

/// Adds release health to what is known of these releases.
pub(crate) async fn add_health(
    database: &Database,
    releases: &[Release],
    summaries: &mut HashMap<i64, Summary>,
    projects: &[i64],
    period: &Period,
) -> Result<(), Error> {
    let filter = |start: i64, of_releases: bool| Filter {
        projects: projects.to_vec(),
        environments: period.environments.clone(),
        releases: if of_releases {
            releases.iter().map(|release| release.version.clone()).collect()
        } else {
            Vec::new()
        },
        start,
        end: period.end,
    };
    let by = By {
        project: true,
        release: true,
        environment: false,
    };
    let by_project = By { release: false, ..by };
    let day_ago = period.end.saturating_sub(DAY_MS);
    let (whole, day, day_of_all) = (
        filter(period.start, true),
        filter(day_ago, true),
        filter(day_ago, false),
    );
    let sessions: HashMap<Group, Figures> = health::sessions(database, &whole, by).await?.into_iter().collect();
    let users = health::users(database, &whole, by).await?;
    let sessions_24h: HashMap<Group, Figures> = health::sessions(database, &day, by).await?.into_iter().collect();
    let users_24h = health::users(database, &day, by).await?;
    let of_projects: HashMap<Group, Figures> = health::sessions(database, &day_of_all, by_project)
        .await?
        .into_iter()
        .collect();
    let users_of_projects = health::users(database, &day_of_all, by_project).await?;

    let interval = if period.end - period.start > 2 * DAY_MS {
        DAY_MS
    } else {
        HOUR_MS
    };
    let mut rounded = whole.clone();
    rounded.start -= rounded.start.rem_euclid(interval);
    let series = health::sessions_by_interval(database, &rounded, by, interval).await?;
    let mut by_group: HashMap<Group, BTreeMap<i64, i64>> = HashMap::new();
    for ((group, slot), figures) in series {
        by_group.entry(group).or_default().insert(slot, figures.all);
    }
    let slots = (rounded.end - rounded.start) / interval + 1;
    for release in releases {
        let Some(summary) = summaries.get_mut(&release.id) else {
            continue;
        };
        for project in &mut summary.projects {
            let group = |version: &str| Group {
                project_id: project.id,
                release: version.to_owned(),
                environment: String::new(),
            };
            let (own, all) = (group(&release.version), group(""));
            let of = |figures: &HashMap<Group, Figures>, group| figures.get(group).copied().unwrap_or_default();
            let counts = by_group.remove(&own).unwrap_or_default();
            let count = |slot| {
                (
                    rounded.start + slot * interval,
                    counts.get(&slot).copied().unwrap_or_default(),
                )
            };
            project.health = Some(Health {
                sessions: of(&sessions, &own),
                users: of(&users, &own),
                sessions_24h: of(&sessions_24h, &own).all,
                users_24h: of(&users_24h, &own).all,
                project_sessions_24h: of(&of_projects, &all).all,
                project_users_24h: of(&users_of_projects, &all).all,
                series: (0..slots).map(count).collect(),
            });
        }
    }
    Ok(())
}
