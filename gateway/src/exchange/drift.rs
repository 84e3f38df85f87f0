//! Which bodies are copied, to be held against the schemas of their senders' versions.

use std::sync::Arc;

use http::header::CONTENT_TYPE;

use super::pipe::{declared, plain};
use super::route::Named;
use crate::drift::{About, Message, Tap, Unpack, Watched};
use crate::snapshot::{Api, Crossing, CrossingBody};
use crate::wire::Fields;

/// What the answers of one exchange are held against.
#[derive(Clone, Copy)]
pub(super) struct Answers<'a> {
    watched: &'a Arc<Watched>,
    version: usize,
    operation: &'a Arc<str>,
}

impl<'a> Answers<'a> {
    /// Those of an exchange with a backend of this version, where they are watched.
    pub(super) fn of(
        api: &'a Api,
        named: Option<&'a Named<'a, '_>>,
        (way, client): (Option<(&'a Crossing, usize)>, usize),
    ) -> Option<Self> {
        let (watched, named) = (api.drift.as_ref()?, named?);
        let (operation, version) = match way {
            Some((crossing, backend)) => (&crossing.label, backend),
            None => (&named.operation.label, client),
        };
        Some(Self { watched, version, operation })
    }

    /// Copies this one, where it is one of those that are judged.
    pub(super) fn tap(&self, status: u16, headers: &Fields) -> Option<Tap> {
        let message = Message::Response(status);
        tap(self.watched, (self.version, self.operation), message, headers)
    }
}

/// Copies a request's body, where it is one of those that are judged.
pub(super) fn request(
    api: &Api,
    (named, version): (Option<&Named<'_, '_>>, usize),
    headers: &Fields,
) -> Option<Tap> {
    let watched = api.drift.as_ref()?;
    tap(watched, (version, &named?.operation.label), Message::Request, headers)
}

fn tap(
    watched: &Arc<Watched>,
    (version, operation): (usize, &Arc<str>),
    message: Message,
    headers: &Fields,
) -> Option<Tap> {
    if !watched.is_due() {
        return None;
    }
    let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // what nobody can decode nobody can judge
    let codings = declared(headers).ok()?;
    let unpack = (!codings.is_empty())
        .then(|| Unpack(Arc::new(move |bytes: &[u8], most| plain(&codings, bytes, most))));
    let operation = Arc::clone(operation);
    let essence = CrossingBody::essence_of(said);
    Some(watched.tap(About { version, operation, message, essence, unpack }))
}
