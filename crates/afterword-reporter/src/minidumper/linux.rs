//! The loop: one thread that is blocked until a client, a capture or a signal has something for it.

#[path = "client.rs"]
mod client;
#[path = "listener.rs"]
mod listener;
#[path = "peer.rs"]
mod peer;
#[path = "wire.rs"]
mod wire;
#[path = "work.rs"]
mod work;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use afterword_store::{AppId, ReportId, Store};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::options::Settings;
use crate::ask::{Shell, Watched};
use crate::errands::{Errand, Errands};
use crate::error::chain;
use crate::policy::CurrentPolicy;
use crate::sending::Task;
use crate::{Error, detach, journal, leftovers};
use client::{Client, Said};
use listener::Listener;
use work::{Done, Work};

/// Connections at once. Each takes two descriptors, of usually 1,024.
const MAX_CLIENTS: usize = 256;
/// How long to leave the listener alone when a connection could not be accepted (no descriptor is free, say).
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

pub(super) fn serve(settings: &Settings, shells: Vec<Box<dyn Shell>>) -> Result<(), Error> {
    let hello = &settings.hello;
    let store = Store::open(hello.store_root.as_path(), &AppId::new(&hello.app_id)?)?;
    let listener = Listener::bind(&settings.socket)?;
    let attributes = detach::files_for_the_user_alone();
    journal::open(&store.log_folder(), hello.run_id);
    let end = end_signals().map_err(Error::Wait)?;
    let policy = CurrentPolicy::of(&store, hello.identity.policy);
    let errands = if settings.only_keeps() {
        leftovers::clean_up(&store, hello.run_id, std::process::id(), &hello.identity, &policy);
        None
    } else {
        let watched = Watched {
            hello: hello.clone(),
            pid: std::process::id(),
            attributes,
        };
        Some(Errands::start(
            store.clone(),
            watched,
            policy.clone(),
            None,
            shells,
            Arc::default(),
        ))
    };
    say_ready(settings);
    let mut serving = Serving {
        listener: Some(listener),
        accept_again: None,
        end,
        work: Work::new(store, hello.identity.clone(), policy).map_err(Error::Wait)?,
        errands,
        clients: Vec::new(),
    };
    let ended = serving.until_the_end();
    log::info!("done");
    ended
}

/// A byte can be read from it once this process is asked to end.
fn end_signals() -> io::Result<UnixStream> {
    let (end, signal) = UnixStream::pair()?;
    for number in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::low_level::pipe::register(number, signal.try_clone()?)?;
    }
    Ok(end)
}

/// For who starts this process and then its clients. A closed standard output is no reason to fail.
fn say_ready(settings: &Settings) {
    let mut output = io::stdout().lock();
    let said = writeln!(output, "serving {}", settings.socket.display()).and_then(|()| output.flush());
    if let Err(error) = said {
        log::debug!("standard output: {error}");
    }
}

struct Serving {
    /// None once this process is asked to end.
    listener: Option<Listener>,
    /// When to listen again.
    accept_again: Option<Instant>,
    end: UnixStream,
    work: Work,
    errands: Option<Errands>,
    clients: Vec<Client>,
}

/// What a descriptor in the poll belongs to.
#[derive(Clone, Copy)]
enum Source {
    End,
    Work,
    Listener,
    /// A packet of a client, by its place in the list.
    Packet(usize),
    /// The end of its process.
    Gone(usize),
}

impl Serving {
    fn until_the_end(&mut self) -> Result<(), Error> {
        let mut buffer = vec![0; wire::MAX_PACKET_BYTES];
        // Asked to end, it still makes the dumps that clients wait for.
        while self.listener.is_some() || self.clients.iter().any(|client| client.deadline().is_some()) {
            for source in self.wait()? {
                match source {
                    Source::End => {
                        log::info!("asked to end, with {} clients", self.clients.len());
                        self.listener = None;
                    }
                    Source::Work => self.finish_work(),
                    Source::Listener => self.accept(),
                    Source::Packet(index) => self.read(index, &mut buffer),
                    Source::Gone(index) => self.clients[index].is_gone = true,
                }
            }
            self.give_up_late_ones();
            self.bury();
        }
        Ok(())
    }

    /// Blocks until something is ready, without a limit unless something has a deadline.
    fn wait(&mut self) -> Result<Vec<Source>, Error> {
        let now = Instant::now();
        self.accept_again = self.accept_again.filter(|at| *at > now);
        let mut sources = vec![(Source::Work, self.work.as_fd())];
        if let Some(listener) = &self.listener {
            sources.push((Source::End, self.end.as_fd()));
            if self.accept_again.is_none() {
                sources.push((Source::Listener, listener.as_fd()));
            }
        }
        for (index, client) in self.clients.iter().enumerate() {
            if let Some(socket) = client.listened_to().filter(|_| self.listener.is_some()) {
                sources.push((Source::Packet(index), socket));
            }
            if !client.is_gone {
                sources.push((Source::Gone(index), client.pidfd()));
            }
        }
        let mut wanted: Vec<PollFd<'_>> = sources
            .iter()
            .map(|(_, fd)| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
            .collect();
        let deadlines = self.clients.iter().filter_map(Client::deadline);
        let next = deadlines.chain(self.accept_again).min();
        let limit = next.map(|at| timespec(at.saturating_duration_since(now)));
        match poll(&mut wanted, limit.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Vec::new()),
            Err(error) => return Err(Error::Wait(error.into())),
        }
        let ready = wanted.iter().zip(&sources).filter(|(fd, _)| !fd.revents().is_empty());
        Ok(ready.map(|(_, (source, _))| *source).collect())
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else { return };
        match listener.accept() {
            Ok(None) => {}
            Ok(Some(_)) if self.clients.len() >= MAX_CLIENTS => {
                log::warn!("a client was turned away: there are {MAX_CLIENTS} already");
            }
            Ok(Some(socket)) => match Client::new(socket) {
                Ok(client) => {
                    log::info!("process {} is a client", client.pid());
                    self.clients.push(client);
                }
                Err(why) => log::warn!("a client was turned away: {why}"),
            },
            Err(error) => {
                log::warn!("no client can be accepted now: {error}");
                self.accept_again = Some(Instant::now() + ACCEPT_PAUSE);
            }
        }
    }

    fn read(&mut self, index: usize, buffer: &mut [u8]) {
        let client = &mut self.clients[index];
        match client.receive(buffer) {
            Said::Nothing => {}
            Said::Crash(context) => {
                log::info!("process {} asks for a dump of thread {}", client.pid(), context.tid);
                client.is_captured(Instant::now());
                self.work.add(client.id(), context);
            }
        }
    }

    fn finish_work(&mut self) {
        for Done { client, kept } in self.work.done() {
            let id = match kept {
                Ok(id) => {
                    // Sent at once, if that is the policy.
                    if let Some(errands) = &self.errands {
                        errands.send(Task::Send);
                    }
                    Some(id)
                }
                Err(error) => {
                    log::error!("no report: {}", chain(&error));
                    None
                }
            };
            if let Some(client) = self.clients.iter_mut().find(|known| known.id() == client) {
                client.was_captured(id);
            }
        }
    }

    /// A client waits for its answer without a limit of its own.
    fn give_up_late_ones(&mut self) {
        let now = Instant::now();
        for client in &mut self.clients {
            if client.deadline().is_some_and(|at| at <= now) {
                client.give_up();
                if !self.work.give_up(client.id()) {
                    client.was_captured(None);
                }
            }
        }
    }

    /// Forgets those that are gone, or that closed the connection, and asks about what they left.
    fn bury(&mut self) {
        let mut left: Vec<ReportId> = Vec::new();
        self.clients.retain_mut(|client| {
            let over = client.is_over();
            if over {
                log::info!("process {} is a client no longer", client.pid());
                left.extend(client.report());
            }
            !over
        });
        for id in left {
            self.add(Errand::AppGone {
                crash: Some(id),
                asker: None,
                documents: Vec::new(),
            });
        }
    }

    fn add(&self, errand: Errand) {
        if let Some(errands) = &self.errands {
            errands.add(errand);
        }
    }
}

fn timespec(wait: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(wait.subsec_nanos()),
    }
}
