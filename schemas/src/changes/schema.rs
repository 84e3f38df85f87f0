//! The walk of two schemas side by side.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::facts::{CONDITIONS, Facts, LOWER, OTHER, UPPER, component};
use crate::pointer::Pointer;
use crate::schema::Defs;

/// How deep the walk follows members that no component guards.
const DEPTH_BOUND: usize = 64;
/// Values longer than this are cut in sentences.
const VALUE_BOUND: usize = 60;

/// A difference between two schemas, not yet at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    /// The component it is in; `None` when it is in the message itself.
    pub(super) component: Option<String>,
    pub(super) rule: &'static str,
    pub(super) pointer: Pointer,
    pub(super) message: String,
}

/// Walks pairs of schemas of two versions; a pair of components is walked once, however often it is used.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    old: &'a Defs,
    new: &'a Defs,
    seen: HashSet<(&'a str, &'a str)>,
    found: Vec<Difference>,
}

/// Where the walk stands: the component and the path inside it.
#[derive(Clone, Debug, Default)]
struct Spot {
    component: Option<String>,
    pointer: Pointer,
    depth: usize,
}

impl Spot {
    fn member(&self, name: &str) -> Self {
        let pointer = self.pointer.join(name);
        Self { component: self.component.clone(), pointer, depth: self.depth + 1 }
    }
}

impl<'a> Walker<'a> {
    pub(super) fn new(old: &'a Defs, new: &'a Defs) -> Self {
        Self { old, new, seen: HashSet::new(), found: Vec::new() }
    }

    /// All differences below two roots that no earlier call has told.
    pub(super) fn compare(&mut self, old: &'a Value, new: &'a Value) -> Vec<Difference> {
        self.walk(old, new, &Spot::default());
        std::mem::take(&mut self.found)
    }

    fn tell(&mut self, spot: &Spot, rule: &'static str, message: String) {
        let (component, pointer) = (spot.component.clone(), spot.pointer.clone());
        self.found.push(Difference { component, rule, pointer, message });
    }

    fn walk(&mut self, old: &'a Value, new: &'a Value, spot: &Spot) {
        if spot.depth > DEPTH_BOUND {
            return;
        }
        let mut inside = spot.clone();
        if let (Some(one), Some(other)) = (component(old), component(new)) {
            if !self.seen.insert((one, other)) {
                return;
            }
            inside = Spot { component: Some(other.to_owned()), ..Spot::default() };
        }
        let (before, after) = (Facts::of(old, self.old), Facts::of(new, self.new));
        let (null_before, null_after) = (before.nullable_variant(), after.nullable_variant());
        if null_before.is_some() || null_after.is_some() {
            self.nullable((old, null_before), (new, null_after), &inside);
            return;
        }
        self.facts(&before, &after, &inside);
    }

    /// One side, or both, spell "or null" as a union of two.
    fn nullable(
        &mut self,
        (old, old_one): (&'a Value, Option<&'a Value>),
        (new, new_one): (&'a Value, Option<&'a Value>),
        spot: &Spot,
    ) {
        let allows = |schema, defs| {
            Facts::of(schema, defs).types.is_none_or(|types: BTreeSet<&str>| types.contains("null"))
        };
        let before = old_one.is_some() || allows(old, self.old);
        let after = new_one.is_some() || allows(new, self.new);
        self.null(before, after, spot);
        let next = Spot { depth: spot.depth + 1, ..spot.clone() };
        self.walk(old_one.unwrap_or(old), new_one.unwrap_or(new), &next);
    }

    fn null(&mut self, before: bool, after: bool, spot: &Spot) {
        match (before, after) {
            (false, true) => self.tell(spot, "null-allowed", "null is allowed".to_owned()),
            (true, false) => {
                self.tell(spot, "null-forbidden", "null is no longer allowed".to_owned());
            }
            _ => {}
        }
    }

    fn facts(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        self.types(old, new, spot);
        self.values(old, new, spot);
        self.constraints(old, new, spot);
        self.members(old, new, spot);
        self.items(old, new, spot);
        self.variants(old, new, spot);
        if old.never != new.never {
            self.tell(spot, "schema-changed", "nothing was or is allowed here".to_owned());
        }
        if old.default != new.default {
            let message = format!("default is {}, was {}", shown(new.default), shown(old.default));
            self.tell(spot, "default-changed", message);
        }
        if old.format != new.format {
            let (now, then) = (new.format.unwrap_or("none"), old.format.unwrap_or("none"));
            self.tell(spot, "format-changed", format!("format is `{now}`, was `{then}`"));
        }
    }

    fn types(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let (before, after) = match (&old.types, &new.types) {
            (Some(before), Some(after)) => (before.clone(), after.clone()),
            (None, None) => return,
            (None, Some(after)) => {
                let message = format!("type is {}, was any", listed(after));
                return self.tell(spot, "type-narrowed", message);
            }
            (Some(before), None) => {
                let message = format!("type is any, was {}", listed(before));
                return self.tell(spot, "type-widened", message);
            }
        };
        self.null(before.contains("null"), after.contains("null"), spot);
        let plain = |types: BTreeSet<&'a str>| -> BTreeSet<&'a str> {
            types.into_iter().filter(|one| *one != "null").collect()
        };
        let (before, after) = (plain(before), plain(after));
        if before == after {
            return;
        }
        let within = |small: &BTreeSet<&str>, large: &BTreeSet<&str>| {
            small
                .iter()
                .all(|one| large.contains(one) || (*one == "integer" && large.contains("number")))
        };
        let rule = if within(&before, &after) {
            "type-widened"
        } else if within(&after, &before) {
            "type-narrowed"
        } else {
            "type-changed"
        };
        self.tell(spot, rule, format!("type is {}, was {}", listed(&after), listed(&before)));
    }

    fn values(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        match (&old.values, &new.values) {
            (Some(before), Some(after)) => {
                for value in after.iter().filter(|value| !before.contains(value)) {
                    let message = format!("value {} is new", shown(Some(value)));
                    self.tell(spot, "enum-value-added", message);
                }
                for value in before.iter().filter(|value| !after.contains(value)) {
                    let message = format!("value {} is gone", shown(Some(value)));
                    self.tell(spot, "enum-value-removed", message);
                }
            }
            (None, Some(after)) => {
                let message = format!("only {} listed values are allowed", after.len());
                self.tell(spot, "constraint-tightened", message);
            }
            (Some(before), None) => {
                let message = format!("no longer only {} listed values", before.len());
                self.tell(spot, "constraint-loosened", message);
            }
            (None, None) => {}
        }
    }

    fn constraints(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        for keyword in [LOWER, UPPER, OTHER, CONDITIONS].into_iter().flatten().copied() {
            let (before, after) =
                (old.plain.get(keyword).copied(), new.plain.get(keyword).copied());
            if before == after {
                continue;
            }
            let rule = constraint_rule(keyword, before, after);
            let message = format!("`{keyword}` is {}, was {}", shown(after), shown(before));
            self.tell(spot, rule, message);
        }
    }

    fn members(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        for (name, schema) in &new.properties {
            let at = spot.member(name);
            let required = (old.required.contains(name), new.required.contains(name));
            let Some(before) = old.properties.get(name) else {
                let (rule, how) = match required {
                    (_, true) => ("property-added-required", "new and required"),
                    (_, false) => ("property-added", "new"),
                };
                self.tell(&at, rule, format!("member `{name}` is {how}"));
                continue;
            };
            match required {
                (false, true) => {
                    let message = format!("member `{name}` is required");
                    self.tell(&at, "property-became-required", message);
                }
                (true, false) => {
                    let message = format!("member `{name}` is no longer required");
                    self.tell(&at, "property-became-optional", message);
                }
                _ => {}
            }
            self.walk(before, schema, &at);
        }
        for name in old.properties.keys().filter(|name| !new.properties.contains_key(*name)) {
            self.tell(&spot.member(name), "property-removed", format!("member `{name}` is gone"));
        }
        match (old.is_closed(), new.is_closed()) {
            (false, true) => {
                let message = "undeclared members are refused".to_owned();
                self.tell(spot, "undeclared-forbidden", message);
            }
            (true, false) => {
                let message = "undeclared members are accepted".to_owned();
                self.tell(spot, "undeclared-allowed", message);
            }
            (false, false) => {
                if let (Some(before), Some(after)) = (old.undeclared, new.undeclared) {
                    self.walk(before, after, &spot.member("*"));
                }
            }
            (true, true) => {}
        }
    }

    fn items(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        match (old.items, new.items) {
            (Some(before), Some(after)) => self.walk(before, after, &spot.member("*")),
            (None, Some(_)) if old.prefix.is_empty() => {
                let message = "items are declared".to_owned();
                self.tell(&spot.member("*"), "constraint-tightened", message);
            }
            (Some(_), None) if new.prefix.is_empty() => {
                let message = "items are no longer declared".to_owned();
                self.tell(&spot.member("*"), "constraint-loosened", message);
            }
            _ => {}
        }
        for (index, (before, after)) in old.prefix.iter().zip(&new.prefix).enumerate() {
            self.walk(before, after, &spot.member(&index.to_string()));
        }
        if old.prefix.len() != new.prefix.len() {
            let message = format!("{} leading items, were {}", new.prefix.len(), old.prefix.len());
            self.tell(spot, "constraint-changed", message);
        }
    }

    /// Variants are the same when they name the same component or are equal; the one left on each side is a pair.
    fn variants(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let same = |one: &Value, other: &Value| match (component(one), component(other)) {
            (Some(one), Some(other)) => one == other,
            _ => one == other,
        };
        let mut left: Vec<&'a Value> = old.variants.clone();
        let mut added = Vec::new();
        let deeper = Spot { depth: spot.depth + 1, ..spot.clone() };
        for after in &new.variants {
            match left.iter().position(|before| same(before, after)) {
                Some(index) => {
                    let before = left.remove(index);
                    self.walk(before, after, &deeper);
                }
                None => added.push(*after),
            }
        }
        if let ([before], [after]) = (left.as_slice(), added.as_slice()) {
            self.walk(before, after, &deeper);
            return;
        }
        for after in added {
            let message = format!("variant {} is new", variant(after));
            self.tell(spot, "variant-added", message);
        }
        for before in left {
            let message = format!("variant {} is gone", variant(before));
            self.tell(spot, "variant-removed", message);
        }
    }
}

fn constraint_rule(keyword: &str, old: Option<&Value>, new: Option<&Value>) -> &'static str {
    if CONDITIONS.contains(&keyword) {
        return "schema-changed";
    }
    let (Some(before), Some(after)) = (old, new) else {
        return if new.is_some() { "constraint-tightened" } else { "constraint-loosened" };
    };
    let order =
        before.as_f64().zip(after.as_f64()).and_then(|(one, other)| one.partial_cmp(&other));
    match (order, LOWER.contains(&keyword), UPPER.contains(&keyword)) {
        (Some(Ordering::Less), true, _) | (Some(Ordering::Greater), _, true) => {
            "constraint-tightened"
        }
        (Some(Ordering::Greater), true, _) | (Some(Ordering::Less), _, true) => {
            "constraint-loosened"
        }
        _ => "constraint-changed",
    }
}

fn variant(schema: &Value) -> String {
    if let Some(key) = component(schema) {
        return format!("`{key}`");
    }
    match schema.get("title").and_then(Value::as_str) {
        Some(title) => format!("`{title}`"),
        None => shown(Some(schema)),
    }
}

fn listed(types: &BTreeSet<&str>) -> String {
    types.iter().copied().collect::<Vec<_>>().join(" or ")
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "none".to_owned() };
    let text = value.to_string();
    if text.chars().count() <= VALUE_BOUND {
        return text;
    }
    text.chars().take(VALUE_BOUND).chain("…".chars()).collect()
}
