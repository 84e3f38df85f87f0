//! The reader of `changes.yaml`, and the plans that come of what it takes.

use std::sync::{Arc, OnceLock};

use evergate_schemas::convert::{Converter, Limits as ConvertLimits};
use evergate_schemas::describe::model::{Api, Description, Status};
use evergate_schemas::describe::{Limits, load_document_from};
use evergate_schemas::document::{Document, DocumentLimits};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::Program;
use evergate_schemas::plan::{Direction, Site, derive, read_changes};
use evergate_schemas::relate::{Budget, Prover};
use evergate_schemas::schema::{Role, Side};

use crate::description::File;

const OLD: &str = r##"{"openapi": "3.1.0", "info": {"title": "a", "version": "1"}, "paths": {"/a": {"post": {
  "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
  "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
  "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}}}},
  "components": {"schemas": {"A": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"enum": ["x", "y"]},
  "c": {"type": "object", "properties": {"d": {"type": "integer"}, "e": {"type": ["string", "null"]}}}, "f": {"type": "array",
  "items": {"$ref": "#/components/schemas/A"}}}, "required": ["a"]}}}}"##;
const PAYLOADS: [&str; 3] = [
    r#"{"a":"1","b":"x","c":{"d":1,"e":null},"f":[{"a":""}]}"#,
    r#"{ "b2":"X","c":{"d":"1"},"f":[], "a2":0}"#,
    r#"{"f":{"c":[1,"2",null]},"c":null}"#,
];

fn version(text: String) -> Arc<Description> {
    let file = Box::new(File("openapi.json", text.into_bytes()));
    let read: Result<Api, _> = load_document_from(file, Some("openapi.json"), &Limits::default());
    Arc::clone(&read.expect("a description").versions[0])
}

fn pair() -> &'static [Arc<Description>; 2] {
    static PAIR: OnceLock<[Arc<Description>; 2]> = OnceLock::new();
    PAIR.get_or_init(|| {
        let new = OLD
            .replace("\"a\":", "\"a2\":")
            .replace("[\"a\"]", "[\"a2\"]")
            .replace("\"b\":", "\"b2\":");
        [version(OLD.to_owned()), version(new.replace("[\"x\", \"y\"]", "[\"X\", \"y\", \"z\"]"))]
    })
}

/// Bytes as what a version declares about its predecessor.
///
/// # Panics
/// When a law does not hold.
pub fn check(data: &[u8]) {
    let limits = DocumentLimits { bytes: 1 << 13, nodes: 2_000, ..DocumentLimits::strict() };
    let Ok(document) = Document::parse("changes.yaml", data, &limits) else { return };
    let [old, new] = pair();
    let (changes, _) = read_changes(&document, old, new);
    if changes.entries.is_empty() {
        return;
    }
    let mut prover = Prover::new(Budget::default());
    for (direction, from, to) in [(Direction::Up, old, new), (Direction::Down, new, old)] {
        for side in [Side::Request, Side::Response] {
            let root = |version: &Description, role| {
                let body = version.operations[0].body.as_ref().expect("a body");
                version.schema(&body.contents[0].root, side, role)
            };
            let key = Some(&old.operations[0].key);
            let status = (side == Side::Response).then_some(Status::Code(200));
            let site = Site { direction, side, old: key, new: key, status, changes: &changes };
            let program = Arc::new(derive(
                &root(from, Role::Sender),
                &root(to, Role::Reader),
                &site,
                &mut prover,
            ));
            for payload in PAYLOADS {
                held(&program, payload);
            }
        }
    }
}

/// What the program makes of a payload is JSON, and does not hang on how the payload is cut.
fn held(program: &Arc<Program>, payload: &str) {
    let run = |size: usize| {
        let values = Arc::new(Values::default());
        let mut converter =
            Converter::new(&[Arc::clone(program)], ConvertLimits::default(), values);
        let mut out = Vec::new();
        for chunk in payload.as_bytes().chunks(size) {
            converter.push(chunk, &mut out)?;
        }
        converter.finish(&mut out).map(|_| out)
    };
    let whole = run(payload.len());
    assert_eq!(whole, run(3), "{payload} by {program:?}");
    if let Ok(out) = whole {
        let mut again = Converter::new(&[], ConvertLimits::default(), Arc::new(Values::default()));
        let json = again.push(&out, &mut Vec::new()).and_then(|()| again.finish(&mut Vec::new()));
        assert!(json.is_ok(), "{payload} becomes {:?}", String::from_utf8_lossy(&out));
    }
}
