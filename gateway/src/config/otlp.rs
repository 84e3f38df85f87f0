//! Where spans are sent.

use std::time::Duration;

use evergate_schemas::pointer::Pointer;
use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Uri};
use serde_json::Value;

use super::reader::Reader;
use super::units::duration;

/// A collector that takes OTLP over HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct OtlpConfig {
    /// Host and port.
    pub authority: Authority,
    /// Where it takes spans.
    pub path: String,
    /// What it wants beside them; may be secrets.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The share of traces that begin here which are recorded. Default 0.01.
    pub sample: f64,
    /// How long spans are gathered. Default 5 s.
    pub interval: Duration,
}

/// Reads `telemetry`, which has `otlp` alone.
pub(super) fn telemetry<'doc>(
    reader: &mut Reader<'doc>,
    value: Option<&'doc Value>,
) -> Option<OtlpConfig> {
    let at = Pointer::root().join("telemetry");
    let value = reader.object(value?, &at, &["otlp"])?.get("otlp")?;
    let at = at.join("otlp");
    if !cfg!(feature = "otlp") {
        let remedy = "build it with `--features otlp`, or leave `telemetry.otlp` out";
        reader.fault(&at, "this program was built without OTLP", remedy);
        return None;
    }
    let known = ["endpoint", "headers", "sample", "interval"];
    let object = reader.object(value, &at, &known)?;
    let Some(endpoint) = object.get("endpoint") else {
        reader.fault(&at, "`endpoint` is missing", "write `endpoint: http://127.0.0.1:4318`");
        return None;
    };
    let place = at.join("endpoint");
    let (authority, path) = endpoint_of(reader, endpoint, &place)?;
    let mut config = OtlpConfig {
        authority,
        path,
        headers: Vec::new(),
        sample: 0.01,
        interval: Duration::from_secs(5),
    };
    if let Some(value) = object.get("sample") {
        match value.as_f64() {
            Some(share) if (0.0..=1.0).contains(&share) => config.sample = share,
            _ => reader.fault(
                &at.join("sample"),
                "`sample` is no share",
                "write a number from 0 to 1",
            ),
        }
    }
    if let Some(value) = object.get("interval") {
        match duration(value) {
            Some(time) if !time.is_zero() => config.interval = time,
            _ => reader.fault(&at.join("interval"), "`interval` is not a time", "write `5s`"),
        }
    }
    let place = at.join("headers");
    for (name, value) in
        object.get("headers").and_then(|value| reader.map(value, &place)).into_iter().flatten()
    {
        let text = value.as_str().and_then(|text| HeaderValue::try_from(text).ok());
        if let (Ok(name), Some(mut value)) = (HeaderName::try_from(name.as_str()), text) {
            value.set_sensitive(true);
            config.headers.push((name, value));
        } else {
            let what = format!("`{name}` is no header, or its value is no text of one");
            reader.fault(&place.join(name), what, "write `name: value`");
        }
    }
    Some(config)
}

fn endpoint_of<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
) -> Option<(Authority, String)> {
    let text = reader.text(value, at)?;
    let uri: Option<Uri> = text.parse().ok();
    let parts = uri.map(Uri::into_parts);
    let sound = parts.and_then(|parts| {
        let path = parts.path_and_query?.as_str().trim_end_matches('/').to_owned();
        let path = if path.is_empty() { "/v1/traces".to_owned() } else { path };
        let authority = parts.authority?;
        let whole = if authority.port().is_some() {
            authority
        } else {
            format!("{authority}:4318").parse().ok()?
        };
        (parts.scheme == Some(Scheme::HTTP)).then_some((whole, path))
    });
    if sound.is_none() {
        let remedy =
            "write `http://127.0.0.1:4318`; a collector beside the gateway speaks TLS for it";
        reader.fault(at, format!("`{text}` is no endpoint in cleartext"), remedy);
    }
    sound
}
