//! Stacks, registers and other memory.

use afterword_channel::stack_words::{DEFACED_32, DEFACED_64};
use minidump::{Minidump, MinidumpMemoryList, MinidumpSystemInfo, MinidumpThreadList};

use super::super::*;
use super::scrubbed;
use super::written::{Written, contains, words64};

const CODE: u64 = 0x40_0000;
const STACK: u64 = 0x7ffd_0000_0000;
const HEAP: u64 = 0x5500_0000_0000;
const READ_WRITE: u32 = 0x04;
const EXECUTE_READ: u32 = 0x20;
const EXECUTE_READ_WRITE: u32 = 0x40;

/// A processor for the tests: architecture, size of the context, the place and value of its flags, of stack pointer and
/// program counter, of numbers that are neither secret nor addresses, and its word.
struct Processor {
    architecture: u16,
    size: usize,
    flags: (usize, u32),
    stack_pointer: usize,
    program_counter: usize,
    small: (usize, usize),
    word: usize,
}

const PROCESSORS: [Processor; 5] = [
    Processor {
        architecture: 9,
        size: 1232,
        flags: (48, 0x10_000f),
        stack_pointer: 152,
        program_counter: 248,
        small: (52, 72),
        word: 8,
    },
    Processor {
        architecture: 12,
        size: 912,
        flags: (0, 0x40_0007),
        stack_pointer: 256,
        program_counter: 264,
        small: (4, 8),
        word: 8,
    },
    Processor {
        architecture: 0x8003,
        size: 796,
        flags: (0, 0x8000_0007),
        stack_pointer: 256,
        program_counter: 264,
        small: (4, 8),
        word: 8,
    },
    Processor {
        architecture: 0,
        size: 716,
        flags: (0, 0x1_003f),
        stack_pointer: 196,
        program_counter: 184,
        small: (140, 156),
        word: 4,
    },
    Processor {
        architecture: 5,
        size: 368,
        flags: (0, 0x4000_0007),
        stack_pointer: 56,
        program_counter: 64,
        small: (68, 72),
        word: 4,
    },
];

impl Processor {
    /// A context full of one secret letter.
    fn context(&self, stack_pointer: u64, program_counter: u64) -> Vec<u8> {
        let mut context = vec![b'Z'; self.size];
        context[self.small.0..self.small.1].fill(0);
        if self.architecture == 0 {
            context[188..196].fill(0);
            context[200..204].fill(0);
        }
        context[self.flags.0..self.flags.0 + 4].copy_from_slice(&self.flags.1.to_le_bytes());
        let mut set =
            |at: usize, value: u64| context[at..at + self.word].copy_from_slice(&value.to_le_bytes()[..self.word]);
        set(self.stack_pointer, stack_pointer);
        set(self.program_counter, program_counter);
        context
    }
}

#[test]
fn of_every_processor_only_what_unwinds_stays_of_the_registers() {
    for processor in &PROCESSORS {
        let architecture = processor.architecture;
        let (stack, code) = (0x10_0000_u64, 0x40_0010);
        // As long as a word: an address, a secret, a frame pointer.
        let values = [code, u64::from_le_bytes(*b"ZZZZZZZZ"), stack + 8, 7];
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes()[..processor.word].to_vec())
            .collect();
        let context = processor.context(stack, code);
        let mut written = Written::new();
        written.system(architecture, 0x8201);
        written.modules(&[(CODE, 0x1000, "/app", b"")]);
        written.threads(&[(7, stack, &bytes, &context)], &[]);
        let raw = written.finish();
        let scrubbed = scrubbed(&raw).bytes;
        assert!(!contains(&scrubbed, b"Z"), "{architecture:#x}");

        let dump = Minidump::read(scrubbed).unwrap();
        let system: MinidumpSystemInfo = dump.get_stream().unwrap();
        let threads: MinidumpThreadList<'_> = dump.get_stream().unwrap();
        let context = threads.threads[0].context(&system, None).unwrap().into_owned();
        assert_eq!(context.get_stack_pointer(), stack, "{architecture:#x}");
        assert_eq!(context.get_instruction_pointer(), code, "{architecture:#x}");
        let defaced = if processor.word == 4 {
            u64::from(DEFACED_32)
        } else {
            DEFACED_64
        };
        let flags = ["eflags", "cpsr"];
        for (name, value) in context.valid_registers().filter(|(name, _)| !flags.contains(name)) {
            let expected = match value {
                value if value == stack || value == code => value,
                _ => defaced,
            };
            assert_eq!(value, expected, "{architecture:#x}: {name}");
        }
        let memory: MinidumpMemoryList<'_> = dump.get_stream().unwrap();
        let stack_bytes = memory.iter().next().unwrap().bytes;
        let kept: Vec<u64> = stack_bytes
            .chunks(processor.word)
            .map(|word| word.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
            .collect();
        assert_eq!(kept, [code, defaced, stack + 8, 7], "{architecture:#x}");
    }
}

#[test]
fn what_no_layout_is_known_for_is_blanked() {
    let (amd64, address) = (&PROCESSORS[0], CODE + 0xabc);
    // A processor nobody knows; a context that is too short; no description of the system at all.
    for (architecture, size) in [(Some(0x77), 1232), (Some(9), 1000), (None, 1232)] {
        let context = &amd64.context(STACK, CODE)[..size];
        let mut written = Written::new();
        if let Some(architecture) = architecture {
            written.system(architecture, 0x8201);
        }
        written.modules(&[(CODE, 0x1000, "/app", b"")]);
        written.threads(&[(7, STACK, &words64(&[address, STACK, 5]), context)], &[]);
        let scrubbed = scrubbed(&written.finish());
        assert!(
            !contains(&scrubbed.bytes, &address.to_le_bytes()[..3]),
            "not even the address"
        );
        assert!(!contains(&scrubbed.bytes, b"ZZ"));
        assert!(
            scrubbed
                .removed
                .iter()
                .any(|words| words.contains("processor that is not known"))
        );
    }
}

#[test]
fn a_register_near_the_fault_or_into_memory_stays_on_the_thread_that_crashed() {
    let amd64 = &PROCESSORS[0];
    let fault = 0x1234_5678_9000_u64;
    let mut context = amd64.context(STACK, CODE);
    for (at, value) in [
        (120, fault + 16),
        (128, HEAP + 8),
        (136, STACK + 8),
        (144, fault + 8192),
        (160, CODE + 1),
    ] {
        context[at..at + 8].copy_from_slice(&u64::to_le_bytes(value));
    }
    let mut written = Written::new();
    written.system(9, 0x8201);
    written.modules(&[(CODE, 0x1000, "/app", b"")]);
    written.memory_info(&[(HEAP, 0x1000, READ_WRITE), (CODE, 0x1000, EXECUTE_READ)]);
    let stack = words64(&[HEAP + 8, fault, STACK + 8]);
    written.threads(
        &[(7, STACK, &stack, &context), (8, STACK + 0x10_0000, &stack, &context)],
        &[],
    );
    written.exception(7, fault, &context);
    let scrubbed = scrubbed(&written.finish()).bytes;
    let dump = Minidump::read(scrubbed).unwrap();
    let (system, threads): (MinidumpSystemInfo, MinidumpThreadList<'_>) =
        (dump.get_stream().unwrap(), dump.get_stream().unwrap());
    let exception: minidump::MinidumpException<'_> = dump.get_stream().unwrap();
    let registers = |context: &minidump::MinidumpContext| {
        ["rax", "rcx", "rdx", "rbx", "rbp", "r15"].map(|name| context.get_register(name).unwrap())
    };
    let of = |index: usize| registers(&threads.threads[index].context(&system, None).unwrap());
    let crashed = [fault + 16, HEAP + 8, STACK + 8, DEFACED_64, CODE + 1, DEFACED_64];
    assert_eq!(of(0), crashed);
    assert_eq!(registers(&exception.context(&system, None).unwrap()), crashed);
    assert_eq!(
        of(1),
        [DEFACED_64, HEAP + 8, DEFACED_64, DEFACED_64, CODE + 1, DEFACED_64]
    );
    // On stacks, what points to the heap or near the fault is data.
    let memory: MinidumpMemoryList<'_> = dump.get_stream().unwrap();
    assert_eq!(
        memory.iter().next().unwrap().bytes,
        words64(&[DEFACED_64, DEFACED_64, STACK + 8])
    );
}

#[test]
fn the_lower_of_two_stack_pointers_counts_and_what_lies_below_is_nothing() {
    let amd64 = &PROCESSORS[0];
    let stack = words64(&[1, 2, 3, 4]);
    for (own, of_exception, expected) in [
        (STACK + 8, STACK + 16, [0, 2, 3, 4]),
        (STACK + 24, STACK + 16, [0, 0, 3, 4]),
        (STACK - 64, STACK + 8, [1, 2, 3, 4]),
        (STACK + 999, STACK + 999, [0, 0, 0, 0]),
    ] {
        let mut written = Written::new();
        written.system(9, 0x8201);
        written.threads(&[(7, STACK, &stack, &amd64.context(own, CODE))], &[]);
        written.exception(7, 0, &amd64.context(of_exception, CODE));
        let dump = Minidump::read(scrubbed(&written.finish()).bytes).unwrap();
        let memory: MinidumpMemoryList<'_> = dump.get_stream().unwrap();
        assert_eq!(
            memory.iter().next().unwrap().bytes,
            words64(&expected),
            "{own:#x} {of_exception:#x}"
        );
    }
}

#[test]
fn code_of_the_programs_runtime_counts_by_either_list_of_memory() {
    let amd64 = &PROCESSORS[0];
    let (made, data) = (0x7f11_0000_0000_u64, 0x7f22_0000_0000);
    let stack = words64(&[made + 8, data + 8]);
    let maps = format!(
        "{made:x}-{:x} r-xp 0 00:00 0\n{data:x}-{:x} rw-p 0 00:00 0 [heap]\ntorn",
        made + 4096,
        data + 4096
    );
    for from_maps in [true, false] {
        let mut written = Written::new();
        written.system(9, 0x8201);
        if from_maps {
            written.stream(Stream::LinuxMaps, maps.as_bytes());
        } else {
            written.memory_info(&[(made, 4096, EXECUTE_READ_WRITE), (data, 4096, READ_WRITE)]);
        }
        written.threads(&[(7, STACK, &stack, &amd64.context(STACK, CODE))], &[]);
        let dump = Minidump::read(scrubbed(&written.finish()).bytes).unwrap();
        let memory: MinidumpMemoryList<'_> = dump.get_stream().unwrap();
        assert_eq!(
            memory.iter().next().unwrap().bytes,
            words64(&[made + 8, DEFACED_64]),
            "{from_maps}"
        );
    }
}

#[test]
fn memory_stays_only_if_it_is_a_modules_code_that_nobody_can_write_to() {
    let (static_data, own_code) = (CODE + 0x2000, 0x7f11_0000_0000);
    let blocks: [(u64, &[u8], bool); 6] = [
        (CODE + 16, b"code of a module", true),
        (static_data, b"Dear Ann, I must", false),
        (CODE + 0xff8, b"code, and beyond", false),
        (own_code, b"made at run time", false),
        (HEAP, b"a document's end", false),
        (CODE + 0x3000, b"writeable code..", false),
    ];
    let memory = blocks.map(|(at, bytes, _)| (at, bytes));
    let raw = |with_info: bool| {
        let mut written = Written::new();
        written.system(9, 0x8201);
        written.modules(&[(CODE, 0x4000, "/app", b"")]);
        if with_info {
            written.memory_info(&[
                (CODE, 0x1000, EXECUTE_READ),
                (static_data, 0x1000, READ_WRITE),
                (CODE + 0x3000, 0x1000, EXECUTE_READ_WRITE),
                (own_code, 0x1000, EXECUTE_READ),
                (HEAP, 0x1000, READ_WRITE),
            ]);
        }
        written.threads(&[(7, STACK, b"", &PROCESSORS[0].context(STACK, CODE))], &memory);
        written.finish()
    };
    let with_info = scrubbed(&raw(true)).bytes;
    let listed: Vec<bool> = {
        let dump = Minidump::read(&with_info[..]).unwrap();
        let list: MinidumpMemoryList<'_> = dump.get_stream().unwrap();
        blocks
            .map(|(at, ..)| list.iter().any(|block| block.base_address == at && block.size > 0))
            .to_vec()
    };
    for ((_, bytes, stays), listed) in blocks.iter().zip(listed) {
        assert_eq!(
            contains(&with_info, bytes),
            *stays,
            "{}",
            String::from_utf8_lossy(bytes)
        );
        assert_eq!(listed, *stays, "a block that is gone is listed with no bytes");
    }
    let without = scrubbed(&raw(false)).bytes;
    assert!(
        blocks.iter().all(|(_, bytes, _)| !contains(&without, bytes)),
        "nobody knows what it is"
    );
    let whole = scrub_for(raw(true), true, &Homes::default()).unwrap().bytes;
    assert!(blocks.iter().all(|(_, bytes, _)| contains(&whole, bytes)));
}

#[test]
fn full_stacks_are_left_as_they_are() {
    let context = PROCESSORS[0].context(STACK, CODE);
    let mut written = Written::new();
    written.system(9, 0x8201);
    written.threads(&[(7, STACK, b"Dear Ann, I must", &context)], &[]);
    written.exception(7, 0, &context);
    let whole = scrub_for(written.finish(), true, &Homes::default()).unwrap();
    assert!(contains(&whole.bytes, b"Dear Ann, I must") && contains(&whole.bytes, &context));
    assert_eq!(
        whole.removed,
        ["nothing from stacks and registers: this program keeps them whole"]
    );
}

#[test]
fn the_context_of_an_exception_whose_thread_is_not_listed_is_blanked() {
    let mut written = Written::new();
    written.system(9, 0x8201);
    written.threads(&[(7, STACK, b"", &PROCESSORS[0].context(STACK, CODE))], &[]);
    written.exception(8, 0, &PROCESSORS[0].context(STACK, CODE));
    assert!(!contains(&scrubbed(&written.finish()).bytes, b"ZZZ"));
}
