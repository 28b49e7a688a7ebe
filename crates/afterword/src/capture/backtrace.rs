//! The backtrace that an error carries, found in what its `Debug` shows.
//!
//! There is no stable way to ask an error for its backtrace (`Error::provide` is unstable). A [`std::backtrace::Backtrace`]
//! shows itself as
//!
//! ```text
//! Backtrace [{ fn: "app::open", file: "./src/main.rs", line: 12 }, { fn: "app::main" }]
//! ```
//!
//! in the `Debug` of what holds it, which for most errors is derived; one that was not captured as `<disabled>`.

use std::error::Error;
use std::fmt::{self, Write};

use sentry::protocol::{Event, Frame, Stacktrace};

/// The longest `Debug` that is looked at, in bytes. A backtrace is some ten thousand.
const MAX_DEBUG_BYTES: usize = 1 << 20;
const MAX_FRAMES: usize = 256;

/// What an error's `Debug` shows, up to a bound.
pub(super) fn bounded_debug<E: Error + ?Sized>(error: &E) -> String {
    struct Bounded(String);
    impl Write for Bounded {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            if self.0.len() + text.len() > MAX_DEBUG_BYTES {
                return Err(fmt::Error);
            }
            self.0.push_str(text);
            Ok(())
        }
    }
    let mut shown = Bounded(String::new());
    // What is too long, or fails by itself, is looked at as far as it came.
    write!(shown, "{error:?}").ok();
    shown.0
}

/// The last backtrace in a `Debug`: of an error that holds another, that is the inner one.
pub(super) fn in_debug(debug: &str) -> Option<Stacktrace> {
    let (_, mut rest) = debug.rsplit_once("Backtrace [")?;
    let mut frames = Vec::new();
    while let Some(start) = rest.strip_prefix("{ ") {
        let (frame, after) = frame(start)?;
        frames.push(frame);
        if frames.len() == MAX_FRAMES {
            break;
        }
        rest = after.strip_prefix(", ").unwrap_or(after);
    }
    if frames.is_empty() {
        return None;
    }
    // Those that took it are not where the error came from.
    let own = |frame: &Frame| {
        let function = frame.function.as_deref().unwrap_or_default();
        function.starts_with("std::backtrace") || function.starts_with("<std::backtrace")
    };
    let first = frames.iter().position(|frame| !own(frame)).unwrap_or(0);
    frames.drain(..first);
    // On the wire the innermost frame is the last.
    frames.reverse();
    Some(Stacktrace {
        frames,
        ..Stacktrace::default()
    })
}

/// `fn: "…", file: "…", line: 12 }`, and what follows.
fn frame(mut text: &str) -> Option<(Frame, &str)> {
    let mut frame = Frame::default();
    loop {
        let (name, rest) = text.split_once(": ")?;
        let rest = if name == "line" {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            frame.lineno = rest[..end].parse().ok();
            &rest[end..]
        } else {
            let (value, rest) = quoted(rest)?;
            match name {
                "fn" => frame.function = Some(without_hash(value)),
                "file" => {
                    frame.filename = value.rsplit(['/', '\\']).next().map(str::to_owned);
                    frame.abs_path = Some(value);
                }
                _ => return None,
            }
            rest
        };
        if let Some(after) = rest.strip_prefix(" }") {
            return Some((frame, after));
        }
        text = rest.strip_prefix(", ")?;
    }
}

/// The text in quotes at the beginning, its escapes undone, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &inner[at + 1..])),
            // In paths and names only quotes and backslashes are escaped.
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

/// Without the compiler's hash, `::h0123456789abcdef`.
fn without_hash(mut function: String) -> String {
    if let Some((name, hash)) = function.rsplit_once("::h")
        && hash.len() == 16
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        function.truncate(name.len());
    }
    function
}

/// Gives the outermost exception a stack, if there is one to give.
pub(super) fn give(event: &mut Event<'static>, stack: Option<Stacktrace>) {
    if let (Some(stack), Some(exception)) = (stack, event.exception.values.last_mut()) {
        exception.stacktrace = Some(stack);
    }
}

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;

    use super::*;

    #[test]
    fn a_backtrace_is_found_in_what_is_shown() {
        let shown = r#"Open { path: "a", backtrace: Backtrace [{ fn: "std::backtrace::Backtrace::create" }, { fn: "app::open::h0123456789abcdef", file: "C:\\src\\main.rs", line: 12 }, { fn: "<app::X as Y<\"q\">>::main" }], more: 1 }"#;
        let stack = in_debug(shown).unwrap();
        let shown: Vec<_> = stack
            .frames
            .iter()
            .map(|frame| {
                (
                    frame.function.as_deref().unwrap(),
                    frame.filename.as_deref(),
                    frame.lineno,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("<app::X as Y<\"q\">>::main", None, None),
                ("app::open", Some("main.rs"), Some(12))
            ]
        );
        assert_eq!(stack.frames[1].abs_path.as_deref(), Some(r"C:\src\main.rs"));
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for shown in [
            "",
            "Open",
            "Backtrace <disabled>",
            "Backtrace []",
            "Backtrace [{ ",
            "Backtrace [{ fn: ",
            r#"Backtrace [{ fn: "a"#,
            r#"Backtrace [{ fn: "a", line: 1"#,
            r#"Backtrace [{ other: "a" }]"#,
        ] {
            assert!(in_debug(shown).is_none(), "{shown}");
        }
    }

    #[test]
    fn the_real_one_of_this_standard_library_is_read() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "read through Debug")]
        struct Holder {
            backtrace: Backtrace,
        }
        #[inline(never)]
        fn the_culprit() -> Holder {
            Holder {
                backtrace: Backtrace::force_capture(),
            }
        }
        let stack = in_debug(&format!("{:?}", the_culprit())).unwrap();
        let last = stack.frames.last().unwrap();
        let function = last.function.as_deref().unwrap();
        assert!(function.ends_with("the_culprit"), "{function}");
        assert!(last.lineno.is_some() && last.filename.as_deref() == Some("backtrace.rs"));
    }
}
