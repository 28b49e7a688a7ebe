//! Release health of requests: each is a session, and sessions are counted, not listed.
//!
//! Counts are kept for each minute in which requests began, and handed to the client as one `sessions` item
//! (<https://develop.sentry.dev/sdk/telemetry/sessions/>). A thread does that a minute after the first of them, and ends:
//! while no requests come, nothing wakes up. Nothing is counted for a client that has no release.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sentry_core::Client;
use sentry_core::protocol::{Envelope, SessionAggregateItem, SessionAggregates, SessionAttributes};

/// How long counts are kept before they are handed to the client.
const PERIOD: Duration = Duration::from_secs(60);

/// More minutes than this (requests that ran for hours, or clients without number) are handed over at once.
const BUCKETS: usize = 60;

/// How a request ended. Each counts as exactly one of these; the worst wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Exited,
    /// An error was captured, or the answer is a 5xx, or broke off.
    Errored,
    /// It panicked.
    Crashed,
}

/// The counts of a layer. When it is dropped, they are handed over.
#[derive(Debug)]
pub(crate) struct Sessions {
    pending: Arc<Pending>,
    period: Duration,
}

#[derive(Debug, Default)]
struct Pending {
    state: Mutex<State>,
    closing: Condvar,
}

#[derive(Debug, Default)]
struct State {
    buckets: Vec<Bucket>,
    /// A thread waits to hand them over.
    waiting: bool,
    closed: bool,
}

#[derive(Debug)]
struct Bucket {
    client: Arc<Client>,
    /// Since the epoch.
    minute: u64,
    exited: u32,
    errored: u32,
    crashed: u32,
}

impl Default for Sessions {
    fn default() -> Sessions {
        Sessions::with_period(PERIOD)
    }
}

impl Sessions {
    fn with_period(period: Duration) -> Sessions {
        Sessions {
            pending: Arc::default(),
            period,
        }
    }

    /// Counts a request that began at `started`.
    pub(crate) fn record(&self, client: &Arc<Client>, started: SystemTime, outcome: Outcome) {
        if client.options().release.is_none() {
            return;
        }
        let mut state = self.pending.lock();
        let full = state.count(client, started, outcome);
        let wait = !std::mem::replace(&mut state.waiting, true);
        drop(state);
        send(full);
        if wait {
            self.wait_and_flush();
        }
    }

    /// Hands over what was counted.
    pub(crate) fn flush(&self) {
        let counted = std::mem::take(&mut self.pending.lock().buckets);
        send(counted);
    }

    fn wait_and_flush(&self) {
        let pending = Arc::clone(&self.pending);
        let period = self.period;
        let thread = std::thread::Builder::new().name("afterword-sessions".to_owned());
        let spawned = thread.spawn(move || {
            let (mut state, _) = pending
                .closing
                .wait_timeout_while(pending.lock(), period, |state| !state.closed)
                .unwrap_or_else(PoisonError::into_inner);
            state.waiting = false;
            let counted = std::mem::take(&mut state.buckets);
            drop(state);
            send(counted);
        });
        if let Err(error) = spawned {
            log::warn!("sessions of requests are not sent each minute: no thread: {error}");
            self.pending.lock().waiting = false;
        }
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        let mut state = self.pending.lock();
        state.closed = true;
        let counted = std::mem::take(&mut state.buckets);
        drop(state);
        self.pending.closing.notify_all();
        send(counted);
    }
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is returned had to make room, and is to be sent.
    fn count(&mut self, client: &Arc<Client>, started: SystemTime, outcome: Outcome) -> Vec<Bucket> {
        let since_epoch = started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let minute = since_epoch.as_secs() / 60;
        let is_same = |bucket: &&mut Bucket| bucket.minute == minute && Arc::ptr_eq(&bucket.client, client);
        if let Some(bucket) = self.buckets.iter_mut().rev().find(is_same) {
            bucket.add(outcome);
            return Vec::new();
        }
        let full = if self.buckets.len() < BUCKETS {
            Vec::new()
        } else {
            std::mem::take(&mut self.buckets)
        };
        let mut bucket = Bucket {
            client: Arc::clone(client),
            minute,
            exited: 0,
            errored: 0,
            crashed: 0,
        };
        bucket.add(outcome);
        self.buckets.push(bucket);
        full
    }
}

impl Bucket {
    fn add(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Exited => &mut self.exited,
            Outcome::Errored => &mut self.errored,
            Outcome::Crashed => &mut self.crashed,
        };
        *count = count.saturating_add(1);
    }

    fn to_item(&self) -> SessionAggregateItem {
        SessionAggregateItem {
            started: UNIX_EPOCH + Duration::from_secs(self.minute * 60),
            distinct_id: None,
            exited: self.exited,
            errored: self.errored,
            abnormal: 0,
            crashed: self.crashed,
        }
    }
}

/// One envelope for each client.
fn send(mut buckets: Vec<Bucket>) {
    while let Some(client) = buckets.first().map(|bucket| Arc::clone(&bucket.client)) {
        let (same, others): (Vec<_>, Vec<_>) = buckets
            .into_iter()
            .partition(|bucket| Arc::ptr_eq(&bucket.client, &client));
        buckets = others;
        let options = client.options();
        let Some(release) = options.release.clone() else {
            continue;
        };
        let mut envelope = Envelope::new();
        envelope.add_item(SessionAggregates {
            aggregates: same.iter().map(Bucket::to_item).collect(),
            attributes: SessionAttributes {
                release,
                environment: options.environment.clone(),
                ip_address: None,
                user_agent: None,
            },
        });
        client.send_envelope(envelope);
    }
}

#[cfg(test)]
mod tests;
