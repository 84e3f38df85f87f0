//! Edits that change what a value is, with the function of `changes.yaml` that says how: lenses L4, L5, L7 to L9, L11 to
//! L13 and L24.

use evergate_schemas::sample::Random;
use serde_json::{Map, Value, json};

use crate::edits::Step;
use crate::model::{Kind, Member, Node, Record, Shaped};

/// The options of a function, now and then with what becomes of a value that it does not take.
fn fails(random: &mut Random, mut options: Value, ways: &[(&str, Value)]) -> Value {
    let mut said = Map::new();
    for (way, value) in ways {
        match random.index(4) {
            0 => drop(said.insert((*way).to_owned(), json!("error"))),
            1 => drop(said.insert((*way).to_owned(), json!({"default": value}))),
            _ => {}
        }
    }
    if !said.is_empty() {
        options["on_fail"] = said.into();
    }
    options
}

/// A member of which nothing is said but its kind.
fn bare(one: &Member) -> bool {
    !one.node.null && one.node.default.is_none()
}

/// L4.
pub(crate) fn list(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at =
        step.pick(random, order, |one| one.node.kind.is_scalar() && one.node.default.is_none())?;
    let new = random.once_in(2).then(|| step.fresh());
    let member = &mut step.record(order).members[at];
    let name = member.name.clone();
    let new = new.unwrap_or_else(|| name.clone());
    let (kind, null) = (member.node.kind.clone(), std::mem::take(&mut member.node.null));
    let value = kind.value(random);
    let least = usize::from(!null && random.once_in(2));
    member.node = Node::plain(Kind::List(Box::new(Node::plain(kind)), least, 1 + random.index(3)));
    member.name.clone_from(&new);
    let mut options = json!({"to": new});
    if random.once_in(2) {
        options["pick"] = json!(["first", "last", "only"][random.index(3)]);
    }
    if !null && random.once_in(2) {
        options["empty"] = json!("error");
    }
    let said = if options.as_object().is_some_and(|one| one.len() == 1) && random.once_in(2) {
        json!(new)
    } else {
        fails(random, options, &[("down", value)])
    };
    step.say(order, "list", json!({name: said}));
    Some(())
}

/// L4, the other way round.
pub(crate) fn unlist(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let fit = |one: &Member| {
        let Kind::List(items, ..) = &one.node.kind else { return false };
        items.kind.is_scalar() && !items.null && bare(one)
    };
    let at = step.pick(random, order, fit)?;
    let member = &mut step.record(order).members[at];
    let name = member.name.clone();
    let Kind::List(items, least, _) = &mut member.node.kind else { return None };
    let (kind, empty) = (items.kind.clone(), *least == 0);
    let value = kind.value(random);
    member.node = Node { kind, null: empty && random.once_in(2), default: None };
    let null = member.node.null;
    let pick = ["first", "last", "only"][random.index(3)];
    let mut options = json!({"to": name, "pick": pick});
    if !null {
        options["empty"] = json!("error");
    }
    let said = fails(random, options, &[("up", value)]);
    step.say(order, "unlist", json!({name: said}));
    Some(())
}

/// The pattern and the template of two words.
fn words(names: [&str; 2]) -> Value {
    let [one, two] = names;
    json!({"pattern": format!("(?<{one}>[a-z]+) (?<{two}>[a-z]+)"), "template": format!("{{{one}}} {{{two}}}")})
}

fn word(name: &str, required: bool) -> Member {
    Member { name: name.to_owned(), node: Node::plain(Kind::Shaped(Shaped::Word)), required }
}

/// L5.
pub(crate) fn split(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let wanted = |one: &Member| one.node.kind == Kind::Shaped(Shaped::Words) && bare(one);
    let at = step.pick(random, order, wanted)?;
    let [one, two] = [step.names.plain(), step.names.plain()];
    step.touched.extend([one.clone(), two.clone()]);
    let record = step.record(order);
    let member = record.members.remove(at);
    record.members.extend([word(&one, member.required), word(&two, member.required)]);
    let mut said = words([&one, &two]);
    said["into"] = json!([one, two]);
    let said = fails(random, said, &[("up", json!({one: "x", two: "y"}))]);
    step.say(order, "split", json!({member.name: said}));
    Some(())
}

/// L5, the other way round.
pub(crate) fn merge(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let wanted = |one: &Member| {
        let plain = one.name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        one.node.kind == Kind::Shaped(Shaped::Word) && plain && bare(one)
    };
    let first = step.pick(random, order, wanted)?;
    let one = step.record(order).members[first].name.clone();
    let second = step.pick(random, order, wanted)?;
    let two = step.record(order).members[second].name.clone();
    let whole = step.fresh();
    let record = step.record(order);
    let required = record.members[first].required || record.members[second].required;
    record.members.retain(|member| member.name != one && member.name != two);
    let node = Node::plain(Kind::Shaped(Shaped::Words));
    record.members.push(Member { name: whole.clone(), node, required });
    let mut said = words([&one, &two]);
    said["from"] = json!([one, two]);
    let said = fails(random, said, &[("down", json!({one: "x", two: "y"}))]);
    step.say(order, "merge", json!({whole: said}));
    Some(())
}

/// L7.
pub(crate) fn cast(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let wanted = |one: &Member| {
        let kind = &one.node.kind;
        let digits = matches!(kind, Kind::Shaped(Shaped::Digits | Shaped::Truth));
        (digits || matches!(kind, Kind::Whole(0, ..=999_999) | Kind::Flag | Kind::Number))
            && one.node.default.is_none()
    };
    let at = step.pick(random, order, wanted)?;
    let member = &mut step.record(order).members[at];
    let name = member.name.clone();
    let (new, from, to) = match &member.node.kind {
        Kind::Shaped(Shaped::Digits) => (Kind::Whole(0, 999_999), "string", "integer"),
        Kind::Shaped(_) => (Kind::Flag, "string", "boolean"),
        Kind::Whole(..) => (Kind::Shaped(Shaped::Digits), "number", "string"),
        Kind::Flag => (Kind::Shaped(Shaped::Truth), "boolean", "string"),
        _ => (Kind::Text, "number", "string"),
    };
    let old = std::mem::replace(&mut member.node.kind, new);
    let values = [("up", member.node.kind.value(random)), ("down", old.value(random))];
    let said = fails(random, json!({"from": from, "to": to}), &values);
    step.say(order, "cast", json!({name: said}));
    Some(())
}

/// L8.
pub(crate) fn scale(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let wanted = |one: &Member| {
        matches!(one.node.kind, Kind::Whole(_, ..=1_000_000) | Kind::Number)
            && one.node.default.is_none()
    };
    let at = step.pick(random, order, wanted)?;
    let member = &mut step.record(order).members[at];
    let name = member.name.clone();
    let (by, kind) = match member.node.kind {
        Kind::Whole(least, most) if least % 10 == 0 && most % 10 == 0 && random.once_in(2) => {
            (json!(0.1), Kind::Whole(least / 10, most / 10))
        }
        Kind::Whole(least, most) => (json!(100), Kind::Whole(least * 100, most * 100)),
        _ => (json!("1/8"), Kind::Number),
    };
    member.node.kind = kind;
    let mut options = json!({"by": by});
    match random.index(4) {
        0 => options["on_precision"] = json!("error"),
        1 => options["on_precision"] = json!("floor"),
        _ => {}
    }
    let said = fails(random, options, &[]);
    step.say(order, "scale", json!({name: said}));
    Some(())
}

/// L9.
pub(crate) fn time(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    const SECONDS: i64 = 4_000_000_000;
    let wanted = |one: &Member| {
        let stamp = one.node.kind == Kind::Shaped(Shaped::Stamp);
        (stamp || matches!(one.node.kind, Kind::Whole(0, SECONDS))) && one.node.default.is_none()
    };
    let at = step.pick(random, order, wanted)?;
    let member = &mut step.record(order).members[at];
    let name = member.name.clone();
    let (from, to, kind) = if member.node.kind == Kind::Shaped(Shaped::Stamp) {
        ("date-time", "epoch-s", Kind::Whole(0, SECONDS))
    } else {
        ("epoch-s", "date-time", Kind::Shaped(Shaped::Stamp))
    };
    let old = std::mem::replace(&mut member.node.kind, kind);
    let values = [("up", member.node.kind.value(random)), ("down", old.value(random))];
    let mut options = json!({"from": from, "to": to});
    if random.once_in(3) {
        options["zone"] = json!("+02:00");
    }
    let said = fails(random, options, &values);
    step.say(order, "time", json!({name: said}));
    Some(())
}

/// L11.
pub(crate) fn compute(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let wanted = |one: &Member| {
        let plain = one.name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain && matches!(one.node.kind, Kind::Text | Kind::Shaped(_) | Kind::Whole(..))
    };
    let first = step.pick(random, order, wanted)?;
    let one = step.record(order).members[first].name.clone();
    let kind = step.record(order).members[first].node.kind.clone();
    let new = step.fresh();
    let (said, kind) = if random.once_in(2) {
        (json!({"template": format!("of {{{one}}}")}), Kind::Text)
    } else {
        (json!({"first_of": [one]}), kind)
    };
    let node = Node::plain(kind);
    step.record(order).members.push(Member { name: new.clone(), node, required: false });
    step.say(order, "compute", json!({new: said}));
    Some(())
}

/// A list of rows whose first member is a text that is always there.
fn is_rows(one: &Member) -> bool {
    let Kind::List(row, ..) = &one.node.kind else { return false };
    let Kind::Record(row) = &row.kind else { return false };
    let key = |one: &Member| {
        one.required && bare(one) && matches!(one.node.kind, Kind::Shaped(Shaped::Word))
    };
    bare(one) && row.members.first().is_some_and(key) && row.members.len() > 1
}

/// L12, L13: rows by their key, in groups, sorted, or some of them.
pub(crate) fn rows(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, is_rows)?;
    let member = &mut step.record(order).members[at];
    let name = member.name.clone();
    let Kind::List(row, _, most) = member.node.kind.clone() else { return None };
    let Kind::Record(row) = row.kind else { return None };
    let key = row.members[0].name.clone();
    let rest = Record { members: row.members[1..].to_vec(), open: row.open };
    let (verb, said) = match random.index(5) {
        0 => {
            let mut options = json!({"from": "list", "by": key});
            let only = rest.members.len() == 1 && rest.members[0].required;
            let kind = if only && random.once_in(2) {
                options["value"] = json!(rest.members[0].name);
                rest.members[0].node.clone()
            } else {
                Node::plain(Kind::Record(rest))
            };
            if !random.once_in(3) {
                options["on_duplicate"] = json!(["first", "last"][random.index(2)]);
            }
            member.node.kind = Kind::Map(Box::new(kind));
            ("keyed", fails(random, options, &[("up", json!({}))]))
        }
        1 => {
            let rows = Kind::List(Box::new(Node::plain(Kind::Record(rest))), 0, most);
            member.node.kind = Kind::Map(Box::new(Node::plain(rows)));
            ("group", json!({"from": "list", "by": key}))
        }
        2 | 3 => {
            let by = row.members[random.index(row.members.len())].name.clone();
            if by.contains('/') {
                return None;
            }
            let way = ["up", "down"][random.index(2)];
            let by = if random.once_in(2) { by } else { format!("-{by}") };
            ("sort", json!({way: [by]}))
        }
        _ => {
            let way = ["up", "down"][random.index(2)];
            let (stays, words) = (["keep", "drop"][random.index(2)], ["a", "ab", "b"]);
            ("filter", json!({way: {"member": key, stays: words}}))
        }
    };
    if key.contains('/') && verb == "filter" {
        return None;
    }
    step.say(order, verb, json!({name: said}));
    Some(())
}

/// L24.
pub(crate) fn embed(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| !matches!(one.node.kind, Kind::Item) && bare(one))?;
    let member = &mut step.record(order).members[at];
    let name = member.name.clone();
    let digits = member.node.kind == Kind::Shaped(Shaped::Digits);
    let (from, to, new) = match random.index(4) {
        0 if digits => ("text", "json", Kind::Whole(0, 999_999)),
        1 | 2 => ("json", "text", Kind::Text),
        _ => ("json", ["base64", "base64url"][random.index(2)], Kind::Text),
    };
    let old = std::mem::replace(&mut member.node.kind, new);
    let mut ways = vec![("up", member.node.kind.value(random))];
    if old.is_plain() {
        ways.push(("down", old.value(random)));
    }
    let said = fails(random, json!({"from": from, "to": to}), &ways);
    step.say(order, "embed", json!({name: said}));
    Some(())
}
