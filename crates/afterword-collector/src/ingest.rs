//! Ingest: the routes that clients send to. It decides who is sending and whether the framing holds, makes an envelope of
//! what is none, makes the bytes durable and answers; what is in them is the business of [`crate::digest`].
//!
//! | route | body | answer |
//! | --- | --- | --- |
//! | `/api/{project}/envelope/` | an envelope | 200 `{"id": …}`; `{}` if it holds no event |
//! | `/api/{project}/store/`, `/api/store/` | an event, as older clients send it | 200 `{"id": …}` |
//! | `/api/{project}/minidump/` | a form with a minidump, or the dump | 200, the id with hyphens as text |
//! | `/api/{project}/events/{event}/attachments/` | a form with files | 201 |
//! | `/api/{project}/security/`, `…/csp-report/` | what a browser reports | 200 `{}` |
//! | GET `/api/{project}/events/{event}/known/` | | 200, what is known of a crash that was sent, see `known` |
//!
//! All of them also without the last slash, in gzip, deflate (zlib), br and zstd, also one inside the other.
//!
//! | answer | when |
//! | --- | --- |
//! | 200 | it is on disk |
//! | 400 | the framing, the form, the JSON or the compressed bytes are malformed |
//! | 403 | no key, an unknown or disabled one, one of another project, or two that differ |
//! | 408 | the body went silent for 30 s, or took more than 10 min |
//! | 413 | over a limit, see below |
//! | 415 | a content encoding that is not known |
//! | 429 with `Retry-After` | all of it is over a quota; never for minidumps |
//! | 503 with `Retry-After` | no memory or disk for it at the moment |
//!
//! Refusals carry `{"detail": …}`, which says what was wrong with the request and nothing of this machine, and the same in
//! `X-Sentry-Error`. What is over a quota is told in `X-Sentry-Rate-Limits` with any status. Browsers may call from
//! anywhere (CORS): a key is public anyway.
//!
//! | limit | of | over it |
//! | --- | --- | --- |
//! | 200 MiB | an envelope or a form, on the wire and decompressed | 413 |
//! | 40 MB | a minidump request that is compressed, on the wire | 413 |
//! | 1 MiB | an `event`, `transaction`, `feedback`, `user_report`; the fields of a form; a browser's report | 413 |
//! | 4 KiB | a `client_report` | 413 |
//! | 100 | `session` items | 413 |
//! | 1000 | items; files of a form | 413 |
//! | 64 KiB, 256 KiB, depth 16 | one header line; those of all items; what is inside each other in one | 413 |
//! | a quota | items of a category | they are dropped and counted |
//!
//! One item that is too large refuses its envelope: its sender learns of it, and nothing else of it is lost silently. An
//! item of an unknown kind is never a reason to refuse. A small part of a refused body is still read, so that its sender
//! comes to reading why.

mod answer;
mod attachments;
mod auth;
mod body;
mod building;
mod form;
mod incoming;
mod keys;
mod known;
mod minidump;
mod outcomes;
mod quotas;
mod security;
mod sender;
mod store;
mod taking;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use afterword_protocol::{Category, EnvelopeView, Limits};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};

use crate::App;

use self::answer::{Refusal, manners, preflight, tell};
use self::body::{Budget, Limit};
use self::incoming::Incoming;
use self::keys::Keys;
use self::outcomes::Outcomes;
use self::quotas::Quotas;
use self::sender::Sender;
use self::taking::{Plan, Taken};

/// As JSON values, what is small on the wire takes up to so many times its bytes.
const GROWS: usize = 80;

/// What ingest keeps in memory; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Ingest {
    budget: Budget,
    pub(crate) keys: Arc<Keys>,
    quotas: Arc<Quotas>,
    pub(crate) outcomes: Arc<Outcomes>,
    pace: Arc<known::Pace>,
}

impl Ingest {
    /// `bodies_bytes`: how much memory the bodies that are being read may hold together.
    pub(crate) fn new(bodies_bytes: usize) -> Self {
        Self {
            budget: Budget::new(bodies_bytes),
            keys: Arc::new(Keys::new()),
            quotas: Arc::new(Quotas::new()),
            outcomes: Arc::default(),
            pace: Arc::default(),
        }
    }
}

/// The routes that clients send to.
pub(crate) fn routes() -> Router<App> {
    let routes: [(&str, MethodRouter<App>); 8] = [
        ("/api/{project}/envelope", post(envelope)),
        ("/api/{project}/store", post(store::of_project)),
        ("/api/store", post(store::of_key)),
        ("/api/{project}/minidump", post(minidump::minidump)),
        (
            "/api/{project}/events/{event}/attachments",
            post(attachments::attachments),
        ),
        ("/api/{project}/security", post(security::security)),
        ("/api/{project}/csp-report", post(security::security)),
        ("/api/{project}/events/{event}/known", get(known::known)),
    ];
    let mut router = Router::new();
    for (path, method) in routes {
        let method = method.options(preflight);
        router = router.route(path, method.clone()).route(&format!("{path}/"), method);
    }
    router.layer(from_fn(manners))
}

async fn envelope(State(app): State<App>, Path(project): Path<String>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let mut credentials = auth::of_request(&parts)?;
    // Before the body is read: what is refused anyway costs nothing.
    let mut sender = match credentials.key()? {
        Some(_) => Some(Sender::with(&app, &credentials, &parts, Some(&project)).await?),
        None => None,
    };
    let taking = async {
        let limit = Limit::of_envelope();
        let incoming = Incoming::of(&parts.headers, body, limit, limit)?;
        let held = app.ingest.budget.read(incoming, limit).await?;
        let view = EnvelopeView::parse(&held, &Limits::default())?;
        if let Some(dsn) = &view.header.dsn {
            credentials.add_dsn(dsn, &project)?;
        }
        let sender = match &mut sender {
            Some(sender) => {
                credentials.key()?;
                sender
            }
            none => none.insert(Sender::with(&app, &credentials, &parts, Some(&project)).await?),
        };
        let plan = Plan::of(&app, sender, &view);
        drop(view);
        plan.carry_out(&app, sender, held).await
    };
    let mut taken = taking.await;
    if let Some(sender) = &sender {
        taken = sender.count(&app, Category::Default, taken);
    }
    Ok(answer_id(&taken?.or_limited()?))
}

/// `{"id": …}`, or `{}` if there is no event.
fn answer_id(taken: &Taken) -> Response {
    match &taken.event_id {
        Some(id) => answer_json(&format!("{{\"id\":\"{id}\"}}"), taken),
        None => answer_json("{}", taken),
    }
}

/// This JSON, and what is limited.
fn answer_json(json: &str, taken: &Taken) -> Response {
    let kind = HeaderValue::from_static("application/json");
    let mut response = ([(header::CONTENT_TYPE, kind)], json.to_owned()).into_response();
    tell(response.headers_mut(), &taken.limits);
    response
}
