//! Alert rules: asked by what really comes in, and seen in their history.
//!
//! That something does not fire is known without waiting for it: notes are taken in their order, so that once a rule fired for
//! what came later, nothing is left to be asked about what came before ([`Rules::settle`]).

mod api;
mod bounds;
mod conditions;
mod often;
mod pages;
mod preview;
mod time;
mod together;
mod waiting;

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{Server, crash, database, id};

const RULES: &str = "/api/0/organizations/acme/alert-rules/";

/// A collector and what tests do with its rules.
struct Rules {
    server: Server,
    /// The rule that fires for what `settle` sends.
    watch: String,
    sent: AtomicU32,
}

impl Rules {
    async fn start() -> Self {
        Self::on(Server::start().await).await
    }

    async fn on(server: Server) -> Self {
        let watch = json!([{ "of": "tag", "key": "watch", "how": "is", "value": "yes" }]);
        let body = rule("watch", json!({ "kind": "new-issue" }), watch);
        let (_, made) = send(&server, Method::POST, RULES, body).await;
        Self {
            watch: made["id"].as_str().unwrap().to_owned(),
            server,
            sent: AtomicU32::new(0),
        }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        send(&self.server, method, path, body).await
    }

    /// Makes a rule; returns its id.
    async fn make(&self, when: Value, conditions: Value) -> String {
        self.make_of(rule("a rule", when, conditions)).await
    }

    async fn make_of(&self, body: Value) -> String {
        let (status, made) = self.send(Method::POST, RULES, body).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    /// Sends an event of a user, with these fields besides; waits until it is digested. Returns its issue.
    async fn event(&self, function: &str, user: &str, fields: Value) -> String {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let event = self.server.digest(&id(number), &event(function, user, fields)).await;
        event["groupID"].as_str().unwrap().to_owned()
    }

    /// Waits until rules were asked about everything that was sent.
    async fn settle(&self) {
        let before = self.history(&self.watch).await.len();
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        // Letters, since numbers do not tell one issue from another.
        let letters: String = format!("{number:06}")
            .bytes()
            .map(|byte| char::from(byte - b'0' + b'a'))
            .collect();
        let fields = json!({ "tags": { "watch": "yes" }, "fingerprint": [format!("watch {letters}")] });
        self.server
            .digest(&id(number), &event(&format!("watch_{letters}"), "watch", fields))
            .await;
        self.fired(&self.watch, before + 1).await;
    }

    /// The history of a rule, the latest first.
    async fn history(&self, rule: &str) -> Vec<Value> {
        let history = self.server.json(&format!("{RULES}{rule}/history/")).await;
        history.as_array().unwrap().clone()
    }

    /// Waits until a rule fired so often, and says what for; the latest first.
    async fn fired(&self, rule: &str, times: usize) -> Vec<Value> {
        let path = format!("{RULES}{rule}/history/");
        let history = self
            .server
            .until(&path, |history| history.as_array().unwrap().len() >= times)
            .await;
        let history = history.as_array().unwrap();
        assert_eq!(history.len(), times, "{history:#?}");
        history.clone()
    }

    /// How often it fired for all that was sent, and of which headline the latest was.
    async fn count(&self, rule: &str) -> usize {
        self.settle().await;
        self.history(rule).await.len()
    }

    /// Changes rows, as time would.
    async fn sql(&self, text: &'static str) {
        let database = database(self.server.data()).await;
        sqlx::query(text).execute(&database).await.unwrap();
        database.close().await;
    }

    /// Lets all events be older.
    async fn age(&self) {
        self.sql("UPDATE events SET received_at = received_at - 120000").await;
    }
}

async fn send(server: &Server, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = server
        .client
        .request(method, server.url(path))
        .bearer_auth(&server.access.token);
    let request = if body.is_null() { request } else { request.json(&body) };
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// A rule that tells a webhook where nobody listens.
fn rule(name: &str, when: Value, conditions: Value) -> Value {
    json!({
        "name": name, "project": "editor", "when": when, "if": conditions,
        "then": [{ "kind": "webhook", "url": "http://127.0.0.1:9/hook", "secret": "0123456789abcdef" }],
    })
}

/// A crash in a function that happens now.
fn event(function: &str, user: &str, fields: Value) -> Value {
    let mut event = crash(function);
    event.as_object_mut().unwrap().remove("timestamp");
    event["user"] = json!({ "id": user });
    for (name, value) in fields.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

fn events(more_than: i64, per: &str) -> Value {
    json!({ "kind": "events", "moreThan": more_than, "windowSeconds": 60, "per": per })
}

fn headline(firing: &Value) -> &str {
    firing["alert"]["headline"].as_str().unwrap()
}
