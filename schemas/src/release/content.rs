//! What a version's documents hold, as digests: one of the whole, and one of each part, so that an edit can be named.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::document::Document;
use crate::pointer::Pointer;

/// Hexadecimal digits of a part's digest. The whole is guarded by its full digest; the parts only name the edit.
const PART_DIGITS: usize = 16;
/// What a digest begins with.
const KIND: &str = "sha256:";

/// Tables whose members are parts by themselves.
const TABLES: [&str; 8] = [
    "$defs",
    "definitions",
    "paths",
    "properties",
    "responses",
    "parameters",
    "securityDefinitions",
    "webhooks",
];
/// The members of a path item that are operations (`query` since OpenAPI 3.2).
const METHODS: [&str; 9] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// The digests of a version's documents. Comments, white space, the order of members and the notation (YAML or JSON)
/// do not count; every value does, with all digits of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// `sha256:` and the SHA-256, in hexadecimal, of the canonical form ([`Document::canonical`]) of an object that
    /// has each document under its name.
    pub digest: String,
    /// The beginning of the SHA-256 of each part, by `DOCUMENT#POINTER`.
    pub parts: BTreeMap<String, String>,
}

/// One part of a release that is not as it was frozen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The document, without the ending of its name.
    pub document: String,
    /// The part of it; the root stands for what is in no part of its own.
    pub pointer: Pointer,
    /// What became of it.
    pub kind: EditKind,
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EditKind {
    /// It was not there.
    Added,
    /// It reads differently.
    Changed,
    /// It is gone.
    Removed,
}

impl EditKind {
    /// The word in messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

impl Content {
    /// Of documents by their paths below the version's directory.
    pub fn of<'d>(documents: impl IntoIterator<Item = (&'d str, &'d Document)>) -> Self {
        let named = by_name(&documents.into_iter().collect::<Vec<_>>());
        let (mut whole, mut parts) = (Sha256::new(), BTreeMap::new());
        for (index, (name, document)) in named.iter().enumerate() {
            whole.update(if index == 0 { "{" } else { "," });
            whole.update(serde_json::Value::from(name.as_str()).to_string());
            whole.update(":");
            whole.update(document.canonical());
            for (pointer, text) in document.canonical_parts(&is_apart) {
                // a path that has nothing but operations leaves nothing behind
                let is_path = ["/paths/", "/webhooks/"]
                    .iter()
                    .any(|table| pointer.as_str().starts_with(table));
                if text != b"{}" || !is_path {
                    let digest = hex(&Sha256::digest(&text));
                    let start = digest.get(..PART_DIGITS).unwrap_or(&digest);
                    parts.insert(format!("{name}#{pointer}"), start.to_owned());
                }
            }
        }
        whole.update(if named.is_empty() { "{}" } else { "}" });
        Self { digest: format!("{KIND}{}", hex(&whole.finalize())), parts }
    }

    /// What differs from the content `earlier`, whose whole digest is another one. Empty when the part that differs
    /// is too small to have a digest of its own.
    pub(super) fn edits(&self, earlier: &BTreeMap<String, String>) -> Vec<Edit> {
        let mut found = Vec::new();
        for (part, digest) in &self.parts {
            match earlier.get(part) {
                Some(known) if known == digest => {}
                Some(_) => found.extend(edit(part, EditKind::Changed)),
                None => found.extend(edit(part, EditKind::Added)),
            }
        }
        let gone = earlier.keys().filter(|part| !self.parts.contains_key(*part));
        found.extend(gone.filter_map(|part| edit(part, EditKind::Removed)));
        found.sort();
        found
    }
}

impl Edit {
    /// The part in words: `operation GET /orders`, `components/schemas/Order`, `info`.
    pub fn part(&self) -> String {
        let steps: Vec<String> = self.pointer.tokens().collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        match steps.as_slice() {
            [] => format!("the document {}", self.document),
            ["paths", path, method] => format!("operation {} {path}", method.to_ascii_uppercase()),
            ["paths", path] => format!("path {path}"),
            ["webhooks", name, ..] => format!("webhook {name}"),
            other => format!("{} of {}", other.join("/"), self.document),
        }
    }
}

/// Whether a digest is one that this room writes.
pub(super) fn is_digest(text: &str) -> bool {
    text.strip_prefix(KIND).is_some_and(|digits| digits.len() == 64 && is_hex(digits))
}

/// Whether it is the digest of a part.
pub(super) fn is_part_digest(text: &str) -> bool {
    text.len() == PART_DIGITS && is_hex(text)
}

/// A part's name in its two halves.
pub(super) fn split(part: &str) -> Option<(&str, Pointer)> {
    let cut = part.find("#/").or_else(|| part.strip_suffix('#').map(str::len))?;
    let (document, pointer) = part.split_at(cut);
    Some((document, Pointer::parse(pointer.get(1..)?)?))
}

fn edit(part: &str, kind: EditKind) -> Option<Edit> {
    let (document, pointer) = split(part)?;
    Some(Edit { document: document.to_owned(), pointer, kind })
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

// Without the ending, so that a document may be turned from YAML into JSON; with it where two would be called the same.
fn by_name<'d>(documents: &[(&'d str, &'d Document)]) -> BTreeMap<String, &'d Document> {
    let stem = |path: &'d str| match path.rsplit_once('.') {
        Some((stem, "json" | "yaml" | "yml")) if !stem.is_empty() => stem,
        _ => path,
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, _) in documents {
        *counts.entry(stem(path)).or_default() += 1;
    }
    let named = documents.iter().map(|(path, document)| {
        let plain = stem(path);
        let name = if counts.get(plain) == Some(&1) { plain } else { *path };
        (name.to_owned(), *document)
    });
    named.collect()
}

// What a reader calls by a name: operations, components, properties. The rest of a document is one part.
fn is_apart(steps: &[&str]) -> bool {
    match steps {
        ["paths" | "webhooks", _, member] => METHODS.contains(member),
        ["info" | "servers" | "tags" | "security"] | ["components", _, _] => true,
        [table, _] => TABLES.contains(table),
        [method] => METHODS.contains(method),
        _ => false,
    }
}
