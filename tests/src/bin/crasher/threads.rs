//! Crashes of other threads than the main one.

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;

use crate::memory;

/// A thread with the name that the tests look for.
pub(crate) fn worker<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    std::thread::Builder::new()
        .name("worker".to_owned())
        .spawn(work)
        .expect("a thread can be made")
}

pub(crate) fn overflow() {
    let thread = std::thread::Builder::new()
        .name("deep".to_owned())
        .spawn(|| memory::dig(black_box(0)));
    black_box(thread.map(|thread| thread.join().ok()).ok());
}

pub(crate) fn crash_together(count: usize) {
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| {
                barrier.wait();
                memory::fill_pixel(std::ptr::null_mut());
            });
        }
    });
}

/// One of many threads crashes; the others wait for something.
pub(crate) fn crash_among(count: usize) {
    let barrier = Arc::new(Barrier::new(count));
    for _ in 1..count {
        let barrier = Arc::clone(&barrier);
        std::thread::spawn(move || {
            barrier.wait();
            loop {
                std::thread::park();
            }
        });
    }
    let crash = worker(move || {
        barrier.wait();
        memory::fill_pixel(std::ptr::null_mut());
    });
    black_box(crash.join().ok());
}

/// Whether all threads but this one are asleep. (proc(5): the state is the first letter behind the name in brackets.)
pub(crate) fn others_wait() -> bool {
    let threads = std::fs::read_dir("/proc/self/task").expect("/proc");
    let state = |thread: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    };
    threads.filter_map(state).filter(|state| *state != 'S').count() == 1
}
