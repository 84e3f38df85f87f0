//! The schema resources inside a document: what they are called, their dialects and their anchors.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::dialect::Dialect;
use super::keywords::{Below, below};
use super::reference::{self, DIRECTORY};
use crate::pointer::Pointer;

/// The name under which a resource with `$recursiveAnchor: true` stands among the dynamic anchors: no anchor has it.
pub(super) const RECURSIVE: &str = "";

/// A schema with a URI of its own (JSON Schema 2020-12 §9.1), or a whole document.
#[derive(Debug)]
pub(super) struct Resource {
    /// Its URI, and what relative references inside it are relative to.
    pub(super) uri: String,
    /// Where in the document it begins.
    pub(super) pointer: Pointer,
    pub(super) dialect: Dialect,
    /// Schemas named by `$anchor`, `$dynamicAnchor` or, before 2019-09, by an id of only a fragment.
    pub(super) anchors: BTreeMap<String, Pointer>,
    /// Those that `$dynamicRef` and `$recursiveRef` look for.
    pub(super) dynamic: BTreeMap<String, Pointer>,
}

/// What a document holds besides its values.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The document itself first.
    pub(super) resources: Vec<Resource>,
    /// Places whose `$schema` names no dialect that is known.
    pub(super) unknown: Vec<(Pointer, String)>,
}

/// Looks through a document that is called `uri`, in `dialect` where it does not say otherwise.
pub(super) fn find(document: &Value, uri: &str, dialect: Dialect) -> Found {
    let mut finder = Finder { found: Found::default(), pointer: Pointer::root() };
    finder.add(uri.to_owned(), dialect);
    if dialect.is_api() {
        finder.anywhere(document, 0);
    } else {
        finder.schema(document, 0);
    }
    finder.found
}

struct Finder {
    found: Found,
    pointer: Pointer,
}

impl Finder {
    fn add(&mut self, uri: String, dialect: Dialect) -> usize {
        let pointer = self.pointer.clone();
        let (anchors, dynamic) = (BTreeMap::new(), BTreeMap::new());
        self.found.resources.push(Resource { uri, pointer, dialect, anchors, dynamic });
        self.found.resources.len() - 1
    }

    fn dialect(&self, resource: usize) -> Dialect {
        self.found.resources.get(resource).map_or(Dialect::Draft2020, |resource| resource.dialect)
    }

    // The names a schema object gives itself; the resource that it is in, or is.
    fn names(&mut self, members: &Map<String, Value>, outer: usize) -> usize {
        let said = members.get("$schema").and_then(Value::as_str);
        let mut dialect = self.dialect(outer);
        if let Some(said) = said {
            match Dialect::named(said) {
                Some(known) if !dialect.is_api() || !self.pointer.is_root() => dialect = known,
                Some(_) => {}
                None => self.found.unknown.push((self.pointer.clone(), said.to_owned())),
            }
        }
        let hidden = members.contains_key("$ref") && !dialect.counts_siblings();
        // OpenAPI 3.2 §4.1.1: what others call the whole document.
        let whole = self.pointer.is_root() && members.contains_key("openapi");
        let keyword = if whole { Some("$self") } else { dialect.id() };
        let id = keyword.and_then(|keyword| members.get(keyword)).and_then(Value::as_str);
        let id = id.filter(|_| !hidden);
        let mut resource = outer;
        if let Some(id) = id {
            resource = self.id(id, outer, dialect);
        } else if self.dialect(outer).is_api() && dialect != self.dialect(outer) {
            // OpenAPI 3.1 lets each schema say its dialect, with or without a name of its own.
            let uri = self.found.resources.get(outer).map(|outer| outer.uri.clone());
            resource = self.add(uri.unwrap_or_default(), dialect);
        }
        if self.pointer.is_root()
            && let Some(root) = self.found.resources.first_mut()
        {
            root.dialect = dialect;
        }
        if dialect.has(Dialect::Draft2019) {
            self.anchors(members, resource, dialect);
        }
        resource
    }

    fn anchors(&mut self, members: &Map<String, Value>, resource: usize, dialect: Dialect) {
        let pointer = self.pointer.clone();
        let Some(resource) = self.found.resources.get_mut(resource) else { return };
        let text = |keyword: &str| members.get(keyword).and_then(Value::as_str).map(str::to_owned);
        if let Some(name) = text("$anchor") {
            resource.anchors.entry(name).or_insert_with(|| pointer.clone());
        }
        if dialect == Dialect::Draft2019 {
            let recursive = members.get("$recursiveAnchor") == Some(&Value::Bool(true));
            if recursive && resource.pointer == pointer {
                resource.dynamic.insert(RECURSIVE.to_owned(), pointer);
            }
        } else if let Some(name) = text("$dynamicAnchor").filter(|name| name != RECURSIVE) {
            resource.anchors.entry(name.clone()).or_insert_with(|| pointer.clone());
            resource.dynamic.entry(name).or_insert(pointer);
        }
    }

    // Before 2019-09 an id may be, or end in, an anchor.
    fn id(&mut self, id: &str, outer: usize, dialect: Dialect) -> usize {
        let base = self.found.resources.get(outer).map_or("", |resource| resource.uri.as_str());
        let absolute = reference::join(base, id);
        let is_anchor = id.starts_with('#');
        // A relative name at a file's own root would only hide where the file lies.
        let hides = self.pointer.is_root() && absolute.uri.starts_with(DIRECTORY);
        let resource = if is_anchor || hides {
            outer
        } else if self.pointer.is_root() {
            if let Some(root) = self.found.resources.first_mut() {
                root.uri.clone_from(&absolute.uri);
            }
            outer
        } else {
            self.add(absolute.uri, dialect)
        };
        let names = !absolute.fragment.is_empty() && !absolute.fragment.starts_with('/');
        if names && let Some(named) = self.found.resources.get_mut(resource) {
            named.anchors.entry(absolute.fragment).or_insert_with(|| self.pointer.clone());
        }
        resource
    }

    fn schema(&mut self, value: &Value, outer: usize) {
        let Value::Object(members) = value else { return };
        let resource = self.names(members, outer);
        let dialect = self.dialect(resource);
        for (keyword, inner) in members {
            let Some(below) = below(keyword, dialect) else { continue };
            self.pointer.push(keyword);
            match (below, inner) {
                (Below::Members | Below::Dependencies, Value::Object(members)) => {
                    for (name, inner) in members {
                        self.step(name, |finder| finder.schema(inner, resource));
                    }
                }
                (Below::List | Below::OneOrList, Value::Array(items)) => {
                    for (index, inner) in items.iter().enumerate() {
                        self.step(&index.to_string(), |finder| finder.schema(inner, resource));
                    }
                }
                (Below::One | Below::OneOrList, inner) => self.schema(inner, resource),
                _ => {}
            }
            self.pointer.pop();
        }
    }

    // An API description has schemas under many names; only what is data is passed over.
    fn anywhere(&mut self, value: &Value, outer: usize) {
        match value {
            Value::Object(members) => {
                let resource = self.names(members, outer);
                for (key, inner) in members {
                    let data = ["example", "examples", "default", "enum", "const"];
                    if !data.contains(&key.as_str()) {
                        self.step(key, |finder| finder.anywhere(inner, resource));
                    }
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    self.step(&index.to_string(), |finder| finder.anywhere(inner, outer));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn step(&mut self, token: &str, walk: impl FnOnce(&mut Self)) {
        self.pointer.push(token);
        walk(self);
        self.pointer.pop();
    }
}
