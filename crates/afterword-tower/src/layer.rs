//! The layer and the service it makes.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use sentry_core::Hub;
use tower_layer::Layer;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::exchange::{Exchange, Shared};
use crate::future::ResponseFuture;
use crate::options::LayerOptions;
use crate::panics::{self, Ledger, Panic, Watch};

/// The layer: see the [crate]. Its clones, and the services it makes, share one count of sessions.
#[derive(Debug, Clone)]
pub struct AfterwordLayer {
    shared: Arc<Shared>,
}

impl AfterwordLayer {
    /// With the defaults of [`LayerOptions`].
    pub fn new() -> AfterwordLayer {
        AfterwordLayer::with_options(LayerOptions::new())
    }

    /// With these options. A panic hook is put behind those that are there (once in a process): it notes the stack of a
    /// panic in a request, which is gone when the layer catches it.
    pub fn with_options(options: LayerOptions) -> AfterwordLayer {
        panics::install_hook();
        AfterwordLayer {
            shared: Arc::new(Shared::new(options)),
        }
    }

    /// Hands the sessions that were counted since the last time to the client. It happens by itself each minute, and when
    /// the last clone of the layer and the last service are gone; before `Client::flush` or an exit that drops neither
    /// (`std::process::exit`), it is up to the application.
    pub fn flush_sessions(&self) {
        self.shared.sessions.flush();
    }

    /// See [`LayerOptions::repanic`]. Like the following ones, before the layer is used: what it has made keeps its options.
    pub fn repanic(self, repanic: bool) -> AfterwordLayer {
        self.change(|options| options.repanic(repanic))
    }

    /// See [`LayerOptions::wait_for_delivery`].
    pub fn wait_for_delivery(self, wait: bool) -> AfterwordLayer {
        self.change(|options| options.wait_for_delivery(wait))
    }

    /// See [`LayerOptions::send_request`].
    pub fn send_request(self, send: bool) -> AfterwordLayer {
        self.change(|options| options.send_request(send))
    }

    /// See [`LayerOptions::send_body`].
    pub fn send_body(self, send: bool) -> AfterwordLayer {
        self.change(|options| options.send_body(send))
    }

    /// See [`LayerOptions::timeout`].
    pub fn timeout(self, timeout: Duration) -> AfterwordLayer {
        self.change(|options| options.timeout(timeout))
    }

    fn change(self, change: impl FnOnce(LayerOptions) -> LayerOptions) -> AfterwordLayer {
        AfterwordLayer::with_options(change(self.shared.options.clone()))
    }
}

impl Default for AfterwordLayer {
    fn default() -> AfterwordLayer {
        AfterwordLayer::new()
    }
}

impl<S> Layer<S> for AfterwordLayer {
    type Service = AfterwordService<S>;

    fn layer(&self, inner: S) -> AfterwordService<S> {
        AfterwordService {
            inner,
            shared: Arc::clone(&self.shared),
            unready: None,
            readiness: Arc::default(),
        }
    }
}

/// The service that [`AfterwordLayer`] makes of another.
pub struct AfterwordService<S> {
    inner: S,
    shared: Arc<Shared>,
    /// The inner service panicked when it was asked whether it is ready. The next request is answered with that.
    unready: Option<Unready>,
    /// The panics of being asked that.
    readiness: Arc<Ledger>,
}

/// A panic before there was a request.
struct Unready {
    message: String,
    /// If it is still to be reported.
    panic: Option<Panic>,
}

impl<S: Clone> Clone for AfterwordService<S> {
    fn clone(&self) -> AfterwordService<S> {
        AfterwordService {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
            unready: None,
            readiness: Arc::default(),
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for AfterwordService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterwordService")
            .field("inner", &self.inner)
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}

impl<S, B, A> Service<Request<B>> for AfterwordService<S>
where
    S: Service<Request<B>, Response = Response<A>>,
    B: 'static,
    A: Body,
    A::Data: From<&'static str>,
    A::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<ResponseBody<A>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.unready.is_some() {
            return Poll::Ready(Ok(()));
        }
        let hub = Hub::current();
        let before = hub.last_event_id();
        let result = {
            let _watch = Watch::begin(Arc::clone(&self.readiness));
            catch_unwind(AssertUnwindSafe(|| self.inner.poll_ready(cx)))
        };
        result.unwrap_or_else(|payload| {
            let message = panics::message(&*payload);
            let panic = self.readiness.take_caught(&message);
            // There is no request yet on whose hub a panic hook's event would be seen.
            let panic = panic.filter(|_| hub.last_event_id() == before);
            if self.shared.options.repanic {
                panic.map(|panic| hub.capture_event(panic.into_event(true)));
                resume_unwind(payload);
            }
            panics::discard(payload);
            self.unready = Some(Unready { message, panic });
            Poll::Ready(Ok(()))
        })
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut exchange, request) = Exchange::begin(&self.shared, request);
        if let Some(Unready { message, panic }) = self.unready.take() {
            let caught = exchange.recover_earlier(message, panic);
            return ResponseFuture::panicked(exchange, caught);
        }
        match exchange.run(|| self.inner.call(request)) {
            Ok(future) => ResponseFuture::running(exchange, future),
            Err(payload) => {
                let caught = exchange.recover(payload);
                ResponseFuture::panicked(exchange, caught)
            }
        }
    }
}
