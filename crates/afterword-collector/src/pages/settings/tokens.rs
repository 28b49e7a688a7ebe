//! Tokens of the API of whoever looks: made, shown once, revoked.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::{About, DONE, Side, Ways, to};
use crate::access::token::{self, Listed};
use crate::access::{Scope, Scopes};
use crate::api::tokens::{Wanted, made, mine};
use crate::pages::frame::Frame;
use crate::pages::posted::{Fields, Posted};
use crate::pages::said::Said;
use crate::pages::words::When;
use crate::pages::{Failure, number, render};
use crate::projects::{self, Organization};
use crate::{App, api, now_ms};

const HERE: &str = "/settings/account/tokens/";

const DAY_MS: i64 = 86_400_000;

/// How long one can be good for: as the form says it, and in words.
const TIMES: [(&str, &str); 4] = [
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "a year"),
    ("", "until it is revoked"),
];

/// What a token may be given, and what that is for.
const SCOPES: [(Scope, &str); 12] = [
    (
        Scope::ProjectReleases,
        "releases, deploys, debug files: what a build machine uploads",
    ),
    (Scope::EventRead, "issues and events: read"),
    (Scope::EventWrite, "issues: resolve, assign, merge"),
    (Scope::EventAdmin, "issues and events: delete"),
    (Scope::ProjectRead, "projects, keys, symbols: read"),
    (Scope::ProjectWrite, "projects and keys: make and change"),
    (Scope::ProjectAdmin, "projects: delete"),
    (Scope::OrgRead, "the organization: read"),
    (Scope::OrgWrite, "the organization: change"),
    (Scope::OrgAdmin, "people’s data: delete; tokens: make"),
    (Scope::MemberRead, "members: read"),
    (Scope::MemberAdmin, "members: invite, change, remove"),
];

/// Tokens of a page.
const PAGE: i64 = 50;

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/settings/account/tokens/", get(show).post(make))
        .route("/settings/account/tokens/{token}/revoke", post(revoke))
}

#[derive(Template)]
#[template(path = "settings/tokens.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    tokens: Vec<Line>,
    ways: Ways,
    organizations: Vec<Organization>,
    /// What can be chosen: the name and what it is for.
    scopes: Vec<(&'static str, &'static str)>,
    /// The one that was just made, which is shown once.
    new: Option<String>,
}

struct Line {
    id: i64,
    label: String,
    scopes: String,
    organization: Option<String>,
    made: When,
    used: Option<When>,
    /// In words; `None`: never.
    ends: Option<String>,
    is_over: bool,
}

impl Line {
    fn of(listed: Listed, now: i64) -> Self {
        Self {
            id: listed.id,
            scopes: if listed.scopes.is_empty() {
                "everything".to_owned()
            } else {
                Scopes::read(&listed.scopes).names().join(", ")
            },
            organization: listed.organization,
            made: When::of(listed.created_at, now),
            used: listed.last_used_at.map(|at| When::of(at, now)),
            ends: listed.expires_at.map(|at| When::of(at, now).absolute),
            is_over: listed.expires_at.is_some_and(|at| at <= now),
            label: listed.label,
        }
    }
}

async fn show(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    let said = Said::done(&frame, DONE);
    page(&app, frame, said, None).await
}

async fn page(app: &App, frame: Frame, said: Said, new: Option<String>) -> Result<Response, Failure> {
    let mine = mine(&frame.who)?;
    let now = now_ms();
    let tokens = token::list(&app.database, &mine).await?;
    let organizations = projects::organizations(&app.database, frame.who.organizations().as_deref()).await?;
    let may = |scope: Scope| {
        let anywhere = organizations.iter();
        let mut anywhere = anywhere.map(|organization| frame.who.may_in(organization.id, scope).is_ok());
        anywhere.any(|may| may)
    };
    let scopes = SCOPES.into_iter().filter(|(scope, _)| may(*scope));
    let (tokens, ways) = Ways::part(&frame, PAGE, tokens);
    let page = Page {
        ways,
        side: Side::new(app, &frame, About::Neither).await?,
        tokens: tokens.into_iter().map(|listed| Line::of(listed, now)).collect(),
        scopes: scopes.map(|(scope, text)| (scope.name(), text)).collect(),
        organizations,
        said,
        new,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

async fn make(State(app): State<App>, Posted { frame, fields }: Posted) -> Result<Response, Failure> {
    let made = match wanted(&fields) {
        Ok(wanted) => made(&app, &frame.who, &wanted).await,
        Err(failure) => Err(failure),
    };
    match made {
        Ok((_, token)) => page(&app, frame, Said::default(), Some(token)).await,
        Err(failure) => {
            let failure = match failure {
                // What is ticked can be unticked.
                api::Failure::Forbidden(why) => api::Failure::Wrong(why),
                failure => failure,
            };
            page(&app, frame, Said::of("make", fields, failure)?, None).await
        }
    }
}

fn wanted(fields: &Fields) -> Result<Wanted, api::Failure> {
    let name = fields.get("name").trim();
    if name.is_empty() {
        return Err(api::Failure::Wrong(
            "A token needs a name: say what it is for".to_owned(),
        ));
    }
    let scopes: Vec<String> = fields.all("scope").map(str::to_owned).collect();
    if scopes.is_empty() {
        return Err(api::Failure::Wrong("Choose what the token may do".to_owned()));
    }
    let days = fields.get("days");
    if !TIMES.iter().any(|(known, _)| *known == days) {
        return Err(api::Failure::wrong("number of days", days));
    }
    let expires_at = days
        .parse::<i64>()
        .ok()
        .and_then(|days| api::time(now_ms() + days * DAY_MS));
    Ok(Wanted {
        name: name.to_owned(),
        scopes,
        organization: Some(fields.get("organization").to_owned()).filter(|org| !org.is_empty()),
        expires_at,
    })
}

async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    Posted { frame, .. }: Posted,
) -> Result<Response, Failure> {
    if !token::revoke(&app.database, &mine(&frame.who)?, number(&id)?).await? {
        return Err(Failure::NotFound);
    }
    Ok(to(HERE, "token-revoked"))
}
