//! Misuse of the heap, and its limits.
#![expect(unsafe_code, reason = "crashing for real takes what safe Rust prevents")]

use std::hint::black_box;

use crate::{memory, threads};

#[inline(never)]
pub(crate) fn free_twice() {
    // SAFETY: none: this is the crash.
    unsafe {
        let drawing = libc::malloc(black_box(1000));
        libc::free(drawing);
        libc::free(black_box(drawing));
    }
}

/// Writes past the end of a block, over what the C library notes of the next one.
#[inline(never)]
pub(crate) fn corrupt() {
    // More than what the C library keeps in its caches, which are checked less.
    const LARGE: usize = 4096;
    const NOTE: usize = size_of::<usize>();
    // SAFETY: none: this is the crash. The blocks are neighbours, and there is one behind them.
    unsafe {
        let (mut drawing, mut next) = (libc::malloc(LARGE), libc::malloc(LARGE));
        while next.addr() != drawing.addr() + libc::malloc_usable_size(drawing) + NOTE {
            (drawing, next) = (next, libc::malloc(LARGE));
        }
        black_box(libc::malloc(LARGE));
        libc::memset(black_box(next).byte_sub(NOTE), 0xff, NOTE);
        libc::free(black_box(drawing));
    }
}

/// The standard library ends the program when there is no memory.
#[inline(never)]
pub(crate) fn ask_for_too_much() {
    black_box(Vec::<u8>::with_capacity(black_box(isize::MAX as usize)));
}

/// No page can be added any more, and no block either; then a crash. Once all threads wait for something: one that is only
/// just starting would not survive it.
#[inline(never)]
pub(crate) fn use_up() {
    while !threads::others_wait() {
        std::thread::yield_now();
    }
    // SAFETY: plain numbers and structures of the system; the blocks are never freed.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_AS, &raw mut limit);
        limit.rlim_cur = 1;
        assert_eq!(libc::setrlimit(libc::RLIMIT_AS, &raw const limit), 0);
        for size in [1 << 20, 1 << 10, 1] {
            while !black_box(libc::malloc(size)).is_null() {}
        }
    }
    memory::fill_pixel(std::ptr::null_mut());
}
