//! Bridges of whole apis: small ones by hand, real ones from `EVERGATE_CORPUS`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use crate::describe::model::Api;
use crate::describe::{Limits, find_apis, load_api};
use crate::plan::lens::VersionChanges;
use crate::relate::Prover;
use crate::relate::verdict::Verdict;

use super::{Bridges, Pairs};

fn shares(
    api: &Api,
    bridges: &Bridges,
) -> (BTreeMap<&'static str, usize>, BTreeMap<String, usize>) {
    let mut verdicts = BTreeMap::new();
    let mut reasons = BTreeMap::new();
    let mut count = |judgement: &crate::plan::bridge::Judgement| {
        *verdicts.entry(judgement.verdict.word()).or_default() += 1;
        if let Some(undecided) = &judgement.undecided {
            *reasons.entry(undecided.reason.chars().take(90).collect()).or_default() += 1;
        }
    };
    for (from, to) in bridges.pairs() {
        for operation in bridges.operation(from, to) {
            for message in std::iter::once(&operation.request).chain(&operation.responses) {
                message.parts.iter().for_each(|part| count(&part.judgement));
            }
        }
        bridges
            .document(from, to)
            .into_iter()
            .flatten()
            .for_each(|(_, plan)| count(&plan.judgement));
    }
    let _ = api;
    (verdicts, reasons)
}

#[test]
fn real_apis_are_decided() {
    let Some(corpus) = std::env::var_os("EVERGATE_CORPUS") else { return };
    let only = std::env::var("EVERGATE_ONLY").unwrap_or_default();
    let mut all: BTreeMap<&'static str, usize> = BTreeMap::new();
    for directory in find_apis(Path::new(&corpus)) {
        if !directory.to_string_lossy().contains(&only) {
            continue;
        }
        let Ok(api) = load_api(&directory, &Limits::default()) else { continue };
        let changes = vec![VersionChanges::default(); api.versions.len()];
        let start = Instant::now();
        let bridges = Bridges::compile(&api, &changes, Pairs::Adjacent, &mut Prover::default());
        let (verdicts, reasons) = shares(&api, &bridges);
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons.truncate(4);
        println!("{:24} {:6.2?} {verdicts:?} {reasons:?}", api.name, start.elapsed());
        for (word, count) in verdicts {
            *all.entry(word).or_default() += count;
        }
    }
    println!("{all:?}");
    let total: usize = all.values().sum();
    assert!(all.get(Verdict::Undecided.word()).copied().unwrap_or(0) * 10 < total, "{all:?}");
}
