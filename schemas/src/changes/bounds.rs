//! Bounds, steps, and conditions that only ever refuse, of two schemas side by side.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::{Fact, Facts};
use super::same::{Class, Version};
use super::walker::{Spot, Walker, shown_or};
use crate::schema::SchemaPlace;

/// Counts by lower bound, upper bound, and the rules for a tighter and a looser one. A lower bound of 0 is none.
const COUNTS: [(&str, &str, [&str; 2]); 3] = [
    ("minLength", "maxLength", ["length-tightened", "length-loosened"]),
    ("minItems", "maxItems", ["items-count-tightened", "items-count-loosened"]),
    ("minProperties", "maxProperties", ["property-count-tightened", "property-count-loosened"]),
];

/// Conditions that only ever refuse: added, removed, changed.
const OPAQUE: [(&[&str], [&str; 3]); 5] = [
    (&["pattern"], ["pattern-added", "pattern-removed", "pattern-changed"]),
    (&["not"], ["not-added", "not-removed", "not-changed"]),
    (
        &["propertyNames"],
        ["property-names-added", "property-names-removed", "property-names-changed"],
    ),
    (
        &["contains", "minContains", "maxContains"],
        ["contains-added", "contains-removed", "contains-changed"],
    ),
    (
        &["dependentRequired", "dependentSchemas"],
        ["dependency-added", "dependency-removed", "dependency-changed"],
    ),
];

/// Keywords that other functions compare.
const COMPARED: &[&str] = &[
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "dependentRequired",
    "dependentSchemas",
    "deprecated",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "pattern",
    "propertyNames",
    "readOnly",
    "uniqueItems",
    "writeOnly",
    "x-discriminator",
    "x-extensible-enum",
    "x-stability-level",
    "x-sunset",
];

/// A bound: how much, and whether it is itself excluded.
#[derive(Clone, Debug, PartialEq)]
struct Bound {
    value: f64,
    excluded: bool,
    at: SchemaPlace,
    said: String,
}

impl<'a> Walker<'a> {
    /// Bounds, patterns, conditions, formats.
    pub(super) fn keywords(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let range = ["range-tightened", "range-loosened"];
        let lower =
            |facts: &Facts<'_>| bound(facts, ["minimum", "exclusiveMinimum"], false, f64::max);
        let upper =
            |facts: &Facts<'_>| bound(facts, ["maximum", "exclusiveMaximum"], false, f64::min);
        self.bound((lower(old), lower(new)), (old, new), (range, false), spot);
        self.bound((upper(old), upper(new)), (old, new), (range, true), spot);
        for (low, high, rules) in COUNTS {
            let lower = |facts: &Facts<'_>| bound(facts, [low, low], true, f64::max);
            let upper = |facts: &Facts<'_>| bound(facts, [high, high], false, f64::min);
            self.bound((lower(old), lower(new)), (old, new), (rules, false), spot);
            self.bound((upper(old), upper(new)), (old, new), (rules, true), spot);
        }
        self.multiples(old, new, spot);
        let unique = |facts: &Facts<'_>| facts.says("uniqueItems");
        let places = (old.place("uniqueItems"), new.place("uniqueItems"));
        match (unique(old), unique(new)) {
            (false, true) => {
                let message = "no item may occur twice".to_owned();
                self.tell(spot, "unique-items-required", message, places);
            }
            (true, false) => {
                let message = "items may occur twice".to_owned();
                self.tell(spot, "unique-items-dropped", message, places);
            }
            _ => {}
        }
        self.opaque(old, new, spot);
        self.rest(old, new, spot);
    }

    fn bound(
        &mut self,
        (before, after): (Option<Bound>, Option<Bound>),
        (old, new): (&Facts<'a>, &Facts<'a>),
        ([tightened, loosened], upper): ([&'static str; 2], bool),
        spot: &Spot,
    ) {
        let order = match (&before, &after) {
            (None, None) => return,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => {
                let order = other.value.total_cmp(&one.value);
                let order = if upper { order.reverse() } else { order };
                order.then(other.excluded.cmp(&one.excluded))
            }
        };
        let rule = match order {
            Ordering::Greater => tightened,
            Ordering::Less => loosened,
            Ordering::Equal => return,
        };
        let said = |one: &Option<Bound>| {
            one.as_ref().map_or_else(|| "none".to_owned(), |one| one.said.clone())
        };
        let place = |one: Option<&Bound>, facts: &Facts<'_>| {
            one.map_or_else(|| facts.at.clone(), |one| one.at.clone())
        };
        let places = (place(before.as_ref(), old), place(after.as_ref(), new));
        self.tell(spot, rule, format!("{}, was {}", said(&after), said(&before)), places);
    }

    fn multiples(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let steps = |facts: &Facts<'_>| -> Vec<f64> {
            let all = facts.plain.get("multipleOf").into_iter().flatten();
            all.filter_map(|one| one.value.as_f64()).collect()
        };
        let (before, after) = (steps(old), steps(new));
        let divides = |small: f64, large: f64| {
            let ratio = large / small;
            (ratio - ratio.round()).abs() < 1e-9 * ratio.abs().max(1.0)
        };
        let rule = match (before.as_slice(), after.as_slice()) {
            (one, other) if one == other => return,
            ([], _) => "multiple-tightened",
            (_, []) => "multiple-loosened",
            ([one], [other]) if divides(*one, *other) => "multiple-tightened",
            ([one], [other]) if divides(*other, *one) => "multiple-loosened",
            _ => "multiple-changed",
        };
        let said = |facts: &Facts<'a>| said(facts.plain.get("multipleOf"));
        let places = (old.place("multipleOf"), new.place("multipleOf"));
        self.tell(spot, rule, format!("`multipleOf` is {}, was {}", said(new), said(old)), places);
    }

    fn opaque(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        for (keywords, rules) in OPAQUE {
            let before = self.demands(old, keywords, Version::Old);
            let after = self.demands(new, keywords, Version::New);
            let Some(rule) = choose(&before, &after, rules) else { continue };
            let present = |facts: &Facts<'a>| {
                keywords.iter().copied().find(|word| facts.plain.contains_key(*word))
            };
            let keyword = present(new).or_else(|| present(old)).unwrap_or_default();
            let (now, then) = (said(new.plain.get(keyword)), said(old.plain.get(keyword)));
            let message = format!("`{keyword}` is {now}, was {then}");
            self.tell(spot, rule, message, (old.place(keyword), new.place(keyword)));
        }
        let class = |one: &Fact<'a>, version| -> Vec<Class> {
            let parts = ["if", "then", "else"].iter().map(|word| one.value.get(*word));
            parts.map(|part| self.same.class(part.unwrap_or(&Value::Bool(true)), version)).collect()
        };
        let each = |facts: &Facts<'a>, version| -> Vec<Vec<Class>> {
            let mut all: Vec<_> = facts.conditions.iter().map(|one| class(one, version)).collect();
            all.sort_unstable();
            all
        };
        let rules = ["condition-added", "condition-removed", "condition-changed"];
        let (before, after) = (each(old, Version::Old), each(new, Version::New));
        if let Some(rule) = choose(&before, &after, rules) {
            let place = |facts: &Facts<'_>| {
                facts.conditions.first().map_or_else(|| facts.at.clone(), |one| one.at.clone())
            };
            let message = match rule {
                "condition-added" => "a condition is new",
                "condition-removed" => "a condition is gone",
                _ => "the condition is different",
            };
            self.tell(spot, rule, message.to_owned(), (place(old), place(new)));
        }
    }

    /// What an opaque family of keywords demands, piece by piece.
    fn demands(&self, facts: &Facts<'a>, keywords: &[&str], version: Version) -> Vec<Vec<Class>> {
        let mut found = Vec::new();
        for (at, keyword) in keywords.iter().enumerate() {
            let all = facts.plain.get(*keyword).into_iter().flatten();
            found.extend(all.flat_map(|fact| self.pieces(at, keyword, fact.value, version)));
        }
        // The counts belong to `contains` and say nothing without it.
        if keywords.first() == Some(&"contains") {
            let is_there = facts.plain.contains_key("contains");
            found = if is_there { vec![found.concat()] } else { Vec::new() };
        }
        found.sort_unstable();
        found
    }

    fn pieces(&self, at: usize, keyword: &str, value: &Value, version: Version) -> Vec<Vec<Class>> {
        let class = |value: &Value| self.same.class(value, version);
        let text = |text: &str| self.same.class(&Value::from(text), version);
        match (keyword, value) {
            ("dependentRequired", Value::Object(all)) => {
                let others = |others: &'_ Value| -> Vec<Class> {
                    others.as_array().into_iter().flatten().map(class).collect()
                };
                let each = all.iter().map(|(name, names)| (text(name), others(names)));
                each.flat_map(|(name, all)| all.into_iter().map(move |one| vec![name, one]))
                    .collect()
            }
            ("dependentSchemas", Value::Object(all)) => {
                let each = all.iter();
                each.map(|(name, one)| vec![text("schema"), text(name), class(one)]).collect()
            }
            (_, value) => vec![vec![text(&at.to_string()), class(value)]],
        }
    }

    /// Keywords that no other rule names.
    fn rest(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let keywords: BTreeSet<&str> = old.plain.keys().chain(new.plain.keys()).copied().collect();
        for keyword in keywords.into_iter().filter(|word| !COMPARED.contains(word)) {
            let class = |facts: &Facts<'a>, version| {
                let all = facts.plain.get(keyword).into_iter().flatten();
                self.same.classes(all.map(|one| one.value), version)
            };
            if class(old, Version::Old) != class(new, Version::New) {
                let first = |facts: &Facts<'a>| said(facts.plain.get(keyword));
                let message = format!("`{keyword}` is {}, was {}", first(new), first(old));
                self.tell(
                    spot,
                    "schema-changed",
                    message,
                    (old.place(keyword), new.place(keyword)),
                );
            }
        }
    }
}

/// Which of added, removed and changed it is; nothing when both demand the same. Both are sorted.
fn choose<T: PartialEq>(
    before: &[T],
    after: &[T],
    rules: [&'static str; 3],
) -> Option<&'static str> {
    let within = |small: &[T], large: &[T]| {
        let mut left: Vec<&T> = large.iter().collect();
        small.iter().all(|one| {
            let at = left.iter().position(|other| *other == one);
            at.map(|at| left.swap_remove(at)).is_some()
        })
    };
    let [added, removed, changed] = rules;
    match (within(before, after), within(after, before)) {
        (true, true) => None,
        (true, false) => Some(added),
        (false, true) => Some(removed),
        (false, false) => Some(changed),
    }
}

/// The tightest of a bound's two spellings, over all schemas that hold.
fn bound(
    facts: &Facts<'_>,
    [plain, excluding]: [&str; 2],
    zero_is_none: bool,
    tighter: fn(f64, f64) -> f64,
) -> Option<Bound> {
    let mut found: Option<Bound> = None;
    let words = if plain == excluding {
        vec![(plain, false)]
    } else {
        vec![(plain, false), (excluding, true)]
    };
    for (keyword, excluded) in words {
        for fact in facts.plain.get(keyword).into_iter().flatten() {
            let Some(value) = fact.value.as_f64() else { continue };
            if zero_is_none && value <= 0.0 {
                continue;
            }
            let wins = found.as_ref().is_none_or(|known| {
                (tighter(known.value, value).total_cmp(&value).is_eq()
                    && known.value.total_cmp(&value).is_ne())
                    || (known.value.total_cmp(&value).is_eq() && excluded)
            });
            if wins {
                let said = format!("`{keyword}` is {}", fact.value);
                found = Some(Bound { value, excluded, at: fact.at.clone(), said });
            }
        }
    }
    found
}

fn said(facts: Option<&Vec<Fact<'_>>>) -> String {
    shown_or(facts.and_then(|all| all.first()).map(|one| one.value))
}
