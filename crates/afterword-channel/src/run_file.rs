//! The run file as the app writes it.
#![expect(unsafe_code, reason = "the file is a shared mapping, written through raw pointers")]

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use memmap2::MmapRaw;
use uuid::Uuid;

use crate::layout::{self, *};
use crate::run_view::RunState;
use crate::{CaptureStatus, Error, sys};

/// The run file of this process, mapped for writing.
///
/// Made once by `init` and never unmapped: the crash handler may need it at any time. Setters take `&self`; those for the
/// scope and for breadcrumbs take a lock and must not be called in a signal handler, [`RunFile::write_context`] and
/// the state words may.
#[derive(Debug)]
pub struct RunFile {
    file: File,
    map: MmapRaw,
    pid: u32,
    scope_sequence: Mutex<u64>,
    breadcrumb_sequence: AtomicU64,
    breadcrumb_lock: Mutex<()>,
    panic_lock: Mutex<()>,
}

impl RunFile {
    /// Makes the file `run` in `folder` (mode 0600), allocates its blocks, takes the lock that says *alive* and maps it.
    /// Where the blocks cannot be allocated (a full disk), memory without a name takes the place of the file: the reporter
    /// inherits it in the same way, it only does not outlive both processes.
    ///
    /// # Errors
    /// [`Error::MakeRunFile`], naming the system call.
    pub fn create(folder: &Path, run_id: Uuid, started_ms: u64) -> Result<RunFile, Error> {
        let file = sys::make_run_file(folder)?;
        let map = MmapRaw::map_raw(&file).map_err(|source| Error::MakeRunFile { step: "mmap", source })?;
        let run = RunFile {
            file,
            map,
            pid: std::process::id(),
            scope_sequence: Mutex::new(0),
            breadcrumb_sequence: AtomicU64::new(0),
            breadcrumb_lock: Mutex::new(()),
            panic_lock: Mutex::new(()),
        };
        run.copy_in(AT_VERSION, &VERSION.to_le_bytes());
        run.copy_in(AT_LENGTH, &(FILE_BYTES as u32).to_le_bytes());
        run.copy_in(AT_RUN_ID, run_id.as_bytes());
        let boot_id = sys::boot_id();
        run.copy_in(AT_BOOT_ID, &boot_id.as_bytes()[..boot_id.len().min(BOOT_ID_BYTES)]);
        run.copy_in(AT_APP_PID, &run.pid.to_le_bytes());
        let host = sys::host_name();
        run.copy_in(AT_HOST, &host.as_bytes()[..host.len().min(HOST_BYTES)]);
        run.copy_in(AT_STARTED_MS, &started_ms.to_le_bytes());
        // Last: a file without its magic is not a run file yet.
        run.copy_in(0, &layout::MAGIC);
        Ok(run)
    }

    /// The open file, for the reporter to inherit. Never close a copy of it in this process: that would give up the lock.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The process that made the file. A forked child has the mapping too, but is not the app.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sets what the app is doing. Safe in a signal handler.
    pub fn set_state(&self, state: RunState) {
        self.word(AT_APP_STATE).store(state as u32, Ordering::Release);
    }

    /// What the app is doing.
    pub fn state(&self) -> RunState {
        RunState::from_word(self.word(AT_APP_STATE).load(Ordering::Acquire))
    }

    /// The reporter's process id, 0 while there is none. Safe in a signal handler.
    pub fn reporter_pid(&self) -> u32 {
        self.word(AT_REPORTER_PID).load(Ordering::Acquire)
    }

    /// Notes the reporter's process id. Safe between `fork` and `exec`.
    pub fn set_reporter_pid(&self, pid: u32) {
        self.word(AT_REPORTER_PID).store(pid, Ordering::Release);
    }

    /// Says whether the panic that was noted last is a crash: `None` while that is open.
    pub fn set_panic_verdict(&self, crash: Option<bool>) {
        let word = match crash {
            None => 1,
            Some(true) => 2,
            Some(false) => 3,
        };
        self.word(AT_PANIC_VERDICT).store(word, Ordering::Release);
    }

    /// Writes the scope, JSON of a partial Sentry event, over the older of its two copies. Not for signal handlers.
    /// Returns false, and leaves the last one, if it is longer than [`layout::SCOPE_BYTES`].
    pub fn write_scope(&self, json: &[u8]) -> bool {
        if json.len() > SCOPE_BYTES {
            return false;
        }
        let mut sequence = self.scope_sequence.lock().unwrap_or_else(|e| e.into_inner());
        let next = *sequence + 1;
        let copy = (next % 2) as usize;
        // Without its checksum the copy does not count while it is being written; the other one still does.
        self.copy_in(AT_SCOPE_HEADER[copy], &[0; 16]);
        self.copy_in(AT_SCOPE[copy], json);
        self.copy_in(AT_SCOPE_HEADER[copy] + 8, &(json.len() as u32).to_le_bytes());
        self.copy_in(AT_SCOPE_HEADER[copy] + 12, &crc32fast::hash(json).to_le_bytes());
        self.copy_in(AT_SCOPE_HEADER[copy], &next.to_le_bytes());
        *sequence = next;
        true
    }

    /// Adds a breadcrumb, JSON of at most [`layout::BREADCRUMB_BYTES`] bytes (see [`crate::fit_breadcrumb`]), over the
    /// oldest one. Not for signal handlers. Returns false if it is longer.
    pub fn write_breadcrumb(&self, json: &[u8]) -> bool {
        if json.len() > BREADCRUMB_BYTES {
            return false;
        }
        let _one_at_a_time = self.breadcrumb_lock.lock().unwrap_or_else(|e| e.into_inner());
        let sequence = self.breadcrumb_sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let slot = AT_BREADCRUMBS + (sequence as usize % BREADCRUMB_SLOTS) * BREADCRUMB_SLOT_BYTES;
        self.copy_in(slot, &[0; BREADCRUMB_HEADER_BYTES]);
        self.copy_in(slot + BREADCRUMB_HEADER_BYTES, json);
        self.copy_in(slot + 8, &(json.len() as u32).to_le_bytes());
        self.copy_in(slot + 12, &crc32fast::hash(json).to_le_bytes());
        self.copy_in(slot, &sequence.to_le_bytes());
        true
    }

    /// Notes a panic: thread, place and message, in case it ends the program. Not for signal handlers.
    pub fn write_panic(&self, tid: u32, thread_name: &str, place: &str, message: &str) {
        let thread_name = thread_name.replace('\n', " ");
        let text = format!("{thread_name}\n{place}\n{message}");
        let text = &text.as_bytes()[..text.floor_char_boundary(PANIC_TEXT_BYTES)];
        let _one_at_a_time = self.panic_lock.lock().unwrap_or_else(|e| e.into_inner());
        self.copy_in(AT_PANIC_NOTE, &[0; 16]);
        self.copy_in(AT_PANIC_TEXT, text);
        self.copy_in(AT_PANIC_NOTE + 4, &(text.len() as u32).to_le_bytes());
        self.copy_in(AT_PANIC_NOTE + 8, &crc32fast::hash(text).to_le_bytes());
        self.copy_in(AT_PANIC_NOTE + 12, &sys::boot_clock_s().to_le_bytes());
        self.copy_in(AT_PANIC_NOTE, &tid.to_le_bytes());
    }

    /// Forgets the panic noted last: it was survived.
    pub fn clear_panic(&self) {
        let _one_at_a_time = self.panic_lock.lock().unwrap_or_else(|e| e.into_inner());
        self.copy_in(AT_PANIC_NOTE, &[0; 16]);
    }

    /// Puts a context into the slot of its occasion. Allocates nothing, takes no lock: for signal handlers.
    pub fn write_context(&self, occasion: Occasion, context: &crash_context::CrashContext) {
        let bytes = context.as_bytes();
        let at = occasion.context();
        self.word(occasion.slot()).store(1, Ordering::Release);
        self.copy_in(at, &(context.tid as u32).to_le_bytes());
        self.copy_in(at + 4, &(bytes.len() as u32).to_le_bytes());
        self.copy_in(at + CONTEXT_HEADER_BYTES, bytes);
        self.word(occasion.slot()).store(2, Ordering::Release);
    }

    /// Empties the slot of an occasion again, registers and all. Safe in a signal handler.
    pub fn clear_context(&self, occasion: Occasion) {
        self.word(occasion.slot()).store(0, Ordering::Release);
        self.copy_in(occasion.context(), &[0; CONTEXT_HEADER_BYTES + CONTEXT_BYTES]);
    }

    /// The reporter's answer to `request`, if it has come: also when another thread took the packet off the channel. Safe
    /// in a signal handler.
    pub fn answer(&self, occasion: Occasion, request: u32) -> Option<CaptureStatus> {
        let word = self.word(occasion.answer()).load(Ordering::Acquire);
        (word / 4 == request).then(|| CaptureStatus::from_number(word % 4))
    }

    fn copy_in(&self, at: usize, bytes: &[u8]) {
        assert!(
            at + bytes.len() <= FILE_BYTES,
            "a place of the layout is inside the file"
        );
        // SAFETY: the mapping is FILE_BYTES long and lives as long as `self`; the range was checked above; the bytes of the
        // mapping are never referenced, only copied to and from through raw pointers.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.map.as_mut_ptr().add(at), bytes.len());
        }
    }

    fn word(&self, at: usize) -> &AtomicU32 {
        debug_assert!(at.is_multiple_of(4) && at + 4 <= FILE_BYTES);
        // SAFETY: aligned (mappings start at a page, `at` is a multiple of four), inside the mapping, which lives as long as
        // `self`, and only ever accessed as an atomic by this process.
        unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(at).cast()) }
    }
}
