//! Null and scalar values: rows A6, A8, A9 and lens L6.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::plan::apply::same_scalar;
use crate::plan::lens::{Direction, MapRule, OnNull, OnUnknown};
use crate::plan::program::{Literal, Node, NodeId, Split, Table};
use crate::plan::shape::{Kind, Shape};
use crate::schema::Side;

use super::build::COPY;
use super::walk::{Duty, Stand, Walk};

const SCALARS: [Kind; 3] = [Kind::Boolean, Kind::Number, Kind::String];

/// A value as the compact JSON text that programs hold.
pub(super) fn literal(value: &Value) -> Literal {
    value.to_string().into()
}

impl<'a> Walk<'a> {
    /// Row A6: a null that the reader refuses.
    pub(super) fn null(&mut self, shapes: (&Shape, &Shape), duty: &Duty<'a>) -> NodeId {
        let (sender, reader) = shapes;
        let said = sender.may_be(Kind::Null) && !sender.is_anything();
        if !said || reader.may_be(Kind::Null) {
            return COPY;
        }
        let required = duty.stand != Stand::Member { required: false };
        let node = match duty.on_null {
            Some(OnNull::Keep) => return COPY,
            Some(OnNull::Omit) => self.left_out("A6", "null", duty),
            Some(OnNull::Default(value)) => self.replaced("A6", "null", value, duty),
            Some(OnNull::Error) => self.refused_as_said("A6", "null", "on_null: error", duty),
            None if self.site.side == Side::Request => self.refused("A6", "null", duty),
            None => match &reader.default {
                Some(value) if !value.is_null() => {
                    self.replaced("A6", "null", &literal(value), duty)
                }
                _ if required => self.refused("A6", "null", duty),
                _ => self.left_out("A6", "null", duty),
            },
        };
        self.build.node(node)
    }

    fn left_out(&mut self, rule: &'static str, what: &str, duty: &Duty<'a>) -> Node {
        Node::Omit(self.note(rule, format!("leave out `{what}`"), &duty.at, true))
    }

    fn refused(&mut self, rule: &'static str, what: &str, duty: &Duty<'a>) -> Node {
        Node::Refuse(self.note(rule, format!("refuse `{what}`"), &duty.at, false))
    }

    fn refused_as_said(
        &mut self,
        rule: &'static str,
        what: &str,
        words: &'static str,
        duty: &Duty<'a>,
    ) -> Node {
        let policy = self.refuses(words);
        Node::Refuse(self.told(rule, format!("refuse `{what}` (`{words}`)"), duty, (false, policy)))
    }

    fn replaced(&mut self, rule: &'static str, what: &str, by: &Literal, duty: &Duty<'a>) -> Node {
        let note = self.note(rule, format!("replace `{what}` by `{by}`"), &duty.at, true);
        Node::Replace(Literal::clone(by), note)
    }

    /// A table of the values that need something; `COPY` when none does.
    pub(super) fn scalar(&mut self, shapes: (&Shape, &Shape), duty: &Duty<'a>) -> NodeId {
        let (sender, reader) = shapes;
        let mut entries: BTreeMap<Literal, NodeId> = BTreeMap::new();
        let mut otherwise = COPY;
        if let Some(map) = duty.map
            && SCALARS.iter().any(|kind| sender.may_be(*kind))
        {
            otherwise = self.mapped(map, shapes, duty, &mut entries);
        }
        let mapped_rest = otherwise != COPY;
        for kind in SCALARS.into_iter().filter(|kind| sender.may_be(*kind) && reader.may_be(*kind))
        {
            let Some(known) = reader.listed.get(&kind) else { continue };
            if mapped_rest {
                continue;
            }
            if let Some(sent) = sender.listed.get(&kind) {
                let listed = |value: &&Value| known.iter().any(|one| same_scalar(one, value));
                let keys = sent.iter().filter(|value| !listed(value)).map(literal);
                let strange: Vec<Literal> = keys.filter(|key| !entries.contains_key(key)).collect();
                for key in strange {
                    let node = self.unknown(&key, reader, duty);
                    entries.insert(key, node);
                }
            } else if duty.on_unknown.is_some() {
                for value in known {
                    entries.entry(literal(value)).or_insert(COPY);
                }
                otherwise = self.unknown(&"any other value".into(), reader, duty);
            }
        }
        if otherwise == COPY {
            entries.retain(|_, node| *node != COPY);
        }
        if entries.is_empty() && otherwise == COPY {
            return COPY;
        }
        let entries = entries.into_iter().collect();
        self.build.node(Node::Table(Box::new(Table { entries, otherwise })))
    }

    /// Lens L6: its rows in this direction. The answer is what every other value becomes.
    fn mapped(
        &mut self,
        map: &'a MapRule,
        (sender, reader): (&Shape, &Shape),
        duty: &Duty<'a>,
        entries: &mut BTreeMap<Literal, NodeId>,
    ) -> NodeId {
        for (key, value) in map.rows(self.site.direction) {
            let key = key_literal(key, sender);
            let value = meant(value, reader);
            let lost = returned(map, self.site.direction, &value, (sender, reader)) != key;
            let node = if key == value {
                COPY
            } else {
                let note = self.note("L6", format!("map `{key}` to `{value}`"), &duty.at, lost);
                self.build.node(Node::Replace(value, note))
            };
            entries.insert(key, node);
        }
        let Some(value) = map.otherwise(self.site.direction) else { return COPY };
        let node = self.replaced("L6", "any other value", &meant(value, reader), duty);
        self.build.node(node)
    }

    /// Rows A8 and A9: a value that the reader does not list.
    fn unknown(&mut self, value: &Literal, reader: &Shape, duty: &Duty<'a>) -> NodeId {
        let rule = self.rule("A9", "A8");
        let node = match duty.on_unknown {
            Some(OnUnknown::Keep) => return COPY,
            Some(OnUnknown::Omit | OnUnknown::DropItem) => self.left_out(rule, value, duty),
            Some(OnUnknown::Fallback(by)) => self.replaced(rule, value, by, duty),
            None if reader.extensible || duty.joined => return COPY,
            None if self.site.side == Side::Response
                && duty.stand == Stand::Member { required: false } =>
            {
                self.left_out(rule, value, duty)
            }
            Some(OnUnknown::Error) => self.refused_as_said(rule, value, "on_unknown: error", duty),
            None => self.refused(rule, value, duty),
        };
        self.build.node(node)
    }

    /// A value whose type the sender does not declare goes on only if the reader has a place for its type.
    pub(super) fn fitting(&mut self, reader: &Shape, duty: &Duty<'a>) -> NodeId {
        let text = "leave out a value of another type".to_owned();
        let note = self.note("L2", text, &duty.at, true);
        let omit = self.build.node(Node::Omit(note));
        let way = |kind: Kind| if reader.may_be(kind) { COPY } else { omit };
        let split = Split {
            null: way(Kind::Null),
            boolean: way(Kind::Boolean),
            number: way(Kind::Number),
            string: way(Kind::String),
            array: way(Kind::Array),
            object: way(Kind::Object),
        };
        self.build.node(Node::Split(Box::new(split)))
    }
}

/// What a mapped value becomes on the way back.
fn returned(
    map: &MapRule,
    direction: Direction,
    value: &Literal,
    (sender, reader): (&Shape, &Shape),
) -> Literal {
    let back = match direction {
        Direction::Up => Direction::Down,
        Direction::Down => Direction::Up,
    };
    let row = map.rows(back).iter().find(|(key, _)| key_literal(key, reader) == *value);
    let other = row.map(|(_, value)| value).or_else(|| map.otherwise(back));
    other.map_or_else(|| Literal::clone(value), |other| meant(other, sender))
}

/// A value of the file as the reader can take it: the inverse of a row is a key, and keys are written as text.
fn meant(value: &Value, reader: &Shape) -> Literal {
    match value {
        Value::String(text) if !reader.may_be(Kind::String) => {
            let parsed = serde_json::from_str::<Value>(text).ok();
            let fits = parsed.filter(|value| reader.may_be(Kind::of(value)));
            literal(&fits.unwrap_or_else(|| value.clone()))
        }
        _ => literal(value),
    }
}

/// A key of the file as the value it means: text where the sender may send text, else JSON.
fn key_literal(key: &str, sender: &Shape) -> Literal {
    let text = Value::from(key);
    if sender.may_be(Kind::String) && !sender.is_anything() {
        let listed = sender.listed.get(&Kind::String);
        if listed.is_none_or(|values| values.contains(&text)) {
            return literal(&text);
        }
    }
    match serde_json::from_str::<Value>(key) {
        Ok(value) if sender.may_be(Kind::of(&value)) && !sender.is_anything() => literal(&value),
        _ => literal(&text),
    }
}
