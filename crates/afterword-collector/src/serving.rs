//! Connections: from a listener to the routes.
//!
//! One that brings no whole head of a request within [`PATIENCE`] is closed, whether it is slow, silent or idle between
//! two requests: a stranger must not keep as many as this process may have open. The time of a body is bounded by who
//! reads it.

mod proxies;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tower::Service as _;

pub(crate) use proxies::Proxies;

/// How long the head of a request may take, and the time between two requests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(75);

/// How long to wait when there can be no more connections.
const PAUSE: Duration = Duration::from_millis(500);

/// Serves until `end`, then until the requests that run are answered. Handlers find the address of who asks in
/// [`ConnectInfo`].
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    proxies: Proxies,
    patience: Duration,
    end: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience);
    let connections = GracefulShutdown::new();
    let mut end = pin!(end);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut end => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Answers are written whole: waiting for more of them costs time and saves nothing.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone at once");
            continue;
        }
        let (router, proxies) = (router.clone(), proxies.clone());
        let service = service_fn(move |request| {
            let asker = proxies.asker(peer, request.headers());
            answer(router.clone(), request, asker)
        });
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

async fn answer(
    mut router: Router,
    request: hyper::Request<Incoming>,
    asker: SocketAddr,
) -> Result<Response, Infallible> {
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(asker));
    // A router is always ready.
    router.call(request).await
}

/// Whether another connection may be better.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted].contains(&error.kind())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::Notify;
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;

    struct Server {
        address: SocketAddr,
        /// A request for `/slow` is there.
        slow: Arc<Notify>,
        /// It may be answered.
        go: Arc<Notify>,
        stop: oneshot::Sender<()>,
        task: JoinHandle<()>,
    }

    /// A server of `/`, which tells the peer, and `/slow`, which waits to be let go.
    async fn start(patience: Duration) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (slow, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (came, waits) = (Arc::clone(&slow), Arc::clone(&go));
        let slowly = || async move {
            came.notify_one();
            waits.notified().await;
            "done"
        };
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
        let router = Router::new().route("/", get(peer)).route("/slow", get(slowly));
        let (stop, stopped) = oneshot::channel();
        let end = async { _ = stopped.await };
        Server {
            address,
            slow,
            go,
            stop,
            task: tokio::spawn(serve(listener, router, Proxies::default(), patience, end)),
        }
    }

    async fn read_to_end(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        // A connection that is closed over unread bytes ends with an error.
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    #[tokio::test]
    async fn requests_are_answered_one_after_the_other() {
        let server = start(PATIENCE).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let peer = stream.local_addr().unwrap().to_string();
        let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let close = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(close.as_bytes()).await.unwrap();
        let answers = read_to_end(&mut stream).await;
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
        assert_eq!(answers.matches(&peer).count(), 2, "{answers}");
    }

    #[tokio::test]
    async fn who_brings_no_request_is_let_go() {
        let server = start(Duration::from_millis(50)).await;
        let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        for (sent, answers) in [("", 0), ("GET / HTTP/1.1\r\nHost:", 0), (request, 1)] {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            // Ends, though nobody here closes it.
            let text = read_to_end(&mut stream).await;
            assert_eq!(text.matches("HTTP/1.1 200 OK").count(), answers, "{sent:?}");
        }
        // Nor does it help to send a byte now and then.
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        while stream.write_all(b"G").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn what_runs_at_the_end_is_answered() {
        let server = start(PATIENCE).await;
        let mut idle = TcpStream::connect(server.address).await.unwrap();
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream
            .write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        server.slow.notified().await;
        server.stop.send(()).unwrap();
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!server.task.is_finished());
        server.go.notify_one();
        assert!(read_to_end(&mut stream).await.ends_with("done"));
        assert_eq!(read_to_end(&mut idle).await, "");
        server.task.await.unwrap();
    }
}
