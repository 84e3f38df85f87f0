//! `evergate convert`: one payload, from standard input to standard output, in pieces.

use std::io::{Read, Write};
use std::sync::Arc;

use evergate_contracts::check::compile;
use evergate_contracts::policy::Settings;
use evergate_schemas::convert::{Converter, Limits};
use evergate_schemas::describe::model::{Api, OperationKey, Status};
use evergate_schemas::describe::{self, load_api};
use evergate_schemas::plan::bridge::{BodyPlan, MessageBridge};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::Program;

use super::args::Convert;
use super::exit::{Failure, Outcome};

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Converts what comes in; what was written before a refusal is told to be no whole payload.
pub(super) fn convert(
    args: &Convert,
    mut from: impl Read,
    mut to: impl Write,
) -> Result<Outcome, Failure> {
    let values = Arc::new(values(&args.value)?);
    let stages = stages(args)?;
    let mut converter = Converter::new(&stages, Limits::default(), values);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut out = Vec::new();
    let mut written = 0;
    loop {
        let count = from.read(&mut chunk)?;
        let pushed = match chunk.get(..count) {
            None | Some([]) => converter.finish(&mut out).map(|_| true),
            Some(bytes) => converter.push(bytes, &mut out).map(|()| false),
        };
        let finished = match pushed {
            Ok(finished) => finished,
            Err(refused) => {
                let sentence = format!("refused: {refused}");
                return tell(&sentence, written);
            }
        };
        to.write_all(&out)?;
        written += out.len();
        out.clear();
        if finished {
            to.flush()?;
            return Ok(Outcome::Holds);
        }
    }
}

fn tell(sentence: &str, written: usize) -> Result<Outcome, Failure> {
    let mut errors = anstream::stderr().lock();
    writeln!(errors, "evergate: {sentence}")?;
    if written > 0 {
        writeln!(errors, "evergate: the {written} bytes written so far are not a whole payload")?;
    }
    Ok(Outcome::Findings)
}

/// What stands behind `--value`.
pub(super) fn values(written: &[String]) -> Result<Values, Failure> {
    let mut values = Values::default();
    for one in written {
        let wrong = || Failure::said(format!("`--value {one}` must be NAME=JSON"));
        let (name, json) = one.split_once('=').ok_or_else(wrong)?;
        let json: serde_json::Value = serde_json::from_str(json).map_err(|_| wrong())?;
        values.configuration.insert(name.to_owned(), json.to_string());
    }
    Ok(values)
}

fn stages(args: &Convert) -> Result<Vec<Arc<Program>>, Failure> {
    let api = load_api(&args.dir, &describe::Limits::default()).map_err(Failure::Problems)?;
    let (from, to) = (version(&api, &args.from)?, version(&api, &args.to)?);
    if from == to {
        return Ok(Vec::new());
    }
    // a request travels from the client's version to the backend's, a response the other way
    let (client, backend) = if args.response.is_some() { (to, from) } else { (from, to) };
    let compiled = compile(&api, &[(client, backend)], Settings::default());
    if let Some(name) = &args.document {
        let found = compiled.bridges.document(from, to).and_then(|plans| plans.get(name));
        let plan =
            found.ok_or_else(|| Failure::said(format!("no document `{name}` in both versions")))?;
        return Ok(plan.stages.clone());
    }
    let written = args.operation.as_deref().unwrap_or_default();
    let shape = shape(written)?;
    let bridges = compiled.bridges.operation(client, backend);
    let bridge = bridges.iter().find(|bridge| {
        let of = |version: usize, index: usize| {
            let operation = api.versions.get(version)?.operations.get(index)?;
            Some(operation.key.shape())
        };
        of(client, bridge.client_operation).as_ref() == Some(&shape)
    });
    let bridge = bridge.ok_or_else(|| {
        Failure::said(format!("no operation `{written}` in version {}", args.from))
    })?;
    if bridge.backend_operation.is_none() {
        return Err(Failure::said(format!("no operation `{written}` in version {}", args.to)));
    }
    let message = match args.response {
        None => Some(&bridge.request),
        Some(code) => by_status(&bridge.responses, code),
    };
    let message = message.ok_or_else(|| Failure::said("no such response is declared"))?;
    let plan = body(message, args.media.as_deref())?;
    Ok(plan.plan.stages.clone())
}

fn version(api: &Api, label: &str) -> Result<usize, Failure> {
    api.versions.iter().position(|one| one.version.as_str() == label).ok_or_else(|| {
        let known: Vec<&str> = api.versions.iter().map(|one| one.version.as_str()).collect();
        Failure::said(format!("no version `{label}` of {}; known: {}", api.name, known.join(", ")))
    })
}

fn shape(written: &str) -> Result<String, Failure> {
    let Some((method, path)) = written.split_once(' ') else {
        return Err(Failure::said(format!("`{written}` must be `METHOD /path`")));
    };
    let key = OperationKey { method: method.to_uppercase(), path: path.trim().to_owned() };
    Ok(key.shape())
}

fn by_status(responses: &[MessageBridge], code: u16) -> Option<&MessageBridge> {
    let class = u8::try_from(code / 100).ok()?;
    [Status::Code(code), Status::Class(class), Status::Default]
        .into_iter()
        .find_map(|status| responses.iter().find(|one| one.status == Some(status)))
}

fn body<'a>(message: &'a MessageBridge, media: Option<&str>) -> Result<&'a BodyPlan, Failure> {
    let found = match media {
        Some(media) => message.bodies.iter().find(|one| one.media_type == media),
        None => message
            .bodies
            .iter()
            .find(|one| one.media_type.contains("json"))
            .or_else(|| message.bodies.first()),
    };
    found.ok_or_else(|| {
        let known: Vec<&str> = message.bodies.iter().map(|one| one.media_type.as_str()).collect();
        Failure::said(format!("no such body is declared; known: {}", known.join(", ")))
    })
}
