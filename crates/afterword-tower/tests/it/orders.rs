//! With tower-http's `CatchPanic` on either side.

use afterword_tower::AfterwordLayer;
use axum::Router;
use axum::routing::get as route;
use http::StatusCode;
use sentry::ClientOptions;
use tower_http::catch_panic::CatchPanicLayer;

use crate::support::{Sentry, get};

fn panicking() -> Router {
    let handler = async || -> &'static str {
        // As tower-http does where its `tracing` logs.
        log::error!("Service panicked: soon");
        panic!("caught by somebody")
    };
    Router::new().route("/", route(handler))
}

#[tokio::test]
async fn inside_it_answers_and_the_layer_reports() {
    for (sentry, mechanism) in [
        (Sentry::new(ClientOptions::new()), "afterword.tower"),
        (Sentry::with_panic_hook(), "panic"),
    ] {
        let app = panicking().layer(CatchPanicLayer::new()).layer(AfterwordLayer::new());
        let response = sentry.send(app, get("/")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.body(), "Service panicked");
        let event = sentry.event();
        let given = event.exception.values[0].mechanism.as_ref().unwrap();
        assert_eq!((given.ty.as_str(), given.handled), (mechanism, Some(true)));
        assert!(event.exception.values[0].stacktrace.is_some());
        assert!(event.request.is_some());
    }
}

#[tokio::test]
async fn outside_it_answers_what_goes_on() {
    for sentry in [Sentry::new(ClientOptions::new()), Sentry::with_panic_hook()] {
        let layer = AfterwordLayer::new().repanic(true);
        let app = panicking().layer(layer).layer(CatchPanicLayer::new());
        let response = sentry.send(app, get("/")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.body(), "Service panicked");
        assert!(sentry.event().request.is_some());
    }
}

#[tokio::test]
async fn outside_it_has_nothing_to_do_without_repanic() {
    let sentry = Sentry::new(ClientOptions::new());
    let app = panicking().layer(AfterwordLayer::new()).layer(CatchPanicLayer::new());
    let response = sentry.send(app, get("/")).await;
    assert_eq!(response.body(), "internal server error\n");
    sentry.event();
}

#[tokio::test]
async fn two_layers_report_one_panic_once() {
    for sentry in [Sentry::new(ClientOptions::new()), Sentry::with_panic_hook()] {
        let inner = AfterwordLayer::new().repanic(true);
        let app = panicking().layer(inner).layer(AfterwordLayer::new());
        let response = sentry.send(app, get("/")).await;
        assert_eq!(response.body(), "internal server error\n");
        sentry.event();
    }
}

#[tokio::test]
async fn the_outer_of_two_layers_knows_that_it_handles_the_panic() {
    let sentry = Sentry::new(ClientOptions::new());
    let inner = AfterwordLayer::new().repanic(true);
    sentry
        .send(panicking().layer(inner).layer(AfterwordLayer::new()), get("/"))
        .await;
    let event = sentry.event();
    assert_eq!(
        event.exception.values[0].mechanism.as_ref().unwrap().handled,
        Some(true)
    );
}
