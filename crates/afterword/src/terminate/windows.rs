//! Console events: Ctrl-C, a closed console, a logout or shutdown that the system tells console programs of. They are noted,
//! and do what they would have done. A program with windows hears of a logout by a message to its windows, which is its own.
#![expect(unsafe_code, reason = "console handlers are C")]

use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;

/// Notes those events.
pub(crate) fn install() {
    // SAFETY: the function lives as long as the program; the system calls it on a thread of its own.
    if unsafe { SetConsoleCtrlHandler(Some(on_event), 1) } == 0 {
        log::debug!("console events will not be noted: {}", std::io::Error::last_os_error());
    }
}

/// Says that it has not handled the event: the app's own handlers, and at last the system's, are next.
unsafe extern "system" fn on_event(_event: u32) -> i32 {
    super::note();
    0
}
