//! `send_body`: the request's body, as far as the handler read it.

use std::convert::Infallible;
use std::pin::pin;

use afterword_tower::{AfterwordLayer, LayerOptions, ObservedBody, RequestBodyLayer};
use axum::Router;
use axum::body::Body;
use axum::routing::post;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use sentry::{ClientOptions, Level, SentryFutureExt};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::support::{Frames, Sentry, app};

fn request(kind: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post("/")
        .header("content-type", kind)
        .body(body.into())
        .unwrap()
}

/// The data in the event of a handler that reads all of the body, and what the handler got.
async fn data(layer: AfterwordLayer, request: Request<Body>) -> (Option<String>, String) {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async |body: Bytes| {
        sentry::capture_message("here", Level::Info);
        body
    };
    let response = sentry
        .send(app(layer, Router::new().route("/", post(handler))), request)
        .await;
    (sentry.event().request.unwrap().data, response.into_body())
}

#[tokio::test]
async fn by_default_there_is_none() {
    let (data, got) = data(AfterwordLayer::new().send_request(true), request("text/plain", "hello")).await;
    assert_eq!((data, got.as_str()), (None, "hello"));
}

#[tokio::test]
async fn json_forms_and_text_are_sent_as_they_are() {
    for (kind, body) in [
        ("application/json", r#"{"n": [1, "ä"]}"#),
        ("Application/JSON; charset=utf-8", "{}"),
        ("application/problem+json", "{}"),
        ("application/x-www-form-urlencoded", "a=1&b=2"),
        ("text/csv", "a;b"),
        ("text/plain", ""),
    ] {
        let (data, got) = data(AfterwordLayer::new().send_body(true), request(kind, body)).await;
        assert_eq!((data.as_deref(), got.as_str()), (Some(body), body), "{kind}");
    }
}

#[tokio::test]
async fn other_kinds_are_not() {
    let mut unknown = request("text/plain", "hello");
    unknown.headers_mut().remove("content-type");
    let mut encoded = request("text/plain", "hello");
    encoded
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    for request in [
        request("application/octet-stream", "hello"),
        request("multipart/form-data; boundary=x", "hello"),
        request("image/png", "hello"),
        unknown,
        encoded,
    ] {
        let (data, got) = data(AfterwordLayer::new().send_body(true), request).await;
        assert_eq!((data, got.as_str()), (None, "hello"));
    }
}

#[tokio::test]
async fn what_is_beyond_the_bound_is_cut_and_goes_to_the_handler() {
    let body = "x".repeat(1_000_000);
    let (data, got) = data(
        AfterwordLayer::new().send_body(true),
        request("text/plain", body.clone()),
    )
    .await;
    assert_eq!(got, body);
    let data = data.unwrap();
    assert!(data.starts_with(&body[..64 * 1024]));
    assert_eq!(&data[64 * 1024..], "… [cut after 65536 bytes]");
}

#[tokio::test]
async fn what_is_not_utf_8_is_shown_as_far_as_it_can_be() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async |_: Bytes| _ = sentry::capture_message("here", Level::Info);
    let app = app(
        AfterwordLayer::new().send_body(true),
        Router::new().route("/", post(handler)),
    );
    sentry.send(app, request("text/plain", &b"caf\xe9"[..])).await;
    assert_eq!(sentry.event().request.unwrap().data.as_deref(), Some("caf\u{fffd}"));
}

#[tokio::test]
async fn what_the_handler_does_not_read_is_not_read() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async |request: Request<Body>| {
        sentry::capture_message("none", Level::Info);
        let mut body = pin!(request.into_body());
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "one");
        sentry::capture_message("one", Level::Info);
    };
    let app = app(
        AfterwordLayer::new().send_body(true),
        Router::new().route("/", post(handler)),
    );
    let mut frames = ["one", "two"].into_iter();
    let body = Body::new(Frames::new(move || frames.next()));
    sentry.send(app, request("text/plain", body)).await;
    let data: Vec<_> = sentry
        .events()
        .into_iter()
        .map(|event| event.request.unwrap().data.unwrap())
        .collect();
    assert_eq!(
        data,
        [
            "… [the handler had read no further]",
            "one… [the handler had read no further]"
        ]
    );
}

#[tokio::test]
async fn other_bodies_are_seen_with_a_layer_of_their_own() {
    let sentry = Sentry::new(ClientOptions::new());
    let read = async |request: Request<ObservedBody<Full<Bytes>>>| {
        assert_eq!(request.body().size_hint().exact(), Some(2));
        let body = request.into_body().collect().await.unwrap().to_bytes();
        sentry::capture_message("here", Level::Info);
        Ok::<_, Infallible>(Response::new(Full::new(body)))
    };
    let layer = AfterwordLayer::with_options(LayerOptions::new().send_body(true));
    let request = request("application/json", "").map(|_| Full::from("{}"));
    let service = ServiceBuilder::new()
        .layer(layer)
        .layer(RequestBodyLayer::new())
        .service(service_fn(read));
    service.oneshot(request).bind_hub(sentry.hub.clone()).await.unwrap();
    assert_eq!(sentry.event().request.unwrap().data.as_deref(), Some("{}"));
}

#[tokio::test]
async fn without_that_layer_there_is_none_and_the_log_says_so() {
    let sentry = Sentry::new(ClientOptions::new());
    let read = async |_: Request<Full<Bytes>>| {
        sentry::capture_message("here", Level::Info);
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    };
    let service = ServiceBuilder::new()
        .layer(AfterwordLayer::new().send_body(true))
        .service(service_fn(read));
    let request = request("application/json", "").map(|_| Full::from("{}"));
    service.oneshot(request).bind_hub(sentry.hub.clone()).await.unwrap();
    assert_eq!(sentry.event().request.unwrap().data, None);
    assert_eq!(crate::support::logged("send_body has no effect").len(), 1);
}
