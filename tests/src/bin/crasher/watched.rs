//! A main thread that is watched, and does what it is told: `watch MS`, `busy`, `idle`, `work MS`, one to a line.
//!
//! It waits for each order as an event loop waits for events. Who tells it to be busy and gives no other order has it hang.

use std::io::BufRead as _;
use std::time::Duration;

use afterword::{HANG_AFTER, watch_main_thread};

/// Until there are no more orders. Answers each with `done`.
pub(crate) fn by_orders() {
    let mut busy = None;
    while let Some(order) = wait_for_order() {
        let (what, ms) = order.split_once(' ').unwrap_or((&order, "0"));
        let time = Duration::from_millis(ms.parse().expect("a number"));
        // Whichever bound is given here, that of the first order holds.
        let watch = || watch_main_thread(HANG_AFTER);
        match what {
            "watch" => drop(watch_main_thread(time).busy()),
            "busy" => busy = Some(watch().busy()),
            "idle" => busy = None,
            "work" => std::thread::sleep(time),
            _ => panic!("{order} is no order"),
        }
        done();
    }
    drop(busy);
}

/// Not inlined, so that it is on the stack.
#[inline(never)]
fn wait_for_order() -> Option<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).expect("it can be read");
    (!line.is_empty()).then(|| line.trim().to_owned())
}

#[expect(clippy::print_stdout, reason = "for the test that started this program")]
fn done() {
    println!("done");
}
