//! What a server's answer means. No I/O: an answer goes in, a verdict comes out.

use std::time::{Duration, SystemTime};

use afterword_protocol::{Category, RateLimits};
use serde_json::Value;

/// The most that is kept of a server's words, in characters.
const WORDS_MAX_CHARS: usize = 1000;

/// An HTTP answer, as far as it matters.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `X-Sentry-Rate-Limits`.
    pub(crate) rate_limits: Option<String>,
    /// `Retry-After`.
    pub(crate) retry_after: Option<String>,
    /// `X-Sentry-Error`.
    pub(crate) error: Option<String>,
    /// `Location`.
    pub(crate) location: Option<String>,
    /// The body; none if it was longer than the bound.
    pub(crate) body: Option<Vec<u8>>,
}

/// What it means for what was sent.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The server has it.
    Accepted { event_id: Option<String> },
    /// It goes over a rate limit.
    Limited { words: String },
    /// Not now.
    Later { why: String, wait: Option<Duration> },
    /// Not ever.
    Refused { words: String },
}

impl Answer {
    /// See the table on the crate's page.
    pub(crate) fn verdict(&self, now: SystemTime) -> Verdict {
        let status = self.status;
        match status {
            200..=299 => match self.json() {
                Some(json) => Verdict::Accepted {
                    event_id: json["id"].as_str().map(|id| clean(id, 64)),
                },
                None => self.later(format!("the answer ({status}) is not one of a Sentry server"), now),
            },
            300..=399 => {
                let to = clean(self.location.as_deref().unwrap_or("nowhere"), 200);
                self.later(
                    format!("the server redirects ({status}) to {to}, which is not followed"),
                    now,
                )
            }
            429 => Verdict::Limited { words: self.words() },
            400..=499 if !matches!(status, 407 | 408 | 425) => Verdict::Refused { words: self.words() },
            _ => self.later(format!("the server answered {status}: {}", self.words()), now),
        }
    }

    fn later(&self, why: String, now: SystemTime) -> Verdict {
        // The protocol crate reads `Retry-After` for a 429; its meaning is the same here.
        let mut asked = RateLimits::default();
        let wait = self.retry_after.as_deref().and_then(|value| {
            asked.update(429, None, Some(value), now);
            asked.limited_until(Category::Default, now)?.duration_since(now).ok()
        });
        Verdict::Later { why, wait }
    }

    fn json(&self) -> Option<Value> {
        let json: Value = serde_json::from_slice(self.body.as_deref()?).ok()?;
        json.is_object().then_some(json)
    }

    /// What the server says, bounded and without control characters: from JSON `detail` and `causes`, else plain text;
    /// and the header.
    fn words(&self) -> String {
        let mut words = match (self.json(), self.body.as_deref()) {
            (Some(json), _) => from_json(&json),
            (None, Some(body)) => from_text(&String::from_utf8_lossy(body)),
            (None, None) => String::new(),
        };
        if let Some(error) = &self.error
            && !words.contains(error.as_str())
        {
            words = format!("{words} {error}");
        }
        let words = clean(&words, WORDS_MAX_CHARS);
        if words.is_empty() {
            format!("status {}, without a word", self.status)
        } else {
            words
        }
    }
}

fn from_json(json: &Value) -> String {
    let detail = ["detail", "error", "message"]
        .into_iter()
        .find_map(|key| json[key].as_str());
    let causes = json["causes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let words: Vec<&str> = detail.into_iter().chain(causes.take(20)).collect();
    if words.is_empty() {
        json.to_string()
    } else {
        words.join(": ")
    }
}

/// A page says nothing to a person in its source.
fn from_text(text: &str) -> String {
    if text.trim_start().starts_with('<') {
        String::new()
    } else {
        text.to_owned()
    }
}

/// What strangers wrote, fit to be shown: bounded, one line, no control or direction characters.
pub(crate) fn clean(text: &str, max_chars: usize) -> String {
    let mut cleaned = String::new();
    let visible = text
        .chars()
        .map(|c| if c.is_control() || is_direction(c) { ' ' } else { c });
    for c in visible.take(max_chars * 2) {
        if !(c == ' ' && (cleaned.is_empty() || cleaned.ends_with(' '))) {
            cleaned.push(c);
        }
    }
    cleaned.trim_end().chars().take(max_chars).collect()
}

/// Characters that change the direction of what is around them.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: Some(body.as_bytes().to_vec()),
            ..Answer::default()
        }
    }

    fn verdict(status: u16, body: &str) -> Verdict {
        answer(status, body).verdict(SystemTime::now())
    }

    #[test]
    fn only_json_from_the_server_is_an_acceptance() {
        assert_eq!(
            verdict(200, r#"{"id":"abc"}"#),
            Verdict::Accepted {
                event_id: Some("abc".into())
            }
        );
        assert_eq!(verdict(202, "{}"), Verdict::Accepted { event_id: None });
        for garbage in [
            "",
            "ok",
            "<html>Welcome to the hotel</html>",
            "[]",
            "\"id\"",
            "{\"id\":",
        ] {
            assert!(matches!(verdict(200, garbage), Verdict::Later { .. }), "{garbage:?}");
        }
        let too_long = Answer {
            status: 200,
            body: None,
            ..Answer::default()
        };
        assert!(matches!(too_long.verdict(SystemTime::now()), Verdict::Later { .. }));
    }

    #[test]
    fn statuses_sort_into_later_limited_and_refused() {
        for status in [301, 302, 307, 308, 407, 408, 425, 500, 502, 503, 504, 599, 100] {
            assert!(matches!(verdict(status, ""), Verdict::Later { .. }), "{status}");
        }
        for status in [400, 401, 403, 404, 410, 413, 415, 422] {
            assert!(matches!(verdict(status, ""), Verdict::Refused { .. }), "{status}");
        }
        assert!(matches!(verdict(429, ""), Verdict::Limited { .. }));
    }

    #[test]
    fn words_are_found_bounded_and_cleaned() {
        let refused = |answer: Answer| match answer.verdict(SystemTime::now()) {
            Verdict::Refused { words } => words,
            other => panic!("{other:?}"),
        };
        let causes = r#"{"detail":"event rejected","causes":["too large","bad\u0007 key"]}"#;
        assert_eq!(refused(answer(400, causes)), "event rejected: too large: bad key");
        assert_eq!(refused(answer(403, "no\r\n\x1b[31mentry")), "no [31mentry");
        assert_eq!(refused(answer(403, "<html><body>…")), "status 403, without a word");
        assert_eq!(refused(answer(400, r#"{"code":7}"#)), r#"{"code":7}"#);
        let with_header = Answer {
            error: Some("quota".into()),
            ..answer(403, "denied")
        };
        assert_eq!(refused(with_header), "denied quota");
        assert_eq!(refused(answer(400, &"ä".repeat(50_000))).chars().count(), 1000);
        assert_eq!(clean("a\u{202e}b", 10), "a b");
    }

    #[test]
    fn retry_after_is_heeded_with_any_later() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let busy = Answer {
            retry_after: Some("120".into()),
            ..answer(503, "")
        };
        let Verdict::Later { wait: Some(wait), .. } = busy.verdict(now) else {
            panic!()
        };
        assert_eq!(wait, Duration::from_secs(120));
        let Verdict::Later { wait, .. } = verdict(503, "") else {
            panic!()
        };
        assert_eq!(wait, None);
    }
}
