use std::ffi::OsString;
use std::path::PathBuf;

use uuid::Uuid;

use super::*;
use crate::{Identity, Links, RunFile, RunView};

fn hello(arguments: Vec<OsString>) -> Hello {
    Hello {
        run_id: Uuid::from_u128(1),
        store_root: PathBuf::from("/s").into(),
        app_id: "app".to_owned(),
        identity: Identity {
            app_name: "App".to_owned(),
            dsn: "http://k@h/1".to_owned(),
            release: Some("app@1".to_owned()),
            max_breadcrumbs: 100,
            ..Identity::default()
        },
        links: Links::default(),
        executable: PathBuf::from("/bin/app").into(),
        can_restart: true,
        arguments: arguments.into_iter().map(Into::into).collect(),
        working_folder: PathBuf::from("/").into(),
        terminal: None,
    }
}

fn view(memory: &PrivateMemory) -> PrivateView {
    PrivateView::new(memory.file().try_clone().unwrap()).unwrap()
}

fn context(tid: i32) -> crash_context::CrashContext {
    let mut bytes = vec![0; size_of::<crash_context::CrashContext>()];
    let at = bytes.len() - 4;
    bytes[at..].copy_from_slice(&tid.to_le_bytes());
    crash_context::CrashContext::from_bytes(&bytes).unwrap()
}

#[test]
fn the_hello_comes_back_as_it_was() {
    let hello = hello(vec![OsString::from("--a")]);
    let memory = PrivateMemory::create(&hello).unwrap();
    assert_eq!(view(&memory).hello().unwrap(), hello);
}

#[test]
fn arguments_too_long_to_be_told_cost_the_restart_alone() {
    let memory = PrivateMemory::create(&hello(vec![OsString::from("x".repeat(HELLO_BYTES))])).unwrap();
    let read = view(&memory).hello().unwrap();
    assert!(!read.can_restart && read.arguments.is_empty());
    let mut endless = hello(Vec::new());
    endless.identity.app_name = "x".repeat(HELLO_BYTES);
    let error = PrivateMemory::create(&endless).unwrap_err().to_string();
    assert!(error.contains("bytes long"), "{error}");
}

#[test]
fn a_hello_that_cannot_be_read_is_an_error() {
    for (length, words) in [(u32::MAX, "says that it is"), (0, "EOF")] {
        let memory = PrivateMemory::create(&hello(Vec::new())).unwrap();
        memory.mapped.copy_in(PRIVATE_HELLO_LENGTH, &length.to_le_bytes());
        let error = view(&memory).hello().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let empty = tempfile::tempfile().unwrap();
    assert!(
        PrivateView::new(empty)
            .unwrap_err()
            .to_string()
            .contains("0 bytes long")
    );
}

#[test]
fn contexts_of_a_panic_and_of_a_crash_do_not_meet() {
    let memory = PrivateMemory::create(&hello(Vec::new())).unwrap();
    memory.write_context(Occasion::Panic, &context(7));
    memory.write_context(Occasion::Crash, &context(9));
    memory.clear_context(Occasion::Panic);
    let view = view(&memory);
    assert!(view.context(Occasion::Panic).unwrap().is_none());
    assert_eq!(
        view.context(Occasion::Crash).unwrap().unwrap().as_bytes(),
        context(9).as_bytes()
    );
}

#[test]
fn nothing_raw_is_in_the_run_file() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFile::create(folder.path(), Uuid::from_u128(7), 0, &Identity::default()).unwrap();
    let memory = PrivateMemory::create(&hello(vec![OsString::from("canary-argument")])).unwrap();
    memory.write_context(Occasion::Crash, &context(0x0abc_def0));
    let file = std::fs::read(folder.path().join("run")).unwrap();
    for canary in [&b"canary-argument"[..], &0x0abc_def0_u32.to_le_bytes()] {
        assert!(!file.windows(canary.len()).any(|window| window == canary));
    }
    drop(run);
}

#[test]
fn memory_that_is_not_there_is_an_end_and_no_fault() {
    let memory = PrivateMemory::create(&hello(Vec::new())).unwrap();
    let mut page = memmap2::MmapOptions::new().len(8192).map_anon().unwrap();
    page.fill(7);
    let start = page.as_ptr() as u64;
    let mut bytes = [0; COPY_BYTES];
    assert_eq!(memory.look_at(start, &mut bytes), COPY_BYTES);
    assert_eq!(bytes, [7; COPY_BYTES]);
    let end = start + 8192;
    take_away(end, &mut page);
    bytes.fill(0);
    assert_eq!(memory.look_at(start + 4096 - 100, &mut bytes), 100, "up to the end");
    assert_eq!(&bytes[..101], [[7; 100].as_slice(), &[0]].concat());
    assert_eq!(memory.look_at(start + 4096, &mut bytes), 0);
    assert_eq!(memory.look_at(u64::MAX - 8, &mut bytes), 0);
    assert_eq!(memory.look_at(0, &mut bytes), 0);
}

/// Takes the second page away.
#[expect(unsafe_code, reason = "protecting a page is C")]
fn take_away(end: u64, page: &mut memmap2::MmapMut) {
    assert_eq!(page.as_ptr() as u64 + 8192, end);
    // SAFETY: the second page of a mapping of this test; nothing reads it by itself afterwards.
    let done = unsafe { libc::mprotect(page.as_mut_ptr().add(4096).cast(), 4096, libc::PROT_NONE) };
    assert_eq!(done, 0);
}

#[test]
fn what_is_salvaged_is_read_back_and_only_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFile::create(folder.path(), Uuid::from_u128(7), 0, &Identity::default()).unwrap();
    let view = RunView::new(run.file().try_clone().unwrap()).unwrap();
    run.begin_salvage(1_700_000_000_123);
    run.salvage_context(&context(9));
    run.salvage_stack(0x7ffd_0000_1000, &[3; 40_000]);
    run.salvage_modules(b"1000 9000 2000 3000 5 /opt/paint\n");
    assert!(view.salvage().unwrap().is_none());
    run.end_salvage();
    let salvage = view.salvage().unwrap().unwrap();
    assert_eq!((salvage.context.tid, salvage.at_ms), (9, 1_700_000_000_123));
    assert_eq!(salvage.stack_address, 0x7ffd_0000_1000);
    assert_eq!(salvage.stack, vec![3; SALVAGED_STACK_BYTES]);
    assert_eq!(salvage.modules[0].path, "/opt/paint");
}

#[test]
fn the_documents_are_those_that_were_named_last() {
    let memory = PrivateMemory::create(&hello(Vec::new())).unwrap();
    let view = view(&memory);
    assert_eq!(view.documents().unwrap(), Vec::<String>::new());
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    memory.write_documents(&names(&["a.odt", "Übersicht \"2\".odt"]));
    assert_eq!(view.documents().unwrap(), names(&["a.odt", "Übersicht \"2\".odt"]));
    memory.write_documents(&names(&["b"]));
    assert_eq!(view.documents().unwrap(), names(&["b"]));
    // Of too many the first; of one that is too long nothing.
    memory.write_documents(&vec!["x".repeat(1000); 100]);
    assert_eq!(view.documents().unwrap().len(), 4);
    memory.write_documents(&["x".repeat(5000)]);
    assert_eq!(view.documents().unwrap(), Vec::<String>::new());
    assert_eq!(
        view.hello().unwrap(),
        hello(Vec::new()),
        "what lies before it is as it was"
    );
}

#[test]
fn a_list_of_documents_that_is_being_written_is_none() {
    let memory = PrivateMemory::create(&hello(Vec::new())).unwrap();
    memory.write_documents(&["a.odt".to_owned()]);
    memory.mapped.word(PRIVATE_DOCUMENTS).store(1, Ordering::Release);
    assert_eq!(view(&memory).documents().unwrap(), Vec::<String>::new());
    memory.mapped.word(PRIVATE_DOCUMENTS).store(2, Ordering::Release);
    memory
        .mapped
        .word(PRIVATE_DOCUMENTS + 4)
        .store(1 << 20, Ordering::Release);
    assert!(matches!(view(&memory).documents(), Err(Error::Hello { .. })));
}
