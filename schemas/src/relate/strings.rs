//! Inclusion between schemas of strings, and of objects whose members are named by patterns.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::verdict::Inclusion;
use super::{Budget, Prover};
use crate::sample::Validator;
use crate::sample::strings::tests::{schemas, texts};
use crate::schema::Schema;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn inclusion_between_string_schemas_is_always_decided(sender in schemas(), reader in schemas()) {
        let sender = Schema::from_document(json!({"type": "string", "allOf": [sender]}));
        let reader = Schema::from_document(reader);
        let judges = (Validator::new(&sender).unwrap(), Validator::new(&reader).unwrap());
        match Prover::new(Budget::default()).includes(&sender, &reader) {
            Inclusion::Proved => {
                for text in texts() {
                    let text = json!(text);
                    prop_assert!(!judges.0.is_valid(&text) || judges.1.is_valid(&text), "{}", text);
                }
            }
            Inclusion::Refuted(witness) => {
                prop_assert_eq!(judges.0.judge(&witness.payload), Some(true));
                prop_assert_eq!(judges.1.judge(&witness.payload), Some(false));
            }
            Inclusion::Undecided(undecided) => prop_assert!(false, "{:?}", undecided),
        }
    }
}

/// Whether the sender's payloads are all the reader's; a payload that is not, where it is known which.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "cases read as they are written")]
fn check(sender: Value, reader: Value, expected: Result<(), Value>) {
    let (sender, reader) = (Schema::from_document(sender), Schema::from_document(reader));
    let found = match Prover::new(Budget::default()).includes(&sender, &reader) {
        Inclusion::Proved => Ok(()),
        Inclusion::Refuted(witness) => Err(witness.payload),
        Inclusion::Undecided(undecided) => panic!("{undecided:?}"),
    };
    assert_eq!(found, expected);
}

fn text(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

#[test]
fn patterns_and_lengths() {
    check(text("^[0-9]{4}$"), text(r"^\d+$"), Ok(()));
    check(text(r"^\d+$"), text("^[0-9]{1,4}$"), Err(json!("00000")));
    check(text("^[a-z]{1,63}$"), json!({"minLength": 1, "maxLength": 63}), Ok(()));
    check(text("^[a-z]{1,64}$"), json!({"maxLength": 63}), Err(json!("a".repeat(64))));
    check(json!({"type": "string", "maxLength": 3}), text("^.{0,3}$"), Err(json!("\n")));
    check(json!({"type": "string", "maxLength": 3}), text(r"^[\s\S]{0,3}$"), Ok(()));
    check(json!({"enum": ["red", "blue"]}), text("^(red|green|blue)$"), Ok(()));
    check(text("^(red|green)$"), json!({"enum": ["red", "blue", "green"]}), Ok(()));
    check(text("^(red|green)$"), json!({"enum": ["red", "blue"]}), Err(json!("green")));
    check(
        json!({"anyOf": [text("^a"), text("^b")]}),
        json!({"anyOf": [text("^[ab]"), {"type": "integer"}]}),
        Ok(()),
    );
    check(json!({"allOf": [text("^a"), text("^b")]}), json!(false), Ok(()));
}

#[test]
fn look_around() {
    let bar = json!({"type": "string", "x-unread-pattern": "^(?!foo)[a-z]+$"});
    check(bar.clone(), text("^[a-z]+$"), Ok(()));
    check(text("^[a-z]+$"), bar.clone(), Err(json!("foo")));
    check(text("^bar[a-z]+$"), bar, Ok(()));
}

#[test]
fn names_of_members() {
    let named = |pattern: &str, schema: Value, rest: Value| json!({"type": "object", "patternProperties": {pattern: schema}, "additionalProperties": rest});
    let whole = json!({"type": "integer"});
    // Two patterns for the same names, and one that takes more of them.
    check(
        named(r"^x-\d+$", whole.clone(), json!(false)),
        named("^x-[0-9]+$", whole.clone(), json!(false)),
        Ok(()),
    );
    check(
        named("^x-", whole.clone(), json!(false)),
        named("^x-[0-9]+$", whole.clone(), json!(false)),
        Err(json!({"x-": 0})),
    );
    // Patterns that have no name in common say nothing of each other.
    check(
        named("^a", whole.clone(), json!(false)),
        named("^b", json!({"type": "string"}), json!({"type": "number"})),
        Ok(()),
    );
    check(
        named("^a", whole.clone(), json!(false)),
        named("b$", json!({"type": "string"}), json!({"type": "number"})),
        Err(json!({"ab": 0})),
    );
    // All names, said with two patterns.
    let halves =
        json!({"type": "object", "patternProperties": {"^[a-m]": whole, "^[^a-m]|^$": whole}});
    check(halves, json!({"additionalProperties": {"type": "number"}}), Ok(()));
    check(
        json!({"type": "object", "propertyNames": {"pattern": "^[a-z]{2}$"}}),
        json!({"propertyNames": {"maxLength": 2}}),
        Ok(()),
    );
    check(
        json!({"type": "object", "properties": {"abc": true}, "patternProperties": {"^x": true}, "additionalProperties": false}),
        json!({"propertyNames": {"pattern": "^(abc|x.*|x[\\s\\S]*)$"}}),
        Ok(()),
    );
}
