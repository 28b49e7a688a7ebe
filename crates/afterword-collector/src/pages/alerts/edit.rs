//! The form that makes or changes a rule, with what the rule would have sent.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::form::{Choice, Form, Hook, Row, UNITS, choices};
use super::rule_for;
use crate::access::Scope;
use crate::alerts::preview::{self, Preview};
use crate::alerts::rule::{MAX_RULES, Rule};
use crate::alerts::store::{self, New, Stored};
use crate::pages::frame::Frame;
use crate::pages::posted::Posted;
use crate::pages::words::{When, count};
use crate::pages::{Failure, render};
use crate::{App, accounts, now_ms, projects};

#[derive(Template)]
#[template(path = "alerts/form.html")]
struct Page {
    frame: Frame,
    /// `None`: a new one.
    rule: Option<(i64, String)>,
    action: String,
    form: Form,
    places: Vec<Place>,
    rows: Vec<Row>,
    slack: Vec<String>,
    hooks: Vec<Hook>,
    wrong: Option<String>,
    preview: Option<Shown>,
}

/// What a rule can look at.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) value: String,
    pub(super) name: String,
    organization_id: i64,
    project_id: i64,
}

struct Shown {
    sentence: String,
    messages: Vec<Message>,
    notes: Vec<String>,
}

struct Message {
    at: When,
    headline: String,
    url: String,
    others: Option<String>,
}

impl Page {
    fn kind(&self, kind: &str) -> bool {
        self.form.kind == kind
    }

    fn units(&self, chosen: &str) -> Vec<Choice> {
        choices(&UNITS, chosen)
    }

    fn pers(&self) -> Vec<Choice> {
        choices(&[("issue", "of one issue"), ("all", "in all")], &self.form.per)
    }

    fn ofs(&self) -> Vec<Choice> {
        choices(&[("sessions", "sessions"), ("users", "users")], &self.form.of)
    }
}

/// What rules of this person can look at.
pub(super) async fn places(frame: &Frame, app: &App) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    let organizations = projects::organizations(&app.database, frame.who.organizations().as_deref()).await?;
    let alone = organizations.len() == 1;
    for organization in organizations {
        let own = frame
            .projects
            .iter()
            .filter(|project| project.organization_id == organization.id && frame.may_in(project, Scope::ProjectWrite));
        places.extend(own.map(|project| Place {
            value: project.id.to_string(),
            name: frame.name_of(project),
            organization_id: organization.id,
            project_id: project.id,
        }));
        if store::may_write(&frame.who, organization.id, 0).is_ok() {
            places.push(Place {
                value: format!("all:{}", organization.id),
                name: if alone {
                    "all projects".to_owned()
                } else {
                    format!("all of {}", organization.slug)
                },
                organization_id: organization.id,
                project_id: 0,
            });
        }
    }
    Ok(places)
}

/// `/alerts/new/`
pub(super) async fn new(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    let places = places(&frame, &app).await?;
    if places.is_empty() {
        return Err(may_not());
    }
    let chosen = frame.chosen.as_ref().map(|project| project.id.to_string());
    let form = Form {
        place: chosen
            .or_else(|| places.first().map(|place| place.value.clone()))
            .unwrap_or_default(),
        ..Form::default()
    };
    Ok(show(frame, None, form, places, false, None, None))
}

/// `/alerts/{id}/edit/`
pub(super) async fn edit(frame: Frame, State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    let stored = rule_for(&app, &frame, &id).await?;
    store::may_write(&frame.who, stored.organization_id, stored.project_id)?;
    let places = places(&frame, &app).await?;
    let (form, wrong) = match stored.rule() {
        Ok(rule) => (
            Form::of(&stored.name, value_of(&stored), stored.is_enabled(), &rule),
            None,
        ),
        Err(wrong) => {
            let form = Form {
                name: stored.name.clone(),
                place: value_of(&stored),
                ..Form::default()
            };
            (
                form,
                Some(format!(
                    "This rule cannot be read ({wrong}). Say anew what it is to be."
                )),
            )
        }
    };
    Ok(show(frame, Some(&stored), form, places, false, wrong, None))
}

/// Posted to `/alerts/new/`.
pub(super) async fn make(State(app): State<App>, posted: Posted) -> Result<Response, Failure> {
    taken(&app, posted, None).await
}

/// Posted to `/alerts/{id}/edit/`.
pub(super) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Failure> {
    let stored = rule_for(&app, &posted.frame, &id).await?;
    store::may_write(&posted.frame.who, stored.organization_id, stored.project_id)?;
    taken(&app, posted, Some(stored)).await
}

async fn taken(app: &App, posted: Posted, stored: Option<Stored>) -> Result<Response, Failure> {
    let Posted { frame, fields } = posted;
    let form = Form::read(&fields);
    let places = places(&frame, app).await?;
    if places.is_empty() {
        return Err(may_not());
    }
    let again = |frame: Frame, form: Form, places, more, wrong, preview| {
        show(frame, stored.as_ref(), form, places, more, wrong, preview)
    };
    if fields.has("more") {
        return Ok(again(frame, form, places, true, None, None));
    }
    let Some(place) = places.iter().find(|place| place.value == form.place).cloned() else {
        let wrong = "Choose what the rule looks at.".to_owned();
        return Ok(again(frame, form, places, false, Some(wrong), None));
    };
    if stored
        .as_ref()
        .is_some_and(|stored| stored.organization_id != place.organization_id)
    {
        let wrong = "A rule stays in its organisation: make a new one in the other.".to_owned();
        return Ok(again(frame, form, places, false, Some(wrong), None));
    }
    let before = stored.as_ref().and_then(|stored| stored.rule().ok());
    let before = before.map(|rule| rule.actions).unwrap_or_default();
    let rule = match Rule::read_changed(&form.to_json(), &before) {
        Ok(rule) => rule,
        Err(wrong) => {
            let words = Form::words(&wrong);
            return Ok(again(frame, form, places, false, Some(words), None));
        }
    };
    if fields.has("preview") {
        let (organization, project) = (place.organization_id, place.project_id);
        let preview = preview::preview(app, organization, project, &form.name, rule.clone()).await?;
        let shown = shown(&rule, &preview);
        return Ok(again(frame, form, places, false, None, Some(shown)));
    }
    let name = accounts::name(&form.name);
    if name.is_empty() {
        let wrong = "The rule needs a name.".to_owned();
        return Ok(again(frame, form, places, false, Some(wrong), None));
    }
    let new = New {
        project_id: place.project_id,
        name: &name,
        rule: &rule,
        enabled: form.enabled,
    };
    let id = match &stored {
        Some(stored) => {
            if !store::change(&app.database, stored.id, &new).await? {
                return Err(Failure::NotFound);
            }
            stored.id
        }
        None => {
            let made = store::make(&app.database, place.organization_id, &new, &frame.who.actor()).await?;
            let Some(id) = made else {
                let wrong = format!("There are {MAX_RULES} rules already: remove one first.");
                return Ok(again(frame, form, places, false, Some(wrong), None));
            };
            id
        }
    };
    app.alerts.refresh(&app.database).await?;
    Ok(Redirect::to(&format!("/alerts/{id}/?done=saved")).into_response())
}

fn show(
    frame: Frame,
    stored: Option<&Stored>,
    form: Form,
    places: Vec<Place>,
    more: bool,
    wrong: Option<String>,
    preview: Option<Shown>,
) -> Response {
    let status = if wrong.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let page = Page {
        action: frame.path.clone(),
        rule: stored.map(|stored| (stored.id, stored.name.clone())),
        rows: form.rows(more),
        slack: form.slack_rows(more),
        hooks: form.hook_rows(more),
        frame,
        form,
        places,
        wrong,
        preview,
    };
    (status, render(&page)).into_response()
}

fn shown(rule: &Rule, preview: &Preview) -> Shown {
    let now = now_ms();
    let days = preview::DAYS;
    let places = rule.actions.len();
    let sentence = match preview.messages {
        0 => format!("In the last {days} days it would have sent nothing."),
        messages => {
            let messages = count(i64::try_from(messages).unwrap_or(i64::MAX), "message");
            let each = if places > 1 {
                format!(" to each of {places} places")
            } else {
                String::new()
            };
            format!("In the last {days} days it would have sent {messages}{each}.")
        }
    };
    Shown {
        sentence,
        messages: preview
            .shown
            .iter()
            .map(|message| Message {
                at: When::of(message.at, now),
                headline: message.headline.clone(),
                url: message.url.clone(),
                others: (message.others > 0).then(|| format!("and {} more", message.others)),
            })
            .collect(),
        notes: preview.notes.clone(),
    }
}

fn value_of(stored: &Stored) -> String {
    match stored.project_id {
        0 => format!("all:{}", stored.organization_id),
        id => id.to_string(),
    }
}

fn may_not() -> Failure {
    Failure::Forbidden("Rules are made by owners of a project or an organisation: ask one of them.".to_owned())
}
