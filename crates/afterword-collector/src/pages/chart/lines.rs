//! Lines over time, with gaps where nothing is known.

use super::frame::{self, Shape, Short, percent_of};
use super::scale::{HEIGHT, Scale, TOP};
use super::{Ink, OverTime, Picture, Series};

/// Parts of an interval; its value stands in the middle.
const SLOT: usize = 10;

impl OverTime<'_> {
    /// Draws a line a kind.
    pub(crate) fn lines(&self) -> Picture {
        let (shown, slots) = (self.shown(), self.shown().len());
        let values = self
            .series
            .iter()
            .flat_map(|series| shown.clone().filter_map(|slot| series.value(slot)));
        let scale = Scale::of(values, self.from_zero, self.unit.is_whole(), self.unit.most());
        let mut picture = Picture::default();
        let kinds: Vec<(&str, Ink)> = self.series.iter().map(|series| (series.name, series.ink)).collect();
        frame::open(&mut picture, self.id, self.title, self.unit, &kinds, Shape::Lines);
        frame::open_plot(&mut picture, self.id, &self.said());
        frame::y_axis(&mut picture, self.unit, &scale);
        let (width, height) = (SLOT * slots.max(1), Short(TOP + HEIGHT));
        picture.draw(format_args!(
            r#"<svg class="curves" width="100%" height="{height}" viewBox="0 0 {width} {height}" preserveAspectRatio="none">"#
        ));
        let mut alone = Vec::new();
        for series in &self.series {
            picture.draw(format_args!(r#"<path class="line {}" d=""#, series.ink.class()));
            for run in runs(series, shown.clone()) {
                if let [(slot, value)] = run[..] {
                    alone.push((slot - shown.start, value, series.ink));
                    continue;
                }
                for (at, (slot, value)) in run.iter().enumerate() {
                    let command = if at == 0 { "M" } else { "L" };
                    let x = SLOT * (slot - shown.start) + SLOT / 2;
                    picture.draw(format_args!("{command}{x} {}", Short(scale.y(*value))));
                }
            }
            picture.raw("\"/>");
        }
        picture.raw("</svg>");
        // A value between gaps is no line.
        for (at, value, ink) in alone {
            #[expect(clippy::cast_precision_loss, reason = "some hundred")]
            let x = Short(percent_of(at as f64 + 0.5, slots));
            let (y, class) = (Short(scale.y(value)), ink.class());
            picture.draw(format_args!(
                r#"<circle class="point {class}" cx="{x}%" cy="{y}" r="3"/>"#
            ));
        }
        self.finish(&mut picture);
        picture
    }
}

/// Intervals in a row that have a value.
fn runs(series: &Series<'_>, slots: std::ops::Range<usize>) -> Vec<Vec<(usize, f64)>> {
    let mut runs: Vec<Vec<(usize, f64)>> = Vec::new();
    let mut open = false;
    for slot in slots {
        let value = series.value(slot);
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) if open => run.push((slot, value)),
            (Some(value), _) => runs.push(vec![(slot, value)]),
            (None, _) => {}
        }
        open = value.is_some();
    }
    runs
}
