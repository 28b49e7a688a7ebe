//! Release health: session items as they are read, and what several updates of one session leave. Pure.
//!
//! A session is known by its `sid`. Its updates may come in any order and more than once, so that what is kept is the
//! same whatever the order was: [`Session::with`] keeps the newer of two, but
//!
//! - an end is final: nothing newer takes it back, and of two ends the earlier is the end;
//! - errors never become fewer, and a crash is an error;
//! - an update that lacks what another knew does not make it unknown.
//!
//! An update without `init` makes the session all the same: its first may be late, or lost.
//!
//! Sources: <https://develop.sentry.dev/sdk/telemetry/sessions/>, and for the defaults of what is missing, Relay.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use serde_json::Value;
use uuid::Uuid;

use super::clock::Clock;
use super::items::cut;
use crate::event::parse_time;
use crate::pepper::Pepper;

/// The most of one item `sessions` that is read.
pub(super) const MAX_AGGREGATES: usize = 1000;
/// As many as Sentry takes.
const MAX_RELEASE_CHARS: usize = 250;
const MAX_ENVIRONMENT_CHARS: usize = 64;
const MAX_DID_CHARS: usize = 500;
const MAX_ERRORS: i64 = 1_000_000_000;
const MAX_DURATION_MS: i64 = 10 * 365 * 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// How a session is or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// It goes on.
    Ok,
    /// It ended in order.
    Exited,
    /// It ended by something that was no crash of its own: killed, or the power went.
    Abnormal,
    /// It ended by a crash.
    Crashed,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Session {
    pub(super) sid: String,
    pub(super) release: String,
    pub(super) environment: String,
    /// Of whom, hashed; empty if not known.
    pub(super) did: String,
    #[sqlx(try_from = "String")]
    pub(super) status: Status,
    pub(super) errors: i64,
    pub(super) mechanism: String,
    pub(super) started_at: i64,
    pub(super) duration_ms: Option<i64>,
    pub(super) seq: i64,
    pub(super) updated_at: i64,
}

/// How many sessions that started in one minute ended in which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aggregate {
    pub(super) release: String,
    pub(super) environment: String,
    pub(super) did: String,
    pub(super) started_at: i64,
    pub(super) exited: i64,
    pub(super) errored: i64,
    pub(super) abnormal: i64,
    pub(super) crashed: i64,
}

impl Session {
    /// Reads an item `session`.
    ///
    /// # Errors
    /// What it lacks, in words.
    pub(super) fn read(raw: &Value, clock: Clock, pepper: &Pepper) -> Result<Self, String> {
        let sid = raw.get("sid").and_then(Value::as_str).unwrap_or_default();
        let sid = Uuid::parse_str(sid.trim()).map_err(|_| "its sid is no id")?;
        if sid.is_nil() {
            return Err("its sid is nobody's".to_owned());
        }
        let (release, environment) = attributes(raw)?;
        let (status, had_error) = status(raw.get("status"))?;
        let least = i64::from(had_error || status == Status::Crashed);
        let updated_at = clock.occurred_at(raw.get("timestamp").and_then(parse_time));
        Ok(Self {
            sid: sid.simple().to_string(),
            release,
            environment,
            did: did(raw, pepper),
            status,
            errors: count(raw, "errors").clamp(least, MAX_ERRORS),
            mechanism: text(raw, "abnormal_mechanism", MAX_ENVIRONMENT_CHARS),
            started_at: started_at(raw, clock)?,
            duration_ms: duration_ms(raw.get("duration")),
            seq: raw.get("seq").and_then(Value::as_i64).unwrap_or(clock.received_at),
            updated_at,
        })
    }

    /// What is known of the session after another update of it.
    pub(super) fn with(self, other: Self) -> Self {
        let (mut kept, lost) = if self.yields_to(&other) {
            (other, self)
        } else {
            (self, other)
        };
        kept.errors = kept.errors.max(lost.errors);
        kept.duration_ms = kept.duration_ms.or(lost.duration_ms);
        for (known, before) in [(&mut kept.did, lost.did), (&mut kept.environment, lost.environment)] {
            if known.is_empty() {
                *known = before;
            }
        }
        kept
    }

    fn yields_to(&self, other: &Self) -> bool {
        let age = |session: &Self| (session.seq, session.updated_at);
        match (self.status.is_end(), other.status.is_end()) {
            (false, true) => true,
            (true, false) => false,
            (false, false) => age(self) < age(other),
            // Of ends at the same moment, the worse.
            (true, true) => (age(self), Reverse(self.status)) > (age(other), Reverse(other.status)),
        }
    }
}

impl TryFrom<String> for Status {
    type Error = String;

    /// Out of the database.
    fn try_from(text: String) -> Result<Self, String> {
        let all = [Self::Ok, Self::Exited, Self::Abnormal, Self::Crashed];
        all.into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no status of a session"))
    }
}

impl Status {
    /// In the database.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Exited => "exited",
            Self::Abnormal => "abnormal",
            Self::Crashed => "crashed",
        }
    }

    fn is_end(self) -> bool {
        self != Self::Ok
    }
}

/// Reads an item `sessions`. With those that are malformed or too many left out, and said in words.
///
/// # Errors
/// What the item as a whole lacks, in words.
pub(super) fn aggregates(
    raw: &Value,
    clock: Clock,
    pepper: &Pepper,
) -> Result<(Vec<Aggregate>, Option<String>), String> {
    let (release, environment) = attributes(raw)?;
    let Some(Value::Array(all)) = raw.get("aggregates") else {
        return Err("it has no list of aggregates".to_owned());
    };
    let mut left_out = all.len().saturating_sub(MAX_AGGREGATES);
    let mut first_reason = (left_out > 0).then(|| format!("only {MAX_AGGREGATES} are taken"));
    let mut read = Vec::with_capacity(all.len().min(MAX_AGGREGATES));
    for one in all.iter().take(MAX_AGGREGATES) {
        match started_at(one, clock) {
            Ok(started_at) => read.push(Aggregate {
                release: release.clone(),
                environment: environment.clone(),
                did: did(one, pepper),
                started_at: started_at - started_at.rem_euclid(MINUTE_MS),
                exited: count(one, "exited"),
                // Sentry's newest kind of end is an error that nobody handled and that ended nothing.
                errored: (count(one, "errored") + count(one, "unhandled")).min(MAX_ERRORS),
                abnormal: count(one, "abnormal"),
                crashed: count(one, "crashed"),
            }),
            Err(reason) => {
                left_out += 1;
                first_reason.get_or_insert(reason);
            }
        }
    }
    let words = first_reason.map(|reason| format!("{left_out} of its {} aggregates left out: {reason}", all.len()));
    Ok((read, words))
}

/// The release, which must be there, and the environment.
fn attributes(raw: &Value) -> Result<(String, String), String> {
    let attributes = raw.get("attrs").unwrap_or(&Value::Null);
    let release = text(attributes, "release", MAX_RELEASE_CHARS);
    if release.is_empty() {
        return Err("it names no release".to_owned());
    }
    Ok((release, text(attributes, "environment", MAX_ENVIRONMENT_CHARS)))
}

/// The status, and whether it says that there was an error.
fn status(raw: Option<&Value>) -> Result<(Status, bool), String> {
    Ok(match raw {
        None | Some(Value::Null) => (Status::Ok, false),
        Some(Value::String(word)) => match word.as_str() {
            "ok" => (Status::Ok, false),
            "exited" => (Status::Exited, false),
            "errored" | "unhandled" => (Status::Exited, true),
            "abnormal" => (Status::Abnormal, false),
            "crashed" => (Status::Crashed, false),
            other => return Err(format!("its status is {:?}", cut(other, 40))),
        },
        Some(_) => return Err("its status is no text".to_owned()),
    })
}

fn started_at(raw: &Value, clock: Clock) -> Result<i64, String> {
    let stated = raw.get("started").and_then(parse_time);
    Ok(clock.occurred_at(Some(stated.ok_or("it does not say when it started")?)))
}

fn did(raw: &Value, pepper: &Pepper) -> String {
    let did = match raw.get("did") {
        Some(Value::Number(number)) => number.to_string(),
        _ => text(raw, "did", MAX_DID_CHARS),
    };
    if did.is_empty() { did } else { pepper.hash(&did) }
}

fn count(raw: &Value, name: &str) -> i64 {
    let count = raw.get(name).and_then(Value::as_u64).unwrap_or(0);
    i64::try_from(count).map_or(MAX_ERRORS, |count| count.min(MAX_ERRORS))
}

/// Seconds, in milliseconds. A duration below zero is none.
fn duration_ms(raw: Option<&Value>) -> Option<i64> {
    let ms = raw?.as_f64()? * 1000.0;
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and is bounded then")]
    (ms >= 0.0).then(|| (ms.round() as i64).min(MAX_DURATION_MS))
}

fn text(raw: &Value, name: &str, chars: usize) -> String {
    let text = raw.get(name).and_then(Value::as_str).unwrap_or_default();
    cut(text.trim(), chars)
}
