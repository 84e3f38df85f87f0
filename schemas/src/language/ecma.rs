//! Patterns of JSON Schema (ECMA-262) as the validator reads them, with look-around where that engine has none.

use std::borrow::Cow;

use regex_syntax::hir::{Hir, HirKind, Look};

use super::alphabet::Ranges;
use super::program::ranges;

/// The longest pattern that is read, in bytes.
const LENGTH: usize = 32 * 1024;

/// What a group asks of the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Around {
    Ahead { negative: bool },
    Behind { negative: bool },
}

/// The look-around groups of a pattern. For the parser they are written as groups with these names.
#[derive(Clone, Debug, Default)]
pub(super) struct Marked {
    /// A beginning of group names that the pattern itself does not use.
    mark: String,
    groups: Vec<Around>,
}

impl Marked {
    /// Whether there is no look-around at all.
    pub(super) const fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// How a group starts that stands for look-around.
    fn opening(&self, number: usize) -> String {
        format!("(?P<{}{number}>", self.mark)
    }

    /// What a group of that name asks.
    pub(super) fn around(&self, name: &str) -> Option<Around> {
        if self.groups.is_empty() {
            return None;
        }
        let index: usize = name.strip_prefix(&self.mark)?.parse().ok()?;
        self.groups.get(index).copied()
    }
}

/// The ways to write look-around, longest first.
const SIGNS: [(&str, Around); 4] = [
    ("(?<=", Around::Behind { negative: false }),
    ("(?<!", Around::Behind { negative: true }),
    ("(?=", Around::Ahead { negative: false }),
    ("(?!", Around::Ahead { negative: true }),
];

/// A pattern with look-around written as named groups, and what they mean.
fn mark(pattern: &str) -> (Cow<'_, str>, Marked) {
    let mut marked = Marked { mark: "around".to_owned(), groups: Vec::new() };
    if !SIGNS.iter().any(|(sign, _)| pattern.contains(sign)) {
        return (Cow::Borrowed(pattern), marked);
    }
    while pattern.contains(&marked.mark) {
        marked.mark.push('_');
    }
    let mut written = String::with_capacity(pattern.len() * 2);
    let (mut rest, mut in_class) = (pattern, false);
    while let Some(letter) = rest.chars().next() {
        let mut taken = letter.len_utf8();
        if letter == '\\' {
            taken += rest.chars().nth(1).map_or(0, char::len_utf8);
        } else if in_class {
            in_class = letter != ']';
        } else if let Some((sign, around)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            written.push_str(&marked.opening(marked.groups.len()));
            marked.groups.push(*around);
            rest = rest.get(sign.len()..).unwrap_or_default();
            continue;
        } else {
            in_class = letter == '[';
        }
        written.push_str(rest.get(..taken).unwrap_or_default());
        rest = rest.get(taken..).unwrap_or_default();
    }
    (Cow::Owned(written), marked)
}

/// A pattern read as the validator reads it; `None` for one that it does not take or that is too long.
pub(super) fn read(pattern: &str) -> Option<(Hir, Marked)> {
    if pattern.len() > LENGTH {
        return None;
    }
    let (pattern, marked) = mark(pattern);
    // An empty class, or one that holds a bracket: readers differ on where it ends.
    if !marked.groups.is_empty() && (pattern.contains("[]") || pattern.contains("[^]")) {
        return None;
    }
    let translated = jsonschema_regex::to_rust_regex(&pattern).ok()?;
    let hir = regex_syntax::parse(&translated).ok()?;
    Some((hir, marked))
}

/// A pattern with look-around for an engine that has it, with classes as ECMA-262 reads them; `None` for a pattern that
/// has none, or that is not read here.
pub(crate) fn with_look_around(pattern: &str) -> Option<String> {
    let (written, marked) = mark(pattern);
    if marked.is_empty() || written.contains("[]") || written.contains("[^]") {
        return None;
    }
    let translated = jsonschema_regex::to_rust_regex(&written).ok()?;
    // Printed anew: classes inside classes, which the translation makes, mean other things elsewhere.
    let mut whole = regex_syntax::parse(&translated).ok()?.to_string();
    for (number, around) in marked.groups.iter().enumerate() {
        let (sign, _) = SIGNS.iter().find(|(_, meaning)| meaning == around)?;
        whole = whole.replace(&marked.opening(number), sign);
    }
    Some(whole)
}

/// A group without what only names or numbers it.
fn bare<'h>(mut hir: &'h Hir, marked: &Marked) -> &'h Hir {
    while let HirKind::Capture(capture) = hir.kind()
        && capture.name.as_deref().and_then(|name| marked.around(name)).is_none()
    {
        hir = &capture.sub;
    }
    hir
}

/// `^X{m,n}$` for one class X: the class and the bounds. Such a pattern only counts, and counts may be large.
pub(super) fn counted(hir: &Hir, marked: &Marked) -> Option<(Ranges, u64, Option<u64>)> {
    let HirKind::Concat(parts) = bare(hir, marked).kind() else { return None };
    let [start, middle, end] = parts.as_slice() else { return None };
    if *start.kind() != HirKind::Look(Look::Start) || *end.kind() != HirKind::Look(Look::End) {
        return None;
    }
    let middle = bare(middle, marked);
    let (sub, least, most) = match middle.kind() {
        HirKind::Repetition(repetition) => {
            (bare(&repetition.sub, marked), repetition.min, repetition.max)
        }
        _ => (middle, 1, Some(1)),
    };
    let HirKind::Class(class) = sub.kind() else { return None };
    Some((ranges(class)?, u64::from(least), most.map(u64::from)))
}

/// `^(?=A)(?!B)…C` as its parts: what must match from the start, and what must not.
pub(super) fn conjuncts(hir: &Hir, marked: &Marked) -> Option<Vec<(Hir, bool)>> {
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let (first, rest) = parts.split_first()?;
    if *first.kind() != HirKind::Look(Look::Start) {
        return None;
    }
    let mut found = Vec::new();
    let mut rest = rest.iter();
    let mut left = rest.as_slice();
    let anchored =
        |part: Vec<Hir>| Hir::concat(std::iter::once(Hir::look(Look::Start)).chain(part).collect());
    while let Some(HirKind::Capture(capture)) = rest.next().map(Hir::kind) {
        let name = capture.name.as_deref();
        let Some(Around::Ahead { negative }) = name.and_then(|name| marked.around(name)) else {
            break;
        };
        found.push((anchored(vec![(*capture.sub).clone()]), !negative));
        left = rest.as_slice();
    }
    if found.is_empty() {
        return None;
    }
    found.push((anchored(left.to_vec()), true));
    Some(found)
}
