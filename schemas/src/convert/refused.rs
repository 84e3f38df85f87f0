//! Why a payload does not get through, within which bounds one does, and what was done to it.

use crate::plan::program::Note;
use crate::pointer::Pointer;

/// The bounds of one conversion. Beyond one, the payload is refused, never cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Arrays and objects inside each other.
    pub depth: u32,
    /// Bytes of input that may be withheld until it is known what becomes of them; see [`Cause::Held`].
    pub held: usize,
    /// Members of one object.
    pub members: u32,
    /// Bytes of one number.
    pub number: usize,
    /// Bytes of one member name, as it is spelled.
    pub name: usize,
    /// Bytes of one record of a stream, of a form, of a patch, and of what is held of a multipart body.
    pub record: usize,
    /// Parts of one multipart body.
    pub parts: u32,
    /// Bytes of the head of one part.
    pub part_head: usize,
    /// Bytes that may be written from captured members beyond as many as were taken; see [`Cause::Copied`].
    pub copied: usize,
    /// How many times over a value that is held may be gone through; see [`Cause::Work`].
    pub work: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 128,
            held: 1 << 20,
            members: 65_536,
            number: 4096,
            name: 64 << 10,
            record: 4 << 20,
            parts: 1000,
            part_head: 8 << 10,
            copied: 1 << 20,
            work: 1024,
        }
    }
}

/// A payload that does not get through.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{cause} at byte {offset}, at `{pointer}`")]
pub struct Refused {
    /// The place in the names of the input. Names longer than 256 bytes are cut.
    pub pointer: Pointer,
    /// Bytes of input before the place. For a program that runs after another one: of its own input.
    pub offset: u64,
    /// What is wrong.
    pub cause: Cause,
}

impl Refused {
    /// Whether `changes.yaml` says that such a payload is to be refused.
    pub fn is_declared(&self) -> bool {
        match &self.cause {
            Cause::Value(note)
            | Cause::Omitted(note)
            | Cause::Missing(note)
            | Cause::Unfit(note, _) => note.policy.is_some(),
            _ => false,
        }
    }
}

/// What is wrong with a payload: not JSON, beyond a limit, or refused by the program.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Cause {
    /// A byte that cannot stand there.
    #[error("the byte {0:#04x} cannot stand there in JSON")]
    Unexpected(u8),
    /// The input ends inside the value, or there is none.
    #[error("the JSON text ends too early")]
    Truncated,
    /// Something after the value.
    #[error("something follows the JSON value")]
    Trailing,
    /// A byte order mark (RFC 8259, section 8.1).
    #[error("the JSON text begins with a byte order mark")]
    ByteOrderMark,
    /// Not UTF-8 (RFC 8259, section 8.1).
    #[error("the bytes are not UTF-8")]
    Utf8,
    /// A control character that is not escaped in a string.
    #[error("a string holds the unescaped control character {0:#04x}")]
    Control(u8),
    /// An escape that JSON does not have.
    #[error("a string holds an escape that JSON does not have")]
    Escape,
    /// A `\u` escape of one half of a surrogate pair (RFC 8259, section 8.2).
    #[error("a string holds a lone surrogate")]
    Surrogate,
    /// A number that is not spelled as JSON has it.
    #[error("a number is not spelled as JSON has it")]
    Number,
    /// A name that the object already has, after unescaping.
    #[error("a member name occurs twice in one object")]
    DuplicateName,
    /// [`Limits::depth`].
    #[error("arrays and objects are nested too deeply")]
    Depth,
    /// [`Limits::members`].
    #[error("an object has too many members")]
    Members,
    /// [`Limits::number`].
    #[error("a number is too long")]
    NumberLength,
    /// [`Limits::name`].
    #[error("a member name is too long")]
    NameLength,
    /// [`Limits::held`].
    #[error("too much would have to be held back to convert this value")]
    Held,
    /// [`Limits::record`].
    #[error("a record is too long")]
    RecordLength,
    /// Bytes that are not framed as their media type has it.
    #[error("{0}")]
    Framing(&'static str),
    /// A multipart body that is not one, or that readers may take apart in different ways (RFC 2046 §5.1, RFC 7578).
    #[error("{0}")]
    Multipart(&'static str),
    /// A file that the program would do something to.
    #[error("a file would have to be converted")]
    File,
    /// [`Limits::parts`].
    #[error("there are too many parts")]
    Parts,
    /// [`Limits::part_head`].
    #[error("the head of a part is too long")]
    PartHead,
    /// [`Limits::copied`]: one member, copied into many places, would make the output grow without bound.
    #[error("a member would be copied into too many places")]
    Copied,
    /// [`Limits::work`]: functions and unions inside each other would go through a value again and again.
    #[error("a value would have to be gone through too often")]
    Work,
    /// What an operation of a patch does depends on the document that it is made to.
    #[error("what this operation does cannot be converted without the document that it is made to")]
    Unseen,
    /// The program lets no such value through.
    #[error("this value cannot be converted: {}", .0.text)]
    Value(Box<Note>),
    /// A function of the program is not defined for the value; why, without a word of the value.
    #[error("this value cannot be converted: {}: {}", .0.text, .1)]
    Unfit(Box<Note>, String),
    /// The whole payload would be left out.
    #[error("the whole payload would be left out: {}", .0.text)]
    Omitted(Box<Note>),
    /// A member that the reader needs and nothing supplies.
    #[error("a needed value is missing: {}", .0.text)]
    Missing(Box<Note>),
    /// Two members would get the same name.
    #[error("two members would be written under one name")]
    Conflict(Option<Box<Note>>),
    /// Two values for one moved member.
    #[error("two values claim the place of one moved member")]
    Claimed,
    /// A moved value that contains its own place.
    #[error("a moved value would contain itself")]
    Circular,
    /// A name pattern that the linear-time engine cannot run.
    #[error("the name pattern `{0}` cannot be run")]
    Pattern(String),
    /// Bytes after a refusal or after the end.
    #[error("the conversion is already over")]
    Over,
}

impl Cause {
    /// The stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unexpected(_) => "json-unexpected-byte",
            Self::Truncated => "json-truncated",
            Self::Trailing => "json-trailing-bytes",
            Self::ByteOrderMark => "json-byte-order-mark",
            Self::Utf8 => "json-not-utf8",
            Self::Control(_) => "json-control-character",
            Self::Escape => "json-escape",
            Self::Surrogate => "json-lone-surrogate",
            Self::Number => "json-number",
            Self::DuplicateName => "json-duplicate-name",
            Self::Depth => "limit-depth",
            Self::Members => "limit-members",
            Self::NumberLength => "limit-number-length",
            Self::NameLength => "limit-name-length",
            Self::Held => "limit-held",
            Self::RecordLength => "limit-record-length",
            Self::Framing(_) => "json-framing",
            Self::Multipart(_) => "multipart-malformed",
            Self::File => "file-not-convertible",
            Self::Parts => "limit-parts",
            Self::PartHead => "limit-part-head",
            Self::Unseen => "patch-needs-document",
            Self::Copied => "limit-copied",
            Self::Work => "limit-work",
            Self::Value(_) | Self::Unfit(..) => "value-not-convertible",
            Self::Omitted(_) => "payload-omitted",
            Self::Missing(_) => "value-missing",
            Self::Conflict(_) => "name-conflict",
            Self::Claimed => "slot-claimed",
            Self::Circular => "slot-circular",
            Self::Pattern(_) => "pattern-unusable",
            Self::Over => "conversion-over",
        }
    }

    /// The step of the program that refused, if it was one.
    pub fn note(&self) -> Option<&Note> {
        match self {
            Self::Value(note)
            | Self::Unfit(note, _)
            | Self::Omitted(note)
            | Self::Missing(note) => Some(note),
            Self::Conflict(note) => note.as_deref(),
            _ => None,
        }
    }

    /// Whether the input is at fault as JSON or as a multipart body, whatever the program.
    pub fn is_syntax(&self) -> bool {
        self.code().starts_with("json-") || matches!(self, Self::Multipart(_))
    }

    /// Whether a bound of [`Limits`] was passed.
    pub fn is_limit(&self) -> bool {
        self.code().starts_with("limit-")
    }
}

/// What a conversion did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How often each note fired: by stage, then by note. Stays at the greatest number.
    pub fired: Vec<Vec<u32>>,
    /// Bytes of input.
    pub bytes_in: u64,
    /// Bytes of output.
    pub bytes_out: u64,
}

#[cfg(test)]
mod tests {
    use super::{Cause, Refused};
    use crate::plan::program::Note;
    use crate::pointer::Pointer;

    #[test]
    fn a_refusal_is_declared_whatever_step_made_it() {
        let note = |policy| {
            let (rule, text, at) = ("A10", "refuse `m`".to_owned(), "/m".to_owned());
            Box::new(Note { rule, text, at, loss: false, policy })
        };
        for policy in [None, Some("on_range: error")] {
            let causes = [
                Cause::Value(note(policy)),
                Cause::Omitted(note(policy)),
                Cause::Missing(note(policy)),
                Cause::Unfit(note(policy), "a value out of range".to_owned()),
            ];
            for cause in causes {
                let refused = Refused { pointer: Pointer::root(), offset: 0, cause };
                assert_eq!(refused.is_declared(), policy.is_some(), "{refused:?}");
            }
        }
    }
}
