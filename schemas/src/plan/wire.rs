//! How the JSON values that a plan converts stand in the bytes of a body.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::program::Program;

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
}

/// How the fields of a form are written on both sides, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormWire {
    /// As they come.
    pub sent: BTreeMap<String, Field>,
    /// As they go.
    pub read: BTreeMap<String, Field>,
}

/// What a field of a form is (OpenAPI 3.1 §4.8.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Many {
    /// There is one.
    No,
    /// Each in a pair of its own.
    Repeated,
    /// In one pair, with this between.
    Joined(char),
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
            Self::Document | Self::Records(_) | Self::Patch | Self::Form(_) => &[],
        };
        events.iter().filter_map(|event| event.stages.as_ref()).flatten()
    }

    /// Whether any program is beside those of the plan.
    pub fn has_stages(&self) -> bool {
        self.stages().next().is_some()
    }
}
