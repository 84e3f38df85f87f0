//! Real descriptions are read whole: every version, and no fault hides what is sound.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test may fall")]

use std::path::Path;

use evergate_schemas::describe::model::{Api, Description, Operation};
use evergate_schemas::describe::{Limits, find_apis, load_api};
use evergate_schemas::problem::Problem;
use evergate_tests::corpus;
use evergate_tests::scratch::Scratch;
use serde_json::Value;

#[test]
fn every_version_of_every_api_is_read() {
    let mut count = 0;
    for folder in find_apis(&corpus::folder()) {
        let api = load_api(&folder, &Limits::default()).unwrap_or_else(|why| panic!("{why:?}"));
        let Ok(listed) = std::fs::read_to_string(folder.join("versions.txt")) else { continue };
        let read: Vec<_> = api.versions.iter().map(|one| one.version.as_str()).collect();
        assert_eq!(read, listed.split_whitespace().collect::<Vec<_>>(), "{}", api.name);
        for version in &api.versions {
            let something = version.operations.len() + version.documents.len();
            assert!(something > 0, "{} {} has no message", api.name, version.version);
            let file = folder.join(version.version.as_str()).join("openapi.json");
            for (method, path) in written(&file) {
                let lost = is_lost(&api, version, &file, (&method, &path));
                assert!(!lost, "{}: {method} {path} is lost", file.display());
                count += 1;
            }
        }
    }
    println!("{count} operations");
    assert!(count > 50, "{count} operations are not many");
}

/// Whether an operation is neither read nor told as a problem at its place.
fn is_lost(api: &Api, version: &Description, file: &Path, (method, path): (&str, &str)) -> bool {
    let same = |one: &Operation| one.key.method == method && one.key.path == path;
    let at = format!("{}/{}", path.replace('~', "~0").replace('/', "~1"), method.to_lowercase());
    let told = |problem: &Problem| {
        let here = Path::new(&*problem.place.file) == file || file.ends_with(&*problem.place.file);
        here && problem.place.pointer.to_string().contains(&at)
    };
    !version.operations.iter().any(same) && !api.problems.iter().any(told)
}

/// The operations a document writes, found without our reader.
fn written(file: &Path) -> Vec<(String, String)> {
    let Ok(text) = std::fs::read(file) else { return Vec::new() };
    let document: Value = serde_json::from_slice(&text).unwrap();
    let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let written = methods.iter().filter(|method| item[**method].is_object());
        found.extend(written.map(|method| (method.to_uppercase(), path.clone())));
    }
    found
}

#[test]
fn a_fault_of_one_operation_does_not_hide_the_others() {
    let whole = load(&corpus::root().join("tests/data/orders"));
    let scratch = Scratch::new();
    let folder = scratch.copy(&corpus::root().join("tests/data/orders"), "orders");
    let file = folder.join("v2/openapi.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let planted = text.replacen("#/components/schemas/NewOrder", "#/components/schemas/Nowhere", 1);
    assert_ne!(text, planted);
    std::fs::write(&file, planted).unwrap();
    let faulty = load(&folder);
    let line = 1 + text.lines().position(|line| line.contains("schemas/NewOrder")).unwrap();
    let place = faulty.problems.iter().map(|problem| &problem.place);
    let told =
        place.filter(|place| place.file.ends_with("openapi.yaml") && place.line as usize == line);
    assert!(told.count() > 0, "line {line} is not among {:?}", faulty.problems);
    let shapes = |api: &Api| {
        api.versions[1].operations.iter().map(|one| one.key.shape()).collect::<Vec<_>>()
    };
    let kept = shapes(&faulty);
    assert!(kept.contains(&"GET /orders/{}".to_owned()), "{kept:?}");
    assert!(whole.problems.is_empty(), "{:?}", whole.problems);
}

fn load(folder: &Path) -> Api {
    load_api(folder, &Limits::default()).unwrap_or_else(|why| panic!("{why:?}"))
}
