//! All names below a place of one version, and what each is in another, from schemas and programs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use crate::plan::program::Program;
use crate::plan::shape::{Kind, Rest, Shape, shape};
use crate::schema::Schema;

use super::origin::{Origin, origins};
use super::table::{Path, Place, Step, Table};

/// Places that one table has at most; nearer ones come first, and a name further in is not known.
const PLACES: usize = 4096;

/// How many names deep a table goes.
const DEPTH: usize = 8;

/// The schemas of one message as its two ends declare it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends<'a> {
    pub(crate) client: &'a Schema,
    pub(crate) backend: &'a Schema,
}

/// The programs between the ends, in the order in which they run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    pub(crate) stages: &'a [Arc<Program>],
    /// They make what the client reads of what the backend sends; else the other way round.
    pub(crate) to_client: bool,
}

/// A place in a message with the schema there.
struct Node {
    schema: Value,
    path: Path,
    depth: usize,
}

/// The table of names below a place, which is written in names of either version; `None` where no version has it, or it
/// is no single place in the other.
pub(crate) fn survey(within: &[String], ends: Ends<'_>, way: Way<'_>) -> Option<Table> {
    let (made, source) =
        if way.to_client { (ends.client, ends.backend) } else { (ends.backend, ends.client) };
    let wanted = located(source, within).map(|node| node.path);
    let reached =
        |node: &Node| traced(way.stages, &node.path).0.first().map(|one| one.path.clone());
    let root = located(made, within)
        .filter(|node| traced(way.stages, &node.path).0.len() == 1)
        .or_else(|| {
            let wanted = wanted?;
            around(made).into_iter().find(|node| reached(node).as_ref() == Some(&wanted))
        })?;
    let from = reached(&root)?;
    let made_places = places(made, &root);
    let found: Vec<Found> = made_places
        .paths
        .iter()
        .map(|path| Found::of(way.stages, (path, &root.path), &from))
        .collect();
    if way.to_client {
        let mut table = forth(made_places, &found, &root.path);
        listed(&mut table, source, &from);
        table.roots = roots(way.stages, &root.path);
        return Some(table);
    }
    let base = Node { schema: node_at(source, &from)?, path: from.clone(), depth: 0 };
    let own = places(source, &base);
    let names: Vec<Path> =
        made_places.paths.iter().map(|path| relative(path, &root.path)).collect();
    Some(back(own, (&found, &names), &from))
}

/// What one place is made of, relative to where names count from.
struct Found {
    origins: Vec<Origin>,
    paths: Vec<Option<Path>>,
    needs: Vec<Path>,
}

impl Found {
    fn of(stages: &[Arc<Program>], (path, _): (&Path, &Path), from: &Path) -> Self {
        let (origins, needs) = traced(stages, path);
        let paths = origins.iter().map(|one| below(&one.path, from)).collect();
        let needs = needs.iter().filter_map(|path| below(path, from)).collect();
        Self { origins, paths, needs }
    }

    fn at(&self) -> Option<Path> {
        match (self.origins.as_slice(), self.paths.as_slice()) {
            ([only], [Some(path)]) if only.same => Some(path.clone()),
            _ => None,
        }
    }
}

/// The places before all programs of a place after them, and what tells variants apart on the way.
fn traced(stages: &[Arc<Program>], path: &Path) -> (Vec<Origin>, Vec<Path>) {
    let mut all = vec![Origin::whole(path.clone())];
    let mut needs: Vec<Path> = Vec::new();
    for program in stages.iter().rev() {
        let mut before = Vec::new();
        let mut more = Vec::new();
        for need in &needs {
            more.extend(origins(program, need).origins.into_iter().map(|one| one.path));
        }
        for one in &all {
            let own = origins(program, &one.path);
            more.extend(own.needs);
            before.extend(own.origins.into_iter().map(|first| one.after(first)));
        }
        (all, needs) = (before, more);
    }
    (all, needs)
}

/// Where a place after all programs is before each of them.
fn roots(stages: &[Arc<Program>], path: &Path) -> Vec<Path> {
    let place = |at: usize| traced(stages.get(at..).unwrap_or_default(), path).0;
    let first = |at: usize| place(at).first().map(|one| one.path.clone()).unwrap_or_default();
    (0..stages.len()).map(first).collect()
}

/// A path without what leads to `from` and without items; the empty one for what `from` is inside of, `None` for
/// another place.
fn below(path: &Path, from: &Path) -> Option<Path> {
    if from.starts_with(path) {
        return Some(Vec::new());
    }
    path.starts_with(from).then(|| relative(path, from))
}

fn relative(path: &Path, from: &Path) -> Path {
    path.iter().skip(from.len()).filter(|step| **step != Step::Item).cloned().collect()
}

/// Paths without those that lead into another one.
fn minimal(mut paths: Vec<Path>) -> Vec<Path> {
    let all = paths.clone();
    let mut seen = Vec::new();
    paths.retain(|path| {
        let inside = all.iter().any(|other| other != path && path.starts_with(other));
        let fresh = !inside && !seen.contains(path);
        if fresh {
            seen.push(path.clone());
        }
        fresh
    });
    paths
}

/// The places of the version that asks, as they hang together.
struct Places {
    all: Vec<Place>,
    paths: Vec<Path>,
    /// Below which place each hangs; each comes after its own.
    owners: Vec<usize>,
    schemas: Vec<Value>,
}

/// All places below one.
fn places(schema: &Schema, root: &Node) -> Places {
    let (all, paths, owners, schemas) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut found = Places { all, paths, owners, schemas };
    let mut waiting: VecDeque<(Node, usize, Option<Arc<str>>)> = VecDeque::new();
    let first = Node { schema: root.schema.clone(), path: root.path.clone(), depth: 0 };
    waiting.push_back((first, 0, None));
    while let Some((node, owner, name)) = waiting.pop_front() {
        if found.all.len() >= PLACES {
            break;
        }
        let at = found.all.len();
        if at > 0
            && let Some(place) = found.all.get_mut(owner)
        {
            match name {
                Some(name) => drop(place.members.insert(name, at)),
                None => place.each = Some(at),
            }
        }
        let mut place = Place::default();
        found.paths.push(node.path.clone());
        found.owners.push(owner);
        found.schemas.push(node.schema.clone());
        let (seen, path, list) = through_lists(schema, &node);
        place.list = list;
        let each = each(&seen);
        place.free = each.is_none() && seen.object.properties.is_empty() && is_free(&seen);
        found.all.push(place);
        if node.depth >= DEPTH {
            continue;
        }
        let depth = node.depth + 1;
        let step = |step: Step| [path.clone(), vec![step]].concat();
        for (name, schema) in seen.object.properties {
            let name: Arc<str> = name.into();
            let path = step(Step::Name(Arc::clone(&name)));
            waiting.push_back((Node { schema, path, depth }, at, Some(name)));
        }
        if let Some(schema) = each {
            waiting.push_back((Node { schema, path: step(Step::Key), depth }, at, None));
        }
    }
    found
}

/// Whether nothing is said about what is inside.
fn is_free(seen: &Shape) -> bool {
    seen.opaque.is_some()
        || seen.is_anything()
        || (seen.may_be(Kind::Object) && seen.object.rest == Rest::Any)
        || (seen.may_be(Kind::Array) && seen.array.items.is_none())
}

/// The schema of the values of a map.
fn each(seen: &Shape) -> Option<Value> {
    match &seen.object.rest {
        Rest::Each(value) => Some(value.clone()),
        _ => seen.object.patterns.first().map(|(_, value)| value.clone()),
    }
}

/// What is in a list, or in lists of lists; else the value itself.
fn through_lists(schema: &Schema, node: &Node) -> (Shape, Path, bool) {
    let mut seen = shape(schema, &node.schema);
    let mut path = node.path.clone();
    let mut list = false;
    for _ in 0..DEPTH {
        let Some(items) = seen.array.items.clone() else { break };
        if !seen.object.properties.is_empty() || !seen.may_be(Kind::Array) {
            break;
        }
        seen = shape(schema, &items);
        path.push(Step::Item);
        list = true;
    }
    (seen, path, list)
}

/// The place that a pointer leads to, `*` for any item or key.
fn located(schema: &Schema, within: &[String]) -> Option<Node> {
    let mut node = Node { schema: schema.root.clone(), path: Vec::new(), depth: 0 };
    for token in within {
        let seen = shape(schema, &node.schema);
        let (step, next) = if let Some(next) = seen.object.properties.get(token) {
            (Step::Name(token.as_str().into()), next.clone())
        } else if token == "*" {
            match seen.array.items.clone() {
                Some(items) => (Step::Item, items),
                None => (Step::Key, each(&seen)?),
            }
        } else {
            return None;
        };
        node.path.push(step);
        node.schema = next;
    }
    Some(node)
}

/// The schema at a path.
fn node_at(schema: &Schema, path: &Path) -> Option<Value> {
    let tokens: Vec<String> = path
        .iter()
        .map(|step| match step {
            Step::Name(name) => name.to_string(),
            Step::Item | Step::Key => "*".to_owned(),
        })
        .collect();
    located(schema, &tokens).map(|node| node.schema)
}

/// The first places of a message, lists and what is in them apart.
fn around(schema: &Schema) -> Vec<Node> {
    let mut found = vec![Node { schema: schema.root.clone(), path: Vec::new(), depth: 0 }];
    let mut at = 0;
    while let Some(node) = found.get(at) {
        at += 1;
        if found.len() >= AROUND || node.depth >= NEAR {
            continue;
        }
        let seen = shape(schema, &node.schema);
        let step = |step: Step, schema: Value| Node {
            schema,
            path: [node.path.clone(), vec![step]].concat(),
            depth: node.depth + 1,
        };
        let items = seen.array.items.clone().map(|items| step(Step::Item, items));
        let members = seen.object.properties.iter();
        let members =
            members.map(|(name, value)| step(Step::Name(name.as_str().into()), value.clone()));
        let more: Vec<Node> = items.into_iter().chain(members).collect();
        found.extend(more);
    }
    found
}

/// Places that are looked at for one that has another name, and how deep.
const AROUND: usize = 256;
const NEAR: usize = 3;

/// Writes down which values members have that are converted by their values.
fn listed(table: &mut Table, source: &Schema, from: &Path) {
    let base = Node { schema: Value::Bool(true), path: from.clone(), depth: 0 };
    let mut own: BTreeMap<Path, Value> = BTreeMap::new();
    if table.places.iter().all(|place| place.values.is_empty()) {
        return;
    }
    let Some(schema) = node_at(source, &base.path) else { return };
    let found = places(source, &Node { schema, ..base });
    for (path, schema) in found.paths.iter().zip(found.schemas) {
        own.insert(relative(path, from), schema);
    }
    for place in table.places.iter_mut().filter(|place| !place.values.is_empty()) {
        let Some(schema) = place.at.as_ref().and_then(|at| own.get(at)) else { continue };
        let seen = shape(source, schema);
        let scalars = [Kind::String, Kind::Number, Kind::Boolean];
        let kinds = scalars.into_iter().filter(|kind| seen.may_be(*kind));
        let all: Option<Vec<&Vec<Value>>> = kinds.map(|kind| seen.listed.get(&kind)).collect();
        if let (Some(all), false) = (all, seen.extensible) {
            place.listed = Some(all.into_iter().flatten().map(plain).collect());
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The table where programs make what the client reads.
fn forth(mut own: Places, found: &[Found], root: &Path) -> Table {
    let mut covers: Vec<Vec<Path>> = Vec::new();
    for (place, found) in own.all.iter_mut().zip(found) {
        place.at = found.at();
        if let [only] = found.origins.as_slice() {
            place.values.clone_from(&only.values);
        }
        covers.push(found.paths.iter().flatten().chain(&found.needs).cloned().collect());
    }
    covered(&mut own, covers);
    finished(own, root)
}

/// The table where programs make what the backend reads: every place there says what it is made of.
fn back(mut own: Places, (found, names): (&[Found], &[Path]), root: &Path) -> Table {
    let mut at: BTreeMap<Path, Vec<&Path>> = BTreeMap::new();
    let mut parts: BTreeMap<Path, Vec<(&Path, bool)>> = BTreeMap::new();
    for (one, name) in found.iter().zip(names) {
        if let Some(path) = one.at() {
            at.entry(path).or_default().push(name);
        }
        let alone = one.paths.len() == 1;
        for path in one.paths.iter().flatten() {
            parts.entry(path.clone()).or_default().push((name, alone));
        }
    }
    let mut covers = Vec::new();
    for (place, path) in own.all.iter_mut().zip(&own.paths) {
        let path = relative(path, root);
        let all = parts.get(&path).map(Vec::as_slice).unwrap_or_default();
        place.at = match at.get(&path).map(Vec::as_slice) {
            Some([only]) => Some((*only).clone()),
            _ => None,
        };
        place.refused =
            place.at.is_none() && (all.is_empty() || all.iter().any(|(_, alone)| !alone));
        covers.push(
            all.iter().filter(|(_, alone)| *alone).map(|(name, _)| (*name).clone()).collect(),
        );
    }
    covered(&mut own, covers);
    finished(own, root)
}

/// Gives each place what it and all below it are made of.
fn covered(own: &mut Places, mut covers: Vec<Vec<Path>>) {
    for at in (1..covers.len()).rev() {
        let below = covers.get(at).cloned().unwrap_or_default();
        let owner = own.owners.get(at).copied().unwrap_or_default();
        if let Some(above) = covers.get_mut(owner) {
            above.extend(below);
        }
    }
    for (place, cover) in own.all.iter_mut().zip(covers) {
        place.cover = minimal(cover);
    }
}

fn finished(own: Places, root: &Path) -> Table {
    let same = |(place, path): (&Place, &Path)| {
        let path = relative(path, root);
        place.at.as_ref() == Some(&path) && place.values.is_empty() && place.cover == [path]
    };
    let identity = own.all.iter().zip(&own.paths).all(same);
    Table { places: own.all, identity, roots: Vec::new() }
}
