//! Places in a list as links carry them: `VALUE:ID:0` for what is behind that place, `VALUE:ID:1` for what is before it;
//! `0:0:0` is the start.

use super::walk::{Page, Place, Walked};

/// A way on from a part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) cursor: String,
    /// Whether there is anything, as far as that is known.
    pub(crate) leads: bool,
}

/// Reads a cursor: from which place, and whether back.
pub(crate) fn read(text: &str) -> Option<(Option<Place>, bool)> {
    let mut parts = text.split(':');
    let mut part = || parts.next();
    let (value, id, back) = (part()?.parse().ok()?, part()?.parse().ok()?, part()?);
    let back = match back {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    if part().is_some() {
        return None;
    }
    let place = Place { value, id };
    let is_start = place == Place { value: 0, id: 0 } && !back;
    Some((Some(place).filter(|_| !is_start), back))
}

/// The ways to what is before a part of a list, and to what is behind it.
pub(crate) fn ways(page: Page, walked: &Walked) -> (Way, Way) {
    let first = walked.places.first().copied().or(page.from);
    let last = walked.places.last().copied();
    // Behind nothing that was found is what is behind the place itself, and, walking back, that place, too.
    let here = page.from.map(|from| Place {
        id: from.id.saturating_add(i64::from(page.back)),
        ..from
    });
    let (before, has_before, behind, has_behind) = if page.back {
        (
            walked.more.or(first),
            walked.more.is_some(),
            last.or(here),
            page.from.is_some(),
        )
    } else {
        (
            first,
            page.from.is_some(),
            walked.more.or(last).or(here),
            walked.more.is_some(),
        )
    };
    (way(before, true, has_before), way(behind, false, has_behind))
}

fn way(place: Option<Place>, back: bool, leads: bool) -> Way {
    let Place { value, id } = place.unwrap_or(Place { value: 0, id: 0 });
    Way {
        cursor: format!("{value}:{id}:{}", i64::from(back)),
        leads,
    }
}
