//! Who asks, where a proxy stands in front: its own address says nothing of that.
//!
//! `X-Forwarded-For` is believed as far as trusted proxies wrote it: each appends the address that it was asked from, so the
//! last one that is no trusted proxy's is the asker's, and what stands before it is the asker's own invention.
//! Source: <https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For>.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Hops that are looked at.
const MAX_HOPS: usize = 32;

/// The proxies whose word is taken: those on this machine, and those that were named.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies {
    named: Arc<[IpNet]>,
}

impl Proxies {
    pub(crate) fn new(named: &[IpNet]) -> Self {
        Self {
            named: Arc::from(named),
        }
    }

    /// The address of who asks; the peer's where nothing believable is said of another. The port of another is not known: 0.
    pub(super) fn asker(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        let mut asker = peer;
        let hops = headers.get_all(FORWARDED_FOR).iter().rev();
        let hops = hops.flat_map(|value| value.to_str().unwrap_or("").rsplit(','));
        for hop in hops.take(MAX_HOPS) {
            if !self.trusts(asker.ip()) {
                break;
            }
            match address(hop.trim()) {
                Some(address) => asker = SocketAddr::new(address, 0),
                None => break,
            }
        }
        asker
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_loopback() || self.named.iter().any(|net| net.contains(&ip))
    }
}

/// An address as proxies write it: some with the port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_matches(['[', ']']);
    let ip = bare.parse::<IpAddr>().ok();
    let ip = ip.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    ip.map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_address_that_is_no_trusted_proxys_asks() {
        let proxies = Proxies::new(&["10.1.0.0/16".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
        let table: &[(&str, &[&str], &str)] = &[
            // Nobody is believed who is no proxy.
            ("198.51.100.7", &[], "198.51.100.7"),
            ("198.51.100.7", &["203.0.113.9"], "198.51.100.7"),
            ("10.2.0.1", &["203.0.113.9"], "10.2.0.1"),
            // Those on this machine are, and those that are named.
            ("127.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:127.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            ("10.1.2.3", &["203.0.113.9, 10.1.7.7"], "203.0.113.9"),
            ("2001:db8::5", &["2a00::1"], "2a00::1"),
            // What an asker writes before that is theirs.
            ("127.0.0.1", &["192.0.2.1, 203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["192.0.2.1", "203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
            // As proxies write it.
            ("127.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("127.0.0.1", &["[2a00::1]:4711"], "2a00::1"),
            ("127.0.0.1", &["[2a00::1]"], "2a00::1"),
            ("127.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            // What is no address.
            ("127.0.0.1", &["unknown"], "127.0.0.1"),
            ("127.0.0.1", &[""], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.9, unknown, 10.1.7.7"], "10.1.7.7"),
        ];
        for (peer, said, expected) in table {
            let mut headers = HeaderMap::new();
            for value in *said {
                headers.append(FORWARDED_FOR, value.parse().unwrap());
            }
            let asker = proxies.asker(SocketAddr::new(peer.parse().unwrap(), 5), &headers);
            assert_eq!(asker.ip().to_string(), *expected, "{peer} {said:?}");
        }
    }

    #[test]
    fn a_long_list_is_read_to_a_bound() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, "127.0.0.1,".repeat(500).parse().unwrap());
        headers.append(FORWARDED_FOR, vec!["127.0.0.1"; 500].join(",").parse().unwrap());
        let asker = Proxies::default().asker("127.0.0.1:5".parse().unwrap(), &headers);
        assert!(asker.ip().is_loopback());
    }
}
