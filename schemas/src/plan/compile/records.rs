//! Streams: which schema a record of a media type has, and the plans of events by their type.

use serde_json::Value;

use crate::describe::model::Content;
use crate::plan::bridge::{Judgement, Plan, Policy};
use crate::plan::image::Known;
use crate::plan::wire::{EventPlan, Framing, Wire};
use crate::relate::verdict::Verdict;
use crate::schema::{DEFS_PREFIX, Defs, Side};

use super::media::Frames;
use super::message::{Hop, Messages, by, lacking, unchanged};

/// References and unions on the way to the members of an event.
const DEPTH: usize = 12;

/// What the `data` of an event is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Data<'a> {
    /// A JSON text of this schema.
    Json(&'a Value),
    /// Plain text, or nothing.
    Text,
}

/// The events of a stream by type; no type for all others.
pub(super) type Events<'a> = Vec<(Option<&'a str>, Data<'a>)>;

/// What the schema of a stream says of its events. A schema of objects with `event` and `data` is one of events
/// (OpenAPI 3.2 §4.14.4), with the JSON of `data` under `contentSchema` or, as many write it, in `data` itself. Every
/// other schema is taken to be that of the JSON in `data`.
pub(super) fn events<'a>(content: &'a Content, defs: &'a Defs) -> Events<'a> {
    let mut found = Events::new();
    let root = Reading { defs, sequence: content.sequence };
    if root.collect(&content.root, None, 0, &mut found) && !found.is_empty() {
        return found;
    }
    vec![(None, Data::Json(&content.root))]
}

struct Reading<'a> {
    defs: &'a Defs,
    sequence: bool,
}

impl<'a> Reading<'a> {
    fn followed(&self, node: &'a Value) -> &'a Value {
        let mut at = node;
        for _ in 0..DEPTH {
            let reference = at.get("$ref").and_then(Value::as_str);
            let target = reference.and_then(|one| self.defs.0.get(one.strip_prefix(DEFS_PREFIX)?));
            let only = at.get("allOf").and_then(Value::as_array).filter(|all| all.len() == 1);
            match target.or_else(|| only.and_then(|all| all.first())) {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    /// Whether the node and all its branches are of events; `outer` is what stands around a branch.
    fn collect(
        &self,
        node: &'a Value,
        outer: Option<&'a Value>,
        depth: usize,
        found: &mut Events<'a>,
    ) -> bool {
        let node = self.followed(node);
        let branches = ["oneOf", "anyOf"].iter().find_map(|key| node.get(*key)?.as_array());
        if let Some(branches) = branches.filter(|_| depth < DEPTH) {
            let around = node.get("properties").and(Some(node)).or(outer);
            return branches.iter().all(|branch| self.collect(branch, around, depth + 1, found));
        }
        let member = |name: &str| {
            let of = |node: &'a Value| node.get("properties")?.get(name);
            of(node).or_else(|| of(outer?)).map(|one| self.followed(one))
        };
        let names = member("event").map(listed).unwrap_or_default();
        let Some(data) = member("data") else {
            // an event without data is one only where its type says so
            found.extend(names.iter().map(|name| (Some(*name), Data::Text)));
            return !names.is_empty();
        };
        if names.is_empty() && !self.sequence {
            return false;
        }
        let data = self.data(data);
        if names.is_empty() {
            found.push((None, data));
        }
        found.extend(names.into_iter().map(|name| (Some(name), data)));
        true
    }

    fn data(&self, node: &'a Value) -> Data<'a> {
        if let Some(inner) = node.get("contentSchema") {
            return Data::Json(inner);
        }
        let texts = node.get("type").is_some_and(|kind| kind == "string")
            || node.get("const").is_some_and(Value::is_string)
            || (self.sequence && node.get("type").is_none() && node.get("$ref").is_none());
        if texts { Data::Text } else { Data::Json(node) }
    }
}

fn listed(node: &Value) -> Vec<&str> {
    let only = node.get("const").into_iter();
    let several = node.get("enum").and_then(Value::as_array).into_iter().flatten();
    only.chain(several).filter_map(Value::as_str).collect()
}

impl<'a> Messages<'_, 'a> {
    /// The plan of a stream's records, and how they are framed.
    pub(super) fn records(
        &mut self,
        side: Side,
        hops: &[Hop<'a>],
        known: &Known,
        frames: Frames,
    ) -> (Plan, Wire) {
        let framing = match frames {
            Frames::Lines => Framing::Lines,
            Frames::Sequence => Framing::Sequence,
            Frames::Events => return self.events(side, hops, known),
        };
        (self.plan(Some(side), hops, known), Wire::Records(framing))
    }

    fn events(&mut self, side: Side, hops: &[Hop<'a>], known: &Known) -> (Plan, Wire) {
        let each =
            |hop: &Hop<'a>| self.ledger.defs(hop.version).map(|defs| events(hop.content, defs));
        let all: Vec<Events<'a>> = hops.iter().map(|hop| each(hop).unwrap_or_default()).collect();
        let (Some(sent), Some(read)) = (all.first(), all.last()) else {
            return (unchanged(Judgement::of(Verdict::Native)), Wire::Document);
        };
        // what the sender leaves open may be any of the types that the reader names
        let mut types: Vec<Option<&'a str>> = sent.iter().map(|(name, _)| *name).collect();
        if types.contains(&None) {
            let named = read.iter().map(|(name, _)| *name);
            let more: Vec<_> = named.filter(|name| !types.contains(name)).collect();
            types.extend(more);
        }
        types.sort_unstable();
        types.dedup();
        let mut plans = Vec::new();
        let mut judgements = Vec::new();
        for name in types {
            let of = |events: &Events<'a>| {
                let exact = events.iter().find(|(one, _)| *one == name);
                exact
                    .or_else(|| events.iter().find(|(one, _)| one.is_none()))
                    .map(|(_, data)| *data)
            };
            let (stages, judgement) = match (of(sent), of(read)) {
                (Some(Data::Json(_)), Some(Data::Json(_))) => {
                    let typed = |(hop, events): (&Hop<'a>, &Events<'a>)| match of(events)? {
                        Data::Json(root) => Some(Hop { root, ..*hop }),
                        Data::Text => None,
                    };
                    let hops: Vec<Hop<'a>> = hops.iter().zip(&all).filter_map(typed).collect();
                    let plan = self.plan(Some(side), &hops, known);
                    ((!plan.is_identity()).then_some(plan.stages), plan.judgement)
                }
                (Some(Data::Text), Some(Data::Text)) => (None, Judgement::of(Verdict::Native)),
                (_, None) => (None, by(Policy::UndeclaredIgnored)),
                _ => {
                    let said = "the data of an event is JSON on one side and text on the other";
                    (None, lacking("contentSchema", said))
                }
            };
            plans.push(EventPlan { event: name.map(str::to_owned), stages });
            judgements.push(judgement);
        }
        (unchanged(joined(judgements)), Wire::Records(Framing::Events(plans.into())))
    }
}

/// One judgement on several payloads of one body: the worst, with the steps and policies of all.
pub(super) fn joined(all: Vec<Judgement>) -> Judgement {
    let worst = all.iter().max_by_key(|one| one.verdict).cloned();
    let mut judgement = worst.unwrap_or_else(|| Judgement::of(Verdict::Native));
    judgement.total = all.iter().all(|one| one.total);
    judgement.hopeless = !all.is_empty() && all.iter().all(|one| one.hopeless);
    (judgement.steps, judgement.policies) = (Vec::new(), Vec::new());
    judgement.keepers.clear();
    for one in all {
        judgement.keepers.extend(one.keepers);
        for step in one.steps {
            if !judgement.steps.contains(&step) {
                judgement.steps.push(step);
            }
        }
        for policy in one.policies {
            if !judgement.policies.contains(&policy) {
                judgement.policies.push(policy);
            }
        }
        judgement.strict_witness = judgement.strict_witness.take().or(one.strict_witness);
    }
    judgement
}
