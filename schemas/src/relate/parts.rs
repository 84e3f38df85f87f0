//! What a reader demands of objects and arrays against folded facts, member by member and item by item.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::sample::flat::{Facts, Flat, facts as collect, with};
use crate::sample::node::{Arrays, Contains, Id, Layer, NOTHING, Objects, Row};

use super::argument::{Argument, FREE, Leaning, Step};

/// How many required items are looked through for what `contains` asks.
const LOOKED: usize = 16;

impl Argument<'_> {
    /// One demand on objects.
    pub(super) fn object(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        (reader, objects): (Id, &Objects),
    ) -> Option<Leaning> {
        if let Some(layer) = &objects.layer {
            return self.layer(facts, flat, (reader, layer));
        }
        if let Some(names) = objects.names {
            return self.names(facts, flat, (reader, names));
        }
        if objects.required.iter().any(|name| !flat.required.contains(name)) {
            return self.fail(
                facts,
                reader,
                "a member that the reader requires and the sender does not",
            );
        }
        if flat.least_members < objects.least
            || objects.most.is_some_and(|most| flat.most_members.is_none_or(|had| had > most))
        {
            return self.fail(facts, reader, "a bound on the number of members");
        }
        Some(FREE)
    }

    fn layer(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        (reader, layer): (Id, &Layer),
    ) -> Option<Leaning> {
        let mut leaning = FREE;
        let mut names: BTreeSet<Arc<str>> = flat.declared();
        names.extend(layer.named.keys().map(Arc::clone));
        let listed = self.listed_names(flat);
        if let Some(listed) = &listed {
            names = listed.iter().map(Arc::clone).collect();
        }
        for name in &names {
            let member = flat.member(&mut self.memory.maker.space.patterns, name);
            if member.contains(&NOTHING) {
                continue;
            }
            let Some(wanted) = self.wanted(layer, name) else {
                return self.fail(facts, reader, "a pattern of member names that cannot be read");
            };
            for &schema in wanted.iter() {
                let step = Step::Member(Arc::clone(name));
                leaning = leaning.min(self.inside(facts, step, &member, schema)?);
            }
        }
        if listed.is_some() {
            return Some(leaning);
        }
        Some(leaning.min(self.unnamed(facts, flat, layer)?))
    }

    /// The only names there may be, where `propertyNames` lists them.
    fn listed_names(&mut self, flat: &Flat) -> Option<Vec<Arc<str>>> {
        if flat.names.is_empty() {
            return None;
        }
        let names = self.name_facts(flat, None);
        let folded = self.fold(&names);
        if folded.is_void() {
            return Some(Vec::new());
        }
        let values = folded.values.as_ref()?;
        Some(values.iter().filter_map(Value::as_str).map(Arc::from).collect())
    }

    /// What a layer demands of a name; `None` when a pattern cannot be read.
    fn wanted(&mut self, layer: &Layer, name: &Arc<str>) -> Option<Facts> {
        let mut all: Vec<Id> = layer.named.get(name).copied().into_iter().collect();
        let mut declared = !all.is_empty();
        for (pattern, schema) in &layer.patterned {
            if self.memory.maker.space.patterns.name_matches(pattern, name)? {
                declared = true;
                all.push(*schema);
            }
        }
        if !declared {
            all.extend(layer.rest);
        }
        Some(collect(all))
    }

    /// Members that neither side spells out.
    fn unnamed(&mut self, facts: &Facts, flat: &Flat, layer: &Layer) -> Option<Leaning> {
        let mut leaning = FREE;
        let known = flat.name_patterns();
        let rest = flat.undeclared();
        if !rest.contains(&NOTHING) {
            let foreign = layer.patterned.iter().filter(|(pattern, _)| !known.contains(pattern));
            let patterned = foreign.map(|(pattern, schema)| (Some(Arc::clone(pattern)), *schema));
            let wanted: Vec<_> = patterned.chain(layer.rest.map(|rest| (None, rest))).collect();
            for (pattern, schema) in wanted {
                leaning = leaning.min(self.inside(facts, Step::Free(pattern), &rest, schema)?);
            }
        }
        for pattern in &known {
            let said = flat.layers.iter().flat_map(|layer| &layer.patterned);
            let member =
                collect(said.filter(|(other, _)| other == pattern).map(|(_, schema)| *schema));
            if member.contains(&NOTHING) {
                continue;
            }
            let same = layer.patterned.iter().any(|(other, _)| other == pattern);
            let mut wanted: Vec<Id> = layer.patterned.iter().map(|(_, schema)| *schema).collect();
            if !same {
                wanted.extend(layer.rest);
            }
            for schema in wanted {
                let step = Step::Free(Some(Arc::clone(pattern)));
                leaning = leaning.min(self.inside(facts, step, &member, schema)?);
            }
        }
        Some(leaning)
    }

    fn names(&mut self, facts: &Facts, flat: &Flat, (reader, names): (Id, Id)) -> Option<Leaning> {
        if flat.names.contains(&names) {
            return Some(FREE);
        }
        let closed = flat.undeclared().contains(&NOTHING);
        for name in flat.declared() {
            let possible =
                !flat.member(&mut self.memory.maker.space.patterns, &name).contains(&NOTHING);
            let text = Value::String((*name).to_owned());
            let barred = flat
                .names
                .iter()
                .any(|&own| self.memory.maker.space.accepts(own, &text) == Some(false));
            if possible && !barred && !self.takes(names, &text) {
                return self.fail(facts, reader, "a member name that the reader does not take");
            }
        }
        let mut leaning = FREE;
        let patterns = flat.name_patterns();
        for pattern in &patterns {
            let all = self.name_facts(flat, Some(pattern));
            leaning = leaning.min(self.inside(facts, Step::Name, &all, names)?);
        }
        if !closed {
            let all = self.name_facts(flat, None);
            leaning = leaning.min(self.inside(facts, Step::Name, &all, names)?);
        }
        Some(leaning)
    }

    /// One demand on arrays.
    pub(super) fn array(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        (reader, arrays): (Id, &Arrays),
    ) -> Option<Leaning> {
        if let Some(row) = &arrays.row {
            return self.row(facts, flat, row);
        }
        if let Some(contains) = &arrays.contains {
            return self.contains(facts, flat, (reader, contains));
        }
        if arrays.unique && !flat.unique && flat.most_items.is_none_or(|most| most > 1) {
            return self.fail(facts, reader, "`uniqueItems`");
        }
        if flat.least_items < arrays.least
            || arrays.most.is_some_and(|most| flat.most_items.is_none_or(|had| had > most))
        {
            return self.fail(facts, reader, "a bound on the number of items");
        }
        Some(FREE)
    }

    fn row(&mut self, facts: &Facts, flat: &Flat, row: &Row) -> Option<Leaning> {
        let mut leaning = FREE;
        for index in 0..=flat.positions().max(row.first.len()) {
            if flat.most_items.is_some_and(|most| most <= index as u64) {
                break;
            }
            let Some(wanted) = row.first.get(index).copied().or(row.rest) else { break };
            let item = flat.item(index);
            leaning = leaning.min(self.inside(facts, Step::Item(index), &item, wanted)?);
        }
        Some(leaning)
    }

    fn contains(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        (reader, wanted): (Id, &Contains),
    ) -> Option<Leaning> {
        let mut leaning = self.contains_enough(facts, flat, wanted);
        if leaning.is_some()
            && let Some(most) = wanted.most
        {
            let few = flat.most_items.is_some_and(|had| had <= most)
                || flat.contains.iter().any(|had| {
                    had.schema == wanted.schema && had.most.is_some_and(|had| had <= most)
                });
            if !few {
                leaning = self.contains_none(facts, flat, wanted);
            }
        }
        leaning.or_else(|| self.fail(facts, reader, "`contains`"))
    }

    fn contains_enough(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        wanted: &Contains,
    ) -> Option<Leaning> {
        if wanted.least == 0 {
            return Some(FREE);
        }
        for had in flat.contains.iter().filter(|had| had.least >= wanted.least) {
            let mut item = collect([had.schema]);
            if flat.positions() == 0 {
                item = with(&item, had.schema);
                item = flat.item(0).iter().fold(item, |all, &fact| with(&all, fact));
            }
            self.enter();
            let found = self.inside(facts, Step::Item(0), &item, wanted.schema);
            self.leave();
            if found.is_some() {
                return found;
            }
        }
        let (mut count, mut leaning) = (0, FREE);
        let known = usize::try_from(flat.least_items).unwrap_or(LOOKED).min(LOOKED);
        for index in 0..known {
            self.enter();
            let found = self.inside(facts, Step::Item(index), &flat.item(index), wanted.schema);
            self.leave();
            if let Some(found) = found {
                leaning = leaning.min(found);
                count += 1;
            }
        }
        // Every item is alike from the last position on.
        if known == LOOKED && count == LOOKED as u64 && flat.positions() < LOOKED {
            count = flat.least_items;
        }
        (count >= wanted.least).then_some(leaning)
    }

    fn contains_none(&mut self, facts: &Facts, flat: &Flat, wanted: &Contains) -> Option<Leaning> {
        let mut leaning = FREE;
        for index in 0..=flat.positions() {
            let item = with(&flat.item(index), wanted.schema);
            leaning = leaning.min(self.inside(facts, Step::Item(index), &item, NOTHING)?);
        }
        Some(leaning)
    }
}
