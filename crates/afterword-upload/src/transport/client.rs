//! The HTTP client as the options want it: which proxy, whose certificates.

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Once;

use reqwest::{Certificate, Client, ClientBuilder, Url};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::words;
use crate::Options;
use crate::options::Proxy;

/// A bundle of all the certificates of a system has a quarter of it.
const MAX_CERTIFICATES_BYTES: u64 = 1024 * 1024;
/// The ways to a proxy.
const PROXY_SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// The clients of one worker: for each way to a server that differs, made when it is needed first.
pub(crate) struct Clients<'a> {
    options: &'a Options,
    made: Vec<(Way, Client)>,
}

/// What decides how a client is made.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Way {
    is_loopback: bool,
    is_tls: bool,
}

impl<'a> Clients<'a> {
    pub(crate) fn new(options: &'a Options) -> Clients<'a> {
        install_crypto();
        Clients {
            options,
            made: Vec::new(),
        }
    }

    /// The client for a server; an error says in words what is wrong with the options.
    pub(crate) fn for_server(&mut self, url: &Url) -> Result<Client, String> {
        let way = Way {
            is_loopback: is_loopback(url),
            is_tls: url.scheme() == "https",
        };
        if let Some((_, client)) = self.made.iter().find(|(made, _)| *made == way) {
            return Ok(client.clone());
        }
        let client = make(self.options, way)?;
        self.made.push((way, client.clone()));
        Ok(client)
    }
}

fn make(options: &Options, way: Way) -> Result<Client, String> {
    let proxy = match &options.proxy {
        // What is on this machine is not reached through another.
        _ if way.is_loopback => Some(None),
        Proxy::Off => Some(None),
        Proxy::At(url) => Some(Some(proxy_url(url)?)),
        Proxy::System => None,
    };
    let builder = || -> Result<ClientBuilder, String> {
        let builder = Client::builder()
            .user_agent(&options.client)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(options.connect_timeout);
        Ok(match &proxy {
            None => builder,
            Some(None) => builder.no_proxy(),
            Some(Some(url)) => builder
                .no_proxy()
                .proxy(reqwest::Proxy::all(url.clone()).map_err(words)?),
        })
    };
    let through_tls = matches!(&proxy, Some(Some(url)) if url.scheme() == "https");
    if way.is_tls || through_tls {
        let trusted = match &options.ca_certificate {
            Some(file) => certificates(file)?,
            None => Vec::new(),
        };
        return builder()?.tls_certs_merge(trusted).build().map_err(words);
    }
    // Without TLS the system's certificates are not needed; a machine that has none can send all the same. They are
    // wanted only where the system's proxy is spoken to through TLS.
    if proxy.is_some() {
        return without_certificates(builder()?).build().map_err(words);
    }
    builder()?
        .build()
        .or_else(|_| without_certificates(builder()?).build().map_err(words))
}

fn without_certificates(builder: ClientBuilder) -> ClientBuilder {
    builder.tls_certs_only(std::iter::empty::<Certificate>())
}

/// Neither a log nor a report's record is a place for what is before the `@`, so nothing of it is repeated.
fn proxy_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("the proxy's address is none: {error}"))?;
    if PROXY_SCHEMES.contains(&url.scheme()) && url.has_host() {
        Ok(url)
    } else {
        let known = PROXY_SCHEMES.join(", ");
        Err(format!(
            "the proxy's address is none: {}:// is not one of {known} with a host",
            url.scheme()
        ))
    }
}

/// The certificates of a file, each looked at here, so that the error names the file.
fn certificates(file: &Path) -> Result<Vec<Certificate>, String> {
    let named = |why: String| format!("the certificate file {} cannot be used: {why}", file.display());
    let pem = read(file).map_err(|error| named(error.to_string()))?;
    let mut store = RootCertStore::empty();
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| named(format!("it is not PEM: {error}")))?;
        let number = found.len() + 1;
        let checked = Certificate::from_der(&certificate).map_err(|error| named(words(error)))?;
        store
            .add(certificate)
            .map_err(|error| named(format!("its certificate {number} is malformed: {error}")))?;
        found.push(checked);
    }
    if found.is_empty() {
        return Err(named("there is no certificate (PEM) in it".to_owned()));
    }
    Ok(found)
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    // A pipe would be waited for, a device has no end.
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(file)?
        .take(MAX_CERTIFICATES_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_CERTIFICATES_BYTES {
        return Err(std::io::Error::other(format!(
            "it has more than {MAX_CERTIFICATES_BYTES} bytes"
        )));
    }
    Ok(bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_is_none_is_told_without_its_password() {
        for good in [
            "http://proxy:3128",
            "https://u:p@proxy",
            "socks5://[::1]:9",
            "socks5h://proxy",
        ] {
            assert!(proxy_url(good).is_ok(), "{good}");
        }
        for bad in [
            "proxy:3128",
            "ftp://u:hunter2@proxy",
            "u:hunter2@proxy",
            "http://",
            "::",
        ] {
            let why = proxy_url(bad).unwrap_err();
            assert!(
                why.starts_with("the proxy's address") && !why.contains("hunter2"),
                "{why}"
            );
        }
    }
}
