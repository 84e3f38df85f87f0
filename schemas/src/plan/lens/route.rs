//! `route`: an operation that has another path template, or another method, in the newer version (L18).

use std::sync::Arc;

use serde_json::Value;

use crate::describe::model::{Location, OperationKey};
use crate::describe::route::{Route, key, routes};
use crate::pointer::Pointer;

use super::model::{Direction, ParameterChange, RouteChange, VersionChanges};
use super::nearest::remedy;
use super::read::{Reader, Said};

/// Which path parameter of one template is which of the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PathNames {
    /// Name as sent, name as read.
    pub(crate) pairs: Vec<(String, String)>,
    /// Names as sent that the other template lacks.
    pub(crate) lost: Vec<String>,
    /// Names as read that the other template has more.
    pub(crate) more: Vec<String>,
}

/// Pairs the path parameters of two templates: as renames say, by name, and where one is left on each side, that. Those
/// that are moved, left out or written are no pairs. `changes` are of that operation, read in this direction.
pub(crate) fn path_names(
    (from, to): (&OperationKey, &OperationKey),
    changes: &[&ParameterChange],
    direction: Direction,
) -> PathNames {
    let up = direction == Direction::Up;
    let in_path = |location: Location| location == Location::Path;
    let ends = |old: bool| -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for change in changes {
            let said = if old { &change.removes } else { &change.adds };
            names.extend(said.iter().filter(|one| in_path(one.0)).map(|one| &*one.1));
            let moved = change.moves.iter().map(|one| if old { &one.from } else { &one.to });
            names.extend(moved.filter(|one| in_path(one.0)).map(|one| &*one.1));
            let bodily = change.body_moves.iter().filter(|one| one.inward == old);
            let bodily = bodily.map(|one| &one.parameter).filter(|one| in_path(one.0));
            names.extend(bodily.map(|one| &*one.1));
        }
        names
    };
    let renames = changes.iter().flat_map(|change| &change.renames);
    let renames = renames.map(|(old, new)| if up { (&**old, &**new) } else { (&**new, &**old) });
    let (mut lost, mut more) = (from.path_parameters(), to.path_parameters());
    lost.retain(|name| !ends(up).contains(name));
    more.retain(|name| !ends(!up).contains(name));
    let same: Vec<(&str, &str)> = lost.iter().map(|name| (*name, *name)).collect();
    let mut found = PathNames::default();
    for (from, to) in renames.chain(same) {
        if lost.contains(&from) && more.contains(&to) {
            lost.retain(|name| *name != from);
            more.retain(|name| *name != to);
            found.pairs.push((from.to_owned(), to.to_owned()));
        }
    }
    if let ([from], [to]) = (lost.as_slice(), more.as_slice()) {
        found.pairs.push(((*from).to_owned(), (*to).to_owned()));
        (lost, more) = (Vec::new(), Vec::new());
    }
    found.lost = lost.into_iter().map(ToOwned::to_owned).collect();
    found.more = more.into_iter().map(ToOwned::to_owned).collect();
    found
}

/// What a client may rely on (RFC 9110 §9.2.1, §9.2.2): safe, or else idempotent.
fn relied_on(method: &str) -> (bool, bool) {
    let safe = matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "QUERY");
    (safe, safe || matches!(method, "PUT" | "DELETE"))
}

impl<'a> Reader<'a> {
    /// The keys of an operation in the old and in the new version, over the routes of this step.
    pub(super) fn shapes(&self, shape: &str) -> (String, String) {
        let own = || routes(self.document).into_iter();
        let route = own().find(|route| route.old.shape() == shape);
        match route.or_else(|| own().find(|route| route.new.shape() == shape)) {
            Some(Route { old, new }) => (old.shape(), new.shape()),
            None => (shape.to_owned(), shape.to_owned()),
        }
    }

    /// The route of one operation.
    pub(super) fn route(
        &mut self,
        (text, target): (&str, &Pointer),
        value: &'a Value,
        (said, at): (&Said, &Pointer),
    ) -> Option<RouteChange> {
        let Some(old) = key(text) else {
            let what = format!("`{text}` is not an operation");
            self.wrong(target, what, "a route begins at `METHOD /path` of the older version");
            return None;
        };
        let (to, allows) = if value.is_object() {
            let members = self.members(value, at)?;
            self.known_keys(members, at, &["to", "unsafe"]);
            let Some(to) = members.get("to") else {
                self.wrong(at, "the route leads nowhere".to_owned(), "write `to: METHOD /path`");
                return None;
            };
            let allows = members.get("unsafe");
            if allows.is_some_and(|word| word != "allow") {
                let what = "`unsafe` has one word".to_owned();
                self.wrong(&at.join("unsafe"), what, "write `unsafe: allow`, or leave it out");
            }
            (self.text(to, &at.join("to"))?, allows.is_some())
        } else {
            (self.text(value, at)?, false)
        };
        let Some(new) = key(to) else {
            self.wrong(at, format!("`{to}` is not an operation"), "write `METHOD /path`");
            return None;
        };
        let known = [(self.old, &old, target), (self.new, &new, at)];
        for (version, key, at) in known {
            if version.operation(&key.shape()).is_none() {
                let names: Vec<String> =
                    version.operations.iter().map(|one| one.key.to_string()).collect();
                let remedy = remedy(&key.to_string(), names.iter().map(String::as_str));
                self.wrong(at, format!("`{key}` is no operation of {}", version.version), remedy);
            }
        }
        if old.shape() == new.shape() {
            let what = format!("`{old}` is where it was");
            self.wrong(at, what, "leave the route out: names of path parameters do not matter");
        }
        if relied_on(&old.method) != relied_on(&new.method) && !allows {
            let what = format!(
                "{} and {} promise different things: one may be repeated or fetched ahead, the other not",
                old.method, new.method
            );
            self.wrong(at, what, "write `route: { to: …, unsafe: allow }` if both only read, or both may be repeated");
        }
        let (say, place) = (Arc::clone(&said.say), said.place.clone());
        Some(RouteChange { say, old, new, place })
    }

    /// What is wrong with the routes of a file taken together, and with the path parameters that each needs.
    pub(super) fn check_routes(&mut self, changes: &VersionChanges, places: &[Pointer]) {
        for (index, (route, at)) in changes.routes.iter().zip(places).enumerate() {
            let earlier = || changes.routes.iter().take(index);
            if earlier().any(|one| one.old.shape() == route.old.shape()) {
                let what = format!("`{}` has two routes", route.old);
                self.wrong(at, what, "leave one of them out");
            }
            if earlier().any(|one| one.new.shape() == route.new.shape()) {
                let what = format!("two operations are `{}` now", route.new);
                self.wrong(at, what, "one operation of a version is one of the other");
            }
            let shapes = [route.old.shape(), route.new.shape()];
            let own = changes.parameters.iter();
            let own: Vec<&ParameterChange> =
                own.filter(|change| shapes.contains(&change.operation.shape())).collect();
            let names = path_names((&route.old, &route.new), &own, Direction::Up);
            for name in &names.lost {
                let what = format!("`{}` has no `{{{name}}}`", route.new);
                let remedy = format!(
                    "say what becomes of it: `parameter:` with `rename`, `move`, or `remove: {{ {name}: {{ in: path, … }} }}`"
                );
                self.wrong(at, what, remedy);
            }
            for name in &names.more {
                let what = format!("nothing says what `{{{name}}}` of `{}` is", route.new);
                let remedy = format!(
                    "write `parameter:` with `rename`, `move`, or `add: {{ {name}: {{ in: path, … }} }}`"
                );
                self.wrong(at, what, remedy);
            }
        }
    }
}
