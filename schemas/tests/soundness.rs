//! Random pairs of documents over all keywords and drafts: no answer of the prover may be contradicted.
//!
//! `EVERGATE_CASES` is the number of pairs (300 if unset), `EVERGATE_SEED` where their numbering begins,
//! `EVERGATE_SHARDS` how many threads judge them (2 if unset); with `EVERGATE_TRACE` each is shown before it is judged.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fall, and tells its counts"
)]

mod support {
    //! What generates, edits and attacks.
    pub(crate) mod attack;
    pub(crate) mod generate;
    pub(crate) mod mutate;
    pub(crate) mod original;
}

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use evergate_schemas::sample::Random;
use serde_json::{Value, json};
use support::attack::{Force, Outcome, Pair, judge, still_wrong};
use support::generate::{Draft, Generator};
use support::mutate::{mutate, renamed, smaller};

const FORCE: Force = Force { naive: 60, sampled: 16 };
/// Contradictions shown before the rest is only counted.
const SHOWN: usize = 12;
/// Smaller documents looked at while a contradiction is made small.
const SHRINKS: usize = 4000;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.replace('_', "").parse().unwrap())
}

/// The pair of a number: always the same one.
fn pair(seed: u64) -> Pair {
    let mut random = Random::new(seed.wrapping_mul(0x9E37_79B9).wrapping_add(7));
    let draft = Draft::ALL[random.index(Draft::ALL.len())];
    let old = Generator::new(&mut random, draft).document();
    let new = match random.index(10) {
        0 => Generator::new(&mut random, draft).document(),
        1 => renamed(&old),
        other => (0..other).fold(old.clone(), |new, _| mutate(&new, draft, &mut random)),
    };
    let (old, new) = if random.once_in(2) { (old, new) } else { (new, old) };
    Pair { dialect: draft.name(), old, new }
}

fn told(pair: &Pair) -> Value {
    json!({"id": "", "dialect": pair.dialect, "old": pair.old, "new": pair.new})
}

#[derive(Default)]
struct Counts {
    by_draft: BTreeMap<(&'static str, &'static str), u64>,
    slowest: (Duration, u64),
    wrong: Vec<(u64, &'static str, Value)>,
}

impl Counts {
    fn judge(&mut self, seed: u64) {
        let pair = pair(seed);
        if std::env::var_os("EVERGATE_TRACE").is_some() {
            println!("{seed} {}", told(&pair));
        }
        let start = Instant::now();
        let outcome = judge(&pair, FORCE, seed);
        self.slowest = self.slowest.max((start.elapsed(), seed));
        let word = match outcome {
            Outcome::Proved => "proved",
            Outcome::Refuted => "refuted",
            Outcome::Undecided => "undecided",
            Outcome::Unread => "unread",
            Outcome::Contradiction(why, payload) => {
                self.wrong.push((seed, why, payload));
                "wrong"
            }
        };
        *self.by_draft.entry((pair.dialect, word)).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        for (key, count) in other.by_draft {
            *self.by_draft.entry(key).or_default() += count;
        }
        self.slowest = self.slowest.max(other.slowest);
        self.wrong.extend(other.wrong);
    }

    fn of(&self, word: &str) -> u64 {
        self.by_draft.iter().filter(|((_, known), _)| *known == word).map(|(_, count)| count).sum()
    }
}

/// The contradiction with as little document as still shows it.
fn minimal(mut pair: Pair, payload: &Value, seed: u64) -> Pair {
    let mut left = SHRINKS;
    loop {
        let olds = smaller(&pair.old).into_iter().map(|old| Pair { old, ..pair.clone() });
        let news = smaller(&pair.new).into_iter().map(|new| Pair { new, ..pair.clone() });
        let size = |pair: &Pair| pair.old.to_string().len() + pair.new.to_string().len();
        let mut all: Vec<Pair> = olds.chain(news).filter(|one| size(one) < size(&pair)).collect();
        all.sort_by_key(size);
        let found = all.into_iter().find(|one| {
            left = left.saturating_sub(1);
            left > 0 && still_wrong(one, payload, FORCE, seed)
        });
        match found {
            Some(smaller) => pair = smaller,
            None => return pair,
        }
    }
}

#[test]
fn no_answer_is_contradicted() {
    let (cases, first) = (number("EVERGATE_CASES", 300), number("EVERGATE_SEED", 0));
    let shards = number("EVERGATE_SHARDS", 2).max(1);
    let start = Instant::now();
    let shard = |own: u64| {
        let mut counts = Counts::default();
        (first..first + cases)
            .filter(|seed| seed % shards == own)
            .for_each(|seed| counts.judge(seed));
        counts
    };
    let mut all = Counts::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..shards).map(|own| scope.spawn(move || shard(own))).collect();
        for thread in threads {
            all.add(thread.join().unwrap());
        }
    });
    println!(
        "{cases} pairs in {:?}, slowest {:?} (pair {})",
        start.elapsed(),
        all.slowest.0,
        all.slowest.1
    );
    for ((draft, word), count) in &all.by_draft {
        println!("  {draft} {word}: {count}");
    }
    for (seed, why, payload) in all.wrong.iter().take(SHOWN) {
        let small = minimal(pair(*seed), payload, *seed);
        println!("WRONG {seed} ({why}: {payload}): {}", told(&small));
    }
    assert!(all.wrong.is_empty(), "{} answers were contradicted", all.wrong.len());
    // A run that decides nothing, or only one way, shows nothing.
    assert!(all.of("proved") * 5 > cases, "few proofs");
    assert!(all.of("refuted") * 5 > cases, "few refutations");
    assert!(all.of("unread") * 20 < cases, "many documents that no validator reads");
}
