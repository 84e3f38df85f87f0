//! A block of addresses as operators write it: `10.0.0.0/8`, `::1`.

use std::fmt;
use std::net::IpAddr;

/// Addresses that share their first bits (RFC 4632 §3.1, RFC 4291 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    bits: u8,
}

impl Cidr {
    /// Reads `ADDRESS/BITS`, or an address alone. `None` when it is neither, or has bits behind the prefix, which is
    /// mostly a slip: `10.1.2.3/8` may be meant as the one host or as the network.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let network: IpAddr = address.parse().ok()?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(text) => text
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| text.parse().ok())
                .flatten()
                .filter(|bits| *bits <= most)?,
            None => most,
        };
        let block = Self { network, bits };
        (block.network == masked(network, bits)).then_some(block)
    }

    /// Whether the address is one of them. An IPv4 address that is mapped into IPv6 counts as IPv4.
    pub fn covers(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.network.is_ipv4() && masked(address, self.bits) == self.network
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.network, self.bits)
    }
}

/// The address with only its first bits.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            IpAddr::from((address.to_bits() & mask).to_be_bytes())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            IpAddr::from((address.to_bits() & mask).to_be_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cidr;

    #[track_caller]
    fn check(block: &str, inside: &[&str], outside: &[&str]) {
        let block = Cidr::parse(block).unwrap();
        for address in inside {
            assert!(block.covers(address.parse().unwrap()), "{block} {address}");
        }
        for address in outside {
            assert!(!block.covers(address.parse().unwrap()), "{block} {address}");
        }
    }

    #[test]
    fn a_block_covers_the_addresses_with_its_first_bits() {
        check("10.0.0.0/8", &["10.255.0.1", "::ffff:10.1.2.3"], &["11.0.0.0", "::10.0.0.1"]);
        check("0.0.0.0/0", &["255.255.255.255"], &["::1"]);
        check("::/0", &["::1"], &["1.2.3.4", "::ffff:1.2.3.4"]);
        check("2001:db8::/33", &["2001:db8:7fff::1"], &["2001:db8:8000::1"]);
        check("192.0.2.7", &["192.0.2.7"], &["192.0.2.6"]);
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.1.2.3/8",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "a/8",
            "10.0.0.0/8/8",
        ] {
            assert!(Cidr::parse(text).is_none(), "{text}");
        }
    }
}
