use super::*;

const STACK: Range<u64> = 0x7ffd_0000_0000..0x7ffd_0001_0000;
const CODE: [Range<u64>; 3] = [
    0x40_0000..0x40_1000,
    0x40_1000..0x40_2000,
    0x7f00_0000_0000..0x7f00_0000_2000,
];

fn of(word: WordSize) -> Addresses<'static> {
    Addresses {
        word,
        stack: &STACK,
        code: &CODE,
    }
}

fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn addresses_and_small_numbers_stay_and_text_does_not() {
    let secret = u64::from_le_bytes(*b"hunter2!");
    let (small, negative) = (4096, (-4096_i64) as u64);
    let table = [
        (0, true),
        (1, true),
        (small, true),
        (small + 1, false),
        (negative, true),
        (negative - 1, false),
        (u64::MAX, true),
        (secret, false),
        (STACK.start, true),
        (STACK.end - 1, true),
        (STACK.end, false),
        (STACK.start - 1, false),
        (0x3f_ffff, false),
        (0x40_0000, true),
        (0x40_1000, true),
        (0x40_1fff, true),
        (0x40_2000, false),
        (0x7f00_0000_1fff, true),
        (0x7f00_0000_2000, false),
        (0x0000_0005_0000_0003, false),
    ];
    for (value, stays) in table {
        let mut bytes = words(&[value]);
        sanitise_stack(&mut bytes, STACK.start, STACK.start, &of(WordSize::Eight));
        assert_eq!(bytes, words(&[if stays { value } else { DEFACED_64 }]), "{value:#x}");
        let register = sanitise_register(value, &of(WordSize::Eight), &[], None);
        assert_eq!(register, if stays { value } else { DEFACED_64 }, "{value:#x}");
    }
}

#[test]
fn words_of_four_bytes_have_their_own_sign_and_mark() {
    let values = [5_u32, 0xffff_fff0, 0x40_0010, 0x6574_6e75, 0xffff_0000];
    let mut bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    sanitise_stack(&mut bytes, 0x1_0000, 0x1_0000, &of(WordSize::Four));
    let expected = [5_u32, 0xffff_fff0, 0x40_0010, DEFACED_32, DEFACED_32];
    assert_eq!(
        bytes,
        expected
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect::<Vec<u8>>()
    );
    assert_eq!(
        sanitise_register(0x6574_6e75, &of(WordSize::Four), &[], None),
        u64::from(DEFACED_32)
    );
    assert_eq!(
        sanitise_register(0xffff_fff0, &of(WordSize::Four), &[], None),
        0xffff_fff0
    );
}

#[test]
fn signed_return_addresses_stay_on_arm64_alone() {
    let signed = 0x00a5_7f00_0000_1234;
    for (word, stays) in [
        (WordSize::EightSigned { address_bits: 48 }, true),
        (WordSize::EightSigned { address_bits: 47 }, true),
        (WordSize::Eight, false),
    ] {
        let mut bytes = words(&[signed, u64::from_le_bytes(*b"hunter2!")]);
        sanitise_stack(&mut bytes, STACK.start, STACK.start, &of(word));
        assert_eq!(
            bytes,
            words(&[if stays { signed } else { DEFACED_64 }, DEFACED_64]),
            "{word:?}"
        );
    }
}

#[test]
fn a_register_may_point_to_anything_that_is_mapped_and_near_the_fault() {
    let mapped = [0x10..0x20, 0x5500_0000_0000..0x5500_0010_0000];
    let fault = 0xdead_beef_0000;
    let table = [
        (0x5500_0000_0000, true),
        (0x5500_000f_ffff, true),
        (0x5500_0010_0000, false),
        (fault, true),
        (fault + 4096, true),
        (fault - 4096, true),
        (fault + 4097, false),
        (u64::from_le_bytes(*b"hunter2!"), false),
    ];
    for (value, stays) in table {
        let kept = sanitise_register(value, &of(WordSize::Eight), &mapped, Some(fault));
        assert_eq!(kept, if stays { value } else { DEFACED_64 }, "{value:#x}");
    }
    assert_eq!(
        sanitise_register(u64::MAX - 8192, &of(WordSize::Eight), &[], Some(0)),
        DEFACED_64
    );
}

#[test]
fn below_the_stack_pointer_and_in_incomplete_words_is_nothing() {
    // Every stack pointer around every length of a block, with bytes that are no address anywhere.
    let start = STACK.start + 64;
    for length in 0..40_usize {
        for offset in -20_i64..60 {
            let stack_pointer = start.wrapping_add_signed(offset);
            let mut bytes = vec![0xa5; length];
            sanitise_stack(&mut bytes, start, stack_pointer, &of(WordSize::Eight));
            for (index, byte) in bytes.iter().enumerate() {
                let beyond = start as i64 + index as i64 - stack_pointer as i64;
                let word = (stack_pointer as i64 + beyond.div_euclid(8) * 8) - start as i64;
                let is_whole = beyond >= 0 && word >= 0 && word + 8 <= length as i64;
                let expected = if is_whole {
                    DEFACED_64.to_le_bytes()[beyond.rem_euclid(8) as usize]
                } else {
                    0
                };
                assert_eq!(*byte, expected, "length {length}, pointer at {offset}, byte {index}");
            }
        }
    }
}

#[test]
fn addresses_are_found_where_an_unaligned_stack_pointer_puts_them() {
    let mut bytes = [&[0xa5; 3][..], &words(&[0x40_0010, u64::MAX - 5000]), &[0xa5; 2]].concat();
    sanitise_stack(&mut bytes, STACK.start, STACK.start + 3, &of(WordSize::Eight));
    assert_eq!(bytes, [&[0; 3][..], &words(&[0x40_0010, DEFACED_64]), &[0; 2]].concat());
}

#[test]
fn whatever_is_on_a_stack_what_stays_is_an_address_or_small() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..2_000 {
        let code: Vec<Range<u64>> = joined(
            (0..random.usize(0..6))
                .map(|_| (random.u64(0x1_0000..0x20_0000), random.u64(0..0x8_0000)))
                .map(|(start, length)| start..start + length)
                .collect(),
        );
        assert!(code.windows(2).all(|pair| pair[0].end < pair[1].start), "{code:?}");
        let stack = 0x30_0000..0x30_0000 + random.u64(0..512);
        let addresses = Addresses {
            word: WordSize::Eight,
            stack: &stack,
            code: &code,
        };
        let length = random.usize(0..300);
        let mut bytes: Vec<u8> = (0..length)
            .map(|index| {
                if index % 8 < random.usize(1..9) {
                    random.u8(..)
                } else {
                    0
                }
            })
            .collect();
        let before = bytes.clone();
        let pointer = (stack.start - 32).wrapping_add(random.u64(0..400));
        sanitise_stack(&mut bytes, stack.start, pointer, &addresses);
        assert_eq!(bytes.len(), length);
        let first = (0..8)
            .find(|at| (stack.start + at).abs_diff(pointer).is_multiple_of(8))
            .unwrap() as usize;
        for (was, is) in before[first.min(length)..]
            .chunks_exact(8)
            .zip(bytes[first.min(length)..].chunks_exact(8))
        {
            let (was, is) = (
                u64::from_le_bytes(was.try_into().unwrap()),
                u64::from_le_bytes(is.try_into().unwrap()),
            );
            let is_address = stack.contains(&was) || code.iter().any(|range| range.contains(&was));
            let is_small = (was as i64).unsigned_abs() <= 4096;
            assert!(
                is == 0 || is == if is_address || is_small { was } else { DEFACED_64 },
                "{was:#x} {is:#x}"
            );
        }
        let again = bytes.clone();
        sanitise_stack(&mut bytes, stack.start, pointer, &addresses);
        assert_eq!(bytes, again, "once is enough");
    }
}

#[test]
fn ranges_are_joined_in_order() {
    let joined = joined(vec![50..60, 10..20, 20..30, 12..14, 70..70, 58..65, 0..5]);
    assert_eq!(joined, [0..5, 10..30, 50..65]);
    let is_in = |address| lies_in(&joined, address);
    assert!(is_in(0) && is_in(29) && is_in(64) && !is_in(5) && !is_in(65) && !is_in(7));
    assert!(!lies_in(&[], 0));
}
