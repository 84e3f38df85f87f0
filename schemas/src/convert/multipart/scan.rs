//! Takes a multipart body apart (RFC 2046 §5.1.1), in any chunking. What readers may take apart in different ways is
//! refused: a line of a part that begins with the boundary but is no delimiter, or whose line before ends otherwise.

use memchr::memmem::{self, Finder};

use crate::convert::refused::{Cause, Refused};
use crate::pointer::Pointer;

/// A piece of a body. All pieces one after the other are the body, but for what `End` stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Before the first delimiter.
    Lead(&'a [u8]),
    /// A delimiter line and the head of the part that it begins, to the end of its blank line; the number is that of the
    /// bytes before.
    Begin(&'a [u8], &'a [u8], u64),
    Content(&'a [u8]),
    /// The line end that belongs to the delimiter after a part.
    End,
    /// The delimiter that closes the body.
    Close(&'a [u8]),
    /// After it.
    Epilogue(&'a [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Lead,
    /// Behind a delimiter.
    Line,
    Head,
    Content,
    /// Behind the two hyphens that close the body.
    Close,
    Epilogue,
}

/// The scanner of one body.
#[derive(Debug)]
pub(super) struct Scanner {
    /// `--` and the boundary.
    finder: Finder<'static>,
    state: State,
    /// What is not decided yet.
    held: Vec<u8>,
    /// The two bytes before it. A body begins like a line.
    before: [u8; 2],
    /// Bytes before it.
    offset: u64,
    /// The delimiter line whose head is being read, and where it began.
    line: (Vec<u8>, u64),
    most_head: usize,
}

/// What takes the pieces.
type Sink<'a> = dyn FnMut(&Scanner, Piece<'_>) -> Result<(), Refused> + 'a;

const LINE_END: [u8; 2] = *b"\r\n";
const ODD: &str = "a line begins with the boundary but is no delimiter";
const ENDLESS: &str = "the body ends before its last boundary";

impl Scanner {
    pub(super) fn new(boundary: &str, most_head: usize) -> Self {
        Self {
            finder: Finder::new(format!("--{boundary}").as_bytes()).into_owned(),
            state: State::Lead,
            held: Vec::new(),
            before: LINE_END,
            offset: 0,
            line: (Vec::new(), 0),
            most_head,
        }
    }

    /// `--` and the boundary.
    pub(super) fn mark(&self) -> &[u8] {
        self.finder.needle()
    }

    /// Bytes before the delimiter that was met last.
    pub(super) const fn line_at(&self) -> u64 {
        self.line.1
    }

    /// Whether these bytes could not stand in a part.
    pub(super) fn collides(&self, content: &[u8]) -> bool {
        self.finder.find_iter(content).any(|at| {
            let before = at.checked_sub(1).and_then(|at| content.get(at));
            matches!(before, None | Some(b'\n' | b'\r'))
        })
    }

    pub(super) fn held_back(&self) -> usize {
        self.held.len() + self.line.0.len()
    }

    /// Takes the next bytes and hands on what is decided.
    pub(super) fn push(&mut self, chunk: &[u8], sink: &mut Sink<'_>) -> Result<(), Refused> {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(chunk);
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(taken) = self.step(rest, sink)? else { break };
            at += taken;
        }
        bytes.drain(..at);
        self.held = bytes;
        Ok(())
    }

    /// Says that no more bytes come.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), Refused> {
        let rest = std::mem::take(&mut self.held);
        match self.state {
            State::Epilogue => sink(self, Piece::Epilogue(&rest)),
            State::Close if rest.iter().all(|byte| is_blank(*byte)) => self.close(&rest, sink),
            _ => Err(self.fault(ENDLESS, rest.len())),
        }
    }

    fn fault(&self, why: &'static str, at: usize) -> Refused {
        refused(Cause::Multipart(why), self.offset + at as u64)
    }

    /// The bytes taken; `None` when more have to come first.
    fn step(&mut self, rest: &[u8], sink: &mut Sink<'_>) -> Result<Option<usize>, Refused> {
        match self.state {
            State::Lead | State::Content | State::Epilogue => self.text(rest, sink),
            State::Line => self.delimiter(rest),
            State::Head => self.head(rest, sink),
            State::Close => {
                let blanks = rest.iter().take_while(|byte| is_blank(**byte)).count();
                match rest.get(blanks..).unwrap_or_default() {
                    [] | [b'\r'] if blanks <= self.most_head => Ok(None),
                    [b'\r', b'\n', ..] => {
                        let end = blanks + 2;
                        self.close(rest.get(..end).unwrap_or_default(), sink)?;
                        self.passed(rest, end);
                        Ok(Some(end))
                    }
                    _ => Err(self.fault("the line of the last boundary goes on", 0)),
                }
            }
        }
    }

    fn close(&mut self, padding: &[u8], sink: &mut Sink<'_>) -> Result<(), Refused> {
        self.state = State::Epilogue;
        let mut line = std::mem::take(&mut self.line.0);
        line.extend_from_slice(padding);
        sink(self, Piece::Close(&line))
    }

    /// Text up to the next delimiter, or as far as it is known to have none.
    fn text(&mut self, rest: &[u8], sink: &mut Sink<'_>) -> Result<Option<usize>, Refused> {
        let mark = self.mark().len();
        let mut from = 0;
        while let Some(found) = self.finder.find(rest.get(from..).unwrap_or_default()) {
            let at = from + found;
            match self.two_before(rest, at) {
                LINE_END => return self.ended(rest, at, sink).map(Some),
                [_, b'\n' | b'\r'] => {
                    let why = "a line before the boundary does not end with CR LF";
                    return Err(self.fault(why, at));
                }
                _ => from = at + 1,
            }
        }
        // a delimiter, and the line end before it, may be cut
        let sure = rest.len().saturating_sub(mark + 1);
        if sure == 0 {
            return Ok(None);
        }
        let bytes = rest.get(..sure).unwrap_or_default();
        sink(self, self.piece(bytes))?;
        self.passed(rest, sure);
        Ok(Some(sure))
    }

    /// A delimiter begins at `at`.
    fn ended(&mut self, rest: &[u8], at: usize, sink: &mut Sink<'_>) -> Result<usize, Refused> {
        let content = match self.state {
            State::Epilogue => {
                return Err(self.fault("a boundary comes after the last one", at));
            }
            State::Content => {
                let why = "a part ends without a blank line after its head";
                at.checked_sub(2).ok_or_else(|| self.fault(why, at))?
            }
            _ => at,
        };
        let bytes = rest.get(..content).unwrap_or_default();
        if !bytes.is_empty() {
            sink(self, self.piece(bytes))?;
        }
        if self.state == State::Content {
            sink(self, Piece::End)?;
        }
        self.line = (self.mark().to_vec(), self.offset + at as u64);
        self.state = State::Line;
        let end = at + self.mark().len();
        self.passed(rest, end);
        Ok(end)
    }

    /// What stands between a delimiter and the end of its line.
    fn delimiter(&mut self, rest: &[u8]) -> Result<Option<usize>, Refused> {
        let end = if rest.starts_with(b"--") {
            self.state = State::Close;
            2
        } else {
            let blanks = rest.iter().take_while(|byte| is_blank(**byte)).count();
            match rest.get(blanks..).unwrap_or_default() {
                _ if blanks > self.most_head => return Err(self.fault(ODD, 0)),
                [] | [b'\r'] => return Ok(None),
                [b'-'] if blanks == 0 => return Ok(None),
                [b'\r', b'\n', ..] => {
                    self.state = State::Head;
                    blanks + 2
                }
                _ => return Err(self.fault(ODD, 0)),
            }
        };
        self.line.0.extend_from_slice(rest.get(..end).unwrap_or_default());
        self.passed(rest, end);
        Ok(Some(end))
    }

    fn head(&mut self, rest: &[u8], sink: &mut Sink<'_>) -> Result<Option<usize>, Refused> {
        let blank = if rest.starts_with(b"\r\n") {
            Some(2)
        } else {
            memmem::find(rest, b"\r\n\r\n").map(|at| at + 4)
        };
        if blank.unwrap_or(rest.len()) > self.most_head {
            return Err(refused(Cause::PartHead, self.line.1));
        }
        let Some(end) = blank else { return Ok(None) };
        let raw = rest.get(..end).unwrap_or_default();
        if let Some(at) = self.finder.find(raw) {
            return Err(self.fault("the boundary is in the head of a part", at));
        }
        let at = self.line.1;
        let line = std::mem::take(&mut self.line.0);
        sink(self, Piece::Begin(&line, raw, at))?;
        self.state = State::Content;
        self.passed(rest, end);
        Ok(Some(end))
    }

    const fn piece<'a>(&self, bytes: &'a [u8]) -> Piece<'a> {
        match self.state {
            State::Lead => Piece::Lead(bytes),
            State::Epilogue => Piece::Epilogue(bytes),
            _ => Piece::Content(bytes),
        }
    }

    fn two_before(&self, rest: &[u8], at: usize) -> [u8; 2] {
        let [first, second] = self.before;
        match rest.get(..at).unwrap_or_default() {
            [.., one, two] => [*one, *two],
            [one] => [second, *one],
            [] => [first, second],
        }
    }

    /// So many bytes are decided.
    fn passed(&mut self, rest: &[u8], count: usize) {
        self.before = self.two_before(rest, count);
        self.offset += count as u64;
    }
}

pub(super) const fn refused(cause: Cause, offset: u64) -> Refused {
    Refused { pointer: Pointer::root(), offset, cause }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
