//! `init`: everything that must be in place before something goes wrong, and the guard that says how it ended.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::ThreadId;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use afterword_channel::{AppChannel, Hello, Identity, Message, OsText, Policy, PrivateMemory, RunFile, RunState};
use afterword_store::{AppId, ConsentPolicy, Store, chain};
use sentry::types::{Dsn, ParseDsnError, Uuid};
use sentry::{Client, ClientOptions, Hub};

use crate::frames::OwnFrames;
use crate::rescue::Rescuer;
use crate::salvage::Stock;
use crate::start::Program;
use crate::transport::StoreTransport;
use crate::{Consent, InitError, Options, handler, mirror, panics, start, terminate, this_thread};

/// What the whole process shares once `init` has returned. Never dropped.
pub(crate) struct Running {
    pub(crate) run: RunFile,
    pub(crate) memory: PrivateMemory,
    pub(crate) channel: AppChannel,
    /// None where there is no such program: then the salvage alone is left.
    pub(crate) program: Option<Program>,
    pub(crate) rescuer: Option<Rescuer>,
    pub(crate) stock: Stock,
    store: Store,
    pub(crate) run_id: Uuid,
    pub(crate) deadline: Duration,
    pub(crate) init_thread: ThreadId,
    /// The same, by the system's number.
    pub(crate) init_tid: u32,
    /// Panics of the init thread whose verdict is open.
    pub(crate) open_panics: Mutex<panics::Open>,
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

    /// The app ends by itself, unless it is crashing.
    pub(crate) fn clean_exit(&self) {
        for from in [RunState::Running, RunState::Starting, RunState::Terminated] {
            self.run.replace_state(from, RunState::CleanExit);
        }
    }

    /// A run that ends well without a reporter leaves nothing behind.
    fn clean_up_alone(&self) {
        if self.channel.is_closed()
            && self.run.state() == RunState::CleanExit
            && let Err(error) = self.store.remove_run(self.run_id)
        {
            log::debug!("{}", chain(&error));
        }
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
            running.run.replace_state(RunState::Starting, RunState::Running);
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
        if start::is_reporter() {
            log::error!(
                "crashes will not be captured: this process was started as the reporter: \
                 call afterword_reporter::run_if_asked() first in main"
            );
            return;
        }
        let hello = self.hello(root, app_id, app_name, dsn);
        match self.share(store, &hello) {
            Ok(running) => {
                if RUNNING.set(running).is_ok()
                    && let Some(running) = RUNNING.get()
                {
                    handler::install(running);
                    terminate::install();
                }
            }
            Err(why) => {
                log::error!("crashes will not be captured: {why}");
                if let Err(error) = store.remove_run(hello.run_id) {
                    log::debug!("{}", chain(&error));
                }
            }
        }
    }

    /// Makes what the app and the reporter share, and starts the reporter. Without one the run goes on: what its handler
    /// saves is reported by the next start that has a reporter.
    fn share(&self, store: &Store, hello: &Hello) -> Result<Running, String> {
        let folder = store.create_run(hello.run_id).map_err(|error| chain(&error))?;
        let run = RunFile::create(&folder, hello.run_id, now_ms(), &hello.identity).map_err(|error| chain(&error))?;
        let memory = PrivateMemory::create(hello).map_err(|error| chain(&error))?;
        let (channel, reporter_end) = afterword_channel::pair().map_err(|error| chain(&error))?;
        let not_started = |error: &std::io::Error| {
            log::error!("the reporter does not start: {error}; what crashes now is reported later")
        };
        let program = Program::find(&self.reporter).inspect_err(not_started).ok();
        if let Some(program) = &program {
            // What failed now (no process was to be had) may work when the mirror's thread looks.
            start::reporter(program, &run, &memory, reporter_end).unwrap_or_else(|error| not_started(&error));
        }
        Ok(Running {
            rescuer: program
                .as_ref()
                .and_then(|program| Rescuer::new(program, &run, &memory)),
            stock: Stock::new(self.full_stacks),
            run,
            memory,
            channel,
            program,
            store: store.clone(),
            run_id: hello.run_id,
            deadline: Duration::from_millis(self.deadline_ms.min(60_000)),
            init_thread: std::thread::current().id(),
            init_tid: this_thread::number(),
            open_panics: Mutex::default(),
            requests: AtomicU32::new(0),
        })
    }

    fn hello(&self, root: &Path, app_id: &AppId, app_name: &str, dsn: &Dsn) -> Hello {
        Hello {
            run_id: Uuid::new_v4(),
            store_root: std::path::absolute(root).unwrap_or_else(|_| root.to_owned()).into(),
            app_id: app_id.as_str().to_owned(),
            identity: Identity {
                app_name: app_name.to_owned(),
                dsn: dsn.to_string(),
                release: self.release.clone(),
                environment: Some(self.environment_or_default()),
                policy: match self.consent {
                    Consent::Ask => Policy::Ask,
                    Consent::Always => Policy::Always,
                    Consent::Never => Policy::Never,
                },
                max_breadcrumbs: self.max_breadcrumbs,
                full_stacks: self.full_stacks,
                ..Identity::default()
            },
            executable: std::env::current_exe().unwrap_or_default().into(),
            can_restart: true,
            arguments: std::env::args_os().skip(1).map(OsText::from).collect(),
            working_folder: std::env::current_dir().unwrap_or_default().into(),
            terminal: start::terminal().map(OsText::from),
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
        handler::wait_for_another_threads_crash(running);
        if std::thread::panicking() && panics::is_crash(running) {
            return;
        }
        panics::survived(running);
        running.clean_exit();
        running.tell(&Message::Ending);
        running.clean_up_alone();
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

/// Milliseconds since 1970. Safe in a signal handler.
pub(crate) fn now_ms() -> u64 {
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
