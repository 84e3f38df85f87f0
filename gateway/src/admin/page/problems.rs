//! What is wrong now, as somebody has to know it who is called at night.

use askama::Template;
use http::StatusCode;

use super::super::desk::{Answer, Call, Desk};
use super::form::encoded;
use super::frame::{Frame, html};
use super::ways;
use crate::snapshot::{Api, Snapshot};
use crate::upstream::State;

/// Most that are shown; more are only counted.
const MOST: usize = 200;

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) what: String,
    /// What to do.
    pub(super) remedy: String,
    /// Where more is to be seen; empty for nowhere.
    pub(super) link: String,
    /// Requests suffer from it.
    pub(super) grave: bool,
}

#[derive(Template)]
#[template(path = "page/problems.html")]
struct Page {
    frame: Frame,
    troubles: Vec<Trouble>,
    more: usize,
    refused: u64,
}

pub(super) fn answer(desk: &Desk, call: &Call) -> Answer {
    let snapshot = desk.reloader.shared().load_full();
    let mut troubles = all(desk, &snapshot);
    troubles.sort_by_key(|one| !one.grave);
    let more = troubles.len().saturating_sub(MOST);
    troubles.truncate(MOST);
    let page = Page {
        frame: Frame::new(desk, call, "Problems", "problems"),
        troubles,
        more,
        refused: desk.reloader.metrics().reloads_failed.get(),
    };
    html(StatusCode::OK, &page)
}

/// All of them.
pub(super) fn all(desk: &Desk, snapshot: &Snapshot) -> Vec<Trouble> {
    let mut all = Vec::new();
    if desk.stops.drain.is_cancelled() {
        all.push(Trouble {
            what: "this gateway is draining: it finishes what it has and takes nothing new"
                .to_owned(),
            remedy: "nothing, if it was told to stop".to_owned(),
            link: String::new(),
            grave: false,
        });
    }
    of_configuration(desk, &mut all);
    snapshot.apis.iter().for_each(|api| of(api, &mut all));
    all
}

/// What is wrong with the files that this gateway is made from, and with those that it keeps.
fn of_configuration(desk: &Desk, all: &mut Vec<Trouble>) {
    let in_use = desk.reloader.in_use();
    let last = desk.reloader.last();
    let refused = match &in_use.instead_of {
        Some(problems) => problems.as_slice(),
        None if last.result == "refused" => last.problems.as_slice(),
        None => &[],
    };
    let file = desk.reloader.path().display();
    if in_use.instead_of.is_some() {
        all.push(Trouble {
            what: format!(
                "{file} could not be used at the start; the last configuration that could is in use"
            ),
            remedy: "mend the file, or bring an entry of the history back".to_owned(),
            link: "/ui/history".to_owned(),
            grave: false,
        });
    } else if !refused.is_empty() {
        all.push(Trouble {
            what: format!("{file} is refused; the configuration before it serves on"),
            remedy: "mend the file, or bring an entry of the history back".to_owned(),
            link: "/ui/history".to_owned(),
            grave: false,
        });
    }
    for problem in refused {
        let place = &problem.place;
        all.push(Trouble {
            what: format!("{}:{}:{}: {}", place.file, place.line, place.column, problem.what),
            remedy: problem.remedy.clone(),
            link: String::new(),
            grave: false,
        });
    }
    if let Some(why) = desk.reloader.records().trouble() {
        all.push(Trouble {
            what: format!("changes are not recorded, and the state is not kept: {why}"),
            remedy: "make room in the state directory, or let the gateway's user write it"
                .to_owned(),
            link: String::new(),
            grave: false,
        });
    }
}

fn of(api: &Api, all: &mut Vec<Trouble>) {
    let link = || format!("/ui/apis/{}", encoded(&api.name));
    for group in &api.groups {
        let label = ways::label(api, group);
        let states: Vec<_> = group
            .backends
            .iter()
            .flat_map(|backend| backend.pool.states(backend.wanted))
            .filter(|(_, state)| !matches!(state, State::Mismatched | State::Drained))
            .collect();
        let well = |state: State| state == State::Up;
        let ill: Vec<_> = states.iter().filter(|(_, state)| !well(*state)).collect();
        if !states.is_empty() && ill.len() == states.len() {
            all.push(Trouble {
                what: format!("no endpoint of `{}` {label} takes requests", api.name),
                remedy: "start one, or give the version other endpoints".to_owned(),
                link: link(),
                grave: true,
            });
        }
        for (endpoint, state) in ill {
            let name = endpoint.place().authority.as_str();
            all.push(Trouble {
                what: format!("{name} of `{}` {label} is {}", api.name, state.word()),
                remedy: remedy(state.word()).to_owned(),
                link: link(),
                grave: false,
            });
        }
    }
}

fn remedy(state: &str) -> &'static str {
    match state {
        "down" => "see that it runs and can be reached from here",
        "ejected" => "it failed several times in a row; look at its own log",
        "unhealthy" => "its health answers are bad; look at its own log",
        _ => "look at its own log",
    }
}
