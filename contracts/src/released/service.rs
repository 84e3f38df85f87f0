//! A service's own types against the released description, in one assertion of an ordinary test.

use std::path::Path;

use anstream::StripStream;
use serde_json::Value;

use evergate_schemas::describe::model::{Api, Content, Description, Operation, Status};
use evergate_schemas::describe::{Limits, load_api};
use evergate_schemas::plan::bridge::{Judgement, MessageBridge, Part, PartKey};
use evergate_schemas::plan::{JudgeLimits, Known, Question, judge};
use evergate_schemas::problem::{Place, Problem};
use evergate_schemas::relate::{Budget, Prover};
use evergate_schemas::schema::{Role, Schema, Side};

use crate::policy::Settings;
use crate::report::human::{self, Extent};
use crate::report::model::{ApiReport, CheckReport};
use crate::report::rows::Subject;

/// A released version of an api, for the tests of a service that speaks it.
///
/// ```
/// use evergate_contracts::Released;
/// use schemars::{JsonSchema, schema_for};
///
/// /// What this service reads when an order is placed.
/// #[derive(JsonSchema)]
/// struct NewOrder {
///     article: String,
///     amount: u32,
///     note: Option<String>,
/// }
///
/// let orders = Released::version("tests/apis/orders", "v1").unwrap();
/// // Every order that a client of v1 may send can be read into the type.
/// orders.request("POST /orders").assert_served_by(schema_for!(NewOrder));
/// ```
#[derive(Debug)]
pub struct Released {
    api: Api,
    at: usize,
}

/// A message of the released version: a request, or the response with one status.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    released: &'a Released,
    operation: String,
    status: Option<u16>,
}

/// Why a type does not serve a released message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unserved {
    /// The description has no such message; the text says which there are.
    #[error("{0}")]
    Unknown(String),
    /// Some payload does not get through, or it could not be decided; the text is the report that `evergate check`
    /// would write.
    #[error("{text}")]
    Found {
        /// The same as data.
        report: Box<CheckReport>,
        /// The same for people, without colours.
        text: String,
    },
}

/// Why a released description could not be read.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotRead {
    /// No version could be read, or its documents have faults.
    #[error("{}", told(.0))]
    Faulty(Vec<Problem>),
    /// The directory has versions, but not this one.
    #[error("the api has no version `{wanted}`; it has {known}")]
    NoVersion {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

impl Released {
    /// The newest version in the directory of an api.
    ///
    /// # Errors
    /// When the directory cannot be read or its documents have faults.
    pub fn newest(directory: impl AsRef<Path>) -> Result<Self, NotRead> {
        let api = read(directory.as_ref())?;
        let at = api.versions.len().saturating_sub(1);
        Ok(Self { api, at })
    }

    /// This version in the directory of an api.
    ///
    /// # Errors
    /// When the directory cannot be read, its documents have faults, or it has no such version.
    pub fn version(directory: impl AsRef<Path>, version: &str) -> Result<Self, NotRead> {
        let api = read(directory.as_ref())?;
        let known: Vec<&str> = api.versions.iter().map(|one| one.version.as_str()).collect();
        let Some(at) = known.iter().position(|one| *one == version) else {
            let (wanted, known) = (version.to_owned(), known.join(", "));
            return Err(NotRead::NoVersion { wanted, known });
        };
        Ok(Self { api, at })
    }

    /// What clients send to an operation: `POST /orders`, with the path as the description writes it.
    pub fn request(&self, operation: &str) -> Message<'_> {
        Message { released: self, operation: operation.to_owned(), status: None }
    }

    /// What an operation answers with this status.
    pub fn response(&self, operation: &str, status: u16) -> Message<'_> {
        Message { released: self, operation: operation.to_owned(), status: Some(status) }
    }

    fn description(&self) -> Option<&Description> {
        self.api.versions.get(self.at).map(AsRef::as_ref)
    }
}

fn read(directory: &Path) -> Result<Api, NotRead> {
    let api = load_api(directory, &Limits::default()).map_err(NotRead::Faulty)?;
    if api.problems.is_empty() { Ok(api) } else { Err(NotRead::Faulty(api.problems)) }
}

impl Message<'_> {
    /// Whether the type with this schema serves the message. Of a request the type must read whatever a client of the
    /// released version sends; of a response it must write only what such a client reads. Members that a sender
    /// does not declare are not sent, as everywhere.
    ///
    /// For a response give the schema of what is *written*: `SchemaSettings::draft2020_12().for_serialize()`.
    ///
    /// # Errors
    /// With a payload that does not get through, or what could not be decided.
    pub fn served_by(&self, schema: impl Into<Value>) -> Result<(), Unserved> {
        let description = self.released.description();
        let description = description.ok_or_else(|| Unserved::Unknown("no version".to_owned()))?;
        let operation = self.find(description)?;
        let (status, contents) = self.contents(operation)?;
        let schema: Value = schema.into();
        let title = schema.get("title").and_then(Value::as_str).unwrap_or("the type").to_owned();
        let own = Schema::from_document(schema);
        let side = if self.status.is_some() { Side::Response } else { Side::Request };
        let parts: Vec<Part> = contents
            .iter()
            .map(|content| {
                let judged = match side {
                    Side::Request => {
                        let sender = description.schema(&content.root, side, Role::Sender);
                        judged(&sender, &own)
                    }
                    Side::Response => {
                        let reader = description.schema(&content.root, side, Role::Reader);
                        judged(&own, &reader)
                    }
                };
                part(&content.media_type, judged, side, &content.place)
            })
            .collect();
        self.answer(&title, status, parts)
    }

    /// The same, as an assertion.
    ///
    /// # Panics
    /// With the report, when the type does not serve the message.
    #[track_caller]
    #[expect(clippy::panic, reason = "an assertion for tests")]
    pub fn assert_served_by(&self, schema: impl Into<Value>) {
        if let Err(unserved) = self.served_by(schema) {
            panic!("{unserved}");
        }
    }

    fn find<'d>(&self, description: &'d Description) -> Result<&'d Operation, Unserved> {
        let named = |one: &&Operation| one.key.to_string() == self.operation;
        description.operations.iter().find(named).ok_or_else(|| {
            let known: Vec<String> =
                description.operations.iter().map(|one| one.key.to_string()).collect();
            let (version, known) = (&description.version, known.join(", "));
            Unserved::Unknown(format!(
                "version {version} has no operation `{}`; it has {known}",
                self.operation
            ))
        })
    }

    /// The status as declared and the media types whose payloads are JSON.
    fn contents<'d>(
        &self,
        operation: &'d Operation,
    ) -> Result<(Option<Status>, Vec<&'d Content>), Unserved> {
        let (status, contents) = match self.status {
            None => (None, operation.body.as_ref().map(|body| body.contents.as_slice())),
            Some(code) => {
                let response = operation.response(code).ok_or_else(|| {
                    let known: Vec<String> =
                        operation.responses.iter().map(|one| one.status.to_string()).collect();
                    Unserved::Unknown(format!(
                        "`{}` has no response {code}; it has {}",
                        self.operation,
                        known.join(", ")
                    ))
                })?;
                (Some(response.status), Some(response.contents.as_slice()))
            }
        };
        let json: Vec<&Content> = contents
            .unwrap_or_default()
            .iter()
            .filter(|content| is_json(&content.media_type))
            .collect();
        if json.is_empty() {
            let text = format!("`{}` declares no JSON body there", self.operation);
            return Err(Unserved::Unknown(text));
        }
        Ok((status, json))
    }

    fn answer(
        &self,
        title: &str,
        status: Option<Status>,
        parts: Vec<Part>,
    ) -> Result<(), Unserved> {
        let description = self.released.description();
        let version =
            description.map_or_else(String::new, |one| format!("released {}", one.version));
        let verdict = parts.iter().map(|one| one.judgement.verdict).max();
        let Some(verdict) = verdict.filter(|verdict| !verdict.holds()) else { return Ok(()) };
        let mut api = ApiReport {
            api: self.released.api.name.clone(),
            versions: vec![version.clone(), title.to_owned()],
            operations: 1,
            ..ApiReport::default()
        };
        let side = if status.is_some() { "response" } else { "request" };
        let operation = self.operation.clone();
        let subject = Subject {
            api: &self.released.api.name,
            client: &version,
            backend: title,
            operation,
            side,
            ends: None,
            changes: &[],
        };
        let message = MessageBridge {
            status,
            verdict,
            parts,
            bodies: Vec::new(),
            selected: Vec::new(),
            bare: None,
            beside: Vec::new(),
            parameters: Vec::new(),
            status_as: None,
            positions: None,
        };
        api.add(&subject, &message);
        let report = Box::new(CheckReport::new(vec![api], Settings::default()));
        Err(Unserved::Found { text: text(&report), report })
    }
}

/// `application/json`, `application/problem+json`, `*/*` and the like.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let subtype = essence.rsplit('/').next().unwrap_or_default();
    matches!(subtype, "json" | "*") || subtype.ends_with("+json")
}

/// One payload without conversion: a service reads and writes the bytes themselves.
fn judged(sender: &Schema, reader: &Schema) -> Judgement {
    let known = Known::default();
    let limits = JudgeLimits::default();
    let question = Question { sender, reader, chain: &[], known: &known, limits };
    judge(&question, &mut Prover::new(Budget::default())).judgement
}

fn part(media_type: &str, judgement: Judgement, side: Side, place: &Place) -> Part {
    let place = Some(place.clone());
    let (sender_place, reader_place) =
        if side == Side::Request { (place, None) } else { (None, place) };
    Part { key: PartKey::Body(media_type.to_owned()), judgement, sender_place, reader_place }
}

fn text(report: &CheckReport) -> String {
    let mut stream = StripStream::new(Vec::new());
    let extent = Extent { most: usize::MAX, verbose: true, width: 100, waivable: false };
    // Writing into memory does not fail, and a report cut short would still be a failed assertion.
    let _ = human::write(&mut stream, report, extent);
    String::from_utf8_lossy(&stream.into_inner()).into_owned()
}

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;
    use schemars::{JsonSchema, Schema, schema_for};

    use super::{Released, Unserved};

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct NewOrder {
        article: String,
        amount: u32,
        note: Option<String>,
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Status {
        Open,
        Done,
        Lost,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Order {
        id: String,
        article: String,
        amount: i64,
        status: Status,
    }

    fn orders(version: &str) -> Released {
        Released::version("tests/apis/orders", version).unwrap()
    }

    fn written<T: JsonSchema>() -> Schema {
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
    }

    #[track_caller]
    fn refused(found: Result<(), Unserved>) -> String {
        found.unwrap_err().to_string()
    }

    #[test]
    fn a_type_that_reads_all_requests_holds() {
        orders("v1").request("POST /orders").assert_served_by(schema_for!(NewOrder));
    }

    #[test]
    fn a_request_that_the_type_cannot_read_is_shown() {
        #[derive(JsonSchema)]
        #[schemars(deny_unknown_fields)]
        #[expect(dead_code, reason = "only its schema is looked at")]
        struct Narrow {
            article: String,
            amount: u8,
        }
        insta::assert_snapshot!(refused(
            orders("v1").request("POST /orders").served_by(schema_for!(Narrow))
        ));
    }

    #[test]
    fn an_answer_that_clients_do_not_read_is_shown() {
        let message = orders("v1");
        let message = message.response("GET /orders/{id}", 200);
        insta::assert_snapshot!(refused(message.served_by(written::<Order>())));
    }

    #[test]
    fn what_is_not_there_is_named_with_what_there_is() {
        let order = || schema_for!(Order);
        let all = orders("v1");
        let told = [
            refused(all.request("PUT /orders").served_by(order())),
            refused(all.response("POST /orders", 404).served_by(order())),
            refused(all.request("GET /orders/{id}").served_by(order())),
            Released::version("tests/apis/orders", "v9").unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(told.join("\n"));
    }
}
