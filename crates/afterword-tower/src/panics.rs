//! One panic, one event.
//!
//! A panic that reaches the layer may have been captured already: the panic hooks of the SDK and of `afterword` capture on
//! the hub of the request, which is bound while the handler is polled. The layer sees that in an event processor on the
//! request's scope ([`Ledger::reported`]). If no such hook is there, the layer captures the panic itself, once it is caught;
//! the stack is gone by then, and so a hook of the layer's own notes it while it is there ([`Ledger::happened`]).
//!
//! The two are counted, since which of the hooks runs first depends on who was set up first.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use sentry_core::protocol::{Event, Exception, Level, Mechanism, Stacktrace};

use crate::text;

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

/// The longest text of a panic that goes into an event or the log.
const MESSAGE_BYTES: usize = 8 * 1024;

/// The mechanism of the events that the layer makes.
pub(crate) const MECHANISM: &str = "afterword.tower";

thread_local! {
    /// The panics of the request that is being polled on this thread.
    static WATCHED: RefCell<Option<Arc<Ledger>>> = const { RefCell::new(None) };
}

/// The panics of one request.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    happened: u32,
    reported: u32,
    /// The newest panic, if nobody has reported it.
    unreported: Option<Panic>,
}

/// What is known of a panic that nobody has reported yet.
#[derive(Debug, Default)]
pub(crate) struct Panic {
    pub(crate) message: String,
    location: Option<String>,
    stacktrace: Option<Stacktrace>,
}

impl Ledger {
    /// Seen by the event processor: a panic of this request was offered to the client.
    pub(crate) fn reported(&self) {
        let mut count = self.lock();
        count.reported += 1;
        count.unreported = None;
    }

    /// Whether there was a panic, reported or not.
    pub(crate) fn any(&self) -> bool {
        let count = self.lock();
        count.happened > 0 || count.reported > 0
    }

    /// The newest panic, if it is still to be reported. Who takes it reports it, which the event processor sees like any
    /// other report.
    pub(crate) fn take_unreported(&self) -> Option<Panic> {
        self.lock().unreported.take()
    }

    /// A panic has reached the layer: what is to be reported, if anything is. Without a hook having run for it (somebody
    /// resumed the unwinding of another thread, say), there is its payload and no stack.
    pub(crate) fn take_caught(&self, message: &str) -> Option<Panic> {
        if let Some(panic) = self.take_unreported() {
            return Some(panic);
        }
        let mut count = self.lock();
        let unknown = count.reported == 0;
        count.happened += u32::from(unknown);
        unknown.then(|| Panic {
            message: message.to_owned(),
            ..Panic::default()
        })
    }

    /// A panic of before this request is answered as if it were this one's. None: it was reported already.
    pub(crate) fn adopt(&self, panic: Option<Panic>) {
        let mut count = self.lock();
        count.happened += 1;
        count.reported += u32::from(panic.is_none());
        count.unreported = panic;
    }

    /// From the panic hook, on the thread that panics, after the hooks that were there before ours.
    fn happened(&self, info: &PanicHookInfo<'_>) {
        {
            let mut count = self.lock();
            count.happened = (count.happened + 1).max(count.reported);
            if count.reported >= count.happened {
                return;
            }
        }
        // Without the lock: it may take a while.
        let panic = Panic {
            message: message(info.payload()),
            location: info.location().map(ToString::to_string),
            stacktrace: current_stacktrace(),
        };
        self.lock().unreported = Some(panic);
    }

    fn lock(&self) -> MutexGuard<'_, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Panic {
    /// The event of a panic that the layer reports.
    pub(crate) fn into_event(self, repanic: bool) -> Event<'static> {
        let mut mechanism = Mechanism {
            ty: MECHANISM.to_owned(),
            handled: Some(!repanic),
            ..Mechanism::default()
        };
        if let Some(location) = self.location {
            mechanism.data.insert("location".to_owned(), location.into());
        }
        Event {
            level: Level::Error,
            exception: vec![Exception {
                ty: "panic".to_owned(),
                value: Some(self.message),
                mechanism: Some(mechanism),
                stacktrace: self.stacktrace,
                ..Exception::default()
            }]
            .into(),
            ..Event::default()
        }
    }
}

/// Notes the panics of this thread in `ledger`, until it is dropped.
pub(crate) struct Watch(Option<Arc<Ledger>>);

impl Watch {
    pub(crate) fn begin(ledger: Arc<Ledger>) -> Watch {
        Watch(WATCHED.replace(Some(ledger)))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        WATCHED.set(self.0.take());
    }
}

/// Whether this thread is polling the request of that ledger: a panic here will reach the layer, if nothing stops it before.
pub(crate) fn is_watched(ledger: &Arc<Ledger>) -> bool {
    WATCHED
        .try_with(|watched| {
            watched
                .try_borrow()
                .is_ok_and(|watched| watched.as_ref().is_some_and(|watched| Arc::ptr_eq(watched, ledger)))
        })
        .unwrap_or(false)
}

/// Puts our hook behind those that are there. It does nothing on a thread that polls no request of ours.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            previous(info);
            // No storage of the thread left, or in use by whatever panicked: then there is no stack in the event.
            let watched = WATCHED
                .try_with(|watched| watched.try_borrow().ok().and_then(|watched| watched.clone()))
                .ok()
                .flatten();
            if let Some(ledger) = watched {
                ledger.happened(info);
            }
        }));
    });
}

/// What a payload says, bounded.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic whose payload is not text");
    text::bounded(message, MESSAGE_BYTES).into_owned()
}

/// Drops what a panic carried. Its destructor is somebody else's code, and may panic too.
pub(crate) fn discard(payload: Payload) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}

/// Without the panic's machinery and our hook, which are the innermost frames: on the wire those are the last.
fn current_stacktrace() -> Option<Stacktrace> {
    let mut stacktrace = sentry_backtrace::current_stacktrace()?;
    let machinery = stacktrace.frames.iter().position(|frame| {
        let function = frame.function.as_deref().unwrap_or_default();
        [
            "core::panicking::",
            "rust_begin_unwind",
            "__rustc::rust_begin_unwind",
            "std::panicking::begin_panic",
        ]
        .iter()
        .any(|start| function.starts_with(start))
    });
    if let Some(first) = machinery {
        stacktrace.frames.truncate(first);
    }
    Some(stacktrace)
}
