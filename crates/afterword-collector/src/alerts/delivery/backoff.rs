//! When a delivery that failed is tried again: soon at first, then each half an hour, for about a day.

use std::time::Duration;

/// Tries in all: 5 s, 10 s, … 21 min between the first ten, and half an hour between the others.
pub(super) const MAX_TRIES: i64 = 57;

const FIRST_MS: i64 = 5_000;
const LONGEST_MS: i64 = 30 * 60_000;

/// The longest that somebody who says `Retry-After` is believed.
const MAX_AFTER_MS: i64 = 60 * 60_000;

/// How long those behind it wait at most: their order is kept in short troubles, and no message can hold up others for long.
const LONGEST_HOLD_MS: i64 = 60_000;

/// Milliseconds until the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) own: i64,
    /// Of others to the same place.
    pub(super) others: i64,
}

/// How long to wait after so many tries; `None`: it is given up. `chance` spreads those that failed together, by up to a fifth
/// to both sides.
pub(super) fn wait(tries: i64, after: Option<Duration>, chance: u32) -> Option<Wait> {
    if tries >= MAX_TRIES {
        return None;
    }
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(0).min(20);
    let usual = (FIRST_MS << doublings).min(LONGEST_MS);
    let spread = usual * 2 / 5 * i64::from(chance) / i64::from(u32::MAX);
    let usual = usual - usual / 5 + spread;
    let asked = after.map(|after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX).min(MAX_AFTER_MS));
    let own = usual.max(asked.unwrap_or(0));
    Some(Wait {
        own,
        // Who says when is meant for all.
        others: asked.map_or(own.min(LONGEST_HOLD_MS), |_| own),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: u32 = u32::MAX / 2;

    fn own(tries: i64, after: Option<u64>, chance: u32) -> i64 {
        wait(tries, after.map(Duration::from_secs), chance).unwrap().own
    }

    #[test]
    fn it_grows_for_about_a_day() {
        let waits: Vec<i64> = (1..MAX_TRIES).map(|tries| own(tries, None, MIDDLE)).collect();
        assert!(waits.is_sorted());
        assert!(
            (4_999..=5_000).contains(&waits[0]) && (9_999..=10_000).contains(&waits[1]),
            "{waits:?}"
        );
        let hours = waits.iter().sum::<i64>() / 3_600_000;
        assert!((23..=25).contains(&hours), "{hours}");
        assert_eq!(wait(MAX_TRIES, None, 0), None);
        assert_eq!(wait(MAX_TRIES, Some(Duration::from_secs(1)), 0), None);
    }

    #[test]
    fn chance_spreads_it() {
        assert_eq!((own(1, None, 0), own(1, None, u32::MAX)), (4_000, 6_000));
        assert_eq!((own(50, None, 0), own(50, None, u32::MAX)), (1_440_000, 2_160_000));
    }

    #[test]
    fn what_the_other_side_says_counts_for_all() {
        let of = |tries, seconds| wait(tries, Some(Duration::from_secs(seconds)), 0).unwrap();
        assert_eq!(
            of(1, 0),
            Wait {
                own: 4_000,
                others: 4_000
            },
            "not sooner than usual"
        );
        assert_eq!(
            of(1, 120),
            Wait {
                own: 120_000,
                others: 120_000
            }
        );
        assert_eq!(of(1, u64::MAX).own, MAX_AFTER_MS);
        let usual = wait(12, None, 0).unwrap();
        assert_eq!(
            usual,
            Wait {
                own: 1_440_000,
                others: 60_000
            }
        );
    }

    #[test]
    fn any_number_is_one() {
        for tries in [i64::MIN, -1, 0, 1] {
            assert_eq!(own(tries, None, 0), 4_000, "{tries}");
        }
    }
}
