//! What happens to envelopes that cannot be digested: tried a few times, set aside, never in the way.

use std::collections::HashSet;

use super::*;
use crate::inbox::Accepted;
use crate::projects;
use crate::symbols::Symbols;

struct House {
    digest: Digest,
    project_id: i64,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let blobs = Blobs::open(&folder.path().join("blobs")).await.unwrap();
        let inbox = Inbox::new(database.clone(), blobs.clone());
        let project_id = projects::bootstrap(&database, "o", "p").await.unwrap().project_id;
        Self {
            digest: Digest {
                symbols: Symbols::open(database.clone(), blobs.clone(), folder.path())
                    .await
                    .unwrap(),
                pepper: Pepper::open(&database.write).await.unwrap(),
                database,
                blobs,
                inbox,
                alerts: crate::alerts::Alerts::default(),
                caches: Caches::default(),
                metrics: Arc::default(),
                in_hand: Arc::default(),
            },
            project_id,
            _folder: folder,
        }
    }

    /// A small envelope with an event; `large` puts it into a blob.
    async fn accept(&self, number: u32, large: bool) {
        let event_id = Some(format!("{number:032x}"));
        let accepted = Accepted {
            project_id: self.project_id,
            event_id,
            client: None,
            heavy: false,
            received_at: 1_800_000_000_000,
        };
        self.digest.inbox.accept(accepted, body(large)).await.unwrap();
    }

    async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(sql)
            .fetch_one(&self.digest.database.read)
            .await
            .unwrap()
    }

    async fn make_due(&self) {
        sqlx::query("UPDATE inbox_tries SET due_at = 0")
            .execute(&self.digest.database.write)
            .await
            .unwrap();
    }
}

fn body(large: bool) -> Vec<u8> {
    let message = "x".repeat(if large { 100_000 } else { 10 });
    format!("{{}}\n{{\"type\":\"event\"}}\n{{\"message\":\"{message}\"}}\n").into_bytes()
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again_behind_the_others_and_then_set_aside() {
    let house = House::new().await;
    house.accept(1, true).await;
    // Its bytes are gone.
    let none = HashSet::new();
    house
        .digest
        .blobs
        .remove_envelopes_but(&none, Duration::ZERO)
        .await
        .unwrap();
    house.accept(2, true).await;

    assert_eq!(house.digest.one(Which::Heavy).await.unwrap(), 1);
    assert_eq!(house.digest.one(Which::Heavy).await.unwrap(), 1);
    assert_eq!(
        house.count("events").await,
        1,
        "the second is digested while the first waits"
    );
    assert_eq!(house.digest.one(Which::Heavy).await.unwrap(), 0, "the first is not due");
    let due = house
        .digest
        .inbox
        .next_due(Which::Heavy, now_ms())
        .await
        .unwrap()
        .unwrap();
    assert!(due <= Duration::from_secs(1));

    for tries in 2..=MAX_TRIES {
        assert_eq!(
            (house.count("inbox").await, house.count("set_aside").await),
            (1, 0),
            "{tries}"
        );
        house.make_due().await;
        assert_eq!(house.digest.one(Which::Heavy).await.unwrap(), 1);
    }
    let counts = ["inbox", "inbox_tries", "set_aside"].map(|table| house.count(table));
    let [inbox, tries, set_aside] = counts;
    assert_eq!((inbox.await, tries.await, set_aside.await), (0, 0, 1));
    let (tries, error): (i64, String) = sqlx::query_as("SELECT tries, error FROM set_aside")
        .fetch_one(&house.digest.database.read)
        .await
        .unwrap();
    assert_eq!(tries, MAX_TRIES);
    assert!(error.contains("could not read the blob"), "{error}");
}

#[tokio::test]
async fn an_envelope_that_ends_the_process_each_time_is_set_aside() {
    let house = House::new().await;
    house.accept(1, false).await;
    let none = HashSet::new();
    for _ in 0..MAX_TRIES {
        // Claimed, and nothing more: the process died.
        let mut claim = house
            .digest
            .inbox
            .claim(Which::Light, &none, 1, 1, now_ms())
            .await
            .unwrap();
        house.digest.inbox.begin_try(&mut claim.envelopes[0]).await.unwrap();
    }
    assert_eq!(house.digest.one(Which::Light).await.unwrap(), 1);
    assert_eq!(
        (
            house.count("inbox").await,
            house.count("set_aside").await,
            house.count("events").await
        ),
        (0, 1, 0)
    );
}

#[tokio::test]
async fn what_cannot_be_written_does_not_keep_its_batch_from_being_written() {
    let house = House::new().await;
    for number in 1..=20 {
        house.accept(number, false).await;
    }
    // A row that cannot be written, whatever the reason.
    sqlx::query(
        "CREATE TRIGGER poison BEFORE INSERT ON events WHEN NEW.event_id LIKE '%0f'
         BEGIN SELECT RAISE(ABORT, 'no such luck'); END",
    )
    .execute(&house.digest.database.write)
    .await
    .unwrap();
    assert_eq!(house.digest.batch().await.unwrap(), 20);
    assert_eq!((house.count("events").await, house.count("inbox").await), (19, 1));
    let counted: i64 = sqlx::query_scalar("SELECT event_count FROM issues")
        .fetch_one(&house.digest.database.read)
        .await
        .unwrap();
    assert_eq!(counted, 19, "what was rolled back is not counted");
    for _ in 1..MAX_TRIES {
        house.make_due().await;
        assert_eq!(house.digest.batch().await.unwrap(), 1);
    }
    assert_eq!((house.count("inbox").await, house.count("set_aside").await), (0, 1));
    let again: i64 = sqlx::query_scalar("SELECT id FROM set_aside")
        .fetch_one(&house.digest.database.read)
        .await
        .unwrap();
    sqlx::query("DROP TRIGGER poison")
        .execute(&house.digest.database.write)
        .await
        .unwrap();
    assert!(house.digest.inbox.digest_again(again).await.unwrap());
    assert_eq!(house.digest.one(Which::Heavy).await.unwrap(), 1);
    assert_eq!((house.count("events").await, house.count("set_aside").await), (20, 0));
}

#[tokio::test]
async fn an_event_that_comes_twice_is_there_and_counted_once() {
    let house = House::new().await;
    for number in [1, 2, 1] {
        house.accept(number, false).await;
    }
    assert_eq!(house.digest.batch().await.unwrap(), 3);
    house.accept(2, false).await;
    assert_eq!(house.digest.batch().await.unwrap(), 1);
    assert_eq!((house.count("events").await, house.count("inbox").await), (2, 0));
    let counted: (i64, i64) =
        sqlx::query_as("SELECT event_count, (SELECT CAST(SUM(events) AS BIGINT) FROM issue_hours) FROM issues")
            .fetch_one(&house.digest.database.read)
            .await
            .unwrap();
    assert_eq!(counted, (2, 2));
}

#[tokio::test]
async fn the_digest_ends_when_told_while_it_waits() {
    let house = House::new().await;
    house.accept(1, false).await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(house.digest.clone().run(true, stopped));
    while house.count("events").await == 0 {
        tokio::task::yield_now().await;
    }
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(5), running)
        .await
        .unwrap()
        .unwrap();
}
