//! The table of rules: a stable id and the sentence that says what it means for users of an api.

/// One kind of difference between two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable, kebab-case; public API.
    pub id: &'static str,
    /// What it means for those who use the api.
    pub sentence: &'static str,
}

const fn row(id: &'static str, sentence: &'static str) -> Rule {
    Rule { id, sentence }
}

/// All rules, sorted by id.
pub const RULES: &[Rule] = &[
    row("body-added", "the operation takes a request body that it did not take before"),
    row("body-became-optional", "the request body may be left out"),
    row("body-became-required", "requests without a body are no longer accepted"),
    row("body-removed", "the operation no longer takes a request body"),
    row("constraint-changed", "the values before and after are neither a subset of the other"),
    row("constraint-loosened", "more values are allowed than before"),
    row("constraint-tightened", "fewer values are allowed than before"),
    row("default-changed", "leaving the member out means something else than before"),
    row("document-added", "a document that was not there before"),
    row("document-removed", "a document that is gone"),
    row("enum-value-added", "a reader written for the old list meets a value it does not know"),
    row("enum-value-removed", "a value that used to be allowed is refused"),
    row("format-changed", "the same text is to be understood differently"),
    row("header-added", "the response carries a header that it did not carry before"),
    row("header-became-optional", "clients can no longer count on the header"),
    row("header-became-required", "the response always carries the header"),
    row("header-removed", "clients no longer get the header"),
    row("media-type-added", "the body may come in a media type that was not declared before"),
    row("media-type-removed", "the body no longer comes in this media type"),
    row("null-allowed", "a reader that never expected null may get it"),
    row("null-forbidden", "null is refused where it used to be allowed"),
    row("operation-added", "clients can do something new"),
    row("operation-deprecated", "the operation is declared deprecated"),
    row("operation-removed", "clients that use the operation have nothing to call"),
    row("parameter-added", "the operation knows a parameter that may be left out"),
    row("parameter-added-required", "requests that do not know the parameter are refused"),
    row("parameter-became-optional", "the parameter may be left out"),
    row("parameter-became-required", "requests without the parameter are no longer accepted"),
    row("parameter-removed", "the parameter is ignored or refused"),
    row(
        "parameter-style-changed",
        "the same value of the parameter is spelled differently on the wire",
    ),
    row("property-added", "the object has a member that may be left out"),
    row("property-added-required", "objects without the new member are not valid"),
    row("property-became-optional", "readers can no longer count on the member"),
    row("property-became-required", "objects without the member are no longer valid"),
    row("property-removed", "the member is no longer declared"),
    row("schema-changed", "a condition that no other rule names reads differently"),
    row("status-added", "clients may get a status that was not declared before"),
    row("status-removed", "the operation no longer answers with this status"),
    row("type-changed", "values are of another JSON type"),
    row("type-narrowed", "values are of fewer JSON types than before"),
    row("type-widened", "values are of more JSON types than before"),
    row("undeclared-allowed", "members that the object does not declare are accepted"),
    row("undeclared-forbidden", "members that the object does not declare are refused"),
    row("variant-added", "a reader written for the old variants meets one it does not know"),
    row("variant-removed", "values of this variant are refused"),
];

/// The rule with this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.binary_search_by(|one| one.id.cmp(id)).ok().and_then(|index| RULES.get(index))
}

#[cfg(test)]
mod tests {
    use super::{RULES, rule};

    #[test]
    fn the_table_is_sorted_and_found_by_id() {
        assert!(RULES.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(RULES.iter().all(|one| rule(one.id) == Some(one)));
        assert_eq!(rule("no-such-rule"), None);
    }
}
