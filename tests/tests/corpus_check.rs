//! Verdicts on real descriptions: every break has a payload that shows it, little is left open, no fault hides others.

#![expect(clippy::indexing_slicing, reason = "a test may fall")]

use evergate_schemas::convert::{Converter, Limits as ConvertLimits};
use evergate_schemas::describe::model::{
    Api, Content, Description, Location, Operation, Parameter,
};
use evergate_schemas::describe::{Limits, find_apis, load_api};
use evergate_schemas::plan::bridge::{MessageBridge, Part, PartKey, Plan};
use evergate_schemas::plan::lens::declared;
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::{Bridges, Pairs};
use evergate_schemas::relate::verdict::{Verdict, Witness};
use evergate_schemas::relate::{Budget, Prover, close};
use evergate_schemas::sample::Validator;
use evergate_schemas::schema::{Role, Schema, Side};
use evergate_tests::corpus;

/// What was seen over all apis.
#[derive(Debug, Default)]
struct Tally {
    messages: usize,
    by_verdict: [usize; 5],
    witnesses: usize,
    faults: Vec<String>,
}

/// One message that travels from one version to another.
struct Way<'a> {
    name: String,
    side: Side,
    sender: (&'a Description, &'a Operation),
    reader: (&'a Description, &'a Operation),
}

impl Tally {
    fn message(&mut self, way: &Way<'_>, bridge: &MessageBridge) {
        self.messages += 1;
        self.count(bridge.verdict);
        let worst = bridge.parts.iter().map(|part| part.judgement.verdict).max();
        if worst.is_some_and(|worst| worst != bridge.verdict) {
            self.faults
                .push(format!("{}: {} is not the worst of its parts", way.name, bridge.verdict));
        }
        for part in &bridge.parts {
            let wrong = match part.judgement.verdict {
                Verdict::Broken => self.broken(way, bridge, part),
                Verdict::Undecided if part.judgement.undecided.is_none() => {
                    Some("is undecided and says no reason".to_owned())
                }
                _ => None,
            };
            self.faults.extend(wrong.map(|wrong| format!("{} {:?}: {wrong}", way.name, part.key)));
        }
    }

    fn count(&mut self, verdict: Verdict) {
        let order = [
            Verdict::Native,
            Verdict::Bridged,
            Verdict::Lossy,
            Verdict::Undecided,
            Verdict::Broken,
        ];
        for (count, one) in self.by_verdict.iter_mut().zip(order) {
            *count += usize::from(one == verdict);
        }
    }

    /// What is wrong with the evidence of a broken part.
    fn broken(&mut self, way: &Way<'_>, bridge: &MessageBridge, part: &Part) -> Option<String> {
        if part.key == PartKey::Whole {
            // Something is missing as a whole; no payload could show it.
            return None;
        }
        let Some(witness) = &part.judgement.witness else {
            return Some("is broken and shows no payload".to_owned());
        };
        if let PartKey::Parameter(location, name) = &part.key
            && witness.keyword == "required"
        {
            self.witnesses += 1;
            return absence(way, bridge, (*location, name));
        }
        let (sender, reader) = schemas(way, bridge, &part.key)?;
        self.witnesses += 1;
        if matches!(witness.keyword.as_str(), "style" | "allowEmptyValue") {
            // The break is in how the value is written, which no schema says.
            return None;
        }
        confirm(witness, &sender, &reader, plan(bridge, &part.key))
    }
}

/// What is wrong with a break by absence: the sender may leave the parameter out, and the reader wants it.
fn absence(way: &Way<'_>, bridge: &MessageBridge, named: (Location, &str)) -> Option<String> {
    let must = |operation| {
        let mut all = parameters(operation, bridge).into_iter().flatten();
        all.any(|one| (one.location, one.name.as_str()) == named && one.required)
    };
    match (must(way.sender.1), must(way.reader.1)) {
        (false, true) => None,
        (true, _) => Some("the sender never leaves it out".to_owned()),
        (false, false) => Some("the reader does not want it".to_owned()),
    }
}

/// The plan of a part, where it has one.
fn plan<'a>(bridge: &'a MessageBridge, key: &PartKey) -> Option<&'a Plan> {
    let PartKey::Body(media_type) = key else { return None };
    bridge.bodies.iter().find(|body| body.media_type == *media_type).map(|body| &body.plan)
}

/// What is wrong with a witness: the sender must allow it, and the reader must refuse what becomes of it.
fn confirm(
    witness: &Witness,
    sender: &Schema,
    reader: &Schema,
    plan: Option<&Plan>,
) -> Option<String> {
    let sender = Validator::new(&close(sender)).ok()?;
    let reader = Validator::new(reader).ok()?;
    if !sender.is_valid(&witness.payload) {
        return Some(format!("the sender never sends {}", witness.payload));
    }
    match &witness.received {
        Some(received) if reader.is_valid(received) => Some(format!("the reader takes {received}")),
        Some(_) => None,
        None => {
            let mut converter =
                Converter::new(&plan?.stages, ConvertLimits::default(), Values::default().into());
            let mut out = Vec::new();
            let text = witness.payload.to_string();
            let refused = converter.push(text.as_bytes(), &mut out).is_err()
                || converter.finish(&mut out).is_err();
            (!refused).then(|| format!("the plan does not refuse {}", witness.payload))
        }
    }
}

/// The schemas of a part at both ends; `None` where one end lacks it.
fn schemas(way: &Way<'_>, bridge: &MessageBridge, key: &PartKey) -> Option<(Schema, Schema)> {
    let (sender, reader) = match key {
        PartKey::Body(media_type) => {
            let body = bridge.bodies.iter().find(|body| body.media_type == *media_type)?;
            let read_as = body.written_as.as_ref().unwrap_or(media_type);
            let sent =
                contents(way.sender.1, bridge)?.iter().find(|one| one.media_type == *media_type)?;
            let read =
                contents(way.reader.1, bridge)?.iter().find(|one| one.media_type == *read_as)?;
            (&sent.root, &read.root)
        }
        PartKey::Parameter(location, name) => {
            // Path parameters match by position, so that their names need not be the same.
            if *location == Location::Path {
                return None;
            }
            let named = |one: &&Parameter| one.location == *location && one.name == *name;
            let sent = parameters(way.sender.1, bridge)?.iter().find(named)?;
            let read = parameters(way.reader.1, bridge)?.iter().find(named)?;
            (&sent.root, &read.root)
        }
        PartKey::Whole => return None,
    };
    let sent = way.sender.0.schema(sender, way.side, Role::Sender);
    Some((sent, way.reader.0.schema(reader, way.side, Role::Reader)))
}

fn contents<'a>(operation: &'a Operation, bridge: &MessageBridge) -> Option<&'a [Content]> {
    match bridge.status {
        None => operation.body.as_ref().map(|body| body.contents.as_slice()),
        Some(status) => {
            let same = operation.responses.iter().find(|response| response.status == status)?;
            Some(&same.contents)
        }
    }
}

fn parameters<'a>(operation: &'a Operation, bridge: &MessageBridge) -> Option<&'a [Parameter]> {
    match bridge.status {
        None => Some(&operation.parameters),
        Some(status) => {
            let same = operation.responses.iter().find(|response| response.status == status)?;
            Some(&same.headers)
        }
    }
}

/// Judges all neighbouring versions of an api, both ways.
fn judge(api: &Api, tally: &mut Tally) {
    let (changes, problems) = declared(api);
    tally.faults.extend(problems.iter().map(ToString::to_string));
    let bridges =
        Bridges::compile(api, &changes, Pairs::Adjacent, &mut Prover::new(Budget::default()));
    for old in 0..api.versions.len().saturating_sub(1) {
        for (client, backend) in [(old, old + 1), (old + 1, old)] {
            pair(api, &bridges, (client, backend), tally);
        }
    }
}

fn pair(api: &Api, bridges: &Bridges, (client, backend): (usize, usize), tally: &mut Tally) {
    let (from, to) = (&*api.versions[client], &*api.versions[backend]);
    for (name, plan) in bridges.document(client, backend).into_iter().flatten() {
        let (Some(sent), Some(read)) = (from.documents.get(name), to.documents.get(name)) else {
            continue;
        };
        tally.messages += 1;
        tally.count(plan.judgement.verdict);
        if plan.judgement.verdict == Verdict::Broken {
            let (sent, read) = (from.plain(&sent.root), to.plain(&read.root));
            let wrong = match &plan.judgement.witness {
                Some(witness) => confirm(witness, &sent, &read, Some(plan)),
                None => Some("is broken and shows no payload".to_owned()),
            };
            tally.witnesses += usize::from(wrong.is_none());
            let name = format!("{} {} for {}, {name}", api.name, from.version, to.version);
            tally.faults.extend(wrong.map(|wrong| format!("{name}: {wrong}")));
        }
    }
    for bridge in bridges.operation(client, backend) {
        let of = &from.operations[bridge.client_operation];
        let Some(by) = bridge.backend_operation.map(|index| &to.operations[index]) else {
            continue;
        };
        let name = format!("{} {} for {}, {}", api.name, from.version, to.version, of.key);
        let request = Way {
            name: format!("{name}, request"),
            side: Side::Request,
            sender: (from, of),
            reader: (to, by),
        };
        tally.message(&request, &bridge.request);
        for response in &bridge.responses {
            let status = response.status.map(|status| status.to_string()).unwrap_or_default();
            let way = Way {
                name: format!("{name}, response {status}"),
                side: Side::Response,
                sender: (to, by),
                reader: (from, of),
            };
            tally.message(&way, response);
        }
    }
}

#[test]
fn every_break_is_shown_and_little_is_left_open() {
    let folders = find_apis(&corpus::folder());
    assert!(folders.len() >= 6, "{} apis", folders.len());
    let mut whole = Tally::default();
    for folder in folders {
        let api = load_api(&folder, &Limits::default()).unwrap_or_else(|why| panic!("{why:?}"));
        let mut tally = Tally::default();
        judge(&api, &mut tally);
        println!("{}: {} messages, {:?}", api.name, tally.messages, tally.by_verdict);
        whole.messages += tally.messages;
        whole.witnesses += tally.witnesses;
        whole.faults.extend(tally.faults);
        for (sum, count) in whole.by_verdict.iter_mut().zip(tally.by_verdict) {
            *sum += count;
        }
    }
    println!(
        "{} messages, native to broken {:?}, {} witnesses confirmed, {} faults",
        whole.messages,
        whole.by_verdict,
        whole.witnesses,
        whole.faults.len()
    );
    assert!(whole.faults.is_empty(), "{}", whole.faults[..whole.faults.len().min(40)].join("\n"));
    assert!(whole.messages > 100, "{} messages", whole.messages);
    assert!(whole.witnesses > 0, "no break at all was looked at");
    let undecided = whole.by_verdict[3];
    assert!(undecided * 10 < whole.messages, "{undecided} of {} are undecided", whole.messages);
}
