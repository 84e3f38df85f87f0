//! Random programs, schemas and payloads over a few names, for the laws of image and fusion.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::program::{
    ArrayNode, Choose, Literal, Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program,
    Slot, Source, Split, Supply, Table, Take, Test, TransformNode,
};
use super::transform::Transform;

/// A small generator (`SplitMix64`); the same seed gives the same things on every machine.
pub(crate) struct Random(pub(crate) u64);

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const SCALARS: [&str; 7] = ["null", "true", "1", "2", "\"x\"", "\"y\"", "\"z\""];

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn literal(&mut self) -> Literal {
        if self.once_in(6) { "{\"a\":1}".into() } else { self.pick(&SCALARS).into() }
    }

    /// A payload of any shape.
    pub(crate) fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 4 } else { 8 }) {
            0..=3 => serde_json::from_str(self.pick(&SCALARS)).unwrap(),
            4 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => {
                let names: Vec<&str> = NAMES.into_iter().filter(|_| self.once_in(2)).collect();
                Value::Object(
                    names.iter().map(|name| ((*name).to_owned(), self.value(depth - 1))).collect(),
                )
            }
        }
    }

    /// A schema without references that some payload fits.
    pub(crate) fn schema(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 4 } else { 9 }) {
            0 => json!(true),
            1 => json!({"type": self.pick(&["null", "boolean", "number", "string"])}),
            2 => json!({"type": ["string", "null"]}),
            3 => {
                let from = self.below(4);
                let values: Vec<Value> = SCALARS
                    .iter()
                    .skip(from)
                    .take(1 + self.below(3))
                    .map(|one| serde_json::from_str(one).unwrap())
                    .collect();
                json!({"enum": values})
            }
            4 => {
                json!({"type": "array", "items": self.schema(depth - 1), "minItems": self.below(2)})
            }
            5 => json!({"anyOf": [self.schema(depth - 1), self.schema(depth - 1)]}),
            6 => json!({"allOf": [self.object(depth), self.object(depth)]}),
            _ => self.object(depth),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for name in NAMES {
            if self.once_in(2) {
                properties.insert(name.to_owned(), self.schema(depth - 1));
                if self.once_in(2) {
                    required.push(name);
                }
            }
        }
        let mut schema = json!({"type": "object", "properties": properties, "required": required});
        match self.below(5) {
            0 => {}
            1 => schema["additionalProperties"] = self.schema(0),
            2 => schema["patternProperties"] = json!({"^[ab]$": self.schema(depth - 1)}),
            _ => schema["additionalProperties"] = json!(false),
        }
        if self.once_in(5) {
            schema["minProperties"] = json!(1);
        }
        if self.once_in(6) {
            let names: Vec<&str> = NAMES.into_iter().filter(|_| self.once_in(2)).collect();
            schema["not"] = json!({"required": names});
        }
        schema
    }

    /// A payload that aims at the schema; it may miss.
    pub(crate) fn aimed(&mut self, schema: &Value) -> Value {
        if let Some(parts) = schema.get("anyOf").and_then(Value::as_array) {
            let at = self.below(parts.len());
            return self.aimed(&parts[at]);
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let mut merged = Map::new();
            for part in parts {
                merged.extend(self.aimed(part).as_object().cloned().unwrap_or_default());
            }
            return Value::Object(merged);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values[self.below(values.len())].clone();
        }
        match schema.get("type") {
            Some(kind) if kind == "object" => self.aimed_object(schema),
            Some(kind) if kind == "array" => {
                (0..=self.below(3)).map(|_| self.aimed(&schema["items"])).collect()
            }
            Some(kind) if kind == "null" => Value::Null,
            Some(kind) if kind == "boolean" => json!(true),
            Some(kind) if kind == "number" => json!(self.below(3)),
            Some(_) => json!(self.pick(&["x", "y", "w"])),
            None => self.value(1),
        }
    }

    fn aimed_object(&mut self, schema: &Value) -> Value {
        let mut members = Map::new();
        let required = schema["required"].as_array().unwrap().clone();
        for (name, inner) in schema["properties"].as_object().unwrap() {
            if required.contains(&json!(name)) || self.once_in(2) {
                members.insert(name.clone(), self.aimed(inner));
            }
        }
        if schema.get("additionalProperties") != Some(&json!(false)) && self.once_in(2) {
            members.entry(self.pick(&NAMES)).or_insert(json!(1));
        }
        Value::Object(members)
    }

    /// A program; its notes are all alike.
    pub(crate) fn program(&mut self) -> Program {
        let leaves = 5;
        let tables = 3;
        let functions = 3;
        let nodes = leaves + tables + functions + 4;
        let mut all = vec![
            Node::Copy,
            Node::Refuse(NoteId(0)),
            Node::Omit(NoteId(1)),
            Node::Replace(self.literal(), NoteId(2)),
            Node::Replace(self.literal(), NoteId(2)),
        ];
        for _ in 0..tables {
            let node = self.table(leaves);
            all.push(node);
        }
        for _ in 0..functions {
            let node = self.function(all.len());
            all.push(node);
        }
        while all.len() < nodes {
            let node = match self.below(4) {
                0 => Node::Array(Box::new(ArrayNode {
                    prefix: (0..self.below(2)).map(|_| self.node(nodes)).collect(),
                    items: self.node(nodes),
                })),
                1 => {
                    let mut way =
                        || if self.once_in(2) { NodeId(0) } else { self.node(leaves + tables) };
                    Node::Split(Box::new(Split {
                        null: way(),
                        boolean: way(),
                        number: way(),
                        string: way(),
                        array: way(),
                        object: way(),
                    }))
                }
                _ => Node::Object(Box::new(self.object_node(nodes))),
            };
            all.push(node);
        }
        let note =
            |rule, loss| Note { rule, text: String::new(), at: String::new(), loss, policy: None };
        let notes = vec![note("R", false), note("O", true), note("X", true), note("S", false)];
        Program {
            nodes: all,
            root: NodeId(u32::try_from(nodes - 1 - self.below(2)).unwrap()),
            notes,
        }
    }

    /// A node that looks at a value as a whole; what comes after it is among the first `known` nodes.
    fn function(&mut self, known: usize) -> Node {
        if self.once_in(2) {
            return Node::Transform(Box::new(TransformNode {
                before: self.node(known),
                transform: self.transform(),
                note: NoteId(3),
                lost: self.once_in(2).then_some(NoteId(1)),
                then: self.node(known),
                otherwise: self.node(known),
            }));
        }
        let cases = (0..self.below(3)).map(|_| (self.test(), self.node(known))).collect();
        Node::Choose(Box::new(Choose { cases, otherwise: self.node(known) }))
    }

    fn transform(&mut self) -> Transform {
        match self.below(2) {
            0 => Transform::Wrap,
            _ => Transform::Chain(vec![Transform::Wrap, Transform::Wrap]),
        }
    }

    fn test(&mut self) -> Test {
        let name: Arc<str> = self.pick(&NAMES).into();
        match self.below(4) {
            0 => Test::Present(name),
            1 => Test::Equals(vec![name, self.pick(&NAMES).into()], self.pick(&SCALARS).into()),
            _ => Test::Equals(vec![name], self.pick(&SCALARS).into()),
        }
    }

    fn node(&mut self, below: usize) -> NodeId {
        if self.once_in(3) { NodeId(0) } else { NodeId(u32::try_from(self.below(below)).unwrap()) }
    }

    fn table(&mut self, leaves: usize) -> Node {
        let keys: Vec<&str> = SCALARS.into_iter().filter(|_| self.once_in(2)).collect();
        Node::Table(Box::new(Table {
            entries: keys.into_iter().map(|key| (key.into(), self.node(leaves))).collect(),
            otherwise: self.node(leaves),
        }))
    }

    fn object_node(&mut self, nodes: usize) -> ObjectNode {
        let slots = if self.once_in(4) { (0, 1) } else { (0, 0) };
        let names: Vec<&str> = NAMES.into_iter().filter(|_| self.once_in(2)).collect();
        let members: Vec<Member> = names
            .iter()
            .enumerate()
            .map(|(at, name)| Member {
                name: (*name).into(),
                rename: self.once_in(4).then(|| (self.pick(&NAMES).into(), NoteId(3))),
                node: self.node(nodes),
                take: (slots.1 == 1 && at == 0).then(|| (Slot(0), self.take())),
            })
            .collect();
        let mut supplies: Vec<Supply> = Vec::new();
        for name in NAMES {
            if self.once_in(4) {
                supplies.push(self.supply(name, slots.1 == 1));
            }
        }
        if self.once_in(8) {
            // A second source for a name, in case the first has nothing.
            let name = self.pick(&NAMES);
            supplies.push(self.supply(name, slots.1 == 1));
        }
        ObjectNode {
            members,
            patterns: if self.once_in(5) {
                vec![("^[cd]$".into(), self.node(nodes))]
            } else {
                Vec::new()
            },
            other: self.node(nodes),
            supplies,
            conflict: Some(NoteId(0)),
            slots,
            hold: slots.1 == 1,
        }
    }

    fn take(&mut self) -> Take {
        if self.once_in(2) { Take::Copy } else { Take::Move(NoteId(3)) }
    }

    fn supply(&mut self, name: &str, slot: bool) -> Supply {
        let source = match self.below(5) {
            0 if slot => Source::Slot(Slot(0)),
            1 if slot => Source::Object(vec![Supply {
                name: Arc::from("a"),
                source: Source::Slot(Slot(0)),
                note: NoteId(3),
                missing: Missing::Omit,
            }]),
            2 => Source::Nothing,
            _ => Source::Literal(self.literal()),
        };
        let missing = if self.once_in(2) { Missing::Omit } else { Missing::Refuse(NoteId(0)) };
        Supply { name: name.into(), source, note: NoteId(3), missing }
    }
}
