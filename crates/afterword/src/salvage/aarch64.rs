//! The registers of arm64.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use crash_handler::CrashContext;

pub(super) fn stack_pointer(context: &CrashContext) -> Option<u64> {
    Some(context.context.uc_mcontext.sp)
}

pub(super) fn fault_address(context: &CrashContext) -> Option<u64> {
    (context.siginfo.ssi_code > 0).then_some(context.context.uc_mcontext.fault_address)
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
    let (from, to) = (&context.context.uc_mcontext, &mut clean.context.uc_mcontext);
    for (from, to) in from.regs.iter().zip(&mut to.regs) {
        *to = let_through(*from);
    }
    to.fault_address = from.fault_address;
    to.sp = from.sp;
    to.pc = from.pc;
    to.pstate = from.pstate;
    super::copy_signal(context, clean);
    Some(clean)
}
