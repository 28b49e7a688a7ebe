//! A dump of a real process: this test executable, run again, stopped in a place we know.

use std::io::{BufRead, BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use afterword_symbols::{Limits, ProcessedCrash, Sources, SymbolState, TextOptions, process};
use minidump_writer::minidump_writer::MinidumpWriterConfig;

/// Set for the process that is dumped.
pub(crate) const CHILD: &str = "AFTERWORD_SYMBOLS_TEST_CHILD";

#[inline(always)]
fn innermost(mut bit: u64) -> u64 {
    // Nothing in here is a call, so the processor is in this very function whenever it is stopped.
    while bit < 2 {
        bit ^= 1;
    }
    bit
}

/// The lines of the loop in [`innermost`].
const LOOP_LINES: std::ops::RangeInclusive<u32> = line!() - 7..=line!() - 5;

#[inline(never)]
fn spinning(depth: u64) -> u64 {
    if depth == 0 {
        return innermost(depth);
    }
    spinning(depth - 1) + 1
}

/// The line of the index that is out of bounds.
const INDEX_LINE: u32 = line!() + 4;

#[inline(never)]
fn indexing(list: &[u64], index: usize) -> u64 {
    list[index]
}

/// Not a test of its own: the process that [`dump_of`] looks at.
#[test]
fn child_process() {
    let Some(kind) = std::env::var_os(CHILD) else { return };
    let (started, wait) = std::sync::mpsc::channel();
    let painter = std::thread::Builder::new().name("painter".to_owned());
    let _painter = painter.spawn(move || {
        started.send(()).unwrap();
        loop {
            std::thread::park();
        }
    });
    wait.recv().unwrap();
    let spin = || {
        print_thread();
        spinning(3)
    };
    if kind == "panic" {
        std::panic::set_hook(Box::new(move |_| assert_ne!(spin(), 0)));
        println!("{}", indexing(&[1, 2, 3], std::hint::black_box(7)));
    }
    println!("{}", spin());
}

/// Tells [`dump_of`] which thread it is.
pub(crate) fn print_thread() {
    let thread = std::fs::read_link("/proc/thread-self").unwrap();
    println!("\nspinning in thread {}", thread.file_name().unwrap().to_str().unwrap());
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The dump of a child that spins, made once.
pub(crate) fn dumped() -> &'static [u8] {
    static DUMP: OnceLock<Vec<u8>> = OnceLock::new();
    DUMP.get_or_init(|| dump_of("live::child_process", "spin"))
}

/// The dump of this executable running a test of its own as its child.
pub(crate) fn dump_of(test: &str, kind: &str) -> Vec<u8> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    command.env(CHILD, kind).stdout(Stdio::piped());
    let mut child = Killed(command.spawn().unwrap());
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut threads = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("spinning in thread ")?.parse().ok());
    let pid = i32::try_from(child.0.id()).unwrap();
    let thread = threads.next().expect("the child says which thread it spins in");
    wait_until_spinning(pid, thread);
    let mut dump = Cursor::new(Vec::new());
    MinidumpWriterConfig::new(pid, thread).write(&mut dump).unwrap();
    dump.into_inner()
}

/// The child says so before it spins: wait until the thread has used processor time since.
fn wait_until_spinning(pid: i32, thread: i32) {
    let used_ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap()
    };
    let (before, deadline) = (used_ticks(), Instant::now() + Duration::from_secs(20));
    while used_ticks() < before + 3 {
        assert!(Instant::now() < deadline, "the child does not spin");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn local() -> Sources {
    Sources {
        local_files: true,
        ..Sources::default()
    }
}

fn processed(sources: &Sources) -> ProcessedCrash {
    process(dumped(), sources, &Limits::default()).unwrap()
}

pub(crate) fn executable() -> PathBuf {
    std::env::current_exe().unwrap().canonicalize().unwrap()
}

/// Sources that find the executable's folder at `folder` instead.
fn moved_to(folder: &Path) -> Sources {
    let from = executable().parent().unwrap().to_str().unwrap().to_owned();
    Sources {
        path_map: vec![(from, folder.to_owned())],
        ..local()
    }
}

fn objcopy(arguments: &[&std::ffi::OsStr]) -> bool {
    let status = Command::new("objcopy").args(arguments).status();
    match status {
        Ok(status) => {
            assert!(status.success());
            true
        }
        Err(_) => {
            eprintln!("skipped: there is no objcopy");
            false
        }
    }
}

#[test]
fn the_frames_of_a_real_process_are_named_down_to_the_line() {
    let crash = processed(&local());
    println!("{}", crash.to_text(&TextOptions::default()));
    let frames = &crash
        .crashed_thread()
        .expect("the thread we asked for is in the dump")
        .frames;

    assert_eq!(
        frames[0].function.as_deref(),
        Some("innermost"),
        "bare, since line tables have no more"
    );
    assert!(frames[0].inline);
    assert!(
        frames[0].file.as_deref().unwrap().ends_with("tests/it/live.rs"),
        "{:?}",
        frames[0].file
    );
    assert!(LOOP_LINES.contains(&frames[0].line.unwrap()), "{:?}", frames[0].line);
    assert_eq!(frames[0].trust, "context");

    assert_eq!(frames[1].function.as_deref(), Some("it::live::spinning"));
    assert!(!frames[1].inline);
    assert_eq!(frames[1].instruction, frames[0].instruction);
    for caller in &frames[2..5] {
        assert_eq!(caller.function.as_deref(), Some("it::live::spinning"));
        assert_eq!(caller.trust, "cfi");
        assert!(caller.line.unwrap() > frames[1].line.unwrap());
    }
    assert_eq!(
        frames[5].function.as_deref(),
        Some("it::live::child_process::{{closure}}")
    );
    assert_eq!(frames[6].function.as_deref(), Some("it::live::child_process"));
    assert!(frames[..7].iter().all(|frame| frame.in_app));
    assert_eq!(crash.top_app_frame(), Some(&frames[0]));
    assert_eq!(crash.signature, "innermost");
}

#[test]
fn every_thread_is_unwound_to_its_very_beginning() {
    let crash = processed(&local());
    let names = |thread: &afterword_symbols::Thread| -> Vec<String> {
        thread
            .frames
            .iter()
            .filter_map(|frame| frame.function.clone())
            .collect()
    };
    let main = crash
        .threads
        .iter()
        .find(|thread| Some(thread.id) == crash.process_id)
        .unwrap();
    let position = |name: &str| names(main).iter().position(|function| function == name);
    assert!(
        position("it::main") < position("std::rt::lang_start_internal"),
        "{:?}",
        names(main)
    );
    assert!(
        position("std::rt::lang_start_internal") < position("main"),
        "{:?}",
        names(main)
    );
    assert!(position("main").is_some());

    let painter = crash
        .threads
        .iter()
        .find(|thread| thread.name.as_deref() == Some("painter"))
        .unwrap();
    assert!(
        names(painter).iter().any(|name| name.contains("park")),
        "{:?}",
        names(painter)
    );
    assert!(
        names(painter).contains(&"it::live::child_process::{{closure}}".to_owned()),
        "{:?}",
        names(painter)
    );
    for thread in &crash.threads {
        assert_eq!(thread.note, None);
        let callers = thread.frames.iter().filter(|frame| frame.trust != "context");
        callers.for_each(|frame| assert_eq!(frame.trust, "cfi", "{frame:?}"));
        assert!(thread.registers.contains_key("rsp") || thread.registers.contains_key("sp"));
    }
    let shim = main
        .frames
        .iter()
        .find(|frame| frame.function.as_deref() == Some("main"))
        .unwrap();
    assert!(!shim.in_app, "the main that rustc makes is nobody's code");
}

#[test]
fn a_panic_is_blamed_on_who_panicked_not_on_the_hook() {
    let crash = process(&dump_of("live::child_process", "panic"), &local(), &Limits::default()).unwrap();
    println!("{}", crash.to_text(&TextOptions::brief()));
    let innermost = &crash.crashed_thread().unwrap().frames[0];
    assert_eq!(
        innermost.function.as_deref(),
        Some("innermost"),
        "the hook is what runs"
    );
    assert_eq!(crash.signature, "it::live::indexing");
    let top = crash.top_app_frame().unwrap();
    assert_eq!(top.function.as_deref(), Some("it::live::indexing"));
    assert_eq!(top.line, Some(INDEX_LINE));
}

#[test]
fn all_threads_share_one_budget_of_frames() {
    let mut limits = Limits::default();
    limits.frames = 5;
    let crash = process(dumped(), &local(), &limits).unwrap();
    let physical = crash
        .threads
        .iter()
        .flat_map(|thread| &thread.frames)
        .filter(|frame| !frame.inline);
    assert_eq!(physical.count(), 5);
    assert!(crash.threads.iter().all(|thread| thread.note.is_some()));
    assert!(!crash.crashed_thread().unwrap().frames.is_empty());
}

#[test]
fn another_build_at_the_same_path_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let impostor = folder.path().join(executable().file_name().unwrap());
    std::fs::copy("/bin/true", &impostor).unwrap();
    let crash = processed(&moved_to(folder.path()));
    assert_eq!(crash.modules[0].symbols, SymbolState::Mismatched);
    assert_eq!(crash.modules[0].symbol_file.as_deref(), Some(&*impostor));
    assert_eq!(crash.crashed_thread().unwrap().frames[0].function, None);
    assert!(
        crash.soft_errors.iter().any(|error| error.contains("not the build")),
        "{:?}",
        crash.soft_errors
    );
}

#[test]
fn a_file_that_is_gone_or_broken_is_told() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        processed(&moved_to(folder.path())).modules[0].symbols,
        SymbolState::Missing
    );
    std::fs::write(
        folder.path().join(executable().file_name().unwrap()),
        b"\x7fELF but not really",
    )
    .unwrap();
    assert_eq!(
        processed(&moved_to(folder.path())).modules[0].symbols,
        SymbolState::Unreadable
    );
}

#[test]
fn a_stripped_file_is_completed_by_its_debug_file() {
    let folder = tempfile::tempdir().unwrap();
    let name = executable().file_name().unwrap().to_owned();
    let (stripped, debug) = (
        folder.path().join(&name),
        folder.path().join(".debug").join("split.debug"),
    );
    std::fs::create_dir(folder.path().join(".debug")).unwrap();
    let linked = {
        let mut option = std::ffi::OsString::from("--add-gnu-debuglink=");
        option.push(&debug);
        option
    };
    let full = executable();
    if !objcopy(&[
        "--only-keep-debug".as_ref(),
        "--compress-debug-sections".as_ref(),
        full.as_ref(),
        debug.as_ref(),
    ]) {
        return;
    }
    objcopy(&["--strip-all".as_ref(), full.as_ref(), stripped.as_ref()]);

    let bare = processed(&moved_to(folder.path()));
    assert_eq!(bare.modules[0].symbols, SymbolState::NamesOnly);
    assert_ne!(
        bare.crashed_thread().unwrap().frames[0].function.as_deref(),
        Some("innermost")
    );

    objcopy(&[&*linked, stripped.as_ref()]);
    let complete = processed(&moved_to(folder.path()));
    assert_eq!(complete.modules[0].symbols, SymbolState::Loaded);
    assert_eq!(complete.modules[0].symbol_file.as_deref(), Some(&*debug));
    let (with_debug_file, with_all) = (complete.crashed_thread().unwrap(), processed(&local()));
    assert_eq!(with_debug_file.frames, with_all.crashed_thread().unwrap().frames);
}

#[test]
fn a_deep_stack_is_cut_and_says_so() {
    let mut limits = Limits::default();
    limits.frames_per_thread = 3;
    let crash = process(dumped(), &local(), &limits).unwrap();
    let thread = crash.crashed_thread().unwrap();
    assert_eq!(thread.frames.len(), 4, "three, and one inlined");
    assert_eq!(thread.note.as_deref(), Some("unwinding stopped after 3 frames"));
}

#[test]
fn time_runs_out_and_it_says_so() {
    let mut limits = Limits::default();
    limits.time = Duration::ZERO;
    let crash = process(dumped(), &local(), &limits).unwrap();
    let note = crash.crashed_thread().unwrap().note.as_deref();
    assert_eq!(note, Some("unwinding took too long and was stopped"));
}

#[test]
fn a_real_dump_cut_off_anywhere_never_panics() {
    let dump = dumped();
    for step in 0..200 {
        let length = dump.len() * step / 200;
        let outcome = process(&dump[..length], &Sources::default(), &Limits::default());
        assert!(
            !matches!(outcome, Err(afterword_symbols::Error::Reader { .. })),
            "cut at {length}: {outcome:?}"
        );
    }
}
