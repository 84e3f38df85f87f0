//! What slots may hold: filled in one pass over the object that owns them, read in the next.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::plan::nodes::children;
use crate::plan::program::{Node, NodeId, ObjectNode, Program, Slot, Source};

use super::walk::union;

/// What a slot holds when it is read.
pub(super) enum Held {
    /// Nothing ever fills it.
    Nothing,
    /// The schema of its values, and whether it is always filled.
    Values { schema: Value, sure: bool },
}

#[derive(Debug)]
struct Frame {
    number: u32,
    first: u32,
    count: u32,
    collecting: bool,
    held: BTreeMap<Slot, (Vec<Value>, bool)>,
}

/// The slots of the objects that are being walked.
#[derive(Debug)]
pub(super) struct Slots {
    any: bool,
    frames: Vec<Frame>,
    last: u32,
    /// Whether the nodes below one touch slots that none of them owns.
    outer: HashMap<NodeId, bool>,
}

impl Slots {
    pub(super) fn new(program: &Program) -> Self {
        let any =
            program.nodes.iter().any(|node| matches!(node, Node::Object(one) if one.slots.1 > 0));
        Self { any, frames: Vec::new(), last: 0, outer: HashMap::new() }
    }

    /// The number under which outcomes of a node are remembered: 0 where no slot of an outer object matters.
    pub(super) fn frame_for(&mut self, program: &Program, id: NodeId) -> u32 {
        let Some(number) = self.frames.last().map(|frame| frame.number).filter(|_| self.any) else {
            return 0;
        };
        let reaches = *self.outer.entry(id).or_insert_with(|| touches_outer(program, id));
        if reaches { number } else { 0 }
    }

    /// Begins the pass that finds out what the slots hold.
    pub(super) fn collect(&mut self, node: &ObjectNode) {
        self.last += 1;
        let (first, count) = node.slots;
        let held = BTreeMap::new();
        self.frames.push(Frame { number: self.last, first, count, collecting: true, held });
    }

    /// Begins the pass that uses what was found.
    pub(super) fn settle(&mut self) {
        self.last += 1;
        let number = self.last;
        if let Some(frame) = self.frames.last_mut() {
            frame.collecting = false;
            frame.number = number;
        }
    }

    /// Leaves the object.
    pub(super) fn leave(&mut self) {
        self.frames.pop();
    }

    fn frame(&mut self, slot: Slot) -> Option<&mut Frame> {
        self.frames.iter_mut().rev().find(|frame| slot.0.wrapping_sub(frame.first) < frame.count)
    }

    pub(super) fn fill(&mut self, slot: Slot, schema: Value, sure: bool) {
        if let Some(frame) = self.frame(slot).filter(|frame| frame.collecting) {
            let held = frame.held.entry(slot).or_default();
            held.0.push(schema);
            held.1 |= sure;
        }
    }

    /// While its contents are being found out, a slot is taken to be always filled with anything: nothing of
    /// that pass is kept but the contents of slots.
    pub(super) fn held(&mut self, slot: Slot) -> Held {
        match self.frame(slot) {
            None => Held::Nothing,
            Some(frame) if frame.collecting => {
                Held::Values { schema: Value::Bool(true), sure: true }
            }
            Some(frame) => frame.held.get(&slot).map_or(Held::Nothing, |(schemas, sure)| {
                Held::Values { schema: union(schemas.clone()), sure: *sure }
            }),
        }
    }
}

/// Whether the nodes below one touch slots that no object on the way to them owns.
pub(crate) fn touches_outer(program: &Program, id: NodeId) -> bool {
    outer(program, id, |object, touched| {
        touched.extend(object.members.iter().filter_map(|member| Some(member.take?.0.0)));
        object.supplies.iter().for_each(|supply| sources(&supply.source, touched));
    })
}

/// Whether the nodes below one fill slots that no object on the way to them owns.
pub(crate) fn fills_outer(program: &Program, id: NodeId) -> bool {
    outer(program, id, |object, touched| {
        touched.extend(object.members.iter().filter_map(|member| Some(member.take?.0.0)));
    })
}

/// Whether some slot is touched on a way from a node on which no object owns it. An object that comes again below
/// itself owns its slots anew, so that each slot is looked for by itself.
fn outer(program: &Program, id: NodeId, touched: impl Fn(&ObjectNode, &mut BTreeSet<u32>)) -> bool {
    let mut all = BTreeSet::new();
    walk(program, id, |object| {
        touched(object, &mut all);
        true
    });
    all.into_iter().any(|slot| {
        let mut found = false;
        walk(program, id, |object| {
            if slot.wrapping_sub(object.slots.0) < object.slots.1 {
                return false;
            }
            let mut here = BTreeSet::new();
            touched(object, &mut here);
            found |= here.contains(&slot);
            true
        });
        found
    })
}

/// Looks at each object below a node, and goes on below it where `further` says so.
fn walk(program: &Program, id: NodeId, mut further: impl FnMut(&ObjectNode) -> bool) {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![id];
    while let Some(id) = waiting.pop() {
        let node = program.node(id);
        let on = seen.insert(id)
            && match node {
                Node::Object(object) => further(object),
                _ => true,
            };
        if on {
            waiting.extend(children(node));
        }
    }
}

fn sources(source: &Source, touched: &mut BTreeSet<u32>) {
    match source {
        Source::Slot(slot) => {
            touched.insert(slot.0);
        }
        Source::Object(parts) => parts.iter().for_each(|part| sources(&part.source, touched)),
        Source::Literal(_) | Source::Outside(_) | Source::Nothing => {}
    }
}
