//! The same question in plain text, for an app that runs in a terminal without a display.
//!
//! Whoever calls it hands in the terminal; nothing here reads standard input or writes standard output by itself.

use std::io::{BufRead, Read, Write};

use afterword_store::Decision;

use crate::message::{Asked, BreadcrumbLine, FrameLine};
use crate::state::{MAX_COMMENT_CHARS, MAX_LISTED, shown};
use crate::{Error, text, words};

/// Longest line read from the terminal, in bytes.
const MAX_LINE_BYTES: u64 = 32 * 1024;
/// Answers that are none before it is left for later.
const MAX_TRIES: usize = 8;

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

/// Asks, showing on `output` and reading lines from `input`. The end of the input, or nothing but nonsense, is *later*.
///
/// # Errors
/// [`Error::Terminal`] when reading or writing fails; then there is no answer.
pub fn ask(asked: &Asked, mut input: impl BufRead, mut output: impl Write) -> Result<TerminalAnswer, Error> {
    question(&shown(asked.clone()), &mut input, &mut output).map_err(Error::Terminal)
}

fn question(asked: &Asked, input: &mut impl BufRead, output: &mut impl Write) -> std::io::Result<TerminalAnswer> {
    writeln!(output, "\n{}\n{}\n", asked.headline, asked.what_happened)?;
    writeln!(output, "{} {}", words::CONSENT, words::destination(&asked.server))?;
    for _ in 0..MAX_TRIES {
        let Some(choice) = prompt(words::TERMINAL_CHOICES, input, output)? else {
            writeln!(output)?;
            return Ok(TerminalAnswer::Later);
        };
        match choice.to_lowercase().as_str() {
            "s" | "send" => return answered(asked, Decision::Send, input, output),
            "d" | "don't send" | "don’t send" | "dont send" => {
                return answered(asked, Decision::DontSend, input, output);
            }
            "l" | "later" => return Ok(TerminalAnswer::Later),
            "v" | "view" => details(asked, output)?,
            _ => writeln!(output, "{}", words::TERMINAL_AGAIN)?,
        }
    }
    Ok(TerminalAnswer::Later)
}

/// The questions that go with an answer. An end of input here is still the answer that was given.
fn answered(
    asked: &Asked,
    decision: Decision,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> std::io::Result<TerminalAnswer> {
    let comment = match decision {
        Decision::Send => prompt(words::COMMENT_LABEL, input, output)?,
        Decision::DontSend => None,
    };
    let comment = comment
        .map(|words| text::block(&words, MAX_COMMENT_CHARS))
        .filter(|words| !words.is_empty());
    let restart = asked.can_restart && {
        let said = prompt(&format!("{}? [y/N]", words::restart(&asked.app_name)), input, output)?;
        said.is_some_and(|said| matches!(said.to_lowercase().as_str(), "y" | "yes"))
    };
    Ok(TerminalAnswer::Answered {
        decision,
        comment,
        restart,
    })
}

/// One line, trimmed; `None` at the end of the input.
fn prompt(text: &str, input: &mut impl BufRead, output: &mut impl Write) -> std::io::Result<Option<String>> {
    write!(output, "{text} ")?;
    output.flush()?;
    let mut line = Vec::new();
    let read = input.take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
    Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
}

fn details(asked: &Asked, output: &mut impl Write) -> std::io::Result<()> {
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
    section(output, words::REMOVED, &details.removed, |output, what| {
        writeln!(output, "  {what}")
    })?;
    writeln!(output)
}

fn section<T, W: Write>(
    output: &mut W,
    title: &str,
    entries: &[T],
    show: impl FnMut(&mut W, &T) -> std::io::Result<()>,
) -> std::io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(output, "\n{title}")?;
    listed(output, entries, show)
}

fn listed<T, W: Write>(
    output: &mut W,
    entries: &[T],
    mut show: impl FnMut(&mut W, &T) -> std::io::Result<()>,
) -> std::io::Result<()> {
    for entry in entries.iter().take(MAX_LISTED) {
        show(output, entry)?;
    }
    if entries.len() > MAX_LISTED {
        writeln!(output, "  {}", words::more(entries.len() - MAX_LISTED))?;
    }
    Ok(())
}

fn pair(output: &mut impl Write, key: &str, value: &str) -> std::io::Result<()> {
    writeln!(output, "  {key}: {value}")
}

/// The app's own frames are marked.
fn frame<W: Write>(output: &mut W, frame: &FrameLine) -> std::io::Result<()> {
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

fn breadcrumb<W: Write>(output: &mut W, crumb: &BreadcrumbLine) -> std::io::Result<()> {
    writeln!(output, "  {} {}: {}", crumb.time, crumb.category, crumb.message)
}

#[cfg(test)]
mod tests;
