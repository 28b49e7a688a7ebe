//! Transactions, and who decides which are kept.

use serde_json::{Value, json};

use super::App;

fn names(app: &App) -> Vec<String> {
    let names = app.stub.all("transaction");
    names
        .iter()
        .map(|transaction| transaction["transaction"].as_str().unwrap().to_owned())
        .collect()
}

fn kept(more: Value, hooks: &[&str]) -> Vec<String> {
    let app = App::new();
    let acts: Vec<&str> = hooks.iter().copied().chain(["transactions"]).collect();
    app.run(more, &acts);
    names(&app)
}

#[test]
fn a_transaction_has_its_spans_status_and_measurements() {
    let app = App::new();
    app.run(json!({ "enable_tracing": true }), &["transactions"]);
    let item = app
        .stub
        .of_kind("transaction")
        .into_iter()
        .find(|item| item.json()["transaction"] == "wanted")
        .unwrap();
    let transaction = item.json();
    let trace = &transaction["contexts"]["trace"];
    assert_eq!((&trace["op"], &trace["status"]), (&json!("paint"), &json!("ok")));
    assert_eq!(trace["data"]["strokes"], 12);
    let span = &transaction["spans"][0];
    assert_eq!(
        (&span["op"], &span["status"]),
        (&json!("db.query"), &json!("not_found"))
    );
    assert_eq!(span["parent_span_id"], trace["span_id"]);
    assert_eq!(item.envelope["trace"]["trace_id"], trace["trace_id"]);
    assert_eq!(item.envelope["trace"]["public_key"], "publickey");
}

#[test]
fn rate_sampler_and_switch_decide() {
    let none: [&str; 0] = [];
    assert_eq!(kept(json!({}), &[]), none);
    assert_eq!(kept(json!({ "traces_sample_rate": 0.0 }), &[]), none);
    assert_eq!(kept(json!({ "traces_sample_rate": 1.0 }), &[]), ["wanted", "noise"]);
    assert_eq!(
        kept(json!({ "traces_sample_rate": 1.0, "enable_tracing": false }), &[]),
        none
    );
    assert_eq!(kept(json!({}), &["--hook", "traces-sampler"]), ["wanted"]);
}

#[test]
fn before_send_transaction_changes_and_drops_and_what_is_dropped_is_counted() {
    let app = App::new();
    let acts = ["--hook", "before-send-transaction", "transactions", "message"];
    app.run(json!({ "traces_sample_rate": 1.0 }), &acts);
    assert_eq!(names(&app), ["wanted"]);
    assert_eq!(app.stub.only("transaction")["tags"]["hook"], "seen");
    let lost = app.stub.only("client_report")["discarded_events"].clone();
    assert_eq!(
        lost,
        json!([
            { "reason": "before_send", "category": "transaction", "quantity": 1 },
            { "reason": "before_send", "category": "span", "quantity": 2 },
        ])
    );
}

#[test]
fn tracing_gives_spans_errors_and_breadcrumbs() {
    let app = App::new();
    app.run(json!({ "traces_sample_rate": 1.0 }), &["tracing"]);
    let transaction = app.stub.only("transaction");
    assert_eq!(transaction["transaction"], "export");
    assert_eq!(transaction["contexts"]["trace"]["data"]["format"], "png");
    let event = app.stub.only("event");
    assert_eq!(event["message"], "the picture cannot be written");
    assert_eq!(
        event["contexts"]["trace"]["trace_id"],
        transaction["contexts"]["trace"]["trace_id"]
    );
    let breadcrumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    assert_eq!(breadcrumbs[0]["message"], "the picture is encoded");
}
