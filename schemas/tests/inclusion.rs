//! The prover against schema pairs of known truth: it may be undecided, it must never be wrong.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test may fall, and tells its counts"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use evergate_schemas::relate::verdict::Inclusion;
use evergate_schemas::relate::{Budget, Prover};
use evergate_schemas::sample::Validator;
use evergate_schemas::schema::Schema;
use serde_json::{Map, Value, json};

/// Cases whose published label is wrong: a payload both validators judged, or a proof checked by hand, says otherwise.
const MISLABELLED: [&str; 2] = [
    // The manual elimination took `patternProperties: {"b": …}` for the member `b`; a name like `bb` shows it.
    "uneval-elim/exp_19/manual_elim",
    "uneval-elim/exp_20/manual_elim",
];

/// A document of another dialect in 2020-12, where that is simple; `None` where it is not.
fn translate(document: &Value, dialect: &str) -> Option<Schema> {
    let mut document = rewrite(document, dialect, true)?;
    let text = document.to_string();
    if text.contains("\"$ref\":\"#/$defs/.root\"") {
        let mut root = document.clone();
        let defs = root.as_object_mut()?.remove("$defs");
        let mut defs = defs.and_then(|defs| defs.as_object().cloned()).unwrap_or_default();
        defs.insert(".root".to_owned(), root);
        document = json!({"$ref": "#/$defs/.root", "$defs": defs});
    }
    Some(Schema::from_document(document))
}

fn rewrite(value: &Value, dialect: &str, root: bool) -> Option<Value> {
    let Value::Object(members) = value else { return Some(value.clone()) };
    let old = dialect.starts_with("draft");
    if members.keys().any(|word| {
        matches!(word.as_str(), "$anchor" | "$recursiveRef" | "$dynamicRef" | "$dynamicAnchor")
    }) || (!root
        && (members.contains_key("$id") || members.contains_key("id") && dialect == "draft4"))
    {
        return None;
    }
    let reference = members.get("$ref").map(|reference| {
        let reference = reference.as_str()?;
        if reference == "#" {
            return Some(json!("#/$defs/.root"));
        }
        let key = reference
            .strip_prefix("#/definitions/")
            .or_else(|| reference.strip_prefix("#/$defs/"))?;
        (!key.contains(['/', '~', '%'])).then(|| json!(format!("#/$defs/{key}")))
    });
    let mut out = Map::new();
    if let Some(reference) = reference {
        out.insert("$ref".to_owned(), reference?);
        if old {
            let defs = members.get("definitions").filter(|_| root);
            if let Some(defs) = defs {
                out.insert("$defs".to_owned(), schemas(defs, dialect)?);
            }
            return Some(Value::Object(out));
        }
    }
    for (word, value) in members {
        member(&mut out, (word, value), members, (dialect, root))?;
    }
    Some(Value::Object(out))
}

fn schemas(value: &Value, dialect: &str) -> Option<Value> {
    match value {
        Value::Object(all) => {
            let all: Option<Map<String, Value>> = all
                .iter()
                .map(|(name, one)| Some((name.clone(), rewrite(one, dialect, false)?)))
                .collect();
            Some(Value::Object(all?))
        }
        Value::Array(all) => all
            .iter()
            .map(|one| rewrite(one, dialect, false))
            .collect::<Option<Vec<_>>>()
            .map(Value::Array),
        _ => None,
    }
}

fn member(
    out: &mut Map<String, Value>,
    (word, value): (&str, &Value),
    siblings: &Map<String, Value>,
    (dialect, root): (&str, bool),
) -> Option<()> {
    let old = dialect.starts_with("draft");
    let legacy = old || dialect == "2019-09";
    let (word, value) = match word {
        "definitions" | "$defs" if root => ("$defs", schemas(value, dialect)?),
        "$ref" | "$schema" | "$id" | "id" | "definitions" | "$defs" => return Some(()),
        "items" if legacy && value.is_array() => ("prefixItems", schemas(value, dialect)?),
        "additionalItems" if legacy => {
            if !siblings.get("items").is_some_and(Value::is_array) {
                return Some(());
            }
            ("items", rewrite(value, dialect, false)?)
        }
        "prefixItems" | "additionalItems" if legacy || word == "additionalItems" => return Some(()),
        "exclusiveMinimum" | "exclusiveMaximum" if value.is_boolean() => {
            let plain = if word == "exclusiveMinimum" { "minimum" } else { "maximum" };
            if value == &json!(true) && siblings.contains_key(plain) {
                out.remove(plain);
                out.insert(word.to_owned(), siblings[plain].clone());
            }
            return Some(());
        }
        "minimum" if siblings.get("exclusiveMinimum") == Some(&json!(true)) => return Some(()),
        "maximum" if siblings.get("exclusiveMaximum") == Some(&json!(true)) => return Some(()),
        "const" | "contains" | "propertyNames" | "if" | "then" | "else" if dialect == "draft4" => {
            return Some(());
        }
        "if" | "then" | "else" if dialect == "draft6" => return Some(()),
        "minContains"
        | "maxContains"
        | "unevaluatedProperties"
        | "unevaluatedItems"
        | "dependentSchemas"
        | "dependentRequired"
            if old =>
        {
            return Some(());
        }
        "unevaluatedItems" if legacy => return None,
        "properties" | "patternProperties" | "dependentSchemas" | "allOf" | "anyOf" | "oneOf"
        | "prefixItems" => (word, schemas(value, dialect)?),
        "dependencies" => (word, schemas(value, dialect).unwrap_or_else(|| value.clone())),
        "additionalProperties"
        | "items"
        | "not"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "propertyNames"
        | "unevaluatedProperties"
        | "unevaluatedItems" => (word, rewrite(value, dialect, false)?),
        _ => (word, value.clone()),
    };
    out.insert(word.to_owned(), value);
    Some(())
}

#[derive(Default)]
struct Count {
    right: u32,
    wrong_compatible: Vec<String>,
    wrong_break: Vec<String>,
    undecided: u32,
    proved: u32,
    refuted: u32,
    skipped: u32,
    slowest: (Duration, String),
    reasons: BTreeMap<String, Vec<String>>,
}

fn judge(file: &Path) -> Count {
    let text = std::fs::read_to_string(file).unwrap();
    let mut count = Count::default();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (id, dialect) = (case["id"].as_str().unwrap(), case["dialect"].as_str().unwrap());
        let pair = translate(&case["old"], dialect).zip(translate(&case["new"], dialect));
        let Some((old, new)) = pair else {
            count.skipped += 1;
            continue;
        };
        let start = Instant::now();
        if std::env::var_os("EVERGATE_TRACE").is_some() {
            println!("{id}");
        }
        let answer = Prover::new(Budget::default()).includes(&old, &new);
        let took = start.elapsed();
        if took > count.slowest.0 {
            count.slowest = (took, id.to_owned());
        }
        if let Inclusion::Refuted(witness) = &answer {
            let (old, new) = (Validator::new(&old).unwrap(), Validator::new(&new).unwrap());
            assert!(
                old.is_valid(&witness.payload) && !new.is_valid(&witness.payload),
                "{id}: {witness:?}"
            );
        }
        let label = case["included"].as_bool().filter(|_| !MISLABELLED.contains(&id));
        match (&answer, label) {
            (Inclusion::Proved, Some(false)) => count.wrong_compatible.push(id.to_owned()),
            (Inclusion::Refuted(witness), Some(true)) => {
                count.wrong_break.push(format!("{id} by {}", witness.payload));
            }
            (Inclusion::Undecided(undecided), _) => {
                count.undecided += 1;
                let mark = format!("{id} ({label:?}) at {}", undecided.at);
                count.reasons.entry(undecided.reason.clone()).or_default().push(mark);
            }
            (_, Some(_)) => count.right += 1,
            (Inclusion::Proved, None) => count.proved += 1,
            (Inclusion::Refuted(_), None) => count.refuted += 1,
        }
    }
    count
}

fn tell(file: &Path, count: &Count, seconds: f64) {
    println!(
        "{}: {} right, {} wrong-compatible, {} wrong-break, {} undecided, {} unlabelled proved, {} unlabelled refuted, {} skipped, {seconds:.1} s, slowest {:?} {}",
        file.file_name().unwrap().to_string_lossy(),
        count.right,
        count.wrong_compatible.len(),
        count.wrong_break.len(),
        count.undecided,
        count.proved,
        count.refuted,
        count.skipped,
        count.slowest.0,
        count.slowest.1,
    );
    if std::env::var_os("EVERGATE_VERBOSE").is_some() {
        for (reason, ids) in &count.reasons {
            println!("  {reason}: {}", ids.len());
            for id in ids.iter().take(12) {
                println!("    {id}");
            }
        }
        for id in count.wrong_compatible.iter().chain(&count.wrong_break) {
            println!("  WRONG {id}");
        }
    }
}

fn files() -> Vec<PathBuf> {
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/probe33.jsonl")];
    if let Some(directory) = std::env::var_os("EVERGATE_INCLUSION") {
        let found = std::fs::read_dir(directory).expect("EVERGATE_INCLUSION is a directory");
        let more = found.map(|entry| entry.unwrap().path());
        files.extend(more.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")));
    }
    files.sort();
    files
}

#[test]
fn never_wrong_on_pairs_of_known_truth() {
    let mut wrong = Vec::new();
    for file in files() {
        let start = Instant::now();
        let count = judge(&file);
        tell(&file, &count, start.elapsed().as_secs_f64());
        if file.ends_with("tests/data/probe33.jsonl") {
            assert_eq!((count.right, count.undecided), (33, 0), "{:?}", count.reasons);
        }
        wrong.extend(count.wrong_compatible);
        wrong.extend(count.wrong_break);
    }
    assert_eq!(wrong, Vec::<String>::new());
}
