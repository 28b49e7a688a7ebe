//! Events of expected and of odd shapes.

use serde_json::{Value, json};

use super::*;

fn frame(function: &str, in_app: bool) -> Value {
    json!({"function": function, "in_app": in_app})
}

fn crash(frames: &[Value]) -> Value {
    json!({"platform": "native", "level": "fatal", "exception": {"values": [{
        "type": "SIGSEGV", "value": "SEGV_MAPERR at 0x10",
        "mechanism": {"type": "minidump", "handled": false, "synthetic": true, "data": {"address": "0x10"}},
        "stacktrace": {"frames": frames, "registers": {"rip": "0x1", "rax": "0x0"}},
    }]}})
}

#[test]
fn a_crash_is_named_by_reason_and_place() {
    let frames = [
        frame("main", true),
        frame("canvas::Canvas::flush", true),
        frame("__memcpy_avx", false),
    ];
    let event = Event::read(&crash(&frames));
    assert_eq!(event.title(), "SIGSEGV in canvas::Canvas::flush");
    assert_eq!(event.culprit(), "canvas::Canvas::flush");
    assert_eq!(event.fault_address(), Some("0x10"));
    assert_eq!(event.registers().len(), 2);
}

#[test]
fn without_frames_of_the_application_the_newest_counts() {
    let event = Event::read(&crash(&[frame("start", false), frame("gtk_main", false)]));
    assert_eq!(event.title(), "SIGSEGV in gtk_main");
    assert_eq!(Event::read(&crash(&[])).title(), "SIGSEGV");
}

#[test]
fn errors_and_messages_are_named_by_their_words() {
    let titles = [
        (
            json!({"exception": [{"type": "panic", "value": "no\nmore"}]}),
            "panic: no",
        ),
        (json!({"exception": {"type": "E"}}), "E"),
        (
            json!({"exception": {"values": [{"type": "Cause"}, {"type": "Effect", "value": "x"}]}}),
            "Effect: x",
        ),
        (json!({"message": "hello\nworld"}), "hello"),
        (json!({"logentry": {"message": "a %s", "formatted": "a b"}}), "a b"),
        (json!({"message": {"message": "m"}}), "m"),
        (json!({"exception": {"values": []}, "message": 5}), "5"),
        (json!({}), "Event without a title"),
    ];
    for (raw, title) in titles {
        assert_eq!(Event::read(&raw).title(), title, "{raw}");
    }
    let long = Event::read(&json!({"message": "x".repeat(9000)})).title();
    assert_eq!(long.chars().count(), 250);
}

#[test]
fn no_shape_is_refused() {
    let odd = [json!(null), json!(1), json!("x"), json!([]), json!({"a": {}})];
    let fields = [
        "exception",
        "threads",
        "tags",
        "breadcrumbs",
        "contexts",
        "user",
        "level",
        "release",
        "message",
        "timestamp",
        "fingerprint",
        "debug_meta",
        "extra",
        "sdk",
        "stacktrace",
        "platform",
        "logentry",
    ];
    for value in &odd {
        Event::read(value).title();
        for field in fields {
            let event = Event::read(&json!({ field: value }));
            let _ = (
                event.title(),
                event.culprit(),
                event.main_stack().signature(),
                event.user_key(),
            );
            let _ = Event::read(&json!({ field: { "values": value } })).title();
            let _ = Event::read(&json!({ field: { "values": [value, { "stacktrace": value, "mechanism": value }] } }));
            let _ = Event::read(&json!({ field: { "values": [{ "stacktrace": { "frames": [value] } }] } })).title();
        }
    }
}

#[test]
fn scalars_of_another_type_are_written_out() {
    let event = Event::read(&json!({
        "release": 5, "level": true, "user": {"id": 7}, "tags": {"n": 1, "none": null},
        "exception": {"values": [{"type": "E", "stacktrace": {"frames": [{"function": "f", "lineno": "12"}]}}]},
    }));
    assert_eq!((event.release.as_deref(), event.level.as_str()), (Some("5"), "true"));
    assert_eq!(event.tags, [("n".to_owned(), "1".to_owned())]);
    assert_eq!(event.user_key().as_deref(), Some("id:7"));
    assert_eq!(event.main_stack().frames[0].line.as_deref(), Some("12"));
}

#[test]
fn tags_come_in_three_shapes() {
    let expected = [("a".to_owned(), "b".to_owned())];
    for raw in [
        json!({"a": "b"}),
        json!([["a", "b"]]),
        json!([{"key": "a", "value": "b"}, null, ["x"]]),
    ] {
        assert_eq!(Event::read(&json!({ "tags": raw })).tags, expected, "{raw}");
    }
}

#[test]
fn the_thread_it_happened_on_is_found() {
    let thread = |id: u32, mark: &str| json!({"id": id, mark: true, "stacktrace": {"frames": [frame(mark, true)]}});
    let function = |raw: Value| {
        Event::read(&raw)
            .main_stack()
            .frames
            .last()
            .and_then(|frame| frame.function.clone())
    };
    let both = json!([thread(1, "current"), thread(2, "crashed")]);
    assert_eq!(function(json!({"threads": both})).as_deref(), Some("crashed"));
    assert_eq!(
        function(json!({"threads": [thread(1, "current")]})).as_deref(),
        Some("current")
    );
    let named =
        json!({"threads": [thread(1, "current"), thread(9, "x")], "exception": [{"type": "E", "thread_id": 9}]});
    assert_eq!(function(named).as_deref(), Some("x"));
}

#[test]
fn inlined_frames_are_told_from_recursion() {
    let at = |function: &str, address: &str| json!({"function": function, "instruction_addr": address});
    let inline = |frames: &[Value]| -> Vec<bool> {
        let event = Event::read(&crash(frames));
        event.main_stack().frames.iter().map(|frame| frame.inline).collect()
    };
    let mut frames = vec![
        at("main", "0x1"),
        at("outer", "0x2"),
        at("inlined", "0x2"),
        at("again", "0x3"),
        at("again", "0x3"),
    ];
    assert_eq!(inline(&frames), [false, false, true, false, false]);
    // A client that says it is believed.
    frames.push(json!({"function": "said", "trust": "inline"}));
    assert_eq!(inline(&frames), [false, false, false, false, false, true]);
}

#[test]
fn an_offset_is_computed_or_said() {
    let frames = [
        json!({"instruction_addr": "0x1010", "image_addr": "0x1000"}),
        json!({"instruction_addr": "0x1020", "data": {"module_offset": "0x20"}}),
        json!({"instruction_addr": "0x10", "image_addr": "0x1000"}),
    ];
    let event = Event::read(&crash(&frames));
    let offsets: Vec<Option<u64>> = event.main_stack().frames.iter().map(|frame| frame.offset).collect();
    assert_eq!(offsets, [Some(0x10), Some(0x20), None]);
}

#[test]
fn times_are_read_in_every_form() {
    let cases = [
        (json!(1_700_000_000), Some(1_700_000_000_000)),
        (json!(1_700_000_000.5), Some(1_700_000_000_500)),
        (json!("1700000000.25"), Some(1_700_000_000_250)),
        (json!("2023-11-14T22:13:20Z"), Some(1_700_000_000_000)),
        (json!("2023-11-14T22:13:20.5+00:00"), Some(1_700_000_000_500)),
        (json!("2023-11-14T22:13:20.123456"), Some(1_700_000_000_123)),
        (json!("yesterday"), None),
        (json!(-5), None),
        (json!(1e300), None),
        (json!([1]), None),
    ];
    for (raw, expected) in cases {
        assert_eq!(parse_time(&raw), expected, "{raw}");
    }
}

#[test]
fn lists_and_texts_are_bounded() {
    let many: Vec<Value> = (0..5000).map(|at| frame(&format!("f{at}"), true)).collect();
    let event = Event::read(&crash(&many));
    assert_eq!(event.main_stack().frames.len(), read::MAX_LIST);
    assert_eq!(event.culprit(), "f4999", "the newest frames are kept");
    let long = Event::read(&json!({"message": "x".repeat(100_000)}));
    assert_eq!(long.message.map(|message| message.len()), Some(8192));
    assert_eq!(
        Event::read(&json!({"message": "a\u{0}b\u{1b}[31m"})).message.as_deref(),
        Some("ab[31m")
    );
}
