//! `unevaluatedProperties` and `unevaluatedItems` in terms of plain layers and rows, once it is settled which of the
//! schemas beside them hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::sample::node::{ANYTHING, Arrays, Id, Keywords, Layer, NOTHING, Objects, Row, Types};

use super::case::{Case, Claim, Scope, SomeMember};
use super::solver::Solver;

/// What the schemas that hold have evaluated.
#[derive(Default)]
struct Evaluated {
    whole: bool,
    layer: Layer,
    first: usize,
    contained: Vec<Id>,
}

/// Whether it is settled what was evaluated, or what to split by first.
enum Settled {
    Yes(Evaluated),
    Split(Vec<Vec<Claim>>),
}

impl Solver<'_> {
    /// Turns one `unevaluated*` into a layer or a row, or into a choice that must be split first; false where none is
    /// left. Exact: what is evaluated depends only on which schemas beside it hold, and each of those is split by.
    pub(super) fn settle_scope(&mut self, case: &mut Case) -> bool {
        let members = case.types == Types::OBJECT;
        let array = case.types == Types::ARRAY;
        let fits = |scope: &Scope| (scope.members && members) || (!scope.members && array);
        let Some(place) = case.scopes.iter().position(fits) else { return false };
        let scope = case.scopes.swap_remove(place);
        match self.evaluated(case, &scope) {
            Settled::Split(choice) => {
                case.scopes.push(scope);
                case.choices.push(Arc::from(choice));
            }
            Settled::Yes(evaluated) if scope.members => self.left_members(case, &scope, evaluated),
            Settled::Yes(evaluated) => self.left_items(case, &scope, evaluated),
        }
        true
    }

    fn left_members(&mut self, case: &mut Case, scope: &Scope, evaluated: Evaluated) {
        if evaluated.whole {
            if !scope.holds {
                case.types = Types::NONE;
            }
            return;
        }
        let layer = Layer { rest: Some(scope.rest), ..evaluated.layer };
        let objects = Objects { layer: Some(layer), ..Objects::default() };
        let arena = &mut self.memory.maker.space.arena;
        let id = arena.intern(Keywords { objects, ..Keywords::default() });
        let node = arena.node(id);
        if scope.holds {
            case.layers.push(node);
        } else {
            case.least_members = case.least_members.max(1);
            case.some_members.push(SomeMember::Beyond(node));
        }
    }

    fn left_items(&mut self, case: &mut Case, scope: &Scope, evaluated: Evaluated) {
        if evaluated.whole {
            if !scope.holds {
                case.types = Types::NONE;
            }
            return;
        }
        // An item that a `contains` matches counts as evaluated.
        let arena = &mut self.memory.maker.space.arena;
        let mut ways = evaluated.contained;
        let rest = if ways.is_empty() {
            scope.rest
        } else {
            ways.push(scope.rest);
            arena.intern(Keywords { any: Some(ways), ..Keywords::default() })
        };
        if scope.holds {
            let row = Row { first: vec![ANYTHING; evaluated.first], rest: Some(rest) };
            let arrays = Arrays { row: Some(row), ..Arrays::default() };
            let id = arena.intern(Keywords { arrays, ..Keywords::default() });
            case.rows.push(arena.node(id));
        } else {
            case.least_items = case.least_items.max(evaluated.first as u64 + 1);
            case.some_items.push((evaluated.first, Claim::no(rest)));
        }
    }

    fn evaluated(&mut self, case: &mut Case, scope: &Scope) -> Settled {
        let mut found = Evaluated::default();
        let mut waiting = scope.beside.clone();
        let mut seen = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            self.spend(1);
            let node = self.memory.maker.space.arena.node(id);
            if let Some(odd) = node.odd {
                case.weak = case.weak.or(Some(odd.what));
                if scope.holds {
                    // It may evaluate anything, so nothing is concluded.
                    found.whole = true;
                }
            }
            let inner =
                if scope.members { node.unevaluated_members } else { node.unevaluated_items };
            // At the scope's own schema the keyword is the one that is asked about.
            if inner.is_some() {
                found.whole = true;
            }
            note(&mut found, &node, scope.members);
            if found.whole {
                return Settled::Yes(found);
            }
            waiting.extend(&node.all);
            if let Err(choice) = self.branches(case, &node, scope.members, &mut waiting) {
                return Settled::Split(choice);
            }
        }
        Settled::Yes(found)
    }

    /// The branches that hold; a choice where one is open that may evaluate something.
    fn branches(
        &mut self,
        case: &Case,
        node: &Keywords,
        members: bool,
        waiting: &mut Vec<Id>,
    ) -> Result<(), Vec<Vec<Claim>>> {
        for &way in node.any.iter().chain(&node.one).flatten() {
            if way == NOTHING || way == ANYTHING || !self.may_evaluate(way, members) {
                continue;
            }
            if self.settled(case, way)? {
                waiting.push(way);
            }
        }
        if let Some(conditional) = &node.conditional {
            let (when, then, other) = (conditional.when, conditional.then, conditional.otherwise);
            let matters = [when, then, other].iter().any(|&id| self.may_evaluate(id, members));
            if matters {
                if self.settled(case, when)? {
                    waiting.extend([when, then]);
                } else {
                    waiting.push(other);
                }
            }
        }
        for (name, demand) in &node.dependent {
            if !members && case.types == Types::ARRAY || !self.may_evaluate(*demand, members) {
                continue;
            }
            let arena = &mut self.memory.maker.space.arena;
            let (absent, present) = (arena.member(name, NOTHING), arena.requiring(name));
            if case.requires(name) {
                waiting.push(*demand);
            } else if !case.knows(Claim::yes(absent)) {
                return Err(vec![vec![Claim::yes(absent)], vec![Claim::yes(present)]]);
            }
        }
        Ok(())
    }

    /// Whether a schema is known to hold or not to.
    fn settled(&self, case: &Case, id: Id) -> Result<bool, Vec<Vec<Claim>>> {
        let (yes, no) = (Claim::yes(id), Claim::no(id));
        if id == ANYTHING || case.knows(yes) {
            return Ok(true);
        }
        if id == NOTHING || case.knows(no) {
            return Ok(false);
        }
        let node = self.memory.maker.space.arena.node(id);
        if !node.types.meets(case.types) {
            return Ok(false);
        }
        Err(vec![vec![yes], vec![no]])
    }

    /// Whether a schema that holds could have evaluated something.
    fn may_evaluate(&mut self, id: Id, members: bool) -> bool {
        let mut waiting = vec![id];
        let mut seen = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            self.spend(1);
            let node = self.memory.maker.space.arena.node(id);
            let own = if members {
                node.objects.layer.is_some() || node.unevaluated_members.is_some()
            } else {
                node.arrays.row.is_some()
                    || node.arrays.contains.is_some()
                    || node.unevaluated_items.is_some()
            };
            if own || node.odd.is_some() {
                return true;
            }
            waiting.extend(node.all.iter().chain(&node.beside));
            waiting.extend(node.any.iter().chain(&node.one).flatten());
            waiting.extend(node.dependent.iter().map(|(_, demand)| demand));
            if let Some(conditional) = &node.conditional {
                waiting.extend([conditional.when, conditional.then, conditional.otherwise]);
            }
        }
        false
    }
}

/// What one schema by itself evaluates.
fn note(found: &mut Evaluated, node: &Keywords, members: bool) {
    if members {
        let Some(layer) = &node.objects.layer else { return };
        found.whole |= layer.rest.is_some();
        found.layer.named.extend(layer.named.keys().map(|name| (Arc::clone(name), ANYTHING)));
        for (pattern, _) in &layer.patterned {
            let same = (Arc::clone(pattern), ANYTHING);
            if !found.layer.patterned.contains(&same) {
                found.layer.patterned.push(same);
            }
        }
        return;
    }
    if let Some(row) = &node.arrays.row {
        found.whole |= row.rest.is_some();
        found.first = found.first.max(row.first.len());
    }
    found.contained.extend(node.arrays.contains.as_ref().map(|contains| contains.schema));
}
