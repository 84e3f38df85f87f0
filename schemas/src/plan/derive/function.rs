//! Declared functions of values: the value goes through the function, and what it makes is converted as if the sender
//! had sent it.

use serde_json::Value;

use crate::plan::lens::{Direction, Loses, OnUnfit, Way};
use crate::plan::program::{Literal, Node, NodeId, Note, Split, TransformNode};
use crate::plan::shape::{Kind, Shape};
use crate::plan::transform::Transform;
use crate::schema::Side;

use super::build::COPY;
use super::slots::Extra;
use super::walk::{Duty, Walk};

/// What a function is declared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// A member of an object.
    Member,
    /// The value at a target.
    Value,
}

/// References that are followed to the value that a function takes.
const REFERENCES: u32 = 32;

impl<'a> Walk<'a> {
    /// The node of a value for which functions are declared; `None` when there are none.
    pub(super) fn functions(
        &mut self,
        pair: (&Value, &Value),
        shapes: (&Shape, &Shape),
        duty: &Duty<'a>,
    ) -> Option<NodeId> {
        let whole = if duty.made { Vec::new() } else { self.site.whole(&duty.pending, shapes) };
        if whole.is_empty() && duty.ways.is_empty() {
            return None;
        }
        if !duty.extra.is_empty() {
            let rule = whole.iter().chain(&duty.ways).map(|way| way.rule).next().unwrap_or("L2");
            let text =
                "refuse a value that is made as a whole, as members move into it or out of it";
            let note = self.note(rule, text.to_owned(), &duty.at, false);
            return Some(self.build.node(Node::Refuse(note)));
        }
        // A member's functions stand outside those of the value itself.
        let members = duty.ways.iter().map(|way| (*way, Of::Member));
        let whole = whole.into_iter().map(|way| (way, Of::Value));
        let ways: Vec<(&Way, Of)> = match self.site.direction {
            Direction::Up => members.chain(whole).collect(),
            Direction::Down => whole.chain(members).collect(),
        };
        let pending = self.site.arriving(&duty.pending, shapes).into_iter().collect();
        let inner = Duty { ways: Vec::new(), made: true, pending, ..duty.clone() };
        let names = ways.iter().map(|(way, _)| way.text.as_str()).collect::<Vec<_>>().join("\n");
        let names = format!("{names}\n{:?}", duty.case_ids());
        let key = (pair.0.to_string(), pair.1.to_string(), names, duty.pending.clone());
        let shared = duty.map.is_none() && duty.on_null.is_none() && duty.on_unknown.is_none();
        let shared = shared && duty.on_range.is_none();
        if let Some(known) = self.made.get(&key).filter(|_| shared) {
            return Some(*known);
        }
        let id = self.build.reserve();
        if shared {
            self.made.insert(key, id);
        }
        self.depth += 1;
        let node = self.chained(&ways, pair, &inner);
        self.depth -= 1;
        self.build.fill(id, node);
        Some(id)
    }

    /// One function after the other, then what the schemas say.
    fn chained(&mut self, ways: &[(&'a Way, Of)], pair: (&Value, &Value), duty: &Duty<'a>) -> Node {
        let Some(((way, of), rest)) = ways.split_first() else { return Node::Copy };
        let sender = self.shape(crate::schema::Role::Sender, pair.0);
        let reader = self.shape(crate::schema::Role::Reader, pair.1);
        let around = !way.takes_null && sender.may_be(Kind::Null);
        let sent = if around { without_null(pair.0) } else { pair.0.clone() };
        // What is made may have the value itself inside: the functions of a component must not meet it again.
        let sent = if *of == Of::Value { self.resolved(sent) } else { sent };
        let image = way.transform.image(&sent, &self.sender.at(sent.clone()));
        let then = if rest.is_empty() {
            self.value((&image, pair.1), duty)
        } else {
            let node = self.chained(rest, (&image, pair.1), duty);
            self.build.node(node)
        };
        let note = self.note(way.rule, way.text.clone(), &duty.at, way.loses == Loses::Always);
        let lost = (way.loses == Loses::Sometimes)
            .then(|| self.note(way.rule, format!("{}, not exactly", way.text), &duty.at, true));
        let otherwise = self.unfit(way, duty);
        let node = Node::Transform(Box::new(TransformNode {
            before: COPY,
            transform: way.transform.clone(),
            note,
            lost,
            then,
            otherwise,
        }));
        if !around {
            return node;
        }
        let null = self.null((&sender, &reader), &Duty { extra: Extra::default(), ..duty.clone() });
        let id = self.build.node(node);
        Node::Split(Box::new(Split {
            null,
            boolean: id,
            number: id,
            string: id,
            array: id,
            object: id,
        }))
    }

    /// What a plain reference leads to.
    fn resolved(&self, mut node: Value) -> Value {
        let plain = |one: &Value| one.as_object().is_some_and(|members| members.len() == 1);
        for _ in 0..REFERENCES {
            let reference = node.get("$ref").filter(|_| plain(&node)).and_then(Value::as_str);
            let Some(target) = reference.and_then(|one| self.sender.resolve(one)) else { break };
            node = target.clone();
        }
        node
    }

    /// What becomes of a value that the function does not take.
    fn unfit(&mut self, way: &'a Way, duty: &Duty<'a>) -> NodeId {
        let (what, at) = (&way.text, &duty.at);
        let node = match &way.otherwise {
            Some(OnUnfit::Keep) => return COPY,
            Some(OnUnfit::Omit) => {
                let text = format!("leave out what is not fit to {what}");
                Node::Omit(self.note(way.rule, text, at, true))
            }
            Some(OnUnfit::Default(value)) => {
                let text = format!("replace what is not fit to {what} by `{value}`");
                Node::Replace(Literal::clone(value), self.note(way.rule, text, at, true))
            }
            said @ (Some(OnUnfit::Error) | None) => {
                let declared = said.is_some() && self.site.side == Side::Request;
                Node::Refuse(self.build.note(Note {
                    rule: way.rule,
                    text: format!("refuse what is not fit to {what}"),
                    at: at.as_str().to_owned(),
                    loss: false,
                    policy: declared.then_some(match way.transform {
                        Transform::Settle(_) => "on_conflict: must_equal",
                        _ => "on_fail: error",
                    }),
                }))
            }
        };
        self.build.node(node)
    }
}

/// A node without null, where it says at its face that there may be one.
fn without_null(node: &Value) -> Value {
    let Some(members) = node.as_object() else { return node.clone() };
    let mut members = members.clone();
    let only_null = |one: &Value| {
        one.get("type").is_some_and(|kind| kind == "null")
            || one.get("const").is_some_and(Value::is_null)
            || one
                .get("enum")
                .and_then(Value::as_array)
                .is_some_and(|all| all.iter().all(Value::is_null))
    };
    for (keyword, value) in &mut members {
        let Value::Array(parts) = value else { continue };
        match keyword.as_str() {
            "type" => parts.retain(|one| one != "null"),
            "enum" => parts.retain(|one| !one.is_null()),
            "anyOf" | "oneOf" => parts.retain(|one| !only_null(one)),
            _ => {}
        }
    }
    for keyword in ["anyOf", "oneOf"] {
        let single = match members.get(keyword).and_then(Value::as_array).map(Vec::as_slice) {
            Some([only]) => only.clone(),
            _ => continue,
        };
        let silent = ["title", "description", "default", "deprecated", "readOnly", "writeOnly"];
        if members.keys().all(|key| key == keyword || silent.contains(&key.as_str())) {
            return single;
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::without_null;

    #[track_caller]
    fn check(node: &Value, expected: &Value) {
        assert_eq!(without_null(node), *expected);
    }

    #[test]
    fn a_null_is_taken_out_of_what_may_be_null() {
        check(&json!({"type": ["string", "null"]}), &json!({"type": ["string"]}));
        check(
            &json!({"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}),
            &json!({"$ref": "#/$defs/a"}),
        );
        check(&json!({"enum": [1, null]}), &json!({"enum": [1]}));
        check(&json!({"type": "string"}), &json!({"type": "string"}));
    }
}
