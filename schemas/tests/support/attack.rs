//! Attacks on one answer of the prover, by payloads that `jsonschema` judges against the documents as written.

use evergate_schemas::describe::read_schema;
use evergate_schemas::relate::verdict::Inclusion;
use evergate_schemas::relate::{Budget, Prover};
use evergate_schemas::sample::{Random, Sampler};
use evergate_schemas::schema::Schema;
use serde_json::{Map, Value, json};

use super::generate::{NAMES, TEXTS};
use super::original::{Original, plain};

/// What one case came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Proved, and no payload says otherwise.
    Proved,
    /// Refuted, and the documents as written agree.
    Refuted,
    /// Neither.
    Undecided,
    /// A document that no validator of its draft reads.
    Unread,
    /// The answer is wrong: why, and the payload that shows it.
    Contradiction(&'static str, Value),
}

/// One pair of documents.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) dialect: &'static str,
    pub(crate) old: Value,
    pub(crate) new: Value,
}

/// How many payloads attack a proof, of each kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Force {
    pub(crate) naive: u32,
    pub(crate) sampled: u32,
}

/// Judges the pair and attacks the answer.
pub(crate) fn judge(pair: &Pair, force: Force, seed: u64) -> Outcome {
    let original = |document| Original::new(document, pair.dialect);
    let (Ok(old), Ok(new)) = (original(&pair.old), original(&pair.new)) else {
        return Outcome::Unread;
    };
    let read = |document| read_schema(document, Some(pair.dialect)).map(|(schema, _)| schema);
    let (Ok(from), Ok(to)) = (read(&pair.old), read(&pair.new)) else { return Outcome::Unread };
    let breaks = |payload: &Value| {
        old.is_valid(payload) == Some(true) && new.is_valid(payload) == Some(false)
    };
    match Prover::new(Budget::default()).includes(&from, &to) {
        Inclusion::Undecided(_) => Outcome::Undecided,
        Inclusion::Refuted(witness) => {
            let payload = plain(witness.payload);
            if breaks(&payload) {
                Outcome::Refuted
            } else {
                Outcome::Contradiction("the witness is none", payload)
            }
        }
        Inclusion::Proved => {
            let mut attack = Attack { random: Random::new(seed), words: words(pair) };
            match attack.run(&from, force).into_iter().map(plain).find(breaks) {
                None => Outcome::Proved,
                Some(payload) => {
                    Outcome::Contradiction("a payload breaks what was proved", payload)
                }
            }
        }
    }
}

/// Whether this very payload shows that a proof of the pair is wrong.
pub(crate) fn still_wrong(pair: &Pair, payload: &Value, force: Force, seed: u64) -> bool {
    let original = |document| Original::new(document, pair.dialect);
    let (Ok(old), Ok(new)) = (original(&pair.old), original(&pair.new)) else { return false };
    let read = |document| read_schema(document, Some(pair.dialect)).map(|(schema, _)| schema);
    let (Ok(from), Ok(to)) = (read(&pair.old), read(&pair.new)) else { return false };
    if old.is_valid(payload) == Some(true) && new.is_valid(payload) == Some(false) {
        return Prover::new(Budget::default()).includes(&from, &to) == Inclusion::Proved;
    }
    matches!(judge(pair, force, seed), Outcome::Contradiction(..))
}

/// The numbers, texts and names that the two documents mention.
fn words(pair: &Pair) -> Vec<Value> {
    let mut found = Vec::new();
    let mut waiting = vec![&pair.old, &pair.new];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => waiting.extend(members.values()),
            Value::Array(items) => {
                found.push(value.clone());
                waiting.extend(items);
            }
            Value::Number(number) => {
                found.push(value.clone());
                if let Some(whole) = number.as_i64() {
                    found.extend([json!(whole - 1), json!(whole + 1)]);
                }
            }
            other => found.push(other.clone()),
        }
    }
    found
}

struct Attack {
    random: Random,
    words: Vec<Value>,
}

impl Attack {
    fn run(&mut self, from: &Schema, force: Force) -> Vec<Value> {
        let mut found = Vec::new();
        let mut sampler = Sampler::new(from);
        found.extend(sampler.minimal());
        found.extend(sampler.boundary().into_iter().take(force.sampled as usize));
        found.extend((0..u64::from(force.sampled)).filter_map(|seed| sampler.random(seed)));
        let made = found.clone();
        for _ in 0..force.naive {
            let bent = !made.is_empty() && self.random.once_in(2);
            let payload = if bent {
                let base = made[self.random.index(made.len())].clone();
                self.bent(base)
            } else {
                self.value(2)
            };
            found.push(payload);
        }
        found
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.random.index(if depth == 0 { 6 } else { 10 }) {
            0 => [Value::Null, json!(true), json!(false)][self.random.index(3)].clone(),
            1 => [json!(0), json!(1), json!(-1), json!(0.5), json!(2.5), json!(7)]
                [self.random.index(6)]
            .clone(),
            2 => json!(TEXTS[self.random.index(TEXTS.len())]),
            3..=5 if !self.words.is_empty() => {
                self.words[self.random.index(self.words.len())].clone()
            }
            6 | 7 => {
                let count = self.random.index(5);
                let mut items: Vec<Value> = Vec::new();
                for _ in 0..count {
                    let again = !items.is_empty() && self.random.once_in(4);
                    let item = if again { items[0].clone() } else { self.value(depth - 1) };
                    items.push(item);
                }
                json!(items)
            }
            _ if depth > 0 => {
                let mut members = Map::new();
                for _ in 0..self.random.index(5) {
                    let name = self.name();
                    members.insert(name, self.value(depth - 1));
                }
                Value::Object(members)
            }
            _ => json!(3),
        }
    }

    fn name(&mut self) -> String {
        let own = self.words.get(self.random.index(self.words.len())).and_then(Value::as_str);
        match own.filter(|_| self.random.once_in(3)) {
            Some(name) => name.to_owned(),
            None => NAMES[self.random.index(NAMES.len())].to_owned(),
        }
    }

    /// A value changed in one place.
    fn bent(&mut self, value: Value) -> Value {
        match value {
            Value::Object(mut members) if !self.random.once_in(4) => {
                let names: Vec<String> = members.keys().cloned().collect();
                let chosen = names.get(self.random.index(names.len())).cloned();
                match (chosen, self.random.index(3)) {
                    (Some(name), 0) => drop(members.remove(&name)),
                    (Some(name), 1) => {
                        let inner = members.remove(&name).unwrap_or_default();
                        let inner = self.bent(inner);
                        members.insert(name, inner);
                    }
                    _ => {
                        let (name, value) = (self.name(), self.value(1));
                        members.insert(name, value);
                    }
                }
                Value::Object(members)
            }
            Value::Array(mut items) if !self.random.once_in(4) => {
                match self.random.index(3) {
                    0 if !items.is_empty() => drop(items.remove(self.random.index(items.len()))),
                    1 if !items.is_empty() => {
                        let index = self.random.index(items.len());
                        let inner = items[index].take();
                        items[index] = self.bent(inner);
                    }
                    _ => items.push(self.value(1)),
                }
                json!(items)
            }
            _ => self.value(1),
        }
    }
}
