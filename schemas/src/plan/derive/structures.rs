//! Cases of the verbs that give an object another build, from `changes.yaml` to the verdict.

use serde_json::{Value, json};

use super::policies::{object, step};
use crate::plan::bridge::Policy;
use crate::plan::lens::Direction;
use crate::relate::verdict::Verdict::{Bridged, Broken, Lossy};
use crate::schema::Side;

use Direction::{Down, Up};
use Side::{Request, Response};

const NONE: &[Policy] = &[];

fn text() -> Value {
    json!({"type": "string"})
}

#[test]
fn l3_parts_are_wrapped_and_unwrapped() {
    let flat = || object(json!({"id": text(), "city": text(), "street": text()}), &["id", "city"]);
    let inner = json!({"type": "object", "properties": {"city": text(), "road": text()},
        "required": ["city"], "additionalProperties": false});
    let deep = object(json!({"id": text(), "address": inner}), &["id", "address"]);
    let verb = "    wrap: { address: { parts: { city: city, street: road } } }\n";
    let wrapped = json!({"id": "1", "address": {"city": "a", "road": "b"}});
    let bare = json!({"id": "1", "city": "a", "street": "b"});
    let there = step(flat(), deep.clone(), verb);
    there
        .check((Up, Request), bare.clone(), Ok(wrapped.clone()))
        .check((Down, Response), wrapped.clone(), Ok(bare.clone()))
        .judged((Up, Request), Bridged, NONE)
        .judged((Down, Response), Bridged, NONE)
        .rules((Up, Request), &["L3", "L3"]);
    step(deep, flat(), "    unwrap: { address: { parts: { city: city, road: street } } }\n")
        .check((Up, Request), wrapped, Ok(bare))
        .judged((Up, Request), Bridged, NONE)
        .judged((Down, Response), Bridged, NONE);
}

#[test]
fn l3_a_part_of_an_open_object_is_converted_as_it_is_declared() {
    let open = |members: Value| json!({"type": "object", "properties": members, "additionalProperties": true});
    let flat = open(json!({"city": object(json!({"name": text()}), &[])}));
    let inner = open(json!({"city": object(json!({"name": text(), "zip": text()}), &[])}));
    let wrapped = json!({"address": {"city": {"name": "a", "zip": "b"}}});
    step(flat, open(json!({"address": inner})), "    wrap: { address: [city] }\n").check(
        (Down, Response),
        wrapped,
        Ok(json!({"city": {"name": "a"}})),
    );
}

#[test]
fn l3_what_a_null_whole_means_is_said() {
    let nullable = || json!({"type": ["string", "null"]});
    let flat = object(json!({"a": nullable(), "b": nullable()}), &[]);
    let inner = json!({"type": ["object", "null"], "properties": {"a": nullable(), "b": nullable()},
        "additionalProperties": false});
    let deep = object(json!({"x": inner}), &[]);
    let null = json!({"x": null});
    step(flat.clone(), deep.clone(), "    wrap: { x: { parts: [a, b], null: parts } }\n")
        .check((Down, Response), null.clone(), Ok(json!({"a": null, "b": null})))
        .check((Up, Request), json!({"a": null, "b": null}), Ok(null.clone()))
        .check((Up, Request), json!({}), Ok(json!({})))
        .judged((Down, Response), Lossy, NONE);
    step(flat, deep, "    wrap: { x: [a, b] }\n")
        .check((Down, Response), null, Ok(json!({})))
        .check((Up, Request), json!({"a": null}), Ok(json!({"x": {"a": null}})))
        .judged((Down, Response), Lossy, NONE)
        .judged((Up, Request), Bridged, NONE);
}

#[test]
fn l16_a_bare_list_and_its_envelope() {
    let item = || object(json!({"a": text()}), &["a"]);
    let list = json!({"type": "array", "items": item()});
    let page = |more: Value| {
        object(
            json!({"data": {"type": "array", "items": item()}, "has_more": more}),
            &["data", "has_more"],
        )
    };
    let verb = "    envelope: { member: data, with: { has_more: false } }\n";
    let one = json!([{"a": "1"}]);
    let whole = json!({"data": one, "has_more": false});
    step(list.clone(), page(json!({"type": "boolean"})), verb)
        .check((Up, Request), one.clone(), Ok(whole.clone()))
        .check((Down, Response), whole.clone(), Ok(one.clone()))
        .judged((Up, Request), Bridged, NONE)
        .judged((Down, Response), Lossy, NONE);
    step(list.clone(), page(json!({"const": false})), verb).judged((Down, Response), Bridged, NONE);
    step(
        page(json!({"const": false})),
        list,
        "    envelope: { member: data, with: { has_more: false }, in: old }\n",
    )
    .check((Up, Request), whole, Ok(one))
    .judged((Up, Request), Bridged, NONE)
    .judged((Down, Response), Bridged, NONE);
}

#[test]
fn l14_presence_becomes_a_tag_and_goes_back() {
    let card = || object(json!({"number": text()}), &["number"]);
    let bank = || object(json!({"iban": text()}), &["iban"]);
    let presence = json!({"oneOf": [object(json!({"card": card()}), &["card"]), object(json!({"bank": bank()}), &["bank"])]});
    let tag = |value: &str| json!({"const": value});
    let nested = json!({"oneOf": [
        object(json!({"type": tag("card"), "card": card()}), &["type", "card"]),
        object(json!({"type": tag("sepa"), "bank": bank()}), &["type", "bank"])]});
    let flat = json!({"oneOf": [
        object(json!({"type": tag("card"), "number": text()}), &["type", "number"]),
        object(json!({"type": tag("sepa"), "iban": text()}), &["type", "iban"])]});
    let forms = [
        ("presence", presence, json!({"bank": {"iban": "1"}})),
        ("nested", nested, json!({"type": "sepa", "bank": {"iban": "1"}})),
        ("flat", flat, json!({"type": "sepa", "iban": "1"})),
    ];
    for (from, old, payload) in &forms {
        for (to, new, made) in forms.iter().filter(|(to, _, _)| to != from) {
            let verb = format!(
                "    tag_union: {{ tag: type, variants: {{ card: card, sepa: bank }}, old: {from}, new: {to} }}\n"
            );
            step(old.clone(), new.clone(), &verb)
                .check((Up, Request), payload.clone(), Ok(made.clone()))
                .check((Down, Response), made.clone(), Ok(payload.clone()))
                .judged((Up, Request), Bridged, NONE)
                .judged((Down, Response), Bridged, NONE);
        }
    }
}

#[test]
fn l14_two_variants_at_once_are_refused() {
    let loose = object(json!({"card": text(), "bank": text()}), &[]);
    let tagged = object(
        json!({"type": {"enum": ["card", "bank"]}, "card": text(), "bank": text()}),
        &["type"],
    );
    let verb = "    tag_union: { tag: type, variants: [card, bank], old: presence, new: nested }\n";
    step(loose, tagged, verb)
        .check((Up, Request), json!({"card": "1"}), Ok(json!({"type": "card", "card": "1"})))
        .check((Up, Request), json!({"card": "1", "bank": "2"}), Err(""))
        .judged((Up, Request), Broken, NONE);
}

#[test]
fn l23_names_change_their_case_all_the_way_down_but_keys_of_maps_do_not() {
    let deep = |names: [&str; 3]| {
        let [outer, list, inner] = names;
        let item =
            object(json!({inner: text(), "self": {"$ref": "#/components/schemas/T"}}), &[inner]);
        object(
            json!({outer: text(), list: {"type": "array", "items": item},
            "meta": {"type": "object", "additionalProperties": text()}}),
            &[outer],
        )
    };
    let old = || deep(["first_name", "all_of_them", "in_it"]);
    let new = || deep(["firstName", "allOfThem", "inIt"]);
    let snake = json!({"first_name": "a", "all_of_them": [{"in_it": "b", "self": {"first_name": "c"}}],
        "meta": {"first_name": "d"}});
    let camel = json!({"firstName": "a", "allOfThem": [{"inIt": "b", "self": {"firstName": "c"}}],
        "meta": {"first_name": "d"}});
    step(old(), new(), "    case: { from: snake, to: camel }\n")
        .check((Up, Request), snake.clone(), Ok(camel.clone()))
        .check((Down, Response), camel, Ok(snake))
        .judged((Up, Request), Bridged, NONE)
        .judged((Down, Response), Bridged, NONE)
        .judged((Up, Response), Bridged, NONE)
        .judged((Down, Request), Bridged, NONE);
}

#[test]
fn l2_a_parent_that_the_older_version_knows_stays() {
    let inner = object(json!({"a": text()}), &[]);
    let new = json!({"type": "object", "properties": {"m": inner}});
    let old = json!({"type": "object", "properties": {"a": text(), "m": object(json!({}), &[])}});
    step(old, new, "    move: { a: m/a }\n").check(
        (Down, Response),
        json!({"m": {"a": "1"}}),
        Ok(json!({"m": {}, "a": "1"})),
    );
}

#[test]
fn l2_a_null_parent_is_not_an_absent_one() {
    let parent = |members: Value| json!({"type": ["object", "null"], "properties": members, "additionalProperties": false});
    let old = object(json!({"a": text(), "m": parent(json!({}))}), &[]);
    let new = object(json!({"m": parent(json!({"a": text()}))}), &[]);
    step(old, new, "    move: { a: m/a }\n")
        .check((Up, Request), json!({"a": "1", "m": null}), Ok(json!({"m": null})))
        .check((Up, Request), json!({"a": "1"}), Ok(json!({"m": {"a": "1"}})))
        .judged((Up, Request), Lossy, NONE);
}

#[test]
fn l2_a_member_moves_into_a_union_that_then_is_one_object() {
    let variant = |kind: &str, more: Value| {
        let mut members = json!({"kind": {"const": kind}});
        for (name, value) in more.as_object().into_iter().flatten() {
            members[name] = value.clone();
        }
        object(members, &["kind"])
    };
    let old = json!({"oneOf": [variant("x", json!({})), variant("y", json!({}))]});
    let new =
        json!({"oneOf": [variant("x", json!({"a": text()})), variant("y", json!({"a": text()}))]});
    step(
        object(json!({"a": text(), "u": old}), &["u"]),
        object(json!({"u": new}), &["u"]),
        "    move: { a: u/a }\n",
    )
    .check(
        (Up, Request),
        json!({"a": "1", "u": {"kind": "y"}}),
        Ok(json!({"u": {"kind": "y", "a": "1"}})),
    )
    .check(
        (Down, Response),
        json!({"u": {"a": "1", "kind": "x"}}),
        Ok(json!({"a": "1", "u": {"kind": "x"}})),
    )
    .judged((Up, Request), Bridged, NONE)
    .judged((Down, Response), Bridged, NONE);
}

#[test]
fn l1_a_member_that_came_under_both_names_goes_by_policy() {
    let old = || object(json!({"a": text(), "b": text()}), &[]);
    let new = || object(json!({"b": text()}), &[]);
    let both = json!({"a": "1", "b": "2"});
    let verb = |word: &str| format!("    rename: {{ a: b }}\n    on_conflict: {{ a: {word} }}\n");
    step(old(), new(), "    rename: { a: b }\n").judged((Up, Request), Broken, NONE);
    for (word, stays) in [("prefer_old", "1"), ("prefer_new", "2")] {
        step(old(), new(), &verb(word))
            .check((Up, Request), both.clone(), Ok(json!({"b": stays})))
            .check((Up, Request), json!({"b": "3"}), Ok(json!({"b": "3"})))
            .check((Up, Response), json!({"a": "3"}), Ok(json!({"b": "3"})))
            .check((Down, Response), json!({"b": "3"}), Ok(json!({"a": "3"})))
            .judged((Up, Request), Lossy, NONE)
            .judged((Up, Response), Lossy, NONE)
            .judged((Down, Response), Bridged, NONE);
    }
    step(old(), new(), &verb("must_equal"))
        .check((Up, Request), json!({"a": "1", "b": "1"}), Ok(json!({"b": "1"})))
        .check((Up, Request), both, Err(""))
        .judged((Up, Request), Bridged, &[Policy::RefusalDeclared])
        .judged((Up, Response), Broken, NONE);
}
