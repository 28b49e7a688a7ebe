//! What an app wants done with its crashes before anybody sees them: its `before_send` for what it does not survive. The
//! rules are data of its [`Identity`](afterword_channel::Identity), and count as the running app gives them, also for
//! reports that an earlier run left.
//!
//! # Drop
//!
//! A report is dropped when one [`DropRule`] holds for the stack that was worked out: all that the rule says does. Its
//! `signature` is compared with the whole signature; its `module` with the file name of the module of every frame of the
//! thread that crashed, of which one is enough, whatever the case of its letters. `*` stands for any text, everything else
//! for itself. What says nothing, or has an empty pattern, holds for nothing.
//!
//! That is looked at before a person is asked, and before anything is sent without asking. What a person has agreed to send
//! is not dropped, and neither is a report whose stack cannot be worked out. What is dropped is deleted and counted as a
//! loss, `before_send`.
//!
//! # Redact
//!
//! The texts of the event (message, tags, contexts, breadcrumbs, extra, user, request, the values of exceptions; in short,
//! every text but those of [`KEPT_FIELDS`] and [`KEPT_KEYS`]) and the message of a panic are redacted before the report is
//! stored. Keys, names of functions, addresses and ids stay, and so does the minidump: sanitised, it has no texts; with *full
//! stacks* it has, and no rule reaches into it.
//!
//! # Bounds
//!
//! [`MAX_RULES`] of each kind, patterns of [`MAX_PATTERN_BYTES`], expressions of [`MAX_EXPRESSION_BYTES`] once compiled: what
//! is more, or is no regular expression, is left out, and the journal says so. The crashing app is waiting: where redacting
//! takes longer than [`REDACTION_TIME`], all texts are taken out whole.

mod pattern;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use afterword_channel::{CrashRules, DropRule};
use afterword_store::{Category, LossReason, ReportId, Store};
use afterword_symbols::ProcessedCrash;
use regex::{NoExpand, Regex, RegexBuilder};
use serde_json::Value;

use crate::assemble::assemble;
use crate::error::chain;
use pattern::fits;

const MAX_RULES: usize = 100;
const MAX_PATTERN_BYTES: usize = 4096;
const MAX_EXPRESSION_BYTES: usize = 1024 * 1024;
const REDACTION_TIME: Duration = Duration::from_secs(2);
/// A replacement for every second letter must not fill a memory.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// What stands for a text that could not be looked at.
const TAKEN_OUT: &str = "[redacted]";

/// Fields of an event that are no texts, or say what groups and finds it.
const KEPT_FIELDS: [&str; 15] = [
    "event_id",
    "timestamp",
    "start_timestamp",
    "platform",
    "level",
    "sdk",
    "release",
    "dist",
    "environment",
    "debug_meta",
    "modules",
    "threads",
    "stacktrace",
    "type",
    "fingerprint",
];

/// The same inside of them.
const KEPT_KEYS: [&str; 10] = [
    "event_id",
    "trace_id",
    "span_id",
    "parent_span_id",
    "timestamp",
    "level",
    "type",
    "stacktrace",
    "raw_stacktrace",
    "mechanism",
];

/// A rule to redact, ready to be used.
struct Redaction<'a> {
    expression: Regex,
    with: &'a str,
}

/// Redacts the event and the message of a report that is being made.
pub(crate) fn redact(rules: &CrashRules, event: &mut Value, message: &mut Option<String>) {
    if rules.redact.is_empty() {
        return;
    }
    tell_surplus("redact", rules.redact.len());
    let (redacted_tx, redacted) = channel();
    let (rules, mut copy) = (rules.clone(), (event.clone(), message.clone()));
    // An expression cannot be interrupted. What takes too long is left to itself, and ends one day.
    let started = thread::Builder::new().name("redact".to_owned()).spawn(move || {
        let redactions = redactions(&rules);
        for_each_text(&mut copy.0, &mut copy.1, &|text| redact_text(&redactions, text));
        // Nobody waits any more when it took too long.
        redacted_tx.send(copy).ok();
    });
    match started.map(|_| redacted.recv_timeout(REDACTION_TIME)) {
        Ok(Ok(copy)) => (*event, *message) = copy,
        failed => {
            let why = match failed {
                Err(error) => error.to_string(),
                Ok(_) => "redacting took too long, or failed".to_owned(),
            };
            log::warn!("all texts are taken out: {why}");
            for_each_text(event, message, &|text| TAKEN_OUT.clone_into(text));
        }
    }
}

/// Drops a report, if a rule says so. False also where its stack cannot be worked out: what nobody has looked at is not
/// thrown away.
pub(crate) fn drop_report(store: &Store, id: ReportId, rules: &CrashRules) -> bool {
    if rules.drop.is_empty() {
        return false;
    }
    // An odd dump must not keep the others from being asked about.
    let assembled = match catch_unwind(AssertUnwindSafe(|| assemble(store, id))) {
        Ok(Ok(assembled)) => assembled,
        Ok(Err(error)) => {
            log::warn!("report {id} is not dropped: {}", chain(&error));
            return false;
        }
        Err(_) => {
            log::error!("report {id} is not dropped: working out the stack panicked");
            return false;
        }
    };
    let Some(crash) = assembled.crash.filter(|crash| drops_crash(rules, crash)) else {
        return false;
    };
    if let Err(error) = store.delete(id) {
        log::error!("report {id} was to be dropped: {}", chain(&error));
        return false;
    }
    log::info!("report {id} is dropped by a rule of the app: {}", crash.signature);
    if let Err(error) = store.count_loss(LossReason::BeforeSend, Category::Error, 1) {
        log::warn!("report {id} is dropped and not counted: {}", chain(&error));
    }
    true
}

fn drops_crash(rules: &CrashRules, crash: &ProcessedCrash) -> bool {
    tell_surplus("drop", rules.drop.len());
    rules.drop.iter().take(MAX_RULES).any(|rule| holds(rule, crash))
}

fn tell_surplus(kind: &str, count: usize) {
    if count > MAX_RULES {
        log::warn!("{} rules to {kind} are left out: {MAX_RULES} count", count - MAX_RULES);
    }
}

fn holds(rule: &DropRule, crash: &ProcessedCrash) -> bool {
    let said = |pattern: &Option<String>| pattern.as_ref().is_some_and(|pattern| !pattern.is_empty());
    if !said(&rule.signature) && !said(&rule.module) {
        return false;
    }
    let signature = match &rule.signature {
        Some(pattern) => is_bounded(pattern) && fits(pattern, &crash.signature),
        None => true,
    };
    let module = match &rule.module {
        Some(pattern) => {
            let pattern = pattern.to_lowercase();
            let frames = crash.crashed_thread().map(|thread| thread.frames.as_slice());
            let mut modules = frames
                .unwrap_or_default()
                .iter()
                .filter_map(|frame| frame.module.as_deref());
            is_bounded(&pattern) && modules.any(|module| fits(&pattern, &module.to_lowercase()))
        }
        None => true,
    };
    signature && module
}

fn is_bounded(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.len() <= MAX_PATTERN_BYTES
}

fn expression(pattern: &str) -> Result<Regex, String> {
    if !is_bounded(pattern) {
        return Err(format!(
            "its pattern is empty, or longer than {MAX_PATTERN_BYTES} bytes"
        ));
    }
    RegexBuilder::new(pattern)
        .size_limit(MAX_EXPRESSION_BYTES)
        .build()
        .map_err(|error| error.to_string())
}

/// Those that are within the bounds; the journal tells of the others.
fn redactions(rules: &CrashRules) -> Vec<Redaction<'_>> {
    let rules = rules.redact.iter().take(MAX_RULES).enumerate();
    rules
        .filter_map(|(index, rule)| match expression(&rule.pattern) {
            Ok(expression) => Some(Redaction {
                expression,
                with: &rule.with[..rule.with.floor_char_boundary(MAX_PATTERN_BYTES)],
            }),
            Err(why) => {
                log::warn!("rule {index} to redact is left out: {why}");
                None
            }
        })
        .collect()
}

fn redact_text(rules: &[Redaction<'_>], text: &mut String) {
    for rule in rules {
        if let Cow::Owned(redacted) = rule.expression.replace_all(text, NoExpand(rule.with)) {
            *text = redacted;
        }
        if text.len() > MAX_TEXT_BYTES {
            return TAKEN_OUT.clone_into(text);
        }
    }
}

fn for_each_text(event: &mut Value, message: &mut Option<String>, change: &dyn Fn(&mut String)) {
    if let Some(message) = message {
        change(message);
    }
    let fields = event.as_object_mut().into_iter().flatten();
    for (_, value) in fields.filter(|(field, _)| !KEPT_FIELDS.contains(&field.as_str())) {
        for_each_in(value, change);
    }
}

fn for_each_in(value: &mut Value, change: &dyn Fn(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(values) => values.iter_mut().for_each(|value| for_each_in(value, change)),
        Value::Object(fields) => {
            for (key, value) in fields {
                if !KEPT_KEYS.contains(&key.as_str()) {
                    for_each_in(value, change);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
