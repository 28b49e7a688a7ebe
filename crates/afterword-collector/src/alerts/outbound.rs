//! The way out to addresses that people gave: a client of HTTP that goes to nobody's private network.
//!
//! A name is resolved here, each address that comes is looked at, and only those that pass are connected to: no answer of a
//! name server can change between the look and the connection. Redirects are not followed, proxies of the environment are not
//! used (they would resolve names themselves), and nothing of an answer but its status, `Retry-After` and its beginning is read.
//! Who runs the collector can allow networks with `serve --allow-private-webhooks`.

mod addresses;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::{Host, Url};

use super::delivery::Outcome;
use crate::error::chain;

/// How much of an answer is read.
const MAX_ANSWER_BYTES: usize = 4096;

/// Addresses of a name that are looked at.
const MAX_ADDRESSES: usize = 16;

/// What goes out with each request.
pub(super) const USER_AGENT: &str = concat!("afterword-collector/", env!("CARGO_PKG_VERSION"));

/// How long sending may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Until there is a connection, the name resolved.
    pub(super) connect: Duration,
    /// Until the answer is read.
    pub(super) whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(10),
        }
    }
}

/// Why nothing is sent to a host.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{host} is in a private network, where nothing is sent unless the collector runs with --allow-private-webhooks"
)]
pub(super) struct Private {
    /// As it was given.
    host: String,
}

/// Which addresses may be connected to.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard {
    /// Besides everybody's.
    allowed: Arc<[IpNet]>,
}

impl Guard {
    pub(super) fn new(allowed: &[IpNet]) -> Self {
        Self {
            allowed: Arc::from(allowed),
        }
    }

    /// Lets everything pass: for what the owner of the machine named.
    pub(super) fn everywhere() -> Self {
        Self::new(&[IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())])
    }

    fn allows(&self, ip: IpAddr) -> bool {
        addresses::is_public(ip) || self.allowed.iter().any(|net| net.contains(&ip.to_canonical()))
    }

    /// Those addresses of a host, a name or an address in any form, that may be connected to.
    ///
    /// # Errors
    /// [`Private`] if there are only others, and if the name cannot be resolved.
    pub(super) async fn addresses(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let all: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await?
            .take(MAX_ADDRESSES)
            .collect();
        let good: Vec<SocketAddr> = all
            .iter()
            .copied()
            .filter(|address| self.allows(address.ip()))
            .collect();
        if good.is_empty() && !all.is_empty() {
            return Err(Box::new(Private { host: host.to_owned() }));
        }
        Ok(good)
    }
}

impl dns::Resolve for Guard {
    fn resolve(&self, name: dns::Name) -> dns::Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = guard.addresses(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as dns::Addrs)
        })
    }
}

/// The client; made when it is first needed.
#[derive(Debug)]
pub(super) struct Outbound {
    guard: Guard,
    limits: Limits,
    client: tokio::sync::OnceCell<reqwest::Client>,
}

impl Outbound {
    pub(super) fn new(guard: Guard, limits: Limits) -> Self {
        Self {
            guard,
            limits,
            client: tokio::sync::OnceCell::new(),
        }
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    async fn client(&self) -> Result<&reqwest::Client, String> {
        let make = async || {
            // An error means that the process has one already.
            let _ = rustls::crypto::ring::default_provider().install_default();
            reqwest::Client::builder()
                .connect_timeout(self.limits.connect)
                .timeout(self.limits.whole)
                .redirect(reqwest::redirect::Policy::none())
                .dns_resolver(Arc::new(self.guard.clone()))
                .no_proxy()
                // Messages are few: a connection that has gone in the meantime would only be one more way to fail.
                .pool_max_idle_per_host(0)
                .user_agent(USER_AGENT)
                .build()
        };
        self.client.get_or_try_init(make).await.map_err(|error| chain(&error))
    }

    /// Sends JSON, and says what became of it.
    pub(super) async fn post(&self, url: &str, headers: &[(&'static str, String)], body: Vec<u8>) -> Outcome {
        let url = match Url::parse(url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
            _ => return Outcome::refused("the address is none: write it as https://HOST/PATH in the rule"),
        };
        // The client connects to an address without asking the resolver.
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::from(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::from(ip)),
            Some(Host::Domain(_)) | None => None,
        };
        if literal.is_some_and(|ip| !self.guard.allows(ip)) {
            let host = url.host_str().unwrap_or_default().to_owned();
            return Outcome::refused(Private { host });
        }
        let client = match self.client().await {
            Ok(client) => client,
            Err(words) => return Outcome::again(words),
        };
        let mut request = client
            .post(url.clone())
            .header("Content-Type", "application/json")
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        match request.send().await {
            Ok(response) => judged(response, &url).await,
            Err(error) => failed(error, self.limits),
        }
    }
}

/// What a request that got no answer means.
fn failed(error: reqwest::Error, limits: Limits) -> Outcome {
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        if let Some(private) = error.downcast_ref::<Private>() {
            return Outcome::refused(private);
        }
        cause = error.source();
    }
    if error.is_timeout() {
        let limit = if error.is_connect() {
            limits.connect
        } else {
            limits.whole
        };
        return Outcome::again(format!("no answer within {} s", limit.as_secs_f32()));
    }
    // The path of an address is often a secret.
    Outcome::again(chain(&error.without_url()))
}

/// What an answer means.
async fn judged(response: reqwest::Response, url: &Url) -> Outcome {
    let status = response.status();
    let after = retry_after(response.headers(), OffsetDateTime::now_utc());
    let said = beginning(response).await;
    // Who answers with what was asked for would have us show it.
    let said = match url.path() {
        path if path.len() > 8 => said.replace(path, "/…"),
        _ => said,
    };
    let outcome = match status.as_u16() {
        200..=299 => Outcome::sent(said),
        408 | 425 | 429 | 500.. => Outcome::again(said).after(after),
        code => Outcome::refused(match advice(code) {
            advice if said.is_empty() => advice.to_owned(),
            advice => format!("{advice}. It said: {said}"),
        }),
    };
    outcome.with_status(status.as_u16())
}

/// What to do about an answer that will not be another one tomorrow.
fn advice(status: u16) -> &'static str {
    match status {
        300..=399 => "it leads elsewhere, which is not followed: put the address where it leads into the rule",
        401 | 403 => "it does not let us: check the webhook there, and its address in the rule",
        404 | 410 => "there is no such webhook, or no more: make one there and put its address into the rule",
        413 => "the message is too long for it",
        _ => "it does not take this message: check that the rule names a webhook of the right kind",
    }
}

/// The first bytes of an answer. One that breaks off has said what it has said.
async fn beginning(mut response: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_ANSWER_BYTES {
        let Ok(Some(piece)) = response.chunk().await else { break };
        bytes.extend_from_slice(&piece[..piece.len().min(MAX_ANSWER_BYTES - bytes.len())]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `Retry-After`: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Duration::try_from(at - now).unwrap_or_default())
}

#[cfg(test)]
mod tests;
