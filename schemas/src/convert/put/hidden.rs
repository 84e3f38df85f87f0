//! Which members a full write takes away because the writer's version cannot show them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::plan::image;
use crate::plan::program::{Node, Note, Program, Source, Supply};
use crate::pointer::Pointer;
use crate::relate::close;
use crate::schema::{DEFS_PREFIX, Schema, SchemaPlace};

use super::shown::{Shown, Unshown};

/// Steps of looking for one place in a schema. Beyond, the answer is the careful one.
const STEPS: usize = 10_000;

/// A full write and the read of the same resource, between two versions.
#[derive(Clone, Copy, Debug)]
pub struct FullWrite<'a> {
    /// The programs from the backend's answer to the client's view.
    pub view: &'a [Arc<Program>],
    /// The programs from what the client writes to what the backend gets.
    pub write: &'a [Arc<Program>],
    /// What the client may write.
    pub sent: &'a Schema,
    /// What the backend may be sent.
    pub taken: &'a Schema,
}

impl FullWrite<'_> {
    /// The losses of the view whose place is in what the backend takes, and which nothing that the client writes can
    /// reach: writing the view back takes them away, or sets them to a constant of the conversion. In the backend's names;
    /// where a view is made in several steps, those of a later step are told in the names of the version between.
    ///
    /// Values that the view shows as others are not among them: the client sees and writes that member.
    pub fn hidden(&self) -> Vec<Note> {
        self.losses(false)
    }

    /// The losses of the view at places that the client does write: values that it was shown as others and writes back as
    /// those, items that were left out.
    pub fn replaced(&self) -> Vec<Note> {
        self.losses(true)
    }

    fn losses(&self, written: bool) -> Vec<Note> {
        let produced = self.produced(true);
        let mut losses: Vec<Note> = Vec::new();
        for (stage, program) in self.view.iter().enumerate() {
            for note in program.notes.iter().filter(|note| note.loss) {
                let Some(at) = Pointer::parse(&note.at).filter(|at| !at.is_root()) else {
                    continue;
                };
                let taken = stage > 0 || declares(self.taken, &at, true);
                let reached = produced.as_ref().is_some_and(|made| declares(made, &at, false));
                if taken && reached == written && losses.iter().all(|known| known.at != note.at) {
                    losses.push(note.clone());
                }
            }
        }
        losses
    }

    /// What the client's version declares, in the names of the backend's.
    pub fn declared(&self) -> Option<Shown> {
        self.produced(true).map(|made| Shown::declared(&made))
    }

    /// Whether the backend takes members that the client's version does not declare, be they shown or not: a client that
    /// keeps no more than it declares takes them away.
    pub fn leaves_out(&self) -> bool {
        let taken = Shown::declared(&close(self.taken));
        self.declared().is_none_or(|declared| taken.exceeds(&declared))
    }

    /// The members that the view shows, for [`super::merge_patch`]: what the client's own words can become, without
    /// what is hidden and without what the conversion supplies to every write.
    ///
    /// # Errors
    /// Where a merge patch of no more than that would not do what the write means, whatever the document is.
    pub fn shown(&self) -> Result<Shown, Unshown> {
        if self.view.len() > 1 {
            return Err(Unshown::Unknown);
        }
        if let Some(note) = self.replaced().first() {
            return Err(Unshown::Replaced(note.at.clone()));
        }
        let made = self.produced(true).ok_or(Unshown::Unknown)?;
        let full = self.produced(false).ok_or(Unshown::Unknown)?;
        let mut shown = Shown::whole(&made)?;
        shown.hide_others(&Shown::whole(&full)?);
        for note in self.hidden() {
            if !Pointer::parse(&note.at).is_some_and(|at| shown.hide(&at)) {
                return Err(Unshown::Inside(note.at));
            }
        }
        // what is not declared may be shown by an open object, and a client need not keep it
        let taken = Shown::declared(&close(self.taken));
        if let Some(at) = taken.exceeds_inside(&Shown::declared(&made)) {
            return Err(Unshown::Inside(at.as_str().to_owned()));
        }
        shown.hide_others(&taken);
        Ok(shown)
    }

    /// What the client's own words can become, with or without the constants of the conversion; `None` where that cannot
    /// be said.
    fn produced(&self, bare: bool) -> Option<Schema> {
        let mut made = close(self.sent);
        for program in self.write {
            made = if bare {
                image(&without_constants(program), &made)
            } else {
                image(program, &made)
            }?;
        }
        Some(made)
    }
}

/// The program without the members that come from nothing in the payload.
fn without_constants(program: &Program) -> Program {
    let mut bare = program.clone();
    for node in &mut bare.nodes {
        if let Node::Object(object) = node {
            object.supplies.retain_mut(comes_from_payload);
        }
    }
    bare
}

fn comes_from_payload(supply: &mut Supply) -> bool {
    match &mut supply.source {
        Source::Slot(_) => true,
        Source::Object(parts) => {
            parts.retain_mut(comes_from_payload);
            !parts.is_empty()
        }
        Source::Literal(_) | Source::Outside(_) | Source::Nothing => false,
    }
}

/// Whether a schema declares a place; `unknown` where that takes too long to say.
fn declares(schema: &Schema, at: &Pointer, unknown: bool) -> bool {
    let tokens: Vec<String> = at.tokens().collect();
    let mut look = Look { schema, steps: STEPS, met: BTreeSet::new() };
    look.has(&schema.root, &tokens).unwrap_or(unknown)
}

struct Look<'a> {
    schema: &'a Schema,
    steps: usize,
    /// Components that were looked at, with how many tokens were left.
    met: BTreeSet<(&'a str, usize)>,
}

impl<'a> Look<'a> {
    /// `None` when the steps are used up.
    fn has(&mut self, node: &'a Value, tokens: &[String]) -> Option<bool> {
        self.steps = self.steps.checked_sub(1)?;
        let Some((token, rest)) = tokens.split_first() else {
            return Some(*node != Value::Bool(false));
        };
        let Some(members) = node.as_object() else { return Some(false) };
        let key = members.get("$ref").and_then(Value::as_str);
        if let Some(key) = key.and_then(|text| text.strip_prefix(DEFS_PREFIX))
            && self.met.insert((key, tokens.len()))
            && let Some(target) = self.schema.at_place(&SchemaPlace::component(key))
            && self.has(target, tokens)?
        {
            return Some(true);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for branch in members.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                if self.has(branch, tokens)? {
                    return Some(true);
                }
            }
        }
        if let Some(inner) = members.get("properties").and_then(|all| all.get(token)) {
            return self.has(inner, rest);
        }
        // what an open object may have undeclared is not declared; what `additionalProperties` says is
        let mut others: Vec<&Value> = members.get("additionalProperties").into_iter().collect();
        for keyword in ["patternProperties", "prefixItems"] {
            match members.get(keyword) {
                Some(Value::Object(all)) => others.extend(all.values()),
                Some(Value::Array(all)) if token == "*" => others.extend(all),
                _ => {}
            }
        }
        if token == "*" {
            others.extend(members.get("items"));
        }
        for inner in others {
            if self.has(inner, rest)? {
                return Some(true);
            }
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::{FullWrite, Unshown};
    use crate::convert::put::merge_patch;
    use crate::plan::program::{
        Literal, Missing, Node, NodeId, Note, NoteId, ObjectNode, Program, Source, Supply,
    };
    use crate::pointer::Pointer;
    use crate::schema::Schema;

    fn note(at: &str, loss: bool) -> Note {
        Note { rule: "A1", text: format!("at `{at}`"), at: at.to_owned(), loss, policy: None }
    }

    fn view(losses: &[&str]) -> Arc<Program> {
        let notes = losses.iter().map(|at| note(at, true)).collect();
        Arc::new(Program { notes, ..Program::identity() })
    }

    /// Supplies `/currency`.
    fn supplying() -> Arc<Program> {
        let supply = Supply {
            name: "currency".into(),
            source: Source::Literal(Literal::from("\"EUR\"")),
            note: NoteId(0),
            missing: Missing::Omit,
        };
        let object = ObjectNode {
            members: Vec::new(),
            patterns: Vec::new(),
            other: NodeId(0),
            supplies: vec![supply],
            conflict: None,
            slots: (0, 0),
            hold: false,
        };
        let nodes = vec![Node::Copy, Node::Object(Box::new(object))];
        Arc::new(Program { nodes, root: NodeId(1), notes: vec![note("/currency", false)] })
    }

    #[track_caller]
    fn check(losses: &[&str], write: &[Arc<Program>], taken: Value, wanted: &[&str]) {
        let sent = json!({"type": "object", "properties": {"id": {}, "status": {}}, "additionalProperties": false});
        let (sent, taken) = (Schema::from_document(sent), Schema::from_document(taken));
        let view = [view(losses)];
        let hidden = FullWrite { view: &view, write, sent: &sent, taken: &taken }.hidden();
        assert_eq!(hidden.iter().map(|note| note.at.as_str()).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn what_is_lost_and_taken_and_cannot_be_written_is_hidden() {
        let taken = json!({
            "properties": {"id": {}, "status": {}, "tag": {}, "read": false},
            "allOf": [{"$ref": "#/$defs/more"}],
            "$defs": {"more": {"properties": {
                "items": {"items": {"$ref": "#/$defs/more"}}, "map": {"additionalProperties": {"type": "string"}}, "x": {},
            }}}
        });
        check(&["/tag", "/tag", "/status", "/read", "/other"], &[], taken.clone(), &["/tag"]);
        let nested = ["/items/*/x", "/items/*/items/*/x", "/items/*/y", "/map/*", "/x/*"];
        check(&nested, &[], taken, &["/items/*/x", "/items/*/items/*/x", "/map/*"]);
    }

    #[test]
    fn a_constant_of_the_conversion_is_not_written_by_the_client() {
        let taken = json!({"properties": {"id": {}, "currency": {}}});
        check(&["/currency"], &[supplying()], taken, &["/currency"]);
    }

    #[test]
    fn a_schema_that_goes_in_circles_ends() {
        let taken = json!({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]}}});
        check(&["/tag"], &[], taken, &[]);
    }

    #[track_caller]
    fn shown(losses: &[&str], sent: Value, wanted: Result<&str, Unshown>) {
        let taken = json!({"properties": {
            "id": {}, "status": {}, "currency": {}, "tag": {}, "more": {"properties": {"x": {}}},
            "items": {"items": {"properties": {"x": {}}}}
        }});
        let (sent, taken) = (Schema::from_document(sent), Schema::from_document(taken));
        let (view, write) = ([view(losses)], [supplying()]);
        let shown = FullWrite { view: &view, write: &write, sent: &sent, taken: &taken }.shown();
        let patch = shown.map(|shown| {
            let written = r#"{"id":1,"currency":"EUR","more":{},"items":[]}"#;
            merge_patch(written, &shown).unwrap()
        });
        assert_eq!(patch, wanted.map(str::to_owned));
    }

    #[test]
    fn what_is_shown_has_no_constants_and_nothing_hidden() {
        let sent = || {
            json!({"properties": {
                "id": {"type": "integer"}, "status": {"type": "string"}, "items": {"type": "array"},
                "more": {"type": "object", "properties": {"y": {"type": "string"}}},
            }})
        };
        let patch = r#"{"id":1,"more":{"y":null},"items":[],"status":null}"#;
        shown(&["/tag", "/currency"], sent(), Ok(patch));
        shown(&["/more/x"], sent(), Ok(patch));
        shown(&["/items/*/x"], sent(), Err(Unshown::Inside("/items/*/x".to_owned())));
        shown(&["/status"], sent(), Err(Unshown::Replaced("/status".to_owned())));
        let mut map = sent();
        map["properties"]["more"]["additionalProperties"] = json!({"type": "string"});
        shown(&["/tag"], map, Err(Unshown::Map(Pointer::parse("/more").unwrap())));
    }
}
