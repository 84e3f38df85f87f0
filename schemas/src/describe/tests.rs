//! What the loader makes of small documents, one translation each.

use std::path::Path;

use serde_json::{Value, json};

use super::model::{Api, Description, Location};
use super::{Limits, find_apis, load_api, load_document};
use crate::schema::{Role, Side};

fn write(directory: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn load(files: &[(&str, &str)]) -> Result<Api, Vec<crate::problem::Problem>> {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), files);
    load_api(directory.path(), &Limits::default())
}

fn said(problems: &[crate::problem::Problem]) -> Vec<String> {
    problems
        .iter()
        .map(|problem| format!("{}:{} {}", problem.place.line, problem.place.column, problem.what))
        .collect()
}

fn check_problems(problems: &[crate::problem::Problem], wanted: &[&str]) {
    let said = said(problems);
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for (said, wanted) in said.iter().zip(wanted) {
        assert!(said.contains(wanted), "{said} lacks {wanted}");
    }
}

/// Translates the schema `A` of a document that opens with `head`.
fn check_schema(head: &str, schema: &Value, wanted: &Value, problems: &[&str]) {
    let head: Value = serde_json::from_str(head).unwrap();
    let table = json!({"A": schema, "B": {"type": "string"}});
    let mut document = head.as_object().unwrap().clone();
    document.insert("paths".to_owned(), json!({}));
    if head.get("swagger").is_some() {
        document.insert("definitions".to_owned(), table);
    } else {
        document.insert("components".to_owned(), json!({ "schemas": table }));
    }
    let text = serde_json::to_string(&document).unwrap();
    let api = load(&[("v1/openapi.json", &text)]).unwrap();
    assert_eq!(&api.versions[0].components.written.0["A"], wanted, "{schema}");
    check_problems(&api.problems, problems);
}

const OLD: &str = r#"{"openapi": "3.0.3"}"#;
const NEW: &str = r#"{"openapi": "3.1.0"}"#;
const SWAGGER: &str = r#"{"swagger": "2.0"}"#;

#[test]
fn null_is_allowed_where_the_author_meant_it() {
    let text = json!({"type": "string", "nullable": true});
    check_schema(OLD, &text, &json!({"type": ["string", "null"]}), &[]);
    check_schema(NEW, &text, &json!({"type": "string"}), &["`nullable` means nothing"]);
    let swagger = json!({"type": "string", "x-nullable": true});
    check_schema(SWAGGER, &swagger, &json!({"type": ["string", "null"]}), &[]);
    let enumerated = json!({"type": "string", "nullable": true, "enum": ["a"]});
    check_schema(OLD, &enumerated, &json!({"type": ["string", "null"], "enum": ["a", null]}), &[]);
    let composed =
        json!({"nullable": true, "readOnly": true, "allOf": [{"$ref": "#/components/schemas/B"}]});
    let wanted =
        json!({"readOnly": true, "anyOf": [{"allOf": [{"$ref": "#/$defs/B"}]}, {"type": "null"}]});
    check_schema(OLD, &composed, &wanted, &[]);
}

#[test]
fn siblings_of_a_reference_count_only_where_the_dialect_says_so() {
    let schema = json!({"$ref": "#/components/schemas/B", "nullable": true, "maxLength": 3, "description": "b"});
    check_schema(OLD, &schema, &json!({"$ref": "#/$defs/B"}), &[]);
    let wanted = json!({"$ref": "#/$defs/B", "maxLength": 3});
    check_schema(NEW, &schema, &wanted, &["`nullable` means nothing"]);
}

#[test]
fn bounds_and_tuples_are_lifted() {
    let schema =
        json!({"minimum": 1, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false});
    check_schema(OLD, &schema, &json!({"exclusiveMinimum": 1, "maximum": 9}), &[]);
    let schema = json!({"exclusiveMinimum": 1, "minimum": 0});
    check_schema(NEW, &schema, &schema, &[]);
    let schema = json!({"items": [{"type": "string"}], "additionalItems": false});
    check_schema(NEW, &schema, &json!({"prefixItems": [{"type": "string"}], "items": false}), &[]);
    let schema = json!({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}});
    let wanted =
        json!({"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}}});
    check_schema(NEW, &schema, &wanted, &[]);
}

#[test]
fn what_no_dialect_knows_is_left_out_with_a_warning() {
    let schema = json!({"type": "date", "required": true, "minLength": -1, "maxLength": 3.0, "multipleOf": 0,
        "pattern": "(?=a)b", "properties": {"pattern": {"type": "string"}}, "title": "x", "x-y": 1});
    let wanted = json!({"maxLength": 3, "properties": {"pattern": {"type": "string"}}, "x-unread-pattern": "(?=a)b"});
    let problems = ["`minLength`", "`multipleOf`", "`required`", "no type `date`", "look-around"];
    check_schema(OLD, &schema, &wanted, &problems);
    check_schema(OLD, &json!({"type": "file"}), &json!({"type": "string"}), &[]);
    check_schema(
        OLD,
        &json!({"items": 3}),
        &json!({"items": true}),
        &["neither an object nor a boolean"],
    );
}

#[test]
fn a_discriminator_keeps_its_components() {
    let schema = json!({"oneOf": [{"$ref": "#/components/schemas/B"}],
        "discriminator": {"propertyName": "t", "mapping": {"b": "#/components/schemas/B", "c": "B"}}});
    let wanted = json!({"oneOf": [{"$ref": "#/$defs/B"}],
        "x-discriminator": {"propertyName": "t", "mapping": {"b": "#/$defs/B", "c": "#/$defs/B"}}});
    check_schema(OLD, &schema, &wanted, &[]);
}

#[test]
fn references_stay_in_the_directory() {
    let nowhere = json!({"properties": {
        "a": {"$ref": "#/components/schemas/Gone"}, "b": {"$ref": "../../secret.json"},
        "c": {"$ref": "/etc/passwd"}, "d": {"$ref": "https://example.com/x.json"}
    }});
    let wanted = json!({"properties": {
        "a": {"x-unresolved": "#/components/schemas/Gone"}, "b": {"x-unresolved": "../../secret.json"},
        "c": {"x-unresolved": "/etc/passwd"}, "d": {"x-unresolved": "https://example.com/x.json"}
    }});
    check_schema(
        NEW,
        &nowhere,
        &wanted,
        &["leads nowhere", "leads out of", "absolute path", "is remote"],
    );
    check_schema(
        NEW,
        &json!({"$ref": "#/components/schemas/A"}),
        &json!({"x-unresolved": "#/$defs/A"}),
        &["itself"],
    );
}

#[test]
fn a_link_out_of_the_directory_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let text = r#"{"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"A": {"$ref": "link.json"}}}}"#;
    write(directory.path(), &[("api/v1/openapi.json", text), ("secret.json", "{}")]);
    #[cfg(unix)]
    std::os::unix::fs::symlink(
        directory.path().join("secret.json"),
        directory.path().join("api/v1/link.json"),
    )
    .unwrap();
    let api = load_api(&directory.path().join("api"), &Limits::default()).unwrap();
    assert!(api.versions[0].components.written.0["A"].get("x-unresolved").is_some());
}

#[test]
fn references_cross_files_and_names() {
    let main = r##"{"openapi": "3.1.0", "paths": {}, "components": {"schemas": {
        "A": {"$ref": "src/parts.yaml#/components/schemas/a%20b"},
        "B": {"$ref": "src/parts.yaml#/components/schemas/A"},
        "C": {"$ref": "https://example.com/named#there"},
        "D": {"$id": "https://example.com/named", "$defs": {"x": {"$anchor": "there", "type": "null"}}},
        "E": {"properties": {"e": {"$ref": "#/components/schemas/D/$defs/x"}}}
    }}}"##;
    let parts = "components:\n  schemas:\n    a b: {items: {$ref: '#/components/schemas/A'}}\n    A: {type: string}\n";
    let api = load(&[("v1/openapi.json", main), ("v1/src/parts.yaml", parts)]).unwrap();
    check_problems(&api.problems, &[]);
    let defs = &api.versions[0].components.written.0;
    assert_eq!(defs["A"], json!({"$ref": "#/$defs/a_b"}));
    assert_eq!(defs["B"], json!({"$ref": "#/$defs/parts.A"}));
    assert_eq!(defs["a_b"], json!({"items": {"$ref": "#/$defs/parts.A"}}));
    assert_eq!(defs["C"], json!({"$ref": "#/$defs/D._defs.x"}));
    assert_eq!(defs["E"]["properties"]["e"], json!({"$ref": "#/$defs/D._defs.x"}));
}

#[test]
fn plain_schemas_are_messages_by_file_name() {
    let tree = r##"{"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://example.com/tree",
        "type": "object", "properties": {"id": {"type": "string"}, "child": {"$ref": "#"}, "l": {"$ref": "leaf.json"}},
        "definitions": {"unused": {}}}"##;
    let api = load(&[
        ("1-0-0/tree.json", tree),
        ("1-0-0/leaf.json", r#"{"$id": "http://example.com/x", "type": "null"}"#),
    ])
    .unwrap();
    check_problems(&api.problems, &[]);
    let version = &api.versions[0];
    assert_eq!(version.documents.keys().collect::<Vec<_>>(), ["leaf", "tree"]);
    assert_eq!(version.documents["tree"].root, json!({"$ref": "#/$defs/tree"}));
    let wanted = json!({"type": "object", "properties": {
        "id": {"type": "string"}, "child": {"$ref": "#/$defs/tree"}, "l": {"$ref": "#/$defs/leaf"}}});
    assert_eq!(version.components.written.0["tree"], wanted);
}

const ORDERS: &str = "
openapi: 3.0.3
servers: [{url: 'https://example.com/{stage}/', variables: {stage: {default: live}}}]
paths:
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: page, in: query, schema: {type: integer}}
    put:
      operationId: putOrder
      parameters:
        - {name: page, in: query, required: true, schema: {type: number}}
        - {name: Accept, in: header, schema: {type: string}}
        - {name: X-Trace, in: header, schema: {type: string}}
        - {name: filter, in: query, content: {application/json: {schema: {type: object}}}}
      requestBody: {$ref: '#/components/requestBodies/Order'}
      responses:
        200: {$ref: '#/components/responses/Done'}
        4XX: {description: no, content: {Application/JSON; charset=utf-8: {}}}
        default: {description: other}
        nope: {description: odd}
components:
  requestBodies: {Order: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}}
  responses:
    Done: {description: ok, headers: {ETag: {required: true, schema: {type: string}}}}
  schemas:
    Order: {type: object, required: [id], properties: {id: {type: string, readOnly: true}}}
";

fn only(text: &str) -> (Api, std::sync::Arc<Description>) {
    let api = load(&[("v1/openapi.yaml", text)]).unwrap();
    let version = std::sync::Arc::clone(&api.versions[0]);
    (api, version)
}

#[test]
fn operations_have_their_whole_message() {
    let (api, version) = only(ORDERS);
    check_problems(&api.problems, &["21:9 `nope` is no status"]);
    assert_eq!(version.base_paths, ["/live"]);
    let operation = version.operation("PUT /orders/{}").unwrap();
    let parameters: Vec<String> = operation
        .parameters
        .iter()
        .map(|one| {
            format!("{} {:?} {} {} {}", one.name, one.location, one.required, one.style, one.root)
        })
        .collect();
    insta::assert_snapshot!(parameters.join("\n"), @r#"
    page Query true form,explode {"type":"number"}
    x-trace Header false simple {"type":"string"}
    filter Query false content:application/json {"type":"object"}
    id Path true simple {"type":"string"}
    "#);
    let body = operation.body.as_ref().unwrap();
    assert!(body.required);
    assert_eq!(body.contents[0].root, json!({"$ref": "#/$defs/Order"}));
    let sender = version.schema(&body.contents[0].root, Side::Request, Role::Sender);
    assert_eq!(sender.defs.0["Order"], json!({"type": "object", "properties": {}}));
    let statuses: Vec<String> =
        operation.responses.iter().map(|one| one.status.to_string()).collect();
    assert_eq!(statuses, ["200", "4XX", "default"]);
    assert_eq!(
        operation.response(404).unwrap().contents[0].media_type,
        "application/json;charset=utf-8"
    );
    assert_eq!(operation.response(200).unwrap().headers[0].name, "etag");
    assert_eq!(operation.place.line, 9);
}

#[test]
fn swagger_is_lifted() {
    let (api, version) = only(
        "
swagger: '2.0'
basePath: /v1/
consumes: [application/json]
produces: [application/json, text/plain]
paths:
  /a/{id}:
    post:
      parameters:
        - {name: id, in: path, type: string, required: true}
        - {name: tags, in: query, type: array, items: {type: string}, collectionFormat: multi}
        - {name: ids, in: query, type: array, items: {type: string}}
        - {name: body, in: body, required: true, schema: {$ref: '#/definitions/A'}}
      responses: {200: {description: ok, schema: {type: file}, headers: {X-N: {type: integer}}}}
    put:
      parameters:
        - {name: f, in: formData, type: file, required: true}
        - {name: n, in: formData, type: integer}
      responses: {204: {description: ok}}
definitions: {A: {type: object}}
",
    );
    check_problems(&api.problems, &["the path parameter `id` is not declared"]);
    assert_eq!(version.base_paths, ["/v1"]);
    let post = version.operation("POST /a/{}").unwrap();
    let styles: Vec<&str> = post.parameters.iter().map(|one| one.style.as_str()).collect();
    assert_eq!(styles, ["simple", "form,explode", "form"]);
    assert_eq!(post.parameters[1].root, json!({"type": "array", "items": {"type": "string"}}));
    assert_eq!(post.body.as_ref().unwrap().contents[0].root, json!({"$ref": "#/$defs/A"}));
    let ok = post.response(200).unwrap();
    assert_eq!(ok.contents.len(), 2);
    assert_eq!(ok.contents[0].root, json!({"type": "string"}));
    assert_eq!(ok.headers[0].root, json!({"type": "integer"}));
    let put = version.operation("PUT /a/{}").unwrap();
    let form = &put.body.as_ref().unwrap().contents[0];
    assert_eq!(form.media_type, "multipart/form-data");
    let wanted = json!({"type": "object", "required": ["f"],
        "properties": {"f": {"type": "string"}, "n": {"type": "integer"}}});
    assert_eq!(form.root, wanted);
    assert_eq!(put.parameters[0].location, Location::Path);
}

#[test]
fn versions_have_an_order_or_a_remedy() {
    let open = r#"{"openapi": "3.1.0", "paths": {}}"#;
    let labels =
        |api: &Api| api.versions.iter().map(|one| one.version.to_string()).collect::<Vec<_>>();
    let api = load(&[("v10/openapi.json", open), ("v9/openapi.json", open), ("notes/a.txt", "")])
        .unwrap();
    assert_eq!(labels(&api), ["v9", "v10"]);
    let problems = load(&[("v1/openapi.json", open), ("next/openapi.json", open)]).unwrap_err();
    assert!(problems[0].to_string().contains("versions.txt"), "{problems:?}");
    let listed = [
        ("next/openapi.json", open),
        ("v1/openapi.json", open),
        ("old/openapi.json", open),
        ("versions.txt", "v1 # first\nnext\ngone\n"),
    ];
    let api = load(&listed).unwrap();
    assert_eq!(labels(&api), ["v1", "next"]);
    check_problems(
        &api.problems,
        &["3:1 the version `gone` has no directory", "`old` is not listed"],
    );
}

#[test]
fn one_bad_version_leaves_the_others() {
    let open = r#"{"openapi": "3.1.0", "paths": {}}"#;
    let api = load(&[("v1/openapi.json", "{"), ("v2/openapi.json", open)]).unwrap();
    assert_eq!(api.versions.len(), 1);
    check_problems(&api.problems, &["expected a member name"]);
    check_problems(&load(&[("v1/openapi.json", "{")]).unwrap_err(), &["expected a member name"]);
    check_problems(&load(&[]).unwrap_err(), &["no subdirectory holds"]);
}

#[test]
fn the_main_document_is_found() {
    let (open, other) = (r#"{"openapi": "3.1.0", "paths": {"/a": {}}}"#, r#"{"type": "null"}"#);
    let api =
        load(&[("v1/api.json", open), ("v1/part.json", other), ("v1/changes.yaml", "changes: []")])
            .unwrap();
    assert!(api.versions[0].file.ends_with("api.json"));
    let api = load(&[("v1/openapi.yaml", "openapi: 3.0.0\npaths: {}"), ("v1/openapi.json", open)])
        .unwrap();
    assert!(api.versions[0].file.ends_with("openapi.json"));
    check_problems(
        &load(&[("v1/a.json", open), ("v1/b.json", open)]).unwrap_err(),
        &["more than one OpenAPI document"],
    );
}

#[test]
fn apis_and_documents_are_found_by_path() {
    let directory = tempfile::tempdir().unwrap();
    let open = r#"{"openapi": "3.1.0", "paths": {}}"#;
    write(
        directory.path(),
        &[("x/a/v1/openapi.json", open), ("b/v1/openapi.json", open), ("b/odd.json", open)],
    );
    let found = find_apis(directory.path());
    assert_eq!(found, [directory.path().join("b"), directory.path().join("x/a")]);
    assert_eq!(find_apis(&found[0]), [directory.path().join("b")]);
    for path in ["b/v1/openapi.json", "b/v1"] {
        let api = load_document(&directory.path().join(path), &Limits::default()).unwrap();
        assert_eq!(api.versions[0].version.as_str(), "v1");
    }
    let api = load_document(&directory.path().join("b/odd.json"), &Limits::default()).unwrap();
    assert_eq!(api.versions[0].version.as_str(), "odd");
}

fn content_line(content: &super::model::Content) -> String {
    format!("    {} {}", content.media_type, content.root)
}

fn summary(version: &Description) -> String {
    let mut lines = vec![format!("{} {:?}", version.version, version.base_paths)];
    for one in &version.operations {
        lines.push(format!("{} ({})", one.key, one.operation_id.as_deref().unwrap_or_default()));
        for parameter in &one.parameters {
            let must = if parameter.required { "required" } else { "optional" };
            lines.push(format!(
                "  {:?} {} {must} {}",
                parameter.location, parameter.name, parameter.style
            ));
        }
        if let Some(body) = &one.body {
            lines
                .push(format!("  request {}", if body.required { "required" } else { "optional" }));
            lines.extend(body.contents.iter().map(content_line));
        }
        for response in &one.responses {
            lines.push(format!(
                "  {} {:?}",
                response.status,
                response.headers.iter().map(|one| &one.name).collect::<Vec<_>>()
            ));
            lines.extend(response.contents.iter().map(content_line));
        }
    }
    for (key, schema) in &version.components.written.0 {
        lines.push(format!("{key}: {schema}"));
    }
    lines.join("\n")
}

#[test]
fn open_payments_is_read_whole() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/open-payments");
    let api = load_api(&path, &Limits::default()).unwrap();
    check_problems(&api.problems, &[]);
    insta::assert_snapshot!(summary(&api.versions[0]));
}

#[test]
fn examples_show_media_types_that_swagger_cannot_say() {
    let (_, version) = only(
        "
swagger: '2.0'
paths:
  /a:
    get:
      produces: [application/octet-stream]
      responses:
        404: {description: no, schema: {type: object}, examples: {application/json: {a: 1}, Shown: {}}}
",
    );
    let contents = &version.operations[0].response(404).unwrap().contents;
    let media: Vec<&str> = contents.iter().map(|one| one.media_type.as_str()).collect();
    assert_eq!(media, ["application/octet-stream", "application/json"]);
}

#[test]
fn odd_operations_are_kept_and_told() {
    let (api, version) = only(
        "
openapi: 3.1.0
paths:
  /a/{b}: {get: {parameters: [{name: b, in: path, required: true}]}}
  /a/{c}: {get: {parameters: [{name: c, in: path, required: true}]}}
  /d#e: {get: {}}
  /f: {$ref: '#/components/pathItems/F', summary: f}
  /g: {$ref: '#/paths/~1g'}
  /h: {get: {parameters: [{name: x}, {$ref: '#/components/parameters/Gone'}, {name: y, in: body}]}}
components: {pathItems: {F: {post: {}}}}
",
    );
    let keys: Vec<String> = version.operations.iter().map(|one| one.key.to_string()).collect();
    assert_eq!(keys, ["GET /a/{b}", "GET /a/{c}", "GET /d#e", "POST /f", "GET /h"]);
    let wanted = [
        "`/d#e` is no plain path",
        "go round in a circle",
        "no `name` or no `in`",
        "leads nowhere; it is left out",
        "cannot be in `body`",
        "`GET /a/{c}` matches the same requests as `GET /a/{b}`",
    ];
    let mut said = said(&api.problems);
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for wanted in wanted {
        said.retain(|said| !said.contains(wanted));
    }
    assert_eq!(said, Vec::<String>::new());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn no_damage_makes_the_loader_fall(at in 0..400_usize, kind in 0..9_usize) {
        let odd = [
            json!(null), json!(true), json!([]), json!({}), json!(-1), json!("#"), json!([[1]]),
            json!({"$ref": "#/paths"}), json!({"$ref": "#/components/schemas/Order", "nullable": true}),
        ];
        let document = crate::document::Document::parse("a.yaml", ORDERS.as_bytes(), &Limits::default().document).unwrap();
        let mut value = document.value;
        let mut left = at;
        damage(&mut value, &mut left, &odd[kind]);
        drop(load(&[("v1/openapi.json", &value.to_string())]));
    }
}

fn damage(value: &mut Value, left: &mut usize, odd: &Value) {
    if *left == 0 {
        *value = odd.clone();
    }
    *left = left.wrapping_sub(1);
    match value {
        Value::Object(members) => members.values_mut().for_each(|inner| damage(inner, left, odd)),
        Value::Array(items) => items.iter_mut().for_each(|inner| damage(inner, left, odd)),
        _ => {}
    }
}
