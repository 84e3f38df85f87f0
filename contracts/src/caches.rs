//! Payloads and validators, kept while they are likely to be asked for again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use serde_json::Value;

use evergate_schemas::describe::model::{Api, Description};
use evergate_schemas::relate::close;
use evergate_schemas::sample::{Sampler, Validator};
use evergate_schemas::schema::{Role, Schema, Side};

/// Kept entries; beyond them all are let go and built anew when asked for.
const KEPT: usize = 256;

/// A schema of one version: the version's index, which way it is read, and its root as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SchemaKey {
    pub(crate) version: usize,
    /// `None` for a plain document, which knows no direction.
    pub(crate) side: Option<Side>,
    pub(crate) root: String,
}

impl SchemaKey {
    pub(crate) fn new(version: usize, side: Option<Side>, root: &Value) -> Self {
        Self { version, side, root: root.to_string() }
    }
}

/// What generated cases need of an api, built once where possible.
#[derive(Debug)]
pub(crate) struct Caches<'a> {
    api: &'a Api,
    payloads: u32,
    seed: u64,
    generated: HashMap<SchemaKey, Arc<Vec<Value>>>,
    readers: HashMap<SchemaKey, Option<Arc<Validator>>>,
    senders: HashMap<SchemaKey, Option<Arc<Validator>>>,
}

impl<'a> Caches<'a> {
    pub(crate) fn new(api: &'a Api, payloads: u32, seed: u64) -> Self {
        let (generated, readers, senders) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { api, payloads, seed, generated, readers, senders }
    }

    /// Payloads that the sender declared: the smallest, those at bounds, and random ones, no two alike.
    pub(crate) fn payloads(&mut self, key: &SchemaKey, root: &Value) -> Arc<Vec<Value>> {
        let (api, payloads, seed) = (self.api, self.payloads, self.seed);
        kept(&mut self.generated, key, || {
            let schema = schema(api, key, root, Role::Sender).map(|schema| close(&schema));
            Arc::new(schema.map_or_else(Vec::new, |schema| generate(&schema, payloads, seed)))
        })
    }

    /// What the reader takes, as written; `None` when the schema cannot be compiled.
    pub(crate) fn reader(&mut self, key: &SchemaKey, root: &Value) -> Option<Arc<Validator>> {
        let api = self.api;
        kept(&mut self.readers, key, || {
            Validator::new(&schema(api, key, root, Role::Reader)?).ok().map(Arc::new)
        })
    }

    /// What the sender declared.
    pub(crate) fn sender(&mut self, key: &SchemaKey, root: &Value) -> Option<Arc<Validator>> {
        let api = self.api;
        kept(&mut self.senders, key, || {
            Validator::new(&close(&schema(api, key, root, Role::Sender)?)).ok().map(Arc::new)
        })
    }
}

fn kept<Key: Clone + Eq + Hash, One: Clone>(
    from: &mut HashMap<Key, One>,
    key: &Key,
    build: impl FnOnce() -> One,
) -> One {
    if let Some(one) = from.get(key) {
        return one.clone();
    }
    if from.len() >= KEPT {
        from.clear();
    }
    let one = build();
    from.insert(key.clone(), one.clone());
    one
}

fn schema(api: &Api, key: &SchemaKey, root: &Value, role: Role) -> Option<Schema> {
    let version: &Description = api.versions.get(key.version)?;
    Some(match key.side {
        Some(side) => version.schema(root, side, role),
        None => version.plain(root),
    })
}

fn generate(schema: &Schema, wanted: u32, seed: u64) -> Vec<Value> {
    let wanted_count = wanted as usize;
    let mut sampler = Sampler::new(schema);
    let mut found: Vec<Value> = Vec::new();
    let mut put = |value: Value| {
        if found.len() < wanted_count && !found.contains(&value) {
            found.push(value);
        }
        found.len() < wanted_count
    };
    let mut room = sampler.minimal().is_none_or(&mut put);
    // half of the payloads at most stand at bounds, so that the random ones have their share
    for value in sampler.boundary().into_iter().take(wanted_count / 2) {
        room = room && put(value);
    }
    for index in 0..u64::from(wanted) {
        if !room {
            break;
        }
        if let Some(value) = sampler.random(seed.wrapping_add(index)) {
            room = put(value);
        }
    }
    found
}
