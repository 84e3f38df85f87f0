//! Which findings are waived, and which waivers have come to their end or are not needed.

use jiff::civil::Date;

use super::finding::{Class, Finding, Labelled, Waived, WaiverUse, Weight};
use super::flatten::digest;
use super::model::Spot;
use super::rows::spot;
use super::words::{clean, counted};
use crate::policy::{Expiry, Selector, Settings, Waiver};

/// A waiver and the api it was found beside; without an api it is about all.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The waiver.
    pub waiver: Waiver,
    /// The api whose directory holds the file.
    pub api: Option<String>,
}

/// Marks what is waived on that day, and adds a finding for each waiver that is expired or unused.
pub(super) fn waive(
    findings: &mut Vec<Finding>,
    waivers: &[Standing],
    today: Date,
    settings: Settings,
) -> Vec<WaiverUse> {
    let mut uses = Vec::new();
    let mut added = Vec::new();
    for standing in waivers {
        let used = apply(findings, standing, today);
        if used.state != "used" {
            added.push(of_waiver(standing, &used, settings));
        }
        uses.push(used);
    }
    findings.extend(added);
    uses
}

fn apply(findings: &mut [Finding], standing: &Standing, today: Date) -> WaiverUse {
    let waiver = &standing.waiver;
    let past = waiver.expires.is_past(today);
    let mut fingerprints = Vec::new();
    for finding in findings.iter_mut().filter(|one| matches(standing, one)) {
        fingerprints.push(finding.fingerprint.clone());
        if !past && finding.waived.is_none() {
            finding.level = Weight::Note;
            finding.waived = Some(Waived {
                reason: clean(&waiver.reason),
                expires: waiver.expires.text(),
                place: spot(&waiver.place),
            });
        }
    }
    let state = match (past, fingerprints.is_empty()) {
        (true, _) => "expired",
        (false, true) => "unused",
        (false, false) => "used",
    };
    WaiverUse {
        place: spot(&waiver.place),
        reason: clean(&waiver.reason),
        expires: waiver.expires.text(),
        state,
        fingerprints,
    }
}

/// A document that cannot be read is never waived: nobody knows what is behind it.
fn matches(standing: &Standing, finding: &Finding) -> bool {
    let waiver = &standing.waiver;
    let same = |wanted: &Option<String>, found: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
    };
    finding.class != Class::Unreadable
        && finding.about != "waiver"
        && same(&standing.api, Some(&finding.api))
        && same(&waiver.api, Some(&finding.api))
        && same(&waiver.client, finding.client.as_deref())
        && same(&waiver.backend, finding.backend.as_deref())
        && selected(&waiver.selector, finding)
}

fn selected(selector: &Selector, finding: &Finding) -> bool {
    match selector {
        Selector::Fingerprint(beginning) => finding.fingerprint.starts_with(beginning.as_str()),
        Selector::Place { rule, operation, pointer } => {
            let inside = |spot: &Spot| {
                let below = pointer
                    .as_ref()
                    .map_or(Some(""), |pointer| spot.pointer.strip_prefix(pointer.as_str()));
                below.is_some_and(|rest| {
                    rest.is_empty() || rest.starts_with('/') || pointer.is_none()
                })
            };
            finding.rule == *rule
                && operation.as_ref().is_none_or(|operation| *operation == finding.operation)
                && (pointer.is_none() || finding.places.iter().any(|place| inside(&place.spot)))
        }
    }
}

fn of_waiver(standing: &Standing, used: &WaiverUse, settings: Settings) -> Finding {
    let waiver = &standing.waiver;
    let place = spot(&waiver.place);
    let (rule, title, remedy) = match (used.state, waiver.expires) {
        ("expired", Expiry::After(last)) if used.fingerprints.is_empty() => (
            "waiver-expired",
            format!("the waiver ended with {last}, and nothing is found any more"),
            "remove the waiver",
        ),
        ("expired", Expiry::After(last)) => {
            let count = counted(used.fingerprints.len(), "finding");
            let title = format!("the waiver of {count} ended with {last}");
            ("waiver-expired", title, "mend what it is about, or write a later day")
        }
        _ => (
            "waiver-unused",
            "the waiver is about nothing that was found".to_owned(),
            "remove the waiver",
        ),
    };
    let class = Class::Warning;
    Finding {
        fingerprint: digest(&[rule, &place.file, &place.pointer, &waiver.reason]),
        about: "waiver",
        api: standing.api.clone().unwrap_or_default(),
        class,
        level: if class.fails(settings) { Weight::Error } else { Weight::Warning },
        rule: rule.to_owned(),
        said: format!("its reason: {}", clean(&waiver.reason)),
        title,
        places: vec![Labelled { label: "the waiver".to_owned(), spot: place }],
        remedy: remedy.to_owned(),
        ..Finding::default()
    }
}
