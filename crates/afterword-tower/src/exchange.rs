//! A request and its answer, from the first call to the last byte of the body.
//!
//! An exchange owns what belongs to one request: its hub, its transaction, its place in the release health. The response's
//! future owns the exchange, and hands it on to the response's body. Wherever it is dropped, the request is over.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Request, StatusCode};
use sentry_core::protocol::{Context, Event, Level, SpanStatus};
use sentry_core::{
    Client, Hub, HubSwitchGuard, TracesSamplingStrategy, Transaction, TransactionContext, TransactionOrSpan,
};

use crate::baggage;
use crate::delivery::{Deliveries, Delivery};
use crate::frameworks;
use crate::options::LayerOptions;
use crate::panics::{self, Ledger, Panic, Payload, Watch};
use crate::request::RequestRecord;
use crate::sessions::{Outcome, Sessions};

/// What all requests of a layer share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: LayerOptions,
    pub(crate) sessions: Sessions,
    deliveries: Deliveries,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Exchange {
    shared: Arc<Shared>,
    hub: Arc<Hub>,
    /// If there is one that sends anything.
    client: Option<Arc<Client>>,
    notes: Arc<Notes>,
    transaction: Option<Transaction>,
    started: SystemTime,
    end: End,
}

/// How far the answer has come.
#[derive(Debug, Clone, Copy)]
enum End {
    /// Dropped like this, the client has gone away.
    Unanswered,
    /// The service answered with an error of its own.
    Failed,
    Status(StatusCode),
}

/// What the event processor of the request knows and learns.
#[derive(Debug)]
struct Notes {
    request: RequestRecord,
    repanic: bool,
    errored: AtomicBool,
    panics: Arc<Ledger>,
}

/// A panic that was caught, and what is done with it.
pub(crate) struct Caught {
    pub(crate) payload: Payload,
    pub(crate) repanic: bool,
    pub(crate) delivery: Option<Delivery>,
}

impl Shared {
    pub(crate) fn new(options: LayerOptions) -> Shared {
        Shared {
            options,
            sessions: Sessions::default(),
            deliveries: Deliveries::default(),
        }
    }
}

impl Exchange {
    /// Before the service is called: makes the request's hub, which the handler finds in the extensions too.
    pub(crate) fn begin<B: 'static>(shared: &Arc<Shared>, mut request: Request<B>) -> (Exchange, Request<B>) {
        // A layer further out, or who sends the request, may have bound one to it.
        let bound = request.extensions().get::<Arc<Hub>>().cloned();
        let hub = Arc::new(Hub::new_from_top(bound.unwrap_or_else(Hub::current)));
        let client = hub.client().filter(|client| client.is_enabled());
        let pii = client.as_ref().is_some_and(|client| client.options().send_default_pii);
        let notes = Arc::new(Notes {
            request: RequestRecord::new(&request, &shared.options, pii),
            repanic: shared.options.repanic,
            errored: AtomicBool::new(false),
            panics: Arc::default(),
        });
        let mut exchange = Exchange {
            shared: Arc::clone(shared),
            hub: Arc::clone(&hub),
            client,
            notes,
            transaction: None,
            started: SystemTime::now(),
            end: End::Unanswered,
        };
        if exchange.client.is_some() {
            exchange.set_scope(request.headers());
        }
        request.extensions_mut().insert(hub);
        if let Some(copy) = &exchange.notes.request.body {
            request = frameworks::observe(request, copy);
        }
        (exchange, request)
    }

    fn set_scope(&mut self, headers: &HeaderMap) {
        let notes = Arc::clone(&self.notes);
        let trace = self.start_trace(headers);
        let said = trace.as_ref().and_then(|trace| self.said_of(trace, headers));
        self.hub.configure_scope(|scope| {
            if let Some(trace) = &trace {
                scope.set_span(Some(TransactionOrSpan::from(trace.clone())));
            }
            match said {
                Some(said) => scope.set_context(baggage::CONTEXT, said),
                // Of a request that this one is made within, say.
                None => scope.remove_context(baggage::CONTEXT),
            }
            scope.add_event_processor(move |event| Some(notes.see(event)));
        });
    }

    /// Also without tracing, when the caller sent its trace: it is never sent then, but errors carry the caller's trace.
    fn start_trace(&mut self, headers: &HeaderMap) -> Option<Transaction> {
        let options = self.client.as_ref()?.options();
        let traced = !matches!(options.traces_sampling_strategy, TracesSamplingStrategy::Disabled);
        if !traced && !headers.contains_key("sentry-trace") {
            return None;
        }
        let name = self.notes.request.name();
        let incoming = ["sentry-trace", "baggage"].into_iter().flat_map(|key| {
            let values = headers.get_all(key).iter();
            values.filter_map(move |value| Some((key, value.to_str().ok()?)))
        });
        let context = TransactionContext::continue_from_headers(&name, "http.server", incoming);
        // A sampler is the application's code.
        let started = catch_unwind(AssertUnwindSafe(|| self.hub.start_transaction(context)));
        match started {
            Ok(transaction) => {
                if traced {
                    self.transaction = Some(transaction.clone());
                }
                Some(transaction)
            }
            Err(payload) => {
                self.log_panic("traces_sampler", &payload);
                panics::discard(payload);
                None
            }
        }
    }

    /// What the caller says of the trace, if somebody here takes it off what is sent.
    fn said_of(&self, trace: &Transaction, headers: &HeaderMap) -> Option<Context> {
        let options = self.client.as_ref()?.options();
        let mut integrations = options.integrations.iter();
        integrations.find(|integration| integration.name() == baggage::READER)?;
        baggage::of_trace(&trace.get_trace_context().trace_id.to_string(), headers)
    }

    /// Runs what belongs to the request, with its hub as the current one.
    ///
    /// # Errors
    /// What a panic carried.
    pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> Result<R, Payload> {
        let _hub = HubSwitchGuard::new(Arc::clone(&self.hub));
        let result = {
            let _watch = Watch::begin(Arc::clone(&self.notes.panics));
            catch_unwind(AssertUnwindSafe(f))
        };
        // Somebody further in has caught a panic, and nobody has reported it.
        if result.is_ok()
            && let Some(panic) = self.notes.panics.take_unreported()
        {
            self.capture(panic.into_event(false));
        }
        result
    }

    /// A panic has reached the layer: it is captured, unless a panic hook has done so, and logged.
    pub(crate) fn recover(&mut self, payload: Payload) -> Caught {
        let repanic = self.shared.options.repanic;
        self.end = End::Status(StatusCode::INTERNAL_SERVER_ERROR);
        let message = panics::message(&*payload);
        if let Some(panic) = self.notes.panics.take_caught(&message) {
            self.capture(panic.into_event(repanic));
        }
        self.log_panic("the handler", &payload);
        let timeout = Duration::from_millis(self.shared.options.timeout_ms);
        let client = self.client.clone().filter(|_| self.shared.options.wait_for_delivery);
        Caught {
            payload,
            repanic,
            delivery: client.and_then(|client| self.shared.deliveries.begin(client, timeout)),
        }
    }

    /// The service has panicked before it got this request.
    pub(crate) fn recover_earlier(&mut self, message: String, panic: Option<Panic>) -> Caught {
        self.notes.panics.adopt(panic);
        self.recover(Box::new(message))
    }

    /// The head of the answer is there.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.end = End::Status(status);
    }

    /// The service answered with an error, or the body of its answer did.
    pub(crate) fn failed(&mut self) {
        self.end = End::Failed;
    }

    /// `before_send` and the transport are not ours, and may panic.
    fn capture(&self, event: Event<'static>) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.hub.capture_event(event))) {
            self.log_panic("the capture of a panic", &payload);
            panics::discard(payload);
        }
    }

    /// For the log alone: an integration that makes events of what is logged would report the panic a second time.
    fn log_panic(&self, who: &str, payload: &Payload) {
        let message = panics::message(&**payload);
        // A logger is not ours either, and there is nobody left to tell.
        let logged = catch_unwind(AssertUnwindSafe(|| {
            let nobody = Arc::new(Hub::new(None, Arc::default()));
            let (method, path) = (self.notes.request.method(), self.notes.request.path());
            Hub::run(nobody, || log::error!("{method} {path}: {who} panicked: {message}"));
        }));
        logged.unwrap_or_else(panics::discard);
    }

    fn outcome(&self) -> Outcome {
        if self.notes.panics.any() {
            return Outcome::Crashed;
        }
        match self.end {
            End::Failed => Outcome::Errored,
            End::Status(status) if status.is_server_error() => Outcome::Errored,
            _ if self.notes.errored.load(Ordering::Relaxed) => Outcome::Errored,
            _ => Outcome::Exited,
        }
    }

    fn finish(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            if transaction.get_status().is_none() {
                transaction.set_status(self.end.to_span_status());
            }
            transaction.set_request(self.notes.request.to_context());
            transaction.set_origin("auto.http.afterword_tower");
            if let End::Status(status) = self.end {
                transaction.set_data("http.response.status_code", status.as_u16().into());
            }
            Hub::run(Arc::clone(&self.hub), || transaction.finish());
        }
        if let Some(client) = &self.client {
            self.shared.sessions.record(client, self.started, self.outcome());
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // The transport is not ours, and this may run while another panic unwinds.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.finish())) {
            self.log_panic("the end of the request", &payload);
            panics::discard(payload);
        }
    }
}

impl Notes {
    /// For each event that is captured on the request's hub.
    fn see(&self, mut event: Event<'static>) -> Event<'static> {
        if event.transaction.is_none() {
            event.transaction = Some(self.request.name());
        }
        // A client gives an event its id first. This one is none: somebody applies the scope to see what it holds, such as the
        // name for the headers of a request that the handler makes.
        if event.event_id.is_nil() {
            return event;
        }
        if event.request.is_none() {
            event.request = Some(self.request.to_context());
        }
        if event.level >= Level::Error || !event.exception.values.is_empty() {
            self.errored.store(true, Ordering::Relaxed);
        }
        let mut is_panic = false;
        for mechanism in event.exception.values.iter_mut().filter_map(|e| e.mechanism.as_mut()) {
            if mechanism.ty == "panic" || mechanism.ty == panics::MECHANISM {
                is_panic = true;
                // The hook cannot know that the panic will be stopped; here it is known.
                if cfg!(panic = "unwind") && !self.repanic && panics::is_watched(&self.panics) {
                    mechanism.handled = Some(true);
                    event.level = event.level.min(Level::Error);
                }
            }
        }
        if is_panic {
            self.panics.reported();
        }
        event
    }
}

impl End {
    fn to_span_status(self) -> SpanStatus {
        let status = match self {
            End::Unanswered => return SpanStatus::Cancelled,
            End::Failed => return SpanStatus::InternalError,
            End::Status(status) => status.as_u16(),
        };
        match status {
            100..400 => SpanStatus::Ok,
            401 => SpanStatus::Unauthenticated,
            403 => SpanStatus::PermissionDenied,
            404 => SpanStatus::NotFound,
            409 => SpanStatus::AlreadyExists,
            429 => SpanStatus::ResourceExhausted,
            499 => SpanStatus::Cancelled,
            400..500 => SpanStatus::InvalidArgument,
            501 => SpanStatus::Unimplemented,
            503 => SpanStatus::Unavailable,
            504 => SpanStatus::DeadlineExceeded,
            500..600 => SpanStatus::InternalError,
            _ => SpanStatus::UnknownError,
        }
    }
}
