//! What a rule is: a row with an id, a sentence, its levels, and a page that explains it.

use super::super::level::{About, Direction, Level, Levels, Policy};
use crate::schema::Side;

/// One kind of difference between two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable, kebab-case; public API.
    pub id: &'static str,
    /// What it means for those who use the api.
    pub sentence: &'static str,
    /// Whether a proof about payloads can ease its level.
    pub about: About,
    pub(super) why: &'static str,
    pub(super) instead: &'static str,
    pub(super) case: &'static str,
    levels: Levels,
    strict: Levels,
}

impl Rule {
    pub(super) const fn new(
        id: &'static str,
        levels: Levels,
        sentence: &'static str,
        case: &'static str,
    ) -> Self {
        let (about, why, instead) = (About::Payload, "", "");
        Self { id, sentence, about, why, instead, case, levels, strict: levels }
    }

    pub(super) const fn about(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// Its levels where senders may send what they never declared.
    pub(super) const fn strict(self, strict: Levels) -> Self {
        Self { strict, ..self }
    }

    pub(super) const fn why(self, why: &'static str) -> Self {
        Self { why, ..self }
    }

    pub(super) const fn instead(self, instead: &'static str) -> Self {
        Self { instead, ..self }
    }

    /// The level of this rule in a message that travels to `side`, or of what is on neither side: whole
    /// operations and plain documents.
    pub fn level(&self, side: Option<Side>, direction: Direction, policy: Policy) -> Level {
        match policy {
            Policy::Strict => self.strict.at(side, direction),
            Policy::Lenient if self.about == About::Notice => Level::Safe,
            Policy::Standard | Policy::Lenient => self.levels.at(side, direction),
        }
    }
}

/// A rule whose case is the file of its id.
macro_rules! rule {
    ($id:literal, $levels:expr, $sentence:literal) => {
        super::row::Rule::new(
            $id,
            $levels,
            $sentence,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/changes/cases/", $id, ".yaml")),
        )
    };
}
pub(super) use rule;
