//! How versions are judged: which way, and how far senders are trusted.

/// Which way versions must get along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compat {
    /// Old clients work with new backends: old requests against the new version, new responses against the old.
    #[default]
    Backward,
    /// New clients work with old backends.
    Forward,
    /// Both.
    Full,
}

impl Compat {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Backward => "backward",
            Self::Forward => "forward",
            Self::Full => "full",
        }
    }

    /// The pairs of a client's and a backend's version that it is about: *backward* asks for old clients of new backends.
    pub(crate) fn ways(self, old: usize, new: usize) -> Vec<(usize, usize)> {
        match self {
            Self::Backward => vec![(old, new)],
            Self::Forward => vec![(new, old)],
            Self::Full => vec![(old, new), (new, old)],
        }
    }
}

/// How an api is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Which way versions must get along.
    pub compat: Compat,
    /// Assume that senders may send members they never declared, and count what breaks by that as broken.
    pub strict: bool,
}

impl Settings {
    /// The usual judging of one direction, with closed senders.
    pub fn new(compat: Compat) -> Self {
        Self { compat, strict: false }
    }

    /// The same, with senders that may send what they never declared.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }
}
