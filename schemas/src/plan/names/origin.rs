//! Where the values at a place of what a program makes come from.

use std::sync::Arc;

use crate::plan::pointers::{of_object, unknown};
use crate::plan::program::{Member, Node, NodeId, ObjectNode, Program, Source, Supply, Take, Test};
use crate::plan::transform::Transform;
use crate::pointer::Pointer;

use super::table::{Path, Step};
use super::values::{Values, values};

/// How many nodes one place may pass through: programs are recursive only along a place, so that none needs more.
const STEPS: usize = 10_000;

/// Stands in pointers for any item of a list, and for any key of a map; no document has such names.
const ITEM: &str = "\u{0}item";
const KEY: &str = "\u{0}key";

/// One place that a place is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Origin {
    pub(super) path: Path,
    /// The place has the values of this one, each converted, and no others.
    pub(super) same: bool,
    /// Last step first.
    pub(super) values: Vec<Values>,
    /// A program names it.
    declared: bool,
}

/// All places that a place is made of; none for one that is written by the program.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Traced {
    pub(super) origins: Vec<Origin>,
    /// What tells variants apart on the way.
    pub(super) needs: Vec<Path>,
}

/// What the place `rest` of what `program` makes is made of.
pub(super) fn origins(program: &Program, rest: &[Step]) -> Traced {
    let mut walk = Walk { program, owners: Vec::new(), needs: Vec::new(), left: STEPS };
    let origins = walk.step(program.root, rest, Vec::new());
    Traced { origins, needs: walk.needs }
}

struct Walk<'a> {
    program: &'a Program,
    /// The objects around with where they are in the input.
    owners: Vec<(&'a ObjectNode, Path)>,
    needs: Vec<Path>,
    left: usize,
}

impl Origin {
    /// A place that is itself.
    pub(super) const fn whole(path: Path) -> Self {
        Self { path, same: true, values: Vec::new(), declared: true }
    }

    /// What this one is made of, where `first` is what the program before made it of.
    pub(super) fn after(&self, first: Self) -> Self {
        let values = [self.values.clone(), first.values].concat();
        Self { same: self.same && first.same, values, ..first }
    }
}

fn origin(path: Path, same: bool) -> Origin {
    Origin { path, same, values: Vec::new(), declared: true }
}

impl<'a> Walk<'a> {
    fn step(&mut self, id: NodeId, rest: &[Step], at: Path) -> Vec<Origin> {
        if self.left == 0 {
            return vec![origin(Vec::new(), false)];
        }
        self.left -= 1;
        let program = self.program;
        let node = program.node(id);
        if matches!(node, Node::Omit(_) | Node::Replace(..) | Node::Refuse(_)) {
            return Vec::new();
        }
        let Some((first, after)) = rest.split_first() else {
            return vec![Origin { values: values(program, id), ..origin(at, true) }];
        };
        match node {
            Node::Copy => vec![origin([at, rest.to_vec()].concat(), true)],
            Node::Omit(_) | Node::Replace(..) | Node::Refuse(_) => Vec::new(),
            Node::Table(table) => self.step(table.otherwise, rest, at),
            Node::Split(split) if *first == Step::Item => self.step(split.array, rest, at),
            Node::Split(split) => self.step(split.object, rest, at),
            Node::Choose(choose) => {
                for (test, _) in &choose.cases {
                    let need: Path = match test {
                        Test::Equals(path, _) => path.iter().cloned().map(Step::Name).collect(),
                        Test::Present(name) => vec![Step::Name(Arc::clone(name))],
                    };
                    self.needs.push([at.clone(), need].concat());
                }
                let mut found: Vec<Origin> = Vec::new();
                let cases = choose.cases.iter().map(|(_, id)| *id).chain([choose.otherwise]);
                for id in cases.collect::<Vec<_>>() {
                    let mut owners = self.owners.clone();
                    std::mem::swap(&mut owners, &mut self.owners);
                    found.extend(self.step(id, rest, at.clone()));
                    self.owners = owners;
                }
                agreed(found)
            }
            Node::Array(array) => {
                if *first != Step::Item {
                    return vec![origin([at, rest.to_vec()].concat(), true)];
                }
                let inside = [at, vec![Step::Item]].concat();
                self.step(array.items, after, inside)
            }
            Node::Object(object) => self.member(object, first, after, at),
            Node::Transform(one) => {
                let mut inner =
                    Walk { program, owners: Vec::new(), needs: Vec::new(), left: self.left };
                let made = inner.step(one.then, rest, Vec::new());
                let mut found = Vec::new();
                for own in made {
                    for (path, same) in before(&one.transform, &own.path) {
                        let firsts = inner.step(one.before, &path, at.clone()).into_iter();
                        let made = firsts.map(|first| own.after(first));
                        found.extend(made.map(|made| Origin { same: made.same && same, ..made }));
                    }
                }
                found
            }
        }
    }

    fn member(
        &mut self,
        object: &'a ObjectNode,
        first: &Step,
        rest: &[Step],
        at: Path,
    ) -> Vec<Origin> {
        self.owners.push((object, at.clone()));
        let Step::Name(name) = first else {
            // any key of a map goes one way, unless patterns tell keys apart
            let mut found = Vec::new();
            let ways = object.patterns.iter().map(|(_, id)| *id).chain([object.other]);
            for id in ways.collect::<Vec<_>>() {
                found.extend(self.step(id, rest, [at.clone(), vec![first.clone()]].concat()));
            }
            return agreed(found);
        };
        let writes = |member: &&Member| {
            let written = member.rename.as_ref().map_or(&member.name, |(written, _)| written);
            !moved(member)
                && written == name
                && !matches!(self.program.node(member.node), Node::Omit(_))
        };
        let mut found = Vec::new();
        for member in object.members.iter().filter(writes).collect::<Vec<_>>() {
            let inside = [at.clone(), vec![Step::Name(Arc::clone(&member.name))]].concat();
            found.extend(self.step(member.node, rest, inside));
        }
        if let Some(supply) = object.supplies.iter().find(|supply| supply.name == *name) {
            let supplied = self.supplied(supply, rest);
            // a member of that name wins over what is supplied, so that either may be there
            let both = !found.is_empty() && !supplied.is_empty();
            found.extend(supplied);
            for one in &mut found {
                one.same &= !both;
            }
        } else if found.is_empty() && !object.members.iter().any(|member| member.name == *name) {
            let inside = [at, vec![first.clone()]].concat();
            let mut others = self.step(unknown(object, name), rest, inside);
            for one in &mut others {
                one.declared = false;
            }
            return others;
        }
        found
    }

    /// What a supply is made of.
    fn supplied(&mut self, supply: &Supply, rest: &[Step]) -> Vec<Origin> {
        match &supply.source {
            Source::Slot(slot) => {
                let owner = self.owners.iter().rev().find(|(owner, _)| owns(owner, slot.0));
                let Some((owner, at)) = owner.cloned() else { return Vec::new() };
                let Some((path, node)) = taken(self.program, owner, slot.0, 0) else {
                    return Vec::new();
                };
                self.step(node, rest, [at, path].concat())
            }
            Source::Object(parts) => match rest.split_first() {
                Some((Step::Name(name), after)) => {
                    let part = parts.iter().find(|part| part.name == *name);
                    part.map(|part| self.supplied(part, after)).unwrap_or_default()
                }
                Some(_) => Vec::new(),
                None => {
                    let all = parts.iter().flat_map(|part| self.supplied(part, &[]));
                    all.map(|one| Origin { same: false, ..one }).collect()
                }
            },
            Source::Literal(_) | Source::Outside(_) | Source::Nothing => Vec::new(),
        }
    }
}

/// What variants say of one place: those that name it count before those that let it through.
fn agreed(found: Vec<Origin>) -> Vec<Origin> {
    let declared = found.iter().any(|one| one.declared);
    let mut all: Vec<Origin> = Vec::new();
    for one in found.into_iter().filter(|one| one.declared || !declared) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    if all.len() > 1 {
        for one in &mut all {
            one.same = false;
        }
    }
    all
}

const fn moved(member: &Member) -> bool {
    matches!(member.take, Some((_, Take::Move(_))))
}

fn owns(object: &ObjectNode, slot: u32) -> bool {
    let (first, count) = object.slots;
    (first..first.saturating_add(count)).contains(&slot)
}

/// Where below an object a slot is filled, and what becomes of the value.
fn taken(
    program: &Program,
    object: &ObjectNode,
    slot: u32,
    depth: usize,
) -> Option<(Path, NodeId)> {
    let takes = |member: &&Member| member.take.is_some_and(|(own, _)| own.0 == slot);
    if let Some(member) = object.members.iter().find(takes) {
        return Some((vec![Step::Name(Arc::clone(&member.name))], member.node));
    }
    if depth > DEPTH {
        return None;
    }
    object.members.iter().find_map(|member| {
        let id = of_object(program, member.node);
        let Node::Object(inner) = program.node(id) else { return None };
        if owns(inner, slot) {
            return None;
        }
        let (path, node) = taken(program, inner, slot, depth + 1)?;
        Some(([vec![Step::Name(Arc::clone(&member.name))], path].concat(), node))
    })
}

/// How deep a moved member is looked for.
const DEPTH: usize = 8;

/// The places before a function of a place after it, and whether it is the same value.
fn before(transform: &Transform, path: &[Step]) -> Vec<(Path, bool)> {
    let named = |name: &str| vec![Step::Name(name.into())];
    let first = match path.first() {
        Some(Step::Name(name)) => Some(&**name),
        _ => None,
    };
    match transform {
        Transform::Chain(parts) => {
            let mut all = vec![(path.to_vec(), true)];
            for part in parts.iter().rev() {
                let step = |(path, same): &(Path, bool)| {
                    let same = *same;
                    before(part, path).into_iter().map(move |(path, own)| (path, own && same))
                };
                all = all.iter().flat_map(step).collect();
            }
            all
        }
        Transform::Split(one) if one.into.iter().any(|name| Some(&**name) == first) => {
            vec![(named(&one.from), false)]
        }
        Transform::Merge(one) if Some(&*one.into) == first => {
            one.from.iter().map(|name| (named(name), false)).collect()
        }
        Transform::Compute(one) if Some(&*one.name) == first => {
            one.reads().into_iter().map(|name| (named(name), false)).collect()
        }
        Transform::Gather(one) if path.len() == 1 && Some(one.whole.as_str()) == first => {
            one.parts.iter().map(|(outside, _)| (named(outside), false)).collect()
        }
        Transform::Envelop(one) if !path.is_empty() && Some(one.member.as_str()) != first => {
            Vec::new()
        }
        Transform::List(_) if !path.is_empty() => {
            vec![(
                steps(&transform.origin(&pointer(path))),
                matches!(transform, Transform::List(crate::plan::transform::List::Of { .. })),
            )]
        }
        Transform::Keyed(_) | Transform::Group(_) | Transform::Embed(_) | Transform::Retag(_)
            if !path.is_empty() =>
        {
            vec![(Vec::new(), false)]
        }
        Transform::Select(_) => vec![(path.to_vec(), true)],
        _ if path.is_empty() => vec![(Vec::new(), true)],
        _ => vec![(steps(&transform.origin(&pointer(path))), true)],
    }
}

fn pointer(path: &[Step]) -> Pointer {
    path.iter().fold(Pointer::root(), |at, step| match step {
        Step::Name(name) => at.join(name),
        Step::Item => at.join(ITEM),
        Step::Key => at.join(KEY),
    })
}

fn steps(pointer: &Pointer) -> Path {
    let step = |token: String| match token.as_str() {
        ITEM | "0" => Step::Item,
        KEY => Step::Key,
        _ => Step::Name(token.into()),
    };
    pointer.tokens().map(step).collect()
}
