//! `wait_for_delivery` and `timeout`.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use afterword_tower::{AfterwordLayer, BodyPanicked};
use axum::Router;
use axum::body::Body;
use axum::routing::get as route;
use http::StatusCode;
use http_body_util::BodyExt;
use sentry::{Client, ClientOptions, Envelope, Hub, SentryFutureExt, Transport};
use tower::ServiceExt;

use crate::support::{Frames, get};

/// A transport whose flush is noted, and ends when it is told to.
#[derive(Default)]
struct Slow {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Default)]
struct State {
    sent: usize,
    asked: Vec<Duration>,
    released: bool,
}

impl Slow {
    fn asked(&self) -> Vec<Duration> {
        self.state.lock().unwrap().asked.clone()
    }

    fn release(&self) {
        self.state.lock().unwrap().released = true;
        self.released.notify_all();
    }
}

impl Transport for Slow {
    fn send_envelope(&self, _envelope: Envelope) {
        self.state.lock().unwrap().sent += 1;
    }

    fn flush(&self, timeout: Duration) -> bool {
        let mut state = self.state.lock().unwrap();
        assert_eq!(state.sent, 1, "the report comes before the flush");
        state.asked.push(timeout);
        self.released.notify_all();
        drop(self.released.wait_while(state, |state| !state.released).unwrap());
        true
    }
}

fn slow() -> (Arc<Slow>, Arc<Hub>) {
    let slow = Arc::new(Slow::default());
    let client = Client::from(
        ClientOptions::new()
            .dsn("https://public@sentry.invalid/1")
            .transport(Arc::clone(&slow)),
    );
    (slow, Arc::new(Hub::new(Some(Arc::new(client)), Arc::default())))
}

fn app(layer: AfterwordLayer) -> Router {
    let handler = async || -> &'static str { panic!("tell them first") };
    Router::new().route("/", route(handler)).layer(layer)
}

#[tokio::test]
async fn by_default_nothing_waits() {
    let (slow, hub) = slow();
    let response = app(AfterwordLayer::new())
        .oneshot(get("/"))
        .bind_hub(hub)
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(slow.asked().is_empty());
}

/// On a runtime of one thread: were that blocked, nobody could release the flush.
#[tokio::test]
async fn the_answer_waits_for_the_flush_and_nobody_else_does() {
    let (slow, hub) = slow();
    // An hour: it is not the timeout that ends this.
    let layer = AfterwordLayer::new()
        .wait_for_delivery(true)
        .timeout(Duration::from_secs(3600));
    let mut answer = Box::pin(app(layer).oneshot(get("/")).bind_hub(hub));
    let releasing = async {
        while slow.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        slow.release();
    };
    tokio::select! {
        biased;
        _ = &mut answer => panic!("answered before the flush was done"),
        () = releasing => {}
    }
    assert_eq!(answer.await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(slow.asked(), [Duration::from_secs(3600)]);
}

#[tokio::test]
async fn a_flush_that_hangs_is_waited_for_until_the_timeout() {
    let (slow, hub) = slow();
    let layer = AfterwordLayer::new()
        .wait_for_delivery(true)
        .timeout(Duration::from_millis(20));
    // It is never released: without the timeout this would not end.
    let response = app(layer).oneshot(get("/")).bind_hub(hub).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(slow.asked(), [Duration::from_millis(20)]);
    slow.release();
}

#[tokio::test]
async fn the_default_timeout_is_two_seconds() {
    let (slow, hub) = slow();
    slow.release();
    let layer = AfterwordLayer::new().wait_for_delivery(true);
    app(layer).oneshot(get("/")).bind_hub(hub).await.unwrap();
    assert_eq!(slow.asked(), [Duration::from_secs(2)]);
}

#[tokio::test]
async fn what_goes_on_waits_too() {
    let (slow, hub) = slow();
    slow.release();
    let layer = AfterwordLayer::new().repanic(true).wait_for_delivery(true);
    let task = tokio::spawn(app(layer).oneshot(get("/")).bind_hub(hub));
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(slow.asked().len(), 1);
}

#[tokio::test]
async fn the_end_of_a_body_that_panics_waits_too() {
    let (slow, hub) = slow();
    slow.release();
    let handler = async || Body::new(Frames::new(|| panic!("in the body")));
    let layer = AfterwordLayer::new().wait_for_delivery(true);
    let app = Router::new().route("/", route(handler)).layer(layer);
    let response = app.oneshot(get("/")).bind_hub(hub).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<BodyPanicked>(), "{source:?}");
    assert_eq!(slow.asked().len(), 1);
}
