//! One demand of a reader against folded facts.

use serde_json::{Map, Value, json};
use std::sync::Arc;

use crate::sample::evaluate::{compare, integer};
use crate::sample::flat::{Facts, Flat, facts as collect, with};
use crate::sample::node::{Id, Keywords, Layer, NOTHING, Numbers, Objects, Row, Texts, Types};

use super::algebra;
use super::argument::{Argument, FREE, Leaning};

impl Argument<'_> {
    /// Whether one demand follows without splitting the facts by their choices.
    pub(super) fn direct(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        (reader, node): (Id, &Keywords),
    ) -> Option<Leaning> {
        if let Some(odd) = node.odd {
            return self.fail(facts, reader, odd.what);
        }
        if node.types != Types::ANY {
            return self.kinds(facts, flat, (reader, node.types));
        }
        if node.values.is_some() {
            return self.fail(
                facts,
                reader,
                "values that the reader lists and the sender does not",
            );
        }
        if let Some(ways) = &node.any {
            return self.some_way(facts, flat, (reader, ways));
        }
        if let Some(ways) = &node.one {
            return self.one_way(facts, flat, (reader, ways));
        }
        if let Some(&barred) = node.not.first() {
            return self.holds(&with(facts, barred), NOTHING);
        }
        if let Some(conditional) = &node.conditional {
            let (when, then, otherwise) =
                (conditional.when, conditional.then, conditional.otherwise);
            let none = self.memory.maker.space.arena.none_of(vec![when]);
            return self.all([(with(facts, when), then), (with(facts, none), otherwise)]);
        }
        if let Some((name, demand)) = node.dependent.first() {
            let object = self.memory.maker.space.arena.of_types(Types::OBJECT);
            let requiring = self.memory.maker.space.arena.requiring(name);
            return self.holds(&with(&with(facts, object), requiring), *demand);
        }
        if let Some(rest) = node.unevaluated_members {
            return self.left_over_members(facts, flat, (reader, node, rest));
        }
        if let Some(rest) = node.unevaluated_items {
            return self.left_over_items(facts, (node, rest));
        }
        self.family(facts, flat, (reader, node))
    }

    fn family(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        (reader, node): (Id, &Keywords),
    ) -> Option<Leaning> {
        if node.numbers != Numbers::default() {
            let fits = !flat.types.meets(Types::NUMBER)
                || numbers_fit(flat, &node.numbers)
                || self.leaf(flat, reader);
            return if fits { Some(FREE) } else { self.fail(facts, reader, "a bound on numbers") };
        }
        if node.texts != Texts::default() {
            let fits = !flat.types.meets(Types::STRING)
                || texts_fit(flat, &node.texts)
                || self.leaf(flat, reader);
            return if fits {
                Some(FREE)
            } else {
                self.fail(facts, reader, "a bound or pattern on strings")
            };
        }
        if node.arrays != crate::sample::node::Arrays::default() {
            if !flat.types.meets(Types::ARRAY) {
                return Some(FREE);
            }
            return self.array(facts, flat, (reader, &node.arrays));
        }
        if node.objects != Objects::default() {
            if !flat.types.meets(Types::OBJECT) {
                return Some(FREE);
            }
            return self.object(facts, flat, (reader, &node.objects));
        }
        Some(FREE)
    }

    fn kinds(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        (reader, types): (Id, Types),
    ) -> Option<Leaning> {
        let excess = flat.types.without(types);
        let mut leaning = FREE;
        for kind in excess.kinds() {
            let narrowed = self.memory.maker.space.arena.of_types(kind);
            match self.tries(&with(facts, narrowed), NOTHING) {
                Some(other) => leaning = leaning.min(other),
                None => {
                    return self.fail(facts, reader, "a kind of value the reader does not take");
                }
            }
        }
        Some(leaning)
    }

    /// Ways that the facts do not plainly exclude.
    fn possible(&mut self, facts: &Facts, ways: &[Id]) -> Vec<Id> {
        ways.iter().copied().filter(|&way| !self.fold(&with(facts, way)).is_void()).collect()
    }

    fn some_way(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        (reader, ways): (Id, &[Id]),
    ) -> Option<Leaning> {
        if ways.iter().any(|way| flat.parts.contains(way)) {
            return Some(FREE);
        }
        let kinds: Vec<Types> = flat.types.kinds().collect();
        if kinds.len() > 1 {
            return self.by_kind(facts, &kinds, reader);
        }
        let possible = self.possible(facts, ways);
        for &way in &possible {
            if let Some(found) = self.tries(facts, way) {
                return Some(found);
            }
        }
        if flat.types == Types::NUMBER
            && let Some(found) = self.by_kind(facts, &[Types::INTEGER, Types::FRACTION], reader)
        {
            return Some(found);
        }
        if possible.len() > 1
            && let Some(found) = self.by_member(facts, flat, &possible, reader)
        {
            return Some(found);
        }
        self.fail(
            facts,
            reader,
            "`anyOf` of which no single branch takes all that the sender may send",
        )
    }

    fn one_way(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        (reader, ways): (Id, &[Id]),
    ) -> Option<Leaning> {
        let kinds: Vec<Types> = flat.types.kinds().collect();
        if kinds.len() > 1 {
            return self.by_kind(facts, &kinds, reader);
        }
        let possible = self.possible(facts, ways);
        for &way in &possible {
            let Some(found) = self.tries(facts, way) else { continue };
            let mut leaning = Some(found);
            for &other in &possible {
                let position = |id| ways.iter().filter(|&&way| way == id).count();
                if other == way && position(way) == 1 {
                    continue;
                }
                let apart = self.tries(&with(facts, other), NOTHING);
                leaning = leaning.and_then(|leaning| Some(leaning.min(apart?)));
            }
            if leaning.is_some() {
                return leaning;
            }
        }
        if flat.types == Types::NUMBER
            && let Some(found) = self.by_kind(facts, &[Types::INTEGER, Types::FRACTION], reader)
        {
            return Some(found);
        }
        if possible.len() > 1
            && let Some(found) = self.by_member(facts, flat, &possible, reader)
        {
            return Some(found);
        }
        self.fail(
            facts,
            reader,
            "`oneOf` whose branches could not be told apart for what the sender may send",
        )
    }

    fn left_over_members(
        &mut self,
        facts: &Facts,
        flat: &Flat,
        (reader, node, rest): (Id, &Keywords, Id),
    ) -> Option<Leaning> {
        if !flat.types.meets(Types::OBJECT) {
            return Some(FREE);
        }
        let mut leaning = FREE;
        let mut whole = Layer { rest: Some(rest), ..Layer::default() };
        let mut waiting = node.beside.clone();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            let Some(layer) = self.memory.maker.space.evaluated(id, false) else {
                return Some(leaning);
            };
            whole.named.extend(layer.named);
            whole.patterned.extend(layer.patterned);
            let inner = self.node(id);
            waiting.extend(&inner.all);
            for &way in inner.any.iter().chain(&inner.one).flatten() {
                if let Some(found) = self.tries(facts, way) {
                    leaning = leaning.min(found);
                    waiting.push(way);
                }
            }
            if let Some(conditional) = &inner.conditional {
                if let Some(found) = self.tries(facts, conditional.when) {
                    leaning = leaning.min(found);
                    waiting.extend([conditional.when, conditional.then]);
                } else if let Some(found) = self.tries(&with(facts, conditional.when), NOTHING) {
                    leaning = leaning.min(found);
                    waiting.push(conditional.otherwise);
                }
            }
            for (name, demand) in &inner.dependent {
                if flat.required.contains(name) {
                    waiting.push(*demand);
                }
            }
        }
        let objects = Objects { layer: Some(whole), ..Objects::default() };
        let layer =
            self.memory.maker.space.arena.intern(Keywords { objects, ..Keywords::default() });
        match self.holds(facts, layer) {
            Some(found) => Some(leaning.min(found)),
            None => self.fail(facts, reader, "`unevaluatedProperties`"),
        }
    }

    fn left_over_items(&mut self, facts: &Facts, (node, rest): (&Keywords, Id)) -> Option<Leaning> {
        let mut first = 0;
        let mut waiting = node.beside.clone();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            let inner = self.node(id);
            if inner.unevaluated_items.is_some() {
                return Some(FREE);
            }
            if let Some(row) = &inner.arrays.row {
                if row.rest.is_some() {
                    return Some(FREE);
                }
                first = first.max(row.first.len());
            }
            waiting.extend(&inner.all);
        }
        let row = Row { first: vec![crate::sample::node::ANYTHING; first], rest: Some(rest) };
        let arrays = crate::sample::node::Arrays { row: Some(row), ..Default::default() };
        let row = self.memory.maker.space.arena.intern(Keywords { arrays, ..Keywords::default() });
        self.holds(facts, row)
    }

    /// A question about strings or numbers alone, for the algebra.
    pub(super) fn leaf(&self, flat: &Flat, reader: Id) -> bool {
        let kind = if reader == NOTHING {
            flat.types
        } else if self.node(reader).numbers == Numbers::default() {
            flat.types.and(Types::STRING)
        } else {
            flat.types.and(Types::NUMBER)
        };
        if !kind.within(Types::STRING.or(Types::NUMBER)) || kind.is_none() {
            return false;
        }
        let sender = leaf_document(kind, &flat.numbers, &flat.texts, &[]);
        let mut barred = Vec::new();
        for &id in &flat.not {
            let node = self.node(id);
            let plain = Keywords {
                types: node.types,
                numbers: node.numbers.clone(),
                texts: node.texts.clone(),
                format: node.format.clone(),
                ..Keywords::default()
            };
            if *node == plain {
                barred.push(
                    json!({ "not": leaf_document(node.types, &node.numbers, &node.texts, &[]) }),
                );
            }
        }
        let sender = if barred.is_empty() {
            sender
        } else {
            leaf_document(kind, &flat.numbers, &flat.texts, &barred)
        };
        if reader == NOTHING {
            return algebra::covers(&sender, &json!(false));
        }
        let node = self.node(reader);
        algebra::covers(&sender, &leaf_document(node.types, &node.numbers, &node.texts, &[]))
    }

    /// The facts about the names of members.
    pub(super) fn name_facts(&mut self, flat: &Flat, pattern: Option<&Arc<str>>) -> Facts {
        let arena = &mut self.memory.maker.space.arena;
        let string = arena.of_types(Types::STRING);
        let matching = pattern.map(|pattern| {
            let texts = Texts { patterns: vec![Arc::clone(pattern)], ..Texts::default() };
            arena.intern(Keywords { texts, ..Keywords::default() })
        });
        collect(flat.names.iter().copied().chain([string]).chain(matching))
    }
}

fn leaf_document(types: Types, numbers: &Numbers, texts: &Texts, more: &[Value]) -> Value {
    let mut document = Map::new();
    let names: Vec<&str> = [
        (Types::NULL, "null"),
        (Types::BOOLEAN, "boolean"),
        (Types::STRING, "string"),
        (Types::ARRAY, "array"),
        (Types::OBJECT, "object"),
        (Types::FRACTION, "number"),
        (Types::INTEGER, "integer"),
    ]
    .into_iter()
    .filter(|(kind, name)| {
        types.meets(*kind) && !(*name == "integer" && types.meets(Types::FRACTION))
    })
    .map(|(_, name)| name)
    .collect();
    if types != Types::ANY {
        document.insert("type".to_owned(), json!(names));
    }
    let mut all: Vec<Value> = more.to_vec();
    if types.meets(Types::FRACTION) && !types.meets(Types::INTEGER) {
        all.push(json!({"not": {"type": "integer"}}));
    }
    if let Some(limit) = &numbers.least {
        document.insert(
            if limit.exclusive { "exclusiveMinimum" } else { "minimum" }.to_owned(),
            json!(limit.value),
        );
    }
    if let Some(limit) = &numbers.most {
        document.insert(
            if limit.exclusive { "exclusiveMaximum" } else { "maximum" }.to_owned(),
            json!(limit.value),
        );
    }
    all.extend(numbers.multiples.iter().map(|divisor| json!({ "multipleOf": divisor })));
    if texts.least > 0 {
        document.insert("minLength".to_owned(), json!(texts.least));
    }
    if let Some(most) = texts.most {
        document.insert("maxLength".to_owned(), json!(most));
    }
    all.extend(texts.patterns.iter().map(|pattern| json!({ "pattern": &**pattern })));
    if !all.is_empty() {
        document.insert("allOf".to_owned(), json!(all));
    }
    Value::Object(document)
}

fn numbers_fit(flat: &Flat, numbers: &Numbers) -> bool {
    let whole = !flat.types.meets(Types::FRACTION);
    let least = numbers.least.as_ref().is_none_or(|wanted| {
        flat.numbers.least.as_ref().is_some_and(|had| {
            if whole
                && let (Some(had), Some(wanted)) =
                    (crate::sample::number::lowest(had), crate::sample::number::lowest(wanted))
            {
                return had >= wanted;
            }
            wanted.under(&had.value)
                || (had.exclusive && compare(&had.value, &wanted.value).is_eq())
        })
    });
    let most = numbers.most.as_ref().is_none_or(|wanted| {
        flat.numbers.most.as_ref().is_some_and(|had| {
            if whole
                && let (Some(had), Some(wanted)) =
                    (crate::sample::number::highest(had), crate::sample::number::highest(wanted))
            {
                return had <= wanted;
            }
            wanted.over(&had.value) || (had.exclusive && compare(&had.value, &wanted.value).is_eq())
        })
    });
    let divides = |wanted: &serde_json::Number| {
        flat.numbers.multiples.iter().any(|had| {
            compare(had, wanted).is_eq()
                || matches!((integer(had), integer(wanted)), (Some(had), Some(wanted)) if wanted != 0 && had % wanted == 0)
        }) || (whole && integer(wanted) == Some(1))
    };
    least && most && numbers.multiples.iter().all(divides)
}

fn texts_fit(flat: &Flat, texts: &Texts) -> bool {
    flat.texts.least >= texts.least
        && texts.most.is_none_or(|most| flat.texts.most.is_some_and(|had| had <= most))
        && texts.patterns.iter().all(|pattern| flat.texts.patterns.contains(pattern))
}
