//! Sending a request to one endpoint after the other until one takes it.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use smallvec::SmallVec;

use super::body;
use super::outbound;
use super::request::Outbound;
use super::walk::Visit;
use crate::refusal::Refusal;
use crate::snapshot::Group;
use crate::telemetry::Record;
use crate::upstream::{Endpoint, OutboundBody, SendFailure};

impl Visit<'_> {
    /// Sends to one endpoint after the other until one can be connected to. Only what was never sent is sent again.
    pub(super) async fn send(
        &self,
        group: &Group,
        request: Outbound,
        mut body: OutboundBody,
        record: &mut Record,
    ) -> Result<Response<Incoming>, Refusal> {
        let mut tried: SmallVec<[Arc<Endpoint>; 4]> = SmallVec::new();
        let most = group.len();
        let mut request = Some(request);
        while let Some(endpoint) = group.choose(&tried) {
            let last = tried.len() + 1 >= most;
            let one = if last { request.take() } else { request.clone() };
            let Some(Outbound { method, target, headers, .. }) = one else { break };
            let mut message = Request::new(body);
            *message.uri_mut() = outbound::uri(endpoint.authority(), target)?;
            *message.method_mut() = method;
            *message.headers_mut() = headers;
            endpoint.authority().as_str().clone_into(&mut record.endpoint);
            match self.snapshot.client.send(message).await {
                Ok(response) => {
                    endpoint.mark_up();
                    return Ok(response);
                }
                Err(SendFailure::Connect(unsent)) => {
                    endpoint.mark_down();
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
