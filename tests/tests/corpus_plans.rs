//! The plans of every ordered pair of versions: what they cost, what is proved, and whether promises hold.
//!
//! `EVERGATE_CORPUS` names the apis (else the repository's own), of which small ones are taken unless `EVERGATE_LONG=1`,
//! `EVERGATE_CASES` the payloads for each message (20 if unset).

use std::time::Instant;

use evergate_contracts::{CaseSettings, read_examples, try_cases};
use evergate_schemas::describe::model::Api;
use evergate_schemas::describe::{Limits, find_apis, load_api};
use evergate_schemas::plan::lens::declared;
use evergate_schemas::plan::{Bridges, Pairs};
use evergate_schemas::relate::Prover;
use evergate_schemas::relate::verdict::Verdict;
use evergate_tests::corpus;

/// Operations times ordered pairs that are judged unless all are asked for: what a few seconds allow.
const EVERYDAY: usize = 600;

/// The most memory that this process had, in MiB; `None` where the system does not tell.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1024)
}

/// Messages by verdict: native, bridged, lossy, undecided, broken.
fn verdicts(api: &Api, bridges: &Bridges) -> [usize; 5] {
    let mut counts = [0; 5];
    let mut count = |verdict: Verdict| {
        let order = [
            Verdict::Native,
            Verdict::Bridged,
            Verdict::Lossy,
            Verdict::Undecided,
            Verdict::Broken,
        ];
        for (count, one) in counts.iter_mut().zip(order) {
            *count += usize::from(one == verdict);
        }
    };
    for (client, backend) in bridges.pairs() {
        for bridge in bridges.operation(client, backend) {
            count(bridge.request.verdict);
            bridge.responses.iter().for_each(|one| count(one.verdict));
        }
        for plan in bridges.document(client, backend).into_iter().flat_map(|all| all.values()) {
            count(plan.judgement.verdict);
        }
    }
    assert!(api.versions.len() < 2 || counts.iter().sum::<usize>() > 0, "{}: no message", api.name);
    counts
}

fn size(api: &Api) -> usize {
    let most = api.versions.iter().map(|one| one.operations.len() + one.documents.len()).max();
    most.unwrap_or(0) * api.versions.len() * (api.versions.len() - 1)
}

#[test]
fn every_ordered_pair_of_versions_is_planned() {
    let everyday = std::env::var_os("EVERGATE_LONG").is_none();
    let (mut all, mut tried, mut failures) = ([0; 5], 0, Vec::new());
    println!("| api | versions | messages | proved | undecided | broken | plans | payloads |");
    println!("|---|---|---|---|---|---|---|---|");
    for folder in find_apis(&corpus::folder()) {
        let api = load_api(&folder, &Limits::default()).unwrap_or_else(|why| panic!("{why:?}"));
        if everyday && size(&api) > EVERYDAY {
            continue;
        }
        let (changes, _) = declared(&api);
        let start = Instant::now();
        let bridges = Bridges::compile(&api, &changes, Pairs::All, &mut Prover::default());
        let took = start.elapsed();
        let counts = verdicts(&api, &bridges);
        let examples = std::fs::read_to_string(folder.join("examples.jsonl")).unwrap_or_default();
        let (examples, _) = read_examples(&examples);
        let payloads = u32::try_from(corpus::cases()).unwrap_or(u32::MAX);
        let settings = CaseSettings { payloads, ..CaseSettings::default() };
        let result = try_cases(&api, &bridges, &examples, &settings);
        let cells = result.matrix.cells.iter().flatten();
        let count: usize = cells.map(|cell| cell.payloads + cell.examples).sum();
        tried += count;
        failures.extend(result.failures.iter().map(|failure| format!("{}: {failure:?}", api.name)));
        let proved: usize = counts.iter().take(3).sum();
        println!(
            "| {} | {} | {} | {proved} | {} | {} | {took:.2?} | {count} |",
            api.name,
            api.versions.len(),
            counts.iter().sum::<usize>(),
            counts[3],
            counts[4]
        );
        for (sum, one) in all.iter_mut().zip(counts) {
            *sum += one;
        }
    }
    println!(
        "{all:?} native, bridged, lossy, undecided, broken; {tried} payloads; {:?} MiB",
        most_memory()
    );
    assert!(failures.is_empty(), "{}", failures[..failures.len().min(10)].join("\n"));
    assert!(
        all.iter().sum::<usize>() > 100 && tried > 100,
        "little was looked at: {all:?}, {tried}"
    );
}
