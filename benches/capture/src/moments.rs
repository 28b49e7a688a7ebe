//! Moments that several processes note in one mapped file: noting one is a store to memory and keeps nothing waiting.
#![expect(unsafe_code, reason = "a mapping is raw")]

use std::fs::File;
use std::io;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::time::{ClockId, clock_gettime};

/// What is noted: times in nanoseconds of the monotonic clock, unless it says something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// `init` is about to be called.
    InitBegins,
    /// `init` has returned.
    InitReturned,
    /// Everything is in place; the app waits for a line on its standard input.
    Ready,
    /// The next instruction faults.
    Crashes,
    /// The same moment by the clock on the wall, in nanoseconds since 1970.
    CrashesByClock,
    /// The crash handler is done: the signal has come to whoever had it before.
    Answered,
    /// The reporting process says that the dump is written.
    Written,
    /// Bytes of the envelope as sent.
    EnvelopeBytes,
    /// Nanoseconds that all breadcrumbs together took.
    BreadcrumbsTook,
}

const COUNT: usize = Moment::BreadcrumbsTook as usize + 1;
const BYTES: usize = COUNT * 8;

/// The mapped file; it stays mapped until the process ends.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    words: &'static [AtomicU64; COUNT],
}

impl Moments {
    /// Opens the file, making it if it is not there.
    ///
    /// # Errors
    /// What `open`, `ftruncate` or `mmap` answered.
    pub fn open(path: &Path) -> io::Result<Moments> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        file.set_len(BYTES as u64)?;
        // SAFETY: a new mapping, at a place of the kernel's choice, of a file that nobody cuts short.
        let words = unsafe {
            mmap(
                ptr::null_mut(),
                BYTES,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                &file,
                0,
            )?
        };
        // SAFETY: the mapping is aligned, long enough, never unmapped, and only accessed by atomics.
        let words = unsafe { &*words.cast() };
        Ok(Moments { words })
    }

    /// Notes that it is now. Safe in a signal handler.
    pub fn note(&self, moment: Moment) {
        self.set(moment, now());
    }

    /// Notes a number. Safe in a signal handler.
    pub fn set(&self, moment: Moment, value: u64) {
        self.words[moment as usize].store(value, Ordering::Release);
    }

    /// What was noted; none if nothing was.
    pub fn get(&self, moment: Moment) -> Option<u64> {
        Some(self.words[moment as usize].load(Ordering::Acquire)).filter(|value| *value != 0)
    }

    /// Notes, in this order, when it is by both clocks, with nothing between this and the return.
    pub fn note_crash(&self) {
        self.set(Moment::CrashesByClock, nanoseconds(ClockId::Realtime));
        self.note(Moment::Crashes);
    }
}

/// Nanoseconds of the monotonic clock, the same in every process.
pub fn now() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
