//! What is announced about versions, operations and fields, and what becomes of them, as the file says it.

use std::collections::BTreeMap;

use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::api::Members;
use super::reader::Reader;
use super::units::duration;

/// Most brown-outs that one version or operation lists; a recurring one counts once.
const MOST_BROWNOUTS: usize = 100;

/// What is announced about a version, and what becomes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifecycleConfig {
    /// Of the version as a whole.
    pub own: LifeConfig,
    /// What goes before the version does: by method and path, `GET /orders/{id}`, with the place of each.
    pub operations: BTreeMap<String, (LifeConfig, Place)>,
}

/// What is announced about a version or an operation, and what becomes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifeConfig {
    /// Since when it is deprecated (RFC 9745).
    pub deprecated: Option<Timestamp>,
    /// When it goes (RFC 8594).
    pub sunset: Option<Timestamp>,
    /// A page that says more.
    pub link: Option<String>,
    /// The path or address of what to use instead.
    pub successor: Option<String>,
    /// What is done with requests after the sunset; absent where the file does not say.
    pub after_sunset: Option<AfterSunsetConfig>,
    /// When requests are refused for a while.
    pub brownouts: Vec<BrownoutConfig>,
    /// Of an operation: deprecated members and parameters by kind and place, `request /nick`, `query expand`.
    pub fields: BTreeMap<String, (FieldConfig, Place)>,
}

/// What is said about one member or parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldConfig {
    /// Since when it is deprecated.
    pub deprecated: Option<Timestamp>,
    /// When it goes.
    pub sunset: Option<Timestamp>,
}

/// What is done with requests after the sunset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterSunsetConfig {
    /// They are served as before: a date that passes changes nothing by itself.
    #[default]
    Serve,
    /// They are refused.
    Refuse,
}

/// Times in which requests are refused, so that whoever still sends them notices while it can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrownoutConfig {
    /// When the first begins.
    pub from: Timestamp,
    /// How long each lasts, in seconds.
    pub lasts: i64,
    /// From the beginning of one to that of the next, in seconds; absent for one alone.
    pub every: Option<i64>,
    /// When the last ends; absent for a recurring one that goes on until the sunset.
    pub until: Option<Timestamp>,
    /// How many of a million requests are refused.
    pub share: u32,
}

const OWN: [&str; 6] = ["deprecated", "sunset", "link", "successor", "after_sunset", "brownouts"];

/// What is under `versions`.
pub(super) fn versions<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
) -> BTreeMap<String, (LifecycleConfig, Place)> {
    let at = at.join("versions");
    let object = members.get("versions").and_then(|value| reader.map(value, &at));
    let mut versions = BTreeMap::new();
    for (label, value) in object.into_iter().flatten() {
        let at = at.join(label);
        let keys: Vec<&str> = OWN.into_iter().chain(["operations"]).collect();
        let Some(object) = reader.object(value, &at, &keys) else { continue };
        let own = life(reader, object, &at);
        let operations = operations(reader, object, &at);
        versions.insert(label.clone(), (LifecycleConfig { own, operations }, reader.place(&at)));
    }
    versions
}

fn operations<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
) -> BTreeMap<String, (LifeConfig, Place)> {
    let at = at.join("operations");
    let object = members.get("operations").and_then(|value| reader.map(value, &at));
    let mut operations = BTreeMap::new();
    for (key, value) in object.into_iter().flatten() {
        let at = at.join(key);
        let keys: Vec<&str> = OWN.into_iter().chain(["fields"]).collect();
        let Some(object) = reader.object(value, &at, &keys) else { continue };
        let mut one = life(reader, object, &at);
        one.fields = fields(reader, object, &at);
        operations.insert(key.clone(), (one, reader.place(&at)));
    }
    operations
}

fn life<'doc>(reader: &mut Reader<'doc>, object: &'doc Members, at: &Pointer) -> LifeConfig {
    let (deprecated, sunset) = dates(reader, object, at);
    let page = object.get("link").and_then(|value| link(reader, value, &at.join("link")));
    let successor =
        object.get("successor").and_then(|value| link(reader, value, &at.join("successor")));
    let after_sunset = object.get("after_sunset").and_then(|value| {
        let words = [("serve", AfterSunsetConfig::Serve), ("refuse", AfterSunsetConfig::Refuse)];
        reader.word(value, &at.join("after_sunset"), &words)
    });
    if after_sunset == Some(AfterSunsetConfig::Refuse) && object.get("sunset").is_none() {
        let remedy = "write `sunset:` with the date from which requests are refused";
        reader.fault(&at.join("after_sunset"), "there is no sunset to refuse after", remedy);
    }
    let brownouts = brownouts(reader, object, &at.join("brownouts"), sunset);
    LifeConfig {
        deprecated,
        sunset,
        link: page,
        successor,
        after_sunset,
        brownouts,
        fields: BTreeMap::new(),
    }
}

/// A sunset is never before its deprecation (RFC 9745 §4).
fn dates<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc Members,
    at: &Pointer,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let mut of = |key: &str| object.get(key).and_then(|value| date(reader, value, &at.join(key)));
    let (deprecated, sunset) = (of("deprecated"), of("sunset"));
    if let (Some(from), Some(end)) = (deprecated, sunset)
        && end < from
    {
        let what = "the sunset is before the deprecation";
        reader.fault(&at.join("sunset"), what, "write a later date");
    }
    (deprecated, sunset)
}

fn fields<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
) -> BTreeMap<String, (FieldConfig, Place)> {
    let at = at.join("fields");
    let object = members.get("fields").and_then(|value| reader.map(value, &at));
    let mut fields = BTreeMap::new();
    for (key, value) in object.into_iter().flatten() {
        let at = at.join(key);
        if !is_field(key) {
            let what = format!("`{key}` is not the place of a field");
            let remedy = "write `query NAME`, `header NAME`, `cookie NAME`, or `request /POINTER` with `*` for any item";
            reader.fault(&at, what, remedy);
        }
        let Some(object) = reader.object(value, &at, &["deprecated", "sunset"]) else { continue };
        let (deprecated, sunset) = dates(reader, object, &at);
        fields.insert(key.clone(), (FieldConfig { deprecated, sunset }, reader.place(&at)));
    }
    fields
}

/// Whether a text names a parameter or a member of a request's body.
fn is_field(key: &str) -> bool {
    match key.split_once(' ') {
        Some(("query" | "header" | "cookie", name)) => !name.is_empty() && !name.contains(' '),
        Some(("request", pointer)) => pointer.len() > 1 && pointer.starts_with('/'),
        _ => false,
    }
}

fn brownouts<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
    sunset: Option<Timestamp>,
) -> Vec<BrownoutConfig> {
    let list = members.get("brownouts").map(Reader::list).unwrap_or_default();
    if list.len() > MOST_BROWNOUTS {
        let what = format!("there are more than {MOST_BROWNOUTS} brown-outs");
        reader.fault(at, what, "write recurring ones: `{ from, every: 1d, lasts: 10m, until }`");
    }
    let mut found = Vec::new();
    for (index, value) in list.iter().enumerate().take(MOST_BROWNOUTS) {
        let at = at.join(&index.to_string());
        found.extend(brownout(reader, value, &at, sunset));
    }
    found
}

fn brownout<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    sunset: Option<Timestamp>,
) -> Option<BrownoutConfig> {
    let object = reader.object(value, at, &["from", "until", "every", "lasts", "share"])?;
    let mut of = |key: &str| object.get(key).and_then(|value| date(reader, value, &at.join(key)));
    let (from, until) = (of("from"), of("until"));
    let Some(from) = from else {
        if object.get("from").is_none() {
            reader.fault(at, "the brown-out does not begin", "write `from: 2026-10-01T09:00:00Z`");
        }
        return None;
    };
    if until.is_some_and(|until| until <= from) {
        reader.fault(&at.join("until"), "it ends before it begins", "write a later `until`");
        return None;
    }
    let mut time = |key: &str| time(reader, object, key, at);
    let (every, lasts) = (time("every"), time("lasts"));
    let share = share(reader, object, at);
    let lasts = match (every, lasts, until) {
        (Some(every), Some(lasts), _) if lasts < every => lasts,
        (Some(_), Some(_), _) => {
            let remedy = "write a shorter `lasts`, so that there is time between one and the next";
            reader.fault(&at.join("lasts"), "each begins before the one before it is over", remedy);
            return None;
        }
        (None, Some(lasts), None) => lasts,
        (None, None, Some(until)) => until.as_second() - from.as_second(),
        (Some(_), None, _) => {
            let what = "nothing says how long each of them lasts";
            reader.fault(at, what, "write `lasts: 10m`");
            return None;
        }
        (None, None, None) => {
            let what = "nothing says when the brown-out ends";
            reader.fault(at, what, "write `until: 2026-10-01T09:10:00Z` or `lasts: 10m`");
            return None;
        }
        (None, Some(_), Some(_)) => {
            let what = "both `until` and `lasts` say when the one brown-out ends";
            reader.fault(at, what, "keep one of them, or write `every: 1d` for one each day");
            return None;
        }
    };
    if every.is_some() && until.is_none() && sunset.is_none() {
        let what = "nothing says when the last brown-out is over";
        reader.fault(at, what, "write `until:` here, or `sunset:` beside `brownouts`");
    }
    Some(BrownoutConfig { from, lasts, every, until, share })
}

/// Whole seconds, at least one.
fn time<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc Members,
    key: &str,
    at: &Pointer,
) -> Option<i64> {
    let value = object.get(key)?;
    let seconds = duration(value).and_then(|time| i64::try_from(time.as_secs()).ok());
    let seconds = seconds.filter(|seconds| *seconds > 0);
    if seconds.is_none() {
        reader.fault(&at.join(key), format!("`{key}` is not a time"), "write `10m`, `1h` or `7d`");
    }
    seconds
}

/// In millionths; at least one.
fn share<'doc>(reader: &mut Reader<'doc>, object: &'doc Members, at: &Pointer) -> u32 {
    const WHOLE: u32 = 1_000_000;
    let Some(value) = object.get("share") else { return WHOLE };
    let part = value.as_f64().filter(|part| *part > 0.0 && *part <= 1.0);
    if part.is_none() {
        let what = "`share` is not a part of all requests";
        reader.fault(&at.join("share"), what, "write a number above 0 and at most 1, as `0.1`");
    }
    let millionths = part.map(|part| format!("{:.0}", part * f64::from(WHOLE)));
    millionths.and_then(|text| text.parse().ok()).map_or(WHOLE, |share: u32| share.max(1))
}

fn date<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer) -> Option<Timestamp> {
    let text = reader.text(value, at)?;
    let whole_day = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let moment =
        text.parse::<Timestamp>().ok().or_else(|| text.parse::<Date>().ok().and_then(whole_day));
    if moment.is_none() {
        reader.fault(
            at,
            format!("`{text}` is not a date"),
            "write `2026-12-31` or `2026-12-31T00:00:00Z`",
        );
    }
    moment
}

fn link<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer) -> Option<String> {
    let text = reader.text(value, at)?;
    let sound = text
        .bytes()
        .all(|byte| (0x21..0x7f).contains(&byte) && !matches!(byte, b'<' | b'>' | b'"'));
    if !sound {
        reader.fault(at, format!("`{text}` is not an address"), "write a URL or a path");
    }
    sound.then(|| text.to_owned())
}
