//! The same question in plain text, for an app that runs in a terminal without a display.
//!
//! Whoever calls it hands in the terminal; nothing here reads standard input or writes standard output by itself.

use std::borrow::Cow;
use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;

use afterword_store::{Decision, Outgoing, Part, ReportKind};

use crate::answer::Given;
use crate::language::Language;
use crate::message::{Asked, BreadcrumbLine, FrameLine, ToDialog};
use crate::shown::{pages, shown};
use crate::state::{MAX_COMMENT_CHARS, MAX_LISTED};
use crate::words::Words;
use crate::{Error, preview, text};

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
    Answered(Given),
    /// None: ask again at the next start.
    Later,
}

/// As [`ask_discarding`], where nothing can have been typed before it was asked: a pipe, a test.
///
/// # Errors
/// [`Error::Terminal`] when reading or writing fails; then there is no answer.
pub fn ask(
    asked: &Asked,
    language: Language,
    input: impl BufRead,
    output: impl Write,
) -> Result<TerminalAnswer, Error> {
    ask_discarding(asked, language, input, output, || {})
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
    language: Language,
    input: impl BufRead,
    output: impl Write,
    discard: impl FnMut(),
) -> Result<TerminalAnswer, Error> {
    let mut terminal = Terminal {
        input,
        output,
        discard,
        words: Words::of(language),
    };
    question(&shown(asked.clone()), &mut terminal).map_err(Error::Terminal)
}

/// What a terminal shows of what happens after the answer about `asked`: lines; none for what is not said there.
#[must_use]
pub fn lines_after(asked: &Asked, message: &ToDialog, language: Language) -> Vec<String> {
    let words = Words::of(language);
    let update = match message {
        ToDialog::Sent { known, .. } => pages(asked.clone()).update_for(known.as_ref()).map(str::to_owned),
        _ => None,
    };
    let update = update.map(|url| words.pair(&words.get_update(), &url));
    let (said, besides) = match message {
        ToDialog::Progress { .. } => (words.terminal_sending(), None),
        ToDialog::Sent { event_id, known, .. } => (
            words.terminal_sent(&text::line(event_id, 64)),
            known.as_ref().and_then(|known| words.known_crash(known)),
        ),
        ToDialog::Waiting { why } => (words.terminal_waiting(), Some(text::line(why, 400).into())),
        ToDialog::Refused { why } => (words.terminal_refused(), Some(text::line(why, 2_000).into())),
        ToDialog::Cancelled => (words.terminal_cancelled(), None),
        ToDialog::Show(_) | ToDialog::Details(_) => return Vec::new(),
    };
    let besides = besides.filter(|besides| !besides.is_empty());
    [Some(said), besides, update]
        .into_iter()
        .flatten()
        .map(Cow::into_owned)
        .collect()
}

/// What a terminal shows where nobody can be asked in it any more: lines that say that a report is kept, and the command
/// that shows it.
#[must_use]
pub fn notice(asked: &Asked, language: Language, command: &str) -> Vec<String> {
    let (asked, words) = (shown(asked.clone()), Words::of(language));
    let lines = [
        words.headline(&asked),
        words.terminal_kept(),
        words.terminal_look(command),
    ];
    lines.map(Cow::into_owned).into()
}

/// Where it is asked.
struct Terminal<R, W, D> {
    input: R,
    output: W,
    discard: D,
    words: Words,
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
    let words = terminal.words;
    let output = &mut terminal.output;
    writeln!(output, "\n{}\n{}\n", words.headline(asked), words.what_happened(asked))?;
    writeln!(output, "{} {}", words.consent(), words.destination_of(asked))?;
    if let Some(url) = &asked.privacy_url {
        writeln!(output, "{}", words.pair(&words.privacy_policy(), url))?;
    }
    let outgoing = preview::outgoing(asked)
        .inspect_err(|error| log::warn!("{}", afterword_store::chain(error)))
        .ok();
    let is_there = outgoing.is_some();
    let (mut tries, mut views) = (0, 0);
    while tries < MAX_TRIES && views < MAX_VIEWS {
        let Some(choice) = terminal.prompt(&words.choices(is_there))? else {
            writeln!(terminal.output)?;
            return Ok(TerminalAnswer::Later);
        };
        match (choice.to_lowercase().as_str(), &outgoing) {
            ("s" | "send", _) => return answered(asked, Decision::Send, terminal),
            ("d" | "don't send" | "don’t send" | "dont send", _) => {
                return answered(asked, Decision::DontSend, terminal);
            }
            ("l" | "later", _) => return Ok(TerminalAnswer::Later),
            ("v" | "view", _) => {
                details(asked, words, outgoing.as_ref(), &mut terminal.output)?;
                views += 1;
            }
            ("w" | "whole", Some(outgoing)) => {
                whole(outgoing, words, &mut terminal.output)?;
                views += 1;
            }
            ("c" | "copy", Some(outgoing)) => {
                copy(asked, outgoing, terminal)?;
                views += 1;
            }
            _ => {
                writeln!(terminal.output, "{}", words.again(is_there))?;
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
    let words = terminal.words;
    let comment = match decision {
        Decision::Send => terminal.prompt(&words.comment_label())?,
        Decision::DontSend => None,
    };
    let comment = comment
        .map(|words| text::block(&words, MAX_COMMENT_CHARS))
        .filter(|words| !words.is_empty());
    let restart = asked.can_restart && {
        if let Some(reopens) = words.documents_of(asked) {
            writeln!(terminal.output, "{reopens}")?;
        }
        let said = terminal.prompt(&words.restart_question(&asked.app_name))?;
        said.is_some_and(|said| words.is_yes(&said))
    };
    let said = terminal.prompt(&words.terminal_always())?;
    let always = said.is_some_and(|said| words.is_yes(&said));
    Ok(TerminalAnswer::Answered(Given {
        comment,
        restart,
        always,
        ..Given::new(decision)
    }))
}

/// The event as it would be sent, as text.
fn whole(outgoing: &Outgoing, words: Words, output: &mut impl Write) -> io::Result<()> {
    match preview::event_text(Some(outgoing)) {
        Ok((text, left_out)) => {
            writeln!(output, "\n{text}")?;
            if left_out > 0 {
                writeln!(output, "{}", words.more_text(&words.size(left_out)))?;
            }
        }
        Err(why) => writeln!(output, "{}", words.files_unread(&why))?,
    }
    writeln!(output)
}

/// Saves all that would be sent, where the person says.
fn copy<R: BufRead, W: Write, D: FnMut()>(
    asked: &Asked,
    outgoing: &Outgoing,
    terminal: &mut Terminal<R, W, D>,
) -> io::Result<()> {
    let words = terminal.words;
    let usual = preview::default_copy(asked);
    let Some(said) = terminal.prompt(&words.terminal_copy(&usual.to_string_lossy()))? else {
        return Ok(());
    };
    let path = if said.is_empty() { usual } else { PathBuf::from(said) };
    match preview::save_copy(outgoing, &path) {
        Ok(saved) => {
            let said = words.copy_saved(&saved.path.to_string_lossy(), &words.size(saved.size_bytes));
            writeln!(terminal.output, "{}", text::line(&said, 1_000))
        }
        Err(failure) => writeln!(terminal.output, "{}", text::line(&words.copy_failure(&failure), 1_000)),
    }
}

fn details(asked: &Asked, words: Words, outgoing: Option<&Outgoing>, output: &mut impl Write) -> io::Result<()> {
    let details = &asked.details;
    let pair = |output: &mut _, key: &str, value: &str| pair(output, &words.pair(key, value));
    writeln!(output, "\n{}", words.summary())?;
    pair(output, &words.key_app(), &asked.app_name)?;
    if let Some(release) = &asked.release {
        pair(output, &words.key_release(), release)?;
    }
    pair(output, &words.key_what(), &words.kind(asked.kind))?;
    pair(output, &words.key_server(), &words.server(asked))?;

    writeln!(output, "\n{}", words.stack())?;
    match details.stack.as_deref() {
        None => writeln!(output, "  {}", words.stack_pending())?,
        Some([]) => writeln!(output, "  {}", words.stack_empty())?,
        Some(frames) => listed(output, words, frames, |output, line| frame(output, words, line))?,
    }
    section(output, words, &words.tags(), &details.tags, |output, (key, value)| {
        pair(output, key, value)
    })?;
    section(
        output,
        words,
        &words.contexts(),
        &details.contexts,
        |output, (key, value)| pair(output, key, value),
    )?;
    section(output, words, &words.breadcrumbs(), &details.breadcrumbs, breadcrumb)?;
    let parts: Vec<&Part> = outgoing.iter().flat_map(|outgoing| outgoing.parts()).collect();
    section(output, words, &words.files(), &parts, |output, part| {
        let (name, what) = (text::line(part.name(), 200), words.part(part.kind()));
        let line = words.file_line(&name, &words.size(part.size_bytes()), &what);
        writeln!(output, "  {line}")
    })?;
    if let Some(outgoing) = outgoing {
        writeln!(output, "  {}", words.total(&words.size(outgoing.size_bytes())))?;
        if asked.kind != ReportKind::Error {
            writeln!(output, "  {}", words.files_more())?;
        }
    }
    section(output, words, &words.removed(), &details.removed, |output, what| {
        writeln!(output, "  {}", words.removed_words(what))
    })?;
    writeln!(output)
}

fn section<T, W: Write>(
    output: &mut W,
    words: Words,
    title: &str,
    entries: &[T],
    show: impl FnMut(&mut W, &T) -> io::Result<()>,
) -> io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(output, "\n{title}")?;
    listed(output, words, entries, show)
}

fn listed<T, W: Write>(
    output: &mut W,
    words: Words,
    entries: &[T],
    mut show: impl FnMut(&mut W, &T) -> io::Result<()>,
) -> io::Result<()> {
    for entry in entries.iter().take(MAX_LISTED) {
        show(output, entry)?;
    }
    if entries.len() > MAX_LISTED {
        writeln!(output, "  {}", words.more(entries.len() - MAX_LISTED))?;
    }
    Ok(())
}

fn pair(output: &mut impl Write, pair: &str) -> io::Result<()> {
    writeln!(output, "  {pair}")
}

/// The app's own frames are marked.
fn frame<W: Write>(output: &mut W, words: Words, frame: &FrameLine) -> io::Result<()> {
    let mark = if frame.in_app { '>' } else { ' ' };
    write!(output, "{mark} {}", words.function(frame))?;
    if frame.inline {
        write!(output, " ({})", words.inlined())?;
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
