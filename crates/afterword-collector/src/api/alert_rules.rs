//! Alert rules: listed, made, changed, muted, tried, and what became of them. Ours: Sentry's are of another shape.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::{Asked, time};
use super::given::Given;
use super::{Answer, Failure, number, page};
use crate::access::{Scope, Who};
use crate::alerts::history::{self, Delivery, Firing};
use crate::alerts::preview::{self, Preview};
use crate::alerts::rule::{Rule, Wrong, masked};
use crate::alerts::store::{self, FOR_EVER, New, Stored, may_write};
use crate::alerts::{self, Action};
use crate::event::parse_time;
use crate::{App, accounts, now_ms, projects};

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(one, change, remove))
        .routes(routes!(mute))
        .routes(routes!(test))
        .routes(routes!(show_history))
        .routes(routes!(preview_one))
        .routes(routes!(preview_new))
}

/// A rule that is to be made, or what of one is to be changed; of a change, what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    name: Option<String>,
    /// The name or id of the project; null for all of the organisation.
    #[serde(default, deserialize_with = "super::given::stated")]
    #[schema(value_type = Option<String>)]
    project: Option<Option<String>>,
    enabled: Option<bool>,
    /// `{"kind": "events", "moreThan": 100, "windowSeconds": 3600, "per": "issue"}`; other kinds are `new-issue`, `regression`,
    /// `users`, `crash-free`, `duration`, `poison` and `queue`.
    when: Option<Value>,
    /// `[{"of": "environment", "how": "is", "value": "production"}]`
    #[serde(rename = "if")]
    conditions: Option<Value>,
    /// `[{"kind": "slack", "url": "…"}, {"kind": "email", "to": ["…"]}, {"kind": "webhook", "url": "…", "secret": "…"}]`
    then: Option<Value>,
    /// `{"cooldownSeconds": 1800, "summarySeconds": 0}`
    #[serde(rename = "howOften")]
    how_often: Option<Value>,
}

/// Until when a rule is muted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Mute {
    /// A time, `forever`, or null: no longer.
    until: Option<String>,
}

/// The rules of an organisation, by name.
#[utoipa::path(get, path = "/api/0/organizations/{org}/alert-rules/", tag = "alerts",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = Vec<Value>), (status = 401), (status = 403), (status = 404)))]
async fn list(who: Who, State(app): State<App>, Path(org): Path<String>) -> Answer {
    let organization = organization(&app, &org).await?;
    let scopes = who.scopes_in(organization).ok_or(Failure::NotFound)?;
    if !scopes.has(Scope::OrgRead) {
        who.may_in(organization, Scope::ProjectRead)?;
    }
    let projects = projects::of_organization(&app.database, organization).await?;
    let last = history::last_fired(&app.database, organization).await?;
    let rules = store::of_organization(&app.database, organization).await?;
    let seen = rules.iter().filter(|rule| may_read(&who, rule).is_ok());
    Ok(Json(
        seen.map(|rule| json_of(rule, &projects, last.get(&rule.id).copied()))
            .collect(),
    ))
}

/// Makes a rule.
#[utoipa::path(post, path = "/api/0/organizations/{org}/alert-rules/", tag = "alerts", request_body = Body,
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 201, body = Value), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn make(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    Given(body): Given<Body>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let organization = organization(&app, &org).await?;
    let project_id = project(&app, organization, body.project.clone().flatten().as_deref()).await?;
    may_write(&who, organization, project_id)?;
    let name = name(body.name.as_deref().unwrap_or_default())?;
    let rule = Rule::read(&body.rule(None)).map_err(Failure::of_rule)?;
    let new = New {
        project_id,
        name: &name,
        rule: &rule,
        enabled: body.enabled.unwrap_or(true),
    };
    let made = store::make(&app.database, organization, &new, &who.actor()).await?;
    let id = made.ok_or_else(|| {
        let most = alerts::rule::MAX_RULES;
        Failure::Conflict(format!("There are {most} rules already: remove one first"))
    })?;
    app.alerts.refresh(&app.database).await?;
    Ok((StatusCode::CREATED, shown(&app, organization, id).await?))
}

/// A rule. Secrets are shown in part.
#[utoipa::path(get, path = "/api/0/organizations/{org}/alert-rules/{rule}/", tag = "alerts",
    params(("org" = String, Path, description = "The organisation"), ("rule" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn one(who: Who, State(app): State<App>, Path((org, rule)): Path<(String, String)>) -> Answer {
    let rule = of(&app, &org, &rule).await?;
    may_read(&who, &rule)?;
    shown(&app, rule.organization_id, rule.id).await
}

/// Changes a rule. What is shown in place of a secret stands for it.
#[utoipa::path(put, path = "/api/0/organizations/{org}/alert-rules/{rule}/", tag = "alerts", request_body = Body,
    params(("org" = String, Path, description = "The organisation"), ("rule" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn change(
    who: Who,
    State(app): State<App>,
    Path((org, rule)): Path<(String, String)>,
    Given(body): Given<Body>,
) -> Answer {
    let stored = of(&app, &org, &rule).await?;
    may_write(&who, stored.organization_id, stored.project_id)?;
    let project_id = match &body.project {
        Some(asked) => project(&app, stored.organization_id, asked.as_deref()).await?,
        None => stored.project_id,
    };
    may_write(&who, stored.organization_id, project_id)?;
    let name = match &body.name {
        Some(given) => name(given)?,
        None => stored.name.clone(),
    };
    let enabled = body.enabled.unwrap_or_else(|| stored.is_enabled());
    if body.is_only_enabled() {
        store::enable(&app.database, stored.id, enabled).await?;
    } else {
        let before = stored.rule().map(|rule| rule.actions).unwrap_or_default();
        let rule = Rule::read_changed(&body.rule(Some(stored.json())), &before).map_err(Failure::of_rule)?;
        let new = New {
            project_id,
            name: &name,
            rule: &rule,
            enabled,
        };
        if !store::change(&app.database, stored.id, &new).await? {
            return Err(Failure::NotFound);
        }
    }
    app.alerts.refresh(&app.database).await?;
    shown(&app, stored.organization_id, stored.id).await
}

/// Removes a rule and its history.
#[utoipa::path(delete, path = "/api/0/organizations/{org}/alert-rules/{rule}/", tag = "alerts",
    params(("org" = String, Path, description = "The organisation"), ("rule" = String, Path, description = "The id of the rule")),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
async fn remove(
    who: Who,
    State(app): State<App>,
    Path((org, rule)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let rule = of(&app, &org, &rule).await?;
    may_write(&who, rule.organization_id, rule.project_id)?;
    store::remove(&app.database, rule.id).await?;
    app.alerts.refresh(&app.database).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mutes a rule: what it finds goes into its history only.
#[utoipa::path(put, path = "/api/0/organizations/{org}/alert-rules/{rule}/mute/", tag = "alerts", request_body = Mute,
    params(("org" = String, Path, description = "The organisation"), ("rule" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn mute(
    who: Who,
    State(app): State<App>,
    Path((org, rule)): Path<(String, String)>,
    Given(Mute { until }): Given<Mute>,
) -> Answer {
    let rule = of(&app, &org, &rule).await?;
    may_write(&who, rule.organization_id, rule.project_id)?;
    let until = match until.as_deref() {
        None => None,
        Some("forever") => Some(FOR_EVER),
        Some(text) => {
            let at = parse_time(&text.into()).filter(|at| *at > now_ms());
            Some(at.ok_or_else(|| Failure::wrong("until (a time to come, forever or null)", text))?)
        }
    };
    store::mute(&app.database, rule.id, until).await?;
    app.alerts.refresh(&app.database).await?;
    shown(&app, rule.organization_id, rule.id).await
}

/// Sends a test to each place where the rule tells; how that went is in the answer's `deliveries` once it is tried, and in
/// the history.
#[utoipa::path(post, path = "/api/0/organizations/{org}/alert-rules/{rule}/test/", tag = "alerts",
    params(("org" = String, Path, description = "The organisation"), ("rule" = String, Path, description = "The id of the rule")),
    responses((status = 202, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn test(
    who: Who,
    State(app): State<App>,
    Path((org, rule)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let stored = of(&app, &org, &rule).await?;
    may_write(&who, stored.organization_id, stored.project_id)?;
    let rule = stored.rule().map_err(Failure::of_rule)?;
    let firing = alerts::test(&app, &stored, rule).await?;
    let firing = history::read(&app.database, &[firing]).await?.pop();
    Ok((
        StatusCode::ACCEPTED,
        Json(json_of_firing(&firing.ok_or(Failure::NotFound)?)),
    ))
}

/// What a rule found, the latest first, with what was sent and the answers.
#[utoipa::path(get, path = "/api/0/organizations/{org}/alert-rules/{rule}/history/", tag = "alerts",
    params(("org" = String, Path, description = "The organisation"), ("rule" = String, Path, description = "The id of the rule"),
        ("limit" = Option<u32>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query, description = "From the Link header")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn show_history(
    who: Who,
    State(app): State<App>,
    Path((org, rule)): Path<(String, String)>,
    uri: Uri,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let rule = of(&app, &org, &rule).await?;
    store::may_read_findings(&who, rule.organization_id, rule.project_id)?;
    let asked = Asked::new(query);
    let page = page::page(&asked)?;
    let (walked, firings) = history::of_rule(&app.database, rule.id, page).await?;
    let list = firings.iter().map(json_of_firing).collect();
    Ok(page::answer(&app, &uri, &asked, page, &walked, list))
}

/// What a rule would have sent in the last 14 days.
#[utoipa::path(get, path = "/api/0/organizations/{org}/alert-rules/{rule}/preview/", tag = "alerts",
    params(("org" = String, Path, description = "The organisation"), ("rule" = String, Path, description = "The id of the rule")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn preview_one(who: Who, State(app): State<App>, Path((org, rule)): Path<(String, String)>) -> Answer {
    let stored = of(&app, &org, &rule).await?;
    store::may_read_findings(&who, stored.organization_id, stored.project_id)?;
    let rule = stored.rule().map_err(Failure::of_rule)?;
    let (organization, project) = (stored.organization_id, stored.project_id);
    let preview = preview::preview(&app, organization, project, &stored.name, rule).await?;
    Ok(Json(json_of_preview(&preview)))
}

/// What a rule would have sent in the last 14 days, if it were made like this.
#[utoipa::path(post, path = "/api/0/organizations/{org}/alert-rules/preview/", tag = "alerts", request_body = Body,
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn preview_new(who: Who, State(app): State<App>, Path(org): Path<String>, Given(body): Given<Body>) -> Answer {
    let organization = organization(&app, &org).await?;
    let project_id = project(&app, organization, body.project.clone().flatten().as_deref()).await?;
    may_write(&who, organization, project_id)?;
    store::may_read_findings(&who, organization, project_id)?;
    let rule = Rule::read(&body.rule(None)).map_err(Failure::of_rule)?;
    let name = body.name.unwrap_or_default();
    let preview = preview::preview(&app, organization, project_id, &name, rule).await?;
    Ok(Json(json_of_preview(&preview)))
}

fn json_of_preview(preview: &Preview) -> Value {
    let shown = preview.shown.iter().map(|message| {
        json!({
            "date": time(message.at),
            "headline": message.headline,
            "url": message.url,
            "others": message.others,
        })
    });
    json!({
        "since": time(preview.since),
        "messages": preview.messages,
        "firings": preview.firings,
        "latest": shown.collect::<Vec<Value>>(),
        "notes": preview.notes,
    })
}

impl Body {
    /// The rule that is meant; what is left out is as it was.
    fn rule(&self, before: Option<Value>) -> Value {
        let mut rule = before.filter(Value::is_object).unwrap_or_else(|| json!({}));
        for (name, value) in [
            ("when", &self.when),
            ("if", &self.conditions),
            ("then", &self.then),
            ("howOften", &self.how_often),
        ] {
            if let Some(value) = value {
                rule[name] = value.clone();
            }
        }
        rule
    }

    fn is_only_enabled(&self) -> bool {
        self.name.is_none()
            && self.project.is_none()
            && self.when.is_none()
            && self.conditions.is_none()
            && self.then.is_none()
            && self.how_often.is_none()
    }
}

impl Failure {
    fn of_rule(wrong: Wrong) -> Self {
        Self::Wrong(format!("Invalid rule: {wrong}"))
    }
}

async fn organization(app: &App, org: &str) -> Result<i64, Failure> {
    projects::organization(&app.database, org)
        .await?
        .ok_or(Failure::NotFound)
}

/// The project that is named; 0 for all.
async fn project(app: &App, organization: i64, asked: Option<&str>) -> Result<i64, Failure> {
    let Some(asked) = asked else { return Ok(0) };
    let known = projects::of_organization(&app.database, organization).await?;
    let found = known.iter().find(|(id, slug)| slug == asked || id.to_string() == asked);
    found.map(|(id, _)| *id).ok_or_else(|| Failure::wrong("project", asked))
}

/// A rule of this organisation. What one may not see is seen by who asks next.
async fn of(app: &App, org: &str, rule: &str) -> Result<Stored, Failure> {
    let organization = organization(app, org).await?;
    let rule = store::one(&app.database, organization, number(rule)?).await?;
    rule.ok_or(Failure::NotFound)
}

fn may_read(who: &Who, rule: &Stored) -> Result<(), Failure> {
    store::may_read(who, rule.organization_id, rule.project_id)
}

fn name(given: &str) -> Result<String, Failure> {
    let name = accounts::name(given);
    if name.is_empty() {
        Err(Failure::Wrong(
            "Invalid rule: name: it is missing: use a text".to_owned(),
        ))
    } else {
        Ok(name)
    }
}

async fn shown(app: &App, organization: i64, id: i64) -> Answer {
    let rule = store::one(&app.database, organization, id)
        .await?
        .ok_or(Failure::NotFound)?;
    let projects = projects::of_organization(&app.database, organization).await?;
    let last = history::last_fired(&app.database, organization).await?;
    Ok(Json(json_of(&rule, &projects, last.get(&id).copied())))
}

/// A rule in answers, without its secrets.
fn json_of(stored: &Stored, projects: &[(i64, String)], last: Option<i64>) -> Value {
    let project = projects.iter().find(|(id, _)| *id == stored.project_id);
    let muted = stored.muted_until(now_ms());
    let mut json = json!({
        "id": stored.id.to_string(),
        "name": stored.name,
        "project": project.map(|(_, slug)| slug),
        "enabled": stored.is_enabled(),
        "mutedUntil": muted.map(|until| if until == FOR_EVER { json!("forever") } else { json!(time(until)) }),
        "createdBy": stored.created_by,
        "dateCreated": time(stored.created_at),
        "dateChanged": time(stored.changed_at),
        "lastFired": last.and_then(time),
        "error": null,
    });
    match stored.rule() {
        Ok(rule) => {
            let mut parts = rule.to_json();
            parts["then"] = json!(rule.actions.iter().map(masked).collect::<Vec<Action>>());
            for name in ["when", "if", "then", "howOften"] {
                json[name] = parts[name].take();
            }
        }
        Err(wrong) => json["error"] = json!(format!("This rule cannot be read, and is not followed: {wrong}")),
    }
    json
}

fn json_of_firing(firing: &Firing) -> Value {
    let deliveries: Vec<Value> = firing.deliveries.iter().map(json_of_delivery).collect();
    json!({
        "id": firing.id.to_string(),
        "rule": firing.rule_id.to_string(),
        "dateFired": time(firing.fired_at),
        "told": firing.told,
        "alert": firing.alert(),
        "deliveries": deliveries,
    })
}

fn json_of_delivery(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id.to_string(),
        "action": delivery.action().as_ref().map(masked),
        "state": delivery.state,
        "tries": delivery.tries,
        "dateCreated": time(delivery.created_at),
        "dateNext": (delivery.state == "waiting").then(|| time(delivery.next_at)).flatten(),
        "dateAnswered": delivery.answered_at.and_then(time),
        "status": delivery.status,
        "answer": delivery.answer,
        "sent": delivery.sent,
    })
}
