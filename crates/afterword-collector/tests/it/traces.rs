//! Traces: from transactions and spans of several processes to one tree.

use serde_json::{Value, json};

use crate::server::{Server, crash, id, key_and_project};

const TRACE: &str = "0123456789abcdef0123456789abcdef";

fn path(trace: &str) -> String {
    format!("/api/0/organizations/acme/events-trace/{trace}/")
}

/// A transaction with one span in it.
fn transaction(name: &str, span: &str, parent: Option<&str>, child: &str) -> Value {
    json!({
        "type": "transaction", "transaction": name, "release": "a@1", "environment": "production",
        "start_timestamp": 1_700_000_000.0, "timestamp": 1_700_000_001.5,
        "contexts": {"trace": {"trace_id": TRACE, "span_id": span, "parent_span_id": parent, "op": "test", "status": "ok"}},
        "spans": [{"trace_id": TRACE, "span_id": child, "parent_span_id": span, "op": "http.client",
            "description": "GET /work", "start_timestamp": 1_700_000_000.25, "timestamp": 1_700_000_001.0}],
    })
}

fn item(kind: &str, payload: &Value) -> String {
    format!("{{\"type\":\"{kind}\"}}\n{payload}\n")
}

fn envelope(number: u32, transaction: &Value) -> String {
    format!(
        "{}\n{}",
        json!({ "event_id": id(number) }),
        item("transaction", transaction)
    )
}

/// Sends as another project of the organisation.
async fn accept_as(server: &Server, dsn: &str, body: String) {
    let (key, project) = key_and_project(dsn);
    let url = server.url(&format!("/api/{project}/envelope/?sentry_key={key}"));
    assert_eq!(server.client.post(url).body(body).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_projects_make_one_trace() {
    let server = Server::start().await;
    let worker = server.collector().bootstrap("acme", "worker").await.unwrap();
    let front = transaction("open file", "aaaaaaaaaaaaaaaa", None, "a1a1a1a1a1a1a1a1");
    let back = transaction(
        "GET /work",
        "bbbbbbbbbbbbbbbb",
        Some("a1a1a1a1a1a1a1a1"),
        "b1b1b1b1b1b1b1b1",
    );
    // The callee's first, as it often is.
    accept_as(&server, &worker.dsn, envelope(2, &back)).await;
    let alone = server.until(&path(TRACE), |_| true).await;
    assert_eq!(
        (&alone[0]["transaction"], &alone[0]["generation"]),
        (&json!("GET /work"), &json!(0))
    );
    for _ in 0..2 {
        server.accept(envelope(1, &front)).await;
    }
    let trace = server
        .until(&path(TRACE), |trace| trace[0]["transaction"] == "open file")
        .await;

    assert_eq!(trace.as_array().unwrap().len(), 1, "{trace:#}");
    let (root, child) = (&trace[0], &trace[0]["children"][0]);
    assert_eq!(root["children"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&root["event_id"], &root["project_slug"], &root["parent_span_id"]),
        (&json!(id(1)), &json!("editor"), &json!(null))
    );
    assert_eq!(
        (&child["event_id"], &child["project_slug"], &child["parent_span_id"]),
        (&json!(id(2)), &json!("worker"), &json!("a1a1a1a1a1a1a1a1"))
    );
    assert_eq!(
        (&child["generation"], &child["parent_event_id"]),
        (&json!(1), &json!(id(1)))
    );
    assert_eq!(
        (
            &root["start_timestamp"],
            &root["timestamp"],
            &root["transaction.duration"]
        ),
        (&json!(1_700_000_000.0), &json!(1_700_000_001.5), &json!(1500))
    );
    assert_eq!(
        root["spans"],
        json!([{"span_id": "a1a1a1a1a1a1a1a1", "parent_span_id": "aaaaaaaaaaaaaaaa", "op": "http.client",
            "description": "GET /work", "status": null,
            "start_timestamp": 1_700_000_000.25, "timestamp": 1_700_000_001.0}])
    );

    let elsewhere = server.collector().bootstrap("other", "app").await.unwrap();
    accept_as(&server, &elsewhere.dsn, envelope(3, &front)).await;
    let other = "/api/0/organizations/other/events-trace";
    let theirs = server.until(&format!("{other}/{TRACE}/"), |_| true).await;
    assert_eq!(
        theirs[0]["children"],
        json!([]),
        "another organisation's trace is another"
    );
    assert_eq!(server.json(&path(TRACE)).await, trace);
    assert_eq!(server.api(&path(&"f".repeat(32))).await.status(), 404);
    assert_eq!(server.api(&path("no-trace")).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_found_by_its_id() {
    let server = Server::start().await;
    let raw = transaction("open file", "aaaaaaaaaaaaaaaa", None, "a1a1a1a1a1a1a1a1");
    let attachment = "{\"type\":\"attachment\",\"length\":2,\"filename\":\"log.txt\"}\nhi\n";
    server.accept(format!("{}{attachment}", envelope(1, &raw))).await;
    let shown = server.event(&id(1)).await;
    assert_eq!(
        (&shown["type"], &shown["title"]),
        (&json!("transaction"), &json!("open file"))
    );
    assert_eq!((&shown["groupID"], &shown["raw"]), (&json!(null), &raw));
    assert_eq!(shown["attachments"][0]["name"], "log.txt");
    assert_eq!(
        server.json("/api/0/projects/acme/editor/issues/").await,
        json!([]),
        "it is no issue"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_in_a_container_make_a_trace_with_transactions() {
    let server = Server::start().await;
    let span = |id: &str, parent: Option<&str>, name: &str, segment: bool| {
        json!({"trace_id": TRACE, "span_id": id, "parent_span_id": parent, "name": name, "is_segment": segment,
            "status": "ok", "start_timestamp": 1_700_000_000.5, "end_timestamp": 1_700_000_000.75,
            "attributes": {"sentry.op": {"value": "db", "type": "string"}}})
    };
    let container = json!({"version": 2, "items": [
        span("cccccccccccccccc", Some("a1a1a1a1a1a1a1a1"), "worker", true),
        span("c1c1c1c1c1c1c1c1", Some("cccccccccccccccc"), "SELECT 1", false),
        {"name": "without ids"},
    ]});
    let header = "{\"type\":\"span\",\"content_type\":\"application/vnd.sentry.items.span.v2+json\",\"item_count\":3}";
    server.accept(format!("{{}}\n{header}\n{container}\n")).await;
    let front = transaction("open file", "aaaaaaaaaaaaaaaa", None, "a1a1a1a1a1a1a1a1");
    server.accept(envelope(1, &front)).await;
    let trace = server
        .until(&path(TRACE), |trace| trace[0]["transaction"] == "open file")
        .await;
    let worker = &trace[0]["children"][0];
    assert_eq!(
        (&worker["transaction"], &worker["event_id"]),
        (&json!("worker"), &json!(null))
    );
    assert_eq!(
        (&worker["spans"][0]["description"], &worker["spans"][0]["op"]),
        (&json!("SELECT 1"), &json!("db"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_shape_of_a_transaction_is_dropped() {
    let server = Server::start().await;
    let odd = [
        json!({}),
        json!([]),
        json!({"contexts": {"trace": 7}, "spans": {"a": 1}}),
        json!({"contexts": {"trace": {"trace_id": TRACE, "span_id": "aaaaaaaaaaaaaaaa"}}, "spans": [1, null, {"span_id": 7}]}),
    ];
    for (number, raw) in (1..).zip(&odd) {
        server.accept(envelope(number, raw)).await;
    }
    for (number, raw) in (1..).zip(&odd) {
        assert_eq!(server.event(&id(number)).await["raw"], *raw);
    }
    assert_eq!(server.event(&id(4)).await["spansCut"], 3);
    assert_eq!(server.json(&path(TRACE)).await.as_array().unwrap().len(), 1);

    let broken = format!(
        "{}\n{{\"type\":\"transaction\"}}\n{{broken\n",
        json!({ "event_id": id(9) })
    );
    server.accept(broken).await;
    server.digest(&id(10), &crash("after")).await;
    let set_aside: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM set_aside")
        .fetch_one(&crate::server::database(server.data()).await)
        .await
        .unwrap();
    assert_eq!(set_aside, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_stand_in_the_transaction_of_their_span() {
    let server = Server::start().await;
    let front = transaction("open file", "aaaaaaaaaaaaaaaa", None, "a1a1a1a1a1a1a1a1");
    server.accept(envelope(1, &front)).await;
    let error = |function: &str, span: Option<&str>| {
        let mut event = crash(function);
        event["contexts"] = json!({"trace": {"trace_id": TRACE, "span_id": span}});
        event
    };
    server
        .digest(&id(2), &error("in_a_span", Some("A1A1A1A1A1A1A1A1")))
        .await;
    server
        .digest(&id(3), &error("elsewhere", Some("ffffffffffffffff")))
        .await;
    server.digest(&id(4), &error("nowhere", None)).await;
    let trace = server.json(&path(TRACE)).await;
    let errors = trace[0]["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{trace:#}");
    assert_eq!(
        (&errors[0]["event_id"], &errors[0]["span"], &errors[0]["project_slug"]),
        (&json!(id(2)), &json!("a1a1a1a1a1a1a1a1"), &json!("editor"))
    );
    let detailed = server.json(&format!("{}?detailed=1", path(TRACE))).await;
    assert_eq!(detailed["transactions"], trace);
    let orphans: Vec<&Value> = detailed["orphan_errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["event_id"])
        .collect();
    assert_eq!(orphans, [&json!(id(3)), &json!(id(4))]);
    assert_eq!(
        server
            .json(&format!("/api/0/organizations/acme/trace-meta/{TRACE}/"))
            .await,
        json!({"projects": 1, "transactions": 1, "spans": 2, "errors": 3, "performance_issues": 0})
    );

    // A trace of which there are errors only is one, too.
    let mut alone = error("alone", None);
    alone["contexts"]["trace"]["trace_id"] = json!("e".repeat(32));
    server.digest(&id(5), &alone).await;
    let trace = server.json(&path(&"e".repeat(32))).await;
    assert_eq!(
        (&trace["transactions"], &trace["orphan_errors"][0]["title"]),
        (&json!([]), &json!("SIGSEGV in alone"))
    );
}
