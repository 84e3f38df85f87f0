//! The loss map of the running snapshot: what each way between two versions may lose, and how often it did.

use evergate_schemas::describe::model::Status;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::desk::{Answer, Desk, json_answer};
use crate::snapshot::loss::Loss;
use crate::snapshot::{Api, ClientOperation, ClientVersion, Crossing, CrossingMessage, Snapshot};

/// What may be lost, in the order of the configuration and the descriptions.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Losses {
    /// Counts the configurations that came into use, from 1.
    generation: u64,
    apis: Vec<OfApi>,
}

/// What one api may lose.
#[derive(Debug, Serialize, JsonSchema)]
struct OfApi {
    /// The name of the api.
    api: String,
    ways: Vec<OfWay>,
}

/// What is lost on the way between a client's and a backend's version.
#[derive(Debug, Serialize, JsonSchema)]
struct OfWay {
    /// The operation, as `GET /orders/{id}`.
    operation: String,
    client_version: String,
    backend_version: Option<String>,
    losses: Vec<OneLoss>,
}

/// A step that drops or replaces information.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct OneLoss {
    /// `request` or `response` with its status.
    message: String,
    /// The rule that it goes by.
    rule: String,
    /// The place, in the sender's names.
    pointer: String,
    /// What is done.
    what: String,
    /// How often it was.
    counted: u64,
}

pub(super) fn answer(desk: &Desk) -> Answer {
    json_answer(StatusCode::OK, &losses(&desk.reloader.shared().load()))
}

fn losses(snapshot: &Snapshot) -> Losses {
    let apis = snapshot.apis.iter().map(|api| {
        let ways = api.clients.iter().flat_map(|client| {
            client.operations.iter().flat_map(move |operation| of_operation(api, client, operation))
        });
        OfApi { api: api.name.to_string(), ways: ways.collect() }
    });
    Losses { generation: snapshot.generation, apis: apis.collect() }
}

/// One entry for each backend's version whose way may lose something.
fn of_operation(api: &Api, client: &ClientVersion, operation: &ClientOperation) -> Vec<OfWay> {
    let ways = operation.choices.iter().filter_map(|choice| {
        let crossing = choice.crossing.as_ref()?;
        let version = api.groups.get(choice.group)?.version?;
        let losses = of_crossing(crossing);
        (!losses.is_empty()).then(|| OfWay {
            operation: operation.label.to_string(),
            client_version: client.label.to_string(),
            backend_version: api.versions.labels().get(version).map(ToString::to_string),
            losses,
        })
    });
    ways.collect()
}

fn of_crossing(crossing: &Crossing) -> Vec<OneLoss> {
    let mut found: Vec<OneLoss> = Vec::new();
    let mut put = |loss: &Loss, status: Option<&Status>| {
        let one = OneLoss {
            message: status.map_or("request".to_owned(), |status| format!("response {status}")),
            rule: loss.rule.to_owned(),
            pointer: loss.at.clone(),
            what: loss.text.clone(),
            counted: loss.counted(),
        };
        if !found.contains(&one) {
            found.push(one);
        }
    };
    of_message(&crossing.request).for_each(|loss| put(loss, None));
    for member in crossing.hiding.iter().flat_map(|hiding| &hiding.members) {
        put(member, None);
    }
    for (status, message) in &crossing.responses {
        of_message(message).for_each(|loss| put(loss, Some(status)));
    }
    found
}

fn of_message(message: &CrossingMessage) -> impl Iterator<Item = &Loss> {
    let bodies = message
        .bodies
        .iter()
        .chain(&message.bare)
        .chain(&message.beside)
        .filter_map(|body| body.conversion.as_ref());
    let noted = bodies.flat_map(|one| one.losses.iter().flatten());
    message.parameter_losses.iter().chain(noted).flatten().map(|loss| &**loss)
}
