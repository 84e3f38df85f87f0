//! The walk of two schemas side by side: pairs of components are walked once, and told to every message that reaches them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::facts::{Facts, Part, component, reference};
use super::same::{Sameness, Version};
use crate::pointer::Pointer;
use crate::schema::{Defs, SchemaPlace, Side};

/// How deep the walk follows schemas before it goes on in a new unit.
const DEPTH_BOUND: usize = 48;
/// Values longer than this are cut in sentences.
const VALUE_BOUND: usize = 60;

/// What is known of a place by the way that leads to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Flags {
    /// Below a variant of a `oneOf`: fewer payloads of the variant may be more of the whole.
    pub(super) overlapping: bool,
    /// Below a member that is `readOnly` in both versions.
    pub(super) not_in_requests: bool,
    /// Below a member that is `writeOnly` in both versions.
    pub(super) not_in_responses: bool,
}

impl Flags {
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            overlapping: self.overlapping || other.overlapping,
            not_in_requests: self.not_in_requests || other.not_in_requests,
            not_in_responses: self.not_in_responses || other.not_in_responses,
        }
    }

    /// Whether what is below never travels to this side.
    pub(super) const fn hides(self, side: Side) -> bool {
        match side {
            Side::Request => self.not_in_requests,
            Side::Response => self.not_in_responses,
        }
    }
}

/// A difference between two schemas, not yet in a message.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) rule: &'static str,
    /// The component it is in; `None` when it is in the message itself.
    pub(super) component: Option<Arc<str>>,
    pub(super) pointer: Pointer,
    pub(super) message: String,
    pub(super) old: SchemaPlace,
    pub(super) new: SchemaPlace,
    pub(super) flags: Flags,
}

/// A pair of schemas that is walked once, with what it leads to.
#[derive(Debug, Default)]
pub(super) struct Unit {
    pub(super) rows: Vec<Row>,
    pub(super) edges: Vec<(usize, Flags)>,
}

/// Where the walk stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Spot {
    unit: usize,
    component: Option<Arc<str>>,
    pointer: Pointer,
    depth: usize,
    pub(super) flags: Flags,
}

impl Spot {
    pub(super) fn member(&self, name: &str) -> Self {
        Self { pointer: self.pointer.join(name), depth: self.depth + 1, ..self.clone() }
    }

    pub(super) fn with(&self, flags: Flags) -> Self {
        Self { flags: self.flags.and(flags), ..self.clone() }
    }
}

type Key = (Vec<usize>, Vec<usize>);

/// Walks pairs of schemas of two versions.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    pub(super) old: &'a Defs,
    pub(super) new: &'a Defs,
    pub(super) same: Sameness<'a>,
    pub(super) units: Vec<Unit>,
    known: HashMap<Key, usize>,
    waiting: VecDeque<(Vec<Part<'a>>, Vec<Part<'a>>, Spot)>,
    told: usize,
}

impl<'a> Walker<'a> {
    pub(super) fn new(old: &'a Defs, new: &'a Defs) -> Self {
        Self {
            old,
            new,
            same: Sameness::new(old, new),
            units: Vec::new(),
            known: HashMap::new(),
            waiting: VecDeque::new(),
            told: 0,
        }
    }

    /// Walks two roots; the answer is the unit from which everything that differs below them is reached.
    pub(super) fn compare(&mut self, old: &'a Value, new: &'a Value) -> usize {
        let unit = self.unit();
        let spot = Spot { unit, ..Spot::default() };
        let part = |schema| [Part::new(schema, SchemaPlace::root())];
        self.walk(&part(old), &part(new), &spot);
        while let Some((old, new, spot)) = self.waiting.pop_front() {
            self.facts(&old, &new, &spot);
        }
        unit
    }

    fn unit(&mut self) -> usize {
        self.units.push(Unit::default());
        self.units.len() - 1
    }

    pub(super) fn tell(
        &mut self,
        spot: &Spot,
        rule: &'static str,
        message: String,
        (old, new): (SchemaPlace, SchemaPlace),
    ) {
        self.told += 1;
        let (component, pointer, flags) =
            (spot.component.clone(), spot.pointer.clone(), spot.flags);
        let row = Row { rule, component, pointer, message, old, new, flags };
        if let Some(unit) = self.units.get_mut(spot.unit) {
            unit.rows.push(row);
        }
    }

    /// Whether two sets of schemas say the same without being folded.
    pub(super) fn alike(&self, old: &[Part<'_>], new: &[Part<'_>]) -> bool {
        self.same.classes(old.iter().map(|part| part.schema), Version::Old)
            == self.same.classes(new.iter().map(|part| part.schema), Version::New)
    }

    /// Walks what all hold at one place in the two versions.
    pub(super) fn walk(&mut self, old: &[Part<'a>], new: &[Part<'a>], spot: &Spot) {
        if self.alike(old, new) {
            return;
        }
        let referring = |part: &Part<'_>| {
            component(part.schema).is_some() || part.schema.get("allOf").is_some()
        };
        let guarded = old.iter().any(referring) && new.iter().any(referring);
        if !guarded && spot.depth <= DEPTH_BOUND {
            return self.facts(old, new, spot);
        }
        self.told += 1;
        let key = (Self::addresses(old, self.old), Self::addresses(new, self.new));
        let known = self.known.get(&key).copied();
        let to = known.unwrap_or_else(|| self.unit());
        if let Some(unit) = self.units.get_mut(spot.unit) {
            unit.edges.push((to, spot.flags));
        }
        if known.is_some() {
            return;
        }
        self.known.insert(key, to);
        let mut inside = Spot { unit: to, depth: 0, flags: Flags::default(), ..spot.clone() };
        if let ([one], [other]) = (old, new)
            && reference(one.schema).is_some()
            && let Some(key) = reference(other.schema)
        {
            (inside.component, inside.pointer) = (Some(Arc::from(key)), Pointer::root());
        }
        self.waiting.push_back((old.to_vec(), new.to_vec(), inside));
    }

    /// What tells a set of schemas from another: where they are in memory, behind references that are all of them.
    fn addresses(parts: &[Part<'a>], defs: &'a Defs) -> Vec<usize> {
        let address = |part: &Part<'a>| {
            let target = reference(part.schema).and_then(|key| defs.0.get(key));
            std::ptr::from_ref(target.unwrap_or(part.schema)).addr()
        };
        let mut found: Vec<usize> = parts.iter().map(address).collect();
        found.sort_unstable();
        found
    }

    fn facts(&mut self, old: &[Part<'a>], new: &[Part<'a>], spot: &Spot) {
        let (mut before, mut after) = (Facts::of(old, self.old), Facts::of(new, self.new));
        let nulls = (before.nullable_variant().cloned(), after.nullable_variant().cloned());
        if nulls.0.is_some() || nulls.1.is_some() {
            self.nullable((&before, nulls.0.is_some()), (&after, nulls.1.is_some()), spot);
            let deeper = Spot { depth: spot.depth + 1, ..spot.clone() };
            match &nulls {
                (Some(one), Some(other)) => {
                    self.notices(&before, &after, spot);
                    return self.walk(
                        std::slice::from_ref(one),
                        std::slice::from_ref(other),
                        &deeper,
                    );
                }
                (Some(one), None) if before.is_only_nullable() && !after.takes_null() => {
                    return self.walk(std::slice::from_ref(one), new, &deeper);
                }
                (None, Some(other)) if after.is_only_nullable() && !before.takes_null() => {
                    return self.walk(old, std::slice::from_ref(other), &deeper);
                }
                _ => {}
            }
            before = Facts::without_null(old, nulls.0, self.old);
            after = Facts::without_null(new, nulls.1, self.new);
        }
        let told = self.told;
        if self.wrapped((old, &before), (new, &after), spot) {
            return;
        }
        self.values(&before, &after, spot);
        self.keywords(&before, &after, spot);
        self.members(&before, &after, spot);
        self.arrays(&before, &after, spot);
        self.unions(&before, &after, spot);
        self.notices(&before, &after, spot);
        // A closed object beside `allOf` closes only what it declares itself.
        let composed = |facts: &Facts<'_>| facts.parts > 1 && !facts.undeclared.is_empty();
        if self.told == told && (composed(&before) || composed(&after)) {
            let message = "what counts as declared is put together differently".to_owned();
            self.tell(spot, "composition-changed", message, (before.at, after.at));
        }
    }
}

/// A schema's name for people: its component, its constant, or itself.
pub(super) fn variant(part: &Part<'_>) -> String {
    match component(part.schema) {
        Some(key) => format!("`{key}`"),
        None => shown(part.schema),
    }
}

/// A value as sentences show it, cut where it is long.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_BOUND {
        return text;
    }
    text.chars().take(VALUE_BOUND).chain("…".chars()).collect()
}

/// The same, or `none`.
pub(super) fn shown_or(value: Option<&Value>) -> String {
    value.map_or_else(|| "none".to_owned(), shown)
}
