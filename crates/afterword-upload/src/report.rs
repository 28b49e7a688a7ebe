//! Sending one report: the steps of the crate's page, in their order.

use std::io::Write;
use std::time::{Duration, SystemTime};

use afterword_protocol::{Category, Dsn, Envelope, Limits, auth};
use afterword_store::{Delivery, Outgoing, PartKind, ReleasedReport, ReportId, ReportKind, Store, chain};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::answer::{Answer, Expected, Verdict, clean};
use crate::transport::{Failure, Line, Request};
use crate::uploader::Quiet;
use crate::{Error, Options, Outcome, Progress, backoff, known};

/// What is said first of an attempt after the report itself was accepted.
const ARRIVED: &str = "the report has arrived, the comment not yet:";
/// The most that is kept of why an attempt failed, in characters.
const WHY_MAX_CHARS: usize = 1000;

/// So much is compressed between two looks at whether to give up.
const GZIP_CHUNK_BYTES: usize = 1024 * 1024;

/// A report on its way.
struct Sending<'a> {
    options: &'a Options,
    store: &'a Store,
    released: ReleasedReport,
    /// What is, or is about to be, on the disk.
    delivery: Delivery,
    dsn: Dsn,
    /// The report and its comment go over one connection.
    line: Line<'a>,
    /// The server that has just taken the report can be asked what it knows of it.
    tells_known: bool,
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
    event_id: Option<Uuid>,
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
        line: Line::new(options),
        tells_known: false,
    };
    // What has a recorded 2xx is never sent again, whoever was killed since.
    if sending.delivery.report_accepted_at.is_none() {
        match sending.send_event(progress)? {
            Sent::Accepted(accepted) => {
                if let Err(error) = sending.event_accepted(&accepted) {
                    // The move is the record then; a comment is not worth sending the report twice.
                    log::warn!("{}", chain(&error));
                    return Ok(sending.finish_sent());
                }
            }
            Sent::Refused { status, words } => return sending.finish_refused(status, words),
            Sent::Ended(outcome) => return Ok(outcome),
        }
    }
    if sending.delivery.feedback_accepted_at.is_none()
        && let Some(outcome) = sending.send_comment(progress)
    {
        return Ok(outcome);
    }
    sending.ask_what_is_known(progress);
    Ok(sending.finish_sent())
}

impl Sending<'_> {
    fn id(&self) -> ReportId {
        self.released.id()
    }

    fn outgoing(&self) -> Result<Outgoing, Error> {
        self.released.outgoing().map_err(Error::store(self.id()))
    }

    fn send_event(&mut self, progress: &dyn Progress) -> Result<Sent, Error> {
        let outgoing = self.outgoing()?;
        let categories: &[Category] = if outgoing.has(PartKind::Minidump) {
            &[Category::Error, Category::Attachment]
        } else {
            &[Category::Error]
        };
        let bytes = outgoing.report_body().map_err(Error::store(self.id()))?;
        let info = self.released.info();
        let expected = match info.kind {
            ReportKind::Crash | ReportKind::Panic | ReportKind::Hang => Expected::Id(vec![info.event_id]),
            // It goes as it is; what it is is for the server to say.
            ReportKind::Error => {
                Envelope::parse(&bytes, &Limits::default()).map_or(Expected::AnyId, |envelope| Expected::of(&envelope))
            }
        };
        self.send(bytes, &expected, categories, progress)
    }

    fn event_accepted(&mut self, accepted: &Accepted) -> Result<(), Error> {
        let event_id = accepted.event_id.unwrap_or(self.released.info().event_id);
        self.tells_known = accepted.answer.tells_known;
        self.delivery.report_accepted_at = Some(OffsetDateTime::now_utc());
        self.delivery.event_id = Some(event_id.simple().to_string());
        self.record_accepted(accepted)
    }

    /// Sends the comment, if there is one. An outcome means that it is still to be sent; the report itself is accepted by
    /// now, so nothing here is an error of sending it.
    fn send_comment(&mut self, progress: &dyn Progress) -> Option<Outcome> {
        self.released.answer()?.comment.as_ref()?;
        let comment = self.outgoing().and_then(|outgoing| {
            let body = outgoing.comment_body().map_err(Error::store(self.id()))?;
            Ok(body.map(|body| (outgoing.comment_id(), body)))
        });
        let sent = match comment {
            Ok(None) => return None,
            Ok(Some((id, body))) => {
                // A server may name the comment, or the event that it is about.
                let expected = Expected::Id(vec![id, self.released.info().event_id]);
                self.send(body, &expected, &[Category::Feedback], &Quiet(progress))
            }
            Err(error) => Err(error),
        };
        let unsent = match sent {
            Ok(Sent::Ended(outcome)) => return Some(outcome),
            Ok(Sent::Accepted(accepted)) => {
                self.delivery.feedback_accepted_at = Some(OffsetDateTime::now_utc());
                // Unrecorded it is recorded with the end, right after.
                self.record_accepted(&accepted)
                    .err()
                    .map(|error| format!("the comment is sent, but: {}", chain(&error)))
            }
            // That a server takes no comments must not make the report look refused.
            Ok(Sent::Refused { status, words }) => {
                self.delivery.server_words = Some(words);
                Some(format!("the comment was refused ({status})"))
            }
            Err(error) if is_no_longer_ours(&error) => Some(format!("the comment was not sent: {}", chain(&error))),
            Err(error) => {
                let why = format!("{ARRIVED} {}", chain(&error));
                log::warn!("report {}: {why}", self.id());
                let retry_at = next_attempt(self.delivery.attempts, None);
                return Some(Outcome::Later { why, retry_at });
            }
        };
        if let Some(why) = unsent {
            log::warn!("report {}: {why}", self.id());
            self.delivery.last_error = Some(clean(&why, WHY_MAX_CHARS));
        }
        None
    }

    /// Asks the server what it knows of a crash that it has just taken, for a few seconds at most. Nothing comes of it if it
    /// does not say.
    fn ask_what_is_known(&mut self, progress: &dyn Progress) {
        let info = self.released.info();
        if !self.tells_known || info.kind == ReportKind::Error {
            return;
        }
        self.delivery.known = known::ask(self.options, &mut self.line, &self.dsn, info.event_id, progress);
    }

    /// One request, from the rate limits to what its answer means; limits that came with it are kept.
    fn send(
        &mut self,
        bytes: Vec<u8>,
        expected: &Expected,
        categories: &[Category],
        progress: &dyn Progress,
    ) -> Result<Sent, Error> {
        if let Some(until) = limited_until(self.store, categories)? {
            return self.later("the server asked to wait", until).map(Sent::Ended);
        }
        let Some(body) = gzip(&bytes, progress) else {
            return self.cancelled().map(Sent::Ended);
        };
        let body_bytes = body.len() as u64;
        let request = request(self.options, &self.dsn, body);
        self.begin_attempt()?;
        // The gate once more, now that everything is ready, and before each time that it is tried again.
        let (released, id) = (&self.released, self.released.id());
        let permitted = || released.check().map_err(Error::store(id));
        let answer = match self.line.post(&request, progress, permitted)? {
            Ok(answer) => answer,
            Err(Failure::Cancelled) => return self.cancelled().map(Sent::Ended),
            Err(Failure::Network(why)) => return self.failed(&why, None).map(Sent::Ended),
        };
        let now = SystemTime::now();
        let status = answer.status;
        self.delivery.status = Some(status);
        let verdict = answer.verdict(expected, now);
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

    /// Counts an attempt, on the disk, before it is made: whoever is killed in it, again and again, does not come back at
    /// once; and where this cannot be written, neither could the server's 2xx.
    fn begin_attempt(&mut self) -> Result<(), Error> {
        self.delivery.attempts = self.delivery.attempts.saturating_add(1);
        self.delivery.next_attempt_at = Some(next_attempt(self.delivery.attempts, None));
        self.record()
    }

    /// An attempt failed: the next one is after the backoff, or when the server allows it if that is later.
    fn failed(&mut self, why: &str, not_before: Option<SystemTime>) -> Result<Outcome, Error> {
        let next = SystemTime::now() + backoff(self.delivery.attempts, fastrand::f64());
        self.later(why, not_before.map_or(next, |allowed| allowed.max(next)))
    }

    /// Giving up on the report is no more than an attempt; giving up on its comment must not read as if the report had not
    /// been sent.
    fn cancelled(&mut self) -> Result<Outcome, Error> {
        if self.delivery.report_accepted_at.is_some() {
            self.failed("sending was stopped", None)
        } else {
            Ok(Outcome::Cancelled)
        }
    }

    fn later(&mut self, why: &str, at: SystemTime) -> Result<Outcome, Error> {
        let mut why = clean(why, WHY_MAX_CHARS);
        if self.delivery.report_accepted_at.is_some() {
            why = format!("{ARRIVED} {why}");
        }
        let retry_at = OffsetDateTime::from(at);
        self.delivery.last_error = Some(why.clone());
        self.delivery.next_attempt_at = Some(retry_at);
        self.record()?;
        log::info!("report {} will be sent later: {why}", self.id());
        Ok(Outcome::Later { why, retry_at })
    }

    /// Nothing comes between a 2xx and its record, not even the rate limits that came with it.
    fn record_accepted(&mut self, accepted: &Accepted) -> Result<(), Error> {
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

    /// The server has it, whatever becomes of the tidying up here.
    fn finish_sent(mut self) -> Outcome {
        let id = self.id();
        self.delivery.next_attempt_at = None;
        match self.released.finish_sent(&self.delivery) {
            Ok(()) => log::info!("report {id} is sent"),
            Err(error) => {
                let why = format!("it is sent, but not tidied up: {}", chain(&error));
                log::error!("report {id}: {why}");
                self.delivery.last_error = Some(clean(&why, WHY_MAX_CHARS));
            }
        }
        Outcome::Sent(self.delivery)
    }

    fn finish_refused(mut self, status: u16, words: String) -> Result<Outcome, Error> {
        let id = self.id();
        self.delivery.last_error = Some(format!("the server refused it ({status})"));
        self.delivery.server_words = Some(words.clone());
        self.delivery.next_attempt_at = None;
        self.released.finish_refused(&self.delivery).map_err(Error::store(id))?;
        log::warn!("report {id} was refused ({status}): {words}");
        Ok(Outcome::Refused { status, words })
    }
}

/// Whether somebody decided otherwise meanwhile: withdrew the consent, or deleted the report.
fn is_no_longer_ours(error: &Error) -> bool {
    use afterword_store::Error as Of;
    matches!(
        error,
        Error::Store {
            source: Of::NoConsent { .. } | Of::WrongState { .. } | Of::NoSuchReport { .. },
            ..
        }
    )
}

/// A request for an envelope.
pub(crate) fn request(options: &Options, dsn: &Dsn, body: Bytes) -> Request {
    Request {
        url: dsn.envelope_api_url(),
        auth: auth::header(dsn, &options.client),
        body: Some(body),
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
        log::warn!("a rate limit could not be kept: {}", chain(&error));
    }
}

/// Compresses a body; none if that was cancelled meanwhile, since a large dump takes seconds.
pub(crate) fn gzip(bytes: &[u8], progress: &dyn Progress) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::default());
    for chunk in bytes.chunks(GZIP_CHUNK_BYTES) {
        if progress.cancelled() {
            return None;
        }
        encoder.write_all(chunk).expect("writing to memory does not fail");
    }
    Some(encoder.finish().expect("writing to memory does not fail").into())
}

/// When to look at the queue again after so many failures in a row.
pub(crate) fn next_attempt(failures: u32, wait: Option<Duration>) -> OffsetDateTime {
    OffsetDateTime::now_utc() + backoff(failures, fastrand::f64()).max(wait.unwrap_or_default())
}
