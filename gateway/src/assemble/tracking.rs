//! What the use of an operation is counted under, and which of its fields are deprecated.

use std::sync::Arc;

use evergate_schemas::describe::model::{Content, Description, Location, Operation, Parameter};
use evergate_schemas::pointer::Pointer;
use serde_json::Value;

use crate::config::{ConsumerSourceConfig, LifeConfig, Naming, UsageConfig};
use crate::snapshot::{ConsumerSource, Tracked, TrackedField, TrackedPlace, Written};

/// Where all requests say whose they are.
pub(super) type Sources = Arc<[(ConsumerSource, Written)]>;

/// Steps into schemas within which deprecated members are looked for.
const DEPTH: usize = 12;
/// Schemas that are looked at for one operation.
const LOOKS: usize = 20_000;

pub(super) fn sources(config: &UsageConfig) -> Sources {
    let one = |consumer: &crate::config::ConsumerConfig| {
        let source = match &consumer.source {
            ConsumerSourceConfig::Header(name) => ConsumerSource::Header(name.clone()),
            ConsumerSourceConfig::Certificate => ConsumerSource::Certificate,
            ConsumerSourceConfig::Address => ConsumerSource::Address,
        };
        let written = match consumer.naming {
            Naming::Hashed => Written::Hashed,
            Naming::Plain => Written::Plain,
        };
        (source, written)
    };
    config.consumer.iter().map(one).collect()
}

/// What requests without a declared operation are counted under.
pub(super) fn undeclared((api, version): (&str, &str), sources: &Sources) -> Arc<Tracked> {
    Arc::new(Tracked {
        api: api.into(),
        version: version.into(),
        operation: "undeclared".into(),
        fields: Vec::new(),
        sources: Arc::clone(sources),
    })
}

/// What an operation is counted under, beside what its version's other requests are.
pub(super) fn declared(
    version: &Tracked,
    operation: (&Operation, &Description),
    config: Option<&LifeConfig>,
) -> Arc<Tracked> {
    Arc::new(Tracked {
        api: Arc::clone(&version.api),
        version: Arc::clone(&version.version),
        operation: operation.0.key.to_string().into(),
        fields: fields(operation, config),
        sources: Arc::clone(&version.sources),
    })
}

/// Those that the configuration names, then those that the description calls deprecated.
fn fields(
    (operation, description): (&Operation, &Description),
    config: Option<&LifeConfig>,
) -> Vec<TrackedField> {
    let mut names: Vec<String> =
        config.map(|config| config.fields.keys().cloned().collect()).unwrap_or_default();
    names.extend(operation.parameters.iter().filter(|one| one.deprecated).filter_map(parameter));
    for content in operation.body.iter().flat_map(|body| &body.contents) {
        names.extend(members(content, description).into_iter().map(|at| format!("request {at}")));
    }
    let mut fields: Vec<TrackedField> = Vec::new();
    for name in names {
        if fields.len() < Tracked::FIELDS && !fields.iter().any(|one| *one.name == *name) {
            let place = place(&name);
            fields.extend(place.map(|place| TrackedField { name: name.into(), place }));
        }
    }
    fields
}

fn parameter(parameter: &Parameter) -> Option<String> {
    let kind = match parameter.location {
        Location::Query => "query",
        Location::Header => "header",
        Location::Cookie => "cookie",
        Location::Path | Location::QueryString => return None,
    };
    Some(format!("{kind} {}", parameter.name))
}

fn place(name: &str) -> Option<TrackedPlace> {
    let (kind, name) = name.split_once(' ')?;
    match kind {
        "query" => Some(TrackedPlace::Query(name.into())),
        "header" => Some(TrackedPlace::Header(name.parse().ok()?)),
        "cookie" => Some(TrackedPlace::Cookie(name.into())),
        _ => Some(TrackedPlace::Member(name.into())),
    }
}

/// The pointers of members that a body's schema calls deprecated.
fn members(content: &Content, description: &Description) -> Vec<Pointer> {
    let mut found = Vec::new();
    let mut search = Search { description, found: &mut found, looks: LOOKS };
    search.schema(&content.root, &Pointer::root(), DEPTH);
    found
}

struct Search<'a> {
    description: &'a Description,
    found: &'a mut Vec<Pointer>,
    looks: usize,
}

impl Search<'_> {
    fn schema(&mut self, schema: &Value, at: &Pointer, depth: usize) {
        if depth == 0 || self.looks == 0 || self.found.len() >= Tracked::FIELDS {
            return;
        }
        self.looks -= 1;
        let named = schema.get("$ref").and_then(Value::as_str);
        if let Some(name) = named.and_then(|text| text.strip_prefix("#/$defs/")) {
            let name = name.replace("~1", "/").replace("~0", "~");
            if let Some(component) = self.description.components.written.0.get(&name) {
                self.schema(component, at, depth - 1);
            }
        }
        for (name, member) in
            schema.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            let at = at.join(name);
            if member.get("deprecated") == Some(&Value::Bool(true)) && !self.found.contains(&at) {
                self.found.push(at.clone());
            }
            self.schema(member, &at, depth - 1);
        }
        for keyword in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get(keyword) {
                self.schema(inner, &at.join("*"), depth - 1);
            }
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.schema(part, at, depth - 1);
            }
        }
    }
}
