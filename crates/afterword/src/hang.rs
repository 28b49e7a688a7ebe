//! A hang: the program lives and does not respond.
//!
//! The main thread marks when it begins to be busy and when it is about to wait for events again ([`marks`]): one store each.
//! A thread of its own looks at these marks ([`watcher`]), a few times within the bound while there is something to look at and
//! not at all while the main thread waits. Whether what it sees is a hang is decided without clock and threads, in [`judge`].
//! Then the reporter is asked for a report ([`report`](mod@report)), unless a debugger is attached ([`debugger`]).

#[cfg_attr(target_os = "linux", path = "hang/debugger/linux.rs")]
#[cfg_attr(target_os = "macos", path = "hang/debugger/macos.rs")]
#[cfg_attr(windows, path = "hang/debugger/windows.rs")]
mod debugger;
mod judge;
mod marks;
mod report;
mod watcher;

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::time::Duration;

use crate::running::Running;
use marks::Marks;

pub use report::report_hang;

/// After so long a main thread is commonly said to hang: see [`watch_main_thread`].
pub const HANG_AFTER: Duration = Duration::from_secs(5);

/// A shorter bound is made this long: what the system's own scheduling takes is no hang.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// One main thread, one watch.
static MARKS: OnceLock<Marks> = OnceLock::new();

/// Watches the main thread from now on: if it is busy with one thing for longer than `after` (see [`HANG_AFTER`]; at least
/// 100 ms, at most a day), the reporter takes a dump of the living program, and there is a report *App hanging* with the main
/// thread's stack. The program goes on.
///
/// Call it once, after [`init`](crate::Options::init) and on the same thread, which must be the one that runs the event loop.
/// Where Afterword is off, or on another thread (which is logged), what is returned does nothing. A second call returns the
/// watch there is, with the bound of the first.
///
/// Nobody but the program can tell waiting for events from hanging. So the main thread marks when it is busy:
///
/// **eframe** and egui: one line at the beginning of what draws the window.
///
/// ```ignore
/// impl eframe::App for Paintbox {
///     fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
///         let _busy = self.watch.busy();
///         // As before.
///     }
/// }
/// ```
///
/// **winit**: one line each in two callbacks, between which all others are called.
///
/// ```ignore
/// impl winit::application::ApplicationHandler for Paintbox {
///     fn new_events(&mut self, _: &ActiveEventLoop, _: StartCause) {
///         self.watch.woke();
///     }
///
///     fn about_to_wait(&mut self, _: &ActiveEventLoop) {
///         self.watch.about_to_wait();
///     }
///     // As before.
/// }
/// ```
///
/// **Any other loop**: a mark around the handling of each event.
///
/// ```no_run
/// # fn next_event() -> Option<u32> { None }
/// # fn handle(_: u32) {}
/// let watch = afterword::watch_main_thread(afterword::HANG_AFTER);
/// // Waiting here is no hang, however long it takes.
/// while let Some(event) = next_event() {
///     let _busy = watch.busy();
///     handle(event);
/// }
/// ```
///
/// # What is no hang
/// - Waiting for events, and what is between [`pause`](MainThreadWatch::pause) and the end of what it returns.
/// - Time in which the whole program stood still: a suspended machine, SIGSTOP, a breakpoint. The watcher sees that it woke up
///   much later than it wanted to, and the time counts anew from there. (What is shorter than half of the bound may not be seen.)
/// - Anything while a debugger is attached.
///
/// # What it costs
/// A mark reads the clock and writes one word. While the main thread waits for events, the watcher sleeps without a timer;
/// the first mark after a while wakes it. While there is work it wakes up four times within the bound.
///
/// One hang is reported once, however long it lasts. When it is over, that is logged and left as a breadcrumb. The reporter
/// keeps ten reports of hangs of one run.
pub fn watch_main_thread(after: Duration) -> MainThreadWatch {
    let watch = |marks| MainThreadWatch {
        marks,
        main_thread_only: PhantomData,
    };
    let Some(running) = Running::of_this_process() else {
        return watch(None);
    };
    if std::thread::current().id() != running.init_thread {
        log::error!("the main thread is not watched: only the thread that called init can be");
        return watch(None);
    }
    let mut is_new = false;
    let marks = MARKS.get_or_init(|| {
        is_new = true;
        Marks::new()
    });
    if is_new {
        watcher::start(marks, after.clamp(SHORTEST, LONGEST), running);
    }
    watch(Some(marks))
}

/// The watch over the main thread, with which that thread marks what it does. A handle, to be copied; it cannot leave its
/// thread. The watch itself lasts as long as the process.
#[derive(Clone, Copy)]
pub struct MainThreadWatch {
    /// None: it does nothing.
    marks: Option<&'static Marks>,
    main_thread_only: PhantomData<*const ()>,
}

impl MainThreadWatch {
    /// Marks that the main thread is busy, until what is returned is dropped. Inside of another mark it changes nothing.
    pub fn busy(&self) -> Busy {
        Busy {
            watch: *self,
            began: self.marks.is_some_and(Marks::begin_unless_busy),
        }
    }

    /// Marks that the event loop has woken up to handle events. Time counts from here, whatever was marked before: it came round.
    pub fn woke(&self) {
        if let Some(marks) = self.marks {
            marks.end_with_words();
            marks.set_in_loop(true);
            marks.begin();
        }
    }

    /// Marks that the event loop is about to wait for events, which may take any time.
    pub fn about_to_wait(&self) {
        if let Some(marks) = self.marks {
            marks.set_in_loop(false);
            marks.end_with_words();
        }
    }

    /// Marks that what comes takes long and is no hang, until what is returned is dropped: a system's dialog that waits for the
    /// person, say. What is marked as busy inside of it counts.
    pub fn pause(&self) -> Paused {
        let was_busy = self.marks.is_some_and(Marks::is_busy);
        if let Some(marks) = self.marks {
            marks.end_with_words();
        }
        Paused { watch: *self, was_busy }
    }
}

impl std::fmt::Debug for MainThreadWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MainThreadWatch")
            .field("watches", &self.marks.is_some())
            .finish_non_exhaustive()
    }
}

/// While there is one, the main thread is busy: see [`MainThreadWatch::busy`].
#[must_use = "dropped at once, it would mark nothing"]
#[derive(Debug)]
pub struct Busy {
    watch: MainThreadWatch,
    /// Whether this mark began the time that counts; one inside of another did not.
    began: bool,
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(marks) = self.watch.marks
            && self.began
            && !marks.in_loop()
        {
            marks.end_with_words();
        }
    }
}

/// While there is one, nothing is a hang but what is marked inside of it: see [`MainThreadWatch::pause`].
#[must_use = "dropped at once, it would pause nothing"]
#[derive(Debug)]
pub struct Paused {
    watch: MainThreadWatch,
    was_busy: bool,
}

impl Drop for Paused {
    fn drop(&mut self) {
        if let Some(marks) = self.watch.marks
            && self.was_busy
        {
            marks.begin();
        }
    }
}

#[cfg(test)]
mod tests;
