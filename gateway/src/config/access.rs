//! The access log as configured: its form, its place, what its lines have, and which exchanges have one.

use std::path::{Path, PathBuf};

use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use serde_json::Value;

use super::reader::Reader;
use super::units::size;

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessFormat {
    /// One JSON object.
    Json,
    /// Names and values, `status=200`.
    Text,
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessPlace {
    /// The standard output.
    Stdout,
    /// The standard error, where the program's own log is.
    Stderr,
    /// Behind what is in this file.
    File(PathBuf),
}

/// What a line says of a query, in which clients put secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryTold {
    /// Nothing.
    Dropped,
    /// The names, and `*` for each value.
    #[default]
    Redacted,
    /// All of it.
    Whole,
}

/// Which share of exchanges has a line, by the first digit of their status, from `1xx`. What was cut has one always.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares(pub [f64; 5]);

impl Default for Shares {
    fn default() -> Self {
        Self([1.0; 5])
    }
}

impl Shares {
    /// The share of a status.
    pub fn of(&self, status: u16) -> f64 {
        let class = usize::from(status / 100).saturating_sub(1);
        self.0.get(class).copied().unwrap_or(1.0)
    }
}

/// The access log of a gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessConfig {
    /// How lines are written; none as the program's own log is.
    pub format: Option<AccessFormat>,
    /// Where to.
    pub to: AccessPlace,
    /// Which exchanges have one.
    pub sample: Shares,
    /// What a line has, in this order.
    pub fields: Vec<AccessField>,
    /// What is said of queries.
    pub query: QueryTold,
    /// Most octets of lines that wait to be written, for each worker. Default 1 MiB.
    pub queue: usize,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            format: None,
            to: AccessPlace::Stderr,
            sample: Shares::default(),
            fields: AccessField::ALL.to_vec(),
            query: QueryTold::default(),
            queue: 1 << 20,
        }
    }
}

/// What is to be done about the access log.
#[derive(Clone, Debug, PartialEq)]
pub enum AccessLog {
    /// Nothing is said: lines go where the program's own log goes, if that lets `evergate::exchange` through.
    Usual,
    /// None.
    Off,
    /// This one, with its place in the file.
    On(Box<AccessConfig>, Place),
}

macro_rules! fields {
    ($($name:ident $word:literal $what:literal;)*) => {
        /// One thing that a line may have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AccessField {
            $(#[doc = $what] $name,)*
        }

        impl AccessField {
            /// All of them, in the order in which they are written if nothing else is configured.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in a line and in the configuration.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What it is, in a sentence.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }
        }
    };
}

fields! {
    Time "time" "When the line was written: the last octet was gone or the body was cut; RFC 3339, UTC, microseconds.";
    Id "id" "The request id, as in `X-Request-Id`.";
    TraceId "trace_id" "The trace id of a sound `traceparent`.";
    Peer "peer" "The client's address: behind `trusted_proxies`, the one that they tell.";
    Protocol "protocol" "What the client speaks: `HTTP/1.1`, `HTTP/2.0`.";
    Method "method" "The method.";
    Target "target" "The path as the gateway read it, and of the query what `query` allows.";
    Api "api" "The api.";
    Operation "operation" "Method and template of the client's version.";
    ClientVersion "client_version" "The client's version.";
    BackendVersion "backend_version" "The backend's version.";
    Verdict "verdict" "`native`, `bridged`, or `lossy` where something was lost; absent where no backend was chosen.";
    Status "status" "The status sent.";
    Refusal "refusal" "The code of the gateway's own refusal.";
    Cause "cause" "What is said to the log alone: why a backend was no use, why a body was cut.";
    Ended "ended" "`whole`; `cut` by the gateway, where the backend broke off or the conversion failed; `abandoned` by the client.";
    Micros "micros" "Microseconds from the request's head to the end of the answer.";
    BackendMicros "backend_micros" "Of these, until backends had sent the heads of their answers, all attempts together.";
    ConversionMicros "conversion_micros" "Of these, inside the converter.";
    BytesIn "bytes_in" "Octets of the request's body that were read.";
    BytesOut "bytes_out" "Octets of the answer's body that were sent, or that went to the client through a tunnel.";
    TunnelIn "tunnel_in" "Octets that the client sent through a tunnel.";
    Losses "losses" "How many times a conversion dropped or replaced something.";
    Lost "lost" "The rules by which, with how often: `A1=2,L6=1`.";
    Merged "merged" "How a full write was merged with what its version cannot show.";
    Reads "reads" "How often a document was read for that.";
    Retries "retries" "How often the request was sent to a backend again.";
    Endpoint "endpoint" "The backend that was sent to last.";
    Generation "generation" "The configuration that served it.";
    Sample "sample" "The share of exchanges of its status that have a line, where that is not all: it stands for 1/`sample` of them.";
}

/// Reads `access_log`.
pub(super) fn access<'doc>(
    reader: &mut Reader<'doc>,
    value: Option<&'doc Value>,
    root: &Pointer,
    directory: &Path,
) -> AccessLog {
    let Some(value) = value else { return AccessLog::Usual };
    let at = &root.join("access_log");
    if value.as_str() == Some("off") || value.as_bool() == Some(false) {
        return AccessLog::Off;
    }
    let known = ["format", "to", "sample", "fields", "query", "queue"];
    let Some(object) = reader.object(value, at, &known) else { return AccessLog::Usual };
    let mut log = AccessConfig::default();
    let mut off = false;
    for (key, value) in object {
        let at = at.join(key);
        match key.as_str() {
            "format" => {
                let words = [
                    ("json", Some(AccessFormat::Json)),
                    ("text", Some(AccessFormat::Text)),
                    ("off", None),
                ];
                // a plain `off` is false to some readers of YAML
                let word = if value.as_bool() == Some(false) { Some(None) } else { None };
                let word = word.or_else(|| reader.word(value, &at, &words));
                off |= word == Some(None);
                log.format = word.flatten();
            }
            "to" => log.to = place(reader, value, &at, directory).unwrap_or(log.to),
            "sample" => log.sample = shares(reader, value, &at),
            "fields" => log.fields = fields(reader, value, &at),
            "query" => {
                let words = [
                    ("dropped", QueryTold::Dropped),
                    ("redacted", QueryTold::Redacted),
                    ("whole", QueryTold::Whole),
                ];
                log.query = reader.word(value, &at, &words).unwrap_or_default();
            }
            "queue" => match size(value) {
                Some(octets) if octets >= 4096 => log.queue = octets,
                _ => reader.fault(&at, "`queue` is not a size", "write `1MiB`, at least 4KiB"),
            },
            _ => {}
        }
    }
    if off { AccessLog::Off } else { AccessLog::On(Box::new(log), reader.place(at)) }
}

fn place<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
    directory: &Path,
) -> Option<AccessPlace> {
    let path = match reader.text(value, at)? {
        "stdout" => return Some(AccessPlace::Stdout),
        "stderr" => return Some(AccessPlace::Stderr),
        path => directory.join(path),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if path.is_dir() || path.file_name().is_none() {
        let what = format!("{} is a directory", path.display());
        reader.fault(at, what, "name a file in it, or write stdout or stderr");
    } else if folder.is_some_and(|folder| !folder.is_dir()) {
        let what = format!("there is no directory for {}", path.display());
        reader.fault(at, what, "make the directory, or name a file in another one");
    }
    Some(AccessPlace::File(path))
}

fn shares<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer) -> Shares {
    let mut shares = Shares::default();
    if value.is_number() {
        let share = one(reader, value, at);
        // those that went wrong are what a log is read for
        return Shares([share, share, share, 1.0, 1.0]);
    }
    let words = ["1xx", "2xx", "3xx", "4xx", "5xx"];
    for (key, value) in reader.object(value, at, &words).into_iter().flatten() {
        let slot = words.iter().position(|word| word == key);
        if let Some(slot) = slot.and_then(|slot| shares.0.get_mut(slot)) {
            *slot = one(reader, value, &at.join(key));
        }
    }
    shares
}

fn one(reader: &mut Reader<'_>, value: &Value, at: &Pointer) -> f64 {
    match value.as_f64() {
        Some(share) if (0.0..=1.0).contains(&share) => share,
        _ => {
            let remedy = "write a number from 0 to 1, as `0.1` for a tenth";
            reader.fault(at, "this is no share of exchanges", remedy);
            1.0
        }
    }
}

fn fields<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer) -> Vec<AccessField> {
    let words: Vec<_> = AccessField::ALL.iter().map(|field| (field.word(), *field)).collect();
    let mut found: Vec<AccessField> = Vec::new();
    for (index, value) in Reader::list(value).iter().enumerate() {
        let at = at.join(&index.to_string());
        match reader.word(value, &at, &words) {
            Some(field) if found.contains(&field) => {
                let what = format!("`{}` is there twice", field.word());
                reader.fault(&at, what, "leave one out");
            }
            field => found.extend(field),
        }
    }
    if found.is_empty() {
        reader.fault(at, "a line without fields says nothing", "name some, or leave `fields` out");
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{
        AccessConfig, AccessField, AccessFormat, AccessLog, AccessPlace, QueryTold, Shares,
    };
    use crate::config::parse;

    fn read(access: &str) -> Result<AccessLog, Vec<String>> {
        let text = format!(
            "listen: [{{ address: 127.0.0.1:0 }}]\n{access}\napis: {{ a: {{ backends: {{ endpoints: [\"http://b:1\"] }} }} }}\n"
        );
        match parse("gateway.yaml", text.as_bytes(), Path::new("/tmp")) {
            Ok((config, _)) => Ok(config.access),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn what_is_not_said_is_usual_and_each_key_can_be_said() {
        assert_eq!(read("").unwrap(), AccessLog::Usual);
        for off in ["access_log: off", "access_log: false", "access_log: { format: off }"] {
            assert_eq!(read(off).unwrap(), AccessLog::Off, "{off}");
        }
        let set = "access_log: { format: json, to: access.log, sample: 0.1, fields: [time, status], query: whole, queue: 8KiB }";
        let expected = AccessConfig {
            format: Some(AccessFormat::Json),
            to: AccessPlace::File("/tmp/access.log".into()),
            sample: Shares([0.1, 0.1, 0.1, 1.0, 1.0]),
            fields: vec![AccessField::Time, AccessField::Status],
            query: QueryTold::Whole,
            queue: 8192,
        };
        let AccessLog::On(log, place) = read(set).unwrap() else { panic!("no log") };
        assert_eq!((*log, place.line), (expected, 2));
        let AccessLog::On(log, _) = read("access_log: { sample: { 2xx: 0, 4xx: 0.5 } }").unwrap()
        else {
            panic!("no log")
        };
        assert_eq!(log.sample, Shares([1.0, 0.0, 1.0, 0.5, 1.0]));
        assert!((log.sample.of(404) - 0.5).abs() < f64::EPSILON && log.sample.of(0) > 0.9);
    }

    #[test]
    fn mistakes_are_told_at_once_with_their_remedies() {
        let set = "access_log: { format: xml, to: no/such/folder/a.log, sample: 2, fields: [statis, time, time], query: some, queue: 1 }";
        let told = read(set).unwrap_err();
        for part in [
            "`xml` is not known here",
            "make the directory",
            "write a number from 0 to 1",
            "`statis` is not known here",
            "`time` is there twice",
            "`some` is not known here",
            "at least 4KiB",
        ] {
            assert!(told.iter().any(|one| one.contains(part)), "{part}: {told:#?}");
        }
    }
}
