//! The first page: all apis, filtered and in pieces.

use askama::Template;
use http::StatusCode;

use super::super::desk::{Answer, Call, Desk};
use super::form::{Form, encoded};
use super::frame::{Frame, html};
use super::numbers::{Numbers, Tally, shown};
use super::ways::{Way, Ways};
use crate::snapshot::Api;

/// Rows of one page.
pub(super) const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "page/overview.html")]
struct Overview {
    frame: Frame,
    q: String,
    rows: Vec<Row>,
    /// All that fit the filter, and all.
    found: usize,
    all: usize,
    turns: Turns,
    requests: String,
    failed: String,
    refused: String,
}

struct Row {
    name: String,
    link: String,
    hosts: String,
    path: String,
    versions: usize,
    requests: String,
    failed: String,
    p50: String,
    p99: String,
    well: usize,
    endpoints: usize,
    /// Signs of the ways between versions, with how many pairs are so.
    ways: Vec<(&'static str, &'static str, &'static str, usize)>,
}

/// Pages before and after; empty where there is none.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) before: String,
    pub(super) after: String,
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Turns {
    /// Where page number `page` of so many rows leads to, with the filter.
    pub(super) fn new(path: &str, q: &str, (page, found): (usize, usize)) -> Self {
        let to = |page: usize| format!("{path}?q={}&page={page}", encoded(q));
        let first = page.saturating_mul(ROWS);
        let last = first.saturating_add(ROWS).min(found);
        Self {
            before: if page > 0 { to(page - 1) } else { String::new() },
            after: if last < found { to(page + 1) } else { String::new() },
            first: (first + 1).min(found),
            last,
        }
    }
}

pub(super) fn answer(desk: &Desk, call: &Call) -> Answer {
    let snapshot = desk.reloader.shared().load_full();
    let form = Form::asked(call);
    let q = form.text("q").trim().to_lowercase();
    let fits = |api: &Api| q.is_empty() || api.name.to_lowercase().contains(&q);
    let fitting: Vec<&Api> =
        snapshot.apis.iter().map(|api| &**api).filter(|api| fits(api)).collect();
    let found = fitting.len();
    let page = form.number("page").min(found.saturating_sub(1) / ROWS);
    let mut whole = Tally::default();
    let all: Vec<Numbers> = super::numbers::of(&snapshot);
    for numbers in &all {
        whole.merge(&numbers.whole);
    }
    let shown_now = fitting.into_iter().skip(page * ROWS).take(ROWS);
    let rows = shown_now
        .filter_map(|api| Some(row(api, all.iter().find(|numbers| numbers.name == api.name)?)));
    let overview = Overview {
        frame: Frame::new(desk, call, "Traffic", "traffic").fed("/ui/events".to_owned()),
        rows: rows.collect(),
        found,
        all: snapshot.apis.len(),
        turns: Turns::new("/ui", &q, (page, found)),
        q,
        requests: shown(whole.all),
        failed: shown(whole.failed),
        refused: shown(whole.refused),
    };
    html(StatusCode::OK, &overview)
}

fn row(api: &Api, numbers: &Numbers) -> Row {
    let mut ways = [0; 4];
    for client in &api.clients {
        for group in 0..api.groups.len() {
            if let Some(count) = ways.get_mut(Ways::between(client, group).worst() as usize) {
                *count += 1;
            }
        }
    }
    let each = [Way::Native, Way::Bridged, Way::Lossy, Way::None].into_iter().zip(ways);
    let each = each.filter(|(_, count)| *count > 0);
    let tally = &numbers.whole;
    Row {
        name: api.name.to_string(),
        link: format!("/ui/apis/{}", encoded(&api.name)),
        hosts: api.hosts.join(", "),
        path: if api.prefix.is_empty() { "/".to_owned() } else { api.prefix.clone() },
        versions: api.versions.labels().len(),
        requests: shown(tally.all),
        failed: shown(tally.failed),
        p50: tally.percentile(50),
        p99: tally.percentile(99),
        well: numbers.well.0,
        endpoints: numbers.well.1,
        ways: each.map(|(way, count)| (way.kind(), way.sign(), way.word(), count)).collect(),
    }
}
