//! macOS: ports. The thread stands in the kernel while the reporter looks at it.
#![expect(unsafe_code, reason = "ports are C")]

use afterword_channel::mach::PANIC;
use crash_handler::CrashContext;
use mach2::mach_init::mach_thread_self;
use mach2::mach_port::mach_port_deallocate;
use mach2::port::MACH_PORT_NULL;
use mach2::traps::mach_task_self;

/// This process' name for the port of this thread, which is the one in a crash context.
pub(crate) fn number() -> u32 {
    // SAFETY: mach_thread_self adds a reference, which is given back; the name stays while the thread lives.
    unsafe {
        let thread = mach_thread_self();
        mach_port_deallocate(mach_task_self(), thread);
        thread
    }
}

/// This thread as it stands, for as long as `work` takes.
pub(crate) fn with_context(work: impl FnOnce(&CrashContext)) {
    // SAFETY: as above; the reference is kept while the context is used.
    let thread = unsafe { mach_thread_self() };
    work(&CrashContext {
        // SAFETY: no arguments, cannot fail.
        task: unsafe { mach_task_self() },
        thread,
        handler_thread: MACH_PORT_NULL,
        exception: Some(PANIC),
    });
    // SAFETY: the reference taken above.
    unsafe { mach_port_deallocate(mach_task_self(), thread) };
}
