//! What a conversion does to the values of one member, and which values of the other version a value comes from.

use crate::plan::program::{Literal, Node, NodeId, Program};
use crate::plan::transform::Transform;

/// What becomes of the values of a member.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// Some become others (rows A8, A9, lens L6).
    Mapped(Mapped),
    /// Greater values stay greater ones, but they are written otherwise.
    Ordered,
    /// Something else.
    Other,
}

/// A table of values as plain text: texts without their quotes.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    entries: Vec<(String, Outcome)>,
    otherwise: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Same,
    Becomes(String),
    Gone,
    Unclear,
}

impl Mapped {
    /// The values that become this one; `None` where they cannot be listed.
    pub(super) fn back(&self, value: &str) -> Option<Vec<String>> {
        match &self.otherwise {
            Outcome::Unclear => return None,
            Outcome::Becomes(text) if text == value => return None,
            Outcome::Becomes(_) | Outcome::Same | Outcome::Gone => {}
        }
        let mut found = Vec::new();
        let own = self.entries.iter().find(|(one, _)| one == value).map(|(_, outcome)| outcome);
        if matches!(own.unwrap_or(&self.otherwise), Outcome::Same) {
            found.push(value.to_owned());
        }
        for (one, outcome) in &self.entries {
            match outcome {
                Outcome::Becomes(text) if text == value && !found.contains(one) => {
                    found.push(one.clone());
                }
                Outcome::Unclear => return None,
                _ => {}
            }
        }
        Some(found)
    }
}

/// The values of the other version that become this one, through all steps; `None` where they cannot be listed.
pub(super) fn back(steps: &[Values], value: &str) -> Option<Vec<String>> {
    let mut values = vec![value.to_owned()];
    for step in steps {
        let Values::Mapped(mapped) = step else { return None };
        let mut before = Vec::new();
        for value in &values {
            for one in mapped.back(value)? {
                if !before.contains(&one) {
                    before.push(one);
                }
            }
        }
        values = before;
    }
    Some(values)
}

/// Whether a sort by these values is a sort by the values that they come from.
pub(super) fn keeps_order(steps: &[Values]) -> bool {
    steps.iter().all(|step| matches!(step, Values::Ordered))
}

/// What a node does to scalars; `None` when they stay as they are.
pub(super) fn values(program: &Program, id: NodeId) -> Vec<Values> {
    match program.node(id) {
        Node::Copy
        | Node::Object(_)
        | Node::Array(_)
        | Node::Choose(_)
        | Node::Omit(_)
        | Node::Refuse(_) => Vec::new(),
        Node::Replace(..) => vec![Values::Other],
        Node::Split(split) => {
            let kinds = [split.string, split.number, split.boolean];
            let mut found: Vec<Vec<Values>> = Vec::new();
            for kind in kinds {
                if matches!(program.node(kind), Node::Omit(_) | Node::Refuse(_)) {
                    continue;
                }
                let one = values(program, kind);
                if !found.contains(&one) {
                    found.push(one);
                }
            }
            match found.as_slice() {
                [] => Vec::new(),
                [only] => only.clone(),
                // what is done to one type of value only is done to all there are, or nobody can tell
                [one, other] if one.is_empty() => other.clone(),
                [one, other] if other.is_empty() => one.clone(),
                _ => vec![Values::Other],
            }
        }
        Node::Table(table) => {
            let outcome = |id: NodeId| match program.node(id) {
                Node::Copy => Outcome::Same,
                Node::Replace(literal, _) => {
                    plain(literal).map_or(Outcome::Unclear, Outcome::Becomes)
                }
                Node::Omit(_) | Node::Refuse(_) => Outcome::Gone,
                _ => Outcome::Unclear,
            };
            let entry = |(value, id): &(Literal, NodeId)| Some((plain(value)?, outcome(*id)));
            let entries: Vec<_> = table.entries.iter().filter_map(entry).collect();
            let otherwise = outcome(table.otherwise);
            let same = |one: &Outcome| matches!(one, Outcome::Same);
            if same(&otherwise) && entries.iter().all(|(_, one)| same(one)) {
                return Vec::new();
            }
            vec![Values::Mapped(Mapped { entries, otherwise })]
        }
        Node::Transform(one) => {
            let mut steps = values(program, one.then);
            steps.extend(of_function(&one.transform));
            steps.extend(values(program, one.before));
            steps
        }
    }
}

fn of_function(transform: &Transform) -> Vec<Values> {
    match transform {
        Transform::Scale(_) | Transform::Time(_) => vec![Values::Ordered],
        Transform::Chain(parts) => parts.iter().rev().flat_map(of_function).collect(),
        _ => vec![Values::Other],
    }
}

/// The plain text of a scalar.
fn plain(literal: &str) -> Option<String> {
    match serde_json::from_str(literal).ok()? {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(_) | serde_json::Value::Bool(_) | serde_json::Value::Null => {
            Some(literal.trim().to_owned())
        }
        _ => None,
    }
}
