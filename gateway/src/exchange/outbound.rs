//! The request as the backend gets it: its version's path, indicators and fields.

use http::HeaderName;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue, IF_RANGE, RANGE};
use http::uri::PathAndQuery;

use super::asked::Asked;
use super::path::PathParts;
use super::pipe::{Accepted, Coding};
use super::query;
use super::route::{Lead, Named};
use crate::refusal::Refusal;
use crate::snapshot::accept::MediaVersion;
use crate::snapshot::selector::Selector;
use crate::snapshot::{Api, Crossing};
use crate::wire::Fields;

/// Path of the operation in the backend's version, in front of it what the client had there, with the backend's
/// version and base path in place of the client's.
pub(crate) fn path(
    api: &Api,
    asked: &Asked<'_>,
    named: &Named<'_, '_>,
    way: (&Crossing, usize),
    parts: &PathParts<'_>,
) -> String {
    let (crossing, backend) = way;
    let mut path = String::with_capacity(64);
    if named.lead != Lead::Base {
        path.push_str(&api.prefix);
        if let (Some(segment), Some(affix)) = (asked.segment, api.path_rule()) {
            let like = affix.capture(segment).unwrap_or_default();
            path.push('/');
            affix.write_to(&api.versions.spelled(backend, like), &mut path);
        }
    }
    if named.lead != Lead::Prefix {
        path.push_str(&crossing.base_path);
    }
    parts.render(&crossing.template, &mut path);
    path
}

/// Says the backend's version wherever the client said its own, in its spelling.
pub(crate) fn rewrite_indicators(
    api: &Api,
    backend: usize,
    query: &mut String,
    headers: &mut Fields,
) {
    for selector in &api.selectors {
        match selector {
            Selector::Header(name) => rewrite_header(api, backend, headers, name),
            Selector::Query(name) => {
                let old = query::pairs(query).find(|(raw, _)| query::is_named(raw, name));
                if let Some(old) = old.map(|(_, value)| query::decode(value).into_owned()) {
                    let mut kept = query::without(query, name);
                    query::append(&mut kept, name, &api.versions.spelled(backend, &old));
                    *query = kept;
                }
            }
            Selector::Accept(rule) => {
                rewrite_media(api, backend, headers, (&ACCEPT, rule));
                rewrite_media(api, backend, headers, (&CONTENT_TYPE, rule));
            }
            Selector::Path(_) | Selector::Consumer(_) => {}
        }
    }
}

fn rewrite_header(api: &Api, backend: usize, headers: &mut Fields, name: &HeaderName) {
    let Some(old) = headers.get(name).and_then(|value| value.to_str().ok()) else { return };
    if let Ok(value) = HeaderValue::from_str(&api.versions.spelled(backend, old.trim())) {
        headers.insert(name.clone(), value);
    }
}

/// Rewrites the versions in one media type field, in both directions.
pub(crate) fn rewrite_media(
    api: &Api,
    to: usize,
    headers: &mut Fields,
    field: (&HeaderName, &MediaVersion),
) {
    let (name, rule) = field;
    let known = |text: &str| api.versions.find(text).is_some();
    let rewritten = |value: &HeaderValue| {
        let written = rule.rewrite(value.to_str().ok()?, |text| {
            if known(text) { api.versions.spelled(to, text).into_owned() } else { text.to_owned() }
        });
        HeaderValue::try_from(written?).ok()
    };
    for line in headers.get_all_mut(name) {
        if let Some(written) = rewritten(line) {
            *line = written;
        }
    }
}

/// Takes away what would make the answer something that cannot be converted.
pub(crate) fn ask_for_convertible(headers: &mut Fields, accepted: &Accepted, crossing: &Crossing) {
    let readable: &[Coding] =
        if crossing.streams_responses() { &Coding::PROMPT } else { &Coding::ALL };
    if !headers.has(&ACCEPT_ENCODING) {
        headers.append(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    } else if let Ok(value) = HeaderValue::try_from(accepted.narrowed(readable)) {
        headers.insert(ACCEPT_ENCODING, value);
    }
    if headers.names().any(|name| matches!(*name, RANGE | IF_RANGE)) {
        headers.remove(RANGE);
        headers.remove(IF_RANGE);
    }
}

/// The target of a path and a query.
pub(crate) fn target(path: &str, query: &str) -> Result<PathAndQuery, Refusal> {
    let mut text = String::with_capacity(path.len() + 1 + query.len());
    text.push_str(path);
    if !query.is_empty() {
        text.push('?');
        text.push_str(query);
    }
    PathAndQuery::try_from(text)
        .map_err(|_| Refusal::Target("the request target cannot be written for the backend"))
}
