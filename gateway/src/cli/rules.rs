//! `evergate rules`: what each kind of change means.

use std::io::Write;

use evergate_schemas::changes::{RULES, rule};

use super::args::Rules;
use super::exit::{Failure, Outcome};

/// Writes one rule, or all.
pub(super) fn rules(args: &Rules, to: &mut dyn Write) -> Result<Outcome, Failure> {
    match &args.id {
        None => RULES.iter().try_for_each(|one| writeln!(to, "{:<26} {}", one.id, one.sentence))?,
        Some(id) => match rule(id) {
            Some(one) => writeln!(to, "{}", one.sentence)?,
            None => {
                return Err(Failure::said(format!("no rule `{id}`; `evergate rules` lists all")));
            }
        },
    }
    Ok(Outcome::Holds)
}
