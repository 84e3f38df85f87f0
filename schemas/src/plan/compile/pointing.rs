//! Errors that name places of the request (lens L17): what became of the request of this very operation is put into the
//! plans of its answers.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::bridge::{BodyPlan, Judgement, Plan};
use crate::plan::derive::thinned;
use crate::plan::fuse::fuse_all;
use crate::plan::program::{
    ArrayNode, Member, Node, NodeId, Note, NoteId, ObjectNode, Program, TransformNode,
};
use crate::plan::shape::shape;
use crate::plan::transform::{Notation, Point, Syntax, Transform, Unsent};
use crate::plan::wire::Wire;
use crate::relate::verdict::Verdict;
use crate::schema::Schema;

use super::media::bare;

/// Problem details (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// Nodes that are followed from a function to the next; more are not made for one value.
const CHAIN: usize = 64;

/// What became of an operation's request, step by step from the client's version: the label of the newer version of
/// each step, and the program.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(pub(super) Vec<(Arc<str>, Arc<Program>)>);

impl Asked {
    fn of(&self, newer: Option<&str>) -> Arc<[Arc<Program>]> {
        let mine = self.0.iter().filter(|(label, program)| {
            newer.is_none_or(|newer| **label == *newer) && !program.is_identity()
        });
        mine.map(|(_, program)| Arc::clone(program)).collect()
    }

    /// Lets the functions of a plan know the request; whether there are any.
    pub(super) fn tell(&self, plan: &mut Plan) -> bool {
        let mut some = false;
        for stage in &mut plan.stages {
            if !stage.nodes.iter().any(|node| pointing(node).is_some()) {
                continue;
            }
            some = true;
            let mut program = (**stage).clone();
            let again = again(&program);
            let mut inert = Vec::new();
            for (at, node) in program.nodes.iter_mut().enumerate() {
                let Node::Transform(one) = node else { continue };
                let Transform::Point(point) = &mut one.transform else { continue };
                if !again.contains(&at) {
                    point.stages = self.of(Some(&point.newer));
                }
                if point.is_inert() && one.before == NodeId(0) {
                    inert.push((at, one.then));
                }
            }
            for (at, then) in inert.into_iter().rev() {
                let then = program.node(then).clone();
                if let Some(node) = program.nodes.get_mut(at) {
                    *node = then;
                }
            }
            *stage = Arc::new(thinned(program));
        }
        if some {
            plan.stages.retain(|stage| !stage.is_identity());
        }
        some
    }

    /// Problem details whose `errors` name places as the example of RFC 9457 §3 does, where both versions declare them so.
    pub(super) fn tell_problem(
        &self,
        body: &mut BodyPlan,
        (sender, reader): (Option<&Schema>, Option<&Schema>),
        judgement: &mut Judgement,
    ) {
        let stages = self.of(None);
        let meant = bare(&body.media_type) == PROBLEM && matches!(body.wire, Wire::Document);
        let declared = |schema: Option<&Schema>| schema.is_some_and(has_pointers);
        if stages.is_empty() || !meant || !declared(sender) || !declared(reader) {
            return;
        }
        let program = Arc::new(problem(stages));
        judgement.steps.extend(program.notes.iter().cloned());
        judgement.verdict = judgement.verdict.max(Verdict::Bridged);
        body.plan.judgement.steps.extend(program.notes.iter().cloned());
        body.plan.judgement.verdict = body.plan.judgement.verdict.max(Verdict::Bridged);
        let all: Vec<Arc<Program>> = body.plan.stages.iter().cloned().chain([program]).collect();
        body.plan.stages = fuse_all(&all);
    }
}

fn pointing(node: &Node) -> Option<&Point> {
    match node {
        Node::Transform(one) => match &one.transform {
            Transform::Point(point) => Some(point),
            _ => None,
        },
        _ => None,
    }
}

/// Functions that get what another one of the same step made of the same value: two entries name one place.
fn again(program: &Program) -> Vec<usize> {
    let mut found = Vec::new();
    for node in &program.nodes {
        let (Some(point), Node::Transform(one)) = (pointing(node), node) else { continue };
        let mut next = one.then;
        for _ in 0..CHAIN {
            next = match program.node(next) {
                Node::Transform(one) => {
                    if pointing(program.node(next)).is_some_and(|it| it.newer == point.newer) {
                        found.push(next.0 as usize);
                    }
                    one.then
                }
                Node::Split(split) => split.string,
                _ => break,
            };
        }
    }
    found
}

/// Whether `errors` is a list of objects with a text `pointer` of which nothing more is said.
fn has_pointers(schema: &Schema) -> bool {
    let member =
        |node: &Value, name: &str| shape(schema, node).object.properties.get(name).cloned();
    let pointer = member(&schema.root, "errors")
        .and_then(|errors| shape(schema, &errors).array.items)
        .and_then(|item| member(&item, "pointer"));
    let Some(Value::Object(pointer)) = pointer else { return false };
    let silent = ["title", "description", "examples", "example", "format", "$comment"];
    pointer.get("type").is_some_and(|kind| kind == "string")
        && pointer.keys().all(|key| key == "type" || silent.contains(&key.as_str()))
}

/// Leads `errors/*/pointer` back.
fn problem(stages: Arc<[Arc<Program>]>) -> Program {
    let notation = Notation { syntax: Syntax::JsonPointer, prefix: Vec::new() };
    let transform = Transform::Point(Point {
        from: notation.clone(),
        to: notation,
        unsent: Unsent::Keep,
        newer: "".into(),
        stages,
    });
    let copy = NodeId(0);
    let object = |name: &str, node: u32| {
        Node::Object(Box::new(ObjectNode {
            members: vec![Member {
                name: name.into(),
                rename: None,
                node: NodeId(node),
                take: None,
            }],
            patterns: Vec::new(),
            other: copy,
            supplies: Vec::new(),
            conflict: None,
            slots: (0, 0),
            hold: false,
        }))
    };
    let items = Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: NodeId(3) }));
    let point = Node::Transform(Box::new(TransformNode {
        before: copy,
        transform,
        note: NoteId(0),
        lost: None,
        then: copy,
        otherwise: copy,
    }));
    let note = Note {
        rule: "L17",
        text: "name the place at `errors/*/pointer` as the reader's version does".to_owned(),
        at: "/errors/*/pointer".to_owned(),
        loss: false,
        policy: None,
    };
    let nodes = vec![Node::Copy, object("errors", 2), items, object("pointer", 4), point];
    Program { nodes, root: NodeId(1), notes: vec![note] }
}
