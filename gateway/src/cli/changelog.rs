//! `evergate changelog`: what each version changed, for client developers.

use std::io::Write;

use evergate_contracts::changelog::{Changelog, LogFormat as Written};
use evergate_schemas::describe::{Limits, load_api};

use super::args::{self, LogFormat};
use super::exit::{Failure, Outcome};

/// Writes the changelog of an api.
pub(super) fn changelog(args: &args::Changelog, to: &mut dyn Write) -> Result<Outcome, Failure> {
    let format = match args.format {
        LogFormat::Human => Written::Human,
        LogFormat::Markdown => Written::Markdown,
        LogFormat::Json => Written::Json,
        LogFormat::JsonSchema => {
            serde_json::to_writer_pretty(&mut *to, &Changelog::json_schema())
                .map_err(std::io::Error::from)?;
            writeln!(to)?;
            return Ok(Outcome::Holds);
        }
    };
    let api = load_api(&args.directory, &Limits::default()).map_err(Failure::Problems)?;
    if let Some(version) = &args.version {
        let found = api.versions.iter().position(|one| one.version.as_str() == version);
        match found {
            Some(0) => {
                return Err(Failure::said(format!(
                    "{version} is the oldest version, it changed nothing"
                )));
            }
            Some(_) => {}
            None => {
                let known: Vec<&str> =
                    api.versions.iter().map(|one| one.version.as_str()).collect();
                let known = known.join(", ");
                return Err(Failure::said(format!("no version `{version}`; known: {known}")));
            }
        }
    }
    Changelog::of(&api, args.version.as_deref()).write(to, format)?;
    Ok(Outcome::Holds)
}
