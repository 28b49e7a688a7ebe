//! Backups while the server takes load, and back.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::server::{Server, crash, envelope, id};

fn run(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterword-collector"));
    command.args(arguments).arg("--data").arg(data).output().unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_holds_what_was_there_and_can_be_put_back() {
    let server = Server::start().await;
    let file = "log of the crash";
    let event = crash("before::backup");
    let body = format!(
        "{{\"event_id\":\"{}\"}}\n{{\"type\":\"event\"}}\n{event}\n{{\"type\":\"attachment\",\"length\":{},\"filename\":\"a.log\"}}\n{file}\n",
        id(1),
        file.len()
    );
    server.accept(body).await;
    server.event(&id(1)).await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let data = server.data().to_owned();
    let target = backup.clone();
    let working = tokio::task::spawn_blocking(move || run(&["backup", target.to_str().unwrap()], &data));
    let mut sent = 0;
    while !working.is_finished() {
        sent += 1;
        // Every other one too large for a row, so that blobs come and go meanwhile.
        let mut event = crash("during::backup");
        if sent % 2 == 0 {
            event["extra"] = Value::String("x".repeat(70_000));
        }
        server.accept(envelope(&id(1000 + sent), &event)).await;
    }
    let output = working.await.unwrap();
    assert!(output.status.success(), "{}", words(&output));
    assert!(sent > 0);

    let restored = tempfile::tempdir().unwrap();
    let refused = run(&["restore", backup.to_str().unwrap()], server.data());
    assert!(
        !refused.status.success() && words(&refused).contains("in use"),
        "{}",
        words(&refused)
    );
    let output = run(&["restore", backup.to_str().unwrap()], restored.path());
    assert!(output.status.success(), "{}", words(&output));
    let again = run(&["restore", backup.to_str().unwrap()], restored.path());
    assert!(
        !again.status.success() && words(&again).contains("not empty"),
        "{}",
        words(&again)
    );
    let (key, token) = (server.key_and_project(), server.access.token.clone());
    server.stop().await;

    let server = Server::start_on(restored).await;
    assert_eq!(server.key_and_project(), key, "the same DSN");
    let event = server.event(&id(1)).await;
    assert_eq!(event["title"], "SIGSEGV in before::backup");
    assert!(event.to_string().contains("a.log"));
    let old = server
        .client
        .get(server.url("/api/0/projects/"))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(old.status(), 200, "tokens are there, too");
    server.digest(&id(5), &crash("after::restore")).await;
    let set_aside: i64 = {
        let database = crate::server::database(server.data()).await;
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM set_aside")
            .fetch_one(&database)
            .await
            .unwrap();
        database.close().await;
        count
    };
    assert_eq!(set_aside, 0, "what was in the inbox has its blob");
    assert_eq!(
        std::fs::read_dir(server.data().join("blobs/attachments"))
            .unwrap()
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_newer_backup_is_refused() {
    let data = Server::start().await.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let path = backup.to_str().unwrap();
    assert!(run(&["backup", path], data.path()).status.success());
    let refused = run(&["backup", path], data.path());
    assert!(words(&refused).contains("not empty"), "{}", words(&refused));

    let database = backup.join("afterword.db");
    let good = std::fs::read(&database).unwrap();
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    std::fs::write(&database, bad).unwrap();
    let empty = folder.path().join("data");
    let refused = run(&["restore", path], &empty);
    assert!(
        !refused.status.success() && words(&refused).contains("afterword.db is not what"),
        "{}",
        words(&refused)
    );
    std::fs::write(&database, good).unwrap();

    let newer = folder.path().join("newer");
    let database = crate::server::database(data.path()).await;
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'newer', 1, x'00', 0)")
        .execute(&database)
        .await
        .unwrap();
    database.close().await;
    assert!(run(&["backup", newer.to_str().unwrap()], data.path()).status.success());
    let refused = run(&["restore", newer.to_str().unwrap()], &empty);
    assert!(words(&refused).contains("newer"), "{}", words(&refused));
    assert!(!empty.join("afterword.db").exists());
    let serve = run(&["serve", "--listen", "127.0.0.1:0"], data.path());
    assert!(words(&serve).contains("a newer version wrote it"), "{}", words(&serve));
}
