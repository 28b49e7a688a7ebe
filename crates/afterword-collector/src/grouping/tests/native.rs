//! Native crashes, and what rules of a project say of their frames.

use super::*;

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
