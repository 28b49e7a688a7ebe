//! `init`: everything that must be in place before something goes wrong, and the guard that says how it ended.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::ThreadId;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use afterword_channel::{AppChannel, Hello, Message, OsText, Policy, RunFile, RunState};
use afterword_store::{AppId, ConsentPolicy, Store, chain};
use sentry::types::{Dsn, ParseDsnError, Uuid};
use sentry::{Client, ClientOptions, Hub};

use crate::frames::OwnFrames;
use crate::transport::StoreTransport;
use crate::{Consent, InitError, Options, handler, mirror, panics, start};

/// What the whole process shares once `init` has returned. Never dropped.
pub(crate) struct Running {
    pub(crate) run: RunFile,
    pub(crate) channel: AppChannel,
    pub(crate) deadline: Duration,
    pub(crate) init_thread: ThreadId,
    /// A panic of the init thread whose verdict is open: its event, captured as an error if it is survived.
    pub(crate) open_panic: Mutex<Option<sentry::protocol::Event<'static>>>,
    requests: AtomicU32,
}

static RUNNING: OnceLock<Running> = OnceLock::new();

impl Running {
    /// The state of this process; none in a forked child, which is not the app.
    pub(crate) fn of_this_process() -> Option<&'static Running> {
        RUNNING.get().filter(|running| running.run.pid() == std::process::id())
    }

    pub(crate) fn next_request(&self) -> u32 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Tells the reporter, which may be gone or behind: what matters is in the store and in the run file.
    pub(crate) fn tell(&self, message: &Message) {
        if let Err(error) = self.channel.send(message) {
            log::debug!("the reporter was not told: {error}");
        }
    }
}

/// Keeps Afterword in place; hold it until the end of `main`.
///
/// Dropped in the ordinary way it marks a clean exit. Dropped while its thread panics it makes the panic a crash: that is
/// the panic that ends the program.
#[must_use = "dropped at once, it would mark a clean exit at once"]
#[derive(Debug)]
pub struct Guard {
    enabled: bool,
}

impl Guard {
    /// Whether anything will be captured: false for an empty DSN.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }
}

impl Options {
    /// Sets everything up and returns; waits for neither the reporter nor the network.
    ///
    /// Call it first in `main`, on the main thread. A missing reporter or a store that cannot be written are logged, once,
    /// through `log`, and the application runs without crash reports.
    ///
    /// # Errors
    /// [`InitError::InvalidDsn`], which says what is wrong with it, and [`InitError::AlreadyInitialised`].
    pub fn init(self) -> Result<Guard, InitError> {
        let dsn = self.dsn.trim();
        if dsn.is_empty() {
            return Ok(Guard { enabled: false });
        }
        let dsn = Dsn::from_str(dsn).map_err(|error| InitError::InvalidDsn {
            dsn: without_secret(dsn),
            why: in_words(&error).to_owned(),
        })?;
        if RUNNING.get().is_some() {
            return Err(InitError::AlreadyInitialised);
        }
        let app_name = self.app_name.clone().unwrap_or_else(executable_name);
        // Where nothing may be kept, nothing is written either: no store, no run file, no reporter.
        let store = (self.consent != Consent::Never)
            .then(|| self.open_store(&app_name))
            .flatten();
        if let Some((store, root, app_id)) = &store {
            self.watch(store, root, app_id, &app_name, &dsn);
        }
        self.bind_client(dsn, app_name, store.map(|(store, ..)| store));
        if let Some(running) = Running::of_this_process() {
            mirror::start(running);
            panics::install_hook();
            running.run.set_state(RunState::Running);
        }
        Ok(Guard { enabled: true })
    }

    fn open_store(&self, app_name: &str) -> Option<(Store, PathBuf, AppId)> {
        let app_id = AppId::from_name(self.app_id.as_deref().unwrap_or(app_name));
        let opened = match &self.store {
            Some(root) => Ok(root.clone()),
            None => Store::default_root(),
        }
        .and_then(|root| Ok((Store::open(&root, &app_id)?, root, app_id)));
        opened
            .inspect_err(|error| log::error!("afterword is off, its store cannot be opened: {}", chain(error)))
            .ok()
    }

    /// Maps the run file, starts the reporter, installs the handlers. A failure is said once, and leaves nothing behind.
    fn watch(&self, store: &Store, root: &Path, app_id: &AppId, app_name: &str, dsn: &Dsn) {
        let run_id = Uuid::new_v4();
        match self.start(store, root, app_id, app_name, dsn, run_id) {
            Ok(running) => {
                if RUNNING.set(running).is_ok()
                    && let Some(running) = RUNNING.get()
                {
                    handler::install(running);
                }
            }
            Err(why) => {
                log::error!("crashes will not be captured: {why}");
                if let Err(error) = store.remove_run(run_id) {
                    log::debug!("{}", chain(&error));
                }
            }
        }
    }

    fn start(
        &self,
        store: &Store,
        root: &Path,
        app_id: &AppId,
        app_name: &str,
        dsn: &Dsn,
        run_id: Uuid,
    ) -> Result<Running, String> {
        let program =
            start::program(&self.reporter).map_err(|error| format!("the reporter does not start: {error}"))?;
        let folder = store.create_run(run_id).map_err(|error| chain(&error))?;
        let run = RunFile::create(&folder, run_id, now_ms()).map_err(|error| chain(&error))?;
        let (channel, reporter_end) = afterword_channel::pair().map_err(|error| chain(&error))?;
        let hello = self.hello(root, app_id, app_name, dsn, run_id);
        // Before the reporter is up: what is written now waits in the channel.
        say_hello(&channel, hello).map_err(|error| chain(&error))?;
        start::reporter(&program, &run, reporter_end)
            .map_err(|error| format!("the reporter does not start: {error}"))?;
        Ok(Running {
            run,
            channel,
            deadline: Duration::from_millis(self.deadline_ms.min(60_000)),
            init_thread: std::thread::current().id(),
            open_panic: Mutex::new(None),
            requests: AtomicU32::new(0),
        })
    }

    fn hello(&self, root: &Path, app_id: &AppId, app_name: &str, dsn: &Dsn, run_id: Uuid) -> Hello {
        Hello {
            run_id,
            store_root: std::path::absolute(root).unwrap_or_else(|_| root.to_owned()).into(),
            app_id: app_id.as_str().to_owned(),
            app_name: app_name.to_owned(),
            dsn: dsn.to_string(),
            release: self.release.clone(),
            environment: Some(self.environment_or_default()),
            policy: match self.consent {
                Consent::Ask => Policy::Ask,
                Consent::Always => Policy::Always,
                Consent::Never => Policy::Never,
            },
            executable: std::env::current_exe().unwrap_or_default().into(),
            can_restart: true,
            arguments: std::env::args_os().skip(1).map(OsText::from).collect(),
            working_folder: std::env::current_dir().unwrap_or_default().into(),
            terminal: start::terminal().map(OsText::from),
            max_breadcrumbs: self.max_breadcrumbs,
            full_stacks: self.full_stacks,
        }
    }

    fn environment_or_default(&self) -> String {
        let default = if cfg!(debug_assertions) {
            "development"
        } else {
            "production"
        };
        self.environment.clone().unwrap_or_else(|| default.to_owned())
    }

    /// Builds the client directly: `sentry::init` panics on a bad DSN, and reads the environment when ours is empty.
    fn bind_client(&self, dsn: Dsn, app_name: String, store: Option<Store>) {
        let policy = match self.consent {
            Consent::Ask => ConsentPolicy::Ask,
            Consent::Always => ConsentPolicy::Always,
            Consent::Never => ConsentPolicy::Never,
        };
        let mut options = ClientOptions::new()
            .max_breadcrumbs(self.max_breadcrumbs)
            .attach_stacktrace(self.attach_stacktrace)
            .environment(self.environment_or_default())
            .maybe_release(self.release.clone())
            .before_breadcrumb(|breadcrumb| {
                // Under the hub's lock: only the run file is touched.
                mirror::breadcrumb(&breadcrumb);
                Some(breadcrumb)
            })
            .add_integration(sentry::integrations::backtrace::AttachStacktraceIntegration)
            .add_integration(sentry::integrations::contexts::ContextIntegration::new())
            .add_integration(sentry::integrations::backtrace::ProcessStacktraceIntegration)
            .add_integration(OwnFrames);
        options.default_integrations = false;
        options.dsn = Some(dsn.clone());
        // Without a store nothing could be kept or asked: the hub stays, and drops what it is given.
        if let Some(store) = store {
            let transport = StoreTransport::new(store, policy, dsn, app_name);
            options.transport = Some(Arc::new(Arc::new(transport)));
        }
        Hub::main().bind_client(Some(Arc::new(Client::with_options(options))));
        if !Arc::ptr_eq(&Hub::current(), &Hub::main()) {
            Hub::current().bind_client(Hub::main().client());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(running) = Running::of_this_process() else {
            return;
        };
        if !self.enabled {
            return;
        }
        if std::thread::panicking() && panics::is_crash(running) {
            return;
        }
        panics::survived(running);
        running.run.set_state(RunState::CleanExit);
        running.tell(&Message::Ending);
    }
}

/// Sends the Hello; where its arguments make it too long, without them: then there is no restart.
fn say_hello(channel: &AppChannel, hello: Hello) -> Result<(), afterword_channel::Error> {
    match channel.send(&Message::Hello(Box::new(hello.clone()))) {
        Err(afterword_channel::Error::Message(_)) => {
            let shorter = Hello {
                can_restart: false,
                arguments: Vec::new(),
                ..hello
            };
            channel.send(&Message::Hello(Box::new(shorter)))
        }
        sent => sent,
    }
}

fn in_words(error: &ParseDsnError) -> &'static str {
    match error {
        ParseDsnError::InvalidUrl => "it is not a URL",
        ParseDsnError::InvalidScheme => "its scheme is neither http nor https",
        ParseDsnError::NoUsername => "the public key before the @ is missing",
        ParseDsnError::NoProjectId => "the project after the host is missing",
        ParseDsnError::InvalidProjectId(_) => "the project after the host cannot be read",
    }
}

fn without_secret(dsn: &str) -> String {
    match dsn.split_once('@') {
        Some((before, after)) => match before.rsplit_once(':') {
            Some((scheme_and_key, secret)) if !secret.starts_with("//") => format!("{scheme_and_key}:…@{after}"),
            _ => dsn.to_owned(),
        },
        None => dsn.to_owned(),
    }
}

fn executable_name() -> String {
    std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "application".to_owned())
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_dsn_is_an_error_that_names_what_is_wrong() {
        for (dsn, words) in [
            ("crashes.example.com/1", "not a URL"),
            ("https://crashes.example.com/1", "public key"),
            ("https://key@crashes.example.com", "project after the host"),
            ("ftp://key@crashes.example.com/1", "neither http nor https"),
        ] {
            let error = Options::new(dsn).init().unwrap_err().to_string();
            assert!(
                error.contains(words) && error.contains("crashes.example.com"),
                "{dsn}: {error}"
            );
        }
        let error = Options::new("ftp://key:hunter2@h/1").init().unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn an_empty_dsn_turns_everything_off() {
        let guard = Options::new(" ").init().unwrap();
        assert!(!guard.is_enabled());
        assert!(Running::of_this_process().is_none());
        assert!(Hub::main().client().is_none());
    }
}
