//! What a converted value is as a part.

use serde_json::Value;

use crate::convert::multipart::head::{Head, fresh};
use crate::plan::wire::{PartContent, PartField};

/// A part that came and was not written yet.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) number: u32,
    /// The delimiter line.
    pub(super) line: Vec<u8>,
    pub(super) head: Head,
    pub(super) content: Vec<u8>,
    /// What stands for it in the object of parts.
    pub(super) json: String,
    pub(super) kind: Kind,
}

/// How the bytes of a part are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text that is a string whatever it spells, or not.
    Text(bool),
    Json,
    File,
}

impl Held {
    pub(super) fn bytes(&self) -> usize {
        self.line.len() + self.head.raw.len() + self.content.len()
    }
}

/// A part that is ready to be written.
pub(super) struct Written {
    pub(super) head: Vec<u8>,
    pub(super) content: Vec<u8>,
    /// The content is as it came.
    pub(super) same: bool,
}

/// The part of a value, made of the part that it came in.
pub(super) fn written(
    name: &str,
    json: &[u8],
    (field, source): (Option<&PartField>, Option<Held>),
    disposition: &str,
) -> Written {
    let was_json = source.as_ref().is_some_and(|source| source.kind == Kind::Json);
    let is_json = is_json(json, field, was_json);
    let Some(source) = source else {
        let head = fresh(disposition, name, is_json.then(|| media_type(field)));
        return Written { head, content: content(json, is_json), same: false };
    };
    if source.json.as_bytes() == json && is_json == was_json {
        return Written { head: source.head.renamed(name), content: source.content, same: true };
    }
    let content = content(json, is_json);
    let head = if is_json == was_json {
        source.head.changed(name, content.len())
    } else {
        fresh(&source.head.disposition, name, is_json.then(|| media_type(field)))
    };
    Written { head, content, same: false }
}

fn is_json(json: &[u8], field: Option<&PartField>, was_json: bool) -> bool {
    let container = matches!(json.first(), Some(b'{' | b'['));
    match field.map(|field| &field.content) {
        Some(PartContent::Json(_)) => true,
        Some(PartContent::Text { .. } | PartContent::File) => container,
        Some(PartContent::Told) | None => container || was_json,
    }
}

fn media_type(field: Option<&PartField>) -> &str {
    match field.map(|field| &field.content) {
        Some(PartContent::Json(media_type)) => media_type,
        _ => "application/json",
    }
}

fn content(json: &[u8], is_json: bool) -> Vec<u8> {
    match json.first() {
        Some(b'"') if !is_json => {
            let text: Value = serde_json::from_slice(json).unwrap_or_default();
            text.as_str().unwrap_or_default().as_bytes().to_vec()
        }
        Some(b'n') if !is_json => Vec::new(),
        _ => json.to_vec(),
    }
}
