//! What came beside events: comments of people, envelopes that could not be digested, items of which nothing is made.

use std::collections::HashMap;

use bytes::Bytes;
use sqlx::FromRow;

use crate::Error;
use crate::blobs::Blobs;
use crate::database::{Database, Query};
use crate::search::walk::{self, Along, Page, Place, Walked};
use crate::search::{Project, Range};

/// What a person wrote, and of which issue.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Report {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) feedback_id: String,
    pub(crate) event_id: Option<String>,
    pub(crate) message: String,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) received_at: i64,
    /// Of its event, once that is there.
    pub(crate) issue_id: Option<i64>,
    pub(crate) issue_number: Option<i64>,
    pub(crate) title: Option<String>,
    pub(crate) release: Option<String>,
}

/// An envelope that was set aside.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct SetAside {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) event_id: Option<String>,
    pub(crate) size_bytes: i64,
    pub(crate) client: Option<String>,
    pub(crate) received_at: i64,
    pub(crate) set_aside_at: i64,
    pub(crate) tries: i64,
    pub(crate) error: String,
}

/// Items of a kind of which nothing is made.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Undigested {
    pub(crate) project_id: i64,
    pub(crate) kind: String,
    pub(crate) items: i64,
    pub(crate) bytes: i64,
    pub(crate) reason: Option<String>,
}

/// What people wrote to these projects, the latest first.
pub(crate) async fn reports(database: &Database, projects: &[i64], page: Page) -> Result<(Walked, Vec<Report>), Error> {
    let along: Vec<Along> = projects
        .iter()
        .map(|project| along("feedback", "received_at", *project))
        .collect();
    let walked = walk::all(database, &along, page).await?;
    let mut query = Query::new(
        "SELECT feedback.id, feedback.project_id, feedback_id, feedback.event_id, message, email, name,
            feedback.received_at, issues.id AS issue_id, number AS issue_number, events.title, events.release
         FROM feedback LEFT JOIN events ON events.project_id = feedback.project_id AND events.event_id = feedback.event_id
         LEFT JOIN issues ON issues.id = issue_id WHERE ",
    );
    query.bind_in("feedback.id", walked.places.iter().map(|place| place.id));
    let found: Vec<Report> = query.fetch_all(&database.read, "list feedback").await?;
    let found = in_order(&walked.places, found, |report| report.id);
    Ok((walked, found))
}

/// What these projects had set aside, the latest first.
pub(crate) async fn set_aside(
    database: &Database,
    projects: &[Project],
    page: Page,
) -> Result<(Walked, Vec<SetAside>), Error> {
    let along: Vec<Along> = projects
        .iter()
        .map(|project| along("set_aside", "id", project.id))
        .collect();
    let walked = walk::all(database, &along, page).await?;
    let mut query = Query::new(SELECT_SET_ASIDE);
    query.bind_in("id", walked.places.iter().map(|place| place.id));
    let found: Vec<SetAside> = query.fetch_all(&database.read, "list what was set aside").await?;
    let found = in_order(&walked.places, found, |one| one.id);
    Ok((walked, found))
}

const SELECT_SET_ASIDE: &str =
    "SELECT id, project_id, event_id, size_bytes, client, received_at, set_aside_at, tries, error
    FROM set_aside WHERE ";

/// What all projects had set aside, the latest first, those before this id.
pub(crate) async fn all_set_aside(database: &Database, before: Option<i64>, most: i64) -> Result<Vec<SetAside>, Error> {
    let mut query = Query::new(SELECT_SET_ASIDE);
    query.push("id < ").bind(before.unwrap_or(i64::MAX));
    query.push(" ORDER BY id DESC LIMIT ").bind(most);
    query.fetch_all(&database.read, "list what was set aside").await
}

/// One of them.
pub(crate) async fn one_set_aside(database: &Database, id: i64) -> Result<Option<SetAside>, Error> {
    let mut query = Query::new(SELECT_SET_ASIDE);
    query.push("id = ").bind(id);
    Ok(query
        .fetch_all(&database.read, "look for what was set aside")
        .await?
        .pop())
}

/// Its bytes as they came.
pub(crate) async fn bytes_set_aside(database: &Database, blobs: &Blobs, id: i64) -> Result<Option<Bytes>, Error> {
    let mut query = Query::new("SELECT body, blob FROM set_aside WHERE id = ");
    query.bind(id);
    let mut found: Vec<(Option<Vec<u8>>, Option<String>)> =
        query.fetch_all(&database.read, "read what was set aside").await?;
    Ok(match found.pop() {
        Some((Some(body), _)) => Some(body.into()),
        Some((None, Some(blob))) => Some(blobs.get(&blob).await?),
        Some((None, None)) | None => None,
    })
}

/// What these projects were sent of which nothing is made.
pub(crate) async fn undigested(database: &Database, projects: &[Project]) -> Result<Vec<Undigested>, Error> {
    let mut query = Query::new("SELECT project_id, kind, items, bytes, reason FROM undigested_items WHERE ");
    query.bind_in("project_id", projects.iter().map(|project| project.id));
    query.push(" ORDER BY items DESC, project_id, kind LIMIT 1000");
    query.fetch_all(&database.read, "list what is not digested").await
}

fn along(table: &'static str, value: &'static str, project_id: i64) -> Along {
    Along {
        table,
        value,
        fixed: vec![("project_id", project_id)],
        also: "",
        range: Range::default(),
    }
}

fn in_order<T>(places: &[Place], found: Vec<T>, id: impl Fn(&T) -> i64) -> Vec<T> {
    let mut by_id: HashMap<i64, T> = found.into_iter().map(|one| (id(&one), one)).collect();
    places.iter().filter_map(|place| by_id.remove(&place.id)).collect()
}
