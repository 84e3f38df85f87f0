//! The messages of one operation between two versions, hop by hop over the versions in between.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::describe::model::{Content, Operation, Response, Status};
use crate::plan::bridge::{
    BodyPlan, Judgement, MessageBridge, OperationBridge, Part, PartKey, Plan, Policy,
};
use crate::plan::image::Known;
use crate::plan::lens::{Direction, VersionChanges};
use crate::plan::program::Note;
use crate::plan::wire::Wire;
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::relate::verdict::{Verdict, Witness};
use crate::schema::{Role, Side};

use super::answer::{Answers, Given, headers, rewritten};
use super::composed::Request;
use super::flow::passages;
use super::ledger::{Ledger, Reading, Step};
use super::media::{Fit, Syntax, matching, syntax, written_as};
use super::parameter::{always, request};
use super::pointing::Asked;
use super::restyle::met;
use super::status::{is_error, response, singled_out};
use super::value;

/// One version on the way of a message.
#[derive(Clone, Copy)]
pub(super) struct Hop<'a> {
    pub(super) version: usize,
    /// Absent for plain documents.
    pub(super) operation: Option<&'a Operation>,
    pub(super) content: &'a Content,
    /// The schema of the payload: the content's own, or a part of it.
    pub(super) root: &'a Value,
    /// How the first sender's media type meets this one.
    pub(super) fit: Fit,
    pub(super) status: Option<Status>,
}

/// An operation in the versions from the sender's to the reader's, both included, those without it left out.
type Route<'a> = [(usize, &'a Operation)];

pub(super) struct Messages<'m, 'a> {
    pub(super) ledger: &'m mut Ledger<'a>,
    pub(super) changes: &'a [VersionChanges],
    /// The request of the operation whose answers are in hand.
    asked: Asked,
}

impl<'m, 'a> Messages<'m, 'a> {
    pub(super) fn new(ledger: &'m mut Ledger<'a>, changes: &'a [VersionChanges]) -> Self {
        Self { ledger, changes, asked: Asked::default() }
    }

    /// The bridge of an operation that both ends of the route have; the client's end comes first.
    pub(super) fn operation(
        &mut self,
        client: (usize, usize),
        backend: (usize, usize),
        route: &Route<'a>,
    ) -> Option<OperationBridge> {
        let (&(_, first), &(_, last)) = (route.first()?, route.last()?);
        let request = self.request((client.0, backend.0), route, (first, last));
        self.asked = self.what_became(route, first);
        let back: Vec<(usize, &'a Operation)> = route.iter().rev().copied().collect();
        let mut responses = Vec::new();
        for response in &last.responses {
            responses.push(self.response(&back, response, response.status));
            let mut statuses = singled_out(last, response.status, first);
            statuses.extend(Answers::new(self.changes, &back).codes(last, response.status));
            statuses.sort_unstable();
            statuses.dedup();
            for status in statuses {
                responses.push(self.response(&back, response, status));
            }
        }
        self.asked = Asked::default();
        let mut bridge = OperationBridge {
            client_operation: client.1,
            backend_operation: Some(backend.1),
            request,
            responses,
        };
        self.names(route, &mut bridge);
        Some(bridge)
    }

    fn request(
        &mut self,
        (client, backend): (usize, usize),
        route: &Route<'a>,
        (sender, reader): (&'a Operation, &'a Operation),
    ) -> MessageBridge {
        let passages = passages(self.changes, route);
        let ledger = &mut *self.ledger;
        let outcome = request(sender, reader, &passages, &mut |sent, read| {
            met(ledger, (client, sent), (backend, read))
        });
        let mut parts = outcome.parts;
        parts.extend(moved(sender, reader));
        let mut bodies = Vec::new();
        let known = known(sender, None);
        let (bodily, outward) = (&outcome.bodily, outcome.outward.as_slice());
        let members = |keys| Request { route, bodily, outward, known: &known, keys, body: false };
        let mut beside = Vec::new();
        for key in bodily.alone() {
            let (plan, part) = self.alone(&members([key].into()));
            beside.extend(plan);
            parts.extend(part);
        }
        let keys = bodily.composed();
        if !keys.is_empty() {
            let composed = self.composed(&Request { body: true, ..members(keys) });
            parts.extend(composed.parts);
            let mut message = message(None, parts, composed.bodies, outcome.steps);
            (message.positions, message.bare) = (outcome.positions, composed.bare);
            message.beside = beside;
            return message;
        }
        match (&sender.body, &reader.body) {
            (Some(sent), Some(read)) => {
                if read.required && !sent.required {
                    let said = "a request without a body is refused";
                    parts.push(whole("required", said, &sent.place));
                }
                for content in &sent.contents {
                    let hops = hops(route, content, |_, operation| {
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
                    parts.push(whole("content", "the request has no body", &sent.place));
                }
            }
            (None, Some(read)) if read.required => {
                parts.push(whole("required", "the request has no body", &sender.place));
            }
            (Some(sent), None) if is_read(reader) && !is_read(sender) => {
                let said = format!("{} takes no body", reader.key);
                parts.push(whole("content", &said, &sent.place));
            }
            (Some(sent), None) => parts.extend(sent.contents.iter().map(ignored)),
            (None, _) => {}
        }
        let mut message = message(None, parts, bodies, outcome.steps);
        (message.positions, message.beside) = (outcome.positions, beside);
        message
    }

    /// A response that the backend declares, as it comes under `status`; the route goes from the backend.
    fn response(&mut self, route: &Route<'a>, sent: &'a Response, status: Status) -> MessageBridge {
        let (Some(&(backend, sender)), Some(&(client, reader))) = (route.first(), route.last())
        else {
            return message(Some(status), Vec::new(), Vec::new(), Vec::new());
        };
        let answers = Answers::new(self.changes, route);
        let statuses = answers.statuses(status);
        let Some(read) = response(reader, statuses.last().copied().unwrap_or(status)) else {
            let part = if is_error(status, sender) {
                shown(PartKey::Whole, by(Policy::UndeclaredErrorPasses), (&sent.place, None))
            } else {
                let said = format!("the client's version declares no status {status}");
                whole("status", &said, &sent.place)
            };
            return message(Some(status), vec![part], Vec::new(), Vec::new());
        };
        let ledger = &mut *self.ledger;
        let (theirs, ours): (Vec<_>, Vec<_>) =
            (sent.headers.iter().collect(), read.headers.iter().collect());
        let written = answers.headers(&statuses);
        let mut parts = headers(&theirs, &ours, &written, &mut |asked, read| match asked {
            Given::Sent(sent) => {
                value::compared(ledger, Side::Response, (backend, sent), (client, read))
            }
            Given::Written(text) => value::written(ledger, text, (client, read)),
        });
        let mut bodies = Vec::new();
        let mut unknown = Vec::new();
        let known = known(reader, Some(sent));
        for content in &sent.contents {
            let at = |version: usize| {
                let at = route.iter().position(|(one, _)| *one == version)?;
                statuses.get(at).copied()
            };
            let mut hops = hops(route, content, |version, operation| {
                let status = at(version).unwrap_or(status);
                response(operation, status).map(|response| response.contents.as_slice())
            });
            for hop in hops.iter_mut().flatten() {
                hop.status = at(hop.version);
            }
            match hops {
                Some(hops) => self.body(Side::Response, &hops, &known, (&mut parts, &mut bodies)),
                None => unknown.push(content),
            }
        }
        if read.contents.is_empty() {
            parts.extend(unknown.into_iter().map(ignored));
        } else {
            let may_pass = is_error(sent.status, sender);
            parts.extend(unmet(&unknown, (!bodies.is_empty(), may_pass), sent));
        }
        let status_as = answers.step(&statuses);
        parts.extend(status_as.as_ref().map(|step| rewritten(step, (&sent.place, &read.place))));
        let bridge = message(Some(status), parts, bodies, written.steps);
        MessageBridge { status_as, ..bridge }
    }

    fn body(
        &mut self,
        side: Side,
        hops: &[Hop<'a>],
        known: &Known,
        (parts, bodies): (&mut Vec<Part>, &mut Vec<BodyPlan>),
    ) {
        let (Some(sent), Some(read)) = (hops.first(), hops.last()) else { return };
        let media_type = &sent.content.media_type;
        let whole = !sent.content.sequence && !read.content.sequence;
        let (plan, wire) = match (syntax(media_type), syntax(&read.content.media_type)) {
            (Syntax::Json, Syntax::Json) if whole => {
                (self.plan(Some(side), hops, known), Wire::Document)
            }
            (Syntax::MergePatch, Syntax::MergePatch) => {
                (self.edits(side, hops, known), Wire::Document)
            }
            (Syntax::JsonPatch, Syntax::JsonPatch) => self.patches(side, hops, known),
            (Syntax::Records(frames), Syntax::Records(other)) if frames == other => {
                self.records(side, hops, known, frames)
            }
            (Syntax::Form, Syntax::Form) => {
                let fields = self.form(side, hops, known);
                let parts = fields.or_else(|| self.parts(side, hops, known));
                parts.unwrap_or_else(|| self.as_it_is(side, sent, read))
            }
            _ => self.as_it_is(side, sent, read),
        };
        let mut judgement = plan.judgement.clone();
        media_met(&mut judgement, (sent.content, read.content), read.fit);
        let written_as = written_as(media_type, &read.content.media_type);
        let mut body = BodyPlan { media_type: media_type.clone(), written_as, wire, plan };
        if side == Side::Response && !self.asked.tell(&mut body.plan) {
            let mut schema = |hop: &Hop<'a>, role| {
                self.ledger.schema(hop.version, Reading::Directed(side, role), hop.root)
            };
            let (sender, reader) = (schema(sent, Role::Sender), schema(read, Role::Reader));
            let schemas = (self.ledger.read(sender), self.ledger.read(reader));
            self.asked.tell_problem(&mut body, schemas, &mut judgement);
        }
        let places = (&sent.content.place, Some(&read.content.place));
        parts.push(shown(PartKey::Body(media_type.clone()), judgement, places));
        parts.extend(value::encodings(sent.content, read.content));
        bodies.push(body);
    }

    /// What becomes of the request, step by step: of its JSON body, or of an edit of it, whichever is declared first.
    fn what_became(&mut self, route: &Route<'a>, sender: &'a Operation) -> Asked {
        let contents = sender.body.as_ref().map_or(&[][..], |body| body.contents.as_slice());
        let found = contents.iter().find_map(|content| {
            let edited = match syntax(&content.media_type) {
                Syntax::Json => false,
                Syntax::MergePatch => true,
                _ => return None,
            };
            let hops = hops(route, content, |_, operation| {
                operation.body.as_ref().map(|body| body.contents.as_slice())
            });
            Some((hops?, edited))
        });
        let Some((hops, edited)) = found else { return Asked::default() };
        let side = Side::Request;
        let reading = |role| {
            if edited { Reading::Edited(side, role) } else { Reading::Directed(side, role) }
        };
        let steps = self.chain(Some(side), &hops, &reading);
        let program = |(newer, step): (usize, usize)| {
            Some((self.ledger.label(newer)?.into(), Arc::clone(self.ledger.program(step)?)))
        };
        Asked(steps.into_iter().filter_map(program).collect())
    }

    /// A body that no plan converts.
    fn as_it_is(&mut self, side: Side, sent: &Hop<'a>, read: &Hop<'a>) -> (Plan, Wire) {
        let ends = ((sent.version, sent.content), (read.version, read.content));
        (unchanged(value::as_it_is(self.ledger, side, ends)), Wire::Document)
    }

    /// The plan over all hops; `side` absent for plain documents.
    pub(super) fn plan(&mut self, side: Option<Side>, hops: &[Hop<'a>], known: &Known) -> Plan {
        let reading = |role| side.map_or(Reading::Plain, |side| Reading::Directed(side, role));
        self.read_plan(side, hops, known, &reading)
    }

    /// The plan for edits of the payloads.
    pub(super) fn edits(&mut self, side: Side, hops: &[Hop<'a>], known: &Known) -> Plan {
        self.read_plan(Some(side), hops, known, &|role| Reading::Edited(side, role))
    }

    pub(super) fn read_plan(
        &mut self,
        side: Option<Side>,
        hops: &[Hop<'a>],
        known: &Known,
        reading: &dyn Fn(Role) -> Reading,
    ) -> Plan {
        let chain = self.chain(side, hops, reading).into_iter().map(|(_, step)| step).collect();
        let (Some(first), Some(last)) = (hops.first(), hops.last()) else {
            return unchanged(Judgement::of(Verdict::Native));
        };
        let sender = self.ledger.schema(first.version, reading(Role::Sender), first.root);
        let reader = self.ledger.schema(last.version, reading(Role::Reader), last.root);
        self.ledger
            .plan(sender, reader, chain, known)
            .unwrap_or_else(|| unchanged(Judgement::of(Verdict::Undecided)))
    }

    /// The derivations from each version to the next, with the newer of the two.
    fn chain(
        &mut self,
        side: Option<Side>,
        hops: &[Hop<'a>],
        reading: &dyn Fn(Role) -> Reading,
    ) -> Vec<(usize, usize)> {
        let mut chain = Vec::new();
        for (from, to) in hops.iter().zip(hops.iter().skip(1)) {
            let direction = if to.version > from.version { Direction::Up } else { Direction::Down };
            let key = |hop: &Hop<'a>| hop.operation.map(|operation| operation.key.clone());
            let (old, new) = match direction {
                Direction::Up => (from, to),
                Direction::Down => (to, from),
            };
            let sender = self.ledger.schema(from.version, reading(Role::Sender), from.root);
            let reader = self.ledger.schema(to.version, reading(Role::Reader), to.root);
            let step = self.ledger.step(Step {
                sender,
                reader,
                direction,
                // A plain document may be refused, as a request may.
                side: side.unwrap_or(Side::Request),
                operations: key(old).zip(key(new)),
                status: from.status,
                changes: new.version,
                edits: matches!(reading(Role::Sender), Reading::Edited(..)),
            });
            chain.push((new.version, step));
        }
        chain
    }
}

/// What the media types add to the judgement on a body.
pub(super) fn media_met(judgement: &mut Judgement, (sent, read): (&Content, &Content), fit: Fit) {
    match fit {
        Fit::Declared => {}
        Fit::Narrowed => judgement.policies.push(Policy::RangeNarrowed),
        Fit::Renamed => {
            let text = format!("write `{}` for `{}`", read.media_type, sent.media_type);
            let at = Pointer::root().as_str().to_owned();
            judgement.steps.push(Note { rule: "A23", text, at, loss: false, policy: None });
            judgement.verdict = judgement.verdict.max(Verdict::Bridged);
        }
    }
}

/// Whether no body belongs to a request (RFC 9110 §9.3.1).
fn is_read(operation: &Operation) -> bool {
    matches!(operation.key.method.as_str(), "GET" | "HEAD")
}

/// A request whose path differs in a version has to be sent to another one.
fn moved(sender: &Operation, reader: &Operation) -> Option<Part> {
    if sender.key.shape() == reader.key.shape() {
        return None;
    }
    let text = if sender.key.method == reader.key.method {
        format!("send it to `{}`", reader.key.path)
    } else {
        format!("send it as `{}`", reader.key)
    };
    let at = Pointer::root().as_str().to_owned();
    let steps = vec![Note { rule: "L18", text, at, loss: false, policy: None }];
    let judgement = Judgement { steps, ..Judgement::of(Verdict::Bridged) };
    Some(shown(PartKey::Whole, judgement, (&sender.place, Some(&reader.place))))
}

/// What nobody there reads.
pub(super) fn ignored(content: &Content) -> Part {
    let key = PartKey::Body(content.media_type.clone());
    shown(key, by(Policy::UndeclaredIgnored), (&content.place, None))
}

/// What holds by a policy.
pub(super) fn by(policy: Policy) -> Judgement {
    Judgement { policies: vec![policy], ..Judgement::of(Verdict::Native) }
}

/// The contents that a body passes through; `None` when the last version does not read it.
fn hops<'a>(
    route: &Route<'a>,
    content: &'a Content,
    contents: impl Fn(usize, &'a Operation) -> Option<&'a [Content]>,
) -> Option<Vec<Hop<'a>>> {
    let last = route.len().saturating_sub(1);
    let mut hops = Vec::new();
    for (at, (version, operation)) in route.iter().enumerate() {
        let found = if at == 0 {
            Some((content, Fit::Declared))
        } else {
            contents(*version, operation).and_then(|all| matching(&content.media_type, all))
        };
        match found {
            Some((content, fit)) => {
                let operation = Some(*operation);
                let (version, root) = (*version, &content.root);
                hops.push(Hop { version, operation, content, root, fit, status: None });
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
pub(super) fn unmet(
    unknown: &[&Content],
    (some_met, may_pass): (bool, bool),
    sent: &Response,
) -> Vec<Part> {
    let by_policy = match (may_pass, some_met) {
        (true, _) => Some(Policy::UndeclaredErrorPasses),
        (false, true) => Some(Policy::AcceptHonoured),
        (false, false) => None,
    };
    if let Some(policy) = by_policy {
        let part = |content: &&Content| {
            let key = PartKey::Body(content.media_type.clone());
            shown(key, by(policy), (&content.place, None))
        };
        return unknown.iter().map(part).collect();
    }
    if unknown.is_empty() {
        return vec![whole("content", "the response has no body", &sent.place)];
    }
    unknown.iter().map(|content| unread(content)).collect()
}

pub(super) fn unread(content: &Content) -> Part {
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

pub(super) fn shown(
    key: PartKey,
    judgement: Judgement,
    (sender, reader): (&Place, Option<&Place>),
) -> Part {
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
    MessageBridge {
        status,
        verdict,
        parts,
        bodies,
        selected: Vec::new(),
        bare: None,
        beside: Vec::new(),
        parameters,
        status_as: None,
        positions: None,
    }
}
