//! The credentials of a request: from its headers, its query and its envelope.

use afterword_protocol::Dsn;
use afterword_protocol::auth::{self, Auth, AuthError};
use axum::http::request::Parts;
use axum::http::{HeaderName, header};

use super::Refusal;

const X_SENTRY_AUTH: HeaderName = HeaderName::from_static("x-sentry-auth");

/// All keys a request names, and its client.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    found: Vec<Auth>,
}

/// Reads what stands outside the body. Credentials of another kind (`Bearer`) are not ours and passed over.
pub(super) fn of_request(parts: &Parts) -> Result<Credentials, Refusal> {
    let value = |name| parts.headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let mut credentials = Credentials::default();
    if let Some(value) = value(X_SENTRY_AUTH) {
        credentials.add(auth::from_header(value))?;
    }
    if let Some(value) = value(header::AUTHORIZATION) {
        for read in [auth::from_header(value), auth::from_basic(value)] {
            if !matches!(read, Err(AuthError::Scheme { .. })) {
                credentials.add(read)?;
            }
        }
    }
    if let Some(query) = parts.uri.query() {
        let read = auth::from_query(query);
        if !matches!(read, Err(AuthError::NoKey)) {
            credentials.add(read)?;
        }
    }
    Ok(credentials)
}

impl Credentials {
    /// Adds the DSN of an envelope, which must be of the project in the path.
    pub(super) fn add_dsn(&mut self, dsn: &str, project: &str) -> Result<(), Refusal> {
        let dsn: Dsn = dsn
            .parse()
            .map_err(|_| Refusal::Forbidden("the envelope's dsn is malformed"))?;
        if dsn.project_id().value() != project {
            return Err(Refusal::Forbidden("the envelope's dsn is of another project"));
        }
        self.found.push(Auth {
            public_key: dsn.public_key().to_owned(),
            version: None,
            client: None,
        });
        Ok(())
    }

    /// The key that all of them name.
    pub(super) fn key(&self) -> Result<Option<&str>, Refusal> {
        auth::agree(self.found.iter().map(|auth| auth.public_key.as_str()))
            .map_err(|_| Refusal::Forbidden("the request names different keys"))
    }

    /// Name and version of the client, if it said them.
    pub(super) fn client(&self) -> Option<&str> {
        self.found.iter().find_map(|auth| auth.client.as_deref())
    }

    fn add(&mut self, read: Result<Auth, AuthError>) -> Result<(), Refusal> {
        self.found
            .push(read.map_err(|_| Refusal::Forbidden("the credentials are malformed"))?);
        Ok(())
    }
}
