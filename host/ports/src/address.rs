//! Which addresses a request may reach without being granted by name: the public internet.
//!
//! Refused are this machine, its neighbours, the metadata services of clouds, and every range that
//! is not ordinary unicast. An IPv6 address that carries an IPv4 one is judged by that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks, as address and prefix length.
const V4_REFUSED: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    // Shared address space; one cloud keeps its metadata service here.
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    // A metadata service inside of public space.
    ([168, 63, 129, 16], 32),
];

/// IPv6 networks, as the first two segments and prefix length; the longer ones stand in the code.
const V6_REFUSED: &[([u16; 2], u32)] = &[
    ([0x2001, 0x0db8], 32),
    // Special purposes; what carries an IPv4 address was looked at before.
    ([0x2001, 0x0000], 23),
    ([0x3fff, 0x0000], 20),
    ([0x5f00, 0x0000], 16),
    ([0xfc00, 0x0000], 7),
    ([0xfe80, 0x0000], 10),
    ([0xfec0, 0x0000], 10),
    ([0xff00, 0x0000], 8),
];

/// Whether an address is part of the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !V4_REFUSED.iter().any(|(network, length)| {
        let network = Ipv4Addr::from(*network).to_bits();
        (bits ^ network) >> (32 - length) == 0
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [s0, s1, s2, s3, ..] = address.segments();
    // 100::/64 discards everything.
    if [s0, s1, s2, s3] == [0x100, 0, 0, 0] {
        return false;
    }
    let bits = (u32::from(s0) << 16) | u32::from(s1);
    !V6_REFUSED.iter().any(|([n0, n1], length)| {
        let network = (u32::from(*n0) << 16) | u32::from(*n1);
        (bits ^ network) >> (32 - length) == 0
    })
}

/// The IPv4 address a packet to this IPv6 address may end up at.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = address.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match [s0, s1, s2, s3, s4, s5] {
        // ::/96, with :: and ::1 in it, and mapped addresses.
        [0, 0, 0, 0, 0, 0 | 0xffff] => Some(from(s6, s7)),
        // NAT64, and its local variant in the layout for a /96.
        [0x64, 0xff9b, 0, 0, 0, 0] => Some(from(s6, s7)),
        [0x64, 0xff9b, 1, ..] => Some(from(s6, s7)),
        // Teredo hides the client's address by inversion.
        [0x2001, 0, ..] => Some(from(!s6, !s7)),
        // 6to4
        [0x2002, ..] => Some(from(s1, s2)),
        _ => None,
    }
}

/// Names that lead into this machine or its network whatever a resolver says.
pub fn is_public_name(name: &str) -> bool {
    const NAMES: &[&str] = &["localhost", "instance-data", "metadata"];
    const SUFFIXES: &[&str] = &[".localhost", ".internal", ".local", ".localdomain", ".home.arpa"];
    !NAMES.contains(&name) && !SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, public: bool) {
        assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
    }

    #[test]
    fn v4() {
        for address in [
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
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
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
        ] {
            check(address, false);
        }
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.0.0.1",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.17",
        ] {
            check(address, true);
        }
    }

    #[test]
    fn v6() {
        for address in [
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            // Teredo with an inverted 10.0.0.1
            "2001:0:1234::f5ff:fffe",
            "100::1",
            "2001:db8::1",
            "2001:10::1",
            "2001:1ff::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(address, false);
        }
        for address in [
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "2001:200::1",
            "100:0:0:1::1",
            "4000::1",
            "3ffe::1",
        ] {
            check(address, true);
        }
    }

    #[test]
    fn names() {
        for name in
            ["localhost", "a.localhost", "metadata.google.internal", "x.local", "instance-data"]
        {
            assert!(!is_public_name(name), "{name}");
        }
        for name in ["example.org", "localhost.example.org", "internal.org", "mylocalhost"] {
            assert!(is_public_name(name), "{name}");
        }
    }
}
