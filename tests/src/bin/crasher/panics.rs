//! Panics: those that end the program, and those that it survives.

use std::hint::black_box;
use std::panic::catch_unwind;
use std::time::Duration;

use crate::{memory, threads};

#[inline(never)]
pub(crate) fn pick(index: usize) {
    let palette = black_box([1, 2, 3]);
    black_box(palette[index]);
}

/// The app goes on: its worker is gone.
pub(crate) fn on_a_thread() {
    assert!(threads::worker(|| pick(black_box(8))).join().is_err());
}

pub(crate) fn caught() {
    assert!(catch_unwind(|| pick(black_box(8))).is_err());
}

pub(crate) fn while_another_crashes() {
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_millis(300));
        memory::fill_pixel(std::ptr::null_mut());
    });
    loop {
        caught();
    }
}

/// A value whose destructor panics while a panic unwinds already.
#[inline(never)]
pub(crate) fn in_drop() {
    let wet = Wet;
    pick(black_box(8));
    drop(wet);
}

struct Wet;

impl Drop for Wet {
    #[inline(never)]
    fn drop(&mut self) {
        pick(black_box(9));
    }
}
