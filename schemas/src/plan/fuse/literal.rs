//! A node asked what it makes of one literal, when programs are fused.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::apply::{holds, same_scalar};
use crate::plan::program::{Literal, Node, NodeId, NoteId, Program};

/// What a node makes of a literal.
pub(super) enum Made {
    /// Written as it is.
    Same,
    /// Another literal, by this note.
    Other(Literal, NoteId),
    /// Refused.
    Refused(NoteId),
    /// Left out.
    Omitted(NoteId),
    /// Not known without running the node on a whole document.
    Unknown,
}

/// What becomes of the literal in this node.
pub(super) fn evaluate(program: &Program, id: NodeId, literal: &Literal) -> Made {
    let Ok(value) = serde_json::from_str::<Value>(literal) else { return Made::Unknown };
    let mut id = id;
    // A way through tables and splits is short; one that is not goes in a circle.
    for _ in 0..=program.nodes.len() {
        match (program.node(id), &value) {
            (Node::Refuse(note), _) => return Made::Refused(*note),
            (Node::Omit(note), _) => return Made::Omitted(*note),
            (Node::Replace(other, note), _) => return Made::Other(Arc::clone(other), *note),
            (Node::Object(_), Value::Object(_)) | (Node::Array(_), Value::Array(_)) => {
                return Made::Unknown;
            }
            (Node::Copy | Node::Object(_) | Node::Array(_), _) => return Made::Same,
            (Node::Split(split), _) => {
                id = match value {
                    Value::Null => split.null,
                    Value::Bool(_) => split.boolean,
                    Value::Number(_) => split.number,
                    Value::String(_) => split.string,
                    Value::Array(_) => split.array,
                    Value::Object(_) => split.object,
                };
            }
            (Node::Table(table), _) => {
                let row = table.entries.iter().find(|(entry, _)| same(entry, &value));
                id = row.map_or(table.otherwise, |(_, id)| *id);
            }
            (Node::Choose(choose), Value::Object(_)) => {
                let case = choose.cases.iter().find(|(test, _)| holds(test, &value));
                id = case.map_or(choose.otherwise, |(_, id)| *id);
            }
            (Node::Choose(choose), _) => id = choose.otherwise,
            (Node::Transform(_), _) => return Made::Unknown,
        }
    }
    Made::Unknown
}

/// Whether a table's entry is this scalar.
pub(super) fn same(entry: &Literal, value: &Value) -> bool {
    serde_json::from_str(entry).is_ok_and(|entry| same_scalar(&entry, value))
}

/// The JSON type of a literal, as a position in a [`crate::plan::program::Split`].
pub(super) fn kind(literal: &Literal) -> Kind {
    match literal.trim_start().as_bytes().first() {
        Some(b'n') => Kind::Null,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'"') => Kind::String,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        _ => Kind::Number,
    }
}

/// A JSON type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Null, Self::Boolean, Self::Number, Self::String, Self::Array, Self::Object];

    pub(super) const fn is_scalar(self) -> bool {
        matches!(self, Self::Null | Self::Boolean | Self::Number | Self::String)
    }
}
