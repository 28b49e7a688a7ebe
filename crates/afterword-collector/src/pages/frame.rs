//! What every page has around it: who looks, the projects that they see and the one they chose, the way to the others.

use std::fmt::Write as _;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Failure;
use super::sign_in::here_csrf;
use crate::access::{By, Scope, Who};
use crate::projects::keys;
use crate::projects::{self, Project};
use crate::{App, Error, collector};

/// The most pairs of a query that are read.
const MAX_PAIRS: usize = 200;

/// The entries of the navigation: where and what.
const PLACES: [(&str, &str); 6] = [
    ("/", "Issues"),
    ("/releases/", "Releases"),
    ("/performance/", "Performance"),
    ("/feedback/", "Feedback"),
    ("/alerts/", "Alerts"),
    ("/settings/", "Settings"),
];

/// An argument of every handler of a page, and a field `frame` of its template.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) who: Who,
    /// What a form has to show, in a hidden field `csrf`.
    pub(super) csrf: String,
    /// Those whose events may be seen, by organisation and name.
    pub(super) projects: Vec<Project>,
    /// What `?project=` says: a name or an id, of those that are seen.
    pub(super) chosen: Option<Project>,
    /// The path of this page.
    pub(super) path: String,
    /// The query of this page, as pairs.
    pub(super) query: Vec<(String, String)>,
}

/// An entry of the navigation.
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) url: String,
    /// The page is there or beneath it.
    pub(super) current: bool,
}

impl Frame {
    /// The value of a field of the query, if it has one.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        let value = self.query.iter().find(|(key, _)| key == name);
        value.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// The ids of the projects that the page is about: the chosen one, or all that are seen.
    pub(super) fn project_ids(&self) -> Vec<i64> {
        match &self.chosen {
            Some(project) => vec![project.id],
            None => self.projects.iter().map(|project| project.id).collect(),
        }
    }

    /// A project that may be seen.
    pub(super) fn project(&self, id: i64) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    /// Whether this may be done in one of the projects that are seen.
    pub(super) fn may(&self, scope: Scope) -> bool {
        let mut projects = self.projects.iter();
        projects.any(|project| self.may_in(project, scope))
    }

    /// Whether this may be done in this project.
    pub(super) fn may_in(&self, project: &Project, scope: Scope) -> bool {
        self.who
            .may_in_project(project.organization_id, project.id, scope)
            .is_ok()
    }

    /// With more than one organisation, projects are named together with theirs.
    pub(super) fn name_of(&self, project: &Project) -> String {
        let first = self.projects.first().map(|first| first.organization_id);
        let alone = self
            .projects
            .iter()
            .all(|project| Some(project.organization_id) == first);
        if alone {
            project.slug.clone()
        } else {
            format!("{}/{}", project.organization_slug, project.slug)
        }
    }

    /// The navigation.
    pub(super) fn places(&self) -> Vec<Place> {
        let is_at = |place: &str| match place {
            "/" => self.path == "/" || self.path.starts_with("/issues/"),
            "/performance/" => self.path.starts_with(place) || self.path.starts_with("/traces/"),
            "/releases/" => self.path.starts_with(place) || self.path.starts_with("/compare/"),
            place => self.path.starts_with(place),
        };
        let of = |(place, name): (&'static str, &'static str)| Place {
            name,
            url: self.to(place),
            current: is_at(place),
        };
        PLACES.into_iter().map(of).collect()
    }

    /// Another page, about the same project.
    pub(super) fn to(&self, path: &str) -> String {
        match &self.chosen {
            Some(project) => format!("{path}?project={}", self.key_of(project)),
            None => path.to_owned(),
        }
    }

    /// This page with another value of one field of its query, or without it; the place in a list is given up.
    pub(super) fn with(&self, name: &str, value: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = self
            .query
            .iter()
            .filter(|(key, value)| key != name && key != "cursor" && key != "done" && !value.is_empty());
        query.extend_pairs(kept);
        if let Some(value) = value {
            query.append_pair(name, value);
        }
        let mut url = self.path.clone();
        let query = query.finish();
        if !query.is_empty() {
            let _ = write!(url, "?{query}"); // Writing to a string does not fail.
        }
        url
    }

    /// The chooser of projects: name, address, whether it is the chosen one. A page about one thing alone leads to the
    /// list of issues.
    pub(super) fn choices(&self) -> Vec<(String, String, bool)> {
        let lists = PLACES.iter().any(|(place, _)| *place == self.path);
        let to = |value: Option<&str>| match (lists, value) {
            (true, value) => self.with("project", value),
            (false, Some(value)) => format!("/?project={value}"),
            (false, None) => "/".to_owned(),
        };
        let all = ("All projects".to_owned(), to(None), self.chosen.is_none());
        let each = self.projects.iter().map(|project| {
            let chosen = self.chosen.as_ref().is_some_and(|chosen| chosen.id == project.id);
            (self.name_of(project), to(Some(&self.key_of(project))), chosen)
        });
        std::iter::once(all).chain(each).collect()
    }

    /// What `?project=` says for a project: its name, unless two have it.
    pub(super) fn key_of(&self, project: &Project) -> String {
        let same = self.projects.iter().filter(|other| other.slug == project.slug);
        if same.count() > 1 {
            project.id.to_string()
        } else {
            project.slug.clone()
        }
    }

    /// What the chooser says.
    pub(super) fn chosen_name(&self) -> String {
        let chosen = self.chosen.as_ref();
        chosen.map_or_else(|| "All projects".to_owned(), |project| self.name_of(project))
    }

    /// What an application of the chosen project, or else of the first that is seen, is given to send.
    pub(super) async fn dsn(&self, app: &App) -> Result<Option<String>, Error> {
        let Some(project) = self.chosen.as_ref().or(self.projects.first()) else {
            return Ok(None);
        };
        let keys = keys::list(&app.database, project.id).await?;
        let working = keys.into_iter().find(|key| key.enabled == 1);
        Ok(working.map(|key| collector::dsn(&app.url, &key.public_key, project.id)))
    }

    /// Who is signed in, as the menu names them; `None` on this machine, where nobody needs to be.
    pub(super) fn person(&self) -> Option<&str> {
        let user = self.who.user()?;
        let name = [user.name.as_str(), user.email.as_str()];
        name.into_iter().find(|name| !name.is_empty())
    }

    /// Whether this is a browser that can sign out.
    pub(super) fn is_signed_in(&self) -> bool {
        matches!(self.who.by(), By::SignIn { .. })
    }
}

impl FromRequestParts<App> for Frame {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let who = parts.extensions.get::<Who>().cloned().ok_or(Failure::NotFound)?;
        let csrf = match who.by() {
            By::SignIn { csrf, .. } => csrf.clone(),
            By::Here | By::Token(_) => here_csrf().to_owned(),
        };
        let mut projects = projects::projects(&app.database, who.organizations().as_deref()).await?;
        projects.retain(|project| {
            let may = who.may_in_project(project.organization_id, project.id, Scope::EventRead);
            may.is_ok()
        });
        let text = parts.uri.query().unwrap_or_default();
        let query: Vec<(String, String)> = url::form_urlencoded::parse(text.as_bytes())
            .take(MAX_PAIRS)
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        let mut frame = Self {
            who,
            csrf,
            projects,
            chosen: None,
            path: parts.uri.path().to_owned(),
            query,
        };
        if let Some(asked) = frame.asked("project") {
            let found = frame
                .projects
                .iter()
                .find(|project| project.slug == asked || project.id.to_string() == asked);
            frame.chosen = Some(found.ok_or(Failure::NotFound)?.clone());
        }
        Ok(frame)
    }
}
