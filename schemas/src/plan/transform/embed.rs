//! Lens L24: JSON inside a string, plain or in base64 (RFC 4648 §4 and §5).

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::schema::Schema;

use super::model::{Made, Unfit};
use super::raw::{is_string, quoted, unquoted};
use super::twin::{by_type, listed, promises};

/// How bytes stand in a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// They are the JSON value itself.
    Json,
    /// A string that says them, as UTF-8.
    Text,
    /// A string with their base64, padded.
    Base64,
    /// A string with their base64 of the URL alphabet, without padding.
    Base64Url,
}

/// Bytes, read one way and written another. Where strings are read, null passes as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embed {
    /// What is read.
    pub from: Form,
    /// What is written.
    pub to: Form,
}

impl Embed {
    pub(super) fn apply(self, text: &str) -> Result<Made, Unfit> {
        let text = text.trim();
        if self.from == self.to || (self.from != Form::Json && !is_string(text)) {
            return Ok(Made::exact(text.to_owned()));
        }
        let made = self.to.write(self.from.read(text)?)?;
        let back = self.to.read(&made).and_then(|bytes| self.from.write(bytes));
        let exact = back.is_ok_and(|back| back == text || unquoted(&back) == unquoted(text));
        Ok(Made { text: made, exact })
    }

    pub(super) fn image(self, sender: &Value, schema: &Schema) -> Value {
        if self.from == self.to {
            return sender.clone();
        }
        if self.from == Form::Json {
            return self.written();
        }
        by_type(sender, schema, |kind, part| {
            (kind == "string").then(|| {
                let made = |value: &Value| {
                    serde_json::from_str(&self.apply(&value.to_string()).ok()?.text).ok()
                };
                listed(part, made).unwrap_or_else(|| {
                    // Only an annotation, so it says nothing about what is really inside.
                    vec![self.written()]
                })
            })
        })
    }

    fn written(self) -> Value {
        match self.to {
            Form::Json => Value::Bool(true),
            Form::Text => json!({"type": "string"}),
            Form::Base64 => {
                json!({"type": "string", "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"})
            }
            Form::Base64Url => json!({"type": "string", "pattern": "^[A-Za-z0-9_-]*$"}),
        }
    }

    pub(super) fn takes_all(self, sender: &Value, schema: &Schema) -> bool {
        let says = |keyword: &str, value: &str| promises((keyword, value), sender, schema, 0);
        let decodes = match self.from {
            Form::Json | Form::Text => true,
            Form::Base64 => says("contentEncoding", "base64"),
            Form::Base64Url => says("contentEncoding", "base64url"),
        };
        let parses = self.from == Form::Json || says("contentMediaType", "application/json");
        let carries = match self.to {
            Form::Json => parses,
            Form::Text => matches!(self.from, Form::Json | Form::Text) || parses,
            Form::Base64 | Form::Base64Url => true,
        };
        self.from == self.to || (decodes && carries)
    }
}

impl Form {
    fn read(self, text: &str) -> Result<Vec<u8>, Unfit> {
        let said = unquoted(text).unwrap_or_default();
        match self {
            Self::Json => Ok(text.as_bytes().to_vec()),
            Self::Text => Ok(said.into_bytes()),
            Self::Base64 => decode(&said, &STANDARD),
            Self::Base64Url => decode(&said, &URL),
        }
    }

    fn write(self, bytes: Vec<u8>) -> Result<String, Unfit> {
        match self {
            Self::Base64 => Ok(quoted(&encode(&bytes, &STANDARD, Padding::Written))),
            Self::Base64Url => Ok(quoted(&encode(&bytes, &URL, Padding::None))),
            Self::Text => {
                let said = String::from_utf8(bytes);
                Ok(quoted(&said.map_err(|_| Unfit("bytes that are not UTF-8".to_owned()))?))
            }
            Self::Json => inner(bytes),
        }
    }
}

fn inner(bytes: Vec<u8>) -> Result<String, Unfit> {
    let text =
        String::from_utf8(bytes).map_err(|_| Unfit("bytes that are not UTF-8".to_owned()))?;
    let raw: Box<RawValue> =
        serde_json::from_str(&text).map_err(|_| Unfit("a string that holds no JSON".to_owned()))?;
    if has_double(raw.get()) {
        return Err(Unfit("JSON with a member given twice".to_owned()));
    }
    Ok(raw.get().to_owned())
}

// Depth is bounded: the reader above refuses what is nested deeper than 128.
fn has_double(text: &str) -> bool {
    if let Some(entries) = super::raw::members(text) {
        let mut names: Vec<String> = entries.iter().map(super::raw::Entry::name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        return names.len() < count || entries.iter().any(|entry| has_double(entry.value));
    }
    super::raw::items(text).is_some_and(|items| items.iter().any(|item| has_double(item)))
}

const STANDARD: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Padding {
    Written,
    None,
}

fn encode(bytes: &[u8], alphabet: &[u8; 64], padding: Padding) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4_usize {
            let sextet = word >> (18 - 6 * index) & 63;
            let letter = alphabet.get(usize::try_from(sextet).unwrap_or(0)).copied();
            if index <= group.len() {
                text.push(char::from(letter.unwrap_or(b'A')));
            } else if padding == Padding::Written {
                text.push('=');
            }
        }
    }
    text
}

// Padding may be left out; white space and other letters may not stand there.
fn decode(text: &str, alphabet: &[u8; 64]) -> Result<Vec<u8>, Unfit> {
    decoded(text, alphabet).ok_or_else(|| Unfit("a string that is not base64".to_owned()))
}

fn decoded(text: &str, alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    if body.len() % 4 == 1 || (padding > 0 && (padding > 2 || !text.len().is_multiple_of(4))) {
        return None;
    }
    let mut bytes = Vec::with_capacity(body.len() / 4 * 3 + 2);
    let (mut word, mut bits) = (0_u32, 0_u32);
    for letter in body.bytes() {
        let sextet = alphabet.iter().position(|one| *one == letter)?;
        word = word << 6 | u32::try_from(sextet).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 255).ok()?);
            word &= (1 << bits) - 1;
        }
    }
    (word == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{Embed, Form, Padding, STANDARD, URL, decode, encode};
    use crate::plan::transform::Transform;
    use crate::plan::transform::testing::{self, check, check_twin, there_and_back};

    const fn embed(from: Form, to: Form) -> Transform {
        Transform::Embed(Embed { from, to })
    }

    #[test]
    fn json_in_a_string() {
        check(
            &embed(Form::Text, Form::Json),
            &[
                (r#""{\"a\": 1.0}""#, Ok(("{\"a\": 1.0}", true))),
                (r#"" 1 ""#, Ok(("1", false))),
                ("null", Ok(("null", true))),
                (r#""{""#, Err("a string that holds no JSON")),
                (r#""{\"a\":1,\"\\u0061\":2}""#, Err("JSON with a member given twice")),
            ],
        );
        check(&embed(Form::Json, Form::Text), &[("{\"a\": 1.0}", Ok((r#""{\"a\": 1.0}""#, true)))]);
        check(&embed(Form::Json, Form::Base64), &[("[1]", Ok((r#""WzFd""#, true)))]);
    }

    #[test]
    fn base64_in_both_alphabets() {
        // RFC 4648 §10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes(), &STANDARD, Padding::Written), text);
            assert_eq!(decode(text, &STANDARD).as_deref(), Ok(bytes.as_bytes()));
        }
        for broken in ["A", "AA=", "A===", "AB==", "Zm9v\n", "Zm 9v", "=", "Zg==Zg=="] {
            assert!(decode(broken, &STANDARD).is_err(), "{broken}");
        }
        check(
            &embed(Form::Base64, Form::Base64Url),
            &[
                (r#""+/8=""#, Ok((r#""-_8""#, true))),
                (r#""+/8""#, Ok((r#""-_8""#, false))),
                (r#""-_8""#, Err("a string that is not base64")),
            ],
        );
        check(&embed(Form::Base64, Form::Text), &[(r#""/w==""#, Err("bytes that are not UTF-8"))]);
    }

    #[test]
    fn the_twin_believes_a_declared_content() {
        let text = json!({"type": "string"});
        check_twin(&embed(Form::Text, Form::Json), text.clone(), &json!(true), false);
        let said = json!({"type": "string", "contentEncoding": "base64"});
        let seen = embed(Form::Base64, Form::Base64Url);
        let schema = crate::schema::Schema::from_document(said);
        assert!(seen.takes_all(&schema.root, &schema));
        check_twin(&embed(Form::Json, Form::Text), json!({"type": "object"}), &text, true);
        check_twin(
            &embed(Form::Text, Form::Json),
            json!({"enum": ["1", "x"]}),
            &json!({"const": 1}),
            false,
        );
    }

    proptest! {
        #[test]
        fn there_and_back_again(value in testing::json()) {
            let text = value.to_string();
            for form in [Form::Text, Form::Base64, Form::Base64Url] {
                there_and_back(&embed(Form::Json, form), &embed(form, Form::Json), &text);
                for other in [Form::Text, Form::Base64, Form::Base64Url] {
                    let there = embed(Form::Json, form).apply(&text).unwrap();
                    there_and_back(&embed(form, other), &embed(other, form), &there.text);
                }
            }
        }

        #[test]
        fn bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for (alphabet, padding) in [(&STANDARD, Padding::Written), (&URL, Padding::None)] {
                prop_assert_eq!(decode(&encode(&bytes, alphabet, padding), alphabet), Ok(bytes.clone()));
            }
        }
    }
}
