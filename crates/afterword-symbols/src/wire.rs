//! Stacks, threads and modules as Sentry's protocol has them.
//!
//! Frames go outermost first on the wire; a function that was inlined is a frame of its own there too. Sources:
//! <https://develop.sentry.dev/sdk/data-model/event-payloads/> and the pages on threads, stack trace and debug meta below it.

use serde_json::{Map, Value, json};

use crate::{Frame, Module, ProcessedCrash, SymbolState, Thread};

/// At most so many threads, with so many frames each but the one that crashed, whose stack goes with the exception.
pub fn threads(crash: &ProcessedCrash, max_threads: usize, max_frames: usize) -> Vec<Value> {
    let listed = crash.threads.iter().enumerate().take(max_threads);
    listed
        .map(|(index, thread)| {
            let crashed = crash.crashing_thread == Some(index);
            let mut value = json!({ "id": thread.id, "crashed": crashed, "current": crashed });
            if let Some(name) = &thread.name {
                value["name"] = name.as_str().into();
            }
            if !crashed {
                value["stacktrace"] = stacktrace(thread, max_frames, false);
            }
            value
        })
        .collect()
}

/// The innermost frames of a thread, so many at most, and its registers if they are wanted.
pub fn stacktrace(thread: &Thread, max_frames: usize, registers: bool) -> Value {
    let mut frames: Vec<Value> = thread.frames.iter().take(max_frames).map(frame).collect();
    frames.reverse();
    let mut stacktrace = json!({ "frames": frames });
    if registers {
        stacktrace["registers"] = thread
            .registers
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect::<Map<_, _>>()
            .into();
    }
    stacktrace
}

fn frame(frame: &Frame) -> Value {
    let mut value = json!({
        "instruction_addr": frame.instruction,
        "in_app": frame.in_app,
        "trust": if frame.inline { "inline" } else { frame.trust.as_str() },
    });
    let file_name = frame
        .file
        .as_deref()
        .map(|path| path.rsplit(['/', '\\']).next().unwrap_or(path));
    for (field, text) in [
        ("function", frame.function.as_deref()),
        ("raw_function", frame.raw_function.as_deref()),
        ("package", frame.module.as_deref()),
        ("filename", file_name),
        ("abs_path", frame.file.as_deref()),
        ("context_line", frame.context_line.as_deref()),
    ] {
        if let Some(text) = text {
            value[field] = text.into();
        }
    }
    for (field, lines) in [
        ("pre_context", &frame.pre_context),
        ("post_context", &frame.post_context),
    ] {
        if !lines.is_empty() {
            value[field] = json!(lines);
        }
    }
    if let Some(line) = frame.line {
        value["lineno"] = line.into();
    }
    if let Some(offset) = frame.module_offset {
        value["data"] = json!({ "module_offset": offset });
    }
    if frame.inline {
        value["data"]["inline"] = true.into();
    }
    value
}

/// A module as a debug image: `kind` is `elf`, `pe` or `macho`.
pub fn image(module: &Module, kind: &str) -> Value {
    let mut image = json!({
        "type": kind,
        "code_file": module.path,
        "image_addr": module.base,
        "image_size": module.size,
    });
    for (field, id) in [
        ("debug_id", &module.debug_id),
        ("code_id", &module.code_id),
        ("debug_file", &module.debug_file),
    ] {
        if let Some(id) = id {
            image[field] = id.as_str().into();
        }
    }
    image
}

/// What is said of a module's symbols in a debug image.
pub fn debug_status(state: SymbolState) -> &'static str {
    match state {
        SymbolState::NotNeeded => "unused",
        SymbolState::Loaded | SymbolState::NamesOnly => "found",
        SymbolState::Missing | SymbolState::Mismatched => "missing",
        SymbolState::Unreadable => "malformed",
    }
}

/// The kind of debug images on a system, by its name in [`System::os`](crate::System::os).
pub fn image_kind(os: &str) -> &'static str {
    match os {
        "Windows NT" => "pe",
        "Mac OS X" | "iOS" => "macho",
        _ => "elf",
    }
}
