//! What is done with full writes of older views, as the file says it.

use evergate_schemas::pointer::Pointer;
use serde_json::Value;

use super::api::Members;
use super::model::{WriteMode, WritesConfig};
use super::reader::Reader;
use super::units::duration;

const WORDS: [(&str, WriteMode); 4] = [
    ("refuse", WriteMode::Refuse),
    ("replace", WriteMode::Replace),
    ("merge_patch", WriteMode::MergePatch),
    ("read_merge_write", WriteMode::ReadMergeWrite),
];
/// More would be a busy loop against other writers.
const MOST_ATTEMPTS: u64 = 10;

/// The policies under `writes`.
pub(super) fn writes<'doc>(
    reader: &mut Reader<'doc>,
    members: &'doc Members,
    at: &Pointer,
) -> WritesConfig {
    let at = at.join("writes");
    let mut writes = WritesConfig::default();
    let known = ["default", "operations", "attempts", "read_timeout", "unguarded", "identity"];
    let Some(found) = members.get("writes").and_then(|value| reader.object(value, &at, &known))
    else {
        return writes;
    };
    if let Some(value) = found.get("default") {
        let at = at.join("default");
        let mode = reader.word(value, &at, &WORDS).unwrap_or_default();
        writes.default = (mode, Some(reader.place(&at)));
    }
    merging(reader, found, &at, &mut writes);
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

/// The settings of `read_merge_write`.
fn merging<'doc>(
    reader: &mut Reader<'doc>,
    found: &'doc Members,
    at: &Pointer,
    writes: &mut WritesConfig,
) {
    if let Some(value) = found.get("attempts") {
        match value.as_u64().filter(|number| (1..=MOST_ATTEMPTS).contains(number)) {
            Some(number) => writes.attempts = u32::try_from(number).unwrap_or(1),
            None => reader.fault(
                &at.join("attempts"),
                "`attempts` is not a number of attempts",
                format!("write a number from 1 to {MOST_ATTEMPTS}"),
            ),
        }
    }
    if let Some(value) = found.get("read_timeout") {
        match duration(value).filter(|time| !time.is_zero()) {
            Some(time) => writes.read_timeout = time,
            None => reader.fault(
                &at.join("read_timeout"),
                "`read_timeout` is not a time",
                "write `10s`, `500ms` or `2m`",
            ),
        }
    }
    if let Some(value) = found.get("unguarded") {
        let words = [("refuse", false), ("allow", true)];
        writes.unguarded = reader.word(value, &at.join("unguarded"), &words).unwrap_or_default();
    }
    if let Some(value) = found.get("identity") {
        writes.identity = names(reader, value, &at.join("identity"));
    }
}

fn names<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer) -> Vec<String> {
    let mut names = Vec::new();
    for (index, value) in Reader::list(value).iter().enumerate() {
        names.extend(reader.text(value, &at.join(&index.to_string())).map(str::to_owned));
    }
    names
}
