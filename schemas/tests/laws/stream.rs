//! Laws 14 and 18: how a body is cut makes no difference, nor does doing it again, elsewhere or in another order.

use std::sync::Arc;

use evergate_schemas::plan::{Bridges, CompileLimits, Pairs};
use evergate_schemas::relate::{Budget, Prover};
use evergate_schemas::sample::Random;
use evergate_schemas::schema::Side;

use crate::run::{Count, hold};
use crate::text::spelled;
use crate::world::{Outcome, SIDES, World, run, run_chunks};

/// A text cut anywhere, also inside characters, with empty pieces between.
fn pieces<'t>(text: &'t str, random: &mut Random) -> Vec<&'t [u8]> {
    let mut rest = text.as_bytes();
    let mut pieces = Vec::new();
    let most = 1 + random.index(12);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(random.index(most + 1).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// A text as it is, or with one byte of it taken out, so that refusals are compared too.
fn damaged(text: String, random: &mut Random) -> String {
    let at = random.index(text.len());
    if random.once_in(4) && text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
        format!("{}{}", &text[..at], &text[at + 1..])
    } else {
        text
    }
}

/// Law 14.
fn chunking(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    for (from, to) in world.pairs() {
        for side in SIDES {
            let way = world.way(from, to, side);
            for stages in [&way.fused, &way.chain] {
                for payload in world.payloads(from, side, seed, 2) {
                    count.case();
                    let text = damaged(spelled(&payload, &mut random), &mut random);
                    let whole = run(stages, &text);
                    count.saw(if whole.is_ok() { "converted" } else { "refused" });
                    let cut = run_chunks(stages, pieces(&text, &mut random).into_iter());
                    let single = run_chunks(stages, text.as_bytes().chunks(1));
                    if cut != whole || single != whole {
                        return Err(format!("{text}\n  {whole:?}\n  {cut:?}\n  {single:?}"));
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn law_14_a_stream_is_a_batch() {
    hold("stream = batch", chunking, &[("converted", 2), ("refused", 12)]);
}

/// Law 18: the same documents give the same plans whatever was asked before, on any number of threads, and the same
/// plan the same bytes.
fn determinism(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    if !random.once_in(3) {
        return Ok(());
    }
    let mut worn = Prover::new(Budget::default());
    let mut compile = |pairs: Pairs, threads: usize, fresh: bool| {
        let limits = CompileLimits { threads, ..CompileLimits::default() };
        let mut new = Prover::new(Budget::default());
        let prover = if fresh { &mut new } else { &mut worn };
        Bridges::compile_within(&world.api, &world.changes, pairs, (prover, &limits))
    };
    let last = world.versions() - 1;
    let one = compile(Pairs::All, 1, true);
    let two = compile(Pairs::All, 3, false);
    let three = compile(Pairs::Listed(vec![(last, 0), (0, last)]), 2, false);
    for (client, backend) in [(0, last), (last, 0)] {
        let ways = [(Side::Request, client), (Side::Response, backend)];
        for (side, from) in ways {
            let plan = |bridges: &Bridges| {
                let bridge = &bridges.operation(client, backend)[0];
                let message =
                    if side == Side::Request { &bridge.request } else { &bridge.responses[0] };
                let plan = &message.bodies[0].plan;
                (plan.stages.clone(), plan.judgement.clone())
            };
            let first = plan(&one);
            if first != plan(&two) || first != plan(&three) {
                return Err(format!("v{} for v{} {side:?}: other plans", client + 1, backend + 1));
            }
            count.saw("plans");
            for payload in world.payloads(from, side, seed, 6) {
                let text = spelled(&payload, &mut random);
                count.case();
                let again: Vec<Outcome> = (0..2).map(|_| run(&first.0, &text)).collect();
                let other: Vec<_> =
                    first.0.iter().map(|program| Arc::new((**program).clone())).collect();
                if again[0] != again[1] || again[0] != run(&other, &text) {
                    return Err(format!("{text}: {again:?}"));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn law_18_the_same_input_gives_the_same_bytes() {
    hold("determinism", determinism, &[("plans", 8)]);
}
