//! The run file as the app writes it.

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::layout::{self, *};
use crate::mapped::Mapped;
use crate::run_view::RunState;
use crate::{CaptureStatus, Error, FlushState, Identity, context, sys};

/// The run file of this process, mapped for writing.
///
/// Made once by `init` and never unmapped: the crash handler may need it at any time. Setters take `&self`; those for the
/// scope and for breadcrumbs take a lock and must not be called in a signal handler; the state words and what the salvage
/// writes may.
#[derive(Debug)]
pub struct RunFile {
    mapped: Mapped<File>,
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
    pub fn create(folder: &Path, run_id: Uuid, started_ms: u64, identity: &Identity) -> Result<RunFile, Error> {
        let file = sys::make_run_file(folder)?;
        let map = sys::map_file(&file).map_err(|source| Error::MakeRunFile { step: "map", source })?;
        let run = RunFile {
            mapped: Mapped::new(file, map),
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
        run.write_identity(identity);
        // Last: a file without its magic is not a run file yet.
        run.copy_in(0, &layout::MAGIC);
        Ok(run)
    }

    /// The open file, for the reporter to inherit. Never close a copy of it in this process: that would give up the lock.
    pub fn file(&self) -> &File {
        self.mapped.source()
    }

    /// The process that made the file. A forked child has the mapping too, but is not the app.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sets what the app is doing. Safe in a signal handler.
    pub fn set_state(&self, state: RunState) {
        self.word(AT_APP_STATE).store(state as u32, Ordering::Release);
    }

    /// Sets what the app is doing, if it has been doing `from`; says whether it has. Safe in a signal handler.
    pub fn replace_state(&self, from: RunState, to: RunState) -> bool {
        self.word(AT_APP_STATE)
            .compare_exchange(from as u32, to as u32, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
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

    /// Counts an error that was captured: a session with errors is not a healthy one.
    pub fn count_error(&self) {
        self.word(AT_ERRORS).fetch_add(1, Ordering::AcqRel);
    }

    /// Notes that there is something new in the outbox; says whether the reporter is to be told. It is not while it has been told
    /// and has not looked since.
    pub fn ask_to_drain(&self) -> bool {
        self.word(AT_OUTBOX).swap(1, Ordering::AcqRel) == 0
    }

    /// The reporter could not be told: the next one who asks is to tell it.
    pub fn was_not_told_to_drain(&self) {
        self.word(AT_OUTBOX).store(0, Ordering::Release);
    }

    /// The reporter's answer to a flush, if it has come. An answer to a later one is an answer to it.
    pub fn flushed(&self, request: u32) -> Option<FlushState> {
        let answered = self.word(AT_FLUSHED_REQUEST).load(Ordering::Acquire);
        covers(answered, request).then(|| FlushState::from_word(self.word(AT_FLUSHED_STATE).load(Ordering::Acquire)))
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

    /// Begins a salvage, whose parts follow. Allocates nothing, takes no lock: for signal handlers, as all of it.
    /// `now_ms` are milliseconds since 1970.
    pub fn begin_salvage(&self, now_ms: u64) {
        self.word(AT_SALVAGE_SLOT).store(1, Ordering::Release);
        self.copy_in(AT_SALVAGED_MS, &now_ms.to_le_bytes());
    }

    /// The crash context. Its registers must have been sanitised: this lies on a disk.
    pub fn salvage_context(&self, context: &crash_context::CrashContext) {
        context::with_bytes(context, |thread, bytes| {
            self.copy_in(AT_SALVAGED_CONTEXT, &thread.to_le_bytes());
            self.copy_in(AT_SALVAGED_CONTEXT + 4, &(bytes.len() as u32).to_le_bytes());
            self.copy_in(AT_SALVAGED_CONTEXT + CONTEXT_HEADER_BYTES, bytes);
        });
    }

    /// The top of the crashed thread's stack, from `address` on: what is longer than [`layout::SALVAGED_STACK_BYTES`] is left
    /// out. Its words must have been sanitised.
    pub fn salvage_stack(&self, address: u64, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(SALVAGED_STACK_BYTES)];
        self.copy_in(AT_SALVAGED_STACK + SALVAGED_STACK_HEADER_BYTES, bytes);
        self.copy_in(AT_SALVAGED_STACK, &address.to_le_bytes());
        self.write_header(AT_SALVAGED_STACK + 8, bytes);
    }

    /// The modules, in lines of [`crate::maps::write_line`]: what is longer than [`layout::SALVAGED_MODULES_BYTES`] is left
    /// out.
    pub fn salvage_modules(&self, lines: &[u8]) {
        let lines = &lines[..lines.len().min(SALVAGED_MODULES_BYTES)];
        self.copy_in(AT_SALVAGED_MODULES + 8, lines);
        self.write_header(AT_SALVAGED_MODULES, lines);
    }

    /// Ends a salvage: now it counts.
    pub fn end_salvage(&self) {
        self.word(AT_SALVAGE_SLOT).store(2, Ordering::Release);
    }

    /// The reporter's answer to `request`, if it has come: also when another thread took the packet off the channel. Safe
    /// in a signal handler.
    pub fn answer(&self, about: impl Into<About>, request: u32) -> Option<CaptureStatus> {
        let word = self.word(about.into().answer()).load(Ordering::Acquire);
        (word / 4 == request).then(|| CaptureStatus::from_number(word % 4))
    }

    /// What a report says of the app; one that does not fit (a megabyte as a release tag) is cut to the address it is sent to.
    fn write_identity(&self, identity: &Identity) {
        let json = |identity: &Identity| serde_json::to_vec(identity).unwrap_or_default();
        let mut bytes = json(identity);
        if bytes.len() > IDENTITY_BYTES {
            bytes = json(&Identity {
                app_name: String::new(),
                release: None,
                environment: None,
                ..identity.clone()
            });
        }
        if bytes.len() <= IDENTITY_BYTES {
            self.copy_in(AT_IDENTITY + 8, &bytes);
            self.write_header(AT_IDENTITY, &bytes);
        }
    }

    /// `<length: u32> <CRC-32: u32>`.
    fn write_header(&self, at: usize, bytes: &[u8]) {
        self.copy_in(at, &(bytes.len() as u32).to_le_bytes());
        self.copy_in(at + 4, &crc32fast::hash(bytes).to_le_bytes());
    }

    fn copy_in(&self, at: usize, bytes: &[u8]) {
        self.mapped.copy_in(at, bytes);
    }

    fn word(&self, at: usize) -> &std::sync::atomic::AtomicU32 {
        self.mapped.word(at)
    }
}

/// Whether an answer to one request answers another. They are counted from 1, and may begin anew.
pub(crate) fn covers(answered: u32, request: u32) -> bool {
    answered != 0 && answered.wrapping_sub(request) < u32::MAX / 2
}
