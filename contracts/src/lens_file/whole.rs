//! The file as a whole, and its schema.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::entry::Entry;

/// What one version declares about its predecessor.
#[derive(JsonSchema)]
#[schemars(title = "changes.yaml", deny_unknown_fields)]
#[expect(dead_code, reason = "read as a schema only")]
struct File {
    /// Each change, in the order in which they are made.
    changes: Option<Vec<Entry>>,
}

/// The schema (draft 2020-12) of `changes.yaml`. It says less than the reader of the file, which looks members up in
/// both versions; what it refuses the reader refuses too.
pub fn json_schema() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>().to_value()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use evergate_schemas::plan::lens::entry_words;
    use serde_json::{Value, json};

    use super::json_schema;

    fn entry() -> Value {
        let schema = json_schema();
        schema.pointer("/$defs/Entry").unwrap().clone()
    }

    #[test]
    fn every_verb_of_the_reader_is_in_the_schema_and_no_other() {
        let entry = entry();
        let known: BTreeSet<&str> = entry_words().collect();
        let written: BTreeSet<&str> =
            entry["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(written, known);
        let described =
            |one: &Value| one["description"].as_str().is_some_and(|text| text.len() > 10);
        for (name, property) in entry["properties"].as_object().unwrap() {
            assert!(described(property), "{name} is not described");
        }
    }

    #[track_caller]
    fn check(entry: &Value, taken: bool) {
        let validator = jsonschema::validator_for(&json_schema()).unwrap();
        let mut whole = json!({"say": "s", "at": "x"});
        whole.as_object_mut().unwrap().extend(entry.as_object().unwrap().clone());
        let file = json!({ "changes": [whole] });
        let errors: Vec<String> = validator
            .iter_errors(&file)
            .map(|one| format!("{}: {one}", one.instance_path()))
            .collect();
        assert_eq!(errors.is_empty(), taken, "{entry}: {errors:?}");
    }

    #[test]
    fn what_each_verb_takes_and_what_not() {
        check(&json!({"rename": {"a": "b"}}), true);
        check(&json!({"rename": {"a": 1}}), false);
        check(&json!({"ranem": {"a": "b"}}), false);
        check(&json!({"map": {"member": "a", "values": {"x": 1}}}), true);
        check(
            &json!({"map": [{"member": "a", "values": {"x": 1}, "otherwise": {"up": null}}]}),
            true,
        );
        check(&json!({"map": {"values": {"x": 1}}}), false);
        check(&json!({"add": {"a": {"constant": null}}}), true);
        check(&json!({"add": {"a": {"constant": 1, "header": "x"}}}), false);
        check(&json!({"supply": {"up": {"a": {"member": "b/c"}}}}), true);
        check(&json!({"supply": {"a": {"member": "b/c"}}}), false);
        check(&json!({"on_null": {"a": {"down": "omit"}}}), true);
        check(&json!({"on_null": {"a": {"down": {"default": []}}}}), true);
        check(&json!({"on_null": {"a": "omit"}}), false);
        check(
            &json!({"on_range": {"a": {"request": "error", "response": {"down": "clamp"}}}}),
            true,
        );
        check(&json!({"on_range": {"a": null}}), true);
        check(&json!({"on_range": {"a": "shrink"}}), false);
        check(&json!({"on_extra": {"a": "drop"}}), true);
        check(&json!({"on_missing": {"a": {"up": {"default": 1}}}}), true);
        check(&json!({"on_conflict": {"a": "prefer_new"}}), true);
        check(&json!({"on_conflict": {"a": {"up": "prefer_old", "down": "must_equal"}}}), true);
        check(&json!({"on_conflict": {"a": "newest"}}), false);
        check(
            &json!({"list": {"a": "b", "c": {"to": "d", "pick": "only", "empty": "error"}}}),
            true,
        );
        check(&json!({"list": {"a": {"pick": "any"}}}), false);
        check(
            &json!({"cast": {"a": {"from": "string", "to": "integer", "on_fail": {"up": "omit"}}}}),
            true,
        );
        check(&json!({"cast": {"a": {"from": "string"}}}), false);
        check(&json!({"scale": {"a": {"by": "1/100", "places": {"up": 2}}}}), true);
        check(&json!({"sort": {"a": {"up": ["b", "-c"], "down": "d"}}}), true);
        check(&json!({"filter": {"a": {"down": {"member": "b", "drop": ["x"]}}}}), true);
        check(&json!({"filter": {"a": {"down": {"drop": ["x"], "keep": ["y"]}}}}), false);
        check(&json!({"wrap": {"a": ["b"], "c": {"parts": {"d": "e"}, "null": "parts"}}}), true);
        check(&json!({"wrap": {"a": []}}), false);
        check(&json!({"envelope": "data"}), true);
        check(&json!({"tag_union": {"tag": "t", "variants": ["a"], "old": "flat"}}), false);
        check(&json!({"case": {"from": "snake", "to": "camel"}}), true);
        check(&json!({"parameter": {"add": {"a": {"in": "query", "constant": 1}}}}), true);
        check(&json!({"parameter": {"add": {"a": {"constant": 1}}}}), false);
        check(
            &json!({"parameter": {"move": {"a": {"from": "query", "to": "header", "as": "X-A"}}}}),
            true,
        );
        check(&json!({"parameter": {"move": {"a": {"from": "query", "to": "body"}}}}), true);
        check(&json!({"parameter": {"move": {"/a/b": {"from": "body", "to": "path"}}}}), true);
        check(&json!({"parameter": {"move": {"a": {"from": "query", "to": "trailer"}}}}), false);
        check(&json!({"route": "POST /a/search"}), true);
        check(&json!({"route": {"to": "POST /a/search", "unsafe": "allow"}}), true);
        check(&json!({"route": {"to": "POST /a/search", "unsafe": "yes"}}), false);
        check(&json!({"names": {"fields": {"grammar": "field-mask", "of": "request"}}}), true);
        check(&json!({"names": {"fields": {"grammar": "prose"}}}), false);
        check(&json!({"at": []}), false);
    }
}
