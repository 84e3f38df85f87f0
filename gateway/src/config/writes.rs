//! What is done with full writes of older views, as the file says it.

use evergate_schemas::pointer::Pointer;

use super::api::Members;
use super::model::{WriteMode, WritesConfig};
use super::reader::Reader;

const WORDS: [(&str, WriteMode); 2] =
    [("refuse", WriteMode::Refuse), ("replace", WriteMode::Replace)];

/// The policies under `writes`.
pub(super) fn writes<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
) -> WritesConfig {
    let at = at.join("writes");
    let mut writes = WritesConfig::default();
    let known = ["default", "operations"];
    let Some(found) = members.get("writes").and_then(|value| reader.object(value, &at, &known))
    else {
        return writes;
    };
    let default =
        found.get("default").and_then(|value| reader.word(value, &at.join("default"), &WORDS));
    writes.default = default.unwrap_or_default();
    let at = at.join("operations");
    let operations = found.get("operations").and_then(|value| reader.map(value, &at));
    for (key, value) in operations.into_iter().flatten() {
        let at = at.join(key);
        if !key.starts_with("PUT /") {
            let what = format!("`{key}` is not a full write");
            reader.fault(&at, what, "write `PUT` and the path, as `PUT /orders/{id}`");
        }
        if let Some(mode) = reader.word(value, &at, &WORDS) {
            writes.operations.insert(key.clone(), (mode, reader.place(&at)));
        }
    }
    writes
}
