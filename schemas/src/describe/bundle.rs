//! The schemas of one version gathered under keys: what a reference names is translated once and shared.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jsonschema::{Draft, PatternOptions};
use serde_json::{Map, Value, json};

use super::cycles;
use super::files::{At, Files};
use super::places::Places;
use crate::document::Document;
use crate::pointer::Pointer;
use crate::problem::{Place, Problem, Severity};
use crate::schema::{DEFS_PREFIX, Defs};

/// What stands for a schema that cannot be read: everything is valid, and this keyword says why.
pub(super) const UNRESOLVED: &str = "x-unresolved";

/// How many references in a row are followed to a parameter, a response or a path item.
const FOLLOWED: usize = 32;

/// Gathers schemas, and what is wrong with them.
#[derive(Debug)]
pub(super) struct Bundle {
    pub(super) files: Files,
    pub(super) problems: Vec<Problem>,
    limit: usize,
    keys: BTreeMap<(usize, String), String>,
    taken: BTreeSet<String>,
    waiting: Vec<(At, String)>,
    defs: BTreeMap<String, Value>,
    patterns: BTreeMap<String, bool>,
}

impl Bundle {
    pub(super) const fn new(files: Files, limit: usize) -> Self {
        Self {
            files,
            problems: Vec::new(),
            limit,
            keys: BTreeMap::new(),
            taken: BTreeSet::new(),
            waiting: Vec::new(),
            defs: BTreeMap::new(),
            patterns: BTreeMap::new(),
        }
    }

    /// Notes that something at `at` is read in another way than written, or not at all.
    pub(super) fn warn(&mut self, at: &At, what: String, remedy: &str) {
        if self.problems.len() < self.limit {
            self.warn_at(self.files.place(at), what, remedy);
        }
    }

    /// The same for a place already known.
    pub(super) fn warn_at(&mut self, place: Place, what: String, remedy: &str) {
        if self.problems.len() < self.limit {
            let remedy = remedy.to_owned();
            self.problems.push(Problem { place, severity: Severity::Warning, what, remedy });
        }
    }

    pub(super) fn document(&self, file: usize) -> Option<Arc<Document>> {
        self.files.document(file)
    }

    /// The key of the schema at a place; the first time it is put on the list of those to translate.
    pub(super) fn key(&mut self, at: &At) -> String {
        let id = (at.file, at.pointer.as_str().to_owned());
        if let Some(known) = self.keys.get(&id) {
            return known.clone();
        }
        let key = self.free_name(at);
        self.taken.insert(key.clone());
        self.keys.insert(id, key.clone());
        self.waiting.push((at.clone(), key.clone()));
        key
    }

    fn free_name(&self, at: &At) -> String {
        let stem = self.files.get(at.file).map_or("", |file| file_stem(&file.path));
        let tokens: Vec<String> = at.pointer.tokens().collect();
        let named: &[String] = match tokens.as_slice() {
            [kind, name @ ..] if !name.is_empty() && (kind == "definitions" || kind == "$defs") => {
                name
            }
            [top, kind, name @ ..]
                if !name.is_empty() && top == "components" && kind == "schemas" =>
            {
                name
            }
            all => all,
        };
        let plain = sanitised(&named.join("."));
        let plain = if plain.is_empty() { sanitised(stem) } else { plain };
        if !self.taken.contains(&plain) && !plain.is_empty() {
            return plain;
        }
        let prefixed = format!("{}.{plain}", sanitised(stem));
        if !self.taken.contains(&prefixed) {
            return prefixed;
        }
        let mut number = 2_usize;
        while self.taken.contains(&format!("{prefixed}.{number}")) {
            number += 1;
        }
        format!("{prefixed}.{number}")
    }

    /// A schema that refers to what `text` names, or one that stands for an unreadable reference.
    pub(super) fn reference(&mut self, text: &str, at: &At) -> Map<String, Value> {
        let mut schema = Map::new();
        match self.files.resolve(text, at) {
            Ok(target) => {
                let key = self.key(&target);
                schema.insert("$ref".to_owned(), Value::String(format!("{DEFS_PREFIX}{key}")));
            }
            Err(why) => {
                self.warn(at, format!("{why}; everything is accepted there"), NO_REFERENCE);
                schema.insert(UNRESOLVED.to_owned(), Value::String(text.to_owned()));
            }
        }
        schema
    }

    /// The object at `at`, or the one its `$ref` leads to; what stands beside the `$ref` is ignored.
    pub(super) fn follow<'v>(&mut self, value: &'v Value, at: &At) -> Option<(Cow<'v, Value>, At)> {
        self.walk(value, at, false)
    }

    /// The same for a path item, where what stands beside the `$ref` wins over what it leads to.
    pub(super) fn follow_item<'v>(
        &mut self,
        value: &'v Value,
        at: &At,
    ) -> Option<(Cow<'v, Value>, At)> {
        self.walk(value, at, true)
    }

    fn walk<'v>(
        &mut self,
        value: &'v Value,
        at: &At,
        merges: bool,
    ) -> Option<(Cow<'v, Value>, At)> {
        let (mut value, mut at) = (Cow::Borrowed(value), at.clone());
        for _ in 0..FOLLOWED {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                if value.is_object() {
                    return Some((value, at));
                }
                self.warn(&at, "expected an object; it is left out".to_owned(), "write an object");
                return None;
            };
            let target = match self.files.resolve(reference, &at) {
                Ok(target) => target,
                Err(why) => {
                    self.warn(&at.join("$ref"), format!("{why}; it is left out"), NO_REFERENCE);
                    return None;
                }
            };
            let document = self.document(target.file)?;
            let mut found = document.value.pointer(target.pointer.as_str())?.clone();
            if let (true, Some(siblings), Some(members)) =
                (merges, value.as_object(), found.as_object_mut())
            {
                let own = siblings.iter().filter(|(key, _)| *key != "$ref");
                members.extend(own.map(|(key, value)| (key.clone(), value.clone())));
            }
            (value, at) = (Cow::Owned(found), target);
        }
        self.warn(&at, "references go round in a circle; it is left out".to_owned(), NO_REFERENCE);
        None
    }

    /// Translates everything referred to, until nothing new is.
    pub(super) fn finish(&mut self) -> Defs {
        while let Some((at, key)) = self.waiting.pop() {
            let translated = match self.document(at.file) {
                Some(document) => match document.value.pointer(at.pointer.as_str()) {
                    Some(value) => self.schema(value, &mut at.clone()),
                    None => Value::Bool(true),
                },
                None => Value::Bool(true),
            };
            self.defs.insert(key, translated);
        }
        let mut defs = std::mem::take(&mut self.defs);
        for key in cycles::cut(&mut defs) {
            let at = self.place_of(&key);
            let what = format!(
                "the schema `{key}` refers to itself without a step inside; the reference counts as `true`"
            );
            self.warn(&at, what, "remove the reference to itself");
        }
        Defs(defs)
    }

    /// What is kept of the documents when they are not: where everything in them stands.
    pub(super) fn places(&self) -> Places {
        let each = self.keys.iter().filter_map(|((file, pointer), key)| {
            Some((key.clone(), (*file, Pointer::parse(pointer)?)))
        });
        Places::new(self.files.spans(), each.collect())
    }

    fn place_of(&self, key: &str) -> At {
        let found = self.keys.iter().find(|(_, known)| *known == key);
        let at = found.and_then(|((file, pointer), _)| {
            let pointer = Pointer::parse(pointer)?;
            Some(At { file: *file, pointer })
        });
        at.unwrap_or_else(|| At::root(0))
    }

    /// Whether the engine that runs in linear time can run a pattern.
    pub(super) fn compiles(&mut self, pattern: &str) -> bool {
        if let Some(known) = self.patterns.get(pattern) {
            return *known;
        }
        let built = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .build(&json!({ "pattern": pattern }))
            .is_ok();
        self.patterns.insert(pattern.to_owned(), built);
        built
    }
}

const NO_REFERENCE: &str = "correct it, or copy what it names into the version's directory";

fn file_stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Only letters, digits, `.`, `_` and `-`, so that a reference needs no escape.
pub(super) fn sanitised(name: &str) -> String {
    let letter = |letter: char| {
        let plain = letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
        if plain { letter } else { '_' }
    };
    name.chars().map(letter).collect()
}
