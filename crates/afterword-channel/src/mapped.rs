//! Memory shared with the reporter: a file or memory without a name, mapped for writing and never unmapped.
#![expect(unsafe_code, reason = "shared mappings are written through raw pointers")]

use std::sync::atomic::AtomicU32;

use crate::sys;

/// What is mapped (a file or memory), and its mapping. Other processes read it while it is written: its bytes are only copied,
/// never referenced.
#[derive(Debug)]
pub(crate) struct Mapped<Source> {
    source: Source,
    map: sys::Map,
}

impl<Source> Mapped<Source> {
    /// Puts the two together.
    pub(crate) fn new(source: Source, map: sys::Map) -> Mapped<Source> {
        Mapped { source, map }
    }

    /// What is mapped.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Copies bytes in. Allocates nothing: for signal handlers too.
    pub(crate) fn copy_in(&self, at: usize, bytes: &[u8]) {
        assert!(
            at.checked_add(bytes.len()).is_some_and(|end| end <= self.map.len()),
            "a place of the layout is inside the file"
        );
        // SAFETY: the mapping lives as long as `self`; the range was checked above; the bytes of the mapping are never
        // referenced, only copied to and from through raw pointers.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.map.as_mut_ptr().add(at), bytes.len());
        }
    }

    /// Overwrites a range with zeroes. Allocates nothing: for signal handlers too.
    pub(crate) fn clear(&self, at: usize, length: usize) {
        const ZEROES: [u8; 512] = [0; 512];
        let mut cleared = 0;
        while cleared < length {
            let piece = ZEROES.len().min(length - cleared);
            self.copy_in(at + cleared, &ZEROES[..piece]);
            cleared += piece;
        }
    }

    /// A word that several processes look at.
    pub(crate) fn word(&self, at: usize) -> &AtomicU32 {
        assert!(at.is_multiple_of(4) && at + 4 <= self.map.len());
        // SAFETY: aligned (mappings start at a page, `at` is a multiple of four), inside the mapping, which lives as long as
        // `self`, and only ever accessed as an atomic by this process.
        unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(at).cast()) }
    }
}
