//! What happens to envelopes that cannot be digested: tried a few times, set aside, never in the way.

use std::collections::HashSet;

use super::*;
use crate::inbox::Accepted;
use crate::projects;

struct House {
    digest: Digest,
    project_id: i64,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let blobs = Blobs::open(folder.path().join("blobs")).unwrap();
        let inbox = Inbox::new(database.clone(), blobs.clone());
        let project_id = projects::bootstrap(&database, "o", "p").await.unwrap().project_id;
        Self {
            digest: Digest {
                pepper: Pepper::open(&database.write).await.unwrap(),
                database,
                blobs,
                inbox,
            },
            project_id,
            _folder: folder,
        }
    }

    async fn accept(&self, number: u32) {
        let event_id = Some(format!("{number:032x}"));
        let accepted = Accepted {
            project_id: self.project_id,
            event_id,
            client: None,
            received_at: 1_800_000_000_000,
        };
        self.digest
            .inbox
            .accept(accepted, b"{}\n{\"type\":\"event\"}\n{}\n")
            .await
            .unwrap();
    }

    async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(sql)
            .fetch_one(&self.digest.database.read)
            .await
            .unwrap()
    }

    async fn make_due(&self) {
        sqlx::query("UPDATE inbox SET retry_at = 0")
            .execute(&self.digest.database.write)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again_behind_the_others_and_then_set_aside() {
    let house = House::new().await;
    house.accept(1).await;
    // Its bytes are gone.
    house.digest.blobs.remove_envelopes_but(&HashSet::new()).unwrap();
    house.accept(2).await;

    assert!(house.digest.next().await.unwrap());
    assert!(house.digest.next().await.unwrap());
    assert_eq!(
        house.count("events").await,
        1,
        "the second is digested while the first waits"
    );
    assert!(!house.digest.next().await.unwrap(), "the first is not due");
    assert!(house.digest.inbox.next_due(now_ms()).await.unwrap().unwrap() <= Duration::from_secs(1));

    for tries in 2..=MAX_TRIES {
        assert_eq!(
            (house.count("inbox").await, house.count("set_aside").await),
            (1, 0),
            "{tries}"
        );
        house.make_due().await;
        assert!(house.digest.next().await.unwrap());
    }
    assert_eq!((house.count("inbox").await, house.count("set_aside").await), (0, 1));
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
    house.accept(1).await;
    for _ in 0..MAX_TRIES {
        // Claimed, and nothing more: the process died.
        assert!(house.digest.inbox.claim(now_ms()).await.unwrap().is_some());
    }
    assert!(house.digest.next().await.unwrap());
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
async fn panics_are_told_in_their_words() {
    let fixed = tokio::spawn(async { panic!("fixed words") }).await;
    let made = tokio::spawn(async { panic!("made of {}", 1) }).await;
    assert_eq!(
        [fixed, made].map(|result| panic_words(result.unwrap_err())),
        ["fixed words", "made of 1"]
    );
}

#[tokio::test]
async fn the_digest_ends_when_told_while_it_waits() {
    let house = House::new().await;
    house.accept(1).await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(house.digest.clone().run(stopped));
    while house.count("events").await == 0 {
        tokio::task::yield_now().await;
    }
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(5), running)
        .await
        .unwrap()
        .unwrap();
}
