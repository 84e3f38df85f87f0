//! A text that holds names, rewritten: only the bytes of names and values that differ change.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::grammar::Grammar;
use super::table::Table;

/// How the names in one parameter are rewritten.
#[derive(Clone, Debug, PartialEq)]
pub struct Names {
    /// How names stand in it.
    pub grammar: Grammar,
    /// Between the steps of a path.
    pub separator: String,
    /// Between the items of a list.
    pub delimiter: char,
    /// What becomes of a name that the client's version does not declare.
    pub on_unknown: OnUnknownName,
    /// What becomes of a comparison or an order that is another one in the other version.
    pub on_value: OnValue,
    /// The answer has only what is named.
    pub selects: bool,
    /// What the names mean.
    pub table: Arc<Table>,
}

/// What becomes of a name that the client's version does not declare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUnknownName {
    /// The request is refused.
    #[default]
    Error,
    /// It stays.
    Keep,
    /// It is left out.
    Drop,
}

/// What becomes of a value that a name is compared with, or of an order, where the member's values are others in the
/// other version and no text says the same there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnValue {
    /// The request is refused.
    #[default]
    Error,
    /// The value stays as it is.
    Keep,
}

/// Bytes of a text that others take the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Which; offsets in octets of the decoded text.
    pub at: Range<usize>,
    /// What stands there instead.
    pub text: String,
}

/// What becomes of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewritten {
    /// These bytes change, in their order and apart from each other; none where all stays.
    Edits(Vec<Edit>),
    /// Nothing is left to ask for, or what is asked for cannot be asked for apart from the rest: the parameter goes,
    /// and the answer has more than was asked for.
    Remove,
}

/// What becomes of a parameter with names in its own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pair {
    /// What changes after the declared name, and in the value.
    Edits(Vec<Edit>, Vec<Edit>),
    /// The parameter goes.
    Remove,
}

/// A name that the running version cannot be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// As the client wrote it.
    pub name: String,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The client's version does not declare it.
    Unknown,
    /// It is made of several members, or of a part of one.
    Several,
    /// Its values are ordered otherwise.
    Order,
    /// Its values are others, and this comparison cannot be said with them.
    Value,
    /// An index, where the list is another one.
    Index,
    /// It may be a name or a value.
    Ambiguous,
    /// The text is not of the grammar.
    Malformed(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.why {
            Why::Unknown => {
                write!(formatter, "`{name}` is not a member that this version declares")
            }
            Why::Several => {
                write!(formatter, "`{name}` is no single member in the version that is running")
            }
            Why::Order => {
                write!(
                    formatter,
                    "the values of `{name}` have another order in the version that is running"
                )
            }
            Why::Value => {
                write!(
                    formatter,
                    "the values of `{name}` are others in the version that is running, and this comparison cannot be said with them"
                )
            }
            Why::Index => write!(
                formatter,
                "`{name}` has an index of a list that is another one in the version that is running"
            ),
            Why::Ambiguous => {
                write!(formatter, "`{name}` may be a name or a value; write the value in quotes")
            }
            Why::Malformed(what) => write!(formatter, "{what} at `{name}`"),
        }
    }
}

impl Names {
    /// What becomes of the value of a parameter, decoded.
    ///
    /// # Errors
    /// A name that the running version cannot be asked for, where that is no policy's.
    pub fn rewrite(&self, text: &str) -> Result<Rewritten, Fault> {
        match self.grammar {
            Grammar::List | Grammar::FieldMask | Grammar::Sort => self.items(text),
            Grammar::Parens => self.nested(text),
            Grammar::Filter => self.filter(text).map(Rewritten::Edits),
            Grammar::Brackets | Grammar::None => Ok(Rewritten::Edits(Vec::new())),
        }
    }

    /// What becomes of a parameter with names in its own name: what comes after the declared name, and its value, both
    /// decoded.
    ///
    /// # Errors
    /// As [`Self::rewrite`].
    pub fn rewrite_pair(&self, after: &str, value: &str) -> Result<Pair, Fault> {
        if self.grammar == Grammar::Brackets {
            return self.bracketed(after, value);
        }
        Ok(match self.rewrite(value)? {
            Rewritten::Edits(edits) => Pair::Edits(Vec::new(), edits),
            Rewritten::Remove => Pair::Remove,
        })
    }
}

/// The text with its edits.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        out.push_str(text.get(done..edit.at.start).unwrap_or_default());
        out.push_str(&edit.text);
        done = edit.at.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}
