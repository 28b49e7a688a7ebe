//! How far frames count.

use super::*;

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
