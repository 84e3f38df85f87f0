//! Strings: lengths, patterns that must match and patterns that must not.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::language::{Fuel, Language};
use crate::sample::node::Types;
use crate::sample::random::Random;
use crate::sample::text;

use super::super::algebra;
use super::super::argument::FREE;
use super::case::Case;
use super::solver::{Answer, Solver};

/// How much fuel of the languages is one step of the search.
const FUEL: u64 = 256;
/// Strings that are made and looked at before the algebra is asked.
const MADE: u64 = 24;

impl Solver<'_> {
    /// A string for a case without choices.
    pub(super) fn text(&mut self, case: &Case) -> Answer {
        let texts = &case.texts;
        if texts.most.is_some_and(|most| most < texts.least) {
            return Answer::Nothing(FREE);
        }
        if texts.least > text::LENGTH {
            return self.give_up("`minLength`");
        }
        if texts.patterns.is_empty() && case.foreign.is_empty() {
            return self.plain(case);
        }
        let mut fuel = Fuel::default();
        let exact =
            self.language(case, &mut fuel).map(|language| (language.is_empty(&mut fuel), language));
        self.spend(1 + (Fuel::QUESTION - fuel.left()) / FUEL);
        match exact {
            Some((Some(true), _)) => return Answer::Nothing(FREE),
            Some((_, language)) => {
                if let Some(made) = language.shortest(&mut Fuel::default()) {
                    return Answer::Value(Value::String(made));
                }
            }
            None => {}
        }
        for candidate in self.candidates(case) {
            if self.suits(case, &candidate) {
                return Answer::Value(Value::String(candidate));
            }
        }
        if algebra::covers(&document(case), &Value::Bool(false)) {
            return Answer::Nothing(FREE);
        }
        self.give_up("`pattern`")
    }

    /// The strings that the case allows, exactly; `None` where that cannot be held.
    fn language(&mut self, case: &Case, fuel: &mut Fuel) -> Option<Language> {
        let strings = &mut self.memory.maker.space.strings;
        let mut whole = Language::lengths(case.texts.least, case.texts.most);
        for pattern in &case.texts.patterns {
            whole = whole.and(&*strings.pattern(pattern)?, fuel)?;
        }
        for pattern in &case.foreign {
            whole = whole.minus(&*strings.pattern(pattern)?, fuel)?;
        }
        for values in case.barred.iter().filter_map(|node| node.values.as_ref()) {
            let listed = Language::listed(values.iter().filter_map(Value::as_str), fuel)?;
            whole = whole.minus(&listed, fuel)?;
        }
        Some(whole)
    }

    /// Without patterns: as many different strings as there are barred ones, and one more.
    fn plain(&mut self, case: &Case) -> Answer {
        let least = case.texts.least;
        let start = text::fit("", least, None);
        if !self.is_barred(case, &start) {
            return Answer::Value(Value::String(start));
        }
        let length = least.max(1);
        if case.texts.most.is_some_and(|most| most < length) {
            return Answer::Nothing(FREE);
        }
        let barred: usize =
            case.barred.iter().filter_map(|node| node.values.as_ref()).map(Vec::len).sum();
        let letters = (u32::from('a')..).filter_map(char::from_u32);
        for letter in letters.take(barred + 2) {
            let mut made = text::fit("", length - 1, None);
            made.push(letter);
            if !self.is_barred(case, &made) {
                return Answer::Value(Value::String(made));
            }
        }
        self.give_up("very many barred strings")
    }

    fn is_barred(&mut self, case: &Case, made: &str) -> bool {
        self.spend(1);
        let value = Value::String(made.to_owned());
        case.bars(&value)
    }

    fn suits(&mut self, case: &Case, candidate: &str) -> bool {
        self.spend(1);
        let patterns = &mut self.memory.maker.space.patterns;
        text::admits(patterns, &case.texts, candidate)
            && case
                .foreign
                .iter()
                .all(|pattern| patterns.matches(pattern, candidate) == Some(false))
            && !self.is_barred(case, candidate)
    }

    fn candidates(&mut self, case: &Case) -> Vec<String> {
        let mut found = Vec::new();
        let patterns = &mut self.memory.maker.space.patterns;
        found.extend(text::string(patterns, &case.texts, None, None));
        if case.texts.patterns.is_empty() {
            for start in ["", "a", "0", "A", "-", " ", "_", "é", "x-", "~~", "zq"] {
                found.push(text::fit(start, case.texts.least, case.texts.most));
            }
        }
        for seed in 0..MADE {
            let mut random = Random::new(seed);
            found.extend(text::string(patterns, &case.texts, None, Some(&mut random)));
        }
        found
    }
}

/// The case as a document for the algebra.
fn document(case: &Case) -> Value {
    let mut whole = Map::new();
    whole.insert("type".to_owned(), json!("string"));
    let texts = &case.texts;
    if texts.least > 0 {
        whole.insert("minLength".to_owned(), json!(texts.least));
    }
    if let Some(most) = texts.most {
        whole.insert("maxLength".to_owned(), json!(most));
    }
    let pattern = |pattern: &Arc<str>| json!({ "pattern": &**pattern });
    let foreign =
        case.foreign.iter().map(|barred| json!({"not": {"type": "string", "pattern": &**barred}}));
    let values = case.barred.iter().filter_map(|node| node.values.as_ref());
    let values = values.map(|values| {
        let texts: Vec<&Value> =
            values.iter().filter(|value| Types::of(value) == Types::STRING).collect();
        json!({"not": {"enum": texts}})
    });
    let all: Vec<Value> = texts.patterns.iter().map(pattern).chain(foreign).chain(values).collect();
    if !all.is_empty() {
        whole.insert("allOf".to_owned(), json!(all));
    }
    Value::Object(whole)
}
