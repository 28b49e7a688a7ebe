//! Names of functions: trimmed to what stays the same between builds, and told apart by what they do.

/// Names longer than this are cut before anything else is done with them: demangled generics have no bound.
const MAX_NAME_BYTES: usize = 4096;

/// Compilers append these to functions they split or clone.
const COMPILER_SUFFIXES: &[&str] = &[
    ".llvm.",
    ".cold",
    ".part.",
    ".constprop.",
    ".isra.",
    ".lto_priv.",
    "@plt",
    "@@",
];

/// The name without return type, arguments, generic arguments, numbers of closures, and what compilers append.
///
/// `void ns::Map<int>::insert(int, char) const` → `ns::Map::insert`;
/// `<app::Shape as core::fmt::Debug>::fmt::h0123456789abcdef` → `<app::Shape as core::fmt::Debug>::fmt`.
pub fn trim(name: &str) -> String {
    let mut name = &name[..name.floor_char_boundary(MAX_NAME_BYTES)];
    for suffix in COMPILER_SUFFIXES {
        if let Some(at) = name.find(suffix).filter(|at| *at > 0) {
            name = &name[..at];
        }
    }
    trim_path(without_rust_hash(name.trim()), 0)
}

fn without_rust_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((rest, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => rest,
        _ => name,
    }
}

/// Names within names (`<<A as B>::C as D>::f`) are trimmed this deep, and kept as they are below.
const MAX_DEPTH: usize = 8;

/// Trims a path; inside the angle brackets of `<A as B>` (`depth` above 0) a space means no return type.
fn trim_path(name: &str, depth: usize) -> String {
    if depth == MAX_DEPTH {
        return name.to_owned();
    }
    let outermost = depth == 0;
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let (eaten, keep) = match first {
            '<' if keeps_brackets(&out, rest) => kept_brackets(rest, depth),
            '<' => {
                let end = group_end(rest, '<', '>');
                while out.ends_with("::") {
                    out.truncate(out.len() - 2);
                }
                (end, String::new())
            }
            '(' if rest.starts_with("(anonymous namespace)") => (21, "(anonymous namespace)".to_owned()),
            '(' if outermost && !out.is_empty() => (arguments_end(rest), String::new()),
            '{' => {
                let end = group_end(rest, '{', '}');
                (end, braces(&rest[..end]))
            }
            '`' => {
                let end = rest.find('\'').map_or(rest.len(), |at| at + 1);
                (end, rest[..end].to_owned())
            }
            ' ' if outermost => {
                // What came before was a return type, or a word such as `static`.
                out.clear();
                (1, String::new())
            }
            'o' if starts_operator(&out, rest) => {
                let end = operator_end(rest);
                (end, rest[..end].to_owned())
            }
            other => (other.len_utf8(), other.to_string()),
        };
        out.push_str(&keep);
        rest = &rest[eaten..];
    }
    out
}

/// `<A as B>` and `<impl A for B>` name the function; `<T>` behind a name does not.
fn keeps_brackets(out: &str, rest: &str) -> bool {
    out.is_empty() || rest.starts_with("<impl ") || out.ends_with([' ', '&'])
}

fn kept_brackets(rest: &str, depth: usize) -> (usize, String) {
    let end = group_end(rest, '<', '>');
    let inner = rest[1..end].strip_suffix('>').unwrap_or(&rest[1..end]);
    (end, format!("<{}>", trim_path(inner, depth + 1)))
}

/// `{{closure}}` and `{closure#3}` → `{closure}`; `{lambda(int)#1}` → `{lambda}`.
fn braces(group: &str) -> String {
    let inner = group.trim_matches(['{', '}']);
    let inner = inner.split(['#', '(']).next().unwrap_or(inner);
    format!("{{{inner}}}")
}

/// How many bytes the arguments take; with them goes what follows (`const`, `[clone]`), unless the path goes on.
fn arguments_end(rest: &str) -> usize {
    let end = group_end(rest, '(', ')');
    let behind = rest[end..].strip_prefix(" const").unwrap_or(&rest[end..]);
    if behind.starts_with("::") {
        rest.len() - behind.len()
    } else {
        rest.len()
    }
}

fn starts_operator(out: &str, rest: &str) -> bool {
    let boundary = !out.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    boundary
        && rest
            .strip_prefix("operator")
            .is_some_and(|tail| !tail.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}

/// `operator()`, `operator<<`, `operator new[]`, `operator bool`: up to the arguments.
fn operator_end(rest: &str) -> usize {
    const WORD: usize = "operator".len();
    let from = if rest[WORD..].starts_with("()") { WORD + 2 } else { WORD };
    rest[from..].find('(').map_or(rest.len(), |at| from + at)
}

/// The byte behind the group that `rest` begins with. `->` closes nothing; a group that is not closed takes all.
fn group_end(rest: &str, open: char, close: char) -> usize {
    let mut depth = 0usize;
    let mut previous = '\0';
    for (at, char) in rest.char_indices() {
        if char == open {
            depth += 1;
        } else if char == close && !(char == '>' && previous == '-') {
            depth -= 1;
            if depth == 0 {
                return at + char.len_utf8();
            }
        }
        previous = char;
    }
    rest.len()
}

/// Where a panic or a signal begins: all that runs inside of it is the handling, not the cause.
const SENTINELS: &[&str] = &[
    "rust_begin_unwind",
    "__rustc::rust_begin_unwind",
    "std::panicking::rust_panic_with_hook",
    "std::panicking::panic_with_hook",
    "std::panicking::begin_panic",
    "std::panicking::begin_panic_handler",
    "std::panicking::panic_handler",
    "core::panicking::*",
    "__restore_rt",
    "_sigtramp",
    "KiUserExceptionDispatch",
    "KiUserExceptionDispatcher",
];

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
    "__GI_raise",
    "__GI_abort",
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

/// Functions whose crash is their caller's doing.
const PREFIXES: &[&str] = &[
    "mem*",
    "__mem*",
    "str*",
    "__str*",
    "wcs*",
    "__wcs*",
    "bcopy",
    "bzero",
    "printf*",
    "vprintf*",
    "fprintf*",
    "vfprintf*",
    "snprintf*",
    "vsnprintf*",
    "sprintf*",
    "__vfprintf*",
    "fwrite",
    "fread",
    "qsort*",
    "bsearch",
    "compiler_builtins::*",
    "syscall",
    "__syscall*",
    "__futex*",
    "pthread_mutex_*",
    "__pthread_mutex_*",
    "pthread_cond_*",
    "__pthread_cond_*",
    "*nanosleep",
    "*epoll_wait",
    "*poll",
];

pub(crate) fn is_sentinel(trimmed: &str) -> bool {
    SENTINELS.iter().any(|pattern| matches(pattern, trimmed))
}

/// As [`is_machinery`](super::is_machinery), for a trimmed name.
pub(crate) fn is_machinery_trimmed(trimmed: &str) -> bool {
    is_sentinel(trimmed) || MACHINERY.iter().any(|pattern| matches(pattern, trimmed))
}

pub(crate) fn is_prefix(trimmed: &str) -> bool {
    is_standard_library(trimmed) || PREFIXES.iter().any(|pattern| matches(pattern, trimmed))
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
