//! A schema object as a conjunction of single demands, each a schema of its own.

use std::collections::HashMap;
use std::sync::Arc;

use crate::sample::node::{
    ANYTHING, Arena, Arrays, Id, Keywords, NOTHING, Numbers, Objects, Texts, Types,
};

/// The demands of each schema, remembered.
#[derive(Debug, Default)]
pub(super) struct Groups(HashMap<Id, Arc<[Id]>>);

impl Groups {
    /// The demands of a schema; itself alone when it makes but one.
    pub(super) fn of(&mut self, arena: &mut Arena, id: Id) -> Arc<[Id]> {
        if let Some(known) = self.0.get(&id) {
            return Arc::clone(known);
        }
        let node = arena.node(id);
        let mut all = Vec::new();
        if id != ANYTHING && id != NOTHING {
            evaluation(arena, &node, &mut all);
            demands(arena, &node, &mut all);
            arrays(arena, &node.arrays, &mut all);
            objects(arena, &node.objects, &mut all);
        }
        let all: Arc<[Id]> = Arc::from(all);
        self.0.insert(id, Arc::clone(&all));
        all
    }
}

fn evaluation(arena: &mut Arena, node: &Keywords, all: &mut Vec<Id>) {
    if node.unevaluated_members.is_none() && node.unevaluated_items.is_none() {
        return;
    }
    let beside = if node.beside.is_empty() {
        let rest = Keywords { unevaluated_members: None, unevaluated_items: None, ..node.clone() };
        vec![arena.intern(rest)]
    } else {
        node.beside.clone()
    };
    let base = Keywords { beside, ..Keywords::default() };
    if node.unevaluated_members.is_some() {
        all.push(
            arena
                .intern(Keywords { unevaluated_members: node.unevaluated_members, ..base.clone() }),
        );
    }
    if node.unevaluated_items.is_some() {
        all.push(arena.intern(Keywords { unevaluated_items: node.unevaluated_items, ..base }));
    }
}

fn demands(arena: &mut Arena, node: &Keywords, all: &mut Vec<Id>) {
    let none = Keywords::default;
    all.extend(&node.all);
    if node.odd.is_some() {
        all.push(arena.intern(Keywords { odd: node.odd, ..none() }));
    }
    if node.types != Types::ANY {
        all.push(arena.intern(Keywords { types: node.types, ..none() }));
    }
    if node.values.is_some() {
        all.push(arena.intern(Keywords { values: node.values.clone(), ..none() }));
    }
    if node.numbers.least.is_some() || node.numbers.most.is_some() {
        let numbers = Numbers { multiples: Vec::new(), ..node.numbers.clone() };
        all.push(arena.intern(Keywords { numbers, ..none() }));
    }
    for divisor in &node.numbers.multiples {
        let numbers = Numbers { multiples: vec![divisor.clone()], ..Numbers::default() };
        all.push(arena.intern(Keywords { numbers, ..none() }));
    }
    if node.texts.least > 0 || node.texts.most.is_some() {
        let texts = Texts { patterns: Vec::new(), ..node.texts.clone() };
        all.push(arena.intern(Keywords { texts, ..none() }));
    }
    for pattern in &node.texts.patterns {
        let texts = Texts { patterns: vec![Arc::clone(pattern)], ..Texts::default() };
        all.push(arena.intern(Keywords { texts, ..none() }));
    }
    if node.any.is_some() {
        all.push(arena.intern(Keywords { any: node.any.clone(), ..none() }));
    }
    if node.one.is_some() {
        all.push(arena.intern(Keywords { one: node.one.clone(), ..none() }));
    }
    for &barred in &node.not {
        all.push(arena.none_of(vec![barred]));
    }
    if node.conditional.is_some() {
        all.push(arena.intern(Keywords { conditional: node.conditional.clone(), ..none() }));
    }
    for dependent in &node.dependent {
        all.push(arena.intern(Keywords { dependent: vec![dependent.clone()], ..none() }));
    }
}

fn arrays(arena: &mut Arena, said: &Arrays, all: &mut Vec<Id>) {
    let mut push =
        |arrays: Arrays| all.push(arena.intern(Keywords { arrays, ..Keywords::default() }));
    if said.row.is_some() {
        push(Arrays { row: said.row.clone(), ..Arrays::default() });
    }
    if said.least > 0 || said.most.is_some() {
        push(Arrays { least: said.least, most: said.most, ..Arrays::default() });
    }
    if said.unique {
        push(Arrays { unique: true, ..Arrays::default() });
    }
    if said.contains.is_some() {
        push(Arrays { contains: said.contains.clone(), ..Arrays::default() });
    }
}

fn objects(arena: &mut Arena, said: &Objects, all: &mut Vec<Id>) {
    let mut push =
        |objects: Objects| all.push(arena.intern(Keywords { objects, ..Keywords::default() }));
    if !said.required.is_empty() {
        push(Objects { required: said.required.clone(), ..Objects::default() });
    }
    if said.layer.is_some() {
        push(Objects { layer: said.layer.clone(), ..Objects::default() });
    }
    if said.least > 0 || said.most.is_some() {
        push(Objects { least: said.least, most: said.most, ..Objects::default() });
    }
    if said.names.is_some() {
        push(Objects { names: said.names, ..Objects::default() });
    }
}
