//! The crash handler: what runs in the process that is dying.
#![expect(unsafe_code, reason = "signal handlers, exit handlers and prctl are C")]

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};

use afterword_channel::layout::Occasion;
use afterword_channel::{CaptureStatus, Message, RunState};
use crash_handler::{CrashContext, CrashEventResult, CrashHandler, make_crash_event};

use crate::init::Running;

/// Whether a thread of this process has crashed.
static CRASHED: AtomicBool = AtomicBool::new(false);
const OTHERS_WAIT_MS: i32 = 2_000;

/// Installs the handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP and SIGABRT, and the mark of a clean exit. They stay
/// until the process is gone: destructors crash too.
pub(crate) fn install(running: &'static Running) {
    // SAFETY: `on_crash` allocates nothing, takes no lock of ours and makes only async-signal-safe system calls.
    let event = unsafe { make_crash_event(move |context| on_crash(running, context)) };
    match CrashHandler::attach(event) {
        Ok(handler) => {
            handler.set_ptracer(Some(running.run.reporter_pid()));
            let _stays_for_ever = ManuallyDrop::new(handler);
        }
        Err(error) => log::error!("crashes will not be captured, the handler cannot be installed: {error}"),
    }
    allow_ptrace(running);
    // SAFETY: the function is extern "C" and lives as long as the program.
    if unsafe { libc::atexit(at_exit) } != 0 {
        log::warn!("an exit without the guard will look abnormal: no exit handler can be added");
    }
}

/// Runs on the crashed thread, on its signal stack of 16 KiB. It adds the crash context to what is in the run file already,
/// wakes the reporter, and waits until the report is kept, for no longer than the deadline. It returns false in any case, so
/// that the signal goes to whoever had it before us and the app dies as it would have without us.
///
/// Of several threads that crash at once the first is the crash; the others wait here for the end that it brings.
fn on_crash(running: &Running, context: &CrashContext) -> CrashEventResult {
    // A forked child has our handlers, but its crash is not the app's.
    // SAFETY: getpid is async-signal-safe.
    if running.run.pid() != unsafe { libc::getpid() } as u32 {
        return CrashEventResult::Handled(false);
    }
    if CRASHED.swap(true, Ordering::SeqCst) {
        // Bounded: where a handler of the app jumps out of the first crash, this one goes its own way after a while.
        // SAFETY: no pointers but null; poll is async-signal-safe.
        unsafe { libc::poll(std::ptr::null_mut(), 0, OTHERS_WAIT_MS) };
        return CrashEventResult::Handled(false);
    }
    running.run.set_state(RunState::Crashing);
    running.run.write_context(Occasion::Crash, context);
    let request = running.next_request();
    if running.channel.send(&Message::Crash { request }).is_ok() {
        let answer = running
            .channel
            .wait_captured(&running.run, Occasion::Crash, request, running.deadline);
        if answer == Some(CaptureStatus::Kept) {
            // The registers are in the report now, and should be nowhere else.
            running.run.clear_context(Occasion::Crash);
        }
    }
    CrashEventResult::Handled(false)
}

/// Where Yama restricts ptrace to descendants: lets the reporter in for dumps outside the crash handler, too.
fn allow_ptrace(running: &Running) {
    // SAFETY: plain numbers; where Yama is not there this fails with EINVAL and changes nothing.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, u64::from(running.run.reporter_pid()), 0, 0, 0) };
}

/// `exit` was called: by `main` returning, or by the app without dropping its guard. Nothing more is done here: the values
/// of this thread that the SDK uses are gone by now.
extern "C" fn at_exit() {
    if let Some(running) = Running::of_this_process()
        && running.run.state() == RunState::Running
    {
        running.run.set_state(RunState::CleanExit);
    }
}
