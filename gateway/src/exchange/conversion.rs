//! The byte machine between two bodies: which plan a body needs, what the plan reads from outside, what is counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use evergate_schemas::convert::{Converter, Limits};
use evergate_schemas::plan::bridge::BodyPlan;
use evergate_schemas::plan::outside::Values;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};

use super::query;
use crate::snapshot::meter::ConversionMeter;
use crate::snapshot::{Api, ConversionLimits, CrossingMessage};

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
    meter: ConversionMeter,
    /// The counter of each note that is a loss, by stage.
    losses: Vec<Vec<Option<prometheus_client::metrics::counter::Counter>>>,
    spent: Duration,
    read: u64,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Machine").field("read", &self.read).finish_non_exhaustive()
    }
}

impl Machine {
    /// A machine for the body with this index in the message.
    pub(crate) fn new(
        message: &CrossingMessage,
        index: usize,
        meter: &ConversionMeter,
        setting: (ConversionLimits, Values),
    ) -> Option<Self> {
        let plan = &message.bodies.get(index)?.plan;
        let (limits, values) = setting;
        let limits = Limits { depth: limits.depth, held: limits.held, ..Limits::default() };
        Some(Self {
            converter: Converter::new(&plan.stages, limits, Arc::new(values)),
            meter: meter.clone(),
            losses: message.losses.get(index).cloned().unwrap_or_default(),
            spent: Duration::ZERO,
            read: 0,
        })
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
        for (counters, fired) in self.losses.iter().zip(&report.fired) {
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
/// as the only one declared. `Err` when the message declares bodies that need converting and none of them is this.
pub(crate) fn plan<'a>(
    message: &'a CrossingMessage,
    headers: &HeaderMap,
) -> Result<Option<(usize, &'a BodyPlan)>, ()> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return match message.bodies.as_slice() {
            [only] => Ok(Some((0, only))),
            several if several.iter().any(|body| !body.plan.is_identity()) => Err(()),
            _ => Ok(None),
        };
    };
    let essence = value.to_str().map(essence).unwrap_or_default();
    let best = message
        .bodies
        .iter()
        .enumerate()
        .filter_map(|(index, body)| Some((closeness(&essence, &body.media_type)?, index, body)))
        .min_by_key(|(distance, index, _)| (*distance, *index));
    Ok(best.map(|(_, index, body)| (index, body)))
}

/// Type and subtype, lower case.
fn essence(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// 0 for the same type, 1 for `type/*`, 2 for `*/*`, `None` for another.
fn closeness(essence_asked: &str, declared: &str) -> Option<u8> {
    let declared = essence(declared);
    if declared == essence_asked {
        return Some(0);
    }
    if declared == "*/*" || declared == "*" {
        return Some(2);
    }
    let family = declared.strip_suffix('*')?;
    essence_asked.starts_with(family).then_some(1)
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
