//! Judgements made by hand, for the tests of what is written about them.

use std::sync::Arc;

use evergate_schemas::describe::model::{Location, Status};
use evergate_schemas::plan::bridge::{Judgement, MessageBridge, Part, PartKey, Policy};
use evergate_schemas::plan::program::Note;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use evergate_schemas::relate::verdict::{Undecided, Verdict, Witness};
use jiff::civil::date;
use serde_json::{Value, json};

use super::model::{ApiReport, BumpRow, CheckReport};
use super::rows::Subject;
use super::waive::Standing;
use crate::policy::{Compat, Expiry, Selector, Settings, Waiver};

pub(super) fn place(file: &str, line: u32, column: u32, pointer: &str) -> Place {
    let pointer = Pointer::parse(pointer).unwrap();
    Place { file: Arc::from(file), line, column, pointer }
}

fn witness(payload: Value, received: Option<Value>, keyword: &str, message: &str) -> Witness {
    let at = Pointer::root();
    Witness { payload, received, at, keyword: keyword.to_owned(), message: message.to_owned() }
}

fn message(
    status: Option<Status>,
    key: PartKey,
    judgement: Judgement,
    lines: [u32; 2],
) -> MessageBridge {
    let files = ["tests/apis/orders/v2/openapi.yaml", "tests/apis/orders/v3/openapi.yaml"];
    let [sender_place, reader_place] =
        [0, 1].map(|index| Some(place(files[index], lines[index], 13, "/paths/~1orders/post")));
    let verdict = judgement.verdict;
    let parts = vec![Part { key, judgement, sender_place, reader_place }];
    MessageBridge {
        status,
        verdict,
        parts,
        bodies: Vec::new(),
        selected: Vec::new(),
        bare: None,
        beside: Vec::new(),
        parameters: Vec::new(),
        status_as: None,
        positions: None,
    }
}

/// One message of each verdict.
pub(super) fn report(strict: bool) -> CheckReport {
    CheckReport::new(vec![api(strict)], Settings::new(Compat::Backward).strict(strict))
}

/// A report whose broken request is waived, with a waiver that ended and one that is about nothing.
pub(super) fn waived(settings: Settings) -> CheckReport {
    let bump = BumpRow {
        required: "major",
        from: "1.4.0".to_owned(),
        lowest: Some("2.0.0".to_owned()),
        declared: "1.5.0".to_owned(),
        sufficient: false,
    };
    let bumped = ApiReport { bump: Some(bump), ..api(false) };
    let mut report = CheckReport::new(vec![bumped], settings);
    let by_place = |rule: &str, operation: &str, expires, line| Standing {
        waiver: Waiver {
            selector: Selector::Place {
                rule: rule.to_owned(),
                operation: Some(operation.to_owned()),
                pointer: None,
            },
            api: None,
            client: None,
            backend: Some("v3".to_owned()),
            reason: "the partner is told".to_owned(),
            expires,
            place: place("evergate-waivers.yaml", line, 5, "/waivers/0"),
        },
        api: Some("orders".to_owned()),
    };
    let ended = Expiry::After(date(2026, 1, 1));
    let waivers = [
        by_place("required", "POST /orders", Expiry::After(date(2027, 3, 1)), 2),
        by_place("operation-removed", "DELETE /orders/{id}", ended, 7),
        by_place("required", "PUT /orders", Expiry::Never, 12),
    ];
    report.waive(&waivers, date(2026, 11, 23));
    report
}

/// A report on documents whose author means no good.
pub(super) fn hostile() -> CheckReport {
    let name = "GET /<script>alert(1)</script>|`[x](y)`\n::error::\u{1b}[31m\u{202e}%0A{0}]]>&";
    let mut api = ApiReport {
        api: "</title><img src=x onerror=alert(1)>".to_owned(),
        versions: vec!["v1\"><b>".to_owned(), "v2".to_owned()],
        ..ApiReport::default()
    };
    let subject = Subject {
        api: "</title><img src=x onerror=alert(1)>",
        client: "v1\"><b>",
        backend: "v2",
        operation: name.to_owned(),
        side: "request",
        ends: None,
        changes: &[],
    };
    let judgement = Judgement {
        witness: Some(witness(json!({ name: name }), None, "enum", name)),
        ..Judgement::of(Verdict::Broken)
    };
    let body = PartKey::Body("application/<b>+json".to_owned());
    api.add(&subject, &message(None, body, judgement, [1, 2]));
    let gone = place("a b/<i>.yaml", 0, 0, "/x\n::warning::y");
    api.add_missing(&subject, &gone);
    CheckReport::new(vec![api], Settings::default())
}

fn api(strict: bool) -> ApiReport {
    let mut api = ApiReport {
        api: "orders".to_owned(),
        versions: vec!["v2".to_owned(), "v3".to_owned()],
        operations: 3,
        ..ApiReport::default()
    };
    let subject = |operation: &str, side| Subject {
        api: "orders",
        client: "v2",
        backend: "v3",
        operation: operation.to_owned(),
        side,
        ends: None,
        changes: &[],
    };
    let body = || PartKey::Body("application/json".to_owned());
    let note = |rule, text: &str, loss| Note {
        rule,
        text: text.to_owned(),
        at: "/note".to_owned(),
        loss,
        policy: None,
    };
    let broken = Judgement {
        policies: vec![Policy::SenderClosed],
        witness: Some(witness(
            json!({"article": "a", "amount": 1, "note": ""}),
            Some(json!({"article": "a", "amount": 1, "remark": ""})),
            "required",
            "\"currency\" is a required property",
        )),
        ..Judgement::of(Verdict::Broken)
    };
    let undecided = Judgement {
        undecided: Some(Undecided {
            reason: "`not` is not folded".to_owned(),
            at: Pointer::root(),
            tried: 400,
        }),
        ..Judgement::of(Verdict::Undecided)
    };
    let lossy = Judgement {
        steps: vec![
            note("L1", "rename `remark` to `note`", false),
            note("A1", "drop `placed`", true),
        ],
        ..Judgement::of(Verdict::Lossy)
    };
    let undeclared = witness(json!({"nick": 1}), None, "type", "1 is not of type \"string\"");
    let trusting = if strict {
        Judgement { witness: Some(undeclared), ..Judgement::of(Verdict::Broken) }
    } else {
        let policies = vec![Policy::SenderClosed];
        let strict_witness = Some(undeclared);
        Judgement { policies, strict_witness, ..Judgement::of(Verdict::Native) }
    };
    let parameter = PartKey::Parameter(Location::Query, "limit".to_owned());
    api.add(&subject("POST /orders", "request"), &message(None, body(), broken, [12, 12]));
    let answered = message(Some(Status::Code(201)), body(), lossy, [17, 17]);
    api.add(&subject("POST /orders", "response"), &answered);
    api.add(&subject("GET /orders/{id}", "request"), &message(None, parameter, undecided, [0, 20]));
    let read = message(Some(Status::Code(200)), body(), trusting, [28, 28]);
    api.add(&subject("GET /orders/{id}", "response"), &read);
    let gone = place("tests/apis/orders/v2/openapi.yaml", 31, 5, "/paths/~1orders~1{id}/delete");
    api.add_missing(&subject("DELETE /orders/{id}", "request"), &gone);
    api
}
