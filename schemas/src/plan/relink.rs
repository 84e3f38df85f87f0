//! Nodes under other numbers.

use super::program::{Missing, Node, NodeId, NoteId, Source, Supply, Take};

/// Puts other numbers for the nodes that a node goes on to.
pub(crate) fn relink(node: &mut Node, to: &mut dyn FnMut(NodeId) -> NodeId) {
    match node {
        Node::Copy | Node::Refuse(_) | Node::Omit(_) | Node::Replace(..) => {}
        Node::Split(split) => {
            for id in [
                &mut split.null,
                &mut split.boolean,
                &mut split.number,
                &mut split.string,
                &mut split.array,
                &mut split.object,
            ] {
                *id = to(*id);
            }
        }
        Node::Object(object) => {
            for member in &mut object.members {
                member.node = to(member.node);
            }
            for (_, id) in &mut object.patterns {
                *id = to(*id);
            }
            object.other = to(object.other);
        }
        Node::Array(array) => {
            for id in array.prefix.iter_mut().chain([&mut array.items]) {
                *id = to(*id);
            }
        }
        Node::Table(table) => {
            for (_, id) in &mut table.entries {
                *id = to(*id);
            }
            table.otherwise = to(table.otherwise);
        }
        Node::Transform(one) => {
            for id in [&mut one.before, &mut one.then, &mut one.otherwise] {
                *id = to(*id);
            }
        }
        Node::Choose(choose) => {
            for (_, id) in &mut choose.cases {
                *id = to(*id);
            }
            choose.otherwise = to(choose.otherwise);
        }
    }
}

/// Puts other numbers for the notes of a node.
pub(crate) fn renote(node: &mut Node, to: &mut dyn FnMut(NoteId) -> NoteId) {
    match node {
        Node::Refuse(note) | Node::Omit(note) | Node::Replace(_, note) => *note = to(*note),
        Node::Object(object) => {
            for member in &mut object.members {
                if let Some((_, note)) = &mut member.rename {
                    *note = to(*note);
                }
                if let Some((_, Take::Move(note))) = &mut member.take {
                    *note = to(*note);
                }
            }
            renote_supplies(&mut object.supplies, to);
            if let Some(note) = &mut object.conflict {
                *note = to(*note);
            }
        }
        Node::Transform(one) => {
            one.note = to(one.note);
            one.lost = one.lost.map(&mut *to);
        }
        Node::Copy | Node::Split(_) | Node::Array(_) | Node::Table(_) | Node::Choose(_) => {}
    }
}

fn renote_supplies(supplies: &mut [Supply], to: &mut dyn FnMut(NoteId) -> NoteId) {
    for supply in supplies {
        supply.note = to(supply.note);
        if let Missing::Refuse(note) = &mut supply.missing {
            *note = to(*note);
        }
        if let Source::Object(inner) = &mut supply.source {
            renote_supplies(inner, to);
        }
    }
}
