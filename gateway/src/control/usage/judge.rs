//! Whether a version, an operation or a field can be removed, by what several gateways know of its use.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::{UsageReport, UsageRow, moment};

/// What is to be removed, and how long nobody may have used it.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Now, in seconds since 1970.
    pub(crate) now: i64,
    /// Nobody since then.
    pub(crate) since: i64,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Nobody used it within the time, and the records are whole.
    Removable,
    /// Somebody did.
    Used,
    /// Nobody is known to have, and the records do not tell.
    Unknown,
}

/// The answer with what it rests on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Removal {
    /// The answer.
    pub(crate) verdict: Verdict,
    /// Nobody since then was asked for.
    pub(crate) since: String,
    /// How far back all records reach; null where some do not exist.
    pub(crate) begun: Option<String>,
    /// Why it is not known.
    pub(crate) reasons: Vec<String>,
    /// Who used what.
    pub(crate) rows: Vec<UsageRow>,
}

/// Judges what was found at each of several places. Use counts wherever it was seen, also where the rest is not known.
pub(crate) fn judge(
    question: &Question,
    found: Vec<(String, Result<UsageReport, String>)>,
) -> Removal {
    let (mut rows, mut reasons, mut reach) = (Vec::new(), Vec::new(), Some(i64::MIN));
    if found.is_empty() {
        reasons.push("no gateway and no state directory was asked".to_owned());
    }
    for (place, report) in found {
        let report = match report {
            Ok(report) => report,
            Err(why) => {
                reasons.push(format!("{place}: {why}"));
                reach = None;
                continue;
            }
        };
        rows.extend(report.rows);
        reasons.extend(report.problem.map(|why| format!("{place}: {why}")));
        let begun = report.begun.and_then(|text| text.parse::<Timestamp>().ok());
        let Some(begun) = begun.map(Timestamp::as_second) else {
            reasons.push(format!("{place}: nothing was ever written down"));
            reach = None;
            continue;
        };
        if begun > question.since {
            let days = (question.now - begun).max(0) / 86_400;
            let begun = moment(begun);
            reasons.push(format!(
                "{place}: the records begin at {begun}, {days} days ago, later than asked"
            ));
        }
        reach = reach.map(|reach: i64| reach.max(begun));
    }
    let rows = merged(rows);
    let verdict = match (rows.is_empty(), reasons.is_empty()) {
        (false, _) => Verdict::Used,
        (true, true) => Verdict::Removable,
        (true, false) => Verdict::Unknown,
    };
    let begun = reach.filter(|reach| *reach > i64::MIN).map(moment);
    Removal { verdict, since: moment(question.since), begun, reasons, rows }
}

/// One row for each consumer and operation, wherever it was seen.
fn merged(mut rows: Vec<UsageRow>) -> Vec<UsageRow> {
    rows.sort_by_key(UsageRow::place);
    let mut whole: Vec<UsageRow> = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(last) = whole.last_mut().filter(|last| last.place() == row.place()) else {
            whole.push(row);
            continue;
        };
        last.count = last.count.saturating_add(row.count);
        last.refused = last.refused.saturating_add(row.refused);
        // in UTC and of one form, texts are in the order of time
        last.first = std::mem::take(&mut last.first).min(row.first);
        last.last = std::mem::take(&mut last.last).max(row.last);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::{Question, Verdict, judge};
    use crate::control::usage::answer::{UsageReport, UsageRow, moment};

    const NOW: i64 = 1_790_000_000;
    const DAY: i64 = 86_400;

    type Found = Result<UsageReport, String>;

    #[expect(clippy::unnecessary_wraps, reason = "as it is found")]
    fn report(begun: Option<i64>, used: &[(&str, i64)]) -> Found {
        let row = |(consumer, last): &(&str, i64)| UsageRow {
            api: "a".into(),
            version: "1".into(),
            operation: "GET /x".into(),
            field: None,
            consumer: (*consumer).into(),
            count: 2,
            refused: 0,
            first: moment(last - 5),
            last: moment(*last),
        };
        let (begun, rows) = (begun.map(moment), used.iter().map(row).collect());
        Ok(UsageReport { now: moment(NOW), begun, rows, ..UsageReport::default() })
    }

    #[track_caller]
    fn check(found: Vec<Found>, expected: (Verdict, usize, usize)) {
        let question = Question { now: NOW, since: NOW - 30 * DAY };
        let found = found.into_iter().enumerate().map(|(at, one)| (format!("gateway {at}"), one));
        let removal = judge(&question, found.collect());
        assert_eq!(
            (removal.verdict, removal.rows.len(), removal.reasons.len()),
            expected,
            "{removal:?}"
        );
    }

    #[test]
    fn nobody_is_an_answer_only_where_the_records_reach_back() {
        let old = Some(NOW - 40 * DAY);
        check(vec![report(old, &[])], (Verdict::Removable, 0, 0));
        check(vec![report(Some(NOW - 30 * DAY), &[])], (Verdict::Removable, 0, 0));
        check(vec![report(Some(NOW - 30 * DAY + 1), &[])], (Verdict::Unknown, 0, 1));
        check(vec![report(old, &[]), report(Some(NOW - DAY), &[])], (Verdict::Unknown, 0, 1));
        check(vec![report(old, &[]), report(None, &[])], (Verdict::Unknown, 0, 1));
        check(vec![report(old, &[]), Err("no answer".into())], (Verdict::Unknown, 0, 1));
        check(Vec::new(), (Verdict::Unknown, 0, 1));
    }

    #[test]
    fn use_counts_whatever_else_is_unknown() {
        let used = [("key:a", NOW - DAY), ("key:b", NOW - 2 * DAY)];
        let again = [("key:a", NOW - 5 * DAY)];
        check(
            vec![report(None, &used), report(None, &again), Err("gone".into())],
            (Verdict::Used, 2, 3),
        );
        let question = Question { now: NOW, since: NOW - 30 * DAY };
        let both = vec![("x".into(), report(None, &used)), ("y".into(), report(None, &again))];
        let row = judge(&question, both).rows.remove(0);
        assert_eq!(
            (row.count, row.first, row.last),
            (4, moment(NOW - 5 * DAY - 5), moment(NOW - DAY))
        );
    }
}
