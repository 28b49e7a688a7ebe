//! What groups a crash with others like it: a short text made from the innermost frames that mean something.
//!
//! The way of Mozilla's Socorro: begin behind the panic machinery or the signal trampoline if there is one, skip frames that
//! say nothing of the cause (`abort`, allocators, thread starts), append frames as long as they are mere prefixes (`memcpy`,
//! `core::…`: a crash in them is their caller's), stop behind the first that is not. Joined with ` | `, at most
//! [`MAX_CHARS`] characters. A frame without a name is `module@offset`.
//!
//! Names are trimmed first ([`trim()`]), so that a new compiler, another generic argument or a rebuilt crate does not make a
//! new group. The server groups by the same text, made from the frames of an event.

mod names;
mod trim;

pub(crate) use names::is_standard_library;
pub use trim::trim;

/// The longest signature, in characters.
pub const MAX_CHARS: usize = 255;

/// How many frames are looked at.
const MAX_FRAMES: usize = 40;

const SEPARATOR: &str = " | ";

/// What a signature needs to know of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignatureFrame<'a> {
    /// The demangled name.
    pub function: Option<&'a str>,
    /// The module's file name, or path.
    pub module: Option<&'a str>,
    /// How far into the module.
    pub module_offset: Option<u64>,
    /// Path of the source file.
    pub file: Option<&'a str>,
    /// What a rule of the project says: `true` ends the signature here, whatever the name; `false` leaves the frame out, as
    /// long as others are left.
    pub in_app: Option<bool>,
}

/// The signature of a stack given innermost first, inlined functions included. `unknown` for an empty one.
pub fn signature<'a>(frames: impl IntoIterator<Item = SignatureFrame<'a>>) -> String {
    let frames: Vec<SignatureFrame<'a>> = frames.into_iter().take(MAX_FRAMES).collect();
    let mut parts = parts_of(&frames, |frame| frame.in_app != Some(false));
    if parts.is_empty() {
        parts = parts_of(&frames, |_| true);
    }
    if parts.is_empty() {
        parts.extend(frames.iter().find_map(part_of));
    }
    if parts.is_empty() {
        return "unknown".to_owned();
    }
    shorten(&parts.join(SEPARATOR))
}

fn parts_of(frames: &[SignatureFrame<'_>], counts: impl Fn(&SignatureFrame<'_>) -> bool) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for frame in without_machinery(frames, |frame| *frame).filter(|frame| counts(frame)) {
        let Some(part) = part_of(frame) else { continue };
        // Direct recursion: how deep it went does not make another bug.
        if parts.last() != Some(&part) {
            parts.push(part);
        }
        if frame.in_app == Some(true) || !is_prefix(frame) {
            break;
        }
    }
    parts
}

impl SignatureFrame<'_> {
    /// Whether this is panic, abort, signal, allocation or runtime machinery: never the cause, never the top frame of the
    /// application.
    pub fn is_machinery(&self) -> bool {
        self.is_by_name(names::is_machinery_trimmed)
    }

    /// Whether the frame's trimmed name says what `says` asks for. A bare name says nothing of a function that has a source
    /// of the application: the C library has no monopoly on `free` and `clone`.
    fn is_by_name(&self, says: impl Fn(&str) -> bool) -> bool {
        let Some(trimmed) = self.function.map(trim) else {
            return false;
        };
        says(&trimmed) && !(names::is_bare(&trimmed) && self.has_app_source())
    }

    fn has_app_source(&self) -> bool {
        let of_system = |module: &str| names::is_system_library(file_name(module));
        self.file.is_some_and(|file| !crate::ours::is_foreign_file(file)) && !self.module.is_some_and(of_system)
    }
}

/// The frames without machinery, beginning behind the panic or the signal trampoline if there is one: what runs inside of
/// those (panic hooks, crash handlers) is not the cause.
pub(crate) fn without_machinery<'f, F>(
    frames: &'f [F],
    view: impl Fn(&'f F) -> SignatureFrame<'f> + Copy + 'f,
) -> impl Iterator<Item = &'f F> {
    // A signal's handler that does something itself crashed itself, and what it interrupted has nothing to do with it. One
    // that ends the process or makes a dump does so because of what it interrupted.
    let in_handler = frames.first().is_some_and(|innermost| !view(innermost).is_machinery());
    let is_start = move |frame| {
        let frame: SignatureFrame<'_> = view(frame);
        frame.is_by_name(names::is_sentinel) || (!in_handler && frame.is_by_name(names::is_trampoline))
    };
    let start = frames.iter().position(is_start).map_or(0, |index| index + 1);
    let counts = move |frame| {
        let frame: SignatureFrame<'_> = view(frame);
        frame.in_app == Some(true) || !frame.is_machinery()
    };
    frames[start..].iter().filter(move |frame| counts(*frame))
}

fn part_of(frame: &SignatureFrame<'_>) -> Option<String> {
    match (frame.function, frame.module) {
        (Some(function), _) => Some(trim(function)).filter(|name| !name.is_empty()),
        (None, Some(module)) => Some(format!(
            "{}@{:#x}",
            file_name(module),
            frame.module_offset.unwrap_or_default()
        )),
        (None, None) => None,
    }
}

fn is_prefix(frame: &SignatureFrame<'_>) -> bool {
    match frame.function {
        Some(_) => frame.is_by_name(names::is_prefix),
        None => frame
            .module
            .is_some_and(|module| names::is_system_library(file_name(module))),
    }
}

/// The last part of a path of either kind.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= MAX_CHARS {
        return text.to_owned();
    }
    text.chars().take(MAX_CHARS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
