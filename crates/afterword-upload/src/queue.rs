//! Sending the queue: envelopes that are no reports, oldest first.

use std::time::SystemTime;

use afterword_protocol::{Category, Dsn, Envelope, Limits};
use afterword_store::{ReleasedEnvelope, Store};
use time::OffsetDateTime;

use crate::answer::Verdict;
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
    /// An envelope goes, as it is, to the DSN of its header, else to [`Options::dsn`](crate::Options).
    ///
    /// # Errors
    /// [`Error::Queue`] when the store cannot be used.
    pub fn send_queued(&self, store: &Store) -> Result<QueueOutcome, Error> {
        let queued = store.queued_envelopes().map_err(Error::queue)?;
        let mut outcome = QueueOutcome {
            left: queued.len(),
            ..QueueOutcome::default()
        };
        for envelope in queued {
            let Some(_lock) = store.try_lock_sender().map_err(Error::queue)? else {
                outcome.later = Some(("another process is sending".to_owned(), next_attempt(1, None)));
                break;
            };
            let Some(bytes) = envelope.read().map_err(Error::queue)? else {
                outcome.left -= 1;
                continue;
            };
            match self.send_one(store, bytes)? {
                One::Sent => {
                    envelope.remove_sent().map_err(Error::queue)?;
                    outcome.sent += 1;
                }
                One::Discarded => {
                    envelope.remove_sent().map_err(Error::queue)?;
                    outcome.discarded += 1;
                }
                One::Refused(words) => {
                    refuse(envelope, &words)?;
                    outcome.refused += 1;
                }
                One::Limited(until) => {
                    let at = OffsetDateTime::from(until);
                    outcome
                        .later
                        .get_or_insert_with(|| ("the server asked to wait".to_owned(), at));
                    continue;
                }
                One::Failed(why, wait) => {
                    outcome.later = Some((why, next_attempt(1, wait)));
                    break;
                }
            }
            outcome.left -= 1;
        }
        Ok(outcome)
    }

    fn send_one(&self, store: &Store, bytes: Vec<u8>) -> Result<One, Error> {
        let envelope = match Envelope::parse(&bytes, &Limits::default()) {
            Ok(envelope) => envelope,
            Err(error) => return Ok(One::Refused(format!("not sent: {error}"))),
        };
        let Some(dsn) = self.destination(&envelope) else {
            return Ok(One::Refused("not sent: it names no server".to_owned()));
        };
        let categories: Vec<Category> = envelope
            .items
            .iter()
            .filter_map(|item| Category::of_item(&item.header.kind))
            .collect();
        drop(envelope);
        if let Some(until) = limited_until(store, &categories)? {
            return Ok(One::Limited(until));
        }
        let answer = match post(&self.options, request(&self.options, &dsn, gzip(&bytes)), &NoProgress) {
            Ok(answer) => answer,
            Err(Failure::Network(why)) => return Ok(One::Failed(why, None)),
            Err(Failure::Cancelled) => return Ok(One::Failed("cancelled".to_owned(), None)),
        };
        let now = SystemTime::now();
        keep_limits(store, &answer, now);
        Ok(match answer.verdict(now) {
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

fn refuse(envelope: ReleasedEnvelope, words: &str) -> Result<(), Error> {
    log::warn!("envelope {} was refused: {words}", envelope.id());
    envelope.refuse(words).map_err(Error::queue)
}
