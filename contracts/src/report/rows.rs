//! From judgements to the rows of a report.

use evergate_schemas::changes::{Change, Level};
use evergate_schemas::describe::model::{Location, Status};
use evergate_schemas::plan::bridge::{MessageBridge, Part, PartKey, Plan, Policy};
use evergate_schemas::plan::program::Note;
use evergate_schemas::problem::{Place, Problem, Severity};
use evergate_schemas::relate::verdict::{Verdict, Witness};
use evergate_schemas::schema::Side;

use super::evident::{gather, tell, tell_absent};
use super::model::{ApiReport, ChangeRow, Counts, Fault, Judged, Proof, Row, Spot, Step, Unknown};

use crate::evidence::Ends;

/// What a row is about, down to the message.
#[derive(Clone, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) api: &'a str,
    pub(crate) client: &'a str,
    pub(crate) backend: &'a str,
    pub(crate) operation: String,
    pub(crate) side: &'static str,
    /// The documents of both ends; without them a row has no evidence but the bare judgement.
    pub(crate) ends: Option<Ends<'a>>,
    /// What changed between the two versions.
    pub(crate) changes: &'a [Change],
}

impl Counts {
    /// Counts one message.
    pub fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Native => &mut self.native,
            Verdict::Bridged => &mut self.bridged,
            Verdict::Lossy => &mut self.lossy,
            Verdict::Undecided => &mut self.undecided,
            Verdict::Broken => &mut self.broken,
        } += 1;
    }

    /// What has come since an earlier count.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            native: self.native - before.native,
            bridged: self.bridged - before.bridged,
            lossy: self.lossy - before.lossy,
            undecided: self.undecided - before.undecided,
            broken: self.broken - before.broken,
        }
    }

    /// Adds another count.
    pub fn merge(&mut self, other: Self) {
        self.native += other.native;
        self.bridged += other.bridged;
        self.lossy += other.lossy;
        self.undecided += other.undecided;
        self.broken += other.broken;
    }
}

impl ApiReport {
    /// Takes in one message with all its parts.
    pub(crate) fn add(&mut self, subject: &Subject<'_>, message: &MessageBridge) {
        let mut worst = message.verdict;
        for part in &message.parts {
            let (verdict, row) = row(subject, message.status, part);
            worst = worst.max(verdict);
            self.sort_in(verdict, row);
        }
        self.count(subject, message.status.map(|status| status.to_string()), worst);
    }

    /// Takes in a plain document.
    pub(crate) fn add_document(
        &mut self,
        subject: &Subject<'_>,
        plan: &Plan,
        (sender, reader): (Option<&Place>, Option<&Place>),
    ) {
        let key = match reader {
            Some(_) => PartKey::Body("application/json".to_owned()),
            None => PartKey::Whole,
        };
        let judgement = plan.judgement.clone();
        let (sender_place, reader_place) = (sender.cloned(), reader.cloned());
        let part = Part { key, judgement, sender_place, reader_place };
        let (verdict, row) = row(subject, None, &part);
        self.count(subject, None, verdict);
        self.sort_in(verdict, row);
    }

    /// Takes in an operation that the other version lacks.
    pub(crate) fn add_missing(&mut self, subject: &Subject<'_>, place: &Place) {
        let rule = "operation-removed".to_owned();
        let part = "whole".to_owned();
        let mut row = Row {
            client: subject.client.to_owned(),
            backend: subject.backend.to_owned(),
            operation: subject.operation.clone(),
            side: subject.side,
            part,
            verdict: Verdict::Broken.word(),
            rule: Some(rule),
            sender_place: Some(spot(place)),
            ..Row::default()
        };
        tell_absent(&mut row, place, subject);
        self.count(subject, None, Verdict::Broken);
        self.findings.push(row);
    }

    fn count(&mut self, subject: &Subject<'_>, status: Option<String>, verdict: Verdict) {
        self.messages += 1;
        self.verdicts.add(verdict);
        self.judged.push(Judged {
            client: subject.client.to_owned(),
            backend: subject.backend.to_owned(),
            operation: subject.operation.clone(),
            side: subject.side,
            status,
            verdict: verdict.word(),
        });
    }

    /// Tells each cause once, when all messages have been taken in.
    pub(crate) fn gather(&mut self) {
        self.findings = gather(std::mem::take(&mut self.findings));
    }

    fn sort_in(&mut self, verdict: Verdict, row: Row) {
        if !verdict.holds() {
            self.findings.push(row);
        } else if verdict != Verdict::Native
            || row.strict_witness.is_some()
            || !row.steps.is_empty()
        {
            self.conversions.push(row);
        }
    }
}

fn row(subject: &Subject<'_>, status: Option<Status>, part: &Part) -> (Verdict, Row) {
    let judgement = &part.judgement;
    let (verdict, witness) = (judgement.verdict, judgement.witness.as_ref());
    let rule = match (verdict, witness) {
        (Verdict::Broken, Some(witness)) => Some(witness.keyword.clone()),
        (Verdict::Broken, None) => Some("refused".to_owned()),
        (Verdict::Undecided, _) => Some("undecided".to_owned()),
        _ => None,
    };
    let name = part_name(&part.key, subject.side);
    let (losses, steps): (Vec<&Note>, Vec<&Note>) =
        judgement.steps.iter().partition(|note| note.loss);
    let mut row = Row {
        client: subject.client.to_owned(),
        backend: subject.backend.to_owned(),
        operation: subject.operation.clone(),
        side: subject.side,
        status: status.map(|status| status.to_string()),
        part: name,
        verdict: verdict.word(),
        rule,
        total: judgement.total,
        sender_place: part.sender_place.as_ref().map(spot),
        reader_place: part.reader_place.as_ref().map(spot),
        witness: witness.map(proof),
        undecided: judgement.undecided.as_ref().map(|one| Unknown {
            reason: one.reason.clone(),
            at: one.at.to_string(),
            tried: one.tried,
        }),
        strict_witness: judgement.strict_witness.as_ref().map(proof),
        policies: judgement.policies.iter().copied().map(policy_word).collect(),
        steps: steps.into_iter().map(step).collect(),
        losses: losses.into_iter().map(step).collect(),
        ..Row::default()
    };
    if !verdict.holds() {
        tell(&mut row, part, status, subject);
    }
    (verdict, row)
}

/// The word for a policy in every report.
pub const fn policy_word(policy: Policy) -> &'static str {
    match policy {
        Policy::SenderClosed => "sender-closed",
        Policy::UndeclaredIgnored => "undeclared-ignored",
        Policy::FormatAnnotation => "format-annotation",
        Policy::DefaultFills => "default-fills",
        Policy::ConfigurationFits => "configuration-fits",
        Policy::UndeclaredErrorPasses => "undeclared-error-passes",
        Policy::AcceptHonoured => "accept-honoured",
        Policy::RangeNarrowed => "range-narrowed",
        Policy::DiscriminatorDecides => "discriminator-decides",
        Policy::RefusalDeclared => "refusal-declared",
        Policy::KeptDeclared => "kept-declared",
        Policy::SenderFormat => "sender-format",
        Policy::SenderStyle => "sender-style",
        Policy::NamesDeclared => "names-declared",
        Policy::SelectionBorne => "selection-borne",
        Policy::ExtensibleEnum => "extensible-enum",
        Policy::UndeclaredOutgoingIgnored => "undeclared-outgoing-ignored",
        _ => "other",
    }
}

fn part_name(key: &PartKey, side: &str) -> String {
    match key {
        PartKey::Body(media_type) => format!("body {media_type}"),
        PartKey::Parameter(Location::Header, name) if side == "response" => {
            format!("header {name}")
        }
        PartKey::Parameter(location, name) => {
            format!("{} parameter {name}", location_word(*location))
        }
        PartKey::Whole => "whole".to_owned(),
    }
}

const fn location_word(location: Location) -> &'static str {
    match location {
        Location::Path => "path",
        Location::Query => "query",
        Location::Header => "header",
        Location::Cookie => "cookie",
        Location::QueryString => "querystring",
    }
}

fn proof(witness: &Witness) -> Proof {
    Proof {
        payload: witness.payload.clone(),
        received: witness.received.clone().filter(|received| *received != witness.payload),
        at: witness.at.to_string(),
        keyword: witness.keyword.clone(),
        message: witness.message.clone(),
        said: String::new(),
        inside: Vec::new(),
    }
}

fn step(note: &Note) -> Step {
    Step { rule: note.rule, text: note.text.clone(), at: note.at.clone() }
}

/// A place as reports write it.
pub(crate) fn spot(place: &Place) -> Spot {
    Spot {
        file: place.file.to_string(),
        line: place.line,
        column: place.column,
        pointer: place.pointer.to_string(),
    }
}

/// A problem as reports write it.
pub fn fault(problem: &Problem) -> Fault {
    Fault {
        place: spot(&problem.place),
        severity: match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        what: problem.what.clone(),
        remedy: problem.remedy.clone(),
    }
}

/// A change as reports write it, with the older and the newer version.
pub fn change_row(change: &Change, level: Level, (from, to): (&str, &str)) -> ChangeRow {
    ChangeRow {
        rule: change.rule.id,
        level: level.word(),
        about: change.rule.about.word(),
        from: from.to_owned(),
        to: to.to_owned(),
        subject: change.subject.clone(),
        pointer: change.pointer.to_string(),
        message: change.message.clone(),
        side: change.side.map(|side| match side {
            Side::Request => "request",
            Side::Response => "response",
        }),
        old: change.old.as_ref().map(spot),
        new: change.new.as_ref().map(spot),
    }
}
