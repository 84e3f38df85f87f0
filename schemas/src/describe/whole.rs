//! What the reader makes of OpenAPI documents beyond their schemas: one question each.

use serde_json::{Value, json};

use super::model::{Api, Description, Kind, LinkTarget, Location, Operation, SchemeKind};
use super::{Limits, load_api};

fn load(document: &Value) -> Api {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("v1");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join("openapi.json"), document.to_string()).unwrap();
    load_api(directory.path(), &Limits::default()).unwrap()
}

/// A document of OpenAPI 3.2 with these members beside the head, and what is told of it.
#[track_caller]
fn check(members: &Value, problems: &[&str], seen: impl Fn(&Description)) {
    let mut document = json!({"openapi": "3.2.0", "info": {"title": "a", "version": "1"}});
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    check_document(&document, problems, seen);
}

#[track_caller]
fn check_document(document: &Value, problems: &[&str], seen: impl Fn(&Description)) {
    let api = load(document);
    let said: Vec<String> =
        api.problems.iter().map(|one| format!("{} {}", one.place.pointer, one.what)).collect();
    assert_eq!(said.len(), problems.len(), "{said:#?}");
    for (said, wanted) in said.iter().zip(problems) {
        assert!(said.contains(wanted), "{said} lacks {wanted}");
        assert!(api.problems.iter().all(|one| !one.remedy.is_empty() && one.place.line > 0));
    }
    seen(&api.versions[0]);
}

/// One operation, `POST /a`.
#[track_caller]
fn check_operation(operation: &Value, problems: &[&str], seen: impl Fn(&Operation)) {
    check(&json!({"paths": {"/a": {"post": operation}}}), problems, |one| seen(&one.operations[0]));
}

#[test]
fn paths_have_methods_of_their_own_and_those_of_3_2() {
    let item =
        json!({"get": {}, "query": {}, "additionalOperations": {"COPY": {}}, "summary": "x"});
    check(&json!({"paths": {"/a": item}}), &[], |one| {
        let methods: Vec<&str> = one.operations.iter().map(|one| one.key.method.as_str()).collect();
        assert_eq!(methods, ["GET", "QUERY", "COPY"]);
    });
}

#[test]
fn parameters_have_every_location_and_style() {
    let text = json!({"type": "string"});
    let one = |name: &str, place: &str, more: Value| {
        let mut one = json!({"name": name, "in": place, "schema": text});
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        one
    };
    let parameters = json!([
        one("id", "path", json!({"required": true, "style": "matrix"})),
        one("q", "query", json!({"allowReserved": true, "allowEmptyValue": true})),
        one("f", "query", json!({"style": "deepObject", "explode": true, "deprecated": true, "x-sunset": "2030-01-01"})),
        one("X-A", "header", json!({"x-stability-level": "beta"})),
        one("Accept", "header", json!({})),
        one("c", "cookie", json!({"style": "cookie"})),
        {"name": "j", "in": "query", "content": {"application/json": {"schema": text}}}
    ]);
    let path = json!({"/a/{id}": {"parameters": parameters, "get": {
        "parameters": [one("q", "query", json!({"required": true}))]
    }}});
    check(&json!({ "paths": path }), &[], |one| {
        let found: Vec<(Location, &str, &str, bool)> = one.operations[0]
            .parameters
            .iter()
            .map(|one| (one.location, one.name.as_str(), one.style.as_str(), one.required))
            .collect();
        let wanted = [
            (Location::Query, "q", "form,explode", true),
            (Location::Path, "id", "matrix", true),
            (Location::Query, "f", "deepObject,explode", false),
            (Location::Header, "x-a", "simple", false),
            (Location::Cookie, "c", "cookie,explode", false),
            (Location::Query, "j", "content:application/json", false),
        ];
        assert_eq!(found, wanted);
        let all = &one.operations[0].parameters;
        assert!(!all[0].allow_reserved, "the operation's own parameter replaces the path's");
        assert_eq!((all[2].deprecated, all[2].sunset.as_deref()), (true, Some("2030-01-01")));
        assert_eq!(all[3].stability.as_deref(), Some("beta"));
    });
}

#[test]
fn faults_of_parameters_are_told_and_hide_nothing() {
    let parameters = json!([
        {"name": "id", "in": "path", "schema": true},
        {"name": "other", "in": "path", "required": true, "schema": true},
        {"name": "q", "in": "body", "schema": true},
        {"name": "r", "in": "query", "style": "odd", "schema": true},
        {"name": "w", "in": "querystring", "content": {"a/b": {}, "c/d": {}}}
    ]);
    let problems = [
        "cannot be in `body`",
        "`id` is not `required: true`",
        "no style `odd`",
        "exactly one media type",
        "no place for `other`",
        "`w` is the whole query string",
    ];
    let path = json!({"/a/{id}": {"get": {"parameters": parameters}}});
    let api = load(&json!({"openapi": "3.2.0", "paths": path}));
    let said: Vec<&str> = api.problems.iter().map(|one| one.what.as_str()).collect();
    for wanted in problems {
        assert!(said.iter().any(|one| one.contains(wanted)), "{said:#?} lacks {wanted}");
    }
    assert_eq!(said.len(), problems.len(), "{said:#?}");
    assert_eq!(api.versions[0].operations[0].parameters.len(), 3);
}

#[test]
fn bodies_have_media_types_streams_and_encodings() {
    let content = json!({
        "Application/JSON; charset=UTF-8": {"schema": {"type": "string"}},
        "application/jsonl": {"itemSchema": {"type": "integer"}},
        "multipart/form-data": {"schema": {"type": "object"}, "encoding": {"a": {
            "contentType": "image/png, image/jpeg", "headers": {"X-B": {"required": true, "schema": true}}
        }}}
    });
    check_operation(&json!({"requestBody": {"content": content}}), &[], |one| {
        let body = one.body.as_ref().unwrap();
        let found: Vec<(&str, bool)> =
            body.contents.iter().map(|one| (one.media_type.as_str(), one.sequence)).collect();
        let wanted = [
            ("application/json;charset=utf-8", false),
            ("application/jsonl", true),
            ("multipart/form-data", false),
        ];
        assert_eq!(found, wanted);
        let encoding = &body.contents[2].encoding["a"];
        assert_eq!(encoding.content_types, ["image/png", "image/jpeg"]);
        assert_eq!(
            (encoding.headers[0].name.as_str(), encoding.headers[0].required),
            ("x-b", true)
        );
    });
    let odd = json!({"requestBody": {}, "responses": {"200": {"content": {"json": {}}}, "20": {}}});
    check_operation(
        &odd,
        &["no `content`", "`20` is no status", "`json` is no media type"],
        |one| {
            assert_eq!(one.responses.len(), 1);
        },
    );
}

#[test]
fn security_is_alternatives_of_schemes_with_scopes() {
    let schemes = json!({
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "bearer": {"type": "http", "scheme": "Bearer"},
        "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"read": "", "write": ""}}}},
        "tls": {"type": "mutualTLS", "deprecated": true},
        "odd": {"type": "secret"}
    });
    let paths = json!({
        "/root": {"get": {}},
        "/open": {"get": {"security": []}},
        "/own": {"get": {"security": [{"oauth": ["read"], "tls": []}, {}]}},
        "/lost": {"get": {"security": [{"nowhere": []}]}}
    });
    let document = json!({
        "paths": paths, "security": [{"key": []}, {"bearer": []}], "components": {"securitySchemes": schemes}
    });
    check(&document, &["`secret` is no type", "`nowhere` is not declared"], |one| {
        let of =
            |path: &str| &one.operations.iter().find(|one| one.key.path == path).unwrap().security;
        assert_eq!(of("/root").alternatives.len(), 2);
        assert!(of("/open").is_open() && of("/own").is_open() && !of("/root").is_open());
        let own = &of("/own").alternatives[0];
        assert!(own["oauth"].contains("read") && own["tls"].is_empty());
        assert!(of("/lost").alternatives[0].contains_key("nowhere"));
        let scheme = |name: &str| &one.security_schemes[name];
        let name = "x-key".to_owned();
        assert_eq!(scheme("key").kind, SchemeKind::ApiKey { location: Location::Header, name });
        assert!(scheme("tls").deprecated);
        let SchemeKind::OAuth2 { flows, .. } = &scheme("oauth").kind else { panic!("oauth") };
        assert_eq!(flows["clientCredentials"].scopes.len(), 2);
    });
}

#[test]
fn servers_are_those_nearest_to_the_operation() {
    let at = |url: &str| json!([{ "url": url }]);
    let variable = json!([{"url": "https://{host}/{base}/", "variables": {
        "host": {"default": "a.example"}, "base": {"default": "v1", "enum": ["v1", "v2"]}
    }}]);
    let paths = json!({
        "/root": {"get": {}},
        "/path": {"servers": at("/p"), "get": {}, "post": {"servers": at("/o")}}
    });
    check(&json!({"servers": variable, "paths": paths}), &[], |one| {
        let bases: Vec<String> =
            one.operations.iter().map(|one| one.servers[0].base_path()).collect();
        assert_eq!(bases, ["/p", "/o", "/v1"]);
        assert_eq!(one.servers[0].default_url(), "https://a.example/v1/");
        assert_eq!(one.base_paths, ["/v1"]);
    });
}

#[test]
fn links_lead_to_operations() {
    let links = json!({"next": {"operationId": "b", "parameters": {"id": "$response.body#/id"}}, "odd": {}});
    let operation = json!({"responses": {"200": {"description": "a", "links": links}}});
    check_operation(&operation, &["`odd` leads nowhere"], |one| {
        let links = &one.responses[0].links;
        assert_eq!(links["next"].target, LinkTarget::Id("b".to_owned()));
        assert_eq!(links["next"].parameters["id"], "$response.body#/id");
        assert_eq!(links["odd"].target, LinkTarget::Unstated);
    });
}

#[test]
fn webhooks_and_callbacks_go_out() {
    let hook = json!({"post": {"operationId": "hook", "requestBody": {"content": {"application/json": {}}}}});
    let callback = json!({"done": {"{$request.body#/url}": {"post": {}}}});
    let document = json!({
        "webhooks": {"paid": {"$ref": "#/components/pathItems/paid"}},
        "paths": {"/a": {"post": {"callbacks": callback}}},
        "security": [{}],
        "components": {"pathItems": {"paid": hook}}
    });
    check(&document, &[], |one| {
        let labels: Vec<String> = one.outgoing.iter().map(Operation::label).collect();
        assert_eq!(labels, ["POST callback `done` of POST /a", "POST webhook `paid`"]);
        let Kind::Callback { owner, name } = &one.outgoing[0].kind else { panic!("a callback") };
        assert_eq!((owner.path.as_str(), name.as_str()), ("/a", "done"));
        assert_eq!(one.outgoing[0].key.path, "{$request.body#/url}");
        assert_eq!(one.operations.len(), 1);
    });
    let old = json!({"openapi": "3.0.3", "paths": {}, "x-webhooks": {"paid": {"post": {}}}});
    check_document(&old, &[], |one| assert_eq!(one.outgoing.len(), 1));
}

#[test]
fn words_of_the_life_cycle_are_kept() {
    let operation = json!({
        "deprecated": true, "x-sunset": "2030-01-01", "x-stability": "beta", "tags": ["b", "a"], "summary": "one"
    });
    check_operation(&operation, &[], |one| {
        assert!(one.deprecated);
        let words = (one.sunset.as_deref(), one.stability.as_deref(), one.summary.as_deref());
        assert_eq!(words, (Some("2030-01-01"), Some("beta"), Some("one")));
        assert_eq!(one.tags, ["b", "a"]);
    });
    let tags =
        json!({"tags": [{"name": "a", "summary": "s", "parent": "b", "kind": "nav"}], "paths": {}});
    check(&tags, &[], |one| {
        assert_eq!(
            (one.tags["a"].parent.as_deref(), one.tags["a"].kind.as_deref()),
            (Some("b"), Some("nav"))
        );
        assert_eq!((one.info.title.as_str(), one.info.dialect.as_str()), ("a", "3.2.0"));
    });
    let same = json!({"/a": {"get": {"operationId": "x"}, "post": {"operationId": "x"}}});
    check(&json!({ "paths": same }), &["the operationId `x` is that of GET /a"], |_| {});
}

#[test]
fn a_header_that_refers_to_a_parameter_has_the_parameters_schema() {
    let parameter = json!({"name": "X-Rate", "in": "header", "schema": {"type": "integer"}});
    let headers = json!({
        "X-A": {"$ref": "#/components/parameters/rate"},
        "X-B": {"schema": {"$ref": "#/components/parameters/rate"}}
    });
    let document = json!({
        "paths": {"/a": {"get": {"responses": {"200": {"description": "a", "headers": headers}}}}},
        "components": {"parameters": {"rate": parameter}}
    });
    check(&document, &[], |one| {
        let found = &one.operations[0].responses[0].headers;
        assert_eq!(found[0].root, json!({"type": "integer"}));
        let key = found[1].root["$ref"].as_str().unwrap().strip_prefix("#/$defs/").unwrap();
        assert_eq!(one.components.written.0[key], json!({"type": "integer"}));
    });
}

#[test]
fn a_document_may_be_named_by_what_it_calls_itself() {
    let own = "https://a.example/api/openapi.json";
    let schema = json!({"$ref": format!("{own}#/components/schemas/A")});
    let body = json!({"content": {"application/json": {"schema": schema}}});
    let document = json!({
        "$self": own,
        "paths": {"/a": {"post": {"requestBody": body}}},
        "components": {"schemas": {"A": {"type": "string"}, "B": {"$ref": "openapi.json#/components/schemas/A"}}}
    });
    check(&document, &[], |one| {
        let body = one.operations[0].body.as_ref().unwrap();
        assert_eq!(body.contents[0].root, json!({"$ref": "#/$defs/A"}));
        assert_eq!(one.components.written.0["B"], json!({"$ref": "#/$defs/A"}));
    });
}

#[test]
fn swagger_says_the_same_in_its_own_words() {
    let document = json!({
        "swagger": "2.0", "host": "a.example", "basePath": "/v1/", "schemes": ["https", "http"],
        "securityDefinitions": {
            "basic": {"type": "basic"},
            "oauth": {"type": "oauth2", "flow": "accessCode", "authorizationUrl": "/a", "tokenUrl": "/t", "scopes": {"r": ""}}
        },
        "security": [{"basic": []}],
        "paths": {"/a": {"get": {"parameters": [
            {"name": "ids", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": "multi", "allowEmptyValue": true},
            {"name": "tags", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": "pipes"}
        ], "responses": {"200": {"description": "a", "headers": {"X-A": {"type": "integer"}}}}}}}
    });
    check_document(&document, &[], |one| {
        let urls: Vec<&str> = one.servers.iter().map(|one| one.url.as_str()).collect();
        assert_eq!(urls, ["https://a.example/v1/", "http://a.example/v1/"]);
        assert_eq!(one.base_paths, ["/v1"]);
        let basic = SchemeKind::Http { scheme: "basic".to_owned(), bearer_format: None };
        assert_eq!(one.security_schemes["basic"].kind, basic);
        let SchemeKind::OAuth2 { flows, .. } = &one.security_schemes["oauth"].kind else {
            panic!("oauth")
        };
        assert_eq!(flows["authorizationCode"].scopes.len(), 1);
        let operation = &one.operations[0];
        assert!(!operation.security.is_open());
        let [ids, tags] = operation.parameters.as_slice() else { panic!("two parameters") };
        assert_eq!((ids.style.as_str(), ids.allow_empty), ("form,explode", true));
        assert_eq!(tags.style, "pipeDelimited");
        assert_eq!(operation.responses[0].headers[0].root["type"], "integer");
    });
}
