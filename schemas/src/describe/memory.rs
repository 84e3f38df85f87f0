//! One schema document that is in memory already, read without a directory.

use serde_json::Value;

use super::Limits;
use super::bundle::Bundle;
use super::dialect::Dialect;
use super::files::{At, Files, file_problem};
use super::source::{Entry, Source, Unread};
use crate::document::Document;
use crate::problem::Problem;
use crate::schema::{DEFS_PREFIX, Schema};

/// What such a document is called in problems.
const NAME: &str = "schema";

/// Reads a JSON Schema document of any draft into the house's dialect. `dialect` is what it is written in where its
/// `$schema` does not say: a short name (`draft3`, `draft4`, `draft6`, `draft7`, `2019-09`, `2020-12`) or the URL of a
/// metaschema; 2020-12 when absent. Files and URLs that it refers to are not opened, the metaschemas excepted: such
/// a reference is a problem, and whatever depends on it stays undecided.
///
/// Beside the schema come the problems that do not stop its use.
///
/// # Errors
/// All problems when the document is no schema, nests deeper than the limits allow, or the dialect has no meaning.
pub fn read_schema(
    value: &Value,
    dialect: Option<&str>,
) -> Result<(Schema, Vec<Problem>), Vec<Problem>> {
    let limits = Limits::default();
    let inherited = match dialect.map(Dialect::named) {
        None => Dialect::Draft2020,
        Some(Some(known)) => known,
        Some(None) => {
            let what = format!("the dialect `{}` is not known", dialect.unwrap_or_default());
            let remedy = "name one of draft3, draft4, draft6, draft7, 2019-09 and 2020-12";
            return Err(vec![file_problem(NAME, what, remedy)]);
        }
    };
    if !matches!(value, Value::Object(_) | Value::Bool(_)) {
        let what = "the document is no schema: neither an object nor a boolean".to_owned();
        return Err(vec![file_problem(NAME, what, "write an object")]);
    }
    if nests_deeper(value, limits.document.depth) {
        let what = format!("values nest deeper than {} levels", limits.document.depth);
        return Err(vec![file_problem(NAME, what, "write the inner ones as definitions")]);
    }
    let problems = limits.problems;
    let mut files = Files::new(Box::new(Alone), &limits);
    let file = files.add(NAME, Document::from_value(NAME, value.clone()), inherited);
    let mut bundle = Bundle::new(files, problems);
    let key = bundle.key(&At::root(file));
    let mut defs = bundle.finish();
    let reference = Value::String(format!("{DEFS_PREFIX}{key}"));
    let mut root = serde_json::json!({ "$ref": reference });
    if !defs.0.values().any(|schema| mentions(schema, &reference)) {
        root = defs.0.remove(&key).unwrap_or(Value::Bool(true));
    }
    Ok((Schema::new(root, std::sync::Arc::new(defs)), bundle.problems))
}

/// A schema has no files beside it.
#[derive(Debug)]
struct Alone;

impl Source for Alone {
    fn label(&self) -> String {
        NAME.to_owned()
    }

    fn name(&self, path: &str) -> String {
        path.to_owned()
    }

    fn entries(&self) -> Vec<Entry> {
        Vec::new()
    }

    fn read(&self, _path: &str, _limit: usize) -> Result<Vec<u8>, Unread> {
        let what = "a schema that stands alone has no files beside it".to_owned();
        let remedy = "write what it names into the schema".to_owned();
        Err(Unread { missing: true, what, remedy })
    }

    fn below(&self, _directory: &str) -> Box<dyn Source> {
        Box::new(Self)
    }
}

fn mentions(value: &Value, reference: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.get("$ref") == Some(reference)
                || members.values().any(|inner| mentions(inner, reference))
        }
        Value::Array(items) => items.iter().any(|inner| mentions(inner, reference)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn nests_deeper(value: &Value, depth: usize) -> bool {
    let mut level = vec![value];
    for _ in 0..=depth {
        level = level.into_iter().flat_map(parts).collect();
        if level.is_empty() {
            return false;
        }
    }
    true
}

fn parts(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Object(members) => Box::new(members.values()),
        Value::Array(items) => Box::new(items.iter()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Box::new(std::iter::empty())
        }
    }
}
