//! What the application says: a list of texts, with variables in double braces.
//!
//! `{{ default }}` stands for what would decide without a fingerprint. Others, with or without spaces inside the braces, alone
//! or within a text, stand for what the event says: `error.type` (`type`), `error.value` (`value`), `message`, `transaction`,
//! `level`, `logger`, `platform`, `release`, `environment`, `stack.function` (`function`), `stack.module` (`module`),
//! `stack.package` (`package`), `stack.abs_path` (`abs_path`) of the frame that an issue is named by, and `tags.NAME`. What the
//! event does not say is `<no transaction>` and so on; a variable that is none stays as it is.

use super::{Found, Part};
use crate::event::Event;

/// So many texts count.
const MAX_TEXTS: usize = 100;
/// So many variables within one text are filled in.
const MAX_VARIABLES: usize = 16;

/// What the fingerprint decides; `None` if there is none or it only says what is done without it.
pub(super) fn found(event: &Event, default: impl Fn() -> Found) -> Option<Found> {
    let texts = event.fingerprint.iter().take(MAX_TEXTS);
    if texts.clone().all(|text| is_default(text)) {
        return None;
    }
    let mut parts = Vec::new();
    let mut widened = false;
    for text in texts {
        if is_default(text) {
            widened = true;
            let default = default();
            parts.push(Part::new("fingerprint", format!("{{{{ default }}}}: {}", default.rule)));
            parts.extend(default.parts);
        } else {
            parts.push(Part::new("fingerprint", filled_in(text, event)));
        }
    }
    Some(Found {
        rule: "fingerprint",
        words: if widened {
            "The application says so: their fingerprint is the same, and so is what would have decided without it, which \
             the fingerprint includes."
        } else {
            "The application says so: their fingerprint is the same."
        },
        parts,
    })
}

fn is_default(text: &str) -> bool {
    variable(text.trim()) == Some("default")
}

/// The name in `{{ name }}`.
fn variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix("{{")?.strip_suffix("}}")?.trim();
    (!name.is_empty() && !name.contains(['{', '}'])).then_some(name)
}

fn filled_in(text: &str, event: &Event) -> String {
    let mut out = String::new();
    let mut rest = text;
    for _ in 0..MAX_VARIABLES {
        let Some(start) = rest.find("{{") else { break };
        let Some(length) = rest[start..].find("}}").map(|at| at + 2) else {
            break;
        };
        let (before, found) = (&rest[..start], &rest[start..start + length]);
        out.push_str(before);
        match variable(found).and_then(|name| value(name, event)) {
            Some(value) => out.push_str(&value),
            None => out.push_str(found),
        }
        rest = &rest[start + length..];
    }
    out.push_str(rest);
    out
}

/// What a variable stands for; `None` if it is none.
fn value(name: &str, event: &Event) -> Option<String> {
    let exception = event.exception();
    let frame = || event.top_frame();
    let value = match name {
        "error.type" | "type" => exception.and_then(|exception| exception.kind.clone()),
        "error.value" | "value" => exception.and_then(|exception| exception.value.clone()),
        "message" => event
            .message
            .clone()
            .or_else(|| exception.and_then(|exception| exception.value.clone())),
        "transaction" => event.transaction.clone(),
        "level" => Some(event.level.clone()),
        "logger" => event.logger.clone(),
        "platform" => Some(event.platform.clone()),
        "release" => event.release.clone(),
        "environment" => event.environment.clone(),
        "stack.function" | "function" => frame().and_then(|frame| frame.short_name()),
        "stack.module" | "module" => frame().and_then(|frame| frame.module.clone()),
        "stack.package" | "package" => frame().and_then(|frame| frame.package.clone()),
        "stack.abs_path" | "abs_path" => frame().and_then(|frame| frame.path.clone()),
        _ => {
            let tag = name.strip_prefix("tags.")?;
            let found = event.tags.iter().find(|(key, _)| key == tag);
            found.map(|(_, value)| value.clone())
        }
    };
    Some(value.unwrap_or_else(|| format!("<no {name}>")))
}
