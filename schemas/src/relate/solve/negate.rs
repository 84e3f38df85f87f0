//! Claims taken into a case: what a schema says where it holds, and what follows where it does not.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::sample::node::{
    ANYTHING, Arrays, Contains, Id, Keywords, Layer, Limit, NOTHING, Numbers, Objects, Row, Texts,
    Types,
};

use super::case::{Case, Claim, Scope, SomeMember};
use super::solver::Solver;

/// The most branches of a `oneOf` whose exclusivity is spelled out; beyond, it counts as `anyOf`.
const EXCLUSIVE: usize = 256;

impl Solver<'_> {
    /// Takes claims into a case; false where they contradict what is known.
    pub(super) fn assert(&mut self, case: &mut Case, all: &[Claim]) -> bool {
        let mut waiting: Vec<Claim> = all.to_vec();
        while let Some(claim) = waiting.pop() {
            if claim.is_plain() || case.knows(claim) {
                continue;
            }
            if claim.is_absurd() || case.knows(claim.opposite()) {
                return false;
            }
            case.learn(claim);
            self.spend(1);
            let node = self.memory.maker.space.arena.node(claim.id());
            if claim.holds() {
                self.take(case, &node, &mut waiting);
            } else if !self.refuse(case, (claim.id(), &node), &mut waiting) {
                return false;
            }
            if case.types.is_none() {
                return false;
            }
        }
        true
    }

    fn take(&mut self, case: &mut Case, node: &Arc<Keywords>, waiting: &mut Vec<Claim>) {
        self.spend(node.weight());
        case.types = case.types.and(node.types);
        case.weak = case.weak.or(node.odd.map(|odd| odd.what));
        let length = |node: &Arc<Keywords>| node.values.as_ref().map_or(usize::MAX, Vec::len);
        if node.values.is_some()
            && case.values.as_ref().is_none_or(|had| length(node) < length(had))
        {
            case.values = Some(Arc::clone(node));
        }
        case.bound(node.numbers.least.as_ref(), node.numbers.most.as_ref());
        case.numbers.multiples.extend(node.numbers.multiples.iter().cloned());
        case.texts.least = case.texts.least.max(node.texts.least);
        case.texts.most = least_of(case.texts.most, node.texts.most);
        case.texts.patterns.extend(node.texts.patterns.iter().map(Arc::clone));
        take_arrays(case, node);
        take_objects(case, node);
        waiting.extend(node.all.iter().copied().map(Claim::yes));
        waiting.extend(node.not.iter().copied().map(Claim::no));
        self.take_choices(case, node);
        if node.unevaluated_members.is_some() || node.unevaluated_items.is_some() {
            let beside = self.beside(node);
            for (members, rest) in
                [(true, node.unevaluated_members), (false, node.unevaluated_items)]
            {
                let Some(rest) = rest else { continue };
                case.scopes.push(Scope { members, beside: beside.clone(), rest, holds: true });
            }
        }
    }

    fn take_choices(&mut self, case: &mut Case, node: &Keywords) {
        if let Some(ways) = &node.any {
            case.choices.push(ways.iter().map(|&way| vec![Claim::yes(way)]).collect());
        }
        if let Some(ways) = &node.one {
            let exclusive = ways.len() <= EXCLUSIVE;
            if !exclusive {
                case.weak = case.weak.or(Some("`oneOf` with very many branches"));
            }
            let choice = (0..ways.len()).map(|chosen| chosen_of(ways, chosen, exclusive));
            case.choices.push(choice.collect());
        }
        if let Some(conditional) = &node.conditional {
            let (when, then, other) = (conditional.when, conditional.then, conditional.otherwise);
            if (then, other) != (ANYTHING, ANYTHING) {
                case.choices.push(Arc::from([
                    vec![Claim::yes(when), Claim::yes(then)],
                    vec![Claim::no(when), Claim::yes(other)],
                ]));
            }
        }
        for (name, demand) in &node.dependent {
            let arena = &mut self.memory.maker.space.arena;
            let object = arena.of_types(Types::OBJECT);
            let (absent, present) = (arena.member(name, NOTHING), arena.requiring(name));
            case.choices.push(Arc::from([
                vec![Claim::yes(object), Claim::yes(absent)],
                vec![Claim::yes(object), Claim::yes(present), Claim::yes(*demand)],
                vec![Claim::no(object)],
            ]));
        }
    }

    /// What `unevaluated*` of a schema takes for evaluated.
    pub(super) fn beside(&mut self, node: &Keywords) -> Vec<Id> {
        if !node.beside.is_empty() {
            return node.beside.clone();
        }
        let rest = Keywords { unevaluated_members: None, unevaluated_items: None, ..node.clone() };
        vec![self.memory.maker.space.arena.intern(rest)]
    }

    /// Takes in that a schema does not hold.
    fn refuse(
        &mut self,
        case: &mut Case,
        (id, node): (Id, &Arc<Keywords>),
        waiting: &mut Vec<Claim>,
    ) -> bool {
        let groups = self.memory.groups.of(&mut self.memory.maker.space.arena, id);
        match &*groups {
            [] => return false,
            [only] if *only == id => {}
            [only] => {
                waiting.push(Claim::no(*only));
                return true;
            }
            several => {
                case.choices.push(several.iter().map(|&one| vec![Claim::no(one)]).collect());
                return true;
            }
        }
        if let Some(odd) = node.odd {
            case.weak = case.weak.or(Some(odd.what));
            return true;
        }
        if node.types != Types::ANY {
            case.types = case.types.without(node.types);
            return true;
        }
        if node.values.is_some() {
            case.barred.push(Arc::clone(node));
            return true;
        }
        if let Some(ways) = &node.any {
            waiting.extend(ways.iter().copied().map(Claim::no));
            return true;
        }
        waiting.extend(node.not.iter().copied().map(Claim::yes));
        self.refuse_composed(case, node, waiting);
        self.refuse_scalar(case, node);
        self.refuse_arrays(case, (id, node));
        self.refuse_objects(case, (id, node));
        true
    }

    fn refuse_composed(&mut self, case: &mut Case, node: &Keywords, waiting: &mut Vec<Claim>) {
        if let Some(ways) = &node.one {
            let mut choice: Vec<Vec<Claim>> = vec![ways.iter().copied().map(Claim::no).collect()];
            for (index, &way) in ways.iter().enumerate().take(EXCLUSIVE) {
                let later: Vec<Id> = ways.iter().copied().skip(index + 1).collect();
                let other = match later.as_slice() {
                    [] => continue,
                    [only] => *only,
                    _ => self
                        .memory
                        .maker
                        .space
                        .arena
                        .intern(Keywords { any: Some(later), ..Keywords::default() }),
                };
                choice.push(vec![Claim::yes(way), Claim::yes(other)]);
            }
            if ways.len() > EXCLUSIVE {
                // Too many pairs to spell out: nothing is concluded from this one.
                case.weak = case.weak.or(Some("`oneOf` with very many branches"));
            } else {
                case.choices.push(Arc::from(choice));
            }
        }
        if let Some(conditional) = &node.conditional {
            case.choices.push(Arc::from([
                vec![Claim::yes(conditional.when), Claim::no(conditional.then)],
                vec![Claim::no(conditional.when), Claim::no(conditional.otherwise)],
            ]));
        }
        for (name, demand) in &node.dependent {
            case.types = case.types.and(Types::OBJECT);
            case.require(name);
            waiting.push(Claim::no(*demand));
        }
        for (members, rest) in [(true, node.unevaluated_members), (false, node.unevaluated_items)] {
            let Some(rest) = rest else { continue };
            let beside = self.beside(node);
            waiting.extend(beside.iter().copied().map(Claim::yes));
            let kind = if members { Types::OBJECT } else { Types::ARRAY };
            case.types = case.types.and(kind);
            case.scopes.push(Scope { members, beside, rest, holds: false });
        }
    }

    fn refuse_scalar(&mut self, case: &mut Case, node: &Keywords) {
        let flipped =
            |limit: &Limit| Limit { value: limit.value.clone(), exclusive: !limit.exclusive };
        let mut ways = Vec::new();
        if node.numbers.least.is_some() || node.numbers.most.is_some() {
            case.types = case.types.and(Types::NUMBER);
            let below = node.numbers.least.as_ref().map(flipped);
            let above = node.numbers.most.as_ref().map(flipped);
            let below = below.map(|most| Numbers { most: Some(most), ..Numbers::default() });
            let above = above.map(|least| Numbers { least: Some(least), ..Numbers::default() });
            for numbers in [below, above].into_iter().flatten() {
                ways.push(Keywords { numbers, ..Keywords::default() });
            }
        }
        if !node.numbers.multiples.is_empty() {
            case.types = case.types.and(Types::NUMBER);
            case.off.extend(node.numbers.multiples.iter().cloned());
        }
        if node.texts.least > 0 || node.texts.most.is_some() {
            case.types = case.types.and(Types::STRING);
            let shorter = (node.texts.least > 0)
                .then(|| Texts { most: Some(node.texts.least - 1), ..Texts::default() });
            let longer = node
                .texts
                .most
                .and_then(|most| most.checked_add(1))
                .map(|least| Texts { least, ..Texts::default() });
            for texts in [shorter, longer].into_iter().flatten() {
                ways.push(Keywords { texts, ..Keywords::default() });
            }
        }
        if !node.texts.patterns.is_empty() {
            case.types = case.types.and(Types::STRING);
            case.foreign.extend(node.texts.patterns.iter().map(Arc::clone));
        }
        self.choose_among(case, ways);
    }

    fn choose_among(&mut self, case: &mut Case, ways: Vec<Keywords>) {
        if ways.is_empty() {
            return;
        }
        let arena = &mut self.memory.maker.space.arena;
        let choice = ways.into_iter().map(|way| vec![Claim::yes(arena.intern(way))]);
        case.choices.push(choice.collect());
    }

    fn refuse_arrays(&mut self, case: &mut Case, (id, node): (Id, &Keywords)) {
        let said = &node.arrays;
        if *said == Arrays::default() {
            return;
        }
        case.types = case.types.and(Types::ARRAY);
        let mut ways = Vec::new();
        let mut push = |arrays: Arrays| ways.push(Keywords { arrays, ..Keywords::default() });
        if let Some(row) = &said.row {
            self.refuse_row(case, (id, row));
            return;
        }
        if let Some(contains) = &said.contains {
            let schema = contains.schema;
            if let Some(most) = contains.least.checked_sub(1) {
                let contains = Some(Contains { schema, least: 0, most: Some(most) });
                push(Arrays { contains, ..Arrays::default() });
            }
            if let Some(least) = contains.most.and_then(|most| most.checked_add(1)) {
                let contains = Some(Contains { schema, least, most: None });
                push(Arrays { contains, ..Arrays::default() });
            }
        } else if said.unique {
            case.twins = true;
            case.least_items = case.least_items.max(2);
            return;
        } else {
            if let Some(most) = said.least.checked_sub(1) {
                push(Arrays { most: Some(most), ..Arrays::default() });
            }
            if let Some(least) = said.most.and_then(|most| most.checked_add(1)) {
                push(Arrays { least, ..Arrays::default() });
            }
        }
        if ways.is_empty() {
            case.types = Types::NONE;
        }
        self.choose_among(case, ways);
    }

    fn refuse_row(&mut self, case: &mut Case, (id, row): (Id, &Row)) {
        let from = row.first.len();
        if let Some(rest) = row.rest
            && row.first.iter().all(|&item| item == ANYTHING)
        {
            case.some_items.push((from, Claim::no(rest)));
            case.least_items = case.least_items.max(from as u64 + 1);
            return;
        }
        let arena = &mut self.memory.maker.space.arena;
        let mut ways: Vec<Vec<Claim>> = Vec::new();
        for (index, &item) in row.first.iter().enumerate() {
            if item == ANYTHING {
                continue;
            }
            let mut first = vec![ANYTHING; index];
            first.push(arena.none_of(vec![item]));
            let least = first.len() as u64;
            let arrays =
                Arrays { row: Some(Row { first, rest: None }), least, ..Arrays::default() };
            ways.push(vec![Claim::yes(arena.intern(Keywords { arrays, ..Keywords::default() }))]);
        }
        if let Some(rest) = row.rest.filter(|&rest| rest != ANYTHING) {
            let row = Row { first: vec![ANYTHING; from], rest: Some(rest) };
            let arrays = Arrays { row: Some(row), ..Arrays::default() };
            let beyond = arena.intern(Keywords { arrays, ..Keywords::default() });
            debug_assert_ne!(beyond, id);
            ways.push(vec![Claim::no(beyond)]);
        }
        if ways.is_empty() {
            case.types = Types::NONE;
        }
        case.choices.push(Arc::from(ways));
    }

    fn refuse_objects(&mut self, case: &mut Case, (id, node): (Id, &Arc<Keywords>)) {
        let said = &node.objects;
        if *said == Objects::default() {
            return;
        }
        case.types = case.types.and(Types::OBJECT);
        if let Some(layer) = &said.layer {
            self.refuse_layer(case, (id, node, layer));
            return;
        }
        if let Some(names) = said.names {
            case.some_members.push(SomeMember::Named(names));
            case.least_members = case.least_members.max(1);
            return;
        }
        let arena = &mut self.memory.maker.space.arena;
        let mut ways: Vec<Vec<Claim>> = Vec::new();
        for name in &said.required {
            ways.push(vec![Claim::yes(arena.member(name, NOTHING))]);
        }
        let mut push = |objects: Objects| {
            ways.push(vec![Claim::yes(arena.intern(Keywords { objects, ..Keywords::default() }))]);
        };
        if let Some(most) = said.least.checked_sub(1) {
            push(Objects { most: Some(most), ..Objects::default() });
        }
        if let Some(least) = said.most.and_then(|most| most.checked_add(1)) {
            push(Objects { least, ..Objects::default() });
        }
        if ways.is_empty() {
            case.types = Types::NONE;
        }
        case.choices.push(Arc::from(ways));
    }

    fn refuse_layer(&mut self, case: &mut Case, (id, node, layer): (Id, &Arc<Keywords>, &Layer)) {
        let silent = layer.named.values().all(|&schema| schema == ANYTHING);
        let mute = layer.patterned.iter().all(|(_, schema)| *schema == ANYTHING);
        case.least_members = case.least_members.max(1);
        if silent && mute && layer.rest.is_some() {
            case.some_members.push(SomeMember::Beyond(Arc::clone(node)));
            return;
        }
        if let ([(pattern, schema)], true, None) =
            (layer.patterned.as_slice(), layer.named.is_empty(), layer.rest)
        {
            case.some_members.push(SomeMember::Matching(Arc::clone(pattern), *schema));
            return;
        }
        let arena = &mut self.memory.maker.space.arena;
        let mut ways: Vec<Vec<Claim>> = Vec::new();
        for (name, &schema) in layer.named.iter().filter(|(_, schema)| **schema != ANYTHING) {
            let refused = if schema == NOTHING { ANYTHING } else { arena.none_of(vec![schema]) };
            let member = arena.member(name, refused);
            ways.push(vec![Claim::yes(arena.requiring(name)), Claim::yes(member)]);
        }
        let mut push = |layer: Layer| {
            let objects = Objects { layer: Some(layer), ..Objects::default() };
            let part = arena.intern(Keywords { objects, ..Keywords::default() });
            debug_assert_ne!(part, id);
            ways.push(vec![Claim::no(part)]);
        };
        for (pattern, schema) in layer.patterned.iter().filter(|(_, schema)| *schema != ANYTHING) {
            let patterned = vec![(Arc::clone(pattern), *schema)];
            push(Layer { patterned, ..Layer::default() });
        }
        if let Some(rest) = layer.rest.filter(|&rest| rest != ANYTHING) {
            push(anything_but(layer, rest));
        }
        if ways.is_empty() {
            case.types = Types::NONE;
        }
        case.choices.push(Arc::from(ways));
    }
}

/// One branch, and where they exclude each other none of the others.
fn chosen_of(ways: &[Id], chosen: usize, exclusive: bool) -> Vec<Claim> {
    let claim = |(index, &way): (usize, &Id)| {
        if index == chosen { Claim::yes(way) } else { Claim::no(way) }
    };
    let all = ways.iter().enumerate();
    all.filter(|(index, _)| exclusive || *index == chosen).map(claim).collect()
}

/// The same names and patterns with nothing said of them, and that rest.
pub(super) fn anything_but(layer: &Layer, rest: Id) -> Layer {
    Layer {
        named: layer.named.keys().map(|name| (Arc::clone(name), ANYTHING)).collect(),
        patterned: layer
            .patterned
            .iter()
            .map(|(pattern, _)| (Arc::clone(pattern), ANYTHING))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        rest: Some(rest),
    }
}

pub(super) fn least_of(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (one, other) => one.or(other),
    }
}

fn take_arrays(case: &mut Case, node: &Arc<Keywords>) {
    let said = &node.arrays;
    if said.row.is_some() {
        case.rows.push(Arc::clone(node));
    }
    case.least_items = case.least_items.max(said.least);
    case.most_items = least_of(case.most_items, said.most);
    case.unique |= said.unique;
    if let Some(contains) = &said.contains
        && !case.contains.contains(contains)
    {
        case.contains.push(contains.clone());
    }
}

fn take_objects(case: &mut Case, node: &Arc<Keywords>) {
    let said = &node.objects;
    if said.layer.is_some() {
        case.layers.push(Arc::clone(node));
    }
    for name in &said.required {
        case.require(name);
    }
    case.least_members = case.least_members.max(said.least);
    case.most_members = least_of(case.most_members, said.most);
    case.names.extend(said.names);
}
