//! Where a place of the input is in the output, and back, from the programs alone.
//!
//! Renames, moves, arrays and maps are followed; indices are stable unless items may be left out. Inside a value that
//! goes through a function as a whole there are no places: only the value itself has one.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;

use super::backward::Backward;
use super::nodes::may_omit;
use super::program::{
    Member, Node, NodeId, Note, NoteId, ObjectNode, Program, Source, Supply, Take,
};
use crate::pointer::Pointer;

const COPY: NodeId = NodeId(0);

/// Steps of a place that is looked for. Documents are no deeper (`limits.depth`), but a pointer may come from anybody.
const STEPS: usize = 128;

/// What became of a place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Landing {
    /// It is here. Its value is converted by each program in turn, begun at these nodes.
    At(Pointer, Vec<NodeId>),
    /// The other side has no such place.
    Gone(Option<Note>),
    /// It depends on values which ones do not say, or it is inside a value that is converted as a whole.
    Unclear,
}

/// The place after all programs of a place before them. `-` stands for the item after the last (RFC 6901 §4).
pub fn forward(stages: &[Arc<Program>], place: &Pointer) -> Landing {
    if place.tokens().nth(STEPS).is_some() {
        return Landing::Unclear;
    }
    let mut here = place.clone();
    let mut nodes = Vec::with_capacity(stages.len());
    for program in stages {
        let tokens: Vec<String> = here.tokens().collect();
        match Forward::of(program, &tokens) {
            Landed::At(out, node) => {
                here = joined(&out);
                nodes.push(node);
            }
            Landed::Gone(note) => {
                return Landing::Gone(note.and_then(|id| program.note(id).cloned()));
            }
            Landed::Unclear => return Landing::Unclear,
        }
    }
    Landing::At(here, nodes)
}

/// The place before all programs of a place after them; of one that no input had, the nearest around it. Where several
/// places of the input may come to be this one, it is one of them: which of them it was, only the payload knows.
pub fn backward(stages: &[Arc<Program>], place: &Pointer) -> Pointer {
    origin(stages, place).0
}

/// The same, and whether the input can have the place itself: one whose value was written on the way (a constant, a
/// default, a header) it has not.
pub fn origin(stages: &[Arc<Program>], place: &Pointer) -> (Pointer, bool) {
    if place.tokens().nth(STEPS).is_some() {
        return (Pointer::root(), false);
    }
    stages.iter().rev().fold((place.clone(), true), |(place, sent), program| {
        let tokens: Vec<String> = place.tokens().collect();
        let best = Backward::best(program, &tokens);
        (joined(&best.place), sent && best.sent)
    })
}

/// A step of a plan, and where it is on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The step.
    pub note: Note,
    /// Its place in the sender's names, `*` for any item or member.
    pub sent: String,
    /// Its place in the reader's names; `None` where the reader has none, or where it hangs on values.
    pub read: Option<String>,
}

/// Stands for any item or member while a place is followed; no document has so many items.
const ANY: &str = "4294967295";

/// All steps of programs that run one after the other.
pub fn steps(programs: &[&Program]) -> Vec<Placed> {
    let mut all = Vec::new();
    for (index, program) in programs.iter().enumerate() {
        let (before, rest) = programs.split_at(index);
        for note in &program.notes {
            let at = note.at.split('/').map(|token| if token == "*" { ANY } else { token });
            let at =
                Pointer::parse(&at.collect::<Vec<_>>().join("/")).unwrap_or_else(Pointer::root);
            let sent = before.iter().rev().fold(at.clone(), |place, program| {
                joined(&Backward::best(program, &place.tokens().collect::<Vec<_>>()).place)
            });
            all.push(Placed { note: note.clone(), sent: shown(&sent), read: landed(rest, at) });
        }
    }
    all
}

fn landed(programs: &[&Program], at: Pointer) -> Option<String> {
    let mut here = at;
    for program in programs {
        let tokens: Vec<String> = here.tokens().collect();
        let Landed::At(out, _) = Forward::of(program, &tokens) else { return None };
        here = joined(&out);
    }
    Some(shown(&here))
}

fn shown(place: &Pointer) -> String {
    place
        .as_str()
        .split('/')
        .map(|one| if one == ANY { "*" } else { one })
        .collect::<Vec<_>>()
        .join("/")
}

pub(super) fn joined(tokens: &[String]) -> Pointer {
    let mut pointer = Pointer::root();
    for token in tokens {
        pointer.push(token);
    }
    pointer
}

pub(super) fn is_index(token: &str) -> bool {
    token == "-" || (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What a node makes of objects, whatever it makes of other values.
pub(super) fn of_object(program: &Program, id: NodeId) -> NodeId {
    match program.node(id) {
        Node::Split(split) => of_object(program, split.object),
        Node::Table(table) => of_object(program, table.otherwise),
        _ => id,
    }
}

/// What becomes of a member that an object does not know by name.
pub(super) fn unknown(object: &ObjectNode, name: &str) -> NodeId {
    let fits = |source: &str| Regex::new(source).is_ok_and(|regex| regex.is_match(name));
    let pattern = object.patterns.iter().find(|(source, _)| fits(source));
    pattern.map_or(object.other, |(_, node)| *node)
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Landed {
    At(Vec<String>, NodeId),
    Gone(Option<NoteId>),
    Unclear,
}

/// On the way into the input: the objects around with where they are in the output.
#[derive(Clone)]
pub(super) struct Forward<'a> {
    program: &'a Program,
    owners: Vec<(&'a ObjectNode, Vec<String>)>,
    out: Vec<String>,
}

impl<'a> Forward<'a> {
    /// Where a program puts a place.
    pub(super) fn of(program: &'a Program, place: &[String]) -> Landed {
        let walk = Self { program, owners: Vec::new(), out: Vec::new() };
        walk.step(program.root, place)
    }

    fn step(mut self, id: NodeId, rest: &[String]) -> Landed {
        let node = self.program.node(id);
        if let Node::Omit(note) = node {
            return Landed::Gone(Some(*note));
        }
        let Some((token, after)) = rest.split_first() else { return Landed::At(self.out, id) };
        match node {
            Node::Copy => {
                self.out.extend_from_slice(rest);
                Landed::At(self.out, COPY)
            }
            Node::Omit(note) | Node::Replace(_, note) => Landed::Gone(Some(*note)),
            Node::Refuse(_) | Node::Transform(_) => Landed::Unclear,
            Node::Table(table) => self.step(table.otherwise, rest),
            Node::Split(split) if is_index(token) => {
                self.agreed([split.array, split.object].into_iter(), rest)
            }
            Node::Split(split) => self.step(split.object, rest),
            Node::Choose(choose) => {
                let cases = choose.cases.iter().map(|(_, id)| *id);
                self.agreed(cases.chain([choose.otherwise]), rest)
            }
            Node::Array(array) => {
                let all = array.prefix.iter().chain([&array.items]);
                if !is_index(token) {
                    // an object, which an array's node copies
                    return self.step(COPY, rest);
                }
                if all.clone().any(|id| may_omit(self.program, *id)) {
                    return Landed::Unclear;
                }
                let prefix = token.parse().ok().and_then(|at: usize| array.prefix.get(at));
                let next = prefix.copied().unwrap_or(array.items);
                if token == "-" && !array.prefix.is_empty() {
                    return Landed::Unclear;
                }
                self.out.push(token.clone());
                self.step(next, after)
            }
            Node::Object(object) => self.member(object, token, after),
        }
    }

    fn agreed(self, ways: impl Iterator<Item = NodeId>, rest: &[String]) -> Landed {
        let mut all = ways.map(|id| self.clone().step(id, rest));
        let Some(first) = all.next() else { return Landed::Unclear };
        if all.all(|one| one == first) { first } else { Landed::Unclear }
    }

    fn member(mut self, object: &'a ObjectNode, token: &String, rest: &[String]) -> Landed {
        self.owners.push((object, self.out.clone()));
        let Some(member) = object.members.iter().find(|one| *one.name == **token) else {
            self.out.push(token.clone());
            return self.step(unknown(object, token), rest);
        };
        if let Some((slot, Take::Move(note))) = member.take {
            let owner = self.owners.iter().rev().find(|(owner, _)| owns(owner, slot.0));
            let Some((owner, out)) = owner.cloned() else { return Landed::Gone(Some(note)) };
            let mut seen = BTreeSet::new();
            let Some(path) = written(self.program, owner, slot.0, &mut seen) else {
                return Landed::Gone(Some(note));
            };
            self.out = out;
            self.out.extend(path);
        } else {
            let name = member.rename.as_ref().map_or(&member.name, |(name, _)| name);
            self.out.push(name.to_string());
        }
        self.step(member.node, rest)
    }
}

pub(super) fn owns(object: &ObjectNode, slot: u32) -> bool {
    let (first, count) = object.slots;
    (first..first.saturating_add(count)).contains(&slot)
}

/// Where below an object of the output a slot is written.
fn written(
    program: &Program,
    object: &ObjectNode,
    slot: u32,
    seen: &mut BTreeSet<NodeId>,
) -> Option<Vec<String>> {
    if let Some(path) = object.supplies.iter().find_map(|supply| supplied(supply, slot)) {
        return Some(path);
    }
    object.members.iter().filter(|member| !is_moved(member)).find_map(|member| {
        let id = of_object(program, member.node);
        let Node::Object(inner) = program.node(id) else { return None };
        // an object that begins the slot anew has another one
        if owns(inner, slot) || !seen.insert(id) {
            return None;
        }
        let name = member.rename.as_ref().map_or(&member.name, |(name, _)| name);
        let path = written(program, inner, slot, seen)?;
        Some([vec![name.to_string()], path].concat())
    })
}

pub(super) const fn is_moved(member: &Member) -> bool {
    matches!(member.take, Some((_, Take::Move(_))))
}

fn supplied(supply: &Supply, slot: u32) -> Option<Vec<String>> {
    let name = || supply.name.to_string();
    match &supply.source {
        Source::Slot(own) if own.0 == slot => Some(vec![name()]),
        Source::Object(parts) => {
            let path = parts.iter().find_map(|part| supplied(part, slot))?;
            Some([vec![name()], path].concat())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::{TestCaseError, prop_assert, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    use super::{Landing, STEPS, backward, forward, origin};
    use crate::plan::apply::apply;
    use crate::plan::edits::tests::{nodes, program, values};
    use crate::plan::image::touches_outer;
    use crate::plan::outside::Values;
    use crate::plan::program::{Node, NodeId, ObjectNode, Program};
    use crate::plan::random::Random;
    use crate::pointer::Pointer;

    fn places(value: &Value, at: &Pointer, found: &mut Vec<Pointer>) {
        found.push(at.clone());
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, one)| places(one, &at.join(name), found));
            }
            Value::Array(items) => {
                for (index, one) in items.iter().enumerate() {
                    places(one, &at.join(&index.to_string()), found);
                }
            }
            _ => {}
        }
    }

    /// Two members that are called alike in the output come back as one of them.
    fn comes_back(
        stages: &[Arc<Program>],
        place: &Pointer,
        there: &Pointer,
    ) -> Result<(), TestCaseError> {
        let back = backward(stages, there);
        let leads =
            |other: &Pointer| matches!(forward(stages, other), Landing::At(at, _) if at == *there);
        prop_assert!(back == *place || leads(&back), "{place} by {there} back to {back}");
        Ok(())
    }

    fn invert(program: Program, document: &Value) -> Result<(), TestCaseError> {
        let Ok(output) = apply(&program, document, &Values::default()) else { return Ok(()) };
        let program = Arc::new(program);
        let stages = [Arc::clone(&program)];
        let mut all = Vec::new();
        places(document, &Pointer::root(), &mut all);
        for place in all {
            let Landing::At(there, nodes) = forward(&stages, &place) else { continue };
            comes_back(&stages, &place, &there)?;
            if touches_outer(&program, nodes[0]) {
                continue;
            }
            let own = document.pointer(place.as_str()).unwrap();
            let part = Program { root: nodes[0], ..(*program).clone() };
            if let Ok(converted) = apply(&part, own, &Values::default()) {
                prop_assert_eq!(
                    output.pointer(there.as_str()),
                    Some(&converted),
                    "{} to {}",
                    place,
                    there
                );
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config({
            let known = proptest::test_runner::Config::default();
            proptest::test_runner::Config { cases: known.cases.max(2000), ..known }
        })]

        /// Law 16: a place comes back, and the value there is the value that was there, converted; by programs that
        /// rename, move and drop.
        #[test]
        fn pointers_invert(nodes in nodes(), document in values(false)) {
            invert(program(nodes), &document)?;
        }

        /// Two programs one after the other are the two ways one after the other.
        #[test]
        fn ways_join(seed in 0_u64..100_000) {
            let mut random = Random(seed);
            let stages = [Arc::new(random.program()), Arc::new(random.program())];
            let mut all = Vec::new();
            places(&random.value(4), &Pointer::root(), &mut all);
            for place in all {
                let whole = forward(&stages, &place);
                let [one, two] = &stages;
                match forward(std::slice::from_ref(one), &place) {
                    Landing::At(between, _) => match (forward(std::slice::from_ref(two), &between), whole) {
                        (Landing::At(one, _), Landing::At(other, _)) => prop_assert_eq!(one, other),
                        (one, other) => prop_assert_eq!(one, other),
                    },
                    other => prop_assert_eq!(whole, other),
                }
            }
        }
    }

    #[test]
    fn places_come_back_through_what_random_programs_make_of_them() {
        for seed in (0..20_000).chain([180_660, 302_580, 489_520, 519_105]) {
            let mut random = Random(seed);
            let stages = [Arc::new(random.program())];
            let mut all = Vec::new();
            places(&random.value(4), &Pointer::root(), &mut all);
            for place in all {
                let Landing::At(there, _) = forward(&stages, &place) else { continue };
                comes_back(&stages, &place, &there)
                    .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            }
        }
    }

    #[test]
    fn a_pointer_without_end_is_not_followed() {
        let object = ObjectNode {
            members: Vec::new(),
            patterns: Vec::new(),
            other: NodeId(1),
            supplies: Vec::new(),
            conflict: None,
            slots: (0, 0),
            hold: false,
        };
        let nodes = vec![Node::Copy, Node::Object(Box::new(object))];
        let stages = [Arc::new(Program { nodes, root: NodeId(1), notes: Vec::new() })];
        let deep = |steps: usize| Pointer::parse(&"/a".repeat(steps)).unwrap();
        assert!(matches!(forward(&stages, &deep(STEPS)), Landing::At(..)));
        assert_eq!(origin(&stages, &deep(STEPS)), (deep(STEPS), true));
        assert_eq!(forward(&stages, &deep(1_000_000)), Landing::Unclear);
        assert_eq!(origin(&stages, &deep(1_000_000)), (Pointer::root(), false));
    }

    #[test]
    fn the_whole_is_the_whole() {
        let stages = [Arc::new(Program::identity())];
        let landing = |text: &str| forward(&stages, &Pointer::parse(text).unwrap());
        let at = |text: &str| Landing::At(Pointer::parse(text).unwrap(), vec![super::COPY]);
        assert_eq!(landing(""), at(""));
        assert_eq!(landing("/a~1b/-"), at("/a~1b/-"));
        assert_eq!(json!({"a": 1}).pointer("/a"), Some(&json!(1)));
    }
}
