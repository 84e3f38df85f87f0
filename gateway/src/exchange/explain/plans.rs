//! What is done to the messages between two versions, step by step.

use std::fmt::Write as _;

use evergate_schemas::plan::pointers::{Placed, steps};
use evergate_schemas::plan::program::Note;

use super::answer::Story;
use super::model::Step;
use crate::snapshot::{Api, Crossing, CrossingBody, CrossingMessage, Lens};

/// Steps of one body that are told; the others are counted.
const MOST: usize = 200;

/// Between which versions, and whose names come first.
struct Between<'a> {
    api: &'a Api,
    /// Oldest and newest, by index.
    span: (usize, usize),
}

impl Between<'_> {
    /// The declared change that a step goes back to, where it names what the step names.
    fn lens(&self, note: &Note, read: Option<&str>) -> Option<&Lens> {
        let declared = note.rule.starts_with('L') || note.policy.is_some();
        let last = |pointer: &str| {
            pointer.rsplit('/').find(|one| *one != "*").unwrap_or_default().to_owned()
        };
        let names = [Some(last(&note.at)), read.map(last)];
        let between = |lens: &&Lens| lens.version > self.span.0 && lens.version <= self.span.1;
        let fits = |lens: &&Lens| {
            lens.names.iter().any(|one| names.iter().flatten().any(|name| **name == **one))
        };
        self.api.lenses.iter().filter(between).find(fits).filter(|_| declared)
    }

    fn tell(&self, step: &mut Step, (label, placed): (&str, &Placed)) {
        let Placed { note, sent, read } = placed;
        let there = match read {
            Some(read) if read != sent => format!(" → `{read}`"),
            _ => String::new(),
        };
        let at = if sent.is_empty() { "/" } else { sent };
        let mut says = format!("{label}{} at `{at}`{there}: {}", note.rule, note.text);
        if note.loss {
            says.push_str("; information is lost");
        }
        if let Some(policy) = note.policy {
            let _ = write!(says, "; allowed by `{policy}`");
        }
        match self.lens(note, read.as_deref()) {
            Some(lens) => step.note_from(format!("{says} ({})", lens.say), &lens.spot),
            None => step.note(says),
        }
    }

    fn message(&self, step: &mut Step, (label, message): (&str, &CrossingMessage)) {
        for parameter in &message.parameters {
            let note = parameter.note();
            let placed = Placed { note: note.clone(), sent: note.at.clone(), read: None };
            self.tell(step, (label, &placed));
        }
        let before = step.notes.len();
        for body in message.bodies.iter().chain(&message.bare).chain(&message.beside) {
            self.body(step, (label, body));
            if step.notes.len() - before > MOST {
                step.notes.truncate(before + MOST);
                step.note("… and more; `evergate check --verbose` tells all of them");
                return;
            }
        }
    }

    fn body(&self, step: &mut Step, (label, body): (&str, &CrossingBody)) {
        let Some(conversion) = &body.conversion else {
            step.note(format!("{label}{} passes untouched", body.essence));
            return;
        };
        let programs: Vec<_> = conversion.prepared.programs().collect();
        let all = steps(&programs);
        if all.is_empty() {
            step.note(format!("{label}{} is written anew, with nothing changed", body.essence));
        }
        for placed in &all {
            self.tell(step, (label, placed));
        }
    }
}

fn between<'a>(story: &Story<'_>, api: &'a Api) -> Option<Between<'a>> {
    let (client, backend) =
        (api.versions.find(&story.known.client?.label)?, story.known.group?.version?);
    Some(Between { api, span: (client.min(backend), client.max(backend)) })
}

/// What is done to the request.
pub(super) fn request(story: &Story<'_>, api: &Api, crossing: Option<&Crossing>) -> Option<Step> {
    story.known.group?;
    let Some(crossing) = crossing else {
        return Some(Step::new(
            "request",
            "passes untouched: client and backend speak the same version",
        ));
    };
    let between = between(story, api)?;
    let mut step = Step::new("request", format!("converted for {}", crossing.label));
    between.message(&mut step, ("", &crossing.request));
    for member in crossing.hiding.iter().flat_map(|hiding| &hiding.members) {
        step.note(format!("a full write hides `{}`: {}", member.at, member.text));
    }
    if step.notes.is_empty() {
        step.note("nothing in it has to be changed but path and version");
    }
    Some(step)
}

/// What is done to each response that the backend declares.
pub(super) fn responses(story: &Story<'_>, api: &Api, crossing: Option<&Crossing>) -> Option<Step> {
    let (crossing, between) = (crossing?, between(story, api)?);
    let mut step = Step::new("responses", format!("{} are declared", crossing.responses.len()));
    for (status, message) in &crossing.responses {
        let before = step.notes.len();
        between.message(&mut step, (&format!("{status}: "), message));
        if let Some((code, _)) = &message.status_as {
            step.note(format!("{status}: becomes {code}"));
        }
        if step.notes.len() == before {
            step.note(format!("{status}: passes untouched"));
        }
    }
    Some(step)
}
