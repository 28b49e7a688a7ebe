//! The Sentry client: ours, or that of an app which sets up the SDK itself.

use std::sync::Arc;

use sentry::integrations::backtrace::{AttachStacktraceIntegration, ProcessStacktraceIntegration};
use sentry::integrations::contexts::ContextIntegration;
use sentry::types::Dsn;
use sentry::{Breadcrumb, Client, ClientOptions, Envelope, Hub, Integration, Transport};
use sentry::{EventSamplingStrategy, TracesSamplingStrategy};

use crate::frames::OwnFrames;
use crate::options::{Resolved, Tracing, apply_under_hub};
use crate::outgoing::{self, OutgoingFactory};
use crate::running::Running;
use crate::transport::OutboxFactory;
use crate::{Guard, mirror};

/// What a client is made of.
pub(crate) struct Parts {
    pub(crate) options: Resolved,
    pub(crate) dsn: Dsn,
}

impl Parts {
    /// Builds the client directly: `sentry::init` panics on a bad DSN, and reads the environment when ours is empty.
    pub(crate) fn bind(&self) {
        let options = self.fill(ClientOptions::new());
        Hub::main().bind_client(Some(Arc::new(Client::with_options(options))));
        if !Arc::ptr_eq(&Hub::current(), &Hub::main()) {
            Hub::current().bind_client(Hub::main().client());
        }
    }

    /// What is said in `options` stays; the rest is ours, and so are transport, integrations and the ways of hooks.
    fn fill(&self, mut options: ClientOptions) -> ClientOptions {
        let ours = &self.options;
        options.dsn.get_or_insert_with(|| self.dsn.clone());
        if options.release.is_none() {
            options.release = ours.release.clone().map(Into::into);
        }
        options
            .environment
            .get_or_insert_with(|| ours.environment.clone().into());
        if options.server_name.is_none() {
            options.server_name = ours.server_name.clone().map(Into::into);
        }
        options.debug |= ours.debug;
        options.attach_stacktrace |= ours.attach_stacktrace;
        options.send_default_pii |= ours.send_default_pii;
        if options.max_breadcrumbs == ClientOptions::new().max_breadcrumbs {
            options.max_breadcrumbs = ours.max_breadcrumbs;
        }
        self.fill_hooks(&mut options);
        self.fill_integrations(&mut options);
        // A session for each run is told by the reporter.
        options.auto_session_tracking = false;
        options.transport = Some(match Running::of_this_process() {
            Some(_) => Arc::new(OutgoingFactory::new(OutboxFactory, ours)),
            None => Arc::new(Arc::new(Nowhere)),
        });
        options
    }

    fn fill_hooks(&self, options: &mut ClientOptions) {
        let ours = &self.options;
        // Sampling is done before `before_send`, by ours.
        let rate = match options.event_sampling_strategy {
            EventSamplingStrategy::FixedRate(rate) if rate < 1.0 => rate,
            _ => ours.sample_rate,
        };
        options.event_sampling_strategy = EventSamplingStrategy::FixedRate(1.0);
        let mut hooks = ours.hooks.clone();
        if let Some(theirs) = options.before_send.take() {
            hooks.before_send = Some(theirs);
        }
        options.before_send = Some(Arc::new(outgoing::before_send(rate, &hooks)));
        let before_breadcrumb = options.before_breadcrumb.take().or(hooks.before_breadcrumb.clone());
        options.before_breadcrumb = Some(Arc::new(move |breadcrumb: Breadcrumb| {
            let kept = match &before_breadcrumb {
                Some(hook) => apply_under_hub(hook, breadcrumb)?,
                None => breadcrumb,
            };
            // Under the hub's lock: only the run file is touched.
            mirror::breadcrumb(&kept);
            Some(kept)
        }));
        if matches!(options.traces_sampling_strategy, TracesSamplingStrategy::Disabled) {
            options.traces_sampling_strategy = match (ours.tracing, hooks.sampler()) {
                (Tracing::Off, _) | (Tracing::Sampler, None) => TracesSamplingStrategy::Disabled,
                (Tracing::Rate(rate), _) => TracesSamplingStrategy::FixedRate(rate),
                (Tracing::Sampler, Some(sampler)) => TracesSamplingStrategy::Function(Arc::new(sampler)),
            };
        }
    }

    /// Ours come first, as the SDK's own would. Panics are ours to hook.
    fn fill_integrations(&self, options: &mut ClientOptions) {
        options.default_integrations = false;
        let theirs = std::mem::take(&mut options.integrations);
        let ours: [Arc<dyn Integration>; 3] = [
            Arc::new(AttachStacktraceIntegration),
            Arc::new(ContextIntegration::new()),
            Arc::new(ProcessStacktraceIntegration),
        ];
        let names: Vec<&str> = ours.iter().map(|integration| integration.name()).collect();
        let theirs = theirs
            .into_iter()
            .filter(|integration| integration.name() != "panic" && !names.contains(&integration.name()));
        options.integrations = ours.iter().cloned().chain(theirs).collect();
        options.integrations.push(Arc::new(OwnFrames {
            server_name: options.server_name.clone(),
        }));
    }
}

impl Guard {
    /// The options of an app that sets up the Sentry SDK itself, with what makes them part of Afterword:
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use afterword::sentry;
    ///
    /// let afterword = afterword::Options::new("https://key@crashes.example.com/1").start()?;
    /// let _sentry = sentry::init(afterword.attach(sentry::ClientOptions::new().debug(true)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What they say stays: DSN, release, rates, hooks, integrations. What they do not say is as in our [`Options`]
    /// (the SDK's own variables of the environment come last). Ours in any case are the transport, so that nothing is sent
    /// without consent, and the hook for panics. With an empty DSN of ours the client is off, whatever they say.
    ///
    /// [`Options`]: crate::Options
    pub fn attach(&self, mut options: ClientOptions) -> ClientOptions {
        match &self.parts {
            Some(parts) => parts.fill(options),
            None => {
                // With nothing in its place, the SDK would look for a DSN and send by itself.
                options.transport = Some(Arc::new(Arc::new(Nowhere)));
                options
            }
        }
    }
}

/// Drops what it is given.
struct Nowhere;

impl Transport for Nowhere {
    fn send_envelope(&self, _envelope: Envelope) {}
}
