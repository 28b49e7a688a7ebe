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
//! is more, or is no regular expression, is left out, and the journal says so. The crashing app is waiting: texts that are
//! not looked at within [`REDACTION_TIME`] are taken out whole.

mod pattern;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

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
const REDACTION_TIME: Duration = Duration::from_secs(1);
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

/// An app's rules, ready to be used.
pub(crate) struct Rules<'a> {
    drop: &'a [DropRule],
    redact: Vec<Redaction<'a>>,
}

struct Redaction<'a> {
    expression: Regex,
    with: &'a str,
}

/// Redacting has begun, and has an end.
struct Redacting<'a> {
    rules: &'a [Redaction<'a>],
    until: Instant,
}

impl<'a> Rules<'a> {
    /// Takes those that are within the bounds; the journal tells of the others.
    pub(crate) fn of(rules: &'a CrashRules) -> Rules<'a> {
        for (kind, count) in [("drop", rules.drop.len()), ("redact", rules.redact.len())] {
            if count > MAX_RULES {
                log::warn!("{} rules to {kind} are left out: {MAX_RULES} count", count - MAX_RULES);
            }
        }
        let redact = rules.redact.iter().take(MAX_RULES).enumerate();
        Rules {
            drop: &rules.drop[..rules.drop.len().min(MAX_RULES)],
            redact: redact
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
                .collect(),
        }
    }

    /// Whether a crash is to be dropped.
    fn drops(&self, crash: &ProcessedCrash) -> bool {
        self.drop.iter().any(|rule| holds(rule, crash))
    }

    /// Redacts an event and a message.
    pub(crate) fn redact(&self, event: &mut Value, message: &mut Option<String>) {
        if self.redact.is_empty() {
            return;
        }
        let redacting = Redacting {
            rules: &self.redact,
            until: Instant::now() + REDACTION_TIME,
        };
        if let Some(message) = message {
            redacting.text(message);
        }
        let fields = event.as_object_mut().into_iter().flatten();
        for (_, value) in fields.filter(|(field, _)| !KEPT_FIELDS.contains(&field.as_str())) {
            redacting.value(value);
        }
        if Instant::now() >= redacting.until {
            log::warn!("redacting took too long: texts were taken out whole");
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
    let Some(crash) = assembled.crash.filter(|crash| Rules::of(rules).drops(crash)) else {
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

impl Redacting<'_> {
    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::Object(fields) => {
                for (key, value) in fields {
                    if !KEPT_KEYS.contains(&key.as_str()) {
                        self.value(value);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&self, text: &mut String) {
        for rule in self.rules {
            if Instant::now() >= self.until {
                TAKEN_OUT.clone_into(text);
                return;
            }
            if let Cow::Owned(redacted) = rule.expression.replace_all(text, NoExpand(rule.with)) {
                *text = redacted;
            }
            if text.len() > MAX_TEXT_BYTES {
                TAKEN_OUT.clone_into(text);
                return;
            }
        }
    }
}
