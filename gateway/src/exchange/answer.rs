//! A backend's answer as the client gets it: its version's body, fields and media type.

use std::sync::Arc;
use std::time::Duration;

use evergate_schemas::plan::outside::Values;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, UPGRADE, VARY};
use http::{Method, StatusCode};
use http_body::Body as _;

use super::conversion::{self, Parameters};
use super::converted::{BEGINNING, Begun, Converted, Early};
use super::digest::Digests;
use super::drift::Answers;
use super::etag::Mark;
use super::links::{self, Here, Toward, Turner};
use super::outbound::rewrite_media;
use super::pipe::{self, Accepted, Coding, Codings, Failed, Pipe, PipeBounds, Work};
use super::prefer::Prefer;
use super::reply::{Quiet, ReplyBody};
use super::signature::{self, Changes};
use super::{digest, fields, life, representation, rewritten, told};
use crate::refusal::Refusal;
use crate::snapshot::loss::{LossTable, Lost};
use crate::snapshot::selector::Selector;
use crate::snapshot::{
    Api, Bounds, Conversion, Crossing, CrossingBody, CrossingMessage, NoTransform, Signatures,
    Undeclared,
};
use crate::wire::{Fields, Incoming, Link, Response, ResponseHead};

const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// What the gateway knows when an answer comes.
pub(crate) struct Ask<'a> {
    pub(crate) api: &'a Api,
    pub(crate) bounds: &'a Bounds,
    /// Longest silence inside the backend's answer.
    pub(crate) silence: Duration,
    pub(crate) method: &'a Method,
    /// Index and label of the client's version.
    pub(crate) client: (usize, &'a str),
    /// The way, and the backend's version, when that is another.
    pub(crate) way: Option<(&'a Crossing, usize)>,
    /// The content codings that the client takes.
    pub(crate) accepted: Accepted,
    /// The request's parameters, for programs that read them.
    pub(crate) parameters: &'a Parameters,
    /// The request asked for some members only.
    pub(crate) selects: bool,
    pub(crate) prefer: Prefer,
    /// What it is held against, where some are.
    pub(super) drift: Option<Answers<'a>>,
    /// What is known of the answer's links.
    pub(crate) here: Option<Here<'a>>,
}

/// The client's answer, what was lost before its head is sent, and what the rest of its body may lose.
type Answered = (Response<ReplyBody>, Lost, Option<LossTable>);

/// Makes the client's answer. One to a safe request that would lose something is refused where the client prefers
/// that; to any other request the work is done, and what is lost is told.
pub(crate) async fn answer(
    ask: &Ask<'_>,
    response: Response<Incoming>,
) -> Result<Answered, Refusal> {
    let Response { mut head, body } = response;
    let body = match body {
        Incoming::Tunnel(link) => return switched(ask, head, link),
        _ if head.status == StatusCode::SWITCHING_PROTOCOLS => return Err(UNASKED),
        body => body,
    };
    head.version = http::Version::HTTP_11;
    let bodiless = *ask.method == Method::HEAD || head.status == StatusCode::NOT_MODIFIED;
    let length = if bodiless { head.headers.get(CONTENT_LENGTH).cloned() } else { None };
    let trailing = ask.way.is_some() && digest::trailing(&head.headers);
    fields::inward(&mut head.headers);
    let judged = ask.drift.filter(|_| !bodiless && !body.is_end_stream());
    let tap = judged.and_then(|judged| judged.tap(head.status.as_u16(), &head.headers));
    let body = Quiet::new(body, ask.silence).tapped(tap);
    let Some((crossing, _)) = ask.way else {
        return Ok((untouched((head, body), length), Lost::default(), None));
    };
    let signed = signature::is_signed(&head.headers, "").then(|| head.headers.clone());
    life::forget(&mut head.headers);
    let turner = versions_in_fields(ask, &mut head.headers);
    if crossing.converts_responses() {
        let mark = Mark { version: ask.client.1, rules: &crossing.rules };
        representation::mark(&mut head.headers, mark);
    }
    let empty = bodiless || body.is_over();
    let Some(message) = crossing.response(head.status.as_u16()) else {
        if !empty {
            undeclared_status(ask, head.status)?;
        }
        return Ok((untouched((head, body), length), Lost::default(), None));
    };
    let mut values = conversion::values(ask.api, message, &head.headers, ask.parameters);
    links::carry(message, turner.as_ref(), &head.headers, &mut values);
    let dropped = rewritten::apply(message, (&mut head, empty), &values);
    refuse_lossy(ask, &dropped)?;
    if message.may_lose() {
        head.headers.append(VARY, HeaderValue::from_static("prefer"));
    }
    let plan = plan(ask, message, &head, empty)?;
    if let Some(media_type) = plan.and_then(|plan| plan.written_as.as_ref()) {
        head.headers.insert(CONTENT_TYPE, media_type.clone());
    }
    let conversion = plan.and_then(|plan| plan.conversion.as_ref());
    check_signature(ask, signed.as_ref(), &head.headers, conversion.is_some() && !empty)?;
    let Some(conversion) = conversion else {
        return Ok((untouched((head, body), length), dropped, None));
    };
    let codings = pipe::declared(&head.headers).map_err(|_| Refusal::ResponseCoded)?;
    let coding = ask.accepted.choose(&codings);
    if empty {
        digest::strip(&mut head.headers);
        let named = coding.map(Coding::name);
        representation::coded(&mut head.headers, named, !codings.is_empty());
        return Ok((Response { head, body: ReplyBody::empty() }, dropped, None));
    }
    let running = Running { conversion, codings, coding, values, trailing };
    let (body, mut lost) = convert(ask, running, (&mut head, body)).await?;
    links::tell(turner.as_deref(), &mut head.headers);
    refuse_lossy(ask, &lost)?;
    lost.merge(&dropped);
    let rest = body.goes_on().then(|| Arc::clone(&conversion.losses));
    Ok((Response { head, body }, lost, rest))
}

const UNASKED: Refusal = Refusal::BackendBroken("it switched protocols unasked");

/// The backend's 101. Nobody asks for one where anything is converted.
fn switched(ask: &Ask<'_>, mut head: ResponseHead, link: Box<Link>) -> Result<Answered, Refusal> {
    if ask.way.is_some() {
        return Err(UNASKED);
    }
    let protocol = head.headers.remove(UPGRADE);
    fields::inward(&mut head.headers);
    head.headers.extend(protocol.map(|protocol| (UPGRADE, protocol)));
    Ok((Response { head, body: ReplyBody::tunnel(link) }, Lost::default(), None))
}

/// Refuses a safe request's answer that has lost something, where the client prefers that. An unsafe request's work is
/// done, and a refusal would have it done again.
fn refuse_lossy(ask: &Ask<'_>, lost: &Lost) -> Result<(), Refusal> {
    if lost.is_empty() || !ask.is_strict() {
        return Ok(());
    }
    Err(Refusal::ResponseLossy(told::refused(lost.iter().map(|(loss, _)| loss))))
}

impl Ask<'_> {
    /// Whether an answer that loses something is refused.
    fn is_strict(&self) -> bool {
        self.prefer.is_strict() && self.method.is_safe()
    }
}

/// An answer whose body goes on as it came, with the length that one without a body would have.
fn untouched(answer: (ResponseHead, Quiet), length: Option<HeaderValue>) -> Response<ReplyBody> {
    let (mut head, body) = answer;
    if let Some(length) = length {
        head.headers.insert(CONTENT_LENGTH, length);
    }
    Response { head, body: ReplyBody::through(body) }
}

/// A body of a status that its version does not declare. An error is always told: who refused it would hide it.
fn undeclared_status(ask: &Ask<'_>, status: StatusCode) -> Result<(), Refusal> {
    if ask.api.undeclared == Undeclared::Refuse && status.as_u16() < 400 {
        return Err(Refusal::ResponseUndeclared(format!("the status {}", status.as_u16())));
    }
    ask.api.unconverted.response_status.inc();
    Ok(())
}

/// What is to be done to the body; `None` for one that goes on as it came.
fn plan<'a>(
    ask: &Ask<'_>,
    message: &'a CrossingMessage,
    head: &ResponseHead,
    empty: bool,
) -> Result<Option<&'a CrossingBody>, Refusal> {
    let found = conversion::plan(message.bodies(ask.selects), &head.headers);
    if empty {
        return Ok(found.unwrap_or(None));
    }
    let plan = found.map_err(|()| {
        Refusal::ResponseUnconvertible(
            "the answer has no media type, and several are declared".to_owned(),
        )
    })?;
    if plan.is_none() {
        if ask.api.undeclared == Undeclared::Refuse && head.status.as_u16() < 400 {
            return Err(Refusal::ResponseUndeclared("a media type".to_owned()));
        }
        ask.api.unconverted.response_media.inc();
    }
    if plan.is_some_and(|plan| plan.conversion.is_some()) {
        if ask.api.no_transform == NoTransform::Honour && conversion::no_transform(&head.headers) {
            return Err(Refusal::ResponseNoTransform);
        }
        if signature::is_jws(&head.headers) {
            return Err(Refusal::ResponseSigned("content-type".to_owned()));
        }
        if head.status == StatusCode::PARTIAL_CONTENT {
            let why = "the answer is a part of a document";
            return Err(Refusal::ResponseUnconvertible(why.to_owned()));
        }
    }
    Ok(plan)
}

/// Refuses an answer whose signature would not hold.
fn check_signature(
    ask: &Ask<'_>,
    before: Option<&Fields>,
    after: &Fields,
    body: bool,
) -> Result<(), Refusal> {
    let (Some(before), Signatures::Refuse) = (before, ask.api.signatures) else { return Ok(()) };
    match signature::broken(Changes {
        method: false,
        body,
        target: false,
        query: "",
        before,
        after,
    }) {
        Some(field) => Err(Refusal::ResponseSigned(field.as_str().to_owned())),
        None => Ok(()),
    }
}

/// A conversion that is about to begin.
struct Running<'a> {
    conversion: &'a Arc<Conversion>,
    codings: Codings,
    /// What the client gets.
    coding: Option<Coding>,
    values: Arc<Values>,
    trailing: bool,
}

async fn convert(
    ask: &Ask<'_>,
    running: Running<'_>,
    answer: (&mut ResponseHead, Quiet),
) -> Result<(ReplyBody, Lost), Refusal> {
    let (head, source) = answer;
    let Running { conversion, codings, coding, values, trailing } = running;
    let length = source.size_hint().exact();
    let digests = Digests::take(&mut head.headers, trailing);
    let work = Work::document(conversion, ask.bounds.conversion, values, &head.headers);
    let bounds = PipeBounds { decoded: ask.bounds.decoded, ratio: ask.bounds.ratio };
    let mut pipe = Pipe::new(work, &ask.api.responses, (&codings, bounds)).checked(digests);
    if let Some(coding) = coding {
        pipe = pipe.coded(coding);
    }
    representation::coded(&mut head.headers, coding.map(Coding::name), !codings.is_empty());
    // what a strict client may get has to be known before the head is sent
    let strict = ask.is_strict() && told::may_lose(conversion);
    let beginning = if strict { ask.bounds.body } else { BEGINNING };
    match Converted::begin(source, pipe, (length, beginning)).await.map_err(early)? {
        Begun::Whole(bytes, lost, digests) => {
            if let Some(digests) = digests {
                digests.renew(&bytes, &mut head.headers);
            }
            Ok((ReplyBody::whole(bytes), lost))
        }
        Begun::Going(_) if strict => {
            Err(Refusal::ResponseLossy(told::refused(told::possible(&conversion.losses))))
        }
        Begun::Going(body) => Ok((ReplyBody::converted(body), Lost::default())),
    }
}

/// The refusal for a beginning that did not get through.
fn early(early: Early) -> Refusal {
    match early {
        Early::Source => Refusal::BackendBroken("its body broke off"),
        Early::Pipe(Failed::Digest(field)) => Refusal::ResponseDigest(field),
        Early::Pipe(failed @ Failed::Payload { .. }) => {
            Refusal::ResponseUnconvertible(failed.why())
        }
        Early::Pipe(failed) => Refusal::ResponseCodingBroken(failed.why()),
    }
}

/// Says the client's version where the backend said its own: in media types and in links to itself. The one who turns
/// the links, where there may be any.
fn versions_in_fields(ask: &Ask<'_>, headers: &mut Fields) -> Option<Arc<Turner>> {
    for selector in &ask.api.selectors {
        if let Selector::Accept(rule) = selector {
            for name in [&CONTENT_TYPE, &ACCEPT_PATCH] {
                rewrite_media(ask.api, ask.client.0, headers, (name, rule));
            }
        }
    }
    let crossing = ask.way.map(|(crossing, _)| crossing)?;
    let in_body = crossing.responses.iter().any(|(_, message)| message.links);
    if !in_body && !links::has_links(headers) {
        return None;
    }
    let turner = ask.here?.turner(Toward::Client);
    links::in_fields(&turner, headers);
    Some(turner)
}
