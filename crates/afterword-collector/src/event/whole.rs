//! What only pages show of an event: lines of source, what is known of a module, what could not be read of a crash, and how
//! much is left out. Events are read without it where they are digested.

use serde_json::Value;

use super::read::{MAX_LIST, cut, first_text, items, list, newest};
use super::{Event, Module, Stack, text};

/// Lines before and after a frame's, and how much of each.
const MAX_LINES: usize = 5;
const MAX_LINE_CHARS: usize = 200;

/// What is told of a crash that could not be read; more is not.
const MAX_PROBLEMS: usize = 20;

/// The source around the line of a frame.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) before: Vec<String>,
    pub(crate) line: String,
    pub(crate) after: Vec<String>,
}

/// An event with all that a page shows of it.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    pub(crate) event: Event,
    /// What was wrong about it, in the words of client and server.
    pub(crate) problems: Vec<String>,
    /// What the payload has more of than is read.
    pub(crate) more_threads: usize,
    pub(crate) more_modules: usize,
    pub(crate) more_breadcrumbs: usize,
}

impl Whole {
    /// Reads a payload.
    pub(crate) fn read(raw: &Value) -> Self {
        let mut event = Event::read(raw);
        for (exception, raw) in event.exceptions.iter_mut().zip(list(raw.get("exception"))) {
            add_sources(
                &mut exception.stack,
                raw.get("stacktrace").or_else(|| raw.get("raw_stacktrace")),
            );
        }
        for (thread, raw) in event.threads.iter_mut().zip(list(raw.get("threads"))) {
            add_sources(&mut thread.stack, raw.get("stacktrace"));
        }
        add_sources(&mut event.stack, raw.get("stacktrace"));
        let images = raw.pointer("/debug_meta/images");
        let modules = list(images).filter(|raw| Module::read(raw).is_some());
        for (module, raw) in event.modules.iter_mut().zip(modules) {
            module.code_id = first_text(raw, &["code_id"]);
            module.symbols = first_text(raw, &["debug_status"]);
        }
        let more = |value: Option<&Value>| items(value).len().saturating_sub(MAX_LIST);
        Self {
            event,
            problems: problems(raw),
            more_threads: more(raw.get("threads")),
            more_modules: more(images),
            more_breadcrumbs: more(raw.get("breadcrumbs")),
        }
    }
}

fn add_sources(stack: &mut Stack, raw: Option<&Value>) {
    let Some(frames) = raw.map(|raw| raw.get("frames")) else {
        return;
    };
    stack.left_out = items(frames).len().saturating_sub(MAX_LIST);
    for (frame, raw) in stack.frames.iter_mut().zip(newest(frames)) {
        frame.source = source(raw);
    }
}

fn source(raw: &Value) -> Option<Source> {
    let line = raw.get("context_line").and_then(Value::as_str)?;
    let lines = |name: &str| {
        raw.get(name)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    let before = lines("pre_context");
    let before = &before[before.len().saturating_sub(MAX_LINES)..];
    let after = lines("post_context").iter().take(MAX_LINES);
    let texts = |lines: &mut dyn Iterator<Item = &Value>| {
        lines.map(|line| of_line(line.as_str().unwrap_or_default())).collect()
    };
    Some(Source {
        before: texts(&mut before.iter()),
        line: of_line(line),
        after: texts(&mut after.into_iter()),
    })
}

/// A line as it is shown: with its indentation, which says something.
fn of_line(line: &str) -> String {
    cut(line).trim_end().chars().take(MAX_LINE_CHARS).collect()
}

/// `errors` of the payload, and what was found out with some faults.
fn problems(raw: &Value) -> Vec<String> {
    let of_errors = list(raw.get("errors")).filter_map(|error| {
        let words = [
            first_text(error, &["type"]),
            first_text(error, &["message", "name", "value"]),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(": "))
    });
    let soft = raw.pointer("/contexts/afterword/soft_errors");
    let soft = soft.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    of_errors
        .chain(soft.iter().filter_map(text))
        .take(MAX_PROBLEMS)
        .collect()
}
