//! Requests whose parameters move into the body or out of it (L19): the body and those parameters are one object, so
//! that a move between them is a move like any other (L2), in the plan, in its proof and over several versions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::describe::model::{Content, Operation, Parameter};
use crate::plan::bridge::{BodyPlan, Judgement, Part, PartKey, Plan, Policy};
use crate::plan::image::Known;
use crate::plan::lens::{
    Direction, Entry, For, OnRange, OnUnknown, Rules, Scope, Target, VersionChanges,
};
use crate::plan::program::Program;
use crate::plan::shape::shape;
use crate::plan::style::{Form, capacity, delimiters_delimit};
use crate::plan::wire::{BODY, Beside, ComposedWire, Wire};
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::schema::{Role, Schema, Side};

use super::flow::{Bodily, Moved, Told};
use super::ledger::{Ledger, Reading, SchemaId, Step};
use super::media::{Fit, Syntax, matching, syntax, written_as};
use super::message::{Messages, media_met, shown, unread, whole};
use super::parameter::{Outward, part, undecided};
use super::restyle::{carried, closed, wired};
use super::value::asked;
use super::wire;

const SIDE: Side = Side::Request;

/// An operation in the versions from the sender's to the reader's.
type Route<'a> = [(usize, &'a Operation)];

/// What becomes of the body of a composed request.
#[derive(Debug, Default)]
pub(super) struct Composed {
    pub(super) parts: Vec<Part>,
    pub(super) bodies: Vec<BodyPlan>,
    pub(super) bare: Option<BodyPlan>,
}

/// A request that is composed.
pub(super) struct Request<'r, 'a> {
    pub(super) route: &'r Route<'a>,
    pub(super) bodily: &'r Bodily<'a>,
    pub(super) outward: &'r [Outward<'a>],
    pub(super) known: &'r Known,
    /// The parameters that are members of it.
    pub(super) keys: BTreeSet<&'r str>,
    /// The body is one too.
    pub(super) body: bool,
}

/// The body in each version of the route; `None` where that has none.
type Contents<'a> = Vec<Option<&'a Content>>;

impl<'a> Request<'_, 'a> {
    /// What the body of a media type is in each version; `None` when the reader has a body, but none of that type.
    fn contents(&self, sent: Option<&'a Content>, media_type: &str) -> Option<(Contents<'a>, Fit)> {
        let mut found = vec![sent];
        let mut fit = Fit::Declared;
        for (_, operation) in self.route.iter().skip(1) {
            let met = operation.body.as_ref().map(|body| matching(media_type, &body.contents));
            let met = match met {
                Some(Some((content, met))) if is_json(content) => {
                    fit = met;
                    Some(content)
                }
                Some(_) => return None,
                None => None,
            };
            found.push(met);
        }
        Some((found, fit))
    }

    /// Whether a request without a body is taken for one with an empty object.
    fn makes(&self) -> bool {
        let has = |(_, one): &(usize, &'a Operation)| one.body.is_some();
        let must =
            |(_, one): &(usize, &'a Operation)| one.body.as_ref().is_some_and(|body| body.required);
        !self.route.first().is_some_and(has) && self.route.iter().skip(1).any(must)
    }
}

/// The schemas of a composed request in one version.
struct Pieces {
    members: Map<String, Value>,
    required: Vec<String>,
    whole: Schema,
}

impl Pieces {
    fn schema(self) -> Schema {
        let root = json!({
            "type": "object",
            "properties": self.members,
            "required": self.required,
            "additionalProperties": false,
        });
        self.whole.at(root)
    }
}

impl<'a> Messages<'_, 'a> {
    /// The plans of a composed request.
    pub(super) fn composed(&mut self, request: &Request<'_, 'a>) -> Composed {
        let mut composed = Composed::default();
        let (Some((_, sender)), Some((_, reader))) = (request.route.first(), request.route.last())
        else {
            return composed;
        };
        let wire = match self.wire(request, (sender, reader)) {
            Ok(wire) => Wire::Composed(Arc::new(wire)),
            Err((why, place)) => {
                let judgement = Judgement { total: false, ..undecided(&why) };
                composed.parts.push(shown(PartKey::Whole, judgement, (place, None)));
                return composed;
            }
        };
        let sent = sender.body.as_ref().map_or(&[][..], |body| body.contents.as_slice());
        for content in sent {
            let contents = request.contents(Some(content), &content.media_type);
            match contents.filter(|_| is_json(content)) {
                Some(found) => {
                    let body = self.composed_body(request, &found, &wire, &mut composed.parts);
                    composed.bodies.push(body);
                }
                None => composed.parts.push(unread(content)),
            }
        }
        if sender.body.as_ref().is_some_and(|body| body.required) {
            composed.bare = composed.bodies.first().cloned();
            return composed;
        }
        // a body that is not there is of the type that the nearest version with one declares
        let types = request.route.iter().filter_map(|(_, one)| {
            one.body.as_ref()?.contents.iter().find(|content| is_json(content))
        });
        let first = sent.iter().find(|content| is_json(content));
        let media_type = types.map(|content| content.media_type.as_str()).next().unwrap_or("*/*");
        if let Some(found) = request.contents(first, media_type) {
            // with a body that may be left out it is the plan that is told already
            let mut told = Vec::new();
            let body = self.composed_body(request, &found, &wire, &mut told);
            if first.is_none() {
                composed.parts.append(&mut told);
            }
            composed.bare = Some(body);
        } else {
            let said = "no body of a JSON type can be made";
            composed.parts.push(whole("content", said, &sender.place));
        }
        composed
    }

    /// The plan of a parameter that is the only member, as it goes by a policy.
    pub(super) fn alone(&mut self, request: &Request<'_, 'a>) -> (Option<BodyPlan>, Option<Part>) {
        let (Some((_, sender)), Some((_, reader))) = (request.route.first(), request.route.last())
        else {
            return (None, None);
        };
        let sent = request.bodily.inward.iter().find(|one| request.keys.contains(&*one.0));
        let Some((key, sent, _)) = sent else { return (None, None) };
        let read = request.outward.iter().find(|one| one.key == *key).map(|one| one.parameter);
        let (plan, judgement) = match self.wire(request, (sender, reader)) {
            Ok(wire) => {
                let wire = Wire::Composed(Arc::new(wire));
                let contents = vec![None; request.route.len()];
                let (plan, mut judgement) = self.composed_plan(request, &contents, &wire);
                unwrapped(&mut judgement, key);
                let (media_type, written_as) = (String::new(), None);
                (Some(BodyPlan { media_type, written_as, wire, plan }), judgement)
            }
            Err((why, _)) => (None, Judgement { total: false, ..undecided(&why) }),
        };
        (plan, Some(part(sent, read, judgement)))
    }

    /// The plan for the contents of each version.
    fn composed_body(
        &mut self,
        request: &Request<'_, 'a>,
        (contents, fit): &(Contents<'a>, Fit),
        wire: &Wire,
        parts: &mut Vec<Part>,
    ) -> BodyPlan {
        let (plan, judgement) = self.composed_plan(request, contents, wire);
        let mut plan = Plan { judgement, ..plan };
        let sent = contents.first().copied().flatten();
        let read = contents.last().copied().flatten();
        if let (Some(sent), Some(read)) = (sent, read) {
            media_met(&mut plan.judgement, (sent, read), *fit);
        }
        let made = || {
            let known = |read: &&Content| !read.media_type.contains('*');
            read.filter(known).map_or("application/json", |read| read.media_type.as_str())
        };
        let (media_type, written_as) = match sent {
            Some(sent) => {
                let written = read.and_then(|read| written_as(&sent.media_type, &read.media_type));
                (sent.media_type.clone(), written)
            }
            None => (made().to_owned(), read.map(|_| made().to_owned())),
        };
        let operation = |one: Option<&(usize, &'a Operation)>| one.map(|(_, one)| &one.place);
        if let Some(place) = operation(request.route.first()) {
            let places = (place, operation(request.route.last()));
            parts.push(shown(PartKey::Whole, plan.judgement.clone(), places));
        }
        BodyPlan { media_type, written_as, wire: wire.clone(), plan }
    }

    fn composed_plan(
        &mut self,
        request: &Request<'_, 'a>,
        contents: &Contents<'a>,
        wire: &Wire,
    ) -> (Plan, Judgement) {
        let mut chain = Vec::new();
        for (at, moves) in request.bodily.moves.iter().enumerate() {
            let (Some(from), Some(to)) = (request.route.get(at), request.route.get(at + 1)) else {
                continue;
            };
            let up = to.0 > from.0;
            let (old, new) = if up { (from, to) } else { (to, from) };
            let told = request.bodily.policies.get(at).map_or(&[][..], Vec::as_slice);
            let told: Vec<&Told> =
                told.iter().filter(|one| request.keys.contains(&*one.key)).collect();
            let moves = if request.body { moves.as_slice() } else { &[] };
            let declared = declared(self.ledger.changes(new.0), (old.1, new.1), (moves, &told));
            let changes = self.ledger.composed_changes(declared);
            let step = Step {
                sender: self.composite(request, contents, (at, Role::Sender), &[]),
                reader: self.composite(request, contents, (at + 1, Role::Reader), &[]),
                direction: if up { Direction::Up } else { Direction::Down },
                side: SIDE,
                operations: Some((old.1.key.clone(), new.1.key.clone())),
                status: None,
                changes,
                edits: false,
            };
            chain.push(self.ledger.step(step));
        }
        let last = request.route.len().saturating_sub(1);
        let sender = self.composite(request, contents, (0, Role::Sender), &[]);
        let reader = self.composite(request, contents, (last, Role::Reader), &[]);
        let outward = match wire {
            Wire::Composed(wire) => wire.outward.as_slice(),
            _ => &[],
        };
        let fitting = self.composite(request, contents, (last, Role::Reader), outward);
        let plan = self.ledger.plan(sender, reader, chain.clone(), request.known);
        // all is asked each time, so that the second walk finds every answer
        let fits = self.ledger.plan(sender, fitting, chain, request.known);
        let (Some(plan), Some(fits)) = (plan, fits) else {
            let judgement = undecided("");
            return (Plan { stages: Vec::new(), judgement: judgement.clone() }, judgement);
        };
        let ours = |one: &&Outward<'_>| request.keys.contains(&*one.key);
        let refuses = request.outward.iter().filter(ours).any(|one| one.refuses);
        let mut judgement = match (plan.judgement.verdict.holds(), fits.judgement.verdict.holds()) {
            (true, false) if refuses => {
                let mut judgement = plan.judgement.clone();
                judgement.policies.push(Policy::RefusalDeclared);
                judgement.total = false;
                judgement
            }
            (true, false) => Judgement { total: false, ..fits.judgement },
            _ => plan.judgement.clone(),
        };
        // a move that refuses has nothing to move
        if let Some(witness) = judgement.witness.as_mut().filter(|one| one.keyword == "L19") {
            "required".clone_into(&mut witness.keyword);
            let name = witness.at.tokens().last().unwrap_or_default();
            witness.message = format!(
                "\"{name}\" is required, and nothing says what to write without what moves there"
            );
        }
        (plan, judgement)
    }

    /// The schema of the request in one version, where the values of `fitting` can be written in their styles.
    fn composite(
        &mut self,
        request: &Request<'_, 'a>,
        contents: &Contents<'a>,
        (at, role): (usize, Role),
        fitting: &[Beside],
    ) -> SchemaId {
        let Some(&(version, operation)) = request.route.get(at) else {
            return self.ledger.fixed(Value::Bool(true));
        };
        let is_last = at + 1 == request.route.len() && role == Role::Reader;
        let content = contents.get(at).copied().flatten();
        let ledger = &*self.ledger;
        let empty = json!({ "type": "object", "additionalProperties": false });
        let root = content.map_or(&empty, |content| &content.root);
        let whole = ledger.piece(version, SIDE, role, root);
        let mut pieces = Pieces { members: Map::new(), required: Vec::new(), whole };
        let must = match content {
            Some(_) => operation.body.as_ref().is_some_and(|body| body.required),
            None => at == 0 && request.makes(),
        };
        if request.body && (content.is_some() || at > 0 || must) {
            pieces.members.insert(BODY.to_owned(), pieces.whole.root.clone());
        }
        pieces.required.extend((must && request.body).then(|| BODY.to_owned()));
        let beside = request.bodily.beside.get(at).into_iter().flatten();
        for (key, location, name) in beside.filter(|one| request.keys.contains(&*one.0)) {
            let own = |one: &&Parameter| one.location == *location && one.name == *name;
            let Some(parameter) = operation.parameters.iter().find(own) else {
                pieces.members.insert(key.clone(), Value::Bool(true));
                continue;
            };
            let piece = ledger.piece(version, SIDE, role, &parameter.root);
            let mut root = if is_last { wire::texts(&piece, false).root } else { piece.root };
            if at == 0 && parameter.allow_empty {
                root = json!({ "anyOf": [root, { "const": "" }] });
            }
            if let Some(fit) = fitting.iter().find(|one| *one.key == **key) {
                root = json!({ "allOf": [root, capacity(&fit.wired, fit.form)] });
            }
            pieces.members.insert(key.clone(), root);
            let supplied = |one: &Outward<'_>| is_last && one.key == *key && one.supplied;
            let must = parameter.required && !request.outward.iter().any(supplied);
            pieces.required.extend(must.then(|| key.clone()));
        }
        self.ledger.made(version, Reading::Directed(SIDE, role), pieces.schema())
    }

    /// How the parameters stand on both sides.
    ///
    /// # Errors
    /// Why one cannot be composed, and where it is declared.
    fn wire(
        &mut self,
        request: &Request<'_, 'a>,
        (sender, reader): (&'a Operation, &'a Operation),
    ) -> Result<ComposedWire, (String, &'a Place)> {
        if let Some(why) = &request.bodily.unclear {
            return Err((why.clone(), &sender.place));
        }
        let (Some(first), Some(last)) = (request.route.first(), request.route.last()) else {
            return Ok(ComposedWire::default());
        };
        let mut inward = Vec::new();
        let mut outward = Vec::new();
        let mut unfit = None;
        // all is asked each time, so that the second walk finds every answer
        let ours = |key: &String| request.keys.contains(&**key);
        for (key, parameter, _) in request.bodily.inward.iter().filter(|one| ours(&one.0)) {
            match beside(self.ledger, (first.0, Role::Sender), parameter, key) {
                Ok(one) => inward.push(one),
                Err(why) => unfit = unfit.or(Some((why, &parameter.place))),
            }
        }
        for one in request.outward.iter().filter(|one| ours(&one.key)) {
            match beside(self.ledger, (last.0, Role::Reader), one.parameter, &one.key) {
                Ok(found) => outward.push(found),
                Err(why) => unfit = unfit.or(Some((why, &one.parameter.place))),
            }
        }
        let drops = reader.body.is_none();
        let makes = request.body && request.makes();
        unfit.map_or(Ok(ComposedWire { inward, outward, makes, drops }), Err)
    }
}

/// How a parameter stands beside the body.
fn beside<'a>(
    ledger: &mut Ledger<'a>,
    (version, role): (usize, Role),
    parameter: &'a Parameter,
    key: &str,
) -> Result<Beside, String> {
    let id = ledger.schema(version, Reading::Directed(SIDE, role), &parameter.root);
    let name = &parameter.name;
    let odd = || {
        format!(
            "`{name}` is no text, number or boolean, nor a list or an object of these, to be told by its type"
        )
    };
    let schema = ledger.read(id).cloned().ok_or_else(odd)?;
    let form = carried(wire::form(&schema)).ok_or_else(odd)?;
    let styled = || format!("the style `{}` of `{name}` is none that can be read", parameter.style);
    let wired = wired(parameter, form).ok_or_else(styled)?;
    let own = shape(&schema, &schema.root);
    let is_text = |node: &Value| match wire::form(&schema.at(node.clone())) {
        wire::Form::Text => Some(true),
        wire::Form::Plain => Some(false),
        wire::Form::Array | wire::Form::Object | wire::Form::Unknown => None,
    };
    let (mut members, mut text) = (BTreeMap::new(), false);
    match form {
        Form::One => text = is_text(&schema.root).ok_or_else(odd)?,
        Form::List => {
            let items = own.array.items.as_ref().filter(|_| own.array.prefix.is_empty());
            text = items.and_then(is_text).ok_or_else(odd)?;
        }
        Form::Members => {
            for (name, node) in &own.object.properties {
                members.insert(name.clone(), is_text(node).ok_or_else(odd)?);
            }
        }
    }
    let mut holds = |schema: Value| {
        let schema = ledger.fixed(schema);
        asked(ledger, id, schema).verdict.holds()
    };
    let bare = holds(delimiters_delimit(&wired, form));
    let bare = bare || form == Form::One || wired.style.is_in_pairs();
    let names: Vec<String> = members.keys().cloned().collect();
    if form == Form::Members && !holds(closed(&names)) && role == Role::Sender {
        return Err(format!("`{name}` may have members that it does not name"));
    }
    Ok(Beside { key: key.into(), wired, form, members, text, bare })
}

fn is_json(content: &Content) -> bool {
    syntax(&content.media_type) == Syntax::Json && !content.sequence
}

/// What is declared of a step, said of the composed request.
fn declared(
    changes: &VersionChanges,
    (old, new): (&Operation, &Operation),
    (moves, told): (&[Moved], &[&Told]),
) -> VersionChanges {
    let mut changes = changes.clone();
    let shapes = [old.key.shape(), new.key.shape()];
    for target in changes.entries.iter_mut().flat_map(|entry| &mut entry.targets) {
        if target.is_message(&shapes, None) {
            target.within.insert(0, BODY.to_owned());
        }
    }
    let [shape, _] = shapes;
    let ends = moves.iter().map(|one| {
        let body = [&[BODY.to_owned()], one.member.as_slice()].concat();
        let beside = vec![one.key.clone()];
        if one.inward { (beside, body) } else { (body, beside) }
    });
    let rules = Rules { moves: ends.collect(), ..Rules::default() };
    let mut entry = |within: Vec<String>, rules: Rules| {
        let targets = vec![Target { scope: Scope::Request(shape.clone()), within }];
        let place = new.place.clone();
        changes.entries.push(Entry { say: "".into(), targets, rules, place });
    };
    for one in told {
        entry(Vec::new(), policies(one, &one.key));
        // what comes out of the body goes by it as well
        for moved in moves.iter().filter(|moved| moved.key == one.key) {
            if let Some((last, parents)) = moved.member.split_last() {
                entry([&[BODY.to_owned()], parents].concat(), policies(one, last));
            }
        }
    }
    entry(Vec::new(), rules);
    changes
}

/// The policies of a parameter, for the member that it is.
fn policies(told: &Told, member: &str) -> Rules {
    let named = |one: &For<OnRange>| For { member: member.to_owned(), ..one.clone() };
    let unknown = |(direction, _, policy): &(Direction, String, OnUnknown)| {
        (*direction, member.to_owned(), policy.clone())
    };
    Rules {
        on_range: told.on_range.iter().map(named).collect(),
        on_unknown: told.on_unknown.iter().map(unknown).collect(),
        ..Rules::default()
    }
}

/// A judgement on the value of the only member.
fn unwrapped(judgement: &mut Judgement, key: &str) {
    let plain = key.split_once(' ').map_or(key, |(_, name)| name);
    for note in &mut judgement.steps {
        let at = Pointer::root().join(key);
        if let Some(rest) = note.at.strip_prefix(at.as_str()) {
            note.at = format!("{}{rest}", Pointer::root().join(plain).as_str());
        }
        note.text = note.text.replace(&format!("`{key}`"), &format!("`{plain}`"));
    }
    for witness in judgement.witness.iter_mut().chain(&mut judgement.strict_witness) {
        let inner = |value: &Value| value.get(key).cloned();
        let Some(payload) = inner(&witness.payload) else { continue };
        witness.payload = payload;
        witness.received = witness.received.as_ref().and_then(inner);
        let rest = witness.at.as_str().strip_prefix(Pointer::root().join(key).as_str());
        witness.at = rest.and_then(Pointer::parse).unwrap_or_default();
    }
}

/// Says what a program for a composed request does in the words of requests.
pub(super) fn retell(program: &mut Program, changes: &VersionChanges) {
    let moves = changes.entries.last().map_or(&[][..], |entry| entry.rules.moves.as_slice());
    let texts: Vec<String> = moves
        .iter()
        .flat_map(|(old, new)| [(old, new), (new, old)])
        .map(|(from, to)| format!("move `{}` to `{}`", from.join("/"), to.join("/")))
        .collect();
    for note in &mut program.notes {
        if texts.contains(&note.text) {
            note.rule = "L19";
        }
        let inside =
            note.at.strip_prefix("/body").filter(|rest| rest.is_empty() || rest.starts_with('/'));
        if let Some(rest) = inside {
            note.at = rest.to_owned();
        }
    }
}
