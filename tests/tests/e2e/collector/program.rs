//! The collector as the program that people run, and a client of its API.

use std::path::{Path, PathBuf};
use std::process::Command;

use afterword_servers::Collector;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{program, wait_for_or};

/// A collector on a data folder of its own, with the project `studio/paint`.
pub(crate) struct Program {
    running: Option<Collector>,
    pub(crate) url: String,
    pub(crate) dsn: String,
    pub(crate) token: String,
    pub(crate) client: Client,
    folder: TempDir,
}

impl Program {
    pub(crate) fn start() -> Program {
        Self::start_with(|_| {})
    }

    /// With more options or variables.
    pub(crate) fn start_with(more: impl FnOnce(&mut Command)) -> Program {
        let mut program = Self::prepare();
        program.run(more);
        program
    }

    /// Without a project: only its address is known.
    pub(crate) fn start_untouched(more: impl FnOnce(&mut Command)) -> Program {
        let mut begun = Self::prepare();
        let running = Collector::start_untouched(&program("afterword-collector"), &begun.data(), more).unwrap();
        begun.url.clone_from(&running.url);
        begun.running = Some(running);
        begun
    }

    fn prepare() -> Program {
        rustls::crypto::ring::default_provider().install_default().ok();
        Program {
            running: None,
            url: String::new(),
            dsn: String::new(),
            token: String::new(),
            client: Client::builder().no_proxy().build().unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Starts it, on the data that is there. The port is another one each time.
    pub(crate) fn run(&mut self, more: impl FnOnce(&mut Command)) {
        assert!(self.running.is_none());
        let running = Collector::start(&program("afterword-collector"), &self.data(), more).unwrap();
        let credentials: Value = serde_json::from_str(&running.credentials).unwrap();
        let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
        (self.url, self.dsn, self.token) = (text("url"), text("dsn"), text("token"));
        self.running = Some(running);
    }

    /// Its process's number.
    pub(crate) fn id(&self) -> u32 {
        self.running.as_ref().unwrap().id()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.running.take().unwrap().kill().unwrap();
    }

    /// Ends it as a service is ended.
    pub(crate) fn stop(&mut self) {
        let ended = self.running.take().unwrap().stop().unwrap();
        assert!(ended.success(), "{ended}");
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder for the test, beside the data.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.data().with_extension("log")).unwrap_or_default()
    }

    /// The public key and the project's id, out of the DSN.
    pub(crate) fn key_and_project(&self) -> (&str, &str) {
        let (key, rest) = self.dsn.strip_prefix("http://").unwrap().split_once('@').unwrap();
        (key, rest.rsplit_once('/').unwrap().1)
    }

    /// A request to post to a route of the project, with its key.
    pub(crate) fn post(&self, route: &str) -> RequestBuilder {
        let (key, project) = self.key_and_project();
        let url = format!("{}/api/{project}/{route}?sentry_key={key}", self.url);
        self.client.post(url)
    }

    /// `None` for 404.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let url = format!("{}/api/0/{path}", self.url);
        let answer = self.client.get(url).bearer_auth(&self.token).send().unwrap();
        if answer.status() == 404 {
            return None;
        }
        let status = answer.status();
        let text = answer.text().unwrap();
        assert!(status.is_success(), "{path}: {status} {text}; {}", self.log());
        Some(serde_json::from_str(&text).unwrap())
    }

    /// Waits until a path of the API answers what is wanted.
    pub(crate) fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let last = std::cell::RefCell::new(None);
        wait_for_or(
            || format!("{path}; it is {:#?}; {}", last.borrow(), self.log()),
            || {
                let answer = self.get(path);
                let good = answer.clone().filter(&wanted);
                *last.borrow_mut() = answer;
                good
            },
        )
    }

    /// The event, once it is digested.
    pub(crate) fn event(&self, event_id: &str) -> Value {
        self.until(&format!("projects/studio/paint/events/{event_id}/"), |_| true)
    }

    pub(crate) fn issues(&self) -> Vec<Value> {
        let issues = self.get("projects/studio/paint/issues/").unwrap();
        issues.as_array().unwrap().clone()
    }
}
