//! The members of an organisation and those who are invited.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::time;
use super::given::Given;
use super::{Answer, Failure};
use crate::access::{Role, Scope, User, Who};
use crate::accounts::invitations::{self, Invitation};
use crate::accounts::people::{self, Member};
use crate::error::OrFailed as _;
use crate::{App, accounts, now_ms, projects};

/// What begins the id of somebody who is invited.
const INVITED: &str = "invitation-";

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, invite))
        .routes(routes!(one, change, remove))
}

/// Who is to be invited.
#[derive(Deserialize, ToSchema)]
struct Invited {
    email: String,
    /// `owner`, `member` or `viewer`.
    #[serde(alias = "orgRole")]
    role: String,
}

/// What of a member is to be changed; what is left out stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Changes {
    /// `owner`, `member` or `viewer`.
    #[serde(alias = "orgRole")]
    pub(crate) role: Option<String>,
    /// By project: another role there, or null for that of the organisation.
    #[serde(default)]
    pub(crate) project_roles: BTreeMap<String, Option<String>>,
}

/// The members of an organisation, and who is invited.
#[utoipa::path(get, path = "/api/0/organizations/{org}/members/", tag = "members",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn list(who: Who, State(app): State<App>, Path(org): Path<String>) -> Answer {
    let id = who.organization(&app, &org, Scope::MemberRead).await?;
    let members = people::members(&app.database, id).await?;
    let roles = people::project_roles(&app.database, id).await?;
    let invited = invitations::of_organization(&app.database, id).await?;
    let now = now_ms();
    let members = members.iter().map(|member| json_of(member, &roles));
    Ok(Json(
        members
            .chain(invited.iter().map(|invited| json_of_invited(invited, now)))
            .collect(),
    ))
}

/// Invites somebody: the link in the answer makes its opener a member, once, within a week.
#[utoipa::path(post, path = "/api/0/organizations/{org}/members/", tag = "members", request_body = Invited,
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 201, body = Value), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn invite(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    Given(given): Given<Invited>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let id = who.organization(&app, &org, Scope::MemberWrite).await?;
    let (invitation, link) = invited(&app, &who, id, &given.email, &given.role).await?;
    let mut json = json_of_invited(&invitation, now_ms());
    json["inviteLink"] = link.into();
    Ok((StatusCode::CREATED, Json(json)))
}

/// Invites somebody, for who may. Returns the link, too, which is kept nowhere.
///
/// # Errors
/// 400 for an address or a role that is none, 409 for who is a member already.
pub(crate) async fn invited(
    app: &App,
    who: &Who,
    organization_id: i64,
    email: &str,
    role_name: &str,
) -> Result<(Invitation, String), Failure> {
    let email = accounts::email(email)?;
    let role = role(role_name)?;
    let members = people::members(&app.database, organization_id).await?;
    if members.iter().any(|member| member.person.email == email) {
        return Err(Failure::Conflict("This person is a member already".to_owned()));
    }
    let by = who.user().map(|user| user.id);
    let made = invitations::invite(&app.database, organization_id, &email, role, by, now_ms()).await?;
    let (invitation, token) = made;
    Ok((invitation, format!("{}/invitation/{token}", app.url)))
}

/// A member.
#[utoipa::path(get, path = "/api/0/organizations/{org}/members/{member}/", tag = "members",
    params(("org" = String, Path, description = "The organisation"), ("member" = String, Path, description = "The id of the member, or `me`")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn one(who: Who, State(app): State<App>, Path((org, member)): Path<(String, String)>) -> Answer {
    let scope = if member == "me" {
        Scope::OrgRead
    } else {
        Scope::MemberRead
    };
    let id = who.organization(&app, &org, scope).await?;
    let member = find(&app, id, &who, &member).await?;
    let roles = people::project_roles(&app.database, id).await?;
    Ok(Json(json_of(&member, &roles)))
}

/// Changes what somebody is in the organisation or in some of its projects.
#[utoipa::path(put, path = "/api/0/organizations/{org}/members/{member}/", tag = "members", request_body = Changes,
    params(("org" = String, Path, description = "The organisation"), ("member" = String, Path, description = "The id of the member")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn change(
    who: Who,
    State(app): State<App>,
    Path((org, member)): Path<(String, String)>,
    Given(changes): Given<Changes>,
) -> Answer {
    let id = who.organization(&app, &org, Scope::MemberAdmin).await?;
    changed(&app, &who, &org, id, &member, &changes).await?;
    let member = find(&app, id, &who, &member).await?;
    let roles = people::project_roles(&app.database, id).await?;
    Ok(Json(json_of(&member, &roles)))
}

/// Changes the roles of a member, for who may; `org` is the name of the organisation.
///
/// # Errors
/// 404 if there is no such member, 400 for a role or a project that is none, 409 if nobody would own the organisation.
pub(crate) async fn changed(
    app: &App,
    who: &Who,
    org: &str,
    id: i64,
    member: &str,
    changes: &Changes,
) -> Result<(), Failure> {
    let operation = "change a member";
    let found = find(app, id, who, member).await?;
    let new = changes.role.as_deref().map(role).transpose()?;
    let mut in_projects = Vec::new();
    for (slug, name) in &changes.project_roles {
        let found = projects::by_slugs(&app.database, org, slug).await?;
        let (_, project_id) = found.ok_or_else(|| Failure::wrong("project", slug))?;
        in_projects.push((project_id, name.as_deref().map(role).transpose()?));
    }
    let mut transaction = app.database.write.begin().await.or_failed(operation)?;
    if let Some(new) = new {
        if new != Role::Owner {
            keeps_an_owner(&mut transaction, id, &found).await?;
        }
        people::set_role(&mut transaction, id, found.person.id, new, now_ms()).await?;
    }
    for (project_id, role) in in_projects {
        people::set_project_role(&mut transaction, project_id, found.person.id, role).await?;
    }
    transaction.commit().await.or_failed(operation)?;
    tracing::info!(
        member = found.person.id,
        by = who.actor(),
        "a member's roles were changed"
    );
    Ok(())
}

/// Takes somebody out of the organisation, or an invitation back.
#[utoipa::path(delete, path = "/api/0/organizations/{org}/members/{member}/", tag = "members",
    params(("org" = String, Path, description = "The organisation"), ("member" = String, Path, description = "The id of the member or invitation, or `me`")),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn remove(
    who: Who,
    State(app): State<App>,
    Path((org, member)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let scope = if member == "me" {
        Scope::OrgRead
    } else {
        Scope::MemberAdmin
    };
    let id = who.organization(&app, &org, scope).await?;
    if let Some(invitation) = member.strip_prefix(INVITED) {
        let withdrawn = invitations::withdraw(&app.database, id, super::number(invitation)?).await?;
        return if withdrawn {
            Ok(StatusCode::NO_CONTENT)
        } else {
            Err(Failure::NotFound)
        };
    }
    removed(&app, &who, id, &member).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody out of an organisation, for who may.
///
/// # Errors
/// 404 if there is no such member, 409 if nobody would own the organisation.
pub(crate) async fn removed(app: &App, who: &Who, organization_id: i64, member: &str) -> Result<(), Failure> {
    let operation = "remove a member";
    let found = find(app, organization_id, who, member).await?;
    let mut transaction = app.database.write.begin().await.or_failed(operation)?;
    keeps_an_owner(&mut transaction, organization_id, &found).await?;
    people::remove_member(&mut transaction, organization_id, found.person.id).await?;
    transaction.commit().await.or_failed(operation)?;
    tracing::info!(member = found.person.id, by = who.actor(), "a member was removed");
    Ok(())
}

/// Whether the organisation has an owner without this one.
async fn keeps_an_owner(connection: &mut sqlx::AnyConnection, id: i64, member: &Member) -> Result<(), Failure> {
    let is_owner = member.role == Role::Owner.name();
    if is_owner && people::other_owners(connection, id, member.person.id).await? == 0 {
        return Err(Failure::Conflict(
            "An organization needs an owner: make somebody else one first".to_owned(),
        ));
    }
    Ok(())
}

async fn find(app: &App, organization_id: i64, who: &Who, member: &str) -> Result<Member, Failure> {
    let id = match (member, who.user()) {
        ("me", Some(user)) => user.id,
        ("me", None) => return Err(Failure::NotFound),
        (id, _) => super::number(id)?,
    };
    let members = people::members(&app.database, organization_id).await?;
    members
        .into_iter()
        .find(|member| member.person.id == id)
        .ok_or(Failure::NotFound)
}

fn role(name: &str) -> Result<Role, Failure> {
    Role::named(name).ok_or_else(|| Failure::wrong("role (use owner, member or viewer)", name))
}

fn json_of(member: &Member, roles: &[(i64, String, String)]) -> Value {
    let person = &member.person;
    let user = User {
        id: person.id,
        email: person.email.clone(),
        name: person.name.clone(),
    };
    let theirs = roles.iter().filter(|(id, _, _)| *id == person.id);
    let in_projects: Map<String, Value> = theirs
        .map(|(_, slug, role)| (slug.clone(), role.clone().into()))
        .collect();
    let mut json = super::accounts::user(&user);
    json["user"] = super::accounts::user(&user);
    json["user"]["lastLogin"] = person.last_sign_in_at.and_then(time).into();
    json["user"]["dateJoined"] = time(person.created_at).into();
    json["role"] = member.role.clone().into();
    json["orgRole"] = member.role.clone().into();
    json["projectRoles"] = in_projects.into();
    json["pending"] = false.into();
    json["expired"] = false.into();
    json["dateCreated"] = time(member.member_since).into();
    json
}

fn json_of_invited(invitation: &Invitation, now: i64) -> Value {
    json!({
        "id": format!("{INVITED}{}", invitation.id),
        "email": invitation.email,
        "name": invitation.email,
        "user": null,
        "role": invitation.role,
        "orgRole": invitation.role,
        "projectRoles": {},
        "pending": true,
        "expired": invitation.expires_at <= now,
        "dateCreated": time(invitation.created_at),
        "dateExpires": time(invitation.expires_at),
    })
}
