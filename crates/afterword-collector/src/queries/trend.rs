//! Events of issues over the last hours or days, for the small charts of lists.

use super::{Issue, lists};
use crate::Error;
use crate::database::Database;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// So many hours are shown one by one, longer times by the day.
const MAX_HOURS: i64 = 72;
const MAX_DAYS: i64 = 90;

/// A time in hours or in days (of UTC), of which the last is the one that it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    step_ms: i64,
    steps: i64,
}

impl Steps {
    /// Of so many milliseconds, bounded.
    pub(crate) fn of(period_ms: i64) -> Self {
        let (step_ms, most) = if period_ms <= MAX_HOURS * HOUR_MS {
            (HOUR_MS, MAX_HOURS)
        } else {
            (DAY_MS, MAX_DAYS)
        };
        Self {
            step_ms,
            steps: (period_ms + step_ms - 1).div_euclid(step_ms).clamp(1, most),
        }
    }

    /// The first millisecond of the first one.
    fn first(self, now: i64) -> i64 {
        now.div_euclid(self.step_ms) * self.step_ms - (self.steps - 1) * self.step_ms
    }
}

/// Events by step, in order: its first millisecond and the count; steps without events are there, too.
pub(crate) type Trend = Vec<(i64, i64)>;

/// For each of these issues its trend.
pub(crate) async fn of_issues(
    database: &Database,
    issues: &[Issue],
    steps: Steps,
    now: i64,
) -> Result<Vec<Trend>, Error> {
    if issues.is_empty() {
        return Ok(Vec::new());
    }
    let first = steps.first(now);
    let ids = issues.iter().map(|issue| issue.id);
    let hours = lists::issue_hours(database, ids, first, now, steps.step_ms / HOUR_MS).await?;
    let trend = |issue: &Issue| {
        let mut trend: Trend = (0..steps.steps).map(|step| (first + step * steps.step_ms, 0)).collect();
        for (at, events) in hours.get(&issue.id).into_iter().flatten() {
            let step = usize::try_from((at - first).div_euclid(steps.step_ms)).ok();
            if let Some((_, count)) = step.and_then(|step| trend.get_mut(step)) {
                *count += events;
            }
        }
        trend
    };
    Ok(issues.iter().map(trend).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_of_hours_and_longer_is_of_days() {
        let day = Steps::of(DAY_MS);
        assert_eq!((day.step_ms, day.steps), (HOUR_MS, 24));
        let fortnight = Steps::of(14 * DAY_MS);
        assert_eq!((fortnight.step_ms, fortnight.steps), (DAY_MS, 14));
        assert_eq!(Steps::of(5).steps, 1);
        assert_eq!(Steps::of(i64::MAX / 2).steps, MAX_DAYS);
        // 30 hours and a bit after 1970: of 24 hours the first is the seventh.
        assert_eq!(day.first(30 * HOUR_MS + 5), 7 * HOUR_MS);
        assert_eq!(fortnight.first(14 * DAY_MS + 5), DAY_MS);
    }
}
