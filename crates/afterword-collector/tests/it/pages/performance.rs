//! The pages of performance and traces show what the API tells.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::people::{join, owner};
use crate::server::{Server, crash, id, key_and_project};

const TRACE: &str = "0123456789abcdef0123456789abcdef";

/// Seconds since 1970, a while ago.
fn ago(seconds: u64) -> f64 {
    (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - seconds) as f64
}

fn envelope(number: u32, transaction: &Value) -> String {
    let event_id = json!({"event_id": id(number)});
    format!("{event_id}\n{{\"type\":\"transaction\"}}\n{transaction}\n")
}

/// A transaction of a trace of its own that took so many milliseconds.
fn transaction(number: u32, name: &str, ms: f64, status: &str) -> Value {
    let end = ago(30);
    json!({
        "type": "transaction", "transaction": name, "release": "a@1", "environment": "production",
        "start_timestamp": end - ms / 1000.0, "timestamp": end,
        "contexts": {"trace": {"trace_id": id(0x7000 + number), "span_id": format!("{number:016x}"), "op": "http.server", "status": status}},
        "spans": [],
    })
}

/// A transaction of one trace, with spans.
fn traced(name: &str, span: &str, parent: Option<&str>, spans: Value) -> Value {
    let start = ago(60);
    json!({
        "type": "transaction", "transaction": name, "release": "a@1",
        "start_timestamp": start, "timestamp": start + 2.0,
        "contexts": {"trace": {"trace_id": TRACE, "span_id": span, "parent_span_id": parent, "op": "test", "status": "ok"}},
        "spans": spans,
    })
}

fn span(id: &str, parent: &str, description: &str, from: f64, ms: f64) -> Value {
    let start = ago(60) + from;
    json!({"trace_id": TRACE, "span_id": id, "parent_span_id": parent, "op": "db", "description": description,
        "start_timestamp": start, "timestamp": start + ms / 1000.0})
}

async fn accept_as(server: &Server, dsn: &str, body: String) {
    let (key, project) = key_and_project(dsn);
    let url = server.url(&format!("/api/{project}/envelope/?sentry_key={key}"));
    assert_eq!(server.client.post(url).body(body).send().await.unwrap().status(), 200);
}

/// The row of a table whose head holds a text.
fn row<'a>(page: &'a str, name: &str) -> &'a str {
    let found = page.split("<tr>").find(|row| row.contains(&format!(">{name}</a>")));
    found.unwrap_or_else(|| panic!("{name} not in\n{page}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_told_as_the_api_tells_them() {
    let server = Server::start().await;
    let (status, empty) = server.page("/performance/").await;
    assert_eq!(status, 200);
    assert!(
        empty.contains("traces_sample_rate") && empty.contains(&server.access.dsn),
        "{empty}"
    );

    // 1 to 30 ms, of which three failed; ten of another that took longer together.
    for number in 1..=30 {
        let status = if number <= 3 { "internal_error" } else { "ok" };
        let body = transaction(number, "GET /a", f64::from(number), status);
        server.accept(envelope(number, &body)).await;
    }
    for number in 31..=40 {
        server
            .accept(envelope(number, &transaction(number, "GET /b", 500.0, "ok")))
            .await;
    }
    server.event(&id(40)).await;
    let (status, page) = server.page("/performance/?period=24h").await;
    assert_eq!(status, 200);
    let line = row(&page, "GET /a");
    for shown in [
        "15 ms",
        "23 ms",
        "29 ms",
        "10 %",
        "title=\"30 in all\"",
        "1.25 an hour",
        "http.server",
    ] {
        assert!(
            line.contains(&format!(">{shown}<")) || line.contains(shown),
            "{shown} not in\n{line}"
        );
    }
    assert!(
        page.find("GET /b").unwrap() < page.find("GET /a").unwrap(),
        "what took the most time is first"
    );
    let (_, sorted) = server.page("/performance/?period=24h&sort=-failure_rate").await;
    assert!(sorted.find("GET /a").unwrap() < sorted.find("GET /b").unwrap());
    let api = server
        .json("/api/0/organizations/acme/performance/?statsPeriod=24h&sort=-failure_rate")
        .await;
    assert_eq!(
        json!([
            api["data"][0]["p50"],
            api["data"][0]["p95"],
            api["data"][0]["failure_rate"]
        ]),
        json!([15.0, 29.0, 0.1]),
        "the same as the page"
    );
    let (_, found) = server.page("/performance/?query=get%20/B").await;
    assert!(found.contains("GET /b") && !found.contains("GET /a"), "{found}");
    let (_, none) = server.page("/performance/?environment=staging").await;
    assert!(!none.contains("GET /a"));
    assert_eq!(server.page("/performance/?sort=nothing").await.0, 400);
    assert_eq!(server.page("/performance/?cursor=x").await.0, 400);

    let path = "/performance/transaction/?project=editor&name=GET%20%2Fa&period=24h";
    let (status, page) = server.page(path).await;
    assert_eq!(status, 200);
    for shown in [
        "15 ms<span class=\"detail\">p75 23 ms</span>",
        "29 ms<span class=\"detail\">p99 30 ms</span>",
        "10 %<span class=\"detail\">3 of 30</span>",
        "<td>15 ms</td><td>23 ms</td><td>29 ms</td>",
        "<td>27</td><td>3</td>",
        "id=\"spread\"",
        &format!("href=\"/traces/{}/#s-{:016x}\"", id(0x7000 + 30), 30),
    ] {
        assert!(page.contains(shown), "{shown} not in\n{page}");
    }
    let spread = page.split("id=\"spread\"").nth(1).unwrap();
    let counted: u64 = spread
        .split("</td></tr>")
        .filter_map(|row| row.rsplit_once("<td>")?.1.parse::<u64>().ok())
        .sum();
    assert_eq!(counted, 30, "every transaction is in one bar of the histogram");
    for nothing in [
        "?project=editor&name=none",
        "?project=editor",
        "?name=GET%20%2Fa",
        "?project=x&name=GET%20%2Fa",
    ] {
        assert_eq!(
            server.page(&format!("/performance/transaction/{nothing}")).await.0,
            404,
            "{nothing}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_goes_through_projects_and_marks_its_errors() {
    let server = Server::start().await;
    let worker = server.collector().bootstrap("acme", "worker").await.unwrap();
    let front = traced(
        "open file",
        "aaaaaaaaaaaaaaaa",
        None,
        json!([span("a1a1a1a1a1a1a1a1", "aaaaaaaaaaaaaaaa", "GET /work", 0.5, 1000.0)]),
    );
    let back = traced(
        "answer work",
        "bbbbbbbbbbbbbbbb",
        Some("a1a1a1a1a1a1a1a1"),
        json!([span(
            "b1b1b1b1b1b1b1b1",
            "bbbbbbbbbbbbbbbb",
            "SELECT <script>alert(1)</script>",
            0.75,
            250.0
        )]),
    );
    accept_as(&server, &worker.dsn, envelope(2, &back)).await;
    server.accept(envelope(1, &front)).await;
    let mut event = crash("db::query");
    event["contexts"] = json!({"trace": {"trace_id": TRACE, "span_id": "b1b1b1b1b1b1b1b1"}});
    accept_as(&server, &worker.dsn, crate::server::envelope(&id(3), &event)).await;
    let mut elsewhere = crash("lost::span");
    elsewhere["contexts"] = json!({"trace": {"trace_id": TRACE, "span_id": "cccccccccccccccc"}});
    server.digest(&id(4), &elsewhere).await;
    let path = format!("/api/0/organizations/acme/events-trace/{TRACE}/?detailed=1");
    server
        .until(&path, |trace| {
            let child = &trace["transactions"][0]["children"][0];
            child["errors"].as_array().is_some_and(|errors| errors.len() == 1)
        })
        .await;
    let (status, page) = server.page(&format!("/traces/{TRACE}/")).await;
    assert_eq!(status, 200);
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} not in\n{page}"));
    let waterfall = place("class=\"waterfall\"");
    let order = [
        "id=\"s-aaaaaaaaaaaaaaaa\"",
        "id=\"s-a1a1a1a1a1a1a1a1\"",
        "id=\"s-bbbbbbbbbbbbbbbb\"",
        "id=\"s-b1b1b1b1b1b1b1b1\"",
        "db::query</a>",
    ];
    assert!(
        order.map(place).is_sorted() && place(order[0]) > waterfall,
        "each inside the one above it\n{page}"
    );
    assert!(place("lost::span") < waterfall, "an error without a span is told apart");
    for (depth, id) in [
        (0, "a".repeat(16)),
        (1, "a1".repeat(8)),
        (2, "b".repeat(16)),
        (3, "b1".repeat(8)),
    ] {
        assert!(
            page.contains(&format!("d{depth}\" id=\"s-{id}\"")),
            "{id} is at depth {depth}"
        );
    }
    for shown in [
        "<span class=\"badge\">worker</span>",
        "SELECT &lt;script&gt;alert(1)",
        "<span class=\"span-took\">250 ms</span>",
        "begins at 750 ms",
        "x=\"375\" width=\"125\"",
        "in 2 projects",
        &format!("/events/{}/", id(3)),
    ] {
        assert!(page.contains(shown), "{shown} not in\n{page}");
    }
    assert!(!page.contains("<script>") && page.matches("<script").count() == 1);
    let upper = server.page(&format!("/traces/{}/", TRACE.to_uppercase())).await;
    assert_eq!(upper.0, 200);
    for nothing in ["f".repeat(32), "x".to_owned()] {
        assert_eq!(server.page(&format!("/traces/{nothing}/")).await.0, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_trace_is_a_short_page() {
    let server = Server::start().await;
    for part in 0..4_u32 {
        let root = format!("{:016x}", 0xf000 + part);
        let spans: Vec<Value> = (0..900_u32)
            .map(|number| {
                let id = format!("{:016x}", part * 1000 + number + 1);
                let parent = if number % 7 == 0 {
                    root.clone()
                } else {
                    format!("{:016x}", part * 1000 + number)
                };
                let description = format!("<b>'\"&{}", "long & wide ".repeat(40));
                span(
                    &id,
                    &parent,
                    &description,
                    f64::from(number) / 1000.0,
                    f64::from(number % 40),
                )
            })
            .collect();
        let body = traced(&format!("part {part}"), &root, None, Value::Array(spans));
        server.accept(envelope(part + 1, &body)).await;
    }
    server.event(&id(4)).await;
    let (status, page) = server.page(&format!("/traces/{TRACE}/")).await;
    assert_eq!(status, 200);
    assert!(page.len() <= 150_000, "{}", page.len());
    assert!(
        page.contains("Not all is shown: 3,384 spans are left out."),
        "{}",
        &page[..4000]
    );
    for part in 0..4 {
        assert!(page.contains(&format!("part {part}")), "every transaction is shown");
    }
    assert!(page.contains("39 ms") && page.contains("shorter spans are not shown"));
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_and_transactions_of_others_are_not_there() {
    let server = Server::start().await;
    let other = server.collector().bootstrap("other", "app").await.unwrap();
    let theirs = traced("their secret", "aaaaaaaaaaaaaaaa", None, json!([]));
    accept_as(&server, &other.dsn, envelope(1, &theirs)).await;
    server
        .until(&format!("/api/0/organizations/other/events-trace/{TRACE}/"), |_| true)
        .await;
    let path = format!("/traces/{TRACE}/");
    let transaction = "/performance/transaction/?project=app&name=their%20secret";
    assert_eq!(server.page(&path).await.0, 200);
    assert_eq!(server.page(transaction).await.0, 200);
    let anna = join(&owner(&server).await, "anna@x.example", "member").await;
    for path in [path.as_str(), transaction, "/performance/?project=app"] {
        let (status, page) = anna.page(path).await;
        assert_eq!(status, 404, "{path}");
        assert!(!page.contains("their secret"));
    }
    let (status, list) = anna.page("/performance/").await;
    assert!(status == 200 && !list.contains("their secret"), "{list}");

    // Of a trace through both, each sees their own part.
    let ours = traced("our part", "bbbbbbbbbbbbbbbb", Some("aaaaaaaaaaaaaaaa"), json!([]));
    server.accept(envelope(2, &ours)).await;
    server.event(&id(2)).await;
    let (status, page) = anna.page(&path).await;
    assert_eq!(status, 200);
    assert!(page.contains("our part") && !page.contains("their secret"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_transactions_are_text() {
    let server = Server::start().await;
    let attempt = "<script>alert(1)</script>\"'onload=1&x";
    let mut body = transaction(1, attempt, 5.0, "internal_error");
    body["contexts"]["trace"]["op"] = json!(attempt);
    body["release"] = json!("<script>r");
    body["environment"] = json!("<script>e");
    body["spans"] = json!([{"trace_id": id(0x7001), "span_id": "00000000000000aa", "parent_span_id": format!("{:016x}", 1),
        "op": attempt, "description": attempt, "start_timestamp": ago(31), "timestamp": ago(31), "status": attempt}]);
    server.accept(envelope(1, &body)).await;
    server.event(&id(1)).await;
    let encoded: String = url::form_urlencoded::byte_serialize(attempt.as_bytes()).collect();
    for path in [
        "/performance/".to_owned(),
        format!("/performance/?query={encoded}&environment={encoded}"),
        format!("/performance/transaction/?project=editor&name={encoded}"),
        format!("/traces/{}/", id(0x7001)),
    ] {
        let (status, page) = server.page(&path).await;
        assert_eq!(status, 200, "{path}");
        assert!(page.contains("alert(1)"), "{path}: {page}");
        assert!(
            !page.contains("<script>") && !page.contains("\"'onload"),
            "{path}:\n{page}"
        );
        assert!(
            !page.contains(" style=") && page.matches("<script").count() == 1,
            "{path}"
        );
    }
}
