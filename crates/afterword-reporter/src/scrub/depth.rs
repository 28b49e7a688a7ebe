//! How deep a stack is kept. One that ran over has a million words, nearly all of them of the same few functions: sent whole,
//! such a report is many times as large as any other, and says no more.

use afterword_channel::stack_words::Addresses;

/// Words that point into code. No reader walks so many frames, and what else points into code (what is left of earlier calls)
/// comes in much smaller numbers. A stack that is large for another reason, a few functions with room for much, is kept whole.
const MOST_RETURN_ADDRESSES: usize = 8 * 1024;

/// Zeroes what lies beyond the innermost so many words that point into code, of a stack that begins at `start`. Returns whether
/// there was anything.
pub(super) fn cut(stack: &mut [u8], start: u64, stack_pointer: u64, addresses: &Addresses<'_>) -> bool {
    let size = addresses.word.bytes();
    // Words are counted from the stack pointer, wherever it is.
    let first = (stack_pointer.wrapping_sub(start) % size as u64) as usize;
    let Some(words) = stack.get_mut(first..) else {
        return false;
    };
    let return_addresses = words.chunks_exact(size).enumerate().filter(|(_, word)| {
        let mut value = [0; 8];
        value[..size].copy_from_slice(word);
        addresses.is_code(u64::from_le_bytes(value))
    });
    let Some((last, _)) = return_addresses.into_iter().nth(MOST_RETURN_ADDRESSES - 1) else {
        return false;
    };
    let beyond = &mut words[(last + 1) * size..];
    let is_more = beyond.iter().any(|byte| *byte != 0);
    beyond.fill(0);
    is_more
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterword_channel::stack_words::WordSize;

    const START: u64 = 0x7ffd_0000_0000;
    const CODE: u64 = 0x40_1000;

    fn cut_of(words: &[u64], stack_pointer: u64) -> (Vec<u8>, bool) {
        let mut stack: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let addresses = Addresses {
            word: WordSize::Eight,
            stack: &(START..START + stack.len() as u64),
            code: std::slice::from_ref(&(CODE..CODE + 0x1000)),
        };
        let is_more = cut(&mut stack, START, stack_pointer, &addresses);
        (stack, is_more)
    }

    #[test]
    fn a_stack_without_end_is_cut_after_its_innermost_frames() {
        let words: Vec<u64> = [CODE + 8, START + 64, 7].repeat(MOST_RETURN_ADDRESSES + 10);
        let (stack, is_more) = cut_of(&words, START);
        assert!(is_more);
        let kept = (MOST_RETURN_ADDRESSES - 1) * 24 + 8;
        let whole: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(stack[..kept], whole[..kept]);
        assert!(stack[kept..].iter().all(|byte| *byte == 0));
        assert_eq!(stack.len(), whole.len(), "nothing moves in the file");
    }

    #[test]
    fn a_large_stack_of_few_functions_stays_whole() {
        let words: Vec<u64> = (0..MOST_RETURN_ADDRESSES as u64 * 8)
            .map(|word| if word % 16 == 0 { CODE } else { START })
            .collect();
        let (stack, is_more) = cut_of(&words, START);
        assert!(!is_more);
        assert_eq!(
            stack,
            words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn words_are_counted_from_a_stack_pointer_that_is_not_aligned() {
        let mut bytes: Vec<u64> = vec![CODE; MOST_RETURN_ADDRESSES + 2];
        // Three bytes further, the same bytes make other words, none of which point into code.
        assert!(cut_of(&bytes, START).1);
        assert!(!cut_of(&bytes, START + 3).1);
        // Below the block, as after an overflow.
        bytes.truncate(MOST_RETURN_ADDRESSES + 1);
        assert!(cut_of(&bytes, START - 8).1);
    }
}
