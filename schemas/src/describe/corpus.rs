//! Real descriptions: each one loads, every schema compiles, and the authors' examples are judged as others judge them.
//!
//! Runs where `EVERGATE_CORPUS` names a directory of apis with `examples.jsonl` beside the versions. What was counted
//! is written into the directory that `EVERGATE_REPORTS` names, when it names one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Value, json};

use super::model::{Api, Content, Description};
use super::{Limits, find_apis, load_api};
use crate::schema::{Role, Schema, Side};

fn corpus() -> Option<PathBuf> {
    std::env::var_os("EVERGATE_CORPUS").map(PathBuf::from)
}

fn write_report(name: &str, lines: &[String]) {
    if let Some(directory) = std::env::var_os("EVERGATE_REPORTS") {
        std::fs::write(Path::new(&directory).join(name), lines.join("\n")).unwrap();
    }
}

fn compiled(document: &Value) -> Result<Validator, String> {
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    options
        .with_pattern_options(PatternOptions::regex())
        .build(document)
        .map_err(|error| error.to_string())
}

// Every component in each of its readings, and every root over the components as written.
fn uncompiled(version: &Description) -> Vec<String> {
    let mut roots: Vec<Value> = version.documents.values().map(|one| one.root.clone()).collect();
    for one in &version.operations {
        roots.extend(one.parameters.iter().map(|one| one.root.clone()));
        roots.extend(
            one.body.iter().flat_map(|body| body.contents.iter().map(|one| one.root.clone())),
        );
        for response in &one.responses {
            roots.extend(response.headers.iter().map(|one| one.root.clone()));
            roots.extend(response.contents.iter().map(|one| one.root.clone()));
        }
    }
    let table = &version.components;
    let mut documents = vec![json!({"anyOf": roots, "$defs": table.written.0})];
    for defs in [
        &table.request_sender,
        &table.request_reader,
        &table.response_sender,
        &table.response_reader,
    ] {
        let all: Vec<Value> =
            defs.0.keys().map(|key| json!({"$ref": format!("#/$defs/{key}")})).collect();
        if !all.is_empty() {
            documents.push(json!({"anyOf": all, "$defs": defs.0}));
        }
    }
    let errors = documents.iter().filter_map(|document| compiled(document).err());
    errors.map(|error| format!("{}: {error}", version.file)).collect()
}

#[test]
fn every_description_loads_and_compiles() {
    let Some(corpus) = corpus() else { return };
    let (mut report, start) = (Vec::new(), Instant::now());
    let apis: Vec<Api> = find_apis(&corpus)
        .iter()
        .map(|path| {
            load_api(path, &Limits::default())
                .unwrap_or_else(|found| panic!("{}: {found:?}", path.display()))
        })
        .collect();
    report.push(format!("{} apis loaded in {:?}", apis.len(), start.elapsed()));
    assert!(apis.len() > 20, "only {} apis found", apis.len());
    let mut faults = Vec::new();
    for api in &apis {
        for problem in &api.problems {
            report.push(format!("  {problem}"));
        }
        for version in &api.versions {
            let messages: usize = version
                .operations
                .iter()
                .map(|one| one.responses.len() + usize::from(one.body.is_some()))
                .sum();
            let problems = api
                .problems
                .iter()
                .filter(|one| one.place.file.contains(&format!("/{}/", version.version)));
            report.push(format!(
                "{} {}: {} operations, {} messages, {} documents, {} components, {} problems",
                api.name,
                version.version,
                version.operations.len(),
                messages,
                version.documents.len(),
                version.components.written.0.len(),
                problems.count()
            ));
            assert!(
                !version.operations.is_empty() || !version.documents.is_empty(),
                "{} is empty",
                version.file
            );
            faults.extend(uncompiled(version));
        }
    }
    write_report("descriptions.txt", &report);
    assert_eq!(faults, Vec::<String>::new());
}

#[derive(Default)]
struct Score {
    agreed: usize,
    differed: Vec<String>,
    unknown: Vec<String>,
    unjudged: usize,
}

fn content<'d>(version: &'d Description, example: &Value) -> Option<(&'d Content, Side)> {
    let text = |key: &str| example.get(key).and_then(Value::as_str);
    if text("dir") == Some("document") {
        let stem = text("operation")?.trim_end_matches(".json");
        return Some((version.documents.get(stem)?, Side::Request));
    }
    let (method, path) = (text("method")?, text("path")?);
    let operation =
        version.operations.iter().find(|one| one.key.method == method && one.key.path == path)?;
    let (contents, side) = if text("dir") == Some("request") {
        (&operation.body.as_ref()?.contents, Side::Request)
    } else {
        let status = text("status")?;
        let response = operation.responses.iter().find(|one| one.status.to_string() == status)?;
        (&response.contents, Side::Response)
    };
    let media = super::message::normal_media_type(text("media")?);
    Some((contents.iter().find(|one| one.media_type == media)?, side))
}

fn score(path: &Path, api: &Api) -> Score {
    let mut score = Score::default();
    let mut validators: BTreeMap<String, (Validator, Validator)> = BTreeMap::new();
    let text = std::fs::read_to_string(path.join("examples.jsonl")).unwrap_or_default();
    for line in text.lines() {
        let example: Value = serde_json::from_str(line).unwrap();
        let messages = example["messages"].to_string();
        // The other judge gives no answer for what is no JSON, and none for references it cannot follow.
        if example["valid"].is_null()
            || messages.contains("PointerToNowhere")
            || messages.contains("Unresolvable")
        {
            score.unjudged += 1;
            continue;
        }
        let label = example["version"].as_str().unwrap();
        let version = api.versions.iter().find(|one| one.version.as_str() == label);
        let Some((version, (content, side))) =
            version.and_then(|one| Some((one, content(one, &example)?)))
        else {
            score.unknown.push(format!(
                "{label} {} {} {} {} {}",
                example["operation"],
                example["path"],
                example["dir"],
                example["status"],
                example["media"]
            ));
            continue;
        };
        let name = format!(
            "{label} {} {} {}",
            content.place.file, content.place.pointer, content.media_type
        );
        let (written, reader) = validators.entry(name.clone()).or_insert_with(|| {
            let build = |schema: Schema| compiled(&schema.document()).unwrap();
            (
                build(version.plain(&content.root)),
                build(version.schema(&content.root, side, Role::Reader)),
            )
        });
        let wanted = example["valid"] == json!(true);
        let body = &example["body"];
        if written.is_valid(body) == wanted || reader.is_valid(body) == wanted {
            score.agreed += 1;
        } else {
            let why: Vec<String> = written
                .iter_errors(body)
                .take(2)
                .map(|error| {
                    let message: String = error.to_string().chars().take(120).collect();
                    format!("{} {} {message}", error.instance_path(), error.schema_path())
                })
                .collect();
            score.differed.push(format!(
                "{name} {} said {wanted} {:?}; {why:?}",
                example["name"], example["messages"]
            ));
        }
    }
    score
}

#[test]
fn examples_are_judged_as_others_judge_them() {
    let Some(corpus) = corpus() else { return };
    let (mut report, mut agreed, mut all) = (Vec::new(), 0, 0);
    for path in find_apis(&corpus) {
        let Ok(api) = load_api(&path, &Limits::default()) else { continue };
        let score = score(&path, &api);
        report.push(format!(
            "{}: {} agree, {} differ, {} unknown, {} unjudged",
            api.name,
            score.agreed,
            score.differed.len(),
            score.unknown.len(),
            score.unjudged
        ));
        for line in score.differed.iter().chain(&score.unknown) {
            report.push(format!("  {}", line.chars().take(900).collect::<String>()));
        }
        agreed += score.agreed;
        all += score.agreed + score.differed.len();
    }
    report.push(format!("{agreed} of {all} agree"));
    write_report("examples.txt", &report);
    assert!(agreed * 1000 >= all * 995, "{agreed} of {all} agree");
}
