//! Forms: what kinds of fields they have, and the plans for the objects that they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::describe::model::Content;
use crate::plan::bridge::Plan;
use crate::plan::image::Known;
use crate::plan::program::Note;
use crate::plan::shape::{Kind, Shape, shape};
use crate::plan::wire::{Deep, Field, FormWire, Many, Wire};
use crate::pointer::Pointer;
use crate::relate::verdict::Verdict;
use crate::schema::{Role, Schema, Side};

use super::ledger::Reading;
use super::media::{Syntax, URL_ENCODED, bare, syntax};
use super::message::{Hop, Messages};
use super::multipart::unproved;

impl<'a> Messages<'_, 'a> {
    /// The plan of a url-encoded form; `None` for any other body.
    pub(super) fn form(
        &mut self,
        side: Side,
        hops: &[Hop<'a>],
        known: &Known,
    ) -> Option<(Plan, Wire)> {
        let (sent, read) = (hops.first()?, hops.last()?);
        if bare(&sent.content.media_type) != URL_ENCODED {
            return None;
        }
        let mut fields = |hop: &Hop<'a>, role| {
            let id = self.ledger.schema(hop.version, Reading::Directed(side, role), hop.root);
            Some(fields(self.ledger.read(id)?, hop.content))
        };
        let (sent, read) = (fields(sent, Role::Sender)?, fields(read, Role::Reader)?);
        let restyled: Vec<&String> = sent
            .iter()
            .filter(|(name, field)| {
                read.get(*name).is_some_and(|one| !one.many.is_like(&field.many))
            })
            .map(|(name, _)| name)
            .collect();
        let steps: Vec<Note> = restyled.into_iter().map(restyling).collect();
        let wire = FormWire { restyled: !steps.is_empty(), sent, read };
        // what is inside a JSON text has types
        let is_deep = wire.read.values().any(|field| matches!(field.many, Many::Deep(_)));
        let texts = if is_deep { Reading::Form(side) } else { Reading::Parts(side) };
        let reading = |role| match role {
            Role::Sender => Reading::Directed(side, Role::Sender),
            Role::Reader => texts,
        };
        let mut plan = self.read_plan(Some(side), hops, known, &reading);
        if plan.is_identity() && steps.is_empty() {
            return Some((plan, Wire::Document));
        }
        if !steps.is_empty() {
            plan.judgement.verdict = plan.judgement.verdict.max(Verdict::Bridged);
            plan.judgement.steps.extend(steps);
        }
        let unclear = wire.sent.iter().find(|(name, field)| {
            let joined =
                |one: &Field| matches!(one.many, Many::Joined(_)) && one.many != field.many;
            field.text && wire.read.get(*name).is_some_and(joined)
        });
        if let Some((name, _)) = unclear {
            let why = format!("an item of the field `{name}` may hold what separates items");
            plan.judgement = unproved(plan.judgement, &why);
        }
        Some((plan, Wire::Form(Arc::new(wire))))
    }
}

fn restyling(name: &String) -> Note {
    let at = Pointer::root().join(name).as_str().to_owned();
    let text = format!("write the field `{name}` in the reader's style");
    Note { rule: "A21", text, at, loss: false, policy: None }
}

/// The declared fields.
fn fields(schema: &Schema, content: &Content) -> BTreeMap<String, Field> {
    let form = shape(schema, &schema.root);
    let mut found = BTreeMap::new();
    for (name, node) in &form.object.properties {
        let own = shape(schema, node);
        let encoding = content.encoding.get(name);
        let style = encoding.map(|encoding| encoding.style.as_str());
        let types = encoding.map_or(&[][..], |encoding| encoding.content_types.as_slice());
        let is_array = own.kinds.contains(&Kind::Array) && own.opaque.is_none();
        let many = match style {
            Some("deepObject" | "deepObject,explode") => {
                Many::Deep(Arc::new(deep(schema, &own, 0)))
            }
            _ if !types.is_empty() && types.iter().all(|one| syntax(one) == Syntax::Json) => {
                Many::Json
            }
            _ if !is_array => Many::No,
            Some("form") => Many::Joined(','),
            Some("spaceDelimited") => Many::Joined(' '),
            Some("pipeDelimited") => Many::Joined('|'),
            _ => Many::Repeated,
        };
        let value = own.array.items.as_ref().filter(|_| is_array).map(|items| shape(schema, items));
        let text = value.as_ref().unwrap_or(&own).kinds.contains(&Kind::String);
        found.insert(name.clone(), Field { text, many });
    }
    found
}

/// Members of members that are told by their schema; deeper ones are taken to be texts.
const DEEP: usize = 8;

fn deep(schema: &Schema, own: &Shape, depth: usize) -> Deep {
    let inner = |node: &Value| deep(schema, &shape(schema, node), depth + 1);
    if own.opaque.is_some() || depth > DEEP {
        return Deep::Value(true);
    }
    match (&own.array.items, own.may_be(Kind::Object), own.may_be(Kind::Array)) {
        (Some(items), false, true) => Deep::Items(Box::new(inner(items))),
        (_, true, _) if !own.object.properties.is_empty() => {
            let members = own.object.properties.iter();
            Deep::Members(members.map(|(name, node)| (name.clone(), inner(node))).collect())
        }
        _ => Deep::Value(own.may_be(Kind::String)),
    }
}
