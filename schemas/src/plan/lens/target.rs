//! `at`: places in messages as written, looked up in both versions.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::describe::model::{Content, Description, Operation, OperationKey, Status};
use crate::plan::image::{branches, types};
use crate::plan::shape::{Rest, shape};
use crate::pointer::Pointer;
use crate::schema::{DEFS_PREFIX, Schema};

use super::model::{Scope, Target, covers};
use super::nearest::remedy;
use super::read::Reader;

/// Schemas that are looked at below one target.
const LOOKED_AT: usize = 20_000;

/// What the targets of an entry are in each version.
#[derive(Debug, Default)]
pub(super) struct Sides {
    pub(super) old: Places,
    pub(super) new: Places,
}

/// The nodes that targets mean in one version; none when the version lacks them all.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) version: String,
    nodes: Vec<(Schema, Value)>,
}

/// A method, a path, and which message: the words of a target that is no component.
pub(super) fn operation_words(text: &str) -> Option<(OperationKey, Vec<&str>)> {
    let mut words = text.split_whitespace();
    let (method, path) = (words.next()?, words.next()?);
    let upper = method.chars().all(|letter| letter.is_ascii_uppercase());
    (upper && path.starts_with('/')).then(|| {
        let key = OperationKey { method: method.to_owned(), path: path.to_owned() };
        (key, words.collect())
    })
}

/// The status a word means; `*` is none in particular.
pub(super) fn status(text: &str) -> Result<Option<Status>, ()> {
    let read = match (text, text.strip_suffix("XX").or_else(|| text.strip_suffix("xx"))) {
        ("*", _) => return Ok(None),
        ("default", _) => Some(Status::Default),
        (_, Some(class)) => class.parse().ok().map(Status::Class),
        (code, None) => code.parse().ok().map(Status::Code),
    };
    read.map(Some).ok_or(())
}

impl Reader<'_> {
    /// The targets one text means: a component may have another key in each version.
    pub(super) fn target(&mut self, text: &str, at: &Pointer) -> Vec<Target> {
        let (scope, within) = text.split_once('#').unwrap_or((text, ""));
        let Some(within) = Pointer::parse(within) else {
            self.wrong(
                at,
                format!("`{within}` is not a pointer"),
                "begin it with `/` after the `#`",
            );
            return Vec::new();
        };
        let scopes = match operation_words(scope) {
            Some((key, words)) => self.message(&key, &words, at).into_iter().collect(),
            None => self.component(scope.trim(), at),
        };
        let within: Vec<String> = within.tokens().collect();
        let targets: Vec<Target> =
            scopes.into_iter().map(|scope| Target { scope, within: within.clone() }).collect();
        let sides = self.sides(&targets);
        if !targets.is_empty() && sides.old.nodes.is_empty() && sides.new.nodes.is_empty() {
            self.wrong(at, format!("`{text}` leads nowhere in both versions"), "");
            return Vec::new();
        }
        targets
    }

    fn component(&mut self, name: &str, at: &Pointer) -> Vec<Scope> {
        let mut keys: Vec<String> = Vec::new();
        for version in [self.old, self.new] {
            for key in component_keys(version, name) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        if keys.is_empty() {
            let known =
                [self.old, self.new].into_iter().flat_map(|one| one.components.written.0.keys());
            let remedy = remedy(name, known.map(String::as_str));
            let (old, new) = (&self.old.version, &self.new.version);
            self.wrong(at, format!("`{name}` is a component of neither {old} nor {new}"), remedy);
        }
        keys.into_iter().map(Scope::Component).collect()
    }

    /// The operation of a key in both versions; a problem when neither has it.
    pub(super) fn operations(
        &mut self,
        key: &OperationKey,
        at: &Pointer,
    ) -> Vec<(bool, Operation)> {
        let (old, new) = self.shapes(&key.shape());
        let found: Vec<(bool, Operation)> = [(true, self.old, old), (false, self.new, new)]
            .into_iter()
            .filter_map(|(is_old, version, shape)| {
                Some((is_old, version.operation(&shape)?.clone()))
            })
            .collect();
        if found.is_empty() {
            let known: Vec<String> = [self.old, self.new]
                .into_iter()
                .flat_map(|version| version.operations.iter().map(|one| one.key.to_string()))
                .collect();
            let remedy = remedy(&key.to_string(), known.iter().map(String::as_str));
            let (old, new) = (&self.old.version, &self.new.version);
            self.wrong(at, format!("`{key}` is an operation of neither {old} nor {new}"), remedy);
        }
        found
    }

    fn message(&mut self, key: &OperationKey, words: &[&str], at: &Pointer) -> Option<Scope> {
        let operations = self.operations(key, at);
        if operations.is_empty() {
            return None;
        }
        match words {
            ["request"] => {
                if operations.iter().all(|(_, one)| one.body.is_none()) {
                    self.wrong(at, format!("`{key}` has no request body"), "");
                    return None;
                }
                Some(Scope::Request(key.shape()))
            }
            ["response", text] => {
                let Ok(status) = status(text) else {
                    let what = format!("`{text}` is not a status");
                    self.wrong(at, what, "write a code, `4XX`, `default` or `*`");
                    return None;
                };
                let declared = operations.iter().flat_map(|(_, one)| &one.responses);
                let declared: Vec<Status> = declared.map(|one| one.status).collect();
                if status.is_some_and(|wanted| !declared.iter().any(|one| covers(wanted, *one))) {
                    let mut words: Vec<String> = declared.iter().map(Status::to_string).collect();
                    words.dedup();
                    let remedy = remedy(text, words.iter().map(String::as_str));
                    self.wrong(at, format!("`{key}` declares no status {text}"), remedy);
                    return None;
                }
                Some(Scope::Response(key.shape(), status))
            }
            _ => {
                let what = format!("`{key}` has several messages");
                self.wrong(at, what, "add `request` or `response STATUS`");
                None
            }
        }
    }

    /// The nodes of targets in both versions.
    pub(super) fn sides(&self, targets: &[Target]) -> Sides {
        let places = |version: &Description, is_old: bool| Places {
            version: version.version.to_string(),
            nodes: targets
                .iter()
                .flat_map(|target| {
                    let own = |shape: &str| {
                        let (old, new) = self.shapes(shape);
                        if is_old { old } else { new }
                    };
                    nodes(version, target, &own)
                })
                .collect(),
        };
        Sides { old: places(self.old, true), new: places(self.new, false) }
    }
}

/// The keys under which a version has a component of this name: the name itself, or with a file before it.
fn component_keys(version: &Description, name: &str) -> Vec<String> {
    let keys = &version.components.written.0;
    if keys.contains_key(name) {
        return vec![name.to_owned()];
    }
    let ending = format!(".{name}");
    keys.keys().filter(|key| key.ends_with(&ending)).cloned().collect()
}

/// The nodes that a target means in a version; `own` is what that version calls an operation.
pub(super) fn nodes(
    version: &Description,
    target: &Target,
    own: &dyn Fn(&str) -> String,
) -> Vec<(Schema, Value)> {
    let schema = version.plain(&Value::Bool(true));
    let roots = match &target.scope {
        Scope::Component(key) if schema.defs.0.contains_key(key) => {
            vec![json!({ "$ref": format!("{DEFS_PREFIX}{key}") })]
        }
        Scope::Component(_) => Vec::new(),
        Scope::Request(key) => {
            let body = version.operation(&own(key)).and_then(|operation| operation.body.as_ref());
            body.map(|body| contents(&body.contents)).unwrap_or_default()
        }
        Scope::Response(key, wanted) => {
            let responses =
                version.operation(&own(key)).map(|operation| operation.responses.as_slice());
            let meant = |status| wanted.is_none_or(|wanted| covers(wanted, status));
            responses
                .into_iter()
                .flatten()
                .filter(|response| meant(response.status))
                .flat_map(|response| contents(&response.contents))
                .collect()
        }
    };
    let inner = target.within.iter().fold(roots, |nodes, token| {
        nodes.iter().flat_map(|node| step(&schema, node, token)).collect()
    });
    inner.into_iter().map(|node| (schema.clone(), node)).collect()
}

fn contents(contents: &[Content]) -> Vec<Value> {
    contents.iter().map(|content| content.root.clone()).collect()
}

fn step(schema: &Schema, node: &Value, token: &str) -> Vec<Value> {
    let seen = shape(schema, node);
    if token == "*" {
        let values = match seen.object.rest {
            Rest::Each(value) => Some(value),
            Rest::Unsaid | Rest::Any | Rest::Nothing => None,
        };
        return seen
            .object
            .properties
            .into_values()
            .chain(values)
            .chain(seen.array.items)
            .collect();
    }
    seen.object.properties.get(token).cloned().into_iter().collect()
}

impl Places {
    /// The parameters of an operation, as the members of one object.
    pub(super) fn of_parameters(version: &Description, operation: Option<&Operation>) -> Self {
        let node = operation.map(|operation| {
            let parameters = operation.parameters.iter();
            let members: serde_json::Map<String, Value> =
                parameters.map(|one| (one.name.clone(), one.root.clone())).collect();
            json!({ "type": "object", "properties": members, "additionalProperties": false })
        });
        let schema = version.plain(&Value::Bool(true));
        Self {
            version: version.version.to_string(),
            nodes: node.into_iter().map(|node| (schema.clone(), node)).collect(),
        }
    }

    /// Whether the version has none of these places.
    pub(super) const fn is_nowhere(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The members that are declared at these places.
    pub(super) fn names(&self) -> Vec<String> {
        let shapes = self.nodes.iter().map(|(schema, node)| shape(schema, node));
        let mut names: Vec<String> =
            shapes.flat_map(|shape| shape.object.properties.into_keys()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Whether the member at a path is declared at all of these places; not where there are none.
    pub(super) fn declares(&self, path: &[String]) -> bool {
        let declared = |(schema, node): &(Schema, Value)| declared(schema, node, path).is_some();
        !self.nodes.is_empty() && self.nodes.iter().any(declared)
    }

    /// Whether the member at a path is an integer wherever it is declared, null aside.
    pub(super) fn is_integer(&self, path: &[String]) -> bool {
        let found: Vec<(&Schema, Value)> = self
            .nodes
            .iter()
            .filter_map(|(schema, node)| Some((schema, declared(schema, node, path)?)))
            .collect();
        let whole = |(schema, node): &(&Schema, Value)| {
            branches(schema, node, BRANCHES)
                .iter()
                .all(|one| types(one).iter().all(|kind| kind == "integer" || kind == "null"))
        };
        !found.is_empty() && found.iter().all(whole)
    }

    /// The members of each object that is declared at these places or below, object by object.
    pub(super) fn all_names(&self) -> Vec<Vec<String>> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        for (schema, node) in &self.nodes {
            let mut waiting = vec![node.clone()];
            while let Some(node) = waiting.pop() {
                if seen.len() >= LOOKED_AT || !seen.insert(node.to_string()) {
                    continue;
                }
                let seen = shape(schema, &node);
                let values = match seen.object.rest {
                    Rest::Each(value) => Some(value),
                    Rest::Unsaid | Rest::Any | Rest::Nothing => None,
                };
                found.push(seen.object.properties.keys().cloned().collect());
                waiting.extend(seen.object.properties.into_values());
                waiting.extend(seen.object.patterns.into_iter().map(|(_, value)| value));
                waiting.extend(values.into_iter().chain(seen.array.items).chain(seen.array.prefix));
            }
        }
        found
    }

    /// Whether the member at a path may be there: declared, or in an object that is open in so many words or
    /// says nothing at all. A version that lacks the place has nothing to say.
    pub(super) fn may_have(&self, path: &[String]) -> bool {
        self.nodes.is_empty() || self.nodes.iter().any(|(schema, node)| has(schema, node, path))
    }
}

/// Alternatives of one member that are looked at.
const BRANCHES: usize = 64;

fn declared(schema: &Schema, node: &Value, path: &[String]) -> Option<Value> {
    path.iter().try_fold(node.clone(), |node, name| {
        shape(schema, &node).object.properties.get(name).cloned()
    })
}

fn has(schema: &Schema, node: &Value, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    let seen = shape(schema, node);
    if let Some(node) = seen.object.properties.get(first) {
        return has(schema, node, rest);
    }
    seen.opaque.is_some()
        || seen.object.is_free()
        || matches!(seen.object.rest, Rest::Any | Rest::Each(_))
        || !seen.object.patterns.is_empty()
}
