//! Operations that moved and parameters that changed their place: pairs, verdicts and what is wrong with a declaration.

use crate::changes::changes;
use crate::describe::model::{Api, Location};
use crate::describe::{Limits, load_api};
use crate::plan::bridge::{OperationBridge, ParameterStep, PartKey, Policy};
use crate::plan::lens::declared;
use crate::relate::Prover;
use crate::relate::verdict::Verdict::{self, Bridged, Broken};

use super::{Bridges, Pairs};

/// Operations with their parameters, and what is declared.
type Version<'a> = (&'a [(&'a str, &'a [&'a str])], &'a str);

/// One operation with number parameters, `place:name`; those in a path are in its template.
fn version(operations: &[(&str, &[&str])]) -> String {
    let mut text = "openapi: 3.1.0\ninfo: { title: a, version: '1' }\npaths:\n".to_owned();
    for (key, parameters) in operations {
        let (method, path) = key.split_once(' ').unwrap();
        let inside = path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
        let inside: Vec<String> = inside.map(|name| format!("path:{name}")).collect();
        let all = parameters.iter().map(|one| (*one).to_owned()).chain(inside);
        let all: Vec<String> = all
            .map(|one| {
                let (place, name) = one.split_once(':').unwrap();
                format!(
                    "{{ name: {name}, in: {place}, required: true, schema: {{ type: integer }} }}"
                )
            })
            .collect();
        let one = format!(
            "  {path}:\n    {}:\n      parameters: [{}]\n      responses: {{ '200': {{ description: d }} }}\n",
            method.to_lowercase(),
            all.join(", ")
        );
        text.push_str(&one);
    }
    text
}

fn loaded(versions: &[Version<'_>]) -> Api {
    let directory = tempfile::tempdir().unwrap();
    for (at, (operations, changes)) in versions.iter().enumerate() {
        let home = directory.path().join(format!("v{}", at + 1));
        std::fs::create_dir(&home).unwrap();
        std::fs::write(home.join("openapi.yaml"), version(operations)).unwrap();
        if !changes.is_empty() {
            std::fs::write(home.join("changes.yaml"), format!("changes:\n{changes}")).unwrap();
        }
    }
    load_api(directory.path(), &Limits::default()).unwrap()
}

fn compiled(api: &Api) -> Bridges {
    let (changes, problems) = declared(api);
    assert_eq!(problems, []);
    Bridges::compile(api, &changes, Pairs::All, &mut Prover::default())
}

/// The verdicts of the first operation's request, up and down between the first version and the last.
#[track_caller]
fn check(versions: &[Version<'_>], up: Verdict, down: Verdict) -> Bridges {
    let api = loaded(versions);
    let bridges = compiled(&api);
    let last = versions.len() - 1;
    for ((client, backend), wanted) in [((0, last), up), ((last, 0), down)] {
        let operation = &bridges.operation(client, backend)[0];
        assert_eq!(operation.verdict(), wanted, "client {client}: {operation:#?}");
    }
    bridges
}

fn problems(versions: &[Version<'_>]) -> Vec<String> {
    let (_, problems) = declared(&loaded(versions));
    problems.iter().map(|one| format!("{} {}", one.place.line, one.what)).collect()
}

const ROUTE: &str = "- { say: s, at: 'GET /a/{id}', route: 'GET /b/{key}' }\n";

#[test]
fn an_operation_is_the_same_under_another_path() {
    let versions: [Version<'_>; 2] =
        [(&[("GET /a/{id}", &[])], ""), (&[("GET /b/{key}", &[])], ROUTE)];
    let bridges = check(&versions, Bridged, Bridged);
    let request = &bridges.operation(0, 1)[0].request;
    assert!(request.positions.is_none() && request.parameters.is_empty());
    let told = |one: &OperationBridge| {
        let whole = one.request.parts.iter().find(|part| part.key == PartKey::Whole).unwrap();
        whole.judgement.steps[0].text.clone()
    };
    assert_eq!(told(&bridges.operation(0, 1)[0]), "send it to `/b/{key}`");
    assert_eq!(told(&bridges.operation(1, 0)[0]), "send it to `/a/{id}`");
    let found = changes(&loaded(&versions).versions[0], &loaded(&versions).versions[1]);
    let rules: Vec<&str> = found.iter().map(|one| one.rule.id).collect();
    assert_eq!(rules, ["operation-moved"]);
    // without the declaration they are two
    check(&[versions[0], (versions[1].0, "")], Broken, Broken);
}

#[test]
fn several_routes_are_followed() {
    let versions: [Version<'_>; 4] = [
        (&[("GET /a/{id}", &[])], ""),
        (&[("GET /b/{key}", &[])], ROUTE),
        (&[("GET /b/{key}", &[])], ""),
        (
            &[("GET /c/{k}/d", &[]), ("GET /a/{id}", &[])],
            "- { say: s, at: 'GET /b/{key}', route: 'GET /c/{k}/d' }\n",
        ),
    ];
    let api = loaded(&versions);
    let bridges = compiled(&api);
    // in the order of paths; one that comes back is another operation
    let there = &bridges.operation(0, 3)[0];
    assert_eq!((there.verdict(), there.backend_operation), (Bridged, Some(1)));
    let [fresh, back] = bridges.operation(3, 0) else { panic!("two operations") };
    assert_eq!((back.verdict(), back.backend_operation), (Bridged, Some(0)));
    assert_eq!(fresh.backend_operation, None);
}

#[test]
fn parameters_change_their_place_over_several_versions() {
    let versions: [Version<'_>; 3] = [
        (&[("GET /a", &["query:p", "header:x-q"])], ""),
        (
            &[("GET /a", &["header:x-p", "header:x-q"])],
            "- { say: s, at: 'GET /a', parameter: { move: { p: { from: query, to: header, as: X-P } } } }\n",
        ),
        (
            &[("GET /b/{y}/{x}", &[])],
            "- say: s\n  at: GET /a\n  route: GET /b/{y}/{x}\n  parameter: { move: { X-P: { from: header, to: path, as: x }, X-Q: { from: header, to: path, as: y } } }\n",
        ),
    ];
    let bridges = check(&versions, Bridged, Bridged);
    let request = &bridges.operation(0, 2)[0].request;
    let ends: Vec<_> = request
        .parameters
        .iter()
        .map(|step| match step {
            ParameterStep::Rewrite(one) => {
                (one.from.location, one.from.name.as_str(), one.to.location, one.to.name.as_str())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let (header, path, query) = (Location::Header, Location::Path, Location::Query);
    assert_eq!(ends, [(header, "x-q", path, "y"), (query, "p", path, "x")]);
    assert_eq!(request.positions, Some(vec![None, None]));
}

#[test]
fn a_refusal_of_what_cannot_be_written_is_declared() {
    let document = |place: &str| {
        format!(
            "openapi: 3.1.0\ninfo: {{ title: a, version: '1' }}\npaths:\n  /a:\n    get:\n      parameters: [{{ name: p, in: {place}, schema: {{ type: string }} }}]\n      responses: {{ '200': {{ description: d }} }}\n"
        )
    };
    let verdicts = |more: &str| {
        let directory = tempfile::tempdir().unwrap();
        for (home, place) in [("v1", "query"), ("v2", "header")] {
            std::fs::create_dir(directory.path().join(home)).unwrap();
            std::fs::write(directory.path().join(home).join("openapi.yaml"), document(place))
                .unwrap();
        }
        let changes = format!(
            "changes: [{{ say: s, at: GET /a, parameter: {{ move: {{ p: {{ from: query, to: header }} }}{more} }} }}]"
        );
        std::fs::write(directory.path().join("v2/changes.yaml"), changes).unwrap();
        let api = load_api(directory.path(), &Limits::default()).unwrap();
        let bridges = compiled(&api);
        let request = &bridges.operation(0, 1)[0].request;
        (request.verdict, bridges.operation(1, 0)[0].verdict(), request.parts[0].judgement.clone())
    };
    let (up, down, judgement) = verdicts("");
    assert_eq!((up, down), (Broken, Bridged));
    assert_eq!(judgement.witness.unwrap().keyword, "style");
    let (up, down, judgement) = verdicts(", on_fail: { p: error }");
    assert_eq!((up, down, judgement.total), (Bridged, Bridged, false));
    assert!(judgement.policies.contains(&Policy::RefusalDeclared) && judgement.witness.is_none());
}

#[test]
fn path_parameters_match_by_name_and_not_by_place() {
    let versions: [Version<'_>; 2] = [
        (&[("GET /a/{x}/{y}", &[])], ""),
        (
            &[("GET /b/{y}/{z}", &[])],
            "- { say: s, at: 'GET /a/{x}/{y}', route: 'GET /b/{y}/{z}' }\n",
        ),
    ];
    let bridges = check(&versions, Bridged, Bridged);
    assert_eq!(bridges.operation(0, 1)[0].request.positions, Some(vec![Some(1), Some(0)]));
    let dropped: [Version<'_>; 2] = [
        (&[("GET /a/{x}/{y}", &[])], ""),
        (
            &[("GET /b/{y}", &[])],
            "- say: s\n  at: GET /a/{x}/{y}\n  route: GET /b/{y}\n  parameter: { remove: { x: { in: path, constant: 5 } } }\n",
        ),
    ];
    let bridges = check(&dropped, Bridged, Bridged);
    let [ParameterStep::Drop(Location::Path, name, note)] =
        bridges.operation(0, 1)[0].request.parameters.as_slice()
    else {
        panic!("{bridges:#?}")
    };
    assert!(name == "x" && note.loss);
    let back = &bridges.operation(1, 0)[0].request;
    assert!(matches!(back.parameters.as_slice(), [ParameterStep::Supply(Location::Path, ..)]));
    assert_eq!(back.positions, Some(vec![None, Some(0)]));
}

#[test]
fn what_is_wrong_with_a_route_is_told_at_once() {
    let old: &[(&str, &[&str])] = &[("GET /a/{x}/{y}", &[]), ("POST /p", &[]), ("GET /g", &[])];
    let new: &[(&str, &[&str])] = &[("GET /b/{u}/{v}", &[]), ("GET /s", &[]), ("GET /g", &[])];
    let changes = "
  - { say: s, at: 'GET /a/{x}/{y}', route: 'GET /b/{u}/{v}' }
  - { say: s, at: POST /p, route: GET /s }
  - { say: s, at: GET /g, route: GET /g }
  - { say: s, at: GET /h, route: { to: GET /i, safe: no } }
  - { say: s, at: GET /g, parameter: { move: { q: { from: query, to: query } } } }
";
    assert_eq!(
        problems(&[(old, ""), (new, changes)]),
        [
            "4 POST and GET promise different things: one may be repeated or fetched ahead, the other not",
            "5 `GET /g` is where it was",
            "6 `safe` is not known here",
            "6 `GET /h` is no operation of v1",
            "6 `GET /i` is no operation of v2",
            "7 `q` stays in query",
            "7 `q` is not a parameter of `GET /g` there",
            "7 `q` is not a parameter of `GET /g` there",
            "3 `GET /b/{u}/{v}` has no `{x}`",
            "3 `GET /b/{u}/{v}` has no `{y}`",
            "3 nothing says what `{u}` of `GET /b/{u}/{v}` is",
            "3 nothing says what `{v}` of `GET /b/{u}/{v}` is",
        ]
    );
}
