//! Contract files: what a client sends and sees while a backend of another version answers.

use serde_json::{Map, Value};

use evergate_schemas::document::Document;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem};

use crate::exchange::{Answer, Request};
use crate::member::Reading;

/// A contract file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContractFile {
    /// The api's name.
    pub api: String,
    /// In the order of the file.
    pub contracts: Vec<Contract>,
}

/// One exchange and what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// What it is about, for people.
    pub name: String,
    /// The client's version.
    pub client: String,
    /// The backend's version.
    pub backend: String,
    /// What the client sends.
    pub request: Request,
    /// What the backend must get.
    pub expects: Expected,
    /// What the backend answers.
    pub answers: Answer,
    /// What the client must see.
    pub sees: Received,
    /// Where it stands.
    pub place: Place,
}

/// What a backend must get.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Expected {
    /// Anything.
    #[default]
    Anything,
    /// No request at all: the gateway refuses it.
    Nothing,
    /// This.
    Request(Received),
}

/// A request or answer that must be met in the parts that are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// The method.
    pub method: Option<String>,
    /// Path and query.
    pub path: Option<String>,
    /// The status.
    pub status: Option<u16>,
    /// Headers that must be there with this value.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Wanted,
}

/// What a body must be. Bodies are compared as JSON values, numbers by value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Wanted {
    /// Anything.
    #[default]
    Anything,
    /// Exactly this value.
    Exactly(Value),
    /// Objects with at least these members; arrays item by item.
    Containing(Value),
}

/// Reads a contract file; what can be read is given beside all problems.
pub fn read_contracts(document: &Document) -> (ContractFile, Vec<Problem>) {
    let mut reading = Reading::new(document);
    let root = Pointer::root();
    let mut file = ContractFile::default();
    if let Some(members) = reading.object(&document.value, &root, &["api", "contracts"]) {
        file.api = reading.text(members, &root, "api").unwrap_or_default();
        let at = root.join("contracts");
        if let Some(Value::Array(contracts)) = members.get("contracts") {
            for (index, contract) in contracts.iter().enumerate() {
                let at = at.join(&index.to_string());
                file.contracts.extend(read_contract(&mut reading, contract, &at));
            }
        } else {
            let remedy = "write `contracts:` and a list of them".to_owned();
            reading.problem(&root, "a list of contracts is missing".to_owned(), remedy);
        }
    }
    (file, reading.problems)
}

fn read_contract<'a>(
    reading: &mut Reading<'a>,
    value: &'a Value,
    at: &Pointer,
) -> Option<Contract> {
    let members = reading.object(value, at, &["name", "client", "backend", "client_sees"])?;
    let name = reading.text(members, at, "name");
    let empty = &Value::Null;
    let client_at = at.join("client");
    let client = members.get("client").unwrap_or(empty);
    let client = reading.object(client, &client_at, &["version", "request"])?;
    let backend_at = at.join("backend");
    let backend = members.get("backend").unwrap_or(empty);
    let backend = reading.object(backend, &backend_at, &["version", "expects", "answers"])?;
    let request = read_request(reading, client, &client_at);
    let expects = read_expected(reading, backend, &backend_at);
    let answers = backend
        .get("answers")
        .and_then(|value| read_answer(reading, value, &backend_at.join("answers")))
        .unwrap_or(Answer { status: 200, ..Answer::default() });
    let sees_at = at.join("client_sees");
    let sees = members.get("client_sees").unwrap_or(empty);
    let sees =
        read_received(reading, sees, &sees_at, &["status", "headers", "body", "body_contains"]);
    Some(Contract {
        name: name?,
        client: reading.text(client, &client_at, "version")?,
        backend: reading.text(backend, &backend_at, "version")?,
        request: request?,
        expects,
        answers,
        sees: sees?,
        place: reading.document.place(at),
    })
}

fn read_request<'a>(
    reading: &mut Reading<'a>,
    client: &'a Map<String, Value>,
    at: &Pointer,
) -> Option<Request> {
    let Some(value) = client.get("request") else {
        let remedy = "write `request: { method: GET, path: /… }`".to_owned();
        reading.problem(at, "`request` is missing".to_owned(), remedy);
        return None;
    };
    let at = at.join("request");
    let members = reading.object(value, &at, &["method", "path", "headers", "body"])?;
    let (method, path) = (reading.text(members, &at, "method"), reading.text(members, &at, "path"));
    let mut headers = reading.texts(members, &at, "headers");
    let body = body_bytes(members, &mut headers);
    Some(Request { method: method?.to_uppercase(), path: path?, headers, body })
}

fn read_answer<'a>(reading: &mut Reading<'a>, value: &'a Value, at: &Pointer) -> Option<Answer> {
    let members = reading.object(value, at, &["status", "headers", "body"])?;
    let mut headers = reading.texts(members, at, "headers");
    let body = body_bytes(members, &mut headers);
    let status = read_status(reading, members, at)?.unwrap_or(200);
    Some(Answer { status, headers, body })
}

/// `None` for a problem, `Some(None)` when nothing is written.
#[expect(clippy::option_option, reason = "a problem and an absence are two things")]
fn read_status(
    reading: &mut Reading<'_>,
    members: &Map<String, Value>,
    at: &Pointer,
) -> Option<Option<u16>> {
    let Some(value) = members.get("status") else { return Some(None) };
    let code = value.as_u64().and_then(|code| u16::try_from(code).ok());
    if let Some(code) = code.filter(|code| (100..=599).contains(code)) {
        return Some(Some(code));
    }
    let remedy = "write a status between 100 and 599".to_owned();
    reading.problem(&at.join("status"), format!("{value} is no status"), remedy);
    None
}

/// A body as written in a file, compact; JSON when nothing else is said.
fn body_bytes(members: &Map<String, Value>, headers: &mut Vec<(String, String)>) -> Vec<u8> {
    let Some(body) = members.get("body") else { return Vec::new() };
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    body.to_string().into_bytes()
}

fn read_expected<'a>(
    reading: &mut Reading<'a>,
    backend: &'a Map<String, Value>,
    at: &Pointer,
) -> Expected {
    let known = ["method", "path", "headers", "body", "body_contains"];
    match backend.get("expects") {
        None => Expected::Anything,
        Some(Value::String(word)) if word == "nothing" => Expected::Nothing,
        Some(value) => read_received(reading, value, &at.join("expects"), &known)
            .map_or(Expected::Anything, Expected::Request),
    }
}

fn read_received<'a>(
    reading: &mut Reading<'a>,
    value: &'a Value,
    at: &Pointer,
    known: &[&str],
) -> Option<Received> {
    let members = reading.object(value, at, known)?;
    let text = |reading: &mut Reading<'a>, name: &str| {
        members.contains_key(name).then(|| reading.text(members, at, name)).flatten()
    };
    let (method, path) = (text(reading, "method"), text(reading, "path"));
    let status = read_status(reading, members, at)?;
    let headers = reading.texts(members, at, "headers");
    let body = match (members.get("body"), members.get("body_contains")) {
        (Some(_), Some(_)) => {
            let remedy = "write one of them".to_owned();
            let what = "`body` and `body_contains` exclude each other".to_owned();
            reading.problem(&at.join("body_contains"), what, remedy);
            return None;
        }
        (Some(body), None) => Wanted::Exactly(body.clone()),
        (None, Some(body)) => Wanted::Containing(body.clone()),
        (None, None) => Wanted::Anything,
    };
    Some(Received { method: method.map(|one| one.to_uppercase()), path, status, headers, body })
}

#[cfg(test)]
mod tests {
    use evergate_schemas::document::{Document, DocumentLimits};
    use serde_json::json;

    use super::{ContractFile, Expected, Wanted, read_contracts};

    #[track_caller]
    fn check(text: &str, problems: &[&str]) -> ContractFile {
        let document =
            Document::parse("c.yaml", text.as_bytes(), &DocumentLimits::default()).unwrap();
        let (file, found) = read_contracts(&document);
        let found: Vec<String> = found
            .iter()
            .map(|one| format!("{}:{} {}", one.place.line, one.place.column, one.what))
            .collect();
        assert_eq!(found, problems);
        file
    }

    #[test]
    fn a_contract_is_read() {
        let file = check(
            "api: orders
contracts:
  - name: an old client places an order
    client: { version: 1, request: { method: post, path: /orders, body: { amount: 1 } } }
    backend: { version: v2, expects: nothing, answers: { status: 201 } }
    client_sees: { status: 201, body_contains: { id: 7 } }
",
            &[],
        );
        let one = &file.contracts[0];
        assert_eq!((one.client.as_str(), one.backend.as_str()), ("1", "v2"));
        assert_eq!(
            (one.request.method.as_str(), one.request.body.as_slice()),
            ("POST", &b"{\"amount\":1}"[..])
        );
        assert_eq!(
            one.request.headers,
            [("content-type".to_owned(), "application/json".to_owned())]
        );
        assert_eq!(one.expects, Expected::Nothing);
        assert_eq!((one.answers.status, one.sees.status), (201, Some(201)));
        assert_eq!(one.sees.body, Wanted::Containing(json!({"id": 7})));
        assert_eq!((one.place.line, one.place.column), (3, 5));
    }

    #[test]
    fn every_oddity_has_its_place_and_hides_no_other() {
        let file = check(
            "api: orders
contracts:
  - name: a
    client: { version: 1, request: { method: GET, path: /, bdy: 1 } }
    backend: { version: 2, answers: { status: 1000 } }
    client_sees: { body: 1, body_contains: 1 }
    extra: 1
  - name: b
",
            &[
                "7:12 unknown key `extra`",
                "4:65 unknown key `bdy`",
                "5:47 1000 is no status",
                "6:44 `body` and `body_contains` exclude each other",
                "8:5 an object is expected here",
            ],
        );
        assert_eq!(file.contracts, []);
    }
}
