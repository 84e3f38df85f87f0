//! Who uses what, for the administrator.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;

use super::desk::{Answer, Call, Desk, json_answer, refusal};
use super::query::{self, Asked};
use crate::control::usage::{Asking, UsageReport, UsageRow, days};

/// Rows of one answer, unless more or fewer are asked for.
const ROWS: usize = 1000;
/// Most rows of one answer.
const MOST: usize = 10_000;

/// What may be asked for; all of it may be left out.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "it describes what is read by name")]
pub(super) struct UsageQuery {
    /// Of this api.
    api: Option<String>,
    /// Of this version.
    version: Option<String>,
    /// Of this operation, as `GET /orders/{id}`.
    operation: Option<String>,
    /// Of this deprecated parameter or member, as `query expand`, instead of the operations themselves.
    field: Option<String>,
    /// Of this consumer.
    consumer: Option<String>,
    /// Used since then: a date and time (RFC 3339) or days, as `30d`.
    since: Option<String>,
    /// Rows at once, 1 to 10,000. Default 1000.
    #[schemars(range(min = 1, max = 10_000))]
    limit: Option<usize>,
    /// Behind the rows of the answer that had this as its `next`.
    after: Option<String>,
}

const KNOWN: [&str; 8] =
    ["api", "version", "operation", "field", "consumer", "since", "limit", "after"];

pub(super) async fn answer(desk: &Desk, call: &Call) -> Answer {
    let Some(books) = desk.reloader.books() else {
        return refusal(StatusCode::NOT_FOUND, "not-found", "use is not counted here");
    };
    let now = books.now();
    let question = query::read(&call.query, &KNOWN)
        .and_then(|asked| Ok((asking(&asked, now)?, limit(&asked)?, after(&asked)?)));
    let (asking, limit, after) = match question {
        Ok(question) => question,
        Err(why) => return refusal(StatusCode::BAD_REQUEST, "bad-query", &why),
    };
    let report = books.report(asking).await;
    json_answer(StatusCode::OK, &paged(report, limit, after.as_deref()))
}

fn asking(asked: &Asked, now: i64) -> Result<Asking, String> {
    let text = |name: &str| asked.get(name).cloned();
    let since = asked.get("since").map(|text| since(text, now)).transpose()?;
    Ok(Asking {
        api: text("api"),
        version: text("version"),
        operation: text("operation"),
        field: text("field"),
        consumer: text("consumer"),
        since,
    })
}

fn since(text: &str, now: i64) -> Result<i64, String> {
    let moment = text.parse::<Timestamp>().ok().map(Timestamp::as_second);
    moment
        .or_else(|| Some(now - days(text)?))
        .ok_or_else(|| format!("`{text}` is not since when; write `30d` or `2026-10-01T00:00:00Z`"))
}

fn limit(asked: &Asked) -> Result<usize, String> {
    let Some(text) = asked.get("limit") else { return Ok(ROWS) };
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| format!("`{text}` is not a number of rows; write one from 1 to {MOST}"))
}

fn after(asked: &Asked) -> Result<Option<String>, String> {
    let Some(text) = asked.get("after") else { return Ok(None) };
    let place = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    place.map(Some).ok_or_else(|| format!("`{text}` was never a `next`; begin without `after`"))
}

/// The rows behind a place, at most so many.
fn paged(mut report: UsageReport, limit: usize, after: Option<&str>) -> UsageReport {
    if let Some(after) = after {
        report.rows.retain(|row| row.place().as_str() > after);
    }
    if report.rows.len() > limit {
        report.rows.truncate(limit);
        report.next =
            report.rows.last().map(UsageRow::place).map(|place| URL_SAFE_NO_PAD.encode(place));
    }
    report
}
