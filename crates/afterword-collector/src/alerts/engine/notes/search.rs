//! Whether a bound was passed at one of many moments, with few questions. Pure.
//!
//! No window that ends within a range of moments has more in it than all of them together. So a range is asked about as a
//! whole, and divided only if that is more than the bound.

use super::super::counting::Window;

/// The most questions; then it is only asked as of the last moment of what is looked at, if that is a range.
const MAX_QUESTIONS: usize = 64;

/// What is still to be asked.
#[derive(Debug)]
pub(super) struct Search<'m> {
    /// In their order; not empty.
    moments: &'m [i64],
    /// Of the window, in milliseconds.
    length: i64,
    bound: i64,
    /// First and last of ranges of moments; the one that is asked about next comes last.
    ranges: Vec<(usize, usize)>,
    asked: usize,
}

impl<'m> Search<'m> {
    pub(super) fn new(moments: &'m [i64], length: i64, bound: i64) -> Self {
        Self {
            moments,
            length,
            bound,
            ranges: moments.len().checked_sub(1).map(|last| (0, last)).into_iter().collect(),
            asked: 0,
        }
    }

    /// What to count next; `None`: the bound was kept.
    pub(super) fn next(&self) -> Option<Window> {
        let (first, last) = *self.ranges.last()?;
        Some(Window {
            after: self.moments.get(first)? - self.length,
            until: *self.moments.get(last)?,
        })
    }

    /// So many were in it. Returns them if the bound was passed.
    pub(super) fn answer(&mut self, count: i64) -> Option<i64> {
        let (first, last) = self.ranges.pop()?;
        self.asked += 1;
        if count <= self.bound {
            if self.asked >= MAX_QUESTIONS {
                self.ranges.clear();
            }
            return None;
        }
        if first == last {
            return Some(count);
        }
        if self.asked >= MAX_QUESTIONS {
            self.ranges = vec![(last, last)];
        } else if self.asked == 1 {
            // Most often it is the last: then it is known at once.
            self.ranges.extend([(first, last - 1), (last, last)]);
        } else {
            let middle = first.midpoint(last);
            self.ranges.extend([(first, middle), (middle + 1, last)]);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found, and with how many questions.
    fn found(events: &[i64], moments: &[i64], length: i64, bound: i64) -> (Option<i64>, usize) {
        let mut search = Search::new(moments, length, bound);
        while let Some(window) = search.next() {
            let within = |at: &&i64| **at > window.after && **at <= window.until;
            let count = i64::try_from(events.iter().filter(within).count()).unwrap();
            if let Some(count) = search.answer(count) {
                return (Some(count), search.asked);
            }
        }
        (None, search.asked)
    }

    #[test]
    fn a_window_is_no_longer_than_it_is() {
        // Three events in 61.8 seconds.
        let events = [100, 60_000, 61_900];
        assert_eq!(found(&events, &[60_000, 61_900], 60_000, 2), (None, 3));
        assert_eq!(found(&[1901, 60_000, 61_900], &[60_000, 61_900], 60_000, 2).0, Some(3));
        assert_eq!(found(&[1900, 60_000, 61_900], &[60_000, 61_900], 60_000, 2).0, None);
    }

    #[test]
    fn what_was_passed_in_between_is_found() {
        let events: Vec<i64> = (0..60)
            .map(|at| at * 10)
            .chain(59_000..59_045)
            .chain([65_000])
            .collect();
        let moments: Vec<i64> = (59_000..59_045).chain([65_000]).collect();
        assert!(found(&events, &moments, 60_000, 100).0.is_some());
        assert_eq!(found(&events, &moments, 60_000, 105).0, None);
        assert_eq!(
            found(&events, &moments, 60_000, 106),
            (None, 1),
            "all together are not more"
        );
    }

    #[test]
    fn it_is_as_if_every_moment_was_asked() {
        // Numbers that look like chance, and are the same each time.
        let mut state = 12_345_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            i64::try_from((state >> 33) % below).unwrap()
        };
        for round in 0..200 {
            let mut events: Vec<i64> = (0..40).map(|_| next(300)).collect();
            events.sort_unstable();
            let mut moments = events[20..].to_vec();
            moments.dedup();
            let bound = next(30);
            let expected = moments.iter().any(|moment| {
                let within = |at: &&i64| **at > moment - 100 && **at <= *moment;
                i64::try_from(events.iter().filter(within).count()).unwrap() > bound
            });
            assert_eq!(
                found(&events, &moments, 100, bound).0.is_some(),
                expected,
                "{round}: {events:?} {bound}"
            );
        }
    }

    #[test]
    fn questions_are_bounded() {
        // One leaves as one comes: no window is more than the bound, but each two of them are.
        let events: Vec<i64> = (0..2000).collect();
        let (found, asked) = found(&events, &events[1000..], 500, 500);
        assert_eq!(found, None);
        assert!(asked <= MAX_QUESTIONS + 1, "{asked}");
    }
}
