//! The walk over pairs of schema nodes, remembered by pair so that recursion becomes recursive nodes.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use crate::plan::lens::{CaseRule, Direction, MapRule, OnNull, OnRange, OnUnknown, Way};
use crate::plan::program::{ArrayNode, Node, NodeId, Note, NoteId, Program, Split};
use crate::plan::shape::{Kind, Shape, shape};
use crate::pointer::Pointer;
use crate::relate::verdict::Inclusion;
use crate::relate::{Prover, close};
use crate::schema::{Role, Schema};

use super::build::{Builder, COPY};
use super::site::{Pending, Site, with_cases};
use super::slots::Extra;
use super::union::TagChange;

/// Members, items and unions inside each other before the rest is copied.
const DEPTH: usize = 96;

/// Nodes of one program before the rest is copied.
const NODES: usize = 50_000;

/// The program that turns what `sender` declares into what `reader` accepts, as far as rules and lenses say how.
///
/// `sender` comes as declared, not closed: an object in it that says nothing about undeclared members is taken
/// to be closed here, and the names of its components are where lenses attach. What rules cannot bridge is
/// copied; the verdict will say that it breaks.
pub fn derive(sender: &Schema, reader: &Schema, site: &Site<'_>, prover: &mut Prover) -> Program {
    let mut walk = Walk {
        sender,
        reader,
        site,
        prover,
        build: Builder::new(),
        memo: HashMap::new(),
        shapes: HashMap::new(),
        included: HashMap::new(),
        made: HashMap::new(),
        slots: 0,
        depth: 0,
    };
    let duty = Duty::new(Stand::Root, Pointer::root(), site.entrance());
    let root = walk.value((&sender.root, &reader.root), &duty);
    walk.build.finish(root)
}

/// What a value stands in: what can be done when it cannot stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Root,
    /// Of an object whose reader requires it, or does not.
    Member {
        required: bool,
    },
    Item,
    /// Of a map: its name is data.
    Entry,
}

/// What is known about a value from outside it.
#[derive(Clone, Debug)]
pub(super) struct Duty<'a> {
    pub(super) stand: Stand,
    pub(super) at: Pointer,
    pub(super) pending: Vec<Pending>,
    /// It is a member of variants joined into one.
    pub(super) joined: bool,
    pub(super) map: Option<&'a MapRule>,
    pub(super) on_null: Option<&'a OnNull>,
    pub(super) on_unknown: Option<&'a OnUnknown>,
    pub(super) on_range: Option<&'a OnRange>,
    /// The sender does not declare it: only a value of the reader's types may come.
    pub(super) fits: bool,
    pub(super) extra: Extra,
    /// Names of members that hold from further out.
    pub(super) cases: Vec<&'a CaseRule>,
    /// Functions that the value goes through first.
    pub(super) ways: Vec<&'a Way>,
    /// The functions of the value itself are behind us.
    pub(super) made: bool,
    /// The value is a variant whose tag is renamed.
    pub(super) tag: Option<Rc<TagChange>>,
}

impl Duty<'_> {
    pub(super) fn new(stand: Stand, at: Pointer, pending: Vec<Pending>) -> Self {
        Self {
            stand,
            at,
            pending,
            joined: false,
            map: None,
            on_null: None,
            on_unknown: None,
            on_range: None,
            fits: false,
            extra: Extra::default(),
            cases: Vec::new(),
            ways: Vec::new(),
            made: false,
            tag: None,
        }
    }
}

impl Duty<'_> {
    /// Which rules of case hold, for remembering.
    pub(super) fn case_ids(&self) -> Vec<usize> {
        self.cases.iter().map(|rule| std::ptr::from_ref(*rule) as usize).collect()
    }
}

type Key = (Kind, String, String, Vec<Pending>, Vec<usize>);

/// A pair, the functions on the way, and what holds further in.
type MadeKey = (String, String, String, Vec<Pending>);

pub(super) struct Walk<'a> {
    pub(super) sender: &'a Schema,
    pub(super) reader: &'a Schema,
    pub(super) site: &'a Site<'a>,
    prover: &'a mut Prover,
    pub(super) build: Builder,
    memo: HashMap<Key, NodeId>,
    shapes: HashMap<(Role, String), Rc<Shape>>,
    included: HashMap<(String, String), bool>,
    pub(super) made: HashMap<MadeKey, NodeId>,
    /// The next slot that no object owns.
    pub(super) slots: u32,
    pub(super) depth: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn note(
        &mut self,
        rule: &'static str,
        text: String,
        at: &Pointer,
        loss: bool,
    ) -> NoteId {
        self.build.note(Note { rule, text, at: at.as_str().to_owned(), loss, policy: None })
    }

    /// The rule of a difference that exists mirrored in both directions.
    pub(super) fn rule(&self, up: &'static str, down: &'static str) -> &'static str {
        if self.site.direction == Direction::Up { up } else { down }
    }

    pub(super) fn shape(&mut self, role: Role, node: &Value) -> Rc<Shape> {
        let schema = if role == Role::Sender { self.sender } else { self.reader };
        if !composed(node) {
            return Rc::new(shape(schema, node));
        }
        let key = (role, node.to_string());
        if let Some(known) = self.shapes.get(&key) {
            return Rc::clone(known);
        }
        let seen = Rc::new(shape(schema, node));
        self.shapes.insert(key, Rc::clone(&seen));
        seen
    }

    /// The node for a value that the sender means as `pair.0` and the reader as `pair.1`.
    pub(super) fn value(&mut self, pair: (&Value, &Value), duty: &Duty<'a>) -> NodeId {
        if self.depth >= DEPTH || self.build.len() >= NODES {
            return COPY;
        }
        let sender = self.shape(Role::Sender, pair.0);
        let reader = self.shape(Role::Reader, pair.1);
        if let Some(node) = self.functions(pair, (&sender, &reader), duty) {
            return node;
        }
        let unclear = |shape: &Shape| shape.opaque.is_some() || shape.kinds.is_empty();
        if unclear(&sender) || unclear(&reader) {
            return COPY;
        }
        if duty.fits && sender.is_anything() && !reader.is_anything() {
            return self.fitting(&reader, duty);
        }
        self.depth += 1;
        let both = |kind| sender.may_be(kind) && reader.may_be(kind);
        let shapes = (&*sender, &*reader);
        let null = self.null(shapes, duty);
        let scalar = self.scalar(shapes, duty);
        let [object, array] = [Kind::Object, Kind::Array]
            .map(|kind| if both(kind) { self.structure(kind, pair, shapes, duty) } else { COPY });
        self.depth -= 1;
        let split = Split { null, boolean: scalar, number: scalar, string: scalar, array, object };
        let node = self.combined(&sender, split);
        let node = self.fitted(node, pair, (&sender, &reader), duty);
        if (sender.joined || reader.joined) && self.is_needless(node, pair) { COPY } else { node }
    }

    /// The simplest node that goes all these ways.
    fn combined(&mut self, sender: &Shape, split: Split) -> NodeId {
        let structured =
            [Kind::Null, Kind::Array, Kind::Object].iter().any(|kind| sender.may_be(*kind));
        match (split.null, split.string, split.array, split.object) {
            (COPY, COPY, COPY, only) | (COPY, COPY, only, COPY) => only,
            (COPY, only, COPY, COPY) if !structured => only,
            _ => self.build.node(Node::Split(Box::new(split))),
        }
    }

    /// Joined variants are seen too coarsely to know that something must be done. Where the reader takes
    /// everything as it is, and no lens and no changed default says otherwise, nothing is done.
    fn is_needless(&mut self, node: NodeId, pair: (&Value, &Value)) -> bool {
        let derived = |note: &Note| !note.rule.starts_with('L') && note.rule != "A7";
        if self.build.all_notes(node, |_| false) || !self.build.all_notes(node, derived) {
            return false;
        }
        self.is_included(pair)
    }

    /// Whether the reader takes everything that the sender declares, as it is.
    pub(super) fn is_included(&mut self, pair: (&Value, &Value)) -> bool {
        let key = (pair.0.to_string(), pair.1.to_string());
        if let Some(known) = self.included.get(&key) {
            return *known;
        }
        let closed = close(&self.sender.at(pair.0.clone()));
        let answer = self.prover.includes(&closed, &self.reader.at(pair.1.clone()));
        let included = answer == Inclusion::Proved;
        self.included.insert(key, included);
        included
    }

    /// The object or array part of a pair: one node for all places where the pair occurs.
    fn structure(
        &mut self,
        kind: Kind,
        pair: (&Value, &Value),
        shapes: (&Shape, &Shape),
        duty: &Duty<'a>,
    ) -> NodeId {
        let plain = duty.extra.is_empty() && duty.map.is_none() && duty.on_unknown.is_none();
        let shared = plain
            && duty.on_null.is_none()
            && duty.on_range.is_none()
            && duty.tag.is_none()
            && (composed(pair.0) || composed(pair.1));
        let id = self.build.reserve();
        if shared {
            let key = (
                kind,
                pair.0.to_string(),
                pair.1.to_string(),
                duty.pending.clone(),
                duty.case_ids(),
            );
            if let Some(known) = self.memo.get(&key) {
                return *known;
            }
            self.memo.insert(key, id);
        }
        let node = match kind {
            Kind::Object => match self.union(pair, shapes, duty) {
                Some(node) => node,
                None => self.object(shapes, duty),
            },
            _ => self.array(shapes, duty),
        };
        self.build.fill(id, node);
        id
    }

    /// Row A14: item by item, so that pointers keep their indices.
    fn array(&mut self, (sender, reader): (&Shape, &Shape), duty: &Duty<'a>) -> Node {
        let mut inner = Duty::new(Stand::Item, duty.at.join("*"), Vec::new());
        let local = self.site.local(&duty.pending, (sender, reader));
        inner.pending = self.site.step(&local.pending, &["*"]);
        inner.cases = with_cases(&duty.cases, &local.cases);
        (inner.map, inner.on_null, inner.on_unknown) = (duty.map, duty.on_null, duty.on_unknown);
        inner.on_range = duty.on_range;
        let anything = Value::Bool(true);
        let rest = (
            sender.array.items.as_ref().unwrap_or(&anything),
            reader.array.items.as_ref().unwrap_or(&anything),
        );
        let length = sender.array.prefix.len().max(reader.array.prefix.len());
        let prefix = (0..length)
            .map(|index| {
                let pair = (
                    sender.array.prefix.get(index).unwrap_or(rest.0),
                    reader.array.prefix.get(index).unwrap_or(rest.1),
                );
                let at = duty.at.join(&index.to_string());
                self.value(pair, &Duty { at, ..inner.clone() })
            })
            .collect();
        let items = self.value(rest, &inner);
        Node::Array(Box::new(ArrayNode { prefix, items }))
    }
}

/// Whether a node can lead back to itself or is met in many places.
fn composed(node: &Value) -> bool {
    let Some(members) = node.as_object() else { return false };
    ["$ref", "allOf", "anyOf", "oneOf"].iter().any(|keyword| members.contains_key(*keyword))
}
