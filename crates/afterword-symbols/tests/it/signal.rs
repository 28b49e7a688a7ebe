//! A thread that is in a signal handler: what the signal interrupted made no call.
#![expect(
    unsafe_code,
    reason = "a function of one faulting instruction, and a signal handler, need it"
)]

use std::sync::atomic::{AtomicU64, Ordering};

use afterword_symbols::{Limits, Sources, process};

use crate::live::{CHILD, dump_of, print_thread};

// A function whose first instruction is the one at fault: the byte before it is another function's.
std::arch::global_asm!(
    ".pushsection .text.afterword_test_faults, \"ax\", @progbits",
    ".p2align 4",
    ".type afterword_test_before, @function",
    "afterword_test_before:",
    "ret",
    ".size afterword_test_before, . - afterword_test_before",
    ".globl afterword_test_faults",
    ".type afterword_test_faults, @function",
    "afterword_test_faults:",
    ".cfi_startproc",
    "ud2",
    "ret",
    ".cfi_endproc",
    ".size afterword_test_faults, . - afterword_test_faults",
    ".popsection",
);

// SAFETY: it takes and returns nothing and touches no registers.
unsafe extern "C" {
    safe fn afterword_test_faults();
}

#[inline(never)]
fn calls_what_faults() -> u32 {
    afterword_test_faults();
    line!()
}

extern "C" fn spin(_: libc::c_int) {
    static TURNS: AtomicU64 = AtomicU64::new(0);
    print_thread();
    loop {
        TURNS.fetch_add(1, Ordering::Relaxed);
    }
}

/// Not a test of its own: the process that is dumped.
#[test]
fn child_process() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let handler = spin as extern "C" fn(libc::c_int);
    // SAFETY: the handler never comes back, and nothing else runs in this process that it could disturb.
    unsafe {
        libc::signal(libc::SIGILL, handler as usize);
    }
    println!("{}", calls_what_faults());
}

#[test]
fn what_a_signal_interrupted_is_looked_up_where_it_was() {
    let sources = Sources {
        local_files: true,
        ..Sources::default()
    };
    let crash = process(
        &dump_of("signal::child_process", "signal"),
        &sources,
        &Limits::default(),
    )
    .unwrap();
    let frames = &crash.crashed_thread().unwrap().frames;
    let position = |name: &str| frames.iter().position(|frame| frame.function.as_deref() == Some(name));
    let interrupted = position("afterword_test_faults").unwrap_or_else(|| panic!("{frames:#?}"));
    assert!(interrupted > position("it::signal::spin").unwrap());
    let caller = &frames[interrupted + 1];
    assert_eq!(
        caller.function.as_deref(),
        Some("it::signal::calls_what_faults"),
        "{frames:#?}"
    );
    assert_eq!(
        caller.trust, "cfi",
        "unwound by the rules of the function, not of the one before it"
    );
    assert_eq!(
        frames[interrupted].instruction.0 % 16,
        1,
        "the function begins one byte behind a multiple of 16"
    );
}
