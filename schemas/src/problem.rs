//! What is wrong in a file that somebody wrote: where, what, and what to write instead.

use std::fmt;
use std::sync::Arc;

use crate::pointer::Pointer;

/// A place in a file, for people (line, column) and for tools (pointer).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file as the user named it or as found under the directory the user named.
    pub file: Arc<str>,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
    /// Column in characters, from 1; 0 when unknown.
    pub column: u32,
    /// The place inside the document.
    pub pointer: Pointer,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)?;
        if self.pointer.is_root() { Ok(()) } else { write!(formatter, " at {}", self.pointer) }
    }
}

/// Whether a problem stops the use of the file it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing that depends on the place can be used.
    Error,
    /// Used all the same, in the way the message says.
    Warning,
}

/// One problem in an operator's or author's file. They are always reported all at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// Whether the rest can be used.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, names the thing.
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.what)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(formatter, "; {}", self.remedy) }
    }
}
