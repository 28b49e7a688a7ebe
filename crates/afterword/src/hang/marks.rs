//! What the main thread marks: since when it is busy.
//!
//! One thread writes, the main one (the handles to this cannot leave it); the watcher reads. The only hand-shake is about
//! waking the watcher: the main thread writes its mark and then looks whether the watcher is asleep, the watcher says that it
//! falls asleep and then looks at the mark. All four are `SeqCst`, so that one of the two sees the other.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use sentry::Breadcrumb;
use sentry::protocol::Level;

/// In place of a time: the main thread waits for events.
pub(super) const IDLE: u64 = 0;

/// The main thread's marks.
pub(super) struct Marks {
    /// What times count from. Its clock stands still while a machine is suspended, but for Windows.
    epoch: Instant,
    /// Nanoseconds since `epoch`, or [`IDLE`].
    busy_since: AtomicU64,
    /// Whether the watcher sleeps until it is woken.
    asleep: AtomicBool,
    /// The `busy_since` of the hang that was reported last.
    reported: AtomicU64,
    /// Between [`woke`](super::MainThreadWatch::woke) and `about_to_wait`.
    in_loop: AtomicBool,
    watcher: OnceLock<Thread>,
}

impl Marks {
    pub(super) fn new() -> Marks {
        Marks {
            epoch: Instant::now(),
            busy_since: AtomicU64::new(IDLE),
            asleep: AtomicBool::new(false),
            reported: AtomicU64::new(IDLE),
            in_loop: AtomicBool::new(false),
            watcher: OnceLock::new(),
        }
    }

    /// Nanoseconds, never [`IDLE`].
    pub(super) fn now_ns(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos())
            .unwrap_or(u64::MAX)
            .max(1)
    }

    pub(super) fn set_watcher(&self, thread: &Thread) {
        self.watcher.get_or_init(|| thread.clone());
    }

    // The main thread:

    pub(super) fn begin(&self) {
        self.busy_since.store(self.now_ns(), Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Whether it began.
    pub(super) fn begin_unless_busy(&self) -> bool {
        let begins = !self.is_busy();
        if begins {
            self.begin();
        }
        begins
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy_since.load(Ordering::Relaxed) != IDLE
    }

    pub(super) fn end_with_words(&self) {
        let since = self.busy_since.load(Ordering::Relaxed);
        self.busy_since.store(IDLE, Ordering::Release);
        if since != IDLE && self.reported.load(Ordering::Relaxed) == since {
            tell_of_end(Duration::from_nanos(self.now_ns().saturating_sub(since)));
        }
    }

    pub(super) fn set_in_loop(&self, in_loop: bool) {
        self.in_loop.store(in_loop, Ordering::Relaxed);
    }

    pub(super) fn in_loop(&self) -> bool {
        self.in_loop.load(Ordering::Relaxed)
    }

    /// Once in a while: not part of each mark.
    #[cold]
    fn wake(&self) {
        if self.asleep.swap(false, Ordering::SeqCst)
            && let Some(watcher) = self.watcher.get()
        {
            watcher.unpark();
        }
    }

    // The watcher:

    pub(super) fn busy_since(&self) -> u64 {
        self.busy_since.load(Ordering::SeqCst)
    }

    /// Before the report is made, so that the end of the hang is told of whenever it comes.
    pub(super) fn set_reported(&self, since: u64) {
        self.reported.store(since, Ordering::Relaxed);
    }

    /// Sleeps without a timer until there is another mark than `seen`. One that ends `seen` does not wake it: that is nothing to
    /// look at.
    pub(super) fn sleep_until_marked(&self, seen: u64) {
        self.asleep.store(true, Ordering::SeqCst);
        while self.busy_since() == seen && self.asleep.load(Ordering::SeqCst) {
            std::thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}

#[cold]
fn tell_of_end(lasted: Duration) {
    let words = format!("responds again after {:.1} s", lasted.as_secs_f64());
    log::info!("the main thread {words}");
    crate::add_breadcrumb(Breadcrumb {
        category: Some("app.hang".to_owned()),
        level: Level::Warning,
        message: Some(words),
        ..Breadcrumb::default()
    });
}
