//! Release health as JSON, in the subset of Sentry's `sessions` that answers what people ask: how many, of which state,
//! how many without a crash.
//!
//! - `field`: `sum(session)`, `count_unique(user)`, `crash_rate(session|user)`, `crash_free_rate(session|user)`. A rate of
//!   nothing is null. Only crashes count against *crash-free*: an abnormal session is not known to be one.
//! - `groupBy`: `project`, `release`, `environment`, `session.status`; with the last, no rates.
//! - `project` (id or name), `environment`, `query=release:VERSION`, `statsPeriod` or `start` and `end`.
//!
//! A session counts where it *started*. Users are those with a `did`; in `session.status`, each counts once, by the worst
//! of their sessions. With `interval` (1h to 1d) or `includeSeries=1` each group has a `series` beside its totals; the period is then
//! of whole intervals, each that it touches. Without, there are totals only, of the period to the millisecond, and
//! `intervals` is empty. An answer has at most a thousand groups and ten thousand numbers a series; more groups are
//! cut, the smallest first, and `truncated` says so.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::{Map, Value, json};

use super::asked::{Asked, time};
use super::{Answer, Failure};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Scope, Who};
use crate::performance::{DAY_MS, HOUR_MS};
use crate::queries::health::{self, By, Figures, Filter, Group, MAX_GROUPS};
use crate::{App, now_ms};

/// A figure that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    name: &'static str,
    of_users: bool,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Count,
    CrashRate,
    CrashFreeRate,
}

/// The most numbers of a series over all groups.
const MAX_POINTS: i64 = 10_000;

const FIELDS: [Field; 6] = [
    Field::new("sum(session)", false, Kind::Count),
    Field::new("count_unique(user)", true, Kind::Count),
    Field::new("crash_rate(session)", false, Kind::CrashRate),
    Field::new("crash_rate(user)", true, Kind::CrashRate),
    Field::new("crash_free_rate(session)", false, Kind::CrashFreeRate),
    Field::new("crash_free_rate(user)", true, Kind::CrashFreeRate),
];

/// What the groups of an answer are told apart by.
#[derive(Debug, Clone, Copy, Default)]
struct Groups {
    by: By,
    status: bool,
}

/// Figures by interval.
#[derive(Debug, Default)]
struct Series {
    sessions: HashMap<(Group, i64), Figures>,
    users: HashMap<(Group, i64), Figures>,
}

impl Series {
    /// Sessions and users of a group in an interval.
    fn of(&self, group: &Group, slot: i64) -> (Figures, Figures) {
        let key = (group.clone(), slot);
        let of = |figures: &HashMap<(Group, i64), Figures>| figures.get(&key).copied().unwrap_or_default();
        (of(&self.sessions), of(&self.users))
    }
}

impl Field {
    const fn new(name: &'static str, of_users: bool, kind: Kind) -> Self {
        Self { name, of_users, kind }
    }

    fn value(self, sessions: &Figures, users: &Figures) -> Value {
        let of = if self.of_users { users } else { sessions };
        #[expect(clippy::cast_precision_loss, reason = "a share of up to 2^53")]
        let share = |part: i64| (of.all > 0).then(|| part as f64 / of.all as f64);
        match self.kind {
            Kind::Count => json!(of.all),
            Kind::CrashRate => json!(share(of.crashed)),
            Kind::CrashFreeRate => json!(share(of.all - of.crashed)),
        }
    }
}

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sessions))
}

/// Release health: counts and rates of sessions and users.
#[utoipa::path(get, path = "/api/0/organizations/{org}/sessions/", tag = "health",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn sessions(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer {
    let asked = Asked::new(query);
    who.organization(&app, &org, Scope::OrgRead).await?;
    let mut filter = asked.filter(&app, &org, now_ms()).await?;
    let (fields, groups) = (fields(&asked)?, groups(&asked)?);
    let interval_ms = interval(&asked, &filter)?;
    if let Some(interval_ms) = interval_ms {
        filter = filter.rounded(interval_ms)?;
    }
    let slots = interval_ms.map_or(0, |interval_ms| filter.slots(interval_ms));
    let most = usize::try_from(MAX_POINTS / (slots + 1))
        .unwrap_or(MAX_GROUPS)
        .clamp(1, MAX_GROUPS);
    if let Some(rate) = fields.iter().find(|field| groups.status && field.kind != Kind::Count) {
        return Err(Failure::wrong("field with groupBy=session.status", rate.name));
    }

    let mut sessions = health::sessions(&app.database, &filter, groups.by).await?;
    let truncated = sessions.len() > most;
    sessions.truncate(most);
    let of_users = fields.iter().any(|field| field.of_users);
    let users = if of_users {
        health::users(&app.database, &filter, groups.by).await?
    } else {
        Default::default()
    };
    let series = match interval_ms {
        Some(interval_ms) => Series {
            sessions: health::sessions_by_interval(&app.database, &filter, groups.by, interval_ms).await?,
            users: if of_users {
                health::users_by_interval(&app.database, &filter, groups.by, interval_ms).await?
            } else {
                Default::default()
            },
        },
        None => Series::default(),
    };

    let mut answer = Vec::new();
    for (group, of_sessions) in &sessions {
        let of_users = users.get(group).copied().unwrap_or_default();
        for (index, (status, sessions, users)) in split(groups.status, of_sessions, &of_users).into_iter().enumerate() {
            let totals: Map<String, Value> = fields
                .iter()
                .map(|field| (field.name.to_owned(), field.value(&sessions, &users)))
                .collect();
            let mut value = json!({ "by": names(groups.by, group, status), "totals": totals });
            if interval_ms.is_some() {
                let of = |slot: i64| {
                    let (sessions, users) = series.of(group, slot);
                    let (_, sessions, users) = split(groups.status, &sessions, &users).swap_remove(index);
                    (sessions, users)
                };
                let figures: Vec<(Figures, Figures)> = (0..slots).map(of).collect();
                let line = |field: &Field| {
                    figures
                        .iter()
                        .map(|(sessions, users)| field.value(sessions, users))
                        .collect()
                };
                value["series"] = fields
                    .iter()
                    .map(|field| (field.name.to_owned(), line(field)))
                    .collect::<Map<_, _>>()
                    .into();
            }
            answer.push(value);
        }
    }
    Ok(Json(json!({
        "groups": answer,
        "intervals": (0..slots).map(|slot| time(filter.start + slot * interval_ms.unwrap_or_default())).collect::<Vec<_>>(),
        "start": time(filter.start),
        "end": time(filter.end + i64::from(interval_ms.is_some())),
        "query": asked.one("query").unwrap_or_default(),
        "truncated": truncated,
    })))
}

/// The interval that is asked for, if a series is.
fn interval(asked: &Asked, filter: &Filter) -> Result<Option<i64>, Failure> {
    let wants = asked.one("interval").is_some() || asked.one("includeSeries").is_some_and(|value| value != "0");
    if !wants || asked.one("includeSeries") == Some("0") {
        return Ok(None);
    }
    let default_ms = if filter.end - filter.start > 2 * DAY_MS {
        DAY_MS
    } else {
        HOUR_MS
    };
    asked.interval(default_ms).map(Some)
}

fn fields(asked: &Asked) -> Result<Vec<Field>, Failure> {
    let find = |name: &str| {
        let known = FIELDS.into_iter().find(|field| field.name == name);
        known.ok_or_else(|| Failure::wrong("field", name))
    };
    let fields = asked.all("field").map(find).collect::<Result<Vec<_>, _>>()?;
    if fields.is_empty() {
        return Err(Failure::wrong("request without a field", ""));
    }
    Ok(fields)
}

fn groups(asked: &Asked) -> Result<Groups, Failure> {
    let mut groups = Groups::default();
    for name in asked.all("groupBy") {
        match name {
            "project" => groups.by.project = true,
            "release" => groups.by.release = true,
            "environment" => groups.by.environment = true,
            "session.status" => groups.status = true,
            other => return Err(Failure::wrong("groupBy", other)),
        }
    }
    Ok(groups)
}

/// The figures as they are, or each state's on its own.
fn split(by_status: bool, sessions: &Figures, users: &Figures) -> Vec<(Option<&'static str>, Figures, Figures)> {
    if !by_status {
        return vec![(None, *sessions, *users)];
    }
    let healthy = |figures: &Figures| figures.all - figures.crashed - figures.abnormal - figures.errored;
    let only = |all| Figures {
        all,
        ..Figures::default()
    };
    let of = |status, count: &dyn Fn(&Figures) -> i64| (Some(status), only(count(sessions)), only(count(users)));
    vec![
        of("healthy", &healthy),
        of("errored", &|figures| figures.errored),
        of("abnormal", &|figures| figures.abnormal),
        of("crashed", &|figures| figures.crashed),
    ]
}

fn names(by: By, group: &Group, status: Option<&str>) -> Value {
    let mut names = Map::new();
    let mut name = |is: bool, key: &str, value: Value| {
        if is {
            names.insert(key.to_owned(), value);
        }
    };
    name(by.project, "project", json!(group.project_id));
    name(by.release, "release", json!(group.release));
    name(by.environment, "environment", json!(group.environment));
    name(status.is_some(), "session.status", json!(status));
    Value::Object(names)
}
