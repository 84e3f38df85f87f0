//! The image of an array's items.

use serde_json::{Map, Value};

use crate::plan::program::{ArrayNode, Node, NodeId, Program};

use super::fold::Branch;
use super::walk::{Outcome, Walk, union};

impl Walk<'_> {
    pub(super) fn array(
        &mut self,
        node: &ArrayNode,
        branch: &Branch,
        certain: bool,
    ) -> Option<Outcome> {
        let listed =
            branch.get("prefixItems").and_then(Value::as_array).cloned().unwrap_or_default();
        let rest = branch.get("items").cloned().unwrap_or(Value::Bool(true));
        let least = branch.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let mut prefix = Vec::new();
        let mut omits = false;
        let mut fits = true;
        for at in 0..listed.len().max(node.prefix.len()) {
            let id = node.prefix.get(at).copied().unwrap_or(node.items);
            let sure = certain && u64::try_from(at).is_ok_and(|at| at < least);
            let outcome = self.node(id, listed.get(at).unwrap_or(&rest), sure)?;
            omits |= outcome.omits;
            fits &= outcome.omits || outcome.schema != Value::Bool(false) || !sure;
            prefix.push(outcome.schema);
        }
        let outcome = self.node(node.items, &rest, false)?;
        omits |= outcome.omits;
        if !fits {
            return Some(Outcome::nothing());
        }
        let mut image = kept(branch, self.program, node, omits);
        let items = if omits {
            prefix.push(outcome.schema);
            union(prefix)
        } else {
            if !prefix.is_empty() {
                image.insert("prefixItems".to_owned(), Value::Array(prefix));
            }
            outcome.schema
        };
        if items != Value::Bool(true) {
            image.insert("items".to_owned(), items);
        }
        Some(Outcome::written(Value::Object(image)))
    }
}

/// The keywords that stay true for the array that is written.
fn kept(branch: &Branch, program: &Program, node: &ArrayNode, omits: bool) -> Map<String, Value> {
    let filters = node.prefix.iter().chain([&node.items]).all(|id| filters(program, *id));
    branch
        .iter()
        .filter(|(key, _)| match key.as_str() {
            "type" | "maxItems" => true,
            "minItems" => !omits,
            "uniqueItems" => filters,
            _ => false,
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Whether a node writes a value as it came, if it writes it at all.
pub(super) fn filters(program: &Program, id: NodeId) -> bool {
    let leaf =
        |id: &NodeId| matches!(program.node(*id), Node::Copy | Node::Refuse(_) | Node::Omit(_));
    match program.node(id) {
        Node::Table(table) => {
            table.entries.iter().map(|(_, id)| id).chain([&table.otherwise]).all(leaf)
        }
        Node::Split(one) => {
            [one.null, one.boolean, one.number, one.string, one.array, one.object].iter().all(leaf)
        }
        _ => leaf(&id),
    }
}
