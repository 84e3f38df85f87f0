//! The conversion of a body, however its values are written.

use std::sync::Arc;

use crate::convert::code::Prepared;
use crate::convert::composed::{self, Composed};
use crate::convert::converter::Converter;
use crate::convert::form::Form;
use crate::convert::multipart::{Multipart, PartsPlan};
use crate::convert::patch::Patch;
use crate::convert::records::{Records, Unconvertible, prepared_events};
use crate::convert::refused::{Limits, Refused, Report};
use crate::plan::bridge::BodyPlan;
use crate::plan::outside::Values;
use crate::plan::program::Program;
use crate::plan::wire::{Beside, ComposedWire, FormWire, Framing, Wire};
use crate::pointer::Pointer;

/// The plan of a body made ready to run, once, for any number of bodies.
#[derive(Clone, Debug)]
pub struct PreparedBody {
    own: Prepared,
    written: Written,
}

#[derive(Clone, Debug)]
enum Written {
    Document,
    Records(Framing, Arc<[Prepared]>),
    Patch(Arc<[Arc<Program>]>),
    Form(Arc<FormWire>),
    Multipart(Arc<PartsPlan>),
    Composed(Arc<ComposedWire>),
}

/// What one conversion of a body goes by.
#[derive(Clone, Debug, Default)]
pub struct BodyOptions {
    /// The bounds.
    pub limits: Limits,
    /// What programs read from outside the payload.
    pub values: Arc<Values>,
    /// What becomes of a record that does not get through.
    pub unconvertible: Unconvertible,
    /// The media type of the body with its parameters; of these only the boundary of a multipart body is read.
    pub media_type: Option<String>,
}

impl PreparedBody {
    /// Prepares the plan of a body.
    pub fn new(plan: &BodyPlan) -> Self {
        let written = match &plan.wire {
            Wire::Document => Written::Document,
            Wire::Form(wire) => Written::Form(Arc::clone(wire)),
            Wire::Composed(wire) => Written::Composed(Arc::clone(wire)),
            Wire::Multipart(wire) => {
                Written::Multipart(Arc::new(PartsPlan::new(wire, &plan.plan.stages)))
            }
            Wire::Patch => Written::Patch(plan.plan.stages.as_slice().into()),
            Wire::Records(framing) => {
                Written::Records(framing.clone(), prepared_events(framing).into())
            }
        };
        Self { own: Prepared::new(&plan.plan.stages), written }
    }

    /// The programs, in the order in which they run: those of the payload, or those of each event of a stream.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        let events: &[Prepared] = match &self.written {
            Written::Records(_, events) => events,
            _ => &[],
        };
        std::iter::once(&self.own).chain(events).flat_map(Prepared::programs)
    }

    /// Whether the body is a stream whose records go by themselves, so that nobody may wait for its end.
    pub const fn is_stream(&self) -> bool {
        matches!(self.written, Written::Records(..))
    }

    /// Whether the media type of a body has to be known to read it ([`BodyOptions::media_type`]).
    pub const fn needs_media_type(&self) -> bool {
        matches!(self.written, Written::Multipart(_))
    }

    /// Where a place of what comes out was in what came: the key of a parameter beside the body, or a place of the body.
    pub fn origin(&self, place: &Pointer) -> Pointer {
        composed::origin(&self.own, place)
    }

    /// The parameters that come into the body ([`Values::beside`]) and go out of it ([`BodyConverter::take_beside`]);
    /// `None` where none does.
    pub fn beside(&self) -> Option<(&[Beside], &[Beside])> {
        match &self.written {
            Written::Composed(wire) => Some((&wire.inward, &wire.outward)),
            _ => None,
        }
    }
}

impl From<Prepared> for PreparedBody {
    /// One JSON text.
    fn from(own: Prepared) -> Self {
        Self { own, written: Written::Document }
    }
}

/// The conversion of one body that comes in chunks of any size. How it is cut makes no difference to the output, the
/// report or the refusal.
#[derive(Debug)]
pub struct BodyConverter(Kind);

#[derive(Debug)]
enum Kind {
    Document(Box<Converter>),
    Records(Box<Records>),
    Patch(Box<Patch>),
    Form(Box<Form>),
    Multipart(Box<Multipart>),
    Composed(Box<Composed>),
}

impl BodyConverter {
    /// Begins a body.
    pub fn start(prepared: &PreparedBody, options: &BodyOptions) -> Self {
        let BodyOptions { limits, values, unconvertible, media_type } = options;
        Self(match &prepared.written {
            Written::Document => {
                let values = Arc::clone(values);
                Kind::Document(Box::new(Converter::start(&prepared.own, *limits, values)))
            }
            Written::Form(wire) => {
                let converter = Converter::start(&prepared.own, *limits, Arc::clone(values));
                Kind::Form(Box::new(Form::new(Arc::clone(wire), converter, limits.record)))
            }
            Written::Multipart(plan) => {
                let (own, bounds) = (&prepared.own, (*limits, values));
                let one = Multipart::start(plan, own, bounds, media_type.as_deref());
                Kind::Multipart(Box::new(one))
            }
            Written::Composed(wire) => {
                Kind::Composed(Box::new(Composed::start((wire, &prepared.own), *limits, values)))
            }
            Written::Patch(stages) => {
                Kind::Patch(Box::new(Patch::start(stages, &prepared.own, *limits, values)))
            }
            Written::Records(framing, events) => {
                let ready = (&prepared.own, &**events);
                let records = Records::start(framing, ready, *limits, values, *unconvertible);
                Kind::Records(Box::new(records))
            }
        })
    }

    /// Takes the next bytes and appends to `out` what is ready.
    ///
    /// # Errors
    /// When the body does not get through. The conversion is over then. Of a stream of records, what is in `out` are
    /// whole records that are good.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Refused> {
        match &mut self.0 {
            Kind::Document(one) => one.push(chunk, out),
            Kind::Records(one) => one.push(chunk, out),
            Kind::Patch(one) => one.push(chunk),
            Kind::Form(one) => one.push(chunk),
            Kind::Multipart(one) => one.push(chunk, out),
            Kind::Composed(one) => one.push(chunk),
        }
    }

    /// Says that no more bytes come, and appends the rest of the output. The counts of the report are by stage, those
    /// of the plan first, then those of [`Wire::stages`].
    ///
    /// # Errors
    /// When the body is not complete or does not get through.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<Report, Refused> {
        match &mut self.0 {
            Kind::Document(one) => one.finish(out),
            Kind::Records(one) => one.finish(out),
            Kind::Patch(one) => one.finish(out),
            Kind::Form(one) => one.finish(out),
            Kind::Multipart(one) => one.finish(out),
            Kind::Composed(one) => one.finish(out),
        }
    }

    /// Records that were left out or replaced by one that says so.
    pub fn replaced(&self) -> u64 {
        match &self.0 {
            Kind::Document(_)
            | Kind::Patch(_)
            | Kind::Form(_)
            | Kind::Multipart(_)
            | Kind::Composed(_) => 0,
            Kind::Records(one) => one.replaced(),
        }
    }

    /// Bytes that were taken but neither written nor dropped.
    pub fn held_back(&self) -> usize {
        match &self.0 {
            Kind::Document(one) => one.held_back(),
            Kind::Records(one) => one.held_back(),
            Kind::Patch(one) => one.held_back(),
            Kind::Form(one) => one.held_back(),
            Kind::Multipart(one) => one.held_back(),
            Kind::Composed(one) => one.held_back(),
        }
    }

    /// The parameters that came out of the body, as JSON texts by their keys; after the end, once.
    pub fn take_beside(&mut self) -> Vec<(Arc<str>, String)> {
        match &mut self.0 {
            Kind::Composed(one) => one.take_beside(),
            _ => Vec::new(),
        }
    }
}
