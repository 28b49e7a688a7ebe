//! The Sentry transport of the app: envelopes go into the store, the reporter sends them. No HTTP here.
//!
//! An event is on the disk when `capture_event` returns, so it survives the crash that may follow, and exit need not wait
//! for a network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use afterword_channel::Message;
use afterword_store::{ConsentPolicy, EnvelopeClass, ReportFile, ReportId, ReportInfo, ReportKind, Store, chain};
use sentry::protocol::{EnvelopeItem, Event};
use sentry::types::Dsn;
use sentry::{Envelope, Transport, TransportFactory, TransportOptions};

use crate::init::Running;
use crate::options::Resolved;

/// Writes what the client gives it into the store and wakes the reporter.
pub(crate) struct StoreTransport {
    store: Store,
    policy: ConsentPolicy,
    dsn: Dsn,
    app_name: String,
    kept: AtomicU32,
}

/// How many events a run keeps: each waits for a person, and many would push out the reports of crashes.
const MAX_EVENTS_TO_ASK_ABOUT: u32 = 20;
/// The same where nobody is asked.
const MAX_EVENTS: u32 = 1_000;

/// Makes one for the DSN of the client.
pub(crate) struct Factory {
    store: Store,
    policy: ConsentPolicy,
    app_name: String,
}

impl TransportFactory for Factory {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        Arc::new(StoreTransport {
            store: self.store.clone(),
            policy: self.policy,
            dsn: options.dsn,
            app_name: self.app_name.clone(),
            kept: AtomicU32::new(0),
        })
    }
}

impl StoreTransport {
    pub(crate) fn factory(store: Store, options: &Resolved, app_name: String) -> Factory {
        Factory {
            store,
            policy: options.consent.into(),
            app_name,
        }
    }

    /// Counts one more event; true, and said once, when it is one too many.
    fn is_full(&self) -> bool {
        let most = match self.policy {
            ConsentPolicy::Always => MAX_EVENTS,
            ConsentPolicy::Ask | ConsentPolicy::Never => MAX_EVENTS_TO_ASK_ABOUT,
        };
        let before = self.kept.fetch_add(1, Ordering::Relaxed);
        if before == most {
            log::warn!("this run has captured {most} events; further ones are not kept");
        }
        before >= most
    }

    /// An event waits as a report of its own: under `ask`, the person decides about it as about a crash.
    fn keep_event(&self, event: &Event<'static>, envelope: &[u8]) -> Result<(), afterword_store::Error> {
        let report_id = ReportId::random();
        let exception = event.exception.values.last();
        let info = ReportInfo {
            version: ReportInfo::VERSION,
            report_id,
            event_id: event.event_id,
            kind: ReportKind::Error,
            dsn: self.dsn.to_string(),
            app_name: self.app_name.clone(),
            release: event.release.as_deref().map(str::to_owned),
            environment: event.environment.as_deref().map(str::to_owned),
            captured_at: SystemTime::now().into(),
            reason: exception.map_or_else(|| "message".to_owned(), |exception| exception.ty.clone()),
            message: exception
                .and_then(|exception| exception.value.clone())
                .or_else(|| event.message.clone()),
            thread_name: event.tags.get("thread.name").cloned(),
            policy: self.policy,
            signal: None,
            address: None,
            event: serde_json::Value::Null,
            removed: Vec::new(),
            soft_errors: Vec::new(),
        };
        let report = self.store.begin_report(report_id)?;
        report.write(ReportFile::Envelope, envelope)?;
        report.write(
            ReportFile::Event,
            serde_json::to_string(event).unwrap_or_default().as_bytes(),
        )?;
        report.commit(&info)?;
        Ok(())
    }
}

impl Transport for StoreTransport {
    fn send_envelope(&self, envelope: Envelope) {
        if self.policy == ConsentPolicy::Never {
            return;
        }
        // The queue is sent by whoever finds it: where to is in the envelope.
        let headers = envelope.headers().clone().with_dsn(self.dsn.clone());
        let envelope = envelope.with_headers(headers);
        let mut bytes = Vec::new();
        if let Err(error) = envelope.to_writer(&mut bytes) {
            return log::error!("an event is lost, it cannot be written as an envelope: {error}");
        }
        let kept = match envelope.event() {
            Some(_) if self.is_full() => return,
            Some(event) => self.keep_event(event, &bytes),
            None => self
                .store
                .put_envelope(self.policy, class_of(&envelope), &bytes)
                .map(drop),
        };
        match kept {
            Ok(()) => {
                if let Some(running) = Running::of_this_process() {
                    running.tell(&Message::Stored);
                }
            }
            Err(error) => log::error!("an event is lost, it cannot be stored: {}", chain(&error)),
        }
    }
}

fn class_of(envelope: &Envelope) -> EnvelopeClass {
    for item in envelope.items() {
        match item {
            EnvelopeItem::Transaction(_) => return EnvelopeClass::Transaction,
            EnvelopeItem::SessionUpdate(_) | EnvelopeItem::SessionAggregates(_) => return EnvelopeClass::Session,
            EnvelopeItem::ClientReport(_) => return EnvelopeClass::ClientReport,
            _ => {}
        }
    }
    EnvelopeClass::Feedback
}
