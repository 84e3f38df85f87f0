//! Statuses and headers of an answer on its way over the versions, as `changes.yaml` says (lens L26).

use crate::describe::model::{Location, Operation, Parameter, Status};
use crate::plan::bridge::{
    Judgement, ParameterSource, ParameterStep, Part, PartKey, Policy, StatusStep,
};
use crate::plan::lens::{AnswerChange, Direction, VersionChanges, covers};
use crate::plan::program::{Note, Outside};
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::relate::verdict::Verdict;

use super::message::shown;
use super::parameter::{missing, part, undecided};

/// What is declared about the answers of one operation, version by version from the backend's to the client's.
pub(super) struct Answers<'c> {
    /// Between each version of the route and the next: the changes in the order in which they are met.
    hops: Vec<(Direction, Vec<&'c AnswerChange>)>,
}

/// The headers of an answer as the client's version gets them.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// What is done, in this order.
    pub(super) steps: Vec<ParameterStep>,
    /// The sender's name and the name it has now; one that is left out has none.
    names: Vec<(String, Option<String>, Note)>,
    /// Written when absent.
    supplied: Vec<(String, ParameterSource, Note)>,
}

/// What a reader's header is judged against.
pub(super) enum Given<'a, 't> {
    /// The sender's header.
    Sent(&'a Parameter),
    /// A text that is written.
    Written(&'t str),
}

impl<'c> Answers<'c> {
    /// What the versions on the way declare.
    pub(super) fn new(changes: &'c [VersionChanges], route: &[(usize, &Operation)]) -> Self {
        let shapes: Vec<String> = route.iter().map(|(_, one)| one.key.shape()).collect();
        let met = |version: usize| {
            let all = changes.get(version).map_or(&[][..], |one| one.answers.as_slice());
            all.iter().filter(|one| shapes.contains(&one.operation.shape()))
        };
        let hop = |((from, _), (to, _)): (&(usize, &Operation), &(usize, &Operation))| {
            if to > from {
                (Direction::Up, (from + 1..=*to).flat_map(met).collect())
            } else {
                (Direction::Down, (to + 1..=*from).rev().flat_map(met).collect())
            }
        };
        Self { hops: route.iter().zip(route.iter().skip(1)).map(hop).collect() }
    }

    /// The status in each version of the route, the sender's first.
    pub(super) fn statuses(&self, sent: Status) -> Vec<Status> {
        let mut all = vec![sent];
        let mut now = sent;
        for (direction, changes) in &self.hops {
            now = changes.iter().fold(now, |now, change| become_by(change, *direction, now));
            all.push(now);
        }
        all
    }

    /// The codes that something is declared of, and that come under a class or `default` of the sender's.
    pub(super) fn codes(&self, sender: &Operation, declared: Status) -> Vec<Status> {
        let mut found = Vec::new();
        for (direction, changes) in &self.hops {
            for change in changes {
                let rows = change.statuses(*direction).iter().map(|(from, _)| *from);
                let own = change.status.and_then(|status| match status {
                    Status::Code(code) => Some(code),
                    Status::Class(_) | Status::Default => None,
                });
                found.extend(rows.chain(own));
            }
        }
        let comes = |code: &u16| {
            let answer = sender.response(*code).map(|one| one.status);
            answer == Some(declared) && declared != Status::Code(*code)
        };
        found.into_iter().filter(comes).map(Status::Code).collect()
    }

    /// What is done to the status.
    pub(super) fn step(&self, statuses: &[Status]) -> Option<StatusStep> {
        let (Some(Status::Code(sent)), Some(Status::Code(code))) =
            (statuses.first(), statuses.last())
        else {
            return None;
        };
        if sent == code {
            return None;
        }
        let back = self.hops.iter().rev().fold(Status::Code(*code), |now, (direction, changes)| {
            let back = match direction {
                Direction::Up => Direction::Down,
                Direction::Down => Direction::Up,
            };
            changes.iter().rev().fold(now, |now, change| become_by(change, back, now))
        });
        let loss = back != Status::Code(*sent);
        let note = Note { loss, ..note(format!("answer {code} for {sent}"), "") };
        Some(StatusStep { code: *code, note })
    }

    /// What becomes of the headers of an answer that has these statuses on its way.
    pub(super) fn headers(&self, statuses: &[Status]) -> Written {
        let mut written = Written::default();
        let ends = statuses.iter().zip(statuses.iter().skip(1));
        for ((direction, changes), (from, to)) in self.hops.iter().zip(ends) {
            let meant = |change: &&&AnswerChange| {
                change.status.is_none_or(|one| covers(one, *from) || covers(one, *to))
            };
            for change in changes.iter().filter(meant) {
                written.take(change, *direction);
            }
        }
        written
    }
}

fn become_by(change: &AnswerChange, direction: Direction, now: Status) -> Status {
    let rows = change.statuses(direction);
    let row = rows.iter().find(|(from, _)| Status::Code(*from) == now);
    row.map_or(now, |(_, to)| Status::Code(*to))
}

impl Written {
    fn take(&mut self, change: &AnswerChange, direction: Direction) {
        let up = direction == Direction::Up;
        for (old, new) in &change.renames {
            let (from, to) = if up { (old, new) } else { (new, old) };
            let note = note(format!("rename `{from}` to `{to}`"), from);
            self.now(from, Some(to), &note);
            self.steps.push(ParameterStep::Rename(
                Location::Header,
                from.clone(),
                to.clone(),
                note,
            ));
        }
        let (added, dropped) =
            if up { (&change.adds, &change.removes) } else { (&change.removes, &change.adds) };
        for (name, _) in dropped {
            let note = Note { loss: true, ..note(format!("leave out `{name}`"), name) };
            self.now(name, None, &note);
            self.steps.push(ParameterStep::Drop(Location::Header, name.clone(), note));
        }
        for (name, source) in added {
            let note = note(format!("write `{name}` when it is absent"), name);
            self.supplied.push((name.clone(), source.clone(), note.clone()));
            let step = ParameterStep::Supply(Location::Header, name.clone(), source.clone(), note);
            self.steps.push(step);
        }
    }

    /// Notes what a header is called now.
    fn now(&mut self, from: &str, to: Option<&String>, note: &Note) {
        self.supplied.retain_mut(|(name, ..)| {
            if name == from
                && let Some(to) = to
            {
                name.clone_from(to);
            }
            name != from || to.is_some()
        });
        if let Some((_, now, why)) =
            self.names.iter_mut().find(|(_, now, _)| now.as_deref() == Some(from))
        {
            *now = to.cloned();
            *why = note.clone();
        } else {
            self.names.push((from.to_owned(), to.cloned(), note.clone()));
        }
    }

    /// The name under which the client's version gets a header of the sender's, and the step that says so.
    fn name<'w>(&'w self, sent: &'w str) -> (Option<&'w str>, Option<&'w Note>) {
        let found = self.names.iter().find(|(one, ..)| one == sent);
        found.map_or((Some(sent), None), |(_, now, note)| (now.as_deref(), Some(note)))
    }
}

/// The headers of a response.
pub(super) fn headers<'a>(
    sent: &[&'a Parameter],
    read: &[&'a Parameter],
    written: &Written,
    judge: &mut dyn FnMut(Given<'a, '_>, &'a Parameter) -> Judgement,
) -> Vec<Part> {
    let mut parts = Vec::new();
    for header in read.iter().copied() {
        let given =
            sent.iter().copied().find(|one| written.name(&one.name).0 == Some(&header.name));
        let supply = written.supplied.iter().find(|(name, ..)| *name == header.name);
        if let Some(given) = given {
            let lacks = header.required && !given.required && supply.is_none();
            let judgement = if lacks { missing(header) } else { judge(Given::Sent(given), header) };
            let renamed = written.name(&given.name).1;
            parts.push(part(given, Some(header), renamed.into_iter().fold(judgement, noted)));
        } else if header.required && supply.is_none() {
            parts.push(part(header, Some(header), missing(header)));
        }
        if let Some((_, source, note)) = supply {
            let judgement = supplied(source, header, judge);
            parts.push(part(header, Some(header), noted(judgement, note)));
        }
    }
    for one in sent.iter().copied() {
        if let (None, Some(note)) = written.name(&one.name) {
            parts.push(part(one, None, noted(Judgement::of(Verdict::Lossy), note)));
        }
    }
    parts
}

fn supplied<'a>(
    source: &ParameterSource,
    header: &'a Parameter,
    judge: &mut dyn FnMut(Given<'a, '_>, &'a Parameter) -> Judgement,
) -> Judgement {
    match source {
        ParameterSource::Literal(text) => judge(Given::Written(text), header),
        ParameterSource::Outside(Outside::Configuration(_)) => Judgement {
            policies: vec![Policy::ConfigurationFits],
            ..Judgement::of(Verdict::Bridged)
        },
        ParameterSource::Outside(_) => {
            undecided("the value comes from a field or parameter that may be absent or another")
        }
    }
}

fn noted(mut judgement: Judgement, note: &Note) -> Judgement {
    judgement.steps.push(note.clone());
    let least = if note.loss { Verdict::Lossy } else { Verdict::Bridged };
    judgement.verdict = judgement.verdict.max(least);
    judgement
}

/// What a status that is written is to the message.
pub(super) fn rewritten(step: &StatusStep, (sender, reader): (&Place, &Place)) -> Part {
    let judgement = noted(Judgement::of(Verdict::Bridged), &step.note);
    shown(PartKey::Whole, judgement, (sender, Some(reader)))
}

fn note(text: String, name: &str) -> Note {
    let at = if name.is_empty() { Pointer::root() } else { Pointer::root().join(name) };
    Note { rule: "L26", text, at: at.as_str().to_owned(), loss: false, policy: None }
}
