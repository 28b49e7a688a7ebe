//! The examples run, and what they show arrives at a collector.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use reqwest::blocking::Client;
use serde_json::Value;
use tempfile::TempDir;

use crate::collector::Server;
use crate::process::{program, quiet, wait_for};
use crate::screen::Screen;

struct Example {
    server: Server,
    folder: TempDir,
}

impl Example {
    fn new() -> Example {
        Example {
            server: Server::start(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, name: &str) -> Command {
        let path: PathBuf = ["examples", name].iter().collect();
        let mut command = Command::new(program(path.to_str().unwrap()));
        quiet(&mut command);
        command
            .env("SENTRY_DSN", &self.server.access.dsn)
            .env("AFTERWORD_STORE", self.folder.path().join("store"))
            .stdout(Stdio::piped());
        command
    }

    /// The events that have come, once there are so many.
    fn issues(&self, count: usize) -> Vec<Value> {
        wait_for("the issues", || {
            Some(self.server.issues()).filter(|issues| issues.len() >= count)
        })
    }
}

fn titles(issues: &[Value]) -> Vec<&str> {
    let mut titles: Vec<_> = issues.iter().map(|issue| issue["title"].as_str().unwrap()).collect();
    titles.sort_unstable();
    titles
}

#[test]
fn two_processes_are_one_trace() {
    let example = Example::new();
    let output = example.command("trace").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let trace = said.lines().find_map(|line| line.strip_prefix("trace ")).unwrap();
    assert!(said.contains("everything that may be sent was sent"), "{said}");
    let path = format!("organizations/studio/events-trace/{trace}/");
    let roots = wait_for("both transactions", || {
        let roots = example.server.get(&path)?;
        let has_child = roots[0]["children"][0]["transaction"].is_string();
        has_child.then_some(roots)
    });
    assert_eq!(roots.as_array().unwrap().len(), 1, "{roots:#}");
    let (caller, called) = (&roots[0], &roots[0]["children"][0]);
    assert_eq!(caller["transaction"], "open the gallery");
    assert_eq!(called["transaction"], "GET /pictures/{id}");
    let of = |transaction: &Value, op: &str| {
        let spans = transaction["spans"].as_array().unwrap().clone();
        spans.into_iter().find(|span| span["op"] == op).unwrap()
    };
    assert_eq!(called["parent_span_id"], of(caller, "http.client")["span_id"]);
    assert_eq!(of(called, "db.query")["parent_span_id"], called["span_id"]);
}

#[test]
fn a_server_with_the_layer_answers_reports_and_goes_on() {
    let example = Example::new();
    let mut server = example.command("axum").spawn().unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut url)
        .unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    let ask = |path: &str| {
        client
            .get(format!("{}{path}", url.trim()))
            .send()
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(
        ["pictures/7", "error", "panic", "", "nowhere"].map(ask),
        [200, 500, 500, 200, 404]
    );
    let issues = example.issues(2);
    let titles = titles(&issues);
    assert_eq!(titles.len(), 2, "each once: {titles:?}");
    assert!(
        titles.iter().any(|title| title.contains("the panic button of the web")),
        "{titles:?}"
    );
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn spans_and_events_of_tracing_arrive() {
    let example = Example::new();
    let output = example.command("tracing").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let issues = example.issues(1);
    assert_eq!(titles(&issues), ["the picture cannot be written"]);
}

#[test]
fn an_sdk_that_is_there_is_attached_to_and_nothing_leaves_before_consent() {
    let example = Example::new();
    let mut child = example.command("attach").spawn().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    let id = uuid::Uuid::parse_str(said.trim()).unwrap();
    assert!(!id.is_nil());
    let folder = example.folder.path().join("store");
    let waiting = wait_for("the report", || {
        let app = std::fs::read_dir(&folder).ok()?.next()?.ok()?.path();
        let report = std::fs::read_dir(app.join("reports/waiting"))
            .ok()?
            .next()?
            .ok()?
            .path();
        std::fs::read_to_string(report.join("event.json")).ok()
    });
    assert!(
        waiting.contains("captured as ever") && waiting.contains("the SDK"),
        "{waiting}"
    );
    assert!(example.server.issues().is_empty());
}

#[test]
fn windows_open_and_report_what_ends_them() {
    let screen = Screen::start();
    // Where the button is; without a window manager, windows are in the corner.
    let press_panic = ["mousemove", "35", "142", "click", "1"];
    for (name, press) in [("winit", &["key", "p"][..]), ("egui", &press_panic)] {
        let example = Example::new();
        let mut command = example.command(name);
        // Nobody is to be asked: what is sent tells.
        command
            .env("DISPLAY", &screen.display)
            .env("AFTERWORD_CONSENT", "always");
        let mut app = command.spawn().unwrap();
        screen.window(&format!("Afterword: {name}"));
        let ended = wait_for("the app's end", || {
            // A window that has only just come may not hear the first time.
            screen.tool(press);
            std::thread::sleep(std::time::Duration::from_millis(200));
            app.try_wait().unwrap()
        });
        assert_eq!(ended.code(), Some(101), "{name}");
        let issues = example.issues(1);
        assert!(titles(&issues)[0].contains("panic"), "{name}: {issues:?}");
    }
}
