//! The search for a payload that does not get through, each candidate run through the programs and validated.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::apply::apply;
use crate::plan::image::Known;
use crate::plan::outside::Values;
use crate::plan::program::{Node, Note, Outside, Program, Source, Supply};
use crate::pointer::Pointer;
use crate::relate::shrink::shrink;
use crate::relate::verdict::Witness;
use crate::sample::{Sampler, Validator};
use crate::schema::Schema;

pub(super) struct Search<'a> {
    pub(super) closed: &'a Schema,
    pub(super) reader: &'a Schema,
    pub(super) stages: &'a [Arc<Program>],
    pub(super) known: &'a Known,
    /// Nothing gets through; else a refusal that is declared is no failure.
    pub(super) hopeless: bool,
    /// Candidates looked at so far.
    pub(super) tried: u32,
}

/// How a payload fails.
struct Failure {
    received: Option<Value>,
    at: Pointer,
    keyword: String,
    message: String,
}

/// Payloads from which single members are left out.
const BASES: usize = 24;

impl Search<'_> {
    /// A minimal witness; `Ok(None)` when none was found among `limit` payloads.
    ///
    /// # Errors
    /// The reason why one of the schemas cannot be validated against.
    pub(super) fn run(
        &mut self,
        hints: Vec<Value>,
        refusals: &[Note],
        limit: u32,
    ) -> Result<Option<Witness>, String> {
        let sender = Validator::new(self.closed)?;
        let reader = Validator::new(self.reader)?;
        let values = values(self.known);
        let mut sampler = Sampler::new(self.closed);
        for hint in hints {
            if let Some(witness) = self.offer(hint, &sender, &reader, &values) {
                return Ok(Some(witness));
            }
        }
        let mut bases: Vec<Value> = sampler.minimal().into_iter().collect();
        bases.extend(sampler.boundary());
        for base in &bases {
            if self.tried >= limit {
                return Ok(None);
            }
            if let Some(witness) = self.offer(base.clone(), &sender, &reader, &values) {
                return Ok(Some(witness));
            }
        }
        for base in bases.iter().take(BASES) {
            for note in refusals {
                let mut fewer = base.clone();
                if without(&mut fewer, &note.at)
                    && let Some(witness) = self.offer(fewer, &sender, &reader, &values)
                {
                    return Ok(Some(witness));
                }
            }
        }
        let mut seed = 0;
        while self.tried < limit && seed < u64::from(limit) {
            seed += 1;
            if let Some(payload) = sampler.random(seed)
                && let Some(witness) = self.offer(payload, &sender, &reader, &values)
            {
                return Ok(Some(witness));
            }
        }
        Ok(None)
    }

    fn offer(
        &mut self,
        payload: Value,
        sender: &Validator,
        reader: &Validator,
        values: &Values,
    ) -> Option<Witness> {
        self.tried += 1;
        let fails = |payload: &Value| {
            if sender.judge(payload) == Some(true) {
                self.failure(payload, reader, values)
            } else {
                None
            }
        };
        fails(&payload)?;
        let payload = shrink(payload, |smaller| fails(smaller).is_some());
        let Failure { received, at, keyword, message } = fails(&payload)?;
        Some(Witness { payload, received, at, keyword, message })
    }

    fn failure(&self, payload: &Value, reader: &Validator, values: &Values) -> Option<Failure> {
        let mut value = payload.clone();
        for program in self.stages {
            match apply(program, &value, values) {
                Ok(next) => value = next,
                Err(rejected) => {
                    let note = program.note(rejected.note);
                    if !self.hopeless && note.is_some_and(|note| note.policy.is_some()) {
                        return None;
                    }
                    return Some(Failure {
                        received: None,
                        at: rejected.pointer,
                        keyword: note.map_or_else(String::new, |note| note.rule.to_owned()),
                        message: note.map_or_else(String::new, |note| note.text.clone()),
                    });
                }
            }
        }
        if reader.judge(&value) != Some(false) {
            return None;
        }
        let (at, keyword, message) = reader.first_error(&value)?;
        Some(Failure { received: Some(value), at, keyword, message })
    }
}

/// Values for a run: those that are always there have some text.
fn values(known: &Known) -> Values {
    let text = |names: &std::collections::BTreeSet<String>| {
        names.iter().map(|name| (name.clone(), "x".to_owned())).collect()
    };
    Values {
        headers: text(&known.headers),
        parameters: text(&known.parameters),
        configuration: known
            .configuration
            .iter()
            .map(|(name, value)| (name.clone(), value.as_ref().to_owned()))
            .collect(),
        ..Values::default()
    }
}

/// Leaves out the member that a note's pointer names; `*` is each item or member. Whether anything went.
fn without(value: &mut Value, at: &str) -> bool {
    let Some(pointer) = Pointer::parse(at) else { return false };
    let tokens: Vec<String> = pointer.tokens().collect();
    cut(value, &tokens)
}

fn cut(value: &mut Value, tokens: &[String]) -> bool {
    let Some((first, rest)) = tokens.split_first() else { return false };
    match value {
        Value::Object(members) if rest.is_empty() => members.remove(first).is_some(),
        Value::Object(members) if first == "*" => {
            members.values_mut().map(|inner| cut(inner, rest)).filter(|went| *went).count() > 0
        }
        Value::Object(members) => members.get_mut(first).is_some_and(|inner| cut(inner, rest)),
        Value::Array(items) => {
            items.iter_mut().map(|inner| cut(inner, rest)).filter(|went| *went).count() > 0
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The supplies of a program that write a configuration value, with its name.
pub(super) fn configured(
    stages: &[Arc<Program>],
) -> impl Iterator<Item = (&Program, &Supply, Arc<str>)> {
    stages.iter().flat_map(|program| {
        let objects = program.nodes.iter().filter_map(|node| match node {
            Node::Object(object) => Some(object),
            _ => None,
        });
        let mut found = Vec::new();
        for object in objects {
            let mut waiting: Vec<&Supply> = object.supplies.iter().collect();
            while let Some(supply) = waiting.pop() {
                match &supply.source {
                    Source::Outside(Outside::Configuration(name)) => {
                        found.push((program.as_ref(), supply, Arc::clone(name)));
                    }
                    Source::Object(parts) => waiting.extend(parts),
                    Source::Outside(_) | Source::Literal(_) | Source::Slot(_) | Source::Nothing => {
                    }
                }
            }
        }
        found
    })
}

/// The names of all configuration values that the stages read.
pub(super) fn reads_configuration(stages: &[Arc<Program>]) -> impl Iterator<Item = Arc<str>> {
    configured(stages).map(|(_, _, name)| name)
}
