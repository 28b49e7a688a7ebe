//! Reading envelopes: one pass over the bytes, every step bounded.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Envelope, EnvelopeError, EnvelopeHeader, EnvelopeView, Item, ItemHeader, ItemView, Limits, kind};

impl Envelope {
    /// Reads an envelope from its decompressed bytes.
    ///
    /// # Errors
    /// [`EnvelopeError::OverLimit`] for what `limits` forbids, the other variants for what is malformed.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, EnvelopeError> {
        let EnvelopeView { header, items } = EnvelopeView::parse(bytes, limits)?;
        let items = items.into_iter().map(|item| Item {
            header: item.header,
            payload: item.payload.to_vec(),
        });
        Ok(Self {
            header,
            items: items.collect(),
        })
    }

    /// Reads only the first line: enough to know the event id and the DSN.
    ///
    /// # Errors
    /// As [`Envelope::parse`], for the first line.
    pub fn parse_header(bytes: &[u8], limits: &Limits) -> Result<EnvelopeHeader, EnvelopeError> {
        envelope_header(&mut &*bytes, limits)
    }
}

impl<'a> EnvelopeView<'a> {
    /// As [`Envelope::parse`], without copying the payloads.
    ///
    /// # Errors
    /// As [`Envelope::parse`].
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, EnvelopeError> {
        check(bytes.len(), limits.envelope_bytes, "envelope size in bytes")?;
        let mut rest = bytes;
        let header = envelope_header(&mut rest, limits)?;

        let mut items = Vec::new();
        let mut headers_bytes = 0;
        loop {
            skip_blank_lines(&mut rest);
            if rest.is_empty() {
                break;
            }
            check(items.len() + 1, limits.items, "number of items")?;
            let start = bytes.len() - rest.len();
            let mut item = item(&mut rest, items.len(), &mut headers_bytes, limits)?;
            item.span = start..bytes.len() - rest.len();
            items.push(item);
        }
        check_together(&items, limits)?;
        Ok(Self { header, items })
    }
}

fn envelope_header(rest: &mut &[u8], limits: &Limits) -> Result<EnvelopeHeader, EnvelopeError> {
    if rest.is_empty() {
        return Err(EnvelopeError::Empty);
    }
    let line = take_line(rest);
    check(line.len(), limits.header_bytes, "envelope header size in bytes")?;
    check(depth(line), limits.header_depth, "envelope header depth")?;
    serde_json::from_slice(line).map_err(|source| EnvelopeError::Header { source })
}

/// `headers_bytes` is what the items before have taken of their limit.
fn item<'a>(
    rest: &mut &'a [u8],
    index: usize,
    headers_bytes: &mut usize,
    limits: &Limits,
) -> Result<ItemView<'a>, EnvelopeError> {
    let line = take_line(rest);
    check(line.len(), limits.header_bytes, "item header size in bytes")?;
    *headers_bytes += line.len();
    check(
        *headers_bytes,
        limits.item_headers_bytes,
        "size of all item headers in bytes",
    )?;
    check(depth(line), limits.header_depth, "item header depth")?;
    let header: ItemHeader =
        serde_json::from_slice(line).map_err(|source| EnvelopeError::ItemHeader { index, source })?;
    let payload = match header.length {
        Some(length) => take_payload(rest, index, length)?,
        None => take_line(rest),
    };
    match header.kind.as_str() {
        kind::EVENT | kind::TRANSACTION | kind::FEEDBACK | kind::USER_REPORT => {
            check(payload.len(), limits.event_bytes, "event size in bytes")?;
        }
        kind::CLIENT_REPORT => check(payload.len(), limits.client_report_bytes, "client report size in bytes")?,
        _ => {}
    }
    Ok(ItemView {
        header,
        payload,
        span: 0..0,
    })
}

/// How many lists and objects lie inside each other in a line of JSON. Looked at before it is parsed, since each takes
/// hundreds of bytes then. For what is no JSON it may be anything: the parser refuses it.
fn depth(line: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut bytes = line.iter();
    let mut in_text = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_text => _ = bytes.next(),
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The bytes up to the next newline, which is taken and left out; to the end if there is none.
fn take_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let all = *rest;
    match memchr::memchr(b'\n', all) {
        Some(end) => {
            *rest = &all[end + 1..];
            &all[..end]
        }
        None => {
            *rest = &[];
            all
        }
    }
}

/// Exactly `length` bytes, which a newline or the end must follow.
fn take_payload<'a>(rest: &mut &'a [u8], index: usize, length: usize) -> Result<&'a [u8], EnvelopeError> {
    let left = rest.len();
    let (payload, after) = rest
        .split_at_checked(length)
        .ok_or(EnvelopeError::PayloadCut { index, length, left })?;
    *rest = match after {
        [] => after,
        [b'\n', after @ ..] => after,
        _ => return Err(EnvelopeError::PayloadOverrun { index, length }),
    };
    Ok(payload)
}

/// Some senders end an envelope with more than one newline.
fn skip_blank_lines(rest: &mut &[u8]) {
    while let [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] = *rest {
        *rest = after;
    }
}

/// What holds for the items as a whole.
fn check_together(items: &[ItemView<'_>], limits: &Limits) -> Result<(), EnvelopeError> {
    let count = |kinds: &[&str]| {
        items
            .iter()
            .filter(|item| kinds.contains(&item.header.kind.as_str()))
            .count()
    };
    check(count(&[kind::SESSION]), limits.sessions, "number of session items")?;
    if count(&[kind::EVENT, kind::TRANSACTION, kind::FEEDBACK]) > 1 {
        return Err(EnvelopeError::TooManyEvents);
    }
    Ok(())
}

fn check(is: usize, limit: usize, what: &'static str) -> Result<(), EnvelopeError> {
    if is > limit {
        Err(EnvelopeError::OverLimit { what, limit })
    } else {
        Ok(())
    }
}

impl TryFrom<Map<String, Value>> for EnvelopeHeader {
    type Error = String;

    fn try_from(mut map: Map<String, Value>) -> Result<Self, String> {
        let event_id = match map.shift_remove("event_id") {
            None | Some(Value::Null) => None,
            Some(Value::String(id)) => Some(Uuid::parse_str(&id).map_err(|err| format!("event_id: {err}"))?),
            Some(_) => return Err("event_id: not a string".to_owned()),
        };
        Ok(Self {
            event_id,
            dsn: take_string(&mut map, "dsn"),
            sent_at: take_string(&mut map, "sent_at"),
            trace: map.shift_remove("trace").filter(|trace| !trace.is_null()),
            other: map,
        })
    }
}

impl TryFrom<Map<String, Value>> for ItemHeader {
    type Error = String;

    fn try_from(mut map: Map<String, Value>) -> Result<Self, String> {
        let kind = take_string(&mut map, "type").ok_or("type: missing or not a string")?;
        let length = match map.shift_remove("length") {
            None | Some(Value::Null) => None,
            Some(length) => {
                let length = length.as_u64().and_then(|length| usize::try_from(length).ok());
                Some(length.ok_or("length: not a size")?)
            }
        };
        Ok(Self {
            kind,
            length,
            content_type: take_string(&mut map, "content_type"),
            filename: take_string(&mut map, "filename"),
            attachment_type: take_string(&mut map, "attachment_type"),
            other: map,
        })
    }
}

/// Takes a string out of a header; `null` is taken as absent, anything else stays where it is.
fn take_string(map: &mut Map<String, Value>, key: &str) -> Option<String> {
    match map.get(key)? {
        Value::Null => {
            map.shift_remove(key);
            None
        }
        Value::String(_) => match map.shift_remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
