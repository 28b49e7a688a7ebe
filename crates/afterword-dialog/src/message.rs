//! What the reporter and the dialog say to each other: one JSON object or string per line, over the dialog's standard
//! input and output.
//!
//! ```text
//! reporter → dialog   {"show":{…}}  {"details":{…}}  {"progress":{…}}  {"sent":{…}} | {"waiting":{…}} | {"refused":{…}} | "cancelled"
//! dialog → reporter   "shown"  "answered"  "cancel"  "closed"
//! ```
//!
//! Details are what the reporter worked out. The bytes that would be sent are not among them: the dialog reads those from the
//! store, as the sender does.
//!
//! The answer itself is not among them: it is a file, written with `Store::put_answer` before `answered` is said, so that
//! no broken pipe can be mistaken for consent.

use std::io::{BufRead, Read, Write};
use std::path::PathBuf;

use afterword_store::{KnownCrash, ReportId, ReportKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::Error;

/// Longest line read from the other side, in bytes; details of thousands of frames fit well.
pub const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// From the reporter to the dialog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToDialog {
    /// Ask about this report. Always the first message, once.
    Show(Box<Asked>),
    /// The details as they are now known; replaces those shown.
    Details(Box<Details>),
    /// How far the transfer is.
    Progress {
        /// Bytes the server has taken so far.
        sent_bytes: u64,
        /// Bytes in all; 0 while not yet known.
        total_bytes: u64,
    },
    /// The server has the report.
    Sent {
        /// The id to name when asking about it.
        event_id: String,
        /// The report's page, if the server said one (`http` or `https`).
        url: Option<String>,
        /// What the server knows of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known: Option<KnownCrash>,
    },
    /// It could not be sent now; it is kept and tried again later.
    Waiting {
        /// What failed, in technical words, or empty.
        why: String,
    },
    /// The server refused it; it is kept and not sent again by itself.
    Refused {
        /// The server's words.
        why: String,
    },
    /// Sending was stopped, as asked with [`FromDialog::Cancel`].
    Cancelled,
}

/// From the dialog to the reporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromDialog {
    /// The first frame is on the screen.
    Shown,
    /// The answer is in the store.
    Answered,
    /// Stop sending.
    Cancel,
    /// The window is closed; without [`FromDialog::Answered`] before it: ask again later.
    Closed,
}

/// One report to be asked about: facts, which the dialog puts into words in the language of whoever is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Root of the store the answer goes into.
    pub store_root: PathBuf,
    /// The app's folder in the store (an `AppId`).
    pub app: String,
    /// The report in question.
    pub report_id: ReportId,
    /// What the person calls the app.
    pub app_name: String,
    /// A crash, a panic, an error or a hang.
    pub kind: ReportKind,
    /// The signal that ended the app, such as `SIGSEGV`.
    #[serde(default)]
    pub signal: Option<String>,
    /// The address that the signal is about.
    #[serde(default)]
    pub address: Option<u64>,
    /// What the app said of the error: a panic's message, or an error's.
    #[serde(default)]
    pub message: Option<String>,
    /// Host name of the server it would go to, if it is known.
    #[serde(default)]
    pub server: Option<String>,
    /// Release of the app.
    pub release: Option<String>,
    /// The app's page about what becomes of reports (`http` or `https`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy_url: Option<String>,
    /// The app's page with a newer version (`http` or `https`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_url: Option<String>,
    /// Whether the app can be started again as it was.
    pub can_restart: bool,
    /// The documents that it would open again then, as it names them. They are shown and not sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// When it is asked: a comment has this time on the wire, so that what is shown of it is what goes.
    #[serde(default = "OffsetDateTime::now_utc", with = "time::serde::rfc3339")]
    pub asked_at: OffsetDateTime,
    /// What would be sent, as far as it is known now.
    pub details: Details,
}

impl Asked {
    /// Where a newer version is, if one helps against this crash.
    pub(crate) fn update_for(&self, known: Option<&KnownCrash>) -> Option<&str> {
        let helps = known.is_some_and(|known| known.is_fixed || known.fixed_in.is_some());
        self.update_url.as_deref().filter(|_| helps)
    }
}

/// What would be sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The crashing thread, innermost frame first; `None` while it is being worked out.
    pub stack: Option<Vec<FrameLine>>,
    /// Tags, in the order they are sent.
    pub tags: Vec<(String, String)>,
    /// Breadcrumbs, oldest first.
    pub breadcrumbs: Vec<BreadcrumbLine>,
    /// What else is noted about app and system: contexts, user, extra values, in the order they are sent.
    pub contexts: Vec<(String, String)>,
    /// The app's program and libraries, as they were loaded.
    pub modules: Vec<ModuleLine>,
    /// The parts of the minidump, in the order of its directory.
    pub streams: Vec<StreamLine>,
    /// What was removed before the report was stored, in the words of the report, which are English.
    pub removed: Vec<String>,
}

/// One frame of the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrameLine {
    /// Function, demangled.
    pub function: Option<String>,
    /// Source file.
    pub file: Option<String>,
    /// Line in it, from 1.
    pub line: Option<u32>,
    /// Module it belongs to.
    pub module: Option<String>,
    /// Whether it is the app's own code.
    pub in_app: bool,
    /// Whether the compiler inlined it into the frame below.
    pub inline: bool,
}

impl FrameLine {
    /// `src/canvas.rs:88`, or the module when no source is known.
    pub(crate) fn place(&self) -> String {
        match (&self.file, self.line, &self.module) {
            (Some(file), Some(line), _) => format!("{file}:{line}"),
            (Some(file), None, _) => file.clone(),
            (None, _, Some(module)) => module.clone(),
            (None, _, None) => String::new(),
        }
    }
}

/// One breadcrumb.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BreadcrumbLine {
    /// Time as it is to be shown, such as `14:03:22`.
    pub time: String,
    /// Category.
    pub category: String,
    /// Level.
    pub level: String,
    /// Message.
    pub message: String,
}

/// One loaded module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModuleLine {
    /// Its file, without the name of a home folder.
    pub path: String,
    /// Which build of it, as symbol files name it.
    pub debug_id: Option<String>,
    /// Where it was loaded.
    pub address: Option<u64>,
    /// How much of the address space it takes, in bytes.
    pub size_bytes: Option<u64>,
}

/// One stream of the minidump.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StreamLine {
    /// What the format calls it, such as `ThreadListStream`; none for a number that is not known.
    pub name: Option<String>,
    /// Its number.
    pub number: u32,
    /// Where it begins in the minidump, in bytes.
    pub offset: u64,
    /// Size in bytes.
    pub size_bytes: u64,
}

/// Reads the next message; `None` at the end of the stream.
///
/// # Errors
/// [`Error::Read`] when reading fails, [`Error::LineTooLong`] past [`MAX_LINE_BYTES`], [`Error::Message`] for anything
/// that is not the JSON of a `T`.
pub fn read_message<T: DeserializeOwned>(input: &mut impl BufRead) -> Result<Option<T>, Error> {
    let mut line = Vec::new();
    let read = input
        .take(MAX_LINE_BYTES)
        .read_until(b'\n', &mut line)
        .map_err(Error::Read)?;
    match read {
        0 => Ok(None),
        _ if line.ends_with(b"\n") || (read as u64) < MAX_LINE_BYTES => {
            serde_json::from_slice(&line).map(Some).map_err(Error::Message)
        }
        _ => Err(Error::LineTooLong),
    }
}

/// Writes one message and its line feed, and flushes.
///
/// # Errors
/// [`Error::Write`] when the other side is gone.
pub fn write_message<T: Serialize>(output: &mut impl Write, message: &T) -> Result<(), Error> {
    let mut line = serde_json::to_vec(message).map_err(Error::Message)?;
    line.push(b'\n');
    output
        .write_all(&line)
        .and_then(|()| output.flush())
        .map_err(Error::Write)
}
