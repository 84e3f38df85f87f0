//! Making payloads that satisfy a conjunction of schemas.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::evaluate::equal;
use super::flat::{Facts, Flat, Space, with};
use super::node::{NOTHING, Types};
use super::number;
use super::random::Random;

/// Bounds of what is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Values in one random payload, after which the rest is minimal.
    pub(crate) values: u32,
    /// Nesting in random payloads, after which the rest is minimal.
    pub(crate) depth: u32,
    /// Optional members taken into one random object.
    pub(crate) members: usize,
    /// Items beyond the least number in one random array.
    pub(crate) items: u64,
    /// Work for one minimal payload.
    pub(crate) work: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { values: 60, depth: 8, members: 8, items: 3, work: 20_000 }
    }
}

/// The most items or members that are made because a schema demands that many.
const DEMANDED: u64 = 300;
/// How deep minimal payloads may be, tried one after the other.
const LEVELS: [u32; 7] = [1, 2, 4, 7, 12, 20, 40];
/// How often a choice is drawn again when `not` or uniqueness refuses.
const REDRAWN: u32 = 8;

/// How often items are drawn again inside an item that is drawn again: a recursive array of unique items asks for
/// another one at every depth.
const AGAIN: u32 = 2;

/// Makes payloads; remembers minimal ones.
#[derive(Debug, Default)]
pub(crate) struct Maker {
    pub(crate) space: Space,
    pub(crate) bounds: Bounds,
    smallest: HashMap<Facts, Value>,
    /// Conjunctions for which nothing was found within a depth.
    barren: HashMap<Facts, u32>,
    work: u32,
    /// Items that are being drawn again, inside each other.
    again: u32,
}

/// What one call makes: the smallest (without chance) or some payload.
struct Draw {
    random: Option<Random>,
    left: u32,
}

impl Maker {
    /// The smallest payload that was found, recursion or not.
    pub(crate) fn minimal(&mut self, all: &Facts) -> Option<Value> {
        self.work = self.bounds.work;
        self.shallowest(all)
    }

    fn shallowest(&mut self, all: &Facts) -> Option<Value> {
        LEVELS.into_iter().find_map(|level| self.small(all, level))
    }

    /// Some payload; the same for the same seed.
    pub(crate) fn random(&mut self, all: &Facts, seed: u64) -> Option<Value> {
        self.work = self.bounds.work;
        let mut draw = Draw { random: Some(Random::new(seed)), left: self.bounds.values };
        self.make(all, &mut draw, 0)
    }

    fn small(&mut self, all: &Facts, levels: u32) -> Option<Value> {
        if let Some(known) = self.smallest.get(all) {
            return Some(known.clone());
        }
        if self.work == 0
            || self.space.is_spent()
            || self.barren.get(all).is_some_and(|&tried| tried >= levels)
        {
            return None;
        }
        self.work -= 1;
        let mut draw = Draw { random: None, left: levels };
        let made = self.build(all, &mut draw, levels);
        match &made {
            Some(value) => {
                self.smallest.insert(Arc::clone(all), value.clone());
            }
            // What was cut short says nothing about depth.
            None if self.work > 0 && !self.space.is_spent() => {
                self.barren.insert(Arc::clone(all), levels);
            }
            None => {}
        }
        made
    }

    fn make(&mut self, all: &Facts, draw: &mut Draw, depth: u32) -> Option<Value> {
        if draw.random.is_none() {
            return depth.checked_sub(1).and_then(|levels| self.small(all, levels));
        }
        if draw.left == 0 || depth > self.bounds.depth {
            return self.shallowest(all);
        }
        draw.left -= 1;
        self.build(all, draw, depth).or_else(|| self.shallowest(all))
    }

    /// With chance `depth` counts up from the root, without it down to nothing.
    fn build(&mut self, all: &Facts, draw: &mut Draw, depth: u32) -> Option<Value> {
        let flat = self.space.fold(all);
        if flat.is_void() {
            return None;
        }
        if let Some(values) = &flat.values {
            return match &mut draw.random {
                Some(random) => values.get(random.index(values.len())).cloned(),
                None => values.first().cloned(),
            };
        }
        if let Some(ways) = flat.choices.first() {
            return self.choose(all, ways, draw, depth);
        }
        let kinds: Vec<Types> = flat.types.kinds().collect();
        let start = draw.random.as_mut().map_or(0, |random| random.index(kinds.len()));
        let turns = kinds.iter().cycle().skip(start).take(kinds.len());
        for kind in turns {
            for redrawn in 0..REDRAWN {
                let Some(value) = self.of_kind((all, &flat), *kind, draw, (depth, redrawn)) else {
                    break;
                };
                if flat.not.is_empty() && flat.contains.is_empty() {
                    return Some(value);
                }
                if self.space.accepts_all(all, &value) != Some(false) {
                    return Some(value);
                }
            }
        }
        None
    }

    fn choose(&mut self, all: &Facts, ways: &[u32], draw: &mut Draw, depth: u32) -> Option<Value> {
        let start = draw.random.as_mut().map_or(0, |random| random.index(ways.len()));
        for way in ways.iter().cycle().skip(start).take(ways.len()) {
            if self.work == 0 || self.space.is_spent() {
                return None;
            }
            self.work -= 1;
            if let Some(value) = self.build(&with(all, *way), draw, depth) {
                return Some(value);
            }
        }
        None
    }

    fn of_kind(
        &mut self,
        (all, flat): (&Facts, &Flat),
        kind: Types,
        draw: &mut Draw,
        (depth, redrawn): (u32, u32),
    ) -> Option<Value> {
        if kind.within(Types::NUMBER) {
            return number::number(flat, kind, draw.random.as_mut(), redrawn).map(Value::Number);
        }
        match kind {
            Types::NULL => Some(Value::Null),
            Types::BOOLEAN => Some(Value::Bool(
                draw.random.as_mut().map_or(redrawn % 2 == 1, |random| random.once_in(2)),
            )),
            Types::STRING => {
                let mut another = Random::new(u64::from(redrawn));
                let random = match &mut draw.random {
                    None if redrawn > 0 => Some(&mut another),
                    chance => chance.as_mut(),
                };
                self.space.text(all, flat, random).map(Value::String)
            }
            Types::ARRAY => self.array(flat, draw, depth),
            _ => self.object(flat, draw, depth),
        }
    }

    fn inner(draw: &Draw, depth: u32) -> u32 {
        if draw.random.is_some() { depth + 1 } else { depth }
    }

    fn array(&mut self, flat: &Flat, draw: &mut Draw, depth: u32) -> Option<Value> {
        let extra = draw.random.as_mut().map_or(0, |random| random.below(self.bounds.items + 1));
        let count = flat.least_items.saturating_add(extra).min(flat.most_items.unwrap_or(u64::MAX));
        if count > DEMANDED {
            return None;
        }
        let inner = Self::inner(draw, depth);
        let mut wanted: Vec<u32> = Vec::new();
        for contains in &flat.contains {
            let times = usize::try_from(contains.least.min(DEMANDED)).unwrap_or(0);
            wanted.extend(std::iter::repeat_n(contains.schema, times));
        }
        let count = count.max(wanted.len() as u64).min(flat.most_items.unwrap_or(u64::MAX));
        let mut items: Vec<Value> = Vec::new();
        while (items.len() as u64) < count {
            let mut all = flat.item(items.len());
            if let Some(schema) = wanted.pop() {
                let both = with(&all, schema);
                all = if self.space.fold(&both).is_void() { all } else { both };
            }
            let Some(item) = self.item(&all, &items, flat.unique, (draw, inner)) else { break };
            items.push(item);
        }
        (items.len() as u64 >= flat.least_items).then_some(Value::Array(items))
    }

    fn item(
        &mut self,
        all: &Facts,
        had: &[Value],
        unique: bool,
        (draw, depth): (&mut Draw, u32),
    ) -> Option<Value> {
        let made = self.make(all, draw, depth)?;
        if !unique || !had.iter().any(|item| equal(item, &made)) {
            return Some(made);
        }
        if self.again >= AGAIN {
            return None;
        }
        self.again += 1;
        let other = self.another(all, had);
        self.again -= 1;
        other
    }

    fn another(&mut self, all: &Facts, had: &[Value]) -> Option<Value> {
        for seed in 0..u64::from(REDRAWN) + had.len() as u64 * 2 {
            if self.work == 0 || self.space.is_spent() {
                return None;
            }
            self.work -= 1;
            let mut other = Draw { random: Some(Random::new(seed)), left: 6 };
            let made = self.make(all, &mut other, self.bounds.depth.saturating_sub(2));
            if let Some(made) = made.filter(|made| !had.iter().any(|item| equal(item, made))) {
                return Some(made);
            }
        }
        None
    }

    fn object(&mut self, flat: &Flat, draw: &mut Draw, depth: u32) -> Option<Value> {
        let inner = Self::inner(draw, depth);
        let mut members = Map::new();
        for name in &flat.required {
            let all = flat.member(&mut self.space.patterns, name);
            let value = self.make(&all, draw, inner)?;
            members.insert((**name).to_owned(), value);
        }
        let room = |members: &Map<String, Value>| {
            flat.most_members.is_none_or(|most| (members.len() as u64) < most)
        };
        let mut optional: Vec<Arc<str>> =
            flat.declared().into_iter().filter(|name| !flat.required.contains(name)).collect();
        if let Some(random) = &mut draw.random {
            let taken = random.index(optional.len().min(self.bounds.members) + 1);
            for _ in 0..taken {
                let Some(random) = &mut draw.random else { break };
                let name = optional.swap_remove(random.index(optional.len()));
                if room(&members) && draw.left > 0 {
                    self.add(flat, &mut members, &name, (draw, inner));
                }
            }
            let open = !flat.undeclared().contains(&NOTHING) || !flat.name_patterns().is_empty();
            let bare = optional.is_empty() && taken == 0;
            let more = draw.random.as_mut().map_or(0, |random| {
                if open && (bare || random.once_in(4)) { random.below(3) } else { 0 }
            });
            for _ in 0..more {
                if room(&members) && draw.left > 0 {
                    self.extra(flat, &mut members, (draw, inner));
                }
            }
        }
        for name in optional {
            if members.len() as u64 >= flat.least_members {
                break;
            }
            self.add(flat, &mut members, &name, (draw, inner));
        }
        let mut tries = flat.least_members.min(DEMANDED) * 2;
        while (members.len() as u64) < flat.least_members && tries > 0 {
            tries -= 1;
            self.extra(flat, &mut members, (draw, inner));
        }
        let enough = members.len() as u64 >= flat.least_members && room_kept(flat, &members);
        enough.then_some(Value::Object(members))
    }

    fn add(
        &mut self,
        flat: &Flat,
        members: &mut Map<String, Value>,
        name: &Arc<str>,
        (draw, depth): (&mut Draw, u32),
    ) {
        if members.contains_key(&**name) || !self.may_be_named(flat, name) {
            return;
        }
        let all = flat.member(&mut self.space.patterns, name);
        if all.contains(&NOTHING) {
            return;
        }
        if let Some(value) = self.make(&all, draw, depth) {
            members.insert((**name).to_owned(), value);
        }
    }

    fn may_be_named(&mut self, flat: &Flat, name: &Arc<str>) -> bool {
        let text = Value::String((**name).to_owned());
        flat.names.iter().all(|&names| self.space.accepts(names, &text) != Some(false))
    }

    /// Adds a member that no schema spells out.
    fn extra(
        &mut self,
        flat: &Flat,
        members: &mut Map<String, Value>,
        (draw, depth): (&mut Draw, u32),
    ) {
        if let Some(name) = self.free_name(flat, members, draw.random.as_mut()) {
            self.add(flat, members, &name, (draw, depth));
        }
    }

    /// A member name that is not taken, from patterns, `propertyNames`, or out of the blue.
    pub(crate) fn free_name(
        &mut self,
        flat: &Flat,
        members: &Map<String, Value>,
        mut random: Option<&mut Random>,
    ) -> Option<Arc<str>> {
        const WORDS: [&str; 6] = ["extra", "other", "x", "nick", "key", "a"];
        let seed = random.as_deref_mut().map_or(members.len() as u64, Random::next);
        let mut names: Vec<String> = Vec::new();
        let closed = flat.undeclared().contains(&NOTHING);
        for pattern in flat.name_patterns() {
            match random.as_deref_mut() {
                Some(chance) => names.extend(self.space.name_for(&pattern, Some(chance))),
                None => names.extend(self.space.names_for(&pattern)),
            }
        }
        if !flat.names.is_empty() {
            let string = self.space.arena.of_types(Types::STRING);
            let all = super::flat::facts(flat.names.iter().copied().chain([string]));
            if random.is_none() {
                names.extend(self.space.edge_texts(&all));
            }
            let made = [self.random_name(&all, seed), self.random_name(&all, seed.wrapping_add(7))];
            names.extend(made.into_iter().flatten());
        }
        if !closed {
            let start = random.map_or(0, |random| random.index(WORDS.len()));
            names.extend(
                WORDS.iter().cycle().skip(start).take(WORDS.len()).map(|word| (*word).to_owned()),
            );
            names.push(format!("extra{}", members.len()));
        }
        let free = names.into_iter().find(|name| {
            let name = Arc::from(name.as_str());
            !members.contains_key(&*name)
                && !flat.layers.iter().any(|layer| layer.named.contains_key(&name))
                && !flat.member(&mut self.space.patterns, &name).contains(&NOTHING)
        });
        free.map(Arc::from)
    }

    fn random_name(&mut self, all: &Facts, seed: u64) -> Option<String> {
        let mut draw = Draw { random: Some(Random::new(seed)), left: 4 };
        match self.build(all, &mut draw, 0) {
            Some(Value::String(name)) => Some(name),
            _ => None,
        }
    }
}

fn room_kept(flat: &Flat, members: &Map<String, Value>) -> bool {
    flat.most_members.is_none_or(|most| members.len() as u64 <= most)
}
