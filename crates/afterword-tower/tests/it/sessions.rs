//! Release health: each request counts once.

use afterword_tower::AfterwordLayer;
use axum::Router;
use axum::routing::get as route;
use http::StatusCode;
use sentry::protocol::Event;
use sentry::types::Uuid;
use sentry::{ClientOptions, Level, SentryFutureExt};
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use crate::support::{Sentry, app, get};

fn routes() -> Router {
    Router::new()
        .route("/fine", route(async || "fine"))
        .route("/gone", route(async || StatusCode::NOT_FOUND))
        .route(
            "/warned",
            route(async || _ = sentry::capture_message("hm", Level::Warning)),
        )
        .route(
            "/error",
            route(async || _ = sentry::capture_message("oh", Level::Error)),
        )
        .route("/looked", route(look_at_the_scope))
        .route("/500", route(async || StatusCode::BAD_GATEWAY))
        .route("/fall", route(async || -> &'static str { panic!("it fell") }))
        .route(
            "/caught",
            route(async || -> &'static str { panic!("it fell") }).layer(CatchPanicLayer::new()),
        )
}

/// What a scope holds is only seen on an event; one without an id is none.
async fn look_at_the_scope() {
    let event = Event {
        event_id: Uuid::nil(),
        level: Level::Error,
        ..Event::default()
    };
    let seen = sentry::configure_scope(|scope| scope.apply_to_event(event)).unwrap();
    assert_eq!(seen.transaction.as_deref(), Some("GET /looked"));
}

fn released() -> Sentry {
    Sentry::new(ClientOptions::new().release("shop@1").environment("test"))
}

/// Exited, errored, crashed, abnormal: of all buckets (the minute may end during the test).
fn counts(sentry: &Sentry) -> [u32; 4] {
    let mut counts = [0; 4];
    for sessions in sentry.sessions() {
        assert_eq!(sessions.attributes.release, "shop@1");
        assert_eq!(sessions.attributes.environment.as_deref(), Some("test"));
        for bucket in sessions.aggregates {
            let since_epoch = bucket.started.duration_since(std::time::UNIX_EPOCH).unwrap();
            assert_eq!(since_epoch.as_secs() % 60, 0, "the start of a minute");
            assert_eq!(bucket.distinct_id, None);
            for (sum, n) in counts
                .iter_mut()
                .zip([bucket.exited, bucket.errored, bucket.crashed, bucket.abnormal])
            {
                *sum += n;
            }
        }
    }
    counts
}

#[tokio::test]
async fn each_request_counts_as_how_it_ended() {
    let sentry = released();
    let layer = AfterwordLayer::new();
    let app = app(layer.clone(), routes());
    for (path, expected) in [
        ("/fine", [1, 0, 0, 0]),
        ("/gone", [1, 0, 0, 0]),
        ("/warned", [1, 0, 0, 0]),
        ("/error", [0, 1, 0, 0]),
        ("/looked", [1, 0, 0, 0]),
        ("/500", [0, 1, 0, 0]),
        ("/fall", [0, 0, 1, 0]),
        ("/caught", [0, 0, 1, 0]),
    ] {
        sentry.send(app.clone(), get(path)).await;
        layer.flush_sessions();
        assert_eq!(counts(&sentry), expected, "{path}");
    }
}

#[tokio::test]
async fn they_are_handed_over_together_when_the_last_service_is_gone() {
    let sentry = released();
    let app = app(AfterwordLayer::new(), routes());
    for _ in 0..100 {
        sentry.send(app.clone(), get("/fine")).await;
    }
    sentry.send(app.clone(), get("/500")).await;
    assert!(sentry.envelopes().is_empty());
    let running = app
        .clone()
        .oneshot(get("/fine"))
        .bind_hub(sentry.hub.clone())
        .await
        .unwrap();
    drop(app);
    assert!(sentry.envelopes().is_empty(), "a request is not over yet");
    drop(running);
    let envelopes = sentry.envelopes();
    assert_eq!(envelopes.len(), 1);
    let sent = released();
    envelopes
        .into_iter()
        .for_each(|envelope| sent.hub.client().unwrap().send_envelope(envelope));
    assert_eq!(counts(&sent), [101, 1, 0, 0]);
}

#[tokio::test]
async fn without_a_release_nothing_is_counted() {
    let sentry = Sentry::new(ClientOptions::new());
    let app = app(AfterwordLayer::new(), routes());
    sentry.send(app, get("/fine")).await;
    assert!(sentry.envelopes().is_empty());
}
