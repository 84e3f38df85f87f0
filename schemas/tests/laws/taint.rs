//! Law 12: nothing is invented. Every leaf of the output was a leaf of the input or is declared by the api.

use std::collections::{BTreeMap, BTreeSet};

use evergate_schemas::sample::Random;
use serde_json::Value;

use crate::derived::Derived;
use crate::run::{Count, hold};
use crate::text::{leaf, leaves, names, spelled, tagged};
use crate::world::{SIDES, World, read, run};

/// Every value and every name that the documents and `changes.yaml` mention; paths of members in their steps.
pub(crate) fn declared(world: &World) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut values, mut found) = (Vec::new(), BTreeSet::new());
    for (document, changes) in &world.written {
        for one in [&document["components"], changes] {
            leaves(one, &mut values);
            names(one, &mut found);
        }
    }
    for value in values.clone() {
        if let Ok(Value::String(text)) = serde_json::from_str(&value) {
            found.extend(text.split('/').map(str::to_owned));
            found.insert(text);
        }
    }
    // The keys of value tables are values.
    let keys: Vec<String> = found.iter().map(|name| leaf(&Value::from(name.as_str()))).collect();
    (values.into_iter().chain(keys).collect(), found)
}

fn invention(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    let (values, known) = declared(world);
    for (from, to) in world.pairs() {
        for side in SIDES {
            let way = world.way(from, to, side);
            if way.fused.is_empty() {
                continue;
            }
            for payload in world.payloads(from, side, seed, 3) {
                let mut tags = 0;
                let payload = tagged(&payload, &values, &mut tags);
                let text = spelled(&payload, &mut random);
                let Ok((out, _)) = run(&way.fused, &text) else { continue };
                count.case();
                let (before, after) = (read(&text), read(&out));
                let told = |what: &str| {
                    format!("{what}, v{} to v{} {side:?}: {text}\n  {out}", from + 1, to + 1)
                };
                let (mut input, mut output) = (Vec::new(), Vec::new());
                leaves(&before, &mut input);
                leaves(&after, &mut output);
                let derived = Derived::of(world, (&before, &values));
                let input: BTreeSet<String> = input.into_iter().collect();
                let mut times: BTreeMap<&String, u32> = BTreeMap::new();
                for one in &output {
                    if !input.contains(one) && !values.contains(one) && one != "null" {
                        if !derived.explains(one) {
                            return Err(told(&format!("{one} comes from nowhere")));
                        }
                        count.saw("made by a function");
                    }
                    *times.entry(one).or_default() += 1;
                    count.saw(if values.contains(one) {
                        "declared leaves"
                    } else {
                        "tagged leaves"
                    });
                }
                if let Some((one, _)) = times.iter().find(|(one, times)| {
                    **times > 1
                        && !values.contains(**one)
                        && one.contains("tag ")
                        && !derived.copies
                }) {
                    return Err(told(&format!("{one} is there twice")));
                }
                let (mut had, mut has) = (BTreeSet::new(), BTreeSet::new());
                names(&before, &mut had);
                names(&after, &mut has);
                if let Some(name) = has.iter().find(|name| {
                    !had.contains(*name)
                        && !known.contains(*name)
                        && !derived.explains(&leaf(&Value::from(name.as_str())))
                }) {
                    return Err(told(&format!("the name `{name}` comes from nowhere")));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn law_12_nothing_is_invented() {
    hold(
        "no invention",
        invention,
        &[("tagged leaves", 4), ("declared leaves", 2), ("made by a function", 100)],
    );
}
