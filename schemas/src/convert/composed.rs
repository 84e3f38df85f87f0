//! Requests whose parameters move into the body or out of it: body and parameters are one object on the way (L19).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::convert::code::Prepared;
use crate::convert::converter::Converter;
use crate::convert::refused::{Cause, Limits, Refused, Report};
use crate::plan::outside::Values;
use crate::plan::pointers::backward;
use crate::plan::program::Program;
use crate::plan::wire::{BODY, ComposedWire};
use crate::pointer::Pointer;

/// The conversion of one composed request. Its body is held until it is whole.
#[derive(Debug)]
pub(super) struct Composed {
    wire: Arc<ComposedWire>,
    prepared: Prepared,
    limits: Limits,
    values: Arc<Values>,
    /// Knows whether what comes is one JSON text and nothing more, so that it cannot end the object around it.
    check: Converter,
    body: Vec<u8>,
    came: u64,
    beside: Vec<(Arc<str>, String)>,
}

impl Composed {
    pub(super) fn start(
        (wire, prepared): (&Arc<ComposedWire>, &Prepared),
        limits: Limits,
        values: &Arc<Values>,
    ) -> Self {
        Self {
            wire: Arc::clone(wire),
            prepared: prepared.clone(),
            limits,
            values: Arc::clone(values),
            check: Converter::new(&[], limits, Arc::clone(values)),
            body: Vec::new(),
            came: 0,
            beside: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), Refused> {
        self.came = self.came.saturating_add(chunk.len() as u64);
        if self.came > self.limits.record as u64 {
            return Err(refused(Cause::RecordLength));
        }
        self.check.push(chunk, &mut self.body)
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<Report, Refused> {
        if self.came > 0 {
            self.check.finish(&mut self.body)?;
        }
        let body = std::mem::take(&mut self.body);
        let mut object = self.head();
        let before = object.len() as u64;
        if self.came > 0 {
            object.extend_from_slice(&body);
        } else if self.wire.makes {
            object.extend_from_slice(b"{}");
        }
        object.push(b'}');
        // the body is held already, and is one level further in
        let limits = Limits {
            depth: self.limits.depth.saturating_add(1),
            held: self.limits.held.max(object.len()),
            ..self.limits
        };
        let mut converter = Converter::start(&self.prepared, limits, Arc::clone(&self.values));
        let mut written = Vec::new();
        let done =
            converter.push(&object, &mut written).and_then(|()| converter.finish(&mut written));
        let report = done.map_err(|refused| self.in_body(refused, before))?;
        let bytes_out = self.parted(&written, out)?;
        Ok(Report { bytes_in: self.came, bytes_out, ..report })
    }

    pub(super) fn held_back(&self) -> usize {
        self.body.len()
    }

    /// The parameters that came out of it, as JSON texts by key.
    pub(super) fn take_beside(&mut self) -> Vec<(Arc<str>, String)> {
        std::mem::take(&mut self.beside)
    }

    /// The object up to the value of its body.
    fn head(&self) -> Vec<u8> {
        let mut text = String::from("{");
        for one in &self.wire.inward {
            let Some(json) = self.values.beside.get(&*one.key) else { continue };
            text.push_str(&Value::from(&*one.key).to_string());
            text.push(':');
            text.push_str(json);
            text.push(',');
        }
        if self.came > 0 || self.wire.makes {
            text.push_str(&Value::from(BODY).to_string());
            text.push(':');
        } else if text.ends_with(',') {
            text.pop();
        }
        text.into_bytes()
    }

    /// A refusal in the places of the body, or of the parameter that it is about.
    fn in_body(&self, mut refused: Refused, before: u64) -> Refused {
        let is_beside = |place: &Pointer| {
            let first = place.tokens().next();
            self.wire.inward.iter().any(|one| first.as_deref() == Some(&*one.key))
        };
        // what is missing is named by the place that it would have
        let missing = matches!(refused.cause, Cause::Missing(_));
        let sent = missing.then(|| origin(&self.prepared, &refused.pointer));
        refused.pointer = sent.filter(is_beside).unwrap_or_else(|| inside(&refused.pointer));
        refused.offset = refused.offset.saturating_sub(before);
        refused
    }

    /// Takes the object apart: the body goes out, in its spelling.
    fn parted(&mut self, written: &[u8], out: &mut Vec<u8>) -> Result<u64, Refused> {
        let members: BTreeMap<String, &RawValue> =
            serde_json::from_slice(written).map_err(|_| {
                refused(Cause::Framing("what becomes of the request is no object of its parts"))
            })?;
        let before = out.len();
        if let Some(body) = members.get(BODY).filter(|_| !self.wire.drops) {
            out.extend_from_slice(body.get().as_bytes());
        }
        for one in &self.wire.outward {
            if let Some(value) = members.get(&*one.key) {
                self.beside.push((Arc::clone(&one.key), value.get().to_owned()));
            }
        }
        Ok(out.len().saturating_sub(before) as u64)
    }
}

/// The place of the body that a place of the composed request is; one beside the body is its own.
fn inside(place: &Pointer) -> Pointer {
    let inside = place.as_str().strip_prefix("/body");
    inside.and_then(Pointer::parse).unwrap_or_else(|| place.clone())
}

/// Where a place of what comes out was in what came: `/key` of a parameter, or a place of the body.
pub(super) fn origin(prepared: &Prepared, place: &Pointer) -> Pointer {
    let stages: Vec<Arc<Program>> =
        prepared.stages.iter().map(|code| Arc::new(code.program.clone())).collect();
    inside(&backward(&stages, place))
}

const fn refused(cause: Cause) -> Refused {
    Refused { pointer: Pointer::root(), offset: 0, cause }
}
