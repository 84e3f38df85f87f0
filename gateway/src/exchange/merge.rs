//! Full writes of older views: as merge patches, or merged into the document that is there, so that nothing goes that
//! their version cannot show.

use std::sync::Arc;

use bytes::Bytes;
use evergate_schemas::convert::put::{self, NotMerged, NotPatched};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::pointer::Pointer;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
    HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use http::{Method, StatusCode, Version};

use super::conversion::{self, Parameters};
use super::digest::{self, Digests};
use super::links::{self, Here, Toward};
use super::pipe::{self, Codings, Failed, Pipe, PipeBounds, Work};
use super::prefer::Prefer;
use super::reply::Quiet;
use super::request::Outbound;
use super::walk::Visit;
use super::{body, etag, told};
use crate::refusal::Refusal;
use crate::snapshot::loss::Lost;
use crate::snapshot::selector::Selector;
use crate::snapshot::{Api, Conversion, Crossing, CrossingBody, Group, Merge, Merging, Reading};
use crate::telemetry::Record;
use crate::upstream::OutboundBody;
use crate::wire::{Fields, Incoming, RequestHead, Response};

const MERGE_PATCH: HeaderValue = HeaderValue::from_static("application/merge-patch+json");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// A full write that has to be merged into what is there.
pub(super) struct Writing<'a> {
    merging: &'a Merging,
    reading: &'a Reading,
    /// What the client wrote, in the backend's version.
    written: Bytes,
    /// How that was made of it.
    up: (&'a CrossingBody, &'a Arc<Conversion>, Arc<Values>),
}

/// Where a document is read and written.
pub(super) struct At<'a> {
    pub(super) api: &'a Api,
    pub(super) group: &'a Group,
    pub(super) parameters: &'a Parameters,
    pub(super) prefer: Prefer,
    pub(super) here: Option<Here<'a>>,
}

/// What reading came to.
enum Found {
    /// The document, with its strong tag.
    Document(Fields, Bytes),
    /// There is none: the write makes one.
    Nothing,
    /// The backend refuses the client, and would refuse the write.
    Answer(Response<Incoming>),
}

/// Refuses a write that is to be merged and is not JSON.
pub(super) fn check(
    crossing: &Crossing,
    plan: Option<&CrossingBody>,
    headers: &Fields,
) -> Result<(), Refusal> {
    if crossing.merging.is_none() {
        return Ok(());
    }
    let text = headers
        .get(CONTENT_TYPE)
        .map_or("application/json", |value| value.to_str().unwrap_or_default());
    let essence = CrossingBody::essence_of(text);
    let json = essence == "application/json" || essence.ends_with("+json");
    let converts = plan.is_some_and(|plan| plan.conversion.is_some());
    if json && converts { Ok(()) } else { Err(not_json()) }
}

fn not_json() -> Refusal {
    Refusal::WriteUnclear("the body is not JSON".to_owned())
}

/// What becomes of a converted write: a patch takes its place, or it waits to be merged.
pub(super) fn instead<'a>(
    merging: &'a Merging,
    up: (&'a CrossingBody, &'a Arc<Conversion>, Arc<Values>),
    written: Bytes,
    outbound: (&mut Method, &mut Fields),
) -> Result<(Bytes, Option<Box<Writing<'a>>>), Refusal> {
    let (method, headers) = outbound;
    match &merging.how {
        Merge::Patch(all) => {
            let essence = &up.0.essence;
            let shown = all.iter().find(|(own, _)| own == essence).map(|(_, shown)| shown);
            let shown = shown.ok_or_else(not_json)?;
            let text = std::str::from_utf8(&written).unwrap_or_default();
            let patch =
                put::merge_patch(text, shown).map_err(|why| unpatched(&why, merging, essence))?;
            *method = Method::PATCH;
            headers.insert(CONTENT_TYPE, MERGE_PATCH);
            merging.merged.inc();
            Ok((patch.into(), None))
        }
        Merge::Read(reading) => {
            let writing = Writing { merging, reading, written: written.clone(), up };
            Ok((written, Some(Box::new(writing))))
        }
    }
}

fn unpatched(why: &NotPatched, merging: &Merging, essence: &str) -> Refusal {
    let at = match why {
        NotPatched::Unreadable => Pointer::root(),
        NotPatched::Null(at) | NotPatched::Half(at) => merging.place(essence, at),
    };
    let why = match why {
        NotPatched::Unreadable => "only an object can be written in part".to_owned(),
        NotPatched::Null(_) => "a null cannot be written in part".to_owned(),
        NotPatched::Half(_) => {
            "it may hold what your version cannot show, so that it cannot be left out".to_owned()
        }
    };
    Refusal::RequestUnconvertible { pointer: at.as_str().to_owned(), why }
}

impl Visit<'_> {
    /// Reads the document, merges the write into it, and writes it if nobody else did in between.
    pub(super) async fn merged(
        &self,
        at: &At<'_>,
        (request, writing): (Outbound, Writing<'_>),
        record: &mut Record,
    ) -> Result<Response<Incoming>, Refusal> {
        // a key stands for one request with one body
        let once = [IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, IDEMPOTENCY_KEY];
        let once = once.iter().any(|name| request.head.headers.has(name));
        let attempts = if once { 1 } else { writing.reading.attempts };
        let mut attempt = 1;
        loop {
            let (head, body, lost) = match self.found(at, &request, &writing, record).await? {
                Found::Answer(answer) => return Ok(answer),
                Found::Nothing => (create(&request)?, writing.written.clone(), Lost::default()),
                Found::Document(head, source) => {
                    let guarded = guarded(&request, writing.reading, &head)?;
                    let (body, lost) = self.merge(at, &writing, (&head, &source))?;
                    (guarded, body, lost)
                }
            };
            if at.prefer.is_strict() && !lost.is_empty() {
                return Err(Refusal::RequestLossy(told::refused(
                    lost.iter().map(|(loss, _)| loss),
                )));
            }
            let mut outbound = head;
            if let Some(digests) = Digests::take(&mut outbound.head.headers, false) {
                digests.renew(&body, &mut outbound.head.headers);
            }
            let answer = self.send(at.group, outbound, OutboundBody::whole(body), record).await?;
            let stale = answer.head.status == StatusCode::PRECONDITION_FAILED;
            if stale && attempt < attempts {
                attempt += 1;
                continue;
            }
            if answer.head.status.is_success() {
                writing.merging.merged.inc();
                record.lose(&lost);
            }
            return Ok(answer);
        }
    }

    /// Reads the document within its time.
    async fn found(
        &self,
        at: &At<'_>,
        request: &Outbound,
        writing: &Writing<'_>,
        record: &mut Record,
    ) -> Result<Found, Refusal> {
        record.reads += 1;
        let limit = writing.reading.timeout;
        let reading = self.read(at, request, writing, record);
        match tokio::time::timeout(limit, reading).await {
            Ok(found) => found,
            Err(_) => Err(Refusal::WriteUnread(format!(
                "it did not come whole within {} ms",
                limit.as_millis()
            ))),
        }
    }

    async fn read(
        &self,
        at: &At<'_>,
        request: &Outbound,
        writing: &Writing<'_>,
        record: &mut Record,
    ) -> Result<Found, Refusal> {
        let headers = asking(at.api, writing.reading, &request.head.headers);
        let uri = request.head.uri.clone();
        let head = RequestHead { method: Method::GET, uri, version: Version::HTTP_11, headers };
        let outbound = Outbound { head, selects: false, upgrade: None, hears: false };
        let sent = self.send(at.group, outbound, OutboundBody::empty(), record).await;
        let response = sent.map_err(|refusal| match refusal {
            Refusal::BackendTimeout => unread("the backend did not answer in time"),
            Refusal::BackendBroken(why) => unread(why),
            other => other,
        })?;
        match response.head.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Found::Nothing),
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE => return Ok(Found::Answer(response)),
            other => {
                let why = format!("the backend answered {} to a GET", other.as_u16());
                return Err(Refusal::WriteUnread(why));
            }
        }
        let Response { mut head, body: source } = response;
        let codings = pipe::declared(&head.headers)
            .map_err(|coding| unread(&format!("it has the content coding `{coding}`")))?;
        let trailing = digest::trailing(&head.headers);
        let digests = Digests::take(&mut head.headers, trailing);
        let pipe =
            self.pipe(at, &writing.reading.copy, (&codings, Arc::default())).checked(digests);
        let source = Quiet::new(source, record.silence.unwrap_or(self.snapshot.bounds.silence));
        let bytes = body::document(source, pipe, &self.snapshot.bounds, &self.house.held).await?;
        Ok(Found::Document(head.headers, bytes))
    }

    /// The document with what the client changed, and what of it the client took away without having seen it.
    fn merge(
        &self,
        at: &At<'_>,
        writing: &Writing<'_>,
        (head, source): (&Fields, &Bytes),
    ) -> Result<(Bytes, Lost), Refusal> {
        let Writing { merging, reading, written, up: (plan, up, values) } = writing;
        let message = reading.read.response(StatusCode::OK.as_u16());
        let message = message.ok_or_else(|| unread("the answer is not declared"))?;
        let down = conversion::plan(&message.bodies, head).ok().flatten();
        let down = down.ok_or_else(|| unread("its media type is not declared"))?;
        let view = match &down.conversion {
            None => source.to_vec(),
            Some(down) => {
                let mut values = conversion::values(at.api, message, head, at.parameters);
                let turner = at.here.filter(|_| message.links);
                let turner = turner.map(|here| here.turner(Toward::Client));
                links::carry(message, turner.as_ref(), head, &mut values);
                self.convert(at, (down, values), source)?
            }
        };
        let shown = self.convert(at, (up, Arc::clone(values)), &view)?;
        let source = self.convert(at, (&reading.trim, Arc::default()), source)?;
        let declared = reading.declared.iter().find(|(own, _)| *own == plan.essence);
        let texts = (text(&source)?, text(&shown)?, text(written)?);
        let declared = declared.map(|(_, declared)| declared);
        let merged = put::put_declared(texts, &reading.identity, declared);
        let merged = merged.map_err(|why| match why {
            NotMerged::Unreadable(what) => unread(&format!("{what} is nested too deeply")),
            NotMerged::Ambiguous(place) => {
                let place = merging.place(&plan.essence, &place);
                Refusal::WriteUnclear(format!(
                    "items of `{place}` were changed and their number too, and what your version cannot show of them \
                     belongs to one of them"
                ))
            }
        })?;
        let mut lost = Lost::default();
        for place in &merged.lost {
            let inside = reading.hidden.iter().find(|loss| is_inside(&loss.at, place));
            lost.add(inside.unwrap_or(&reading.unseen), 1);
        }
        Ok((merged.text.into(), lost))
    }

    /// A whole body through one conversion.
    fn convert(
        &self,
        at: &At<'_>,
        (conversion, values): (&Arc<Conversion>, Arc<Values>),
        bytes: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        let mut pipe = self.pipe(at, conversion, (&Codings::new(), values));
        let mut out = Vec::with_capacity(bytes.len());
        let done = pipe.push(bytes, &mut out).and_then(|()| pipe.finish(&mut out));
        match done {
            Ok(_) => Ok(out),
            Err(failed) => Err(Refusal::WriteUnread(failed.why())),
        }
    }

    fn pipe(
        &self,
        at: &At<'_>,
        conversion: &Arc<Conversion>,
        (codings, values): (&Codings, Arc<Values>),
    ) -> Pipe {
        let bounds = &self.snapshot.bounds;
        let work = Work::document(conversion, bounds.conversion, values, &Fields::new());
        let most = PipeBounds { decoded: bounds.body, ratio: bounds.ratio };
        Pipe::new(work, &at.api.responses, (codings, most))
    }
}

fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|_| unread("it is not UTF-8"))
}

fn unread(why: &str) -> Refusal {
    Refusal::WriteUnread(why.to_owned())
}

/// The refusal for a document that does not come through its pipe.
pub(super) fn unreadable(failed: &Failed) -> Refusal {
    Refusal::WriteUnread(failed.why())
}

/// Whether a loss at a place with `*` for any item is inside this place.
fn is_inside(loss: &str, place: &Pointer) -> bool {
    let Some(loss) = Pointer::parse(loss) else { return false };
    let mut loss = loss.tokens();
    place.tokens().all(|token| loss.next().is_some_and(|own| own == "*" || own == token))
}

/// The head of the request that reads the document for a write.
fn asking(api: &Api, reading: &Reading, write: &Fields) -> Fields {
    let mut headers = write.clone();
    digest::strip(&mut headers);
    let media_type = headers.remove(CONTENT_TYPE);
    let conditions = [&IF_MATCH, &IF_NONE_MATCH, &IF_MODIFIED_SINCE, &IF_UNMODIFIED_SINCE];
    for name in conditions {
        headers.remove(name);
    }
    for name in [&CONTENT_LENGTH, &CONTENT_ENCODING, &RANGE, &IF_RANGE, &IDEMPOTENCY_KEY, &PREFER] {
        headers.remove(name);
    }
    // where media types say the version, the client's own does, or that of what it writes
    let versioned = api.selectors.iter().any(|one| matches!(one, Selector::Accept(_)));
    match media_type.filter(|_| versioned && !headers.has(ACCEPT)) {
        Some(media_type) => {
            headers.insert(ACCEPT, media_type);
        }
        None if versioned => {}
        None => {
            headers.insert(ACCEPT, reading.accept.clone());
        }
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers
}

/// The write of a document that is not there yet, and is still not there when it comes.
fn create(request: &Outbound) -> Result<Outbound, Refusal> {
    if request.head.headers.has(IF_MATCH) {
        return Err(Refusal::WriteStale);
    }
    let mut outbound = request.clone();
    outbound.head.headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
    Ok(outbound)
}

/// The write of the very document that was read. The client's own conditions are about that document and were kept if
/// they hold for it: with `If-Match` a backend looks at no date (RFC 9110 §13.2.2).
fn guarded(request: &Outbound, reading: &Reading, read: &Fields) -> Result<Outbound, Refusal> {
    let (own, tag) = (&request.head.headers, etag::strong(read));
    let date = |headers: &Fields, name: &HeaderName| {
        headers.get(name).and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok())
    };
    let failed = if own.has(IF_MATCH) {
        !etag::names(own, &IF_MATCH, tag.as_ref())
    } else {
        let since = date(own, &IF_UNMODIFIED_SINCE).zip(date(read, &LAST_MODIFIED));
        since.is_some_and(|(since, modified)| modified > since)
    };
    if failed || etag::names(own, &IF_NONE_MATCH, read.get(http::header::ETAG)) {
        return Err(Refusal::WriteStale);
    }
    let mut outbound = request.clone();
    match tag {
        Some(tag) => {
            outbound.head.headers.remove(IF_NONE_MATCH);
            outbound.head.headers.remove(IF_UNMODIFIED_SINCE);
            outbound.head.headers.insert(IF_MATCH, tag);
        }
        None if reading.unguarded => {}
        None => return Err(Refusal::WriteUnguarded),
    }
    Ok(outbound)
}

#[cfg(test)]
mod tests {
    use evergate_schemas::pointer::Pointer;

    use super::is_inside;

    #[test]
    fn a_loss_is_inside_what_was_taken_away() {
        let check = |loss: &str, place: &str, wanted: bool| {
            assert_eq!(is_inside(loss, &Pointer::parse(place).unwrap()), wanted, "{loss} {place}");
        };
        check("/items/*/tag", "/items/3", true);
        check("/items/*/tag", "/items", true);
        check("/tag", "", true);
        check("/items/*/tag", "/other/3", false);
        check("/items", "/items/3", false);
    }
}
