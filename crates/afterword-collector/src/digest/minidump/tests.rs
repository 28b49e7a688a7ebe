use afterword_symbols::{Frame, HexAddr, Module, ModuleAnnotations, Reason, System, Thread};

use super::*;

fn frame(function: Option<&str>, in_app: bool) -> Frame {
    Frame {
        instruction: HexAddr(0x1010),
        module: Some("editor".to_owned()),
        module_offset: Some(HexAddr(0x10)),
        function: function.map(str::to_owned),
        in_app,
        trust: "cfi".to_owned(),
        ..Frame::default()
    }
}

fn crash(frames: Vec<Frame>) -> ProcessedCrash {
    ProcessedCrash {
        system: System {
            os: "Linux".to_owned(),
            cpu: "amd64".to_owned(),
            ..System::default()
        },
        reason: Reason {
            name: "SIGSEGV / SEGV_MAPERR".to_owned(),
            signal: Some("SIGSEGV".to_owned()),
            code: Some(HexAddr(11)),
            address: Some(HexAddr(0x45)),
            ..Reason::default()
        },
        crashing_thread: Some(0),
        threads: vec![
            Thread {
                id: 7,
                frames,
                ..Thread::default()
            },
            Thread {
                id: 8,
                frames: vec![frame(Some("wait"), false)],
                ..Thread::default()
            },
        ],
        modules: vec![Module {
            name: "editor".to_owned(),
            path: "/opt/editor".to_owned(),
            debug_id: Some("id".to_owned()),
            symbols: SymbolState::Loaded,
            ..Module::default()
        }],
        dump_time_s: Some(1_700_000_000),
        ..ProcessedCrash::default()
    }
}

fn added(mut event: Value, crash: &ProcessedCrash) -> Value {
    add(&mut event, crash);
    event
}

#[test]
fn a_placeholder_becomes_what_the_dump_says() {
    let placeholder = json!({"platform": "native", "level": "fatal", "exception": {"values": [{
        "type": "Minidump", "value": "A crash without a description",
        "mechanism": {"type": "minidump", "handled": false, "synthetic": true},
    }]}});
    for event in [placeholder, json!({})] {
        let event = added(
            event,
            &crash(vec![frame(Some("canvas::flush"), true), frame(Some("main"), true)]),
        );
        let exception = &event["exception"]["values"][0];
        assert_eq!(
            (exception["type"].as_str(), exception["value"].as_str()),
            (Some("SIGSEGV"), Some("SIGSEGV / SEGV_MAPERR at 0x45"))
        );
        assert_eq!(exception["mechanism"]["type"], "minidump");
        assert_eq!(exception["mechanism"]["synthetic"], true);
        assert_eq!(exception["mechanism"]["meta"]["signal"]["name"], "SIGSEGV");
        let frames = exception["stacktrace"]["frames"].as_array().unwrap();
        assert_eq!(frames[1]["function"], "canvas::flush", "outermost first");
        assert_eq!(exception["thread_id"], 7);
        assert_eq!(
            (event["platform"].as_str(), event["level"].as_str()),
            (Some("native"), Some("fatal"))
        );
        assert_eq!(event["timestamp"], 1_700_000_000);
        assert_eq!(
            event["threads"]["values"][1]["stacktrace"]["frames"][0]["function"],
            "wait"
        );
        assert_eq!(event["debug_meta"]["images"][0]["debug_status"], "found");
        assert_eq!(event["contexts"]["os"]["name"], "Linux");
        assert_eq!(event["contexts"]["device"]["arch"], "amd64");
    }
}

#[test]
fn the_stack_with_more_named_frames_of_the_application_counts() {
    let client = |functions: &[&str]| {
        let frames: Vec<Value> = functions
            .iter()
            .map(|name| json!({"function": name, "in_app": true}))
            .collect();
        json!({"timestamp": 5, "exception": {"values": [{
            "type": "panic", "value": "index out of bounds", "mechanism": {"type": "panic", "handled": false},
            "stacktrace": {"frames": frames},
        }]}, "threads": {"values": [{"id": 99}]}})
    };
    let top = |event: &Value| {
        let frames = event["exception"]["values"][0]["stacktrace"]["frames"]
            .as_array()
            .unwrap();
        frames.last().unwrap()["function"].clone()
    };
    let bare = crash(vec![frame(None, true), frame(None, true)]);
    let kept = added(client(&["main", "theirs"]), &bare);
    assert_eq!(top(&kept), "theirs", "nobody uploaded symbols");
    assert_eq!(kept["threads"]["values"][0]["id"], 99);
    assert_eq!(
        kept["debug_meta"]["images"][0]["code_file"], "/opt/editor",
        "the dump's all the same"
    );

    let named = crash(vec![
        frame(Some("ours"), true),
        frame(Some("b"), true),
        frame(Some("main"), true),
    ]);
    let replaced = added(client(&["main", "theirs"]), &named);
    assert_eq!(top(&replaced), "ours");
    let exception = &replaced["exception"]["values"][0];
    assert_eq!(
        (exception["type"].as_str(), exception["value"].as_str()),
        (Some("panic"), Some("index out of bounds"))
    );
    assert_eq!(replaced["timestamp"], 5);

    let mut same = crash(vec![frame(Some("ours"), true), frame(Some("main"), true)]);
    assert_eq!(top(&added(client(&["main", "theirs"]), &same)), "theirs");
    same.threads[0].frames[0].context_line = Some("crash()".to_owned());
    assert_eq!(
        top(&added(client(&["main", "theirs"]), &same)),
        "ours",
        "with lines of source"
    );
    assert_eq!(
        top(&added(client(&[]), &bare)),
        Value::Null,
        "addresses are better than nothing"
    );
}

#[test]
fn annotations_become_contexts_and_a_context_of_the_clients_stays() {
    let mut crash = crash(Vec::new());
    crash.crashpad = Some(Crashpad {
        annotations: [("channel".to_owned(), "beta".to_owned())].into(),
        modules: vec![ModuleAnnotations {
            module: "libgl.so".to_owned(),
            list: vec!["assertion failed".to_owned()],
            annotations: [("renderer".to_owned(), "x".repeat(100_000))].into(),
        }],
    });
    let event = added(json!({"contexts": {"os": {"name": "Mine"}, "device": null}}), &crash);
    let contexts = &event["contexts"];
    assert_eq!(contexts["os"], json!({"name": "Mine"}));
    assert_eq!(contexts["device"]["arch"], "amd64");
    assert_eq!(contexts["crashpad"], json!({"type": "crashpad", "channel": "beta"}));
    assert_eq!(contexts["libgl.so"]["annotations"], json!(["assertion failed"]));
    assert_eq!(
        contexts["libgl.so"]["renderer"].as_str().unwrap().len(),
        MAX_ANNOTATION_CHARS
    );
}

#[test]
fn odd_shapes_are_no_trouble() {
    for event in [
        json!({"exception": [], "contexts": [], "errors": "x", "threads": null}),
        json!({"exception": {"type": "E", "value": "v"}, "debug_meta": 3}),
        json!({"exception": {"values": {}}}),
        json!({"exception": {"values": [null, 3, "x"]}}),
        json!({"exception": {"type": "", "mechanism": "x"}}),
        json!({"exception": "x", "level": 4, "platform": ["x"]}),
    ] {
        let mut event = added(event, &crash(vec![frame(Some("a"), true)]));
        assert_eq!(event["exception"]["values"].as_array().unwrap().len(), 1, "{event}");
        add_error(&mut event, "broken");
        assert_eq!(event["errors"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn an_event_of_many_threads_is_cut() {
    let mut crash = crash(vec![frame(Some("a"), true)]);
    let long = frame(Some(&"n".repeat(8000)), true);
    crash.threads.extend((0..400).map(|id| Thread {
        id: 100 + id,
        frames: vec![long.clone(); 64],
        ..Thread::default()
    }));
    let event = added(json!({}), &crash);
    assert!(event.to_string().len() < MAX_BYTES);
    assert_eq!(
        event["exception"]["values"][0]["stacktrace"]["frames"][0]["function"],
        "a"
    );
}
