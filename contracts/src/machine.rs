//! The real converter, run on pieces of random lengths.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use evergate_schemas::convert::{Converter, Limits, Refused};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::{Node, Program, Source, Supply};
use evergate_schemas::sample::Random;

/// Converts a payload; `None` for one that is refused as declared. Any other refusal, or a fall of the converter, is a
/// sentence.
pub(crate) fn converted(
    stages: &[Arc<Program>],
    input: &[u8],
    values: &Arc<Values>,
    random: &mut Random,
) -> Result<Option<Vec<u8>>, String> {
    let run = AssertUnwindSafe(|| convert(stages, input, values, random));
    match catch_unwind(run) {
        Ok(Ok(output)) => Ok(Some(output)),
        Ok(Err(refused)) if refused.is_declared() => Ok(None),
        Ok(Err(refused)) => Err(format!("the converter refuses: {refused}")),
        Err(_) => Err("the converter fell over".to_owned()),
    }
}

fn convert(
    stages: &[Arc<Program>],
    input: &[u8],
    values: &Arc<Values>,
    random: &mut Random,
) -> Result<Vec<u8>, Refused> {
    let mut converter = Converter::new(stages, Limits::default(), Arc::clone(values));
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    let piece = random.up_to(input.len());
    while !rest.is_empty() {
        let (now, later) = rest.split_at(random.up_to(piece).min(rest.len()));
        converter.push(now, &mut out)?;
        rest = later;
    }
    converter.finish(&mut out)?;
    Ok(out)
}

/// Whether a plan reads something from outside that nobody gave.
pub(crate) fn needs(stages: &[Arc<Program>], values: &Values) -> bool {
    stages.iter().any(|stage| {
        stage.nodes.iter().any(|node| match node {
            Node::Object(object) => object.supplies.iter().any(|one| supply_needs(one, values)),
            _ => false,
        })
    })
}

fn supply_needs(supply: &Supply, values: &Values) -> bool {
    match &supply.source {
        Source::Outside(what) => values.lookup(what).is_none(),
        Source::Object(inner) => inner.iter().any(|one| supply_needs(one, values)),
        Source::Literal(_) | Source::Slot(_) | Source::Nothing => false,
    }
}
