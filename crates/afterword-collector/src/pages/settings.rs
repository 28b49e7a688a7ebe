//! Settings: of organisations and their projects, of the person who looks, of the server.
//!
//! | path | page |
//! | --- | --- |
//! | `/settings/` | organisations and projects |
//! | `/settings/account/`, `/settings/account/tokens/` | of whoever looks, see `account` and `tokens` |
//! | `/settings/server/` | storage, queue, what was set aside, for who owns everything, see `server` |
//! | `/settings/mail/` | the server that mail goes through, for the same, see `mail` |
//! | `/settings/{org}/`, `/settings/{org}/new/` | an organisation, see `organization` |
//! | `/settings/{org}/-/people/`, `/settings/{org}/-/user-data/` | see `people` and `user_data` |
//! | `/settings/{org}/{project}/` and below | a project, see `project`, `keys`, `symbols`, `kept` |
//!
//! No project is named `-`, since names begin with a letter or digit; `account`, `server` and `mail` are no names of
//! organisations and `new` none of projects (see [`projects::check_slug`]).
//!
//! What is changed goes through the functions behind the API, with the scope that its route asks for.

mod account;
mod asked;
mod kept;
mod keys;
mod mail;
mod organization;
mod people;
mod project;
mod server;
mod symbols;
mod tokens;
mod user_data;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use super::frame::Frame;
use super::said::Said;
use super::words::{When, count, grouped};
use super::{Failure, render};
use crate::access::Scope;
use crate::life::deletions::{self, Deletion, MAX_COUNTED};
use crate::projects::{self, Organization, Project};
use crate::{App, now_ms};

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/settings/", get(overview))
        .merge(account::routes())
        .merge(tokens::routes())
        .merge(server::routes())
        .merge(mail::routes())
        .merge(organization::routes())
        .merge(people::routes())
        .merge(user_data::routes())
        .merge(project::routes())
        .merge(keys::routes())
        .merge(symbols::routes())
        .merge(kept::routes())
}

/// What `?done=` says on the pages of this room.
const DONE: &[(&str, &str)] = &[
    ("saved", "Saved."),
    (
        "mail-sent",
        "The mail server has taken the message: look whether it arrives.",
    ),
    ("mail-forgotten", "The mail server is forgotten."),
    ("made", "The project is made."),
    (
        "deleted",
        "The project is given up: nobody sees it any more and nothing comes in. Its events go little by little.",
    ),
    ("key-made", "The key is made: events may come with its DSN."),
    (
        "key-rotated",
        "The key is rotated: a new one is at the end of the list, and the old one lets nothing in any more.",
    ),
    ("key-removed", "The key is removed: what comes with it is refused."),
    ("role", "The role is changed."),
    ("removed", "They are not a member any more."),
    ("withdrawn", "The invitation is withdrawn: its link opens nothing."),
    ("symbols-removed", "The debug file is removed."),
    ("again", "It is digested again. If that fails, it is set aside again."),
    ("discarded", "It is discarded."),
    ("token-revoked", "The token is revoked."),
    ("ended", "That browser is signed out."),
    (
        "password",
        "The password is changed, and all other browsers are signed out.",
    ),
    ("left", "You left the organization."),
];

/// The way between the pages of the settings: a field `side` of their templates.
struct Side {
    groups: Vec<Group>,
}

struct Group {
    name: String,
    places: Vec<(String, &'static str, bool)>,
}

/// The organisation or the project that a page is about.
#[derive(Clone, Copy)]
enum About<'a> {
    Neither,
    Organization(&'a Organization),
    Project(&'a Project),
}

impl Side {
    async fn new(app: &App, frame: &Frame, about: About<'_>) -> Result<Self, Failure> {
        let group = |name: &str, places: Vec<(String, &'static str)>| {
            let is_here = |(url, title): (String, &'static str)| {
                let is_here = url == frame.path;
                (url, title, is_here)
            };
            Group {
                name: name.to_owned(),
                places: places.into_iter().map(is_here).collect(),
            }
        };
        let mut groups = vec![group("", vec![("/settings/".to_owned(), "Overview")])];
        let of = match about {
            About::Neither => None,
            About::Organization(organization) => Some((organization.id, organization.slug.as_str())),
            About::Project(project) => Some((project.organization_id, project.organization_slug.as_str())),
        };
        if let Some((id, slug)) = of {
            let may = |scope| frame.who.may_in(id, scope).is_ok();
            let mut places = vec![(format!("/settings/{slug}/"), "Projects and name")];
            if may(Scope::MemberRead) {
                places.push((format!("/settings/{slug}/-/people/"), "People"));
            }
            if may(Scope::OrgAdmin) {
                places.push((format!("/settings/{slug}/-/user-data/"), "A person’s data"));
            }
            groups.push(group(slug, places));
        }
        if let About::Project(project) = about {
            let at = format!("/settings/{}/{}/", project.organization_slug, project.slug);
            let places = vec![
                (at.clone(), "General"),
                (format!("{at}keys/"), "Client keys"),
                (format!("{at}symbols/"), "Symbols"),
                (format!("{at}symbols/missing/"), "Missing symbols"),
                (format!("{at}kept/"), "Retention and quotas"),
                (
                    format!("/start/{}/{}/", project.organization_slug, project.slug),
                    "How to send",
                ),
            ];
            groups.push(group(&project.slug, places));
        }
        groups.push(group(
            "You",
            vec![
                ("/settings/account/".to_owned(), "Your account"),
                ("/settings/account/tokens/".to_owned(), "API tokens"),
            ],
        ));
        if owns_everything(app, frame).await? {
            let places = vec![
                ("/settings/server/".to_owned(), "Storage and queue"),
                ("/settings/mail/".to_owned(), "Mail"),
            ];
            groups.push(group("Server", places));
        }
        Ok(Self { groups })
    }
}

/// Whether who looks is an owner of all there is, and so may see what is the server's.
async fn owns_everything(app: &App, frame: &Frame) -> Result<bool, Failure> {
    if frame.who.organizations().is_none() {
        return Ok(frame.who.may(Scope::OrgAdmin).is_ok());
    }
    let all = projects::organizations(&app.database, None).await?;
    let owns = |organization: &Organization| frame.who.may_in(organization.id, Scope::OrgAdmin).is_ok();
    Ok(!all.is_empty() && all.iter().all(owns))
}

/// An organisation, for who may do this there.
async fn organization(app: &App, frame: &Frame, org: &str, scope: Scope) -> Result<Organization, Failure> {
    let id = frame.who.organization(app, org, scope).await?;
    let found = projects::organizations(&app.database, Some(&[id])).await?.pop();
    found.ok_or(Failure::NotFound)
}

/// The last page of a list that is shown begins here.
const MAX_OFFSET: i64 = 100_000;

/// Where the page of a list begins, as `?cursor=` says it.
fn offset(frame: &Frame) -> i64 {
    let asked = frame.asked("cursor").and_then(|offset| offset.parse().ok());
    asked.unwrap_or(0).clamp(0, MAX_OFFSET)
}

/// To the pages of a list before and after.
struct Ways {
    before: Option<String>,
    after: Option<String>,
}

impl Ways {
    /// Of lines that begin at an offset: the one line more that tells whether there are others is taken away.
    fn cut<T>(frame: &Frame, offset: i64, most: i64, lines: &mut Vec<T>) -> Self {
        let kept = usize::try_from(most).unwrap_or(usize::MAX);
        let has_more = lines.len() > kept;
        lines.truncate(kept);
        let to = |offset: i64| {
            let offset = offset.to_string();
            frame.with("cursor", (offset != "0").then_some(offset.as_str()))
        };
        Self {
            before: (offset > 0).then(|| to((offset - most).max(0))),
            after: has_more.then(|| to(offset + most)),
        }
    }

    /// The lines of a page, of all there are.
    fn part<T>(frame: &Frame, most: i64, lines: Vec<T>) -> (Vec<T>, Self) {
        let offset = offset(frame);
        let mut lines: Vec<T> = lines.into_iter().skip(usize::try_from(offset).unwrap_or(0)).collect();
        let ways = Self::cut(frame, offset, most, &mut lines);
        (lines, ways)
    }
}

/// Where a form leads that was taken.
fn to(path: &str, done: &str) -> Response {
    Redirect::to(&format!("{path}?done={done}")).into_response()
}

/// The address of a page of a project.
fn at(project: &Project, page: &str) -> String {
    format!("/settings/{}/{}/{page}", project.organization_slug, project.slug)
}

#[derive(Template)]
#[template(path = "settings/overview.html")]
struct Overview {
    frame: Frame,
    side: Side,
    said: Said,
    organizations: Vec<Shown>,
    going: Vec<Going>,
}

/// An organisation with its projects.
struct Shown {
    organization: Organization,
    projects: Vec<Project>,
    /// How many there are besides these.
    others: usize,
    may_make: bool,
}

/// Projects of each organisation on the first page.
const SHOWN: usize = 25;

/// A project that is being deleted.
struct Going {
    name: String,
    asked: When,
    left: String,
}

impl Going {
    fn of(deletion: Deletion, now: i64) -> Self {
        let left = match deletion.events_left {
            0 => "all events are gone".to_owned(),
            MAX_COUNTED.. => format!("more than {} events are left", grouped(MAX_COUNTED - 1)),
            events => format!("{} left", count(events, "event")),
        };
        Self {
            name: if deletion.name.is_empty() {
                format!("Project {}", deletion.project_id)
            } else {
                deletion.name
            },
            asked: When::of(deletion.asked_at, now),
            left,
        }
    }
}

async fn overview(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    let only = frame.who.organizations();
    let all = projects::organizations(&app.database, only.as_deref()).await?;
    let mut seen = projects::projects(&app.database, only.as_deref()).await?;
    seen.retain(|project| frame.may_in(project, Scope::ProjectRead));
    let mut organizations = Vec::new();
    for organization in all {
        if frame.who.may_in(organization.id, Scope::OrgRead).is_err() {
            continue;
        }
        let of = || seen.iter().filter(|project| project.organization_id == organization.id);
        organizations.push(Shown {
            projects: of().take(SHOWN).cloned().collect(),
            others: of().count().saturating_sub(SHOWN),
            may_make: frame.who.may_in(organization.id, Scope::ProjectWrite).is_ok(),
            organization,
        });
    }
    let mut going = deletions::list(&app.database).await?;
    going.retain(|deletion| frame.who.may_in(deletion.organization_id, Scope::ProjectAdmin).is_ok());
    let now = now_ms();
    let page = Overview {
        side: Side::new(&app, &frame, About::Neither).await?,
        said: Said::done(&frame, DONE),
        organizations,
        going: going.into_iter().map(|deletion| Going::of(deletion, now)).collect(),
        frame,
    };
    Ok(render(&page))
}
