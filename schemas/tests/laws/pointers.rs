//! Law 16: a refusal points into the payload as its sender wrote it.

use evergate_schemas::convert::{Cause, Refused};
use evergate_schemas::plan::pointers::{Landing, forward, origin};
use evergate_schemas::pointer::Pointer;
use evergate_schemas::sample::Random;
use serde_json::Value;

use crate::run::{Count, hold};
use crate::text::spelled;
use crate::world::{SIDES, World, read, run};

/// Whether the pointer of a refusal leads to a value; for a member that is missing, whether its object is there. It may
/// be there itself, where an earlier version left it out.
fn leads(payload: &Value, refused: &Refused) -> bool {
    let pointer = &refused.pointer;
    if !is_missing(refused) {
        return payload.pointer(pointer.as_str()).is_some();
    }
    let tokens: Vec<String> = pointer.tokens().collect();
    // Step by step, the place of a member that only a later version has is the object it would be in.
    let Some((last, outer)) = tokens.split_last() else { return true };
    let mut at = payload;
    for token in outer {
        at = match at {
            Value::Object(members) => match members.get(token) {
                Some(inner) => inner,
                // A parent that the plan would have made.
                None => return true,
            },
            Value::Array(items) => {
                match token.parse::<usize>().ok().and_then(|index| items.get(index)) {
                    Some(inner) => inner,
                    None => return false,
                }
            }
            _ => return false,
        };
    }
    at.is_object() || at.get(last).is_none()
}

const fn is_missing(refused: &Refused) -> bool {
    matches!(refused.cause, Cause::Missing(_))
}

fn pointers(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    for (from, to) in world.pairs() {
        for side in SIDES {
            let way = world.way(from, to, side);
            for payload in world.payloads(from, side, seed, 6) {
                let text = spelled(&payload, &mut random);
                let Err(refused) = run(&way.fused, &text) else { continue };
                count.case();
                count.saw(if is_missing(&refused) { "missing" } else { "of a value" });
                if from.abs_diff(to) > 1 {
                    count.saw("over several versions");
                }
                let told = |what: &str| {
                    format!("{what}, v{} to v{} {side:?}: {text}\n  {refused:?}", from + 1, to + 1)
                };
                if !leads(&read(&text), &refused) {
                    return Err(told("the pointer leads nowhere"));
                }
                // Of two faults in one payload each may name its own.
                let stepwise = run(&way.chain, &text);
                if stepwise.as_ref().err().is_none_or(|other| !leads(&read(&text), other)) {
                    return Err(format!(
                        "{}\n  {stepwise:?}",
                        told("another pointer step by step")
                    ));
                }
            }
        }
    }
    Ok(())
}

/// All places of a payload.
fn places(value: &Value, at: &Pointer, found: &mut Vec<Pointer>) {
    found.push(at.clone());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, one)| places(one, &at.join(name), found));
        }
        Value::Array(items) => {
            for (index, one) in items.iter().enumerate() {
                places(one, &at.join(&index.to_string()), found);
            }
        }
        _ => {}
    }
}

fn inverse(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    for (from, to) in world.pairs() {
        for side in SIDES {
            let way = world.way(from, to, side);
            for payload in world.payloads(from, side, seed, 3) {
                let mut all = Vec::new();
                places(&payload, &Pointer::root(), &mut all);
                count.case();
                for place in all {
                    let Landing::At(there, _) = forward(&way.fused, &place) else { continue };
                    count.saw("places");
                    if there != place {
                        count.saw("elsewhere");
                    }
                    let (back, sent) = origin(&way.fused, &there);
                    if (&back, sent) != (&place, true) {
                        return Err(format!("{place} by {there} back to {back}: {payload}"));
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn law_16_pointers_invert() {
    hold("inverse pointers", inverse, &[("places", 2), ("elsewhere", 100)]);
}

#[test]
fn law_16_a_refusal_points_into_what_was_sent() {
    hold(
        "pointers",
        pointers,
        &[("of a value", 20), ("missing", 20), ("over several versions", 20)],
    );
}
