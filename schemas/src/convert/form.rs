//! Bodies of `application/x-www-form-urlencoded` (WHATWG URL §5): fields as the members of an object, and back.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::convert::converter::Converter;
use crate::convert::refused::{Cause, Refused, Report};
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
        if written == object.as_bytes() {
            out.extend_from_slice(text.as_bytes());
        } else {
            let members: Members<'_> = serde_json::from_slice(&written).map_err(|_| {
                refused(Cause::Framing("what becomes of the form is no object of fields"), 0)
            })?;
            out.extend_from_slice(self.rendered(&parts, &members).as_bytes());
        }
        let bytes_out = out.len().saturating_sub(before) as u64;
        Ok(Report { bytes_in: bytes.len() as u64, bytes_out, ..report })
    }

    /// The form of an object: what stayed keeps its bytes, what was renamed those of its value.
    fn rendered(&self, parts: &[Part<'_>], members: &Members<'_>) -> String {
        let mut pairs: Vec<String> = Vec::new();
        for (name, value) in &members.0 {
            let same = |part: &&Part<'_>| part.json == value.get();
            let stayed = parts.iter().filter(same).find(|part| part.name == **name);
            let gone = |part: &&Part<'_>| !members.0.iter().any(|(name, _)| *name == part.name);
            let renamed = || parts.iter().filter(same).find(gone);
            let field = self.wire.read.get(&**name);
            if let Some(part) = stayed {
                pairs.extend(part.raw.iter().map(|(name, value)| format!("{name}={value}")));
            } else if let Some(part) = renamed().filter(|part| alike(&self.wire, &part.name, field))
            {
                let own = encoded(name);
                pairs.extend(part.raw.iter().map(|(_, value)| format!("{own}={value}")));
            } else {
                pairs.extend(fresh(name, value.get(), field));
            }
        }
        pairs.join("&")
    }
}

/// Whether a field is written in the other version as it is in this one.
fn alike(wire: &FormWire, name: &str, read: Option<&Field>) -> bool {
    let many = |field: Option<&Field>| field.map_or(Many::No, |field| field.many);
    let (sent, read) = (many(wire.sent.get(name)), many(read));
    sent == read || matches!((sent, read), (Many::No, Many::Repeated) | (Many::Repeated, Many::No))
}

fn parts<'a>(text: &'a str, wire: &FormWire) -> Result<Vec<Part<'a>>, Refused> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (raw, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(raw, &Pointer::root())?.into_owned();
        match parts.iter_mut().find(|part| part.name == name) {
            Some(part) => part.raw.push((raw, value)),
            None => parts.push(Part { name, raw: vec![(raw, value)], json: String::new() }),
        }
    }
    let unknown = Field::default();
    for part in &mut parts {
        let at = Pointer::root().join(&part.name);
        let field = wire.sent.get(&part.name).unwrap_or(&unknown);
        let values: Vec<&str> = part.raw.iter().map(|(_, value)| *value).collect();
        part.json = match (field.many, values.as_slice()) {
            (Many::No, [only]) => typed(only, *field, &at)?,
            (Many::Joined(mark), [only]) => {
                let mark_text = mark.to_string();
                let escaped = encoded(&mark_text);
                let split = only.replace(&escaped, &mark_text);
                let split =
                    if mark == ' ' { split.replace('+', " ").replace("%20", " ") } else { split };
                list(split.split(mark).filter(|_| !only.is_empty()), *field, &at)?
            }
            _ => list(values.into_iter(), *field, &at)?,
        };
    }
    Ok(parts)
}

fn list<'a>(
    values: impl Iterator<Item = &'a str>,
    field: Field,
    at: &Pointer,
) -> Result<String, Refused> {
    let items = values.map(|value| typed(value, field, at)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("[{}]", items.join(",")))
}

/// The JSON text of one value: what the schema says it is, if it can be read as that, else a string.
fn typed(raw: &str, field: Field, at: &Pointer) -> Result<String, Refused> {
    let text = decoded(raw, at)?;
    if !field.text
        && serde_json::from_str::<&RawValue>(&text).is_ok_and(|value| value.get() == text)
    {
        return Ok(text.into_owned());
    }
    Ok(quoted(&text))
}

/// The pairs of a value that no field has as it is.
fn fresh(name: &str, json: &str, field: Option<&Field>) -> Vec<String> {
    let name = encoded(name);
    let value: Value = serde_json::from_str(json).unwrap_or(Value::Null);
    let plain = |value: &Value| match value {
        Value::String(text) => encoded(text),
        Value::Null => String::new(),
        other => encoded(&other.to_string()),
    };
    match (&value, field.map(|field| field.many)) {
        (Value::Array(items), Some(Many::Joined(mark))) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            let mark = if mark == ' ' { "%20".to_owned() } else { mark.to_string() };
            vec![format!("{name}={}", items.join(&mark))]
        }
        (Value::Array(items), _) => {
            items.iter().map(|item| format!("{name}={}", plain(item))).collect()
        }
        // a number keeps its digits
        (Value::Number(_), _) => vec![format!("{name}={}", encoded(json))],
        (value, _) => vec![format!("{name}={}", plain(value))],
    }
}

/// The members of an object, in order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

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

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn refused(cause: Cause, offset: u64) -> Refused {
    Refused { pointer: Pointer::root(), offset, cause }
}

/// A name or value as text; broken escapes stay as they are (WHATWG URL §5.1).
fn decoded<'a>(raw: &'a str, at: &Pointer) -> Result<Cow<'a, str>, Refused> {
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
fn encoded(text: &str) -> String {
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
