//! OpenAPI 3.x (and the parts Swagger 2.0 shares) read into operations.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::bundle::Bundle;
use super::dialect::Dialect;
use super::files::At;
use super::model::{
    Info, Kind, Location, Operation, OperationKey, Parameter, Security, SecurityScheme, Server, Tag,
};
use super::parameter::Raw;
use super::template::PathTemplate;
use super::{security, server, swagger};

/// The methods a path item may have (3.2 adds `query`).
const METHODS: [&str; 9] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// How deep callbacks of callbacks are read; a deeper one is left out.
const CALLBACK_DEPTH: usize = 4;

/// What the main document declares beside its schemas.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) info: Info,
    pub(super) operations: Vec<Operation>,
    pub(super) outgoing: Vec<Operation>,
    pub(super) servers: Vec<Server>,
    pub(super) security_schemes: BTreeMap<String, SecurityScheme>,
    pub(super) tags: BTreeMap<String, Tag>,
}

/// Reads all of the main document but its schemas.
pub(super) fn declared(bundle: &mut Bundle, main: usize) -> Declared {
    let Some(document) = bundle.document(main) else { return Declared::default() };
    let swagger = bundle.files.dialect(main) == Dialect::Swagger;
    let root = &document.value;
    reserve_components(bundle, root, main);
    let servers = server::of_root(bundle, root, main);
    let security_schemes = security::schemes(bundle, root, main);
    let security = security::requirements(bundle, root, &At::root(main), &security_schemes);
    let tags = tags(bundle, root, main);
    let mut reader = Reader {
        bundle,
        swagger,
        root,
        servers: &servers,
        schemes: &security_schemes,
        security,
        outgoing: Vec::new(),
    };
    let operations = reader.paths(&At::root(main).join("paths"));
    for word in ["webhooks", "x-webhooks"] {
        reader.webhooks(word, &At::root(main).join(word));
    }
    let outgoing = reader.outgoing;
    twins(bundle, &operations);
    same_ids(bundle, operations.iter().chain(&outgoing));
    Declared { info: info(root), operations, outgoing, servers, security_schemes, tags }
}

fn info(document: &Value) -> Info {
    let text = |pointer: &str| {
        document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let dialect = if document.get("openapi").is_some() { "/openapi" } else { "/swagger" };
    Info {
        title: text("/info/title"),
        version: text("/info/version"),
        summary: text("/info/summary"),
        dialect: text(dialect),
    }
}

fn tags(bundle: &Bundle, document: &Value, main: usize) -> BTreeMap<String, Tag> {
    let at = At::root(main).join("tags");
    let mut found = BTreeMap::new();
    let list = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    for (index, value) in list.enumerate() {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
        let Some(name) = text("name") else { continue };
        let place = bundle.files.place(&at.join(&index.to_string()));
        found.entry(name).or_insert(Tag {
            summary: text("summary"),
            description: text("description"),
            parent: text("parent"),
            kind: text("kind"),
            place,
        });
    }
    found
}

// Two templates that differ only in the names of parameters match the same requests.
fn twins(bundle: &mut Bundle, operations: &[Operation]) {
    let mut known: BTreeMap<String, &OperationKey> = BTreeMap::new();
    for operation in operations {
        let first = known.entry(operation.key.shape()).or_insert(&operation.key);
        if *first != &operation.key {
            let what = format!(
                "`{}` matches the same requests as `{first}`, which is taken",
                operation.key
            );
            bundle.warn_at(operation.place.clone(), what, "remove one of them");
        }
    }
}

fn same_ids<'a>(bundle: &mut Bundle, operations: impl Iterator<Item = &'a Operation>) {
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    for operation in operations {
        let Some(id) = operation.operation_id.as_deref() else { continue };
        if let Some(first) = known.get(id) {
            let what = format!("the operationId `{id}` is that of {first}, too");
            bundle.warn_at(operation.place.clone(), what, "write another one");
        } else {
            known.insert(id, operation.label());
        }
    }
}

// Components get their plain names before anything else can take them, and are kept even when nothing uses them.
fn reserve_components(bundle: &mut Bundle, document: &Value, main: usize) {
    for steps in [["components", "schemas"].as_slice(), &["definitions"]] {
        let at = steps.iter().fold(At::root(main), |at, step| at.join(step));
        let table = document.pointer(at.pointer.as_str()).and_then(Value::as_object);
        for name in table.into_iter().flat_map(Map::keys) {
            bundle.key(&at.join(name));
        }
    }
}

pub(super) struct Reader<'b, 'd> {
    pub(super) bundle: &'b mut Bundle,
    pub(super) swagger: bool,
    /// The main document.
    pub(super) root: &'d Value,
    servers: &'d [Server],
    schemes: &'d BTreeMap<String, SecurityScheme>,
    /// The root's.
    security: Option<Security>,
    /// Webhooks and callbacks that were met.
    outgoing: Vec<Operation>,
}

/// What a path item gives to its operations.
struct Shared {
    parameters: Vec<Raw>,
    servers: Option<Vec<Server>>,
}

/// One operation as it was found.
struct Found<'v> {
    kind: Kind,
    key: OperationKey,
    value: &'v Value,
    at: At,
    /// How many callbacks it is inside.
    depth: usize,
}

impl Reader<'_, '_> {
    fn paths(&mut self, at: &At) -> Vec<Operation> {
        let mut found = Vec::new();
        let paths = self.root.get("paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            if path.starts_with("x-") {
                continue;
            }
            let at = at.join(path);
            if !path.starts_with('/') || path.contains(['#', '?']) {
                let what = format!(
                    "the path `{path}` is no plain path; only what stands before `?` or `#` is matched"
                );
                let remedy = "write a path that begins with `/`, without query or fragment";
                self.bundle.warn(&at, what, remedy);
            }
            found.extend(self.item((Kind::Call, path), item, &at, 0));
        }
        found
    }

    /// OpenAPI 3.1 §4.8.1 `webhooks`; before that, authors wrote `x-webhooks`.
    fn webhooks(&mut self, word: &str, at: &At) {
        let webhooks = self.root.get(word).and_then(Value::as_object);
        for (name, item) in webhooks.into_iter().flatten() {
            if !name.starts_with("x-") {
                let found = self.item((Kind::Webhook, name), item, &at.join(name), 0);
                self.outgoing.extend(found);
            }
        }
    }

    /// The operations of a path item, which is under `path` (or the webhook's name, or the callback's expression).
    fn item(
        &mut self,
        (kind, path): (Kind, &str),
        item: &Value,
        at: &At,
        depth: usize,
    ) -> Vec<Operation> {
        let mut found = Vec::new();
        let Some((item, at)) = self.bundle.follow_item(item, at) else { return found };
        let shared = Shared {
            parameters: self.parameters(&item, &at),
            servers: server::servers(self.bundle, &item, &at),
        };
        let plain = item.as_object().into_iter().flatten();
        let plain = plain
            .filter(|(name, _)| METHODS.contains(&name.as_str()))
            .map(|(name, value)| (name.to_ascii_uppercase(), value, at.join(name)));
        let more = item.get("additionalOperations").and_then(Value::as_object);
        // OpenAPI 3.2 §4.9.1: these keep the case in which they are sent.
        let more = more
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value, at.join("additionalOperations").join(name)));
        for (method, value, at) in plain.chain(more) {
            let key = OperationKey { method, path: path.to_owned() };
            found.extend(
                self.operation(Found { kind: kind.clone(), key, value, at, depth }, &shared),
            );
        }
        found
    }

    fn operation(&mut self, found: Found<'_>, shared: &Shared) -> Option<Operation> {
        let (value, at) = self.bundle.follow(found.value, &found.at)?;
        let mut raw = self.parameters(&value, &at);
        for one in &shared.parameters {
            if !raw.iter().any(|own| own.name == one.name && own.location == one.location) {
                raw.push(one.clone());
            }
        }
        let swagger = self.swagger;
        let mut parameters = Vec::new();
        for one in raw.iter().filter(|one| !(swagger && one.is_body())) {
            parameters.extend(self.parameter(one));
        }
        if found.kind == Kind::Call {
            self.path_parameters(&found.key, &at, &mut parameters);
        }
        self.query_strings(&parameters);
        let body = if swagger {
            swagger::body(self, &raw, &value, &at)
        } else {
            value.get("requestBody").and_then(|body| self.body(body, &at.join("requestBody")))
        };
        let responses = self.responses(&value, &at);
        let own = security::requirements(self.bundle, &value, &at, self.schemes);
        let place = self.bundle.files.place(&at);
        // The root speaks of those who call the backend, not of those whom it calls.
        let security = own.or_else(|| self.security.clone().filter(|_| found.kind == Kind::Call));
        let servers = server::servers(self.bundle, &value, &at);
        let servers = servers.or_else(|| shared.servers.clone());
        if found.depth < CALLBACK_DEPTH {
            self.callbacks(&found.key, &value, &at, found.depth + 1);
        }
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
        let tags = value.get("tags").and_then(Value::as_array).into_iter().flatten();
        Some(Operation {
            kind: found.kind,
            key: found.key,
            operation_id: text("operationId"),
            summary: text("summary"),
            tags: tags.filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
            parameters,
            body,
            responses,
            security: security.unwrap_or_else(|| Security::open(place.clone())),
            servers: servers.unwrap_or_else(|| self.servers.to_vec()),
            deprecated: value.get("deprecated") == Some(&Value::Bool(true)),
            sunset: text("x-sunset"),
            stability: text("x-stability-level").or_else(|| text("x-stability")),
            place,
        })
    }

    /// OpenAPI 3.1 §4.8.18: by name, then by the expression for the address.
    fn callbacks(&mut self, owner: &OperationKey, value: &Value, at: &At, depth: usize) {
        let at = at.join("callbacks");
        for (name, value) in value.get("callbacks").and_then(Value::as_object).into_iter().flatten()
        {
            let Some((value, at)) = self.bundle.follow(value, &at.join(name)) else { continue };
            for (expression, item) in value.as_object().into_iter().flatten() {
                if expression.starts_with("x-") {
                    continue;
                }
                let kind = Kind::Callback { owner: owner.clone(), name: name.clone() };
                let found = self.item((kind, expression), item, &at.join(expression), depth);
                self.outgoing.extend(found);
            }
        }
    }

    // OpenAPI 3.1 §4.8.8.2: what the template names is declared, and the other way round.
    fn path_parameters(&mut self, key: &OperationKey, at: &At, parameters: &mut Vec<Parameter>) {
        let template = PathTemplate::parse(&key.path);
        for name in template.names() {
            let declared = |one: &Parameter| one.location == Location::Path && one.name == name;
            if !parameters.iter().any(declared) {
                let what =
                    format!("the path parameter `{name}` is not declared; any text is taken");
                self.bundle.warn(at, what, "declare it under `parameters`");
                let place = self.bundle.files.place(at);
                let root = Value::Bool(true);
                let one = Parameter::new(name, Location::Path, root, place);
                parameters.push(Parameter { required: true, ..one });
            }
        }
        parameters.retain(|one| {
            let named =
                one.location != Location::Path || template.names().any(|name| name == one.name);
            if !named {
                let what =
                    format!("the path has no place for `{}`; the parameter is left out", one.name);
                let remedy = "write its name in braces into the path, or remove it";
                self.bundle.warn_at(one.place.clone(), what, remedy);
            }
            named
        });
    }

    // OpenAPI 3.2 §4.12.1: the whole query string is one value, or each parameter is.
    fn query_strings(&mut self, parameters: &[Parameter]) {
        let whole = |one: &&Parameter| one.location == Location::QueryString;
        let mut all = parameters.iter().filter(whole);
        let Some(first) = all.next() else { return };
        let single = parameters.iter().find(|one| one.location == Location::Query);
        if let Some(odd) = all.next().or(single) {
            let what = format!(
                "`{}` is the whole query string already; `{}` has no place beside it",
                first.name, odd.name
            );
            self.bundle.warn_at(odd.place.clone(), what, "remove one of them");
        }
    }
}
