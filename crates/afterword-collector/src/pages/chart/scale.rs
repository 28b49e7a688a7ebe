//! A y axis: from where to where, and which values are written beside it.

/// About how many steps an axis has.
const STEPS: f64 = 4.0;
/// What lies closer to each other is one.
const SMALLEST: f64 = 1e-9;
/// The height of what is drawn, in pixels.
pub(super) const HEIGHT: f64 = 180.0;
/// What is free above it, for words beside marks.
pub(super) const TOP: f64 = 20.0;

/// Values and where they lie.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) step: f64,
}

impl Scale {
    /// An axis that values lie on, from 0 on if so asked; `whole`: nothing lies between 0 and 1; `most`: there is nothing above.
    pub(super) fn of(values: impl Iterator<Item = f64>, from_zero: bool, whole: bool, most: Option<f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (0.0, most.unwrap_or(1.0));
        }
        if from_zero {
            low = low.min(0.0);
            high = high.max(0.0);
        } else if let Some(most) = most {
            // How far it is from what is best is what counts.
            high = high.max(most);
        }
        if high - low <= (f64::EPSILON * high.abs()).max(SMALLEST) {
            (low, high) = around(low, most);
        }
        let mut step = nice((high - low) / STEPS);
        if whole {
            step = step.max(1.0);
        }
        let above = (high / step - 1e-9).ceil() * step;
        Self {
            low: (low / step + 1e-9).floor() * step,
            high: most.filter(|most| *most >= high).map_or(above, |most| above.min(most)),
            step,
        }
    }

    /// The values that are written, the lowest first.
    #[expect(clippy::cast_possible_truncation, reason = "some steps")]
    pub(super) fn ticks(&self) -> Vec<f64> {
        let first = (self.low / self.step).round();
        let count = (((self.high - self.low) / self.step + 1e-6).floor() as i32).clamp(0, 20);
        (0..=count).map(|at| (first + f64::from(at)) * self.step).collect()
    }

    /// How far from the top a value lies, in pixels.
    pub(super) fn y(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        TOP + HEIGHT * (1.0 - share.clamp(0.0, 1.0))
    }
}

/// Room around a single value.
fn around(value: f64, most: Option<f64>) -> (f64, f64) {
    if value.abs() <= SMALLEST {
        (0.0, most.unwrap_or(1.0))
    } else if most == Some(value) {
        (value - 1.0, value)
    } else {
        let room = value.abs() / 10.0;
        (value - room, value + room)
    }
}

/// The least of 1, 2, 5, 10, 20, 50, … (and 0.1, 0.2, 0.5, …) that is not below a number.
fn nice(number: f64) -> f64 {
    if !(number.is_finite() && number > 1e-12) {
        return 1e-12;
    }
    let power = 10f64.powf(number.log10().floor());
    let of_power = number / power;
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| of_power <= factor + 1e-9);
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(values: &[f64], from_zero: bool, whole: bool, most: Option<f64>) -> Vec<f64> {
        let ticks = Scale::of(values.iter().copied(), from_zero, whole, most).ticks();
        ticks.into_iter().map(|tick| (tick * 1e6).round() / 1e6).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(ticks(&[3.0, 87.0], true, true, None), [0.0, 50.0, 100.0]);
        assert_eq!(ticks(&[70.0], true, true, None), [0.0, 20.0, 40.0, 60.0, 80.0]);
        assert_eq!(ticks(&[1.0], true, true, None), [0.0, 1.0], "there is no half of one");
        assert_eq!(ticks(&[0.3], true, false, None), [0.0, 0.1, 0.2, 0.3]);
        assert_eq!(
            ticks(&[98.7, 99.9], false, false, Some(100.0)),
            [98.5, 99.0, 99.5, 100.0]
        );
        assert_eq!(
            ticks(&[-30.0, 50.0], true, false, None),
            [-40.0, -20.0, 0.0, 20.0, 40.0, 60.0]
        );
        assert_eq!(ticks(&[96.0], true, false, Some(100.0)), [0.0, 50.0, 100.0]);
    }

    #[test]
    fn whatever_comes_there_is_an_axis() {
        let cases: [&[f64]; 9] = [
            &[],
            &[0.0],
            &[f64::NAN, f64::INFINITY],
            &[1e18],
            &[-1e18, 1e18],
            &[1e-300],
            &[5.0, 5.0],
            &[-7.0],
            &[1e15, 1e15 + 1.0],
        ];
        for values in cases {
            for from_zero in [true, false] {
                for most in [None, Some(100.0)] {
                    let scale = Scale::of(values.iter().copied(), from_zero, false, most);
                    let ticks = scale.ticks();
                    assert!(scale.low < scale.high, "{values:?}: {scale:?}");
                    assert!((1..=12).contains(&ticks.len()), "{values:?}: {ticks:?}");
                    for value in values.iter().chain(&ticks).filter(|value| value.is_finite()) {
                        let y = scale.y(*value);
                        assert!((TOP..=TOP + HEIGHT).contains(&y), "{value} of {values:?}: {y}");
                    }
                }
            }
        }
        assert_eq!(ticks(&[100.0, 100.0], false, false, Some(100.0)).last(), Some(&100.0));
    }
}
