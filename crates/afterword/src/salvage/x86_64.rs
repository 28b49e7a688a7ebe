//! The registers of x86-64.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use crash_handler::CrashContext;

const RSP: usize = libc::REG_RSP as usize;
/// General registers, by their places in `gregs`: R8 to R15, RDI, RSI, RBP, RBX, RDX, RAX, RCX.
const GENERAL: std::ops::RangeInclusive<usize> = 0..=14;
/// What is an address or no data at all: RSP, RIP, flags, segments, the number of the trap and its error.
const PLAIN: std::ops::RangeInclusive<usize> = 15..=20;

pub(super) fn stack_pointer(context: &CrashContext) -> Option<u64> {
    Some(context.context.uc_mcontext.gregs[RSP] as u64)
}

/// The bytes of `si_addr` lie over `ssi_uid` and `ssi_fd`; only signals that the kernel sent have one.
pub(super) fn fault_address(context: &CrashContext) -> Option<u64> {
    let info = &context.siginfo;
    (info.ssi_code > 0).then_some(u64::from(info.ssi_uid) | u64::from(info.ssi_fd as u32) << 32)
}

struct Clean(UnsafeCell<MaybeUninit<CrashContext>>);

// SAFETY: only the one thread that crashed first uses it.
unsafe impl Sync for Clean {}

/// Too large for the stack of a signal.
static CLEAN: Clean = Clean(UnsafeCell::new(MaybeUninit::zeroed()));

/// A context with nothing in it but general registers that were let through, the signal and the thread. No vector registers:
/// they hold text as often as not.
pub(super) fn sanitised(context: &CrashContext, let_through: impl Fn(u64) -> u64) -> Option<&'static CrashContext> {
    // SAFETY: the handler lets one thread in, once; a context of zeroes is valid, for it is made of numbers and null pointers.
    let clean = unsafe { (*CLEAN.0.get()).assume_init_mut() };
    let (from, to) = (&context.context.uc_mcontext.gregs, &mut clean.context.uc_mcontext.gregs);
    for index in GENERAL {
        to[index] = let_through(from[index] as u64) as i64;
    }
    for index in PLAIN {
        to[index] = from[index];
    }
    super::copy_signal(context, clean);
    Some(clean)
}
