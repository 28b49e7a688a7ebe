//! Client reports: what a client did not send, and why. Pure.

use serde_json::Value;

use super::clock::Clock;
use super::items::cut;
use crate::event::parse_time;

/// The most of one report that is read: its 4 KiB do not hold more.
const MAX_DISCARDS: usize = 200;
const MAX_WORD_CHARS: usize = 100;
const MAX_QUANTITY: u64 = 1_000_000_000;
const DAY_MS: i64 = 86_400_000;

/// How much of a category was discarded for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Discard {
    /// The first millisecond of the day.
    pub(super) day: i64,
    pub(super) reason: String,
    pub(super) category: String,
    pub(super) quantity: i64,
}

/// Reads an item `client_report`; entries that say nothing are left out.
///
/// # Errors
/// What the report lacks, in words.
pub(super) fn read(raw: &Value, clock: Clock) -> Result<Vec<Discard>, String> {
    let Some(Value::Array(all)) = raw.get("discarded_events") else {
        return Err("it has no list of discarded_events".to_owned());
    };
    let at = clock.occurred_at(raw.get("timestamp").and_then(parse_time));
    let day = at - at.rem_euclid(DAY_MS);
    let discard = |entry: &Value| {
        let word = |name: &str| {
            let word = cut(entry.get(name)?.as_str()?.trim(), MAX_WORD_CHARS);
            (!word.is_empty()).then_some(word)
        };
        let quantity = entry.get("quantity")?.as_u64()?.min(MAX_QUANTITY);
        Some(Discard {
            day,
            reason: word("reason")?,
            category: word("category")?,
            quantity: i64::try_from(quantity).ok()?,
        })
    };
    Ok(all.iter().take(MAX_DISCARDS).filter_map(discard).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CLOCK: Clock = Clock {
        sent_at: None,
        received_at: 1_700_000_000_000,
    };

    #[test]
    fn what_says_nothing_is_left_out() {
        let report = json!({"timestamp": 1_600_000_000, "discarded_events": [
            {"reason": "queue_overflow", "category": "error", "quantity": 3},
            {"reason": "queue_overflow", "category": "error", "quantity": -3},
            {"reason": "", "category": "error", "quantity": 3},
            {"reason": "before_send", "category": "x".repeat(500), "quantity": u64::MAX},
            7, null,
        ]});
        let read = read(&report, CLOCK).unwrap();
        assert_eq!(read.len(), 2, "{read:?}");
        assert_eq!((read[0].reason.as_str(), read[0].quantity), ("queue_overflow", 3));
        assert_eq!(read[0].day, 1_599_955_200_000, "13 September 2020");
        assert_eq!((read[1].category.len(), read[1].quantity), (100, 1_000_000_000));
    }

    #[test]
    fn a_report_without_a_list_is_none() {
        for odd in [json!({}), json!(5), json!({"discarded_events": {}})] {
            assert!(super::read(&odd, CLOCK).is_err(), "{odd}");
        }
    }
}
