//! Arrays: a shortest row of items that has what must be in it.

use std::collections::{HashSet, VecDeque};

use serde_json::Value;

use crate::sample::evaluate::equal;
use crate::sample::node::Keywords;

use super::super::argument::{FREE, Leaning};
use super::case::{Case, Claim};
use super::solver::{Answer, Solver};

/// The longest array that is made.
const LONGEST: u64 = 300;
/// How many things one array may have to contain before their combinations are not looked through.
const WANTED: usize = 6;
/// Up to how many the shortest row is looked for, whatever else is possible.
const FEW: usize = 3;
/// How many rows of counts are looked through.
const ROWS: usize = 20_000;
/// How many values of one item are told apart where items must differ.
const VALUES: usize = 40;

/// Something of which an array has a number of items.
#[derive(Clone, Copy, PartialEq)]
struct Counted {
    /// From this index on.
    from: usize,
    yes: Claim,
    least: u64,
    most: Option<u64>,
}

/// How the search for a row ended.
enum Rows {
    Found(Vec<Vec<Claim>>),
    None(Leaning),
    Unknown,
}

impl Solver<'_> {
    /// Whether some item that must be there can have no value.
    pub(super) fn items_conflict(&mut self, case: &mut Case) -> Answer {
        let (_, rows, _, least) = case.looked;
        if rows == case.rows.len() && least == case.least_items {
            return Answer::Unknown;
        }
        (case.looked.1, case.looked.3) = (case.rows.len(), case.least_items);
        if case.most_items.is_some_and(|most| most < case.least_items) {
            return Answer::Nothing(FREE);
        }
        let count = usize::try_from(case.least_items).unwrap_or(usize::MAX);
        for index in 0..count.min(case.positions() + 1) {
            let all = case.item(index);
            if all.is_empty() {
                continue;
            }
            if let Answer::Nothing(leaning) = self.inside(all) {
                return Answer::Nothing(leaning);
            }
        }
        Answer::Unknown
    }

    /// An array for a case without choices.
    pub(super) fn array(&mut self, case: &Case) -> Answer {
        let mut counted = Vec::new();
        for contains in &case.contains {
            let (yes, least, most) = (Claim::yes(contains.schema), contains.least, contains.most);
            counted.push(Counted { from: 0, yes, least, most });
        }
        for &(from, yes) in &case.some_items {
            counted.push(Counted { from, yes, least: 1, most: None });
        }
        counted.retain(|one| one.least > 0 || one.most.is_some());
        let all = std::mem::take(&mut counted);
        for one in all {
            if !counted.contains(&one) {
                counted.push(one);
            }
        }
        // What no item may be is a claim about every item.
        if counted.iter().any(|one| one.most == Some(0)) {
            let mut every = case.clone();
            let (never, counted): (Vec<Counted>, Vec<Counted>) =
                counted.into_iter().partition(|one| one.most == Some(0));
            if never.iter().any(|one| one.least > 0) {
                return Answer::Nothing(FREE);
            }
            every.every.extend(never.iter().map(|one| one.yes.opposite()));
            return self.row_of(&every, &counted);
        }
        self.row_of(case, &counted)
    }

    fn row_of(&mut self, case: &Case, counted: &[Counted]) -> Answer {
        if case.twins && case.unique {
            return Answer::Nothing(FREE);
        }
        if case.twins {
            return self.twins(case, counted);
        }
        if case.unique {
            return self.distinct(case, counted);
        }
        self.row(case, counted, &[])
    }

    fn row(&mut self, case: &Case, counted: &[Counted], forced: &[(usize, Claim)]) -> Answer {
        match self.rows_or_more(case, counted, forced) {
            Rows::None(leaning) => Answer::Nothing(leaning),
            Rows::Unknown => self.give_up("`contains` beside other demands on items"),
            Rows::Found(items) => {
                let mut made = Vec::new();
                for item in items {
                    match self.inside(item) {
                        Answer::Value(value) => made.push(value),
                        other => return other,
                    }
                }
                Answer::Value(Value::Array(made))
            }
        }
    }

    /// A row of item claims that keeps every count. Without an upper bound, what an item after all others can be is
    /// no matter for the search: such items are put at the end.
    fn rows_or_more(
        &mut self,
        case: &Case,
        counted: &[Counted],
        forced: &[(usize, Claim)],
    ) -> Rows {
        if case.most_items.is_some()
            || counted.len() <= FEW
            || counted.iter().any(|one| one.most.is_some())
        {
            return self.rows(case, counted, forced);
        }
        let forced_until = forced.iter().map(|(index, _)| *index + 1).max().unwrap_or(0);
        let end = case.item(case.positions().max(forced_until));
        let (mut hard, mut easy) = (Vec::new(), Vec::new());
        for one in counted {
            let item: Vec<Claim> = end.iter().copied().chain([one.yes]).collect();
            let found = self.inside(item.iter().copied());
            if matches!(found, Answer::Value(_)) && one.least <= LONGEST {
                easy.extend(std::iter::repeat_n(item, usize::try_from(one.least).unwrap_or(1)));
            } else {
                hard.push(*one);
            }
        }
        let mut found = self.rows(case, &hard, forced);
        if let Rows::Found(items) = &mut found {
            while !easy.is_empty() && items.len() < case.positions() {
                let filling = case.item(items.len());
                match self.inside(filling.iter().copied()) {
                    Answer::Value(_) => items.push(filling),
                    // The items at the end have no place; perhaps others have.
                    _ => return self.rows(case, counted, forced),
                }
            }
            items.append(&mut easy);
        }
        found
    }

    /// A shortest row of item claims that keeps every count: breadth first over how much of each was met so far.
    /// Positions beyond the last that is spelled out are all alike, so that the states are finite.
    fn rows(&mut self, case: &Case, counted: &[Counted], forced: &[(usize, Claim)]) -> Rows {
        let last =
            forced.iter().map(|(index, _)| *index + 1).max().unwrap_or(0).max(case.positions());
        let least = case
            .least_items
            .max(forced.iter().map(|(index, _)| *index as u64 + 1).max().unwrap_or(0));
        if least > LONGEST
            || counted.len() > WANTED
            || counted.iter().any(|one| one.least > LONGEST)
        {
            return Rows::Unknown;
        }
        let alike = last.max(usize::try_from(least).unwrap_or(0));
        let caps: Vec<u64> = counted
            .iter()
            .map(|one| {
                one.most
                    .map_or(one.least, |most| one.least.max(most.saturating_add(1).min(LONGEST)))
            })
            .collect();
        let mut seen: HashSet<(usize, Vec<u64>)> = HashSet::new();
        let mut queue: VecDeque<(usize, Vec<u64>, Vec<Vec<Claim>>)> = VecDeque::new();
        queue.push_back((0, vec![0; counted.len()], Vec::new()));
        let (mut leaning, mut unknown) = (FREE, false);
        while let Some((index, counts, items)) = queue.pop_front() {
            let enough = index as u64 >= least
                && counted.iter().zip(&counts).all(|(one, &count)| {
                    count >= one.least && one.most.is_none_or(|most| count <= most)
                });
            if enough {
                return Rows::Found(items);
            }
            if seen.len() > ROWS || self.is_over() {
                return Rows::Unknown;
            }
            if case.most_items.is_some_and(|most| index as u64 >= most) {
                continue;
            }
            let mut base = case.item(index);
            base.extend(forced.iter().filter(|(at, _)| *at == index).map(|(_, claim)| *claim));
            for mask in 0..(1usize << counted.len()) {
                let Some((item, next)) = step(&base, counted, (index, mask), (&counts, &caps))
                else {
                    continue;
                };
                let key = (alike.min(index + 1), next);
                if seen.contains(&key) {
                    continue;
                }
                match self.inside(item.iter().copied()) {
                    Answer::Value(_) => {
                        let mut longer = items.clone();
                        longer.push(item);
                        queue.push_back((index + 1, key.1.clone(), longer));
                        seen.insert(key);
                    }
                    Answer::Nothing(more) => leaning = leaning.min(more),
                    Answer::Unknown => unknown = true,
                }
            }
        }
        if unknown { Rows::Unknown } else { Rows::None(leaning) }
    }

    /// An array with two equal items: every pair of positions whose claims one value can meet.
    fn twins(&mut self, case: &Case, counted: &[Counted]) -> Answer {
        let last = case.positions() + 1;
        let (mut leaning, mut unknown) = (FREE, false);
        let pairs = (1..=last).flat_map(|later| (0..later).map(move |earlier| (earlier, later)));
        for (earlier, later) in pairs {
            if case.most_items.is_some_and(|most| later as u64 >= most) {
                continue;
            }
            let both = case.item(earlier).into_iter().chain(case.item(later));
            let value = match self.inside(both) {
                Answer::Value(value) => value,
                Answer::Nothing(more) => {
                    leaning = leaning.min(more);
                    continue;
                }
                Answer::Unknown => {
                    unknown = true;
                    continue;
                }
            };
            let arena = &mut self.memory.maker.space.arena;
            let values = Some(vec![value]);
            let twin = Claim::yes(arena.intern(Keywords { values, ..Keywords::default() }));
            match self.row(case, counted, &[(earlier, twin), (later, twin)]) {
                Answer::Value(found) => return Answer::Value(found),
                // With nothing to be contained, only the length and the other items can fail, and they would fail
                // with any other twins as well.
                Answer::Nothing(more) if counted.is_empty() => leaning = leaning.min(more),
                _ => unknown = true,
            }
        }
        if unknown { self.give_up("`uniqueItems`") } else { Answer::Nothing(leaning) }
    }

    /// An array whose items all differ.
    fn distinct(&mut self, case: &Case, counted: &[Counted]) -> Answer {
        let items = match self.rows(case, counted, &[]) {
            Rows::None(leaning) => return Answer::Nothing(leaning),
            Rows::Unknown => return self.give_up("`uniqueItems` beside `contains`"),
            Rows::Found(items) => items,
        };
        let mut leaning = FREE;
        let mut domains = Vec::new();
        for item in &items {
            match self.domain(item, items.len().min(VALUES)) {
                Ok((values, more)) => {
                    leaning = leaning.min(more);
                    domains.push(values);
                }
                Err(()) => return self.give_up("`uniqueItems`"),
            }
        }
        let mut chosen = Vec::new();
        let mut left = ROWS;
        if matched(&domains, &mut chosen, &mut left) {
            return Answer::Value(Value::Array(chosen));
        }
        // A position with as many values as there are positions can always be filled last, so no value was missed; a
        // longer array has this one's positions too.
        if counted.is_empty() && items.len() <= VALUES && left > 0 {
            return Answer::Nothing(leaning);
        }
        self.give_up("`uniqueItems` beside `contains`")
    }

    /// Up to so many different values.
    fn domain(&mut self, item: &[Claim], most: usize) -> Result<(Vec<Value>, Leaning), ()> {
        let mut values: Vec<Value> = Vec::new();
        while values.len() < most {
            let mut all = item.to_vec();
            if !values.is_empty() {
                let arena = &mut self.memory.maker.space.arena;
                let had =
                    arena.intern(Keywords { values: Some(values.clone()), ..Keywords::default() });
                all.push(Claim::no(had));
            }
            match self.inside(all) {
                Answer::Value(value) if values.iter().any(|had| equal(had, &value)) => {
                    return Err(());
                }
                Answer::Value(value) => values.push(value),
                Answer::Nothing(leaning) => return Ok((values, leaning)),
                Answer::Unknown => return Err(()),
            }
        }
        Ok((values, FREE))
    }
}

/// What an item must satisfy to be or not to be one of each that is counted, and the counts then.
fn step(
    base: &[Claim],
    counted: &[Counted],
    (index, mask): (usize, usize),
    (counts, caps): (&[u64], &[u64]),
) -> Option<(Vec<Claim>, Vec<u64>)> {
    let mut item = base.to_vec();
    let mut next = counts.to_vec();
    for (place, one) in counted.iter().enumerate() {
        let taken = mask & (1 << place) != 0;
        let (count, cap) = (next.get_mut(place)?, *caps.get(place)?);
        if taken {
            if index < one.from {
                return None;
            }
            item.push(one.yes);
            *count = (*count + 1).min(cap);
            if one.most.is_some_and(|most| *count > most) {
                return None;
            }
        } else if one.most.is_some() {
            item.push(one.yes.opposite());
        }
    }
    Some((item, next))
}

/// Chooses one value of each domain, all different; backtracks within a bound.
fn matched(domains: &[Vec<Value>], chosen: &mut Vec<Value>, left: &mut usize) -> bool {
    let Some(domain) = domains.get(chosen.len()) else { return true };
    for value in domain {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        if chosen.iter().any(|had| equal(had, value)) {
            continue;
        }
        chosen.push(value.clone());
        if matched(domains, chosen, left) {
            return true;
        }
        chosen.pop();
    }
    false
}
