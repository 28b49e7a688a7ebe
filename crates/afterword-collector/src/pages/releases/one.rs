//! The page of a release.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};

use super::fares::{self, Fares, share};
use super::lines::IssueLine;
use super::{Place, compare_url, parts};
use crate::pages::chart::{Ink, Mark, OverTime, Picture, Series, Unit};
use crate::pages::frame::Frame;
use crate::pages::period::{self, Narrow, Period};
use crate::pages::words::{When, count, grouped};
use crate::pages::{Failure, render};
use crate::queries::health::Figures;
use crate::releases::changes::{self, Commit, Deploy};
use crate::releases::days::{self, Days};
use crate::releases::summary::{InProject, Summary};
use crate::releases::{Release, Wanted, brought};
use crate::{App, now_ms, releases};

/// Issues, commits and deploys that are shown.
const MOST_ISSUES: i64 = 10;
const MOST_COMMITS: i64 = 10;
const MOST_DEPLOYS: i64 = 20;
/// Releases among which the one before is looked for.
const MOST_BEFORE: i64 = 100;

#[derive(Template)]
#[template(path = "releases/one.html")]
struct Page {
    frame: Frame,
    narrow: Narrow,
    period: &'static str,
    list_url: String,
    version: String,
    package: Option<String>,
    archived: bool,
    released: Option<When>,
    known: When,
    reference: Option<String>,
    /// Of what it says, if it can be followed.
    link: Option<String>,
    compare: Option<(String, String)>,
    facts: Vec<Fact>,
    has_sessions: bool,
    charts: Vec<Picture>,
    new_count: i64,
    new_issues: Vec<IssueLine>,
    /// Where all issues with events of it are, if there are more new ones than are shown.
    more_new: Option<String>,
    regressed_count: i64,
    regressed: Vec<IssueLine>,
    commit_count: i64,
    commits: Vec<CommitLine>,
    authors: Vec<String>,
    deploys: Vec<DeployLine>,
    projects: Vec<ProjectLine>,
}

/// A figure in one look.
struct Fact {
    label: &'static str,
    value: String,
    detail: String,
}

struct CommitLine {
    id: String,
    whole_id: String,
    message: String,
    author: String,
    when: Option<When>,
}

struct DeployLine {
    environment: String,
    name: String,
    link: Option<String>,
    when: When,
}

struct ProjectLine {
    name: String,
    platform: String,
    first_seen: Option<When>,
    last_seen: Option<When>,
    events: String,
    issues_url: String,
    symbols_url: String,
}

/// `/releases/{organisation}/{version}/`
pub(super) async fn page(
    frame: Frame,
    State(app): State<App>,
    Path((organization, version)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let now = now_ms();
    let place = Place::of(&frame, &organization)?;
    let (release, summary) = place.release(&app, &version).await?;
    let period = Period::asked(&frame, now)?;
    let environments = period::environments(&frame);
    let database = &app.database;
    let narrow = Narrow::of(&app, &frame, &place.projects, &period).await?;
    let in_projects: Vec<i64> = summary.projects.iter().map(|project| project.id).collect();
    let found = [(release, summary)];
    let fares = fares::of(database, &found, &environments, &period).await?;
    let [(release, summary)] = found;
    let fares = fares.get(&release.id).cloned().unwrap_or_default();
    let all = period.filter(&in_projects, &environments, &[]);
    let days = days::read(database, &all, &release.version, period.step_ms).await?;
    let new_issues = brought::new(database, &in_projects, &release.version, MOST_ISSUES).await?;
    let regressed = brought::regressed(database, &in_projects, &release.version, MOST_ISSUES).await?;
    let commits = changes::commits(database, &release, 0, MOST_COMMITS).await?;
    let deploys = changes::deploys(database, &release, 0, MOST_DEPLOYS).await?;
    let before = before(&app, &place, &release, &in_projects).await?;

    let sum = |count: fn(&InProject) -> i64| summary.projects.iter().map(count).sum::<i64>();
    let new_count = sum(|project| project.new_issues);
    let shown = i64::try_from(new_issues.len()).unwrap_or(i64::MAX);
    let (own, package) = parts(&release.version);
    let page = Page {
        narrow,
        period: period.words,
        list_url: frame.to("/releases/"),
        version: own.to_owned(),
        package: package.map(str::to_owned),
        archived: release.status == "archived",
        released: release.released_at.map(|at| When::of(at, now)),
        known: When::of(release.created_at, now),
        reference: release.reference.clone(),
        link: release.url.clone().and_then(followed),
        compare: before.map(|before| {
            (
                compare_url(&place.slug, &before, &release.version),
                parts(&before).0.to_owned(),
            )
        }),
        facts: facts(&summary, &fares),
        has_sessions: days.sessions_of_all.iter().any(|figures| figures.all > 0),
        charts: charts(&days, &deploys, &period),
        more_new: (new_count > shown).then(|| format!("/?{}", search("release", &release.version))),
        new_count,
        new_issues: IssueLine::all(&new_issues, now),
        regressed_count: sum(|project| project.regressions),
        regressed: IssueLine::all(&regressed, now),
        commit_count: summary.commits,
        commits: commits.iter().map(|commit| CommitLine::of(commit, now)).collect(),
        authors: summary.authors.iter().filter_map(author).take(10).collect(),
        deploys: deploys.iter().map(|deploy| DeployLine::of(deploy, now)).collect(),
        projects: summary
            .projects
            .iter()
            .filter_map(|project| ProjectLine::of(&frame, project, &release, now))
            .collect(),
        frame,
    };
    Ok(render(&page).into_response())
}

/// The version before this one, in the order of the list.
async fn before(app: &App, place: &Place, release: &Release, projects: &[i64]) -> Result<Option<String>, Failure> {
    let wanted = Wanted {
        projects: projects.to_vec(),
        status: Some("open".to_owned()),
        most: MOST_BEFORE,
        ..Wanted::default()
    };
    let list = releases::list(&app.database, Some(place.organization_id), &wanted).await?;
    let at = list.iter().position(|other| other.id == release.id);
    Ok(at.and_then(|at| list.get(at + 1)).map(|before| before.version.clone()))
}

fn facts(summary: &Summary, fares: &Fares) -> Vec<Fact> {
    let sum = |count: fn(&InProject) -> i64| summary.projects.iter().map(count).sum::<i64>();
    let fact = |label, value: String, detail: String| Fact { label, value, detail };
    let of = |all: i64, words: String| if all > 0 { words } else { String::new() };
    vec![
        fact(
            "Adoption",
            share(fares.adoption()),
            "of the sessions of the last 24 hours".to_owned(),
        ),
        fact(
            "Sessions without crash",
            share(fares.crash_free_sessions()),
            of(fares.sessions.all, fares.of_sessions()),
        ),
        fact(
            "Users without crash",
            share(fares.crash_free_users()),
            of(fares.users.all, fares.of_users()),
        ),
        fact("Events", grouped(sum(|project| project.events)), "in all".to_owned()),
    ]
}

fn charts(days: &Days, deploys: &[Deploy], period: &Period) -> Vec<Picture> {
    let labels: Vec<(i64, String)> = deploys
        .iter()
        .map(|deploy| (deploy.finished_at, format!("Deployed to {}", deploy.environment)))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of our centuries")]
    let marks: Vec<Mark<'_>> = labels
        .iter()
        .map(|(at, label)| Mark { at: *at as f64, label })
        .collect();
    let chart = |id, title, unit, from_zero, series| OverTime {
        id,
        title,
        unit,
        start_ms: period.start,
        step_ms: period.step_ms,
        from_zero,
        series,
        marks: marks.clone(),
    };
    let line = |name, ink, values| Series { name, ink, values };
    let of_users = |values: Vec<Option<f64>>| line("of users", Ink::Second, values);
    let of_sessions = |values: Vec<Option<f64>>| line("of sessions", Ink::Main, values);
    #[expect(clippy::cast_precision_loss, reason = "counts that are drawn")]
    let state = |count: fn(&Figures) -> i64| {
        days.sessions
            .iter()
            .map(|figures| Some(count(figures) as f64))
            .collect()
    };
    #[expect(clippy::cast_precision_loss, reason = "counts that are drawn")]
    let events = days.events.iter().map(|count| Some(*count as f64)).collect();
    vec![
        chart(
            "crash-free",
            "Without crash",
            Unit::Percent,
            false,
            vec![
                of_sessions(days::crash_free(&days.sessions)),
                of_users(days::crash_free(&days.users)),
            ],
        )
        .lines(),
        chart(
            "adoption",
            "Adoption",
            Unit::Percent,
            true,
            vec![
                of_sessions(days::adoption(&days.sessions, &days.sessions_of_all)),
                of_users(days::adoption(&days.users, &days.users_of_all)),
            ],
        )
        .lines(),
        chart(
            "sessions",
            "Sessions",
            Unit::Count,
            true,
            vec![
                line(
                    "healthy",
                    Ink::Quiet,
                    state(|of| of.all - of.crashed - of.abnormal - of.errored),
                ),
                line("with errors", Ink::Second, state(|of| of.errored)),
                line("ended abnormally", Ink::Third, state(|of| of.abnormal)),
                line("crashed", Ink::Bad, state(|of| of.crashed)),
            ],
        )
        .bars(),
        chart(
            "events",
            "Events",
            Unit::Count,
            true,
            vec![line("events", Ink::Main, events)],
        )
        .bars(),
    ]
}

/// A search of issues for a value: `query=key:"value"`.
pub(super) fn search(key: &str, value: &str) -> String {
    let quoted = format!("{key}:\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("query", &quoted)
        .finish()
}

/// An address that somebody else said, if it leads to the web.
fn followed(url: String) -> Option<String> {
    let known = url::Url::parse(&url).ok()?;
    ["http", "https"].contains(&known.scheme()).then_some(url)
}

fn author((name, email): &(Option<String>, Option<String>)) -> Option<String> {
    name.clone().or_else(|| email.clone())
}

impl CommitLine {
    fn of(commit: &Commit, now: i64) -> Self {
        let first = commit
            .message
            .as_deref()
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default();
        Self {
            id: commit.id.chars().take(12).collect(),
            whole_id: commit.id.clone(),
            message: first.chars().take(300).collect(),
            author: author(&(commit.author_name.clone(), commit.author_email.clone())).unwrap_or_default(),
            when: commit.at.map(|at| When::of(at, now)),
        }
    }
}

impl DeployLine {
    fn of(deploy: &Deploy, now: i64) -> Self {
        Self {
            environment: deploy.environment.clone(),
            name: deploy.name.clone().unwrap_or_default(),
            link: deploy.url.clone().and_then(followed),
            when: When::of(deploy.finished_at, now),
        }
    }
}

impl ProjectLine {
    fn of(frame: &Frame, project: &InProject, release: &Release, now: i64) -> Option<Self> {
        let seen = frame.project(project.id)?;
        Some(Self {
            name: frame.name_of(seen),
            platform: project.platform.clone().unwrap_or_default(),
            first_seen: project.first_seen.map(|at| When::of(at, now)),
            last_seen: project.last_seen.map(|at| When::of(at, now)),
            events: count(project.events, "event"),
            issues_url: format!(
                "/?project={}&{}",
                frame.key_of(seen),
                search("release", &release.version)
            ),
            symbols_url: format!("/settings/{}/{}/symbols/missing/", seen.organization_slug, seen.slug),
        })
    }
}
