//! The words for values that a reader does not take: `on_range`, `on_extra`, `on_missing`; and for a member that came
//! under both of its names: `on_conflict`.

use serde_json::Value;

use crate::plan::transform::{Settle, Stays, Transform};
use crate::pointer::Pointer;
use crate::schema::Side;

use super::model::{
    Direction, For, Loses, OnExtra, OnMissing, OnRange, OnUnfit, Rules, TransformRule, Way,
};
use super::read::Reader;
use super::target::Sides;

/// The verbs that are read here.
pub(super) const VERBS: [&str; 4] = ["on_range", "on_extra", "on_missing", "on_conflict"];

/// The values of `on_conflict`.
#[derive(Clone, Copy)]
enum Conflict {
    PreferOld,
    PreferNew,
    MustEqual,
}

const PLACES: [&str; 4] = ["up", "down", "request", "response"];

/// Where a policy holds.
type Where = (Option<Direction>, Option<Side>);

impl<'a> Reader<'a> {
    /// Reads one of [`VERBS`] into the rules.
    pub(super) fn policy(
        &mut self,
        verb: &str,
        value: &'a Value,
        (sides, at): (&Sides, &Pointer),
        rules: &mut Rules,
    ) {
        for (name, value) in self.members(value, at).into_iter().flatten() {
            let at = at.join(name);
            if verb == "on_conflict" {
                self.on_conflict(name, (value, &at), rules);
                continue;
            }
            self.either_has(sides, name, &at);
            for ((direction, side), value, at) in self.cases((None, None), value, &at) {
                let directions = match direction {
                    Some(one) => vec![one],
                    None => vec![Direction::Up, Direction::Down],
                };
                for direction in directions {
                    let place = (direction, side, name.as_str());
                    match verb {
                        "on_range" => rules.on_range.extend(self.on_range(place, value, &at)),
                        "on_extra" => rules.on_extra.extend(self.on_extra(place, value, &at)),
                        _ => self.on_missing(place, (value, &at), sides, rules),
                    }
                }
            }
        }
    }

    /// The policies with the directions and sides that they are written under.
    fn cases(
        &mut self,
        (direction, side): Where,
        value: &'a Value,
        at: &Pointer,
    ) -> Vec<(Where, &'a Value, Pointer)> {
        let placed =
            value.as_object().filter(|one| one.keys().any(|key| PLACES.contains(&key.as_str())));
        let Some(members) = placed else {
            return vec![((direction, side), value, at.clone())];
        };
        let mut known = Vec::new();
        if direction.is_none() {
            known.extend(["up", "down"]);
        }
        if side.is_none() {
            known.extend(["request", "response"]);
        }
        self.known_keys(members, at, &known);
        let mut found = Vec::new();
        for (key, value) in members {
            let inner = match key.as_str() {
                "up" => (Some(Direction::Up), side),
                "down" => (Some(Direction::Down), side),
                "request" => (direction, Some(Side::Request)),
                "response" => (direction, Some(Side::Response)),
                _ => continue,
            };
            found.extend(self.cases(inner, value, &at.join(key)));
        }
        found
    }

    fn on_range(
        &mut self,
        (direction, side, member): (Direction, Option<Side>, &str),
        value: &'a Value,
        at: &Pointer,
    ) -> Option<For<OnRange>> {
        let policy = match (value.as_str(), value.get("default")) {
            (Some("error"), _) => OnRange::Error,
            (Some("keep"), _) => OnRange::Keep,
            (Some("omit"), _) => OnRange::Omit,
            (Some("clamp"), _) => OnRange::Clamp,
            (Some("truncate"), _) => OnRange::Truncate,
            (Some("string"), _) => OnRange::Text,
            (Some("null"), _) => OnRange::Default("null".into()),
            (_, Some(value)) => OnRange::Default(value.to_string().into()),
            _ if value.is_null() => OnRange::Default("null".into()),
            _ => {
                let remedy = "write error, keep, omit, clamp, truncate, string, \"null\" or `{ default: … }`";
                self.wrong(at, format!("`{value}` is no answer to a value out of range"), remedy);
                return None;
            }
        };
        Some(For { direction, side, member: member.to_owned(), policy })
    }

    fn on_extra(
        &mut self,
        (direction, side, member): (Direction, Option<Side>, &str),
        value: &'a Value,
        at: &Pointer,
    ) -> Option<For<OnExtra>> {
        let words = [("drop", OnExtra::Drop), ("keep", OnExtra::Keep), ("error", OnExtra::Error)];
        let policy = self.word(value, at, &words)?;
        Some(For { direction, side, member: member.to_owned(), policy })
    }

    /// `error` and `omit` are policies of their own; the others are sources of a value.
    fn on_missing(
        &mut self,
        (direction, side, member): (Direction, Option<Side>, &str),
        (value, at): (&'a Value, &Pointer),
        sides: &Sides,
        rules: &mut Rules,
    ) {
        let policy = match value.as_str() {
            Some("error") => OnMissing::Error,
            Some("omit") => OnMissing::Omit,
            Some("null") => {
                self.unsided(side, at);
                let source = super::ValueSource::Literal("null".into());
                rules.supplies.push((direction, member.to_owned(), source));
                return;
            }
            _ if value.is_object() => {
                self.unsided(side, at);
                let sent = if direction == Direction::Up { &sides.old } else { &sides.new };
                if let Some(source) = self.source(value, sent, at) {
                    rules.supplies.push((direction, member.to_owned(), source));
                }
                return;
            }
            _ => {
                let remedy = "write error, omit, \"null\", or a source as `{ default: … }`";
                self.wrong(at, format!("`{value}` is no answer to a missing member"), remedy);
                return;
            }
        };
        rules.on_missing.push(For { direction, side, member: member.to_owned(), policy });
    }

    /// L1: which value stays where a member came under both of its names.
    fn on_conflict(&mut self, name: &str, (value, at): (&'a Value, &Pointer), rules: &mut Rules) {
        let pair = rules.renames.iter().find(|(old, new)| old == name || new == name);
        let Some((old, new)) = pair.cloned() else {
            let what = format!("`{name}` is not renamed in this change");
            self.wrong(at, what, "write `on_conflict` beside the `rename`");
            return;
        };
        let words = [
            ("prefer_old", Conflict::PreferOld),
            ("prefer_new", Conflict::PreferNew),
            ("must_equal", Conflict::MustEqual),
        ];
        let said: Vec<_> = if value.is_object() {
            self.directions(value, at)
        } else {
            let both = [Direction::Up, Direction::Down];
            both.map(|direction| (direction, value, at.clone())).into()
        };
        let mut rule = TransformRule::whole(None, None);
        for (direction, value, at) in said {
            let Some(conflict) = self.word(value, &at, &words) else { continue };
            let up = direction == Direction::Up;
            let stays = match conflict {
                Conflict::MustEqual => Stays::Equal,
                Conflict::PreferOld if up => Stays::Own,
                Conflict::PreferNew if !up => Stays::Own,
                Conflict::PreferOld | Conflict::PreferNew => Stays::Other,
            };
            let (own, other) = if up { (&old, &new) } else { (&new, &old) };
            let settle = Settle { own: own.clone(), other: other.clone(), stays };
            let text = format!("take `{other}` for `{own}`");
            let mut way = Way::new("L1", text, Transform::Settle(settle));
            way.loses = Loses::Sometimes;
            way.otherwise = (stays == Stays::Equal).then_some(OnUnfit::Error);
            *if up { &mut rule.up } else { &mut rule.down } = Some(way);
        }
        rules.transforms.push(rule);
    }

    fn unsided(&mut self, side: Option<Side>, at: &Pointer) {
        if side.is_some() {
            let what = "a value is written in requests and responses alike".to_owned();
            self.wrong(at, what, "write it under `up` or `down` only");
        }
    }
}
