//! The Sentry event of a crash: what was mirrored before it, with the stack.
//!
//! Source: <https://develop.sentry.dev/sdk/data-model/event-payloads/> and the page on exceptions below it. How stacks, threads
//! and modules go: [`afterword_symbols::wire`].

use afterword_store::{ReportInfo, ReportKind};
use afterword_symbols::{ProcessedCrash, wire};
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;

/// Threads other than the crashed one are sent with so many frames at the most.
const OTHER_THREAD_FRAMES: usize = 64;
const MAX_THREADS: usize = 512;
/// A little below what a server takes.
const MAX_EVENT_BYTES: usize = 1_000_000;
/// Frames kept at each end of a stack that is too long.
const END_FRAMES: usize = 100;

/// The event of a report, to be sent as it is.
pub(crate) fn event(info: &ReportInfo, crash: &ProcessedCrash) -> Value {
    let mut event = match &info.event {
        Value::Object(mirrored) => mirrored.clone(),
        _ => Map::new(),
    };
    let fixed = json!({
        "event_id": info.event_id.simple().to_string(),
        "timestamp": info.captured_at.format(&Rfc3339).unwrap_or_default(),
        "platform": "native",
        "level": if info.kind == ReportKind::Hang { "error" } else { "fatal" },
        "sdk": { "name": "afterword", "version": env!("CARGO_PKG_VERSION") },
        "exception": { "values": [exception(info, crash)] },
        "threads": { "values": wire::threads(crash, MAX_THREADS, OTHER_THREAD_FRAMES) },
        "debug_meta": { "images": crash.modules.iter().map(|module| wire::image(module, "elf")).collect::<Vec<_>>() },
    });
    if let Value::Object(fixed) = fixed {
        event.extend(fixed);
    }
    for (field, value) in [("release", &info.release), ("environment", &info.environment)] {
        if let Some(value) = value {
            event.insert(field.to_owned(), value.as_str().into());
        }
    }
    add_contexts(&mut event, info, crash);
    fit(Value::Object(event))
}

/// A server takes events of 1 MiB. What is too long loses what is least needed first, and says so; all of it is still in the
/// minidump and in the stack beside it.
fn fit(mut event: Value) -> Value {
    let mut left_out = Vec::new();
    for (what, leave_out) in LEAST_NEEDED {
        if event.to_string().len() <= MAX_EVENT_BYTES {
            break;
        }
        leave_out(&mut event);
        left_out.push(*what);
    }
    if !left_out.is_empty() {
        event["contexts"]["afterword"]["left_out"] = json!(left_out);
    }
    event
}

type LeaveOut = fn(&mut Value);

const LEAST_NEEDED: &[(&str, LeaveOut)] = &[
    ("stacks of other threads", |event| {
        for thread in event["threads"]["values"].as_array_mut().into_iter().flatten() {
            if let Some(fields) = thread.as_object_mut() {
                fields.remove("stacktrace");
            }
        }
    }),
    ("frames in the middle of the stack", |event| {
        if let Some(frames) = event["exception"]["values"][0]["stacktrace"]["frames"].as_array_mut()
            && frames.len() > 2 * END_FRAMES
        {
            frames.drain(END_FRAMES..frames.len() - END_FRAMES);
        }
    }),
    ("modules", |event| event["debug_meta"] = json!({ "images": [] })),
    ("extra values", |event| event["extra"] = Value::Null),
    ("breadcrumbs", |event| event["breadcrumbs"] = Value::Null),
    ("contexts of the app", |event| {
        if let Some(contexts) = event["contexts"].as_object_mut() {
            contexts.retain(|name, _| matches!(name.as_str(), "os" | "device" | "afterword"));
        }
    }),
];

/// A dump of a panic is taken inside the hook: the hook's frames, and the machinery that called it, say nothing.
pub(crate) fn leave_out_hook(crash: &mut ProcessedCrash) {
    let Some(thread) = crash.crashing_thread.and_then(|index| crash.threads.get_mut(index)) else {
        return;
    };
    let last_of_hook = thread.frames.iter().rposition(|frame| {
        let function = frame.function.as_deref().unwrap_or_default();
        [
            "afterword::panics::",
            "std::panicking::rust_panic_with_hook",
            "std::panicking::panic_with_hook",
        ]
        .iter()
        .any(|hook| function.starts_with(hook))
    });
    if let Some(last) = last_of_hook {
        thread.frames.drain(..=last);
    }
}

fn exception(info: &ReportInfo, crash: &ProcessedCrash) -> Value {
    let is_panic = info.kind == ReportKind::Panic;
    let (kind, mechanism) = match info.kind {
        ReportKind::Panic => ("panic", "panic"),
        // The names under which servers group what hangs, whatever the system.
        ReportKind::Hang => ("ApplicationNotResponding", "AppHang"),
        _ => (info.reason.as_str(), "minidump"),
    };
    let value = match (&info.message, info.kind) {
        (Some(message), _) => message.clone(),
        (None, ReportKind::Panic) => "panic".to_owned(),
        (None, ReportKind::Hang) => "The program does not respond".to_owned(),
        (None, _) => match info.address {
            Some(address) => format!("{} at {address:#x}", crash.reason.name),
            None => crash.reason.name.clone(),
        },
    };
    let mut mechanism = json!({
        "type": mechanism,
        "handled": info.kind == ReportKind::Hang,
        // The type of a signal says how it died and not what was wrong: servers should not group by it.
        "synthetic": !is_panic,
    });
    if let (Some(name), Some(code)) = (&info.signal, crash.reason.code) {
        mechanism["meta"] = json!({ "signal": { "number": code.0, "name": name } });
    }
    let mut exception = json!({ "type": kind, "value": value, "mechanism": mechanism });
    if let Some(thread) = crash.crashed_thread() {
        exception["thread_id"] = thread.id.into();
        exception["stacktrace"] = wire::stacktrace(thread, usize::MAX, true);
    }
    exception
}

/// What the dump knows of the machine, where the app said nothing; how the report came to be.
fn add_contexts(event: &mut Map<String, Value>, info: &ReportInfo, crash: &ProcessedCrash) {
    let contexts = event.entry("contexts").or_insert_with(|| json!({}));
    let Some(contexts) = contexts.as_object_mut() else {
        return;
    };
    contexts
        .entry("os")
        .or_insert_with(|| json!({ "name": crash.system.os, "version": crash.system.os_version }));
    contexts.entry("device").or_insert_with(|| {
        json!({ "arch": crash.system.cpu, "cpu_description": crash.system.cpu_info, "processor_count": crash.system.cpu_count })
    });
    let soft_errors: Vec<&String> = info.soft_errors.iter().chain(&crash.soft_errors).take(50).collect();
    contexts.insert(
        "afterword".to_owned(),
        json!({
            "type": "afterword",
            "signature": crash.signature,
            "reason": crash.reason.name,
            "address": info.address.map(|address| format!("{address:#x}")),
            "removed": info.removed,
            "soft_errors": soft_errors,
        }),
    );
}

#[cfg(test)]
mod tests {
    use afterword_symbols::{Frame, Thread};

    use super::*;
    use crate::assemble::info_for_tests;
    use afterword_symbols::{HexAddr, Reason};

    fn frame_of(function: &str, in_app: bool) -> Frame {
        Frame {
            instruction: HexAddr(0x1000),
            function: Some(function.to_owned()),
            file: Some("/src/paint.rs".to_owned()),
            line: Some(7),
            module: Some("app".to_owned()),
            trust: "cfi".to_owned(),
            in_app,
            ..Frame::default()
        }
    }

    fn crash(functions: &[&str]) -> ProcessedCrash {
        ProcessedCrash {
            crashing_thread: Some(0),
            threads: vec![
                Thread {
                    id: 10,
                    frames: functions.iter().map(|function| frame_of(function, true)).collect(),
                    registers: [("rip".to_owned(), HexAddr(0x1000))].into(),
                    ..Thread::default()
                },
                Thread {
                    id: 11,
                    name: Some("worker".to_owned()),
                    frames: vec![frame_of("wait", false)],
                    ..Thread::default()
                },
            ],
            reason: Reason {
                name: "SIGSEGV / SEGV_MAPERR".to_owned(),
                code: Some(HexAddr(11)),
                ..Reason::default()
            },
            signature: "app::inner".to_owned(),
            ..ProcessedCrash::default()
        }
    }

    #[test]
    fn a_crash_has_its_stack_outermost_first_and_what_was_mirrored() {
        let event = event(&info_for_tests(), &crash(&["inner", "outer"]));
        let exception = &event["exception"]["values"][0];
        assert_eq!(exception["type"], "SIGSEGV");
        assert_eq!(exception["value"], "SIGSEGV / SEGV_MAPERR at 0x0");
        assert_eq!(exception["mechanism"]["synthetic"], true);
        assert_eq!(exception["mechanism"]["meta"]["signal"]["number"], 11);
        let frames = exception["stacktrace"]["frames"].as_array().unwrap();
        assert_eq!(
            (&frames[0]["function"], &frames[1]["function"]),
            (&json!("outer"), &json!("inner"))
        );
        assert_eq!(frames[1]["filename"], "paint.rs");
        assert_eq!(frames[1]["abs_path"], "/src/paint.rs");
        assert_eq!(exception["stacktrace"]["registers"]["rip"], "0x1000");
        assert_eq!(event["tags"]["a"], "b");
        assert_eq!(event["release"], "app@1.0.0");
        let threads = event["threads"]["values"].as_array().unwrap();
        assert_eq!(threads[0]["crashed"], true);
        assert!(threads[0].get("stacktrace").is_none());
        assert_eq!(threads[1]["stacktrace"]["frames"][0]["function"], "wait");
        assert_eq!(event["contexts"]["afterword"]["signature"], "app::inner");
    }

    #[test]
    fn an_event_that_is_too_long_loses_what_is_least_needed() {
        let long = "generic::".repeat(500);
        let mut crash = crash(&["inner", "outer"]);
        for id in 0..400 {
            let frames = vec![frame_of(&long, true); 60];
            crash.threads.push(Thread {
                id: 100 + id,
                frames,
                ..Thread::default()
            });
        }
        let small = event(&info_for_tests(), &crash);
        assert!(small.to_string().len() <= MAX_EVENT_BYTES);
        assert_eq!(
            small["contexts"]["afterword"]["left_out"],
            json!(["stacks of other threads"])
        );
        assert_eq!(
            small["exception"]["values"][0]["stacktrace"]["frames"][1]["function"],
            "inner"
        );

        crash.threads[0].frames = vec![frame_of(&long, true); 1000];
        crash.threads[0].frames[0] = frame_of("inner", true);
        let deep = event(&info_for_tests(), &crash);
        assert!(deep.to_string().len() <= 2 * MAX_EVENT_BYTES);
        let frames = deep["exception"]["values"][0]["stacktrace"]["frames"]
            .as_array()
            .unwrap();
        assert_eq!(frames.len(), 2 * END_FRAMES);
        assert_eq!(frames.last().unwrap()["function"], "inner");
    }

    #[test]
    fn a_panic_is_named_by_its_message_and_begins_where_it_panicked() {
        let mut crash = crash(&[
            "afterword::panics::request_dump",
            "afterword::panics::on_panic",
            "std::panicking::rust_panic_with_hook",
            "core::panicking::panic_fmt",
            "app::paint",
        ]);
        leave_out_hook(&mut crash);
        let info = ReportInfo {
            kind: ReportKind::Panic,
            message: Some("index out of bounds (src/a.rs:1:2)".to_owned()),
            signal: None,
            ..info_for_tests()
        };
        let event = event(&info, &crash);
        let exception = &event["exception"]["values"][0];
        assert_eq!(
            (&exception["type"], &exception["value"]),
            (&json!("panic"), &json!("index out of bounds (src/a.rs:1:2)"))
        );
        let frames = exception["stacktrace"]["frames"].as_array().unwrap();
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0]["function"], "app::paint");
    }
}
