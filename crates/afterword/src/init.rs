//! `init`: everything that must be in place before something goes wrong, and the guard that says how it ended.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use afterword_channel::{Hello, Identity, Message, OsText, Policy, PrivateMemory, RunFile, RunState};
use afterword_store::{AppId, OutboxWriter, Store, chain};
use sentry::types::{Dsn, Uuid};

use crate::client::Parts;
use crate::options::{self, Resolved};
use crate::outbox::Outbox;
use crate::rescue::Rescuer;
use crate::running::{RUNNING, Running, now_ms};
use crate::salvage::Stock;
use crate::start::Program;
use crate::{Consent, InitError, Options, consent, handler, mirror, panics, start, terminate, this_thread};

/// Keeps Afterword in place; hold it until the end of `main`.
///
/// Dropped in the ordinary way it marks a clean exit. Dropped while its thread panics it makes the panic a crash: that is
/// the panic that ends the program.
#[must_use = "dropped at once, it would mark a clean exit at once"]
pub struct Guard {
    /// None: everything is off.
    pub(crate) parts: Option<Box<Parts>>,
}

impl Guard {
    /// Whether anything will be captured: false for an empty DSN.
    pub fn is_enabled(&self) -> bool {
        self.parts.is_some()
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("is_enabled", &self.is_enabled())
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Sets everything up and returns; waits for neither the reporter nor the network.
    ///
    /// A forked child of this process is not watched and captures nothing, and cannot call this: it is another program as far
    /// as reports go. One that starts by `exec` calls it for itself.
    ///
    /// Call it first in `main`, on the main thread. A missing reporter or a store that cannot be written are logged, once,
    /// through `log`, and the application runs without crash reports.
    ///
    /// # Errors
    /// [`InitError::InvalidDsn`] and [`InitError::InvalidOption`], which say what is wrong with it, and
    /// [`InitError::AlreadyInitialised`].
    pub fn init(self) -> Result<Guard, InitError> {
        self.set_up(Parts::bind)
    }

    /// The same without a Sentry client, for an app that sets up the SDK itself: see [`Guard::attach`].
    ///
    /// # Errors
    /// As [`Options::init`].
    pub fn start(self) -> Result<Guard, InitError> {
        self.set_up(|_| ())
    }

    fn set_up(self, bind: impl FnOnce(&Parts)) -> Result<Guard, InitError> {
        let mut options = self.resolve(&options::of_process)?;
        let Some(dsn) = options.dsn.clone() else {
            return Ok(Guard { parts: None });
        };
        if RUNNING.get().is_some() {
            return Err(InitError::AlreadyInitialised);
        }
        let app_name = options.app_name.take().unwrap_or_else(executable_name);
        if let Some((root, app_id)) = options.place(&app_name) {
            options.consent = consent::at_start(root, app_id, options.consent);
        }
        // Where nothing may be kept, nothing is written either: no store, no run file, no reporter.
        let store = (options.consent != Consent::Never)
            .then(|| options.open_store(&app_name))
            .flatten();
        if let Some((store, root, app_id)) = &store {
            options.watch(store, root, app_id, &app_name, &dsn);
        }
        let parts = Parts { options, dsn };
        bind(&parts);
        if let Some(running) = Running::of_this_process() {
            mirror::start(running);
            panics::install_hook();
            running.run.replace_state(RunState::Starting, RunState::Running);
        }
        Ok(Guard {
            parts: Some(Box::new(parts)),
        })
    }
}

impl Resolved {
    /// Where the store of the app is, or will be.
    fn place(&self, app_name: &str) -> Option<(PathBuf, AppId)> {
        let app_id = AppId::from_name(self.app_id.as_deref().unwrap_or(app_name));
        let root = match &self.store {
            Some(root) => Ok(root.clone()),
            None => Store::default_root(),
        };
        root.inspect_err(|error| log::error!("afterword is off, it has no store: {}", chain(error)))
            .ok()
            .map(|root| (root, app_id))
    }

    fn open_store(&self, app_name: &str) -> Option<(Store, PathBuf, AppId)> {
        let (root, app_id) = self.place(app_name)?;
        let opened = Store::open(&root, &app_id).map(|store| (store, root, app_id));
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
            outbox: Outbox::new(OutboxWriter::new(&folder), self.delivery, self.timeout),
            store: store.clone(),
            dsn: hello.identity.dsn.clone(),
            release: self.release.clone(),
            environment: self.environment.clone(),
            run_id: hello.run_id,
            deadline: Duration::from_millis(self.deadline_ms),
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
                environment: Some(self.environment.clone()),
                policy: match self.consent {
                    Consent::Ask => Policy::Ask,
                    Consent::Always => Policy::Always,
                    Consent::Never => Policy::Never,
                },
                max_breadcrumbs: self.max_breadcrumbs,
                full_stacks: self.full_stacks,
                server_name: self.server_name.clone(),
                release_health: self.release_health,
                transport: self.transport.clone(),
                rules: self.crash_rules.clone(),
                secrets: self.secrets.clone(),
            },
            links: self.links.clone(),
            executable: std::env::current_exe().unwrap_or_default().into(),
            can_restart: true,
            arguments: std::env::args_os().skip(1).map(OsText::from).collect(),
            working_folder: std::env::current_dir().unwrap_or_default().into(),
            terminal: start::terminal().map(OsText::from),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(running) = Running::of_this_process() else {
            return;
        };
        if !self.is_enabled() {
            return;
        }
        handler::wait_for_another_threads_crash(running);
        if std::thread::panicking() && panics::is_crash(running) {
            return;
        }
        panics::survived(running);
        // Waits for nothing: what is left to be told of losses is put with what is sent.
        if let Some(client) = sentry::Hub::main().client() {
            client.flush(Some(Duration::ZERO));
        }
        running.clean_exit();
        running.tell(&Message::Ending);
        running.clean_up_alone();
    }
}

fn executable_name() -> String {
    std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "application".to_owned())
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
        assert!(sentry::Hub::main().client().is_none());
    }
}
