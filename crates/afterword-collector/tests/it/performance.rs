//! Performance: from transactions and spans to figures, as counted by hand.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::server::{Server, id};

const PERFORMANCE: &str = "/api/0/organizations/acme/performance/";

/// Seconds since 1970: the middle of an hour some hours ago, so that a slow test does not end in another.
fn hours_ago(hours: u64) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    (now - now % 3600 - hours * 3600 + 1800) as f64
}

/// A transaction that ended then and took so many milliseconds, with a span of half of it.
fn transaction(number: u32, name: &str, end: f64, ms: f64, status: &str, release: &str) -> String {
    let trace = id(0x7000 + number);
    let span = format!("{:016x}", 2 * number + 1);
    let transaction = json!({
        "type": "transaction", "transaction": name, "release": release, "environment": "production",
        "start_timestamp": end - ms / 1000.0, "timestamp": end, "user": {"id": "u1"},
        "contexts": {"trace": {"trace_id": trace, "span_id": span, "op": "http.server", "status": status}},
        "spans": [{"trace_id": trace, "span_id": format!("{:016x}", 2 * number + 2), "parent_span_id": span, "op": "db",
            "description": format!("SELECT {name}"), "start_timestamp": end - ms / 2000.0, "timestamp": end}],
    });
    format!(
        "{}\n{{\"type\":\"transaction\"}}\n{transaction}\n",
        json!({"event_id": id(number)})
    )
}

async fn accept_all(server: &Server, envelopes: Vec<String>) {
    let last = u32::try_from(envelopes.len()).unwrap();
    for envelope in envelopes {
        server.accept(envelope).await;
    }
    server.event(&id(last)).await;
}

fn by_name(list: &Value, key: &str, name: &str) -> Value {
    let found = list["data"].as_array().unwrap().iter().find(|line| line[key] == name);
    found.unwrap_or_else(|| panic!("{name} in {list:#}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_names_as_counted_by_hand() {
    let server = Server::start().await;
    let mut envelopes = Vec::new();
    // 1 to 30 ms, of which three failed; ten of another, an hour before.
    for number in 1..=30 {
        let status = if number <= 3 { "internal_error" } else { "ok" };
        envelopes.push(transaction(
            number,
            "GET /a",
            hours_ago(2),
            f64::from(number),
            status,
            "a@1",
        ));
    }
    for number in 31..=40 {
        envelopes.push(transaction(number, "GET /b", hours_ago(3), 500.0, "cancelled", "a@2"));
    }
    accept_all(&server, envelopes.clone()).await;
    let path = format!("{PERFORMANCE}?statsPeriod=24h");
    let list = server.json(&path).await;
    let line = by_name(&list, "transaction", "GET /a");
    assert_eq!(
        (&line["count"], &line["failure_count"], &line["failure_rate"]),
        (&json!(30), &json!(3), &json!(0.1))
    );
    let near = |value: &Value, expected: f64| {
        let value = value.as_f64().unwrap();
        assert!((value - expected).abs() < 0.01, "{value} {expected}");
    };
    near(&line["p50"], 15.0);
    near(&line["p75"], 23.0);
    near(&line["p95"], 29.0);
    near(&line["p99"], 30.0);
    near(&line["tpm"], 30.0 / (25.0 * 60.0));
    assert_eq!(
        (&line["project"], &line["transaction.op"]),
        (&json!("editor"), &json!("http.server"))
    );
    assert_eq!(
        list["data"][0]["transaction"], "GET /b",
        "all of it together took longer"
    );
    assert_eq!(by_name(&list, "transaction", "GET /b")["failure_rate"], 0.0);

    // What came again is counted once.
    server.accept(envelopes[0].clone()).await;
    server
        .accept(transaction(41, "GET /c", hours_ago(2), 1.0, "ok", "a@1"))
        .await;
    server.event(&id(41)).await;
    assert_eq!(by_name(&server.json(&path).await, "transaction", "GET /a")["count"], 30);

    let sorted = server.json(&format!("{path}&sort=-count&per_page=1")).await;
    assert_eq!(sorted["data"].as_array().unwrap().len(), 1);
    assert_eq!(sorted["data"][0]["transaction"], "GET /a");
    let second = server
        .json(&format!("{path}&sort=-count&per_page=1&cursor=0:1:0"))
        .await;
    assert_eq!(second["data"][0]["transaction"], "GET /b");
    let narrowed = server.json(&format!("{path}&query=release:a@2")).await;
    assert_eq!(narrowed["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        server.json(&format!("{path}&environment=staging")).await["data"],
        json!([])
    );
    assert_eq!(
        server.json(&format!("{path}&name=get%20/B")).await["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(server.api(&format!("{path}&sort=color")).await.status(), 400);

    let series = server
        .json(&format!(
            "{PERFORMANCE}series/?statsPeriod=6h&interval=1h&transaction=GET%20/a"
        ))
        .await;
    let counts: Vec<i64> = series["series"]["count"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_i64().unwrap())
        .collect();
    assert_eq!(counts.iter().sum::<i64>(), 30);
    let hour = counts.iter().position(|count| *count == 30).unwrap();
    near(&series["series"]["p95"][hour], 29.0);
    assert_eq!(series["series"]["p95"][0], json!(null));
    let days = server
        .json(&format!("{PERFORMANCE}series/?statsPeriod=2d&interval=1d"))
        .await;
    let counts = days["series"]["count"]
        .as_array()
        .unwrap()
        .iter()
        .map(|count| count.as_i64().unwrap());
    assert_eq!(counts.sum::<i64>(), 41);

    let slow = server
        .json(&format!("{PERFORMANCE}examples/?statsPeriod=24h&transaction=GET%20/a"))
        .await;
    assert_eq!(slow["data"].as_array().unwrap().len(), 20);
    assert_eq!(
        (&slow["data"][0]["id"], &slow["data"][0]["trace"]),
        (&json!(id(30)), &json!(id(0x7000 + 30)))
    );
    near(&slow["data"][0]["transaction.duration"], 30.0);

    let spans = server.json(&format!("{PERFORMANCE}spans/?statsPeriod=24h")).await;
    let line = by_name(&spans, "span.description", "SELECT GET /a");
    assert_eq!((&line["span.op"], &line["count"]), (&json!("db"), &json!(30)));
    near(&line["max"], 15.0);
    near(&line["avg"], 15.5 / 2.0);
    assert_eq!(line["slowest"]["trace"], id(0x7000 + 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_that_came_alone_are_transactions_if_they_are_the_first_of_their_process() {
    let server = Server::start().await;
    let end = hours_ago(1);
    let span = |id: &str, parent: Option<&str>, name: &str, segment: bool, status: &str| {
        json!({"trace_id": crate::server::id(0x9000), "span_id": id, "parent_span_id": parent, "name": name, "is_segment": segment,
            "status": status, "start_timestamp": end - 0.2, "end_timestamp": end,
            "attributes": {"sentry.op": {"value": "db", "type": "string"}, "sentry.release": {"value": "n@1", "type": "string"}}})
    };
    let container = json!({"version": 2, "items": [
        span("cccccccccccccccc", None, "GET /node", true, "error"),
        span("c1c1c1c1c1c1c1c1", Some("cccccccccccccccc"), "SELECT 1", false, "ok"),
    ]});
    for _ in 0..2 {
        server
            .accept(format!("{{}}\n{{\"type\":\"span\",\"item_count\":2}}\n{container}\n"))
            .await;
    }
    let path = format!("{PERFORMANCE}?statsPeriod=24h&query=release:n@1");
    let list = server.until(&path, |list| list["data"][0]["count"] == 1).await;
    assert_eq!(
        (&list["data"][0]["transaction"], &list["data"][0]["failure_rate"]),
        (&json!("GET /node"), &json!(1.0))
    );
    server.accept(transaction(1, "GET /a", end, 5.0, "ok", "a@1")).await;
    server.event(&id(1)).await;
    let list = server.json(&path).await;
    assert_eq!(list["data"][0]["count"], 1, "what came twice is counted once");
    let spans = server
        .json(&format!("{PERFORMANCE}spans/?statsPeriod=24h&op=db&sort=-max"))
        .await;
    assert_eq!(
        (&spans["data"][0]["span.description"], &spans["data"][0]["count"]),
        (&json!("SELECT 1"), &json!(1))
    );
    let releases = server.json("/api/0/organizations/acme/releases/").await;
    let versions: Vec<&Value> = releases
        .as_array()
        .unwrap()
        .iter()
        .map(|release| &release["version"])
        .collect();
    assert!(versions.contains(&&json!("n@1")), "{versions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_different_each_time_are_counted_as_others() {
    let server = Server::start().await;
    let envelopes =
        (1..=520).map(|number| transaction(number, &format!("GET /{number}"), hours_ago(1), 5.0, "ok", "a"));
    accept_all(&server, envelopes.collect()).await;
    let list = server
        .json(&format!("{PERFORMANCE}?statsPeriod=24h&sort=-count&per_page=100"))
        .await;
    assert_eq!(
        (&list["data"][0]["transaction"], &list["data"][0]["count"]),
        (&json!("<other>"), &json!(20))
    );
    let series = server
        .json(&format!("{PERFORMANCE}series/?statsPeriod=24h&interval=1d"))
        .await;
    let counts = series["series"]["count"]
        .as_array()
        .unwrap()
        .iter()
        .map(|count| count.as_i64().unwrap());
    assert_eq!(counts.sum::<i64>(), 520, "none is lost");
}
