//! A parameter in another wire form or place: read as the client's version writes it, written for the backend's.

use evergate_schemas::describe::model::Location;
use evergate_schemas::plan::bridge::Rewrite;
use evergate_schemas::plan::style::{self, Carried, Odd, Reading, Wired};
use http::header::{HeaderName, HeaderValue};

use super::parameters::{Place, cookies, remove, write_cookies};
use crate::refusal::Refusal;

/// Takes a parameter out of its place; `None` when it is not there.
pub(super) fn take(rewrite: &Rewrite, place: &mut Place<'_>) -> Result<Option<Carried>, Refusal> {
    let Rewrite { from, form, members, bare, .. } = rewrite;
    let reading = Reading { form: *form, members, bare: *bare };
    read(from, &reading, place).map_err(|odd| refused(rewrite, odd))
}

/// Writes a parameter into its new place.
pub(super) fn put(
    rewrite: &Rewrite,
    value: &Carried,
    place: &mut Place<'_>,
) -> Result<(), Refusal> {
    written(&rewrite.to, value, place).map_err(|odd| refused(rewrite, odd))
}

fn refused(rewrite: &Rewrite, odd: Odd) -> Refusal {
    Refusal::ParameterUnfit { name: rewrite.from.name.clone(), why: odd.0 }
}

/// Takes what stands there out of its place; `None` when it is not there.
pub(super) fn read(
    from: &Wired,
    reading: &Reading<'_>,
    place: &mut Place<'_>,
) -> Result<Option<Carried>, Odd> {
    match from.location {
        Location::QueryString => Ok(None),
        Location::Query => Ok(style::query(place.query, from, reading)?.map(|(value, rest)| {
            *place.query = rest;
            value
        })),
        Location::Path => {
            place.path.raw(&from.name).map(|raw| style::segment(raw, from, reading)).transpose()
        }
        Location::Header => {
            let lines = place.headers.get_all(&from.name).map(HeaderValue::to_str);
            let lines: Vec<&str> =
                lines.collect::<Result<_, _>>().map_err(|_| Odd("is not plain text"))?;
            if lines.is_empty() {
                return Ok(None);
            }
            let value = style::header(&lines, from.style, reading.form)?;
            remove(place, Location::Header, &from.name);
            Ok(Some(value))
        }
        Location::Cookie => {
            // an exploded list goes on inside its cookie, as `a=1&a=2`
            let all = cookies(place.headers);
            let Some((name, text)) = all.iter().find(|(name, _)| *name == from.name) else {
                return Ok(None);
            };
            let value = style::query(&format!("{name}={text}"), from, reading)?;
            remove(place, Location::Cookie, &from.name);
            Ok(value.map(|(value, _)| value))
        }
    }
}

/// Writes a value where it is to stand.
pub(super) fn written(to: &Wired, value: &Carried, place: &mut Place<'_>) -> Result<(), Odd> {
    match to.location {
        Location::QueryString => Ok(()),
        Location::Query => style::to_query(place.query, to, value),
        Location::Path => {
            let raw = style::to_segment(to, value)?;
            place.path.write(&to.name, raw);
            Ok(())
        }
        Location::Header => {
            let text = style::to_header(to.style, value)?;
            let name = HeaderName::try_from(&to.name);
            if let (Ok(name), Ok(text)) = (name, HeaderValue::try_from(text)) {
                place.headers.insert(name, text);
            }
            Ok(())
        }
        Location::Cookie => {
            let mut pair = String::new();
            style::to_query(&mut pair, to, value)?;
            let mut all = cookies(place.headers);
            all.extend(pair.split_once('=').map(|(name, text)| (name.to_owned(), text.to_owned())));
            write_cookies(place.headers, &all);
            Ok(())
        }
    }
}
