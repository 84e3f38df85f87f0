//! Members that are gone here and new there: renamed, moved, or with other values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use evergate_schemas::changes::{Change, Piece};
use evergate_schemas::describe::model::Description;
use evergate_schemas::pointer::Pointer;
use evergate_schemas::schema::Side;

use super::alike::{alike, names, plain};
use super::shape::Shape;
use super::written::{Entry, quoted};

/// From here on a proposal stands in the file; below it is a comment.
pub(super) const SURE: f64 = 0.55;
/// Below this nothing is proposed.
const POOR: f64 = 0.25;
/// Added to a pair of which each is the only one of its kind.
const ONLY: f64 = 0.15;
/// Added to a pair that could be one at several places.
const AGAIN: f64 = 0.1;
/// Taken from a pair of which one is required and the other is not.
const OTHER_NEED: f64 = 0.15;
/// Members inside a new or lost member that are looked at for moves.
const DEPTH: usize = 2;

/// A member that only one version declares.
struct Member<'a> {
    path: Vec<String>,
    shape: Shape<'a>,
    /// Its version always has it.
    required: bool,
}

impl Member<'_> {
    fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    fn holder(&self) -> &[String] {
        self.path.split_last().map_or(&[], |(_, holder)| holder)
    }
}

/// What changed inside one component or message.
#[derive(Default)]
struct Place<'a> {
    lost: Vec<Member<'a>>,
    found: Vec<Member<'a>>,
    /// Values that are gone and new, by member.
    values: BTreeMap<Vec<String>, (Shape<'a>, Shape<'a>)>,
}

/// All proposals that only the two documents tell.
pub(super) fn moved(old: &Description, new: &Description, changes: &[Change]) -> Vec<Entry> {
    let mut places: BTreeMap<String, Place<'_>> = BTreeMap::new();
    for change in changes {
        let Some(at) = target(change) else { continue };
        let path: Vec<String> = change.pointer.tokens().collect();
        let shape = |version, place: &Option<_>| Shape::of(version, place.as_ref()?, change);
        let place = places.entry(at).or_default();
        let id = change.rule.id;
        let gone =
            ["property-removed", "property-forbidden"].iter().any(|rule| id.starts_with(rule));
        let come = ["property-added", "property-admitted"].iter().any(|rule| id.starts_with(rule));
        let required = id.ends_with("-required");
        let known = |all: &[Member<'_>]| all.iter().any(|one| one.path == path);
        if gone && !known(&place.lost) {
            if let Some(shape) = shape(old, &change.old_schema) {
                place.lost.push(Member { path, shape, required });
            }
        } else if come && !known(&place.found) {
            if let Some(shape) = shape(new, &change.new_schema) {
                place.found.push(Member { path, shape, required });
            }
        } else if id.starts_with("enum-value") {
            let holder = |version, place: &Option<evergate_schemas::schema::SchemaPlace>| {
                let mut at = place.clone()?;
                while at.pointer.tokens().any(|token| token == "enum") {
                    at.pointer.pop();
                }
                Shape::of(version, &at, change)
            };
            if let (Some(one), Some(other)) =
                (holder(old, &change.old_schema), holder(new, &change.new_schema))
            {
                place.values.entry(path).or_insert((one, other));
            }
        }
    }
    let mut entries = Vec::new();
    for (at, place) in &mut places {
        entries.extend(moves(at, place));
    }
    let mut seen: Seen = BTreeMap::new();
    for place in places.values() {
        for (one, other) in pairs(place) {
            *seen.entry((one.name().to_owned(), other.name().to_owned())).or_default() += 1;
        }
    }
    for (at, place) in &places {
        entries.extend(renames(at, place, &seen));
        entries.extend(maps(at, place));
    }
    entries
}

/// At how many places two names could be one.
type Seen = BTreeMap<(String, String), usize>;

/// Members of one object that could be one under two names.
fn pairs<'p, 'a>(place: &'p Place<'a>) -> impl Iterator<Item = (&'p Member<'a>, &'p Member<'a>)> {
    let fits = |one: &Member<'a>, other: &Member<'a>| {
        one.holder() == other.holder() && one.shape.types() == other.shape.types()
    };
    place.lost.iter().flat_map(move |one| {
        place.found.iter().filter(move |other| fits(one, other)).map(move |other| (one, other))
    })
}

/// What `at:` says for the place of a change: a component, or one message's body.
fn target(change: &Change) -> Option<String> {
    if let Some(rest) = change.subject.strip_prefix("component `") {
        return rest.split('`').next().map(str::to_owned);
    }
    let message = &change.reached.first()?.message;
    if !matches!(message.piece, Piece::Body { .. }) {
        return None;
    }
    Some(match (message.side?, message.old_status.or(message.new_status)) {
        (Side::Request, _) => format!("{} request", message.operation),
        (Side::Response, Some(status)) => format!("{} response {status}", message.operation),
        (Side::Response, None) => return None,
    })
}

/// The target with the way to the object that holds a member.
fn within(at: &str, holder: &[String]) -> String {
    let pointer = holder.iter().fold(Pointer::root(), |pointer, step| pointer.join(step));
    if pointer.is_root() { at.to_owned() } else { format!("{at}#{pointer}") }
}

/// A member and those inside it, by their way from it.
fn inside<'a>(member: &Member<'a>) -> Vec<(Vec<String>, Shape<'a>)> {
    let mut all = vec![(member.path.clone(), member.shape)];
    let mut layer = all.clone();
    for _ in 0..DEPTH {
        let below = layer.iter().flat_map(|(path, shape)| {
            shape.members().into_iter().map(|(name, shape)| {
                let mut path = path.clone();
                path.push(name.to_owned());
                (path, shape)
            })
        });
        layer = below.collect();
        all.extend(layer.iter().cloned());
    }
    all
}

/// The same name at another depth.
fn moves(at: &str, place: &mut Place<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let lost: Vec<(Vec<String>, Shape<'_>)> = place.lost.iter().flat_map(inside).collect();
    let found: Vec<(Vec<String>, Shape<'_>)> = place.found.iter().flat_map(inside).collect();
    let (mut from, mut to) = (BTreeSet::new(), BTreeSet::new());
    for (path, shape) in &lost {
        let same = |one: &&(Vec<String>, Shape<'_>)| {
            one.0.last() == path.last()
                && one.0.len() != path.len()
                && !one.0.contains(&"*".to_owned())
                && !path.contains(&"*".to_owned())
                && one.1.types() == shape.types()
        };
        let mut candidates = found.iter().filter(same);
        let (Some((target, other)), None) = (candidates.next(), candidates.next()) else {
            continue;
        };
        let name = path.last().cloned().unwrap_or_default();
        let Some(sure) = alike((&name, *shape), (&name, *other)) else { continue };
        from.insert(path.clone());
        to.insert(target.clone());
        let (here, there) = (path.join("/"), target.join("/"));
        entries.push(Entry {
            say: format!("`{here}` is at `{there}` now."),
            at: vec![at.to_owned()],
            verb: format!("move: {{ {}: {} }}", quoted(&here), quoted(&there)),
            why: "the same name and type at another depth".to_owned(),
            sure: sure.max(SURE),
        });
    }
    // an object that only holds what was moved is no candidate for a rename
    let touches = |all: &BTreeSet<Vec<String>>, member: &Member<'_>| {
        all.iter().any(|path| path.starts_with(&member.path))
    };
    place.lost.retain(|member| !touches(&from, member));
    place.found.retain(|member| !touches(&to, member));
    entries
}

/// Another name in the same object: the most alike pairs first, each member in one of them.
fn renames(at: &str, place: &Place<'_>, seen: &Seen) -> Vec<Entry> {
    let all: Vec<_> = pairs(place).collect();
    let score = |(lost, found): &(&Member<'_>, &Member<'_>)| {
        let mut sure = alike((lost.name(), lost.shape), (found.name(), found.shape))?;
        if lost.required != found.required {
            sure -= OTHER_NEED;
        }
        let rivals = all.iter().filter(|one| one.0.path == lost.path || one.1.path == found.path);
        if rivals.count() == 1 {
            sure += ONLY;
        }
        let names = (lost.name().to_owned(), found.name().to_owned());
        if seen.get(&names).is_some_and(|places| *places > 1) {
            sure += AGAIN;
        }
        Some(sure.min(0.99))
    };
    let mut scored: Vec<_> = all.iter().filter_map(|pair| Some((score(pair)?, *pair))).collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (mut from, mut to) = (BTreeSet::new(), BTreeSet::new());
    let mut entries = Vec::new();
    for (sure, (lost, found)) in scored {
        if sure < POOR || from.contains(&lost.path) || to.contains(&found.path) {
            continue;
        }
        from.insert(&lost.path);
        to.insert(&found.path);
        let (before, after) = (lost.name(), found.name());
        entries.push(Entry {
            say: format!("`{before}` is called `{after}` now."),
            at: vec![within(at, lost.holder())],
            verb: format!("rename: {{ {}: {} }}", quoted(before), quoted(after)),
            why: why(lost, found),
            sure,
        });
    }
    entries
}

fn why(lost: &Member<'_>, found: &Member<'_>) -> String {
    let mut reasons = vec!["the same type"];
    if names(lost.name(), found.name()) > 0.5 {
        reasons.push("names that are alike");
    }
    let (one, other) = (lost.shape.description(), found.shape.description());
    if !one.is_empty() && one == other {
        reasons.push("the same description");
    }
    reasons.join(", ")
}

/// Values that are spelled another way, one for one.
fn maps(at: &str, place: &Place<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (path, (old, new)) in &place.values {
        let Some((member, holder)) = path.split_last() else { continue };
        let only = |ours: &[Value], theirs: &[Value]| -> Vec<String> {
            let texts = ours.iter().filter(|one| !theirs.contains(one)).filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        let gone = only(old.values(), new.values());
        let mut come = only(new.values(), old.values());
        let mut rows = Vec::new();
        let mut sure: f64 = 1.0;
        for value in &gone {
            let score = |other: &String| {
                if plain(value) == plain(other) { 0.95 } else { names(value, other) }
            };
            let best = come.iter().enumerate().map(|(index, one)| (score(one), index));
            let Some((score, index)) = best.max_by(|one, other| one.0.total_cmp(&other.0)) else {
                continue;
            };
            if score >= POOR {
                rows.push((value.clone(), come.remove(index)));
                sure = sure.min(score);
            }
        }
        if rows.is_empty() {
            continue;
        }
        let table: Vec<String> =
            rows.iter().map(|(old, new)| format!("{}: {}", quoted(old), quoted(new))).collect();
        let said: Vec<String> =
            rows.iter().map(|(old, new)| format!("`{old}` is `{new}`")).collect();
        entries.push(Entry {
            say: format!("Values of `{member}` are spelled another way: {}.", said.join(", ")),
            at: vec![within(at, holder)],
            verb: format!(
                "map: {{ member: {}, values: {{ {} }} }}",
                quoted(member),
                table.join(", ")
            ),
            why: "values that are gone, and new ones that are spelled alike".to_owned(),
            sure,
        });
    }
    entries
}
