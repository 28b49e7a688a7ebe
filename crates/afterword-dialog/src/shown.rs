//! What came from outside, made fit to be shown.

use crate::message::{Asked, BreadcrumbLine, Details, FrameLine, ModuleLine, StreamLine};
use crate::text;
use crate::words::Words;

/// Longest row of the report's text, in characters.
const MAX_ROW_CHARS: usize = 240;
/// Documents that are named.
const MAX_DOCUMENTS: usize = 20;

/// The question with every text bounded and readable.
pub(crate) fn shown(asked: Asked) -> Asked {
    let asked = pages(asked);
    Asked {
        app_name: text::line(&asked.app_name, 60),
        signal: asked.signal.map(|signal| text::line(&signal, 40)),
        message: filled(asked.message.map(|message| text::line(&message, 500))),
        server: filled(asked.server.map(|server| text::line(&server, 200))),
        release: asked.release.map(|release| text::line(&release, 100)),
        documents: asked
            .documents
            .iter()
            .take(MAX_DOCUMENTS)
            .map(|name| text::line(name, 60))
            .filter(|name| !name.is_empty())
            .collect(),
        details: shown_details(asked.details),
        ..asked
    }
}

/// The question with no other links than to pages.
pub(crate) fn pages(asked: Asked) -> Asked {
    Asked {
        privacy_url: page(asked.privacy_url),
        update_url: page(asked.update_url),
        ..asked
    }
}

/// A page that a browser is sent to, and nothing else that an address can be.
fn page(url: Option<String>) -> Option<String> {
    const MAX_BYTES: usize = 2000;
    url.filter(|url| {
        let lower = url.to_ascii_lowercase();
        let is_page = lower.starts_with("https://") || lower.starts_with("http://");
        is_page && url.len() <= MAX_BYTES && text::line(url, MAX_BYTES) == *url
    })
}

/// What is empty is not there.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

pub(crate) fn shown_details(details: Details) -> Details {
    let line = |text: String| text::line(&text, 500);
    Details {
        stack: details
            .stack
            .map(|frames| frames.into_iter().map(shown_frame).collect()),
        tags: details
            .tags
            .into_iter()
            .map(|(key, value)| (text::line(&key, 100), line(value)))
            .collect(),
        breadcrumbs: details.breadcrumbs.into_iter().map(shown_breadcrumb).collect(),
        contexts: details
            .contexts
            .into_iter()
            .map(|(key, value)| (text::line(&key, 100), line(value)))
            .collect(),
        modules: details
            .modules
            .into_iter()
            .map(|module| ModuleLine {
                path: text::line(&module.path, 500),
                debug_id: module.debug_id.map(|id| text::line(&id, 100)),
                ..module
            })
            .collect(),
        streams: details
            .streams
            .into_iter()
            .map(|stream| StreamLine {
                name: stream.name.map(|name| text::line(&name, 60)),
                ..stream
            })
            .collect(),
        removed: details.removed.into_iter().map(line).collect(),
    }
}

/// The report's text in rows, and how much of it is left out; a line that is too long for a row goes on in the next.
pub(crate) fn raw_rows(raw: &str, left_out_bytes: u64, words: Words) -> Vec<String> {
    let note = (left_out_bytes > 0).then(|| words.more_text(&words.size(left_out_bytes)).into_owned());
    raw.lines().flat_map(rows_of).chain(note).collect()
}

fn rows_of(line: &str) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = String::new();
    for (index, char) in line.chars().enumerate() {
        if index > 0 && index.is_multiple_of(MAX_ROW_CHARS) {
            rows.push(std::mem::take(&mut row));
        }
        row.push(char);
    }
    rows.push(row);
    rows
}

fn shown_frame(frame: FrameLine) -> FrameLine {
    let line = |text: String| text::line(&text, 1_000);
    FrameLine {
        function: frame.function.map(line),
        file: frame.file.map(line),
        module: frame.module.map(line),
        ..frame
    }
}

fn shown_breadcrumb(crumb: BreadcrumbLine) -> BreadcrumbLine {
    BreadcrumbLine {
        time: text::line(&crumb.time, 40),
        category: text::line(&crumb.category, 60),
        level: text::line(&crumb.level, 20),
        message: text::line(&crumb.message, 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an event is shown.
    fn rows(raw: &str) -> Vec<String> {
        let (text, left_out) = text::whole_report(raw.as_bytes());
        raw_rows(&text, left_out, Words::ENGLISH)
    }

    #[test]
    fn only_pages_are_linked() {
        for page in ["https://paint.example.com/privacy", "HTTP://[::1]:8080/?a=b#c"] {
            assert_eq!(super::page(Some(page.to_owned())).as_deref(), Some(page));
        }
        for other in [
            "",
            "ftp://a",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://a/\u{202e}b",
            "https://a/\nb",
        ] {
            assert_eq!(super::page(Some(other.to_owned())), None, "{other}");
        }
    }

    #[test]
    fn the_reports_text_is_rows_that_lose_nothing() {
        assert_eq!(rows("{\"a\": 1}"), ["{", "  \"a\": 1", "}"]);
        let long = "ä".repeat(MAX_ROW_CHARS + 1);
        assert_eq!(rows(&long), ["ä".repeat(MAX_ROW_CHARS), "ä".to_owned()]);
        assert!(raw_rows("", 0, Words::ENGLISH).is_empty());
    }

    #[test]
    fn the_reports_text_is_bounded_and_plain() {
        let shown = rows(&format!("\u{1b}]0;owned\u{7}\u{202e}{}", "x".repeat(8 << 20)));
        let chars: usize = shown.iter().map(|row| row.chars().count()).sum();
        assert!(chars < text::MAX_RAW_BYTES + 2_048, "{chars}");
        assert!(shown[0].starts_with("]0;ownedx"), "{}", shown[0]);
        let last = shown.last().unwrap();
        assert!(last.starts_with("and 7.8 MB more"), "{last}");
    }
}
