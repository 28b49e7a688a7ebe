//! On macOS: the ports of the task and the thread, in a Mach message to the reporter's service.
//!
//! The service is looked up while all is well: in the crash handler the other threads stand still, and one of them may hold a
//! lock that looking up needs. A crash before the reporter has registered it (some ten milliseconds after `init`) is
//! therefore not captured.

use std::time::Duration;

use afterword_channel::mach::ContextClient;
use crash_handler::CrashContext;

use crate::init::Running;

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
