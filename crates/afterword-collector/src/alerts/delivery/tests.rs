use std::sync::Mutex;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use tempfile::TempDir;

use super::*;
use crate::alerts::samples;

/// A webhook that keeps the ids that it is sent, and answers with what is next in its list, or 200.
#[derive(Clone, Default)]
struct Stub {
    got: Arc<Mutex<Vec<(String, String)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Stub {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let take = async |State(stub): State<Self>, uri: axum::http::Uri, headers: HeaderMap| {
            let id = headers["X-Afterword-Delivery"].to_str().unwrap().to_owned();
            stub.got.lock().unwrap().push((uri.path().to_owned(), id));
            let answer = stub.answers.lock().unwrap().pop().unwrap_or(200);
            StatusCode::from_u16(answer).unwrap()
        };
        let router = Router::new().fallback(take).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// The numbers of the deliveries that came to a path, in their order.
    fn came(&self, path: &str) -> Vec<i64> {
        let got = self.got.lock().unwrap();
        let number = |id: &str| id.rsplit_once('-').unwrap().1.parse().unwrap();
        got.iter()
            .filter(|(to, _)| to == path)
            .map(|(_, id)| number(id))
            .collect()
    }
}

struct Place {
    app: App,
    _folder: TempDir,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut app, _) = crate::ingest::tests::app(folder.path(), 1 << 20).await;
        app.sending = sending();
        Self { app, _folder: folder }
    }

    async fn add(&self, url: &str, alert: &Alert) -> i64 {
        let action = Action::Slack { url: url.to_owned() };
        let now = now_ms();
        sqlx::query_scalar(
            "INSERT INTO alert_deliveries (firing_id, rule_id, action, alert, state, tries, next_at, created_at)
             VALUES (1, 1, $1, $2, 'waiting', 0, $3, $3) RETURNING id",
        )
        .bind(json!(action).to_string())
        .bind(json!(alert).to_string())
        .bind(now)
        .fetch_one(&self.app.database.write)
        .await
        .unwrap()
    }

    async fn set(&self, id: i64, what: &'static str) {
        let text = sqlx::AssertSqlSafe(format!("UPDATE alert_deliveries SET {what} WHERE id = $1"));
        sqlx::query(text)
            .bind(id)
            .execute(&self.app.database.write)
            .await
            .unwrap();
    }

    /// State, tries and when it is tried next.
    async fn row(&self, id: i64) -> (String, i64, i64) {
        sqlx::query_as("SELECT state, tries, next_at FROM alert_deliveries WHERE id = $1")
            .bind(id)
            .fetch_one(&self.app.database.read)
            .await
            .unwrap()
    }

    async fn until(&self, id: i64, wanted: impl Fn(&(String, i64, i64)) -> bool) -> (String, i64, i64) {
        let start = Instant::now();
        loop {
            let row = self.row(id).await;
            if wanted(&row) {
                return row;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{row:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Starts one that sends. It ends with the sender.
    fn run(&self) -> watch::Sender<bool> {
        let (stop, stopped) = watch::channel(false);
        let mut app = self.app.clone();
        // As in another process: nothing is shared but the database.
        app.sending = sending();
        tokio::spawn(run(app, stopped));
        stop
    }
}

fn sending() -> Sending {
    Sending::new(&["127.0.0.0/8".parse().unwrap()], None)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_send_each_message_is_sent_by_one_and_in_order() {
    let (place, stub) = (Place::new().await, Stub::default());
    let url = stub.start().await;
    let mut ids: [Vec<i64>; 4] = Default::default();
    for number in 0..60 {
        let to = format!("{url}/{}", number % ids.len());
        let id = place.add(&to, &samples::usual()).await;
        let which = number % ids.len();
        ids[which].push(id);
    }
    let _running = [place.run(), place.run(), place.run()];
    for id in ids.iter().flatten() {
        place.until(*id, |(state, ..)| state == "sent").await;
    }
    for (number, ids) in ids.iter().enumerate() {
        assert_eq!(stub.came(&format!("/{number}")), *ids);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_is_tried_again_and_those_behind_it_wait() {
    let (place, stub) = (Place::new().await, Stub::default());
    let url = stub.start().await;
    stub.answers.lock().unwrap().push(500);
    let first = place.add(&format!("{url}/a"), &samples::usual()).await;
    let second = place.add(&format!("{url}/a"), &samples::usual()).await;
    let elsewhere = place.add(&format!("{url}/b"), &samples::usual()).await;
    // So that the one that fails is the first.
    place.set(elsewhere, "state = 'sent'").await;
    let _running = place.run();
    let now = now_ms();
    let (_, tries, next_at) = place
        .until(first, |(_, tries, next_at)| *tries == 1 && *next_at > now + 2_000)
        .await;
    assert_eq!(tries, 1);
    let behind = place.row(second).await;
    assert_eq!((behind.0.as_str(), behind.1, behind.2), ("waiting", 0, next_at));
    place.set(elsewhere, "state = 'waiting'").await;
    place.until(elsewhere, |(state, ..)| state == "sent").await;
    assert_eq!(stub.came("/a"), [first], "nothing else was sent there");

    place.set(first, "next_at = 0").await;
    place.set(second, "next_at = 0").await;
    place.until(second, |(state, ..)| state == "sent").await;
    assert_eq!(stub.came("/a"), [first, first, second]);
    assert_eq!(place.row(first).await.1, 2);
    let ids: HashSet<String> = stub.got.lock().unwrap().iter().map(|(_, id)| id.clone()).collect();
    assert_eq!(ids.len(), 3, "a message has the same id at each try");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_tried_for_long_or_is_a_test_is_given_up() {
    let (place, stub) = (Place::new().await, Stub::default());
    let url = stub.start().await;
    stub.answers.lock().unwrap().extend([503; 3]);
    let long = place.add(&format!("{url}/a"), &samples::usual()).await;
    place.set(long, "tries = 56").await;
    let test = Alert {
        is_test: true,
        ..samples::usual()
    };
    let test = place.add(&format!("{url}/b"), &test).await;
    let unreadable = place.add(&format!("{url}/c"), &samples::usual()).await;
    place.set(unreadable, "alert = '{'").await;
    let not_yet = place.add(&format!("{url}/d"), &samples::usual()).await;
    place.set(not_yet, "tries = 55").await;
    let _running = place.run();
    for (id, tries) in [(long, 57), (test, 1), (unreadable, 1)] {
        let row = place.until(id, |(state, ..)| state == "failed").await;
        assert_eq!(row.1, tries);
    }
    let now = now_ms();
    place
        .until(not_yet, |(state, tries, next_at)| {
            state == "waiting" && *tries == 56 && *next_at > now
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_collector_died_with_is_sent_by_another_once_its_time_is_over() {
    let (place, stub) = (Place::new().await, Stub::default());
    let url = stub.start().await;
    let dead = place.add(&format!("{url}/a"), &samples::usual()).await;
    place.set(dead, "tries = 1, taken_until = 1").await;
    let living = place.add(&format!("{url}/b"), &samples::usual()).await;
    place.set(living, "tries = 1, taken_until = 9000000000000").await;
    let behind = place.add(&format!("{url}/b"), &samples::usual()).await;
    let _running = place.run();
    place
        .until(dead, |(state, tries, _)| state == "sent" && *tries == 2)
        .await;
    // What comes later is sent, so that it was looked at the others meanwhile.
    let later = place.add(&format!("{url}/c"), &samples::usual()).await;
    place.until(later, |(state, ..)| state == "sent").await;
    assert_eq!(place.row(living).await.0, "waiting");
    assert_eq!(place.row(behind).await.0, "waiting");
    assert!(stub.came("/b").is_empty());
}

#[tokio::test]
async fn who_lost_it_writes_nothing() {
    let place = Place::new().await;
    let id = place.add("http://127.0.0.1/a", &samples::usual()).await;
    let database = &place.app.database;
    let now = now_ms();
    let lost = queue::take(database, &HashSet::new(), 5, now).await.unwrap().remove(0);
    assert!(queue::take(database, &HashSet::new(), 5, now).await.unwrap().is_empty());
    let later = now + queue::LEASE_MS + 1;
    let has = queue::take(database, &HashSet::new(), 5, later)
        .await
        .unwrap()
        .remove(0);
    assert_eq!((lost.id, has.id, has.tries), (id, id, 2));
    let write = async |taken: &Taken, next| {
        queue::write(database, taken, &Outcome::sent("ok"), None, next, later)
            .await
            .unwrap();
    };
    write(&lost, Next::Failed).await;
    assert_eq!(place.row(id).await.0, "waiting");
    write(&has, Next::Sent).await;
    assert_eq!(place.row(id).await.0, "sent");
    write(&lost, Next::Failed).await;
    assert_eq!(place.row(id).await.0, "sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_waits_for_what_is_on_its_way_and_leaves_the_rest() {
    let (place, stub) = (Place::new().await, Stub::default());
    let url = stub.start().await;
    let first = place.add(&format!("{url}/a"), &samples::usual()).await;
    let (stop, stopped) = watch::channel(true);
    run(place.app.clone(), stopped).await;
    assert_eq!(place.row(first).await.0, "waiting");
    drop(stop);
    let _running = place.run();
    place.until(first, |(state, ..)| state == "sent").await;
}

#[test]
fn addresses_are_shown_without_their_secrets() {
    for (url, shown) in [
        (
            "https://hooks.slack.com/services/T0/B0/secret",
            "https://hooks.slack.com/…",
        ),
        (
            "https://anna:secret@chat.example:8443/hooks/secret?key=secret",
            "https://chat.example:8443/…",
        ),
        ("http://[::1]:80/x", "http://[::1]/…"),
        ("secret", "…"),
    ] {
        assert_eq!(without_secrets(url), shown);
    }
}
