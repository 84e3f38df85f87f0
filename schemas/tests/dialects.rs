//! Every draft means here what it means to a validator of that draft: documents as written against their translation.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/original.rs"]
mod original;

use evergate_schemas::describe::read_schema;
use evergate_schemas::sample::Validator;
use original::{Original, plain};
use serde_json::{Value, json};

/// Both validators say of each payload what is expected.
#[track_caller]
fn check(dialect: &str, document: &Value, valid: &[Value], invalid: &[Value]) {
    let (schema, problems) = read_schema(document, Some(dialect)).unwrap();
    assert!(problems.is_empty(), "{problems:#?}");
    let ours = Validator::new(&schema).unwrap();
    let theirs = Original::new(document, dialect).unwrap();
    let expected = valid.iter().map(|payload| (payload, true));
    for (payload, wanted) in expected.chain(invalid.iter().map(|payload| (payload, false))) {
        assert_eq!(
            theirs.is_valid(&plain(payload.clone())),
            Some(wanted),
            "{dialect} as written: {payload}"
        );
        assert_eq!(
            ours.judge(payload),
            Some(wanted),
            "{dialect} translated: {payload}\n{}",
            schema.document()
        );
    }
}

/// Draft 3, which no validator at hand knows.
#[track_caller]
fn check_draft3(document: &Value, valid: &[Value], invalid: &[Value]) {
    let (schema, problems) = read_schema(document, Some("draft3")).unwrap();
    assert!(problems.is_empty(), "{problems:#?}");
    let ours = Validator::new(&schema).unwrap();
    for payload in valid {
        assert_eq!(ours.judge(payload), Some(true), "{payload}");
    }
    for payload in invalid {
        assert_eq!(ours.judge(payload), Some(false), "{payload}");
    }
}

#[test]
fn siblings_of_a_reference_count_since_2019() {
    let document = |table: &str| json!({"properties": {"a": {"$ref": format!("#/{table}/s"), "maxLength": 1}}, table: {"s": {"type": "string"}}});
    for dialect in ["draft4", "draft6", "draft7"] {
        check(dialect, &document("definitions"), &[json!({"a": "xy"})], &[json!({"a": 1})]);
    }
    for dialect in ["2019-09", "2020-12"] {
        check(dialect, &document("$defs"), &[json!({"a": "x"})], &[json!({"a": "xy"})]);
    }
}

#[test]
fn tuples_are_items_before_2020() {
    let document = json!({"items": [{"type": "string"}], "additionalItems": {"type": "null"}});
    for dialect in ["draft4", "draft6", "draft7", "2019-09"] {
        check(dialect, &document, &[json!(["a", null]), json!([])], &[json!([1]), json!(["a", 1])]);
    }
    let alone = json!({"items": {"type": "string"}, "additionalItems": false});
    check("draft7", &alone, &[json!(["a", "b"])], &[json!([1])]);
    let modern = json!({"prefixItems": [{"type": "string"}], "items": {"type": "null"}});
    check("2020-12", &modern, &[json!(["a", null])], &[json!(["a", 1])]);
}

#[test]
fn bounds_of_draft_4_are_flags() {
    let document =
        json!({"minimum": 1, "exclusiveMinimum": true, "maximum": 3, "exclusiveMaximum": false});
    check("draft4", &document, &[json!(2), json!(3)], &[json!(1), json!(4)]);
}

#[test]
fn dependencies_of_both_kinds() {
    let document = json!({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}});
    for dialect in ["draft4", "draft6", "draft7", "2019-09", "2020-12"] {
        let invalid = [json!({"a": 1}), json!({"c": 1})];
        check(dialect, &document, &[json!({"a": 1, "b": 1}), json!({"c": 1, "d": 1})], &invalid);
    }
    let both = json!({"dependentRequired": {"a": ["b"]}, "dependencies": {"c": ["d"]}});
    check("2019-09", &both, &[json!({})], &[json!({"a": 1}), json!({"c": 1})]);
}

#[test]
fn a_keyword_of_a_later_draft_means_nothing() {
    let document =
        json!({"const": 1, "contains": false, "if": true, "then": false, "propertyNames": false});
    let (schema, problems) = read_schema(&document, Some("draft4")).unwrap();
    assert_eq!(schema.root, json!({}));
    assert_eq!(problems.len(), 5, "{problems:#?}");
    assert!(problems[0].what.contains("`const` came with draft 6 and means nothing in draft 4"));
    let document = json!({"if": true, "then": false});
    assert_eq!(read_schema(&document, Some("draft6")).unwrap().0.root, json!({}));
    let document = json!({"unevaluatedItems": false, "minContains": 2, "contains": true});
    assert_eq!(read_schema(&document, Some("draft7")).unwrap().0.root, json!({"contains": true}));
}

#[test]
fn names_are_relative_to_the_resource_they_stand_in() {
    let document = json!({"$id": "http://example.com/root.json",
    "properties": {"a": {"$ref": "folder/x.json"}, "b": {"$ref": "#there"}, "c": {"$ref": "folder/x.json#/$defs/y"}},
    "$defs": {
        "x": {"$id": "folder/x.json", "$ref": "y.json", "$defs": {"y": {"$id": "y.json", "type": "string"}}},
        "t": {"$anchor": "there", "type": "null"},
        "not": {"enum": [{"$id": "folder/y.json"}]}
    }});
    for dialect in ["2019-09", "2020-12"] {
        let invalid = [json!({"a": 1}), json!({"b": 1}), json!({"c": 1})];
        check(dialect, &document, &[json!({"a": "s", "b": null, "c": "s"})], &invalid);
    }
    let old = json!({"id": "http://example.com/root.json", "properties": {"a": {"$ref": "x.json"}, "b": {"$ref": "#t"}},
        "definitions": {"x": {"id": "x.json", "type": "string"}, "t": {"id": "#t", "type": "null"}}});
    check("draft4", &old, &[json!({"a": "s", "b": null})], &[json!({"a": 1}), json!({"b": 1})]);
    let hidden = json!({"properties": {"a": {"allOf": [{"$id": "http://localhost/sub/", "$ref": "#/definitions/s"}]}},
        "definitions": {"s": {"type": "string"}}});
    check("draft7", &hidden, &[json!({"a": "s"})], &[json!({"a": 1})]);
}

#[test]
fn a_pointer_may_lead_anywhere() {
    let document = json!({"properties": {"a": {"items": {"type": "string"}}, "b": {"$ref": "#/properties/a/items"},
        "c": {"$ref": "#/odd~1place/x%20y"}}, "odd/place": {"x y": {"type": "null"}}});
    for dialect in ["draft4", "draft7", "2020-12"] {
        let invalid = [json!({"b": 1}), json!({"c": 1})];
        check(dialect, &document, &[json!({"b": "s", "c": null})], &invalid);
    }
}

fn generic(strict: bool) -> Value {
    let entry = if strict { "http://example.com/strings" } else { "http://example.com/list" };
    json!({"$id": "http://example.com/root", "$ref": entry, "$defs": {
        "list": {"$id": "http://example.com/list", "type": "array", "items": {"$dynamicRef": "#item"},
            "$defs": {"any": {"$dynamicAnchor": "item"}}},
        "strings": {"$id": "http://example.com/strings", "$ref": "list",
            "$defs": {"text": {"$dynamicAnchor": "item", "type": "string"}}}
    }})
}

#[test]
fn a_dynamic_reference_means_what_the_way_to_it_says() {
    check("2020-12", &generic(false), &[json!([1]), json!(["a"])], &[json!(1)]);
    check("2020-12", &generic(true), &[json!(["a"])], &[json!([1])]);
    // Both ways in one document: one component, two meanings.
    let both = json!({"$id": "http://example.com/both", "properties": {
            "any": {"$ref": "http://example.com/list"}, "strings": {"$ref": "http://example.com/strings"}},
        "$defs": generic(true)["$defs"]});
    let invalid = [json!({"strings": [1]}), json!({"any": 1})];
    check("2020-12", &both, &[json!({"any": [1], "strings": ["a"]})], &invalid);
    // Not a dynamic anchor where it first leads: an ordinary reference.
    let plain = json!({"$id": "http://example.com/p", "$ref": "q", "$defs": {
        "q": {"$id": "q", "properties": {"a": {"$dynamicRef": "#x"}}, "$defs": {"x": {"$anchor": "x", "type": "null"}}},
        "x": {"$dynamicAnchor": "x", "type": "string"}}});
    check("2020-12", &plain, &[json!({"a": null})], &[json!({"a": "s"})]);
}

#[test]
fn a_tree_can_be_made_strict_from_outside() {
    let tree = |dynamic: bool| {
        let (reference, anchor, target) = if dynamic {
            ("$dynamicRef", json!({"$dynamicAnchor": "node"}), "#node")
        } else {
            ("$recursiveRef", json!({"$recursiveAnchor": true}), "#")
        };
        let mut inner = json!({"$id": "http://example.com/tree", "type": "object",
            "properties": {"data": true, "children": {"type": "array", "items": {reference: target}}}});
        let mut outer = json!({"$id": "http://example.com/strict", "$ref": "tree", "unevaluatedProperties": false});
        for schema in [&mut inner, &mut outer] {
            schema.as_object_mut().unwrap().extend(anchor.as_object().unwrap().clone());
        }
        outer["$defs"] = json!({ "tree": inner });
        outer
    };
    let valid = [json!({"children": [{"data": 1}]})];
    let invalid = [json!({"children": [{"daat": 1}]}), json!({"daat": 1})];
    check("2020-12", &tree(true), &valid, &invalid);
    check("2019-09", &tree(false), &valid, &invalid);
}

#[test]
fn items_that_contains_found_are_evaluated() {
    let document = json!({"contains": {"type": "string"}, "unevaluatedItems": {"type": "null"}});
    // 2019-09 §9.3.1.3 does not say so, but validators of that draft agree on it.
    for dialect in ["2019-09", "2020-12"] {
        check(dialect, &document, &[json!(["a", null])], &[json!(["a", 1]), json!([null])]);
    }
    let tuple = json!({"items": [true], "unevaluatedItems": {"type": "null"}});
    check("2019-09", &tuple, &[json!([1, null])], &[json!([1, 1])]);
}

#[test]
fn drafts_mix_by_their_own_word() {
    let document = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "http://example.com/new",
        "properties": {"a": {"$ref": "old"}, "b": {"prefixItems": [{"type": "string"}]}},
        "$defs": {"old": {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "old",
            "items": [{"type": "string"}], "additionalItems": {"$ref": "#/definitions/n", "maximum": 1},
            "definitions": {"n": {"type": "integer"}}}}});
    let invalid = [json!({"a": [1]}), json!({"a": ["s", "s"]}), json!({"b": [1]})];
    check("2020-12", &document, &[json!({"a": ["s", 5], "b": ["s"]})], &invalid);
}

#[test]
fn metaschemas_are_at_hand() {
    let reference = |url: &str| json!({"properties": {"s": {"$ref": url}}});
    let valid = [json!({"s": {"type": "string", "properties": {"a": {"minimum": 1}}}})];
    let invalid =
        [json!({"s": {"properties": {"a": {"type": "strange"}}}}), json!({"s": {"minLength": -1}})];
    check("draft4", &reference("http://json-schema.org/draft-04/schema#"), &valid, &invalid);
    check("draft6", &reference("http://json-schema.org/draft-06/schema#"), &valid, &invalid);
    check("draft7", &reference("http://json-schema.org/draft-07/schema#"), &valid, &invalid);
    check("2019-09", &reference("https://json-schema.org/draft/2019-09/schema"), &valid, &invalid);
    check("2020-12", &reference("https://json-schema.org/draft/2020-12/schema"), &valid, &invalid);
}

#[test]
fn draft_3_is_lifted() {
    let document =
        json!({"type": ["integer", {"type": "string", "maxLength": 2}], "disallow": "null"});
    check_draft3(&document, &[json!(1), json!("ab")], &[json!(null), json!("abc"), json!(1.5)]);
    let document = json!({"type": "object", "properties": {"a": {"type": "any", "required": true}, "b": {"divisibleBy": 2}},
        "dependencies": {"b": "c"}, "extends": {"properties": {"c": {"type": ["null", {"enum": [1]}]}}}});
    let invalid = [
        json!({}),
        json!({"a": 1, "b": 3, "c": 1}),
        json!({"a": 1, "b": 2}),
        json!({"a": 1, "c": 2}),
    ];
    check_draft3(
        &document,
        &[json!({"a": 1, "b": 2, "c": null}), json!({"a": 1, "c": 1})],
        &invalid,
    );
}

#[test]
fn what_is_no_schema_is_refused_and_what_is_unknown_is_said() {
    let refused = |value: Value, dialect| read_schema(&value, dialect).unwrap_err().remove(0).what;
    assert!(refused(json!([]), None).contains("no schema"));
    assert!(refused(json!({}), Some("draft9")).contains("`draft9` is not known"));
    let deep = (0..200).fold(json!({}), |inner, _| json!({ "not": inner }));
    assert!(refused(deep, None).contains("deeper than 128"));
    let (_, problems) = read_schema(&json!({"$schema": "http://example.com/own"}), None).unwrap();
    assert!(
        problems[0].what.contains("is not known; it is read as draft 2020-12"),
        "{problems:#?}"
    );
}
