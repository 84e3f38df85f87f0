//! A look at the frames of an HTTP/2 connection before the library that serves it sees them: what each frame alone
//! makes wrong is ended with the code that RFC 9113 asks for, and who only makes work is ended too.

use std::time::Instant;

use super::blocks::Blocks;

/// Octets of the preface, which was read before.
const PREFACE: usize = 24;

/// Largest payload of a frame: what is served never asks for more (RFC 9113 §6.5.2).
const FRAME: usize = 16_384;

/// What frames that carry nothing may cost at once: enough for any client, and for hours at its usual pace.
const BURST: u32 = 50_000;

/// How much of it is forgotten in a second. Libraries that measure the way send a PING for each round trip, which may be
/// short.
const PER_SECOND: u32 = 5_000;

/// What a reset costs, as it may have cost a backend a request; all others cost 1.
const RESET: u32 = 25;

/// Octets of answers that pay for a reset, as whoever reads much has to open windows and may stop in between.
const PAY: usize = 512;

/// Octets of the longest answer to a frame that carries nothing: that to a PING.
const ANSWER: usize = 17;

/// Codes of GOAWAY (RFC 9113 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Code {
    Protocol = 1,
    FlowControl = 3,
    FrameSize = 6,
    Compression = 9,
    EnhanceYourCalm = 11,
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
/// `ACK` of SETTINGS.
const ACK: u8 = 1;
/// `END_STREAM` of DATA.
const END_STREAM: u8 = 1;

/// Follows the frames that a client sends.
#[derive(Debug)]
pub(super) struct FrameGuard {
    preface: usize,
    head: [u8; 9],
    /// How much of the head has come.
    have: usize,
    /// Octets of the payload still to come.
    left: usize,
    /// One value of SETTINGS, and how much of it has come; `None` in other frames.
    value: Option<([u8; 6], usize)>,
    begun: bool,
    last: u32,
    blocks: Blocks,
    idle: Idle,
}

/// Frames that carry nothing, as they come and are forgotten.
#[derive(Debug)]
struct Idle {
    count: u32,
    since: Instant,
    paid: usize,
    /// Octets that answer such frames, and pay for nothing.
    owed: usize,
}

impl FrameGuard {
    /// Follows a connection from its first octet on.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            preface: PREFACE,
            head: [0; 9],
            have: 0,
            left: 0,
            value: None,
            begun: false,
            last: 0,
            blocks: Blocks::new(),
            idle: Idle { count: 0, since: now, paid: 0, owed: 0 },
        }
    }

    /// Takes the octets that came next.
    ///
    /// # Errors
    /// The code to end the connection with.
    pub(super) fn takes(&mut self, mut bytes: &[u8], now: Instant) -> Result<(), Code> {
        let skipped = self.preface.min(bytes.len());
        self.preface -= skipped;
        bytes = bytes.get(skipped..).unwrap_or_default();
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let here = self.left.min(bytes.len());
                let (payload, rest) = bytes.split_at(here);
                self.left -= here;
                bytes = rest;
                self.payload(payload)?;
                continue;
            }
            if let Some(slot) = self.head.get_mut(self.have) {
                *slot = *first;
            }
            self.have += 1;
            bytes = rest;
            if self.have == self.head.len() {
                self.have = 0;
                self.frame(now)?;
            }
        }
        Ok(())
    }

    /// So many octets were written to the client.
    pub(super) const fn wrote(&mut self, octets: usize) {
        let answers = if octets < self.idle.owed { octets } else { self.idle.owed };
        self.idle.owed -= answers;
        self.idle.paid = self.idle.paid.saturating_add(octets - answers);
    }

    /// The last frame of a connection that is ended.
    pub(super) fn goaway(&self, code: Code) -> [u8; 17] {
        let mut frame = [0, 0, 8, GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let (_, payload) = frame.split_at_mut(9);
        let said = self.last.to_be_bytes().into_iter().chain((code as u32).to_be_bytes());
        for (slot, octet) in payload.iter_mut().zip(said) {
            *slot = octet;
        }
        frame
    }

    /// A head of a frame has come.
    fn frame(&mut self, now: Instant) -> Result<(), Code> {
        let ([high, middle, low, kind, flags, ..], [.., one, two, three, four]) =
            (self.head, self.head);
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        let stream = u32::from_be_bytes([one, two, three, four]) & 0x7fff_ffff;
        if !self.begun && (kind != SETTINGS || flags & ACK != 0) {
            return Err(Code::Protocol);
        }
        self.begun = true;
        if length > FRAME {
            return Err(Code::FrameSize);
        }
        self.value = None;
        self.left = length;
        if matches!(kind, HEADERS | CONTINUATION) {
            self.blocks.begins(kind == CONTINUATION, flags, stream);
            if length == 0 {
                self.blocks.takes(&[], 0)?;
            }
        } else {
            self.blocks.other();
        }
        match kind {
            SETTINGS | PING | GOAWAY if stream != 0 => return Err(Code::Protocol),
            SETTINGS if !length.is_multiple_of(6) || (flags & ACK != 0 && length > 0) => {
                return Err(Code::FrameSize);
            }
            SETTINGS => self.value = Some(([0; 6], 0)),
            RST_STREAM | WINDOW_UPDATE if length != 4 => return Err(Code::FrameSize),
            PING if length != 8 => return Err(Code::FrameSize),
            GOAWAY if length < 8 => return Err(Code::FrameSize),
            HEADERS => self.last = self.last.max(stream),
            RST_STREAM => self.blocks.ends(stream),
            DATA if flags & END_STREAM != 0 => self.blocks.ends(stream),
            _ => {}
        }
        // A DATA frame with octets, and what makes a header block, are bounded by what they ask for.
        let carries = matches!(kind, HEADERS | CONTINUATION)
            || (kind == DATA && (length > 0 || flags & END_STREAM != 0))
            || (kind == SETTINGS && flags & ACK != 0);
        if carries {
            return Ok(());
        }
        self.idle.one_more(if kind == RST_STREAM { RESET } else { 1 }, now)
    }

    fn payload(&mut self, bytes: &[u8]) -> Result<(), Code> {
        let Some((value, have)) = &mut self.value else {
            return self.blocks.takes(bytes, self.left);
        };
        for byte in bytes {
            if let Some(slot) = value.get_mut(*have) {
                *slot = *byte;
            }
            *have += 1;
            if *have == value.len() {
                *have = 0;
                setting(*value)?;
            }
        }
        Ok(())
    }
}

/// One value of SETTINGS (RFC 9113 §6.5.2).
fn setting(octets: [u8; 6]) -> Result<(), Code> {
    let ([high, low, ..], [_, _, value @ ..]) = (octets, octets);
    let value = u32::from_be_bytes(value);
    match u16::from_be_bytes([high, low]) {
        2 if value > 1 => Err(Code::Protocol),
        4 if value > 0x7fff_ffff => Err(Code::FlowControl),
        5 if !(16_384..=16_777_215).contains(&value) => Err(Code::Protocol),
        _ => Ok(()),
    }
}

impl Idle {
    fn one_more(&mut self, cost: u32, now: Instant) -> Result<(), Code> {
        let paid = self.paid / PAY * RESET as usize;
        self.paid %= PAY;
        self.owed = self.owed.saturating_add(ANSWER);
        let passed = now.saturating_duration_since(self.since);
        let second = u128::from(PER_SECOND);
        let forgotten = passed.as_millis() * second / 1000;
        if forgotten > 0 {
            self.since = now;
        }
        let less = u32::try_from(forgotten.saturating_add(paid as u128)).unwrap_or(u32::MAX);
        self.count = self.count.saturating_sub(less).saturating_add(cost);
        if self.count > BURST { Err(Code::EnhanceYourCalm) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{ANSWER, BURST, Code, FrameGuard, PER_SECOND, RESET};

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let [.., a, b, c] = payload.len().to_be_bytes();
        [&[a, b, c, kind, flags, 0, 0, 0, stream], payload].concat()
    }

    fn opening() -> Vec<u8> {
        [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[])].concat()
    }

    /// Whole and octet by octet come to the same.
    #[track_caller]
    fn check(octets: &[u8], expected: Result<(), Code>) {
        let now = Instant::now();
        let mut whole = FrameGuard::new(now);
        assert_eq!(whole.takes(octets, now), expected);
        let mut pieces = FrameGuard::new(now);
        let mut each = octets.iter().map(|octet| pieces.takes(&[*octet], now));
        assert_eq!(each.find(Result::is_err).unwrap_or(Ok(())), expected);
    }

    #[test]
    fn a_frame_that_is_wrong_by_itself_has_its_code() {
        let after = |frame: Vec<u8>| [opening(), frame].concat();
        check(&opening(), Ok(()));
        check(&[&opening()[..24], &frame(6, 0, 0, &[0; 8])].concat(), Err(Code::Protocol));
        check(&[&opening()[..24], &frame(4, 1, 0, &[])].concat(), Err(Code::Protocol));
        check(&after(frame(4, 1, 0, &[0; 6])), Err(Code::FrameSize));
        check(&after(frame(4, 0, 0, &[0; 5])), Err(Code::FrameSize));
        check(&after(frame(4, 0, 1, &[])), Err(Code::Protocol));
        check(&after(frame(4, 0, 0, &[0, 4, 0x80, 0, 0, 0])), Err(Code::FlowControl));
        check(&after(frame(4, 0, 0, &[0, 3, 0, 0, 0, 9, 0, 5, 0, 0, 0, 0])), Err(Code::Protocol));
        check(&after(frame(4, 0, 0, &[0, 2, 0, 0, 0, 2])), Err(Code::Protocol));
        check(&after(frame(3, 0, 1, &[0; 3])), Err(Code::FrameSize));
        check(&after(frame(8, 0, 0, &[0; 5])), Err(Code::FrameSize));
        check(&after(frame(6, 0, 0, &[0; 7])), Err(Code::FrameSize));
        check(&after(frame(0, 0, 1, &vec![0; 16_385])), Err(Code::FrameSize));
        check(&after([frame(1, 5, 1, &[0; 900]), frame(0, 0, 1, b"abc")].concat()), Ok(()));
    }

    #[test]
    fn a_header_block_that_cannot_be_decoded_has_its_code_in_whatever_frames_it_comes() {
        let after = |frames: &[Vec<u8>]| [opening(), frames.concat()].concat();
        let (good, bad) = ([0x82, 0x84, 0x86], [0x82, 0x84, 0x80]);
        check(&after(&[frame(1, 5, 1, &good), frame(1, 5, 3, &good)]), Ok(()));
        check(&after(&[frame(1, 5, 1, &good), frame(1, 5, 3, &bad)]), Err(Code::Compression));
        let cut = |at: usize| {
            [frame(1, 1, 1, &bad[..at]), frame(9, 0, 1, &[]), frame(9, 4, 1, &bad[at..])]
        };
        for at in 0..=bad.len() {
            check(&after(&cut(at)), Err(Code::Compression));
        }
        // padding and priority are no part of a block, and padding without end is for the library
        let dressed = [&[2, 0, 0, 0, 0, 0][..], &good, &[0, 0x80]].concat();
        check(&after(&[frame(1, 0x2d, 1, &dressed), frame(1, 5, 3, &bad)]), Err(Code::Compression));
        check(&after(&[frame(1, 0x0d, 1, &[9, 0x82]), frame(1, 5, 3, &bad)]), Ok(()));
        // so is a block among other frames, and one that is too long to be kept
        check(&after(&[frame(1, 1, 1, &good), frame(6, 0, 0, &[0; 8])]), Ok(()));
        let long = frame(9, 0, 1, &[0x82; 16_384]);
        let end = frame(9, 4, 1, &[0x80]);
        check(&after(&[frame(1, 1, 1, &good), long.clone(), end.clone()]), Err(Code::Compression));
        check(&after(&[frame(1, 1, 1, &good), long.clone(), long, end]), Ok(()));
    }

    #[test]
    fn pseudo_fields_end_no_request() {
        let after = |frames: &[Vec<u8>]| [opening(), frames.concat()].concat();
        let (head, path, field) = ([0x83, 0x84, 0x86], [0x84], [0x0f, 0x2e, 1, b'a']);
        let data = |flags| frame(0, flags, 1, b"abc");
        check(&after(&[frame(1, 4, 1, &head), data(0), frame(1, 5, 1, &field)]), Ok(()));
        let trailers = [frame(1, 4, 1, &head), data(0), frame(1, 5, 1, &path)];
        check(&after(&trailers), Err(Code::Protocol));
        // what comes for a stream that is closed has codes of its own, which the library knows
        for end in [data(1), frame(3, 0, 1, &[0; 4])] {
            check(&after(&[frame(1, 4, 1, &head), end, frame(1, 5, 1, &path)]), Ok(()));
        }
        check(&after(&[frame(1, 5, 1, &head), frame(1, 5, 1, &path)]), Ok(()));
    }

    #[test]
    fn who_only_makes_work_is_ended_and_who_reads_much_is_not() {
        let now = Instant::now();
        let ping = frame(6, 0, 0, &[0; 8]);
        let mut guard = FrameGuard::new(now);
        guard.takes(&opening(), now).unwrap();
        for _ in 1..BURST {
            guard.takes(&ping, now).unwrap();
            guard.wrote(ANSWER);
        }
        assert_eq!(guard.takes(&ping, now), Err(Code::EnhanceYourCalm));
        let later = now + Duration::from_secs(1);
        for _ in 1..PER_SECOND {
            guard.takes(&ping, later).unwrap();
            guard.wrote(ANSWER);
        }
        guard.wrote(ANSWER);
        let update = frame(8, 0, 1, &[0, 0, 4, 0]);
        for _ in 0..2 * BURST {
            guard.wrote(1024);
            guard.takes(&update, later).unwrap();
        }
        guard.takes(&frame(1, 5, 9, &[]), later).unwrap();
        let reset = frame(3, 0, 1, &[0; 4]);
        let much = later + Duration::from_mins(1);
        assert!((0..BURST / RESET).all(|_| guard.takes(&reset, much).is_ok()));
        assert_eq!(guard.takes(&reset, much), Err(Code::EnhanceYourCalm));
        assert_eq!(guard.goaway(Code::EnhanceYourCalm)[8..], [0, 0, 0, 0, 9, 0, 0, 0, 11]);
    }
}
