//! `send_request`: what of a request is in an event.

use afterword_tower::AfterwordLayer;
use axum::Router;
use axum::body::Body;
use axum::routing::get as route;
use http::{HeaderName, HeaderValue, Request};
use sentry::{ClientOptions, Level};

use crate::support::{Sentry, app};

async fn context(layer: AfterwordLayer, options: ClientOptions, request: Request<Body>) -> sentry::protocol::Request {
    let sentry = Sentry::new(options);
    let routes = Router::new().fallback(route(async || _ = sentry::capture_message("here", Level::Info)));
    sentry.send(app(layer, routes), request).await;
    sentry.event().request.expect("a request")
}

fn request() -> Request<Body> {
    Request::get("/search?q=secret%20plans")
        .header("host", "shop.example:8080")
        .header("user-agent", "a browser")
        .header("accept", "text/html")
        .header("accept", "text/plain")
        .header("referer", "https://shop.example/login?token=7")
        .header("cookie", "id=1")
        .header("authorization", "Bearer 1")
        .header("proxy-authorization", "Basic 1")
        .header("x-api-key", "1")
        .header("x-auth-token", "1")
        .header("x-forwarded-for", "192.0.2.1")
        .header("x-real-ip", "192.0.2.1")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn by_default_method_and_url_without_query() {
    let options = ClientOptions::new().send_default_pii(true);
    let context = context(AfterwordLayer::new(), options, request()).await;
    let expected = sentry::protocol::Request {
        url: Some("http://shop.example:8080/search".parse().unwrap()),
        method: Some("GET".to_owned()),
        ..Default::default()
    };
    assert_eq!(context, expected);
}

#[tokio::test]
async fn send_request_adds_query_and_headers_that_are_nobodys_secret() {
    let context = context(
        AfterwordLayer::new().send_request(true),
        ClientOptions::new(),
        request(),
    )
    .await;
    assert_eq!(context.query_string.as_deref(), Some("q=secret%20plans"));
    assert_eq!(context.url.unwrap().as_str(), "http://shop.example:8080/search");
    let headers: Vec<_> = context.headers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("accept", "text/html, text/plain"),
            ("host", "shop.example:8080"),
            ("referer", "https://shop.example/login"),
            ("user-agent", "a browser"),
        ]
    );
}

#[tokio::test]
async fn send_default_pii_leaves_nothing_out() {
    let options = ClientOptions::new().send_default_pii(true);
    let context = context(AfterwordLayer::new().send_request(true), options, request()).await;
    assert_eq!(context.headers.len(), request().headers().keys_len());
    assert_eq!(context.headers["cookie"], "id=1");
    assert_eq!(context.headers["referer"], "https://shop.example/login?token=7");
}

#[tokio::test]
async fn a_value_marked_as_sensitive_is_left_out() {
    let mut request = request();
    let mut value = HeaderValue::from_static("1");
    value.set_sensitive(true);
    request.headers_mut().insert("x-innocent", value);
    let context = context(AfterwordLayer::new().send_request(true), ClientOptions::new(), request).await;
    assert!(!context.headers.contains_key("x-innocent"));
}

#[tokio::test]
async fn a_header_that_is_not_utf_8_is_shown_as_far_as_it_can_be() {
    let mut request = request();
    let value = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    request.headers_mut().insert("x-place", value.clone());
    // A host and a trace like that are as good as none.
    request.headers_mut().insert("host", value.clone());
    request.headers_mut().insert("sentry-trace", value);
    let context = context(AfterwordLayer::new().send_request(true), ClientOptions::new(), request).await;
    assert_eq!(context.headers["x-place"], "caf\u{fffd}");
    assert_eq!(context.url.unwrap().as_str(), "http://localhost/search");
}

#[tokio::test]
async fn a_header_of_10_mb_and_headers_without_number_are_bounded() {
    let mut request = request();
    let long = HeaderValue::from_str(&"x".repeat(10_000_000)).unwrap();
    request.headers_mut().insert("x-long", long);
    let context = context(AfterwordLayer::new().send_request(true), ClientOptions::new(), request).await;
    let value = &context.headers["x-long"];
    assert!(value.len() < 1_200, "{} bytes", value.len());
    assert!(value.ends_with("[cut, 10000000 bytes in all]"), "{value}");

    let mut request = Request::get("/").body(Body::empty()).unwrap();
    for n in 0..1_000 {
        let name = HeaderName::from_bytes(format!("x-{n}").as_bytes()).unwrap();
        request.headers_mut().append(name, HeaderValue::from_static("1"));
        request
            .headers_mut()
            .append("x-many", HeaderValue::from_static("0123456789"));
    }
    let context = self::context(AfterwordLayer::new().send_request(true), ClientOptions::new(), request).await;
    assert_eq!(context.headers.len(), 64);
    assert!(context.headers.values().all(|value| value.len() < 1_200));
}

#[tokio::test]
async fn a_long_url_is_bounded() {
    // The longest that a URI can be.
    let uri = format!("/{}?{}", "p".repeat(30_000), "q".repeat(30_000));
    let request = Request::get(uri).body(Body::empty()).unwrap();
    let context = context(AfterwordLayer::new().send_request(true), ClientOptions::new(), request).await;
    assert!(context.url.unwrap().as_str().len() < 9_000);
    assert!(context.query_string.unwrap().len() < 9_000);
}

#[tokio::test]
async fn a_user_and_password_in_the_url_are_left_out() {
    let request = Request::get("http://me:secret@shop.example/cart")
        .body(Body::empty())
        .unwrap();
    let context = context(AfterwordLayer::new().send_request(true), ClientOptions::new(), request).await;
    assert_eq!(context.url.unwrap().as_str(), "http://shop.example/cart");
}

#[tokio::test]
async fn a_host_that_is_none_is_left_out() {
    for host in ["shop example", "shop/elsewhere?q=1", "", &"h".repeat(10_000)] {
        let request = Request::get("/cart").header("host", host).body(Body::empty()).unwrap();
        let context = context(AfterwordLayer::new(), ClientOptions::new(), request).await;
        assert_eq!(context.url.unwrap().as_str(), "http://localhost/cart", "{host:?}");
    }
}
