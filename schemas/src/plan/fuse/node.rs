//! The product of two programs, pair of nodes by pair of nodes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::plan::image::{fills_outer, touches_outer};
use crate::plan::nodes::may_refuse;
use crate::plan::program::{
    ArrayNode, Literal, Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Slot,
    Source, Split, Supply, Table, Take,
};
use crate::plan::relink::{relink, renote};

use super::literal::{Kind, Made, evaluate, kind, same};
use super::slots::{Layout, Owned, compact};

/// One program that does what `first` and then `second` do. `None` where that cannot be written as one walk:
/// then the two run as stages.
pub fn fuse(first: &Program, second: &Program) -> Option<Program> {
    if first.is_identity() {
        return Some(second.clone());
    }
    if second.is_identity() {
        return Some(first.clone());
    }
    let mut product = Product {
        first,
        second,
        nodes: vec![Node::Copy],
        imported: HashMap::new(),
        paired: HashMap::new(),
        slots: Layout::of(first, second)?,
    };
    let root = product.pair(first.root, second.root, None)?;
    compact(&mut product.nodes);
    let notes = first.notes.iter().chain(&second.notes).cloned().collect();
    Some(Program { nodes: product.nodes, root, notes })
}

/// As few stages as the programs can be fused to, identities left out.
pub fn fuse_all(programs: &[Arc<Program>]) -> Vec<Arc<Program>> {
    let mut stages: Vec<Arc<Program>> = Vec::new();
    for program in programs.iter().filter(|program| !program.is_identity()) {
        match stages.last_mut() {
            Some(last) => match fuse(last, program) {
                Some(fused) => *last = Arc::new(fused),
                None => stages.push(Arc::clone(program)),
            },
            None => stages.push(Arc::clone(program)),
        }
    }
    stages
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Which {
    First,
    Second,
}

pub(super) struct Product<'a> {
    pub(super) first: &'a Program,
    pub(super) second: &'a Program,
    nodes: Vec<Node>,
    imported: HashMap<(Which, NodeId), NodeId>,
    paired: HashMap<(NodeId, NodeId, Option<Kind>), NodeId>,
    slots: Layout,
}

const COPY: NodeId = NodeId(0);

impl Product<'_> {
    fn push(&mut self, node: Node) -> NodeId {
        if matches!(node, Node::Copy) {
            return COPY;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node);
        id
    }

    fn fill(&mut self, id: NodeId, node: Node) {
        if let Some(place) = self.nodes.get_mut(id.0 as usize) {
            *place = node;
        }
    }

    /// A note of the second program under its new number.
    pub(super) fn later(&self, note: NoteId) -> NoteId {
        NoteId(note.0 + u32::try_from(self.first.notes.len()).unwrap_or(u32::MAX))
    }

    /// Of two notes that fire at once the one that tells of a loss.
    pub(super) fn louder(&self, first: NoteId, second: NoteId) -> NoteId {
        let loses = |note: Option<&Note>| note.is_some_and(|note| note.loss);
        if loses(self.second.note(second)) && !loses(self.first.note(first)) {
            self.later(second)
        } else {
            first
        }
    }

    /// The node for a value, of this type if one is given, that goes through `a` and then through `b`.
    pub(super) fn pair(&mut self, a: NodeId, b: NodeId, typed: Option<Kind>) -> Option<NodeId> {
        let (first, second) = (self.first, self.second);
        let a = typed.map_or(Some(a), |kind| specialised(first, a, kind))?;
        let key = (a, b, typed);
        if let Some(id) = self.paired.get(&key) {
            return Some(*id);
        }
        match (first.node(a), second.node(b)) {
            (Node::Refuse(note), _) => Some(self.push(Node::Refuse(*note))),
            (Node::Omit(note), _) => Some(self.push(Node::Omit(*note))),
            (Node::Replace(literal, note), _) => {
                let node = self.replaced(literal, *note, b)?;
                Some(self.push(node))
            }
            (_, Node::Copy) => Some(self.import(Which::First, a)),
            (Node::Copy, _) => {
                let b = typed.map_or(Some(b), |kind| specialised(second, b, kind))?;
                Some(self.import(Which::Second, b))
            }
            _ => {
                let id = self.push(Node::Split(Box::new(all(COPY))));
                self.paired.insert(key, id);
                let node = self.compound(a, b, typed)?;
                self.fill(id, node);
                Some(id)
            }
        }
    }

    fn replaced(&self, literal: &Literal, note: NoteId, b: NodeId) -> Option<Node> {
        match evaluate(self.second, b, literal) {
            Made::Same => Some(Node::Replace(Arc::clone(literal), note)),
            Made::Other(other, later) => Some(Node::Replace(other, self.louder(note, later))),
            Made::Refused(later) => Some(Node::Refuse(self.later(later))),
            Made::Omitted(later) => Some(Node::Omit(self.louder(note, later))),
            Made::Unknown => None,
        }
    }

    fn compound(&mut self, a: NodeId, b: NodeId, typed: Option<Kind>) -> Option<Node> {
        let (first, second) = (self.first, self.second);
        let written = match first.node(a) {
            Node::Object(_) => typed.map(|_| Kind::Object),
            Node::Array(_) => typed.map(|_| Kind::Array),
            _ => None,
        };
        let b = written.map_or(Some(b), |kind| specialised(second, b, kind))?;
        match (first.node(a), second.node(b)) {
            (Node::Transform(one), _) if !touches_outer(second, b) => self.transform_then(one, b),
            (_, Node::Transform(one)) if !touches_outer(first, a) => {
                self.then_transform(a, one, typed)
            }
            (Node::Transform(_), _) | (_, Node::Transform(_)) => None,
            (Node::Choose(choose), _) if !touches_outer(second, b) => {
                self.choose_then(choose, b, typed)
            }
            (Node::Object(one), Node::Choose(choose)) if !touches_outer(first, a) => {
                self.then_choose((a, one), choose, typed)
            }
            (Node::Object(one), Node::Object(other)) => {
                self.objects(one, other).map(|object| Node::Object(Box::new(object)))
            }
            (Node::Array(one), Node::Array(other)) => self.arrays(one, other),
            (
                Node::Table(table),
                Node::Table(_) | Node::Refuse(_) | Node::Omit(_) | Node::Replace(..),
            ) => self.table(table, b, typed),
            (Node::Table(table), _) if typed.is_some_and(Kind::is_scalar) => {
                self.table(table, b, typed)
            }
            (Node::Object(_) | Node::Array(_), Node::Copy) => {
                Some(self.renumbered(Which::First, a))
            }
            (
                Node::Object(_) | Node::Array(_),
                leaf @ (Node::Refuse(_) | Node::Omit(_) | Node::Replace(..)),
            ) => (!may_refuse(first, a) && !fills_outer(first, a)).then(|| match leaf {
                Node::Refuse(note) => Node::Refuse(self.later(*note)),
                Node::Replace(literal, note) => {
                    Node::Replace(Arc::clone(literal), self.later(*note))
                }
                Node::Omit(note) => Node::Omit(self.later(*note)),
                _ => Node::Copy,
            }),
            _ if typed.is_none() => {
                let mut ways = all(COPY);
                for kind in Kind::ALL {
                    *way(&mut ways, kind) = self.pair(a, b, Some(kind))?;
                }
                Some(Node::Split(Box::new(ways)))
            }
            _ => None,
        }
    }

    fn arrays(&mut self, one: &ArrayNode, other: &ArrayNode) -> Option<Node> {
        let omits = |id: &NodeId| crate::plan::nodes::may_omit(self.first, *id);
        if !other.prefix.is_empty() && one.prefix.iter().chain([&one.items]).any(omits) {
            return None;
        }
        let mut prefix = Vec::new();
        for at in 0..one.prefix.len().max(other.prefix.len()) {
            let a = one.prefix.get(at).copied().unwrap_or(one.items);
            let b = other.prefix.get(at).copied().unwrap_or(other.items);
            prefix.push(self.pair(a, b, None)?);
        }
        let items = self.pair(one.items, other.items, None)?;
        Some(Node::Array(Box::new(ArrayNode { prefix, items })))
    }

    /// `b` is not an object or array node where `typed` is unknown, so that scalars tell it all.
    fn table(&mut self, table: &Table, b: NodeId, typed: Option<Kind>) -> Option<Node> {
        let second = self.second;
        let fits = |literal: &Literal| typed.is_none_or(|wanted| kind(literal) == wanted);
        let mut entries = Vec::new();
        for (literal, id) in table.entries.iter().filter(|(literal, _)| fits(literal)) {
            let node = match self.first.node(*id) {
                Node::Copy => match evaluate(second, b, literal) {
                    Made::Same => Node::Copy,
                    Made::Other(other, note) => Node::Replace(other, self.later(note)),
                    Made::Refused(note) => Node::Refuse(self.later(note)),
                    Made::Omitted(note) => Node::Omit(self.later(note)),
                    Made::Unknown => return None,
                },
                Node::Replace(other, note) => self.replaced(other, *note, b)?,
                Node::Refuse(note) => Node::Refuse(*note),
                Node::Omit(note) => Node::Omit(*note),
                Node::Split(_)
                | Node::Object(_)
                | Node::Array(_)
                | Node::Table(_)
                | Node::Transform(_)
                | Node::Choose(_) => return None,
            };
            let id = self.push(node);
            entries.push((Arc::clone(literal), id));
        }
        let next = typed.map_or(Some(b), |kind| specialised(second, b, kind))?;
        let otherwise = match (self.first.node(table.otherwise), second.node(next)) {
            (Node::Copy, Node::Table(rows)) => {
                for (literal, id) in rows.entries.iter().filter(|(literal, _)| fits(literal)) {
                    let value = serde_json::from_str(literal).ok()?;
                    if !entries.iter().any(|(seen, _)| same(seen, &value)) {
                        let id = self.import(Which::Second, *id);
                        entries.push((Arc::clone(literal), id));
                    }
                }
                self.import(Which::Second, rows.otherwise)
            }
            _ => self.pair(table.otherwise, b, typed)?,
        };
        Some(Node::Table(Box::new(Table { entries, otherwise })))
    }

    /// A node of one program with all below it, under new numbers.
    pub(super) fn import(&mut self, which: Which, id: NodeId) -> NodeId {
        let program = match which {
            Which::First => self.first,
            Which::Second => self.second,
        };
        if matches!(program.node(id), Node::Copy) {
            return COPY;
        }
        if let Some(known) = self.imported.get(&(which, id)) {
            return *known;
        }
        let place = self.push(Node::Split(Box::new(all(COPY))));
        self.imported.insert((which, id), place);
        let node = self.renumbered(which, id);
        self.fill(place, node);
        place
    }

    fn renumbered(&mut self, which: Which, id: NodeId) -> Node {
        let program = match which {
            Which::First => self.first,
            Which::Second => self.second,
        };
        match program.node(id) {
            Node::Copy => Node::Copy,
            Node::Refuse(note) => Node::Refuse(self.note(which, *note)),
            Node::Omit(note) => Node::Omit(self.note(which, *note)),
            Node::Replace(literal, note) => {
                Node::Replace(Arc::clone(literal), self.note(which, *note))
            }
            Node::Split(split) => {
                let mut split = split.as_ref().clone();
                for kind in Kind::ALL {
                    let id = *way(&mut split, kind);
                    *way(&mut split, kind) = self.import(which, id);
                }
                Node::Split(Box::new(split))
            }
            Node::Table(table) => Node::Table(Box::new(Table {
                entries: table
                    .entries
                    .iter()
                    .map(|(literal, id)| (Arc::clone(literal), self.import(which, *id)))
                    .collect(),
                otherwise: self.import(which, table.otherwise),
            })),
            Node::Array(array) => Node::Array(Box::new(ArrayNode {
                prefix: array.prefix.iter().map(|id| self.import(which, *id)).collect(),
                items: self.import(which, array.items),
            })),
            Node::Object(object) => Node::Object(Box::new(self.object(which, object))),
            node @ (Node::Transform(_) | Node::Choose(_)) => {
                let mut node = node.clone();
                relink(&mut node, &mut |id| self.import(which, id));
                renote(&mut node, &mut |note| self.note(which, note));
                node
            }
        }
    }

    fn object(&mut self, which: Which, object: &ObjectNode) -> ObjectNode {
        ObjectNode {
            members: object
                .members
                .iter()
                .map(|member| Member {
                    name: Arc::clone(&member.name),
                    rename: member
                        .rename
                        .as_ref()
                        .map(|(name, note)| (Arc::clone(name), self.note(which, *note))),
                    node: self.import(which, member.node),
                    take: member.take.map(|take| self.take(which, take)),
                })
                .collect(),
            patterns: object
                .patterns
                .iter()
                .map(|(pattern, id)| (Arc::clone(pattern), self.import(which, *id)))
                .collect(),
            other: self.import(which, object.other),
            supplies: object.supplies.iter().map(|supply| self.supply(which, supply)).collect(),
            conflict: object.conflict.map(|note| self.note(which, note)),
            slots: self.range(which, object.slots).range,
            hold: object.hold,
        }
    }

    pub(super) fn take(&self, which: Which, (slot, take): (Slot, Take)) -> (Slot, Take) {
        let take = match take {
            Take::Move(note) => Take::Move(self.note(which, note)),
            Take::Copy => Take::Copy,
        };
        (self.slot(which, slot), take)
    }

    pub(super) fn supply(&self, which: Which, supply: &Supply) -> Supply {
        let source = match &supply.source {
            Source::Slot(slot) => Source::Slot(self.slot(which, *slot)),
            Source::Object(parts) => {
                Source::Object(parts.iter().map(|part| self.supply(which, part)).collect())
            }
            other @ (Source::Literal(_) | Source::Outside(_) | Source::Nothing) => other.clone(),
        };
        let missing = match supply.missing {
            Missing::Omit => Missing::Omit,
            Missing::Refuse(note) => Missing::Refuse(self.note(which, note)),
        };
        Supply {
            name: Arc::clone(&supply.name),
            source,
            note: self.note(which, supply.note),
            missing,
        }
    }

    pub(super) fn note(&self, which: Which, note: NoteId) -> NoteId {
        match which {
            Which::First => note,
            Which::Second => self.later(note),
        }
    }

    const fn slot(&self, which: Which, slot: Slot) -> Slot {
        self.slots.slot(which, slot)
    }

    pub(super) const fn range(&self, which: Which, range: (u32, u32)) -> Owned {
        self.slots.range(which, range)
    }

    /// A slot that nothing reads, of an object that owns these.
    pub(super) fn bin(&mut self, owned: &mut Option<Owned>) -> Option<Slot> {
        let owned = match owned {
            Some(owned) => owned,
            None => owned.insert(self.slots.fresh()?),
        };
        owned.bin()
    }
}

/// The node that a value of this type comes to; `None` for a way that goes in a circle.
fn specialised(program: &Program, id: NodeId, kind: Kind) -> Option<NodeId> {
    let mut id = id;
    for _ in 0..=program.nodes.len() {
        id = match program.node(id) {
            Node::Split(split) => match kind {
                Kind::Null => split.null,
                Kind::Boolean => split.boolean,
                Kind::Number => split.number,
                Kind::String => split.string,
                Kind::Array => split.array,
                Kind::Object => split.object,
            },
            Node::Table(table) if !kind.is_scalar() => table.otherwise,
            Node::Choose(choose) if kind != Kind::Object => choose.otherwise,
            Node::Object(_) if kind != Kind::Object => return Some(COPY),
            Node::Array(_) if kind != Kind::Array => return Some(COPY),
            _ => return Some(id),
        };
    }
    None
}

const fn all(id: NodeId) -> Split {
    Split { null: id, boolean: id, number: id, string: id, array: id, object: id }
}

const fn way(split: &mut Split, kind: Kind) -> &mut NodeId {
    match kind {
        Kind::Null => &mut split.null,
        Kind::Boolean => &mut split.boolean,
        Kind::Number => &mut split.number,
        Kind::String => &mut split.string,
        Kind::Array => &mut split.array,
        Kind::Object => &mut split.object,
    }
}
