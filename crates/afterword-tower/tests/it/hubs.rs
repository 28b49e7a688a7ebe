//! One hub per request.

use std::sync::Arc;

use afterword_tower::AfterwordLayer;
use axum::routing::get as route;
use axum::{Extension, Router};
use http::StatusCode;
use sentry::{ClientOptions, Hub, Level};

use crate::support::{Sentry, app, get};

#[tokio::test]
async fn the_handler_finds_its_hub_in_the_extensions_and_as_the_current_one() {
    let sentry = Sentry::new(ClientOptions::new());
    let outside = Arc::clone(&sentry.hub);
    let handler = async move |Extension(hub): Extension<Arc<Hub>>| {
        assert!(!Arc::ptr_eq(&hub, &outside));
        assert!(Arc::ptr_eq(&hub, &Hub::current()));
        tokio::task::yield_now().await;
        assert!(Arc::ptr_eq(&hub, &Hub::current()));
        "same"
    };
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    assert_eq!(sentry.send(app, get("/")).await.body(), "same");
    assert!(sentry.events().is_empty());
}

#[tokio::test]
async fn what_a_request_says_stays_with_it() {
    let sentry = Sentry::new(ClientOptions::new());
    sentry.hub.configure_scope(|scope| scope.set_tag("app", "shop"));
    let handler = async || {
        sentry::configure_scope(|scope| scope.set_tag("request", "first"));
        sentry::capture_message("from the handler", Level::Info);
    };
    let app = app(
        AfterwordLayer::new(),
        Router::new().route("/first", route(handler)).route(
            "/second",
            route(async || _ = sentry::capture_message("another", Level::Info)),
        ),
    );
    sentry.send(app.clone(), get("/first")).await;
    let event = sentry.event();
    assert_eq!(event.tags["app"], "shop");
    assert_eq!(event.tags["request"], "first");
    assert_eq!(event.transaction.as_deref(), Some("GET /first"));

    sentry.send(app, get("/second")).await;
    assert!(!sentry.event().tags.contains_key("request"));
    sentry.hub.capture_message("outside", Level::Info);
    let event = sentry.event();
    assert!(!event.tags.contains_key("request"));
    assert_eq!(event.request, None);
}

#[tokio::test]
async fn a_request_that_comes_with_a_hub_has_a_clone_of_that_one() {
    let sentry = Sentry::new(ClientOptions::new());
    let bound = Arc::new(Hub::new_from_top(&sentry.hub));
    bound.configure_scope(|scope| scope.set_tag("job", "export"));
    let handler = async || _ = sentry::capture_message("from the handler", Level::Info);
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    let mut request = get("/");
    request.extensions_mut().insert(bound);
    sentry.send(app, request).await;
    assert_eq!(sentry.event().tags["job"], "export");
}

#[tokio::test]
async fn what_the_application_says_of_the_request_stays() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async || {
        sentry::capture_event(sentry::protocol::Event {
            transaction: Some("mine".to_owned()),
            request: Some(sentry::protocol::Request {
                method: Some("MINE".to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        });
    };
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    sentry.send(app, get("/")).await;
    let event = sentry.event();
    assert_eq!(event.transaction.as_deref(), Some("mine"));
    assert_eq!(event.request.unwrap().method.as_deref(), Some("MINE"));
}

#[tokio::test]
async fn without_a_client_a_panic_is_answered_all_the_same() {
    let handler = async |Extension(_): Extension<Arc<Hub>>| -> &'static str { panic!("nobody is told") };
    let app = app(AfterwordLayer::new(), Router::new().route("/", route(handler)));
    let sentry = Sentry::new(ClientOptions::new());
    sentry.hub.bind_client(None);
    let response = sentry.send(app, get("/")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
