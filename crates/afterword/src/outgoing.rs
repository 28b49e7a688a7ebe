//! What the client's transport does with an envelope before it is kept: sampling, `before_send_transaction`, the count of
//! errors, and the losses of these.
//!
//! The SDK samples after `before_send`, where its siblings sample before; and it has no hook for transactions. So our
//! `before_send` decides about the sample first and marks an event that is out, and the mark is looked for here: the SDK hands
//! an event to its transport on the thread that captured it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sentry::protocol::client_report::{Category, Item, Reason};
use sentry::protocol::{ClientReport, EnvelopeItem, Event, Level};
use sentry::types::Uuid;
use sentry::{Envelope, Transport, TransportFactory, TransportOptions};

use crate::options::{Hooks, Resolved, apply};
use crate::running::Running;
use crate::trace;

thread_local! {
    /// The event of this thread that is not in the sample.
    static OUT: Cell<Option<Uuid>> = const { Cell::new(None) };
    /// The last one that was not kept for that.
    static DROPPED: Cell<Option<Uuid>> = const { Cell::new(None) };
}

/// Our `before_send`: the sample, then the app's own.
pub(crate) fn before_send(rate: f32, hooks: &Hooks) -> impl Fn(Event<'static>) -> Option<Event<'static>> + use<> {
    let hook = hooks.before_send.clone();
    move |event| {
        if !is_in_sample(event.event_id, rate) {
            OUT.set(Some(event.event_id));
            return Some(event);
        }
        match &hook {
            Some(hook) => apply(hook, "before_send", event),
            None => Some(event),
        }
    }
}

/// Whether the event that this thread has just captured was not in the sample.
pub(crate) fn is_out(event_id: Uuid) -> bool {
    DROPPED.try_with(Cell::take).ok().flatten() == Some(event_id)
}

/// Ids of events are random numbers already.
fn is_in_sample(event_id: Uuid, rate: f32) -> bool {
    // The low bits: the high ones hold the version.
    let number = event_id.as_u128() as u32;
    rate >= 1.0 || f64::from(number) < f64::from(rate) * f64::from(u32::MAX)
}

/// Makes the transport that keeps, with this before it.
pub(crate) struct OutgoingFactory<F> {
    inner: F,
    hooks: Hooks,
}

impl<F> OutgoingFactory<F> {
    pub(crate) fn new(inner: F, options: &Resolved) -> OutgoingFactory<F> {
        OutgoingFactory {
            inner,
            hooks: options.hooks.clone(),
        }
    }
}

impl<F: TransportFactory> TransportFactory for OutgoingFactory<F> {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        Arc::new(Outgoing {
            inner: self.inner.create_transport_with_options(options),
            hooks: self.hooks.clone(),
            losses: Losses::default(),
        })
    }
}

struct Outgoing {
    inner: Arc<dyn Transport>,
    hooks: Hooks,
    losses: Losses,
}

/// What was lost here, since it was told last.
#[derive(Default)]
struct Losses {
    sampled_out: AtomicU64,
    transactions: AtomicU64,
    spans: AtomicU64,
}

impl Transport for Outgoing {
    fn send_envelope(&self, envelope: Envelope) {
        if let Some(event) = envelope.event() {
            count_error(event);
            if OUT.take() == Some(event.event_id) {
                DROPPED.set(Some(event.event_id));
                self.losses.sampled_out.fetch_add(1, Ordering::Relaxed);
                return self.send_reports_of(envelope);
            }
        }
        if let Some(envelope) = self.prepare(envelope) {
            self.inner.send_envelope(envelope);
        }
    }

    fn flush(&self, timeout: Duration) -> bool {
        self.send_losses();
        self.inner.flush(timeout)
    }

    fn shutdown(&self, timeout: Duration) -> bool {
        self.send_losses();
        self.inner.shutdown(timeout)
    }
}

impl Outgoing {
    /// Where no envelope comes with which they could go.
    fn send_losses(&self) {
        if let Some(report) = self.losses.take() {
            self.inner.send_envelope(Envelope::from(report));
        }
    }

    /// What the client has put beside an event that is not kept: its own counts of what was lost.
    fn send_reports_of(&self, envelope: Envelope) {
        let mut reports = Envelope::new();
        let mut is_empty = true;
        for item in envelope.into_items() {
            if matches!(item, EnvelopeItem::ClientReport(_)) {
                reports.add_item(item);
                is_empty = false;
            }
        }
        if !is_empty {
            self.inner.send_envelope(reports);
        }
    }

    fn prepare(&self, envelope: Envelope) -> Option<Envelope> {
        let is_raw = envelope.items().next().is_none();
        let has_transaction = envelope
            .items()
            .any(|item| matches!(item, EnvelopeItem::Transaction(_)));
        let mut envelope = if has_transaction {
            self.transactions(envelope)?
        } else {
            envelope
        };
        // Nothing can be added to bytes.
        if !is_raw && let Some(report) = self.losses.take() {
            envelope.add_item(report);
        }
        Some(envelope)
    }

    /// None when nothing is left.
    fn transactions(&self, envelope: Envelope) -> Option<Envelope> {
        let mut made = Envelope::new().with_headers(envelope.headers().clone());
        let mut is_empty = true;
        for item in envelope.into_items() {
            let item = match (item, &self.hooks.before_send_transaction) {
                (EnvelopeItem::Transaction(mut transaction), hook) => {
                    let trace = trace::take_incoming(&mut transaction);
                    let spans = transaction.spans.len();
                    let kept = match hook {
                        Some(hook) => apply(hook, "before_send_transaction", *transaction),
                        None => Some(*transaction),
                    };
                    let Some(kept) = kept else {
                        self.losses.transactions.fetch_add(1, Ordering::Relaxed);
                        self.losses.spans.fetch_add(spans as u64 + 1, Ordering::Relaxed);
                        continue;
                    };
                    if let Some(trace) = trace {
                        let headers = made.headers().clone().with_trace(trace);
                        made = made.with_headers(headers);
                    }
                    EnvelopeItem::from(kept)
                }
                (item, _) => item,
            };
            is_empty = false;
            made.add_item(item);
        }
        // It may be that counts of what was lost are left alone.
        (!is_empty).then_some(made)
    }
}

/// A session with errors is not a healthy one, whether or not they are in the sample.
fn count_error(event: &Event<'_>) {
    if event.level >= Level::Error
        && let Some(running) = Running::of_this_process()
    {
        running.run.count_error();
    }
}

impl Losses {
    fn take(&self) -> Option<ClientReport> {
        let items: Vec<Item> = [
            (&self.sampled_out, Category::Error, Reason::SampleRate),
            (&self.transactions, Category::Transaction, Reason::BeforeSend),
            (&self.spans, Category::Span, Reason::BeforeSend),
        ]
        .into_iter()
        .filter_map(|(count, category, reason)| match count.swap(0, Ordering::Relaxed) {
            0 => None,
            lost => Some(Item::new(category, reason, lost)),
        })
        .collect();
        (!items.is_empty()).then(|| ClientReport::new(items))
    }
}
