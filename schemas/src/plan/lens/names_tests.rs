//! Reading `names` of `changes.yaml`: lens L20.

use super::VersionChanges;
use super::tests::read;
use crate::describe::{Limits, load_api};

const LISTS: &str = r#"{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/pets": {"get": {
    "parameters": [{"name": "fields", "in": "query", "schema": {}}, {"name": "sort", "in": "query", "schema": {}}],
    "responses": {"200": {"description": "d", "content": {"application/json": {"schema":
        {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}}}}}}
}}, "/pets/{id}": {"get": {
    "parameters": [{"name": "fields", "in": "query", "schema": {}}],
    "responses": {"200": {"description": "d", "content": {"application/json": {"schema":
        {"type": "object", "properties": {"name": {"type": "string"}}}}}}}
}}}}"#;

#[track_caller]
fn check_names(text: &str, expected: &[&str]) -> VersionChanges {
    let directory = tempfile::tempdir().unwrap();
    for version in ["1", "2"] {
        std::fs::create_dir(directory.path().join(version)).unwrap();
        std::fs::write(directory.path().join(version).join("openapi.json"), LISTS).unwrap();
    }
    let api = load_api(directory.path(), &Limits::default()).unwrap();
    let (changes, problems) = read(text, &api.versions[0], &api.versions[1]);
    assert_eq!(problems, expected);
    changes
}

#[test]
fn l20_names_are_read_for_one_operation_or_for_all() {
    let changes = check_names(
        r"
changes:
  - say: Names are those of pets.
    at: GET /pets
    names:
      sort: { grammar: sort, of: 'response 200#/*', on_value: keep }
      fields: { grammar: parens, of: 'GET /pets response 200#/*', on_unknown: drop }
  - say: Everywhere else too.
    at: '*'
    names: { fields: { grammar: list, of: 'response 200', selects: true, delimiter: '|', separator: '/' } }
",
        &[],
    );
    let seen: Vec<String> = changes
        .names
        .iter()
        .map(|one| {
            format!("{} {} {} {}", one.operation, one.parameter, one.grammar.word(), one.selects)
        })
        .collect();
    assert_eq!(
        seen,
        [
            "GET /pets fields parens true",
            "GET /pets sort sort false",
            "GET /pets fields list true",
            "GET /pets/{id} fields list true"
        ]
    );
}

#[test]
fn l20_mistakes_about_names_are_named() {
    check_names(
        r"
changes:
  - say: Wrong.
    at: GET /pets
    names:
      felds: { grammar: list, of: 'response 200#/*', selects: true }
      fields: { grammar: csv, of: 'response 200#/*' }
      sort: { grammar: sort }
  - say: Wrong too.
    at: GET /pets
    names: { fields: { grammar: list, of: 'response 200#/*' }, sort: { grammar: sort, of: 'response 200#/x' } }
  - say: And these.
    at: GET /pets
    names: { sort: { grammar: filter, of: 'GET /pets/{id} response 200', on_unknown: drop }, fields: { grammar: none, of: request, selects: true } }
",
        &[
            "6:14 `felds` is not a parameter of `GET /pets`; did you mean `fields`?",
            "7:26 `csv` is no grammar; write one of `list`, `sort`, `brackets`, `parens`, `field-mask`, `filter`, `none`",
            "8:13 it is not said what the names are of; write `of:` and a place, as `response 200#/items/*`",
            "11:22 it is not said whether the answer has only what is named; write `selects: true`, as for `fields`, or `selects: false`, as for `expand`",
            "11:91 `GET /pets response 200#/x` leads nowhere in both versions; ",
            "14:141 `none` selects nothing; only lists of names of a response do",
            "14:86 a condition that is left out lets other rows through; write `error` or `keep`",
            "14:43 `GET /pets/{id} response 200` is of another operation than the parameter; write a message of `GET /pets`",
        ],
    );
}
