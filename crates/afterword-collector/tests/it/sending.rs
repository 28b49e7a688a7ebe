//! Alerts that are to be told: what arrives where they are sent, and what is kept of it.

mod mail;
mod slack;
mod stub;
mod tries;
mod webhook;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{AnyPool, FromRow};
use tempfile::TempDir;

use crate::server::{Server, database};

/// How long sending may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A collector that sends to this machine, and its database.
struct Sender {
    server: Server,
    database: AnyPool,
}

/// A delivery as it is kept.
#[derive(Debug, FromRow)]
struct Row {
    state: String,
    tries: i64,
    next_at: i64,
    status: Option<i64>,
    answer: Option<String>,
    sent: Option<String>,
}

impl Sender {
    async fn start() -> Self {
        Self::start_on(tempfile::tempdir().unwrap()).await
    }

    async fn start_on(data: TempDir) -> Self {
        Self::of(Server::start_with(data, allow_loopback).await).await
    }

    async fn of(server: Server) -> Self {
        let database = database(server.data()).await;
        Self { server, database }
    }

    async fn stop(self) -> TempDir {
        self.database.close().await;
        self.server.stop().await
    }

    /// What a rule that fired leaves to be sent.
    async fn tell(&self, action: &Value, alert: &Value) -> i64 {
        sqlx::query_scalar(
            "INSERT INTO alert_deliveries (firing_id, rule_id, action, alert, state, tries, next_at, created_at)
             VALUES (1, 12, $1, $2, 'waiting', 0, 0, $3) RETURNING id",
        )
        .bind(action.to_string())
        .bind(alert.to_string())
        .bind(1_767_323_045_000_i64)
        .fetch_one(&self.database)
        .await
        .unwrap()
    }

    /// Has it tried now, rather than when it is due.
    async fn hurry(&self, id: i64) {
        let query = sqlx::query("UPDATE alert_deliveries SET next_at = 0 WHERE id = $1").bind(id);
        query.execute(&self.database).await.unwrap();
    }

    async fn row(&self, id: i64) -> Row {
        sqlx::query_as("SELECT state, tries, next_at, status, answer, sent FROM alert_deliveries WHERE id = $1")
            .bind(id)
            .fetch_one(&self.database)
            .await
            .unwrap()
    }

    async fn until(&self, id: i64, wanted: impl Fn(&Row) -> bool) -> Row {
        let start = Instant::now();
        loop {
            let row = self.row(id).await;
            if wanted(&row) {
                return row;
            }
            assert!(start.elapsed() < PATIENCE, "{row:#?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn until_sent(&self, id: i64) -> Row {
        self.until(id, |row| row.state == "sent").await
    }

    async fn until_failed(&self, id: i64) -> Row {
        self.until(id, |row| row.state == "failed").await
    }
}

fn allow_loopback(config: &mut afterword_collector::Config) {
    config.private_webhooks = vec!["127.0.0.0/8".parse().unwrap()];
}

/// An alert as a rule leaves it.
fn alert() -> Value {
    json!({
        "rule": "New crashes", "rule_id": 12, "kind": "new-issue",
        "headline": "A new issue in editor: SIGSEGV in draw_line",
        "reasons": ["It was seen for the first time in editor@1.4.0."],
        "organization": "acme", "project": "editor", "at": 1_767_323_045_000_i64,
        "url": "https://errors.example/issues/7/", "issue_id": 7, "short_id": "EDITOR-7",
        "title": "SIGSEGV: SEGV_MAPERR at 0x10", "place": "draw_line",
        "event_id": "00000000000000000000000000000001",
        "facts": [["Release", "editor@1.4.0"], ["Environment", "production"]],
        "others": [], "is_test": false,
    })
}

/// One whose texts were all written by somebody who means ill.
fn hostile() -> Value {
    let text = "<!channel> <https://evil.example|Sign in> & </td><script>alert(1)</script>\r\nBcc: all@example.com\u{0}\u{202e}🌧`*_~";
    let long = text.repeat(40);
    let mut alert = alert();
    for name in [
        "rule",
        "headline",
        "organization",
        "project",
        "title",
        "place",
        "short_id",
    ] {
        alert[name] = json!(long);
    }
    alert["reasons"] = json!([long, "", text]);
    alert["facts"] = (0..40).map(|_| json!([text, long])).collect();
    alert["others"] = (0..200)
        .map(|number| json!([long, format!("https://errors.example/?{number}|>&{text}")]))
        .collect();
    alert
}
