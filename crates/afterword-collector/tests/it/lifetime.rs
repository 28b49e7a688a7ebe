//! Starting, ending, being killed, and what is still there afterwards.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use afterword_collector::{Collector, Error};
use serde_json::{Value, json};

use crate::server::{Server, client, crash, database, envelope, id, key_and_project};
use crate::stores;

#[tokio::test(flavor = "multi_thread")]
async fn bootstrapping_twice_gives_the_same_dsn_and_a_working_token() {
    let server = Server::start().await;
    let again = server.collector().bootstrap("acme", "editor").await.unwrap();
    assert_eq!((&again.url, &again.dsn), (&server.access.url, &server.access.dsn));
    assert_ne!(again.token, server.access.token);
    for token in [&again.token, &server.access.token] {
        let url = server.url("/api/0/projects/acme/editor/issues/");
        assert_eq!(
            server.client.get(url).bearer_auth(token).send().await.unwrap().status(),
            200
        );
    }
    let other = server.collector().bootstrap("acme", "viewer").await.unwrap();
    assert_ne!(key_and_project(&other.dsn), server.key_and_project());
    assert!(matches!(
        server.collector().bootstrap("Acme", "x").await,
        Err(Error::Slug { .. })
    ));

    let before = server.key_and_project();
    let server = Server::start_on(server.stop().await).await;
    assert_eq!(server.key_and_project(), before, "and after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_and_not_digested_is_digested_at_the_next_start() {
    let server = Server::start().await;
    let (_, project) = server.key_and_project();
    server.digest(&id(1), &crash("done::before")).await;
    let data = server.stop().await;

    // As a crash between the answer and the digest leaves it: one new event in a row and one in a blob, and one that is
    // digested already.
    let inbox = database(data.path()).await;
    let large = envelope(&id(4), &crash("done::large")).into_bytes();
    stores::put_blob(data.path(), "envelopes/waiting", large).await;
    for (number, blob) in [(2, None), (1, None), (4, Some("envelopes/waiting"))] {
        let body = envelope(&id(number), &crash("done::after"));
        sqlx::query(
            "INSERT INTO inbox (project_id, event_id, body, blob, size_bytes, heavy, received_at)
             VALUES ($1, $2, $3, $4, 1, $5, $6)",
        )
        .bind(project.parse::<i64>().unwrap())
        .bind(id(number))
        .bind(blob.is_none().then(|| body.into_bytes()))
        .bind(blob)
        .bind(i64::from(blob.is_some()))
        .bind(1_800_000_000_000_i64)
        .execute(&inbox)
        .await
        .unwrap();
    }
    inbox.close().await;

    let server = Server::start_on(data).await;
    assert_eq!(server.event(&id(2)).await["title"], "SIGSEGV in done::after");
    server.digest(&id(3), &crash("done::last")).await;
    assert_eq!(
        server.event(&id(1)).await["title"],
        "SIGSEGV in done::before",
        "not digested twice"
    );
    assert_eq!(server.event(&id(4)).await["title"], "SIGSEGV in done::large");
    let begun = std::time::Instant::now();
    while stores::has_blob(server.data(), "envelopes/waiting").await {
        assert!(begun.elapsed().as_secs() < 20, "the blob is still there");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_collector_works_on_a_data_folder() {
    let server = Server::start().await;
    let second = Collector::start(stores::config(server.data()).await).await;
    assert!(matches!(second, Err(Error::InUse { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_refused() {
    let data = Server::start().await.stop().await;
    let newer = database(data.path()).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'newer', $1, $2, 0)",
    )
    .bind(true)
    .bind(vec![0_u8])
    .execute(&newer)
    .await
    .unwrap();
    newer.close().await;
    let refused = Collector::start(stores::config(data.path()).await).await;
    assert!(matches!(refused, Err(Error::Migrate { .. })), "{refused:?}");
}

/// The program, with what it prints first.
struct Program {
    child: Child,
    access: Value,
}

impl Program {
    /// How it is started, on any port, without where its output goes.
    async fn command(data: &Path) -> Command {
        let config = stores::config(data).await;
        let option = |name: &'static str, value: Option<String>| value.map(|value| [name.to_owned(), value]);
        let shared = [option("--database", config.database), option("--blobs", config.blobs)];
        let mut command = Command::new(env!("CARGO_BIN_EXE_afterword-collector"));
        command
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--bootstrap",
                "acme/editor",
                "--data",
            ])
            .arg(data)
            .args(shared.into_iter().flatten().flatten())
            .env("RUST_LOG", "warn");
        command
    }

    async fn start(data: &Path) -> Self {
        let mut child = Self::command(data).await.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = lines.next().unwrap().unwrap();
        let access: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(listening, format!("listening on {}", access["url"].as_str().unwrap()));
        let keys: Vec<&String> = access.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["url", "dsn", "token"]);
        Self { child, access }
    }

    fn text(&self, key: &str) -> &str {
        self.access[key].as_str().unwrap()
    }

    async fn count(&self, client: &reqwest::Client) -> u64 {
        let url = format!("{}/api/0/projects/acme/editor/issues/", self.text("url"));
        let issues = client.get(url).bearer_auth(self.text("token")).send().await.unwrap();
        let issues: Vec<Value> = issues.json().await.unwrap();
        issues
            .iter()
            .map(|issue| issue["count"].as_str().unwrap().parse::<u64>().unwrap())
            .sum()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_under_load_it_loses_nothing_it_answered_for() {
    let data = tempfile::tempdir().unwrap();
    let client = client();
    let mut program = Program::start(data.path()).await;
    let (key, project) = key_and_project(program.text("dsn"));
    let url = format!("{}/api/{project}/envelope/?sentry_key={key}", program.text("url"));

    // Four senders, until their connection breaks; each event is a new one.
    let senders = (0..4).map(|sender| {
        let (client, url) = (client.clone(), url.clone());
        tokio::spawn(async move {
            let mut answered = 0;
            loop {
                let body = envelope(&id(sender * 1_000_000 + answered), &crash("under::load"));
                match client.post(&url).body(body).send().await {
                    Ok(response) if response.status() == 200 => answered += 1,
                    _ => return answered,
                }
            }
        })
    });
    let senders: Vec<_> = senders.collect();
    while program.count(&client).await < 20 {
        tokio::task::yield_now().await;
    }
    program.child.kill().unwrap();
    program.child.wait().unwrap();
    let mut answered = 0;
    for sender in senders {
        answered += u64::from(sender.await.unwrap());
    }

    let mut program = Program::start(data.path()).await;
    assert_eq!(key_and_project(program.text("dsn")), (key, project));
    let patience = std::time::Instant::now();
    loop {
        let count = program.count(&client).await;
        // Of each sender, the event under way may have been accepted without its answer arriving.
        if count >= answered {
            assert!(count <= answered + 4, "{count} of {answered}");
            break;
        }
        assert!(patience.elapsed().as_secs() < 20, "{count} of {answered}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    program.child.kill().unwrap();
    program.child.wait().unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_in_order() {
    let data = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let mut program = Program::start(data.path()).await;
        let killed = Command::new("kill")
            .args([signal, &program.child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        assert_eq!(program.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

/// Whoever started it may be gone.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn it_serves_though_nobody_reads_what_it_prints() {
    let data = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Program::command(data.path()).await;
    let mut child = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let url = loop {
        let line = log.next().expect("it ended").unwrap();
        if let Some((_, url)) = line.split_once("listening on ") {
            break url.split_whitespace().next().unwrap().to_owned();
        }
    };
    let printed = log.next().unwrap().unwrap();
    assert!(
        printed.contains("--bootstrap") && !printed.contains("token"),
        "{printed}"
    );
    let health = client().get(format!("{url}/health/live")).send().await.unwrap();
    assert_eq!(health.status(), 200);
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn bad_arguments_say_what_to_write() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_afterword-collector"))
            .args(arguments)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, words) = run(&["serve", "--bootstrap", "acme"]);
    assert_eq!(code, Some(2));
    assert!(words.contains("ORG/PROJECT"), "{words}");
    let (code, words) = run(&["serve", "--data", "/dev/null/x", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(1));
    assert!(words.contains("/dev/null/x") && words.contains("--data"), "{words}");
    assert_eq!(json!(run(&["serve", "--listen", "nonsense"]).0), 2);
}
