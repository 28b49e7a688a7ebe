//! Lists of issues and events: searched, in pages. See [`crate::search`] for the language.

use axum::extract::{Path, Query, State};
use axum::http::Uri;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::{Asked, period_ms};
use super::{Failure, json as shape, number, page};
use crate::access::{Scope, Who};
use crate::queries::lists::{self, EventLine, Tags};
use crate::queries::trend::{self, Steps};
use crate::queries::{self, Issue};
use crate::search::issues::{MAX_HITS, Sort};
use crate::search::walk::{Place, Walked};
use crate::search::{self, Of, Project, Range, Search};
use crate::{App, now_ms, projects};

/// What a list of issues is searched for unless asked.
const DEFAULT_QUERY: &str = "is:unresolved";

/// With `full`, so many events at most, and one more than so many bytes.
const MAX_FULL: usize = 25;
const MAX_FULL_BYTES: usize = 8 << 20;

type Pairs = Query<Vec<(String, String)>>;
type Listed = Result<Response, Failure>;

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(issues_of_project))
        .routes(routes!(issues_of_organization))
        .routes(routes!(events_of_issue))
        .routes(routes!(events_of_project))
        .routes(routes!(events_of_organization))
}

/// Issues of a project.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/issues/", tag = "issues",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("query" = Option<String>, Query, description = "A search; is:unresolved unless given"),
        ("sort" = Option<String>, Query, description = "date (last seen), new (first seen), freq (events), user (users)"),
        ("statsPeriod" = Option<String>, Query, description = "The time of stats: 24h, 14d, …; empty for none"),
        ("environment" = Option<Vec<String>>, Query, description = "One of these"),
        ("start" = Option<String>, Query, description = "With end: has events between the two"),
        ("end" = Option<String>, Query, description = "With start: has events between the two"),
        ("limit" = Option<u32>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query, description = "From the Link header")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn issues_of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    uri: Uri,
    Query(query): Pairs,
) -> Listed {
    let asked = Asked::new(query);
    let id = who.project(&app, &org, &project, Scope::EventRead).await?;
    let project = Project { id, slug: project };
    let range = asked.span()?;
    let stats = asked.given("statsPeriod").unwrap_or("24h");
    issues(&app, &who, &uri, &asked, &[project], range, stats).await
}

/// Issues of an organisation.
#[utoipa::path(get, path = "/api/0/organizations/{org}/issues/", tag = "issues",
    params(("org" = String, Path, description = "The organisation"),
        ("project" = Option<Vec<String>>, Query, description = "Only these, by id or name; -1 for all"),
        ("query" = Option<String>, Query, description = "A search; is:unresolved unless given"),
        ("sort" = Option<String>, Query, description = "date (last seen), new (first seen), freq (events), user (users)"),
        ("statsPeriod" = Option<String>, Query, description = "Has events in this time: 24h, 14d, …"),
        ("groupStatsPeriod" = Option<String>, Query, description = "The time of stats: 24h, 14d, …; empty for none"),
        ("environment" = Option<Vec<String>>, Query, description = "One of these"),
        ("start" = Option<String>, Query, description = "With end: has events between the two"),
        ("end" = Option<String>, Query, description = "With start: has events between the two"),
        ("limit" = Option<u32>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query, description = "From the Link header")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn issues_of_organization(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    uri: Uri,
    Query(query): Pairs,
) -> Listed {
    let asked = Asked::new(query);
    let projects = projects_of(&app, &who, &org, &asked).await?;
    let stats = asked
        .given("groupStatsPeriod")
        .filter(|text| *text != "auto")
        .unwrap_or("24h");
    let range = span_or_period(&asked)?;
    issues(&app, &who, &uri, &asked, &projects, range, stats).await
}

async fn issues(
    app: &App,
    who: &Who,
    uri: &Uri,
    asked: &Asked,
    projects: &[Project],
    range: Option<(i64, i64)>,
    stats: &str,
) -> Listed {
    let page = page::page(asked)?;
    let sort = asked.one("sort").unwrap_or("date");
    let sort = Sort::of(sort).ok_or_else(|| Failure::wrong("sort (known are date, new, freq, user)", sort))?;
    let stats = Stats::of(stats)?;
    let text = asked.given("query").unwrap_or(DEFAULT_QUERY);
    let search = search(asked, who, text, Of::Issues, range)?;
    let (walked, hits) = search::issues::search(&app.database, projects, &search, sort, page).await?;
    let found = lists::issues(&app.database, &walked.places).await?;
    let mut list: Vec<Value> = found.iter().map(|issue| shape::issue(app, issue)).collect();
    if let Some(stats) = stats {
        stats.add(app, &found, &mut list).await?;
    }
    let mut response = page::answer(app, uri, asked, page, &walked, list);
    page::add_hits(&mut response, hits, MAX_HITS);
    Ok(response)
}

/// The events of an issue, newest first.
#[utoipa::path(get, path = "/api/0/issues/{issue}/events/", tag = "events",
    params(("issue" = String, Path, description = "The id of the issue"),
        ("query" = Option<String>, Query, description = "A search"), ("full" = Option<bool>, Query, description = "Events as a whole"),
        ("statsPeriod" = Option<String>, Query, description = "Only of this time: 24h, 14d, …"),
        ("limit" = Option<u32>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query, description = "From the Link header")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn events_of_issue(
    who: Who,
    State(app): State<App>,
    Path(issue): Path<String>,
    uri: Uri,
    Query(query): Pairs,
) -> Listed {
    let issue = issue_for(&app, &who, &issue).await?;
    let project = Project {
        id: issue.project_id,
        slug: issue.project,
    };
    events(&app, &who, &uri, &Asked::new(query), &[project], Some(issue.id)).await
}

/// The events of a project, newest first.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/events/", tag = "events",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("query" = Option<String>, Query, description = "A search"), ("full" = Option<bool>, Query, description = "Events as a whole"),
        ("statsPeriod" = Option<String>, Query, description = "Only of this time: 24h, 14d, …"),
        ("limit" = Option<u32>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query, description = "From the Link header")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn events_of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    uri: Uri,
    Query(query): Pairs,
) -> Listed {
    let id = who.project(&app, &org, &project, Scope::EventRead).await?;
    let project = Project { id, slug: project };
    events(&app, &who, &uri, &Asked::new(query), &[project], None).await
}

/// The events of an organisation, newest first.
#[utoipa::path(get, path = "/api/0/organizations/{org}/events/", tag = "events",
    params(("org" = String, Path, description = "The organisation"),
        ("project" = Option<Vec<String>>, Query, description = "Only these, by id or name; -1 for all"),
        ("query" = Option<String>, Query, description = "A search"), ("full" = Option<bool>, Query, description = "Events as a whole"),
        ("statsPeriod" = Option<String>, Query, description = "Only of this time: 24h, 14d, …"),
        ("limit" = Option<u32>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query, description = "From the Link header")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn events_of_organization(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    uri: Uri,
    Query(query): Pairs,
) -> Listed {
    let asked = Asked::new(query);
    let projects = projects_of(&app, &who, &org, &asked).await?;
    events(&app, &who, &uri, &asked, &projects, None).await
}

async fn events(app: &App, who: &Who, uri: &Uri, asked: &Asked, projects: &[Project], issue_id: Option<i64>) -> Listed {
    let full = matches!(asked.one("full"), Some("1" | "true"));
    let mut page = page::page(asked)?;
    if full {
        page.limit = page.limit.min(MAX_FULL);
    }
    let text = asked.one("query").unwrap_or_default();
    let search = search(asked, who, text, Of::Events, span_or_period(asked)?)?;
    let mut walked = search::events::search(&app.database, projects, issue_id, &search, page).await?;
    let found = lists::events(&app.database, &walked.places).await?;
    let list = if full {
        whole(app, &mut walked, &found, page.back).await?
    } else {
        found
            .iter()
            .map(|(event, tags)| shape::event_line(event, tags))
            .collect()
    };
    Ok(page::answer(app, uri, asked, page, &walked, list))
}

/// Events as a whole, as many as fit; the page ends where they end.
async fn whole(app: &App, walked: &mut Walked, found: &[(EventLine, Tags)], back: bool) -> Result<Vec<Value>, Failure> {
    let mut list = Vec::with_capacity(found.len());
    let mut bytes = 0;
    let mut in_order: Vec<&(EventLine, Tags)> = found.iter().collect();
    if back {
        in_order.reverse();
    }
    for (number, (line, _)) in in_order.iter().enumerate() {
        // Gone since it was found.
        let Some(event) = lists::event(&app.database, line.id).await? else {
            continue;
        };
        bytes += event.shown().len();
        let attachments = queries::attachments(&app.database, &event).await?;
        let feedback = queries::feedback(&app.database, &event).await?;
        list.push(shape::event(app, &event, &attachments, &feedback));
        if bytes > MAX_FULL_BYTES && number + 1 < in_order.len() {
            let end = Place {
                value: line.occurred_at,
                id: line.id,
            };
            walked.more = Some(end);
            walked
                .places
                .retain(|place| if back { *place <= end } else { *place >= end });
            break;
        }
    }
    if back {
        list.reverse();
    }
    Ok(list)
}

/// The issue of this id, if it may be seen.
pub(super) async fn issue_for(app: &App, who: &Who, id: &str) -> Result<Issue, Failure> {
    let issue = queries::issue(&app.database, number(id)?)
        .await?
        .ok_or(Failure::NotFound)?;
    who.of_project(app, issue.project_id, Scope::EventRead).await?;
    Ok(issue)
}

/// The projects of an organisation that are asked for and may be seen.
pub(super) async fn projects_of(app: &App, who: &Who, org: &str, asked: &Asked) -> Result<Vec<Project>, Failure> {
    let organization = projects::organization(&app.database, org)
        .await?
        .ok_or(Failure::NotFound)?;
    let known = projects::of_organization(&app.database, organization).await?;
    let wanted = asked.projects(&known)?;
    let may_see = |(id, slug): (i64, String)| {
        let may = wanted.contains(&id) && who.may_in_project(organization, id, Scope::EventRead).is_ok();
        may.then_some(Project { id, slug })
    };
    let projects: Vec<Project> = known.into_iter().filter_map(may_see).collect();
    if projects.is_empty() {
        who.may_in(organization, Scope::EventRead)?;
    }
    Ok(projects)
}

/// `start` and `end`, or `statsPeriod`; `None` for all times.
pub(super) fn span_or_period(asked: &Asked) -> Result<Option<(i64, i64)>, Failure> {
    if asked.one("statsPeriod").is_some() {
        return asked.period(now_ms()).map(Some);
    }
    asked.span()
}

/// What a request searches for: its query, environments and time.
pub(super) fn search(
    asked: &Asked,
    who: &Who,
    text: &str,
    of: Of,
    range: Option<(i64, i64)>,
) -> Result<Search, Failure> {
    let me = who.user().map(|user| user.email.as_str());
    let mut search = Search::parse(text, of, me, now_ms())?;
    // Without an end it is now, and what comes meanwhile is to be found, too.
    let time = range.map(|(from, to)| Range {
        from: Some(from),
        to: Some(to).filter(|_| asked.one("end").is_some()),
    });
    search.limit(asked.all("environment"), time);
    Ok(search)
}

/// The time of `stats`.
struct Stats {
    name: String,
    steps: Steps,
}

impl Stats {
    /// `None` for no stats.
    fn of(period: &str) -> Result<Option<Self>, Failure> {
        if period.is_empty() {
            return Ok(None);
        }
        let ms = period_ms(period).ok_or_else(|| Failure::wrong("statsPeriod", period))?;
        Ok(Some(Self {
            name: period.to_owned(),
            steps: Steps::of(ms),
        }))
    }

    /// `"stats": {"24h": [[seconds since 1970, count], …]}` for each.
    async fn add(&self, app: &App, issues: &[Issue], list: &mut [Value]) -> Result<(), Failure> {
        let trends = trend::of_issues(&app.database, issues, self.steps, now_ms()).await?;
        for (trend, json) in trends.iter().zip(list) {
            let points: Vec<Value> = trend.iter().map(|(at, count)| json!([at / 1000, count])).collect();
            json["stats"] = json!({ &self.name: points });
        }
        Ok(())
    }
}
