//! Transactions by name as they are told and sorted.

use super::reading::{Figures, Named};

/// Shares of the percentiles that are told.
const SHARES: [f64; 4] = [0.5, 0.75, 0.95, 0.99];

/// A name with its figures.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) named: Named,
    /// p50, p75, p95 and p99.
    pub(crate) percentiles_ms: [Option<f64>; 4],
    /// A minute.
    pub(crate) rate: f64,
    pub(crate) failure_rate: f64,
    /// About how long all of them took together.
    pub(crate) total_ms: f64,
}

impl Line {
    /// Over so many hours.
    #[expect(clippy::cast_precision_loss, reason = "counts of up to 2^53")]
    pub(crate) fn new(named: Named, hours: i64) -> Self {
        let figures = &named.figures;
        let count = figures.transactions as f64;
        Self {
            percentiles_ms: percentiles_ms(figures),
            rate: count / (hours * 60) as f64,
            failure_rate: figures.failed as f64 / count.max(1.0),
            total_ms: figures.durations.total() / 1000.0,
            named,
        }
    }
}

/// p50, p75, p95 and p99, if there are any durations.
pub(crate) fn percentiles_ms(figures: &Figures) -> [Option<f64>; 4] {
    let found = figures.durations.quantiles(SHARES);
    found.map_or([None; 4], |found| found.map(|us| Some(us / 1000.0)))
}

/// Sorted by `count`, `tpm`, `p50`, `p75`, `p95`, `p99`, `failure_rate`, `total` or `name`, with `-` the largest first; `None` for
/// anything else.
pub(crate) fn sorted(mut lines: Vec<Line>, sort: &str) -> Option<Vec<Line>> {
    let (by, largest_first) = match sort.strip_prefix('-') {
        Some(by) => (by, true),
        None => (sort, false),
    };
    #[expect(clippy::cast_precision_loss, reason = "a count of up to 2^53")]
    let figure: fn(&Line) -> f64 = match by {
        "count" | "tpm" => |line| line.named.figures.transactions as f64,
        "p50" => |line| line.percentiles_ms[0].unwrap_or_default(),
        "p75" => |line| line.percentiles_ms[1].unwrap_or_default(),
        "p95" => |line| line.percentiles_ms[2].unwrap_or_default(),
        "p99" => |line| line.percentiles_ms[3].unwrap_or_default(),
        "failure_rate" => |line| line.failure_rate,
        "total" => |line| line.total_ms,
        "name" => |_| 0.0,
        _ => return None,
    };
    lines.sort_by(|one, other| {
        let by_figure = figure(one).total_cmp(&figure(other));
        let name = |line: &Line| (line.named.name.clone(), line.named.project_id);
        let by_name = name(one).cmp(&name(other));
        match (largest_first, by) {
            (true, "name") => by_name.reverse(),
            (true, _) => by_figure.reverse().then(by_name),
            (false, _) => by_figure.then(by_name),
        }
    });
    Some(lines)
}
