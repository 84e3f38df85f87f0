//! What a validator objects to: of many errors the most telling one, dug out of the unions it is inside of.

use std::cmp::Reverse;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::pointer::Pointer;
use crate::schema::UNREAD_PATTERN;

/// How many characters of a payload a message of the validator may repeat.
const MESSAGE: usize = 400;
/// How many errors are looked through for the most telling one.
const ERRORS: usize = 64;
/// How many unions inside each other are looked into.
const UNIONS: usize = 16;

/// Why a payload is refused: one keyword, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Where in the payload.
    pub at: Pointer,
    /// The keyword that refuses it.
    pub keyword: String,
    /// The validator's sentence.
    pub message: String,
    /// The way through the schema to the keyword, `$ref` steps included (JSON Schema 2020-12 core §12.4.2).
    pub path: Pointer,
    /// The member that is missing or not declared, where it is about one.
    pub member: Option<String>,
    /// The unions it is inside of, the outermost first.
    pub inside: Vec<Union>,
}

/// A union of which no branch takes the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Union {
    /// `anyOf` or `oneOf`.
    pub keyword: &'static str,
    /// Where in the payload.
    pub at: Pointer,
    /// The way through the schema to the union's keyword.
    pub path: Pointer,
    /// The branch that came closest, and that the objection is about.
    pub branch: usize,
}

/// The most telling of a payload's errors. The deepest place wins, since an outer error often only repeats an inner
/// one; of a union's branches the one that comes closest.
pub(super) fn telling<'e>(errors: impl Iterator<Item = ValidationError<'e>>) -> Option<Objection> {
    let mut best: Option<(usize, ValidationError<'e>)> = None;
    for error in errors.take(ERRORS) {
        let depth = depth(&error);
        if best.as_ref().is_none_or(|(had, _)| depth > *had) {
            best = Some((depth, error));
        }
    }
    best.map(|(_, error)| dug(&error))
}

fn depth(error: &ValidationError<'_>) -> usize {
    error.instance_path().as_str().matches('/').count()
}

fn dug(error: &ValidationError<'_>) -> Objection {
    let mut inside = Vec::new();
    let mut here = error;
    while inside.len() < UNIONS {
        let Some((keyword, branch, next)) = closest(here) else { break };
        inside.push(Union { keyword, at: at(here), path: path(here), branch });
        here = next;
    }
    let keyword = match here.kind() {
        // `false` is no keyword; the one that holds it is what a reader can look up.
        ValidationErrorKind::FalseSchema => keyword_above(here.schema_path().as_str()),
        kind if kind.keyword() == UNREAD_PATTERN => "pattern".to_owned(),
        kind => kind.keyword().to_owned(),
    };
    let message = shorten(here.to_string());
    Objection {
        at: at(here),
        keyword,
        message,
        path: path(here),
        member: member(here.kind()),
        inside,
    }
}

fn at(error: &ValidationError<'_>) -> Pointer {
    Pointer::parse(error.instance_path().as_str()).unwrap_or_default()
}

fn path(error: &ValidationError<'_>) -> Pointer {
    Pointer::parse(error.evaluation_path().as_str()).unwrap_or_default()
}

/// The branch of a union that comes closest, with its most telling error; `None` where every branch is of another
/// type, or marked as another variant, so that none of them says more than the union.
fn closest<'e>(
    error: &'e ValidationError<'_>,
) -> Option<(&'static str, usize, &'e ValidationError<'static>)> {
    let (keyword, branches) = match error.kind() {
        ValidationErrorKind::AnyOf { context } => ("anyOf", context),
        ValidationErrorKind::OneOfNotValid { context } => ("oneOf", context),
        _ => return None,
    };
    let own = depth(error);
    let ranked = branches.iter().enumerate().filter_map(|(branch, errors)| {
        let deepest = errors.iter().max_by_key(|one| (depth(one), Reverse(path(one))))?;
        let alien = errors.iter().any(|one| is_alien(one, own));
        let marked = errors.iter().any(|one| is_mark(one, own));
        Some(((alien, marked, errors.len(), Reverse(depth(deepest))), branch, deepest))
    });
    let ((alien, marked, ..), branch, deepest) = ranked.min_by(|one, other| one.0.cmp(&other.0))?;
    (!(alien || marked) || branches.len() == 1).then_some((keyword, branch, deepest))
}

/// The payload is of a type that the branch does not take at all.
fn is_alien(error: &ValidationError<'_>, own: usize) -> bool {
    depth(error) == own && matches!(error.kind(), ValidationErrorKind::Type { .. })
}

/// A member that tells variants apart says that it is another one.
fn is_mark(error: &ValidationError<'_>, own: usize) -> bool {
    let single = match error.kind() {
        ValidationErrorKind::Constant { .. } => true,
        ValidationErrorKind::Enum { options } => {
            options.as_array().is_some_and(|all| all.len() == 1)
        }
        _ => false,
    };
    single && depth(error) == own + 1
}

fn member(kind: &ValidationErrorKind) -> Option<String> {
    match kind {
        ValidationErrorKind::Required { property: Value::String(name) } => Some(name.clone()),
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected.first().cloned(),
        _ => None,
    }
}

fn keyword_above(path: &str) -> String {
    const HOLDERS: [&str; 10] = [
        "properties",
        "patternProperties",
        "additionalProperties",
        "unevaluatedProperties",
        "items",
        "prefixItems",
        "unevaluatedItems",
        "propertyNames",
        "then",
        "else",
    ];
    let holder = path.rsplit('/').find(|step| HOLDERS.contains(step));
    holder.unwrap_or("false").to_owned()
}

/// A sentence of the validator without most of the payload it repeats.
pub(super) fn shorten(message: String) -> String {
    match message.char_indices().nth(MESSAGE) {
        None => message,
        Some((cut, _)) => format!("{}…", message.get(..cut).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::sample::Validator;
    use crate::schema::Schema;

    /// `(at, keyword, place of the keyword, branches)`.
    #[track_caller]
    fn check(schema: &Value, payload: &Value, wanted: (&str, &str, &str, &[usize])) {
        let schema = Schema::from_document(schema.clone());
        let found = Validator::new(&schema).unwrap().objection(payload).unwrap();
        let place = schema.locate(&found.path);
        let place = format!("{}{}", place.component.unwrap_or_default(), place.pointer);
        let branches: Vec<usize> = found.inside.iter().map(|union| union.branch).collect();
        let seen = (found.at.as_str(), found.keyword.as_str(), place.as_str(), branches.as_slice());
        assert_eq!(seen, wanted, "{found:#?}");
    }

    #[test]
    fn the_deepest_error_is_named_with_the_place_of_its_keyword() {
        let schema = json!({
            "minProperties": 2,
            "properties": {"a": {"$ref": "#/$defs/list"}},
            "$defs": {"list": {"items": {"allOf": [{"enum": [1]}]}}}
        });
        check(&schema, &json!({"a": [1, 2]}), ("/a/1", "enum", "list/items/allOf/0/enum", &[]));
        check(&schema, &json!({}), ("", "minProperties", "/minProperties", &[]));
    }

    fn payment() -> Value {
        json!({
            "properties": {"payment": {"oneOf": [
                {"$ref": "#/$defs/Card"}, {"$ref": "#/$defs/Bank"}, {"type": "string"}
            ]}},
            "$defs": {
                "Card": {
                    "type": "object", "required": ["kind", "number"],
                    "properties": {"kind": {"const": "card"}, "limit": {"anyOf": [
                        {"type": "integer", "maximum": 9}, {"type": "null"}
                    ]}}
                },
                "Bank": {
                    "type": "object", "required": ["kind", "iban"], "additionalProperties": false,
                    "properties": {"kind": {"const": "bank"}, "iban": {}}
                }
            }
        })
    }

    #[test]
    fn of_a_union_the_branch_that_came_closest_speaks() {
        let card = json!({"payment": {"kind": "card"}});
        check(&payment(), &card, ("/payment", "required", "Card/required", &[0]));
        let bank = json!({"payment": {"kind": "bank", "iban": 1, "x": 1}});
        check(
            &payment(),
            &bank,
            ("/payment", "additionalProperties", "Bank/additionalProperties", &[1]),
        );
        let cash = json!({"payment": {"kind": "cash"}});
        check(&payment(), &cash, ("/payment", "oneOf", "/properties/payment/oneOf", &[]));
        let limit = json!({"payment": {"kind": "card", "number": 1, "limit": 10}});
        let place = "Card/properties/limit/anyOf/0/maximum";
        check(&payment(), &limit, ("/payment/limit", "maximum", place, &[0, 0]));
    }

    #[test]
    fn a_value_that_is_of_no_branch_is_refused_by_the_union() {
        check(
            &payment(),
            &json!({"payment": 1}),
            ("/payment", "oneOf", "/properties/payment/oneOf", &[]),
        );
    }

    #[test]
    fn a_union_that_takes_two_branches_speaks_itself() {
        let schema = json!({"oneOf": [{"minimum": 1}, {"minimum": 2}]});
        check(&schema, &json!(3), ("", "oneOf", "/oneOf", &[]));
    }

    #[test]
    fn missing_and_undeclared_members_are_named() {
        let member = |schema: Value, payload: &Value| {
            let schema = Schema::from_document(schema);
            Validator::new(&schema).unwrap().objection(payload).unwrap().member
        };
        assert_eq!(member(json!({"required": ["a"]}), &json!({})).as_deref(), Some("a"));
        let closed = json!({"properties": {"a": {}}, "additionalProperties": false});
        assert_eq!(member(closed, &json!({"b c": 1})).as_deref(), Some("b c"));
        let closed = json!({"unevaluatedProperties": false});
        assert_eq!(member(closed, &json!({"d": 1})).as_deref(), Some("d"));
        assert_eq!(member(json!({"type": "null"}), &json!({})), None);
    }
}
