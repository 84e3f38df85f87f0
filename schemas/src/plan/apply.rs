//! The meaning of a program on document trees: slow, plain, and what the byte machine is measured against.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

use crate::plan::outside::Values;
use crate::plan::program::{
    ArrayNode, Choose, Member, Missing, Node, NodeId, NoteId, ObjectNode, Program, Slot, Source,
    Split, Supply, Table, Take, Test, TransformNode,
};
use crate::pointer::Pointer;

/// A payload that a program refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Where in the input; for a member that nothing supplies, the place it would have.
    pub pointer: Pointer,
    /// The step that refuses it.
    pub note: NoteId,
}

/// What `program` makes of `value`. The order of members means nothing in a document tree, so two outputs are
/// the same when they are equal here. The walk is recursive, as deep as `value` is; a function that meets what it made
/// itself is refused at some depth.
///
/// # Errors
/// The first refusal that is met.
pub fn apply(program: &Program, value: &Value, outside: &Values) -> Result<Value, Rejected> {
    let mut walk =
        Walk { program, outside, slots: BTreeMap::new(), at: Pointer::root(), nested: 0 };
    match walk.convert(program.root, value)? {
        Outcome::Value(value) => Ok(value),
        Outcome::Omit(note) => Err(walk.rejected(note)),
    }
}

/// How many functions may be at work inside each other.
const NESTED: usize = 256;

enum Outcome {
    Value(Value),
    Omit(NoteId),
}

struct Walk<'a> {
    program: &'a Program,
    outside: &'a Values,
    slots: BTreeMap<u32, Value>,
    at: Pointer,
    nested: usize,
}

impl Walk<'_> {
    fn rejected(&self, note: NoteId) -> Rejected {
        Rejected { pointer: self.at.clone(), note }
    }

    fn convert(&mut self, node: NodeId, value: &Value) -> Result<Outcome, Rejected> {
        let program = self.program;
        match (program.node(node), value) {
            (Node::Refuse(note), _) => Err(self.rejected(*note)),
            (Node::Omit(note), _) => Ok(Outcome::Omit(*note)),
            (Node::Replace(literal, _), _) => Ok(Outcome::Value(parse(literal))),
            (Node::Split(split), _) => self.convert(branch(split, value), value),
            (Node::Table(table), _) => self.convert(row(table, value), value),
            (Node::Object(object), Value::Object(members)) => self.object(object, members),
            (Node::Array(array), Value::Array(items)) => self.array(array, items),
            (Node::Transform(one), _) if self.nested == NESTED => Err(self.rejected(one.note)),
            (Node::Transform(one), _) => {
                self.nested += 1;
                let outcome = self.apart(|walk| walk.transform(one, value));
                self.nested -= 1;
                outcome
            }
            (Node::Choose(choose), _) => {
                self.apart(|walk| walk.convert(case(choose, value), value))
            }
            (Node::Copy | Node::Object(_) | Node::Array(_), _) => Ok(Outcome::Value(value.clone())),
        }
    }

    /// Runs something that does not reach the slots outside.
    fn apart(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<Outcome, Rejected>,
    ) -> Result<Outcome, Rejected> {
        let outer = std::mem::take(&mut self.slots);
        let outcome = run(self);
        self.slots = outer;
        outcome
    }

    fn transform(&mut self, one: &TransformNode, value: &Value) -> Result<Outcome, Rejected> {
        let value = match self.convert(one.before, value)? {
            Outcome::Value(value) => value,
            omitted @ Outcome::Omit(_) => return Ok(omitted),
        };
        let text = value.to_string();
        let Ok(made) = one.transform.apply_with(&text, self.outside) else {
            return self.convert(one.otherwise, &value);
        };
        let outer = std::mem::take(&mut self.at);
        let outcome = self.convert(one.then, &parse(&made.text));
        self.at = outer;
        outcome.map_err(|rejected| Rejected {
            pointer: self.at.concat(&one.origin_in(&text, &rejected.pointer)),
            note: rejected.note,
        })
    }

    fn array(&mut self, array: &ArrayNode, items: &[Value]) -> Result<Outcome, Rejected> {
        let mut written = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let node = array.prefix.get(index).copied().unwrap_or(array.items);
            self.at.push(&index.to_string());
            let outcome = self.convert(node, item);
            self.at.pop();
            if let Outcome::Value(value) = outcome? {
                written.push(value);
            }
        }
        Ok(Outcome::Value(Value::Array(written)))
    }

    fn object(
        &mut self,
        object: &ObjectNode,
        members: &Map<String, Value>,
    ) -> Result<Outcome, Rejected> {
        let (first, count) = object.slots;
        let own = first..first.saturating_add(count);
        let outer: BTreeMap<u32, Value> =
            own.clone().filter_map(|slot| Some((slot, self.slots.remove(&slot)?))).collect();
        if object.hold {
            self.fill(object, members);
        }
        let written = self.members(object, members).and_then(|mut written| {
            for supply in &object.supplies {
                if !written.contains_key(&*supply.name)
                    && let Some(value) = self.supply(supply)?
                {
                    written.insert(supply.name.to_string(), value);
                }
            }
            Ok(written)
        });
        for slot in own {
            self.slots.remove(&slot);
        }
        self.slots.extend(outer);
        Ok(Outcome::Value(Value::Object(written?)))
    }

    /// What comes later in the document is known before any of it is written. A refusal here may only be a slot that
    /// is not filled yet, so the members after it are looked at all the same; a real one comes again.
    fn fill(&mut self, object: &ObjectNode, members: &Map<String, Value>) {
        for (name, value) in members {
            self.at.push(name);
            let _ = self.member(object, name, value, &mut Map::new());
            self.at.pop();
        }
    }

    fn members(
        &mut self,
        object: &ObjectNode,
        members: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Rejected> {
        let mut written = Map::new();
        for (name, value) in members {
            self.at.push(name);
            let outcome = self.member(object, name, value, &mut written);
            self.at.pop();
            outcome?;
        }
        Ok(written)
    }

    fn member(
        &mut self,
        object: &ObjectNode,
        name: &str,
        value: &Value,
        written: &mut Map<String, Value>,
    ) -> Result<(), Rejected> {
        let known = known(object, name);
        let node = known.map_or_else(|| unknown(object, name), |member| member.node);
        let Outcome::Value(value) = self.convert(node, value)? else { return Ok(()) };
        if let Some((Slot(slot), take)) = known.and_then(|member| member.take) {
            self.slots.insert(slot, value.clone());
            if matches!(take, Take::Move(_)) {
                return Ok(());
            }
        }
        let output = known
            .and_then(|member| member.rename.as_ref())
            .map_or_else(|| name.to_owned(), |(output, _)| output.to_string());
        if let Some(note) = object.conflict
            && written.contains_key(&output)
        {
            return Err(self.rejected(note));
        }
        written.insert(output, value);
        Ok(())
    }

    fn supply(&mut self, supply: &Supply) -> Result<Option<Value>, Rejected> {
        self.at.push(&supply.name);
        let found = self.source(&supply.source);
        let result = match (found, supply.missing) {
            (Ok(None), Missing::Refuse(note)) => Err(self.rejected(note)),
            (found, _) => found,
        };
        self.at.pop();
        result
    }

    fn source(&mut self, source: &Source) -> Result<Option<Value>, Rejected> {
        match source {
            Source::Literal(literal) => Ok(Some(parse(literal))),
            Source::Slot(Slot(slot)) => Ok(self.slots.get(slot).cloned()),
            Source::Outside(what) => Ok(self.outside.lookup(what).map(|text| parse(&text))),
            Source::Nothing => Ok(None),
            Source::Object(supplies) => {
                let mut written = Map::new();
                for supply in supplies {
                    if !written.contains_key(&*supply.name)
                        && let Some(value) = self.supply(supply)?
                    {
                        written.insert(supply.name.to_string(), value);
                    }
                }
                Ok((!written.is_empty()).then_some(Value::Object(written)))
            }
        }
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

const fn branch(split: &Split, value: &Value) -> NodeId {
    match value {
        Value::Null => split.null,
        Value::Bool(_) => split.boolean,
        Value::Number(_) => split.number,
        Value::String(_) => split.string,
        Value::Array(_) => split.array,
        Value::Object(_) => split.object,
    }
}

fn row(table: &Table, value: &Value) -> NodeId {
    let found = table.entries.iter().find(|(key, _)| same_scalar(&parse(key), value));
    found.map_or(table.otherwise, |(_, node)| *node)
}

fn case(choose: &Choose, value: &Value) -> NodeId {
    let found = choose.cases.iter().find(|(test, _)| holds(test, value));
    found.map_or(choose.otherwise, |(_, node)| *node)
}

/// Whether a test holds; it never does for anything but an object.
pub(crate) fn holds(test: &Test, value: &Value) -> bool {
    match test {
        Test::Present(name) => value.as_object().is_some_and(|one| one.contains_key(&**name)),
        Test::Equals(path, literal) => {
            let found = path.iter().try_fold(value, |value, name| value.as_object()?.get(&**name));
            value.is_object() && found.is_some_and(|found| same_scalar(&parse(literal), found))
        }
    }
}

/// Whether two scalars are the same value; numbers compare by value, however they are written.
pub(crate) fn same_scalar(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || (left.as_f64() == right.as_f64() && (left.is_f64() || right.is_f64()))
        }
        (Value::Object(_) | Value::Array(_), _) => false,
        _ => left == right,
    }
}

fn known<'a>(object: &'a ObjectNode, name: &str) -> Option<&'a Member> {
    object.members.iter().find(|member| &*member.name == name)
}

fn unknown(object: &ObjectNode, name: &str) -> NodeId {
    let matches = |source: &str| Regex::new(source).is_ok_and(|regex| regex.is_match(name));
    let pattern = object.patterns.iter().find(|(source, _)| matches(source));
    pattern.map_or(object.other, |(_, node)| *node)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::apply;
    use crate::plan::outside::Values;
    use crate::plan::program::{
        ArrayNode, Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Slot, Source,
        Supply, Table, Take, TransformNode,
    };
    use crate::plan::transform::Transform;

    const COPY: NodeId = NodeId(0);
    const NOTE: NoteId = NoteId(0);

    fn program(nodes: Vec<Node>) -> Program {
        let mut all = vec![Node::Copy];
        all.extend(nodes);
        let note =
            Note { rule: "L1", text: String::new(), at: String::new(), loss: false, policy: None };
        Program { nodes: all, root: NodeId(1), notes: vec![note] }
    }

    fn object(members: Vec<Member>, supplies: Vec<Supply>) -> ObjectNode {
        ObjectNode {
            members,
            patterns: Vec::new(),
            other: COPY,
            supplies,
            conflict: None,
            slots: (0, 1),
            hold: false,
        }
    }

    fn member(name: &str, node: NodeId) -> Member {
        Member { name: name.into(), rename: None, node, take: None }
    }

    fn supply(name: &str, source: Source, missing: Missing) -> Supply {
        Supply { name: name.into(), source, note: NOTE, missing }
    }

    #[track_caller]
    fn check(nodes: Vec<Node>, input: &Value, expected: Result<Value, &str>) {
        let seen = apply(&program(nodes), input, &Values::default());
        let seen = seen.map_err(|rejected| rejected.pointer.as_str().to_owned());
        assert_eq!(seen, expected.map_err(str::to_owned));
    }

    #[test]
    fn a_rename_meets_a_member_of_that_name() {
        let mut renamed = member("a", COPY);
        renamed.rename = Some(("b".into(), NOTE));
        let mut node = object(vec![renamed], Vec::new());
        node.conflict = Some(NOTE);
        let nodes = vec![Node::Object(Box::new(node))];
        check(nodes.clone(), &json!({"a": 1, "c": 2}), Ok(json!({"b": 1, "c": 2})));
        check(nodes, &json!({"a": 1, "b": 2}), Err("/b"));
    }

    #[test]
    fn a_member_moves_into_an_object_that_comes_before_it() {
        let mut moved = member("z", COPY);
        moved.take = Some((Slot(0), Take::Move(NOTE)));
        let inner = supply("z", Source::Slot(Slot(0)), Missing::Omit);
        let outer = supply("m", Source::Object(vec![inner.clone()]), Missing::Omit);
        let mut node = object(vec![member("m", NodeId(2)), moved], vec![outer]);
        node.hold = true;
        let mut target = object(Vec::new(), vec![inner]);
        target.slots = (0, 0);
        let nodes = vec![Node::Object(Box::new(node)), Node::Object(Box::new(target))];
        check(nodes.clone(), &json!({"m": {"a": 1}, "z": 2}), Ok(json!({"m": {"a": 1, "z": 2}})));
        check(nodes.clone(), &json!({"z": 2}), Ok(json!({"m": {"z": 2}})));
        check(nodes.clone(), &json!({"m": {"z": 1}, "z": 2}), Ok(json!({"m": {"z": 1}})));
        check(nodes, &json!({}), Ok(json!({})));
    }

    #[test]
    fn a_member_that_comes_later_is_seen_before_its_absence_is_a_refusal() {
        let mut moved = member("z", COPY);
        moved.take = Some((Slot(0), Take::Move(NOTE)));
        let mut node = object(vec![member("m", NodeId(2)), moved], Vec::new());
        node.hold = true;
        let needs = supply("z", Source::Slot(Slot(0)), Missing::Refuse(NOTE));
        let target = ObjectNode { slots: (0, 0), ..object(Vec::new(), vec![needs]) };
        let nodes = vec![Node::Object(Box::new(node)), Node::Object(Box::new(target))];
        check(nodes.clone(), &json!({"m": {}, "z": 2}), Ok(json!({"m": {"z": 2}})));
        check(nodes, &json!({"m": {}}), Err("/m/z"));
    }

    #[test]
    fn a_member_nothing_supplies_is_refused_by_its_own_pointer() {
        let needs = supply("x/y", Source::Nothing, Missing::Refuse(NOTE));
        let nodes = vec![Node::Object(Box::new(object(Vec::new(), vec![needs])))];
        check(nodes.clone(), &json!({}), Err("/x~1y"));
        check(nodes, &json!({"x/y": null}), Ok(json!({"x/y": null})));
    }

    #[test]
    fn a_table_compares_by_value_and_an_omitted_item_is_left_out() {
        let items = vec![
            Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(2) })),
            Node::Table(Box::new(Table {
                entries: vec![("1".into(), NodeId(3)), ("\"a\"".into(), NodeId(4))],
                otherwise: COPY,
            })),
            Node::Omit(NOTE),
            Node::Replace("\"b\"".into(), NOTE),
        ];
        check(items, &json!([1, 1.0, 2, "a", {"a": 1}]), Ok(json!([2, "b", {"a": 1}])));
    }

    #[test]
    fn the_first_source_that_has_something_is_written() {
        let twice = |name| {
            vec![
                supply(name, Source::Nothing, Missing::Omit),
                supply(name, Source::Literal("1".into()), Missing::Omit),
                supply(name, Source::Literal("2".into()), Missing::Omit),
            ]
        };
        let mut all = twice("a");
        all.push(supply("b", Source::Object(twice("c")), Missing::Omit));
        let nodes = vec![Node::Object(Box::new(object(Vec::new(), all)))];
        check(nodes, &json!({}), Ok(json!({"a": 1, "b": {"c": 1}})));
    }

    #[test]
    fn an_omitted_root_is_a_refusal() {
        check(vec![Node::Omit(NOTE)], &json!(1), Err(""));
    }

    #[test]
    fn a_function_that_meets_what_it_made_itself_is_refused() {
        let wrap = TransformNode {
            before: COPY,
            transform: Transform::Wrap,
            note: NOTE,
            lost: None,
            then: NodeId(2),
            otherwise: COPY,
        };
        let items = ArrayNode { prefix: Vec::new(), items: NodeId(1) };
        let program = program(vec![Node::Transform(Box::new(wrap)), Node::Array(Box::new(items))]);
        assert!(apply(&program, &json!(1), &Values::default()).is_err());
    }
}
