//! Grouping: which events are the same issue.
//!
//! In this order, the first that an event has:
//!
//! 1. *fingerprint*: what the application says. `{{ default }}` in it stands for what follows.
//! 2. *signature*: for native code, the few innermost frames that mean something (see `afterword_symbols::signature`).
//!    The type of the exception does not count: one bug can end in one signal or another, and a crash found by its
//!    minidump has a type that a tool made up.
//! 3. *stack*: for other platforms, the type of the exception and the functions of the application, else all functions.
//! 4. *message*: type and text, numbers left out.
//!
//! The key is a hash over what was found, so that it has one length; [`Grouping::by`] and the signature tell people why.

use crate::blobs::sha256_hex;
use crate::event::{Event, Frame};

const DEFAULT: &str = "{{ default }}";

/// What puts an event into an issue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Grouping {
    /// Equal for events of one issue.
    pub(crate) key: String,
    /// In a word: `fingerprint`, `signature`, `stack` or `message`.
    pub(crate) by: &'static str,
    /// The signature of the stack, also where it did not decide.
    pub(crate) signature: Option<String>,
    /// What decided, as a list in JSON: the parts that were hashed.
    pub(crate) why: String,
}

impl Grouping {
    /// The grouping of an event.
    pub(crate) fn of(event: &Event) -> Self {
        let signature = event.main_stack().signature();
        let (by, parts) =
            by_fingerprint(event, signature.as_deref()).unwrap_or_else(|| by_default(event, signature.as_deref()));
        Self {
            key: hash(by, &parts),
            by,
            signature,
            why: serde_json::json!(parts).to_string(),
        }
    }
}

fn by_fingerprint(event: &Event, signature: Option<&str>) -> Option<(&'static str, Vec<String>)> {
    let is_default = |part: &String| part.replace(' ', "") == DEFAULT.replace(' ', "");
    if event.fingerprint.iter().all(is_default) {
        return None;
    }
    let mut parts = Vec::new();
    for part in &event.fingerprint {
        if is_default(part) {
            let (by, default) = by_default(event, signature);
            parts.push(by.to_owned());
            parts.extend(default);
        } else {
            parts.push(part.clone());
        }
    }
    Some(("fingerprint", parts))
}

fn by_default(event: &Event, signature: Option<&str>) -> (&'static str, Vec<String>) {
    let native = event.is_native_crash() || ["native", "rust", "c", "cocoa"].contains(&event.platform.as_str());
    match signature {
        Some(signature) if native => ("signature", vec![signature.to_owned()]),
        _ => by_stack(event).map_or_else(|| ("message", by_message(event)), |parts| ("stack", parts)),
    }
}

fn by_stack(event: &Event) -> Option<Vec<String>> {
    let name = |frame: &Frame| {
        let place = frame
            .module
            .as_deref()
            .or(frame.file.as_deref())
            .or(frame.package_name())
            .unwrap_or("");
        Some(format!("{place}:{}", frame.short_name()?))
    };
    let frames = &event.main_stack().frames;
    let mut parts: Vec<String> = frames
        .iter()
        .filter(|frame| frame.in_app == Some(true))
        .filter_map(name)
        .collect();
    if parts.is_empty() {
        parts = frames.iter().filter_map(name).collect();
    }
    // Recursion to another depth is the same bug.
    parts.dedup();
    if parts.is_empty() {
        return None;
    }
    parts.insert(
        0,
        event
            .exception()
            .and_then(|exception| exception.kind.clone())
            .unwrap_or_default(),
    );
    Some(parts)
}

fn by_message(event: &Event) -> Vec<String> {
    let exception = event.exception();
    let kind = exception.and_then(|exception| exception.kind.clone());
    let value = exception
        .and_then(|exception| exception.value.as_deref())
        .or(event.message.as_deref());
    [kind, value.map(without_numbers)].into_iter().flatten().collect()
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

/// Each part with its length before it, so that no two lists read the same.
fn hash(by: &str, parts: &[String]) -> String {
    let mut text = by.to_owned();
    for part in parts {
        text.push_str(&format!("\n{}:{part}", part.len()));
    }
    sha256_hex(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(raw: Value) -> Grouping {
        Grouping::of(&Event::read(&raw))
    }

    fn event(platform: &str, kind: &str, functions: &[&str]) -> Value {
        let frames: Vec<Value> = functions
            .iter()
            .map(|name| json!({"function": name, "in_app": true}))
            .collect();
        json!({"platform": platform, "exception": {"values": [{
            "type": kind, "value": "some words", "stacktrace": {"frames": frames},
        }]}})
    }

    #[test]
    fn a_fingerprint_wins() {
        let with = |fingerprint: Value, function: &str| {
            let mut raw = event("native", "SIGSEGV", &["main", function]);
            raw["fingerprint"] = fingerprint;
            of(raw)
        };
        let mine = with(json!(["mine"]), "a");
        assert_eq!(mine.by, "fingerprint");
        assert_eq!(mine.key, with(json!(["mine"]), "b").key);
        assert_ne!(mine.key, with(json!(["other"]), "a").key);
        assert_ne!(with(json!(["ab", "c"]), "a").key, with(json!(["a", "bc"]), "a").key);

        assert_eq!(with(json!(["{{ default }}"]), "a").by, "signature");
        assert_eq!(with(json!([]), "a").by, "signature");
        let widened = json!(["{{default}}", "tenant 5"]);
        assert_eq!(with(widened.clone(), "a"), with(widened.clone(), "a"));
        assert_ne!(with(widened.clone(), "a").key, with(widened, "b").key);
    }

    #[test]
    fn native_events_go_by_signature_whatever_the_type() {
        let segv = of(event("native", "SIGSEGV", &["main", "canvas::flush"]));
        assert_eq!(
            (segv.by, segv.signature.as_deref()),
            ("signature", Some("canvas::flush"))
        );
        assert_eq!(
            segv.key,
            of(event("native", "SIGBUS", &["main", "other_caller", "canvas::flush"])).key
        );
        assert_ne!(segv.key, of(event("native", "SIGSEGV", &["main", "canvas::draw"])).key);
    }

    #[test]
    fn the_hash_of_a_rust_name_does_not_count() {
        let first = of(event("native", "panic", &["main", "canvas::flush::h0123456789abcdef"]));
        let second = of(event("native", "panic", &["main", "canvas::flush::hfedcba9876543210"]));
        assert_eq!(first.key, second.key);
    }

    #[test]
    fn other_platforms_go_by_type_and_the_frames_of_the_application() {
        let first = of(event("python", "KeyError", &["main", "load"]));
        assert_eq!(first.by, "stack");
        assert_eq!(first.key, of(event("python", "KeyError", &["main", "load"])).key);
        assert_ne!(first.key, of(event("python", "ValueError", &["main", "load"])).key);
        assert_ne!(first.key, of(event("python", "KeyError", &["main", "save"])).key);

        let mut with_library = event("python", "KeyError", &["main", "load"]);
        let frames = with_library["exception"]["values"][0]["stacktrace"]["frames"]
            .as_array_mut()
            .unwrap();
        frames.push(json!({"function": "json.loads", "in_app": false}));
        assert_eq!(first.key, of(with_library).key);
    }

    #[test]
    fn without_a_stack_the_words_count_and_numbers_do_not() {
        let message = |text: &str| of(json!({"message": text}));
        assert_eq!(message("lost 17 of 0x7f").by, "message");
        assert_eq!(message("lost 17 of 0x7f").key, message("lost 3 of 0x10").key);
        assert_ne!(message("lost it").key, message("found it").key);
        let kinds = ["A", "B"].map(|kind| of(json!({"exception": {"type": kind, "value": "v"}})).key);
        assert_ne!(kinds[0], kinds[1]);
        assert_eq!(of(json!({})).by, "message");
    }

    #[test]
    fn a_stack_without_names_goes_by_offsets() {
        let raw = |offset: &str| {
            json!({"platform": "native", "exception": {"values": [{"type": "SIGSEGV", "stacktrace": {"frames": [
                {"package": "/opt/app/app", "image_addr": "0x1000", "instruction_addr": offset},
            ]}}]}})
        };
        assert_eq!(of(raw("0x1010")).signature.as_deref(), Some("app@0x10"));
        assert_ne!(of(raw("0x1010")).key, of(raw("0x1020")).key);
        assert_eq!(of(raw("0x1010")).by, "signature");
    }
}
