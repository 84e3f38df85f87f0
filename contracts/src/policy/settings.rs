//! Which way versions are judged, how far senders are trusted, and what makes a run fail.

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

/// How much is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Senders may send members they never declared, and a risky change is a finding.
    Strict,
    /// Senders send what they declare; what is broken, undecided or breaking is a finding, what is risky is told.
    #[default]
    Standard,
    /// As the standard, and risky changes are not even told.
    Lenient,
}

impl Policy {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Standard => "standard",
            Self::Lenient => "lenient",
        }
    }

    /// What makes a run fail unless something else is asked for.
    pub const fn fail_on(self) -> FailOn {
        match self {
            Self::Strict => FailOn::Risky,
            Self::Standard | Self::Lenient => FailOn::Breaking,
        }
    }
}

/// The mildest finding that makes a run fail; all worse ones do too. What is undecided is as bad as what is broken:
/// unknown never passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailOn {
    /// Warnings about documents and waivers too.
    Warning,
    /// Conversions that lose information too.
    Lossy,
    /// Changes that break some clients too.
    Risky,
    /// Changes beside the payloads that break clients: security, servers.
    Breaking,
    /// Messages that are broken or undecided only.
    Broken,
    /// Nothing: findings are told and the run passes.
    Never,
}

impl FailOn {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Lossy => "lossy",
            Self::Risky => "risky",
            Self::Breaking => "breaking",
            Self::Broken => "broken",
            Self::Never => "never",
        }
    }
}

/// How an api is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Which way versions must get along.
    pub compat: Compat,
    /// Assume that senders may send members they never declared, and count what breaks by that as broken.
    pub strict: bool,
    /// How much is asked for.
    pub policy: Policy,
    /// The mildest finding that makes a run fail.
    pub fail_on: FailOn,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(Compat::default())
    }
}

impl Settings {
    /// The usual judging of one direction, with closed senders.
    pub fn new(compat: Compat) -> Self {
        let policy = Policy::default();
        Self { compat, strict: false, policy, fail_on: policy.fail_on() }
    }

    /// The same by another policy, with what that policy says of senders and of failing.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        let strict = policy == Policy::Strict;
        Self { strict, policy, fail_on: policy.fail_on(), ..self }
    }

    /// The same, failing on other findings than the policy says.
    #[must_use]
    pub fn fail_on(self, fail_on: FailOn) -> Self {
        Self { fail_on, ..self }
    }

    /// The same, with senders that may send what they never declared.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }
}
