//! What is announced of versions, and how much each is still used.

use askama::Template;
use http::StatusCode;
use jiff::Timestamp;

use super::super::desk::{Answer, Call, Desk};
use super::form::{Form, encoded};
use super::frame::{Frame, html};
use super::numbers::{Numbers, shown};
use super::overview::{ROWS, Turns};
use crate::snapshot::life::{AfterSunset, Life, Stage};
use crate::snapshot::{Api, ClientVersion};

#[derive(Template)]
#[template(path = "page/life.html")]
struct Board {
    frame: Frame,
    q: String,
    rows: Vec<Row>,
    found: usize,
    turns: Turns,
    /// Only what retires is shown.
    only: bool,
}

#[derive(Debug)]
struct Row {
    api: String,
    link: String,
    version: String,
    /// Empty for the version itself.
    operation: String,
    stage: &'static str,
    sign: &'static str,
    deprecated: String,
    sunset: String,
    after: &'static str,
    brown_out: String,
    page: String,
    successor: String,
    requests: String,
}

pub(super) fn answer(desk: &Desk, call: &Call) -> Answer {
    let snapshot = desk.reloader.shared().load_full();
    let form = Form::asked(call);
    let (q, only) = (form.text("q").trim().to_lowercase(), form.text("all") != "1");
    let now = Timestamp::now().as_second();
    let mut fitting = Vec::new();
    for api in snapshot.apis.iter().filter(|api| !api.versions.labels().is_empty()) {
        let retires = api.clients.iter().any(announced);
        if (only && !retires) || !(q.is_empty() || api.name.to_lowercase().contains(&q)) {
            continue;
        }
        fitting.extend(of(api, now));
    }
    let found = fitting.len();
    let page = form.number("page").min(found.saturating_sub(1) / ROWS);
    let board = Board {
        frame: Frame::new(desk, call, "Versions", "versions"),
        rows: fitting.into_iter().skip(page * ROWS).take(ROWS).collect(),
        found,
        turns: Turns::new("/ui/versions", &q, (page, found)),
        q,
        only,
    };
    html(StatusCode::OK, &board)
}

fn announced(client: &ClientVersion) -> bool {
    client.life.is_some() || client.operations.iter().any(|operation| operation.life.is_some())
}

fn of(api: &Api, now: i64) -> Vec<Row> {
    let numbers = Numbers::of(api);
    let mut rows = Vec::new();
    for (index, client) in api.clients.iter().enumerate() {
        let cells = numbers.cells.iter().filter(|cell| cell.client == index);
        let requests = cells.map(|cell| cell.tally.all).sum();
        let version = (api, &*client.label);
        rows.push(row(version, (client.life.as_deref(), now), ("", requests)));
        for operation in &client.operations {
            let own = operation.life.as_deref().filter(|life| {
                client.life.as_deref().is_none_or(|whole| !std::ptr::eq(whole, *life))
            });
            let Some(life) = own else { continue };
            let counted = operation.choices.iter().flat_map(|choice| choice.meter.statuses());
            let requests = counted.map(|(_, count)| count).sum();
            rows.push(row(version, (Some(life), now), (&operation.label, requests)));
        }
    }
    rows
}

fn row(
    (api, version): (&Api, &str),
    (life, now): (Option<&Life>, i64),
    (operation, requests): (&str, u64),
) -> Row {
    let stage = life.map_or(Stage::Current, |life| life.stage(now));
    let day = |moment: Option<i64>| {
        moment
            .and_then(|moment| Timestamp::from_second(moment).ok())
            .map(|moment| moment.strftime("%Y-%m-%d %H:%M UTC").to_string())
    };
    let brown_out = match stage {
        Stage::BrownOut { until, .. } => {
            day(Some(until)).map(|until| format!("now, until {until}"))
        }
        _ => day(life.and_then(|life| life.next_brown_out(now))),
    };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Row {
        api: api.name.to_string(),
        link: format!("/ui/apis/{}", encoded(&api.name)),
        version: version.to_owned(),
        operation: operation.to_owned(),
        stage: stage.word(),
        sign: match stage {
            Stage::Current => "●",
            Stage::Deprecated => "◐",
            Stage::BrownOut { .. } => "▲",
            Stage::Sunset => "◯",
            Stage::Gone => "✕",
        },
        deprecated: day(life.and_then(|life| life.deprecated)).unwrap_or_default(),
        sunset: day(life.and_then(|life| life.sunset)).unwrap_or_default(),
        after: match life.map(|life| life.after) {
            Some(AfterSunset::Refuse) => "then refused",
            Some(AfterSunset::Serve) => "then served on",
            None => "",
        },
        brown_out: brown_out.unwrap_or_default(),
        page: text(life.and_then(|life| life.link.as_deref())),
        successor: text(life.and_then(|life| life.successor.as_deref())),
        requests: shown(requests),
    }
}
