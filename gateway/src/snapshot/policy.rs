//! What an api does where HTTP leaves a choice.

/// What is done with messages that say `no-transform` and would have to be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTransform {
    /// They are refused.
    Honour,
    /// They are converted all the same.
    Override,
}

/// What is done with messages whose signature a conversion would break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signatures {
    /// They are refused.
    Refuse,
    /// They are converted, and the signature is forwarded as it came.
    Forward,
}

/// What is done with what the client version's description does not declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undeclared {
    /// Operations are forwarded unconverted, only to a backend of the very version asked for; bodies and statuses
    /// that only one side has pass unconverted.
    Forward,
    /// Refused.
    Refuse,
}

/// Whether the client's answer says in its head what the conversions lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossHeader {
    /// Where the client prefers `loss-report`.
    Asked,
    /// Always.
    Always,
    /// Never.
    Never,
}
