//! A document as parsed: its value, its places and its warnings.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::scribe::Scribe;
use super::spans::Spans;
use super::{json, yaml};
use crate::pointer::Pointer;
use crate::problem::{Place, Problem};

/// How large and how deep a file may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentLimits {
    /// Bytes of the file, and again bytes of text that aliases may repeat. Default 64 MiB.
    pub bytes: usize,
    /// How deep objects and arrays may nest, after aliases are expanded. Default 128.
    pub depth: usize,
    /// Values in the document, each copy an alias makes counted again. Default 5,000,000.
    pub nodes: usize,
    /// How many problems are reported before the rest is left out. Default 200.
    pub problems: usize,
    /// Whether a duplicate key is an error, as configuration wants it. Default `false`: a warning, the last wins.
    pub strict: bool,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 128, nodes: 5_000_000, problems: 200, strict: false }
    }
}

impl DocumentLimits {
    /// The defaults, with duplicate keys refused.
    pub fn strict() -> Self {
        Self { strict: true, ..Self::default() }
    }
}

/// A file's value, and where in the file each part of it stands.
#[derive(Clone, Debug)]
pub struct Document {
    /// The name the user knows the file by.
    pub name: Arc<str>,
    /// The value.
    pub value: Value,
    spans: Arc<Spans>,
    problems: Vec<Problem>,
    inexact: BTreeMap<String, Box<str>>,
}

impl Document {
    /// Reads a file: JSON when the name ends in `.json`, YAML when it ends in `.yaml` or `.yml`, else whichever
    /// of the two it is. An error holds everything found wrong until the reader could not go on.
    pub fn parse(name: &str, text: &[u8], limits: &DocumentLimits) -> Result<Self, Vec<Problem>> {
        let name: Arc<str> = Arc::from(name);
        let mut scribe = Scribe::new(&name, limits);
        let Some(text) = scribe.text(text) else { return Err(scribe.problems) };
        let read = match Notation::of(&name, text) {
            Notation::Json => json::read(text, &mut scribe),
            Notation::Yaml => yaml::read(text, &mut scribe),
            Notation::Either => json::read(text, &mut scribe).or_else(|| {
                scribe = Scribe::new(&name, limits);
                yaml::read(text, &mut scribe)
            }),
        };
        match read {
            Some(value) if !scribe.failed() => {
                let spans = Arc::new(scribe.spans);
                let (problems, inexact) = (scribe.problems, scribe.inexact);
                Ok(Self { name, value, spans, problems, inexact })
            }
            _ => Err(scribe.problems),
        }
    }

    /// A value that comes from no file: its places have no lines.
    pub fn from_value(name: &str, value: Value) -> Self {
        let (spans, problems, inexact) = (Arc::default(), Vec::new(), BTreeMap::new());
        Self { name: Arc::from(name), value, spans, problems, inexact }
    }

    /// Where the value at `pointer` begins; where there is none, where its nearest parent does. The pointer of
    /// the place is the one asked for.
    pub fn place(&self, pointer: &Pointer) -> Place {
        let (line, column) = self.spans.value(self.spans.nearest(pointer).0);
        Place { file: Arc::clone(&self.name), line, column, pointer: pointer.clone() }
    }

    /// The same, but where the name of the member is written.
    pub fn label(&self, pointer: &Pointer) -> Place {
        let (line, column) = self.spans.label(self.spans.nearest(pointer).0);
        Place { file: Arc::clone(&self.name), line, column, pointer: pointer.clone() }
    }

    /// The places of all values, to be kept when the value no longer is.
    pub(crate) const fn spans(&self) -> &Arc<Spans> {
        &self.spans
    }

    /// Numbers of which a double does not hold all digits, in their canonical form, by pointer.
    pub(super) const fn inexact(&self) -> &BTreeMap<String, Box<str>> {
        &self.inexact
    }

    /// What was odd, but read all the same.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

enum Notation {
    Json,
    Yaml,
    Either,
}

impl Notation {
    fn of(name: &str, text: &str) -> Self {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        match ending.as_str() {
            "json" => Self::Json,
            "yaml" | "yml" => Self::Yaml,
            _ if text.trim_start().starts_with(['{', '[']) => Self::Either,
            _ => Self::Yaml,
        }
    }
}
