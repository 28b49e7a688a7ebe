//! Which addresses belong to everybody, by IANA's registries of special-purpose addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::{Ipv4Net, Ipv6Net};

/// Not for everybody, each with what it is.
const SPECIAL_V4: [&str; 17] = [
    "0.0.0.0/8",          // this network
    "10.0.0.0/8",         // private
    "100.64.0.0/10",      // between a provider and its customers; metadata of Alibaba's cloud
    "127.0.0.0/8",        // loopback
    "168.63.129.16/32",   // Azure's, within each machine of it
    "169.254.0.0/16",     // link-local; metadata of most clouds
    "172.16.0.0/12",      // private
    "192.0.0.0/24",       // for protocols; metadata of Oracle's cloud
    "192.0.2.0/24",       // documentation
    "192.88.99.0/24",     // relays of 6to4
    "192.168.0.0/16",     // private
    "198.18.0.0/15",      // measurements
    "198.51.100.0/24",    // documentation
    "203.0.113.0/24",     // documentation
    "224.0.0.0/4",        // multicast
    "240.0.0.0/4",        // kept for later
    "255.255.255.255/32", // broadcast
];

/// Of IPv6 nothing but this is for everybody, …
const GLOBAL_V6: &str = "2000::/3";

/// … and of that, not these.
const SPECIAL_V6: [&str; 4] = [
    "2001::/23",     // for protocols: Teredo, ORCHID, measurements
    "2001:db8::/32", // documentation
    "2002::/16",     // 6to4, which leads to any address of IPv4
    "3fff::/20",     // documentation
];

/// Behind it the network puts an address of IPv4: networks without IPv4 reach everybody else's so.
const NAT64: &str = "64:ff9b::/96";

struct Tables {
    v4: Vec<Ipv4Net>,
    global: Option<Ipv6Net>,
    v6: Vec<Ipv6Net>,
    nat64: Option<Ipv6Net>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    v4: SPECIAL_V4.iter().filter_map(|net| net.parse().ok()).collect(),
    global: GLOBAL_V6.parse().ok(),
    v6: SPECIAL_V6.iter().filter_map(|net| net.parse().ok()).collect(),
    nat64: NAT64.parse().ok(),
});

/// Whether the address is one that anybody can be reached at. What only stands for an address of IPv4 is judged as that.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    !TABLES.v4.iter().any(|net| net.contains(&ip))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(ip) = ip.to_ipv4_mapped() {
        return is_public_v4(ip);
    }
    if TABLES.nat64.is_some_and(|net| net.contains(&ip)) {
        let [.., a, b, c, d] = ip.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    TABLES.global.is_some_and(|net| net.contains(&ip)) && !TABLES.v6.iter().any(|net| net.contains(&ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole() {
        assert_eq!((TABLES.v4.len(), TABLES.v6.len()), (SPECIAL_V4.len(), SPECIAL_V6.len()));
        assert!(TABLES.global.is_some() && TABLES.nat64.is_some());
    }

    #[test]
    fn what_is_for_everybody() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450:4001:810::200e",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn what_is_not() {
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }
}
