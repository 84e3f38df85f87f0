//! The walk of two versions: operations, parameters, bodies and responses, down into their schemas.

use std::collections::BTreeMap;

use serde_json::Value;

use super::rule::{Rule, rule};
use super::schema::Walker;
use crate::describe::model::{Content, Description, Location, Operation, Parameter, Response};
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::schema::Side;

/// One difference between two versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which kind.
    pub rule: &'static Rule,
    /// What it is in: ``POST /orders request application/json``, or ``component `Order` `` for a shared schema,
    /// which is told once, with the place of the first message that reaches it.
    pub subject: String,
    /// Inside the payload or component, with `*` for any item or member.
    pub pointer: Pointer,
    /// What exactly: a sentence fragment.
    pub message: String,
    /// Where the older document declares the message; `None` when it does not.
    pub old: Option<Place>,
    /// Where the newer document declares the message; `None` when it does not.
    pub new: Option<Place>,
    /// Which way the message travels; `None` for whole operations and plain documents.
    pub side: Option<Side>,
}

/// All differences between two versions, in the order of the older version's operations, new ones last.
pub fn changes(old: &Description, new: &Description) -> Vec<Change> {
    let walker = Walker::new(&old.components.written, &new.components.written);
    let mut walk = Walk { walker, found: Vec::new() };
    let mut pairs: BTreeMap<String, &Operation> =
        new.operations.iter().map(|one| (one.key.shape(), one)).collect();
    for before in &old.operations {
        if let Some(after) = pairs.remove(&before.key.shape()) {
            walk.operation(before, after);
        } else {
            let at = At::new(before.key.to_string(), None).places(Some(&before.place), None);
            walk.tell(&at, "operation-removed", format!("{} is gone", before.key));
        }
    }
    for after in new.operations.iter().filter(|one| pairs.contains_key(&one.key.shape())) {
        let at = At::new(after.key.to_string(), None).places(None, Some(&after.place));
        walk.tell(&at, "operation-added", format!("{} is new", after.key));
    }
    walk.documents(old, new);
    walk.found
}

struct Walk<'a> {
    walker: Walker<'a>,
    found: Vec<Change>,
}

/// What is being compared, for people.
#[derive(Clone)]
struct At {
    subject: String,
    side: Option<Side>,
    old: Option<Place>,
    new: Option<Place>,
}

impl At {
    const fn new(subject: String, side: Option<Side>) -> Self {
        Self { subject, side, old: None, new: None }
    }

    fn places(&self, old: Option<&Place>, new: Option<&Place>) -> Self {
        let or = |one: Option<&Place>, other: &Option<Place>| one.or(other.as_ref()).cloned();
        let (old, new) = (or(old, &self.old), or(new, &self.new));
        Self { subject: self.subject.clone(), side: self.side, old, new }
    }

    fn named(&self, more: &str) -> Self {
        Self { subject: format!("{} {more}", self.subject), ..self.clone() }
    }
}

impl<'a> Walk<'a> {
    fn tell(&mut self, at: &At, id: &str, message: String) {
        self.put(at, id, Pointer::root(), message);
    }

    fn put(&mut self, at: &At, id: &str, pointer: Pointer, message: String) {
        let Some(rule) = rule(id) else { return };
        let (old, new) = (at.old.clone(), at.new.clone());
        let (subject, side) = (at.subject.clone(), at.side);
        self.found.push(Change { rule, subject, pointer, message, old, new, side });
    }

    fn schemas(&mut self, at: &At, old: &'a Value, new: &'a Value) {
        for one in self.walker.compare(old, new) {
            let mut place = at.clone();
            if let Some(component) = one.component {
                place.subject = format!("component `{component}`");
            }
            self.put(&place, one.rule, one.pointer, one.message);
        }
    }

    fn operation(&mut self, old: &'a Operation, new: &'a Operation) {
        let at = At::new(new.key.to_string(), None).places(Some(&old.place), Some(&new.place));
        if new.deprecated && !old.deprecated {
            self.tell(&at, "operation-deprecated", format!("{} is deprecated", new.key));
        }
        let request = At { side: Some(Side::Request), ..at.named("request") };
        self.parameters(&request, old, new);
        self.body(&request, old, new);
        let response = At { side: Some(Side::Response), ..at };
        for before in &old.responses {
            let named = response.named(&format!("response {}", before.status));
            if let Some(after) = new.responses.iter().find(|one| one.status == before.status) {
                self.response(&named, before, after);
            } else {
                let place = named.places(Some(&before.place), None);
                let message = format!("status {} is gone", before.status);
                self.tell(&place, "status-removed", message);
            }
        }
        for after in &new.responses {
            if !old.responses.iter().any(|one| one.status == after.status) {
                let named = response.named(&format!("response {}", after.status));
                let place = named.places(None, Some(&after.place));
                self.tell(&place, "status-added", format!("status {} is new", after.status));
            }
        }
    }

    /// Path parameters match by position, the others by place and name.
    fn parameters(&mut self, at: &At, old: &'a Operation, new: &'a Operation) {
        let (before, after) = (keyed(old), keyed(new));
        for (key, one) in &before {
            let named = at.named(&format!("parameter `{}`", one.name));
            let Some(other) = after.get(key) else {
                let place = named.places(Some(&one.place), None);
                self.tell(&place, "parameter-removed", format!("parameter `{}` is gone", one.name));
                continue;
            };
            let place = named.places(Some(&one.place), Some(&other.place));
            let words = ("parameter-became-required", "parameter-became-optional");
            self.necessity(&place, (one.required, other.required), words);
            if one.style != other.style {
                let message = format!("style is `{}`, was `{}`", other.style, one.style);
                self.tell(&place, "parameter-style-changed", message);
            }
            self.schemas(&place, &one.root, &other.root);
        }
        for (key, other) in &after {
            if before.contains_key(key) {
                continue;
            }
            let place =
                at.named(&format!("parameter `{}`", other.name)).places(None, Some(&other.place));
            let (id, how) = if other.required {
                ("parameter-added-required", "new and required")
            } else {
                ("parameter-added", "new")
            };
            self.tell(&place, id, format!("parameter `{}` is {how}", other.name));
        }
    }

    fn necessity(&mut self, at: &At, required: (bool, bool), ids: (&str, &str)) {
        match required {
            (false, true) => self.tell(at, ids.0, "it is required".to_owned()),
            (true, false) => self.tell(at, ids.1, "it is no longer required".to_owned()),
            _ => {}
        }
    }

    fn body(&mut self, at: &At, old: &'a Operation, new: &'a Operation) {
        match (&old.body, &new.body) {
            (Some(before), Some(after)) => {
                let words = ("body-became-required", "body-became-optional");
                self.necessity(at, (before.required, after.required), words);
                self.contents(at, &before.contents, &after.contents);
            }
            (Some(_), None) => self.tell(at, "body-removed", "the body is gone".to_owned()),
            (None, Some(_)) => self.tell(at, "body-added", "a body is declared".to_owned()),
            (None, None) => {}
        }
    }

    fn response(&mut self, at: &At, old: &'a Response, new: &'a Response) {
        let at = at.places(Some(&old.place), Some(&new.place));
        for before in &old.headers {
            let named = at.named(&format!("header `{}`", before.name));
            let Some(after) = new.headers.iter().find(|one| one.name == before.name) else {
                let place = named.places(Some(&before.place), None);
                self.tell(&place, "header-removed", format!("header `{}` is gone", before.name));
                continue;
            };
            let place = named.places(Some(&before.place), Some(&after.place));
            let words = ("header-became-required", "header-became-optional");
            self.necessity(&place, (before.required, after.required), words);
            self.schemas(&place, &before.root, &after.root);
        }
        for after in &new.headers {
            if !old.headers.iter().any(|one| one.name == after.name) {
                let named = at.named(&format!("header `{}`", after.name));
                let place = named.places(None, Some(&after.place));
                self.tell(&place, "header-added", format!("header `{}` is new", after.name));
            }
        }
        self.contents(&at, &old.contents, &new.contents);
    }

    fn contents(&mut self, at: &At, old: &'a [Content], new: &'a [Content]) {
        for before in old {
            let named = at.named(&before.media_type);
            if let Some(after) = new.iter().find(|one| one.media_type == before.media_type) {
                let place = named.places(Some(&before.place), Some(&after.place));
                self.schemas(&place, &before.root, &after.root);
            } else {
                let place = named.places(Some(&before.place), None);
                let message = format!("media type `{}` is gone", before.media_type);
                self.tell(&place, "media-type-removed", message);
            }
        }
        for after in new {
            if !old.iter().any(|one| one.media_type == after.media_type) {
                let place = at.named(&after.media_type).places(None, Some(&after.place));
                let message = format!("media type `{}` is new", after.media_type);
                self.tell(&place, "media-type-added", message);
            }
        }
    }

    fn documents(&mut self, old: &'a Description, new: &'a Description) {
        for (name, before) in &old.documents {
            let at = At::new(format!("document `{name}`"), None);
            if let Some(after) = new.documents.get(name) {
                let place = at.places(Some(&before.place), Some(&after.place));
                self.schemas(&place, &before.root, &after.root);
            } else {
                let place = at.places(Some(&before.place), None);
                self.tell(&place, "document-removed", format!("document `{name}` is gone"));
            }
        }
        for (name, after) in &new.documents {
            if !old.documents.contains_key(name) {
                let at =
                    At::new(format!("document `{name}`"), None).places(None, Some(&after.place));
                self.tell(&at, "document-added", format!("document `{name}` is new"));
            }
        }
    }
}

/// Parameters by what makes two of them the same: `path 0`, or the place and the name.
fn keyed(operation: &Operation) -> BTreeMap<String, &Parameter> {
    let position =
        |name: &str| operation.key.path.find(&format!("{{{name}}}")).unwrap_or(usize::MAX);
    let mut path: Vec<&Parameter> =
        operation.parameters.iter().filter(|one| one.location == Location::Path).collect();
    path.sort_by_key(|one| position(&one.name));
    let path = path.into_iter().enumerate().map(|(index, one)| (format!("path {index}"), one));
    let others = operation.parameters.iter().filter(|one| one.location != Location::Path);
    path.chain(others.map(|one| (format!("{:?} {}", one.location, one.name), one))).collect()
}
