//! Sending one report: the steps of the crate's page, in their order.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use afterword_protocol::{Category, Dsn, auth};
use afterword_store::{Delivery, ReleasedReport, ReportFile, ReportId, Store};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use time::OffsetDateTime;

use crate::answer::{Answer, Verdict, clean};
use crate::transport::{Failure, Request, post};
use crate::{Error, NoProgress, Options, Outcome, Progress, backoff, feedback_envelope, report_bytes};

/// The most that is kept of why an attempt failed, in characters.
const WHY_MAX_CHARS: usize = 1000;

/// A report on its way.
struct Sending<'a> {
    options: &'a Options,
    store: &'a Store,
    released: ReleasedReport,
    /// What is, or is about to be, on the disk.
    delivery: Delivery,
    dsn: Dsn,
}

/// What one request came to.
enum Sent {
    Accepted(Accepted),
    Refused {
        status: u16,
        words: String,
    },
    /// The outcome of the whole.
    Ended(Outcome),
}

/// A 2xx that is still to be recorded.
struct Accepted {
    event_id: Option<String>,
    answer: Answer,
    body_bytes: u64,
}

/// Sends a report. The caller holds the sender's lock.
pub(crate) fn send_report(
    options: &Options,
    store: &Store,
    id: ReportId,
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    let released = store.release(id).map_err(Error::store(id))?;
    let dsn = released
        .info()
        .dsn
        .parse()
        .map_err(|source| Error::Dsn { id, source })?;
    let delivery = released.delivery().clone();
    let mut sending = Sending {
        options,
        store,
        released,
        delivery,
        dsn,
    };
    // What has a recorded 2xx is never sent again, whoever was killed since.
    if sending.delivery.report_accepted_at.is_none() {
        match sending.send_event(progress)? {
            Sent::Accepted(accepted) => sending.event_accepted(accepted)?,
            Sent::Refused { status, words } => return sending.finish_refused(status, words),
            Sent::Ended(outcome) => return Ok(outcome),
        }
    }
    if sending.delivery.feedback_accepted_at.is_none()
        && let Some(outcome) = sending.send_comment(progress)?
    {
        return Ok(outcome);
    }
    sending.finish_sent()
}

impl Sending<'_> {
    fn id(&self) -> ReportId {
        self.released.id()
    }

    fn send_event(&mut self, progress: &dyn Progress) -> Result<Sent, Error> {
        let with_dump = self
            .released
            .read(ReportFile::Minidump)
            .map_err(Error::store(self.id()))?
            .is_some();
        let categories: &[Category] = if with_dump {
            &[Category::Error, Category::Attachment]
        } else {
            &[Category::Error]
        };
        let bytes = report_bytes(&self.released)?;
        self.send(bytes, categories, progress)
    }

    fn event_accepted(&mut self, accepted: Accepted) -> Result<(), Error> {
        let own = self.released.info().event_id.simple().to_string();
        self.delivery.report_accepted_at = Some(OffsetDateTime::now_utc());
        self.delivery.event_id = Some(accepted.event_id.clone().unwrap_or(own));
        self.record_accepted(&accepted)
    }

    /// Sends the comment, if there is one. An outcome is the end of this attempt; the report itself is accepted by now.
    fn send_comment(&mut self, progress: &dyn Progress) -> Result<Option<Outcome>, Error> {
        let Some(answer) = self.released.answer() else {
            return Ok(None);
        };
        let Some(envelope) = feedback_envelope(self.released.info(), answer) else {
            return Ok(None);
        };
        let quiet = Quiet(progress);
        match self.send(envelope.to_bytes(), &[Category::Feedback], &quiet)? {
            Sent::Accepted(accepted) => {
                self.delivery.feedback_accepted_at = Some(OffsetDateTime::now_utc());
                self.record_accepted(&accepted)?;
            }
            // The report has arrived; that a server takes no comments must not make it look refused.
            Sent::Refused { status, words } => {
                self.delivery.last_error = Some(format!("the comment was refused ({status})"));
                self.delivery.server_words = Some(words);
            }
            Sent::Ended(outcome) => return Ok(Some(outcome)),
        }
        Ok(None)
    }

    /// One request, from the rate limits to what its answer means; limits that came with it are kept.
    fn send(&mut self, bytes: Vec<u8>, categories: &[Category], progress: &dyn Progress) -> Result<Sent, Error> {
        if let Some(until) = limited_until(self.store, categories)? {
            return self.later("the server asked to wait", until).map(Sent::Ended);
        }
        let body = gzip(&bytes);
        let body_bytes = body.len() as u64;
        let request = request(self.options, &self.dsn, body);
        // The gate once more, now that everything is ready.
        self.released.check().map_err(Error::store(self.id()))?;
        let answer = match post(self.options, request, progress) {
            Ok(answer) => answer,
            Err(Failure::Cancelled) => return Ok(Sent::Ended(Outcome::Cancelled)),
            Err(Failure::Network(why)) => return self.failed(&why, None).map(Sent::Ended),
        };
        let now = SystemTime::now();
        let status = answer.status;
        self.delivery.status = Some(status);
        let verdict = answer.verdict(now);
        if !matches!(verdict, Verdict::Accepted { .. }) {
            keep_limits(self.store, &answer, now);
        }
        match verdict {
            Verdict::Accepted { event_id } => Ok(Sent::Accepted(Accepted {
                event_id,
                answer,
                body_bytes,
            })),
            Verdict::Refused { words } => Ok(Sent::Refused { status, words }),
            Verdict::Later { why, wait } => self.failed(&why, wait.map(|wait| now + wait)).map(Sent::Ended),
            Verdict::Limited { words } => {
                let until = limited_until(self.store, categories)?;
                self.failed(&format!("the server asked to wait: {words}"), until)
                    .map(Sent::Ended)
            }
        }
    }

    /// An attempt failed: the next one is after the backoff, or when the server allows it if that is later.
    fn failed(&mut self, why: &str, not_before: Option<SystemTime>) -> Result<Outcome, Error> {
        self.delivery.attempts = self.delivery.attempts.saturating_add(1);
        let next = SystemTime::now() + backoff(self.delivery.attempts, fastrand::f64());
        self.later(why, not_before.map_or(next, |allowed| allowed.max(next)))
    }

    fn later(&mut self, why: &str, at: SystemTime) -> Result<Outcome, Error> {
        let (why, retry_at) = (clean(why, WHY_MAX_CHARS), OffsetDateTime::from(at));
        self.delivery.last_error = Some(why.clone());
        self.delivery.next_attempt_at = Some(retry_at);
        self.record()?;
        log::info!("report {} will be sent later: {why}", self.id());
        Ok(Outcome::Later { why, retry_at })
    }

    /// Nothing comes between a 2xx and its record, not even the rate limits that came with it.
    fn record_accepted(&mut self, accepted: &Accepted) -> Result<(), Error> {
        self.delivery.attempts = self.delivery.attempts.saturating_add(1);
        self.delivery.bytes_sent += accepted.body_bytes;
        self.delivery.last_error = None;
        self.delivery.next_attempt_at = None;
        self.record()?;
        keep_limits(self.store, &accepted.answer, SystemTime::now());
        Ok(())
    }

    fn record(&mut self) -> Result<(), Error> {
        let id = self.id();
        self.released.record(&self.delivery).map_err(Error::store(id))
    }

    fn finish_sent(self) -> Result<Outcome, Error> {
        let id = self.id();
        self.released.finish_sent(&self.delivery).map_err(Error::store(id))?;
        log::info!("report {id} is sent");
        Ok(Outcome::Sent(self.delivery))
    }

    fn finish_refused(mut self, status: u16, words: String) -> Result<Outcome, Error> {
        let id = self.id();
        self.delivery.attempts = self.delivery.attempts.saturating_add(1);
        self.delivery.last_error = Some(format!("the server refused it ({status})"));
        self.delivery.server_words = Some(words.clone());
        self.delivery.next_attempt_at = None;
        self.released.finish_refused(&self.delivery).map_err(Error::store(id))?;
        log::warn!("report {id} was refused ({status}): {words}");
        Ok(Outcome::Refused { status, words })
    }
}

/// The comment's few bytes are not shown as progress, but can be cancelled.
struct Quiet<'a>(&'a dyn Progress);

impl Progress for Quiet<'_> {
    fn sent(&self, sent_bytes: u64, total_bytes: u64) {
        NoProgress.sent(sent_bytes, total_bytes);
    }

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

/// A request for an envelope.
pub(crate) fn request(options: &Options, dsn: &Dsn, body: Bytes) -> Request {
    Request {
        url: dsn.envelope_api_url(),
        auth: auth::header(dsn, &options.client),
        body,
    }
}

/// The latest of the limits of these categories, as kept on the disk.
pub(crate) fn limited_until(store: &Store, categories: &[Category]) -> Result<Option<SystemTime>, Error> {
    let limits = store.rate_limits().map_err(Error::queue)?;
    let now = SystemTime::now();
    Ok(categories
        .iter()
        .filter_map(|category| limits.limited_until(*category, now))
        .max())
}

/// Keeps on the disk what an answer says of rate limits, if it says anything. Where that fails, the server will say it
/// again: no reason to fail what was asked for.
pub(crate) fn keep_limits(store: &Store, answer: &Answer, now: SystemTime) {
    let kept = store.rate_limits().and_then(|before| {
        let mut limits = before.clone();
        limits.update(
            answer.status,
            answer.rate_limits.as_deref(),
            answer.retry_after.as_deref(),
            now,
        );
        if limits == before {
            Ok(())
        } else {
            store.put_rate_limits(&limits)
        }
    });
    if let Err(error) = kept {
        log::warn!("a rate limit could not be kept: {error}");
    }
}

/// Compresses a body.
pub(crate) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::default());
    let written: io::Result<Vec<u8>> = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail").into()
}

/// When to look at the queue again after so many failures in a row.
pub(crate) fn next_attempt(failures: u32, wait: Option<Duration>) -> OffsetDateTime {
    OffsetDateTime::now_utc() + backoff(failures, fastrand::f64()).max(wait.unwrap_or_default())
}
