//! Bars over time: how many there were in each interval, of several kinds above each other.

use super::frame::{self, Shape, Short};
use super::scale::{HEIGHT, Scale, TOP};
use super::{Ink, OverTime, Picture, calendar};

/// Of these many parts of an interval a bar covers so many.
const SLOT: usize = 10;
const BAR: usize = 7;

impl OverTime<'_> {
    /// Draws a bar an interval; kinds stand on each other in their order, what is below 0 hangs below it.
    pub(crate) fn bars(&self) -> Picture {
        let (shown, slots) = (self.shown(), self.shown().len());
        let stacks = shown.clone().map(|slot| self.stack(slot));
        let ends = stacks.flat_map(|stack| stack.into_iter().flat_map(|(_, from, to)| [from, to]));
        let scale = Scale::of(ends, true, self.unit.is_whole(), None);
        let mut picture = Picture::default();
        let kinds: Vec<(&str, Ink)> = self.series.iter().map(|series| (series.name, series.ink)).collect();
        frame::open(&mut picture, self.id, self.title, self.unit, &kinds, Shape::Bars);
        frame::open_plot(&mut picture, self.id, &self.said());
        frame::patterns(&mut picture, self.id, self.series.iter().map(|series| series.ink));
        frame::y_axis(&mut picture, self.unit, &scale);
        let (width, height) = (SLOT * slots.max(1), Short(TOP + HEIGHT));
        picture.draw(format_args!(
            r#"<svg width="100%" height="{height}" viewBox="0 0 {width} {height}" preserveAspectRatio="none">"#
        ));
        for (index, series) in self.series.iter().enumerate() {
            picture.draw(format_args!(r#"<path class="bar {}""#, series.ink.class()));
            frame::fill(&mut picture, self.id, series.ink);
            picture.raw(" d=\"");
            for (at, slot) in shown.clone().enumerate() {
                if let Some((_, from, to)) = self.stack(slot).into_iter().find(|(of, ..)| *of == index) {
                    let (top, bottom) = (scale.y(from.max(to)), scale.y(from.min(to)));
                    // Whatever is not 0 can be seen.
                    let height = (bottom - top).max(1.5);
                    let x = SLOT * at + (SLOT - BAR) / 2;
                    picture.draw(format_args!(
                        "M{x} {}v-{h}h{BAR}v{h}z",
                        Short(bottom),
                        h = Short(height)
                    ));
                }
            }
            picture.raw("\"/>");
        }
        picture.raw("</svg>");
        self.finish(&mut picture);
        picture
    }

    /// Of an interval: which kind reaches from where to where.
    fn stack(&self, slot: usize) -> Vec<(usize, f64, f64)> {
        let (mut above, mut below) = (0.0, 0.0);
        let mut stack = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            let Some(value) = series.value(slot).filter(|value| *value != 0.0) else {
                continue;
            };
            let end = if value > 0.0 { &mut above } else { &mut below };
            stack.push((index, *end, *end + value));
            *end += value;
        }
        stack
    }

    /// What lies over every chart over time: the time axis, marks and tooltips; and the table.
    pub(super) fn finish(&self, picture: &mut Picture) {
        let (shown, slots) = (self.shown(), self.shown().len());
        let start_ms = self.begin(shown.start);
        for tick in calendar::ticks(start_ms, self.step_ms, slots) {
            #[expect(clippy::cast_precision_loss, reason = "some hundred")]
            let middle = frame::percent_of(tick.slot as f64 + 0.5, slots);
            frame::x_label(picture, middle, &tick.label, tick.minor);
        }
        let known = |slot: usize| self.series.iter().any(|series| series.value(slot).is_some());
        if !shown.clone().any(known) {
            frame::nothing(picture);
        }
        for (at, slot) in shown.clone().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "some hundred")]
            frame::hit(picture, at as f64, slots, &self.say_slot(slot));
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of our centuries")]
        let (start, length) = (start_ms as f64, self.step_ms as f64 * slots as f64);
        for mark in &self.marks {
            if mark.at >= start && mark.at < start + length {
                frame::mark(picture, (mark.at - start) * 100.0 / length, mark.label, false);
            }
        }
        let headings: Vec<&str> = [calendar::heading(self.step_ms)]
            .into_iter()
            .chain(self.series.iter().map(|series| series.name))
            .collect();
        let lines = shown.map(|slot| {
            let mut line = vec![calendar::say(self.begin(slot), self.step_ms)];
            line.extend(self.series.iter().map(|series| self.say(series.value(slot))));
            line
        });
        frame::close(picture, self.title, &headings, lines);
    }

    fn say(&self, value: Option<f64>) -> String {
        value.map_or_else(|| "–".to_owned(), |value| self.unit.say(value))
    }

    /// `21 Nov 2026: crashed 3, healthy 120`
    fn say_slot(&self, slot: usize) -> String {
        let when = calendar::say(self.begin(slot), self.step_ms);
        let values: Vec<String> = self
            .series
            .iter()
            .filter_map(|series| {
                let value = self.unit.say(series.value(slot)?);
                // A kind alone is named by the title.
                Some(if self.series.len() == 1 {
                    value
                } else {
                    format!("{} {value}", series.name)
                })
            })
            .collect();
        if values.is_empty() {
            format!("{when}: nothing")
        } else {
            format!("{when}: {}", values.join(", "))
        }
    }

    /// The chart in words: from when to when, and the extremes of each kind.
    pub(super) fn said(&self) -> String {
        let shown = self.shown();
        let mut said = match shown.clone().last() {
            Some(last) => format!(
                "From {} to {}.",
                calendar::say(self.begin(shown.start), self.step_ms),
                calendar::say(self.begin(last), self.step_ms)
            ),
            None => "Nothing in this time.".to_owned(),
        };
        for series in &self.series {
            let values = || shown.clone().filter_map(|slot| Some((slot, series.value(slot)?)));
            let highest = values().max_by(|(_, one), (_, other)| one.total_cmp(other));
            let lowest = values().min_by(|(_, one), (_, other)| one.total_cmp(other));
            let (Some((at, highest)), Some((_, lowest))) = (highest, lowest) else {
                said += &format!(" {}: nothing.", series.name);
                continue;
            };
            said += &format!(
                " {}: {} to {}, the most {}.",
                series.name,
                self.unit.say(lowest),
                self.unit.say(highest),
                calendar::say(self.begin(at), self.step_ms)
            );
        }
        said
    }
}
