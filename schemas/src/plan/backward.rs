//! From a place of the output of one program into its input: where it may have come from, and what is likeliest.

use std::collections::BTreeSet;

use super::pointers::{Forward, Landed, is_index, is_moved, joined, of_object, owns, unknown};
use super::program::{Member, Node, NodeId, NoteId, ObjectNode, Program, Source, Supply};

/// Places that one place may have come from, as far as they are looked at. Where the variants of unions inside each other
/// make more, the first are looked at.
const CANDIDATES: usize = 256;

/// The members, those first that a sender declares where several would be called alike. A fused program knows the names of
/// the versions between as well, and the rename that the first of its programs makes is of the sender's own name.
fn likeliest(object: &ObjectNode) -> Vec<&Member> {
    let mut members: Vec<&Member> = object.members.iter().collect();
    members.sort_by_key(|one| one.rename.as_ref().map_or(NoteId(u32::MAX), |(_, note)| *note));
    members
}

/// Where a place of the output may have come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) place: Vec<String>,
    /// The input has such a place; else this is the nearest one around it.
    pub(super) sent: bool,
}

/// On the way into the output: the objects around with where they are in the input.
#[derive(Clone)]
pub(super) struct Backward<'a> {
    program: &'a Program,
    owners: Vec<(&'a ObjectNode, Vec<String>)>,
    found: Vec<String>,
}

impl<'a> Backward<'a> {
    /// The first place whose way forward leads here; else the first that the input has; else the nearest around.
    pub(super) fn best(program: &'a Program, tokens: &[String]) -> Candidate {
        let walk = Self { program, owners: Vec::new(), found: Vec::new() };
        let mut all = Vec::new();
        walk.step(program.root, tokens, &mut all);
        let leads = |one: &&Candidate| {
            let landed = Forward::of(program, &one.place);
            matches!(landed, Landed::At(out, _) if out == tokens)
        };
        let best = all.iter().find(|one| one.sent && leads(one)).or_else(|| all.iter().find(leads));
        let best = best.or_else(|| all.iter().find(|one| one.sent)).or_else(|| all.first());
        best.cloned().unwrap_or(Candidate { place: Vec::new(), sent: false })
    }

    fn end(self, sent: bool, all: &mut Vec<Candidate>) {
        if all.len() < CANDIDATES {
            all.push(Candidate { place: self.found, sent });
        }
    }

    fn step(self, id: NodeId, rest: &[String], all: &mut Vec<Candidate>) {
        if all.len() >= CANDIDATES {
            return;
        }
        let Some((token, after)) = rest.split_first() else { return self.end(true, all) };
        match self.program.node(id) {
            Node::Copy => self.below(rest, true, all),
            // what is inside was made here
            Node::Omit(_) | Node::Replace(..) | Node::Refuse(_) => self.end(false, all),
            Node::Transform(one) => {
                let inside = Self { program: self.program, owners: Vec::new(), found: Vec::new() };
                let mut made = Vec::new();
                inside.step(one.then, rest, &mut made);
                for candidate in made {
                    let origin = one.origin(&joined(&candidate.place));
                    let tokens: Vec<String> = origin.tokens().collect();
                    self.clone().below(&tokens, candidate.sent, all);
                }
                if !matches!(self.program.node(one.otherwise), Node::Refuse(_) | Node::Omit(_)) {
                    self.step(one.otherwise, rest, all);
                }
            }
            Node::Table(table) => self.step(table.otherwise, rest, all),
            Node::Split(split) => {
                if is_index(token) {
                    self.clone().step(split.array, rest, all);
                }
                self.step(split.object, rest, all);
            }
            Node::Choose(choose) => {
                for (_, id) in &choose.cases {
                    self.clone().step(*id, rest, all);
                }
                self.step(choose.otherwise, rest, all);
            }
            // an object, which an array's node copies
            Node::Array(_) if !is_index(token) => self.below(rest, true, all),
            Node::Array(array) => {
                let prefix = token.parse().ok().and_then(|at: usize| array.prefix.get(at));
                let next = prefix.copied().unwrap_or(array.items);
                self.into(token, next, after, all);
            }
            Node::Object(object) => self.member(object, token, after, all),
        }
    }

    fn below(mut self, rest: &[String], sent: bool, all: &mut Vec<Candidate>) {
        self.found.extend_from_slice(rest);
        self.end(sent, all);
    }

    fn into(mut self, name: &str, node: NodeId, rest: &[String], all: &mut Vec<Candidate>) {
        self.found.push(name.to_owned());
        self.step(node, rest, all);
    }

    fn member(
        mut self,
        object: &'a ObjectNode,
        token: &str,
        rest: &[String],
        all: &mut Vec<Candidate>,
    ) {
        self.owners.push((object, self.found.clone()));
        let before = all.len();
        let written = |member: &&Member| {
            let name = member.rename.as_ref().map_or(&member.name, |(name, _)| name);
            let written = !is_moved(member) && **name == *token;
            written && !matches!(self.program.node(member.node), Node::Omit(_))
        };
        let (renamed, own): (Vec<&Member>, Vec<&Member>) =
            likeliest(object).into_iter().filter(written).partition(|one| one.rename.is_some());
        let supplies = object.supplies.iter().filter(|one| *one.name == *token);
        let sources = supplies.filter_map(|supply| self.source(supply, rest));
        let (moved, copied): (Vec<Taken<'_>>, Vec<Taken<'_>>) =
            sources.partition(|one| is_moved(one.member));
        let by_name = |members: Vec<&Member>, all: &mut Vec<Candidate>| {
            for member in members {
                self.clone().into(&member.name, member.node, rest, all);
            }
        };
        let by_slot = |sources: Vec<Taken<'_>>, all: &mut Vec<Candidate>| {
            for Taken { path, member, rest } in sources {
                Self { found: path, ..self.clone() }.step(member.node, &rest, all);
            }
        };
        // what a lens says comes first: a member of the sender's that is called so already is seldom declared
        by_name(renamed, all);
        by_slot(moved, all);
        by_name(own, all);
        by_slot(copied, all);
        // a member that is written only when it is absent comes through when it is there
        let known = object.members.iter().any(|one| *one.name == *token);
        let node = unknown(object, token);
        if !known && !matches!(self.program.node(node), Node::Omit(_)) {
            let mut through = Vec::new();
            self.clone().into(token, node, rest, &mut through);
            let mut supplies = object.supplies.iter().filter(|one| *one.name == *token);
            let written = supplies.any(|one| !self.is_declared(one));
            all.extend(
                through.into_iter().map(|one| Candidate { sent: one.sent && !written, ..one }),
            );
        }
        if all.len() == before {
            self.end(false, all);
        }
    }

    /// Whether the sender declares the member that is written when it is absent: a step by these rows says so.
    fn is_declared(&self, supply: &Supply) -> bool {
        self.program.note(supply.note).is_some_and(|note| matches!(note.rule, "A5" | "A7"))
    }

    /// The member of the input from which a supply writes.
    fn source(&self, supply: &Supply, rest: &[String]) -> Option<Taken<'a>> {
        match &supply.source {
            Source::Slot(slot) => {
                let (owner, at) =
                    self.owners.iter().rev().find(|(owner, _)| owns(owner, slot.0))?;
                let mut seen = BTreeSet::new();
                let (path, member) = taken(self.program, owner, slot.0, &mut seen)?;
                Some(Taken { path: [at.clone(), path].concat(), member, rest: rest.to_vec() })
            }
            Source::Object(parts) => {
                let (token, after) = rest.split_first()?;
                let part = parts.iter().find(|part| *part.name == **token)?;
                self.source(part, after)
            }
            Source::Literal(_) | Source::Outside(_) | Source::Nothing => None,
        }
    }
}

/// Where what a supply writes was taken from.
struct Taken<'a> {
    /// In the input.
    path: Vec<String>,
    member: &'a Member,
    /// The steps that are left inside the value.
    rest: Vec<String>,
}

/// Where below an object of the input a slot is filled.
fn taken<'a>(
    program: &'a Program,
    object: &'a ObjectNode,
    slot: u32,
    seen: &mut BTreeSet<NodeId>,
) -> Option<(Vec<String>, &'a Member)> {
    let members = likeliest(object);
    let takes = |member: &&Member| member.take.is_some_and(|(own, _)| own.0 == slot);
    if let Some(member) = members.iter().copied().find(takes) {
        return Some((vec![member.name.to_string()], member));
    }
    members.into_iter().find_map(|member| {
        let id = of_object(program, member.node);
        let Node::Object(inner) = program.node(id) else { return None };
        // an object that begins the slot anew has another one
        if owns(inner, slot) || !seen.insert(id) {
            return None;
        }
        let (path, found) = taken(program, inner, slot, seen)?;
        Some(([vec![member.name.to_string()], path].concat(), found))
    })
}
