//! The run file as the reporter reads it.
//!
//! The reporter never maps it: it reads with `pread`, so that a file that someone cuts short is an error and not a signal.
//! Every length is checked against the layout before it is used, every text against its checksum.

use std::fs::File;
use std::path::Path;

use uuid::Uuid;

use crate::context::{self, SharedContext};
use crate::layout::*;
use crate::maps::Module;
use crate::run_file::covers;
use crate::{CaptureStatus, Error, FlushState, Identity, sys};

/// What the app is doing, as it said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum RunState {
    /// `init` has not returned yet.
    Starting = 0,
    /// The app runs.
    Running = 1,
    /// The guard was dropped or `exit` called. Final only when the process is gone: destructors can crash too.
    CleanExit = 2,
    /// A thread is in the crash handler.
    Crashing = 3,
    /// A signal told the app to end (SIGTERM, a logout): not its doing.
    Terminated = 4,
}

impl RunState {
    pub(crate) fn from_word(word: u32) -> RunState {
        match word {
            1 => RunState::Running,
            2 => RunState::CleanExit,
            3 => RunState::Crashing,
            4 => RunState::Terminated,
            _ => RunState::Starting,
        }
    }
}

/// Whether the process that made a run file still lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// It holds the lock.
    Alive,
    /// Nobody holds the lock.
    Dead,
}

/// Where and when a run file was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// On this computer, since it was last started.
    ThisBoot,
    /// On this computer, before that.
    EarlierBoot,
    /// On another computer.
    OtherHost,
}

/// A panic that the app noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanicNote {
    /// The thread that panicked, as the kernel numbers it.
    pub tid: u32,
    /// Its name.
    pub thread_name: String,
    /// `file:line:column`.
    pub place: String,
    /// The message.
    pub message: String,
    /// How long ago it was noted, in seconds; none if the clock says nonsense.
    pub age_s: Option<u32>,
}

/// What the crash handler could save by itself, where no process outside could do it.
#[derive(Clone)]
pub struct Salvage {
    /// When, in milliseconds since 1970, by a clock that may have been wrong.
    pub at_ms: u64,
    /// Its registers are sanitised.
    pub context: SharedContext,
    /// Where the first of the stack's bytes lay.
    pub stack_address: u64,
    /// The top of the stack, sanitised.
    pub stack: Vec<u8>,
    /// The code that was loaded.
    pub modules: Vec<Module>,
}

impl std::fmt::Debug for Salvage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Salvage")
            .field("tid", &context::thread(&self.context))
            .field("stack_bytes", &self.stack.len())
            .field("modules", &self.modules.len())
            .finish_non_exhaustive()
    }
}

/// A run file, open for reading.
#[derive(Debug)]
pub struct RunView {
    file: File,
}

impl RunView {
    /// Takes an open run file, after a look at its magic, version and length.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`], or [`Error::NotARunFile`] with what was seen instead.
    pub fn new(file: File) -> Result<RunView, Error> {
        let view = RunView { file };
        let length = sys::length(&view.file, FILE_BYTES as u64)
            .map_err(|source| Error::ReadRunFile { step: "fstat", source })?;
        if length != FILE_BYTES as u64 {
            return Err(Error::NotARunFile {
                why: format!("it is {length} bytes long and should be {FILE_BYTES}"),
            });
        }
        let magic: [u8; 8] = view.bytes(0)?;
        if magic != MAGIC {
            return Err(Error::NotARunFile {
                why: "it does not begin as one".to_owned(),
            });
        }
        let version = view.number(AT_VERSION)?;
        if version != VERSION {
            return Err(Error::NotARunFile {
                why: format!("it says version {version}"),
            });
        }
        Ok(view)
    }

    /// Opens the run file in the folder of a run.
    ///
    /// # Errors
    /// As [`RunView::new`].
    pub fn open(folder: &Path) -> Result<RunView, Error> {
        let file = File::options()
            .read(true)
            .write(true)
            .open(folder.join(sys::RUN_FILE_NAME))
            .map_err(|source| Error::ReadRunFile { step: "open", source })?;
        RunView::new(file)
    }

    /// Alive or dead, told by the lock that the app holds. Do not ask in the app itself: it would give up its own lock.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`] where the file system cannot lock.
    pub fn liveness(&self) -> Result<Liveness, Error> {
        sys::liveness(&self.file)
    }

    /// The id of the run.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn run_id(&self) -> Result<Uuid, Error> {
        Ok(Uuid::from_bytes(self.bytes(AT_RUN_ID)?))
    }

    /// The process id of the app.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn app_pid(&self) -> Result<u32, Error> {
        self.number(AT_APP_PID)
    }

    /// When the run began, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn started_ms(&self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.bytes(AT_STARTED_MS)?))
    }

    /// What the app said last of its state.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn state(&self) -> Result<RunState, Error> {
        Ok(RunState::from_word(self.number(AT_APP_STATE)?))
    }

    /// How many errors the app has captured.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn errors(&self) -> Result<u32, Error> {
        self.number(AT_ERRORS)
    }

    /// Whether the panic noted last is a crash: `None` while that is open or there was no panic.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn panic_verdict(&self) -> Result<Option<bool>, Error> {
        Ok(match self.number(AT_PANIC_VERDICT)? {
            2 => Some(true),
            3 => Some(false),
            _ => None,
        })
    }

    /// Notes what the app is doing where it cannot say so itself.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn set_state(&self, state: RunState) -> Result<(), Error> {
        self.put_word(state as u32, AT_APP_STATE)
    }

    /// Notes the reporter's process id.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn set_reporter_pid(&self, pid: u32) -> Result<(), Error> {
        self.put_word(pid, AT_REPORTER_PID)
    }

    /// The newer valid copy of the scope, JSON of a partial Sentry event. `None` if neither counts.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn scope(&self) -> Result<Option<Vec<u8>>, Error> {
        let mut best: Option<(u64, Vec<u8>)> = None;
        for copy in 0..2 {
            let sequence = u64::from_le_bytes(self.bytes(AT_SCOPE_HEADER[copy])?);
            let text = self.checked(AT_SCOPE_HEADER[copy] + 8, AT_SCOPE[copy], SCOPE_BYTES)?;
            if let Some(text) = text
                && sequence > best.as_ref().map_or(0, |(newest, _)| *newest)
            {
                best = Some((sequence, text));
            }
        }
        Ok(best.map(|(_, text)| text))
    }

    /// The breadcrumbs that count, oldest first, each JSON.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn breadcrumbs(&self) -> Result<Vec<Vec<u8>>, Error> {
        let mut found = Vec::new();
        for slot in 0..BREADCRUMB_SLOTS {
            let at = AT_BREADCRUMBS + slot * BREADCRUMB_SLOT_BYTES;
            let sequence = u64::from_le_bytes(self.bytes(at)?);
            if sequence == 0 {
                continue;
            }
            if let Some(text) = self.checked(at + 8, at + BREADCRUMB_HEADER_BYTES, BREADCRUMB_BYTES)? {
                found.push((sequence, text));
            }
        }
        found.sort_unstable_by_key(|(sequence, _)| *sequence);
        Ok(found.into_iter().map(|(_, text)| text).collect())
    }

    /// The panic noted last, if there was one.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn panic_note(&self) -> Result<Option<PanicNote>, Error> {
        let tid = self.number(AT_PANIC_NOTE)?;
        if tid == 0 {
            return Ok(None);
        }
        let Some(text) = self.checked(AT_PANIC_NOTE + 4, AT_PANIC_TEXT, PANIC_TEXT_BYTES)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&text);
        let mut parts = text.splitn(3, '\n');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        Ok(Some(PanicNote {
            tid,
            thread_name: next(),
            place: next(),
            message: next(),
            age_s: sys::boot_clock_s().checked_sub(self.number(AT_PANIC_NOTE + 12)?),
        }))
    }

    /// What the crash handler salvaged, if it did and its context is of this architecture's length. A stack or modules that do
    /// not count are empty.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn salvage(&self) -> Result<Option<Salvage>, Error> {
        if self.number(AT_SALVAGE_SLOT)? != 2 {
            return Ok(None);
        }
        let length = self.number(AT_SALVAGED_CONTEXT + 4)? as usize;
        if length != context::BYTES {
            return Ok(None);
        }
        let mut bytes = vec![0; length];
        self.read_at(AT_SALVAGED_CONTEXT + CONTEXT_HEADER_BYTES, &mut bytes)?;
        let Some(context) = context::from_bytes(&bytes) else {
            return Ok(None);
        };
        let stack = AT_SALVAGED_STACK + SALVAGED_STACK_HEADER_BYTES;
        let modules = self.checked(AT_SALVAGED_MODULES, AT_SALVAGED_MODULES + 8, SALVAGED_MODULES_BYTES)?;
        Ok(Some(Salvage {
            at_ms: u64::from_le_bytes(self.bytes(AT_SALVAGED_MS)?),
            context,
            stack_address: u64::from_le_bytes(self.bytes(AT_SALVAGED_STACK)?),
            stack: self
                .checked(AT_SALVAGED_STACK + 8, stack, SALVAGED_STACK_BYTES)?
                .unwrap_or_default(),
            modules: Module::parse_all(&modules.unwrap_or_default()),
        }))
    }

    /// What a report says of the app; `None` if it does not count.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn identity(&self) -> Result<Option<Identity>, Error> {
        let json = self.checked(AT_IDENTITY, AT_IDENTITY + 8, IDENTITY_BYTES)?;
        Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// Notes the answer to a request where the app looks besides the channel.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn set_answer(&self, about: impl Into<About>, request: u32, status: CaptureStatus) -> Result<(), Error> {
        // A reporter that was too slow must not cover the answer of the one that took its place.
        let at = about.into().answer();
        if self.number(at)? / 4 > request {
            return Ok(());
        }
        self.put_word(request.wrapping_mul(4) + status as u32, at)
    }

    /// The reporter is about to look into the outbox: what is put there from now on is to be told again.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn begin_drain(&self) -> Result<(), Error> {
        self.put_word(0, AT_OUTBOX)?;
        // Before the outbox is read: the app puts something there first, and looks at the word after that.
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }

    /// Notes the answer to a flush where the app looks besides the channel.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn set_flushed(&self, request: u32, state: FlushState) -> Result<(), Error> {
        let answered = self.number(AT_FLUSHED_REQUEST)?;
        if answered != request && covers(answered, request) {
            return Ok(());
        }
        // Who sees the request sees its state, or that of a later one.
        self.put_word(state.word(), AT_FLUSHED_STATE)?;
        self.put_word(request, AT_FLUSHED_REQUEST)
    }

    fn put_word(&self, word: u32, at: usize) -> Result<(), Error> {
        sys::write_all_at(&self.file, &word.to_le_bytes(), at as u64)
            .map_err(|source| Error::ReadRunFile { step: "pwrite", source })
    }

    /// Whether the run was made on this computer, since it was last started. A run of another computer (a home on a network)
    /// cannot be judged from here; one of before the last start is dead.
    ///
    /// # Errors
    /// [`Error::ReadRunFile`].
    pub fn origin(&self) -> Result<Origin, Error> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
        let host: [u8; HOST_BYTES] = self.bytes(AT_HOST)?;
        let boot: [u8; BOOT_ID_BYTES] = self.bytes(AT_BOOT_ID)?;
        let here = sys::host_name();
        Ok(if text(&host) != here[..here.floor_char_boundary(HOST_BYTES)] {
            Origin::OtherHost
        } else if text(&boot) != sys::boot_id() {
            Origin::EarlierBoot
        } else {
            Origin::ThisBoot
        })
    }

    /// Text whose header is `<length: u32> <CRC-32: u32>`; `None` if the length or the checksum is wrong.
    fn checked(&self, header: usize, at: usize, most: usize) -> Result<Option<Vec<u8>>, Error> {
        let length = self.number(header)? as usize;
        let checksum = self.number(header + 4)?;
        if length > most {
            return Ok(None);
        }
        let mut bytes = vec![0; length];
        self.read_at(at, &mut bytes)?;
        Ok((crc32fast::hash(&bytes) == checksum).then_some(bytes))
    }

    fn number(&self, at: usize) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.bytes(at)?))
    }

    fn bytes<const N: usize>(&self, at: usize) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.read_at(at, &mut bytes)?;
        Ok(bytes)
    }

    fn read_at(&self, at: usize, bytes: &mut [u8]) -> Result<(), Error> {
        sys::read_exact_at(&self.file, bytes, at as u64).map_err(|source| Error::ReadRunFile { step: "pread", source })
    }
}
