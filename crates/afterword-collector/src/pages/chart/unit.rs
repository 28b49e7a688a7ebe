//! What the numbers of a chart are, and how they are said.

use super::super::words::grouped;

/// What numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// So many.
    Count,
    /// Of a hundred.
    Percent,
    /// Microseconds.
    Duration,
    /// So many a minute.
    Rate,
}

/// Microseconds of a unit of time, its name, the largest first.
const DURATIONS: [(f64, &str); 5] = [(3.6e9, "h"), (6e7, "min"), (1e6, "s"), (1e3, "ms"), (1.0, "µs")];

impl Unit {
    /// A value to be read: `1,234`, `99.87 %`, `1.24 s`, `12.3 a minute`.
    pub(crate) fn say(self, value: f64) -> String {
        match self {
            Self::Count => count(value),
            Self::Percent => percent(value),
            Self::Duration => {
                let (size, name) = duration(value.abs());
                format!("{} {name}", digits(value / size))
            }
            Self::Rate => match value.abs() {
                rate if rate >= 0.1 || rate == 0.0 => format!("{} a minute", digits(value)),
                rate if rate * 60.0 >= 0.1 => format!("{} an hour", digits(value * 60.0)),
                _ => format!("{} a day", digits(value * 1440.0)),
            },
        }
    }

    /// Values beside an axis, so far from each other.
    pub(super) fn ticks(self, values: &[f64], step: f64) -> Vec<String> {
        let largest = values.iter().fold(0f64, |largest, value| largest.max(value.abs()));
        let (size, name) = match self {
            Self::Duration => duration(largest),
            Self::Percent => (1.0, "%"),
            Self::Count | Self::Rate => match largest {
                _ if largest >= 1e15 => (1e15, "P"),
                _ if largest >= 1e12 => (1e12, "T"),
                _ if largest >= 1e9 => (1e9, "G"),
                _ if largest >= 1e6 => (1e6, "M"),
                _ if largest >= 1e4 => (1e3, "k"),
                _ => (1.0, ""),
            },
        };
        let decimals = decimals(step / size);
        let say = |value: &f64| {
            let number = *value / size;
            if number == 0.0 {
                return if self == Self::Percent { "0 %" } else { "0" }.to_owned();
            }
            let text = format!("{number:.decimals$}");
            let text = match text.split_once('.') {
                Some((whole, rest)) => format!("{}.{rest}", with_commas(whole)),
                None => with_commas(&text),
            };
            if name.is_empty() {
                text
            } else {
                format!("{text} {name}")
            }
        };
        values.iter().map(say).collect()
    }

    /// Whether there is nothing between 0 and 1.
    pub(super) fn is_whole(self) -> bool {
        self == Self::Count
    }

    /// What no value is above.
    pub(super) fn most(self) -> Option<f64> {
        (self == Self::Percent).then_some(100.0)
    }

    /// What a column of such values, or the axis, is called beside its title.
    pub(super) fn beside(self) -> &'static str {
        match self {
            Self::Rate => "a minute",
            Self::Count | Self::Percent | Self::Duration => "",
        }
    }
}

/// The unit that a duration is said in.
fn duration(largest_us: f64) -> (f64, &'static str) {
    let fits = DURATIONS.into_iter().find(|(size, _)| largest_us >= *size);
    fits.unwrap_or((1.0, "µs"))
}

#[expect(clippy::cast_possible_truncation, reason = "bounded")]
fn count(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1e6 {
        grouped(value.clamp(-9e18, 9e18).round() as i64)
    } else {
        digits(value)
    }
}

/// What is not all is never said to be all, and what is not nothing never to be nothing.
fn percent(value: f64) -> String {
    let text = match value {
        _ if value > 99.99 && value < 100.0 => "99.99".to_owned(),
        _ if value > 0.0 && value < 0.01 => "< 0.01".to_owned(),
        _ => trimmed(format!("{value:.2}")),
    };
    format!("{text} %")
}

/// Three digits that count, with commas.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        number if number >= 99.95 => 0,
        number if number >= 9.995 => 1,
        number if number >= 0.1 || number == 0.0 => 2,
        _ => 3,
    };
    let text = trimmed(format!("{value:.decimals$}"));
    match text.split_once('.') {
        Some((whole, rest)) => format!("{}.{rest}", with_commas(whole)),
        None => with_commas(&text),
    }
}

fn trimmed(text: String) -> String {
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn with_commas(whole: &str) -> String {
    // "-0" of "-0.5" is no number of its own.
    if whole.starts_with("-0") {
        return whole.to_owned();
    }
    whole.parse().map_or_else(|_| whole.to_owned(), grouped)
}

/// How many decimals numbers need that are so far apart.
fn decimals(step: f64) -> usize {
    let enough = |decimals: &u8| {
        let scaled = step * 10f64.powi(i32::from(*decimals));
        (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1e-6)
    };
    (0..6).find(enough).map_or(6, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_said_as_people_read_them() {
        let cases = [
            (Unit::Count, 0.0, "0"),
            (Unit::Count, 1234.0, "1,234"),
            (Unit::Count, -1234.0, "-1,234"),
            (Unit::Count, 12.5, "12.5"),
            (Unit::Percent, 100.0, "100 %"),
            (Unit::Percent, 99.999, "99.99 %"),
            (Unit::Percent, 99.5, "99.5 %"),
            (Unit::Percent, 0.0, "0 %"),
            (Unit::Percent, 0.001, "< 0.01 %"),
            (Unit::Duration, 0.0, "0 µs"),
            (Unit::Duration, 850.0, "850 µs"),
            (Unit::Duration, 12_340.0, "12.3 ms"),
            (Unit::Duration, 999_600.0, "1,000 ms"),
            (Unit::Duration, 1_240_000.0, "1.24 s"),
            (Unit::Duration, 90e6, "1.5 min"),
            (Unit::Duration, 3.6e12, "1,000 h"),
            (Unit::Rate, 0.25, "0.25 a minute"),
            (Unit::Rate, 0.01, "0.6 an hour"),
            (Unit::Rate, 0.001, "1.44 a day"),
            (Unit::Rate, 1500.0, "1,500 a minute"),
            (Unit::Rate, -0.5, "-0.5 a minute"),
        ];
        for (unit, value, said) in cases {
            assert_eq!(unit.say(value), said, "{unit:?} {value}");
        }
    }

    #[test]
    fn values_beside_an_axis_are_in_one_unit() {
        assert_eq!(
            Unit::Duration.ticks(&[0.0, 500_000.0, 1_000_000.0], 500_000.0),
            ["0", "0.5 s", "1.0 s"]
        );
        assert_eq!(Unit::Percent.ticks(&[99.5, 100.0], 0.5), ["99.5 %", "100.0 %"]);
        assert_eq!(Unit::Percent.ticks(&[0.0, 50.0], 50.0), ["0 %", "50 %"]);
        assert_eq!(
            Unit::Count.ticks(&[0.0, 1000.0, 2000.0], 1000.0),
            ["0", "1,000", "2,000"]
        );
        assert_eq!(Unit::Count.ticks(&[0.0, 20_000.0], 20_000.0), ["0", "20 k"]);
        assert_eq!(Unit::Count.ticks(&[0.0, 1e18], 1e18), ["0", "1,000 P"]);
        assert_eq!(Unit::Rate.ticks(&[-0.5, 0.0, 0.5], 0.5), ["-0.5", "0", "0.5"]);
    }
}
