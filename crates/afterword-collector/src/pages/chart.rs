//! Charts: pure functions from figures to pictures, drawn here as SVG, without script and without inline style.
//!
//! | function | picture |
//! | --- | --- |
//! | [`spark`] | a few small bars for a line of a list |
//! | [`OverTime::bars`] | how many there were in each interval, of one or several kinds above each other |
//! | [`OverTime::lines`] | how figures went, with gaps where nothing is known |
//! | [`Spread::bars`] | how many took how long |
//!
//! A chart is a `<figure>`: its title, a key where there are several kinds, the picture, and the same numbers as a table for those who
//! read. It is as wide as there is room and always equally high, so that nothing moves: text keeps its size because what lies along
//! the x axis is placed by percentages, and curves are stretched in a picture of their own. Kinds differ in texture as well as in
//! colour; colours are classes, see `assets/css/charts.css`. All text is escaped here, so templates print a [`Picture`] as it is.

mod bars;
mod calendar;
mod frame;
mod lines;
mod markup;
mod scale;
mod spark;
mod spread;
#[cfg(test)]
mod tests;
mod unit;

pub(crate) use markup::Picture;
pub(crate) use spark::spark;
pub(crate) use spread::{Bucket, Spread};
pub(crate) use unit::Unit;

/// The most intervals of a chart: more cannot be told apart. Of more the last are drawn.
const MOST_SLOTS: usize = 400;
/// Larger numbers are drawn as this.
const LARGEST: f64 = 1e18;

/// Figures over time, in intervals of the same length.
#[derive(Debug, Clone)]
pub(crate) struct OverTime<'a> {
    /// Names the parts of the chart; letters, digits and `-`, once in a page.
    pub(crate) id: &'static str,
    pub(crate) title: &'a str,
    pub(crate) unit: Unit,
    /// Where the first interval begins, in milliseconds since 1970.
    pub(crate) start_ms: i64,
    pub(crate) step_ms: i64,
    /// Whether the axis begins at 0; if not, near the lowest figure. Bars always stand on 0.
    pub(crate) from_zero: bool,
    pub(crate) series: Vec<Series<'a>>,
    /// Moments to be seen in the chart.
    pub(crate) marks: Vec<Mark<'a>>,
}

/// Figures of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    pub(crate) ink: Ink,
    /// One an interval; `None` (or what is no number) where nothing is known.
    pub(crate) values: Vec<Option<f64>>,
}

/// A moment, or a value, to be seen in a chart.
#[derive(Debug, Clone)]
pub(crate) struct Mark<'a> {
    /// Milliseconds since 1970, or a value of the x axis.
    pub(crate) at: f64,
    pub(crate) label: &'a str,
}

/// Colour and texture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// What a chart is about: full, or a solid line.
    Main,
    /// Beside it: stripes, or dashes.
    Second,
    /// Beside these: thin stripes, or dots.
    Third,
    /// What should not be: full, in the accent's colour; a line of dashes and dots.
    Bad,
    /// What is as it should be: hollow, or a thin line.
    Quiet,
}

impl Ink {
    /// Its class.
    fn class(self) -> &'static str {
        match self {
            Self::Main => "ink-main",
            Self::Second => "ink-second",
            Self::Third => "ink-third",
            Self::Bad => "ink-bad",
            Self::Quiet => "ink-quiet",
        }
    }

    /// How high a stripe is, of 4 pixels, if there are stripes.
    fn stripe(self) -> Option<u8> {
        match self {
            Self::Second => Some(3),
            Self::Third => Some(2),
            Self::Main | Self::Bad | Self::Quiet => None,
        }
    }
}

/// Round durations from 0 to a length, in microseconds, with what is written beside them.
pub(crate) fn duration_ticks(length_us: f64) -> Vec<(f64, String)> {
    let scale = scale::Scale::of([0.0, length_us].into_iter(), true, false, None);
    let ticks: Vec<f64> = scale.ticks().into_iter().filter(|tick| *tick <= length_us).collect();
    let labels = Unit::Duration.ticks(&ticks, scale.step);
    ticks.into_iter().zip(labels).collect()
}

impl OverTime<'_> {
    /// How many intervals there are: as many as the longest series has.
    fn slots(&self) -> usize {
        let longest = self.series.iter().map(|series| series.values.len()).max();
        longest.unwrap_or_default()
    }

    /// Those that are drawn.
    fn shown(&self) -> std::ops::Range<usize> {
        let slots = self.slots();
        slots.saturating_sub(MOST_SLOTS)..slots
    }

    /// Where an interval begins.
    fn begin(&self, slot: usize) -> i64 {
        let slot = i64::try_from(slot).unwrap_or(i64::MAX);
        self.start_ms.saturating_add(slot.saturating_mul(self.step_ms))
    }
}

impl Series<'_> {
    /// What can be drawn of an interval.
    fn value(&self, slot: usize) -> Option<f64> {
        let value = self.values.get(slot).copied().flatten()?;
        (!value.is_nan()).then(|| value.clamp(-LARGEST, LARGEST))
    }
}
