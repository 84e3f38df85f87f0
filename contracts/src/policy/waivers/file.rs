//! The waiver file: findings that somebody answers for, each with a reason and an end.

use jiff::civil::Date;
use serde_json::{Map, Value};

use evergate_schemas::document::Document;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem};

use crate::member::Reading;

/// Waivers in one file at most; a longer list is no list of exceptions any more.
pub const WAIVERS_BOUND: usize = 10_000;
/// Characters of a reason at most.
pub const REASON_BOUND: usize = 1000;
/// Hex digits of a fingerprint that must be written at least: as many as reports show.
pub const FINGERPRINT_FLOOR: usize = 12;
/// Hex digits of a whole fingerprint.
pub(super) const FINGERPRINT_WHOLE: usize = 64;

/// What the file is called beside an api.
pub const WAIVERS_NAME: &str = "evergate-waivers.yaml";

const KEYS: [&str; 9] = [
    "fingerprint",
    "rule",
    "operation",
    "pointer",
    "api",
    "client",
    "backend",
    "reason",
    "expires",
];

/// A waiver file as read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WaiverFile {
    /// In the order of the file.
    pub waivers: Vec<Waiver>,
}

/// One waiver: what it is about, why, and until when.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiver {
    /// What it is about.
    pub selector: Selector,
    /// Only findings of this api.
    pub api: Option<String>,
    /// Only findings for this version of the client.
    pub client: Option<String>,
    /// Only findings at this version of the backend.
    pub backend: Option<String>,
    /// Why it may stand.
    pub reason: String,
    /// Until when.
    pub expires: Expiry,
    /// Where it is written.
    pub place: Place,
}

/// What a waiver is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The finding whose fingerprint begins so.
    Fingerprint(String),
    /// Findings by rule and place.
    Place {
        /// The rule's id.
        rule: String,
        /// `METHOD /path`, or the name of a plain document.
        operation: Option<String>,
        /// A pointer in one of the two documents; findings at it and below it are meant.
        pointer: Option<Pointer>,
    },
}

/// When a waiver ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Never; somebody wrote so.
    Never,
    /// It holds on this day for the last time.
    After(Date),
}

impl Expiry {
    /// Whether it no longer holds on that day.
    pub fn is_past(self, today: Date) -> bool {
        matches!(self, Self::After(last) if last < today)
    }

    /// As it is written: `2027-03-01` or `never`.
    pub fn text(self) -> String {
        match self {
            Self::Never => "never".to_owned(),
            Self::After(last) => last.to_string(),
        }
    }
}

/// Reads a waiver file; all that is wrong in it is told at once, and a waiver with a fault is left out.
pub fn read_waivers(document: &Document) -> (WaiverFile, Vec<Problem>) {
    let mut reading = Reading::new(document);
    let root = Pointer::root();
    let mut file = WaiverFile::default();
    let Some(members) = reading.object(&document.value, &root, &["waivers"]) else {
        return (file, reading.problems);
    };
    let at = root.join("waivers");
    match members.get("waivers") {
        Some(Value::Array(items)) if items.len() > WAIVERS_BOUND => {
            let what = format!("{} waivers are more than {WAIVERS_BOUND}", items.len());
            reading.problem(
                &at,
                what,
                "mend what is waived, or waive by rule and place".to_owned(),
            );
        }
        Some(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                file.waivers.extend(waiver(&mut reading, item, &at.join(&index.to_string())));
            }
        }
        Some(_) => {
            let remedy =
                "write `- fingerprint: \"…\"` with `reason` and `expires` below".to_owned();
            reading.problem(&at, "`waivers` must be a list".to_owned(), remedy);
        }
        None => {
            let remedy = "write `waivers:` and the list below it".to_owned();
            reading.problem(&root, "`waivers` is missing".to_owned(), remedy);
        }
    }
    (file, reading.problems)
}

fn waiver<'a>(reading: &mut Reading<'a>, item: &'a Value, at: &Pointer) -> Option<Waiver> {
    let before = reading.problems.len();
    let members = reading.object(item, at, &KEYS)?;
    let selector = selector(reading, members, at);
    let reason = reason(reading, members, at);
    let expires = expiry(reading, members, at);
    let [api, client, backend] =
        ["api", "client", "backend"].map(|name| optional(reading, members, at, name));
    let place = reading.document.place(at);
    if reading.problems.len() > before {
        return None;
    }
    Some(Waiver {
        selector: selector?,
        api,
        client,
        backend,
        reason: reason?,
        expires: expires?,
        place,
    })
}

fn optional(
    reading: &mut Reading<'_>,
    members: &Map<String, Value>,
    at: &Pointer,
    name: &str,
) -> Option<String> {
    if members.contains_key(name) { reading.text(members, at, name) } else { None }
}

fn selector(
    reading: &mut Reading<'_>,
    members: &Map<String, Value>,
    at: &Pointer,
) -> Option<Selector> {
    let has = |name: &str| members.contains_key(name);
    match (has("fingerprint"), has("rule")) {
        (true, true) => {
            let what = "a waiver has either `fingerprint` or `rule`".to_owned();
            reading.problem(&at.join("rule"), what, "leave one of them out".to_owned());
            None
        }
        (true, false) => fingerprint(reading, members, at),
        (false, true) => by_place(reading, members, at),
        (false, false) => {
            let what = "the waiver does not say what it is about".to_owned();
            let remedy = "write the `fingerprint` that the report shows, or `rule` with `operation` or `pointer`";
            reading.problem(at, what, remedy.to_owned());
            None
        }
    }
}

fn fingerprint(
    reading: &mut Reading<'_>,
    members: &Map<String, Value>,
    at: &Pointer,
) -> Option<Selector> {
    for name in ["operation", "pointer"].into_iter().filter(|name| members.contains_key(*name)) {
        let what = format!("`{name}` says nothing beside `fingerprint`");
        reading.problem(&at.join(name), what, format!("leave `{name}` out"));
    }
    let place = at.join("fingerprint");
    // digits alone, or digits around an `e`, are a number in YAML, and its text is lost
    let Some(text) = members.get("fingerprint").and_then(Value::as_str) else {
        let what = "`fingerprint` must be a text".to_owned();
        reading.problem(&place, what, "write it in quotes".to_owned());
        return None;
    };
    let length = text.chars().count();
    let hex = text.chars().all(|one| matches!(one, '0'..='9' | 'a'..='f'));
    if !hex || !(FINGERPRINT_FLOOR..=FINGERPRINT_WHOLE).contains(&length) {
        let what = format!(
            "`{}` is not a fingerprint",
            text.escape_default().take(80).collect::<String>()
        );
        let remedy = format!(
            "write the {FINGERPRINT_FLOOR} to {FINGERPRINT_WHOLE} hex digits that the report shows, in lower case"
        );
        reading.problem(&place, what, remedy);
        return None;
    }
    Some(Selector::Fingerprint(text.to_owned()))
}

fn by_place(
    reading: &mut Reading<'_>,
    members: &Map<String, Value>,
    at: &Pointer,
) -> Option<Selector> {
    let rule = reading.text(members, at, "rule");
    let operation = optional(reading, members, at, "operation");
    let pointer = optional(reading, members, at, "pointer");
    if !members.contains_key("operation") && !members.contains_key("pointer") {
        let what =
            "a waiver by `rule` alone would cover findings that nobody has seen yet".to_owned();
        let remedy = "add `operation` (as in `GET /orders`), `pointer`, or both".to_owned();
        reading.problem(at, what, remedy);
        return None;
    }
    let pointer = match pointer {
        None => None,
        Some(text) => {
            let parsed = Pointer::parse(&text);
            if parsed.is_none() {
                let what = "`pointer` is not a JSON pointer".to_owned();
                let remedy = "write it as the report does: `/paths/~1orders/post`".to_owned();
                reading.problem(&at.join("pointer"), what, remedy);
                return None;
            }
            parsed
        }
    };
    Some(Selector::Place { rule: rule?, operation, pointer })
}

fn reason(reading: &mut Reading<'_>, members: &Map<String, Value>, at: &Pointer) -> Option<String> {
    let Some(value) = members.get("reason") else {
        let remedy = "write `reason:` and why nobody is hurt".to_owned();
        reading.problem(at, "`reason` is missing".to_owned(), remedy);
        return None;
    };
    let text = value.as_str().map(str::trim).unwrap_or_default();
    let place = at.join("reason");
    if text.is_empty() {
        let remedy = "write why nobody is hurt".to_owned();
        reading.problem(&place, "`reason` must be a text that says something".to_owned(), remedy);
        return None;
    }
    if text.chars().count() > REASON_BOUND {
        let what = format!("`reason` is longer than {REASON_BOUND} characters");
        reading.problem(&place, what, "write it shorter, and link to the rest".to_owned());
        return None;
    }
    Some(text.to_owned())
}

fn expiry(reading: &mut Reading<'_>, members: &Map<String, Value>, at: &Pointer) -> Option<Expiry> {
    let remedy = "write `expires: YEAR-MONTH-DAY`, the last day it holds, or `expires: never`";
    let Some(value) = members.get("expires") else {
        reading.problem(at, "`expires` is missing".to_owned(), remedy.to_owned());
        return None;
    };
    let text = value.as_str().unwrap_or_default();
    if text == "never" {
        return Some(Expiry::Never);
    }
    match text.parse::<Date>() {
        Ok(date) if date.to_string() == text => Some(Expiry::After(date)),
        _ => {
            let what = "`expires` is not a day".to_owned();
            reading.problem(&at.join("expires"), what, remedy.to_owned());
            None
        }
    }
}
