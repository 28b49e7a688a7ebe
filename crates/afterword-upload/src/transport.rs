//! One POST and its answer: the only file that talks to a network.
//!
//! The request runs on a thread of its own, in a runtime that ends with it. The calling thread looks at it twenty times a
//! second: tells the progress, asks whether to give up, and sees to it that neither a standstill nor the whole lasts
//! longer than allowed. Giving up drops the request, which closes the connection.

mod body;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Once};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{Certificate, Client, ClientBuilder, Response, Url};
use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::{Options, Progress};
use body::CountedBody;

/// How often the calling thread looks.
const LOOK: Duration = Duration::from_millis(50);

/// A line that is slower than this is taken for one that stands still.
const SLOWEST_BYTES_PER_SECOND: u64 = 16 * 1024;

/// What is sent, and where.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) url: Url,
    /// `X-Sentry-Auth`.
    pub(crate) auth: String,
    /// Compressed by gzip.
    pub(crate) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Cancelled,
    /// In words, for people.
    Network(String),
}

/// Sends a request and waits for its answer.
pub(crate) fn post(options: &Options, request: Request, progress: &dyn Progress) -> Result<Answer, Failure> {
    if progress.cancelled() {
        return Err(Failure::Cancelled);
    }
    let total_bytes = request.body.len() as u64;
    let sent = Arc::new(AtomicU64::new(0));
    let (answer_tx, answer_rx) = mpsc::channel();
    let (stop_tx, stop_rx) = oneshot::channel();
    let thread = {
        let (options, sent) = (options.clone(), Arc::clone(&sent));
        thread::Builder::new()
            .name("afterword-upload".to_owned())
            .spawn(move || {
                // Nobody waits any more once the caller gave up.
                answer_tx.send(run(&options, request, sent, stop_rx)).ok();
            })
    };
    thread.map_err(|error| Failure::Network(format!("cannot start a thread: {error}")))?;
    let answer = watch(options, &answer_rx, &sent, total_bytes, progress);
    // The thread ends by itself; waiting for it could mean waiting for a name server.
    drop(stop_tx);
    answer
}

/// What the calling thread does meanwhile.
fn watch(
    options: &Options,
    answer: &mpsc::Receiver<Result<Answer, String>>,
    sent: &AtomicU64,
    total_bytes: u64,
    progress: &dyn Progress,
) -> Result<Answer, Failure> {
    let start = Instant::now();
    let mut moved_at = start;
    let mut told_bytes = None;
    loop {
        let received = answer.recv_timeout(LOOK);
        let sent_bytes = sent.load(Ordering::Relaxed);
        if told_bytes != Some(sent_bytes) {
            told_bytes = Some(sent_bytes);
            moved_at = Instant::now();
            progress.sent(sent_bytes, total_bytes);
        }
        match received {
            Ok(answer) => return answer.map_err(Failure::Network),
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::Network("the sending thread ended".to_owned())),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if progress.cancelled() {
            return Err(Failure::Cancelled);
        }
        let stalls_after = match sent_bytes {
            // The first byte can only be taken once there is a connection.
            0 => options.stall_timeout.max(options.connect_timeout),
            // What was taken may lie in the kernel, and go over a slow line for long without our seeing it move.
            _ if sent_bytes >= total_bytes => {
                options.stall_timeout + Duration::from_secs(total_bytes / SLOWEST_BYTES_PER_SECOND)
            }
            _ => options.stall_timeout,
        };
        if moved_at.elapsed() >= stalls_after {
            let what = if sent_bytes < total_bytes {
                "takes nothing any more"
            } else {
                "does not answer"
            };
            return Err(Failure::Network(format!("the server {what}")));
        }
        if start.elapsed() >= options.total_timeout {
            return Err(Failure::Network("sending took too long".to_owned()));
        }
    }
}

/// What the request's thread does.
fn run(
    options: &Options,
    request: Request,
    sent: Arc<AtomicU64>,
    stop: oneshot::Receiver<()>,
) -> Result<Answer, String> {
    install_crypto();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start a runtime: {error}"))?;
    let answer = runtime.block_on(async {
        tokio::select! {
            answer = exchange(options, request, sent) => answer,
            _ = stop => Err("given up".to_owned()),
        }
    });
    // A name lookup that hangs is left behind rather than waited for.
    runtime.shutdown_background();
    answer
}

async fn exchange(options: &Options, request: Request, sent: Arc<AtomicU64>) -> Result<Answer, String> {
    let client = client(options, &request.url).map_err(words)?;
    let response = client
        .post(request.url)
        .header(CONTENT_TYPE, "application/x-sentry-envelope")
        .header(CONTENT_ENCODING, "gzip")
        .header("x-sentry-auth", request.auth)
        .body(reqwest::Body::wrap(CountedBody::new(request.body, sent)))
        .send()
        .await
        .map_err(words)?;
    let headers = response.headers();
    let mut answer = Answer {
        status: response.status().as_u16(),
        rate_limits: header(headers, "x-sentry-rate-limits"),
        retry_after: header(headers, "retry-after"),
        error: header(headers, "x-sentry-error"),
        location: header(headers, "location"),
        body: None,
    };
    answer.body = bounded_body(response, options.max_answer_bytes).await;
    Ok(answer)
}

/// The body of an answer; none if it is longer than the bound or breaks off, since its status says enough then, and a
/// 2xx without its whole body is no acceptance.
async fn bounded_body(mut response: Response, max_bytes: usize) -> Option<Vec<u8>> {
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

fn client(options: &Options, url: &Url) -> reqwest::Result<Client> {
    let builder = || {
        Client::builder()
            .user_agent(&options.client)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(options.connect_timeout)
    };
    // What is on this machine is not reached through a proxy, whatever the environment says.
    let builder = || {
        if is_loopback(url) {
            builder().no_proxy()
        } else {
            builder()
        }
    };
    if url.scheme() == "https" {
        return builder().build();
    }
    // Without TLS the system's certificates are not needed; a machine that has none can send all the same. They are
    // wanted only where a proxy is spoken to through TLS.
    if is_loopback(url) {
        return without_certificates(builder()).build();
    }
    builder().build().or_else(|_| without_certificates(builder()).build())
}

fn without_certificates(builder: ClientBuilder) -> ClientBuilder {
    builder.tls_certs_only(std::iter::empty::<Certificate>())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Makes ring the provider of TLS for this process, unless it has one.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Fails only when another thread was quicker, and then there is one.
            rustls::crypto::ring::default_provider().install_default().ok();
        }
    });
}

/// An error with its causes, without the address, which the reader knows.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
