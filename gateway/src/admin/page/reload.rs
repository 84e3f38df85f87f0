//! Reading the configuration anew from the page.

use askama::Template;
use evergate_schemas::problem::Problem;
use http::StatusCode;

use super::super::configuration::actor;
use super::super::desk::{Answer, Call, Desk};
use super::form::Form;
use super::frame::{Frame, html};
use crate::control::{Cause, Reloaded};

#[derive(Template)]
#[template(path = "page/reload.html")]
struct Page {
    frame: Frame,
    outcome: &'static str,
    taken: bool,
    problems: Vec<Fault>,
}

struct Fault {
    place: String,
    what: String,
    remedy: String,
}

impl Fault {
    fn of(problem: &Problem) -> Self {
        let place = &problem.place;
        Self {
            place: format!("{}:{}:{}", place.file, place.line, place.column),
            what: problem.what.clone(),
            remedy: problem.remedy.clone(),
        }
    }
}

pub(super) async fn answer(desk: &Desk, call: Call) -> Answer {
    if let Err(answer) = Form::sent(desk, &call) {
        return *answer;
    }
    let (status, outcome, problems) = match desk.reloader.reload(actor(Cause::Reload, &call)).await
    {
        Ok(Reloaded::Unchanged) => (StatusCode::OK, "Nothing has changed.", Vec::new()),
        Ok(Reloaded::Changed { warnings, .. }) => {
            (StatusCode::OK, "The new configuration is in use.", warnings)
        }
        Err(problems) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The configuration is refused, and the one before serves on.",
            problems,
        ),
    };
    let page = Page {
        frame: Frame::new(desk, &call, "Reload", "problems"),
        outcome,
        taken: status == StatusCode::OK,
        problems: problems.iter().map(Fault::of).collect(),
    };
    html(status, &page)
}
