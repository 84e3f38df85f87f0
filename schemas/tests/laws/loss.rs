//! Laws 3 and 11: what goes there and back without a word of loss is what it was, and a loss that is told is one.

use std::collections::BTreeSet;
use std::sync::Arc;

use evergate_schemas::convert::Report;
use evergate_schemas::plan::program::{Note, Program};
use evergate_schemas::sample::{Random, Validator};
use evergate_schemas::schema::{Role, Side};
use serde_json::Value;

use crate::run::{Count, hold};
use crate::text::{alike, embedded, spelled};
use crate::world::{SIDES, World, fired, lost, read, run};

/// What the way back says that it does to lists. Sorting and leaving out are declared for each way apart: neither follows
/// from what was done on the way there, so a list that was never sorted comes back sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Lists {
    sorted: bool,
    fewer: bool,
}

impl Lists {
    pub(crate) fn of(stages: &[Arc<Program>], report: &Report) -> Self {
        let said = |text: &str| fired(stages, report).any(|(note, _)| note.text.starts_with(text));
        Self { sorted: said("sort "), fewer: said("leave out items") }
    }

    /// Whether each item of `after` is another one of `before`, in its place but for what is said.
    fn kept(self, before: &[&Value], after: &[Value]) -> bool {
        let Some((first, rest)) = after.split_first() else {
            return self.fewer || before.is_empty();
        };
        let reach = if self.sorted || self.fewer { before.len() } else { before.len().min(1) };
        (0..reach).any(|at| {
            let left = if self.sorted {
                [&before[..at], &before[at + 1..]].concat()
            } else {
                before[at + 1..].to_vec()
            };
            kept(before[at], first, self).is_ok() && self.kept(&left, rest)
        })
    }
}

/// Whether all of `before` is in `after`. What `after` has beyond it are members that a conversion wrote where they
/// were absent (rows A2, A5, A7: a default written out means what its absence meant), and empty parents.
pub(crate) fn kept(before: &Value, after: &Value, lists: Lists) -> Result<(), String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in before {
                let there = after.get(name).ok_or_else(|| format!("`{name}` is gone"))?;
                kept(value, there, lists).map_err(|why| format!("{name}: {why}"))?;
            }
            Ok(())
        }
        (Value::Array(before), Value::Array(after)) if lists == Lists::default() => {
            if before.len() != after.len() {
                return Err(format!("{} items became {}", before.len(), after.len()));
            }
            before.iter().zip(after).try_for_each(|(before, after)| kept(before, after, lists))
        }
        (Value::Array(all), Value::Array(after))
            if lists.kept(&all.iter().collect::<Vec<_>>(), after) =>
        {
            Ok(())
        }
        _ if alike(before, after) => Ok(()),
        (Value::String(one), Value::String(other)) if lists != Lists::default() => {
            let both = embedded(one).zip(embedded(other));
            let (one, other) = both.ok_or_else(|| format!("{before} became {after}"))?;
            kept(&one, &other, lists)
        }
        _ => Err(format!("{before} became {after}")),
    }
}

/// Whether a loss is told on the way back of what the schema of a reader on the way there refuses, be it one between: a
/// bound that nothing is declared for lets it pass (the verdict of that step is `broken`), and what is declared for it
/// going back meets it.
pub(crate) fn refused_and_told(
    world: &World,
    (from, to, side): (usize, usize, Side),
    text: &str,
    (stages, report): (&[Arc<Program>], &Report),
) -> bool {
    let (mut at, mut text) = (from, text.to_owned());
    let mut refused = false;
    while at != to && !refused {
        let next = if at < to { at + 1 } else { at - 1 };
        let Ok((out, _)) = run(&world.way(at, next, side).fused, &text) else { return false };
        let reader = Validator::new(&world.schema(next, side, Role::Reader)).unwrap();
        refused = !reader.is_valid(&read(&out));
        (at, text) = (next, out);
    }
    refused && lost(stages, report)
}

/// Whether all that `after` has beyond `before` are empty objects: parents that a move made and left.
fn only_empty(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => after.iter().all(|(name, value)| {
            before.get(name).map_or_else(
                || value.as_object().is_some_and(serde_json::Map::is_empty),
                |before| only_empty(before, value),
            )
        }),
        (Value::Array(before), Value::Array(after)) => {
            before.iter().zip(after).all(|(before, after)| only_empty(before, after))
        }
        _ => alike(before, after),
    }
}

/// Whether a note is about something written that was not in the payload.
fn writes(note: &Note) -> bool {
    note.text.starts_with("write ")
        || note.text.starts_with("compute ")
        || note.text.starts_with("replace")
        || note.text.starts_with("read ")
}

fn rules(stages: &[Arc<Program>], report: &Report) -> BTreeSet<&'static str> {
    fired(stages, report).map(|(note, _)| note.rule).collect()
}

fn wrote(stages: &[Arc<Program>], report: &Report) -> bool {
    fired(stages, report).any(|(note, _)| writes(note))
}

/// Whether a member moved in an api with open objects. A move is called lossy wherever its target may be there
/// already, whether it is or not; and a target's parent that is there though its version does not declare it swallows
/// what moves into it without a word. Where all objects are closed neither can be.
pub(crate) fn moved(world: &World, stages: &[Arc<Program>], report: &Report) -> bool {
    !world.closed && fired(stages, report).any(|(note, _)| note.rule == "L2")
}

/// Laws 3 (there is up) and 11 (there is down).
fn there_and_back(world: &World, seed: u64, count: &mut Count, up: bool) -> Result<(), String> {
    let mut random = Random::new(seed);
    let pairs = world.pairs().into_iter().filter(|(from, to)| (from < to) == up);
    for (from, to) in pairs {
        for side in SIDES {
            let (there, back) = (world.way(from, to, side), world.way(to, from, side));
            if there.fused.is_empty() && back.fused.is_empty() {
                continue;
            }
            for payload in world.payloads(from, side, seed, 3) {
                let text = spelled(&payload, &mut random);
                let Ok((far, first)) = run(&there.fused, &text) else {
                    count.saw("refused there");
                    continue;
                };
                let Ok((near, second)) = run(&back.fused, &far) else {
                    count.saw("refused back");
                    continue;
                };
                let (before, after) = (read(&text), read(&near));
                count.case();
                for rule in rules(&there.fused, &first) {
                    count.saw(rule);
                }
                let told = || {
                    format!(
                        "v{} to v{} {side:?}: {text}\n  there {far}\n  back {near}\n  there {:?}\n  back {:?}",
                        from + 1,
                        to + 1,
                        fired(&there.fused, &first).collect::<Vec<_>>(),
                        fired(&back.fused, &second).collect::<Vec<_>>()
                    )
                };
                if moved(world, &there.fused, &first) || moved(world, &back.fused, &second) {
                    count.saw("moved in the open");
                    continue;
                }
                let lists = Lists::of(&back.fused, &second);
                if lost(&there.fused, &first) {
                    count.saw("lost there");
                    // The converse: a loss that nothing written on the way back makes good is one. Moves are
                    // left out: a parent that goes with all its members is a loss only when none was there.
                    if lists == Lists::default()
                        && !rules(&there.fused, &first).contains("L2")
                        && !wrote(&back.fused, &second)
                        && !wrote(&there.fused, &first)
                        && alike(&before, &after)
                    {
                        return Err(format!("nothing was lost, but a loss is told: {}", told()));
                    }
                    continue;
                }
                if alike(&before, &after) {
                    count.saw("the same");
                } else if let Err(why) = kept(&before, &after, lists) {
                    let back = (&*back.fused, &second);
                    if !refused_and_told(world, (from, to, side), &text, back) {
                        return Err(format!("{why}: {}", told()));
                    }
                    count.saw("refused there, told on the way back");
                } else {
                    let written = wrote(&there.fused, &first) || wrote(&back.fused, &second);
                    let emptied = rules(&back.fused, &second).contains("L2");
                    let stays = emptied && only_empty(&before, &after);
                    if !(written || stays || lists != Lists::default()) {
                        return Err(format!("nothing is told: {}", told()));
                    }
                    count.saw("the same but for what was written");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn law_3_an_old_payload_goes_up_and_comes_back() {
    let law =
        |world: &World, seed: u64, count: &mut Count| there_and_back(world, seed, count, true);
    let least = [("the same", 4), ("L3", 100), ("L4", 100), ("L7", 100), ("L16", 100)];
    hold("old round trip", law, &least);
}

#[test]
fn law_11_a_payload_is_kept_or_its_loss_is_told() {
    let law =
        |world: &World, seed: u64, count: &mut Count| there_and_back(world, seed, count, false);
    hold("honest loss", law, &[("the same", 5), ("lost there", 12)]);
}
