//! Over a real connection: bodies without end, and bodies that break off.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use afterword_tower::AfterwordLayer;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use sentry::protocol::{Context, SpanStatus};
use sentry::{ClientOptions, SentryFutureExt};
use tokio::net::TcpListener;

use crate::support::{Frames, Sentry, app};

/// Serves the app on loopback, its requests on the hub of `sentry`.
async fn serve(sentry: &Sentry, app: Router) -> SocketAddr {
    let hub = sentry.hub.clone();
    let app = app.layer(from_fn(move |request: Request, next: Next| {
        next.run(request).bind_hub(hub.clone())
    }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Speaks with the server on a thread of its own.
async fn talk<T: Send + 'static>(address: SocketAddr, talk: impl FnOnce(TcpStream) -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(move || talk(TcpStream::connect(address).unwrap()))
        .await
        .unwrap()
}

/// A request whose body is sent until the server has enough of it; what the server answered.
fn post_without_end(mut stream: TcpStream) -> String {
    let mut reader = stream.try_clone().unwrap();
    let head = "POST / HTTP/1.1\r\nhost: shop\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let writer = std::thread::spawn(move || {
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        while stream.write_all(chunk.as_bytes()).is_ok() {}
    });
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.ends_with(b"error\n") {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => answer.extend_from_slice(&buffer[..n]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}"),
        }
    }
    drop(reader.shutdown(std::net::Shutdown::Both));
    writer.join().unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_body_without_end_is_cut_and_the_report_goes() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async |body: Body| -> &'static str {
        let mut body = body;
        let mut read = 0;
        while let Some(frame) = body.frame().await {
            read += frame.unwrap().into_data().unwrap().len();
            assert!(read < 1_000_000, "enough of that");
        }
        "it ended"
    };
    let routes = Router::new().route("/", post(handler));
    let address = serve(&sentry, app(AfterwordLayer::new().send_body(true), routes)).await;
    let answer = talk(address, post_without_end).await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    let event = sentry.event();
    assert_eq!(event.exception.values[0].value.as_deref(), Some("enough of that"));
    let data = event.request.unwrap().data.unwrap();
    assert!(data.ends_with("x… [cut after 65536 bytes]"));
    assert_eq!(data.len(), 65_536 + "… [cut after 65536 bytes]".len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_body_without_end_that_nobody_reads_does_not_hold_the_report() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async || -> &'static str { panic!("did not even look") };
    let routes = Router::new().route("/", post(handler));
    let address = serve(&sentry, app(AfterwordLayer::new().send_body(true), routes)).await;
    let answer = talk(address, post_without_end).await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    let data = sentry.event().request.unwrap().data.unwrap();
    assert_eq!(data, "… [the handler had read no further]");
}

/// All that comes until the connection is closed.
fn get_to_the_end(mut stream: TcpStream) -> String {
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_body_that_panics_breaks_off_and_is_reported() {
    for sentry in [
        Sentry::new(ClientOptions::new().release("shop@1")),
        Sentry::with_panic_hook(),
    ] {
        let handler = async || {
            sentry::configure_scope(|scope| scope.set_tag("said by", "the handler"));
            let mut frames = ["one", "two"].into_iter();
            Body::new(Frames::new(move || Some(frames.next().expect("no third frame"))))
        };
        let layer = AfterwordLayer::new();
        let address = serve(&sentry, app(layer.clone(), Router::new().route("/", get(handler)))).await;
        let answer = talk(address, get_to_the_end).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(!answer.ends_with("0\r\n\r\n"), "it looks whole: {answer}");
        let event = sentry.event();
        assert_eq!(event.exception.values[0].value.as_deref(), Some("no third frame"));
        assert_eq!(event.tags["said by"], "the handler");
        assert_eq!(event.request.unwrap().method.as_deref(), Some("GET"));
        layer.flush_sessions();
        for sessions in sentry.sessions() {
            assert_eq!(sessions.aggregates[0].crashed, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_body_that_panics_goes_on_with_repanic() {
    let sentry = Sentry::new(ClientOptions::new());
    let handler = async || {
        let mut frames = ["one"].into_iter();
        Body::new(Frames::new(move || Some(frames.next().expect("no second frame"))))
    };
    let layer = AfterwordLayer::new().repanic(true);
    let address = serve(&sentry, app(layer, Router::new().route("/", get(handler)))).await;
    // The task of the connection ends with the panic.
    let answer = talk(address, get_to_the_end).await;
    assert!(!answer.ends_with("0\r\n\r\n"), "it looks whole: {answer}");
    let event = sentry.event();
    assert_eq!(
        event.exception.values[0].mechanism.as_ref().unwrap().handled,
        Some(false)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_body_without_end_ends_with_its_client() {
    let sentry = Sentry::new(ClientOptions::new().traces_sample_rate(1.0));
    let handler = async || Body::new(Frames::new(|| Some("on and on, ")));
    let routes = Router::new().route("/", get(handler));
    let address = serve(&sentry, app(AfterwordLayer::new(), routes)).await;
    talk(address, |mut stream| {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n").unwrap();
        let mut some = [0; 100_000];
        stream.read_exact(&mut some).unwrap();
    })
    .await;
    let transaction = loop {
        if let Some(transaction) = sentry.transactions().pop() {
            break transaction;
        }
        tokio::task::yield_now().await;
    };
    let Context::Trace(trace) = &transaction.contexts["trace"] else {
        panic!("no trace");
    };
    assert_eq!(trace.status, Some(SpanStatus::Ok));
}
