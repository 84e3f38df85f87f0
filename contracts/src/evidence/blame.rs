//! Which change between two versions a finding comes from.

use evergate_schemas::changes::{About, Change, Direction, Level, Policy};
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use evergate_schemas::schema::Side;

use super::ends::Ends;
use super::found::Evidence;

/// What a change has to match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blame<'a> {
    /// The place in the older version.
    older: Option<&'a Place>,
    /// The place in the newer version.
    newer: Option<&'a Place>,
    keyword: &'a str,
    member: Option<&'a str>,
    side: Option<Side>,
    direction: Direction,
}

impl<'a> Blame<'a> {
    pub(crate) fn new(evidence: &'a Evidence, ends: &Ends<'_>) -> Self {
        let (sender, reader) = (evidence.sender.as_ref(), evidence.reader.as_ref());
        let (older, newer) = if ends.newer_reads { (sender, reader) } else { (reader, sender) };
        let (keyword, member) = (evidence.keyword.as_str(), evidence.member.as_deref());
        let direction = if ends.backward { Direction::Backward } else { Direction::Forward };
        Self { older, newer, keyword, member, side: ends.side, direction }
    }

    fn fits(&self, change: &Change) -> Option<u32> {
        let kin = kinship(self.keyword, change.rule.id);
        if !matches!(change.rule.about, About::Payload | About::Meaning) {
            return None;
        }
        let level = match change.rule.level(self.side, self.direction, Policy::Standard) {
            Level::Breaking => 3,
            Level::Risky => 2,
            Level::Safe => 0,
        };
        let older = nearness(change.old.as_ref(), self.older);
        let newer = nearness(change.new.as_ref(), self.newer);
        let near = older.max(newer)?;
        if near == 1 && kin == 0 {
            return None;
        }
        let named = self.member.is_some_and(|member| {
            change.pointer.tokens().last().is_some_and(|last| last == member)
                || change.message.contains(&format!("`{member}`"))
        });
        let both = u32::from(older.is_some() && newer.is_some());
        Some(near * 8 + kin * 4 + level * 2 + u32::from(named) * 6 + both * 2)
    }
}

/// The change that fits best; `None` where none is near enough to be blamed.
pub(crate) fn blamed<'c>(changes: &'c [Change], blame: &Blame<'_>) -> Option<&'c Change> {
    let ranked = changes.iter().filter_map(|change| Some((blame.fits(change)?, change)));
    // Of equals the first.
    ranked
        .fold(None, |best: Option<(u32, &Change)>, one| match best {
            Some(best) if best.0 >= one.0 => Some(best),
            _ => Some(one),
        })
        .map(|(_, change)| change)
}

/// How close two places are: 4 the same, 3 a member and its own keyword, 1 one inside the other; `None` when apart.
fn nearness(one: Option<&Place>, other: Option<&Place>) -> Option<u32> {
    let (one, other) = (one?, other?);
    if one.file != other.file {
        return None;
    }
    let (short, long) = if one.pointer.as_str().len() <= other.pointer.as_str().len() {
        (&one.pointer, &other.pointer)
    } else {
        (&other.pointer, &one.pointer)
    };
    let rest = inside(short, long)?;
    Some(match rest {
        0 => 4,
        1 | 2 => 3,
        _ => 1,
    })
}

/// How many steps `inner` is inside of `outer`.
fn inside(outer: &Pointer, inner: &Pointer) -> Option<usize> {
    let rest = inner.as_str().strip_prefix(outer.as_str())?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.matches('/').count())
}

/// How well a rule explains that a keyword refuses: 2 where it names the very thing.
fn kinship(keyword: &str, rule: &str) -> u32 {
    let words: &[&str] = match keyword {
        "required" | "dependentRequired" | "A3" | "A4" | "A5" | "A21" => {
            &["required", "optional", "removed", "added"]
        }
        "type" | "A6" => &["type", "null", "variant"],
        "enum" | "const" | "A8" | "A9" => &["enum", "const", "value", "type"],
        "additionalProperties"
        | "unevaluatedProperties"
        | "propertyNames"
        | "patternProperties" => &["undeclared", "property", "additional", "closed"],
        "oneOf" | "anyOf" | "A12" => &["variant", "type", "null", "discriminator", "enum"],
        "format" => &["format"],
        "status" => &["status"],
        "content" => &["media", "body"],
        "maxLength" | "minLength" | "pattern" | "maximum" | "minimum" | "exclusiveMaximum"
        | "exclusiveMinimum" | "multipleOf" | "maxItems" | "minItems" | "uniqueItems"
        | "maxProperties" | "minProperties" | "contains" => &[
            "constraint",
            "length",
            "pattern",
            "range",
            "tightened",
            "narrowed",
            "items",
            "bound",
            "type",
        ],
        _ => &[],
    };
    if words.iter().any(|word| rule.contains(word)) {
        return 2;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{inside, kinship};
    use evergate_schemas::pointer::Pointer;

    #[test]
    fn only_whole_steps_are_inside() {
        let pointer = |text: &str| Pointer::parse(text).unwrap();
        assert_eq!(inside(&pointer("/a"), &pointer("/a/b/c")), Some(2));
        assert_eq!(inside(&pointer("/a"), &pointer("/ab")), None);
        assert_eq!(inside(&pointer(""), &pointer("/a")), Some(1));
    }

    #[test]
    fn a_rule_of_the_same_kind_is_nearer() {
        assert_eq!(kinship("required", "property-became-required"), 2);
        assert_eq!(kinship("maxLength", "property-became-required"), 0);
    }
}
