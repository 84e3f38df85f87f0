//! Whether what was got is what was wanted, part by part.

use serde_json::{Number, Value};

use evergate_schemas::pointer::Pointer;

use crate::file::{Received, Wanted};

/// What of a request or answer is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Got<'a> {
    /// The method, of a request.
    pub method: &'a str,
    /// Path and query, of a request.
    pub path: &'a str,
    /// The status, of an answer.
    pub status: u16,
    /// Headers.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

/// Each part that is not as wanted, as a sentence fragment; empty when all is met.
pub fn mismatches(wanted: &Received, got: &Got<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut part = |name: &str, wanted: Option<&str>, got: &str| {
        if let Some(wanted) = wanted.filter(|wanted| *wanted != got) {
            found.push(format!("{name} is `{got}`, not `{wanted}`"));
        }
    };
    part("the method", wanted.method.as_deref(), got.method);
    part("the path", wanted.path.as_deref(), got.path);
    let status = wanted.status.map(|status| status.to_string());
    part("the status", status.as_deref(), &got.status.to_string());
    for (name, value) in &wanted.headers {
        let same = |header: &&(String, String)| header.0.eq_ignore_ascii_case(name);
        let values: Vec<&str> =
            got.headers.iter().filter(same).map(|header| header.1.as_str()).collect();
        if values.is_empty() {
            found.push(format!("header `{name}` is missing"));
        } else if !values.contains(&value.as_str()) {
            found.push(format!("header `{name}` is `{}`, not `{value}`", values.join(", ")));
        }
    }
    found.extend(body_mismatch(&wanted.body, got.body));
    found
}

fn body_mismatch(wanted: &Wanted, got: &[u8]) -> Option<String> {
    let (value, partial) = match wanted {
        Wanted::Anything => return None,
        Wanted::Exactly(value) => (value, false),
        Wanted::Containing(value) => (value, true),
    };
    let Ok(got) = serde_json::from_slice::<Value>(got) else {
        return Some(format!("the body is no JSON: `{}`", String::from_utf8_lossy(got)));
    };
    difference(value, &got, partial, &mut Pointer::root())
}

/// The first difference in document order.
fn difference(wanted: &Value, got: &Value, partial: bool, at: &mut Pointer) -> Option<String> {
    match (wanted, got) {
        (Value::Object(wanted), Value::Object(got)) => {
            for (name, value) in wanted {
                at.push(name);
                let found = match got.get(name) {
                    Some(other) => difference(value, other, partial, at),
                    None => Some(format!("{at} is missing, {value} is wanted")),
                };
                at.pop();
                if found.is_some() {
                    return found;
                }
            }
            let extra = got.iter().find(|(name, _)| !partial && !wanted.contains_key(*name));
            extra.map(|(name, value)| format!("{} is {value}, and is not wanted", at.join(name)))
        }
        (Value::Array(wanted), Value::Array(got)) if wanted.len() == got.len() => {
            wanted.iter().zip(got).enumerate().find_map(|(index, (wanted, got))| {
                at.push(&index.to_string());
                let found = difference(wanted, got, partial, at);
                at.pop();
                found
            })
        }
        (Value::Number(wanted), Value::Number(got)) if same_number(wanted, got) => None,
        _ if wanted == got => None,
        _ => {
            let root = if at.is_root() { "the body" } else { at.as_str() };
            Some(format!("{root} is {got}, not {wanted}"))
        }
    }
}

/// `1`, `1.0` and `1e0` are one number.
fn same_number(one: &Number, other: &Number) -> bool {
    one == other
        || (one.is_f64() || other.is_f64())
            && one
                .as_f64()
                .zip(other.as_f64())
                .is_some_and(|(one, other)| one.total_cmp(&other).is_eq())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Got, mismatches};
    use crate::file::{Received, Wanted};

    #[track_caller]
    fn check(wanted: Wanted, got: &Value, expected: &[&str]) {
        let wanted = Received { body: wanted, ..Received::default() };
        let body = got.to_string();
        let got = Got { method: "", path: "", status: 200, headers: &[], body: body.as_bytes() };
        assert_eq!(mismatches(&wanted, &got), expected);
    }

    #[test]
    fn bodies_compare_as_values() {
        check(Wanted::Exactly(json!({"a": 1.0, "b": 2})), &json!({"b": 2, "a": 1}), &[]);
        check(Wanted::Exactly(json!({"a": 1})), &json!({"a": 2}), &["/a is 2, not 1"]);
        check(Wanted::Exactly(json!({"a": null})), &json!({}), &["/a is missing, null is wanted"]);
        check(Wanted::Exactly(json!([1, 2])), &json!([1]), &["the body is [1], not [1,2]"]);
        check(
            Wanted::Exactly(json!(u64::MAX)),
            &json!(u64::MAX - 1),
            &["the body is 18446744073709551614, not 18446744073709551615"],
        );
    }

    #[test]
    fn an_extra_member_matters_only_when_the_whole_is_wanted() {
        let got = json!({"a": {"b": 1, "c": 2}});
        check(Wanted::Containing(json!({"a": {"b": 1}})), &got, &[]);
        check(Wanted::Exactly(json!({"a": {"b": 1}})), &got, &["/a/c is 2, and is not wanted"]);
    }

    #[test]
    fn headers_and_status_are_met_by_name_and_value() {
        let wanted = Received {
            status: Some(200),
            headers: vec![
                ("ETag".to_owned(), "\"1\"".to_owned()),
                ("vary".to_owned(), "a".to_owned()),
            ],
            ..Received::default()
        };
        let headers = [("etag".to_owned(), "\"2\"".to_owned())];
        let got = Got { method: "", path: "", status: 404, headers: &headers, body: b"" };
        let expected = [
            "the status is `404`, not `200`",
            "header `ETag` is `\"2\"`, not `\"1\"`",
            "header `vary` is missing",
        ];
        assert_eq!(mismatches(&wanted, &got), expected);
    }
}
