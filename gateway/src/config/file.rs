//! The file as a whole: listeners, limits, timeouts and the list of apis.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::Path;

use evergate_schemas::document::{Document, DocumentLimits};
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::{Place, Problem, Severity};
use serde_json::Value;

use super::model::{ApiConfig, Config, Limits, Timeouts};
use super::reader::Reader;
use super::units::{duration, size};
use super::{access, admin, api, listen, otlp, state, usage};

/// Most threads that serve traffic.
const WORKERS: usize = 1024;

/// A configuration with the document that it was read from.
#[derive(Debug)]
pub struct Written {
    /// What it says.
    pub config: Config,
    /// What is odd about it.
    pub warnings: Vec<Problem>,
    /// Its values and where they stand.
    pub document: Document,
}

/// Reads and checks a config file. Paths in it are relative to its own directory.
pub fn load(path: &Path) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
    let name = path.display().to_string();
    let text = std::fs::read(path).map_err(|error| {
        let place =
            Place { file: name.as_str().into(), line: 0, column: 0, pointer: Pointer::root() };
        let what = format!("the file cannot be read: {error}");
        let remedy = "name a readable file with --config".to_owned();
        vec![Problem { place, severity: Severity::Error, what, remedy }]
    })?;
    parse(&name, &text, path.parent().unwrap_or_else(|| Path::new(".")))
}

/// Checks a configuration given as text; warnings come with it.
pub fn parse(
    name: &str,
    text: &[u8],
    directory: &Path,
) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
    read(name, text, directory).map(|written| (written.config, written.warnings))
}

/// The same, with the document.
pub fn read(name: &str, text: &[u8], directory: &Path) -> Result<Written, Vec<Problem>> {
    let document = Document::parse(name, text, &DocumentLimits::strict())?;
    let mut reader = Reader::new(&document);
    let config = whole(&mut reader, &document.value, directory);
    let mut problems = reader.problems;
    problems.sort_by_key(|problem| (problem.place.line, problem.place.column));
    let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
    match config {
        Some(config) if !failed => Ok(Written { config, warnings: problems, document }),
        _ => Err(problems),
    }
}

fn whole<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, directory: &Path) -> Option<Config> {
    let root = Pointer::root();
    let known = [
        "listen",
        "admin",
        "takeover",
        "workers",
        "apis",
        "limits",
        "timeouts",
        "trusted_proxies",
        "dns",
        "state",
        "access_log",
        "telemetry",
        "usage",
    ];
    let object = reader.object(value, &root, &known)?;
    let listen = listen::listen(reader, object.get("listen"), directory);
    let admin = object
        .get("admin")
        .and_then(|value| admin::admin(reader, value, &root.join("admin"), directory))
        .unwrap_or_default();
    let takeover = object.get("takeover").and_then(|value| {
        let at = root.join("takeover");
        listen::takeover(reader, value, &at, directory)
    });
    let at = root.join("trusted_proxies");
    let trusted_proxies = listen::blocks(reader, object.get("trusted_proxies"), &at);
    let limits = object
        .get("limits")
        .map_or_else(Limits::default, |value| limits(reader, value, &root.join("limits")));
    let times = root.join("timeouts");
    let timeouts = object
        .get("timeouts")
        .map_or_else(Timeouts::default, |value| timeouts(reader, value, &times));
    let apis = apis(reader, object.get("apis"), directory);
    let workers = object
        .get("workers")
        .and_then(|value| workers(reader, value, &root.join("workers")))
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN);
    scarce(reader, &apis, workers);
    let name_servers = object
        .get("dns")
        .map(|value| name_servers(reader, value, &root.join("dns")))
        .unwrap_or_default();
    let state = object
        .get("state")
        .map(|value| state::state(reader, value, &root.join("state"), directory))
        .unwrap_or_default();
    let access = access::access(reader, object.get("access_log"), &root, directory);
    Some(Config {
        listen,
        admin,
        state,
        usage: usage::usage(reader, object.get("usage"), &root.join("usage")),
        takeover,
        workers,
        apis,
        name_servers,
        limits,
        timeouts,
        trusted_proxies,
        access,
        otlp: otlp::telemetry(reader, object.get("telemetry")),
    })
}

/// All apis, which must not claim the same requests.
fn apis<'doc>(
    reader: &mut Reader<'doc>,
    value: Option<&'doc Value>,
    directory: &Path,
) -> Vec<ApiConfig> {
    let (root, mut apis) = (Pointer::root(), Vec::new());
    let Some(value) = value else {
        reader.fault(&root, "`apis` is missing", "write `apis:` with at least one api");
        return apis;
    };
    let at = root.join("apis");
    for (name, value) in reader.map(value, &at).into_iter().flatten() {
        apis.extend(api::api(reader, (name, value), &at.join(name), directory));
    }
    api::overlaps(reader, &apis);
    apis
}

/// Tells of backends that have fewer connections than there are workers, which cannot hand theirs to one another.
fn scarce(reader: &mut Reader<'_>, apis: &[ApiConfig], workers: NonZeroUsize) {
    for backend in apis.iter().flat_map(|api| &api.backends) {
        let most = backend.policy.limits.connections.filter(|most| *most < workers.get());
        if let Some(most) = most {
            let what = format!(
                "`limits.connections: {most}` of the backend is less than the {workers} `workers`, each of which has \
                 connections of its own: they are closed and made anew as requests come to one worker or another"
            );
            let remedy = format!("allow {workers} or more, or write `workers: {most}`");
            reader.warn(backend.place.clone(), what, remedy);
        }
    }
}

fn workers<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
) -> Option<NonZeroUsize> {
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    let number = number.filter(|number| *number <= WORKERS).and_then(NonZeroUsize::new);
    if number.is_none() {
        let what = "`workers` is not a number of threads";
        reader.fault(at, what, format!("write a number from 1 to {WORKERS}, or leave it out"));
    }
    number
}

fn name_servers<'doc>(
    reader: &mut Reader<'doc>,
    value: &'doc Value,
    at: &Pointer,
) -> Vec<SocketAddr> {
    let found = reader.object(value, at, &["servers"]);
    let list = found.and_then(|found| found.get("servers")).map(Reader::list).unwrap_or_default();
    let at = at.join("servers");
    let mut servers = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let at = at.join(&index.to_string());
        let Some(text) = reader.text(value, &at) else { continue };
        let port = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
        match text.parse().or(port) {
            Ok(server) => servers.push(server),
            Err(_) => reader.fault(
                &at,
                format!("`{text}` is not the address of a name server"),
                "write `10.0.0.2` or `10.0.0.2:53`",
            ),
        }
    }
    servers
}

fn limits<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer) -> Limits {
    let mut limits = Limits::default();
    let mut depth = limits.depth as usize;
    let mut streams = limits.streams as usize;
    {
        let mut known: [(&str, &mut usize, usize); 18] = [
            ("head", &mut limits.head, 8192),
            ("fields", &mut limits.fields, 1),
            ("target", &mut limits.target, 1),
            ("body", &mut limits.body, 0),
            ("held_bodies", &mut limits.held_bodies, 0),
            ("decoded", &mut limits.decoded, 0),
            ("ratio", &mut limits.ratio, 1),
            ("depth", &mut depth, 1),
            ("held", &mut limits.held, 0),
            ("connections", &mut limits.connections, 1),
            ("connections_per_address", &mut limits.connections_per_address, 0),
            ("requests", &mut limits.requests, 1),
            ("handshakes", &mut limits.handshakes, 1),
            ("streams", &mut streams, 1),
            ("pace", &mut limits.pace, 0),
            ("idle_connections", &mut limits.idle_connections, 0),
            ("unread", &mut limits.unread, 0),
            ("linger", &mut limits.linger, 0),
        ];
        let names: Vec<&str> = known.iter().map(|(name, _, _)| *name).collect();
        let object = reader.object(value, at, &names);
        for (key, value) in object.into_iter().flatten() {
            let Some((_, slot, least)) = known.iter_mut().find(|(name, _, _)| name == key) else {
                continue;
            };
            match size(value) {
                Some(number) if number >= *least => **slot = number,
                Some(_) => reader.fault(
                    &at.join(key),
                    format!("`{key}` is too small"),
                    format!("write {least} or more"),
                ),
                None => reader.fault(
                    &at.join(key),
                    format!("`{key}` is not a size"),
                    "write a number or `64KiB`, `10MiB`",
                ),
            }
        }
    }
    // beyond this the machine's own stack of open objects would be the memory problem
    limits.depth = u32::try_from(depth).unwrap_or(u32::MAX).min(10_000);
    limits.streams = u32::try_from(streams).unwrap_or(u32::MAX);
    limits
}

fn timeouts<'doc>(reader: &mut Reader<'doc>, value: &'doc Value, at: &Pointer) -> Timeouts {
    let mut timeouts = Timeouts::default();
    let mut known = [
        ("header", &mut timeouts.header),
        ("body", &mut timeouts.body),
        ("write", &mut timeouts.write),
        ("linger", &mut timeouts.linger),
        ("connect", &mut timeouts.connect),
        ("upstream", &mut timeouts.upstream),
        ("silence", &mut timeouts.silence),
        ("request", &mut timeouts.request),
        ("tunnel", &mut timeouts.tunnel),
        ("idle", &mut timeouts.idle),
        ("drain", &mut timeouts.drain),
        ("drain_idle", &mut timeouts.drain_idle),
    ];
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let object = reader.object(value, at, &names);
    for (key, value) in object.into_iter().flatten() {
        let Some((_, slot)) = known.iter_mut().find(|(name, _)| name == key) else { continue };
        match duration(value) {
            Some(time) if !time.is_zero() || key.starts_with("drain") => **slot = time,
            _ => reader.fault(
                &at.join(key),
                format!("`{key}` is not a time"),
                "write `10s`, `500ms` or `2m`",
            ),
        }
    }
    timeouts
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{Limits, Severity, Timeouts, parse};

    const API: &str = "listen: [{ address: 127.0.0.1:0 }]\napis: { a: { backends: { endpoints: [\"http://b:1\"] } } }\n";

    fn read(more: &str) -> Result<(Limits, Timeouts), Vec<String>> {
        match parse("gateway.yaml", format!("{API}{more}\n").as_bytes(), Path::new("/")) {
            Ok((config, _)) => Ok((config.limits, config.timeouts)),
            Err(problems) => Err(problems.into_iter().map(|one| one.what).collect()),
        }
    }

    #[test]
    fn bounds_have_defaults_and_each_can_be_set() {
        assert_eq!(read("").unwrap(), (Limits::default(), Timeouts::default()));
        let set = "limits: { unread: 0, linger: 1KiB, pace: 7 }\ntimeouts: { linger: 50ms }";
        let expected = Limits { unread: 0, linger: 1024, pace: 7, ..Limits::default() };
        let times = Timeouts { linger: Duration::from_millis(50), ..Timeouts::default() };
        assert_eq!(read(set).unwrap(), (expected, times));
    }

    #[test]
    fn fewer_connections_to_a_backend_than_workers_are_told_of_and_taken() {
        let warnings = |workers: usize, backend: &str| {
            let backend = format!("{{ endpoints: [\"http://b:1\"], {backend} }}");
            let text = format!(
                "listen: [{{ address: 127.0.0.1:0 }}]\nworkers: {workers}\napis:\n  a:\n    backends: [{backend}]\n"
            );
            let (_, warnings) = parse("gateway.yaml", text.as_bytes(), Path::new("/")).unwrap();
            warnings
        };
        for (workers, backend) in [(4, "weight: 1"), (4, "limits: { connections: 4 }")] {
            assert!(warnings(workers, backend).is_empty(), "{backend}");
        }
        let told = warnings(4, "limits: { connections: 3 }");
        let [told] = &told[..] else { panic!("{told:?}") };
        assert_eq!((told.severity, told.place.line), (Severity::Warning, 5));
        assert!(told.what.contains("`limits.connections: 3`"), "{told}");
        assert_eq!(told.remedy, "allow 4 or more, or write `workers: 3`");
    }

    #[test]
    fn bounds_that_cannot_be_are_told_at_once() {
        let set = "limits: { unread: some, head: 1 }\ntimeouts: { linger: 0s, write: -1s }";
        let expected = [
            "`unread` is not a size",
            "`head` is too small",
            "`linger` is not a time",
            "`write` is not a time",
        ];
        assert_eq!(read(set).unwrap_err(), expected);
    }
}
