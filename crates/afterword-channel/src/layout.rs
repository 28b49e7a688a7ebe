//! The bytes of a run file, version 2, and of the private memory that goes with it.
//!
//! All numbers are little-endian. A run file is exactly [`FILE_BYTES`] long; its blocks are allocated when it is made. It lies
//! on a disk: what is in it is what a report would hold, never a raw register or the bytes of a stack.
//!
//! ```text
//! offset   size  what
//!      0      8  magic, "AFTRWORD"
//!      8      4  version (u32): 2
//!     12      4  length of the file in bytes (u32)
//!     16     16  run id (UUID, as its 16 bytes)
//!     32     36  boot id, as text (on Linux that of /proc/sys/kernel/random/boot_id)
//!     68      4  process id of the app (u32)
//!     72     64  host name, UTF-8, filled with NUL
//!    136      8  start of the run, milliseconds since 1970-01-01 UTC (u64)
//!    144      8  time of the salvage, the same (u64)
//!
//!    256      4  app state (u32): 0 starting, 1 running, 2 clean exit, 3 in the crash handler, 4 told to end by a signal
//!    260      4  panic verdict (u32): 0 none, 1 undecided, 2 a crash, 3 not a crash
//!    264      4  process id of the reporter (u32), 0 while there is none
//!    268      4  salvage slot (u32): 0 empty, 1 being written, 2 full
//!    276      4  the reporter's last answer about a crash (u32): request × 4 + status
//!    280      4  the reporter's last answer about a panic (u32): the same
//!    284      4  the reporter's last answer about a hang (u32): the same
//!    288      4  errors that the app has captured (u32)
//!    292      4  outbox (u32): 1 while the reporter has been told that there is something new in it, and has not looked
//!    296      4  the last flush that the reporter has answered (u32): its request
//!    300      4  how it ended (u32): [`crate::FlushState`]
//!
//!    512     16  scope, copy A: sequence (u64), length (u32), CRC-32 of the bytes (u32)
//!    528     16  scope, copy B: the same
//!
//!   1024     16  panic note: thread id (u32), length (u32), CRC-32 (u32), seconds of the boot clock (u32)
//!   1040   3056  panic note: UTF-8 text "<thread name>\n<file>:<line>:<column>\n<message>", cut if longer
//!
//!   4096      8  salvaged context: thread id (u32), length (u32)
//!   4104   8184  salvaged context: [`crate::context::SharedContext`] of the app's system, its registers sanitised
//!
//!  12288  65536  scope, copy A: JSON of a partial Sentry event (tags, user, contexts, extra, fingerprint, …)
//!  77824  65536  scope, copy B
//!
//! 143360 114688  112 breadcrumbs of 1,024 bytes, used as a ring:
//!                sequence (u64, 0: empty), length (u32), CRC-32 (u32), JSON of a Sentry breadcrumb (1,008 bytes)
//!
//! 258048     16  salvaged stack: address of its first byte (u64), length (u32), CRC-32 (u32)
//! 258064  32752  salvaged stack: its bytes, sanitised
//! 290816      8  salvaged modules: length (u32), CRC-32 (u32)
//! 290824  65528  salvaged modules: a line each, see [`crate::maps::Module`]
//! 356352      8  identity: length (u32), CRC-32 (u32)
//! 356360  16376  identity: JSON of [`crate::Identity`]
//! ```
//!
//! A copy of the scope counts if its checksum is right; of two that count, the one with the higher sequence. A breadcrumb
//! counts if its checksum is right; they are ordered by their sequence.
//!
//! The private memory has no name in a file system and is gone with the last process that holds it. What it holds must not
//! lie on a disk:
//!
//! ```text
//! offset   size  what
//!      0      8  context of a crash: thread id (u32), length (u32)
//!      8   8184  context of a crash: the bytes of [`crate::context::SharedContext`], raw
//!   8192   8192  context of a panic, the same
//!  16384      4  crash slot (u32): 0 empty, 1 being written, 2 full
//!  16388      4  panic slot (u32): the same
//!  16392      4  request that a rescuer answers (u32)
//!  16396      4  length of the Hello (u32)
//!  16400 106480  Hello: JSON of [`crate::Hello`]
//! 122880      4  slot of the documents (u32): 0 empty, 1 being written, 2 full
//! 122884      4  their length (u32)
//! 122888   4088  names of the documents that are open: JSON, a list of texts
//! 126976   4096  where the salvage copies memory to look at it
//! ```

/// "AFTRWORD".
pub const MAGIC: [u8; 8] = *b"AFTRWORD";
/// The version that this crate writes, and the only one that it reads.
pub const VERSION: u32 = 2;
/// Length of the whole file in bytes.
pub const FILE_BYTES: usize = 372_736;
/// Length of the private memory in bytes.
pub const PRIVATE_BYTES: usize = 131_072;

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
            Occasion::Crash => PRIVATE_CRASH_SLOT,
            Occasion::Panic => PRIVATE_PANIC_SLOT,
        }
    }

    pub(crate) fn context(self) -> usize {
        match self {
            Occasion::Crash => PRIVATE_CRASH_CONTEXT,
            Occasion::Panic => PRIVATE_PANIC_CONTEXT,
        }
    }
}

/// What an answer of the reporter is about, each with a word of its own in the run file: threads that wait for different answers may take
/// them off the channel for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Of a dump that has a context.
    Dump(Occasion),
    /// Of a hang, which has none.
    Hang,
}

impl From<Occasion> for About {
    fn from(occasion: Occasion) -> About {
        About::Dump(occasion)
    }
}

impl About {
    pub(crate) fn answer(self) -> usize {
        match self {
            About::Dump(Occasion::Crash) => AT_CRASH_ANSWER,
            About::Dump(Occasion::Panic) => AT_PANIC_ANSWER,
            About::Hang => AT_HANG_ANSWER,
        }
    }
}

pub(crate) const AT_STARTED_MS: usize = 136;
pub(crate) const AT_SALVAGED_MS: usize = 144;

pub(crate) const AT_APP_STATE: usize = 256;
pub(crate) const AT_PANIC_VERDICT: usize = 260;
pub(crate) const AT_REPORTER_PID: usize = 264;
pub(crate) const AT_SALVAGE_SLOT: usize = 268;
pub(crate) const AT_CRASH_ANSWER: usize = 276;
pub(crate) const AT_PANIC_ANSWER: usize = 280;
pub(crate) const AT_HANG_ANSWER: usize = 284;
pub(crate) const AT_ERRORS: usize = 288;
pub(crate) const AT_OUTBOX: usize = 292;
pub(crate) const AT_FLUSHED_REQUEST: usize = 296;
pub(crate) const AT_FLUSHED_STATE: usize = 300;

pub(crate) const AT_SCOPE_HEADER: [usize; 2] = [512, 528];
pub(crate) const AT_SCOPE: [usize; 2] = [12_288, 77_824];
/// The longest scope, in bytes of JSON.
pub const SCOPE_BYTES: usize = 65_536;

pub(crate) const AT_PANIC_NOTE: usize = 1024;
pub(crate) const AT_PANIC_TEXT: usize = 1040;
pub(crate) const PANIC_TEXT_BYTES: usize = 3056;

pub(crate) const AT_SALVAGED_CONTEXT: usize = 4096;
pub(crate) const CONTEXT_HEADER_BYTES: usize = 8;
pub(crate) const CONTEXT_BYTES: usize = 8184;

pub(crate) const AT_BREADCRUMBS: usize = 143_360;
pub(crate) const BREADCRUMB_SLOT_BYTES: usize = 1024;
pub(crate) const BREADCRUMB_HEADER_BYTES: usize = 16;
/// How many breadcrumbs the ring holds.
pub const BREADCRUMB_SLOTS: usize = 112;
/// The longest breadcrumb, in bytes of JSON.
pub const BREADCRUMB_BYTES: usize = BREADCRUMB_SLOT_BYTES - BREADCRUMB_HEADER_BYTES;

pub(crate) const AT_SALVAGED_STACK: usize = 258_048;
pub(crate) const SALVAGED_STACK_HEADER_BYTES: usize = 16;
/// The longest salvaged stack, in bytes: its top, which is what the innermost frames need.
pub const SALVAGED_STACK_BYTES: usize = 32_752;
pub(crate) const AT_SALVAGED_MODULES: usize = 290_816;
/// The longest list of salvaged modules, in bytes.
pub const SALVAGED_MODULES_BYTES: usize = 65_528;
pub(crate) const AT_IDENTITY: usize = 356_352;
/// The longest identity, in bytes of JSON.
pub const IDENTITY_BYTES: usize = 16_376;

pub(crate) const PRIVATE_CRASH_CONTEXT: usize = 0;
pub(crate) const PRIVATE_PANIC_CONTEXT: usize = 8192;
pub(crate) const PRIVATE_CRASH_SLOT: usize = 16_384;
pub(crate) const PRIVATE_PANIC_SLOT: usize = 16_388;
pub(crate) const PRIVATE_RESCUE_REQUEST: usize = 16_392;
pub(crate) const PRIVATE_HELLO_LENGTH: usize = 16_396;
pub(crate) const PRIVATE_HELLO: usize = 16_400;
/// The longest Hello, in bytes of JSON.
pub const HELLO_BYTES: usize = 106_480;
pub(crate) const PRIVATE_DOCUMENTS: usize = 122_880;
/// The longest list of documents, in bytes of JSON.
pub const DOCUMENTS_BYTES: usize = 4088;
pub(crate) const PRIVATE_COPY: usize = 126_976;
/// How much memory is looked at in one piece.
pub const COPY_BYTES: usize = 4096;

const _: () = {
    assert!(AT_SALVAGED_CONTEXT + CONTEXT_HEADER_BYTES + CONTEXT_BYTES == AT_SCOPE[0]);
    assert!(AT_SCOPE[1] == AT_SCOPE[0] + SCOPE_BYTES);
    assert!(AT_BREADCRUMBS == AT_SCOPE[1] + SCOPE_BYTES);
    assert!(AT_BREADCRUMBS + BREADCRUMB_SLOTS * BREADCRUMB_SLOT_BYTES == AT_SALVAGED_STACK);
    assert!(AT_SALVAGED_STACK + SALVAGED_STACK_HEADER_BYTES + SALVAGED_STACK_BYTES == AT_SALVAGED_MODULES);
    assert!(AT_SALVAGED_MODULES + 8 + SALVAGED_MODULES_BYTES == AT_IDENTITY);
    assert!(AT_IDENTITY + 8 + IDENTITY_BYTES == FILE_BYTES);
    assert!(AT_PANIC_TEXT + PANIC_TEXT_BYTES == AT_SALVAGED_CONTEXT);
    assert!(PRIVATE_PANIC_CONTEXT == CONTEXT_HEADER_BYTES + CONTEXT_BYTES);
    assert!(PRIVATE_PANIC_CONTEXT + CONTEXT_HEADER_BYTES + CONTEXT_BYTES == PRIVATE_CRASH_SLOT);
    assert!(PRIVATE_HELLO + HELLO_BYTES == PRIVATE_DOCUMENTS);
    assert!(PRIVATE_DOCUMENTS + 8 + DOCUMENTS_BYTES == PRIVATE_COPY);
    assert!(PRIVATE_COPY + COPY_BYTES == PRIVATE_BYTES);
};
