//! `parameter`: what becomes of the parameters of one operation.

use serde_json::{Map, Value};

use crate::describe::model::{Location, Operation};
use crate::plan::bridge::ParameterSource;
use crate::pointer::Pointer;

use super::model::ParameterChange;
use super::nearest::remedy;
use super::read::Reader;
use super::target::operation_words;
use super::verb::{SOURCES, outside};

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
        self.known_keys(members, at, &["add", "remove", "rename"]);
        let of =
            |is_old: bool| operations.iter().find(|(old, _)| *old == is_old).map(|(_, one)| one);
        let (old, new) = (of(true), of(false));
        let adds = self.supplied(members.get("add"), new, &at.join("add"));
        let removes = self.supplied(members.get("remove"), old, &at.join("remove"));
        let mut renames = Vec::new();
        let at = at.join("rename");
        for (from, to) in self.pairs_of(members, &at) {
            let at = at.join(from);
            if let Some(to) = self.text(to, &at) {
                self.declares(old, None, from, &at);
                self.declares(new, None, to, &at);
                renames.push((from.clone(), to.to_owned()));
            }
        }
        let place = crate::problem::Place { file: "".into(), line: 0, column: 0, pointer: at };
        Some(ParameterChange { say: "".into(), operation: key, adds, removes, renames, place })
    }

    fn pairs_of(
        &mut self,
        members: &'a Map<String, Value>,
        at: &Pointer,
    ) -> Vec<(&'a String, &'a Value)> {
        let value = members.get("rename");
        value.and_then(|value| self.members(value, at)).into_iter().flatten().collect()
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
            let location = match members.get("in").and_then(Value::as_str) {
                Some("path") => Location::Path,
                Some("query") => Location::Query,
                Some("header") => Location::Header,
                Some("cookie") => Location::Cookie,
                _ => {
                    let what = format!("`{name}` needs a place");
                    self.wrong(&at, what, "write `in:` path, query, header or cookie");
                    continue;
                }
            };
            let name =
                if location == Location::Header { name.to_ascii_lowercase() } else { name.clone() };
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

    fn declares(
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
