//! When to try again.

use std::time::Duration;

use afterword_store::Delivery;
use time::OffsetDateTime;

/// After the first failure.
const FIRST: Duration = Duration::from_secs(30);
/// However many there were.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);
/// What a server may ask for at most; a next time farther away was written under another clock.
const FARTHEST: Duration = Duration::from_secs(25 * 60 * 60);

/// How long to wait after so many failed attempts (counted from 1): doubled each time from 30 s up to 6 h, of which half
/// is left to chance, so that the reports of many machines do not come back at the same moment.
///
/// `jitter` is the chance, 0 to 1; what lies outside is cut.
#[must_use]
pub fn backoff(attempts: u32, jitter: f64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let whole = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    let jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
    whole.mul_f64(0.5 + jitter / 2.0)
}

/// Whether the time of the next attempt has come. A time that is farther away than any wait can be does not count: the
/// clock was set back since.
#[must_use]
pub fn is_due(delivery: &Delivery, now: OffsetDateTime) -> bool {
    delivery
        .next_attempt_at
        .is_none_or(|at| at <= now || at - now > FARTHEST)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn it_doubles_up_to_six_hours_and_half_of_it_is_chance() {
        let seconds = |attempts, jitter| backoff(attempts, jitter).as_secs_f64();
        assert_eq!(
            [seconds(0, 1.0), seconds(1, 1.0), seconds(2, 1.0), seconds(3, 1.0)],
            [30.0, 30.0, 60.0, 120.0]
        );
        assert_eq!([seconds(1, 0.0), seconds(1, 0.5)], [15.0, 22.5]);
        assert_eq!(seconds(10, 1.0), 15_360.0);
        for attempts in [11, 100, u32::MAX] {
            assert_eq!(seconds(attempts, 1.0), 21_600.0, "{attempts}");
        }
        assert_eq!(
            [seconds(1, -5.0), seconds(1, 7.0), seconds(1, f64::NAN)],
            [15.0, 30.0, 15.0]
        );
    }

    #[test]
    fn due_is_what_has_no_time_a_past_one_or_one_of_another_clock() {
        let now = datetime!(2026-11-21 12:00 UTC);
        let at = |next| Delivery {
            next_attempt_at: next,
            ..Delivery::default()
        };
        assert!(is_due(&at(None), now));
        assert!(is_due(&at(Some(now)), now));
        assert!(!is_due(&at(Some(now + Duration::from_secs(1))), now));
        assert!(!is_due(&at(Some(now + Duration::from_secs(24 * 3600))), now));
        assert!(is_due(&at(Some(now + Duration::from_secs(1000 * 3600))), now));
    }
}
