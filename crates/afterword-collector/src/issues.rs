//! The life of an issue: what it is until something happens, what people do to it, and what became of it.
//!
//! ```text
//!              resolve                     an event of a newer release, or after the resolution
//! unresolved ──────────▶ resolved ──────────────────────────────────────────▶ unresolved (regressed)
//!     │       ignore                       so many events or users more, or the time is over
//!     └────────────────▶ ignored  ──────────────────────────────────────────▶ unresolved (escalating)
//! ```
//!
//! What people do is in [`change`], [`merge`], [`split`] and [`remove`]; what an event does is decided by [`turn`] and written
//! by the digest with the event. All of it is noted in the issue's [`activity`].
//!
//! Merging, splitting and deleting move counts in one transaction and the events themselves some at a time ([`moves`]): that
//! the process ends in between changes nothing. They hold a lock that the digest holds, too, while it writes a batch, so that
//! no event is put into an issue that is going away.

pub(crate) mod activity;
pub(crate) mod bulk;
pub(crate) mod change;
mod counts;
pub(crate) mod groups;
pub(crate) mod merge;
pub(crate) mod moves;
pub(crate) mod next_release;
pub(crate) mod remove;
pub(crate) mod split;
pub(crate) mod state;
pub(crate) mod turn;
pub(crate) mod watch;

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;
