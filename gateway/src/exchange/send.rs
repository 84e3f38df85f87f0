//! Sending a request to one endpoint after the other until one takes it.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use super::body;
use super::outbound;
use super::request::Outbound;
use super::walk::Visit;
use crate::refusal::Refusal;
use crate::snapshot::Group;
use crate::telemetry::Record;
use crate::upstream::{OutboundBody, Outcome, SendFailure, Tried};

impl Visit<'_> {
    /// Sends to one endpoint after the other until one can be connected to. Only what was never sent is sent again.
    pub(super) async fn send(
        &self,
        group: &Group,
        request: Outbound,
        mut body: OutboundBody,
        record: &mut Record,
    ) -> Result<Response<Incoming>, Refusal> {
        let mut tried = Tried::new();
        let most = group.len();
        let mut request = Some(request);
        while let Some(asked) = &request
            && let Some(chosen) = group.choose(&asked.headers, &tried)
        {
            let last = tried.len() + 1 >= most;
            let one = if last { request.take() } else { request.clone() };
            let Some(Outbound { method, target, headers, .. }) = one else { break };
            let endpoint = Arc::clone(chosen.seat.endpoint());
            let mut message = Request::new(body);
            *message.uri_mut() = outbound::uri(endpoint.authority(), target)?;
            *message.method_mut() = method;
            *message.headers_mut() = headers;
            let sent = self.snapshot.client.send(message).await;
            let outcome = match &sent {
                Ok(response) => Some(Outcome::Answered(response.status().as_u16())),
                Err(SendFailure::Connect(_)) => Some(Outcome::Refused),
                Err(SendFailure::Timeout | SendFailure::Broken(_)) => Some(Outcome::Failed),
                Err(SendFailure::Body(_)) => None,
            };
            if let Some(outcome) = outcome {
                chosen.report(outcome);
            }
            record.seat = Some(chosen.seat);
            match sent {
                Ok(response) => return Ok(response),
                Err(SendFailure::Connect(unsent)) => {
                    tried.push(endpoint);
                    let Some(unsent) = unsent else { break };
                    body = unsent;
                }
                Err(SendFailure::Timeout) => return Err(Refusal::BackendTimeout),
                Err(SendFailure::Body(fault)) => return Err(body::body_fault(fault)),
                Err(SendFailure::Broken(why)) => {
                    record.cause = why;
                    return Err(Refusal::BackendBroken("no complete answer came"));
                }
            }
        }
        Err(Refusal::Unreachable)
    }
}
