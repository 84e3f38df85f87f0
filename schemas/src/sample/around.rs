//! Patterns with look-around, which no engine runs in linear time: two independent judges, who must agree.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions};
use serde_json::{Value, json};

use crate::language::{Fuel, Language, with_look_around};

/// How often the backtracking engine may turn back in one match.
const TURNS: usize = 100_000;

/// A pattern that the linear-time engine does not take: its automaton, and a backtracking engine under a bound.
#[derive(Debug)]
pub(super) struct Around {
    language: Option<Language>,
    engine: Option<jsonschema::Validator>,
}

impl Around {
    /// Back-references and what is no pattern have no judge; then nothing is ever known.
    pub(super) fn new(pattern: &str) -> Self {
        let engine = with_look_around(pattern).and_then(|pattern| engine(&pattern));
        let language =
            engine.as_ref().and_then(|_| Language::pattern(pattern, &mut Fuel::default()));
        Self { language, engine }
    }

    /// Whether a text matches; `None` where the engine turned back too often or the two disagree.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        let engine = self.engine.as_ref()?;
        let value = Value::String(text.to_owned());
        let matches = catch_unwind(AssertUnwindSafe(|| engine.is_valid(&value))).ok()?;
        if !matches && !is_finished(engine, &value) {
            return None;
        }
        let agreed =
            self.language.as_ref().is_none_or(|language| language.contains(text) == matches);
        agreed.then_some(matches)
    }
}

fn engine(pattern: &str) -> Option<jsonschema::Validator> {
    let options = PatternOptions::fancy_regex().backtrack_limit(TURNS);
    let built = catch_unwind(AssertUnwindSafe(|| {
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(options)
            .should_validate_formats(false)
            .offline()
            .build(&json!({ "pattern": pattern }))
            .ok()
    }));
    built.ok().flatten()
}

fn is_finished(engine: &jsonschema::Validator, value: &Value) -> bool {
    let unfinished = |kind: &ValidationErrorKind| {
        matches!(
            kind,
            ValidationErrorKind::BacktrackLimitExceeded { .. }
                | ValidationErrorKind::RegexEngineFailure { .. }
        )
    };
    let finished = || engine.iter_errors(value).all(|error| !unfinished(error.kind()));
    catch_unwind(AssertUnwindSafe(finished)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::Around;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: Option<bool>) {
        assert_eq!(Around::new(pattern).matches(text), expected);
    }

    #[test]
    fn both_judges_agree_or_nothing_is_said() {
        check("^(?!foo)[a-z]+$", "bar", Some(true));
        check("^(?!foo)[a-z]+$", "foobar", Some(false));
        check(r"^(?=.*\d)\w{2,4}$", "a1", Some(true));
        // A digit is one of ASCII, and `.` is no line end, as ECMA-262 says.
        check(r"^(?=.*\d)\w{2,4}$", "a\u{0663}", Some(false));
        check("^(?=.$)", "\r", Some(false));
        check(r"(a)\1", "aa", None);
        check("(?=a", "a", None);
    }

    #[test]
    fn an_engine_that_turns_back_too_often_says_nothing() {
        let long = "a".repeat(40);
        check("^((?=a)a|(?!b)a)+b$", &long, None);
    }
}
