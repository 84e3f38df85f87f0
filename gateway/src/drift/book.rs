//! What was found, put together by place.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use super::sample::Message;

/// Most places that are told apart; findings at others are counted together.
const PLACES: usize = 1000;
/// Most payloads of one place for which it is looked who else would take them.
const LOOKED: u64 = 100;

/// Where payloads differ from what their version declares. Nothing in it is a value of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The api.
    pub api: Arc<str>,
    /// The version that the sender speaks.
    pub version: String,
    /// Method and template.
    pub operation: Arc<str>,
    /// Which message.
    pub message: Message,
    /// Where in the payload, `*` for any item and for any name that no schema declares.
    pub pointer: String,
    /// The keyword of the schema that does not take it; `undeclared` for a member that only a closed sender would leave
    /// out, `syntax` for what is no JSON, `media-type` and `status` for what is not declared.
    pub keyword: String,
    /// The member that is missing, or of an answer the one that is not declared; empty where it is about none.
    pub member: String,
}

/// What is known of a place.
#[derive(Clone, Debug)]
pub struct Finding {
    /// When it was found first.
    pub first: SystemTime,
    /// When last.
    pub last: SystemTime,
    /// How many payloads.
    pub count: u64,
    /// For how many of them it was looked who else would take them.
    pub looked: u64,
    /// The other versions that would have taken them, with how many.
    pub fits: BTreeMap<String, u64>,
}

/// All places.
#[derive(Debug, Default)]
pub(super) struct Book {
    places: HashMap<Place, Finding>,
    /// Findings at places beyond those that are told apart.
    beyond: u64,
}

impl Book {
    /// Notes a payload at a place; `fits` tells which other versions would take it.
    pub(super) fn note(&mut self, place: Place, fits: impl FnOnce() -> Vec<String>) {
        let now = SystemTime::now();
        if !self.places.contains_key(&place) && self.places.len() >= PLACES {
            self.beyond += 1;
            return;
        }
        let fresh = Finding { first: now, last: now, count: 0, looked: 0, fits: BTreeMap::new() };
        let finding = self.places.entry(place).or_insert(fresh);
        finding.last = now;
        finding.count += 1;
        if finding.looked < LOOKED {
            finding.looked += 1;
            for version in fits() {
                *finding.fits.entry(version).or_default() += 1;
            }
        }
    }

    /// All of it, what was found most often first, and how much more there was.
    pub(super) fn read(&self) -> (Vec<(Place, Finding)>, u64) {
        let mut all: Vec<_> =
            self.places.iter().map(|(place, finding)| (place.clone(), finding.clone())).collect();
        let rank = |(place, finding): &(Place, Finding)| {
            let Place { api, version, operation, pointer, keyword, member, .. } = place;
            let name = format!("{api} {version} {operation} {pointer} {keyword} {member}");
            (std::cmp::Reverse(finding.count), name)
        };
        all.sort_by_cached_key(rank);
        (all, self.beyond)
    }
}

#[cfg(test)]
mod tests {
    use super::{Book, LOOKED, Message, PLACES, Place};

    fn place(pointer: &str) -> Place {
        Place {
            api: "a".into(),
            version: "v1".into(),
            operation: "GET /a".into(),
            message: Message::Response(200),
            pointer: pointer.to_owned(),
            keyword: "type".to_owned(),
            member: String::new(),
        }
    }

    #[test]
    fn places_are_counted_and_bounded() {
        let mut book = Book::default();
        for number in 0..PLACES + 7 {
            book.note(place(&number.to_string()), Vec::new);
        }
        let mut asked = 0;
        for _ in 0..LOOKED + 5 {
            book.note(place("3"), || {
                asked += 1;
                vec!["v2".to_owned()]
            });
        }
        let (all, beyond) = book.read();
        assert_eq!((all.len(), beyond), (PLACES, 7));
        let (first, finding) = &all[0];
        assert_eq!((first.pointer.as_str(), finding.count), ("3", LOOKED + 6));
        // the first look had no answer
        assert_eq!((finding.looked, finding.fits["v2"], asked), (LOOKED, LOOKED - 1, LOOKED - 1));
    }
}
