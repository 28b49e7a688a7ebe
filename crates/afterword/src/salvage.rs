//! The third net: no process can help, so the crash handler saves by itself what a report needs at the least, into the run
//! file: the registers, the top of the stack, the modules. The reporter, if it lives, or the next start makes a report of it.
//!
//! The run file lies on a disk, so that everything is sanitised first. Foreign memory is touched only through system calls
//! that answer EFAULT: a crash may have left the stack pointer anywhere.
#![expect(unsafe_code, reason = "buffers for a signal handler are static")]

#[cfg_attr(target_arch = "x86_64", path = "salvage/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "salvage/aarch64.rs")]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), path = "salvage/other.rs")]
mod registers;

use std::cell::UnsafeCell;
use std::ffi::CStr;
use std::fs::File;
use std::ops::Range;
use std::os::fd::FromRawFd;
use std::os::unix::fs::FileExt;

use afterword_channel::layout::{COPY_BYTES, SALVAGED_MODULES_BYTES, SALVAGED_STACK_BYTES};
use afterword_channel::maps::{Collector, Mapping, write_line};
use afterword_channel::stack_words::{Addresses, WordSize, sanitise_register, sanitise_stack};
use afterword_channel::{Homes, PrivateMemory};
use crash_handler::CrashContext;

use crate::running::{Running, now_ms};

const MAX_MODULES: usize = 1024;
const MAPS_BYTES: usize = 4096;
/// The longest line of the module list, so that a path of any length does not fill it.
const LINE_BYTES: usize = 1024;
/// How far above a stack pointer that points nowhere (an overflow) the stack is looked for.
const SEARCHED_PAGES: u64 = 16;

/// What the salvage needs, opened and worked out beforehand.
#[derive(Debug)]
pub(crate) struct Stock {
    /// `/proc/self/maps`: the kernel writes it anew each time it is read from its beginning.
    maps: Option<File>,
    homes: Homes,
    full_stacks: bool,
}

impl Stock {
    pub(crate) fn new(full_stacks: bool) -> Stock {
        Stock {
            maps: File::open("/proc/self/maps")
                .inspect_err(|error| log::debug!("a salvage will know no modules: {error}"))
                .ok(),
            homes: Homes::without_asking(),
            full_stacks,
        }
    }
}

/// What does not fit on a signal's stack.
struct Room {
    maps: [u8; MAPS_BYTES],
    collector: Collector,
    line: [u8; LINE_BYTES],
    lines: [u8; SALVAGED_MODULES_BYTES],
    lines_length: usize,
    code: [Range<u64>; MAX_MODULES],
    code_count: usize,
    stack: [u8; SALVAGED_STACK_BYTES],
}

struct OneRoom(UnsafeCell<Room>);

// SAFETY: only the one thread that crashed first enters it.
unsafe impl Sync for OneRoom {}

static ROOM: OneRoom = OneRoom(UnsafeCell::new(Room {
    maps: [0; MAPS_BYTES],
    collector: Collector::new(),
    line: [0; LINE_BYTES],
    lines: [0; SALVAGED_MODULES_BYTES],
    lines_length: 0,
    code: [const { 0..0 }; MAX_MODULES],
    code_count: 0,
    stack: [0; SALVAGED_STACK_BYTES],
}));

/// Saves what it can. Allocates nothing, takes no lock; for the crash handler, once.
pub(crate) fn salvage(running: &Running, context: &CrashContext) {
    let Some(stack_pointer) = registers::stack_pointer(context) else {
        return;
    };
    // SAFETY: the handler lets one thread in, once.
    let room = unsafe { &mut *ROOM.0.get() };
    running.run.begin_salvage(now_ms());
    room.read_modules(&running.stock);
    running.run.salvage_modules(&room.lines[..room.lines_length]);
    let (start, length) = room.read_stack(&running.memory, stack_pointer);
    let Room {
        code,
        code_count,
        stack,
        ..
    } = room;
    let stack = &mut stack[..length];
    let addresses = Addresses {
        word: WordSize::NATIVE,
        // The part that was not read is the stack's, too.
        stack: &(start..start.saturating_add(8 << 20)),
        code: &code[..*code_count],
    };
    let full = running.stock.full_stacks;
    if !full {
        sanitise_stack(stack, start, stack_pointer, &addresses);
    }
    running.run.salvage_stack(start, stack);
    let fault = registers::fault_address(context);
    let sanitised = |value: u64| {
        // What points into memory that is there is an address and no text.
        if full || running.memory.look_at(value, &mut [0]) == 1 {
            value
        } else {
            sanitise_register(value, &addresses, &[], fault)
        }
    };
    if let Some(context) = registers::sanitised(context, sanitised) {
        running.run.salvage_context(context);
    }
    running.run.end_salvage();
}

/// Signal, code and address; of a signal that a process sent not who that was.
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    expect(dead_code, reason = "nothing is salvaged there")
)]
fn copy_signal(from: &CrashContext, to: &mut CrashContext) {
    (to.pid, to.tid) = (from.pid, from.tid);
    let (from, to) = (&from.siginfo, &mut to.siginfo);
    (to.ssi_signo, to.ssi_errno, to.ssi_code) = (from.ssi_signo, from.ssi_errno, from.ssi_code);
    if from.ssi_code > 0 {
        (to.ssi_uid, to.ssi_fd) = (from.ssi_uid, from.ssi_fd);
    }
}

impl Room {
    fn read_modules(&mut self, stock: &Stock) {
        let homes = &stock.homes;
        // An app may have closed what was not its own.
        let held = stock
            .maps
            .as_ref()
            .filter(|maps| maps.read_at(&mut self.maps[..1], 0).is_ok());
        let fresh = if held.is_none() { open(c"/proc/self/maps") } else { None };
        let Some(maps) = held.or(fresh.as_ref()) else { return };
        let (mut at, mut kept) = (0, 0);
        // A line longer than the buffer ends it: nobody maps such a path.
        while let Ok(read @ 1..) = maps.read_at(&mut self.maps[kept..], at) {
            at += read as u64;
            let filled = kept + read;
            let mut begun = 0;
            while let Some(length) = self.maps[begun..filled].iter().position(|byte| *byte == b'\n') {
                let Room {
                    maps,
                    collector,
                    line,
                    lines,
                    lines_length,
                    code,
                    code_count,
                    ..
                } = self;
                let mut list = List {
                    line,
                    lines,
                    lines_length,
                    code,
                    code_count,
                    homes,
                };
                collector.line(&maps[begun..begun + length], |mapping| list.add(&mapping));
                begun += length + 1;
            }
            self.maps.copy_within(begun..filled, 0);
            kept = filled - begun;
        }
        let Room {
            collector,
            line,
            lines,
            lines_length,
            code,
            code_count,
            ..
        } = self;
        let mut list = List {
            line,
            lines,
            lines_length,
            code,
            code_count,
            homes,
        };
        collector.finish(|mapping| list.add(&mapping));
    }

    /// The stack from its pointer on, up to where nothing can be read: where it begins, and how long it is.
    fn read_stack(&mut self, memory: &PrivateMemory, stack_pointer: u64) -> (u64, usize) {
        let page = COPY_BYTES as u64;
        let mut start = stack_pointer & !7;
        for _ in 0..SEARCHED_PAGES {
            let length = self.read_from(memory, start);
            if length > 0 {
                return (start, length);
            }
            start = (start & !(page - 1)).saturating_add(page);
        }
        (stack_pointer, 0)
    }

    fn read_from(&mut self, memory: &PrivateMemory, start: u64) -> usize {
        let mut length = 0;
        while length < self.stack.len() {
            let to = self.stack.len().min(length + COPY_BYTES);
            let read = memory.look_at(start.saturating_add(length as u64), &mut self.stack[length..to]);
            length += read;
            if read == 0 || length < to {
                break;
            }
        }
        length
    }
}

/// Opens a file for reading without an allocation.
fn open(path: &CStr) -> Option<File> {
    // SAFETY: a string that ends with NUL; open is async-signal-safe.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    // SAFETY: just opened, and nobody else's.
    (fd >= 0).then(|| unsafe { File::from_raw_fd(fd) })
}

/// The lists of modules that grow line by line.
struct List<'a> {
    line: &'a mut [u8; LINE_BYTES],
    lines: &'a mut [u8; SALVAGED_MODULES_BYTES],
    lines_length: &'a mut usize,
    code: &'a mut [Range<u64>; MAX_MODULES],
    code_count: &'a mut usize,
    homes: &'a Homes,
}

impl List<'_> {
    fn add(&mut self, mapping: &Mapping<'_>) {
        if let Some(code) = self.code.get_mut(*self.code_count) {
            *code = mapping.code.0..mapping.code.1;
            *self.code_count += 1;
        }
        let Some(length) = write_line(mapping, self.line) else {
            return;
        };
        let line = &mut self.line[..length];
        // The path is the end of the line, without the line's end.
        let path = length - 1 - mapping.path.len();
        self.homes.mask_in_place(&mut line[path..length - 1]);
        if let Some(place) = self.lines.get_mut(*self.lines_length..*self.lines_length + length) {
            place.copy_from_slice(line);
            *self.lines_length += length;
        }
    }
}
