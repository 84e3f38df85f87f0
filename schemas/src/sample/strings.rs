//! The strings that schemas accept, as languages: exact, remembered, and for the sampler to choose from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::language::{Fuel, Language};

use super::flat::{Facts, Flat, Space};
use super::node::{ANYTHING, Id, Keywords, NOTHING, Types};
use super::random::Random;
use super::text;

/// How many languages of each kind are remembered.
const REMEMBERED: usize = 2048;
/// How deep schemas may say inside each other what strings are.
const NESTED: usize = 40;
/// How much fuel is one part of a schema looked at, in the account of a question.
const SHARE: u64 = 64;
/// Strings at the edges of one language.
const EDGES: usize = 12;

/// What was learnt of strings; `None` where it cannot be told.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    patterns: HashMap<Arc<str>, Option<Arc<Language>>>,
    schemas: HashMap<Id, Option<Arc<Language>>>,
    together: HashMap<Facts, Option<Arc<Language>>>,
    open: HashSet<Id>,
}

impl Strings {
    /// The strings in which a pattern is found.
    pub(crate) fn pattern(&mut self, pattern: &Arc<str>) -> Option<Arc<Language>> {
        if let Some(known) = self.patterns.get(pattern) {
            return known.clone();
        }
        let made = Language::pattern(pattern, &mut Fuel::default()).map(Arc::new);
        if self.patterns.len() >= REMEMBERED {
            self.patterns.clear();
        }
        self.patterns.insert(Arc::clone(pattern), made.clone());
        made
    }
}

impl Space {
    /// The strings that satisfy all facts, exactly; `None` where that cannot be told.
    pub(crate) fn strings(&mut self, all: &Facts) -> Option<Arc<Language>> {
        if let [only] = **all {
            return self.strings_of(only);
        }
        if let Some(known) = self.strings.together.get(all) {
            return known.clone();
        }
        if self.is_spent() {
            return None;
        }
        let mut fuel = Fuel::default();
        let made = self.every(all.iter().copied(), &mut fuel).map(Arc::new);
        self.charge(fuel);
        if self.strings.together.len() >= REMEMBERED {
            self.strings.together.clear();
        }
        self.strings.together.insert(Arc::clone(all), made.clone());
        made
    }

    /// The strings that a schema accepts, exactly; `None` where that cannot be told.
    pub(crate) fn strings_of(&mut self, id: Id) -> Option<Arc<Language>> {
        let mut fuel = Fuel::default();
        let made = self.schema_strings(id, &mut fuel);
        self.charge(fuel);
        made
    }

    /// Whether every string that satisfies the facts is one that the reader's schema accepts; `None` where that
    /// cannot be told.
    pub(crate) fn strings_within(&mut self, all: &Facts, reader: Id) -> Option<bool> {
        let reader = self.strings_of(reader)?;
        let all = self.strings(all)?;
        let mut fuel = Fuel::default();
        let answer = all.within(&reader, &mut fuel);
        self.charge(fuel);
        answer
    }

    fn charge(&mut self, fuel: Fuel) {
        self.work(1 + (Fuel::QUESTION - fuel.left()) / SHARE);
    }

    fn every(&mut self, all: impl Iterator<Item = Id>, fuel: &mut Fuel) -> Option<Language> {
        let mut whole = Language::everything();
        for id in all {
            whole = whole.and(&*self.schema_strings(id, fuel)?, fuel)?;
        }
        Some(whole)
    }

    fn schema_strings(&mut self, id: Id, fuel: &mut Fuel) -> Option<Arc<Language>> {
        if id == ANYTHING || id == NOTHING {
            let constant =
                if id == ANYTHING { Language::everything() } else { Language::nothing() };
            return Some(Arc::new(constant));
        }
        if let Some(known) = self.strings.schemas.get(&id) {
            return known.clone();
        }
        if self.is_spent() || self.strings.open.len() >= NESTED || !self.strings.open.insert(id) {
            return None;
        }
        let node = self.arena.node(id);
        let made = self.keyword_strings(&node, fuel).map(Arc::new);
        self.strings.open.remove(&id);
        // Inside another schema a failure may be a matter of depth or of fuel.
        if made.is_some() || self.strings.open.is_empty() {
            if self.strings.schemas.len() >= REMEMBERED {
                self.strings.schemas.clear();
            }
            self.strings.schemas.insert(id, made.clone());
        }
        made
    }

    fn keyword_strings(&mut self, node: &Keywords, fuel: &mut Fuel) -> Option<Language> {
        if node.odd.is_some() {
            return None;
        }
        if !node.types.meets(Types::STRING) {
            return Some(Language::nothing());
        }
        let texts = &node.texts;
        let mut whole = Language::lengths(texts.least, texts.most);
        if let Some(values) = &node.values {
            let listed = Language::listed(values.iter().filter_map(Value::as_str), fuel)?;
            whole = whole.and(&listed, fuel)?;
        }
        for pattern in &texts.patterns {
            whole = whole.and(&*self.strings.pattern(pattern)?, fuel)?;
        }
        for &part in &node.all {
            whole = whole.and(&*self.schema_strings(part, fuel)?, fuel)?;
        }
        for &barred in &node.not {
            whole = whole.minus(&*self.schema_strings(barred, fuel)?, fuel)?;
        }
        if let Some(ways) = &node.any {
            let mut any = Language::nothing();
            for &way in ways {
                any = any.or(&*self.schema_strings(way, fuel)?, fuel)?;
            }
            whole = whole.and(&any, fuel)?;
        }
        if let Some(ways) = &node.one {
            let (mut one, mut any) = (Language::nothing(), Language::nothing());
            for &way in ways {
                let way = self.schema_strings(way, fuel)?;
                one = one.minus(&way, fuel)?.or(&way.minus(&any, fuel)?, fuel)?;
                any = any.or(&way, fuel)?;
            }
            whole = whole.and(&one, fuel)?;
        }
        if let Some(conditional) = &node.conditional {
            let when = self.schema_strings(conditional.when, fuel)?;
            let then = self.schema_strings(conditional.then, fuel)?;
            let otherwise = self.schema_strings(conditional.otherwise, fuel)?;
            let either = when.and(&then, fuel)?.or(&otherwise.minus(&when, fuel)?, fuel)?;
            whole = whole.and(&either, fuel)?;
        }
        Some(whole)
    }

    /// A string for facts: the plainest without chance, else some other; `None` where none was found.
    pub(crate) fn text(
        &mut self,
        all: &Facts,
        flat: &Flat,
        random: Option<&mut Random>,
    ) -> Option<String> {
        let format = flat.format.as_deref();
        let plain = flat.texts.patterns.is_empty() && flat.not.is_empty();
        let language = if plain { None } else { self.strings(all) };
        let Some(language) = language else {
            return text::string(&mut self.patterns, &flat.texts, format, random);
        };
        let example = format.map_or("", text::example);
        let example = text::fit(example, flat.texts.least, flat.texts.most);
        let usual = random.is_none() || format.is_some();
        if usual && !example.is_empty() && language.contains(&example) {
            return Some(example);
        }
        let mut fuel = Fuel::default();
        let made = match random {
            None => language.shortest(&mut fuel),
            Some(random) => language.some(&mut |below| random.below(below.max(1)), &mut fuel),
        };
        self.charge(fuel);
        made
    }

    /// Strings at the edges of what facts allow, where patterns say it.
    pub(crate) fn edge_texts(&mut self, all: &Facts) -> Vec<String> {
        let Some(language) = self.strings(all) else { return Vec::new() };
        let mut fuel = Fuel::default();
        let made = language.members(EDGES, &mut fuel);
        self.charge(fuel);
        made
    }

    /// Some member names that a pattern matches, the plainest first.
    pub(crate) fn names_for(&mut self, pattern: &Arc<str>) -> Vec<String> {
        let Some(language) = self.strings.pattern(pattern) else {
            let mut random = Random::new(0);
            let names = [None, Some(&mut random)];
            let name = |random| text::name_for(&mut self.patterns, pattern, random);
            return names.into_iter().filter_map(name).collect();
        };
        let mut fuel = Fuel::default();
        let made = language.members(EDGES, &mut fuel);
        self.charge(fuel);
        made
    }

    /// A member name that a pattern matches.
    pub(crate) fn name_for(
        &mut self,
        pattern: &Arc<str>,
        random: Option<&mut Random>,
    ) -> Option<String> {
        let Some(language) = self.strings.pattern(pattern) else {
            return text::name_for(&mut self.patterns, pattern, random);
        };
        let mut fuel = Fuel::default();
        let made = match random {
            None => language.shortest(&mut fuel),
            Some(random) => language.some(&mut |below| random.below(below.max(1)), &mut fuel),
        };
        self.charge(fuel);
        made
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::language::Fuel;
    use crate::sample::flat::{Space, facts};
    use crate::sample::read::read_schema;
    use crate::sample::{Sampler, Validator};
    use crate::schema::Schema;

    /// Schemas that say something of strings in every way there is.
    pub(crate) fn schemas() -> impl Strategy<Value = Value> {
        let patterns = vec!["^a", "b$", "^[ab]{1,3}$", "^a|b$", "a.*b", r"^\w+$", "^(ab)*$", "é"];
        let leaf = prop_oneof![
            3 => prop::sample::select(patterns).prop_map(|pattern| json!({ "pattern": pattern })),
            2 => (0..4, 0..4).prop_map(|(least, more)| json!({"minLength": least, "maxLength": least + more})),
            1 => Just(json!({"enum": ["a", "ab", "", 1]})),
            1 => Just(json!({"const": "b"})),
            1 => Just(json!({"type": ["string", "null"]})),
            1 => Just(json!({"type": "integer"})),
            1 => Just(json!({"x-unread-pattern": "^(?!ab)"})),
            1 => Just(json!({"format": "date", "required": ["a"], "minimum": 3})),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|all| json!({ "allOf": all })),
                prop::collection::vec(inner.clone(), 1..4).prop_map(|all| json!({ "anyOf": all })),
                prop::collection::vec(inner.clone(), 1..4).prop_map(|all| json!({ "oneOf": all })),
                inner.clone().prop_map(|barred| json!({ "not": barred })),
                (inner.clone(), inner.clone(), inner).prop_map(
                    |(when, then, other)| json!({"if": when, "then": then, "else": other})
                ),
            ]
        })
    }

    pub(crate) fn texts() -> Vec<String> {
        let some =
            ["", "a", "b", "ab", "ba", "abab", "aab", "é", "aé", "a b", "bbbb", "abc", "ab\nb"];
        some.iter().map(|text| (*text).to_owned()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        #[test]
        fn the_strings_of_a_schema_are_those_the_validator_takes(schema in schemas()) {
            let schema = Schema::from_document(schema);
            let validator = Validator::new(&schema).unwrap();
            let mut space = Space::default();
            let id = read_schema(&mut space.arena, &schema);
            let strings = space.strings(&facts([id])).expect("small schemas are within the bounds");
            let fuel = &mut Fuel::default();
            let own = strings.members(6, fuel).into_iter().chain(strings.not().members(6, fuel));
            for text in texts().into_iter().chain(own) {
                let judged = validator.judge(&json!(text));
                prop_assert_eq!(Some(strings.contains(&text)), judged, "{:?}", text);
            }
        }
    }

    #[test]
    fn strings_are_made_where_patterns_lengths_and_exceptions_meet() {
        let check = |schema: Value, wanted: &[&str]| {
            let schema = Schema::from_document(schema);
            let mut sampler = Sampler::new(&schema);
            assert_eq!(sampler.minimal(), wanted.first().map(|text| json!(text)));
            let edges = sampler.boundary();
            for text in wanted {
                assert!(edges.contains(&json!(text)), "{text:?} is not in {edges:?}");
            }
        };
        check(
            json!({"type": "string", "pattern": "^[A-Z]{2,4}$", "minLength": 3, "not": {"pattern": "^AAA"}}),
            &["AAB", "AABA"],
        );
        check(
            json!({"type": "string", "pattern": "^x+$", "maxLength": 40}),
            &["x", &"x".repeat(40)],
        );
        check(
            json!({"type": "string", "x-unread-pattern": "^(?!test-)[a-z-]+$", "pattern": "^te", "minLength": 5}),
            &["teaaa"],
        );
        let patterns = [r"^\d{3}-\d{4}$", "-0000$", "^[0-5]"];
        let all: Vec<Value> =
            patterns.iter().map(|pattern| json!({ "pattern": pattern })).collect();
        check(json!({"type": "string", "allOf": all}), &["000-0000"]);
    }
}
