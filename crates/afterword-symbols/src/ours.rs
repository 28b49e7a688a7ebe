//! Whose code it is: the application's, or the system's, the standard library's, another crate's.

use std::collections::HashSet;

use crate::Thread;
use crate::signature::{self, SignatureFrame};

/// Folders of the system, lower case, with `/`.
const SYSTEM_FOLDERS: &[&str] = &[
    "/lib/",
    "/lib64/",
    "/lib32/",
    "/libx32/",
    "/usr/lib/",
    "/usr/lib64/",
    "/usr/lib32/",
    "/usr/libx32/",
    "/usr/libexec/",
    "/system/",
    "/library/apple/",
    "/usr/lib/system/",
    "/gnu/store/",
    "/nix/store/",
    "/run/host/usr/lib/",
    "/snap/core",
    "linux-gate.so",
    "linux-vdso.so",
];

/// Whether a module is the application's: the executable, what lies beside or below it, and what is in no folder of the system.
pub(crate) fn is_app_module(path: &str, executable: &str) -> bool {
    if path == executable {
        return true;
    }
    let path = normal(path);
    if !is_of_system(&path) {
        return !path.is_empty();
    }
    // An application installed as /usr/lib/paint/paint brings its own libraries.
    let executable = normal(executable);
    let folder = executable.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_system_folder = SYSTEM_FOLDERS.iter().any(|system| format!("{folder}/") == *system);
    is_of_system(&executable)
        && !is_system_folder
        && path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn is_of_system(path: &str) -> bool {
    let windows = path
        .split_once(":/")
        .is_some_and(|(drive, rest)| drive.len() == 1 && rest.starts_with("windows/"));
    windows || path.starts_with("[") || SYSTEM_FOLDERS.iter().any(|folder| path.starts_with(folder))
}

fn normal(path: &str) -> String {
    path.replace('\\', "/").to_ascii_lowercase()
}

/// Whether a function in a module of the application was written for it, as far as its name and file tell.
pub(crate) fn is_app_function(function: Option<&str>, file: Option<&str>) -> bool {
    let frame = SignatureFrame {
        function,
        file,
        ..SignatureFrame::default()
    };
    let of_standard_library =
        function.is_some_and(|function| signature::is_standard_library(&signature::trim(function)));
    !frame.is_machinery() && !of_standard_library && !file.is_some_and(is_foreign_file)
}

/// Libraries linked into the application without debug information have names and no sources: where a module has sources
/// for some of the application's functions, a crate or namespace that has none is not the application's.
pub(crate) fn disown_libraries(threads: &mut [Thread]) {
    let mut with_source: HashSet<(String, String)> = HashSet::new();
    let mut modules_with_source: HashSet<String> = HashSet::new();
    let own = threads
        .iter()
        .flat_map(|thread| &thread.frames)
        .filter(|frame| frame.in_app);
    for frame in own.filter(|frame| frame.file.is_some()) {
        let module = frame.module.clone().unwrap_or_default();
        if let Some(function) = &frame.function {
            with_source.insert((module.clone(), crate_of(function).to_owned()));
        }
        modules_with_source.insert(module);
    }
    for frame in threads.iter_mut().flat_map(|thread| &mut thread.frames) {
        let module = frame.module.clone().unwrap_or_default();
        if !frame.in_app || frame.file.is_some() || !modules_with_source.contains(&module) {
            continue;
        }
        let name = frame.function.as_deref().map(crate_of).unwrap_or_default();
        frame.in_app = with_source.contains(&(module, name.to_owned()));
    }
}

/// `serde` of `serde::de::read` and of `<serde::de::Reader as …>::read`: a crate in Rust, a namespace in C++.
fn crate_of(function: &str) -> &str {
    let name = function.trim_start_matches(['<', '&', '*', '(']);
    let name = name.strip_prefix("dyn ").unwrap_or(name);
    name.split("::").next().unwrap_or(name)
}

/// A name without a path, completed from the file it is in: line tables alone have bare names for inlined functions, and
/// `do_call` in `/rustc/…/library/std/src/panicking.rs` is `std::panicking::do_call`. Only for files whose place tells the
/// crate: the standard library's and a registry's.
pub(crate) fn qualified(function: String, file: Option<&str>) -> String {
    let path = file.filter(|file| is_foreign_file(file)).and_then(module_path);
    match path {
        Some(path) if !function.starts_with('<') && !signature::trim(&function).contains("::") => {
            format!("{path}::{function}")
        }
        _ => function,
    }
}

/// `…/serde-1.0.0/src/de/mod.rs` → `serde::de`.
fn module_path(file: &str) -> Option<String> {
    let file = file.replace('\\', "/");
    let (folder, within) = file.strip_suffix(".rs")?.rsplit_once("/src/")?;
    let folder = folder.rsplit('/').next()?;
    let is_version = |rest: &str| {
        rest.split_once('.')
            .is_some_and(|(major, _)| major.parse::<u32>().is_ok())
    };
    let version = folder.match_indices('-').find(|(at, _)| is_version(&folder[at + 1..]));
    let name = version.map_or(folder, |(at, _)| &folder[..at]).replace('-', "_");
    let modules = within
        .split('/')
        .filter(|part| !matches!(*part, "lib" | "mod" | "main"));
    Some(
        std::iter::once(name.as_str())
            .chain(modules)
            .collect::<Vec<_>>()
            .join("::"),
    )
}

/// The standard library's sources as its builders or the tool chain's installer name them, crates from a registry, and the
/// C runtime.
pub(crate) fn is_foreign_file(file: &str) -> bool {
    let file = file.replace('\\', "/");
    ["/rustc/", "/rust/deps/"].iter().any(|start| file.starts_with(start))
        || is_of_c_runtime(&file.to_ascii_lowercase())
        || [
            "/.cargo/registry/",
            "/cargo/registry/src/",
            "/.cargo/git/checkouts/",
            "/cargo/git/checkouts/",
            "/lib/rustlib/src/rust/library/",
        ]
        .iter()
        .any(|part| file.contains(part))
}

/// Sources of glibc (which Debian builds in its own folder: `./nptl/pthread_kill.c`), musl and Microsoft's runtime
/// (`minkernel\crts\…`, `f:\dd\vctools\crt\…`). In lower case, with `/`.
fn is_of_c_runtime(file: &str) -> bool {
    const OF_GLIBC: &[&str] = &[
        "assert",
        "csu",
        "debug",
        "elf",
        "io",
        "libio",
        "malloc",
        "misc",
        "nptl",
        "posix",
        "setjmp",
        "signal",
        "stdio-common",
        "stdlib",
        "string",
        "time",
        "wcsmbs",
    ];
    let folder = file.strip_prefix("./").and_then(|rest| rest.split('/').next());
    let is_c = [".c", ".h", ".s"].iter().any(|end| file.ends_with(end));
    let marks = [
        "/sysdeps/",
        "/glibc-",
        "/glibc/",
        "/musl-",
        "/musl/",
        "/vctools/crt",
        "/crts/ucrt/",
        "/crts/crtw32/",
    ];
    (is_c && folder.is_some_and(|folder| OF_GLIBC.contains(&folder)))
        || marks.iter().any(|mark| file.contains(mark))
        || file.starts_with("minkernel/crts/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_runtime_is_known_by_its_sources() {
        for file in [
            "./nptl/pthread_kill.c",
            "./signal/../sysdeps/posix/raise.c",
            "../sysdeps/unix/sysv/linux/x86_64/clone3.S",
            "/usr/src/debug/glibc-2.38/stdlib/abort.c",
            "f:\\sp\\vctools\\crt_bld\\self_x86\\crt\\src\\crt0.c",
            "minkernel\\crts\\ucrt\\src\\appcrt\\heap\\free.cpp",
        ] {
            assert!(is_foreign_file(file), "{file}");
        }
        for file in [
            "src/io/file.rs",
            "./io/file.rs",
            "./src/string.c",
            "string/find.c",
            "/home/a/time/clock.c",
        ] {
            assert!(!is_foreign_file(file), "{file}");
        }
    }

    #[test]
    fn a_crate_without_sources_is_not_the_applications_where_the_application_has_some() {
        use crate::Frame;
        let frame = |function: &str, file: Option<&str>| Frame {
            function: Some(function.to_owned()),
            file: file.map(str::to_owned),
            module: Some("paint".to_owned()),
            in_app: true,
            ..Frame::default()
        };
        let frames = vec![
            frame("<paint::App as eframe::App>::ui", Some("/src/app.rs")),
            frame("egui::context::Context::run", None),
            frame("<paint::Brush as egui::Widget>::ui", None),
        ];
        let mut threads = [Thread {
            frames,
            ..Thread::default()
        }];
        disown_libraries(&mut threads);
        let in_app: Vec<bool> = threads[0].frames.iter().map(|frame| frame.in_app).collect();
        assert_eq!(in_app, [true, false, true]);

        let mut without_debug_information = [Thread {
            frames: vec![frame("paint::main", None)],
            ..Thread::default()
        }];
        disown_libraries(&mut without_debug_information);
        assert!(
            without_debug_information[0].frames[0].in_app,
            "where there are no sources at all, nothing is known"
        );
    }

    #[test]
    fn the_application_is_told_from_the_system() {
        let table = [
            ("/opt/paint/paint", "/opt/paint/paint", true),
            ("/opt/paint/libbrush.so", "/opt/paint/paint", true),
            ("/usr/lib/x86_64-linux-gnu/libc.so.6", "/opt/paint/paint", false),
            ("/usr/bin/paint", "/usr/bin/paint", true),
            ("/usr/lib/paint/paint", "/usr/lib/paint/paint", true),
            ("/usr/lib/paint/libbrush.so", "/usr/lib/paint/paint", true),
            ("/usr/lib/painter/libx.so", "/usr/lib/paint/paint", false),
            ("/usr/lib/libz.so", "/usr/lib/odd", false),
            ("C:\\Windows\\System32\\ntdll.dll", "C:\\paint\\paint.exe", false),
            ("C:\\paint\\brush.dll", "C:\\paint\\paint.exe", true),
            ("linux-gate.so", "/opt/paint/paint", false),
            ("[vdso]", "/opt/paint/paint", false),
            ("", "/opt/paint/paint", false),
        ];
        for (path, executable, expected) in table {
            assert_eq!(is_app_module(path, executable), expected, "{path} of {executable}");
        }
    }

    #[test]
    fn bare_names_are_completed_from_their_file() {
        let table = [
            (
                "do_call<F, R>",
                "/rustc/abc/library/std/src/panicking.rs",
                "std::panicking::do_call<F, R>",
            ),
            (
                "get",
                "/root/.cargo/registry/src/index-1/smol-str-2-0.3.1/src/lib.rs",
                "smol_str_2::get",
            ),
            (
                "find",
                "/rust/deps/hashbrown-0.15.5/src/raw/mod.rs",
                "hashbrown::raw::find",
            ),
            ("a::b", "/rustc/abc/library/std/src/panicking.rs", "a::b"),
            ("<A as B>::c", "/rustc/abc/library/std/src/panicking.rs", "<A as B>::c"),
            ("draw", "/home/anna/paint/src/brush.rs", "draw"),
        ];
        for (name, file, expected) in table {
            assert_eq!(qualified(name.to_owned(), Some(file)), expected);
        }
    }

    #[test]
    fn functions_of_the_standard_library_and_of_crates_are_not_ours() {
        let home = "/home/a/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/serde-1.0.0/src/lib.rs";
        let table = [
            (Some("app::main"), Some("src/main.rs"), true),
            (Some("app::main"), None, true),
            (None, None, true),
            (Some("core::fmt::write"), None, false),
            (Some("serde::de::f"), Some(home), false),
            (
                Some("app::f"),
                Some("/rustc/abc/library/core/src/ops/function.rs"),
                false,
            ),
            (Some("std::panicking::begin_panic_handler"), None, false),
            (Some("<app::A as core::fmt::Debug>::fmt"), None, true),
        ];
        for (function, file, expected) in table {
            assert_eq!(is_app_function(function, file), expected, "{function:?} {file:?}");
        }
    }
}
