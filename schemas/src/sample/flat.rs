//! A conjunction of schemas folded into one flat statement: what each kind of value must satisfy, and which choices
//! are still open.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{self, AtomicBool};

use serde_json::Value;

use super::evaluate::{Judge, Patterns, compare, integer};
use super::node::{
    ANYTHING, Arena, Contains, Id, Keywords, Layer, NOTHING, Numbers, Row, Texts, Types,
};
use super::strings::Strings;

/// How often a choice that has one way left is folded in before the rest stays open.
const ROUNDS: usize = 24;
/// How many schemas looked at by a value are one part of the work.
const LOOKS: u32 = 8;
/// How many parts one conjunction may have.
const PARTS: usize = 512;
/// How many folded conjunctions are remembered.
const REMEMBERED: usize = 200_000;

/// Schemas of which all must hold, sorted.
pub(crate) type Facts = Arc<[Id]>;

/// A conjunction, folded. Everything it says follows from the facts; the facts may say more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flat {
    /// Every schema known to hold.
    pub(crate) parts: BTreeSet<Id>,
    pub(crate) types: Types,
    pub(crate) values: Option<Vec<Value>>,
    pub(crate) numbers: Numbers,
    pub(crate) texts: Texts,
    pub(crate) format: Option<Arc<str>>,
    pub(crate) rows: Vec<Row>,
    pub(crate) least_items: u64,
    pub(crate) most_items: Option<u64>,
    pub(crate) unique: bool,
    pub(crate) contains: Vec<Contains>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) required: BTreeSet<Arc<str>>,
    pub(crate) least_members: u64,
    pub(crate) most_members: Option<u64>,
    pub(crate) names: Vec<Id>,
    /// Of each, one way holds.
    pub(crate) choices: Vec<Vec<Id>>,
    pub(crate) not: Vec<Id>,
}

impl Flat {
    /// Whether it is known that no value fits.
    pub(crate) const fn is_void(&self) -> bool {
        self.types.is_none()
    }

    /// Every member name that is spelled out.
    pub(crate) fn declared(&self) -> BTreeSet<Arc<str>> {
        let named = self.layers.iter().flat_map(|layer| layer.named.keys());
        named.chain(&self.required).map(Arc::clone).collect()
    }

    /// The patterns of member names.
    pub(crate) fn name_patterns(&self) -> BTreeSet<Arc<str>> {
        self.layers
            .iter()
            .flat_map(|layer| &layer.patterned)
            .map(|(pattern, _)| Arc::clone(pattern))
            .collect()
    }

    /// What a member that no layer spells out or matches must satisfy.
    pub(crate) fn undeclared(&self) -> Facts {
        facts(self.layers.iter().filter_map(|layer| layer.rest))
    }

    /// What the member `name` must satisfy, as far as patterns can be read.
    pub(crate) fn member(&self, patterns: &mut Patterns, name: &Arc<str>) -> Facts {
        let mut all = Vec::new();
        for layer in &self.layers {
            let mut unsure = false;
            let before = all.len();
            all.extend(layer.named.get(name));
            for (pattern, schema) in &layer.patterned {
                match patterns.name_matches(pattern, name) {
                    Some(true) => all.push(*schema),
                    Some(false) => {}
                    None => unsure = true,
                }
            }
            if all.len() == before && !unsure {
                all.extend(layer.rest);
            }
        }
        facts(all)
    }

    /// What the item at `index` must satisfy.
    pub(crate) fn item(&self, index: usize) -> Facts {
        facts(self.rows.iter().filter_map(|row| row.first.get(index).copied().or(row.rest)))
    }

    /// How many items are spelled out by position.
    pub(crate) fn positions(&self) -> usize {
        self.rows.iter().map(|row| row.first.len()).max().unwrap_or(0)
    }
}

/// Sorts facts and leaves out what says nothing.
pub(crate) fn facts(all: impl IntoIterator<Item = Id>) -> Facts {
    let mut all: Vec<Id> = all.into_iter().filter(|&id| id != ANYTHING).collect();
    all.sort_unstable();
    all.dedup();
    Arc::from(all)
}

/// Facts with one more.
pub(crate) fn with(had: &Facts, more: Id) -> Facts {
    if had.binary_search(&more).is_ok() {
        return Arc::clone(had);
    }
    facts(had.iter().copied().chain([more]))
}

/// Schemas, patterns, and what conjunctions fold to.
#[derive(Debug, Default)]
pub(crate) struct Space {
    pub(crate) arena: Arena,
    pub(crate) patterns: Patterns,
    pub(crate) strings: Strings,
    folded: HashMap<Facts, Arc<Flat>>,
    /// The choices that a schema opens, as schemas of their own.
    opened: HashMap<Id, Arc<[Vec<Id>]>>,
    /// Work done since ever, in parts looked at.
    work: u64,
    /// Where work ends; 0 for nowhere.
    limit: u64,
    /// Raised by a caller who has waited long enough.
    pub(crate) stop: Option<Arc<AtomicBool>>,
}

impl Space {
    /// From here on so much more work may be done before [`Self::is_spent`] says to stop.
    pub(crate) const fn allow(&mut self, work: u64) {
        self.limit = self.work.saturating_add(work);
    }

    /// Puts work to the account.
    pub(crate) const fn work(&mut self, work: u64) {
        self.work = self.work.saturating_add(work);
    }

    /// Whether the work allowed was done: whoever searches gives up now.
    pub(crate) fn is_spent(&self) -> bool {
        (self.limit > 0 && self.work >= self.limit) || self.is_stopped()
    }

    /// Work done since ever.
    pub(crate) const fn done(&self) -> u64 {
        self.work
    }

    /// Whether the caller wants an end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(atomic::Ordering::Relaxed))
    }

    /// Whether a value is valid for a schema.
    pub(crate) fn accepts(&mut self, schema: Id, value: &Value) -> Option<bool> {
        let (arena, patterns) = (&self.arena, &mut self.patterns);
        let mut judge = Judge { arena, patterns, left: Judge::LOOKS };
        let answer = judge.accepts(schema, value);
        self.work += u64::from(1 + (Judge::LOOKS - judge.left) / LOOKS);
        answer
    }

    /// Whether a value is valid for all facts.
    pub(crate) fn accepts_all(&mut self, all: &Facts, value: &Value) -> Option<bool> {
        let mut sure = Some(true);
        for &fact in all.iter() {
            match self.accepts(fact, value) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => sure = None,
            }
        }
        sure
    }

    /// A conjunction folded, remembered.
    pub(crate) fn fold(&mut self, all: &Facts) -> Arc<Flat> {
        if let Some(known) = self.folded.get(all) {
            return Arc::clone(known);
        }
        let mut parts: Vec<Id> = all.to_vec();
        let mut flat = Flat::default();
        for _ in 0..ROUNDS {
            flat = self.gather(&parts);
            let Some(forced) = self.choose(&mut flat) else { break };
            parts.push(forced);
        }
        let flat = Arc::new(flat);
        if self.folded.len() >= REMEMBERED {
            self.folded.clear();
        }
        self.folded.insert(Arc::clone(all), Arc::clone(&flat));
        flat
    }

    fn gather(&mut self, from: &[Id]) -> Flat {
        let mut flat = Flat::default();
        let mut waiting = from.to_vec();
        let mut open = Vec::new();
        while let Some(id) = waiting.pop() {
            if id == ANYTHING || flat.parts.len() > PARTS || !flat.parts.insert(id) {
                continue;
            }
            let node = self.arena.node(id);
            self.work += node.weight();
            waiting.extend(&node.all);
            flat.take(&node);
            for &barred in &node.not {
                self.bar(&mut flat, barred);
            }
            if let Some(rest) = node.unevaluated_members {
                flat.layers.extend(
                    self.evaluated(id, true).map(|layer| Layer { rest: Some(rest), ..layer }),
                );
            }
            open.push((id, node));
        }
        for (id, node) in open {
            for ways in self.open(id, &node).iter() {
                flat.offer(ways.clone());
            }
        }
        self.settle(&mut flat);
        flat
    }

    /// The members that a schema counts as evaluated; `None` for all of them. Generous counts what any branch may
    /// evaluate, otherwise only what every valid value has evaluated.
    pub(crate) fn evaluated(&self, id: Id, generous: bool) -> Option<Layer> {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![id];
        let mut layer = Layer::default();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = self.arena.node(id);
            if generous && node.odd.is_some() {
                return None;
            }
            waiting.extend(node.all.iter().chain(&node.beside));
            if generous {
                waiting.extend(node.any.iter().chain(&node.one).flatten());
                waiting.extend(node.dependent.iter().map(|(_, demand)| demand));
                if let Some(conditional) = &node.conditional {
                    waiting.extend([conditional.when, conditional.then, conditional.otherwise]);
                }
            }
            if seen.len() > 1 && node.unevaluated_members.is_some() {
                return None;
            }
            let Some(own) = &node.objects.layer else { continue };
            if own.rest.is_some() {
                return None;
            }
            layer.named.extend(own.named.keys().map(|name| (Arc::clone(name), ANYTHING)));
            layer
                .patterned
                .extend(own.patterned.iter().map(|(pattern, _)| (Arc::clone(pattern), ANYTHING)));
        }
        Some(layer)
    }

    /// Takes in `not`, as far as it says something simple.
    fn bar(&mut self, flat: &mut Flat, barred: Id) {
        let node = self.arena.node(barred);
        if barred == ANYTHING {
            flat.types = Types::NONE;
            return;
        }
        if let Some(branches) = &node.any
            && *node == (Keywords { any: Some(branches.clone()), ..Keywords::default() })
        {
            for &branch in branches {
                self.bar(flat, branch);
            }
            return;
        }
        if *node == (Keywords { types: node.types, ..Keywords::default() }) {
            flat.types = flat.types.without(node.types);
            return;
        }
        let mut required = node.objects.required.iter();
        if let (Some(name), None) = (required.next(), required.next()) {
            let mut plain = Keywords { types: node.types, ..Keywords::default() };
            plain.objects.required.clone_from(&node.objects.required);
            if *node == plain {
                // Whatever is no object has every required member, so `not` leaves objects only.
                flat.types = flat.types.without(node.types.without(Types::OBJECT));
                if node.types.meets(Types::OBJECT) {
                    let named = BTreeMap::from([(Arc::clone(name), NOTHING)]);
                    flat.layers.push(Layer { named, ..Layer::default() });
                }
                return;
            }
        }
        flat.not.push(barred);
    }

    fn open(&mut self, id: Id, node: &Keywords) -> Arc<[Vec<Id>]> {
        if let Some(known) = self.opened.get(&id) {
            return Arc::clone(known);
        }
        let mut all = Vec::new();
        if let Some(branches) = &node.any {
            all.push(branches.clone());
        }
        if let Some(branches) = &node.one {
            let ways = branches.iter().map(|&branch| {
                let others: Vec<Id> =
                    branches.iter().copied().filter(|&other| other != branch).collect();
                if others.is_empty() {
                    return branch;
                }
                let none = self.arena.none_of(others);
                self.arena.every(vec![branch, none])
            });
            let ways = ways.collect();
            all.push(ways);
        }
        if let Some(conditional) = &node.conditional {
            let then = self.arena.every(vec![conditional.when, conditional.then]);
            let not = self.arena.none_of(vec![conditional.when]);
            let otherwise = self.arena.every(vec![not, conditional.otherwise]);
            all.push(vec![then, otherwise]);
        }
        for (name, demand) in &node.dependent {
            let without = self.arena.member(name, NOTHING);
            let requiring = self.arena.requiring(name);
            let with = self.arena.every(vec![requiring, *demand]);
            all.push(vec![without, with]);
        }
        let all: Arc<[Vec<Id>]> = Arc::from(all);
        self.opened.insert(id, Arc::clone(&all));
        all
    }

    /// Drops the ways that cannot be; a choice with one way left is forced.
    fn choose(&mut self, flat: &mut Flat) -> Option<Id> {
        if flat.is_void() {
            flat.choices.clear();
            return None;
        }
        let mut choices = std::mem::take(&mut flat.choices);
        for choice in &mut choices {
            choice.retain(|&way| self.possible(flat, way));
            match choice.as_slice() {
                [] => {
                    flat.types = Types::NONE;
                    return None;
                }
                [only] => return Some(*only),
                _ => {}
            }
        }
        flat.choices = choices;
        None
    }

    /// A quick look whether a way is not plainly impossible beside what is known.
    fn possible(&mut self, flat: &Flat, way: Id) -> bool {
        let mut waiting = vec![way];
        let mut types = flat.types;
        let mut seen = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            self.work += 1;
            let node = self.arena.node(id);
            types = types.and(node.types);
            if types.is_none()
                || node.not.iter().any(|barred| flat.parts.contains(barred))
                || (types.within(Types::OBJECT) && self.lacks(flat, &node))
            {
                return false;
            }
            if let (Some(values), true) = (&flat.values, node.odd.is_none()) {
                let fits = |value: &Value| self.accepts(id, value) != Some(false);
                if !values.iter().any(fits) {
                    return false;
                }
            }
            waiting.extend(&node.all);
        }
        true
    }

    /// Whether an object schema demands what the flat one forbids, or forbids what it demands.
    fn lacks(&mut self, flat: &Flat, node: &Keywords) -> bool {
        let demands = node
            .objects
            .required
            .iter()
            .filter(|name| !flat.required.contains(*name))
            .any(|name| flat.member(&mut self.patterns, name).contains(&NOTHING));
        demands
            || node.objects.layer.as_ref().is_some_and(|layer| {
                flat.required.iter().any(|name| {
                    layer.named.get(name) == Some(&NOTHING)
                        || (layer.rest == Some(NOTHING)
                            && layer.patterned.is_empty()
                            && !layer.named.contains_key(name))
                })
            })
    }

    /// Draws the conclusions that need no search.
    fn settle(&mut self, flat: &mut Flat) {
        if let Some(values) = flat.values.take() {
            let parts: Vec<Id> = flat.parts.iter().copied().collect();
            let kept = values.into_iter().filter(|value| {
                flat.types.meets(Types::of(value))
                    && parts.iter().all(|&part| self.accepts(part, value) != Some(false))
            });
            let kept: Vec<Value> = kept.collect();
            flat.types = kept.iter().fold(Types::NONE, |types, value| types.or(Types::of(value)));
            flat.values = Some(kept);
        }
        settle_numbers(flat);
        if flat.texts.most.is_some_and(|most| most < flat.texts.least) {
            flat.types = flat.types.without(Types::STRING);
        }
        if flat.types.meets(Types::ARRAY) {
            settle_arrays(flat);
        }
        if flat.types.meets(Types::OBJECT) {
            self.settle_objects(flat);
        }
        if flat.values.is_none() && !flat.is_void() {
            let (null, boolean) = (flat.types.meets(Types::NULL), flat.types.meets(Types::BOOLEAN));
            if flat.types.within(Types::NULL.or(Types::BOOLEAN)) {
                let nulls = null.then_some(Value::Null);
                let booleans = if boolean { &[false, true][..] } else { &[] };
                let all = nulls.into_iter().chain(booleans.iter().map(|&yes| Value::Bool(yes)));
                flat.values = Some(all.collect());
                self.settle(flat);
            }
        }
    }

    fn settle_objects(&mut self, flat: &mut Flat) {
        let required: Vec<Arc<str>> = flat.required.iter().map(Arc::clone).collect();
        let names = flat.names.clone();
        let impossible = required.iter().any(|name| {
            flat.member(&mut self.patterns, name).contains(&NOTHING)
                || names.iter().any(|&names| {
                    self.accepts(names, &Value::String((**name).to_owned())) == Some(false)
                })
        });
        if flat.undeclared().contains(&NOTHING) && flat.name_patterns().is_empty() {
            let possible = flat.declared().into_iter();
            let possible =
                possible.filter(|name| !flat.member(&mut self.patterns, name).contains(&NOTHING));
            let count = possible.count() as u64;
            flat.most_members = Some(flat.most_members.map_or(count, |most| most.min(count)));
        }
        flat.least_members = flat.least_members.max(required.len() as u64);
        if impossible || flat.most_members.is_some_and(|most| most < flat.least_members) {
            flat.types = flat.types.without(Types::OBJECT);
        }
    }
}

impl Flat {
    fn take(&mut self, node: &Keywords) {
        self.types = self.types.and(node.types);
        if let Some(values) = &node.values {
            self.values = Some(match self.values.take() {
                Some(had) if had.len() <= values.len() => had,
                _ => values.clone(),
            });
        }
        if let Some(least) = &node.numbers.least {
            self.numbers.raise(least.clone());
        }
        if let Some(most) = &node.numbers.most {
            self.numbers.lower(most.clone());
        }
        self.numbers.multiples.extend(node.numbers.multiples.iter().cloned());
        self.texts.least = self.texts.least.max(node.texts.least);
        self.texts.most = least_of(self.texts.most, node.texts.most);
        self.texts.patterns.extend(node.texts.patterns.iter().map(Arc::clone));
        if self.format.is_none() {
            self.format.clone_from(&node.format);
        }
        self.rows.extend(node.arrays.row.iter().cloned());
        self.least_items = self.least_items.max(node.arrays.least);
        self.most_items = least_of(self.most_items, node.arrays.most);
        self.unique |= node.arrays.unique;
        self.contains.extend(node.arrays.contains.iter().cloned());
        self.layers.extend(node.objects.layer.iter().cloned());
        self.required.extend(node.objects.required.iter().map(Arc::clone));
        self.least_members = self.least_members.max(node.objects.least);
        self.most_members = least_of(self.most_members, node.objects.most);
        self.names.extend(node.objects.names);
    }

    fn offer(&mut self, ways: Vec<Id>) {
        if !ways.iter().any(|way| *way == ANYTHING || self.parts.contains(way)) {
            self.choices.push(ways);
        }
    }
}

fn least_of(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (one, other) => one.or(other),
    }
}

fn settle_numbers(flat: &mut Flat) {
    if flat.numbers.multiples.iter().any(|divisor| integer(divisor).is_some()) {
        flat.types = flat.types.without(Types::FRACTION);
    }
    let (Some(least), Some(most)) = (&flat.numbers.least, &flat.numbers.most) else { return };
    match compare(&least.value, &most.value) {
        Ordering::Greater => flat.types = flat.types.without(Types::NUMBER),
        Ordering::Equal if least.exclusive || most.exclusive => {
            flat.types = flat.types.without(Types::NUMBER);
        }
        Ordering::Equal => {
            let off =
                if integer(&least.value).is_some() { Types::FRACTION } else { Types::INTEGER };
            flat.types = flat.types.without(off);
        }
        Ordering::Less => {
            if let (Some(low), Some(high)) = (integer(&least.value), integer(&most.value))
                && low + i128::from(least.exclusive) > high - i128::from(most.exclusive)
            {
                flat.types = flat.types.without(Types::INTEGER);
            }
        }
    }
}

fn settle_arrays(flat: &mut Flat) {
    let impossible = (0..=flat.positions()).find(|&index| flat.item(index).contains(&NOTHING));
    flat.most_items = least_of(flat.most_items, impossible.map(|index| index as u64));
    for contains in &flat.contains {
        flat.least_items = flat.least_items.max(contains.least);
    }
    if flat.most_items.is_some_and(|most| most < flat.least_items) {
        flat.types = flat.types.without(Types::ARRAY);
    }
}
