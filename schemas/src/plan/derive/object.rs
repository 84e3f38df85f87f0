//! Members of objects: rows A1 to A5, A7, A16 to A18, lenses L1 and L10.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use crate::plan::lens::{OnExtra, OnMissing, ValueSource, Way};
use crate::plan::program::{
    Member, Missing, Node, NodeId, NoteId, ObjectNode, Source, Supply, Take,
};
use crate::plan::shape::{Kind, Rest, Shape};
use crate::pointer::Pointer;
use crate::schema::Role;

use super::build::COPY;
use super::scalar::literal;
use super::site::Local;
use super::slots::{Extra, Routes, sends_unnamed, supplies};
use super::union::TagChange;
use super::walk::{Duty, Stand, Walk};

/// A pair of objects with everything that holds there.
struct Pair<'s, 'a> {
    sender: &'s Shape,
    reader: &'s Shape,
    local: Local<'a>,
    routes: Routes,
    at: Pointer,
    tag: Option<Rc<TagChange>>,
    /// Members whose other name is a matter of case.
    spelled: BTreeSet<&'a str>,
}

/// What the reader says about a member of this name.
enum Wanted {
    Schema(Value),
    Anything,
    Forbidden,
}

impl<'a> Walk<'a> {
    pub(super) fn object(&mut self, (sender, reader): (&Shape, &Shape), duty: &Duty<'a>) -> Node {
        let mut local = self.site.local(&duty.pending, (sender, reader));
        local.renames.retain(|from, to| renames(sender, reader, from, to));
        let spelled = local.spell(&duty.cases, self.site.direction, (sender, reader));
        local.adds.retain(|(name, _)| !sender.object.properties.contains_key(*name));
        local.supplies.splice(0..0, std::mem::take(&mut local.adds));
        let at = duty.at.clone();
        let routes = self.routes(&local, (sender, reader), &duty.extra, &at);
        let pair = Pair { sender, reader, local, routes, at, tag: duty.tag.clone(), spelled };
        let mut members: Vec<Member> =
            names(&pair).into_iter().map(|name| self.member(&name, &pair)).collect();
        members.sort_by(|one, other| one.name.cmp(&other.name));
        let (patterns, other) = self.unnamed(&pair);
        let mut supplies = supplies(&pair.routes.all.gives);
        self.declared_supplies(&pair, &mut supplies);
        self.required(&pair, &mut supplies);
        let renamed = members.iter().find_map(|member| member.rename.as_ref());
        let conflict = renamed.map(|(name, _)| {
            let text = format!("refuse an object that has both `{name}` and its other name");
            self.note("L1", text, &pair.at, false)
        });
        let (slots, hold) = (pair.routes.slots, pair.routes.hold);
        Node::Object(Box::new(ObjectNode {
            members,
            patterns,
            other,
            supplies,
            conflict,
            slots,
            hold,
        }))
    }

    fn member(&mut self, name: &str, pair: &Pair<'_, 'a>) -> Member {
        let output = pair.local.renames.get(name).copied().unwrap_or(name);
        let undeclared = match &pair.sender.object.rest {
            Rest::Each(node) => node.clone(),
            _ => Value::Bool(true),
        };
        let declared = pair.sender.object.properties.get(name);
        let node = declared.unwrap_or(&undeclared);
        let at = pair.at.join(name);
        let required = pair.reader.object.required.contains(output);
        let pending = self.site.step(&pair.local.pending, &[name, output]);
        let mut duty = Duty::new(Stand::Member { required }, at, pending);
        declared_policies(&mut duty, pair, (name, output));
        let on_extra =
            [name, output].iter().find_map(|name| pair.local.on_extra.get(name)).copied();
        let taken = pair.routes.all.taken(name).cloned();
        let name: Arc<str> = name.into();
        if let Some((slot, moved)) =
            taken.as_ref().and_then(|one| Some((one.slot, one.moved.as_ref()?)))
        {
            duty.stand = Stand::Member { required: moved.required };
            duty.fits = true;
            let node = self.value((node, &moved.reader), &duty);
            return Member { name, rename: None, node, take: Some((slot, Take::Move(moved.note))) };
        }
        let slot = taken.map(|one| one.slot);
        let wanted = wanted(pair.reader, output);
        if on_extra == Some(OnExtra::Error) && !matches!(wanted, Wanted::Schema(_)) {
            let policy = self.refuses("on_extra: error");
            let text =
                format!("refuse `{name}`, which its reader does not have (`on_extra: error`)");
            let note = self.told("A17", text, &duty, (false, policy));
            let node = self.build.node(Node::Refuse(note));
            return Member { name, rename: None, node, take: None };
        }
        let dropped = match (&wanted, on_extra) {
            (_, Some(OnExtra::Drop)) => !required,
            (Wanted::Forbidden, on_extra) => on_extra != Some(OnExtra::Keep),
            (Wanted::Anything, _) => pair.local.drops.contains(&*name),
            (Wanted::Schema(_), _) => false,
        };
        if dropped && declared.is_none_or(|node| !self.shape(Role::Sender, node).kinds.is_empty()) {
            let note = self.dropped(&name, pair, &duty);
            let bin = slot.or_else(|| pair.routes.bins.get(&*name).copied());
            let (node, take) = match bin {
                Some(slot) => {
                    let node = self.value((node, &Value::Bool(true)), &duty);
                    (node, Some((slot, Take::Move(note))))
                }
                None => (self.build.node(Node::Omit(note)), None),
            };
            return Member { name, rename: None, node, take };
        }
        let tag = pair.tag.as_ref().filter(|change| *change.member == *name);
        let node = match wanted {
            Wanted::Schema(_) if tag.is_some() => {
                tag.map_or(COPY, |change| self.renamed_tag(change, &duty.at))
            }
            Wanted::Schema(reader) => self.value((node, &reader), &duty),
            _ if duty.extra.is_empty() && duty.ways.is_empty() => COPY,
            _ => self.value((node, &Value::Bool(true)), &duty),
        };
        let rename = (output != &*name).then(|| {
            let text = format!("rename `{name}` to `{output}`");
            let rule = if pair.spelled.contains(&*name) { "L23" } else { "L1" };
            (output.into(), self.note(rule, text, &duty.at, false))
        });
        Member { name, rename, node, take: slot.map(|slot| (slot, Take::Copy)) }
    }

    fn dropped(&mut self, name: &str, pair: &Pair<'_, 'a>, duty: &Duty<'a>) -> NoteId {
        let object = &pair.sender.object;
        let shape = object.properties.get(name).map(|node| self.shape(Role::Sender, node));
        let required = object.required.contains(name);
        // A member that is always there with the only value it can have tells nothing.
        let single = required && shape.as_ref().is_some_and(|shape| shape.only_value().is_some());
        let loss = !single && !shape.as_ref().is_some_and(|shape| emptied(shape, &duty.extra));
        let read = pair.reader.object.properties.contains_key(name);
        let rule = match &shape {
            // Only `on_extra: drop` leaves out what the reader knows: an echo of what only the other side writes.
            _ if read => "A19",
            _ if pair.local.drops.contains(name) => "L10",
            None => "A17",
            Some(_) if required => self.rule("A4", "A3"),
            Some(shape) if shape.default.is_some() => self.rule("A4", "A2"),
            Some(_) => self.rule("A4", "A1"),
        };
        self.note(rule, format!("leave out `{name}`"), &duty.at, loss)
    }

    /// Rows A16 to A18: members that are not known by name.
    fn unnamed(&mut self, pair: &Pair<'_, 'a>) -> (Vec<(Arc<str>, NodeId)>, NodeId) {
        let (sender, reader) = (&pair.sender.object, &pair.reader.object);
        let readable = |(pattern, _): &(String, Value)| Regex::new(pattern).is_ok();
        if !sender.patterns.iter().chain(&reader.patterns).all(readable) {
            return (Vec::new(), COPY);
        }
        let pending = self.site.step(&pair.local.pending, &["*"]);
        let mut duty = Duty::new(Stand::Entry, pair.at.join("*"), pending);
        duty.cases.clone_from(&pair.local.cases);
        let mut patterns: Vec<(Arc<str>, NodeId)> = Vec::new();
        for (pattern, node) in &sender.patterns {
            let same = reader.patterns.iter().find(|(other, _)| other == pattern);
            let id = match (same, &reader.rest) {
                (Some((_, wanted)), _) | (None, Rest::Each(wanted)) => {
                    self.value((node, wanted), &duty)
                }
                (None, Rest::Nothing) => {
                    self.closed_to(&format!("members like `{pattern}`"), &duty)
                }
                (None, Rest::Unsaid | Rest::Any) => COPY,
            };
            patterns.push((pattern.as_str().into(), id));
        }
        let other = match (&sender.rest, &reader.rest) {
            (Rest::Each(node), Rest::Each(wanted)) => self.value((node, wanted), &duty),
            (_, Rest::Nothing) if sends_unnamed(pair.sender) => {
                let kept =
                    reader.patterns.iter().map(|(pattern, _)| (pattern.as_str().into(), COPY));
                patterns.extend(kept);
                self.closed_to("members that are not declared", &duty)
            }
            _ => COPY,
        };
        (patterns, other)
    }

    fn closed_to(&mut self, what: &str, duty: &Duty<'a>) -> NodeId {
        let note = self.note("A17", format!("leave out {what}"), &duty.at, true);
        self.build.node(Node::Omit(note))
    }

    /// Lens L10 and `on_missing`: what the file says about absent members. Other members are slots already.
    fn declared_supplies(&mut self, pair: &Pair<'_, 'a>, supplies: &mut Vec<Supply>) {
        for (name, source) in &pair.local.supplies {
            let source = match source {
                ValueSource::Literal(literal) => Source::Literal(Arc::clone(literal)),
                ValueSource::Outside(outside) => Source::Outside(outside.clone()),
                ValueSource::Member(_) => continue,
            };
            if certain(pair, name) || matches!(wanted(pair.reader, name), Wanted::Forbidden) {
                continue;
            }
            let sent = input_name(pair, name)
                .is_some_and(|name| pair.sender.object.properties.contains_key(name));
            let rule = if sent { "A5" } else { "L10" };
            let note = self.note(rule, format!("write `{name}`"), &pair.at.join(name), false);
            supplies.push(Supply { name: (*name).into(), source, note, missing: Missing::Omit });
        }
    }

    /// Rows A3, A4, A5: members that the reader requires and may not get. Row A7: a default that changed.
    fn required(&mut self, pair: &Pair<'_, 'a>, supplies: &mut Vec<Supply>) {
        let (sender, reader) = (pair.sender, pair.reader);
        let all: BTreeSet<&String> =
            reader.object.required.iter().chain(reader.object.properties.keys()).collect();
        for name in all {
            if certain(pair, name) {
                continue;
            }
            let given = supplies.iter().rposition(|supply| *supply.name == **name);
            if given.is_some_and(|index| {
                supplies.get(index).is_some_and(|one| matches!(one.source, Source::Literal(_)))
            }) {
                continue;
            }
            let sent = input_name(pair, name).and_then(|name| sender.object.properties.get(name));
            let sent = sent.map(|node| self.shape(Role::Sender, node));
            let read = reader.object.properties.get(name);
            let read = read.map(|node| self.shape(Role::Reader, node));
            let old = sent.as_ref().and_then(|shape| shape.default.as_ref());
            let new = read.as_ref().and_then(|shape| shape.default.as_ref());
            let at = pair.at.join(name);
            let names = [Some(name.as_str()), input_name(pair, name)];
            let said = names.iter().flatten().find_map(|name| pair.local.on_missing.get(name));
            let must = reader.object.required.contains(name) && said != Some(&OnMissing::Omit);
            let rule = if sent.is_some() { "A5" } else { self.rule("A3", "A4") };
            let value = if said.is_some() {
                None
            } else if must {
                old.or(new).or_else(|| read.as_ref().and_then(|shape| shape.only_value()))
            } else {
                // An absent member meant the sender's default, and would be read as another.
                old.filter(|value| new.is_some_and(|new| new != *value))
            };
            if let Some(value) = value {
                let rule = if must { rule } else { "A7" };
                let text = format!("write `{name}` as `{value}`");
                let note = self.note(rule, text, &at, false);
                let source = Source::Literal(literal(value));
                supplies.push(Supply {
                    name: name.as_str().into(),
                    source,
                    note,
                    missing: Missing::Omit,
                });
            } else if let Some(supply) = given.and_then(|index| supplies.get_mut(index)) {
                if must {
                    supply.missing = Missing::Refuse(supply.note);
                }
            } else if must {
                let duty = Duty::new(Stand::Member { required: true }, at, Vec::new());
                let (why, policy) = match said {
                    Some(_) => ("`on_missing: error`", self.refuses("on_missing: error")),
                    None => ("for which nothing is declared", None),
                };
                let text = format!("refuse an object without `{name}`, {why}");
                let note = self.told(rule, text, &duty, (false, policy));
                let (source, missing) = (Source::Nothing, Missing::Refuse(note));
                supplies.push(Supply { name: name.as_str().into(), source, note, missing });
            }
        }
    }
}

/// What is declared about a member under either of its names.
fn declared_policies<'a>(duty: &mut Duty<'a>, pair: &Pair<'_, 'a>, (name, output): (&str, &str)) {
    let names = [name, output];
    let local = &pair.local;
    duty.cases.clone_from(&local.cases);
    duty.joined = pair.sender.joined || pair.reader.joined;
    duty.map = local.maps.iter().find(|map| names.contains(&map.member.as_str())).copied();
    duty.on_null = names.iter().find_map(|name| local.on_null.get(name)).copied();
    duty.on_unknown = names.iter().find_map(|name| local.on_unknown.get(name)).copied();
    duty.on_range = names.iter().find_map(|name| local.on_range.get(name)).copied();
    duty.extra = pair.routes.all.within(name, output);
    let mine = |(member, _): &&(&str, &Way)| names.contains(member);
    duty.ways = local.ways.iter().filter(mine).map(|(_, way)| *way).collect();
}

/// Whether all that an object may have is moved elsewhere, and something always is, so that the way back makes it anew.
fn emptied(shape: &Shape, extra: &Extra) -> bool {
    let moved = |name: &String| extra.taken(name).is_some_and(|one| one.moved.is_some());
    shape.kinds.iter().eq([&Kind::Object])
        && !sends_unnamed(shape)
        && shape.object.properties.keys().all(moved)
        && shape.object.required.iter().any(moved)
}

/// Whether a rename means this pair of objects: the sender may send the one name, the reader reads the other.
fn renames(sender: &Shape, reader: &Shape, from: &str, to: &str) -> bool {
    let sent = sender.object.properties.contains_key(from) || sends_unnamed(sender);
    let named = reader.object.properties.contains_key(to);
    let stays = reader.object.properties.contains_key(from);
    sent && (named || (!stays && !matches!(wanted(reader, to), Wanted::Forbidden)))
}

fn wanted(reader: &Shape, name: &str) -> Wanted {
    let object = &reader.object;
    if let Some(node) = object.properties.get(name) {
        return Wanted::Schema(node.clone());
    }
    let matches = |pattern: &str| Regex::new(pattern).is_ok_and(|regex| regex.is_match(name));
    if let Some((_, node)) = object.patterns.iter().find(|(pattern, _)| matches(pattern)) {
        return Wanted::Schema(node.clone());
    }
    match &object.rest {
        Rest::Each(node) => Wanted::Schema(node.clone()),
        Rest::Nothing => Wanted::Forbidden,
        Rest::Unsaid | Rest::Any => Wanted::Anything,
    }
}

/// The sender's members that are looked at by name.
fn names(pair: &Pair<'_, '_>) -> BTreeSet<String> {
    let declared = &pair.sender.object.properties;
    let mut names: BTreeSet<String> = declared.keys().cloned().collect();
    names.extend(pair.local.on_extra.keys().map(|name| (*name).to_owned()));
    names.extend(pair.local.renames.keys().map(|name| (*name).to_owned()));
    if sends_unnamed(pair.sender) {
        names.extend(
            pair.local
                .ways
                .iter()
                .filter_map(|(name, _)| input_name(pair, name))
                .map(str::to_owned),
        );
    }
    names.extend(pair.routes.all.takes.iter().filter_map(|one| one.path.first().cloned()));
    if sends_unnamed(pair.sender) {
        let targets = pair.routes.all.gives.iter().filter(|one| one.path.len() > 1);
        let sources = targets.filter_map(|one| input_name(pair, one.path.first()?));
        let sources: Vec<String> = sources.map(str::to_owned).collect();
        names.extend(sources);
        if pair.reader.object.rest == Rest::Nothing {
            let known = pair.reader.object.properties.keys();
            names.extend(known.filter_map(|name| input_name(pair, name)).map(str::to_owned));
        }
    }
    names
}

/// The sender's name of the member that the reader calls `output`; `None` when that name goes elsewhere.
fn input_name<'p>(pair: &'p Pair<'_, '_>, output: &'p str) -> Option<&'p str> {
    let renames = &pair.local.renames;
    if let Some((name, _)) = renames.iter().find(|(_, to)| **to == output) {
        return Some(name);
    }
    let moved = pair.routes.all.taken(output).is_some_and(|one| one.moved.is_some());
    (!moved && !renames.contains_key(output)).then_some(output)
}

/// Whether the sender always sends the member that the reader calls `output`.
fn certain(pair: &Pair<'_, '_>, output: &str) -> bool {
    input_name(pair, output).is_some_and(|name| pair.sender.object.required.contains(name))
}
