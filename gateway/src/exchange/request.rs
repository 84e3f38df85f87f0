//! The request as its backend gets it: converted whole, or as it came.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use evergate_schemas::plan::outside::Values;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH,
    IF_MODIFIED_SINCE, IF_NONE_MATCH,
};
use http::{Method, Uri};
use http_body::Body as _;

use super::asked::Asked;
use super::beside::{self, Outward};
use super::body::{self, Converted, Held};
use super::conversion::{self, Parameters};
use super::digest::Digests;
use super::etag::{self, Asks, Mark};
use super::inbound::Inbound;
use super::links::{self, Here, Toward};
use super::merge::{self, Writing};
use super::names;
use super::outbound;
use super::parameters::{self, Place};
use super::path::PathParts;
use super::pipe::{self, Accepted, Pipe, PipeBounds, Work};
use super::prefer::Prefer;
use super::route::Named;
use super::signature::{self, Changes};
use super::told;
use super::trace::Trace;
use crate::refusal::Refusal;
use crate::snapshot::loss::Lost;
use crate::snapshot::meter::ConversionMeter;
use crate::snapshot::{
    Api, Conversion, Crossing, CrossingBody, NoTransform, Signatures, Snapshot, Undeclared,
};
use crate::telemetry::Record;
use crate::upstream::OutboundBody;
use crate::wire::{Fields, RequestHead};

/// A request's head on its way to a backend.
#[derive(Clone, Debug)]
pub(super) struct Outbound {
    pub(super) head: RequestHead,
    /// It asks for some members of the answer only.
    pub(super) selects: bool,
    /// The protocol that its connection may switch to.
    pub(super) upgrade: Option<HeaderValue>,
    /// The client hears of interim answers: those of another version could name what is not its own.
    pub(super) hears: bool,
}

/// A request that can be sent, or merged first.
pub(super) type Ready<'a> = (Outbound, OutboundBody, Option<Box<Writing<'a>>>);

/// How a write is merged, if it is: the word of the record, and what waits for the backend's own document.
type Merged<'a> = Option<(&'static str, Option<Box<Writing<'a>>>)>;

/// A request as it came.
pub(super) struct Arrived<'a> {
    pub(super) head: RequestHead,
    pub(super) body: OutboundBody,
    pub(super) inbound: &'a Inbound,
    /// Its `Trailer` names a digest.
    pub(super) trailing: bool,
    /// The protocol that its connection may switch to.
    pub(super) upgrade: Option<HeaderValue>,
}

/// What a conversion of a request works on.
pub(super) struct Step<'a, 'path> {
    pub(super) api: &'a Api,
    pub(super) asked: &'a Asked<'a>,
    pub(super) named: &'a Named<'a, 'path>,
    pub(super) way: (&'a Crossing, usize),
    pub(super) parameters: &'a Parameters,
    pub(super) accepted: &'a Accepted,
    pub(super) snapshot: &'a Snapshot,
    pub(super) held: &'a Held,
    pub(super) prefer: Prefer,
    pub(super) here: Option<Here<'a>>,
    /// Somebody asks what would become of the request; nothing is counted.
    pub(super) trace: Option<&'a Trace>,
}

impl<'a> Step<'a, '_> {
    /// What conversions are measured by.
    fn meter(&self) -> &'a Arc<ConversionMeter> {
        self.trace.map_or(&self.api.requests, Trace::meter)
    }

    /// The path parameters, before any step has written one.
    fn path_parts(&self) -> PathParts<'a> {
        let (crossing, _) = self.way;
        let own = (self.named.operation.template.names.as_slice(), self.named.captures.as_slice());
        PathParts::new(own, (&crossing.template.names, crossing.request.positions.as_deref()))
    }
}

/// The request as it came, for a backend of the client's own version.
pub(super) fn untouched(api: &Api, request: Arrived<'_>) -> Ready<'static> {
    let Arrived { mut head, body, inbound, upgrade, .. } = request;
    // a tag that the client got when another version served it still names a state
    if api.clients.len() > 1 {
        let asks = if is_read(&head.method) { Asks::Own } else { Asks::State };
        etag::inward(&mut head.headers, |version| api.versions.find(version).is_some(), asks);
    }
    say_empty(&mut head, &body);
    // a target that was opened is another, and only a path goes on
    if head.uri.authority().is_some() || head.uri.path_and_query() != Some(&inbound.target) {
        head.uri = Uri::from(inbound.target.clone());
    }
    (Outbound { head, selects: false, upgrade, hears: true }, body, None)
}

/// The request in the backend's version.
pub(super) async fn convert<'a>(
    step: &Step<'a, '_>,
    request: Arrived<'_>,
    record: &mut Record,
) -> Result<Ready<'a>, Refusal> {
    let Arrived { mut head, body, inbound, trailing, upgrade } = request;
    let (crossing, backend) = step.way;
    let (message, path) = (&crossing.request, step.path_parts());
    refuse(crossing, upgrade.as_ref())?;
    let mut values = conversion::values(step.api, message, &head.headers, step.parameters);
    let turner = step.here.filter(|_| message.links).map(|here| here.turner(Toward::Backend));
    links::carry(message, turner.as_ref(), &head.headers, &mut values);
    let plan = plan(step, &head.headers, &body)?;
    let conversion = plan.and_then(|plan| plan.conversion.as_ref());
    merge::check(crossing, plan, &head.headers)?;
    check_transformable(step, &head.headers, conversion.is_some())?;
    let query = inbound.query().unwrap_or_default();
    let signed = signature::is_signed(&head.headers, query).then(|| head.headers.clone());
    let mut query = query.to_owned();
    become_method(&mut head, step)?;
    let mut place = Place { query: &mut query, headers: &mut head.headers, path };
    let selects = names::apply(&message.parameters, &mut place)?;
    let (payload, outward, mut lost) =
        beside_body(step, (conversion, &mut values), &mut place, (body, trailing)).await?;
    lost.merge(&parameters::apply(message, &mut place, &values, &outward)?);
    let path = outbound::path(step.api, step.asked, step.named, step.way, &place.path);
    outbound::rewrite_indicators(step.api, backend, &mut query, &mut head.headers);
    if crossing.converts_responses() {
        outbound::ask_for_convertible(&mut head.headers, step.accepted, crossing);
    }
    conditions(step, &mut head);
    if let Some(media_type) = plan.and_then(|plan| plan.written_as.as_ref()) {
        head.headers.insert(CONTENT_TYPE, media_type.clone());
    }
    payload.say_nothing(&mut head.headers);
    let target = outbound::target(&path, &query)?;
    if let Some(before) = &signed {
        let (method, body) = (crossing.changes_method(), conversion.is_some());
        let (target, query) = (target != inbound.target, inbound.query().unwrap_or_default());
        let changes = Changes { method, body, target, query, before, after: &head.headers };
        check_signature(step.api, changes)?;
    }
    let rewriting = plan.zip(conversion).map(|(plan, conversion)| (plan, conversion, values));
    let (outbound, writing) = match (payload, rewriting) {
        (Payload::Made(bytes), _) => (OutboundBody::whole(bytes), None),
        (Payload::Came(body), None) => (body, None),
        (Payload::Came(body), Some(rewriting)) => {
            let (bytes, writing, fired) =
                rewritten(step, rewriting, (&mut head, body, trailing)).await?;
            record.merged = writing.as_ref().map_or(record.merged, |(word, _)| word);
            lost.merge(&fired);
            (OutboundBody::whole(bytes), writing.and_then(|(_, writing)| writing))
        }
    };
    for member in crossing.hiding.iter().flat_map(|hiding| &hiding.members) {
        lost.add(member, 1);
    }
    if step.prefer.is_strict() && !lost.is_empty() {
        return Err(Refusal::RequestLossy(told::refused(lost.iter().map(|(loss, _)| loss))));
    }
    record.lose(&lost);
    say_empty(&mut head, &outbound);
    head.uri = Uri::from(target);
    Ok((Outbound { head, selects, upgrade: None, hears: false }, outbound, writing))
}

/// The body of a request on its way.
enum Payload {
    /// As it comes, to be converted or not.
    Came(OutboundBody),
    /// As it goes; nothing in it is no body.
    Made(Bytes),
}

impl Payload {
    /// What is no body has no media type.
    fn say_nothing(&self, headers: &mut Fields) {
        if matches!(self, Self::Made(bytes) if bytes.is_empty()) {
            headers.remove(CONTENT_TYPE);
        }
    }
}

/// Settles what stands beside the body: parameters that go by a policy, and those that are composed with it. In that
/// case it is converted before all else, as what comes out of it stands in the request's head.
async fn beside_body<'a>(
    step: &Step<'a, '_>,
    (conversion, values): (Option<&'a Arc<Conversion>>, &mut Arc<Values>),
    place: &mut Place<'_>,
    (body, trailing): (OutboundBody, bool),
) -> Result<(Payload, Outward<'a>, Lost), Refusal> {
    let (message, limits) = (&step.way.0.request, step.snapshot.bounds.conversion);
    let (mut settled, mut lost) = beside::settled(message, (place, values), limits)?;
    let composed = conversion.and_then(|one| Some((one, one.prepared.beside()?)));
    let Some((conversion, (inward, outward))) = composed else {
        return Ok((Payload::Came(body), settled, lost));
    };
    Arc::make_mut(values).beside = beside::taken(inward, place)?;
    let done = converted(step, (conversion, values), (place.headers, body, trailing)).await;
    let Converted { bytes, lost: fired, digests, beside } =
        done.map_err(|refusal| beside::refused(inward, refusal, &values.beside))?;
    if let Some(digests) = digests {
        digests.renew(&bytes, place.headers);
    }
    settled.add(&conversion.prepared, outward, &beside)?;
    lost.merge(&fired);
    Ok((Payload::Made(bytes), settled, lost))
}

/// The body through its pipe.
async fn converted(
    step: &Step<'_, '_>,
    (conversion, values): (&Arc<Conversion>, &Arc<Values>),
    (headers, body, trailing): (&mut Fields, OutboundBody, bool),
) -> Result<Converted, Refusal> {
    let codings = pipe::declared(headers).map_err(Refusal::RequestCoded)?;
    let bounds = &step.snapshot.bounds;
    let work = Work::document(conversion, bounds.conversion, Arc::clone(values), headers);
    let most = PipeBounds { decoded: bounds.body, ratio: bounds.ratio };
    let digests = Digests::take(headers, trailing);
    let pipe = Pipe::new(work, step.meter(), (&codings, most)).checked(digests);
    let done = body::converted(body, pipe, bounds, step.held).await?;
    headers.remove(CONTENT_ENCODING);
    Ok(done)
}

/// The body in the backend's version, what a merge of it still needs, and what is lost.
async fn rewritten<'a>(
    step: &Step<'a, '_>,
    (plan, conversion, values): (&'a CrossingBody, &'a Arc<Conversion>, Arc<Values>),
    (head, body, trailing): (&mut RequestHead, OutboundBody, bool),
) -> Result<(Bytes, Merged<'a>, Lost), Refusal> {
    let whole = (&mut head.headers, body, trailing);
    let Converted { mut bytes, lost: fired, digests, .. } =
        converted(step, (conversion, &values), whole).await?;
    let mut merged = None;
    if let Some(merging) = &step.way.0.merging {
        let (up, outbound) = ((plan, conversion, values), (&mut head.method, &mut head.headers));
        let (instead, writing) = merge::instead(merging, up, bytes, outbound)?;
        bytes = instead;
        merged = Some((merging.word(), writing));
    }
    if let Some(digests) = digests {
        digests.renew(&bytes, &mut head.headers);
    }
    Ok((bytes, merged, fired))
}

/// Refuses a full write that would take away what the client cannot see, and a protocol that nobody can convert.
fn refuse(crossing: &Crossing, upgrade: Option<&HeaderValue>) -> Result<(), Refusal> {
    if upgrade.is_some() {
        return Err(Refusal::UpgradeElsewhere);
    }
    match &crossing.hiding {
        Some(hiding) if hiding.refuses => {
            Err(Refusal::WriteHides(told::refused(hiding.members.iter().map(|loss| &**loss))))
        }
        _ => Ok(()),
    }
}

/// What is to be done to the body; `None` for one that goes on as it came.
fn plan<'a>(
    step: &Step<'a, '_>,
    headers: &Fields,
    body: &OutboundBody,
) -> Result<Option<&'a CrossingBody>, Refusal> {
    let message = &step.way.0.request;
    if body.is_end_stream() {
        return Ok(message.bare.as_ref());
    }
    let plan = conversion::plan(&message.bodies, headers).map_err(|()| Refusal::MediaType)?;
    if plan.is_none() {
        // what nobody reads cannot be composed with parameters either
        if step.api.undeclared == Undeclared::Refuse || message.bare.is_some() {
            return Err(Refusal::MediaType);
        }
        if step.trace.is_none() {
            step.api.unconverted.request_media.inc();
        }
    }
    Ok(plan)
}

/// Refuses what must not be converted and would have to be, the request itself or its answer.
fn check_transformable(
    step: &Step<'_, '_>,
    headers: &Fields,
    converts: bool,
) -> Result<(), Refusal> {
    let forbidden =
        step.api.no_transform == NoTransform::Honour && conversion::no_transform(headers);
    if forbidden && (converts || step.way.0.converts_responses()) {
        return Err(Refusal::RequestNoTransform);
    }
    if converts && signature::is_jws(headers) {
        return Err(Refusal::RequestSigned("content-type".to_owned()));
    }
    Ok(())
}

/// Refuses a request whose signature would not hold.
fn check_signature(api: &Api, changes: Changes<'_>) -> Result<(), Refusal> {
    match (api.signatures, signature::broken(changes)) {
        (Signatures::Refuse, Some(field)) => Err(Refusal::RequestSigned(field.as_str().to_owned())),
        _ => Ok(()),
    }
}

/// Gives the request the method of the backend's operation.
///
/// # Errors
/// For the head of a read that is none there: its answer would have a body.
fn become_method(head: &mut RequestHead, step: &Step<'_, '_>) -> Result<(), Refusal> {
    let Some(method) = &step.way.0.method else { return Ok(()) };
    let own = step.named.operation.label.split(' ').next().unwrap_or_default();
    if head.method == Method::HEAD && own != "HEAD" {
        return Err(Refusal::MethodNotAllowed { allow: vec![own.to_owned()] });
    }
    if is_read(&head.method) != is_read(method) {
        // what asks whether a read is needed would stop a write, or say nothing of one
        head.headers.remove(IF_NONE_MATCH);
        head.headers.remove(IF_MODIFIED_SINCE);
    }
    head.method = method.clone();
    Ok(())
}

/// Turns the conditions of a request into the backend's.
fn conditions(step: &Step<'_, '_>, head: &mut RequestHead) {
    let is_one = |name: &HeaderName| matches!(*name, IF_MATCH | IF_NONE_MATCH | IF_MODIFIED_SINCE);
    if !head.headers.names().any(is_one) {
        return;
    }
    let version = step.api.clients.get(step.asked.version).map_or("", |client| &*client.label);
    let (crossing, _) = step.way;
    let converted = crossing.converts_responses();
    let asks = match (is_read(&head.method), converted) {
        (true, true) => Asks::Converted(Mark { version, rules: &crossing.rules }),
        (true, false) => Asks::Own,
        (false, _) => Asks::State,
    };
    let by_tag = head.headers.has(IF_NONE_MATCH);
    etag::inward(&mut head.headers, |version| step.api.versions.find(version).is_some(), asks);
    // a date that is older than the rules says nothing about what they make of the state, and one beside a tag that
    // did not match must not stand in for it (RFC 9110 §13.1.3)
    let stale = |value: &HeaderValue| {
        let date = value.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok());
        date.unwrap_or(SystemTime::UNIX_EPOCH) < step.snapshot.loaded
    };
    if converted
        && is_read(&head.method)
        && head.headers.get(IF_MODIFIED_SINCE).is_some_and(|value| by_tag || stale(value))
    {
        head.headers.remove(IF_MODIFIED_SINCE);
    }
}

fn is_read(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// A request whose method means a body says that it has none, since servers ask for a length there.
fn say_empty(head: &mut RequestHead, body: &OutboundBody) {
    if body.is_end_stream() && [Method::POST, Method::PUT, Method::PATCH].contains(&head.method) {
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}
