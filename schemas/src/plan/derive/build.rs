//! Building a program: nodes and notes as they come, then only those that do something.

use std::collections::BTreeMap;

use crate::plan::program::{Node, NodeId, Note, NoteId, ObjectNode, Program};
use crate::plan::relink::{relink, renote};

/// The node that copies.
pub(super) const COPY: NodeId = NodeId(0);

/// A program without the nodes that do nothing.
pub(crate) fn thinned(program: Program) -> Program {
    let Program { nodes, root, notes } = program;
    Builder { nodes, notes }.finish(root)
}

/// A program in the making. Node ids are stable while it is built, so that recursion can refer to a node
/// that is not there yet.
#[derive(Debug)]
pub(super) struct Builder {
    nodes: Vec<Node>,
    notes: Vec<Note>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::Copy], notes: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn note(&mut self, note: Note) -> NoteId {
        self.notes.push(note);
        NoteId(u32::try_from(self.notes.len() - 1).unwrap_or(u32::MAX))
    }

    /// A node that is known already.
    pub(super) fn node(&mut self, node: Node) -> NodeId {
        if node == Node::Copy {
            return COPY;
        }
        self.nodes.push(node);
        NodeId(u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX))
    }

    /// A place for a node that is being made: until then it copies.
    pub(super) fn reserve(&mut self) -> NodeId {
        self.nodes.push(Node::Copy);
        NodeId(u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn fill(&mut self, id: NodeId, node: Node) {
        if let Some(place) = self.nodes.get_mut(id.0 as usize) {
            *place = node;
        }
    }

    /// Whether each note that `root` reaches satisfies `wanted`.
    pub(super) fn all_notes(&self, root: NodeId, wanted: impl Fn(&Note) -> bool) -> bool {
        let mut seen = vec![false; self.nodes.len()];
        let mut waiting = vec![root];
        while let Some(id) = waiting.pop() {
            let index = id.0 as usize;
            let Some(mark) = seen.get_mut(index) else { continue };
            if std::mem::replace(mark, true) {
                continue;
            }
            let Some(node) = self.nodes.get(index) else { continue };
            let good = notes_of(node)
                .iter()
                .all(|note| self.notes.get(note.0 as usize).is_none_or(&wanted));
            if !good {
                return false;
            }
            waiting.extend(next(node));
        }
        true
    }

    /// The program from `root`, in which every node does something or leads to one that does.
    pub(super) fn finish(mut self, root: NodeId) -> Program {
        let active = self.active();
        let copies = |id: NodeId| !active.get(id.0 as usize).copied().unwrap_or(false);
        for node in &mut self.nodes {
            relink(node, &mut |id| if copies(id) { COPY } else { id });
            if let Node::Object(object) = node {
                thin(object);
            }
        }
        let root = if copies(root) { COPY } else { root };
        Compaction::of(&self.nodes, &self.notes).run(root)
    }

    /// Which nodes act: the least set that has each acting node and each that leads to one.
    fn active(&self) -> Vec<bool> {
        let mut active: Vec<bool> = self.nodes.iter().map(acts).collect();
        loop {
            let acts = |id: NodeId| active.get(id.0 as usize).copied().unwrap_or(false);
            let now: Vec<bool> = self
                .nodes
                .iter()
                .zip(&active)
                .map(|(node, active)| *active || next(node).any(acts))
                .collect();
            if now == active {
                return active;
            }
            active = now;
        }
    }
}

fn acts(node: &Node) -> bool {
    match node {
        Node::Refuse(_) | Node::Omit(_) | Node::Replace(..) | Node::Transform(_) => true,
        Node::Object(object) => {
            !object.supplies.is_empty()
                || object.members.iter().any(|one| one.rename.is_some() || one.take.is_some())
        }
        Node::Copy | Node::Split(_) | Node::Array(_) | Node::Table(_) | Node::Choose(_) => false,
    }
}

/// Members that would be copied anyway are left out, where members not known by name are copied too.
fn thin(object: &mut ObjectNode) {
    if object.other == COPY && object.patterns.iter().all(|(_, node)| *node == COPY) {
        object.patterns.clear();
        object.members.retain(|one| one.node != COPY || one.rename.is_some() || one.take.is_some());
    }
}

fn next(node: &Node) -> impl Iterator<Item = NodeId> {
    let mut ids = Vec::new();
    let mut copy = node.clone();
    relink(&mut copy, &mut |id| {
        ids.push(id);
        id
    });
    ids.into_iter()
}

fn notes_of(node: &Node) -> Vec<NoteId> {
    let mut notes = Vec::new();
    renote(&mut node.clone(), &mut |id| {
        notes.push(id);
        id
    });
    notes
}

/// Copies what the root reaches, in the order it is reached.
struct Compaction<'a> {
    old_nodes: &'a [Node],
    old_notes: &'a [Note],
    nodes: Vec<Node>,
    notes: Vec<Note>,
    node_ids: BTreeMap<NodeId, NodeId>,
    note_ids: BTreeMap<NoteId, NoteId>,
}

impl<'a> Compaction<'a> {
    fn of(old_nodes: &'a [Node], old_notes: &'a [Note]) -> Self {
        Self {
            old_nodes,
            old_notes,
            nodes: vec![Node::Copy],
            notes: Vec::new(),
            node_ids: BTreeMap::from([(COPY, COPY)]),
            note_ids: BTreeMap::new(),
        }
    }

    fn run(mut self, root: NodeId) -> Program {
        let mut order = Vec::new();
        let mut waiting = vec![root];
        while let Some(id) = waiting.pop() {
            if self.node_ids.contains_key(&id) {
                continue;
            }
            let Some(node) = self.old_nodes.get(id.0 as usize) else { continue };
            let new = NodeId(u32::try_from(order.len() + 1).unwrap_or(u32::MAX));
            self.node_ids.insert(id, new);
            order.push(id);
            let mut ids: Vec<NodeId> = next(node).collect();
            ids.reverse();
            waiting.append(&mut ids);
        }
        for id in &order {
            let mut node = self.old_nodes.get(id.0 as usize).cloned().unwrap_or(Node::Copy);
            relink(&mut node, &mut |id| self.node_ids.get(&id).copied().unwrap_or(COPY));
            renote(&mut node, &mut |id| self.kept_note(id));
            self.nodes.push(node);
        }
        let root = self.node_ids.get(&root).copied().unwrap_or(COPY);
        Program { nodes: self.nodes, root, notes: self.notes }
    }

    fn kept_note(&mut self, id: NoteId) -> NoteId {
        if let Some(known) = self.note_ids.get(&id) {
            return *known;
        }
        let Some(note) = self.old_notes.get(id.0 as usize) else { return id };
        let new = NoteId(u32::try_from(self.notes.len()).unwrap_or(u32::MAX));
        self.notes.push(note.clone());
        self.note_ids.insert(id, new);
        new
    }
}
