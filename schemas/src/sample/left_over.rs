//! `unevaluatedProperties` and `unevaluatedItems` of one value: which of its parts the schemas beside them evaluated.

use serde_json::{Map, Value};

use super::evaluate::{Judge, and};
use super::node::{Id, Keywords};

/// Which members or items were evaluated, by position.
struct Marks(Vec<bool>);

impl Marks {
    fn all(&mut self) {
        self.0.fill(true);
    }

    fn mark(&mut self, index: usize) {
        if let Some(place) = self.0.get_mut(index) {
            *place = true;
        }
    }
}

impl Judge<'_> {
    /// Whether what is left over satisfies `unevaluated*`, for a value that all else in the schema takes.
    pub(super) fn left_over(&mut self, node: &Keywords, value: &Value, depth: u32) -> Option<bool> {
        let (count, rest) = match value {
            Value::Object(members) => (members.len(), node.unevaluated_members),
            Value::Array(items) => (items.len(), node.unevaluated_items),
            _ => return Some(true),
        };
        let Some(rest) = rest else { return Some(true) };
        let mut marks = Marks(vec![false; count]);
        if node.beside.is_empty() {
            self.parts(node, value, depth, &mut marks)?;
        } else {
            for &id in &node.beside {
                self.mark(id, value, depth + 1, &mut marks)?;
            }
        }
        let mut answer = Some(true);
        let values: Vec<&Value> = match value {
            Value::Object(members) => members.values().collect(),
            Value::Array(items) => items.iter().collect(),
            _ => Vec::new(),
        };
        for (inner, marked) in values.into_iter().zip(marks.0) {
            if !marked {
                answer = and(answer, || self.look(rest, inner, depth + 1));
            }
        }
        answer
    }

    /// Marks what a schema that takes the value evaluates; `None` where it cannot be told.
    fn mark(&mut self, id: Id, value: &Value, depth: u32, marks: &mut Marks) -> Option<()> {
        if depth > super::evaluate::DEPTH {
            return None;
        }
        let node = self.arena.node(id);
        if node.odd.is_some() {
            return None;
        }
        let inner = match value {
            Value::Object(_) => node.unevaluated_members,
            _ => node.unevaluated_items,
        };
        if inner.is_some() {
            marks.all();
            return Some(());
        }
        self.parts(&node, value, depth, marks)
    }

    fn parts(
        &mut self,
        node: &Keywords,
        value: &Value,
        depth: u32,
        marks: &mut Marks,
    ) -> Option<()> {
        match value {
            Value::Object(members) => self.members(node, members, marks)?,
            Value::Array(items) => self.items(node, items, depth, marks)?,
            _ => {}
        }
        for &part in &node.all {
            self.mark(part, value, depth + 1, marks)?;
        }
        for &way in node.any.iter().chain(&node.one).flatten() {
            if self.look(way, value, depth + 1)? {
                self.mark(way, value, depth + 1, marks)?;
            }
        }
        if let Some(conditional) = &node.conditional {
            if self.look(conditional.when, value, depth + 1)? {
                self.mark(conditional.when, value, depth + 1, marks)?;
                self.mark(conditional.then, value, depth + 1, marks)?;
            } else {
                self.mark(conditional.otherwise, value, depth + 1, marks)?;
            }
        }
        if let Value::Object(members) = value {
            for (name, demand) in &node.dependent {
                if members.contains_key(&**name) {
                    self.mark(*demand, value, depth + 1, marks)?;
                }
            }
        }
        Some(())
    }

    fn members(
        &mut self,
        node: &Keywords,
        members: &Map<String, Value>,
        marks: &mut Marks,
    ) -> Option<()> {
        let Some(layer) = &node.objects.layer else { return Some(()) };
        if layer.rest.is_some() {
            marks.all();
            return Some(());
        }
        for (index, name) in members.keys().enumerate() {
            let mut declared = layer.named.contains_key(name.as_str());
            for (pattern, _) in &layer.patterned {
                declared = declared || self.patterns.matches(pattern, name)?;
            }
            if declared {
                marks.mark(index);
            }
        }
        Some(())
    }

    fn items(
        &mut self,
        node: &Keywords,
        items: &[Value],
        depth: u32,
        marks: &mut Marks,
    ) -> Option<()> {
        if let Some(row) = &node.arrays.row {
            if row.rest.is_some() {
                marks.all();
                return Some(());
            }
            for index in 0..row.first.len() {
                marks.mark(index);
            }
        }
        if let Some(contains) = &node.arrays.contains {
            for (index, item) in items.iter().enumerate() {
                if self.look(contains.schema, item, depth + 1)? {
                    marks.mark(index);
                }
            }
        }
        Some(())
    }
}
