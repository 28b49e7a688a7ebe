//! Dumps made here, byte by byte and without the reader's own structures: whole ones, and ones that no writer would write.
//! (`minidumpapiset.h`.)

use std::error::Error as _;
use std::time::{Duration, Instant};

use afterword_symbols::{Error, HexAddr, Limits, ProcessedCrash, Sources, TextOptions, process};

const HEADER_BYTES: usize = 32;

const THREADS: u32 = 3;
const MODULES: u32 = 4;
const EXCEPTION: u32 = 6;
const SYSTEM: u32 = 7;
const MEMORY: u32 = 5;
const THREAD_NAMES: u32 = 24;
const CRASHPAD: u32 = 0x4350_0001;

const STACK: u64 = 0x7ffd_0000_0000;
const APP: u64 = 0x55aa_0000_0000;

/// A dump being put together: header, streams with what they point to, and at last the directory.
struct Dump {
    bytes: Vec<u8>,
    /// Kind, size and place of each stream.
    directory: Vec<[u32; 3]>,
}

impl Dump {
    fn new() -> Self {
        Self {
            bytes: vec![0; HEADER_BYTES],
            directory: Vec::new(),
        }
    }

    fn place(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap()
    }

    /// Adds bytes that something points to; where they are.
    fn add(&mut self, bytes: &[u8]) -> u32 {
        let place = self.place();
        self.bytes.extend_from_slice(bytes);
        place
    }

    fn stream(&mut self, kind: u32, bytes: &[u8]) {
        let place = self.add(bytes);
        self.directory.push([kind, u32::try_from(bytes.len()).unwrap(), place]);
    }

    /// MINIDUMP_STRING.
    fn text(&mut self, text: &str) -> u32 {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let size = u32::try_from(units.len()).unwrap();
        self.add(&[&size.to_le_bytes()[..], &units, &[0, 0]].concat())
    }

    /// Linux on x86-64.
    fn system(&mut self, version: &str) {
        let version = self.text(version);
        let mut system = vec![0; 56];
        put(&mut system, 0, &9u16.to_le_bytes());
        put(&mut system, 20, &0x8201u32.to_le_bytes());
        put(&mut system, 24, &version.to_le_bytes());
        self.stream(SYSTEM, &system);
    }

    /// Modules of 64 KiB each, one behind the other.
    fn modules(&mut self, names: &[&str]) {
        let names: Vec<u32> = names.iter().map(|name| self.text(name)).collect();
        let mut list = u32::try_from(names.len()).unwrap().to_le_bytes().to_vec();
        for (index, name) in (0u64..).zip(names) {
            let mut module = vec![0; 108];
            put(&mut module, 0, &(APP + index * 0x1_0000).to_le_bytes());
            put(&mut module, 8, &0x1_0000u32.to_le_bytes());
            put(&mut module, 20, &name.to_le_bytes());
            list.extend(module);
        }
        self.stream(MODULES, &list);
    }

    /// One thread in the first module, its stack, and its exception with this signal and code.
    fn thread(&mut self, stack: &[u8], name: &str, signal: u32, code: i32) {
        let mut context = vec![0; 1232];
        put(&mut context, 48, &0x10_000fu32.to_le_bytes());
        put(&mut context, 152, &STACK.to_le_bytes());
        put(&mut context, 160, &STACK.to_le_bytes());
        put(&mut context, 248, &(APP + 0x123).to_le_bytes());
        let (context_at, stack_at) = (self.add(&context), self.add(stack));
        let location = |bytes: &[u8], at: u32| [u32::try_from(bytes.len()).unwrap(), at].map(u32::to_le_bytes).concat();
        let memory = [&STACK.to_le_bytes()[..], &location(stack, stack_at)].concat();

        let mut thread = vec![0; 48];
        put(&mut thread, 0, &7u32.to_le_bytes());
        put(&mut thread, 24, &memory);
        put(&mut thread, 40, &location(&context, context_at));
        self.stream(THREADS, &[&1u32.to_le_bytes()[..], &thread].concat());
        self.stream(MEMORY, &[&1u32.to_le_bytes()[..], &memory].concat());

        let mut exception = vec![0; 168];
        put(&mut exception, 0, &7u32.to_le_bytes());
        put(&mut exception, 8, &signal.to_le_bytes());
        put(&mut exception, 12, &code.to_le_bytes());
        put(&mut exception, 160, &location(&context, context_at));
        self.stream(EXCEPTION, &exception);

        let name = u64::from(self.text(name));
        self.stream(
            THREAD_NAMES,
            &[&1u32.to_le_bytes()[..], &7u32.to_le_bytes(), &name.to_le_bytes()].concat(),
        );
    }

    /// Text as Crashpad writes it: `<bytes: u32> <UTF-8> <NUL>`.
    fn utf8(&mut self, text: &str) -> u32 {
        let size = u32::try_from(text.len()).unwrap();
        self.add(&[&size.to_le_bytes()[..], text.as_bytes(), &[0]].concat())
    }

    /// Words behind their count; where they are, and their size before it.
    fn counted(&mut self, count: usize, words: &[u32]) -> [u8; 8] {
        let mut bytes = u32::try_from(count).unwrap().to_le_bytes().to_vec();
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        let place = self.add(&bytes);
        put8([u32::try_from(bytes.len()).unwrap(), place])
    }

    /// Annotations of the process and of the first module: a list, a dictionary and an object.
    fn annotations(&mut self, key: &str, value: &str, times: usize) {
        let (key, value) = (self.utf8(key), self.utf8(value));
        let pairs = vec![[key, value]; times].concat();
        let simple = self.counted(times, &pairs);
        let list = self.counted(1, &[value]);
        let object = self.utf8("object");
        let objects = self.counted(1, &[object, 1, value]);
        let module = self.add(&[&1u32.to_le_bytes()[..], &list, &simple, &objects].concat());
        let links = self.counted(1, &[0, 28, module]);
        let mut info = vec![0; 36];
        put(&mut info, 0, &1u32.to_le_bytes());
        info.extend(simple);
        info.extend(links);
        self.stream(CRASHPAD, &info);
    }

    fn finish(mut self) -> Vec<u8> {
        let directory: Vec<u8> = self
            .directory
            .iter()
            .flatten()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        let place = self.add(&directory);
        put(&mut self.bytes, 0, b"MDMP\x93\xa7\0\0");
        put(
            &mut self.bytes,
            8,
            &u32::try_from(self.directory.len()).unwrap().to_le_bytes(),
        );
        put(&mut self.bytes, 12, &place.to_le_bytes());
        put(&mut self.bytes, 20, &1_800_000_000u32.to_le_bytes());
        self.bytes
    }
}

fn put8(words: [u32; 2]) -> [u8; 8] {
    (u64::from(words[0]) | u64::from(words[1]) << 32).to_le_bytes()
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// A dump of an application that crashed in its only thread.
fn whole() -> Dump {
    let mut dump = Dump::new();
    dump.system("Linux 6.1.0");
    dump.modules(&["/opt/paint/paint"]);
    dump.thread(&[0; 256], "main", 11, 1);
    dump
}

fn read(dump: &[u8]) -> Result<ProcessedCrash, Error> {
    let started = Instant::now();
    let outcome = process(dump, &Sources::default(), &Limits::default());
    assert!(started.elapsed() < Duration::from_secs(10));
    outcome
}

/// What is said of a dump that cannot be read, with the cause.
fn refused(dump: &[u8]) -> String {
    let error = read(dump).unwrap_err();
    assert!(!matches!(error, Error::Reader { .. }), "{error}");
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Where the directory says a stream is.
fn place_of(dump: &[u8], kind: u32) -> usize {
    let word = |at: usize| u32::from_le_bytes(dump[at..at + 4].try_into().unwrap());
    let (count, directory) = (word(8) as usize, word(12) as usize);
    let entry = (0..count)
        .map(|index| directory + index * 12)
        .find(|at| word(*at) == kind);
    word(entry.unwrap() + 8) as usize
}

#[test]
fn a_whole_dump_is_read() {
    let crash = read(&whole().finish()).unwrap();
    assert_eq!(crash.signature, "paint@0x123");
    assert_eq!(crash.reason.name, "SIGSEGV / SEGV_MAPERR");
    assert_eq!(crash.reason.address, Some(HexAddr(0)), "a null pointer");
    let thread = crash.crashed_thread().unwrap();
    assert_eq!((thread.id, thread.name.as_deref()), (7, Some("main")));
    assert_eq!(crash.soft_errors, [""; 0]);
    assert!(
        crash
            .to_text(&TextOptions::default())
            .contains("Thread 7 \"main\" crashed")
    );
}

#[test]
fn a_general_protection_fault_is_not_called_a_null_pointer() {
    let mut dump = Dump::new();
    dump.system("Linux 6.1.0");
    dump.modules(&["/opt/paint/paint"]);
    dump.thread(&[0; 256], "main", 11, 0x80);
    let crash = read(&dump.finish()).unwrap();
    assert_eq!(crash.reason.name, "SIGSEGV / SI_KERNEL");
    assert_eq!(crash.reason.address, None);
}

#[test]
fn another_magic_is_no_dump() {
    let mut dump = whole().finish();
    put(&mut dump, 0, b"ELF?");
    assert_eq!(
        refused(&dump),
        "could not read the minidump's header and directory: Header mismatch"
    );
}

#[test]
fn a_stream_outside_of_the_dump_is_not_read() {
    for kind in [SYSTEM, THREADS] {
        for place in [u32::MAX, u32::MAX - 8, 1 << 30] {
            let mut dump = whole();
            let entry = dump.directory.iter_mut().find(|entry| entry[0] == kind).unwrap();
            entry[2] = place;
            let words = refused(&dump.finish());
            assert!(words.starts_with("could not read the minidump's "), "{words}");
        }
    }
    for kind in [MODULES, MEMORY, EXCEPTION, THREAD_NAMES] {
        let mut dump = whole();
        dump.directory.iter_mut().find(|entry| entry[0] == kind).unwrap()[2] = u32::MAX;
        let crash = read(&dump.finish()).unwrap();
        assert_eq!(crash.threads.len(), 1, "the rest is read without stream {kind}");
    }
}

#[test]
fn counts_that_cannot_be_are_refused_before_anything_is_made_for_them() {
    for (kind, words) in [
        (THREADS, "the minidump's thread list claims a size of 4294967295"),
        (MODULES, "the minidump's module list claims a size of 4294967295"),
        (MEMORY, "the minidump's memory list claims a size of 4294967295"),
        (
            THREAD_NAMES,
            "the minidump's list of thread names claims a size of 4294967295",
        ),
    ] {
        let mut dump = whole().finish();
        let at = place_of(&dump, kind);
        put(&mut dump, at, &u32::MAX.to_le_bytes());
        let said = refused(&dump);
        assert!(said.starts_with(words), "{said}");
    }
    // Within the limits, but more than there is room for.
    let mut dump = whole().finish();
    let at = place_of(&dump, THREADS);
    put(&mut dump, at, &4000u32.to_le_bytes());
    let said = refused(&dump);
    assert!(
        said.starts_with("could not read the minidump's list of threads"),
        "{said}"
    );

    let mut dump = whole().finish();
    put(&mut dump, 8, &u32::MAX.to_le_bytes());
    let said = refused(&dump);
    assert!(
        said.starts_with("the minidump's directory of streams claims a size of 4294967295"),
        "{said}"
    );
}

#[test]
fn a_dump_that_is_cut_off_is_refused_or_read_in_part() {
    let dump = whole().finish();
    for length in 0..dump.len() {
        match read(&dump[..length]) {
            Ok(crash) => assert!(crash.threads.len() <= 1),
            Err(Error::Reader { message }) => panic!("cut at {length}: {message}"),
            Err(_) => {}
        }
    }
}

#[test]
fn one_long_name_is_not_carried_by_every_frame() {
    let mut stack = Vec::new();
    // Each frame: the next frame pointer, and a return address into the module.
    for index in 1..=2000u64 {
        stack.extend((STACK + index * 16).to_le_bytes());
        stack.extend((APP + 0x200 + index).to_le_bytes());
    }
    let mut dump = Dump::new();
    dump.system("Linux 6.1.0");
    dump.modules(&[&"n".repeat(4 << 20), "/opt/paint/paint"]);
    dump.thread(&stack, &"t".repeat(1 << 20), 11, 1);
    let crash = read(&dump.finish()).unwrap();

    let thread = crash.crashed_thread().unwrap();
    assert!(thread.frames.len() > 1000, "{}", thread.frames.len());
    let names = thread.frames.iter().filter_map(|frame| frame.module.as_deref());
    assert_eq!(names.map(str::len).max(), Some(255));
    assert_eq!(crash.modules[0].path.len(), 255);
    assert_eq!(thread.name.as_deref().map(str::len), Some(1024));
    assert_eq!(
        crash.soft_errors,
        [
            "names of modules that no file can have were cut: 1",
            "names of threads were cut after 1024 bytes"
        ]
    );
    assert!(serde_json::to_vec(&crash).unwrap().len() < 2 << 20);
}

#[test]
fn a_long_version_of_the_system_is_refused() {
    let mut dump = Dump::new();
    dump.system(&"v".repeat(3000));
    dump.thread(&[0; 256], "main", 11, 1);
    assert_eq!(
        refused(&dump.finish()),
        "the minidump's system's version claims a size of 6000, more than the 4096 that are read"
    );
}

#[test]
fn a_name_from_a_dump_cannot_forge_a_line() {
    let mut dump = Dump::new();
    dump.system("Linux\n0  forged");
    dump.modules(&["/opt/paint/pa\nint\u{202e}"]);
    dump.thread(&[0; 256], "ma\nin", 11, 1);
    let text = read(&dump.finish()).unwrap().to_text(&TextOptions::default());
    let expected = read(&whole().finish()).unwrap().to_text(&TextOptions::default());
    assert_eq!(text.lines().count(), expected.lines().count(), "{text}");
    assert!(!text.contains('\u{202e}'));
}

#[test]
fn what_was_told_to_crashpad_is_read() {
    let mut dump = whole();
    dump.annotations("channel", "beta", 1);
    let crash = read(&dump.finish()).unwrap();
    assert_eq!(crash.soft_errors, [""; 0]);
    assert_eq!(
        serde_json::to_value(crash.crashpad.unwrap()).unwrap(),
        serde_json::json!({
            "annotations": { "channel": "beta" },
            "modules": [{
                "module": "paint",
                "list": ["beta"],
                "annotations": { "channel": "beta", "object": "beta" },
            }],
        })
    );
}

#[test]
fn annotations_that_are_many_times_the_same_long_one_are_refused() {
    let mut dump = whole();
    dump.annotations("channel", &"x".repeat(1 << 16), 10_000);
    let said = refused(&dump.finish());
    assert!(
        said.starts_with("the minidump's annotations claims a size of"),
        "{said}"
    );

    let mut dump = whole();
    dump.annotations("channel", "beta", 1);
    let mut damaged = dump.finish();
    let at = place_of(&damaged, CRASHPAD) + 40;
    put(&mut damaged, at, &u32::MAX.to_le_bytes());
    let crash = read(&damaged).unwrap();
    assert_eq!(
        (crash.crashpad.is_none(), crash.soft_errors.len()),
        (true, 1),
        "the rest is read"
    );
}
