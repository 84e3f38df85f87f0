//! Law 20: output is bounded by input: so many times as long and so much more, by what the program says.

use std::sync::Arc;

use evergate_schemas::plan::Direction;
use evergate_schemas::plan::program::{Node, Program, Source, Supply};
use evergate_schemas::plan::transform::Transform;
use evergate_schemas::plan::{Site, derive, fuse_all};
use evergate_schemas::relate::{Budget, Prover};
use evergate_schemas::sample::Random;
use evergate_schemas::schema::{Role, Schema};
use serde_json::json;

use crate::run::{Count, hold};
use crate::text::spelled;
use crate::world::{SIDES, World, run};

/// Bytes that supplies write at most, what they take from the payload not counted.
fn written(supplies: &[Supply]) -> usize {
    let each = supplies.iter().map(|one| {
        let value = match &one.source {
            Source::Literal(text) => text.len(),
            Source::Object(inner) => 2 + written(inner),
            Source::Slot(_) | Source::Outside(_) | Source::Nothing => 0,
        };
        // Name, quotes, escapes, colon and comma.
        one.name.len() * 6 + 4 + value
    });
    each.sum()
}

/// How many times longer a function makes a value at most.
fn grown(transform: &Transform) -> usize {
    match transform {
        // Each byte of a text is escaped, or three become four.
        Transform::Embed(_) => 8,
        // Digits after the point, or all of an exponent.
        Transform::Scale(_) | Transform::Cast(_) => 400,
        Transform::Time(_) => 40,
        Transform::Chain(parts) => parts.iter().map(grown).product(),
        // Names beside each value, braces and a template around it.
        _ => 60,
    }
}

/// How many bytes one byte of input can become: an object has two at least, a member four.
fn factor(program: &Program) -> usize {
    let of = |node: &Node| match node {
        Node::Replace(text, _) => text.len(),
        Node::Object(object) => {
            let renamed = object.members.iter().filter_map(|one| one.rename.as_ref());
            renamed.map(|(name, _)| name.len() * 6).max().unwrap_or(0) + written(&object.supplies)
        }
        _ => 0,
    };
    let functions = program.nodes.iter().filter_map(|node| match node {
        Node::Transform(one) => Some(grown(&one.transform)),
        _ => None,
    });
    let functions = functions.fold(1_usize, usize::saturating_mul);
    functions.saturating_mul(1 + program.nodes.iter().map(of).max().unwrap_or(0))
}

/// The programs of a list of orders.
fn listed(
    world: &World,
    from: usize,
    to: usize,
    side: evergate_schemas::schema::Side,
) -> Vec<Arc<Program>> {
    let mut prover = Prover::new(Budget::default());
    let list = |schema: Schema| schema.at(json!({"type": "array", "items": schema.root}));
    let mut chain = Vec::new();
    let mut at = from;
    while at != to {
        let next = if at < to { at + 1 } else { at - 1 };
        let site = Site {
            direction: if at < next { Direction::Up } else { Direction::Down },
            side,
            old: None,
            new: None,
            status: None,
            changes: &world.changes[at.max(next)],
        };
        let sender = list(world.schema(at, side, Role::Sender));
        chain.push(Arc::new(derive(
            &sender,
            &list(world.schema(next, side, Role::Reader)),
            &site,
            &mut prover,
        )));
        at = next;
    }
    chain.retain(|program| !program.is_identity());
    fuse_all(&chain)
}

fn bound(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    for (from, to) in world.pairs() {
        for side in SIDES {
            let stages = listed(world, from, to, side);
            if stages.is_empty() {
                continue;
            }
            let factors = stages.iter().map(|program| factor(program));
            let most = factors.fold(1_usize, usize::saturating_mul);
            for payload in world.payloads(from, side, seed, 2) {
                let one = spelled(&payload, &mut random);
                let of = |many: usize| format!("[{}]", vec![one.as_str(); many].join(","));
                let Ok((out, _)) = run(&stages, &of(1)) else { continue };
                count.case();
                if out.len() > of(1).len().saturating_mul(most) {
                    return Err(format!(
                        "{one}: {} bytes from {}, at most {most} times",
                        out.len(),
                        one.len()
                    ));
                }
                // Each item more adds the same bytes: what is written is linear in what is read.
                let lengths: Vec<usize> = [1, 2, 5, 17]
                    .iter()
                    .map(|many| run(&stages, &of(*many)).map_or(0, |(out, _)| out.len()))
                    .collect();
                let step = lengths[1].wrapping_sub(lengths[0]);
                if lengths[2] != lengths[0] + 4 * step || lengths[3] != lengths[0] + 16 * step {
                    return Err(format!("{one}: {lengths:?}"));
                }
                count.saw(if out.len() > of(1).len() { "longer" } else { "not longer" });
            }
        }
    }
    Ok(())
}

#[test]
fn law_20_output_is_bounded_by_input() {
    hold("bound", bound, &[("longer", 20), ("not longer", 20)]);
}
