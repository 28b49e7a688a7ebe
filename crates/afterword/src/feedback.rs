//! What a person writes, at any time: a form of the app's own, a *Report a problem…* in its menu.

use std::time::SystemTime;

use afterword_store::{EnvelopeClass, Placed};
use sentry::types::Uuid;
use serde_json::{Map, Value, json};

use crate::Delivery;
use crate::running::Running;

/// The longest message, in characters: what servers take.
const MAX_MESSAGE_CHARS: usize = 4096;
const MAX_FIELD_CHARS: usize = 254;

/// Feedback of a person.
///
/// ```no_run
/// use afterword::Feedback;
///
/// let kept = Feedback::new("The brush forgets its colour")
///     .email("ada@example.com")
///     .send();
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feedback {
    message: String,
    name: Option<String>,
    email: Option<String>,
    event_id: Option<Uuid>,
}

/// What became of a feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedbackKept {
    /// It is kept, and will be sent.
    Queued,
    /// It is kept, and will be sent when a consent covers it: see [`crate::set_consent`].
    Held,
    /// It is not kept: nothing was written in it, Afterword is off, or the person's choice is *never*.
    No,
}

/// Keeps what a person wrote about nothing in particular: [`Feedback`] says more.
pub fn feedback(message: &str) -> FeedbackKept {
    Feedback::new(message).send()
}

impl Feedback {
    /// What the person wrote. At most 4096 characters count.
    pub fn new(message: impl Into<String>) -> Feedback {
        Feedback {
            message: message.into(),
            ..Feedback::default()
        }
    }

    /// What the person is called.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Feedback {
        self.name = Some(name.into());
        self
    }

    /// How to reach the person.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Feedback {
        self.email = Some(email.into());
        self
    }

    /// The event that it is about: what a capture has returned.
    #[must_use]
    pub fn about(mut self, event_id: Uuid) -> Feedback {
        self.event_id = Some(event_id).filter(|id| !id.is_nil());
        self
    }

    /// Keeps it in the store, from which it is sent as the consent says. When this returns, a power cut does not lose it.
    pub fn send(self) -> FeedbackKept {
        let Some(running) = Running::of_this_process() else {
            return FeedbackKept::No;
        };
        let Some(envelope) = self.envelope(&running.dsn, running.release.as_deref(), &running.environment) else {
            return FeedbackKept::No;
        };
        let kept = running.keep(EnvelopeClass::Feedback, &envelope);
        if running.outbox.delivery == Delivery::Synchronous
            && !running.outbox.flush(running, running.outbox.timeout).done
        {
            log::warn!("feedback is not delivered in time; it is kept and sent later");
        }
        match kept {
            Ok(Placed::Queued) => FeedbackKept::Queued,
            Ok(Placed::Held) => FeedbackKept::Held,
            Ok(Placed::Dropped) => FeedbackKept::No,
            Err(error) => {
                log::error!(
                    "feedback is lost, it cannot be stored: {}",
                    afterword_store::chain(&error)
                );
                FeedbackKept::No
            }
        }
    }

    /// `<header>\n<item header>\n<payload>\n`; none when nothing was written.
    fn envelope(&self, dsn: &str, release: Option<&str>, environment: &str) -> Option<Vec<u8>> {
        let cut = |text: &str, chars| text.trim().chars().take(chars).collect::<String>();
        let message = cut(&self.message, MAX_MESSAGE_CHARS);
        if message.is_empty() {
            return None;
        }
        let event_id = Uuid::new_v4();
        let mut feedback = Map::new();
        feedback.insert("message".to_owned(), message.into());
        for (field, text) in [("name", &self.name), ("contact_email", &self.email)] {
            let text = text
                .as_deref()
                .map(|text| cut(text, MAX_FIELD_CHARS))
                .unwrap_or_default();
            if !text.is_empty() {
                feedback.insert(field.to_owned(), text.into());
            }
        }
        if let Some(about) = self.event_id {
            feedback.insert("associated_event_id".to_owned(), about.simple().to_string().into());
        }
        let mut event = json!({
            "event_id": event_id.simple().to_string(),
            "timestamp": seconds_since_1970(),
            "platform": "native",
            "level": "info",
            "environment": environment,
            "contexts": { "feedback": feedback },
        });
        if let Some(release) = release {
            event["release"] = release.into();
        }
        let payload = event.to_string();
        let header = json!({ "event_id": event_id.simple().to_string(), "dsn": dsn });
        let item = json!({ "type": "feedback", "content_type": "application/json", "length": payload.len() });
        Some(format!("{header}\n{item}\n{payload}\n").into_bytes())
    }
}

fn seconds_since_1970() -> Value {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(Value::Null, |since| since.as_secs_f64().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_envelope_with_what_was_written_and_within_bounds() {
        let about = Uuid::from_u128(7);
        let bytes = Feedback::new(format!("  {}", "é".repeat(5000)))
            .email(" a@b ")
            .name("")
            .about(about)
            .envelope("http://k@h/1", Some("a@1"), "test")
            .unwrap();
        let lines: Vec<Value> = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0]["dsn"], "http://k@h/1");
        assert_eq!(lines[1]["type"], "feedback");
        let feedback = &lines[2]["contexts"]["feedback"];
        assert_eq!(feedback["message"], "é".repeat(4096));
        assert_eq!(feedback["contact_email"], "a@b");
        assert!(feedback.get("name").is_none());
        assert_eq!(feedback["associated_event_id"], about.simple().to_string());
        assert_eq!(lines[2]["event_id"], lines[0]["event_id"]);
    }

    #[test]
    fn nothing_written_is_nothing_sent_and_so_is_everything_when_off() {
        assert!(Feedback::new(" \n ").envelope("http://k@h/1", None, "test").is_none());
        assert_eq!(feedback("hello"), FeedbackKept::No);
    }
}
