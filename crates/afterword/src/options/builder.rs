//! The builder's methods, in the order of the table.

use std::path::PathBuf;
use std::sync::Arc;

use sentry::protocol::{Event, Transaction};
use sentry::{Breadcrumb, TransactionContext};

use super::{Consent, CrashRules, Delivery, DropRule, Options, RedactRule, Reporter, Secret, Secrets, Transport};

impl Options {
    /// The defaults, with reports going to `dsn`. An empty one turns everything off, and what the environment says does not
    /// turn it on; to leave the DSN to the environment, begin with `Options::default()`.
    pub fn new(dsn: impl Into<String>) -> Options {
        Options::default().dsn(dsn)
    }

    /// Where reports go.
    #[must_use]
    pub fn dsn(mut self, dsn: impl Into<String>) -> Options {
        self.settings.dsn = Some(dsn.into());
        self
    }

    /// The release tag, such as `paintbox@1.4.0`.
    #[must_use]
    pub fn release(mut self, release: impl Into<String>) -> Options {
        self.settings.release = Some(release.into());
        self
    }

    /// The environment tag, such as `production`.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Options {
        self.settings.environment = Some(environment.into());
        self
    }

    /// A name for the computer.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Options {
        self.settings.server_name = Some(name.into());
        self
    }

    /// Which part of errors and messages is kept, 0 to 1.
    #[must_use]
    pub fn sample_rate(mut self, rate: f32) -> Options {
        self.settings.sample_rate = Some(rate);
        self
    }

    /// Turns tracing on or off.
    #[must_use]
    pub fn enable_tracing(mut self, enable: bool) -> Options {
        self.settings.enable_tracing = Some(enable);
        self
    }

    /// Which part of transactions is kept, 0 to 1, where no caller has decided.
    #[must_use]
    pub fn traces_sample_rate(mut self, rate: f32) -> Options {
        self.settings.traces_sample_rate = Some(rate);
        self
    }

    /// Decides with which probability, 0 to 1, a transaction is kept. It may look at what a caller has decided
    /// (`context.sampled()`). One that panics keeps none.
    #[must_use]
    pub fn traces_sampler(mut self, sampler: impl Fn(&TransactionContext) -> f32 + Send + Sync + 'static) -> Options {
        self.hooks.traces_sampler = Some(Arc::new(sampler));
        self
    }

    /// Changes an error or a message before it is kept, or drops it (`None`). One that panics has changed nothing. Crashes
    /// do not come here, since nothing of the app can run any more when they happen: see [`Options::crash_rules`].
    #[must_use]
    pub fn before_send(
        mut self,
        hook: impl Fn(Event<'static>) -> Option<Event<'static>> + Send + Sync + 'static,
    ) -> Options {
        self.hooks.before_send = Some(Arc::new(hook));
        self
    }

    /// The same for transactions.
    #[must_use]
    pub fn before_send_transaction(
        mut self,
        hook: impl Fn(Transaction<'static>) -> Option<Transaction<'static>> + Send + Sync + 'static,
    ) -> Options {
        self.hooks.before_send_transaction = Some(Arc::new(hook));
        self
    }

    /// The same for breadcrumbs, those of crash reports too. It runs under the hub's lock: call no hub in it.
    #[must_use]
    pub fn before_breadcrumb(
        mut self,
        hook: impl Fn(Breadcrumb) -> Option<Breadcrumb> + Send + Sync + 'static,
    ) -> Options {
        self.hooks.before_breadcrumb = Some(Arc::new(hook));
        self
    }

    /// Attach a stack to plain messages too.
    #[must_use]
    pub fn attach_stacktrace(mut self, attach: bool) -> Options {
        self.settings.attach_stacktrace = Some(attach);
        self
    }

    /// How many breadcrumbs are kept.
    #[must_use]
    pub fn max_breadcrumbs(mut self, count: usize) -> Options {
        self.settings.max_breadcrumbs = Some(count);
        self
    }

    /// Lets integrations add what tells a person, such as cookies and addresses.
    #[must_use]
    pub fn send_default_pii(mut self, send: bool) -> Options {
        self.settings.send_default_pii = Some(send);
        self
    }

    /// Has the client say what it does.
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Options {
        self.settings.debug = Some(debug);
        self
    }

    /// How what was captured gets to the server, all of it at once.
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Options {
        self.settings.transport = transport;
        self
    }

    /// Whether a capture waits for the server.
    #[must_use]
    pub fn delivery(mut self, delivery: Delivery) -> Options {
        self.settings.transport.delivery = Some(delivery);
        self
    }

    /// What may be sent without asking. What the person decides at runtime ([`crate::set_consent`]) counts before this.
    #[must_use]
    pub fn consent(mut self, consent: Consent) -> Options {
        self.settings.consent = Some(consent);
        self
    }

    /// What to do with crashes before anybody sees them, all of it at once.
    #[must_use]
    pub fn crash_rules(mut self, rules: CrashRules) -> Options {
        self.settings.crash_rules = rules;
        self
    }

    /// Makes no report of crashes with this signature, in which `*` stands for any text.
    #[must_use]
    pub fn drop_crashes(mut self, signature: impl Into<String>) -> Options {
        self.settings.crash_rules.drop.push(DropRule {
            signature: Some(signature.into()),
            module: None,
        });
        self
    }

    /// Makes no report of crashes with this module anywhere on the crashed thread's stack: its file name, in which `*` stands
    /// for any text.
    #[must_use]
    pub fn drop_crashes_in(mut self, module: impl Into<String>) -> Options {
        self.settings.crash_rules.drop.push(DropRule {
            signature: None,
            module: Some(module.into()),
        });
        self
    }

    /// Takes what a regular expression (of the `regex` crate) finds out of the texts of reports, errors and transactions:
    /// messages, tags, contexts, extra, the user, breadcrumbs and attached text files. `with` stands there as it is. The
    /// minidump is not touched: it has no texts, but with [`full_stacks`](Options::full_stacks) it has, and nothing reaches
    /// into it.
    #[must_use]
    pub fn redact(mut self, pattern: impl Into<String>, with: impl Into<String>) -> Options {
        self.settings.crash_rules.redact.push(RedactRule {
            name: None,
            pattern: pattern.into(),
            with: Some(with.into()),
        });
        self
    }

    /// The same with a name for what the expression finds, such as `customer number`: `[removed: customer number]` stands there
    /// instead, and the person who is asked reads how often.
    #[must_use]
    pub fn redact_named(mut self, name: impl Into<String>, pattern: impl Into<String>) -> Options {
        self.settings.crash_rules.redact.push(RedactRule {
            name: Some(name.into()),
            pattern: pattern.into(),
            with: None,
        });
        self
    }

    /// Which passwords, tokens and addresses stay in texts, all of it at once.
    #[must_use]
    pub fn secrets(mut self, secrets: Secrets) -> Options {
        self.settings.secrets = secrets;
        self
    }

    /// Leaves secrets of one kind in texts.
    #[must_use]
    pub fn keep_secret(mut self, kind: Secret) -> Options {
        self.settings.secrets.keep.push(kind);
        self
    }

    /// Whether each run is told as a session, for the health of releases.
    #[must_use]
    pub fn release_health(mut self, tell: bool) -> Options {
        self.settings.release_health = Some(tell);
        self
    }

    /// What a person calls the program.
    #[must_use]
    pub fn app_name(mut self, name: impl Into<String>) -> Options {
        self.settings.app_name = Some(name.into());
        self
    }

    /// The folder of its reports in the store: letters, digits, `.`, `_` and `-`; anything else is replaced.
    #[must_use]
    pub fn app_id(mut self, id: impl Into<String>) -> Options {
        self.settings.app_id = Some(id.into());
        self
    }

    /// A page (`http` or `https`) that says what becomes of reports: the dialog links to it beside the question.
    #[must_use]
    pub fn privacy_url(mut self, url: impl Into<String>) -> Options {
        self.settings.privacy_url = Some(url.into());
        self
    }

    /// A page (`http` or `https`) with a newer version: the dialog links to it after sending, where the server knows that the
    /// crash is fixed.
    #[must_use]
    pub fn update_url(mut self, url: impl Into<String>) -> Options {
        self.settings.update_url = Some(url.into());
        self
    }

    /// The root folder of the store.
    #[must_use]
    pub fn store(mut self, folder: impl Into<PathBuf>) -> Options {
        self.settings.store = Some(folder.into());
        self
    }

    /// Which program is the reporter.
    #[must_use]
    pub fn reporter(mut self, reporter: Reporter) -> Options {
        self.settings.reporter = Some(reporter);
        self
    }

    /// How long, in milliseconds, a crashing program waits for its report to be kept. At most 60 000.
    #[must_use]
    pub fn deadline_ms(mut self, deadline_ms: u64) -> Options {
        self.settings.deadline_ms = Some(deadline_ms);
        self
    }

    /// Keep stacks, registers and the memory around them as they are: debuggers show more, and whatever the program held there
    /// (text, keys, documents) is in the report. Otherwise addresses and small numbers alone stay, which is all that working
    /// out the stack takes. What names the user in paths is masked in either case.
    #[must_use]
    pub fn full_stacks(mut self, full: bool) -> Options {
        self.settings.full_stacks = Some(full);
        self
    }
}
