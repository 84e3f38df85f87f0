//! What stops a comparison, in words.

use std::fmt;

/// A sentence that says what went wrong.
#[derive(Debug, Clone)]
pub(crate) struct Fault(pub(crate) String);

/// What may go wrong.
pub(crate) type Outcome<Value> = Result<Value, Fault>;

impl Fault {
    pub(crate) fn said(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// Says what was being done when something failed.
pub(crate) trait During<Value> {
    /// The same, with words before the reason.
    fn during(self, what: &str) -> Outcome<Value>;
}

impl<Value, Reason: fmt::Display> During<Value> for Result<Value, Reason> {
    fn during(self, what: &str) -> Outcome<Value> {
        self.map_err(|reason| Fault(format!("{what}: {reason}")))
    }
}

impl<Value> During<Value> for Option<Value> {
    fn during(self, what: &str) -> Outcome<Value> {
        self.ok_or_else(|| Fault(what.to_owned()))
    }
}
