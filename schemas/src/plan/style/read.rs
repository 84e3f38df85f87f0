//! From raw text to the texts of a value.

use super::model::{Carried, Form, Kind, Odd, Style, Wired};
use super::percent::decoded;

/// What has to be known to read a value.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// What the sender declares it to be.
    pub form: Form,
    /// The members the sender declares: an exploded object has no other name on the wire.
    pub members: &'a [String],
    /// No item can hold the delimiter, so that one that is percent-encoded delimits as well.
    pub bare: bool,
}

const NO_TEXT: Odd = Odd("is not UTF-8");
const TWICE: Odd = Odd("is there more than once");
const UNPAIRED: Odd = Odd("has a name without a value");
const NESTED: Odd = Odd("has members of members");

/// The value of a query parameter (or of the pairs of a `Cookie` field), and the pairs that are left, in their order
/// and spelling; `None` when it is not there.
///
/// # Errors
/// When the text is no value of this style.
pub fn query(
    pairs: &str,
    wired: &Wired,
    reading: &Reading<'_>,
) -> Result<Option<(Carried, String)>, Odd> {
    let (mut own, mut rest): (Vec<(String, &str)>, Vec<&str>) = (Vec::new(), Vec::new());
    for pair in pairs.split('&') {
        let (raw, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(raw, true).filter(|_| !pair.is_empty());
        match name.and_then(|name| key(&name, wired, reading)) {
            Some(key) => own.push((key?, value)),
            None => rest.push(pair),
        }
    }
    if own.is_empty() {
        return Ok(None);
    }
    let value = of_pairs(&own, wired, reading)?;
    Ok(Some((value, rest.join("&"))))
}

/// The member that a pair of this name is of, or the parameter's own name; `None` for another parameter's pair.
fn key(name: &str, wired: &Wired, reading: &Reading<'_>) -> Option<Result<String, Odd>> {
    let Style { kind, explode } = wired.style;
    if kind == Kind::Deep {
        let keys = deep_keys(name, &wired.name)?;
        return Some(match keys.as_slice() {
            [one] => Ok((*one).to_owned()),
            _ => Err(NESTED),
        });
    }
    let ours = match (reading.form, explode) {
        (Form::Members, true) => reading.members.iter().any(|one| one == name),
        _ => name == wired.name,
    };
    ours.then(|| Ok(name.to_owned()))
}

/// The keys of a name in the style `deepObject`: `a[b][c]` of the parameter `a` has `b` and `c`, `a[]` an empty one.
/// `None` for a name of something else.
pub fn deep_keys<'a>(name: &'a str, parameter: &str) -> Option<Vec<&'a str>> {
    let inner = name.strip_prefix(parameter)?.strip_prefix('[')?.strip_suffix(']')?;
    Some(inner.split("][").collect())
}

fn of_pairs(own: &[(String, &str)], wired: &Wired, reading: &Reading<'_>) -> Result<Carried, Odd> {
    let text = |raw: &str| decoded(raw, true).ok_or(NO_TEXT);
    let style = wired.style;
    let by_pair = style.explode || style.kind == Kind::Deep;
    match (reading.form, by_pair, own) {
        (Form::List, true, _) => {
            let items = own.iter().map(|(_, raw)| text(raw));
            Ok(Carried::List(items.collect::<Result<_, _>>()?))
        }
        (Form::Members, true, _) => {
            let members = own.iter().map(|(name, raw)| Ok((name.clone(), text(raw)?)));
            unique(members.collect::<Result<_, _>>()?)
        }
        (form, _, [(_, raw)]) => texts(raw, style, reading.bare, true)?.into_form(form, style),
        _ => Err(TWICE),
    }
}

/// The value of a raw path segment, or of the part of one that a template captures.
///
/// # Errors
/// When the text is no value of this style.
pub fn segment(raw: &str, wired: &Wired, reading: &Reading<'_>) -> Result<Carried, Odd> {
    let style = wired.style;
    let inner = match style.kind {
        Kind::Label => raw.strip_prefix('.').ok_or(Odd("does not begin with a dot"))?,
        Kind::Matrix => raw.strip_prefix(';').ok_or(Odd("does not begin with a semicolon"))?,
        _ => raw,
    };
    let named = style.kind == Kind::Matrix && (reading.form != Form::Members || !style.explode);
    if !named {
        return texts(inner, style, reading.bare, false)?.into_form(reading.form, style);
    }
    let values = inner.split(';').map(|piece| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        (name == wired.name).then_some(value).ok_or(Odd("is not named in its segment"))
    });
    let values: Vec<&str> = values.collect::<Result<_, _>>()?;
    match (values.as_slice(), style.explode && reading.form == Form::List) {
        (many, true) => {
            let items = many.iter().map(|raw| decoded(raw, false).ok_or(NO_TEXT));
            Ok(Carried::List(items.collect::<Result<_, _>>()?))
        }
        ([one], false) => {
            let flat = Style { explode: false, ..style };
            texts(one, flat, reading.bare, false)?.into_form(reading.form, flat)
        }
        _ => Err(TWICE),
    }
}

/// The value of a header: its lines are one list (RFC 9110 §5.3), and nothing in it is percent-encoded.
///
/// # Errors
/// When the text is no value of the style `simple`.
pub fn header(lines: &[&str], style: Style, form: Form) -> Result<Carried, Odd> {
    if form == Form::One {
        return match lines {
            [one] => Ok(Carried::One(one.trim().to_owned())),
            _ => Err(TWICE),
        };
    }
    let items = lines.iter().flat_map(|line| line.split(',')).map(|item| item.trim().to_owned());
    Pieces { items: items.collect(), whole: String::new() }.into_form(form, style)
}

/// A text, and what it is cut into.
struct Pieces {
    whole: String,
    items: Vec<String>,
}

fn texts(raw: &str, style: Style, bare: bool, plus: bool) -> Result<Pieces, Odd> {
    let whole = decoded(raw, plus).ok_or(NO_TEXT)?;
    let delimiter = style.delimiter();
    let items = if bare || style.cannot_escape() {
        whole.split(delimiter).map(ToOwned::to_owned).collect()
    } else {
        let items = raw.split(delimiter).map(|item| decoded(item, plus).ok_or(NO_TEXT));
        items.collect::<Result<_, _>>()?
    };
    Ok(Pieces { whole, items })
}

impl Pieces {
    fn into_form(self, form: Form, style: Style) -> Result<Carried, Odd> {
        match form {
            Form::One => Ok(Carried::One(self.whole)),
            Form::List => Ok(Carried::List(self.items)),
            Form::Members if style.explode => {
                let members = self.items.iter().map(|item| {
                    let (name, value) = item.split_once('=').ok_or(UNPAIRED)?;
                    Ok((name.to_owned(), value.to_owned()))
                });
                unique(members.collect::<Result<_, _>>()?)
            }
            Form::Members => {
                let members = self.items.chunks(2).map(|pair| match pair {
                    [name, value] => Ok((name.clone(), value.clone())),
                    _ => Err(UNPAIRED),
                });
                unique(members.collect::<Result<_, _>>()?)
            }
        }
    }
}

fn unique(members: Vec<(String, String)>) -> Result<Carried, Odd> {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        return Err(Odd("has a member twice"));
    }
    Ok(Carried::Members(members))
}
