//! Laws 7, 8 and 10: fused or step by step, by this way or that, from this backend or that: the same bytes.

use std::sync::Arc;

use evergate_schemas::plan::apply;
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::Program;
use evergate_schemas::sample::Random;
use evergate_schemas::schema::Side;
use serde_json::Value;

use crate::derived::declares;
use crate::loss::{Lists, kept, moved, refused_and_told};
use crate::run::{Count, hold};
use crate::text::{alike, spelled};
use crate::world::{Outcome, SIDES, World, lost, read, run};

/// One conversion after the other, each a whole text.
fn one_by_one(ways: &[&[Arc<Program>]], text: &str) -> Option<String> {
    ways.iter().try_fold(text.to_owned(), |text, stages| Some(run(stages, &text).ok()?.0))
}

fn bytes(outcome: Outcome) -> Option<String> {
    outcome.ok().map(|(text, _)| text)
}

/// Law 7.
fn fusion(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    let unordered = declares(world, "keyed") || declares(world, "group");
    // A number is printed as it is spelled (`cast`, `compute`, `on_range: string`), and where that text is cut its spelling
    // decides what is left of it: a tree knows the plain one only, so there it is the plain one whose meaning is asked.
    let plainly = declares(world, "on_range");
    for (from, to) in world.pairs() {
        for side in SIDES {
            let way = world.way(from, to, side);
            if way.chain.len() < 2 {
                continue;
            }
            count.saw(if way.fused.len() == 1 { "into one" } else { "into several" });
            for payload in world.payloads(from, side, seed, 3) {
                count.case();
                let text = spelled(&payload, &mut random);
                let fused = run(&way.fused, &text);
                let chained = run(&way.chain, &text);
                let steps: Vec<&[Arc<Program>]> = way.chain.chunks(1).collect();
                let stepwise = one_by_one(&steps, &text);
                count.saw(if fused.is_ok() { "converted" } else { "refused" });
                let told = format!(
                    "v{} to v{} {side:?}: {text}\n  fused {fused:?}\n  chain {chained:?}\n  steps {stepwise:?}",
                    from + 1,
                    to + 1
                );
                let meant = way.chain.iter().try_fold(read(&text), |value, program| {
                    apply(program, &value, &Values::default()).ok()
                });
                let plain = plainly.then(|| run(&way.fused, &payload.to_string()));
                let seen = plain.as_ref().unwrap_or(&fused).as_ref();
                let seen = seen.ok().map(|(text, _)| read(text));
                let same = match (&seen, &meant) {
                    // A tree has its own order of members, which becomes an order of items.
                    (Some(seen), Some(meant)) if unordered => alike(&sorted(seen), &sorted(meant)),
                    (Some(seen), Some(meant)) => alike(seen, meant),
                    (None, None) => true,
                    _ => false,
                };
                // Where an embedded text is cut, its spelling decides what is left of it.
                let cut = declares(world, "embed") && declares(world, "on_range");
                if !same && !cut {
                    return Err(format!("another meaning {meant:?}: {told}"));
                }
                if bytes(fused) != stepwise || bytes(chained) != stepwise {
                    return Err(told);
                }
            }
        }
    }
    Ok(())
}

/// All lists in one order, which does not hang on how numbers are spelled.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or_else(|| value.clone(), Value::from),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        scalar => scalar.clone(),
    }
}

#[test]
fn law_7_fused_is_stepwise_byte_for_byte() {
    hold("fusion", fusion, &[("into one", 20), ("converted", 2), ("refused", 200)]);
}

/// Law 8: through each version between, whole conversions one after the other give what the direct one gives.
fn independence(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    for (from, to) in world.pairs() {
        for side in SIDES {
            let direct = world.way(from, to, side);
            if from.abs_diff(to) < 2 || direct.fused.is_empty() {
                continue;
            }
            for payload in world.payloads(from, side, seed, 2) {
                count.case();
                let text = spelled(&payload, &mut random);
                let whole = bytes(run(&direct.fused, &text));
                for via in from.min(to) + 1..from.max(to) {
                    let (first, second) = (world.way(from, via, side), world.way(via, to, side));
                    let steps = one_by_one(&[&first.fused, &second.fused], &text);
                    count.saw("ways");
                    if steps != whole {
                        let told = format!("v{} to v{} {side:?}: {text}", from + 1, to + 1);
                        return Err(format!(
                            "{told}\n  direct {whole:?}\n  by v{} {steps:?}",
                            via + 1
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn law_8_the_way_makes_no_difference() {
    hold("path independence", independence, &[("ways", 1)]);
}

/// Law 10: one state, held by two backends of different versions, looks the same to a client. The state is told in
/// the vocabulary of one of them; the other holds what conversion makes of it. For a client beyond the other backend
/// (so that the state goes there and back) it holds as long as nothing was lost on the way.
fn transparency(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    let side = Side::Response;
    for (knows, other) in world.pairs() {
        let there = world.way(knows, other, side);
        for payload in world.payloads(knows, side, seed, 1) {
            let state = spelled(&payload, &mut random);
            let Ok((held, report)) = run(&there.fused, &state) else { continue };
            for client in 0..world.versions() {
                let between = (knows <= other) == (other <= client) && client != knows;
                if !between && (client != knows || lost(&there.fused, &report)) {
                    continue;
                }
                let near = run(&world.way(knows, client, side).fused, &state);
                let back = world.way(other, client, side);
                let far = run(&back.fused, &held);
                let (Ok((near, _)), Ok((far, second))) = (near, far) else { continue };
                count.case();
                count.saw(if client == knows { "there and back" } else { "beyond" });
                let same = if client == knows {
                    let back = (&*back.fused, &second);
                    let lists = Lists::of(back.0, back.1);
                    kept(&read(&near), &read(&far), lists).is_ok()
                        || moved(world, &there.fused, &report)
                        || refused_and_told(world, (knows, other, side), &state, back)
                } else {
                    near == far
                };
                if !same {
                    let told = format!(
                        "backends v{} and v{}, client v{}",
                        knows + 1,
                        other + 1,
                        client + 1
                    );
                    return Err(format!("{told}: {state}\n  {near}\n  {far}"));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn law_10_which_backend_answers_cannot_be_seen() {
    hold("backend transparency", transparency, &[("there and back", 4), ("beyond", 10)]);
}
