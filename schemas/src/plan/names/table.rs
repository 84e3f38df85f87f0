//! The names that a version declares below one place, and where what they name is in another version.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::values::{Values, back};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A member.
    Name(Arc<str>),
    /// An item of a list. Names lead through lists without a step of their own.
    Item,
    /// A value of a map, whatever its key: keys are data.
    Key,
}

/// A path from the place that names count from.
pub type Path = Vec<Step>;

/// What a name means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The names that go on from here.
    pub members: BTreeMap<Arc<str>, usize>,
    /// Where the values of a map go on.
    pub each: Option<usize>,
    /// Anything may be in it, so that whatever comes after it is data.
    pub free: bool,
    /// It is a list, through which names lead.
    pub list: bool,
    /// The one place of the other version whose values these are; `None` where there is no such place.
    pub at: Option<Path>,
    /// The places of the other version that all of it is made of, none of them inside another. Empty where the
    /// conversion writes it; the empty path where it is made of the whole.
    pub cover: Vec<Path>,
    /// It cannot be asked for at all: what it is over there is made of others too.
    pub refused: bool,
    /// The only values that it has over there, as plain text.
    pub listed: Option<Vec<String>>,
    /// What becomes of its values on the way from the other version, last step first.
    pub values: Vec<Values>,
}

/// All names below one place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The first is where names count from.
    pub places: Vec<Place>,
    /// Every name means the same in both versions.
    pub identity: bool,
    /// Where names count from in what each program of the way reads, one for each.
    pub roots: Vec<Path>,
}

impl Place {
    /// The values over there that become this one; `None` where they cannot be listed.
    pub(super) fn back(&self, value: &str) -> Option<Vec<String>> {
        let mut found = back(&self.values, value)?;
        if let Some(listed) = &self.listed {
            found.retain(|one| listed.contains(one));
        }
        Some(found)
    }
}

impl Table {
    /// A place; `None` only for an index that no table has.
    pub(super) fn place(&self, at: usize) -> Option<&Place> {
        self.places.get(at)
    }

    /// Whether some name cannot be compared or sorted by as it is.
    pub fn has_unclear(&self) -> bool {
        let leaf = |place: &Place| place.members.is_empty() && place.each.is_none();
        let unclear = |place: &Place| place.at.is_none() || !place.values.is_empty();
        self.places.iter().skip(1).any(|place| leaf(place) && unclear(place))
    }
}

/// A path in words, with the keys of maps filled in, in their order; `None` where one is missing.
pub(super) fn spelled(path: &[Step], keys: &[&str], separator: &str) -> Option<String> {
    let mut keys = keys.iter();
    let mut words: Vec<&str> = Vec::new();
    for step in path {
        match step {
            Step::Name(name) => words.push(name),
            Step::Key => words.push(keys.next()?),
            Step::Item => {}
        }
    }
    Some(words.join(separator))
}
