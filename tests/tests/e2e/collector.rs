//! A collector of a test's own, asked through its API: here inside the test, in [`program`] as the program that people run.

mod disk;
mod kill;
mod load;
pub(crate) mod program;
mod shared;

use afterword_collector::{Bootstrap, Collector, Config};
use reqwest::blocking::Client;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::process::wait_for;

/// A collector on a free port, with one project.
pub(crate) struct Server {
    runtime: Runtime,
    collector: Option<Collector>,
    pub(crate) access: Bootstrap,
    client: Client,
    _data: TempDir,
}

impl Server {
    pub(crate) fn start() -> Server {
        let data = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let (collector, access) = runtime.block_on(async {
            let collector = Collector::start(Config::new(data.path().join("collector"), ([127, 0, 0, 1], 0).into()))
                .await
                .unwrap();
            let access = collector.bootstrap("studio", "paint").await.unwrap();
            (collector, access)
        });
        rustls::crypto::ring::default_provider().install_default().ok();
        Server {
            runtime,
            collector: Some(collector),
            access,
            client: Client::new(),
            _data: data,
        }
    }

    /// `None` for 404.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let url = format!("{}/api/0/{path}", self.access.url);
        let answer = self.client.get(url).bearer_auth(&self.access.token).send().unwrap();
        if answer.status() == 404 {
            return None;
        }
        Some(answer.error_for_status().unwrap().json().unwrap())
    }

    /// Changes something; must succeed.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/0/{path}", self.access.url);
        let request = self.client.put(url).bearer_auth(&self.access.token);
        let request = request
            .header("Content-Type", "application/json")
            .body(body.to_string());
        request.send().unwrap().error_for_status().unwrap().json().unwrap()
    }

    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.client.get(format!("{}{path}", self.access.url)).send().unwrap();
        answer.error_for_status().unwrap().text().unwrap()
    }

    pub(crate) fn issues(&self) -> Vec<Value> {
        self.get("projects/studio/paint/issues/")
            .unwrap()
            .as_array()
            .unwrap()
            .clone()
    }

    /// The event, once it is digested and its comment with it.
    pub(crate) fn event(&self, event_id: &str) -> Value {
        wait_for("the event at the collector", || {
            self.get(&format!("projects/studio/paint/events/{event_id}/"))
                .filter(|event| event["feedback"][0]["message"].is_string())
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(collector) = self.collector.take() {
            self.runtime.block_on(collector.shutdown());
        }
    }
}
