//! Reports on real descriptions, read back by readers of somebody else's in every format that has one.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::path::{Path, PathBuf};

use evergate_contracts::check::{Steps, complete, judge};
use evergate_contracts::policy::{Compat, FailOn, Settings};
use evergate_contracts::report::human::Extent;
use evergate_contracts::report::model::CheckReport;
use evergate_contracts::report::rows::fault;
use evergate_contracts::report::{Format, write};
use evergate_schemas::describe::{Limits, find_apis, load_api};
use serde_json::Value;

/// The example of the repository, and with `EVERGATE_CORPUS` all apis there.
fn apis() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut apis = vec![root.join("../examples/open-payments"), root.join("tests/apis/orders")];
    if let Some(corpus) =
        std::env::var_os("EVERGATE_CORPUS").filter(|_| std::env::var_os("EVERGATE_LONG").is_some())
    {
        apis.extend(find_apis(Path::new(&corpus)));
    }
    apis
}

fn report(directory: &Path) -> CheckReport {
    let api = load_api(directory, &Limits::default()).unwrap();
    let settings = Settings::new(Compat::Full).fail_on(FailOn::Lossy);
    let mut one = judge(&api, Steps::Adjacent, settings);
    complete(&api, settings, false, &mut one);
    one.problems.extend(api.problems.iter().map(fault));
    CheckReport::new(vec![one], settings)
}

fn written(report: &CheckReport, format: Format) -> String {
    let mut text = Vec::new();
    let extent = Extent { most: 5, verbose: true, width: 80, waivable: true };
    write(&mut text, report, format, extent).unwrap();
    String::from_utf8(text).unwrap()
}

#[track_caller]
fn valid(schema: &str, text: &str) -> Value {
    // as published a pattern of the schema of SARIF has a bracket too many, and is no pattern
    let schema = schema.replace("{2}-[a-zA-Z]{2}]?$", "{2}-[a-zA-Z]{2}$");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> = validator.iter_errors(&value).map(|one| one.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    value
}

#[test]
fn real_reports_are_well_formed_in_every_format() {
    let junit = uppsala::parse(include_str!("data/junit-10.xsd")).unwrap();
    let junit = uppsala::XsdValidator::from_schema(&junit).unwrap();
    for directory in apis() {
        let report = report(&directory);
        let findings = report.findings.len();
        assert!(findings > 0 || directory.ends_with("..") || report.apis[0].verdicts.broken == 0);
        valid(&CheckReport::json_schema().to_string(), &written(&report, Format::Json));
        let sarif =
            valid(include_str!("data/sarif-schema-2.1.0.json"), &written(&report, Format::Sarif));
        assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), findings);
        let gitlab = include_str!("data/gitlab-code-quality.schema.json");
        // the format knows relative places only, and a test names whole ones
        let relative = written(&report, Format::Gitlab).replace("\"path\": \"/", "\"path\": \"");
        let issues = valid(gitlab, &relative);
        assert_eq!(issues.as_array().unwrap().len(), findings);
        let text = written(&report, Format::Junit);
        let faults: Vec<String> = junit
            .validate(&uppsala::parse(&text).unwrap())
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(faults, [""; 0], "{}", directory.display());
        assert!(uppsala::parse(&written(&report, Format::Html)).is_ok(), "{}", directory.display());
        assert!(written(&report, Format::Markdown).chars().count() <= 65_536);
        assert!(written(&report, Format::Github).lines().count() <= 33);
    }
}
