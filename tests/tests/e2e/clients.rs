//! Clients that nobody here wrote, run against the collector's program: what it shows of each event is what was sent.
//!
//! Each client keeps a copy of the envelopes that it sends; a test compares them, field by field, with what the API says.
//! The clients are in `tests/clients`; `cargo xtask test` installs them into `target/clients`.

mod cli;
mod crashpad;
mod mail;
mod node;
mod python;
mod rust;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::collector::program::Program;
use crate::process::quiet;

/// An item as the client wrote it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) kind: String,
    pub(crate) header: Value,
    pub(crate) payload: Vec<u8>,
}

impl Item {
    pub(crate) fn json(&self) -> Value {
        // Half of a surrogate pair is no character. JavaScript and Python write it, and it is shown as that which stands
        // for what is none. All of them stand behind a NUL.
        let text = String::from_utf8(self.payload.clone())
            .unwrap()
            .replace("\\u0000 \\ud800", "\\u0000 \\ufffd");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn event_id(&self) -> String {
        self.json()["event_id"].as_str().unwrap().to_owned()
    }
}

/// A client at work: a collector, and the folder of the copies.
pub(crate) struct Work {
    pub(crate) program: Program,
    copies: PathBuf,
}

impl Work {
    pub(crate) fn begin() -> Work {
        let program = Program::start();
        let copies = program.folder().join("sent");
        fs::create_dir(&copies).unwrap();
        Work { program, copies }
    }

    /// Runs the client to its end.
    pub(crate) fn run(&self, command: &mut Command) -> Output {
        self.run_in(self.program.folder(), command)
    }

    /// The same, in a folder.
    pub(crate) fn run_in(&self, folder: &Path, command: &mut Command) -> Output {
        let variables = [
            "SENTRY_RELEASE",
            "SENTRY_ENVIRONMENT",
            "SENTRY_DEBUG",
            "SENTRY_AUTH_TOKEN",
            "SENTRY_URL",
        ];
        for variable in variables {
            command.env_remove(variable);
        }
        for variable in [
            "http_proxy",
            "https_proxy",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
        ] {
            command.env_remove(variable);
        }
        command
            .env("SENTRY_DSN", &self.program.dsn)
            .env("SENT", &self.copies)
            .current_dir(folder);
        quiet(command).output().unwrap()
    }

    /// The same, where it must end well.
    pub(crate) fn run_well(&self, command: &mut Command) -> Output {
        let output = self.run(command);
        assert!(output.status.success(), "{command:?}: {output:?}");
        output
    }

    /// The items of all copies, in the order in which they were sent.
    pub(crate) fn sent(&self) -> Vec<Item> {
        let mut paths: Vec<PathBuf> = fs::read_dir(&self.copies)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        let items: Vec<Item> = paths.iter().flat_map(|path| items(&fs::read(path).unwrap())).collect();
        assert!(!items.is_empty(), "the client sent nothing");
        items
    }

    pub(crate) fn sent_of(&self, kind: &str) -> Vec<Item> {
        self.sent().into_iter().filter(|item| item.kind == kind).collect()
    }

    /// The only one of a kind.
    pub(crate) fn only(&self, kind: &str) -> Item {
        let mut all = self.sent_of(kind);
        assert_eq!(all.len(), 1, "{kind}: {all:#?}");
        all.remove(0)
    }

    /// The event that was sent, as the collector shows it; each of its fields is compared.
    pub(crate) fn shown(&self, sent: &Item) -> Value {
        let shown = self.program.event(&sent.event_id());
        assert_shown(&shown, &sent.json());
        shown
    }

    /// Sums of a release's sessions by state: `[healthy, errored, abnormal, crashed]`, once there are so many in all.
    pub(crate) fn sessions(&self, release: &str, count: u64) -> [u64; 4] {
        let sum = |answer: &Value, status: &str| {
            let groups = answer["groups"].as_array().unwrap().iter();
            groups
                .filter(|group| group["by"]["session.status"] == status)
                .map(|group| group["totals"]["sum(session)"].as_u64().unwrap())
                .sum::<u64>()
        };
        let states = ["healthy", "errored", "abnormal", "crashed"];
        let path = format!(
            "organizations/studio/sessions/?field=sum(session)&groupBy=session.status&query=release:{release}&statsPeriod=1d"
        );
        let answer = self.program.until(&path, |answer| {
            states.iter().map(|status| sum(answer, status)).sum::<u64>() >= count
        });
        states.map(|status| sum(&answer, status))
    }
}

/// By the grammar: without a length, a payload ends with its line.
fn items(envelope: &[u8]) -> Vec<Item> {
    let line = |bytes: &[u8]| bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let mut rest = &envelope[(line(envelope) + 1).min(envelope.len())..];
    let mut items = Vec::new();
    while !rest.is_empty() {
        let end = line(rest);
        let header: Value = serde_json::from_slice(&rest[..end]).unwrap();
        rest = &rest[(end + 1).min(rest.len())..];
        let length = header["length"]
            .as_u64()
            .map_or_else(|| line(rest), |length| length as usize);
        items.push(Item {
            kind: header["type"].as_str().unwrap().to_owned(),
            header,
            payload: rest[..length].to_vec(),
        });
        rest = &rest[(length + 1).min(rest.len())..];
    }
    items
}

/// What the API shows of an event is what the client sent.
fn assert_shown(shown: &Value, sent: &Value) {
    assert_eq!(shown["raw"], *sent, "the payload");
    for name in [
        "contexts",
        "user",
        "breadcrumbs",
        "exception",
        "threads",
        "environment",
        "platform",
    ] {
        if let Some(sent) = sent.get(name) {
            assert_eq!(shown[name], *sent, "{name}");
        }
    }
    assert_eq!(shown["release"]["version"], sent["release"]);
    if let Some(message) = sent.get("message") {
        // What stands above an event has no control characters and is not as long: the whole is in the payload.
        let sent = message.as_str().unwrap().chars().filter(|char| !char.is_control());
        let start: String = sent.take(1000).collect();
        assert!(shown["message"].as_str().unwrap().starts_with(&start));
    }
    if shown["type"] != "transaction" {
        assert_eq!(shown["level"], *sent.get("level").unwrap_or(&json!("error")));
    }
    let tags = tags(shown);
    for (key, value) in sent["tags"].as_object().into_iter().flatten() {
        assert_eq!(tags.get(key.as_str()).copied(), value.as_str(), "{key}");
    }
}

/// The tags that are shown, by key.
pub(crate) fn tags(shown: &Value) -> BTreeMap<&str, &str> {
    let pairs = shown["tags"].as_array().unwrap().iter();
    pairs
        .map(|tag| (tag["key"].as_str().unwrap(), tag["value"].as_str().unwrap()))
        .collect()
}

/// The names, sizes and sums of the attachments that are shown, and of those that were sent.
pub(crate) fn assert_attachments(shown: &Value, sent: &[Item]) {
    let shown: Vec<Value> = shown["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|shown| json!([shown["name"], shown["size"], shown["sha256"], shown["type"]]))
        .collect();
    let sent: Vec<Value> = sent
        .iter()
        .map(|item| {
            let kind = item.header.get("attachment_type").cloned();
            // Without folders, should a client send some.
            let name = item.header["filename"].as_str().unwrap().rsplit('/').next();
            json!([
                name,
                item.payload.len(),
                sha256(&item.payload),
                kind.unwrap_or(json!("event.attachment"))
            ])
        })
        .collect();
    assert_eq!(shown, sent);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What `cargo xtask test` installs.
pub(crate) fn installed(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/clients")
        .join(name);
    assert!(
        path.exists(),
        "{} is not there: run the tests with `cargo xtask test`",
        path.display()
    );
    path
}

/// A client's source.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}
