//! What a walk found, told as decisions with the lines they come from.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use serde_json::Value;

use super::model::{Explanation, Field, Lost, Sent, Step};
use super::secret;
use super::{choices, plans};
use crate::exchange::normal::host;
use crate::exchange::trace::{Noted, Ready};
use crate::exchange::walk::Known;
use crate::refusal::Refusal;
use crate::snapshot::{Api, Lines, Snapshot};
use crate::telemetry::Record;
use crate::wire::{Fields, RequestHead};

/// Everything that is known of a walk.
pub(super) struct Story<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) known: &'a Known<'a>,
    pub(super) noted: &'a Noted,
    /// The head as it came.
    pub(super) came: &'a RequestHead,
    pub(super) record: &'a Record,
}

impl Story<'_> {
    pub(super) fn told(&self, refusal: Option<&Refusal>, body: &Bytes) -> Explanation {
        let api = self.known.api;
        let group = self.known.group;
        let label = |version: usize| Some(api?.versions.labels().get(version)?.clone());
        let outcome = match (refusal, &self.noted.ready) {
            (Some(_), _) => "refused",
            (None, Some(_)) => "sent",
            (None, None) => "answered",
        };
        let document =
            refusal.and_then(|one| serde_json::from_slice::<Value>(&one.problem("")).ok());
        let mut told = Explanation {
            generation: self.snapshot.generation,
            digest: self.snapshot.digest.clone(),
            live: false,
            outcome: outcome.to_owned(),
            api: api.map(|api| api.name.to_string()),
            client_version: self.known.client.map(|client| client.label.to_string()),
            operation: self.noted.operation.as_ref().map(|(label, _)| label.to_string()),
            backend_version: group.and_then(|group| label(group.version?)),
            refusal: document,
            sent: self.noted.ready.as_ref().map(|ready| self.sent(ready, body)),
            lost: self.record.lost().iter().map(lost).collect(),
            steps: Vec::new(),
        };
        told.client_version = told.client_version.filter(|label| !label.is_empty());
        told.steps = self.steps(refusal, told.sent.as_ref());
        told
    }

    fn steps(&self, refusal: Option<&Refusal>, sent: Option<&Sent>) -> Vec<Step> {
        let mut steps = vec![self.target()];
        if self.noted.arrived.is_some() {
            steps.push(self.api());
        }
        if let Some(api) = self.known.api {
            steps.push(choices::version(self, api));
            if let Some(client) = self.known.client {
                steps.push(choices::operation(self, (api, client)));
                steps.extend(choices::candidates(self, (api, client)));
                steps.extend(
                    self.known.group.map(|group| choices::backend(self, (api, client, group))),
                );
                let crossing = choices::crossing(self, client);
                steps.extend(plans::request(self, api, crossing));
                steps.extend(sent.map(|sent| self.sending(sent)));
                steps.extend(plans::responses(self, api, crossing));
            }
        }
        steps.extend(refusal.map(|refusal| {
            let mut step =
                Step::new("refusal", format!("{} {}", refusal.status().as_u16(), refusal.code()));
            step.note(refusal.detail());
            step
        }));
        steps
    }

    /// Where the config has an api.
    pub(super) fn lines(&self, api: &Api) -> Lines {
        let at = self.snapshot.apis.iter().position(|one| std::ptr::eq(Arc::as_ptr(one), api));
        at.and_then(|at| self.snapshot.lines.get(at)).cloned().unwrap_or_default()
    }

    fn target(&self) -> Step {
        let came = self.came.uri.path_and_query().map_or("/", |target| target.as_str());
        let Some((authority, target)) = &self.noted.arrived else {
            return Step::new("target", format!("`{}` is not in normal form", secret::query(came)));
        };
        let mut step =
            Step::new("target", format!("{} {}", self.came.method, secret::query(target.as_str())));
        let text = authority.to_str().unwrap_or_default();
        let lower = host(text).to_ascii_lowercase();
        step.note(format!("the host is `{lower}`"));
        if lower != host(text) {
            step.note(format!(
                "`{}` was made lower case for routing; backends get it as it came",
                host(text)
            ));
        }
        if self.came.headers.get(HOST).is_some_and(|host| host != authority) {
            step.note("the target's own authority stands in for the Host");
        }
        step.note("the path is plain: no empty or dot segment, and escapes stay as they are");
        step
    }

    fn api(&self) -> Step {
        let Some((authority, target)) = &self.noted.arrived else { return Step::default() };
        let lower = host(authority.to_str().unwrap_or_default()).to_ascii_lowercase();
        let how = |api: &Api, rank: u8| {
            let hosts = match rank {
                2 => "the host by name".to_owned(),
                1 => format!("the host by {}", api.hosts.join(", ")),
                _ => "any host".to_owned(),
            };
            format!("{hosts}, paths under `{}/`", api.prefix)
        };
        let mut all: Vec<_> = self.snapshot.matching(&lower, target.path()).collect();
        all.sort_by_key(|(rank, api)| std::cmp::Reverse((*rank, api.prefix.len())));
        let Some(chosen) = self.known.api else {
            let mut step = Step::new("api", "no api takes this host and path");
            for api in self.snapshot.apis.iter().take(MOST) {
                let hosts =
                    if api.hosts.is_empty() { "any host".to_owned() } else { api.hosts.join(", ") };
                step.note_from(
                    format!("`{}` takes {hosts}, paths under `{}/`", api.name, api.prefix),
                    &self.lines(api).matching,
                );
            }
            return step;
        };
        let mut step = Step::new("api", &*chosen.name).from(&self.lines(chosen).api);
        for (rank, api) in all {
            let (name, how, spot) = (&api.name, how(api, rank), &self.lines(api).matching);
            if std::ptr::eq(Arc::as_ptr(api), chosen) {
                step.note_from(format!("it takes {how}"), spot);
            } else {
                step.note_from(
                    format!(
                        "`{name}` takes it too, by {how}; a host by name, then a longer path wins"
                    ),
                    spot,
                );
            }
        }
        step
    }

    /// The request as it goes on.
    fn sent(&self, ready: &Ready, body: &Bytes) -> Sent {
        let head = &ready.outbound.head;
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let text = std::str::from_utf8(body).ok().map(str::to_owned);
        Sent {
            method: head.method.to_string(),
            target: secret::query(target),
            fields: fields(&self.came.headers, (&head.headers, self.known.api)),
            body: text.filter(|text| !text.is_empty() && !ready.merges),
            octets: if ready.merges { 0 } else { body.len() },
        }
    }

    fn sending(&self, sent: &Sent) -> Step {
        let mut step = Step::new("sent", format!("{} {}", sent.method, sent.target));
        let gone: Vec<&str> = self
            .came
            .headers
            .names()
            .map(http::HeaderName::as_str)
            .filter(|name| !sent.fields.iter().any(|field| field.name == **name))
            .collect();
        for field in &sent.fields {
            let by = field.by_gateway.as_ref().map(|by| format!(" ({by})")).unwrap_or_default();
            step.note(format!("{}: {}{by}", field.name, field.value));
        }
        if !gone.is_empty() {
            step.note(format!("left out: {}", gone.join(", ")));
        }
        if self.noted.ready.as_ref().is_some_and(|ready| ready.merges) {
            step.note(
                "before that the backend's own document is read, and the write is merged into it",
            );
        }
        match &sent.body {
            Some(body) => step.note(format!("body of {} octets: {body}", sent.octets)),
            None if sent.octets > 0 => step.note(format!("body of {} octets", sent.octets)),
            None => {}
        }
        for one in self.record.lost().iter().map(lost) {
            step.note(format!(
                "lost {} times, by {}: {} at {}",
                one.times, one.rule, one.what, one.at
            ));
        }
        step
    }
}

/// Apis that are told where none fits.
const MOST: usize = 20;

/// The fields of a head, credentials hidden, with what the gateway did to each. What names a consumer is a credential.
fn fields(came: &Fields, (sent, api): (&Fields, Option<&Api>)) -> Vec<Field> {
    let consumer = |name: &str| {
        api.is_some_and(|api| api.selectors.iter().any(|one| {
            matches!(one, crate::snapshot::selector::Selector::Consumer(header) if header.as_str() == name)
        }))
    };
    sent.iter()
        .map(|(name, value)| {
            let hidden = secret::is_secret(name.as_str()) || consumer(name.as_str());
            let by = match came.get(name) {
                // a length that nobody said belongs to the question, not to the request
                _ if *name == CONTENT_LENGTH => None,
                None => Some("added"),
                Some(before) if before != value => Some("changed"),
                Some(_) => None,
            };
            let text = || String::from_utf8_lossy(value.as_bytes()).escape_default().to_string();
            Field {
                name: name.as_str().to_owned(),
                value: if hidden { secret::HIDDEN.to_owned() } else { text() },
                by_gateway: by.map(str::to_owned),
            }
        })
        .collect()
}

fn lost((loss, times): (&crate::snapshot::loss::Loss, u64)) -> Lost {
    Lost { rule: loss.rule.to_owned(), at: loss.at.clone(), what: loss.text.clone(), times }
}
