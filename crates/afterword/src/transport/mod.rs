//! The Sentry transport of the app: an envelope is appended to the run's outbox with one `write`, and the reporter sends it.
//! No HTTP here.
//!
//! When `capture_event` returns, the event outlives the process, however that ends; exit need not wait for a network.

mod bounds;
mod envelope;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use afterword_channel::Policy;
use afterword_store::{Error, chain};
use sentry::client_report::{Reason, Recorder};
use sentry::{Envelope, Transport, TransportFactory, TransportOptions};

use crate::Delivery;
use crate::running::Running;

/// A buffer that was larger is not kept for the next envelope.
const KEPT_BUFFER_BYTES: usize = 256 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Makes the transport of a client.
pub(crate) struct OutboxFactory;

impl TransportFactory for OutboxFactory {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        Arc::new(OutboxTransport {
            head: envelope::head_of(&options.dsn),
            recorder: options.client_report_recorder,
        })
    }
}

/// Appends what the client gives it to the outbox.
struct OutboxTransport {
    /// What the header of each envelope begins with: where it goes.
    head: Vec<u8>,
    /// Counts what is lost; the client tells the server with a later envelope.
    recorder: Recorder,
}

impl Transport for OutboxTransport {
    fn send_envelope(&self, envelope: Envelope) {
        let Some(running) = Running::of_this_process() else {
            return;
        };
        // What is logged in here may be captured by the app, and come back.
        let Some(_inside) = Inside::enter() else {
            return self.recorder.record_lost_data(&envelope, Reason::InternalError);
        };
        if running.policy() == Policy::Never {
            return;
        }
        let appended = BUFFER
            .try_with(|buffer| match buffer.try_borrow_mut() {
                Ok(mut buffer) => {
                    let appended = self.append(running, &envelope, &mut buffer);
                    if buffer.capacity() > KEPT_BUFFER_BYTES {
                        *buffer = Vec::new();
                    }
                    appended
                }
                Err(_) => self.append(running, &envelope, &mut Vec::new()),
            })
            // The thread is at its end.
            .unwrap_or_else(|_| self.append(running, &envelope, &mut Vec::new()));
        match appended {
            Ok(()) if running.outbox.delivery == Delivery::Synchronous => {
                let flushed = running.outbox.flush(running, running.outbox.timeout);
                if !flushed.done {
                    log::warn!("what was captured is not delivered in time; it is kept and sent later");
                } else if flushed.refused {
                    log::warn!("the server refused what was captured; it is kept with the server's words");
                }
            }
            Ok(()) => {}
            Err(error) => {
                let reason = match error {
                    Error::OutboxFull { .. } => Reason::QueueOverflow,
                    _ => Reason::InternalError,
                };
                self.recorder.record_lost_data(&envelope, reason);
                log::error!("what was captured is lost, it cannot be kept: {}", chain(&error));
            }
        }
    }

    fn flush(&self, timeout: Duration) -> bool {
        crate::flush(timeout).is_done()
    }

    /// Exit does not wait for a network: what was captured is on the disk.
    fn shutdown(&self, _timeout: Duration) -> bool {
        true
    }
}

impl OutboxTransport {
    fn append(&self, running: &Running, envelope: &Envelope, record: &mut Vec<u8>) -> Result<(), Error> {
        let class = envelope::class_of(envelope);
        envelope::write(&self.head, envelope, record);
        match bounds::fit(envelope, record.len()) {
            None => running.outbox.append(running, class, record),
            Some(fitted) => {
                envelope::write(&self.head, &fitted.rest, record);
                if let Some((kind, item)) = fitted.main {
                    envelope::insert(kind, &item, record);
                }
                running.outbox.append(running, class, record)
            }
        }
    }
}

/// While there is one, this thread is in the transport.
struct Inside;

impl Inside {
    /// None where it is already.
    fn enter() -> Option<Inside> {
        // At the end of a thread nothing comes back.
        let before = INSIDE.try_with(|inside| inside.replace(true)).unwrap_or(false);
        (!before).then_some(Inside)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // At the end of a thread there is nothing to take back.
        INSIDE.try_with(|inside| inside.set(false)).ok();
    }
}
