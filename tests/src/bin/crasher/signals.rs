//! Signals: those of an instruction that fails, those that are sent, and an app's own handlers.
#![expect(unsafe_code, reason = "signals are C, and some instructions cannot be had otherwise")]

use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::memory;

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

#[inline(never)]
pub(crate) fn no_instruction() {
    // SAFETY: none: this is the crash.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("ud2");
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("udf #0");
    }
}

#[inline(never)]
pub(crate) fn trap() {
    // SAFETY: none: this is the crash.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("int3");
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("brk #0");
    }
}

/// Without the handler that Rust's standard library has for stack overflows: it takes a SIGSEGV that another process sent
/// for a fault, puts the default action in place and waits for the fault to come again, which it never does. Programs in
/// other languages have no such handler.
pub(crate) fn be_like_c() {
    // SAFETY: the default action is one.
    unsafe { libc::signal(libc::SIGSEGV, libc::SIG_DFL) };
}

/// Has another process send a SIGSEGV to this one, and waits for it. It is sent when told: while a process is started its
/// signals are blocked, and another thread would get it.
#[inline(never)]
pub(crate) fn be_sent() {
    let mut shell = Command::new("sh")
        .args(["-c", "read now; kill -SEGV $PPID"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    drop(shell.stdin.take());
    shell.wait().expect("it ends");
    loop {
        std::thread::park();
    }
}

/// Crashes in a handler of the app's.
#[inline(never)]
pub(crate) fn in_handler() {
    #[inline(never)]
    extern "C" fn on_user_signal(signal: c_int) {
        memory::fill_pixel(std::ptr::null_mut());
        black_box(signal);
    }
    // SAFETY: the handler is one; what it does is the crash.
    unsafe {
        libc::signal(libc::SIGUSR1, on_user_signal as *const () as libc::sighandler_t);
        black_box(libc::raise(libc::SIGUSR1));
    }
}

/// A handler that the app has had before Afterword: saves what can be saved, and lets the signal end the program.
pub(crate) fn save_first() {
    extern "C" fn on_crash(signal: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
        say("the drawing is saved\n");
        // SAFETY: may be called in a signal handler. The instruction is tried again, and ends the program.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    handle_crashes(on_crash);
}

/// A handler that the app installs after Afterword, and that calls who was there before, as it should.
pub(crate) fn save_before_others() {
    static BEFORE: OnceLock<usize> = OnceLock::new();
    extern "C" fn on_crash(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        say("the drawing is saved\n");
        let before = BEFORE.get().copied().unwrap_or_default();
        // SAFETY: what was installed was a handler with three arguments.
        let before = unsafe { std::mem::transmute::<*const (), Handler>(std::ptr::with_exposed_provenance(before)) };
        before(signal, info, context);
    }
    let before = handle_crashes(on_crash);
    BEFORE.set(before.sa_sigaction).expect("it is set once");
    assert_ne!(before.sa_flags & libc::SA_SIGINFO, 0);
}

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

fn handle_crashes(handler: Handler) -> libc::sigaction {
    // SAFETY: zeroes are a valid action, and the handler is one.
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        assert_eq!(libc::sigaction(libc::SIGSEGV, &raw const action, &raw mut before), 0);
        before
    }
}

/// For handlers: without the standard library's lock and buffer.
fn say(words: &str) {
    // SAFETY: the bytes are there; write may be called in a signal handler.
    unsafe { libc::write(libc::STDOUT_FILENO, words.as_ptr().cast(), words.len()) };
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
