//! Law 15: bytes outside what a rule is about come out as they came in: spellings, order, blanks.

use std::collections::{BTreeMap, BTreeSet};

use evergate_schemas::sample::Random;
use serde_json::Value;

use crate::run::{Count, hold};
use crate::taint::declared;
use crate::text::{Token, leaf, spelled, tagged, tokens};
use crate::world::{SIDES, World, fired, run};

/// Whether a token is a leaf that stands in the payload only once.
fn is_tag(token: &Token<'_>) -> bool {
    let value: Value = serde_json::from_str(token.raw).unwrap();
    !token.is_name
        && match &value {
            Value::String(text) => text.starts_with("tag "),
            Value::Number(number) => number.as_f64().is_some_and(|number| number > 7_000_000.0),
            _ => false,
        }
}

/// Rules that make a value anew, or put it elsewhere.
const ANEW: [&str; 15] = [
    "L3", "L4", "L5", "L7", "L8", "L9", "L11", "L12", "L13", "L14", "L16", "L24", "A10", "A11",
    "A15",
];

fn frame(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    let (values, _) = declared(world);
    for (from, to) in world.pairs() {
        for side in SIDES {
            let way = world.way(from, to, side);
            if way.fused.is_empty() {
                continue;
            }
            for payload in world.payloads(from, side, seed, 3) {
                let text = spelled(&tagged(&payload, &values, &mut 0), &mut random);
                let Ok((out, report)) = run(&way.fused, &text) else { continue };
                count.case();
                let rules: BTreeSet<&str> =
                    fired(&way.fused, &report).map(|(note, _)| note.rule).collect();
                let told = |what: &str| {
                    format!(
                        "{what}, v{} to v{} {side:?}: {text}\n  {out}\n  {rules:?}",
                        from + 1,
                        to + 1
                    )
                };
                if rules.is_empty() {
                    count.saw("nothing fired");
                    if out != text {
                        return Err(told("nothing fired, but the bytes are others"));
                    }
                }
                check(&text, &out, &rules, &values, count).map_err(|what| told(&what))?;
            }
        }
    }
    Ok(())
}

fn check(
    text: &str,
    out: &str,
    rules: &BTreeSet<&str>,
    declared: &BTreeSet<String>,
    count: &mut Count,
) -> Result<(), String> {
    let (input, output) = (tokens(text), tokens(out));
    let raw: BTreeSet<(&str, bool)> = input.iter().map(|one| (one.raw, one.is_name)).collect();
    let places: BTreeMap<&str, usize> = input
        .iter()
        .enumerate()
        .filter(|(_, one)| is_tag(one))
        .map(|(at, one)| (one.raw, at))
        .collect();
    let anew = ANEW.iter().any(|rule| rules.contains(rule));
    let mut last = 0;
    for (at, token) in output.iter().enumerate() {
        let value: Value = serde_json::from_str(token.raw).unwrap();
        if anew {
            // What a function does not look into keeps its spelling.
            let cut = rules.contains("A11");
            if is_tag(token) && value.is_string() && !cut && !raw.contains(&(token.raw, false)) {
                return Err(format!("{} is spelled anew", token.raw));
            }
            continue;
        }
        if !raw.contains(&(token.raw, token.is_name)) {
            // Written by the plan: compact and declared.
            let compact = value.to_string();
            if token.raw != compact {
                return Err(format!("{} is spelled anew", token.raw));
            }
            if !token.is_name && !declared.contains(&leaf(&value)) && !value.is_null() {
                return Err(format!("{} is in no input", token.raw));
            }
        }
        let Some(&was) = places.get(token.raw) else { continue };
        if !rules.contains("L2") {
            if was < last {
                return Err(format!("{} comes in another order", token.raw));
            }
            last = was;
        }
        // The bytes between a leaf and the token before it, where that is still the same one.
        let before =
            |tokens: &[Token<'_>], at: usize| at.checked_sub(1).map(|at| tokens[at].raw.to_owned());
        let gap = |text: &str, tokens: &[Token<'_>], at: usize| {
            let from = at.checked_sub(1).map_or(0, |at| tokens[at].end);
            text[from..tokens[at].start].to_owned()
        };
        // A moved member is written anew around its value.
        if rules.contains("L2") || !output.get(at.wrapping_sub(1)).is_some_and(|one| one.is_name) {
            continue;
        }
        if before(&input, was) == before(&output, at) {
            count.saw("gaps");
            if gap(text, &input, was) != gap(out, &output, at) {
                return Err(format!("the bytes before {} are others", token.raw));
            }
        }
    }
    Ok(())
}

#[test]
fn law_15_bytes_outside_a_footprint_are_kept() {
    hold("frame", frame, &[("gaps", 4), ("nothing fired", 60)]);
}
