//! Who asks, and what they may. Put into the extensions of a request by the middleware of [`crate::access`]; handlers take
//! it as an argument.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::scope::{Role, Scope, Scopes};
use crate::api::Failure;
use crate::{App, projects};

/// Who asks; clones are the same.
///
/// ```text
/// async fn issues(who: Who, State(app): State<App>, Path((org, project)): Path<(String, String)>) -> Answer {
///     let project = who.project(&app, &org, &project, Scope::EventRead).await?;
/// ```
#[derive(Debug, Clone)]
pub(crate) struct Who {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    by: By,
    user: Option<User>,
    /// What the token may; a person's role may restrict it further.
    scopes: Scopes,
    reach: Reach,
}

/// How they show who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum By {
    /// With a token of the API, by its id.
    Token(i64),
    /// Signed in, in a browser.
    SignIn {
        /// Of the row of `sign_ins`.
        id: i64,
        /// What a request that changes something has to show.
        csrf: String,
    },
    /// Not at all: from this machine, for the pages.
    Here,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) name: String,
}

/// How far it goes.
#[derive(Debug)]
pub(crate) enum Reach {
    /// All organisations.
    Everything,
    /// These organisations, as what, and as what else in some of their projects.
    Some {
        organizations: HashMap<i64, Role>,
        projects: HashMap<i64, Role>,
    },
}

impl Who {
    pub(crate) fn new(by: By, user: Option<User>, scopes: Scopes, reach: Reach) -> Self {
        let inner = Inner {
            by,
            user,
            scopes,
            reach,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Whoever works at this machine: all.
    pub(crate) fn here() -> Self {
        Self::new(By::Here, None, Scopes::ALL, Reach::Everything)
    }

    /// How they show who they are.
    pub(crate) fn by(&self) -> &By {
        &self.inner.by
    }

    /// The person, if it is one or a token of one.
    pub(crate) fn user(&self) -> Option<&User> {
        self.inner.user.as_ref()
    }

    /// For what keeps a note of who did something: an e-mail address, or what stands for it.
    pub(crate) fn actor(&self) -> String {
        match (&self.inner.user, &self.inner.by) {
            (Some(user), _) => user.email.clone(),
            (None, By::Token(id)) => format!("token {id}"),
            (None, By::SignIn { .. } | By::Here) => "this machine".to_owned(),
        }
    }

    /// The scopes that the token has, or a person can have at all.
    pub(crate) fn scopes(&self) -> Scopes {
        self.inner.scopes
    }

    /// The organisations it is limited to; `None`: all.
    pub(crate) fn organizations(&self) -> Option<Vec<i64>> {
        match &self.inner.reach {
            Reach::Everything => None,
            Reach::Some { organizations, .. } => {
                let mut ids: Vec<i64> = organizations.keys().copied().collect();
                ids.sort_unstable();
                Some(ids)
            }
        }
    }

    /// Whether it has this scope at all.
    ///
    /// # Errors
    /// 403 that names the scope.
    pub(crate) fn may(&self, scope: Scope) -> Result<(), Failure> {
        allowed(self.inner.scopes.has(scope), scope)
    }

    /// Whether it may do this to what belongs to an organisation.
    ///
    /// # Errors
    /// 404 for an organisation it may not see, 403 that names the missing scope.
    pub(crate) fn may_in(&self, organization_id: i64, scope: Scope) -> Result<(), Failure> {
        let scopes = self.scopes_in(organization_id).ok_or(Failure::NotFound)?;
        allowed(scopes.has(scope), scope)
    }

    /// Whether it may do this to what belongs to a project of an organisation.
    ///
    /// # Errors
    /// 404 for an organisation it may not see, 403 that names the missing scope.
    pub(crate) fn may_in_project(&self, organization_id: i64, project_id: i64, scope: Scope) -> Result<(), Failure> {
        let scopes = self
            .scopes_in_project(organization_id, project_id)
            .ok_or(Failure::NotFound)?;
        allowed(scopes.has(scope), scope)
    }

    /// Whether it may do this in every organisation: for what belongs to the collector as a whole.
    ///
    /// # Errors
    /// 404 if there is an organisation that it may not see, 403 that names the missing scope.
    pub(crate) async fn everything(&self, app: &App, scope: Scope) -> Result<(), Failure> {
        let Reach::Some { .. } = self.inner.reach else {
            return self.may(scope);
        };
        for organization in projects::organizations(&app.database, None).await? {
            self.may_in(organization.id, scope)?;
        }
        self.may(scope)
    }

    /// The organisation of this name, if it may do this there.
    ///
    /// # Errors
    /// 404 for one that is not there or that it may not see, 403 that names the missing scope.
    pub(crate) async fn organization(&self, app: &App, org: &str, scope: Scope) -> Result<i64, Failure> {
        let id = projects::organization(&app.database, org)
            .await?
            .ok_or(Failure::NotFound)?;
        self.may_in(id, scope)?;
        Ok(id)
    }

    /// The project of these names, if it may do this there.
    ///
    /// # Errors
    /// 404 for one that is not there or that it may not see, 403 that names the missing scope.
    pub(crate) async fn project(&self, app: &App, org: &str, project: &str, scope: Scope) -> Result<i64, Failure> {
        let found = projects::by_slugs(&app.database, org, project).await?;
        let (organization_id, project_id) = found.ok_or(Failure::NotFound)?;
        self.may_in_project(organization_id, project_id, scope)?;
        Ok(project_id)
    }

    /// Whether it may do this to something of this project, for what is asked for by an id of its own.
    ///
    /// # Errors
    /// 404 for one that is not there or that it may not see, 403 that names the missing scope.
    pub(crate) async fn of_project(&self, app: &App, project_id: i64, scope: Scope) -> Result<(), Failure> {
        let organization_id = projects::organization_of(&app.database, project_id).await?;
        self.may_in_project(organization_id.ok_or(Failure::NotFound)?, project_id, scope)
    }

    /// What it may in an organisation; `None` if it may not even know that it is there.
    pub(crate) fn scopes_in(&self, organization_id: i64) -> Option<Scopes> {
        match &self.inner.reach {
            Reach::Everything => Some(self.inner.scopes),
            Reach::Some { organizations, .. } => {
                let role = organizations.get(&organization_id)?;
                Some(self.inner.scopes.and(role.scopes()))
            }
        }
    }

    /// What it may in a project of an organisation. An owner of the organisation is one of all its projects.
    pub(crate) fn scopes_in_project(&self, organization_id: i64, project_id: i64) -> Option<Scopes> {
        let Reach::Some {
            organizations,
            projects,
        } = &self.inner.reach
        else {
            return Some(self.inner.scopes);
        };
        let role = match (*organizations.get(&organization_id)?, projects.get(&project_id)) {
            (Role::Owner, _) => Role::Owner,
            (_, Some(role)) => *role,
            (role, None) => role,
        };
        Some(self.inner.scopes.and(role.scopes()))
    }
}

fn allowed(allowed: bool, scope: Scope) -> Result<(), Failure> {
    if allowed {
        Ok(())
    } else {
        Err(Failure::Forbidden(format!(
            "You do not have permission to perform this action: it needs the scope {}",
            scope.name()
        )))
    }
}

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // A route outside of the middleware: nobody may anything there.
        parts.extensions.get::<Self>().cloned().ok_or(Failure::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> Who {
        let reach = Reach::Some {
            organizations: HashMap::from([(1, Role::Member), (2, Role::Owner)]),
            projects: HashMap::from([
                (10, Role::Owner),
                (11, Role::Viewer),
                (20, Role::Viewer),
                (30, Role::Owner),
            ]),
        };
        Who::new(By::Here, None, Scopes::ALL, reach)
    }

    #[test]
    fn what_one_may_not_see_is_not_there() {
        let who = member();
        assert!(who.may_in(1, Scope::EventWrite).is_ok() && who.may_in(2, Scope::OrgAdmin).is_ok());
        let Err(Failure::Forbidden(why)) = who.may_in(1, Scope::ProjectWrite) else {
            panic!("a member may not change projects");
        };
        assert!(why.contains("project:write"), "{why}");
        assert!(matches!(who.may_in(3, Scope::OrgRead), Err(Failure::NotFound)));
        assert!(
            matches!(who.may_in_project(3, 30, Scope::EventRead), Err(Failure::NotFound)),
            "a role in a project is nothing without one in its organisation"
        );
        assert_eq!(who.organizations(), Some(vec![1, 2]));
    }

    #[test]
    fn a_role_in_a_project_counts_there() {
        let who = member();
        assert!(who.may_in_project(1, 10, Scope::ProjectAdmin).is_ok());
        assert!(who.may_in_project(1, 11, Scope::EventWrite).is_err());
        assert!(who.may_in_project(1, 12, Scope::EventWrite).is_ok());
        assert!(
            who.may_in_project(2, 20, Scope::ProjectAdmin).is_ok(),
            "an owner stays one"
        );
    }

    #[test]
    fn a_token_may_no_more_than_its_person_and_its_scopes() {
        let reach = Reach::Some {
            organizations: HashMap::from([(1, Role::Member)]),
            projects: HashMap::new(),
        };
        let who = Who::new(By::Token(1), None, Scopes::read("project:admin event:read"), reach);
        assert!(who.may_in(1, Scope::ProjectReleases).is_ok() && who.may_in(1, Scope::EventRead).is_ok());
        assert!(who.may_in(1, Scope::ProjectAdmin).is_err(), "the role does not have it");
        assert!(who.may_in(1, Scope::EventWrite).is_err(), "the token does not have it");
    }
}
