//! The server: takes what Sentry clients send, makes issues of it, and shows them, as JSON and as pages.
//!
//! The way of an event through this crate, in the order of its modules:
//!
//! 1. `ingest` takes a request of a client: who is sending, is the framing whole, is it within the limits and quotas.
//!    What is no envelope becomes one. The bytes, as they came but decompressed, become a row of the `inbox` (or, if they
//!    are large, a file of `blobs`); once they are on disk the sender is answered.
//! 2. `digest`, a task of its own, takes the oldest envelope from the inbox and sorts its items: an `event` is read
//!    (leniently: no shape is refused), put into an issue by `grouping`, and written; attachments become blobs,
//!    feedback is kept with the event it names; transactions and spans are kept
//!    by their trace, sessions by their id; anything else is counted by kind. Writing the results and taking the
//!    envelope out of the inbox is one transaction.
//! 3. `queries` reads issues and events back; `api` serves them as JSON in the shapes of Sentry's web API, `pages`
//!    as HTML without any script. `access` decides who may see them.
//!
//! [`Collector`] holds it together: it starts all this on a data folder and an address, and ends it. The program
//! `afterword-collector` is a command line around it; the demo and the tests start one inside their own process.
//!
//! # Invariants
//!
//! - Answered with 200 means on disk: the file and the row are synced before the answer.
//! - Ingest looks into an item for no more than its id and how it begins; digest never refuses a shape. What cannot be digested is set aside with its
//!   error, after a bounded number of tries, and never stands in the way of others.
//! - Digesting an envelope twice is the same as once.
//! - The payload of an event is kept byte for byte; what pages show is read from it each time.
//! - Everything shown came from strangers: templates escape, the content security policy forbids scripts but our one.
//! - Until somebody has an account, pages are for this machine; then for who is signed in, or has a token.
//! - A change is made only for a form of our own pages, or a request with a token, that shows the second secret of its sign-in.
//!
//! # On disk
//!
//! ```text
//! <data>/collector.lock   held while a collector works here
//! <data>/afterword.db     everything but the bytes of envelopes and attachments
//! <data>/blobs/           those bytes, if they are large
//! ```

mod blobs;
mod collector;
mod database;
mod error;
mod pepper;
mod presence;
mod projects;
mod serving;
mod settings;

mod inbox;
mod ingest;

mod alerts;
mod digest;
mod event;
mod grouping;
mod issues;
mod lenient;
mod performance;
mod releases;

mod access;
mod accounts;
mod api;
mod life;
mod pages;
mod queries;
mod search;
mod symbols;
mod trace;

pub use accounts::command::{Listed, add_user, list_users, remove_user, set_password};
pub use alerts::{MailServer, WrongMailServer};
pub use api::openapi;
pub use collector::{Bootstrap, Collector, Config};
pub use error::Error;
pub use life::backup::{Copied, backup, restore};

/// What every request handler has at hand; clones share it.
#[derive(Debug, Clone)]
struct App {
    database: database::Database,
    blobs: blobs::Blobs,
    inbox: inbox::Inbox,
    ingest: ingest::Ingest,
    symbols: symbols::Symbols,
    accounts: accounts::Accounts,
    /// What the digest of this process remembers.
    caches: digest::Caches,
    life: life::Life,
    /// Sends alerts.
    sending: alerts::Sending,
    /// The rules, as they are asked.
    alerts: alerts::Alerts,
    /// Where this collector is reached, without a slash at the end.
    url: std::sync::Arc<str>,
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    i64::try_from(time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// Runs what blocks (files) where it may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
