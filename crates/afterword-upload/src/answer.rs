//! What a server's answer means. No I/O: an answer goes in, a verdict comes out.

use std::time::{Duration, SystemTime};

use afterword_protocol::envelope::kind;
use afterword_protocol::{Category, Envelope, RateLimits};
use serde_json::Value;
use uuid::Uuid;

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
    /// Whether it can be asked what it knows of a crash: it says `X-Afterword-Known`.
    pub(crate) tells_known: bool,
    /// The body; none if it was longer than the bound.
    pub(crate) body: Option<Vec<u8>>,
}

/// What a 2xx must name to count: a server that has read an event says which. Anything else was answered by somebody
/// who did not read it, such as a hotel's portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// One of these; the first is its own.
    Id(Vec<Uuid>),
    /// An event without an id of its own gets one from the server.
    AnyId,
    /// Without an event there is nothing to name.
    Nothing,
}

impl Expected {
    /// What is to be named of an envelope.
    pub(crate) fn of(envelope: &Envelope) -> Expected {
        let event = envelope.items.iter().find(|item| {
            [kind::EVENT, kind::TRANSACTION, kind::FEEDBACK].contains(&item.header.kind.as_str()) || item.is_minidump()
        });
        let Some(event) = event else {
            return Expected::Nothing;
        };
        let of_payload = || {
            let payload: Value = serde_json::from_slice(&event.payload).ok()?;
            Uuid::try_parse(payload["event_id"].as_str()?).ok()
        };
        let id = envelope.header.event_id.or_else(of_payload);
        id.map_or(Expected::AnyId, |id| Expected::Id(vec![id]))
    }

    fn is_met(&self, named: Option<Uuid>) -> bool {
        match self {
            Expected::Id(ids) => named.is_some_and(|named| ids.contains(&named)),
            Expected::AnyId => named.is_some(),
            Expected::Nothing => true,
        }
    }
}

/// What it means for what was sent.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The server has it, and calls it so.
    Accepted { event_id: Option<Uuid> },
    /// It goes over a rate limit.
    Limited { words: String },
    /// Not now.
    Later { why: String, wait: Option<Duration> },
    /// Not ever.
    Refused { words: String },
}

impl Answer {
    /// See the table on the crate's page.
    pub(crate) fn verdict(&self, expected: &Expected, now: SystemTime) -> Verdict {
        let status = self.status;
        match status {
            200..=299 => {
                let Some(json) = self.json() else {
                    return self.later(format!("the answer ({status}) is not one of a Sentry server"), now);
                };
                // With and without dashes, in any case.
                let event_id = json["id"].as_str().and_then(|id| Uuid::try_parse(id).ok());
                if expected.is_met(event_id) {
                    Verdict::Accepted { event_id }
                } else {
                    self.later(format!("the answer ({status}) does not name what was sent"), now)
                }
            }
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

    /// Whether the server may be well again in a moment: it failed, and does not say for how long.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.status, 500..=599) && self.retry_after.is_none() && self.rate_limits.is_none()
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
    use afterword_protocol::Limits;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: Some(body.as_bytes().to_vec()),
            ..Answer::default()
        }
    }

    fn verdict(status: u16, body: &str) -> Verdict {
        answer(status, body).verdict(&Expected::Nothing, SystemTime::now())
    }

    const ID: Uuid = Uuid::from_u128(0x9ec7_9c33_ec99_42ab_8353_589f_cb2e_04dc);
    const OTHER: Uuid = Uuid::from_u128(0x1ec7_9c33_ec99_42ab_8353_589f_cb2e_04dc);

    #[test]
    fn only_json_from_the_server_is_an_acceptance() {
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
        assert!(matches!(
            too_long.verdict(&Expected::Nothing, SystemTime::now()),
            Verdict::Later { .. }
        ));
    }

    #[test]
    fn a_2xx_that_does_not_name_the_event_is_no_acceptance() {
        let with = |expected: &Expected, body: &str| answer(200, body).verdict(expected, SystemTime::now());
        let own = Expected::Id(vec![ID]);
        for body in [
            format!("{{\"id\":\"{}\"}}", ID.simple()),
            format!("{{\"id\":\"{}\",\"more\":1}}", ID.hyphenated()),
            format!("{{\"id\":\"{}\"}}", ID.hyphenated().to_string().to_uppercase()),
        ] {
            assert_eq!(with(&own, &body), Verdict::Accepted { event_id: Some(ID) }, "{body}");
        }
        for body in [
            "{}",
            r#"{"id":null}"#,
            r#"{"id":""}"#,
            r#"{"id":7}"#,
            r#"{"status":"ok"}"#,
            &format!("{{\"id\":\"{OTHER}\"}}"),
        ] {
            assert!(matches!(with(&own, body), Verdict::Later { .. }), "{body}");
        }
        assert!(matches!(with(&Expected::AnyId, "{}"), Verdict::Later { .. }));
        let any = with(&Expected::AnyId, &format!("{{\"id\":\"{OTHER}\"}}"));
        assert_eq!(any, Verdict::Accepted { event_id: Some(OTHER) });
    }

    #[test]
    fn what_is_to_be_named_follows_from_the_envelope() {
        let of = |bytes: String| Expected::of(&Envelope::parse(bytes.as_bytes(), &Limits::default()).unwrap());
        for kind in ["event", "transaction", "feedback"] {
            let in_header = format!("{{\"event_id\":\"{ID}\"}}\n{{\"type\":\"{kind}\"}}\n{{}}\n");
            assert_eq!(of(in_header), Expected::Id(vec![ID]));
            let in_payload = format!("{{}}\n{{\"type\":\"{kind}\"}}\n{{\"event_id\":\"{ID}\"}}\n");
            assert_eq!(of(in_payload), Expected::Id(vec![ID]));
            assert_eq!(of(format!("{{}}\n{{\"type\":\"{kind}\"}}\n{{}}\n")), Expected::AnyId);
        }
        for kind in ["session", "client_report", "statsd"] {
            let envelope = format!("{{\"event_id\":\"{ID}\"}}\n{{\"type\":\"{kind}\"}}\n{{}}\n");
            assert_eq!(of(envelope), Expected::Nothing);
        }
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
        let refused = |answer: Answer| match answer.verdict(&Expected::Nothing, SystemTime::now()) {
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
        let Verdict::Later { wait: Some(wait), .. } = busy.verdict(&Expected::Nothing, now) else {
            panic!()
        };
        assert_eq!(wait, Duration::from_secs(120));
        let Verdict::Later { wait, .. } = verdict(503, "") else {
            panic!()
        };
        assert_eq!(wait, None);
    }
}
