//! Variants of two schemas side by side: matched by what they say, then by name, then by likeness.

use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::{Facts, Part, Union, reference};
use super::same::Version;
use super::walker::{Flags, Spot, Walker, variant};
use crate::schema::{DEFS_PREFIX, Defs};

/// From which likeness on two variants count as one that changed.
const LIKE: f64 = 0.3;
/// Likeness of two variants of the same type that have no members to compare.
const SAME_TYPE: f64 = 0.5;

impl<'a> Walker<'a> {
    /// A schema that became one variant of a union, or the other way round; whether it was that.
    pub(super) fn wrapped(
        &mut self,
        (old, before): (&[Part<'a>], &Facts<'a>),
        (new, after): (&[Part<'a>], &Facts<'a>),
        spot: &Spot,
    ) -> bool {
        let ([one], [other]) = (old, new) else { return false };
        match (before.unions.as_slice(), after.unions.as_slice()) {
            ([], [union]) if is_pure(after) && !is_empty(before) => {
                let alone =
                    Union { exclusive: false, variants: vec![one.clone()], at: before.at.clone() };
                self.matched(&alone, union, spot);
            }
            ([union], []) if is_pure(before) && !is_empty(after) => {
                let alone =
                    Union { exclusive: false, variants: vec![other.clone()], at: after.at.clone() };
                self.matched(union, &alone, spot);
            }
            _ => return false,
        }
        true
    }

    /// All choices between variants.
    pub(super) fn unions(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let classes = |this: &Self, union: &Union<'a>, version| {
            let all = union.variants.iter().map(|part| part.schema);
            (union.exclusive, this.same.classes(all, version))
        };
        let mut left: Vec<&Union<'a>> = old.unions.iter().collect();
        let mut added: Vec<&Union<'a>> = Vec::new();
        for after in &new.unions {
            let wanted = classes(self, after, Version::New);
            match left.iter().position(|one| classes(self, one, Version::Old) == wanted) {
                Some(at) => drop(left.remove(at)),
                None => added.push(after),
            }
        }
        for (before, after) in left.iter().zip(&added) {
            self.matched(before, after, spot);
            if before.exclusive != after.exclusive
                && before.variants.len().max(after.variants.len()) > 1
            {
                let word = |union: &Union<'_>| if union.exclusive { "oneOf" } else { "anyOf" };
                let message = format!("`{}` was `{}`", word(after), word(before));
                let places = (before.at.clone(), after.at.clone());
                self.tell(spot, "union-kind-changed", message, places);
            }
        }
        for union in added.iter().skip(left.len()) {
            let message = format!("it must fit one of {} variants", union.variants.len());
            self.tell(spot, "union-added", message, (old.at.clone(), union.at.clone()));
        }
        for union in left.iter().skip(added.len()) {
            let message = format!("it need not fit one of {} variants", union.variants.len());
            self.tell(spot, "union-removed", message, (union.at.clone(), new.at.clone()));
        }
        self.discriminator(old, new, spot);
    }

    fn matched(&mut self, old: &Union<'a>, new: &Union<'a>, spot: &Spot) {
        let several = |union: &Union<'_>| union.exclusive && union.variants.len() > 1;
        let overlapping = several(old) || several(new);
        let deeper = spot.with(Flags { overlapping, ..Flags::default() });
        let mut left: Vec<&Part<'a>> = old.variants.iter().collect();
        let mut right: Vec<&Part<'a>> = new.variants.iter().collect();
        right.retain(|after| {
            let class = self.same.class(after.schema, Version::New);
            let at = left
                .iter()
                .position(|before| self.same.class(before.schema, Version::Old) == class);
            at.map(|at| left.remove(at)).is_none()
        });
        let mut pairs = Vec::new();
        right.retain(|after| {
            let Some(name) = reference(after.schema) else { return true };
            let at = left.iter().position(|before| reference(before.schema) == Some(name));
            pairs.extend(at.map(|at| (left.remove(at), *after)));
            at.is_none()
        });
        pairs.extend(self.likest(&mut left, &mut right));
        for (before, after) in pairs {
            self.walk(std::slice::from_ref(before), std::slice::from_ref(after), &deeper);
        }
        for after in right {
            let places = (old.at.clone(), after.at.clone());
            self.tell(
                &deeper,
                "variant-added",
                format!("variant {} is new", variant(after)),
                places,
            );
        }
        for before in left {
            let places = (before.at.clone(), new.at.clone());
            self.tell(
                &deeper,
                "variant-removed",
                format!("variant {} is gone", variant(before)),
                places,
            );
        }
    }

    /// Takes out the pairs that are most alike, best first, as long as they are alike enough.
    fn likest<'p>(
        &self,
        left: &mut Vec<&'p Part<'a>>,
        right: &mut Vec<&'p Part<'a>>,
    ) -> Vec<(&'p Part<'a>, &'p Part<'a>)> {
        let facts = |part: &Part<'a>, defs| Facts::of(std::slice::from_ref(part), defs);
        let before: Vec<Facts<'a>> = left.iter().map(|part| facts(part, self.old)).collect();
        let after: Vec<Facts<'a>> = right.iter().map(|part| facts(part, self.new)).collect();
        let mut all: Vec<(f64, usize, usize)> = Vec::new();
        for (at, one) in before.iter().enumerate() {
            let each = after.iter().enumerate();
            all.extend(each.map(|(to, other)| (likeness(one, other), at, to)));
        }
        all.retain(|(how, _, _)| *how >= LIKE);
        all.sort_by(|one, other| {
            other.0.total_cmp(&one.0).then((one.1, one.2).cmp(&(other.1, other.2)))
        });
        let (mut taken, mut given) = (BTreeSet::new(), BTreeSet::new());
        let mut pairs = Vec::new();
        for (_, at, to) in all {
            if !taken.contains(&at)
                && !given.contains(&to)
                && let (Some(one), Some(other)) = (left.get(at), right.get(to))
            {
                pairs.push((*one, *other));
                taken.insert(at);
                given.insert(to);
            }
        }
        let mut index = 0..;
        left.retain(|_| index.next().is_none_or(|at| !taken.contains(&at)));
        let mut index = 0..;
        right.retain(|_| index.next().is_none_or(|at| !given.contains(&at)));
        pairs
    }

    fn discriminator(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let keyword = "x-discriminator";
        let said = |facts: &Facts<'a>| Some(facts.plain.get(keyword)?.first()?.value);
        let name = |value: &'a Value| value.get("propertyName").and_then(Value::as_str);
        let (before, after) = (said(old), said(new));
        let places = (old.place(keyword), new.place(keyword));
        let (was, is) = (before.and_then(name), after.and_then(name));
        if was != is {
            let word = |name: Option<&str>| {
                name.map_or_else(|| "none".to_owned(), |name| format!("`{name}`"))
            };
            let message = format!("variants are told apart by {}, were by {}", word(is), word(was));
            return self.tell(spot, "discriminator-changed", message, places);
        }
        let mapped = |value: Option<&'a Value>| {
            value.and_then(|value| value.get("mapping")).and_then(Value::as_object)
        };
        let (was, is) = (mapped(before), mapped(after));
        let names = [was, is].into_iter().flatten().flat_map(|all| all.keys());
        let names: BTreeSet<&String> = names.collect();
        for value in names {
            let target = |mapping: Option<&'a serde_json::Map<String, Value>>| {
                mapping?.get(value)?.as_str()?.strip_prefix(DEFS_PREFIX)
            };
            let how = match (target(was), target(is)) {
                (None, Some(key)) => format!("value `{value}` stands for `{key}`"),
                (Some(key), None) => format!("value `{value}` no longer stands for `{key}`"),
                (Some(one), Some(other)) if one != other && !self.one_class(one, other) => {
                    format!("value `{value}` stands for `{other}`, stood for `{one}`")
                }
                _ => continue,
            };
            self.tell(spot, "discriminator-mapping-changed", how, places.clone());
        }
    }

    /// Whether two components of another name say the same.
    fn one_class(&self, old: &str, new: &str) -> bool {
        let class = |defs: &Defs, key: &str, version| {
            defs.0.get(key).map(|schema| self.same.class(schema, version))
        };
        class(self.old, old, Version::Old) == class(self.new, new, Version::New)
    }
}

/// Nothing but one choice.
fn is_pure(facts: &Facts<'_>) -> bool {
    let annotations = facts.plain.keys().all(|word| matches!(*word, "x-discriminator" | "default"));
    facts.types.is_none()
        && facts.properties.is_empty()
        && facts.required.is_empty()
        && facts.values.is_none()
        && facts.items.is_empty()
        && facts.undeclared.is_empty()
        && annotations
}

fn is_empty(facts: &Facts<'_>) -> bool {
    facts.parts == 0
}

/// How much two schemas have in common, from 0 to 1.
fn likeness(old: &Facts<'_>, new: &Facts<'_>) -> f64 {
    if let (Some((one, _)), Some((other, _))) = (&old.types, &new.types)
        && one.is_disjoint(other)
    {
        return 0.0;
    }
    let names = |facts: &Facts<'_>| -> BTreeSet<String> {
        facts.properties.keys().map(|name| (*name).to_owned()).collect()
    };
    let (one, other) = (names(old), names(new));
    if one.is_empty() && other.is_empty() {
        return SAME_TYPE;
    }
    ratio(one.intersection(&other).count(), one.union(&other).count())
}

fn ratio(part: usize, whole: usize) -> f64 {
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    count(part) / count(whole).max(1.0)
}
