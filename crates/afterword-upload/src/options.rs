//! How to send.

use std::path::PathBuf;
use std::time::Duration;

use afterword_protocol::Dsn;

/// No send may take longer, whatever is asked for.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// More tries at once help nobody.
const MOST_RETRIES: u32 = 10;

/// How to send.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the server is told of us, such as `afterword/0.1.0`: user agent and `sentry_client`.
    pub client: String,
    /// For the name, the connection and the TLS handshake together.
    pub connect_timeout: Duration,
    /// Without a byte taken by the connection; or, once it has all, until the server has answered, and then a second more
    /// for every 16 KiB of the body, which may still be on their way.
    pub stall_timeout: Duration,
    /// For a request from its beginning to the end of its answer, with all that it is tried again at once.
    pub total_timeout: Duration,
    /// How often a request is tried again at once, after a pause of a quarter of a second that doubles: where the network
    /// failed before there was an answer, or the server answered 5xx and named no time. What took too long or was answered
    /// in any other way is not. After that it waits for its [`backoff`](crate::backoff).
    pub retries: u32,
    /// Which proxy.
    pub proxy: Proxy,
    /// A file of certificates (PEM) that are trusted besides the system's. It is read when something is sent through TLS;
    /// where that fails, nothing is sent and all of it waits.
    pub ca_certificate: Option<PathBuf>,
    /// The most that is read of an answer.
    pub max_answer_bytes: usize,
    /// How long to wait for another process that is sending.
    pub lock_timeout: Duration,
    /// Where queued envelopes go whose header names no DSN.
    pub dsn: Option<Dsn>,
}

/// Which proxy to send through. A server on this machine is spoken to directly in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// What the system says: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`; on Windows and macOS its settings.
    #[default]
    System,
    /// None, whatever the system says.
    Off,
    /// This one, whatever the system says: `http://`, `https://`, `socks5://` or, where the proxy looks up the server's name,
    /// `socks5h://`; with `user:password@` where it asks for them. What is none is told when something is sent, and then
    /// nothing is.
    At(String),
}

impl Options {
    /// The defaults: 10 s to connect, 30 s standing still, 10 min in all, two tries more at once, the system's proxy and
    /// certificates, 64 KiB of an answer, 15 s for another sender.
    #[must_use]
    pub fn new(client: impl Into<String>) -> Options {
        Options {
            client: client.into(),
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(600),
            retries: 2,
            proxy: Proxy::System,
            ca_certificate: None,
            max_answer_bytes: 64 * 1024,
            lock_timeout: Duration::from_secs(15),
            dsn: None,
        }
    }

    /// The longest a request may take with all its tries, an hour at the most. The other limits in time stay below it by
    /// themselves.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Options {
        self.total_timeout = timeout.min(LONGEST);
        self
    }

    /// How often a request is tried again at once, ten times at the most; see [`Options::retries`](#structfield.retries).
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Options {
        self.retries = retries.min(MOST_RETRIES);
        self
    }

    /// The proxy's URL, or `none` for none; see [`Proxy`].
    #[must_use]
    pub fn proxy(mut self, proxy: &str) -> Options {
        self.proxy = match proxy {
            "" => Proxy::System,
            "none" => Proxy::Off,
            url => Proxy::At(url.to_owned()),
        };
        self
    }

    /// A file of certificates that are trusted as well; see [`Options::ca_certificate`](#structfield.ca_certificate).
    #[must_use]
    pub fn ca_certificate(mut self, file: impl Into<PathBuf>) -> Options {
        self.ca_certificate = Some(file.into());
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Options::new(concat!("afterword/", env!("CARGO_PKG_VERSION")))
    }
}
