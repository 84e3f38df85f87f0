//! Types and listed values of two schemas side by side.

use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::Facts;
use super::walker::{Spot, Walker, shown};
use crate::schema::SchemaPlace;

impl<'a> Walker<'a> {
    /// One side, or both, spell "or null" as a union of two.
    pub(super) fn nullable(
        &mut self,
        (old, old_null): (&Facts<'a>, bool),
        (new, new_null): (&Facts<'a>, bool),
        spot: &Spot,
    ) {
        let allows = |facts: &Facts<'_>| {
            facts.types.as_ref().is_none_or(|(types, _)| types.contains("null"))
        };
        let places = (type_place(old), type_place(new));
        self.null((old_null || allows(old), new_null || allows(new)), spot, places);
    }

    fn null(&mut self, nulls: (bool, bool), spot: &Spot, places: (SchemaPlace, SchemaPlace)) {
        match nulls {
            (false, true) => {
                self.tell(spot, "null-allowed", "null is allowed".to_owned(), places);
            }
            (true, false) => {
                self.tell(spot, "null-forbidden", "null is no longer allowed".to_owned(), places);
            }
            _ => {}
        }
    }

    /// Types and listed values.
    pub(super) fn values(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        match (&old.never, &new.never) {
            (None, Some(at)) => {
                let message = "nothing is allowed here any more".to_owned();
                let places = (old.at.clone(), at.clone());
                return self.tell(spot, "value-forbidden", message, places);
            }
            (Some(at), None) => {
                let message = "something is allowed where nothing was".to_owned();
                let places = (at.clone(), new.at.clone());
                return self.tell(spot, "value-allowed", message, places);
            }
            _ => {}
        }
        self.types(old, new, spot);
        self.listed(old, new, spot);
        self.extensible(old, new, spot);
    }

    fn types(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let places = (type_place(old), type_place(new));
        let (before, after) = match (effective(old), effective(new)) {
            (Some(before), Some(after)) => (before, after),
            (None, None) => return,
            (None, Some(after)) => {
                // Listed values, which have their types, are told by the rules for lists.
                if new.types.is_some() {
                    let message = format!("type is {}, was any", names(&after));
                    self.tell(spot, "type-narrowed", message, places);
                }
                return;
            }
            (Some(before), None) => {
                if old.types.is_some() {
                    let message = format!("type is any, was {}", names(&before));
                    self.tell(spot, "type-widened", message, places);
                }
                return;
            }
        };
        if old.types.is_none() && new.types.is_none() {
            return;
        }
        self.null((before.contains("null"), after.contains("null")), spot, places.clone());
        let plain = |types: &BTreeSet<&'a str>| -> BTreeSet<&'a str> {
            types.iter().copied().filter(|one| *one != "null").collect()
        };
        let (before, after) = (plain(&before), plain(&after));
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
        let message = format!("type is {}, was {}", names(&after), names(&before));
        self.tell(spot, rule, message, places);
    }

    fn listed(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let place = |facts: &Facts<'_>| {
            facts.values.as_ref().map_or_else(|| facts.at.clone(), |(_, at)| at.clone())
        };
        let places = (place(old), place(new));
        match (&old.values, &new.values) {
            (Some((before, _)), Some((after, _))) => {
                let rules = ["enum-value-added", "enum-value-removed"];
                self.value_rows((before, after), rules, spot, &places);
            }
            (None, Some((after, _))) if !old.plain.contains_key("x-extensible-enum") => {
                let message = format!("only {} are allowed", listing(after));
                self.tell(spot, "enum-added", message, places);
            }
            (Some((before, _)), None) if !new.plain.contains_key("x-extensible-enum") => {
                let message = format!("not only {} are allowed", listing(before));
                self.tell(spot, "enum-removed", message, places);
            }
            _ => {}
        }
    }

    /// `x-extensible-enum`: a list in place of `enum`, or a flag beside it.
    fn extensible(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let keyword = "x-extensible-enum";
        let open = |facts: &Facts<'_>| {
            facts.plain.get(keyword).is_some_and(|all| all.iter().any(|one| *one.value != false))
        };
        let list = |facts: &Facts<'a>| -> Option<Vec<&'a Value>> {
            let said = facts.plain.get(keyword)?.first()?.value.as_array()?;
            Some(said.iter().collect())
        };
        let places = (old.place(keyword), new.place(keyword));
        match (open(old), open(new)) {
            (false, true) if old.values.is_some() || new.values.is_some() => {
                let message = "readers must expect values that are not listed".to_owned();
                self.tell(spot, "enum-became-extensible", message, places.clone());
            }
            (false, true) => {
                let message = "the values are listed, and more may come".to_owned();
                self.tell(spot, "schema-changed", message, places.clone());
            }
            (true, false) if new.values.is_some() || old.values.is_some() => {
                let message = "no other values than those listed will come".to_owned();
                self.tell(spot, "enum-became-closed", message, places.clone());
            }
            (true, false) => {
                let message = "the values are no longer listed".to_owned();
                self.tell(spot, "schema-changed", message, places.clone());
            }
            _ => {}
        }
        let values = |facts: &Facts<'a>| {
            list(facts).or_else(|| facts.values.as_ref().map(|(values, _)| values.clone()))
        };
        if (list(old).is_some() || list(new).is_some())
            && let (Some(before), Some(after)) = (values(old), values(new))
        {
            let rules = ["extensible-value-added", "extensible-value-removed"];
            self.value_rows((&before, &after), rules, spot, &places);
        }
    }

    fn value_rows(
        &mut self,
        (before, after): (&[&Value], &[&Value]),
        [added, removed]: [&'static str; 2],
        spot: &Spot,
        places: &(SchemaPlace, SchemaPlace),
    ) {
        for value in after.iter().filter(|value| !before.contains(value)) {
            self.tell(spot, added, format!("value {} is new", shown(value)), places.clone());
        }
        for value in before.iter().filter(|value| !after.contains(value)) {
            self.tell(spot, removed, format!("value {} is gone", shown(value)), places.clone());
        }
    }
}

/// The types that are allowed: those declared, else those of the listed values.
fn effective<'a>(facts: &Facts<'a>) -> Option<BTreeSet<&'a str>> {
    let kind = |value: &&Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|one| one.fract() == 0.0) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match (&facts.types, &facts.values) {
        (Some((types, _)), _) => Some(types.clone()),
        (None, Some((values, _))) => Some(values.iter().map(kind).collect()),
        (None, None) => None,
    }
}

fn type_place(facts: &Facts<'_>) -> SchemaPlace {
    facts.types.as_ref().map_or_else(|| facts.at.clone(), |(_, at)| at.clone())
}

fn names(types: &BTreeSet<&str>) -> String {
    types.iter().copied().collect::<Vec<_>>().join(" or ")
}

fn listing(values: &[&Value]) -> String {
    match values {
        [one] => shown(one),
        many => format!("{} listed values", many.len()),
    }
}
