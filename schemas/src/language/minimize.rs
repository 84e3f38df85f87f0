//! Joining the states of an automaton that accept the same (Hopcroft, "An n log n algorithm", 1971).

use super::automaton::{Draft, State, at, put};
use super::fuel::Fuel;

/// A partition of states into blocks that can be split.
#[derive(Debug)]
struct Blocks {
    /// The states, block by block.
    states: Vec<State>,
    /// Where each state stands in `states`.
    place: Vec<State>,
    /// The block of each state.
    block: Vec<State>,
    /// Where each block starts and ends, and how many at its start are marked.
    first: Vec<State>,
    end: Vec<State>,
    marked: Vec<State>,
}

impl Blocks {
    fn new(count: State) -> Self {
        Self {
            states: (0..count).collect(),
            place: (0..count).collect(),
            block: vec![0; count as usize],
            first: vec![0],
            end: vec![count],
            marked: vec![0],
        }
    }

    /// Marks a state; says its block if it is the first one marked there.
    fn mark(&mut self, state: State) -> Option<State> {
        let block = at(&self.block, state);
        let marked = at(&self.marked, block);
        let (here, there) = (at(&self.place, state), at(&self.first, block) + marked);
        if here < there {
            return None;
        }
        let other = at(&self.states, there);
        put(&mut self.states, here, other);
        put(&mut self.place, other, here);
        put(&mut self.states, there, state);
        put(&mut self.place, state, there);
        put(&mut self.marked, block, marked + 1);
        (marked == 0).then_some(block)
    }

    /// Makes the marked states of a block a block of their own, unless all are marked.
    fn split(&mut self, block: State) -> Option<State> {
        let (first, end) = (at(&self.first, block), at(&self.end, block));
        let middle = first + at(&self.marked, block);
        put(&mut self.marked, block, 0);
        if middle == end {
            return None;
        }
        let fresh = State::try_from(self.first.len()).ok()?;
        self.first.push(first);
        self.end.push(middle);
        self.marked.push(0);
        put(&mut self.first, block, middle);
        for index in first..middle {
            let state = at(&self.states, index);
            put(&mut self.block, state, fresh);
        }
        Some(fresh)
    }

    fn size(&self, block: State) -> State {
        at(&self.end, block) - at(&self.first, block)
    }

    fn of(&self, block: State) -> &[State] {
        let (first, end) = (at(&self.first, block) as usize, at(&self.end, block) as usize);
        self.states.get(first..end).unwrap_or_default()
    }
}

/// Who leads where, backwards: for each kind and state the states before it.
struct Before {
    starts: Vec<State>,
    states: Vec<State>,
}

impl Before {
    fn new(next: &[State], width: usize, count: usize) -> Option<Self> {
        let slots = count.checked_mul(width)?;
        let slot =
            |target: State, kind: usize| State::try_from(kind * count + target as usize).ok();
        let mut starts: Vec<State> = vec![0; slots + 1];
        for row in next.chunks_exact(width) {
            for (kind, &target) in row.iter().enumerate() {
                let after = slot(target, kind)? + 1;
                let had = at(&starts, after);
                put(&mut starts, after, had + 1);
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut filled = starts.clone();
        let mut states: Vec<State> = vec![0; slots];
        for (row, state) in next.chunks_exact(width).zip(0..) {
            for (kind, &target) in row.iter().enumerate() {
                let slot = slot(target, kind)?;
                let place = at(&filled, slot);
                put(&mut filled, slot, place + 1);
                put(&mut states, place, state);
            }
        }
        Some(Self { starts, states })
    }

    fn of(&self, slot: usize) -> &[State] {
        let bound = |index: usize| self.starts.get(index).map_or(0, |start| *start as usize);
        self.states.get(bound(slot)..bound(slot + 1)).unwrap_or_default()
    }
}

/// The block of each state: states of one block accept the same strings.
pub(super) fn minimize(draft: &Draft, width: usize, fuel: &mut Fuel) -> Option<Vec<State>> {
    let count = draft.accepts.len();
    fuel.spend(draft.next.len() * 2 + count)?;
    let before = Before::new(&draft.next, width, count)?;
    let mut blocks = Blocks::new(State::try_from(count).ok()?);
    for (accepts, state) in draft.accepts.iter().zip(0..) {
        if *accepts {
            blocks.mark(state);
        }
    }
    blocks.split(0);
    // Each block waits once for each kind by which it may still split others.
    let mut waiting: Vec<(State, usize)> = Vec::new();
    let mut queued: Vec<bool> = vec![false; width];
    let smaller = State::from(blocks.first.len() > 1 && blocks.size(1) < blocks.size(0));
    queued.resize(width * blocks.first.len(), false);
    for kind in 0..width {
        waiting.push((smaller, kind));
        put(&mut queued, State::try_from(smaller as usize * width + kind).ok()?, true);
    }
    let (mut touched, mut splitters) = (Vec::new(), Vec::new());
    while let Some((block, kind)) = waiting.pop() {
        put(&mut queued, State::try_from(block as usize * width + kind).ok()?, false);
        splitters.clear();
        splitters.extend_from_slice(blocks.of(block));
        fuel.spend(splitters.len() + 1)?;
        for &state in &splitters {
            let sources = before.of(kind * count + state as usize);
            fuel.spend(sources.len())?;
            for &source in sources {
                touched.extend(blocks.mark(source));
            }
        }
        for had in touched.drain(..) {
            let Some(fresh) = blocks.split(had) else { continue };
            fuel.spend(width)?;
            queued.resize(width * blocks.first.len(), false);
            for kind in 0..width {
                let slot = |block: State| State::try_from(block as usize * width + kind).ok();
                let small = if blocks.size(fresh) < blocks.size(had) { fresh } else { had };
                let next = if at(&queued, slot(had)?) { fresh } else { small };
                put(&mut queued, slot(next)?, true);
                waiting.push((next, kind));
            }
        }
    }
    Some(blocks.block)
}
