//! A main thread that does not respond, and a watchdog that sees it.

use std::sync::mpsc::{Receiver, channel};

/// Says on standard output whether there is a report, and that it goes on.
pub(crate) fn for_a_while() {
    let (brush, free) = channel();
    let watchdog = std::thread::Builder::new()
        .name("watchdog".to_owned())
        .spawn(move || {
            while !main_thread_sleeps() {
                std::thread::yield_now();
            }
            say(&format!("reported: {}", afterword::report_hang()));
            brush.send(()).expect("the main thread still waits");
        })
        .expect("a thread can be made");
    wait_for_brush(&free);
    say("responds again");
    watchdog.join().expect("it does not panic");
}

/// Not inlined, so that it is on the stack.
#[inline(never)]
fn wait_for_brush(free: &Receiver<()>) {
    free.recv().expect("it is given back");
}

#[expect(clippy::print_stdout, reason = "for the test that started this program")]
fn say(line: &str) {
    println!("{line}");
}

fn main_thread_sleeps() -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{}/stat", std::process::id()));
    stat.is_ok_and(|stat| stat.contains(") S "))
}
