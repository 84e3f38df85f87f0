//! JSON Patch (RFC 6902): operations with their places in the other version's names and their values converted.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::convert::code::Prepared;
use crate::convert::converter::Converter;
use crate::convert::refused::{Cause, Limits, Refused, Report};
use crate::plan::image::touches_outer;
use crate::plan::outside::Values;
use crate::plan::pointers::{Landing, forward};
use crate::plan::program::{Node, NodeId, Note, Program};
use crate::pointer::Pointer;

/// One operation (§4). Members that no operation has are ignored, as §4 says.
#[derive(Debug, Deserialize)]
struct Operation<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(borrow, default)]
    from: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
}

/// The conversion of one patch, which is held until it is whole.
#[derive(Debug)]
pub(super) struct Patch {
    stages: Arc<[Arc<Program>]>,
    prepared: Prepared,
    limits: Limits,
    values: Arc<Values>,
    /// Whether the bytes are JSON that can be read safely.
    check: Converter,
    text: Vec<u8>,
    fired: Vec<Vec<u32>>,
}

/// What becomes of an operation.
enum Turned {
    Same,
    Written(String),
    /// There is nothing left to do.
    Nothing(Option<Note>),
}

impl Patch {
    pub(super) fn start(
        stages: &Arc<[Arc<Program>]>,
        prepared: &Prepared,
        limits: Limits,
        values: &Arc<Values>,
    ) -> Self {
        Self {
            stages: Arc::clone(stages),
            prepared: prepared.clone(),
            limits,
            values: Arc::clone(values),
            check: Converter::new(&[], limits, Arc::clone(values)),
            text: Vec::new(),
            fired: stages.iter().map(|program| vec![0; program.notes.len()]).collect(),
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), Refused> {
        self.check.push(chunk, &mut self.text)?;
        if self.text.len() > self.limits.record {
            let offset = self.limits.record as u64;
            return Err(Refused { pointer: Pointer::root(), offset, cause: Cause::RecordLength });
        }
        Ok(())
    }

    pub(super) fn held_back(&self) -> usize {
        self.text.len()
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<Report, Refused> {
        let before = out.len();
        self.check.finish(&mut self.text)?;
        let text = std::mem::take(&mut self.text);
        let whole = Pointer::root();
        let operations: Vec<&RawValue> = serde_json::from_slice(&text).map_err(|_| {
            refused(&whole, Cause::Framing("a JSON patch is an array of operations"))
        })?;
        let mut written: Vec<Cow<'_, str>> = Vec::with_capacity(operations.len());
        let mut changed = false;
        for (number, raw) in operations.iter().enumerate() {
            let at = Pointer::root().join(&number.to_string());
            match self.turned(raw.get(), &at)? {
                Turned::Same => written.push(Cow::Borrowed(raw.get())),
                Turned::Written(text) => {
                    changed = true;
                    written.push(Cow::Owned(text));
                }
                Turned::Nothing(note) => {
                    changed = true;
                    self.count(note.as_ref());
                }
            }
        }
        if changed {
            out.push(b'[');
            out.extend_from_slice(written.join(",").as_bytes());
            out.push(b']');
        } else {
            out.extend_from_slice(&text);
        }
        let fired = std::mem::take(&mut self.fired);
        let bytes_out = out.len().saturating_sub(before) as u64;
        Ok(Report { fired, bytes_in: text.len() as u64, bytes_out })
    }

    /// Counts the step that left a place out.
    fn count(&mut self, note: Option<&Note>) {
        for (program, fired) in self.stages.iter().zip(&mut self.fired) {
            let at = program.notes.iter().position(|own| Some(own) == note);
            if let Some(count) = at.and_then(|at| fired.get_mut(at)) {
                *count = count.saturating_add(1);
                return;
            }
        }
    }

    fn turned(&mut self, raw: &str, at: &Pointer) -> Result<Turned, Refused> {
        let operation: Operation<'_> = serde_json::from_str(raw)
            .map_err(|_| refused(at, Cause::Framing("this is no operation of a JSON patch")))?;
        let op = &*operation.op;
        let to = self.landing(&operation.path, &at.join("path"))?;
        match op {
            "add" | "replace" | "test" => self.valued(&operation, to, at),
            "remove" => Ok(match to {
                Landing::At(pointer, _) => renamed(&operation, &pointer, None, None),
                Landing::Gone(note) => Turned::Nothing(note),
                _ => return Err(refused(&at.join("path"), unclear())),
            }),
            "move" | "copy" => {
                let Some(from) = operation.from.as_deref() else {
                    let cause = Cause::Framing("this operation has no `from`");
                    return Err(refused(at, cause));
                };
                let origin = self.landing(from, &at.join("from"))?;
                Self::carried(&operation, (origin, to), at)
            }
            _ => Err(refused(&at.join("op"), Cause::Framing("there is no such operation"))),
        }
    }

    fn landing(&self, path: &str, at: &Pointer) -> Result<Landing, Refused> {
        let pointer = Pointer::parse(path)
            .ok_or_else(|| refused(at, Cause::Framing("this is no JSON pointer")))?;
        Ok(forward(&self.stages, &pointer))
    }

    fn valued(
        &mut self,
        operation: &Operation<'_>,
        to: Landing,
        at: &Pointer,
    ) -> Result<Turned, Refused> {
        let Some(value) = operation.value else {
            return Err(refused(at, Cause::Framing("this operation has no `value`")));
        };
        match to {
            Landing::At(pointer, nodes) => {
                let text = self.converted(value.get(), &nodes, &at.join("value"))?;
                let value = (text != value.get()).then_some(text);
                Ok(renamed(operation, &pointer, None, value))
            }
            // what cannot be looked at cannot be found to be so
            Landing::Gone(_) if operation.op == "test" => Err(refused(&at.join("path"), unclear())),
            Landing::Gone(note) => Ok(Turned::Nothing(note)),
            Landing::Unclear => Err(refused(&at.join("path"), unclear())),
        }
    }

    /// A value goes from one place to another unseen, so both must have the same rules.
    fn carried(
        operation: &Operation<'_>,
        ways: (Landing, Landing),
        at: &Pointer,
    ) -> Result<Turned, Refused> {
        match ways {
            (Landing::At(from, one), Landing::At(to, other)) if one == other => {
                Ok(renamed(operation, &to, Some(&from), None))
            }
            (Landing::At(from, _), Landing::Gone(note)) => Ok(if operation.op == "move" {
                Turned::Written(format!("{{\"op\":\"remove\",\"path\":{}}}", quoted(from.as_str())))
            } else {
                Turned::Nothing(note)
            }),
            (Landing::Gone(note), Landing::Gone(_)) => Ok(Turned::Nothing(note)),
            _ => Err(refused(&at.join("from"), unclear())),
        }
    }

    /// A value as it is at its place in the other version.
    fn converted(&mut self, text: &str, nodes: &[NodeId], at: &Pointer) -> Result<String, Refused> {
        let alone = |(program, node): (&Arc<Program>, &NodeId)| !touches_outer(program, *node);
        let root = |(program, node): (&Arc<Program>, &NodeId)| program.root == *node;
        let mut each = self.stages.iter().zip(nodes);
        if !each.clone().all(|one| alone(one) || root(one)) {
            return Err(refused(at, unclear()));
        }
        if each.all(|(program, node)| matches!(program.node(*node), Node::Copy)) {
            return Ok(text.to_owned());
        }
        let values = Arc::clone(&self.values);
        let mut converter = Converter::start_at(&self.prepared, nodes, self.limits, values);
        let mut out = Vec::new();
        let report = converter
            .push(text.as_bytes(), &mut out)
            .and_then(|()| converter.finish(&mut out))
            .map_err(|one| Refused { pointer: at.concat(&one.pointer), ..one })?;
        for (all, more) in self.fired.iter_mut().zip(&report.fired) {
            for (count, more) in all.iter_mut().zip(more) {
                *count = count.saturating_add(*more);
            }
        }
        String::from_utf8(out).map_err(|_| refused(at, Cause::Utf8))
    }
}

/// The operation at another place, with another value.
fn renamed(
    operation: &Operation<'_>,
    to: &Pointer,
    from: Option<&Pointer>,
    value: Option<String>,
) -> Turned {
    let same = operation.path == to.as_str()
        && from.is_none_or(|from| operation.from.as_deref() == Some(from.as_str()));
    if same && value.is_none() {
        return Turned::Same;
    }
    let mut text = format!("{{\"op\":\"{}\"", operation.op);
    if let Some(from) = from {
        let _ = write!(text, ",\"from\":{}", quoted(from.as_str()));
    }
    let _ = write!(text, ",\"path\":{}", quoted(to.as_str()));
    let own = || operation.value.filter(|_| from.is_none() && operation.op != "remove");
    if let Some(value) = value.or_else(|| own().map(|value| value.get().to_owned())) {
        let _ = write!(text, ",\"value\":{value}");
    }
    text.push('}');
    Turned::Written(text)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

const fn unclear() -> Cause {
    Cause::Unseen
}

fn refused(at: &Pointer, cause: Cause) -> Refused {
    Refused { pointer: at.clone(), offset: 0, cause }
}
