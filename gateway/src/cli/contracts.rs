//! `evergate contracts`: what the plans promise, tried.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use evergate_contracts::check::compile;
use evergate_contracts::policy::Settings;
use evergate_contracts::report::model::Fault;
use evergate_contracts::report::rows::fault;
use evergate_contracts::{
    CaseSettings, ContractResult, Example, Tried, read_contracts, read_examples, run_contracts,
    try_cases,
};
use evergate_schemas::describe::model::Api;
use evergate_schemas::describe::{Limits, load_api};
use evergate_schemas::document::{Document, DocumentLimits};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem, Severity};

use super::args::{Contracts, Format};
use super::check::{apis_below, bytes_below};
use super::convert::values;
use super::crew;
use super::exit::{Failure, Outcome};
use super::matrix;
use super::target::InProcess;

/// One api's part of the report.
#[derive(Debug, Default, Serialize)]
pub(super) struct ContractsApi {
    /// Its name.
    pub(super) api: String,
    /// Faults of files.
    pub(super) problems: Vec<Fault>,
    /// Contract files.
    pub(super) contracts: Vec<ContractResult>,
    /// Generated payloads and examples.
    pub(super) cases: Tried,
}

#[derive(Debug, Serialize)]
struct ContractsReport {
    format: &'static str,
    outcome: &'static str,
    apis: Vec<ContractsApi>,
}

/// Tries all apis below the directory and writes the report.
pub(super) fn contracts(args: &Contracts, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let directories = apis_below(&args.directory)?;
    let outside = Arc::new(values(&args.value)?);
    let name = |directory: &PathBuf| format!("trying {}", directory.display());
    let answers = crew::each(
        &directories,
        |one| bytes_below(one),
        name,
        |directory| one(directory, args, &outside),
    );
    let mut apis = Vec::new();
    for (answer, directory) in answers.into_iter().zip(&directories) {
        match answer {
            Some(Ok(api)) => apis.push(api),
            Some(Err(problems)) => return Err(Failure::Problems(problems)),
            None => return Err(Failure::said(format!("trying {} fell", directory.display()))),
        }
    }
    let outcome = outcome(&apis);
    if args.format == Format::Json {
        let word = match outcome {
            Outcome::Holds => "holds",
            Outcome::Findings => "findings",
            Outcome::Unjudged | Outcome::Configuration => "unjudged",
        };
        let report = ContractsReport { format: "evergate-contracts/1", outcome: word, apis };
        serde_json::to_writer_pretty(&mut *to, &report).map_err(std::io::Error::from)?;
        writeln!(to)?;
    } else {
        apis.iter().try_for_each(|api| matrix::write(to, api, args.most))?;
    }
    Ok(outcome)
}

fn outcome(apis: &[ContractsApi]) -> Outcome {
    let failed = |api: &ContractsApi| {
        api.cases.matrix.total().failures > 0
            || api.contracts.iter().any(|one| !one.mismatches.is_empty())
    };
    let unjudged = |api: &ContractsApi| {
        api.problems.iter().any(|one| one.severity == "error")
            || api.contracts.iter().any(|one| one.unjudged.is_some())
    };
    if apis.iter().any(unjudged) {
        Outcome::Unjudged
    } else if apis.iter().any(failed) {
        Outcome::Findings
    } else {
        Outcome::Holds
    }
}

fn one(
    directory: &Path,
    args: &Contracts,
    values: &Arc<Values>,
) -> Result<ContractsApi, Vec<Problem>> {
    let api = load_api(directory, &Limits::default())?;
    let count = api.versions.len();
    let pairs: Vec<(usize, usize)> = (0..count)
        .flat_map(|client| (0..count).map(move |backend| (client, backend)))
        .filter(|(client, backend)| client != backend)
        .collect();
    let compiled = compile(&api, &pairs, Settings::default());
    let mut problems: Vec<Problem> =
        api.problems.iter().chain(&compiled.problems).cloned().collect();
    let examples = examples(directory, &mut problems);
    let settings = CaseSettings {
        payloads: args.payloads,
        seed: args.seed,
        values: Arc::clone(values),
        ..CaseSettings::default()
    };
    let cases = try_cases(&api, &compiled.bridges, &examples, &settings);
    let contracts = files(directory, &api, values, &mut problems);
    let problems = problems.iter().map(fault).collect();
    Ok(ContractsApi { api: api.name, problems, contracts, cases })
}

fn examples(directory: &Path, problems: &mut Vec<Problem>) -> Vec<Example> {
    let path = directory.join("examples.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else { return Vec::new() };
    let (examples, wrong) = read_examples(&text);
    problems.extend(wrong.into_iter().map(|what| problem(&path, what)));
    examples
}

fn problem(path: &Path, what: String) -> Problem {
    let file = Arc::from(path.display().to_string());
    let place = Place { file, line: 0, column: 0, pointer: Pointer::root() };
    Problem { place, severity: Severity::Error, what, remedy: String::new() }
}

/// The contract files of an api directory, run one after the other.
fn files(
    directory: &Path,
    api: &Api,
    values: &Arc<Values>,
    problems: &mut Vec<Problem>,
) -> Vec<ContractResult> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory.join("contracts"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"))
        .collect();
    paths.sort();
    let mut results = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) => {
                problems.push(problem(&path, error.to_string()));
                continue;
            }
        };
        let document = match Document::parse(&name, &text, &DocumentLimits::strict()) {
            Ok(document) => document,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        let (file, found) = read_contracts(&document);
        problems.extend(found);
        match InProcess::new(directory, &api.name, values) {
            Ok(mut target) => results.extend(run_contracts(&file, &mut target)),
            Err(failure) => problems.push(problem(&path, failure.sentence())),
        }
    }
    results
}
