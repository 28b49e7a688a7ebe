//! What a crash report will say of what the person did: a breadcrumb for each step, tags for where things stand.

use afterword::sentry::protocol::{Breadcrumb, Level};

use super::Tool;
use crate::canvas::{Drawing, INKS, Stroke};
use crate::crash::CrashKind;

fn leave(category: &str, level: Level, message: String) {
    afterword::add_breadcrumb(Breadcrumb {
        category: Some(category.to_owned()),
        message: Some(message),
        level,
        ..Breadcrumb::default()
    });
}

fn tag(tool: Tool) {
    afterword::set_tag("tool.colour", INKS[tool.ink.0]);
    afterword::set_tag("tool.width", tool.width);
}

/// The window is there, and this is in the person's hand.
pub(super) fn opened(tool: Tool) {
    tag(tool);
    afterword::set_tag("strokes", 0);
    leave("window", Level::Info, "opened an empty drawing".to_owned());
}

/// Another brush.
pub(super) fn chosen(before: Tool, now: Tool) {
    tag(now);
    let message = if before.ink == now.ink {
        format!("chose a brush {} points wide", now.width)
    } else {
        format!("chose {}", INKS[now.ink.0])
    };
    leave("tool", Level::Info, message);
}

/// A stroke was finished. Where it went is the person's own.
pub(super) fn drawn(stroke: &Stroke) {
    let ink = INKS[stroke.ink.0];
    leave(
        "draw",
        Level::Info,
        format!("drew a stroke in {ink} with {} points", stroke.points.len()),
    );
}

/// Undo or clear.
pub(super) fn changed(what: &str, drawing: &Drawing) {
    leave("edit", Level::Info, what.to_owned());
    counted(drawing);
}

/// There are so many strokes now.
pub(super) fn counted(drawing: &Drawing) {
    afterword::set_tag("strokes", drawing.strokes().count());
}

/// The last word.
pub(super) fn crashing(kind: CrashKind) {
    leave("menu", Level::Warning, format!("chose to crash: {}", kind.name()));
}
