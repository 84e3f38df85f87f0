//! Rows A12 and A13: unions of objects, variant by variant.
//!
//! A variant of the sender is known by a listed tag or by a member that only it has; it is converted to the reader's
//! variant of the same tag, the same component name or the same member of its own. Where variants cannot be told
//! apart, or nothing says which belong together, the union stays one loose object and nothing is derived from it.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::plan::apply::same_scalar;
use crate::plan::lens::{MapRule, OnUnknown};
use crate::plan::program::{Choose, Literal, Node, NodeId, Table};
use crate::plan::shape::Shape;
use crate::pointer::Pointer;
use crate::schema::{Role, Side};

use super::build::COPY;
use super::scalar::literal;
use super::site::Local;
use super::variants::{Variant, own_key, short};
use super::walk::{Duty, Stand, Walk};

/// A tag that has another value in the reader's version (row A13).
#[derive(Debug)]
pub(super) struct TagChange {
    /// The sender's name of the member.
    pub(super) member: String,
    from: Value,
    to: Value,
}

/// Where a variant of the sender goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    To(usize),
    /// The reader has no such variant.
    Nowhere,
    Unclear,
}

/// Both unions with what is known of them.
struct Unions<'s, 'a> {
    sent: &'s [Variant],
    read: &'s [Variant],
    local: Local<'a>,
    /// The tag of the sender's variants, and the reader's name of it.
    tag: Option<(String, String)>,
}

impl<'a> Walk<'a> {
    /// The node for a pair of which one side at least is a union of objects; `None` where it cannot be taken apart.
    pub(super) fn union(
        &mut self,
        pair: (&Value, &Value),
        shapes: (&Shape, &Shape),
        duty: &Duty<'a>,
    ) -> Option<Node> {
        if !(shapes.0.joined || shapes.1.joined) || !duty.extra.is_empty() {
            return None;
        }
        let read = self.variants(Role::Reader, pair.1);
        let mut sent = self.variants(Role::Sender, pair.0);
        if let [only] = sent.as_slice() {
            let parts = self.by_tag_of_reader(only, &read);
            sent = parts.unwrap_or(sent);
        }
        if sent.len() < 2 && read.len() < 2 {
            return None;
        }
        let local = self.site.local(&duty.pending, shapes);
        let tag = if sent.len() > 1 {
            self.tag(Role::Sender, &sent)
        } else {
            self.tag(Role::Reader, &read).filter(|tag| !local.renames.values().any(|to| to == tag))
        };
        let tag = tag.map(|tag| {
            let output = local.renames.get(tag.as_str()).map_or(tag.clone(), |to| (*to).to_owned());
            (tag, output)
        });
        let pending: Vec<_> = self.site.arriving(&duty.pending, shapes).into_iter().collect();
        let inner = Duty { pending, ..duty.clone() };
        let unions = Unions { sent: &sent, read: &read, local, tag };
        let goes = self.matched(&unions, &inner)?;
        if let ([only], [Goes::To(to)]) = (sent.as_slice(), goes.as_slice()) {
            let to = read.get(*to)?;
            return Some(self.object((&only.shape, &to.shape), &inner));
        }
        let tests = self.tests(Role::Sender, &sent)?;
        let mut cases = Vec::new();
        let mut otherwise = COPY;
        for (index, (tests, way)) in tests.into_iter().zip(goes).enumerate() {
            let node = self.variant(&unions, (index, way), &inner)?;
            if tests.is_empty() {
                otherwise = node;
            }
            cases.extend(tests.into_iter().map(|test| (test, node)));
        }
        Some(Node::Choose(Box::new(Choose { cases, otherwise })))
    }

    /// One object that lists the values of the reader's tag, value by value.
    fn by_tag_of_reader(&mut self, only: &Variant, read: &[Variant]) -> Option<Vec<Variant>> {
        let tag = self.tag(Role::Reader, read).filter(|_| read.len() > 1)?;
        let values = self.tag_values(Role::Sender, &only.shape, &tag)?;
        let mut parts: Vec<Vec<Value>> = Vec::new();
        let mut left = values;
        for one in read {
            let theirs = self.tag_values(Role::Reader, &one.shape, &tag)?;
            let (mine, others): (Vec<Value>, Vec<Value>) =
                left.into_iter().partition(|value| has(&theirs, value));
            parts.push(mine);
            left = others;
        }
        parts.push(left);
        parts.retain(|values| !values.is_empty());
        if parts.len() < 2 {
            return None;
        }
        let part = |walk: &mut Self, values: &Vec<Value>| {
            let said = json!({"properties": {tag.as_str(): {"enum": values}}});
            let node = json!({"allOf": [only.node, said]});
            let shape = walk.shape(Role::Sender, &node);
            Variant { node, shape }
        };
        Some(parts.iter().map(|values| part(self, values)).collect())
    }

    /// Where each variant goes; `None` when that is not clear for one of them.
    fn matched(&mut self, unions: &Unions<'_, 'a>, duty: &Duty<'a>) -> Option<Vec<Goes>> {
        let mut goes = Vec::new();
        for index in 0..unions.sent.len() {
            goes.push(self.goes(unions, index, duty)?);
        }
        let reached = |wanted: usize| goes.contains(&Goes::To(wanted));
        let all_reached = (0..unions.read.len()).all(reached);
        // What is left over when every variant of the reader has its own is new to the reader.
        let settled = goes.iter().map(|one| match one {
            Goes::Unclear if all_reached && unions.read.len() > 1 => Some(Goes::Nowhere),
            Goes::Unclear => None,
            known => Some(*known),
        });
        settled.collect()
    }

    fn goes(&mut self, unions: &Unions<'_, 'a>, index: usize, duty: &Duty<'a>) -> Option<Goes> {
        let variant = unions.sent.get(index)?;
        let by_tag = self.goes_by_tag(unions, variant, duty);
        if let Some(Goes::To(_)) = by_tag {
            return by_tag;
        }
        if let Some(found) = by_name(variant, unions.read) {
            return Some(Goes::To(found));
        }
        if by_tag.is_some() {
            return by_tag;
        }
        if unions.read.len() == 1 {
            return Some(Goes::To(0));
        }
        Some(by_key(unions, index).map_or(Goes::Unclear, Goes::To))
    }

    /// By the values of the tag, as declared maps make them.
    fn goes_by_tag(
        &mut self,
        unions: &Unions<'_, 'a>,
        variant: &Variant,
        duty: &Duty<'a>,
    ) -> Option<Goes> {
        let (tag, output) = unions.tag.as_ref()?;
        let values = self.tag_values(Role::Sender, &variant.shape, tag)?;
        let local = self.site.local(&duty.pending, (&variant.shape, &variant.shape));
        let map = local.maps.into_iter().find(|map| map.member == *tag || map.member == *output);
        let values: Vec<Value> = values
            .iter()
            .map(|value| map.map_or(value.clone(), |map| self.meant(map, value)))
            .collect();
        for (at, one) in unions.read.iter().enumerate() {
            let theirs = self.tag_values(Role::Reader, &one.shape, output)?;
            if values.iter().all(|value| has(&theirs, value)) {
                return Some(Goes::To(at));
            }
        }
        Some(Goes::Nowhere)
    }

    fn meant(&self, map: &MapRule, value: &Value) -> Value {
        let is = |key: &str| match value {
            Value::String(text) => text == key,
            other => other.to_string().as_str() == key,
        };
        let row = map.rows(self.site.direction).iter().find(|(key, _)| is(key));
        let rest = map.otherwise(self.site.direction);
        row.map(|(_, to)| to).or(rest).unwrap_or(value).clone()
    }

    /// What becomes of one variant.
    fn variant(
        &mut self,
        unions: &Unions<'_, 'a>,
        (index, way): (usize, Goes),
        duty: &Duty<'a>,
    ) -> Option<NodeId> {
        let variant = unions.sent.get(index)?;
        let Goes::To(to) = way else { return Some(self.unknown_variant(unions, index, duty)) };
        let read = unions.read.get(to)?;
        let mut duty = duty.clone();
        duty.tag = self.retagged(unions, variant, read, &duty);
        Some(self.value((&variant.node, &read.node), &duty))
    }

    /// Row A13: variants that belong together by name and have different tags.
    fn retagged(
        &mut self,
        unions: &Unions<'_, 'a>,
        sent: &Variant,
        read: &Variant,
        duty: &Duty<'a>,
    ) -> Option<Rc<TagChange>> {
        let (tag, output) = unions.tag.as_ref()?;
        let local = self.site.local(&duty.pending, (&sent.shape, &read.shape));
        if local.maps.iter().any(|map| map.member == *tag || map.member == *output) {
            return None;
        }
        let from = self.tag_values(Role::Sender, &sent.shape, tag)?;
        let to = self.tag_values(Role::Reader, &read.shape, output)?;
        match (from.as_slice(), to.as_slice()) {
            ([from], [to]) if !same_scalar(from, to) => {
                Some(Rc::new(TagChange { member: tag.clone(), from: from.clone(), to: to.clone() }))
            }
            _ => None,
        }
    }

    /// The node of a tag that is renamed.
    pub(super) fn renamed_tag(&mut self, change: &TagChange, at: &Pointer) -> NodeId {
        let (from, to) = (literal(&change.from), literal(&change.to));
        let note = self.note("A13", format!("rename the tag `{from}` to `{to}`"), at, false);
        let replaced = self.build.node(Node::Replace(to, note));
        let entries = vec![(from, replaced)];
        self.build.node(Node::Table(Box::new(Table { entries, otherwise: COPY })))
    }

    /// Row A12: a variant that the reader does not have.
    fn unknown_variant(
        &mut self,
        unions: &Unions<'_, 'a>,
        index: usize,
        duty: &Duty<'a>,
    ) -> NodeId {
        let what = self.variant_name(unions, index);
        let left_out = |walk: &mut Self| {
            let text = format!("leave out the variant {what}");
            Node::Omit(walk.note("A12", text, &duty.at, true))
        };
        let replaced = |walk: &mut Self, by: &Literal| {
            let text = format!("replace the variant {what} by `{by}`");
            Node::Replace(Literal::clone(by), walk.note("A12", text, &duty.at, true))
        };
        let optional = duty.stand == Stand::Member { required: false };
        let node = match duty.on_unknown {
            Some(OnUnknown::Keep) => return COPY,
            Some(OnUnknown::Omit | OnUnknown::DropItem) => left_out(self),
            Some(OnUnknown::Fallback(by)) => replaced(self, by),
            None if self.site.side == Side::Response && optional => left_out(self),
            Some(OnUnknown::Error) | None => {
                let text = format!("refuse the variant {what}, which the reader does not have");
                Node::Refuse(self.note("A12", text, &duty.at, false))
            }
        };
        self.build.node(node)
    }

    fn variant_name(&mut self, unions: &Unions<'_, 'a>, index: usize) -> String {
        let Some(variant) = unions.sent.get(index) else { return String::new() };
        if let Some((tag, _)) = &unions.tag
            && let Some(values) = self.tag_values(Role::Sender, &variant.shape, tag)
        {
            let values: Vec<String> = values.iter().map(Value::to_string).collect();
            return format!("`{tag}: {}`", values.join(" or "));
        }
        match (variant.shape.names.first(), own_key(unions.sent, index)) {
            (Some(name), _) => format!("`{}`", short(name)),
            (None, Some(key)) => format!("with `{key}`"),
            (None, None) => format!("number {}", index + 1),
        }
    }
}

fn has(values: &[Value], value: &Value) -> bool {
    values.iter().any(|one| same_scalar(one, value))
}

/// The one variant of the reader that passed through a component of the same name, the outermost that tells.
fn by_name(variant: &Variant, read: &[Variant]) -> Option<usize> {
    variant.shape.names.iter().find_map(|name| {
        let same = |other: &String| short(other) == short(name);
        let mut found = read.iter().enumerate().filter(|(_, one)| one.shape.names.iter().any(same));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Some(at),
            _ => None,
        }
    })
}

/// The one variant of the reader that is known by the same member, or by none as this one.
fn by_key(unions: &Unions<'_, '_>, index: usize) -> Option<usize> {
    let outputs: Vec<Option<String>> =
        (0..unions.read.len()).map(|at| own_key(unions.read, at)).collect();
    let renamed = |key: &str| {
        unions.local.renames.get(key).map_or_else(|| key.to_owned(), |to| (*to).to_owned())
    };
    let variant = unions.sent.get(index)?;
    if unions.sent.len() == 1 {
        let required: Vec<String> =
            variant.shape.object.required.iter().map(|key| renamed(key)).collect();
        let mut found = outputs
            .iter()
            .enumerate()
            .filter(|(_, key)| key.as_ref().is_some_and(|key| required.contains(key)));
        return match (found.next(), found.next()) {
            (Some((at, _)), None) => Some(at),
            _ => None,
        };
    }
    let wanted = own_key(unions.sent, index).map(|key| renamed(&key));
    let mut found = outputs.iter().enumerate().filter(|(_, key)| **key == wanted);
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Some(at),
        _ => None,
    }
}
