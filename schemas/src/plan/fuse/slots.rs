//! The slots of a product: those of both programs under new numbers, with room for values that nothing reads.

use std::collections::BTreeSet;

use crate::plan::nodes::children;
use crate::plan::program::{Node, NodeId, Program, Slot, Source, Supply};

use super::node::Which;

/// Where the slots of both programs are while the product is made. Each slot has room behind it, so that the objects
/// of either program can own more than they did; [`compact`] takes out what was not needed.
#[derive(Debug)]
pub(super) struct Layout {
    /// The room of one slot: enough for all members of any object.
    room: u32,
    /// Where the slots of the second program begin.
    second: u32,
    /// The next that neither has.
    next: u32,
}

/// The slots of one object of the product.
#[derive(Debug)]
pub(super) struct Owned {
    /// `first, count`
    pub(super) range: (u32, u32),
    /// The next slot that nothing reads, and the end of them.
    bins: (u32, u32),
}

impl Layout {
    /// `None` where the numbers do not suffice.
    pub(super) fn of(first: &Program, second: &Program) -> Option<Self> {
        let members = first.nodes.iter().map(|node| match node {
            Node::Object(object) => object.members.len(),
            _ => 0,
        });
        let room = u32::try_from(members.max().unwrap_or(0)).ok()?.checked_add(1)?;
        let begin = slots_of(first).checked_mul(room)?;
        let next = slots_of(second).checked_mul(room)?.checked_add(begin)?;
        Some(Self { room, second: begin, next })
    }

    const fn begin(&self, which: Which) -> u32 {
        match which {
            Which::First => 0,
            Which::Second => self.second,
        }
    }

    pub(super) const fn slot(&self, which: Which, slot: Slot) -> Slot {
        Slot(self.begin(which) + slot.0 * self.room)
    }

    pub(super) const fn range(&self, which: Which, (first, count): (u32, u32)) -> Owned {
        let range = (self.begin(which) + first * self.room, count * self.room);
        Owned { range, bins: (range.0 + 1, range.0 + self.room) }
    }

    /// Slots for an object that has none in either program; `None` where the numbers do not suffice.
    pub(super) fn fresh(&mut self) -> Option<Owned> {
        let range = (self.next, self.room);
        self.next = self.next.checked_add(self.room)?;
        Some(Owned { range, bins: (range.0, self.next) })
    }
}

impl Owned {
    /// A slot that nothing reads.
    pub(super) fn bin(&mut self) -> Option<Slot> {
        let next = self.bins.0;
        self.bins.0 += 1;
        (next < self.bins.1).then_some(Slot(next))
    }
}

fn slots_of(program: &Program) -> u32 {
    let ends = program.nodes.iter().map(|node| match node {
        Node::Object(object) => object.slots.0.saturating_add(object.slots.1),
        _ => 0,
    });
    ends.max().unwrap_or(0)
}

/// Numbers the slots that are filled or read without gaps, in the same order.
pub(super) fn compact(nodes: &mut [Node]) {
    let mut used = BTreeSet::new();
    for node in &*nodes {
        let Node::Object(object) = node else { continue };
        used.extend(object.members.iter().filter_map(|member| Some(member.take?.0)));
        used.extend(object.supplies.iter().flat_map(slots_read));
    }
    let used: Vec<Slot> = used.into_iter().collect();
    let number =
        |old: u32| u32::try_from(used.partition_point(|slot| slot.0 < old)).unwrap_or(u32::MAX);
    for node in nodes {
        let Node::Object(object) = node else { continue };
        for (slot, _) in object.members.iter_mut().filter_map(|member| member.take.as_mut()) {
            slot.0 = number(slot.0);
        }
        object.supplies.iter_mut().for_each(|supply| renumber(&mut supply.source, &number));
        let (first, count) = object.slots;
        let begin = number(first);
        object.slots = (begin, number(first.saturating_add(count)).saturating_sub(begin));
    }
}

fn renumber(source: &mut Source, number: &impl Fn(u32) -> u32) {
    match source {
        Source::Slot(slot) => slot.0 = number(slot.0),
        Source::Object(parts) => {
            for part in parts {
                renumber(&mut part.source, number);
            }
        }
        Source::Literal(_) | Source::Outside(_) | Source::Nothing => {}
    }
}

/// The slots that a supply reads.
pub(super) fn slots_read(supply: &Supply) -> BTreeSet<Slot> {
    match &supply.source {
        Source::Slot(slot) => BTreeSet::from([*slot]),
        Source::Object(parts) => parts.iter().flat_map(slots_read).collect(),
        Source::Literal(_) | Source::Outside(_) | Source::Nothing => BTreeSet::new(),
    }
}

/// The slots that are read in these nodes or below them.
pub(super) fn read_below(program: &Program, waiting: Vec<NodeId>) -> BTreeSet<Slot> {
    let mut read = BTreeSet::new();
    below(program, waiting, |node| {
        if let Node::Object(object) = node {
            read.extend(object.supplies.iter().flat_map(slots_read));
        }
    });
    read
}

fn below(program: &Program, mut waiting: Vec<NodeId>, mut each: impl FnMut(&Node)) {
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            each(program.node(id));
            waiting.extend(children(program.node(id)));
        }
    }
}
