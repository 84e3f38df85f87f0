//! What a walk tells, where, and of which messages.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Change, Direction, Level, Policy, changes};
use crate::describe::model::{Components, Content, Description};
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::schema::Defs;
use crate::version::Version;

fn description(written: &Value) -> Description {
    let place = Place { file: Arc::from("api.yaml"), line: 1, column: 1, pointer: Pointer::root() };
    let each = |key: &str| written[key].as_object().into_iter().flatten();
    let defs = each("defs").map(|(key, one)| (key.clone(), one.clone()));
    let documents = each("documents").map(|(name, root)| {
        (name.clone(), Content::new("application/json", root.clone(), place.clone()))
    });
    Description {
        documents: documents.collect(),
        components: Components { written: Arc::new(Defs(defs.collect())), ..Components::default() },
        ..Description::new(Version::new("1"), Arc::from("api.yaml"))
    }
}

fn rows(old: &Value, new: &Value) -> Vec<Change> {
    changes(&description(old), &description(new))
}

#[track_caller]
fn check(old: &Value, new: &Value, expected: &[(&str, &str, &str)]) {
    let rows = rows(old, new);
    let seen: Vec<_> =
        rows.iter().map(|one| (one.rule.id, one.subject.as_str(), one.pointer.as_str())).collect();
    assert_eq!(seen, expected);
}

#[track_caller]
fn check_document(old: &Value, new: &Value, expected: &[(&str, &str)]) {
    let document = |schema: &Value| json!({"documents": {"a": schema}});
    let expected: Vec<_> = expected.iter().map(|(rule, at)| (*rule, "document `a`", *at)).collect();
    check(&document(old), &document(new), &expected);
}

#[test]
fn a_shared_and_recursive_component_is_told_once_and_of_all_it_reaches() {
    let version = |kind: &str| {
        json!({
            "defs": {"node": {"properties": {
                "kind": {"type": kind}, "next": {"$ref": "#/$defs/node"}
            }}},
            "documents": {"a": {"$ref": "#/$defs/node"}, "b": {"items": {"$ref": "#/$defs/node"}}}
        })
    };
    let (old, new) = (version("string"), version("number"));
    check(&old, &new, &[("type-changed", "component `node`", "/kind")]);
    let rows = rows(&old, &new);
    let reached: Vec<&str> =
        rows[0].reached.iter().map(|one| one.message.operation.as_str()).collect();
    assert_eq!(reached, ["a", "b"]);
    let at = rows[0].new_schema.as_ref().unwrap();
    assert_eq!(
        (at.component.as_deref(), at.pointer.as_str()),
        (Some("node"), "/properties/kind/type")
    );
}

#[test]
fn composition_is_folded_before_it_is_compared() {
    let old = json!({"allOf": [{"properties": {"x": {}}}, {"required": ["x"]}]});
    check_document(&old, &json!({"properties": {"x": {}}, "required": ["x"]}), &[]);
    let all = |least: u32| json!({"allOf": [{"minLength": 1}, {"minLength": least}]});
    check_document(&all(1), &all(3), &[("length-tightened", "")]);
    let two = |x: &Value| json!({"allOf": [{"properties": {"x": x}}, {"properties": {"x": {"maxLength": 9}}}]});
    let (text, number) = (json!({"type": "string"}), json!({"type": "number"}));
    check_document(&two(&text), &two(&number), &[("type-changed", "/x")]);
}

#[test]
fn a_moved_or_renamed_component_is_no_change() {
    let version = |cat: &str, dog: &str, turned: bool| {
        let to = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
        let mut variants = vec![to(cat), to(dog)];
        if turned {
            variants.reverse();
        }
        json!({
            "defs": {
                cat: {"type": "object", "properties": {"meows": {"type": "boolean"}, "friend": to(dog)}},
                dog: {"type": "object", "properties": {"barks": {"type": "boolean"}}}
            },
            "documents": {
                "pet": {"oneOf": variants},
                "all": {"allOf": [to(cat), to(dog)]},
                "inline": {"items": to(cat)}
            }
        })
    };
    check(&version("Cat", "Dog", false), &version("Tom", "Rex", true), &[]);
}

#[test]
fn a_changed_variant_is_followed_by_likeness() {
    let variants = |more: &str| {
        json!({"oneOf": [
            {"type": "object", "properties": {"meows": {"type": "boolean"}, "name": {"type": "string"}}},
            {"type": "object", "properties": {"barks": {"type": "boolean"}, "size": {"type": more}}}
        ]})
    };
    let (old, new) = (variants("string"), variants("number"));
    check_document(&old, &new, &[("type-changed", "/size")]);
    let tighter = |least: u32| json!({"oneOf": [{"minLength": least}, {"type": "number"}]});
    let found =
        rows(&json!({"documents": {"a": tighter(1)}}), &json!({"documents": {"a": tighter(2)}}));
    // A number has no length: it used to fit two variants or one, so neither direction is safe by its looks.
    for direction in [Direction::Backward, Direction::Forward] {
        assert!(found[0].level(direction, Policy::Standard) >= Level::Risky);
    }
}

#[test]
fn a_schema_that_became_a_variant_is_followed() {
    let card = json!({"type": "object", "properties": {"card": {"type": "string"}}});
    let iban = json!({"type": "object", "properties": {"iban": {"type": "string"}}});
    check_document(&card, &json!({"oneOf": [iban, card]}), &[("variant-added", "")]);
    check_document(&json!({"anyOf": [card, iban]}), &card, &[("variant-removed", "")]);
}

#[test]
fn null_spelled_in_any_way_is_null() {
    let nullable = json!({"type": ["string", "null"], "default": "x"});
    let union = json!({"anyOf": [{"type": "string"}, {"type": "null"}], "default": "x"});
    check_document(&nullable, &union, &[]);
    check_document(&json!({"type": "string", "default": "x"}), &union, &[("null-allowed", "")]);
    let inner = json!({"anyOf": [{"type": "number"}, {"type": "null"}], "default": "x"});
    check_document(&union, &inner, &[("type-changed", "")]);
}

#[test]
fn a_member_that_is_declared_now_is_compared_with_what_held_for_all() {
    let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let new = json!({"type": "object", "additionalProperties": {"type": "string"}, "properties": {"n": {"type": "number"}}});
    check_document(&map, &new, &[("type-changed", "/n"), ("property-added", "/n")]);
}

#[test]
fn required_names_that_nothing_declares_are_told() {
    let required = |name: &str| json!({"type": "object", "required": [name]});
    let expected = [("property-became-optional", "/a"), ("property-became-required", "/b")];
    check_document(&required("a"), &required("b"), &expected);
}

#[test]
fn two_branching_compositions_end() {
    // Neither side is a plain reference, so only the memory of what was walked ends the recursion.
    let version = |kind: &str| {
        json!({
            "defs": {"node": {"properties": {
                "left": {"allOf": [{"$ref": "#/$defs/node"}], "minProperties": 1},
                "right": {"allOf": [{"$ref": "#/$defs/node"}], "minProperties": 1},
                "kind": {"type": kind}
            }}},
            "documents": {"a": {"$ref": "#/$defs/node"}}
        })
    };
    let rows = rows(&version("string"), &version("number"));
    assert!(rows.iter().all(|one| one.rule.id == "type-changed"));
    assert!((1..=3).contains(&rows.len()), "{}", rows.len());
}

#[test]
fn a_fingerprint_names_no_line_and_no_value() {
    let version = |most: u32| json!({"documents": {"a": {"maxLength": most}}});
    let basis = |old, new| rows(&version(old), &version(new))[0].basis();
    assert_eq!(basis(9, 8), basis(7, 6));
    assert_eq!(basis(9, 8), "length-tightened\ndocument `a`\n");
}
