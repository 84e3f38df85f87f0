//! How the endpoints of the running snapshot are, for the administrator.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::desk::{Answer, Desk, json_answer};
use crate::snapshot::{Api, Group, Snapshot};

/// All endpoints, in the order of the configuration.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Endpoints {
    /// Counts the configurations that came into use, from 1.
    generation: u64,
    apis: Vec<OfApi>,
}

/// Those of one api.
#[derive(Debug, Serialize, JsonSchema)]
struct OfApi {
    /// The name of the api.
    api: String,
    groups: Vec<OfGroup>,
}

/// Those of one version. An endpoint that says its version itself is told in the group of each, and `mismatched` in all
/// but one.
#[derive(Debug, Serialize, JsonSchema)]
struct OfGroup {
    /// `null` for an api without versions.
    version: Option<String>,
    endpoints: Vec<OfEndpoint>,
}

/// One endpoint.
#[derive(Debug, Serialize, JsonSchema)]
struct OfEndpoint {
    /// As the configuration names it.
    endpoint: String,
    /// Where it is; `null` for a name that was not looked up.
    address: Option<String>,
    /// How it is, in a word.
    state: String,
    /// Its share of the requests.
    weight: u32,
    /// Requests that it has not answered.
    in_flight: u64,
    /// What an answer takes on average; `null` before the first.
    milliseconds: Option<f64>,
}

pub(super) fn answer(desk: &Desk) -> Answer {
    json_answer(StatusCode::OK, &endpoints(&desk.reloader.shared().load()))
}

fn endpoints(snapshot: &Snapshot) -> Endpoints {
    let apis = snapshot.apis.iter().map(|api| {
        let groups = api.groups.iter().map(|group| of_group(api, group)).collect();
        OfApi { api: api.name.to_string(), groups }
    });
    Endpoints { generation: snapshot.generation, apis: apis.collect() }
}

fn of_group(api: &Api, group: &Group) -> OfGroup {
    let endpoints = group.backends.iter().flat_map(|backend| {
        backend.pool.states(backend.wanted).into_iter().map(|(endpoint, state)| OfEndpoint {
            endpoint: endpoint.place().authority.to_string(),
            address: endpoint.address().map(|address| address.to_string()),
            state: state.word().to_owned(),
            weight: backend.weight,
            in_flight: endpoint.in_flight() as u64,
            milliseconds: endpoint.cost().map(|micros| f64::from(micros / 10.0).round() / 100.0),
        })
    });
    let version = group.version.and_then(|version| api.versions.labels().get(version));
    OfGroup { version: version.map(ToString::to_string), endpoints: endpoints.collect() }
}
