//! Cases of the functions of values, from `changes.yaml` to payloads and verdicts, both ways.

use serde_json::{Value, json};

use crate::plan::lens::Direction::{Down, Up};
use crate::relate::verdict::Verdict;
use crate::schema::Side::{Request, Response};

use super::policies::{object, one, step};

fn text() -> Value {
    json!({"type": "string"})
}

#[test]
fn l4_a_value_and_a_list() {
    let (old, new) = (one(text()), object(json!({"ms": {"type": "array", "items": text(), "minItems": 1}}), &["ms"]));
    step(old.clone(), new, "    list: { m: ms }\n")
        .check((Up, Request), json!({"m": "a"}), Ok(json!({"ms": ["a"]})))
        .check((Down, Response), json!({"ms": ["a", "b"]}), Ok(json!({"m": "a"})))
        .judged((Up, Request), Verdict::Bridged, &[])
        .judged((Down, Response), Verdict::Lossy, &[]);
    let list = one(json!({"type": "array", "items": text()}));
    step(list, old, "    unlist: { m: { pick: last, empty: error, on_fail: { up: { default: \"-\" } } } }\n")
        .check((Up, Response), json!({"m": ["a", "b"]}), Ok(json!({"m": "b"})))
        .check((Up, Response), json!({"m": []}), Ok(json!({"m": "-"})))
        .check((Down, Request), json!({"m": "a"}), Ok(json!({"m": ["a"]})))
        .judged((Up, Response), Verdict::Lossy, &[]);
}

#[test]
fn l5_a_name_and_its_parts() {
    let verb = "    split: { m: { into: [a, b], pattern: '(?<a>\\S+) (?<b>.+)', template: '{a} {b}', on_fail: { up: { default: { a: '', b: '' } } } } }\n";
    let new = object(json!({"a": text(), "b": text()}), &["a", "b"]);
    step(one(text()), new, verb)
        .check((Up, Request), json!({"m": "Ada King Lovelace"}), Ok(json!({"a": "Ada", "b": "King Lovelace"})))
        .check((Up, Response), json!({"m": "Ada"}), Ok(json!({"a": "", "b": ""})))
        .check((Down, Response), json!({"a": "Ada", "b": "L"}), Ok(json!({"m": "Ada L"})))
        .judged((Up, Response), Verdict::Lossy, &[])
        .judged((Down, Response), Verdict::Lossy, &[]);
}

#[test]
fn l7_a_number_and_its_text() {
    let digits = one(json!({"type": "string", "pattern": "^(0|[1-9][0-9]{0,8})$"}));
    let whole = one(json!({"type": "integer", "minimum": 0, "maximum": 999_999_999}));
    step(digits, whole.clone(), "    cast: { m: { from: string, to: number } }\n")
        .check((Up, Request), json!({"m": "12"}), Ok(json!({"m": 12})))
        .check((Down, Response), json!({"m": 12}), Ok(json!({"m": "12"})))
        .judged((Up, Request), Verdict::Lossy, &[])
        .judged((Down, Response), Verdict::Bridged, &[]);
    step(one(text()), whole, "    cast: { m: { from: string, to: number } }\n")
        .check((Up, Request), json!({"m": "x"}), Err("/m"))
        .judged((Up, Request), Verdict::Broken, &[]);
}

#[test]
fn l8_euros_and_cents() {
    let cents = one(json!({"type": "integer", "minimum": 0}));
    let euros = one(json!({"type": "number", "minimum": 0}));
    step(euros, cents, "    scale: { m: { by: 100 } }\n")
        .check((Up, Request), json!({"m": 19.99}), Ok(json!({"m": 1999})))
        .check((Down, Response), json!({"m": 1999}), Ok(json!({"m": 19.99})))
        .judged((Up, Request), Verdict::Lossy, &[])
        .judged((Down, Response), Verdict::Bridged, &[]);
}

#[test]
fn l9_epoch_and_date_time() {
    let epoch = one(json!({"type": "integer", "minimum": 0, "maximum": 4_000_000_000_i64}));
    let stamp = one(json!({"type": "string", "format": "date-time"}));
    step(epoch, stamp, "    time: { m: { from: epoch-s, to: date-time } }\n")
        .check((Up, Response), json!({"m": 1_700_000_000}), Ok(json!({"m": "2023-11-14T22:13:20Z"})))
        .check((Down, Request), json!({"m": "2023-11-14T22:13:20Z"}), Ok(json!({"m": 1_700_000_000})))
        .check((Down, Request), json!({"m": "soon"}), Err("/m"))
        .judged((Up, Response), Verdict::Bridged, &[]);
}

#[test]
fn l11_a_member_made_of_others() {
    let old = object(json!({"a": text(), "b": text()}), &["a", "b"]);
    let new = object(json!({"a": text(), "b": text(), "c": text()}), &["a", "b", "c"]);
    step(old, new, "    compute: { c: { template: '{a}/{b}' } }\n")
        .check((Up, Response), json!({"a": "x", "b": "y"}), Ok(json!({"a": "x", "b": "y", "c": "x/y"})))
        .check((Down, Request), json!({"a": "x", "b": "y", "c": "z"}), Ok(json!({"a": "x", "b": "y"})))
        .judged((Up, Response), Verdict::Bridged, &[])
        .judged((Down, Request), Verdict::Lossy, &[]);
}

#[test]
fn l12_and_l13_lists_and_maps() {
    let item = |members: Value, required: &[&str]| object(members, required);
    let list = one(json!({"type": "array", "items": item(json!({"k": text(), "n": {"type": "integer"}}), &["k", "n"])}));
    let map = one(json!({"type": "object", "additionalProperties": {"type": "integer"}}));
    step(list.clone(), map, "    keyed: { m: { from: list, by: k, value: n, on_duplicate: last } }\n")
        .check((Up, Response), json!({"m": [{"k": "a", "n": 1}, {"k": "b", "n": 2}]}), Ok(json!({"m": {"a": 1, "b": 2}})))
        .check((Down, Response), json!({"m": {"b": 1}}), Ok(json!({"m": [{"k": "b", "n": 1}]})))
        .judged((Up, Response), Verdict::Lossy, &[])
        .judged((Down, Response), Verdict::Bridged, &[]);
    let groups = json!({"type": "array", "items": item(json!({"n": {"type": "integer"}}), &["n"])});
    let groups = one(json!({"type": "object", "additionalProperties": groups}));
    step(list.clone(), groups, "    group: { m: { from: list, by: k } }\n")
        .check((Up, Response), json!({"m": [{"k": "a", "n": 1}, {"k": "a", "n": 2}]}), Ok(json!({"m": {"a": [{"n": 1}, {"n": 2}]}})))
        .check((Down, Response), json!({"m": {"a": [{"n": 1}]}}), Ok(json!({"m": [{"k": "a", "n": 1}]})));
    step(list.clone(), list, "    sort: { m: { up: [-n] } }\n    filter: { m: { down: { member: k, drop: [a] } } }\n")
        .check((Up, Response), json!({"m": [{"k": "a", "n": 1}, {"k": "b", "n": 2}]}), Ok(json!({"m": [{"k": "b", "n": 2}, {"k": "a", "n": 1}]})))
        .check((Down, Response), json!({"m": [{"k": "a", "n": 1}, {"k": "b", "n": 2}]}), Ok(json!({"m": [{"k": "b", "n": 2}]})))
        .judged((Down, Response), Verdict::Lossy, &[]);
}

#[test]
fn l24_json_in_a_string() {
    let inner = object(json!({"a": {"type": "integer"}}), &[]);
    step(one(text()), one(inner), "    embed: { m: { from: text, to: json, on_fail: { up: { default: {} } } } }\n")
        .check((Up, Request), json!({"m": "{\"a\":1}"}), Ok(json!({"m": {"a": 1}})))
        .check((Up, Request), json!({"m": "{"}), Ok(json!({"m": {}})))
        .check((Down, Response), json!({"m": {"a": 1}}), Ok(json!({"m": "{\"a\":1}"})))
        .judged((Down, Response), Verdict::Bridged, &[]);
}
