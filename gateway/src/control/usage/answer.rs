//! Rows of use as they are asked for, and as they are answered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::telemetry::usage::{RowKey, Rows, Tally};

/// Which rows are meant; what is absent means any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asking {
    pub(crate) api: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) operation: Option<String>,
    /// Rows of this field; rows of operations where absent.
    pub(crate) field: Option<String>,
    pub(crate) consumer: Option<String>,
    /// Used at this moment or later, in seconds since 1970.
    pub(crate) since: Option<i64>,
}

/// What is known of use.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct UsageReport {
    /// When the answer was made (RFC 3339).
    pub(crate) now: String,
    /// How far back the records reach; null where nothing was ever written down.
    pub(crate) begun: Option<String>,
    /// Why the records are not all there: rows may be missing then.
    pub(crate) problem: Option<String>,
    /// Requests that count as `other`, since this process began, as there were too many consumers.
    pub(crate) crowded: u64,
    /// In the order of api, version, operation, field and consumer.
    pub(crate) rows: Vec<UsageRow>,
    /// What to ask for as `after` to read on; null at the end.
    pub(crate) next: Option<String>,
}

/// What one consumer did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct UsageRow {
    /// The api.
    pub(crate) api: String,
    /// The client's version.
    pub(crate) version: String,
    /// As `GET /orders/{id}`; `undeclared` for what no description has.
    pub(crate) operation: String,
    /// A deprecated parameter or member; null for the operation itself.
    pub(crate) field: Option<String>,
    /// `SOURCE:NAME`, `anonymous`, `denied` (not let in) or `other` (more than can be told apart).
    pub(crate) consumer: String,
    /// Requests, by whole days.
    pub(crate) count: u64,
    /// Of these, refused in brown-outs and after the sunset.
    pub(crate) refused: u64,
    /// First use within these days (RFC 3339).
    pub(crate) first: String,
    /// Last use.
    pub(crate) last: String,
}

impl UsageRow {
    /// What stands for its place in the order.
    pub(crate) fn place(&self) -> String {
        let parts = [
            &self.api,
            &self.version,
            &self.operation,
            self.field.as_ref().unwrap_or(&EMPTY),
            &self.consumer,
        ];
        parts.map(String::as_str).join("\t")
    }
}

static EMPTY: String = String::new();

/// Seconds of a time such as `30d`, `12h`; `None` for what is none.
pub(crate) fn days(text: &str) -> Option<i64> {
    let at = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(at)?;
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3600,
        "m" | "min" => 60,
        "s" => 1,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(seconds)
}

/// RFC 3339, in UTC.
pub(crate) fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |one| one.to_string())
}

impl Asking {
    /// The rows that are meant, over all days.
    pub(crate) fn of(&self, rows: &Rows) -> Vec<UsageRow> {
        let mut sums: BTreeMap<&RowKey, Tally> = BTreeMap::new();
        for ((_, key), tally) in rows.iter().filter(|((_, key), _)| self.means(key)) {
            sums.entry(key).or_default().add(tally);
        }
        let since = self.since.unwrap_or(i64::MIN);
        let used = sums.into_iter().filter(|(_, tally)| tally.last >= since);
        used.map(|(key, tally)| UsageRow {
            api: key.api.to_string(),
            version: key.version.to_string(),
            operation: key.operation.to_string(),
            field: (!key.field.is_empty()).then(|| key.field.to_string()),
            consumer: key.consumer.to_string(),
            count: tally.count,
            refused: tally.refused,
            first: moment(tally.first),
            last: moment(tally.last),
        })
        .collect()
    }

    fn means(&self, key: &RowKey) -> bool {
        let is =
            |asked: &Option<String>, own: &str| asked.as_ref().is_none_or(|asked| asked == own);
        is(&self.api, &key.api)
            && is(&self.version, &key.version)
            && is(&self.operation, &key.operation)
            && self.field.as_deref().unwrap_or_default() == &*key.field
            && is(&self.consumer, &key.consumer)
    }
}
