//! A trace: what one piece of work did, over all services that took part.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};

use super::waterfall::{self, Errors};
use crate::pages::chart::{Picture, Unit};
use crate::pages::frame::Frame;
use crate::pages::words::{When, count};
use crate::pages::{Failure, render};
use crate::queries::traces::{self, MAX_ERRORS, MAX_SPANS, StoredSpan, TracedError};
use crate::{App, now_ms};

/// Errors without a span that are shown.
const MOST_ORPHANS: usize = 20;

#[derive(Template)]
#[template(path = "traces/trace.html")]
struct Page {
    frame: Frame,
    list_url: String,
    trace_id: String,
    name: String,
    when: When,
    facts: Vec<(&'static str, String, String)>,
    waterfall: Picture,
    /// Spans that are not shown, if any are not.
    hidden: Option<String>,
    /// Not even read.
    cut: bool,
    orphans: Vec<Orphan>,
    more_orphans: usize,
    has_spans: bool,
}

struct Orphan {
    url: String,
    title: String,
    project: String,
    when: When,
}

/// `/traces/{trace_id}/`
pub(super) async fn page(
    frame: Frame,
    State(app): State<App>,
    Path(trace_id): Path<String>,
) -> Result<Response, Failure> {
    // A trace's id has the form of an event's.
    let trace_id = crate::api::event_id(&trace_id)?;
    let now = now_ms();
    let (mut spans, mut errors) = (Vec::new(), Vec::new());
    let mut organizations: Vec<i64> = frame.projects.iter().map(|project| project.organization_id).collect();
    organizations.dedup();
    for organization in organizations {
        spans.extend(traces::trace(&app.database, organization, &trace_id).await?);
        errors.extend(traces::errors(&app.database, organization, &trace_id).await?);
    }
    let most = usize::try_from(MAX_SPANS).unwrap_or(usize::MAX);
    let most_errors = usize::try_from(MAX_ERRORS).unwrap_or(usize::MAX);
    let cut = spans.len() > most || errors.len() > most_errors;
    spans.retain(|span| frame.project(span.project_id).is_some());
    errors.retain(|error| frame.project(error.project_id).is_some());
    spans.sort_by_key(|span| span.started_us);
    spans.truncate(most);
    errors.truncate(most_errors);
    if spans.is_empty() && errors.is_empty() {
        return Err(Failure::NotFound);
    }
    let (placed, orphans) = Errors::of_trace(&spans, &errors);
    let name = |project_id| {
        frame
            .project(project_id)
            .map(|project| frame.name_of(project))
            .unwrap_or_default()
    };
    let drawn = waterfall::draw(&spans, &placed, &name);
    let page = Page {
        list_url: frame.to("/performance/"),
        name: spans.first().map_or_else(String::new, |span| span.name.clone()),
        when: When::of(begin(&spans, &errors), now),
        facts: facts(&spans, &errors, cut),
        waterfall: drawn.picture,
        hidden: (drawn.hidden > 0).then(|| count(i64::try_from(drawn.hidden).unwrap_or(i64::MAX), "span")),
        cut,
        orphans: orphans
            .iter()
            .take(MOST_ORPHANS)
            .map(|error| Orphan::of(error, &name, now))
            .collect(),
        more_orphans: orphans.len().saturating_sub(MOST_ORPHANS),
        has_spans: !spans.is_empty(),
        trace_id,
        frame,
    };
    Ok(render(&page).into_response())
}

/// In milliseconds since 1970.
fn begin(spans: &[StoredSpan], errors: &[TracedError]) -> i64 {
    let of_spans = spans.iter().map(|span| span.started_us.div_euclid(1000));
    of_spans
        .chain(errors.iter().map(|error| error.occurred_at))
        .min()
        .unwrap_or_default()
}

fn facts(spans: &[StoredSpan], errors: &[TracedError], cut: bool) -> Vec<(&'static str, String, String)> {
    let length = |what: usize| i64::try_from(what).unwrap_or(i64::MAX);
    let begin = spans.iter().map(|span| span.started_us).min().unwrap_or_default();
    let end = spans.iter().map(|span| span.ended_us).max().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a duration that is told in a few digits")]
    let took = end.saturating_sub(begin).max(0) as f64;
    let transactions = spans.iter().filter(|span| span.is_segment != 0).count();
    let mut projects: Vec<i64> = spans.iter().map(|span| span.project_id).collect();
    projects.extend(errors.iter().map(|error| error.project_id));
    projects.sort_unstable();
    projects.dedup();
    let more = if cut { " and more" } else { "" };
    vec![
        ("Took", Unit::Duration.say(took), String::new()),
        (
            "Transactions",
            transactions.to_string(),
            format!("in {}", count(length(projects.len()), "project")),
        ),
        (
            "Spans",
            format!("{}{more}", crate::pages::words::grouped(length(spans.len()))),
            String::new(),
        ),
        ("Errors", errors.len().to_string(), String::new()),
    ]
}

impl Orphan {
    fn of(error: &TracedError, name: &dyn Fn(i64) -> String, now: i64) -> Self {
        Self {
            url: format!("/issues/{}/events/{}/", error.issue_id, error.event_id),
            title: error.title.clone(),
            project: name(error.project_id),
            when: When::of(error.occurred_at, now),
        }
    }
}
