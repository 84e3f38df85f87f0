//! Edits of what a reader takes, and what `changes.yaml` says of the values that it does not: rows A3, A5, A10, A11, A15, A17.

use evergate_schemas::sample::Random;
use serde_json::{Value, json};

use crate::edits::Step;
use crate::model::Kind;

/// A bound moved: narrower on the way up or on the way down, with what becomes of a value beyond it, or without.
fn said(
    step: &mut Step<'_>,
    random: &mut Random,
    of: (bool, &str, bool),
    way: &str,
    words: &[Value],
) {
    let (order, name, required) = of;
    let policy = match random.index(words.len() + 4) {
        0 => json!("error"),
        1 => json!("keep"),
        2 if !required => json!("omit"),
        2 | 3 => return,
        at => words[at - 4].clone(),
    };
    let policy = if random.once_in(4) {
        json!({way: {"request": "error", "response": policy}})
    } else {
        json!({way: policy})
    };
    step.say(order, "on_range", json!({name: policy}));
}

/// A10.
pub(crate) fn numbers(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| matches!(one.node.kind, Kind::Whole(..)))?;
    let member = &mut step.record(order).members[at];
    let wider = random.once_in(2);
    if let Kind::Whole(_, most) = &mut member.node.kind {
        *most = if wider { *most + 90 } else { (*most - 3).max(1) };
    }
    member.node.default = None;
    let (name, required, null) = (member.name.clone(), member.required, member.node.null);
    let mut words = vec![json!("clamp"), json!({"default": 1})];
    if null {
        words.push(json!("null"));
    }
    said(step, random, (order, &name, required), if wider { "down" } else { "up" }, &words);
    Some(())
}

/// A11.
pub(crate) fn texts(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at =
        step.pick(random, order, |one| matches!(one.node.kind, Kind::Short(_) | Kind::Text))?;
    let member = &mut step.record(order).members[at];
    let (wider, kind) = match member.node.kind {
        Kind::Short(most) if random.once_in(2) => (true, Kind::Short(most + 4)),
        Kind::Short(_) if random.once_in(2) => (true, Kind::Text),
        Kind::Short(most) => (false, Kind::Short((most / 2).max(1))),
        _ => (false, Kind::Short(7)),
    };
    member.node.kind = kind;
    member.node.default = None;
    let (name, required) = (member.name.clone(), member.required);
    let words = [json!("truncate"), json!("truncate"), json!({"default": "x"})];
    said(step, random, (order, &name, required), if wider { "down" } else { "up" }, &words);
    Some(())
}

/// A15.
pub(crate) fn lists(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| matches!(one.node.kind, Kind::List(_, _, 2..)))?;
    let member = &mut step.record(order).members[at];
    let wider = random.once_in(2);
    let Kind::List(_, _, most) = &mut member.node.kind else { return None };
    *most = if wider { *most + 1 } else { *most - 1 };
    member.node.default = None;
    let (name, required) = (member.name.clone(), member.required);
    let words = [json!("truncate"), json!("truncate")];
    said(step, random, (order, &name, required), if wider { "down" } else { "up" }, &words);
    Some(())
}

/// A17: a member that is gone, and what becomes of it.
pub(crate) fn extra(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |_| true)?;
    let member = step.record(order).members.remove(at);
    let word = ["drop", "keep", "error"][random.index(3)];
    let policy = match random.index(3) {
        0 => json!(word),
        1 => json!({"up": word}),
        _ => json!({"request": word}),
    };
    step.say(order, "on_extra", json!({member.name: policy}));
    Some(())
}

/// A3, A5: a member that has to be there now.
pub(crate) fn missing(step: &mut Step<'_>, random: &mut Random, order: bool) -> Option<()> {
    let at = step.pick(random, order, |one| !one.required && one.node.kind.is_plain())?;
    let member = &mut step.record(order).members[at];
    member.required = true;
    let (name, value) = (member.name.clone(), member.node.kind.value(random));
    let policy = match random.index(5) {
        0 => json!("error"),
        1 => json!("omit"),
        2 if member.node.null => json!("null"),
        3 => json!({"request": "error"}),
        _ => json!({"default": value}),
    };
    step.say(order, "on_missing", json!({name: {"up": policy}}));
    Some(())
}
