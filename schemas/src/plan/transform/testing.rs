//! What the tests of transforms share: values, and the laws that every transform and its twin keep.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::fit::plain;
use super::model::{Made, Transform};
use crate::relate::close;
use crate::sample::{Sampler, Validator};
use crate::schema::Schema;

/// Any JSON value, not too large.
pub(super) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1.0e6..1.0e6).prop_map(Value::from),
        "[a-z\"\\\\{},é\u{1F600} ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-d\"]{1,2}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A text, and what becomes of it: a text and whether it is exact, or why it is not taken.
pub(super) type Case<'a> = (&'a str, Result<(&'a str, bool), &'a str>);

/// Each text becomes what its case says.
#[track_caller]
pub(super) fn check(transform: &Transform, cases: &[Case<'_>]) {
    for (text, wanted) in cases {
        let seen = transform.apply(text);
        let seen = seen.as_ref().map(|made| (made.text.as_str(), made.exact));
        let seen = seen.map_err(|unfit| unfit.0.as_str());
        assert_eq!(seen, *wanted, "{text}");
    }
}

/// What the twin says of a schema, and whether every value is proved to be taken; payloads are tried against both.
#[track_caller]
pub(super) fn check_twin(transform: &Transform, sender: Value, image: &Value, total: bool) {
    let schema = close(&Schema::from_document(sender));
    let seen = transform.image(&schema.root, &schema);
    assert_eq!(seen, *image, "the image of {}", schema.root);
    assert_eq!(transform.takes_all(&schema.root, &schema), total, "{}", schema.root);
    sound(transform, &schema);
}

/// Every payload comes out inside the image, and none is refused where all are said to be taken.
#[track_caller]
pub(super) fn sound(transform: &Transform, schema: &Schema) {
    let image = schema.at(transform.image(&schema.root, schema));
    let total = transform.takes_all(&schema.root, schema);
    let may_lose = transform.may_lose(&schema.root, schema);
    let judge = Validator::new(&image).unwrap();
    let sender = Validator::new(schema).unwrap();
    let mut sampler = Sampler::new(schema);
    let mut payloads: Vec<Value> = (0..24).filter_map(|seed| sampler.random(seed)).collect();
    payloads.extend(sampler.minimal());
    payloads.extend(sampler.boundary());
    for payload in payloads.iter().filter(|payload| sender.is_valid(payload)) {
        match transform.apply(&payload.to_string()) {
            Ok(made) => {
                // Numbers beyond a double are no documents of this library.
                let Ok(out) = serde_json::from_str::<Value>(&made.text) else { continue };
                assert!(made.exact || may_lose, "{payload} lost something as {out}");
                assert!(judge.is_valid(&out), "{payload} became {out}, outside {}", image.root);
            }
            Err(unfit) => assert!(!total, "{payload} is not taken: {unfit:?}"),
        }
    }
}

/// A value that came through exactly is what it was after the way back.
pub(super) fn there_and_back(up: &Transform, down: &Transform, text: &str) {
    let Ok(Made { text: there, exact: true }) = up.apply(text) else { return };
    let back = down.apply(&there).expect("what was made exactly goes back");
    assert_eq!(plain(&back.text), plain(text), "{text} became {there}");
    assert!(back.exact, "{text} became {there} and came back as {}", back.text);
}

/// Whether every word and number of the output stands in the input or in `declared` (law 12).
#[track_caller]
pub(super) fn no_invention(transform: &Transform, text: &str, declared: &[Value]) {
    fn leaves(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
            Value::Object(members) => {
                found.extend(members.keys().map(|key| json!(key)));
                members.values().for_each(|inner| leaves(inner, found));
            }
            scalar => found.push(scalar.clone()),
        }
    }
    let Ok(made) = transform.apply(text) else { return };
    let (mut before, mut after) = (declared.to_vec(), Vec::new());
    leaves(&serde_json::from_str(text).unwrap(), &mut before);
    leaves(&serde_json::from_str(&made.text).unwrap(), &mut after);
    for leaf in after {
        assert!(before.contains(&leaf), "{leaf} comes from nowhere in {text}");
    }
}
