//! Windows: what the system says.
#![expect(unsafe_code, reason = "asking the system about a process is C")]

use windows_sys::Win32::System::Diagnostics::Debug::IsDebuggerPresent;

/// Whether a debugger is attached to this process.
pub(super) fn is_attached(_tid: u32) -> bool {
    // SAFETY: no arguments, cannot fail.
    (unsafe { IsDebuggerPresent() }) != 0
}
