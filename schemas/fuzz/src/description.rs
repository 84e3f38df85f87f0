//! The reader of descriptions: OpenAPI, Swagger and JSON Schema, and what is made of their schemas.

use evergate_schemas::describe::source::{Entry, Kind, Source, Unread};
use evergate_schemas::describe::{Limits, load_document_from};
use evergate_schemas::document::DocumentLimits;
use evergate_schemas::relate::close;
use evergate_schemas::sample::Validator;
use evergate_schemas::schema::{Role, Schema, Side};
use serde_json::json;

/// One file in memory.
#[derive(Clone, Debug)]
pub(crate) struct File(pub(crate) &'static str, pub(crate) Vec<u8>);

impl Source for File {
    fn label(&self) -> String {
        "v1".to_owned()
    }

    fn name(&self, path: &str) -> String {
        path.to_owned()
    }

    fn entries(&self) -> Vec<Entry> {
        vec![Entry { name: self.0.to_owned(), kind: Kind::File }]
    }

    fn read(&self, path: &str, _limit: usize) -> Result<Vec<u8>, Unread> {
        let unread = || Unread { missing: true, what: String::new(), remedy: String::new() };
        if path == self.0 { Ok(self.1.clone()) } else { Err(unread()) }
    }

    fn below(&self, _directory: &str) -> Box<dyn Source> {
        Box::new(self.clone())
    }
}

/// Bytes as an `openapi.yaml`.
///
/// # Panics
/// When a law does not hold.
pub fn check(data: &[u8]) {
    let document = DocumentLimits { bytes: 1 << 15, nodes: 5_000, ..DocumentLimits::default() };
    let limits = Limits { document, ..Limits::default() };
    let source = Box::new(File("openapi.yaml", data.to_vec()));
    let api = match load_document_from(source, Some("openapi.yaml"), &limits) {
        Ok(api) => api,
        Err(problems) => return assert!(!problems.is_empty(), "refused without a reason"),
    };
    for version in &api.versions {
        for operation in &version.operations {
            let body = operation.body.iter().flat_map(|body| &body.contents);
            for content in body.take(4) {
                for role in [Role::Sender, Role::Reader] {
                    agrees(&close(&version.schema(&content.root, Side::Request, role)));
                }
            }
        }
    }
}

/// Judging says what validating says, where it says anything.
fn agrees(schema: &Schema) {
    let Ok(validator) = Validator::new(schema) else { return };
    for payload in [json!(null), json!({"a": [1]}), json!("a")] {
        let judged = validator.judge(&payload);
        assert!(judged.is_none_or(|judged| judged == validator.is_valid(&payload)));
    }
}
