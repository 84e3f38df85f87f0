//! Reads one HTTP/1.1 answer after the other from pieces of any size, and holds each against what it has to be.

use crate::fault::{Fault, Outcome};

/// One in so many answers is compared by its octets, the others by status and length.
pub(crate) const SAMPLED: usize = 32;
/// Longest head that a peer may send.
const HEAD: usize = 16 << 10;

enum Stage {
    Head,
    /// So many octets of the body are left.
    Length(usize),
    /// The line with a chunk's length, as far as it was read.
    Size(usize),
    /// Octets of a chunk that are left, with its line end.
    Chunk(usize),
    /// The end of the last chunk: octets of this line so far.
    Trailer(usize),
}

/// An answer under way.
pub(crate) struct Reply {
    stage: Stage,
    head: Vec<u8>,
    status: u16,
    body: usize,
    /// Sum of the octets of a body whose members come in any order.
    sum: u64,
    /// Answers so far.
    count: usize,
    /// The whole body, where it is wanted.
    pub(crate) kept: Option<Vec<u8>>,
}

/// What an answer has to be.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
    /// The octets come in this order. Members of JSON that was edited come in any, so only their sum is compared.
    pub(crate) ordered: bool,
}

/// What stays the same in whatever order octets come.
fn sum(octets: &[u8]) -> u64 {
    octets.iter().copied().map(u64::from).sum()
}

impl Reply {
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::Head,
            head: Vec::new(),
            status: 0,
            body: 0,
            sum: 0,
            count: 0,
            kept: None,
        }
    }

    /// Status of the last answer.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Takes octets; `true` when an answer is whole. Octets after it are a fault, as nobody asked for more.
    pub(crate) fn feed(&mut self, mut octets: &[u8], wanted: Wanted<'_>) -> Outcome<bool> {
        let mut whole = false;
        while !octets.is_empty() {
            if whole {
                return Err(Fault::said("octets came after the end of an answer"));
            }
            let (taken, done) = self.step(octets, wanted)?;
            octets = octets.get(taken..).unwrap_or_default();
            whole = done;
        }
        if whole {
            self.finish(wanted)?;
        }
        Ok(whole)
    }

    fn finish(&mut self, wanted: Wanted<'_>) -> Outcome<()> {
        let (status, body) = (self.status, self.body);
        let sampled = self.kept.is_none() && self.count.is_multiple_of(SAMPLED);
        if sampled && !wanted.ordered && self.sum != sum(wanted.body) {
            return Err(Fault::said("the octets of an answer differ"));
        }
        self.stage = Stage::Head;
        self.body = 0;
        self.sum = 0;
        self.count += 1;
        if self.kept.is_none() && (status != wanted.status || body != wanted.body.len()) {
            let (asked, length) = (wanted.status, wanted.body.len());
            return Err(Fault(format!(
                "an answer was {status} with {body} octets, not {asked} with {length}"
            )));
        }
        Ok(())
    }

    /// One step: octets taken, and whether the answer ends there.
    fn step(&mut self, octets: &[u8], wanted: Wanted<'_>) -> Outcome<(usize, bool)> {
        match self.stage {
            Stage::Head => self.take_head(octets),
            Stage::Length(left) => {
                let taken = left.min(octets.len());
                self.take_body(octets.get(..taken).unwrap_or_default(), wanted)?;
                self.stage = Stage::Length(left - taken);
                Ok((taken, left == taken))
            }
            Stage::Chunk(left) => {
                let taken = left.min(octets.len());
                // the last two octets are the line end
                let inside = left.saturating_sub(2).min(taken);
                self.take_body(octets.get(..inside).unwrap_or_default(), wanted)?;
                self.stage =
                    if left == taken { Stage::Size(0) } else { Stage::Chunk(left - taken) };
                Ok((taken, false))
            }
            Stage::Size(size) => self.take_size(octets.first().copied().unwrap_or_default(), size),
            Stage::Trailer(length) => {
                let octet = octets.first().copied().unwrap_or_default();
                let ends = octet == b'\n' && length == 0;
                let length = match octet {
                    b'\n' => 0,
                    b'\r' => length,
                    _ => length + 1,
                };
                self.stage = Stage::Trailer(length);
                Ok((1, ends))
            }
        }
    }

    /// One octet of the line that says a chunk's length.
    fn take_size(&mut self, octet: u8, size: usize) -> Outcome<(usize, bool)> {
        self.stage = match (octet, char::from(octet).to_digit(16)) {
            (_, Some(digit)) if size < usize::MAX >> 8 => Stage::Size(size * 16 + digit as usize),
            (b'\r', _) => Stage::Size(size),
            (b'\n', _) if size == 0 => Stage::Trailer(0),
            (b'\n', _) => Stage::Chunk(size + 2),
            _ => return Err(Fault::said("the length of a chunk cannot be read")),
        };
        Ok((1, false))
    }

    fn take_body(&mut self, octets: &[u8], wanted: Wanted<'_>) -> Outcome<()> {
        let begun = self.body;
        self.body += octets.len();
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(octets);
        } else if !self.count.is_multiple_of(SAMPLED) {
            return Ok(());
        } else if !wanted.ordered {
            self.sum += sum(octets);
        } else if wanted.body.get(begun..self.body) != Some(octets) {
            return Err(Fault(format!("the octets of an answer differ after {begun}")));
        }
        Ok(())
    }

    /// Takes the head if it is whole; what there is of it is kept otherwise.
    fn take_head(&mut self, octets: &[u8]) -> Outcome<(usize, bool)> {
        let before = self.head.len();
        if before == 0
            && let Some(end) = memchr::memmem::find(octets, b"\r\n\r\n")
        {
            return Ok((end + 4, self.read_head(octets.get(..end + 4).unwrap_or_default())?));
        }
        self.head.extend_from_slice(octets);
        let Some(end) = memchr::memmem::find(&self.head, b"\r\n\r\n") else {
            if self.head.len() > HEAD {
                return Err(Fault::said("the head of an answer does not end"));
            }
            return Ok((octets.len(), false));
        };
        let mut head = std::mem::take(&mut self.head);
        head.truncate(end + 4);
        Ok((head.len() - before, self.read_head(&head)?))
    }

    /// Reads status and framing; whether the answer ends with its head.
    fn read_head(&mut self, head: &[u8]) -> Outcome<bool> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut fields);
        if !response.parse(head).is_ok_and(|status| status.is_complete()) {
            return Err(Fault::said("the head of an answer cannot be read"));
        }
        self.status = response.code.unwrap_or_default();
        let mut stage = None;
        for field in response.headers.iter() {
            if field.name.eq_ignore_ascii_case("content-length") {
                let digits = std::str::from_utf8(field.value).unwrap_or_default();
                stage = digits.parse().ok().map(Stage::Length);
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                stage = Some(Stage::Size(0));
            }
        }
        self.stage = stage.ok_or_else(|| Fault::said("an answer has no length"))?;
        Ok(matches!(self.stage, Stage::Length(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'_> = Wanted { status: 200, body: b"hello, all", ordered: true };

    /// However an answer is cut, it is whole at its last octet and not before, twice in a row.
    #[track_caller]
    fn check(answer: &str) {
        for size in 1..=answer.len() {
            let mut reply = Reply::new();
            for _ in 0..2 {
                let pieces: Vec<&[u8]> = answer.as_bytes().chunks(size).collect();
                let whole: Vec<bool> =
                    pieces.iter().map(|piece| reply.feed(piece, WANTED).unwrap()).collect();
                let ends = whole.iter().filter(|ends| **ends).count();
                assert!(whole.last() == Some(&true) && ends == 1, "{size}: {whole:?}");
            }
        }
    }

    #[test]
    fn answers_end_where_their_framing_says() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello, all");
        check(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\n, all\r\n0\r\n\r\n",
        );
    }

    #[test]
    fn members_may_come_in_any_order_where_that_is_said() {
        let wanted = Wanted { ordered: false, ..WANTED };
        let feed = |body: &str| {
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{body}");
            Reply::new().feed(answer.as_bytes(), wanted)
        };
        assert!(feed("all, hello").unwrap());
        assert!(feed("all, hallo").is_err());
    }

    #[test]
    fn a_wrong_answer_is_a_fault() {
        for answer in [
            "HTTP/1.1 404 Not Found\r\ncontent-length: 10\r\n\r\nhello, all",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello, ALL",
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello, all, and more",
            "HTTP/1.1 200 OK\r\n\r\n",
        ] {
            assert!(Reply::new().feed(answer.as_bytes(), WANTED).is_err(), "{answer}");
        }
    }
}
