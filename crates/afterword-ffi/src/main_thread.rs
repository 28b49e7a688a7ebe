//! The watch over the main thread: when it is busy with one thing for too long, that is reported.
#![expect(unsafe_code, reason = "the name of a function for C is no other's")]

use std::cell::RefCell;
use std::time::Duration;

use afterword::{Busy, HANG_AFTER, MainThreadWatch, Paused, watch_main_thread};

use crate::life::must_be_on;
use crate::outcome::{AfterwordResult, Failure, outcome};

/// Who is so deep in marks forgets to end them.
const MAX_MARKS: usize = 1000;

/// The watch, on the thread that is watched, and the marks that it has not ended.
struct Watched {
    watch: MainThreadWatch,
    busy: Vec<Busy>,
    paused: Vec<Paused>,
}

thread_local! {
    static WATCHED: RefCell<Option<Watched>> = const { RefCell::new(None) };
}

/// Watches the main thread from now on: if it is busy with one thing for longer than `after_ms` (at least 100; with 0 it is
/// 5000), the program, which goes on, is reported as hanging. Call it on the thread that called `afterword_init`.
///
/// That thread then marks when it is busy: around the handling of each event with `afterword_busy_begin` and
/// `afterword_busy_end`, or with `afterword_woke` and `afterword_about_to_wait` where an event loop wakes up and falls asleep.
/// Waiting for events is no hang. A mark costs next to nothing.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_watch_main_thread(after_ms: u64) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        let after = match after_ms {
            0 => HANG_AFTER,
            ms => Duration::from_millis(ms),
        };
        let watch = watch_main_thread(after);
        let watched = WATCHED.try_with(|watched| {
            watched.borrow_mut().get_or_insert(Watched {
                watch,
                busy: Vec::new(),
                paused: Vec::new(),
            });
        });
        watched.map_err(|_| Failure::Off)
    })
}

/// Marks that the main thread is busy, until `afterword_busy_end`. Inside of another mark it changes nothing.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_busy_begin() -> AfterwordResult {
    on_watched(|watched| push(&mut watched.busy, watched.watch.busy()))
}

/// Ends the last `afterword_busy_begin`.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_busy_end() -> AfterwordResult {
    on_watched(|watched| pop(&mut watched.busy))
}

/// Marks that the event loop has woken up to handle events.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_woke() -> AfterwordResult {
    on_watched(|watched| {
        watched.watch.woke();
        Ok(())
    })
}

/// Marks that the event loop is about to wait for events.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_about_to_wait() -> AfterwordResult {
    on_watched(|watched| {
        watched.watch.about_to_wait();
        Ok(())
    })
}

/// Marks that what comes takes long and is no hang, until `afterword_pause_end`: a dialog of the system, say.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_pause_begin() -> AfterwordResult {
    on_watched(|watched| push(&mut watched.paused, watched.watch.pause()))
}

/// Ends the last `afterword_pause_begin`.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_pause_end() -> AfterwordResult {
    on_watched(|watched| pop(&mut watched.paused))
}

fn push<T>(marks: &mut Vec<T>, mark: T) -> Result<(), Failure> {
    if marks.len() >= MAX_MARKS {
        return Err(Failure::invalid("too many marks have no end"));
    }
    marks.push(mark);
    Ok(())
}

fn pop<T>(marks: &mut Vec<T>) -> Result<(), Failure> {
    match marks.pop() {
        Some(mark) => {
            drop(mark);
            Ok(())
        }
        None => Err(Failure::invalid("there is nothing to end")),
    }
}

fn on_watched(work: impl FnOnce(&mut Watched) -> Result<(), Failure>) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        let worked = WATCHED.try_with(|watched| match &mut *watched.borrow_mut() {
            Some(watched) => work(watched),
            None => Err(Failure::invalid(
                "afterword_watch_main_thread was not called on this thread",
            )),
        });
        // The thread is ending.
        worked.unwrap_or(Err(Failure::Off))
    })
}
