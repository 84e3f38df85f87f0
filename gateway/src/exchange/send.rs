//! Sending a request to one endpoint after the other until one answers, and never twice what may be done only once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::HeaderValue;

use super::request::Outbound;
use super::walk::Visit;
use super::{body, context};
use crate::refusal::{FullOf, Refusal};
use crate::snapshot::Group;
use crate::telemetry::Record;
use crate::upstream::{
    Again, Beside, Chosen, Endpoint, Goal, Limit, OutboundBody, Outcome, Pool, Reach, SendFailure,
    Tried, may_repeat,
};
use crate::wire::{Incoming, RequestHead, Response};

/// A request on its way from endpoint to endpoint.
struct Going<'a> {
    group: &'a Group,
    head: RequestHead,
    /// Endpoints that are not asked again.
    tried: Tried,
    /// How often it was sent, to whatever end.
    attempts: u32,
    /// What there is to say where nobody can be sent to.
    none: Refusal,
    /// Chosen for the next attempt already.
    next: Option<Chosen<'a>>,
    /// The protocol that the connection may switch to.
    upgrade: Option<HeaderValue>,
    /// The client hears of interim answers.
    hears: bool,
}

/// What an attempt came to.
enum Attempt {
    /// An answer, or what there is to say instead.
    Over(Result<Response<Incoming>, Refusal>),
    /// Nothing was sent; the body, to be sent elsewhere.
    Unsent(OutboundBody),
    /// It may be sent again, elsewhere where there is another endpoint; else this is the answer.
    Again(Again, Result<Response<Incoming>, Refusal>),
}

impl Visit<'_> {
    /// Sends until an endpoint answers, or no other may be asked.
    ///
    /// What was never sent is sent to the next endpoint, whatever it is. What was sent goes to another one only if it may
    /// be done twice, the backend's budget of retries allows it and there is time left.
    pub(super) async fn send(
        &self,
        group: &Group,
        mut request: Outbound,
        body: OutboundBody,
        record: &mut Record,
    ) -> Result<Response<Incoming>, Refusal> {
        let (upgrade, hears) = (request.upgrade.take(), request.hears);
        let mut going = Going {
            group,
            head: request.head,
            tried: Tried::new(),
            attempts: 0,
            none: Refusal::Unreachable,
            next: None,
            upgrade,
            hears,
        };
        let (mut body, mut why) = (Some(body), None);
        while let Some(chosen) = going.choose() {
            let Some(own) = body.take() else { break };
            let pool = chosen.pool;
            match why {
                None => pool.earn(),
                Some(why) => pool.meter().again(why),
            }
            let repeats = may_repeat(&going.head, pool.policy().keyed)
                && going.attempts + 1 < pool.policy().retries.attempts;
            let own = if repeats { self.house.client.remembered(own) } else { own };
            let again = if repeats { own.again() } else { None };
            let begun = record.is_said().then(Instant::now);
            let came = self.attempt(&mut going, (chosen, own, again.is_some()), record).await;
            record.spans.iter_mut().for_each(|spans| spans.attempted());
            record
                .say(|said| said.waited += begun.map(|begun| begun.elapsed()).unwrap_or_default());
            match came {
                Attempt::Over(end) => return end,
                Attempt::Unsent(unsent) => {
                    (body, why) = (Some(unsent), Some(Again::Unsent));
                }
                // more of its body came than is remembered
                Attempt::Again(_, end) if !again.as_ref().is_some_and(OutboundBody::is_whole) => {
                    return end;
                }
                Attempt::Again(reason, end) => {
                    let Some(pause) = going.pause((pool, reason), record) else { return end };
                    drop(end);
                    tokio::time::sleep(pause).await;
                    (body, why) = (again, Some(reason));
                }
            }
        }
        let Some(full) = group.full() else { return Err(going.none) };
        full.meter().limited(Limit::Requests);
        Err(Refusal::BackendFull(FullOf::Requests))
    }

    /// Sends once.
    async fn attempt(
        &self,
        going: &mut Going<'_>,
        (chosen, body, repeats): (Chosen<'_>, OutboundBody, bool),
        record: &mut Record,
    ) -> Attempt {
        let Chosen { pool, seat, started } = chosen;
        record.seat = Some(seat);
        let lasted = || record.started.elapsed();
        let Some(settings) = pool.times().within(&self.snapshot.client, lasted) else {
            return Attempt::Over(Err(Refusal::RequestTimeout));
        };
        going.attempts += 1;
        record.sent += 1;
        going.traced(record);
        record.silence = Some(pool.times().silence);
        let Some(endpoint) = record.endpoint() else {
            return Attempt::Over(Err(Refusal::Unreachable));
        };
        let client = self.peer.client.as_deref().filter(|_| going.hears);
        let beside = Beside { upgrade: going.upgrade.as_ref(), client };
        let goal = Goal { beside, ..pool.goal(endpoint) };
        let sent = self.house.client.send(&goal, (&going.head, body), &settings).await;
        let note = |outcome| pool.note(endpoint, outcome, started);
        match sent {
            Ok(response) => {
                let status = response.head.status.as_u16();
                note(Outcome::Answered(status));
                if repeats && pool.policy().retries.statuses.contains(&status) {
                    going.tried.push(Arc::clone(endpoint));
                    return Attempt::Again(Again::Status, Ok(response));
                }
                Attempt::Over(Ok(response))
            }
            Err(SendFailure::Connect(unsent)) => {
                note(Outcome::Refused);
                going.passes(endpoint, Refusal::Unreachable, unsent)
            }
            Err(SendFailure::ConnectTimeout(unsent)) => {
                note(Outcome::Refused);
                going.passes(endpoint, Refusal::ConnectTimeout, unsent)
            }
            Err(SendFailure::Full(unsent)) => {
                pool.meter().limited(Limit::Pending);
                going.passes(endpoint, Refusal::BackendFull(FullOf::Pending), unsent)
            }
            Err(SendFailure::Untrusted(unsent, why)) => {
                note(Outcome::Refused);
                let passed = going.passes(endpoint, Refusal::Untrusted, unsent);
                record.cause = why;
                passed
            }
            Err(SendFailure::Unanswered) => {
                note(Outcome::Failed);
                going.tried.push(Arc::clone(endpoint));
                "the connection ended before an answer".clone_into(&mut record.cause);
                let end = Err(Refusal::BackendBroken("no complete answer came"));
                if repeats { Attempt::Again(Again::Lost, end) } else { Attempt::Over(end) }
            }
            Err(SendFailure::Timeout) => {
                note(Outcome::Failed);
                let own = settings.answer == pool.times().answer;
                let end = if own { Refusal::BackendTimeout } else { Refusal::RequestTimeout };
                Attempt::Over(Err(end))
            }
            Err(SendFailure::Body(fault)) => Attempt::Over(Err(body::body_fault(fault))),
            Err(SendFailure::Broken(why)) => {
                note(Outcome::Failed);
                going.tried.push(Arc::clone(endpoint));
                record.cause = why;
                let end = Err(Refusal::BackendBroken("no complete answer came"));
                if repeats { Attempt::Again(Again::Lost, end) } else { Attempt::Over(end) }
            }
        }
    }
}

impl<'a> Going<'a> {
    fn choose(&mut self) -> Option<Chosen<'a>> {
        let next = self.next.take();
        next.or_else(|| self.group.choose(&self.head.headers, &self.tried, Reach::Any))
    }

    /// Begins a span for this attempt, where the exchange has spans.
    fn traced(&mut self, record: &mut Record) {
        if let Some((mut spans, seat)) = record.spans.take().zip(record.seat.as_ref()) {
            let endpoint = seat.endpoint().authority().as_str();
            context::attempt(&mut self.head.headers, &mut spans, endpoint);
            record.spans = Some(spans);
        }
    }

    /// Nothing was sent to an endpoint, and this is to be said if nobody else can be sent to.
    fn passes(&mut self, endpoint: &Arc<Endpoint>, none: Refusal, unsent: OutboundBody) -> Attempt {
        self.attempts -= 1;
        self.none = none;
        self.tried.push(Arc::clone(endpoint));
        Attempt::Unsent(unsent)
    }

    /// The pause before it is sent again, if there is somebody to send it to and that is allowed.
    fn pause(&mut self, (pool, why): (&Pool, Again), record: &Record) -> Option<Duration> {
        let pause = pool.backoff(self.attempts);
        if record.started.elapsed().saturating_add(pause) >= pool.times().request {
            return None;
        }
        self.next = self.group.choose(&self.head.headers, &self.tried, Reach::Well);
        if self.next.is_none() && why == Again::Lost {
            // a connection may end for reasons of its own; a status is what the endpoint had to say
            self.next = self.group.choose(&self.head.headers, &[], Reach::Any);
        }
        (self.next.is_some() && pool.spend()).then_some(pause)
    }
}
