//! The image of what is written at the end of an object.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::plan::program::{Missing, Outside, Source, Supply};

use super::slots::Held;
use super::walk::{Walk, constant, union};

/// What a source gives.
pub(super) struct Supplied {
    /// The schema of the value; `None` when there never is one.
    pub(super) schema: Option<Value>,
    /// There always is one.
    pub(super) sure: bool,
}

impl Supplied {
    const fn nothing() -> Self {
        Self { schema: None, sure: false }
    }

    const fn sure(schema: Value) -> Self {
        Self { schema: Some(schema), sure: true }
    }
}

impl Walk<'_> {
    /// What a supply writes where its member is absent; `sure` after a refusal of the payloads that lack it.
    pub(super) fn supply(&mut self, supply: &Supply) -> Supplied {
        let mut given = self.source(&supply.source);
        if given.schema.is_some() {
            self.fired.insert(supply.note);
        }
        if let Missing::Refuse(note) = supply.missing
            && !given.sure
        {
            self.refused.insert(note);
            given.sure = true;
        }
        given
    }

    fn source(&mut self, source: &Source) -> Supplied {
        match source {
            Source::Nothing => Supplied::nothing(),
            Source::Literal(literal) => Supplied::sure(constant(literal)),
            Source::Outside(Outside::Configuration(name)) => {
                let value = self.known.configuration.get(name.as_ref());
                Supplied::sure(value.map_or(Value::Bool(true), constant))
            }
            Source::Outside(Outside::Header(name)) => Supplied {
                schema: Some(json!({"type": "string"})),
                sure: self.known.headers.contains(name.as_ref()),
            },
            Source::Outside(Outside::Parameter(name)) => Supplied {
                schema: Some(json!({"type": "string"})),
                sure: self.known.parameters.contains(name.as_ref()),
            },
            Source::Outside(Outside::Link(_)) => {
                Supplied { schema: Some(json!({"type": "string"})), sure: false }
            }
            Source::Slot(slot) => match self.slots.held(*slot) {
                Held::Nothing => Supplied::nothing(),
                Held::Values { schema, sure } => Supplied { schema: Some(schema), sure },
            },
            Source::Object(parts) => self.parts(parts),
        }
    }

    fn parts(&mut self, parts: &[Supply]) -> Supplied {
        let mut properties: Map<String, Value> = Map::new();
        let mut required: BTreeSet<&str> = BTreeSet::new();
        for part in parts {
            let given = self.supply(part);
            if let Some(schema) = given.schema {
                let seen = properties.remove(part.name.as_ref());
                let both = union(seen.into_iter().chain([schema]).collect());
                properties.insert(part.name.as_ref().to_owned(), both);
            }
            if given.sure {
                required.insert(&part.name);
            }
        }
        if properties.is_empty() {
            return Supplied::nothing();
        }
        let sure = !required.is_empty();
        let mut schema =
            json!({"type": "object", "properties": properties, "additionalProperties": false});
        if let Some(members) = schema.as_object_mut() {
            if sure {
                members.insert("required".to_owned(), json!(required));
            } else {
                members.insert("minProperties".to_owned(), json!(1));
            }
        }
        Supplied { schema: Some(schema), sure }
    }
}
