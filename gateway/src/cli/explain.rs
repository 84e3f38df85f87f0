//! `evergate explain`: why a request goes where it goes, and what is done to it.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::sync::Arc;

use clap::Args;
use http::Method;

use super::args::Format;
use super::exit::{Failure, Outcome};
use super::explained;
use super::remote::{Reach, Remote};
use crate::assemble::assemble;
use crate::exchange::explain::{Explanation, Question, explain as walk};
use crate::telemetry::Metrics;

/// `evergate explain`
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A URL, or a path with its query: `/orders/v1/orders/7?expand=items`.
    #[arg(value_name = "URL", required_unless_present = "format")]
    url: Option<String>,
    /// Ask the gateway that runs, by the configuration in use and its backends as they are; also meant by `--admin`. Else the
    /// files are read, and nobody is asked.
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    reach: Reach,
    /// The method; GET if left out, POST with `--data`.
    #[arg(short = 'X', long, value_name = "METHOD")]
    method: Option<String>,
    /// A field of the request, as `name: value`; may be given many times.
    #[arg(short = 'H', long, value_name = "FIELD")]
    header: Vec<String>,
    /// The request's body, or with `@` in front the file that has it. It goes through the converter.
    #[arg(short, long, value_name = "TEXT|@FILE")]
    data: Option<String>,
    /// The address that the request comes from; this machine if left out.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<IpAddr>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Writes what would become of a request.
pub(super) fn explain(args: &Explain, to: &mut dyn Write) -> Result<Outcome, Failure> {
    if args.format == Format::JsonSchema {
        serde_json::to_writer_pretty(&mut *to, &Explanation::json_schema())
            .map_err(std::io::Error::from)?;
        writeln!(to)?;
        return Ok(Outcome::Holds);
    }
    let question = question(args)?;
    let is_live = args.live || args.reach.admin.is_some();
    let told = if is_live { live(args, &question) } else { offline(args, &question) }?;
    match args.format {
        Format::Human => explained::write(to, &told)?,
        Format::Json | Format::JsonSchema => {
            serde_json::to_writer_pretty(&mut *to, &told).map_err(std::io::Error::from)?;
            writeln!(to)?;
        }
    }
    Ok(if told.refusal.is_some() { Outcome::Findings } else { Outcome::Holds })
}

/// By the gateway that runs.
fn live(args: &Explain, question: &Question) -> Result<Explanation, Failure> {
    let body = serde_json::to_vec(question).map_err(Failure::said)?;
    let body = Some(("application/json", body.into()));
    let told = Remote::new(&args.reach)?.ask(&Method::POST, "/explain", &[], body)?.good()?;
    serde_json::from_slice(&told.body)
        .map_err(|error| Failure::said(format!("the gateway's answer is no explanation: {error}")))
}

/// By the files as they are now; of backends only the addresses are known.
fn offline(args: &Explain, question: &Question) -> Result<Explanation, Failure> {
    let assembled =
        assemble(&args.reach.config, &Metrics::default(), None).map_err(Failure::Configuration)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(walk(Arc::new(assembled.snapshot), question)).map_err(Failure::said)
}

/// The request as it is written on the command line.
fn question(args: &Explain) -> Result<Question, Failure> {
    let headers = args.header.iter().map(|line| {
        let (name, value) = line.split_once(':').ok_or_else(|| {
            Failure::said(format!("`{line}` is no field; write it as `name: value`"))
        })?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    });
    let body = args.data.as_ref().map(|text| match text.strip_prefix('@') {
        Some(file) => fs::read_to_string(file)
            .map_err(|error| Failure::said(format!("{file} cannot be read as text: {error}"))),
        None => Ok(text.clone()),
    });
    let url = args
        .url
        .clone()
        .ok_or_else(|| Failure::said("say which request: `evergate explain /orders/v1/orders`"))?;
    Ok(Question {
        method: args.method.clone(),
        url,
        headers: headers.collect::<Result<_, Failure>>()?,
        body: body.transpose()?,
        from: args.from,
    })
}
