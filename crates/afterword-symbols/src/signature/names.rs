//! Names of functions and libraries, told apart by what they do. All take trimmed names.

use super::trim::group_end;

/// Where a panic or an exception begins: all that runs inside of it is the handling, not the cause.
const SENTINELS: &[&str] = &[
    "rust_begin_unwind",
    "__rustc::rust_begin_unwind",
    "std::panicking::rust_panic_with_hook",
    "std::panicking::panic_with_hook",
    "std::panicking::begin_panic",
    "std::panicking::begin_panic_handler",
    "std::panicking::panic_handler",
    "core::panicking::*",
    "KiUserExceptionDispatch",
    "KiUserExceptionDispatcher",
];

/// What a handler of a signal returns to.
const TRAMPOLINES: &[&str] = &["__restore_rt", "_sigtramp"];

/// Functions that are on a stack whatever the cause was. A `*` at the end stands for anything.
const MACHINERY: &[&str] = &[
    // Ending the process.
    "raise",
    "gsignal",
    "abort",
    "kill",
    "tgkill",
    "_exit",
    "exit",
    "pthread_kill",
    "__pthread_kill*",
    "__libc_message*",
    "__assert_fail*",
    "__fortify_fail*",
    "__chk_fail",
    "__stack_chk_fail*",
    "malloc_printerr",
    "__assert_rtn",
    "std::process::abort",
    "core::intrinsics::abort",
    "std::sys::*::abort_internal",
    "std::sys::pal::*",
    "std::sys::process::*",
    // Exceptions of C++ and Windows.
    "__cxa_throw",
    "__cxa_rethrow",
    "__cxa_call_terminate",
    "__cxa_pure_virtual",
    "__cxa_deleted_virtual",
    "std::terminate",
    "__cxxabiv1::*",
    "__gxx_personality*",
    "__gnu_cxx::__verbose_terminate_handler",
    "_Unwind_*",
    "RaiseException",
    "RtlRaiseException",
    "RtlDispatchException",
    "_CxxThrowException",
    "UnhandledExceptionFilter",
    "RtlUserThreadStart",
    "BaseThreadInitThunk",
    "BaseProcessStart",
    // Panics.
    "rust_panic",
    "__rust_start_panic",
    "__rust_try",
    "__rustc::*",
    "std::panicking::*",
    "core::panicking::*",
    "panic_unwind::*",
    "panic_abort::*",
    "core::option::unwrap_failed",
    "core::option::expect_failed",
    "core::result::unwrap_failed",
    "core::slice::index::slice_*",
    "core::str::slice_error_fail*",
    "core::cell::panic_*",
    "alloc::alloc::handle_alloc_error*",
    "alloc::raw_vec::capacity_overflow",
    "alloc::raw_vec::handle_error",
    "std::alloc::*",
    // Allocators.
    "malloc",
    "calloc",
    "realloc",
    "free",
    "cfree",
    "_int_malloc",
    "_int_free*",
    "__libc_malloc",
    "__libc_calloc",
    "__libc_realloc",
    "__libc_free",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
    "operator new*",
    "operator delete*",
    "__rust_alloc*",
    "__rust_dealloc",
    "__rust_realloc",
    "__rdl_*",
    "__rg_*",
    "alloc::alloc::*",
    "RtlAllocateHeap",
    "RtlFreeHeap",
    // Starting the process and its threads.
    "_start",
    "__libc_start_main*",
    "__libc_start_call_main",
    "clone",
    "clone3",
    "__clone",
    "__clone3",
    "start_thread",
    "thread_start",
    "_pthread_start",
    "mainCRTStartup",
    "__tmainCRTStartup",
    "__scrt_common_main_seh",
    "std::rt::*",
    "std::sys::backtrace::*",
    "std::sys_common::backtrace::*",
    "std::panic::catch_unwind",
    "std::thread::Builder::*",
    "std::thread::lifecycle::*",
    "std::sys::thread::*",
    "core::ops::function::FnOnce::call_once*",
    "<core::panic::unwind_safe::AssertUnwindSafe as core::ops::function::FnOnce>::call_once",
    "<alloc::boxed::Box as core::ops::function::FnOnce>::call_once",
    // Crash reporting.
    "crash_handler::*",
    "minidumper::*",
    "minidump_writer::*",
    "afterword::*",
    "sentry_core::*",
    "sentry_panic::*",
];

/// Functions whose crash is their caller's doing, beside those of [`C_FUNCTIONS`].
const PREFIXES: &[&str] = &[
    "compiler_builtins::*",
    "__syscall*",
    "__futex*",
    "pthread_mutex_*",
    "__pthread_mutex_*",
    "pthread_cond_*",
    "__pthread_cond_*",
];

/// Functions of the C library that work on what they are given, or wait. Spelled out: `mem*` would be `memory_map` too.
#[rustfmt::skip]
const C_FUNCTIONS: &[&str] = &[
    // Memory.
    "memcpy", "memmove", "memset", "memcmp", "memchr", "memrchr", "rawmemchr", "memmem", "mempcpy", "memccpy", "bcopy",
    "bzero", "bcmp",
    // Text.
    "strlen", "strnlen", "strcpy", "strncpy", "strlcpy", "stpcpy", "stpncpy", "strcat", "strncat", "strlcat", "strcmp",
    "strncmp", "strcasecmp", "strncasecmp", "strcoll", "strchr", "strrchr", "strchrnul", "strstr", "strcasestr",
    "strpbrk", "strspn", "strcspn", "strtok", "strtok_r", "strsep", "strdup", "strndup", "strtol", "strtoul", "strtoll", "strtoull",
    "strtod", "strtof", "strerror", "strftime",
    "wcslen", "wcsnlen", "wcscpy", "wcsncpy", "wcscat", "wcsncat", "wcscmp", "wcsncmp", "wcschr", "wcsrchr", "wcsstr",
    "wcsdup", "wmemcpy", "wmemmove", "wmemset", "wmemcmp", "wmemchr",
    // Formatted text and files.
    "printf", "vprintf", "fprintf", "vfprintf", "dprintf", "vdprintf", "sprintf", "vsprintf", "snprintf", "vsnprintf",
    "asprintf", "vasprintf", "fwrite", "fread", "fputs", "puts",
    "qsort", "qsort_r", "bsearch",
    // Waiting.
    "wait4", "waitpid", "waitid", "pause", "sigsuspend", "syscall", "poll", "ppoll", "select", "epoll_wait", "epoll_pwait", "nanosleep", "clock_nanosleep",
];

pub(crate) fn is_sentinel(trimmed: &str) -> bool {
    SENTINELS.iter().any(|pattern| matches(pattern, trimmed))
}

pub(crate) fn is_trampoline(trimmed: &str) -> bool {
    TRAMPOLINES.contains(&trimmed)
}

/// As [`is_machinery`](super::is_machinery), for a trimmed name.
pub(crate) fn is_machinery_trimmed(trimmed: &str) -> bool {
    is_sentinel(trimmed) || is_trampoline(trimmed) || MACHINERY.iter().any(|pattern| matches(pattern, trimmed))
}

pub(crate) fn is_prefix(trimmed: &str) -> bool {
    is_standard_library(trimmed)
        || C_FUNCTIONS.contains(&trimmed)
        || reserved_stem(trimmed).is_some_and(|stem| C_FUNCTIONS.contains(&stem))
        || PREFIXES.iter().any(|pattern| matches(pattern, trimmed))
}

/// A name without a path: a C function, or one whose path the compiler did not write. Line tables alone have no more for
/// functions that were inlined, in Rust and in C++: `clone` may be `<app::Scene as Clone>::clone`.
pub(crate) fn is_bare(trimmed: &str) -> bool {
    !trimmed.contains("::") && !trimmed.starts_with('<')
}

/// `memmove` of `__memmove_avx_unaligned_erms`, `memcpy` of `__memcpy_chk`, `poll` of `__poll`: what C libraries call their
/// variants.
fn reserved_stem(trimmed: &str) -> Option<&str> {
    let name = trimmed.strip_prefix("__")?;
    C_FUNCTIONS
        .iter()
        .filter_map(|function| name.strip_prefix(function).map(|rest| (rest, *function)))
        .find(|(rest, _)| rest.is_empty() || rest.starts_with('_'))
        .map(|(_, function)| function)
}

/// Libraries of the system whose inner, nameless functions say less than their caller.
pub(crate) fn is_system_library(file_name: &str) -> bool {
    let name = file_name.to_ascii_lowercase();
    let unix = [
        "libc.so",
        "libc-",
        "ld-linux",
        "ld-2.",
        "libpthread",
        "libm.so",
        "libm-",
        "libstdc++",
        "libgcc_s",
        "libsystem_",
        "libdyld",
    ];
    let windows = [
        "ntdll",
        "kernel32",
        "kernelbase",
        "ucrtbase",
        "vcruntime",
        "msvcrt",
        "msvcp",
        "win32u",
        "user32",
    ];
    unix.iter().chain(&windows).any(|prefix| name.starts_with(prefix))
}

/// Whether all the crates (or namespaces) that a trimmed name begins with are the standard library's.
pub(crate) fn is_standard_library(trimmed: &str) -> bool {
    const ROOTS: &[&str] = &[
        "std",
        "core",
        "alloc",
        "__rustc",
        "__cxxabiv1",
        "__gnu_cxx",
        "hashbrown",
        "compiler_builtins",
    ];
    let Some(bracketed) = trimmed.strip_prefix('<') else {
        return trimmed.split_once("::").is_some_and(|(root, _)| ROOTS.contains(&root));
    };
    let inside = &bracketed[..group_end(trimmed, '<', '>').saturating_sub(2).min(bracketed.len())];
    inside.split(" as ").all(|part| {
        let path = part.trim_start_matches(|char: char| !char.is_alphanumeric() && char != '_');
        let path = ["impl ", "mut ", "const ", "dyn "]
            .iter()
            .fold(path, |path, word| path.strip_prefix(word).unwrap_or(path));
        match path.split_once("::") {
            Some((root, _)) => ROOTS.contains(&root),
            // A primitive type, a closure's `_`, a generic parameter: it does not say whose code this is.
            None => true,
        }
    })
}

/// A pattern with at most one `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    }
}
