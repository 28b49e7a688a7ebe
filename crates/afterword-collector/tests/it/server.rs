//! A collector of its own for a test, and a client that talks to it.

use std::path::Path;
use std::sync::Once;
use std::time::{Duration, Instant};

use afterword_collector::{Bootstrap, Collector, Config};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stores;
pub(crate) use crate::stores::database;

/// How long digesting may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A collector on a data folder that goes with it, and a project `acme/editor` in it.
pub(crate) struct Server {
    pub(crate) access: Bootstrap,
    pub(crate) client: reqwest::Client,
    collector: Collector,
    data: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_on(tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn start_on(data: TempDir) -> Self {
        Self::start_with(data, |_| {}).await
    }

    /// With another configuration.
    pub(crate) async fn start_with(data: TempDir, more: impl FnOnce(&mut Config)) -> Self {
        let mut config = stores::config(data.path()).await;
        more(&mut config);
        let collector = Collector::start(config).await.unwrap();
        let access = collector.bootstrap("acme", "editor").await.unwrap();
        Self {
            access,
            client: client(),
            collector,
            data,
        }
    }

    /// Ends the collector and gives its data folder back.
    pub(crate) async fn stop(self) -> TempDir {
        self.collector.shutdown().await;
        self.data
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn collector(&self) -> &Collector {
        &self.collector
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.access.url)
    }

    /// The public key and the project's id, out of the DSN.
    pub(crate) fn key_and_project(&self) -> (String, String) {
        key_and_project(&self.access.dsn)
    }

    /// A request that posts these bytes as an envelope, without credentials.
    pub(crate) fn post(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let (_, project) = self.key_and_project();
        self.client
            .post(self.url(&format!("/api/{project}/envelope/")))
            .body(body)
    }

    /// The same with this key in the query.
    pub(crate) fn post_as(&self, key: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let (_, project) = self.key_and_project();
        self.client
            .post(self.url(&format!("/api/{project}/envelope/?sentry_key={key}")))
            .body(body)
    }

    /// A request that posts these bytes to another route of the project (`store/`), with its key in the query.
    pub(crate) fn post_to(&self, route: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let (key, project) = self.key_and_project();
        let url = self.url(&format!("/api/{project}/{route}?sentry_key={key}"));
        self.client.post(url).body(body)
    }

    /// The same with credentials; must be accepted.
    pub(crate) async fn accept(&self, body: impl Into<reqwest::Body>) -> Value {
        let (key, _) = self.key_and_project();
        let response = self
            .post(body)
            .header("X-Sentry-Auth", format!("Sentry sentry_key={key}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Sends an event and waits until it is digested. Returns it as the API shows it.
    pub(crate) async fn digest(&self, event_id: &str, event: &Value) -> Value {
        self.accept(envelope(event_id, event)).await;
        self.event(event_id).await
    }

    /// Waits until an event is there.
    pub(crate) async fn event(&self, event_id: &str) -> Value {
        let path = format!("/api/0/projects/acme/editor/events/{event_id}/");
        self.until(&path, |_| true).await
    }

    /// Waits until a path of the API answers 200 with what is wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let response = self.api(path).await;
            let status = response.status();
            let body: Value = response.json().await.unwrap();
            if status == 200 && wanted(&body) {
                return body;
            }
            assert!(start.elapsed() < PATIENCE, "{path}: {status} {body:#}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn api(&self, path: &str) -> Response {
        self.client
            .get(self.url(path))
            .bearer_auth(&self.access.token)
            .send()
            .await
            .unwrap()
    }

    /// A path of the API that must answer 200.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.api(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn page(&self, path: &str) -> (StatusCode, String) {
        let response = self.client.get(self.url(path)).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }
}

pub(crate) fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    // A collector in this process may have installed it, for its store of blobs.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

pub(crate) fn key_and_project(dsn: &str) -> (String, String) {
    let (key, rest) = dsn.strip_prefix("http://").unwrap().split_once('@').unwrap();
    (key.to_owned(), rest.split_once('/').unwrap().1.to_owned())
}

/// An envelope with one event.
pub(crate) fn envelope(event_id: &str, event: &Value) -> String {
    format!("{{\"event_id\":\"{event_id}\"}}\n{{\"type\":\"event\"}}\n{event}\n")
}

/// An event id that ends in this number.
pub(crate) fn id(number: u32) -> String {
    format!("{number:032x}")
}

/// A native crash in this function.
pub(crate) fn crash(function: &str) -> Value {
    json!({
        "platform": "native", "level": "fatal", "release": "editor@1.4.0", "environment": "production",
        "timestamp": "2026-01-02T03:04:05Z", "tags": {"renderer": "gl"}, "user": {"id": "u1"},
        "exception": {"values": [{
            "type": "SIGSEGV", "value": "SEGV_MAPERR at 0x10",
            "mechanism": {"type": "minidump", "handled": false, "synthetic": true},
            "stacktrace": {"frames": [
                {"function": "main", "in_app": true, "filename": "src/main.rs", "lineno": 10},
                {"function": function, "in_app": true, "filename": "canvas.rs", "abs_path": "/home/anna/editor/src/canvas.rs", "lineno": 42},
            ]},
        }]},
    })
}

/// What the log or the pages do not say, asked of the database until it is so.
pub(crate) async fn rows<T>(data: &Path, query: &'static str, wanted: usize) -> Vec<T>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::any::AnyRow> + Send + Unpin,
{
    let database = database(data).await;
    let start = Instant::now();
    loop {
        let rows: Vec<T> = sqlx::query_as(query).fetch_all(&database).await.unwrap();
        if rows.len() >= wanted {
            database.close().await;
            return rows;
        }
        assert!(start.elapsed() < PATIENCE, "{query}: {} rows", rows.len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
