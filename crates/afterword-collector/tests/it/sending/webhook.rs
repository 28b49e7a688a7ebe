//! What a webhook of one's own gets.

use super::stub::Stub;
use super::{Sender, alert, hostile};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_signed_and_says_what_happened() {
    let (sender, stub) = (Sender::start().await, Stub::start().await);
    for alert in [alert(), hostile()] {
        let id = sender.tell(&stub.webhook("/told"), &alert).await;
        let row = sender.until(id, |row| row.state != "waiting").await;
        assert_eq!((row.state.as_str(), row.status), ("sent", Some(200)), "{row:#?}");
        let sent = row.sent.unwrap();
        assert!(!sent.contains(super::stub::SECRET), "{sent}");
    }
    let came = stub.came().remove(0);
    assert_eq!(came.body["id"], came.id);
    assert_eq!(came.body["version"], 1);
    assert_eq!(came.body["kind"], "new-issue");
    assert_eq!(came.body["issue"]["id"], "7");
    assert_eq!(came.body["facts"][1]["value"], "production");
    let agent = came.headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("afterword-collector/"), "{agent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_is_refused_by_who_looks() {
    let (sender, stub) = (Sender::start().await, Stub::start().await);
    let mut action = stub.webhook("/told");
    action["secret"] = "another".into();
    let id = sender.tell(&action, &alert()).await;
    let row = sender.until_failed(id).await;
    assert_eq!(row.status, Some(400));
    assert!(row.answer.unwrap().contains("the signature is wrong"));
}
