//! Which dialect a schema is written in, as far as the translation must know.

use serde_json::Value;

/// The dialects that differ in what the house's translation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dialect {
    /// Swagger 2.0.
    Swagger,
    /// OpenAPI 3.0.
    OpenApi30,
    /// OpenAPI 3.1 and, read leniently, later.
    OpenApi31,
    /// JSON Schema draft 3.
    Draft3,
    /// JSON Schema draft 4.
    Draft4,
    /// JSON Schema draft 6.
    Draft6,
    /// JSON Schema draft 7.
    Draft7,
    /// JSON Schema 2019-09.
    Draft2019,
    /// JSON Schema 2020-12, and documents that do not say.
    Draft2020,
}

/// What a `$schema` must have in it, and what the dialect is called.
const KNOWN: [(&str, Dialect); 13] = [
    ("draft-03", Dialect::Draft3),
    ("draft3", Dialect::Draft3),
    ("draft-04", Dialect::Draft4),
    ("draft4", Dialect::Draft4),
    ("self-desc", Dialect::Draft4),
    ("draft-06", Dialect::Draft6),
    ("draft6", Dialect::Draft6),
    ("draft-07", Dialect::Draft7),
    ("draft7", Dialect::Draft7),
    ("2019-09", Dialect::Draft2019),
    ("2020-12", Dialect::Draft2020),
    ("json-schema.org/schema", Dialect::Draft2020),
    ("spec.openapis.org/oas/3.1", Dialect::OpenApi31),
];

impl Dialect {
    /// What the document says it is; `None` when it says nothing known.
    pub(super) fn of(document: &Value) -> Option<Self> {
        if let Some(version) = document.get("openapi") {
            return Some(match version.as_str() {
                Some(version) if version.starts_with("3.0") => Self::OpenApi30,
                _ => Self::OpenApi31,
            });
        }
        if document.get("swagger").is_some() {
            return Some(Self::Swagger);
        }
        Self::named(document.get("$schema")?.as_str()?)
    }

    /// The dialect that a `$schema`, or a short name such as `draft7` or `2019-09`, names.
    pub(super) fn named(name: &str) -> Option<Self> {
        KNOWN.iter().find(|(mark, _)| name.contains(mark)).map(|(_, dialect)| *dialect)
    }

    /// What users call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Swagger => "Swagger 2.0",
            Self::OpenApi30 => "OpenAPI 3.0",
            Self::OpenApi31 => "OpenAPI 3.1",
            Self::Draft3 => "draft 3",
            Self::Draft4 => "draft 4",
            Self::Draft6 => "draft 6",
            Self::Draft7 => "draft 7",
            Self::Draft2019 => "draft 2019-09",
            Self::Draft2020 => "draft 2020-12",
        }
    }

    /// Whether it is an API description, whose schemas may stand anywhere in the document.
    pub(super) const fn is_api(self) -> bool {
        matches!(self, Self::Swagger | Self::OpenApi30 | Self::OpenApi31)
    }

    /// Whether a keyword that came with `draft` means something here. Authors of API descriptions use all of them
    /// and mean it, whatever the version of OpenAPI says.
    pub(super) fn has(self, draft: Self) -> bool {
        self.is_api() || self >= draft
    }

    /// Whether keywords beside a `$ref` count (JSON Schema 2019-09 §8.2.4.1 and OpenAPI 3.1) or are ignored.
    pub(super) const fn counts_siblings(self) -> bool {
        matches!(self, Self::OpenApi31 | Self::Draft2019 | Self::Draft2020)
    }

    /// The keyword that refers through the dynamic scope: `$recursiveRef` of 2019-09 §8.2.4.2, `$dynamicRef` of
    /// 2020-12 §8.2.3.2.
    pub(super) const fn dynamic_reference(self) -> Option<&'static str> {
        match self {
            Self::Draft2019 => Some("$recursiveRef"),
            Self::Draft2020 | Self::OpenApi31 => Some("$dynamicRef"),
            _ => None,
        }
    }

    /// The keyword that allows null beside what `type` says.
    pub(super) const fn nullable(self) -> Option<&'static str> {
        match self {
            Self::OpenApi30 => Some("nullable"),
            Self::Swagger => Some("x-nullable"),
            _ => None,
        }
    }

    /// The keyword that names a schema by URI.
    pub(super) const fn id(self) -> Option<&'static str> {
        match self {
            Self::Swagger | Self::OpenApi30 => None,
            Self::Draft3 | Self::Draft4 => Some("id"),
            _ => Some("$id"),
        }
    }
}
