//! `evergate rules`: what each kind of change means, and how bad it is.

use std::io::Write;

use evergate_contracts::report::rulebook;
use evergate_schemas::changes::{Direction, rule, rules as all};

use super::args::Rules;
use super::exit::{Failure, Outcome};

/// Writes the page of one rule, or a line for each.
pub(super) fn rules(args: &Rules, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let Some(id) = &args.id else {
        writeln!(to, "{:<33} {:<9} {:<9} means", "rule", "backward", "forward")?;
        for one in all() {
            let (backward, forward) =
                (one.worst(Direction::Backward), one.worst(Direction::Forward));
            let (backward, forward) = (backward.word(), forward.word());
            writeln!(to, "{:<33} {backward:<9} {forward:<9} {}", one.id, one.sentence)?;
        }
        writeln!(
            to,
            "\nThe levels are the worst under the default policy; `evergate rules ID` explains one."
        )?;
        return Ok(Outcome::Holds);
    };
    match rule(id) {
        Some(one) => write!(to, "{}", one.page())?,
        None => match rulebook::explain(id) {
            Some(sentence) => writeln!(to, "{sentence}")?,
            None => return Err(Failure::said(unknown(id))),
        },
    }
    Ok(Outcome::Holds)
}

/// Names rules that share a word with what was asked for.
fn unknown(id: &str) -> String {
    let words: Vec<&str> = id.split('-').filter(|word| word.len() > 3).collect();
    let like = |one: &&str| words.iter().any(|word| one.split('-').any(|part| part == *word));
    let near: Vec<&str> = all().iter().map(|one| one.id).filter(like).take(NEAR).collect();
    if near.is_empty() {
        return format!("no rule `{id}`; `evergate rules` lists all");
    }
    format!("no rule `{id}`; there are {}", near.join(", "))
}

/// Rules named to somebody who asked for one that is not there.
const NEAR: usize = 8;
