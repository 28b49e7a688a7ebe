//! A main thread that does not respond, and a watchdog that sees it.

use std::sync::mpsc::{Receiver, channel};

use crate::memory;

/// Says on standard output whether there is a report, and that it goes on.
pub(crate) fn for_a_while() {
    let (brush, free) = channel();
    let watchdog = std::thread::Builder::new()
        .name("watchdog".to_owned())
        .spawn(move || {
            while !main_thread_is(" S ") {
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

/// Reports it again and again, on the main thread itself: says how often there was a report.
pub(crate) fn again_and_again() {
    let reported = (0..12).filter(|_| afterword::report_hang()).count();
    say(&format!("reported: {reported}"));
}

/// While the threads of a hang are being dumped, one of them crashes that is not held yet.
pub(crate) fn and_crash() {
    // So many that it takes a while; the one that crashes is the last in the list.
    for _ in 0..200 {
        std::thread::spawn(|| {
            loop {
                std::thread::park();
            }
        });
    }
    let watchdog = std::thread::spawn(afterword::report_hang);
    let crashing = std::thread::spawn(move || {
        while !main_thread_is(" t ") && !watchdog.is_finished() {}
        memory::fill_pixel(std::ptr::null_mut());
    });
    crashing.join().expect("it does not panic");
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

fn main_thread_is(state: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{}/stat", std::process::id()));
    stat.is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(state)))
}
