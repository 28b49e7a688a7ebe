//! Which events are one issue and which are not, as tables.

use serde_json::{Value, json};

use super::*;

fn of(raw: Value) -> Grouping {
    Grouping::of(&Event::read(&raw))
}

fn with_rules(raw: &Value, rules: &[&str]) -> Grouping {
    let mut event = Event::read(raw);
    InApp::parse(rules).unwrap().apply(&mut event);
    Grouping::of(&event)
}

fn why(grouping: &Grouping) -> Value {
    serde_json::from_str(&grouping.why).unwrap()
}

fn event(platform: &str, kind: &str, functions: &[&str]) -> Value {
    let frames: Vec<Value> = functions
        .iter()
        .map(|name| json!({"function": name, "in_app": true}))
        .collect();
    json!({"platform": platform, "exception": {"values": [{
        "type": kind, "value": "some words", "stacktrace": {"frames": frames},
    }]}})
}

/// An error with these frames, innermost last.
fn error(platform: &str, frames: Value) -> Value {
    json!({"platform": platform, "exception": {"values": [
        {"type": "Error", "value": "some words", "stacktrace": {"frames": frames}},
    ]}})
}

#[test]
fn a_fingerprint_wins() {
    let with = |fingerprint: Value, function: &str| {
        let mut raw = event("native", "SIGSEGV", &["main", function]);
        raw["fingerprint"] = fingerprint;
        of(raw)
    };
    let mine = with(json!(["mine"]), "a");
    assert_eq!(mine.by, "fingerprint");
    assert_eq!(mine.key, with(json!(["mine"]), "b").key);
    assert_ne!(mine.key, with(json!(["other"]), "a").key);
    assert_ne!(with(json!(["ab", "c"]), "a").key, with(json!(["a", "bc"]), "a").key);
    assert_eq!(
        why(&mine)["parts"],
        json!([{"kind": "fingerprint", "value": "mine"}]),
        "{}",
        mine.why
    );

    assert_eq!(with(json!(["{{ default }}"]), "a").by, "signature");
    assert_eq!(with(json!([]), "a").by, "signature");
    let widened = json!(["{{default}}", "tenant 5"]);
    assert_eq!(with(widened.clone(), "a"), with(widened.clone(), "a"));
    assert_ne!(with(widened.clone(), "a").key, with(widened.clone(), "b").key);
    let parts = why(&with(widened, "a"))["parts"].clone();
    assert_eq!(
        parts,
        json!([
            {"kind": "fingerprint", "value": "{{ default }}: signature"},
            {"kind": "signature", "value": "a"},
            {"kind": "fingerprint", "value": "tenant 5"},
        ])
    );
}

#[test]
fn variables_of_a_fingerprint_are_filled_in() {
    let raw = json!({
        "platform": "python", "level": "warning", "logger": "db", "transaction": "/login", "release": "app@1.0",
        "environment": "production", "message": "no 17", "tags": {"tenant": "acme"},
        "exception": {"type": "KeyError", "value": "'id'", "stacktrace": {"frames": [
            {"function": "load", "module": "app.db", "abs_path": "/srv/app/db.py", "in_app": true},
        ]}},
    });
    let table = [
        ("{{ error.type }}", "KeyError"),
        ("{{type}}", "KeyError"),
        ("{{ error.value }}", "'id'"),
        ("{{ message }}", "no 17"),
        ("{{ transaction }}", "/login"),
        ("{{ level }}", "warning"),
        ("{{ logger }}", "db"),
        ("{{ platform }}", "python"),
        ("{{ release }}", "app@1.0"),
        ("{{ environment }}", "production"),
        ("{{ stack.function }}", "load"),
        ("{{ module }}", "app.db"),
        ("{{ stack.abs_path }}", "/srv/app/db.py"),
        ("{{ stack.package }}", "<no stack.package>"),
        ("{{ tags.tenant }}", "acme"),
        ("{{ tags.color }}", "<no tags.color>"),
        ("at {{transaction}} of {{ tags.tenant }}!", "at /login of acme!"),
        ("{{ nonsense }}", "{{ nonsense }}"),
        ("{{ broken", "{{ broken"),
        ("}}{{", "}}{{"),
        ("{{}}", "{{}}"),
    ];
    for (text, expected) in table {
        let mut raw = raw.clone();
        raw["fingerprint"] = json!([text]);
        assert_eq!(why(&of(raw))["parts"][0]["value"], expected, "{text}");
    }
}

#[test]
fn native_crashes_go_by_signature_whatever_the_type() {
    let segv = of(event("native", "SIGSEGV", &["main", "canvas::flush"]));
    assert_eq!(
        (segv.by, segv.signature.as_deref()),
        ("signature", Some("canvas::flush"))
    );
    assert_eq!(
        segv.key,
        of(event("native", "SIGBUS", &["main", "other_caller", "canvas::flush"])).key
    );
    assert_ne!(segv.key, of(event("native", "SIGSEGV", &["main", "canvas::draw"])).key);
    let mut by_dump = event(
        "native",
        "EXCEPTION_ACCESS_VIOLATION_READ / 0x10",
        &["main", "canvas::flush"],
    );
    by_dump["exception"]["values"][0]["mechanism"] = json!({"type": "minidump", "handled": false, "synthetic": true});
    assert_eq!(segv.key, of(by_dump).key);
    let mut panic = event("native", "panic", &["main", "canvas::flush"]);
    panic["exception"]["values"][0]["mechanism"] = json!({"type": "panic", "handled": false});
    assert_eq!(segv.key, of(panic).key);
}

#[test]
fn the_type_of_a_native_error_that_was_caught_and_of_a_hang_counts() {
    let crash = of(event("native", "SIGSEGV", &["main", "load"]));
    let one = of(event("native", "ParseIntError", &["main", "load"]));
    let other = of(event("native", "Utf8Error", &["main", "load"]));
    let mut hang = event("native", "ApplicationNotResponding", &["main", "load"]);
    hang["exception"]["values"][0]["mechanism"] = json!({"type": "AppHang", "handled": true, "synthetic": true});
    let keys = [&crash.key, &one.key, &other.key, &of(hang).key];
    for (at, key) in keys.iter().enumerate() {
        assert!(!keys[at + 1..].contains(key), "{at}");
    }
    assert_eq!([crash.by, one.by, other.by], ["signature"; 3]);
    assert_eq!(why(&one)["parts"][1], json!({"kind": "type", "value": "ParseIntError"}));
}

#[test]
fn names_of_native_functions_are_trimmed_and_recursion_does_not_count() {
    let same: [&[&[&str]]; 4] = [
        &[
            &["main", "canvas::flush::h0123456789abcdef"],
            &["main", "canvas::flush::hfedcba9876543210"],
        ],
        &[
            &["main", "void ns::Map<int>::insert(int, char)"],
            &["main", "ns::Map<long>::insert(long, char)"],
        ],
        &[&["main", "walk"], &["main", "walk", "walk", "walk"]],
        &[&["main", "walk", "memcpy"], &["main", "walk", "memcpy", "memcpy"]],
    ];
    for group in same {
        let keys: Vec<String> = group
            .iter()
            .map(|names| of(event("native", "SIGSEGV", names)).key)
            .collect();
        assert!(keys.iter().all(|key| *key == keys[0]), "{group:?}");
    }
}

#[test]
fn rules_of_the_project_decide_what_is_the_applications() {
    let crash = |inner: &str| {
        json!({"platform": "native", "exception": {"type": "SIGSEGV", "stacktrace": {"frames": [
            {"function": "main", "package": "/opt/app/app"},
            {"function": "app::save", "package": "/opt/app/app"},
            {"function": inner, "package": "/opt/app/libfork.so.2"},
        ]}}})
    };
    let signature = |rules: &[&str]| with_rules(&crash("fork::copy"), rules).signature.unwrap();
    assert_eq!(signature(&[]), "fork::copy");
    for rule in [
        "-app module:libfork*",
        "module:libfork.so.? -app",
        "-app package:/OPT/app/lib*",
        "-app package:**/libfork.so.2",
        "-app function:fork::*",
        "-app stack.function:fork::copy family:native",
        "-app !module:app",
        "-app !module:app !family:other,javascript",
    ] {
        assert_eq!(signature(&[rule]), "app::save", "{rule}");
    }
    for rule in [
        "-app module:fork*",
        "-app module:LIBFORK*",
        "-app function:fork",
        "-app family:other function:*",
        "-app function:fork::* module:other*",
        "# -app function:*",
        "",
    ] {
        assert_eq!(signature(&[rule]), "fork::copy", "{rule}");
    }
    assert_eq!(
        signature(&["-app function:*", "+app function:fork::*"]),
        "fork::copy",
        "the last decides"
    );
    assert_eq!(
        signature(&["+app function:fork::*", "-app function:*"]),
        "fork::copy",
        "nothing else is left"
    );
    let one = with_rules(&crash("fork::copy"), &["-app module:libfork*"]);
    let other = with_rules(&crash("fork::move"), &["-app module:libfork*"]);
    assert_eq!(one.key, other.key);

    let python = error(
        "python",
        json!([
            {"function": "main", "module": "app", "in_app": true},
            {"function": "run", "module": "framework.core", "in_app": true},
            {"function": "load", "module": "vendored", "filename": "app\\vendor\\x.py", "in_app": false},
        ]),
    );
    let frames = |rules: &[&str]| {
        let parts = why(&with_rules(&python, rules))["parts"].clone();
        let frames = parts.as_array().unwrap().iter().filter(|part| part["kind"] == "frame");
        frames
            .map(|part| part["value"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(frames(&[]), ["app:main", "framework.core:run"]);
    assert_eq!(frames(&["-app module:framework.*"]), ["app:main"]);
    assert_eq!(
        frames(&["-app function:*", "+app path:**/vendor/**"]),
        ["vendored:load"]
    );
}

#[test]
fn rules_that_are_none_are_refused_with_the_line_and_the_reason() {
    let table = [
        ("function:std::*", "neither +app nor -app"),
        ("+app", "1 to 5 matchers"),
        ("+app -app function:a", "more than once"),
        ("+app function:", "no pattern"),
        ("+app color:red", "cannot be matched"),
        ("+app std::*", "cannot be matched"),
        ("+app family:python", "no family"),
        ("+app function:\"a b", "not closed"),
        ("+app +group function:a", "neither"),
        (
            "+app function:a function:a function:a function:a function:a function:a",
            "1 to 5",
        ),
    ];
    for (rule, words) in table {
        let error = InApp::parse(&["-app function:a", rule]).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("line 2"), "{rule}: {error}");
    }
    let long = format!("+app function:{}", "é".repeat(300));
    assert!(InApp::parse(&[long]).unwrap_err().to_string().contains("500 bytes"));
    let many = "-app function:a\n".repeat(201);
    assert!(InApp::parse(&[many]).unwrap_err().to_string().contains("at most 200"));
    let wild = format!("-app function:{}", "a*".repeat(11));
    assert!(InApp::parse(&[wild]).unwrap_err().to_string().contains("at most 10 *"));
    let most = vec![format!("-app function:{}", "a*?????".repeat(10)); 200];
    InApp::parse(&most).unwrap();
}

#[test]
fn other_platforms_go_by_type_and_the_frames_of_the_application() {
    let first = of(event("python", "KeyError", &["main", "load"]));
    assert_eq!(first.by, "stack");
    assert_eq!(first.key, of(event("python", "KeyError", &["main", "load"])).key);
    assert_ne!(first.key, of(event("python", "ValueError", &["main", "load"])).key);
    assert_ne!(first.key, of(event("python", "KeyError", &["main", "save"])).key);
    assert_eq!(
        first.key,
        of(event("python", "KeyError", &["main", "load", "load", "load"])).key,
        "direct recursion"
    );

    let mut with_library = event("python", "KeyError", &["main", "load"]);
    let frames = with_library["exception"]["values"][0]["stacktrace"]["frames"]
        .as_array_mut()
        .unwrap();
    frames.push(json!({"function": "json.loads", "in_app": false}));
    assert_eq!(first.key, of(with_library).key);

    // Nothing of it is the application's: then all of it counts.
    let foreign = |name: &str| of(error("python", json!([{"function": name, "in_app": false}])));
    assert_eq!(foreign("a").by, "stack");
    assert_ne!(foreign("a").key, foreign("b").key);
    // The stack may be that of a thread.
    let thread = json!({"platform": "python", "exception": {"type": "E"}, "threads": [
        {"current": true, "stacktrace": {"frames": [{"function": "load", "in_app": true}]}},
    ]});
    assert_eq!(of(thread).by, "stack");
}

#[test]
fn all_exceptions_of_a_chain_count() {
    let chain = |cause: &str, place: &str| {
        of(json!({"platform": "python", "exception": {"values": [
            {"type": cause, "stacktrace": {"frames": [{"function": place, "module": "db", "in_app": true}]}},
            {"type": "AppError", "stacktrace": {"frames": [{"function": "main", "module": "app", "in_app": true}]}},
        ]}}))
    };
    let first = chain("KeyError", "read");
    assert_eq!(first.key, chain("KeyError", "read").key);
    assert_ne!(first.key, chain("OSError", "read").key);
    assert_ne!(first.key, chain("KeyError", "write").key);
    assert_eq!(
        why(&first)["parts"],
        json!([
            {"kind": "type", "value": "KeyError"}, {"kind": "frame", "value": "db:read"},
            {"kind": "type", "value": "AppError"}, {"kind": "frame", "value": "app:main"},
        ])
    );
    let words = why(&first)["words"].as_str().unwrap().to_owned();
    assert!(words.contains("functions of the application"), "{words}");
}

#[test]
fn frames_count_as_far_as_they_stay_the_same() {
    // Platform, two frames, and whether they are one issue.
    let table = [
        // Lines and columns never count.
        (
            "python",
            json!({"module": "a", "function": "f", "lineno": 1}),
            json!({"module": "a", "function": "f", "lineno": 99}),
            true,
        ),
        (
            "python",
            json!({"module": "a", "function": "f"}),
            json!({"module": "b", "function": "f"}),
            false,
        ),
        // Where it is installed does not count, where it is within the application does.
        (
            "python",
            json!({"filename": "/home/a/x.py", "function": "f"}),
            json!({"filename": "/srv/x.py", "function": "f"}),
            true,
        ),
        (
            "python",
            json!({"filename": "C:\\app\\x.py", "function": "f"}),
            json!({"filename": "D:/x.py", "function": "f"}),
            true,
        ),
        (
            "python",
            json!({"filename": "views/x.py", "function": "f"}),
            json!({"filename": "models/x.py", "function": "f"}),
            false,
        ),
        (
            "javascript",
            json!({"filename": "https://a.example/js/app.js?v=1", "function": "load"}),
            json!({"filename": "https://b.example/app.js?v=2#x", "function": "load"}),
            true,
        ),
        (
            "javascript",
            json!({"filename": "./src/app.js", "function": "load"}),
            json!({"filename": "src/app.js", "function": "load"}),
            true,
        ),
        // Hashes of bundlers.
        (
            "javascript",
            json!({"filename": "main.3f2a1b.js", "function": "load"}),
            json!({"filename": "main.99ee01.js", "function": "load"}),
            true,
        ),
        (
            "javascript",
            json!({"filename": "https://x/index-DiwrgTda.js", "function": "load"}),
            json!({"filename": "https://x/index-BX3k9qZa.js", "function": "load"}),
            true,
        ),
        (
            "javascript",
            json!({"filename": "static/9af31c07d2/main.js", "function": "load"}),
            json!({"filename": "static/1111111111/main.js", "function": "load"}),
            true,
        ),
        (
            "node",
            json!({"filename": "node_modules/.pnpm/koa@2.14.1/koa.js", "function": "load"}),
            json!({"filename": "node_modules/.pnpm/koa@2.15.0/koa.js", "function": "load"}),
            true,
        ),
        (
            "javascript",
            json!({"filename": "main.facade.js", "function": "load"}),
            json!({"filename": "main.decade.js", "function": "load"}),
            false,
        ),
        // What engines write around a name.
        (
            "javascript",
            json!({"filename": "a.js", "function": "Object.load"}),
            json!({"filename": "a.js", "function": "load"}),
            true,
        ),
        (
            "node",
            json!({"filename": "a.js", "function": "async Server.load [as run]"}),
            json!({"filename": "a.js", "function": "Server.load"}),
            true,
        ),
        (
            "java",
            json!({"module": "com.acme.Job$$Lambda$14/0x0800", "function": "run"}),
            json!({"module": "com.acme.Job$$Lambda$99/0x0904", "function": "run"}),
            true,
        ),
        (
            "java",
            json!({"module": "com.acme.Job", "function": "lambda$run$3"}),
            json!({"module": "com.acme.Job", "function": "lambda$run$7"}),
            true,
        ),
        (
            "java",
            json!({"module": "com.acme.Job", "function": "lambda$run$3"}),
            json!({"module": "com.acme.Job", "function": "lambda$stop$3"}),
            false,
        ),
        (
            "csharp",
            json!({"module": "Acme.Job", "function": "<Run>b__0_1"}),
            json!({"module": "Acme.Job", "function": "<Run>b__4"}),
            true,
        ),
        (
            "php",
            json!({"filename": "a.php", "function": "class@anonymous\u{0}/srv/a.php:12$0"}),
            json!({"filename": "a.php", "function": "class@anonymous\u{0}/srv/a.php:40$1"}),
            true,
        ),
        (
            "python",
            json!({"module": "a", "function": "<lambda>"}),
            json!({"module": "a", "function": "<module>"}),
            false,
        ),
    ];
    for (platform, one, other, same) in table {
        let of_frame = |frame: &Value| {
            let mut frame = frame.clone();
            frame["in_app"] = json!(true);
            of(error(platform, json!([{"function": "start", "in_app": true}, frame])))
        };
        let equal = of_frame(&one).key == of_frame(&other).key;
        assert_eq!(equal, same, "{platform} {one} {other}\n{}", of_frame(&one).why);
    }
}

#[test]
fn a_stack_of_functions_without_names_does_not_decide() {
    let minified = |message: &str, name: &str, file: &str| {
        let mut raw = error(
            "javascript",
            json!([{"filename": file, "function": name, "in_app": true}]),
        );
        raw["exception"]["values"][0]["value"] = json!(message);
        of(raw)
    };
    for name in [
        "t",
        "e.a",
        "<anonymous>",
        "Object.<anonymous>",
        "outer/inner<",
        "?",
        "eval",
    ] {
        let first = minified("x is not defined", name, "main.3f2a1b.js");
        assert_eq!(first.by, "message", "{name}");
        assert_eq!(
            first.key,
            minified("x is not defined", "q", "main.aaaaa1.js").key,
            "{name}"
        );
        assert_ne!(
            first.key,
            minified("y is not defined", name, "main.3f2a1b.js").key,
            "{name}"
        );
    }
    // Beside one with a name they count, by their file.
    let mixed = |file: &str| {
        of(error(
            "javascript",
            json!([{"filename": "a.js", "function": "start", "in_app": true}, {"filename": file, "function": "t", "in_app": true}]),
        ))
    };
    assert_eq!(mixed("b.js").by, "stack");
    assert_ne!(mixed("b.js").key, mixed("c.js").key);
}

#[test]
fn a_made_up_type_does_not_count() {
    let synthetic = |kind: &str| {
        let mut raw = event("javascript", kind, &["start", "load"]);
        raw["exception"]["values"][0]["mechanism"] = json!({"type": "generic", "handled": true, "synthetic": true});
        of(raw)
    };
    assert_eq!(synthetic("Error").by, "stack");
    assert_eq!(synthetic("Error").key, synthetic("UnhandledRejection").key);
}

#[test]
fn without_a_stack_the_words_count_and_numbers_do_not() {
    let message = |text: &str| of(json!({"message": text}));
    assert_eq!(message("lost 17 of 0x7f").by, "message");
    assert_eq!(message("lost 17 of 0x7f").key, message("lost 3 of 0x10").key);
    assert_ne!(message("lost it").key, message("found it").key);
    let kinds = ["A", "B"].map(|kind| of(json!({"exception": {"type": kind, "value": "v"}})).key);
    assert_ne!(kinds[0], kinds[1]);
    assert_eq!(of(json!({})).by, "message");

    let logged = |name: &str| {
        of(
            json!({"logentry": {"message": "no such user: %s", "params": [name], "formatted": format!("no such user: {name}")}}),
        )
    };
    assert_eq!(logged("anna").key, logged("bert").key);
    assert_eq!(why(&logged("anna"))["parts"][0]["value"], "no such user: %s");
}

#[test]
fn a_stack_without_names_goes_by_offsets() {
    let raw = |offset: &str| {
        json!({"platform": "native", "exception": {"values": [{"type": "SIGSEGV", "stacktrace": {"frames": [
            {"package": "/opt/app/app", "image_addr": "0x1000", "instruction_addr": offset},
        ]}}]}})
    };
    assert_eq!(of(raw("0x1010")).signature.as_deref(), Some("app@0x10"));
    assert_ne!(of(raw("0x1010")).key, of(raw("0x1020")).key);
    assert_eq!(of(raw("0x1010")).by, "signature");
}

#[test]
fn what_counts_and_what_is_told_is_bounded() {
    let names: Vec<String> = (0..5000)
        .map(|number| format!("f{}", "x".repeat(1 + number % 500)))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let deep = of(event("python", "RecursionError", &names));
    assert_eq!(why(&deep)["parts"].as_array().unwrap().len(), MAX_TOLD);
    assert!(deep.why.len() < 20_000);
    let mut raw = event("python", "E", &["a"]);
    raw["fingerprint"] = json!(vec!["x".repeat(5000); 3000]);
    assert!(of(raw).why.len() < 20_000);
}
