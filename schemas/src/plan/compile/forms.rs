//! Forms: what kinds of fields they have, and the plans for the objects that they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::describe::model::Content;
use crate::plan::bridge::Plan;
use crate::plan::image::Known;
use crate::plan::shape::{Kind, shape};
use crate::plan::wire::{Field, FormWire, Many, Wire};
use crate::schema::{Role, Schema, Side};

use super::ledger::Reading;
use super::media::bare;
use super::message::{Hop, Messages};

/// The one kind of form that is converted; the parts of the others pass as they come.
const URL_ENCODED: &str = "application/x-www-form-urlencoded";

impl<'a> Messages<'_, 'a> {
    /// The plan of a form; `None` for one whose fields cannot be told.
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
            fields(self.ledger.read(id)?, hop.content)
        };
        let wire =
            FormWire { sent: fields(sent, Role::Sender)?, read: fields(read, Role::Reader)? };
        let reading = |role| match role {
            Role::Sender => Reading::Directed(side, Role::Sender),
            Role::Reader => Reading::Form(side),
        };
        let plan = self.read_plan(Some(side), hops, known, &reading);
        let wire = if plan.is_identity() { Wire::Document } else { Wire::Form(Arc::new(wire)) };
        Some((plan, wire))
    }
}

/// The declared fields; `None` where one is spread over several names.
fn fields(schema: &Schema, content: &Content) -> Option<BTreeMap<String, Field>> {
    let form = shape(schema, &schema.root);
    let mut found = BTreeMap::new();
    for (name, node) in &form.object.properties {
        let own = shape(schema, node);
        let style = content.encoding.get(name).map(|encoding| encoding.style.as_str());
        let is_array = own.kinds.contains(&Kind::Array) && own.opaque.is_none();
        let many = match style {
            Some("deepObject" | "deepObject,explode") => return None,
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
    Some(found)
}
