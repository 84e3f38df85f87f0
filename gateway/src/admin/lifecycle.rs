//! The deprecation board: where each version stands, when it goes, and who is left.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::desk::{Answer, Desk, json_answer};
use crate::control::usage::{Asking, UsageReport, UsageRow, moment};
use crate::snapshot::life::{AfterSunset, Life, Stage};
use crate::snapshot::{Api, ClientVersion, Snapshot};

/// Where all versions stand.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Board {
    /// When the answer was made (RFC 3339).
    now: String,
    /// How far back the records of use reach; null where nothing was written down yet.
    begun: Option<String>,
    /// Why use is not known in full.
    problem: Option<String>,
    /// In the order of the configuration.
    apis: Vec<OfApi>,
}

/// The versions of one api, oldest first.
#[derive(Debug, Serialize, JsonSchema)]
struct OfApi {
    /// The name of the api.
    api: String,
    versions: Vec<OfVersion>,
}

/// One version.
#[derive(Debug, Serialize, JsonSchema)]
struct OfVersion {
    /// The version; empty for plain proxying.
    version: String,
    #[serde(flatten)]
    stands: Stands,
    /// Consumers that used it within the time that use is remembered.
    consumers: usize,
    /// Their requests.
    requests: u64,
    /// The last of them (RFC 3339).
    last_use: Option<String>,
    /// Operations that have a life of their own.
    operations: Vec<OfOperation>,
}

/// One operation.
#[derive(Debug, Serialize, JsonSchema)]
struct OfOperation {
    /// As `GET /orders/{id}`.
    operation: String,
    #[serde(flatten)]
    stands: Stands,
    /// As of a version.
    consumers: usize,
    /// As of a version.
    requests: u64,
    /// As of a version.
    last_use: Option<String>,
}

/// Where something stands.
#[derive(Debug, Serialize, JsonSchema)]
struct Stands {
    /// `current`, `deprecated`, `brown-out`, `sunset` (passed, and served) or `gone` (passed, and refused).
    state: &'static str,
    /// Since when it is deprecated.
    deprecated: Option<String>,
    /// When it goes.
    sunset: Option<String>,
    /// `serve` or `refuse`.
    after_sunset: &'static str,
    /// When the brown-out is over that runs now.
    brown_out_until: Option<String>,
    /// When the next brown-out begins.
    next_brown_out: Option<String>,
    /// A page that says more.
    link: Option<String>,
    /// What to use instead.
    successor: Option<String>,
}

pub(super) async fn answer(desk: &Desk) -> Answer {
    let snapshot = desk.reloader.shared().load_full();
    let (now, report) = match desk.reloader.books() {
        Some(books) => (books.now(), books.report(Asking::default()).await),
        None => (0, UsageReport::default()),
    };
    json_answer(StatusCode::OK, &board(&snapshot, now, report))
}

fn board(snapshot: &Snapshot, now: i64, report: UsageReport) -> Board {
    let mut rows: BTreeMap<(&str, &str), Vec<&UsageRow>> = BTreeMap::new();
    for row in &report.rows {
        rows.entry((&row.api, &row.version)).or_default().push(row);
    }
    let version = |api: &Api, client: &ClientVersion| {
        let rows = rows.get(&(&*api.name, &*client.label)).map_or(&[][..], Vec::as_slice);
        of_version(client, rows, now)
    };
    let apis = snapshot.apis.iter().map(|api| OfApi {
        api: api.name.to_string(),
        versions: api.clients.iter().map(|client| version(api, client)).collect(),
    });
    let apis = apis.collect();
    Board { now: moment(now), begun: report.begun, problem: report.problem, apis }
}

fn of_version(client: &ClientVersion, rows: &[&UsageRow], now: i64) -> OfVersion {
    let own =
        |life: &Life| client.life.as_deref().is_none_or(|version| !std::ptr::eq(version, life));
    let operations = client.operations.iter().filter_map(|operation| {
        let life = operation.life.as_deref().filter(|life| own(life))?;
        let rows = || rows.iter().filter(|row| *row.operation == *operation.label).copied();
        let (consumers, requests, last_use) = used(rows());
        let (operation, stands) = (operation.label.to_string(), stands(Some(life), now));
        Some(OfOperation { operation, stands, consumers, requests, last_use })
    });
    let (consumers, requests, last_use) = used(rows.iter().copied());
    OfVersion {
        version: client.label.to_string(),
        stands: stands(client.life.as_deref(), now),
        consumers,
        requests,
        last_use,
        operations: operations.collect(),
    }
}

/// Consumers, requests, and the last use.
fn used<'r>(rows: impl Iterator<Item = &'r UsageRow>) -> (usize, u64, Option<String>) {
    let (mut consumers, mut requests, mut last) = (BTreeSet::new(), 0_u64, None);
    for row in rows {
        consumers.insert(&row.consumer);
        requests = requests.saturating_add(row.count);
        last = last.max(Some(&row.last));
    }
    (consumers.len(), requests, last.cloned())
}

fn stands(life: Option<&Life>, now: i64) -> Stands {
    let Some(life) = life else {
        return Stands {
            state: Stage::Current.word(),
            deprecated: None,
            sunset: None,
            after_sunset: "serve",
            brown_out_until: None,
            next_brown_out: None,
            link: None,
            successor: None,
        };
    };
    let stage = life.stage(now);
    let until = match stage {
        Stage::BrownOut { until, .. } => Some(until),
        _ => None,
    };
    Stands {
        state: stage.word(),
        deprecated: life.deprecated.map(moment),
        sunset: life.sunset.map(moment),
        after_sunset: match life.after {
            AfterSunset::Serve => "serve",
            AfterSunset::Refuse => "refuse",
        },
        brown_out_until: until.map(moment),
        next_brown_out: life.next_brown_out(now).map(moment),
        link: life.link.as_deref().map(str::to_owned),
        successor: life.successor.as_deref().map(str::to_owned),
    }
}
