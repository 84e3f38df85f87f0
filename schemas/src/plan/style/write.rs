//! From the texts of a value to raw text.

use super::model::{Carried, Kind, Odd, Style, Wired};
use super::percent::encode;
use crate::describe::model::Location;

const DELIMITER: Odd = Odd("has a delimiter of its style inside an item");
const NO_OBJECT: Odd = Odd("has no members, and its style writes nothing else");

/// Adds a query parameter to pairs; a list or an object without anything in it writes none.
///
/// # Errors
/// When the style cannot carry the value.
pub fn to_query(pairs: &mut String, wired: &Wired, value: &Carried) -> Result<(), Odd> {
    let mut add = |name: &str, raw: &str| {
        if !pairs.is_empty() {
            pairs.push('&');
        }
        encode(name, pairs);
        pairs.push('=');
        pairs.push_str(raw);
    };
    let style = wired.style;
    let deep = style.kind == Kind::Deep;
    match value {
        Carried::One(text) if !deep => add(&wired.name, &encoded(text)),
        Carried::List(items) if style.explode && !deep => {
            for item in items {
                add(&wired.name, &encoded(item));
            }
        }
        Carried::Members(members) if style.explode || deep => {
            for (name, text) in members {
                if deep {
                    add(&format!("{}[{name}]", wired.name), &encoded(text));
                } else {
                    add(name, &encoded(text));
                }
            }
        }
        Carried::List(items) if !deep => {
            if !items.is_empty() {
                add(&wired.name, &joined(items.iter(), style)?);
            }
        }
        Carried::Members(members) => {
            if !members.is_empty() {
                let flat = members.iter().flat_map(|(name, text)| [name, text]);
                add(&wired.name, &joined(flat, style)?);
            }
        }
        Carried::One(_) | Carried::List(_) => return Err(NO_OBJECT),
    }
    Ok(())
}

/// The raw text of a path parameter in the style `simple` that is one text.
///
/// # Errors
/// As [`to_segment`].
pub fn plain_segment(text: &str) -> Result<String, Odd> {
    let style = Style { kind: Kind::Simple, explode: false };
    let wired = Wired { location: Location::Path, name: String::new(), style };
    to_segment(&wired, &Carried::One(text.to_owned()))
}

/// The raw text of a path parameter.
///
/// # Errors
/// When the style cannot carry the value, or a reader could take what is written for other segments than one.
pub fn to_segment(wired: &Wired, value: &Carried) -> Result<String, Odd> {
    let style = wired.style;
    let texts: Vec<&String> = match value {
        Carried::One(text) => vec![text],
        Carried::List(items) => items.iter().collect(),
        Carried::Members(members) => members.iter().flat_map(|(name, text)| [name, text]).collect(),
    };
    let steers = |text: &&String| text.contains(['/', '\\']) || text.contains(char::is_control);
    if texts.iter().any(steers) {
        return Err(Odd("has a character that would lead to another path"));
    }
    let exploded = |between: char| match value {
        Carried::One(text) => Ok(encoded(text)),
        Carried::List(items) => joined(items.iter(), style),
        Carried::Members(members) => paired(members, style, between),
    };
    let own = |raw: &str| {
        let mut piece = ";".to_owned();
        encode(&wired.name, &mut piece);
        if !raw.is_empty() {
            piece.push('=');
            piece.push_str(raw);
        }
        piece
    };
    let raw = match (style.kind, value) {
        (Kind::Label, _) => format!(".{}", exploded('.')?),
        (Kind::Matrix, Carried::List(items)) if style.explode => {
            items.iter().map(|item| own(&encoded(item))).collect()
        }
        (Kind::Matrix, Carried::Members(members)) if style.explode => {
            format!(";{}", paired(members, style, ';')?)
        }
        (Kind::Matrix, _) => own(&exploded(',')?),
        _ => exploded(',')?,
    };
    if matches!(raw.as_str(), "" | "." | "..") {
        return Err(Odd("would leave its segment of the path empty"));
    }
    Ok(raw)
}

/// The text of a header.
///
/// # Errors
/// When a header cannot carry the value: nothing in it is percent-encoded, so that only visible ASCII characters and
/// blanks between them stand for themselves.
pub fn to_header(style: Style, value: &Carried) -> Result<String, Odd> {
    let plain = |text: &String| {
        let visible = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if visible && text.trim() == text { Ok(()) } else { Err(Odd("is no text of a header")) }
    };
    let item = |text: &String| {
        plain(text)?;
        if text.contains(',') { Err(DELIMITER) } else { Ok(text.clone()) }
    };
    let items: Vec<String> = match value {
        Carried::One(text) => {
            plain(text)?;
            return Ok(text.clone());
        }
        Carried::List(items) => items.iter().map(item).collect::<Result<_, _>>()?,
        Carried::Members(members) if style.explode => {
            let pair = |(name, text): &(String, String)| {
                let name = item(name)?;
                if name.contains('=') {
                    Err(DELIMITER)
                } else {
                    Ok(format!("{name}={}", item(text)?))
                }
            };
            members.iter().map(pair).collect::<Result<_, _>>()?
        }
        Carried::Members(members) => {
            let flat = members.iter().flat_map(|(name, text)| [name, text]);
            flat.map(item).collect::<Result<_, _>>()?
        }
    };
    Ok(items.join(","))
}

fn encoded(text: &str) -> String {
    let mut raw = String::with_capacity(text.len());
    encode(text, &mut raw);
    raw
}

fn joined<'a>(items: impl Iterator<Item = &'a String>, style: Style) -> Result<String, Odd> {
    let delimiter = style.delimiter();
    let mut between = String::new();
    match delimiter {
        ',' | '.' | ';' => between.push(delimiter),
        other => encode(other.encode_utf8(&mut [0; 4]), &mut between),
    }
    let pieces = items.map(|item| {
        let inside = style.cannot_escape() && item.contains(delimiter);
        if inside { Err(DELIMITER) } else { Ok(encoded(item)) }
    });
    Ok(pieces.collect::<Result<Vec<_>, _>>()?.join(&between))
}

fn paired(members: &[(String, String)], style: Style, between: char) -> Result<String, Odd> {
    if !style.explode {
        return joined(members.iter().flat_map(|(name, text)| [name, text]), style);
    }
    let pieces = members.iter().map(|(name, text)| {
        if style.cannot_escape() && (name.contains(between) || text.contains(between)) {
            return Err(DELIMITER);
        }
        Ok(format!("{}={}", encoded(name), encoded(text)))
    });
    Ok(pieces.collect::<Result<Vec<_>, _>>()?.join(&between.to_string()))
}
