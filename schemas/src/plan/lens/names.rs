//! `names`: which parameters of an operation hold names of members, in which grammar, and of what.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::describe::model::{Operation, OperationKey};
use crate::plan::names::{Grammar, OnUnknownName, OnValue};
use crate::pointer::Pointer;

use super::model::{NamesRule, Target};
use super::nearest::remedy;
use super::read::{Reader, Said};
use super::target::operation_words;

/// The word of the verb.
pub(super) const NAMES: &str = "names";

/// What may be said of one parameter.
const WORDS: [&str; 7] =
    ["grammar", "of", "separator", "delimiter", "selects", "on_unknown", "on_value"];

/// Every operation that both versions have.
const EVERYWHERE: &str = "*";

impl<'a> Reader<'a> {
    /// The rules at one target.
    pub(super) fn names_rules(
        &mut self,
        (text, target): (&str, &Pointer),
        value: &'a Value,
        (entry, at): (&Said, &Pointer),
    ) -> Vec<NamesRule> {
        let operations: Vec<OperationKey> = if text == EVERYWHERE {
            let shared = |one: &&Operation| self.old.operation(&one.key.shape()).is_some();
            self.new.operations.iter().filter(shared).map(|one| one.key.clone()).collect()
        } else {
            let Some((key, _)) = operation_words(text).filter(|(_, words)| words.is_empty()) else {
                let what = format!("`{text}` is not an operation");
                self.wrong(
                    target,
                    what,
                    "names are held by parameters at `METHOD /path`, or at `*`",
                );
                return Vec::new();
            };
            if self.operations(&key, target).is_empty() {
                return Vec::new();
            }
            vec![key]
        };
        let mut rules = Vec::new();
        let everywhere = text == EVERYWHERE;
        for (name, said) in self.members(value, at).into_iter().flatten() {
            let at = at.join(name);
            let before = rules.len();
            let Some((draft, of)) = self.draft(name, (said, entry), &at) else { continue };
            let having: Vec<&OperationKey> =
                operations.iter().filter(|key| self.has_parameter(key, name)).collect();
            let none = having.is_empty();
            for key in having {
                let rule = NamesRule { operation: key.clone(), ..draft.clone() };
                match of {
                    None => rules.push(rule),
                    Some((of, ref place)) => {
                        let found = self.of((key, of), (place, everywhere));
                        rules.extend(
                            found.into_iter().map(|of| NamesRule { of: Some(of), ..rule.clone() }),
                        );
                    }
                }
            }
            if none || (everywhere && rules.len() == before) {
                let what =
                    format!("`{name}` is a parameter of no operation there that has such a place");
                let what = if everywhere {
                    what
                } else {
                    format!("`{name}` is not a parameter of `{text}`")
                };
                let known = operations.iter().flat_map(|key| self.parameter_names(key));
                let known: Vec<String> = known.collect();
                self.wrong(&at, what, remedy(name, known.iter().map(String::as_str)));
            }
        }
        rules
    }

    /// Everything but the operation.
    fn draft(
        &mut self,
        name: &str,
        (said, entry): (&'a Value, &Said),
        at: &Pointer,
    ) -> Option<(NamesRule, Option<(&'a str, Pointer)>)> {
        let members = self.members(said, at)?;
        self.known_keys(members, at, &WORDS);
        let words: Vec<&str> = Grammar::ALL.iter().map(|(word, _)| *word).collect();
        let Some(word) = members.get("grammar") else {
            self.wrong(at, "a grammar is needed".to_owned(), remedy("", words));
            return None;
        };
        let word = self.text(word, &at.join("grammar"))?;
        let Some(grammar) = Grammar::named(word) else {
            self.wrong(&at.join("grammar"), format!("`{word}` is no grammar"), remedy(word, words));
            return None;
        };
        let of = match members.get("of") {
            Some(of) => Some((self.text(of, &at.join("of"))?, at.join("of"))),
            None if grammar == Grammar::None => None,
            None => {
                let what = "it is not said what the names are of".to_owned();
                self.wrong(at, what, "write `of:` and a place, as `response 200#/items/*`");
                return None;
            }
        };
        let separator = self.mark(members, "separator", at).unwrap_or(grammar.separator());
        let delimiter = self.mark(members, "delimiter", at).unwrap_or(",");
        let mut letters = delimiter.chars();
        let delimiter = match (letters.next(), letters.next()) {
            (Some(letter), None) if !separator.contains(letter) => letter,
            _ => {
                let what = format!("`{delimiter}` is no delimiter");
                self.wrong(&at.join("delimiter"), what, "write one sign that is in no separator");
                return None;
            }
        };
        let selects = self.selects(members, (grammar, of.as_ref().map(|(of, _)| *of)), at)?;
        let on_unknown = self.on_unknown_name(members, grammar, at);
        let on_value = match self.policy_word(members, "on_value", &["error", "keep"], at) {
            Some("keep") => OnValue::Keep,
            _ => OnValue::Error,
        };
        let rule = NamesRule {
            say: Arc::clone(&entry.say),
            operation: OperationKey { method: String::new(), path: String::new() },
            parameter: name.to_owned(),
            grammar,
            of: None,
            separator: separator.to_owned(),
            delimiter,
            selects,
            on_unknown,
            on_value,
            place: entry.place.clone(),
        };
        Some((rule, of))
    }

    /// Whether the answer has only what is named. For a list nobody can tell but who declares it.
    fn selects(
        &mut self,
        members: &'a Map<String, Value>,
        (grammar, of): (Grammar, Option<&str>),
        at: &Pointer,
    ) -> Option<bool> {
        let of_response = of.is_some_and(|of| of.split_whitespace().any(|word| word == "response"));
        match members.get("selects") {
            Some(Value::Bool(said)) if !said || (grammar.asks() && of_response) => Some(*said),
            Some(Value::Bool(_)) => {
                let what = format!("`{}` selects nothing", grammar.word());
                self.wrong(&at.join("selects"), what, "only lists of names of a response do");
                None
            }
            Some(_) => {
                let what = "`selects` is neither true nor false".to_owned();
                self.wrong(&at.join("selects"), what, "");
                None
            }
            None if grammar == Grammar::List && of_response => {
                let what = "it is not said whether the answer has only what is named".to_owned();
                let remedy =
                    "write `selects: true`, as for `fields`, or `selects: false`, as for `expand`";
                self.wrong(at, what, remedy);
                None
            }
            None => Some(grammar.asks() && of_response),
        }
    }

    fn on_unknown_name(
        &mut self,
        members: &'a Map<String, Value>,
        grammar: Grammar,
        at: &Pointer,
    ) -> OnUnknownName {
        match self.policy_word(members, "on_unknown", &["error", "keep", "drop"], at) {
            Some("keep") => OnUnknownName::Keep,
            Some("drop") if matches!(grammar, Grammar::Filter | Grammar::Brackets) => {
                let what = "a condition that is left out lets other rows through".to_owned();
                self.wrong(&at.join("on_unknown"), what, "write `error` or `keep`");
                OnUnknownName::Error
            }
            Some("drop") => OnUnknownName::Drop,
            _ => OnUnknownName::Error,
        }
    }

    fn policy_word(
        &mut self,
        members: &'a Map<String, Value>,
        key: &str,
        known: &[&str],
        at: &Pointer,
    ) -> Option<&'a str> {
        let at = at.join(key);
        let word = self.text(members.get(key)?, &at)?;
        if !known.contains(&word) {
            let remedy = remedy(word, known.iter().copied());
            self.wrong(&at, format!("`{word}` is no policy here"), remedy);
        }
        Some(word)
    }

    /// A sign between names, in which no name could be.
    fn mark(
        &mut self,
        members: &'a Map<String, Value>,
        key: &str,
        at: &Pointer,
    ) -> Option<&'a str> {
        let at = at.join(key);
        let text = self.text(members.get(key)?, &at)?;
        if text.is_empty()
            || text.chars().any(|letter| letter.is_alphanumeric() || letter.is_whitespace())
        {
            self.wrong(&at, format!("`{text}` cannot stand between names"), "write a sign, as `.`");
            return None;
        }
        Some(text)
    }

    /// The place that names are of: in a message of the same operation.
    fn of(
        &mut self,
        (key, of): (&OperationKey, &str),
        (at, everywhere): (&Pointer, bool),
    ) -> Option<Target> {
        let text = match operation_words(of.split('#').next().unwrap_or_default()) {
            Some((other, _)) if other.shape() != key.shape() => {
                let what = format!("`{of}` is of another operation than the parameter");
                self.wrong(at, what, format!("write a message of `{key}`"));
                return None;
            }
            Some(_) => of.to_owned(),
            None => format!("{key} {of}"),
        };
        let message = text.split('#').next().unwrap_or_default();
        if operation_words(message).is_none_or(|(_, words)| words.is_empty()) {
            let what = format!("`{of}` is no place in a message");
            self.wrong(at, what, "write `request` or `response STATUS`, and a pointer after `#`");
            return None;
        }
        let found = if everywhere {
            self.quietly(|reader| reader.target(&text, at))
        } else {
            self.target(&text, at)
        };
        found.into_iter().next()
    }

    fn parameter_names(&self, key: &OperationKey) -> Vec<String> {
        let shape = key.shape();
        let found =
            [self.old, self.new].into_iter().filter_map(|version| version.operation(&shape));
        found.flat_map(|one| one.parameters.iter().map(|one| one.name.clone())).collect()
    }

    fn has_parameter(&self, key: &OperationKey, name: &str) -> bool {
        let base = name.split('[').next().unwrap_or(name);
        self.parameter_names(key).iter().any(|one| one == name || one == base)
    }
}
