//! What is known of a value in one case, and the choices that are still open in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Number, Value};

use crate::sample::node::{
    ANYTHING, Contains, Id, Keywords, Limit, NOTHING, Numbers, Texts, Types,
};

/// A schema that holds or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::relate) struct Claim(u64);

impl Claim {
    /// The schema takes the value.
    pub(in crate::relate) const fn yes(id: Id) -> Self {
        Self((id as u64) << 1)
    }

    /// The schema refuses the value.
    pub(in crate::relate) const fn no(id: Id) -> Self {
        Self(((id as u64) << 1) | 1)
    }

    pub(super) const fn holds(self) -> bool {
        self.0 & 1 == 0
    }

    #[expect(clippy::cast_possible_truncation, reason = "made of an id, one bit up")]
    pub(super) const fn id(self) -> Id {
        (self.0 >> 1) as Id
    }

    pub(super) const fn opposite(self) -> Self {
        Self(self.0 ^ 1)
    }

    /// Whether it says nothing.
    pub(super) const fn is_plain(self) -> bool {
        (self.holds() && self.id() == ANYTHING) || (!self.holds() && self.id() == NOTHING)
    }

    /// Whether it cannot be.
    pub(super) const fn is_absurd(self) -> bool {
        (self.holds() && self.id() == NOTHING) || (!self.holds() && self.id() == ANYTHING)
    }
}

/// Claims of which all are to hold, sorted.
pub(in crate::relate) type Claims = Arc<[Claim]>;

/// Sorts claims and leaves out what says nothing.
pub(in crate::relate) fn claims(all: impl IntoIterator<Item = Claim>) -> Claims {
    let mut all: Vec<Claim> = all.into_iter().filter(|claim| !claim.is_plain()).collect();
    all.sort_unstable();
    all.dedup();
    Arc::from(all)
}

/// Of several ways one is to hold; each way is some claims.
pub(super) type Choice = Arc<[Vec<Claim>]>;

/// A member that must be there, whatever its name.
#[derive(Clone, Debug)]
pub(super) enum SomeMember {
    /// Its name matches the pattern and its value is refused by the schema.
    Matching(Arc<str>, Id),
    /// The layer of that schema does not spell it out, and the layer's rest refuses its value.
    Beyond(Arc<Keywords>),
    /// Its name is refused by the schema.
    Named(Id),
}

/// `unevaluated*` of one schema, whose evaluated parts are not settled yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// Whether of members, else of items.
    pub(super) members: bool,
    /// Schemas that hold and whose parts count as evaluated.
    pub(super) beside: Vec<Id>,
    /// What the left-over ones must satisfy, or, where `holds` is false, one of them must not.
    pub(super) rest: Id,
    pub(super) holds: bool,
}

/// A conjunction of claims, taken apart. Everything here follows from the claims and the ways chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct Case {
    /// What is asked.
    pub(super) goal: Claims,
    /// Sorted, since a case is copied far more often than it grows.
    pub(super) known: Vec<Claim>,
    pub(super) types: Types,
    pub(super) values: Option<Arc<Keywords>>,
    pub(super) barred: Vec<Arc<Keywords>>,
    pub(super) numbers: Numbers,
    /// Divisors that must not divide.
    pub(super) off: Vec<Number>,
    pub(super) texts: Texts,
    /// Patterns that must not match.
    pub(super) foreign: Vec<Arc<str>>,
    pub(super) rows: Vec<Arc<Keywords>>,
    pub(super) least_items: u64,
    pub(super) most_items: Option<u64>,
    pub(super) unique: bool,
    pub(super) twins: bool,
    pub(super) contains: Vec<Contains>,
    /// What every item must satisfy beside the rows.
    pub(super) every: Vec<Claim>,
    /// Items from an index on of which one is refused by the schema.
    pub(super) some_items: Vec<(usize, Claim)>,
    pub(super) layers: Vec<Arc<Keywords>>,
    /// Sorted.
    pub(super) required: Vec<Arc<str>>,
    pub(super) least_members: u64,
    pub(super) most_members: Option<u64>,
    pub(super) names: Vec<Id>,
    pub(super) some_members: Vec<SomeMember>,
    pub(super) choices: Vec<Choice>,
    pub(super) scopes: Vec<Scope>,
    /// How much of this was looked at for conflicts: layers, rows, schemas of names, and items that there must be.
    pub(super) looked: (usize, usize, usize, u64),
    /// Required members not yet looked at.
    pub(super) new: Vec<Arc<str>>,
    /// A construct that was left out: what follows from the rest is true, a value found may not be one.
    pub(super) weak: Option<&'static str>,
}

impl Case {
    pub(super) fn knows(&self, claim: Claim) -> bool {
        self.known.binary_search(&claim).is_ok()
    }

    /// False where it was known.
    pub(super) fn learn(&mut self, claim: Claim) -> bool {
        match self.known.binary_search(&claim) {
            Ok(_) => false,
            Err(place) => {
                self.known.insert(place, claim);
                true
            }
        }
    }

    pub(super) fn requires(&self, name: &Arc<str>) -> bool {
        self.required.binary_search(name).is_ok()
    }

    pub(super) fn require(&mut self, name: &Arc<str>) {
        if let Err(place) = self.required.binary_search(name) {
            self.required.insert(place, Arc::clone(name));
            self.new.push(Arc::clone(name));
        }
    }

    /// About how much work a copy is, in steps.
    pub(super) fn weight(&self) -> u64 {
        1 + (self.known.len() + self.layers.len() + self.required.len() + self.choices.len()) as u64
            / 16
    }

    /// Takes over a lower limit; strictness as [`Numbers::raise`].
    pub(super) fn bound(&mut self, least: Option<&Limit>, most: Option<&Limit>) {
        if let Some(least) = least {
            self.numbers.raise(least.clone());
        }
        if let Some(most) = most {
            self.numbers.lower(most.clone());
        }
    }

    /// What the item at `index` must satisfy.
    pub(super) fn item(&self, index: usize) -> Vec<Claim> {
        let rows = self.rows.iter().filter_map(|node| node.arrays.row.as_ref());
        let said =
            rows.filter_map(|row| row.first.get(index).copied().or(row.rest)).map(Claim::yes);
        said.chain(self.every.iter().copied()).collect()
    }

    /// From this position on every item is alike.
    pub(super) fn positions(&self) -> usize {
        let rows = self.rows.iter().filter_map(|node| node.arrays.row.as_ref());
        let first = rows.map(|row| row.first.len()).max().unwrap_or(0);
        self.some_items.iter().map(|(from, _)| *from).max().unwrap_or(0).max(first)
    }

    /// Every member name that is spelled out.
    pub(super) fn declared(&self) -> BTreeSet<Arc<str>> {
        let layers = self.layers.iter().filter_map(|node| node.objects.layer.as_ref());
        let mut names: BTreeSet<Arc<str>> = self.required.iter().map(Arc::clone).collect();
        for layer in layers {
            names.extend(layer.named.keys().map(Arc::clone));
        }
        for some in &self.some_members {
            if let SomeMember::Beyond(node) = some
                && let Some(layer) = &node.objects.layer
            {
                names.extend(layer.named.keys().map(Arc::clone));
            }
        }
        names
    }

    /// Whether one of the barred lists has the value.
    pub(super) fn bars(&self, value: &Value) -> bool {
        self.barred
            .iter()
            .filter_map(|node| node.values.as_ref())
            .any(|values| values.iter().any(|one| crate::sample::evaluate::equal(one, value)))
    }
}
