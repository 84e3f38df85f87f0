//! The conversion of a multipart body: its parts as members of one object, which the programs run over as it comes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::convert::code::Prepared;
use crate::convert::converter::Converter;
use crate::convert::multipart::boundary::boundary;
use crate::convert::multipart::head::{Claim, Head};
use crate::convert::multipart::scan::{Piece, Scanner, refused};
use crate::convert::multipart::split::Splitter;
use crate::convert::multipart::token::{Mention, mention, token};
use crate::convert::multipart::write::{Held, Kind, written};
use crate::convert::refused::{Cause, Limits, Refused, Report};
use crate::plan::outside::Values;
use crate::plan::pointers::{Landing, forward};
use crate::plan::program::Program;
use crate::plan::wire::{PartContent, PartsWire};
use crate::pointer::Pointer;

/// What is known of multipart bodies before one comes.
#[derive(Debug)]
pub(in crate::convert) struct PartsPlan {
    wire: Arc<PartsWire>,
    stages: Vec<Arc<Program>>,
    /// The names of declared parts that go under another one, by that one.
    origins: BTreeMap<String, String>,
}

impl PartsPlan {
    pub(in crate::convert) fn new(wire: &Arc<PartsWire>, stages: &[Arc<Program>]) -> Self {
        let origin = |name: &String| {
            let Landing::At(place, _) = forward(stages, &Pointer::root().join(name)) else {
                return None;
            };
            let mut tokens = place.tokens();
            let to = tokens.next().filter(|to| to != name && tokens.next().is_none())?;
            Some((to, name.clone()))
        };
        let origins = wire.sent.keys().filter_map(origin).collect();
        Self { wire: Arc::clone(wire), stages: stages.to_vec(), origins }
    }

    fn origin<'a>(&'a self, name: &'a str) -> &'a str {
        self.origins.get(name).map_or(name, String::as_str)
    }
}

/// The conversion of one multipart body.
#[derive(Debug)]
pub(in crate::convert) struct Multipart {
    scanner: Scanner,
    object: Object,
    /// Why nothing can be read.
    unreadable: Option<&'static str>,
    taken: u64,
    written: u64,
}

impl Multipart {
    pub(in crate::convert) fn start(
        plan: &Arc<PartsPlan>,
        prepared: &Prepared,
        (limits, values): (Limits, &Arc<Values>),
        media_type: Option<&str>,
    ) -> Self {
        let found = boundary(media_type);
        let mark = found.as_deref().unwrap_or_default();
        Self {
            scanner: Scanner::new(mark, limits.part_head),
            object: Object {
                plan: Arc::clone(plan),
                converter: Converter::start(prepared, limits, Arc::clone(values)),
                limits,
                splitter: Splitter::default(),
                json: Vec::new(),
                begun: 0,
                part: None,
                array: None,
                held: Vec::new(),
                held_bytes: 0,
                whole: BTreeSet::new(),
                report: Report::default(),
            },
            unreadable: found.err(),
            taken: 0,
            written: 0,
        }
    }

    pub(in crate::convert) fn push(
        &mut self,
        chunk: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if let Some(why) = self.unreadable {
            return Err(refused(Cause::Multipart(why), 0));
        }
        let before = out.len();
        let object = &mut self.object;
        self.scanner.push(chunk, &mut |scanner, piece| object.piece(scanner, &piece, out))?;
        self.taken += chunk.len() as u64;
        self.written += out.len().saturating_sub(before) as u64;
        Ok(())
    }

    pub(in crate::convert) fn finish(&mut self, out: &mut Vec<u8>) -> Result<Report, Refused> {
        if let Some(why) = self.unreadable {
            return Err(refused(Cause::Multipart(why), 0));
        }
        let before = out.len();
        let object = &mut self.object;
        self.scanner.finish(&mut |scanner, piece| object.piece(scanner, &piece, out))?;
        self.written += out.len().saturating_sub(before) as u64;
        let report = std::mem::take(&mut self.object.report);
        Ok(Report { bytes_in: self.taken, bytes_out: self.written, ..report })
    }

    pub(in crate::convert) fn held_back(&self) -> usize {
        self.scanner.held_back() + self.object.held_back()
    }
}

/// A part that is being read.
#[derive(Debug)]
struct Part {
    held: Held,
    /// Bytes of the body before it.
    at: u64,
    repeated: bool,
    way: Way,
}

/// Where the bytes of a part go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Held,
    Through,
    Dropped,
}

/// The object of parts on its way through the programs.
#[derive(Debug)]
struct Object {
    plan: Arc<PartsPlan>,
    converter: Converter,
    limits: Limits,
    splitter: Splitter,
    /// What the programs wrote last, empty between calls.
    json: Vec<u8>,
    /// Parts so far.
    begun: u32,
    part: Option<Part>,
    /// The array of parts of one name that is open.
    array: Option<String>,
    /// Parts that were read and not written yet, and the bytes of them.
    held: Vec<Held>,
    held_bytes: usize,
    /// Names of parts that were arrays as a whole.
    whole: BTreeSet<String>,
    report: Report,
}

impl Object {
    fn piece(
        &mut self,
        scanner: &Scanner,
        piece: &Piece<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        match *piece {
            Piece::Lead(bytes) | Piece::Epilogue(bytes) => out.extend_from_slice(bytes),
            Piece::Begin(line, head, at) => return self.begin(scanner, (line, head, at), out),
            Piece::Content(bytes) => return self.content(bytes, out),
            Piece::End => return self.end(scanner, out),
            Piece::Close(line) => {
                let at = scanner.line_at();
                self.close(scanner, out).map_err(|refused| at_part(refused, at))?;
                out.extend_from_slice(line);
            }
        }
        Ok(())
    }

    fn begin(
        &mut self,
        scanner: &Scanner,
        (line, raw, at): (&[u8], &[u8], u64),
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        self.begun += 1;
        if self.begun > self.limits.parts {
            return Err(refused(Cause::Parts, at));
        }
        let head = Head::read(raw).map_err(|why| refused(Cause::Multipart(why), at))?;
        let field = self.plan.wire.sent.get(&head.name);
        let claim = head.claim();
        let kind = match field.map(|field| &field.content) {
            Some(PartContent::Text { string: true }) if claim == Claim::File => Kind::File,
            Some(PartContent::Text { string }) => Kind::Text(*string),
            Some(PartContent::Json(_)) => Kind::Json,
            Some(PartContent::File) => Kind::File,
            Some(PartContent::Told) | None => match claim {
                Claim::Text => Kind::Text(true),
                Claim::Json if field.is_some() => Kind::Json,
                Claim::Json | Claim::File => Kind::File,
            },
        };
        let repeated = field.is_some_and(|field| field.repeated);
        if head.is_encoded && kind != Kind::File {
            let why = "a part that is read is in a content transfer encoding";
            return Err(named(&head.name, refused(Cause::Multipart(why), at)));
        }
        let json = if kind == Kind::File { token(self.begun) } else { String::new() };
        let number = self.begun;
        let held = Held { number, line: line.to_vec(), head, content: Vec::new(), json, kind };
        self.part = Some(Part { held, at, repeated, way: Way::Held });
        if kind == Kind::File { self.begin_file(scanner, out) } else { self.check_held(0) }
    }

    /// The token goes through the programs, and the bytes go where it comes out.
    fn begin_file(&mut self, scanner: &Scanner, out: &mut Vec<u8>) -> Result<(), Refused> {
        let Some(part) = &self.part else { return Ok(()) };
        let (name, json) = (part.held.head.name.clone(), part.held.json.clone());
        let (repeated, at) = (part.repeated, part.at);
        self.feed(scanner, (&name, &json, repeated, at), out)?;
        let nothing_waits = self.array.is_none() && self.is_settled();
        let gone = |stages: &[Arc<Program>]| {
            matches!(forward(stages, &Pointer::root().join(&name)), Landing::Gone(_))
        };
        if let Some(part) = &mut self.part
            && part.way == Way::Held
            && (nothing_waits || gone(&self.plan.stages))
        {
            part.way = Way::Dropped;
        }
        self.check_held(0)
    }

    fn content(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        match &mut self.part {
            Some(part) if part.way == Way::Held => {
                self.check_held(bytes.len())?;
                if let Some(part) = &mut self.part {
                    part.held.content.extend_from_slice(bytes);
                }
            }
            Some(part) if part.way == Way::Through => out.extend_from_slice(bytes),
            _ => {}
        }
        Ok(())
    }

    /// Refuses a body of which more would be held than may be.
    fn check_held(&self, more: usize) -> Result<(), Refused> {
        let Some(part) = &self.part else { return Ok(()) };
        if self.held_parts().saturating_add(more) <= self.limits.record {
            return Ok(());
        }
        let cause = if part.held.kind == Kind::File { Cause::Held } else { Cause::RecordLength };
        Err(named(&part.held.head.name, refused(cause, part.at)))
    }

    fn held_parts(&self) -> usize {
        let current = self.part.as_ref().map_or(0, |part| part.held.bytes());
        self.held_bytes.saturating_add(current)
    }

    fn hold(&mut self, held: Held) {
        self.held_bytes += held.bytes();
        self.held.push(held);
    }

    fn let_go(&mut self, at: usize) -> Option<Held> {
        let held = (at < self.held.len()).then(|| self.held.remove(at))?;
        self.held_bytes = self.held_bytes.saturating_sub(held.bytes());
        Some(held)
    }

    fn held_back(&self) -> usize {
        self.held_parts() + self.converter.held_back() + self.splitter.held_back()
    }

    fn end(&mut self, scanner: &Scanner, out: &mut Vec<u8>) -> Result<(), Refused> {
        let Some(Part { mut held, at, repeated, way }) = self.part.take() else { return Ok(()) };
        match (held.kind, way) {
            (Kind::File, Way::Through) => out.extend_from_slice(b"\r\n"),
            (Kind::File, Way::Dropped) => {}
            (Kind::File, Way::Held) => self.hold(held),
            (Kind::Text(_) | Kind::Json, _) => {
                let name = held.head.name.clone();
                held.json =
                    self.read(&held).map_err(|refused| named(&name, at_part(refused, at)))?;
                // several values in one part
                let whole = held.kind == Kind::Json && repeated && held.json.starts_with('[');
                if whole {
                    self.whole.insert(name.clone());
                }
                let json = held.json.clone();
                self.hold(held);
                self.feed(scanner, (&name, &json, repeated && !whole, at), out)?;
            }
        }
        if self.array.is_none() && self.is_settled() {
            self.held.clear();
            self.held_bytes = 0;
        }
        Ok(())
    }

    /// What was fed has all come out, or never will.
    fn is_settled(&self) -> bool {
        self.converter.held_back() == 0 && self.splitter.is_idle()
    }

    /// The JSON text of the value in a part.
    fn read(&self, held: &Held) -> Result<String, Refused> {
        if held.kind == Kind::Json {
            // what is no JSON text must not become a part of one
            let mut plain = Converter::new(&[], self.limits, Arc::default());
            plain.push(&held.content, &mut Vec::new())?;
            plain.finish(&mut Vec::new())?;
        }
        let text = std::str::from_utf8(&held.content).map_err(|_| refused(Cause::Utf8, 0))?;
        // no text of a number is one of a container or a string
        let spelled = || {
            let value = serde_json::from_str::<&RawValue>(text);
            !text.starts_with(['{', '[', '"']) && value.is_ok_and(|value| value.get() == text)
        };
        Ok(match held.kind {
            Kind::Json => text.trim_matches([' ', '\t', '\r', '\n']).to_owned(),
            Kind::Text(false) if spelled() => text.to_owned(),
            Kind::Text(_) | Kind::File => serde_json::Value::from(text).to_string(),
        })
    }

    /// Hands a value to the programs, and writes what comes out of them.
    fn feed(
        &mut self,
        scanner: &Scanner,
        (name, json, repeated, at): (&str, &str, bool, u64),
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let mut text = String::with_capacity(name.len() + json.len() + 8);
        if repeated && self.array.as_deref() == Some(name) {
            text.push(',');
        } else {
            if self.array.is_some() {
                text.push(']');
            }
            text.push(if self.begun == 1 { '{' } else { ',' });
            text.push_str(&serde_json::Value::from(name).to_string());
            text.push(':');
            if repeated {
                text.push('[');
            }
            self.array = repeated.then(|| name.to_owned());
        }
        text.push_str(json);
        self.converter
            .push(text.as_bytes(), &mut self.json)
            .and_then(|()| self.come_out(scanner, out))
            .map_err(|refused| at_part(refused, at))
    }

    fn close(&mut self, scanner: &Scanner, out: &mut Vec<u8>) -> Result<(), Refused> {
        let array = if self.array.take().is_some() { "]" } else { "" };
        let begin = if self.begun == 0 { "{" } else { "" };
        let text = format!("{begin}{array}}}");
        self.converter.push(text.as_bytes(), &mut self.json)?;
        self.report = self.converter.finish(&mut self.json)?;
        self.come_out(scanner, out)?;
        self.held.clear();
        self.held_bytes = 0;
        if self.splitter.is_done() { Ok(()) } else { Err(no_object()) }
    }

    /// Writes the parts that the programs have written.
    fn come_out(&mut self, scanner: &Scanner, out: &mut Vec<u8>) -> Result<(), Refused> {
        let mut found = Vec::new();
        let (plan, whole) = (&self.plan, &self.whole);
        let spreads = |name: &str| {
            let origin = plan.origin(name);
            let field = plan.wire.read.get(name).or_else(|| plan.wire.sent.get(origin));
            !whole.contains(origin) && field.is_some_and(|field| field.repeated)
        };
        let done = self.splitter.push(&self.json, &spreads, &mut found);
        self.json.clear();
        for one in found {
            self.write(scanner, (&one.name, &one.json), out)
                .map_err(|refused| named(self.plan.origin(&one.name), refused))?;
        }
        done.map_err(|_| no_object())
    }

    fn write(
        &mut self,
        scanner: &Scanner,
        (name, json): (&str, &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        match mention(json) {
            Mention::Is(number) => return self.write_file(number, name, out),
            Mention::Inside => return Err(refused(Cause::File, 0)),
            Mention::None => {}
        }
        let origin = self.plan.origin(name);
        let of_name = |held: &Held| held.kind != Kind::File && held.head.name == origin;
        let at = self
            .held
            .iter()
            .position(|held| of_name(held) && held.json.as_bytes() == json)
            .or_else(|| self.held.iter().position(of_name));
        let mut source = at.and_then(|at| self.let_go(at));
        let line = source.as_mut().map(|source| std::mem::take(&mut source.line));
        let field = self.plan.wire.read.get(name);
        let part = written(name, json, (field, source), "form-data");
        if !part.same && scanner.collides(&part.content) {
            let why = "a converted part would hold the boundary";
            return Err(refused(Cause::Multipart(why), 0));
        }
        if let Some(line) = line {
            out.extend_from_slice(&line);
        } else {
            out.extend_from_slice(scanner.mark());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(&part.head);
        out.extend_from_slice(&part.content);
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// The file of a part: its beginning if it is being read, all of it if it was held.
    fn write_file(&mut self, number: u32, name: &str, out: &mut Vec<u8>) -> Result<(), Refused> {
        if let Some(part) = &mut self.part
            && part.held.number == number
            && part.way == Way::Held
        {
            part.way = Way::Through;
            out.extend_from_slice(&part.held.line);
            out.extend_from_slice(&part.held.head.renamed(name));
            return Ok(());
        }
        let at = self.held.iter().position(|held| held.number == number);
        let Some(held) = at.and_then(|at| self.let_go(at)) else {
            return Err(refused(Cause::File, 0));
        };
        out.extend_from_slice(&held.line);
        out.extend_from_slice(&held.head.renamed(name));
        out.extend_from_slice(&held.content);
        out.extend_from_slice(b"\r\n");
        Ok(())
    }
}

fn no_object() -> Refused {
    refused(Cause::Framing("what becomes of the parts is no object of parts"), 0)
}

/// A refusal about the part of this name.
fn named(name: &str, refused: Refused) -> Refused {
    Refused { pointer: Pointer::root().join(name).concat(&refused.pointer), ..refused }
}

/// A refusal by the programs, whose offsets are those of no body.
fn at_part(refused: Refused, offset: u64) -> Refused {
    Refused { offset, ..refused }
}
