//! The settings that are functions. They are the app's code: one that panics must neither take the app down nor the event.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sentry::protocol::{Event, Transaction};
use sentry::{Breadcrumb, TransactionContext};

type Hook<T> = Arc<dyn Fn(T) -> Option<T> + Send + Sync>;
type Sampler = Arc<dyn Fn(&TransactionContext) -> f32 + Send + Sync>;

/// What the app wants to see before it is kept.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) traces_sampler: Option<Sampler>,
    pub(crate) before_send: Option<Hook<Event<'static>>>,
    pub(crate) before_send_transaction: Option<Hook<Transaction<'static>>>,
    pub(crate) before_breadcrumb: Option<Hook<Breadcrumb>>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = [
            ("traces_sampler", self.traces_sampler.is_some()),
            ("before_send", self.before_send.is_some()),
            ("before_send_transaction", self.before_send_transaction.is_some()),
            ("before_breadcrumb", self.before_breadcrumb.is_some()),
        ];
        f.debug_set()
            .entries(set.iter().filter(|(_, set)| *set).map(|(name, _)| name))
            .finish()
    }
}

/// What a hook makes of something; what it was, if the hook panics.
pub(crate) fn apply<T: Clone>(hook: &Hook<T>, name: &str, value: T) -> Option<T> {
    let before = value.clone();
    catch_unwind(AssertUnwindSafe(|| hook(value))).unwrap_or_else(|_| {
        log::error!("{name} panicked: what it was given is kept as it was");
        Some(before)
    })
}

thread_local! {
    /// Whether this thread is in a hook that runs under the hub's lock.
    static UNDER_HUB: Cell<bool> = const { Cell::new(false) };
}

/// Hooks that panicked under the hub's lock, where nothing can be said of it.
static UNSAID: AtomicU32 = AtomicU32::new(0);

/// Whether this thread holds the hub's lock, in a hook of the app: whoever asks a hub for anything then waits for ever.
pub(crate) fn is_under_hub() -> bool {
    UNDER_HUB.try_with(Cell::get).unwrap_or(false)
}

/// As [`apply`], for a hook that runs under the hub's lock. A panic in it is not captured, and not logged here: a logger may
/// lead to the hub.
pub(crate) fn apply_under_hub<T: Clone>(hook: &Hook<T>, value: T) -> Option<T> {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            // At the end of a thread there is nothing to take back.
            UNDER_HUB.try_with(|under| under.set(self.0)).ok();
        }
    }
    let _back = Back(UNDER_HUB.try_with(|under| under.replace(true)).unwrap_or(false));
    let before = value.clone();
    catch_unwind(AssertUnwindSafe(|| hook(value))).unwrap_or_else(|_| {
        UNSAID.fetch_add(1, Ordering::Relaxed);
        Some(before)
    })
}

/// Says what could not be said where it happened. On a thread that holds no lock.
pub(crate) fn say_what_is_unsaid() {
    match UNSAID.swap(0, Ordering::Relaxed) {
        0 => {}
        times => log::error!("before_breadcrumb panicked {times} times: what it was given is kept as it was"),
    }
}

impl Hooks {
    /// The rate of the app's sampler, made a probability; none if it panics.
    pub(crate) fn sampler(&self) -> Option<impl Fn(&TransactionContext) -> f32 + Send + Sync + use<>> {
        let sampler = self.traces_sampler.clone()?;
        Some(move |context: &TransactionContext| {
            let rate = catch_unwind(AssertUnwindSafe(|| sampler(context))).unwrap_or_else(|_| {
                log::error!("traces_sampler panicked: the transaction is not kept");
                0.0
            });
            // A rate that is no number keeps none.
            if rate.is_nan() { 0.0 } else { rate.clamp(0.0, 1.0) }
        })
    }
}
