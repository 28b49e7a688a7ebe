//! What Slack gets.

use serde_json::json;

use super::stub::Stub;
use super::{Sender, alert, hostile};

#[tokio::test(flavor = "multi_thread")]
async fn slack_takes_what_it_is_sent() {
    let (sender, stub) = (Sender::start().await, Stub::start().await);
    let mut summary = alert();
    summary["project"] = json!("");
    summary["others"] = json!([["A new issue in viewer", "https://errors.example/issues/8/"]]);
    let mut bare = alert();
    for name in ["issue_id", "short_id", "title", "place", "event_id"] {
        bare[name] = json!(null);
    }
    (bare["facts"], bare["reasons"], bare["url"]) = (json!([]), json!([]), json!(""));
    for alert in [alert(), summary, bare, hostile()] {
        let id = sender.tell(&stub.slack(), &alert).await;
        let row = sender.until(id, |row| row.state != "waiting").await;
        assert_eq!(
            (row.state.as_str(), row.status, row.tries),
            ("sent", Some(200), 1),
            "{row:#?}"
        );
        assert_eq!(row.answer.as_deref(), Some("ok"));
        let sent = row.sent.unwrap();
        assert!(sent.contains(&format!("\"to\":\"{}/…\"", stub.url)), "{sent}");
        assert!(!sent.contains("hush"), "the address is a secret: {sent}");
    }
    let came = stub.came();
    assert_eq!(came.len(), 4);
    assert!(came.iter().all(|came| came.path == "/services/T0/B0/hush-hush"));
    let blocks = &came[0].body["blocks"];
    assert_eq!(blocks[0]["text"]["text"], "New issue in editor");
    let text = blocks[1]["text"]["text"].as_str().unwrap();
    assert!(
        text.contains("SIGSEGV in draw_line") && text.contains("seen for the first time"),
        "{text}"
    );
    assert_eq!(came[1].body["blocks"][0]["text"]["text"], "New issue and 1 more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_slack_that_is_gone_says_what_to_do() {
    let (sender, stub) = (Sender::start().await, Stub::start().await);
    stub.answer([(404, None, "no_service")]);
    let id = sender.tell(&stub.slack(), &alert()).await;
    let row = sender.until_failed(id).await;
    assert_eq!((row.status, row.tries), (Some(404), 1));
    let answer = row.answer.unwrap();
    assert!(
        answer.contains("make one there and put its address into the rule. It said: no_service"),
        "{answer}"
    );
}
