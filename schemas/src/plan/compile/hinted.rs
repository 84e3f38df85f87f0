//! When a parameter is said to look as if it held names, and that what is proposed is taken.

use crate::describe::model::Api;
use crate::describe::{Limits, load_api};
use crate::plan::lens::declared;
use crate::relate::Prover;

use super::{Bridges, NamesHint, Pairs, undeclared_names};

const RENAMED: &str = "  - { say: s, at: Pet, rename: { name: title } }\n";

fn version(parameter: &str, member: &str) -> String {
    format!(
        "openapi: 3.1.0\ninfo: {{ title: a, version: '1' }}\npaths:\n  /pets:\n    get:\n      parameters: [{parameter}]\n      \
         responses: {{ '200': {{ description: d, content: {{ application/json: {{ schema: {{ type: object, properties: {{ \
         pets: {{ type: array, items: {{ $ref: '#/components/schemas/Pet' }} }} }} }} }} }} }} }}\ncomponents:\n  schemas:\n    \
         Pet: {{ type: object, properties: {{ {member}: {{ type: string }} }} }}\n"
    )
}

fn loaded(parameter: &str, member: &str, changes: &str) -> Api {
    let directory = tempfile::tempdir().unwrap();
    for (home, member, changes) in [("v1", "name", ""), ("v2", member, changes)] {
        let home = directory.path().join(home);
        std::fs::create_dir(&home).unwrap();
        std::fs::write(home.join("openapi.yaml"), version(parameter, member)).unwrap();
        if !changes.is_empty() {
            std::fs::write(home.join("changes.yaml"), format!("changes:\n{changes}")).unwrap();
        }
    }
    load_api(directory.path(), &Limits::default()).unwrap()
}

fn hints(parameter: &str, member: &str, changes: &str) -> Vec<NamesHint> {
    let api = loaded(parameter, member, changes);
    let (changes, problems) = declared(&api);
    assert_eq!(problems, []);
    let bridges = Bridges::compile(&api, &changes, Pairs::All, &mut Prover::default());
    undeclared_names(&api, &changes, &bridges)
}

fn query(name: &str, more: &str) -> String {
    format!("{{ name: '{name}', in: query{more}, schema: {{ type: string }} }}")
}

#[track_caller]
fn proposed(parameter: &str, wanted: &str) {
    let found = hints(parameter, "title", RENAMED);
    let [hint] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&*hint.operation, &*hint.proposal), ("GET /pets", wanted));
    assert!(hint.problem.remedy.contains(wanted), "{:?}", hint.problem);
    let declared = format!("{RENAMED}  - {{ say: n, at: GET /pets, names: {wanted} }}\n");
    assert_eq!(hints(parameter, "title", &declared), [], "{declared}");
}

#[test]
fn what_looks_like_names_is_proposed_and_the_proposal_is_taken() {
    let of = "of: 'response 200#/pets/*'";
    proposed(
        &query("fields", ""),
        &format!("{{ 'fields': {{ grammar: list, {of}, selects: true }} }}"),
    );
    proposed(
        &query("$expand", ""),
        &format!("{{ '$expand': {{ grammar: list, {of}, selects: false }} }}"),
    );
    proposed(&query("sort_by", ""), &format!("{{ 'sort_by': {{ grammar: sort, {of} }} }}"));
    proposed(&query("$filter", ""), &format!("{{ '$filter': {{ grammar: filter, {of} }} }}"));
    let deep =
        "{ name: filter, in: query, style: deepObject, explode: true, schema: { type: object } }";
    proposed(deep, &format!("{{ 'filter': {{ grammar: brackets, {of} }} }}"));
}

#[test]
fn nothing_is_proposed_where_no_name_differs_or_it_is_said_that_there_are_none() {
    assert_eq!(hints(&query("fields", ""), "name", ""), []);
    assert_eq!(hints(&query("color", ""), "title", RENAMED), []);
    let none = format!(
        "{RENAMED}  - {{ say: n, at: GET /pets, names: {{ fields: {{ grammar: none }} }} }}\n"
    );
    assert_eq!(hints(&query("fields", ""), "title", &none), []);
}
