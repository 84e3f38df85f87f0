//! Parameters on their way over the versions between two others: what each is called there, and where it stands.

use std::collections::BTreeSet;

use crate::describe::model::{Location, Operation, OperationKey, Parameter};
use crate::plan::bridge::{ParameterSource, ParameterStep};
use crate::plan::lens::{
    Direction, For, OnRange, OnUnknown, ParameterChange, PathNames, VersionChanges, path_names,
};

use super::parameter::note;

/// One step of the way: from one version that has the operation to the next that has it.
#[derive(Clone, Debug)]
pub(super) struct Passage<'a> {
    direction: Direction,
    keys: (&'a OperationKey, &'a OperationKey),
    changes: Vec<&'a ParameterChange>,
    /// A route is declared, so that path parameters match by name.
    routed: bool,
}

/// The passages of an operation, which has the route in the versions that have it, in order.
pub(super) fn passages<'a>(
    changes: &'a [VersionChanges],
    route: &[(usize, &'a Operation)],
) -> Vec<Passage<'a>> {
    let pairs = route.iter().zip(route.iter().skip(1));
    let passage = |(from, to): (&(usize, &'a Operation), &(usize, &'a Operation))| {
        let up = to.0 > from.0;
        let direction = if up { Direction::Up } else { Direction::Down };
        let (old, new) = if up { (from, to) } else { (to, from) };
        let shapes = [old.1.key.shape(), new.1.key.shape()];
        let mut found: Vec<&VersionChanges> =
            (old.0 + 1..=new.0).filter_map(|version| changes.get(version)).collect();
        if !up {
            found.reverse();
        }
        let is_ours = |change: &&ParameterChange| shapes.contains(&change.operation.shape());
        Passage {
            direction,
            keys: (&from.1.key, &to.1.key),
            routed: found.iter().flat_map(|one| &one.routes).any(|one| {
                one.old.shape() == old.1.key.shape() && one.new.shape() == new.1.key.shape()
            }),
            changes: found.iter().flat_map(|one| &one.parameters).filter(is_ours).collect(),
        }
    };
    pairs.map(passage).collect()
}

/// A parameter on its way from one version to another.
#[derive(Clone, Debug)]
pub(super) struct Flow<'a> {
    /// What the sender declares; absent when a lens writes it.
    pub(super) origin: Option<&'a Parameter>,
    pub(super) location: Location,
    pub(super) name: String,
    /// The sentence of the lens that renamed it.
    pub(super) renamed: Option<String>,
    pub(super) supplied: Option<(ParameterSource, String)>,
    /// A value that cannot be written for the reader is refused by declaration.
    pub(super) refuses: bool,
    /// It has its name and place of after the passage already.
    moved: bool,
    /// It came out of the body, or goes by a policy: what it is called in the object that it is a member of.
    pub(super) key: Option<String>,
    /// Place and name in each version before it goes into the body, if it does.
    trail: Vec<(Location, String)>,
}

/// Parameters that go into the body on the way, or come out of it: beside the body they are members of one object.
#[derive(Debug, Default)]
pub(super) struct Bodily<'a> {
    /// By version of the route: key, place and name.
    pub(super) beside: Vec<Vec<(String, Location, String)>>,
    /// By passage.
    pub(super) moves: Vec<Vec<Moved>>,
    /// By passage: what is declared of values that the reader does not take.
    pub(super) policies: Vec<Vec<Told>>,
    /// What the sender declares of those that go in, by key, and whether a value that does not fit is refused.
    pub(super) inward: Vec<(String, &'a Parameter, bool)>,
    /// Why it cannot be told what becomes of one.
    pub(super) unclear: Option<String>,
}

/// A member of the body and what is beside it in the other version.
#[derive(Clone, Debug)]
pub(super) struct Moved {
    pub(super) key: String,
    pub(super) member: Vec<String>,
    /// The older version has the parameter.
    pub(super) inward: bool,
}

/// What becomes of values of a parameter that the reader does not take.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) key: String,
    pub(super) on_range: Vec<For<OnRange>>,
    pub(super) on_unknown: Vec<(Direction, String, OnUnknown)>,
}

impl Bodily<'_> {
    /// The parameters that have to do with the body.
    pub(super) fn composed(&self) -> BTreeSet<&str> {
        self.moves.iter().flatten().map(|one| one.key.as_str()).collect()
    }

    /// Those that have nothing to do with it.
    pub(super) fn alone(&self) -> BTreeSet<&str> {
        let composed = self.composed();
        let told = self.policies.iter().flatten().map(|one| one.key.as_str());
        told.filter(|key| !composed.contains(key)).collect()
    }

    /// A key that nothing else has.
    fn key(&self, location: Location, name: &str) -> String {
        let mut key = format!("{} {name}", location.word());
        while self.beside.iter().flatten().any(|(taken, ..)| *taken == key) {
            key.push('\'');
        }
        key
    }

    fn note(&mut self, version: usize, key: &str, (location, name): (Location, &str)) {
        if let Some(beside) = self.beside.get_mut(version) {
            beside.push((key.to_owned(), location, name.to_owned()));
        }
    }
}

/// Follows each parameter of the sender; what is left out becomes a step.
pub(super) fn flows<'a>(
    sender: &'a Operation,
    passages: &[Passage<'_>],
    steps: &mut Vec<ParameterStep>,
) -> (Vec<Flow<'a>>, Bodily<'a>) {
    let flow = |one: &'a Parameter| Flow {
        origin: Some(one),
        location: one.location,
        name: one.name.clone(),
        renamed: None,
        supplied: None,
        refuses: false,
        moved: false,
        key: None,
        trail: Vec::new(),
    };
    let mut bodily = Bodily {
        beside: vec![Vec::new(); passages.len() + 1],
        moves: vec![Vec::new(); passages.len()],
        policies: vec![Vec::new(); passages.len()],
        ..Bodily::default()
    };
    let mut flows: Vec<Flow<'a>> = sender.parameters.iter().map(flow).collect();
    for (version, passage) in passages.iter().enumerate() {
        for flow in &mut flows {
            flow.moved = false;
            match &flow.key {
                Some(key) => bodily.note(version, key, (flow.location, &flow.name)),
                None => flow.trail.push((flow.location, flow.name.clone())),
            }
        }
        passage.note_refusals(&mut flows);
        passage.note_policies(version, &mut flows, &mut bodily);
        passage.through_body(version, &mut flows, &mut bodily);
        passage.drop_and_move(&mut flows, steps);
        passage.in_path(&mut flows, steps);
        passage.rename_and_write(&mut flows);
        passage.note_refusals(&mut flows);
        passage.note_policies(version, &mut flows, &mut bodily);
    }
    for flow in &flows {
        if let Some(key) = &flow.key {
            bodily.note(passages.len(), key, (flow.location, &flow.name));
        }
    }
    (flows, bodily)
}

impl Passage<'_> {
    fn is_up(&self) -> bool {
        self.direction == Direction::Up
    }

    fn note_refusals(&self, flows: &mut [Flow<'_>]) {
        let names: Vec<&String> = self.changes.iter().flat_map(|change| &change.refused).collect();
        for flow in flows {
            flow.refuses |= names.iter().any(|name| name.eq_ignore_ascii_case(&flow.name));
        }
    }

    /// Parameters with a policy, by the name that they have now, are members of an object from where they began.
    fn note_policies<'a>(&self, version: usize, flows: &mut [Flow<'a>], bodily: &mut Bodily<'a>) {
        for flow in flows {
            let is_it = |name: &String| name.eq_ignore_ascii_case(&flow.name);
            let ranges = self.changes.iter().flat_map(|change| &change.on_range);
            let ranges = ranges.filter(|one| one.direction == self.direction);
            let on_range: Vec<_> = ranges.filter(|one| is_it(&one.member)).cloned().collect();
            let unknowns = self.changes.iter().flat_map(|change| &change.on_unknown);
            let unknowns = unknowns.filter(|one| one.0 == self.direction);
            let on_unknown: Vec<_> = unknowns.filter(|one| is_it(&one.1)).cloned().collect();
            let is_sent = flow.origin.is_some() || flow.key.is_some();
            if on_range.is_empty() && on_unknown.is_empty() || !is_sent {
                continue;
            }
            let key = flow.entered(version, bodily);
            flow.key = Some(key.clone());
            if let Some(policies) = bodily.policies.get_mut(version) {
                policies.retain(|one| one.key != key);
                policies.push(Told { key, on_range, on_unknown });
            }
        }
    }

    fn drop_and_move(&self, flows: &mut Vec<Flow<'_>>, steps: &mut Vec<ParameterStep>) {
        for change in &self.changes {
            let dropped = if self.is_up() { &change.removes } else { &change.adds };
            for (location, name, _) in dropped {
                let is_it = |flow: &Flow<'_>| {
                    !flow.moved && flow.location == *location && flow.name == *name
                };
                if let Some(at) = flows.iter().position(is_it) {
                    steps.extend(flows.remove(at).left_out());
                }
            }
            for one in &change.moves {
                let (from, to) =
                    if self.is_up() { (&one.from, &one.to) } else { (&one.to, &one.from) };
                let is_it = |flow: &&mut Flow<'_>| {
                    !flow.moved && (flow.location, &flow.name) == (from.0, &from.1)
                };
                if let Some(flow) = flows.iter_mut().find(is_it) {
                    (flow.location, flow.name) = to.clone();
                    flow.moved = true;
                }
            }
        }
    }

    /// What goes into the body is a parameter no more, and what comes out of it is one from here.
    fn through_body<'a>(&self, version: usize, flows: &mut Vec<Flow<'a>>, bodily: &mut Bodily<'a>) {
        for one in self.changes.iter().flat_map(|change| &change.body_moves) {
            let (location, name) = (one.parameter.0, &one.parameter.1);
            let enters = one.inward == self.is_up();
            let key = if enters {
                let is_it = |flow: &Flow<'_>| {
                    !flow.moved && flow.location == location && flow.name == *name
                };
                let Some(at) = flows.iter().position(is_it) else { continue };
                let flow = flows.remove(at);
                if flow.supplied.is_some() {
                    bodily.unclear = Some(format!(
                        "`{name}` is written by `parameter: add`, and then moves into the body"
                    ));
                }
                flow.entered(version, bodily)
            } else {
                let key = bodily.key(location, name);
                flows.push(Flow {
                    origin: None,
                    location,
                    name: name.clone(),
                    renamed: None,
                    supplied: None,
                    refuses: false,
                    moved: true,
                    key: Some(key.clone()),
                    trail: Vec::new(),
                });
                key
            };
            if let Some(moves) = bodily.moves.get_mut(version) {
                moves.push(Moved { key, member: one.member.clone(), inward: one.inward });
            }
        }
    }

    /// Gives path parameters the names of the next template; one that it lacks is left out.
    fn in_path(&self, flows: &mut Vec<Flow<'_>>, steps: &mut Vec<ParameterStep>) {
        let (from, to) = self.keys;
        let names = if self.routed {
            path_names(self.keys, &self.changes, self.direction)
        } else {
            let both = from.path_parameters().into_iter().zip(to.path_parameters());
            let pairs = both.map(|(from, to)| (from.to_owned(), to.to_owned())).collect();
            PathNames { pairs, ..PathNames::default() }
        };
        let waits = |flow: &Flow<'_>| flow.location == Location::Path && !flow.moved;
        let mut at = 0;
        while let Some(flow) = flows.get_mut(at) {
            let paired = names.pairs.iter().find(|(from, _)| *from == flow.name);
            match paired {
                Some((_, to)) if waits(flow) => flow.name.clone_from(to),
                None if waits(flow) => {
                    steps.extend(flows.remove(at).left_out());
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn rename_and_write(&self, flows: &mut Vec<Flow<'_>>) {
        for change in &self.changes {
            for (old, new) in &change.renames {
                let (from, to) = if self.is_up() { (old, new) } else { (new, old) };
                let fits = |flow: &&mut Flow<'_>| {
                    flow.name == *from && flow.location != Location::Path && !flow.moved
                };
                if let Some(flow) = flows.iter_mut().find(fits) {
                    flow.name.clone_from(to);
                    flow.renamed = Some(change.say.to_string());
                }
            }
            let written = if self.is_up() { &change.adds } else { &change.removes };
            for (location, name, source) in written {
                let supplied = Some((source.clone(), change.say.to_string()));
                let is_it = |flow: &&mut Flow<'_>| flow.location == *location && flow.name == *name;
                match flows.iter_mut().find(is_it) {
                    Some(flow) => flow.supplied = supplied,
                    None => flows.push(Flow {
                        origin: None,
                        location: *location,
                        name: name.clone(),
                        renamed: None,
                        supplied,
                        refuses: false,
                        moved: false,
                        key: None,
                        trail: Vec::new(),
                    }),
                }
            }
        }
    }
}

impl<'a> Flow<'a> {
    /// Notes where it stood before it went into the body; gives what it is called beside that.
    fn entered(&self, version: usize, bodily: &mut Bodily<'a>) -> String {
        if let Some(key) = &self.key {
            return key.clone();
        }
        let (location, name) =
            self.trail.first().cloned().unwrap_or((self.location, self.name.clone()));
        let key = bodily.key(location, &name);
        let first = (version + 1).saturating_sub(self.trail.len());
        for (at, (location, name)) in self.trail.iter().enumerate() {
            bodily.note(first + at, &key, (*location, name));
        }
        if let Some(origin) = self.origin {
            bodily.inward.push((key.clone(), origin, self.refuses));
        }
        key
    }

    fn left_out(self) -> Option<ParameterStep> {
        // a member of an object is left out there
        let origin = self.origin.filter(|_| self.key.is_none())?;
        let text = format!("leave out `{}`", origin.name);
        let note = note("L19", text, &origin.name, true);
        Some(ParameterStep::Drop(origin.location, origin.name.clone(), note))
    }
}
