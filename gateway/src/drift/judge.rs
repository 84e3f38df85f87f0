//! Judging one body by the schema of its own version, and by those of the others.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use evergate_schemas::describe::model::{Content, Description, Operation};
use evergate_schemas::pointer::Pointer;
use evergate_schemas::relate::close;
use evergate_schemas::sample::{Objection, Validator};
use evergate_schemas::schema::{Role, Schema, Side};
use serde_json::Value;

use super::book::Place;
use super::sample::{Copied, Message};

/// Most messages whose validators are kept.
const KEPT: usize = 256;
/// The longest name of a member that is told.
const NAME: usize = 64;

impl Message {
    /// Which way it travels.
    const fn side(self) -> Side {
        match self {
            Self::Request => Side::Request,
            Self::Response(_) => Side::Response,
        }
    }

    /// For a metric.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response(_) => "response",
        }
    }
}

/// What a message is held against.
#[derive(Debug)]
struct Measure {
    written: Validator,
    /// Where undeclared members are none that a sender would send; absent where that cannot be told.
    closed: Option<Validator>,
    /// Every name that the schema declares.
    names: BTreeSet<String>,
}

/// A schema of an api that is in memory: the api, the version, and the place of the content.
type Key = (usize, usize, usize);

/// Who judges.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// With what keeps the addresses in the keys from being used again.
    measures: HashMap<Key, (Arc<super::Watched>, Option<Arc<Measure>>)>,
}

/// What a version says of a message.
enum Declared<'d> {
    Content(&'d Content),
    Nothing(&'static str),
    /// Nobody can tell.
    Unknown,
}

/// What a look at a payload came to.
pub(super) enum Found {
    /// It is as its version declares.
    Nothing,
    /// It differs here.
    Drift(Place),
}

impl Judge {
    /// Where a payload differs from what its version declares, if it does; `None` where nobody can tell.
    pub(super) fn judge(&mut self, copied: &Copied) -> Option<Found> {
        let description = copied.watched.described.versions.get(copied.about.version)?;
        let found = |pointer: &str, keyword: &str, member: &str| {
            Some(Found::Drift(Place {
                api: Arc::clone(&copied.watched.name),
                version: description.version.as_str().to_owned(),
                operation: Arc::clone(&copied.about.operation),
                message: copied.about.message,
                pointer: pointer.to_owned(),
                keyword: keyword.to_owned(),
                member: member.to_owned(),
            }))
        };
        let label = &*copied.about.operation;
        let operation = description.operations.iter().find(|one| one.key.to_string() == label)?;
        let content = match declared(operation, copied.about.message, &copied.about.essence) {
            Declared::Content(content) => content,
            Declared::Nothing(keyword) => return found("", keyword, ""),
            Declared::Unknown => return None,
        };
        let payload = match payload(copied)? {
            Ok(payload) => payload,
            Err(NoJson) => return found("", "syntax", ""),
        };
        let measure = self.measure(copied, (copied.about.version, description), content)?;
        if !measure.written.judge(&payload)? {
            let objection = measure.written.objection(&payload)?;
            let (pointer, member) = told(&objection, &measure.names, copied.about.message);
            return found(&pointer, &objection.keyword, &member);
        }
        let Some(closed) = &measure.closed else { return Some(Found::Nothing) };
        if closed.judge(&payload) != Some(false) {
            return Some(Found::Nothing);
        }
        let objection = closed.objection(&payload)?;
        let (pointer, member) = told(&objection, &measure.names, copied.about.message);
        found(&pointer, "undeclared", &member)
    }

    /// The other versions whose schemas would take a payload.
    pub(super) fn others(&mut self, copied: &Copied) -> Vec<String> {
        let versions = &copied.watched.described.versions;
        let Some(own) = versions.get(copied.about.version) else { return Vec::new() };
        let label = &*copied.about.operation;
        let Some(operation) = own.operations.iter().find(|one| one.key.to_string() == label) else {
            return Vec::new();
        };
        let Some(Ok(payload)) = payload(copied) else { return Vec::new() };
        let shape = operation.key.shape();
        let mut fits = Vec::new();
        for (version, description) in versions.iter().enumerate() {
            let other = description.operation(&shape).filter(|_| version != copied.about.version);
            let Some(other) = other else { continue };
            let about = &copied.about;
            let Declared::Content(content) = declared(other, about.message, &about.essence) else {
                continue;
            };
            let Some(measure) = self.measure(copied, (version, description), content) else {
                continue;
            };
            let strict = measure.closed.as_ref().unwrap_or(&measure.written);
            if strict.judge(&payload) == Some(true) {
                fits.push(description.version.as_str().to_owned());
            }
        }
        fits
    }

    /// What a content is held against, made once; `None` where its schema has no validator.
    fn measure(
        &mut self,
        copied: &Copied,
        (version, description): (usize, &Description),
        content: &Content,
    ) -> Option<Arc<Measure>> {
        let api = Arc::as_ptr(&copied.watched).addr();
        let key = (api, version, std::ptr::from_ref(content).addr());
        if let Some((_, known)) = self.measures.get(&key) {
            return known.clone();
        }
        // what a reload has replaced is let go of, and of much all
        if self.measures.len() >= KEPT {
            self.measures.clear();
        }
        self.measures.retain(|_, (watched, _)| {
            Arc::strong_count(watched) > 1 || Arc::ptr_eq(watched, &copied.watched)
        });
        let side = copied.about.message.side();
        let schema = description.schema(&content.root, side, Role::Sender);
        let made = Validator::new(&schema).ok().map(|written| {
            let closed = Validator::new(&close(&schema)).ok();
            Arc::new(Measure { written, closed, names: names(&schema) })
        });
        self.measures.insert(key, (Arc::clone(&copied.watched), made.clone()));
        made
    }
}

/// What an operation says of a message and its media type. Only single JSON documents are judged.
fn declared<'d>(operation: &'d Operation, message: Message, essence: &str) -> Declared<'d> {
    let contents = match message {
        Message::Request => operation.body.as_ref().map(|body| &body.contents),
        Message::Response(status) => operation.response(status).map(|one| &one.contents),
    };
    let Some(contents) = contents else {
        return match message {
            // an error that nobody declared may come from anybody on the way
            Message::Response(400..) | Message::Request => Declared::Unknown,
            Message::Response(_) => Declared::Nothing("status"),
        };
    };
    if contents.is_empty() {
        return Declared::Unknown;
    }
    let own = |content: &&Content| content.media_type.split(';').next() == Some(essence);
    match contents.iter().find(own) {
        Some(content) if content.sequence || !is_json(essence) => Declared::Unknown,
        Some(content) => Declared::Content(content),
        None if contents.iter().any(|one| one.media_type.contains('*')) => Declared::Unknown,
        None => Declared::Nothing("media-type"),
    }
}

fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence.ends_with("+json")
}

/// What claims to be JSON and is not.
struct NoJson;

/// The payload; `None` where its coding cannot be taken off within the bound.
fn payload(copied: &Copied) -> Option<Result<Value, NoJson>> {
    let plain;
    let bytes = match &copied.about.unpack {
        None => &copied.bytes,
        Some(unpack) => {
            plain = (unpack.0)(&copied.bytes, copied.watched.most())?;
            &plain
        }
    };
    Some(serde_json::from_slice(bytes).map_err(|_| NoJson))
}

/// The place of an objection without anything that only this payload has, and the member that it is about.
fn told(objection: &Objection, names: &BTreeSet<String>, message: Message) -> (String, String) {
    let mut pointer = Pointer::root();
    for token in objection.at.tokens() {
        if names.contains(&token) {
            pointer.push(&token);
        } else {
            pointer.push("*");
        }
    }
    let member = objection.member.as_deref().unwrap_or_default();
    let known = names.contains(member) || message != Message::Request;
    let member: String = if known { member.chars().take(NAME).collect() } else { String::new() };
    (pointer.as_str().to_owned(), member)
}

/// Every name of a member that a schema declares, anywhere.
fn names(schema: &Schema) -> BTreeSet<String> {
    let document = schema.document();
    let mut found = BTreeSet::new();
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::Object(declared)) = members.get("properties") {
                    found.extend(declared.keys().cloned());
                }
                if let Some(Value::Array(required)) = members.get("required") {
                    found.extend(required.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                waiting.extend(members.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    found
}
