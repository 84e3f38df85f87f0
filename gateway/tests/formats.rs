//! The outputs of `evergate check`, as CI meets them: files, annotations, waivers, thresholds.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const ORDERS: &str = "tests/apis/orders";

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evergate"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("GITHUB_STEP_SUMMARY");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn ended(output: &Output, code: i32) -> String {
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{error}");
    format!("{out}{error}")
}

#[track_caller]
fn check(args: &[&str], code: i32) -> String {
    ended(&command(&[&["check", ORDERS, "--no-timings"], args].concat()).output().unwrap(), code)
}

/// A copy of the api, so that a waiver file can stand beside it.
fn copied() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(ORDERS);
    for version in ["v1", "v2", "v3"] {
        let to = folder.path().join("orders").join(version);
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(from.join(version)).unwrap() {
            let file = file.unwrap().path();
            std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }
    folder
}

#[track_caller]
fn check_in(folder: &TempDir, args: &[&str], code: i32) -> String {
    let args = [&["check", "orders", "--no-timings"], args].concat();
    ended(&command(&args).current_dir(folder.path()).output().unwrap(), code)
}

#[test]
fn every_format_goes_to_standard_output_or_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let formats = ["human", "json", "sarif", "junit", "gitlab", "markdown", "html"];
    for format in formats {
        let file = folder.path().join(format);
        let output = format!("{format}={}", file.display());
        let told = check(&["--format", format, "--output", &output], 1);
        assert_eq!(told, std::fs::read_to_string(file).unwrap(), "{format}");
    }
    let annotations = check(&["--format", "github"], 1);
    assert_eq!(annotations.lines().filter(|line| line.starts_with("::error file=")).count(), 3);
}

#[test]
fn an_output_that_cannot_be_written_is_told() {
    let told = check(&["--output", "sarif=no/such/directory/x.sarif"], 2);
    assert!(told.contains("no/such/directory/x.sarif cannot be written"), "{told}");
    for wrong in ["sarif", "sarif=", "sarfi=x", "json-schema=x"] {
        check(&["--output", wrong], 2);
    }
}

#[test]
fn the_summary_of_a_job_is_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let summary = folder.path().join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let run = |args: &[&str]| {
        let mut command = command(&[&["check", ORDERS, "--no-timings"], args].concat());
        ended(&command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap(), 1)
    };
    run(&["--format", "human"]);
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), "before\n");
    run(&["--format", "github"]);
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("before\n<!-- evergate check -->"), "{text}");
}

#[test]
fn thresholds_decide_the_exit_code_and_unknown_input_never_passes() {
    for word in ["broken", "undecided", "breaking", "risky", "lossy", "warning"] {
        check(&["--fail-on", word], 1);
    }
    let told = check(&["--fail-on", "never"], 0);
    assert!(told.contains("not counted: 3 broken"), "{told}");
    check(&["--fail-on", "never", "--against", "v9"], 2);
    let unread = command(&["check", "tests/apis/faulty", "--fail-on", "never"]).output().unwrap();
    ended(&unread, 2);
    let pets = ["check", "tests/apis/pets", "--fail-on", "warning"];
    ended(&command(&pets).output().unwrap(), 0);
    check(&["--strict", "--policy", "lenient"], 2);
}

const WAIVERS: &str = "waivers:
  - { rule: enum-value-added, operation: POST /orders, reason: told, expires: 2027-03-01 }
  - { rule: property-added-required, operation: POST /orders, reason: told, expires: never }
";

#[test]
fn a_waiver_beside_the_api_lets_its_findings_stand_until_it_ends() {
    let folder = copied();
    let file = folder.path().join("orders/evergate-waivers.yaml");
    std::fs::write(&file, WAIVERS).unwrap();
    let told = check_in(&folder, &["--today", "2027-03-01"], 1);
    assert!(told.contains("fails: 1 broken; 2 findings waived"), "{told}");
    // the report shows what the last one needs
    let json = check_in(&folder, &["--today", "2027-03-01", "--format", "json"], 1);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let left = report["findings"][0]["fingerprint"].as_str().unwrap().get(..12).unwrap().to_owned();
    let more = format!(
        "  - fingerprint: \"{left}\"\n    client: v2\n    backend: v3\n    reason: told\n    expires: never\n"
    );
    std::fs::write(&file, format!("{WAIVERS}{more}")).unwrap();
    check_in(&folder, &["--today", "2027-03-01"], 0);
    let ended = check_in(&folder, &["--today", "2027-03-02"], 1);
    assert!(ended.contains("waiver-expired"), "{ended}");
    for format in ["human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html"] {
        let told = check_in(&folder, &["--today", "2027-03-01", "--format", format], 0);
        assert!(told.contains("told"), "{format} hides what is waived:\n{told}");
    }
}

#[test]
fn mistakes_in_a_waiver_file_are_told_all_at_once_and_nothing_is_judged() {
    let folder = copied();
    let file = folder.path().join("orders/evergate-waivers.yaml");
    std::fs::write(&file, "waivers:\n  - { rule: A8, reason: told }\n  - { fingerprint: 1 }\n")
        .unwrap();
    insta::assert_snapshot!(check_in(&folder, &[], 2));
    std::fs::write(&file, WAIVERS).unwrap();
    let missing = check_in(&folder, &["--waivers", "no-such.yaml"], 2);
    assert!(missing.contains("no-such.yaml cannot be read"), "{missing}");
}

#[test]
fn schemas_are_printed_and_describe_what_is_written() {
    let folder = copied();
    std::fs::write(folder.path().join("w.yaml"), WAIVERS).unwrap();
    let schema = check(&["--format", "json-schema"], 0);
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let args = ["--waivers", "w.yaml", "--format", "json", "--matrix", "--compat", "full"];
    let report = check_in(&folder, &args, 1);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&report).map(|one| one.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    let waivers = check(&["--format", "waivers-schema"], 0);
    let waivers: serde_json::Value = serde_json::from_str(&waivers).unwrap();
    assert!(jsonschema::validator_for(&waivers).is_ok());
}

#[test]
fn the_matrix_judges_all_pairs_and_fails_on_those_asked_about() {
    let pets = ["check", "tests/apis/pets", "--no-timings", "--matrix", "--format", "json"];
    let told = ended(&command(&pets).output().unwrap(), 0);
    let report: serde_json::Value = serde_json::from_str(&told).unwrap();
    let pairs = report["apis"][0]["pairs"].as_array().unwrap();
    let asked: Vec<bool> = pairs.iter().map(|pair| pair["asked"].as_bool().unwrap()).collect();
    assert_eq!(asked, [true, false]);
}

/// A run that is watched by nobody says nothing of its progress.
#[test]
fn nothing_is_said_of_progress_where_nobody_watches() {
    let output = command(&["check", ORDERS]).output().unwrap();
    assert_eq!(text(&output.stderr), "");
}

/// Every command in the guide about formats, policies and waivers is one that the program takes.
#[test]
fn the_guide_tells_no_command_that_is_refused() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/checking.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let (_, guide) = guide.split_once("## Formats").unwrap();
    let (guide, _) = guide.split_once("## What a verdict rests on").unwrap();
    let folder = copied();
    for (version, name) in [("v2", "old.yaml"), ("v3", "new.yaml")] {
        let from = folder.path().join("orders").join(version).join("openapi.yaml");
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    let example = guide.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    std::fs::write(folder.path().join("shared-waivers.yaml"), example).unwrap();
    let mut count = 0;
    for block in guide.split("```").skip(1).step_by(2).filter(|block| block.starts_with('\n')) {
        for line in block.lines().filter(|line| line.starts_with("evergate ")) {
            let line = line.split(" > ").next().unwrap();
            let args: Vec<&str> = line.split_whitespace().skip(1).collect();
            let output = command(&args).current_dir(folder.path()).output().unwrap();
            let told = text(&output.stderr);
            assert!(matches!(output.status.code(), Some(0 | 1)), "{line}\n{told}");
            count += 1;
        }
    }
    assert!(count >= 10, "{count}");
}
