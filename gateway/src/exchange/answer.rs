//! A backend's answer as the client gets it: its version's body, fields and media type.

use std::sync::Arc;

use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, LOCATION,
};
use http::{Method, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;

use super::conversion::{self, Parameters};
use super::converted::{Begun, Converted, Early};
use super::outbound::rewrite_media;
use super::parameters::{self, Place};
use super::pipe::{self, Accepted, Failed, Pipe, PipeBounds, Work};
use super::reply::{Quiet, ReplyBody};
use super::{etag, fields};
use crate::refusal::Refusal;
use crate::snapshot::selector::Selector;
use crate::snapshot::{Api, Bounds, Crossing, CrossingMessage};

/// What the gateway knows when an answer comes.
pub(crate) struct Ask<'a> {
    pub(crate) api: &'a Api,
    pub(crate) bounds: &'a Bounds,
    pub(crate) method: &'a Method,
    /// Index and label of the client's version.
    pub(crate) client: (usize, &'a str),
    /// The way, and the backend's version, when that is another.
    pub(crate) way: Option<(&'a Crossing, usize)>,
    /// The content codings that the client takes.
    pub(crate) accepted: Accepted,
    /// The request's parameters, for programs that read them.
    pub(crate) parameters: &'a Parameters,
}

/// Makes the client's answer; the count is of losses known before the head is gone.
pub(crate) async fn answer(
    ask: &Ask<'_>,
    response: Response<Incoming>,
) -> Result<(Response<ReplyBody>, u64), Refusal> {
    let (mut head, body) = response.into_parts();
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Refusal::BackendBroken("it switched protocols unasked"));
    }
    head.version = http::Version::HTTP_11;
    let length = head.headers.get(CONTENT_LENGTH).cloned();
    fields::inward(&mut head.headers);
    let bodiless = *ask.method == Method::HEAD || head.status == StatusCode::NOT_MODIFIED;
    let crossing = ask
        .way
        .and_then(|(crossing, backend)| Some((crossing.response(head.status.as_u16())?, backend)));
    if let Some((_, backend)) = ask.way {
        versions_in_fields(ask, backend, &mut head.headers);
    }
    let Some((message, _)) = crossing else {
        if let (true, Some(length)) = (bodiless, length) {
            head.headers.insert(CONTENT_LENGTH, length);
        }
        let body = ReplyBody::through(Quiet::new(body, ask.bounds.silence));
        return Ok((Response::from_parts(head, body), 0));
    };
    let values = conversion::values(ask.api, message, &head.headers, ask.parameters);
    let mut nowhere = String::new();
    let mut place = Place { query: &mut nowhere, headers: &mut head.headers };
    let dropped = parameters::apply(message, &mut place, &values).map_err(|_| {
        Refusal::ResponseUnconvertible("a header that your version requires is missing".to_owned())
    })?;
    let (body, lost) = if bodiless {
        if message.converts() {
            converted_fields(&mut head.headers, ask.client.1);
        }
        (ReplyBody::empty(), 0)
    } else {
        convert(ask, message, (&mut head, body), values).await?
    };
    Ok((Response::from_parts(head, body), dropped + lost))
}

async fn convert(
    ask: &Ask<'_>,
    message: &CrossingMessage,
    response: (&mut http::response::Parts, Incoming),
    values: evergate_schemas::plan::outside::Values,
) -> Result<(ReplyBody, u64), Refusal> {
    let (head, body) = response;
    let length = body.size_hint().exact();
    let source = Quiet::new(body, ask.bounds.silence);
    if length == Some(0) {
        return Ok((ReplyBody::through(source), 0));
    }
    let plan = conversion::plan(message, &head.headers).map_err(|()| {
        Refusal::ResponseUnconvertible(
            "the answer has no media type, and several are declared".to_owned(),
        )
    })?;
    let Some(plan) = plan else { return Ok((ReplyBody::through(source), 0)) };
    if let Some(media_type) = &plan.written_as {
        head.headers.insert(CONTENT_TYPE, media_type.clone());
    }
    let Some(conversion) = &plan.conversion else { return Ok((ReplyBody::through(source), 0)) };
    let codings = pipe::declared(&head.headers).map_err(|_| Refusal::ResponseCoded)?;
    if conversion::no_transform(&head.headers) {
        return Err(Refusal::ResponseNoTransform);
    }
    if head.status == StatusCode::PARTIAL_CONTENT {
        return Err(Refusal::ResponseUnconvertible(
            "the answer is a part of a document".to_owned(),
        ));
    }
    converted_fields(&mut head.headers, ask.client.1);
    let work = Work::document(conversion, ask.bounds.conversion, Arc::new(values));
    let bounds = PipeBounds { decoded: ask.bounds.decoded, ratio: ask.bounds.ratio };
    let mut pipe = Pipe::new(work, &ask.api.responses, (&codings, bounds));
    let coding = ask.accepted.choose(&codings);
    head.headers.remove(CONTENT_ENCODING);
    if let Some(coding) = coding {
        head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        pipe = pipe.coded(coding);
    }
    match Converted::begin(source, pipe, length).await.map_err(early)? {
        Begun::Whole(bytes, lost) => Ok((ReplyBody::whole(bytes), lost)),
        Begun::Going(body) => Ok((ReplyBody::converted(body), 0)),
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

/// Digests of bytes that a conversion replaces.
pub(crate) const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// Fields that speak of the bytes which a conversion replaces.
fn converted_fields(headers: &mut HeaderMap, client: &str) {
    for name in DIGESTS {
        headers.remove(name);
    }
    if let Some(tag) = headers.remove(ETAG)
        && let Some(tag) = etag::outward(&tag, client)
    {
        headers.insert(ETAG, tag);
    }
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
}

/// Says the client's version where the backend said its own: in media types and in links to itself.
fn versions_in_fields(ask: &Ask<'_>, backend: usize, headers: &mut HeaderMap) {
    for selector in &ask.api.selectors {
        match selector {
            Selector::Accept(rule) => {
                rewrite_media(ask.api, ask.client.0, headers, (&CONTENT_TYPE, rule));
            }
            Selector::Path(affix) => {
                for name in [LOCATION, CONTENT_LOCATION] {
                    let Some(old) = headers.get(&name).and_then(|value| value.to_str().ok()) else {
                        continue;
                    };
                    let written = link(ask, backend, old, affix);
                    if let Some(Ok(value)) = written.map(HeaderValue::try_from) {
                        headers.insert(name, value);
                    }
                }
            }
            Selector::Header(_) | Selector::Query(_) | Selector::Consumer(_) => {}
        }
    }
}

/// A link below the api's path with the client's version in place of the backend's.
fn link(
    ask: &Ask<'_>,
    backend: usize,
    old: &str,
    affix: &crate::snapshot::selector::Affix,
) -> Option<String> {
    let start = match old.find("://") {
        Some(at) => at + 3 + old.get(at + 3..)?.find('/')?,
        None => 0,
    };
    let (lead, path) = old.split_at_checked(start)?;
    let rest = path.strip_prefix(ask.api.prefix.as_str())?.strip_prefix('/')?;
    let segment = rest.split(['/', '?', '#']).next()?;
    let version = affix.capture(segment)?;
    if ask.api.versions.find(version) != Some(backend) {
        return None;
    }
    let own = affix.write(&ask.api.versions.spelled(ask.client.0, version));
    Some(format!("{lead}{}/{own}{}", ask.api.prefix, rest.get(segment.len()..)?))
}
