//! From a place where the argument failed to payloads that may show why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Number, Value};

use crate::sample::flat::{Facts, facts as collect, with};
use crate::sample::make::Maker;
use crate::sample::node::{
    ANYTHING, Arrays, Id, Keywords, Layer, Limit, NOTHING, Numbers, Objects, Row, Texts, Types,
};

use super::argument::{Site, Step};

/// Values tried at one place.
const VALUES: usize = 24;
/// Random values looked through at one place.
const DRAWN: u64 = 40;
/// The longest array and the largest object made to break a bound.
const GROWN: u64 = 200;

/// Payloads of the sender that have, at the place of failure, a value the reader may not take.
pub(super) fn payloads(maker: &mut Maker, site: &Site) -> Vec<Value> {
    let values = values(maker, site);
    values.into_iter().filter_map(|value| wrapped(maker, site, value)).collect()
}

/// The smallest payload of the sender that was found with that value at the place of failure.
pub(super) fn wrapped(maker: &mut Maker, site: &Site, value: Value) -> Option<Value> {
    let mut frames = site.frames.iter().rev();
    frames.try_fold(value, |inner, (facts, step)| wrap(maker, facts, step, inner))
}

fn values(maker: &mut Maker, site: &Site) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for narrowed in negations(maker, site.reader) {
        let all = with(&site.facts, narrowed);
        found.extend(maker.minimal(&all));
        found.extend(maker.random(&all, 1));
    }
    found.truncate(VALUES);
    let mut more = maker.edges(&site.facts, VALUES * 2);
    more.extend((0..DRAWN).filter_map(|seed| maker.random(&site.facts, seed)));
    for value in more {
        if found.len() >= VALUES * 2 {
            break;
        }
        if maker.space.accepts(site.reader, &value) != Some(true) {
            found.push(value);
        }
    }
    crate::sample::boundary::dedup(&mut found);
    found
}

/// Schemas that a value may satisfy instead of this one: together they cover most ways to break it.
fn negations(maker: &mut Maker, reader: Id) -> Vec<Id> {
    let arena = &mut maker.space.arena;
    let node = arena.node(reader);
    let mut found = vec![arena.none_of(vec![reader])];
    if node.types != Types::ANY {
        found.extend(Types::ANY.without(node.types).kinds().map(|kind| arena.of_types(kind)));
    }
    let mut push = |keywords: Keywords| found.push(arena.intern(keywords));
    let plain = Keywords::default;
    if let Some(limit) = &node.numbers.least {
        let most = Some(Limit { value: limit.value.clone(), exclusive: !limit.exclusive });
        push(Keywords {
            numbers: Numbers { most, ..Numbers::default() },
            types: Types::NUMBER,
            ..plain()
        });
    }
    if let Some(limit) = &node.numbers.most {
        let least = Some(Limit { value: limit.value.clone(), exclusive: !limit.exclusive });
        push(Keywords {
            numbers: Numbers { least, ..Numbers::default() },
            types: Types::NUMBER,
            ..plain()
        });
    }
    if node.texts.least > 0 {
        let texts = Texts { most: Some(node.texts.least - 1), ..Texts::default() };
        push(Keywords { texts, types: Types::STRING, ..plain() });
    }
    if let Some(most) = node.texts.most {
        let texts = Texts { least: most.saturating_add(1), ..Texts::default() };
        push(Keywords { texts, types: Types::STRING, ..plain() });
    }
    if node.arrays.least > 0 {
        let arrays = Arrays { most: Some(node.arrays.least - 1), ..Arrays::default() };
        push(Keywords { arrays, types: Types::ARRAY, ..plain() });
    }
    if let Some(most) = node.arrays.most.filter(|most| *most < GROWN) {
        let arrays = Arrays { least: most + 1, ..Arrays::default() };
        push(Keywords { arrays, types: Types::ARRAY, ..plain() });
    }
    if let Some(contains) = &node.arrays.contains {
        push(Keywords {
            arrays: Arrays { most: Some(0), ..Arrays::default() },
            types: Types::ARRAY,
            ..plain()
        });
        let least = contains.most.unwrap_or(0).min(GROWN) + 1;
        let contains = crate::sample::node::Contains { schema: contains.schema, least, most: None };
        push(Keywords {
            arrays: Arrays { contains: Some(contains), ..Arrays::default() },
            types: Types::ARRAY,
            ..plain()
        });
    }
    if node.arrays.unique {
        found.extend(twins(maker));
    }
    found.extend(object_negations(maker, &node.objects));
    found
}

/// Arrays of two like items, for some items.
fn twins(maker: &mut Maker) -> Vec<Id> {
    let items = [
        Value::Null,
        Value::from(0),
        Value::from(""),
        Value::Bool(false),
        Value::Object(Map::new()),
    ];
    let mut found = Vec::new();
    for item in items {
        let arena = &mut maker.space.arena;
        let item = arena.intern(Keywords { values: Some(vec![item]), ..Keywords::default() });
        let row = Row { first: vec![item, item], rest: None };
        let arrays = Arrays { row: Some(row), least: 2, ..Arrays::default() };
        found.push(arena.intern(Keywords { arrays, types: Types::ARRAY, ..Keywords::default() }));
    }
    found
}

fn object_negations(maker: &mut Maker, objects: &Objects) -> Vec<Id> {
    let arena = &mut maker.space.arena;
    let mut found = Vec::new();
    for name in &objects.required {
        let absent = arena.member(name, NOTHING);
        let object = arena.of_types(Types::OBJECT);
        found.push(arena.every(vec![absent, object]));
    }
    let mut push = |objects: Objects| {
        found.push(arena.intern(Keywords { objects, types: Types::OBJECT, ..Keywords::default() }));
    };
    if objects.least > 0 {
        push(Objects { most: Some(objects.least - 1), ..Objects::default() });
    }
    if let Some(most) = objects.most.filter(|most| *most < GROWN) {
        push(Objects { least: most + 1, ..Objects::default() });
    }
    if objects.names.is_some() {
        push(Objects { least: 1, ..Objects::default() });
        push(Objects { least: 3, ..Objects::default() });
    }
    found
}

/// The smallest value that fits the facts and has that part.
fn wrap(maker: &mut Maker, facts: &Facts, step: &Step, inner: Value) -> Option<Value> {
    match step {
        Step::Member(name) => holder(maker, facts, name, inner),
        Step::Name => {
            let Value::String(name) = inner else { return None };
            let name: Arc<str> = Arc::from(name);
            let arena = &mut maker.space.arena;
            let requiring = arena.requiring(&name);
            let object = arena.of_types(Types::OBJECT);
            maker.minimal(&with(&with(facts, requiring), object))
        }
        Step::Free(pattern) => {
            let flat = maker.space.fold(facts);
            let name = match pattern {
                Some(pattern) => maker.space.name_for(pattern, None).map(Arc::from),
                None => maker.free_name(&flat, &Map::new(), None),
            }?;
            holder(maker, facts, &name, inner)
        }
        Step::Item(index) => {
            let arena = &mut maker.space.arena;
            let item = arena.intern(Keywords { values: Some(vec![inner]), ..Keywords::default() });
            let mut first = vec![ANYTHING; *index];
            first.push(item);
            let least = first.len() as u64;
            let arrays =
                Arrays { row: Some(Row { first, rest: None }), least, ..Arrays::default() };
            let array =
                arena.intern(Keywords { arrays, types: Types::ARRAY, ..Keywords::default() });
            maker.minimal(&with(facts, array))
        }
    }
}

fn holder(maker: &mut Maker, facts: &Facts, name: &Arc<str>, inner: Value) -> Option<Value> {
    let arena = &mut maker.space.arena;
    let value = arena.intern(Keywords { values: Some(vec![inner]), ..Keywords::default() });
    let layer = Layer { named: BTreeMap::from([(Arc::clone(name), value)]), ..Layer::default() };
    let required = BTreeSet::from([Arc::clone(name)]);
    let objects = Objects { layer: Some(layer), required, ..Objects::default() };
    let object = arena.intern(Keywords { objects, types: Types::OBJECT, ..Keywords::default() });
    maker.minimal(&with(facts, object))
}

/// Values that the reader's bounds suggest, for a sender about whom nothing better is known.
pub(super) fn suggested(maker: &mut Maker, sender: Id, reader: Id) -> Vec<Value> {
    let all = collect([sender]);
    let mut found = Vec::new();
    let not = maker.space.arena.none_of(vec![reader]);
    found.extend(maker.minimal(&with(&all, not)));
    let both = with(&all, reader);
    let mut edges = maker.edges(&both, VALUES);
    for value in &mut edges {
        if let Value::Number(number) = value
            && let Some(whole) = number.as_i64()
        {
            found.extend(
                [whole.saturating_sub(1), whole.saturating_add(1)]
                    .map(|near| Value::Number(Number::from(near))),
            );
        }
    }
    found
}
