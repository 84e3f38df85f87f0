//! A program, limits and a way of cutting, all chosen by bytes, over the rest of the bytes as a body.

use std::sync::Arc;

use evergate_schemas::convert::{Cause, Converter, Limits, Refused, Report};
use evergate_schemas::plan::apply;
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::{Node, Program};
use evergate_schemas::plan::transform::Transform;
use serde_json::Value;

use crate::program::Choices;

/// What came out until it was over, and how it ended.
type Ran = (Vec<u8>, Result<Report, Refused>);

fn values() -> Arc<Values> {
    let mut values = Values::default();
    values.headers.insert("tenant".to_owned(), "t\"1".to_owned());
    Arc::new(values)
}

fn run<'d>(stages: &[Arc<Program>], limits: Limits, chunks: impl Iterator<Item = &'d [u8]>) -> Ran {
    let mut converter = Converter::new(stages, limits, values());
    let mut out = Vec::new();
    for chunk in chunks {
        if let Err(refused) = converter.push(chunk, &mut out) {
            let before = out.len();
            assert!(converter.push(b"0", &mut out).is_err_and(|again| again.cause == Cause::Over));
            assert!(
                converter.finish(&mut out).is_err() && out.len() == before,
                "goes on after a refusal"
            );
            return (out, Err(refused));
        }
    }
    let done = converter.finish(&mut out);
    (out, done)
}

fn cut<'d>(body: &'d [u8], sizes: &[u8]) -> Vec<&'d [u8]> {
    let (mut rest, mut chunks) = (body, Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() || sizes.iter().all(|size| *size == 0) {
            break;
        }
        let (chunk, after) = rest.split_at(usize::from(*size).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks.push(rest);
    chunks
}

fn is_json(text: &[u8]) -> bool {
    run(&[], wide(), std::iter::once(text)).1.is_ok()
}

/// What is made may nest deeper and be longer than what may come.
fn wide() -> Limits {
    Limits { depth: 100_000, number: 1 << 20, name: 1 << 20, ..Limits::default() }
}

/// A program of one value, a limit and a cutting; then the body.
///
/// # Panics
/// When a law does not hold.
pub fn check(data: &[u8]) {
    let mut choices = Choices(data);
    let mut shape = choices.part();
    let stages: Vec<Arc<Program>> =
        (0..shape.below(3)).map(|_| Arc::new(shape.program())).collect();
    let held = [16, 200, 1 << 20][choices.below(3)];
    let limits = Limits { held, copied: held, ..Limits::default() };
    let cuts = choices.below(6);
    let sizes = choices.take(cuts);
    let body = choices.0;
    let (whole, ended) = run(&stages, limits, std::iter::once(body));
    let (chunked, other) = run(&stages, limits, cut(body, sizes).into_iter());
    if stages.len() < 2 {
        assert_eq!(ended, other, "cut into {sizes:?}");
    } else {
        // Where several programs refuse one after the other, which of them comes first may hang on the cut.
        assert_eq!(ended.as_ref().ok(), other.as_ref().ok(), "cut into {sizes:?}");
    }
    match &ended {
        Ok(report) => {
            assert_eq!(whole, chunked, "cut into {sizes:?}");
            assert!(is_json(&whole), "not JSON: {:?}", String::from_utf8_lossy(&whole));
            assert_eq!(
                (report.bytes_in, report.bytes_out),
                (body.len() as u64, whole.len() as u64)
            );
        }
        Err(refused) => {
            // What follows a whole value is found when the value is out; what replaces the whole value comes at once.
            let late = matches!(refused.cause, Cause::Trailing | Cause::Utf8);
            let mut nodes = stages.iter().flat_map(|one| &one.nodes);
            let early = nodes.any(|node| matches!(node, Node::Replace(..)));
            let told = || format!("{refused}: {:?}", String::from_utf8_lossy(&whole));
            assert!(late || early || !is_json(&whole), "{}", told());
        }
    }
    judged_alike(&stages, body, &ended);
    // the meaning knows no end to work; what is refused so is refused whatever it means
    let endless = ended
        .as_ref()
        .is_err_and(|refused| refused.cause.is_limit() || refused.cause == Cause::Circular);
    if let ([only], true, false) = (&*stages, held == 1 << 20, endless) {
        means(only, body, (&whole, &ended));
    }
}

/// The syntax is that of `serde_json`, but for what is stricter here.
fn judged_alike(stages: &[Arc<Program>], body: &[u8], ended: &Result<Report, Refused>) {
    let theirs = serde_json::from_slice::<Value>(body);
    match (&theirs, ended) {
        (Err(theirs), Ok(_)) => {
            // No double holds it; or nested to 128, where they stop one before.
            let said = theirs.to_string();
            assert!(said.contains("out of range") || said.contains("recursion limit"), "{said}");
        }
        (Ok(_), Err(refused)) if stages.is_empty() => {
            let stricter = refused.cause == Cause::DuplicateName || refused.cause.is_limit();
            assert!(stricter, "{refused}");
        }
        _ => {}
    }
}

/// The output is what the program means.
fn means(program: &Program, body: &[u8], (out, ended): (&[u8], &Result<Report, Refused>)) {
    let Ok(input) = serde_json::from_slice::<Value>(body) else { return };
    if rounded(body) && program.nodes.iter().any(|node| matches!(node, Node::Transform(_))) {
        return;
    }
    let meant = apply(program, &input, &values());
    match (ended, meant) {
        (Ok(_), Ok(meant)) => {
            let Ok(seen) = serde_json::from_slice::<Value>(out) else { return };
            let (seen, meant) = if lists_maps(program) {
                (unordered(seen), unordered(meant))
            } else {
                (seen, meant)
            };
            if scales_often(program) && (is_coarse(&seen) || is_coarse(&meant)) {
                return;
            }
            assert!(alike(&seen, &meant), "{seen} is not {meant} by {program:?}");
        }
        (Ok(_), Err(rejected)) => panic!("converted, but {rejected:?} by {program:?}"),
        (Err(refused), Ok(meant)) => {
            // The meaning knows no limits, no second claim and no circle, and no duplicate names.
            let own = refused.cause.is_limit() || refused.cause.is_syntax();
            let slots =
                matches!(refused.cause, Cause::Claimed | Cause::Circular | Cause::Conflict(None));
            let held =
                program.nodes.iter().any(|node| matches!(node, Node::Object(one) if one.hold));
            assert!(own || slots || held, "{refused}, but it means {meant} by {program:?}");
        }
        (Err(_), Err(_)) => {}
    }
}

/// Whether a number may be spelled in digits that a double does not keep: a function works on the digits, while the
/// tree has lost some already.
fn rounded(body: &[u8]) -> bool {
    let long =
        body.windows(16).any(|run| run.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.')));
    long || body.windows(2).any(|pair| pair[0].is_ascii_digit() && matches!(pair[1], b'e' | b'E'))
}

/// Whether numbers are scaled again after they were: the tree has them as doubles in between, and what a double lost may be
/// what the next step refuses.
fn scales_often(program: &Program) -> bool {
    let scales = |node: &&Node| match node {
        Node::Transform(one) => format!("{:?}", one.transform).contains("Scale"),
        _ => false,
    };
    program.nodes.iter().filter(scales).count() > 1
}

/// Whether a number in it has more digits than a double keeps.
fn is_coarse(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let digits = number.to_string().bytes().filter(u8::is_ascii_digit).count();
            digits > 15 || number.as_f64().is_none_or(|number| number.abs() >= 2_f64.powi(53))
        }
        Value::Array(items) => items.iter().any(is_coarse),
        Value::Object(members) => members.values().any(is_coarse),
        _ => false,
    }
}

/// Equal, numbers as near as doubles are: a function works on the digits, while the tree has lost some already.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| alike(value, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Number(one), Value::Number(other)) => {
            one == other || near(one.as_f64(), other.as_f64())
        }
        (Value::String(one), Value::String(other)) => one == other || alike_inside(one, other),
        _ => one == other,
    }
}

/// Whether a list is made of a map: its order is the sender's, of which a tree keeps nothing.
fn lists_maps(program: &Program) -> bool {
    let lists = |node: &Node| match node {
        Node::Transform(one) => matches!(one.transform, Transform::Keyed(_)),
        _ => false,
    };
    program.nodes.iter().any(lists)
}

/// The same with the items of every list in an order of their own.
fn unordered(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(unordered).collect();
            items.sort_by_cached_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, unordered(value))).collect()
        }
        other => other,
    }
}

/// Equal as documents in texts, of which a tree keeps neither spaces nor order.
fn alike_inside(one: &str, other: &str) -> bool {
    let nested = |text: &str| {
        let value = serde_json::from_str::<Value>(text).ok();
        value.filter(|value| value.is_object() || value.is_array() || value.is_string())
    };
    nested(one).zip(nested(other)).is_some_and(|(one, other)| alike(&one, &other))
}

fn near(one: Option<f64>, other: Option<f64>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    (one - other).abs() <= one.abs().max(other.abs()) * 1e-9
}
