//! The grammars of texts that hold names.

/// How names stand in a text. `docs/names.md` has the exact syntax of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Grammar {
    /// `a,b.c,*`: paths with a delimiter between them.
    List,
    /// `-a,+b,c:desc,d asc`: paths with a direction each.
    Sort,
    /// `filter[a][b][gte]=v`: a path in the name of the parameter, and what it is compared with as its value.
    Brackets,
    /// `a(b,c/d),e`: paths that share what comes before a parenthesis (partial responses of Google's apis).
    Parens,
    /// `a.bC,d`: a field mask (protobuf `FieldMask`; AIP-161): a list in which each step may be in snake or camel case.
    FieldMask,
    /// `a = "x" AND b > 1`: comparisons with a name on their left (AIP-160, `$filter` of `OData`).
    Filter,
    /// The parameter holds no names, whatever it is called.
    None,
}

impl Grammar {
    /// All of them by their words in `changes.yaml`.
    pub const ALL: [(&'static str, Self); 7] = [
        ("list", Self::List),
        ("sort", Self::Sort),
        ("brackets", Self::Brackets),
        ("parens", Self::Parens),
        ("field-mask", Self::FieldMask),
        ("filter", Self::Filter),
        ("none", Self::None),
    ];

    /// The grammar of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == word).map(|(_, grammar)| grammar)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, grammar)| *grammar == self).map_or("", |(name, _)| name)
    }

    /// What stands between the steps of a path, unless something else is declared.
    pub const fn separator(self) -> &'static str {
        match self {
            Self::Parens => "/",
            _ => ".",
        }
    }

    /// Names in it ask for values, so that each may stand for several members of another version.
    pub const fn asks(self) -> bool {
        matches!(self, Self::List | Self::Parens | Self::FieldMask)
    }
}
