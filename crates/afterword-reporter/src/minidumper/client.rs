//! One connection: what is read from it, what it is told, and when it is over.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use afterword_store::ReportId;
use crash_context::CrashContext;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};

use super::peer::Peer;
use super::wire::{Answer, Request};

/// How long a client waits for its report at the most, as our own apps do.
const DEADLINE: Duration = Duration::from_secs(10);

/// A program that is connected.
#[derive(Debug)]
pub(super) struct Client {
    id: u64,
    socket: OwnedFd,
    peer: Peer,
    state: State,
    /// Its process has ended.
    pub(super) is_gone: bool,
    /// The newest report of it.
    report: Option<ReportId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It may say something.
    Open,
    /// It waits for its dump, until then.
    Captured(Instant),
    /// It waited too long and was left alone; the capture goes on.
    GivenUp,
    /// It has closed the connection, or spoke another language.
    Closed,
}

/// What is to be done about a packet.
pub(super) enum Said {
    Nothing,
    Crash(Box<CrashContext>),
}

impl Client {
    /// A new connection. In words, why it may not be a client.
    pub(super) fn new(socket: OwnedFd) -> Result<Client, String> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Ok(Client {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            peer: Peer::of(&socket)?,
            socket,
            state: State::Open,
            is_gone: false,
            report: None,
        })
    }

    /// A number that no other connection has had.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn pid(&self) -> i32 {
        self.peer.pid.as_raw_nonzero().get()
    }

    pub(super) fn pidfd(&self) -> BorrowedFd<'_> {
        self.peer.pidfd.as_fd()
    }

    /// The socket, while something is expected there.
    pub(super) fn listened_to(&self) -> Option<BorrowedFd<'_>> {
        (self.state == State::Open && !self.is_gone).then(|| self.socket.as_fd())
    }

    /// Reads one packet and answers it, unless it is a crash.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Said {
        let (received, sent_bytes) = match recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT | RecvFlags::TRUNC) {
            Ok((received, sent_bytes)) => (received, sent_bytes),
            Err(Errno::AGAIN | Errno::INTR) => return Said::Nothing,
            Err(error) => {
                log::debug!("process {}: {error}", self.pid());
                self.state = State::Closed;
                return Said::Nothing;
            }
        };
        if sent_bytes == 0 {
            self.state = State::Closed;
            return Said::Nothing;
        }
        match Request::read(&buffer[..received], sent_bytes) {
            Ok(Request::Crash(context)) if context.pid == self.pid() => return Said::Crash(context),
            Ok(Request::Crash(context)) => {
                log::warn!(
                    "process {} asks for a dump over the connection of process {}: refused",
                    context.pid,
                    self.pid()
                );
                self.answer(Answer::Pong);
            }
            Ok(Request::Ping) => self.answer(Answer::Pong),
            Ok(Request::Other { kind, bytes }) => {
                log::debug!("process {}: let go a message of kind {kind}, {bytes} bytes", self.pid());
            }
            Err(garbage) => {
                log::warn!("process {} is no client: {garbage}", self.pid());
                self.state = State::Closed;
            }
        }
        Said::Nothing
    }

    /// Its dump is being made.
    pub(super) fn is_captured(&mut self, now: Instant) {
        self.state = State::Captured(now + DEADLINE);
    }

    /// Until when it waits.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Captured(until) => Some(until),
            _ => None,
        }
    }

    /// Its dump is made, or is not: it is told, and may go on.
    pub(super) fn was_captured(&mut self, report: Option<ReportId>) {
        let waits = matches!(self.state, State::Captured(_));
        self.state = if waits { State::Open } else { State::Closed };
        if report.is_some() {
            self.report = report;
        }
        if waits && !self.is_gone {
            self.answer(if report.is_some() {
                Answer::CrashAck
            } else {
                Answer::Pong
            });
        }
    }

    /// It has waited long enough: it sees that the connection is closed, and ends.
    pub(super) fn give_up(&mut self) {
        log::error!("process {}: the dump takes too long, it waits no longer", self.pid());
        self.state = State::GivenUp;
        if let Err(error) = shutdown(&self.socket, Shutdown::Both) {
            log::debug!("process {}: {error}", self.pid());
        }
    }

    /// Whether nothing more will come of it.
    pub(super) fn is_over(&self) -> bool {
        match self.state {
            State::Open => self.is_gone,
            State::Captured(_) | State::GivenUp => false,
            // One with a report is asked about when it has really ended.
            State::Closed => self.is_gone || self.report.is_none(),
        }
    }

    /// Its report, once.
    pub(super) fn report(&mut self) -> Option<ReportId> {
        self.report.take()
    }

    /// An answer that there is no room for is given up, and the client with it: it has not read a hundred before.
    fn answer(&mut self, answer: Answer) {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        if let Err(error) = send(&self.socket, &answer.packet(), flags) {
            log::warn!("process {} cannot be answered: {error}", self.pid());
            self.state = State::Closed;
        }
    }
}
