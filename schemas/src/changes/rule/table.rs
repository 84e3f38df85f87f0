//! All rules by id.

use std::sync::LazyLock;

use super::row::Rule;
use super::{members, messages, service, values};

static SORTED: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let tables = [values::RULES, members::RULES, messages::RULES, service::RULES];
    let mut all: Vec<&'static Rule> = tables.into_iter().flatten().collect();
    all.sort_unstable_by_key(|one| one.id);
    all
});

/// All rules, sorted by id. An id is public: one that goes, or means something else, is a breaking change.
pub fn rules() -> &'static [&'static Rule] {
    &SORTED
}

/// The rule with this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    let at = SORTED.binary_search_by(|one| one.id.cmp(id)).ok()?;
    SORTED.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::{rule, rules};

    #[test]
    fn ids_are_unique_and_found() {
        assert!(rules().windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(rules().iter().all(|one| rule(one.id).is_some_and(|found| found.id == one.id)));
        assert_eq!(rule("no-such-rule"), None);
    }
}
