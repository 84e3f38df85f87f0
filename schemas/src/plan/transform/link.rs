//! Lenses L21 and L22: links and paging tokens, which name a version or belong to one, as the other side says them.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::plan::outside::Values;
use crate::schema::Schema;

use super::model::Made;
use super::raw::{is_string, quoted, unquoted};
use super::twin::by_type;

/// A text whose meaning hangs on the version that is spoken. What is no string, and what nobody knows, stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is.
    pub what: Linked,
    /// The label of the version whose words are read.
    pub from: Arc<str>,
}

/// Which kind of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// A link: a URI reference (RFC 3986).
    Link,
    /// An opaque paging token; an empty one means that there is no page and stays.
    Cursor,
}

impl Link {
    pub(super) fn apply(&self, text: &str, values: &Values) -> Made {
        let known = values.links.as_ref().filter(|_| is_string(text.trim()));
        let made = known.and_then(|links| {
            let said = unquoted(text)?;
            match self.what {
                Linked::Link => links.0.link(&said, &self.from),
                Linked::Cursor if said.is_empty() => None,
                Linked::Cursor => links.0.seal(&said, &self.from),
            }
        });
        Made::exact(made.map_or_else(|| text.to_owned(), |made| quoted(&made)))
    }

    /// Any string: what is known outside decides. What was not empty does not become so.
    pub(super) fn image(&self, sender: &Value, schema: &Schema) -> Value {
        by_type(sender, schema, |kind, part| {
            (kind == "string").then(|| {
                let mut made = Map::from_iter([("type".to_owned(), json!("string"))]);
                if part.get("minLength").and_then(Value::as_u64).is_some_and(|least| least > 0) {
                    made.insert("minLength".to_owned(), json!(1));
                }
                if let Some(format) = part.get("format").filter(|_| self.what == Linked::Link) {
                    made.insert("format".to_owned(), format.clone());
                }
                vec![Value::Object(made)]
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;

    use super::super::model::{Made, Transform};
    use super::super::testing::{check, check_twin, json as any_json};
    use super::{Link, Linked};
    use crate::plan::outside::{Carrier, Links, Values};

    #[derive(Debug)]
    struct Loud;

    impl Links for Loud {
        fn link(&self, text: &str, from: &str) -> Option<String> {
            text.strip_prefix('/').map(|rest| format!("/{from}/\"{rest}"))
        }

        fn seal(&self, token: &str, from: &str) -> Option<String> {
            Some(format!("{from}~{token}"))
        }

        fn relate(&self, _: &str, _: &str) -> bool {
            false
        }
    }

    fn of(what: Linked) -> Transform {
        Transform::Link(Link { what, from: "v2".into() })
    }

    #[track_caller]
    fn said(what: Linked, text: &str, expected: &str) {
        let values = Values { links: Some(Carrier(Arc::new(Loud))), ..Values::default() };
        let made = of(what).apply_with(text, &values);
        assert_eq!(made, Ok(Made::exact(expected.to_owned())), "{text}");
    }

    #[test]
    fn what_is_known_is_said_anew_and_the_rest_stays() {
        said(Linked::Link, r#" "\/a" "#, r#""/v2/\"a""#);
        said(Linked::Link, r#""mailto:\u0061""#, r#""mailto:\u0061""#);
        said(Linked::Link, "7", "7");
        said(Linked::Link, r#"{"href":"/a"}"#, r#"{"href":"/a"}"#);
        said(Linked::Cursor, r#""x""#, r#""v2~x""#);
        said(Linked::Cursor, r#""""#, r#""""#);
    }

    #[test]
    fn the_twin_knows_that_it_is_a_string_and_no_more() {
        let sender = json!({"type": "string", "format": "uri", "maxLength": 9, "minLength": 3});
        let image = json!({"type": "string", "format": "uri", "minLength": 1});
        check_twin(&of(Linked::Link), sender.clone(), &image, true);
        check_twin(&of(Linked::Cursor), sender, &json!({"type": "string", "minLength": 1}), true);
        check(&of(Linked::Link), &[("\"/a\"", Ok(("\"/a\"", true)))]);
        let number = json!({"type": "number"});
        check_twin(&of(Linked::Link), number.clone(), &number, true);
    }

    proptest! {
        #[test]
        fn where_nobody_knows_nothing_changes(value in any_json()) {
            let text = value.to_string();
            for what in [Linked::Link, Linked::Cursor] {
                prop_assert_eq!(of(what).apply(&text), Ok(Made::exact(text.clone())));
            }
        }
    }
}
