//! The people of an organisation, what they are there and in its projects, and who is invited.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::{About, DONE, Side, Ways, organization, to};
use crate::access::Scope;
use crate::accounts::invitations::{self, Invitation};
use crate::accounts::people::{self, Member};
use crate::api::members::{Changes, changed, invited, removed};
use crate::pages::frame::Frame;
use crate::pages::posted::{Fields, Posted};
use crate::pages::said::Said;
use crate::pages::words::When;
use crate::pages::{Failure, number, render};
use crate::projects::{self, Organization};
use crate::{App, now_ms};

/// What a person can be: the name, and what that may.
const ROLES: [(&str, &str); 3] = [
    ("viewer", "Viewer: sees everything, changes nothing"),
    ("member", "Member: works on issues and releases"),
    ("owner", "Owner: everything, people and settings too"),
];

/// People of a page, and invitations.
const PAGE: i64 = 100;
const SHOWN: usize = 50;

/// What begins the name of a field that says what somebody is in a project.
const IN_PROJECT: &str = "in.";

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/settings/{org}/-/people/", get(show).post(invite))
        .route("/settings/{org}/-/people/leave", post(leave))
        .route("/settings/{org}/-/people/{member}/", get(one))
        .route("/settings/{org}/-/people/{member}/role", post(change))
        .route("/settings/{org}/-/people/{member}/remove", post(remove))
        .route("/settings/{org}/-/invitations/{invitation}/again", post(again))
        .route("/settings/{org}/-/invitations/{invitation}/withdraw", post(withdraw))
}

#[derive(Template)]
#[template(path = "settings/people.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    organization: Organization,
    people: Vec<Line>,
    invitations: Vec<Open>,
    ways: Ways,
    /// How many more are invited.
    other_invitations: usize,
    may_invite: bool,
    may_change: bool,
    /// Who looks is a member, and may leave.
    may_leave: bool,
    /// An invitation that was just made: to whom, and its link, which is shown once.
    link: Option<(String, String)>,
}

struct Line {
    id: i64,
    name: String,
    email: String,
    role: String,
    since: When,
    last_sign_in: Option<When>,
    /// Where they are something else: project and role.
    in_projects: BTreeMap<String, String>,
    is_me: bool,
}

/// What one of them is, to be changed.
#[derive(Template)]
#[template(path = "settings/member.html")]
struct MemberPage {
    frame: Frame,
    side: Side,
    said: Said,
    organization: Organization,
    line: Line,
    /// The names of the projects.
    projects: Vec<String>,
}

struct Open {
    id: i64,
    email: String,
    role: String,
    is_over: bool,
    expires: When,
}

async fn show(frame: Frame, State(app): State<App>, Path(org): Path<String>) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::MemberRead).await?;
    let said = Said::done(&frame, DONE);
    page(&app, frame, organization, said, None).await
}

async fn page(
    app: &App,
    frame: Frame,
    organization: Organization,
    said: Said,
    link: Option<(String, String)>,
) -> Result<Response, Failure> {
    let now = now_ms();
    let id = organization.id;
    let may = |scope| frame.who.may_in(id, scope).is_ok();
    let (may_invite, may_change) = (may(Scope::MemberWrite), may(Scope::MemberAdmin));
    let me = frame.who.user().map(|user| user.id);
    let roles = people::project_roles(&app.database, id).await?;
    let members = people::members(&app.database, id).await?;
    let people: Vec<Line> = members
        .into_iter()
        .map(|member| line(member, &roles, me, now))
        .collect();
    let invitations = invitations::of_organization(&app.database, id).await?;
    let may_leave = people.iter().any(|line| line.is_me);
    let (people, ways) = Ways::part(&frame, PAGE, people);
    let other_invitations = invitations.len().saturating_sub(SHOWN);
    let page = Page {
        ways,
        other_invitations,
        side: Side::new(app, &frame, About::Organization(&organization)).await?,
        may_leave,
        people,
        invitations: invitations
            .into_iter()
            .take(SHOWN)
            .map(|invitation| open(invitation, now))
            .collect(),
        may_invite,
        may_change,
        organization,
        said,
        link,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

fn line(member: Member, roles: &[(i64, String, String)], me: Option<i64>, now: i64) -> Line {
    let person = member.person;
    let theirs = roles.iter().filter(|(id, _, _)| *id == person.id);
    Line {
        id: person.id,
        in_projects: theirs.map(|(_, slug, role)| (slug.clone(), role.clone())).collect(),
        is_me: me == Some(person.id),
        name: person.name,
        email: person.email,
        role: member.role,
        since: When::of(member.member_since, now),
        last_sign_in: person.last_sign_in_at.map(|at| When::of(at, now)),
    }
}

fn open(invitation: Invitation, now: i64) -> Open {
    Open {
        id: invitation.id,
        is_over: invitation.expires_at <= now,
        expires: When::of(invitation.expires_at, now),
        email: invitation.email,
        role: invitation.role,
    }
}

async fn one(
    frame: Frame,
    State(app): State<App>,
    Path((org, member)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::MemberAdmin).await?;
    let said = Said::done(&frame, DONE);
    member_page(&app, frame, organization, &member, said).await
}

async fn member_page(
    app: &App,
    frame: Frame,
    organization: Organization,
    member: &str,
    said: Said,
) -> Result<Response, Failure> {
    let id = number(member)?;
    let members = people::members(&app.database, organization.id).await?;
    let found = members.into_iter().find(|member| member.person.id == id);
    let roles = people::project_roles(&app.database, organization.id).await?;
    let me = frame.who.user().map(|user| user.id);
    let line = line(found.ok_or(Failure::NotFound)?, &roles, me, now_ms());
    let projects = projects::of_organization(&app.database, organization.id).await?;
    let page = MemberPage {
        side: Side::new(app, &frame, About::Organization(&organization)).await?,
        projects: projects.into_iter().map(|(_, slug)| slug).collect(),
        organization,
        line,
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

async fn invite(
    State(app): State<App>,
    Path(org): Path<String>,
    Posted { frame, fields }: Posted,
) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::MemberWrite).await?;
    let (email, role) = (fields.get("email"), fields.get("role"));
    match invited(&app, &frame.who, organization.id, email, role).await {
        Ok((invitation, link)) => {
            let link = Some((invitation.email, link));
            page(&app, frame, organization, Said::default(), link).await
        }
        Err(failure) => {
            let said = Said::of("invite", fields, failure)?;
            page(&app, frame, organization, said, None).await
        }
    }
}

/// Another link to the same person; the one before opens nothing any more.
async fn again(
    State(app): State<App>,
    Path((org, invitation)): Path<(String, String)>,
    Posted { frame, .. }: Posted,
) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::MemberWrite).await?;
    let id = number(&invitation)?;
    let all = invitations::of_organization(&app.database, organization.id).await?;
    let found = all.into_iter().find(|open| open.id == id).ok_or(Failure::NotFound)?;
    let (invitation, link) = invited(&app, &frame.who, organization.id, &found.email, &found.role).await?;
    let link = Some((invitation.email, link));
    page(&app, frame, organization, Said::default(), link).await
}

async fn withdraw(
    State(app): State<App>,
    Path((org, invitation)): Path<(String, String)>,
    Posted { frame, .. }: Posted,
) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::MemberAdmin).await?;
    if !invitations::withdraw(&app.database, organization.id, number(&invitation)?).await? {
        return Err(Failure::NotFound);
    }
    Ok(to(&format!("/settings/{org}/-/people/"), "withdrawn"))
}

async fn change(
    State(app): State<App>,
    Path((org, member)): Path<(String, String)>,
    Posted { frame, fields }: Posted,
) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::MemberAdmin).await?;
    number(&member)?;
    let changes = changes(&fields);
    let changed = changed(&app, &frame.who, &org, organization.id, &member, &changes).await;
    let taken = changed.map(|()| to(&format!("/settings/{org}/-/people/"), "role"));
    Said::answered(taken, "member", fields, |said| {
        member_page(&app, frame, organization, &member, said)
    })
    .await
}

fn changes(fields: &Fields) -> Changes {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let in_projects = fields.0.iter().filter_map(|(name, role)| {
        let slug = name.strip_prefix(IN_PROJECT)?;
        Some((slug.to_owned(), text(role)))
    });
    let another = text(fields.get("project")).map(|slug| (slug, text(fields.get("project_role"))));
    Changes {
        role: Some(fields.get("role").to_owned()),
        project_roles: in_projects.chain(another).collect(),
    }
}

async fn remove(
    State(app): State<App>,
    Path((org, member)): Path<(String, String)>,
    Posted { frame, fields }: Posted,
) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::MemberAdmin).await?;
    number(&member)?;
    let removed = removed(&app, &frame.who, organization.id, &member).await;
    let taken = removed.map(|()| to(&format!("/settings/{org}/-/people/"), "removed"));
    Said::answered(taken, "member", fields, |said| {
        member_page(&app, frame, organization, &member, said)
    })
    .await
}

/// For whoever is a member, without any other scope.
async fn leave(
    State(app): State<App>,
    Path(org): Path<String>,
    Posted { frame, .. }: Posted,
) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::OrgRead).await?;
    removed(&app, &frame.who, organization.id, "me").await?;
    Ok(to("/settings/", "left"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    #[test]
    fn all_roles_are_explained() {
        assert!(ROLES.iter().all(|(name, _)| Role::named(name).is_some()));
    }
}
