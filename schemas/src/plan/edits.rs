//! A program for edits (RFC 7396) from a program for whole values: what a member of a patch says is done to a member.
//!
//! An edit has only what changes. So nothing is written that is not there, `null` stays the command that it is, and
//! what needs the value that the edit is made to is refused: a function of an object, or an object that nothing in the
//! edit tells apart. Arrays are whole values again (§2).

use std::collections::HashMap;

use super::program::{
    Choose, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Source, Split, Supply, Take,
};

const COPY: NodeId = NodeId(0);

/// What converts edits of the values that `program` converts.
pub(crate) fn edits(program: &Program) -> Program {
    let mut notes = program.notes.clone();
    notes.push(Note {
        rule: "PATCH",
        text: "an edit of this object cannot be converted without the object".to_owned(),
        at: String::new(),
        loss: false,
        policy: None,
    });
    let refusal = NoteId(u32::try_from(notes.len() - 1).unwrap_or(u32::MAX));
    let mut walk = Walk {
        program,
        nodes: program.nodes.clone(),
        done: HashMap::new(),
        refusal,
        moved: Vec::new(),
    };
    walk.moved = moved(program);
    let root = walk.edit(program.root);
    Program { nodes: walk.nodes, root, notes }
}

struct Walk<'a> {
    program: &'a Program,
    nodes: Vec<Node>,
    /// The edit of each node, and of each node as a member's.
    done: HashMap<(NodeId, bool), NodeId>,
    refusal: NoteId,
    /// Slots that a moved member fills; the others hold copies, which are defaults.
    moved: Vec<u32>,
}

impl Walk<'_> {
    fn put(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(u32::try_from(self.nodes.len() - 1).unwrap_or(0))
    }

    fn place(&mut self, key: (NodeId, bool), make: impl FnOnce(&mut Self) -> Node) -> NodeId {
        if let Some(known) = self.done.get(&key) {
            return *known;
        }
        let at = self.put(Node::Copy);
        self.done.insert(key, at);
        let node = make(self);
        if let Some(slot) = self.nodes.get_mut(at.0 as usize) {
            *slot = node;
        }
        at
    }

    /// What becomes of the value of a member: `null` removes it.
    fn member(&mut self, id: NodeId) -> NodeId {
        match self.program.node(id) {
            Node::Copy => COPY,
            // a member that no reader has, whatever is done to it
            Node::Omit(_) | Node::Refuse(_) => id,
            Node::Split(split) => {
                let Split { boolean, number, string, array, object, .. } = **split;
                self.place((id, true), |walk| {
                    let object = walk.edit(object);
                    let split = Split { null: COPY, boolean, number, string, array, object };
                    Node::Split(Box::new(split))
                })
            }
            _ => self.place((id, true), |walk| {
                let object = walk.edit(id);
                let split =
                    Split { null: COPY, boolean: id, number: id, string: id, array: id, object };
                Node::Split(Box::new(split))
            }),
        }
    }

    /// What becomes of an object that says what to change, or of any other value.
    fn edit(&mut self, id: NodeId) -> NodeId {
        match self.program.node(id) {
            Node::Copy => COPY,
            Node::Refuse(_)
            | Node::Omit(_)
            | Node::Replace(..)
            | Node::Array(_)
            | Node::Table(_) => id,
            Node::Split(split) => {
                let split = (**split).clone();
                self.place((id, false), |walk| {
                    let object = walk.edit(split.object);
                    Node::Split(Box::new(Split { object, ..split }))
                })
            }
            Node::Object(object) => {
                let object = object.clone();
                self.place((id, false), |walk| Node::Object(Box::new(walk.object(*object))))
            }
            Node::Transform(_) => self.place((id, false), |walk| {
                let object = walk.put(Node::Refuse(walk.refusal));
                Self::by_object(object, id)
            }),
            Node::Choose(choose) => {
                let choose = choose.clone();
                self.place((id, false), |walk| {
                    let cases: Vec<_> = choose
                        .cases
                        .iter()
                        .map(|(test, id)| (test.clone(), walk.edit(*id)))
                        .collect();
                    let rest = walk.edit(choose.otherwise);
                    let alike = rest == COPY && cases.iter().all(|(_, id)| *id == COPY);
                    let otherwise = if alike { COPY } else { walk.put(Node::Refuse(walk.refusal)) };
                    let object = walk.put(Node::Choose(Box::new(Choose { cases, otherwise })));
                    Self::by_object(object, choose.otherwise)
                })
            }
        }
    }

    fn by_object(object: NodeId, other: NodeId) -> Node {
        let split = Split {
            null: other,
            boolean: other,
            number: other,
            string: other,
            array: other,
            object,
        };
        Node::Split(Box::new(split))
    }

    fn object(&mut self, object: ObjectNode) -> ObjectNode {
        let mut edited = object;
        for member in &mut edited.members {
            member.node = self.member(member.node);
            if matches!(member.take, Some((_, Take::Copy))) {
                member.take = None;
            }
        }
        for (_, id) in &mut edited.patterns {
            *id = self.member(*id);
        }
        edited.other = self.member(edited.other);
        edited.supplies = self.supplies(&edited.supplies);
        edited
    }

    /// What is supplied because it was moved.
    fn supplies(&self, supplies: &[Supply]) -> Vec<Supply> {
        let kept = supplies.iter().filter_map(|supply| {
            let source = match &supply.source {
                Source::Slot(slot) if self.moved.contains(&slot.0) => supply.source.clone(),
                Source::Object(parts) => {
                    let parts = self.supplies(parts);
                    if parts.is_empty() {
                        return None;
                    }
                    Source::Object(parts)
                }
                _ => return None,
            };
            Some(Supply { source, missing: Missing::Omit, ..supply.clone() })
        });
        kept.collect()
    }
}

/// The slots that moved members fill.
fn moved(program: &Program) -> Vec<u32> {
    let mut found = Vec::new();
    for node in &program.nodes {
        let Node::Object(object) = node else { continue };
        let taken = object.members.iter().filter_map(|member| member.take);
        found.extend(taken.filter_map(|(slot, take)| match take {
            Take::Move(_) => Some(slot.0),
            Take::Copy => None,
        }));
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use proptest::prelude::{Just, Strategy, prop, prop_assert_eq, prop_oneof, proptest};
    use serde_json::{Map, Value, json};

    use super::{COPY, edits};
    use crate::plan::apply::apply;
    use crate::plan::outside::Values;
    use crate::plan::program::{
        ArrayNode, Choose, Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Slot,
        Source, Supply, Table, Take, Test, TransformNode,
    };
    use crate::plan::transform::Transform;

    /// What a patch makes of a document (RFC 7396 §2).
    fn merged(document: &Value, patch: &Value) -> Value {
        let Value::Object(changes) = patch else { return patch.clone() };
        let mut members = document.as_object().cloned().unwrap_or_default();
        for (name, change) in changes {
            if change.is_null() {
                members.remove(name);
            } else {
                let old = members.get(name).cloned().unwrap_or(Value::Null);
                members.insert(name.clone(), merged(&old, change));
            }
        }
        Value::Object(members)
    }

    fn note(loss: bool) -> Note {
        Note { rule: "T", text: String::new(), at: String::new(), loss, policy: None }
    }

    pub(crate) fn program(mut nodes: Vec<Node>) -> Program {
        nodes.insert(0, Node::Copy);
        Program { nodes, root: NodeId(1), notes: vec![note(false), note(true)] }
    }

    fn member(name: &str, rename: Option<&str>, node: u32) -> Member {
        let rename = rename.map(|to| (Arc::from(to), NoteId(0)));
        Member { name: name.into(), rename, node: NodeId(node), take: None }
    }

    fn object(members: Vec<Member>) -> ObjectNode {
        ObjectNode {
            members,
            patterns: Vec::new(),
            other: COPY,
            supplies: Vec::new(),
            conflict: None,
            slots: (0, 0),
            hold: false,
        }
    }

    fn supply(name: &str, source: Source) -> Supply {
        Supply { name: name.into(), source, note: NoteId(0), missing: Missing::Refuse(NoteId(0)) }
    }

    #[track_caller]
    fn check(nodes: Vec<Node>, patch: &Value, expected: Result<Value, &str>) {
        let seen = apply(&edits(&program(nodes)), patch, &Values::default());
        assert_eq!(
            seen.map_err(|one| one.pointer.as_str().to_owned()),
            expected.map_err(str::to_owned)
        );
    }

    #[test]
    fn nothing_is_written_that_is_not_there_and_null_is_a_command() {
        let mut node = object(vec![
            member("a", Some("b"), 0),
            member("gone", None, 2),
            member("kind", None, 3),
        ]);
        node.supplies =
            vec![supply("needed", Source::Nothing), supply("filled", Source::Literal("1".into()))];
        let table = Table { entries: vec![("null".into(), NodeId(4))], otherwise: COPY };
        let nodes = vec![
            Node::Object(Box::new(node)),
            Node::Omit(NoteId(1)),
            Node::Table(Box::new(table)),
            Node::Refuse(NoteId(0)),
        ];
        check(nodes.clone(), &json!({}), Ok(json!({})));
        check(nodes.clone(), &json!({"a": null, "gone": null}), Ok(json!({"b": null})));
        check(nodes.clone(), &json!({"kind": null}), Ok(json!({"kind": null})));
        let whole = apply(&program(nodes), &json!({"kind": null, "needed": 1}), &Values::default());
        assert!(whole.is_err());
    }

    #[test]
    fn what_was_moved_is_moved_and_a_default_from_another_member_is_not_written() {
        let mut node = object(vec![member("a", None, 0), member("b", None, 0)]);
        node.members[0].take = Some((Slot(0), Take::Move(NoteId(0))));
        node.members[1].take = Some((Slot(1), Take::Copy));
        node.slots = (0, 2);
        let inner = supply("a", Source::Slot(Slot(0)));
        node.supplies = vec![
            supply("x", Source::Object(vec![inner, supply("d", Source::Literal("1".into()))])),
            supply("c", Source::Slot(Slot(1))),
        ];
        let nodes = vec![Node::Object(Box::new(node))];
        check(nodes.clone(), &json!({"a": 1, "b": 2}), Ok(json!({"x": {"a": 1}, "b": 2})));
        check(nodes.clone(), &json!({"a": null}), Ok(json!({"x": {"a": null}})));
        check(nodes, &json!({"b": 2}), Ok(json!({"b": 2})));
    }

    #[test]
    fn what_needs_the_whole_object_is_refused_with_its_place() {
        let transform = TransformNode {
            before: COPY,
            transform: Transform::Chain(Vec::new()),
            note: NoteId(0),
            lost: None,
            then: COPY,
            otherwise: COPY,
        };
        let choose =
            Choose { cases: vec![(Test::Present("tag".into()), NodeId(4))], otherwise: COPY };
        let nodes = vec![
            Node::Object(Box::new(object(vec![member("t", None, 2), member("c", None, 3)]))),
            Node::Transform(Box::new(transform)),
            Node::Choose(Box::new(choose)),
            Node::Object(Box::new(object(vec![member("a", Some("b"), 0)]))),
        ];
        check(nodes.clone(), &json!({"t": 1, "c": [1]}), Ok(json!({"t": 1, "c": [1]})));
        check(nodes.clone(), &json!({"t": {"a": 1}}), Err("/t"));
        check(
            nodes.clone(),
            &json!({"c": {"tag": 1, "a": 1}}),
            Ok(json!({"c": {"tag": 1, "b": 1}})),
        );
        check(nodes, &json!({"c": {"a": 1}}), Err("/c"));
    }

    fn one(node: &mut ObjectNode, name: &str, kind: u8) -> Member {
        let fresh = format!("{name}{name}");
        match kind {
            0 => member(name, Some(&fresh), 0),
            1 => member(name, None, 6),
            2 => member(name, None, 3),
            3 => member(name, Some(&fresh), 2),
            4 => member(name, None, 7),
            5 => {
                let slot = Slot(node.slots.1);
                node.slots.1 += 1;
                let moved = supply(&fresh, Source::Slot(slot));
                node.supplies.push(Supply { missing: Missing::Omit, ..moved });
                Member { take: Some((slot, Take::Move(NoteId(0)))), ..member(name, None, 3) }
            }
            _ => member(name, None, 0),
        }
    }

    /// `deep`: the kinds that lead further in, too.
    fn made(kinds: &[u8], deep: bool) -> Node {
        let mut node = object(Vec::new());
        for (name, &kind) in ["a", "b", "c", "d"].iter().zip(kinds) {
            let kind = if matches!(kind, 3 | 4) && !deep { u8::MAX } else { kind };
            let next = one(&mut node, name, kind);
            node.members.push(next);
        }
        Node::Object(Box::new(node))
    }

    /// An object with members `a` to `d`: renamed, dropped, looked up by value, moved, or objects and arrays again.
    pub(crate) fn nodes() -> impl Strategy<Value = Vec<Node>> {
        (prop::collection::vec(0_u8..6, 4), prop::collection::vec(0_u8..5, 4)).prop_map(
            |(outer, inner)| {
                let table = Table {
                    entries: vec![("1".into(), NodeId(4)), ("2".into(), NodeId(5))],
                    otherwise: COPY,
                };
                vec![
                    made(&outer, true),
                    made(&inner, false),
                    Node::Table(Box::new(table)),
                    Node::Replace("\"one\"".into(), NoteId(0)),
                    Node::Replace("\"two\"".into(), NoteId(0)),
                    Node::Omit(NoteId(1)),
                    Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(2) })),
                ]
            },
        )
    }

    /// Values of the shape that the programs expect: an object stays an object, an array an array.
    pub(crate) fn values(patch: bool) -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![Just(json!(1)), Just(json!(2)), Just(json!("x"))];
        let inner = prop::collection::btree_map("[a-d]", scalar.clone(), 0..4);
        let leaf = prop_oneof![
            scalar,
            prop::collection::vec(inner.clone().prop_map(|one| json!(one)), 0..3)
                .prop_map(Value::from),
            inner.prop_map(|one| json!(one)),
            Just(if patch { Value::Null } else { json!(3) }),
        ];
        prop::collection::btree_map("[a-e]", leaf, 0..5)
            .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
    }

    proptest! {
        /// Law 13: converting the edited document is editing the converted document by the converted edit.
        #[test]
        fn edits_commute(nodes in nodes(), document in values(false), patch in values(true)) {
            let program = program(nodes);
            let up = |value: &Value| apply(&program, value, &Values::default()).unwrap();
            let converted = apply(&edits(&program), &patch, &Values::default()).unwrap();
            prop_assert_eq!(up(&merged(&document, &patch)), merged(&up(&document), &converted));
        }
    }
}
