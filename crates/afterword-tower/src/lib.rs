//! HTTP middleware for Sentry's SDK: what happens in a request is reported with that request.
//!
//! [`AfterwordLayer`] is a [`tower_layer::Layer`] for any service of HTTP requests: axum, tonic, hyper. It knows the
//! `sentry` crates and nothing else of Afterword, and brings no runtime, no server and no client.
//!
//! ```
//! use std::sync::Arc;
//!
//! use afterword_tower::AfterwordLayer;
//! use axum::extract::Path;
//! use axum::routing::get;
//! use axum::{Extension, Router};
//! use sentry::Hub;
//!
//! async fn user(Path(id): Path<u32>, Extension(hub): Extension<Arc<Hub>>) -> String {
//!     // The same hub as `Hub::current()`: what is said to it stays with this request.
//!     hub.configure_scope(|scope| scope.set_tag("user.id", id));
//!     assert!(id < 1000, "answered with 500, and reported with method, path and tag");
//!     format!("user {id}")
//! }
//!
//! let app: Router = Router::new()
//!     .route("/users/{id}", get(user))
//!     .layer(AfterwordLayer::new().send_request(true));
//! ```
//!
//! # What it does
//!
//! - **A hub for each request**, a clone of the one in the request's extensions if it comes with one, else of the one that is
//!   current when it comes. It is the current one whenever the handler or the body of its answer is polled, and is found in
//!   the request's extensions as `Arc<Hub>`. A task that the handler spawns gets it with `sentry::SentryFutureExt::bind_hub`.
//! - **A transaction for each request**, if the client traces at all. It goes on with the caller's trace (`sentry-trace`,
//!   `baggage`), is named by method and matched route (where the layer is added to axum's routes; else by the path), and ends
//!   with the answer's body. Without tracing, the errors of a request still carry the trace that its caller sent.
//! - **Panics are recovered**: captured with what is known of the request, logged, and answered with a plain 500. It does not
//!   matter whether the service panics when it is asked whether it is ready, when it is called, or while its future is
//!   polled. A panic in the *body* of an answer comes too late for a 500: the body ends with [`BodyPanicked`], and the server
//!   breaks the connection off, so that nobody takes the part for the whole.
//! - **Release health**, if the client has a release: each request counts as a session that crashed (it panicked), errored
//!   (an error was captured, or the answer is a 5xx or broke off), or exited. Counts are handed to the client once a minute.
//!
//! # One panic, one event
//!
//! A panic hook (the SDK's panic integration, or the one of `afterword`) captures a panic where it happens. Since that is on
//! the request's hub, the event has the request, and the layer sees it pass and does not report the panic again. It corrects
//! what a hook cannot know: that the panic was handled (unless `repanic`), and so no fatal error. If no hook reports, the
//! layer does, as mechanism `afterword.tower`, with the stack of the panic.
//!
//! A `CatchPanic` layer may stand on either side. Inside, it answers the panic, and the layer reports it; outside, it answers
//! what `repanic` lets through. Panics are only recovered in programs that unwind: with `panic = "abort"` they are crashes.
//!
//! # Options
//!
//! They are methods of the layer, and of [`LayerOptions`], which an application's settings file can hold.
//!
//! | name | default | what |
//! | --- | --- | --- |
//! | [`repanic`](AfterwordLayer::repanic) | `false` | a captured panic goes on, for a layer further out to answer |
//! | [`wait_for_delivery`](AfterwordLayer::wait_for_delivery) | `false` | the answer to a panic waits until the client has flushed |
//! | [`send_request`](AfterwordLayer::send_request) | `false` | events have the request's headers and query |
//! | [`send_body`](AfterwordLayer::send_body) | `false` | events have the request's body, as far as the handler read it |
//! | [`timeout`](AfterwordLayer::timeout) | 2 s | the longest wait for delivery |
//!
//! # What of a request is in an event
//!
//! Always the method and the URL without its query. With `send_request` the query and the headers: at most 64 names, values
//! up to 1 KiB. Those that hold secrets or tell who asks (cookies, authorisation, tokens, keys, addresses of the client) are
//! left out unless the client's `send_default_pii` is on. With `send_body` the body: JSON, forms and text, not compressed, at
//! most 64 KiB, copied while the handler reads it. Nothing is read for the report's sake and nothing is held back, so a body
//! without end costs no more than the copy. What was cut says so. What the application sets itself, in an event's `request`
//! or `transaction`, stays as it is.
//!
//! # Features
//!
//! `axum` (default): the names of matched routes, and `send_body` for axum's body. Other bodies: [`RequestBodyLayer`].

mod layer;
mod options;

mod exchange;

mod baggage;
mod body;
mod future;

mod delivery;
mod frameworks;
mod panics;
mod request;
mod sessions;
mod text;

pub use body::{BodyPanicked, ResponseBody};
pub use future::ResponseFuture;
pub use layer::{AfterwordLayer, AfterwordService};
pub use options::LayerOptions;
pub use request::{ObservedBody, RequestBodyLayer, RequestBodyService};
