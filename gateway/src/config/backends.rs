//! Reading the backends of an api.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use evergate_schemas::pointer::Pointer;
use http::HeaderName;
use http::uri::Authority;
use serde_json::Value;

use super::api::Members;
use super::backend::{
    BackendConfig, BackendPolicy, BackendProtocol, DnsConfig, EjectionConfig, HealthConfig,
    RetryConfig,
};
use super::reader::Reader;
use super::secure;
use super::units::duration;

const KEYS: [&str; 16] = [
    "version",
    "version_from",
    "endpoints",
    "drained",
    "protocol",
    "tls",
    "weight",
    "sticky",
    "slow_start",
    "ejection",
    "health",
    "retries",
    "idempotency",
    "limits",
    "timeouts",
    "dns",
];

/// More attempts than this would only keep the client waiting.
const MOST_ATTEMPTS: u64 = 10;

pub(super) fn backends<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
    directory: &Path,
) -> Vec<BackendConfig> {
    let Some(value) = members.get("backends") else {
        reader.fault(
            at,
            "`backends` is missing",
            "write `backends: [{ version: ..., endpoints: [http://HOST:PORT] }]`",
        );
        return Vec::new();
    };
    let at = at.join("backends");
    let mut backends = Vec::new();
    for (index, value) in Reader::list(value).iter().enumerate() {
        backends.extend(backend(reader, value, &at.join(&index.to_string()), directory));
    }
    if backends.is_empty() {
        reader.fault(
            &at,
            "there is no backend",
            "write `- { version: ..., endpoints: [http://HOST:PORT] }`",
        );
    }
    backends
}

fn backend<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    directory: &Path,
) -> Option<BackendConfig> {
    let object = reader.object(value, at, &KEYS)?;
    let version = object.get("version").and_then(|value| reader.label(value, &at.join("version")));
    let from = object
        .get("version_from")
        .and_then(|value| reader.word(value, &at.join("version_from"), &[("health", true)]));
    let mut weight = 1;
    number(reader, (object, "weight"), at, 0..=1_000_000, &mut weight);
    let mut endpoints = Vec::new();
    let list = object.get("endpoints").map(Reader::list).unwrap_or_default();
    for (index, value) in list.iter().enumerate() {
        endpoints.extend(endpoint(reader, value, &at.join("endpoints").join(&index.to_string())));
    }
    if list.is_empty() {
        reader.fault(at, "the backend has no endpoint", "write `endpoints: [http://HOST:PORT]`");
    }
    let (protocol, tls, endpoints) = secure::secure(reader, object, (at, endpoints), directory);
    let drained = drained(reader, object, (at, &endpoints));
    let policy = policy(reader, object, at);
    if policy.limits.connections.is_some() && protocol != BackendProtocol::Http1 {
        let at = at.join("limits").join("connections");
        let what = "connections that may speak HTTP/2 carry many requests each";
        reader.fault(&at, what, "bound them by `requests`, or write `protocol: http1`");
    }
    let version_from_health = from.unwrap_or(false);
    if version_from_health {
        let said = policy.health.as_ref().and_then(|health| health.version_header.as_ref());
        if version.is_some() {
            reader.fault(at, "the backend has both `version` and `version_from`", "leave one out");
        }
        if said.is_none() {
            reader.fault(
                &at.join("version_from"),
                "no health answer says a version",
                "write `health: { path: /health, version_header: api-version }`",
            );
        }
    }
    let place = reader.place(at);
    let weight = u32::try_from(weight).unwrap_or(1);
    Some(BackendConfig {
        version,
        version_from_health,
        endpoints,
        drained,
        protocol,
        tls,
        weight,
        policy,
        place,
    })
}

fn endpoint<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
) -> Option<(bool, Authority)> {
    let text = reader.text(value, at)?;
    let bare = match text.split_once("://") {
        Some(("http", bare)) => Some((false, bare)),
        Some(("https", bare)) => Some((true, bare)),
        _ => None,
    };
    let secure = bare.is_some_and(|(secure, _)| secure);
    let authority = bare
        .map(|(_, bare)| bare.trim_end_matches('/'))
        .filter(|bare| !bare.contains(['/', '@', '?', '#']))
        .and_then(|bare| bare.parse::<Authority>().ok())
        .filter(|authority| !authority.host().is_empty());
    if authority.is_none() {
        reader.fault(
            at,
            format!("`{text}` is not an endpoint"),
            "write `http://HOST:PORT` or `https://HOST:PORT`, without a path",
        );
    }
    Some((secure, authority?))
}

/// Endpoints of the backend that get no new request.
fn drained<'doc>(
    reader: &mut Reader<'doc>,
    object: &'doc Members,
    (at, endpoints): (&Pointer, &[Authority]),
) -> Vec<Authority> {
    let at = at.join("drained");
    let mut drained = Vec::new();
    let list = object.get("drained").map(Reader::list).unwrap_or_default();
    for (index, value) in list.iter().enumerate() {
        let at = at.join(&index.to_string());
        let Some((_, one)) = endpoint(reader, value, &at) else { continue };
        if !endpoints.contains(&one) {
            let what = format!("`{one}` is no endpoint of this backend");
            reader.fault(&at, what, "write it as it stands under `endpoints`");
        }
        drained.push(one);
    }
    drained
}

fn policy<'doc>(reader: &mut Reader<'doc>, object: &'doc Members, at: &Pointer) -> BackendPolicy {
    let mut policy = BackendPolicy::default();
    if let Some(value) = object.get("sticky") {
        let at = at.join("sticky");
        let found = reader.object(value, &at, &["header"]);
        policy.sticky = found.and_then(|found| header(reader, (found, "header"), &at));
        if policy.sticky.is_none() {
            reader.fault(&at, "`sticky` names no header", "write `sticky: { header: x-user }`");
        }
    }
    time(reader, (object, "slow_start"), at, (&mut policy.slow_start, true));
    if let Some(value) = object.get("ejection") {
        ejection(reader, value, &at.join("ejection"), &mut policy.ejection);
    }
    if let Some(value) = object.get("health") {
        policy.health = health(reader, value, &at.join("health"));
    }
    if let Some(value) = object.get("retries") {
        retries(reader, value, &at.join("retries"), &mut policy.retries);
    }
    if let Some(value) = object.get("idempotency") {
        let words = [("key", true), ("none", false)];
        policy.keyed = reader.word(value, &at.join("idempotency"), &words).unwrap_or_default();
    }
    if let Some(value) = object.get("limits") {
        let at = at.join("limits");
        let found = reader.object(value, &at, &["requests", "pending", "connections"]);
        let limits = &mut policy.limits;
        for (key, slot) in [
            ("requests", &mut limits.requests),
            ("pending", &mut limits.pending),
            ("connections", &mut limits.connections),
        ] {
            let mut most = 0;
            let given = found
                .is_some_and(|found| number(reader, (found, key), &at, 1..=u64::MAX, &mut most));
            *slot = given.then(|| usize::try_from(most).unwrap_or(usize::MAX));
        }
    }
    if let Some(value) = object.get("timeouts") {
        times(reader, value, &at.join("timeouts"), &mut policy);
    }
    if let Some(value) = object.get("dns") {
        dns(reader, value, &at.join("dns"), &mut policy.dns);
    }
    policy
}

fn ejection<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    ejection: &mut EjectionConfig,
) {
    let known = ["failures", "base", "most", "share", "panic"];
    let Some(found) = reader.object(value, at, &known) else { return };
    for (key, slot, most) in [
        ("failures", &mut ejection.failures, 1000),
        ("share", &mut ejection.share, 100),
        ("panic", &mut ejection.panic, 100),
    ] {
        small(reader, (found, key), at, (0..=most, slot));
    }
    time(reader, (found, "base"), at, (&mut ejection.base, false));
    time(reader, (found, "most"), at, (&mut ejection.most, false));
    if ejection.most < ejection.base {
        reader.fault(at, "`most` is shorter than `base`", "write a longer `most`");
    }
}

fn health<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
) -> Option<HealthConfig> {
    let known = [
        "path",
        "host",
        "interval",
        "timeout",
        "healthy",
        "unhealthy",
        "statuses",
        "version_header",
    ];
    let found = reader.object(value, at, &known)?;
    let path = found.get("path").and_then(|value| reader.text(value, &at.join("path")));
    let path = path
        .filter(|path| path.starts_with('/') && path.parse::<http::uri::PathAndQuery>().is_ok());
    let Some(path) = path else {
        reader.fault(at, "`health` has no path", "write `health: { path: /health }`");
        return None;
    };
    let mut health = HealthConfig {
        path: path.to_owned(),
        host: None,
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
        healthy: 2,
        unhealthy: 3,
        statuses: vec![200..=299],
        version_header: None,
    };
    if let Some(value) = found.get("host") {
        let text = reader.text(value, &at.join("host"));
        health.host = text.filter(|text| text.parse::<Authority>().is_ok()).map(str::to_owned);
        if health.host.is_none() {
            reader.fault(&at.join("host"), "`host` is not a host", "write `api.example.com`");
        }
    }
    time(reader, (found, "interval"), at, (&mut health.interval, false));
    time(reader, (found, "timeout"), at, (&mut health.timeout, false));
    small(reader, (found, "healthy"), at, (1..=100, &mut health.healthy));
    small(reader, (found, "unhealthy"), at, (1..=100, &mut health.unhealthy));
    if let Some(value) = found.get("statuses") {
        health.statuses = statuses(reader, value, &at.join("statuses"));
    }
    if found.contains_key("version_header") {
        health.version_header = header(reader, (found, "version_header"), at);
    }
    Some(health)
}

fn retries<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    retries: &mut RetryConfig,
) {
    let known = ["attempts", "statuses", "budget", "floor", "backoff", "most_backoff"];
    let Some(found) = reader.object(value, at, &known) else { return };
    small(reader, (found, "attempts"), at, (1..=MOST_ATTEMPTS, &mut retries.attempts));
    small(reader, (found, "budget"), at, (0..=100, &mut retries.budget));
    small(reader, (found, "floor"), at, (0..=10_000, &mut retries.floor));
    time(reader, (found, "backoff"), at, (&mut retries.backoff, true));
    time(reader, (found, "most_backoff"), at, (&mut retries.most_backoff, true));
    if let Some(value) = found.get("statuses") {
        let at = at.join("statuses");
        let ranges = statuses(reader, value, &at);
        if ranges.iter().any(|range| *range.start() < 500 || *range.end() > 599) {
            let what = "only failures of a server are tried again";
            reader.fault(&at, what, "write statuses from 500 to 599, as `[502, 503]`");
        } else {
            retries.statuses = ranges.into_iter().flatten().collect();
        }
    }
}

fn times<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    policy: &mut BackendPolicy,
) {
    let times = &mut policy.times;
    let known = ["connect", "upstream", "silence", "request"];
    let Some(found) = reader.object(value, at, &known) else { return };
    for (key, slot) in known.into_iter().zip([
        &mut times.connect,
        &mut times.upstream,
        &mut times.silence,
        &mut times.request,
    ]) {
        let mut own = Duration::ZERO;
        if time(reader, (found, key), at, (&mut own, false)) {
            *slot = Some(own);
        }
    }
}

fn dns<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer, dns: &mut DnsConfig) {
    let Some(found) = reader.object(value, at, &["least", "most"]) else { return };
    time(reader, (found, "least"), at, (&mut dns.least, false));
    time(reader, (found, "most"), at, (&mut dns.most, false));
    if dns.most < dns.least {
        reader.fault(at, "`most` is shorter than `least`", "write a longer `most`");
    }
}

/// Statuses, each a number or a range as `200-299`.
fn statuses<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
) -> Vec<RangeInclusive<u16>> {
    let mut ranges = Vec::new();
    for (index, value) in Reader::list(value).iter().enumerate() {
        let text = value.as_u64().map(|code| code.to_string());
        let text = text.as_deref().or_else(|| value.as_str()).unwrap_or_default();
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = first.trim().parse().ok().zip(last.trim().parse().ok());
        match range.filter(|(first, last)| 100 <= *first && first <= last && *last <= 599) {
            Some((first, last)) => ranges.push(first..=last),
            None => reader.fault(
                &at.join(&index.to_string()),
                "it is no status",
                "write a status or a range, as `200` or `200-299`",
            ),
        }
    }
    ranges
}

fn header<'doc>(
    reader: &mut Reader<'doc>,
    (found, key): (&'doc Members, &str),
    at: &Pointer,
) -> Option<HeaderName> {
    let at = at.join(key);
    let text = reader.text(found.get(key)?, &at)?;
    let name = HeaderName::try_from(text).ok();
    if name.is_none() {
        reader.fault(&at, format!("`{text}` is not a header"), "write the name of a header");
    }
    name
}

/// Whether the key was there with a time that can be used, which is in the slot now.
fn time<'doc>(
    reader: &mut Reader<'doc>,
    (found, key): (&'doc Members, &str),
    at: &Pointer,
    (slot, may_be_zero): (&mut Duration, bool),
) -> bool {
    let Some(value) = found.get(key) else { return false };
    let time = duration(value).filter(|time| may_be_zero || !time.is_zero());
    match time {
        Some(time) => *slot = time,
        None => reader.fault(
            &at.join(key),
            format!("`{key}` is not a time"),
            "write `10s`, `500ms` or `2m`",
        ),
    }
    time.is_some()
}

fn small<'doc>(
    reader: &mut Reader<'doc>,
    key: (&'doc Members, &str),
    at: &Pointer,
    (range, slot): (RangeInclusive<u64>, &mut u32),
) {
    let mut own = 0;
    if number(reader, key, at, range, &mut own) {
        *slot = u32::try_from(own).unwrap_or(u32::MAX);
    }
}

/// Whether the key was there with a number of the range, which is in the slot now.
fn number<'doc>(
    reader: &mut Reader<'doc>,
    (found, key): (&'doc Members, &str),
    at: &Pointer,
    range: RangeInclusive<u64>,
    slot: &mut u64,
) -> bool {
    let Some(value) = found.get(key) else { return false };
    let own = value.as_u64().filter(|own| range.contains(own));
    if let Some(own) = own {
        *slot = own;
    } else {
        let (least, most) = (range.start(), range.end());
        let bounds = if *most == u64::MAX {
            format!("of {least} or more")
        } else {
            format!("from {least} to {most}")
        };
        let what = format!("`{key}` is not a whole number {bounds}");
        reader.fault(&at.join(key), what, format!("write a number {bounds}"));
    }
    own.is_some()
}
