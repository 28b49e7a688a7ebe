//! Envelopes as nobody should write them, and what is answered.

use serde_json::{Value, json};

use crate::server::{Server, crash, id};

/// What it is, the envelope, the answer, and words in it.
type Case = (&'static str, Vec<u8>, u16, &'static str);

fn case(name: &'static str, envelope: impl Into<Vec<u8>>, status: u16, words: &'static str) -> Case {
    (name, envelope.into(), status, words)
}

const ID: &str = "0123456789abcdef0123456789abcdef";

/// An item with a payload of this many lists inside each other.
fn deep(lists: usize) -> String {
    format!(
        "{{}}\n{{\"type\":\"event\"}}\n{}{}\n",
        "[".repeat(lists),
        "]".repeat(lists)
    )
}

/// A header with this many objects inside each other.
fn deep_header(objects: usize) -> String {
    format!("{}{}\n", "{\"a\":".repeat(objects - 1) + "{", "}".repeat(objects))
}

fn headers() -> Vec<Case> {
    vec![
        case("nothing", "", 400, "empty"),
        case("only a newline", "\n", 400, "envelope header"),
        case("a newline first", "\n{}\n", 400, "envelope header"),
        case("a byte order mark first", "\u{feff}{}\n", 400, "envelope header"),
        case("no JSON", "hello\n", 400, "envelope header"),
        case("a list", "[]\n", 400, "envelope header"),
        case("a number", "5\n", 400, "envelope header"),
        case("a text", "\"{}\"\n", 400, "envelope header"),
        case("null", "null\n", 400, "envelope header"),
        case("cut", "{\"event_id\":\n", 400, "envelope header"),
        case("more behind it", "{} {}\n", 400, "envelope header"),
        case("alone", "{}", 200, "{}"),
        case("alone with a newline", "{}\n", 200, "{}"),
        case("spaces around it", " {} \n", 200, "{}"),
        case("a carriage return", "{}\r\n", 200, "{}"),
        case("an id", format!("{{\"event_id\":\"{ID}\"}}\n"), 200, ID),
        case(
            "an id with dashes",
            "{\"event_id\":\"01234567-89ab-cdef-0123-456789abcdef\"}\n",
            200,
            ID,
        ),
        case(
            "an id in capitals",
            format!("{{\"event_id\":\"{}\"}}\n", ID.to_uppercase()),
            200,
            ID,
        ),
        case("an id that is null", "{\"event_id\":null}\n", 200, "{}"),
        case("an id that is empty", "{\"event_id\":\"\"}\n", 400, "event_id"),
        case("an id that is short", "{\"event_id\":\"0123\"}\n", 400, "event_id"),
        case("an id that is a number", "{\"event_id\":5}\n", 400, "event_id"),
        case(
            "an id twice",
            format!("{{\"event_id\":5,\"event_id\":\"{ID}\"}}\n"),
            200,
            ID,
        ),
        case(
            "fields of odd types",
            "{\"sent_at\":5,\"trace\":\"x\",\"sdk\":[],\"dsn\":null}\n",
            200,
            "{}",
        ),
        case(
            "a clock of long ago",
            "{\"sent_at\":\"1970-01-01T00:00:00Z\"}\n{\"type\":\"event\"}\n{}",
            200,
            "id",
        ),
        case(
            "a time that is none",
            "{\"sent_at\":\"soon\"}\n{\"type\":\"event\"}\n{}",
            200,
            "id",
        ),
        case("NUL written out", "{\"a\":\"\\u0000\"}\n", 200, "{}"),
        case("NUL", "{\"a\":\"\0\"}\n", 400, "envelope header"),
        case("half a letter", b"{\"a\":\"\xc3\"}\n", 400, "envelope header"),
        case("half a pair", "{\"a\":\"\\ud800\"}\n", 400, "envelope header"),
        case("as deep as it may be", deep_header(16), 200, "{}"),
        case("too deep", deep_header(17), 413, "depth"),
        case("far too deep", deep_header(30_000), 413, "size"),
        case("deep, and no JSON", "[".repeat(60_000), 413, "depth"),
    ]
}

fn items() -> Vec<Case> {
    let with = |items: &str| format!("{{}}\n{items}").into_bytes();
    let mut cases = vec![
        case("no JSON", with("hello\n"), 400, "item 0"),
        case("a list", with("[]\n"), 400, "item 0"),
        case("no type", with("{}\n{}"), 400, "type"),
        case("a type that is a number", with("{\"type\":5}\n{}"), 400, "type"),
        case("a type that is null", with("{\"type\":null}\n{}"), 400, "type"),
        case("a type that is empty", with("{\"type\":\"\"}\n{}"), 200, "{}"),
        case(
            "a type of the future",
            with("{\"type\":\"from_the_future\"}\n{}"),
            200,
            "{}",
        ),
        case("a type with NUL in it", with("{\"type\":\"a\\u0000b\"}\n{}"), 200, "{}"),
        case(
            "an odd one in second place",
            with("{\"type\":\"x\"}\n\nhello\n"),
            400,
            "item 1",
        ),
        case("only a header", with("{\"type\":\"event\"}"), 200, "id"),
        case(
            "only a header with a length",
            with("{\"type\":\"event\",\"length\":0}"),
            200,
            "id",
        ),
        case(
            "only a header that states more",
            with("{\"type\":\"event\",\"length\":1}"),
            400,
            "1 bytes, but only 0",
        ),
        case("no last newline", with("{\"type\":\"event\"}\n{}"), 200, "id"),
        case(
            "several last newlines",
            with("{\"type\":\"event\"}\n{}\n\n\r\n\n"),
            200,
            "id",
        ),
        case(
            "empty ones",
            with("{\"type\":\"x\"}\n\n{\"type\":\"y\",\"length\":0}\n\n{\"type\":\"z\"}\n"),
            200,
            "{}",
        ),
        case("a length", with("{\"type\":\"event\",\"length\":2}\n{}\n"), 200, "id"),
        case(
            "a length and no newline",
            with("{\"type\":\"event\",\"length\":2}\n{}"),
            200,
            "id",
        ),
        case(
            "a length that is short",
            with("{\"type\":\"event\",\"length\":1}\n{}\n"),
            400,
            "no newline after",
        ),
        case(
            "a length that is long",
            with("{\"type\":\"event\",\"length\":9}\n{}\n"),
            400,
            "only 3 are left",
        ),
        case(
            "a length that takes the next item",
            with("{\"type\":\"x\",\"length\":17}\n\n{\"type\":\"event\"}\n"),
            200,
            "{}",
        ),
        case(
            "a length that takes half of the next item",
            with("{\"type\":\"x\",\"length\":12}\n\n{\"type\":\"event\"}\n{}"),
            400,
            "no newline",
        ),
        case(
            "a length without end",
            with("{\"type\":\"event\",\"length\":18446744073709551615}\n{}"),
            400,
            "left",
        ),
        case(
            "a length beyond that",
            with("{\"type\":\"event\",\"length\":18446744073709551616}\n{}"),
            400,
            "length",
        ),
        case(
            "a length below nothing",
            with("{\"type\":\"event\",\"length\":-1}\n{}"),
            400,
            "length",
        ),
        case(
            "a length that is a part",
            with("{\"type\":\"event\",\"length\":2.5}\n{}"),
            400,
            "length",
        ),
        case(
            "a length that is a text",
            with("{\"type\":\"event\",\"length\":\"2\"}\n{}"),
            400,
            "length",
        ),
        case(
            "a length that is null",
            with("{\"type\":\"event\",\"length\":null}\n{}"),
            200,
            "id",
        ),
        case(
            "newlines with a length",
            with("{\"type\":\"attachment\",\"length\":4}\na\n\nb\n"),
            200,
            "{}",
        ),
        case(
            "newlines without a length",
            with("{\"type\":\"event\"}\n{\n}\n"),
            400,
            "item 1",
        ),
        case("carriage returns", with("{\"type\":\"event\"}\r\n{}\r\n"), 200, "id"),
        case(
            "a carriage return that a length leaves out",
            with("{\"type\":\"event\",\"length\":2}\n{}\r\n"),
            400,
            "no newline",
        ),
        case(
            "half a letter in a header",
            [&b"{}\n{\"type\":\"\xff\"}\n"[..]].concat(),
            400,
            "item 0",
        ),
        case(
            "half a letter in a payload",
            [&b"{}\n{\"type\":\"event\"}\n{\"message\":\"\xff\"}"[..]].concat(),
            200,
            "id",
        ),
        case(
            "NUL in a payload",
            with("{\"type\":\"event\"}\n{\"message\":\"\0\"}\n"),
            200,
            "id",
        ),
        case(
            "bytes that are nothing",
            [&b"{}\n{\"type\":\"attachment\"}\n\x00\xff\xfe\x80"[..]].concat(),
            200,
            "{}",
        ),
        case(
            "a payload that is no JSON",
            with("{\"type\":\"event\"}\nhello\n"),
            200,
            "id",
        ),
        case("lists inside each other", deep(100), 200, "id"),
        case("very many lists inside each other", deep(400_000), 200, "id"),
        case(
            "a file and nothing else",
            with("{\"type\":\"attachment\",\"filename\":\"../../a\"}\nx"),
            200,
            "{}",
        ),
        case(
            "a crash and nothing else",
            with("{\"type\":\"attachment\",\"attachment_type\":\"event.minidump\"}\nMDMP"),
            200,
            "id",
        ),
        case(
            "a dump that is none",
            with("{\"type\":\"attachment\",\"attachment_type\":\"event.minidump\"}\nx"),
            200,
            "id",
        ),
        case(
            "reports beside an event",
            with("{\"type\":\"event\"}\n{}\n{\"type\":\"user_report\"}\n{}\n{\"type\":\"client_report\"}\n{}"),
            200,
            "id",
        ),
    ];
    let one_of = ["event", "transaction", "feedback"];
    for first in one_of {
        for second in one_of {
            let both = with(&format!(
                "{{\"type\":\"{first}\"}}\n{{}}\n{{\"type\":\"{second}\"}}\n{{}}"
            ));
            cases.push(case("two that exclude each other", both, 400, "more than one of"));
        }
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_answered_as_it_is_written_here() {
    let server = Server::start().await;
    for (name, body, status, words) in headers().into_iter().chain(items()) {
        let response = server.post_to("envelope/", body).send().await.unwrap();
        let told = response.headers().contains_key("x-sentry-error");
        assert_eq!(response.status(), status, "{name}");
        assert_eq!(told, status != 200, "{name}");
        let text = response.text().await.unwrap();
        assert!(text.contains(words), "{name}: {text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["detail"].is_string(), status != 200, "{name}: {text}");
    }
    // Nobody else was disturbed.
    server.digest(&id(1), &crash("after::all")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_framing_of_an_event_carries_it() {
    let server = Server::start().await;
    let event = json!({ "message": "a \u{e4} b" }).to_string();
    let length = event.len();
    let framings = [
        format!("{{\"type\":\"event\"}}\n{event}"),
        format!("{{\"type\":\"event\"}}\n{event}\n"),
        format!("{{\"type\":\"event\"}}\r\n{event}\r\n"),
        format!("{{\"type\":\"event\",\"length\":{length}}}\n{event}"),
        format!("{{\"type\":\"event\",\"length\":{length}}}\n{event}\n"),
        format!("\n\n{{\"type\":\"event\",\"length\":{length}}}\n{event}\n\n"),
        format!("{{\"type\":\"x\"}}\n\n{{\"type\":\"event\"}}\n{event}\n{{\"type\":\"y\",\"length\":1}}\n\n"),
        format!("{{\"length\":{length},\"content_type\":\"application/json\",\"a\":[],\"type\":\"event\"}}\n{event}\n"),
    ];
    for (number, items) in (1..).zip(&framings) {
        let body = format!("{}\n{items}", json!({ "event_id": id(number) }));
        assert_eq!(server.accept(body).await, json!({ "id": id(number) }), "{items:?}");
    }
    for (number, items) in (1..).zip(&framings) {
        assert_eq!(
            server.event(&id(number)).await["raw"]["message"],
            "a \u{e4} b",
            "{items:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_again_is_answered_again() {
    let server = Server::start().await;
    let body = crate::server::envelope(&id(1), &crash("again"));
    for _ in 0..3 {
        assert_eq!(server.accept(body.clone()).await, json!({ "id": id(1) }));
    }
    server.event(&id(1)).await;
    server.digest(&id(2), &crash("again")).await;
    let issues = server.json("/api/0/projects/acme/editor/issues/").await;
    assert_eq!(issues[0]["count"], "2", "{issues:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_files_lose_their_folders() {
    let server = Server::start().await;
    let names = [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.txt", "y.txt"),
        ("a\0b", "ab"),
        ("..", "attachment"),
    ];
    let mut body = json!({ "event_id": id(1) }).to_string() + "\n{\"type\":\"event\"}\n{}\n";
    for (given, _) in names {
        body += &format!("{}\n{given}\n", json!({"type": "attachment", "filename": given}));
    }
    server.accept(body).await;
    let event = server.event(&id(1)).await;
    let mut shown: Vec<&str> = event["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    let mut expected = names.map(|(_, shown)| shown);
    shown.sort_unstable();
    expected.sort_unstable();
    assert_eq!(shown, expected);
}
