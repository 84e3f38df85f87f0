//! One api of the file.

use std::collections::BTreeMap;
use std::path::Path;

use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use http::HeaderName;
use http::uri::Authority;
use serde_json::{Map, Value};

use super::backends::backends;
use super::conversion::conversion;
use super::drift::drift;
use super::lifecycle::versions;
use super::model::{ApiConfig, DefaultVersion, SelectorConfig, UndeclaredConfig};
use super::reader::Reader;
use super::upgrades::upgrades;
use super::writes::writes;

pub(super) type Members = Map<String, Value>;

const KEYS: [&str; 13] = [
    "description",
    "match",
    "public",
    "client_version",
    "backends",
    "undeclared",
    "conversion",
    "writes",
    "upgrades",
    "values",
    "consumers",
    "versions",
    "drift",
];

pub(super) fn api<'doc>(
    reader: &mut Reader<'doc>,
    named: (&str, &'doc Value),
    at: &Pointer,
    directory: &Path,
) -> Option<ApiConfig> {
    let (name, value) = named;
    let members = reader.object(value, at, &KEYS)?;
    let description = members.get("description").and_then(|value| {
        let at = at.join("description");
        let path = directory.join(reader.text(value, &at)?);
        if !path.is_dir() {
            reader.fault(
                &at,
                format!("there is no directory {}", path.display()),
                "name the directory of the api's versions",
            );
        }
        Some(path)
    });
    let (path, hosts) = matching(reader, members, at);
    let (selectors, selector_places, default) = client_version(reader, members, at);
    let matching = members.get("match").map(|_| at.join("match"));
    let undeclared = members.get("undeclared").and_then(|value| {
        let words = [("forward", UndeclaredConfig::Forward), ("refuse", UndeclaredConfig::Refuse)];
        reader.word(value, &at.join("undeclared"), &words)
    });
    let backends = backends(reader, members, at, directory);
    let upgrades = upgrades(reader, members, at, &backends);
    Some(ApiConfig {
        name: name.to_owned(),
        place: reader.place(at),
        description,
        path,
        hosts,
        public: members.get("public").and_then(|value| public(reader, value, &at.join("public"))),
        selectors,
        selector_places,
        match_place: reader.place(matching.as_ref().unwrap_or(at)),
        default,
        backends,
        undeclared: undeclared.unwrap_or_default(),
        conversion: conversion(reader, members, at),
        writes: writes(reader, members, at),
        upgrades,
        values: values(reader, members, at),
        consumers: consumers(reader, members, at),
        versions: versions(reader, members, at),
        drift: drift(reader, members, at),
    })
}

/// Two apis that would claim the same requests.
pub(super) fn overlaps(reader: &mut Reader<'_>, apis: &[ApiConfig]) {
    for (index, api) in apis.iter().enumerate() {
        let same = |other: &&ApiConfig| {
            let hosts = other.hosts.iter().any(|host| api.hosts.contains(host));
            other.path == api.path && (hosts || (other.hosts.is_empty() && api.hosts.is_empty()))
        };
        if let Some(other) = apis.get(..index).and_then(|before| before.iter().find(same)) {
            let what =
                format!("the apis `{}` and `{}` match the same requests", other.name, api.name);
            let at = Pointer::root().join("apis").join(&api.name);
            reader.fault(&at, what, "give one of them another path or host under `match`");
        }
    }
}

fn matching<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
) -> (String, Vec<String>) {
    let at = at.join("match");
    let Some(found) =
        members.get("match").and_then(|value| reader.object(value, &at, &["path", "hosts"]))
    else {
        return (String::new(), Vec::new());
    };
    let path = found.get("path").and_then(|value| {
        let at = at.join("path");
        let path = reader.text(value, &at)?;
        let sound = path.starts_with('/')
            && !path.contains(['?', '#', '%', ' ', '{'])
            && !path.contains("//");
        if !sound {
            reader.fault(&at, format!("`{path}` is not a plain path"), "write `/orders`");
        }
        Some(path.trim_end_matches('/').to_owned())
    });
    let mut hosts = Vec::new();
    for (index, value) in found.get("hosts").map(Reader::list).into_iter().flatten().enumerate() {
        let at = at.join("hosts").join(&index.to_string());
        if let Some(host) = reader.text(value, &at) {
            if host.contains([':', '/']) || host.strip_prefix("*.").unwrap_or(host).contains('*') {
                reader.fault(
                    &at,
                    format!("`{host}` is not a host"),
                    "write `api.example.com` or `*.example.com`, without a port",
                );
            }
            hosts.push(host.to_ascii_lowercase());
        }
    }
    (path.unwrap_or_default(), hosts)
}

type Chosen = (Vec<SelectorConfig>, Vec<Place>, Option<(DefaultVersion, Place)>);

fn client_version<'doc>(reader: &mut Reader<'doc>, members: &'doc Members, at: &Pointer) -> Chosen {
    let at = at.join("client_version");
    let (mut selectors, mut places) = (Vec::new(), Vec::new());
    let mut default = None;
    for (index, value) in
        members.get("client_version").map(Reader::list).into_iter().flatten().enumerate()
    {
        let at = at.join(&index.to_string());
        let known = ["path", "header", "accept", "query", "consumer", "default"];
        let Some(object) = reader.object(value, &at, &known) else { continue };
        for (key, value) in object {
            let at = at.join(key);
            if key == "default" {
                let place = reader.place(&at);
                default = reader.label(value, &at).map(|label| (default_version(label), place));
            } else if let Some(selector) = selector(reader, key, value, &at) {
                selectors.push(selector);
                places.push(reader.place(&at));
            }
        }
    }
    if selectors.iter().filter(|one| matches!(one, SelectorConfig::Path(_))).count() > 1 {
        reader.fault(&at, "there is more than one path rule", "keep one of them");
    }
    (selectors, places, default)
}

fn default_version(label: String) -> DefaultVersion {
    match label.as_str() {
        "oldest" => DefaultVersion::Oldest,
        "newest" => DefaultVersion::Newest,
        _ => DefaultVersion::Label(label),
    }
}

fn selector<'doc>(
    reader: &mut Reader<'doc>,
    key: &str,
    value: &'doc Value,
    at: &Pointer,
) -> Option<SelectorConfig> {
    if !["path", "header", "accept", "query", "consumer"].contains(&key) {
        return None;
    }
    let text = reader.text(value, at)?;
    let once = text.matches("{version}").count() == 1;
    let header = |text: &str| HeaderName::try_from(text).ok();
    let (made, remedy) = match key {
        "path" => {
            let segment = text.trim_matches('/');
            let sound = once && !segment.contains(['/', '%', '?']);
            (
                sound.then(|| SelectorConfig::Path(segment.to_owned())),
                "write one segment: `/v{version}`",
            )
        }
        "header" => (header(text).map(SelectorConfig::Header), "write the name of a header"),
        "consumer" => (header(text).map(SelectorConfig::Consumer), "write the name of a header"),
        "accept" => (
            (once && text.contains('/')).then(|| SelectorConfig::Accept(text.to_owned())),
            "write `application/vnd.NAME.v{version}+json` or `application/json; version={version}`",
        ),
        _ => (
            (!text.contains(['&', '='])).then(|| SelectorConfig::Query(text.to_owned())),
            "write the name of a parameter",
        ),
    };
    if made.is_none() {
        reader.fault(at, format!("`{text}` cannot be used as `{key}`"), remedy);
    }
    made
}

/// `https://api.example.com`: scheme and authority, nothing more.
fn public<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
) -> Option<(String, String)> {
    let text = reader.text(value, at)?;
    let found = text.split_once("://").and_then(|(scheme, rest)| {
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let sound = matches!(scheme, "http" | "https") && !rest.contains(['/', '@', '?', '#']);
        let authority =
            rest.parse::<Authority>().ok().filter(|one| sound && !one.host().is_empty());
        Some((scheme.to_owned(), authority?.as_str().to_ascii_lowercase()))
    });
    if found.is_none() {
        reader.fault(
            at,
            format!("`{text}` is not where an api is found"),
            "write `https://api.example.com`, without a path",
        );
    }
    found
}

fn values<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
) -> BTreeMap<String, Value> {
    let object = members.get("values").and_then(|value| reader.map(value, &at.join("values")));
    object.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn consumers<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
) -> BTreeMap<String, (String, Place)> {
    let at = at.join("consumers");
    let object = members.get("consumers").and_then(|value| reader.map(value, &at));
    let mut consumers = BTreeMap::new();
    for (key, value) in object.into_iter().flatten() {
        // the key may be a credential, so no place may show it
        let mut place = reader.place(&at.join(key));
        place.pointer = at.clone();
        if let Some(label) = reader.label(value, &at) {
            consumers.insert(key.clone(), (label, place));
        }
    }
    consumers
}
