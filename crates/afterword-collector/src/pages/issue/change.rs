//! What people do to an issue on its page. All of it is done by the functions behind the API.

use std::marker::PhantomData;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts as _, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde_json::{Map, Value, json};

use super::{find_issue, look};
use crate::access::Scope;
use crate::api::event_id;
use crate::issues::activity::{self, MAX_NOTE_CHARS};
use crate::issues::change::{self, Change};
use crate::issues::split::{self, NotSplit};
use crate::issues::{merge, moves, remove};
use crate::pages::frame::Frame;
use crate::pages::needs::{EventAdmin, EventWrite, Needs};
use crate::pages::posted::{Fields, Posted};
use crate::pages::said::Said;
use crate::pages::{Failure, message};
use crate::queries::{Issue, around};
use crate::{App, Error, now_ms};

/// So long a page waits for events to be where they belong; what is left is moved later, by itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// Groups of one request.
const MAX_GROUPS: usize = 100;

/// Sets the status: the fields of a form are those of the API's body.
pub(super) async fn status(State(app): State<App>, asked: Asked<EventWrite>) -> Result<Response, Failure> {
    let Asked {
        issue, frame, fields, ..
    } = asked;
    let body = status_body(&fields);
    let done = match body["status"].as_str() {
        Some("unresolved") => "opened",
        Some("ignored") => "ignored",
        _ => "resolved",
    };
    change(&app, frame, issue, fields, &body, "status", done).await
}

/// Assigns it to somebody or nobody.
pub(super) async fn assign(State(app): State<App>, asked: Asked<EventWrite>) -> Result<Response, Failure> {
    let Asked {
        issue, frame, fields, ..
    } = asked;
    let body = json!({ "assignedTo": fields.get("to") });
    change(&app, frame, issue, fields, &body, "assign", "assigned").await
}

async fn change(
    app: &App,
    frame: Frame,
    issue: Issue,
    fields: Fields,
    body: &Value,
    form: &str,
    done: &str,
) -> Result<Response, Failure> {
    match Change::parse(body) {
        Ok(change) => {
            change::apply(&app.database, &[issue.id], &change, &frame.who.actor(), now_ms()).await?;
            Ok(back(issue.id, &fields, done))
        }
        Err(wrong) => refuse(app, frame, issue, fields, form, wrong).await,
    }
}

/// `status` and `statusDetails` of a form.
fn status_body(fields: &Fields) -> Value {
    let mut details = Map::new();
    for name in ["inRelease", "ignoreUntil"] {
        let text = fields.get(name).trim();
        if !text.is_empty() {
            details.insert(name.to_owned(), json!(text));
        }
    }
    if let Some(until) = details.get_mut("ignoreUntil")
        && let Some(text) = until.as_str().filter(|text| text.len() == 16)
    {
        // Browsers leave out the seconds; the field is of UTC.
        *until = json!(format!("{text}:00Z"));
    }
    for name in [
        "ignoreDuration",
        "ignoreCount",
        "ignoreWindow",
        "ignoreUserCount",
        "ignoreUserWindow",
    ] {
        let text = fields.get(name).trim();
        if !text.is_empty() {
            let number = text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number));
            details.insert(name.to_owned(), number);
        }
    }
    // A window says something of a count only.
    for (window, count) in [("ignoreWindow", "ignoreCount"), ("ignoreUserWindow", "ignoreUserCount")] {
        if !details.contains_key(count) {
            details.remove(window);
        }
    }
    if fields.has("inRelease") && !details.contains_key("inRelease") {
        details.insert("inRelease".to_owned(), json!(""));
    }
    json!({ "status": fields.get("status"), "statusDetails": details })
}

/// Adds a note.
pub(super) async fn note(State(app): State<App>, asked: Asked<EventWrite>) -> Result<Response, Failure> {
    let Asked {
        issue, frame, fields, ..
    } = asked;
    // As browsers end lines in forms.
    let text = fields.get("note").replace("\r\n", "\n");
    let noted = activity::add_note(&app.database, issue.id, &frame.who.actor(), &text, now_ms()).await?;
    if noted.is_some() {
        return Ok(back(issue.id, &fields, "noted"));
    }
    let wrong = format!(
        "A note has 1 to {MAX_NOTE_CHARS} characters: this one has {}.",
        text.trim().chars().count()
    );
    refuse(&app, frame, issue, fields, "note", wrong).await
}

/// Merges it with another.
pub(super) async fn merge(State(app): State<App>, asked: Asked<EventWrite>) -> Result<Response, Failure> {
    let Asked {
        issue, frame, fields, ..
    } = asked;
    let named = fields.get("with").trim().to_owned();
    let other = find_named(&app, &issue, &named).await?;
    let Some(other) = other.filter(|other| *other != issue.id) else {
        let wrong = format!(
            "“{}” is no other issue of this project. Write its name, such as {}-12.",
            crate::pages::room::short(&named, 60),
            issue.project.to_uppercase()
        );
        return refuse(&app, frame, issue, fields, "merge", wrong).await;
    };
    let merged = merge::merge(&app.database, &[issue.id, other], &frame.who.actor(), now_ms()).await?;
    let merged = merged.ok_or(Failure::NotFound)?;
    finish_for_a_while(&app).await?;
    Ok(Redirect::to(&format!("/issues/{}/?done=merged", merged.parent)).into_response())
}

/// Makes another issue of some of its groups.
pub(super) async fn split(State(app): State<App>, asked: Asked<EventWrite>) -> Result<Response, Failure> {
    let Asked {
        issue, frame, fields, ..
    } = asked;
    let mut keys: Vec<String> = fields.all("group").take(MAX_GROUPS).map(str::to_owned).collect();
    keys.sort();
    keys.dedup();
    if keys.is_empty() {
        let wrong = "Mark the groups that are to become an issue of their own.".to_owned();
        return refuse(&app, frame, issue, fields, "split", wrong).await;
    }
    match split::split(&app.database, issue.id, &keys, &frame.who.actor(), now_ms()).await {
        Ok(new) => {
            finish_for_a_while(&app).await?;
            Ok(Redirect::to(&format!("/issues/{new}/?done=split")).into_response())
        }
        Err(NotSplit::Wrong(words)) => {
            let wrong = format!("This cannot be split: {words}.");
            refuse(&app, frame, issue, fields, "split", wrong).await
        }
        Err(NotSplit::NoIssue) => Err(Failure::NotFound),
        Err(NotSplit::Failed(error)) => Err(error.into()),
    }
}

/// Deletes it and its events.
pub(super) async fn delete(
    State(app): State<App>,
    Asked { issue, .. }: Asked<EventAdmin>,
) -> Result<Response, Failure> {
    remove::issues(&app.database, &[issue.id]).await?;
    finish_for_a_while(&app).await?;
    Ok(Redirect::to("/?done=deleted:1").into_response())
}

/// An issue that this may be done to by who sent the form.
#[derive(Debug)]
pub(super) struct Asked<N> {
    issue: Issue,
    frame: Frame,
    fields: Fields,
    needs: PhantomData<N>,
}

impl<N: Needs> FromRequest<App> for Asked<N> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let name = Path::<String>::from_request_parts(&mut parts, app).await;
        let Path(name) = name.map_err(|_| Failure::NotFound.into_response())?;
        let Posted { frame, fields } = Posted::from_request(Request::from_parts(parts, body), app).await?;
        let issue = found(app, &frame, &name, N::SCOPE).await;
        Ok(Self {
            issue: issue.map_err(Failure::into_response)?,
            frame,
            fields,
            needs: PhantomData,
        })
    }
}

async fn found(app: &App, frame: &Frame, name: &str, scope: Scope) -> Result<Issue, Failure> {
    let issue = find_issue(app, frame, name).await?;
    frame.who.of_project(app, issue.project_id, scope).await?;
    Ok(issue)
}

/// An issue of the same project by what people call it, `EDITOR-12` or `12`, or by the address of its page.
async fn find_named(app: &App, issue: &Issue, named: &str) -> Result<Option<i64>, Error> {
    if let Some((_, path)) = named.split_once("/issues/") {
        let id = path.split('/').next().and_then(|id| id.parse().ok());
        let Some(id) = id else { return Ok(None) };
        let other = crate::queries::issue(&app.database, id).await?;
        return Ok(other
            .filter(|other| other.project_id == issue.project_id)
            .map(|other| other.id));
    }
    let number = match named.rsplit_once('-') {
        Some((project, number)) if project.eq_ignore_ascii_case(&issue.project) => number,
        Some(_) => return Ok(None),
        None => named,
    };
    match number.parse() {
        Ok(number) => around::by_number(&app.database, issue.project_id, number).await,
        Err(_) => Ok(None),
    }
}

/// Moves events to where they belong, unless there are too many to wait for.
async fn finish_for_a_while(app: &App) -> Result<(), Failure> {
    match tokio::time::timeout(PATIENCE, moves::finish(&app.database)).await {
        Ok(finished) => {
            finished?;
        }
        // The rest is moved by whoever looks after issues; counts are right already.
        Err(_) => tracing::info!("events are being moved after the answer"),
    }
    Ok(())
}

/// The way back to the event that was looked at.
fn back(issue: i64, fields: &Fields, done: &str) -> Response {
    let to = match event_id(fields.get("event")) {
        Ok(event) => format!("/issues/{issue}/events/{event}/?done={done}"),
        Err(_) => format!("/issues/{issue}/?done={done}"),
    };
    Redirect::to(&to).into_response()
}

/// The page again, with what was wrong and all that was typed.
async fn refuse(
    app: &App,
    frame: Frame,
    issue: Issue,
    fields: Fields,
    form: &str,
    wrong: String,
) -> Result<Response, Failure> {
    let event = super::event_of_form(app, &issue, fields.get("event")).await?;
    let Some(event) = event else {
        return Ok(message(StatusCode::BAD_REQUEST, "This cannot be done", &wrong));
    };
    look::page(app, frame, issue, event, Said::wrong(form, fields, wrong)).await
}
