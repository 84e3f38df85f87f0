//! Lens L4: one value where the other version has a list of them.

use serde_json::{Value, json};

use crate::schema::Schema;

use super::model::{Made, Unfit};
use super::raw::{array, is_null, items};
use super::twin::{by_type, is_never, of_type};

/// Which item stands for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The first; the others are lost.
    First,
    /// The last; the others are lost.
    Last,
    /// The only one; longer lists are not taken.
    Only,
}

/// Between a value and a list of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// `v` becomes `[v]`.
    Of {
        /// Null becomes `[]`; otherwise it stays null.
        null_is_empty: bool,
    },
    /// A list becomes one of its items. Another value than a list passes as it is.
    One {
        /// Which.
        pick: Pick,
        /// `[]` becomes null; otherwise it is not taken.
        null_is_empty: bool,
    },
}

impl List {
    pub(super) fn apply(self, text: &str) -> Result<Made, Unfit> {
        let text = text.trim();
        match self {
            Self::Of { null_is_empty: true } if is_null(text) => Ok(Made::exact("[]".to_owned())),
            Self::Of { .. } if is_null(text) => Ok(Made::exact(text.to_owned())),
            Self::Of { .. } => Ok(Made::exact(array([text]))),
            Self::One { pick, null_is_empty } => {
                let Some(found) = items(text) else { return Ok(Made::exact(text.to_owned())) };
                let chosen = if pick == Pick::Last { found.last() } else { found.first() };
                match chosen {
                    None if null_is_empty => Ok(Made::exact("null".to_owned())),
                    None => Err(Unfit("an empty list".to_owned())),
                    Some(_) if pick == Pick::Only && found.len() > 1 => {
                        Err(Unfit("a list of several values".to_owned()))
                    }
                    // A null in a list is not the null that stands for no list.
                    Some(item) => Ok(Made {
                        text: (*item).to_owned(),
                        exact: found.len() == 1 && !is_null(item),
                    }),
                }
            }
        }
    }

    pub(super) fn image(self, sender: &Value, schema: &Schema) -> Value {
        match self {
            Self::Of { null_is_empty } => by_type(sender, schema, |kind, part| match kind {
                "null" if null_is_empty => Some(vec![json!({"type": "array", "maxItems": 0})]),
                "null" => None,
                _ => Some(vec![
                    json!({"type": "array", "items": part, "minItems": 1, "maxItems": 1}),
                ]),
            }),
            Self::One { null_is_empty, .. } => by_type(sender, schema, |kind, part| {
                (kind == "array").then(|| {
                    let (item, least, _) = super::twin::items(part);
                    let null = null_is_empty && least == 0;
                    [item].into_iter().chain(null.then(|| json!({"type": "null"}))).collect()
                })
            }),
        }
    }

    pub(super) fn may_lose(sender: &Value, schema: &Schema) -> bool {
        !of_type(sender, schema, "array").iter().all(|part| {
            let (item, _, most) = super::twin::items(part);
            most.is_some_and(|most| most <= 1) && is_never("null", &item, schema)
        })
    }

    pub(super) fn takes_all(self, sender: &Value, schema: &Schema) -> bool {
        let Self::One { pick, null_is_empty } = self else { return true };
        is_never("array", sender, schema)
            || of_type(sender, schema, "array").iter().all(|part| {
                let (_, least, most) = super::twin::items(part);
                (null_is_empty || least > 0)
                    && (pick != Pick::Only || most.is_some_and(|most| most <= 1))
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{List, Pick};
    use crate::plan::transform::Transform;
    use crate::plan::transform::testing::{
        self, check, check_twin, no_invention, sound, there_and_back,
    };
    use crate::relate::close;
    use crate::schema::Schema;

    const fn one(pick: Pick, null_is_empty: bool) -> Transform {
        Transform::List(List::One { pick, null_is_empty })
    }

    const fn of(null_is_empty: bool) -> Transform {
        Transform::List(List::Of { null_is_empty })
    }

    #[test]
    fn a_value_and_a_list() {
        check(
            &of(true),
            &[
                (" 1.0 ", Ok(("[1.0]", true))),
                ("null", Ok(("[]", true))),
                ("[1]", Ok(("[[1]]", true))),
            ],
        );
        check(&of(false), &[("null", Ok(("null", true)))]);
        let list = "[ 1.0 , {\"a\": 2} ]";
        check(
            &one(Pick::First, true),
            &[
                (list, Ok(("1.0", false))),
                ("[]", Ok(("null", true))),
                ("[null]", Ok(("null", false))),
            ],
        );
        check(
            &one(Pick::Last, false),
            &[(list, Ok(("{\"a\": 2}", false))), ("[]", Err("an empty list"))],
        );
        check(
            &one(Pick::Only, true),
            &[
                (list, Err("a list of several values")),
                ("[7]", Ok(("7", true))),
                ("7", Ok(("7", true))),
            ],
        );
    }

    #[test]
    fn the_twin_knows_how_many_there_are() {
        check_twin(
            &of(true),
            json!({"type": ["string", "null"]}),
            &json!({"anyOf": [{"type": "array", "maxItems": 0}, {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 1}]}),
            true,
        );
        let tags = json!({"type": "array", "items": {"type": "string"}});
        check_twin(
            &one(Pick::First, true),
            tags.clone(),
            &json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            true,
        );
        check_twin(&one(Pick::First, false), tags.clone(), &json!({"type": "string"}), false);
        check_twin(
            &one(Pick::Only, true),
            tags,
            &json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            false,
        );
        let few =
            json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 1});
        check_twin(&one(Pick::Only, false), few, &json!({"type": "string"}), true);
        let schema = Schema::from_document(
            json!({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "null"}], "items": false}),
        );
        sound(&one(Pick::Last, true), &close(&schema));
    }

    proptest! {
        #[test]
        fn there_and_back_again(value in testing::json(), empty in any::<bool>()) {
            let text = value.to_string();
            there_and_back(&of(empty), &one(Pick::Only, empty), &text);
            for pick in [Pick::First, Pick::Last, Pick::Only] {
                if value.is_array() {
                    there_and_back(&one(pick, true), &of(true), &text);
                }
                no_invention(&one(pick, true), &text, &[json!(null)]);
            }
        }
    }
}
