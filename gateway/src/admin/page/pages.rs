//! The pages as rows of the listener; they are for people, so the description for programs leaves them out.

use http::Method;

use super::super::desk::{Call, Desk};
use super::super::rows::{Act, Row};
use super::super::shape::Shape;
use super::entry::LOGIN;
use super::{
    apis, assets, backends, entry, history, life, live, overview, plan, problems, reload, trial,
};
use crate::config::Role;

const fn page(path: &'static str, about: &'static str, act: Act) -> Row {
    Row { method: Method::GET, path, role: Role::Read, about, shape: HTML, act }
}

const fn form(path: &'static str, role: Role, about: &'static str, act: Act) -> Row {
    Row { method: Method::POST, path, role, about, shape: HTML, act }
}

const HTML: Shape = Shape::text("text/html");

/// All of them.
pub(in crate::admin) static PAGES: &[Row] = &[
    page("/", "leads to the page", |_, _| Box::pin(async { entry::home() })),
    page("/ui", "the apis, how many requests they have, and how their backends are", overview),
    page("/ui/login", "where a token is given", |_, call| {
        Box::pin(async move { entry::login_form(&call) })
    }),
    form(LOGIN, Role::Read, "begin a session with a token", |_, call| {
        Box::pin(async move { entry::login_form(&call) })
    }),
    page("/ui/assets/{name}", "what the pages look like, and what makes them live", |_, call| {
        Box::pin(async move { assets::answer(&call) })
    }),
    page("/ui/apis/{api}", "one api: its traffic by versions, and its backends", |desk, call| {
        Box::pin(async move { apis::answer(desk, &call) })
    }),
    page("/ui/apis/{api}/plan", "what becomes of a message between two versions", |desk, call| {
        Box::pin(async move { plan::answer(desk, &call) })
    }),
    form("/ui/apis/{api}/plan", Role::Read, "a payload, converted on trial", |desk, call| {
        Box::pin(trial::answer(desk, call))
    }),
    page("/ui/backends", "the endpoints of all backends", |desk, call| {
        Box::pin(async move { backends::answer(desk, &call) })
    }),
    page("/ui/versions", "what is announced of versions, and who still uses them", |desk, call| {
        Box::pin(async move { life::answer(desk, &call) })
    }),
    page("/ui/history", "what was changed, by whom and why", |desk, call| {
        Box::pin(history::list(desk, call))
    }),
    page("/ui/history/{number}", "one change, and what it changed", |desk, call| {
        Box::pin(history::one(desk, call))
    }),
    form(
        "/ui/history/{number}",
        Role::Administer,
        "bring a configuration of the past back",
        |desk, call| Box::pin(history::roll_back(desk, call)),
    ),
    page("/ui/problems", "what is wrong now", |desk, call| {
        Box::pin(async move { problems::answer(desk, &call) })
    }),
    page("/ui/events", "what changes on the pages, as it changes", |desk, call| {
        Box::pin(async move { live::answer(desk, &call) })
    }),
    form("/ui/reload", Role::Operate, "read the configuration anew", |desk, call| {
        Box::pin(reload::answer(desk, call))
    }),
    form("/ui/logout", Role::Read, "end the session", |desk, call| {
        Box::pin(async move { entry::log_out(desk, &call) })
    }),
];

fn overview<'a>(
    desk: &'a Desk,
    call: Call,
) -> std::pin::Pin<Box<dyn Future<Output = super::super::desk::Answer> + Send + 'a>> {
    Box::pin(async move { overview::answer(desk, &call) })
}
