//! The readers of files: JSON and YAML, with places.

use evergate_schemas::document::{Document, DocumentLimits};
use serde_json::Value;

/// Bytes as a JSON file and as a YAML file.
///
/// # Panics
/// When a law does not hold.
pub fn check(data: &[u8]) {
    let limits = DocumentLimits { bytes: 1 << 16, nodes: 20_000, ..DocumentLimits::default() };
    let json = Document::parse("a.json", data, &limits);
    let theirs =
        serde_json::from_slice::<Value>(data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data));
    match (&json, &theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(&ours.value, theirs),
        (Ok(_), Err(why)) => {
            let said = why.to_string();
            assert!(said.contains("out of range") || said.contains("recursion limit"), "{said}");
        }
        (Err(problems), _) => assert!(!problems.is_empty(), "refused without a reason"),
    }
    if let Ok(document) = &json {
        // The canonical form is a form of the same value.
        let again = Document::parse("a.json", &document.canonical(), &limits);
        if let Ok(again) = again {
            assert_eq!(again.canonical(), document.canonical());
        }
    }
    for name in ["a.yaml", "a"] {
        if let Err(problems) = Document::parse(name, data, &limits) {
            assert!(!problems.is_empty(), "refused without a reason");
        }
    }
}
