//! The clocks of clients, set right by ours.

/// A clock is off if what it says was sent differs from what arrived by more than this.
const DRIFT_MS: i64 = 60_000;
/// Nothing happened before 2000; a clock that says so was never set.
const EARLIEST_MS: i64 = 946_684_800_000;

/// When an envelope was sent and when it came, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) sent_at: Option<i64>,
    pub(super) received_at: i64,
}

impl Clock {
    /// When it happened by our clock: corrected by the drift between when it was sent and when it came; never in the
    /// future, never before there were clocks.
    pub(super) fn occurred_at(self, stated: Option<i64>) -> i64 {
        let Some(stated) = stated else { return self.received_at };
        let drift = self
            .sent_at
            .map_or(0, |sent_at| self.received_at.saturating_sub(sent_at));
        let corrected = if drift.saturating_abs() > DRIFT_MS {
            stated.saturating_add(drift)
        } else {
            stated
        };
        if corrected < EARLIEST_MS {
            self.received_at
        } else {
            corrected.min(self.received_at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED_AT: i64 = 1_700_000_000_000;

    #[test]
    fn a_clock_that_is_off_is_corrected() {
        let minute = 60_000;
        let cases = [
            (None, None, RECEIVED_AT),
            (Some(RECEIVED_AT - 5 * minute), None, RECEIVED_AT - 5 * minute),
            (
                Some(RECEIVED_AT - 5 * minute),
                Some(RECEIVED_AT - minute),
                RECEIVED_AT - 5 * minute,
            ),
            // Two years ahead, and two hours behind.
            (
                Some(RECEIVED_AT + 730 * 1440 * minute),
                Some(RECEIVED_AT + 730 * 1440 * minute),
                RECEIVED_AT,
            ),
            (
                Some(RECEIVED_AT - 130 * minute),
                Some(RECEIVED_AT - 120 * minute),
                RECEIVED_AT - 10 * minute,
            ),
            (Some(RECEIVED_AT + minute), None, RECEIVED_AT),
            (Some(0), None, RECEIVED_AT),
            (Some(i64::MAX), Some(i64::MIN), RECEIVED_AT),
        ];
        for (stated, sent_at, expected) in cases {
            let clock = Clock {
                sent_at,
                received_at: RECEIVED_AT,
            };
            assert_eq!(clock.occurred_at(stated), expected, "{stated:?} {sent_at:?}");
        }
    }
}
