//! Parameters that move into the body and out of it: verdicts, and what is wrong with a declaration.

use crate::describe::model::Api;
use crate::describe::{Limits, load_api};
use crate::plan::bridge::{MessageBridge, Policy};
use crate::plan::lens::declared;
use crate::relate::Prover;
use crate::relate::verdict::Verdict::{self, Bridged, Broken, Lossy, Native, Undecided};

use super::{Bridges, Pairs};

/// `parameters` and the members of a JSON body that one version has; no members are no body.
type Version<'a> = (&'a str, &'a str, &'a str);

fn loaded(versions: &[Version<'_>]) -> Api {
    let directory = tempfile::tempdir().unwrap();
    for (at, (parameters, schema, changes)) in versions.iter().enumerate() {
        let home = directory.path().join(format!("v{}", at + 1));
        std::fs::create_dir(&home).unwrap();
        let body = if schema.is_empty() {
            String::new()
        } else {
            format!(
                "      requestBody: {{ required: true, content: {{ application/json: {{ schema: {{ type: object, {schema} }} }} }} }}\n"
            )
        };
        let text = format!(
            "openapi: 3.1.0\ninfo: {{ title: a, version: '1' }}\npaths:\n  /a:\n    post:\n      parameters: [{parameters}]\n{body}      responses: {{ '200': {{ description: d }} }}\n"
        );
        std::fs::write(home.join("openapi.yaml"), text).unwrap();
        if !changes.is_empty() {
            let text = format!("changes:\n  - say: s\n    at: POST /a\n    parameter: {changes}\n");
            std::fs::write(home.join("changes.yaml"), text).unwrap();
        }
    }
    load_api(directory.path(), &Limits::default()).unwrap()
}

/// The verdicts of the request, up and down between the first version and the last.
#[track_caller]
fn check(versions: &[Version<'_>], up: Verdict, down: Verdict) -> [MessageBridge; 2] {
    let api = loaded(versions);
    let (changes, problems) = declared(&api);
    assert_eq!(problems, []);
    let bridges = Bridges::compile(&api, &changes, Pairs::All, &mut Prover::default());
    let last = versions.len() - 1;
    [((0, last), up), ((last, 0), down)].map(|((client, backend), wanted)| {
        let request = &bridges.operation(client, backend)[0].request;
        assert_eq!(request.verdict, wanted, "client {client}: {request:#?}");
        request.clone()
    })
}

const MOVE: &str = "{ move: { n: { from: query, to: body } } }";

fn parameter(place: &str, required: bool, schema: &str) -> String {
    format!("{{ name: n, in: {place}, required: {required}, schema: {{ {schema} }} }}")
}

#[test]
fn a_required_member_needs_a_required_parameter_or_a_default() {
    let (always, maybe) =
        (parameter("query", true, "type: integer"), parameter("query", false, "type: integer"));
    let needs = "required: [n], properties: { n: { type: integer } }";
    let takes = "properties: { n: { type: integer } }";
    let fills = "required: [n], properties: { n: { type: integer, default: 3 } }";
    let [up, _] = check(&[(&always, "", ""), ("", needs, MOVE)], Bridged, Bridged);
    let steps = |one: &MessageBridge| {
        let parts = one.parts.iter().flat_map(|part| &part.judgement.steps);
        parts.map(|note| format!("{} {} {}", note.rule, note.text, note.at)).collect::<Vec<_>>()
    };
    assert_eq!(steps(&up), ["L19 move `query n` to `body/n` /query n"]);
    let [up, _] = check(&[(&maybe, "", ""), ("", needs, MOVE)], Broken, Bridged);
    let witness = up.parts.iter().find_map(|part| part.judgement.witness.as_ref()).unwrap();
    assert_eq!((&*witness.keyword, witness.at.as_str()), ("required", "/body/n"));
    check(&[(&maybe, "", ""), ("", takes, MOVE)], Bridged, Bridged);
    check(&[(&always, "", ""), ("", takes, MOVE)], Bridged, Broken);
    check(&[(&maybe, "", ""), ("", fills, MOVE)], Bridged, Bridged);
}

#[test]
fn values_have_the_type_that_is_declared() {
    let of = |schema| parameter("query", true, schema);
    let needs = |schema| format!("required: [n], properties: {{ n: {{ {schema} }} }}");
    let both = |one, other, up, down| {
        check(&[(&of(one), "", ""), ("", &needs(other), MOVE)], up, down);
    };
    both("type: boolean", "type: boolean", Bridged, Bridged);
    both("type: integer", "type: string", Broken, Broken);
    both("type: integer, minimum: 1", "type: integer", Bridged, Broken);
    // any text is taken where it is written as one
    both("type: string", "type: integer", Broken, Bridged);
    let list = "type: array, items: { type: integer }";
    both(list, list, Bridged, Bridged);
    // which of the two a text is, nobody can tell
    both("type: [string, integer]", "type: [string, integer]", Undecided, Undecided);
    let nested = "type: object, additionalProperties: false, properties: { a: { type: object } }";
    both(nested, nested, Undecided, Undecided);
}

#[test]
fn what_a_place_cannot_carry_is_told_or_refused() {
    let header = |schema| parameter("header", true, schema);
    let needs = "required: [n], properties: { n: { type: string } }";
    let way = "{ move: { n: { from: header, to: body } } }";
    let [_, down] = check(&[(&header("type: string"), "", ""), ("", needs, way)], Bridged, Broken);
    let judgement = &down.parts.iter().find(|part| part.judgement.witness.is_some()).unwrap();
    assert!(!judgement.judgement.total);
    let plain = "required: [n], properties: { n: { type: string, pattern: '^[a-z]+$' } }";
    check(&[(&header("type: string"), "", ""), ("", plain, way)], Broken, Bridged);
    let refused = "{ move: { n: { from: header, to: body } }, on_fail: { n: error } }";
    let [_, down] =
        check(&[(&header("type: string"), "", ""), ("", needs, refused)], Bridged, Bridged);
    let policies = down.parts.iter().flat_map(|part| &part.judgement.policies);
    assert!(policies.into_iter().any(|one| *one == Policy::RefusalDeclared));
}

#[test]
fn a_parameter_goes_through_a_body_over_several_versions() {
    let of = |name: &str| {
        parameter("query", true, "type: integer").replace("name: n", &format!("name: {name}"))
    };
    let needs = "required: [n], properties: { n: { type: integer }, m: { type: string } }";
    let out = "{ move: { n: { from: body, to: query, as: size } } }";
    let [up, down] =
        check(&[(&of("n"), "", ""), ("", needs, MOVE), (&of("size"), "", out)], Bridged, Bridged);
    for message in [&up, &down] {
        let bare = message.bare.as_ref().unwrap();
        assert!(!bare.is_identity() && message.bodies.is_empty(), "{bare:#?}");
    }
    // what else is in the body is lost where there is none
    check(&[(&of("n"), "", ""), ("", needs, MOVE)], Bridged, Lossy);
    // a name of an older version is followed to where it goes in
    let rename = "{ rename: { n: o } }";
    let later = "{ move: { o: { from: query, to: body, as: n } } }";
    check(&[(&of("n"), "", ""), (&of("o"), "", rename), ("", needs, later)], Bridged, Lossy);
}

/// The same for one parameter that both versions have.
#[track_caller]
fn both((old, new): (&str, &str), must: bool, changes: &str, up: Verdict) -> [MessageBridge; 2] {
    let (old, new) = (parameter("query", must, old), parameter("query", must, new));
    check(&[(&old, "", ""), (&new, "", changes)], up, Native)
}

#[test]
fn values_that_the_other_version_does_not_take_go_by_policy() {
    let of = |required, schema| parameter("query", required, schema);
    let listed = ("type: string, enum: [a, b, c]", "type: string, enum: [a, b]");
    both(listed, true, "{}", Broken);
    both(listed, true, "{ on_unknown: { n: { down: { fallback: a } } } }", Broken);
    let [up, down] = both(listed, true, "{ on_unknown: { n: { up: { fallback: a } } } }", Lossy);
    assert_eq!((up.beside.len(), down.beside.len()), (1, 0));
    both(listed, false, "{ on_unknown: { n: { up: omit } } }", Lossy);
    both(listed, true, "{ on_unknown: { n: { up: omit } } }", Broken);
    both(listed, true, "{ on_unknown: { n: { up: { fallback: z } } } }", Broken);
    let [up, _] = both(listed, true, "{ on_unknown: { n: { up: error } } }", Bridged);
    let policies = |one: &MessageBridge| {
        let all = one.parts.iter().flat_map(|part| part.judgement.policies.clone());
        all.collect::<Vec<_>>()
    };
    assert!(policies(&up).contains(&Policy::RefusalDeclared));
    let bounded = ("type: integer, maximum: 1000", "type: integer, maximum: 100");
    let [up, _] = both(bounded, false, "{ on_range: { n: { up: clamp } } }", Lossy);
    let step = &up.parts[0].judgement.steps[0];
    assert_eq!((&*step.text, &*step.at), ("clamp `n` (`on_range: clamp`)", "/n"));
    let [up, _] = both(bounded, true, "{}", Broken);
    let plain = up.parts[0].judgement.witness.clone().unwrap();
    let [up, _] = both(bounded, true, "{ on_range: { n: { up: omit } } }", Broken);
    let policed = up.parts[0].judgement.witness.clone().unwrap();
    assert!(plain.payload.is_number() && policed.payload.is_number(), "{policed:?}");
    let items = |most| format!("type: array, items: {{ type: integer }}, maxItems: {most}");
    let (many, few) = (items(9), items(2));
    both((&many, &few), true, "{ on_range: { n: { up: truncate } } }", Lossy);
    // a policy at a parameter that moves into the body is one of its value there
    let (wide, narrow) =
        (of(true, bounded.0), "required: [n], properties: { n: { type: integer, maximum: 100 } }");
    let clamped = "{ move: { n: { from: query, to: body } }, on_range: { n: { up: clamp } } }";
    check(&[(&wide, "", ""), ("", narrow, MOVE)], Broken, Bridged);
    check(&[(&wide, "", ""), ("", narrow, clamped)], Lossy, Bridged);
    let loose = "required: [n], properties: { n: { type: integer, maximum: 5000 } }";
    let down = "{ move: { n: { from: query, to: body } }, on_range: { n: { down: clamp } } }";
    check(&[(&wide, "", ""), ("", loose, down)], Bridged, Lossy);
}

#[track_caller]
fn problem(versions: &[Version<'_>], wanted: &str) {
    let (_, problems) = declared(&loaded(versions));
    let found: Vec<String> =
        problems.iter().map(|one| format!("{}; {}", one.what, one.remedy)).collect();
    assert_eq!(found, [wanted]);
}

#[test]
fn what_cannot_be_is_told_when_the_file_is_read() {
    let of = parameter("query", true, "type: integer");
    let needs = "properties: { n: { type: integer } }";
    let way = |text: &'static str| [(of.as_str(), "", ""), ("", needs, text)];
    problem(
        &way("{ move: { n: { from: query, to: body, as: /size } } }"),
        "`size` is no member of the request body of `POST /a`; write one of `n`",
    );
    problem(
        &way("{ move: { m: { from: query, to: body, as: /n } } }"),
        "`m` is not a parameter of `POST /a` there; did you mean `n`?",
    );
    problem(
        &way("{ move: { n: { from: body, to: body } } }"),
        "`n` needs a parameter at one end and the body at the other; write `from:` and `to:`, one of them path, query, header or cookie",
    );
    problem(
        &way("{ move: { n: { from: query, to: body, as: /n/* } } }"),
        "`n/*` is not one member of the body; write the names that lead to it: `/a/b`",
    );
    problem(
        &[(&of, "", ""), (&of, "", "{ on_range: { n: { up: string } } }")],
        "the parameter `n` is no null, and a text already; write error, keep, omit, clamp, truncate or `{ default: … }`",
    );
    problem(
        &[(&of, "", ""), (&of, "", "{ on_unknown: { m: { up: omit } } }")],
        "`m` is no member here in v1; did you mean `n`?",
    );
    problem(
        &[(&of, "", ""), ("", "", MOVE)],
        "`POST /a` has no request body; say with `route` which operation has one in that version",
    );
}
