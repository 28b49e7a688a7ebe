//! What a minidump tells of an event: threads, frames and modules, the reason, what Crashpad was told.
//!
//! The payload stays as it came. What the dump tells is added to a copy, which is stored beside it, shown instead, and grouped
//! by.
//!
//! # Whose stack counts
//! A client that symbolicates itself (the reporter of `afterword`) sends a stack with names, and the server finds one in the dump.
//! Of the two, the stack of the thread that crashed with more named frames of the application counts; then the one with more
//! named frames at all; then the client's, unless the server has lines of source. So a client's stack is not lost
//! where nobody uploaded symbols, and gives way where somebody did. Modules, registers and contexts are the dump's in any case, but
//! a context that the client gave itself stays.

mod unpack;

use std::sync::Arc;

use afterword_protocol::envelope::ATTACHMENT_MINIDUMP;
use afterword_symbols::caches::Caches;
use afterword_symbols::{Crashpad, Limits, ProcessedCrash, Sources, SymbolState, process_with_caches, wire};
use serde_json::{Map, Value, json};

use super::clock::Clock;
use super::items::Contents;
use super::row::{EventRow, compressed};
use super::{Digest, Failure};
use crate::error::chain;
use crate::event::Event;
use crate::grouping::InApp;
use crate::inbox::Claimed;
use crate::queries::unpacked;
use crate::symbols::missing;
use crate::symbols::missing::Lacking;
use crate::{Error, blocking};

/// Threads of an event, and frames of each of them but the one that crashed.
const MAX_THREADS: usize = 512;
const MAX_FRAMES: usize = 64;

/// Modules of an event; those in which no frame lies go first.
const MAX_IMAGES: usize = 1000;

/// An event with what its dump told, in bytes of JSON. Stacks of other threads are left out where it is more.
const MAX_BYTES: usize = 4 << 20;

/// The longest annotation, and how many of a kind.
const MAX_ANNOTATION_CHARS: usize = 8192;
const MAX_ANNOTATIONS: usize = 200;

/// What is stored beside the payload of an event.
pub(super) struct Told {
    /// The event with what the dump told.
    pub(super) event: Value,
    /// Modules without symbols.
    pub(super) lacking: Vec<Lacking>,
}

impl Digest {
    /// Adds to an envelope's event what its minidump tells. A dump that cannot be read is told in the event.
    pub(super) async fn read_minidump(&self, claimed: &Claimed, contents: &mut Contents) -> Result<(), Failure> {
        let Some(row) = &mut contents.event else { return Ok(()) };
        let Some(dump) = contents
            .attachments
            .iter_mut()
            .find(|file| file.meta.kind == ATTACHMENT_MINIDUMP)
        else {
            return Ok(());
        };
        let bytes = std::mem::take(&mut dump.bytes);
        let raw = unpacked(&row.raw);
        let event = serde_json::from_slice(&raw).unwrap_or(Value::Null);
        let had_time = Event::read(&event).occurred_at.is_some();
        let (told, bytes) = self.tell(claimed.project_id, event, bytes).await?;
        dump.bytes = bytes;
        let clock = Clock {
            sent_at: None,
            received_at: claimed.received_at,
        };
        let rules = self.rules(claimed.project_id).await?;
        let mut made = told_row(row.event_id.clone(), &raw, &told.event, clock, &rules)?;
        if had_time {
            // It was corrected by the drift of the client's clock.
            made.occurred_at = row.occurred_at;
        }
        *row = made;
        contents.lacking = told.lacking;
        Ok(())
    }

    /// Which functions are the application's in a project.
    pub(super) async fn rules(&self, project_id: i64) -> Result<Arc<InApp>, Error> {
        let mut rules = self.caches.in_app.of(&self.database, [project_id]).await?;
        Ok(rules.remove(&project_id).unwrap_or_default())
    }

    /// Processes a dump for an event. The bytes come back as they were.
    pub(super) async fn tell(
        &self,
        project_id: i64,
        mut event: Value,
        bytes: Vec<u8>,
    ) -> Result<(Told, Vec<u8>), Error> {
        let (read, bytes) = blocking(move || {
            let read = unpack::unpacked(&bytes).and_then(|dump| {
                let modules = afterword_symbols::modules(&dump, &limits()).map_err(|error| chain(&error))?;
                Ok((dump.into_owned(), modules))
            });
            Ok((read, bytes))
        })
        .await?;
        if !event.is_object() {
            event = json!({});
        }
        let (dump, modules) = match read {
            Ok(read) => read,
            Err(words) => {
                add_error(&mut event, &words);
                return Ok((
                    Told {
                        event,
                        lacking: Vec::new(),
                    },
                    bytes,
                ));
            }
        };
        let found = self.symbols.look_up(project_id, &modules).await?;
        let told = blocking(move || Ok(told(event, &dump, &found))).await?;
        Ok((told, bytes))
    }
}

/// The row of an event with what its dump told; `raw` is the payload as it came.
pub(super) fn told_row(
    event_id: String,
    raw: &[u8],
    told: &Value,
    clock: Clock,
    rules: &InApp,
) -> Result<EventRow, Failure> {
    let mut row = EventRow::new(event_id, told, raw, clock, rules)?;
    row.processed = Some(compressed(told.to_string().as_bytes())?);
    Ok(row)
}

fn limits() -> Limits {
    Limits::default()
}

fn told(mut event: Value, dump: &[u8], caches: &dyn Caches) -> Told {
    match process_with_caches(dump, &Sources::default(), caches, &limits()) {
        Ok(crash) => {
            add(&mut event, &crash);
            Told {
                event,
                lacking: missing::lacking(&crash),
            }
        }
        Err(error) => {
            add_error(&mut event, &chain(&error));
            Told {
                event,
                lacking: Vec::new(),
            }
        }
    }
}

fn add_error(event: &mut Value, words: &str) {
    let error = json!({ "type": "invalid_minidump", "message": words });
    match event["errors"].as_array_mut() {
        Some(errors) => errors.push(error),
        None => event["errors"] = json!([error]),
    }
}

/// Adds what the dump tells to an event.
fn add(event: &mut Value, crash: &ProcessedCrash) {
    let given = Event::read(event);
    let ours = score(crash);
    let theirs = score_of_client(&given);
    let has_sources = crash
        .crashed_thread()
        .is_some_and(|thread| thread.frames.iter().any(|frame| frame.context_line.is_some()));
    let is_ours = ours > theirs || (ours == theirs && (has_sources || theirs == (0, 0)));
    for (field, value) in [("platform", "native"), ("level", "fatal")] {
        if event
            .get(field)
            .and_then(Value::as_str)
            .is_none_or(|text| text.is_empty() || text == "other")
        {
            event[field] = value.into();
        }
    }
    if given.occurred_at.is_none()
        && let Some(seconds) = crash.dump_time_s
    {
        event["timestamp"] = seconds.into();
    }
    set_exception(event, crash, is_ours);
    if is_ours || event.get("threads").is_none_or(Value::is_null) {
        event["threads"] = json!({ "values": wire::threads(crash, MAX_THREADS, MAX_FRAMES) });
    }
    event["debug_meta"] = json!({ "images": images(crash) });
    add_contexts(event, crash);
    if event.to_string().len() > MAX_BYTES {
        event["threads"] = json!({ "values": wire::threads(crash, MAX_THREADS, 0) });
    }
    if event.to_string().len() > MAX_BYTES {
        event["debug_meta"] = json!({ "images": [] });
    }
}

/// Named frames of the application on the thread that crashed, and named frames there at all.
type Score = (usize, usize);

fn score(crash: &ProcessedCrash) -> Score {
    let frames = crash
        .crashed_thread()
        .map(|thread| thread.frames.as_slice())
        .unwrap_or_default();
    let named = || frames.iter().filter(|frame| frame.function.is_some());
    (named().filter(|frame| frame.in_app).count(), named().count())
}

fn score_of_client(event: &Event) -> Score {
    let named = || {
        event
            .main_stack()
            .frames
            .iter()
            .filter(|frame| frame.function.is_some())
    };
    (
        named().filter(|frame| frame.in_app == Some(true)).count(),
        named().count(),
    )
}

/// The exception: the client's own words stay, a placeholder's do not. The stack is set if it is ours.
fn set_exception(event: &mut Value, crash: &ProcessedCrash, is_ours: bool) {
    // A list, or an object with one, or an exception by itself.
    let values = match event["exception"].take() {
        Value::Array(values) => values,
        Value::Object(mut object) => match object.remove("values") {
            Some(Value::Array(values)) => values,
            Some(_) | None if object.is_empty() => Vec::new(),
            _ => vec![Value::Object(object)],
        },
        _ => Vec::new(),
    };
    let mut values: Vec<Value> = values.into_iter().filter(Value::is_object).collect();
    if values.is_empty() {
        values.push(json!({ "mechanism": { "type": "minidump", "handled": false, "synthetic": true } }));
    }
    if let Some(last) = values.last_mut() {
        let kind = last.get("type").and_then(Value::as_str).unwrap_or_default();
        if kind.is_empty() || kind == "Minidump" {
            let reason = &crash.reason;
            let kind = reason.signal.as_deref().unwrap_or(&reason.name);
            last["type"] = kind.split(" / ").next().unwrap_or(kind).into();
            last["value"] = match reason.address {
                Some(address) => format!("{} at {address}", reason.name).into(),
                None => reason.name.as_str().into(),
            };
            let mechanism = &mut last["mechanism"];
            if !mechanism.is_object() {
                *mechanism = json!({ "type": "minidump", "handled": false, "synthetic": true });
            }
            if let (Some(name), Some(code)) = (&reason.signal, reason.code) {
                mechanism["meta"] = json!({ "signal": { "number": code.0, "name": name } });
            }
            if let Some(address) = reason.address {
                mechanism["data"] = json!({ "address": address });
            }
        }
        if let Some(thread) = crash.crashed_thread().filter(|_| is_ours) {
            last["thread_id"] = thread.id.into();
            last["stacktrace"] = wire::stacktrace(thread, usize::MAX, true);
        }
    }
    event["exception"] = json!({ "values": values });
}

fn images(crash: &ProcessedCrash) -> Vec<Value> {
    let kind = wire::image_kind(&crash.system.os);
    let mut modules: Vec<_> = crash.modules.iter().collect();
    if modules.len() > MAX_IMAGES {
        modules.sort_by_key(|module| module.symbols == SymbolState::NotNeeded);
        modules.truncate(MAX_IMAGES);
    }
    let image = |module: &&afterword_symbols::Module| {
        let mut image = wire::image(module, kind);
        image["debug_status"] = wire::debug_status(module.symbols).into();
        image
    };
    modules.iter().map(image).collect()
}

fn add_contexts(event: &mut Value, crash: &ProcessedCrash) {
    if !event["contexts"].is_object() {
        event["contexts"] = json!({});
    }
    let Some(contexts) = event["contexts"].as_object_mut() else {
        return;
    };
    let mut offer = |name: &str, context: Value| {
        if contexts.get(name).is_none_or(Value::is_null) {
            contexts.insert(name.to_owned(), context);
        }
    };
    let system = &crash.system;
    offer(
        "os",
        json!({ "type": "os", "name": system.os, "version": system.os_version }),
    );
    offer(
        "device",
        json!({
            "type": "device", "arch": system.cpu, "cpu_description": system.cpu_info,
            "processor_count": system.cpu_count,
        }),
    );
    offer(
        "afterword",
        json!({
            "type": "afterword", "signature": crash.signature, "reason": crash.reason.name,
            "address": crash.reason.address, "process_uptime_s": crash.process_uptime_s,
            "soft_errors": crash.soft_errors.iter().take(50).collect::<Vec<_>>(),
        }),
    );
    if let Some(crashpad) = &crash.crashpad {
        add_annotations(crashpad, &mut offer);
    }
}

/// As Sentry's servers name them: `crashpad`, and one context for each module that has some.
fn add_annotations(crashpad: &Crashpad, offer: &mut impl FnMut(&str, Value)) {
    let cut = |text: &str| text.chars().take(MAX_ANNOTATION_CHARS).collect::<String>();
    let context = |annotations: &std::collections::BTreeMap<String, String>| -> Map<String, Value> {
        let kept = annotations.iter().take(MAX_ANNOTATIONS);
        let fields = kept.map(|(key, value)| (cut(key), cut(value).into()));
        [("type".to_owned(), "crashpad".into())]
            .into_iter()
            .chain(fields)
            .collect()
    };
    if !crashpad.annotations.is_empty() {
        offer("crashpad", context(&crashpad.annotations).into());
    }
    for module in crashpad.modules.iter().take(MAX_ANNOTATIONS) {
        let mut fields = context(&module.annotations);
        if !module.list.is_empty() {
            let list: Vec<String> = module.list.iter().take(MAX_ANNOTATIONS).map(|text| cut(text)).collect();
            fields.insert("annotations".to_owned(), list.into());
        }
        offer(&module.module, fields.into());
    }
}

#[cfg(test)]
mod tests;
