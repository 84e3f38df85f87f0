//! Configuration values that nobody knows yet: taken to be valid where they are written.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::plan::bridge::Policy;
use crate::plan::image::{Known, branches, member};
use crate::plan::program::Program;
use crate::pointer::Pointer;
use crate::sample::Sampler;
use crate::schema::Schema;

use super::question::Question;
use super::search::configured;

/// What is known, and for each configuration value that is not, one that fits the place it is written at.
pub(super) fn assumed<'a>(
    question: &Question<'a>,
    stages: &[Arc<Program>],
    policies: &mut Vec<Policy>,
) -> Cow<'a, Known> {
    let mut known = Cow::Borrowed(question.known);
    for (program, supply, name) in configured(stages) {
        if known.configuration.contains_key(name.as_ref()) {
            continue;
        }
        let place = program.note(supply.note).and_then(|note| Pointer::parse(&note.at));
        let schema = place.and_then(|place| within(question.reader, &place));
        if let Some(value) = schema.and_then(|schema| Sampler::new(&schema).minimal()) {
            known.to_mut().configuration.insert(name.as_ref().to_owned(), value.to_string().into());
            if !policies.contains(&Policy::ConfigurationFits) {
                policies.push(Policy::ConfigurationFits);
            }
        }
    }
    known
}

/// How many branches of a union are looked into on the way.
const BRANCHES: usize = 8;

/// The schema at a place inside values of a schema; `*` is any item or member.
fn within(schema: &Schema, place: &Pointer) -> Option<Schema> {
    let mut at = schema.clone();
    for token in place.tokens() {
        let next = branches(&at, &at.root, BRANCHES).iter().find_map(|branch| {
            let items = branch.get("items").filter(|_| token == "*");
            let found = items.cloned().unwrap_or_else(|| member(branch, &token));
            (found != Value::Bool(false) && found != Value::Bool(true)).then_some(found)
        })?;
        at = at.at(next);
    }
    Some(at)
}
