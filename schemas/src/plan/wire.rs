//! How the JSON values that a plan converts stand in the bytes of a body.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::plan::program::Program;
use crate::plan::style::{Carried, Form, Odd, Wired};

/// How a body is written.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Wire {
    /// One JSON text (RFC 8259).
    #[default]
    Document,
    /// A sequence of values, each converted by itself.
    Records(Framing),
    /// Operations on the values (RFC 6902).
    Patch,
    /// Names and texts (WHATWG URL §5), an object of fields.
    Form(Arc<FormWire>),
    /// Parts with names (RFC 7578, RFC 2046 §5.1), an object of parts.
    Multipart(Arc<PartsWire>),
    /// One JSON text, or no body at all, as the member [`BODY`] of an object that has some of the request's parameters
    /// as its other members.
    Composed(Arc<ComposedWire>),
}

/// The member of a composed request that is its body.
pub const BODY: &str = "body";

/// Which parameters a composed request has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComposedWire {
    /// As they come.
    pub inward: Vec<Beside>,
    /// As they go.
    pub outward: Vec<Beside>,
    /// A request without a body is taken for one with an empty object.
    pub makes: bool,
    /// The reader takes no body: the empty object that is left is not sent.
    pub drops: bool,
}

/// A parameter of a request that is composed with its body.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The member that it is.
    pub key: Arc<str>,
    /// Where it stands.
    pub wired: Wired,
    /// What its value is.
    pub form: Form,
    /// The members that are declared, for objects, and which of them are texts.
    pub members: BTreeMap<String, bool>,
    /// Its value, or each item of it, is a text; else it is the number or boolean that it spells.
    pub text: bool,
    /// No item can hold the delimiter of its style.
    pub bare: bool,
}

impl Beside {
    /// The JSON text of a value.
    ///
    /// # Errors
    /// When a text spells no number or boolean where one is declared.
    pub fn json(&self, value: &Carried) -> Result<String, Odd> {
        let one = |text: &str, is_text: bool| {
            let spelled = || serde_json::from_str::<Value>(text.trim()).ok();
            if is_text {
                return Ok(Value::from(text).to_string());
            }
            match spelled() {
                Some(Value::Number(_) | Value::Bool(_)) => Ok(text.trim().to_owned()),
                _ => Err(Odd("is no number or boolean, as it is declared")),
            }
        };
        Ok(match value {
            Carried::One(text) => one(text, self.text)?,
            Carried::List(items) => {
                let items = items.iter().map(|item| one(item, self.text));
                format!("[{}]", items.collect::<Result<Vec<_>, _>>()?.join(","))
            }
            Carried::Members(members) => {
                let members = members.iter().map(|(name, text)| {
                    let is_text = self.members.get(name).copied().unwrap_or(true);
                    Ok(format!("{}:{}", Value::from(name.as_str()), one(text, is_text)?))
                });
                format!("{{{}}}", members.collect::<Result<Vec<_>, Odd>>()?.join(","))
            }
        })
    }

    /// The texts of a value.
    ///
    /// # Errors
    /// When the value has another form than the parameter.
    pub fn carried(&self, json: &str) -> Result<Carried, Odd> {
        const OTHER: Odd = Odd("has a value that its style cannot carry");
        let one = |raw: &RawValue| match raw.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw.get()).map_err(|_| OTHER),
            Some(b'[' | b'{' | b'n') | None => Err(OTHER),
            Some(_) => Ok(raw.get().to_owned()),
        };
        match self.form {
            Form::One => {
                let raw: &RawValue = serde_json::from_str(json).map_err(|_| OTHER)?;
                Ok(Carried::One(one(raw)?))
            }
            Form::List => {
                let items: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| OTHER)?;
                Ok(Carried::List(items.into_iter().map(one).collect::<Result<_, _>>()?))
            }
            Form::Members => {
                let members: BTreeMap<String, &RawValue> =
                    serde_json::from_str(json).map_err(|_| OTHER)?;
                let members = members.into_iter().map(|(name, raw)| Ok((name, one(raw)?)));
                Ok(Carried::Members(members.collect::<Result<_, Odd>>()?))
            }
        }
    }
}

/// How the parts of a multipart body are written on both sides, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartsWire {
    /// As they come.
    pub sent: BTreeMap<String, PartField>,
    /// As they go.
    pub read: BTreeMap<String, PartField>,
}

/// What the parts of one name are (OpenAPI 3.1 §4.8.15.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartField {
    /// What is in each.
    pub content: PartContent,
    /// Several values are parts of their own.
    pub repeated: bool,
}

/// What is in a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartContent {
    /// A text; if not `string`, it is read as the JSON value that it spells, where it spells one.
    Text {
        /// The value is a text whatever it spells.
        string: bool,
    },
    /// A JSON text, of this media type where its sender says none.
    Json(Arc<str>),
    /// Bytes that nobody looks into.
    File,
    /// As the part itself says by its media type and file name.
    Told,
}

/// How the fields of a form are written on both sides, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormWire {
    /// As they come.
    pub sent: BTreeMap<String, Field>,
    /// As they go.
    pub read: BTreeMap<String, Field>,
    /// A field is written in one version as it is in no other, so that a form is written anew though its values stay.
    pub restyled: bool,
}

/// What a field of a form is (OpenAPI 3.1 §4.8.15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Each value is a text; else it is read as the JSON value that it spells, where it spells one.
    pub text: bool,
    /// How several values are written.
    pub many: Many,
}

impl Default for Field {
    fn default() -> Self {
        Self { text: true, many: Many::No }
    }
}

/// How several values of a field are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Many {
    /// There is one.
    No,
    /// All of them are one JSON text.
    Json,
    /// Each in a pair whose name has its place in brackets: `a[b][c]`.
    Deep(Arc<Deep>),
    /// Each in a pair of its own.
    Repeated,
    /// In one pair, with this between.
    Joined(char),
}

impl Many {
    /// Whether values are written alike: one value may be one of several.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let plain = |many: &Self| matches!(many, Self::No | Self::Repeated);
        let deep = |many: &Self| matches!(many, Self::Deep(_));
        self == other || (plain(self) && plain(other)) || (deep(self) && deep(other))
    }
}

/// What is at a place below a field whose names have brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deep {
    /// One value, a text or what it spells, as [`Field::text`] says.
    Value(bool),
    /// Members; others are taken to be texts.
    Members(BTreeMap<String, Self>),
    /// Items: `a[]`, `a[0]`, or a name that is repeated.
    Items(Box<Self>),
}

/// How records are told apart in a stream.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Framing {
    /// One JSON text a line (NDJSON, JSON Lines). Lines of nothing but white space are no records.
    Lines,
    /// JSON texts, each after a record separator (RFC 7464).
    Sequence,
    /// Server-sent events (WHATWG HTML §9.2): the `data` of an event is a value.
    Events(Arc<[EventPlan]>),
}

/// The conversion of the `data` of the events of one type.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPlan {
    /// The event type; absent for all that no other plan names.
    pub event: Option<String>,
    /// Absent where `data` is plain text, or where the reader does not know the event: it passes as it is.
    pub stages: Option<Vec<Arc<Program>>>,
}

impl Wire {
    /// The programs that a body of this kind needs beside those of its plan, in the order in which they are counted.
    pub fn stages(&self) -> impl Iterator<Item = &Arc<Program>> {
        let events = match self {
            Self::Records(Framing::Events(events)) => &**events,
            Self::Document
            | Self::Records(_)
            | Self::Patch
            | Self::Form(_)
            | Self::Multipart(_)
            | Self::Composed(_) => &[],
        };
        events.iter().filter_map(|event| event.stages.as_ref()).flatten()
    }

    /// Whether bodies are written anew even where no program does anything.
    pub fn is_rewritten(&self) -> bool {
        matches!(self, Self::Composed(_)) || matches!(self, Self::Form(form) if form.restyled)
    }

    /// Whether any program is beside those of the plan.
    pub fn has_stages(&self) -> bool {
        self.stages().next().is_some()
    }
}
