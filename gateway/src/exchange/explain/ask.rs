//! The walk of a request that is only asked about.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;

use super::answer::Story;
use super::model::Explanation;
use super::question::{Question, Wrong};
use crate::exchange::trace::{Noted, Ready, Trace};
use crate::exchange::walk::{House, Known, Visit};
use crate::snapshot::Snapshot;
use crate::telemetry::Record;
use crate::wire::Incoming;

/// Most octets of a request body that is asked about.
const BODY: usize = 4 << 20;

/// What would become of a request, by the very walk that serves, with nothing sent and nothing counted.
///
/// # Errors
/// When the question is no request.
pub async fn explain(snapshot: Arc<Snapshot>, question: &Question) -> Result<Explanation, Wrong> {
    let (head, body, peer) = question.read()?;
    if body.as_ref().is_some_and(|body| body.len() > BODY) {
        return Err(Wrong(format!("the body has more than {BODY} octets; ask with a smaller one")));
    }
    let came = head.clone();
    let house = House::aside(&snapshot);
    let trace = Trace::default();
    let visit = Visit { house: &house, peer: &peer, snapshot: &snapshot, trace: Some(&trace) };
    let id = HeaderValue::from_static("00000000-0");
    let mut record = Record::new((id, head.method.clone()), snapshot.generation, None).idle();
    let mut known = Known::default();
    let incoming = body.map_or(Incoming::Empty, Incoming::Given);
    let refusal = visit.walk((&mut known, &mut record), head, incoming).await.err();
    let mut noted = trace.take();
    let body = sent(&mut noted).await;
    let story =
        Story { snapshot: &snapshot, known: &known, noted: &noted, came: &came, record: &record };
    Ok(story.told(refusal.as_ref(), &body))
}

/// The body as it would be sent.
async fn sent(noted: &mut Noted) -> Bytes {
    let Some(Ready { body, .. }) = &mut noted.ready else { return Bytes::new() };
    let mut all = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        all.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
    }
    all.into()
}
