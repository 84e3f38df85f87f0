//! Multipart bodies: what their parts are, and the plans for the objects that they make.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::describe::model::{Content, Encoding};
use crate::plan::bridge::{Judgement, Plan};
use crate::plan::image::Known;
use crate::plan::pointers::{Landing, forward};
use crate::plan::program::{Node, NodeId, Program};
use crate::plan::shape::{Kind, Shape, shape};
use crate::plan::wire::{PartContent, PartField, PartsWire, Wire};
use crate::pointer::Pointer;
use crate::schema::{Role, Schema, Side};

use super::ledger::Reading;
use super::media::{Syntax, bare, syntax};
use super::message::{Hop, Messages};
use super::parameter::undecided;
use super::wire;

/// How `encoding` says what it need not say: each value in a part of its own.
const PLAIN: &str = "form,explode";
const JSON: &str = "application/json";

impl<'a> Messages<'_, 'a> {
    /// The plan of a multipart body; `None` for one whose parts cannot be told.
    pub(super) fn parts(
        &mut self,
        side: Side,
        hops: &[Hop<'a>],
        known: &Known,
    ) -> Option<(Plan, Wire)> {
        let (sent, read) = (hops.first()?, hops.last()?);
        let kind = bare(&sent.content.media_type);
        if !kind.starts_with("multipart/") || bare(&read.content.media_type) != kind {
            return None;
        }
        let mut fields = |hop: &Hop<'a>, role| {
            let id = self.ledger.schema(hop.version, Reading::Directed(side, role), hop.root);
            fields(self.ledger.read(id)?, hop.content)
        };
        let wire =
            PartsWire { sent: fields(sent, Role::Sender)?, read: fields(read, Role::Reader)? };
        let reading = |role| match role {
            Role::Sender => Reading::Directed(side, Role::Sender),
            Role::Reader => Reading::Parts(side),
        };
        let mut plan = self.read_plan(Some(side), hops, known, &reading);
        if plan.is_identity() {
            return Some((plan, Wire::Document));
        }
        let touched = wire.sent.iter().find(|(name, field)| {
            let may_be_file = matches!(field.content, PartContent::File | PartContent::Told);
            may_be_file && !passes(&plan.stages, name, field.repeated)
        });
        if let Some((name, _)) = touched {
            let why = format!("the file in the part `{name}` may have to be converted");
            plan.judgement = unproved(plan.judgement, &why);
        }
        Some((plan, Wire::Multipart(Arc::new(wire))))
    }
}

/// A judgement on a plan that may refuse what it seems to take.
pub(super) fn unproved(judgement: Judgement, why: &str) -> Judgement {
    if !judgement.verdict.holds() {
        return Judgement { total: false, ..judgement };
    }
    let Judgement { steps, policies, .. } = judgement;
    Judgement { steps, policies, total: false, ..undecided(why) }
}

/// The declared parts; `None` where there are none, or one is written as no part is.
fn fields(schema: &Schema, content: &Content) -> Option<BTreeMap<String, PartField>> {
    let form = shape(schema, &schema.root);
    let mut found = BTreeMap::new();
    for (name, node) in &form.object.properties {
        let encoding = content.encoding.get(name);
        if encoding.is_some_and(|encoding| encoding.style != PLAIN) {
            return None;
        }
        found.insert(name.clone(), field(schema, node, encoding)?);
    }
    (!found.is_empty()).then_some(found)
}

/// `None` for a text that is written as JSON.
fn field(schema: &Schema, node: &Value, encoding: Option<&Encoding>) -> Option<PartField> {
    let own = shape(schema, node);
    let items = own.array.items.clone();
    let repeated = own.kinds.contains(&Kind::Array) && own.opaque.is_none() && !anything(&own);
    let items = items.filter(|_| repeated);
    let node = items.as_ref().unwrap_or(node);
    let value = shape(schema, node);
    let scalar = [Kind::String, Kind::Number, Kind::Boolean].iter().any(|kind| value.may_be(*kind));
    let content = match encoding.map_or(&[][..], |encoding| encoding.content_types.as_slice()) {
        [] => declared(schema, node, &value),
        types if types.iter().all(|one| syntax(one) == Syntax::Json && !one.contains('*')) => {
            if scalar {
                return None;
            }
            PartContent::Json(types.first().map_or(JSON, String::as_str).into())
        }
        types if types.iter().all(|one| bare(one) == "text/plain") => {
            PartContent::Text { string: value.may_be(Kind::String) }
        }
        types if types.iter().any(|one| matches!(syntax(one), Syntax::Json | Syntax::Text)) => {
            PartContent::Told
        }
        _ => PartContent::File,
    };
    Some(PartField { content, repeated })
}

fn anything(shape: &Shape) -> bool {
    Kind::ALL.iter().all(|kind| shape.may_be(*kind))
}

/// What is in a part whose `encoding` says nothing.
fn declared(schema: &Schema, node: &Value, value: &Shape) -> PartContent {
    let container = value.may_be(Kind::Object) || value.may_be(Kind::Array);
    let string = value.may_be(Kind::String);
    let scalar = string || value.may_be(Kind::Number) || value.may_be(Kind::Boolean);
    match (container, scalar) {
        (true, false) => PartContent::Json(JSON.into()),
        (true, true) => PartContent::Told,
        _ if wire::is_binary(schema, node) => PartContent::File,
        (false, _) => PartContent::Text { string },
    }
}

/// Whether a file in a part of this name goes through, or goes, untouched.
fn passes(stages: &[Arc<Program>], name: &str, repeated: bool) -> bool {
    let mut name = name.to_owned();
    for program in stages {
        if taken(program, program.root, &name) {
            return false;
        }
        let place = Pointer::root().join(&name);
        let (to, nodes) = match forward(std::slice::from_ref(program), &place) {
            Landing::At(to, nodes) => (to, nodes),
            Landing::Gone(_) => return true,
            Landing::Unclear => return false,
        };
        let mut tokens = to.tokens();
        let (Some(next), None) = (tokens.next(), tokens.next()) else { return false };
        if !nodes.iter().all(|node| untouched(program, *node, repeated)) {
            return false;
        }
        name = next;
    }
    true
}

/// Whether a member of this name goes into a slot of the root.
fn taken(program: &Program, root: NodeId, name: &str) -> bool {
    match program.node(root) {
        Node::Object(object) => {
            object.members.iter().any(|one| *one.name == *name && one.take.is_some())
        }
        Node::Split(split) => split.object != root && taken(program, split.object, name),
        Node::Choose(choose) => choose
            .cases
            .iter()
            .map(|(_, id)| *id)
            .chain([choose.otherwise])
            .any(|id| id != root && taken(program, id, name)),
        _ => false,
    }
}

/// Whether a text, or each text of an array, comes out of a node as it is or not at all.
fn untouched(program: &Program, node: NodeId, array: bool) -> bool {
    match program.node(node) {
        Node::Split(split) => {
            let next = if array { split.array } else { split.string };
            next != node && untouched(program, next, array)
        }
        Node::Array(items) if array => {
            let all = items.prefix.iter().chain([&items.items]);
            all.into_iter().all(|id| *id != node && untouched(program, *id, false))
        }
        Node::Transform(_) | Node::Choose(_) | Node::Table(_) => false,
        Node::Copy
        | Node::Refuse(_)
        | Node::Omit(_)
        | Node::Replace(..)
        | Node::Object(_)
        | Node::Array(_) => true,
    }
}
