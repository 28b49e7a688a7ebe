//! Hubs bound to work: a future, a thread, a closure, a request.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use sentry::{Hub, SentryFuture, SentryFutureExt};

/// What is done with a hub so that others work with it. A hub that is bound is the current one ([`Hub::current`]) for as long as
/// the work runs, on whichever thread.
///
/// ```
/// use std::sync::Arc;
/// use afterword::HubExt;
/// use afterword::sentry::Hub;
///
/// let hub = Hub::current().fork();
/// hub.configure_scope(|scope| scope.set_tag("job", "export"));
/// let same = hub.clone();
/// let export = hub.spawn("export", move || Arc::ptr_eq(&Hub::current(), &same))?;
/// assert!(export.join().unwrap());
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait HubExt {
    /// A hub of its own with the same client and a copy of the scope: for work whose tags are nobody else's.
    #[must_use]
    fn fork(&self) -> Arc<Hub>;

    /// A future that is polled with this hub.
    fn bind<F: Future>(&self, future: F) -> SentryFuture<F>;

    /// A closure that runs with this hub: for a thread pool, a callback.
    fn wrap<R, F: FnOnce() -> R>(&self, work: F) -> impl FnOnce() -> R + use<Self, R, F>;

    /// A thread with a name that runs with this hub.
    ///
    /// # Errors
    /// When the system has no thread to give.
    fn spawn<R: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> io::Result<JoinHandle<R>>;

    /// Puts the hub into a request's extensions, where the layer of `afterword-tower` and handlers find it.
    #[cfg(feature = "http")]
    fn bind_request<B>(&self, request: &mut http::Request<B>);
}

impl HubExt for Arc<Hub> {
    fn fork(&self) -> Arc<Hub> {
        Arc::new(Hub::new_from_top(self))
    }

    fn bind<F: Future>(&self, future: F) -> SentryFuture<F> {
        future.bind_hub(self.clone())
    }

    fn wrap<R, F: FnOnce() -> R>(&self, work: F) -> impl FnOnce() -> R + use<R, F> {
        let hub = self.clone();
        move || Hub::run(hub, work)
    }

    fn spawn<R: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> io::Result<JoinHandle<R>> {
        let hub = self.clone();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || Hub::run(hub, work))
    }

    #[cfg(feature = "http")]
    fn bind_request<B>(&self, request: &mut http::Request<B>) {
        request.extensions_mut().insert(self.clone());
    }
}
