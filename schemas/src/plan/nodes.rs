//! Facts about nodes that follow from the program alone.

use std::collections::BTreeSet;

use super::program::{Missing, Node, NodeId, NoteId, Program, Source, Supply};

/// The nodes that a node hands values or parts of values to.
pub(crate) fn children(node: &Node) -> Vec<NodeId> {
    match node {
        Node::Copy | Node::Refuse(_) | Node::Omit(_) | Node::Replace(..) => Vec::new(),
        Node::Split(one) => {
            vec![one.null, one.boolean, one.number, one.string, one.array, one.object]
        }
        Node::Table(table) => {
            table.entries.iter().map(|(_, id)| *id).chain([table.otherwise]).collect()
        }
        Node::Array(array) => array.prefix.iter().copied().chain([array.items]).collect(),
        Node::Object(object) => object
            .members
            .iter()
            .map(|member| member.node)
            .chain(object.patterns.iter().map(|(_, id)| *id))
            .chain([object.other])
            .collect(),
        Node::Transform(one) => vec![one.before, one.then, one.otherwise],
        Node::Choose(choose) => {
            choose.cases.iter().map(|(_, id)| *id).chain([choose.otherwise]).collect()
        }
    }
}

/// Whether the value itself may be left out in this node.
pub(crate) fn may_omit(program: &Program, id: NodeId) -> bool {
    !omissions(program, id).is_empty()
}

/// The notes by which the value itself may be left out in this node.
pub(crate) fn omissions(program: &Program, id: NodeId) -> BTreeSet<NoteId> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![id];
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        match program.node(id) {
            Node::Omit(note) => {
                found.insert(*note);
            }
            node @ (Node::Split(_) | Node::Table(_) | Node::Transform(_) | Node::Choose(_)) => {
                waiting.extend(children(node));
            }
            Node::Copy | Node::Refuse(_) | Node::Replace(..) | Node::Object(_) | Node::Array(_) => {
            }
        }
    }
    found
}

/// Whether some value may be refused in this node or below it.
pub(crate) fn may_refuse(program: &Program, id: NodeId) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![id];
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        match program.node(id) {
            Node::Refuse(_) => return true,
            Node::Object(object)
                if object.conflict.is_some() || object.supplies.iter().any(refuses) =>
            {
                return true;
            }
            node => waiting.extend(children(node)),
        }
    }
    false
}

fn refuses(supply: &Supply) -> bool {
    let inside = match &supply.source {
        Source::Object(parts) => parts.iter().any(refuses),
        Source::Literal(_) => return false,
        Source::Slot(_) | Source::Outside(_) | Source::Nothing => false,
    };
    inside || matches!(supply.missing, Missing::Refuse(_))
}
