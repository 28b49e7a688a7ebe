//! What a request brings along, read strictly: what is wrong is said in the answer.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::Failure;

/// The longest body of a request that changes settings.
pub(super) const MAX_BODY_BYTES: usize = 128 << 10;

/// A body that is JSON of this form. It has to say so (`Content-Type: application/json`), which no other site's form can.
#[derive(Debug)]
pub(super) struct Given<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Given<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let is_json = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
        if !is_json {
            return Err(Failure::Wrong(
                "The body has to be JSON: send Content-Type: application/json".to_owned(),
            ));
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error| Failure::Wrong(error.body_text()))?;
        if bytes.len() > MAX_BODY_BYTES {
            return Err(Failure::Wrong("The body is too long".to_owned()));
        }
        match Json::from_bytes(&bytes) {
            Ok(Json(value)) => Ok(Self(value)),
            Err(error) => Err(Failure::Wrong(error.body_text())),
        }
    }
}

/// For what can be left out, stated, or stated as `null`: `null` is something else than nothing.
pub(super) fn stated<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
