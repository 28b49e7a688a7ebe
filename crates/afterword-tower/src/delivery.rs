//! Waiting until a report is delivered, without blocking the runtime's threads.
//!
//! `Client::flush` blocks, and may do so for longer than it was asked to. So it runs on a thread of its own, while a second
//! one waits for it, at most for the timeout, and then wakes the request.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sentry_core::Client;

/// How many may wait at a time. With a transport that hangs there are two threads for each.
const AT_A_TIME: usize = 16;

/// Those of a layer that are under way.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(Arc<AtomicUsize>);

/// Done when the client has flushed, or the timeout is over.
#[derive(Debug)]
pub(crate) struct Delivery(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    done: bool,
    waker: Option<Waker>,
}

impl Deliveries {
    /// Has the client flush. None if too many wait already: then nothing is waited for.
    pub(crate) fn begin(&self, client: Arc<Client>, timeout: Duration) -> Option<Delivery> {
        let Some(place) = Place::take(&self.0) else {
            log::warn!("not waiting for the report's delivery: {AT_A_TIME} requests wait for theirs already");
            return None;
        };
        let state = Arc::new(Mutex::new(State::default()));
        let end = End(Arc::clone(&state));
        let thread = std::thread::Builder::new().name("afterword-wait".to_owned());
        let spawned = thread.spawn(move || {
            let delivered = flush(client, timeout, place);
            if !delivered {
                log::warn!("the report of a panic was not delivered within {timeout:?}");
            }
            drop(end);
        });
        if let Err(error) = spawned {
            log::warn!("not waiting for the report's delivery: no thread: {error}");
            return None;
        }
        Some(Delivery(state))
    }
}

/// False at the timeout.
fn flush(client: Arc<Client>, timeout: Duration, place: Place) -> bool {
    let (sender, receiver) = sync_channel(1);
    let thread = std::thread::Builder::new().name("afterword-flush".to_owned());
    let spawned = thread.spawn(move || {
        let delivered = client.flush(Some(timeout));
        // The waiting may be over.
        let _ = sender.send(delivered);
        drop(place);
    });
    spawned.is_ok() && receiver.recv_timeout(timeout).unwrap_or(false)
}

impl Future for Delivery {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.done {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Ends the delivery when it is dropped, also by a panic of whoever holds it.
struct End(Arc<Mutex<State>>);

impl Drop for End {
    fn drop(&mut self) {
        let waker = {
            let mut state = lock(&self.0);
            state.done = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// One of the [`AT_A_TIME`], until the client has flushed.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(taken: &Arc<AtomicUsize>) -> Option<Place> {
        // Counted before it is looked at, so that no more than the bound get one.
        let place = Place(Arc::clone(taken));
        (taken.fetch_add(1, Ordering::Relaxed) < AT_A_TIME).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_bound_wait_at_a_time() {
        let taken = Arc::new(AtomicUsize::new(0));
        let mut places: Vec<_> = (0..AT_A_TIME).map(|_| Place::take(&taken).unwrap()).collect();
        assert!(Place::take(&taken).is_none());
        assert!(Place::take(&taken).is_none());
        places.pop();
        assert!(Place::take(&taken).is_some());
    }
}
