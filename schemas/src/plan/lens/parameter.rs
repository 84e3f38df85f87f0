//! `parameter`: what becomes of the parameters of one operation.

use serde_json::{Map, Value};

use crate::describe::model::{Location, Operation};
use crate::plan::bridge::ParameterSource;
use crate::pointer::Pointer;

use super::bodily::crosses_into_body;
use super::model::{For, OnRange, ParameterChange, ParameterMove, Rules};
use super::nearest::remedy;
use super::read::Reader;
use super::target::{Places, Sides, operation_words};
use super::verb::{SOURCES, outside};

pub(super) fn location(word: &Value) -> Option<Location> {
    Some(match word.as_str()? {
        "path" => Location::Path,
        "query" => Location::Query,
        "header" => Location::Header,
        "cookie" => Location::Cookie,
        _ => return None,
    })
}

/// Names of headers have no case.
pub(super) fn spelled(location: Location, name: &str) -> String {
    if location == Location::Header { name.to_ascii_lowercase() } else { name.to_owned() }
}

/// What is said of parameters.
const WORDS: [&str; 7] = ["add", "remove", "rename", "move", "on_fail", "on_range", "on_unknown"];

type Supplied = (Location, String, ParameterSource);

impl<'a> Reader<'a> {
    /// The change at one operation; its sentence and place are the caller's to fill in.
    pub(super) fn parameter_change(
        &mut self,
        (text, target): (&str, &Pointer),
        value: &'a Value,
        at: &Pointer,
    ) -> Option<ParameterChange> {
        let Some((key, _)) = operation_words(text).filter(|(_, words)| words.is_empty()) else {
            let what = format!("`{text}` is not an operation");
            self.wrong(target, what, "parameters change at `METHOD /path`");
            return None;
        };
        let operations = self.operations(&key, target);
        let members = self.members(value, at)?;
        self.known_keys(members, at, &WORDS);
        let of =
            |is_old: bool| operations.iter().find(|(old, _)| *old == is_old).map(|(_, one)| one);
        let (old, new) = (of(true), of(false));
        let adds = self.supplied(members.get("add"), new, &at.join("add"));
        let removes = self.supplied(members.get("remove"), old, &at.join("remove"));
        let (between, body): (Vec<_>, Vec<_>) = self
            .pairs_of(members, "move", at)
            .into_iter()
            .partition(|(_, value)| !crosses_into_body(value));
        let moves = self.parameter_moves(between, (old, new), &at.join("move"));
        let body_moves = self.body_moves(body, (old, new), &at.join("move"));
        let refused = self.refused(members.get("on_fail"), [old, new], &at.join("on_fail"));
        let sides = Sides {
            old: Places::of_parameters(self.old, old),
            new: Places::of_parameters(self.new, new),
        };
        let on_range = members.get("on_range");
        let on_range = on_range.map(|value| self.ranges(value, &sides, &at.join("on_range")));
        let on_unknown = members.get("on_unknown");
        let on_unknown =
            on_unknown.map(|value| self.on_unknown(value, &sides, &at.join("on_unknown")));
        let mut renames = Vec::new();
        let pairs = self.pairs_of(members, "rename", at);
        let at = at.join("rename");
        for (from, to) in pairs {
            let at = at.join(from);
            if let Some(to) = self.text(to, &at) {
                self.declares(old, None, from, &at);
                self.declares(new, None, to, &at);
                renames.push((from.clone(), to.to_owned()));
            }
        }
        let place = crate::problem::Place { file: "".into(), line: 0, column: 0, pointer: at };
        Some(ParameterChange {
            say: "".into(),
            operation: key,
            adds,
            removes,
            renames,
            moves,
            body_moves,
            on_range: on_range.unwrap_or_default(),
            on_unknown: on_unknown.unwrap_or_default(),
            refused,
            place,
        })
    }

    /// `on_range` for parameters, which are no null and no number that became a text.
    fn ranges(&mut self, value: &'a Value, sides: &Sides, at: &Pointer) -> Vec<For<OnRange>> {
        let mut rules = Rules::default();
        self.policy("on_range", value, (sides, at), &mut rules);
        let odd = |one: &For<OnRange>| match &one.policy {
            OnRange::Text => true,
            OnRange::Default(literal) => &**literal == "null",
            _ => false,
        };
        if let Some(one) = rules.on_range.iter().find(|one| odd(one)) {
            let what = format!("the parameter `{}` is no null, and a text already", one.member);
            self.wrong(at, what, "write error, keep, omit, clamp, truncate or `{ default: … }`");
        }
        rules.on_range
    }

    fn pairs_of(
        &mut self,
        members: &'a Map<String, Value>,
        verb: &str,
        at: &Pointer,
    ) -> Vec<(&'a String, &'a Value)> {
        let value = members.get(verb);
        let found = value.and_then(|value| self.members(value, &at.join(verb)));
        found.into_iter().flatten().collect()
    }

    fn supplied(
        &mut self,
        value: Option<&'a Value>,
        has: Option<&Operation>,
        at: &Pointer,
    ) -> Vec<Supplied> {
        let mut supplied = Vec::new();
        for (name, value) in value.and_then(|value| self.members(value, at)).into_iter().flatten() {
            let at = at.join(name);
            let Some(members) = self.members(value, &at) else { continue };
            let sources = || SOURCES.into_iter().filter(|word| !matches!(*word, "member" | "link"));
            let known: Vec<&str> = ["in"].into_iter().chain(sources()).collect();
            self.known_keys(members, &at, &known);
            let Some(location) = members.get("in").and_then(location) else {
                let what = format!("`{name}` needs a place");
                self.wrong(&at, what, "write `in:` path, query, header or cookie");
                continue;
            };
            let name = spelled(location, name);
            self.declares(has, Some(location), &name, &at);
            let mut sources = members.iter().filter(|(key, _)| SOURCES.contains(&key.as_str()));
            let (Some((word, value)), None) = (sources.next(), sources.next()) else {
                let what = "one source is needed".to_owned();
                self.wrong(
                    &at,
                    what,
                    "write one of constant, default, header, parameter, configuration",
                );
                continue;
            };
            let source = match (word.as_str(), value) {
                ("constant" | "default", Value::String(text)) => {
                    ParameterSource::Literal(text.as_str().into())
                }
                ("constant" | "default", value) => {
                    ParameterSource::Literal(value.to_string().into())
                }
                _ => {
                    let Some(text) = self.text(value, &at.join(word)) else { continue };
                    ParameterSource::Outside(outside(word, text))
                }
            };
            supplied.push((location, name, source));
        }
        supplied
    }

    /// The parameters that `on_fail: error` names.
    fn refused(
        &mut self,
        value: Option<&'a Value>,
        operations: [Option<&Operation>; 2],
        at: &Pointer,
    ) -> Vec<String> {
        let mut names = Vec::new();
        for (name, word) in value.and_then(|value| self.members(value, at)).into_iter().flatten() {
            let at = at.join(name);
            if word != "error" {
                let what = format!("`{word}` is no policy for a parameter");
                self.wrong(&at, what, "write `error`: such a request is refused");
            }
            let known = |one: &&Operation| {
                one.parameters.iter().any(|own| own.name.eq_ignore_ascii_case(name))
            };
            if !operations.iter().flatten().any(known) {
                let all = operations.iter().flatten().flat_map(|one| &one.parameters);
                let remedy = remedy(name, all.map(|one| one.name.as_str()));
                self.wrong(&at, format!("`{name}` is a parameter of neither version"), remedy);
            }
            names.push(name.clone());
        }
        names
    }

    fn parameter_moves(
        &mut self,
        pairs: Vec<(&'a String, &'a Value)>,
        (old, new): (Option<&Operation>, Option<&Operation>),
        at: &Pointer,
    ) -> Vec<ParameterMove> {
        let mut moves = Vec::new();
        for (name, value) in pairs {
            let at = at.join(name);
            let Some(members) = self.members(value, &at) else { continue };
            self.known_keys(members, &at, &["from", "to", "as"]);
            let place = |word: &str| members.get(word).and_then(location);
            let (Some(from), Some(to)) = (place("from"), place("to")) else {
                let what = format!("`{name}` needs two places");
                self.wrong(
                    &at,
                    what,
                    "write `from:` and `to:`, each path, query, header, cookie or body",
                );
                continue;
            };
            let written = match members.get("as") {
                Some(text) => self.text(text, &at.join("as")),
                None => Some(name.as_str()),
            };
            let Some(written) = written else { continue };
            if from == to {
                let what = format!("`{name}` stays in {}", from.word());
                self.wrong(&at, what, "write `rename` for another name");
            }
            let (from, to) = ((from, spelled(from, name)), (to, spelled(to, written)));
            self.declares(old, Some(from.0), &from.1, &at);
            self.declares(new, Some(to.0), &to.1, &at);
            moves.push(ParameterMove { from, to });
        }
        moves
    }

    pub(super) fn declares(
        &mut self,
        operation: Option<&Operation>,
        place: Option<Location>,
        name: &str,
        at: &Pointer,
    ) {
        let Some(operation) = operation else { return };
        let known = |one: &crate::describe::model::Parameter| {
            one.name == name && place.is_none_or(|place| one.location == place)
        };
        if !operation.parameters.iter().any(known) {
            let names = operation.parameters.iter().map(|one| one.name.as_str());
            let what = format!("`{name}` is not a parameter of `{}` there", operation.key);
            self.wrong(at, what, remedy(name, names));
        }
    }
}
