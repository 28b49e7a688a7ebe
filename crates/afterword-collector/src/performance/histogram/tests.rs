//! Percentiles against those of all values, sorted.

use super::*;

const SHARES: [f64; 6] = [0.0, 0.5, 0.75, 0.95, 0.99, 1.0];

/// Numbers without an order, over many magnitudes: the same in every run.
fn values(count: usize) -> Vec<u64> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    std::iter::repeat_with(next)
        .take(count)
        .map(|bits| (bits >> 30) >> (bits % 30))
        .collect()
}

fn of(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    for value in values {
        histogram.add(*value);
    }
    histogram
}

/// By counting.
fn expected(values: &[u64]) -> [f64; 6] {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    SHARES.map(|share| {
        let rank = (share * sorted.len() as f64).ceil().max(1.0);
        sorted[rank as usize - 1] as f64
    })
}

fn assert_near(found: [f64; 6], expected: [f64; 6]) {
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() <= expected * 0.02 + 1.0, "{found} {expected}");
    }
}

#[test]
fn many_are_told_to_within_two_percent() {
    let values = values(20_000);
    let histogram = of(&values);
    assert_eq!(histogram.count(), 20_000);
    assert_near(histogram.quantiles(SHARES).unwrap(), expected(&values));
    assert!(histogram.to_bytes().len() < 2000, "{}", histogram.to_bytes().len());
}

#[test]
fn few_are_told_exactly() {
    for count in [1, 2, 3, 32, 1000] {
        let values = values(count);
        assert_eq!(of(&values).quantiles(SHARES).unwrap(), expected(&values), "{count}");
    }
    assert_eq!(Histogram::default().quantiles(SHARES), None);
}

#[test]
fn parts_are_added_in_any_order_and_by_way_of_bytes() {
    let values = values(5_000);
    for size in [7, 32, 33, 1500] {
        let parts: Vec<Histogram> = values.chunks(size).map(of).collect();
        let stored: Vec<Histogram> = parts
            .iter()
            .map(|part| Histogram::from_bytes(&part.to_bytes()))
            .collect();
        let sum = |parts: &mut dyn Iterator<Item = &Histogram>| {
            let mut sum = Histogram::default();
            for part in parts {
                sum.merge(part);
            }
            sum
        };
        let forth = sum(&mut stored.iter());
        assert_eq!(forth.count(), 5_000);
        assert_eq!(forth, sum(&mut parts.iter().rev()), "parts of {size}");
        assert_near(forth.quantiles(SHARES).unwrap(), expected(&values));
    }
}

#[test]
fn few_in_parts_stay_exact() {
    let values = values(300);
    let mut sum = Histogram::default();
    for part in values.chunks(30) {
        sum.merge(&Histogram::from_bytes(&of(part).to_bytes()));
    }
    assert_eq!(sum.quantiles(SHARES).unwrap(), expected(&values));
}

#[test]
fn the_ends_of_the_range_are_values_like_others() {
    let histogram = of(&[0, 1, u64::MAX]);
    assert_eq!(Histogram::from_bytes(&histogram.to_bytes()), histogram);
    let mut many = histogram;
    for _ in 0..2_000 {
        many.add(u64::MAX);
    }
    let [least, most] = many.quantiles([0.0, 1.0]).unwrap();
    assert!(
        least <= 1.0 && (most / u64::MAX as f64 - 1.0).abs() <= 0.02,
        "{least} {most}"
    );
}

#[test]
fn damaged_bytes_are_read_as_far_as_they_go() {
    let whole = of(&values(2_000)).to_bytes();
    for length in 0..whole.len() {
        assert!(Histogram::from_bytes(&whole[..length]).count() <= 2_000);
    }
    for bytes in [
        &[0, 255][..],
        &[1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255],
        &[9],
        &[0, 200, 1, 5],
    ] {
        assert!(Histogram::from_bytes(bytes).count() <= 1, "{bytes:?}");
    }
}

#[test]
fn parts_hold_every_duration_once() {
    assert_eq!(Histogram::default().parts(30), []);
    for values in [
        vec![1000],
        vec![1, u64::MAX],
        (1..5000).collect::<Vec<u64>>(),
        vec![0, 1, 2, 3],
    ] {
        let mut histogram = Histogram::default();
        for value in &values {
            histogram.add(*value);
        }
        for most in [1, 7, 30, 2000] {
            let parts = histogram.parts(most);
            assert!(parts.len() <= usize::from(most), "{most}");
            assert_eq!(parts.iter().map(|part| part.2).sum::<u64>(), values.len() as u64);
            assert!(
                parts.windows(2).all(|pair| pair[0].1 == pair[1].0),
                "they lie beside each other"
            );
            assert!(
                parts[0].2 > 0 && parts.last().unwrap().2 > 0 || parts.len() == 1,
                "{parts:?}"
            );
        }
    }
    let mut histogram = Histogram::default();
    histogram.add(1000);
    let (from, to, count) = histogram.parts(30)[0];
    assert!(from < 1000.0 && to >= 1000.0 && count == 1);
}
