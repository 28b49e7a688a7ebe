//! The bytes of a run file, version 1.
//!
//! All numbers are little-endian. A file is exactly [`FILE_BYTES`] long; its blocks are allocated when it is made.
//!
//! ```text
//! offset   size  what
//!      0      8  magic, "AFTRWORD"
//!      8      4  version (u32): 1
//!     12      4  length of the file in bytes (u32)
//!     16     16  run id (UUID, as its 16 bytes)
//!     32     36  boot id of the kernel, as text (/proc/sys/kernel/random/boot_id)
//!     68      4  process id of the app (u32)
//!     72     64  host name, UTF-8, filled with NUL
//!    136      8  start of the run, milliseconds since 1970-01-01 UTC (u64)
//!
//!    256      4  app state (u32): 0 starting, 1 running, 2 clean exit, 3 in the crash handler
//!    260      4  panic verdict (u32): 0 none, 1 undecided, 2 a crash, 3 not a crash
//!    264      4  process id of the reporter (u32), 0 while there is none
//!    268      4  crash slot (u32): 0 empty, 1 being written, 2 full
//!    272      4  panic slot (u32): the same
//!    276      4  the reporter's last answer about a crash (u32): request × 4 + status
//!    280      4  the reporter's last answer about a panic (u32): the same
//!
//!    512     16  scope, copy A: sequence (u64), length (u32), CRC-32 of the bytes (u32)
//!    528     16  scope, copy B: the same
//!
//!   1024     16  panic note: thread id (u32), length (u32), CRC-32 (u32), seconds of the boot clock (u32)
//!   1040   3056  panic note: UTF-8 text "<thread name>\n<file>:<line>:<column>\n<message>", cut if longer
//!
//!   4096      8  crash context: thread id (u32), length (u32)
//!   4104   8184  crash context: the bytes of crash_context::CrashContext of the app's architecture
//!
//!  12288  65536  scope, copy A: JSON of a partial Sentry event (tags, user, contexts, extra, fingerprint, …)
//!  77824  65536  scope, copy B
//!
//! 143360 114688  112 breadcrumbs of 1,024 bytes, used as a ring:
//!                sequence (u64, 0: empty), length (u32), CRC-32 (u32), JSON of a Sentry breadcrumb (1,008 bytes)
//! 258048   8192  context of a panic, laid out as that of a crash at 4096
//! ```
//!
//! A copy of the scope counts if its checksum is right; of two that count, the one with the higher sequence. A breadcrumb
//! counts if its checksum is right; they are ordered by their sequence.

/// "AFTRWORD".
pub const MAGIC: [u8; 8] = *b"AFTRWORD";
/// The version that this crate writes, and the only one that it reads.
pub const VERSION: u32 = 1;
/// Length of the whole file in bytes.
pub const FILE_BYTES: usize = 266_240;

pub(crate) const AT_VERSION: usize = 8;
pub(crate) const AT_LENGTH: usize = 12;
pub(crate) const AT_RUN_ID: usize = 16;
pub(crate) const AT_BOOT_ID: usize = 32;
pub(crate) const BOOT_ID_BYTES: usize = 36;
pub(crate) const AT_APP_PID: usize = 68;
pub(crate) const AT_HOST: usize = 72;
pub(crate) const HOST_BYTES: usize = 64;
/// What a context is of: a crash and a panic have a slot and an answer each, so that a crash on one thread and a panic on
/// another are not in each other's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// A signal.
    Crash,
    /// A panic whose verdict is open.
    Panic,
}

impl Occasion {
    pub(crate) fn slot(self) -> usize {
        match self {
            Occasion::Crash => AT_CRASH_SLOT,
            Occasion::Panic => AT_PANIC_SLOT,
        }
    }

    pub(crate) fn context(self) -> usize {
        match self {
            Occasion::Crash => AT_CRASH_CONTEXT,
            Occasion::Panic => AT_PANIC_CONTEXT,
        }
    }

    pub(crate) fn answer(self) -> usize {
        match self {
            Occasion::Crash => AT_CRASH_ANSWER,
            Occasion::Panic => AT_PANIC_ANSWER,
        }
    }
}

pub(crate) const AT_STARTED_MS: usize = 136;

pub(crate) const AT_APP_STATE: usize = 256;
pub(crate) const AT_PANIC_VERDICT: usize = 260;
pub(crate) const AT_REPORTER_PID: usize = 264;
pub(crate) const AT_CRASH_SLOT: usize = 268;
pub(crate) const AT_PANIC_SLOT: usize = 272;
pub(crate) const AT_CRASH_ANSWER: usize = 276;
pub(crate) const AT_PANIC_ANSWER: usize = 280;

pub(crate) const AT_SCOPE_HEADER: [usize; 2] = [512, 528];
pub(crate) const AT_SCOPE: [usize; 2] = [12_288, 77_824];
/// The longest scope, in bytes of JSON.
pub const SCOPE_BYTES: usize = 65_536;

pub(crate) const AT_PANIC_NOTE: usize = 1024;
pub(crate) const AT_PANIC_TEXT: usize = 1040;
pub(crate) const PANIC_TEXT_BYTES: usize = 3056;

pub(crate) const AT_CRASH_CONTEXT: usize = 4096;
pub(crate) const AT_PANIC_CONTEXT: usize = 258_048;
pub(crate) const CONTEXT_HEADER_BYTES: usize = 8;
pub(crate) const CONTEXT_BYTES: usize = 8184;

pub(crate) const AT_BREADCRUMBS: usize = 143_360;
pub(crate) const BREADCRUMB_SLOT_BYTES: usize = 1024;
pub(crate) const BREADCRUMB_HEADER_BYTES: usize = 16;
/// How many breadcrumbs the ring holds.
pub const BREADCRUMB_SLOTS: usize = 112;
/// The longest breadcrumb, in bytes of JSON.
pub const BREADCRUMB_BYTES: usize = BREADCRUMB_SLOT_BYTES - BREADCRUMB_HEADER_BYTES;

const _: () = {
    assert!(AT_SCOPE[1] == AT_SCOPE[0] + SCOPE_BYTES);
    assert!(AT_BREADCRUMBS == AT_SCOPE[1] + SCOPE_BYTES);
    assert!(AT_BREADCRUMBS + BREADCRUMB_SLOTS * BREADCRUMB_SLOT_BYTES == AT_PANIC_CONTEXT);
    assert!(AT_CRASH_CONTEXT + CONTEXT_HEADER_BYTES + CONTEXT_BYTES == AT_SCOPE[0]);
    assert!(AT_PANIC_CONTEXT + CONTEXT_HEADER_BYTES + CONTEXT_BYTES == FILE_BYTES);
    assert!(AT_PANIC_TEXT + PANIC_TEXT_BYTES == AT_CRASH_CONTEXT);
    assert!(size_of::<crash_context::CrashContext>() <= CONTEXT_BYTES);
};
