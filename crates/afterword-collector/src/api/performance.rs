//! Performance as JSON. Ours; the names of figures are those of Sentry's Discover.
//!
//! | path | answer |
//! | --- | --- |
//! | `/api/0/organizations/{org}/performance/` | transactions by name: count, rate, percentiles, failures |
//! | `…/performance/series/?transaction=NAME` | the same figures of one name, or of all, by interval |
//! | `…/performance/examples/?transaction=NAME` | the slowest of a name, with their traces |
//! | `…/performance/spans/` | what the spans inside transactions cost, by what they did |
//!
//! `project`, `environment`, `query=release:VERSION`, `statsPeriod` (14d unless given) or `start` and `end` narrow all of them but the
//! last, which knows projects and time only. A period is of whole hours, each that it touches. Durations are in milliseconds;
//! percentiles are wrong by at most 2 %, and exact for up to 32 transactions in each hour and each day. A name `<other>`
//! stands for all that came when there were too many different ones in an hour.

use std::cmp::Ordering;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::Uri;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::{Asked, time};
use super::releases::Page;
use super::{Answer, Failure};
use crate::access::{Scope, Who};
use crate::performance::HOUR_MS;
use crate::performance::lines::{self, Line};
use crate::performance::reading::{self, Example, Spans};
use crate::queries::health::Filter;
use crate::{App, now_ms, projects};

const DEFAULT_PERIOD: &str = "14d";
/// The most examples.
const EXAMPLES: i64 = 20;

type Pairs = Query<Vec<(String, String)>>;

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(names))
        .routes(routes!(series))
        .routes(routes!(examples))
        .routes(routes!(spans))
}

/// What a request asks.
async fn filter(app: &App, who: &Who, org: &str, asked: &Asked) -> Result<Filter, Failure> {
    who.organization(app, org, Scope::EventRead).await?;
    asked.filter_over(app, org, now_ms(), DEFAULT_PERIOD).await
}

/// The first and the last moment of the hours that are told of.
fn period(filter: &Filter) -> (Option<String>, Option<String>) {
    let (from, until) = reading::hours(filter);
    (time(from * HOUR_MS), time(until * HOUR_MS))
}

/// Transactions by name.
#[utoipa::path(get, path = "/api/0/organizations/{org}/performance/", tag = "performance",
    params(("org" = String, Path, description = "The organisation"),
        ("sort" = Option<String>, Query, description = "count, tpm, p50, p75, p95, p99, failure_rate, total or name; with - the largest first"),
        ("name" = Option<String>, Query, description = "A part of the name"),
        ("project" = Option<String>, Query), ("environment" = Option<String>, Query),
        ("query" = Option<String>, Query, description = "release:VERSION"),
        ("statsPeriod" = Option<String>, Query, description = "14d unless given"),
        ("per_page" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn names(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    uri: Uri,
    Query(query): Pairs,
) -> Result<Response, Failure> {
    let asked = Asked::new(query);
    let page = Page::asked(&asked)?;
    let filter = filter(&app, &who, &org, &asked).await?;
    let (mut found, truncated) = reading::names(&app.database, &filter).await?;
    if let Some(part) = asked.one("name").map(str::to_lowercase) {
        found.retain(|named| named.name.to_lowercase().contains(&part));
    }
    let (from, until) = reading::hours(&filter);
    let lines: Vec<Line> = found.into_iter().map(|named| Line::new(named, until - from)).collect();
    let sort = asked.one("sort").unwrap_or("-total");
    let lines = lines::sorted(lines, sort).ok_or_else(|| Failure::wrong("sort", sort))?;
    let (lines, more) = page.of(lines);
    let slugs = slugs(&app, &org).await?;
    let data: Vec<Value> = lines.iter().map(|line| value(line, &slugs)).collect();
    let (start, end) = period(&filter);
    let body = json!({ "data": data, "start": start, "end": end, "truncated": truncated });
    Ok(page.answer(&app, &uri, body, more))
}

/// Projects by their id.
async fn slugs(app: &App, org: &str) -> Result<Vec<(i64, String)>, Failure> {
    let organization = projects::organization(&app.database, org)
        .await?
        .ok_or(Failure::NotFound)?;
    Ok(projects::of_organization(&app.database, organization).await?)
}

fn slug(slugs: &[(i64, String)], project_id: i64) -> Option<&str> {
    slugs
        .iter()
        .find(|(id, _)| *id == project_id)
        .map(|(_, slug)| slug.as_str())
}

fn value(line: &Line, slugs: &[(i64, String)]) -> Value {
    let named = &line.named;
    let [p50, p75, p95, p99] = line.percentiles_ms;
    json!({
        "transaction": named.name,
        "transaction.op": named.op,
        "project": slug(slugs, named.project_id),
        "project.id": named.project_id,
        "count": named.figures.transactions,
        "tpm": line.rate,
        "p50": p50, "p75": p75, "p95": p95, "p99": p99,
        "failure_count": named.figures.failed,
        "failure_rate": line.failure_rate,
        "total": line.total_ms,
    })
}

/// Figures of one name, or of all, by interval.
#[utoipa::path(get, path = "/api/0/organizations/{org}/performance/series/", tag = "performance",
    params(("org" = String, Path, description = "The organisation"),
        ("transaction" = Option<String>, Query, description = "The name; all unless given"),
        ("interval" = Option<String>, Query, description = "1h to 1d; 1h unless given"),
        ("project" = Option<String>, Query), ("environment" = Option<String>, Query),
        ("query" = Option<String>, Query, description = "release:VERSION"),
        ("statsPeriod" = Option<String>, Query, description = "14d unless given")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn series(who: Who, State(app): State<App>, Path(org): Path<String>, Query(query): Pairs) -> Answer {
    let asked = Asked::new(query);
    let interval_ms = asked.interval(HOUR_MS)?;
    let filter = filter(&app, &who, &org, &asked).await?.rounded(interval_ms)?;
    let found = reading::series(&app.database, &filter, asked.one("transaction"), interval_ms / HOUR_MS).await?;
    let told: Vec<[Option<f64>; 4]> = found.iter().map(lines::percentiles_ms).collect();
    let percentile = |index: usize| told.iter().map(|values| json!(values[index])).collect::<Value>();
    #[expect(clippy::cast_precision_loss, reason = "counts of up to 2^53")]
    let share = |part: i64, all: i64| json!((all > 0).then(|| part as f64 / all as f64));
    let intervals = (0..)
        .zip(&found)
        .map(|(slot, _): (i64, _)| time(filter.start + slot * interval_ms));
    let (start, end) = period(&filter);
    Ok(Json(json!({
        "start": start,
        "end": end,
        "intervals": intervals.collect::<Vec<_>>(),
        "series": {
            "count": found.iter().map(|figures| figures.transactions).collect::<Value>(),
            "tpm": found.iter().map(|figures| share(figures.transactions, interval_ms / 60_000)).collect::<Value>(),
            "p50": percentile(0), "p75": percentile(1), "p95": percentile(2), "p99": percentile(3),
            "failure_count": found.iter().map(|figures| figures.failed).collect::<Value>(),
            "failure_rate": found.iter().map(|figures| share(figures.failed, figures.transactions)).collect::<Value>(),
        },
    })))
}

/// The slowest transactions of a name.
#[utoipa::path(get, path = "/api/0/organizations/{org}/performance/examples/", tag = "performance",
    params(("org" = String, Path, description = "The organisation"),
        ("transaction" = String, Query, description = "The name"),
        ("project" = Option<String>, Query), ("environment" = Option<String>, Query),
        ("query" = Option<String>, Query, description = "release:VERSION"),
        ("statsPeriod" = Option<String>, Query, description = "14d unless given")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn examples(who: Who, State(app): State<App>, Path(org): Path<String>, Query(query): Pairs) -> Answer {
    let asked = Asked::new(query);
    let name = asked
        .one("transaction")
        .ok_or_else(|| Failure::wrong("transaction", ""))?;
    let filter = filter(&app, &who, &org, &asked).await?;
    let found = reading::slowest(&app.database, &filter, name, EXAMPLES).await?;
    Ok(Json(json!({ "data": found.iter().map(example).collect::<Value>() })))
}

fn example(example: &Example) -> Value {
    json!({
        "id": example.event_id,
        "trace": example.trace_id,
        "span_id": example.span_id,
        "project": example.project,
        "project.id": example.project_id,
        "transaction.duration": milliseconds(example.ended_us - example.started_us),
        "transaction.status": example.status,
        "release": example.release,
        "environment": example.environment,
        "timestamp": time(example.ended_us.div_euclid(1000)),
    })
}

/// What spans inside transactions cost, by what they did.
#[utoipa::path(get, path = "/api/0/organizations/{org}/performance/spans/", tag = "performance",
    params(("org" = String, Path, description = "The organisation"),
        ("sort" = Option<String>, Query, description = "total, avg, max, count or name; with - the largest first"),
        ("op" = Option<String>, Query, description = "Only such spans"),
        ("project" = Option<String>, Query), ("statsPeriod" = Option<String>, Query, description = "14d unless given"),
        ("per_page" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn spans(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    uri: Uri,
    Query(query): Pairs,
) -> Result<Response, Failure> {
    let asked = Asked::new(query);
    let page = Page::asked(&asked)?;
    let filter = filter(&app, &who, &org, &asked).await?;
    if !filter.environments.is_empty() || !filter.releases.is_empty() {
        return Err(Failure::wrong(
            "environment or query: spans are told by project and time only",
            "",
        ));
    }
    let (mut found, truncated) = reading::spans(&app.database, &filter).await?;
    if let Some(op) = asked.one("op") {
        found.retain(|spans| spans.op == op);
    }
    let sort = asked.one("sort").unwrap_or("-total");
    sort_spans(&mut found, sort)?;
    let (found, more) = page.of(found);
    let slugs = slugs(&app, &org).await?;
    let line = |spans: &Spans| {
        json!({
            "span.op": spans.op,
            "span.description": spans.name,
            "project": slug(&slugs, spans.project_id),
            "project.id": spans.project_id,
            "count": spans.spans,
            "total": milliseconds(spans.total_us),
            "avg": average_us(spans) / 1000.0,
            "max": milliseconds(spans.max_us),
            "slowest": { "trace": spans.trace_id, "span_id": spans.span_id },
        })
    };
    let (start, end) = period(&filter);
    let data: Vec<Value> = found.iter().map(line).collect();
    let body = json!({ "data": data, "start": start, "end": end, "truncated": truncated });
    Ok(page.answer(&app, &uri, body, more))
}

fn sort_spans(found: &mut [Spans], sort: &str) -> Result<(), Failure> {
    let (by, largest_first) = match sort.strip_prefix('-') {
        Some(by) => (by, true),
        None => (sort, false),
    };
    let by_name = |one: &Spans, other: &Spans| {
        let name = |spans: &Spans| (spans.op.clone(), spans.name.clone(), spans.project_id);
        name(one).cmp(&name(other))
    };
    let compare: fn(&Spans, &Spans) -> Ordering = match by {
        "total" => |one, other| one.total_us.cmp(&other.total_us),
        "avg" => |one, other| average_us(one).total_cmp(&average_us(other)),
        "max" => |one, other| one.max_us.cmp(&other.max_us),
        "count" => |one, other| one.spans.cmp(&other.spans),
        "name" => |_, _| Ordering::Equal,
        _ => return Err(Failure::wrong("sort", sort)),
    };
    found.sort_by(|one, other| match (largest_first, by) {
        (true, "name") => by_name(other, one),
        (true, _) => compare(other, one).then(by_name(one, other)),
        (false, _) => compare(one, other).then(by_name(one, other)),
    });
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53 microseconds, which are 285 years"
)]
fn average_us(spans: &Spans) -> f64 {
    spans.total_us as f64 / spans.spans.max(1) as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53 microseconds, which are 285 years"
)]
fn milliseconds(us: i64) -> f64 {
    us as f64 / 1000.0
}
