//! The documents of one version's directory, opened as references name them and never beyond it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Limits;
use super::dialect::Dialect;
use super::model::SourceFile;
use super::reference::{self, Absolute, DIRECTORY};
use super::source::{Source, Unread};
use crate::document::{Document, Spans};
use crate::pointer::Pointer;
use crate::problem::{Place, Problem, Severity};

/// A place in one of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) file: usize,
    pub(super) pointer: Pointer,
}

impl At {
    pub(super) const fn root(file: usize) -> Self {
        Self { file, pointer: Pointer::root() }
    }

    /// A step further in.
    pub(super) fn join(&self, token: &str) -> Self {
        Self { file: self.file, pointer: self.pointer.join(token) }
    }
}

/// One opened file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) document: Arc<Document>,
    pub(super) dialect: Dialect,
    /// Its path below the directory, `/` between the steps.
    pub(super) path: String,
    /// The URIs that schemas inside it give themselves, by pointer.
    bases: BTreeMap<String, String>,
}

/// The opened files, and what the schemas in them are called.
#[derive(Debug)]
pub(super) struct Files {
    source: Box<dyn Source>,
    limits: Limits,
    list: Vec<File>,
    by_path: BTreeMap<String, usize>,
    ids: BTreeMap<String, At>,
    anchors: BTreeMap<(String, String), At>,
    bytes: usize,
}

impl Files {
    pub(super) fn new(source: Box<dyn Source>, limits: &Limits) -> Self {
        Self {
            source,
            limits: limits.clone(),
            list: Vec::new(),
            by_path: BTreeMap::new(),
            ids: BTreeMap::new(),
            anchors: BTreeMap::new(),
            bytes: 0,
        }
    }

    pub(super) fn get(&self, file: usize) -> Option<&File> {
        self.list.get(file)
    }

    /// All that were opened, in that order.
    pub(super) fn all(&self) -> Vec<SourceFile> {
        let of = |file: &File| SourceFile {
            path: file.path.clone(),
            document: Arc::clone(&file.document),
        };
        self.list.iter().map(of).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn dialect(&self, file: usize) -> Dialect {
        self.get(file).map_or(Dialect::Modern, |file| file.dialect)
    }

    pub(super) fn document(&self, file: usize) -> Option<Arc<Document>> {
        self.get(file).map(|file| Arc::clone(&file.document))
    }

    pub(super) fn place(&self, at: &At) -> Place {
        match self.get(at.file) {
            Some(file) => file.document.label(&at.pointer),
            None => Place { file: Arc::from(""), line: 0, column: 0, pointer: at.pointer.clone() },
        }
    }

    /// The names and places of all files, in their order.
    pub(super) fn spans(&self) -> Vec<(Arc<str>, Arc<Spans>)> {
        let each = self.list.iter().map(|file| &file.document);
        each.map(|one| (Arc::clone(&one.name), Arc::clone(one.spans()))).collect()
    }

    /// Opens a file by its path below the directory, once.
    pub(super) fn open(&mut self, path: &str, dialect: Dialect) -> Result<usize, Vec<Problem>> {
        if let Some(known) = self.by_path.get(path) {
            return Ok(*known);
        }
        let name = self.source.name(path);
        if self.list.len() >= self.limits.files {
            let what = format!("the version has more than {} files", self.limits.files);
            return Err(vec![file_problem(&name, what, "raise the limit of files")]);
        }
        let read = self.source.read(path, self.limits.document.bytes);
        let text = read.map_err(|why| vec![unread_problem(&name, why)])?;
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > self.limits.bytes {
            let what =
                format!("the files of the version have more than {} bytes", self.limits.bytes);
            return Err(vec![file_problem(&name, what, "raise the limit of bytes")]);
        }
        let document = Document::parse(&name, &text, &self.limits.document)?;
        Ok(self.add(path, document, dialect))
    }

    fn add(&mut self, path: &str, document: Document, inherited: Dialect) -> usize {
        let index = self.list.len();
        let dialect = Dialect::of(&document.value).unwrap_or(inherited);
        let mut names = Names { dialect, found: Vec::new() };
        names.collect(&document.value, &mut Pointer::root(), &format!("{DIRECTORY}/{path}"));
        let mut bases = BTreeMap::new();
        for (uri, anchor, pointer) in names.found {
            let at = At { file: index, pointer };
            if let Some(anchor) = anchor {
                self.anchors.entry((uri, anchor)).or_insert(at);
            } else {
                bases.insert(at.pointer.as_str().to_owned(), uri.clone());
                self.ids.entry(uri).or_insert(at);
            }
        }
        let file = File { document: Arc::new(document), dialect, path: path.to_owned(), bases };
        self.list.push(file);
        self.by_path.insert(path.to_owned(), index);
        index
    }

    /// The URI of the resource a place belongs to.
    fn base(&self, at: &At) -> String {
        let Some(file) = self.get(at.file) else { return String::new() };
        if !file.bases.is_empty() {
            let mut pointer = at.pointer.clone();
            loop {
                if let Some(uri) = file.bases.get(pointer.as_str()) {
                    return uri.clone();
                }
                if pointer.is_root() {
                    break;
                }
                pointer.pop();
            }
        }
        format!("{DIRECTORY}/{}", file.path)
    }

    /// What a reference at `at` names; the message says why when there is nothing.
    pub(super) fn resolve(&mut self, text: &str, at: &At) -> Result<At, String> {
        let Absolute { uri, fragment } = reference::join(&self.base(at), text);
        if text.starts_with('/') && uri.starts_with(DIRECTORY) {
            return Err(format!(
                "the reference `{text}` is an absolute path, which is not followed"
            ));
        }
        let resource = match self.ids.get(&uri) {
            Some(known) => known.clone(),
            None => {
                self.resource(&uri, text, at).or_else(|why| self.beside(text, at).ok_or(why))?
            }
        };
        let target = if fragment.is_empty() {
            resource
        } else if fragment.starts_with('/') {
            At { pointer: joined(&resource.pointer, &fragment), ..resource }
        } else {
            let named = self.anchors.get(&(uri, fragment.clone())).cloned();
            named.ok_or_else(|| format!("the reference `{text}` names no anchor `{fragment}`"))?
        };
        let exists = self
            .get(target.file)
            .is_some_and(|file| file.document.value.pointer(target.pointer.as_str()).is_some());
        if exists { Ok(target) } else { Err(format!("the reference `{text}` leads nowhere")) }
    }

    // A file that calls itself `http://…/a.json` and names `b.json` means, on disk, the file beside it.
    fn beside(&mut self, text: &str, at: &At) -> Option<At> {
        let own = format!("{DIRECTORY}/{}", self.get(at.file)?.path);
        let path = reference::inside(&reference::join(&own, text).uri)?;
        self.open(&path, self.dialect(at.file)).ok().map(At::root)
    }

    fn resource(&mut self, uri: &str, text: &str, at: &At) -> Result<At, String> {
        if !uri.starts_with(DIRECTORY) {
            return Err(format!("the reference `{text}` is remote, which is not followed"));
        }
        let Some(path) = reference::inside(uri) else {
            return Err(format!("the reference `{text}` leads out of the version's directory"));
        };
        let opened = self.open(&path, self.dialect(at.file));
        opened.map(At::root).map_err(|problems| {
            let why = problems.first().map_or_else(String::new, |problem| problem.what.clone());
            format!("the reference `{text}` cannot be followed: {why}")
        })
    }
}

/// Collects the URIs and anchors by which schemas of a file can be named.
struct Names {
    dialect: Dialect,
    found: Vec<(String, Option<String>, Pointer)>,
}

impl Names {
    fn collect(&mut self, value: &Value, pointer: &mut Pointer, base: &str) {
        match value {
            Value::Object(members) => {
                let own = self
                    .dialect
                    .id()
                    .and_then(|keyword| members.get(keyword))
                    .and_then(Value::as_str);
                let mut base = base.to_owned();
                if let Some(id) = own {
                    base = self.id(id, pointer, &base);
                }
                for keyword in ["$anchor", "$dynamicAnchor"] {
                    if let Some(Value::String(anchor)) = members.get(keyword) {
                        self.found.push((base.clone(), Some(anchor.clone()), pointer.clone()));
                    }
                }
                for (key, inner) in members {
                    if matches!(key.as_str(), "example" | "examples" | "default" | "enum" | "const")
                    {
                        continue;
                    }
                    pointer.push(key);
                    self.collect(inner, pointer, &base);
                    pointer.pop();
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    pointer.push(&index.to_string());
                    self.collect(inner, pointer, base);
                    pointer.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    // Before 2019-09 an id of only a fragment is an anchor.
    fn id(&mut self, id: &str, pointer: &Pointer, base: &str) -> String {
        if let Some(anchor) = id.strip_prefix('#') {
            if !anchor.is_empty() {
                self.found.push((base.to_owned(), Some(anchor.to_owned()), pointer.clone()));
            }
            return base.to_owned();
        }
        let absolute = reference::join(base, id);
        // A relative name at a file's own root would only hide where the file lies.
        let hides = pointer.is_root() && absolute.uri.starts_with(DIRECTORY);
        if hides {
            return base.to_owned();
        }
        self.found.push((absolute.uri.clone(), None, pointer.clone()));
        absolute.uri
    }
}

fn joined(base: &Pointer, fragment: &str) -> Pointer {
    Pointer::parse(&format!("{base}{fragment}")).unwrap_or_default()
}

/// A problem of a file that cannot be read.
pub(super) fn unread_problem(name: &str, why: Unread) -> Problem {
    file_problem(name, why.what, &why.remedy)
}

/// A problem of a whole file.
pub(super) fn file_problem(name: &str, what: String, remedy: &str) -> Problem {
    let place = Place { file: Arc::from(name), line: 0, column: 0, pointer: Pointer::root() };
    Problem { place, severity: Severity::Error, what, remedy: remedy.to_owned() }
}
