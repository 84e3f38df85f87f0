//! Which plan a body needs, and what the plan reads from outside.

use std::sync::Arc;

use evergate_schemas::plan::outside::Values;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::query;
use crate::snapshot::{Api, CrossingBody, CrossingMessage};
use crate::wire::Fields;

/// The plan for a body of this media type: exact, then `type/*`, then `*/*`. A body without a media type is taken
/// as the only one declared; `Err` when there are several and some need converting. `Ok(None)` for an undeclared
/// type, which passes as it is.
pub(crate) fn plan<'a>(
    bodies: &'a [CrossingBody],
    headers: &Fields,
) -> Result<Option<&'a CrossingBody>, ()> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return match bodies {
            [only] => Ok(Some(only)),
            _ if bodies.iter().any(|body| body.conversion.is_some()) => Err(()),
            _ => Ok(None),
        };
    };
    // mostly it is spelled as declared, without parameters
    let spelled = |body: &&CrossingBody| *body.essence.as_bytes() == *value.as_bytes();
    if let Some(body) = bodies.iter().find(spelled) {
        return Ok(Some(body));
    }
    let asked = essence(value);
    let ranked = bodies.iter().filter_map(|body| Some((closeness(asked, &body.essence)?, body)));
    Ok(ranked.min_by_key(|(distance, _)| *distance).map(|(_, body)| body))
}

/// A media type without its parameters.
pub(crate) fn essence(value: &HeaderValue) -> &str {
    let text = value.to_str().unwrap_or_default();
    let end = text.bytes().position(|byte| byte == b';').unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_ascii()
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

/// Whether `Cache-Control` has `no-transform` (RFC 9111 §5.2.1.6, §5.2.2.6).
pub(crate) fn no_transform(headers: &Fields) -> bool {
    headers.has(&CACHE_CONTROL)
        && headers.get_all(CACHE_CONTROL).any(|value| {
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

thread_local! {
    /// What most programs read from outside: nothing.
    static NOTHING: Arc<Values> = Arc::default();
}

/// What a program may read from outside the payload; nothing but what it needs is gathered.
pub(crate) fn values(
    api: &Api,
    message: &CrossingMessage,
    headers: &Fields,
    parameters: &Parameters,
) -> Arc<Values> {
    if !message.reads_outside {
        return NOTHING.with(Arc::clone);
    }
    let mut values = Values::default();
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
    Arc::new(values)
}
