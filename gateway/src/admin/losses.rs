//! The loss map of the running snapshot: what each way between two versions may lose, and how often it did.

use evergate_schemas::describe::model::Status;
use http::StatusCode;
use serde_json::{Value, json};

use super::desk::{Answer, Desk, json_answer};
use crate::snapshot::loss::Loss;
use crate::snapshot::{Api, ClientOperation, ClientVersion, Crossing, CrossingMessage, Snapshot};

pub(super) fn answer(desk: &Desk) -> Answer {
    json_answer(StatusCode::OK, &losses(&desk.reloader.shared().load()))
}

/// All of it, in the order of the configuration and the descriptions.
fn losses(snapshot: &Snapshot) -> Value {
    let apis = snapshot.apis.iter().map(|api| {
        let versions = api.clients.iter().flat_map(|client| {
            client.operations.iter().flat_map(move |operation| of_operation(api, client, operation))
        });
        json!({ "api": api.name, "ways": versions.collect::<Vec<_>>() })
    });
    json!({ "generation": snapshot.generation, "apis": apis.collect::<Vec<_>>() })
}

/// One entry for each backend's version whose way may lose something.
fn of_operation(api: &Api, client: &ClientVersion, operation: &ClientOperation) -> Vec<Value> {
    let ways = operation.choices.iter().filter_map(|choice| {
        let crossing = choice.crossing.as_ref()?;
        let version = api.groups.get(choice.group)?.version?;
        let found = of_crossing(crossing);
        (!found.is_empty()).then(|| {
            json!({
                "operation": operation.label,
                "client_version": client.label,
                "backend_version": api.versions.labels().get(version),
                "losses": found,
            })
        })
    });
    ways.collect()
}

fn of_crossing(crossing: &Crossing) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    let mut put = |loss: &Loss, status: Option<&Status>| {
        let one = json!({
            "message": status.map_or("request".to_owned(), |status| format!("response {status}")),
            "rule": loss.rule,
            "pointer": loss.at,
            "what": loss.text,
            "counted": loss.counted(),
        });
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
