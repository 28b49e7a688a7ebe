//! Exceptions, threads and their frames. On the wire frames are oldest first, and stay so here.

use afterword_symbols::signature;
use serde_json::Value;

use super::read::{entries, first_text, newest, truth};
use super::whole::Source;

/// What was thrown, caught or crashed.
#[derive(Debug, Default)]
pub(crate) struct Exception {
    pub(crate) kind: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) thread_id: Option<String>,
    pub(crate) handled: Option<bool>,
    /// Made up by a client or server to carry a stack: its type says nothing of the cause.
    pub(crate) synthetic: bool,
    /// The signal's name, if it was one.
    pub(crate) signal: Option<String>,
    /// The address that was touched, if the client says it.
    pub(crate) address: Option<String>,
    pub(crate) stack: Stack,
}

/// One thread.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) crashed: bool,
    pub(crate) current: bool,
    pub(crate) stack: Stack,
}

/// Frames, oldest first, and the registers of the newest.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    pub(crate) frames: Vec<Frame>,
    pub(crate) registers: Vec<(String, String)>,
    /// Older frames that were not read; of a whole event only.
    pub(crate) left_out: usize,
}

/// One function on a stack.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    pub(crate) function: Option<String>,
    /// A namespace, where the platform has them.
    pub(crate) module: Option<String>,
    /// Path of the executable or library.
    pub(crate) package: Option<String>,
    /// The source file, as short as the client gives it.
    pub(crate) file: Option<String>,
    /// The source file's whole path.
    pub(crate) path: Option<String>,
    pub(crate) line: Option<String>,
    pub(crate) address: Option<String>,
    /// How far into the package.
    pub(crate) offset: Option<u64>,
    pub(crate) trust: Option<String>,
    pub(crate) in_app: Option<bool>,
    /// What a rule of the project says of it, if one does; `in_app` is the same then.
    pub(crate) by_rule: Option<bool>,
    /// Inlined into the frame before it.
    pub(crate) inline: bool,
    /// Of a [whole](super::Whole) event only.
    pub(crate) source: Option<Source>,
}

impl Exception {
    pub(super) fn read(raw: &Value) -> Self {
        let mechanism = raw.get("mechanism").unwrap_or(&Value::Null);
        let kind = first_text(mechanism, &["type"]);
        let address_at = [
            "/data/address",
            "/data/relevant_address",
            "/data/fault_address",
            "/meta/address",
        ];
        Self {
            kind: first_text(raw, &["type"]),
            value: first_text(raw, &["value"]),
            thread_id: first_text(raw, &["thread_id"]),
            handled: truth(mechanism, "handled"),
            synthetic: truth(mechanism, "synthetic").unwrap_or(kind.as_deref() == Some("minidump")),
            signal: mechanism
                .pointer("/meta/signal")
                .and_then(|signal| first_text(signal, &["name"])),
            address: address_at
                .iter()
                .find_map(|path| mechanism.pointer(path).and_then(super::read::text)),
            stack: Stack::read(raw.get("stacktrace").or_else(|| raw.get("raw_stacktrace"))),
        }
    }
}

impl Thread {
    pub(super) fn read(raw: &Value) -> Self {
        Self {
            id: first_text(raw, &["id"]),
            name: first_text(raw, &["name"]),
            crashed: truth(raw, "crashed").unwrap_or(false),
            current: truth(raw, "current").unwrap_or(false),
            stack: Stack::read(raw.get("stacktrace")),
        }
    }
}

impl Stack {
    pub(super) fn read(raw: Option<&Value>) -> Self {
        let Some(raw @ Value::Object(stack)) = raw else {
            return Self::default();
        };
        let mut frames: Vec<Frame> = newest(stack.get("frames")).map(Frame::read).collect();
        mark_inlined(&mut frames);
        Self {
            frames,
            registers: entries(raw.get("registers")),
            left_out: 0,
        }
    }

    /// Newest first, as people read a stack.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter().rev()
    }

    /// The frame to name when asked where it happened: the newest of the application that is not machinery (panics,
    /// aborts, allocation), else the newest that is not machinery, else the newest.
    pub(crate) fn top_frame(&self) -> Option<&Frame> {
        let meant = || self.newest_first().filter(|frame| !frame.is_machinery());
        meant()
            .find(|frame| frame.in_app == Some(true))
            .or_else(|| meant().next())
            .or_else(|| self.frames.last())
    }

    /// The signature of this stack, `None` if it has no frames that say anything.
    pub(crate) fn signature(&self) -> Option<String> {
        let named = self
            .frames
            .iter()
            .any(|frame| frame.function.is_some() || frame.offset.is_some());
        named.then(|| signature::signature(self.newest_first().map(Frame::for_signature)))
    }
}

impl Frame {
    fn read(raw: &Value) -> Self {
        let function = first_text(raw, &["function", "raw_function", "symbol"]);
        let address = first_text(raw, &["instruction_addr"]);
        let number = |text: &Option<String>| text.as_deref().and_then(number);
        let base = number(&first_text(raw, &["image_addr"]));
        Self {
            function: function.filter(|name| name != "<unknown>" && name != "?"),
            module: first_text(raw, &["module"]),
            package: first_text(raw, &["package"]),
            file: first_text(raw, &["filename", "abs_path"]),
            path: first_text(raw, &["abs_path"]),
            line: first_text(raw, &["lineno"]).filter(|line| line != "0"),
            offset: match number(&address).zip(base) {
                Some((address, base)) => address.checked_sub(base),
                None => number(&first_text(raw.get("data").unwrap_or(&Value::Null), &["module_offset"])),
            },
            address,
            trust: first_text(raw, &["trust"]),
            in_app: truth(raw, "in_app"),
            by_rule: None,
            inline: says_inline(raw),
            source: None,
        }
    }

    /// The function's name without what changes from build to build.
    pub(crate) fn short_name(&self) -> Option<String> {
        self.function
            .as_deref()
            .map(signature::trim)
            .filter(|name| !name.is_empty())
    }

    /// What to call the frame in a line: its function, else `editor@0x1d72`.
    pub(crate) fn label(&self) -> Option<String> {
        let place = || Some(format!("{}@{:#x}", self.package_name()?, self.offset?));
        self.short_name().or_else(place)
    }

    /// Where its source is, `canvas.rs:42`; for code without one, the executable or library.
    pub(crate) fn origin(&self) -> Option<String> {
        match (&self.file, &self.line) {
            (Some(file), Some(line)) => Some(format!("{file}:{line}")),
            (Some(file), None) => Some(file.clone()),
            (None, _) => Some(format!("in {}", self.package_name()?)),
        }
    }

    /// Panic, abort and allocation are nobody's fault.
    pub(crate) fn is_machinery(&self) -> bool {
        self.for_signature().is_machinery()
    }

    /// The file name of the executable or library.
    pub(crate) fn package_name(&self) -> Option<&str> {
        self.package.as_deref().map(file_name)
    }

    fn for_signature(&self) -> signature::SignatureFrame<'_> {
        signature::SignatureFrame {
            function: self.function.as_deref(),
            module: self.package_name().or(self.module.as_deref()),
            module_offset: self.offset,
            file: self.path.as_deref().or(self.file.as_deref()),
            in_app: self.by_rule,
        }
    }
}

/// Clients have no field of their own for inlined frames; ours says `inline`.
fn says_inline(raw: &Value) -> bool {
    let in_data = raw.get("data").is_some_and(|data| truth(data, "inline") == Some(true));
    let trust = raw.get("trust").and_then(Value::as_str);
    truth(raw, "inline") == Some(true) || in_data || matches!(trust, Some("inline" | "inlined"))
}

/// In a stack that does not say it of any frame: another function at its caller's address can only be inlined there. (The
/// same function at the same address is recursion.)
fn mark_inlined(frames: &mut [Frame]) {
    if frames.iter().any(|frame| frame.inline) {
        return;
    }
    for at in 1..frames.len() {
        let (callers, rest) = frames.split_at_mut(at);
        let (Some(caller), Some(frame)) = (callers.last(), rest.first_mut()) else {
            continue;
        };
        let same_place = frame.address.is_some() && frame.address == caller.address;
        if same_place && frame.function != caller.function {
            frame.inline = true;
        }
    }
}

/// The last part of a path of any system.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\'])
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or(path)
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
