//! Counts over time, as JSON.
//!
//! - `projects/{org}/{project}/stats/`: `[[seconds since 1970, count], …]` of `stat=received` (all that came), `rejected`,
//!   `blacklisted` (filtered) or `generated` (accepted); `category=error` unless given; `resolution` 1h or 1d, `since`,
//!   `until`.
//! - `organizations/{org}/events-stats/`: how many events a search finds, in steps of `interval`. Counts by the hour tell it
//!   where they can; otherwise no more than the newest 50,000 are gone through, and `countedFrom` says how far that went.
//! - `organizations/{org}/stats_v2/`: what came, by `project`, `category`, `outcome` and `reason`; with `interval`, over time.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::{Map, Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::{Asked, period_ms, time};
use super::lists::{projects_of, search, span_or_period};
use super::{Answer, Failure};
use crate::access::{Scope, Who};
use crate::event::parse_time;
use crate::queries::health::{self, Filter};
use crate::queries::hours;
use crate::search::{self, Of, Range};
use crate::{App, now_ms};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The most steps of one answer.
const MAX_STEPS: i64 = 2000;

type Pairs = Query<Vec<(String, String)>>;

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_project))
        .routes(routes!(of_events))
        .routes(routes!(outcomes))
}

/// What came to a project, over time.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/stats/", tag = "stats",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("stat" = Option<String>, Query, description = "received, rejected, blacklisted or generated"),
        ("category" = Option<String>, Query, description = "error unless given"),
        ("resolution" = Option<String>, Query, description = "1h or 1d"),
        ("since" = Option<f64>, Query, description = "Seconds since 1970; a day ago unless given"),
        ("until" = Option<f64>, Query, description = "Seconds since 1970; now unless given")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    Query(query): Pairs,
) -> Answer {
    let asked = Asked::new(query);
    let project = who.project(&app, &org, &project, Scope::ProjectRead).await?;
    let counts: fn(&str) -> bool = match asked.one("stat").unwrap_or("received") {
        "received" => |_| true,
        "rejected" => |outcome| !matches!(outcome, "accepted" | "filtered"),
        "blacklisted" => |outcome| outcome == "filtered",
        "generated" => |outcome| outcome == "accepted",
        other => return Err(Failure::wrong("stat", other)),
    };
    let at = |name: &'static str| match asked.one(name) {
        Some(text) => parse_time(&text.into())
            .map(Some)
            .ok_or_else(|| Failure::wrong(name, text)),
        None => Ok(None),
    };
    let until = at("until")?.unwrap_or_else(now_ms);
    let since = at("since")?.unwrap_or_else(|| until.saturating_sub(DAY_MS));
    let steps = Steps::new(
        since,
        until,
        step(asked.one("resolution").unwrap_or("1h"), HOUR_MS, "resolution")?,
    )?;
    let category = asked.one("category").unwrap_or("error");
    let rows = hours::came(
        &app.database,
        &[project],
        &[category],
        steps.start,
        steps.end,
        steps.step / HOUR_MS,
    )
    .await?;
    let count = |at: i64| {
        let of_step = rows.iter().filter(|row| row.at == at && counts(&row.outcome));
        of_step.map(|row| row.quantity).sum::<i64>()
    };
    Ok(Json(steps.all().map(|at| json!([at / 1000, count(at)])).collect()))
}

/// How many events a search finds, over time.
#[utoipa::path(get, path = "/api/0/organizations/{org}/events-stats/", tag = "stats",
    params(("org" = String, Path, description = "The organisation"),
        ("project" = Option<Vec<String>>, Query, description = "Only these, by id or name; -1 for all"),
        ("query" = Option<String>, Query, description = "A search"),
        ("environment" = Option<Vec<String>>, Query, description = "One of these"),
        ("interval" = Option<String>, Query, description = "1m, 1h, 1d, …; by the time unless given"),
        ("statsPeriod" = Option<String>, Query, description = "24h, 14d, …; 14d unless given"),
        ("start" = Option<String>, Query, description = "With end, instead"), ("end" = Option<String>, Query, description = "With start, instead")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn of_events(who: Who, State(app): State<App>, Path(org): Path<String>, Query(query): Pairs) -> Answer {
    let asked = Asked::new(query);
    let projects = projects_of(&app, &who, &org, &asked).await?;
    if let Some(other) = asked.all("yAxis").find(|axis| *axis != "count()") {
        return Err(Failure::wrong("yAxis (only count() is known)", other));
    }
    let now = now_ms();
    let (start, end) = span_or_period(&asked)?.unwrap_or((now - 14 * DAY_MS, now));
    let interval = match asked.one("interval") {
        Some(text) => step(text, 60_000, "interval")?,
        None if end - start <= 14 * DAY_MS => HOUR_MS,
        None => DAY_MS,
    };
    let steps = Steps::new(start, end, interval)?;
    let text = asked.one("query").unwrap_or_default();
    let search = search(&asked, &who, text, Of::Events, None)?;
    let range = Range {
        from: Some(steps.start),
        to: Some(steps.end),
    };
    let found = search::histogram::histogram(&app.database, &projects, &search, range, interval).await?;
    let count = |at: i64| found.steps.get(&at).copied().unwrap_or(0);
    let data: Vec<Value> = steps
        .all()
        .map(|at| json!([at / 1000, [{ "count": count(at) }]]))
        .collect();
    Ok(Json(json!({
        "data": data,
        "start": steps.start / 1000,
        "end": steps.end / 1000,
        "isMetricsData": false,
        "countedFrom": found.counted_from.map(time),
    })))
}

/// Steps of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Steps {
    /// The first millisecond of the first and the last of the last.
    start: i64,
    end: i64,
    step: i64,
}

impl Steps {
    fn new(start: i64, end: i64, step: i64) -> Result<Self, Failure> {
        let begin = |at: i64| at.div_euclid(step).saturating_mul(step);
        let steps = Self {
            start: begin(start),
            end: begin(end).saturating_add(step - 1),
            step,
        };
        match (steps.end - steps.start).div_euclid(step) {
            ..0 => Err(Failure::wrong("start after end", "")),
            number if number >= MAX_STEPS => Err(Failure::Wrong(format!(
                "Invalid interval: that would be more than {MAX_STEPS} steps"
            ))),
            _ => Ok(steps),
        }
    }

    /// The first milliseconds.
    fn all(self) -> impl Iterator<Item = i64> {
        let steps = (self.end - self.start).div_euclid(self.step) + 1;
        (0..steps).map(move |number| self.start + number * self.step)
    }

    fn of(self, at: i64) -> i64 {
        at.clamp(self.start, self.end).div_euclid(self.step) * self.step
    }
}

/// A step that is not smaller than `least` and is a part of a day or a number of days, so that days begin with one.
fn step(text: &str, least: i64, name: &str) -> Result<i64, Failure> {
    let ms = period_ms(text).filter(|ms| ms % least == 0 && (DAY_MS % ms == 0 || ms % DAY_MS == 0));
    ms.ok_or_else(|| Failure::wrong(name, text))
}

/// One row of what came: in which step, of what, and how many.
struct Came {
    project_id: i64,
    at: i64,
    category: String,
    outcome: String,
    reason: String,
    quantity: i64,
}

/// What tells a group of counts, its sum, and its counts by time.
type Group = (Value, i64, Vec<(i64, i64)>);

/// What came and what became of it: `accepted`, `rate_limited`, `invalid`, …, and what clients discarded (`client_discard`,
/// with its reason, by the day).
#[utoipa::path(get, path = "/api/0/organizations/{org}/stats_v2/", tag = "stats",
    params(("org" = String, Path, description = "The organisation"),
        ("project" = Option<Vec<String>>, Query, description = "Only these, by id or name; -1 for all"),
        ("field" = Option<Vec<String>>, Query, description = "sum(quantity)"),
        ("groupBy" = Option<Vec<String>>, Query, description = "project, category, outcome, reason"),
        ("category" = Option<Vec<String>>, Query, description = "One of these"),
        ("outcome" = Option<Vec<String>>, Query, description = "One of these"),
        ("reason" = Option<Vec<String>>, Query, description = "One of these"),
        ("interval" = Option<String>, Query, description = "Over time, in steps of 1h, 1d, …"),
        ("statsPeriod" = Option<String>, Query, description = "24h, 14d, …; 90d unless given"),
        ("start" = Option<String>, Query, description = "With end, instead"), ("end" = Option<String>, Query, description = "With start, instead")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn outcomes(who: Who, State(app): State<App>, Path(org): Path<String>, Query(query): Pairs) -> Answer {
    const FIELDS: [&str; 2] = ["sum(quantity)", "sum(times_seen)"];
    const BY: [&str; 4] = ["project", "outcome", "reason", "category"];
    let asked = Asked::new(query);
    let projects = projects_of(&app, &who, &org, &asked).await?;
    let projects: Vec<i64> = projects.into_iter().map(|project| project.id).collect();
    let (start, end) = asked.period(now_ms())?;
    if let Some(other) = asked.all("field").find(|field| !FIELDS.contains(field)) {
        return Err(Failure::wrong("field", other));
    }
    let field = asked.one("field").unwrap_or(FIELDS[0]);
    let by: Vec<&str> = asked.all("groupBy").collect();
    if let Some(other) = by.iter().find(|name| !BY.contains(name)) {
        return Err(Failure::wrong("groupBy", other));
    }
    let steps = match asked.one("interval") {
        Some(text) => Some(Steps::new(start, end, step(text, HOUR_MS, "interval")?)?),
        None => None,
    };

    // Few: a group is made where the first of its kind stands.
    let mut groups: Vec<Group> = Vec::new();
    for row in came(&app, projects, start, end, steps).await? {
        let wanted = |name: &str, value: &str| {
            let mut values = asked.all(name).peekable();
            values.peek().is_none() || values.any(|wanted| wanted == value)
        };
        let is_wanted =
            wanted("outcome", &row.outcome) && wanted("reason", &row.reason) && wanted("category", &row.category);
        if !is_wanted {
            continue;
        }
        let name = |name: &str| match name {
            "project" => json!(row.project_id),
            "outcome" => json!(row.outcome),
            "reason" => json!(row.reason),
            _ => json!(row.category),
        };
        let names: Map<String, Value> = by.iter().map(|by| ((*by).to_owned(), name(by))).collect();
        let names = Value::Object(names);
        let point = (row.at, row.quantity);
        match groups.iter_mut().find(|(known, _, _)| *known == names) {
            Some((_, quantity, points)) => {
                *quantity = quantity.saturating_add(row.quantity);
                points.push(point);
            }
            None => groups.push((names, row.quantity, vec![point])),
        }
    }
    let groups = groups.into_iter().map(|(by, quantity, points)| {
        let mut group = json!({ "by": by, "totals": { field: quantity } });
        if let Some(steps) = steps {
            let at = |at: i64| {
                points
                    .iter()
                    .filter(|(of, _)| *of == at)
                    .map(|(_, count)| count)
                    .sum::<i64>()
            };
            group["series"] = json!({ field: steps.all().map(at).collect::<Vec<_>>() });
        }
        group
    });
    let intervals: Vec<_> = steps.into_iter().flat_map(Steps::all).map(time).collect();
    Ok(Json(json!({
        "groups": groups.collect::<Vec<_>>(), "intervals": intervals, "start": time(start), "end": time(end),
    })))
}

/// What the server counted, then what clients told of.
async fn came(app: &App, projects: Vec<i64>, start: i64, end: i64, steps: Option<Steps>) -> Result<Vec<Came>, Failure> {
    let step_hours = steps.map_or(24 * 365 * 100, |steps| steps.step / HOUR_MS);
    let mut rows = Vec::new();
    for row in hours::came(&app.database, &projects, &[], start, end, step_hours).await? {
        rows.push(Came {
            project_id: row.project_id,
            at: row.at,
            category: row.category,
            outcome: row.outcome,
            reason: "none".to_owned(),
            quantity: row.quantity,
        });
    }
    let mut discarded = |rows_of: Vec<health::Discarded>, at: i64| {
        rows.extend(rows_of.into_iter().map(|row| Came {
            project_id: row.project_id,
            at,
            category: row.category,
            outcome: "client_discard".to_owned(),
            reason: row.reason,
            quantity: row.quantity,
        }));
    };
    let filter = |start, end| Filter {
        projects: projects.clone(),
        start,
        end,
        ..Filter::default()
    };
    match steps {
        None => discarded(health::discarded(&app.database, &filter(start, end)).await?, 0),
        Some(steps) => {
            // They are counted by the day.
            let mut day = start.div_euclid(DAY_MS) * DAY_MS;
            while day <= end {
                discarded(
                    health::discarded(&app.database, &filter(day, day)).await?,
                    steps.of(day),
                );
                day += DAY_MS;
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_begin_with_hours_and_days() {
        let steps = Steps::new(90 * 60_000, 3 * HOUR_MS, HOUR_MS).unwrap();
        assert_eq!(steps.all().collect::<Vec<_>>(), [HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS]);
        assert_eq!((steps.of(0), steps.of(HOUR_MS + 1)), (HOUR_MS, HOUR_MS));
        assert!(Steps::new(0, MAX_STEPS * HOUR_MS, HOUR_MS).is_err());
        assert!(Steps::new(2 * HOUR_MS, 0, HOUR_MS).is_err());
        let of = |text| step(text, HOUR_MS, "interval").ok();
        assert_eq!(
            (of("6h"), of("1d"), of("2d")),
            (Some(6 * HOUR_MS), Some(DAY_MS), Some(2 * DAY_MS))
        );
        for wrong in ["30m", "7h", "36h", "x", ""] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
