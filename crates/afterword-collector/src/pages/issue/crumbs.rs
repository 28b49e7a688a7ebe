//! What happened before an event.

use crate::event::Breadcrumb;
use crate::pages::room::{Room, short, weight};
use crate::pages::words::{level_class, time_of_day};

/// The page of an event shows so many.
const ON_PAGE: usize = 25;

const MAX_MESSAGE: usize = 600;
const MAX_FIELDS: usize = 12;
const MAX_FIELD: usize = 160;

/// A breadcrumb to show.
#[derive(Debug)]
pub(super) struct Crumb {
    /// `−12.3 s`, against the event.
    pub(super) before: String,
    pub(super) time: String,
    pub(super) category: String,
    pub(super) level: String,
    pub(super) level_class: &'static str,
    pub(super) message: String,
    pub(super) data: Vec<(String, String)>,
    /// Fields that are not shown.
    pub(super) more: usize,
}

impl Crumb {
    fn of(crumb: &Breadcrumb, event_at: Option<i64>) -> Self {
        let data = crumb.data.iter().take(MAX_FIELDS);
        Self {
            before: crumb
                .at
                .zip(event_at)
                .map_or(String::new(), |(at, event)| ahead(event.saturating_sub(at))),
            time: crumb.at.map(time_of_day).unwrap_or_default(),
            category: crumb.category.as_deref().map_or(String::new(), |text| short(text, 80)),
            level: short(&crumb.level, 20),
            level_class: level_class(&crumb.level),
            message: crumb
                .message
                .as_deref()
                .map_or(String::new(), |text| short(text, MAX_MESSAGE)),
            data: data
                .map(|(key, value)| (short(key, 60), short(value, MAX_FIELD)))
                .collect(),
            more: crumb.data.len().saturating_sub(MAX_FIELDS),
        }
    }

    pub(super) fn weight(&self) -> usize {
        let data = self.data.iter().map(|(key, value)| 25 + weight(key) + weight(value));
        320 + weight(&self.category) + weight(&self.level) + weight(&self.message) + data.sum::<usize>()
    }
}

/// All of them, the newest first.
pub(super) fn newest_first(crumbs: &[Breadcrumb], event_at: Option<i64>) -> impl Iterator<Item = Crumb> {
    crumbs.iter().rev().map(move |crumb| Crumb::of(crumb, event_at))
}

/// The newest that fit, the oldest of them first; and how many are older.
pub(super) fn some(crumbs: &[Breadcrumb], event_at: Option<i64>, mut room: Room) -> (Vec<Crumb>, usize) {
    let newest = newest_first(crumbs, event_at).take(ON_PAGE);
    let (mut shown, left_out) = room.fit(newest, Crumb::weight);
    shown.reverse();
    (shown, left_out + crumbs.len().saturating_sub(ON_PAGE))
}

/// When it was, against the event: `−250 ms`, `−12.3 s`, `−2 h 5 min`; `+` is after it.
fn ahead(ms: i64) -> String {
    let (sign, ms) = if ms < 0 {
        ('+', ms.saturating_neg())
    } else {
        ('\u{2212}', ms)
    };
    match ms {
        0..1000 => format!("{sign}{ms} ms"),
        1000..60_000 => format!("{sign}{}.{} s", ms / 1000, ms % 1000 / 100),
        60_000..3_600_000 => format!("{sign}{} min {} s", ms / 60_000, ms % 60_000 / 1000),
        3_600_000..86_400_000 => format!("{sign}{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
        _ => format!("{sign}{} d {} h", ms / 86_400_000, ms % 86_400_000 / 3_600_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_against_the_event() {
        let cases = [
            (0, "−0 ms"),
            (250, "−250 ms"),
            (12_340, "−12.3 s"),
            (61_000, "−1 min 1 s"),
            (7_260_000, "−2 h 1 min"),
            (90_000_000, "−1 d 1 h"),
            (-1500, "+1.5 s"),
        ];
        for (ms, words) in cases {
            assert_eq!(ahead(ms), words);
        }
        assert!(ahead(i64::MIN).starts_with('+'));
    }

    #[test]
    fn the_newest_are_kept() {
        let crumb = |message: &str| Breadcrumb {
            message: Some(message.to_owned()),
            ..Breadcrumb::default()
        };
        let crumbs = [crumb(&"x".repeat(500)), crumb("b"), crumb("c")];
        let (shown, more) = some(&crumbs, None, Room::of(900));
        let messages: Vec<&str> = shown.iter().map(|crumb| crumb.message.as_str()).collect();
        assert_eq!((messages, more), (vec!["b", "c"], 1));
    }
}
