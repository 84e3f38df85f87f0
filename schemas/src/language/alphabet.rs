//! Characters by kind: those that no pattern at hand tells apart are one letter of an automaton.

use super::fuel::{Fuel, Table};

/// A kind of characters: a letter of the automaton.
pub(super) type Kind = u16;

/// Characters as numbers without the gap of the surrogates, so that every number is a character.
pub(super) type Code = u32;

/// The codes of a set of characters, as sorted inclusive ranges apart from each other.
pub(super) type Ranges = Vec<(Code, Code)>;

const GAP_START: u32 = 0xD800;
const GAP: u32 = 0x800;
/// The last code.
pub(super) const LAST: Code = 0x10_FFFF - GAP;
/// The most kinds of characters one automaton may tell apart.
const KINDS: usize = 1024;

/// The code of a character.
pub(super) fn code(letter: char) -> Code {
    let number = u32::from(letter);
    if number < GAP_START { number } else { number - GAP }
}

/// The character of a code.
pub(super) fn letter(code: Code) -> char {
    let number = if code < GAP_START { code } else { code + GAP };
    char::from_u32(number).unwrap_or('\u{FFFD}')
}

/// How plausible a character looks to a person; small is better.
pub(super) fn strangeness(letter: char) -> u32 {
    let number = u32::from(letter);
    match letter {
        'a'..='z' => number - 0x61,
        '0'..='9' => 30 + number - 0x30,
        'A'..='Z' => 50 + number - 0x41,
        '-' | '_' | '.' | '/' | ':' | '@' => 100 + number,
        '!'..='~' => 300 + number,
        ' ' => 500,
        '\t' | '\n' | '\r' => 600 + number,
        // Separators of lines and paragraphs show as nothing at all.
        '\u{2028}' | '\u{2029}' => 0x0050_0000 + number,
        _ if letter.is_alphabetic() => 0x0020_0000 + number,
        _ if !letter.is_control() => 0x0040_0000 + number,
        _ => 0x0060_0000 + number,
    }
}

/// A partition of all characters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Alphabet {
    /// Where each stretch of characters of one kind starts; the first at 0.
    starts: Vec<Code>,
    kinds: Vec<Kind>,
    /// The most plausible character of each kind.
    samples: Vec<char>,
}

impl Alphabet {
    /// All characters alike.
    pub(super) fn plain() -> Self {
        Self { starts: vec![0], kinds: vec![0], samples: vec!['a'] }
    }

    /// The coarsest partition that tells these sets apart, and which kinds belong to each set.
    pub(super) fn telling(sets: &[Ranges], fuel: &mut Fuel) -> Option<(Self, Vec<Vec<bool>>)> {
        let mut starts: Vec<Code> = vec![0];
        for set in sets {
            for &(low, high) in set {
                starts.push(low);
                starts.extend((high < LAST).then_some(high + 1));
            }
        }
        starts.sort_unstable();
        starts.dedup();
        let mut kinds: Vec<Kind> = vec![0; starts.len()];
        for set in sets {
            fuel.spend(starts.len())?;
            let mut renamed: Table<(Kind, bool), Kind> = Table::default();
            let mut ranges = set.iter().peekable();
            for (start, kind) in starts.iter().zip(&mut kinds) {
                while ranges.next_if(|(_, high)| high < start).is_some() {}
                let inside = ranges.peek().is_some_and(|(low, _)| low <= start);
                let next = Kind::try_from(renamed.len()).ok()?;
                *kind = *renamed.entry((*kind, inside)).or_insert(next);
            }
            if renamed.len() > KINDS {
                return None;
            }
        }
        let alphabet = Self::joined(starts, kinds);
        let members = sets.iter().map(|set| alphabet.members(set)).collect();
        Some((alphabet, members))
    }

    /// Joins neighbours of one kind and chooses the samples.
    fn joined(starts: Vec<Code>, kinds: Vec<Kind>) -> Self {
        let count = kinds.iter().map(|kind| usize::from(*kind) + 1).max().unwrap_or(1);
        let mut joined = Self { starts: Vec::new(), kinds: Vec::new(), samples: Vec::new() };
        for (start, kind) in starts.into_iter().zip(kinds) {
            if joined.kinds.last() != Some(&kind) {
                joined.starts.push(start);
                joined.kinds.push(kind);
            }
        }
        let mut samples: Vec<Option<char>> = vec![None; count];
        for (low, high, kind) in joined.stretches() {
            let best = nicest(low, high);
            if let Some(sample) = samples.get_mut(usize::from(kind))
                && sample.is_none_or(|had| strangeness(best) < strangeness(had))
            {
                *sample = Some(best);
            }
        }
        joined.samples = samples.into_iter().map(|sample| sample.unwrap_or('a')).collect();
        joined
    }

    /// Which kinds lie in a set that this partition tells apart.
    fn members(&self, set: &Ranges) -> Vec<bool> {
        let mut inside = vec![false; self.count()];
        let mut ranges = set.iter().peekable();
        for (start, kind) in self.starts.iter().zip(&self.kinds) {
            while ranges.next_if(|(_, high)| high < start).is_some() {}
            if ranges.peek().is_some_and(|(low, _)| low <= start)
                && let Some(inside) = inside.get_mut(usize::from(*kind))
            {
                *inside = true;
            }
        }
        inside
    }

    /// Stretches of one kind: first code, last code, kind.
    fn stretches(&self) -> impl Iterator<Item = (Code, Code, Kind)> {
        let ends = self.starts.iter().skip(1).map(|start| start - 1).chain([LAST]);
        self.starts.iter().zip(ends).zip(&self.kinds).map(|((low, high), kind)| (*low, high, *kind))
    }

    /// How many kinds there are.
    pub(super) fn count(&self) -> usize {
        self.samples.len()
    }

    /// The kind of a character.
    pub(super) fn kind(&self, letter: char) -> Kind {
        let code = code(letter);
        let after = self.starts.partition_point(|start| *start <= code);
        self.kinds.get(after.saturating_sub(1)).copied().unwrap_or(0)
    }

    /// The most plausible character of a kind.
    pub(super) fn sample(&self, kind: Kind) -> char {
        self.samples.get(usize::from(kind)).copied().unwrap_or('a')
    }

    /// Some character of a kind: mostly a letter or digit of ASCII, else visible ASCII, if it has such; `choose(n)`
    /// draws a number below `n`.
    pub(super) fn some(&self, kind: Kind, choose: &mut dyn FnMut(u64) -> u64) -> char {
        let own = || self.stretches().filter(move |stretch| stretch.2 == kind);
        let blocks: &[(char, char)] =
            if choose(4) > 0 { &[('a', 'z'), ('0', '9'), ('A', 'Z')] } else { &[('!', '~')] };
        let visible = || {
            own().flat_map(|(low, high, _)| {
                let within = move |(first, last): &(char, char)| {
                    let (low, high) = (low.max(code(*first)), high.min(code(*last)));
                    (low <= high).then_some((low, high))
                };
                blocks.iter().filter_map(within)
            })
        };
        let width = |(low, high): (Code, Code)| u64::from(high - low) + 1;
        let count: u64 = visible().map(width).sum();
        let pick = |mut left: u64, ranges: &mut dyn Iterator<Item = (Code, Code)>| {
            for (low, high) in ranges {
                match u32::try_from(left) {
                    Ok(step) if step <= high - low => return Some(letter(low + step)),
                    _ => left = left.saturating_sub(width((low, high))),
                }
            }
            None
        };
        let found = if count > 0 {
            pick(choose(count), &mut visible())
        } else if self.sample(kind).is_ascii_graphic() {
            None
        } else {
            let all = || own().map(|(low, high, _)| (low, high));
            pick(choose(all().map(width).sum::<u64>().max(1)), &mut all())
        };
        found.unwrap_or_else(|| self.sample(kind))
    }

    /// The coarsest common refinement, and the kind on either side of each of its kinds.
    pub(super) fn beside(&self, other: &Self) -> Option<(Self, Vec<(Kind, Kind)>)> {
        let mut pairs: Table<(Kind, Kind), Kind> = Table::default();
        let mut order = Vec::new();
        let (mut starts, mut kinds) = (Vec::new(), Vec::new());
        let mut left = self.starts.iter().zip(&self.kinds).peekable();
        let mut right = other.starts.iter().zip(&other.kinds).peekable();
        let mut now = (0, 0);
        while let Some(start) =
            [left.peek(), right.peek()].into_iter().flatten().map(|(start, _)| **start).min()
        {
            if let Some((_, kind)) = left.next_if(|(at, _)| **at == start) {
                now.0 = *kind;
            }
            if let Some((_, kind)) = right.next_if(|(at, _)| **at == start) {
                now.1 = *kind;
            }
            let next = Kind::try_from(pairs.len()).ok()?;
            let kind = *pairs.entry(now).or_insert_with(|| {
                order.push(now);
                next
            });
            starts.push(start);
            kinds.push(kind);
        }
        (order.len() <= KINDS).then(|| (Self::joined(starts, kinds), order))
    }
}

/// The most plausible character between two codes.
fn nicest(low: Code, high: Code) -> char {
    let blocks = [('a', 'z'), ('0', '9'), ('A', 'Z'), ('!', '~'), (' ', ' ')];
    for (first, last) in blocks {
        let (from, to) = (low.max(code(first)), high.min(code(last)));
        if from <= to {
            let inside = (from..=to.min(from + 100)).map(letter);
            return inside.min_by_key(|letter| strangeness(*letter)).unwrap_or(first);
        }
    }
    let few = (low..=high.min(low + 64)).map(letter);
    few.min_by_key(|letter| strangeness(*letter)).unwrap_or('a')
}
