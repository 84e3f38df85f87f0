//! Which dialect a document is written in, as far as the translation must know.

use serde_json::Value;

/// The dialects that differ in what the house's translation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Swagger 2.0.
    Swagger,
    /// OpenAPI 3.0.
    OpenApi30,
    /// OpenAPI 3.1 and, read leniently, later.
    OpenApi31,
    /// JSON Schema draft 4 and before.
    Draft4,
    /// JSON Schema drafts 6 and 7.
    Draft7,
    /// JSON Schema 2019-09 and later.
    Modern,
}

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
        let schema = document.get("$schema")?.as_str()?;
        let known = [
            ("draft-03", Self::Draft4),
            ("draft-04", Self::Draft4),
            ("self-desc", Self::Draft4),
            ("draft-06", Self::Draft7),
            ("draft-07", Self::Draft7),
            ("2019-09", Self::Modern),
            ("2020-12", Self::Modern),
        ];
        known.iter().find(|(mark, _)| schema.contains(mark)).map(|(_, dialect)| *dialect)
    }

    /// Whether keywords beside a `$ref` count (JSON Schema 2019-09 §8.2.4.1 and OpenAPI 3.1) or are ignored.
    pub(super) const fn counts_siblings(self) -> bool {
        matches!(self, Self::OpenApi31 | Self::Modern)
    }

    /// The keyword that allows null beside what `type` says.
    pub(super) const fn nullable(self) -> Option<&'static str> {
        match self {
            Self::OpenApi30 => Some("nullable"),
            Self::Swagger => Some("x-nullable"),
            Self::OpenApi31 | Self::Draft4 | Self::Draft7 | Self::Modern => None,
        }
    }

    /// The keyword that names a schema by URI.
    pub(super) const fn id(self) -> Option<&'static str> {
        match self {
            Self::Swagger | Self::OpenApi30 => None,
            Self::Draft4 => Some("id"),
            Self::OpenApi31 | Self::Draft7 | Self::Modern => Some("$id"),
        }
    }
}
