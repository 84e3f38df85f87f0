//! The list of transforms, and what one makes of a value.

use serde_json::Value;

use crate::pointer::Pointer;
use crate::schema::Schema;

use super::wrap;

/// A function of one JSON value. It is deterministic, reads nothing but the value, and keeps the spelling of what it does
/// not touch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Transform {
    /// `v` becomes `[v]` (lens L4).
    Wrap,
    /// One after the other; the first that does not take its value decides.
    Chain(Vec<Self>),
}

/// What a transform made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// One JSON text.
    pub text: String,
    /// Nothing of what the value said was lost.
    pub exact: bool,
}

impl Made {
    /// Nothing was lost.
    pub const fn exact(text: String) -> Self {
        Self { text, exact: true }
    }

    /// Something was lost.
    pub const fn lossy(text: String) -> Self {
        Self { text, exact: false }
    }
}

/// Why a transform does not take a value: a fragment of a sentence that says nothing of the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(pub String);

impl Transform {
    /// What becomes of `text`, one well-formed JSON value without duplicate names.
    ///
    /// # Errors
    /// When the function is not defined for this value.
    pub fn apply(&self, text: &str) -> Result<Made, Unfit> {
        match self {
            Self::Wrap => Ok(wrap::apply(text)),
            Self::Chain(parts) => {
                let mut made = Made::exact(text.to_owned());
                for part in parts {
                    let next = part.apply(&made.text)?;
                    made = Made { exact: made.exact && next.exact, text: next.text };
                }
                Ok(made)
            }
        }
    }

    /// A schema that has at least all outcomes of valid inputs. `sender` is a schema whose references resolve in
    /// `schema`, and so are those of the answer.
    pub fn image(&self, sender: &Value, schema: &Schema) -> Value {
        match self {
            Self::Wrap => wrap::image(sender),
            Self::Chain(parts) => {
                parts.iter().fold(sender.clone(), |sender, part| part.image(&sender, schema))
            }
        }
    }

    /// The place in the input of a place in what was made of it; the root where more is not known.
    pub fn origin(&self, place: &Pointer) -> Pointer {
        match self {
            Self::Wrap => place.tokens().skip(1).fold(Pointer::root(), |at, token| at.join(&token)),
            Self::Chain(parts) => {
                parts.iter().rev().fold(place.clone(), |place, part| part.origin(&place))
            }
        }
    }

    /// Whether the function is proved to be defined for every valid value.
    pub fn takes_all(&self, sender: &Value, schema: &Schema) -> bool {
        match self {
            Self::Wrap => true,
            Self::Chain(parts) => {
                let mut sender = sender.clone();
                parts.iter().all(|part| {
                    let takes = part.takes_all(&sender, schema);
                    sender = part.image(&sender, schema);
                    takes
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Made, Transform};
    use crate::schema::Schema;

    #[test]
    fn a_chain_goes_on_with_what_came_before() {
        let twice = Transform::Chain(vec![Transform::Wrap, Transform::Wrap]);
        assert_eq!(twice.apply(" 1.0"), Ok(Made::exact("[[1.0]]".to_owned())));
        let schema = Schema::from_document(json!({"type": "number"}));
        assert!(twice.takes_all(&schema.root, &schema));
        let image = twice.image(&schema.root, &schema);
        assert_eq!(image["prefixItems"][0]["prefixItems"][0], schema.root);
    }
}
