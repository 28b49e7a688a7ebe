//! The bytes of bodies in memory: bounded each, and in what all of them hold at once.

use std::ops::{Deref, Range};
use std::sync::Arc;

use afterword_protocol::Limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Refusal;
use super::incoming::Incoming;

/// Permits are of this many bytes.
const PERMIT_BYTES: usize = 64 << 10;

/// How much memory all bodies that are being read may hold together; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    permits: Arc<Semaphore>,
}

/// Bytes that count against the budget until this is dropped. They can grow up to a limit.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Vec<u8>,
    limit: Limit,
    /// How many there will be, as far as that is known.
    expected_bytes: usize,
    budget: Budget,
    paid: Option<OwnedSemaphorePermit>,
}

/// How long something may be, in bytes, and what to call it when it is longer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) bytes: usize,
    pub(super) what: &'static str,
}

impl Limit {
    /// The limit of an envelope, decompressed.
    pub(super) fn of_envelope() -> Self {
        Self {
            bytes: Limits::default().envelope_bytes,
            what: "envelope size in bytes",
        }
    }

    /// The limit of an event, decompressed.
    pub(super) fn of_event() -> Self {
        Self {
            bytes: Limits::default().event_bytes,
            what: "event size in bytes",
        }
    }

    /// Whether this many bytes are within it.
    pub(super) fn check(self, bytes: usize) -> Result<(), Refusal> {
        if bytes > self.bytes {
            Err(Refusal::TooLarge(format!(
                "{} is over the limit of {}",
                self.what, self.bytes
            )))
        } else {
            Ok(())
        }
    }
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Budget {
    /// A budget of this many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(bytes / PERMIT_BYTES)),
        }
    }

    /// No bytes yet, at most this many.
    pub(super) fn held(&self, limit: Limit) -> Held {
        Held {
            bytes: Vec::new(),
            limit,
            expected_bytes: 0,
            budget: self.clone(),
            paid: None,
        }
    }

    /// Reads a body to its end, refusing it once it is longer than the limit.
    pub(super) async fn read(&self, mut incoming: Incoming, limit: Limit) -> Result<Held, Refusal> {
        let mut held = self.held(limit).expecting(incoming.stated_bytes());
        held.reserve(incoming.stated_bytes().min(PERMIT_BYTES))?;
        while let Some(bytes) = incoming.next().await? {
            held.append(&bytes)?;
        }
        Ok(held)
    }

    /// Sets memory aside that is not counted by [`Held`], until the permit is dropped.
    pub(super) fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let permits = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        Arc::clone(&self.permits)
            .try_acquire_many_owned(permits)
            .map_err(|_| Refusal::Overloaded)
    }
}

impl Held {
    /// The same, not growing beyond this without need. It is only what a stranger says: memory is taken as bytes come.
    pub(super) fn expecting(self, expected_bytes: usize) -> Self {
        Self { expected_bytes, ..self }
    }

    /// Adds bytes at the end.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.reserve(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Puts bytes in the place of as many others.
    pub(super) fn patch(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Drops what is behind this many bytes.
    pub(super) fn truncate(&mut self, bytes: usize) {
        self.bytes.truncate(bytes);
    }

    /// Takes out what these spans cover, which are in their order and apart from each other.
    pub(super) fn remove(&mut self, spans: &[Range<usize>]) {
        let Some(first) = spans.first() else { return };
        let mut end = first.start;
        for (index, span) in spans.iter().enumerate() {
            let next = spans.get(index + 1).map_or(self.bytes.len(), |next| next.start);
            self.bytes.copy_within(span.end..next, end);
            end += next - span.end;
        }
        self.bytes.truncate(end);
    }

    /// Makes room for more bytes. What is allocated counts, not what is used of it.
    fn reserve(&mut self, more_bytes: usize) -> Result<(), Refusal> {
        let size_bytes = self.bytes.len() + more_bytes;
        self.limit.check(size_bytes)?;
        if size_bytes <= self.bytes.capacity() {
            return Ok(());
        }
        let most_bytes = if size_bytes <= self.expected_bytes {
            self.expected_bytes
        } else {
            self.limit.bytes
        };
        let capacity_bytes = size_bytes.max((self.bytes.capacity() * 2).min(most_bytes));
        let paid_bytes = self.paid.as_ref().map_or(0, OwnedSemaphorePermit::num_permits) * PERMIT_BYTES;
        if capacity_bytes > paid_bytes {
            let permits = self.budget.reserve(capacity_bytes - paid_bytes)?;
            match &mut self.paid {
                Some(paid) => paid.merge(permits),
                none => *none = Some(permits),
            }
        }
        self.bytes.reserve_exact(capacity_bytes - self.bytes.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(bytes: usize) -> Limit {
        Limit { bytes, what: "it" }
    }

    fn held(budget: &Budget, size_bytes: usize, limit_bytes: usize) -> Result<Held, Refusal> {
        let mut held = budget.held(limit(limit_bytes));
        held.append(&vec![0; size_bytes])?;
        Ok(held)
    }

    #[test]
    fn limits_are_those_of_the_protocol() {
        for (limit, bytes) in [(Limit::of_envelope(), 200 << 20), (Limit::of_event(), 1 << 20)] {
            for (size_bytes, taken) in [(bytes - 1, true), (bytes, true), (bytes + 1, false)] {
                assert_eq!(limit.check(size_bytes).is_ok(), taken, "{size_bytes}");
            }
        }
    }

    #[test]
    fn bytes_are_taken_up_to_their_limit() {
        let budget = Budget::new(1 << 20);
        for (size_bytes, taken) in [(0, true), (999, true), (1000, true), (1001, false)] {
            assert_eq!(held(&budget, size_bytes, 1000).is_ok(), taken, "{size_bytes}");
        }
    }

    #[test]
    fn bytes_never_have_more_memory_than_was_paid_for() {
        let budget = Budget::new(1 << 20);
        let mut held = budget.held(limit(700_000));
        for _ in 0..50 {
            held.append(&[0; 13_000]).unwrap();
            let paid_bytes = held.paid.as_ref().unwrap().num_permits() * PERMIT_BYTES;
            assert!(held.bytes.capacity() <= paid_bytes && held.bytes.capacity() <= 700_000);
        }
        assert_eq!(held.len(), 650_000);
    }

    #[test]
    fn what_is_expected_is_not_overshot() {
        let budget = Budget::new(1 << 20);
        let mut held = budget.held(limit(1 << 20)).expecting(500_000);
        for _ in 0..50 {
            held.append(&[0; 10_000]).unwrap();
            assert!(held.bytes.capacity() <= 500_000);
        }
        held.append(&[0]).unwrap();
        assert!(held.bytes.capacity() > 500_000);
    }

    #[test]
    fn all_bytes_together_are_bounded() {
        let budget = Budget::new(4 * PERMIT_BYTES);
        let first = held(&budget, 3 * PERMIT_BYTES, usize::MAX).unwrap();
        assert!(matches!(
            held(&budget, PERMIT_BYTES + 1, usize::MAX),
            Err(Refusal::Overloaded)
        ));
        held(&budget, PERMIT_BYTES, usize::MAX).unwrap();
        drop(first);
        held(&budget, 4 * PERMIT_BYTES, usize::MAX).unwrap();
    }

    #[test]
    fn spans_are_taken_out() {
        let cases: [(&[(usize, usize)], &str); 5] = [
            (&[], "0123456789"),
            (&[(0, 3)], "3456789"),
            (&[(2, 4), (4, 6), (8, 10)], "0167"),
            (&[(9, 10)], "012345678"),
            (&[(0, 10)], ""),
        ];
        for (spans, left) in cases {
            let mut held = Budget::new(1 << 20).held(limit(100));
            held.append(b"0123456789").unwrap();
            let ranges: Vec<_> = spans.iter().map(|(start, end)| *start..*end).collect();
            held.remove(&ranges);
            assert_eq!(&*held, left.as_bytes(), "{spans:?}");
        }
    }
}
