//! Other processes: children, and the reporter.
#![expect(unsafe_code, reason = "fork and kill are C")]

use std::os::unix::process::CommandExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::memory;

pub(crate) fn fork_and_crash() {
    // SAFETY: the child only crashes; the parent only waits for it.
    unsafe {
        match libc::fork() {
            0 => memory::fill_pixel(std::ptr::null_mut()),
            child => {
                let mut status = 0;
                libc::waitpid(child, &raw mut status, 0);
                assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV);
            }
        }
    }
}

pub(crate) fn terminate_itself() {
    // SAFETY: no pointers.
    unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
    loop {
        std::thread::park();
    }
}

/// As signal libraries do: the handler that was there before is called from the new one.
pub(crate) fn terminate_with_a_handler() {
    static BEFORE: AtomicUsize = AtomicUsize::new(0);
    static CALLED: AtomicBool = AtomicBool::new(false);
    extern "C" fn on_signal(signal: libc::c_int) {
        let before = BEFORE.load(Ordering::SeqCst);
        if before != libc::SIG_DFL {
            // SAFETY: it was installed as a handler of this form.
            let before: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(before) };
            before(signal);
        }
        CALLED.store(true, Ordering::SeqCst);
    }
    // SAFETY: the handler calls only what a handler may call.
    unsafe {
        let before = libc::signal(libc::SIGTERM, on_signal as *const () as libc::sighandler_t);
        BEFORE.store(before, Ordering::SeqCst);
        libc::raise(libc::SIGTERM);
    }
    assert!(CALLED.load(Ordering::SeqCst));
    std::process::exit(3);
}

pub(crate) fn become_another() {
    let error = std::process::Command::new("sleep").arg("0.3").exec();
    panic!("sleep cannot be run: {error}");
}
