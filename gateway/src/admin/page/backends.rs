//! How the endpoints of all backends are.

use askama::Template;
use http::StatusCode;

use super::super::desk::{Answer, Call, Desk};
use super::form::{Form, encoded};
use super::frame::{Frame, html};
use super::overview::{ROWS, Turns};
use super::ways;
use crate::snapshot::Api;
use crate::upstream::State;

#[derive(Template)]
#[template(path = "page/backends.html")]
struct Backends {
    frame: Frame,
    q: String,
    rows: Vec<Endpoint>,
    found: usize,
    turns: Turns,
}

/// One endpoint of one version.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) api: String,
    pub(super) link: String,
    pub(super) version: String,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) state: &'static str,
    pub(super) weight: u32,
    pub(super) in_flight: usize,
    pub(super) milliseconds: String,
    /// Names it in events.
    pub(super) key: String,
}

impl Endpoint {
    /// For those who do not see colours.
    pub(super) fn sign(&self) -> &'static str {
        sign(self.state)
    }
}

/// The sign of a state.
pub(super) fn sign(state: &str) -> &'static str {
    if state == State::Up.word() {
        "●"
    } else if state == State::Drained.word() {
        "◐"
    } else {
        "▲"
    }
}

pub(super) fn answer(desk: &Desk, call: &Call) -> Answer {
    let snapshot = desk.reloader.shared().load_full();
    let form = Form::asked(call);
    let q = form.text("q").trim().to_lowercase();
    let fits = |one: &Endpoint| {
        let texts = [one.api.as_str(), &one.name, &one.version, one.state];
        q.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&q))
    };
    let all = snapshot.apis.iter().flat_map(|api| of(api)).filter(fits);
    let fitting: Vec<Endpoint> = all.collect();
    let found = fitting.len();
    let page = form.number("page").min(found.saturating_sub(1) / ROWS);
    let backends = Backends {
        frame: Frame::new(desk, call, "Backends", "backends"),
        rows: fitting.into_iter().skip(page * ROWS).take(ROWS).collect(),
        found,
        turns: Turns::new("/ui/backends", &q, (page, found)),
        q,
    };
    html(StatusCode::OK, &backends)
}

/// Those of one api, in the order of the configuration.
pub(super) fn of(api: &Api) -> Vec<Endpoint> {
    let mut all = Vec::new();
    for (number, group) in api.groups.iter().enumerate() {
        for backend in &group.backends {
            for (endpoint, state) in backend.pool.states(backend.wanted) {
                let name = endpoint.place().authority.to_string();
                let address = endpoint.address().map(|address| address.to_string());
                let cost = endpoint.cost().map(|micros| format!("{:.2} ms", micros / 1000.0));
                all.push(Endpoint {
                    api: api.name.to_string(),
                    link: format!("/ui/apis/{}", encoded(&api.name)),
                    version: ways::label(api, group).to_owned(),
                    key: format!("e:{number}:{name}"),
                    address: address.filter(|address| *address != name).unwrap_or_default(),
                    name,
                    state: state.word(),
                    weight: backend.weight,
                    in_flight: endpoint.in_flight(),
                    milliseconds: cost.unwrap_or_else(|| "–".to_owned()),
                });
            }
        }
    }
    all
}
