//! What of a stack and of registers may be kept: addresses and small numbers, and nothing else.
//!
//! Stacks hold text, keys, documents. What is needed to walk a stack are the addresses on it: of code (return addresses)
//! and of the stack itself (frame pointers, the saved stack pointer). So each word stays that is such an address or a small
//! number, and every other is replaced by [`DEFACED_64`] (or [`DEFACED_32`]), the words that Breakpad's writer uses: no
//! address on any system, and readers know them.
//!
//! Everything here is a function of bytes, allocates nothing and takes no lock: the crash handler may call it, and the
//! reporter calls it for dumps of any system. Words are little-endian, as in all minidumps and on all our systems.

use std::ops::Range;

/// In place of a word of eight bytes.
pub const DEFACED_64: u64 = 0x0def_aced_0def_aced;
/// In place of a word of four bytes.
pub const DEFACED_32: u32 = 0x0def_aced;

/// Numbers up to this one, of either sign, say nothing: counts, flags, error codes, one character.
const SMALL_NUMBER: u64 = 4096;
/// What is so near the fault's address explains it: a field's offset from a null pointer, say.
const NEAR_FAULT_BYTES: u64 = 4096;

/// The size of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordSize {
    /// Four bytes: x86, arm.
    Four,
    /// Eight bytes: x86-64.
    Eight,
    /// Eight bytes, where the upper bits of a return address may be a signature (arm64's pointer authentication): an address
    /// has only so many bits.
    EightSigned {
        /// 48 on Linux and Windows, 47 on Apple's systems, as unwinders assume too.
        address_bits: u32,
    },
}

impl WordSize {
    /// That of this process.
    pub const NATIVE: WordSize = match (size_of::<usize>(), cfg!(target_arch = "aarch64")) {
        (4, _) => WordSize::Four,
        (_, false) => WordSize::Eight,
        (_, true) => WordSize::EightSigned {
            address_bits: if cfg!(target_vendor = "apple") { 47 } else { 48 },
        },
    };

    /// In bytes.
    pub const fn bytes(self) -> usize {
        match self {
            WordSize::Four => 4,
            WordSize::Eight | WordSize::EightSigned { .. } => 8,
        }
    }

    fn without_signature(self, value: u64) -> Option<u64> {
        match self {
            WordSize::EightSigned { address_bits } => Some(value & ((1 << address_bits) - 1)),
            WordSize::Four | WordSize::Eight => None,
        }
    }
}

/// What counts as an address in one thread.
#[derive(Debug, Clone, Copy)]
pub struct Addresses<'a> {
    /// The size of a word.
    pub word: WordSize,
    /// The thread's stack.
    pub stack: &'a Range<u64>,
    /// Code: sorted by their starts, without overlap.
    pub code: &'a [Range<u64>],
}

/// Sanitises the bytes of a stack in place, of which the first lies at the address `start`.
///
/// Words are counted from the stack pointer: `stack_pointer`, `stack_pointer + 8`, …, whatever its alignment is. What lies
/// below it is zeroed: no unwinder reads there, for what a function saved lies at or above its stack pointer, and the red
/// zone of the innermost function holds only its own variables. An incomplete word at the beginning (of a stack whose
/// pointer lies below `start`, as after an overflow) or at the end is zeroed too.
///
/// May be called in a signal handler.
pub fn sanitise_stack(bytes: &mut [u8], start: u64, stack_pointer: u64, addresses: &Addresses<'_>) {
    let size = addresses.word.bytes();
    let first_word = if stack_pointer >= start {
        stack_pointer - start
    } else {
        // How far the first word that begins in the block is from the block's start.
        let beyond = (start - stack_pointer) % size as u64;
        (size as u64 - beyond) % size as u64
    };
    let first_word = usize::try_from(first_word).unwrap_or(usize::MAX).min(bytes.len());
    let (below, words) = bytes.split_at_mut(first_word);
    below.fill(0);
    let mut words = words.chunks_exact_mut(size);
    for word in &mut words {
        let mut value = [0; 8];
        value[..size].copy_from_slice(word);
        if !addresses.may_keep(u64::from_le_bytes(value)) {
            word.copy_from_slice(&DEFACED_64.to_le_bytes()[..size]);
        }
    }
    words.into_remainder().fill(0);
}

/// Sanitises the value of a general register. As for a word of the stack; in addition what points into any of `mapped`
/// (sorted, without overlap) or lies within a page of the fault's address stays: it explains the crash, and is no text.
///
/// The program counter and the stack pointer are not for this: they always stay.
///
/// May be called in a signal handler.
pub fn sanitise_register(value: u64, addresses: &Addresses<'_>, mapped: &[Range<u64>], fault: Option<u64>) -> u64 {
    let near_fault = fault.is_some_and(|fault| fault.abs_diff(value) <= NEAR_FAULT_BYTES);
    if near_fault || addresses.may_keep(value) || lies_in(mapped, value) {
        value
    } else {
        match addresses.word {
            WordSize::Four => DEFACED_32.into(),
            WordSize::Eight | WordSize::EightSigned { .. } => DEFACED_64,
        }
    }
}

/// Sorts ranges and joins those that touch, as [`Addresses::code`] wants them. Not in a signal handler, which has them so
/// from the system.
pub fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, range| {
        let touches = next.start <= range.end;
        if touches {
            range.end = range.end.max(next.end);
        }
        touches
    });
    ranges
}

impl Addresses<'_> {
    fn may_keep(&self, value: u64) -> bool {
        self.is_small(value) || self.stack.contains(&value) || self.is_code(value)
    }

    /// Whether the word points into code, signed or not. May be called in a signal handler.
    pub fn is_code(&self, value: u64) -> bool {
        lies_in(self.code, value)
            || self
                .word
                .without_signature(value)
                .is_some_and(|address| lies_in(self.code, address))
    }

    fn is_small(&self, value: u64) -> bool {
        let signed = match self.word {
            WordSize::Four => i64::from(value as u32 as i32),
            WordSize::Eight | WordSize::EightSigned { .. } => value as i64,
        };
        signed.unsigned_abs() <= SMALL_NUMBER
    }
}

/// Whether one of these (sorted, without overlap) holds the address.
fn lies_in(ranges: &[Range<u64>], address: u64) -> bool {
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else {
        return false;
    };
    // Most words lie outside of all of them: an overflown stack has a million.
    if !(first.start..last.end).contains(&address) {
        return false;
    }
    let begun = ranges.partition_point(|range| range.start <= address);
    begun
        .checked_sub(1)
        .and_then(|last| ranges.get(last))
        .is_some_and(|range| range.contains(&address))
}

#[cfg(test)]
mod tests;
