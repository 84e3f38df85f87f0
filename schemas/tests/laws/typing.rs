//! Laws 1 and 2: the same version changes no byte; what is proved is true of every payload.

use std::collections::BTreeMap;
use std::sync::Arc;

use evergate_schemas::convert::Refused;
use evergate_schemas::plan::{Bridges, Pairs};
use evergate_schemas::relate::verdict::Verdict;
use evergate_schemas::relate::{Budget, Prover};
use evergate_schemas::sample::{Random, Validator};
use evergate_schemas::schema::{Role, Side};

use crate::run::{Count, hold};
use crate::text::spelled;
use crate::world::{SIDES, World, read, run};

/// Law 1.
fn identity(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    let mut prover = Prover::new(Budget::default());
    for version in 0..world.versions() {
        for side in SIDES {
            let sender = world.schema(version, side, Role::Sender);
            let reader = world.schema(version, side, Role::Reader);
            let changes = evergate_schemas::plan::VersionChanges::default();
            let site = evergate_schemas::plan::Site {
                direction: evergate_schemas::plan::Direction::Up,
                side,
                old: None,
                new: None,
                status: None,
                changes: &changes,
            };
            let program = evergate_schemas::plan::derive(&sender, &reader, &site, &mut prover);
            if !program.is_identity() {
                return Err(format!("v{} {side:?} is not itself: {program:?}", version + 1));
            }
            for payload in world.payloads(version, side, seed, 2) {
                let text = spelled(&payload, &mut random);
                let stages = [Arc::new(program.clone())];
                for stages in [&stages[..], &[]] {
                    let out = run(stages, &text).map_err(|why| format!("{text}: {why}"))?;
                    if out.0 != text {
                        return Err(format!("{text} became {}", out.0));
                    }
                }
                count.case();
            }
        }
    }
    Ok(())
}

#[test]
fn law_1_the_same_version_changes_no_byte() {
    hold("identity", identity, &[]);
}

/// Law 2: a verdict that holds holds for every payload of the sender, also where it is fused over several versions.
fn typing(world: &World, seed: u64, count: &mut Count) -> Result<(), String> {
    let mut random = Random::new(seed);
    let pairs: Vec<_> = world.pairs().into_iter().filter(|_| random.once_in(2)).collect();
    let bridges = Bridges::compile(
        &world.api,
        &world.changes,
        Pairs::Listed(pairs.clone()),
        &mut Prover::new(Budget::default()),
    );
    let mut validators = BTreeMap::new();
    for (client, backend) in pairs {
        let [bridge] = bridges.operation(client, backend) else {
            return Err("one operation".to_owned());
        };
        let ways = [
            (Side::Request, client, backend, &bridge.request),
            (Side::Response, backend, client, &bridge.responses[0]),
        ];
        for (side, from, to, message) in ways {
            let plan = &message.bodies[0].plan;
            let verdict = plan.judgement.verdict;
            count.saw(match verdict {
                Verdict::Native => "native",
                Verdict::Bridged => "bridged",
                Verdict::Lossy => "lossy",
                Verdict::Undecided => "undecided",
                Verdict::Broken => "broken",
            });
            let validator = validators
                .entry((side, to))
                .or_insert_with(|| Validator::new(&world.schema(to, side, Role::Reader)).unwrap());
            for payload in world.payloads(from, side, seed, 3) {
                let text = spelled(&payload, &mut random);
                let out = run(&plan.stages, &text);
                // What is declared to be refused is promised to nobody.
                if side == Side::Request && out.as_ref().is_err_and(Refused::is_declared) {
                    continue;
                }
                if verdict.holds() {
                    count.case();
                    let told = || {
                        format!(
                            "v{} to v{} {side:?} is {verdict}, but {text} gives {out:?}",
                            from + 1,
                            to + 1
                        )
                    };
                    let (made, _) = out.as_ref().map_err(|_| told())?;
                    let objection = validator.first_error(&read(made));
                    if objection.is_some_and(|(at, ..)| !plan.judgement.bears(&at))
                        || (verdict == Verdict::Native && *made != text)
                    {
                        return Err(told());
                    }
                } else if plan.judgement.total && out.is_err() {
                    return Err(format!(
                        "v{} to v{} {side:?} is called total, but {text}: {out:?}",
                        from + 1,
                        to + 1
                    ));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn law_2_what_is_proved_is_true_of_every_payload() {
    hold("typing", typing, &[("bridged", 40), ("lossy", 40), ("native", 40), ("broken", 400)]);
}
