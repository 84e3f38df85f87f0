//! Contract files, run against a target.

use serde::Serialize;

use crate::exchange::{Exchange, Target};
use crate::file::{Contract, ContractFile, Expected};
use crate::matching::{Got, mismatches};

/// What became of one contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContractResult {
    /// Its name.
    pub name: String,
    /// The client's version.
    pub client: String,
    /// The backend's version.
    pub backend: String,
    /// Where it stands: `file:line:column`.
    pub place: String,
    /// The exchange could not be made, and why.
    pub unjudged: Option<String>,
    /// What was not as wanted; empty when the contract holds.
    pub mismatches: Vec<String>,
}

impl ContractResult {
    /// Whether the contract was judged and all was as wanted.
    pub fn holds(&self) -> bool {
        self.unjudged.is_none() && self.mismatches.is_empty()
    }
}

/// Runs all contracts of a file, in order.
pub fn run_contracts(file: &ContractFile, target: &mut dyn Target) -> Vec<ContractResult> {
    file.contracts.iter().map(|contract| run_one(contract, target)).collect()
}

fn run_one(contract: &Contract, target: &mut dyn Target) -> ContractResult {
    let Contract { client, backend, request, answers, .. } = contract;
    let place = &contract.place;
    let (unjudged, mismatches) = match target.exchange(client, backend, request, answers) {
        Ok(exchange) => (None, judge(contract, &exchange)),
        Err(sentence) => (Some(sentence), Vec::new()),
    };
    ContractResult {
        name: contract.name.clone(),
        client: client.clone(),
        backend: backend.clone(),
        place: format!("{}:{}:{}", place.file, place.line, place.column),
        unjudged,
        mismatches,
    }
}

fn judge(contract: &Contract, exchange: &Exchange) -> Vec<String> {
    let mut found = Vec::new();
    match (&contract.expects, &exchange.received) {
        (Expected::Anything, _) | (Expected::Nothing, None) => {}
        (Expected::Nothing, Some(_)) => found.push("the backend got a request".to_owned()),
        (Expected::Request(_), None) => found.push("the backend got nothing".to_owned()),
        (Expected::Request(wanted), Some(request)) => {
            let (method, path) = (request.method.as_str(), request.path.as_str());
            let got =
                Got { method, path, status: 0, headers: &request.headers, body: &request.body };
            found.extend(mismatches(wanted, &got).into_iter().map(|one| format!("backend: {one}")));
        }
    }
    let seen = &exchange.seen;
    let got =
        Got { method: "", path: "", status: seen.status, headers: &seen.headers, body: &seen.body };
    let missed = mismatches(&contract.sees, &got);
    if !missed.is_empty() {
        found.extend(missed.into_iter().map(|one| format!("client: {one}")));
        let body = String::from_utf8_lossy(&seen.body);
        found.push(format!("client: saw status {} and `{body}`", seen.status));
    }
    found
}

#[cfg(test)]
mod tests {
    use evergate_schemas::document::{Document, DocumentLimits};

    use super::run_contracts;
    use crate::exchange::{Answer, Exchange, Request, Target};
    use crate::file::read_contracts;

    /// A gateway that passes everything but what is sent to `/refused`.
    struct Passing;

    impl Target for Passing {
        fn exchange(
            &mut self,
            _client: &str,
            backend: &str,
            request: &Request,
            answer: &Answer,
        ) -> Result<Exchange, String> {
            if backend == "none" {
                return Err("no backend speaks version none".to_owned());
            }
            if request.path == "/refused" {
                return Ok(Exchange {
                    received: None,
                    seen: Answer { status: 422, ..Answer::default() },
                });
            }
            Ok(Exchange { received: Some(request.clone()), seen: answer.clone() })
        }
    }

    #[track_caller]
    fn check(contract: &str, expected: &[&str], unjudged: Option<&str>) {
        let text = format!("api: a\ncontracts:\n  - {{ name: n, {contract} }}\n");
        let document =
            Document::parse("c.yaml", text.as_bytes(), &DocumentLimits::default()).unwrap();
        let (file, problems) = read_contracts(&document);
        assert_eq!(problems, []);
        let results = run_contracts(&file, &mut Passing);
        assert_eq!(results[0].mismatches, expected);
        assert_eq!(results[0].unjudged.as_deref(), unjudged);
    }

    #[test]
    fn both_ends_are_judged() {
        let client = "client: {version: 1, request: {method: POST, path: /x, body: {a: 1}}}";
        let good = "backend: {version: 2, expects: {path: /x, body: {a: 1}}, answers: {body: {b: 1}}}, client_sees: {status: 200, body: {b: 1}}";
        check(&format!("{client}, {good}"), &[], None);
        let bad = "backend: {version: 2, expects: {body: {a: 2}}, answers: {status: 201}}, client_sees: {status: 200}";
        check(
            &format!("{client}, {bad}"),
            &[
                "backend: /a is 1, not 2",
                "client: the status is `201`, not `200`",
                "client: saw status 201 and ``",
            ],
            None,
        );
    }

    #[test]
    fn nothing_is_an_expectation_too() {
        let refused = "client: {version: 1, request: {method: GET, path: /refused}}, client_sees: {status: 422}";
        check(&format!("{refused}, backend: {{version: 2, expects: nothing}}"), &[], None);
        check(
            &format!("{refused}, backend: {{version: 2, expects: {{}}}}"),
            &["the backend got nothing"],
            None,
        );
    }

    #[test]
    fn an_exchange_that_cannot_be_made_is_no_finding() {
        check(
            "client: {version: 1, request: {method: GET, path: /}}, backend: {version: none}, client_sees: {}",
            &[],
            Some("no backend speaks version none"),
        );
    }
}
