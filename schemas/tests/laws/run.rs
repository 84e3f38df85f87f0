//! Holds a law against as many generated payloads as are asked for, and makes what falls small.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Instant;

use crate::world::World;

/// What a law was held against.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) worlds: u64,
    /// Payloads.
    pub(crate) cases: u64,
    /// What happened, by name.
    pub(crate) seen: BTreeMap<&'static str, u64>,
}

/// A law: says what is wrong in a world. The number is for its own choices.
pub(crate) type Law = fn(&World, u64, &mut Count) -> Result<(), String>;

impl Count {
    pub(crate) fn case(&mut self) {
        self.cases += 1;
    }

    pub(crate) fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.cases += other.cases;
        for (what, count) in other.seen {
            *self.seen.entry(what).or_default() += count;
        }
    }
}

pub(crate) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.replace('_', "").parse().unwrap())
}

/// Worlds that one thread may look at for each case it has to find; more means that cases are too rare.
const PATIENCE: u64 = 12;
/// Worlds that fall before a thread gives up.
const FALLS: usize = 2;

/// One thread's share.
fn share(law: Law, own: u64, shards: u64, first: u64, cases: u64) -> (Count, Vec<(u64, String)>) {
    let (mut count, mut fallen) = (Count::default(), Vec::new());
    let mut seed = first + own;
    while count.cases < cases && count.worlds < 40 + cases * PATIENCE && fallen.len() < FALLS {
        let world = World::new(seed, &BTreeSet::new());
        count.worlds += 1;
        if let Err(why) = law(&world, seed, &mut count) {
            fallen.push((seed, why));
        }
        seed += shards;
    }
    (count, fallen)
}

/// The same fall with as few edits as still show it.
fn smallest(law: Law, seed: u64, why: String) -> String {
    let mut without = BTreeSet::new();
    let mut said = why;
    let all = World::new(seed, &without).edits;
    for edit in 1..=all {
        without.insert(edit);
        let world = World::new(seed, &without);
        match law(&world, seed, &mut Count::default()) {
            Err(why) => said = why,
            Ok(()) => {
                without.remove(&edit);
            }
        }
    }
    let world = World::new(seed, &without);
    let mut told = format!("EVERGATE_SEED={seed}: {said}\n");
    for (document, changes) in &world.written {
        writeln!(told, "  {}\n  {changes}", document["components"]["schemas"]).unwrap();
    }
    told
}

/// Holds the law. Of the cases, at least one in so many must show each of `least`.
#[track_caller]
pub(crate) fn hold(name: &str, law: Law, least: &[(&'static str, u64)]) {
    let (cases, first) = (number("EVERGATE_CASES", 240), number("EVERGATE_SEED", 0));
    let shards = number("EVERGATE_SHARDS", 2).max(1);
    let start = Instant::now();
    let (mut count, mut fallen) = (Count::default(), Vec::new());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..shards)
            .map(|own| scope.spawn(move || share(law, own, shards, first, cases.div_ceil(shards))))
            .collect();
        for thread in threads {
            let (own, falls) = thread.join().unwrap();
            count.add(own);
            fallen.extend(falls);
        }
    });
    let (worlds, held) = (count.worlds, count.cases);
    println!("{name}: {held} payloads of {worlds} apis in {:?}; {:?}", start.elapsed(), count.seen);
    fallen.sort();
    let told: Vec<String> =
        fallen.into_iter().take(FALLS).map(|(seed, why)| smallest(law, seed, why)).collect();
    assert!(told.is_empty(), "{name}:\n{}", told.join("\n"));
    assert!(held >= cases, "{name}: only {held} payloads of {worlds} apis put it to the test");
    // Where fewer than eight would be enough, too few were asked for to tell.
    for (what, times) in least.iter().filter(|(_, times)| held >= times * 8) {
        let seen = count.seen.get(what).copied().unwrap_or(0);
        assert!(seen * times >= held, "{name}: `{what}` only {seen} times in {held}");
    }
}
