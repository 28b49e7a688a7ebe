//! Sending the queue: envelopes that are no reports, oldest first.
//!
//! A pass goes in *turns* of a second at the most. In a turn the sender's lock is held and one envelope after the other
//! goes over one kept connection; each that was sent is out of the queue before the next one goes, so that whoever is
//! killed sends none twice that a server has answered. At its end the queue's folder is synced once: a power cut can bring
//! back what was sent in that second, under the same event ids. Then the lock is free for longer than anybody who waits
//! for it looks away, since a person may wait for a report.

use std::collections::BTreeSet;
use std::sync::{MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use afterword_protocol::{Category, Dsn, Envelope, Limits};
use afterword_store::{ConsentPolicy, Loss, LossReason, ReleasedEnvelope, Store, chain};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::answer::{Expected, Verdict};
use crate::losses;
use crate::report::{gzip, keep_limits, limited_until, next_attempt, request};
use crate::transport::{Failure, Line};
use crate::uploader::{LOCK_LOOK, Quiet};
use crate::{Error, NoProgress, Progress, Uploader};

/// How long the sender's lock is held for queued envelopes, and how much of what was sent a power cut can bring back.
const TURN: Duration = Duration::from_secs(1);

/// What became of the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueOutcome {
    /// Accepted and deleted.
    pub sent: usize,
    /// Refused and kept, with the server's words.
    pub refused: usize,
    /// Over a rate limit, discarded: the server has counted them.
    pub discarded: usize,
    /// Still queued.
    pub left: usize,
    /// Why some are left, and when to try again.
    pub later: Option<(String, OffsetDateTime)>,
}

/// What became of one envelope.
enum One {
    Sent(Dsn),
    Refused(String),
    /// It cannot be sent at all; no server was asked.
    Unsendable(String),
    Discarded,
    /// Its category is limited; others may go.
    Limited(SystemTime),
    /// The server cannot be reached or is not well: neither can the rest be sent.
    Failed(String, Option<Duration>),
    /// The caller or the policy says so; nor may the rest be sent.
    Stopped,
}

/// Who says whether the next one may be sent.
struct Permission<'a> {
    policy: &'a dyn Fn() -> ConsentPolicy,
    progress: &'a dyn Progress,
}

impl Permission<'_> {
    fn is_given(&self) -> bool {
        !self.progress.cancelled() && (self.policy)() == ConsentPolicy::Always
    }
}

/// A pass over the queue.
struct Pass<'a> {
    uploader: &'a Uploader,
    store: &'a Store,
    permission: Permission<'a>,
    line: Line<'a>,
    outcome: QueueOutcome,
    /// What was refused in this turn, still to be counted.
    losses: Vec<Loss>,
    /// The server that has taken something.
    reached: Option<Dsn>,
}

impl Uploader {
    /// Sends what is queued, oldest first, until the server fails; what it failed with goes last from then on, so that an
    /// envelope that it can do nothing with keeps back no other. Holds the sender's lock for a second at a time, so that a
    /// report that a person waits for can go in between; when another process is sending, the queue is left to it.
    ///
    /// An envelope goes, as it is, to the DSN of its header, else to [`Options::dsn`](crate::Options). One that cannot be
    /// read is left, and the next one sent. Where a server took something, it is told at the end what was lost
    /// ([`Store::losses`]).
    ///
    /// For a caller that knows that the policy is the one under which they were put;
    /// [`Uploader::send_queued_while`] asks.
    ///
    /// # Errors
    /// [`Error::Queue`] when the store cannot be used.
    pub fn send_queued(&self, store: &Store) -> Result<QueueOutcome, Error> {
        self.send_queued_under(store, ConsentPolicy::Always)
    }

    /// The same under the policy as it is now: under `ask` and `never` nothing of the queue is sent, whatever the policy
    /// was when it was put there.
    ///
    /// # Errors
    /// As [`Uploader::send_queued`].
    pub fn send_queued_under(&self, store: &Store, policy: ConsentPolicy) -> Result<QueueOutcome, Error> {
        self.send_queued_while(store, &|| policy, &NoProgress)
    }

    /// The same while the policy, which is asked for before each request, is `always`, and nobody cancels. No bytes are told
    /// to `progress`.
    ///
    /// # Errors
    /// As [`Uploader::send_queued`].
    pub fn send_queued_while(
        &self,
        store: &Store,
        policy: &dyn Fn() -> ConsentPolicy,
        progress: &dyn Progress,
    ) -> Result<QueueOutcome, Error> {
        let mut queued = store.queued_envelopes_under(policy()).map_err(Error::queue)?;
        {
            let mut failed = self.failed();
            failed.retain(|id| queued.iter().any(|envelope| envelope.id() == *id));
            queued.sort_by_key(|envelope| failed.contains(&envelope.id()));
        }
        let pass = Pass {
            uploader: self,
            store,
            permission: Permission { policy, progress },
            line: Line::new(&self.options),
            outcome: QueueOutcome {
                left: queued.len(),
                ..QueueOutcome::default()
            },
            losses: Vec::new(),
            reached: None,
        };
        pass.run(queued)
    }

    fn failed(&self) -> MutexGuard<'_, BTreeSet<Uuid>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn destination(&self, envelope: &Envelope) -> Option<Dsn> {
        let named = envelope.header.dsn.as_deref().and_then(|dsn| dsn.parse().ok());
        named.or_else(|| self.options.dsn.clone())
    }
}

impl Pass<'_> {
    fn run(mut self, queued: Vec<ReleasedEnvelope>) -> Result<QueueOutcome, Error> {
        let mut queued = queued.into_iter().peekable();
        while queued.peek().is_some() {
            let Some(lock) = self.store.try_lock_sender().map_err(Error::queue)? else {
                self.outcome.later = Some(("another process is sending".to_owned(), next_attempt(1, None)));
                break;
            };
            let begin = Instant::now();
            let mut goes_on = Ok(true);
            while begin.elapsed() < TURN
                && let Some(envelope) = queued.next()
            {
                goes_on = self.send(envelope);
                if !matches!(goes_on, Ok(true)) {
                    break;
                }
            }
            self.end_turn();
            if !goes_on? {
                break;
            }
            if queued.peek().is_some() {
                drop(lock);
                thread::sleep(LOCK_LOOK + LOCK_LOOK / 5);
            } else {
                self.tell_losses();
            }
        }
        Ok(self.outcome)
    }

    /// One of them. False when nothing more can be sent.
    fn send(&mut self, envelope: ReleasedEnvelope) -> Result<bool, Error> {
        let bytes = match envelope.read() {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.outcome.left -= 1;
                return Ok(true);
            }
            Err(error) => {
                log::error!("envelope {} is left: {}", envelope.id(), chain(&error));
                return Ok(true);
            }
        };
        let one = self.send_one(&bytes)?;
        let failures = failures_after(self.store, &one);
        match &one {
            One::Failed(why, wait) => {
                self.uploader.failed().insert(envelope.id());
                self.outcome.later = Some((why.clone(), next_attempt(failures, *wait)));
                return Ok(false);
            }
            One::Stopped => return Ok(false),
            One::Limited(until) => {
                let later = || ("the server asked to wait".to_owned(), OffsetDateTime::from(*until));
                self.outcome.later.get_or_insert_with(later);
                return Ok(true);
            }
            One::Sent(dsn) => {
                self.outcome.sent += 1;
                self.reached = Some(dsn.clone());
            }
            One::Discarded => self.outcome.discarded += 1,
            One::Refused(_) | One::Unsendable(_) => self.outcome.refused += 1,
        }
        self.uploader.failed().remove(&envelope.id());
        if let Err(error) = dispose(envelope, &one) {
            // It is still queued and would be sent again, and so would all that come after it.
            log::error!("{}", chain(&error));
            let failures = count_failure(self.store);
            self.outcome.later = Some((chain(&error), next_attempt(failures, None)));
            return Ok(false);
        }
        if matches!(one, One::Refused(_) | One::Unsendable(_)) {
            self.losses.extend(Loss::of_envelope(LossReason::SendError, &bytes));
        }
        self.outcome.left -= 1;
        Ok(true)
    }

    fn send_one(&mut self, bytes: &[u8]) -> Result<One, Error> {
        let envelope = match Envelope::parse(bytes, &Limits::default()) {
            Ok(envelope) => envelope,
            Err(error) => return Ok(One::Unsendable(format!("not sent: {error}"))),
        };
        let Some(dsn) = self.uploader.destination(&envelope) else {
            return Ok(One::Unsendable("not sent: it names no server".to_owned()));
        };
        let categories: Vec<Category> = envelope
            .items
            .iter()
            .filter_map(|item| Category::of_item(&item.header.kind))
            .collect();
        let expected = Expected::of(&envelope);
        drop(envelope);
        if let Some(until) = limited_until(self.store, &categories)? {
            return Ok(One::Limited(until));
        }
        let quiet = Quiet(self.permission.progress);
        let Some(body) = gzip(bytes, &quiet) else {
            return Ok(One::Stopped);
        };
        let permission = &self.permission;
        let permitted = || if permission.is_given() { Ok(()) } else { Err(()) };
        let request = request(&self.uploader.options, &dsn, body);
        let answer = match self.line.post(&request, &quiet, permitted) {
            Ok(Ok(answer)) => answer,
            Ok(Err(Failure::Network(why))) => return Ok(One::Failed(why, None)),
            Ok(Err(Failure::Cancelled)) | Err(()) => return Ok(One::Stopped),
        };
        let now = SystemTime::now();
        keep_limits(self.store, &answer, now);
        Ok(match answer.verdict(&expected, now) {
            Verdict::Accepted { .. } => One::Sent(dsn),
            Verdict::Limited { .. } => One::Discarded,
            Verdict::Refused { words } => One::Refused(words),
            Verdict::Later { why, wait } => One::Failed(why, wait),
        })
    }

    /// Makes a turn last. The sender's lock is held.
    fn end_turn(&mut self) {
        self.store.sync_queue();
        // They lie in `refused`, with the server's words: uncounted they are not unseen.
        if let Err(error) = self.store.count_losses(&std::mem::take(&mut self.losses)) {
            log::warn!("what was refused is not counted: {}", chain(&error));
        }
    }

    /// Where a server took something, it is told what it did not get. The sender's lock is held.
    fn tell_losses(&mut self) {
        if let Some(dsn) = self.reached.take()
            && self.permission.is_given()
        {
            let (policy, progress) = (self.permission.policy, self.permission.progress);
            let permission = Permission { policy, progress };
            losses::tell(
                self.store,
                &self.uploader.options,
                &mut self.line,
                &dsn,
                &Quiet(progress),
                &|| permission.is_given(),
            );
        }
    }
}

/// Takes one out of the queue that is not to be sent any more.
fn dispose(envelope: ReleasedEnvelope, one: &One) -> Result<(), afterword_store::Error> {
    let id = envelope.id();
    let disposed = match one {
        One::Refused(words) | One::Unsendable(words) => {
            log::warn!("envelope {id} was refused: {words}");
            envelope.refuse(words)
        }
        _ => envelope.remove_sent(),
    };
    match disposed {
        // Out of the queue all the same; the store deletes it when it tidies up.
        Err(error @ afterword_store::Error::Delete { .. }) => {
            log::warn!("envelope {id}: {}", chain(&error));
            Ok(())
        }
        other => other,
    }
}

/// Counts failures in a row, over processes: an answer of any kind ends the row.
fn failures_after(store: &Store, one: &One) -> u32 {
    match one {
        One::Failed(..) => count_failure(store),
        One::Limited(_) | One::Unsendable(_) | One::Stopped => store.queue_failures(),
        One::Sent(_) | One::Refused(_) | One::Discarded => {
            if store.queue_failures() > 0 {
                keep_failures(store, 0);
            }
            0
        }
    }
}

fn count_failure(store: &Store) -> u32 {
    let failures = store.queue_failures().saturating_add(1);
    keep_failures(store, failures);
    failures
}

/// Where the count cannot be kept, the wait is shorter: no reason to fail what was asked for.
fn keep_failures(store: &Store, failures: u32) {
    if let Err(error) = store.put_queue_failures(failures) {
        log::warn!("{}", chain(&error));
    }
}
