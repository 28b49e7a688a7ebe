//! Transactions and spans of every shape.

use serde_json::json;

use super::*;

const TRACE: &str = "0123456789abcdef0123456789abcdef";
/// Two hours after the transactions of these tests.
const CLOCK: Clock = Clock {
    sent_at: None,
    received_at: 1_700_007_200_000,
};

fn transaction(raw: &Value) -> Transaction {
    of(raw, CLOCK)
}

fn of(raw: &Value, clock: Clock) -> Transaction {
    let item = Item::new("transaction", raw.to_string().into_bytes());
    Transaction::of(item, "e".repeat(32), clock).unwrap()
}

fn request() -> Value {
    json!({
        "transaction": "GET /a", "release": "r@1", "environment": "production",
        "start_timestamp": 1_700_000_000.25, "timestamp": 1_700_000_001.5,
        "contexts": {"trace": {"trace_id": TRACE, "span_id": "AAAAAAAAAAAAAAAA", "parent_span_id": "bbbbbbbbbbbbbbbb",
            "op": "http.server", "status": "ok"}},
        "spans": [
            {"trace_id": TRACE, "span_id": "1111111111111111", "parent_span_id": "aaaaaaaaaaaaaaaa", "op": "db",
                "description": "SELECT 1", "start_timestamp": 1_700_000_000.5, "timestamp": 1_700_000_000.75},
            {"span_id": "2222222222222222", "start_timestamp": "2023-11-14T22:13:21.000001Z"},
        ],
    })
}

#[test]
fn a_transaction_is_a_span_and_has_some() {
    let read = transaction(&request());
    assert_eq!((read.name.as_str(), read.spans_cut, read.spans.len()), ("GET /a", 0, 3));
    let [own, first, second] = &read.spans[..] else {
        unreachable!()
    };
    assert_eq!(
        (own.span_id.as_str(), own.parent_span_id.as_deref()),
        ("aaaaaaaaaaaaaaaa", Some("bbbbbbbbbbbbbbbb"))
    );
    assert_eq!(
        (own.op.as_deref(), own.status.as_deref(), own.is_segment),
        (Some("http.server"), Some("ok"), true)
    );
    assert_eq!(
        (own.started_us, own.ended_us),
        (1_700_000_000_250_000, 1_700_000_001_500_000)
    );
    assert_eq!(
        (first.name.as_str(), first.op.as_deref(), first.is_segment),
        ("SELECT 1", Some("db"), false)
    );
    assert_eq!(
        (first.started_us, first.ended_us),
        (1_700_000_000_500_000, 1_700_000_000_750_000)
    );
    assert_eq!(first.release.as_deref(), Some("r@1"));
    // What it does not say, its transaction does.
    assert_eq!(second.parent_span_id.as_deref(), Some("aaaaaaaaaaaaaaaa"));
    assert_eq!(
        (second.started_us, second.ended_us),
        (1_700_000_001_000_001, own.ended_us)
    );
}

#[test]
fn all_of_it_moves_with_the_clock() {
    // A clock two days ahead.
    let ahead = 2 * 86_400_000;
    let clock = Clock {
        sent_at: Some(1_700_000_002_000 + ahead),
        received_at: 1_700_000_002_000,
    };
    let mut late = request();
    for at in [
        "/start_timestamp",
        "/timestamp",
        "/spans/0/start_timestamp",
        "/spans/0/timestamp",
    ] {
        let value = late.pointer_mut(at).unwrap();
        *value = json!(value.as_f64().unwrap() + 2.0 * 86_400.0);
    }
    let (expected, read) = (transaction(&request()), of(&late, clock));
    assert_eq!(read.spans[..2], expected.spans[..2]);
}

#[test]
fn no_shape_of_a_transaction_is_refused() {
    let mut shapes = vec![
        json!({}),
        json!([]),
        json!(5),
        json!(null),
        json!({"spans": 7, "contexts": []}),
    ];
    for (at, odd) in [
        ("/contexts/trace/trace_id", json!("none")),
        ("/contexts/trace/span_id", json!("0000000000000000")),
        ("/contexts/trace/span_id", json!(7)),
    ] {
        let mut shape = request();
        *shape.pointer_mut(at).unwrap() = odd;
        shapes.push(shape);
    }
    for shape in shapes {
        let read = transaction(&shape);
        assert!(read.spans.is_empty(), "{shape}");
        assert!(
            read.started_us <= read.ended_us && read.ended_us <= CLOCK.received_at * 1000,
            "{shape}"
        );
        assert_eq!(
            serde_json::from_slice::<Value>(&crate::queries::unpacked(&read.raw)).unwrap(),
            shape,
            "kept as it came"
        );
    }
    let mut backwards = request();
    backwards["start_timestamp"] = json!(1_700_000_100);
    let read = transaction(&backwards);
    assert_eq!(read.started_us, read.ended_us);
}

#[test]
fn spans_are_bounded_and_the_rest_is_counted() {
    let mut many = request();
    let span = |number: usize| json!({"span_id": format!("{number:016x}")});
    many["spans"] = (1..=1500).map(span).collect();
    let read = transaction(&many);
    assert_eq!((read.spans.len(), read.spans_cut), (1 + MAX_SPANS, 500));
    many["spans"] = json!([{}, {"span_id": "1"}, 7, {"span_id": "aaaaaaaaaaaaaaaa"}, span(1)]);
    let read = transaction(&many);
    assert_eq!(
        (read.spans.len(), read.spans_cut),
        (2, 4),
        "without an id, or with the transaction's own"
    );
}

#[test]
fn spans_come_alone() {
    let raw = json!({"version": 2, "items": [
        {"trace_id": TRACE, "span_id": "1111111111111111", "name": "GET /a", "is_segment": true, "status": "ok",
            "start_timestamp": 1_700_000_000.25, "end_timestamp": 1_700_000_001.5, "attributes": {
                "sentry.op": {"value": "http.server", "type": "string"},
                "sentry.release": {"value": "r@1", "type": "string"},
                "sentry.environment": {"value": "production", "type": "string"}}},
        {"trace_id": TRACE, "span_id": "2222222222222222", "parent_span_id": "1111111111111111", "attributes": 5},
        {"span_id": "3333333333333333"}, null,
    ]});
    let (spans, words) = container(&raw, CLOCK).unwrap();
    assert_eq!(words.unwrap(), "2 of its 4 spans left out: no ids, or beyond 1000");
    assert_eq!(
        (spans.len(), spans[0].is_segment, spans[1].is_segment),
        (2, true, false)
    );
    let first = &spans[0];
    assert_eq!(
        (first.name.as_str(), first.op.as_deref()),
        ("GET /a", Some("http.server"))
    );
    assert_eq!(
        (first.release.as_deref(), first.environment.as_deref()),
        (Some("r@1"), Some("production"))
    );
    assert_eq!(
        (first.started_us, first.ended_us),
        (1_700_000_000_250_000, 1_700_000_001_500_000)
    );
    assert_eq!(first.raw.as_deref(), Some(raw["items"][0].to_string().as_str()));
    assert_eq!(spans[1].started_us, CLOCK.received_at * 1000);

    // The older form is one span.
    let older = json!({"trace_id": TRACE, "span_id": "1111111111111111", "description": "x", "op": "ui",
        "start_timestamp": 1_700_000_000, "timestamp": 1_700_000_001});
    let (spans, words) = container(&older, CLOCK).unwrap();
    assert_eq!(
        (spans[0].name.as_str(), spans[0].op.as_deref(), words),
        ("x", Some("ui"), None)
    );
    assert_eq!(spans[0].ended_us, 1_700_000_001_000_000);
    for odd in [json!(7), json!([]), json!({"items": 7})] {
        assert!(container(&odd, CLOCK).is_err(), "{odd}");
    }
}
