//! What was changed, by whom, why and with which result; and the way back.

use askama::Template;
use http::StatusCode;
use similar::TextDiff;

use super::super::configuration;
use super::super::desk::{Answer, Call, Desk, refusal};
use super::form::Form;
use super::frame::{Frame, html};
use crate::config::Role;
use crate::control::{
    Actor, Basis, Cause, Descriptions, Entry, NoPast, NotChanged, Page, Past, page,
};

/// Entries of one page.
const ENTRIES: usize = 50;
/// Entries before one in which the configuration before it is looked for.
const BEFORE: usize = 200;
/// Most lines of a difference that are shown.
const LINES: usize = 2000;
/// Longest reason, in letters.
const REASON: usize = 500;

#[derive(Template)]
#[template(path = "page/history.html")]
struct History {
    frame: Frame,
    rows: Vec<Row>,
    /// Where the entries before these are; empty for none.
    older: String,
}

#[derive(Template)]
#[template(path = "page/entry.html")]
struct One {
    frame: Frame,
    row: Row,
    role: String,
    from: String,
    digest: String,
    note: String,
    problems: Vec<(String, String, String)>,
    more: usize,
    /// Lines with what they are: `+`, `-`, `@` or a space.
    lines: Vec<(&'static str, String)>,
    /// The number of the entry that the difference is from; 0 where there is none before.
    since: u64,
    /// Why there is no configuration to show; empty where there is.
    missing: String,
    /// The caller may bring it back: the digest that this is asked for; empty where not.
    basis: String,
    failure: String,
}

#[derive(Clone, Debug)]
struct Row {
    sequence: u64,
    time: String,
    cause: String,
    result: String,
    /// The result for those who do not see colours, and its name in the style sheet.
    sign: &'static str,
    kind: &'static str,
    who: String,
    why: String,
    generation: String,
}

impl Row {
    fn of(entry: &Entry) -> Self {
        let (sign, kind) = match entry.result.as_str() {
            "applied" => ("●", "native"),
            "refused" | "failed" => ("✕", "bad"),
            _ => ("◐", "none"),
        };
        Self {
            sequence: entry.sequence,
            time: entry.time.replace('T', " "),
            cause: entry.cause.clone(),
            result: entry.result.clone(),
            sign,
            kind,
            who: entry.who.clone(),
            why: entry.why.clone().unwrap_or_default(),
            generation: entry.generation.map(|number| number.to_string()).unwrap_or_default(),
        }
    }
}

pub(super) async fn list(desk: &Desk, call: Call) -> Answer {
    let below = Form::asked(&call).text("below").parse().ok();
    let directory = desk.reloader.records().state().directory().to_owned();
    let read = tokio::task::spawn_blocking(move || page(&directory, below, ENTRIES)).await;
    let Ok(Ok(Page { entries, next })) = read else { return unread() };
    let history = History {
        frame: Frame::new(desk, &call, "History", "history"),
        rows: entries.iter().map(Row::of).collect(),
        older: next.map(|next| format!("/ui/history?below={next}")).unwrap_or_default(),
    };
    html(StatusCode::OK, &history)
}

pub(super) async fn one(desk: &Desk, call: Call) -> Answer {
    let Some(sequence) = number(&call) else { return nothing() };
    show(desk, &call, (sequence, StatusCode::OK), String::new()).await
}

/// Brings the configuration of an entry back, as `POST /rollback/{number}` does.
pub(super) async fn roll_back(desk: &Desk, call: Call) -> Answer {
    let form = match Form::sent(desk, &call) {
        Ok(form) => form,
        Err(answer) => return *answer,
    };
    let Some(sequence) = number(&call) else { return nothing() };
    let why: String =
        form.text("why").trim().chars().filter(|one| !one.is_control()).take(REASON).collect();
    if why.is_empty() || form.text("sure") != "yes" {
        let failure = "Say why, and tick that you mean it.".to_owned();
        return show(desk, &call, (sequence, StatusCode::BAD_REQUEST), failure).await;
    }
    let basis = Basis { digest: form.text("digest").to_owned(), over: None };
    let actor = Actor { why: Some(why), ..configuration::actor(Cause::Rollback, &call) };
    let descriptions = match form.text("descriptions") {
        "yes" => Descriptions::Restore,
        _ => Descriptions::HaveToMatch,
    };
    match desk.reloader.roll_back(actor, basis, (sequence, descriptions)).await {
        Ok(_) => super::entry::see("/ui/history"),
        Err(failure) => {
            let problems = match &failure {
                NotChanged::Refused(problems) => {
                    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
                }
                _ => String::new(),
            };
            let failure = format!("Nothing was changed: {failure} {problems}");
            show(desk, &call, (sequence, StatusCode::CONFLICT), failure).await
        }
    }
}

fn number(call: &Call) -> Option<u64> {
    call.places.get("number")?.parse().ok()
}

fn nothing() -> Answer {
    refusal(StatusCode::NOT_FOUND, "no-such-entry", "the journal has no such entry")
}

fn unread() -> Answer {
    let why = "the journal cannot be read; the problems say what is wrong with the state directory";
    refusal(StatusCode::SERVICE_UNAVAILABLE, "no-journal", why)
}

/// An entry with the configuration that it brought, and of the one before it.
struct Found {
    entry: Entry,
    text: Result<String, String>,
    before: Option<(u64, String)>,
}

async fn show(
    desk: &Desk,
    call: &Call,
    (sequence, status): (u64, StatusCode),
    failure: String,
) -> Answer {
    let records = std::sync::Arc::clone(desk.reloader.records());
    let found = tokio::task::spawn_blocking(move || look(&records, sequence)).await;
    let found = match found {
        Ok(Ok(Some(found))) => found,
        Ok(Ok(None)) => return nothing(),
        Ok(Err(_)) | Err(_) => return unread(),
    };
    let Found { entry, text, before } = found;
    let in_use = desk.reloader.in_use();
    let frame = Frame::new(desk, call, &format!("Entry {sequence}"), "history");
    let may = call.who.role >= Role::Administer && !frame.csrf.is_empty();
    let back = may && text.is_ok() && entry.after.as_deref() != Some(in_use.digest.as_str());
    let lines = text.as_deref().map(|text| {
        difference(before.as_ref().map(|(_, text)| text.as_str()).unwrap_or_default(), text)
    });
    let problems = entry.problems.iter().map(|one| {
        (format!("{}:{}:{}", one.file, one.line, one.column), one.what.clone(), one.remedy.clone())
    });
    let page = One {
        row: Row::of(&entry),
        role: entry.role.clone().unwrap_or_default(),
        from: entry.from.clone().unwrap_or_default(),
        digest: entry.after.clone().unwrap_or_default(),
        note: entry.note.clone().unwrap_or_default(),
        problems: problems.collect(),
        more: entry.more_problems,
        lines: lines.unwrap_or_default(),
        since: before.map(|(number, _)| number).unwrap_or_default(),
        missing: text.err().unwrap_or_default(),
        basis: if back { in_use.digest.clone() } else { String::new() },
        failure,
        frame,
    };
    html(status, &page)
}

fn look(records: &crate::control::Records, sequence: u64) -> std::io::Result<Option<Found>> {
    let (entry, text) = match records.past(sequence) {
        Ok(Past { entry, text, .. }) => (entry, Ok(String::from_utf8_lossy(&text).into_owned())),
        Err(NoPast::NoConfiguration(_, entry)) => (*entry, Err(String::new())),
        Err(NoPast::Gone(entry, gone)) => (*entry, Err(gone.to_string())),
        Err(NoPast::NoEntry(_)) => return Ok(None),
        Err(NoPast::Unread(error)) => return Err(error),
    };
    let mut before = None;
    if text.is_ok() {
        let earlier = page(records.state().directory(), Some(sequence), BEFORE)?;
        before = earlier.entries.iter().find_map(|one| {
            let past = records.past(one.sequence).ok()?;
            Some((one.sequence, String::from_utf8_lossy(&past.text).into_owned()))
        });
    }
    Ok(Some(Found { entry, text, before }))
}

fn difference(before: &str, after: &str) -> Vec<(&'static str, String)> {
    let difference = TextDiff::from_lines(before, after);
    let text = difference.unified_diff().context_radius(3).to_string();
    let line = |line: &str| {
        let kind = match line.chars().next() {
            Some('+') => "+",
            Some('-') => "-",
            Some('@') => "@",
            _ => " ",
        };
        (kind, line.to_owned())
    };
    text.lines().take(LINES).map(line).collect()
}
