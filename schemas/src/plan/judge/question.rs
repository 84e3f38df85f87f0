//! From two schemas and the programs between them to a plan with its verdict.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::describe::direction::extensible_values;
use crate::describe::discriminator::TAGGED;
use crate::plan::bridge::{Judgement, Plan, Policy};
use crate::plan::fuse::fuse_all;
use crate::plan::image::{ImageLimits, Known, image_of};
use crate::plan::program::{Node, Note, NoteId, Program};
use crate::pointer::Pointer;
use crate::relate::verdict::{Inclusion, Undecided, Verdict, Witness};
use crate::relate::{Budget, Prover, close};
use crate::schema::Schema;

use super::configured::assumed;
use super::search::{Search, reads_configuration};

/// How far senders are trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Senders {
    /// They send what they declare: an object that says nothing of undeclared members has none.
    #[default]
    Closed,
    /// They send whatever their schema allows, undeclared members too.
    AsWritten,
}

/// What one verdict may cost, and what it rests on.
#[derive(Clone, Copy, Debug)]
pub struct JudgeLimits {
    /// How far senders are trusted. The plan is the same one either way; what is asked of it differs.
    pub senders: Senders,
    /// Payloads that are tried in search of a witness.
    pub payloads: u32,
    /// Payloads that are tried to show what rests on closed senders.
    pub strict: u32,
    /// What one image may cost.
    pub image: ImageLimits,
}

impl Default for JudgeLimits {
    fn default() -> Self {
        let senders = Senders::default();
        Self { senders, payloads: 240, strict: 24, image: ImageLimits::default() }
    }
}

/// One payload between two versions.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What the sender declares, in its direction and role; not closed.
    pub sender: &'a Schema,
    /// What the reader declares, in its direction and role.
    pub reader: &'a Schema,
    /// The programs derived from step to step, the sender's first.
    pub chain: &'a [Arc<Program>],
    /// What is known of values outside the payload.
    pub known: &'a Known,
    /// What it may cost.
    pub limits: JudgeLimits,
}

/// The plan that runs the chain, fused, with the verdict on it.
pub fn judge(question: &Question<'_>, prover: &mut Prover) -> Plan {
    let closed = match question.limits.senders {
        Senders::Closed => close(question.sender),
        Senders::AsWritten => question.sender.clone(),
    };
    let stages = fuse_all(question.chain);
    let judgement = if stages.is_empty() {
        untouched(question, &closed, prover)
    } else {
        converted(question, &closed, &stages, prover)
    };
    Plan { stages, judgement }
}

fn untouched(question: &Question<'_>, closed: &Schema, prover: &mut Prover) -> Judgement {
    let mut inclusion = prover.includes(closed, question.reader);
    // A discriminator must not make invalid what is valid without it (OpenAPI 3.2 §4.25): who sends without one
    // cannot be held to it.
    if inclusion != Inclusion::Proved
        && let Some(plain) = untagged(question.reader)
        && !tagged(&question.sender.document())
        && prover.includes(closed, &plain) == Inclusion::Proved
    {
        inclusion = Inclusion::Proved;
    }
    let mut answer = match inclusion {
        Inclusion::Proved => Judgement::of(Verdict::Native),
        Inclusion::Refuted(witness) => {
            Judgement { witness: Some(*witness), ..Judgement::of(Verdict::Broken) }
        }
        Inclusion::Undecided(reason) => {
            Judgement { undecided: Some(reason), ..Judgement::of(Verdict::Undecided) }
        }
    };
    if answer.verdict == Verdict::Native {
        answer.strict_witness = strictly(question, closed, &mut answer.policies);
    }
    readers(question, closed, &mut answer, prover);
    answer
}

/// What reading the sender without closing would find. Only looked for a little: it decides nothing.
fn strictly(
    question: &Question<'_>,
    closed: &Schema,
    policies: &mut Vec<Policy>,
) -> Option<Witness> {
    let as_written = question.limits.senders == Senders::AsWritten;
    if as_written || closed.document() == question.sender.document() {
        return None;
    }
    let budget = Budget { payloads: question.limits.strict, ..Budget::default() };
    match Prover::new(budget).includes(question.sender, question.reader) {
        Inclusion::Proved => None,
        Inclusion::Refuted(witness) => {
            policies.push(Policy::SenderClosed);
            Some(*witness)
        }
        Inclusion::Undecided(_) => {
            policies.push(Policy::SenderClosed);
            None
        }
    }
}

/// What a chain does to a closed sender.
struct Traced {
    /// `None` when the image could not be expressed.
    image: Option<Schema>,
    steps: Vec<Note>,
    refusals: Vec<Note>,
    total: bool,
    /// Every refusal is one that is declared.
    declared: bool,
}

fn traced(
    question: &Question<'_>,
    closed: &Schema,
    stages: &[Arc<Program>],
    known: &Known,
) -> Traced {
    let mut found = Traced {
        image: Some(closed.clone()),
        steps: Vec::new(),
        refusals: Vec::new(),
        total: true,
        declared: true,
    };
    for program in stages {
        let before = found.image.take();
        let image =
            before.and_then(|schema| image_of(program, &schema, known, question.limits.image));
        let Some(image) = image else {
            (found.total, found.declared) = (false, false);
            found.steps.extend(program.notes.iter().cloned());
            found.refusals.extend(program.notes.iter().cloned());
            continue;
        };
        found.total &= image.is_total();
        let declared = |id| program.note(id).is_some_and(|note| note.policy.is_some());
        found.declared &= image.refused.iter().all(|id| declared(*id));
        let all: BTreeSet<NoteId> = image.fired.union(&image.refused).copied().collect();
        found.steps.extend(all.iter().filter_map(|id| program.note(*id)).cloned());
        found.refusals.extend(image.refused.iter().filter_map(|id| program.note(*id)).cloned());
        found.image = Some(image.schema);
    }
    found.steps.dedup();
    found
}

fn refuted(inclusion: Option<&Inclusion>) -> Option<Value> {
    match inclusion {
        Some(Inclusion::Refuted(witness)) => Some(witness.payload.clone()),
        _ => None,
    }
}

fn converted(
    question: &Question<'_>,
    closed: &Schema,
    stages: &[Arc<Program>],
    prover: &mut Prover,
) -> Judgement {
    let mut policies = match question.limits.senders {
        Senders::Closed => vec![Policy::SenderClosed],
        Senders::AsWritten => Vec::new(),
    };
    let known = assumed(question, stages, &mut policies);
    let traced = traced(question, closed, stages, &known);
    // Where some payloads are refused, perhaps none is left.
    let nothing = Schema::from_document(Value::Bool(false));
    let hopeless = traced.image.as_ref().is_some_and(|image| {
        image.root == Value::Bool(false)
            || (!traced.total && prover.includes(image, &nothing) == Inclusion::Proved)
    });
    let inclusion = traced.image.as_ref().map(|image| prover.includes(image, question.reader));
    let defaults = traced.steps.iter().any(|note| note.text.contains("default"));
    policies.extend(defaults.then_some(Policy::DefaultFills));
    policies.extend(declared(&traced, stages));
    let keeps = traced.steps.iter().any(Note::keeps);
    let mut answer = Judgement {
        total: traced.total,
        hopeless,
        keepers: if keeps { vec![question.chain.to_vec()] } else { Vec::new() },
        steps: traced.steps,
        policies,
        ..Judgement::of(Verdict::Undecided)
    };
    // A sender that sends nothing is served; one of which everything is refused is not.
    let passes = traced.total || (traced.declared && !hopeless);
    if passes && inclusion == Some(Inclusion::Proved) {
        let loses = answer.steps.iter().any(|note| note.loss);
        answer.verdict = if loses { Verdict::Lossy } else { Verdict::Bridged };
        if let Some(image) = &traced.image {
            readers(question, image, &mut answer, prover);
        }
        return answer;
    }
    let mut hints: Vec<Value> = refuted(inclusion.as_ref()).into_iter().collect();
    if !hopeless && let Inclusion::Refuted(witness) = prover.includes(closed, question.reader) {
        hints.push(witness.payload);
    }
    let unknown =
        reads_configuration(stages).find(|name| !known.configuration.contains_key(name.as_ref()));
    let mut search =
        Search { closed, reader: question.reader, stages, known: &known, hopeless, tried: 0 };
    match (unknown, search.run(hints, &traced.refusals, question.limits.payloads)) {
        (None, Ok(Some(witness))) => {
            answer.verdict = Verdict::Broken;
            answer.total &= witness.received.is_some();
            answer.witness = Some(witness);
        }
        (Some(name), _) => {
            answer.undecided = Some(because(
                format!("the configuration value `{name}` is not known"),
                search.tried,
            ));
        }
        (None, Err(reason)) => answer.undecided = Some(because(reason, search.tried)),
        (None, Ok(None)) => {
            let reason = match inclusion {
                None => "the image of the plan cannot be expressed".to_owned(),
                Some(Inclusion::Proved) => {
                    "the plan may refuse a payload, but none was found".to_owned()
                }
                Some(Inclusion::Refuted(witness)) => format!(
                    "the plan may write what the reader refuses (`{}` at `{}`), but no payload shows it",
                    witness.keyword, witness.at
                ),
                Some(Inclusion::Undecided(undecided)) => undecided.reason,
            };
            answer.undecided = Some(because(reason, search.tried));
        }
    }
    answer
}

/// The policies that the steps of a chain rest on.
fn declared(traced: &Traced, stages: &[Arc<Program>]) -> Vec<Policy> {
    let mut found = Vec::new();
    if traced.refusals.iter().any(|note| note.policy.is_some()) {
        found.push(Policy::RefusalDeclared);
    }
    if traced.steps.iter().any(Note::keeps) {
        found.push(Policy::KeptDeclared);
    }
    let nodes = stages.iter().flat_map(|program| &program.nodes);
    let believes = |node: &Node| matches!(node, Node::Transform(one) if one.transform.believes());
    if nodes.into_iter().any(believes) {
        found.push(Policy::SenderFormat);
    }
    found
}

const fn because(reason: String, tried: u32) -> Undecided {
    Undecided { reason, at: Pointer::root(), tried }
}

/// The policies by which a reader takes what a stricter one would not: `format` is an annotation where the reader
/// names one that the sender does not, and what an extensible enum does not list is taken.
fn readers(question: &Question<'_>, sent: &Schema, answer: &mut Judgement, prover: &mut Prover) {
    if !answer.verdict.holds() {
        return;
    }
    let mut document = question.reader.document();
    let wanted = named_formats(&document);
    if !wanted.is_empty() && !wanted.is_subset(&named_formats(&question.sender.document())) {
        answer.policies.push(Policy::FormatAnnotation);
    }
    if tagged(&document) {
        answer.policies.push(Policy::DiscriminatorDecides);
    }
    if listed(&mut document)
        && prover.includes(sent, &Schema::from_document(document)) != Inclusion::Proved
    {
        answer.policies.push(Policy::ExtensibleEnum);
    }
}

/// A reader without the tags of discriminators; `None` when it has none.
fn untagged(reader: &Schema) -> Option<Schema> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                if members.remove(TAGGED).is_some() {
                    members.remove("properties");
                }
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut document = reader.document();
    tagged(&document).then(|| {
        strip(&mut document);
        Schema::from_document(document)
    })
}

/// Whether branches have the tags of a discriminator.
fn tagged(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.contains_key(TAGGED) || members.values().any(tagged),
        Value::Array(items) => items.iter().any(tagged),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Makes every list of an extensible enum an `enum`; whether there was one.
fn listed(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => {
            let mut found = false;
            for inner in members.values_mut() {
                found |= listed(inner);
            }
            let values = extensible_values(members).filter(|_| !members.contains_key("enum"));
            found |= values.is_some();
            members.extend(values.map(|values| ("enum".to_owned(), Value::Array(values))));
            found
        }
        Value::Array(items) => items.iter_mut().fold(false, |found, inner| listed(inner) | found),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn named_formats(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => {
                found.extend(members.get("format").and_then(Value::as_str).map(str::to_owned));
                waiting.extend(members.values());
            }
            Value::Array(items) => waiting.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}
