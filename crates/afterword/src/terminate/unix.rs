//! Signals that tell the app to end: a logout, `kill`, Ctrl-C. They are noted, and do what they would have done.
#![expect(unsafe_code, reason = "signal handlers are C")]

use std::mem::{MaybeUninit, zeroed};
use std::ptr;

use libc::c_int;

const SIGNALS: [c_int; 3] = [libc::SIGTERM, libc::SIGHUP, libc::SIGINT];

/// Notes those signals that would end the app. Where the app has a handler of its own, or ignores one, it stays as it is.
pub(crate) fn install() {
    for signal in SIGNALS {
        // SAFETY: both structures are initialised by the call or by zeroes; the handler is async-signal-safe.
        unsafe {
            let mut now = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
            if libc::sigaction(signal, ptr::null(), &raw mut now) != 0 || now.sa_sigaction != libc::SIG_DFL {
                continue;
            }
            let mut ours: libc::sigaction = zeroed();
            libc::sigemptyset(&raw mut ours.sa_mask);
            ours.sa_sigaction = on_signal as *const () as usize;
            ours.sa_flags = libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigaction(signal, &raw const ours, ptr::null_mut());
        }
    }
}

/// Notes the signal, and lets it do what it does by default. A handler that the app put in our place later may call this one
/// in its turn: then the app is its own master, and may live on.
extern "C" fn on_signal(signal: c_int) {
    super::note();
    // SAFETY: as above; raise is async-signal-safe, and the signal comes once this handler has returned.
    unsafe {
        let mut now = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        if libc::sigaction(signal, ptr::null(), &raw mut now) == 0
            && now.sa_sigaction == on_signal as *const () as usize
        {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
}
