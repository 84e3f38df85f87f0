//! Webhooks and callbacks: the backend sends, the client reads and answers, and nothing stands between them.

use crate::describe::model::{
    Content, Description, Location, Operation, Parameter, Response, Status,
};
use crate::describe::pairing::outgoing_counterparts;
use crate::plan::bridge::{
    BodyPlan, Judgement, MessageBridge, OutgoingBridge, Part, PartKey, Policy,
};
use crate::plan::wire::Wire;
use crate::schema::Side;

use super::media::{Fit, matching};
use super::message::{Messages, by, ignored, message, shown, unchanged, unmet, unread, whole};
use super::parameter::headers;
use super::status::{is_error, response, singled_out};
use super::value;

/// One end of a message: the version and its operation.
type End<'a> = (usize, &'a Operation);

impl<'a> Messages<'_, 'a> {
    /// All webhooks and callbacks of the backend's version towards the client's. The sides are those of the way a
    /// message travels, so that `readOnly` members are in the request that the backend sends.
    pub(super) fn outgoing(
        &mut self,
        (client, reads): (usize, &'a Description),
        (backend, sends): (usize, &'a Description),
    ) -> Vec<OutgoingBridge> {
        let same = outgoing_counterparts(&sends.outgoing, &reads.outgoing);
        let mut found = Vec::new();
        for (at, (operation, there)) in sends.outgoing.iter().zip(same).enumerate() {
            let reader = there.and_then(|there| reads.outgoing.get(there));
            found.push(match reader {
                Some(reader) => {
                    let (sender, reader) = ((backend, operation), (client, reader));
                    OutgoingBridge {
                        backend_operation: at,
                        client_operation: there,
                        request: self.sent_out(sender, reader),
                        responses: self.answers(reader, sender),
                    }
                }
                None => undeclared(at, operation),
            });
        }
        found
    }

    fn sent_out(&mut self, sender: End<'a>, reader: End<'a>) -> MessageBridge {
        let ((_, sending), (_, reading)) = (sender, reader);
        let mut parts = self.parameters(sender, reader);
        let mut bodies = Vec::new();
        match (&sending.body, &reading.body) {
            (Some(sent), Some(read)) => {
                if read.required && !sent.required {
                    let said = "a request without a body is refused";
                    parts.push(whole("required", said, &sent.place));
                }
                for content in &sent.contents {
                    let ends = ((sender.0, content), (reader.0, read.contents.as_slice()));
                    match self.as_sent(Side::Response, ends) {
                        Some(judged) => take(judged, &mut parts, &mut bodies),
                        None => parts.push(unread(content)),
                    }
                }
            }
            (None, Some(read)) if read.required => {
                parts.push(whole("required", "the request has no body", &sending.place));
            }
            (Some(sent), None) => parts.extend(sent.contents.iter().map(ignored)),
            (None, _) => {}
        }
        message(None, parts, bodies, Vec::new())
    }

    /// Parameters and headers by place and name; what the client does not declare is ignored by it.
    fn parameters(&mut self, (from, sender): End<'a>, (to, reader): End<'a>) -> Vec<Part> {
        let mut parts = Vec::new();
        let places = [
            Location::Path,
            Location::Query,
            Location::Header,
            Location::Cookie,
            Location::QueryString,
        ];
        for location in places {
            let of = |operation: &'a Operation| -> Vec<&'a Parameter> {
                operation.parameters.iter().filter(|one| one.location == location).collect()
            };
            let ledger = &mut *self.ledger;
            let (sent, read) = (of(sender), of(reader));
            parts.extend(headers(&sent, &read, &mut |sent, read| {
                value::compared(ledger, Side::Response, (from, sent), (to, read))
            }));
        }
        parts
    }

    /// What the client answers, by each status that it declares.
    fn answers(&mut self, sender: End<'a>, reader: End<'a>) -> Vec<MessageBridge> {
        let mut found = Vec::new();
        for sent in &sender.1.responses {
            let more = singled_out(sender.1, sent.status, reader.1);
            for status in std::iter::once(sent.status).chain(more) {
                found.push(self.answer(sender, reader, (sent, status)));
            }
        }
        found
    }

    fn answer(
        &mut self,
        (from, sender): End<'a>,
        (to, reader): End<'a>,
        (sent, status): (&'a Response, Status),
    ) -> MessageBridge {
        let may_pass = is_error(status, sender);
        let Some(read) = response(reader, status) else {
            let part = if may_pass {
                let judgement = by(Policy::UndeclaredErrorPasses);
                shown(PartKey::Whole, judgement, (&sent.place, None))
            } else {
                let said = format!("the backend's version declares no status {status}");
                whole("status", &said, &sent.place)
            };
            return message(Some(status), vec![part], Vec::new(), Vec::new());
        };
        let ledger = &mut *self.ledger;
        let (theirs, ours): (Vec<_>, Vec<_>) =
            (sent.headers.iter().collect(), read.headers.iter().collect());
        let mut parts = headers(&theirs, &ours, &mut |sent, read| {
            value::compared(ledger, Side::Request, (from, sent), (to, read))
        });
        let (mut bodies, mut unknown) = (Vec::new(), Vec::new());
        for content in &sent.contents {
            let ends = ((from, content), (to, read.contents.as_slice()));
            match self.as_sent(Side::Request, ends) {
                Some(judged) => take(judged, &mut parts, &mut bodies),
                None => unknown.push(content),
            }
        }
        if read.contents.is_empty() {
            parts.extend(unknown.into_iter().map(ignored));
        } else {
            parts.extend(unmet(&unknown, (!bodies.is_empty(), may_pass), sent));
        }
        message(Some(status), parts, bodies, Vec::new())
    }

    /// A body as it is sent; `None` when the reader does not declare its media type. Nobody can rename it.
    fn as_sent(
        &mut self,
        side: Side,
        ((from, sent), (to, contents)): ((usize, &'a Content), (usize, &'a [Content])),
    ) -> Option<(Part, BodyPlan)> {
        let (read, fit) =
            matching(&sent.media_type, contents).filter(|(_, fit)| *fit != Fit::Renamed)?;
        let mut judgement: Judgement =
            value::as_it_is(self.ledger, side, ((from, sent), (to, read)));
        if fit == Fit::Narrowed {
            judgement.policies.push(Policy::RangeNarrowed);
        }
        let key = PartKey::Body(sent.media_type.clone());
        let part = shown(key, judgement.clone(), (&sent.place, Some(&read.place)));
        let media_type = sent.media_type.clone();
        Some((
            part,
            BodyPlan {
                media_type,
                written_as: None,
                wire: Wire::Document,
                plan: unchanged(judgement),
            },
        ))
    }
}

fn take((part, body): (Part, BodyPlan), parts: &mut Vec<Part>, bodies: &mut Vec<BodyPlan>) {
    parts.push(part);
    bodies.push(body);
}

fn undeclared(at: usize, operation: &Operation) -> OutgoingBridge {
    let judgement = by(Policy::UndeclaredOutgoingIgnored);
    let part = shown(PartKey::Whole, judgement, (&operation.place, None));
    let request = message(None, vec![part], Vec::new(), Vec::new());
    let responses = Vec::new();
    OutgoingBridge { backend_operation: at, client_operation: None, request, responses }
}
