//! How the endpoints of the running snapshot are, for the administrator.

use http::StatusCode;
use serde_json::{Value, json};

use super::desk::{Answer, Desk, json_answer};
use crate::snapshot::{Api, Group, Snapshot};

pub(super) fn answer(desk: &Desk) -> Answer {
    json_answer(StatusCode::OK, &endpoints(&desk.reloader.shared().load()))
}

/// All of them, in the order of the configuration.
fn endpoints(snapshot: &Snapshot) -> Value {
    let apis = snapshot.apis.iter().map(|api| {
        let groups = api.groups.iter().map(|group| of_group(api, group));
        json!({ "api": api.name, "groups": groups.collect::<Vec<_>>() })
    });
    json!({ "generation": snapshot.generation, "apis": apis.collect::<Vec<_>>() })
}

/// An endpoint that says its version itself is told in the group of each, and `mismatched` in all but one.
fn of_group(api: &Api, group: &Group) -> Value {
    let endpoints = group.backends.iter().flat_map(|backend| {
        backend.pool.states(backend.wanted).into_iter().map(|(endpoint, state)| {
            json!({
                "endpoint": endpoint.place().authority.as_str(),
                "address": endpoint.address().map(|address| address.to_string()),
                "state": state.word(),
                "weight": backend.weight,
                "in_flight": endpoint.in_flight(),
                "milliseconds": endpoint.cost().map(|micros| f64::from(micros / 10.0).round() / 100.0),
            })
        })
    });
    json!({
        "version": group.version.and_then(|version| api.versions.labels().get(version)),
        "endpoints": endpoints.collect::<Vec<_>>(),
    })
}
