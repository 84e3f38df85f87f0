//! The walk of two versions: operations, parameters, bodies and responses, down into their schemas.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Piece};
use super::found::{At, Found};
use super::life::{Life, date, told};
use super::media;
use super::walker::Walker;
use crate::describe::model::{
    Body, Content, Description, Kind, Location, Operation, Parameter, Response, Status,
};
use crate::describe::pairing::{counterparts, outgoing_counterparts};
use crate::problem::Place;
use crate::schema::Side;

/// All differences between two versions, in the order of the older version's operations, new ones last.
pub fn changes(old: &Description, new: &Description) -> Vec<Change> {
    let walker = Walker::new(&old.components.written, &new.components.written);
    let mut walk = Walk { walker, found: Found::default() };
    walk.schemes(old, new);
    walk.operations(old, new);
    walk.documents(old, new);
    let Walk { walker, found } = walk;
    found.changes(&walker.units, (old, new))
}

pub(super) struct Walk<'a> {
    pub(super) walker: Walker<'a>,
    pub(super) found: Found,
}

impl<'a> Walk<'a> {
    pub(super) fn tell(&mut self, at: &At, rule: &'static str, message: String) {
        self.found.tell(at, rule, message);
    }

    fn schemas(&mut self, at: &At, old: &'a serde_json::Value, new: &'a serde_json::Value) {
        let unit = self.walker.compare(old, new);
        self.found.schema(at, unit);
    }

    fn operations(&mut self, old: &'a Description, new: &'a Description) {
        let pairs = counterparts(old, new);
        let mut left: Vec<Option<&'a Operation>> = new.operations.iter().map(Some).collect();
        for pair in pairs.iter().flatten() {
            left.get_mut(pair.index).map(Option::take);
        }
        for (before, pair) in old.operations.iter().zip(pairs) {
            let there = pair.and_then(|pair| Some((new.operations.get(pair.index)?, pair.moved)));
            match there.or_else(|| Some((namesake(before, &mut left)?, true))) {
                Some((after, moved)) => {
                    if moved {
                        let at = pair_at(before, after);
                        let message = format!("{} is {} now", before.label(), after.label());
                        self.tell(&at, "operation-moved", message);
                    }
                    self.operation((before, after), (old, new), Side::Request);
                }
                None => self.removed(before, new, "operation-removed"),
            }
        }
        for after in left.into_iter().flatten() {
            let at = calls(after).places(None, Some(&after.place));
            self.tell(&at, "operation-added", format!("{} is new", after.label()));
        }
        self.outgoing(old, new);
    }

    /// Webhooks and callbacks: the backend asks, the client answers.
    fn outgoing(&mut self, old: &'a Description, new: &'a Description) {
        let pairs = outgoing_counterparts(&old.outgoing, &new.outgoing);
        let known: BTreeSet<usize> = pairs.iter().flatten().copied().collect();
        for (before, pair) in old.outgoing.iter().zip(pairs) {
            match pair.and_then(|index| new.outgoing.get(index)) {
                Some(after) => self.operation((before, after), (old, new), Side::Response),
                None => self.removed(before, new, "webhook-removed"),
            }
        }
        for (index, after) in new.outgoing.iter().enumerate() {
            if !known.contains(&index) {
                let at = At { side: Some(Side::Response), ..calls(after) };
                let at = at.places(None, Some(&after.place));
                self.tell(&at, "webhook-added", format!("{} is new", after.label()));
            }
        }
    }

    fn removed(&mut self, before: &Operation, new: &Description, rule: &'static str) {
        let side = (before.kind != Kind::Call).then_some(Side::Response);
        let at = At { side, ..calls(before) }.places(Some(&before.place), None);
        let known = if before.deprecated { ", and was deprecated" } else { "" };
        self.tell(&at, rule, format!("{} is gone{known}", before.label()));
        let promised = before.sunset.as_deref().and_then(date);
        let now = date(new.version.as_str());
        if let (Some(promised), Some(now)) = (promised, now)
            && now < promised
        {
            let message =
                format!("{} is gone in {now}, was promised until {promised}", before.label());
            self.tell(&at, "removed-before-sunset", message);
        }
    }

    /// `side` is the way the request travels: an outgoing operation's goes to the client.
    fn operation(
        &mut self,
        (old, new): (&'a Operation, &'a Operation),
        versions: (&'a Description, &'a Description),
        side: Side,
    ) {
        let at = pair_at(old, new);
        for (rule, message, _) in told(&life(old), &life(new), "operation") {
            self.tell(&at, rule, message);
        }
        let id = |one: &Operation| one.operation_id.clone().unwrap_or_else(|| "none".to_owned());
        if old.operation_id.is_some() && old.operation_id != new.operation_id {
            let message = format!("`operationId` is `{}`, was `{}`", id(new), id(old));
            self.tell(&at, "operation-id-changed", message);
        }
        if old.summary != new.summary {
            self.tell(&at, "documentation-changed", "the summary is different".to_owned());
        }
        self.security(&at, (old, new), versions);
        self.servers(&at, (old, new));
        let request = At { side: Some(side), ..at.named("request") };
        self.parameters(&request, old, new);
        self.body(&request, old.body.as_ref(), new.body.as_ref());
        let back = if side == Side::Request { Side::Response } else { Side::Request };
        let response = At { side: Some(back), ..at };
        self.responses(&response, old, new);
    }

    /// Path parameters match by position, the others by place and name.
    fn parameters(&mut self, at: &At, old: &'a Operation, new: &'a Operation) {
        let (before, mut after) = (keyed(old), keyed(new));
        let only_after: Vec<&'a Parameter> = after
            .iter()
            .filter(|(key, _)| !before.contains_key(*key))
            .map(|(_, one)| *one)
            .collect();
        for (key, one) in &before {
            if let Some(other) = after.remove(key) {
                self.parameter(at, one, other);
                continue;
            }
            let moved = only_after.iter().find(|other| {
                other.name.eq_ignore_ascii_case(&one.name) && one.location != Location::Path
            });
            if let Some(other) = moved {
                after.retain(|_, kept| !std::ptr::eq(*kept, *other));
                let place = parameter_at(at, other).places(Some(&one.place), Some(&other.place));
                let (now, then) = (other.location.word(), one.location.word());
                let message = format!("parameter `{}` is `in: {now}`, was `in: {then}`", one.name);
                self.tell(&place, "parameter-moved", message);
                self.schemas(&place, &one.root, &other.root);
                continue;
            }
            let place = parameter_at(at, one).places(Some(&one.place), None);
            let (rule, how) = if one.required {
                ("parameter-removed-required", "gone, and was required")
            } else {
                ("parameter-removed", "gone")
            };
            self.tell(&place, rule, format!("parameter `{}` is {how}", one.name));
        }
        for other in after.values() {
            let place = parameter_at(at, other).places(None, Some(&other.place));
            let (rule, how) = if other.required {
                ("parameter-added-required", "new and required")
            } else {
                ("parameter-added", "new")
            };
            self.tell(&place, rule, format!("parameter `{}` is {how}", other.name));
        }
    }

    fn parameter(&mut self, at: &At, one: &'a Parameter, other: &'a Parameter) {
        let place = parameter_at(at, other).places(Some(&one.place), Some(&other.place));
        let words = ["parameter-became-required", "parameter-became-optional"];
        self.necessity(&place, (one.required, other.required), words);
        for (rule, message, _) in told(&parameter_life(one), &parameter_life(other), "parameter") {
            self.tell(&place, rule, message);
        }
        let form = |one: &Parameter| {
            let reserved =
                if one.allow_reserved { ", reserved characters as they are" } else { "" };
            format!("`{}`{reserved}", one.style)
        };
        if form(one) != form(other) {
            let message = format!("style is {}, was {}", form(other), form(one));
            self.tell(&place, "parameter-style-changed", message);
        }
        self.schemas(&place, &one.root, &other.root);
    }

    fn necessity(&mut self, at: &At, required: (bool, bool), [on, off]: [&'static str; 2]) {
        match required {
            (false, true) => self.tell(at, on, "it is required".to_owned()),
            (true, false) => self.tell(at, off, "it is no longer required".to_owned()),
            _ => {}
        }
    }

    fn body(&mut self, at: &At, old: Option<&'a Body>, new: Option<&'a Body>) {
        let (rule, message) = match (old, new) {
            (Some(before), Some(after)) => {
                let words = ["body-became-required", "body-became-optional"];
                self.necessity(at, (before.required, after.required), words);
                return self.contents(at, &before.contents, &after.contents);
            }
            (Some(_), None) => ("body-removed", "the body is gone"),
            (None, Some(body)) if body.required => {
                ("body-added-required", "a required body is declared")
            }
            (None, Some(_)) => ("body-added", "a body is declared"),
            (None, None) => return,
        };
        self.tell(at, rule, message.to_owned());
    }

    fn responses(&mut self, at: &At, old: &'a Operation, new: &'a Operation) {
        let same = |all: &'a [Response], status| all.iter().find(|one| one.status == status);
        for before in &old.responses {
            let named = At {
                old_status: Some(before.status),
                new_status: Some(before.status),
                ..at.named(&format!("response {}", before.status))
            };
            if let Some(after) = same(&new.responses, before.status) {
                self.response(&named, before, after);
            } else if let Some(after) = covering(new, before.status) {
                let place = At { new_status: Some(after.status), ..named }
                    .places(Some(&before.place), Some(&after.place));
                let message = format!("status {} is declared as {}", before.status, after.status);
                self.tell(&place, "status-generalised", message);
                self.response(&place, before, after);
            } else {
                let place = At { new_status: None, ..named }.places(Some(&before.place), None);
                let rule =
                    if is_error(before.status) { "error-status-removed" } else { "status-removed" };
                self.tell(&place, rule, format!("status {} is gone", before.status));
            }
        }
        for after in &new.responses {
            if same(&old.responses, after.status).is_some() {
                continue;
            }
            let named = At {
                old_status: None,
                new_status: Some(after.status),
                ..at.named(&format!("response {}", after.status))
            };
            if let Some(before) = covering(old, after.status) {
                let place = At { old_status: Some(before.status), ..named }
                    .places(Some(&before.place), Some(&after.place));
                let message = format!("status {} was declared as {}", after.status, before.status);
                self.tell(&place, "status-specialised", message);
                self.response(&place, before, after);
            } else {
                let place = named.places(None, Some(&after.place));
                let rule =
                    if is_error(after.status) { "error-status-added" } else { "status-added" };
                self.tell(&place, rule, format!("status {} is new", after.status));
            }
        }
    }

    fn response(&mut self, at: &At, old: &'a Response, new: &'a Response) {
        let at = at.places(Some(&old.place), Some(&new.place));
        for before in &old.headers {
            let place = header_at(&at, before);
            let same = |one: &&Parameter| one.name.eq_ignore_ascii_case(&before.name);
            let Some(after) = new.headers.iter().find(same) else {
                let rule =
                    if before.required { "header-removed-required" } else { "header-removed" };
                let place = place.places(Some(&before.place), None);
                self.tell(&place, rule, format!("header `{}` is gone", before.name));
                continue;
            };
            let place = place.places(Some(&before.place), Some(&after.place));
            let words = ["header-became-required", "header-became-optional"];
            self.necessity(&place, (before.required, after.required), words);
            let lives = (parameter_life(before), parameter_life(after));
            for (rule, message, _) in told(&lives.0, &lives.1, "parameter") {
                self.tell(&place, rule, message);
            }
            self.schemas(&place, &before.root, &after.root);
        }
        for after in &new.headers {
            if !old.headers.iter().any(|one| one.name.eq_ignore_ascii_case(&after.name)) {
                let rule = if after.required { "header-added-required" } else { "header-added" };
                let place = header_at(&at, after).places(None, Some(&after.place));
                self.tell(&place, rule, format!("header `{}` is new", after.name));
            }
        }
        self.links(&at, old, new);
        self.contents(&at, &old.contents, &new.contents);
    }

    fn contents(&mut self, at: &At, old: &'a [Content], new: &'a [Content]) {
        let content = |old: Option<&Content>, new: Option<&Content>| {
            let name = |one: Option<&Content>| one.map(|one| one.media_type.clone());
            let said = name(new).or_else(|| name(old)).unwrap_or_default();
            let places =
                at.named(&said).places(old.map(|one| &one.place), new.map(|one| &one.place));
            At { piece: Piece::Body { old: name(old), new: name(new) }, ..places }
        };
        let paired = media::pairs(old, new);
        for (before, after) in paired.pairs {
            let place = content(Some(before), Some(after));
            let (then, now) = (&before.media_type, &after.media_type);
            let message = format!("media type is `{now}`, was `{then}`");
            match media::step(then, now) {
                media::Step::Same => {}
                media::Step::Narrowed => self.tell(&place, "media-type-narrowed", message),
                media::Step::Widened => self.tell(&place, "media-type-widened", message),
            }
            if before.sequence != after.sequence {
                let message =
                    if after.sequence { "it is a stream of items" } else { "it is no stream" };
                self.tell(&place, "sequence-changed", message.to_owned());
            }
            self.encodings(&place, before, after);
            self.schemas(&place, &before.root, &after.root);
        }
        for before in paired.gone {
            let message = format!("media type `{}` is gone", before.media_type);
            self.tell(&content(Some(before), None), "media-type-removed", message);
        }
        for after in paired.added {
            let message = format!("media type `{}` is new", after.media_type);
            self.tell(&content(None, Some(after)), "media-type-added", message);
        }
    }

    fn documents(&mut self, old: &'a Description, new: &'a Description) {
        let named = |name: &str, old: Option<&Place>, new: Option<&Place>| {
            let at = At { subject: format!("document `{name}`"), ..At::new(name.to_owned(), None) };
            at.places(old, new)
        };
        for (name, before) in &old.documents {
            if let Some(after) = new.documents.get(name) {
                let at = named(name, Some(&before.place), Some(&after.place));
                self.schemas(&at, &before.root, &after.root);
            } else {
                let at = named(name, Some(&before.place), None);
                self.tell(&at, "document-removed", format!("document `{name}` is gone"));
            }
        }
        for (name, after) in &new.documents {
            if !old.documents.contains_key(name) {
                let at = named(name, None, Some(&after.place));
                self.tell(&at, "document-added", format!("document `{name}` is new"));
            }
        }
    }
}

fn parameter_at(at: &At, one: &Parameter) -> At {
    let piece = Piece::Parameter(one.location, one.name.clone());
    At { piece, ..at.named(&format!("parameter `{}`", one.name)) }
}

fn header_at(at: &At, one: &Parameter) -> At {
    let piece = Piece::Parameter(Location::Header, one.name.clone());
    At { piece, ..at.named(&format!("header `{}`", one.name)) }
}

/// An operation as a whole.
fn calls(operation: &Operation) -> At {
    At::new(operation.label(), None)
}

/// An operation of both versions.
fn pair_at(old: &Operation, new: &Operation) -> At {
    let formerly = Some(old.label()).filter(|label| *label != new.label());
    At { formerly, ..calls(new) }.places(Some(&old.place), Some(&new.place))
}

/// The only operation left that has the same `operationId`, taken out.
fn namesake<'a>(before: &Operation, left: &mut [Option<&'a Operation>]) -> Option<&'a Operation> {
    let id = before.operation_id.as_deref()?;
    let same = |one: &Operation| one.operation_id.as_deref() == Some(id);
    let mut all = left.iter_mut().filter(|slot| slot.is_some_and(same));
    let (found, other) = (all.next()?, all.next());
    if other.is_some() { None } else { found.take() }
}

fn life(operation: &Operation) -> Life {
    Life {
        deprecated: operation.deprecated,
        sunset: operation.sunset.clone(),
        stability: operation.stability.clone(),
    }
}

fn parameter_life(one: &Parameter) -> Life {
    Life {
        deprecated: one.deprecated,
        sunset: one.sunset.clone(),
        stability: one.stability.clone(),
    }
}

/// The class or default that stands for a status which an operation does not declare by itself.
fn covering(operation: &Operation, status: Status) -> Option<&Response> {
    let declared = |wanted| operation.responses.iter().find(|one| one.status == wanted);
    match status {
        // A default is taken to be an error.
        Status::Code(code) => {
            let class = u8::try_from(code / 100).unwrap_or_default();
            declared(Status::Class(class))
                .or_else(|| declared(Status::Default).filter(|_| code >= 400))
        }
        Status::Class(class) => declared(Status::Default).filter(|_| class >= 4),
        Status::Default => None,
    }
}

const fn is_error(status: Status) -> bool {
    match status {
        Status::Code(code) => code >= 400,
        Status::Class(class) => class >= 4,
        Status::Default => true,
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
    let key = |one: &Parameter| match one.location {
        Location::QueryString => one.location.word().to_owned(),
        location => format!("{} {}", location.word(), one.name),
    };
    path.chain(others.map(|one| (key(one), one))).collect()
}
