//! A histogram of durations: small, can be added to others, and tells any percentile to within 2 %. Pure.
//!
//! Buckets grow by 4 % each: bucket `i` holds what is above `1.04^(i-1)` and up to `1.04^i` microseconds, and stands for
//! the value that is wrong by the same share for both ends. From a microsecond to ten years there are 860 of them, of
//! which the durations of one name fill a few. While there are few durations they are kept as they are, so that their
//! percentiles are exact.
//!
//! As bytes: `<0> <count> <differences between the sorted values>…` or `<1> (<difference to the bucket before> <count>)…`,
//! all numbers as LEB128.
//!
//! Source of the idea: Masson, Rim, Lee, *DDSketch: a fast and fully-mergeable quantile sketch with relative-error
//! guarantees*, VLDB 2019.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// By how much a bucket is wider than the one before.
const GROWTH: f64 = 1.04;
/// Durations that are kept as they are in bytes, and in memory.
const MAX_EXACT_STORED: usize = 32;
const MAX_EXACT: usize = 1024;

const EXACT: u8 = 0;
const BUCKETS: u8 = 1;

/// Durations in microseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Histogram {
    /// In any order; empty once there are buckets.
    exact: Vec<u64>,
    buckets: BTreeMap<u16, u64>,
}

impl Histogram {
    /// Adds a duration.
    pub(crate) fn add(&mut self, value_us: u64) {
        if self.buckets.is_empty() && self.exact.len() < MAX_EXACT {
            self.exact.push(value_us);
        } else {
            self.spread();
            *self.buckets.entry(bucket(value_us)).or_default() += 1;
        }
    }

    /// Adds all durations of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        if !other.buckets.is_empty() {
            self.spread();
        }
        for value in &other.exact {
            self.add(*value);
        }
        for (bucket, count) in &other.buckets {
            let sum = self.buckets.entry(*bucket).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        let in_buckets = self
            .buckets
            .values()
            .fold(0_u64, |sum, count| sum.saturating_add(*count));
        in_buckets.saturating_add(self.exact.len() as u64)
    }

    /// The duration that a share (0 to 1) of all do not exceed, for each share; in microseconds.
    pub(crate) fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let mut exact = self.exact.clone();
        exact.sort_unstable();
        Some(shares.map(|share| {
            let rank = rank(share, count);
            match usize::try_from(rank - 1).ok().and_then(|index| exact.get(index)) {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "exact up to 2^53 microseconds, which are 285 years"
                )]
                Some(value) => *value as f64,
                None => self.of_bucket(rank),
            }
        }))
    }

    /// About the sum of all, in microseconds; wrong by at most 2 %.
    #[expect(clippy::cast_precision_loss, reason = "a sum that is told in a few digits")]
    pub(crate) fn total(&self) -> f64 {
        let exact: f64 = self.exact.iter().map(|value| *value as f64).sum();
        let in_buckets: f64 = self
            .buckets
            .iter()
            .map(|(bucket, count)| middle(*bucket) * *count as f64)
            .sum();
        exact + in_buckets
    }

    /// Where durations lie, in at most so many parts that grow by the same factor: from and to (in microseconds), and how many.
    pub(crate) fn parts(&self, most: u16) -> Vec<(f64, f64, u64)> {
        let mut spread = self.clone();
        spread.spread();
        let (Some((first, _)), Some((last, _))) = (spread.buckets.first_key_value(), spread.buckets.last_key_value())
        else {
            return Vec::new();
        };
        let (first, last) = (*first, *last);
        let each = (last - first + 1).div_ceil(most.max(1));
        let below = |bucket: u16| GROWTH.powi(i32::from(bucket) - 1);
        let part = |begin: u16| {
            let behind = begin.saturating_add(each);
            let counts = spread.buckets.range(begin..behind).map(|(_, count)| *count);
            (below(begin), below(behind), counts.fold(0, u64::saturating_add))
        };
        (first..=last).step_by(usize::from(each)).map(part).collect()
    }

    /// As bytes, for the database.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.buckets.is_empty() && self.exact.len() <= MAX_EXACT_STORED {
            let mut exact = self.exact.clone();
            exact.sort_unstable();
            bytes.push(EXACT);
            push(&mut bytes, exact.len() as u64);
            let mut before = 0;
            for value in exact {
                push(&mut bytes, value - before);
                before = value;
            }
            return bytes;
        }
        let mut spread = self.clone();
        spread.spread();
        bytes.push(BUCKETS);
        let mut before = 0;
        for (bucket, count) in spread.buckets {
            push(&mut bytes, u64::from(bucket - before));
            push(&mut bytes, count);
            before = bucket;
        }
        bytes
    }

    /// Out of bytes. None of no bytes, and as much as can be read of damaged ones.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let mut histogram = Self::default();
        let Some((kind, mut rest)) = bytes.split_first() else {
            return histogram;
        };
        if *kind == EXACT {
            let mut value = 0_u64;
            let count = take(&mut rest).unwrap_or_default();
            for _ in 0..count.min(MAX_EXACT as u64) {
                let Some(difference) = take(&mut rest) else { break };
                value = value.saturating_add(difference);
                histogram.exact.push(value);
            }
            return histogram;
        }
        let mut bucket = 0_u64;
        while let (Some(difference), Some(count)) = (take(&mut rest), take(&mut rest)) {
            bucket = bucket.saturating_add(difference);
            let Ok(index) = u16::try_from(bucket) else { break };
            histogram.buckets.insert(index, count);
        }
        histogram
    }

    /// Puts what is kept as it is into buckets.
    fn spread(&mut self) {
        for value in std::mem::take(&mut self.exact) {
            *self.buckets.entry(bucket(value)).or_default() += 1;
        }
    }

    fn of_bucket(&self, rank: u64) -> f64 {
        let mut below = 0_u64;
        let mut last = 0;
        for (bucket, count) in &self.buckets {
            below = below.saturating_add(*count);
            last = *bucket;
            if below >= rank {
                break;
            }
        }
        middle(last)
    }
}

/// What a bucket stands for.
fn middle(bucket: u16) -> f64 {
    2.0 * GROWTH.powi(i32::from(bucket)) / (GROWTH + 1.0)
}

/// Which one of so many, from 1, stands at a share.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank among up to 2^53, not below zero, that is bounded then"
)]
fn rank(share: f64, count: u64) -> u64 {
    ((share * count as f64).ceil() as u64).clamp(1, count)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the logarithm of a number of 64 bits is between 0 and 1131"
)]
fn bucket(value_us: u64) -> u16 {
    ((value_us.max(1) as f64).ln() / GROWTH.ln()).ceil() as u16
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
