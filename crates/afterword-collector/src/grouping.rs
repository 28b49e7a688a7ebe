//! Grouping: which events are the same issue.
//!
//! In this order, the first that an event has:
//!
//! 1. *fingerprint*: what the application says. `{{ default }}` in it stands for what follows, `{{ transaction }}` and the
//!    like for what the event says (see [`fingerprint`]).
//! 2. *signature*: for native code, the few innermost frames that mean something (see `afterword_symbols::signature`).
//!    The type of a crash does not count: one bug can end in one signal or another, and a crash found by its minidump has a
//!    type that a tool made up. Of an error that was caught and of a hang it does.
//! 3. *stack*: for other platforms, the chained exceptions with their types (unless made up) and the functions of the
//!    application on their stacks; all functions if none is the application's.
//! 4. *message*: type and text, words with digits left out; where a client sends the text apart from what was filled in, the
//!    text.
//!
//! Which functions are the application's is what the client says, unless a rule of the project says otherwise ([`InApp`]),
//! which is applied before. Line numbers and addresses never count, names and paths only as far as they stay the same from
//! build to build and from machine to machine (see [`frames`]).
//!
//! The key is a hash over what was found, so that it has one length; [`Grouping::why`] tells people what that was.

mod fingerprint;
mod frames;
mod known;
mod rules;
#[cfg(test)]
mod tests;

use serde_json::json;

use crate::blobs::sha256_hex;
use crate::event::{Event, Exception, Stack};

pub(crate) use known::Known;
pub(crate) use rules::{InApp, SETTING};

/// Of a chain of exceptions, so many of the last count.
const MAX_EXCEPTIONS: usize = 16;
/// So many of the innermost frames of a stack count.
const MAX_FRAMES: usize = 60;
/// So many parts are told, each of so many characters; all count.
const MAX_TOLD: usize = 60;
const MAX_TOLD_CHARS: usize = 200;

/// What puts an event into an issue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Grouping {
    /// Equal for events of one issue.
    pub(crate) key: String,
    /// In a word: `fingerprint`, `signature`, `stack` or `message`.
    pub(crate) by: &'static str,
    /// The signature of the stack, also where it did not decide.
    pub(crate) signature: Option<String>,
    /// What decided, as JSON: `rule`, the rule in `words`, and the `parts` that count, each with its `kind` and `value`.
    pub(crate) why: String,
}

impl Grouping {
    /// The grouping of an event to which the rules of its project have been applied.
    pub(crate) fn of(event: &Event) -> Self {
        let signature = event.main_stack().signature();
        let found = fingerprint::found(event, || by_default(event, signature.as_deref()))
            .unwrap_or_else(|| by_default(event, signature.as_deref()));
        Self {
            key: found.key(),
            by: found.rule,
            why: found.why(),
            signature,
        }
    }
}

/// What decides.
#[derive(Debug)]
struct Found {
    rule: &'static str,
    words: &'static str,
    parts: Vec<Part>,
}

/// One thing that events of an issue have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// `fingerprint`, `signature`, `type`, `frame` or `message`.
    kind: &'static str,
    value: String,
}

impl Part {
    fn new(kind: &'static str, value: impl Into<String>) -> Self {
        Self {
            kind,
            value: value.into(),
        }
    }
}

impl Found {
    /// Each part with its kind and length before it, so that no two lists read the same.
    fn key(&self) -> String {
        use std::fmt::Write as _;
        let mut text = self.rule.to_owned();
        for Part { kind, value } in &self.parts {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n{kind}:{}:{value}", value.len());
        }
        sha256_hex(text.as_bytes())
    }

    fn why(&self) -> String {
        let parts = self.parts.iter().take(MAX_TOLD).map(|Part { kind, value }| {
            let value: String = value.chars().take(MAX_TOLD_CHARS).collect();
            json!({ "kind": kind, "value": value })
        });
        let parts: Vec<_> = parts.collect();
        json!({
            "rule": self.rule, "words": self.words, "parts": parts,
            "partsLeftOut": self.parts.len().saturating_sub(MAX_TOLD),
        })
        .to_string()
    }
}

fn by_default(event: &Event, signature: Option<&str>) -> Found {
    if event.is_native()
        && let Some(signature) = signature
    {
        return by_signature(event, signature);
    }
    by_stack(event).unwrap_or_else(|| by_message(event))
}

fn by_signature(event: &Event, signature: &str) -> Found {
    let mut parts = vec![Part::new("signature", signature)];
    let kind = event.exception().filter(|exception| !is_crash(exception));
    parts.extend(
        kind.and_then(|exception| exception.kind.as_deref())
            .map(|kind| Part::new("type", kind)),
    );
    Found {
        rule: "signature",
        words: "Native code that failed in the same place: the innermost functions that say something of the cause are \
                the same.",
        parts,
    }
}

/// Whether it is the end of a process, of which the type is chance. A hang is none.
fn is_crash(exception: &Exception) -> bool {
    let kind = exception.kind.as_deref().unwrap_or_default();
    if kind == "ApplicationNotResponding" {
        return false;
    }
    let is_of_system = ["SIG", "EXC_", "EXCEPTION_", "STATUS_", "0x"];
    exception.synthetic
        || exception.signal.is_some()
        || exception.handled == Some(false)
        || is_of_system.iter().any(|prefix| kind.starts_with(prefix))
}

fn by_stack(event: &Event) -> Option<Found> {
    let from = event.exceptions.len().saturating_sub(MAX_EXCEPTIONS);
    let exceptions = &event.exceptions[from..];
    let has_frames = |exception: &Exception| !exception.stack.frames.is_empty();
    let kind_of = |exception: &Exception| {
        let kind = exception.kind.as_deref().filter(|_| !exception.synthetic);
        kind.map(|kind| Part::new("type", frames::type_name(kind, &event.platform)))
    };
    // A stack beside exceptions that have none, as that of the current thread, stands for the last.
    let mut chain: Vec<(Option<Part>, Option<&Stack>)> = exceptions
        .iter()
        .map(|exception| (kind_of(exception), Some(&exception.stack)))
        .collect();
    if !exceptions.iter().any(has_frames) {
        chain.push((None, Some(event.main_stack())));
    }
    for (only_app, words) in [
        (
            true,
            "Thrown on the same way through the application: types of the exceptions and functions of the application \
             on their stacks are the same.",
        ),
        (
            false,
            "Thrown on the same way: types of the exceptions and all functions on their stacks are the same. None is \
             known to be the application's.",
        ),
    ] {
        let mut parts = Vec::new();
        let mut tells = false;
        for (kind, stack) in &chain {
            parts.extend(kind.clone());
            let (of_stack, named) = stack.map(|stack| parts_of(stack, event, only_app)).unwrap_or_default();
            tells |= named;
            parts.extend(of_stack);
        }
        if tells {
            return Some(Found {
                rule: "stack",
                words,
                parts,
            });
        }
    }
    None
}

/// The frames that count, outermost first, and whether one of them has a name.
fn parts_of(stack: &Stack, event: &Event, only_app: bool) -> (Vec<Part>, bool) {
    let mut parts: Vec<Part> = Vec::new();
    let mut named = false;
    let counts = |frame: &&crate::event::Frame| !only_app || frame.in_app == Some(true);
    for frame in stack.newest_first().filter(counts) {
        let Some((value, has_name)) = frames::part(frame, event) else {
            continue;
        };
        named |= has_name;
        // Direct recursion to another depth is the same bug.
        if parts.last().is_none_or(|last| last.value != value) {
            parts.push(Part::new("frame", value));
        }
        if parts.len() == MAX_FRAMES {
            break;
        }
    }
    parts.reverse();
    (parts, named)
}

fn by_message(event: &Event) -> Found {
    let exception = event.exception();
    let kind = exception
        .filter(|exception| !exception.synthetic)
        .and_then(|exception| exception.kind.as_deref());
    let value = exception
        .and_then(|exception| exception.value.as_deref())
        .or(event.template.as_deref())
        .or(event.message.as_deref());
    let kind = kind.map(|kind| Part::new("type", kind));
    let value = value.map(|value| Part::new("message", without_numbers(value)));
    Found {
        rule: "message",
        words: "They say the same: type and text are the same but for words with digits. There is no stack with names.",
        parts: kind.into_iter().chain(value).collect(),
    }
}

/// `connection 17 to 0x7ffe lost` and `connection 3 to 0x10 lost` are one issue: words with a digit in them do not count.
fn without_numbers(text: &str) -> String {
    let words = text.split_whitespace();
    let words = words.map(|word| {
        if word.bytes().any(|byte| byte.is_ascii_digit()) {
            "#"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
