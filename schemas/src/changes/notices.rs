//! What two schemas say besides payloads: defaults, formats, directions, life cycle.

use super::facts::Facts;
use super::life::{Life, told};
use super::walker::{Spot, Walker, shown, shown_or};

/// Keywords that say what is inside a text.
const CONTENT: [&str; 3] = ["contentEncoding", "contentMediaType", "contentSchema"];
/// Keywords that bind a member to one direction: what it became, and what it no longer is.
const DIRECTED: [(&str, [&str; 2]); 2] = [
    ("readOnly", ["property-became-read-only", "property-became-not-read-only"]),
    ("writeOnly", ["property-became-write-only", "property-became-not-write-only"]),
];

impl<'a> Walker<'a> {
    /// Everything that does not decide whether a payload is valid.
    pub(super) fn notices(&mut self, old: &Facts<'a>, new: &Facts<'a>, spot: &Spot) {
        let first = |facts: &Facts<'a>, word: &str| Some(facts.plain.get(word)?.first()?.value);
        let mut tell = |word: &str, rules: [&'static str; 3]| {
            let [added, removed, changed] = rules;
            let rule = match (first(old, word), first(new, word)) {
                (one, other) if one == other => return,
                (None, _) => added,
                (_, None) => removed,
                _ => changed,
            };
            let (now, then) = (shown_or(first(new, word)), shown_or(first(old, word)));
            let message = format!("`{word}` is {now}, was {then}");
            self.tell(spot, rule, message, (old.place(word), new.place(word)));
        };
        tell("default", ["default-added", "default-removed", "default-changed"]);
        tell("format", ["format-added", "format-removed", "format-changed"]);
        for word in CONTENT {
            tell(word, ["content-changed"; 3]);
        }
        for (word, [became, no_longer]) in DIRECTED {
            let places = (old.place(word), new.place(word));
            match (old.says(word), new.says(word)) {
                (false, true) => self.tell(spot, became, format!("it is `{word}`"), places),
                (true, false) => {
                    self.tell(spot, no_longer, format!("it is no longer `{word}`"), places);
                }
                _ => {}
            }
        }
        for (rule, message, word) in told(&life(old), &life(new), "property") {
            self.tell(spot, rule, message, (old.place(word), new.place(word)));
        }
    }
}

fn life(facts: &Facts<'_>) -> Life {
    let text = |word: &str| {
        let value = facts.plain.get(word)?.first()?.value;
        Some(value.as_str().map_or_else(|| shown(value), ToOwned::to_owned))
    };
    Life {
        deprecated: facts.says("deprecated"),
        sunset: text("x-sunset"),
        stability: text("x-stability-level"),
    }
}
