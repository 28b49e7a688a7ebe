//! Mail, as `aiosmtpd` takes it: without TLS, with STARTTLS, with TLS from the start, with a user and a password.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use afterword_servers::Process;
use serde_json::{Value, json};

use super::{installed, source};
use crate::collector::program::Program;
use crate::process::wait_for;

/// A server that takes mail, and what it took.
struct Server {
    folder: tempfile::TempDir,
    port: u16,
    _process: Process,
}

impl Server {
    fn start(mode: &str) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(installed("python/bin/python"));
        command.arg(source("python/mail.py")).arg(mode).arg(folder.path());
        let mut process = Process::spawn(command.stdout(Stdio::piped())).unwrap();
        let mut line = String::new();
        let stdout = process.child().stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        Server {
            folder,
            port: line.trim().parse().unwrap(),
            _process: process,
        }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn took(&self, number: usize) -> bool {
        self.folder.path().join(format!("{number}.json")).exists()
    }

    /// The message of this number, from 1 on.
    fn message(&self, number: usize) -> Message {
        let path = self.folder.path().join(format!("{number}.json"));
        wait_for("a message", || path.exists().then_some(()));
        let text = std::fs::read_to_string(path).unwrap();
        Message(serde_json::from_str(&text).unwrap())
    }
}

struct Message(Value);

impl Message {
    fn headers(&self, name: &str) -> Vec<&str> {
        let headers = self.0["headers"].as_array().unwrap().iter();
        let named = headers.filter(|header| header[0].as_str().unwrap().eq_ignore_ascii_case(name));
        named.map(|header| header[1].as_str().unwrap()).collect()
    }

    fn header(&self, name: &str) -> &str {
        let all = self.headers(name);
        assert_eq!(all.len(), 1, "{name}: {all:?}");
        all[0]
    }

    fn part(&self, kind: &str) -> &str {
        self.0["parts"][kind].as_str().unwrap()
    }
}

/// A collector that sends mail through a server.
fn program(url: &str, certificate: Option<&Path>) -> Program {
    Program::start_with(|command| {
        command.env("AFTERWORD_MAIL", url);
        if let Some(certificate) = certificate {
            command.env("SSL_CERT_FILE", certificate);
        }
    })
}

/// Sends a message that says that mail works: status and answer.
fn test(program: &Program) -> (u16, Value) {
    let url = format!("{}/api/0/mail/test/", program.url);
    let body = json!({ "to": "Bert@example.com" });
    let answer = program
        .client
        .post(url)
        .bearer_auth(&program.token)
        .json(&body)
        .send()
        .unwrap();
    (answer.status().as_u16(), answer.json().unwrap())
}

const FROM: &str = "from=Afterword%20%3Cafterword%40example.com%3E";

fn assert_is_a_test(message: &Message) {
    assert_eq!(message.0["to"], json!(["Bert@example.com"]));
    assert_eq!(message.0["from"], "afterword@example.com");
    assert_eq!(message.header("From"), "Afterword <afterword@example.com>");
    assert_eq!(message.header("To"), "Bert@example.com");
    assert_eq!(message.header("Subject"), "[Test] Mail from this collector arrives");
    assert_eq!(message.header("Auto-Submitted"), "auto-generated");
    assert!(message.header("List-Id").contains("<alerts."));
    assert!(message.header("Message-ID").starts_with('<') && message.headers("Date").len() == 1);
    assert!(message.part("text/plain").contains("This is a test: nothing happened."));
    assert!(
        message
            .part("text/html")
            .contains("<strong>This is a test: nothing happened.</strong>")
    );
    assert_eq!(message.0["defects"], json!([]));
}

#[test]
fn mail_arrives_on_this_machine_without_tls() {
    let server = Server::start("plain");
    let program = program(&format!("smtp://127.0.0.1:{}?{FROM}", server.port), None);
    let (status, answer) = test(&program);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["status"], &answer["answer"]),
        (&json!(250), &json!("taken as 1"))
    );
    let message = server.message(1);
    assert_is_a_test(&message);
    assert_eq!((&message.0["tls"], &message.0["user"]), (&json!(false), &Value::Null));
}

#[test]
fn mail_arrives_through_tls_with_user_and_password() {
    // To this machine it would go without TLS if it was not said.
    for (mode, scheme, more) in [("starttls", "smtp", "&security=starttls"), ("tls", "smtps", "")] {
        let server = Server::start(mode);
        let url = format!("{scheme}://anna:hush-hush@localhost:{}?{FROM}{more}", server.port);
        let program = program(&url, Some(&server.certificate()));
        let (status, answer) = test(&program);
        assert_eq!(status, 200, "{mode}: {answer}");
        let message = server.message(1);
        assert_is_a_test(&message);
        assert_eq!(
            (&message.0["tls"], &message.0["user"]),
            (&json!(true), &json!("anna")),
            "{mode}"
        );
        assert!(!program.log().contains("hush"), "{}", program.log());
    }
}

#[test]
fn who_is_not_who_they_say_gets_nothing() {
    let server = Server::start("tls");
    let url = |password: &str| format!("smtps://anna:{password}@localhost:{}?{FROM}", server.port);
    // Nobody here trusts the certificate.
    let (status, answer) = test(&program(&url("hush-hush"), None));
    assert_eq!(status, 400, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("certificate"), "{answer}");
    // The server does not know the password.
    let (status, answer) = test(&program(&url("wrong-one"), Some(&server.certificate())));
    assert_eq!(status, 400, "{answer}");
    let said = answer["detail"].as_str().unwrap();
    assert!(
        said.contains("does not take user and password") && !said.contains("wrong-one"),
        "{said}"
    );
    assert!(!server.took(1));
}

#[test]
fn a_server_without_tls_gets_nothing_that_was_to_have_it() {
    let server = Server::start("plain");
    let url = format!(
        "smtp://anna:hush-hush@127.0.0.1:{}?{FROM}&security=starttls",
        server.port
    );
    let (status, answer) = test(&program(&url, None));
    assert_eq!(status, 400, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("STARTTLS"), "{answer}");
    assert!(!server.took(1));
}

/// What was written by somebody who means ill is text, and nothing else, to who did not write our encoder.
#[test]
fn an_alert_that_means_ill_arrives_as_text() {
    let server = Server::start("plain");
    let program = program(&format!("smtp://127.0.0.1:{}?{FROM}", server.port), None);
    let text = "<script>alert(1)</script>\r\nBcc: all@example.com\r\n.\r\nMAIL FROM:<x@example.com>\u{0}\u{202e}雨🌧=20";
    let alert = json!({
        "rule": text, "rule_id": 1, "kind": "new-issue", "headline": text, "reasons": [text], "organization": text,
        "project": text, "at": 1_767_323_045_000_i64, "url": "https://errors.example/issues/7/", "issue_id": 7,
        "short_id": null, "title": text, "place": text, "event_id": null, "facts": [[text, text]],
        "others": [[text, "https://errors.example/issues/8/"]], "is_test": false,
    });
    let action = json!({ "kind": "email", "to": ["anna@example.com", "bert@example.com"] });
    let insert = "import sqlite3, sys; base = sqlite3.connect(sys.argv[1], timeout=30); base.execute('INSERT INTO \
                  alert_deliveries (firing_id, rule_id, action, alert, state, tries, next_at, created_at) VALUES (1, 1, ?, ?, \
                  \"waiting\", 0, 0, 0)', sys.argv[2:]); base.commit()";
    let database = program.data().join("afterword.db");
    let inserted = Command::new(installed("python/bin/python"))
        .args(["-c", insert])
        .arg(database)
        .args([action.to_string(), alert.to_string()])
        .status();
    assert!(inserted.unwrap().success());
    for (number, to) in [(1, "anna@example.com"), (2, "bert@example.com")] {
        let message = server.message(number);
        assert_eq!(message.0["to"], json!([to]));
        assert_eq!(message.header("To"), to);
        assert!(message.headers("Bcc").is_empty());
        assert!(
            !message.header("Subject").contains(char::is_control),
            "{:?}",
            message.header("Subject")
        );
        let shown = "<script>alert(1)</script>  Bcc: all@example.com  .  MAIL FROM:<x@example.com> 雨🌧=20";
        assert!(
            message.part("text/plain").contains(shown),
            "{}",
            message.part("text/plain")
        );
        let html = message.part("text/html");
        assert!(!html.contains("<script") && html.contains("雨🌧=20"), "{html}");
        assert_eq!(message.0["defects"], json!([]));
    }
    assert!(!server.took(3));
}
