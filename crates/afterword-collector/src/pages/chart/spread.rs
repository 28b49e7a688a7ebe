//! A histogram: how many took how long.

use super::frame::{self, Shape, Short};
use super::scale::{HEIGHT, Scale, TOP};
use super::{Ink, Mark, Picture, Unit};

/// The most edges that are written below.
const LABELS: usize = 6;
const SLOT: usize = 20;
const BAR: usize = 18;

/// How many values lie where. The buckets are drawn as wide as each other, each beginning where the one before ends.
#[derive(Debug, Clone)]
pub(crate) struct Spread<'a> {
    /// Names the parts of the chart; letters, digits and `-`, once in a page.
    pub(crate) id: &'static str,
    pub(crate) title: &'a str,
    /// Of the values; how many there are is counted.
    pub(crate) unit: Unit,
    /// What is counted: `Transactions`.
    pub(crate) counted: &'a str,
    pub(crate) buckets: Vec<Bucket>,
    /// Values to be seen in the chart.
    pub(crate) marks: Vec<Mark<'a>>,
}

/// So many values between these two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) count: u64,
}

impl Spread<'_> {
    /// Draws a bar a bucket.
    #[expect(clippy::cast_precision_loss, reason = "counts that are drawn, and some buckets")]
    pub(crate) fn bars(&self) -> Picture {
        let slots = self.buckets.len();
        let counts = self.buckets.iter().map(|bucket| bucket.count as f64);
        let scale = Scale::of(counts, true, true, None);
        let mut picture = Picture::default();
        frame::open(
            &mut picture,
            self.id,
            self.title,
            Unit::Count,
            &[(self.counted, Ink::Main)],
            Shape::Bars,
        );
        frame::open_plot(&mut picture, self.id, &self.said());
        frame::y_axis(&mut picture, Unit::Count, &scale);
        let (width, height) = (SLOT * slots.max(1), Short(TOP + HEIGHT));
        picture.draw(format_args!(
            r#"<svg width="100%" height="{height}" viewBox="0 0 {width} {height}" preserveAspectRatio="none"><path class="bar ink-main" d=""#
        ));
        for (at, bucket) in self.buckets.iter().enumerate().filter(|(_, bucket)| bucket.count > 0) {
            let bottom = scale.y(0.0);
            let height = (bottom - scale.y(bucket.count as f64)).max(1.5);
            let x = SLOT * at + (SLOT - BAR) / 2;
            picture.draw(format_args!(
                "M{x} {}v-{h}h{BAR}v{h}z",
                Short(bottom),
                h = Short(height)
            ));
        }
        picture.raw("\"/></svg>");
        let every = slots.div_ceil(LABELS).max(1);
        for (at, bucket) in self.buckets.iter().enumerate().step_by(every) {
            let minor = at / every % 2 == 1;
            frame::x_label(
                &mut picture,
                frame::percent_of(at as f64, slots),
                &self.unit.say(bucket.from),
                minor,
            );
        }
        if self.buckets.iter().all(|bucket| bucket.count == 0) {
            frame::nothing(&mut picture);
        }
        for (at, bucket) in self.buckets.iter().enumerate() {
            let said = format!("{}: {}", self.range(bucket), Unit::Count.say(bucket.count as f64));
            frame::hit(&mut picture, at as f64, slots, &said);
        }
        for mark in &self.marks {
            if let Some(percent) = self.place(mark.at) {
                frame::mark(&mut picture, percent, mark.label, true);
            }
        }
        let lines = self
            .buckets
            .iter()
            .map(|bucket| vec![self.range(bucket), Unit::Count.say(bucket.count as f64)]);
        frame::close(&mut picture, self.title, &["Between", self.counted], lines);
        picture
    }

    fn range(&self, bucket: &Bucket) -> String {
        format!("{} to {}", self.unit.say(bucket.from), self.unit.say(bucket.to))
    }

    /// Where a value lies, in percent.
    #[expect(clippy::cast_precision_loss, reason = "some buckets")]
    fn place(&self, value: f64) -> Option<f64> {
        let at = self.buckets.iter().position(|bucket| value <= bucket.to)?;
        let bucket = self.buckets[at];
        let within = ((value - bucket.from) / (bucket.to - bucket.from)).clamp(0.0, 1.0);
        let within = if within.is_nan() { 0.0 } else { within };
        Some(frame::percent_of(at as f64 + within, self.buckets.len()))
    }

    fn said(&self) -> String {
        let most = self.buckets.iter().max_by_key(|bucket| bucket.count);
        let (Some(most), Some(first), Some(last)) = (most, self.buckets.first(), self.buckets.last()) else {
            return "Nothing in this time.".to_owned();
        };
        format!(
            "{} from {} to {}; the most, {}, from {}.",
            self.counted,
            self.unit.say(first.from),
            self.unit.say(last.to),
            most.count,
            self.range(most)
        )
    }
}
