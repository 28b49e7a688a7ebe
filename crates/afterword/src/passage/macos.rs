//! On macOS: the ports of the task and the thread, in a Mach message to the reporter's service.
//!
//! The service is looked up while all is well: in the crash handler the other threads stand still, and one of them may hold a
//! lock that looking up needs. A crash before the reporter has registered it (some ten milliseconds after `init`) is
//! therefore not captured.

#![expect(unsafe_code, reason = "ports are C")]

use std::time::Duration;

use afterword_channel::mach::{ContextClient, HANG};
use crash_handler::CrashContext;
use mach2::port::MACH_PORT_NULL;
use mach2::traps::mach_task_self;

use crate::running::Running;

const PAUSE: Duration = Duration::from_millis(10);
const TRIES: u32 = 1000;

/// The way to the service.
static CLIENT: ContextClient = ContextClient::new();

/// A reporter was started: waits for its service, on a thread that ends with that.
pub(crate) fn let_in(running: &'static Running) {
    let look = move || {
        for _ in 0..TRIES {
            if CLIENT.connect(running.run_id) {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        log::error!("crashes will not be captured: the reporter's service cannot be found");
    };
    let started = std::thread::Builder::new()
        .name("afterword-passage".to_owned())
        .spawn(look);
    if let Err(error) = started {
        log::error!("crashes will not be captured: no thread can be made: {error}");
    }
}

/// Before the reporter is told of a crash or a panic: sends it the ports. Allocates nothing. False where it is of no use to
/// tell it.
pub(crate) fn hand_over(_running: &Running, context: &CrashContext) -> bool {
    CLIENT.send(context).is_ok()
}

/// Before the reporter is told of a hang of a thread, by its port. False where it is of no use to tell it.
pub(crate) fn hand_over_thread(running: &Running, tid: u32) -> bool {
    // SAFETY: no arguments, cannot fail.
    let task = unsafe { mach_task_self() };
    let context = CrashContext {
        task,
        thread: tid,
        handler_thread: MACH_PORT_NULL,
        exception: Some(HANG),
    };
    hand_over(running, &context)
}
