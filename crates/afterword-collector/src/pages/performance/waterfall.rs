//! A trace drawn: its spans inside each other, each with a bar where it lies in time, and the errors that happened in them.
//!
//! Lists inside lists, folded by `<details>`, so that it is read and folded without script; only what is written is indented, so
//! that all bars lie on one axis. A trace can have thousands of spans: transactions, what failed and what took longest are shown,
//! together with all above them, and each line says how many spans inside it are not.

mod tree;

use std::collections::HashSet;

use crate::pages::chart::{Picture, Unit, duration_ticks};
use crate::queries::traces::StoredSpan;
pub(super) use tree::Errors;
use tree::Tree;

/// The most lines.
const MOST_LINES: usize = 220;
/// The most errors that are shown in one span.
const MOST_ERRORS: usize = 5;
/// Lists inside lists; what is deeper goes on beside.
const MOST_DEPTH: usize = 40;
/// What is written is indented up to here.
const MOST_INDENT: usize = 12;
/// Bytes of a description, as they are sent.
const MOST_BYTES: usize = 170;
/// The axis has so many parts.
const WIDTH: f64 = 1000.0;

/// A drawn trace.
pub(super) struct Waterfall {
    pub(super) picture: Picture,
    /// Spans that are not shown.
    pub(super) hidden: usize,
}

/// Draws the spans of a trace, which are in order of their begin. `name` says how a project is called.
pub(super) fn draw(spans: &[StoredSpan], errors: &Errors<'_>, name: &dyn Fn(i64) -> String) -> Waterfall {
    let start_us = spans.iter().map(|span| span.started_us).min().unwrap_or_default();
    let end_us = spans.iter().map(|span| span.ended_us).max().unwrap_or_default();
    let tree = Tree::of(spans);
    let shown = tree.shown(spans, errors, MOST_LINES);
    let mut drawing = Drawing {
        spans,
        errors,
        name,
        start_us,
        length_us: micros(end_us.saturating_sub(start_us)).max(1.0),
        picture: Picture::default(),
        tree: &tree,
        shown: &shown,
        ids: HashSet::new(),
    };
    drawing.axis();
    drawing.list(&tree.roots, 0);
    Waterfall {
        picture: drawing.picture,
        hidden: shown.iter().filter(|shown| !**shown).count(),
    }
}

struct Drawing<'a> {
    spans: &'a [StoredSpan],
    errors: &'a Errors<'a>,
    name: &'a dyn Fn(i64) -> String,
    start_us: i64,
    length_us: f64,
    picture: Picture,
    tree: &'a Tree,
    shown: &'a [bool],
    ids: HashSet<String>,
}

impl Drawing<'_> {
    /// The time along the top.
    fn axis(&mut self) {
        self.picture
            .raw(r#"<div class="span-axis" aria-hidden="true"><span></span><span></span><svg height="18">"#);
        for (at, label) in duration_ticks(self.length_us) {
            let percent = at * 100.0 / self.length_us;
            let class = if percent > 92.0 {
                "last"
            } else if percent < 4.0 {
                "first"
            } else {
                ""
            };
            self.picture
                .draw(format_args!(r#"<text class="{class}" x="{percent:.2}%" y="12">"#))
                .text(&label)
                .raw("</text>");
        }
        self.picture.raw("</svg></div>");
    }

    fn list(&mut self, spans: &[usize], depth: usize) {
        self.picture.raw("<ul class=\"spans\">");
        // What is too deep is drawn behind what it is in.
        let mut waiting: Vec<usize> = spans.iter().rev().copied().collect();
        while let Some(span) = waiting.pop() {
            if !self.shown[span] {
                continue;
            }
            let inside: Vec<usize> = self.tree.children[span]
                .iter()
                .copied()
                .filter(|child| self.shown[*child])
                .collect();
            let hidden = self.tree.hidden(span, self.shown);
            let errors = self.errors.of(span);
            if depth + 1 >= MOST_DEPTH {
                waiting.extend(inside.iter().rev());
            }
            let folds = depth + 1 < MOST_DEPTH && !inside.is_empty() || hidden > 0 || !errors.is_empty();
            self.picture
                .raw(if folds { "<li><details open><summary" } else { "<li" });
            self.line(span, depth);
            if !folds {
                self.picture.raw("</li>");
                continue;
            }
            self.picture.raw("</summary>");
            if !errors.is_empty() {
                self.errors(errors, depth);
            }
            if depth + 1 < MOST_DEPTH && !inside.is_empty() {
                self.list(&inside, depth + 1);
            }
            if hidden > 0 {
                let indent = (depth + 1).min(MOST_INDENT);
                let words = if hidden == 1 {
                    "shorter span is"
                } else {
                    "shorter spans are"
                };
                self.picture.draw(format_args!(
                    r#"<p class="span-more d{indent}">{hidden} {words} not shown</p>"#
                ));
            }
            self.picture.raw("</details></li>");
        }
        self.picture.raw("</ul>");
    }

    /// The rest of an element that began: its attributes, what it is, how long it took, and where it lies.
    fn line(&mut self, index: usize, depth: usize) {
        let span = &self.spans[index];
        let indent = depth.min(MOST_INDENT);
        let id: String = span.span_id.chars().filter(char::is_ascii_hexdigit).collect();
        let kind = if span.is_segment != 0 { "span segment" } else { "span" };
        self.picture.draw(format_args!(r#" class="{kind} d{indent}""#));
        // Two projects may have a span of the same id.
        if self.ids.insert(id.clone()) {
            self.picture.raw(" id=\"s-").text(&id).raw("\"");
        }
        self.picture.raw(">");
        self.picture.raw("<span class=\"span-what\">");
        if span.is_segment != 0 {
            let name = (self.name)(span.project_id);
            self.picture.raw("<span class=\"badge\">").text(&name).raw("</span> ");
        }
        if let Some(op) = span.op.as_deref().filter(|op| !op.is_empty()) {
            self.picture
                .raw("<span class=\"span-op\">")
                .text(&cut(op, 40))
                .raw("</span> ");
        }
        self.picture
            .raw("<span class=\"span-name\">")
            .text(&cut(&span.name, MOST_BYTES))
            .raw("</span>");
        let failed = crate::performance::is_failure(span.status.as_deref());
        if let (true, Some(status)) = (failed, span.status.as_deref()) {
            self.picture
                .raw(" <span class=\"failed\">")
                .text(&cut(status, 40))
                .raw("</span>");
        }
        let took = micros(span.ended_us.saturating_sub(span.started_us)).max(0.0);
        let offset = micros(span.started_us.saturating_sub(self.start_us)).max(0.0);
        self.picture
            .raw("</span><span class=\"span-took\">")
            .text(&Unit::Duration.say(took))
            .raw("</span>");
        let width = (took * WIDTH / self.length_us).clamp(3.0, WIDTH);
        let x = (offset * WIDTH / self.length_us).clamp(0.0, WIDTH - width);
        let class = match (failed, span.is_segment != 0) {
            (true, _) => "bad",
            (false, true) => "whole",
            (false, false) => "part",
        };
        self.picture
            .raw(r#"<svg viewBox="0 0 1000 10" preserveAspectRatio="none"><title>"#);
        self.picture.text(&format!("begins at {}", Unit::Duration.say(offset)));
        self.picture.draw(format_args!(
            r#"</title><rect class="{class}" x="{x:.0}" width="{width:.0}" height="10"/></svg>"#
        ));
    }

    fn errors(&mut self, errors: &[&crate::queries::traces::TracedError], depth: usize) {
        let indent = (depth + 1).min(MOST_INDENT);
        self.picture.draw(format_args!(r#"<ul class="span-errors d{indent}">"#));
        for error in errors.iter().take(MOST_ERRORS) {
            self.picture
                .raw("<li><span class=\"dot fatal\" aria-hidden=\"true\"></span><span class=\"hidden\">Error: </span>");
            let digits = error
                .event_id
                .chars()
                .filter(char::is_ascii_hexdigit)
                .collect::<String>();
            self.picture
                .draw(format_args!(r#"<a href="/issues/{}/events/"#, error.issue_id));
            self.picture
                .text(&digits)
                .raw("/\">")
                .text(&cut(&error.title, MOST_BYTES))
                .raw("</a></li>");
        }
        if errors.len() > MOST_ERRORS {
            self.picture.draw(format_args!(
                "<li>{} more errors in this span</li>",
                errors.len() - MOST_ERRORS
            ));
        }
        self.picture.raw("</ul>");
    }
}

/// As much of a text as takes so many bytes in a page; what is left out is told by `…`.
fn cut(text: &str, most: usize) -> String {
    let mut bytes = 0;
    let mut cut = String::new();
    for char in text.chars() {
        bytes += match char {
            '&' | '<' | '>' | '"' | '\'' => 6,
            char => char.len_utf8(),
        };
        if bytes > most {
            cut.push('…');
            break;
        }
        cut.push(char);
    }
    cut
}

#[expect(clippy::cast_precision_loss, reason = "a duration that is drawn")]
fn micros(us: i64) -> f64 {
    us as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_cut_by_what_they_take_in_a_page() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut("0123456789abc", 10), "0123456789…");
        assert_eq!(cut("<<<<", 13), "<<…");
        assert_eq!(cut("ääääää", 5), "ää…");
    }

    fn span(id: usize, parent: Option<usize>, segment: bool, started: i64, ended: i64) -> StoredSpan {
        StoredSpan {
            project_id: 1,
            project: "editor".to_owned(),
            span_id: format!("{id:016x}"),
            parent_span_id: parent.map(|id| format!("{id:016x}")),
            event_id: Some("e".to_owned()),
            is_segment: i64::from(segment),
            name: format!("<b>{id}</b>\"&'"),
            op: Some("<i>".to_owned()),
            status: None,
            release: None,
            environment: None,
            started_us: started,
            ended_us: ended,
        }
    }

    fn drawn(spans: &[StoredSpan]) -> Waterfall {
        draw(spans, &Errors::default(), &|_| "<u>".to_owned())
    }

    #[test]
    fn what_strangers_wrote_is_text() {
        let waterfall = drawn(&[span(1, None, true, 0, 100), span(2, Some(1), false, 10, 20)]);
        let markup = waterfall.picture.as_str();
        for dangerous in ["<b>", "<i>", "<u>", "\"&'"] {
            assert!(!markup.contains(dangerous), "{dangerous} in {markup}");
        }
        assert!(markup.contains("&lt;b&gt;2&lt;/b&gt;&quot;&amp;&#39;"), "{markup}");
        assert!(
            markup.contains("x=\"100\" width=\"100\"") && markup.contains("begins at 10 µs"),
            "{markup}"
        );
    }

    #[test]
    fn thousands_of_spans_are_a_page() {
        let mut spans = vec![span(0, None, true, 0, 1_000_000)];
        for id in 1..9000_usize {
            // Some hang in each other, deeper than anybody would.
            let parent = if id % 3 == 0 { 0 } else { id - 1 };
            let at = i64::try_from(id).unwrap();
            spans.push(span(id, Some(parent), false, at, at + at % 97));
        }
        let waterfall = drawn(&spans);
        let markup = waterfall.picture.as_str();
        assert!(markup.len() < 130_000, "{}", markup.len());
        let lines = markup.matches("id=\"s-").count();
        assert!(lines <= MOST_LINES && lines > MOST_LINES / 2, "{lines}");
        assert_eq!(waterfall.hidden, 9000 - lines);
        assert!(markup.contains("shorter spans are not shown"));
        let told: usize = markup
            .split("\">")
            .filter_map(|part| part.split_once(" shorter span"))
            .filter_map(|(count, _)| count.parse::<usize>().ok())
            .sum();
        assert_eq!(told, waterfall.hidden, "every span that is not shown is told of once");
    }

    #[test]
    fn depth_and_circles_do_no_harm() {
        let deep: Vec<StoredSpan> = (0..200)
            .map(|id| span(id, id.checked_sub(1), id == 0, 0, 1000 - i64::try_from(id).unwrap()))
            .collect();
        let waterfall = drawn(&deep);
        let markup = waterfall.picture.as_str();
        assert_eq!((markup.matches("id=\"s-").count(), waterfall.hidden), (200, 0));
        let circle = [
            span(1, Some(2), false, 0, 10),
            span(2, Some(1), false, 0, 10),
            span(3, Some(3), true, 0, 0),
        ];
        let waterfall = drawn(&circle);
        assert_eq!(waterfall.picture.as_str().matches("id=\"s-").count(), 3);
        for markup in [markup, waterfall.picture.as_str()] {
            assert_eq!(markup.matches("<li").count(), markup.matches("</li>").count());
            assert_eq!(markup.matches("<details").count(), markup.matches("</details>").count());
            assert_eq!(markup.matches("<ul").count(), markup.matches("</ul>").count());
            assert!(!markup.contains("NaN") && !markup.contains("inf"));
        }
        assert!(drawn(&[]).picture.as_str().contains("<ul class=\"spans\"></ul>"));
        drawn(&[
            span(1, None, true, i64::MIN, i64::MAX),
            span(2, None, true, i64::MAX, i64::MIN),
        ]);
    }
}
