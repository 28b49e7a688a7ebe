//! Signals: those of an instruction that fails, those that are sent, and an app's own handlers.
#![expect(unsafe_code, reason = "signals are C, and some instructions cannot be had otherwise")]

use std::hint::black_box;

#[inline(never)]
pub(crate) fn give_up() {
    std::process::abort();
}

#[inline(never)]
pub(crate) fn divide(by: u32) {
    // SAFETY: none: this is the crash.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("div {:e}", in(reg) by, inout("eax") 1 => _, inout("edx") 0 => _);
        // Elsewhere a division by zero is no fault.
        #[cfg(not(target_arch = "x86_64"))]
        libc::raise(libc::SIGFPE);
    }
    black_box(by);
}

/// A handler of the app's own, as it was before ours: waits a while, then ends the program.
pub(crate) fn die_slowly() {
    extern "C" fn handler(signal: libc::c_int) {
        // SAFETY: each of them may be called in a signal handler.
        unsafe {
            libc::poll(std::ptr::null_mut(), 0, 500);
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
    // SAFETY: the handler calls only what a handler may call.
    unsafe {
        libc::signal(libc::SIGSEGV, handler as *const () as libc::sighandler_t);
    }
}
