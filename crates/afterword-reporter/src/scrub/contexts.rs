//! Where the registers stand in a thread's context, by processor.
//!
//! Layouts: `CONTEXT_AMD64` and its like in minidump-common, after Microsoft's and Breakpad's.

use std::ops::Range;

use afterword_channel::stack_words::WordSize;

/// One processor's context.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// `PROCESSOR_ARCHITECTURE_…` of the system information.
    architecture: u16,
    /// Of the whole context; what is longer (saved extended states) is blanked too.
    size: usize,
    pub(super) word: WordSize,
    /// The general registers, one after the other.
    general: (usize, usize),
    /// These two stay as they are: without them nothing unwinds.
    pub(super) stack_pointer: usize,
    program_counter: usize,
    /// Vector and floating point registers, and what a debugger keeps.
    blanked: &'static [(usize, usize)],
}

const SIGNED: WordSize = WordSize::EightSigned { address_bits: 48 };

const LAYOUTS: &[Layout] = &[
    // x86-64
    Layout {
        architecture: 9,
        size: 1232,
        word: WordSize::Eight,
        general: (120, 248),
        stack_pointer: 152,
        program_counter: 248,
        blanked: &[(0, 48), (72, 120), (256, 1232)],
    },
    // arm64
    Layout {
        architecture: 12,
        size: 912,
        word: SIGNED,
        general: (8, 256),
        stack_pointer: 256,
        program_counter: 264,
        blanked: &[(272, 912)],
    },
    // arm64 as Breakpad had it first
    Layout {
        architecture: 0x8003,
        size: 796,
        word: SIGNED,
        general: (8, 256),
        stack_pointer: 256,
        program_counter: 264,
        blanked: &[(272, 796)],
    },
    // x86
    Layout {
        architecture: 0,
        size: 716,
        word: WordSize::Four,
        general: (156, 184),
        stack_pointer: 196,
        program_counter: 184,
        blanked: &[(4, 140), (204, 716)],
    },
    // arm
    Layout {
        architecture: 5,
        size: 368,
        word: WordSize::Four,
        general: (4, 64),
        stack_pointer: 56,
        program_counter: 64,
        blanked: &[(72, 368)],
    },
];

/// macOS and iOS, in the system information's `platform_id`.
const APPLE: [usize; 2] = [0x8101, 0x8102];

impl Layout {
    /// The layout of a context of so many bytes; `None` for processors that are not known here.
    pub(super) fn of(architecture: u16, platform: usize, size: usize) -> Option<Layout> {
        let mut layout = *LAYOUTS
            .iter()
            .find(|layout| layout.architecture == architecture && size >= layout.size)?;
        if layout.word == SIGNED && APPLE.contains(&platform) {
            layout.word = WordSize::EightSigned { address_bits: 47 };
        }
        Some(layout)
    }

    /// The offsets of the general registers that are sanitised.
    pub(super) fn general(&self) -> impl Iterator<Item = usize> {
        let (kept, all) = (
            [self.stack_pointer, self.program_counter],
            self.general.0..self.general.1,
        );
        all.step_by(self.word.bytes())
            .filter(move |offset| !kept.contains(offset))
    }

    /// What is overwritten in a context of so many bytes.
    pub(super) fn blanked(&self, size: usize) -> impl Iterator<Item = Range<usize>> {
        let parts = self.blanked.iter().map(|(start, end)| *start..*end);
        parts.chain(std::iter::once(self.size..size))
    }
}
