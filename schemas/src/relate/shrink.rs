//! Making a witness small: what can be left out is left out while it stays a witness.

use serde_json::{Map, Number, Value, json};

/// How often a smaller payload is tried.
const TRIES: u32 = 600;

/// The smallest payload found from `payload` for which `holds`.
pub(crate) fn shrink(payload: Value, mut holds: impl FnMut(&Value) -> bool) -> Value {
    let mut best = payload;
    let mut tries = TRIES;
    while tries > 0 {
        let smaller = candidates(&best, tries).into_iter().find(|candidate| {
            tries = tries.saturating_sub(1);
            tries > 0 && holds(candidate)
        });
        match smaller {
            Some(smaller) => best = smaller,
            None => break,
        }
    }
    best
}

/// Payloads a step smaller, boldest first.
fn candidates(value: &Value, most: u32) -> Vec<Value> {
    let most = most as usize;
    let mut found = Vec::new();
    match value {
        Value::Object(members) => {
            // A recursive schema's inner value may do as well as the whole.
            found.extend(members.values().filter(|inner| !is_leaf(inner)).cloned());
            if members.len() > 8 {
                for half in [0, 1] {
                    let kept = members.iter().enumerate().filter(|(index, _)| index % 2 == half);
                    found.push(Value::Object(
                        kept.map(|(_, (name, value))| (name.clone(), value.clone())).collect(),
                    ));
                }
            }
            for name in members.keys() {
                let mut fewer = members.clone();
                fewer.remove(name);
                found.push(Value::Object(fewer));
            }
            for (name, value) in members {
                for smaller in
                    candidates(value, most.saturating_sub(found.len()).try_into().unwrap_or(0))
                {
                    found.push(replaced(members, name, smaller));
                }
            }
        }
        Value::Array(items) => {
            found.extend(items.iter().filter(|inner| !is_leaf(inner)).cloned());
            if items.len() > 3 {
                let half = items.len() / 2;
                found.push(items.iter().take(half).cloned().collect());
                found.push(items.iter().skip(half).cloned().collect());
            }
            for index in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(index);
                found.push(Value::Array(fewer));
            }
            for (index, item) in items.iter().enumerate() {
                for smaller in
                    candidates(item, most.saturating_sub(found.len()).try_into().unwrap_or(0))
                {
                    let mut all = items.clone();
                    if let Some(place) = all.get_mut(index) {
                        *place = smaller;
                    }
                    found.push(Value::Array(all));
                }
            }
        }
        Value::String(text) if !text.is_empty() => {
            let length = text.chars().count();
            found.push(json!(""));
            found.push(text.chars().take(length / 2).collect::<String>().into());
            found.push(text.chars().take(length - 1).collect::<String>().into());
        }
        Value::Number(number) => {
            found.extend(smaller_numbers(number).into_iter().map(Value::Number));
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
    found.truncate(most);
    found
}

const fn is_leaf(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

fn replaced(members: &Map<String, Value>, name: &str, value: Value) -> Value {
    let mut members = members.clone();
    members.insert(name.to_owned(), value);
    Value::Object(members)
}

fn smaller_numbers(number: &Number) -> Vec<Number> {
    let Some(whole) = number.as_i64() else {
        let rounded = number.as_f64().map(f64::trunc).filter(|float| float.abs() < 1e15);
        #[expect(clippy::cast_possible_truncation, reason = "integral and small")]
        let whole = rounded.map(|float| Number::from(float as i64));
        return whole.into_iter().filter(|whole| whole != number).collect();
    };
    let mut found = Vec::new();
    for smaller in [0, whole / 2, whole - whole.signum()] {
        if smaller != whole && smaller.unsigned_abs() < whole.unsigned_abs() {
            found.push(Number::from(smaller));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::shrink;

    #[test]
    fn what_does_not_matter_goes() {
        let payload = json!({"a": {"b": [1, 2, {"c": "long text", "d": 7}]}, "e": null});
        let small = shrink(payload, |value| {
            value.pointer("/a/b").is_some_and(|b| b.is_array() && b.to_string().contains("\"d\""))
        });
        assert_eq!(small, json!({"a": {"b": [{"d": 0}]}}));
    }
}
