//! The same question in plain text, for an app that runs in a terminal without a display.
//!
//! Whoever calls it hands in the terminal; nothing here reads standard input or writes standard output by itself.

use std::io::{self, BufRead, Read, Write};

use afterword_store::{Decision, ReportKind};

use crate::message::{Asked, BreadcrumbLine, FrameLine};
use crate::shown::shown;
use crate::state::{MAX_COMMENT_CHARS, MAX_LISTED};
use crate::{Error, text, words};

/// Longest line read from the terminal, in bytes.
const MAX_LINE_BYTES: u64 = 32 * 1024;
/// Answers that are none before it is left for later.
const MAX_TRIES: usize = 8;
/// Times that something is shown on request; far more than anybody asks for.
const MAX_VIEWS: usize = 100;
/// Longest rest of a line that is passed over, in bytes.
const MAX_SKIPPED_BYTES: usize = 16 * 1024 * 1024;

/// What came of asking in a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalAnswer {
    /// An answer, not yet saved: [`crate::save_answer`].
    Answered {
        /// Send or don't.
        decision: Decision,
        /// What they wrote, if anything.
        comment: Option<String>,
        /// Whether the app is to be started again.
        restart: bool,
    },
    /// None: ask again at the next start.
    Later,
}

/// As [`ask_discarding`], where nothing can have been typed before it was asked: a pipe, a test.
///
/// # Errors
/// [`Error::Terminal`] when reading or writing fails; then there is no answer.
pub fn ask(asked: &Asked, input: impl BufRead, output: impl Write) -> Result<TerminalAnswer, Error> {
    ask_discarding(asked, input, output, || {})
}

/// Asks, showing on `output` and reading lines from `input`. The end of the input, or nothing but nonsense, is *later*.
///
/// `discard` is called before each question and throws away what was typed until then (`tcflush` with `TCIFLUSH`): the
/// person was typing into the program that crashed, and an `s` meant for that is no consent. It has to be a terminal in
/// its usual mode, which hands out a line at a time; what `input` itself holds back cannot be thrown away.
///
/// # Errors
/// [`Error::Terminal`] when reading or writing fails; then there is no answer.
pub fn ask_discarding(
    asked: &Asked,
    input: impl BufRead,
    output: impl Write,
    discard: impl FnMut(),
) -> Result<TerminalAnswer, Error> {
    let mut terminal = Terminal { input, output, discard };
    question(&shown(asked.clone()), &mut terminal).map_err(Error::Terminal)
}

/// Where it is asked.
struct Terminal<R, W, D> {
    input: R,
    output: W,
    discard: D,
}

impl<R: BufRead, W: Write, D: FnMut()> Terminal<R, W, D> {
    /// Asks for one line, trimmed; `None` at the end of the input.
    fn prompt(&mut self, text: &str) -> io::Result<Option<String>> {
        (self.discard)();
        write!(self.output, "{text} ")?;
        self.output.flush()?;
        read_line(&mut self.input)
    }
}

/// One line, trimmed; of one that is too long the beginning, marked with `…`, and its rest is passed over. `None` at the
/// end of the input, or when a line does not end.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = input.take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
    let whole = line.ends_with(b"\n") || (read as u64) < MAX_LINE_BYTES;
    if read == 0 || (!whole && !skip_line(input)?) {
        return Ok(None);
    }
    let mut text = String::from_utf8_lossy(&line).trim().to_owned();
    if !whole {
        text.push('…');
    }
    Ok(Some(text))
}

/// Passes over the rest of a line; false when it does not end.
fn skip_line(input: &mut impl BufRead) -> io::Result<bool> {
    let mut skipped = 0;
    while skipped < MAX_SKIPPED_BYTES {
        let bytes = input.fill_buf()?;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(bytes.len(), |end| end + 1);
        input.consume(length);
        if end.is_some() || length == 0 {
            return Ok(true);
        }
        skipped += length;
    }
    Ok(false)
}

fn question<R: BufRead, W: Write, D: FnMut()>(
    asked: &Asked,
    terminal: &mut Terminal<R, W, D>,
) -> io::Result<TerminalAnswer> {
    let output = &mut terminal.output;
    writeln!(output, "\n{}\n{}\n", asked.headline, asked.what_happened)?;
    writeln!(output, "{} {}", words::CONSENT, words::destination(&asked.server))?;
    let raw = asked.details.raw_event.as_deref();
    let (mut tries, mut views) = (0, 0);
    while tries < MAX_TRIES && views < MAX_VIEWS {
        let Some(choice) = terminal.prompt(words::terminal_choices(raw.is_some()))? else {
            writeln!(terminal.output)?;
            return Ok(TerminalAnswer::Later);
        };
        match (choice.to_lowercase().as_str(), raw) {
            ("s" | "send", _) => return answered(asked, Decision::Send, terminal),
            ("d" | "don't send" | "don’t send" | "dont send", _) => {
                return answered(asked, Decision::DontSend, terminal);
            }
            ("l" | "later", _) => return Ok(TerminalAnswer::Later),
            ("v" | "view", _) => {
                details(asked, &mut terminal.output)?;
                views += 1;
            }
            ("w" | "whole", Some(raw)) => {
                writeln!(terminal.output, "\n{raw}\n")?;
                views += 1;
            }
            _ => {
                writeln!(terminal.output, "{}", words::terminal_again(raw.is_some()))?;
                tries += 1;
            }
        }
    }
    Ok(TerminalAnswer::Later)
}

/// The questions that go with an answer. An end of input here is still the answer that was given.
fn answered<R: BufRead, W: Write, D: FnMut()>(
    asked: &Asked,
    decision: Decision,
    terminal: &mut Terminal<R, W, D>,
) -> io::Result<TerminalAnswer> {
    let comment = match decision {
        Decision::Send => terminal.prompt(words::COMMENT_LABEL)?,
        Decision::DontSend => None,
    };
    let comment = comment
        .map(|words| text::block(&words, MAX_COMMENT_CHARS))
        .filter(|words| !words.is_empty());
    let restart = asked.can_restart && {
        let said = terminal.prompt(&format!("{}? [y/N]", words::restart(&asked.app_name)))?;
        said.is_some_and(|said| matches!(said.to_lowercase().as_str(), "y" | "yes"))
    };
    Ok(TerminalAnswer::Answered {
        decision,
        comment,
        restart,
    })
}

fn details(asked: &Asked, output: &mut impl Write) -> io::Result<()> {
    let details = &asked.details;
    writeln!(output, "\n{}", words::SUMMARY)?;
    pair(output, words::KEY_APP, &asked.app_name)?;
    if let Some(release) = &asked.release {
        pair(output, words::KEY_RELEASE, release)?;
    }
    pair(output, words::KEY_WHAT, words::kind(asked.kind))?;
    pair(output, words::KEY_SERVER, &asked.server)?;

    writeln!(output, "\n{}", words::STACK)?;
    match details.stack.as_deref() {
        None => writeln!(output, "  {}", words::STACK_PENDING)?,
        Some([]) => writeln!(output, "  {}", words::STACK_EMPTY)?,
        Some(frames) => listed(output, frames, frame)?,
    }
    section(output, words::TAGS, &details.tags, |output, (key, value)| {
        pair(output, key, value)
    })?;
    section(output, words::BREADCRUMBS, &details.breadcrumbs, breadcrumb)?;
    section(output, words::FILES, &details.files, |output, file| {
        writeln!(
            output,
            "  {} ({}): {}",
            file.name,
            text::size(file.size_bytes),
            file.what
        )
    })?;
    if !details.files.is_empty() && asked.kind != ReportKind::Error {
        writeln!(output, "  {}", words::FILES_MORE)?;
    }
    section(output, words::REMOVED, &details.removed, |output, what| {
        writeln!(output, "  {what}")
    })?;
    writeln!(output)
}

fn section<T, W: Write>(
    output: &mut W,
    title: &str,
    entries: &[T],
    show: impl FnMut(&mut W, &T) -> io::Result<()>,
) -> io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(output, "\n{title}")?;
    listed(output, entries, show)
}

fn listed<T, W: Write>(
    output: &mut W,
    entries: &[T],
    mut show: impl FnMut(&mut W, &T) -> io::Result<()>,
) -> io::Result<()> {
    for entry in entries.iter().take(MAX_LISTED) {
        show(output, entry)?;
    }
    if entries.len() > MAX_LISTED {
        writeln!(output, "  {}", words::more(entries.len() - MAX_LISTED))?;
    }
    Ok(())
}

fn pair(output: &mut impl Write, key: &str, value: &str) -> io::Result<()> {
    writeln!(output, "  {key}: {value}")
}

/// The app's own frames are marked.
fn frame<W: Write>(output: &mut W, frame: &FrameLine) -> io::Result<()> {
    let mark = if frame.in_app { '>' } else { ' ' };
    write!(output, "{mark} {}", frame.name())?;
    if frame.inline {
        write!(output, " ({})", words::INLINED)?;
    }
    match frame.place() {
        // An unknown function already names its module.
        place if place.is_empty() || (frame.function.is_none() && !frame.in_app) => writeln!(output),
        place => writeln!(output, "  {place}"),
    }
}

fn breadcrumb<W: Write>(output: &mut W, crumb: &BreadcrumbLine) -> io::Result<()> {
    writeln!(output, "  {} {}: {}", crumb.time, crumb.category, crumb.message)
}

#[cfg(test)]
mod tests;
