//! Transactions and spans as they are read. Pure.
//!
//! A transaction is an event with its spans; it is a span itself, described by `contexts.trace`. Spans also come alone,
//! in a container of up to a thousand. Whichever way it came, a span is one row, known by its trace and its id, so that
//! a trace is put together from spans alone, over all transactions, processes and projects.
//!
//! Sources: <https://develop.sentry.dev/sdk/data-model/event-payloads/transaction/>,
//! <https://develop.sentry.dev/sdk/telemetry/spans/span-protocol/>.

#[cfg(test)]
mod tests;

use afterword_protocol::Item;
use serde_json::Value;

use super::Failure;
use super::clock::Clock;
use super::items::{cut, parse};
use super::row::compressed;
use crate::blobs::sha256_hex;
use crate::event::{Event, parse_time_us};

/// The most spans of one transaction, and of one container, that become rows.
pub(super) const MAX_SPANS: usize = 1000;
/// The longest payload of a span that came alone that is kept beside its row.
const MAX_RAW_BYTES: usize = 64 << 10;
const MAX_NAME_CHARS: usize = 1000;
const MAX_WORD_CHARS: usize = 200;
const MAX_RELEASE_CHARS: usize = crate::releases::MAX_VERSION_CHARS;

/// A transaction.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) event_id: String,
    pub(super) name: String,
    pub(super) op: Option<String>,
    pub(super) status: Option<String>,
    pub(super) release: Option<String>,
    pub(super) environment: Option<String>,
    /// Whose it was, hashed, as that of events.
    pub(super) user_key: Option<String>,
    pub(super) started_us: i64,
    pub(super) ended_us: i64,
    /// Its own first, if it says where it belongs.
    pub(super) spans: Vec<Span>,
    /// Beyond the bound, or without an id.
    pub(super) spans_cut: i64,
    /// Compressed with zstd.
    pub(super) raw: Vec<u8>,
}

/// A span.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) trace_id: String,
    pub(super) span_id: String,
    pub(super) parent_span_id: Option<String>,
    pub(super) event_id: Option<String>,
    pub(super) is_segment: bool,
    pub(super) name: String,
    pub(super) op: Option<String>,
    pub(super) status: Option<String>,
    pub(super) release: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) started_us: i64,
    pub(super) ended_us: i64,
    pub(super) raw: Option<String>,
}

impl Transaction {
    /// Reads an item `transaction`.
    pub(super) fn of(item: Item, event_id: String, clock: Clock) -> Result<Self, Failure> {
        let raw = parse(&item)?;
        let event = Event::read(&raw);
        let times = Times::of(&raw, "timestamp", clock);
        let name = cut(
            event.transaction.as_deref().unwrap_or("<unlabeled transaction>"),
            MAX_NAME_CHARS,
        );
        let context = raw.pointer("/contexts/trace").unwrap_or(&Value::Null);
        let mut transaction = Self {
            event_id,
            name,
            op: word(context.get("op")),
            status: word(context.get("status")),
            release: event.release.as_deref().map(|release| cut(release, MAX_RELEASE_CHARS)),
            environment: event.environment.as_deref().map(|name| cut(name, MAX_WORD_CHARS)),
            user_key: event.user_key().map(|key| sha256_hex(key.as_bytes())),
            started_us: times.started_us,
            ended_us: times.ended_us,
            spans: Vec::new(),
            spans_cut: 0,
            raw: compressed(&item.payload)?,
        };
        let children = raw
            .get("spans")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let Some(own) = transaction.own_span(context) else {
            transaction.spans_cut = i64::try_from(children.len()).unwrap_or(i64::MAX);
            return Ok(transaction);
        };
        let spans = children.iter().take(MAX_SPANS);
        let spans: Vec<Span> = spans.filter_map(|span| own.child(span, times.shift_us)).collect();
        transaction.spans_cut = i64::try_from(children.len() - spans.len()).unwrap_or(i64::MAX);
        transaction.spans = spans;
        transaction.spans.insert(0, own);
        Ok(transaction)
    }

    /// The span that the transaction itself is.
    fn own_span(&self, context: &Value) -> Option<Span> {
        Some(Span {
            trace_id: trace_id(context)?,
            span_id: span_id(context, "span_id")?,
            parent_span_id: span_id(context, "parent_span_id"),
            event_id: Some(self.event_id.clone()),
            is_segment: true,
            name: self.name.clone(),
            op: self.op.clone(),
            status: self.status.clone(),
            release: self.release.clone(),
            environment: self.environment.clone(),
            started_us: self.started_us,
            ended_us: self.ended_us,
            raw: None,
        })
    }
}

impl Span {
    /// A span of the transaction that this one is. `None` without an id.
    fn child(&self, raw: &Value, shift_us: i64) -> Option<Self> {
        let stated = |name| raw.get(name).and_then(parse_time_us);
        let moved = |at: i64| at.saturating_add(shift_us);
        let started_us = stated("start_timestamp").map_or(self.started_us, moved);
        Some(Self {
            // One of another trace would not be its child.
            trace_id: self.trace_id.clone(),
            span_id: span_id(raw, "span_id").filter(|id| *id != self.span_id)?,
            parent_span_id: span_id(raw, "parent_span_id").or_else(|| Some(self.span_id.clone())),
            event_id: self.event_id.clone(),
            is_segment: false,
            name: name(raw, &["description", "name"]),
            op: word(raw.get("op")),
            status: word(raw.get("status")),
            release: self.release.clone(),
            environment: self.environment.clone(),
            started_us,
            // One that was not finished ends with its transaction.
            ended_us: stated("timestamp").map_or(self.ended_us, moved).max(started_us),
            raw: None,
        })
    }

    /// A span that came alone. `None` without its ids.
    fn alone(raw: &Value, clock: Clock) -> Option<Self> {
        let attribute = |name: &str| word(raw.get("attributes")?.get(name)?.get("value"));
        let end = if raw.get("end_timestamp").is_some() {
            "end_timestamp"
        } else {
            "timestamp"
        };
        let times = Times::of(raw, end, clock);
        Some(Self {
            trace_id: trace_id(raw)?,
            span_id: span_id(raw, "span_id")?,
            parent_span_id: span_id(raw, "parent_span_id"),
            event_id: None,
            is_segment: raw.get("is_segment").and_then(Value::as_bool).unwrap_or(false),
            name: name(raw, &["name", "description"]),
            op: attribute("sentry.op").or_else(|| word(raw.get("op"))),
            status: word(raw.get("status")),
            release: attribute("sentry.release"),
            environment: attribute("sentry.environment"),
            started_us: times.started_us,
            ended_us: times.ended_us,
            raw: Some(raw.to_string()).filter(|raw| raw.len() <= MAX_RAW_BYTES),
        })
    }
}

/// Reads an item `span`: a container, or one span. With those that have no ids or are too many left out, and said in
/// words.
///
/// # Errors
/// What the item as a whole lacks, in words.
pub(super) fn container(raw: &Value, clock: Clock) -> Result<(Vec<Span>, Option<String>), String> {
    let all = match (raw.get("items"), raw) {
        (Some(Value::Array(items)), _) => items.as_slice(),
        (None, Value::Object(_)) => std::slice::from_ref(raw),
        _ => return Err("it has no list of items".to_owned()),
    };
    let spans: Vec<Span> = all
        .iter()
        .take(MAX_SPANS)
        .filter_map(|span| Span::alone(span, clock))
        .collect();
    let words = (spans.len() < all.len()).then(|| {
        let left_out = all.len() - spans.len();
        format!(
            "{left_out} of its {} spans left out: no ids, or beyond {MAX_SPANS}",
            all.len()
        )
    });
    Ok((spans, words))
}

/// When something began and ended by our clock, and what was added to the client's.
#[derive(Debug, Clone, Copy)]
struct Times {
    started_us: i64,
    ended_us: i64,
    shift_us: i64,
}

impl Times {
    fn of(raw: &Value, end: &str, clock: Clock) -> Self {
        let stated = |name: &str| raw.get(name).and_then(parse_time_us);
        let end_stated = stated(end);
        let shift_us = end_stated.map_or(0, |end_us| {
            let end_ms = end_us.div_euclid(1000);
            clock
                .occurred_at(Some(end_ms))
                .saturating_sub(end_ms)
                .saturating_mul(1000)
        });
        let ended_us = end_stated.map_or(clock.received_at.saturating_mul(1000), |end| {
            end.saturating_add(shift_us)
        });
        let started_us = stated("start_timestamp").map_or(ended_us, |start| start.saturating_add(shift_us));
        Self {
            started_us: started_us.min(ended_us),
            ended_us,
            shift_us,
        }
    }
}

fn trace_id(raw: &Value) -> Option<String> {
    let id = raw.get("trace_id")?.as_str()?;
    let id = uuid::Uuid::parse_str(id.trim()).ok().filter(|id| !id.is_nil())?;
    Some(id.simple().to_string())
}

/// 16 hexadecimal digits that are not all zero.
fn span_id(raw: &Value, name: &str) -> Option<String> {
    let id = raw.get(name)?.as_str()?.trim();
    let good = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte != b'0');
    good.then(|| id.to_ascii_lowercase())
}

fn name(raw: &Value, names: &[&str]) -> String {
    let found = names.iter().find_map(|name| raw.get(*name)?.as_str());
    cut(found.unwrap_or_default(), MAX_NAME_CHARS)
}

fn word(raw: Option<&Value>) -> Option<String> {
    let word = cut(raw?.as_str()?.trim(), MAX_WORD_CHARS);
    (!word.is_empty()).then_some(word)
}
