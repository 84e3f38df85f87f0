//! Links in fields: those that are one link, and `Link` with its list (RFC 8288 §3).

use std::ops::Range;
use std::sync::Arc;

use evergate_schemas::plan::outside::Values;
use http::header::{CONTENT_LOCATION, HeaderName, HeaderValue, LINK, LOCATION};

use super::turner::{Turner, carrier};
use crate::snapshot::CrossingMessage;
use crate::wire::Fields;

/// Fields whose value is one link.
static SINGLE: [HeaderName; 4] = [
    LOCATION,
    CONTENT_LOCATION,
    HeaderName::from_static("operation-location"),
    HeaderName::from_static("azure-asyncoperation"),
];

/// Whether any field may have a link.
pub(crate) fn has_links(headers: &Fields) -> bool {
    headers.names().any(|name| name == LINK || SINGLE.contains(name))
}

/// Turns the links in the fields of an answer.
pub(crate) fn in_fields(turner: &Turner, headers: &mut Fields) {
    for name in &SINGLE {
        each(headers, name, |value| turner.turn(value, true));
    }
    each(headers, &LINK, |line| {
        let mut written = String::with_capacity(line.len() + 32);
        let mut done = 0;
        for (target, _) in links(line)? {
            let turned = line.get(target.clone()).and_then(|link| turner.turn(link, true));
            let Some(turned) = turned else { continue };
            written.push_str(line.get(done..target.start)?);
            written.push_str(&turned);
            done = target.end;
        }
        written.push_str(line.get(done..)?);
        (done > 0).then_some(written)
    });
}

fn each(headers: &mut Fields, name: &HeaderName, turn: impl Fn(&str) -> Option<String>) {
    for line in headers.get_all_mut(name) {
        let turned = line.to_str().ok().and_then(&turn);
        if let Some(Ok(value)) = turned.map(HeaderValue::try_from) {
            *line = value;
        }
    }
}

/// Lets the programs of a message know its links, where they ask.
pub(crate) fn carry(
    message: &CrossingMessage,
    turner: Option<&Arc<Turner>>,
    headers: &Fields,
    values: &mut Arc<Values>,
) {
    let Some(turner) = turner.filter(|_| message.links) else { return };
    let values = Arc::make_mut(values);
    values.links = Some(carrier(turner, message.first_words.as_ref()));
    for (relation, target) in relations(headers) {
        values.relations.entry(relation).or_insert(target);
    }
}

/// Relations and targets of all `Link` fields, in order. What has another context than the answer (`anchor`) is none.
fn relations(headers: &Fields) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in headers.get_all(LINK).filter_map(|line| line.to_str().ok()) {
        for (target, parameters) in links(line).unwrap_or_default() {
            let parameters = line.get(parameters).unwrap_or_default();
            let (Some(target), Some(names)) = (line.get(target), relation(parameters)) else {
                continue;
            };
            let names = names.split_ascii_whitespace();
            found.extend(names.map(|name| (name.to_ascii_lowercase(), target.to_owned())));
        }
    }
    found
}

/// Writes links that were in the body into the head.
pub(crate) fn tell(turner: Option<&Turner>, headers: &mut Fields) {
    for (relation, target) in turner.map(Turner::finish).unwrap_or_default() {
        if let Ok(value) = HeaderValue::try_from(format!("<{target}>; rel=\"{relation}\"")) {
            headers.append(LINK, value);
        }
    }
}

/// A target and the parameters behind it.
type Placed = (Range<usize>, Range<usize>);

/// The links of one field line; `None` for a line that is none, so that nothing in it is guessed at.
fn links(line: &str) -> Option<Vec<Placed>> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let rest = line.get(at..)?;
        let skipped = rest.len() - rest.trim_start_matches([' ', '\t', ',']).len();
        at += skipped;
        let rest = line.get(at..)?;
        if rest.is_empty() {
            return Some(found);
        }
        let inner = rest.strip_prefix('<')?;
        let length = inner.find(['>', '<', '"', ' '])?;
        let end = at + 1 + length;
        let parameters = line.get(end..)?.strip_prefix('>')?;
        let after = end + 1;
        let length = end_of_link(parameters)?;
        found.push((at + 1..end, after..after + length));
        at = after + length;
    }
}

/// Where a link's parameters end: at a comma outside quotes (RFC 9110 §5.6.4). `None` for an open quote.
fn end_of_link(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return Some(at),
            _ => {}
        }
    }
    (!quoted).then_some(text.len())
}

/// The relations that parameters name: those of the first `rel` (RFC 8288 §3.3), if there is no `anchor`.
fn relation(parameters: &str) -> Option<String> {
    let mut found = None;
    let mut rest = parameters;
    while let Some((_, after)) = rest.split_once(';') {
        let (name, value) = after.split_once('=').unwrap_or((after, ""));
        if name.contains(';') {
            rest = after;
            continue;
        }
        let value = value.trim_start();
        let (value, behind) = if let Some(inner) = value.strip_prefix('"') {
            let end = end_of_quote(inner)?;
            (inner.get(..end)?.replace('\\', ""), inner.get(end + 1..)?)
        } else {
            let end = value.find(';').unwrap_or(value.len());
            (value.get(..end)?.trim().to_owned(), value.get(end..)?)
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "anchor" => return None,
            "rel" if found.is_none() => found = Some(value),
            _ => {}
        }
        rest = behind;
    }
    found
}

fn end_of_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::{links, relations};

    #[track_caller]
    fn check(line: &'static str, expected: &[(&str, &str)]) {
        let mut headers = Fields::new();
        headers.insert(http::HeaderName::from_static("link"), HeaderValue::from_static(line));
        let expected: Vec<_> =
            expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(relations(&headers), expected, "{line}");
    }

    #[test]
    fn relations_are_read() {
        check(
            r#"</a?b,c>; title="x, \"<y>\"; rel=z"; rel="next Last", <https://d/e>;rel=prev;rel=no"#,
            &[("next", "/a?b,c"), ("last", "/a?b,c"), ("prev", "https://d/e")],
        );
        check(r#" , </a> ; hreflang ; rel = "next" ,"#, &[("next", "/a")]);
        check(r#"</a>; rel=next; anchor="/b""#, &[]);
        for odd in [
            "/a; rel=next",
            "</a; rel=next",
            r#"</a>; rel="next"#,
            "<</a>>; rel=next",
            "</a b>; rel=x",
        ] {
            check(odd, &[]);
        }
    }

    proptest! {
        #[test]
        fn no_line_brings_it_down(line in "[</>a;,=\" \\\\relé]{0,40}") {
            for (target, parameters) in links(&line).unwrap_or_default() {
                prop_assert!(line.get(target).is_some() && line.get(parameters).is_some());
            }
        }
    }
}
