//! Values that the reader's bounds refuse: rows A10, A11, A15, and values that are kept though no list has them.

use std::sync::Arc;

use serde_json::Value;

use crate::plan::lens::{OnRange, OnUnknown};
use crate::plan::program::{Node, NodeId, Note, NoteId, TransformNode};
use crate::plan::shape::{Kind, Shape};
use crate::plan::transform::{Fit, Otherwise, Transform};
use crate::schema::Side;

use super::build::COPY;
use super::walk::{Duty, Walk};

impl<'a> Walk<'a> {
    /// The node with what the declared policy does to its results; the node itself where the reader takes them all.
    pub(super) fn fitted(
        &mut self,
        node: NodeId,
        pair: (&Value, &Value),
        shapes: (&Shape, &Shape),
        duty: &Duty<'a>,
    ) -> NodeId {
        let unlisted = duty.on_unknown == Some(&OnUnknown::Keep) && !shapes.1.listed.is_empty();
        let policy = match duty.on_range {
            Some(policy) => policy,
            None if unlisted => &OnRange::Keep,
            None => return node,
        };
        let Some(fit) = Fit::of(pair.1, self.reader, otherwise(policy)) else { return node };
        if node == COPY && self.is_included(pair) {
            return node;
        }
        let rule = self.range_rule(shapes, unlisted && duty.on_range.is_none());
        let name = duty.at.tokens().last().unwrap_or_default();
        let words = match duty.on_range {
            Some(policy) => words(policy),
            None => "on_unknown: keep",
        };
        let loses = !matches!(policy, OnRange::Error | OnRange::Keep | OnRange::Text);
        let text = match policy {
            OnRange::Default(_) => deed(policy, &name),
            _ => format!("{} (`{words}`)", deed(policy, &name)),
        };
        let rests = matches!(policy, OnRange::Keep)
            || (self.site.side == Side::Request && matches!(policy, OnRange::Error));
        let note = self.told(rule, text, duty, (loses, rests.then_some(words)));
        let otherwise = match policy {
            OnRange::Error | OnRange::Keep | OnRange::Text => Node::Refuse(note),
            OnRange::Omit => Node::Omit(note),
            OnRange::Default(value) => Node::Replace(Arc::clone(value), note),
            OnRange::Clamp | OnRange::Truncate => {
                let text = format!("refuse `{name}` where that does not help (`{words}`)");
                let allowed = (self.site.side == Side::Request).then_some(words);
                Node::Refuse(self.told(rule, text, duty, (false, allowed)))
            }
        };
        let otherwise = self.build.node(otherwise);
        let transform = Transform::Fit(fit);
        let (before, lost, then) = (node, None, COPY);
        self.build.node(Node::Transform(Box::new(TransformNode {
            before,
            transform,
            note,
            lost,
            then,
            otherwise,
        })))
    }

    /// A note with the policy that its step rests on.
    pub(super) fn told(
        &mut self,
        rule: &'static str,
        text: String,
        duty: &Duty<'a>,
        (loss, policy): (bool, Option<&'static str>),
    ) -> NoteId {
        self.build.note(Note { rule, text, at: duty.at.as_str().to_owned(), loss, policy })
    }

    /// A policy that a request may be refused by, as it is declared; no response may be.
    pub(super) fn refuses(&self, words: &'static str) -> Option<&'static str> {
        (self.site.side == Side::Request).then_some(words)
    }

    fn range_rule(&self, (sender, reader): (&Shape, &Shape), unlisted: bool) -> &'static str {
        let both = |kind| sender.may_be(kind) && reader.may_be(kind);
        match () {
            () if unlisted => self.rule("A9", "A8"),
            () if both(Kind::Number) => "A10",
            () if both(Kind::String) => "A11",
            () => "A15",
        }
    }
}

const fn otherwise(policy: &OnRange) -> Otherwise {
    match policy {
        OnRange::Error | OnRange::Omit | OnRange::Default(_) => Otherwise::Error,
        OnRange::Keep => Otherwise::Keep,
        OnRange::Clamp => Otherwise::Clamp,
        OnRange::Truncate => Otherwise::Truncate,
        OnRange::Text => Otherwise::Text,
    }
}

const fn words(policy: &OnRange) -> &'static str {
    match policy {
        OnRange::Error => "on_range: error",
        OnRange::Keep => "on_range: keep",
        OnRange::Omit => "on_range: omit",
        OnRange::Clamp => "on_range: clamp",
        OnRange::Truncate => "on_range: truncate",
        OnRange::Text => "on_range: string",
        OnRange::Default(_) => "on_range: default",
    }
}

fn deed(policy: &OnRange, name: &str) -> String {
    match policy {
        OnRange::Error => format!("refuse `{name}` out of range"),
        OnRange::Keep => format!("keep `{name}` though its reader does not list it"),
        OnRange::Omit => format!("leave out `{name}` out of range"),
        OnRange::Clamp => format!("clamp `{name}`"),
        OnRange::Truncate => format!("truncate `{name}`"),
        OnRange::Text => format!("write `{name}` out of range as a string"),
        OnRange::Default(value) => format!("replace `{name}` out of range by `{value}`"),
    }
}
