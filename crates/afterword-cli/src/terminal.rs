//! Printing and asking. The only module that touches standard input, output and error.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Read, Write};

use afterword_dialog::text::acts;
use anyhow::Context;
use serde::Serialize;

use crate::failure::{Failure, Result};

#[cfg_attr(unix, path = "terminal/unix.rs")]
#[cfg_attr(not(unix), path = "terminal/other.rs")]
mod typed_ahead;

/// Longest answer read, in bytes.
const LINE_MAX_BYTES: u64 = 4096;

/// Writes a result to standard output. A reader that has seen enough (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot write the result")?,
        _ => Ok(()),
    }
}

/// Writes a result as JSON. Characters that could steer a terminal are escaped, which JSON itself asks only for some.
pub(crate) fn print_json(result: &impl Serialize) -> Result {
    let json = serde_json::to_string_pretty(result).context("cannot write the result as JSON")?;
    let mut safe = String::with_capacity(json.len() + 1);
    for char in json.chars() {
        if char != '\n' && acts(char) {
            // All of them are in the basic plane.
            let _ = write!(safe, "\\u{:04x}", u32::from(char));
        } else {
            safe.push(char);
        }
    }
    safe.push('\n');
    print(&safe)
}

/// Writes a line for the person to standard error. Nothing is left to do when even that fails.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", lines(line));
}

/// Asks a question that is answered with `y`; everything else is no, and so is what was typed before it was asked.
///
/// # Errors
/// [`Failure::Usage`] when there is nobody to ask: the question is shown on standard error and answered on standard input,
/// so both have to be the terminal.
pub(crate) fn confirm(question: &str) -> Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::Usage(format!(
            "there is no terminal to ask on: {question} Say so with --yes"
        )));
    }
    typed_ahead::discard();
    let _ = write!(io::stderr(), "{} [y/N] ", line(question));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .take(LINE_MAX_BYTES)
        .read_line(&mut answer)
        .context("cannot read the answer")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// A line on standard error that is written over again, where standard error is a terminal.
pub(crate) struct Progress {
    shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        let shown = io::stderr().is_terminal();
        Progress { shown }
    }

    pub(crate) fn show(&self, words: &str) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[2K{}", line(words));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}

/// A stranger's text on one line of a terminal.
pub(crate) fn line(text: &str) -> String {
    text.chars()
        .map(|char| match char {
            '\n' | '\r' | '\t' => ' ',
            char if acts(char) => '\u{fffd}',
            char => char,
        })
        .collect()
}

/// A stranger's text on a terminal; its lines stay.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The beginning of a line, with an ellipsis where there is more.
pub(crate) fn shorten(text: &str, max_chars: usize) -> String {
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(max_chars).collect();
    if chars.next().is_none() {
        return head;
    }
    let head: String = head.chars().take(max_chars.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}

/// A number of bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 99.95 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// Rows below a head, in columns as wide as they need to be. The columns whose number is in `right` are aligned to the
/// right.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]], right: &[usize]) -> String {
    let mut widths = head.map(|cell| cell.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in std::iter::once(&head.map(str::to_owned)).chain(rows) {
        let cells: Vec<String> = (0..N)
            .map(|column| match (&row[column], widths[column]) {
                (cell, width) if right.contains(&column) => format!("{cell:>width$}"),
                (cell, width) => format!("{cell:<width$}"),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_strangers_text_steers_a_terminal() {
        assert_eq!(
            line("a\u{1b}[2Jb\u{9b}c\u{202e}d\r\ne"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d  e"
        );
        assert_eq!(lines("a\nb\u{7}"), "a\nb\u{fffd}");
        assert_eq!(line("a\u{61c}b\u{200b}c\u{feff}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (99_949, "99.9 kB"),
            (99_960, "100 kB"),
            (999_600, "1.0 MB"),
            (12_345_678, "12.3 MB"),
            (u64::MAX, "18446744074 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_table_is_as_wide_as_it_needs_to_be() {
        let rows = [
            ["ü".to_owned(), "1 B".to_owned(), String::new()],
            ["long".to_owned(), "12 B".to_owned(), "x".to_owned()],
        ];
        assert_eq!(
            table(["A", "B", "C"], &rows, &[1]),
            "A        B  C\nü      1 B\nlong  12 B  x\n"
        );
        assert_eq!(
            (shorten("abcdef", 4), shorten("abcd", 4)),
            ("abc…".to_owned(), "abcd".to_owned())
        );
    }
}
