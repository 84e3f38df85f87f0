//! Which live payloads are held against the schemas of their own versions.

use evergate_schemas::pointer::Pointer;
use serde_json::{Map, Value};

use super::reader::Reader;
use super::units::size;

/// Default of `drift.body`.
const BODY: usize = 64 << 10;

/// How many payloads of an api are judged, and how large ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DriftConfig {
    /// The share of messages, from 0 (none, the default) to 1.
    pub sample: f64,
    /// Largest body that is copied, and largest without its content coding, in octets. Default 64 KiB.
    pub body: usize,
}

impl Default for DriftConfig {
    fn default() -> Self {
        Self { sample: 0.0, body: BODY }
    }
}

/// Reads `drift` of an api.
pub(super) fn drift<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Map<String, Value>,
    at: &Pointer,
) -> DriftConfig {
    let (mut drift, at) = (DriftConfig::default(), at.join("drift"));
    let Some(value) = members.get("drift") else { return drift };
    if !members.contains_key("description") {
        let what = "`drift` needs schemas, and this api has no `description`".to_owned();
        let place = reader.place(&at);
        reader.warn(place, what, "name the directory of its versions".to_owned());
    }
    for (key, value) in reader.object(value, &at, &["sample", "body"]).into_iter().flatten() {
        let at = at.join(key);
        match (key.as_str(), value.as_f64(), size(value)) {
            ("sample", Some(share), _) if (0.0..=1.0).contains(&share) => drift.sample = share,
            ("sample", ..) => {
                let remedy = "write a number from 0 to 1, as `0.001` for one in a thousand";
                reader.fault(&at, "`sample` is no share of messages", remedy);
            }
            ("body", _, Some(octets)) if octets > 0 => drift.body = octets,
            ("body", ..) => reader.fault(&at, "`body` is not a size", "write `64KiB`"),
            _ => {}
        }
    }
    drift
}
