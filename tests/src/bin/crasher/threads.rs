//! Crashes of other threads than the main one.

use std::hint::black_box;
use std::sync::Barrier;
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
