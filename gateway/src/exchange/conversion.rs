//! The byte machine between two bodies: which plan a body needs, what the plan reads from outside, what is counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use evergate_schemas::convert::{Converter, Limits};
use evergate_schemas::plan::outside::Values;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};

use super::query;
use crate::snapshot::meter::ConversionMeter;
use crate::snapshot::{Api, Conversion, ConversionLimits, CrossingBody, CrossingMessage};

/// Why a body could not be converted, in the names of its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) pointer: String,
    pub(crate) why: String,
    /// It is not JSON that can be read safely, whatever the versions.
    pub(crate) malformed: bool,
}

/// A running conversion of one body.
pub(crate) struct Machine {
    converter: Converter,
    conversion: Conversion,
    meter: ConversionMeter,
    spent: Duration,
    read: u64,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Machine").field("read", &self.read).finish_non_exhaustive()
    }
}

impl Machine {
    /// A machine at the start of a body.
    pub(crate) fn new(
        conversion: &Conversion,
        meter: &ConversionMeter,
        limits: ConversionLimits,
        values: Values,
    ) -> Self {
        let limits = Limits { depth: limits.depth, held: limits.held, ..Limits::default() };
        Self {
            converter: Converter::start(&conversion.prepared, limits, Arc::new(values)),
            conversion: conversion.clone(),
            meter: meter.clone(),
            spent: Duration::ZERO,
            read: 0,
        }
    }

    /// Converts the next piece.
    pub(crate) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Failed> {
        let begun = Instant::now();
        self.read += chunk.len() as u64;
        let done = self.converter.push(chunk, out).map_err(|refused| failed(&refused));
        self.spent += begun.elapsed();
        if done.is_err() {
            self.meter.refused.inc();
        }
        done
    }

    /// Ends the body; gives the number of losses that fired.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<u64, Failed> {
        let begun = Instant::now();
        let report = self.converter.finish(out).map_err(|refused| {
            self.meter.refused.inc();
            failed(&refused)
        })?;
        self.spent += begun.elapsed();
        let mut total = 0;
        for (counters, fired) in self.conversion.losses.iter().zip(&report.fired) {
            for (counter, times) in counters.iter().zip(fired) {
                if let Some(counter) = counter {
                    counter.inc_by(u64::from(*times));
                    total += u64::from(*times);
                }
            }
        }
        Ok(total)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.meter.bytes.inc_by(self.read);
        self.meter.seconds.observe(self.spent.as_secs_f64());
    }
}

fn failed(refused: &evergate_schemas::convert::Refused) -> Failed {
    let code = refused.cause.code();
    let malformed = code.starts_with("json-") || code.starts_with("limit-");
    Failed {
        pointer: refused.pointer.as_str().to_owned(),
        why: refused.cause.to_string(),
        malformed,
    }
}

/// The plan for a body of this media type: exact, then `type/*`, then `*/*`. A body without a media type is taken
/// as the only one declared; `Err` when there are several and some need converting. `Ok(None)` for an undeclared
/// type, which passes as it is.
pub(crate) fn plan<'a>(
    message: &'a CrossingMessage,
    headers: &HeaderMap,
) -> Result<Option<&'a CrossingBody>, ()> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return match message.bodies.as_slice() {
            [only] => Ok(Some(only)),
            _ if message.converts() => Err(()),
            _ => Ok(None),
        };
    };
    let text = value.to_str().unwrap_or_default();
    let asked = text.split(';').next().unwrap_or_default().trim();
    let ranked =
        message.bodies.iter().filter_map(|body| Some((closeness(asked, &body.essence)?, body)));
    Ok(ranked.min_by_key(|(distance, _)| *distance).map(|(_, body)| body))
}

/// 0 for the same type, 1 for `type/*`, 2 for `*/*`, `None` for another.
fn closeness(asked: &str, declared: &str) -> Option<u8> {
    if declared.eq_ignore_ascii_case(asked) {
        return Some(0);
    }
    if declared == "*/*" || declared == "*" {
        return Some(2);
    }
    let family = declared.strip_suffix('*')?;
    asked.get(..family.len()).is_some_and(|own| own.eq_ignore_ascii_case(family)).then_some(1)
}

/// The content coding that a body has; `None` for none.
pub(crate) fn coding(headers: &HeaderMap) -> Option<String> {
    let mut codings =
        headers.get_all(CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.find(|coding| !coding.trim().eq_ignore_ascii_case("identity")).map(str::to_owned)
}

/// Whether `Cache-Control` has `no-transform` (RFC 9111 §5.2.1.6, §5.2.2.6).
pub(crate) fn no_transform(headers: &HeaderMap) -> bool {
    headers.get_all(CACHE_CONTROL).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|one| one.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
    })
}

/// Path and query parameters of a request, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(pub(crate) Vec<(String, String)>);

impl Parameters {
    /// The parameters of a path template and a query.
    pub(crate) fn read(names: &[String], captures: &[&str], query: Option<&str>) -> Self {
        let path =
            names.iter().zip(captures).map(|(name, raw)| (name.clone(), decoded_segment(raw)));
        let pairs = query::pairs(query.unwrap_or_default());
        let query = pairs.map(|(name, value)| {
            (query::decode(name).into_owned(), query::decode(value).into_owned())
        });
        Self(path.chain(query).collect())
    }
}

/// A `+` in a path is a plus.
fn decoded_segment(raw: &str) -> String {
    query::decode(&raw.replace('+', "%2B")).into_owned()
}

/// What a program may read from outside the payload; nothing but what it needs is gathered.
pub(crate) fn values(
    api: &Api,
    message: &CrossingMessage,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Values {
    let mut values = Values::default();
    if !message.reads_outside {
        return values;
    }
    for (name, value) in headers {
        if let Ok(text) = value.to_str() {
            values.headers.entry(name.as_str().to_owned()).or_insert_with(|| text.to_owned());
        }
    }
    // the path comes first, and the first of several stays
    for (name, value) in &parameters.0 {
        values.parameters.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let configured = api.values.iter().map(|(name, text)| (name.to_string(), text.to_string()));
    values.configuration.extend(configured);
    values
}
