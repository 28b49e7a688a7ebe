//! Release health as JSON, in the subset of Sentry's `sessions` that answers what people ask: how many, of which state,
//! how many without a crash.
//!
//! - `field`: `sum(session)`, `count_unique(user)`, `crash_rate(session|user)`, `crash_free_rate(session|user)`. A rate of
//!   nothing is null. Only crashes count against *crash-free*: an abnormal session is not known to be one.
//! - `groupBy`: `project`, `release`, `environment`, `session.status`; with the last, no rates.
//! - `project` (id or name), `environment`, `query=release:VERSION`, `statsPeriod` or `start` and `end`.
//!
//! A session counts where it *started*. Users are those with a `did`; in `session.status`, each counts once, by the worst
//! of their sessions. There are totals only: `intervals` is empty. More than a thousand groups are cut, the smallest
//! first, and `truncated` says so.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::{Map, Value, json};

use super::asked::{Asked, time};
use super::{Answer, Failure};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::queries::health::{self, By, Figures, Group, MAX_GROUPS};
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
    State(app): State<App>,
    Path(org): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer {
    let asked = Asked::new(query);
    let filter = asked.filter(&app, &org, now_ms()).await?;
    let (fields, groups) = (fields(&asked)?, groups(&asked)?);
    if let Some(rate) = fields.iter().find(|field| groups.status && field.kind != Kind::Count) {
        return Err(Failure::wrong("field with groupBy=session.status", rate.name));
    }

    let mut sessions = health::sessions(&app.database, &filter, groups.by).await?;
    let truncated = sessions.len() > MAX_GROUPS;
    sessions.truncate(MAX_GROUPS);
    let users = if fields.iter().any(|field| field.of_users) {
        health::users(&app.database, &filter, groups.by).await?
    } else {
        Default::default()
    };

    let mut answer = Vec::new();
    for (group, of_sessions) in &sessions {
        let of_users = users.get(group).copied().unwrap_or_default();
        for (status, sessions, users) in split(groups.status, of_sessions, &of_users) {
            let totals: Map<String, Value> = fields
                .iter()
                .map(|field| (field.name.to_owned(), field.value(&sessions, &users)))
                .collect();
            answer.push(json!({ "by": names(groups.by, group, status), "totals": totals }));
        }
    }
    Ok(Json(json!({
        "groups": answer,
        "intervals": [],
        "start": time(filter.start),
        "end": time(filter.end),
        "query": asked.one("query").unwrap_or_default(),
        "truncated": truncated,
    })))
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
