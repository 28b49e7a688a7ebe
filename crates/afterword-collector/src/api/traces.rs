//! Traces and transactions as JSON: Sentry's fields, and our `spans`.
//!
//! A trace is the list of its transactions inside each other, each with the errors that happened in it or in one of its
//! spans. With `detailed=1`, or where there are errors only, it is `{"transactions": […], "orphan_errors": […]}`, as Sentry's newer
//! answer: the orphans are errors of the trace whose span is not known.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::asked::{Asked, time};
use super::{Failure, event_id, raw};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::access::{Scope, Who};
use crate::event::Event;
use crate::queries::Attachment;
use crate::queries::traces::{self, MAX_ERRORS, MAX_SPANS, StoredSpan, StoredTransaction, TracedError};
use crate::trace::{self, Segment};

/// Says that a trace has more spans than an answer.
const TRUNCATED: HeaderName = HeaderName::from_static("x-afterword-truncated");

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_organization))
        .routes(routes!(counts))
}

/// A trace: its transactions inside each other, over all projects of the organisation, with the errors in them.
#[utoipa::path(get, path = "/api/0/organizations/{org}/events-trace/{trace_id}/", tag = "traces",
    params(("org" = String, Path, description = "The organisation"), ("trace_id" = String, Path, description = "32 hexadecimal digits")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn of_organization(
    who: Who,
    State(app): State<App>,
    Path((org, trace_id)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let organization = who.organization(&app, &org, Scope::EventRead).await?;
    // A trace's id has the form of an event's.
    let mut spans = traces::trace(&app.database, organization, &event_id(&trace_id)?).await?;
    let mut errors = traces::errors(&app.database, organization, &event_id(&trace_id)?).await?;
    if spans.is_empty() && errors.is_empty() {
        return Err(Failure::NotFound);
    }
    let most = usize::try_from(MAX_SPANS).unwrap_or(usize::MAX);
    let truncated = spans.len() > most;
    spans.truncate(most);
    let most = usize::try_from(MAX_ERRORS).unwrap_or(usize::MAX);
    let fewer_errors = errors.len() > most;
    errors.truncate(most);
    let tree = trace::tree(&spans);
    let (placed, orphans) = trace::placed(&spans, &tree, &errors);
    let nested = nested(&spans, &tree, &placed);
    let detailed = Asked::new(query).one("detailed").is_some_and(|value| value == "1");
    let mut response = if detailed || spans.is_empty() {
        let orphans: Value = orphans
            .iter()
            .map(|(error, span_id)| error_line(error, span_id.as_deref()))
            .collect();
        Json(json!({ "transactions": nested, "orphan_errors": orphans })).into_response()
    } else {
        Json(nested).into_response()
    };
    let cut = match (truncated, fewer_errors) {
        (true, true) => Some("spans, errors"),
        (true, false) => Some("spans"),
        (false, true) => Some("errors"),
        (false, false) => None,
    };
    if let Some(cut) = cut {
        response.headers_mut().insert(TRUNCATED, HeaderValue::from_static(cut));
    }
    Ok(response)
}

/// How much there is of a trace.
#[utoipa::path(get, path = "/api/0/organizations/{org}/trace-meta/{trace_id}/", tag = "traces",
    params(("org" = String, Path, description = "The organisation"), ("trace_id" = String, Path, description = "32 hexadecimal digits")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn counts(who: Who, State(app): State<App>, Path((org, trace_id)): Path<(String, String)>) -> super::Answer {
    let organization = who.organization(&app, &org, Scope::EventRead).await?;
    let counts = traces::counts(&app.database, organization, &event_id(&trace_id)?).await?;
    if counts.projects == 0 {
        return Err(Failure::NotFound);
    }
    Ok(Json(json!({
        "projects": counts.projects,
        "transactions": counts.transactions,
        "spans": counts.spans,
        "errors": counts.errors,
        "performance_issues": 0,
    })))
}

fn error_line(error: &TracedError, span_id: Option<&str>) -> Value {
    json!({
        "event_id": error.event_id,
        "issue_id": error.issue_id,
        "span": span_id,
        "project_id": error.project_id,
        "project_slug": error.project,
        "title": error.title,
        "level": error.level,
        "timestamp": seconds(error.occurred_at.saturating_mul(1000)),
    })
}

/// The transactions inside each other: from the leaves up, since each stands behind the one above it.
fn nested(
    spans: &[StoredSpan],
    tree: &[Segment],
    errors: &HashMap<usize, Vec<(&TracedError, Option<String>)>>,
) -> Value {
    let mut children: Vec<Vec<Value>> = tree.iter().map(|_| Vec::new()).collect();
    let mut roots = Vec::new();
    for (index, segment) in tree.iter().enumerate().rev() {
        let mut below = std::mem::take(&mut children[index]);
        below.reverse();
        let mut value = transaction(spans, tree, segment);
        value["children"] = Value::Array(below);
        let errors = errors.get(&index).map_or(&[][..], Vec::as_slice);
        value["errors"] = errors
            .iter()
            .map(|(error, span_id)| error_line(error, span_id.as_deref()))
            .collect();
        match segment.parent {
            Some(parent) => children[parent].push(value),
            None => roots.push(value),
        }
    }
    roots.reverse();
    Value::Array(roots)
}

fn transaction(spans: &[StoredSpan], tree: &[Segment], segment: &Segment) -> Value {
    let span = &spans[segment.span];
    let above = segment.parent.map(|parent| &spans[tree[parent].span]);
    json!({
        "event_id": span.event_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "parent_event_id": above.and_then(|above| above.event_id.as_ref()),
        "generation": segment.depth,
        "project_id": span.project_id,
        "project_slug": span.project,
        "transaction": span.name,
        "transaction.op": span.op,
        "transaction.status": span.status,
        "transaction.duration": (span.ended_us - span.started_us) / 1000,
        "release": span.release,
        "environment": span.environment,
        "start_timestamp": seconds(span.started_us),
        "timestamp": seconds(span.ended_us),
        "spans": segment.spans.iter().map(|span| line(&spans[*span])).collect::<Value>(),
    })
}

fn line(span: &StoredSpan) -> Value {
    json!({
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "op": span.op,
        "description": span.name,
        "status": span.status,
        "start_timestamp": seconds(span.started_us),
        "timestamp": seconds(span.ended_us),
    })
}

/// A transaction in the place of an event: it has no issue.
pub(super) fn as_event(stored: &StoredTransaction, attachments: &[Attachment]) -> Value {
    let raw = raw(&stored.raw());
    let event = Event::read(&raw);
    let field = |name: &str| raw.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "id": stored.event_id,
        "eventID": stored.event_id,
        "groupID": null,
        "projectID": stored.project_id.to_string(),
        "type": "transaction",
        "title": stored.name,
        "platform": event.platform,
        "dateCreated": time(stored.ended_us.div_euclid(1000)),
        "dateReceived": time(stored.received_at),
        "startTimestamp": seconds(stored.started_us),
        "endTimestamp": seconds(stored.ended_us),
        "release": event.release.map(|version| json!({ "version": version })),
        "environment": event.environment,
        "tags": event.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect::<Value>(),
        "contexts": field("contexts"),
        "measurements": field("measurements"),
        "user": field("user"),
        "breadcrumbs": field("breadcrumbs"),
        "spansCut": stored.spans_cut,
        "attachments": attachments.iter().map(super::json::attachment).collect::<Value>(),
        "raw": raw,
    })
}

/// Seconds since 1970, exact to the microsecond in our century.
#[expect(clippy::cast_precision_loss, reason = "2^53 microseconds are the year 2255")]
fn seconds(at_us: i64) -> f64 {
    at_us as f64 / 1e6
}
