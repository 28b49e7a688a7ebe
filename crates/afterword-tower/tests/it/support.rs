//! A client that collects, a way to send a request on its hub, and the log.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, Once};
use std::task::{Context, Poll};

use afterword_tower::AfterwordLayer;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use sentry::integrations::panic::PanicIntegration;
use sentry::protocol::{EnvelopeItem, Event, SessionAggregates, Transaction};
use sentry::test::TestTransport;
use sentry::{Client, ClientOptions, Envelope, Hub, SentryFutureExt};
use tower::ServiceExt;

/// A client on a hub of its own.
pub(crate) struct Sentry {
    pub(crate) hub: Arc<Hub>,
    transport: Arc<TestTransport>,
}

impl Sentry {
    /// Without any integration: no panic hook reports.
    pub(crate) fn new(options: ClientOptions) -> Sentry {
        install_logger();
        let transport = TestTransport::new();
        let client = Client::from(
            options
                .dsn("https://public@sentry.invalid/1")
                .transport(Arc::clone(&transport)),
        );
        Sentry {
            hub: Arc::new(Hub::new(Some(Arc::new(client)), Arc::default())),
            transport,
        }
    }

    /// With the SDK's panic hook, as an application has it by default.
    pub(crate) fn with_panic_hook() -> Sentry {
        Sentry::new(ClientOptions::new().add_integration(PanicIntegration::new()))
    }

    /// Sends a request to the app, on this hub, and reads the answer to its end.
    pub(crate) async fn send(&self, app: Router, request: Request<Body>) -> Response<String> {
        let response = app
            .oneshot(request)
            .bind_hub(Arc::clone(&self.hub))
            .await
            .expect("axum's errors are answers");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        Response::from_parts(parts, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    pub(crate) fn envelopes(&self) -> Vec<Envelope> {
        self.transport.fetch_and_clear_envelopes()
    }

    /// All events since the last look.
    pub(crate) fn events(&self) -> Vec<Event<'static>> {
        let envelopes = self.envelopes();
        envelopes
            .iter()
            .filter_map(|envelope| envelope.event().cloned())
            .collect()
    }

    /// The only event since the last look.
    #[track_caller]
    pub(crate) fn event(&self) -> Event<'static> {
        let events = self.events();
        let [event] = <[_; 1]>::try_from(events).unwrap_or_else(|events| panic!("not one event: {events:#?}"));
        event
    }

    pub(crate) fn transactions(&self) -> Vec<Transaction<'static>> {
        self.items(|item| match item {
            EnvelopeItem::Transaction(transaction) => Some(Transaction::clone(transaction)),
            _ => None,
        })
    }

    pub(crate) fn sessions(&self) -> Vec<SessionAggregates<'static>> {
        self.items(|item| match item {
            EnvelopeItem::SessionAggregates(sessions) => Some(sessions.clone()),
            _ => None,
        })
    }

    fn items<T>(&self, pick: impl Fn(&EnvelopeItem) -> Option<T>) -> Vec<T> {
        let envelopes = self.envelopes();
        envelopes.iter().flat_map(Envelope::items).filter_map(pick).collect()
    }
}

/// A body of the frames that a closure makes, with a pause before each.
pub(crate) struct Frames<F> {
    next: F,
    paused: bool,
}

impl<F: FnMut() -> Option<&'static str>> Frames<F> {
    pub(crate) fn new(next: F) -> Frames<F> {
        Frames { next, paused: false }
    }
}

impl<F: FnMut() -> Option<&'static str> + Unpin> http_body::Body for Frames<F> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        self.paused = !self.paused;
        if self.paused {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let data = (self.next)().map(Bytes::from);
        Poll::Ready(data.map(|data| Ok(http_body::Frame::data(data))))
    }
}

/// A router with the layer on its routes.
pub(crate) fn app(layer: AfterwordLayer, routes: Router) -> Router {
    routes.layer(layer)
}

pub(crate) fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).expect("a request")
}

/// What was logged with this text.
pub(crate) fn logged(text: &str) -> Vec<String> {
    let lines = LINES.lock().expect("no test panics with this lock");
    lines.iter().filter(|line| line.contains(text)).cloned().collect()
}

static LINES: LazyLock<Mutex<Vec<String>>> = LazyLock::new(Mutex::default);

/// Collects what the layer logs, and makes events of its errors, as an integration for `log` does. Not what others log: a
/// feature of theirs that another package of the workspace turns on makes them log.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("afterword_tower")
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!("{} {}", record.level(), record.args());
        assert!(!line.contains("BREAK THE LOGGER"), "the logger panics too");
        if record.level() == log::Level::Error {
            sentry::capture_message(&line, sentry::Level::Error);
        }
        LINES.lock().expect("no test panics with this lock").push(line);
    }

    fn flush(&self) {}
}

fn install_logger() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Logger).expect("the only logger");
        log::set_max_level(log::LevelFilter::Info);
    });
}
