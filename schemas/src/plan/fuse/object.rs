//! The product of two object nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex::Regex;

use crate::plan::image::fills_outer;
use crate::plan::nodes::may_omit;
use crate::plan::program::{
    Member, Missing, Node, NodeId, ObjectNode, Program, Source, Supply, Take,
};

use super::literal::{Made, evaluate};
use super::node::{Product, Which};
use super::slots::{Owned, read_below, slots_read};

/// Nodes by pattern, and the node of other members.
type Rest = (Vec<(Arc<str>, NodeId)>, NodeId);

/// What is left of a supply of the first program.
enum Left {
    Supply(Supply),
    /// The second program drops what is supplied, whatever it is.
    Nothing,
}

impl Product<'_> {
    pub(super) fn objects(&mut self, one: &ObjectNode, other: &ObjectNode) -> Option<ObjectNode> {
        let mut owned = match (one.slots.1, other.slots.1) {
            (0, 0) => None,
            (_, 0) => Some(self.range(Which::First, one.slots)),
            (0, _) => Some(self.range(Which::Second, other.slots)),
            _ => return None,
        };
        self.conflicts_stay(one, other)?;
        let mut members = BTreeMap::new();
        for member in &one.members {
            let fused = self.first_member(member, other, &mut owned)?;
            members.insert(Arc::clone(&member.name), fused);
        }
        for member in &other.members {
            if !members.contains_key(&member.name) {
                let id = passing(one, &member.name)?;
                members.insert(
                    Arc::clone(&member.name),
                    self.second_member(id, member, &one.supplies)?,
                );
            }
        }
        let (patterns, rest) = self.rest(one, other)?;
        let mut supplies = self.supplied(one, other)?;
        self.tell_dropped(one, other, &mut members)?;
        supplies.extend(other.supplies.iter().map(|supply| self.supply(Which::Second, supply)));
        let conflict = one.conflict.or_else(|| other.conflict.map(|note| self.later(note)));
        Some(ObjectNode {
            members: members.into_values().collect(),
            patterns,
            other: rest,
            supplies,
            conflict,
            slots: owned.map_or((0, 0), |owned| owned.range),
            hold: one.hold || other.hold,
        })
    }

    /// A conflict that the first program finds must still be found: its names may not be dropped afterwards.
    fn conflicts_stay(&self, one: &ObjectNode, other: &ObjectNode) -> Option<()> {
        let targets = one.members.iter().filter_map(|member| member.rename.as_ref());
        for (name, _) in targets.filter(|_| one.conflict.is_some()) {
            let moved = known(other, name)
                .is_some_and(|member| matches!(member.take, Some((_, Take::Move(_)))));
            if moved || may_omit(self.second, passing(other, name)?) {
                return None;
            }
        }
        Some(())
    }

    /// A member that the first program knows. One that the second drops after the first took something out of it is
    /// walked all the same, and what is left of it goes to a slot that nothing reads.
    fn first_member(
        &mut self,
        member: &Member,
        other: &ObjectNode,
        owned: &mut Option<Owned>,
    ) -> Option<Member> {
        let name = member.rename.as_ref().map_or(&member.name, |(name, _)| name);
        let after = passing(other, name)?;
        if let Node::Omit(note) = self.second.node(after)
            && member.take.is_none()
            && fills_outer(self.first, member.node)
        {
            return Some(Member {
                name: Arc::clone(&member.name),
                rename: None,
                node: self.import(Which::First, member.node),
                take: Some((self.bin(owned)?, Take::Move(self.later(*note)))),
            });
        }
        self.kept_member(member, other, after)
    }

    /// A moved member of which the second program drops what it became is lost where it is taken.
    fn tell_dropped(
        &self,
        one: &ObjectNode,
        other: &ObjectNode,
        members: &mut BTreeMap<Arc<str>, Member>,
    ) -> Option<()> {
        let mut lost = BTreeMap::new();
        for supply in &one.supplies {
            if let Node::Omit(note) = self.second.node(passing(other, &supply.name)?)
                && self.second.note(*note).is_some_and(|note| note.loss)
            {
                lost.extend(slots_read(supply).into_iter().map(|slot| (slot, *note)));
            }
        }
        if lost.is_empty() {
            return Some(());
        }
        let dropped = |name| Some(matches!(self.second.node(passing(other, name)?), Node::Omit(_)));
        let mut stays = vec![one.other];
        stays.extend(one.patterns.iter().map(|(_, id)| *id));
        for member in &one.members {
            let name = member.rename.as_ref().map_or(&member.name, |(name, _)| name);
            if !dropped(name)? {
                stays.push(member.node);
            }
        }
        let mut read = read_below(self.first, stays);
        for supply in &one.supplies {
            if !dropped(&supply.name)? {
                read.extend(slots_read(supply));
            }
        }
        for (slot, note) in lost {
            let taken = one.members.iter().find_map(|member| {
                let (own, take) = member.take?;
                (own == slot).then_some((member, take))
            });
            let (member, take) = taken.filter(|_| !read.contains(&slot))?;
            if let (Take::Move(first), Some(fused)) = (take, members.get_mut(&member.name)) {
                let note = self.louder(first, note);
                fused.take = fused.take.map(|(slot, _)| (slot, Take::Move(note)));
            }
        }
        Some(())
    }

    /// A member that the first program knows, and that goes through `after` in the second.
    fn kept_member(
        &mut self,
        member: &Member,
        other: &ObjectNode,
        after: NodeId,
    ) -> Option<Member> {
        let name = member.rename.as_ref().map_or(&member.name, |(name, _)| name);
        if let Some((_, Take::Move(_))) = member.take {
            return Some(Member {
                node: self.import(Which::First, member.node),
                take: member.take.map(|take| self.take(Which::First, take)),
                ..member.clone()
            });
        }
        let next = known(other, name);
        if member.take.is_some()
            && (!copies(self.second, after) || next.is_some_and(|next| next.take.is_some()))
        {
            return None;
        }
        let rename = match next.and_then(|next| next.rename.as_ref()) {
            Some((target, note)) => Some((
                Arc::clone(target),
                member
                    .rename
                    .as_ref()
                    .map_or_else(|| self.later(*note), |(_, first)| self.louder(*first, *note)),
            )),
            None => member.rename.clone(),
        };
        let take = next
            .and_then(|next| next.take)
            .map(|take| self.take(Which::Second, take))
            .or_else(|| member.take.map(|take| self.take(Which::First, take)));
        let node = self.pair(member.node, after, None)?;
        Some(Member { name: Arc::clone(&member.name), rename, node, take })
    }

    /// A member that only the second program knows; the first sends it through `id`.
    fn second_member(
        &mut self,
        id: NodeId,
        member: &Member,
        supplies: &[Supply],
    ) -> Option<Member> {
        let supplied = supplies.iter().any(|supply| supply.name == member.name);
        if supplied && member.take.is_some() {
            return None;
        }
        Some(Member {
            name: Arc::clone(&member.name),
            rename: member
                .rename
                .as_ref()
                .map(|(name, note)| (Arc::clone(name), self.later(*note))),
            node: self.pair(id, member.node, None)?,
            take: member.take.map(|take| self.take(Which::Second, take)),
        })
    }

    fn rest(&mut self, one: &ObjectNode, other: &ObjectNode) -> Option<Rest> {
        let rest = self.pair(one.other, other.other, None)?;
        let mut patterns = Vec::new();
        let alike = one.patterns.len() == other.patterns.len()
            && one.patterns.iter().zip(&other.patterns).all(|(left, right)| left.0 == right.0);
        if alike {
            for ((pattern, a), (_, b)) in one.patterns.iter().zip(&other.patterns) {
                patterns.push((Arc::clone(pattern), self.pair(*a, *b, None)?));
            }
        } else if one.patterns.is_empty() {
            for (pattern, b) in &other.patterns {
                patterns.push((Arc::clone(pattern), self.pair(one.other, *b, None)?));
            }
        } else if other.patterns.is_empty() {
            for (pattern, a) in &one.patterns {
                patterns.push((Arc::clone(pattern), self.pair(*a, other.other, None)?));
            }
        } else {
            return None;
        }
        Some((patterns, rest))
    }

    /// What the first program supplies, as the second makes it.
    fn supplied(&self, one: &ObjectNode, other: &ObjectNode) -> Option<Vec<Supply>> {
        let mut supplies = Vec::new();
        let targets: BTreeSet<&Arc<str>> = other
            .members
            .iter()
            .filter_map(|member| member.rename.as_ref())
            .map(|(name, _)| name)
            .collect();
        for supply in &one.supplies {
            let next = known(other, &supply.name);
            let after = passing(other, &supply.name)?;
            if next.is_some_and(|next| next.take.is_some()) {
                return None;
            }
            let name = match next.and_then(|next| next.rename.as_ref()) {
                // Two names would meet there: whether the supply counts then depends on what else came.
                Some((target, _)) if writes(one, other, target, &supply.name) => return None,
                Some((target, _)) => Arc::clone(target),
                None if targets.contains(&supply.name) => return None,
                None => Arc::clone(&supply.name),
            };
            if let Left::Supply(supply) =
                self.supply_after(Supply { name, ..self.supply(Which::First, supply) }, after)?
            {
                if may_omit(self.second, after) {
                    return None;
                }
                supplies.push(supply);
            }
        }
        Some(supplies)
    }

    /// A supply of the first program, as the second makes it.
    fn supply_after(&self, mut supply: Supply, after: NodeId) -> Option<Left> {
        if copies(self.second, after) {
            return Some(Left::Supply(supply));
        }
        match &supply.source {
            Source::Literal(literal) => match evaluate(self.second, after, literal) {
                Made::Same => Some(Left::Supply(supply)),
                Made::Other(other, note) => {
                    supply.note = self.louder(supply.note, note);
                    supply.source = Source::Literal(other);
                    Some(Left::Supply(supply))
                }
                Made::Refused(note) => {
                    supply.source = Source::Nothing;
                    supply.missing = Missing::Refuse(self.later(note));
                    Some(Left::Supply(supply))
                }
                Made::Omitted(_) => Some(Left::Nothing),
                Made::Unknown => None,
            },
            Source::Nothing => Some(Left::Supply(supply)),
            Source::Slot(_) | Source::Outside(_) | Source::Object(_) => {
                let dropped = matches!(self.second.node(after), Node::Omit(_))
                    && supply.missing == Missing::Omit;
                if dropped && !inner_refusal(&supply.source) { Some(Left::Nothing) } else { None }
            }
        }
    }
}

fn inner_refusal(source: &Source) -> bool {
    match source {
        Source::Object(parts) => {
            parts.iter().any(|part| part.missing != Missing::Omit || inner_refusal(&part.source))
        }
        Source::Literal(_) | Source::Slot(_) | Source::Outside(_) | Source::Nothing => false,
    }
}

/// Whether the output name `target` may be written from another member than `besides`.
fn writes(one: &ObjectNode, other: &ObjectNode, target: &Arc<str>, besides: &Arc<str>) -> bool {
    let from_others = other.members.iter().any(|member| {
        member.name != *besides
            && member.rename.as_ref().map_or(&member.name, |(name, _)| name) == target
    });
    // A name that the second program does not know passes under its own name.
    let passes = known(other, target).is_none();
    let reaches = one.supplies.iter().any(|supply| supply.name == *target);
    from_others || passes || reaches
}

fn known<'a>(object: &'a ObjectNode, name: &str) -> Option<&'a Member> {
    object.members.iter().find(|member| member.name.as_ref() == name)
}

/// The node that a member of this name goes through; `None` when a pattern cannot be read here.
pub(super) fn passing(object: &ObjectNode, name: &str) -> Option<NodeId> {
    if let Some(member) = known(object, name) {
        return Some(member.node);
    }
    for (pattern, id) in &object.patterns {
        if Regex::new(pattern).ok()?.is_match(name) {
            return Some(*id);
        }
    }
    Some(object.other)
}

fn copies(program: &Program, id: NodeId) -> bool {
    matches!(program.node(id), Node::Copy)
}
