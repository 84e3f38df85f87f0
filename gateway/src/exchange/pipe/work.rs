//! What is done to the decoded bytes of a body.

use std::sync::Arc;

use evergate_schemas::convert::{BodyConverter, BodyOptions, Refused};
use evergate_schemas::plan::outside::Values;
use http::header::CONTENT_TYPE;

use super::fault::Failed;
use crate::snapshot::loss::Lost;
use crate::snapshot::{Conversion, ConversionLimits};
use crate::wire::Fields;

/// A conversion from bytes to bytes.
#[derive(Debug)]
pub(crate) enum Work {
    /// What its plan says: one JSON document, records, fields or parts.
    Document(Box<Document>),
}

/// A running conversion of one body.
#[derive(Debug)]
pub(crate) struct Document {
    converter: BodyConverter,
    conversion: Arc<Conversion>,
}

impl Work {
    /// The conversion of a body as its plan has it, under the head that says its media type.
    pub(crate) fn document(
        conversion: &Arc<Conversion>,
        limits: ConversionLimits,
        values: Arc<Values>,
        head: &Fields,
    ) -> Self {
        let mut limits = limits.of_conversion();
        if conversion.prepared.beside().is_some() {
            // the pipe bounds the body, which is held whole
            limits.record = usize::MAX;
        }
        let unconvertible = conversion.unconvertible;
        let said = head.get(CONTENT_TYPE).filter(|_| conversion.prepared.needs_media_type());
        let media_type = said.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let options = BodyOptions { limits, values, unconvertible, media_type };
        let converter = BodyConverter::start(&conversion.prepared, &options);
        Self::Document(Box::new(Document { converter, conversion: Arc::clone(conversion) }))
    }

    /// Whether its reader acts on each piece as it comes.
    pub(super) fn streams(&self) -> bool {
        match self {
            Self::Document(one) => one.conversion.prepared.is_stream(),
        }
    }

    /// Converts the next piece.
    pub(super) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Failed> {
        match self {
            Self::Document(one) => {
                one.converter.push(chunk, out).map_err(|refused| failed(&refused))
            }
        }
    }

    /// What came out of the body and is a parameter there; after the end, once.
    pub(super) fn take_beside(&mut self) -> Vec<(Arc<str>, String)> {
        match self {
            Self::Document(one) => one.converter.take_beside(),
        }
    }

    /// Octets that are held of a body of which nothing comes out before its end.
    pub(super) fn held_back(&self) -> usize {
        match self {
            Self::Document(one) if one.conversion.prepared.beside().is_some() => {
                one.converter.held_back()
            }
            Self::Document(_) => 0,
        }
    }

    /// Ends the body; gives what was lost.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<Lost, Failed> {
        match self {
            Self::Document(one) => one.finish(out),
        }
    }
}

impl Document {
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<Lost, Failed> {
        let report = self.converter.finish(out).map_err(|refused| failed(&refused))?;
        Ok(Lost::fired(&self.conversion.losses, &report.fired))
    }
}

pub(super) fn failed(refused: &Refused) -> Failed {
    Failed::Payload {
        pointer: refused.pointer.as_str().to_owned(),
        why: refused.cause.to_string(),
        malformed: refused.cause.is_syntax() || refused.cause.is_limit(),
    }
}
