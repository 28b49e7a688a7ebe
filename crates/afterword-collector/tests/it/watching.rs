//! What tells that the server is well, and the help of its program.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::server::{Server, crash, id};

#[tokio::test(flavor = "multi_thread")]
async fn health_and_metrics() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("a")).await;
    server.post_as("nothing", "{}\n").send().await.unwrap();
    let elsewhere = |path: &str| {
        server
            .client
            .get(server.url(path))
            .header("X-Forwarded-For", "192.0.2.1")
    };
    let health: Value = elsewhere("/health").send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&health["status"], &health["inbox"]["waiting"]),
        (&"ok".into(), &0.into())
    );
    assert!(health["disk"]["freeBytes"].as_u64().unwrap() > 0);
    assert_eq!(elsewhere("/health/live").send().await.unwrap().status(), 200);
    assert_eq!(elsewhere("/metrics").send().await.unwrap().status(), 403);
    let with_token = elsewhere("/metrics").bearer_auth(&server.access.token);
    assert_eq!(with_token.send().await.unwrap().status(), 200);
    let (_, page) = server.page("/metrics").await;
    for line in [
        "afterword_envelopes_total{outcome=\"accepted\"} 1",
        "afterword_envelopes_total{outcome=\"refused\"} 1",
        "afterword_digested_total{outcome=\"digested\"} 1",
        "afterword_digest_latency_seconds_count 1",
        "afterword_inbox_waiting 0",
        "afterword_set_aside 0",
        "route=\"/health\",method=\"GET\",status=\"200\"} 1",
        "# EOF",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    for name in [
        "afterword_database_size_bytes",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
    ] {
        let line = page.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.rsplit_once(' ').unwrap().1.parse::<i64>().unwrap() > 0, "{line}");
    }
}

fn run(arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_afterword-collector"))
        .args(arguments)
        .env("COLUMNS", "100")
        .env_remove("AFTERWORD_COLLECTOR_DATA")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn the_help_teaches() {
    for (name, arguments) in [
        ("help", &["--help"][..]),
        ("help_serve", &["serve", "--help"]),
        ("help_backup", &["backup", "--help"]),
        ("help_restore", &["restore", "--help"]),
        ("help_user", &["user", "--help"]),
        ("help_user_add", &["user", "add", "--help"]),
    ] {
        let (good, text) = run(arguments, "");
        assert!(good, "{text}");
        insta::assert_snapshot!(name, text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_seen_to_on_the_command_line_while_it_runs() {
    let server = Server::start().await;
    let data = server.data().to_str().unwrap().to_owned();
    let user = |arguments: &[&str], input: &str| {
        let all: Vec<&str> = [&["user"], arguments, &["--data", &data]].concat();
        run(&all, input)
    };
    let sign_in = |password: &str| {
        let body = serde_json::json!({ "email": "anna@example.com", "password": password });
        server.client.post(server.url("/api/0/auth/")).json(&body).send()
    };
    let add = ["add", "anna@example.com", "--organization", "acme", "--role", "owner"];
    let (good, text) = user(&add, "short\n");
    assert!(!good && text.contains("12 characters"), "{text}");
    let (good, text) = user(&add, "correct horse battery\n");
    assert!(good, "{text}");
    assert!(!user(&add, "correct horse battery\n").0, "there is one");
    assert_eq!(sign_in("correct horse battery").await.unwrap().status(), 200);
    let (good, text) = user(&["set-password", "anna@example.com"], "another long password\n");
    assert!(good && text.contains("signed out"), "{text}");
    assert_eq!(sign_in("correct horse battery").await.unwrap().status(), 401);
    assert_eq!(sign_in("another long password").await.unwrap().status(), 200);
    assert!(user(&["list"], "").1.contains("anna@example.com"));
    assert!(user(&["remove", "anna@example.com"], "").0);
    assert_eq!(sign_in("another long password").await.unwrap().status(), 401);
    let (good, text) = user(&["set-password", "nobody@example.com"], "another long password\n");
    assert!(!good && text.contains("nobody@example.com"), "{text}");
}
