//! Which version a request asks for: all indicators are read, and all must agree.

use std::borrow::Cow;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use smallvec::SmallVec;

use super::query;
use crate::refusal::Refusal;
use crate::snapshot::Api;
use crate::snapshot::accept::MediaVersion;
use crate::snapshot::selector::Selector;
use crate::wire::Fields;

/// What a request asks for, and where its path goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked<'path> {
    /// Index into the api's versions (0 for plain proxying).
    pub(crate) version: usize,
    /// The path after the api's own path.
    pub(crate) after_prefix: &'path str,
    /// The first segment of that, where it says the version.
    pub(crate) segment: Option<&'path str>,
    /// The path after that segment.
    pub(crate) rest: &'path str,
    /// The consumer has a version of its own.
    pub(crate) pinned: bool,
}

/// The indicators that were seen, as written, by selector.
pub(super) type Seen<'a> = SmallVec<[(&'a Selector, Cow<'a, str>); 3]>;

/// Reads the version that a request asks for.
pub(crate) fn asked<'path>(
    api: &Api,
    path: &'path str,
    query: Option<&str>,
    headers: &Fields,
) -> Result<Asked<'path>, Refusal> {
    let after_prefix = path.strip_prefix(api.prefix.as_str()).unwrap_or(path);
    let rest = after_prefix;
    let plain = Asked { version: 0, after_prefix, segment: None, rest, pinned: false };
    if api.versions.labels().is_empty() {
        return Ok(plain);
    }
    let segment = path_segment(api, after_prefix);
    let seen = seen(api, segment, query, headers)?;
    let version = agree(api, &seen)?;
    let rest = segment
        .and_then(|one| after_prefix.strip_prefix('/')?.strip_prefix(one))
        .unwrap_or(after_prefix);
    let pinned = seen.iter().any(|(selector, _)| matches!(selector, Selector::Consumer(_)));
    Ok(Asked { version, segment, rest, pinned, ..plain })
}

/// All indicators that a request has, as written.
#[inline]
pub(super) fn seen<'a>(
    api: &'a Api,
    segment: Option<&'a str>,
    query: Option<&'a str>,
    headers: &'a Fields,
) -> Result<Seen<'a>, Refusal> {
    let mut seen = Seen::new();
    for selector in &api.selectors {
        match selector {
            Selector::Path(affix) => {
                seen.extend(
                    segment
                        .and_then(|one| affix.capture(one))
                        .map(|text| (selector, Cow::Borrowed(text))),
                );
            }
            Selector::Header(name) => header(headers, name, selector, &mut seen)?,
            Selector::Accept(rule) => accept(headers, rule, selector, &mut seen)?,
            Selector::Query(name) => {
                let values = query::pairs(query.unwrap_or_default())
                    .filter(|(raw, _)| query::is_named(raw, name));
                seen.extend(values.map(|(_, value)| (selector, query::decode(value))));
            }
            Selector::Consumer(name) => {
                let mut keys = headers.get_all(name);
                if let (Some(key), None) = (keys.next(), keys.next())
                    && let Some(version) = key.to_str().ok().and_then(|key| api.consumers.get(key))
                    && let Some(label) = api.versions.labels().get(*version)
                {
                    seen.push((selector, Cow::Borrowed(label)));
                }
            }
        }
    }
    Ok(seen)
}

/// The first segment after the api's path, if it is meant as a version.
pub(super) fn path_segment<'path>(api: &Api, after_prefix: &'path str) -> Option<&'path str> {
    let affix = api.path_rule()?;
    let segment = after_prefix.strip_prefix('/')?.split('/').next()?;
    let version = affix.capture(segment)?;
    api.versions.is_meant(version).then_some(segment)
}

fn header<'a>(
    headers: &'a Fields,
    name: &HeaderName,
    selector: &'a Selector,
    seen: &mut Seen<'a>,
) -> Result<(), Refusal> {
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| Refusal::VersionsDisagree {
            seen: vec![(selector.place(), "characters no version has".to_owned())],
        })?;
        seen.push((selector, Cow::Borrowed(text.trim())));
    }
    Ok(())
}

fn accept<'a>(
    headers: &'a Fields,
    rule: &MediaVersion,
    selector: &'a Selector,
    seen: &mut Seen<'a>,
) -> Result<(), Refusal> {
    // several lines are one list (RFC 9110 §5.3), and the best quality is found over all of it
    let lines: Vec<&str> =
        headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).collect();
    let whole = lines.join(",");
    let versions = rule.versions(&whole);
    if versions.len() > 1 {
        let place = selector.place();
        let seen =
            versions.into_iter().map(|version| (place.clone(), version.to_owned())).collect();
        return Err(Refusal::VersionsDisagree { seen });
    }
    seen.extend(versions.first().map(|version| (selector, Cow::Owned((*version).to_owned()))));
    // a body in another version than the answer's would have to be converted by another way
    let body = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let body = body.and_then(|value| rule.versions(value).first().copied());
    seen.extend(body.map(|version| (selector, Cow::Borrowed(version))));
    Ok(())
}

fn agree(api: &Api, seen: &Seen<'_>) -> Result<usize, Refusal> {
    let known = || api.versions.labels().to_vec();
    let Some((_, first)) = seen.first() else {
        return api
            .default
            .ok_or_else(|| Refusal::VersionMissing { places: api.places(), known: known() });
    };
    let mut found = None;
    for (_, text) in seen {
        let version = api.versions.find(text);
        if version.is_none() {
            return Err(Refusal::VersionUnknown { asked: text.to_string(), known: known() });
        }
        if found.is_some() && found != version {
            let seen =
                seen.iter().map(|(selector, text)| (selector.place(), text.to_string())).collect();
            return Err(Refusal::VersionsDisagree { seen });
        }
        found = version;
    }
    found.ok_or_else(|| Refusal::VersionUnknown { asked: first.to_string(), known: known() })
}
