//! What stands for a file in the object of parts: a text that nobody outside this process can guess.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// Digits of the number of a part.
const DIGITS: usize = 8;

/// The beginning of all tokens of this process.
fn lead() -> &'static str {
    static LEAD: OnceLock<String> = OnceLock::new();
    LEAD.get_or_init(|| {
        let state = RandomState::new();
        format!("file-{:016x}{:016x}-", state.hash_one(1_u8), state.hash_one(2_u8))
    })
}

/// The JSON text for the file in the part of this number.
pub(super) fn token(number: u32) -> String {
    format!("\"{}{number:0DIGITS$}\"", lead())
}

/// What a JSON text says of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mention {
    /// It is the token of this part.
    Is(u32),
    /// A token is somewhere inside.
    Inside,
    None,
}

/// Whether a JSON text is a token or holds one.
pub(super) fn mention(json: &[u8]) -> Mention {
    let lead = lead();
    if memchr::memmem::find(json, lead.as_bytes()).is_none() {
        return Mention::None;
    }
    let text = std::str::from_utf8(json).unwrap_or_default().trim();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let digits = inner.and_then(|inner| inner.strip_prefix(lead));
    let number =
        digits.filter(|digits| digits.len() == DIGITS).and_then(|digits| digits.parse().ok());
    number.map_or(Mention::Inside, Mention::Is)
}
