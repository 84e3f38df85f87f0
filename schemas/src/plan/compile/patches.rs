//! Patches: what they are made to, and the plans for their values.

use serde_json::Value;

use crate::describe::model::{Content, Operation, Status};
use crate::plan::bridge::Plan;
use crate::plan::image::Known;
use crate::plan::wire::Wire;
use crate::schema::Side;

use super::media::{Syntax, syntax};
use super::message::{Hop, Messages, unchanged};
use super::parameter::undecided;
use super::records::joined;

impl<'a> Messages<'_, 'a> {
    /// The plan for the values of JSON patches (RFC 6902). The programs are those of whole values, as each operation
    /// has one; the verdict is that of edits, as a patch leaves out what it does not change.
    pub(super) fn patches(&mut self, side: Side, hops: &[Hop<'a>], known: &Known) -> (Plan, Wire) {
        let rooted = |hop: &Hop<'a>| {
            let root = self.resource(hop.version, hop.operation?)?;
            Some(Hop { root, ..*hop })
        };
        let all: Vec<Hop<'a>> = hops.iter().filter_map(rooted).collect();
        if all.len() < hops.len() {
            let judgement = undecided("no schema says what the patch is made to");
            return (unchanged(judgement), Wire::Document);
        }
        let plan = self.plan(Some(side), &all, known);
        let edits = self.edits(side, &all, known);
        let wire = if plan.is_identity() { Wire::Document } else { Wire::Patch };
        let mut judgement = joined(vec![edits.judgement]);
        judgement.total &= wire == Wire::Document;
        (Plan { stages: plan.stages, judgement }, wire)
    }

    /// The schema of what is at an operation's path: what reading it gives, else what the operation gives, else what
    /// else the operation takes.
    fn resource(&self, version: usize, operation: &'a Operation) -> Option<&'a Value> {
        let read = self.ledger.operation(version, &operation.key.shape_of("GET"));
        let given = |one: &'a Operation| {
            let success = |status: Status| match status {
                Status::Code(code) => code / 100 == 2,
                Status::Class(class) => class == 2,
                Status::Default => false,
            };
            let answers = one.responses.iter().filter(move |one| success(one.status));
            answers.flat_map(|one| &one.contents).find(|content| is_document(content))
        };
        let taken = || operation.body.as_ref()?.contents.iter().find(|one| is_document(one));
        let content = read.and_then(given).or_else(|| given(operation)).or_else(taken);
        content.map(|content| &content.root)
    }
}

fn is_document(content: &Content) -> bool {
    syntax(&content.media_type) == Syntax::Json && !content.sequence && content.root.is_object()
}
