//! What a plan does to the parameters of a request and the headers of a response.

use evergate_schemas::describe::model::Location;
use evergate_schemas::plan::bridge::{ParameterSource, ParameterStep, Rewrite};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::style::{Carried, plain_segment};
use http::header::{COOKIE, HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::beside::Outward;
use super::path::PathParts;
use super::{query, style};
use crate::refusal::Refusal;
use crate::snapshot::CrossingMessage;
use crate::snapshot::loss::Lost;
use crate::wire::Fields;

/// What steps work on: the raw query, the headers and the path parameters.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) query: &'a mut String,
    pub(crate) headers: &'a mut Fields,
    pub(crate) path: PathParts<'a>,
}

/// Runs the steps; gives what was lost.
pub(crate) fn apply(
    message: &CrossingMessage,
    place: &mut Place<'_>,
    values: &Values,
    outward: &Outward<'_>,
) -> Result<Lost, Refusal> {
    // what changes its place is taken away before anything is renamed, and written after
    let mut held: SmallVec<[(usize, &Rewrite, Carried); 2]> = SmallVec::new();
    for (index, step) in message.parameters.iter().enumerate() {
        if let ParameterStep::Rewrite(rewrite) = step
            && let Some(value) = style::take(rewrite, place)?
        {
            held.push((index, rewrite, value));
        }
    }
    let mut lost = Lost::default();
    let mut fired = |index: usize| {
        if let Some(Some(loss)) = message.parameter_losses.get(index) {
            lost.add(loss, 1);
        }
    };
    for (index, step) in message.parameters.iter().enumerate() {
        if left_out_or_renamed(step, place) {
            fired(index);
        }
    }
    for (index, rewrite, value) in held {
        style::put(rewrite, &value, place)?;
        fired(index);
    }
    outward.put(place)?;
    for (index, step) in message.parameters.iter().enumerate() {
        if supplied(step, place, values)? {
            fired(index);
        }
    }
    if let Some(name) = place.path.missing() {
        return Err(Refusal::ParameterMissing(own_name(message, name).to_owned()));
    }
    Ok(lost)
}

/// What the client calls a path parameter of the backend's.
fn own_name<'a>(message: &'a CrossingMessage, name: &'a str) -> &'a str {
    let own = message.parameters.iter().find_map(|step| match step {
        ParameterStep::Rewrite(one) if one.to.location == Location::Path && one.to.name == name => {
            Some(one.from.name.as_str())
        }
        _ => None,
    });
    own.unwrap_or(name)
}

fn left_out_or_renamed(step: &ParameterStep, place: &mut Place<'_>) -> bool {
    match step {
        ParameterStep::Drop(Location::Path, name, _) => place.path.raw(name).is_some(),
        ParameterStep::Drop(location, name, _) => {
            let there = has(place, *location, name);
            if there {
                remove(place, *location, name);
            }
            there
        }
        ParameterStep::Rename(location, name, other, _) => {
            let there = has(place, *location, name);
            if there {
                rename(place, *location, name, other);
            }
            there
        }
        // names are done before all others, while parameters still have the client's names
        ParameterStep::Names(..)
        | ParameterStep::Supply(..)
        | ParameterStep::Require(..)
        | ParameterStep::Rewrite(_) => false,
    }
}

fn supplied(step: &ParameterStep, place: &mut Place<'_>, values: &Values) -> Result<bool, Refusal> {
    match step {
        ParameterStep::Supply(location, name, source, _) => {
            if has(place, *location, name) {
                return Ok(false);
            }
            let Some(text) = text(source, values) else {
                return Err(Refusal::ParameterMissing(name.clone()));
            };
            supply(place, *location, name, &text)?;
            Ok(true)
        }
        ParameterStep::Require(location, name, _) => {
            if has(place, *location, name) {
                Ok(false)
            } else {
                Err(Refusal::ParameterMissing(name.clone()))
            }
        }
        ParameterStep::Drop(..)
        | ParameterStep::Rename(..)
        | ParameterStep::Names(..)
        | ParameterStep::Rewrite(_) => Ok(false),
    }
}

/// The plain text of a source; a JSON string is unquoted, since parameters are not JSON.
fn text(source: &ParameterSource, values: &Values) -> Option<String> {
    match source {
        ParameterSource::Literal(literal) => Some(literal.to_string()),
        ParameterSource::Outside(outside) => {
            let json = values.lookup(outside)?;
            match serde_json::from_str(&json) {
                Ok(serde_json::Value::String(text)) => Some(text),
                _ => Some(json.into_owned()),
            }
        }
    }
}

fn has(place: &Place<'_>, location: Location, name: &str) -> bool {
    match location {
        Location::Path => place.path.has(name),
        Location::QueryString => !place.query.is_empty(),
        Location::Query => query::pairs(place.query).any(|(raw, _)| query::is_named(raw, name)),
        Location::Header => place.headers.has(name),
        Location::Cookie => cookies(place.headers).iter().any(|(own, _)| own == name),
    }
}

pub(super) fn remove(place: &mut Place<'_>, location: Location, name: &str) {
    match location {
        // A path parameter that the other template lacks is left out by that; nothing converts a whole query string.
        Location::Path | Location::QueryString => {}
        Location::Query => *place.query = query::without(place.query, name),
        Location::Header => {
            place.headers.remove(name);
        }
        Location::Cookie => {
            let kept = cookies(place.headers)
                .into_iter()
                .filter(|(own, _)| own != name)
                .collect::<Vec<_>>();
            write_cookies(place.headers, &kept);
        }
    }
}

fn rename(place: &mut Place<'_>, location: Location, name: &str, other: &str) {
    match location {
        // Names of path parameters are not on the wire.
        Location::Path | Location::QueryString => {}
        Location::Query => *place.query = query::renamed(place.query, name, other),
        Location::Header => {
            let Ok(other) = HeaderName::try_from(other) else { return };
            let values: Vec<HeaderValue> = place.headers.get_all(name).cloned().collect();
            place.headers.remove(name);
            for value in values {
                place.headers.append(other.clone(), value);
            }
        }
        Location::Cookie => {
            let mut all = cookies(place.headers);
            for (own, _) in all.iter_mut().filter(|(own, _)| own == name) {
                other.clone_into(own);
            }
            write_cookies(place.headers, &all);
        }
    }
}

fn supply(
    place: &mut Place<'_>,
    location: Location,
    name: &str,
    text: &str,
) -> Result<(), Refusal> {
    match location {
        // Nothing converts a query string as a whole.
        Location::QueryString => {}
        Location::Path => {
            let raw = plain_segment(text)
                .map_err(|odd| Refusal::ParameterUnfit { name: name.to_owned(), why: odd.0 })?;
            place.path.write(name, raw);
        }
        Location::Query => query::append(place.query, name, text),
        Location::Header => {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(text))
            {
                place.headers.insert(name, value);
            }
        }
        Location::Cookie => {
            let mut all = cookies(place.headers);
            all.push((name.to_owned(), text.to_owned()));
            write_cookies(place.headers, &all);
        }
    }
    Ok(())
}

/// The pairs of all `Cookie` fields (RFC 6265 §4.2).
pub(super) fn cookies(headers: &Fields) -> Vec<(String, String)> {
    let lines = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub(super) fn write_cookies(headers: &mut Fields, pairs: &[(String, String)]) {
    headers.remove(COOKIE);
    let line: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if !line.is_empty()
        && let Ok(value) = HeaderValue::try_from(line.join("; "))
    {
        headers.insert(COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use evergate_schemas::describe::model::Location;
    use evergate_schemas::plan::bridge::{ParameterSource, ParameterStep, Rewrite};
    use evergate_schemas::plan::outside::Values;
    use evergate_schemas::plan::program::Note;
    use evergate_schemas::plan::style::{Form, Style, Wired};

    use super::{Outward, PathParts, Place, apply};
    use crate::snapshot::CrossingMessage;

    fn note() -> Note {
        Note { rule: "A21", text: String::new(), at: String::new(), loss: false, policy: None }
    }

    #[track_caller]
    fn check(step: ParameterStep, before: (&str, &str), after: Option<(&str, &str)>) {
        let message = CrossingMessage { parameters: vec![step], ..CrossingMessage::default() };
        let mut query = before.0.to_owned();
        let mut headers = Fields::new();
        headers.insert(http::HeaderName::from_static("cookie"), before.1.parse().unwrap());
        let path = PathParts::default();
        let mut place = Place { query: &mut query, headers: &mut headers, path };
        let done = apply(&message, &mut place, &Values::default(), &Outward::default());
        let cookie = headers.get("cookie").map_or("", |value| value.to_str().unwrap());
        assert_eq!(done.ok().map(|_| (query.as_str(), cookie)), after);
    }

    fn moved(from: (Location, &str), to: (Location, &str), form: Form) -> ParameterStep {
        let wired = |(location, name): (Location, &str)| Wired {
            location,
            name: name.to_owned(),
            style: Style::parse(location.default_style()).unwrap(),
        };
        let (from, to, members) = (wired(from), wired(to), Vec::new());
        let note = note();
        ParameterStep::Rewrite(Box::new(Rewrite { from, to, form, members, bare: false, note }))
    }

    #[test]
    fn a_parameter_changes_its_place() {
        use Location::{Cookie, Query};
        let there = || moved((Query, "a"), (Cookie, "c"), Form::One);
        check(there(), ("a=1%202&b", "x=y"), Some(("b", "x=y; c=1%202")));
        check(there(), ("b", "x=y"), Some(("b", "x=y")));
        check(there(), ("a=1&a=2", "x=y"), None);
        let back = moved((Cookie, "c"), (Query, "a"), Form::One);
        check(back, ("b", "x=y; c=1%202"), Some(("b&a=1%202", "x=y")));
        // an exploded list goes on inside its cookie (RFC 6570 §3.2.8)
        let many = moved((Query, "a"), (Cookie, "c"), Form::List);
        check(many, ("a=1&a=2", "x=y"), Some(("", "x=y; c=1&c=2")));
        let many = moved((Cookie, "c"), (Query, "a"), Form::List);
        check(many, ("", "x=y; c=1&c=2"), Some(("a=1&a=2", "x=y")));
    }

    #[test]
    fn each_step_touches_only_its_parameter() {
        use Location::{Cookie, Query};
        check(
            ParameterStep::Drop(Query, "a".into(), note()),
            ("a=1&b=2", "a=1"),
            Some(("b=2", "a=1")),
        );
        check(
            ParameterStep::Drop(Cookie, "a".into(), note()),
            ("a=1", "a=1; b=2"),
            Some(("a=1", "b=2")),
        );
        check(
            ParameterStep::Rename(Query, "a".into(), "c".into(), note()),
            ("a=1", "a=1"),
            Some(("c=1", "a=1")),
        );
        check(ParameterStep::Require(Query, "a".into(), note()), ("b=1", "a=1"), None);
        let constant = |location| {
            ParameterStep::Supply(
                location,
                "x".into(),
                ParameterSource::Literal("1 2".into()),
                note(),
            )
        };
        check(constant(Query), ("", "a=1"), Some(("x=1%202", "a=1")));
        check(constant(Query), ("x=", "a=1"), Some(("x=", "a=1")));
        check(constant(Cookie), ("", "a=1"), Some(("", "a=1; x=1 2")));
    }
}
