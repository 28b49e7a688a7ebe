//! How many issues are new in a list since it was made: what a page that stays open asks from time to time.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::asked::{self, Asked};
use crate::database::{Database, Query};
use crate::pages::Failure;
use crate::pages::frame::Frame;
use crate::pages::words::count;
use crate::search::walk::{self, Page};
use crate::search::{self, IssueName, Term, What};
use crate::{App, Error, now_ms};

/// No more are counted.
const MAX_COUNTED: i64 = 100;

/// So many that are new or came back, and so many of each project that were seen, are looked at.
const MAX_NEW: i64 = 200;
const MAX_SEEN: i64 = 1000;

/// And so many projects.
const MAX_PROJECTS: usize = 50;

/// An event may have happened so much earlier than it came.
const LATE_MS: i64 = 3_600_000;

/// What a list that is made now asks with later: the newest issue of all, and the time.
pub(super) async fn since(app: &App, now: i64) -> Result<String, Error> {
    let query = Query::new("SELECT COALESCE(MAX(id), 0) FROM issues");
    let newest: Vec<(i64,)> = query.fetch_all(&app.database.read, "look for the newest issue").await?;
    Ok(format!("{}:{now}", newest.first().map_or(0, |(id,)| *id)))
}

/// `{"count": 3, "words": "3 new issues"}`
pub(super) async fn news(frame: Frame, State(app): State<App>) -> Result<Json<Value>, Failure> {
    let asked = Asked::of(&frame, now_ms())?;
    let since = frame.asked("since").and_then(|since| since.split_once(':'));
    let since = since.and_then(|(id, at)| Some((id.parse().ok()?, at.parse().ok()?)));
    let (id, at): (i64, i64) =
        since.ok_or_else(|| Failure::Wrong("The address does not say since when.".to_owned()))?;
    let projects: Vec<i64> = frame.project_ids().into_iter().take(MAX_PROJECTS).collect();
    let came = count_of(&app, &frame, &asked, made(&app.database, &projects, id).await?).await?;
    let back = count_of(&app, &frame, &asked, back(&app.database, &projects, id, at).await?).await?;
    let mut words = Vec::new();
    if came > 0 {
        words.push(format!("{}{}", plus(came), count(came, "new issue")));
    }
    if back > 0 {
        words.push(format!("{}{} came back", plus(back), count(back, "issue")));
    }
    Ok(Json(json!({ "count": came + back, "words": words.join(", ") })))
}

fn plus(number: i64) -> &'static str {
    if number >= MAX_COUNTED { "more than " } else { "" }
}

/// The issues that were made after this one.
async fn made(database: &Database, projects: &[i64], id: i64) -> Result<Vec<i64>, Error> {
    // By their ids alone: those of others are looked at and left out.
    let mut query = Query::new("SELECT id, project_id FROM issues WHERE id > ");
    query.bind(id).push(" ORDER BY id DESC LIMIT ").bind(MAX_NEW);
    let found: Vec<(i64, i64)> = query.fetch_all(&database.read, "look for new issues").await?;
    let seen = found.into_iter().filter(|(_, project)| projects.contains(project));
    Ok(seen.map(|(id, _)| id).collect())
}

/// The older ones that came back since then: of those that were seen since, which is what an index is by.
async fn back(database: &Database, projects: &[i64], id: i64, at: i64) -> Result<Vec<i64>, Error> {
    let mut ids = Vec::new();
    for project in projects {
        let mut query = Query::new("SELECT id FROM (SELECT id, substatus, status_at FROM issues WHERE project_id = ");
        query
            .bind(*project)
            .push(" AND status = 'unresolved' AND last_seen > ")
            .bind(at.saturating_sub(LATE_MS));
        query.push(" ORDER BY last_seen DESC, id DESC LIMIT ").bind(MAX_SEEN);
        query
            .push(") AS seen WHERE substatus IN ('regressed', 'escalating') AND status_at > ")
            .bind(at);
        query.push(" AND id <= ").bind(id);
        let found: Vec<(i64,)> = query
            .fetch_all(&database.read, "look for issues that came back")
            .await?;
        ids.extend(found.into_iter().map(|(id,)| id));
    }
    ids.truncate(usize::try_from(MAX_NEW).unwrap_or(usize::MAX));
    Ok(ids)
}

/// How many of these the search finds.
async fn count_of(app: &App, frame: &Frame, asked: &Asked, ids: Vec<i64>) -> Result<i64, Failure> {
    // A search that is wrong finds nothing, now as before.
    let (false, Ok(search)) = (ids.is_empty(), &asked.search) else {
        return Ok(0);
    };
    let mut search = search.clone();
    search.terms.push(Term {
        at: 1,
        negated: false,
        what: What::Issue(ids.into_iter().map(IssueName::Id).collect()),
    });
    let page = Page {
        from: None,
        back: false,
        limit: usize::try_from(MAX_COUNTED).unwrap_or(usize::MAX),
    };
    let projects = asked::projects(frame);
    match search::issues::search(&app.database, &projects, &search, asked.sort.2, page).await {
        Ok((walked, _)) => Ok(i64::try_from(walked.places.len()).unwrap_or(MAX_COUNTED)),
        Err(walk::Failure::Wrong(_)) => Ok(0),
        Err(walk::Failure::Failed(error)) => Err(error.into()),
    }
}
