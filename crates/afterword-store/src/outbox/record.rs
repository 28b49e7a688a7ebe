//! The bytes of one record.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{Builder, Uuid};

use crate::EnvelopeClass;

/// "AWob".
const MAGIC: [u8; 4] = *b"AWob";
/// What comes before the envelope in a record.
pub const HEAD_BYTES: usize = 32;
/// Most bytes of an envelope in the outbox.
pub const ENVELOPE_MAX_BYTES: usize = 24 * 1024 * 1024;

const AT_LENGTH: usize = 4;
const AT_CHECKSUM: usize = 8;
const AT_CLASS: usize = 12;
const AT_ID: usize = 16;

/// What stands before an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) class: EnvelopeClass,
    pub(super) id: Uuid,
    checksum: u32,
}

/// Fills in the first [`HEAD_BYTES`] of a record whose envelope is behind them.
pub(super) fn complete(record: &mut [u8], class: EnvelopeClass, id: Uuid) {
    let length = record.len() - HEAD_BYTES;
    record[..AT_LENGTH].copy_from_slice(&MAGIC);
    // It was checked against the bound, which fits.
    record[AT_LENGTH..AT_CHECKSUM].copy_from_slice(&(length as u32).to_le_bytes());
    record[AT_CLASS..AT_ID].copy_from_slice(&[class.number(), 0, 0, 0]);
    record[AT_ID..HEAD_BYTES].copy_from_slice(id.as_bytes());
    let checksum = crc32fast::hash(&record[AT_CLASS..]);
    record[AT_CHECKSUM..AT_CLASS].copy_from_slice(&checksum.to_le_bytes());
}

impl Head {
    /// Reads what stands before an envelope; none if it is nothing of the kind.
    pub(super) fn read(bytes: &[u8; HEAD_BYTES]) -> Option<Head> {
        let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let length = usize::try_from(number(AT_LENGTH)).ok()?;
        let id = bytes[AT_ID..].try_into().ok()?;
        (bytes[..AT_LENGTH] == MAGIC && length <= ENVELOPE_MAX_BYTES).then(|| Head {
            length,
            class: EnvelopeClass::from_number(bytes[AT_CLASS]),
            id: Uuid::from_bytes(id),
            checksum: number(AT_CHECKSUM),
        })
    }

    /// Whether head and envelope are as they were written.
    pub(super) fn is_sound(&self, bytes: &[u8; HEAD_BYTES], envelope: &[u8]) -> bool {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&bytes[AT_CLASS..]);
        hasher.update(envelope);
        hasher.finalize() == self.checksum
    }
}

/// Ids that sort by age, and by their order within one process: what an app captures first is sent first.
#[derive(Debug)]
pub(super) struct Ids {
    random: [u8; 6],
    count: AtomicU64,
}

impl Ids {
    pub(super) fn new() -> Ids {
        let mut random = [0; 6];
        random.copy_from_slice(&Uuid::new_v4().as_bytes()[10..]);
        Ids {
            random,
            count: AtomicU64::new(0),
        }
    }

    /// The next one. No call to the system's source of chance: that would cost as much as the write.
    pub(super) fn next(&self) -> Uuid {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut rest = [0; 10];
        // Twelve bits, then fourteen: the variant and the version take the others.
        rest[..2].copy_from_slice(&((count & 0xfff) as u16).to_be_bytes());
        rest[2..4].copy_from_slice(&(((count >> 12) & 0x3fff) as u16).to_be_bytes());
        rest[4..].copy_from_slice(&self.random);
        Builder::from_unix_timestamp_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), &rest).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_differ_and_keep_their_order_within_a_millisecond() {
        let ids = Ids::new();
        let made: Vec<Uuid> = (0..10_000).map(|_| ids.next()).collect();
        assert_eq!(made.iter().collect::<HashSet<_>>().len(), made.len());
        let out_of_order = made
            .windows(2)
            .filter(|pair| pair[0] >= pair[1])
            // Where the twelve bits begin anew within a millisecond.
            .count();
        assert!(out_of_order <= 10_000 / 4096, "{out_of_order}");
    }

    #[test]
    fn a_head_is_read_back_and_every_bit_of_it_counts() {
        let mut record = vec![0; HEAD_BYTES];
        record.extend_from_slice(b"{}\n");
        let id = Ids::new().next();
        complete(&mut record, EnvelopeClass::Session, id);
        let (head, envelope) = record.split_first_chunk::<HEAD_BYTES>().unwrap();
        let read = Head::read(head).unwrap();
        assert_eq!((read.length, read.class, read.id), (3, EnvelopeClass::Session, id));
        assert!(read.is_sound(head, envelope));
        for bit in 0..record.len() * 8 {
            let mut broken = record.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            let (head, envelope) = broken.split_first_chunk::<HEAD_BYTES>().unwrap();
            let sound = Head::read(head).is_some_and(|read| read.length == 3 && read.is_sound(head, envelope));
            assert!(!sound, "bit {bit}");
        }
    }
}
