//! What happens until it is there, or is not.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use afterword_collector::Collector;
use serde_json::json;

use super::stub::Stub;
use super::{Sender, alert, allow_loopback};
use crate::server::Server;
use crate::stores;

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_with_the_same_id() {
    let (sender, stub) = (Sender::start().await, Stub::start().await);
    stub.answer([(500, None, "bang\u{7}")]);
    let begun = now_ms();
    let id = sender.tell(&stub.webhook("/a"), &alert()).await;
    let row = sender.until(id, |row| row.status == Some(500)).await;
    assert_eq!(
        (row.state.as_str(), row.tries, row.answer.as_deref()),
        ("waiting", 1, Some("bang"))
    );
    assert!(row.next_at >= begun + 4_000, "{row:?}");
    sender.hurry(id).await;
    let row = sender.until_sent(id).await;
    assert_eq!((row.tries, row.status), (2, Some(200)));
    let ids: Vec<String> = stub.came().into_iter().map(|came| came.id).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_when_is_left_alone_until_then() {
    let (sender, stub) = (Sender::start().await, Stub::start().await);
    stub.answer([(429, Some(("retry-after", "600".to_owned())), "slow down")]);
    let begun = now_ms();
    let first = sender.tell(&stub.webhook("/a"), &alert()).await;
    let row = sender.until(first, |row| row.status == Some(429)).await;
    assert!((begun + 600_000..begun + 700_000).contains(&row.next_at), "{row:?}");
    // What comes now is for the same place. What comes later for another shows that it was looked meanwhile.
    let second = sender.tell(&stub.webhook("/a"), &alert()).await;
    let elsewhere = sender.tell(&stub.webhook("/b"), &alert()).await;
    sender.until_sent(elsewhere).await;
    assert_eq!((sender.row(second).await.tries, stub.came().len()), (0, 2));
    sender.hurry(first).await;
    sender.until_sent(second).await;
    let paths: Vec<String> = stub.came().into_iter().map(|came| came.path).collect();
    assert_eq!(paths, ["/a", "/b", "/a", "/a"]);
    assert_eq!(sender.row(first).await.state, "sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_kept_and_other_places_do_not_wait() {
    let (sender, stub) = (Sender::start().await, Stub::start().await);
    let mut ids = Vec::new();
    for number in 0..20 {
        let mut alert = alert();
        alert["headline"] = json!(number.to_string());
        ids.push(sender.tell(&stub.webhook(&format!("/{}", number % 2)), &alert).await);
    }
    for id in ids {
        sender.until_sent(id).await;
    }
    let mut by_path: HashMap<String, Vec<i64>> = HashMap::new();
    for came in stub.came() {
        let number = came.body["headline"].as_str().unwrap().parse().unwrap();
        by_path.entry(came.path).or_default().push(number);
    }
    assert_eq!(by_path["/0"], (0..20).step_by(2).collect::<Vec<_>>());
    assert_eq!(by_path["/1"], (1..20).step_by(2).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_sent_after_the_next_start() {
    let (sender, stub) = (Sender::start().await, Stub::start().await);
    stub.answer([(503, None, "")]);
    let id = sender.tell(&stub.slack(), &alert()).await;
    sender.until(id, |row| row.status == Some(503)).await;
    let data = sender.stop().await;
    let sender = Sender::start_on(data).await;
    assert_eq!(sender.row(id).await.state, "waiting");
    sender.hurry(id).await;
    assert_eq!(sender.until_sent(id).await.tries, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn private_networks_are_closed_unless_they_are_opened() {
    let stub = Stub::start().await;
    let sender = Sender::of(Server::start().await).await;
    for action in [stub.slack(), stub.webhook("/a")] {
        let id = sender.tell(&action, &alert()).await;
        let row = sender.until_failed(id).await;
        assert!(row.answer.unwrap().contains("--allow-private-webhooks"));
    }
    assert!(stub.came().is_empty());

    let sender = Sender::start().await;
    let elsewhere = "http://169.254.169.254/latest/meta-data/".to_owned();
    stub.answer([(307, Some(("location", elsewhere)), "")]);
    let id = sender.tell(&stub.webhook("/a"), &alert()).await;
    let row = sender.until_failed(id).await;
    assert_eq!(row.status, Some(307));
    assert!(row.answer.unwrap().contains("not followed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_collectors_send_it_once() {
    if !stores::is_postgres() {
        // Only there can they share a database; within one process it is tested beside the code.
        return;
    }
    let (sender, stub) = (Sender::start().await, Stub::start().await);
    let mut others = Vec::new();
    for _ in 0..2 {
        let data = tempfile::tempdir().unwrap();
        let mut config = stores::config(data.path()).await;
        config.database = stores::config(sender.server.data()).await.database;
        allow_loopback(&mut config);
        others.push((Collector::start(config).await.unwrap(), data));
    }
    let mut ids = Vec::new();
    for number in 0..90 {
        ids.push(sender.tell(&stub.webhook(&format!("/{}", number % 9)), &alert()).await);
    }
    for id in ids {
        assert_eq!(sender.until_sent(id).await.tries, 1);
    }
    let mut ids: Vec<String> = stub.came().into_iter().map(|came| came.id).collect();
    assert_eq!(ids.len(), 90);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 90);
    for (other, _data) in others {
        other.shutdown().await;
    }
}
