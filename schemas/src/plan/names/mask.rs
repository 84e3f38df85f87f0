//! The two cases in which a field mask may write a name.

use super::table::Place;

/// How a client writes names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// As they are declared.
    Own,
    /// `aBc` for `a_bc`, as JSON writes a mask.
    Camel,
    /// `a_bc` for `aBc`, as protobuf does.
    Snake,
}

impl Case {
    /// A declared name as the client would write it.
    pub(super) fn write(self, name: &str) -> String {
        match self {
            Self::Own => name.to_owned(),
            Self::Camel => camel(name),
            Self::Snake => snake(name),
        }
    }
}

/// The member of a name in the other case; `None` when several have it.
pub(super) fn member(place: &Place, word: &str) -> Option<(usize, Case)> {
    let mut fits = place.members.iter().filter(|(name, _)| same(name, word));
    let (Some((_, at)), None) = (fits.next(), fits.next()) else { return None };
    Some((*at, if word.contains('_') { Case::Snake } else { Case::Camel }))
}

/// Whether two names are one in another case.
pub(super) fn same(one: &str, other: &str) -> bool {
    one == other || snake(one) == snake(other)
}

fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut raise = false;
    for letter in name.chars() {
        if letter == '_' && !out.is_empty() {
            raise = true;
        } else if raise {
            out.push(letter.to_ascii_uppercase());
            raise = false;
        } else {
            out.push(letter);
        }
    }
    out
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
