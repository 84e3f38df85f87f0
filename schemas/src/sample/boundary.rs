//! Payloads at the edges: each bound and just inside it, each branch, each optional member once.

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::evaluate::{compare, integer};
use super::flat::{Facts, Flat, with};
use super::make::Maker;
use super::node::{NOTHING, Types};
use super::random::Random;
use super::text;

/// How deep edges are looked for; below, payloads are minimal.
const DEPTH: u32 = 6;
/// Random strings tried for each pattern.
const STRINGS: u64 = 3;
/// The most items an array is filled up to because its bound allows them.
const FILLED: u64 = 40;

impl Maker {
    /// Up to `most` payloads, not yet checked and possibly repeated.
    pub(crate) fn edges(&mut self, all: &Facts, most: usize) -> Vec<Value> {
        self.edges_at(all, most, 0)
    }

    fn edges_at(&mut self, all: &Facts, most: usize, depth: u32) -> Vec<Value> {
        let mut found = Vec::new();
        if most == 0 || self.space.is_spent() {
            return found;
        }
        found.extend(self.minimal(all));
        if most == 1 || depth > DEPTH {
            return found;
        }
        let flat = self.space.fold(all);
        if let Some(values) = &flat.values {
            found = values.iter().take(most).cloned().collect();
            return found;
        }
        if let Some(ways) = flat.choices.first() {
            let share = (most / ways.len().max(1)).max(1);
            for &way in ways {
                if found.len() >= most {
                    break;
                }
                found.extend(self.edges_at(&with(all, way), share, depth + 1));
            }
            found.truncate(most);
            return found;
        }
        let kinds: Vec<Types> = flat.types.kinds().collect();
        let share = (most / kinds.len().max(1)).max(1);
        for kind in kinds {
            match kind {
                Types::NULL => found.push(Value::Null),
                Types::BOOLEAN => found.extend([Value::Bool(false), Value::Bool(true)]),
                Types::STRING => found.extend(self.string_edges(all, &flat)),
                Types::ARRAY => found.extend(self.array_edges(&flat, share, depth)),
                Types::OBJECT => found.extend(self.object_edges(&flat, share, depth)),
                _ => found.extend(number_edges(&flat).into_iter().map(Value::Number)),
            }
        }
        dedup(&mut found);
        found.truncate(most);
        found
    }

    fn string_edges(&mut self, all: &Facts, flat: &Flat) -> Vec<Value> {
        let mut texts = Vec::new();
        if flat.texts.patterns.is_empty() {
            let start = flat.format.as_deref().map_or("", text::example);
            let least = flat.texts.least.min(text::LENGTH);
            texts.push(text::fit(start, least, flat.texts.most));
            texts.push(text::fit("", least, flat.texts.most));
            texts.push(text::fit("", least + 1, flat.texts.most));
            if let Some(most) = flat.texts.most.filter(|most| *most <= text::LENGTH) {
                texts.push(text::fit("", most, Some(most)));
            }
            texts.push(text::fit("é\u{1F600}\"\\", least, flat.texts.most));
        } else {
            texts.extend(self.space.edge_texts(all));
            for seed in 0..STRINGS {
                let mut random = Random::new(seed);
                let chance = (seed > 0).then_some(&mut random);
                texts.extend(self.space.text(all, flat, chance));
            }
        }
        texts.into_iter().map(Value::String).collect()
    }

    fn array_edges(&mut self, flat: &Flat, most: usize, depth: u32) -> Vec<Value> {
        let mut found = vec![Value::Array(Vec::new())];
        let share = most.saturating_sub(2).max(1);
        for index in 0..=flat.positions() {
            if flat.most_items.is_some_and(|most| index as u64 >= most) || found.len() >= most {
                break;
            }
            let mut before = Vec::new();
            for earlier in 0..index {
                let Some(item) = self.minimal(&flat.item(earlier)) else { return found };
                before.push(item);
            }
            for edge in self.edges_at(&flat.item(index), share, depth + 1) {
                let mut items = before.clone();
                items.push(edge);
                self.fill(flat, &mut items, flat.least_items);
                found.push(Value::Array(items));
            }
        }
        if let Some(most) = flat.most_items.filter(|most| *most <= FILLED) {
            let mut items = Vec::new();
            self.fill(flat, &mut items, most);
            found.push(Value::Array(items));
        }
        let mut two = Vec::new();
        self.fill(flat, &mut two, flat.least_items.saturating_add(2));
        found.push(Value::Array(two));
        found
    }

    fn fill(&mut self, flat: &Flat, items: &mut Vec<Value>, count: u64) {
        for seed in 0..count.min(FILLED) {
            if items.len() as u64 >= count {
                break;
            }
            let all = flat.item(items.len());
            let made = if flat.unique { self.random(&all, seed) } else { self.minimal(&all) };
            items.extend(made);
        }
    }

    fn object_edges(&mut self, flat: &Flat, most: usize, depth: u32) -> Vec<Value> {
        let mut base = Map::new();
        for name in &flat.required {
            let all = flat.member(&mut self.space.patterns, name);
            let Some(value) = self.minimal(&all) else { return Vec::new() };
            base.insert((**name).to_owned(), value);
        }
        let mut found = vec![Value::Object(base.clone())];
        let mut whole = base.clone();
        let names = flat.declared();
        let share = (most / names.len().max(1)).clamp(1, 24);
        for name in names {
            let all = flat.member(&mut self.space.patterns, &name);
            if all.contains(&NOTHING) {
                continue;
            }
            for (turn, edge) in self.edges_at(&all, share, depth + 1).into_iter().enumerate() {
                if turn == 0 {
                    whole.entry((*name).to_owned()).or_insert_with(|| edge.clone());
                }
                let mut members = base.clone();
                members.insert((*name).to_owned(), edge);
                found.push(Value::Object(members));
            }
        }
        found.insert(1, Value::Object(whole));
        let free = self.free_name(flat, &base, None);
        if let Some(name) = free {
            let all = flat.member(&mut self.space.patterns, &name);
            for edge in self.edges_at(&all, share.max(4), depth + 1) {
                let mut members = base.clone();
                members.insert((*name).to_owned(), edge);
                found.insert(2.min(found.len()), Value::Object(members));
            }
        }
        found
    }
}

fn number_edges(flat: &Flat) -> Vec<Number> {
    let mut found: Vec<Number> = Vec::new();
    let whole = |number: i128| super::number::from_integer(number);
    if let Some(least) = &flat.numbers.least {
        found.push(least.value.clone());
        found.extend(super::number::lowest(least).and_then(whole));
        found.extend(super::number::lowest(least).and_then(|low| whole(low + 1)));
    }
    if let Some(most) = &flat.numbers.most {
        found.push(most.value.clone());
        found.extend(super::number::highest(most).and_then(whole));
        found.extend(super::number::highest(most).and_then(|high| whole(high - 1)));
    }
    for divisor in &flat.numbers.multiples {
        found.push(divisor.clone());
        found.extend(integer(divisor).and_then(|divisor| whole(divisor * 3)));
    }
    let common = [-1, 0, 1, 2, 3, i128::from(i32::MAX) + 1, 1 << 53, i128::from(i64::MIN)];
    found.extend(common.into_iter().filter_map(whole));
    found.extend([0.5, -1.25, 1e300].into_iter().filter_map(Number::from_f64));
    let first = super::number::number(flat, flat.types.and(Types::NUMBER), None, 0);
    found.extend(first);
    found.retain(|number| {
        let kind = Types::of(&Value::Number(number.clone()));
        flat.types.meets(kind)
            && flat.numbers.least.as_ref().is_none_or(|limit| limit.under(number))
            && flat.numbers.most.as_ref().is_none_or(|limit| limit.over(number))
    });
    found.sort_by(compare);
    found.dedup();
    found
}

/// Leaves each value once, in order.
pub(crate) fn dedup(values: &mut Vec<Value>) {
    let mut seen = std::collections::HashSet::new();
    values.retain(|value| seen.insert(Arc::<str>::from(value.to_string())));
}
