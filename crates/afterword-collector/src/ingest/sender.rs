//! Who sends, from the request to a key that may.

use std::sync::Arc;

use axum::http::{header, request};

use super::auth::{self, Credentials};
use super::keys::Key;
use super::outcomes::Outcome;
use super::{Category, Refusal};
use crate::{App, now_ms};

/// A sender with a key that may send.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) key: Arc<Key>,
    pub(super) client: Option<String>,
}

impl Sender {
    /// Who is behind a request that says so outside of its body. `project` is the one in the path, if there is one.
    pub(super) async fn of(app: &App, parts: &request::Parts, project: Option<&str>) -> Result<Self, Refusal> {
        let credentials = auth::of_request(parts)?;
        Self::with(app, &credentials, parts, project).await
    }

    /// Who is behind these credentials.
    pub(super) async fn with(
        app: &App,
        credentials: &Credentials,
        parts: &request::Parts,
        project: Option<&str>,
    ) -> Result<Self, Refusal> {
        let key = credentials
            .key()?
            .ok_or(Refusal::Forbidden("no key: use X-Sentry-Auth, sentry_key or a dsn"))?;
        let key = app.ingest.keys.get(&app.database, key).await?;
        let key = key
            .filter(|key| project.is_none_or(|project| key.project == project))
            .ok_or(Refusal::Forbidden("the key does not belong to this project"))?;
        if !key.enabled {
            return Err(Refusal::Forbidden("the key is disabled"));
        }
        let agent = || parts.headers.get(header::USER_AGENT)?.to_str().ok();
        let client = credentials.client().or_else(agent);
        Ok(Self {
            key,
            client: client.map(|client| client.chars().take(100).collect()),
        })
    }

    /// Counts a refusal that is the sender's doing.
    pub(super) fn count<T>(&self, app: &App, category: Category, result: Result<T, Refusal>) -> Result<T, Refusal> {
        if result.as_ref().is_err_and(Refusal::is_final) {
            let project_id = self.key.project_id;
            app.ingest
                .outcomes
                .count(project_id, category, Outcome::Invalid, 1, now_ms());
        }
        result
    }
}
