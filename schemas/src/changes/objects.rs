//! Members of objects and items of arrays of two schemas side by side.

use std::collections::BTreeSet;

use super::facts::{Catching, Facts, Part, accepted, refused};
use super::walker::{Flags, Spot, Walker};
use crate::schema::{Defs, SchemaPlace};

/// What holds for members or items that are not declared one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    Refused,
    Accepted,
    Fitting,
}

impl Others {
    fn of(parts: &[Part<'_>]) -> Self {
        if refused(parts) {
            Self::Refused
        } else if accepted(parts) {
            Self::Accepted
        } else {
            Self::Fitting
        }
    }
}

/// The rules and sentences for what is not declared one by one: forbidden, allowed, constrained, free.
type Words = [(&'static str, &'static str); 4];

const MEMBERS: Words = [
    ("undeclared-forbidden", "undeclared members are refused"),
    ("undeclared-allowed", "undeclared members are accepted"),
    ("undeclared-constrained", "undeclared members must fit a schema"),
    ("undeclared-unconstrained", "undeclared members may be anything"),
];
const ITEMS: Words = [
    ("items-forbidden", "no more items are allowed"),
    ("items-allowed", "more items are allowed"),
    ("items-declared", "items must fit a schema"),
    ("items-undeclared", "items may be anything"),
];

impl<'a> Walker<'a> {
    /// Declared members, patterns of names, and all others.
    pub(super) fn members(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let declared = [&old.properties, &new.properties].into_iter().flat_map(|all| all.keys());
        let required = [&old.required, &new.required].into_iter().flat_map(|all| all.keys());
        let names: BTreeSet<&'a str> = declared.chain(required).copied().collect();
        for name in names {
            self.member(name, (old, new), spot);
        }
        self.map(old, new, spot);
        self.patterns(old, new, spot);
        let below = spot.member("*");
        self.others((&old.undeclared, old), (&new.undeclared, new), MEMBERS, (spot, &below));
    }

    /// An object that declares no member and refuses none is a map.
    fn map(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let takes_objects = |facts: &Facts<'_>| {
            facts.types.as_ref().is_none_or(|(types, _)| types.contains("object"))
        };
        if !takes_objects(old) || !takes_objects(new) {
            return;
        }
        let is_map = |facts: &Facts<'_>| facts.properties.is_empty() && accepted(&facts.undeclared);
        let (rule, message) = match (is_map(old), is_map(new)) {
            (true, false) if !new.properties.is_empty() => {
                ("map-became-object", "members are declared, where there were none")
            }
            (false, true) if !old.properties.is_empty() => {
                ("object-became-map", "no member is declared any more")
            }
            _ => return,
        };
        self.tell(spot, rule, message.to_owned(), (old.at.clone(), new.at.clone()));
    }

    fn member(&mut self, name: &'a str, (old, new): (&Facts<'a>, &Facts<'a>), spot: &Spot) {
        let (before, after) = (old.properties.get(name), new.properties.get(name));
        let at = spot.member(name).with(hidden((before, self.old), (after, self.new)));
        let required = (old.required.contains_key(name), new.required.contains_key(name));
        let place = |facts: &Facts<'_>, parts: Option<&Vec<Part<'_>>>| {
            let declared = parts.and_then(|parts| parts.first()).map(|part| part.at.clone());
            declared.unwrap_or_else(|| facts.at.clone())
        };
        let places = (place(old, before), place(new, after));
        let demand = |facts: &Facts<'_>, fallback: &SchemaPlace| {
            facts.required.get(name).cloned().unwrap_or_else(|| fallback.clone())
        };
        let demands = (demand(old, &places.0), demand(new, &places.1));
        let told = match (before, after) {
            (None, Some(after)) => {
                let caught = old.catching(name);
                let told = added(required, &caught);
                // What was declared for all others held for this one too.
                if let Catching::Fitting(before) = caught {
                    self.walk(&before, after, &at);
                }
                told
            }
            (Some(before), None) => {
                let caught = new.catching(name);
                let told = removed(required, &caught);
                if let Catching::Fitting(after) = caught {
                    self.walk(before, &after, &at);
                }
                told
            }
            (before, after) => {
                if let (Some(before), Some(after)) = (before, after) {
                    self.walk(before, after, &at);
                }
                necessity(required).into_iter().collect()
            }
        };
        for Told { rule, how, demanded } in told {
            let places = if demanded { demands.clone() } else { places.clone() };
            self.tell(&at, rule, format!("member `{name}` {how}"), places);
        }
    }

    fn patterns(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let below = spot.member("*");
        for (pattern, after) in &new.patterns {
            if let Some(before) = old.patterns.get(pattern) {
                self.walk(before, after, &below);
            } else {
                let message = format!("members that match `{pattern}` have a schema");
                let at = after.first().map_or_else(|| new.at.clone(), |part| part.at.clone());
                self.tell(spot, "pattern-properties-changed", message, (old.at.clone(), at));
            }
        }
        for (pattern, before) in &old.patterns {
            if !new.patterns.contains_key(pattern) {
                let message = format!("members that match `{pattern}` have no schema of their own");
                let at = before.first().map_or_else(|| old.at.clone(), |part| part.at.clone());
                self.tell(spot, "pattern-properties-changed", message, (at, new.at.clone()));
            }
        }
    }

    /// What holds for all that is not declared one by one; rows are told at the first spot, schemas walked at the second.
    fn others(
        &mut self,
        (old, before): (&[Part<'a>], &Facts<'a>),
        (new, after): (&[Part<'a>], &Facts<'a>),
        [forbidden, allowed, constrained, free]: Words,
        (spot, below): (&Spot, &Spot),
    ) {
        let (rule, message) = match (Others::of(old), Others::of(new)) {
            (Others::Fitting, Others::Fitting) => return self.walk(old, new, below),
            (one, other) if one == other => return,
            (_, Others::Refused) => forbidden,
            (Others::Refused, _) => allowed,
            (_, Others::Fitting) => constrained,
            (_, Others::Accepted) => free,
        };
        let place = |parts: &[Part<'_>], facts: &Facts<'_>| {
            parts.first().map_or_else(|| facts.at.clone(), |part| part.at.clone())
        };
        self.tell(spot, rule, message.to_owned(), (place(old, before), place(new, after)));
    }

    /// Leading items one by one, and all others.
    pub(super) fn arrays(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let many = old.prefix.len().max(new.prefix.len());
        for index in 0..many {
            let below = spot.member(&index.to_string());
            let (before, after) = (old.prefix.get(index), new.prefix.get(index));
            let left = before.unwrap_or(&old.items);
            let right = after.unwrap_or(&new.items);
            let rule = match (before, after) {
                (None, Some(_)) if accepted(left) => "prefix-items-added",
                (Some(_), None) if accepted(right) => "prefix-items-removed",
                (None, Some(_)) if refused(left) => "items-allowed",
                (Some(_), None) if refused(right) => "items-forbidden",
                _ => {
                    self.walk(left, right, &below);
                    continue;
                }
            };
            let message = match rule {
                "prefix-items-added" => format!("item {index} has a schema of its own"),
                "prefix-items-removed" => format!("item {index} may be anything"),
                "items-allowed" => format!("item {index} is allowed"),
                _ => format!("item {index} is refused"),
            };
            let place = |parts: &[Part<'_>], facts: &Facts<'_>| {
                parts.first().map_or_else(|| facts.at.clone(), |part| part.at.clone())
            };
            self.tell(&below, rule, message, (place(left, old), place(right, new)));
        }
        let below = spot.member("*");
        self.others((&old.items, old), (&new.items, new), ITEMS, (&below, &below));
    }
}

/// A row about a member; whether its place is that of `required`.
struct Told {
    rule: &'static str,
    how: &'static str,
    demanded: bool,
}

impl Told {
    const fn declared(rule: &'static str, how: &'static str) -> Self {
        Self { rule, how, demanded: false }
    }

    const fn demanded(rule: &'static str, how: &'static str) -> Self {
        Self { rule, how, demanded: true }
    }
}

const fn necessity(required: (bool, bool)) -> Option<Told> {
    match required {
        (false, true) => Some(Told::demanded("property-became-required", "is required")),
        (true, false) => Some(Told::demanded("property-became-optional", "is no longer required")),
        _ => None,
    }
}

/// A member that only the newer version declares.
fn added(required: (bool, bool), caught: &Catching<'_>) -> Vec<Told> {
    let mut told = Vec::new();
    if required == (false, true) {
        told.push(Told::declared("property-added-required", "is new and required"));
    } else {
        told.extend(necessity(required));
    }
    match caught {
        Catching::Refused => {
            told.push(Told::declared("property-admitted", "is new in a closed object"));
        }
        Catching::Open => {
            let how = "is declared, where any was allowed";
            told.push(Told::declared("property-added-to-open", how));
        }
        _ if required == (false, true) => {}
        _ => told.push(Told::declared("property-added", "is new")),
    }
    told
}

/// A member that only the older version declares.
fn removed(required: (bool, bool), caught: &Catching<'_>) -> Vec<Told> {
    let mut told = Vec::new();
    if required == (true, false) {
        told.push(Told::declared("property-removed-required", "is gone, and was always there"));
    } else {
        told.extend(necessity(required));
    }
    match caught {
        Catching::Refused => {
            told.push(Told::declared("property-forbidden", "is gone, and the object is closed"));
        }
        Catching::Open => {
            let how = "is gone, and any is allowed";
            told.push(Told::declared("property-removed-from-open", how));
        }
        _ if required == (true, false) => {}
        _ => told.push(Told::declared("property-removed", "is gone")),
    }
    told
}

/// Whether a member is in one direction only, in every version that declares it.
fn hidden<'a>(
    (old, old_defs): (Option<&Vec<Part<'a>>>, &'a Defs),
    (new, new_defs): (Option<&Vec<Part<'a>>>, &'a Defs),
) -> Flags {
    let facts = [(old, old_defs), (new, new_defs)]
        .map(|(parts, defs)| parts.map(|parts| Facts::of(parts, defs)));
    let says = |keyword: &str| {
        let mut each = facts.iter().flatten();
        facts.iter().any(Option::is_some) && each.all(|facts| facts.says(keyword))
    };
    Flags {
        overlapping: false,
        not_in_requests: says("readOnly"),
        not_in_responses: says("writeOnly"),
    }
}
