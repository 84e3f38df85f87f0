//! The walk itself: all branching of an exchange stands here, the steps only compute.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{HeaderValue, VARY};
use http::{HeaderName, Method, StatusCode};

use super::answer::{self, Ask};
use super::asked::{Asked, asked};
use super::body::Held;
use super::conversion::Parameters;
use super::elsewhere::elsewhere;
use super::fields::{self, X_REQUEST_ID};
use super::inbound::{Inbound, Peer};
use super::links::{self, Here, Token};
use super::prefer::Prefer;
use super::reply::ReplyBody;
use super::request::{self, Arrived, Step};
use super::route::{self, Named};
use super::trace::{Noted, Trace};
use super::{
    context, digest, drift, life, merge, pipe, representation, signature, told, upgrade, usage,
};
use crate::ledger::Sheet;
use crate::refusal::Refusal;
use crate::snapshot::life::Life;
use crate::snapshot::meter::ExchangeMeter;
use crate::snapshot::{
    Api, ClientVersion, Crossing, Group, Now, Shared, Signatures, Snapshot, Tracked,
};
use crate::telemetry::usage::{Consumer, Table, Tally, Use};
use crate::telemetry::{Record, protocol};
use crate::upstream::{Client, Gate, OutboundBody};
use crate::wire::{Fields, Incoming, RequestHead, Response};

const API_VERSION: HeaderName = HeaderName::from_static("api-version");
const API_BACKEND_VERSION: HeaderName = HeaderName::from_static("api-backend-version");

/// A snapshot under a count of one worker's own, and what its exchanges are told of on.
#[derive(Debug)]
struct Seen {
    snapshot: Arc<Snapshot>,
    sheet: Option<Arc<Sheet>>,
}

impl Seen {
    fn new(snapshot: Arc<Snapshot>) -> Self {
        let sheet = snapshot.access.as_ref().map(|access| access.sheet());
        Self { snapshot, sheet }
    }
}

/// What the exchanges of one worker share.
#[derive(Debug)]
pub struct House {
    snapshot: Arc<Shared>,
    /// The snapshot in use as this worker saw it last: a count that only this worker changes.
    seen: Mutex<Arc<Seen>>,
    pub(super) client: Client,
    pub(super) held: Arc<Held>,
    /// Requests in flight that this worker has.
    inside: Arc<Gate>,
    now: Now,
    /// Counts who uses what; absent where nobody asks.
    table: Option<Arc<Table>>,
    /// Distinguishes this process from others in request ids.
    mark: u32,
    count: AtomicU64,
}

impl House {
    /// A house that serves the snapshot in use; `mark` is any number that other processes are unlikely to have.
    pub fn new(snapshot: Arc<Shared>, client: Client, (held, mark): (Arc<Held>, u32)) -> Self {
        let seen = Mutex::new(Arc::new(Seen::new(snapshot.load_full())));
        let inside = Arc::default();
        let (now, count) = (Now::default(), AtomicU64::new(0));
        Self { snapshot, seen, client, held, inside, now, table: None, mark, count }
    }

    /// The same, counting who uses what.
    #[must_use]
    pub fn counting(self, table: Arc<Table>) -> Self {
        Self { table: Some(table), ..self }
    }

    /// A house for requests that are only asked about: it serves nobody and keeps no log.
    pub(super) fn aside(snapshot: &Arc<Snapshot>) -> Self {
        let seen = Seen { snapshot: Arc::clone(snapshot), sheet: None };
        Self {
            snapshot: Arc::new(Shared::from(Arc::clone(snapshot))),
            seen: Mutex::new(Arc::new(seen)),
            client: Client::new(1),
            held: Arc::default(),
            inside: Arc::default(),
            now: Now::default(),
            table: None,
            mark: 0,
            count: AtomicU64::new(0),
        }
    }

    /// The same by this clock.
    #[must_use]
    pub fn timed(self, now: Now) -> Self {
        Self { now, ..self }
    }

    /// The snapshot in use. Its own count is shared by all workers, so that a request takes one of this worker's.
    fn current(&self) -> Arc<Seen> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.snapshot.load();
        if !Arc::ptr_eq(&now, &seen.snapshot) {
            *seen = Arc::new(Seen::new(Arc::clone(&now)));
        }
        Arc::clone(&seen)
    }

    /// Closes connections to backends that were not used for long, and lets go of a snapshot that is no longer in use.
    /// To be called each second, as it keeps the clock too.
    pub fn sweep(&self) {
        self.now.tick();
        self.client.sweep(self.current().snapshot.client.idle);
    }

    /// The snapshot in use.
    pub fn snapshot(&self) -> &Shared {
        &self.snapshot
    }

    /// Counts who used what. Who was not let in counts as nobody, so that guessed names take no place.
    fn note(&self, used: Option<(&Arc<Tracked>, Consumer, u64)>, record: &Record) {
        let (Some(table), Some((tracked, mut consumer, mut fields))) = (&self.table, used) else {
            return;
        };
        if matches!(record.status, 401 | 403) && consumer != Consumer::Anonymous {
            consumer = Consumer::Denied;
        }
        if !record.lost().is_empty() {
            fields |= usage::converted(tracked, record.lost());
        }
        let refused = u64::from(matches!(record.refusal, "brown-out" | "version-gone"));
        let tally = Tally::one(self.now.get(), refused);
        table.count(&Use { tracked, consumer: &consumer, fields, tally });
    }

    /// The client's own id if it is short and plain, else a new one.
    fn id(&self, headers: &Fields) -> HeaderValue {
        let sound = |value: &&HeaderValue| {
            let plain = |byte: &u8| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':')
            };
            (1..=128).contains(&value.len()) && value.as_bytes().iter().all(plain)
        };
        let fresh = || {
            let count = self.count.fetch_add(1, Ordering::Relaxed);
            let mut text = [b'0'; 25];
            // eight digits, a dash and at most sixteen digits
            let (mark, rest) = text.split_at_mut(8);
            hexadecimal(mark, u64::from(self.mark));
            let digits = (u64::BITS - count.leading_zeros()).div_ceil(4).max(1) as usize;
            if let [dash, number @ ..] = rest
                && let Some(number) = number.get_mut(..digits)
            {
                *dash = b'-';
                hexadecimal(number, count);
            }
            HeaderValue::from_bytes(text.get(..9 + digits).unwrap_or_default())
        };
        let own = headers.get(X_REQUEST_ID);
        own.filter(sound)
            .cloned()
            .or_else(|| fresh().ok())
            .unwrap_or_else(|| HeaderValue::from_static("-"))
    }
}

/// Fills a place with the lowest digits of a number.
fn hexadecimal(place: &mut [u8], number: u64) {
    let mut left = number;
    for slot in place.iter_mut().rev() {
        // four bits
        let digit = u8::try_from(left & 15).unwrap_or(0);
        *slot = digit + if digit < 10 { b'0' } else { b'a' - 10 };
        left >>= 4;
    }
}

/// Facts that the answer says whatever becomes of the request.
#[derive(Debug, Default)]
pub(super) struct Known<'a> {
    pub(super) api: Option<&'a Api>,
    pub(super) client: Option<&'a ClientVersion>,
    pub(super) group: Option<&'a Group>,
    meter: Option<&'a ExchangeMeter>,
    life: Option<&'a Life>,
    /// What the request is counted under, whose it is, and the deprecated fields that it has.
    used: Option<(&'a Arc<Tracked>, Consumer, u64)>,
    /// The version is pinned to the consumer.
    pub(super) pinned: bool,
    prefer: Prefer,
}

/// Who serves, and what is done on the way.
#[derive(Debug)]
struct Serving<'a> {
    group: &'a Group,
    /// The way and the backend's version, when that is another than the client's.
    way: Option<(&'a Crossing, usize)>,
}

/// What a request turned out to ask for, and who serves it.
struct Found<'a, 'one, 'path> {
    api: &'a Api,
    client: &'a ClientVersion,
    asked: &'one Asked<'path>,
    named: Option<&'one Named<'a, 'path>>,
    serving: Serving<'a>,
}

/// Serves one request, from its head to the head of the answer; the body goes on by itself.
pub async fn serve(
    house: &House,
    peer: &Peer,
    (head, body): (RequestHead, Incoming),
) -> Response<ReplyBody> {
    let seen = house.current();
    let snapshot = &seen.snapshot;
    let id = house.id(&head.headers);
    let named = (id.clone(), head.method.clone());
    let mut record = Box::new(Record::new(named, snapshot.generation, seen.sheet.as_ref()));
    record.say(|said| {
        (said.peer, said.protocol) = (Some(peer.address.ip()), protocol(head.version));
    });
    let mut known = Known::default();
    let visit = Visit { house, peer, snapshot, trace: None };
    let mut response = match visit.walk((&mut known, &mut record), head, body).await {
        Ok(response) => response,
        Err(refusal) => {
            record.refusal = refusal.code();
            if record.cause.is_empty() {
                record.cause = refusal.detail();
            }
            refused(&refusal, &id)
        }
    };
    record.status = response.head.status.as_u16();
    let took = record.started.elapsed();
    // a trace that nobody records leads nowhere
    let trace = record.trace.as_ref().filter(|trace| trace.is_sampled()).map(|trace| &trace.id);
    known.meter.unwrap_or(&snapshot.homeless).observe(record.status, took, trace);
    house.note(known.used.take(), &record);
    sign(&known, &mut response.head.headers, id);
    response.map(|body| body.with_record(record))
}

/// The answer to what is no request.
pub fn refuse(house: &House, refusal: &Refusal) -> Response<ReplyBody> {
    let seen = house.current();
    let snapshot = &seen.snapshot;
    let id = house.id(&Fields::new());
    let named = (id.clone(), Method::default());
    let mut record = Box::new(Record::new(named, snapshot.generation, seen.sheet.as_ref()));
    (record.refusal, record.cause) = (refusal.code(), refusal.detail());
    let mut response = refused(refusal, &id);
    record.status = response.head.status.as_u16();
    snapshot.homeless.count(record.status);
    response.head.headers.insert(X_REQUEST_ID, id);
    response.map(|body| body.with_record(record))
}

fn refused(refusal: &Refusal, id: &HeaderValue) -> Response<ReplyBody> {
    let body = refusal.problem(id.to_str().unwrap_or_default());
    let mut response = Response::new(refusal.status(), ReplyBody::whole(body));
    response.head.headers.extend(refusal.fields());
    response
}

/// Writes what is known into the head of the answer.
fn sign(known: &Known<'_>, headers: &mut Fields, id: HeaderValue) {
    headers.insert(X_REQUEST_ID, id);
    if let Some(vary) = known.api.and_then(|api| api.vary.as_ref()) {
        headers.append(VARY, vary.clone());
    }
    known.prefer.applied(headers);
    if known.pinned {
        representation::private(headers);
    }
    if let Some(version) = known.client.and_then(|client| client.header.as_ref()) {
        headers.insert(API_VERSION, version.clone());
    }
    if let Some(life) = known.life {
        life::announce(life, headers);
    }
    if let Some(version) = known.group.and_then(|group| group.header.as_ref()) {
        headers.insert(API_BACKEND_VERSION, version.clone());
    }
}

/// One exchange: what it may read.
pub(super) struct Visit<'a> {
    pub(super) house: &'a House,
    pub(super) peer: &'a Peer,
    pub(super) snapshot: &'a Snapshot,
    /// For a request that somebody only asks about: nothing is sent.
    pub(super) trace: Option<&'a Trace>,
}

impl<'a> Visit<'a> {
    /// Notes something for whoever asks about the request.
    fn note(&self, note: impl FnOnce(&mut Noted)) {
        if let Some(trace) = self.trace {
            trace.note(note);
        }
    }

    pub(super) async fn walk(
        &self,
        facts: (&mut Known<'a>, &mut Record),
        mut head: RequestHead,
        body: Incoming,
    ) -> Result<Response<ReplyBody>, Refusal> {
        let (known, record) = facts;
        let most = self.house.client.share(self.snapshot.bounds.requests);
        let pass = self.house.inside.enter_below(most).map_err(|_| Refusal::Overloaded)?;
        record.pass = Some(pass);
        let inbound = Inbound::read(&head, &self.snapshot.bounds, self.peer)?;
        record.say(|said| said.target = Some(inbound.target.clone()));
        self.note(|noted| noted.arrives(&inbound));
        let api = self.snapshot.api(inbound.host(), inbound.path()).ok_or(Refusal::NoApi)?;
        known.api = Some(api);
        known.meter = Some(&api.unrouted);
        record.say(|said| said.api = Some(Arc::clone(&api.name)));
        let trailing = digest::trailing(&head.headers);
        let upgrade = upgrade::asked(&head, &body, &api.upgrades);
        let trust = &self.snapshot.trust;
        fields::outward(&mut head.headers, self.peer, &inbound.authority, &api.selectors, trust);
        fields::via(&mut head.headers, head.version);
        record.trace = context::passed(&mut head.headers);
        if let Some(exporter) = &self.snapshot.exporter {
            record.spans = context::joined(exporter, record.trace.as_ref());
        }
        record.say(|said| said.peer = Some(fields::client(&head.headers, self.peer, trust)));
        let mut body = OutboundBody::streamed(body, self.snapshot.bounds.pace);
        record.say(|said| said.octets = body.counted());
        head.headers.insert(X_REQUEST_ID, record.id.clone());
        self.note(|noted| noted.fields = head.headers.clone());
        let asked = asked(api, inbound.path(), inbound.query(), &head.headers)?;
        let client = api.clients.get(asked.version).ok_or(Refusal::NoOperation(None))?;
        (known.client, known.life) = (Some(client), client.life.as_deref());
        known.pinned = asked.pinned;
        record.say(|said| said.client_version = Some(Arc::clone(&client.label)));
        if head.method == Method::OPTIONS && !fields::goes_on(&mut head.headers) {
            return Ok(no_content());
        }
        let named = route::operation(api, client, &asked, (head.method.as_str(), inbound.path()));
        let found = named.as_ref().ok().and_then(Option::as_ref);
        known.life = life::of(client, found);
        let tracked = found.map_or(&client.tracked, |named| &named.operation.tracked);
        let consumer = usage::consumer(tracked, self.peer, &head.headers);
        let fields = usage::fields(tracked, inbound.query(), &head.headers);
        known.used = Some((tracked, consumer, fields));
        life::check((api, client), found, self.house.now.get())?;
        let named = named?;
        self.note(|noted| noted.named(named.as_ref()));
        let token = named.as_ref().and_then(|one| links::token(one.operation, inbound.query()));
        let wanted = (named.as_ref(), token.as_ref());
        let serving = serving(api, (client, asked.version), wanted, (known, record));
        let serving = serving.map_err(|refusal| {
            let found = elsewhere(api, &asked, (head.method.as_str(), inbound.path()));
            refusal.found_elsewhere(found)
        })?;
        let opened = opened(api, &inbound, &head.headers, token)?;
        let inbound = opened.as_ref().unwrap_or(&inbound);
        known.prefer = Prefer::read(&head.headers);
        let found = Found { api, client, asked: &asked, named: named.as_ref(), serving };
        if self.trace.is_none() {
            body.tapped(|| drift::request(api, (named.as_ref(), asked.version), &head.headers));
        }
        let arrived = Arrived { head, body, inbound, trailing, upgrade };
        self.forward(&found, arrived, (known.prefer, record)).await
    }

    /// Has the request served, each side in its own version.
    async fn forward(
        &self,
        found: &Found<'a, '_, '_>,
        arrived: Arrived<'_>,
        (prefer, record): (Prefer, &mut Record),
    ) -> Result<Response<ReplyBody>, Refusal> {
        let Found { api, asked, named, serving, .. } = found;
        let (inbound, way) = (arrived.inbound, serving.way);
        let parameters = &parameters_read(serving, *named, inbound);
        let here = here(found, inbound, self.peer);
        // what is not converted is coded as the client and the backend agree
        let accepted = way.map(|_| pipe::accepted(&arrived.head.headers)).unwrap_or_default();
        let method = &arrived.head.method.clone();
        let (request, outbound, writing) = match (way, *named) {
            (Some(way), Some(named)) => {
                let (snapshot, held) = (self.snapshot, &self.house.held);
                let step = Step {
                    api,
                    asked,
                    named,
                    way,
                    parameters,
                    accepted: &accepted,
                    snapshot,
                    held,
                    prefer,
                    here,
                    trace: self.trace,
                };
                request::convert(&step, arrived, record).await?
            }
            _ => request::untouched(api, arrived),
        };
        if let Some(trace) = self.trace {
            trace.is_ready((request, outbound), writing.is_some());
            return Ok(no_content());
        }
        let selects = request.selects;
        let at = merge::At { api, group: serving.group, parameters, prefer, here };
        let response = match writing {
            None => self.send(at.group, request, outbound, record).await?,
            Some(writing) => Box::pin(self.merged(&at, (request, *writing), record)).await?,
        };
        let (client, bounds) = ((asked.version, &*found.client.label), &self.snapshot.bounds);
        let silence = record.silence.unwrap_or(bounds.silence);
        let ask = Ask {
            api,
            bounds,
            silence,
            method,
            client,
            way,
            accepted,
            parameters,
            selects,
            prefer,
            drift: drift::Answers::of(api, *named, (way, asked.version)),
            here,
        };
        let (mut response, lost, rest) = answer::answer(&ask, response).await?;
        record.lose(&lost);
        let telling = (api.loss_header, prefer);
        told::tell(&mut response.head.headers, telling, record.lost(), rest.as_ref());
        Ok(response)
    }
}

/// Finds who serves and notes it.
fn serving<'a>(
    api: &'a Api,
    (client, version): (&'a ClientVersion, usize),
    (named, token): (Option<&Named<'a, '_>>, Option<&Token<'_>>),
    facts: (&mut Known<'a>, &mut Record),
) -> Result<Serving<'a>, Refusal> {
    let (known, record) = facts;
    let (index, crossing) = if let Some(named) = named {
        record.say(|said| said.operation = Some(Arc::clone(&named.operation.label)));
        if record.spans.is_some() {
            record.operation = Some(Arc::clone(&named.operation.label));
        }
        let choice = match token {
            Some(token) => token.choice(api, version, named.operation)?,
            None => route::choice(api, named.operation)?,
        };
        known.meter = Some(&choice.meter);
        (choice.group, choice.crossing.as_deref())
    } else {
        known.meter = Some(&client.undeclared);
        let why = || format!("no backend of version {} is configured", client.label);
        (client.exact.ok_or_else(|| Refusal::NoBackend { why: why(), elsewhere: None })?, None)
    };
    let group = api.groups.get(index).ok_or(Refusal::Unreachable)?;
    known.group = Some(group);
    if let Some(version) = group.version.and_then(|version| api.clients.get(version)) {
        record.say(|said| said.backend_version = Some(Arc::clone(&version.label)));
    }
    let verdict = if crossing.is_some() { "bridged" } else { "native" };
    record.say(|said| said.verdict = verdict);
    Ok(Serving { group, way: crossing.zip(group.version) })
}

/// The request with its paging token as the backend gave it, where that came sealed.
fn opened(
    api: &Api,
    inbound: &Inbound,
    headers: &Fields,
    token: Option<Token<'_>>,
) -> Result<Option<Inbound>, Refusal> {
    let Some(query) = token.and_then(|token| token.opened) else { return Ok(None) };
    let signed = signature::is_signed(headers, inbound.query().unwrap_or_default());
    if signed && api.signatures == Signatures::Refuse {
        return Err(Refusal::RequestSigned("the request target".to_owned()));
    }
    inbound.with_query(&query).map(Some)
}

/// What is known of the links of an exchange with a backend of another version.
fn here<'h>(found: &Found<'h, '_, '_>, inbound: &'h Inbound, peer: &Peer) -> Option<Here<'h>> {
    let (_, backend) = found.serving.way?;
    let linking = found.client.links_to(backend)?;
    let authority = inbound.authority.to_str().ok()?;
    let operation = &found.named?.operation.label;
    Some(Here { linking, scheme: peer.scheme(), authority, operation })
}

/// The request's parameters, if any program may read them.
fn parameters_read(
    serving: &Serving<'_>,
    named: Option<&Named<'_, '_>>,
    inbound: &Inbound,
) -> Parameters {
    match (serving.way, named) {
        (Some((crossing, _)), Some(named)) if crossing.reads_outside() => {
            Parameters::read(&named.operation.template.names, &named.captures, inbound.query())
        }
        _ => Parameters::default(),
    }
}

fn no_content() -> Response<ReplyBody> {
    Response::new(StatusCode::NO_CONTENT, ReplyBody::empty())
}
