//! The messages of one operation between two versions, hop by hop over the versions in between.

use serde_json::{Value, json};

use crate::describe::model::{Content, Operation, OperationKey, Response, Status};
use crate::plan::bridge::{
    BodyPlan, Judgement, MessageBridge, OperationBridge, Part, PartKey, Plan, Policy,
};
use crate::plan::image::Known;
use crate::plan::lens::{Direction, ParameterChange, VersionChanges};
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::relate::verdict::{Verdict, Witness};
use crate::schema::{Role, Side};

use super::ledger::{Ledger, Reading, SchemaId, Step};
use super::media::{has_schema, is_error, matching, response, singled_out, written_as};
use super::parameter::{always, headers, request};

/// One version on the way of a message.
#[derive(Clone, Copy)]
pub(super) struct Hop<'a> {
    pub(super) version: usize,
    /// Absent for plain documents.
    pub(super) operation: Option<&'a Operation>,
    pub(super) content: &'a Content,
    pub(super) status: Option<Status>,
}

/// An operation in the versions from the sender's to the reader's, both included, those without it left out.
type Route<'a> = [(usize, &'a Operation)];

pub(super) struct Messages<'m, 'a> {
    pub(super) ledger: &'m mut Ledger<'a>,
    pub(super) changes: &'a [VersionChanges],
}

impl<'a> Messages<'_, 'a> {
    /// The bridge of an operation that both ends of the route have; the client's end comes first.
    pub(super) fn operation(
        &mut self,
        client: (usize, usize),
        backend: (usize, usize),
        route: &Route<'a>,
    ) -> Option<OperationBridge> {
        let (&(_, first), &(_, last)) = (route.first()?, route.last()?);
        let request = self.request((client.0, backend.0), route, (first, last));
        let back: Vec<(usize, &'a Operation)> = route.iter().rev().copied().collect();
        let mut responses = Vec::new();
        for response in &last.responses {
            responses.push(self.response(&back, response, response.status));
            for status in singled_out(last, response.status, first) {
                responses.push(self.response(&back, response, status));
            }
        }
        Some(OperationBridge {
            client_operation: client.1,
            backend_operation: Some(backend.1),
            request,
            responses,
        })
    }

    fn request(
        &mut self,
        (client, backend): (usize, usize),
        route: &Route<'a>,
        (sender, reader): (&'a Operation, &'a Operation),
    ) -> MessageBridge {
        let declared = declared(self.changes, client, backend, &sender.key);
        let ledger = &mut *self.ledger;
        let outcome = request(sender, reader, &declared, &mut |sent, read| {
            bare(ledger, Side::Request, (client, sent), (backend, read))
        });
        let mut parts = outcome.parts;
        let mut bodies = Vec::new();
        let known = known(sender, None);
        match (&sender.body, &reader.body) {
            (Some(sent), Some(read)) => {
                if read.required && !sent.required {
                    parts.push(whole(
                        "required",
                        "a request without a body is refused",
                        &sender.place,
                    ));
                }
                for content in &sent.contents {
                    let hops = hops(route, content, |operation| {
                        operation.body.as_ref().map(|body| body.contents.as_slice())
                    });
                    match hops {
                        Some(hops) => {
                            self.body(Side::Request, &hops, &known, (&mut parts, &mut bodies));
                        }
                        None => parts.push(unread(content)),
                    }
                }
                if sent.contents.is_empty() != read.contents.is_empty() && read.required {
                    parts.push(whole("content", "the request has no body", &sender.place));
                }
            }
            (None, Some(read)) if read.required => {
                parts.push(whole("required", "the request has no body", &sender.place));
            }
            _ => {}
        }
        message(None, parts, bodies, outcome.steps)
    }

    /// A response that the backend declares, as it comes under `status`; the route goes from the backend.
    fn response(&mut self, route: &Route<'a>, sent: &'a Response, status: Status) -> MessageBridge {
        let (Some(&(backend, _)), Some(&(client, reader))) = (route.first(), route.last()) else {
            return message(Some(status), Vec::new(), Vec::new(), Vec::new());
        };
        let Some(read) = response(reader, status) else {
            let part = if is_error(status) {
                let judgement = Judgement {
                    policies: vec![Policy::UndeclaredErrorPasses],
                    ..Judgement::of(Verdict::Native)
                };
                shown(PartKey::Whole, judgement, (&sent.place, None))
            } else {
                let said = format!("the client's version declares no status {status}");
                whole("status", &said, &sent.place)
            };
            return message(Some(status), vec![part], Vec::new(), Vec::new());
        };
        let ledger = &mut *self.ledger;
        let mut parts = headers(&sent.headers, &read.headers, &mut |sent, read| {
            bare(ledger, Side::Response, (backend, sent), (client, read))
        });
        let mut bodies = Vec::new();
        let mut unknown = Vec::new();
        let known = known(reader, Some(sent));
        for content in &sent.contents {
            let mut hops = hops(route, content, |operation| {
                response(operation, status).map(|response| response.contents.as_slice())
            });
            for hop in hops.iter_mut().flatten() {
                hop.status = Some(status);
            }
            match hops {
                Some(hops) => self.body(Side::Response, &hops, &known, (&mut parts, &mut bodies)),
                None => unknown.push(content),
            }
        }
        if !read.contents.is_empty() {
            parts.extend(unmet(&unknown, !bodies.is_empty(), sent));
        }
        message(Some(status), parts, bodies, Vec::new())
    }

    fn body(
        &mut self,
        side: Side,
        hops: &[Hop<'a>],
        known: &Known,
        (parts, bodies): (&mut Vec<Part>, &mut Vec<BodyPlan>),
    ) {
        let (Some(sent), Some(read)) = (hops.first(), hops.last()) else { return };
        let plan = if has_schema(&sent.content.media_type) && has_schema(&read.content.media_type) {
            self.plan(Some(side), hops, known)
        } else {
            unchanged(Judgement::of(Verdict::Native))
        };
        let key = PartKey::Body(sent.content.media_type.clone());
        let places = (&sent.content.place, Some(&read.content.place));
        parts.push(shown(key, plan.judgement.clone(), places));
        bodies.push(BodyPlan {
            media_type: sent.content.media_type.clone(),
            written_as: written_as(&sent.content.media_type, &read.content.media_type),
            plan,
        });
    }

    /// The plan over all hops; `side` absent for plain documents.
    pub(super) fn plan(&mut self, side: Option<Side>, hops: &[Hop<'a>], known: &Known) -> Plan {
        let reading = |role| side.map_or(Reading::Plain, |side| Reading::Directed(side, role));
        let mut chain = Vec::new();
        for (from, to) in hops.iter().zip(hops.iter().skip(1)) {
            let direction = if to.version > from.version { Direction::Up } else { Direction::Down };
            let key = |hop: &Hop<'a>| hop.operation.map(|operation| operation.key.clone());
            let (old, new) = match direction {
                Direction::Up => (from, to),
                Direction::Down => (to, from),
            };
            let sender =
                self.ledger.schema(from.version, reading(Role::Sender), &from.content.root);
            let reader = self.ledger.schema(to.version, reading(Role::Reader), &to.content.root);
            chain.push(self.ledger.step(Step {
                sender,
                reader,
                direction,
                // A plain document may be refused, as a request may.
                side: side.unwrap_or(Side::Request),
                operations: key(old).zip(key(new)),
                status: from.status,
                changes: new.version,
            }));
        }
        let (Some(first), Some(last)) = (hops.first(), hops.last()) else {
            return unchanged(Judgement::of(Verdict::Native));
        };
        let sender = self.ledger.schema(first.version, reading(Role::Sender), &first.content.root);
        let reader = self.ledger.schema(last.version, reading(Role::Reader), &last.content.root);
        self.ledger
            .plan(sender, reader, chain, known)
            .unwrap_or_else(|| unchanged(Judgement::of(Verdict::Undecided)))
    }
}

/// The judgement on a parameter's or header's schema, which no plan converts.
fn bare<'a>(
    ledger: &mut Ledger<'a>,
    side: Side,
    (from, sent): (usize, &'a Value),
    (to, read): (usize, &'a Value),
) -> Judgement {
    let sender: SchemaId = ledger.schema(from, Reading::Directed(side, Role::Sender), sent);
    let reader = ledger.schema(to, Reading::Directed(side, Role::Reader), read);
    ledger
        .plan(sender, reader, Vec::new(), &Known::default())
        .map_or_else(|| Judgement::of(Verdict::Undecided), |plan| plan.judgement)
}

/// The declared parameter changes between two versions, in the order in which they are met.
fn declared<'a>(
    changes: &'a [VersionChanges],
    client: usize,
    backend: usize,
    key: &OperationKey,
) -> Vec<(Direction, &'a ParameterChange)> {
    let up = backend > client;
    let (old, new) = if up { (client, backend) } else { (backend, client) };
    let mut versions: Vec<usize> = (old + 1..=new).collect();
    if !up {
        versions.reverse();
    }
    let direction = if up { Direction::Up } else { Direction::Down };
    let shape = key.shape();
    versions
        .into_iter()
        .filter_map(|version| changes.get(version))
        .flat_map(|changes| &changes.parameters)
        .filter(|change| change.operation.shape() == shape)
        .map(|change| (direction, change))
        .collect()
}

/// The contents that a body passes through; `None` when the last version does not read it.
fn hops<'a>(
    route: &Route<'a>,
    content: &'a Content,
    contents: impl Fn(&'a Operation) -> Option<&'a [Content]>,
) -> Option<Vec<Hop<'a>>> {
    let last = route.len().saturating_sub(1);
    let mut hops = Vec::new();
    for (at, (version, operation)) in route.iter().enumerate() {
        let found = if at == 0 {
            Some(content)
        } else {
            contents(operation).and_then(|all| matching(&content.media_type, all))
        };
        match found {
            Some(content) => {
                hops.push(Hop {
                    version: *version,
                    operation: Some(operation),
                    content,
                    status: None,
                });
            }
            None if at == last => return None,
            // A version in between that lacks the body says nothing about it.
            None => {}
        }
    }
    Some(hops)
}

fn known(operation: &Operation, sent: Option<&Response>) -> Known {
    let headers = match sent {
        None => always(operation, true),
        Some(response) => {
            let sure = response.headers.iter().filter(|header| header.required);
            sure.map(|header| header.name.to_ascii_lowercase()).collect()
        }
    };
    Known { headers, parameters: always(operation, false), ..Known::default() }
}

/// The media types of a response that the client does not declare.
fn unmet(unknown: &[&Content], some_met: bool, sent: &Response) -> Vec<Part> {
    if is_error(sent.status) {
        let judgement = Judgement {
            policies: vec![Policy::UndeclaredErrorPasses],
            ..Judgement::of(Verdict::Native)
        };
        let part = |content: &&Content| {
            let key = PartKey::Body(content.media_type.clone());
            shown(key, judgement.clone(), (&content.place, None))
        };
        return unknown.iter().map(part).collect();
    }
    if some_met {
        let judgement =
            Judgement { policies: vec![Policy::AcceptHonoured], ..Judgement::of(Verdict::Native) };
        let part = |content: &&Content| {
            let key = PartKey::Body(content.media_type.clone());
            shown(key, judgement.clone(), (&content.place, None))
        };
        return unknown.iter().map(part).collect();
    }
    if unknown.is_empty() {
        return vec![whole("content", "the response has no body", &sent.place)];
    }
    unknown.iter().map(|content| unread(content)).collect()
}

fn unread(content: &Content) -> Part {
    let said = format!("the reader declares no body of type {}", content.media_type);
    whole("content", &said, &content.place)
}

/// Something that one side lacks altogether.
pub(super) fn whole(keyword: &str, message: &str, place: &Place) -> Part {
    shown(PartKey::Whole, lacking(keyword, message), (place, None))
}

pub(super) fn lacking(keyword: &str, message: &str) -> Judgement {
    let witness = Witness {
        payload: json!(null),
        received: None,
        at: Pointer::root(),
        keyword: keyword.to_owned(),
        message: message.to_owned(),
    };
    Judgement { total: false, witness: Some(witness), ..Judgement::of(Verdict::Broken) }
}

fn shown(key: PartKey, judgement: Judgement, (sender, reader): (&Place, Option<&Place>)) -> Part {
    Part { key, judgement, sender_place: Some(sender.clone()), reader_place: reader.cloned() }
}

pub(super) const fn unchanged(judgement: Judgement) -> Plan {
    Plan { stages: Vec::new(), judgement }
}

pub(super) fn message(
    status: Option<Status>,
    parts: Vec<Part>,
    bodies: Vec<BodyPlan>,
    parameters: Vec<crate::plan::bridge::ParameterStep>,
) -> MessageBridge {
    let verdict = parts.iter().map(|part| part.judgement.verdict).max().unwrap_or(Verdict::Native);
    MessageBridge { status, verdict, parts, bodies, parameters }
}
