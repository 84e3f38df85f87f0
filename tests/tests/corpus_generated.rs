//! Generated payloads of real descriptions: what a plan promises to convert is converted, and the reader takes it.

use evergate_contracts::{CaseSettings, read_examples, try_cases};
use evergate_schemas::describe::{Limits, find_apis, load_api};
use evergate_schemas::plan::lens::declared;
use evergate_schemas::plan::{Bridges, Pairs};
use evergate_schemas::relate::{Budget, Prover};
use evergate_tests::corpus;

/// Neighbours both ways, and the first with the last both ways.
fn pairs(count: usize) -> Pairs {
    let mut pairs: Vec<_> = (1..count).flat_map(|new| [(new - 1, new), (new, new - 1)]).collect();
    if count > 2 {
        pairs.extend([(0, count - 1), (count - 1, 0)]);
    }
    Pairs::Listed(pairs)
}

#[test]
fn no_payload_that_was_promised_passage_is_refused() {
    let mut tried = 0;
    let mut apis = 0;
    let mut failures = Vec::new();
    for folder in find_apis(&corpus::folder()) {
        let api = load_api(&folder, &Limits::default()).unwrap_or_else(|why| panic!("{why:?}"));
        let (changes, _) = declared(&api);
        let mut prover = Prover::new(Budget::default());
        let bridges = Bridges::compile(&api, &changes, pairs(api.versions.len()), &mut prover);
        let examples = std::fs::read_to_string(folder.join("examples.jsonl")).unwrap_or_default();
        let (examples, wrong) = read_examples(&examples);
        assert_eq!(wrong, [""; 0]);
        let payloads = u32::try_from(corpus::cases()).unwrap();
        let settings = CaseSettings { payloads, ..CaseSettings::default() };
        let result = try_cases(&api, &bridges, &examples, &settings);
        let cells = result.matrix.cells.iter().flatten();
        let count: usize = cells.map(|cell| cell.payloads + cell.examples).sum();
        println!("{}: {count} payloads, {} failures", api.name, result.failures.len());
        apis += usize::from(count > 0);
        tried += count;
        failures.extend(
            result.failures.into_iter().map(|failure| format!("{}: {failure:?}", api.name)),
        );
    }
    println!("{tried} payloads of {apis} apis, {} failures", failures.len());
    assert!(apis >= 6, "payloads of {apis} apis only");
    assert!(failures.is_empty(), "{}", failures[..failures.len().min(10)].join("\n"));
}
