//! A time axis, in UTC.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 1970 began on a Thursday; weeks begin on Mondays.
const MONDAY_MS: i64 = 4 * DAY_MS;
/// The most moments that are written beside the axis.
const MOST: i64 = 9;
/// How far apart they may be.
const PERIODS: [i64; 16] = [
    MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
    2 * DAY_MS,
    7 * DAY_MS,
    14 * DAY_MS,
    28 * DAY_MS,
    84 * DAY_MS,
    364 * DAY_MS,
];

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:short]");
const HOUR: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]");
const WHOLE_DAY: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:short] [year]");
const WHOLE: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]");

/// A moment beside the axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tick {
    /// Of which interval.
    pub(super) slot: usize,
    pub(super) label: String,
    /// Left out where there is little room.
    pub(super) minor: bool,
}

/// The moments beside an axis of so many intervals of a length, of which the first begins at `start_ms`.
pub(super) fn ticks(start_ms: i64, step_ms: i64, slots: usize) -> Vec<Tick> {
    let step_ms = step_ms.max(1);
    let whole = step_ms.saturating_mul(i64::try_from(slots).unwrap_or(i64::MAX));
    let fits = |period: &&i64| **period >= step_ms && whole / **period < MOST;
    let period = PERIODS.iter().find(fits).copied().unwrap_or(whole / MOST + 1);
    let origin = if period % (7 * DAY_MS) == 0 { MONDAY_MS } else { 0 };
    let mut ticks: Vec<Tick> = Vec::new();
    let mut before = None;
    for slot in 0..slots {
        let begin = start_ms.saturating_add(step_ms.saturating_mul(i64::try_from(slot).unwrap_or(i64::MAX)));
        // The first interval that begins in a period stands for it.
        let of = begin.saturating_sub(origin).div_euclid(period);
        let begins = begin.saturating_sub(origin).rem_euclid(period) < step_ms;
        if before != Some(of) && begins {
            ticks.push(Tick {
                slot,
                label: short(begin, period),
                minor: false,
            });
        }
        before = Some(of);
    }
    let count = ticks.len();
    for (at, tick) in ticks.iter_mut().enumerate() {
        tick.minor = count > 4 && at % 2 == 1;
    }
    ticks
}

/// An interval in words: `21 Nov 2026`, or `21 Nov 2026, 14:00`.
pub(super) fn say(begin_ms: i64, step_ms: i64) -> String {
    format(begin_ms, if step_ms % DAY_MS == 0 { WHOLE_DAY } else { WHOLE })
}

/// What a column of such words is headed by.
pub(super) fn heading(step_ms: i64) -> &'static str {
    if step_ms % DAY_MS == 0 {
        "Day (UTC)"
    } else {
        "From (UTC)"
    }
}

fn short(at_ms: i64, period_ms: i64) -> String {
    let midnight = at_ms.rem_euclid(DAY_MS) == 0;
    format(at_ms, if midnight || period_ms >= DAY_MS { DAY } else { HOUR })
}

fn format(at_ms: i64, format: &[BorrowedFormatItem<'_>]) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(at_ms.div_euclid(1000)).ok();
    let text = moment.and_then(|moment| moment.format(format).ok());
    // A moment beyond the calendar.
    text.unwrap_or_else(|| "?".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 00:00 UTC, a Saturday.
    const SATURDAY: i64 = 1_795_219_200_000;

    fn labels(start_ms: i64, step_ms: i64, slots: usize) -> Vec<String> {
        let ticks = ticks(start_ms, step_ms, slots);
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn hours_days_and_weeks() {
        assert_eq!(
            labels(SATURDAY + 15 * HOUR_MS, HOUR_MS, 24),
            ["15:00", "18:00", "21:00", "22 Nov", "03:00", "06:00", "09:00", "12:00"]
        );
        assert_eq!(
            labels(SATURDAY, DAY_MS, 14),
            ["21 Nov", "23 Nov", "25 Nov", "27 Nov", "29 Nov", "1 Dec", "3 Dec"]
        );
        assert_eq!(labels(SATURDAY, DAY_MS, 30), ["23 Nov", "30 Nov", "7 Dec", "14 Dec"]);
        assert_eq!(labels(SATURDAY, 6 * HOUR_MS, 56).len(), 7);
        assert_eq!(labels(SATURDAY, DAY_MS, 1), ["21 Nov"]);
    }

    #[test]
    fn every_other_is_left_out_where_there_is_little_room() {
        let minor: Vec<bool> = ticks(SATURDAY, HOUR_MS, 24).iter().map(|tick| tick.minor).collect();
        assert_eq!(minor, [false, true, false, true, false, true, false, true]);
        assert!(ticks(SATURDAY, DAY_MS, 30).iter().all(|tick| !tick.minor));
    }

    #[test]
    fn whatever_comes_there_are_few() {
        for (start, step, slots) in [
            (0, 0, 10),
            (0, -5, 10),
            (i64::MAX, 1, 10),
            (i64::MIN, i64::MAX, 400),
            (0, DAY_MS * 365, 400),
            (0, 1, 400),
            (0, 7 * HOUR_MS, 400),
            (0, DAY_MS, 0),
        ] {
            let ticks = ticks(start, step, slots);
            assert!(ticks.len() <= 10, "{start} {step} {slots}: {ticks:?}");
        }
        assert_eq!(say(i64::MAX, 1), "?");
        assert_eq!(say(SATURDAY, DAY_MS), "21 Nov 2026");
        assert_eq!(say(SATURDAY, HOUR_MS), "21 Nov 2026, 00:00");
    }
}
