//! The crash handler: what runs in the process that is dying.
//!
//! Three nets, one after the other, within one deadline: the reporter, which is told and waited for; a rescuer, started from
//! here, where the reporter is gone or silent (`rescue`); and what can be saved without any other process (`salvage`).
#![expect(unsafe_code, reason = "signal handlers and exit handlers are C")]

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use afterword_channel::layout::Occasion;
use afterword_channel::{CaptureStatus, Message, RunState};
use crash_handler::{CrashContext, CrashEventResult, CrashHandler, make_crash_event};

use crate::running::Running;
use crate::{passage, rescue, salvage, this_thread, trap};

/// Whether a thread of this process has crashed.
static CRASHED: AtomicBool = AtomicBool::new(false);
/// Which one, by the system's number.
static CRASHED_THREAD: AtomicU32 = AtomicU32::new(0);
/// Whether its handler is done: what is left is the end of the process.
static DONE: AtomicBool = AtomicBool::new(false);
const OTHERS_WAIT: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(5);

/// Installs the handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP and SIGABRT, and the mark of a clean exit. They stay
/// until the process is gone: destructors crash too.
pub(crate) fn install(running: &'static Running) {
    // SAFETY: `on_crash` allocates nothing, takes no lock of ours and makes only async-signal-safe system calls.
    let event = unsafe {
        make_crash_event(move |context| {
            let result = on_crash(running, context);
            trap::again(context);
            result
        })
    };
    match CrashHandler::attach(event) {
        Ok(handler) => {
            let _stays_for_ever = ManuallyDrop::new(handler);
        }
        Err(error) => log::error!("crashes will not be captured, the handler cannot be installed: {error}"),
    }
    passage::let_in(running);
    // SAFETY: the function is extern "C" and lives as long as the program.
    if unsafe { libc::atexit(at_exit) } != 0 {
        log::warn!("an exit without the guard will look abnormal: no exit handler can be added");
    }
}

/// Runs on the crashed thread, on its signal stack of 16 KiB. It adds the crash context to what is shared already, and has
/// the report kept, for no longer than the deadline. It returns false in any case, so that the signal goes to whoever had it
/// before us and the app dies as it would have without us.
///
/// Of several threads that crash at once the first is the crash; the others wait here for the end that it brings.
fn on_crash(running: &'static Running, context: &CrashContext) -> CrashEventResult {
    // A forked child has our handlers, but its crash is not the app's.
    if running.run.pid() != std::process::id() {
        return CrashEventResult::Handled(false);
    }
    if CRASHED.swap(true, Ordering::SeqCst) {
        // Bounded: where a handler of the app jumps out of the first crash, this one goes its own way after a while.
        std::thread::sleep(OTHERS_WAIT);
        return CrashEventResult::Handled(false);
    }
    CRASHED_THREAD.store(this_thread::number(), Ordering::SeqCst);
    running.run.set_state(RunState::Crashing);
    running.memory.write_context(Occasion::Crash, context);
    let start = Instant::now();
    let shares = Shares::of(running.deadline);
    let first = running.next_request();
    let mut kept = ask_reporter(running, context, first, shares.reporter);
    if kept.is_none() {
        // Gone or silent. (A reporter that answers that it failed has tried all that another one could.)
        kept = rescue::rescue(running, first, start + shares.rescuer);
    }
    if !matches!(kept, Some(CaptureStatus::Kept | CaptureStatus::Unwanted)) {
        salvage::salvage(running, context);
    }
    DONE.store(true, Ordering::SeqCst);
    CrashEventResult::Handled(false)
}

/// The app ends on this thread while another one crashes: without us that crash would have ended the app first, so this thread
/// lets it. Bounded by the deadline, and by what a handler of the app may take that comes after ours.
pub(crate) fn wait_for_another_threads_crash(running: &Running) {
    if !CRASHED.load(Ordering::SeqCst) || CRASHED_THREAD.load(Ordering::SeqCst) == this_thread::number() {
        return;
    }
    let until = Instant::now() + running.deadline + OTHERS_WAIT;
    while Instant::now() < until && !DONE.load(Ordering::SeqCst) {
        std::thread::sleep(LOOK);
    }
    std::thread::sleep(OTHERS_WAIT);
}

/// What of the deadline each net may use, counted from the crash: the salvage takes a few milliseconds.
struct Shares {
    reporter: Duration,
    rescuer: Duration,
}

impl Shares {
    fn of(deadline: Duration) -> Shares {
        Shares {
            reporter: deadline * 5 / 10,
            rescuer: deadline * 9 / 10,
        }
    }
}

/// None when the reporter is gone or silent.
fn ask_reporter(running: &Running, context: &CrashContext, request: u32, wait: Duration) -> Option<CaptureStatus> {
    if !passage::hand_over(running, context) {
        return None;
    }
    running.channel.send(&Message::Crash { request }).ok()?;
    running
        .channel
        .wait_captured(&running.run, Occasion::Crash, request, wait)
}

/// `exit` was called: by `main` returning, or by the app without dropping its guard. Nothing more is done here: the values
/// of this thread that the SDK uses are gone by now.
extern "C" fn at_exit() {
    if let Some(running) = Running::of_this_process() {
        wait_for_another_threads_crash(running);
        running.clean_exit();
    }
}
