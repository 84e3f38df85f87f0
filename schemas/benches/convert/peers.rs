//! What others do with the same payload: parse it, edit the tree, print it.

use serde_json::Value;
use simd_json::prelude::{MutableObject, ValueAsMutArray, ValueAsMutObject};
use sonic_rs::JsonValueMutTrait as _;

/// With `serde_json`.
pub(crate) fn serde(input: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut value: Value = serde_json::from_slice(input).expect("the document is valid");
    let items = value.get_mut("result").and_then(Value::as_array_mut);
    for item in items.expect("there is a list") {
        let item = item.as_object_mut().expect("items are objects");
        item.remove("legacyState");
        if let Some(address) = item.remove("walletAddress") {
            item.insert("paymentPointer".to_owned(), address);
        }
        item.insert("method".to_owned(), Value::from("ilp"));
    }
    serde_json::to_writer(out, &value).expect("a buffer takes everything");
}

/// With `sonic-rs`.
pub(crate) fn sonic(input: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut value: sonic_rs::Value = sonic_rs::from_slice(input).expect("the document is valid");
    let items = value.get_mut("result").and_then(|items| items.as_array_mut());
    for item in items.expect("there is a list").iter_mut() {
        let item = item.as_object_mut().expect("items are objects");
        item.remove(&"legacyState");
        if let Some(address) = item.remove(&"walletAddress") {
            item.insert("paymentPointer", address);
        }
        item.insert("method", "ilp");
    }
    sonic_rs::to_writer(out, &value).expect("a buffer takes everything");
}

/// With `simd-json`, which unescapes in its input and so needs a copy of it.
pub(crate) fn simd(input: &[u8], copy: &mut Vec<u8>, out: &mut Vec<u8>) {
    out.clear();
    copy.clear();
    copy.extend_from_slice(input);
    let mut value = simd_json::to_borrowed_value(copy).expect("the document is valid");
    let items = value.get_mut("result").and_then(|items| items.as_array_mut());
    for item in items.expect("there is a list").iter_mut() {
        let item = item.as_object_mut().expect("items are objects");
        item.remove("legacyState");
        if let Some(address) = item.remove("walletAddress") {
            item.insert("paymentPointer".into(), address);
        }
        item.insert("method".into(), "ilp".into());
    }
    simd_json::to_writer(out, &value).expect("a buffer takes everything");
}
