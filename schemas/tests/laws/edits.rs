//! One step from a version to the next: edits of the model, with what `changes.yaml` says of them.

use std::collections::BTreeSet;

use evergate_schemas::sample::Random;
use serde_json::{Value, json};

use crate::functions;
use crate::limits;
use crate::model::{CHOICES, Depth, Kind, Member, Model, Names, Node, Record};
use crate::structures;

/// A step in the making.
pub(crate) struct Step<'a> {
    pub(crate) model: &'a mut Model,
    pub(crate) names: &'a mut Names,
    /// Members that an earlier edit of the step is about.
    pub(crate) touched: BTreeSet<String>,
    /// What `changes.yaml` gets.
    pub(crate) entries: Vec<Value>,
}

type Edit = fn(&mut Step<'_>, &mut Random, bool) -> Option<()>;

/// All edits, the frequent ones several times.
const EDITS: [Edit; 44] = [
    add,
    add,
    remove,
    require,
    relax,
    nullable,
    nullable,
    default,
    choices,
    choices,
    limits::numbers,
    limits::numbers,
    limits::texts,
    limits::lists,
    limits::extra,
    limits::missing,
    openness,
    rename,
    rename,
    plunge,
    hoist,
    wrap,
    translate,
    translate,
    items,
    functions::list,
    functions::unlist,
    functions::split,
    functions::merge,
    functions::cast,
    functions::cast,
    functions::scale,
    functions::scale,
    functions::time,
    functions::compute,
    functions::rows,
    functions::rows,
    functions::embed,
    structures::wrap,
    structures::unwrap,
    structures::envelope,
    structures::retag,
    structures::variants,
    structures::case,
];

impl Step<'_> {
    /// Tries edits until one can be made.
    pub(crate) fn edit(&mut self, random: &mut Random) {
        for _ in 0..8 {
            let edit = EDITS[random.index(EDITS.len())];
            let order = !random.once_in(3);
            if edit(self, random, order).is_some() {
                return;
            }
        }
    }

    pub(crate) fn record(&mut self, order: bool) -> &mut Record {
        if order { &mut self.model.order } else { &mut self.model.item }
    }

    /// A member nothing else of this step is about.
    pub(crate) fn pick(
        &mut self,
        random: &mut Random,
        order: bool,
        wanted: impl Fn(&Member) -> bool,
    ) -> Option<usize> {
        let touched = self.touched.clone();
        let record = self.record(order);
        let fit: Vec<usize> = (0..record.members.len())
            .filter(|at| {
                wanted(&record.members[*at]) && !touched.contains(&record.members[*at].name)
            })
            .collect();
        let at = *fit.get(random.index(fit.len()))?;
        let name = record.members[at].name.clone();
        self.touched.insert(name);
        Some(at)
    }

    /// Something said of the value of a member.
    pub(crate) fn say_of(&mut self, order: bool, member: &str, verb: &str, value: Value) {
        let at = if order { "Order" } else { "Item" };
        let member = member.replace('~', "~0").replace('/', "~1");
        let at = format!("{at}#/{member}");
        self.entries.push(json!({"say": "something changed", "at": at, verb: value}));
    }

    pub(crate) fn say(&mut self, order: bool, verb: &str, value: Value) {
        let at = if order { "Order" } else { "Item" };
        self.entries.push(json!({"say": "something changed", "at": at, verb: value}));
    }

    pub(crate) fn fresh(&mut self) -> String {
        let name = self.names.fresh();
        self.touched.insert(name.clone());
        name
    }
}

/// A1 to A3, L10.
fn add(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let mut member = Member::some(random, step.names, Depth::Member);
    step.touched.insert(member.name.clone());
    let value = member.node.kind.value(random);
    if member.node.kind.is_plain() && random.once_in(2) {
        match random.index(3) {
            0 => (member.required, member.node.default) = (true, Some(value)),
            1 => step.say(order, "add", json!({member.name.as_str(): {"constant": value}})),
            _ => {
                member.required = true;
                step.say(order, "add", json!({member.name.as_str(): {"constant": value}}));
            }
        }
    } else if member.required && !random.once_in(6) {
        member.required = false;
    }
    step.record(order).members.push(member);
    Some(())
}

/// A4, L10.
fn remove(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |_| true)?;
    let member = step.record(order).members.remove(at);
    if member.node.kind.is_plain() && random.once_in(2) {
        let value = member.node.kind.value(random);
        step.say(order, "remove", json!({member.name.as_str(): {"default": value}}));
    }
    Some(())
}

/// A5.
fn require(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| !one.required && one.node.kind.is_plain())?;
    let member = &mut step.record(order).members[at];
    member.required = true;
    let (name, value) = (member.name.clone(), member.node.kind.value(random));
    match random.index(3) {
        0 => member.node.default = Some(value),
        1 => step.say(order, "supply", json!({"up": {name.as_str(): {"constant": value}}})),
        _ => {}
    }
    Some(())
}

/// A5, the other way round.
fn relax(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| one.required && one.node.kind.is_plain())?;
    let member = &mut step.record(order).members[at];
    member.required = false;
    let (name, value) = (member.name.clone(), member.node.kind.value(random));
    if random.once_in(2) {
        step.say(order, "supply", json!({"down": {name.as_str(): {"constant": value}}}));
    }
    Some(())
}

/// A6.
fn nullable(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| one.node.kind != Kind::Item)?;
    let member = &mut step.record(order).members[at];
    member.node.null = !member.node.null;
    let (name, required, kind) = (member.name.clone(), member.required, member.node.kind.clone());
    let way = if member.node.null { "down" } else { "up" };
    let policy = match random.index(4) {
        0 if !required => json!("omit"),
        0 | 1 => json!("error"),
        2 if kind.is_plain() => json!({"default": kind.value(random)}),
        _ => return Some(()),
    };
    step.say(order, "on_null", json!({name.as_str(): {way: policy}}));
    Some(())
}

/// A2, A7.
fn default(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| one.node.kind.is_plain() && !one.required)?;
    let member = &mut step.record(order).members[at];
    let value = member.node.kind.value(random);
    member.node.default = (!random.once_in(5)).then_some(value);
    Some(())
}

/// A8, A9, A14: in the member itself or in the items of its list.
fn choices(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| choice(&one.node).is_some())?;
    let member = &mut step.record(order).members[at];
    let (name, required) = (member.name.clone(), member.required);
    let listed = matches!(member.node.kind, Kind::List(..));
    member.node.default = None;
    let values = choice_mut(&mut member.node)?;
    let (way, kept) = if random.once_in(2) && values.len() > 1 {
        values.pop();
        ("up", values[0].clone())
    } else {
        let kept = values[0].clone();
        let more = CHOICES.iter().find(|one| !values.iter().any(|known| known == *one))?;
        values.push((*more).to_owned());
        ("down", kept)
    };
    let policy = match random.index(6) {
        0 if listed => json!("drop_item"),
        0 if !required => json!("omit"),
        1 => json!("error"),
        2 => return Some(()),
        3 => json!("keep"),
        _ => json!({"fallback": kept}),
    };
    step.say(order, "on_unknown", json!({name.as_str(): {way: policy}}));
    Some(())
}

fn choice(node: &Node) -> Option<&Vec<String>> {
    match &node.kind {
        Kind::Choice(values) => Some(values),
        Kind::List(items, ..) => match &items.kind {
            Kind::Choice(values) => Some(values),
            _ => None,
        },
        _ => None,
    }
}

fn choice_mut(node: &mut Node) -> Option<&mut Vec<String>> {
    match &mut node.kind {
        Kind::Choice(values) => Some(values),
        Kind::List(items, ..) => match &mut items.kind {
            Kind::Choice(values) => Some(values),
            _ => None,
        },
        _ => None,
    }
}

/// A17.
fn openness(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    if step.names.closed {
        return None;
    }
    step.record(order).open = [None, Some(false), Some(true)][random.index(3)];
    Some(())
}

/// L1.
fn rename(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |_| true)?;
    let new = step.fresh();
    let member = &mut step.record(order).members[at];
    let old = std::mem::replace(&mut member.name, new.clone());
    step.say(order, "rename", json!({old: new}));
    Some(())
}

/// L2: into a record that is there.
fn plunge(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let into = step.pick(random, order, |one| matches!(one.node.kind, Kind::Record(_)))?;
    let target = step.record(order).members[into].name.clone();
    let from = step.pick(random, order, |one| one.node.kind.is_plain() && one.name != target)?;
    let mut member = step.record(order).members.remove(from);
    let name = member.name.clone();
    if random.once_in(2) {
        member.name = step.fresh();
    }
    if target.contains('/') || name.contains('/') || member.name.contains('/') {
        member.name = name;
        step.record(order).members.insert(from, member);
        return None;
    }
    let path = format!("{target}/{}", member.name);
    let record = step.record(order).members.iter_mut().find(|one| one.name == target)?;
    let Kind::Record(inner) = &mut record.node.kind else { return None };
    record.node.default = None;
    inner.members.push(member);
    step.say(order, "move", json!({name: path}));
    Some(())
}

/// L2, out of a record.
fn hoist(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let fit =
        |one: &Member| matches!(&one.node.kind, Kind::Record(inner) if inner.members.len() > 1);
    let at = step.pick(random, order, fit)?;
    let member = &mut step.record(order).members[at];
    let (outer, required) = (member.name.clone(), member.required && !member.node.null);
    member.node.default = None;
    let Kind::Record(inner) = &mut member.node.kind else { return None };
    let slashed = outer.contains('/') || inner.members.iter().any(|one| one.name.contains('/'));
    if slashed {
        return None;
    }
    let mut moved = inner.members.remove(0);
    let path = format!("{outer}/{}", moved.name);
    moved.required &= required;
    step.touched.insert(moved.name.clone());
    let name = moved.name.clone();
    step.record(order).members.push(moved);
    step.say(order, "move", json!({path: name}));
    Some(())
}

/// L2: into a record that is new.
fn wrap(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| !one.name.contains('/'))?;
    let outer = step.fresh();
    let record = step.record(order);
    let member = record.members.remove(at);
    let name = member.name.clone();
    let (required, open) = (member.required && random.once_in(2), record.open);
    let node = Node::plain(Kind::Record(Record { members: vec![member], open }));
    if outer.contains('/') {
        return None;
    }
    record.members.push(Member { name: outer.clone(), node, required });
    let path = format!("{outer}/{name}");
    step.say(order, "move", json!({name: path}));
    Some(())
}

/// L6: each value has another spelling; sometimes two become one.
fn translate(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| matches!(one.node.kind, Kind::Choice(_)))?;
    let member = &mut step.record(order).members[at];
    member.node.default = None;
    let name = member.name.clone();
    let Kind::Choice(values) = &mut member.node.kind else { return None };
    let old = values.clone();
    let one = random.once_in(4);
    let spelled = |value: &String| if one { "ALL".to_owned() } else { value.to_uppercase() };
    let table: serde_json::Map<String, Value> =
        old.iter().map(|value| (value.clone(), json!(spelled(value)))).collect();
    let mut rule = json!({"member": name, "values": table});
    *values = old.iter().map(spelled).collect();
    values.dedup();
    if one {
        rule["down"] = json!({"ALL": old[0]});
    }
    step.say(order, "map", rule);
    Some(())
}

/// A14, A16: what a list or map holds may be null now, or not.
fn items(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at =
        step.pick(random, order, |one| matches!(one.node.kind, Kind::List(..) | Kind::Map(_)))?;
    let member = &mut step.record(order).members[at];
    member.node.default = None;
    let (Kind::List(inner, ..) | Kind::Map(inner)) = &mut member.node.kind else { return None };
    inner.null = !inner.null;
    Some(())
}
