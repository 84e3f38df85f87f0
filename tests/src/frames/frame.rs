//! Frames and header blocks by hand (RFC 9113 §4, RFC 7541 §6): enough to write anything, and to read a status.

/// What a connection begins with (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames (RFC 9113 §6).
pub mod kind {
    /// `DATA`.
    pub const DATA: u8 = 0;
    /// `HEADERS`.
    pub const HEADERS: u8 = 1;
    /// `PRIORITY`.
    pub const PRIORITY: u8 = 2;
    /// `RST_STREAM`.
    pub const RST_STREAM: u8 = 3;
    /// `SETTINGS`.
    pub const SETTINGS: u8 = 4;
    /// `PUSH_PROMISE`.
    pub const PUSH_PROMISE: u8 = 5;
    /// `PING`.
    pub const PING: u8 = 6;
    /// `GOAWAY`.
    pub const GOAWAY: u8 = 7;
    /// `WINDOW_UPDATE`.
    pub const WINDOW_UPDATE: u8 = 8;
    /// `CONTINUATION`.
    pub const CONTINUATION: u8 = 9;
}

/// `ACK` of SETTINGS and PING.
pub const ACK: u8 = 1;
/// `END_STREAM` of DATA and HEADERS.
pub const END_STREAM: u8 = 1;
/// `END_HEADERS` of HEADERS and CONTINUATION.
pub const END_HEADERS: u8 = 4;
/// `PADDED` of DATA and HEADERS.
pub const PADDED: u8 = 8;
/// Both flags of a request without a body.
pub const BOTH: u8 = END_STREAM | END_HEADERS;

/// A frame as it came.
#[derive(Clone, Debug)]
pub struct Frame {
    /// See [`kind`].
    pub kind: u8,
    /// Flags.
    pub flags: u8,
    /// The stream; 0 for the connection.
    pub stream: u32,
    /// Everything behind the nine octets of its head.
    pub payload: Vec<u8>,
}

/// The octets of a frame, whatever they mean.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The frame that a buffer begins with, and its length in it.
pub fn read(buffer: &[u8]) -> Option<(Frame, usize)> {
    let number = |octets: &[u8]| octets.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet));
    let (head, rest) = buffer.split_at_checked(9)?;
    let length = number(head.get(..3)?) as usize;
    let payload = rest.get(..length)?.to_vec();
    let stream = number(head.get(5..)?) & 0x7fff_ffff;
    Some((Frame { kind: *head.get(3)?, flags: *head.get(4)?, stream, payload }, 9 + length))
}

/// A number with a prefix of `bits` bits, under `mark` (RFC 7541 §5.1).
fn number(mark: u8, bits: u32, value: usize) -> Vec<u8> {
    let most = (1_usize << bits) - 1;
    let octet = |value: usize| u8::try_from(value & 0xff).unwrap_or(0);
    if value < most {
        return vec![mark | octet(value)];
    }
    let mut octets = vec![mark | octet(most)];
    let mut rest = value - most;
    while rest >= 128 {
        octets.push(octet(rest % 128) | 128);
        rest /= 128;
    }
    octets.push(octet(rest));
    octets
}

/// A literal field without indexing, without Huffman (RFC 7541 §6.2.2).
pub fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[0][..], &number(0, 7, name.len()), name, &number(0, 7, value.len()), value].concat()
}

/// A literal field that goes into the dynamic table (RFC 7541 §6.2.1).
pub fn indexed_literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[0x40][..], &number(0, 7, name.len()), name, &number(0, 7, value.len()), value].concat()
}

/// A header block of literals.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| literal(name.as_bytes(), value.as_bytes())).collect()
}

/// SETTINGS with these values.
pub fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let pair = |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
    frame(kind::SETTINGS, 0, 0, &values.iter().flat_map(pair).collect::<Vec<u8>>())
}

/// The status of a header block whose encoder was given no dynamic table: its first field (RFC 9113 §8.3.2).
pub fn status(mut block: &[u8]) -> Option<u16> {
    // Changes of the table's size come first.
    while let [first, rest @ ..] = block
        && first & 0xe0 == 0x20
    {
        block = rest;
        if first & 0x1f == 0x1f {
            let end = block.iter().position(|octet| octet & 0x80 == 0)?;
            block = block.get(end + 1..)?;
        }
    }
    let (first, rest) = block.split_first()?;
    if first & 0x80 != 0 {
        let fixed = [200, 204, 206, 304, 400, 404, 500];
        return fixed.get(usize::from(first & 0x7f).checked_sub(8)?).copied();
    }
    if !matches!(first, 0x08 | 0x18 | 0x48) {
        return None;
    }
    let (length, value) = rest.split_first()?;
    let value = value.get(..usize::from(length & 0x7f))?;
    if length & 0x80 == 0 {
        return std::str::from_utf8(value).ok()?.parse().ok();
    }
    digits(value)
}

/// Digits in the Huffman code (RFC 7541 appendix B): `0` to `2` in five bits, the others in six.
fn digits(value: &[u8]) -> Option<u16> {
    let all = value.iter().fold(0_u64, |all, octet| all << 8 | u64::from(*octet));
    let mut left = 8 * u32::try_from(value.len()).ok()?;
    let take = |left: u32, count: u32| {
        let shift = left.checked_sub(count)?;
        let taken = u16::try_from(all >> shift & ((1 << count) - 1)).ok()?;
        Some((taken, shift))
    };
    let mut number = 0;
    for _ in 0..3 {
        let (five, after) = take(left, 5)?;
        let (digit, after) = if five < 3 {
            (five, after)
        } else {
            let (six, after) = take(left, 6)?;
            (six.checked_sub(0x19)? + 3, after)
        };
        number = number * 10 + digit;
        left = after;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::{block, frame, read, status};

    #[test]
    fn a_frame_is_read_as_written() {
        let written = frame(1, 5, 3, &block(&[("a", "b")]));
        assert_eq!(written, [0, 0, 5, 1, 5, 0, 0, 0, 3, 0, 1, b'a', 1, b'b']);
        let (seen, length) = read(&written).unwrap();
        assert_eq!((seen.kind, seen.flags, seen.stream, length), (1, 5, 3, 14));
        assert!(read(&written[..13]).is_none());
        assert_eq!(block(&[("a", &"b".repeat(200))])[3..5], [127, 73]);
    }

    #[test]
    fn statuses_are_read_in_every_spelling() {
        for (octets, expected) in [
            (&[0x88][..], Some(200)),
            (&[0x20, 0x8c], Some(400)),
            (&[0x3f, 0xe1, 0x1f, 0x8d], Some(404)),
            (&[0x48, 3, b'5', b'0', b'2'], Some(502)),
            // In the Huffman code (RFC 7541 §C.6).
            (&[0x48, 0x82, 0x64, 0x02], Some(302)),
            (&[0x48, 0x83, 0x64, 0x0e, 0xff], Some(307)),
            (&[0x40, 1, b'a', 1, b'b'], None),
            (&[], None),
        ] {
            assert_eq!(status(octets), expected, "{octets:?}");
        }
    }
}
