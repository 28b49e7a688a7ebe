//! Requests and their answers: the only file that talks to a network.
//!
//! A [`Line`] has a *worker*: a thread with a runtime and the clients of [`client`], which keeps connections from one
//! request to the next. The calling thread looks at a request twenty times a second: tells the progress, asks whether to
//! give up, and sees to it that neither a standstill nor the whole lasts longer than allowed. Giving up leaves the worker
//! behind, since it may hang in a name lookup: its request is dropped, which closes the connection, it ends by itself, and
//! the next request has a worker of its own.

mod body;
mod client;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{Response, Url};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::{Options, Progress};
use body::CountedBody;
pub(crate) use client::Clients;

/// How often the calling thread looks.
const LOOK: Duration = Duration::from_millis(50);

/// A line that is slower than this is taken for one that stands still.
const SLOWEST_BYTES_PER_SECOND: u64 = 16 * 1024;

/// Before the first try more at once; before each further one twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// What is sent, and where.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) url: Url,
    /// `X-Sentry-Auth`.
    pub(crate) auth: String,
    /// Compressed by gzip. Without one it is a question (GET).
    pub(crate) body: Option<Bytes>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Cancelled,
    /// In words, for people.
    Network(String),
}

/// What went wrong with one try.
enum Fault {
    Cancelled,
    /// The connection failed: that may be over in a moment.
    Passing(String),
    /// It took too long, or cannot be tried at all.
    Lasting(String),
}

/// The way to servers, for any number of requests, one after the other. Connections are kept as long as it lives.
pub(crate) struct Line<'a> {
    options: &'a Options,
    worker: Option<UnboundedSender<Job>>,
}

/// A request for the worker.
struct Job {
    request: Request,
    /// Bytes of the body that the connection has taken.
    sent: Arc<AtomicU64>,
    answer: mpsc::Sender<Result<Answer, Fault>>,
    /// Closed when nobody waits any more.
    stop: oneshot::Receiver<()>,
}

/// A request as the calling thread sees it, over all its tries.
struct Watch<'a> {
    options: &'a Options,
    progress: &'a dyn Progress,
    total_bytes: u64,
    /// When the first try began.
    start: Instant,
    /// What was told of the progress; it does not go back where a request is tried again.
    told_bytes: Option<u64>,
}

impl<'a> Line<'a> {
    /// Nothing is connected yet.
    pub(crate) fn new(options: &'a Options) -> Line<'a> {
        Line { options, worker: None }
    }

    /// Sends a request and waits for its answer; tries it again as [`Options::retries`] says. Before each try it is asked
    /// whether it may be sent, and an error of that ends it.
    pub(crate) fn post<E>(
        &mut self,
        request: &Request,
        progress: &dyn Progress,
        mut permitted: impl FnMut() -> Result<(), E>,
    ) -> Result<Result<Answer, Failure>, E> {
        let mut watch = Watch {
            options: self.options,
            progress,
            total_bytes: request.body.as_ref().map_or(0, Bytes::len) as u64,
            start: Instant::now(),
            told_bytes: None,
        };
        let mut pause = FIRST_PAUSE;
        for tries_left in (0..=self.options.retries).rev() {
            permitted()?;
            let tried = self.try_once(request, &mut watch);
            let why = match tried {
                Ok(answer) if tries_left == 0 || !answer.may_pass() => return Ok(Ok(answer)),
                Err(Fault::Cancelled) => return Ok(Err(Failure::Cancelled)),
                Err(Fault::Lasting(why)) => return Ok(Err(Failure::Network(why))),
                Err(Fault::Passing(why)) if tries_left == 0 => return Ok(Err(Failure::Network(why))),
                Ok(answer) => format!("the server answered {}", answer.status),
                Err(Fault::Passing(why)) => why,
            };
            log::debug!("{why}; once more at once");
            match watch.wait(pause.mul_f64(0.75 + fastrand::f64() / 2.0)) {
                Ok(()) => pause *= 2,
                Err(Fault::Cancelled) => return Ok(Err(Failure::Cancelled)),
                Err(_) => return Ok(Err(Failure::Network(why))),
            }
        }
        unreachable!("the last try returns")
    }

    fn try_once(&mut self, request: &Request, watch: &mut Watch<'_>) -> Result<Answer, Fault> {
        if watch.progress.cancelled() {
            return Err(Fault::Cancelled);
        }
        let sent = Arc::new(AtomicU64::new(0));
        let (answer_tx, answer_rx) = mpsc::channel();
        let (stop_tx, stop_rx) = oneshot::channel();
        self.give(Job {
            request: request.clone(),
            sent: Arc::clone(&sent),
            answer: answer_tx,
            stop: stop_rx,
        })?;
        let answer = watch.watch(&answer_rx, &sent);
        drop(stop_tx);
        if answer.is_err() {
            // The worker ends by itself; waiting for it could mean waiting for a name server.
            self.worker = None;
        }
        answer
    }

    /// Gives a request to the worker, a new one if there is none.
    fn give(&mut self, job: Job) -> Result<(), Fault> {
        let worker = match &self.worker {
            Some(worker) => worker,
            None => {
                let (jobs_tx, jobs_rx) = unbounded_channel();
                let options = self.options.clone();
                thread::Builder::new()
                    .name("afterword-upload".to_owned())
                    .spawn(move || work(&options, jobs_rx))
                    .map_err(|error| Fault::Lasting(format!("cannot start a thread: {error}")))?;
                self.worker.insert(jobs_tx)
            }
        };
        // It never ends while its sender is there, but by a panic.
        worker.send(job).map_err(|_| {
            self.worker = None;
            Fault::Passing("the sending thread ended".to_owned())
        })
    }
}

impl Watch<'_> {
    /// What the calling thread does while a request is under way.
    fn watch(&mut self, answer: &mpsc::Receiver<Result<Answer, Fault>>, sent: &AtomicU64) -> Result<Answer, Fault> {
        let mut moved_at = Instant::now();
        let mut seen_bytes = None;
        loop {
            let received = answer.recv_timeout(LOOK);
            let sent_bytes = sent.load(Ordering::Relaxed);
            if seen_bytes != Some(sent_bytes) {
                seen_bytes = Some(sent_bytes);
                moved_at = Instant::now();
                self.tell(sent_bytes);
            }
            match received {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Fault::Passing("the sending thread ended".to_owned()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.progress.cancelled() {
                return Err(Fault::Cancelled);
            }
            if moved_at.elapsed() >= self.stalls_after(sent_bytes) {
                let what = if sent_bytes < self.total_bytes {
                    "takes nothing any more"
                } else {
                    "does not answer"
                };
                return Err(Fault::Lasting(format!("the server {what}")));
            }
            if self.is_over() {
                return Err(Fault::Lasting("sending took too long".to_owned()));
            }
        }
    }

    fn tell(&mut self, sent_bytes: u64) {
        if self.told_bytes.is_none_or(|told| told < sent_bytes) {
            self.told_bytes = Some(sent_bytes);
            self.progress.sent(sent_bytes, self.total_bytes);
        }
    }

    fn stalls_after(&self, sent_bytes: u64) -> Duration {
        match sent_bytes {
            // The first byte can only be taken once there is a connection.
            0 => self.options.stall_timeout.max(self.options.connect_timeout),
            // What was taken may lie in the kernel, and go over a slow line for long without our seeing it move.
            _ if sent_bytes >= self.total_bytes => {
                self.options.stall_timeout + Duration::from_secs(self.total_bytes / SLOWEST_BYTES_PER_SECOND)
            }
            _ => self.options.stall_timeout,
        }
    }

    fn is_over(&self) -> bool {
        self.start.elapsed() >= self.options.total_timeout
    }

    /// Waits before the next try, unless that would be too late.
    fn wait(&self, pause: Duration) -> Result<(), Fault> {
        let end = Instant::now() + pause;
        loop {
            if self.progress.cancelled() {
                return Err(Fault::Cancelled);
            }
            if self.is_over() {
                return Err(Fault::Lasting("sending took too long".to_owned()));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(LOOK));
        }
    }
}

/// What the worker's thread does, until nobody has anything to send any more.
fn work(options: &Options, mut jobs: UnboundedReceiver<Job>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            if let Some(job) = jobs.blocking_recv() {
                let why = format!("cannot start a runtime: {error}");
                // Nobody waits any more once the caller gave up.
                job.answer.send(Err(Fault::Lasting(why))).ok();
            }
            return;
        }
    };
    runtime.block_on(async {
        let mut clients = Clients::new(options);
        while let Some(job) = jobs.recv().await {
            let answer = tokio::select! {
                answer = exchange(options, &mut clients, job.request, job.sent) => answer,
                _ = job.stop => Err(Fault::Cancelled),
            };
            // Nobody waits any more once the caller gave up.
            job.answer.send(answer).ok();
        }
    });
    // A name lookup that hangs is left behind rather than waited for.
    runtime.shutdown_background();
}

async fn exchange(
    options: &Options,
    clients: &mut Clients<'_>,
    request: Request,
    sent: Arc<AtomicU64>,
) -> Result<Answer, Fault> {
    let client = clients.for_server(&request.url).map_err(Fault::Lasting)?;
    let with_body = match request.body {
        Some(body) => client
            .post(request.url)
            .header(CONTENT_TYPE, "application/x-sentry-envelope")
            .header(CONTENT_ENCODING, "gzip")
            .body(reqwest::Body::wrap(CountedBody::new(body, sent))),
        None => client.get(request.url),
    };
    let response = with_body
        .header("x-sentry-auth", request.auth)
        .send()
        .await
        .map_err(|error| match error.is_timeout() {
            true => Fault::Lasting(words(error)),
            false => Fault::Passing(words(error)),
        })?;
    let headers = response.headers();
    let mut answer = Answer {
        status: response.status().as_u16(),
        rate_limits: header(headers, "x-sentry-rate-limits"),
        retry_after: header(headers, "retry-after"),
        error: header(headers, "x-sentry-error"),
        location: header(headers, "location"),
        tells_known: headers.contains_key("x-afterword-known"),
        body: None,
    };
    answer.body = bounded_body(response, options.max_answer_bytes).await;
    Ok(answer)
}

/// The body of an answer; none if it is longer than the bound or breaks off, since its status says enough then, and a
/// 2xx without its whole body is no acceptance.
pub(crate) async fn bounded_body(mut response: Response, max_bytes: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > max_bytes {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// An error with its causes, without the address, which the reader knows.
pub(crate) fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
