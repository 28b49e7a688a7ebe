//! Draining outboxes: what apps have captured goes into the store, without the secrets in it.

use std::time::{Duration, Instant};

use afterword_channel::Identity;
use afterword_store::{Clean, ConsentPolicy, Drain, Drained, Error, Store};
use uuid::Uuid;

use crate::secrets::Redactor;

/// Another process that drains the same outbox is soon done, or was stopped.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(10);

/// Drains the outbox of a run: `over` once its app is gone.
///
/// # Errors
/// As [`Store::drain_outbox`]; what is left is drained by whoever comes next.
pub(crate) fn drain(
    store: &Store,
    run: Uuid,
    app: &Identity,
    redactor: &Redactor,
    policy: ConsentPolicy,
    over: bool,
) -> Result<Drained, Error> {
    let clean = |class, envelope| redactor.envelope(class, envelope);
    let drain = Drain {
        policy,
        app_name: &app.app_name,
        over,
        clean: Clean(&clean),
    };
    let start = Instant::now();
    let drained = loop {
        match store.drain_outbox(run, &drain) {
            Err(Error::Busy { .. }) if start.elapsed() < PATIENCE => std::thread::sleep(LOOK),
            drained => break drained?,
        }
    };
    if drained != Drained::default() {
        log::info!(
            "outbox of run {run}: {} queued, {} held, {} wait for an answer, {} dropped, {} bytes given up",
            drained.queued,
            drained.held,
            drained.waiting.len(),
            drained.dropped,
            drained.given_up_bytes
        );
    }
    Ok(drained)
}
