//! From all judged messages of an api to its matrix, and to each loss and each break once.

use std::collections::BTreeMap;

use evergate_schemas::relate::verdict::Verdict;

use super::super::model::{ApiReport, Counts, Row};
use super::super::words::{said, sentence};
use super::model::{ApiBridges, BridgeCell, BridgeRow, Ends};
use crate::policy::Compat;

/// By versions of client and backend: the worst verdict of each operation, incoming and outgoing.
type Operations<'a> = BTreeMap<(&'a str, &'a str), BTreeMap<(bool, &'a str), Verdict>>;

/// The matrix of an api of which every ordered pair of versions was judged.
pub fn bridges_of(report: ApiReport, compat: Compat) -> ApiBridges {
    let mut operations = Operations::new();
    for one in &report.judged {
        let of_pair = operations.entry((&one.client, &one.backend)).or_default();
        let key = (one.side.starts_with("outgoing"), one.operation.as_str());
        let worst = of_pair.entry(key).or_insert(Verdict::Native);
        *worst = (*worst).max(verdict(one.verdict));
    }
    let mut cells = Vec::new();
    for (from, client) in report.versions.iter().enumerate() {
        for (to, backend) in report.versions.iter().enumerate().filter(|(to, _)| *to != from) {
            let found = operations.get(&(client.as_str(), backend.as_str()));
            let mut counts = Counts::default();
            let mut worst = Verdict::Native;
            for verdict in found.into_iter().flat_map(BTreeMap::values) {
                counts.add(*verdict);
                worst = worst.max(*verdict);
            }
            cells.push(BridgeCell {
                client: client.clone(),
                backend: backend.clone(),
                asked: compat.ways(from.min(to), from.max(to)).contains(&(from, to)),
                verdict: worst.word(),
                operations: counts,
            });
        }
    }
    let mut losses = Rows::default();
    for row in &report.conversions {
        for loss in &row.losses {
            losses.add(row, "lossy", (loss.rule, &loss.text, &loss.at));
        }
    }
    let mut breaks = Rows::default();
    for row in &report.findings {
        let at = row.witness.as_ref().map_or("", |proof| proof.at.as_str());
        breaks.add(row, row.verdict, (row.rule.as_deref().unwrap_or("broken"), &said(row), at));
    }
    ApiBridges {
        api: report.api,
        versions: report.versions,
        cells,
        losses: losses.rows,
        breaks: breaks.rows,
        problems: report.problems,
    }
}

fn verdict(word: &str) -> Verdict {
    let all = [Verdict::Native, Verdict::Bridged, Verdict::Lossy, Verdict::Undecided];
    all.into_iter().find(|one| one.word() == word).unwrap_or(Verdict::Broken)
}

/// Rows without those that say the same of the same message.
#[derive(Default)]
struct Rows {
    rows: Vec<BridgeRow>,
    known: BTreeMap<[String; 7], usize>,
}

impl Rows {
    fn add(&mut self, row: &Row, verdict: &'static str, (rule, said, at): (&str, &str, &str)) {
        let ends = Ends { client: row.client.clone(), backend: row.backend.clone() };
        let status = row.status.clone().unwrap_or_default();
        // what a break says names the versions, and is told once for all of them
        let text = if verdict == "lossy" { said } else { verdict };
        let parts = [rule, text, at, &row.operation, row.side, &status, &row.part];
        let key = parts.map(str::to_owned);
        let next = self.rows.len();
        let index = *self.known.entry(key).or_insert(next);
        if let Some(known) = self.rows.get_mut(index) {
            known.reached = known.reached.max(row.reached.len());
            if !known.pairs.contains(&ends) {
                known.pairs.push(ends);
            }
            return;
        }
        self.rows.push(BridgeRow {
            verdict,
            rule: rule.to_owned(),
            said: sentence(said),
            at: at.to_owned(),
            operation: row.operation.clone(),
            side: row.side,
            status: row.status.clone(),
            part: row.part.clone(),
            reached: row.reached.len(),
            pairs: vec![ends],
        });
    }
}
