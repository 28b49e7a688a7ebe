//! Sending the queue: envelopes that are no reports, oldest first.

use std::time::SystemTime;

use afterword_protocol::{Category, Dsn, Envelope, Limits};
use afterword_store::{ConsentPolicy, ReleasedEnvelope, Store, chain};
use time::OffsetDateTime;

use crate::answer::{Expected, Verdict};
use crate::report::{gzip, keep_limits, limited_until, next_attempt, request};
use crate::transport::{Failure, post};
use crate::{Error, NoProgress, Uploader};

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
    Sent,
    Refused(String),
    /// It cannot be sent at all; no server was asked.
    Unsendable(String),
    Discarded,
    /// Its category is limited; others may go.
    Limited(SystemTime),
    /// The server cannot be reached or is not well: neither can the rest be sent.
    Failed(String, Option<std::time::Duration>),
}

impl Uploader {
    /// Sends what is queued, oldest first, until the server fails. Takes the sender's lock for each envelope, so that a
    /// report that a person waits for can go in between; when another process is sending, the queue is left to it.
    ///
    /// An envelope goes, as it is, to the DSN of its header, else to [`Options::dsn`](crate::Options). One that cannot be
    /// read is left, and the next one sent.
    ///
    /// For a caller that knows that the policy is the one under which they were put;
    /// [`Uploader::send_queued_under`] asks.
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
        let queued = store.queued_envelopes_under(policy).map_err(Error::queue)?;
        let mut outcome = QueueOutcome {
            left: queued.len(),
            ..QueueOutcome::default()
        };
        for envelope in queued {
            let Some(_lock) = store.try_lock_sender().map_err(Error::queue)? else {
                outcome.later = Some(("another process is sending".to_owned(), next_attempt(1, None)));
                break;
            };
            let bytes = match envelope.read() {
                Ok(Some(bytes)) => bytes,
                Ok(None) => {
                    outcome.left -= 1;
                    continue;
                }
                Err(error) => {
                    log::error!("envelope {} is left: {}", envelope.id(), chain(&error));
                    continue;
                }
            };
            let one = self.send_one(store, bytes)?;
            match (&one, failures_after(store, &one)) {
                (One::Failed(why, wait), failures) => {
                    outcome.later = Some((why.clone(), next_attempt(failures, *wait)));
                    break;
                }
                (One::Limited(until), _) => {
                    let at = OffsetDateTime::from(*until);
                    outcome
                        .later
                        .get_or_insert_with(|| ("the server asked to wait".to_owned(), at));
                    continue;
                }
                (One::Sent, _) => outcome.sent += 1,
                (One::Discarded, _) => outcome.discarded += 1,
                (One::Refused(_) | One::Unsendable(_), _) => outcome.refused += 1,
            }
            if let Err(error) = dispose(envelope, &one) {
                // It is still queued and would be sent again, and so would all that come after it.
                log::error!("{}", chain(&error));
                let failures = count_failure(store);
                outcome.later = Some((chain(&error), next_attempt(failures, None)));
                break;
            }
            outcome.left -= 1;
        }
        Ok(outcome)
    }

    fn send_one(&self, store: &Store, bytes: Vec<u8>) -> Result<One, Error> {
        let envelope = match Envelope::parse(&bytes, &Limits::default()) {
            Ok(envelope) => envelope,
            Err(error) => return Ok(One::Unsendable(format!("not sent: {error}"))),
        };
        let Some(dsn) = self.destination(&envelope) else {
            return Ok(One::Unsendable("not sent: it names no server".to_owned()));
        };
        let categories: Vec<Category> = envelope
            .items
            .iter()
            .filter_map(|item| Category::of_item(&item.header.kind))
            .collect();
        let expected = Expected::of(&envelope);
        drop(envelope);
        if let Some(until) = limited_until(store, &categories)? {
            return Ok(One::Limited(until));
        }
        let cancelled = || One::Failed("cancelled".to_owned(), None);
        let Some(body) = gzip(&bytes, &NoProgress) else {
            return Ok(cancelled());
        };
        let answer = match post(&self.options, request(&self.options, &dsn, body), &NoProgress) {
            Ok(answer) => answer,
            Err(Failure::Network(why)) => return Ok(One::Failed(why, None)),
            Err(Failure::Cancelled) => return Ok(cancelled()),
        };
        let now = SystemTime::now();
        keep_limits(store, &answer, now);
        Ok(match answer.verdict(&expected, now) {
            Verdict::Accepted { .. } => One::Sent,
            Verdict::Limited { .. } => One::Discarded,
            Verdict::Refused { words } => One::Refused(words),
            Verdict::Later { why, wait } => One::Failed(why, wait),
        })
    }

    fn destination(&self, envelope: &Envelope) -> Option<Dsn> {
        let named = envelope.header.dsn.as_deref().and_then(|dsn| dsn.parse().ok());
        named.or_else(|| self.options.dsn.clone())
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
        One::Limited(_) | One::Unsendable(_) => store.queue_failures(),
        One::Sent | One::Refused(_) | One::Discarded => {
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
