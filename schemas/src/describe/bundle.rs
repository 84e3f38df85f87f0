//! The schemas of one version gathered under keys: what a reference names is translated once and shared.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jsonschema::{Draft, PatternOptions};
use serde_json::{Map, Value, json};

use super::cycles;
use super::files::{At, Files};
use super::places::Places;
use super::scope::{self, Scope, Scopes};
use super::unfold;
use crate::document::Document;
use crate::pointer::Pointer;
use crate::problem::{Place, Problem, Severity};
use crate::schema::{DEFS_PREFIX, Defs, UNRESOLVED};

/// How many references in a row are followed to a parameter, a response or a path item.
const FOLLOWED: usize = 32;

/// Gathers schemas, and what is wrong with them.
#[derive(Debug)]
pub(super) struct Bundle {
    pub(super) files: Files,
    pub(super) problems: Vec<Problem>,
    told: BTreeSet<(Place, String)>,
    limit: usize,
    /// By place and, where the place was reached with different outcomes of dynamic references, by scope.
    keys: BTreeMap<(usize, String), BTreeMap<Scope, String>>,
    copies: usize,
    taken: BTreeSet<String>,
    waiting: Vec<(At, Scope, String)>,
    scopes: Scopes,
    /// The dynamic scope of what is being translated; empty between schemas.
    pub(super) scope: Scope,
    /// How many schemas are being translated inside each other.
    pub(super) depth: usize,
    defs: BTreeMap<String, Value>,
    patterns: BTreeMap<String, bool>,
}

impl Bundle {
    pub(super) fn new(files: Files, limit: usize) -> Self {
        Self {
            files,
            problems: Vec::new(),
            told: BTreeSet::new(),
            limit,
            keys: BTreeMap::new(),
            copies: 0,
            taken: BTreeSet::new(),
            waiting: Vec::new(),
            scopes: Scopes::new(),
            scope: Scope::EMPTY,
            depth: 0,
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
        // What is shared by many operations is read once for each of them, and told once.
        if self.problems.len() < self.limit && self.told.insert((place.clone(), what.clone())) {
            let remedy = remedy.to_owned();
            self.problems.push(Problem { place, severity: Severity::Warning, what, remedy });
        }
    }

    pub(super) fn document(&self, file: usize) -> Option<Arc<Document>> {
        self.files.document(file)
    }

    /// The key of the schema at a place; the first time it is put on the list of those to translate.
    pub(super) fn key(&mut self, at: &At) -> String {
        self.keyed(at).unwrap_or_default()
    }

    // `None` when dynamic references ask for more copies than the limit allows.
    fn keyed(&mut self, at: &At) -> Option<String> {
        let scope = self.entered(self.files.resource_of(at));
        let id = (at.file, at.pointer.as_str().to_owned());
        let copies = self.keys.get(&id);
        if let Some(known) = copies.and_then(|copies| copies.get(&scope)) {
            return Some(known.clone());
        }
        if copies.is_some() {
            self.copies += 1;
            if self.copies > self.files.limits().copies {
                return None;
            }
        }
        let key = self.free_name(at);
        self.taken.insert(key.clone());
        self.keys.entry(id).or_default().insert(scope, key.clone());
        self.waiting.push((at.clone(), scope, key.clone()));
        Some(key)
    }

    /// The present scope with one more resource entered.
    pub(super) fn entered(&mut self, resource: usize) -> Scope {
        self.scopes.enter(self.scope, &self.files, resource)
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
        let target = self.files.resolve(text, at);
        self.referring(text, at, target)
    }

    /// The same for `$dynamicRef` and `$recursiveRef`, whose meaning the dynamic scope decides.
    pub(super) fn dynamic_reference(&mut self, text: &str, at: &At) -> Map<String, Value> {
        let target = self.files.resolve(text, at).map(|first| {
            let name = text.split_once('#').map_or("", |(_, fragment)| fragment);
            let resource = self.files.resource_of(&first);
            let mut anchors = self.files.dynamic_anchors(resource);
            // Only where the reference would first lead to a dynamic anchor does the scope matter.
            let dynamic = anchors.any(|(anchor, at)| anchor == name && at == first);
            let outer = dynamic.then(|| self.scopes.outermost(self.scope, name).cloned()).flatten();
            outer.unwrap_or(first)
        });
        self.referring(text, at, target)
    }

    fn referring(&mut self, text: &str, at: &At, target: Result<At, String>) -> Map<String, Value> {
        let key = target.and_then(|target| {
            self.keyed(&self.of_parameter(target)).ok_or_else(|| {
                let most = self.files.limits().copies;
                format!("the dynamic references need more than {most} copies of schemas, one of them for `{text}`")
            })
        });
        let (keyword, value) = match key {
            Ok(key) => ("$ref", format!("{DEFS_PREFIX}{key}")),
            Err(why) => {
                self.warn(at, format!("{why}; what depends on it stays undecided"), NO_REFERENCE);
                (UNRESOLVED, text.to_owned())
            }
        };
        Map::from_iter([(keyword.to_owned(), Value::String(value))])
    }

    // Authors let a schema refer to a parameter or header, and mean the schema of that.
    fn of_parameter(&self, target: At) -> At {
        let steps: Vec<String> = target.pointer.tokens().collect();
        let kind = match steps.as_slice() {
            [top, kind, _] if top == "components" => kind.as_str(),
            _ => return target,
        };
        let document = self.document(target.file);
        let found = document.as_ref().and_then(|one| one.value.pointer(target.pointer.as_str()));
        let has_schema = found.is_some_and(|one| one.get("schema").is_some());
        let is_meant = has_schema && matches!(kind, "parameters" | "headers");
        if is_meant { target.join("schema") } else { target }
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
        while let Some((at, scope, key)) = self.waiting.pop() {
            self.scope = scope;
            let translated = match self.document(at.file) {
                Some(document) => match document.value.pointer(at.pointer.as_str()) {
                    Some(value) => self.schema(value, &mut at.clone()),
                    None => Value::Bool(true),
                },
                None => Value::Bool(true),
            };
            self.defs.insert(key, translated);
        }
        self.scope = Scope::EMPTY;
        let mut defs = std::mem::take(&mut self.defs);
        if self.copies > 0 {
            let copied = self.keys.values().filter(|copies| copies.len() > 1);
            let groups: Vec<Vec<String>> =
                copied.map(|copies| copies.values().cloned().collect()).collect();
            scope::unite(&mut defs, &groups);
        }
        for key in cycles::cut(&mut defs) {
            let at = self.place_of(&key);
            let what = format!(
                "the schema `{key}` refers to itself without a step inside, which means nothing; what depends on it stays undecided"
            );
            self.warn(&at, what, "remove the reference to itself");
        }
        let most = self.files.limits().unfolded;
        for key in unfold::cut(&mut defs, most) {
            let at = self.place_of(&key);
            let what = format!(
                "the schema `{key}` unfolds into more than {most} parts for one value; what depends on it stays undecided"
            );
            self.warn(&at, what, "say less often the same, or raise the limit of unfolded parts");
        }
        self.problems.append(&mut self.files.problems);
        Defs(defs)
    }

    /// What is kept of the documents when they are not: where everything in them stands.
    pub(super) fn places(&self) -> Places {
        let each = self.keys.iter().flat_map(|((file, pointer), copies)| {
            let at = (*file, Pointer::parse(pointer).unwrap_or_default());
            copies.values().map(move |key| (key.clone(), at.clone()))
        });
        Places::new(self.files.spans(), each.collect())
    }

    fn place_of(&self, key: &str) -> At {
        let found = self.keys.iter().find(|(_, copies)| copies.values().any(|known| known == key));
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
