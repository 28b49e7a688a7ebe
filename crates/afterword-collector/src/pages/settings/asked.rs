//! The project that a page of the settings is about, named by `{org}` and `{project}` in its address: an argument of handlers
//! that only those get who may do this there.

use std::collections::HashMap;
use std::marker::PhantomData;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};

use crate::App;
use crate::access::Scope;
use crate::pages::Failure;
use crate::pages::frame::Frame;
use crate::pages::needs::Needs;
use crate::pages::posted::{Fields, Posted};
use crate::projects::{self, Project};

/// A page that is asked for.
#[derive(Debug)]
pub(super) struct Seen<N> {
    pub(super) frame: Frame,
    pub(super) project: Project,
    needs: PhantomData<N>,
}

/// A form that was sent.
#[derive(Debug)]
pub(super) struct Sent<N> {
    pub(super) frame: Frame,
    pub(super) project: Project,
    pub(super) fields: Fields,
    needs: PhantomData<N>,
}

impl<N: Needs> FromRequestParts<App> for Seen<N> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let names = Names::of(parts, app).await?;
        let frame = Frame::from_request_parts(parts, app).await?;
        Ok(Self {
            project: names.project(app, &frame, N::SCOPE).await?,
            frame,
            needs: PhantomData,
        })
    }
}

impl<N: Needs> FromRequest<App> for Sent<N> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let names = Names::of(&mut parts, app).await.map_err(Failure::into_response)?;
        let Posted { frame, fields } = Posted::from_request(Request::from_parts(parts, body), app).await?;
        let project = names.project(app, &frame, N::SCOPE).await;
        Ok(Self {
            project: project.map_err(Failure::into_response)?,
            frame,
            fields,
            needs: PhantomData,
        })
    }
}

struct Names {
    org: String,
    project: String,
}

impl Names {
    async fn of(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let names = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let Path(mut names) = names.map_err(|_| Failure::NotFound)?;
        let mut name = |key| names.remove(key).ok_or(Failure::NotFound);
        Ok(Self {
            org: name("org")?,
            project: name("project")?,
        })
    }

    async fn project(&self, app: &App, frame: &Frame, scope: Scope) -> Result<Project, Failure> {
        let id = frame.who.project(app, &self.org, &self.project, scope).await?;
        projects::project(&app.database, id).await?.ok_or(Failure::NotFound)
    }
}
