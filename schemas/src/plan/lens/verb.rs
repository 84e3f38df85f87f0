//! The verbs of an entry.

use serde_json::Value;

use crate::plan::program::{Literal, Outside};
use crate::pointer::Pointer;

use super::model::{Direction, MapRule, OnNull, OnUnknown, ValueSource};
use super::nearest::remedy;
use super::read::Reader;
use super::target::{Places, Sides};

/// The words that name a source of a value.
pub(super) const SOURCES: [&str; 7] =
    ["constant", "default", "member", "header", "parameter", "configuration", "link"];

type Valued = (String, ValueSource);

pub(super) fn path(text: &str) -> Vec<String> {
    text.split('/').map(str::to_owned).collect()
}

fn literal(value: &Value) -> Literal {
    value.to_string().into()
}

impl<'a> Reader<'a> {
    pub(super) fn must_have(&mut self, places: &Places, path: &[String], at: &Pointer) {
        if !places.may_have(path) {
            let names = places.names();
            let name = path.join("/");
            let remedy = remedy(path.first().unwrap_or(&name), names.iter().map(String::as_str));
            let what = format!("`{name}` is no member here in {}", places.version);
            self.wrong(at, what, remedy);
        }
    }

    pub(super) fn either_has(&mut self, sides: &Sides, name: &str, at: &Pointer) {
        let path = [name.to_owned()];
        if !sides.new.may_have(&path) {
            self.must_have(&sides.old, &path, at);
        }
    }

    pub(super) fn pairs(
        &mut self,
        value: &'a Value,
        at: &Pointer,
    ) -> Vec<(&'a str, &'a str, Pointer)> {
        let mut pairs = Vec::new();
        for (old, new) in self.members(value, at).into_iter().flatten() {
            let at = at.join(old);
            if let Some(new) = self.text(new, &at) {
                pairs.push((old.as_str(), new, at));
            }
        }
        pairs
    }

    pub(super) fn renames(
        &mut self,
        value: &'a Value,
        sides: &Sides,
        at: &Pointer,
    ) -> Vec<(String, String)> {
        let mut renames: Vec<(String, String)> = Vec::new();
        for (old, new, at) in self.pairs(value, at) {
            self.must_have(&sides.old, &[old.to_owned()], &at);
            self.must_have(&sides.new, &[new.to_owned()], &at);
            if renames.iter().any(|(_, other)| other == new) {
                self.wrong(
                    &at,
                    format!("two members become `{new}`"),
                    "rename one of them otherwise",
                );
            }
            renames.push((old.to_owned(), new.to_owned()));
        }
        renames
    }

    pub(super) fn moves(
        &mut self,
        value: &'a Value,
        sides: &Sides,
        at: &Pointer,
    ) -> Vec<(Vec<String>, Vec<String>)> {
        let mut moves = Vec::new();
        for (old, new, at) in self.pairs(value, at) {
            let (old, new) = (path(old), path(new));
            self.must_have(&sides.old, &old, &at);
            self.must_have(&sides.new, &new, &at);
            if old.starts_with(&new) || new.starts_with(&old) {
                self.wrong(&at, "a member cannot move into itself".to_owned(), "");
            }
            moves.push((old, new));
        }
        moves
    }

    pub(super) fn maps(&mut self, value: &'a Value, sides: &Sides, at: &Pointer) -> Vec<MapRule> {
        let Value::Array(several) = value else {
            return self.map(value, sides, at).into_iter().collect();
        };
        let mut maps = Vec::new();
        for (index, one) in several.iter().enumerate() {
            maps.extend(self.map(one, sides, &at.join(&index.to_string())));
        }
        maps
    }

    fn map(&mut self, value: &'a Value, sides: &Sides, at: &Pointer) -> Option<MapRule> {
        let members = self.members(value, at)?;
        self.known_keys(members, at, &["member", "values", "up", "down", "otherwise"]);
        let (Some(member), Some(values)) = (members.get("member"), members.get("values")) else {
            self.wrong(at, "a map needs `member` and `values`".to_owned(), "");
            return None;
        };
        let member = self.text(member, &at.join("member"))?.to_owned();
        self.either_has(sides, &member, &at.join("member"));
        let mut rule = MapRule { member, ..MapRule::default() };
        let rows = |reader: &mut Self, key: &str| {
            let found = members.get(key).and_then(|value| reader.members(value, &at.join(key)));
            found.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let (up, down): (Vec<(String, Value)>, Vec<_>) = (rows(self, "up"), rows(self, "down"));
        for (old, new) in self.members(values, &at.join("values"))? {
            rule.up.push((old.clone(), new.clone()));
            let back = new.as_str().map_or_else(|| new.to_string(), str::to_owned);
            if down.iter().any(|(key, _)| *key == back) {
                continue;
            }
            if rule.down.iter().any(|(key, _)| *key == back) {
                let what = format!("several old values become `{back}`");
                let remedy = format!("name the one it goes back to: `down: {{ {back}: … }}`");
                self.wrong(&at.join("values").join(old), what, remedy);
            }
            rule.down.push((back, Value::from(old.as_str())));
        }
        rule.up.retain(|(key, _)| !up.iter().any(|(other, _)| other == key));
        rule.up.extend(up);
        rule.down.extend(down);
        if let Some(value) = members.get("otherwise") {
            let at = at.join("otherwise");
            let otherwise = self.members(value, &at)?;
            self.known_keys(otherwise, &at, &["up", "down"]);
            rule.otherwise_up = otherwise.get("up").cloned();
            rule.otherwise_down = otherwise.get("down").cloned();
        }
        Some(rule)
    }

    /// `add` and `remove`: members that `has` has, with values that are read where `sent` is sent.
    pub(super) fn values(
        &mut self,
        value: &'a Value,
        (has, sent): (&Places, &Places),
        at: &Pointer,
    ) -> Vec<Valued> {
        let mut values = Vec::new();
        for (name, value) in self.members(value, at).into_iter().flatten() {
            let at = at.join(name);
            self.must_have(has, std::slice::from_ref(name), &at);
            if let Some(source) = self.source(value, sent, &at) {
                values.push((name.clone(), source));
            }
        }
        values
    }

    pub(super) fn source(
        &mut self,
        value: &'a Value,
        sent: &Places,
        at: &Pointer,
    ) -> Option<ValueSource> {
        let members = self.members(value, at)?;
        self.known_keys(members, at, &SOURCES);
        let mut found = members.iter().filter(|(key, _)| SOURCES.contains(&key.as_str()));
        let (Some((key, value)), None) = (found.next(), found.next()) else {
            let remedy = format!("write one of {}", SOURCES.join(", "));
            self.wrong(at, "one source is needed".to_owned(), remedy);
            return None;
        };
        let at = at.join(key);
        Some(match key.as_str() {
            "constant" | "default" => ValueSource::Literal(literal(value)),
            "member" => {
                let path = path(self.text(value, &at)?);
                self.must_have(sent, &path, &at);
                ValueSource::Member(path)
            }
            _ => ValueSource::Outside(outside(key, self.text(value, &at)?)),
        })
    }

    pub(super) fn directions(
        &mut self,
        value: &'a Value,
        at: &Pointer,
    ) -> Vec<(Direction, &'a Value, Pointer)> {
        let Some(members) = self.members(value, at) else { return Vec::new() };
        self.known_keys(members, at, &["up", "down"]);
        [("up", Direction::Up), ("down", Direction::Down)]
            .into_iter()
            .filter_map(|(key, direction)| Some((direction, members.get(key)?, at.join(key))))
            .collect()
    }

    pub(super) fn supplies(
        &mut self,
        value: &'a Value,
        sides: &Sides,
        at: &Pointer,
    ) -> Vec<(Direction, String, ValueSource)> {
        let mut supplies = Vec::new();
        for (direction, value, at) in self.directions(value, at) {
            let (has, sent) = match direction {
                Direction::Up => (&sides.new, &sides.old),
                Direction::Down => (&sides.old, &sides.new),
            };
            let values = self.values(value, (has, sent), &at);
            supplies.extend(values.into_iter().map(|(name, source)| (direction, name, source)));
        }
        supplies
    }

    pub(super) fn on_null(
        &mut self,
        value: &'a Value,
        sides: &Sides,
        at: &Pointer,
    ) -> Vec<(Direction, String, OnNull)> {
        let mut policies = Vec::new();
        for (name, value) in self.members(value, at).into_iter().flatten() {
            let at = at.join(name);
            self.either_has(sides, name, &at);
            for (direction, value, at) in self.directions(value, &at) {
                let policy = match (value.as_str(), value.get("default")) {
                    (Some("keep"), _) => OnNull::Keep,
                    (Some("omit"), _) => OnNull::Omit,
                    (Some("error"), _) => OnNull::Error,
                    (_, Some(value)) => OnNull::Default(literal(value)),
                    _ => {
                        let remedy = "write keep, omit, error or `{ default: … }`";
                        self.wrong(&at, format!("`{value}` is no answer to a null"), remedy);
                        continue;
                    }
                };
                policies.push((direction, name.clone(), policy));
            }
        }
        policies
    }

    pub(super) fn on_unknown(
        &mut self,
        value: &'a Value,
        sides: &Sides,
        at: &Pointer,
    ) -> Vec<(Direction, String, OnUnknown)> {
        let mut policies = Vec::new();
        for (name, value) in self.members(value, at).into_iter().flatten() {
            let at = at.join(name);
            self.either_has(sides, name, &at);
            for (direction, value, at) in self.directions(value, &at) {
                let policy = match (value.as_str(), value.get("fallback")) {
                    (Some("keep"), _) => OnUnknown::Keep,
                    (Some("omit"), _) => OnUnknown::Omit,
                    (Some("error"), _) => OnUnknown::Error,
                    (Some("drop_item"), _) => OnUnknown::DropItem,
                    (_, Some(value)) => OnUnknown::Fallback(literal(value)),
                    _ => {
                        let remedy = "write keep, omit, error, drop_item or `{ fallback: … }`";
                        self.wrong(
                            &at,
                            format!("`{value}` is no answer to an unknown value"),
                            remedy,
                        );
                        continue;
                    }
                };
                policies.push((direction, name.clone(), policy));
            }
        }
        policies
    }
}

/// A source outside the payload, by its word.
pub(super) fn outside(word: &str, name: &str) -> Outside {
    match word {
        "header" => Outside::Header(name.to_ascii_lowercase().into()),
        "parameter" => Outside::Parameter(name.into()),
        "link" => Outside::Link(name.to_ascii_lowercase().into()),
        _ => Outside::Configuration(name.into()),
    }
}
