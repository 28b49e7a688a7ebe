//! An event as the row it becomes: all that lists, searches and issues know of it, worked out before anything is written.

use serde_json::Value;

use super::Failure;
use super::clock::Clock;
use super::index;
use crate::Error;
use crate::blobs::sha256_hex;
use crate::event::Event;
use crate::grouping::{Grouping, InApp};

/// How hard the payload is compressed: the least, which is a third of the size in a few microseconds.
const COMPRESSION: i32 = 1;

/// The row of an event, and its payload.
#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) event_id: String,
    pub(crate) grouping: Grouping,
    pub(crate) title: String,
    pub(crate) culprit: String,
    pub(crate) level: String,
    pub(crate) platform: String,
    pub(crate) kind: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) function: Option<String>,
    pub(crate) filename: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) environment: Option<String>,
    /// Hashed.
    pub(crate) user_key: Option<String>,
    pub(crate) trace_id: Option<String>,
    /// What it is found by, each once.
    pub(crate) tags: Vec<(String, String)>,
    /// Milliseconds since 1970.
    pub(crate) occurred_at: i64,
    /// Compressed with zstd.
    pub(crate) raw: Vec<u8>,
    /// The event with what the server worked out, the same way.
    pub(crate) processed: Option<Vec<u8>>,
}

impl EventRow {
    /// The row of an event of which `raw` came, and which reads as `value`, in a project with these rules.
    pub(super) fn new(
        event_id: String,
        value: &Value,
        raw: &[u8],
        clock: Clock,
        rules: &InApp,
    ) -> Result<Self, Failure> {
        let mut event = Event::read(value);
        rules.apply(&mut event);
        let grouping = Grouping::of(&event);
        let exception = event.exception();
        let top = event.top_frame();
        Ok(Self {
            event_id,
            title: event.title(),
            culprit: event.culprit(),
            kind: exception.and_then(|exception| exception.kind.clone()),
            value: exception
                .and_then(|exception| exception.value.clone())
                .or_else(|| event.message.clone()),
            function: top.and_then(|frame| frame.short_name()),
            filename: top.and_then(|frame| frame.file.clone()),
            user_key: event.user_key().map(|key| sha256_hex(key.as_bytes())),
            trace_id: event.context("trace", "trace_id").and_then(trace_id),
            tags: index::of(&event, grouping.signature.as_deref()),
            occurred_at: clock.occurred_at(event.occurred_at),
            raw: compressed(raw)?,
            processed: None,
            level: event.level,
            platform: event.platform,
            release: event.release,
            environment: event.environment,
            grouping,
        })
    }
}

/// A payload as it is stored.
pub(crate) fn compressed(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    zstd::bulk::compress(bytes, COMPRESSION).map_err(|source| Error::Payload { source })
}

/// The id of a trace as it is stored.
pub(crate) fn trace_id(id: &str) -> Option<String> {
    let id = uuid::Uuid::parse_str(id.trim()).ok().filter(|id| !id.is_nil())?;
    Some(id.simple().to_string())
}
