//! Every kind of crash, in debug and in release: one report that says what it should, and an end as without Afterword.
//!
//! The debug build is its own reporter; the others have `afterword-reporter`. What the crasher does in each kind is in
//! `tests/src/bin/crasher/kind.rs`, how it is looked at in `crashes_expected.rs`.

use crate::crashes_expected::{Address, Build, Expected, crash};

/// A module for each kind, with a test for each build.
macro_rules! matrix {
    ($($(#[$doc:meta])* $kind:ident: $expected:expr;)*) => {$(
        $(#[$doc])*
        mod $kind {
            use super::*;

            fn expected() -> Expected {
                let expected: Expected = $expected;
                expected.of_kind(&stringify!($kind).replace('_', "-"))
            }

            #[test]
            fn in_debug() {
                expected().check(Build::Debug);
            }

            #[test]
            fn in_release() {
                expected().check(Build::Release);
            }
        }
    )*};
}

matrix! {
    null_write: crash("SIGSEGV", "crasher::memory::fill_pixel").address(Address::Is(0));
    wild_write: crash("SIGSEGV", "crasher::memory::fill_pixel").address(Address::Is(0x0dea_dbee_f000));
    wild_read: crash("SIGSEGV", "crasher::memory::read_pixel").address(Address::Is(0x0dea_dbee_f000));
    far_read: crash("SIGSEGV", "crasher::memory::read_pixel");
    jump_nowhere: crash("SIGSEGV", "crasher::memory::call_nowhere").address(Address::Is(0x0dea_dbee_f000));
    exec_data: crash("SIGSEGV", "crasher::memory::call_data").address(Address::OfInstruction);
    bus: crash("SIGBUS", "crasher::memory::read_pixel").address(Address::Is(0x1234_5000_0000));
    stack_overflow_main: crash("SIGSEGV", "crasher::memory::dig").address(Address::NearStackPointer).without_main();
    stack_overflow_thread: crash("SIGSEGV", "crasher::memory::dig")
        .address(Address::NearStackPointer)
        .on_thread("deep");

    double_free: crash("SIGABRT", "crasher::heap::free_twice");
    heap_corruption: crash("SIGABRT", "crasher::heap::corrupt");
    alloc_failure: crash("SIGABRT", "crasher::heap::ask_for_too_much");
    low_memory: crash("SIGSEGV", "crasher::memory::fill_pixel").address(Address::Is(0));

    illegal: crash("SIGILL", "crasher::signals::no_instruction").address(Address::OfInstruction);
    trap: crash("SIGTRAP", "crasher::signals::trap");
    divide: crash("SIGFPE", "crasher::signals::divide").address(Address::OfInstruction);
    abort: crash("SIGABRT", "crasher::signals::give_up");
    in_signal_handler: crash("SIGSEGV", "crasher::memory::fill_pixel")
        .address(Address::Is(0))
        .called_by("crasher::signals::in_handler::on_user_signal")
        .called_by("crasher::signals::in_handler");
    signal_from_outside: crash("SIGSEGV", "crasher::signals::be_sent").at_any_time();
    with_app_handler: crash("SIGSEGV", "crasher::memory::fill_pixel")
        .address(Address::Is(0))
        .printed("the drawing is saved\n");
    with_later_handler: crash("SIGSEGV", "crasher::memory::fill_pixel")
        .address(Address::Is(0))
        .printed("the drawing is saved\n");

    panic: Expected::panic("crasher::panics::pick");
    panic_thread: Expected::error("crasher::panics::pick");
    panic_in_drop: crash("SIGABRT", "crasher::panics::in_drop");
    panic_across_c: crash("SIGABRT", "crasher::native::draw_row").called_by("for_each_row");

    cxx_throw: crash("SIGABRT", "shapes::load(int)").called_by("load_drawing");
    stack_smash: crash("SIGABRT", "write_title");
    pure_virtual: crash("SIGABRT", "shapes::describe(shapes::Shape const*)").called_by("shapes::Shape::Shape()");
    c_thread: crash("SIGSEGV", "fill_row").address(Address::Is(0)).on_thread("worker");
    in_shared_library: crash("SIGSEGV", "stroke").address(Address::Is(0)).called_by("brush_draw");

    many_threads: crash("SIGSEGV", "crasher::memory::fill_pixel")
        .address(Address::Is(0))
        .on_thread("worker")
        .among_threads(200);
    simultaneous: crash("SIGSEGV", "crasher::memory::fill_pixel")
        .address(Address::Is(0))
        .on_any_thread()
        .among_threads(20);

    early: crash("SIGSEGV", "crasher::memory::fill_pixel").address(Address::Is(0)).without_scope();
    in_destructor: crash("SIGSEGV", "crasher::memory::fill_pixel").address(Address::Is(0)).without_main();
    no_descriptors: crash("SIGSEGV", "crasher::memory::fill_pixel").address(Address::Is(0));
    forked_child_then_null_write: crash("SIGSEGV", "crasher::memory::fill_pixel").address(Address::Is(0));
    updated: crash("SIGSEGV", "crasher::memory::fill_pixel").address(Address::Is(0)).copied();

    clean_exit: Expected::nothing();
    exit: Expected::nothing();
    terminated: Expected::nothing();
    forked_child: Expected::nothing();
}

#[test]
fn a_panic_where_panics_abort_is_a_crash() {
    let expected = crash("SIGABRT", "crasher::panics::pick").of_kind("panic-abort");
    expected.check(Build::Abort);
}
