//! What changed between the versions that are compared, each change with its level and what proof says to it.

use std::collections::BTreeMap;

use evergate_schemas::changes::{Change, Direction, Level, Message, Piece, Policy, Proof};
use evergate_schemas::describe::model::{Api, Location};
use evergate_schemas::plan::Bridges;
use evergate_schemas::plan::bridge::{MessageBridge, PartKey};
use evergate_schemas::relate::verdict::Verdict;
use evergate_schemas::schema::Side;

use crate::policy::{self, Compat, Settings};
use crate::report::model::ChangeRow;
use crate::report::rows::change_row;

/// All changes between an older and a newer version, in the order of their operations. The level of each is the worst
/// over the asked directions, and a proof of the messages that it reaches takes one step off what is about payloads.
pub(super) fn changed(
    api: &Api,
    ((old, new), changes): ((usize, usize), &[Change]),
    bridges: &Bridges,
    settings: Settings,
) -> Vec<ChangeRow> {
    let (Some(before), Some(after)) = (api.versions.get(old), api.versions.get(new)) else {
        return Vec::new();
    };
    let directions: &[Direction] = match settings.compat {
        Compat::Backward => &[Direction::Backward],
        Compat::Forward => &[Direction::Forward],
        Compat::Full => &[Direction::Backward, Direction::Forward],
    };
    let policy = match settings.policy {
        policy::Policy::Lenient if !settings.strict => Policy::Lenient,
        policy::Policy::Standard if !settings.strict => Policy::Standard,
        _ => Policy::Strict,
    };
    let proofs: Vec<(Direction, Proofs<'_>)> = directions
        .iter()
        .map(|direction| (*direction, Proofs::new(api, (old, new), bridges, *direction)))
        .collect();
    let level = |change: &Change| {
        let each = proofs.iter().map(|(direction, proofs)| {
            change.level_proved(*direction, policy, &|message| proofs.of(message))
        });
        each.max().unwrap_or(Level::Safe)
    };
    let versions = (before.version.as_str(), after.version.as_str());
    changes.iter().map(|one| change_row(one, level(one), versions)).collect()
}

/// The verdicts of one pair of versions in one direction, by the operation's name in the newer version.
struct Proofs<'a> {
    messages: BTreeMap<(String, Option<Side>), Vec<&'a MessageBridge>>,
    documents: BTreeMap<&'a str, Verdict>,
}

impl<'a> Proofs<'a> {
    fn new(
        api: &Api,
        (old, new): (usize, usize),
        bridges: &'a Bridges,
        direction: Direction,
    ) -> Self {
        let upward = direction == Direction::Backward;
        let (client, backend) = if upward { (old, new) } else { (new, old) };
        let label = |version: usize, index: usize| {
            Some(api.versions.get(version)?.operations.get(index)?.label())
        };
        let mut messages: BTreeMap<_, Vec<&MessageBridge>> = BTreeMap::new();
        for bridge in bridges.operation(client, backend) {
            let newer = bridge.backend_operation.filter(|_| upward);
            let named = newer.and_then(|index| label(backend, index));
            let Some(name) = named.or_else(|| label(client, bridge.client_operation)) else {
                continue;
            };
            messages.entry((name.clone(), Some(Side::Request))).or_default().push(&bridge.request);
            messages.entry((name, Some(Side::Response))).or_default().extend(&bridge.responses);
        }
        let documents = bridges.document(client, backend).into_iter().flatten();
        let documents =
            documents.map(|(name, plan)| (name.as_str(), plan.judgement.verdict)).collect();
        Self { messages, documents }
    }

    /// What is proved of the message, or of the part of it that a change is in; the worst where several may be meant.
    fn of(&self, message: &Message) -> Option<Proof> {
        let worst = if message.side.is_some() {
            let all = self.messages.get(&(message.operation.clone(), message.side))?;
            let statuses = [message.old_status, message.new_status];
            let meant = |one: &&&MessageBridge| {
                message.side == Some(Side::Request) || statuses.contains(&one.status)
            };
            all.iter().filter(meant).map(|one| part(one, &message.piece)).max()?
        } else {
            *self.documents.get(message.operation.as_str())?
        };
        match worst {
            Verdict::Native => Some(Proof::Native),
            Verdict::Bridged | Verdict::Lossy => Some(Proof::Holds),
            Verdict::Undecided | Verdict::Broken => None,
        }
    }
}

/// The verdict on a part; on the whole message where the part was not judged by itself.
fn part(message: &MessageBridge, piece: &Piece) -> Verdict {
    let is = |key: &PartKey| match (piece, key) {
        (Piece::Body { old, new }, PartKey::Body(sent)) => {
            [old, new].contains(&&Some(sent.clone()))
        }
        (Piece::Parameter(location, name), PartKey::Parameter(other, own)) => {
            location == other && (name == own || *location == Location::Path)
        }
        _ => false,
    };
    let parts = message.parts.iter().filter(|part| is(&part.key));
    parts.map(|part| part.judgement.verdict).max().unwrap_or(message.verdict)
}
