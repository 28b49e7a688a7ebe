//! What was measured, against what it should be.

use std::fmt::Write as _;

use anyhow::Context as _;
use serde_json::{Value, json};

/// Many measurements of one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// # Errors
    /// When there are none.
    pub(crate) fn of(mut values: Vec<f64>) -> anyhow::Result<Spread> {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = *values.get(middle).context("nothing was measured")?;
        let lower = values[(values.len() - 1) / 2];
        Ok(Spread {
            median: f64::midpoint(lower, upper),
            least: values[0],
            most: values[values.len() - 1],
        })
    }

    /// What is left when the median of something else is taken away.
    pub(crate) fn less(&self, other: &Spread) -> Spread {
        Spread {
            median: self.median - other.median,
            least: self.least - other.median,
            most: self.most - other.median,
        }
    }

    fn json(&self) -> Value {
        json!({ "median": self.median, "least": self.least, "most": self.most })
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Milliseconds,
    Microseconds,
    Kibibytes,
    Mebibytes,
    Times,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Unit::Milliseconds => "ms",
            Unit::Microseconds => "µs",
            Unit::Kibibytes => "KiB",
            Unit::Mebibytes => "MiB",
            Unit::Times => "times",
        }
    }

    fn write(self, value: f64) -> String {
        match self {
            Unit::Times => format!("{value:.0}"),
            Unit::Kibibytes => format!("{value:.1}"),
            _ => format!("{value:.2}"),
        }
    }

    /// `1.20 ms (1.10–3.00)`.
    fn spread(self, spread: &Spread) -> String {
        format!(
            "{} {} ({}–{})",
            self.write(spread.median),
            self.name(),
            self.write(spread.least),
            self.write(spread.most)
        )
    }
}

/// One thing that was measured.
#[derive(Debug)]
pub(crate) struct Row {
    name: String,
    unit: Unit,
    ours: Spread,
    at_most: Option<f64>,
    peer: Option<Spread>,
    note: &'static str,
}

impl Row {
    pub(crate) fn new(name: &str, unit: Unit, ours: Spread) -> Row {
        Row {
            name: name.to_owned(),
            unit,
            ours,
            at_most: None,
            peer: None,
            note: "",
        }
    }

    /// The target.
    pub(crate) fn at_most(self, at_most: f64) -> Row {
        Row {
            at_most: Some(at_most),
            ..self
        }
    }

    pub(crate) fn peer(self, peer: Spread) -> Row {
        Row {
            peer: Some(peer),
            ..self
        }
    }

    pub(crate) fn note(self, note: &'static str) -> Row {
        Row { note, ..self }
    }

    /// By the median. Where it is missed: by how much.
    fn verdict(&self) -> String {
        match self.at_most {
            None => String::new(),
            Some(most) if self.ours.median <= most => "met".to_owned(),
            Some(most) => format!("MISSED by {}", self.unit.write(self.ours.median - most)),
        }
    }

    fn cells(&self) -> [String; 6] {
        [
            self.name.clone(),
            self.unit.spread(&self.ours),
            self.at_most
                .map_or_else(String::new, |most| format!("≤ {most} {}", self.unit.name())),
            self.verdict(),
            self.peer.map_or_else(|| "–".to_owned(), |peer| self.unit.spread(&peer)),
            self.note.to_owned(),
        ]
    }
}

/// All of it.
pub(crate) struct Table {
    heading: String,
    rows: Vec<Row>,
}

const COLUMNS: [&str; 6] = ["measure", "afterword", "target", "verdict", "sentry-minidump 0.49", ""];

impl Table {
    pub(crate) fn begin(runs: u32) -> Table {
        let processors = std::thread::available_parallelism().map_or(0, usize::from);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("unknown");
        Table {
            heading: format!(
                "median (least–most) of up to {runs} processes; {processors} processors, load {load} at the beginning"
            ),
            rows: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, row: Row) {
        crate::progress(&format!("  {}", row.cells().join("  ")));
        self.rows.push(row);
    }

    /// As Markdown, aligned for a terminal.
    pub(crate) fn text(&self) -> String {
        let cells: Vec<[String; 6]> = std::iter::once(COLUMNS.map(str::to_owned))
            .chain(self.rows.iter().map(Row::cells))
            .collect();
        let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        let mut text = format!("{}\n\n", self.heading);
        for (number, row) in cells.iter().enumerate() {
            let line = |cell: &dyn Fn(usize) -> String| (0..6).map(cell).collect::<Vec<_>>().join(" | ");
            // Writing to a string does not fail.
            let _ = writeln!(text, "| {} |", line(&|i| format!("{:1$}", row[i], widths[i])));
            if number == 0 {
                let _ = writeln!(text, "| {} |", line(&|i| "-".repeat(widths[i].max(3))));
            }
        }
        text
    }

    pub(crate) fn json(&self) -> String {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "measure": row.name.trim(),
                    "unit": row.unit.name(),
                    "afterword": row.ours.json(),
                    "at_most": row.at_most,
                    "met": row.at_most.map(|most| row.ours.median <= most),
                    "sentry_minidump": row.peer.map(|peer| peer.json()),
                })
            })
            .collect();
        format!("{:#}", json!({ "heading": self.heading, "rows": rows }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let spread = Spread::of(vec![4.0, 1.0, 2.0, 100.0]).unwrap();
        assert_eq!((spread.least, spread.median, spread.most), (1.0, 3.0, 100.0));
        assert!(Spread::of(Vec::new()).is_err());
    }

    #[test]
    fn a_missed_target_says_by_how_much() {
        let spread = Spread::of(vec![1.5]).unwrap();
        let row = |most| Row::new("init", Unit::Milliseconds, spread).at_most(most);
        assert_eq!(row(1.5).verdict(), "met");
        assert_eq!(row(1.0).verdict(), "MISSED by 0.50");
    }
}
