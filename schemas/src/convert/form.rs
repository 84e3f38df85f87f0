//! Bodies of `application/x-www-form-urlencoded` (WHATWG URL §5): fields as the members of an object, and back.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::convert::converter::Converter;
use crate::convert::deep;
use crate::convert::refused::{Cause, Refused, Report};
use crate::plan::style::deep_keys;
use crate::plan::wire::{Field, FormWire, Many};
use crate::pointer::Pointer;

/// The conversion of one form, which is held until it is whole.
#[derive(Debug)]
pub(super) struct Form {
    wire: Arc<FormWire>,
    converter: Converter,
    most: usize,
    text: Vec<u8>,
}

/// A field, or several of one name, as a member of the object.
struct Part<'a> {
    name: String,
    /// The pairs as they came.
    raw: Vec<(&'a str, &'a str)>,
    json: String,
}

impl Form {
    pub(super) const fn new(wire: Arc<FormWire>, converter: Converter, most: usize) -> Self {
        Self { wire, converter, most, text: Vec::new() }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), Refused> {
        if self.text.len().saturating_add(chunk.len()) > self.most {
            return Err(refused(Cause::RecordLength, self.most as u64));
        }
        self.text.extend_from_slice(chunk);
        Ok(())
    }

    pub(super) fn held_back(&self) -> usize {
        self.text.len()
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<Report, Refused> {
        let before = out.len();
        let bytes = std::mem::take(&mut self.text);
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| refused(Cause::Utf8, error.valid_up_to() as u64))?;
        let parts = parts(text, &self.wire)?;
        let members: Vec<String> =
            parts.iter().map(|part| format!("{}:{}", quoted(&part.name), part.json)).collect();
        let object = format!("{{{}}}", members.join(","));
        let mut written = Vec::new();
        self.converter.push(object.as_bytes(), &mut written)?;
        let report = self.converter.finish(&mut written)?;
        if written == object.as_bytes() && !self.wire.restyled {
            out.extend_from_slice(text.as_bytes());
        } else {
            let members: Members<'_> = serde_json::from_slice(&written).map_err(|_| {
                refused(Cause::Framing("what becomes of the form is no object of fields"), 0)
            })?;
            out.extend_from_slice(self.rendered(&parts, &members)?.as_bytes());
        }
        let bytes_out = out.len().saturating_sub(before) as u64;
        Ok(Report { bytes_in: bytes.len() as u64, bytes_out, ..report })
    }

    /// The form of an object: what stayed keeps its bytes, what was renamed those of its value.
    fn rendered(&self, parts: &[Part<'_>], members: &Members<'_>) -> Result<String, Refused> {
        let by_name: HashMap<&str, &Part<'_>> =
            parts.iter().map(|part| (part.name.as_str(), part)).collect();
        let names: HashSet<&str> = members.0.iter().map(|(name, _)| name.as_str()).collect();
        let gone: Vec<&Part<'_>> =
            parts.iter().filter(|part| !names.contains(part.name.as_str())).collect();
        let mut pairs: Vec<String> = Vec::new();
        for (name, value) in &members.0 {
            let field = self.wire.read.get(&**name);
            let stays = |part: &&&Part<'_>| {
                part.json == value.get() && alike(&self.wire, &part.name, field)
            };
            let stayed = by_name.get(name.as_str());
            if let Some(part) = stayed.filter(|part| stays(part)) {
                pairs.extend(part.raw.iter().map(|(name, value)| format!("{name}={value}")));
            } else if let Some(part) = gone.iter().find(stays) {
                let own = encoded(name);
                let pair = |(old, value): &(&str, &str)| format!("{own}{}={value}", brackets(old));
                let is_deep = part.is_deep(&self.wire);
                let plain = |(_, value): &(&str, &str)| format!("{own}={value}");
                pairs.extend(
                    part.raw.iter().map(|one| if is_deep { pair(one) } else { plain(one) }),
                );
            } else {
                pairs.extend(fresh(name, value.get(), field)?);
            }
        }
        Ok(pairs.join("&"))
    }
}

impl Part<'_> {
    fn is_deep(&self, wire: &FormWire) -> bool {
        wire.sent.get(&self.name).is_some_and(|field| matches!(field.many, Many::Deep(_)))
    }
}

/// What stands in brackets behind a name.
fn brackets(raw: &str) -> &str {
    let at = [raw.find('['), raw.find("%5B"), raw.find("%5b")].into_iter().flatten().min();
    at.and_then(|at| raw.get(at..)).unwrap_or_default()
}

/// Whether a field is written in the other version as it is in this one.
fn alike(wire: &FormWire, name: &str, read: Option<&Field>) -> bool {
    let sent = wire.sent.get(name).map_or(&Many::No, |field| &field.many);
    sent.is_like(read.map_or(&Many::No, |field| &field.many))
}

/// The name of the field that a pair belongs to.
fn owner<'a>(name: &'a str, wire: &FormWire) -> &'a str {
    let deep = name.split_once('[').map(|(base, _)| base).filter(|base| {
        let field = wire.sent.get(*base).filter(|_| !wire.sent.contains_key(name));
        let is_deep = field.is_some_and(|field| matches!(field.many, Many::Deep(_)));
        is_deep && deep_keys(name, base).is_some()
    });
    deep.unwrap_or(name)
}

fn parts<'a>(text: &'a str, wire: &FormWire) -> Result<Vec<Part<'a>>, Refused> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (raw, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(raw, &Pointer::root())?;
        let name = owner(&name, wire);
        if let Some(part) = places.get(name).and_then(|at| parts.get_mut(*at)) {
            part.raw.push((raw, value));
        } else {
            places.insert(name.to_owned(), parts.len());
            let name = name.to_owned();
            parts.push(Part { name, raw: vec![(raw, value)], json: String::new() });
        }
    }
    let unknown = Field::default();
    for part in &mut parts {
        let field = wire.sent.get(&part.name).unwrap_or(&unknown);
        part.json = json(part, field)?;
    }
    Ok(parts)
}

/// The JSON text of a field.
fn json(part: &Part<'_>, field: &Field) -> Result<String, Refused> {
    let at = Pointer::root().join(&part.name);
    let values: Vec<&str> = part.raw.iter().map(|(_, value)| *value).collect();
    match (&field.many, values.as_slice()) {
        (Many::Deep(kinds), _) => deep::read(&part.name, &part.raw, kinds, &at),
        (Many::No, [only]) => typed(only, field.text, &at),
        (Many::Json, [only]) => typed(only, false, &at),
        (Many::Joined(mark), [only]) => {
            let mark_text = mark.to_string();
            let escaped = encoded(&mark_text);
            let split = only.replace(&escaped, &mark_text);
            let split =
                if *mark == ' ' { split.replace('+', " ").replace("%20", " ") } else { split };
            list(split.split(*mark).filter(|_| !only.is_empty()), field.text, &at)
        }
        _ => list(values.into_iter(), field.text, &at),
    }
}

fn list<'a>(
    values: impl Iterator<Item = &'a str>,
    text: bool,
    at: &Pointer,
) -> Result<String, Refused> {
    let items = values.map(|value| typed(value, text, at)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("[{}]", items.join(",")))
}

/// The JSON text of one value: what the schema says it is, if it can be read as that, else a string.
pub(super) fn typed(raw: &str, is_text: bool, at: &Pointer) -> Result<String, Refused> {
    let text = decoded(raw, at)?;
    if !is_text && serde_json::from_str::<&RawValue>(&text).is_ok_and(|value| value.get() == text) {
        return Ok(text.into_owned());
    }
    Ok(quoted(&text))
}

/// The pairs of a value that no field has as it is.
fn fresh(name: &str, json: &str, field: Option<&Field>) -> Result<Vec<String>, Refused> {
    let own = encoded(name);
    let many = field.map(|field| &field.many);
    if let Some(Many::Deep(_)) = many {
        return Ok(deep::written(&own, json));
    }
    if many == Some(&Many::Json) {
        return Ok(vec![format!("{own}={}", encoded(json))]);
    }
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) else {
        return Ok(vec![format!("{own}={}", plain(json))]);
    };
    let Some(Many::Joined(mark)) = many else {
        return Ok(items.iter().map(|item| format!("{own}={}", plain(item.get()))).collect());
    };
    let holds = |item: &&RawValue| {
        serde_json::from_str::<String>(item.get()).is_ok_and(|text| text.contains(*mark))
    };
    if items.iter().any(holds) {
        let why = "an item holds what separates items";
        let pointer = Pointer::root().join(name);
        return Err(Refused { pointer, offset: 0, cause: Cause::Framing(why) });
    }
    let items: Vec<String> = items.iter().map(|item| plain(item.get())).collect();
    let mark = if *mark == ' ' { "%20".to_owned() } else { mark.to_string() };
    Ok(vec![format!("{own}={}", items.join(&mark))])
}

/// A value as the text in a pair; a number keeps its digits.
pub(super) fn plain(json: &str) -> String {
    match serde_json::from_str::<Value>(json) {
        Ok(Value::String(text)) => encoded(&text),
        Ok(Value::Null) => String::new(),
        _ => encoded(json),
    }
}

/// The members of an object, in order.
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut all = Vec::new();
                while let Some(pair) = map.next_entry::<String, &'de RawValue>()? {
                    all.push(pair);
                }
                Ok(Members(all))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn refused(cause: Cause, offset: u64) -> Refused {
    Refused { pointer: Pointer::root(), offset, cause }
}

/// A name or value as text; broken escapes stay as they are (WHATWG URL §5.1).
pub(super) fn decoded<'a>(raw: &'a str, at: &Pointer) -> Result<Cow<'a, str>, Refused> {
    if !raw.contains(['%', '+']) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', ..) => bytes.push(b' '),
            (other, ..) => bytes.push(*other),
        }
    }
    let text = String::from_utf8(bytes);
    text.map(Cow::Owned).map_err(|_| Refused { pointer: at.clone(), offset: 0, cause: Cause::Utf8 })
}

/// WHATWG URL §5.2.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                out.push(char::from(byte));
            }
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}
