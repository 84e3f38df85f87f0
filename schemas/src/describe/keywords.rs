//! The keywords that are translated as they stand: what each may hold, and with which draft it came.

use super::dialect::Dialect;
use super::dialect::Dialect::{Draft3, Draft4, Draft6, Draft7, Draft2019, Draft2020};

/// What a keyword's value must be; what is not is left out with a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Type,
    Schema,
    Schemas,
    List,
    Number,
    Positive,
    Count,
    Flag,
    Names,
    NameLists,
    Pattern,
    Patterns,
    Array,
    Any,
    Text,
}

/// Sorted by name.
const KEYWORDS: &[(&str, Shape, Dialect)] = &[
    ("additionalProperties", Shape::Schema, Draft3),
    ("allOf", Shape::List, Draft4),
    ("anyOf", Shape::List, Draft4),
    ("const", Shape::Any, Draft6),
    ("contains", Shape::Schema, Draft6),
    ("contentEncoding", Shape::Text, Draft7),
    ("contentMediaType", Shape::Text, Draft7),
    ("contentSchema", Shape::Schema, Draft2019),
    ("default", Shape::Any, Draft3),
    ("dependentRequired", Shape::NameLists, Draft2019),
    ("dependentSchemas", Shape::Schemas, Draft2019),
    ("deprecated", Shape::Flag, Draft3),
    ("else", Shape::Schema, Draft7),
    ("enum", Shape::Array, Draft3),
    ("format", Shape::Text, Draft3),
    ("if", Shape::Schema, Draft7),
    ("maxContains", Shape::Count, Draft2019),
    ("maxItems", Shape::Count, Draft3),
    ("maxLength", Shape::Count, Draft3),
    ("maxProperties", Shape::Count, Draft4),
    ("minContains", Shape::Count, Draft2019),
    ("minItems", Shape::Count, Draft3),
    ("minLength", Shape::Count, Draft3),
    ("minProperties", Shape::Count, Draft4),
    ("multipleOf", Shape::Positive, Draft4),
    ("not", Shape::Schema, Draft4),
    ("oneOf", Shape::List, Draft4),
    ("pattern", Shape::Pattern, Draft3),
    ("patternProperties", Shape::Patterns, Draft3),
    ("prefixItems", Shape::List, Draft2020),
    ("properties", Shape::Schemas, Draft3),
    ("propertyNames", Shape::Schema, Draft6),
    ("readOnly", Shape::Flag, Draft3),
    ("required", Shape::Names, Draft4),
    ("then", Shape::Schema, Draft7),
    ("type", Shape::Type, Draft4),
    ("unevaluatedItems", Shape::Schema, Draft2019),
    ("unevaluatedProperties", Shape::Schema, Draft2019),
    ("uniqueItems", Shape::Flag, Draft3),
    ("writeOnly", Shape::Flag, Draft3),
    ("x-extensible-enum", Shape::Any, Draft3),
    ("x-stability-level", Shape::Text, Draft3),
    ("x-sunset", Shape::Any, Draft3),
];

/// What the keyword must hold and the draft it came with, if it is one that is translated as it stands.
pub(super) fn keyword(name: &str) -> Option<(Shape, Dialect)> {
    let index = KEYWORDS.binary_search_by(|(known, ..)| (*known).cmp(name)).ok()?;
    KEYWORDS.get(index).map(|(_, shape, draft)| (*shape, *draft))
}

/// How schemas stand below a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Below {
    /// The value is a schema.
    One,
    /// Each item is.
    List,
    /// Each member is.
    Members,
    /// It, or each item of it, is.
    OneOrList,
    /// Each member that is no list of names is.
    Dependencies,
}

/// How schemas stand below a keyword of a dialect; `None` where none does.
pub(super) fn below(name: &str, dialect: Dialect) -> Option<Below> {
    Some(match name {
        "definitions" | "$defs" => Below::Members,
        "items" => Below::OneOrList,
        "additionalItems" => Below::One,
        "dependencies" => Below::Dependencies,
        "extends" | "type" | "disallow" if dialect == Draft3 => Below::OneOrList,
        _ => {
            let (shape, draft) = keyword(name)?;
            if !dialect.has(draft) {
                return None;
            }
            match shape {
                Shape::Schema => Below::One,
                Shape::List => Below::List,
                Shape::Schemas | Shape::Patterns => Below::Members,
                _ => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, keyword};

    #[test]
    fn the_table_is_sorted() {
        assert!(KEYWORDS.is_sorted_by_key(|(name, ..)| *name));
        assert!(keyword("allOf").is_some() && keyword("x-extensible-enum").is_some());
    }
}
