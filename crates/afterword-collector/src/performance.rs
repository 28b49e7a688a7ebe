//! Performance: how often transactions of a name happened, how long they took and how many failed, over time; and what
//! the spans inside them cost.
//!
//! Figures are summed up while transactions are digested, for each hour and each day in which they ended, by project,
//! name, release and environment: a question about months reads some rows a day and name, however many transactions
//! there were. A duration goes into a [`histogram::Histogram`], which can be added to others and tells percentiles to within 2 %, and
//! exactly while there are few.
//!
//! What clients send as a name may be different each time (an id in it). So that this does not make a row of every
//! transaction, only so many different names, releases and environments are told apart in an hour of a project
//! ([`names::Kind::most`]); what comes beyond is counted as [`names::OTHER`].

pub(crate) mod histogram;
pub(crate) mod lines;
pub(crate) mod names;
pub(crate) mod reading;
pub(crate) mod retention;
pub(crate) mod writing;

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Whether a transaction or span with this status is a failure: one that says nothing, or that somebody gave up waiting
/// for it, is none. The statuses are those of <https://develop.sentry.dev/sdk/data-model/event-payloads/span/>.
pub(crate) fn is_failure(status: Option<&str>) -> bool {
    status.is_some_and(|status| !["ok", "cancelled", "unknown"].contains(&status))
}
