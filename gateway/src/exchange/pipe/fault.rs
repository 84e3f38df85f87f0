//! Why a body does not get through.

use super::coding::Coding;

/// Why a body could not be brought from its sender to its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// The converter refused it.
    Payload {
        /// Where, in the names of its sender.
        pointer: String,
        /// What is wrong there.
        why: String,
        /// It is not JSON that can be read safely, whatever the versions.
        malformed: bool,
    },
    /// The bytes are not what their content coding says, or end too early.
    Coding(Coding),
    /// Without its content coding it has more octets than this.
    Decoded(usize),
    /// It grows by more than this factor without its content coding.
    Ratio(usize),
    /// It is not what this field's digest says.
    Digest(&'static str),
}

impl Failed {
    /// What is wrong, as a sentence fragment.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Payload { pointer, why, .. } => format!("at {pointer}: {why}"),
            Self::Coding(coding) => format!("it is not whole and sound {}", coding.name()),
            Self::Decoded(limit) => {
                format!("without its content coding it has more than {limit} octets")
            }
            Self::Ratio(limit) => {
                format!("it grows by more than the factor {limit} without its content coding")
            }
            Self::Digest(field) => format!("it is not what its {field} says"),
        }
    }
}
