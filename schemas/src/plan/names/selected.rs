//! A program for payloads of which a client asked for some members, from a program for whole ones.
//!
//! What was not asked for is missing and stays missing: nothing is written that is not made of what came, and what is
//! not there is no reason to refuse. Outside the place that names count from the payload is whole, as ever.

use std::collections::HashMap;
use std::sync::Arc;

use crate::plan::program::{Missing, Node, NodeId, ObjectNode, Program, Source, Supply};
use crate::plan::transform::Transform;

use super::table::{Path, Step};

/// The programs of a way for payloads that have only some of the members below a place, which is at one of `roots` in
/// what each of them reads.
pub(crate) fn selected(stages: &[Arc<Program>], roots: &[Path]) -> Vec<Arc<Program>> {
    let one = |(program, root): (&Arc<Program>, &Path)| {
        let mut walk = Walk { program, nodes: program.nodes.clone(), done: HashMap::new() };
        let root = walk.around(program.root, root).unwrap_or_else(|| walk.inside(program.root));
        Arc::new(Program { nodes: walk.nodes, root, notes: program.notes.clone() })
    };
    stages.iter().zip(roots).map(one).collect()
}

struct Walk<'a> {
    program: &'a Program,
    nodes: Vec<Node>,
    /// What each node is inside.
    done: HashMap<NodeId, NodeId>,
}

impl Walk<'_> {
    fn put(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(u32::try_from(self.nodes.len() - 1).unwrap_or(0))
    }

    /// The node with the one at a path in another form; `None` where the path cannot be followed.
    fn around(&mut self, id: NodeId, rest: &[Step]) -> Option<NodeId> {
        let Some((first, after)) = rest.split_first() else { return Some(self.inside(id)) };
        let fresh = match self.program.node(id).clone() {
            node @ (Node::Copy | Node::Omit(_) | Node::Refuse(_) | Node::Replace(..)) => node,
            Node::Split(mut split) => {
                let branch =
                    if *first == Step::Item { &mut split.array } else { &mut split.object };
                *branch = self.around(*branch, rest)?;
                Node::Split(split)
            }
            Node::Object(mut object) => {
                match first {
                    Step::Name(name) => {
                        match object.members.iter_mut().find(|member| member.name == *name) {
                            Some(member) => member.node = self.around(member.node, after)?,
                            None => object.other = self.around(object.other, after)?,
                        }
                    }
                    Step::Key => {
                        for (_, id) in &mut object.patterns {
                            *id = self.around(*id, after)?;
                        }
                        object.other = self.around(object.other, after)?;
                    }
                    Step::Item => return None,
                }
                Node::Object(object)
            }
            Node::Array(mut array) if *first == Step::Item => {
                for id in &mut array.prefix {
                    *id = self.around(*id, after)?;
                }
                array.items = self.around(array.items, after)?;
                Node::Array(array)
            }
            Node::Choose(mut choose) => {
                for (_, id) in &mut choose.cases {
                    *id = self.around(*id, rest)?;
                }
                choose.otherwise = self.around(choose.otherwise, rest)?;
                Node::Choose(choose)
            }
            Node::Transform(mut one) if one.before == NodeId(0) => {
                let through = match (&one.transform, first) {
                    (Transform::Open(open), Step::Name(name)) if *open.member == **name => {
                        after.to_vec()
                    }
                    (Transform::Envelop(envelop), _) => {
                        [vec![Step::Name(envelop.member.as_str().into())], rest.to_vec()].concat()
                    }
                    _ => return None,
                };
                one.then = self.around(one.then, &through)?;
                Node::Transform(one)
            }
            Node::Array(_) | Node::Table(_) | Node::Transform(_) => return None,
        };
        Some(self.put(fresh))
    }

    /// The node for a value of which some members are missing.
    fn inside(&mut self, id: NodeId) -> NodeId {
        if let Some(known) = self.done.get(&id) {
            return *known;
        }
        let node = self.program.node(id).clone();
        if matches!(
            node,
            Node::Copy | Node::Omit(_) | Node::Refuse(_) | Node::Replace(..) | Node::Table(_)
        ) {
            return id;
        }
        let at = self.put(Node::Copy);
        self.done.insert(id, at);
        let fresh = match node {
            Node::Split(mut split) => {
                split.array = self.inside(split.array);
                split.object = self.inside(split.object);
                Node::Split(split)
            }
            Node::Array(mut array) => {
                array.prefix = array.prefix.iter().map(|id| self.inside(*id)).collect();
                array.items = self.inside(array.items);
                Node::Array(array)
            }
            Node::Object(object) => Node::Object(Box::new(self.object(*object))),
            Node::Choose(mut choose) => {
                for (_, id) in &mut choose.cases {
                    *id = self.inside(*id);
                }
                choose.otherwise = self.inside(choose.otherwise);
                Node::Choose(choose)
            }
            Node::Transform(mut one) => {
                one.before = self.inside(one.before);
                one.then = self.inside(one.then);
                // a function of members that are not all there leaves those that are
                let of_members = is_of_members(&one.transform);
                one.otherwise = if of_members { one.then } else { self.inside(one.otherwise) };
                Node::Transform(one)
            }
            other => other,
        };
        if let Some(slot) = self.nodes.get_mut(at.0 as usize) {
            *slot = fresh;
        }
        at
    }

    fn object(&mut self, mut object: ObjectNode) -> ObjectNode {
        for member in &mut object.members {
            member.node = self.inside(member.node);
        }
        for (_, id) in &mut object.patterns {
            *id = self.inside(*id);
        }
        object.other = self.inside(object.other);
        object.supplies = supplies(&object.supplies);
        object
    }
}

/// What is made of what came.
fn supplies(all: &[Supply]) -> Vec<Supply> {
    let kept = all.iter().filter_map(|supply| {
        let source = match &supply.source {
            Source::Slot(_) => supply.source.clone(),
            Source::Object(parts) => {
                let parts = supplies(parts);
                if parts.is_empty() {
                    return None;
                }
                Source::Object(parts)
            }
            Source::Literal(_) | Source::Outside(_) | Source::Nothing => return None,
        };
        Some(Supply { source, missing: Missing::Omit, ..supply.clone() })
    });
    kept.collect()
}

fn is_of_members(transform: &Transform) -> bool {
    match transform {
        Transform::Merge(_)
        | Transform::Split(_)
        | Transform::Compute(_)
        | Transform::Gather(_)
        | Transform::Scatter(_)
        | Transform::Retag(_)
        | Transform::Settle(_) => true,
        Transform::Chain(parts) => parts.iter().any(is_of_members),
        _ => false,
    }
}
