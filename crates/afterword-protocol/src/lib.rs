//! Sentry's ingest protocol without I/O: what clients send and servers answer, as values.
//!
//! Both ends of the wire use this crate, so that what one writes the other reads: the store and the uploader make
//! envelopes, the collector takes them apart. Nothing in here opens a file or a socket, knows a clock, or keeps a
//! global; whoever calls brings the bytes and the time.
//!
//! Three things live here:
//!
//! - [`envelope`]: the framing. An envelope is a line of JSON followed by items, each a line of JSON and a payload.
//!   Reading is bounded by [`Limits`] in every direction a sender could grow (bytes, items, headers, depth), and lenient
//!   in what it need not understand: unknown item types, unknown header fields and fields of an unexpected type are
//!   kept, never refused. Writing always states the length of a payload, so that any byte may be in it.
//! - [`auth`]: who is sending. A client may say it in a header, in the query or as Basic credentials; the collector
//!   takes any of them and insists that those present agree.
//! - [`rate_limits`]: when to keep quiet. A table from category to the moment sending may go on, fed by the headers of
//!   any answer, small enough to be kept on disk between runs.
//!
//! A [`Dsn`] says where to send and as whom; parsing it is `sentry-types`' work and re-exported, since the Sentry
//! clients around us mean the same thing by it.
//!
//! # Invariants
//!
//! - [`Envelope::parse`] never allocates more than the input's size and some dozens of megabytes for the headers, however
//!   they are written, and never recurses deeper than [`Limits::header_depth`]. [`EnvelopeView`] does without the former.
//! - What [`Envelope::to_bytes`] wrote, [`Envelope::parse`] reads back to an equal value; only a number of very many digits,
//!   in a field that we do not know, may come back as the one beside it.
//! - A rate limit never lasts longer than [`rate_limits::LONGEST`], whatever a server or a clock says.
//!
//! Sources: the public [envelope] and [rate limit] pages of the SDK documentation, and what real clients were seen to
//! send.
//!
//! [envelope]: https://develop.sentry.dev/sdk/data-model/envelopes/
//! [rate limit]: https://develop.sentry.dev/sdk/expected-features/rate-limiting/

pub mod auth;
pub mod envelope;
pub mod rate_limits;

pub use auth::{Auth, AuthError};
pub use envelope::{Envelope, EnvelopeError, EnvelopeHeader, EnvelopeView, Item, ItemHeader, ItemView, Limits};
pub use rate_limits::{Category, RateLimits};
pub use sentry_types::{Dsn, ParseDsnError};
