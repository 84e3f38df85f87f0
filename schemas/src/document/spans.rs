//! Where in a file each value stands: one flat table for a document, small enough to be kept with what was read.

use std::collections::HashMap;
use std::ops::Range;

use crate::pointer::Pointer;

use super::scribe::{Mark, narrow};

/// The name of an item of a list.
const ITEM: u32 = u32::MAX;
/// The name of YAML's merge key, whose members count as members of the mapping it stands in.
const MERGE: u32 = u32::MAX - 1;

/// One value; its parts follow it up to `end`.
#[derive(Clone, Copy, Debug)]
struct Row {
    value: Mark,
    label: Mark,
    name: u32,
    end: u32,
}

/// The places of all values of a document, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans {
    rows: Vec<Row>,
    names: HashMap<Box<str>, u32>,
    next: Option<(u32, Mark)>,
}

/// A value in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanId(u32);

impl Spans {
    /// The next value to begin is the member `name`, which is written at `label`.
    pub(super) fn name(&mut self, name: &str, label: Mark) {
        let next = narrow(self.names.len()).min(MERGE - 1);
        let id = self.names.get(name).copied().unwrap_or_else(|| {
            self.names.insert(name.into(), next);
            next
        });
        self.next = Some((id, label));
    }

    /// The next value to begin is merged into the mapping it stands in.
    pub(super) const fn merges(&mut self, label: Mark) {
        self.next = Some((MERGE, label));
    }

    /// A value begins; [`Self::end`] ends it.
    pub(super) fn begin(&mut self, value: Mark) -> usize {
        let (name, label) = self.next.take().unwrap_or((ITEM, value));
        let at = self.rows.len();
        self.rows.push(Row { value, label, name, end: narrow(at + 1) });
        at
    }

    /// All parts of a value have been read; the answer is its range.
    pub(super) fn end(&mut self, at: usize) -> Range<usize> {
        let end = self.rows.len();
        if let Some(row) = self.rows.get_mut(at) {
            row.end = narrow(end);
        }
        at..end
    }

    /// A value that repeats another, whose parts stand where the first one's do.
    pub(super) fn repeat(&mut self, value: Mark, of: Range<usize>) {
        let at = self.begin(value);
        let from = of.start;
        for index in of.skip(1) {
            let Some(row) = self.rows.get(index).copied() else { continue };
            let end = narrow((row.end as usize).saturating_sub(from).saturating_add(at));
            self.rows.push(Row { end, ..row });
        }
        self.end(at);
    }

    /// The whole document.
    pub(crate) const fn root() -> SpanId {
        SpanId(0)
    }

    /// The member or item of a value.
    pub(crate) fn part(&self, of: SpanId, token: &str) -> Option<SpanId> {
        let first = self.parts(of).next()?;
        if self.row(first)?.name == ITEM {
            return self.parts(of).nth(token.parse().ok()?);
        }
        let wanted = self.names.get(token).copied();
        // The last of two members of the same name counts.
        let own = self.parts(of).filter(|part| self.row(*part).map(|row| row.name) == wanted);
        wanted.and_then(|_| own.last()).or_else(|| self.merged(of, token))
    }

    fn merged(&self, of: SpanId, token: &str) -> Option<SpanId> {
        let is_merge = |part: &SpanId| self.row(*part).is_some_and(|row| row.name == MERGE);
        self.parts(of).filter(is_merge).find_map(|merge| {
            let listed = self.parts(merge).filter(|one| self.is_item(*one));
            let mut all = std::iter::once(merge).filter(|one| !self.is_list(*one)).chain(listed);
            all.find_map(|one| self.part(one, token))
        })
    }

    fn is_item(&self, of: SpanId) -> bool {
        self.row(of).is_some_and(|row| row.name == ITEM)
    }

    /// Whether it is a list with items.
    pub(crate) fn is_list(&self, of: SpanId) -> bool {
        self.parts(of).next().is_some_and(|first| self.is_item(first))
    }

    /// The first member of an object, with its name.
    pub(crate) fn first_member(&self, of: SpanId) -> Option<(&str, SpanId)> {
        let first = self.parts(of).next()?;
        let id = self.row(first)?.name;
        let (name, _) = self.names.iter().find(|(_, known)| **known == id)?;
        Some((name, first))
    }

    fn parts(&self, of: SpanId) -> impl Iterator<Item = SpanId> + '_ {
        let end = self.row(of).map_or(0, |row| row.end);
        let mut next = of.0.saturating_add(1);
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let part = SpanId(next);
            next = self.row(part)?.end.max(next + 1);
            Some(part)
        })
    }

    fn row(&self, at: SpanId) -> Option<&Row> {
        self.rows.get(at.0 as usize)
    }

    /// Where the value begins; line and column from 1, or 0 when there is no document.
    pub(crate) fn value(&self, at: SpanId) -> Mark {
        self.row(at).map_or((0, 0), |row| row.value)
    }

    /// Where its name is written, or, of an item or the whole document, where it begins.
    pub(crate) fn label(&self, at: SpanId) -> Mark {
        self.row(at).map_or((0, 0), |row| row.label)
    }

    /// The deepest value on the way to a pointer, and how many steps of the pointer lead there.
    pub(crate) fn nearest(&self, pointer: &Pointer) -> (SpanId, usize) {
        let (mut at, mut steps) = (Self::root(), 0);
        for token in pointer.tokens() {
            let Some(next) = self.part(at, &token) else { break };
            (at, steps) = (next, steps + 1);
        }
        (at, steps)
    }
}
