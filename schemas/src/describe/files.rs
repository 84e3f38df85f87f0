//! The documents of one version's directory, opened as references name them and never beyond it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Limits;
use super::dialect::Dialect;
use super::metaschemas;
use super::model::SourceFile;
use super::reference::{self, Absolute, DIRECTORY};
use super::resources::{self, Resource};
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
    /// The schema resources inside it, by pointer.
    resources: BTreeMap<String, usize>,
}

/// The opened files, and what the schemas in them are called.
#[derive(Debug)]
pub(super) struct Files {
    source: Box<dyn Source>,
    limits: Limits,
    list: Vec<File>,
    by_path: BTreeMap<String, usize>,
    /// All schema resources, with the file each is in.
    resources: Vec<(usize, Resource)>,
    ids: BTreeMap<String, usize>,
    bytes: usize,
    /// What is odd about the dialects of the files.
    pub(super) problems: Vec<Problem>,
}

impl Files {
    pub(super) fn new(source: Box<dyn Source>, limits: &Limits) -> Self {
        Self {
            source,
            limits: limits.clone(),
            list: Vec::new(),
            by_path: BTreeMap::new(),
            resources: Vec::new(),
            ids: BTreeMap::new(),
            bytes: 0,
            problems: Vec::new(),
        }
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn get(&self, file: usize) -> Option<&File> {
        self.list.get(file)
    }

    /// All that were opened, in that order; the metaschemas are nobody's files.
    pub(super) fn all(&self) -> Vec<SourceFile> {
        let of = |file: &File| SourceFile {
            path: file.path.clone(),
            document: Arc::clone(&file.document),
        };
        self.list.iter().filter(|file| self.by_path.contains_key(&file.path)).map(of).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn dialect(&self, file: usize) -> Dialect {
        self.get(file).map_or(Dialect::Draft2020, |file| file.dialect)
    }

    /// The dialect of the schema at a place.
    pub(super) fn dialect_at(&self, at: &At) -> Dialect {
        self.resource(self.resource_of(at))
            .map_or_else(|| self.dialect(at.file), |(_, found)| found.dialect)
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

    /// Takes in a document that is called `path`, in `inherited` where it does not say otherwise.
    pub(super) fn add(&mut self, path: &str, document: Document, inherited: Dialect) -> usize {
        let uri = format!("{DIRECTORY}/{path}");
        self.add_as(path, &uri, document, inherited)
    }

    fn add_as(&mut self, path: &str, uri: &str, document: Document, inherited: Dialect) -> usize {
        let index = self.list.len();
        let dialect = Dialect::of(&document.value).unwrap_or(inherited);
        let found = resources::find(&document.value, uri, dialect);
        for (pointer, name) in found.unknown {
            let what =
                format!("the dialect `{name}` is not known; it is read as {}", dialect.name());
            let remedy = "name a draft of JSON Schema in `$schema`".to_owned();
            let place = document.place(&pointer.join("$schema"));
            self.problems.push(Problem { place, severity: Severity::Warning, what, remedy });
        }
        self.ids.entry(uri.to_owned()).or_insert(self.resources.len());
        let mut inside = BTreeMap::new();
        for resource in found.resources {
            let number = self.resources.len();
            inside.insert(resource.pointer.as_str().to_owned(), number);
            self.ids.entry(resource.uri.clone()).or_insert(number);
            self.resources.push((index, resource));
        }
        let file = File {
            document: Arc::new(document),
            dialect,
            path: path.to_owned(),
            resources: inside,
        };
        self.list.push(file);
        if uri.starts_with(DIRECTORY) {
            self.by_path.insert(path.to_owned(), index);
        }
        index
    }

    fn resource(&self, number: usize) -> Option<&(usize, Resource)> {
        self.resources.get(number)
    }

    /// The number of the schema resource that a place belongs to.
    pub(super) fn resource_of(&self, at: &At) -> usize {
        let Some(file) = self.get(at.file) else { return usize::MAX };
        if file.resources.len() > 1 {
            let mut pointer = at.pointer.clone();
            while !pointer.is_root() {
                if let Some(number) = file.resources.get(pointer.as_str()) {
                    return *number;
                }
                pointer.pop();
            }
        }
        file.resources.get("").copied().unwrap_or(usize::MAX)
    }

    /// The resource that begins at a place.
    pub(super) fn resource_at(&self, at: &At) -> Option<usize> {
        self.get(at.file)?.resources.get(at.pointer.as_str()).copied()
    }

    /// The dynamic anchors of a resource, with their places.
    pub(super) fn dynamic_anchors(&self, number: usize) -> impl Iterator<Item = (&str, At)> {
        self.resource(number).into_iter().flat_map(|(file, resource)| {
            let at = |pointer: &Pointer| At { file: *file, pointer: pointer.clone() };
            resource.dynamic.iter().map(move |(name, pointer)| (name.as_str(), at(pointer)))
        })
    }

    /// What a reference at `at` names; the message says why when there is nothing.
    pub(super) fn resolve(&mut self, text: &str, at: &At) -> Result<At, String> {
        let own = self.resource_of(at);
        let base = self.resource(own).map_or_else(String::new, |(_, found)| found.uri.clone());
        let Absolute { uri, fragment } = reference::join(&base, text);
        if text.starts_with('/') && uri.starts_with(DIRECTORY) {
            return Err(format!(
                "the reference `{text}` is an absolute path, which is not followed"
            ));
        }
        // What has only a fragment stays in its resource, even where another one claims the same name.
        let known = if text.is_empty() || text.starts_with('#') {
            self.own_root(own).or_else(|| self.ids.get(&uri).copied())
        } else {
            self.ids.get(&uri).copied()
        };
        let number = match known {
            Some(known) => known,
            None => {
                self.elsewhere(&uri, text, at).or_else(|why| self.beside(text, at).ok_or(why))?
            }
        };
        let Some((file, resource)) = self.resource(number) else {
            return Err(format!("the reference `{text}` leads nowhere"));
        };
        let file = *file;
        let pointer = if fragment.is_empty() {
            resource.pointer.clone()
        } else if fragment.starts_with('/') {
            joined(&resource.pointer, &fragment)
        } else {
            let named = resource.anchors.get(&fragment).cloned();
            named.ok_or_else(|| format!("the reference `{text}` names no anchor `{fragment}`"))?
        };
        let target = At { file, pointer };
        let exists = self
            .get(target.file)
            .is_some_and(|file| file.document.value.pointer(target.pointer.as_str()).is_some());
        if exists { Ok(target) } else { Err(format!("the reference `{text}` leads nowhere")) }
    }

    // A schema of an API description that only says its dialect has the document's name.
    fn own_root(&self, number: usize) -> Option<usize> {
        let (file, resource) = self.resource(number)?;
        let root = self.get(*file)?.resources.get("").copied()?;
        let (_, document) = self.resource(root)?;
        Some(if document.uri == resource.uri { root } else { number })
    }

    // A file that calls itself `http://…/a.json` and names `b.json` means, on disk, the file beside it.
    fn beside(&mut self, text: &str, at: &At) -> Option<usize> {
        let own = format!("{DIRECTORY}/{}", self.get(at.file)?.path);
        let path = reference::inside(&reference::join(&own, text).uri)?;
        let file = self.open(&path, self.dialect(at.file)).ok()?;
        self.resource_at(&At::root(file))
    }

    fn elsewhere(&mut self, uri: &str, text: &str, at: &At) -> Result<usize, String> {
        let nowhere = || format!("the reference `{text}` leads nowhere");
        if !uri.starts_with(DIRECTORY) {
            let Some((name, document)) = metaschemas::find(uri) else {
                return Err(format!("the reference `{text}` is remote, which is not followed"));
            };
            let file = self.add_as(name, uri, document, Dialect::Draft2020);
            return self.resource_at(&At::root(file)).ok_or_else(nowhere);
        }
        let Some(path) = reference::inside(uri) else {
            return Err(format!("the reference `{text}` leads out of the version's directory"));
        };
        let opened = self.open(&path, self.dialect(at.file)).map_err(|problems| {
            let why = problems.first().map_or_else(String::new, |problem| problem.what.clone());
            format!("the reference `{text}` cannot be followed: {why}")
        })?;
        self.resource_at(&At::root(opened)).ok_or_else(nowhere)
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
