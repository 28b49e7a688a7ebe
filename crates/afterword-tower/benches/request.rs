//! What the layer adds to a request: the same service without it, with it, and with `sentry-tower`, in one run.
//!
//! `cargo bench -p afterword-tower`. The service answers at once, so that the difference is the layer. The client is a whole
//! one, with a transport that does nothing; requests have the headers of a browser. `sentry-tower` is measured with both of
//! its layers, which together do what ours does without panics and release health.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use afterword_tower::AfterwordLayer;
use bytes::Bytes;
use criterion::{BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use http::{Request, Response};
use http_body_util::Full;
use sentry::{Client, ClientOptions, Envelope, Hub, Transport};
use sentry_tower::{NewSentryLayer, SentryHttpLayer};
use tower::{Layer, Service, service_fn};

struct Nowhere;

impl Transport for Nowhere {
    fn send_envelope(&self, envelope: Envelope) {
        black_box(envelope);
    }
}

fn options() -> ClientOptions {
    ClientOptions::new()
        .dsn("https://public@sentry.invalid/1")
        .transport(Arc::new(Nowhere))
}

fn request() -> Request<()> {
    Request::get("/users/7/orders?page=2")
        .header("host", "shop.example")
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .header(
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        )
        .header("accept-language", "en-GB,en;q=0.5")
        .header("accept-encoding", "gzip, deflate, br, zstd")
        .header("cookie", "session=0123456789abcdef0123456789abcdef")
        .header("connection", "keep-alive")
        .body(())
        .expect("a request")
}

type Answer = Response<Full<Bytes>>;

fn answer(_request: Request<()>) -> Ready<Result<Answer, Infallible>> {
    ready(Ok(Response::new(Full::new(Bytes::from_static(b"hello")))))
}

/// A request from its call to the drop of its answer.
fn measure<S, A>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut service: S)
where
    S: Service<Request<()>, Response = Response<A>, Error = Infallible>,
{
    let mut cx = Context::from_waker(Waker::noop());
    group.bench_function(name, |bencher| {
        bencher.iter_batched(
            request,
            |request| {
                assert!(service.poll_ready(&mut cx).is_ready());
                let mut future = std::pin::pin!(service.call(request));
                let Poll::Ready(answer) = future.as_mut().poll(&mut cx) else {
                    unreachable!("the service answers at once");
                };
                black_box(answer).is_ok()
            },
            BatchSize::SmallInput,
        );
    });
}

fn all(criterion: &mut Criterion) {
    for (name, traced, options) in [
        ("without tracing", false, options()),
        ("with a release, sessions counted", false, options().release("shop@1")),
        ("every request traced", true, options().traces_sample_rate(1.0)),
    ] {
        let client = Arc::new(Client::from(options));
        Hub::run(Arc::new(Hub::new(Some(client), Arc::default())), || {
            let mut group = criterion.benchmark_group(name);
            measure(&mut group, "no layer", service_fn(answer));
            measure(
                &mut group,
                "afterword-tower",
                AfterwordLayer::new().layer(service_fn(answer)),
            );
            let send_request = AfterwordLayer::new().send_request(true);
            measure(
                &mut group,
                "afterword-tower, send_request",
                send_request.layer(service_fn(answer)),
            );
            let mut peer = SentryHttpLayer::new();
            if traced {
                peer = peer.enable_transaction();
            }
            let peer = peer.layer(service_fn(answer));
            let peer = NewSentryLayer::<Request<()>>::new_from_top().layer(peer);
            measure(&mut group, "sentry-tower", peer);
            group.finish();
        });
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
