//! `evergate convert`: a payload or a stream of records, from a file or a pipe to a pipe, in constant memory.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::thread;

use evergate_contracts::check::compile;
use evergate_contracts::policy::Settings;
use evergate_schemas::convert::{
    BodyConverter, BodyOptions, Prepared, PreparedBody, Refused, Unconvertible,
};
use evergate_schemas::describe::model::{Api, OperationKey, Status};
use evergate_schemas::describe::{self, load_api};
use evergate_schemas::plan::bridge::{BodyPlan, MessageBridge};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::wire::{Framing, Wire};

use super::args::{BadRecords, Convert};
use super::exit::{Failure, Outcome};
use super::progress::Progress;

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Bytes of input after which the progress is told again.
const STRIDE_BYTES: u64 = 64 << 20;

/// Converts what comes in; what was written before a refusal is told to be no whole payload.
pub(super) fn convert(args: &Convert, mut to: impl Write) -> Result<Outcome, Failure> {
    let options = BodyOptions {
        values: Arc::new(values(&args.value)?),
        unconvertible: match args.records {
            BadRecords::Close => Unconvertible::Close,
            BadRecords::Skip => Unconvertible::Skip,
            BadRecords::Error => Unconvertible::Error,
        },
        media_type: args.media_type.clone(),
        ..BodyOptions::default()
    };
    let mut from: Box<dyn Read> = match &args.file {
        None => Box::new(std::io::stdin().lock()),
        Some(file) => Box::new(File::open(file).map_err(|error| {
            Failure::said(format!("{} cannot be read: {error}", file.display()))
        })?),
    };
    let prepared = prepared(args)?;
    let mut stream = Stream {
        converter: BodyConverter::start(&prepared, &options),
        is_records: prepared.is_stream(),
        taken: 0,
        written: 0,
    };
    thread::scope(|scope| {
        let (progress, _shown) = Progress::begin(scope);
        let ended = stream.run(&mut *from, &mut to, &progress);
        progress.end();
        ended
    })
}

/// A conversion on its way.
struct Stream {
    converter: BodyConverter,
    is_records: bool,
    /// Bytes so far.
    taken: u64,
    written: u64,
}

impl Stream {
    fn run(
        &mut self,
        from: &mut dyn Read,
        to: &mut dyn Write,
        progress: &Progress,
    ) -> Result<Outcome, Failure> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut out = Vec::new();
        loop {
            let count = match from.read(&mut chunk) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.tell_unfinished()?;
                    let at = self.taken;
                    return Err(Failure::said(format!(
                        "no more can be read at byte {at}: {error}"
                    )));
                }
            };
            let pushed = match chunk.get(..count) {
                None | Some([]) => self.converter.finish(&mut out).map(|_| true),
                Some(bytes) => self.converter.push(bytes, &mut out).map(|()| false),
            };
            // of a stream, what stands before a refusal are whole records that are good
            if pushed.is_ok() || self.is_records {
                to.write_all(&out)?;
                self.written += out.len() as u64;
            }
            out.clear();
            match pushed {
                Err(refused) => {
                    to.flush()?;
                    return self.tell(&refused);
                }
                Ok(true) => {
                    to.flush()?;
                    return self.done();
                }
                Ok(false) => {}
            }
            let before = self.taken / STRIDE_BYTES;
            self.taken += count as u64;
            if self.taken / STRIDE_BYTES != before {
                progress.say(|| format!("{} MiB converted", self.taken >> 20));
            }
        }
    }

    fn done(&self) -> Result<Outcome, Failure> {
        let replaced = self.converter.replaced();
        if replaced == 0 {
            return Ok(Outcome::Holds);
        }
        let mut errors = anstream::stderr().lock();
        let what = if replaced == 1 { "record" } else { "records" };
        writeln!(errors, "evergate: {replaced} {what} could not be converted")?;
        Ok(Outcome::Findings)
    }

    /// Says why the payload does not get through, and what to do.
    fn tell(&self, refused: &Refused) -> Result<Outcome, Failure> {
        let record = refused.pointer.tokens().next().filter(|_| self.is_records);
        let place = record.map(|number| format!("record {number} (from 0): ")).unwrap_or_default();
        let remedy = if refused.cause.is_syntax() {
            "mend the input there: it is not written as its media type must be"
        } else if refused.cause.is_limit() {
            "split the payload: conversions are bounded, so that memory is"
        } else {
            "send what the sender's version declares, or say in changes.yaml what becomes of it"
        };
        let mut errors = anstream::stderr().lock();
        writeln!(errors, "evergate: refused: {place}{refused}")?;
        writeln!(errors, "evergate: {remedy}")?;
        if self.is_records {
            let next = "`--records skip` or `--records error` goes on behind such a record";
            writeln!(errors, "evergate: {next}")?;
        }
        drop(errors);
        self.tell_unfinished()?;
        Ok(Outcome::Findings)
    }

    fn tell_unfinished(&self) -> Result<(), Failure> {
        let (written, what) = (self.written, if self.is_records { "stream" } else { "payload" });
        if written > 0 {
            let mut errors = anstream::stderr().lock();
            writeln!(
                errors,
                "evergate: the {written} bytes written so far are not a whole {what}"
            )?;
        }
        Ok(())
    }
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

/// The conversion of what comes in, ready to run.
fn prepared(args: &Convert) -> Result<PreparedBody, Failure> {
    let media = args.media_type.as_deref();
    let framing = media.and_then(framing);
    let api = load_api(&args.dir, &describe::Limits::default()).map_err(Failure::Problems)?;
    let (from, to) = (version(&api, &args.from)?, version(&api, &args.to)?);
    if from == to {
        if framing.is_some() || media.is_some_and(|media| !essence(media).contains("json")) {
            return Err(Failure::said("both versions are the same: such a body stays as it is"));
        }
        return Ok(Prepared::new(&[]).into());
    }
    // a request travels from the client's version to the backend's, a response the other way
    let (client, backend) = if args.response.is_some() { (to, from) } else { (from, to) };
    let compiled = compile(&api, &[(client, backend)], Settings::default());
    if let Some(name) = &args.document {
        let found = compiled.bridges.document(from, to).and_then(|plans| plans.get(name));
        let plan =
            found.ok_or_else(|| Failure::said(format!("no document `{name}` in both versions")))?;
        return Ok(match framing {
            None => Prepared::new(&plan.stages).into(),
            Some(framing) => PreparedBody::new(&BodyPlan {
                media_type: String::new(),
                written_as: None,
                wire: Wire::Records(framing),
                plan: plan.clone(),
            }),
        });
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
    let found = body(message, media);
    let payload = body(message, None).ok().filter(|one| one.wire == Wire::Document);
    // records of a payload that is declared by itself only
    if let (Err(_), Some(framing), Some(payload)) = (&found, framing, payload) {
        let wire = Wire::Records(framing);
        return Ok(PreparedBody::new(&BodyPlan { wire, ..payload.clone() }));
    }
    Ok(PreparedBody::new(found?))
}

/// How a media type tells records apart that are payloads of their own.
fn framing(media: &str) -> Option<Framing> {
    let essence = essence(media);
    match essence.as_str() {
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonl"
        | "application/jsonlines"
        | "application/x-jsonlines" => Some(Framing::Lines),
        "application/json-seq" => Some(Framing::Sequence),
        _ => None,
    }
}

fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
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
        Some(media) => message.bodies.iter().find(|one| essence(&one.media_type) == essence(media)),
        None => message
            .bodies
            .iter()
            .find(|one| one.media_type.contains("json"))
            .or_else(|| message.bodies.first())
            .or(message.bare.as_ref()),
    };
    found.ok_or_else(|| {
        let known: Vec<&str> = message.bodies.iter().map(|one| one.media_type.as_str()).collect();
        Failure::said(format!("no such body is declared; known: {}", known.join(", ")))
    })
}
