//! Cases of links and paging tokens, from `changes.yaml` to the verdict: a link is any text to the proof.

use std::sync::Arc;

use serde_json::{Value, json};

use super::policies::{object, step};
use crate::plan::bridge::Policy;
use crate::plan::lens::Direction;
use crate::plan::outside::{Carrier, Links, Values};
use crate::relate::verdict::Verdict::{Bridged, Broken, Lossy, Undecided};
use crate::schema::Side;

use Direction::{Down, Up};
use Side::{Request, Response};

const NONE: &[Policy] = &[];

/// Says each version for the other.
#[derive(Debug)]
struct Turned;

impl Links for Turned {
    fn link(&self, text: &str, from: &str) -> Option<String> {
        let to = if from == "1" { "2" } else { "1" };
        text.strip_prefix(&format!("/{from}/")).map(|rest| format!("/{to}/{rest}"))
    }

    fn seal(&self, token: &str, from: &str) -> Option<String> {
        Some(format!("{from}~{token}"))
    }

    fn relate(&self, relation: &str, target: &str) -> bool {
        (relation, target) == ("next", "/2/p")
    }
}

fn known() -> Values {
    Values {
        links: Some(Carrier(Arc::new(Turned))),
        relations: [("next".to_owned(), "/2/p".to_owned())].into(),
        ..Values::default()
    }
}

fn page(next: &Value) -> Value {
    let item = object(json!({"url": next, "id": {"type": "string"}}), &["id"]);
    let links =
        json!({"type": "object", "additionalProperties": object(json!({"href": next}), &[])});
    object(
        json!({"next": next, "_links": links, "items": {"type": "array", "items": item}}),
        &["items"],
    )
}

#[test]
fn l21_links_are_said_in_the_reader_s_version_wherever_they_stand() {
    let uri = json!({"type": ["string", "null"], "format": "uri-reference", "minLength": 1});
    let old = json!({"next": "/1/p?a", "_links": {"self": {"href": "/1/"}, "up": {}},
        "items": [{"id": "/1/a", "url": "/1/a"}, {"id": "b", "url": null}, {"id": "c", "url": "x"}]});
    let new = json!({"next": "/2/p?a", "_links": {"self": {"href": "/2/"}, "up": {}},
        "items": [{"id": "/1/a", "url": "/2/a"}, {"id": "b", "url": null}, {"id": "c", "url": "x"}]});
    step(page(&uri), page(&uri), "    links: [next, _links/*/href, items/*/url]\n")
        .check_with(&known(), (Up, Request), old.clone(), Ok(new.clone()))
        .check_with(&known(), (Up, Response), old.clone(), Ok(new.clone()))
        .check_with(&known(), (Down, Response), new.clone(), Ok(old))
        .check((Down, Response), new.clone(), Ok(new))
        .judged((Up, Request), Bridged, NONE)
        .judged((Down, Response), Bridged, NONE)
        .rules((Down, Response), &["L21", "L21", "L21"]);
}

#[test]
fn l21_a_reader_that_bounds_its_links_is_not_proved_to_take_them() {
    let bounded = json!({"type": "string", "maxLength": 9, "pattern": "^/"});
    let both = || (page(&bounded), page(&bounded));
    let seen = step(both().0, both().1, "    links: next\n");
    // every payload gets through where nobody knows the links, so nothing refutes it
    seen.judged((Up, Request), Undecided, NONE);
    step(both().0, both().1, "    links: next\n    on_range: { next: keep }\n").judged(
        (Down, Response),
        Bridged,
        &[Policy::KeptDeclared],
    );
}

#[test]
fn l21_a_renamed_member_is_a_link_under_both_names() {
    let text = json!({"type": "string"});
    let list = |next: &str| object(json!({next: text, "ids": {"type": "array"}}), &[next]);
    step(list("next"), list("next_page"), "    rename: { next: next_page }\n    links: [next]\n")
        .check_with(
            &known(),
            (Down, Response),
            json!({"next_page": "/2/", "ids": []}),
            Ok(json!({"next": "/1/", "ids": []})),
        )
        .judged((Down, Response), Bridged, NONE);
}

#[test]
fn l16_a_link_field_becomes_a_member_and_the_other_way_round() {
    let item = || json!({"type": "array", "items": {"type": "string"}});
    let whole =
        |next: Value, required: &[&str]| object(json!({"data": item(), "next": next}), required);
    let text = || json!({"type": "string"});
    let verb = "    envelope: { member: data, link: { next: next } }\n";
    let there = step(item(), whole(text(), &["data"]), verb);
    let full = json!({"data": ["a"], "next": "/2/p"});
    there
        .check_with(&known(), (Up, Response), json!(["a"]), Ok(full.clone()))
        .check((Up, Response), json!(["a"]), Ok(json!({"data": ["a"]})))
        .check_with(&known(), (Down, Response), full, Ok(json!(["a"])))
        .judged((Up, Response), Bridged, NONE)
        .judged((Down, Response), Lossy, NONE);
    step(item(), whole(text(), &["data", "next"]), verb).judged((Up, Response), Broken, NONE);
    let null = "    envelope: { member: data, link: { next: next }, with: { next: null } }\n";
    let nullable = whole(json!({"type": ["string", "null"]}), &["data", "next"]);
    step(item(), nullable, null)
        .check((Up, Response), json!([]), Ok(json!({"data": [], "next": null})))
        .check_with(&known(), (Up, Response), json!([]), Ok(json!({"data": [], "next": "/2/p"})))
        .judged((Up, Response), Bridged, NONE);
}

#[test]
fn l16_a_member_is_supplied_from_a_link_field() {
    let old = object(json!({"a": {}}), &[]);
    let new = object(json!({"next": {"type": "string"}, "a": {}}), &[]);
    step(old, new, "    supply: { up: { next: { link: Next } } }\n")
        .check_with(&known(), (Up, Response), json!({"a": 1}), Ok(json!({"a": 1, "next": "/2/p"})))
        .check((Up, Response), json!({"a": 1}), Ok(json!({"a": 1})))
        .judged((Up, Response), Bridged, NONE);
}
