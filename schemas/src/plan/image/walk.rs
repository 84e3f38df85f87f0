//! The walk over pairs of a node and a schema that may meet in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::plan::apply::same_scalar;
use crate::plan::nodes::{may_omit, omissions};
use crate::plan::program::{Literal, Node, NodeId, NoteId, Program, Split, Table};
use crate::schema::{DEFS_PREFIX, Defs, Schema};

use super::fold::{Branch, branches, enumeration, never, restrict, spelled, type_of, types};
use super::slots::Slots;

/// What one image may cost.
#[derive(Clone, Copy, Debug)]
pub struct ImageLimits {
    /// Pairs of a node and a schema that are looked at.
    pub steps: u32,
    /// Nested pairs.
    pub depth: u32,
    /// Alternatives that one composed schema is folded into; beyond, a constraint is left out.
    pub branches: usize,
}

impl Default for ImageLimits {
    fn default() -> Self {
        Self { steps: 60_000, depth: 200, branches: 64 }
    }
}

/// What a program does to the payloads of one schema.
#[derive(Clone, Debug)]
pub struct Image {
    /// Every payload that comes out is valid for it.
    pub schema: Schema,
    /// The notes that some payload may fire, refusals left out.
    pub fired: BTreeSet<NoteId>,
    /// The refusals that some payload may meet.
    pub refused: BTreeSet<NoteId>,
}

impl Image {
    /// Whether no payload of the sender is refused.
    pub fn is_total(&self) -> bool {
        self.refused.is_empty()
    }
}

/// The image of a closed sender under a program; `None` when it cannot be expressed within the limits.
pub fn image(program: &Program, sender: &Schema) -> Option<Schema> {
    image_of(program, sender, &Known::default(), ImageLimits::default()).map(|image| image.schema)
}

/// What is known beforehand of the values outside the payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Known {
    /// Configuration values, as JSON texts. Of others nothing is assumed but that they are there.
    pub configuration: BTreeMap<String, Literal>,
    /// Headers that no message lacks, by lower-case name.
    pub headers: BTreeSet<String>,
    /// Parameters that no request lacks.
    pub parameters: BTreeSet<String>,
}

/// The image with the notes that it reaches.
pub fn image_of(
    program: &Program,
    sender: &Schema,
    known: &Known,
    limits: ImageLimits,
) -> Option<Image> {
    let mut walk = Walk {
        program,
        sender,
        known,
        limits,
        steps: 0,
        depth: 0,
        memory: HashMap::new(),
        defs: BTreeMap::new(),
        fired: BTreeSet::new(),
        refused: BTreeSet::new(),
        slots: Slots::new(program),
    };
    let outcome = walk.node(program.root, &sender.root, true)?;
    if outcome.omits {
        // A payload that is left out as a whole is a refused one.
        walk.refused.extend(omissions(program, program.root));
    }
    let defs = reached(&outcome.schema, walk.defs, sender);
    Some(Image {
        schema: Schema::new(outcome.schema, Arc::new(defs)),
        fired: walk.fired,
        refused: walk.refused,
    })
}

/// What becomes of the values of one schema in one node.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// What is written; `false` for nothing.
    pub(super) schema: Value,
    /// Some value is left out.
    pub(super) omits: bool,
}

impl Outcome {
    pub(super) const fn nothing() -> Self {
        Self { schema: Value::Bool(false), omits: false }
    }

    pub(super) const fn written(schema: Value) -> Self {
        Self { schema, omits: false }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    node: NodeId,
    schema: String,
    frame: u32,
    certain: bool,
}

enum Memory {
    Underway { key: String, used: bool },
    Done(Outcome),
}

pub(super) struct Walk<'a> {
    pub(super) program: &'a Program,
    pub(super) sender: &'a Schema,
    pub(super) known: &'a Known,
    limits: ImageLimits,
    steps: u32,
    depth: u32,
    memory: HashMap<Key, Memory>,
    pub(super) defs: BTreeMap<String, Value>,
    pub(super) fired: BTreeSet<NoteId>,
    pub(super) refused: BTreeSet<NoteId>,
    pub(super) slots: Slots,
}

impl Walk<'_> {
    /// The outcome of a node for a schema. `certain` says that a payload is sure to bring a value here once the
    /// object that owns the innermost slots is there.
    pub(super) fn node(&mut self, id: NodeId, value: &Value, certain: bool) -> Option<Outcome> {
        if never(value) {
            return Some(Outcome::nothing());
        }
        let program = self.program;
        match program.node(id) {
            Node::Copy => Some(Outcome::written(value.clone())),
            Node::Refuse(note) => {
                self.refused.insert(*note);
                Some(Outcome::nothing())
            }
            Node::Omit(note) => {
                self.fired.insert(*note);
                Some(Outcome { schema: Value::Bool(false), omits: true })
            }
            Node::Replace(literal, note) => {
                self.fired.insert(*note);
                Some(Outcome::written(constant(literal)))
            }
            _ => self.remembered(id, value, certain),
        }
    }

    fn remembered(&mut self, id: NodeId, value: &Value, certain: bool) -> Option<Outcome> {
        self.steps += 1;
        if self.steps > self.limits.steps || self.depth > self.limits.depth {
            return None;
        }
        let reference = plain_reference(value);
        let schema = reference.map_or_else(|| value.to_string(), str::to_owned);
        let frame = self.slots.frame_for(self.program, id);
        let key = Key { node: id, schema, frame, certain: certain && frame != 0 };
        match self.memory.get_mut(&key) {
            Some(Memory::Done(outcome)) => return Some(outcome.clone()),
            Some(Memory::Underway { key, used }) => {
                *used = true;
                let schema = json!({"$ref": format!("{DEFS_PREFIX}{key}")});
                return Some(Outcome { schema, omits: may_omit(self.program, id) });
            }
            None => {}
        }
        let name = self.fresh(reference, id);
        self.memory.insert(key.clone(), Memory::Underway { key: name.clone(), used: false });
        self.depth += 1;
        let outcome = match self.program.node(id) {
            Node::Transform(one) => self.transform(one, value, certain),
            _ => self.composed(id, value, certain),
        };
        self.depth -= 1;
        let mut outcome = outcome?;
        let used = matches!(self.memory.get(&key), Some(Memory::Underway { used: true, .. }));
        if used || (reference.is_some() && outcome.schema.is_object() && outcome.schema != *value) {
            let schema = json!({"$ref": format!("{DEFS_PREFIX}{name}")});
            self.defs.insert(name, std::mem::replace(&mut outcome.schema, schema));
        }
        self.memory.insert(key, Memory::Done(outcome.clone()));
        Some(outcome)
    }

    fn fresh(&self, reference: Option<&str>, id: NodeId) -> String {
        let base = reference.and_then(|one| one.strip_prefix(DEFS_PREFIX)).unwrap_or("inline");
        format!("{base}.{}.{}", id.0, self.memory.len())
    }

    /// Branch by branch; the schema itself where no branch is changed.
    fn composed(&mut self, id: NodeId, value: &Value, certain: bool) -> Option<Outcome> {
        let found = branches(self.sender, value, self.limits.branches);
        let certain = certain && found.len() == 1;
        let mut unchanged = true;
        let mut omits = false;
        let mut schemas = Vec::new();
        for branch in found {
            let outcome = self.branch(id, &branch, certain)?;
            unchanged &= !outcome.omits && outcome.schema == Value::Object(branch);
            omits |= outcome.omits;
            schemas.push(outcome.schema);
        }
        let schema = if unchanged && !schemas.is_empty() { value.clone() } else { union(schemas) };
        Some(Outcome { schema, omits })
    }

    fn branch(&mut self, id: NodeId, branch: &Branch, certain: bool) -> Option<Outcome> {
        let program = self.program;
        match program.node(id) {
            Node::Split(split) => self.split(split, branch, certain),
            Node::Table(table) => self.table(table, branch, certain),
            Node::Object(node) => self.typed(branch, "object", certain, |walk, part, certain| {
                walk.object(node, part, certain)
            }),
            Node::Array(node) => self.typed(branch, "array", certain, |walk, part, certain| {
                walk.array(node, part, certain)
            }),
            Node::Choose(choose) => self.choose(choose, branch, certain),
            Node::Copy
            | Node::Refuse(_)
            | Node::Omit(_)
            | Node::Replace(..)
            | Node::Transform(_) => self.node(id, &Value::Object(branch.clone()), certain),
        }
    }

    /// The part of one type goes through `map`, the rest is copied.
    fn typed(
        &mut self,
        branch: &Branch,
        kind: &str,
        certain: bool,
        mut map: impl FnMut(&mut Self, &Branch, bool) -> Option<Outcome>,
    ) -> Option<Outcome> {
        let others: Vec<&str> = super::fold::TYPES.into_iter().filter(|one| *one != kind).collect();
        let rest = restrict(branch, &others);
        let Some(part) = restrict(branch, &[kind]) else {
            return Some(Outcome::written(Value::Object(branch.clone())));
        };
        let certain = certain && rest.is_none();
        let mut omits = false;
        let mut schemas: Vec<Value> = rest.map(Value::Object).into_iter().collect();
        let parts = match enumeration(&part) {
            Some(values) => values.iter().map(spelled).collect(),
            None => vec![part],
        };
        let certain = certain && parts.len() == 1;
        for part in parts {
            let outcome = map(self, &part, certain)?;
            omits |= outcome.omits;
            schemas.push(outcome.schema);
        }
        Some(Outcome { schema: union(schemas), omits })
    }

    fn split(&mut self, split: &Split, branch: &Branch, certain: bool) -> Option<Outcome> {
        let ways = [
            ("null", split.null),
            ("boolean", split.boolean),
            ("number", split.number),
            ("string", split.string),
            ("array", split.array),
            ("object", split.object),
        ];
        let copied: Vec<&str> = ways
            .iter()
            .filter(|(_, id)| matches!(self.program.node(*id), Node::Copy))
            .map(|(kind, _)| *kind)
            .collect();
        let kept = restrict(branch, &copied);
        if let Some(kept) = &kept
            && types(kept).len() == types(branch).len()
            && enumeration(kept).map(|many| many.len())
                == enumeration(branch).map(|many| many.len())
        {
            return Some(Outcome::written(Value::Object(branch.clone())));
        }
        let mut omits = false;
        let mut schemas: Vec<Value> = kept.map(Value::Object).into_iter().collect();
        for (kind, id) in ways.into_iter().filter(|(kind, _)| !copied.contains(kind)) {
            if let Some(part) = restrict(branch, &[kind]) {
                let alone = schemas.is_empty() && types(branch).len() == 1;
                let outcome = self.node(id, &Value::Object(part), certain && alone)?;
                omits |= outcome.omits;
                schemas.push(outcome.schema);
            }
        }
        Some(Outcome { schema: union(schemas), omits })
    }

    fn table(&mut self, table: &Table, branch: &Branch, certain: bool) -> Option<Outcome> {
        let rows: Vec<(Value, NodeId)> = table
            .entries
            .iter()
            .filter_map(|(literal, id)| {
                serde_json::from_str(literal).ok().map(|value| (value, *id))
            })
            .collect();
        let mut omits = false;
        let mut schemas = Vec::new();
        let Some(values) = enumeration(branch) else {
            let allowed = types(branch);
            for (value, id) in &rows {
                let kind = type_of(value);
                if allowed.iter().any(|one| one == kind || (one == "integer" && kind == "number")) {
                    let outcome = self.node(*id, &json!({"const": value}), false)?;
                    omits |= outcome.omits;
                    schemas.push(outcome.schema);
                }
            }
            let rest = self.node(
                table.otherwise,
                &Value::Object(branch.clone()),
                certain && rows.is_empty(),
            )?;
            schemas.push(rest.schema);
            return Some(Outcome { schema: union(schemas), omits: omits || rest.omits });
        };
        for value in values {
            let row = rows.iter().find(|(one, _)| same_scalar(one, &value)).map(|(_, id)| *id);
            let outcome =
                self.node(row.unwrap_or(table.otherwise), &Value::Object(spelled(&value)), false)?;
            omits |= outcome.omits;
            schemas.push(outcome.schema);
        }
        Some(Outcome { schema: union(schemas), omits })
    }
}

/// The schema of one JSON text.
pub(super) fn constant(literal: &Literal) -> Value {
    serde_json::from_str::<Value>(literal)
        .map_or(Value::Bool(true), |value| json!({"const": value}))
}

/// What one of the schemas accepts, without `anyOf` where it can be had.
pub(crate) fn union(schemas: Vec<Value>) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    for schema in schemas {
        if never(&schema) {
            continue;
        }
        let flat = match schema {
            Value::Object(mut members) if members.len() == 1 => match members.remove("anyOf") {
                Some(Value::Array(parts)) => parts,
                Some(other) => vec![json!({"anyOf": other})],
                None => vec![Value::Object(members)],
            },
            other => vec![other],
        };
        for part in flat {
            match only_values(&part) {
                Some(many) => many.into_iter().for_each(|value| {
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }),
                None if !kept.contains(&part) => kept.push(part),
                None => {}
            }
        }
    }
    if kept.iter().any(|one| one == &Value::Bool(true)) {
        return Value::Bool(true);
    }
    if !values.is_empty() {
        kept.push(if let [one] = values.as_slice() {
            json!({"const": one})
        } else {
            json!({"enum": values})
        });
    }
    match kept.len() {
        0 => Value::Bool(false),
        1 => kept.swap_remove(0),
        _ => json!({"anyOf": kept}),
    }
}

fn only_values(schema: &Value) -> Option<Vec<Value>> {
    let members = schema.as_object()?;
    (members.len() == 1).then(|| enumeration(members)).flatten()
}

fn plain_reference(value: &Value) -> Option<&str> {
    let members = value.as_object()?;
    (members.len() == 1).then(|| members.get("$ref")).flatten()?.as_str()
}

/// The components that the image needs: its own, and those of the sender that it copies.
fn reached(root: &Value, mut own: BTreeMap<String, Value>, sender: &Schema) -> Defs {
    let mut found = BTreeMap::new();
    let mut waiting = references(root);
    while let Some(key) = waiting.pop() {
        if found.contains_key(&key) {
            continue;
        }
        if let Some(value) = own.remove(&key).or_else(|| sender.defs.0.get(&key).cloned()) {
            waiting.extend(references(&value));
            found.insert(key, value);
        }
    }
    Defs(found)
}

fn references(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => {
                let key = members.get("$ref").and_then(Value::as_str);
                found.extend(key.and_then(|one| one.strip_prefix(DEFS_PREFIX)).map(str::to_owned));
                waiting.extend(members.values());
            }
            Value::Array(items) => waiting.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}
