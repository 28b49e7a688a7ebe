use super::*;

fn named(function: &str) -> SignatureFrame<'_> {
    SignatureFrame {
        function: Some(function),
        ..SignatureFrame::default()
    }
}

fn nameless<'a>(module: &'a str, module_offset: u64) -> SignatureFrame<'a> {
    SignatureFrame {
        module: Some(module),
        module_offset: Some(module_offset),
        ..SignatureFrame::default()
    }
}

#[test]
fn names_are_trimmed_to_what_stays_the_same_between_builds() {
    let table = [
        ("main", "main"),
        ("app::draw", "app::draw"),
        ("app::draw::h0123456789abcdef", "app::draw"),
        ("app::draw::<u8>", "app::draw"),
        ("app::draw::{{closure}}", "app::draw::{closure}"),
        ("app::draw::{closure#3}", "app::draw::{closure}"),
        (
            "<app::Shape as core::fmt::Debug>::fmt",
            "<app::Shape as core::fmt::Debug>::fmt",
        ),
        (
            "<app::Grid<u8, 3> as core::ops::Index<usize>>::index",
            "<app::Grid as core::ops::Index>::index",
        ),
        (
            "<app::Grid<alloc::string::String>>::insert::<i32>",
            "<app::Grid>::insert",
        ),
        (
            "core::fmt::num::<impl core::fmt::Display for i32>::fmt",
            "core::fmt::num::<impl core::fmt::Display for i32>::fmt",
        ),
        (
            "void ns::Map<int, std::pair<A, B>>::insert(int, char) const",
            "ns::Map::insert",
        ),
        ("ns::f(void (*)(int))", "ns::f"),
        (
            "ns::f(int)::{lambda(char)#2}::operator()(char) const",
            "ns::f::{lambda}::operator()",
        ),
        (
            "std::ostream& operator<< <char>(std::ostream&, char)",
            "operator<< <char>",
        ),
        ("operator new(unsigned long)", "operator new"),
        ("(anonymous namespace)::crash(int*)", "(anonymous namespace)::crash"),
        (
            "`anonymous namespace'::CrashFunction",
            "`anonymous namespace'::CrashFunction",
        ),
        ("static unsigned long app::f(int)", "app::f"),
        ("compute.constprop.0", "compute"),
        ("compute.part.1.cold", "compute"),
        ("memcpy@@GLIBC_2.14", "memcpy"),
        ("app::f<fn(u8) -> u8>", "app::f"),
    ];
    for (name, trimmed) in table {
        assert_eq!(trim(name), trimmed, "{name}");
    }
}

#[test]
fn trimming_ends_on_anything() {
    for name in [
        "", "<", ">", "<<<<", "(((", "{", "`", "operator", "a<b", "a->b>", "::", "é<ü>", "<as>", "< as >", "{#", " ",
    ] {
        let _ = trim(name);
        let _ = named(name).is_machinery();
        let _ = signature([named(name)]);
    }
    assert!(trim(&"é".repeat(100_000)).len() <= 4096);
    assert!(trim(&"<".repeat(100_000)).len() <= 2 * 4096 + 2);
}

#[test]
fn a_plain_crash_is_named_after_its_function() {
    assert_eq!(signature([named("app::draw"), named("app::main")]), "app::draw");
}

#[test]
fn what_only_passes_the_crash_on_is_a_prefix() {
    let frames = [
        named("__memmove_avx_unaligned_erms"),
        named("core::ptr::copy::<u8>"),
        named("app::save"),
        named("app::main"),
    ];
    assert_eq!(
        signature(frames),
        "__memmove_avx_unaligned_erms | core::ptr::copy | app::save"
    );
}

#[test]
fn a_panic_is_named_after_who_panicked_not_after_the_hook() {
    let frames = [
        named("__pthread_kill_implementation"),
        named("raise"),
        named("abort"),
        named("app::my_panic_hook"),
        named("std::panicking::rust_panic_with_hook::h0123456789abcdef"),
        named("std::panicking::begin_panic_handler::{{closure}}"),
        named("rust_begin_unwind"),
        named("core::panicking::panic_fmt"),
        named("core::option::unwrap_failed"),
        named("app::parse"),
        named("std::rt::lang_start"),
    ];
    assert_eq!(signature(frames), "app::parse");
}

#[test]
fn catching_panics_somewhere_outside_does_not_hide_the_crash() {
    let frames = [
        named("app::draw"),
        named("std::panicking::catch_unwind::do_call"),
        named("std::rt::lang_start"),
    ];
    assert_eq!(signature(frames), "app::draw");
}

#[test]
fn recursion_counts_once() {
    let frames = std::iter::repeat_n(named("core::fmt::write"), 9).chain([named("app::log")]);
    assert_eq!(signature(frames), "core::fmt::write | app::log");
}

#[test]
fn a_frame_without_name_is_module_and_offset() {
    let frames = [
        nameless("/usr/lib/libc.so.6", 0x9a3b),
        nameless("C:\\app\\paint.exe", 0x10),
        named("main"),
    ];
    assert_eq!(signature(frames), "libc.so.6@0x9a3b | paint.exe@0x10");
}

#[test]
fn with_nothing_but_machinery_the_first_frame_has_to_do() {
    assert_eq!(signature([named("abort"), named("_start")]), "abort");
    assert_eq!(signature([]), "unknown");
    assert_eq!(signature([SignatureFrame::default()]), "unknown");
}

#[test]
fn a_signature_is_never_longer_than_its_limit() {
    let long = format!("core::{}", "é".repeat(200));
    let made = signature([named(&long), named(&long[..long.len() - 2]), named("app::end")]);
    assert_eq!(made.chars().count(), MAX_CHARS);
    assert!(made.ends_with('…'));
}

#[test]
fn machinery_is_told_from_the_application() {
    for name in [
        "core::panicking::panic_fmt",
        "malloc",
        "__rustc::rust_begin_unwind",
        "std::rt::lang_start::<()>",
        "abort",
        "afterword::panics::hook",
    ] {
        assert!(named(name).is_machinery(), "{name}");
    }
    for name in [
        "main",
        "app::main",
        "afterword_demo::crash",
        "<app::A as core::fmt::Display>::fmt",
        "aborted",
        "std::fs::read",
    ] {
        assert!(!named(name).is_machinery(), "{name}");
    }
    for name in [
        "std::fs::read",
        "<alloc::vec::Vec as core::ops::Index>::index",
        "<&str as core::fmt::Display>::fmt",
    ] {
        assert!(is_standard_library(name), "{name}");
    }
    for name in [
        "app::f",
        "<app::A as core::fmt::Display>::fmt",
        "<alloc::vec::Vec as app::Draw>::draw",
        "main",
    ] {
        assert!(!is_standard_library(name), "{name}");
    }
}

fn in_source<'a>(function: &'a str, file: &'a str) -> SignatureFrame<'a> {
    SignatureFrame {
        file: Some(file),
        ..named(function)
    }
}

#[test]
fn bare_names_are_the_c_librarys_only_without_a_source_of_the_application() {
    // Line tables have no paths for functions that were inlined.
    for name in [
        "free", "exit", "clone", "kill", "raise", "abort", "memcpy", "strlen", "poll", "qsort",
    ] {
        let ours = in_source(name, "/home/anna/paint/src/brush.rs");
        assert!(!ours.is_machinery(), "{name}");
        assert_eq!(signature([ours, named("paint::main")]), name);
        let file = "/home/anna/paint/src/shape.cpp";
        assert_eq!(signature([in_source(name, file), named("main")]), name);
    }
    let elsewhere = [
        named("free"),
        in_source("free", "./malloc/malloc.c"),
        in_source("clone", "../sysdeps/unix/sysv/linux/x86_64/clone.S"),
        SignatureFrame {
            module: Some("/usr/lib/libc.so.6"),
            ..in_source("abort", "/build/libc/abort.c")
        },
    ];
    for frame in elsewhere {
        assert!(frame.is_machinery(), "{frame:?}");
        assert_eq!(signature([frame, named("app::save")]), "app::save");
    }
}

#[test]
fn what_a_rule_says_of_a_frame_goes_before_its_name() {
    let said = |name: &'static str, in_app| SignatureFrame {
        in_app: Some(in_app),
        ..named(name)
    };
    let app = named("app::save");
    assert_eq!(signature([named("fork::copy"), app]), "fork::copy");
    assert_eq!(signature([said("fork::copy", false), app]), "app::save");
    assert_eq!(
        signature([said("fork::copy", false), named("memcpy"), app]),
        "memcpy | app::save"
    );
    assert_eq!(
        signature([said("fork::copy", false)]),
        "fork::copy",
        "there is nothing else"
    );
    assert_eq!(signature([named("memcpy"), app]), "memcpy | app::save");
    assert_eq!(signature([said("memcpy", true), app]), "memcpy");
    assert_eq!(signature([said("malloc", true), app]), "malloc");
    // What runs inside a panic is not the cause, whatever a rule says of it.
    let panic = [said("app::hook", true), said("core::panicking::panic", false), app];
    assert_eq!(signature(panic), "app::save");
}

#[test]
fn the_c_library_is_spelled_out() {
    for name in [
        "memcpy",
        "__memmove_avx_unaligned_erms",
        "__memcpy_chk",
        "__strlen_avx2",
        "strtok_r",
        "__wmemset_evex_unaligned",
        "__vfprintf_internal",
        "poll",
        "__poll",
        "__wait4",
        "clock_nanosleep",
        "__clock_nanosleep",
        "epoll_wait",
    ] {
        assert_eq!(
            signature([named(name), named("app::run")]),
            format!("{name} | app::run")
        );
    }
    for name in [
        "memory_map",
        "member",
        "stream_next",
        "structure",
        "strategy",
        "event_poll",
        "Reader_poll",
        "wcs_state",
    ] {
        assert_eq!(signature([named(name), named("app::run")]), name);
    }
}

/// Debian's debug symbols have them.
#[test]
fn glibcs_names_for_its_own_use_are_no_other_functions() {
    assert_eq!(trim("__GI___poll"), "__poll");
    let names = [
        "__GI_raise",
        "__GI_abort",
        "__libc_message",
        "malloc_printerr",
        "_int_free",
    ];
    let double_free = names.into_iter().chain(["__GI___libc_free", "app::close"]).map(named);
    assert_eq!(signature(double_free), "app::close");
    let smashed = ["__GI_abort", "__GI___fortify_fail", "__stack_chk_fail", "app::title"].map(named);
    assert_eq!(signature(smashed), "app::title");
}

#[test]
fn a_crash_in_a_signals_handler_is_the_handlers() {
    let stack = |innermost: &[&'static str]| {
        let outer = ["app::on_user_signal", "__restore_rt", "__poll", "app::main_loop"];
        let names: Vec<_> = innermost.iter().chain(&outer).map(|name| named(name)).collect();
        signature(names)
    };
    assert_eq!(stack(&["app::redraw"]), "app::redraw");
    assert_eq!(stack(&["memcpy"]), "memcpy | app::on_user_signal");
    assert_eq!(stack(&["raise", "abort"]), "__poll | app::main_loop");
    assert_eq!(
        stack(&["crash_handler::linux::state::signal_handler"]),
        "__poll | app::main_loop"
    );
}
