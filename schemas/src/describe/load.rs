//! From a directory of versions to an api.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::bundle::Bundle;
use super::dialect::Dialect;
use super::directory;
use super::files::{At, Files, file_problem, unread_problem};
use super::model::{Api, Content, Description};
use super::openapi::Declared;
use super::source::{Disk, Source};
use super::{Limits, direction, openapi, server};
use crate::document::{Document, DocumentLimits};
use crate::problem::{Problem, Severity};
use crate::schema::DEFS_PREFIX;
use crate::version::Version;

/// How deep below the directory a user names apis are looked for.
const SEARCH_DEPTH: usize = 3;
/// The file beside a version's documents that declares what no schema shows.
const CHANGES: &str = "changes.yaml";

/// Reads an api: each subdirectory with a description is a version, ordered by `versions.txt` or by their names.
///
/// # Errors
/// All problems, when no version could be read; otherwise they are in [`Api::problems`].
pub fn load_api(directory: &Path, limits: &Limits) -> Result<Api, Vec<Problem>> {
    load_api_from(&Disk::new(directory), limits)
}

/// The same from any tree of files.
///
/// # Errors
/// As [`load_api`].
pub fn load_api_from(source: &dyn Source, limits: &Limits) -> Result<Api, Vec<Problem>> {
    let (labels, mut problems) = directory::versions(source);
    let mut versions = Vec::new();
    for version in labels {
        match one_version(source.below(version.as_str()), version, limits) {
            Ok((description, found)) => {
                problems.extend(found);
                versions.push(Arc::new(description));
            }
            Err(found) => problems.extend(found),
        }
    }
    if versions.is_empty() {
        Err(problems)
    } else {
        Ok(Api { name: source.label(), versions, problems })
    }
}

// A version's documents, with what it declares about its predecessor.
fn one_version(
    root: Box<dyn Source>,
    version: Version,
    limits: &Limits,
) -> Result<(Description, Vec<Problem>), Vec<Problem>> {
    let declared = changes(&*root, limits);
    let (files, main) = main_documents(root, limits)?;
    let (mut description, mut problems) = describe(files, &main, version, limits)?;
    match declared {
        Ok(read) => description.changes = read,
        Err(found) => problems.extend(found),
    }
    Ok((description, problems))
}

/// Whether a directory is an api: its subdirectories are versions, by `versions.txt` or by their names.
pub fn is_api(source: &dyn Source) -> bool {
    directory::is_api(source)
}

/// Whether a directory holds an `openapi.yaml` or the like itself, and is no api.
pub fn is_description(source: &dyn Source) -> bool {
    directory::main_name(&directory::document_names(source)).is_some() && !is_api(source)
}

/// The directory itself if it is an api, else the apis below it, to three levels down, sorted.
pub fn find_apis(directory: &Path) -> Vec<PathBuf> {
    if is_api(&Disk::new(directory)) {
        return vec![directory.to_owned()];
    }
    let (mut level, mut found) = (directory::below(directory), Vec::new());
    for _ in 0..SEARCH_DEPTH {
        let (apis, others): (Vec<_>, Vec<_>) =
            level.into_iter().partition(|path| is_api(&Disk::new(path)));
        found.extend(apis);
        level = others.iter().flat_map(|path| directory::below(path)).collect();
    }
    found.sort();
    found
}

/// Reads one document, or the directory of one version, as an api of a single version. References are followed
/// inside the document's own directory.
///
/// # Errors
/// All problems, when the document could not be read; otherwise they are in [`Api::problems`].
pub fn load_document(path: &Path, limits: &Limits) -> Result<Api, Vec<Problem>> {
    if path.is_dir() {
        return load_document_from(Box::new(Disk::new(path)), None, limits);
    }
    let root = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let root = root.unwrap_or_else(|| Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    load_document_from(Box::new(Disk::new(root)), Some(name), limits)
}

/// The same from any tree of files: the document called `file`, or the one version that the whole tree describes.
///
/// # Errors
/// As [`load_document`].
pub fn load_document_from(
    source: Box<dyn Source>,
    file: Option<&str>,
    limits: &Limits,
) -> Result<Api, Vec<Problem>> {
    let root = source.label();
    let Some(file) = file else {
        let (description, problems) = one_version(source, Version::new(&root), limits)?;
        return Ok(Api { name: root, versions: vec![Arc::new(description)], problems });
    };
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let general = matches!(stem, "openapi" | "swagger" | "schema" | "");
    let label = if general { root.as_str() } else { stem };
    let mut files = Files::new(source, limits);
    let main = vec![files.open(file, Dialect::Draft2020)?];
    let (description, problems) = describe(files, &main, Version::new(label), limits)?;
    Ok(Api { name: stem.to_owned(), versions: vec![Arc::new(description)], problems })
}

// What a version declares about its predecessor; what it means is for `plan::lens` to say.
fn changes(root: &dyn Source, limits: &Limits) -> Result<Option<Document>, Vec<Problem>> {
    let name = root.name(CHANGES);
    let text = match root.read(CHANGES, limits.document.bytes) {
        Ok(text) => text,
        Err(why) if why.missing => return Ok(None),
        Err(why) => return Err(vec![unread_problem(&name, why)]),
    };
    let limits = DocumentLimits { strict: true, ..limits.document.clone() };
    Document::parse(&name, &text, &limits).map(Some)
}

fn is_api_document(value: &Value) -> bool {
    value.get("openapi").is_some() || value.get("swagger").is_some()
}

// The main document, or all the plain schemas, of a version's directory.
fn main_documents(
    root: Box<dyn Source>,
    limits: &Limits,
) -> Result<(Files, Vec<usize>), Vec<Problem>> {
    let names = directory::document_names(&*root);
    let name = root.name("");
    let mut files = Files::new(root, limits);
    if let Some(main) = directory::main_name(&names) {
        let file = files.open(main, Dialect::Draft2020)?;
        return Ok((files, vec![file]));
    }
    let (mut opened, mut problems) = (Vec::new(), Vec::new());
    for found in &names {
        match files.open(found, Dialect::Draft2020) {
            Ok(file) => opened.push(file),
            Err(found) => problems.extend(found),
        }
    }
    let is_main = |file: &usize| {
        files.document(*file).is_some_and(|document| is_api_document(&document.value))
    };
    let main: Vec<usize> = opened.iter().copied().filter(is_main).collect();
    match main.as_slice() {
        [] if opened.is_empty() => {
            if problems.is_empty() {
                let what = "the directory holds no description".to_owned();
                problems.push(file_problem(
                    &name,
                    what,
                    "put `openapi.yaml` or JSON Schema files there",
                ));
            }
            Err(problems)
        }
        [] if problems.is_empty() => Ok((files, opened)),
        [_] => Ok((files, main)),
        [] => Err(problems),
        _ => {
            let what = "the directory holds more than one OpenAPI document".to_owned();
            Err(vec![file_problem(&name, what, "call the main one `openapi.yaml`")])
        }
    }
}

fn describe(
    files: Files,
    main: &[usize],
    version: Version,
    limits: &Limits,
) -> Result<(Description, Vec<Problem>), Vec<Problem>> {
    let Some(first) = main.first().and_then(|file| files.document(*file)) else {
        return Err(Vec::new());
    };
    let mut bundle = Bundle::new(files, limits.problems);
    let (mut declared, mut documents) = (Declared::default(), BTreeMap::new());
    if is_api_document(&first.value) {
        // Since OpenAPI 3.1 §4.8.1 one of the three is enough.
        let some = ["paths", "webhooks", "components"].iter();
        if !some.filter_map(|key| first.value.get(*key)).any(Value::is_object) {
            let what = "the document declares no paths".to_owned();
            bundle.warn(&At::root(0), what, "declare the operations under `paths`");
        }
        declared = openapi::declared(&mut bundle, main.first().copied().unwrap_or_default());
    } else {
        documents = plain(&mut bundle, main)?;
    }
    let defs = bundle.finish();
    let mut problems = Vec::new();
    for file in 0..bundle.files.len() {
        problems.extend(
            bundle.document(file).into_iter().flat_map(|document| document.problems().to_vec()),
        );
    }
    problems.append(&mut bundle.problems);
    problems.truncate(limits.problems);
    let description = Description {
        info: declared.info,
        operations: declared.operations,
        outgoing: declared.outgoing,
        documents,
        base_paths: server::base_paths(&declared.servers),
        servers: declared.servers,
        security_schemes: declared.security_schemes,
        tags: declared.tags,
        components: direction::components(defs),
        declared: info_version(&first.value),
        files: bundle.files.all(),
        places: bundle.places(),
        ..Description::new(version, Arc::clone(&first.name))
    };
    Ok((description, problems))
}

// A version that is written as a number is meant as its text.
fn info_version(document: &Value) -> Option<String> {
    match document.get("info")?.get("version")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

// Each file is a message named by its stem, and a component of the same name.
fn plain(bundle: &mut Bundle, main: &[usize]) -> Result<BTreeMap<String, Content>, Vec<Problem>> {
    let mut documents = BTreeMap::new();
    let mut problems = Vec::new();
    for file in main {
        let Some(document) = bundle.document(*file) else { continue };
        let at = At::root(*file);
        if !matches!(document.value, Value::Object(_) | Value::Bool(_)) {
            let mut problem =
                file_problem(&document.name, "the file holds no schema".to_owned(), "remove it");
            problem.severity = Severity::Warning;
            problems.push(problem);
            continue;
        }
        let key = bundle.key(&at);
        let stem = bundle.files.get(*file).map_or("", |file| file.path.as_str());
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem).to_owned();
        let root = serde_json::json!({ "$ref": format!("{DEFS_PREFIX}{key}") });
        let place = bundle.files.place(&at);
        documents.insert(stem, Content::new("application/json", root, place));
    }
    if documents.is_empty() {
        return Err(problems);
    }
    bundle.problems.extend(problems);
    Ok(documents)
}
