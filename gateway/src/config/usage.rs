//! Who is counted as a consumer, and how long that is remembered, as the file says it.

use std::time::Duration;

use evergate_schemas::pointer::Pointer;
use http::HeaderName;
use serde_json::Value;

use super::reader::Reader;
use super::units::duration;

/// Most consumers that may be told apart, so that the store stays below some hundred MiB.
const MOST_CONSUMERS: u64 = 1_000_000;
/// Longest that use is remembered.
const LONGEST: Duration = Duration::from_hours(24 * 3660);

/// How use is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageConfig {
    /// Where a request says whose it is; the first that is there counts. Default the certificate, then `x-api-key`.
    pub consumer: Vec<ConsumerConfig>,
    /// Most consumers that are told apart in a day; the others count as one. Default 10,000.
    pub consumers: usize,
    /// How long use is remembered. Default 90 d.
    pub keep: Duration,
    /// How often what was counted is written down: a process that is killed forgets no more. Default 10 s.
    pub flush: Duration,
}

/// One place that says whose a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerConfig {
    /// Where.
    pub source: ConsumerSourceConfig,
    /// How it is written down. Default hashed.
    pub naming: Naming,
}

/// Where a request says whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerSourceConfig {
    /// In a header.
    Header(HeaderName),
    /// The subject of the client's certificate.
    Certificate,
    /// The client's address, also behind trusted proxies.
    Address,
}

/// How a consumer is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// As a keyed hash.
    #[default]
    Hashed,
    /// As it is.
    Plain,
}

impl Default for UsageConfig {
    fn default() -> Self {
        let hashed = |source| ConsumerConfig { source, naming: Naming::Hashed };
        let key = ConsumerSourceConfig::Header(HeaderName::from_static("x-api-key"));
        Self {
            consumer: vec![hashed(ConsumerSourceConfig::Certificate), hashed(key)],
            consumers: 10_000,
            keep: Duration::from_hours(24 * 90),
            flush: Duration::from_secs(10),
        }
    }
}

/// What is under `usage`.
pub(super) fn usage<'doc>(
    reader: &mut Reader<'doc>,
    value: Option<&'doc Value>,
    at: &Pointer,
) -> UsageConfig {
    let mut usage = UsageConfig::default();
    let known = ["consumer", "hash", "consumers", "keep", "flush"];
    let object = value.and_then(|value| reader.object(value, at, &known));
    let Some(object) = object else { return usage };
    let hash = object.get("hash").and_then(|value| naming(reader, value, &at.join("hash")));
    if let Some(value) = object.get("consumer") {
        usage.consumer.clear();
        for (index, value) in Reader::list(value).iter().enumerate() {
            let at = at.join("consumer").join(&index.to_string());
            usage.consumer.extend(consumer(reader, value, &at, hash.unwrap_or_default()));
        }
    } else {
        usage.consumer.iter_mut().for_each(|one| one.naming = hash.unwrap_or_default());
    }
    if let Some(value) = object.get("consumers") {
        match value.as_u64().filter(|number| (1..=MOST_CONSUMERS).contains(number)) {
            Some(number) => usage.consumers = usize::try_from(number).unwrap_or(usize::MAX),
            None => reader.fault(
                &at.join("consumers"),
                "`consumers` is not a number of consumers",
                format!("write a number from 1 to {MOST_CONSUMERS}"),
            ),
        }
    }
    let (day, second) = (Duration::from_hours(24), Duration::from_secs(1));
    for (key, slot, least, most) in [
        ("keep", &mut usage.keep, day, LONGEST),
        ("flush", &mut usage.flush, second, Duration::from_hours(1)),
    ] {
        let Some(value) = object.get(key) else { continue };
        match duration(value).filter(|time| (least..=most).contains(time)) {
            Some(time) => *slot = time,
            None => reader.fault(
                &at.join(key),
                format!("`{key}` is not a time that can be used"),
                if key == "keep" { "write `1d` to `3660d`" } else { "write `1s` to `1h`" },
            ),
        }
    }
    usage
}

fn naming<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer) -> Option<Naming> {
    let naming = value.as_bool().map(|hash| if hash { Naming::Hashed } else { Naming::Plain });
    if naming.is_none() {
        reader.fault(at, "`hash` is neither true nor false", "write `true` or `false`");
    }
    naming
}

/// `certificate`, `address`, or `{ header: x-api-key, hash: false }`.
fn consumer<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    hash: Naming,
) -> Option<ConsumerConfig> {
    let words = [
        ("certificate", ConsumerSourceConfig::Certificate),
        ("address", ConsumerSourceConfig::Address),
    ];
    let remedy = "write `certificate`, `address` or `{ header: x-api-key }`";
    if let Some(text) = value.as_str() {
        let found = words.into_iter().find(|(word, _)| *word == text);
        if found.is_none() {
            reader.fault(at, format!("`{text}` says nothing about whose a request is"), remedy);
        }
        return found.map(|(_, source)| ConsumerConfig { source, naming: hash });
    }
    let object = reader.object(value, at, &["header", "certificate", "address", "hash"])?;
    let own = object.get("hash").and_then(|value| naming(reader, value, &at.join("hash")));
    let naming = own.unwrap_or(hash);
    let header = object.get("header").and_then(|value| {
        let at = at.join("header");
        let name = HeaderName::try_from(reader.text(value, &at)?).ok();
        if name.is_none() {
            reader.fault(&at, "this is not the name of a header", "write `x-api-key`");
        }
        name
    });
    let named = words.into_iter().find(|(word, _)| object.contains_key(*word));
    let source = header.map(ConsumerSourceConfig::Header).or(named.map(|(_, source)| source));
    if source.is_none() && !object.contains_key("header") {
        reader.fault(at, "nothing says where the consumer is named", remedy);
    }
    source.map(|source| ConsumerConfig { source, naming })
}
