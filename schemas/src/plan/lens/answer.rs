//! `status` and `header`: what becomes of the statuses and headers of the answers of one operation.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::describe::model::{Operation, OperationKey, Status};
use crate::plan::bridge::ParameterSource;
use crate::pointer::Pointer;

use super::model::{AnswerChange, covers};
use super::nearest::remedy;
use super::read::{Reader, Said};
use super::target::{operation_words, status};
use super::verb::{SOURCES, outside};

/// Statuses that say what the protocol does with this one message, so that another one cannot stand for them (RFC 9110
/// §15; all of 1XX and 3XX besides).
const BOUND: [u16; 6] = [206, 407, 412, 416, 421, 426];

/// Statuses of answers without a body (RFC 9110 §15.3.5, §15.3.6).
const BODILESS: [u16; 2] = [204, 205];

/// Fields that belong to one connection, that say how the body is framed, or that the gateway writes (RFC 9110 §7.6.1,
/// §8.6, §8.8.3, §12.5.5, §14.3, RFC 9530 §2).
const FRAMING: [&str; 20] = [
    "accept-ranges",
    "connection",
    "content-digest",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-range",
    "content-type",
    "digest",
    "etag",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "repr-digest",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
];

type Supplied = (String, ParameterSource);

/// One operation as both versions have it; either may lack it.
struct Both {
    old: Option<Operation>,
    new: Option<Operation>,
}

impl<'a> Reader<'a> {
    /// The change of the answers at one target, if the entry declares any.
    pub(super) fn answer_change(
        &mut self,
        (text, target): (&str, &Pointer),
        members: &'a Map<String, Value>,
        (said, at): (&Said, &Pointer),
    ) -> Option<AnswerChange> {
        let (statuses, headers) = (members.get("status"), members.get("header"));
        if statuses.is_none() && headers.is_none() {
            return None;
        }
        let (operation, status) = self.answering(text, target, statuses.is_some())?;
        let operations = self.operations(&operation, target);
        let of = |is_old: bool| {
            operations.iter().find(|(old, _)| *old == is_old).map(|(_, one)| one.clone())
        };
        let both = Both { old: of(true), new: of(false) };
        let mut change = AnswerChange {
            say: Arc::clone(&said.say),
            operation,
            status,
            up: Vec::new(),
            down: Vec::new(),
            adds: Vec::new(),
            removes: Vec::new(),
            renames: Vec::new(),
            place: said.place.clone(),
        };
        if let Some(value) = statuses {
            self.status_pairs(value, &both, &at.join("status"), &mut change);
        }
        if let Some(value) = headers {
            self.header_changes(value, &both, &at.join("header"), &mut change);
        }
        Some(change)
    }

    /// The operation and the answers that a target means.
    fn answering(
        &mut self,
        text: &str,
        target: &Pointer,
        all: bool,
    ) -> Option<(OperationKey, Option<Status>)> {
        let words = operation_words(text);
        let found = match words.as_ref().map(|(_, words)| words.as_slice()) {
            Some([]) => Some(None),
            Some(["response", code]) if !all => status(code).ok(),
            _ => None,
        };
        let Some((status, (key, _))) = found.zip(words) else {
            let what = format!("`{text}` is no operation whose answers change");
            let remedy = if all {
                "a status changes at `METHOD /path`"
            } else {
                "headers change at `METHOD /path` or `METHOD /path response STATUS`"
            };
            self.wrong(target, what, remedy);
            return None;
        };
        Some((key, status))
    }

    fn status_pairs(
        &mut self,
        value: &'a Value,
        both: &Both,
        at: &Pointer,
        change: &mut AnswerChange,
    ) {
        let Some(members) = self.members(value, at) else { return };
        let across = members.get("across").is_some_and(|said| *said == Value::Bool(true));
        let table = |reader: &mut Self, key: Option<&str>| {
            let at = key.map_or_else(|| at.clone(), |key| at.join(key));
            let rows = match key {
                Some(key) => members.get(key).and_then(|one| reader.members(one, &at)),
                None => Some(members),
            };
            let words = ["up", "down", "across"];
            let mut pairs: Vec<(u16, u16, Pointer)> = Vec::new();
            for (from, to) in rows.into_iter().flatten() {
                if key.is_none() && words.contains(&from.as_str()) {
                    continue;
                }
                let at = at.join(from);
                let to = to.as_u64().map(|to| to.to_string());
                let to = to.and_then(|to| reader.code(&to, &at));
                if let Some((from, to)) = reader.code(from, &at).zip(to) {
                    pairs.push((from, to, at));
                }
            }
            pairs
        };
        let said = table(self, None);
        let (up, down) = (table(self, Some("up")), table(self, Some("down")));
        for (old, new, at) in &said {
            let taken = said.iter().any(|(other, one, _)| (one, *other != *old) == (new, true));
            let own = both.old.as_ref().is_some_and(|one| declares(one, *new))
                && old != new
                && !said.iter().any(|(other, ..)| other == new);
            if (taken || own) && !down.iter().any(|(from, ..)| from == new) {
                let what = format!("several old statuses become {new}");
                let remedy = format!("name the one it goes back to: `down: {{ {new}: … }}`");
                self.wrong(at, what, remedy);
            }
        }
        let (older, newer) = (both.old.as_ref(), both.new.as_ref());
        for (old, new, at) in said.iter().chain(&up) {
            self.can_stand((*old, *new), (older, newer), across, at);
            self.has_body((*old, *new), older, at);
            if !up.iter().any(|(from, to, _)| from == old && to != new) {
                change.up.push((*old, *new));
            }
        }
        for (new, old, at) in &down {
            self.can_stand((*new, *old), (newer, older), across, at);
            self.has_body((*new, *old), newer, at);
            change.down.push((*new, *old));
        }
        for (old, new, at) in
            said.iter().filter(|(_, new, _)| !down.iter().any(|(one, ..)| one == new))
        {
            self.has_body((*new, *old), newer, at);
            change.down.push((*new, *old));
        }
        if change.up.is_empty() && change.down.is_empty() {
            self.wrong(at, "no status changes".to_owned(), "write `old: new`, as `201: 200`");
        }
    }

    fn code(&mut self, text: &str, at: &Pointer) -> Option<u16> {
        let code = text.parse::<u16>().ok().filter(|code| (100..=599).contains(code));
        if code.is_none() {
            let what = format!("`{text}` is no status code");
            self.wrong(at, what, "write pairs of codes, as `201: 200`");
        }
        code
    }

    /// Reports a status that cannot stand for another.
    fn can_stand(
        &mut self,
        (from, to): (u16, u16),
        (sender, reader): (Option<&Operation>, Option<&Operation>),
        across: bool,
        at: &Pointer,
    ) {
        for code in [from, to] {
            if code < 200 || code / 100 == 3 || BOUND.contains(&code) {
                let what = format!("{code} says what becomes of this very message");
                self.wrong(at, what, "such a status goes on as it came");
                return;
            }
        }
        if (from < 400) != (to < 400) && !across {
            let what = format!("{from} and {to} are a success and an error");
            let remedy =
                "clients send again what failed: if that is meant, write `across: true` beside it";
            self.wrong(at, what, remedy);
        }
        for (operation, code) in [(sender, from), (reader, to)] {
            let Some(operation) = operation else { continue };
            if operation.response(code).is_none() {
                let known: Vec<String> =
                    operation.responses.iter().map(|one| format!("`{}`", one.status)).collect();
                let what = format!("`{}` declares no status {code} there", operation.key);
                self.wrong(at, what, format!("write one of {}", known.join(", ")));
            }
        }
    }

    /// Reports a status without a body for an answer that is declared with one.
    fn has_body(&mut self, (from, to): (u16, u16), sender: Option<&Operation>, at: &Pointer) {
        let sent = sender.and_then(|one| one.response(from));
        if BODILESS.contains(&to) && sent.is_some_and(|one| !one.contents.is_empty()) {
            let what = format!("{to} has no body, and {from} is declared with one");
            self.wrong(at, what, "keep the status, or write one that may have a body");
        }
    }

    fn header_changes(
        &mut self,
        value: &'a Value,
        both: &Both,
        at: &Pointer,
        change: &mut AnswerChange,
    ) {
        let Some(members) = self.members(value, at) else { return };
        self.known_keys(members, at, &["add", "remove", "rename"]);
        let status = change.status;
        let (old, new) = (headers(both.old.as_ref(), status), headers(both.new.as_ref(), status));
        change.adds = self.written(members.get("add"), &new, &at.join("add"));
        change.removes = self.written(members.get("remove"), &old, &at.join("remove"));
        let at = at.join("rename");
        let pairs = members.get("rename").and_then(|value| self.members(value, &at));
        for (from, to) in pairs.into_iter().flatten() {
            let at = at.join(from);
            let Some(to) = self.text(to, &at) else { continue };
            let (from, to) = (self.header(from, &old, &at), self.header(to, &new, &at));
            if let Some((from, to)) = from.zip(to) {
                if change.renames.iter().any(|(one, other)| {
                    [one, other].iter().any(|name| **name == from || **name == to)
                }) {
                    let what = format!("`{from}` or `{to}` is in two renames");
                    self.wrong(&at, what, "each header is renamed once");
                }
                change.renames.push((from, to));
            }
        }
    }

    /// A header's name in lower case, if it may be written and the answers declare it, or none at all.
    fn header(&mut self, name: &str, declared: &[String], at: &Pointer) -> Option<String> {
        let lower = name.to_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if lower.is_empty() || !lower.bytes().all(token) {
            self.wrong(at, format!("`{name}` is no name of a header"), "");
            return None;
        }
        if FRAMING.contains(&lower.as_str()) {
            let what = format!("`{lower}` belongs to the connection or the body");
            self.wrong(at, what, "the gateway writes it as the message needs it");
            return None;
        }
        if !declared.is_empty() && !declared.contains(&lower) {
            let remedy = remedy(&lower, declared.iter().map(String::as_str));
            self.wrong(at, format!("`{lower}` is no header of these answers there"), remedy);
            return None;
        }
        Some(lower)
    }

    fn written(
        &mut self,
        value: Option<&'a Value>,
        declared: &[String],
        at: &Pointer,
    ) -> Vec<Supplied> {
        let mut found = Vec::new();
        for (name, value) in value.and_then(|value| self.members(value, at)).into_iter().flatten() {
            let at = at.join(name);
            let Some(members) = self.members(value, &at) else { continue };
            if let Some(source) = self.text_source(members, &at)
                && let Some(name) = self.header(name, declared, &at)
            {
                found.push((name, source));
            }
        }
        found
    }

    /// Where the text of a header comes from.
    fn text_source(
        &mut self,
        members: &'a Map<String, Value>,
        at: &Pointer,
    ) -> Option<ParameterSource> {
        let known: Vec<&str> = SOURCES.into_iter().filter(|word| *word != "member").collect();
        self.known_keys(members, at, &known);
        let mut sources = members.iter().filter(|(key, _)| known.contains(&key.as_str()));
        let (Some((word, value)), None) = (sources.next(), sources.next()) else {
            let remedy = format!("write one of {}", known.join(", "));
            self.wrong(at, "one source is needed".to_owned(), remedy);
            return None;
        };
        let at = at.join(word);
        if !matches!(word.as_str(), "constant" | "default") {
            return Some(ParameterSource::Outside(outside(word, self.text(value, &at)?)));
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // what RFC 9110 §5.5 lets a field have without asking how it is read
        let plain = !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !plain || text.trim() != text || value.is_array() || value.is_object() {
            self.wrong(
                &at,
                format!("`{value}` cannot stand in a header"),
                "write plain ASCII text",
            );
            return None;
        }
        Some(ParameterSource::Literal(text.into()))
    }
}

/// Whether an operation declares a status by itself.
fn declares(operation: &Operation, code: u16) -> bool {
    operation.responses.iter().any(|one| one.status == Status::Code(code))
}

/// The headers that the meant answers of an operation declare.
fn headers(operation: Option<&Operation>, status: Option<Status>) -> Vec<String> {
    let answers = operation.map_or(&[][..], |operation| operation.responses.as_slice());
    let meant = answers.iter().filter(|one| status.is_none_or(|wanted| covers(wanted, one.status)));
    meant.flat_map(|one| &one.headers).map(|one| one.name.to_ascii_lowercase()).collect()
}
