//! The answer for one message and one pair of versions, and the evidence it carries.

use std::fmt;

use serde_json::Value;

use crate::pointer::Pointer;

/// Whether a message gets through (DESIGN: five verdicts, and unknown never passes). Ordered from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Compatible without conversion.
    Native,
    /// Every payload the sender declared is valid for the reader after the plan.
    Bridged,
    /// Bridged, and the plan drops or replaces information.
    Lossy,
    /// Neither proved nor refuted.
    Undecided,
    /// Some payload does not get through.
    Broken,
}

impl Verdict {
    /// The stable word in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Bridged => "bridged",
            Self::Lossy => "lossy",
            Self::Undecided => "undecided",
            Self::Broken => "broken",
        }
    }

    /// Whether the message is proved to get through.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Native | Self::Bridged | Self::Lossy)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// A payload that proves a break: valid for the sender, refused by the reader, both said by the validator.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// What the sender may send.
    pub payload: Value,
    /// What the reader gets: the payload itself, or what the plan made of it; absent when the plan refuses it.
    pub received: Option<Value>,
    /// Where in `received` (or, if refused by the plan, in `payload`) the reader objects.
    pub at: Pointer,
    /// The reader's keyword that refuses it (`required`, `enum`, …).
    pub keyword: String,
    /// The validator's own sentence.
    pub message: String,
}

/// Why neither a proof nor a witness was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The construct that stopped the proof, as a sentence fragment.
    pub reason: String,
    /// Where in the sender's schema.
    pub at: Pointer,
    /// How many generated payloads were tried.
    pub tried: u32,
}

/// Is every payload of one schema a payload of the other?
#[derive(Clone, Debug, PartialEq)]
pub enum Inclusion {
    /// Proved.
    Proved,
    /// A payload says no.
    Refuted(Box<Witness>),
    /// Unknown.
    Undecided(Undecided),
}
