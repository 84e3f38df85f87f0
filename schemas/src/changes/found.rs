//! What was found, in the order of the messages: rows of schemas are told once, with every message that reaches them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::change::{Change, Message, Piece, Reached};
use super::rule::rule;
use super::walker::{Flags, Row, Unit};
use crate::describe::model::{Description, Status};
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::schema::Side;

/// What is being compared, for people and for programs.
#[derive(Clone, Debug)]
pub(super) struct At {
    pub(super) operation: String,
    pub(super) formerly: Option<String>,
    pub(super) subject: String,
    pub(super) side: Option<Side>,
    pub(super) old_status: Option<Status>,
    pub(super) new_status: Option<Status>,
    pub(super) piece: Piece,
    pub(super) old: Option<Place>,
    pub(super) new: Option<Place>,
}

impl At {
    pub(super) fn new(operation: String, side: Option<Side>) -> Self {
        Self {
            subject: operation.clone(),
            operation,
            formerly: None,
            side,
            old_status: None,
            new_status: None,
            piece: Piece::Whole,
            old: None,
            new: None,
        }
    }

    pub(super) fn places(&self, old: Option<&Place>, new: Option<&Place>) -> Self {
        let or = |one: Option<&Place>, other: &Option<Place>| one.or(other.as_ref()).cloned();
        let (old, new) = (or(old, &self.old), or(new, &self.new));
        Self { old, new, ..self.clone() }
    }

    pub(super) fn named(&self, more: &str) -> Self {
        Self { subject: format!("{} {more}", self.subject), ..self.clone() }
    }

    fn message(&self) -> Message {
        Message {
            operation: self.operation.clone(),
            formerly: self.formerly.clone(),
            side: self.side,
            old_status: self.old_status,
            new_status: self.new_status,
            piece: self.piece.clone(),
        }
    }
}

#[derive(Debug)]
enum Entry {
    /// A rule, what exactly, and the messages besides the first that it is told of.
    Told(&'static str, String, Vec<Arc<Message>>),
    /// The unit of a message's schema.
    Schema(usize),
}

/// Everything found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    entries: Vec<(At, Entry)>,
    /// Rows that are told once for many operations.
    shared: HashMap<String, usize>,
}

impl Found {
    pub(super) fn tell(&mut self, at: &At, rule: &'static str, message: String) {
        self.entries.push((at.clone(), Entry::Told(rule, message, Vec::new())));
    }

    /// Tells what is declared once for many operations once, with all of them.
    pub(super) fn tell_once(&mut self, at: &At, rule: &'static str, message: String) {
        let place = |place: &Option<Place>| {
            place
                .as_ref()
                .map_or_else(String::new, |place| format!("{} {}", place.file, place.pointer))
        };
        let key = [rule, &message, &at.subject, &place(&at.old), &place(&at.new)].join("\n");
        let known = self.shared.get(&key).and_then(|index| self.entries.get_mut(*index));
        if let Some((_, Entry::Told(_, _, more))) = known {
            more.push(Arc::new(at.message()));
            return;
        }
        self.shared.insert(key, self.entries.len());
        self.tell(at, rule, message);
    }

    pub(super) fn schema(&mut self, at: &At, unit: usize) {
        self.entries.push((at.clone(), Entry::Schema(unit)));
    }

    /// The rows, each with its messages.
    pub(super) fn changes(
        self,
        units: &[Unit],
        (old, new): (&Description, &Description),
    ) -> Vec<Change> {
        let fruitful = fruitful(units);
        let mut told = Vec::new();
        // Rows by unit and index, to the change that tells them.
        let mut known: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (at, entry) in self.entries {
            let message = Arc::new(at.message());
            let unit = match entry {
                Entry::Schema(unit) => unit,
                Entry::Told(id, text, more) => {
                    let mut row = bare(&at, id, text, Reached { message, overlapping: false });
                    let more = more.into_iter();
                    let more = more.map(|message| Reached { message, overlapping: false });
                    if let Some(row) = &mut row {
                        row.reached.extend(more);
                    }
                    told.extend(row);
                    continue;
                }
            };
            for (place, row, flags) in reach(units, unit, &fruitful) {
                if at.side.is_some_and(|side| flags.hides(side)) {
                    continue;
                }
                let reached =
                    Reached { message: Arc::clone(&message), overlapping: flags.overlapping };
                if let Some(change) = known.get(&place).and_then(|index| told.get_mut(*index)) {
                    join(change, reached);
                } else {
                    known.insert(place, told.len());
                    told.extend(change(&at, row, reached, (old, new)));
                }
            }
        }
        told
    }
}

fn join(change: &mut Change, reached: Reached) {
    match change.reached.last_mut() {
        Some(last) if Arc::ptr_eq(&last.message, &reached.message) => {
            last.overlapping |= reached.overlapping;
        }
        _ => change.reached.push(reached),
    }
}

fn bare(at: &At, id: &str, message: String, reached: Reached) -> Option<Change> {
    Some(Change {
        rule: rule(id)?,
        subject: at.subject.clone(),
        pointer: Pointer::root(),
        message,
        old: at.old.clone(),
        new: at.new.clone(),
        old_schema: None,
        new_schema: None,
        side: at.side,
        reached: vec![reached],
    })
}

fn change(
    at: &At,
    row: &Row,
    reached: Reached,
    (old, new): (&Description, &Description),
) -> Option<Change> {
    let subject = match &row.component {
        Some(component) => format!("component `{component}`"),
        None => at.subject.clone(),
    };
    let exact = |description: &Description, root: &Option<Place>, schema| {
        root.as_ref().map(|root| description.place_of(root, schema))
    };
    Some(Change {
        subject,
        pointer: row.pointer.clone(),
        old: exact(old, &at.old, &row.old),
        new: exact(new, &at.new, &row.new),
        old_schema: Some(row.old.clone()),
        new_schema: Some(row.new.clone()),
        ..bare(at, row.rule, row.message.clone(), reached)?
    })
}

/// The units from which a row can be reached.
fn fruitful(units: &[Unit]) -> Vec<bool> {
    let mut back: Vec<Vec<usize>> = vec![Vec::new(); units.len()];
    for (from, unit) in units.iter().enumerate() {
        for (to, _) in &unit.edges {
            if let Some(list) = back.get_mut(*to) {
                list.push(from);
            }
        }
    }
    let mut fruitful: Vec<bool> = units.iter().map(|unit| !unit.rows.is_empty()).collect();
    let mut waiting: Vec<usize> =
        fruitful.iter().enumerate().filter_map(|(at, has)| has.then_some(at)).collect();
    while let Some(at) = waiting.pop() {
        for from in back.get(at).into_iter().flatten() {
            if let Some(known) = fruitful.get_mut(*from)
                && !*known
            {
                *known = true;
                waiting.push(*from);
            }
        }
    }
    fruitful
}

/// All rows that a unit reaches, with what is known by the way that leads to each.
fn reach<'u>(
    units: &'u [Unit],
    root: usize,
    fruitful: &[bool],
) -> Vec<((usize, usize), &'u Row, Flags)> {
    let mut seen = HashSet::from([(root, Flags::default())]);
    let mut waiting = vec![(root, Flags::default())];
    let mut found = Vec::new();
    while let Some((at, flags)) = waiting.pop() {
        let Some(unit) = units.get(at) else { continue };
        let rows = unit.rows.iter().enumerate();
        found.extend(rows.map(|(index, row)| ((at, index), row, flags.and(row.flags))));
        for (to, more) in unit.edges.iter().rev() {
            let next = (*to, flags.and(*more));
            if fruitful.get(*to) == Some(&true) && seen.insert(next) {
                waiting.push(next);
            }
        }
    }
    found
}
