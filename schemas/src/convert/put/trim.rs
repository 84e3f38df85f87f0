//! A document as it is read, without what a write of the same version does not take.

use std::sync::Arc;

use crate::plan::program::{Node, Program};
use crate::plan::{Direction, Site, VersionChanges, derive};
use crate::relate::Prover;
use crate::schema::{Schema, Side};

/// The program that leaves out the members that what is `read` has and what is `taken` forbids, as links to other
/// documents; `None` where there are none. Both are of one version. Nothing else is changed: whether the rest fits is
/// for the reader to say.
pub fn trimmed(read: &Schema, taken: &Schema) -> Option<Arc<Program>> {
    let changes = VersionChanges::default();
    let site = Site {
        direction: Direction::Up,
        side: Side::Request,
        old: None,
        new: None,
        status: None,
        changes: &changes,
    };
    let mut program = derive(read, taken, &site, &mut Prover::default());
    for node in &mut program.nodes {
        match node {
            Node::Object(object) => {
                object.supplies.clear();
                object.conflict = None;
            }
            Node::Refuse(_) | Node::Replace(..) | Node::Table(_) | Node::Transform(_) => {
                *node = Node::Copy;
            }
            Node::Copy | Node::Omit(_) | Node::Split(_) | Node::Array(_) | Node::Choose(_) => {}
        }
    }
    program.nodes.iter().any(|node| matches!(node, Node::Omit(_))).then(|| Arc::new(program))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::trimmed;
    use crate::convert::{Converter, Limits};
    use crate::plan::outside::Values;
    use crate::schema::Schema;

    #[track_caller]
    fn check(read: Value, taken: Value, document: &str, wanted: &str) {
        let (read, taken) = (Schema::from_document(read), Schema::from_document(taken));
        let stages: Vec<_> = trimmed(&read, &taken).into_iter().collect();
        let values = Arc::new(Values::default());
        let mut converter = Converter::new(&stages, Limits::default(), values);
        let mut out = Vec::new();
        converter.push(document.as_bytes(), &mut out).unwrap();
        converter.finish(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }

    #[test]
    fn what_a_write_forbids_is_left_out_and_nothing_else_is_done() {
        let read = json!({"type": "object", "properties": {
            "id": {"type": "string"}, "n": {"type": "integer"}, "links": {"type": "array"},
            "in": {"type": "object", "properties": {"a": {"type": "string"}, "href": {"type": "string"}}},
        }});
        let taken = json!({"type": "object", "required": ["secret", "n"], "properties": {
            "n": {"enum": [1, 2]}, "secret": {"type": "string", "default": "s"},
            "in": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false},
        }, "additionalProperties": false});
        let document = r#"{"id": "a", "n": 3, "links": [1], "in": {"a": "x", "href": "/y"}}"#;
        check(read.clone(), taken, document, r#"{"n": 3, "in": {"a": "x"}}"#);
        let open = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
        check(read, open, document, document);
    }
}
