//! Forward and back in a list of a page.

use super::Failure;
use super::frame::Frame;
use super::room::Room;
use crate::search::cursor;
use crate::search::walk::{Page, Walked};

/// Where a list goes on; `None`: it does not.
#[derive(Debug, Default)]
pub(super) struct Paging {
    /// What comes before.
    pub(super) before: Option<String>,
    /// What comes after.
    pub(super) after: Option<String>,
}

/// The part of a list that `?cursor=` asks for.
pub(super) fn page(frame: &Frame, limit: usize) -> Result<Page, Failure> {
    let (from, back) = match frame.asked("cursor") {
        Some(text) => cursor::read(text).ok_or_else(|| {
            Failure::Wrong("The address names no place of this list. Begin again at its start.".to_owned())
        })?,
        None => (None, false),
    };
    Ok(Page { from, back, limit })
}

/// Those of a part of a list that fit on the page, nearest to where it begins; at least one. The ways on lead to the others.
pub(super) fn fitting<T>(
    page: Page,
    walked: &mut Walked,
    items: Vec<T>,
    mut room: Room,
    weight: impl Fn(&T) -> usize,
    id: impl Fn(&T) -> i64,
) -> Vec<T> {
    let along = |items: Vec<T>| -> Vec<T> {
        if page.back {
            items.into_iter().rev().collect()
        } else {
            items
        }
    };
    let (mut shown, mut left_out) = (Vec::new(), false);
    for item in along(items) {
        left_out |= !room.take(weight(&item)) && !shown.is_empty();
        if left_out {
            break;
        }
        shown.push(item);
    }
    if left_out && let Some(last) = shown.last().map(&id) {
        let at = walked.places.iter().position(|place| place.id == last);
        if let Some(at) = at {
            walked.more = Some(walked.places[at]);
            if page.back {
                walked.places.drain(..at);
            } else {
                walked.places.truncate(at + 1);
            }
        }
    }
    along(shown)
}

impl Paging {
    /// The ways on from a part of the list of this page, with the same question.
    pub(super) fn of(frame: &Frame, page: Page, walked: &Walked) -> Self {
        let (before, after) = cursor::ways(page, walked);
        let to = |way: cursor::Way| way.leads.then(|| frame.with("cursor", Some(&way.cursor)));
        Self {
            before: to(before),
            after: to(after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::walk::Place;

    /// Twenty items of ten bytes each where three and a half fit.
    fn fitted(back: bool) -> (Vec<i64>, Walked) {
        let place = |id: i64| Place { value: id * 10, id };
        let mut walked = Walked {
            places: (1..=20).rev().map(place).collect(),
            more: None,
        };
        let page = Page {
            from: Some(place(21)),
            back,
            limit: 20,
        };
        let ids = (1..=20).rev().collect();
        let shown = fitting(page, &mut walked, ids, Room::of(35), |_| 10, |id| *id);
        (shown, walked)
    }

    #[test]
    fn what_does_not_fit_is_where_the_list_goes_on() {
        let (shown, walked) = fitted(false);
        assert_eq!(shown, [20, 19, 18]);
        assert_eq!(walked.more.map(|place| place.id), Some(18));
        assert_eq!(walked.places.len(), 3);
        let (shown, walked) = fitted(true);
        assert_eq!(shown, [3, 2, 1]);
        assert_eq!(walked.more.map(|place| place.id), Some(3));
        assert_eq!(
            walked.places.iter().map(|place| place.id).collect::<Vec<_>>(),
            [3, 2, 1]
        );
    }

    #[test]
    fn one_is_shown_whatever_its_size() {
        let place = Place { value: 1, id: 1 };
        let mut walked = Walked {
            places: vec![place],
            more: None,
        };
        let page = Page {
            from: None,
            back: false,
            limit: 20,
        };
        assert_eq!(
            fitting(page, &mut walked, vec![1], Room::of(1), |_| 1000, |id| *id),
            [1]
        );
        assert!(walked.more.is_none());
    }
}
