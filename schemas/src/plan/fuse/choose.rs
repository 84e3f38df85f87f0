//! Products with the nodes that look at a value as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::plan::nodes::may_omit;
use crate::plan::program::{Choose, Literal, Node, NodeId, ObjectNode, Test, TransformNode};

use super::literal::{Kind, Made, evaluate, same};
use super::node::{Product, Which};

impl Product<'_> {
    /// A function, then another node.
    pub(super) fn transform_then(&mut self, one: &TransformNode, b: NodeId) -> Option<Node> {
        Some(Node::Transform(Box::new(TransformNode {
            before: self.import(Which::First, one.before),
            transform: one.transform.clone(),
            note: one.note,
            lost: one.lost,
            then: self.pair(one.then, b, None)?,
            otherwise: self.pair(one.otherwise, b, None)?,
        })))
    }

    /// A node, then a function.
    pub(super) fn then_transform(
        &mut self,
        a: NodeId,
        one: &TransformNode,
        typed: Option<Kind>,
    ) -> Option<Node> {
        Some(Node::Transform(Box::new(TransformNode {
            before: self.pair(a, one.before, typed)?,
            transform: one.transform.clone(),
            note: self.later(one.note),
            lost: one.lost.map(|note| self.later(note)),
            then: self.import(Which::Second, one.then),
            otherwise: self.import(Which::Second, one.otherwise),
        })))
    }

    /// Told apart first, then another node.
    pub(super) fn choose_then(
        &mut self,
        choose: &Choose,
        b: NodeId,
        typed: Option<Kind>,
    ) -> Option<Node> {
        let mut cases = Vec::with_capacity(choose.cases.len());
        for (test, id) in &choose.cases {
            cases.push((test.clone(), self.pair(*id, b, Some(Kind::Object))?));
        }
        let otherwise = self.pair(choose.otherwise, b, typed)?;
        Some(Node::Choose(Box::new(Choose { cases, otherwise })))
    }

    /// An object, then told apart: what the tests ask of the output is asked of the input, where that can be said.
    pub(super) fn then_choose(
        &mut self,
        (a, one): (NodeId, &ObjectNode),
        choose: &Choose,
        typed: Option<Kind>,
    ) -> Option<Node> {
        if typed != Some(Kind::Object) {
            return None;
        }
        let mut cases = Vec::new();
        for (test, id) in &choose.cases {
            let earlier = self.earlier(one, test)?;
            let node = self.pair(a, *id, typed)?;
            cases.extend(earlier.into_iter().map(|test| (test, node)));
        }
        let otherwise = self.pair(a, choose.otherwise, typed)?;
        Some(Node::Choose(Box::new(Choose { cases, otherwise })))
    }

    /// The tests of an input of which one holds just when `test` holds of the output.
    fn earlier(&self, one: &ObjectNode, test: &Test) -> Option<Vec<Test>> {
        let name = match test {
            Test::Equals(path, _) => path.first()?,
            Test::Present(name) => name,
        };
        let written = one.supplies.iter().any(|supply| supply.name == *name)
            || one.members.iter().any(|member| {
                member.rename.as_ref().is_some_and(|(to, _)| to == name)
                    || (member.name == *name && (member.rename.is_some() || member.take.is_some()))
            });
        if written {
            return None;
        }
        let node = super::object::passing(one, name)?;
        match test {
            Test::Present(_) => (!may_omit(self.first, node)).then(|| vec![test.clone()]),
            _ if matches!(self.first.node(node), Node::Copy) => Some(vec![test.clone()]),
            Test::Equals(path, literal) if path.len() == 1 => {
                let values = self.preimage(node, literal)?;
                Some(values.into_iter().map(|one| Test::Equals(path.clone(), one)).collect())
            }
            Test::Equals(..) => None,
        }
    }

    /// The scalars that become `literal` in a node of the first program.
    fn preimage(&self, id: NodeId, literal: &Literal) -> Option<BTreeSet<Literal>> {
        let wanted = serde_json::from_str(literal).ok()?;
        let Node::Table(table) = self.first.node(id) else { return None };
        let makes = |from: &Literal| match evaluate(self.first, id, from) {
            Made::Same => Some(same(from, &wanted)),
            Made::Other(to, _) => Some(same(&to, &wanted)),
            Made::Refused(_) | Made::Omitted(_) => Some(false),
            Made::Unknown => None,
        };
        match self.first.node(table.otherwise) {
            Node::Copy | Node::Refuse(_) | Node::Omit(_) => {}
            Node::Replace(to, _) if !same(to, &wanted) => {}
            _ => return None,
        }
        let mut found = BTreeSet::new();
        for from in table.entries.iter().map(|(from, _)| from).chain([literal]) {
            if makes(from)? {
                found.insert(Arc::clone(from));
            }
        }
        Some(found)
    }
}
