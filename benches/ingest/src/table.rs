//! What was measured, against what it should be.

use std::fmt::Write as _;

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    AtLeast(f64),
    AtMost(f64),
    Nothing,
}

/// Rows of a table in Markdown.
#[derive(Debug)]
pub(crate) struct Table {
    rows: String,
}

impl Table {
    pub(crate) fn begin() -> Table {
        Table {
            rows: "| measure | figure | target | verdict |  |\n| --- | --- | --- | --- | --- |\n".to_owned(),
        }
    }

    pub(crate) fn row(&mut self, name: &str, figure: f64, unit: &str, wanted: Wanted, words: &str) {
        let (target, verdict) = match wanted {
            Wanted::AtLeast(least) => (format!("≥ {least:.0} {unit}"), met(figure >= least)),
            Wanted::AtMost(most) => (format!("≤ {most:.0} {unit}"), met(figure <= most)),
            Wanted::Nothing => (String::new(), ""),
        };
        let digits = usize::from(figure < 100.0);
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.rows,
            "| {name} | {figure:.digits$} {unit} | {target} | {verdict} | {words} |"
        );
    }

    /// What could not be measured, and why.
    pub(crate) fn missing(&mut self, name: &str, why: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.rows, "| {name} | – |  | not measured | {why} |");
    }

    /// The table, and under what load of the machine it was made.
    pub(crate) fn text(&self) -> String {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load: Vec<&str> = load.split(' ').take(3).collect();
        format!("{}\n{cores} processors; load {}", self.rows, load.join(" "))
    }
}

fn met(is: bool) -> &'static str {
    if is { "met" } else { "not met" }
}
