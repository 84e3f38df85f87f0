//! The PROXY protocol, versions 1 and 2 (HAProxy, `proxy-protocol.txt`), read strictly and to its very last octet.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// What a header of version 2 begins with (§2.2).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Longest header of version 1, with its line end (§2.1).
const LONGEST_LINE: usize = 107;
/// Most that a header of version 2 may announce: addresses take 216, the rest is for what a proxy adds.
const MOST: usize = 4096;
/// A checksum of the header (§2.2.3).
const CRC32C: u8 = 0x03;
/// How the client reached the proxy (§2.2.6).
const SSL: u8 = 0x20;

/// What a header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Who is behind the proxy; `None` where the proxy speaks for itself or does not know.
    pub(super) source: Option<SocketAddr>,
    /// The client spoke TLS to the proxy.
    pub(super) secure: bool,
}

/// Why a header is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    /// It is not one.
    #[error("the PROXY header {0}")]
    Header(&'static str),
    /// The connection failed before it was whole.
    #[error("the PROXY header did not come: {0}")]
    Io(#[from] io::Error),
}

/// Reads a header, and not an octet of what follows. A peer that sends too little is the caller's to time out.
pub(super) async fn read(stream: &mut TcpStream) -> Result<Said, Malformed> {
    // the shortest header of either version has more
    let mut header = vec![0; SIGNATURE.len()];
    stream.read_exact(&mut header).await?;
    if header == SIGNATURE {
        return binary(stream, header).await;
    }
    if !header.starts_with(b"PROXY ") {
        return Err(Malformed::Header("is missing"));
    }
    let mut ahead = [0; LONGEST_LINE];
    loop {
        let room = LONGEST_LINE.saturating_sub(header.len());
        if room == 0 {
            return Err(Malformed::Header("has a line that is too long"));
        }
        // looked at before it is taken, so that nothing behind the line is
        let seen = stream.peek(ahead.get_mut(..room).unwrap_or_default()).await?;
        if seen == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let part = ahead.get(..seen).unwrap_or_default();
        let end = part.iter().position(|octet| *octet == b'\n');
        let (had, take) = (header.len(), end.map_or(seen, |end| end + 1));
        header.resize(had + take, 0);
        stream.read_exact(header.get_mut(had..).unwrap_or_default()).await?;
        if end.is_some() {
            return line(&header).map_err(Malformed::Header);
        }
    }
}

async fn binary(stream: &mut TcpStream, mut header: Vec<u8>) -> Result<Said, Malformed> {
    let mut fixed = [0; 4];
    stream.read_exact(&mut fixed).await?;
    let length = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    if length > MOST {
        return Err(Malformed::Header("announces more than is taken"));
    }
    header.extend(fixed);
    header.resize(SIGNATURE.len() + fixed.len() + length, 0);
    let rest = header.get_mut(SIGNATURE.len() + fixed.len()..).unwrap_or_default();
    stream.read_exact(rest).await?;
    message(&header).map_err(Malformed::Header)
}

/// A header of version 1, with its line end.
fn line(header: &[u8]) -> Result<Said, &'static str> {
    let text = header.strip_suffix(b"\r\n").ok_or("does not end with CR LF")?;
    let text = std::str::from_utf8(text).map_err(|_| "is not text")?;
    if text.contains('\r') {
        return Err("has a CR in its line");
    }
    let mut words = text.split(' ');
    let mut next = || words.next().ok_or("has too few words");
    if next()? != "PROXY" {
        return Err("is missing");
    }
    let family = next()?;
    if family == "UNKNOWN" {
        return Ok(Said::default());
    }
    let (source, target) = (next()?, next()?);
    let (from, to) = (port(next()?)?, port(next()?)?);
    if words.next().is_some() {
        return Err("has too many words");
    }
    let address = |text: &str| -> Option<IpAddr> {
        match family {
            "TCP4" => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
            "TCP6" => text.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            _ => None,
        }
    };
    let (Some(source), Some(_)) = (address(source), address(target)) else {
        return Err("has an address that is none of its family");
    };
    let _ = to;
    Ok(Said { source: Some(SocketAddr::new(source, from)), secure: false })
}

fn port(text: &str) -> Result<u16, &'static str> {
    let plain =
        text.bytes().all(|octet| octet.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain).ok_or("has a port that is none")
}

/// A header of version 2, whole.
fn message(header: &[u8]) -> Result<Said, &'static str> {
    const SHORT: &str = "is cut short";
    let rest = header.strip_prefix(SIGNATURE).ok_or("has a wrong signature")?;
    let ([what, family, _, _], body) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
    let own = match what {
        0x20 => true,
        0x21 => false,
        _ => return Err("has a version or a command that is not known"),
    };
    let (source, additions) = match family {
        0x00 => (None, body),
        0x11 => {
            let (addresses, rest) = body.split_first_chunk::<12>().ok_or(SHORT)?;
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *addresses;
            let address = IpAddr::from([a, b, c, d]);
            (Some(SocketAddr::new(address, u16::from_be_bytes([high, low]))), rest)
        }
        0x21 => {
            let (addresses, rest) = body.split_first_chunk::<36>().ok_or(SHORT)?;
            let (address, _) = addresses.split_first_chunk::<16>().ok_or(SHORT)?;
            let [high, low, _, _] = *addresses.last_chunk::<4>().ok_or(SHORT)?;
            let address = IpAddr::from(*address);
            (Some(SocketAddr::new(address, u16::from_be_bytes([high, low]))), rest)
        }
        0x31 => (None, body.split_first_chunk::<216>().ok_or(SHORT)?.1),
        _ => return Err("is of a family that no TCP connection has"),
    };
    let secure = added(header, additions)?;
    // what the proxy says for itself, as a health check, is about nobody else
    Ok(if own { Said::default() } else { Said { source, secure } })
}

/// Goes through what is added behind the addresses; whether the client spoke TLS.
fn added(header: &[u8], mut rest: &[u8]) -> Result<bool, &'static str> {
    const SHORT: &str = "has an addition that is cut short";
    let mut secure = false;
    while !rest.is_empty() {
        let ([kind, high, low], tail) = rest.split_first_chunk::<3>().ok_or(SHORT)?;
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, tail) = tail.split_at_checked(length).ok_or(SHORT)?;
        match *kind {
            CRC32C => {
                let sum =
                    <[u8; 4]>::try_from(value).map_err(|_| "has a checksum of a wrong length")?;
                let at = header.len() - tail.len() - 4;
                if checksum(header, at) != u32::from_be_bytes(sum) {
                    return Err("has a wrong checksum");
                }
            }
            SSL => secure |= value.first().ok_or(SHORT)? & 1 == 1,
            _ => {}
        }
        rest = tail;
    }
    Ok(secure)
}

/// CRC-32C (RFC 9260, appendix A) of the header, with the checksum itself, four octets from `at` on, as zeros.
fn checksum(header: &[u8], at: usize) -> u32 {
    let mut sum = u32::MAX;
    for (index, octet) in header.iter().enumerate() {
        let octet = if (at..at + 4).contains(&index) { 0 } else { *octet };
        sum ^= u32::from(octet);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0x82f6_3b78 } else { sum >> 1 };
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SIGNATURE, Said, checksum, line, message};

    fn from(source: &str) -> Said {
        Said { source: Some(source.parse().unwrap()), secure: false }
    }

    /// A header of version 2.
    fn v2(what: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[what, family], &length, body].concat()
    }

    const FOUR: [u8; 12] = [192, 0, 2, 1, 10, 0, 0, 1, 0x1f, 0x90, 0, 80];

    #[test]
    fn lines_are_read_strictly() {
        let good = [
            ("PROXY TCP4 192.0.2.1 10.0.0.1 8080 80\r\n", from("192.0.2.1:8080")),
            ("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", from("[2001:db8::1]:1")),
            ("PROXY UNKNOWN\r\n", Said::default()),
            ("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", Said::default()),
        ];
        for (text, said) in good {
            assert_eq!(line(text.as_bytes()), Ok(said), "{text}");
        }
        let bad = [
            "PROXY TCP4 192.0.2.1 10.0.0.1 8080 80\n",
            "PROXY TCP4 192.0.2.1 10.0.0.1 8080 80 \r\n",
            "PROXY TCP4  192.0.2.1 10.0.0.1 8080 80\r\n",
            "PROXY TCP4 192.0.2.1 10.0.0.1 08080 80\r\n",
            "PROXY TCP4 192.0.2.1 10.0.0.1 +8080 80\r\n",
            "PROXY TCP4 192.0.2.1 10.0.0.1 65536 80\r\n",
            "PROXY TCP4 192.0.2.1 10.0.0.1 80\r\n",
            "PROXY TCP4 192.0.2.01 10.0.0.1 8080 80\r\n",
            "PROXY TCP4 ::1 ::1 8080 80\r\n",
            "PROXY TCP6 1.2.3.4 ::1 8080 80\r\n",
            "PROXY UDP4 192.0.2.1 10.0.0.1 8080 80\r\n",
            "PROXY TCP4 192.0.2.1 10.0.0.1 8080 80\r\r\n",
            "proxy TCP4 192.0.2.1 10.0.0.1 8080 80\r\n",
            "PROXY\r\n",
        ];
        for text in bad {
            assert!(line(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn messages_are_read_strictly() {
        assert_eq!(message(&v2(0x21, 0x11, &FOUR)), Ok(from("192.0.2.1:8080")));
        let mut six = [0; 36];
        six[15] = 1;
        six[33] = 9;
        assert_eq!(message(&v2(0x21, 0x21, &six)), Ok(from("[::1]:9")));
        assert_eq!(message(&v2(0x20, 0x11, &FOUR)), Ok(Said::default()));
        assert_eq!(message(&v2(0x21, 0x00, &[])), Ok(Said::default()));
        let secure = [&FOUR[..], &[0x20, 0, 5, 1, 0, 0, 0, 0]].concat();
        assert!(message(&v2(0x21, 0x11, &secure)).unwrap().secure);
        let bad = [
            v2(0x11, 0x11, &FOUR),
            v2(0x22, 0x11, &FOUR),
            v2(0x21, 0x12, &FOUR),
            v2(0x21, 0x41, &FOUR),
            v2(0x21, 0x11, &FOUR[..11]),
            v2(0x21, 0x21, &FOUR),
            v2(0x21, 0x11, &[&FOUR[..], &[4, 0]].concat()),
            v2(0x21, 0x11, &[&FOUR[..], &[4, 0, 9, 0]].concat()),
            v2(0x21, 0x11, &[&FOUR[..], &[3, 0, 1, 0]].concat()),
            v2(0x21, 0x11, &[&FOUR[..], &[0x20, 0, 0]].concat()),
        ];
        for header in bad {
            assert!(message(&header).is_err(), "{header:?}");
        }
    }

    #[test]
    fn a_checksum_has_to_be_right() {
        assert_eq!(checksum(b"123456789", 100), 0xe306_9283, "the check value of CRC-32C");
        let mut header = v2(0x21, 0x11, &[&FOUR[..], &[3, 0, 4, 0, 0, 0, 0]].concat());
        assert!(message(&header).is_err());
        let at = header.len() - 4;
        let sum = checksum(&header, at).to_be_bytes();
        header[at..].copy_from_slice(&sum);
        assert_eq!(message(&header), Ok(from("192.0.2.1:8080")));
        header[20] ^= 1;
        assert!(message(&header).is_err());
    }

    proptest! {
        /// No octets make it fall, and none but those of a header are taken for one.
        #[test]
        fn anything_is_a_header_or_refused(
            cut in 0..=28_usize,
            changes in prop::collection::vec((0..28_usize, any::<u8>()), 0..6),
            noise in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = line(&noise);
            let _ = message(&noise);
            let _ = message(&[&SIGNATURE[..], &noise].concat());
            let mut header = v2(0x21, 0x11, &FOUR);
            for (at, octet) in changes {
                header[at] = octet;
            }
            if let Ok(said) = message(&header[..cut]) {
                prop_assert!(header.starts_with(SIGNATURE));
                prop_assert_eq!(header[12] >> 4, 2);
                prop_assert!(said.source.is_none() || cut == 28);
            }
        }

        /// What a proxy writes is what is read.
        #[test]
        fn lines_say_what_was_written(
            from: std::net::IpAddr,
            to: std::net::IpAddr,
            port: u16,
        ) {
            let family = if from.is_ipv4() { "TCP4" } else { "TCP6" };
            let text = format!("PROXY {family} {from} {to} {port} {}\r\n", !port);
            let read = line(text.as_bytes());
            if from.is_ipv4() == to.is_ipv4() {
                prop_assert_eq!(read.unwrap().source.unwrap(), (from, port).into());
            } else {
                prop_assert!(read.is_err());
            }
        }
    }
}
