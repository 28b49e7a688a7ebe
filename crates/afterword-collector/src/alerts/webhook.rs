//! The generic webhook: JSON by POST, signed.
//!
//! # The request
//!
//! ```text
//! POST <the rule's address>
//! Content-Type: application/json
//! User-Agent: afterword-collector/<version>
//! X-Afterword-Delivery: <id, the same at each try>
//! X-Afterword-Signature: t=<seconds since 1970>,v1=<hex of HMAC-SHA256>
//! ```
//!
//! Any answer of 2xx within 10 s says that it is there. The body, version 1 (fields may be added to it, none changes its meaning):
//!
//! ```text
//! version       1
//! id            as in X-Afterword-Delivery
//! test          true: somebody pressed the test button, nothing happened
//! kind          new-issue, regression, events, users, crash-free, duration, poison, queue
//! at            when, RFC 3339
//! rule          {id, name}
//! headline      what happened, in one sentence
//! reasons       more sentences
//! organization  its name
//! project       its name; null if it is about all
//! url           the page where it is seen
//! issue         {id, shortId, title, place}; null if it is about none
//! eventId       the event that made the rule fire, or null
//! facts         [{name, value}]: release, environment, users, …
//! others        [{headline, url}]: what this message tells besides, if it is a summary
//! ```
//!
//! # How a receiver knows that it is ours
//!
//! The key is the secret of the rule. The signed text is the value of `t`, a full stop, and the body, byte for byte:
//!
//! ```text
//! t, v1 = parse(headers["X-Afterword-Signature"])
//! expected = hex(hmac_sha256(secret, t + "." + body))
//! good = equal_in_constant_time(expected, v1) and abs(now - t) < 300
//! ```
//!
//! `t` is that of the try, so that an old request cannot be sent again by somebody else. There may be other pairs than `t` and
//! `v1` some day: skip them. A delivery whose id was taken before is the same one, tried again since our answer got lost.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::Alert;
use super::text::cut;
use crate::api::time;
use crate::symbols::hex;

/// Of each text and of each list.
const MAX_TEXT: usize = 2000;
const MAX_LINES: usize = 100;

/// What is posted.
pub(super) fn message(id: &str, alert: &Alert) -> Value {
    let text = |text: &str| cut(text, MAX_TEXT);
    let of = |value: &Option<String>| value.as_deref().map(text);
    let issue = alert.issue_id.map(|issue_id| {
        json!({
            "id": issue_id.to_string(),
            "shortId": of(&alert.short_id),
            "title": of(&alert.title),
            "place": of(&alert.place),
        })
    });
    let lines = |lines: &[(String, String)], first: &str, second: &str| -> Vec<Value> {
        let lines = lines.iter().take(MAX_LINES);
        lines.map(|(a, b)| json!({ first: text(a), second: text(b) })).collect()
    };
    json!({
        "version": 1,
        "id": id,
        "test": alert.is_test,
        "kind": alert.kind,
        "at": time(alert.at),
        "rule": { "id": alert.rule_id.to_string(), "name": text(&alert.rule) },
        "headline": text(&alert.headline),
        "reasons": alert.reasons.iter().take(MAX_LINES).map(|reason| text(reason)).collect::<Vec<_>>(),
        "organization": text(&alert.organization),
        "project": Some(text(&alert.project)).filter(|project| !project.is_empty()),
        "url": alert.url,
        "issue": issue,
        "eventId": alert.event_id,
        "facts": lines(&alert.facts, "name", "value"),
        "others": lines(&alert.others, "headline", "url"),
    })
}

/// What goes with it; `at` in seconds since 1970.
pub(super) fn headers(id: &str, secret: &str, body: &[u8], at: i64) -> [(&'static str, String); 2] {
    [
        ("X-Afterword-Delivery", id.to_owned()),
        ("X-Afterword-Signature", signature(secret, body, at)),
    ]
}

fn signature(secret: &str, body: &[u8], at: i64) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes keys of any length");
    };
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={at},v1={}", hex(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::samples;

    #[test]
    fn the_signature_is_what_openssl_says() {
        // printf '1767323045.{"version":1}' | openssl dgst -sha256 -hmac 'a secret'
        assert_eq!(
            signature("a secret", br#"{"version":1}"#, 1_767_323_045),
            "t=1767323045,v1=5f39cd4439f83882eca506e21b3d27206148014503f0e2b1932b6bb114fe5958"
        );
    }

    #[test]
    fn the_shape() {
        insta::assert_json_snapshot!("usual", message("a-1", &samples::usual()));
        insta::assert_json_snapshot!("summary", message("a-1", &samples::summary()));
    }

    #[test]
    fn it_is_bounded_whatever_was_written() {
        let message = message("a-1", &samples::hostile());
        assert!(message.to_string().len() < 500_000);
        assert_eq!(message["others"].as_array().unwrap().len(), MAX_LINES);
    }
}
