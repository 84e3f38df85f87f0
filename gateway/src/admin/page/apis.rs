//! One api: its traffic by client's and backend's version, and its backends.

use askama::Template;
use http::StatusCode;

use super::super::desk::{Answer, Call, Desk, refusal};
use super::backends::{self, Endpoint};
use super::form::encoded;
use super::frame::{Frame, html};
use super::numbers::{Numbers, shown};
use super::ways::{self, Way, Ways};
use crate::snapshot::{Api, Snapshot};

#[derive(Template)]
#[template(path = "page/api.html")]
struct Page {
    frame: Frame,
    name: String,
    hosts: String,
    path: String,
    places: Vec<String>,
    default: String,
    columns: Vec<String>,
    rows: Vec<Row>,
    /// Versions are told apart.
    versioned: bool,
    requests: String,
    refused: String,
    failed: String,
    unrouted: String,
    p50: String,
    p99: String,
    plan: String,
    endpoints: Vec<Endpoint>,
}

struct Row {
    label: String,
    stage: &'static str,
    cells: Vec<Cell>,
}

struct Cell {
    key: String,
    backend: String,
    kind: &'static str,
    sign: &'static str,
    word: &'static str,
    /// How many operations have a way, and how many there are; 0 where no description says.
    ways: (usize, usize),
    requests: String,
    failed: String,
    any_failed: bool,
    p50: String,
    p99: String,
    /// The plan; empty where there is none to look at.
    link: String,
}

/// The api of a path.
pub(super) fn find<'s>(snapshot: &'s Snapshot, call: &Call) -> Result<&'s Api, Box<Answer>> {
    let name = call.places.get("api").map(String::as_str).unwrap_or_default();
    let found = snapshot.apis.iter().find(|api| &*api.name == name);
    found.map(|api| &**api).ok_or_else(|| {
        let why = format!("no api is called `{name}` in the configuration in use");
        Box::new(refusal(StatusCode::NOT_FOUND, "no-such-api", &why))
    })
}

pub(super) fn answer(desk: &Desk, call: &Call) -> Answer {
    let snapshot = desk.reloader.shared().load_full();
    let api = match find(&snapshot, call) {
        Ok(api) => api,
        Err(answer) => return *answer,
    };
    let numbers = Numbers::of(api);
    let now = jiff::Timestamp::now().as_second();
    let rows = api.clients.iter().enumerate().map(|(index, client)| Row {
        label: if client.label.is_empty() { "any".to_owned() } else { client.label.to_string() },
        stage: client.life.as_deref().map_or("current", |life| life.stage(now).word()),
        cells: (0..api.groups.len()).map(|group| cell(api, (index, group), &numbers)).collect(),
    });
    let link = format!("/ui/apis/{}", encoded(&api.name));
    let described = api.clients.iter().any(|client| !client.operations.is_empty());
    let feed = format!("/ui/events?api={}", encoded(&api.name));
    let whole = &numbers.whole;
    let default = api.default.and_then(|version| api.versions.labels().get(version));
    let page = Page {
        frame: Frame::new(desk, call, &api.name, "traffic").fed(feed),
        name: api.name.to_string(),
        hosts: api.hosts.join(", "),
        path: if api.prefix.is_empty() { "/".to_owned() } else { api.prefix.clone() },
        places: api.places(),
        default: default.cloned().unwrap_or_default(),
        columns: api.groups.iter().map(|group| ways::label(api, group).to_owned()).collect(),
        rows: rows.collect(),
        versioned: !api.versions.labels().is_empty(),
        requests: shown(whole.all),
        refused: shown(whole.refused),
        failed: shown(whole.failed),
        unrouted: shown(numbers.unrouted.all),
        p50: whole.percentile(50),
        p99: whole.percentile(99),
        plan: if described { format!("{link}/plan") } else { String::new() },
        endpoints: backends::of(api),
    };
    html(StatusCode::OK, &page)
}

fn cell(api: &Api, (client, group): (usize, usize), numbers: &Numbers) -> Cell {
    let tally = numbers.cell(client, group);
    let version = api.clients.get(client);
    let counts = version.map(|version| Ways::between(version, group)).unwrap_or_default();
    let way = counts.worst();
    let described = version.is_some_and(|version| !version.operations.is_empty());
    let backend = api.groups.get(group).map(|group| ways::label(api, group)).unwrap_or_default();
    let label = version.map(|version| &*version.label).unwrap_or_default();
    let link = format!(
        "/ui/apis/{}/plan?client={}&backend={}",
        encoded(&api.name),
        encoded(label),
        encoded(backend)
    );
    Cell {
        key: format!("c:{client}:{group}"),
        backend: backend.to_owned(),
        kind: way.kind(),
        sign: way.sign(),
        word: way.word(),
        ways: if described { (counts.all() - counts.of(Way::None), counts.all()) } else { (0, 0) },
        requests: shown(tally.all),
        failed: shown(tally.failed),
        any_failed: tally.failed > 0,
        p50: tally.percentile(50),
        p99: tally.percentile(99),
        link: if described && way != Way::None { link } else { String::new() },
    }
}
