//! What is not in Rust: C and C++ linked into the program, and a library that it loads.
#![expect(unsafe_code, reason = "foreign functions")]

use std::ffi::{c_int, c_void};
use std::hint::black_box;

use crate::panics;

unsafe extern "C" {
    fn for_each_row(draw: extern "C" fn(usize), rows: usize);
    fn paint_on_a_thread(row: *mut c_void) -> c_int;
    fn write_title(length: usize) -> c_int;
    fn load_drawing(version: c_int) -> c_int;
    fn measure_circle() -> c_int;
}

/// A panic that would have to pass through C, and ends the program instead.
#[inline(never)]
pub(crate) fn panic_across() {
    // SAFETY: the function calls ours and keeps nothing.
    unsafe { for_each_row(draw_row, black_box(1)) };
}

#[inline(never)]
extern "C" fn draw_row(row: usize) {
    panics::pick(black_box(row + 8));
}

/// A thread that C makes, and that crashes in C.
pub(crate) fn thread() {
    // SAFETY: none: this is the crash.
    black_box(unsafe { paint_on_a_thread(black_box(std::ptr::null_mut())) });
}

pub(crate) fn smash_stack() {
    // SAFETY: none: this is the crash. The function's buffer is shorter.
    black_box(unsafe { write_title(black_box(32)) });
}

/// An exception that nobody catches.
pub(crate) fn throw() {
    // SAFETY: the exception ends the program in C++.
    black_box(unsafe { load_drawing(black_box(3)) });
}

pub(crate) fn call_pure_virtual() {
    // SAFETY: it only computes, but for the crash.
    black_box(unsafe { measure_circle() });
}

/// Crashes in a library that was not there when the program started.
#[inline(never)]
pub(crate) fn in_library() {
    type Draw = unsafe extern "C" fn(*mut c_int) -> c_int;
    // SAFETY: the library is ours, runs nothing when it is loaded, and has this function; what the function does is the
    // crash.
    unsafe {
        let library = libloading::Library::new(env!("CRASHER_BRUSH")).expect("the library was built with the crasher");
        let draw = library.get::<Draw>(b"brush_draw\0").expect("the function is in it");
        black_box(draw(black_box(std::ptr::null_mut())));
    }
}
