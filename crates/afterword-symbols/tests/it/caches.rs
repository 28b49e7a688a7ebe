//! Dumps named and unwound by caches: made of Breakpad symbols, of an executable, of its debug file, of sources.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use afterword_symbols::caches::{
    CacheFile, Caches, ModuleCaches, make_cfi_cache, make_symcache, objects, write_source_bundle,
};
use afterword_symbols::{Frame, Limits, Module, ProcessedCrash, Sources, SymbolState, modules, process_with_caches};

use crate::fixtures;

/// Caches by debug id, and how often somebody asked.
#[derive(Default)]
struct Made {
    by_debug_id: HashMap<String, ModuleCaches>,
    asked: AtomicUsize,
}

impl Caches for Made {
    fn caches_of(&self, module: &Module) -> ModuleCaches {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found = module.debug_id.as_ref().and_then(|id| self.by_debug_id.get(id));
        found.cloned().unwrap_or_default()
    }
}

fn symcache(file: &[u8]) -> CacheFile {
    let mut bytes = Vec::new();
    make_symcache(file, 0, &mut bytes).unwrap();
    CacheFile::from_bytes(bytes)
}

fn cfi(file: &[u8]) -> CacheFile {
    let mut bytes = Vec::new();
    assert!(make_cfi_cache(file, 0, &mut bytes).unwrap(), "there are rules");
    CacheFile::from_bytes(bytes)
}

fn made(of: &[u8], caches: ModuleCaches) -> Made {
    let id = objects(of).unwrap().remove(0).debug_id;
    Made {
        by_debug_id: HashMap::from([(id, caches)]),
        ..Made::default()
    }
}

fn processed(dump: &[u8], caches: &Made) -> ProcessedCrash {
    process_with_caches(dump, &Sources::default(), caches, &Limits::default()).unwrap()
}

fn named(frames: &[Frame]) -> Vec<String> {
    let seen = |frame: &Frame| format!("{:?} {:?} {:?} {}", frame.function, frame.file, frame.line, frame.trust);
    frames.iter().map(seen).collect()
}

#[test]
fn a_windows_dump_is_named_by_the_symcache_of_a_breakpad_file() {
    let (Some(dump), Some(folder)) = (fixtures::dump("windows-x86-test-app.dmp"), fixtures::fixtures()) else {
        return;
    };
    let file = folder.join("symbols/test_app.pdb/5A9832E5287241C1838ED98914E9B7FF1/test_app.sym");
    let file = std::fs::read(file).unwrap();
    let found = objects(&file).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].format, found[0].arch, found[0].debug_id.as_str()),
        ("breakpad", "x86", "5a9832e5-2872-41c1-838e-d98914e9b7ff-1")
    );
    assert_eq!(found[0].name.as_deref(), Some("test_app.pdb"));
    assert!(found[0].has("debug") && found[0].has("unwind"));

    let listed = modules(&dump, &Limits::default()).unwrap();
    assert_eq!(listed[0].name, "test_app.exe");
    assert_eq!(listed[0].debug_id.as_deref(), Some(found[0].debug_id.as_str()));

    let caches = ModuleCaches {
        symcache: Some(symcache(&file)),
        cfi: Some(cfi(&file)),
        ..ModuleCaches::default()
    };
    let caches = made(&file, caches);
    let crash = processed(&dump, &caches);
    let by_breakpad = fixtures::windows_app(&fixtures::breakpad()).unwrap();
    assert_eq!(
        named(&crash.crashed_thread().unwrap().frames),
        named(&by_breakpad.crashed_thread().unwrap().frames)
    );
    assert_eq!(crash.signature, "`anonymous namespace'::CrashFunction");
    assert_eq!(crash.modules[0].symbols, SymbolState::Loaded);
    let of = |name: &str| crash.modules.iter().find(|module| module.name == name).unwrap().symbols;
    assert_eq!(
        (of("kernel32.dll"), of("version.dll")),
        (SymbolState::Missing, SymbolState::NotNeeded)
    );
    let needed = crash
        .modules
        .iter()
        .filter(|module| module.symbols != SymbolState::NotNeeded);
    assert_eq!(
        caches.asked.load(Ordering::Relaxed),
        needed.count(),
        "once each, and only for these"
    );
}

#[test]
fn what_is_no_cache_is_told_and_does_no_harm() {
    let Some(dump) = fixtures::dump("windows-x86-test-app.dmp") else {
        return;
    };
    let id = modules(&dump, &Limits::default()).unwrap()[0].debug_id.clone().unwrap();
    let garbage = || Some(CacheFile::from_bytes(b"SYMC but no more".repeat(9)));
    let caches = ModuleCaches {
        symcache: garbage(),
        cfi: garbage(),
        sources: garbage(),
        unreadable: false,
    };
    let caches = Made {
        by_debug_id: HashMap::from([(id, caches)]),
        ..Made::default()
    };
    let crash = processed(&dump, &caches);
    assert_eq!(crash.modules[0].symbols, SymbolState::Unreadable);
    assert_eq!(crash.signature, "test_app.exe@0x429e");
}

#[test]
fn a_debug_file_cut_off_or_damaged_anywhere_never_panics() {
    let mut files = vec![std::fs::read("/bin/true").unwrap_or_default()];
    files.extend(fixtures::fixtures().map(|folder| {
        std::fs::read(folder.join("symbols/test_app.pdb/5A9832E5287241C1838ED98914E9B7FF1/test_app.sym")).unwrap()
    }));
    for file in files {
        let try_all = |bytes: &[u8]| {
            for outcome in [
                objects(bytes).map(|_| ()),
                make_symcache(bytes, 0, std::io::sink()),
                make_cfi_cache(bytes, 0, std::io::sink()).map(|_| ()),
            ] {
                if let Err(error) = outcome {
                    assert!(!error.to_string().contains("unexpectedly"), "{error}");
                }
            }
        };
        for step in 0..40 {
            try_all(&file[..file.len() * step / 40]);
        }
        for at in (0..file.len().min(1024)).step_by(8) {
            let mut damaged = file.clone();
            damaged[at] ^= 0xff;
            try_all(&damaged);
        }
    }
    for bytes in [&b""[..], b"\x7fELF", b"hello", b"SYSB\x02\0\0\0not a zip"] {
        assert!(objects(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_source_bundle_whose_manifest_unpacks_to_anything_is_refused() {
    use std::io::Write;
    let mut start = Cursor::new(Vec::new());
    start.write_all(b"SYSB\x02\0\0\0").unwrap();
    let mut bundle = zip::ZipWriter::new(start);
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    bundle.start_file("manifest.json", options).unwrap();
    for _ in 0..65 {
        bundle.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bundle = bundle.finish().unwrap().into_inner();
    assert!(bundle.len() < 1 << 20);
    let error = objects(&bundle).unwrap_err();
    assert!(error.to_string().contains("manifest is larger"), "{error}");
}

/// Compares with what the executable itself gives on this machine.
#[cfg(target_os = "linux")]
mod linux {
    use afterword_symbols::{Sources, process};

    use super::*;
    use crate::live::{dumped, executable};

    fn local() -> ProcessedCrash {
        let sources = Sources {
            local_files: true,
            ..Sources::default()
        };
        process(dumped(), &sources, &Limits::default()).unwrap()
    }

    #[test]
    fn an_executables_caches_name_and_unwind_as_the_executable_itself() {
        let file = std::fs::read(executable()).unwrap();
        let caches = ModuleCaches {
            symcache: Some(symcache(&file)),
            cfi: Some(cfi(&file)),
            ..ModuleCaches::default()
        };
        let crash = processed(dumped(), &made(&file, caches));
        assert_eq!(crash.modules[0].symbols, SymbolState::Loaded);
        let (cached, local) = (crash.crashed_thread().unwrap(), local());
        let local = local.crashed_thread().unwrap();
        // The executable's frames; the outermost are the C library's, of which there is no cache here.
        let own = local
            .frames
            .iter()
            .take_while(|frame| frame.module == local.frames[0].module)
            .count();
        assert!(own > 10, "{own}");
        let bare = |frame: &Frame| {
            (
                frame.function.clone(),
                frame.line,
                frame.inline,
                frame.instruction,
                frame.in_app,
            )
        };
        let both = cached.frames.iter().zip(&local.frames).take(own);
        for (index, (cached, local)) in both.enumerate() {
            assert_eq!(cached.trust, local.trust, "{index}");
            assert_eq!(
                (bare(cached).1, bare(cached).2, bare(cached).3),
                (bare(local).1, bare(local).2, bare(local).3)
            );
        }
        for at in [1, 2, 3, 5, 6] {
            assert_eq!(bare(&cached.frames[at]), bare(&local.frames[at]), "{at}");
        }
        assert!(cached.frames[0].function.as_deref().unwrap().ends_with("innermost"));
        assert!(cached.frames[0].file.as_deref().unwrap().ends_with("tests/it/live.rs"));
    }

    #[test]
    fn a_stripped_file_and_its_debug_file_complete_each_other_with_sources() {
        let folder = tempfile::tempdir().unwrap();
        let (stripped, debug) = (folder.path().join("app"), folder.path().join("app.debug"));
        let objcopy = |arguments: &[&std::ffi::OsStr]| Command::new("objcopy").args(arguments).status();
        let Ok(status) = objcopy(&["--only-keep-debug".as_ref(), executable().as_ref(), debug.as_ref()]) else {
            eprintln!("skipped: there is no objcopy");
            return;
        };
        assert!(status.success());
        assert!(
            objcopy(&["--strip-all".as_ref(), executable().as_ref(), stripped.as_ref()])
                .unwrap()
                .success()
        );
        let read = |path: &Path| std::fs::read(path).unwrap();
        let (stripped, debug) = (read(&stripped), read(&debug));
        let (of_code, of_debug) = (
            objects(&stripped).unwrap().remove(0),
            objects(&debug).unwrap().remove(0),
        );
        assert_eq!(of_code.debug_id, of_debug.debug_id);
        assert_eq!(of_code.code_id, of_debug.code_id);
        assert!(of_code.has("unwind") && !of_code.has("debug"), "{:?}", of_code.features);
        assert!(
            of_debug.has("debug") && of_debug.has("symtab"),
            "{:?}",
            of_debug.features
        );
        assert_eq!(
            (of_code.kind, of_debug.kind),
            ("lib", "dbg"),
            "a position independent executable is a library"
        );

        let mut bundle = Cursor::new(Vec::new());
        assert!(write_source_bundle(&debug, 0, "app", &mut bundle).unwrap());
        let bundle = bundle.into_inner();
        let of_bundle = objects(&bundle).unwrap().remove(0);
        assert_eq!(
            (of_bundle.format, of_bundle.features.as_slice()),
            ("sourcebundle", &["sources"][..])
        );
        assert_eq!(of_bundle.debug_id, of_debug.debug_id);

        let caches = ModuleCaches {
            symcache: Some(symcache(&debug)),
            cfi: Some(cfi(&stripped)),
            sources: Some(CacheFile::from_bytes(bundle)),
            ..ModuleCaches::default()
        };
        let crash = processed(dumped(), &made(&stripped, caches));
        let frames = &crash.crashed_thread().unwrap().frames;
        let spinning = &frames[1];
        assert_eq!(spinning.function.as_deref(), Some("it::live::spinning"));
        assert!(
            spinning.context_line.as_deref().unwrap().contains("innermost(depth)"),
            "{spinning:?}"
        );
        assert!(spinning.pre_context.iter().any(|line| line.contains("fn spinning")));
        assert_eq!((spinning.pre_context.len(), spinning.post_context.len()), (5, 5));
        let of_std = frames
            .iter()
            .find(|frame| frame.file.as_deref().is_some_and(|file| file.starts_with("/rustc/")));
        assert_eq!(of_std.unwrap().context_line, None);

        // Without rules the walk is by guessing, and what is guessed must at least be a function.
        let names_only = ModuleCaches {
            symcache: Some(symcache(&debug)),
            ..ModuleCaches::default()
        };
        let guessed = processed(dumped(), &made(&stripped, names_only));
        assert!(
            guessed
                .crashed_thread()
                .unwrap()
                .frames
                .iter()
                .all(|frame| frame.trust != "cfi")
        );
    }

    #[test]
    fn a_giver_that_takes_its_time_does_not_use_up_the_walks() {
        struct Slow(Made);
        impl Caches for Slow {
            fn caches_of(&self, module: &Module) -> ModuleCaches {
                std::thread::sleep(std::time::Duration::from_millis(1500));
                self.0.caches_of(module)
            }
        }
        let file = std::fs::read(executable()).unwrap();
        let caches = ModuleCaches {
            symcache: Some(symcache(&file)),
            cfi: Some(cfi(&file)),
            ..ModuleCaches::default()
        };
        let slow = Slow(made(&file, caches));
        let mut limits = Limits::default();
        limits.time = std::time::Duration::from_millis(1400);
        let crash = process_with_caches(dumped(), &Sources::default(), &slow, &limits).unwrap();
        assert_eq!(crash.crashed_thread().unwrap().note, None);
    }
}
