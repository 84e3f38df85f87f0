//! Edits that give an object another build, with the verbs that say so: lenses L3, L14, L16 and L23, and rows A12 and A13.

use evergate_schemas::sample::Random;
use serde_json::{Map, Value, json};

use crate::edits::Step;
use crate::model::{Depth, Form, Kind, Member, Node, Record, TAG};

/// L3.
pub(crate) fn wrap(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let outer = step.fresh();
    let mut parts = Map::new();
    let mut members = Vec::new();
    let open = step.record(order).open;
    for _ in 0..=random.index(2) {
        let Some(at) = step.pick(random, order, |one| one.node.default.is_none()) else { break };
        let mut member = step.record(order).members.remove(at);
        let old = member.name.clone();
        if random.once_in(3) {
            member.name = step.fresh();
        }
        parts.insert(old, json!(member.name));
        members.push(member);
    }
    if members.is_empty() {
        return None;
    }
    let required = members.iter().any(|one| one.required);
    let null = members.iter().all(|one| one.node.null) && random.once_in(2);
    let node = Node { kind: Kind::Record(Record { members, open }), null, default: None };
    step.record(order).members.push(Member { name: outer.clone(), node, required });
    let same = parts.iter().all(|(old, new)| new == old);
    let said = if null {
        json!({"parts": parts, "null": "parts"})
    } else if same {
        parts.keys().map(|name| json!(name)).collect()
    } else {
        parts.into()
    };
    step.say(order, "wrap", json!({outer: said}));
    Some(())
}

/// L3, the other way round.
pub(crate) fn unwrap(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| matches!(one.node.kind, Kind::Record(_)))?;
    let record = step.record(order);
    let member = record.members.remove(at);
    let Kind::Record(mut inner) = member.node.kind else { return None };
    if inner.members.len() > 1 && random.once_in(4) {
        inner.members.pop();
    }
    let names: Vec<String> = inner.members.iter().map(|one| one.name.clone()).collect();
    for mut one in inner.members {
        one.required &= member.required && !member.node.null;
        record.members.push(one);
    }
    step.touched.extend(names.iter().cloned());
    step.say(order, "unwrap", json!({member.name: names}));
    Some(())
}

/// L16.
pub(crate) fn envelope(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| one.node.default.is_none())?;
    let [data, more] = [step.fresh(), step.fresh()];
    let open = step.record(order).open;
    let member = &mut step.record(order).members[at];
    let name = member.name.clone();
    if random.once_in(3)
        && let Kind::Record(record) = &member.node.kind
        && let [only] = record.members.as_slice()
        && !member.node.null
    {
        let (inside, node) = (only.name.clone(), only.node.clone());
        member.node = node;
        step.say_of(order, &name, "envelope", json!({"member": inside, "in": "old"}));
        return Some(());
    }
    let inside = Member { name: data.clone(), node: member.node.clone(), required: true };
    let mut members = vec![inside];
    let mut said = json!({"member": data});
    if random.once_in(2) {
        let node = Node::plain(Kind::Flag);
        members.push(Member { name: more.clone(), node, required: true });
        said["with"] = json!({more: false});
    }
    member.node = Node::plain(Kind::Record(Record { members, open }));
    step.say_of(order, &name, "envelope", said);
    Some(())
}

/// L14.
pub(crate) fn retag(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| matches!(one.node.kind, Kind::Variants(..)))?;
    let member = &mut step.record(order).members[at];
    let name = member.name.clone();
    let Kind::Variants(form, all) = &mut member.node.kind else { return None };
    let old = *form;
    *form = match old {
        Form::Presence if random.once_in(2) => Form::Flat,
        Form::Flat if random.once_in(2) => Form::Presence,
        Form::Presence | Form::Flat => Form::Nested,
        Form::Nested => Form::some(random),
    };
    if *form == old {
        return None;
    }
    let variants: Vec<&String> = all.iter().map(|(name, _)| name).collect();
    let said = json!({"tag": TAG, "variants": variants, "old": old.word(), "new": form.word()});
    step.say_of(order, &name, "tag_union", said);
    Some(())
}

/// A payload of a flat variant, where that is sure.
fn one_of(random: &mut Random, (name, record): &(String, Record)) -> Option<Value> {
    let mut made = json!({TAG: name});
    for member in record.members.iter().filter(|one| one.required) {
        if !member.node.kind.is_plain() {
            return None;
        }
        made[&member.name] = member.node.kind.value(random);
    }
    Some(made)
}

/// A12, A13: a variant more, one less, or one with another tag.
pub(crate) fn variants(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let wanted = |one: &Member| matches!(one.node.kind, Kind::Variants(Form::Flat, _));
    let at = step.pick(random, order, wanted)?;
    let fresh = step.names.plain();
    let record = Record::some(random, step.names, Depth::Inner);
    let member = &mut step.record(order).members[at];
    let (name, required) = (member.name.clone(), member.required);
    let Kind::Variants(_, all) = &mut member.node.kind else { return None };
    let way = match random.index(3) {
        0 => {
            all.push((fresh, record));
            "down"
        }
        1 if all.len() > 2 => {
            all.pop();
            "up"
        }
        _ => {
            let table: Map<String, Value> = all
                .iter()
                .enumerate()
                .map(|(at, (old, _))| (old.clone(), json!(if at == 0 { &fresh } else { old })))
                .collect();
            all[0].0 = fresh;
            step.say_of(order, &name, "map", json!({"member": TAG, "values": table}));
            return Some(());
        }
    };
    let instead = one_of(random, &all[0]);
    let policy = match (random.index(6), instead) {
        (0, _) if !required => json!("omit"),
        (0 | 1, _) => json!("error"),
        (2, _) => json!("keep"),
        (3 | 4, Some(value)) => json!({"fallback": value}),
        _ => return Some(()),
    };
    step.say(order, "on_unknown", json!({name: {way: policy}}));
    Some(())
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |made, word| made + &word[..1].to_uppercase() + &word[1..])
}

fn snake(name: &str) -> String {
    let lower = |one: char| {
        if one.is_ascii_uppercase() {
            format!("_{}", one.to_ascii_lowercase())
        } else {
            one.to_string()
        }
    };
    name.chars().map(lower).collect()
}

/// L23: everything below the order, when nothing else is said in the step.
pub(crate) fn case(step: &mut Step<'_>, random: &mut Random, _order: bool) -> Option<()> {
    if !step.touched.is_empty() {
        return None;
    }
    let up = random.once_in(2);
    let fits = |name: &str| {
        let camel = name.contains(char::is_uppercase)
            && name.bytes().all(|one| one.is_ascii_alphanumeric());
        let words =
            name.bytes().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'_');
        if up { words && name.contains('_') } else { camel }
    };
    let mut all: Vec<&mut Record> = vec![&mut step.model.order, &mut step.model.item];
    let (mut changed, mut touched) = (false, Vec::new());
    let mut reached = vec![];
    while let Some(record) = all.pop() {
        for member in &mut record.members {
            touched.push(member.name.clone());
            if fits(&member.name) {
                member.name = if up { camel(&member.name) } else { snake(&member.name) };
                touched.push(member.name.clone());
                changed = true;
            }
            reached.extend(member.node.kind.records());
        }
        if all.is_empty() {
            all.append(&mut reached);
        }
    }
    step.touched.extend(touched);
    let (from, to) = if up { ("snake", "camel") } else { ("camel", "snake") };
    if changed {
        step.entries.push(json!({
            "say": "names are spelled otherwise", "at": ["Order", "Item"], "case": {"from": from, "to": to}
        }));
    }
    changed.then_some(())
}
