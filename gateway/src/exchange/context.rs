//! The context of a trace on its way through: passed on as it came, or not at all where it is not valid.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::otel::{Exporter, Spans};
use crate::telemetry::Trace;
use crate::wire::Fields;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Most members of a `tracestate`.
const MEMBERS: usize = 32;

/// The trace that a request belongs to. Both fields stay as they are where `traceparent` is valid: who records no span
/// is no parent (forwarding mode, W3C Trace Context §4.3). Where it is not, or there is more than one, both are
/// taken out, so that whoever comes next begins a trace instead of each reading another one.
pub(super) fn passed(headers: &mut Fields) -> Option<Trace> {
    let first = headers.get(TRACEPARENT)?;
    let alone = headers.get_all(TRACEPARENT).nth(1).is_none();
    let trace = Trace::read(first.as_bytes()).filter(|_| alone);
    if trace.is_none() {
        headers.remove(TRACEPARENT);
        headers.remove(TRACESTATE);
    }
    trace
}

/// What is recorded of an exchange: where its client records the trace, or begins none and this one is due.
pub(super) fn joined(exporter: &Arc<Exporter>, trace: Option<&Trace>) -> Option<Box<Spans>> {
    Spans::begin(exporter, trace.map(|trace| (trace.id, trace.parent, trace.is_sampled())))
}

/// Who takes part is the parent of what the backend records (participation mode): `traceparent` names this attempt.
/// A `tracestate` that is more than a list may have is left out (§3.3.1.1), as is one without a trace of its own.
pub(super) fn attempt(headers: &mut Fields, spans: &mut Spans, endpoint: &str) {
    let Ok(parent) = HeaderValue::try_from(spans.attempt(endpoint)) else { return };
    let states = headers.get_all(TRACESTATE).map(HeaderValue::as_bytes);
    let members: usize = states.map(|state| state.split(|byte| *byte == b',').count()).sum();
    if spans.parent.is_none() || members > MEMBERS {
        headers.remove(TRACESTATE);
    }
    headers.insert(TRACEPARENT, parent);
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{TRACEPARENT, TRACESTATE, passed};
    use crate::wire::Fields;

    const SOUND: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_context_passes_whole_or_not_at_all() {
        for (parents, passes) in [
            (&[SOUND][..], true),
            (&[], true),
            (&[SOUND, SOUND][..], false),
            (&["00-xyz"][..], false),
            (&[""][..], false),
        ] {
            let mut headers = Fields::new();
            for parent in parents {
                headers.append(TRACEPARENT, HeaderValue::from_static(parent));
            }
            headers.append(TRACESTATE, HeaderValue::from_static("a=1"));
            headers.append(TRACESTATE, HeaderValue::from_static("b=2"));
            let before = headers.clone();
            let trace = passed(&mut headers);
            assert_eq!(trace.is_some(), passes && !parents.is_empty(), "{parents:?}");
            let told = |fields: &Fields| format!("{fields:?}");
            if passes {
                assert_eq!(told(&headers), told(&before));
            } else {
                assert!(headers.is_empty(), "{parents:?}");
            }
        }
    }
}
