//! A JSON text with the places of its values: what is not edited can be written as it stands.

use serde_json::value::RawValue;

use crate::convert::scalar::same_scalar;

/// Arrays and objects inside each other, as in [`crate::convert::Limits`].
const DEPTH_BOUND: usize = 128;

/// A value and where it stands in its text.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// The text of the value, without blanks around it.
    pub(super) text: &'a str,
    pub(super) kind: Kind<'a>,
}

#[derive(Debug)]
pub(super) enum Kind<'a> {
    Scalar,
    Array(Vec<Entry<'a>>),
    /// With the members' indices in the order of their names.
    Object(Vec<Entry<'a>>, Vec<usize>),
}

/// A member or an item with the text around it: `before` ends where the value begins (a member's name and colon are in
/// it), `after` ends before the comma or the closing bracket.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// Unescaped; empty for an item.
    pub(super) name: String,
    pub(super) before: &'a str,
    pub(super) value: Node<'a>,
    pub(super) after: &'a str,
}

impl<'a> Node<'a> {
    /// `None` for what is no JSON text, or nested too deeply.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let text = serde_json::from_str::<&RawValue>(text).ok()?.get();
        let mut reader = Reader { text, at: 0 };
        reader.value(DEPTH_BOUND)
    }

    pub(super) fn members(&self) -> Option<&[Entry<'a>]> {
        if let Kind::Object(members, _) = &self.kind { Some(members) } else { None }
    }

    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        let Kind::Object(members, order) = &self.kind else { return None };
        let named = |index: &usize| members.get(*index).map_or("", |one| one.name.as_str());
        let place = order.binary_search_by(|index| named(index).cmp(name)).ok()?;
        members.get(*order.get(place)?).map(|one| &one.value)
    }

    /// Equal as values: members in any order, strings after unescaping, numbers as exact decimals.
    pub(super) fn same(&self, other: &Node<'_>) -> bool {
        if self.text == other.text {
            return true;
        }
        match (&self.kind, &other.kind) {
            (Kind::Scalar, Kind::Scalar) => {
                same_scalar(self.text.as_bytes(), other.text.as_bytes())
            }
            (Kind::Array(ours), Kind::Array(theirs)) => {
                ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(one, two)| one.value.same(&two.value))
            }
            (Kind::Object(ours, _), Kind::Object(theirs, _)) => {
                ours.len() == theirs.len()
                    && ours
                        .iter()
                        .all(|one| other.member(&one.name).is_some_and(|two| one.value.same(two)))
            }
            _ => false,
        }
    }
}

/// Reads a text that is known to be JSON; anything else ends in `None`.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Node<'a>> {
        let depth = depth.checked_sub(1)?;
        let start = self.at;
        let kind = match self.peek()? {
            b'{' => {
                let members = self.entries(b'}', depth)?;
                let mut order: Vec<usize> = (0..members.len()).collect();
                order.sort_by_key(|index| members.get(*index).map(|one| one.name.as_str()));
                Kind::Object(members, order)
            }
            b'[' => Kind::Array(self.entries(b']', depth)?),
            b'"' => {
                self.string()?;
                Kind::Scalar
            }
            _ => {
                let rest = self.text.get(self.at..)?;
                let ends = |one: char| matches!(one, ',' | ']' | '}') || one.is_ascii_whitespace();
                self.at += rest.find(ends).unwrap_or(rest.len());
                Kind::Scalar
            }
        };
        Some(Node { text: self.text.get(start..self.at)?, kind })
    }

    fn entries(&mut self, close: u8, depth: usize) -> Option<Vec<Entry<'a>>> {
        let mut entries = Vec::new();
        self.at += 1;
        let mut start = self.at;
        self.blanks();
        if self.peek()? == close {
            self.at += 1;
            return Some(entries);
        }
        loop {
            let mut name = String::new();
            if close == b'}' {
                let opened = self.at;
                self.string()?;
                name = serde_json::from_str(self.text.get(opened..self.at)?).ok()?;
                self.blanks();
                self.at += 1;
                self.blanks();
            }
            let before = self.text.get(start..self.at)?;
            let value = self.value(depth)?;
            let ended = self.at;
            self.blanks();
            let after = self.text.get(ended..self.at)?;
            entries.push(Entry { name, before, value, after });
            let mark = self.peek()?;
            self.at += 1;
            if mark == close {
                return Some(entries);
            }
            start = self.at;
            self.blanks();
        }
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
