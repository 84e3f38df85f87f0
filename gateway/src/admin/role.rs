//! What an administrator may do.

/// Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Look at everything that is no secret.
    Read,
    /// Change what the configuration allows for: reload, weights, drains.
    Operate,
    /// Change the configuration itself.
    Administer,
}
